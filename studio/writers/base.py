"""What a writer is. It sees a character, assets and a request; never documents on disk or a network's rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.requests import CaptionRequest


@dataclass(frozen=True)
class WriterSpec:
    """One writer as data. `uses` names the CaptionRequest fields it heeds; `sends` says what leaves the machine."""

    id: str
    name: str
    summary: str
    uses: frozenset[str]
    sends: str = "nothing"


@dataclass(frozen=True)
class Variant:
    """One caption: its text, hashtags with their #, and alt text per asset id."""

    text: str
    hashtags: list[str] = field(default_factory=list)
    alt_text: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict:
        """The variant as the API sends it."""
        return {"text": self.text, "hashtags": list(self.hashtags), "alt_text": dict(self.alt_text)}


class Writer(Protocol):
    """One file each. The same character, assets and request give the same variants where the model allows it."""

    spec: WriterSpec

    def ready(self) -> str | None:
        """None when it can write, else one sentence that says what is missing."""

    def write(self, character: Character, assets: Sequence[Asset], request: CaptionRequest) -> list[Variant]:
        """`request.count` variants, no two alike. Raises StudioError."""
