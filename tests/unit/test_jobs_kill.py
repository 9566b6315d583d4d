"""The queue under kill -9: what was acknowledged is there, order is kept, no picture is made twice.

Run as a program it is the studio that gets killed: `python test_jobs_kill.py DATA submit|finish`.
"""

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KILLS = 12


class Painter:
    """Makes `batch` pictures as files, then names them on the job. Refuses to make one that was named before."""

    def __init__(self, folder, step_s):
        self.folder, self.step_s = folder, step_s

    def run(self, job, report):
        batch, named = job.request["batch"], len(job.assets)
        if (self.folder / f"{job.id}-{named + 1}").exists():
            raise AssertionError("the job forgot a picture that was named on it")
        for number in range(named, batch):
            picture = self.folder / f"{job.id}-{number}"
            if not picture.exists():  # killed between the file and its name on the job: it is there already
                for step in range(5):
                    time.sleep(self.step_s)
                    report(number * 5 + step + 1, batch * 5)
                picture.touch(exist_ok=False)
            report.asset(picture.name)


def studio(data, what):
    """Print every acknowledged change, until killed or, with "finish", until nothing is left to do."""
    from studio.jobs import Queue
    from studio.paths import Paths
    from studio.store import Store

    said = threading.Lock()

    def say(*words):
        with said:
            print(*words, flush=True)

    folder = data / "pictures"
    folder.mkdir(exist_ok=True)
    store = Store.open(Paths(data))
    queue = Queue(store.jobs, {"image": Painter(folder, 0.0 if what == "finish" else 0.004)}, data / "paused")
    queue.start()
    say("ready")
    if what == "finish":
        for view in queue.active():
            queue.finished(view.id, 30)
        queue.stop()
        store.close()
        return
    while True:
        ids = []
        for _ in range(3):
            ids.append(queue.submit("image", {"batch": 2}).id)
            say("submitted", ids[-1])
        queue.cancel(ids[1])
        say("cancelled", ids[1])
        queue.remove(ids[1])
        say("removed", ids[1])
        queue.cancel(ids[2])
        say("cancelled", ids[2])
        time.sleep(0.05)


def start(data, what):
    """The studio as a process, and the list its words are collected in."""
    child = subprocess.Popen(
        [sys.executable, __file__, str(data), what], cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    heard = []
    live = threading.Event()

    def listen():
        for line in child.stdout:
            heard.append(line.split())
            live.set()
        live.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    return child, heard, live, listener


def look(data, acknowledged):
    """What a restart finds, checked against what was acknowledged. Returns the jobs by id, as they were."""
    from studio.jobs import Queue
    from studio.paths import Paths
    from studio.store import Store

    store = Store.open(Paths(data))
    jobs = {job.id: job for job in store.jobs.all()}
    for word, job_id in acknowledged:
        if word == "submitted":
            assert job_id in jobs or ("cancelled", job_id) in acknowledged, "an acknowledged job is lost"
        elif word == "removed":
            assert job_id not in jobs, "a removed job is back"
        elif ("removed", job_id) not in acknowledged and job_id in jobs:
            # the queue keeps the wish of a running job; a waiting one is cancelled at once
            assert jobs[job_id].state == "cancelled" or jobs[job_id].cancel_requested
    running = [job for job in jobs.values() if job.state == "running"]
    assert len(running) <= 1
    waiting = sorted((job for job in jobs.values() if job.state == "waiting"), key=lambda job: (job.order, job.id))
    assert [job.id for job in waiting if job.attempt == 0] == sorted(job.id for job in waiting if job.attempt == 0)

    (data / "paused").touch()
    queue = Queue(store.jobs, {}, data / "paused")
    queue.start()
    found = [view.id for view in queue.active()]
    again = [job.id for job in running if not job.cancel_requested and job.attempt < 3]
    assert found == again + [job.id for job in waiting]
    for job in running:
        after = store.jobs.get(job.id)
        wanted = "cancelled" if job.cancel_requested else "waiting" if job.id in again else "failed"
        assert (after.state, after.attempt, after.assets) == (wanted, job.attempt, job.assets)
    assert queue.stop()
    (data / "paused").unlink()
    assert store.notices == []
    store.close()
    return jobs


def test_killed_at_random_moments_nothing_acknowledged_is_lost(tmp_path):
    """Twelve kills, some of them while starting: every promise of recovery holds each time and at the end."""
    dice, acknowledged, interrupted = random.Random(), set(), 0
    for turn in range(KILLS):
        child, heard, live, listener = start(tmp_path, "submit")
        try:
            if turn % 5 == 4:
                time.sleep(dice.uniform(0.1, 0.5))
            else:
                assert live.wait(20)
                time.sleep(dice.uniform(0, 0.25))
        finally:
            child.kill()
            child.wait()
        listener.join()
        child.stdout.close()
        acknowledged |= {tuple(words) for words in heard if len(words) == 2 and len(words[1]) == 26}
        interrupted += any(job.state == "running" for job in look(tmp_path, acknowledged).values())
    assert len(acknowledged) > KILLS
    assert interrupted > 0

    child, heard, live, listener = start(tmp_path, "finish")
    assert child.wait(60) == 0
    listener.join()
    child.stdout.close()
    jobs = look(tmp_path, acknowledged)
    assert {job.state for job in jobs.values()} <= {"succeeded", "cancelled", "failed"}
    for job in jobs.values():
        assert len(job.assets) == len(set(job.assets))
        if job.state == "succeeded":
            assert job.assets == [f"{job.id}-0", f"{job.id}-1"]
        elif job.state == "failed":
            assert (job.attempt, job.error["code"]) == (3, "interrupted")
    assert sum(job.state == "succeeded" for job in jobs.values()) > 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    studio(Path(sys.argv[1]), sys.argv[2])
