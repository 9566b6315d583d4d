"""`/healthz` and `/system`: whether it lives, how it is, what it wrote down."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

import studio as package
from studio.api.shapes import REFUSALS
from studio.domain.document import Request


class ModelOptions(Request):
    """What a model's `switches` do not name is refused. `cache` is a threshold from 0 (off, exact) to 1."""

    plan: str | None = None
    attention: str | None = None
    channels_last: bool | None = None
    cache: float | None = Field(default=None, ge=0, le=1)
    compile: bool | None = None
    float8: bool | None = None


def alive() -> dict:
    """The answer of `/healthz`. It tells nothing about the studio's contents, so it needs no log-in."""
    return {"status": "ok", "version": package.__version__}


def router(studio) -> APIRouter:
    """The routes over `studio.system`."""
    routes = APIRouter(tags=["System"], responses=REFUSALS)

    @routes.get("/healthz", summary="Whether the studio answers")
    def healthz():
        return alive()

    @routes.get("/system/health", summary="Device, memory, disk, model, queue, versions")
    def health():
        return studio.system.health()

    @routes.get("/system/models/{model_id}", summary="How a model is loaded, and what can be chosen")
    def options(model_id: str):
        return studio.system.model_options(model_id)

    @routes.patch("/system/models/{model_id}", summary="Choose how a model is loaded from its next picture on")
    def choose(model_id: str, changes: ModelOptions):
        """Only the fields that are sent change; null goes back to the usual."""
        return studio.system.set_model_options(model_id, changes.model_dump(exclude_unset=True))

    @routes.get("/system/storage", summary="What uses how much of the disk")
    def storage():
        return studio.system.storage()

    @routes.get("/system/changes", summary="Numbers that grow with every change, per kind of document")
    def changes():
        """Whether a list is worth asking for again. The numbers begin anew with the studio."""
        return studio.system.changes()

    @routes.get("/system/log", summary="The newest lines of the log")
    def log(
        level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO",
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ):
        return {"items": studio.system.log(level, limit)}

    return routes
