"""`/characters/{id}/identity`: how alike a character's pictures are, measuring again, and the 12-scene test."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from studio.api.shapes import REFUSALS, JobAnswer, job_json
from studio.domain.document import Request as Wanted


class SceneTestRequest(Wanted):
    """What to run through the twelve scenes. Without `seed` one is drawn; `retries` is per scene."""

    look: str | None = Field(default=None, max_length=80)
    engine: str | None = Field(default=None, max_length=80)
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    retries: int = Field(default=0, ge=0, le=5)


def router(studio) -> APIRouter:
    """The routes over `studio.identities` and `studio.scene_tests`."""
    routes = APIRouter(prefix="/characters/{character_id}/identity", tags=["Identity"], responses=REFUSALS)
    a_job = {"status_code": 202, "response_model": None, "responses": {202: {"model": JobAnswer}}}

    def owner(request: Request) -> str:
        return request.scope.get("studio.user", "")

    @routes.get("", summary="The consistency report")
    def report(character_id: str):
        """Scores are 0 to 1, calibrated per encoder; `points` are the newest 400 pictures, oldest first."""
        return studio.identities.report(character_id)

    @routes.get("/lock", summary="The path that keeps the face, and the ways each model here has")
    def lock(character_id: str):
        """`steps` with their state (done, next, later), read back from references, tests and trainings; `ways` by
        model."""
        return studio.keeping.path(character_id)

    @routes.post("/measure", **a_job, summary="Measure all pictures again")
    def measure(character_id: str, request: Request):
        """Answers the job that waits already when there is one. The rule itself is a field of the character:
        `PATCH /characters/{id}` with `{"identity": {"threshold": 0.6, "retries": 2}}`."""
        return job_json(studio.identities.start(character_id, owner(request)))

    @routes.get("/tests", summary="The 12-scene tests, newest first")
    def tests(character_id: str):
        found = studio.scene_tests.tests(character_id)
        return {"items": found, "next_cursor": None, "total": len(found)}

    @routes.post("/tests", **a_job, summary="Run the 12-scene test")
    def start(character_id: str, wanted: SceneTestRequest, request: Request):
        job = studio.scene_tests.start(character_id, **wanted.model_dump(), owner=owner(request))
        return job_json(job)

    @routes.get("/tests/{test_id}", summary="One test, scene by scene")
    def test(character_id: str, test_id: str):
        return studio.scene_tests.test(character_id, test_id)

    @routes.get("/sheet", response_class=Response, summary="One or several tests on one labelled sheet (JPEG)")
    def sheet(
        character_id: str, test: Annotated[list[str], Query(description="The id of a test; give several to compare")]
    ):
        made = studio.scene_tests.sheet(character_id, test)
        return Response(made, media_type="image/jpeg", headers={"Cache-Control": "no-store"})

    return routes
