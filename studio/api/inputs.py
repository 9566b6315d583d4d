"""`/inputs`: pictures handed in for a job to start from, such as a mask, without becoming part of the library."""

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from studio.api.files import picture
from studio.api.shapes import REFUSALS
from studio.api.uploads import received, upload


class InputAnswer(BaseModel):
    """`id` goes into the fields `image`, `mask` and `references` of an image job. Sizes in pixels."""

    id: str
    width: int
    height: int


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
        """It is kept for a month after its last use. The same picture has the same id."""
        async with received(request, studio.paths.house / "tmp", "picture") as (path, _):
            id = await run_in_threadpool(inputs.keep, path)
        image = await run_in_threadpool(inputs.image, id)
        return {"id": id, "width": image.width, "height": image.height}

    @routes.get("/{input_id}", response_class=FileResponse, summary="The picture")
    def read(input_id: str, request: Request):
        path = inputs.path(input_id)
        return picture(request, path, tag=f"{input_id}-input")

    return routes
