"""`/rating`: how mature words are, before anything is made of them."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from studio.api.shapes import REFUSALS
from studio.domain.document import Request
from studio.domain.rating import Level, rate


class Words(Request):
    """A prompt, what is kept out of it, and whom it shows."""

    text: str = Field(default="", max_length=10_000)
    negative: str = Field(default="", max_length=10_000)
    character_id: str | None = None


class Rated(BaseModel):
    """`refused` is never made. `missing` says why a mature picture is not made for this character, "" when it is."""

    level: Level
    words: list[str]
    refused: bool
    missing: str


def router(studio) -> APIRouter:
    """The route over the rules and `studio.images.ratings`."""
    routes = APIRouter(prefix="/rating", tags=["Rating"], responses=REFUSALS)

    @routes.post("", response_model=Rated, summary="How mature words are")
    def rated(wanted: Words):
        """By rules on the words. Where a character is named, its age counts too."""
        character = studio.characters.get(wanted.character_id) if wanted.character_id else None
        verdict = rate(wanted.text, wanted.negative, age=character.age if character else None)
        missing = studio.images.ratings.missing(character) if verdict.level == "mature" else None
        return {
            "level": verdict.level,
            "words": list(verdict.words),
            "refused": verdict.refused,
            "missing": missing[0] if missing else "",
        }

    return routes
