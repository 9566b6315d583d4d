"""`/captions` and `/posts`: words for approved pictures, and the way from draft to published."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import FileResponse, Response

from studio.api.shapes import (
    REFUSALS,
    CaptionAnswer,
    Cursor,
    Limit,
    PostPage,
    Publish,
    Resolve,
    When,
    WhyAnswer,
    sliced,
)
from studio.domain.post import Post, PostState
from studio.domain.requests import CaptionRequest, PostPatch, PostRequest
from studio.errors import NotFound
from studio.services import zones


def router(studio) -> APIRouter:
    """The routes over `studio.captions` and `studio.publishing`."""
    routes = APIRouter(tags=["Captions and posts"], responses=REFUSALS)
    publishing = studio.publishing
    one_post = {"response_model": None, "responses": {200: {"model": Post}}}

    def by(request: Request) -> str:
        return request.scope.get("studio.user", "")

    @routes.post("/captions", response_model=None, responses={200: {"model": CaptionAnswer}}, summary="Write captions")
    def captions(wanted: CaptionRequest):
        """In the character's voice. The same `seed` writes the same captions."""
        variants = studio.captions.write(wanted)
        return {"variants": [one.as_dict() for one in variants]}

    @routes.post("/posts", status_code=201, response_model=None, responses={201: {"model": Post}}, summary="Draft one")
    def draft(wanted: PostRequest):
        return publishing.draft(wanted).as_json()

    @routes.get("/posts", response_model=None, responses={200: {"model": PostPage}}, summary="List them, newest first")
    def listed(
        character_id: str | None = None, state: PostState | None = None, limit: Limit = 50, cursor: Cursor = None
    ):
        found = publishing.list(character_id=character_id, state=state)
        return sliced(found, limit, cursor, lambda one: one.id, newest_first=True)

    @routes.get("/posts/{post_id}", **one_post, summary="Read one")
    def read(post_id: str):
        """`files` are the published files, relative to the data folder."""
        return publishing.get(post_id).as_json()

    @routes.patch("/posts/{post_id}", **one_post, summary="Change a draft")
    def change(post_id: str, patch: PostPatch):
        return publishing.update(post_id, patch).as_json()

    @routes.post("/posts/{post_id}/approve", **one_post, summary="Approve a draft")
    def approve(post_id: str, request: Request):
        publishing.approve(post_id, by(request))
        return publishing.get(post_id).as_json()

    @routes.post("/posts/{post_id}/unapprove", **one_post, summary="Back to draft")
    def unapprove(post_id: str):
        publishing.unapprove(post_id)
        return publishing.get(post_id).as_json()

    @routes.post("/posts/{post_id}/review", **one_post, summary="Lay a draft out for review")
    def review(post_id: str, request: Request):
        return publishing.ask_review(post_id, by(request)).as_json()

    @routes.put("/posts/{post_id}/schedule", **one_post, summary="Choose when it goes out")
    def schedule(post_id: str, wanted: When, request: Request):
        """`local` is a wall time in `zone`. Approved, it goes out by itself; a time that clocks skip moves on."""
        return publishing.schedule(post_id, zones.schedule(wanted.local, wanted.zone), by(request)).as_json()

    @routes.delete("/posts/{post_id}/schedule", **one_post, summary="Take its time away")
    def unschedule(post_id: str, request: Request):
        return publishing.unschedule(post_id, by(request)).as_json()

    @routes.get("/posts/{post_id}/why", response_model=WhyAnswer, summary="Why it is not out yet")
    def why(post_id: str):
        """A sentence for each target that is not out, and what is unwise about its time."""
        post = publishing.get(post_id)
        found = [{"account_id": account_id, "why": words} for account_id, words in publishing.why(post)]
        return {"targets": found, "warnings": studio.calendar.warnings(post)}

    @routes.post("/posts/{post_id}/targets/{account_id}/resolve", **one_post, summary="Say whether it is there")
    def resolve(post_id: str, account_id: str, wanted: Resolve, request: Request):
        """For a target that is `unknown`: `there` true ends it, false sends it again."""
        return publishing.resolve(post_id, account_id, wanted.there, wanted.url, by(request)).as_json()

    @routes.delete("/posts/{post_id}/targets/{account_id}", **one_post, summary="Give up one target")
    def cancel(post_id: str, account_id: str, request: Request):
        return publishing.cancel(post_id, account_id, by(request)).as_json()

    @routes.post("/posts/{post_id}/publish", **one_post, summary="Publish an approved post")
    def publish(post_id: str, request: Request, wanted: Publish | None = None):
        """`{"format": "jpeg"}` chooses the format of a package's files; PNG without it. A package is made when this
        answers; what goes over a network is on its way: read the post's `targets`."""
        publishing.publish(post_id, by(request), export_format=wanted.format if wanted else "png")
        return publishing.get(post_id).as_json()

    @routes.delete("/posts/{post_id}", status_code=204, summary="Move one to the trash, or delete it there for good")
    def trash(post_id: str, request: Request, forever: bool = False):
        """Published files stay where they are."""
        publishing.delete_forever(post_id) if forever else publishing.trash(post_id, by(request))
        return Response(status_code=204)

    @routes.post("/posts/{post_id}/restore", **one_post, summary="Back from the trash")
    def restore(post_id: str):
        publishing.restore(post_id)
        return publishing.get(post_id).as_json()

    @routes.get("/posts/{post_id}/files/{number}", response_class=FileResponse, summary="Download a published file")
    def download(post_id: str, number: Annotated[int, Path(ge=0, description="Its place in `files`, from 0")]):
        files = publishing.get(post_id).files
        path = studio.paths.inside(files[number]) if number < len(files) else None
        if path is None or not path.is_file():
            raise NotFound("This post has no such file.", "Publish it, or look in the exports folder.")
        return FileResponse(path, filename=path.name)

    return routes
