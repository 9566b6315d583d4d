"""`/assets`: the library's documents and their pictures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from studio.api.files import picture
from studio.api.shapes import (
    REFUSALS,
    Adopt,
    AssetPage,
    Cursor,
    Enlarge,
    FileList,
    JobAnswer,
    Limit,
    Rank,
    Ranked,
    job_json,
    page_json,
)
from studio.api.uploads import received, upload
from studio.domain.asset import Asset, AssetKind, AssetState
from studio.domain.rating import Level
from studio.domain.requests import AssetFilter, AssetPatch
from studio.errors import NotFound


def router(studio) -> APIRouter:
    """The routes over `studio.review`."""
    routes = APIRouter(prefix="/assets", tags=["Assets"], responses=REFUSALS)
    review = studio.review

    @routes.get("", response_model=None, responses={200: {"model": AssetPage}}, summary="List them, newest first")
    def listed(
        character_id: str | None = None,
        kind: AssetKind | None = None,
        look: str | None = None,
        state: Annotated[AssetState | None, Query(description="Without one: all but the trash")] = None,
        starred: bool | None = None,
        tag: str | None = None,
        text: Annotated[str | None, Query(description="Words of the prompt, the tags or the description")] = None,
        since: Annotated[str | None, Query(description="ISO day, inclusive")] = None,
        until: Annotated[str | None, Query(description="ISO day, inclusive")] = None,
        job_id: str | None = None,
        identity: Annotated[
            Literal["passed", "below", "unmeasured"] | None, Query(description="Against the character's threshold")
        ] = None,
        rating: Annotated[Level | Literal["unrated"] | None, Query(description="How mature")] = None,
        sort: Literal["newest", "identity", "identity_low", "quality", "quality_low"] = "newest",
        limit: Limit = 50,
        cursor: Cursor = None,
    ):
        wanted = AssetFilter(
            character_id=character_id,
            kind=kind,
            look=look,
            state=state,
            starred=starred,
            tag=tag,
            text=text,
            since=since,
            until=until,
            job_id=job_id,
            identity=identity,
            rating=rating,
            sort=sort,
        )
        page = review.search(wanted, limit=limit, cursor=cursor)
        return page_json(page.items, page.next_cursor, page.total)

    @routes.post(
        "/import",
        status_code=201,
        response_model=None,
        responses={201: {"model": Asset}},
        summary="Bring a picture in: the form field `file`, or the bare body",
        openapi_extra=upload("image/*"),
    )
    async def bring_in(request: Request, character_id: str | None = None):
        """`character_id` may be a form field or in the query."""
        async with received(request, studio.paths.house / "tmp", "picture") as (path, fields):
            owner = fields.get("character_id") or character_id or None
            return (await run_in_threadpool(review.import_picture, path, owner)).as_json()

    @routes.post("/rank", response_model=Ranked, summary="Order pictures, best first")
    def rank(wanted: Rank):
        """By quality, and by identity where all of them have a score; `why` says it in words."""
        return review.rank(wanted.ids)

    @routes.post(
        "/enlarge",
        status_code=202,
        response_model=None,
        responses={202: {"model": JobAnswer}},
        summary="Make finished pictures 2 or 4 times larger",
    )
    def enlarge(wanted: Enlarge, request: Request):
        """One job; each picture becomes a new one, whose parent it is."""
        return job_json(studio.enlarging.start(wanted.ids, wanted.factor, request.scope.get("studio.user", "")))

    @routes.get("/orphans", response_model=FileList, summary="Pictures in the outputs folder without an entry")
    def orphans(limit: Limit = 50, cursor: Cursor = None):
        """A crash left them, or somebody copied them in."""
        found = [studio.paths.relative(path) for path in review.orphans()]
        start = next((at for at, name in enumerate(found) if name > cursor), len(found)) if cursor else 0
        page = found[start : start + limit]
        more = start + limit < len(found)
        return {"items": page, "next_cursor": page[-1] if more else None, "total": len(found)}

    @routes.post("/adopt", status_code=201, response_model=None, responses={201: {"model": Asset}})
    def adopt(wanted: Adopt):
        """Give such a picture an entry, where it lies. Nothing is copied or moved."""
        return review.adopt(wanted.file).as_json()

    @routes.get("/{asset_id}", response_model=None, responses={200: {"model": Asset}}, summary="Read one")
    def read(asset_id: str):
        return review.get(asset_id).as_json()

    @routes.patch("/{asset_id}", response_model=None, responses={200: {"model": Asset}}, summary="Review one")
    def change(asset_id: str, patch: AssetPatch, request: Request):
        """Set `state`, `tags`, `description`, `starred` or `rating`; `rejection_reason` goes with rejecting."""
        return review.patch(asset_id, patch, by=request.scope.get("studio.user", "")).as_json()

    @routes.delete("/{asset_id}", status_code=204, summary="Move one to the trash, or delete it there for good")
    def trash(asset_id: str, forever: bool = False):
        review.get(asset_id)
        review.delete_forever([asset_id]) if forever else review.trash([asset_id])
        return Response(status_code=204)

    @routes.post("/{asset_id}/restore", response_model=None, responses={200: {"model": Asset}})
    def restore(asset_id: str):
        """Back from the trash, to the state it had."""
        review.get(asset_id)
        review.restore([asset_id])
        return review.get(asset_id).as_json()

    def _tag(asset: Asset, variant: str) -> str:
        return f"{asset.sha256[:32] or asset.id}-{variant}"

    @routes.get("/{asset_id}/file", response_class=FileResponse, summary="The picture or clip; ranges are served")
    def file(asset_id: str, request: Request, download: bool = False):
        asset, path = review.get(asset_id), review.file(asset_id)
        return picture(request, path, tag=_tag(asset, "file"), filename=path.name if download else None)

    @routes.get("/{asset_id}/original", response_class=FileResponse, summary="The picture before it was enlarged")
    def original(asset_id: str, request: Request, download: bool = False):
        asset, path = review.get(asset_id), review.original(asset_id)
        if path is None:
            raise NotFound("This picture was not enlarged, so there is no other original.", "Get /file instead.")
        return picture(request, path, tag=_tag(asset, "original"), filename=path.name if download else None)

    @routes.get("/{asset_id}/thumbnail", response_class=FileResponse, summary="A small picture")
    def thumbnail(asset_id: str, request: Request):
        return picture(request, review.thumbnail(asset_id), tag=_tag(review.get(asset_id), "thumbnail"))

    @routes.get("/{asset_id}/subtitles", response_class=FileResponse, summary="The captions beside a clip, as SRT")
    def subtitles(asset_id: str, request: Request):
        path = review.subtitles(asset_id)
        return picture(request, path, tag=_tag(review.get(asset_id), "subtitles"), filename=path.name)

    return routes
