"""What every writer promises."""

import dataclasses
import re

import pytest

from studio.domain.asset import Asset, Recipe
from studio.domain.character import Character, Persona
from studio.domain.requests import CaptionRequest
from studio.domain.writing import KINDS, Endpoint
from studio.writers import WRITERS, OpenAIWriter, Variant
from tests.llm import server, variants

each = pytest.mark.parametrize("writer", WRITERS, ids=lambda one: one.spec.id, indirect=True)
CHARACTER = Character(id="c1", name="Mira", interests=["film"], persona=Persona(topics=["rain", "light"]))
ASSETS = [
    Asset(id="a1", file="a.png", width=1, height=1, recipe=Recipe(engine="starter", outfit="red coat", place="beach")),
    Asset(id="a2", file="b.png", width=1, height=1, imported=True, description="A pier at dawn"),
]


def model(asked: dict) -> str:
    """A language model of one line: other texts for another seed, the same for the same, now and then about rain."""
    opening = ["Wind", "Salt", "Light", "Rain", "Sand", "Noon", "Tide", "Gulls", "Boards", "Foam", "Dusk", "Shells"]
    start = asked["seed"] % 1000
    return variants(*(f"{word} for number {start} of me." for word in opening), hashtags=("#Pier", "#RainyDay"))


@pytest.fixture(scope="module")
def served():
    with server(answer=model) as one:
        yield OpenAIWriter(Endpoint(name="Llama", address=one.address, model="tiny"))


@pytest.fixture
def writer(request, served):
    """The writer itself; the one for language models with a server to ask."""
    return served if isinstance(request.param, OpenAIWriter) else request.param


def request(**fields) -> CaptionRequest:
    return CaptionRequest(**{"character_id": "c1", "asset_ids": ["a1", "a2"], "count": 5} | fields)


def test_ids_are_unique_and_plain():
    """An id is a word for JSON and commands, and belongs to one writer."""
    ids = [writer.spec.id for writer in WRITERS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", one) for one in ids)


@each
def test_it_describes_itself(writer):
    """Name, summary, what it sends away, and request fields that exist."""
    assert writer.spec.name
    assert writer.spec.summary.endswith(".")
    assert writer.spec.sends
    assert writer.spec.uses <= set(CaptionRequest.model_fields)
    assert "caption" in writer.spec.kinds <= set(KINDS)
    assert writer.spec.kinds == set(KINDS) or writer.spec.why_not.endswith(".")
    assert writer.ready() is None or writer.ready().endswith(".")


@each
@pytest.mark.parametrize("count", [1, 5, 10])
def test_it_writes_as_many_as_asked_and_no_two_alike(writer, count):
    """`count` different, non-empty texts."""
    found = writer.write(CHARACTER, ASSETS, request(count=count))
    assert len(found) == count
    assert all(isinstance(one, Variant) and one.text.strip() for one in found)
    assert len({one.text for one in found}) == count


@each
def test_the_same_seed_repeats(writer):
    """Two calls with one request agree, and nothing that was given is changed."""
    before = CHARACTER.model_copy(deep=True), [asset.model_copy(deep=True) for asset in ASSETS]
    assert writer.write(CHARACTER, ASSETS, request(seed=9)) == writer.write(CHARACTER, ASSETS, request(seed=9))
    assert (CHARACTER, ASSETS) == before


@each
def test_hashtags_and_alt_text_keep_their_form(writer):
    """Hashtags begin with # and have no spaces, at most twelve; every asset has an alt text under 250 characters."""
    for one in writer.write(CHARACTER, ASSETS, request()):
        assert len(one.hashtags) <= 12
        assert all(re.fullmatch(r"#\w+", tag) for tag in one.hashtags)
        assert set(one.alt_text) == {"a1", "a2"}
        assert all(0 < len(text) < 250 for text in one.alt_text.values())
        assert one.alt_text["a2"] == "A pier at dawn."


@each
def test_a_taboo_is_kept(writer):
    """No writer touches a taboo."""
    character = CHARACTER.model_copy(update={"taboos": ["rain"]})
    for seed in range(5):
        for one in writer.write(character, ASSETS, request(seed=seed)):
            assert "rain" not in f"{one.text} {one.hashtags}".lower().replace("train", "")


def test_a_variant_is_plain_data():
    """It goes to the API as three fields."""
    variant = Variant("text", ["#A"], {"a": "b"})
    assert (
        variant.as_dict()
        == dataclasses.asdict(variant)
        == {
            "text": "text",
            "hashtags": ["#A"],
            "alt_text": {"a": "b"},
        }
    )
