"""What a writer is. It sees a character, assets and a request; never documents on disk or a network's rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.writing import WriteRequest


@dataclass(frozen=True)
class WriterSpec:
    """One writer as data. `uses` names the WriteRequest fields it heeds, `kinds` what it can write; `why_not` is the
    sentence said for the others. `sends` says what leaves the machine.
    """

    id: str
    name: str
    summary: str
    uses: frozenset[str]
    sends: str = "nothing"
    kinds: frozenset[str] = frozenset({"caption"})
    why_not: str = ""


@dataclass(frozen=True)
class Network:
    """What a text for one network must keep to. `count` measures a text as the network does; `hashtags` is usual."""

    id: str
    name: str
    most: int
    count: Callable[[str], int] = len
    hashtags: int = 5


@dataclass(frozen=True)
class Desk:
    """What lies on the writer's desk beside the request.

    `recent` are texts the character said lately and `examples` those a person chose, newest first. `pictures` are
    JPEGs by asset id, there only when the writer sees. `at` is the local moment the words are for. `words` is the
    vocabulary of the engine a prompt is for, by group, `prompt_style` how that engine reads. `tell` hears the text as
    it grows; what it raises stops the writing.
    """

    recent: Sequence[str] = ()
    examples: Sequence[str] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    at: datetime | None = None
    networks: Sequence[Network] = ()
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    prompt_style: str = "plain"
    tell: Callable[[str], None] | None = None


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

    def write(
        self, character: Character, assets: Sequence[Asset], request: WriteRequest, desk: Desk | None = None
    ) -> list[Variant]:
        """`request.count` variants, no two alike; a model may send fewer. Raises StudioError."""
