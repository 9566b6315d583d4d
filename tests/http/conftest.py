"""One real studio for all tests of this level: `app.py` as a program of its own, on an empty data folder."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Running:
    """A running studio. `url` has no closing slash, `log` is what it printed."""

    process: subprocess.Popen
    url: str
    data: Path
    log: Path

    def client(self, **more) -> httpx.Client:
        """A script that talks to it."""
        return httpx.Client(base_url=self.url, timeout=60, **more)

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """End it as Ctrl+C would; its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(10)


def start(folder: Path, *words: str, timeout: float = 90) -> Running:
    """Start `app.py` on `folder`/data on a port of its own choice, and wait until it answers."""
    folder.mkdir(parents=True, exist_ok=True)
    data, log = folder / "data", folder / "printed.txt"
    command = [sys.executable, str(ROOT / "app.py"), "--no-browser", "--port", "0", "--data", str(data), *words]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, "PYTHONUTF8": "1"}
        )
    end = time.monotonic() + timeout
    while time.monotonic() < end and process.poll() is None:
        told = log.read_text(encoding="utf-8", errors="replace")
        addresses = [line.split()[1] for line in told.splitlines() if line.strip().startswith("open ")]
        if addresses and "stop " in told:
            url = addresses[0].rstrip("/").replace("0.0.0.0", "127.0.0.1").replace("localhost", "127.0.0.1")
            return Running(process, url, data, log)
        time.sleep(0.05)
    process.kill()
    process.wait(10)
    raise RuntimeError(f"The studio did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def start_studio() -> Callable[..., Running]:
    """`start_studio(folder, *words)` starts another studio; the caller stops it."""
    return start


@pytest.fixture(scope="session")
def studio(tmp_path_factory) -> Iterator[Running]:
    """A studio on loopback without a log-in."""
    running = start(tmp_path_factory.mktemp("studio"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def api(studio) -> Iterator[httpx.Client]:
    """A script's client of the session's studio."""
    with studio.client() as client:
        yield client


@pytest.fixture(scope="session")
def made(api) -> Callable[[dict], dict]:
    """Waits for a job and returns it as it ended."""

    def wait(job: dict, timeout: float = 90) -> dict:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            job = api.get(f"/api/v1/jobs/{job['id']}").raise_for_status().json()
            if job["state"] in ("succeeded", "failed", "cancelled"):
                return job
            time.sleep(0.03)
        raise AssertionError(f"The job is still {job['state']}: {job}")

    return wait


@pytest.fixture(scope="session")
def mira(api) -> dict:
    """A character to work with."""
    fields = {
        "name": "Mira Łąka 美",
        "bio": "Paints rain.",
        "appearance": {"presents_as": "woman", "hair_color": "red", "hair_style": "long", "clothing": "green hoodie"},
        "ingredients": [{"kind": "place", "name": "Night market", "words": "at night"}],
        "looks": [{"name": "Everyday", "words": "flat illustration", "steps": 6, "default": True}],
    }
    answer = api.post("/api/v1/characters", json=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture(scope="session")
def pictures(api, mira, made) -> list[dict]:
    """Two finished pictures of her."""
    request = {"prompt": "smiling", "steps": 4, "seed": 7, "batch": 2}
    job = api.post("/api/v1/jobs", json={"kind": "image", "character_id": mira["id"], "request": request})
    assert job.status_code == 202, job.text
    done = made(job.json())
    assert done["state"] == "succeeded", done
    return [api.get(f"/api/v1/assets/{one}").json() for one in done["assets"]]
