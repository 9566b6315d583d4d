"""Renditions: any picture becomes what a network takes, the face stays in it, and it says where it comes from."""

import io
import itertools
import random

import numpy
import pytest
from PIL import Image, ImageCms, ImageDraw

from studio.domain.asset import Recipe
from studio.errors import NotFound, StudioError
from studio.media import embed, renditions, xmp
from studio.media.renditions import Wish, crop_box, rendition
from studio.media.subject import subject

RECIPE = Recipe(engine="starter", prompt="Mira, red raincoat", seed=7, character_id="01abc")
SIZES = ((1, 1), (3, 2), (7, 500), (641, 2), (333, 331), (1024, 768))
MODES = ("RGB", "RGBA", "L", "LA", "P", "1", "I;16", "CMYK")


def noise(size, seed=0):
    """The worst there is for any encoder."""
    values = numpy.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3))
    return Image.fromarray(values.astype("uint8"))


def a_file(folder, size=(640, 640), mode="RGB", **options):
    picture = (
        noise(size)
        if mode != "I;16"
        else Image.fromarray(numpy.arange(size[0] * size[1], dtype="uint16").reshape(size[1], size[0]))
    )
    picture = picture.convert(mode) if mode != "I;16" else picture
    path = folder / f"source-{size[0]}x{size[1]}-{mode.replace(';', '')}{'.tif' if mode == 'CMYK' else '.png'}"
    picture.save(path, **options)
    return path


@pytest.mark.parametrize("frame", ["crop", "pad", "blur"])
@pytest.mark.parametrize(("size", "mode"), list(itertools.product(SIZES, MODES)))
def test_whatever_comes_in_what_comes_out_keeps_every_rule(tmp_path, size, mode, frame):
    """Odd sizes, strips, alpha, palettes, 16 bits, CMYK: a whole picture in the format, shape and size asked for."""
    wish = Wish(
        ("image/jpeg",), most_bytes=60_000, most_side=400, most_pixels=100_000, aspects=(0.8, 1.91), frame=frame
    )
    made = rendition(a_file(tmp_path, size, mode), tmp_path / "out", wish)
    with Image.open(made.path) as picture:
        picture.load()
        assert picture.format == "JPEG"
        assert picture.mode == "RGB"
        assert picture.size == (made.width, made.height)
        assert "icc_profile" not in picture.info
    assert made.media_type == "image/jpeg"
    assert made.bytes == made.path.stat().st_size <= 60_000
    assert max(made.width, made.height) <= 400
    assert made.width * made.height <= 100_000
    if min(made.width, made.height) > 20:
        assert 0.78 <= made.width / made.height <= 1.95
    assert xmp.TRAINED.encode() in made.path.read_bytes()


@pytest.mark.parametrize("size", [(1080, 1350), (1080, 1920), (1200, 627), (64, 64), (1, 1)])
@pytest.mark.parametrize("frame", ["crop", "pad", "blur"])
def test_a_size_is_met_exactly(tmp_path, size, frame):
    """Also by enlarging: covers and stories have one size."""
    made = rendition(a_file(tmp_path, (300, 200)), tmp_path, Wish(size=size, frame=frame))
    assert (made.width, made.height) == size


def test_crops_lie_inside_and_hold_what_is_to_be_kept():
    """For any size, shape and boxes, also impossible ones: inside, of the shape, with the first box when it fits."""
    draw = random.Random(3)
    for _ in range(2000):
        size = draw.randint(1, 900), draw.randint(1, 900)
        aspect = draw.choice((0.5, 0.8, 1.0, 1.91, 20.0))
        keep = []
        for _ in range(draw.randint(0, 3)):
            left, top = draw.randint(-50, size[0]), draw.randint(-50, size[1])
            keep.append((left, top, left + draw.randint(1, 300), top + draw.randint(1, 300)))
        left, top, right, bottom = box = crop_box(size, aspect, keep)
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
        across, down = right - left, bottom - top
        assert across == size[0] or down == size[1]
        assert abs(across - down * aspect) <= max(1, aspect) or 1 in (across, down)
        if keep:
            first = renditions._inside(keep[0], size)
            if first[2] - first[0] <= across and first[3] - first[1] <= down:
                assert (left <= first[0], top <= first[1], right >= first[2], bottom >= first[3]) == (True,) * 4, box


@pytest.mark.parametrize("at", [0.12, 0.5, 0.88])
def test_the_head_is_found_wherever_it_is(at):
    """A drawn figure at the left, in the middle, at the right of a wide picture stays in a square crop."""
    picture = Image.new("RGB", (1200, 400), (90, 130, 170))
    draw = ImageDraw.Draw(picture)
    middle = int(1200 * at)
    draw.rectangle((middle - 90, 250, middle + 90, 400), fill=(180, 30, 60))
    face = (middle - 60, 90, middle + 60, 240)
    draw.ellipse(face, fill=(224, 172, 130))
    left, _, right, _ = crop_box(picture.size, 1.0, subject(picture))
    assert left <= max(0, face[0])
    assert right >= min(1200, face[2])


@pytest.mark.parametrize("style", ["flat", "toon", "ink", "pixel"])
def test_the_face_of_a_starter_render_stays(style):
    """Eight renders a style, each at the left and the right of a wide picture, cropped to 4:5: the face is in at least
    13 of 16. The truth is where the drawing recipe put it."""
    pytest.importorskip("dicebear")
    from pipelines.starter.training.render import FRAMES, PIXEL_FRAMES, render, sample

    draw, held = random.Random(5), 0
    for _ in range(8):
        looks = sample(draw, style)
        drawn = numpy.asarray(render(looks))
        x, y, side = (PIXEL_FRAMES if style == "pixel" else FRAMES)[looks["framing"]]
        across, down, half = x + side * 0.51, y + side * 0.45, side * 0.15
        for before in (0, 384):
            wide = Image.fromarray(numpy.pad(drawn, ((0, 0), (before, 384 - before), (0, 0)), mode="edge"))
            left, top, right, bottom = crop_box(wide.size, 0.8, subject(wide))
            held += left <= across + before - half and right >= across + before + half and top <= down <= bottom
    assert held >= 13


def test_bytes_fit_by_quality_first_then_by_size(tmp_path):
    """A generous limit keeps every pixel, a mean one fewer, an impossible one is refused in words."""
    source = a_file(tmp_path, (800, 800))
    generous = rendition(source, tmp_path, Wish(most_bytes=500_000))
    assert (generous.width, generous.height) == (800, 800)
    assert 100_000 < generous.bytes <= 500_000
    mean = rendition(source, tmp_path, Wish(most_bytes=40_000))
    assert mean.width < 800
    assert mean.bytes <= 40_000
    with pytest.raises(StudioError, match="does not fit"):
        rendition(source, tmp_path, Wish(most_bytes=500))
    with pytest.raises(StudioError, match="does not fit"):
        rendition(source, tmp_path, Wish(most_bytes=20_000, size=(800, 800)))


def test_see_through_parts_stay_where_a_format_has_them(tmp_path):
    """PNG before JPEG for a picture with alpha; white behind it where only JPEG is taken."""
    path = tmp_path / "cut.png"
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(path)
    kept = rendition(path, tmp_path, Wish(("image/jpeg", "image/png")))
    assert kept.media_type == "image/png"
    assert Image.open(kept.path).getextrema()[3] == (0, 0)
    flat = rendition(path, tmp_path, Wish(("image/jpeg",)))
    assert Image.open(flat.path).getpixel((9, 9)) == (255, 255, 255)


def test_colours_become_srgb(tmp_path):
    """The same number means another colour in another profile; a broken profile is ignored."""
    path = tmp_path / "wide.png"
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    swapped = _swapped_profile(lab.tobytes())
    Image.new("RGB", (32, 32), (200, 60, 30)).save(path, icc_profile=swapped)
    made = rendition(path, tmp_path, Wish(("image/png",)))
    with Image.open(made.path) as picture:
        assert picture.getpixel((5, 5)) != (200, 60, 30)
        assert "icc_profile" not in picture.info
    Image.new("RGB", (32, 32), (200, 60, 30)).save(path, icc_profile=b"not a profile at all")
    with Image.open(rendition(path, tmp_path, Wish(("image/png",))).path) as picture:
        assert picture.getpixel((5, 5)) == (200, 60, 30)


def _swapped_profile(profile: bytes) -> bytes:
    """An RGB profile whose red and green primaries are exchanged."""
    return profile.replace(b"rXYZ", b"?XYZ", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"?XYZ", b"gXYZ", 1)


def test_a_turned_photo_comes_out_upright(tmp_path):
    """EXIF orientation is applied, and gone."""
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / "turned.jpg"
    Image.new("RGB", (60, 40), "red").save(path, exif=exif)
    made = rendition(path, tmp_path, Wish())
    assert (made.width, made.height) == (40, 60)
    assert 274 not in Image.open(made.path).getexif()


@pytest.mark.parametrize("form", renditions.ENDINGS)
def test_origin_always_recipe_on_request(tmp_path, form):
    """Origin and alt text are inside; prompt and seed only when the wish carries the recipe."""
    source = tmp_path / "made.png"
    embed.save_png(noise((64, 64)), source, RECIPE)
    bare = rendition(source, tmp_path, Wish((form,)), RECIPE, alt_text="A <red> coat", description="Made with AI.")
    raw = bare.path.read_bytes()
    assert xmp.TRAINED.encode() in raw
    assert b"A &lt;red&gt; coat" in raw
    assert b"Made with AI." in raw
    assert embed.read_recipe(bare.path) is None
    assert b"raincoat" not in raw
    full = rendition(source, tmp_path, Wish((form,), carry_recipe=True), RECIPE)
    assert embed.read_recipe(full.path) == RECIPE
    unknown = rendition(source, tmp_path, Wish((form,)), source_type=None)
    assert b"digitalsourcetype" not in unknown.path.read_bytes()


def test_it_is_made_once_and_again_when_anything_changed(tmp_path, monkeypatch):
    """The same call gives the same file without encoding; other content, wish or words give another; a damaged one is
    made again."""
    source = a_file(tmp_path, (120, 90))
    first = rendition(source, tmp_path / "out", Wish())
    with monkeypatch.context() as patch:
        patch.setattr(renditions, "open_picture", None)
        assert rendition(source, tmp_path / "out", Wish()) == first
    others = [
        rendition(source, tmp_path / "out", Wish(most_side=50)),
        rendition(source, tmp_path / "out", Wish(), alt_text="other"),
        rendition(a_file(tmp_path, (121, 90)), tmp_path / "out", Wish()),
    ]
    assert len({one.path for one in [first, *others]}) == 4
    first.path.write_bytes(first.path.read_bytes()[:100])
    assert rendition(source, tmp_path / "out", Wish()) == first
    assert Image.open(io.BytesIO(first.path.read_bytes())).size == (120, 90)


def test_what_is_no_picture_is_said(tmp_path):
    """Missing, damaged, and a wish for what does not exist."""
    with pytest.raises(NotFound):
        rendition(tmp_path / "gone.png", tmp_path, Wish())
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(StudioError, match="not a picture"):
        rendition(tmp_path / "text.png", tmp_path, Wish())
    with pytest.raises(ValueError, match="image/tiff"):
        rendition(a_file(tmp_path), tmp_path, Wish(("image/tiff",)))


def test_the_short_form_keeps_the_shape_and_the_words(tmp_path):
    """What a platform's rule needs: format, sides, bytes; alt text inside, no recipe, no origin nobody knows."""
    source = a_file(tmp_path, (300, 150))
    path, form, width, height = renditions.fitted(
        source,
        tmp_path,
        formats=("image/heic", "image/webp"),
        most_side=100,
        words={"alt_text": "Noise"},
        ai_made=False,
    )
    assert (form, width, height) == ("image/webp", 100, 50)
    assert b"Noise" in path.read_bytes()
    assert b"digitalsourcetype" not in path.read_bytes()
    with pytest.raises(StudioError, match="no picture format"):
        renditions.fitted(source, tmp_path, formats=("image/heic",))
    path, _, width, height = renditions.fitted(source, tmp_path, formats=("image/jpeg",), aspects=(0.8, 1.0))
    assert (width, height) == (150, 150)
    _, _, width, height = renditions.fitted(source, tmp_path, formats=("image/jpeg",), aspects=(0.8, 1.0), frame="blur")
    assert (width, height) == (300, 300)
