"""A part of a picture changed: what stays is the same to the pixel, what cannot be made is refused before a job."""

import numpy
import pytest
from PIL import Image, ImageDraw

from pipelines import canvas, foreground
from studio.domain.requests import Edit, ImageRequest
from studio.errors import NotFound, StudioError
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine

INPAINTS = {
    "tasks": frozenset({"text", "image", "inpaint"}),
    "uses": frozenset({"prompt", "negative", "image", "strength", "mask"}),
    "sizes": ((64, 64), (64, 96)),
    "words": {"framing": ("portrait", "close-up", "half figure")},
}


@pytest.fixture
def engines():
    return FakeEngine(**INPAINTS), FakeEngine(id="words", name="Words")


@pytest.fixture
def studio(paths, engines):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, engines, FakeDevice())) as opened:
        opened.queue.start()
        yield opened


@pytest.fixture
def noise():
    """A picture without two equal neighbours, so that a moved pixel is seen; no side an engine makes."""
    return Image.fromarray(numpy.random.default_rng(3).integers(0, 256, (150, 110, 3), dtype=numpy.uint8))


@pytest.fixture
def start(studio, noise):
    return studio.images.inputs.keep(noise)


def marked(size, box):
    mask = Image.new("L", size, 0)
    mask.paste(255, box)
    return mask


def figure(size=(120, 160)):
    """Somebody in red and brown before a blue wall, and where that somebody is."""
    picture, truth = Image.new("RGB", size, (90, 140, 220)), Image.new("L", size, 0)
    wide, high = size
    for sheet, head, body in ((picture, (120, 80, 50), (200, 40, 40)), (truth, 255, 255)):
        draw = ImageDraw.Draw(sheet)
        draw.ellipse((wide * 0.35, high * 0.2, wide * 0.65, high * 0.5), fill=head)
        draw.rectangle((wide * 0.44, high * 0.45, wide * 0.56, high * 0.62), fill=head)
        draw.rounded_rectangle((wide * 0.2, high * 0.6, wide * 0.8, high * 1.2), 20, fill=body)
    return picture, numpy.asarray(truth) > 0


def made(studio, **fields):
    view = studio.images.start(None, ImageRequest(prompt="a", **fields))
    job = studio.queue.finished(view.id, 30)
    assert job.state == "succeeded", job.error
    assets = [studio.review.get(one) for one in job.assets]
    return assets, [numpy.asarray(Image.open(studio.review.file(one.id)).convert("RGB")) for one in assets]


# ---------------------------------------------------------------- geometry and masks
def test_a_soft_edge_fades_inwards_only():
    """What was black stays black, the middle stays white, between them it rises."""
    soft = numpy.asarray(canvas.softened(marked((60, 60), (10, 10, 50, 50)), 8)).astype(int)
    assert not soft[:10].any()
    assert not soft[:, 50:].any()
    assert soft[30, 30] == 255
    ramp = soft[30, 10:20]
    assert (numpy.diff(ramp) >= 0).all()
    assert 0 < ramp[0] < ramp[4] < 255


def test_a_part_at_the_border_is_not_faded_there():
    """The picture's own border is no edge of the part."""
    soft = numpy.asarray(canvas.softened(marked((40, 40), (0, 0, 20, 40)), 6))
    assert soft[0, 0] == soft[39, 0] == 255
    assert soft[20, 19] < 60


@pytest.mark.parametrize("size", [(512, 512), (512, 912), (912, 512), (300, 900), (70, 64), (1000, 640)])
@pytest.mark.parametrize("area", [(0, 0, 1, 1), (0, 0.4, 0.3, 1), (0.2, 0.1, 0.9, 0.9)])
def test_windows_cover_the_part_and_stay_inside(size, area):
    """Every pixel of the part is in a window of the engine's shape; no window leaves the picture."""
    box = tuple(round(share * side) for share, side in zip(area, (*size, *size), strict=True))
    for shape in ((256, 256), (832, 1216)):
        found = canvas.windows(size, box, shape)
        covered = numpy.zeros(size[::-1], bool)
        for left, top, right, bottom in found:
            assert 0 <= left < right <= size[0]
            assert 0 <= top < bottom <= size[1]
            assert abs((right - left) / (bottom - top) - shape[0] / shape[1]) < 0.05
            covered[top:bottom, left:right] = True
        assert covered[box[1] : box[3], box[0] : box[2]].all()


def test_the_engine_sees_a_close_part_in_more_pixels():
    """Working close up, the window is not much larger than the part."""
    (box,) = canvas.windows((1000, 1000), (400, 300, 600, 500), (512, 512), close=True)
    assert box == (350, 250, 650, 550)


def test_the_size_with_the_fewest_windows_is_chosen():
    """A tall canvas is worked on in the engine's tall size."""
    assert canvas.nearest_shape((640, 960), (0, 0, 640, 960), [(64, 64), (64, 96), (96, 64)]) == (64, 96)


# ---------------------------------------------------------------- finding the figure
def test_the_figure_is_found_without_a_model():
    """Nearly every pixel of a plain figure is told from the wall behind it."""
    picture, truth = figure()
    found = numpy.asarray(foreground.mask(picture)) > 0
    assert (found == truth).mean() > 0.97
    left, top, right, bottom = foreground.head(picture)
    assert left < 60 < right
    assert top < 56 < bottom < 110
    assert set(numpy.unique(foreground.mask(Image.new("RGB", (50, 40))))) <= {0, 255}
    assert foreground.mask(Image.new("L", (1, 1))).size == (1, 1)


# ---------------------------------------------------------------- the four ways
def test_repainting_keeps_every_other_pixel(studio, engines, noise, start):
    """In a picture no engine could draw at once, batch and soft edge included; the recipe names everything."""
    mask = studio.images.inputs.keep(marked(noise.size, (20, 60, 90, 140)))
    assets, pictures = made(studio, image=start, mask=mask, edit=Edit(mode="repaint", feather=9), batch=2, seed=5)
    before, hard = numpy.asarray(noise), numpy.asarray(marked(noise.size, (20, 60, 90, 140))) > 0
    for asset, after in zip(assets, pictures, strict=True):
        assert (asset.width, asset.height) == noise.size
        assert (after[~hard] == before[~hard]).all()
        assert (after[hard] != before[hard]).any(axis=-1).mean() > 0.9
        assert asset.recipe.pipeline == "inpaint"
        assert asset.recipe.inputs["mask"] == mask
        assert asset.recipe.inputs["edit"]["feather"] == 9
    assert (pictures[0] != pictures[1]).any()
    assert all(one.task == "inpaint" and one.image.size == one.mask.size for one in engines[0].ran)


def test_an_edit_can_be_made_again_from_its_recipe(studio, noise, start):
    """The same recipe gives the same picture."""
    mask = studio.images.inputs.keep(marked(noise.size, (20, 60, 90, 140)))
    (asset,), (first,) = made(studio, image=start, mask=mask, edit=Edit(mode="repaint"), seed=5)
    values = studio.images.recipe_to_request(asset.id)
    again = {name: value for name, value in values.items() if name in ImageRequest.model_fields}
    _, (second,) = made(studio, **{name: value for name, value in again.items() if name != "prompt"})
    assert (first == second).all()


def test_extending_keeps_the_old_picture_where_it_was(studio, engines, noise, start):
    """The new picture is larger by what was asked for, on any sides."""
    edit = Edit(mode="extend", left=7, top=40, right=0, bottom=90)
    (asset,), (after,) = made(studio, image=start, edit=edit, seed=5)
    assert (asset.width, asset.height) == (117, 280)
    assert (after[40:190, 7:] == numpy.asarray(noise)).all()
    assert (after[230:, 7:] != after[189, 7:]).any()
    assert asset.recipe.pipeline == "outpaint"
    assert engines[0].ran[-1].prompt == "a, half figure"
    assert (engines[0].ran[-1].strength, len(engines[0].ran)) == (1.0, 1)


def test_a_new_background_keeps_the_figure(studio):
    """The studio finds the figure itself; the mask it used is in the recipe and comes back into the form."""
    picture, truth = figure()
    first = studio.images.inputs.keep(picture)
    (asset,), (after,) = made(studio, image=first, edit=Edit(mode="background", feather=3), seed=5)
    before = numpy.asarray(picture)
    inner = numpy.asarray(foreground.mask(picture)) > 0
    assert (after[inner] == before[inner]).all()
    assert (after[~truth & ~inner] != before[~truth & ~inner]).any(axis=-1).mean() > 0.9
    assert studio.images.recipe_to_request(asset.id)["mask"] == asset.recipe.inputs["mask"]


def test_a_detail_is_a_child_of_its_picture(studio, engines):
    """A face is drawn again close up; the picture of the library is the parent; around the box nothing changes."""
    (parent,), (before,) = made(studio, width=64, height=96, upscale=1, seed=9)
    edit = Edit(mode="detail", box=(16, 16, 48, 48), feather=4)
    (asset,), (after,) = made(studio, image=parent.id, edit=edit, seed=200)
    outside = numpy.ones(before.shape[:2], bool)
    outside[16:48, 16:48] = False
    assert (after[outside] == before[outside]).all()
    assert (after[32, 32] != before[32, 32]).any()
    assert asset.recipe.parents == [parent.id]
    assert (asset.recipe.pipeline, engines[0].ran[-1].strength) == ("detail", 0.25)
    assert "close-up" in engines[0].ran[-1].prompt


def test_the_head_is_looked_for_when_no_box_was_drawn(studio):
    """The recipe names the box that was found."""
    picture, _ = figure()
    (asset,), _ = made(studio, image=studio.images.inputs.keep(picture), edit=Edit(mode="detail"), seed=1)
    assert tuple(asset.recipe.inputs["edit"]["box"]) == foreground.head(picture)


# ---------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ({"mode": "repaint"}, "mask"),
        ({"mode": "extend"}, "edit"),
        ({"mode": "extend", "left": 4096}, "edit"),
        ({"mode": "detail", "box": (0, 0, 500, 500)}, "edit"),
        ({"mode": "detail", "box": (9, 9, 12, 12)}, "edit"),
        ({"mode": "detail", "box": (50, 50, 20, 90)}, "edit"),
    ],
)
def test_what_cannot_be_made_is_refused_at_its_field(studio, start, edit, field):
    """Before a job is there, with what to do next."""
    with pytest.raises(StudioError) as refused:
        studio.images.start(None, ImageRequest(prompt="a", image=start, edit=edit))
    assert refused.value.field == field
    assert refused.value.hint


def test_an_empty_mask_a_missing_picture_and_a_model_that_cannot(studio, noise, start):
    """Each in words, at its field."""
    empty = studio.images.inputs.keep(Image.new("L", noise.size, 0))
    ask = lambda **fields: studio.images.start(None, ImageRequest(prompt="a", edit={"mode": "repaint"}, **fields))
    with pytest.raises(StudioError, match="Nothing is marked"):
        ask(image=start, mask=empty)
    with pytest.raises(StudioError, match="no picture to edit"):
        ask()
    with pytest.raises(NotFound):
        ask(image="in-" + "0" * 32, mask=empty)
    with pytest.raises(StudioError) as refused:
        ask(image=start, mask=empty, engine="words")
    assert refused.value.field in ("image", "mask")


def test_stopping_an_edit_leaves_no_picture(studio, engines, start):
    """Cancelling between windows ends the job as any other."""
    engines[0].step_s = 0.02
    view = studio.images.start(None, ImageRequest(prompt="a", image=start, edit={"mode": "extend", "top": 50}))
    assert engines[0].started.wait(10)
    studio.queue.cancel(view.id)
    job = studio.queue.finished(view.id, 30)
    assert (job.state, job.assets) == ("cancelled", [])
