"""LoRAs in the Create form: chips, strengths, the wrong family, and looks that bring their own."""

import json
from dataclasses import replace

import pytest

from studio.ui.parts import lora_chips as chips
from tests.weights import kohya


@pytest.fixture
def engine():
    from tests.fakes import FakeEngine

    made = FakeEngine()
    made.spec = replace(made.spec, id="starter", uses=made.spec.uses | {"loras"})
    return made


@pytest.fixture
def library(studio, tmp_path):
    """A LoRA for the starter, and one for SDXL."""
    mine = kohya(tmp_path / "ink.safetensors", 256, metadata={"modelspec.trigger_phrase": "inkzu"})
    other = kohya(tmp_path / "photo.safetensors", 2048)
    return studio.loras.import_path(mine), studio.loras.import_path(other)


@pytest.fixture
def tab(tabs):
    return tabs["create"]


def test_what_fits_comes_first_and_the_rest_says_why_not(tab, library):
    """LoRAs of the model's kind can be added; others name the kind they were made for."""
    value = tab.chips_value("", "starter")
    assert [(one["name"], one["fits"]) for one in value["offered"]] == [("ink", True), ("photo", False)]
    assert value["offered"][1]["note"] == "for SDXL"
    assert value["takes"] == "Fake takes LoRAs for the starter."
    assert value["chosen"] == []


def test_choosing_fills_the_form_and_reaches_the_picture(tab, library, studio, event, person):
    """Chips become the request's LoRAs with their strength; prompt, recipe and preview follow."""
    words, _ = tab.choose_loras("", "", 0, event(action="choose", loras=[{"id": library[0].id, "weight": 0.55}]))
    assert tab.chips_value(words, "starter")["chosen"][0]["weight"] == 0.55
    values = {**tab.defaults, "prompt": "waving", "loras": words, "batch": 1}
    assert "inkzu" in tab.compose("", **values)
    stage, _ = tab.make("", person, **values)
    asset = studio.review.get(studio.queue.finished(stage["job"], 30).assets[0])
    (kept,) = asset.recipe.loras
    assert (kept["name"], kept["weight"], kept["hash"]) == ("ink", 0.55, library[0].hash)
    assert studio.loras.get(library[0].id).preview, "the first picture shows the LoRA"
    assert studio.loras.show_newest(library[0].id).preview
    filled = tab.fill(studio.images.recipe_to_request(asset.id))
    assert json.loads(filled[1 + list(tab.form).index("loras")])[0]["weight"] == 0.55


def test_the_wrong_family_is_said_in_place_of_the_prompt(tab, library):
    """A LoRA of another kind is refused with both kinds named, and its chip is marked."""
    words = chips.text([{"id": library[1].id, "weight": 1}])
    assert tab.chips_value(words, "starter")["chosen"][0]["fits"] is False
    said = tab.compose("", **{**tab.defaults, "prompt": "waving", "loras": words})
    assert "photo was made for SDXL" in said
    assert "take the LoRA out" in said


def test_a_lora_that_is_gone_can_be_taken_out(tab, library, studio):
    """A remembered form may name one that was removed."""
    words = chips.text([{"id": library[0].id, "weight": 1}])
    studio.loras.trash(library[0].id)
    chip = tab.chips_value(words, "starter")["chosen"][0]
    assert (chip["fits"], chip["note"]) == (False, "not in the library")


def test_looks_keep_loras(tab, library, studio, mira, event, toasts):
    """One press puts the chips into the look; from then on the look brings them."""
    look = mira.looks[0]
    words, news = tab.choose_loras(
        mira.id, look.id, 4, event(action="keep", loras=[{"id": library[0].id, "weight": 0.7}])
    )
    assert (words, news) == ("", 5)
    kept = studio.characters.get(mira.id).look(look.id)
    assert [(one.id, one.weight) for one in kept.loras] == [(library[0].id, 0.7)]
    assert kept.words == look.words


@pytest.mark.parametrize("words", ["", None, "nonsense", "{}", "[1]", '[{"weight": 1}]', "[" * 9000, "null"])
def test_what_cannot_be_read_is_no_choice(words):
    """A form remembered by another version, or edited by hand, harms nothing."""
    assert chips.chosen(words) is None


def test_strengths_are_numbers_in_their_range():
    """Anything else means the LoRA's own."""
    text = chips.text([{"id": "a", "weight": 99}, {"id": "b", "weight": True}, {"id": "c", "weight": -1}])
    assert [one["weight"] for one in chips.chosen(text)] == [None, None, -1.0]
