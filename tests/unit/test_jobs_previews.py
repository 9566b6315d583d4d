"""Previews and progress: made lazily, once, small and smooth; times that mean something."""

import gc
import io
import threading
import time
import weakref

import pytest
from PIL import Image

from studio.jobs import Queue
from studio.jobs.previews import Previews, encode
from studio.jobs.progress import Pace
from tests.fakes import FakeJobs, StepExecutor

SOON = 5


def opened(jpeg):
    picture = Image.open(io.BytesIO(jpeg))
    assert picture.format == "JPEG"
    return picture


class Frames:
    """Frames of `count` pictures that count how often they are made."""

    def __init__(self, count=1, error=None, size=(32, 32)):
        self.count, self.error, self.size, self.made = count, error, size, 0

    def __call__(self):
        self.made += 1
        time.sleep(0.02)
        if self.error:
            raise self.error
        return [Image.new("RGB", self.size, (40 * n, 90, 160)) for n in range(self.count)]


class Shows:
    """An executor that reports the frames it is given and then waits for `go`."""

    def __init__(self, *shown):
        self.shown, self.go, self.at = shown, threading.Event(), threading.Event()

    def run(self, job, report):
        for step, frames in enumerate(self.shown, 1):
            report(step, len(self.shown), frames)
        self.at.set()
        self.go.wait(SOON)


@pytest.fixture
def show():
    """A queue whose running job has reported these frames."""
    shows, queues = [], []

    def build(*shown, request=None):
        executor = Shows(*shown)
        queue = Queue(FakeJobs(), {"image": executor})
        queue.start()
        shows.append(executor), queues.append(queue)
        view = queue.submit("image", request or {})
        assert executor.at.wait(SOON)
        return queue, view.id, executor

    yield build
    [executor.go.set() for executor in shows]
    [queue.stop() for queue in queues]


def test_frames_are_made_when_somebody_looks_and_only_once(show):
    """Ten viewers at once share one making; a step nobody saw is never made."""
    unseen, seen, got = Frames(), Frames(3), []
    queue, job_id, _ = show(unseen, seen)
    assert (unseen.made, seen.made) == (0, 0)
    queue.view(job_id), queue.active(), queue.views()
    assert seen.made == 0
    threads = [threading.Thread(target=lambda: got.append(queue.previews(job_id))) for _ in range(10)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (unseen.made, seen.made) == (0, 1)
    assert all(pull == got[0] for pull in got)
    version, pictures = got[0]
    view = queue.view(job_id)
    assert len(pictures) == view.preview_count == 3
    assert version == view.preview_version


def test_a_job_without_frames_has_no_previews(show):
    """(0, []) before the first frames, also for a waiting job."""
    queue, job_id, _ = show(None)
    assert queue.previews(job_id) == (0, [])
    assert queue.view(job_id).preview_count == 0
    waiting = queue.submit("image", {})
    assert queue.previews(waiting.id) == (0, [])


def test_the_number_of_pictures_is_known_before_they_are_made(show):
    """From the batch that was asked for, or from frames that have a length."""
    queue, job_id, _ = show(Frames(4), request={"batch": 4})
    assert queue.view(job_id).preview_count == 4

    class Sized(Frames):
        def __len__(self):
            return self.count

    queue, job_id, _ = show(Sized(2))
    assert queue.view(job_id).preview_count == 2


def test_frames_that_cannot_be_made_never_hurt_the_job(show):
    """The pictures before them stay, they are not tried again, the job succeeds."""
    good, bad = Frames(), Frames(error=RuntimeError("the engine was unloaded"))
    queue, job_id, executor = show(good)
    before = queue.previews(job_id)
    executor.go.set()
    queue.finished(job_id, SOON)
    queue, job_id, executor = show(bad)
    assert queue.previews(job_id) == queue.previews(job_id) == (0, [])
    assert bad.made == 1
    assert before[1]
    executor.go.set()
    assert queue.finished(job_id, SOON).state == "succeeded"


def test_the_last_pictures_stay_a_while_and_unseen_frames_are_let_go(show):
    """A page that is a moment late still gets its picture; tensors behind frames nobody saw are free."""
    seen = Frames()
    queue, job_id, executor = show(seen)
    pulled = queue.previews(job_id)
    executor.go.set()
    queue.finished(job_id, SOON)
    assert queue.previews(job_id) == pulled
    unseen = Frames()
    executor.go.clear(), executor.at.clear()
    executor.shown = (unseen,)
    alive = weakref.ref(unseen)
    view = queue.submit("image", {})
    executor.at.wait(SOON)
    executor.shown = ()
    del unseen
    executor.go.set()
    queue.finished(view.id, SOON)
    for _ in range(100):
        gc.collect()
        if alive() is None:
            break
        time.sleep(0.01)
    assert alive() is None
    assert queue.previews(view.id) == (0, [])


def test_a_retried_job_shows_nothing_old(show):
    """The previews of the run before are not those of this one."""
    queue, job_id, executor = show(Frames())
    queue.previews(job_id)
    executor.go.set()
    queue.finished(job_id, SOON)
    executor.go.clear(), executor.at.clear()
    executor.shown = ()
    queue.retry(job_id)
    executor.at.wait(SOON)
    assert queue.previews(job_id) == (0, [])
    executor.go.set()


SIZES = {
    (32, 32): (128, 128),
    (64, 48): (128, 96),
    (24, 64): (48, 128),
    (300, 200): (300, 200),
    (2048, 512): (512, 128),
    (1, 900): (1, 512),
}


@pytest.mark.parametrize(("size", "wanted"), SIZES.items())
def test_pictures_are_small_and_smooth(size, wanted):
    """Small frames are enlarged to 128 px with in-between colours, huge ones made smaller, the shape stays."""
    assert opened(encode(Image.new("RGB", size, "red"))).size == wanted


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "1"])
def test_every_kind_of_picture_becomes_a_jpeg(mode):
    """Whatever mode an engine's frames have."""
    assert opened(encode(Image.new(mode, (8, 8)))).mode == "RGB"


def test_enlarging_is_bicubic():
    """Between a black and a white pixel there are greys, not a step."""
    frame = Image.new("RGB", (2, 1), "black")
    frame.putpixel((1, 0), (255, 255, 255))
    row = opened(encode(frame)).convert("L").crop((0, 32, 128, 33))
    assert len(set(row.tobytes())) > 20


def test_offers_and_pulls_from_many_threads_never_lose_the_newest():
    """However viewers and steps meet, the last frames can be seen at the end."""
    previews, done = Previews(), threading.Event()
    pull = lambda: [previews.pull() for _ in iter(done.is_set, True)]
    viewers = [threading.Thread(target=pull) for _ in range(4)]
    [viewer.start() for viewer in viewers]
    for version in range(1, 300):
        previews.offer(version, lambda: [Image.new("RGB", (2, 2))])
    done.set()
    [viewer.join() for viewer in viewers]
    assert previews.pull()[0] == 299


# ---------------------------------------------------------------------- progress
def test_the_time_left_is_the_mean_step_times_the_steps_left():
    """The wait before the first report is not a step, and the rest counts down between two steps."""
    pace = Pace()
    assert pace.progress(0).eta_s is None
    pace.step(0, 20, "Loading", at=100)
    assert (pace.progress(150).eta_s, pace.progress(150).note) == (None, "Loading")
    for step in range(1, 6):
        pace.step(step, 20, "", at=100 + 2 * step)
    assert pace.progress(110).eta_s == 30
    assert pace.progress(111.5).eta_s == 28.5
    assert pace.progress(999).eta_s == 0
    assert pace.progress(110).rate == 0.5


def test_the_mean_follows_a_machine_that_slows_down():
    """Old steps leave the mean."""
    pace, at = Pace(), 0.0
    for step in range(60):
        at += 0.1 if step < 30 else 1.0
        pace.step(step, 100, "", at)
    assert pace.progress(at).rate == pytest.approx(1.0)


def test_a_new_stretch_of_work_has_its_own_pace():
    """Another total or counting from the start again forgets the step times before."""
    pace = Pace()
    for step in range(5):
        pace.step(step, 5, "", at=step * 0.01)
    pace.step(1, 3, "Enlarging", at=10)
    assert pace.progress(10).eta_s is None
    pace.step(2, 3, "Enlarging", at=14)
    assert pace.progress(14).eta_s == 4
    pace.step(0, 3, "", at=20)
    assert pace.progress(20).eta_s is None


@pytest.mark.parametrize("steps", [[(0, 0)], [(5, 3)], [(1, 1), (1, 1)], [(-1, 10), (3, 10)], [(2, 4), (2, 4), (2, 4)]])
def test_odd_counts_never_break_the_numbers(steps):
    """No total, more than the total, the same step twice, everything at the same moment."""
    pace = Pace()
    for done, total in steps:
        pace.step(done, total, "", at=1.0)
    seen = pace.progress(1.0)
    assert seen.eta_s is None or seen.eta_s >= 0
    assert seen.rate is None or seen.rate > 0


def test_a_running_job_shows_its_pace():
    """View, note and eta come from the report."""
    executor = StepExecutor(step_s=0.02)
    queue = Queue(FakeJobs(), {"image": executor})
    queue.start()
    view = queue.submit("image", {"steps": 40})
    until = time.monotonic() + SOON
    while queue.view(view.id).progress.done < 5 and time.monotonic() < until:
        queue.wait(queue.version, 0.5)
    seen = queue.view(view.id).progress
    assert seen.total == 40
    assert 5 < seen.rate <= 50
    assert 0 < seen.eta_s < 7
    queue.cancel(view.id)
    assert queue.stop(SOON)
