"""What pages and the API see of a job: a frozen picture of one moment. It knows no queue and no disk."""

from dataclasses import dataclass, fields

import orjson

from studio.domain.job import Job, Progress
from studio.jobs.previews import Previews
from studio.jobs.progress import Pace


@dataclass(frozen=True)
class JobView:
    """A job as pages see it, at one moment. Times are ISO 8601 UTC; `position` is 1 for the next one, else None.

    `version` grows with every change of the job, also across restarts; `preview_version` only with new frames.
    `preview_count` is the number of preview pictures to ask for. `cancelling`: it stops at its next step.
    """

    id: str
    kind: str
    character_id: str | None
    owner: str
    state: str
    position: int | None
    request: dict
    progress: Progress
    assets: list[str]
    error: dict | None
    attempt: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    preview_count: int
    preview_version: int
    version: int
    cancelling: bool = False

    def as_dict(self) -> dict:
        """The view as plain JSON values, for the API."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"progress": self.progress.model_dump()}


class Entry:
    """What is in memory of one job: its document as last written, and what a run adds to it.

    `stop` is why the run should end: "", "cancel" or "shutdown". `passed` counts the jobs that went before it out of
    turn; a `pinned` one lets none. The document is replaced, never changed.
    """

    __slots__ = ("job", "pace", "passed", "pinned", "previews", "stop", "version")

    def __init__(self, job: Job, version: int = 0):
        self.job, self.version, self.stop, self.passed, self.pinned = job, version, "", 0, False
        self.pace, self.previews = Pace(), Previews()

    @property
    def place(self) -> tuple[float, str]:
        """Sorts the waiting jobs."""
        return self.job.order, self.job.id

    def view(self, position: int | None, running_at: float | None = None) -> JobView:
        """The job now; `running_at` is the clock's seconds while it runs, None otherwise."""
        job, running = self.job, running_at is not None
        request = orjson.loads(orjson.dumps(job.request))  # a copy; deepcopy takes eight times as long
        count = self.previews.count
        if count is None:  # frames nobody has looked at yet: as many as were asked for
            asked = job.request.get("batch")
            count = min(max(asked, 1), 64) if isinstance(asked, int) else 1
        return JobView(
            id=job.id,
            kind=job.kind,
            character_id=job.character_id,
            owner=job.owner,
            state=job.state,
            position=position,
            request=request,
            progress=self.pace.progress(running_at) if running else job.progress.model_copy(),
            assets=list(job.assets),
            error=job.error and dict(job.error),
            attempt=job.attempt,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            preview_count=count,
            preview_version=self.previews.version,
            version=self.version,
            cancelling=running and self.stop == "cancel",
        )
