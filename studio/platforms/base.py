"""What a platform is: a place posts go to. It sees a finished draft; never the store, other platforms or a form."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.post import Post


@dataclass(frozen=True)
class PlatformSpec:
    """One platform as data; a form shows what it allows. `longest_caption` counts characters, 0 has no limit.

    `files` is true when publishing leaves files on this machine, `sends` says in words what leaves it.
    """

    id: str
    name: str
    summary: str
    kinds: frozenset[str] = frozenset({"image"})
    most_assets: int = 20
    longest_caption: int = 0
    most_hashtags: int = 60
    files: bool = False
    sends: str = "nothing"


@dataclass(frozen=True)
class Problem:
    """Something about a draft. An error stops approval and publishing, a warning is only shown."""

    message: str
    hint: str = ""
    field: str = ""
    level: Literal["error", "warning"] = "warning"

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


@dataclass(frozen=True)
class Piece:
    """One picture of a draft. `source` is its file, `name` a safe file name without ending, `ai_made` whether AI is
    known to have made it."""

    asset: Asset
    source: Path
    name: str
    alt_text: str = ""
    ai_made: bool = True


# render(piece, path): write the picture to `path` in the format of its ending, with recipe, origin and alt text inside.
Render = Callable[[Piece, Path], None]


@dataclass(frozen=True)
class Draft:
    """A post as a platform gets it. `place` is the folder it may make, chosen and written down before it begins;
    `ending` the picture format ("png", "jpg", "webp") for platforms that leave the choice."""

    post: Post
    character: Character
    pieces: tuple[Piece, ...]
    hashtags: tuple[str, ...] = ()
    place: Path | None = None
    ending: str = "png"
    at: str = ""
    by: str = ""

    @property
    def text(self) -> str:
        """The caption as it goes out: text, hashtags, disclosure, each a paragraph of its own."""
        parts = (self.post.caption.text.strip(), " ".join(self.hashtags), self.post.disclosure.strip())
        return "\n\n".join(part for part in parts if part)


@dataclass(frozen=True)
class Receipt:
    """What publishing left behind: files on this machine, an address, or both."""

    files: tuple[Path, ...] = ()
    url: str = ""


class Platform(Protocol):
    """One file each. Methods may be called from any thread, `publish` for one post at a time."""

    spec: PlatformSpec

    def ready(self) -> str | None:
        """None when it can publish, else one sentence that says what is missing."""

    def check(self, draft: Draft) -> list[Problem]:
        """Everything about the draft that stops or weakens it here, without a network."""

    def publish(self, draft: Draft, render: Render) -> Receipt:
        """Bring it out, once. Raises StudioError; then nothing is out, or `found` will find it."""

    def found(self, draft: Draft) -> Receipt | None:
        """The receipt when an earlier, interrupted `publish` did get this draft out whole, else None.

        Leftovers of one that did not are removed.
        """


def usual_problems(spec: PlatformSpec, draft: Draft) -> list[Problem]:
    """What is wrong with a draft wherever it goes: pictures, lengths, missing words."""
    problems = []
    error = lambda message, hint, field: problems.append(Problem(message, hint, field, "error"))
    warning = lambda message, hint, field: problems.append(Problem(message, hint, field))
    if not draft.pieces:
        error("The post has no pictures.", "Choose at least one.", "asset_ids")
    if len(draft.pieces) > spec.most_assets:
        error(f"{spec.name} takes at most {spec.most_assets} pictures.", "Leave some out.", "asset_ids")
    for number, piece in enumerate(draft.pieces, 1):
        if not piece.source.is_file():
            error(f"The file of picture {number} is missing.", "Take it out, or restore the file.", "asset_ids")
        if piece.asset.kind not in spec.kinds:
            error(f"{spec.name} does not take picture {number}.", "Take it out.", "asset_ids")
        if not piece.alt_text.strip():
            warning(f"Picture {number} has no alt text.", "Describe it for people who cannot see it.", "alt_text")
    if not draft.post.caption.text.strip():
        warning("The caption is empty.", "Write one, or let the character write it.", "caption")
    if spec.longest_caption and len(draft.text) > spec.longest_caption:
        over = len(draft.text) - spec.longest_caption
        error(f"The caption is {over} characters too long for {spec.name}.", "Shorten it.", "caption")
    if len(draft.hashtags) > spec.most_hashtags:
        error(f"{spec.name} takes at most {spec.most_hashtags} hashtags.", "Leave some out.", "hashtags")
    if not draft.post.disclosure.strip():
        error("The post does not say that it is made with AI.", "Fill in the disclosure.", "disclosure")
    return problems
