"""Wildcard lists: named lists of words from which a prompt's `__name__` draws. The rules of their names and texts."""

import re

from pydantic import BaseModel, Field

from studio.domain.document import Request

MOST_BYTES = 256 * 1024
MOST_VALUES = 5000
MOST_VALUE = 500  # characters of one line
MOST_LISTS = 500
_NAME = re.compile(r"[^\W_](?:[^\W_]|[-_](?!_)){0,59}", re.UNICODE)
_WEIGHT = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})\s*::(.*)", re.DOTALL)


def is_name(text: object) -> bool:
    """Whether a list can have this name: letters of any script, digits, single `-` and `_` between them."""
    return isinstance(text, str) and bool(_NAME.fullmatch(text)) and not text.endswith(("-", "_"))


def values_of(text: str) -> list[tuple[str, float]]:
    """(words, weight) of each line that says something. Lines that begin with `#` are remarks; `3::words` counts three
    times, `0::words` never."""
    found = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        weighted = _WEIGHT.fullmatch(line)
        words, weight = (weighted[2].strip(), float(weighted[1])) if weighted else (line, 1.0)
        if weight > 0:
            found.append((words, weight))
    return found


class WordList(BaseModel):
    """One list as people see it. `own` is a file of the person's, `shipped` comes with the studio; both: the person's
    own replaces the shipped one. `problem` says why it cannot be used; `mark` changes with every change of the text.
    """

    name: str
    values: int = 0
    own: bool = False
    shipped: bool = False
    problem: str = ""
    mark: str = ""
    text: str | None = None


class WordListText(Request):
    """A list's new text. With `mark`, the one that was read, nobody else's change is overwritten."""

    text: str = Field(max_length=MOST_BYTES)
    mark: str | None = Field(default=None, max_length=40)


class Drawing(Request):
    """A text to draw from, as a picture of each of `count` seeds from `seed` on would."""

    text: str = Field(max_length=2000)
    seed: int = Field(default=0, ge=0, lt=2**32)
    count: int = Field(default=1, ge=1, le=50)
