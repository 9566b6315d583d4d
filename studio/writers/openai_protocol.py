"""A language model behind the OpenAI protocol: OpenAI itself, Ollama, LM Studio, vLLM, llama.cpp and their like.

It asks, reads the answer as data and keeps only what fits the request. It has no tools and nothing to act with.
"""

import re
from collections.abc import Sequence

from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.writing import KINDS, Endpoint, WriteRequest
from studio.errors import StudioError
from studio.writers.alt_text import alt_text
from studio.writers.answers import SCHEMA, clean, cut, kept, text_so_far, texts_of, without_links
from studio.writers.base import Desk, Variant, WriterSpec
from studio.writers.connection import Answer, Connection, WriterTrouble
from studio.writers.hashtags import MOST, camel, planned, unique
from studio.writers.instructions import messages_for, most_of
from studio.writers.taboos import Taboos

_KEEPS_LINKS = {"translation", "rewrite", "versions"}
_TOKENS = {"story": 260, "list": 220, "description": 500, "translation": 1200, "rewrite": 700, "versions": 700}


class OpenAIWriter:
    """One endpoint. Without one it says what is missing. `asked` counts what the last `write` used."""

    def __init__(self, endpoint: Endpoint | None = None, key: str = ""):
        self.endpoint, self._key = endpoint, key
        self.asked: list[Answer] = []
        self.spec = WriterSpec(
            endpoint.id if endpoint else "openai",
            endpoint.name if endpoint else "Language model",
            "A language model of your choice, on this machine or elsewhere. Writes every kind, in many languages.",
            uses=frozenset(WriteRequest.model_fields) - {"character_id", "asset_ids", "kind", "writer", "engine"},
            sends=sends(endpoint),
            kinds=frozenset(KINDS),
        )

    def ready(self) -> str | None:
        if self.endpoint is None:
            return "No server is known. Find or add one in System, Writers."
        return None if self.endpoint.model else "No model is chosen. Choose one in System, Writers."

    def write(
        self, character: Character | None, assets: Sequence[Asset], request: WriteRequest, desk: Desk | None = None
    ) -> list[Variant]:
        """Up to `request.count` variants, asked for once more when too few came. Raises WriterTrouble."""
        if missing := self.ready():
            raise StudioError("This writer is not ready.", missing)
        desk, self.asked = desk or Desk(), []
        taboos = Taboos(character.taboos if character else ())
        if request.kind != "translation" and taboos.touched_by(request.words):
            raise StudioError(
                f"{character.name} does not talk about that.",
                "The words touch one of the character's taboos. Change them, or the taboos in Characters.",
                field="words",
            )
        wanted = len(desk.networks) if request.kind == "versions" else request.count
        messages = messages_for(character, assets, request, desk)
        found: list[tuple[str, list[str]]] = []
        again: list[tuple[str, list[str]]] = []
        for seed in (request.seed, request.seed + 1):
            answer = self._ask(character, request, desk, messages, seed)
            fresh, stale = self._kept(texts_of(answer.text), character, request, desk, taboos, found)
            found, again = found + fresh, again + stale
            if len(found) >= wanted or request.kind == "versions":
                break
        found = found or again[:1]  # rather something said before than nothing
        if not found:
            raise WriterTrouble(
                f"{self.spec.name} wrote nothing that can be used.",
                "Try again; a larger model keeps to the task better.",
                reason="garbage",
            )
        described = {one.id: alt_text(one, character, taboos) for one in assets} if character else {}
        described = described if request.kind == "caption" else {}
        return [Variant(text, tags, dict(described)) for text, tags in found[:wanted]]

    def _ask(self, character, request: WriteRequest, desk: Desk, messages: list[dict], seed: int) -> Answer:
        facts = self.endpoint.models.get(self.endpoint.model)
        schema = SCHEMA if facts is None or facts.schema_output is not False else None
        answer = Connection(self.endpoint, self._key).chat(
            messages,
            temperature=character.persona.temperature if character else 0.7,
            most_tokens=min(4000, 300 + request.count * _TOKENS.get(request.shape or request.kind, 160)),
            schema=schema,
            seed=seed,
            tell=(lambda text: desk.tell(text_so_far(text))) if desk.tell else None,
        )
        self.asked.append(answer)
        return answer

    def _kept(self, found, character, request, desk, taboos, before) -> tuple[list, list]:
        """What of the answer fits: cleaned, within its length, without taboos and foreign links; and apart from it
        what would fit, but was said before."""
        allowed = f"{request.words}\n{request.text if request.kind in _KEEPS_LINKS else ''}"
        said = {_key(text) for text, _ in before} | {_key(text) for text in desk.recent}
        openings = {_opening(text) for text in desk.recent} if request.kind == "caption" else set()
        fitting, stale = [], []
        for at, (text, tags) in enumerate(found):
            text = without_links(clean(text), allowed)
            tags = [tag for tag in unique(map(camel, (tag[:60] for tag in tags))) if not taboos.touched_by_tag(tag)]
            if request.kind == "hashtags":
                tags = unique([*tags, *(camel(one) for one in re.findall(r"#(\w+)", text))])
                tags = planned(character, tags, request.networks, request.hashtag_set) if character else tags[:MOST]
                text = " ".join(tags)
            if request.kind in _KEEPS_LINKS:
                text = kept(text, request.text) if request.kind != "versions" else text
            if request.kind == "versions" and at < len(desk.networks):
                network = desk.networks[at]
                text = cut(text, network.most, network.count)
            else:
                text = cut(text, most_of(request))
            # what another person wrote may touch a taboo; a translation is not the character speaking
            free = request.kind in ("translation", "versions", "rewrite") or not taboos.touched_by(text)
            if not text or not free:
                continue
            if request.kind == "caption":
                tags = planned(character, tags, request.networks, request.hashtag_set) if character else tags[:MOST]
            if request.kind != "versions" and (_key(text) in said or _opening(text) in openings):
                stale.append((text, tags))
                continue
            said.add(_key(text))
            fitting.append((text, tags))
        return fitting, stale


def sends(endpoint: Endpoint | None) -> str:
    """What leaves the machine for this endpoint, and where to, in words."""
    if endpoint is None or endpoint.place == "machine":
        return "nothing"
    sees = endpoint.sees_pictures
    what = "profile, recipe and tags" + (", and the picture" if sees else "" if sees is False else ", or the picture")
    where = f"{endpoint.host} in your network" if endpoint.place == "network" else endpoint.host
    return f"{what}, to {where}"


def _key(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _opening(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold())[:4])
