"""How often the quality score names what was done to a picture, how often it complains of a clean one, and its time.

    python benchmarks/quality.py [--renders 120] [--photos FOLDER]

Drawings are the starter's own renders, half at 256, half enlarged to 512 pixels; photographs are a folder's files.
Every picture is harmed in each way; "named" is the share in which the part of that harm falls under one half.
"""

import argparse
import random
import time
from pathlib import Path
from statistics import median

import numpy
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from pipelines import quality


def grain(amount):
    def harm(picture):
        values = numpy.asarray(picture, numpy.float32)
        values = values + numpy.random.default_rng(0).normal(0, amount, values.shape)
        return Image.fromarray(numpy.clip(values, 0, 255).astype("uint8"))

    return harm


def cut(picture):
    """Without the upper quarter and a little."""
    width, height = picture.size
    return picture.crop((0, int(height * 0.28), width, height)).resize((width, height))


HARM = {
    "blur of 2 px": ("sharpness", lambda p: p.filter(ImageFilter.GaussianBlur(2))),
    "blur of 4 px": ("sharpness", lambda p: p.filter(ImageFilter.GaussianBlur(4))),
    "grain of 8 / 255": ("noise", grain(8)),
    "grain of 16 / 255": ("noise", grain(16)),
    "3 bits a colour": ("banding", lambda p: ImageOps.posterize(p, 3)),
    "light times 2.2": ("clipping exposure", lambda p: p.point(lambda v: min(255, int(v * 2.2)))),
    "110 of 255 off": ("clipping exposure", lambda p: p.point(lambda v: max(0, v - 110) * 255 // 145)),
    "a quarter of the contrast": ("contrast", lambda p: ImageEnhance.Contrast(p).enhance(0.25)),
    "upper 28 % cut off": ("composition", cut),
}


def renders(count):
    from pipelines.starter.training.render import render, sample

    for number in range(count):
        picture = render(sample(random.Random(7000 + number)))
        yield picture.resize((512, 512), Image.Resampling.LANCZOS) if number % 2 else picture


def photographs(folder):
    for path in sorted(Path(folder).iterdir()):
        with Image.open(path) as opened:
            yield opened.convert("RGB")


def weak(told, names):
    return any(told[name] is not None and told[name] < quality.NOTED for name in names.split())


def report(kind, pictures):
    clean = [quality.score(one, kind) for one in pictures]
    print(f"\n{kind}: {len(pictures)} pictures, median score {median(one['score'] for one in clean):.2f}")
    complained = {name: sum(weak(one, name) for one in clean) for name in quality.PARTS}
    print(
        "  clean ones that are complained of:", {name: count for name, count in complained.items() if count} or "none"
    )
    print("  composition not told:", sum(one["composition"] is None for one in clean))
    for name, (parts, harm) in HARM.items():
        told = [quality.score(harm(one), kind) for one in pictures]
        named = sum(weak(one, parts) for one in told) / len(told)
        lower = sum(one["score"] < before["score"] for one, before in zip(told, clean, strict=True)) / len(told)
        print(f"  {name:26} named {named:.2f}, score lower {lower:.2f}, median {median(x['score'] for x in told):.2f}")
    times = []
    for one in pictures[:24]:
        began = time.process_time()
        quality.score(one, kind)
        times.append(1000 * (time.process_time() - began))
    print(f"  {median(times):.1f} ms of one core")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renders", type=int, default=120)
    parser.add_argument("--photos", help="a folder of photographs")
    arguments = parser.parse_args()
    report("drawn", list(renders(arguments.renders)))
    if arguments.photos:
        report("photo", list(photographs(arguments.photos)))


if __name__ == "__main__":
    main()
