"""A part of a picture changed at the picture's own size: where to work, what an engine gets, what is put back.

Engines draw well at few sizes. A part is therefore repainted in windows: boxes in the shape of an engine's size, cut
out, brought to that size, repainted, brought back and laid in under the mask. Where it is black no pixel is touched.
Masks are shades of grey (L): white changes, black stays.

Knows Pillow, numpy and what a run is; no engine by name.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.base import Engine, EngineError, ImageInputs

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels

OVERLAP = 1 / 4  # of a window's side: what it sees of its neighbours, or of the picture around the part
CLOSE_ROOM = 1.5  # a part that is worked on close up has half its own size around it
PREVIEW_SIDE = 192  # pixels of a preview's longer side
_FADE = 1 / 16  # of an engine's shorter side: how far beyond the part it draws, to measure its colours there
_SEEDS = 2**32
_NEXT_WINDOW = 7919  # from a window's seed to the next one's: equal noise would draw equal things


# ---------------------------------------------------------------- masks
def softened(mask: "Image", feather: int) -> "Image":
    """The mask with an edge that fades over `feather` pixels, inwards only: what was black stays black.

    The distance to the nearest black pixel counts along rows, columns and diagonals alike; the border of the picture is
    no edge.
    """
    if feather <= 0:
        return mask
    import numpy

    left = numpy.asarray(mask.convert("L")) > 0
    depth = numpy.zeros(left.shape, numpy.uint16)
    for _ in range(feather + 1):
        depth += left
        padded = numpy.pad(left, 1, mode="edge")
        rows = padded[:-2] & padded[1:-1] & padded[2:]
        left = rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]
        if not left.any():
            break
    share = depth.astype(numpy.float32) / (feather + 1)
    return _image(numpy.asarray(mask.convert("L")) * share)


def box_mask(size: tuple[int, int], box: Box) -> "Image":
    """White inside an ellipse-like box with round corners, black around it."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", size, 0)
    radius = min(box[2] - box[0], box[3] - box[1]) * 2 // 5
    ImageDraw.Draw(mask).rounded_rectangle((box[0], box[1], box[2] - 1, box[3] - 1), radius, fill=255)
    return mask


def extended(image: "Image", left: int, top: int, right: int, bottom: int) -> "tuple[Image, Image]":
    """A larger picture with `image` in it, and the mask of what is new. The new area draws the picture's edge out, ever
    more blurred, so that an engine that looks at it begins with fitting colours, and a soft edge has something to fade
    from."""
    import numpy
    from PIL import Image, ImageFilter

    sides = ((top, bottom), (left, right))
    pixels = numpy.asarray(image.convert("RGB"))
    drawn_out = numpy.pad(pixels, (*sides, (0, 0)), mode="edge")
    blur = max(2, min(32, max(left, top, right, bottom) / 16))
    blurred = Image.fromarray(drawn_out).filter(ImageFilter.GaussianBlur(blur))
    ramp = lambda n, side: numpy.pad(numpy.zeros(n), side, mode="linear_ramp", end_values=side)
    far = [ramp(n, side) for n, side in zip(pixels.shape[:2], sides, strict=True)]
    distance = numpy.maximum(far[0][:, None], far[1][None, :])
    canvas = Image.composite(blurred, Image.fromarray(drawn_out), _image(distance * 255 / (3 * blur)))
    canvas.paste(image.convert("RGB"), (left, top))
    mask = Image.new("L", canvas.size, 255)
    mask.paste(0, (left, top, left + image.width, top + image.height))
    return canvas, mask


# ---------------------------------------------------------------- where to work
def windows(size: tuple[int, int], area: Box, shape: tuple[int, int], close: bool = False) -> list[Box]:
    """Boxes of the proportions of `shape` inside a picture of `size` that together cover `area`.

    They are as large as the picture allows; with `close` only as large as the area needs, so that the engine gives it
    more pixels, when one such window is enough.
    """
    most = min(size[0] / shape[0], size[1] / shape[1])
    scale = most
    if close:
        needed = max((area[2] - area[0]) / shape[0], (area[3] - area[1]) / shape[1]) * CLOSE_ROOM
        scale = min(most, needed)
    wide, high = (max(1, min(full, round(side * scale))) for full, side in zip(size, shape, strict=True))
    columns = _places(size[0], area[0], area[2], wide)
    rows = _places(size[1], area[1], area[3], high)
    return [(x, y, x + wide, y + high) for y in rows for x in columns]


def _places(full: int, start: int, end: int, length: int) -> list[int]:
    """Where windows of this length begin so that they cover start to end and see something around it."""
    if end - start <= length * (1 - OVERLAP) or length >= full:
        return [max(0, min(full - length, (start + end - length) // 2))]
    room = round(length * OVERLAP)
    start, end = max(0, start - room), min(full, end + room)
    if end - start <= length:
        return [max(0, min(full - length, (start + end - length) // 2))]
    count = -(-(end - start - room) // (length - room))
    return [start + round((end - start - length) * number / (count - 1)) for number in range(count)]


def nearest_shape(size: tuple[int, int], area: Box, shapes: Sequence[tuple[int, int]], close: bool = False):
    """The engine's size that needs the fewest windows; among equals the one most like the picture, or the area."""
    import math

    about = (area[2] - area[0]) / (area[3] - area[1]) if close else size[0] / size[1]
    unlike = lambda shape: abs(math.log(shape[0] / shape[1] / about))
    return min(shapes, key=lambda shape: (len(windows(size, area, shape, close)), unlike(shape)))


# ---------------------------------------------------------------- the work
def repaint(
    engine: Engine,
    inputs: ImageInputs,
    canvas: "Image",
    mask: "Image",
    report: Callable,
    *,
    feather: int = 0,
    reach: str = "near",
    enlarge: "Callable[[Image, int], Image] | None" = None,
) -> "list[Image]":
    """`canvas` with its masked part repainted, one RGB picture of its size per seed of `inputs`.

    `inputs` says prompt, settings, strength and the engine's size; its picture and mask are set here. `reach` is how
    much of the picture one run sees: "near" the largest window that fits into it, "close" only the part and some room
    around it, "whole" all of the picture, for what has to fit together. `enlarge(image, 2 or 4)` brings what was drawn
    smaller than its window to size; without it, it is interpolated. `report` is called as an engine's run calls it,
    over all windows, with frames of the whole picture. Raises EngineError: `mask`.
    """
    from PIL import Image

    canvas = canvas.convert("RGB")
    mask = mask.convert("L")
    area = mask.getbbox()
    if area is None:
        raise EngineError("Nothing of the picture is marked.", "Mark what should change.", "mask")
    soft = softened(mask, feather)
    shape = (inputs.width, inputs.height)
    inner = (0, 0, *canvas.size)
    if reach == "whole":
        canvas, mask, soft, inner = _fitting(canvas, mask, soft, shape)
        area = mask.getbbox()
    waiting = [box for box in windows(canvas.size, area, shape, reach == "close") if mask.crop(box).getbbox()]
    pictures = [canvas.copy() for _ in inputs.seeds]
    left = mask.copy()  # what no window has repainted yet
    runs = 1 + (len(waiting) - 1) * len(inputs.seeds)
    done_runs = 0
    for number in range(len(waiting)):
        box = min(waiting, key=lambda one: _share(left, one))  # where most is known already
        waiting.remove(box)
        part, soft_part = left.crop(box), soft.crop(box)
        seeds = [(seed + number * _NEXT_WINDOW) % _SEEDS for seed in inputs.seeds]
        # the first window looks the same for all seeds, so that they go through the engine together
        batches = [list(range(len(seeds)))] if number == 0 else [[index] for index in range(len(seeds))]
        for batch in batches:
            given = _given(inputs, pictures[batch[0]].crop(box), part, [seeds[index] for index in batch])
            told = _told(report, done_runs, runs, pictures, batch, box, soft_part)
            for index, drawn in zip(batch, engine.run(given, told), strict=True):
                before = pictures[index].crop(box)
                fitted = _toned(_to_size(drawn, before.size, enlarge), before, part, shape)
                under = Image.fromarray(_least(soft_part, part))
                pictures[index].paste(Image.composite(fitted, before, under), box[:2])
            done_runs += 1
        left.paste(0, box)
    return [picture.crop(inner) for picture in pictures]


def _fitting(canvas: "Image", mask: "Image", soft: "Image", shape: tuple[int, int]) -> tuple:
    """The picture with as much around it as makes it an engine's shape, all of that to be painted and thrown away; the
    masks likewise, and where the picture lies."""
    from PIL import ImageOps

    scale = max(canvas.width / shape[0], canvas.height / shape[1])
    more = [max(0, round(side * scale) - full) for side, full in zip(shape, canvas.size, strict=True)]
    left, top = more[0] // 2, more[1] // 2
    sides = (left, top, more[0] - left, more[1] - top)
    inner = (left, top, left + canvas.width, top + canvas.height)
    masks = [ImageOps.expand(one, sides, 255) for one in (mask, soft)]
    return extended(canvas, *sides)[0], *masks, inner


def _given(inputs: ImageInputs, picture: "Image", part: "Image", seeds: Sequence[int]) -> ImageInputs:
    """One window as a run: at the engine's size, drawn a little beyond the part so that its colours can be compared."""
    from PIL import Image, ImageFilter

    size = (inputs.width, inputs.height)
    small = part.point(lambda value: 255 if value else 0).resize(size, Image.Resampling.BOX)
    fade = max(2, round(min(size) * _FADE))
    grown = small.point(lambda value: 255 if value else 0).filter(ImageFilter.MaxFilter(2 * fade + 1))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    return replace(inputs, image=picture, mask=grown, seeds=list(seeds))


def _toned(drawn: "Image", before: "Image", part: "Image", shape: tuple[int, int]) -> "Image":
    """What was drawn, in the colours of what is around it: the difference on the strip that was drawn beyond the part
    is spread inwards, so that an autoencoder's small shift leaves no edge."""
    import numpy
    from PIL import Image, ImageFilter

    fade = max(2, round(min(shape) * _FADE)) * before.width / shape[0]
    hard = part.point(lambda value: 255 if value else 0)
    reach = max(1, round(fade * 0.6))
    small = (max(1, before.width // 4), max(1, before.height // 4))
    wide = hard.resize(small, Image.Resampling.BOX).point(lambda value: 255 if value else 0)
    wide = wide.filter(ImageFilter.MaxFilter(2 * max(1, reach // 4) + 1)).resize(before.size, Image.Resampling.NEAREST)
    strip = (numpy.asarray(wide) > 0) & (numpy.asarray(hard) == 0)
    if not strip.any():
        return drawn
    new, old = (numpy.asarray(one, dtype=numpy.float32) for one in (drawn, before))
    # an edge of a line that moved is no shift of colour
    shift = numpy.clip(old - new, -16, 16) * strip[..., None]
    spread = numpy.concatenate([shift, strip[..., None]], axis=2).astype(numpy.float32)
    for _ in range(3):  # three boxes are nearly a bell: no edge of its own
        spread = _blurred(spread, reach)
    weight = spread[..., 3:]
    return _image(new + spread[..., :3] / numpy.maximum(weight, 1e-3) * numpy.clip(weight * 4, 0, 1))


def _blurred(planes, radius: int):
    """Mean over a square of 2 x radius + 1 pixels; planes are height x width x any. Pillow blurs no floats."""
    import numpy

    for axis in (0, 1):
        ends = [(radius + 1, radius) if one == axis else (0, 0) for one in range(3)]
        total = numpy.cumsum(numpy.pad(planes, ends), axis=axis, dtype=numpy.float64)
        size = planes.shape[axis]
        upper = numpy.take(total, range(2 * radius + 1, 2 * radius + 1 + size), axis=axis)
        planes = (upper - numpy.take(total, range(size), axis=axis)) / (2 * radius + 1)
    return planes


def _to_size(drawn: "Image", size: tuple[int, int], enlarge) -> "Image":
    from PIL import Image

    factor = size[0] / drawn.width
    if enlarge is not None and factor > 1.1:
        drawn = enlarge(drawn, 2 if factor <= 2.2 else 4)
    return drawn if drawn.size == size else drawn.resize(size, Image.Resampling.LANCZOS)


def _told(report, done_runs: int, runs: int, pictures, batch, box: Box, under: "Image"):
    """An engine's report as one over all windows; its small frames are shown where they belong."""

    def told(done: int, total: int, frames=None) -> None:
        whole = None if frames is None else lambda: _frames(frames(), pictures, batch, box, under)
        report(done_runs * total + done, runs * total, whole)

    return told


def _frames(frames, pictures, batch, box: Box, under: "Image") -> "list[Image]":
    scale = min(1.0, PREVIEW_SIDE / max(pictures[0].size))
    place = [round(side * scale) for side in box]
    size = (max(1, place[2] - place[0]), max(1, place[3] - place[1]))
    mask = under.resize(size)
    small = [one.resize([max(1, round(side * scale)) for side in one.size]) for one in pictures]
    for index, frame in zip(batch, frames, strict=False):
        small[index].paste(frame.convert("RGB").resize(size), place[:2], mask)
    return small


def _share(mask: "Image", box: Box) -> float:
    """How much of a box is still to be painted; a box with nothing to paint comes last."""
    from PIL import ImageStat

    return ImageStat.Stat(mask.crop(box)).mean[0] or 256.0


def _least(one: "Image", other: "Image"):
    import numpy

    return numpy.minimum(numpy.asarray(one), numpy.asarray(other))


def _image(values) -> "Image":
    import numpy
    from PIL import Image

    return Image.fromarray(numpy.clip(values, 0, 255).round().astype(numpy.uint8))
