"""How documents and views look on the wire, and what the API's own bodies may hold."""

from collections.abc import Callable, Iterable
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from studio.api.answers import ErrorAnswer
from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.document import Document, Request
from studio.domain.job import JobState, Progress
from studio.domain.post import Post
from studio.domain.requests import ImageRequest

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before")]

REFUSALS = {
    status: {"model": ErrorAnswer, "description": words}
    for status, words in {
        400: "The request cannot be read",
        401: "A log-in is needed",
        404: "There is no such thing",
        409: "Its state does not allow this",
        413: "The body is too large",
        422: "A field does not fit",
    }.items()
}


class JobRequest(Request):
    """A new job. `request` holds the same fields as the Create tab."""

    kind: Literal["image"] = "image"
    character_id: str | None = None
    request: ImageRequest


class JobAnswer(BaseModel):
    """A job as it stands. `preview_url` has one address per picture of the batch, `position` is 1 for the next."""

    id: str
    kind: str
    character_id: str | None
    owner: str
    state: JobState
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
    preview_url: list[str]
    preview_version: int
    version: int
    cancelling: bool


class ForecastAnswer(BaseModel):
    """Seconds and bytes. `low` and `high` hold the middle half of the pictures it is measured from, `runs` of them.
    `loading`: the model is loaded first, which is not in the seconds."""

    pictures: int
    seconds: float | None
    low: float | None
    high: float | None
    basis: Literal["measured", "scaled", "benchmark", "unknown"]
    runs: int
    loading: bool
    memory: int
    memory_free: int
    disk: int
    disk_free: int
    fits: Literal["yes", "tight", "no"]
    text: str


class JobPage(BaseModel):
    items: list[JobAnswer]
    next_cursor: str | None
    total: int


class AssetPage(BaseModel):
    items: list[Asset]
    next_cursor: str | None
    total: int


class CharacterPage(BaseModel):
    items: list[Character]
    next_cursor: str | None
    total: int


class PostPage(BaseModel):
    items: list[Post]
    next_cursor: str | None
    total: int


class VariantAnswer(BaseModel):
    """One caption. `alt_text` maps each asset's id to its description, as a post takes it."""

    text: str
    hashtags: list[str]
    alt_text: dict[str, str]


class CaptionAnswer(BaseModel):
    variants: list[VariantAnswer]


class Move(Request):
    position: int = Field(ge=1, le=100_000)


class Publish(Request):
    format: Literal["png", "jpeg", "webp"] = "png"


class When(Request):
    local: str = Field(max_length=40, description="A wall time such as 2026-11-26T18:30")
    zone: str = Field(default="UTC", max_length=60, description="An IANA name such as Europe/Berlin")


class Resolve(Request):
    there: bool
    url: str = Field(default="", max_length=1000, description="Where it was seen")


class Why(BaseModel):
    account_id: str
    why: str


class WhyAnswer(BaseModel):
    targets: list[Why]
    warnings: list[str]


class Adopt(Request):
    file: str = Field(min_length=1, max_length=1000, description="As `/assets/orphans` names it")


class Enlarge(Request):
    """Pictures to make `factor` times as wide and high."""

    ids: list[str] = Field(min_length=1, max_length=20)
    factor: Literal[2, 4] = 2


class Rank(Request):
    ids: list[str] = Field(min_length=2, max_length=200)


class RankedPicture(BaseModel):
    """`points` are 0 to 1; `why` is a sentence."""

    id: str
    rank: int
    points: float
    why: str


class Ranked(BaseModel):
    by: str
    items: list[RankedPicture]


class FileList(BaseModel):
    """Files, relative to the data folder."""

    items: list[str]
    next_cursor: str | None
    total: int


def job_json(view) -> dict:
    """A job view as plain values, with the addresses of its previews."""
    addresses = [f"/api/v1/jobs/{view.id}/preview?picture={at}&v={view.version}" for at in range(view.preview_count)]
    return view.as_dict() | {"preview_url": addresses}


_OF_A_LINE = (
    "id", "kind", "character_id", "owner", "state", "position", "assets", "error", "attempt", "preview_count",
    "preview_version", "version", "cancelling",
)  # fmt: skip


def job_line(view) -> dict:
    """A job view as the pages' streams carry it many times a second: what a page draws, and the prompt's beginning."""
    asked = {name: view.request.get(name) for name in ("batch", "width", "height")}
    prompt = str(view.request.get("prompt") or "")[:160]
    line = {name: getattr(view, name) for name in _OF_A_LINE}
    return line | {"progress": view.progress.model_dump(), "request": asked | {"prompt": prompt}}


def page_json(items: Iterable, next_cursor: str | None, total: int) -> dict:
    """One page of documents."""
    return {"items": [one.as_json() for one in items], "next_cursor": next_cursor, "total": total}


def sliced(items: list, limit: int, cursor: str | None, mark: Callable[[Document], str], newest_first: bool) -> dict:
    """One page of a list that is short enough to be made whole. The list is sorted by `mark`, and the cursor is the
    mark of the last item of the page before: it stays good when that item is gone meanwhile.
    """
    start = 0
    if cursor:
        past = (lambda one: mark(one) < cursor) if newest_first else (lambda one: mark(one) > cursor)
        start = next((at for at, one in enumerate(items) if past(one)), len(items))
    page = items[start : start + limit]
    more = start + limit < len(items)
    return page_json(page, mark(page[-1]) if more and page else None, len(items))
