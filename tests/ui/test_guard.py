"""The guard: what a person can mend is said in words, a bug gets a number, and nothing becomes HTML."""

import logging
import re

import pytest
from pydantic import ValidationError

from studio.domain.requests import ImageRequest
from studio.errors import NotFound, StudioError
from studio.ui.guard import readable, shown, told


def raises(error):
    def handler():
        raise error

    return handler


def test_what_can_be_mended_is_said_with_its_hint(toasts):
    """A StudioError becomes a warning; no output changes."""
    answer = shown(raises(NotFound("Gone.", "Look in the trash.")))()
    assert toasts == [("Warning", "Gone.<br><small>Look in the trash.</small>")]
    assert answer == {"__type__": "update"}


def test_words_of_people_are_escaped(toasts):
    """A name that is HTML is shown as text, in warnings and in confirmations."""
    shown(raises(StudioError("<img src=x onerror=alert(1)>", "<b>")))()
    told("<script>alert(1)</script> is saved.")
    assert not any("<img" in text or "<script" in text or "<b>" in text for _, text in toasts)


def test_a_bug_gets_a_number_and_the_log_has_the_rest(toasts, caplog):
    """The person sees a short id and no internals; the same id is in the log with the traceback."""
    with caplog.at_level(logging.ERROR, logger="studio.ui"):
        shown(raises(KeyError("secret path")))()
    ((kind, text),) = toasts
    short = re.fullmatch(r"Something broke \(([0-9a-f]{4})\)\. Details are in the log\.", text)[1]
    assert kind == "Warning"
    assert short in caplog.text
    assert "secret path" in caplog.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"batch": 99}, "Batch must be at most 8."),
        ({"seed": -1}, "Seed must be at least 0."),
        ({"steps": "many"}, "Steps must be a whole number."),
        ({"prompt": "x" * 2001}, "Prompt takes at most 2000 characters."),
    ],
)
def test_wrong_values_are_said_in_plain_words(fields, words):
    """A field out of its range names itself and the border."""
    with pytest.raises(ValidationError) as caught:
        ImageRequest(**fields)
    assert readable(caught.value).message == words


def test_what_works_is_not_touched(toasts):
    """A handler's own answer goes through, with its name."""
    assert shown(len)([1, 2]) == 2
    assert shown(len).__name__ == "len"
    assert toasts == []
