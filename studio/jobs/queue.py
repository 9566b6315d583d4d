"""The queue: a job is on disk before it is acknowledged, one worker makes it, pages only watch.

It knows jobs, their order and their states; never what a job makes. Progress and previews live in memory, every change
of state is durable when the call that made it returns.
"""

import contextlib
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import orjson

from studio.domain.document import now
from studio.domain.job import FINISHED, MOST_ATTEMPTS, Job, Progress
from studio.errors import BadRequest, Cancelled, Conflict, NotFound, TooLarge
from studio.jobs.news import News
from studio.jobs.previews import Frames
from studio.jobs.view import Entry, JobView
from studio.jobs.worker import Executor, Outcome, Worker, clean, limit_of, perform
from studio.store.collection import Collection, Page

log = logging.getLogger("studio.jobs")

MOST_REQUEST_BYTES = 256 * 1024  # a request is form values; pictures travel as assets
LOOK_AHEAD = 8  # waiting jobs among which one of the loaded model may go first
MOST_PASSED = 3  # times that a job lets another go before it
KEPT_FINISHED = 16  # finished jobs whose last preview stays in memory for pages that are a moment late

INTERRUPTED = {
    "code": "interrupted",
    "message": "The studio stopped three times while making this.",
    "hint": "Retry it with a smaller size or fewer pictures; if it stops again, look into the log in System.",
}


class _Report:
    """The Report of one run: steps into memory, assets to disk."""

    __slots__ = ("_entry", "_queue")

    def __init__(self, queue: "Queue", entry: Entry):
        self._queue, self._entry = queue, entry

    def __call__(self, done: int, total: int, frames: Frames | None = None, note: str = "") -> None:
        self._queue._step(self._entry, int(done), int(total), frames, note)

    def asset(self, asset_id: str) -> None:
        self._queue._asset(self._entry, asset_id)


class Queue:
    """Jobs, one after the other. Every method may be called from any thread.

    `executors` maps a kind to its Executor and may be filled until `start`. `paused_file` exists while the queue is
    paused; without one a pause ends with the process. `attempts` is how often a job that crashes the studio is begun
    again, None for ever.

    `prefers(job)` may be set: of the first few waiting jobs one that it likes, such as one for the loaded model,
    goes before others, but before none more than a few times, and before none that a person has moved. It has to be
    quick.

    `_admin` is held through writes and keeps changes of state in order. `_news` guards what is in memory and is held
    for microseconds only: a step never waits for a disk. Whoever takes both takes `_admin` first.
    """

    def __init__(
        self,
        jobs: Collection[Job],
        executors: dict[str, Executor],
        paused_file: Path | None = None,
        *,
        attempts: int | None = MOST_ATTEMPTS,
    ):
        self._jobs, self._executors, self._paused_file, self._attempts = jobs, executors, paused_file, attempts
        self.prefers: Callable[[Job], bool] | None = None
        self._admin = threading.RLock()
        self._news = News()
        self._floor = self._news.version
        self._active: dict[str, Entry] = {}
        self._ended: OrderedDict[str, Entry] = OrderedDict()
        self._waiting: list[Entry] = []
        self._running: Entry | None = None
        self._unsaved: dict[str, Job] = {}
        self._worker: Worker | None = None
        self._stopping = False
        self._paused = bool(paused_file and paused_file.exists())
        for job in self._every(lambda job: job.get("state", "waiting") not in FINISHED):
            self._active[job.id] = entry = Entry(job, self._floor)
            if job.state == "waiting":
                self._waiting.append(entry)
        self._waiting.sort(key=lambda entry: entry.place)

    # ------------------------------------------------------------------ life
    def start(self) -> None:
        """Bring back what a crash interrupted, then work. Harmless when already started."""
        with self._admin:
            if self._worker is not None and self._worker.is_alive():
                if self._stopping:
                    raise Conflict("The job that was running has not stopped yet.", "Wait a moment and start again.")
                return
            self._recover()
            self._stopping = False
            self._worker = Worker(self._take, self._perform, self._settle)
            self._worker.start()

    def stop(self, timeout: float = 10) -> bool:
        """Put the running job back in the queue, first and uncounted, and end the worker. False when it did not end in
        `timeout` seconds; its job is back in the queue all the same.
        """
        with self._admin:
            worker, self._stopping = self._worker, True
            with self._news:
                if self._running is not None and not self._running.stop:
                    self._running.stop = "shutdown"
            self._announce()
        if worker is threading.current_thread():
            return True
        if worker is not None:
            worker.join(timeout)
        with self._admin:
            if worker is not None and worker.is_alive() and (entry := self._running) is not None:
                log.warning("Job %s did not stop in %g s; it is put back in the queue.", entry.job.id, timeout)
                self._settle(entry, Outcome("stopped"))
            self._save_unsaved()
        return worker is None or not worker.is_alive()

    def _recover(self) -> None:
        interrupted = [entry for entry in self._active.values() if entry.job.state == "running"]
        for entry in sorted(interrupted, key=lambda entry: entry.place, reverse=True):
            if entry.job.cancel_requested:
                self._end(entry, "cancelled")
            elif self._attempts is not None and entry.job.attempt >= self._attempts:
                self._end(entry, "failed", INTERRUPTED)
            else:
                log.warning("Job %s was interrupted (attempt %d); it is next.", entry.job.id, entry.job.attempt)
                self._put_back(entry, counted=True)

    # ------------------------------------------------------------------ what people do
    def submit(self, kind: str, request: dict, character_id: str | None = None, owner: str = "") -> JobView:
        """A new job, last in the queue and on disk. Raises BadRequest and TooLarge for what cannot be kept."""
        if kind not in self._executors:
            known = ", ".join(sorted(self._executors)) or "nothing yet"
            raise BadRequest(f'The studio does not know how to make "{kind}".', f"It makes: {known}.", field="kind")
        if not isinstance(request, dict):
            raise BadRequest("A request is a set of named values.", field="request")
        job = Job(kind=kind, request=_plain(request), character_id=_plain(character_id), owner=_plain(owner))
        with self._admin:
            job.order = self._last()
            with _told_when_full():
                entry = Entry(self._jobs.add(job))
            with self._news:
                self._active[job.id] = entry
                self._waiting.append(entry)
            log.info("Job %s (%s) waits, number %d.", job.id, kind, len(self._waiting))
            return self._changed(entry)

    def cancel(self, job_id: str) -> JobView:
        """A waiting job is cancelled at once, a running one at its next step. Cancelling twice is once.

        A running job ends cancelled whatever it does after this returned; the assets it has finished stay.
        """
        with self._admin:
            job = self._job(job_id)
            entry = self._active.get(job_id)
            if job.state == "cancelled":
                return self.view(job_id)
            if entry is None:
                raise Conflict("This job is already finished.", "Retry it to make it again.")
            if job.state == "waiting":
                self._save(entry, lambda job: _ended(job, "cancelled", None, job.progress))
                return self._forget(entry)
            with self._news:
                already, entry.stop = entry.stop == "cancel", "cancel"
            if not already:
                self._save_anyway(entry, lambda job: setattr(job, "cancel_requested", True))
            return self._changed(entry)

    def remove(self, job_id: str) -> None:
        """Take a waiting or finished job off the list. Its assets stay. Conflict while it is running."""
        with self._admin:
            if self._job(job_id).state == "running":
                raise Conflict("This job is running.", "Cancel it first, then remove it.")
            with _told_when_full():
                self._jobs.remove(job_id)
            self._drop(job_id)
            self._announce(queue_moved=True)

    def remove_finished(self) -> int:
        """Take every finished job off the list and say how many there were."""
        gone = 0
        finished = [job.id for job in self._every(lambda job: job.get("state") in FINISHED)]
        for start in range(0, len(finished), 100):
            # a hundred at a time: a long list must not hold up the worker
            with self._admin, contextlib.suppress(NotFound), _told_when_full():
                some = [id for id in finished[start : start + 100] if id not in self._active]
                self._jobs.remove_many(some)
                for id in some:
                    self._drop(id)
                gone += len(some)
        self._announce()
        return gone

    def retry(self, job_id: str) -> JobView:
        """A finished job waits again, last, with all its attempts. After a failure or a cancellation the assets it has
        finished count; a succeeded one starts from nothing and its assets stay in the library.
        """
        with self._admin:
            job = self._job(job_id)
            if job.state not in FINISHED:
                raise Conflict("This job is still in the queue.", "Wait until it is finished, or cancel it first.")
            entry = Entry(job)
            order, assets = self._last(), [] if job.state == "succeeded" else job.assets
            self._save(entry, lambda job: _waits_again(job, order, attempt=0, assets=assets))
            with self._news:
                self._ended.pop(job_id, None)
                self._active[job_id] = entry
                self._waiting.append(entry)
            return self._changed(entry)

    def move(self, job_id: str, position: int) -> JobView:
        """Make a waiting job number `position` in the queue, 1 is next; too small and too large are the ends."""
        with self._admin:
            if self._job(job_id).state != "waiting":
                raise Conflict("Only a waiting job can be moved.", "Retry it to queue it again.")
            entry = self._active[job_id]
            others = [other for other in self._waiting if other is not entry]
            place = min(max(int(position), 1), len(others) + 1) - 1
            before = others[place - 1].job.order if place else None
            after = others[place].job.order if place < len(others) else None
            order = _between(before, after)
            if order is None:
                self._renumber([*others[:place], entry, *others[place:]])
            elif self._waiting[place] is not entry:
                self._save(entry, lambda job: setattr(job, "order", order))
            with self._news:
                entry.pinned = True
                self._waiting.sort(key=lambda entry: entry.place)
            return self._changed(entry, queue_moved=True)

    def pause(self) -> None:
        """Start no further job, also after a restart. The running one finishes."""
        with self._admin:
            self._paused = True
            self._announce()
            if self._paused_file is not None:
                with _told_when_full():
                    self._paused_file.parent.mkdir(parents=True, exist_ok=True)
                    with self._paused_file.open("wb") as file:
                        os.fsync(file.fileno())

    def resume(self) -> None:
        """Go on with the waiting jobs."""
        with self._admin:
            if self._paused_file is not None:
                self._paused_file.unlink(missing_ok=True)
            self._paused = False
            self._announce()

    # ------------------------------------------------------------------ what pages see
    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called: the running job goes back in the queue."""
        return self._stopping

    @property
    def version(self) -> int:
        """Grows with every change of any job, and from one process to the next."""
        return self._news.version

    def view(self, job_id: str) -> JobView:
        """The job as it is now. NotFound when there is none."""
        with self._news:
            entry = self._active.get(job_id) or self._ended.get(job_id)
            if entry is not None:
                return self._view(entry)
        return self._view_kept(self._jobs.get(job_id))

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    def active(self, most_waiting: int | None = None) -> list[JobView]:
        """The running job, then the waiting ones in order, all or the first of them."""
        with self._news:
            running = [self._view(self._running)] if self._running is not None else []
            return running + [entry.view(place) for place, entry in enumerate(self._waiting[:most_waiting], 1)]

    def views(
        self, *, active_only: bool = False, finished_only: bool = False, limit: int = 50, cursor: str | None = None
    ) -> Page[JobView]:
        """Running, waiting in order, then finished, newest first. BadRequest for a cursor that is none of ours."""
        limit = max(int(limit), 1)
        section, _, rest = (cursor or ("finished:" if finished_only else "waiting:")).partition(":")
        if section not in ("waiting", "finished"):
            raise BadRequest("This is not a page of the queue.", "Start again from the first page.", field="cursor")
        active = self.active()
        seen = {view.id for view in active}
        shown = active if section == "waiting" else []
        if shown and rest:
            after = _place(rest)
            shown = [view for view in shown if view.position is not None and self._place_of(view) > after]
        if len(shown) > limit:
            shown = shown[:limit]
            more = f"waiting:{_mark(self._place_of(shown[-1]))}"
        elif active_only:
            more = None
        else:
            kept, more = self._finished_page(limit - len(shown), rest if section == "finished" else "", seen)
            shown = shown + kept
        every = max(self._jobs.count(), len(active))
        return Page(shown, more, len(active) if active_only else every - len(active) if finished_only else every)

    def _finished_page(self, room: int, cursor: str, seen: set[str]) -> tuple[list[JobView], str | None]:
        """Up to `room` finished jobs after the store's `cursor` without the `seen` ones, and our cursor for the next.

        All documents are walked by age, which reads only what is shown; asking the store for a state reads every file.
        """
        found: list[JobView] = []
        while room > len(found):
            page = self._jobs.find(limit=room - len(found), cursor=cursor or None)
            views = [self._view_kept(job) for job in page.items if job.id not in seen]
            found += [view for view in views if view.state in FINISHED]  # one may be new since `seen`
            if page.next_cursor is None:
                return found, None
            cursor = page.next_cursor
        return found, f"finished:{cursor}"

    def previews(self, job_id: str) -> tuple[int, list[bytes]]:
        """The version and one JPEG per picture of the batch, made now if nobody has asked for them yet; (0, []) when
        there are none. The last pictures of a job stay for a while after it finished.
        """
        with self._news:
            entry = self._active.get(job_id) or self._ended.get(job_id)
        if entry is None:
            self._jobs.get(job_id)
            return 0, []
        return entry.previews.pull()

    def wait(self, since: int, timeout: float) -> int:
        """Blocks until anything changed after version `since`, or `timeout` seconds; returns the newest version."""
        return self._news.wait(since, timeout)

    def subscribe(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """`callback(version)` after every change, on the thread that made it: it must return at once. One that raises
        is not called again. Returns the function that ends it.
        """
        return self._news.subscribe(callback)

    def finished(self, job_id: str, timeout: float) -> JobView:
        """Waits until the job is finished. TimeoutError after `timeout` seconds, NotFound when it is removed."""
        until = time.monotonic() + timeout
        while True:
            since = self._news.version
            view = self.view(job_id)
            if view.state in FINISHED:
                return view
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"Job {job_id} is still {view.state} after {timeout:g} s.")
            self.wait(since, left)

    # ------------------------------------------------------------------ the worker's side
    def _take(self) -> Entry | None:
        """The next job, marked as running on disk; None when the worker should end."""
        while True:
            with self._news:
                self._news.block_until(lambda: self._stopping or (self._waiting and not self._paused))
            with self._admin:
                if self._stopping:
                    return None
                if self._paused or not self._waiting:
                    continue
                entry = self._next()
                try:
                    self._save_unsaved()
                    self._save(entry, _begins)
                except NotFound:
                    log.warning("Job %s is gone from the disk; it is taken off the list.", entry.job.id)
                    self._drop(entry.job.id)
                    self._announce(queue_moved=True)
                except Exception as error:
                    # failing every waiting job for a full disk would lose the queue: it waits for a person instead
                    log.exception("Job %s cannot be started, the queue pauses: %s", entry.job.id, error)
                    self._paused = True
                    self._announce()
                else:
                    with self._news:
                        self._waiting.remove(entry)
                        # an entry of its own for every run: a thread left over from the last one reports to nobody
                        self._running = self._active[entry.job.id] = entry = Entry(entry.job, entry.version)
                    self._changed(entry, queue_moved=True)
                    log.info("Job %s (%s) starts, attempt %d.", entry.job.id, entry.job.kind, entry.job.attempt)
                    return entry

    def _next(self) -> Entry:
        """The first waiting job, or one a little behind it that `prefers` likes; who lets it go first is counted."""
        first = self._waiting[0]
        if self.prefers is None:
            return first
        skipped: list[Entry] = []
        for entry in self._waiting[:LOOK_AHEAD]:
            try:
                if self.prefers(entry.job):
                    break
            except Exception as error:
                log.warning("Which job is preferred could not be told: %s", error)
                return first
            if entry.pinned or entry.passed >= MOST_PASSED:
                return first
            skipped.append(entry)
        else:
            return first
        for one in skipped:
            one.passed += 1
        return entry

    def _perform(self, entry: Entry) -> Outcome:
        job = entry.job.model_copy(deep=True)
        return perform(self._executors.get(job.kind), job, _Report(self, entry))

    def _settle(self, entry: Entry, outcome: Outcome) -> None:
        with self._admin:
            if self._running is not entry:  # stop() gave it up while it hung
                return
            if entry.stop == "cancel":
                self._end(entry, "cancelled")
            elif entry.stop == "shutdown" and outcome.state != "succeeded":
                self._put_back(entry, counted=False)
            elif outcome.state == "stopped":
                self._end(entry, "cancelled")
            else:
                self._end(entry, outcome.state, outcome.error)

    def _step(self, entry: Entry, done: int, total: int, frames: Frames | None, note: str) -> None:
        with self._news:
            if entry.stop or entry is not self._running:
                raise Cancelled
            entry.pace.step(done, total, clean(note) if note else "", time.perf_counter())
            entry.version = version = self._news.turn()
            if frames is not None:
                entry.previews.offer(version, frames)
        self._news.tell(version)

    def _asset(self, entry: Entry, asset_id: str) -> None:
        with self._admin:
            if asset_id not in entry.job.assets:
                self._save(entry, lambda job: setattr(job, "assets", list(dict.fromkeys([*job.assets, asset_id]))))
                self._changed(entry)

    # ------------------------------------------------------------------ changes of state, under _admin
    def _end(self, entry: Entry, state: str, error: dict | None = None) -> None:
        progress = entry.pace.progress(time.perf_counter())
        progress.eta_s = None
        self._save_anyway(entry, lambda job: _ended(job, state, error, progress))
        log.info("Job %s (%s) %s with %d assets.", entry.job.id, entry.job.kind, state, len(entry.job.assets))
        self._forget(entry)

    def _put_back(self, entry: Entry, *, counted: bool) -> None:
        """A job that was interrupted is next again. `counted`: the interruption uses up an attempt."""
        order = self._waiting[0].job.order - 1 if self._waiting else 1.0
        attempt = entry.job.attempt - (0 if counted else 1)
        self._save_anyway(entry, lambda job: _waits_again(job, order, attempt=attempt, assets=job.assets))
        with self._news:
            if self._running is entry:
                self._running = None
            entry = self._active[entry.job.id] = Entry(entry.job)
            entry.pinned = True
            self._waiting.insert(0, entry)
        self._changed(entry, queue_moved=True)

    def _forget(self, entry: Entry) -> JobView:
        """A job that ended leaves the active ones; the latest few stay in memory with their last preview."""
        moved = entry in self._waiting
        with self._news:
            self._active.pop(entry.job.id, None)
            if moved:
                self._waiting.remove(entry)
            if self._running is entry:
                self._running = None
            entry.previews.close()
            self._ended[entry.job.id] = entry
            if len(self._ended) > KEPT_FINISHED:
                _, oldest = self._ended.popitem(last=False)
                self._floor = max(self._floor, oldest.version)
        return self._changed(entry, queue_moved=moved)

    def _drop(self, job_id: str) -> None:
        with self._news:
            entry = self._active.pop(job_id, None) or self._ended.pop(job_id, None)
            self._unsaved.pop(job_id, None)
            if entry in self._waiting:
                self._waiting.remove(entry)

    def _renumber(self, entries: Sequence[Entry]) -> None:
        """Whole numbers again, after so many moves between the same two neighbours that no number is left."""
        orders = {entry.job.id: float(place) for place, entry in enumerate(entries, 1)}
        with _told_when_full():
            saved = self._jobs.update_many(list(orders), lambda job: setattr(job, "order", orders[job.id]))
        kept = {job.id: job for job in saved}
        with self._news:
            for entry in entries:
                entry.job = kept[entry.job.id]

    def _save(self, entry: Entry, change: Callable[[Job], None]) -> None:
        """`change` on disk, then in memory. Raises what the store raises, and nothing has changed then."""
        with _told_when_full():
            saved = self._jobs.update(entry.job.id, change)
        with self._news:
            entry.job = saved
            self._unsaved.pop(saved.id, None)  # an older state must not be written over this one

    def _save_anyway(self, entry: Entry, change: Callable[[Job], None]) -> None:
        """For what has happened already, whether the disk takes it or not. It is written later if it has to be: at
        the worst a crash comes first, and the job is then taken for interrupted and goes on from its assets.
        """
        try:
            self._save(entry, change)
        except Exception as error:
            log.exception("The state of job %s could not be written, it is tried again: %s", entry.job.id, error)
            job = entry.job.model_copy(deep=True)
            change(job)
            with self._news:
                entry.job = job
            self._unsaved[job.id] = job

    def _save_unsaved(self) -> None:
        for job_id, job in list(self._unsaved.items()):
            values = {name: getattr(job, name) for name in Job.model_fields if name not in ("revision", "updated_at")}
            with contextlib.suppress(Exception):  # told when it failed first; the next job's start tries again
                with contextlib.suppress(NotFound):
                    self._jobs.update(job_id, lambda kept, values=values: [setattr(kept, *i) for i in values.items()])
                self._unsaved.pop(job_id, None)

    def _last(self) -> float:
        return self._waiting[-1].job.order + 1 if self._waiting else 1.0

    def _job(self, job_id: str) -> Job:
        entry = self._active.get(job_id) or self._ended.get(job_id)
        return entry.job if entry is not None else self._jobs.get(job_id)

    def _every(self, where: Callable[[dict], bool]) -> Iterator[Job]:
        found, cursor = [], None
        while True:
            page = self._jobs.find(where, limit=500, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return iter(found)

    # ------------------------------------------------------------------ news
    def _changed(self, entry: Entry, *, queue_moved: bool = False) -> JobView:
        """Tell everybody that this job changed, and with `queue_moved` every waiting one: their numbers did."""
        self._announce(entry, queue_moved=queue_moved)
        with self._news:
            return self._view(entry)

    def _announce(self, entry: Entry | None = None, *, queue_moved: bool = False) -> None:
        with self._news:
            version = self._news.turn()
            for changed in [entry] * (entry is not None) + self._waiting * queue_moved:
                changed.version = version
        self._news.tell(version)

    def _view(self, entry: Entry) -> JobView:
        """The view of one job; `_news` is held."""
        position = self._waiting.index(entry) + 1 if entry in self._waiting else None
        return entry.view(position, time.perf_counter() if entry is self._running else None)

    def _view_kept(self, job: Job) -> JobView:
        """The view of a document, from memory if it is there."""
        with self._news:
            entry = self._active.get(job.id) or self._ended.get(job.id)
            return self._view(entry) if entry is not None else Entry(job, self._floor).view(None)

    def _place_of(self, view: JobView) -> tuple[float, str]:
        entry = self._active.get(view.id)
        return entry.place if entry is not None else (float("-inf"), view.id)


@contextlib.contextmanager
def _told_when_full() -> Iterator[None]:
    """A full disk while writing is NoSpace, with its hint, and not a bug."""
    try:
        yield
    except (OSError, MemoryError) as error:
        known = limit_of(error)
        if known is None:
            raise
        raise known from error


# ---------------------------------------------------------------------- changes to a document
def _begins(job: Job) -> None:
    job.state, job.attempt, job.started_at, job.finished_at, job.error = "running", job.attempt + 1, now(), None, None


def _waits_again(job: Job, order: float, attempt: int, assets: list[str]) -> None:
    job.state, job.order, job.attempt, job.assets = "waiting", order, attempt, list(assets)
    job.progress, job.error, job.started_at, job.finished_at, job.cancel_requested = Progress(), None, None, None, False


def _ended(job: Job, state: str, error: dict | None, progress: Progress) -> None:
    job.state, job.error, job.progress, job.finished_at, job.cancel_requested = state, error, progress, now(), False


def _between(before: float | None, after: float | None) -> float | None:
    """A number between two, None standing for an open end; None when floating point has no room left."""
    if before is None or after is None:
        return 1.0 if before is after else before + 1 if after is None else after - 1
    middle = (before + after) / 2
    return middle if after - before > 1e-6 else None


def _mark(place: tuple[float, str]) -> str:
    return f"{place[0]!r}:{place[1]}"


def _place(mark: str) -> tuple[float, str]:
    order, _, job_id = mark.partition(":")
    try:
        return float(order), job_id
    except ValueError:
        raise BadRequest(
            "This is not a page of the queue.", "Start again from the first page.", field="cursor"
        ) from None


def _plain(value):
    """A copy of `value` as it will come back from disk. BadRequest for what JSON cannot keep, TooLarge for too much."""
    try:
        written = orjson.dumps(value)
        if len(written) > MOST_REQUEST_BYTES:
            raise TooLarge("This request is too large.", f"Keep it under {MOST_REQUEST_BYTES // 1024} KB.")
        return orjson.loads(written)
    except (TypeError, ValueError) as error:
        log.info("A request was refused: %s", error)
        raise BadRequest(
            "This request holds something that cannot be kept.", "Send plain text, numbers and lists."
        ) from None
