"""`/motion`: reels from approved pictures, and the sounds they use."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, PlainTextResponse, Response

from studio.api.files import picture
from studio.api.shapes import REFUSALS, Cursor, JobAnswer, Limit, job_json, page_json
from studio.api.uploads import received, upload
from studio.domain import document
from studio.domain.motion import (
    NewProject,
    Project,
    ProjectPatch,
    ShotPatch,
    Sound,
    SoundKind,
    SoundPatch,
    SpeechRequest,
)
from studio.errors import BadRequest


class ObjectionAnswer(BaseModel):
    """`level` is error or warning; errors keep a reel from being rendered. `shot` is the id of the one it is about."""

    message: str
    hint: str
    level: Literal["error", "warning"]
    shot: str


class ProjectAnswer(Project):
    """A reel, and what follows from it. `starts` are the seconds at which the shots begin, `state` its newest
    rendering's ("" before the first).
    """

    seconds: float
    frames: int
    starts: list[float]
    problems: list[ObjectionAnswer]
    state: str
    error: dict | None
    can_undo: bool
    can_redo: bool
    preview_url: str


class ProjectPage(BaseModel):
    items: list[ProjectAnswer]
    next_cursor: str | None
    total: int


class SoundPage(BaseModel):
    items: list[Sound]
    next_cursor: str | None
    total: int


class AddShots(document.Request):
    asset_ids: list[str] = Field(default_factory=list, max_length=30)


class Card(document.Request):
    text: str = Field(default="", max_length=240)
    at_end: bool = False


class Place(document.Request):
    position: int = Field(ge=0, le=100, description="Counted from 0")


class Gone(document.Request):
    shot_ids: list[str] = Field(min_length=1, max_length=40)


class Again(document.Request):
    asset_id: str = Field(max_length=80)


def router(studio) -> APIRouter:
    """The routes over `studio.motion`."""
    routes = APIRouter(prefix="/motion", tags=["Motion"], responses=REFUSALS)
    motion, sounds = studio.motion, studio.motion.sounds
    one = {"response_model": None, "responses": {200: {"model": ProjectAnswer}}}
    new = {"response_model": None, "status_code": 201, "responses": {201: {"model": ProjectAnswer}}}
    sound = {"response_model": None, "responses": {200: {"model": Sound}}}

    def told(project: Project) -> dict:
        timeline, state, can = motion.timeline(project), motion.state(project), motion.can(project.id)
        return project.as_json() | {
            "seconds": round(timeline.seconds, 4),
            "frames": timeline.frames,
            "starts": [round(span.first / timeline.fps, 4) for span in timeline.spans],
            "problems": [each.as_json() for each in motion.objections(project)],
            "state": state["state"],
            "error": state["error"],
            "can_undo": can["undo"],
            "can_redo": can["redo"],
            "preview_url": f"/api/v1/motion/projects/{project.id}/preview?v={motion.stamp(project)}",
        }

    def paged(found: list, limit: int, cursor: str | None, shape) -> dict:
        start = next((at + 1 for at, each in enumerate(found) if each.id == cursor), 0) if cursor else 0
        page, more = found[start : start + limit], len(found) > start + limit
        answer = page_json([], page[-1].id if more else None, len(found))
        return answer | {"items": [shape(each) for each in page]}

    @routes.get("/options", summary="Presets of networks, sizes, transitions and the like")
    def options() -> dict[str, Any]:
        return motion.options()

    @routes.get("/candidates", summary="Approved pictures of a character, or of everybody")
    def candidates(character_id: str | None = None) -> dict[str, list[dict]]:
        return {"items": [each.as_json() for each in motion.candidates(character_id)]}

    # ------------------------------------------------------------------ projects
    @routes.get("/projects", response_model=None, responses={200: {"model": ProjectPage}}, summary="List the reels")
    def listed(
        character_id: Annotated[str | None, Query(description="Those of this character only")] = None,
        trashed: bool = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ):
        return paged(motion.list(character_id, trashed=trashed), limit, cursor, told)

    @routes.post("/projects", **new, summary="Begin one")
    def create(wanted: NewProject):
        """Of approved pictures, in this order."""
        return told(motion.create(wanted))

    @routes.post("/projects/reopen", **new, summary="Open the reel a clip was made from, as a new one")
    def again(wanted: Again):
        return told(motion.from_clip(wanted.asset_id))

    @routes.get("/projects/{project_id}", **one, summary="Read one, with what is to be said of it")
    def read(project_id: str):
        return told(motion.get(project_id))

    @routes.patch("/projects/{project_id}", **one, summary="Change one")
    def change(project_id: str, patch: ProjectPatch):
        """`music`, `voice` and `logo` take their fields, or `{}` for none."""
        return told(motion.patch(project_id, patch))

    @routes.delete("/projects/{project_id}", status_code=204, summary="Move one to the trash, or delete it there")
    def trash(project_id: str, forever: bool = False):
        motion.delete_forever(project_id) if forever else motion.trash(project_id)
        return Response(status_code=204)

    @routes.post("/projects/{project_id}/restore", **one, summary="Back from the trash")
    def restore(project_id: str):
        return told(motion.restore(project_id))

    @routes.post("/projects/{project_id}/duplicate", **new, summary="The same again as a new one")
    def duplicate(project_id: str):
        return told(motion.duplicate(project_id))

    @routes.post("/projects/{project_id}/undo", **one, summary="Take the last change back")
    def undo(project_id: str):
        return told(motion.undo(project_id))

    @routes.post("/projects/{project_id}/redo", **one, summary="Make it again")
    def redo(project_id: str):
        return told(motion.redo(project_id))

    # ------------------------------------------------------------------ shots
    @routes.post("/projects/{project_id}/shots", **one, summary="Add approved pictures")
    def add(project_id: str, wanted: AddShots):
        return told(motion.add(project_id, wanted.asset_ids))

    @routes.patch("/projects/{project_id}/shots", **one, summary="Change every picture at once")
    def change_every(project_id: str, patch: ShotPatch):
        """Takes `seconds`, `movement`, `transition` and `transition_seconds`."""
        return told(motion.patch_every(project_id, patch))

    @routes.post("/projects/{project_id}/cards", **one, summary="Add a card with words")
    def card(project_id: str, wanted: Card):
        return told(motion.add_card(project_id, wanted.text, at_end=wanted.at_end))

    @routes.post("/projects/{project_id}/shots/remove", **one, summary="Take shots out")
    def remove(project_id: str, gone: Gone):
        return told(motion.remove_shots(project_id, gone.shot_ids))

    @routes.patch("/projects/{project_id}/shots/{shot_id}", **one, summary="Change one shot")
    def change_shot(project_id: str, shot_id: str, patch: ShotPatch):
        return told(motion.patch_shot(project_id, shot_id, patch))

    @routes.post("/projects/{project_id}/shots/{shot_id}/move", **one, summary="Put a shot elsewhere")
    def move(project_id: str, shot_id: str, to: Place):
        return told(motion.move(project_id, shot_id, to.position))

    @routes.post("/projects/{project_id}/shots/{shot_id}/duplicate", **one, summary="The same shot again, behind it")
    def duplicate_shot(project_id: str, shot_id: str):
        return told(motion.duplicate_shot(project_id, shot_id))

    # ------------------------------------------------------------------ results
    @routes.get("/projects/{project_id}/preview", response_class=FileResponse, summary="A small copy as it is now")
    def preview(
        project_id: str,
        request: Request,
        v: Annotated[str, Query(description="As in `preview_url`: another reel, another address")] = "",
    ):
        """Made when it is asked for; ranges are served."""
        path = motion.preview(project_id)
        return picture(request, path, tag=path.stem)

    @routes.get("/projects/{project_id}/subtitles", response_class=PlainTextResponse, summary="The captions as a file")
    def subtitles(project_id: str, format: Literal["srt", "vtt"] = "srt"):
        kind = "text/vtt" if format == "vtt" else "application/x-subrip"
        return PlainTextResponse(motion.subtitles(project_id, format), media_type=kind)

    @routes.post(
        "/projects/{project_id}/render",
        status_code=202,
        response_model=None,
        responses={202: {"model": JobAnswer}},
        summary="Render it",
    )
    def render(project_id: str, request: Request):
        """Answered once the job is safe on disk. The clip is the job's asset; `/jobs/{id}/cancel` stops it."""
        return job_json(motion.render(project_id, owner=request.scope.get("studio.user", "")))

    # ------------------------------------------------------------------ sounds
    @routes.get("/sounds", response_model=None, responses={200: {"model": SoundPage}}, summary="List music and voices")
    def all_sounds(kind: SoundKind | None = None, trashed: bool = False, limit: Limit = 50, cursor: Cursor = None):
        return paged(sounds.list(kind, trashed=trashed), limit, cursor, lambda each: each.as_json())

    @routes.post(
        "/sounds",
        status_code=201,
        response_model=None,
        responses={201: {"model": Sound}},
        summary="Bring a sound in: the form field `file`, or the bare body",
        openapi_extra=upload("audio/*"),
    )
    async def bring_in(
        request: Request,
        kind: SoundKind = "music",
        name: Annotated[str, Query(max_length=120)] = "",
        licence: Annotated[str, Query(max_length=300, description="What allows you to use it; music needs one")] = "",
        credit: Annotated[str, Query(max_length=300)] = "",
    ):
        """`kind`, `name`, `licence` and `credit` may be form fields or in the query."""
        async with received(request, studio.paths.house / "tmp", "sound") as (path, fields):
            said = {"name": name, "licence": licence, "credit": credit}
            said |= {key: fields[key] for key in said if fields.get(key)}
            wanted = fields.get("kind") or kind
            if wanted not in ("music", "voice"):
                raise BadRequest("A sound is music or a voice.", "Send kind as music or voice.")
            return (await run_in_threadpool(lambda: sounds.bring_in(path, wanted, **said))).as_json()

    @routes.get("/voices", summary="Speech engines with their voices, and what keeps one from speaking")
    def voices() -> dict[str, list[dict]]:
        return {"items": motion.voices.engines()}

    @routes.post(
        "/speech", status_code=201, response_model=None, responses={201: {"model": Sound}}, summary="Say a text"
    )
    def speech(wanted: SpeechRequest):
        """In the character's voice, at -16 LUFS; the answer is a sound of kind voice."""
        return motion.voices.speak(wanted).as_json()

    @routes.post("/projects/{project_id}/narrate", **one, summary="Say the captions of a reel when they are shown")
    def narrate(project_id: str):
        return told(motion.voices.narrate(project_id))

    @routes.get("/sounds/{sound_id}", **sound, summary="Read one")
    def read_sound(sound_id: str):
        return sounds.get(sound_id).as_json()

    @routes.patch("/sounds/{sound_id}", **sound, summary="Change its name, licence or credit")
    def change_sound(sound_id: str, patch: SoundPatch):
        return sounds.patch(sound_id, patch).as_json()

    @routes.get("/sounds/{sound_id}/file", response_class=FileResponse, summary="The sound; ranges are served")
    def sound_file(sound_id: str, request: Request, format: Literal["wav", "mp3", "ogg"] | None = None):
        """With `format` it is converted and downloaded."""
        found = sounds.get(sound_id)
        if format:
            path = motion.voices.converted(sound_id, format)
            return picture(request, path, tag=f"{found.sha256[:32]}-{format}", filename=f"{found.name[:60]}.{format}")
        return picture(request, sounds.file(sound_id), tag=found.sha256[:32] or found.id)

    @routes.delete("/sounds/{sound_id}", status_code=204, summary="Move one to the trash, or delete it there for good")
    def trash_sound(sound_id: str, forever: bool = False):
        sounds.delete_forever(sound_id) if forever else sounds.trash(sound_id)
        return Response(status_code=204)

    @routes.post("/sounds/{sound_id}/restore", **sound, summary="Back from the trash")
    def restore_sound(sound_id: str):
        return sounds.restore(sound_id).as_json()

    return routes
