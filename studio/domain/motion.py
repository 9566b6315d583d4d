"""Reels: pictures and cards in an order, with music, voice, captions and a logo; and the sounds they use."""

from typing import Literal

from pydantic import Field, field_validator

from studio.domain.document import Document, Part, Request, new_id

FEWEST, MOST = 2, 30  # pictures in a reel
SHORTEST, LONGEST = 0.4, 30.0  # seconds of one shot
Aspect = Literal["9:16", "4:5", "1:1", "16:9"]
Movement = Literal["auto", "in", "out", "left", "right", "up", "down", "still"]
Transition = Literal["cut", "fade", "dissolve", "slide", "push up", "wipe", "circle", "zoom", "through black"]
Place = Literal["top", "middle", "bottom"]
Style = Literal["plain", "boxed", "large"]
Corner = Literal["top left", "top right", "bottom left", "bottom right"]
Captions = Literal["none", "burned", "beside", "both"]
Fit = Literal["fill", "whole"]
SoundKind = Literal["music", "voice"]
_COLOUR = r"#[0-9a-fA-F]{6}"


class Shot(Part):
    """A picture of the library, or a card with words. `seconds` counts from the middle of one cut to the next.

    `focus` is the point the movement stays on, as shares of the picture's width and height; None lets the studio find
    the face. `transition` leads to the next shot. `text` lies over the picture (a card's first line is its title),
    `caption` is the subtitle that is spoken or read.
    """

    id: str = Field(default_factory=new_id)
    kind: Literal["picture", "card"] = "picture"
    asset_id: str = Field(default="", max_length=80)
    seconds: float = Field(default=3.0, ge=SHORTEST, le=LONGEST)
    movement: Movement = "auto"
    focus: tuple[float, float] | None = None
    transition: Transition = "fade"
    transition_seconds: float = Field(default=0.5, ge=0.1, le=2.0)
    text: str = Field(default="", max_length=240)
    place: Place = "bottom"
    style: Style = "plain"
    caption: str = Field(default="", max_length=300)
    colour: str = Field(default="#1f2430", pattern=_COLOUR)

    @field_validator("focus")
    @classmethod
    def _inside(cls, focus):
        if focus is not None and not all(0 <= one <= 1 for one in focus):
            raise ValueError("A focus is two shares from 0 to 1.")
        return focus


class Music(Part):
    """A sound of the library under the whole reel, from `begin` seconds into it, repeated when it is too short.

    `on_beat` moves the cuts to the nearest beats.
    """

    sound_id: str = Field(max_length=80)
    volume: float = Field(default=0.8, ge=0, le=2)
    begin: float = Field(default=0.0, ge=0, le=3600)
    on_beat: bool = True


class Voice(Part):
    """A spoken sound that starts `begin` seconds into the reel; `duck` lowers the music while it speaks."""

    sound_id: str = Field(max_length=80)
    volume: float = Field(default=1.0, ge=0, le=2)
    begin: float = Field(default=0.2, ge=0, le=600)
    duck: bool = True


class Logo(Part):
    """A picture in a corner: an id of `POST /inputs` or an asset's. `size` is its share of the reel's width."""

    image: str = Field(max_length=80)
    corner: Corner = "top right"
    size: float = Field(default=0.14, ge=0.04, le=0.5)
    opacity: float = Field(default=0.9, ge=0.1, le=1)


class Reel(Part):
    """Everything that decides how a reel looks and sounds. `preset` is an id of `motion_presets`."""

    preset: str = Field(default="generic", max_length=40)
    aspect: Aspect = "9:16"
    fit: Fit = "fill"
    shots: list[Shot] = Field(default_factory=list, max_length=MOST + 4)
    music: Music | None = None
    voice: Voice | None = None
    logo: Logo | None = None
    captions: Captions = "burned"

    def shot(self, shot_id: str) -> Shot | None:
        return next((one for one in self.shots if one.id == shot_id), None)

    def pictures(self) -> list[Shot]:
        return [one for one in self.shots if one.kind == "picture"]


class Project(Document):
    """A reel that is being put together. `job_id` is its newest rendering, `clips` the assets that came of it."""

    character_id: str | None = None
    name: str = Field(default="Reel", min_length=1, max_length=120)
    reel: Reel = Field(default_factory=Reel)
    job_id: str | None = None
    clips: list[str] = Field(default_factory=list, max_length=400)
    trashed_at: str | None = None


class Sound(Document):
    """Music or a voice that somebody brought in. `file` is relative to the data folder.

    `licence` is what the person said about the right to use it, kept with every reel that uses it; `beats` are seconds.
    A voice that the studio spoke has its `words` and the speech `engine`.
    """

    kind: SoundKind = "music"
    name: str = Field(min_length=1, max_length=120)
    file: str
    seconds: float = 0
    bytes: int = 0
    sha256: str = ""
    licence: str = Field(default="", max_length=300)
    credit: str = Field(default="", max_length=300)
    character_id: str | None = None
    words: str = Field(default="", max_length=4000)
    engine: str = ""
    tempo: float | None = None
    beats: list[float] = Field(default_factory=list)
    trashed_at: str | None = None


# ---------------------------------------------------------------------- requests
class NewProject(Request):
    """A reel of these approved pictures, in this order; without ids it begins empty."""

    character_id: str | None = Field(default=None, max_length=80)
    name: str | None = Field(default=None, max_length=120)
    asset_ids: list[str] = Field(default_factory=list, max_length=MOST)
    preset: str = Field(default="generic", max_length=40)
    aspect: Aspect | None = None


class ProjectPatch(Request):
    """A change to a reel, undone as one. None leaves a field as it is; for `music`, `voice`, `logo` `{}` is none."""

    name: str | None = Field(default=None, min_length=1, max_length=120)
    preset: str | None = Field(default=None, max_length=40)
    aspect: Aspect | None = None
    fit: Fit | None = None
    captions: Captions | None = None
    shots: list[Shot] | None = Field(default=None, max_length=MOST + 4)
    music: dict | None = None
    voice: dict | None = None
    logo: dict | None = None


class ShotPatch(Request):
    """A change to one shot. None leaves a field as it is; `focus` takes [] for "find it"."""

    seconds: float | None = Field(default=None, ge=SHORTEST, le=LONGEST)
    movement: Movement | None = None
    focus: list[float] | None = Field(default=None, max_length=2)
    transition: Transition | None = None
    transition_seconds: float | None = Field(default=None, ge=0.1, le=2.0)
    text: str | None = Field(default=None, max_length=240)
    place: Place | None = None
    style: Style | None = None
    caption: str | None = Field(default=None, max_length=300)
    colour: str | None = Field(default=None, pattern=_COLOUR)


class SpeechRequest(Request):
    """A text to be said in a character's voice, or the usual one. `speed` None is the character's."""

    text: str = Field(min_length=1, max_length=4000)
    character_id: str | None = Field(default=None, max_length=80)
    speed: float | None = Field(default=None, ge=0.5, le=2)
    name: str = Field(default="", max_length=120)


class SoundPatch(Request):
    """A change to a sound. None leaves a field as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=120)
    licence: str | None = Field(default=None, max_length=300)
    credit: str | None = Field(default=None, max_length=300)
