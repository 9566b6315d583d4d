"""Pictures that start from pictures: what is kept, what is refused before a job is made, what the recipe remembers."""

import os
import time

import pytest
from PIL import Image
from pydantic import ValidationError

from pipelines.base import EngineError
from studio.domain.requests import ImageRequest
from studio.errors import NotFound, StudioError
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine

ALL = {
    "tasks": frozenset({"text", "image", "inpaint", "edit"}),
    "uses": frozenset({"prompt", "negative", "image", "strength", "mask", "references"}),
    "most_references": 2,
}


@pytest.fixture
def engines():
    return (
        FakeEngine(**ALL),
        FakeEngine(id="words", name="Words"),
        FakeEngine(id="editor", name="Editor", **{**ALL, "tasks": frozenset({"edit"})}),
        FakeEngine(id="llm", name="Talker", prompt_style="llm", prompt_tokens=512),
    )


@pytest.fixture
def device():
    return FakeDevice()


@pytest.fixture
def studio(paths, engines, device):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, engines, device)) as opened:
        opened.queue.start()
        yield opened


def made(studio, **fields):
    view = studio.images.start(None, ImageRequest(**fields))
    return studio.queue.finished(view.id, 30)


def picture(shade=(200, 30, 30), size=(80, 60)):
    return Image.new("RGB", size, shade)


def test_what_is_handed_in_is_kept_by_content(studio, tmp_path):
    """The same picture has the same id; it comes back as it was; a mask stays grey."""
    inputs = studio.images.inputs
    id = inputs.keep(picture())
    assert inputs.keep(picture()) == id != inputs.keep(picture((1, 2, 3)))
    assert inputs.image(id).getpixel((5, 5)) == (200, 30, 30)
    mask = inputs.keep(Image.new("L", (80, 60), 255))
    assert inputs.image(mask, "mask").mode == "L"
    file = tmp_path / "photo é.png"
    picture().save(file)
    assert inputs.keep(file) == id


@pytest.mark.parametrize("bad", ["in-" + "0" * 32, "../../etc/passwd", "in-../x", "nothing", "in-" + "g" * 32])
def test_an_id_that_is_none_is_refused_with_its_field(studio, bad):
    """Gone, never there, or an attempt to leave the folder: one sentence at the field."""
    with pytest.raises(NotFound) as refused:
        studio.images.start(None, ImageRequest(prompt="a", image=bad))
    assert refused.value.field == "image"


def test_a_file_that_is_no_picture_is_not_kept(studio, tmp_path):
    """Neither text nor half a picture."""
    file = tmp_path / "x.png"
    file.write_text("hello")
    with pytest.raises(StudioError):
        studio.images.inputs.keep(file)
    assert not list(studio.images.inputs.folder.glob("*")) if studio.images.inputs.folder.exists() else True


def test_old_inputs_are_swept_and_used_ones_stay(studio):
    """A month after the last use; using counts."""
    inputs = studio.images.inputs
    old, used = inputs.keep(picture()), inputs.keep(picture((9, 9, 9)))
    for id in (old, used):
        os.utime(inputs.path(id), (time.time() - 40 * 86400,) * 2)
    inputs.image(used)
    os.utime(inputs.folder / f"{old}.png", (time.time() - 40 * 86400,) * 2)
    assert inputs.sweep() == 1
    assert inputs.path(used).is_file()
    with pytest.raises(NotFound):
        inputs.path(old)


def test_a_picture_from_a_picture(studio, engines):
    """The engine gets the opened picture and the strength; the recipe names both; a library picture is a parent."""
    first = studio.review.get(made(studio, prompt="first", seed=1).assets[0])
    job = made(studio, prompt="second", image=first.id, strength=0.4, seed=2)
    assert job.state == "succeeded", job.error
    ran = engines[0].ran[-1]
    assert (ran.task, ran.strength, ran.image.size) == ("image", 0.4, (first.width, first.height))
    recipe = studio.review.get(job.assets[0]).recipe
    assert recipe.pipeline == "image-to-image"
    assert recipe.inputs == {"image": first.id, "strength": 0.4}
    assert recipe.parents == [first.id]
    again = studio.images.recipe_to_request(recipe)
    assert (again["image"], again["strength"]) == (first.id, 0.4)


def test_a_part_is_repainted_and_references_are_read(studio, engines):
    """Mask and references reach the engine; handed-in pictures are no parents; strength has a default."""
    inputs = studio.images.inputs
    start, mask = inputs.keep(picture()), inputs.keep(Image.new("L", (80, 60), 255))
    recipe = studio.review.get(made(studio, prompt="a hat", image=start, mask=mask).assets[0]).recipe
    assert engines[0].ran[-1].task == "inpaint"
    assert engines[0].ran[-1].mask.mode == "L"
    assert (recipe.pipeline, recipe.parents) == ("inpaint", [])
    assert recipe.inputs["strength"] == 0.9
    with pytest.raises(StudioError, match="not said what"):
        studio.images.start(None, ImageRequest(prompt="her at sea", references=[start]))
    assert inputs.keep(picture(), {"kind": "fictional"}) == start
    recipe = studio.review.get(made(studio, prompt="her at sea", references=[start]).assets[0]).recipe
    assert engines[0].ran[-1].task == "edit"
    assert (recipe.pipeline, recipe.inputs) == ("edit", {"references": [start]})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"engine": "words", "image": "x"}, "image"),
        ({"engine": "words", "references": ["x"]}, "references"),
        ({"mask": "x"}, "mask"),
        ({"engine": "editor"}, "references"),
        ({"engine": "editor", "image": "x"}, "image"),
        ({"references": ["x"] * 3}, "references"),
    ],
)
def test_what_a_model_cannot_start_from_is_refused_at_the_field(studio, fields, field):
    """Before a job is made, in words."""
    with pytest.raises(StudioError) as refused:
        studio.images.compose(None, ImageRequest(prompt="a", **fields))
    assert refused.value.field == field
    assert refused.value.hint


@pytest.mark.parametrize("strength", [0, 1.5, -1])
def test_strength_has_bounds(strength):
    """0.05 to 1."""
    with pytest.raises(ValidationError):
        ImageRequest(strength=strength)


def test_an_input_that_vanished_fails_the_job_in_words(studio, engines):
    """A job that waited for long says what is gone instead of breaking."""
    start = studio.images.inputs.keep(picture())
    studio.queue.pause()
    view = studio.images.start(None, ImageRequest(prompt="a", image=start))
    studio.images.inputs.path(start).unlink()
    studio.queue.resume()
    job = studio.queue.finished(view.id, 30)
    assert job.state == "failed"
    assert job.error["field"] == "image"


def test_a_recipe_whose_picture_is_gone_says_so(studio):
    """Reusing it fills the rest of the form."""
    start = studio.images.inputs.keep(picture())
    recipe = studio.review.get(made(studio, prompt="a", image=start).assets[0]).recipe
    studio.images.inputs.path(start).unlink()
    values = studio.images.recipe_to_request(recipe)
    assert values["image"] is None
    assert any("not here any more" in note for note in values["notes"])


def test_weights_are_taken_out_for_models_that_read_sentences(studio):
    """With a note; a CLIP model keeps them."""
    composed = studio.images.compose(None, ImageRequest(prompt="a (red:1.3) fox", engine="llm"))
    assert composed.prompt == "a red fox"
    assert any("weights" in one for one in composed.warnings)
    assert studio.images.compose(None, ImageRequest(prompt="a (red:1.3) fox")).prompt == "a (red:1.3) fox"


def test_out_of_memory_tries_once_more_in_a_lighter_way(studio, engines, device):
    """The memory plan steps down, the job succeeds; with nothing lighter it fails with advice."""
    engine, calls = engines[0], []
    run = engine.run

    def short(inputs, report):
        calls.append(1)
        if len(calls) in (1, 3):
            raise EngineError("There is not enough memory for this.", "Make it smaller.", "out_of_memory")
        return run(inputs, report)

    engine.run = short
    device.lighter = ["model"]
    assert made(studio, prompt="a").state == "succeeded"
    job = made(studio, prompt="b")
    assert job.state == "failed"
    assert (job.error["code"], job.error["hint"]) == ("out_of_memory", "Make it smaller.")
    assert len(calls) == 3


def test_how_a_model_is_loaded_can_be_chosen_and_is_checked(studio, engines):
    """Options are kept per model, wrong ones are refused, None goes back to the usual."""
    use = studio.images.use
    engines[0].switches = lambda: frozenset({"plan", "compile", "attention", "cache"})
    assert use.options("fake").plan == "auto"
    assert use.set_options("fake", {"plan": "group", "compile": True}).plan == "group"
    assert use.options("fake").compile
    assert studio.settings.get("model_options") == {"fake": {"plan": "group", "compile": True}}
    for wrong in ({"plan": "magic"}, {"compile": 3}, {"cache": 7}, {"attention": "none"}, {"float8": True}):
        with pytest.raises(StudioError):
            use.set_options("fake", wrong)
    use.set_options("fake", {"plan": None, "compile": None})
    assert use.options("fake").plan == "auto"
    assert studio.settings.get("model_options") == {}


def test_the_house_tells_and_takes_how_a_model_is_loaded(studio, engines):
    """System names the plans, keeps a choice, and shows what is laid out how."""
    engines[0].switches = lambda: frozenset({"plan"})
    told = studio.system.model_options("fake")
    assert told["options"]["plan"] == "auto"
    assert [one["id"] for one in told["plans"]] == ["auto", "full", "lean", "model", "group"]
    assert studio.system.set_model_options("fake", {"plan": "lean"})["options"]["plan"] == "lean"
    with pytest.raises(NotFound):
        studio.system.model_options("nothing")
    assert studio.system.health()["device"]["waiting_models"] == []
