"""`/training`: put a dataset together, train a LoRA of a character, watch it learn, choose the version to use."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from studio.api.files import picture
from studio.api.shapes import REFUSALS, Cursor, JobAnswer, Limit, job_json, page_json
from studio.api.uploads import received, upload
from studio.domain.training import AddPictures, Choose, NewTraining, Training, TrainingPatch
from studio.errors import NotFound
from studio.services.consent import from_fields


class TrainingAnswer(Training):
    """A training with its `state`: draft, waiting, running, succeeded, failed, cancelled or stopped. A draft also has
    `problems` that keep it from starting, `notes`, `warnings` by picture, and `about_s`, seconds it may take."""

    state: str
    problems: list[str]
    notes: list[str]
    warnings: dict[str, list[str]]
    about_s: float | None


class TrainingPage(BaseModel):
    items: list[TrainingAnswer]
    next_cursor: str | None
    total: int


class LiveAnswer(BaseModel):
    """`losses` are [step, loss] after the step asked for; `bare` says whether the samples before learning are there."""

    state: str
    losses: list[list[float]]
    steps: int
    checkpoints: list[dict]
    best: int | None
    why: str
    chosen: int | None
    bare: bool


class Candidates(BaseModel):
    items: list[dict]


class Gone(BaseModel):
    picture_ids: list[str]


def router(studio) -> APIRouter:
    """The routes over `studio.trainings`."""
    routes = APIRouter(prefix="/training", tags=["Training"], responses=REFUSALS)
    trainings = studio.trainings
    one = {"response_model": None, "responses": {200: {"model": TrainingAnswer}}}

    def told(training: Training) -> dict:
        state = trainings.state(training)
        said = trainings.remarks(training) if state == "draft" else {"pictures": {}, "problems": [], "notes": []}
        return training.as_json() | {
            "state": state,
            "problems": said["problems"],
            "notes": said["notes"],
            "warnings": said["pictures"],
            "about_s": trainings.seconds(training) if state == "draft" else None,
        }

    @routes.get("", response_model=None, responses={200: {"model": TrainingPage}}, summary="List them, newest first")
    def listed(
        character_id: Annotated[str | None, Query(description="Those of this character only")] = None,
        trashed: bool = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ):
        found = trainings.list(character_id, trashed=trashed)
        start = next((at + 1 for at, each in enumerate(found) if each.id == cursor), 0) if cursor else 0
        page, more = found[start : start + limit], len(found) > start + limit
        answer = page_json([], page[-1].id if more else None, len(found))
        return answer | {"items": [told(each) for each in page]}

    @routes.post(
        "",
        status_code=201,
        response_model=None,
        responses={201: {"model": TrainingAnswer}},
        summary="Begin a draft, or get the one there is",
    )
    def create(wanted: NewTraining, suggest: bool = True):
        """With `suggest`, a new draft begins with the character's approved pictures and references."""
        return told(trainings.create(wanted, suggest=suggest))

    @routes.get("/candidates", response_model=Candidates, summary="What could join the draft of a character")
    def candidates(character_id: str):
        return {"items": trainings.candidates(trainings.draft(character_id), character_id)}

    @routes.get("/{training_id}", **one, summary="Read one")
    def read(training_id: str):
        return told(trainings.get(training_id))

    @routes.patch("/{training_id}", **one, summary="Change a draft")
    def change(training_id: str, patch: TrainingPatch):
        return told(trainings.patch(training_id, patch))

    @routes.post("/{training_id}/pictures", **one, summary="Choose pictures of the library and references")
    def add(training_id: str, wanted: AddPictures):
        return told(trainings.add(training_id, wanted))

    @routes.post(
        "/{training_id}/uploads",
        **one,
        summary="Add a picture from outside: the form field `file`, or the bare body",
        openapi_extra=upload("image/png"),
    )
    async def bring(training_id: str, request: Request):
        """With the form fields `origin` (fictional, myself, consented) and, for consented, `person`, `day`, `proof`."""
        async with received(request, studio.paths.house / "tmp", "picture.png") as (path, fields):
            said = from_fields(fields)
            return told(await run_in_threadpool(trainings.upload, training_id, path, path.name.lstrip("_"), said))

    @routes.post("/{training_id}/pictures/remove", **one, summary="Take pictures out of a draft")
    def remove(training_id: str, gone: Gone):
        return told(trainings.remove(training_id, gone.picture_ids))

    @routes.get(
        "/{training_id}/pictures/{picture_id}", response_class=FileResponse, summary="A picture as it is taught"
    )
    def square(training_id: str, picture_id: str, request: Request):
        path = trainings.picture_file(training_id, picture_id)
        return picture(request, path, tag=f"{picture_id}-{stamp(path)}")

    @routes.post(
        "/{training_id}/start",
        status_code=202,
        response_model=None,
        responses={202: {"model": JobAnswer}},
        summary="Train it",
    )
    def start(training_id: str, request: Request):
        """Answered once the job is safe on disk. `/jobs/{id}/cancel` stops it, `/jobs/{id}/retry` goes on with it."""
        return job_json(trainings.start(training_id, owner=request.scope.get("studio.user", "")))

    @routes.get("/{training_id}/live", response_model=LiveAnswer, summary="Losses and versions so far")
    def live(training_id: str, since: Annotated[int, Query(ge=0, description="Losses after this step only")] = 0):
        return trainings.live(training_id, since)

    @routes.get(
        "/{training_id}/samples/{step}/{number}", response_class=FileResponse, summary="A sample picture of a version"
    )
    def sample(training_id: str, step: str, number: int, request: Request):
        """`step` is a version's, or `bare` for what the model makes without it; `number` counts the prompts from 0."""
        path = trainings.sample_file(training_id, step, number)
        if not path.is_file():
            raise NotFound("This sample is not there yet.", "Ask again after the checkpoint.")
        return picture(request, path, tag=f"{training_id}-{step}-{number}-{stamp(path)}")

    @routes.get("/{training_id}/versions/{step}", response_class=FileResponse, summary="The LoRA file of a version")
    def version(training_id: str, step: int, request: Request):
        path = trainings.version_file(training_id, step)
        training = trainings.get(training_id)
        name = f"{training.trigger}-v{training.version}-{step}.safetensors"
        return picture(request, path, tag=f"{training_id}-{step}-{stamp(path)}", filename=name)

    @routes.post("/{training_id}/choose", **one, summary="Use this version")
    def choose(training_id: str, wanted: Choose):
        """It joins `/loras`, and a look of the character carries it: the named one, or one made for it."""
        return told(trainings.choose(training_id, wanted))

    @routes.post(
        "/{training_id}/again",
        status_code=201,
        response_model=None,
        responses={201: {"model": TrainingAnswer}},
        summary="A new draft of the same pictures",
    )
    def again(training_id: str):
        return told(trainings.again(training_id))

    @routes.delete("/{training_id}", status_code=204, summary="Move one to the trash, or delete it there for good")
    def trash(training_id: str, forever: bool = False):
        trainings.delete_forever(training_id) if forever else trainings.trash(training_id)
        return Response(status_code=204)

    @routes.post("/{training_id}/restore", **one, summary="Back from the trash")
    def restore(training_id: str):
        return told(trainings.restore(training_id))

    return routes


def stamp(path) -> str:
    """What tells a file from the one it replaced."""
    try:
        return str(path.stat().st_mtime_ns)
    except OSError:
        return "0"
