"""The quality score orders drawn pictures as people do: what is done to harm one lowers its part and its score."""

import time
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from pipelines.quality import score

SHEET = Path(__file__).resolve().parents[2] / "pipelines" / "starter" / "samples.png"
PARTS = {"score", "sharpness", "exposure", "contrast", "banding"}

HARM = {
    "sharpness": [lambda p, r=r: p.filter(ImageFilter.GaussianBlur(r)) for r in (1, 2, 4, 8)],
    "exposure": [lambda p, f=f: ImageEnhance.Brightness(p).enhance(f) for f in (0.3, 0.15, 0.05)],
    "contrast": [lambda p, f=f: ImageEnhance.Contrast(p).enhance(f) for f in (0.6, 0.3, 0.1)],
    "banding": [lambda p, bits=bits: ImageOps.posterize(p, bits) for bits in (5, 3)],
}


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
    assert set(told) == PARTS | {"notes"}
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
    assert told[-1]["notes"]


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
    assert all(0 <= told[part] <= 1 for part in PARTS)
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
