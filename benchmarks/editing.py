"""What editing a picture with the starter leaves as it was, and how long it takes.

    python benchmarks/editing.py [steps]

A picture of the starter, enlarged to 512 x 512, is repainted, extended to 9:16, put before another background and given
a new face. For each: the largest difference outside the part (0 to 255), the share of the part that changed, runs of
the engine, seconds.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy
from PIL import ImageOps

from pipelines import canvas, foreground, upscale
from pipelines.base import ImageInputs
from pipelines.engines.starter import Starter

PROMPT = "portrait of a woman, long wavy red hair, green sweater, smiling, in the forest, flat illustration"


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    engine = Starter()
    engine.load("cpu", "float32")
    asked = ImageInputs(
        prompt=PROMPT, negative="", width=256, height=256, steps=steps, guidance=2.0, sampler="DDIM", seeds=[3]
    )
    picture = upscale.upscale(engine.run(asked, lambda *_: None)[0], 2)
    part = canvas.box_mask(picture.size, (60, 300, 460, 512))
    behind = ImageOps.invert(foreground.mask(picture))
    head = canvas.box_mask(picture.size, foreground.head(picture))
    taller, above = canvas.extended(picture, 0, 60, 0, 338)
    place = PROMPT.replace("in the forest", "at the beach")
    tries = (
        ("repaint", picture, part, PROMPT.replace("green sweater", "blue jacket"), 0.9, "near", 12),
        ("extend to 9:16", taller, above, f"{PROMPT}, half figure", 1.0, "whole", 32),
        ("background", picture, behind, place, 1.0, "whole", 4),
        ("detail", picture, head, f"{PROMPT}, close-up", 0.25, "close", 16),
    )
    print(f"{'':16} {'outside':>8} {'changed':>8} {'runs':>5} {'seconds':>8}")
    for name, sheet, mask, prompt, strength, reach, feather in tries:
        runs, run = [], engine.run
        engine.run = lambda inputs, report, run=run, runs=runs: runs.append(1) or run(inputs, report)
        started = time.perf_counter()
        inputs = replace(asked, prompt=prompt, strength=strength, seeds=[11])
        (after,) = canvas.repaint(
            engine, inputs, sheet, mask, lambda *_: None, feather=feather, reach=reach, enlarge=upscale.upscale
        )
        seconds = time.perf_counter() - started
        engine.run = run
        differs = numpy.abs(numpy.asarray(after, dtype=int) - numpy.asarray(sheet, dtype=int)).max(2)
        kept = numpy.asarray(mask) == 0
        changed = (differs[~kept] > 0).mean()
        print(f"{name:16} {differs[kept].max():8} {changed:8.1%} {len(runs):5} {seconds:8.1f}")


if __name__ == "__main__":
    main()
