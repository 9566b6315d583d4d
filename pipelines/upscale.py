"""Larger pictures with sharp edges: a small network for drawn art on ncnn, on the CPU, in tiles of bounded memory.

Weights: realesr-animevideov3 of Real-ESRGAN (Wang et al. 2021), BSD-3-Clause, see pipelines/upscaler/LICENSE.
It knows drawn pictures best; photographs come out smooth.
"""

import os
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.base import EngineError

if TYPE_CHECKING:
    from PIL.Image import Image

HOME = Path(__file__).resolve().parent / "upscaler"
NAME = "realesr-animevideov3"
WEIGHTS = f"{NAME}.bin"  # one file for both factors: the x2 graph is the x4 one with a halving behind it
WEIGHTS_BYTES = 1_247_368
FACTORS = (1, 2, 4)
TILE = 256  # pixels of the source; with its margin a tile takes about 50 MB
ROWS = 128  # of a tile: half a second on two busy cores, so that stopping is quick; whole squares are 12 % less work
MARGIN = 18  # the network sees 18 pixels far: with this margin tiles join without a seam
MOST_PIXELS = 8192 * 8192  # of the result

_one_at_a_time = threading.Lock()


def ready() -> str | None:
    """None when pictures can be enlarged, else one sentence that says what is missing."""
    for name in (WEIGHTS, *(f"{NAME}-x{factor}.param" for factor in FACTORS[1:])):
        if not (HOME / name).is_file():
            return f"{HOME / name} is missing."
    size = (HOME / WEIGHTS).stat().st_size
    if size != WEIGHTS_BYTES:
        return f"{HOME / WEIGHTS} is damaged: it has {size:,} bytes instead of {WEIGHTS_BYTES:,}."
    try:
        import ncnn  # noqa: F401
    except ImportError as error:
        return f"The package ncnn cannot be loaded ({error})."
    return None


def upscale(
    image: "Image", factor: int, *, style: str = "drawn", step: Callable[[int, int], None] | None = None
) -> "Image":
    """`image` enlarged 1, 2 or 4 times, as RGB (RGBA when it has transparency). Factor 1 returns it unchanged.

    `step(done, total)` is called after every tile; raising out of it stops. `style` knows only "drawn".
    Raises EngineError: `factor`, `style`, `too_large`, `no_upscaler`, `out_of_memory`.
    """
    if style != "drawn":
        raise EngineError(f"There is no upscaler for “{style}” pictures.", "Use the style “drawn”.", "style")
    if factor not in FACTORS:
        raise EngineError(f"A picture cannot be enlarged {factor} times.", "Choose 1, 2 or 4.", "factor")
    if factor == 1:
        return image
    if image.width * image.height * factor * factor > MOST_PIXELS:
        raise EngineError(
            f"{image.width * factor} x {image.height * factor} pixels are too many.",
            "Choose a smaller factor.",
            "too_large",
        )
    import numpy
    from PIL import Image

    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    source = numpy.asarray(image.convert("RGB"))
    try:
        larger = Image.fromarray(_with_colours_of(source, _in_tiles(source, factor, step), factor))
    except MemoryError as error:
        raise EngineError(
            "There is not enough memory to enlarge this.", "Choose a smaller factor.", "out_of_memory"
        ) from error
    if alpha is not None:
        larger.putalpha(alpha.resize(larger.size, Image.Resampling.LANCZOS))
    return larger


def _in_tiles(source, factor: int, step):
    """(h, w, 3) uint8 -> (h * factor, w * factor, 3) uint8."""
    import numpy

    height, width = source.shape[:2]
    framed = numpy.pad(source, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="edge")
    result = numpy.empty((height * factor, width * factor, 3), numpy.uint8)
    corners = [(top, left) for top in range(0, height, ROWS) for left in range(0, width, TILE)]
    cut = MARGIN * factor
    for done, (top, left) in enumerate(corners, 1):
        bottom, right = min(top + ROWS, height), min(left + TILE, width)
        tile = _enlarged(framed[top : bottom + 2 * MARGIN, left : right + 2 * MARGIN], factor)
        result[top * factor : bottom * factor, left * factor : right * factor] = tile[cut:-cut, cut:-cut]
        if step:
            step(done, len(corners))
    return result


def _with_colours_of(source, larger, factor: int):
    """`larger` (uint8, changed in place) with the broad colours of `source`.

    The network lifts mid tones by up to 9 of 255, a little differently per channel. A character's colours must not
    change with the size, so what a wide blur of the two pictures differs by is taken back; edges stay as drawn.
    """
    import numpy
    from PIL import Image

    height, width = source.shape[:2]
    for channel in range(3):
        plane = Image.fromarray(larger[..., channel]).reduce(factor)
        drift = _blurred(source[..., channel].astype(numpy.float32) - numpy.asarray(plane, numpy.float32))
        drift = Image.fromarray(drift)
        for top in range(0, height, TILE):  # in bands, so that floats never hold the whole large picture
            bottom = min(top + TILE, height)
            band = larger[top * factor : bottom * factor, :, channel]
            size, box = (width * factor, (bottom - top) * factor), (0, top, width, bottom)
            lift = numpy.asarray(drift.resize(size, Image.Resampling.BILINEAR, box=box))
            band[:] = numpy.rint((band + lift).clip(0, 255)).astype(numpy.uint8)
    return larger


def _blurred(plane):
    """Two box blurs of 9 pixels, edges repeated; (h, w) float32."""
    import numpy

    for axis in (0, 1, 0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (5, 4)
        sums = numpy.cumsum(numpy.pad(plane, pad, mode="edge"), axis=axis, dtype=numpy.float64)
        ahead, behind = (slice(9, None), slice(None)), (slice(None, -9), slice(None))
        if axis:
            ahead, behind = ahead[::-1], behind[::-1]
        plane = ((sums[ahead] - sums[behind]) / 9).astype(numpy.float32)
    return plane


def _enlarged(tile, factor: int):
    import numpy

    with _one_at_a_time:  # two at once only fight for the same cores
        network = _network(factor)
        import ncnn

        # ncnn.Mat only points at these numbers: `planes` has to outlive the extractor.
        planes = numpy.ascontiguousarray(tile.transpose(2, 0, 1), dtype=numpy.float32) / 255
        extractor = network.create_extractor()
        extractor.input("data", ncnn.Mat(planes))
        failed, output = extractor.extract("output")
        if failed:
            raise EngineError(
                "The picture could not be enlarged: ncnn ran out of memory or gave up.",
                "Choose a smaller factor, or try again when less is running.",
                "out_of_memory",
            )
        larger = numpy.array(output)  # a copy: the extractor frees its own
    return numpy.rint(larger.clip(0, 1) * 255).astype(numpy.uint8).transpose(1, 2, 0)


@lru_cache(maxsize=2)
def _network(factor: int):
    missing = ready()
    if missing:
        raise EngineError(
            f"Pictures cannot be enlarged: {missing}",
            "Install the requirements again (pip install -r requirements.txt) and restore pipelines/upscaler from the "
            "repository; or choose no enlarging.",
            "no_upscaler",
        )
    import ncnn

    network = ncnn.Net()
    network.opt.use_vulkan_compute = False
    network.opt.num_threads = _threads()
    text = (HOME / f"{NAME}-x{factor}.param").read_text(encoding="ascii")
    if network.load_param_mem(text) or network.load_model(_plain(HOME / WEIGHTS)):
        raise EngineError(
            f"The upscaler in {HOME} cannot be loaded.",
            "Restore pipelines/upscaler from the repository, or choose no enlarging.",
            "no_upscaler",
        )
    return network


def _threads() -> int:
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


def _plain(path: Path) -> str:
    """The path as ncnn can open it: on Windows it takes only ASCII, so others go by their short 8.3 name."""
    text = str(path)
    if sys.platform != "win32" or text.isascii():
        return text
    import ctypes

    short = ctypes.create_unicode_buffer(1024)
    ctypes.windll.kernel32.GetShortPathNameW(text, short, len(short))
    return short.value or text
