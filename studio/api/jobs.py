"""`/jobs`: ask for pictures, watch them grow, stop, try again."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from studio.api.live import Live, stream
from studio.api.shapes import REFUSALS, Cursor, ForecastAnswer, JobAnswer, JobPage, JobRequest, Limit, Move, job_json
from studio.domain.job import FINISHED
from studio.errors import NotFound


def router(studio, live: Live) -> APIRouter:
    """The routes over `studio.images` and `studio.queue`."""
    routes = APIRouter(prefix="/jobs", tags=["Jobs"], responses=REFUSALS)
    queue = studio.queue
    one_job = {"response_model": None, "responses": {200: {"model": JobAnswer}}}

    @routes.post("", status_code=202, response_model=None, responses={202: {"model": JobAnswer}}, summary="Ask for one")
    def submit(job: JobRequest, request: Request):
        """Answered once the job is safe on disk. Watch it at `/jobs/{id}` or `/jobs/{id}/events`."""
        return job_json(studio.images.start(job.character_id, job.request, owner=request.scope.get("studio.user", "")))

    @routes.post("/forecast", response_model=ForecastAnswer, summary="What one would cost, without asking for it")
    def forecast(job: JobRequest):
        """Time from pictures made before (`basis` measured or scaled), else a benchmark's rough guess, else unknown."""
        return studio.images.forecast(job.character_id, job.request).as_json()

    @routes.get("", response_model=None, responses={200: {"model": JobPage}}, summary="List them")
    def listed(active: bool | None = None, limit: Limit = 50, cursor: Cursor = None):
        """Running and waiting ones in their order, then what is finished, newest first. `active` true leaves out what
        is finished, false what is not."""
        page = queue.views(active_only=active is True, limit=limit, cursor=cursor, finished_only=active is False)
        return {"items": [job_json(one) for one in page.items], "next_cursor": page.next_cursor, "total": page.total}

    @routes.get("/{job_id}", **one_job, summary="Read one")
    def read(job_id: str):
        return job_json(queue.view(job_id))

    @routes.get("/{job_id}/preview", response_class=Response, summary="The newest preview as JPEG")
    def preview(
        job_id: str,
        picture: Annotated[int, Query(ge=0, le=7, description="Which picture of the batch, from 0")] = 0,
        v: Annotated[str, Query(description="Anything; a new value makes a browser ask again")] = "",
    ):
        view = queue.view(job_id)
        version, pictures = queue.previews(job_id)
        if picture >= len(pictures):
            if view.state in FINISHED:
                raise NotFound("This job keeps no preview.", "Its finished pictures are at /assets/{id}/file.")
            raise NotFound("There is no preview yet.", "Ask again after the first step.")
        headers = {"Cache-Control": "no-store", "X-Preview-Version": str(version)}
        return Response(pictures[picture], media_type="image/jpeg", headers=headers)

    @routes.get("/{job_id}/events", response_class=StreamingResponse, summary="Follow one (server-sent events)")
    def events(job_id: str):
        """A message with the whole job at once and after every change; the stream ends with the job."""
        queue.view(job_id)
        return stream(live.job(job_id))

    @routes.post("/{job_id}/cancel", **one_job, summary="Stop one")
    def cancel(job_id: str):
        queue.cancel(job_id)
        return job_json(queue.view(job_id))

    @routes.post("/{job_id}/retry", **one_job, summary="Queue a finished one again")
    def retry(job_id: str):
        queue.retry(job_id)
        return job_json(queue.view(job_id))

    @routes.post("/{job_id}/move", **one_job, summary="Change its place in the queue")
    def move(job_id: str, to: Move):
        queue.move(job_id, to.position)
        return job_json(queue.view(job_id))

    @routes.delete("/{job_id}", status_code=204, summary="Remove a finished or waiting one from the list")
    def remove(job_id: str):
        queue.remove(job_id)
        return Response(status_code=204)

    return routes


def queue_router(studio, live: Live) -> APIRouter:
    """The queue as a whole: pause, resume, and the stream that pages listen to."""
    routes = APIRouter(tags=["Jobs"], responses=REFUSALS)

    @routes.post("/queue/{action}", summary="Pause or resume all")
    def pause_or_resume(action: Literal["pause", "resume"]):
        studio.queue.pause() if action == "pause" else studio.queue.resume()
        return {"paused": studio.queue.paused}

    @routes.get("/events", response_class=StreamingResponse, summary="Follow all active jobs (server-sent events)")
    def events():
        """`{"version", "paused", "jobs": [...], "waiting_total", "downloads": [...]}` at once and after every change; a
        comment every 15 s when quiet. Jobs come in short, of the waiting the first 50; `/jobs/{id}` has the rest."""
        return stream(live.page())

    return routes
