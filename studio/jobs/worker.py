"""The one thread that makes things, and what an executor has to keep to. It knows nothing of order or of disks."""

import errno
import logging
import secrets
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from studio.domain.job import Job
from studio.durable import is_full
from studio.errors import Cancelled, NoSpace, OutOfMemory, StudioError
from studio.jobs.previews import Frames

log = logging.getLogger("studio.jobs")


class Report(Protocol):
    """What an executor tells its job. May be called from any thread."""

    def __call__(self, done: int, total: int, frames: Frames | None = None, note: str = "") -> None:
        """`done` of `total` steps are finished. `frames()` makes one small RGB picture per picture of the batch: it is
        called from another thread, at most once, and only when somebody looks; one that has a length tells the number
        of pictures without being called. Raises Cancelled when the job should stop: let it pass through.
        """

    def asset(self, asset_id: str) -> None:
        """An asset is finished: it is in `job.assets` on disk when this returns. Naming it twice counts once."""


class Executor(Protocol):
    """Makes the jobs of one kind, one at a time, on the worker's thread."""

    def run(self, job: Job, report: Report) -> None:
        """Do the whole job. Returning means succeeded, StudioError failed with its text, Cancelled cancelled.

        A job may come again after the studio was stopped or killed in the middle of it, or after a failure was
        retried. `job.assets` then names, in order, what the attempts before have finished: make only what is missing.
        File the asset first, then call `report.asset` at once; to be sure even when killed between the two, look for
        assets with this `job.id` before making a picture.

        Call `report` a few times a second where possible: it is where a job stops. An engine's own errors are
        translated here, into StudioError; what else is raised is logged as a bug and fails only this job.
        """


@dataclass(frozen=True)
class Outcome:
    """How a run ended: succeeded, failed (with the error's dict) or stopped (Cancelled came out of it)."""

    state: str
    error: dict | None = None


class Worker(threading.Thread):
    """Takes a job, performs it, settles it, until `take` returns None. `perform` never raises."""

    def __init__(self, take: Callable, perform: Callable, settle: Callable):
        super().__init__(name="studio-worker", daemon=True)
        self._take, self._perform, self._settle = take, perform, settle

    def run(self) -> None:
        while (taken := self._take()) is not None:
            try:
                self._settle(taken, self._perform(taken))
            except Exception:
                log.exception("A job could not be settled; the next one starts.")
            taken = None  # while waiting for the next job nothing of the last one stays in memory


def perform(executor: Executor | None, job: Job, report: Report) -> Outcome:
    """Run `job` and say how it ended. Whatever is raised, also SystemExit, ends the job and not the thread."""
    try:
        if executor is None:
            raise StudioError(f'The studio does not know how to make "{job.kind}".', "Remove this job.")
        executor.run(job, report)
    except BaseException as error:
        return Outcome("stopped") if _stopped(error) else Outcome("failed", explain(error, job))
    return Outcome("succeeded")


def _stopped(error: BaseException | None) -> bool:
    """Whether Cancelled is at the bottom of it: some libraries wrap what comes out of their callbacks."""
    seen = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, Cancelled):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def explain(error: BaseException, job: Job) -> dict:
    """The error as a job keeps it, with text for people. A bug goes to the log under a short id."""
    if isinstance(error, StudioError):
        log.info("Job %s (%s) failed: %s", job.id, job.kind, error.message)
        return _told(error)
    if (known := limit_of(error)) is not None:
        log.error("Job %s (%s) failed: %s (%s: %s)", job.id, job.kind, known.message, type(error).__name__, error)
        return _told(known)
    mark = secrets.token_hex(2)
    # as text: a kept traceback would keep every tensor of its frames
    log.error("%s: job %s (%s) broke.\n%s", mark, job.id, job.kind, "".join(traceback.format_exception(error)).rstrip())
    return {
        "code": "bug",
        "message": f"Something broke ({mark}). Details are in the log.",
        "hint": "Open the log in System.",
    }


def _told(error: StudioError) -> dict:
    """The error's dict, sure to be kept: a message may quote a file name that is no text."""
    return {name: clean(value) for name, value in error.as_dict().items()}


def clean(value) -> str:
    """`value` as text that JSON can keep."""
    text = value if type(value) is str else str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def limit_of(error: BaseException) -> StudioError | None:
    """The error for a person when the machine's memory or disk is at its end, under whichever class it comes.

    None when it is something else. torch is not imported to recognise its error.
    """
    text = str(error).lower() if isinstance(error, RuntimeError) else ""
    if isinstance(error, OSError) and is_full(error):
        return NoSpace(
            "There is no space left on the disk.", "Free some space or empty the trash in Review, then retry."
        )
    if (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or type(error).__name__ == "OutOfMemoryError"
        or ("out of memory" in text or "can't allocate memory" in text)
    ):
        return OutOfMemory(
            "There was not enough memory to make this.", "Use a smaller size or fewer pictures at once, then retry."
        )
    return None
