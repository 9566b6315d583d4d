"""`/grids`: one request with settings varied along axes, and prompts compared seed by seed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from studio.api.shapes import REFUSALS, Cursor, ForecastAnswer, Limit, page_json
from studio.domain.grid import Choice, ComparisonRequest, Grid, GridRequest


class Picture(BaseModel):
    """One cell: its place along each axis, its asset, and the scores it has."""

    at: list[int]
    asset_id: str
    seed: int | None
    prompt: str
    quality: float | None
    identity: float | None
    passed: bool | None


class GridAnswer(Grid):
    """A grid with its `state`, the pictures there are, why its job failed, and a comparison's verdicts."""

    state: str
    pictures: list[Picture]
    error: dict | None
    verdicts: list[dict]


class GridPage(BaseModel):
    items: list[Grid]
    next_cursor: str | None
    total: int


def router(studio) -> APIRouter:
    """The routes over `studio.grids`."""
    routes = APIRouter(prefix="/grids", tags=["Grids"], responses=REFUSALS)
    grids = studio.grids
    whole = {"response_model": None, "responses": {200: {"model": GridAnswer}}}
    begun = {"status_code": 202, "response_model": None, "responses": {202: {"model": GridAnswer}}}

    def owner(request: Request) -> str:
        return request.scope.get("studio.user", "")

    @routes.post("", **begun, summary="Ask for a grid")
    def start(asked: GridRequest, request: Request):
        """Answered once its job is safe on disk. Watch it here or at `/jobs/{job_id}`."""
        return grids.result(grids.start(asked, owner(request)).id)

    @routes.get("", response_model=None, responses={200: {"model": GridPage}}, summary="List them, newest first")
    def listed(
        character_id: Annotated[str | None, Query(description="Those of this character only")] = None,
        kind: Literal["grid", "ab"] | None = None,
        trashed: bool = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ):
        found = grids.list(character_id, kind=kind, trashed=trashed)
        start = next((at + 1 for at, each in enumerate(found) if each.id == cursor), 0) if cursor else 0
        page, more = found[start : start + limit], len(found) > start + limit
        answer = page_json(page, page[-1].id if more else None, len(found))
        for item, one in zip(answer["items"], page, strict=True):
            item["state"] = grids.state(one)
        return answer

    @routes.post("/forecast", response_model=ForecastAnswer, summary="What a grid would cost")
    def forecast(asked: GridRequest):
        return grids.forecast(asked).as_json()

    @routes.post("/compare", **begun, summary="Compare prompts with the same seeds")
    def compare(asked: ComparisonRequest, request: Request):
        return grids.result(grids.start(asked, owner(request)).id)

    @routes.post("/compare/forecast", response_model=ForecastAnswer, summary="What a comparison would cost")
    def compare_forecast(asked: ComparisonRequest):
        return grids.forecast(asked).as_json()

    @routes.get("/{grid_id}", **whole, summary="Read one, cell by cell")
    def read(grid_id: str):
        return grids.result(grid_id)

    @routes.post("/{grid_id}/choose", **whole, summary="Choose the best prompt for one seed")
    def choose(grid_id: str, choice: Choice):
        """`variant` counts from 0, -1 is no difference, null takes the choice back."""
        return grids.result(grids.choose(grid_id, choice).id)

    @routes.post("/{grid_id}/sheet", **whole, summary="Make the labelled sheet of the pictures there are")
    def sheet(grid_id: str):
        return grids.result(grids.make_sheet(grid_id).id)

    @routes.delete("/{grid_id}", **whole, summary="Into the trash; its pictures stay")
    def trash(grid_id: str):
        return grids.result(grids.trash(grid_id).id)

    @routes.post("/{grid_id}/restore", **whole, summary="Back from the trash")
    def restore(grid_id: str):
        return grids.result(grids.restore(grid_id).id)

    return routes
