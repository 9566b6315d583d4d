"""Who or what stands in front: a mask of the foreground without a model and without a download.

Colours are gathered in clusters; each cluster belongs to the figure or to what is behind it, by where its pixels lie
and by what its neighbours are. Both opinions are renewed in turns, as in GrabCut (Rother et al. 2004), with averaged
neighbours (mean field) instead of a cut. It knows where portraits have their figure; a person mends what it gets wrong.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 192  # pixels of the longer side it works at
CLUSTERS = 28
ROUNDS, SMOOTHINGS = 6, 12
_MOST_PIECES = 200
# Where figures are: ninths of certainty, the mean foreground of 240 drawings made as those the starter learned from.
_USUAL = (
    "0000111111110000", "0001122332211000", "0011245665421100", "0112468888642110",
    "0123589999853210", "0124699999964210", "0124789999874210", "0124689999864210",
    "0124689999864210", "0123688998863210", "0123689999863210", "0124678998764210",
    "0123678998763210", "0014689999864100", "0026799999976200", "0146899999986410",
)  # fmt: skip


def mask(image: "Image") -> "Image":
    """An L picture of `image`'s size: white is the foreground, black what is behind it, with no shades between."""
    import numpy
    from PIL import Image

    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    chance = _chances(numpy.asarray(small, dtype=numpy.float32) / 255)
    solid = _whole(chance > 0.5)
    chance = numpy.where(solid, numpy.maximum(chance, 0.55), numpy.minimum(chance, 0.45))
    wide = Image.fromarray((chance * 255).astype(numpy.uint8)).resize(image.size, Image.Resampling.BILINEAR)
    return wide.point(lambda value: 255 if value > 127 else 0)


def head(image: "Image") -> tuple[int, int, int, int] | None:
    """A box (left, top, right, bottom) around the head of the figure in front; None without a figure to speak of.

    The head is what stands above the shoulders: the upper part of the outline, down to where it is narrowest before it
    widens, or as high as it is wide.
    """
    import numpy

    found = numpy.asarray(mask(image)) > 127
    rows = numpy.flatnonzero(found.sum(1) > image.width * 0.06)
    if len(rows) < image.height * 0.1:
        return None
    top, widths = rows[0], found.sum(1)
    below = image.height - top
    neck = top + round(below * 0.38) + int(numpy.argmin(widths[top + round(below * 0.38) : top + round(below * 0.72)]))
    across = numpy.flatnonzero(found[top:neck].any(0))
    if not len(across):
        return None
    middle = float(numpy.average(numpy.arange(image.width), weights=found[top:neck].sum(0)))
    side = float(min(neck - top, (across[-1] - across[0]) * 1.15, min(image.size) * 0.75))
    left, upper = round(middle - side / 2), round(float(neck) - side)
    return max(0, left), max(0, upper), min(image.width, round(left + side)), min(image.height, int(neck))


def _chances(pixels):
    """How likely each pixel (h x w x 3, 0-1) is in front, h x w, 0-1."""
    import numpy

    high, wide = pixels.shape[:2]
    usual = _usual(wide, high)
    labels, count = _clusters(pixels, numpy.random.default_rng(1))
    chance = usual.copy()
    across, down = _likeness(pixels)
    prior = numpy.log(usual / (1 - usual))
    for _ in range(ROUNDS):
        front = numpy.bincount(labels.ravel(), chance.ravel(), count)
        behind = numpy.bincount(labels.ravel(), 1 - chance.ravel(), count)
        front, behind = (front + 1) / (front.sum() + count), (behind + 1) / (behind.sum() + count)
        unary = numpy.clip(numpy.log(front / behind), -4, 4)[labels] * 1.6 + prior * 0.6
        for _ in range(SMOOTHINGS):
            spin = 2 * chance - 1
            pull = numpy.zeros_like(chance)
            pull[:, 1:] += across * spin[:, :-1]
            pull[:, :-1] += across * spin[:, 1:]
            pull[1:] += down * spin[:-1]
            pull[:-1] += down * spin[1:]
            chance = 1 / (1 + numpy.exp(-numpy.clip(unary + 2.2 * pull, -30, 30)))
    return chance


def _usual(wide: int, high: int):
    import numpy
    from PIL import Image

    known = numpy.array([[int(one) for one in row] for row in _USUAL], dtype=numpy.float32) / 9
    grey = Image.fromarray((known * 255).astype(numpy.uint8)).resize((wide, high), Image.Resampling.BICUBIC)
    return numpy.clip(numpy.asarray(grey, dtype=numpy.float64) / 255, 0.04, 0.97)


def _clusters(pixels, chance) -> tuple:
    """(h x w labels, how many): colours by k-means, begun far from each other."""
    import numpy

    weight = numpy.array([[0.299, 0.587, 0.114], [-0.25, -0.5, 0.75], [0.75, -0.6, -0.15]]).T
    colours = (pixels.reshape(-1, 3) @ weight).astype(numpy.float32)
    some = colours[chance.choice(len(colours), min(len(colours), 3000), replace=False)]
    centres = [some[0]]
    nearest = ((some - centres[0]) ** 2).sum(1)
    while len(centres) < CLUSTERS and nearest.max() > 1e-4:
        centres.append(some[int(nearest.argmax())])
        nearest = numpy.minimum(nearest, ((some - centres[-1]) ** 2).sum(1))
    centres = numpy.array(centres)
    for _ in range(8):
        own = _nearest(some, centres)
        for index in range(len(centres)):
            if (own == index).any():
                centres[index] = some[own == index].mean(0)
    return _nearest(colours, centres).reshape(pixels.shape[:2]), len(centres)


def _nearest(colours, centres):
    return ((centres**2).sum(1)[None] - 2 * colours @ centres.T).argmin(1)


def _likeness(pixels) -> tuple:
    """How much each pixel is like the one to its right, and the one below: 0-1."""
    import numpy

    across = ((pixels[:, 1:] - pixels[:, :-1]) ** 2).sum(2)
    down = ((pixels[1:] - pixels[:-1]) ** 2).sum(2)
    usual = max(1e-4, 2 * float(across.sum() + down.sum()) / max(1, across.size + down.size))
    return numpy.exp(-across / usual), numpy.exp(-down / usual)


def _whole(found):
    """The largest piece, with its holes filled."""
    import numpy
    from PIL import Image, ImageDraw

    if not found.any():
        return found
    sheet = Image.fromarray(numpy.pad(found.astype(numpy.uint8), 1)).copy()  # its own memory, to be filled
    ImageDraw.floodfill(sheet, (0, 0), 2)
    sheet = sheet.point(lambda value: 0 if value == 2 else 1)  # holes are not reached from the border
    best, most = numpy.zeros(found.shape, bool), 0
    for _ in range(_MOST_PIECES):
        left = numpy.argwhere(numpy.asarray(sheet) == 1)
        if not len(left) or len(left) <= most:
            break
        ImageDraw.floodfill(sheet, (int(left[0][1]), int(left[0][0])), 3)
        piece = numpy.asarray(sheet)[1:-1, 1:-1] == 3
        if piece.sum() > most:
            best, most = piece, int(piece.sum())
        sheet = sheet.point(lambda value: 0 if value == 3 else value)
    return best
