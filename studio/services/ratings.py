"""Who may have what: mature pictures need an adult character and the person's switch, and no switch allows a minor in
a suggestive picture.

The words are judged by `studio.domain.rating`; a classifier of pictures joins in when its model is installed. Sees
settings and documents, never files of pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from studio.domain.asset import Asset, Rating, Recipe
from studio.domain.character import Character
from studio.domain.rating import Verdict, highest, rate, rate_prose
from studio.errors import Refused, StudioError

if TYPE_CHECKING:
    from studio.services.compose import Composed
    from studio.settings import Settings

SWITCH = "mature"


class Ratings:
    """One per studio, or one per service: it keeps nothing."""

    def __init__(self, settings: Settings):
        self.settings = settings

    def admit(self, composed: Composed, character: Character | None) -> Rating:
        """The rating of what would be made. Raises Refused for a minor in a suggestive picture, StudioError when it is
        mature and the character or the person's switch does not allow that."""
        verdict = judged(words_of(composed), composed.negative, character, "prompt")
        if verdict.level == "mature" and (missing := self.missing(character)):
            raise StudioError(missing[0], f"{missing[1]} Or take out: {_quoted(verdict.words)}.", field="prompt")
        return _rating(verdict)

    def admit_words(self, texts: Iterable[str], character: Character | None, field: str) -> None:
        """The same for words that pictures will be made with later, such as captions of a training."""
        for text in texts:
            verdict = judged(text, "", character, field)
            if verdict.level == "mature" and (missing := self.missing(character)):
                raise StudioError(missing[0], f"{missing[1]} Or take out: {_quoted(verdict.words)}.", field=field)

    def missing(self, character: Character | None) -> tuple[str, str] | None:
        """Why this character cannot be in a mature picture or post (message, hint); None when it can."""
        if character is None:
            return "Mature pictures need a character who is marked as an adult.", "Choose one."
        if not character.is_adult:
            return f"{character.name} is not marked as an adult.", "Characters > Profile has the mark."
        if not self.settings.get(SWITCH):
            return "Mature pictures are switched off.", "System > Settings has the switch."
        return None

    def of_recipe(self, recipe: Recipe, character: Character | None, *, more: Iterable[str] = ()) -> Rating:
        """The rating of a picture that is there, by its recipe and what else is said of it. Raises Refused."""
        text = ", ".join([words_of(recipe), *more])
        return _rating(judged(text, recipe.negative, character, "file"))


def words_of(of: Composed | Recipe) -> str:
    """Everything a picture was described with but what is kept out of it."""
    ingredients = [str(one.get("words") or one.get("name") or "") for one in of.ingredients]
    named = [str(one.get(key) or "") for one in of.loras for key in ("name", "trigger")]
    parts = dict.fromkeys([of.prompt, of.words, *ingredients, *named])
    return " , ".join(part for part in parts if part)


def judged(text: str, negative: str, character: Character | None, field: str | None) -> Verdict:
    """The verdict on a prompt for this character. Raises Refused with the field."""
    verdict = rate(text, negative, age=character.age if character else None)
    if verdict.refused:
        raise Refused(field)
    return verdict


def refuse_preview(words: str, age: object = None) -> None:
    """Raises Refused and StudioError for a quick look at somebody who is not saved: nothing mature is shown there."""
    verdict = rate(words, age=int(age) if isinstance(age, int | float) else None)
    if verdict.refused:
        raise Refused("appearance")
    if verdict.level == "mature":
        raise StudioError("A preview shows nothing mature.", f"Take out: {_quoted(verdict.words)}.", field="appearance")


def refuse_words(texts: Iterable[str], age: int | None = None, field: str | None = None) -> None:
    """Raises Refused when running text, such as a caption or an instruction, describes a minor in a suggestive way."""
    for text in texts:
        if text and rate_prose(text, age=age).refused:
            raise Refused(field)


def refuse_character(character: Character) -> None:
    """Raises Refused when a character's own words do that, StudioError for a minor who is marked as an adult."""
    age, look = character.age, character.appearance
    if character.adult and not character.is_adult:
        raise StudioError(
            "Somebody under 18 cannot be marked as an adult.", "Change the age, or the mark.", field="adult"
        )
    worn = [value for value in look.model_dump().values() if isinstance(value, str)]
    if rate(", ".join([*worn, *look.signature_items]), age=age).refused:
        raise Refused("appearance")
    for one in character.ingredients:
        if rate(f"{one.name}, {one.words}", age=age).refused:
            raise Refused("ingredients")
    for one in character.looks:
        if rate(f"{one.name}, {one.words}", one.negative, age=age).refused:
            raise Refused("looks")
    refuse_words((character.bio, character.backstory), age, "bio")
    refuse_words((character.persona.custom_instruction, ". ".join(character.persona.topics)), age, "custom_instruction")
    refuse_words((". ".join([*character.tags, *character.interests]),), age, "tags")


def level_of(asset: Asset) -> str:
    """The asset's level; of one that was made before there were ratings, by its recipe."""
    if asset.rating is not None:
        return asset.rating.level
    return rate(" , ".join([words_of(asset.recipe), asset.description, *asset.tags]), asset.recipe.negative).level


def renewed(asset: Asset, tags: Iterable[str], description: str) -> Rating | None:
    """The rating after a picture's tags or description changed: a person's or a higher one stays. Raises Refused."""
    verdict = rate(" , ".join([words_of(asset.recipe), description, *tags]), asset.recipe.negative)
    if verdict.refused:
        raise Refused("description")
    before = asset.rating
    if before and (before.by == "person" or highest([before.level, verdict.level]) == before.level):
        return before
    return _rating(verdict)


def _rating(verdict: Verdict) -> Rating:
    return Rating(level=verdict.level, words=list(verdict.words[:12]))


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"“{word}”" for word in list(words)[:6])
