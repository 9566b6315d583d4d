"""A first opinion of a picture by its pixels alone: is it sharp, clean, well lit, and is there something in it?

Every property is measured once and read against two calibrations, one for drawings and one for photographs: flat areas
are right in a drawing, soft edges belong to a photo's depth, a white background to a drawing. How both were found is in
`docs/quality.md`. It knows nothing of likeness, beauty or what the prompt asked for. numpy and Pillow only.
"""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from PIL.Image import Image

LONGEST = 512  # larger pictures are judged at this size, as they are looked at
KINDS = ("drawn", "photo")
# What counts, and how much. Composition is a hint and counts nothing.
WEIGHTS = {
    "sharpness": 0.35, "exposure": 0.2, "contrast": 0.15, "noise": 0.2, "clipping": 0.1, "banding": 0.1, "content": 0.1,
}  # fmt: skip
PARTS = (*WEIGHTS, "composition")
# Where a measure counts as 0 and where as 1.
CALIBRATION: dict[str, dict[str, tuple[float, float]]] = {
    "drawn": {
        "sharpness": (0.2, 0.52),  # share of an edge's height in its steepest pixel: a 2 px blur, a hard line
        "noise": (0.022, 0.002),  # deviation in the calmest fifth, of the whole range of brightness
        "bright": (0.75, 0.3),  # share of pixels that are pure white
        "dark": (0.75, 0.3),  # or pure black
        "banding": (0.09, 0.01),  # share of gentle slopes that go in stairs
        "range": (0.1, 0.6),  # from the third darkest hundredth to the third brightest
        "spread": (0.02, 0.2),  # standard deviation of the brightness
        "content": (0.005, 0.05),  # share of small squares in which anything changes
    },
    "photo": {
        "sharpness": (0.2, 0.47),
        "noise": (0.018, 0.004),
        "bright": (0.2, 0.02),
        "dark": (0.5, 0.15),
        "banding": (0.035, 0.005),
        "range": (0.1, 0.6),
        "spread": (0.02, 0.2),
        "content": (0.01, 0.12),
    },
}
NOTED = 0.5  # parts below this are spoken of
_BLOCK = 16  # side of the small squares, pixels
_GRID = 64  # side of the picture in which a subject is looked for
_CALM, _CUT_TOP, _CUT_SIDE, _SMALL = 0.06, 0.12, 0.45, 0.04


def score(image: "Image", kind: str = "drawn", ignore: Iterable[str] = ()) -> dict:
    """`score`, the parts of `WEIGHTS`, each 0 to 1, higher is better (noise, clipping, banding: 1 = none),
    `composition` (None where the background is too restless to tell), `kind`, `why`, a sentence for each weak part by
    its name, and `notes`, those of the parts that count.

    `kind` is drawn or photo. Parts in `ignore` neither count nor are spoken of. Any size and mode; transparency counts
    as white.
    """
    picture = _fitted(image)
    found, limits = measures(picture), CALIBRATION[kind]
    grade = lambda name: _ramp(found[name], *limits[name])
    parts: dict[str, float | None] = {
        "sharpness": grade("sharpness"),
        "exposure": _ramp(found["level"], 0.05, 0.28) * _ramp(found["level"], 0.98, 0.85),
        "contrast": 0.6 * grade("range") + 0.4 * grade("spread"),
        "noise": grade("noise"),
        "clipping": min(grade("bright"), grade("dark")),
        "banding": grade("banding"),
        "content": grade("content"),
    }
    parts = {name: round(value, 3) for name, value in parts.items()}
    parts["composition"], hint = composition(picture)
    left, why = set(ignore), _why(parts, found, hint)
    notes = [text for name, text in why.items() if name not in left]
    return {"score": whole(parts, left), **parts, "kind": kind, "why": why, "notes": notes}


def whole(parts: Mapping[str, float | None], ignore: Iterable[str] = ()) -> float:
    """The score of these parts: a weighted geometric mean, so that one that fails is not made up for by the others.
    Parts that are not there (pictures scored long ago) do not count."""
    left = set(ignore)
    counted = {name: share for name, share in WEIGHTS.items() if name not in left and parts.get(name) is not None}
    if not counted:
        return 1.0
    total = sum(share * math.log(max(parts[name], 0.02)) for name, share in counted.items())
    return round(math.exp(total / sum(counted.values())), 3)


def _why(parts: Mapping, found: Mapping, hint: str) -> dict[str, str]:
    """One sentence for each weak part, with the measure that says so."""
    pure, share = ("white", found["bright"]) if found["bright"] > found["dark"] else ("black", found["dark"])
    said = {
        "exposure": "It is too dark." if found["level"] < 0.5 else "It is too bright.",
        "clipping": f"{round(share * 100)} % of it is pure {pure}: what was there is lost.",
        "sharpness": "Edges are soft, as if it were out of focus.",
        "noise": "There is grain in areas that should be even.",
        "contrast": "There is little contrast: the darkest and the brightest parts lie close together.",
        "banding": "Smooth areas show steps of colour.",
    }
    if parts["content"] < NOTED:  # where nothing is, only its light can be judged
        said = {
            "content": "There is almost nothing in the picture: nearly all of it is one even area.",
            "exposure": said["exposure"],
        }
        hint = ""
    weak = {name: text for name, text in said.items() if parts[name] < NOTED}
    return weak | ({"composition": hint} if hint else {})


def measures(picture: "Image") -> dict[str, float]:
    """What is measured, before any calibration: `sharpness`, `level`, `bright`, `dark`, `range`, `spread`, `noise`,
    `banding`, `content`. `picture` is RGB."""
    import numpy

    colours = numpy.asarray(picture, dtype=numpy.float32) / 255
    luma = colours @ numpy.array([0.299, 0.587, 0.114], numpy.float32)
    low, high = numpy.percentile(luma[::2, ::2], [3, 97])
    noise, content = _small_squares(luma)
    return {
        "sharpness": _steepness(luma),
        "level": float(luma.mean()),
        "bright": float((luma > 0.992).mean()),
        "dark": float((luma < 0.008).mean()),
        "range": float(high - low),
        "spread": float(luma.std()),
        "noise": noise,
        "banding": _stairs(luma),
        "content": content,
    }


def _fitted(image: "Image") -> "Image":
    from PIL import Image

    if image.has_transparency_data:
        on_white = Image.new("RGBA", image.size, "white")
        on_white.alpha_composite(image.convert("RGBA"))
        image = on_white
    picture = image.convert("RGB")
    if max(picture.size) > LONGEST:
        picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    return picture


def _ramp(value: float, low: float, high: float) -> float:
    """0 at `low` and beyond, 1 at `high` and beyond, straight between; `low` may be the larger one."""
    return float(min(1.0, max(0.0, (value - low) / (high - low))))


def _steepness(luma: "numpy.ndarray") -> float:
    """How steep the strongest edges are for their height: the step over one pixel against the change over seven.

    A share, so it does not depend on how many edges there are or how much contrast they have; 0 without any edge.
    """
    import numpy

    steepness = []
    for plane in (luma, numpy.ascontiguousarray(luma.T)):
        if plane.shape[1] < 16:
            continue
        step = numpy.abs(plane[:, 1:] - plane[:, :-1])
        span = numpy.abs(plane[:, 7:] - plane[:, :-7])
        near = numpy.maximum.reduce([step[:, k : k + span.shape[1]] for k in range(7)])
        edges = span > max(0.12, float(numpy.percentile(span[::2, ::2], 90)))
        if edges.sum() >= 50:
            steepness.append(numpy.median(near[edges] / span[edges]))
    return float(numpy.mean(steepness)) if steepness else 0.0


def _small_squares(luma: "numpy.ndarray") -> tuple[float, float]:
    """(noise, content): the deviation of fine grain in the calmest fifth of the squares that are neither black nor
    white, after Immerkaer (1996), and the share of squares in which anything changes."""
    import numpy

    rows, columns = (luma.shape[0] - 2) // _BLOCK, (luma.shape[1] - 2) // _BLOCK
    if rows < 1 or columns < 1:
        return 0.0, float(luma.std() > 0.02)
    across = luma[:, :-2] - 2 * luma[:, 1:-1] + luma[:, 2:]
    grain = numpy.abs(across[:-2] - 2 * across[1:-1] + across[2:])
    cut = lambda plane: plane[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    inner = cut(luma[1:-1, 1:-1])
    level = inner.mean((1, 3))
    changes = numpy.sqrt(numpy.maximum((inner**2).mean((1, 3)) - level**2, 0))
    changes = changes > max(0.006, 0.1 * float(luma.std()))  # for its contrast: a pale picture is not an empty one
    told = cut(grain).mean((1, 3))[(level > 0.03) & (level < 0.97)]
    noise = float(numpy.percentile(told, 20)) * math.sqrt(math.pi / 2) / 6 if told.size >= 8 else 0.0
    return noise, float(changes.mean())


def _stairs(luma: "numpy.ndarray") -> float:
    """The share of gentle slopes that go in stairs: level, one visible step, level again.

    An edge is higher than such a step, a smooth slope never level on both sides of it.
    """
    import numpy

    stairs = slopes = 0
    for plane in (luma, numpy.ascontiguousarray(luma.T)):
        if plane.shape[1] < 32:
            continue
        step = numpy.abs(plane[:, 5:-4] - plane[:, 4:-5])
        before = numpy.abs(plane[:, 4:-5] - plane[:, :-9])
        after = numpy.abs(plane[:, 9:] - plane[:, 5:-4])
        level = (before < 0.004) & (after < 0.004)
        stairs += int((level & (step > 0.012) & (step < 0.14)).sum())
        span = numpy.abs(plane[:, 9:] - plane[:, :-9])
        slopes += int(((span > 0.012) & (span < 0.14)).sum())
    return stairs / slopes if slopes else 0.0


# ---------------------------------------------------------------- composition
def composition(picture: "Image") -> tuple[float | None, str]:
    """(1 for fine or 0.3, a hint or ""): whether the subject is cut off or small. (None, "") without an opinion.

    The subject is the largest part that stands out from a background whose colour may change evenly. Where the edge of
    the picture is too restless for that nothing is said. The lower edge may cut anybody, as in a portrait.
    """
    import numpy

    side = numpy.asarray(picture.resize((_GRID, _GRID), 4), dtype=numpy.float32) / 255  # 4: a mean over each field
    y, x = numpy.mgrid[0:_GRID, 0:_GRID] / (_GRID - 1)
    plane = numpy.stack([numpy.ones_like(x), x, y], axis=-1)
    ring = numpy.zeros((_GRID, _GRID), bool)
    ring[:3] = True
    ring[: _GRID * 3 // 5, :3] = ring[: _GRID * 3 // 5, -3:] = True
    background = numpy.median(side[ring], axis=0)
    for _ in range(4):  # what does not fit the background (a head that is cut off) is left out of it
        apart = numpy.abs(side - background).max(2)
        limit = max(0.03, 2.5 * float(numpy.median(apart[ring])))
        where = ring & (apart <= limit)
        if where.sum() < ring.sum() // 3:
            return None, ""
        background = plane @ numpy.linalg.lstsq(plane[where], side[where], rcond=None)[0]
    apart = numpy.abs(side - background).max(2)
    upper = _GRID * 3 // 5
    edges = {"top": apart[:3], "left": apart[:upper, :3], "right": apart[:upper, -3:]}
    restless = [name for name, part in edges.items() if float((part <= _CALM).mean()) < 0.9]
    if len(restless) > 1:  # a place rather than a background: what stands out there is not the subject
        return None, ""
    subject = _largest(apart > max(0.12, 2 * limit))
    area = float(subject.mean())
    if not area:
        return None, ""
    if restless == ["top"] and subject[0].mean() > _CUT_TOP and area > _SMALL:
        return 0.3, "The subject is cut off at the top."
    for name, edge in (("left", subject[:upper, 0]), ("right", subject[:upper, -1])):
        if restless == [name] and edge.mean() > _CUT_SIDE and area > _SMALL:
            return 0.3, f"The subject is cut off on the {name}."
    return (0.3, "The subject is small in the picture.") if area < _SMALL else (1.0, "")


def _largest(mask: "numpy.ndarray") -> "numpy.ndarray":
    """The largest connected part of a small mask."""
    import numpy

    left, best = {(int(row), int(column)) for row, column in zip(*numpy.nonzero(mask), strict=True)}, []
    while len(left) > len(best):
        part, open_ = [], [left.pop()]
        while open_:
            row, column = open_.pop()
            part.append((row, column))
            for beside in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if beside in left:
                    left.remove(beside)
                    open_.append(beside)
        best = max(best, part, key=len)
    found = numpy.zeros_like(mask)
    for row, column in best:
        found[row, column] = True
    return found
