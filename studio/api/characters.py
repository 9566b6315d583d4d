"""`/characters`: make, read, change, trash, bring back, carry in and out."""

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from studio.api.files import picture
from studio.api.shapes import REFUSALS, CharacterPage, Cursor, Limit, sliced
from studio.api.uploads import received, upload
from studio.domain.character import Character
from studio.domain.document import Request as Wanted
from studio.domain.origin import OriginKind
from studio.services.consent import from_fields

_SHAPE = {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Character"}}}}}
Fields = Annotated[dict[str, Any], Body(description="Any of a character's fields; `name` is the only one needed")]


class Said(Wanted):
    """What an uploaded picture shows; `person`, `day` (ISO) and `proof` go with consented."""

    kind: OriginKind
    person: str = Field(default="", max_length=120)
    day: str = Field(default="", max_length=10)
    proof: str = Field(default="", max_length=400)


class NewReference(Wanted):
    asset_id: str
    note: str = Field(default="", max_length=400)
    origin: Said | None = None


def router(studio) -> APIRouter:
    """The routes over `studio.characters`."""
    routes = APIRouter(prefix="/characters", tags=["Characters"], responses=REFUSALS)
    characters = studio.characters

    @routes.post(
        "",
        status_code=201,
        response_model=None,
        responses={201: {"model": Character}},
        summary="Make one",
        openapi_extra=_SHAPE,
    )
    def create(fields: Fields):
        return characters.create(fields).as_json()

    @routes.get("", response_model=None, responses={200: {"model": CharacterPage}}, summary="List them")
    def listed(
        text: str = "",
        status: Literal["active", "paused"] | None = None,
        trashed: bool = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ):
        found = characters.list(text=text, status=status, trashed=trashed)
        return sliced(found, limit, cursor, lambda one: f"{one.name.casefold()}\t{one.id}", newest_first=False)

    @routes.post(
        "/import",
        status_code=201,
        response_model=None,
        responses={201: {"model": Character}},
        summary="Bring one in from a zip: the form field `file`, or the bare body",
        openapi_extra=upload("application/zip"),
    )
    async def bring_in(request: Request):
        async with received(request, studio.paths.house / "tmp", "character.zip") as (path, _):
            return (await run_in_threadpool(characters.import_zip, path)).as_json()

    @routes.get("/{character_id}", response_model=None, responses={200: {"model": Character}}, summary="Read one")
    def read(character_id: str):
        return characters.get(character_id).as_json()

    @routes.patch(
        "/{character_id}",
        response_model=None,
        responses={200: {"model": Character}},
        summary="Change one",
        openapi_extra=_SHAPE,
    )
    def change(
        character_id: str,
        fields: Fields,
        if_match: Annotated[int | None, Header(description="The revision the change was made from")] = None,
    ):
        """Fields are merged deeply; lists are replaced. With `revision` in the body (or If-Match), a document that was
        changed meanwhile answers 409 and stays as it is."""
        fields = dict(fields)
        revision = fields.pop("revision", if_match)
        return characters.update(character_id, fields, revision=revision).as_json()

    @routes.delete("/{character_id}", status_code=204, summary="Move one to the trash, or delete it there for good")
    def trash(character_id: str, forever: bool = False):
        characters.delete_forever(character_id) if forever else characters.trash(character_id)
        return Response(status_code=204)

    @routes.post("/{character_id}/restore", response_model=None, responses={200: {"model": Character}})
    def restore(character_id: str):
        """Back from the trash."""
        characters.restore(character_id)
        return characters.get(character_id).as_json()

    @routes.post(
        "/{character_id}/duplicate", status_code=201, response_model=None, responses={201: {"model": Character}}
    )
    def duplicate(character_id: str):
        """A second character with the same everything but the pictures."""
        return characters.duplicate(character_id).as_json()

    @routes.get("/{character_id}/export", response_class=FileResponse, summary="The whole character as one zip")
    def export(character_id: str):
        path = characters.export(character_id)
        return FileResponse(path, media_type="application/zip", filename=path.name)

    @routes.post(
        "/{character_id}/references", status_code=201, response_model=None, responses={201: {"model": Character}}
    )
    def add_reference(character_id: str, wanted: NewReference):
        """A picture of the library becomes a reference. One that was imported, and no model is known to have made,
        needs its `origin`."""
        origin = wanted.origin.model_dump() if wanted.origin else None
        added = characters.add_reference(character_id, asset_id=wanted.asset_id, note=wanted.note, origin=origin)
        return added.as_json()

    @routes.post(
        "/{character_id}/references/upload",
        status_code=201,
        response_model=None,
        responses={201: {"model": Character}},
        summary="Upload a reference: the form field `file`, or the bare body",
        openapi_extra=upload("image/*"),
    )
    async def upload_reference(character_id: str, request: Request):
        """With the form fields `origin` (fictional, myself, consented), for consented `person`, `day`, `proof`, and
        `note`."""
        async with received(request, studio.paths.house / "tmp", "reference.png") as (path, fields):
            keep = partial(characters.add_reference, note=fields.get("note", ""), origin=from_fields(fields))
            return (await run_in_threadpool(keep, character_id, upload=path)).as_json()

    @routes.put("/{character_id}/references/{reference_id}/origin", response_model=None)
    def say_origin(character_id: str, reference_id: str, said: Said):
        """What a reference shows that came without a word. Answers the character."""
        return characters.say_origin(character_id, [reference_id], said.model_dump()).as_json()

    @routes.delete("/{character_id}/references/{reference_id}", status_code=204, summary="Take a reference off")
    def remove_reference(character_id: str, reference_id: str):
        characters.remove_reference(character_id, reference_id)
        return Response(status_code=204)

    @routes.get("/{character_id}/references/{reference_id}", response_class=FileResponse, summary="A reference picture")
    def reference(character_id: str, reference_id: str, request: Request):
        return picture(request, characters.reference_file(character_id, reference_id), tag=reference_id)

    return routes
