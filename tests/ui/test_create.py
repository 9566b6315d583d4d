"""Create: the form is the request, errors stand where they belong, and results can be acted on."""

import json

import gradio as gr
import pytest

from studio.domain.requests import AssetFilter, ImageRequest
from studio.errors import StudioError
from studio.media.embed import read_recipe
from studio.ui.parts import editing
from studio.ui.tabs.create import CUSTOM, FIXED_SEED, NEW_SEED, final_prompt, kept
from tests.fakes import FakeEngine

OWN = {"size", "preset", "seed_policy"}  # the form's three that become other fields
UNASKED = {"width", "height", "parents"}  # made from the shape, or from a picture


@pytest.fixture
def tab(tabs):
    return tabs["create"]


@pytest.fixture
def values(tab):
    """The form's values as they are at first, with some changed."""
    return lambda **changed: tab.defaults | changed


def test_the_form_is_the_request(tab):
    """Every field of an image request can be set in the form, and the form sets nothing else."""
    assert set(tab.form) - OWN == set(ImageRequest.model_fields) - UNASKED


def test_the_form_at_first_is_a_valid_request(tab, values):
    """Pressing Generate needs no setting: defaults make a request."""
    request = tab.request_of(values(prompt="waving"))
    assert (request.prompt, request.width, request.height, request.seed) == ("waving", 64, 64, None)


def test_generate_asks_for_the_pictures_of_the_form(tab, studio, mira, engine, values, person):
    """What stands in the form is what the engine gets."""
    asked = values(prompt="waving", outfit=mira.ingredients[0].id, batch=2, seed_policy=FIXED_SEED, seed=5, steps=3)
    stage, _ = tab.make(mira.id, person, **asked)
    job = studio.queue.finished(stage["job"], 30)
    assert (job.state, len(job.assets)) == ("succeeded", 2)
    assert "red coat" in engine.ran[0].prompt
    assert (engine.ran[0].seeds, engine.ran[0].steps) == ([5, 6], 3)


def test_nothing_to_make_is_said(tab, values, person):
    """An empty prompt without a character asks for words."""
    with pytest.raises(StudioError, match="nothing to make"):
        tab.make("", person, **values())


@pytest.mark.parametrize("size", ["9999x9999", "7x7", "abc", "100x-5", "100x101", "1" * 30 + "x64"])
def test_absurd_sizes_are_refused_in_words(tab, values, person, size):
    """A typed shape that cannot be made says what can, in Generate and in place of the final prompt."""
    with pytest.raises(StudioError):
        tab.make("", person, **values(prompt="x", size=size))
    assert "problem" in tab.compose("", **values(prompt="x", size=size))


def test_a_typed_size_is_that_of_the_finished_picture(tab, values):
    """With Enlarge 2 ×, 128x256 asks the engine for half of it."""
    request = tab.request_of(values(prompt="x", size="128 x 256", upscale=2))
    assert (request.width, request.height) == (64, 128)


def test_the_final_prompt_is_text(tab, mira, values):
    """Ingredients and free words are in the final prompt, and HTML in them stays text."""
    made = tab.compose(mira.id, **values(prompt="<b>bold</b>", prop="<img src=x onerror=alert(1)>"))
    assert "&lt;img src=x" in made
    assert "<img" not in made
    assert "<b>" not in made


def test_wrong_values_stand_in_place_of_the_prompt(tab, values):
    """A seed below zero is said where the prompt would be, not as a toast for every key."""
    assert "Seed must be at least 0" in tab.compose("", **values(prompt="x", seed_policy=FIXED_SEED, seed=-1))


def test_a_recipe_says_its_quality(tab, monkeypatch):
    """A picture made with a quality fills the form with that quality, every other with its own settings."""
    fast = {"steps": 10, "guidance": 3.5, "sampler": "Plain"}
    spec = tab.specs[tab.defaults["engine"]]
    monkeypatch.setitem(spec.presets, "Fast", fast)
    for settings, quality in ((fast, "Fast"), (fast | {"steps": 11}, CUSTOM), ({}, tab.defaults["preset"])):
        assert tab._preset(settings) == quality


def test_the_remembered_form_comes_back(tab, mira, given):
    """Words, choices and settings survive a reload; what is damaged or gone falls back."""
    coat = mira.ingredients[0].id
    known = {"prompt": "waving", "outfit": coat, "place": "a pier", "size": "128x192", "seed": 9,
             "seed_policy": FIXED_SEED, "sampler": "Gone", "preset": "Gone", "other": 1}  # fmt: skip
    filled = dict(zip(tab.form, map(given, tab.remember(json.dumps(known), mira.id)), strict=True))
    assert filled["prompt"]["value"] == "waving"
    assert filled["outfit"]["value"] == coat
    assert filled["place"]["value"] == "a pier"
    assert filled["size"]["value"] == "128x192"
    assert (filled["seed"]["value"], filled["seed"]["visible"]) == (9, True)
    assert (filled["sampler"]["value"], filled["preset"]["value"]) == ("Plain", CUSTOM)
    for damaged in ("", "{", "[]", "null", '"x"'):
        assert tab.remember(damaged, mira.id)[0] == tab.defaults["prompt"]


def test_another_characters_ingredients_do_not_stay(tab, studio, mira, given):
    """Changing the character drops the other's ingredients and looks; own words stay."""
    other = studio.characters.create({"name": "Yuki"})
    coat, look = mira.ingredients[0].id, mira.looks[0].id
    changed = tab.choices(other.id, coat, "a pier", "", "", look)
    assert [given(one).get("value", "untouched") for one in changed] == ["", "untouched", "untouched", "untouched", ""]


def test_reuse_and_files_bring_settings_back(tab, studio, mira, made, toasts, given):
    """Reuse, and a picture that is dropped, put the same prompt, seed and shape into the form."""
    (asset,) = made(1, seed=42, outfit="Coat", steps=3)
    by_id = [given(one) for one in tab.fill(studio.images.recipe_to_request(asset))]
    by_file = [given(one) for one in tab.read(str(studio.review.file(asset)))]
    assert by_id == by_file
    filled = dict(zip(["character", *tab.form], by_id, strict=True))
    values = {name: one["value"] for name, one in filled.items()}
    assert (values["character"], values["prompt"], values["seed"]) == (mira.id, "waving", 42)
    assert (values["seed_policy"], values["steps"], values["size"]) == (FIXED_SEED, 3, "64x64")
    assert values["outfit"] == mira.ingredients[0].id


def test_delete_can_be_undone_where_it_was(tab, studio, mira, made, event):
    """Delete moves to the trash, Undo beside it brings the picture back."""
    (asset,) = made(1)
    tab.act(mira.id, 0, event(action="trash", id=asset))
    assert studio.review.get(asset).state == "trashed"
    tab.act(mira.id, 0, event(action="restore", id=asset))
    assert studio.review.get(asset).state == "new"


def test_variations_have_new_seeds_and_know_their_parent(tab, studio, mira, made, event):
    """Four more pictures of the same settings, with other seeds, linked to the first."""
    (asset,) = made(1, seed=42)
    stage = tab.act(mira.id, 0, event(action="vary", id=asset))[len(tab.form) + 1]
    job = studio.queue.finished(stage["job"], 30)
    recipes = [read_recipe(studio.review.file(one)) for one in job.assets]
    assert len(recipes) == 4
    assert all(one.seed != 42 and one.parents == [asset] for one in recipes)


def test_a_reference_of_nobody_is_refused(tab, studio, event):
    """Without a character there is nothing to refer to, and that is said."""
    view = studio.images.start(None, ImageRequest(prompt="a fox"))
    (asset,) = studio.queue.finished(view.id, 30).assets
    with pytest.raises(StudioError, match="belongs to no character"):
        tab.act("", 0, event(action="reference", id=asset))


def test_the_queue_list_acts_on_the_queue(tab, studio, mira, values, person, event, toasts):
    """Pause, reorder, cancel, retry and remove from the list."""
    tab.queue_act(event(action="pause", id=""))
    one, two = (tab.make(mira.id, person, **values(prompt=word))[0]["job"] for word in ("one", "two"))
    tab.queue_act(event(action="move", id=two, to=1))
    assert [view.id for view in studio.queue.active()] == [two, one]
    tab.queue_act(event(action="cancel", id=one))
    assert studio.queue.view(one).state == "cancelled"
    tab.queue_act(event(action="resume", id=""))
    assert studio.queue.finished(two, 30).state == "succeeded"
    _, stage = tab.queue_act(event(action="retry", id=one))
    assert stage["job"] == one
    assert studio.queue.finished(one, 30).state == "succeeded"
    tab.queue_act(event(action="remove", id=one))
    assert one not in [view.id for view in studio.queue.views().items]


def test_a_look_sets_what_it_says(tab, mira):
    """Choosing a look takes over its numbers and leaves the rest."""
    size, steps, *_, policy, _ = tab.use_look(mira.id, mira.looks[0].id, "fake", 1)
    assert (steps, policy) == (3, NEW_SEED)
    assert size == gr.skip()


def test_kept_knows_own_words_from_ids():
    """Own words stay, an id of somebody else goes."""
    assert kept("red hat", [("None", "")], free=True) == "red hat"
    assert kept("01m84e601y8yhy95h1p12k0kf7", [("None", "")], free=True) == ""


def test_no_picture_is_a_look_of_the_final_prompt(studio):
    """An empty prompt says so."""
    composed = studio.images.compose(None, ImageRequest())
    assert "Nothing yet" in final_prompt(composed)
    assert studio.review.search(AssetFilter()).total == 0


def test_a_look_of_the_character_before_is_no_error_of_gradio(tab, mira, studio, values):
    """Its id may come once more while the choices change with the character: it is let through and said in words."""
    look = mira.looks[0].id
    other = studio.characters.create({"name": "Other"})
    changed = tab.choices(other.id, *["", "", "", "", look])[-1]
    assert tab.look.allow_custom_value
    assert "allow_custom_value" not in changed.constructor_args
    assert isinstance(tab.compose(other.id, **values(prompt="x", look=look)), str)


STEPS = {"Fast": 9, "Balanced": 70}


@pytest.fixture
def models(studio):
    """Two more models beside the first: one that edits, one with other numbers."""
    painter = FakeEngine(
        id="painter", name="Painter", native=(128, 128), sizes=((128, 128), (128, 192)), samplers=("Flow",),
        defaults={"steps": 70, "guidance": 1.5, "sampler": "Flow"}, uses=frozenset({"prompt", "image", "strength"}),
        presets={name: {"steps": at, "guidance": 1.5, "sampler": "Flow"} for name, at in STEPS.items()},
        tasks=frozenset({"text", "image"}),
    )  # fmt: skip
    missing = FakeEngine(id="missing", name="Missing", missing="A file is gone.")
    shelf = studio.images.use.shelf
    shelf._always = (*shelf._always, painter, missing)
    return painter, missing


def test_models_that_come_while_the_page_is_open_are_offered(tab, models):
    """The list is the one of now; what cannot run says so; a model that left gives way to the default one."""
    update = tab.models("fake")
    assert update.choices == [("Fake", "fake"), ("Painter", "painter"), ("Missing (not ready)", "missing")]
    assert tab.models("gone").value == "fake"


def test_a_model_brings_its_own_fields(tab, models):
    """Sizes, quality, numbers and samplers are its own; what it does not use is not shown."""
    size, preset, steps, guidance, sampler, negative, _, references = tab.use_engine("painter", "64x64")
    assert size.value == "128x128"
    assert [value for _, value in preset.choices] == ["Fast", "Balanced", CUSTOM]
    assert (steps.value, steps.maximum) == (70, 70)
    assert guidance.constructor_args["visible"] is False
    assert sampler.constructor_args["visible"] is False
    assert negative.constructor_args["visible"] is False
    assert references.constructor_args["visible"] is False
    with pytest.raises(StudioError, match="not here any more"):
        tab.use_engine("gone", "64x64")


def test_a_start_picture_reaches_the_model(tab, models, studio, values, person):
    """What the editor hands to the form is what the engine starts from, with the strength of the mode."""
    from PIL import Image

    id = studio.images.inputs.keep(Image.new("RGB", (60, 100), (200, 10, 10)))
    event = type("Event", (), {"_data": {"image": id, "mask": "", "edit": '{"mode": "change"}', "strength": 0.3}})()
    image, mask, edit, strength = tab.editing.take(event)
    chosen = {"engine": "painter", "sampler": "Flow", "size": "128x192", "strength": strength, "batch": 1, "upscale": 1}
    stage, _ = tab.make("", person, **values(prompt="x", image=image, mask=mask, edit=edit, **chosen))
    assert studio.queue.finished(stage["job"], 30).state == "succeeded"
    ran = models[0].ran[-1]
    assert (ran.task, ran.strength, ran.image.size) == ("image", 0.3, (60, 100))


def test_the_modes_say_why_a_model_cannot(tab, models):
    """One that starts from pictures but repaints no part says so for the four modes that need it."""
    _, row, amount = tab.editing.drawn("", "", "", "painter")
    assert row["reasons"]["change"] == row["reasons"][""] == ""
    assert "Painter cannot repaint" in row["reasons"]["extend"]
    assert amount.constructor_args["visible"] is False
    shown, _, amount = tab.editing.drawn("in-x", "", '{"mode": "extend", "top": 9}', "gone")
    assert (shown["edit"]["mode"], shown["edit"]["top"]) == ("extend", 9)
    assert amount.constructor_args["visible"] is True


@pytest.mark.parametrize(
    "damaged", ["{", "[]", '{"mode": "fly"}', '{"mode": "extend", "top": -4}', "7", '"x"', None, ""]
)
def test_an_edit_that_cannot_be_read_is_none(damaged):
    """What a browser kept for months may be anything."""
    assert editing.chosen(damaged) is None
    assert editing.editor_value("", "", damaged)["edit"] is None


def test_changing_without_a_picture_is_said(tab, values, person):
    """Instead of making a new one from the words alone."""
    with pytest.raises(StudioError, match="no picture to change"):
        tab.make("", person, **values(prompt="x", edit='{"mode": "change"}'))


def test_edit_opens_the_finished_picture(tab, mira, studio, made, engine, given, event, toasts):
    """Its words and settings, a new seed, the picture itself; a model that repaints begins with a mask."""
    from dataclasses import replace

    (asset,) = made(1, seed=42, steps=3)
    for tasks, mode in (({"text", "image", "inpaint"}, "repaint"), ({"text", "image"}, "change")):
        engine.spec = replace(
            engine.spec, tasks=frozenset(tasks), uses=engine.spec.uses | {"image", "strength", "mask"}
        )
        filled = tab.act(mira.id, 0, event(action="edit", id=asset))
        form = {name: given(one)["value"] for name, one in zip(["character", *tab.form], filled, strict=False)}
        assert (form["image"], form["prompt"], form["seed_policy"], form["steps"]) == (asset, "waving", NEW_SEED, 3)
        assert json.loads(form["edit"])["mode"] == mode


def test_pictures_are_not_sent_to_a_model_without_a_field_for_them(tab, values, models):
    """A start picture chosen for another model stays in the form and out of the request."""
    request = tab.request_of(values(prompt="x", image="in-x", strength=0.4, references="in-y in-z"))
    assert (request.image, request.strength, request.references) == (None, None, [])
    with_picture = tab.request_of(values(prompt="x", engine="painter", sampler="Flow", image="in-x", strength=0.4))
    assert (with_picture.image, with_picture.strength) == ("in-x", 0.4)
