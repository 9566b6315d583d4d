"""Models and LoRAs on this machine: what they are, where they lie, where they came from, what their licence says."""

from typing import Literal

from pydantic import Field, field_validator

from studio.domain.document import Document, Part, Request

Light = Literal["green", "amber", "red", "unknown"]
SourceKind = Literal["hub", "file", "cache", "program", "trained"]


class Licence(Part):
    """What may be done with a model. `light` is green, amber, red or unknown; `forbids` are short phrases.

    `text_file` is the licence's own words beside the model. `read_at` is when it was read from the model's page; None
    means what is said here is a lead nobody has checked.
    """

    name: str = Field(default="", max_length=200)
    light: Light = "unknown"
    terms: str = Field(default="", max_length=1000)
    forbids: list[str] = Field(default_factory=list, max_length=20)
    url: str = Field(default="", max_length=1000)
    text_file: str = Field(default="", max_length=400)
    read_at: str | None = None


class Source(Part):
    """Where a model came from: a repository at one commit, a file or folder, or another program's folder."""

    kind: SourceKind = "file"
    repo: str = Field(default="", max_length=200)
    revision: str = Field(default="", max_length=100)
    file: str = Field(default="", max_length=1000)
    catalogue_id: str = Field(default="", max_length=80)


class WeightFile(Part):
    """One file of a model, its path inside the model's folder. `sha256` is "" while nobody has counted it."""

    path: str
    bytes: int = 0
    sha256: str = ""


class Model(Document):
    """A model that can make pictures. The id is the engine's id.

    `path` is relative to the models folder when the studio `kept` the files there, absolute when they stay where the
    person or another program has them. `base` is what LoRAs have to be made for.
    """

    name: str = Field(min_length=1, max_length=120)
    family: str
    base: str = ""
    layout: Literal["folder", "checkpoint"]
    variant: str = ""
    path: str = Field(min_length=1, max_length=2000)
    kept: bool = False
    bytes: int = 0
    precision: str = ""
    files: list[WeightFile] = Field(default_factory=list, max_length=1000)
    licence: Licence = Field(default_factory=Licence)
    source: Source = Field(default_factory=Source)
    defaults: dict = Field(default_factory=dict)
    notes: str = Field(default="", max_length=4000)
    trashed_at: str | None = None

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        return one_line(name) or "Model"


class Tag(Part):
    """A word of the captions a LoRA was trained with, and how many pictures had it."""

    word: str = Field(max_length=80)
    pictures: int = 0


class LoraChoice(Part):
    """A LoRA of the library in a picture or a look; without a `weight` it counts with its own strength."""

    id: str = Field(min_length=1, max_length=80)
    weight: float | None = Field(default=None, ge=-4, le=4)


class Lora(Document):
    """A LoRA: a small file that changes models of its `base`. `path` is as a Model's, of the .safetensors file.

    `hash` is the first 12 hex digits of the SHA-256 of its tensors, as other studios name LoRAs; `sha256` is the whole
    file's. `strength` is the one it begins with. `preview` is a picture's file name in the LoRA's own folder.

    One that was trained here for a character has its `character_id`, and its `path` is relative to the data folder.
    """

    name: str = Field(min_length=1, max_length=120)
    base: str = ""
    path: str = Field(min_length=1, max_length=2000)
    kept: bool = False
    bytes: int = 0
    sha256: str = ""
    hash: str = ""
    format: str = ""
    rank: int | None = None
    alpha: float | None = None
    triggers: list[str] = Field(default_factory=list, max_length=60)
    tags: list[Tag] = Field(default_factory=list, max_length=60)
    strength: float = Field(default=0.8, ge=-4, le=4)
    preview: str = ""
    author: str = Field(default="", max_length=120)
    description: str = Field(default="", max_length=4000)
    licence: Licence = Field(default_factory=Licence)
    source: Source = Field(default_factory=Source)
    character_id: str | None = None
    notes: str = Field(default="", max_length=4000)
    trashed_at: str | None = None

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        return one_line(name) or "LoRA"


def one_line(text: str) -> str:
    """Text as one line of printable characters."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


# ---------------------------------------------------------------------- requests
class DownloadRequest(Request):
    """What to download: a catalogue entry by `id`, or a repository (`owner/name` or its address).

    `file` is for repositories of single files; `revision` is a branch, tag or commit.
    """

    id: str | None = Field(default=None, max_length=80)
    repo: str | None = Field(default=None, max_length=300)
    revision: str | None = Field(default=None, max_length=100)
    file: str | None = Field(default=None, max_length=400)
    name: str | None = Field(default=None, max_length=120)


class ImportRequest(Request):
    """A .safetensors file or diffusers folder on this machine: `copy` it to the models folder or leave it in place."""

    path: str = Field(min_length=1, max_length=2000)
    mode: Literal["copy", "reference"] = "reference"
    name: str | None = Field(default=None, max_length=120)


class ModelPatch(Request):
    """A change to a model. None leaves a field as it is; `defaults` are steps, guidance, sampler, width, height."""

    name: str | None = Field(default=None, min_length=1, max_length=120)
    notes: str | None = Field(default=None, max_length=4000)
    variant: str | None = Field(default=None, max_length=40)
    defaults: dict | None = None


class LoraPatch(Request):
    """A change to a LoRA. None leaves a field as it is."""

    name: str | None = Field(default=None, min_length=1, max_length=120)
    triggers: list[str] | None = Field(default=None, max_length=60)
    strength: float | None = Field(default=None, ge=-4, le=4)
    base: str | None = Field(default=None, max_length=40)
    licence: str | None = Field(default=None, max_length=200)
    notes: str | None = Field(default=None, max_length=4000)
