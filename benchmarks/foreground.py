"""How well the foreground of a drawn picture is found, against drawings whose foreground is known.

    python -m benchmarks.foreground [pictures]

Drawings are made as the starter's were (packages of requirements-dev.txt); each is drawn over black and over white too,
and what does not change is the figure. Prints the share of pixels told rightly, intersection over union, and seconds.
"""

import random
import sys
import time

import numpy


def drawings(count: int, seed: int):
    """(RGB picture, boolean foreground) pairs."""
    from pipelines.starter.training import render

    r, scene = random.Random(seed), render.scene_svg
    plain = lambda colour: lambda a: f'<rect width="256" height="256" fill="{colour}"/>'
    for _ in range(count):
        a = render.sample(r)
        picture = render.render(a)
        try:
            both = []
            for colour in ("#000000", "#ffffff"):
                render.scene_svg = plain(colour)
                both.append(numpy.asarray(render.render(a), dtype=numpy.int16))
        finally:
            render.scene_svg = scene
        yield a, picture, numpy.abs(both[0] - both[1]).max(2) < 128


def main() -> None:
    from pipelines import foreground

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    right, overlap, seconds, styles = [], [], [], {}
    for a, picture, truth in drawings(count, 77):
        started = time.perf_counter()
        found = numpy.asarray(foreground.mask(picture)) > 127
        seconds.append(time.perf_counter() - started)
        right.append((found == truth).mean())
        overlap.append((found & truth).sum() / max(1, (found | truth).sum()))
        styles.setdefault(a["style"], []).append(overlap[-1])
    low = numpy.percentile(overlap, 10)
    print(f"{count} drawings: {numpy.mean(right):.3f} of pixels right, IoU {numpy.mean(overlap):.3f} (a tenth below "
          f"{low:.3f}), {numpy.median(seconds):.2f} s each")  # fmt: skip
    print(", ".join(f"{style} {numpy.mean(values):.3f}" for style, values in sorted(styles.items())))


if __name__ == "__main__":
    main()
