"""What an engine is. Knowing one is cheap (a spec, no torch); loading one is not. Nothing here imports the studio."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

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


@dataclass(frozen=True)
class ImageInputs:
    """One run: one picture per seed, all with the same prompt and settings. Sizes in pixels.

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


# report(done, total, frames): after every denoising step. `frames()` makes the preview pictures, one small RGB picture
# per seed; it may be called from any thread, at most once is enough, and it costs nothing when nobody calls it.
# Raising out of `report` stops the run: that is how a job is cancelled.
Report = Callable[[int, int, "Callable[[], list[Image]]"], None]


class Engine(Protocol):
    """One file per family under `engines/`. torch and diffusers are imported inside these methods, never above."""

    spec: EngineSpec

    def ready(self) -> str | None:
        """None when it can run, else one sentence that says what is missing."""

    def load(self, device: str, dtype: str) -> None:
        """Bring the weights to `device` (cpu, cuda, mps) as `dtype` (float32, bfloat16, …). Raises EngineError."""

    def run(self, inputs: ImageInputs, report: Report) -> "list[Image]":
        """RGB pictures of width x height, one per seed. The same inputs give the same pictures. Raises EngineError."""

    def unload(self) -> None:
        """Give the memory back. Harmless when not loaded."""

    def model_hash(self) -> str:
        """The first 10 hex digits of the SHA-256 of the weights that decide the picture."""
