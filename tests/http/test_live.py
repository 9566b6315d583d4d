"""The event streams: soon after each step, never too often, gone with their reader, ended with the server."""

import json
import statistics
import threading
import time

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from studio.api import live as live_module
from studio.api.live import Live, stream
from studio.jobs import Queue


class Stepper:
    """An executor whose every step says when it was made."""

    def __init__(self, steps: int, pause: float):
        self.steps, self.pause = steps, pause

    def run(self, job, report):
        for step in range(1, self.steps + 1):
            report(step, self.steps, note=repr(time.monotonic()))
            time.sleep(self.pause)


@pytest.fixture
def served(store):
    """A real queue, its streams on a real server, and a way to choose what the jobs do."""
    executors = {}
    queue = Queue(store.jobs, executors)
    executors["image"] = Stepper(20, 0.09)
    live, api = Live(queue), FastAPI()
    api.get("/events")(lambda: stream(live.page()))
    api.get("/job")(lambda id: stream(live.job(id)))
    server = uvicorn.Server(uvicorn.Config(api, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    queue.start()
    live.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    live.executors = executors
    yield live
    live.close()
    queue.stop()
    server.should_exit = True
    thread.join(5)


def follow(url: str, seen: list, until) -> threading.Thread:
    """Reads a stream on a thread; `seen` gets (when, message)."""

    def read():
        with httpx.stream("GET", url, timeout=30) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    seen.append((time.monotonic(), json.loads(line[6:])))
                    if until(seen[-1][1]):
                        return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def wait_for(true, seconds=10):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    assert true()


def test_a_step_arrives_within_a_tenth_of_a_second(served):
    """From the engine's report to the reader, also with five other pages open."""
    others = [[] for _ in range(5)]
    readers = [follow(f"{served.url}/events", one, lambda message: False) for one in others]
    wait_for(lambda: all(others))
    seen = []
    job = served.queue.submit("image", {})
    reader = follow(f"{served.url}/job?id={job.id}", seen, lambda message: message["state"] == "succeeded")
    reader.join(20)
    assert seen[-1][1]["state"] == "succeeded"
    running = [(when, one["progress"]["note"]) for when, one in seen if one["state"] == "running"]
    late = [when - float(made) for when, made in running if made]
    assert len(late) >= 15
    assert statistics.median(late) < 0.1
    assert readers


def test_a_fast_engine_does_not_flood_the_page(served):
    """A thousand steps in a second are a few dozen messages, and the last state is among them."""
    served.executors["image"] = Stepper(1000, 0.001)
    seen = []
    reader = follow(f"{served.url}/events", seen, lambda message: False)
    wait_for(lambda: seen)
    started = time.monotonic()
    served.queue.finished(served.queue.submit("image", {}).id, 30)
    lasted = time.monotonic() - started
    wait_for(lambda: not seen[-1][1]["jobs"])
    assert len(seen) <= lasted / live_module.PACE_SECONDS + 5
    assert reader.is_alive()


def test_a_reader_that_left_is_forgotten(served):
    """Closed pages cost nothing."""
    with httpx.stream("GET", f"{served.url}/events", timeout=5) as answer:
        lines = answer.iter_lines()
        next(lines)
        assert served.listeners == 1
    wait_for(lambda: served.listeners == 0)


def test_a_quiet_stream_says_that_it_lives(served, monkeypatch):
    """A comment now and then keeps tunnels open."""
    monkeypatch.setattr(live_module, "HEARTBEAT_SECONDS", 0.05)
    with httpx.stream("GET", f"{served.url}/events", timeout=5) as answer:
        assert any(line.startswith(":") for line in answer.iter_lines())
        assert answer.headers["x-accel-buffering"] == "no"
        assert "no-store" in answer.headers["cache-control"]


def test_pages_are_told_of_jobs_in_short(served):
    """What a page draws and not the whole request; of a long queue the beginning and a number."""
    served.queue.pause()
    request = {"prompt": "x" * 900, "batch": 2, "width": 64, "height": 96, "composed": {"prompt": "y" * 900}}
    first = [served.queue.submit("image", request) for _ in range(60)][0]
    seen = []
    follow(f"{served.url}/events", seen, lambda message: True).join(10)
    told = seen[0][1]
    assert (len(told["jobs"]), told["waiting_total"], told["paused"]) == (50, 60, True)
    line = told["jobs"][0]
    assert (line["id"], line["state"], line["position"]) == (first.id, "waiting", 1)
    assert line["request"] == {"prompt": "x" * 160, "batch": 2, "width": 64, "height": 96}
    assert len(json.dumps(line)) < 800
    assert served.queue.view(first.id).request == request


def test_streams_end_with_the_server(served):
    """close() ends them at once, so that nothing holds the server up."""
    seen = []
    reader = follow(f"{served.url}/events", seen, lambda message: False)
    wait_for(lambda: seen)
    closed = time.monotonic()
    served.close()
    reader.join(5)
    assert not reader.is_alive()
    assert time.monotonic() - closed < 2


def test_the_stream_of_a_finished_job_is_one_message(served):
    """Its last state, then the end."""
    served.executors["image"] = Stepper(1, 0)
    job = served.queue.finished(served.queue.submit("image", {}).id, 10)
    lines = httpx.get(f"{served.url}/job?id={job.id}", timeout=5).text
    assert lines.count("data: ") == 1
    assert '"succeeded"' in lines
