"""A platform as data: what it takes, how it counts, what it can do, how one connects. A correction is one line."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["characters", "utf16", "graphemes", "bytes", "weighted"]
Idempotency = Literal["key", "handle", "read_back", "ask"]
CAN = ("edit", "delete", "metrics", "comments", "reply", "schedule", "thread", "first_comment")


@dataclass(frozen=True)
class TextRule:
    """How long a text may be, counted the network's way (`counting.py`); 0 has no limit.

    `url_length` is what each link counts as, whatever its length; 0 counts it as it is.
    """

    longest: int = 0
    unit: Unit = "characters"
    longest_bytes: int = 0
    url_length: int = 0


@dataclass(frozen=True)
class MediaRule:
    """What a picture or clip has to be like; 0 has no limit. `aspects` are width / height, narrowest and widest.

    Of pictures the studio makes renditions that keep to `formats`, `most_bytes`, `most_side`, `most_pixels` and
    `aspects`; the rest is checked. `seconds` are shortest and longest.
    """

    formats: tuple[str, ...] = ("image/jpeg", "image/png")
    most_bytes: int = 0
    most_side: int = 0
    most_pixels: int = 0
    least_side: int = 0
    aspects: tuple[float, float] | None = None
    seconds: tuple[float, float] | None = None


@dataclass(frozen=True)
class PostKind:
    """One kind of post: text, one picture, several, a clip, a story. `takes` are kinds of assets, `media` how many.

    `alt_longest` in characters, 0 when the network has no alt text for this kind.
    """

    id: str
    name: str
    media: tuple[int, int] = (1, 1)
    takes: frozenset[str] = frozenset({"image"})
    text: TextRule = TextRule()
    image: MediaRule = MediaRule()
    video: MediaRule | None = None
    alt_longest: int = 0


@dataclass(frozen=True)
class Field:
    """One field of the connect form. A `secret` one goes to the keychain and nowhere else."""

    id: str
    label: str
    secret: bool = False
    help: str = ""
    placeholder: str = ""
    required: bool = True


@dataclass(frozen=True)
class Connect:
    """How one connects. `steps` are sentences a person follows on the network's own pages.

    "none" needs no account; "fields" is a form (app password, bot token, webhook, token); "oauth" is a form (a client's
    id, a server), then the network's own page, then a loopback redirect: it has `authorize` and `exchange`.
    `scopes` are the rights asked for, `renews` whether the studio can keep it alive by itself; else people are reminded
    `remind_days` before `expires_at`.
    """

    way: Literal["none", "fields", "oauth"] = "fields"
    steps: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    scopes: tuple[str, ...] = ()
    renews: bool = False
    remind_days: int = 7


@dataclass(frozen=True)
class PlatformSpec:
    """One platform as data; a form shows what it allows. `sends` says in words what leaves this machine.

    `idempotency` says how the adapter makes sure that a post goes out once: "key" (the network drops repeats of one
    key, for `key_lasts_s` seconds; 0: for good), "handle" (a handle kept before publishing tells), "read_back" (own
    posts can be read), "ask" (only a person can look). `can` names what the API allows, `cannot` gives the reason for
    what people would expect and it does not. `disclosure` is where AI is said: "flag" is the network's own, "label" a
    tag of the post, "caption" only the line in the text. `metrics` are the numbers it gives. `per_day` is the
    network's own limit of posts in 24 hours, `min_gap_s` between two. `schedule_s` is how far ahead its own scheduler
    takes posts (least, most). `hashtags` limits their number. `files` is true when publishing leaves files on this
    machine. `needs_url` is true when it fetches media itself from a public address. `forbids` are the ratings it does
    not take; a network that allows mature posts says so with an empty one.
    """

    id: str
    name: str
    summary: str
    kinds: tuple[PostKind, ...]
    connect: Connect = Connect()
    idempotency: Idempotency = "ask"
    key_lasts_s: int = 0
    can: frozenset[str] = frozenset()
    cannot: tuple[tuple[str, str], ...] = ()
    disclosure: Literal["flag", "label", "caption"] = "caption"
    metrics: tuple[str, ...] = ()
    hashtags: int = 60
    per_day: int = 0
    min_gap_s: int = 0
    schedule_s: tuple[int, int] | None = None
    files: bool = False
    needs_url: bool = False
    forbids: frozenset[str] = frozenset({"mature"})
    sends: str = "the post's words and pictures"

    @property
    def most_assets(self) -> int:
        return max(kind.media[1] for kind in self.kinds)

    def kind(self, id: str) -> PostKind | None:
        return next((one for one in self.kinds if one.id == id), None)
