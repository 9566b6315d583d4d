"""kill -9 in the middle of image jobs: no finished picture is lost or made twice, everything on disk parses."""

import json
import random
import subprocess
import sys
import time

import pytest
from PIL import Image

from studio.domain.requests import AssetFilter
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine

KILLS = 9
CHILD = """
import sys, time
from pathlib import Path
from studio.domain.requests import ImageRequest
from studio.paths import Paths
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine

paths = Paths(Path(sys.argv[1]))
settings = Settings(paths, {})
studio = build(paths, settings, use=EngineUse(settings, (FakeEngine(step_s=0.01),), FakeDevice()))
print("up", flush=True)
studio.queue.start()
for number in range(int(sys.argv[2])):
    view = studio.images.start(None, ImageRequest(prompt=f"fox {number}", batch=4, seed=100, steps=3))
    print("asked", view.id, flush=True)
while studio.queue.active():
    for asset in studio.review.search(limit=200).items:
        print("made", asset.id, flush=True)
    time.sleep(0.02)
"""


@pytest.mark.slow
def test_a_killed_studio_loses_and_repeats_nothing(paths, tmp_path):
    """Nine kills at random moments: every acknowledged job and picture is there, each seed once, with its file."""
    draw, asked, made = random.Random(5), set(), set()
    for number in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(paths.data), "2" if number % 3 == 0 else "0"],
            stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=__file__.rpartition("tests")[0],
        )  # fmt: skip
        assert child.stdout.readline() == "up\n"
        time.sleep(draw.uniform(0, 0.4))
        child.kill()
        for line in child.stdout.read().splitlines():
            kind, _, name = line.partition(" ")
            {"asked": asked, "made": made}[kind].add(name)
        child.wait()
    for path in paths.data.rglob("*.json"):
        json.loads(path.read_bytes())
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (FakeEngine(),), FakeDevice())) as studio:
        studio.queue.start()
        views = [studio.queue.view(one) for one in asked]
        finished = [studio.queue.finished(view.id, 60) for view in views]
        while rest := studio.queue.active():  # jobs that were kept but never acknowledged
            studio.queue.finished(rest[0].id, 60)
        for job in finished:
            assets = studio.review.search(AssetFilter(job_id=job.id), 50).items
            seeds = sorted(asset.recipe.seed for asset in assets)
            if job.state == "succeeded":
                assert seeds == [100, 101, 102, 103], job
            assert len(set(seeds)) == len(seeds)
            assert {asset.id for asset in assets} == set(job.assets)
            for asset in assets:
                Image.open(studio.review.file(asset.id)).load()
        assert all(job.state == "succeeded" or job.error["code"] == "interrupted" for job in finished)
        assert any(job.state == "succeeded" for job in finished)
        assert made <= {asset.id for asset in studio.review.search(limit=500).items}
        failed = [job.id[-6:] for job in studio.queue.views(limit=200).items if job.state == "failed"]
        assert not [path for path in studio.review.orphans() if not any(mark in path.name for mark in failed)]
