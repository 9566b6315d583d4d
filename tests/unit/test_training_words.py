"""Words of a training: triggers, captions out of recipes, prompts that try a LoRA out."""

from dataclasses import replace

import pytest

from pipelines.engines.starter import Starter
from studio.domain.character import Appearance
from studio.errors import StudioError
from studio.services import training_words as words
from tests.fakes import FakeEngine

MIRA = Appearance(
    presents_as="woman", hair_color="red", hair_style="long", skin="fair", glasses="round glasses",
    clothing="green hoodie", headwear="beanie", signature_items=["silver ring"], extra="freckles",
)  # fmt: skip
PROMPT = (
    "portrait of a woman with long red hair, fair skin, round glasses, green hoodie, beanie, silver ring, freckles, "
    "smiling, at the beach, flat illustration"
)


@pytest.mark.parametrize(
    ("name", "trigger"), [("Mira Łąka", "mirazu"), ("Jo", "jozu"), ("美咲", "charzu"), ("O'Neil-Smith", "oneilszu")]
)
def test_a_name_becomes_a_word_nobody_knows(name, trigger):
    """Letters only, and another ending where the model knows the word."""
    assert words.trigger_for(name) == trigger
    assert words.trigger_for(name, {trigger}) not in ("", trigger)


@pytest.mark.parametrize("text", ["", "ab", "two words", "1abc", "a" * 25, "mi,ra", "<b>", "woman"])
def test_what_is_no_trigger_is_refused(text):
    """Also a word that the model's captions used."""
    with pytest.raises(StudioError) as refused:
        words.checked_trigger(text, Starter.spec)
    assert refused.value.field == "trigger"
    assert words.checked_trigger(" MiraZu ", Starter.spec) == "mirazu"


def test_a_caption_says_what_may_change():
    """The person's own words make way for the trigger; clothes, mood, place and style stay, in their order."""
    assert words.caption(PROMPT, [MIRA], "mirazu") == (
        "mirazu woman, green hoodie, smiling, at the beach, flat illustration"
    )


def test_a_caption_of_a_picture_made_otherwise():
    """An earlier description of the person leaves as well, so does an earlier trigger; an empty prompt is the name."""
    blonde = MIRA.model_copy(update={"hair_color": "blonde", "extra": "dimples"})
    old = "portrait of a woman with long blonde hair, fair skin, round glasses, dimples, red coat, in the city"
    assert words.caption(old, [MIRA, blonde], "mirazu") == "mirazu woman, red coat, in the city"
    assert words.caption("olda woman, red coat, red coat", [MIRA], "mirazu", ["olda"]) == "mirazu woman, red coat"
    assert words.caption("", [MIRA], "mirazu") == "mirazu woman"
    assert len(words.caption("x " * 900, [MIRA], "mirazu")) == 600


def test_another_trigger_replaces_whole_words_only():
    """A word that contains the old trigger is left alone."""
    assert words.renamed("mirazu woman, mirazulu hat", "mirazu", "zorvi") == "zorvi woman, mirazulu hat"


def test_sample_prompts_contrast_and_keep_the_style():
    """As many different places as asked for; a style that the captions share is in all, a mood that they share not."""
    captions = [f"mirazu woman, smiling, {place}, flat illustration" for place in ("a", "b", "c", "d", "e")]
    prompts = words.sample_prompts(Starter.spec, "mirazu", MIRA, captions, "", 6)
    assert len(set(prompts)) == 6
    assert all(one.startswith("mirazu woman, ") and one.endswith("flat illustration") for one in prompts)
    assert len({next(x for x in Starter.spec.words["scene"] if x in one) for one in prompts}) == 6
    plain = words.sample_prompts(replace(FakeEngine().spec, words={}), "mirazu", MIRA, captions, "smiling", 4)
    assert len(set(plain)) == 4
    assert all("smiling" in one for one in plain)
