"""How long a rendition takes, and how often a crop keeps the face of a starter render.

    python benchmarks/renditions.py [--rounds 3] [--renders 64]

Processor time of one thread, median. The pictures are noise under a gradient, which is worse for encoders than drawings
or photos. A face counts as kept when its middle and 30 % of the figure's width around it are in the crop; every render
is set at the left, in the middle and at the right of a picture three times as wide. The renders need
requirements-dev.txt.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from studio.media.renditions import Wish, crop_box, rendition
from studio.media.subject import subject

WISHES = {
    "JPEG, longest side 2000, 2 MB": Wish(most_bytes=2_000_000, most_side=2000),
    "JPEG, 1080 × 1350 around the subject": Wish(size=(1080, 1350)),
    "JPEG, 1080 × 1920 over a blurred copy": Wish(size=(1080, 1920), frame="blur"),
    "JPEG, 200 kB (several tries)": Wish(most_bytes=200_000),
    "PNG, as large as it is": Wish(("image/png",)),
}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--renders", type=int, default=64)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for side in (1024, 2048):
            source = folder / f"{side}.png"
            _picture(side).save(source)
            for label, wish in WISHES.items():
                make = partial(rendition, source, wish=wish)
                spent = statistics.median(_timed(make, folder / f"{number}") for number in range(given.rounds))
                again = _timed(make, folder / "0")
                print(f"{side:5} px  {label:40} {spent * 1000:7.0f} ms  again {again * 1000:5.1f} ms")
    _faces(given.renders)


def _picture(side: int) -> Image.Image:
    slope = numpy.linspace(0, 200, side)[None, :, None] + numpy.linspace(0, 40, side)[:, None, None]
    grain = numpy.random.default_rng(1).integers(0, 12, (side, side, 3))
    return Image.fromarray((slope + grain).astype("uint8"))


def _timed(make, folder: Path) -> float:
    began = time.process_time()
    make(folder=folder)
    return time.process_time() - began


def _faces(renders: int) -> None:
    from pipelines.starter.training.render import FRAMES, PIXEL_FRAMES, render, sample

    draw, kept, spent = random.Random(11), {}, []
    for _ in range(renders):
        looks = sample(draw)
        drawn = numpy.asarray(render(looks))
        x, y, side = (PIXEL_FRAMES if looks["style"] == "pixel" else FRAMES)[looks["framing"]]
        across, down, half = x + side * 0.51, y + side * 0.45, side * 0.15
        for before in (0, 256, 512):
            wide = Image.fromarray(numpy.pad(drawn, ((0, 0), (before, 512 - before), (0, 0)), mode="edge"))
            began = time.process_time()
            boxes = subject(wide)
            spent.append(time.process_time() - began)
            for name, aspect in (("1:1", 1.0), ("4:5", 0.8), ("9:16", 9 / 16)):
                left, top, right, bottom = crop_box(wide.size, aspect, boxes)
                held = left <= across + before - half and right >= across + before + half and top <= down <= bottom
                kept.setdefault(name, []).append(held)
                middle = (wide.width - (right - left)) / 2
                held = middle <= across + before - half and wide.width - middle >= across + before + half
                kept.setdefault(f"{name}, a crop of the middle", []).append(held)
    for name, held in kept.items():
        print(f"face kept {name:28} {sum(held):4} of {len(held)}")
    print(f"finding the subject {statistics.median(spent) * 1000:.1f} ms")


if __name__ == "__main__":
    main()
