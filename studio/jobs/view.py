"""What pages and the API see of a job: a frozen picture of one moment. It knows no queue and no disk."""

from dataclasses import dataclass, fields

from studio.domain.job import Progress


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
