"""`/assets/{id}/renditions`: one picture as every network wants it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import FileResponse, Response

from studio.api.files import picture
from studio.api.shapes import REFUSALS

Frame = Annotated[
    Literal["crop", "pad", "blur"], Query(description="Where the shape must change: crop around the face, pad, or blur")
]


class VersionShape(BaseModel):
    """One version; `problem` says why it could not be made."""

    id: str
    name: str
    media_type: str
    width: int
    height: int
    bytes: int
    problem: str


class VersionList(BaseModel):
    items: list[VersionShape]


class ForNetworks(BaseModel):
    """Pictures by id, and what to do where their shape must change."""

    asset_ids: list[str] = Field(min_length=1, max_length=50)
    frame: Literal["crop", "pad", "blur"] = "crop"


def router(studio) -> APIRouter:
    """The routes over `studio.repurpose`."""
    routes = APIRouter(prefix="/assets", tags=["Assets"], responses=REFUSALS)
    repurpose = studio.repurpose

    @routes.post("/renditions", response_class=FileResponse, summary="A zip of pictures for every network")
    def packed(wanted: ForNetworks):
        """A folder per picture, with its versions and a contact sheet."""
        path = repurpose.zip(wanted.asset_ids, wanted.frame)
        return FileResponse(path, media_type="application/zip", filename=path.name)

    @routes.get("/{asset_id}/renditions", response_model=VersionList, summary="The picture for every network")
    def listed(asset_id: str, frame: Frame = "crop"):
        """Makes what was not made before: seconds the first time."""
        return {"items": [one.as_json() for one in repurpose.versions(asset_id, frame)]}

    @routes.get("/{asset_id}/renditions/{version}", response_class=FileResponse, summary="One version's file")
    def one(asset_id: str, version: str, request: Request, frame: Frame = "crop"):
        path = repurpose.version(asset_id, version, frame).path
        return picture(request, path, tag=path.stem)

    @routes.get(
        "/{asset_id}/sheet",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}},
        summary="All versions on one labelled JPEG",
    )
    def sheet(asset_id: str, frame: Frame = "crop"):
        return Response(repurpose.contact_sheet(asset_id, frame), media_type="image/jpeg")

    return routes
