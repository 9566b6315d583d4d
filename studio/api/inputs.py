"""`/inputs`: pictures handed in for a job to start from, such as a mask, without becoming part of the library."""

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from studio.api.files import picture
from studio.api.shapes import REFUSALS
from studio.api.uploads import received, upload
from studio.services.consent import from_fields


class InputAnswer(BaseModel):
    """`id` goes into the fields `image`, `mask` and `references` of an image job. Sizes in pixels."""

    id: str
    width: int
    height: int


class HeadAnswer(BaseModel):
    """`box` is left, top, right, bottom in pixels; null when no face and no figure was found."""

    box: tuple[int, int, int, int] | None


def router(studio) -> APIRouter:
    """The routes over `studio.images.inputs`."""
    routes = APIRouter(prefix="/inputs", tags=["Jobs"], responses=REFUSALS)
    inputs = studio.images.inputs

    @routes.post(
        "",
        status_code=201,
        response_model=InputAnswer,
        summary="Hand in a picture for a job: the form field `file`, or the bare body",
        openapi_extra=upload("image/*"),
    )
    async def hand_in(request: Request):
        """It is kept for a month after its last use. The same picture has the same id. To be one of a job's references
        it needs the form fields `origin` (fictional, myself, consented) and, for consented, `person`, `day`,
        `proof`."""
        async with received(request, studio.paths.house / "tmp", "picture") as (path, fields):
            id = await run_in_threadpool(inputs.keep, path, from_fields(fields))
        image = await run_in_threadpool(inputs.image, id)
        return {"id": id, "width": image.width, "height": image.height}

    @routes.get("/{input_id}", response_class=FileResponse, summary="The picture")
    def read(input_id: str, request: Request):
        path = inputs.path(input_id)
        return picture(request, path, tag=f"{input_id}-input")

    @routes.post(
        "/{picture_id}/background",
        status_code=201,
        response_model=InputAnswer,
        summary="A mask of what is behind the figure, of an asset or a picture handed in",
    )
    def background(picture_id: str):
        """White is what is behind. Hand in a corrected one, or use it as the `mask` of a job."""
        id = studio.images.edits.background(picture_id)
        image = inputs.image(id, "mask")
        return {"id": id, "width": image.width, "height": image.height}

    @routes.get("/{picture_id}/head", response_model=HeadAnswer, summary="Where the face or head is in this picture")
    def head(picture_id: str):
        return {"box": studio.images.edits.head(picture_id)}

    return routes
