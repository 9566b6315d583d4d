"""The queue's promises, over the written collection and over the real store."""

import errno
import logging
import random
import threading
import time

import pytest

from studio.domain.job import FINISHED
from studio.errors import BadRequest, Cancelled, Conflict, NoSpace, NotFound, StudioError, TooLarge
from studio.jobs import Queue
from studio.paths import Paths
from studio.store import Store
from tests.fakes import FakeJobs, StepExecutor

SOON = 5


@pytest.fixture(params=["fake", "store"])
def jobs(request, tmp_path):
    if request.param == "fake":
        yield FakeJobs()
        return
    store = Store.open(Paths(tmp_path))
    yield store.jobs
    store.close()


@pytest.fixture
def make(jobs, tmp_path):
    """Builds started queues on `jobs` and stops them afterwards."""
    made = []

    def build(executor=None, *, start=True, **executors):
        queue = Queue(jobs, {"image": executor or StepExecutor(), **executors}, tmp_path / "paused")
        made.append(queue)
        if start:
            queue.start()
        return queue

    yield build
    for queue in made:
        assert queue.stop(SOON)


class Raises:
    """Raises `error` at once."""

    def __init__(self, error):
        self.error = error

    def run(self, job, report):
        raise self.error


def held(queue, executor, **request):
    """A running job that waits at its first step for `executor.gate`."""
    view = queue.submit("image", request)
    assert executor.started.wait(SOON)
    return queue.view(view.id)


def ids(views):
    return [view.id for view in views]


# ---------------------------------------------------------------------- submit
def test_a_job_is_on_disk_before_it_is_acknowledged(make, jobs):
    """submit returns only what the collection already holds."""
    queue = make(start=False)
    view = queue.submit("image", {"prompt": "Mira"}, "mira", "ann")
    kept = jobs.get(view.id)
    assert (kept.state, kept.request, kept.character_id, kept.owner) == ("waiting", {"prompt": "Mira"}, "mira", "ann")
    assert (view.state, view.position, view.attempt) == ("waiting", 1, 0)


def test_a_refused_write_is_no_job():
    """When the disk is full, submit says so and nothing waits."""
    jobs = FakeJobs()
    queue = Queue(jobs, {"image": StepExecutor()})
    jobs.broken = OSError(errno.ENOSPC, "full")
    with pytest.raises(NoSpace, match="no space left"):
        queue.submit("image", {})
    jobs.broken = PermissionError("held by a virus scanner")
    with pytest.raises(PermissionError):
        queue.submit("image", {})
    assert queue.active() == []


def test_a_job_runs_to_its_end(make, jobs):
    """A submitted job is made, its assets and its end are kept."""
    queue = make()
    view = queue.finished(queue.submit("image", {"batch": 2}).id, SOON)
    assert (view.state, view.attempt, view.error, view.position) == ("succeeded", 1, None, None)
    assert view.assets == [f"{view.id}-0", f"{view.id}-1"] == jobs.get(view.id).assets
    assert (view.progress.done, view.progress.total, view.progress.eta_s) == (6, 6, None)
    assert view.started_at <= view.finished_at
    assert jobs.get(view.id).finished_at == view.finished_at


def test_jobs_are_made_in_order(make):
    """First come, first served."""
    executor = StepExecutor()
    queue = make(executor, start=False)
    wanted = ids(queue.submit("image", {"n": n}) for n in range(6))
    queue.start()
    queue.finished(wanted[-1], SOON)
    assert executor.ran == wanted


def test_ten_threads_submit_in_parallel(make, jobs):
    """Forty jobs from ten threads: none lost, none doubled, every place taken once."""
    queue, got = make(start=False), []
    work = lambda: got.extend(queue.submit("image", {"steps": 1}).id for _ in range(4))
    threads = [threading.Thread(target=work) for _ in range(10)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    active = queue.active()
    assert len(set(got)) == 40
    assert sorted(ids(active)) == sorted(got)
    assert [view.position for view in active] == list(range(1, 41))
    again = Queue(jobs, {})
    assert ids(again.active()) == ids(active)
    queue.start()
    assert all(queue.finished(job_id, SOON).state == "succeeded" for job_id in got)


HOSTILE = [
    "",
    "Zo\u00eb \u674e \U0001f469\u200d\U0001f3a8",
    "../../etc/passwd",
    "CON",
    "<script>alert(1)</script>",
    "a" * 300,
    'quote" \\ \n\r\t\x00\x1b',
    "\u202eright to left\u202c",
    "${jndi:ldap://x}",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:20])
def test_hostile_words_come_back_as_they_were(make, jobs, text):
    """Owner and request values survive the disk and a restart unchanged."""
    queue = make(start=False)
    request = {"prompt": text, text: {"deep": [text, None, True, 1.5, 2**53]}}
    view = queue.submit("image", request, owner=text)
    for seen in (view, Queue(jobs, {}).view(view.id)):
        assert (seen.owner, seen.request) == (text, request)


@pytest.mark.parametrize("value", ["\ud800", 2**70, object(), {1: 2}, {1, 2}, b"x"], ids=repr)
def test_what_json_cannot_keep_is_refused(make, value):
    """A value that would be lost is an error of the request, and no job."""
    queue = make(start=False)
    with pytest.raises(BadRequest):
        queue.submit("image", {"prompt": value})
    assert queue.active() == []


def test_absurd_requests_are_refused(make):
    """Too much, too deep, not named values, and kinds nobody makes."""
    queue = make(start=False)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(TooLarge):
        queue.submit("image", {"prompt": "x" * 300_000})
    for request in ({"prompt": deep}, ["prompt"], None):
        with pytest.raises(BadRequest):
            queue.submit("image", request)
    with pytest.raises(BadRequest, match="does not know how to make") as raised:
        queue.submit("sculpture", {})
    assert raised.value.field == "kind"
    assert queue.active() == []


def test_deep_but_possible_requests_survive(make, jobs):
    """What submit accepts can be read again."""
    queue, accepted = make(start=False), 0
    for depth in (50, 100, 150, 200, 240, 253, 260, 500):
        deep = "end"
        for _ in range(depth):
            deep = [deep]
        try:
            view = queue.submit("image", {"deep": deep})
        except StudioError:
            continue
        accepted += 1
        assert Queue(jobs, {}).view(view.id).request == {"deep": deep}
    assert accepted >= 2
    assert len(queue.active()) == accepted


def test_changing_a_view_changes_no_job(make, jobs):
    """A view is a picture of the job, not the job."""
    queue = make(start=False)
    given = {"tags": ["a"]}
    view = queue.submit("image", given)
    given["tags"].append("b")
    view.request["tags"].append("c")
    queue.view(view.id).request["tags"].append("d")
    assert queue.view(view.id).request == {"tags": ["a"]}
    with pytest.raises(AttributeError):
        view.state = "failed"
    assert jobs.get(view.id).request == {"tags": ["a"]}


# ---------------------------------------------------------------------- cancel
def test_a_waiting_job_is_cancelled_at_once(make, jobs):
    """Cancelled on disk when cancel returns; the others move up."""
    queue = make(start=False)
    first, second = queue.submit("image", {}), queue.submit("image", {})
    assert queue.cancel(first.id).state == jobs.get(first.id).state == "cancelled"
    assert queue.view(second.id).position == 1
    assert queue.view(first.id).finished_at


def test_a_running_job_stops_at_its_next_step(make, jobs):
    """Under a second, and what it had finished stays."""
    executor = StepExecutor(step_s=0.02)
    queue = make(executor)
    view = queue.submit("image", {"batch": 50})
    while not queue.view(view.id).assets:
        queue.wait(queue.version, SOON)
    asked = time.monotonic()
    assert queue.cancel(view.id).cancelling
    ended = queue.finished(view.id, SOON)
    assert time.monotonic() - asked < 1
    assert (ended.state, ended.error, ended.cancelling) == ("cancelled", None, False)
    assert 0 < len(ended.assets) < 50
    assert jobs.get(view.id).assets == ended.assets
    assert not jobs.get(view.id).cancel_requested


def test_two_cancels_at_once_are_one(make):
    """Many clients cancel the same running and waiting job: no error, one end."""
    executor = StepExecutor(gate=threading.Event())
    queue = make(executor)
    running, waiting, errors = held(queue, executor), queue.submit("image", {}), []

    def cancel():
        try:
            queue.cancel(running.id), queue.cancel(waiting.id)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=cancel) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert errors == []
    assert {queue.finished(view.id, SOON).state for view in (running, waiting)} == {"cancelled"}


def test_an_acknowledged_cancel_ends_cancelled(make):
    """Also when the executor was past its last step, or wraps what comes out of report, or fails meanwhile."""
    go, at = threading.Event(), threading.Event()

    class Late:
        def run(self, job, report):
            at.set()
            go.wait(SOON)
            if job.request["how"] == "wraps":
                try:
                    report(1, 1)
                except Cancelled as error:
                    raise RuntimeError("callback failed") from error
            if job.request["how"] == "fails":
                raise ValueError("halfway")

    queue = make(Late())
    for how in ("returns", "wraps", "fails"):
        go.clear(), at.clear()
        view = queue.submit("image", {"how": how})
        at.wait(SOON)
        queue.cancel(view.id)
        go.set()
        assert queue.finished(view.id, SOON).state == "cancelled"


def test_cancelling_a_finished_job_is_a_conflict(make):
    """It says so, and what to do; a job nobody knows is not found."""
    queue = make()
    view = queue.finished(queue.submit("image", {}).id, SOON)
    with pytest.raises(Conflict) as raised:
        queue.cancel(view.id)
    assert raised.value.hint
    with pytest.raises(NotFound):
        queue.cancel("nobody")


def test_a_thread_left_over_from_a_cancelled_run_reports_to_nobody(make):
    """After the end of its run a Report only raises Cancelled, also when the job runs again."""
    reports = []

    class Keeps:
        def run(self, job, report):
            reports.append(report)
            report(1, 10)
            if len(reports) == 2:
                with pytest.raises(Cancelled):
                    reports[0](9, 9)

    queue = make(Keeps())
    view = queue.finished(queue.submit("image", {}).id, SOON)
    with pytest.raises(Cancelled):
        reports[0](2, 10)
    queue.retry(view.id)
    again = queue.finished(view.id, SOON)
    assert (again.state, again.progress.done) == ("succeeded", 1)


# ---------------------------------------------------------------------- remove, retry, move
def test_waiting_and_finished_jobs_can_be_removed_a_running_one_not(make, jobs):
    """A running job is a Conflict with a hint; the others are gone from list and disk."""
    executor = StepExecutor(gate=threading.Event())
    queue = make(executor)
    running, waiting = held(queue, executor), queue.submit("image", {})
    with pytest.raises(Conflict) as raised:
        queue.remove(running.id)
    assert "Cancel" in raised.value.hint
    queue.remove(waiting.id)
    executor.gate.set()
    queue.finished(running.id, SOON)
    queue.remove(running.id)
    for job_id in (running.id, waiting.id):
        with pytest.raises(NotFound):
            queue.view(job_id)
        with pytest.raises(NotFound):
            jobs.get(job_id)
        with pytest.raises(NotFound):
            queue.remove(job_id)
    assert queue.views().total == 0


def test_remove_finished_leaves_what_is_still_to_be_made(make):
    """Finished ones go, whatever their end; running and waiting ones stay."""
    executor = StepExecutor(gate=threading.Event())
    queue = make(executor, broken=Raises(StudioError("No.")))
    failed = queue.submit("broken", {})
    queue.finished(failed.id, SOON)
    running, dropped, waiting = held(queue, executor), queue.submit("image", {}), queue.submit("image", {})
    queue.cancel(dropped.id)
    assert queue.remove_finished() == 2
    assert ids(queue.views().items) == [running.id, waiting.id]
    assert queue.remove_finished() == 0
    executor.gate.set()


def test_retry_continues_a_failed_job_and_repeats_a_succeeded_one(make):
    """After a failure finished assets count; after success everything is made anew."""

    class SecondTime(StepExecutor):
        def run(self, job, report):
            if not self.ran:
                self.ran.append(job.id)
                report.asset(f"{job.id}-0")
                raise StudioError("The model folder is damaged.", "Copy it again.", field="engine")
            super().run(job, report)

    executor = SecondTime()
    queue = make(executor)
    view = queue.finished(queue.submit("image", {"batch": 3}).id, SOON)
    assert view.state == "failed"
    told = {"code": "invalid", "message": "The model folder is damaged.", "hint": "Copy it again.", "field": "engine"}
    assert view.error == told
    again = queue.retry(view.id)
    assert (again.state, again.attempt, again.error, again.finished_at) == ("waiting", 0, None, None)
    done = queue.finished(view.id, SOON)
    assert (done.state, done.attempt, done.assets) == ("succeeded", 1, [f"{view.id}-{n}" for n in range(3)])
    assert executor.made == [f"{view.id}-1", f"{view.id}-2"]
    assert queue.retry(view.id).assets == []
    assert queue.finished(view.id, SOON).state == "succeeded"
    assert len(executor.made) == 5


def test_retry_of_an_unfinished_job_is_a_conflict(make):
    """It waits already."""
    queue = make(start=False)
    view = queue.submit("image", {})
    with pytest.raises(Conflict):
        queue.retry(view.id)


def test_a_retried_job_waits_behind_the_others(make):
    """Nobody who waits is overtaken."""
    queue = make(start=False)
    first, second = queue.submit("image", {}), queue.submit("image", {})
    queue.cancel(first.id)
    assert queue.retry(first.id).position == 2
    assert ids(queue.active()) == [second.id, first.id]


def test_moving_is_kept_on_disk(make, jobs):
    """Every position, the ends for impossible ones, and the same order after a restart."""
    queue = make(start=False)
    order = ids(queue.submit("image", {}) for _ in range(5))
    for job_id, position in (
        (order[4], 1),
        (order[0], 3),
        (order[2], 99),
        (order[1], -7),
        (order[3], 2),
        (order[3], 2),
    ):
        assert queue.move(job_id, position).state == "waiting"
        order.remove(job_id)
        order.insert(min(max(position, 1), 5) - 1, job_id)
        assert ids(queue.active()) == order == ids(Queue(jobs, {}).active())
        assert [view.position for view in queue.active()] == [1, 2, 3, 4, 5]


def test_moving_between_the_same_neighbours_never_runs_out_of_numbers():
    """A hundred moves into the same gap keep the order exact."""
    jobs = FakeJobs()
    queue = Queue(jobs, {"image": StepExecutor()})
    order = ids(queue.submit("image", {}) for _ in range(4))
    for turn in range(100):
        job_id = order[2 + turn % 2]
        queue.move(job_id, 2)
        order.remove(job_id)
        order.insert(1, job_id)
        assert ids(queue.active()) == order == ids(Queue(jobs, {}).active())


def test_only_waiting_jobs_move(make):
    """A running or finished one is a Conflict."""
    executor = StepExecutor(gate=threading.Event())
    queue = make(executor)
    running = held(queue, executor)
    with pytest.raises(Conflict):
        queue.move(running.id, 1)
    executor.gate.set()
    queue.finished(running.id, SOON)
    with pytest.raises(Conflict):
        queue.move(running.id, 1)


# ---------------------------------------------------------------------- pause
def test_pause_lets_the_running_job_finish_and_survives_a_restart(make, jobs, tmp_path):
    """Nothing new starts until somebody resumes, also in the next process."""
    executor = StepExecutor(gate=threading.Event())
    queue = make(executor)
    running, waiting = held(queue, executor), queue.submit("image", {})
    queue.pause()
    executor.gate.set()
    assert queue.finished(running.id, SOON).state == "succeeded"
    with pytest.raises(TimeoutError):
        queue.finished(waiting.id, 0.1)
    queue.stop()
    again = Queue(jobs, {"image": StepExecutor()}, tmp_path / "paused")
    again.start()
    assert again.paused
    with pytest.raises(TimeoutError):
        again.finished(waiting.id, 0.1)
    again.resume()
    assert again.finished(waiting.id, SOON).state == "succeeded"
    assert not Queue(jobs, {}, tmp_path / "paused").paused
    assert again.stop()


# ---------------------------------------------------------------------- errors
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "out_of_memory"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), "out_of_memory"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory"),
            "out_of_memory",
        ),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out_of_memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "no_space"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_memory_and_disk_are_told_with_what_to_change(make, error, code):
    """The machine's limits are no bugs: a sentence and a hint."""
    queue = make(Raises(error))
    view = queue.finished(queue.submit("image", {}).id, SOON)
    assert (view.state, view.error["code"]) == ("failed", code)
    assert view.error["message"].endswith(".")
    assert view.error["hint"].endswith("retry.")


BUGS = [ZeroDivisionError("secret detail"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()]


@pytest.mark.parametrize("error", BUGS, ids=repr)
def test_a_bug_fails_one_job_with_a_short_id_and_the_worker_lives(make, caplog, error):
    """The text has no detail, the log has all of it under the same id, the next job is made."""
    queue = make(broken=Raises(error))
    with caplog.at_level(logging.INFO, "studio.jobs"):
        view = queue.finished(queue.submit("broken", {}).id, SOON)
    assert view.state == "failed"
    message = view.error["message"]
    mark = message.removeprefix("Something broke (").removesuffix("). Details are in the log.")
    assert len(mark) == 4
    assert "secret" not in message
    record = next(record for record in caplog.records if mark in record.getMessage())
    assert "Traceback" in record.getMessage()
    assert type(error).__name__ in record.getMessage()
    assert record.exc_info is None  # a traceback kept by a log view would keep the tensors of its frames
    assert queue.finished(queue.submit("image", {}).id, SOON).state == "succeeded"


def test_a_kind_nobody_makes_any_more_fails_with_a_sentence(make, jobs):
    """A job of an executor that is gone does not stop the queue."""
    old = Queue(jobs, {"clip": StepExecutor()})
    view = old.submit("clip", {})
    queue = make()
    assert 'make "clip"' in queue.finished(view.id, SOON).error["message"]


def test_cancelled_without_being_asked_is_cancelled(make):
    """An executor may give up by itself."""
    queue = make(Raises(Cancelled()))
    assert queue.finished(queue.submit("image", {}).id, SOON).state == "cancelled"


def test_a_disk_that_refuses_pauses_instead_of_failing_everybody():
    """When not even the start can be written the queue waits for a person; resume goes on."""
    jobs = FakeJobs()
    queue = Queue(jobs, {"image": StepExecutor()})
    waiting = [queue.submit("image", {}) for _ in range(3)]
    jobs.broken = OSError(errno.ENOSPC, "full")
    since = queue.version
    queue.start()
    queue.wait(since, SOON)
    assert queue.paused
    assert [view.state for view in queue.active()] == ["waiting"] * 3
    jobs.broken = None
    queue.resume()
    assert [queue.finished(view.id, SOON).state for view in waiting] == ["succeeded"] * 3
    queue.stop()


def test_an_end_that_cannot_be_written_is_written_later():
    """The end of a job is shown at once and reaches the disk with the next job that can be written."""
    jobs = FakeJobs()

    class FillsTheDisk(StepExecutor):
        def run(self, job, report):
            super().run(job, report)
            jobs.broken = OSError(errno.ENOSPC, "full") if job.request.get("fill") else None

    queue = Queue(jobs, {"image": FillsTheDisk()})
    queue.start()
    first = queue.finished(queue.submit("image", {"fill": True}).id, SOON)
    assert first.state == "succeeded"
    assert jobs.get(first.id).state == "running"
    jobs.broken = None
    second = queue.submit("image", {})
    queue.finished(second.id, SOON)
    assert jobs.get(first.id).state == jobs.get(second.id).state == "succeeded"
    assert jobs.get(first.id).assets == first.assets

    third = queue.finished(queue.submit("image", {"fill": True, "batch": 2}).id, SOON)
    jobs.broken = None
    queue.pause()
    assert queue.retry(third.id).state == jobs.get(third.id).state == "waiting"
    queue.stop()
    assert jobs.get(third.id).state == "waiting"


def test_errors_and_notes_that_are_no_text_are_kept_as_text(make, jobs):
    """Broken bytes of a file name in a message or a note, an error without words: the queue goes on."""

    class Unspeakable(Exception):
        def __str__(self):
            raise ValueError("no words")

    class Odd:
        def run(self, job, report):
            report(1, 2, note="\udcff left")
            raise {"name": StudioError("No \udcff here.", 5), "words": Unspeakable()}[job.request["how"]]

    queue = make(StepExecutor(), odd=Odd())
    view = queue.finished(queue.submit("odd", {"how": "name"}).id, SOON)
    assert view.error == {"code": "invalid", "message": "No ? here.", "hint": "5"}
    assert view.progress.note == "? left"
    assert queue.finished(queue.submit("odd", {"how": "words"}).id, SOON).error["code"] == "bug"
    assert queue.finished(queue.submit("image", {}).id, SOON).state == "succeeded"
    assert jobs.get(view.id).error == view.error


def test_a_document_deleted_under_the_queue_stops_nobody():
    """Somebody removed the file of a waiting job: it is dropped, the next one is made."""
    jobs = FakeJobs()
    queue = Queue(jobs, {"image": StepExecutor()})
    gone, next_one = queue.submit("image", {}), queue.submit("image", {})
    del jobs.kept[gone.id]
    queue.start()
    assert queue.finished(next_one.id, SOON).state == "succeeded"
    assert queue.active() == []
    queue.stop()


# ---------------------------------------------------------------------- stop and recovery
def test_stop_puts_the_running_job_back_first_and_uncounted(make, jobs):
    """A clean stop is no interruption: the attempt does not count, finished assets stay, order is kept."""
    executor = StepExecutor(step_s=0.01)
    queue = make(executor)
    running = queue.submit("image", {"batch": 200})
    waiting = [queue.submit("image", {}) for _ in range(2)]
    while not queue.view(running.id).assets:
        queue.wait(queue.version, SOON)
    assert queue.stop(SOON)
    kept = jobs.get(running.id)
    assert (kept.state, kept.attempt) == ("waiting", 0)
    assert kept.assets
    again = Queue(jobs, {})
    assert ids(again.active()) == [running.id, *ids(waiting)] == ids(queue.active())


def test_a_stopped_queue_can_start_again(make):
    """The job that was put back is made, each picture once."""
    executor = StepExecutor(step_s=0.01)
    queue = make(executor)
    view = queue.submit("image", {"batch": 4})
    while not queue.view(view.id).assets:
        queue.wait(queue.version, SOON)
    queue.stop()
    late = queue.submit("image", {})
    queue.start()
    queue.start()
    assert queue.finished(view.id, SOON).attempt == 1
    assert executor.made[:4] == [f"{view.id}-{n}" for n in range(4)]
    assert queue.finished(late.id, SOON).state == "succeeded"


def test_a_job_that_will_not_stop_is_put_back_all_the_same(jobs):
    """stop returns after its timeout; what was cancelled stays cancelled; nothing of the hung run is believed."""
    go, at = threading.Event(), threading.Event()

    class Hangs:
        def run(self, job, report):
            at.set()
            go.wait(SOON)

    for cancel, state in ((False, "waiting"), (True, "cancelled")):
        go.clear(), at.clear()
        queue = Queue(jobs, {"image": Hangs()})
        queue.start()
        view = queue.submit("image", {})
        at.wait(SOON)
        if cancel:
            queue.cancel(view.id)
        assert not queue.stop(0.05)
        assert (jobs.get(view.id).state, queue.view(view.id).state) == (state, state)
        with pytest.raises(Conflict):
            queue.start()
        go.set()
        assert queue.stop(SOON)
        assert jobs.get(view.id).state == state
        queue.remove(view.id)


def crashed(jobs, **fields):
    """A job that the process before left as running."""
    queue = Queue(jobs, {"image": StepExecutor()})
    view = queue.submit("image", {"batch": 2})

    def change(job):
        for name, value in {"state": "running", "attempt": 1, **fields}.items():
            setattr(job, name, value)

    jobs.update(view.id, change)
    return view.id


def test_an_interrupted_job_is_next_and_makes_only_what_is_missing(make, jobs):
    """First in the queue, second attempt, no picture twice."""
    other = Queue(jobs, {"image": StepExecutor()}).submit("image", {})
    job_id = crashed(jobs, assets=["done"])
    executor = StepExecutor()
    queue = make(executor)
    view = queue.finished(job_id, SOON)
    assert (view.state, view.attempt, view.assets) == ("succeeded", 2, ["done", f"{job_id}-1"])
    queue.finished(other.id, SOON)
    assert executor.ran == [job_id, other.id]


def test_the_third_interruption_fails_the_job(make, jobs):
    """A job that takes the studio down three times is not tried a fourth time, and says why."""
    job_id = crashed(jobs, attempt=3)
    view = make().finished(job_id, SOON)
    assert (view.state, view.attempt) == ("failed", 3)
    assert view.error["message"] == "The studio stopped three times while making this."
    assert view.error["hint"]


def test_a_cancellation_survives_a_crash(make, jobs):
    """Cancelled, killed before the next step, restarted: cancelled."""
    executor = StepExecutor()
    job_id = crashed(jobs, cancel_requested=True)
    assert make(executor).view(job_id).state == jobs.get(job_id).state == "cancelled"
    assert executor.ran == []


def test_everything_at_once_keeps_memory_and_disk_the_same():
    """Six threads do what people do, at random, while jobs run: only Conflict and NotFound, one truth at the end."""
    jobs, errors, known = FakeJobs(), [], []
    queue = Queue(jobs, {"image": StepExecutor(steps=2, step_s=0.0005)})
    queue.start()

    def act(seed):
        dice = random.Random(seed)
        for _ in range(150):
            name = dice.choice(["submit", "submit", "cancel", "remove", "retry", "move", "views", "previews", "pause"])
            try:
                if name == "submit" or not known:
                    known.append(queue.submit("image", {"batch": dice.randint(1, 2)}).id)
                elif name == "move":
                    queue.move(dice.choice(known), dice.randint(1, 9))
                elif name == "views":
                    views = queue.active()
                    waiting = [view.position for view in views if view.state == "waiting"]
                    assert len(set(ids(views))) == len(views)
                    assert waiting == list(range(1, len(waiting) + 1))
                    queue.views(limit=dice.randint(1, 20))
                elif name == "pause":
                    queue.pause()
                    queue.resume()
                else:
                    getattr(queue, name)(dice.choice(known))
            except (Conflict, NotFound):
                pass
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=act, args=(seed,)) for seed in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert errors == []
    for view in queue.active():
        queue.finished(view.id, SOON)
    kept = jobs.find(limit=10_000).items
    assert ids(queue.views(limit=10_000).items) == ids(kept)
    for job in kept:
        view = queue.view(job.id)
        assert (view.state, view.assets, view.error, view.attempt) == (job.state, job.assets, job.error, job.attempt)
        assert job.state in FINISHED
    assert queue.stop()


# ---------------------------------------------------------------------- lists and watching
def test_views_are_running_then_waiting_then_finished_newest_first(make):
    """Every page size walks all jobs once, in that order, with the same total."""
    executor = StepExecutor()
    queue = make(executor)
    done = ids(queue.finished(queue.submit("image", {"steps": 1}).id, SOON) for _ in range(4))
    executor.gate = threading.Event()
    executor.started.clear()
    running = held(queue, executor)
    waiting = ids(queue.submit("image", {}) for _ in range(3))
    wanted = [running.id, *waiting, *reversed(done)]
    for limit in (1, 2, 3, 4, 5, 8, 50):
        seen, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            page = queue.views(limit=limit, cursor=cursor)
            assert len(page.items) <= limit
            assert page.total == 8
            seen += ids(page.items)
            cursor, pages = page.next_cursor, pages + 1
            assert pages < 12
        assert seen == wanted
    page = queue.views(active_only=True, limit=3)
    assert (ids(page.items), page.total) == (wanted[:3], 4)
    page = queue.views(active_only=True, limit=3, cursor=page.next_cursor)
    assert (ids(page.items), page.next_cursor) == (wanted[3:4], None)
    for bad in ("x", "waiting:x"):
        with pytest.raises(StudioError):
            queue.views(cursor=bad)
    executor.gate.set()


def test_versions_grow_with_every_change_and_across_restarts(make, jobs):
    """A page that asks with the version it knows never misses anything, whatever process answers."""
    queue = make(start=False)
    first, second = queue.submit("image", {}), queue.submit("image", {})
    known = {view.id: view.version for view in queue.active()}
    assert known[second.id] > known[first.id]
    queue.cancel(first.id)
    assert queue.view(second.id).version > known[second.id]
    assert queue.view(first.id).version > known[first.id]
    before = queue.version
    time.sleep(0.02)
    again = Queue(jobs, {})
    assert again.version > before
    assert again.view(first.id).version > before
    assert again.wait(before, SOON) == again.version


def test_many_threads_wait_and_all_wake(make):
    """Forty waiting pages wake for one change; none wakes without one."""
    queue, woken = make(start=False), []
    since = queue.version
    began = time.monotonic()
    assert queue.wait(since, 0.05) == since
    assert time.monotonic() - began >= 0.04
    threads = [threading.Thread(target=lambda: woken.append(queue.wait(since, SOON))) for _ in range(40)]
    [thread.start() for thread in threads]
    queue.submit("image", {})
    [thread.join(SOON) for thread in threads]
    assert woken == [queue.version] * 40


def test_a_listener_hears_every_change_until_it_leaves_or_raises(make):
    """subscribe is told each version; a broken listener is dropped and harms nobody."""
    queue, heard, broken = make(start=False), [], []
    leave = queue.subscribe(heard.append)
    queue.subscribe(lambda version: broken.append(version) or 1 / 0)
    queue.submit("image", {})
    queue.submit("image", {})
    assert heard == sorted(heard)
    assert (len(heard), len(broken)) == (2, 1)
    leave()
    leave()
    queue.submit("image", {})
    assert len(heard) == 2


def test_a_listener_may_ask_the_queue(make):
    """No lock is held while listeners are called."""
    queue, seen = make(), []
    queue.subscribe(lambda version: seen.append([view.state for view in queue.active()]))
    queue.finished(queue.submit("image", {}).id, SOON)
    assert ["running"] in seen


def test_finished_says_when_time_is_up_or_the_job_is_gone(make):
    """TimeoutError and NotFound, nothing in between."""
    queue = make(start=False)
    view = queue.submit("image", {})
    with pytest.raises(TimeoutError):
        queue.finished(view.id, 0.02)
    threading.Timer(0.05, queue.remove, [view.id]).start()
    with pytest.raises(NotFound):
        queue.finished(view.id, SOON)


def test_a_view_is_plain_json(make):
    """as_dict holds what the API sends."""
    import orjson

    queue = make()
    view = queue.finished(queue.submit("image", {"prompt": "Zoë"}).id, SOON)
    sent = orjson.loads(orjson.dumps(view.as_dict()))
    assert (sent["state"], sent["progress"]["done"], sent["request"]) == ("succeeded", 3, {"prompt": "Zoë"})


# ---------------------------------------------------------------------- cost
def test_a_step_costs_next_to_nothing(make):
    """A report with frames nobody looks at stays far under 50 microseconds, with pages watching."""
    took = []

    class Fast:
        def run(self, job, report):
            frames = lambda: []
            for _ in range(5):
                began = time.perf_counter()
                for step in range(400):
                    report(step, 400, frames)
                took.append((time.perf_counter() - began) / 400)

    queue = make(Fast())
    queue.subscribe(lambda version: None)
    queue.finished(queue.submit("image", {}).id, SOON)
    assert min(took) < 50e-6


def test_steps_write_nothing():
    """A thousand steps cost no write: only start, asset and end do."""
    jobs = FakeJobs()
    queue = Queue(jobs, {"image": StepExecutor()})
    queue.start()
    queue.finished(queue.submit("image", {"steps": 1000}).id, SOON)
    queue.stop()
    assert jobs.writes == 4


def test_one_worker_thread_with_a_name(make):
    """One daemon thread called studio-worker, idle without polling."""
    queue = make()
    queue.finished(queue.submit("image", {}).id, SOON)
    workers = [thread for thread in threading.enumerate() if thread.name == "studio-worker"]
    assert len(workers) == 1
    assert workers[0].daemon
    assert all(view.state in FINISHED for view in queue.views().items)


# ---------------------------------------------------------------------- jobs of the loaded model
class Loads:
    """Makes jobs of models "a" and "b"; the model of the last one is what is loaded. `order` is what was made."""

    def __init__(self):
        self.loaded, self.order, self.swaps = None, [], 0

    def run(self, job, report):
        self.swaps += self.loaded != job.request["model"]
        self.loaded = job.request["model"]
        self.order.append(job.request["name"])

    def prefers(self, job):
        return job.request["model"] == self.loaded


def run_all(queue, names):
    """Submits jobs named like "a1" (model a) to a paused queue, then lets it work."""
    views = [queue.submit("image", {"model": name[0], "name": name}) for name in names]
    queue.resume()
    for view in views:
        assert queue.finished(view.id, SOON).state == "succeeded"


def test_jobs_of_the_loaded_model_go_first(make):
    """Two people with two models do not make the models swap at every picture."""
    executor = Loads()
    queue = make(executor)
    queue.prefers = executor.prefers
    queue.pause()
    run_all(queue, ["a1", "b1", "a2", "b2", "a3"])
    assert executor.order == ["a1", "a2", "a3", "b1", "b2"]
    assert executor.swaps == 2


def test_nobody_starves_and_nobody_overtakes_from_afar(make):
    """A job lets only a few others go first, and only from among the next ones."""
    executor = Loads()
    queue = make(executor)
    queue.prefers = executor.prefers
    queue.pause()
    names = ["a0", "b0", *(f"a{n}" for n in range(1, 8))]
    run_all(queue, names)
    assert executor.order.index("b0") == 4  # after a0 and three that went before it
    executor.order.clear()
    queue.pause()
    executor.loaded = "a"
    run_all(queue, [*(f"b{n}" for n in range(10)), "a9"])
    assert executor.order[0] == "b0"


def test_a_moved_job_is_really_next(make):
    """What a person put first goes first, whatever is loaded."""
    executor = Loads()
    queue = make(executor)
    queue.prefers = executor.prefers
    queue.pause()
    executor.loaded = "a"
    views = {name: queue.submit("image", {"model": name[0], "name": name}) for name in ("a1", "a2", "b1")}
    queue.move(views["b1"].id, 1)
    queue.resume()
    for view in views.values():
        queue.finished(view.id, SOON)
    assert executor.order[0] == "b1"


def test_a_preference_that_breaks_changes_nothing(make):
    """The queue goes on in its order."""
    executor = Loads()
    queue = make(executor)

    def broken(job):
        raise RuntimeError("no")

    queue.prefers = broken
    queue.pause()
    run_all(queue, ["a1", "b1", "a2"])
    assert executor.order == ["a1", "b1", "a2"]
