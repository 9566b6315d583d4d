"""Wildcards: lists on disk, what a template draws, and pictures that draw their own words."""

import os

import pytest

from pipelines.engines.starter import Starter
from studio.domain.requests import ImageRequest
from studio.domain.wildcard import MOST_BYTES, is_name, values_of
from studio.errors import Conflict, NotFound, StudioError
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.services.templates import drawn, is_template
from studio.services.wildcards import Wildcards
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine


@pytest.fixture
def lists(paths):
    return Wildcards(paths)


def test_the_same_seed_draws_the_same(lists):
    """A seed decides every word; other seeds reach other words."""
    text = "smiling, {red|2::blue} hat, __scene__"
    assert drawn(text, 7, lists) == drawn(text, 7, lists)
    assert len({drawn(text, seed, lists) for seed in range(30)}) > 15


def test_everything_shipped_is_understood_by_the_starter(lists):
    """Each line of each shipped list draws words of the starter's vocabulary only."""
    from studio.services.compose import unlearned

    assert len(lists.names()) >= 10
    for name in lists.names():
        for words, _ in lists.values(name):
            for seed in range(3):
                assert unlearned(drawn(words, seed, lists), Starter.spec) == [], (name, words)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("{a|b}", {"a", "b"}),
        ("{0::a|b}", {"b"}),
        ("{a|{b|c}} d", {"a d", "b d", "c d"}),
        ("({red|blue} hat:1.2), x", {"(red hat:1.2), x", "(blue hat:1.2), x"}),
        ("{2$$ and $$a|b}", {"a and b", "b and a"}),
        ("${c=!{red|blue}}${c} hat, ${c} shoes", {"red hat, red shoes", "blue hat, blue shoes"}),
        ("#1, 50% off $5 // {a|b}", {"#1, 50% off $5 // a", "#1, 50% off $5 // b"}),
        ("{|a}, x", {"x", "a, x"}),
        ("{日本|ελ}", {"日本", "ελ"}),
    ],
)
def test_what_a_template_means(lists, text, allowed):
    """Choices, weights, several at once, variables and nesting; brackets and other signs stay as they are."""
    assert {drawn(text, seed, lists) for seed in range(40)} == allowed


@pytest.mark.parametrize("text", ["plain words", "x__y", "__a", "a } b", "(hat:1.2)", ""])
def test_plain_words_are_left_alone(lists, text):
    """What draws nothing is not touched, not even its spaces."""
    assert not is_template(text)
    assert drawn(text + "  ", 1, lists) == text + "  "


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{a|b", "not closed"),
        ("{a}} b", "closes nothing"),
        ("__nowhere__", "no wildcard list called “nowhere”"),
        ("__../../secret__", "no wildcard list"),
        ("${nope}, {a|b}", "no value"),
        ("%{a$$b}", "cannot be read near"),
        ("{" * 9 + "a" + "}" * 9, "deep in each other"),
        ("__one__", "leads back to itself: one → two → one"),
        ("__bomb__", "lists are drawn from"),
        ("__long__", "longer than 2000"),
        ("__empty__", "is empty"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_words(lists, text, said):
    """Each has its sentence, a hint and the field."""
    for name, words in {
        "one": "__two__",
        "two": "{a|__one__}",
        "bomb": "__b2__ " * 16,
        "b2": "__color__ " * 16,
        "long": "__words__" * 10,
        "words": "word " * 99,
        "empty": "# nothing\n\n0::never",
    }.items():
        lists.put(name, words)
    with pytest.raises(StudioError, match=said) as error:
        drawn(text, 1, lists, "place")
    assert error.value.hint
    assert error.value.field == "place"


def test_lists_are_the_persons_to_edit(lists):
    """A list of one's own replaces the shipped one until it is deleted; the last change can be undone."""
    shipped = lists.get("place")
    assert (shipped.own, shipped.shipped) == (False, True)
    mine = lists.put("Place", "on the moon\r\n2::on mars", shipped.mark)
    assert (mine.name, mine.values, mine.own, mine.shipped) == ("place", 2, True, True)
    assert {drawn("__place__", seed, lists) for seed in range(30)} == {"on the moon", "on mars"}
    with pytest.raises(Conflict, match="changed in the meantime"):
        lists.put("place", "other", shipped.mark)
    lists.put("place", "elsewhere", mine.mark)
    assert lists.restore("place").text == "on the moon\n2::on mars"
    assert lists.restore("place").text == "elsewhere"
    lists.delete("place")
    assert lists.get("place").text == shipped.text
    with pytest.raises(Conflict, match="comes with the studio"):
        lists.delete("place")
    assert lists.restore("place").text == "elsewhere"


def test_files_that_somebody_else_wrote(lists, paths):
    """Any editor will do; what is too large, no text, or a link that leads out is named and never used."""
    paths.wildcards.mkdir(parents=True)
    (paths.wildcards / "mine.txt").write_bytes(b"\xef\xbb\xbfone\r\n")
    (paths.wildcards / "huge.txt").write_bytes(b"x\n" * MOST_BYTES)
    (paths.wildcards / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (paths.wildcards / "many.txt").write_text("x\n" * 5001)
    (paths.wildcards / "bad name!.txt").write_text("x")
    secret = paths.data.parent / "secret.txt"
    secret.write_text("secret")
    os.symlink(secret, paths.wildcards / "link.txt")
    found = {one.name: one.problem for one in lists.every()}
    assert found["mine"] == ""
    assert drawn("__mine__", 1, lists) == "one"
    assert "larger than" in found["huge"]
    assert "UTF-8" in found["binary"]
    assert "5001 lines" in found["many"]
    assert "bad name!" not in found
    for name in ("huge", "binary", "many", "link"):
        with pytest.raises(StudioError):
            drawn(f"__{name}__", 1, lists)
    (paths.wildcards / "mine.txt").write_text("two, and more")
    assert drawn("__mine__", 1, lists) == "two, and more"


@pytest.mark.parametrize("name", ["", "../x", "a/b", "con", "x" * 61, "a__b", ".hidden", "-x", "a b", "x_", "<b>"])
def test_hostile_names_are_refused(lists, name):
    """No name leaves the folder, means a device, or could not be written in a prompt."""
    with pytest.raises(StudioError):
        lists.put(name, "x")
    assert not any(lists.folder.glob("*.txt")) if lists.folder.exists() else True


@pytest.mark.parametrize("text", ["\0", "x" * 501, "x\n" * 5001, "\ud800"])
def test_texts_that_are_no_lists_are_refused(lists, text):
    """Control signs, lines without end and too many lines."""
    with pytest.raises(StudioError, match="cannot be kept"):
        lists.put("mine", text)


def test_lines_and_weights():
    """Remarks and empty lines say nothing; a weight of zero takes a line out."""
    assert values_of("# no\n\n a \n3::b\n0::c\n.5:: d, e ") == [("a", 1), ("b", 3), ("d, e", 0.5)]
    assert is_name("日本-1")


# ---------------------------------------------------------------------- pictures
@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def studio(paths, engine):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (engine,), FakeDevice())) as opened:
        opened.queue.start()
        yield opened


def pictures(studio, **fields):
    job = studio.queue.finished(studio.images.start(None, ImageRequest(**fields)).id, 30)
    assert job.state == "succeeded"
    return [studio.review.get(one) for one in job.assets]


def test_every_picture_draws_its_own_words(studio, engine):
    """The recipe keeps what was drawn and what it was drawn from; the same seed makes the same picture again."""
    text = "{red|blue|green} hat, __place__"
    made = pictures(studio, prompt=text, outfit="__color__ coat", batch=4, seed=11)
    assert sorted(one.recipe.seed for one in made) == [11, 12, 13, 14]
    assert len({one.recipe.prompt for one in made}) > 1
    for one in made:
        assert one.recipe.template == {"prompt": text, "outfit": "__color__ coat"}
        assert one.recipe.words == drawn(text, one.recipe.seed, studio.images.lists)
        assert not is_template(one.recipe.prompt)
    third = next(one for one in made if one.recipe.seed == 13)
    (alone,) = pictures(studio, prompt=text, outfit="__color__ coat", seed=13)
    assert alone.recipe.prompt == third.recipe.prompt
    back = studio.images.recipe_to_request(third.id)
    assert back["prompt"] == third.recipe.words
    assert any("drawn" in note for note in back["notes"])


def test_pictures_of_the_same_words_are_made_in_one_run(studio, engine):
    """A template that draws one thing costs no more than plain words."""
    pictures(studio, prompt="{hat}", batch=3, seed=1)
    assert [len(run.seeds) for run in engine.ran] == [3]


def test_lists_that_change_do_not_change_a_job(studio, engine):
    """What a waiting or retried job makes was drawn when it was asked for."""
    studio.images.lists.put("hat", "top hat")
    job = studio.queue.finished(studio.images.start(None, ImageRequest(prompt="__hat__", seed=1)).id, 30)
    studio.images.lists.put("hat", "cap")
    studio.queue.finished(studio.queue.retry(job.id).id, 30)
    assert [run.prompt for run in engine.ran] == ["top hat", "top hat"]


def test_a_template_that_cannot_be_drawn_starts_nothing(studio):
    """Generate refuses with the field; so does one that may come out empty."""
    with pytest.raises(NotFound) as error:
        studio.images.start(None, ImageRequest(prompt="__nowhere__"))
    assert error.value.field == "prompt"
    with pytest.raises(StudioError, match="nothing to make|no words"):
        studio.images.start(None, ImageRequest(prompt="{|}", batch=4, seed=1))
    assert studio.queue.views().total == 0
