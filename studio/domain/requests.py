"""What tabs and the API may ask for. The fields of a form are the fields of its request."""

from typing import Literal

from pydantic import Field

from studio.domain.asset import AssetKind, AssetState
from studio.domain.document import Request
from studio.domain.model import LoraChoice
from studio.domain.post import Words
from studio.domain.rating import Level
from studio.domain.writing import WriteRequest

MOST_PIXELS = 4096 * 4096
TimeOfDay = Literal["", "morning", "midday", "golden hour", "evening", "night"]
Weather = Literal["", "rain", "fog", "snowfall"]
Framing = Literal["", "close-up", "portrait", "half figure"]


class Edit(Request):
    """How a part of `image` is repainted at the picture's own size; what stays is the same to the pixel.

    `mode` "repaint" changes what `mask` marks; "extend" adds `left`, `top`, `right` and `bottom` pixels around the
    picture; "background" changes what is behind the figure (without a mask the studio looks for it); "detail" draws
    `box` (left, top, right, bottom in pixels, or what `mask` marks; without either the head) again, close up.
    `feather` is over how many pixels the edge of the part fades, inwards. `close` works on a repainted part close up.
    """

    mode: Literal["repaint", "extend", "background", "detail"]
    feather: int = Field(default=12, ge=0, le=256)
    left: int = Field(default=0, ge=0, le=4096)
    top: int = Field(default=0, ge=0, le=4096)
    right: int = Field(default=0, ge=0, le=4096)
    bottom: int = Field(default=0, ge=0, le=4096)
    box: tuple[int, int, int, int] | None = None
    close: bool = False


class ImageRequest(Request):
    """Pictures of a character, or without one. None means: what the look says, else the engine's default.

    `prompt` is the person's own words; `outfit`, `place`, `prop`, `mood` are ingredient ids or names, or free words.
    `seed` counts up by one per picture of the batch; None draws one. `upscale` is 1, 2 or 4 times the engine's size.

    `image` is what the new picture starts from, an asset's id or one of `POST /inputs`; `strength` says how much of it
    changes, `mask` (white changes, black stays) where; `edit` does so at the picture's own size. `references` are
    pictures that the prompt speaks about. Each needs a model whose `tasks` name it.
    """

    prompt: str = Field(default="", max_length=2000)
    negative: str | None = Field(default=None, max_length=2000)
    look: str | None = None
    outfit: str | None = Field(default=None, max_length=400)
    place: str | None = Field(default=None, max_length=400)
    prop: str | None = Field(default=None, max_length=400)
    mood: str | None = Field(default=None, max_length=400)
    time_of_day: TimeOfDay = ""
    weather: Weather = ""
    framing: Framing = ""
    engine: str | None = None
    width: int | None = Field(default=None, ge=64, le=4096)
    height: int | None = Field(default=None, ge=64, le=4096)
    steps: int | None = Field(default=None, ge=1, le=150)
    guidance: float | None = Field(default=None, ge=0, le=30)
    sampler: str | None = Field(default=None, max_length=60)
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    batch: int = Field(default=1, ge=1, le=8)
    upscale: Literal[1, 2, 4] | None = None
    image: str | None = Field(default=None, max_length=80)
    strength: float | None = Field(default=None, ge=0.05, le=1)
    mask: str | None = Field(default=None, max_length=80)
    edit: Edit | None = None
    references: list[str] = Field(default_factory=list, max_length=8)
    loras: list[LoraChoice] | None = Field(default=None, max_length=8)
    parents: list[str] = Field(default_factory=list, max_length=8)


class AssetFilter(Request):
    """Which assets to list, newest first. `state` None means all but the trash. Dates are ISO days, both inclusive.

    `identity`: "passed" and "below" are against the character's threshold, "unmeasured" has no score. `sort` "identity"
    begins with the surest pictures, "identity_low" with the least sure; those without a score come last; "quality" and
    "quality_low" do the same by the quality score. `rating`
    "unrated" are pictures from before there were ratings.
    """

    character_id: str | None = None
    kind: AssetKind | None = None
    look: str | None = None
    state: AssetState | None = None
    starred: bool | None = None
    tag: str | None = None
    text: str | None = Field(default=None, max_length=400)
    since: str | None = Field(default=None, max_length=40)
    until: str | None = Field(default=None, max_length=40)
    job_id: str | None = None
    identity: Literal["passed", "below", "unmeasured"] | None = None
    rating: Level | Literal["unrated"] | None = None
    sort: Literal["newest", "identity", "identity_low", "quality", "quality_low"] = "newest"


class AssetPatch(Request):
    """A change to one or many assets. None leaves a field as it is; `rejection_reason` goes with rejecting."""

    state: AssetState | None = None
    rejection_reason: str | None = Field(default=None, max_length=400)
    starred: bool | None = None
    tags: list[str] | None = Field(default=None, max_length=60)
    description: str | None = Field(default=None, max_length=4000)
    rating: Level | None = None


class CaptionRequest(WriteRequest):
    """`count` captions for these assets in the character's voice. The same `seed` gives the same captions."""

    character_id: str
    asset_ids: list[str] = Field(min_length=1, max_length=20)
    kind: Literal["caption"] = "caption"


class PostRequest(Request):
    """A new draft. `caption` is its text; hashtags and alt text may come with it. `targets` are account ids, "export"
    is the package; `words` says per target what it says otherwise: `text`, `hashtags`, `alt_text`, `kind`, and
    `frame` (crop, pad, blur) for pictures whose shape it does not take."""

    character_id: str
    asset_ids: list[str] = Field(min_length=1, max_length=20)
    title: str = Field(default="", max_length=200)
    caption: str = Field(default="", max_length=10000)
    hashtags: list[str] = Field(default_factory=list, max_length=60)
    alt_text: dict[str, str] = Field(default_factory=dict)
    disclosure: str | None = Field(default=None, max_length=400)
    targets: list[str] = Field(default_factory=lambda: ["export"], min_length=1, max_length=40)
    words: dict[str, Words] = Field(default_factory=dict)


class PostPatch(Request):
    """A change to a draft. None leaves a field as it is."""

    asset_ids: list[str] | None = Field(default=None, min_length=1, max_length=20)
    title: str | None = Field(default=None, max_length=200)
    caption: str | None = Field(default=None, max_length=10000)
    hashtags: list[str] | None = Field(default=None, max_length=60)
    alt_text: dict[str, str] | None = None
    disclosure: str | None = Field(default=None, max_length=400)
    targets: list[str] | None = Field(default=None, min_length=1, max_length=40)
    words: dict[str, Words] | None = None
