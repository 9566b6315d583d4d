"""What the built-in writer makes besides captions: titles, tags, hashtags, thumbnail words, alt text, another tone,
versions for networks, fuller prompts. It says what it cannot: understand a text, or another language.
"""

import hashlib
import random
import re
from collections.abc import Sequence

from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.writing import LONGEST, WriteRequest
from studio.errors import StudioError
from studio.writers.alt_text import alt_text, medium
from studio.writers.answers import cut
from studio.writers.base import Desk, Variant
from studio.writers.calendar import season_of, weekday_of
from studio.writers.hashtags import hashtags
from studio.writers.prompting import fuller
from studio.writers.scene import scene_of
from studio.writers.taboos import Taboos
from studio.writers.tones import rewritten

KINDS = frozenset({"title", "tags", "hashtags", "thumbnail", "alt_text", "rewrite", "versions", "prompt"})
WHY_NOT = "This takes a language model, since it has to understand a text or see a picture. Add one in System, Writers."
_TITLES = (
    "{Outfit} {where}", "{Place}, {time}", "A {time} {where}", "{Mood} {where}", "{Topic} {where}", "{Where}",
    "Notes from {place}", "My {outfit}, {where}", "{Weekday} {where}", "{Season} {where}",
    "{Place} and {topic}", "Mostly {topic}",
    "{Name} {where}", "{Where}, with {prop}", "{Topic}, a {weekday}", "Thinking of {topic}", "{Season} light {where}",
    "{Name}, {mood}", "One {outfit}", "{Doing} {where}", "Something about {topic}", "{Name} in {season}",
)  # fmt: skip
_THUMBS = (
    "{Bare}", "{Outfit}", "{Topic}", "{Mood}", "{Bare} {time}", "Hello {bare}", "{Season} {bare}", "More {topic}",
    "Why {topic}", "My {outfit}", "{Weekday} mood", "{Topic} time",
)  # fmt: skip
_SLOT = re.compile(r"\{(\w+)\}")


class Words:
    """One request of another kind than captions."""

    def __init__(self, character: Character | None, assets: Sequence[Asset], request: WriteRequest, desk: Desk):
        self.character, self.assets, self.request, self.desk = character, list(assets), request, desk
        self.taboos = Taboos(character.taboos if character else ())
        who = character or Character(name="Nobody")
        self.scenes = [scene_of(asset, who) for asset in assets]
        ids = [asset.id for asset in assets]
        about = (request.seed, character and who.id, ids, request.kind, request.text, request.tone, request.words)
        self.rng = random.Random(hashlib.sha256(repr(about).encode("utf-8", "replace")).digest())

    def variants(self) -> list[Variant]:
        """Up to `count` different ones. StudioError for a kind it does not write, or when nothing is known to say."""
        kind = self.request.kind
        if kind not in KINDS:
            raise StudioError("The built-in writer cannot write this.", WHY_NOT, field="kind")
        if self.character and self.taboos.touched_by(self.request.words):
            raise StudioError(
                f"{self.character.name} does not talk about that.",
                "The words touch one of the character's taboos. Change them, or the taboos in Characters.",
                field="words",
            )
        found = getattr(self, f"_{kind}")()
        if not found:
            raise StudioError(
                "There is nothing known about this that could be said.",
                "Give the character topics, or choose a picture made with an outfit or a place.",
            )
        return found

    # ------------------------------------------------------------------ each kind
    def _title(self) -> list[Variant]:
        return self._from(_TITLES, lambda text: text[:1].upper() + text[1:])

    def _thumbnail(self) -> list[Variant]:
        return self._from(_THUMBS, lambda text: " ".join(text.split()[:4]).upper())

    def _tags(self) -> list[Variant]:
        character, words = self.character, []
        for scene in self.scenes[:3]:
            words += [scene.bare_place, scene.outfit, scene.prop, scene.mood, scene.time, scene.colour]
        for asset in self.assets[:3]:
            words += [*asset.tags, asset.recipe.weather, medium(asset).lower()]
        if character:
            words += [*character.persona.topics, *character.interests, character.name]
        words = [one.lower().strip() for one in words if one and 1 < len(one) <= 40 and not self.taboos.touched_by(one)]
        words = list(dict.fromkeys([*words, "virtual creator", "made with ai"]))
        variants, fixed = [], words[:4]
        for _ in range(self.request.count * 3):
            rest = words[4:]
            self.rng.shuffle(rest)
            text = cut(", ".join([*fixed, *rest[:11]]), self._most).rstrip("…").rstrip(", ")
            if text not in [one.text for one in variants]:
                variants.append(Variant(text))
            if len(variants) == self.request.count:
                break
        return variants

    def _hashtags(self) -> list[Variant]:
        self._needs_character()
        variants: list[Variant] = []
        for _ in range(self.request.count * 4):
            tags = hashtags(
                self.character, self.scenes, self.taboos, self.rng, self.request.networks, self.request.hashtag_set
            )
            if tags and set(tags) not in [set(one.hashtags) for one in variants]:
                variants.append(Variant(" ".join(tags), tags))
            if len(variants) == self.request.count:
                break
        return variants

    def _alt_text(self) -> list[Variant]:
        asset, who = self.assets[0], self.character or Character(name="A person")
        plain = alt_text(asset, who, self.taboos)
        if self.request.detail == "plain":
            first = re.match(r".*?[.!?](?=\s|$)", plain, re.DOTALL)
            texts = [plain, first[0] if first else plain]
        else:
            recipe = asset.recipe
            more = [
                {"rain": "It is raining.", "fog": "There is fog.", "snowfall": "Snow is falling."}.get(recipe.weather),
                {
                    "close-up": "The face fills the picture.",
                    "portrait": "The picture shows head and shoulders.",
                    "half figure": "The picture shows her from the waist up."
                    if who.pronouns.lower().startswith("she")
                    else "The picture shows the figure from the waist up.",
                }.get(recipe.framing),
                f"Main colour: {self.scenes[0].colour}." if self.scenes[0].colour else None,
            ]
            facts = [one for one in more if one and not self.taboos.touched_by(one)]
            texts = [" ".join([plain, *facts]), " ".join([plain, *facts[:1]]), plain]
        texts = list(dict.fromkeys(cut(one, self._most) for one in texts))[: self.request.count]
        return [Variant(one, alt_text={asset.id: one}) for one in texts]

    def _rewrite(self) -> list[Variant]:
        found: list[str] = []
        for number in range(self.request.count * 2):
            text = rewritten(self.request.text, self.request.tone or "casual", number, self.rng)
            text = cut(text, self._most)
            if text and text not in found and not self.taboos.touched_by(text) and text != self.request.text.strip():
                found.append(text)
        if not found:
            raise StudioError(
                "There is nothing in this text that the built-in writer could change.",
                "A language model can: add one in System, Writers.",
            )
        return [Variant(one) for one in found[: self.request.count]]

    def _versions(self) -> list[Variant]:
        text = self.request.text.strip()
        return [Variant(cut(text, one.most, one.count)) for one in self.desk.networks]

    def _prompt(self) -> list[Variant]:
        request, found = self.request, []
        mentioned = [one for one in request.words.split(",") if one.strip()]
        for _ in range(request.count * 4):
            text = cut(fuller(request.text, self.desk.words, self.desk.prompt_style, mentioned, self.rng), self._most)
            if text not in found:
                found.append(text)
            if len(found) == request.count:
                break
        return [Variant(one) for one in found]

    # ------------------------------------------------------------------ in between
    @property
    def _most(self) -> int:
        return min(self.request.limit or LONGEST[self.request.kind], LONGEST[self.request.kind])

    def _needs_character(self) -> None:
        if self.character is None:
            raise StudioError("No character is chosen.", "Choose one at the top of the page.", field="character_id")

    def _from(self, forms: Sequence[str], shaped) -> list[Variant]:
        """Forms whose slots are known, filled; each different, none about a taboo."""
        self._needs_character()
        forms, found = list(forms), []
        self.rng.shuffle(forms)
        said = [one.casefold() for one in self.desk.recent]
        for _ in range(3):  # topics are drawn anew each time round
            values = self._values()
            for form in forms:
                if not {name.lower() for name in _SLOT.findall(form)} <= values.keys():
                    continue
                text = shaped(_SLOT.sub(lambda match, values=values: _filled(match[1], values), form))
                text = cut(re.sub(r"\b(at|in|on) (?:at|in|on) ", r"\1 ", text), self._most)
                fresh = text not in found and text.casefold() not in said
                if fresh and not self.taboos.touched_by(text):
                    found.append(text)
        return [Variant(one) for one in found[: self.request.count]]

    def _values(self) -> dict[str, str]:
        scene = self.rng.choice(self.scenes) if self.scenes else None
        who = self.character
        topics = [one for one in [*who.persona.topics, *who.interests] if 1 < len(one) <= 40]
        values = {"name": who.name, "topic": self.rng.choice(topics) if topics else ""}
        if scene:
            values |= {"where": scene.where, "place": scene.place, "bare": scene.bare_place, "outfit": scene.outfit}
            values |= {"time": scene.time, "mood": scene.mood, "prop": scene.prop, "doing": scene.doing}
        if at := self.desk.at:
            values |= {"weekday": weekday_of(at), "season": season_of(at, who.time_zone)}
        return {name: value for name, value in values.items() if value and not self.taboos.touched_by(value)}


def _filled(name: str, values: dict[str, str]) -> str:
    value = values[name.lower()]
    return value[:1].upper() + value[1:] if name[0].isupper() else value
