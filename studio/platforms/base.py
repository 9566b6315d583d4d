"""What a platform is: a place posts go to. It sees a finished draft; never the store, other platforms or a form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from studio.domain.account import Account
from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.post import Post
from studio.platforms.counting import over
from studio.platforms.spec import MediaRule, PlatformSpec, PostKind


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


@dataclass(frozen=True)
class Rendition:
    """A piece fitted to a rule, on the disk: what is uploaded. Sizes in pixels, `bytes` of the file."""

    path: Path
    media_type: str
    width: int
    height: int
    bytes: int
    sha256: str


# render(piece, path): write the picture to `path` in the format of its ending, with recipe, origin and alt text inside.
Render = Callable[[Piece, Path], None]
# fit(piece, rule): the piece as the rule wants it, with its origin inside; made once, then the same file again.
# StudioError when it cannot be.
Fit = Callable[[Piece, MediaRule], Rendition]


@dataclass(frozen=True)
class Draft:
    """A post as one target gets it: `post` has this target's own words, `kind` is the spec's, "" the first that fits.

    `place` is the folder the export package may make, chosen and written down before it begins; `ending` the picture
    format ("png", "jpg", "webp") for platforms that leave the choice. `due` is when the network itself should publish
    (ISO, UTC), "" now; only platforms whose spec says `schedule_s` are given one.
    `rating` is that of the most mature of its pictures and words.
    """

    post: Post
    character: Character
    pieces: tuple[Piece, ...]
    hashtags: tuple[str, ...] = ()
    place: Path | None = None
    ending: str = "png"
    at: str = ""
    by: str = ""
    account: Account | None = None
    kind: str = ""
    due: str = ""
    render: Render | None = None
    fit: Fit | None = None
    rating: str = "general"

    @property
    def text(self) -> str:
        """The caption as it goes out: text, hashtags, disclosure, each a paragraph of its own."""
        parts = (self.post.caption.text.strip(), " ".join(self.hashtags), self.post.disclosure.strip())
        return "\n\n".join(part for part in parts if part)


@dataclass(frozen=True)
class Receipt:
    """What publishing left behind: an id and an address at the network, files on this machine, or both.

    `disclosed` says where AI was said: "flag", "label", "metadata", "caption". `facts` is what `delete`, `metrics` and
    the like need besides (plain JSON).
    """

    remote_id: str = ""
    url: str = ""
    files: tuple[Path, ...] = ()
    disclosed: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Later:
    """Not finished: call again in `seconds`. Out of `submit` when nothing is out yet (media still being read), or when
    the post is handed over (`journal.remote` has its id) and `poll` will tell."""

    seconds: float
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """What `reconcile` found. "absent" only when it is sure: then the post goes out again."""

    outcome: Literal["posted", "absent", "unsure"]
    receipt: Receipt | None = None
    why: str = ""


@dataclass(frozen=True)
class Connected:
    """What connecting or verifying learned. `public` and `limits` go into the account's document, `secret` into the
    keychain and nowhere else; `expires_at` is ISO, UTC. `note` is a sentence for the person."""

    handle: str
    name: str = ""
    remote_id: str = ""
    url: str = ""
    public: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Mapping[str, Any] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    expires_at: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Comment:
    """One comment under a post. `at` is ISO, UTC."""

    id: str
    author: str
    text: str
    at: str = ""
    url: str = ""
    parent_id: str = ""


class Secret(Mapping[str, str]):
    """What opens an account: read like a dict. It never shows what it holds, also not in a traceback."""

    __slots__ = ("_keep", "_values")

    def __init__(self, values: Mapping[str, str], keep: Callable[[dict[str, str]], None] | None = None):
        self._values, self._keep = dict(values), keep

    def keep(self, **changed: str) -> None:
        """Put new values (a rotated token) into the keychain. They are safe when this returns: use them only then."""
        values = {**self._values, **changed}
        if self._keep:
            self._keep(values)
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "Secret(…)"


class Journal(Protocol):
    """What one target remembers of its way out, on the disk when each call returns. It outlives crashes and attempts.

    The studio reads it after a crash: `begin` without `remote` is an unknown, which only `reconcile` or a person
    resolves; without `begin` nothing can be out, and `submit` is called again, with the same `key` and `handles`.
    """

    key: str
    """26 letters and digits, minted when the post was queued and the same for every attempt: for idempotency keys,
    transaction ids, record keys and nonces."""

    handles: Mapping[str, Any]
    """What `keep` kept."""

    remote_id: str
    """What `remote` was told, "" before."""

    url: str

    def keep(self, **handles: Any) -> None:
        """Remember uploaded media ids, containers, upload sessions: plain JSON, no secrets."""

    def begin(self, what: str = "post") -> None:
        """Right before the request that can make the post public. Raises when the studio is to stop: let it pass."""

    def remote(self, remote_id: str, url: str = "") -> None:
        """Right after the network named the post, before anything else is asked."""


class Platform(Protocol):
    """One file each. Methods may be called from any thread, for one target by one thread at a time.

    Constructed with nothing it works on the real network; `client` (httpx) and `clock` (seconds since 1970) are for
    tests. Raises the classes of `errors.py`, or StudioError for what a person can mend before anything is sent. What
    the spec's `can` does not name need not exist.
    """

    spec: PlatformSpec

    def ready(self) -> str | None:
        """None when it can work on this machine, else one sentence that says what is missing."""

    def check(self, draft: Draft) -> list[Problem]:
        """Everything about the draft that stops or weakens it here, without a network."""

    def connect(self, values: Mapping[str, str]) -> Connected:
        """Log in with the values of the spec's fields. Raises AuthRevoked for wrong ones."""

    def verify(self, account: Account, secret: Secret) -> Connected:
        """Ask the network who this is and what it may do: the test button. Changes nothing there."""

    def refresh(self, account: Account, secret: Secret) -> Connected:
        """New tokens, when the spec's `renews` says so; keeps them with `secret.keep` before using them. AuthRevoked
        only when the network said so: a refresh that fails otherwise is Transient."""

    def submit(self, draft: Draft, account: Account, secret: Secret, journal: Journal) -> Receipt | Later:
        """Bring it out, once: upload, `journal.keep`, `journal.begin`, publish, `journal.remote`."""

    def poll(self, draft: Draft, account: Account, secret: Secret, journal: Journal) -> Receipt | Later:
        """How the post `journal.remote_id` is doing. Also called after a crash between `journal.remote` and the
        receipt, so it works for networks that publish at once too. Rejected when the network threw it out."""

    def reconcile(self, draft: Draft, account: Account, secret: Secret, journal: Journal, since: str) -> Verdict:
        """Whether this draft got out, by reading only. `since` is when it was first tried (ISO, UTC)."""

    def delete(self, receipt: Receipt, account: Account, secret: Secret) -> None:
        """Take it down; also fine when it is gone already."""

    def edit(self, draft: Draft, receipt: Receipt, account: Account, secret: Secret) -> Receipt:
        """Give a published post the draft's words."""

    def metrics(self, receipt: Receipt, account: Account, secret: Secret) -> dict[str, int | float | None]:
        """The spec's `metrics` by name; None is what the network did not tell: missing is not zero."""

    def comments(
        self, receipt: Receipt, account: Account, secret: Secret, after: str = ""
    ) -> tuple[list[Comment], str]:
        """Comments, oldest first, and what to pass as `after` for the next ones ("" at the end)."""

    def reply(
        self, comment_id: str, text: str, receipt: Receipt, account: Account, secret: Secret, journal: Journal
    ) -> Receipt:
        """Answer a comment, once, as `submit` does."""

    def authorize(
        self, values: Mapping[str, str], redirect: str, state: str, challenge: str
    ) -> tuple[str, dict[str, str]]:
        """OAuth: the address of the network's page, and what `exchange` will need (registered client and the like)."""

    def exchange(
        self, values: Mapping[str, str], kept: Mapping[str, str], code: str, redirect: str, verifier: str
    ) -> Connected:
        """OAuth: the code of the redirect for tokens."""


def kind_of(spec: PlatformSpec, draft: Draft) -> PostKind | None:
    """The kind the draft is: the chosen one, else the first that takes its pictures, else the one that takes most."""
    if draft.kind:
        return spec.kind(draft.kind)
    fits = [kind for kind in spec.kinds if _takes(kind, draft)]
    return fits[0] if fits else max(spec.kinds, key=lambda kind: kind.media[1])


def usual_problems(
    spec: PlatformSpec, draft: Draft, *, text: str | None = None, limits: Mapping[str, Any] | None = None
) -> list[Problem]:
    """What is wrong with a draft wherever it goes: pictures, lengths, missing words, the spec's own rules.

    `text` is what goes out where that is not `draft.text`. `limits` overrides the rules of the kind with what a server
    said: {"longest": 500, "media": 4}.
    """
    problems = []
    error = lambda message, hint, field: problems.append(Problem(message, hint, field, "error"))
    warning = lambda message, hint, field: problems.append(Problem(message, hint, field))
    kind, limits = kind_of(spec, draft), limits or {}
    if kind is None:
        return [Problem(f"{spec.name} has no such kind of post.", "Choose another kind.", "kind", "error")]
    least, most = kind.media
    most = min(int(limits.get("media", most)), most) if limits.get("media") else most
    if len(draft.pieces) < least:
        what = "no pictures" if not draft.pieces else f"too few pictures for {spec.name}"
        error(f"The post has {what}.", f"Choose at least {_count(least)}.", "asset_ids")
    if len(draft.pieces) > most:
        error(f"{spec.name} takes at most {_count(most)} pictures.", "Leave some out.", "asset_ids")
    for number, piece in enumerate(draft.pieces, 1):
        if not piece.source.is_file():
            error(f"The file of picture {number} is missing.", "Take it out, or restore the file.", "asset_ids")
        if piece.asset.kind not in kind.takes:
            error(f"{spec.name} does not take picture {number}.", "Take it out.", "asset_ids")
        elif why := _unfit(piece, kind.video if piece.asset.kind != "image" and kind.video else kind.image):
            error(f"{spec.name} does not take picture {number}: {why}.", "Crop it, or choose another.", "asset_ids")
        elif why := _reshaped(piece, kind.image):
            hint = "A crop keeps the face. Set the target's frame to pad or blur to keep all of it."
            warning(f"Picture {number} is {why} for {spec.name}: it goes out cropped or framed.", hint, "asset_ids")
        if kind.alt_longest and not piece.alt_text.strip():
            warning(f"Picture {number} has no alt text.", "Describe it for people who cannot see it.", "alt_text")
        elif kind.alt_longest and len(piece.alt_text) > kind.alt_longest:
            more = len(piece.alt_text) - kind.alt_longest
            error(f"The alt text of picture {number} is {more} characters too long.", "Shorten it.", "alt_text")
    if not draft.post.caption.text.strip():
        warning("The caption is empty.", "Write one, or let the character write it.", "caption")
    rule = kind.text
    if limits.get("longest"):
        links = int(limits.get("url_length", rule.url_length))
        rule = replace(rule, longest=int(limits["longest"]), url_length=links)
    if more := over(draft.text if text is None else text, rule):
        error(f"The text is {more} {_unit(rule.unit)} too long for {spec.name}.", "Shorten it.", "caption")
    if len(draft.hashtags) > spec.hashtags:
        error(f"{spec.name} takes at most {spec.hashtags} hashtags.", "Leave some out.", "hashtags")
    if draft.rating in spec.forbids:
        error(f"{spec.name} does not take {draft.rating} posts.", "Take that out, or choose another target.", "targets")
    if not draft.post.disclosure.strip():
        error("The post does not say that it is made with AI.", "Fill in the disclosure.", "disclosure")
    return problems


def _takes(kind: PostKind, draft: Draft) -> bool:
    least, most = kind.media
    return least <= len(draft.pieces) <= most and all(piece.asset.kind in kind.takes for piece in draft.pieces)


def _unfit(piece: Piece, rule: MediaRule) -> str:
    """What no rendition mends."""
    width, height = piece.asset.width, piece.asset.height
    if rule.least_side and min(width, height) < rule.least_side:
        return f"a side is under {rule.least_side} pixels"
    if piece.asset.kind != "image" and (why := _shape(width, height, rule)):
        return f"it is {why}"
    return ""


def _reshaped(piece: Piece, rule: MediaRule) -> str:
    """What a rendition mends, but not without a loss."""
    return _shape(piece.asset.width, piece.asset.height, rule) if piece.asset.kind == "image" else ""


def _shape(width: int, height: int, rule: MediaRule) -> str:
    if not rule.aspects or not height or rule.aspects[0] - 0.01 <= width / height <= rule.aspects[1] + 0.01:
        return ""
    return "too narrow" if width / height < rule.aspects[0] else "too wide"


def _count(number: int) -> str:
    return "one" if number == 1 else str(number)


def _unit(unit: str) -> str:
    return "bytes" if unit == "bytes" else "characters"
