"""The measured dtype against float32 on this machine: the starter at 20 steps, one picture and four, in pairs.

    python benchmarks/dtype.py [--rounds 5] [--steps 20]

Both are loaded at once and take turns, so that other programs slow both alike; the ratio is the median over the pairs.
The table also gives the mean difference of the pictures in grey levels of 255, and what the studio measured.
"""

import argparse
import platform
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.base import ImageInputs
from pipelines.device import Device
from pipelines.engines.starter import Starter

PROMPT = "portrait of a woman with long red hair, round glasses, green hoodie, smiling, at the beach, flat illustration"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    told = parser.parse_args()

    import numpy
    import torch

    device = Device().choose("auto")
    measured = Device().measure_dtype(device)
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(f"measured: {measured}\n")
    chosen = measured["chosen"]
    rival = chosen if chosen != "float32" else next(name for name in measured if name in ("bfloat16", "float16"))
    engines = {}
    for name in ("float32", rival):
        engines[name] = Starter()
        engines[name].load(device, name)

    print(f"| pictures | float32 s | {rival} s | ratio (median of pairs) | mean difference |")
    print("|---|---|---|---|---|")
    for count in (1, 4):
        inputs = ImageInputs(PROMPT, "", 256, 256, told.steps, 3.5, "DDIM", tuple(range(count)))
        pictures, seconds = {}, {name: [] for name in engines}
        for turn in range(told.rounds + 1):
            for name, engine in engines.items():
                began = time.perf_counter()
                pictures[name] = engine.run(inputs, lambda *_: None)
                if turn:  # the first round warms up
                    seconds[name].append(time.perf_counter() - began)
        ratio = statistics.median(a / b for a, b in zip(seconds["float32"], seconds[rival], strict=True))
        apart = statistics.mean(
            float(abs(numpy.asarray(a).astype(int) - numpy.asarray(b)).mean())
            for a, b in zip(pictures["float32"], pictures[rival], strict=True)
        )
        medians = [statistics.median(seconds[name]) for name in engines]
        print(f"| {count} | {medians[0]:.2f} | {medians[1]:.2f} | {ratio:.2f} | {apart:.2f} |", flush=True)
    if chosen == "float32":
        print(f"\nfloat32 is what the studio chooses here: {measured['why']}")


if __name__ == "__main__":
    main()
