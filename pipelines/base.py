"""What an engine is. Knowing one is cheap (a spec, no torch); loading one is not. Nothing here imports the studio."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from PIL.Image import Image


class EngineError(Exception):
    """An engine cannot do what was asked. `message` says what is wrong, `hint` what to change, `code` the kind."""

    def __init__(self, message: str, hint: str = "", code: str = "engine"):
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, code


@dataclass(frozen=True)
class EngineSpec:
    """One model family as data. Sizes are pixels (width, height); `native` is what it was trained at.

    `uses` names the request fields the engine understands; a form shows only those. `defaults` and `presets`
    hold steps, guidance and sampler. `words` maps a kind of prompt word (hair_color, scene, …) to words it knows.
    `sides` is the smallest and the largest side in pixels and what each must be a multiple of. `prompt_tokens` is how
    many tokens of a prompt are read, start and end mark included; None when there is no limit to speak of. `remedy`
    tells a person what to do when the model is not ready. `learned` holds every lower-case word of a small model's
    vocabulary; empty when any word may mean something.

    `family` is a Family's id, "" for the starter. `tasks` says what it can start from (see TASKS). `prompt_style` is
    "clip" when weights such as `(word:1.2)` count and long prompts are read in pieces, "llm" when a language model
    reads the prompt (weights mean nothing to it and are taken out), "plain" otherwise. `most_references` is how many
    reference pictures one run takes. `trains` says that LoRAs can be trained on it: the engine then is Trainable.
    """

    id: str
    name: str
    summary: str
    licence: str
    native: tuple[int, int]
    sizes: tuple[tuple[int, int], ...]
    uses: frozenset[str]
    samplers: tuple[str, ...]
    defaults: dict
    presets: dict[str, dict]
    default_upscale: int = 1
    vram_gb: float = 0
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sides: tuple[int, int, int] = (64, 4096, 8)
    most_steps: int = 150
    prompt_tokens: int | None = None
    remedy: str = ""
    learned: frozenset[str] = frozenset()
    family: str = ""
    tasks: frozenset[str] = frozenset({"text"})
    prompt_style: Literal["plain", "clip", "llm"] = "plain"
    most_references: int = 0
    trains: bool = False


# What a run may start from. "image": a picture to change, by `strength`; "inpaint": a picture and a mask of what to
# change; "edit": one or several reference pictures that the prompt speaks about.
TASKS = ("text", "image", "inpaint", "edit")


@dataclass(frozen=True)
class LocalModel:
    """A model on this machine's disk: what a family needs to make an engine of it.

    `id` becomes the engine's id: lower-case letters, digits, `-`, `.` and `_`, unique among the installed ones.
    `path` is a diffusers folder (`layout` "folder", with model_index.json) or one .safetensors file ("checkpoint").
    `variant` names one of the family's variants, "" the first. `defaults` replaces single defaults: steps, guidance,
    sampler, width, height. An empty `licence` or `summary` means the family's.
    """

    id: str
    name: str
    family: str
    path: Path
    layout: Literal["folder", "checkpoint"]
    variant: str = ""
    licence: str = ""
    summary: str = ""
    defaults: dict = field(default_factory=dict, hash=False)

    def __post_init__(self):
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", self.id):
            raise ValueError(f"{self.id[:90]!r} cannot be a model's id")


@dataclass(frozen=True)
class Variant:
    """One way a family's models were trained: `defaults` (steps, guidance, sampler) and presets go with it.

    `uses` are request fields that this variant understands beyond the family's, `without` those it does not.
    """

    id: str
    name: str
    defaults: dict
    presets: dict[str, dict]
    licence: str = ""
    uses: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()  # empty: the family's
    trains: bool = False  # LoRAs can be trained on it; not on what was distilled to few steps


@dataclass(frozen=True)
class Family:
    """One model family on diffusers, as data; `make` turns an installed model of it into an engine.

    `pipelines` are the names in `_class_name` of a model_index.json that belong to it. `checkpoint_mark` is (tensor,
    its second dimension) by which a single file is known, None when the family takes folders only. `variant_of(path)`
    tells the variant's id from the JSON files of a folder or the header of a checkpoint. `vram_gb` maps a memory plan
    (full, model, group) to gigabytes: estimates until a run has measured them. `lora_marks` are words by which a LoRA
    file's metadata (`ss_base_model_version`, `modelspec.architecture`) names this family, lower case.
    """

    id: str
    name: str
    summary: str
    licence: str
    pipelines: tuple[str, ...]
    tasks: frozenset[str]
    prompt_style: Literal["clip", "llm"]
    native: tuple[int, int]
    sizes: tuple[tuple[int, int], ...]
    sides: tuple[int, int, int]
    samplers: tuple[str, ...]
    variants: tuple[Variant, ...]
    uses: frozenset[str]
    vram_gb: dict[str, float]
    make: Callable[[LocalModel], "Engine"]
    variant_of: Callable[[Path], str] = lambda path: ""
    checkpoint_mark: tuple[str, int] | None = None
    prompt_tokens: int | None = None
    most_references: int = 0
    lora_marks: tuple[str, ...] = ()

    def variant(self, id: str) -> Variant:
        """The variant with this id, else the first."""
        return next((one for one in self.variants if one.id == id), self.variants[0])


@dataclass(frozen=True)
class ImageInputs:
    """One run: one picture per seed, all with the same prompt and settings. Sizes in pixels.

    `image` (RGB, any size) is what the run starts from: with `strength` 0-1, higher changes more; with `mask` (L, the
    size of `image`; white is changed, black is kept). `references` are RGB pictures that the prompt speaks about: a
    face to keep, a picture to edit. `loras` are (safetensors file, weight).
    `check` is called between the pieces of work that follow the last step, such as decoding picture by picture;
    raising out of it stops the run, as raising out of the report does.
    """

    prompt: str
    negative: str
    width: int
    height: int
    steps: int
    guidance: float
    sampler: str
    seeds: Sequence[int]
    check: Callable[[], None] = field(default=lambda: None, compare=False)
    image: "Image | None" = None
    strength: float = 0.6
    mask: "Image | None" = None
    references: "Sequence[Image]" = ()
    loras: Sequence[tuple[Path, float]] = ()

    @property
    def task(self) -> str:
        """What this run starts from, one of TASKS. A picture to change counts before references."""
        if self.image is not None:
            return "inpaint" if self.mask is not None else "image"
        return "edit" if self.references else "text"


# report(done, total, frames): after every denoising step. `frames()` makes the preview pictures, one small RGB picture
# per seed; it may be called from any thread, at most once is enough, and it costs nothing when nobody calls it.
# Raising out of `report` stops the run: that is how a job is cancelled.
Report = Callable[[int, int, "Callable[[], list[Image]]"], None]


@dataclass(frozen=True)
class LoadOptions:
    """How a model is loaded; remembered per model. `plan` is a memory plan's id, "auto" for the fastest that fits.

    `attention` is a backend's name or "auto"; `cache` the threshold of the first-block cache, 0 for off (lossless);
    `compile` compiles the repeated blocks; `float8` keeps the denoiser's weights in eight bits and computes in the
    dtype of the run. What a model cannot do is left out without a word: `Engine.switches` tells what there is.
    """

    plan: str = "auto"
    attention: str = "auto"
    channels_last: bool = True
    cache: float = 0.0
    compile: bool = False
    float8: bool = False


AS_USUAL = LoadOptions()


class Engine(Protocol):
    """One file per family under `engines/`. torch and diffusers are imported inside these methods, never above."""

    spec: EngineSpec

    def ready(self) -> str | None:
        """None when it can run, else one sentence that says what is missing."""

    def load(self, device: str, dtype: str, options: LoadOptions = AS_USUAL) -> None:
        """Bring the weights to `device` (cpu, cuda, mps) as `dtype` (float32, bfloat16, …). Raises EngineError."""

    def run(self, inputs: ImageInputs, report: Report) -> "list[Image]":
        """RGB pictures of width x height, one per seed. The same inputs give the same pictures. Raises EngineError."""

    def unload(self) -> None:
        """Give the memory back. Harmless when not loaded."""

    def model_hash(self) -> str:
        """The first 10 hex digits of the SHA-256 of the weights that decide the picture."""


class Sizable(Engine, Protocol):
    """An engine whose weights can be laid out in several ways and moved aside. The starter is too small to need it."""

    def footprint(self, bytes_per_number: int = 2) -> dict[str, int]:
        """Bytes of each component's weights before they are loaded; {} when that cannot be told."""

    def weight(self) -> int:
        """Bytes of the loaded weights, 0 when not loaded."""

    def park(self) -> None:
        """Move the weights from the device into RAM; `run` is not called until `wake`."""

    def wake(self) -> None:
        """Lay the weights out on the device again, as they were loaded."""

    def switches(self) -> frozenset[str]:
        """Names of the LoadOptions that mean something to this model."""


class Trainable(Engine, Protocol):
    """An engine whose denoiser can be taught by `pipelines.train_lora`."""

    def trainable(self):
        """The loaded diffusers pipeline with no LoRA on it. While it is taught, `run` without LoRAs shows the state of
        the teaching. Raises EngineError when it is not loaded, or laid out in a way that cannot be taught."""
