"""How much memory the studio holds: idle, with the starter loaded, and after many pictures.

    python benchmarks/memory.py [--pictures 200] [--steps 4] [--batch 2]

Resident set of this process in MB. Growth is counted from a warm studio (after the first tenth of the pictures: caches,
allocator and index have then reached their size) to the end; the goal is at most 5 %. Previews are fetched as an open
page does, pictures are enlarged and filed as always.
"""

import argparse
import gc
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from studio.domain.requests import ImageRequest
from studio.paths import Paths
from studio.services.studio import Studio, build
from studio.settings import Settings


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--pictures", type=int, default=200)
    asked.add_argument("--steps", type=int, default=4)
    asked.add_argument("--batch", type=int, default=2)
    given = asked.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        paths = Paths(Path(folder))
        with build(paths, Settings(paths, {})) as studio:
            studio.queue.start()
            sizes = {"idle, nothing loaded": resident()}
            mira = studio.characters.add_samples()[0]
            make(studio, mira.id, given.steps, 1)
            sizes["starter loaded, one picture"] = resident()
            done, warm = 1, max(1, given.pictures // 10)
            while done < given.pictures:
                before = done
                done += make(studio, mira.id, given.steps, min(given.batch, given.pictures - done))
                if before < warm <= done:
                    sizes[f"warm, {done} pictures"] = base = resident()
            sizes[f"{done} pictures"] = resident()
    print(f"{given.pictures} pictures of {given.steps} steps in {time.monotonic() - started:.0f} s\n")
    print("| state | resident MB |\n|---|---|")
    for state, size in sizes.items():
        print(f"| {state} | {size / 1e6:.0f} |")
    print(f"| growth from warm to the end | {(list(sizes.values())[-1] / base - 1) * 100:+.1f} % |")


def make(studio: Studio, character_id: str, steps: int, batch: int) -> int:
    """Make and watch one job; how many pictures came out."""
    view, since = studio.images.start(character_id, ImageRequest(steps=steps, batch=batch)), 0
    while studio.queue.view(view.id).state in ("waiting", "running"):
        since = studio.queue.wait(since, 1)
        studio.queue.previews(view.id)
    view = studio.queue.view(view.id)
    if view.state != "succeeded":
        raise SystemExit(f"The job {view.state}: {view.error}")
    return len(view.assets)


def resident() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss


if __name__ == "__main__":
    main()
