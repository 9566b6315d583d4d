"""`/wildcards`: the lists that prompts draw from, and what a text would draw."""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from studio.api.shapes import REFUSALS
from studio.domain.wildcard import Drawing, WordList, WordListText
from studio.services.templates import drawn


class WordLists(BaseModel):
    items: list[WordList]
    next_cursor: str | None
    total: int


class Drawn(BaseModel):
    """What each seed draws."""

    items: list[str]


def router(studio) -> APIRouter:
    """The routes over `studio.images.lists`."""
    routes = APIRouter(prefix="/wildcards", tags=["Wildcards"], responses=REFUSALS)
    lists = studio.images.lists

    @routes.get("", response_model=WordLists, summary="List them by name, without their texts")
    def listed():
        found = lists.every()
        return {"items": found, "next_cursor": None, "total": len(found)}

    @routes.post("/draw", response_model=Drawn, summary="What a text with wildcards and choices draws")
    def draw(wanted: Drawing):
        """One text per seed, from `seed` on: the same seed draws the same as long as the lists do not change."""
        return {"items": [drawn(wanted.text, (wanted.seed + at) % 2**32, lists) for at in range(wanted.count)]}

    @routes.get("/{name}", response_model=WordList, summary="Read one, with its text")
    def read(name: str):
        return lists.get(name)

    @routes.put("/{name}", response_model=WordList, summary="Write one of your own")
    def write(name: str, new: WordListText):
        """A list under a shipped name replaces the shipped one until it is deleted."""
        return lists.put(name, new.text, new.mark)

    @routes.delete("/{name}", status_code=204, summary="Take one of your own away")
    def delete(name: str):
        lists.delete(name)
        return Response(status_code=204)

    @routes.post("/{name}/restore", response_model=WordList, summary="Undo its last change or deletion")
    def restore(name: str):
        return lists.restore(name)

    return routes
