"""Being told to stop in the middle of making a picture."""

import sys
import time

import pytest

from studio.domain.requests import AssetFilter
from studio.paths import Paths
from studio.store import Store


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends programs without asking")
def test_a_running_job_waits_again_when_the_studio_is_told_to_stop(start_studio, tmp_path):
    """SIGTERM ends it within seconds with status 0; the job is next at the next start, not failed, not counted."""
    running = start_studio(tmp_path)
    try:
        with running.client() as api:
            request = {"prompt": "a fox", "steps": 100, "batch": 8, "seed": 3, "upscale": 1}
            job = api.post("/api/v1/jobs", json={"request": request}).raise_for_status().json()
            end = time.monotonic() + 90
            while time.monotonic() < end and not job["progress"]["done"]:
                time.sleep(0.05)
                job = api.get(f"/api/v1/jobs/{job['id']}").json()
            assert (job["state"], job["progress"]["done"] > 0) == ("running", True)
        told = time.monotonic()
        assert running.stop() == 0, running.printed()
        assert time.monotonic() - told < 6, "two seconds for the step, the rest for the server"
    finally:
        running.process.kill()
    with Store.open(Paths(running.data)) as store:
        kept = store.jobs.get(job["id"])
        assert (kept.state, kept.attempt, kept.error) == ("waiting", 0, None)
        assert store.assets.search(AssetFilter()).total == 0
