"""The REST API as one app, put beside the pages under `/api`. It turns requests into calls of services, no more."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route

import studio as package
from studio.api import (
    accounts,
    answers,
    characters,
    grids,
    identity,
    inputs,
    jobs,
    library,
    models,
    motion,
    publishing,
    rating,
    reference,
    renditions,
    system,
    training,
    wildcards,
    writing,
)
from studio.api.guard import Guard, GuardMiddleware
from studio.api.limits import BodyLimit
from studio.api.live import Live

ABOUT = """Everything the studio's pages can do, for scripts. A studio that only this machine can reach asks for no
log-in; one that others can reach takes the same name and password as HTTP Basic.

What is refused answers {"error": {"code", "message", "hint"}}, with `field` where one is at fault. Lists answer
{"items", "next_cursor", "total"}; send `next_cursor` as `cursor` for the next page, up to 200 at a time.

Moving something to the trash can be undone with /restore."""


def create(studio, live: Live) -> FastAPI:
    """The API over these services; `live` is what its event streams listen to."""
    api = FastAPI(
        title="Character Studio API",
        version=package.__version__,
        description=ABOUT,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    api.add_middleware(BodyLimit)
    answers.install(api)
    for router in (
        characters.router(studio),
        identity.router(studio),
        jobs.router(studio, live),
        jobs.queue_router(studio, live),
        inputs.router(studio),
        wildcards.router(studio),
        renditions.router(studio),
        grids.router(studio),
        library.router(studio),
        rating.router(studio),
        models.router(studio),
        models.lora_router(studio),
        training.router(studio),
        motion.router(studio),
        publishing.router(studio),
        writing.router(studio),
        accounts.router(studio),
        system.router(studio),
    ):
        api.include_router(router, prefix="/v1")

    @api.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    def docs():
        return HTMLResponse(reference.page(api.openapi()))

    return api


def beside_the_pages(studio, guard: Guard, live: Live) -> dict:
    """What gradio's own app must be made with so that API, pages and guard live in one server."""

    def healthz(request: Request) -> JSONResponse:
        return JSONResponse(system.alive())

    return {
        "routes": [Mount("/api", create(studio, live)), Route("/healthz", healthz)],
        "middleware": [Middleware(GuardMiddleware, guard=guard)],
    }
