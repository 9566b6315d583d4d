"""Plates: the pictures of a reel cut and sized for their movement, so that ffmpeg gets plain files of one kind.

A movement is two boxes of the reel's proportions inside the picture; the plate is what the two need, a little larger
than it will be shown, so that the movement goes in parts of a pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageEnhance, ImageFilter

from studio.domain.motion import Movement

SMOOTH = 2.0  # a plate's pixels per shown pixel: a movement's smallest step is half a pixel
MOST_PIXELS = 160_000_000  # of all plates of a reel together; more shots get smaller plates
_PER_SECOND, _LEAST, _MOST = 0.045, 0.08, 0.22  # how much nearer a movement comes
_HEAD = 0.42  # where in the height the focus comes to lie
_KEEP = 0.16  # of the box, how near to its edge the focus may come


@dataclass(frozen=True)
class Box:
    """A part of a picture in its pixels, of the reel's proportions."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Plate:
    """A picture ready to be filmed: `image` has the reel's proportions; the camera goes from `begin` to `end`, boxes in
    its pixels.
    """

    image: Image.Image
    begin: Box
    end: Box

    @property
    def moves(self) -> bool:
        return self.begin != self.end


def movement_of(movement: Movement, number: int, size: tuple[int, int], aspect: float) -> Movement:
    """What "auto" does with the shot of this number: nearer and away in turn, along pictures that are much wider or
    taller than the reel now and then.
    """
    if movement != "auto":
        return movement
    shape = size[0] / size[1] / aspect
    if number % 3 == 2:
        if shape > 1.2:
            return "right" if number % 2 else "left"
        if shape < 0.8:
            return "down" if number % 2 else "up"
    return "out" if number % 2 else "in"


def boxes(
    size: tuple[int, int], aspect: float, movement: Movement, focus: tuple[float, float], seconds: float
) -> tuple[Box, Box]:
    """Where the camera begins and ends in a picture of `size`; `focus` (shares) is inside every box in between."""
    wide, high = size
    full = (high * aspect, high) if wide / high > aspect else (wide, wide / aspect)
    share = min(_MOST, max(_LEAST, _PER_SECOND * seconds))
    if movement == "still":
        box = _around(size, full, focus)
        return box, box
    if movement in ("in", "out"):
        far = _around(size, full, focus)
        near = _around(size, tuple(side / (1 + share) for side in full), focus)
        return (far, near) if movement == "in" else (near, far)
    sides = tuple(side / (1 + share * 0.5) for side in full)
    middle = _around(size, sides, focus)
    way = share * (sides[0] if movement in ("left", "right") else sides[1])
    ends = []
    for step in (-0.5, 0.5):
        if movement in ("left", "right"):
            low, high_ = _limits(focus[0] * wide, sides[0], wide)
            ends.append(Box(min(max(middle.x + step * way, low), high_), middle.y, *sides))
        else:
            low, high_ = _limits(focus[1] * high, sides[1], high)
            ends.append(Box(middle.x, min(max(middle.y + step * way, low), high_), *sides))
    return (ends[0], ends[1]) if movement in ("right", "down") else (ends[1], ends[0])


def _around(size: tuple[int, int], sides: tuple[float, float], focus: tuple[float, float]) -> Box:
    """A box of these sides with the focus a little above its middle, as far as the picture reaches."""
    x = max(0, min(focus[0] * size[0] - sides[0] / 2, size[0] - sides[0]))
    y = max(0, min(focus[1] * size[1] - sides[1] * _HEAD, size[1] - sides[1]))
    return Box(x, y, *sides)


def _limits(focus: float, side: float, whole: float) -> tuple[float, float]:
    """How far a box may go along one side and still have the focus well inside, and lie in the picture."""
    low, high = max(0.0, focus - side * (1 - _KEEP)), min(whole - side, focus - side * _KEEP)
    middle = min(max(focus - side / 2, 0), whole - side)
    return min(low, middle), max(high, middle)


def smoothness(sizes: Sequence[tuple[int, int]]) -> float:
    """How much larger than shown the plates of shots of these sizes may be."""
    pixels = sum(wide * high for wide, high in sizes) or 1
    return max(1.0, min(SMOOTH, (MOST_PIXELS / pixels) ** 0.5))


def filmed(
    image: Image.Image,
    size: tuple[int, int],
    movement: Movement,
    focus: tuple[float, float],
    seconds: float,
    *,
    fit: str = "fill",
    smooth: float = SMOOTH,
) -> Plate:
    """The plate of a picture (RGB) for a reel of `size` pixels."""
    if fit == "whole":
        image, focus = whole(image, size, focus, smooth)
    aspect = size[0] / size[1]
    begin, end = boxes(image.size, aspect, movement, focus, seconds)
    if begin == end:
        still = image.resize(size, Image.Resampling.LANCZOS, box=_corners(begin, image.size))
        box = Box(0, 0, *size)
        return Plate(still, box, box)
    left, top = min(begin.x, end.x), min(begin.y, end.y)
    right = max(begin.x + begin.width, end.x + end.width)
    bottom = max(begin.y + begin.height, end.y + end.height)
    scale = size[0] * smooth / max(begin.width, end.width)
    seen = (round((right - left) * scale), round((bottom - top) * scale))
    part = image.resize(
        seen, Image.Resampling.BICUBIC, box=_corners(Box(left, top, right - left, bottom - top), image.size)
    )
    wide = max(seen[0], round(seen[1] * aspect))
    plate = Image.new("RGB", (wide, round(wide / aspect)))
    plate.paste(part)  # what lies beside it has the reel's proportions only to keep the camera's arithmetic simple
    moved = [Box((one.x - left) * scale, (one.y - top) * scale, one.width * scale, one.height * scale)
             for one in (begin, end)]  # fmt: skip
    return Plate(plate, *moved)


def _corners(box: Box, size: tuple[int, int]) -> tuple[float, float, float, float]:
    return (max(0, box.x), max(0, box.y), min(box.x + box.width, size[0]), min(box.y + box.height, size[1]))


def whole(
    image: Image.Image, size: tuple[int, int], focus: tuple[float, float], smooth: float
) -> tuple[Image.Image, tuple[float, float]]:
    """The whole picture on a blurred copy of itself, in the reel's proportions, and where its focus lies there."""
    wide, high = round(size[0] * smooth), round(size[1] * smooth)
    scale = min(wide / image.width, high / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if abs(inner[0] - wide) <= 2 and abs(inner[1] - high) <= 2:
        return image, focus
    small = (max(2, wide // 12), max(2, high // 12))
    share = max(small[0] / image.width, small[1] / image.height)
    cut = (small[0] / share, small[1] / share)
    corner = ((image.width - cut[0]) / 2, (image.height - cut[1]) / 2)
    box = (corner[0], corner[1], corner[0] + cut[0], corner[1] + cut[1])
    ground = image.resize(small, Image.Resampling.BILINEAR, box=box).filter(ImageFilter.GaussianBlur(small[0] / 14))
    ground = ImageEnhance.Brightness(ground).enhance(0.72).resize((wide, high), Image.Resampling.BICUBIC)
    place = ((wide - inner[0]) // 2, (high - inner[1]) // 2)
    ground.paste(image.resize(inner, Image.Resampling.LANCZOS), place)
    return ground, ((place[0] + focus[0] * inner[0]) / wide, (place[1] + focus[1] * inner[1]) / high)
