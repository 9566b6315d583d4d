"""The quality score orders drawn pictures as people do: what is done to harm one lowers its part and its score."""

import time
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from pipelines.quality import CALIBRATION, KINDS, PARTS, WEIGHTS, composition, score, whole

SHEET = Path(__file__).resolve().parents[2] / "pipelines" / "starter" / "samples.png"

HARM = {
    "sharpness": [lambda p, r=r: p.filter(ImageFilter.GaussianBlur(r)) for r in (1, 2, 4, 8)],
    "exposure": [lambda p, f=f: ImageEnhance.Brightness(p).enhance(f) for f in (0.3, 0.15, 0.05)],
    "contrast": [lambda p, f=f: ImageEnhance.Contrast(p).enhance(f) for f in (0.6, 0.3, 0.1)],
    "banding": [lambda p, bits=bits: ImageOps.posterize(p, bits) for bits in (5, 3)],
    "noise": [lambda p, amount=amount: grainy(p, amount) for amount in (3, 8, 16)],
}


def grainy(picture: Image.Image, amount: float) -> Image.Image:
    """With grain of this deviation, of 255."""
    import numpy

    values = numpy.asarray(picture, numpy.float32)
    grain = numpy.random.default_rng(1).normal(0, amount, values.shape)
    return Image.fromarray(numpy.clip(values + grain, 0, 255).astype("uint8"))


def photo(number: int) -> Image.Image:
    """Something like a photograph: light that falls off, textures of many sizes, soft and hard edges; 512 pixels."""
    import numpy

    rng = numpy.random.default_rng(number)
    values = numpy.zeros((512, 512, 3), numpy.float32)
    for side in (4, 8, 16, 32, 64, 128):
        layer = Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype="uint8"))
        values += numpy.asarray(layer.resize((512, 512), Image.Resampling.BICUBIC), numpy.float32) / side
    values = (values - values.min()) / (values.max() - values.min()) * 200 + 20
    picture = Image.fromarray(values.astype("uint8"))
    blocks = Image.new("L", (2048, 2048))
    from PIL import ImageDraw

    draw = ImageDraw.Draw(blocks)
    for x in range(0, 2048, 340):
        draw.polygon([(x, 2048), (x + 60, 900 + x // 4), (x + 280, 2048)], fill=255)
    picture.paste((35, 40, 30), mask=blocks.resize((512, 512), Image.Resampling.LANCZOS))
    return picture


def drawn(number: int) -> Image.Image:
    """A drawn character of plain shapes on a sky that goes smoothly from light to dark; 512 pixels."""
    from PIL import ImageDraw

    tall = 2048
    top, bottom = (230 - 20 * number, 240, 255), (60, 120 + 20 * number, 200)
    sky = Image.new("RGB", (1, tall))
    for y in range(tall):
        sky.putpixel((0, y), tuple(round(a + (b - a) * y / tall) for a, b in zip(top, bottom, strict=True)))
    picture = sky.resize((tall, tall))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((520, 380, 1530, 1500), fill=("#3a2013", "#b5432a", "#111111")[number])
    draw.ellipse((680, 560, 1370, 1420), fill=("#f2c9a0", "#8d5a3b", "#ffe0c4")[number])
    draw.ellipse((820, 860, 920, 960), fill="black")
    draw.ellipse((1130, 860, 1230, 960), fill="black")
    draw.rounded_rectangle((420, 1500, 1630, 2200), 200, fill=("#1f7a5c", "#efd14b", "#ffffff")[number])
    return picture.resize((512, 512), Image.Resampling.LANCZOS)


PICTURES = [drawn(number) for number in range(3)]


@pytest.mark.parametrize("picture", PICTURES)
def test_a_clean_drawing_scores_well(picture):
    """Every part is fine and nothing is noted."""
    told = score(picture)
    assert set(told) == {*PARTS, "score", "kind", "why", "notes"}
    assert told["score"] > 0.75, told
    assert told["notes"] == []


@pytest.mark.parametrize("part", HARM)
@pytest.mark.parametrize("picture", PICTURES)
def test_more_harm_scores_lower(picture, part):
    """Blur, darkness, flatness and posterising each lower their own part, step by step, and the score with it."""
    told = [score(picture)] + [score(harm(picture)) for harm in HARM[part]]
    values = [each[part] for each in told]
    assert all(later <= earlier for earlier, later in zip(values, values[1:], strict=False)), values
    assert values[-1] < 0.5 < values[0]
    assert told[-1]["score"] < told[0]["score"] - 0.1
    assert told[-1]["why"][part] in told[-1]["notes"]


@pytest.mark.parametrize("picture", PICTURES)
def test_overexposure_is_told_from_underexposure(picture):
    """A burnt picture and a dark one are both marked down, each with its own sentence."""
    pale = score(ImageEnhance.Brightness(picture).enhance(4))
    dark = score(ImageEnhance.Brightness(picture).enhance(0.1))
    assert pale["exposure"] < 0.5
    assert dark["exposure"] < 0.5
    assert "white" in pale["notes"][0] or "bright" in pale["notes"][0]
    assert "dark" in dark["notes"][0] or "black" in dark["notes"][0]


def test_the_starters_own_samples_score_well():
    """Calibration: renders of the starter are neither all perfect nor marked down."""
    with Image.open(SHEET) as sheet:
        tile = sheet.convert("RGB").crop((0, 0, 512, 512))
    assert 0.5 < score(tile)["score"] <= 1


@pytest.mark.parametrize(
    "picture",
    [Image.new("RGB", (1, 1)), Image.new("L", (40, 3), 128), Image.new("RGBA", (64, 64)), Image.new("P", (300, 20)),
     Image.new("RGB", (256, 256), "white"), Image.new("I;16", (64, 64))],
    ids=["pixel", "strip", "clear", "palette", "white", "16-bit"],
)  # fmt: skip
def test_any_picture_gets_a_number(picture):
    """One pixel, one colour, any mode: parts from 0 to 1 and never an error; nothing to see scores low."""
    told = score(picture)
    assert all(0 <= told[part] <= 1 for part in WEIGHTS)
    assert told["notes"]
    assert told["score"] < 0.3


def test_a_picture_is_judged_as_it_is_looked_at():
    """Twice the pixels of the same drawing change little, and the picture itself is left alone."""
    large = PICTURES[0].resize((1024, 1024), Image.Resampling.LANCZOS)
    before = large.tobytes()
    assert abs(score(large)["score"] - score(PICTURES[0])["score"]) < 0.2
    assert large.tobytes() == before


def test_scoring_is_quick():
    """The best of five at 512 pixels stays under 60 ms (about 20 ms on a quiet core)."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        score(PICTURES[1])
        times.append(time.perf_counter() - began)
    assert min(times) < 0.06


# ---------------------------------------------------------------- photographs
PHOTO_HARM = {
    "sharpness": lambda p: p.filter(ImageFilter.GaussianBlur(3)),
    "noise": lambda p: grainy(p, 10),
    "clipping": lambda p: p.point(lambda value: min(255, int(value * 2.6))),
    "banding": lambda p: ImageOps.posterize(p, 3),
    "contrast": lambda p: ImageEnhance.Contrast(p).enhance(0.15),
}


@pytest.mark.parametrize("part", PHOTO_HARM)
def test_harm_to_a_photograph_is_named(part):
    """Each kind of harm lowers its own part under one half and is said in words; the clean one has nothing to say."""
    for number in range(3):
        clean, harmed = score(photo(number), "photo"), score(PHOTO_HARM[part](photo(number)), "photo")
        assert (clean["notes"], clean["kind"]) == ([], "photo"), clean
        assert harmed[part] < 0.5 < clean[part], harmed
        assert harmed["why"][part] in harmed["notes"]
        assert harmed["score"] < clean["score"]


def test_the_two_calibrations_differ_where_drawings_and_photographs_do():
    """A white background is right in a drawing and burnt light in a photo; both calibrations have the same measures."""
    white = Image.new("RGB", (512, 512), "white")
    white.paste(PICTURES[0].crop((100, 90, 400, 512)), (106, 90))
    assert score(white, "drawn")["clipping"] > 0.5 > score(white, "photo")["clipping"]
    assert {kind: set(CALIBRATION[kind]) for kind in KINDS} == dict.fromkeys(KINDS, set(CALIBRATION["drawn"]))


def test_almost_nothing_in_a_picture_is_said_and_nothing_else():
    """An even area or a bare gradient is empty, whatever its light; a small drawing on it is not."""
    gradient = Image.linear_gradient("L").resize((512, 512)).point(lambda value: 120 + value // 4)
    for empty in (Image.new("RGB", (512, 512), "teal"), gradient.convert("RGB")):
        for kind in KINDS:
            told = score(empty, kind)
            assert list(told["why"]) == ["content"], told
            assert told["score"] < 0.6
    assert score(PICTURES[0])["content"] == 1


def test_ignored_parts_neither_count_nor_are_spoken_of():
    soft = PICTURES[0].filter(ImageFilter.GaussianBlur(4))
    told, spared = score(soft), score(soft, ignore=["sharpness"])
    assert spared["score"] > 0.8 > told["score"]
    assert (spared["notes"], list(spared["why"])) == ([], ["sharpness"])
    assert whole(told, ["sharpness"]) == spared["score"]
    assert whole({"sharpness": 0.25, "noise": None}) == 0.25
    assert whole({}, PARTS) == 1


def placed(size: int, x: int, y: int) -> Image.Image:
    """A figure of `size` pixels on a background that changes evenly."""
    picture = Image.linear_gradient("L").resize((512, 512)).convert("RGB").point(lambda value: 150 + value // 4)
    figure, head = Image.new("L", (size, size)), size // 3
    from PIL import ImageDraw

    draw = ImageDraw.Draw(figure)
    draw.ellipse((head, 0, 2 * head, head), fill=255)
    draw.rectangle((head // 2, head, size - head // 2, size), fill=255)
    picture.paste("#7a2f1d", (x, y), figure)
    return picture


def test_composition_is_a_hint_and_silent_where_it_cannot_tell():
    """Cut off at the top or a side, or small, is said; a portrait may be cut below; a place says nothing."""
    assert composition(placed(380, 66, 140)) == (1.0, "")
    assert composition(placed(380, 66, -60)) == (0.3, "The subject is cut off at the top.")
    aside = placed(70, 300, 300)
    aside.paste("#7a2f1d", (0, 60, 200, 512))
    assert composition(aside) == (0.3, "The subject is cut off on the left.")
    assert composition(ImageOps.mirror(aside)) == (0.3, "The subject is cut off on the right.")
    assert composition(placed(70, 300, 300)) == (0.3, "The subject is small in the picture.")
    assert composition(photo(1)) == (None, "")
    assert composition(Image.new("RGB", (300, 200), "teal")) == (None, "")
    assert score(placed(70, 300, 300))["score"] == score(placed(70, 300, 300), ignore=["composition"])["score"]
