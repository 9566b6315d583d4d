"""Enlarging: right sizes, sharp edges, no seams, nothing lost, and clear words when it cannot be done."""

import sys
import threading

import numpy
import pytest
from PIL import Image, ImageDraw

from pipelines import upscale as module
from pipelines.base import EngineError
from pipelines.quality import score
from pipelines.upscale import upscale

LANCZOS = Image.Resampling.LANCZOS


def numbers(image):
    return numpy.asarray(image).astype(int)


@pytest.fixture(scope="module")
def drawing():
    """A small drawn face, 96 x 72, with hard and slanted edges, and the large one it was made from."""
    large = Image.new("RGB", (96 * 8, 72 * 8), "#8fd0f5")
    draw = ImageDraw.Draw(large)
    draw.ellipse((200, 60, 560, 560), fill="#f2c9a0")
    draw.ellipse((290, 220, 350, 280), fill="black")
    draw.ellipse((420, 220, 480, 280), fill="black")
    draw.arc((300, 280, 470, 420), 20, 160, fill="#a02020", width=24)
    draw.polygon([(180, 200), (380, 20), (580, 200), (380, 120)], fill="#7a2e12")
    return large.resize((96, 72), LANCZOS), large


@pytest.mark.parametrize("factor", [2, 4])
def test_the_size_grows_by_the_factor_and_the_picture_stays_itself(drawing, factor):
    """Width and height times the factor; made small again it is the picture it was."""
    small, _ = drawing
    larger = upscale(small, factor)
    assert (larger.size, larger.mode) == ((96 * factor, 72 * factor), "RGB")
    assert abs(numbers(larger.resize(small.size, Image.Resampling.BOX)) - numbers(small)).mean() < 2


def test_factor_one_is_the_picture_unchanged(drawing):
    """No work, no copy, no change of mode."""
    assert upscale(drawing[0], 1) is drawing[0]


def test_edges_are_crisper_than_by_a_plain_resize(drawing):
    """At the same size, edges rise within fewer pixels than Lanczos leaves them."""
    small, _ = drawing
    crisp, soft = (score(each)["sharpness"] for each in (upscale(small, 4), small.resize((384, 288), LANCZOS)))
    assert crisp > soft + 0.1


def test_tiles_join_without_a_seam(drawing, monkeypatch):
    """Cut into many tiles or made as one, the result is the same but for rounding; every tile is reported."""
    whole = numbers(upscale(drawing[0], 2))
    monkeypatch.setattr(module, "TILE", 40)
    monkeypatch.setattr(module, "ROWS", 40)
    told = []
    tiled = numbers(upscale(drawing[0], 2, step=lambda done, total: told.append((done, total))))
    assert told == [(number, 6) for number in range(1, 7)]
    assert abs(tiled - whole).max() <= 1


def test_it_can_be_stopped_between_tiles(drawing, monkeypatch):
    """Raising out of `step` ends it; the next picture is fine."""
    monkeypatch.setattr(module, "TILE", 40)
    monkeypatch.setattr(module, "ROWS", 40)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upscale(drawing[0], 2, step=stop)
    assert upscale(drawing[0], 2).size == (192, 144)


def test_transparency_stays():
    """An RGBA picture comes out RGBA with its own edge."""
    picture = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((8, 8, 32, 32), fill=(200, 30, 30, 255))
    larger = upscale(picture, 2)
    assert (larger.size, larger.mode) == ((80, 80), "RGBA")
    assert larger.getpixel((0, 0))[3] == 0
    assert larger.getpixel((40, 40))[3] == 255


@pytest.mark.parametrize("picture", [Image.new("L", (1, 1), 200), Image.new("P", (30, 5)), Image.new("CMYK", (7, 9))])
def test_any_mode_and_the_smallest_size(picture):
    """One pixel, a palette, print colours: all come out as RGB."""
    larger = upscale(picture, 2)
    assert (larger.size, larger.mode) == ((picture.width * 2, picture.height * 2), "RGB")


def test_a_flat_colour_stays_that_colour():
    """No tint, no dark frame at the borders."""
    larger = numbers(upscale(Image.new("RGB", (50, 50), (120, 200, 60)), 2))
    assert abs(larger - (120, 200, 60)).max() <= 2


def test_the_same_picture_gives_the_same_bytes_from_any_thread(drawing):
    """Four threads at once give what one gives."""
    alone, made = upscale(drawing[0], 2).tobytes(), []
    threads = [threading.Thread(target=lambda: made.append(upscale(drawing[0], 2).tobytes())) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    assert made == [alone] * 4


@pytest.mark.parametrize(
    ("size", "factor", "style", "code"),
    [((8, 8), 3, "drawn", "factor"), ((8, 8), 0, "drawn", "factor"), ((8, 8), 2, "photo", "style"),
     ((6000, 6000), 4, "drawn", "too_large")],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(size, factor, style, code):
    """Odd factors, unknown styles and giants raise EngineError with a hint."""
    with pytest.raises(EngineError) as refused:
        upscale(Image.new("RGB", size), factor, style=style)
    assert refused.value.code == code
    assert refused.value.hint


def test_without_ncnn_it_says_so(drawing, monkeypatch):
    """`ready` tells and `upscale` raises, instead of a plain resize passed off as the real thing."""
    assert module.ready() is None
    monkeypatch.setitem(sys.modules, "ncnn", None)
    module._network.cache_clear()
    assert "ncnn" in module.ready()
    with pytest.raises(EngineError, match="ncnn") as refused:
        upscale(drawing[0], 2)
    assert refused.value.code == "no_upscaler"


def test_damaged_weights_are_named(drawing, monkeypatch, tmp_path):
    """A missing or shortened file is found before ncnn reads it."""
    monkeypatch.setattr(module, "HOME", tmp_path)
    module._network.cache_clear()
    assert module.WEIGHTS in module.ready()
    (tmp_path / module.WEIGHTS).write_bytes(b"short")
    for factor in (2, 4):
        (tmp_path / f"{module.NAME}-x{factor}.param").write_text("", encoding="ascii")
    with pytest.raises(EngineError, match="damaged"):
        upscale(drawing[0], 2)
