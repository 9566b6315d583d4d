"""What the studio costs on top of the bare pipeline call, and what previews cost. Paired runs that alternate.

    python benchmarks/overhead.py [--pairs 10] [--steps 20] [--batches 1,4]

A studio job here is everything from asking to a finished job: queue, previews of every step fetched as an open page
does, recipe, score, PNG, document; without enlarging. The bare call is diffusers' StableDiffusionPipeline with the same
weights, dtype, layout, sampler, size and steps, and no callback. Pairs run one after the other in changing order, so
other work on the machine falls on both; the median of the pairs' ratios counts. Beside the seconds on the clock stand
those of the processor (all threads of this process): on a busy machine they are the steadier measure, but they leave
out waiting for the disk.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from studio.domain.requests import ImageRequest
from studio.paths import Paths
from studio.services.studio import Studio, build
from studio.settings import Settings

PROMPT = "portrait of a woman with long red hair, round glasses, green hoodie, smiling, at the beach, flat illustration"
NEGATIVE = "blurry, low quality"
PAGE_EVERY = 0.06  # seconds: pages are told of a change at most this often


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--pairs", type=int, default=10)
    asked.add_argument("--steps", type=int, default=20)
    asked.add_argument("--batches", default="1,4")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        paths = Paths(Path(folder))
        with build(paths, Settings(paths, {})) as studio:
            studio.queue.start()
            device, dtype = studio.images.use.plan()
            bare = bare_pipeline(device, dtype)
            name = studio.system.health()["device"]["name"]
            print(f"{name}, {device} {dtype}, {given.steps} steps, {given.pairs} pairs\n")
            print("| compared | batch | first s | second s | median ratio | quartiles | processor ratio |")
            print("|---|---|---|---|---|---|---|")
            for batch in map(int, given.batches.split(",")):
                job = lambda batch=batch: studio_job(studio, batch, given.steps)
                quiet = lambda batch=batch: studio_job(studio, batch, given.steps, previews=False)
                call = lambda batch=batch: bare_call(bare, batch, given.steps)
                row("studio job / bare call", batch, job, call, given.pairs)
                row("previews on / off", batch, job, quiet, given.pairs)


def row(name: str, batch: int, first, second, pairs: int) -> None:
    """Run `first` and `second` in pairs of alternating order and print one line of the table."""
    first(), second()
    times = []
    for number in range(pairs):
        if number % 2:
            b, a = second(), first()
        else:
            a, b = first(), second()
        times.append((a, b))
    clock = [a[0] / b[0] for a, b in times]
    processor = statistics.median(a[1] / b[1] for a, b in times)
    low, _, high = statistics.quantiles(clock, n=4)
    one, two = (statistics.median(pair[side][0] for pair in times) for side in (0, 1))
    ratio = statistics.median(clock)
    print(
        f"| {name} | {batch} | {one:.3f} | {two:.3f} | {ratio:.3f} | {low:.3f}-{high:.3f} | {processor:.3f} |",
        flush=True,
    )


def studio_job(studio: Studio, batch: int, steps: int, *, previews: bool = True) -> tuple[float, float]:
    """Seconds, and processor seconds, from asking for a job to its end, watched as a page watches it."""
    if studio.settings.get("preview") != previews:
        studio.settings.set("preview", previews)
    request = ImageRequest(prompt=PROMPT, negative=NEGATIVE, steps=steps, seed=7, batch=batch, upscale=1)
    with page_open(studio, previews):
        started, worked = time.perf_counter(), time.process_time()
        view = studio.queue.finished(studio.images.start(None, request).id, 600)
        seconds = time.perf_counter() - started, time.process_time() - worked
    if view.state != "succeeded":
        raise SystemExit(f"The job {view.state}: {view.error}")
    return seconds


@contextmanager
def page_open(studio: Studio, previews: bool):
    """A thread that does what an open page makes the server do: wait for news, fetch every picture of the preview."""
    closed = threading.Event()

    def watch() -> None:
        since, shown = 0, None
        while not closed.is_set():
            since = studio.queue.wait(since, 0.2)
            for view in studio.queue.active():
                if previews and view.state == "running" and view.preview_count and view.preview_version != shown:
                    shown = view.preview_version
                    studio.queue.previews(view.id)
            closed.wait(PAGE_EVERY)

    page = threading.Thread(target=watch)
    page.start()
    try:
        yield
    finally:
        closed.set()
        page.join()


def bare_pipeline(device: str, dtype: str):
    import torch
    from diffusers import StableDiffusionPipeline

    from pipelines.engines.starter import HOME

    pipe = StableDiffusionPipeline.from_pretrained(HOME / "model", dtype=getattr(torch, dtype), local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    pipe.to(device)
    if device == "cpu":
        pipe.unet.to(memory_format=torch.channels_last)
        pipe.vae.to(memory_format=torch.channels_last)
    return pipe


def bare_call(pipe, batch: int, steps: int) -> tuple[float, float]:
    """Seconds, and processor seconds, of one call of the pipeline."""
    import torch

    started, worked = time.perf_counter(), time.process_time()
    pipe(
        prompt=[PROMPT] * batch,
        negative_prompt=[NEGATIVE] * batch,
        height=256,
        width=256,
        num_inference_steps=steps,
        guidance_scale=2.0,
        generator=[torch.Generator().manual_seed(7 + number) for number in range(batch)],
    )
    return time.perf_counter() - started, time.process_time() - worked


if __name__ == "__main__":
    main()
