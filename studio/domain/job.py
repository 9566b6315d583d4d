"""The job: a unit of background work that survives closed tabs, crashes and restarts."""

from typing import Literal

from pydantic import BaseModel, Field

from studio.domain.document import Document

JobState = Literal["waiting", "running", "succeeded", "failed", "cancelled"]
FINISHED: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})
MOST_ATTEMPTS = 3


class Progress(BaseModel):
    """Where a job stands. `done` of `total` steps; `eta_s` seconds left, `rate` steps per second, None when unknown."""

    done: int = 0
    total: int = 0
    note: str = ""
    eta_s: float | None = None
    rate: float | None = None


class Job(Document):
    """`order` sorts the waiting jobs, smallest first. `attempt` counts starts; the third interruption fails the job.

    `cancel_requested` is kept while a running job has not stopped yet, so that a crash does not bring it back.
    """

    kind: str
    character_id: str | None = None
    owner: str = ""
    request: dict = Field(default_factory=dict)
    state: JobState = "waiting"
    order: float = 0
    attempt: int = 0
    progress: Progress = Field(default_factory=Progress)
    assets: list[str] = Field(default_factory=list)
    error: dict | None = None
    cancel_requested: bool = False
    started_at: str | None = None
    finished_at: str | None = None
