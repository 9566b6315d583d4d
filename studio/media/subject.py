"""Where people look in a picture: the face or the head, and the subject it belongs to. For crops, not for recognition.

Arithmetic over a small copy: skin-like patches that are compact and high up count as faces; what differs from the
picture's border in colour counts as the subject. It can be wrong where nothing is skin-like and the border is as lively
as the middle. About 6 ms of one core, and the time to make the small copy.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PIL import Image

from studio.media.pictures import flattened

if TYPE_CHECKING:
    import numpy

Box = tuple[int, int, int, int]
SIDE = 96  # longest side of the copy that is looked at
_LEAST = 0.004  # share of the picture a patch of skin needs to be a face
_HELD = 0.9  # share of the subject's weight its box holds


def subject(image: Image.Image) -> list[Box]:
    """Two boxes (left, top, right, bottom) in the picture's pixels: the head, or where it would be, and the subject.

    Any size and mode; a picture without anything in it gives its middle.
    """
    import numpy

    scale = SIDE / max(image.size)
    small = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    pixels = numpy.asarray(flattened(image).resize(small, Image.Resampling.BOX), dtype=numpy.float32)
    weight = _weight(pixels)
    body = _body(weight)
    found = [_head(pixels, weight) or _upper(body), body]
    grow_x, grow_y = image.width / small[0], image.height / small[1]
    return [
        (int(left * grow_x), int(top * grow_y), int(-(-right * grow_x // 1)), int(-(-bottom * grow_y // 1)))
        for left, top, right, bottom in found
    ]


def _weight(pixels: numpy.ndarray) -> numpy.ndarray:
    """(H, W): how much each pixel differs from the border, 0 to 1, with a mild liking for the middle."""
    import numpy

    height, width = pixels.shape[:2]
    rim = numpy.concatenate([pixels[0], pixels[:, 0], pixels[:, -1]])  # the lower rim is where bodies leave the picture
    rim = rim[:: max(1, len(rim) // 48)]
    nearest = numpy.full((height, width), 1e9, numpy.float32)
    for colour in rim:
        numpy.minimum(nearest, numpy.abs(pixels - colour).sum(2), out=nearest)
    across = 1 - ((numpy.arange(width) + 0.5) / width * 2 - 1) ** 2 * 0.5
    down = 1 - ((numpy.arange(height) + 0.5) / height * 2 - 1) ** 2 * 0.3
    weight = numpy.clip(nearest / 160 - 0.15, 0, 1) * across[None] * down[:, None]
    return weight.astype(numpy.float32)


def _body(weight: numpy.ndarray) -> Box:
    """The box that holds most of the weight each way."""
    import numpy

    if weight.sum() < 0.01 * weight.size:
        height, width = weight.shape
        return (width // 4, height // 4, max(width // 4 + 1, width * 3 // 4), max(height // 4 + 1, height * 3 // 4))
    sides = []
    for axis in (0, 1):
        run = numpy.cumsum(weight.sum(axis))
        cut = (1 - _HELD) / 2 * run[-1]
        sides.append((int(numpy.searchsorted(run, cut)), int(numpy.searchsorted(run, run[-1] - cut)) + 1))
    (left, right), (top, bottom) = sides
    return (left, top, min(right, weight.shape[1]), min(bottom, weight.shape[0]))


def _upper(body: Box) -> Box:
    """Where the head of a standing or sitting body is."""
    left, top, right, bottom = body
    return (left, top, right, top + max(1, min(bottom - top, (right - left), (bottom - top) // 2 + 1)))


def _head(pixels: numpy.ndarray, weight: numpy.ndarray) -> Box | None:
    """The most face-like patch of skin, with room for hair and chin."""
    height, width = weight.shape
    best, box = 0.0, None
    for patch in _patches(_skin(pixels)):
        area, left, top, right, bottom = patch
        across, down = right - left, bottom - top
        if area < _LEAST * width * height or across < 3 or down < 3:
            continue
        if across > 0.8 * width or down > 0.8 * height:
            continue  # a sandy ground, a wooden wall
        fill = area / (across * down)
        shape = min(across, down) / max(across, down)
        high = 1 - 0.6 * ((top + bottom) / 2 / height)
        stands_out = 0.15 + float(weight[top:bottom, left:right].mean())
        middle = 1 - 0.5 * abs((left + right) / width - 1)
        value = area**0.5 * fill * (0.4 + shape) * high * stands_out * middle
        if left == 0 or right == width:
            value *= 0.3  # what runs out of the picture sideways is a sky or a wall more often than a face
        if value > best:
            best, box = value, (left, top, right, bottom)
    if box is None:
        return None
    left, top, right, bottom = box
    across, down = right - left, min(bottom - top, int((right - left) * 1.5) + 1)  # a neck or chest is no face
    bottom = top + down
    grown = (left - across * 0.3, top - down * 0.45, right + across * 0.3, bottom + down * 0.2)
    return (max(0, int(grown[0])), max(0, int(grown[1])), min(width, round(grown[2])), min(height, round(grown[3])))


def _skin(pixels: numpy.ndarray) -> numpy.ndarray:
    """(H, W) of bool: the hues of human skin, light to dark, drawn ones included."""
    import numpy

    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    cb, cr = 128 + 0.564 * (blue - light), 128 + 0.713 * (red - light)
    hue = (cr > 133) & (cr < 178) & (cb > 75) & (cb < 128)
    return hue & (light > 40) & (red > green + 6) & (green > blue - 12) & (numpy.abs(red - blue) > 15)


def _patches(mask: numpy.ndarray):
    """(area, left, top, right, bottom) of every patch of touching pixels."""
    height, width = mask.shape
    left_over = mask.copy()
    for y in range(height):
        for x in range(width):
            if not left_over[y, x]:
                continue
            left_over[y, x] = False
            area, box, queue = 0, [x, y, x + 1, y + 1], deque([(y, x)])
            while queue:
                row, column = queue.popleft()
                area += 1
                box = [min(box[0], column), min(box[1], row), max(box[2], column + 1), max(box[3], row + 1)]
                for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                    if 0 <= r < height and 0 <= c < width and left_over[r, c]:
                        left_over[r, c] = False
                        queue.append((r, c))
            yield (area, *box)
