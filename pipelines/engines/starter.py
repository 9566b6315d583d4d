"""The model that ships with the repository: drawn characters, 256 px, on any machine without a download.

It knows its own folder and words and nothing of jobs, files or documents. The weights may be replaced by better ones
under the same contract (see pipelines/starter/MODEL_CARD.md): a StableDiffusionPipeline folder, v-prediction with zero
terminal SNR and trailing timesteps, and `latent_rgb.json` beside it with one row per latent channel; how many there are
is read from the denoiser's config.
"""

import functools
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import weights
from pipelines.base import EngineError, EngineSpec, ImageInputs, Report

if TYPE_CHECKING:
    from PIL.Image import Image

HOME = Path(__file__).resolve().parents[1] / "starter"
WEIGHTS = (
    "text_encoder/model.safetensors",
    "unet/diffusion_pytorch_model.safetensors",
    "vae/diffusion_pytorch_model.safetensors",
)
FILES = (
    "model_index.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "tokenizer/tokenizer_config.json",
    "unet/config.json",
    "vae/config.json",
    *WEIGHTS,
)
REMEDY = "Restore the folder pipelines/starter from the repository (git checkout -- pipelines/starter), then try again."
SMALLEST, LARGEST, GRID = 128, 512, 32  # pixels a side; the two halvings of the UNet on latents of an eighth need 32
MOST_STEPS = 100

# Name people know -> the scheduler's class in diffusers and what it needs beside the model's own settings.
SAMPLERS: dict[str, tuple[str, dict]] = {
    "DDIM": ("DDIMScheduler", {}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "UniPC": ("UniPCMultistepScheduler", {}),
}


def learned_words(home: Path) -> frozenset[str]:
    """The whole words in the tokenizer's vocabulary: those its captions used. Empty when the file cannot be read."""
    try:
        vocabulary = json.loads((home / "model" / "tokenizer" / "vocab.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()  # `ready` says what is damaged
    return frozenset(token.removesuffix("</w>") for token in vocabulary if token.endswith("</w>"))


WORDS: dict[str, tuple[str, ...]] = {
    "person": ("woman", "man", "person", "character"),
    "hair_color": (
        "black", "brown", "blonde", "red", "orange", "gray", "white", "pink", "blue", "purple", "green",
    ),
    "hair_style": (
        "long straight", "long wavy", "long curly", "dreadlocks", "side-shaved long", "bob cut", "shoulder-length",
        "curly", "afro", "bun", "mullet", "shaggy", "short", "short curly", "quiff", "buzz cut",
    ),
    "skin": ("fair skin", "tan skin", "brown skin", "dark skin"),
    "glasses": ("round glasses", "square glasses", "sunglasses", "an eyepatch"),
    "facial_hair": ("a beard", "a long beard", "a moustache"),
    "expression": (
        "smiling", "serious", "sad", "angry", "surprised", "winking", "in love", "eyes closed", "tongue out", "crying",
    ),
    "clothing": (
        "blazer", "sweater", "graphic t-shirt", "hoodie", "overalls", "t-shirt", "scoop neck top", "v-neck shirt",
        "dress", "jacket", "collared shirt", "turtleneck",
    ),
    "color": (
        "black", "white", "gray", "red", "orange", "yellow", "green", "teal", "blue", "navy", "purple", "pink", "brown",
        "gold",
    ),
    "headwear": ("hat", "hijab", "turban", "winter hat", "beanie", "cat ear beanie", "headband", "flower crown", "cap"),
    "scene": (
        "at the beach", "in the city", "in the mountains", "in the forest", "at night", "in a cafe", "in a library",
        "in a garden", "in the snow", "at sunset", "in space",
    ),
    "background": tuple(
        f"plain {color} background"
        for color in ("white", "gray", "black", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")
    ),
    "style": ("flat illustration", "cartoon style", "ink drawing", "pixel art"),
}  # fmt: skip


class Starter:
    """The starter model as an engine. One run at a time: `pipelines.device.Device` sees to that."""

    spec = EngineSpec(
        id="starter",
        name="Starter",
        summary="Drawn head-and-shoulders characters. Ships with the studio, needs no download and no graphics card.",
        licence="Own weights; trained on drawings under CC0, CC BY 4.0 and free-use terms, see its card",
        native=(256, 256),
        sizes=((256, 256),),  # looked at from 192 to 320 a side: faces stretch or double at every other size
        uses=frozenset(
            {"prompt", "negative", "width", "height", "steps", "guidance", "sampler", "seed", "batch", "upscale"}
        ),
        samplers=tuple(SAMPLERS),
        defaults={
            "steps": 20,
            "guidance": 2.0,
            "sampler": "DDIM",
        },  # above 3, dark skin turns too dark and colours glare
        presets={
            "Fast": {"steps": 10, "guidance": 2.0, "sampler": "DDIM"},
            "Balanced": {"steps": 20, "guidance": 2.0, "sampler": "DDIM"},
            "Fine": {"steps": 30, "guidance": 2.0, "sampler": "DDIM"},
        },
        default_upscale=2,
        vram_gb=0.5,
        words=WORDS,
        sides=(SMALLEST, LARGEST, GRID),
        most_steps=MOST_STEPS,
        prompt_tokens=64,
        remedy=REMEDY,
        learned=learned_words(HOME),
    )

    def __init__(self, home: Path = HOME):
        """`home` holds `model/` (the diffusers folder) and `latent_rgb.json` (the preview matrix)."""
        self.home = Path(home)
        self._pipe = None
        self._hash: tuple[tuple, str] | None = None

    @property
    def folder(self) -> Path:
        return self.home / "model"

    def ready(self) -> str | None:
        return weights.damage(self.home, self._files())

    def model_hash(self) -> str:
        """See Engine. Read again only when a weight file changed; 45 MB take about 50 ms."""
        weights.check(self.home, self._files(), REMEDY)
        state = tuple((s.st_size, s.st_mtime_ns) for s in ((self.folder / name).stat() for name in WEIGHTS))
        if self._hash is None or self._hash[0] != state:
            self._hash = (state, weights.fingerprint(self.folder, WEIGHTS))
        return self._hash[1]

    def load(self, device: str, dtype: str) -> None:
        weights.check(self.home, self._files(), REMEDY)
        import torch

        _hush()
        from diffusers import StableDiffusionPipeline

        with _memory("Close other programs or choose the CPU in Settings, then try again."):
            try:
                pipe = StableDiffusionPipeline.from_pretrained(
                    self.folder, dtype=getattr(torch, dtype), local_files_only=True
                )
            except (OSError, ValueError, KeyError, RuntimeError) as error:
                if _is_out_of_memory(error):
                    raise
                raise EngineError(
                    f"The model in {self.folder} cannot be loaded: {error}", REMEDY, "model_damaged"
                ) from error
            pipe.set_progress_bar_config(disable=True)
            pipe.to(device)
            if device == "cpu":  # measured: 5-15 % faster UNet, 10-30 % faster decode than the default layout
                pipe.unet.to(memory_format=torch.channels_last)
                pipe.vae.to(memory_format=torch.channels_last)
        pipe.vae.enable_slicing()  # a batch of eight decoded one by one needs an eighth of the memory, and no longer
        # The sampler works in float32 whatever the weights are: guidance and 30 small steps add up rounding otherwise.
        pipe.unet.register_forward_pre_hook(_inputs_as(getattr(torch, dtype)), with_kwargs=True)
        pipe.unet.register_forward_hook(_output_as_float)
        pipe.vae.decoder.register_forward_pre_hook(_inputs_as(getattr(torch, dtype)), with_kwargs=True)
        self._pipe = pipe

    def run(self, inputs: ImageInputs, report: Report) -> "list[Image]":
        """See Engine. Noise is drawn in float32 on the CPU, one generator per seed: a seed is the same picture alone,
        in a batch, and (but for rounding) on another device or dtype."""
        self._refuse_unfit(inputs)
        if self._pipe is None:
            raise EngineError("The starter model is not loaded.", "Load it first.", "not_loaded")
        import torch

        pipe, count = self._pipe, len(inputs.seeds)
        pipe.scheduler = _scheduler(pipe.scheduler.config, inputs.sampler)
        clean = _watch_clean_latents(pipe.scheduler)
        scale = pipe.vae_scale_factor
        shape = (1, pipe.unet.config.in_channels, inputs.height // scale, inputs.width // scale)
        noise = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in inputs.seeds]
        matrix = self.home / "latent_rgb.json"

        def step(pipe, index, timestep, tensors):
            seen = clean[-1]
            report(index + 1, inputs.steps, lambda: _previews(seen, matrix))
            return tensors

        # the pictures are decoded one by one, a second each on a busy CPU: too long in a row to be told to stop
        between = pipe.vae.decoder.register_forward_pre_hook(lambda *_: inputs.check())
        try:
            with torch.inference_mode(), _memory("Make fewer pictures at once or a smaller size."):
                result = pipe(
                    prompt=[inputs.prompt] * count,
                    negative_prompt=[inputs.negative] * count,
                    height=inputs.height,
                    width=inputs.width,
                    num_inference_steps=inputs.steps,
                    guidance_scale=inputs.guidance,
                    latents=torch.cat(noise),
                    generator=[torch.Generator().manual_seed(seed) for seed in inputs.seeds],
                    callback_on_step_end=step,
                )
            if not torch.isfinite(clean[-1]).all():
                raise EngineError(
                    "The picture came out empty: the numbers overflowed.",
                    "Choose float32 in Settings, or a lower guidance.",
                    "not_finite",
                )
            return [image.convert("RGB") for image in result.images]
        finally:
            between.remove()
            clean.clear()
            pipe.maybe_free_model_hooks()

    def unload(self) -> None:
        self._pipe = None

    def _files(self) -> tuple[str, ...]:
        tokenizer = "tokenizer/tokenizer.json"
        if not (self.folder / tokenizer).exists():  # the older pair of files does as well
            return (
                "latent_rgb.json",
                *(f"model/{name}" for name in (*FILES, "tokenizer/vocab.json", "tokenizer/merges.txt")),
            )
        return ("latent_rgb.json", *(f"model/{name}" for name in (*FILES, tokenizer)))

    def _refuse_unfit(self, inputs: ImageInputs) -> None:
        if inputs.sampler not in SAMPLERS:
            raise EngineError(
                f"The starter model has no sampler called “{inputs.sampler}”.",
                f"Choose one of: {', '.join(SAMPLERS)}.",
                "unknown_sampler",
            )
        for side in (inputs.width, inputs.height):
            if not SMALLEST <= side <= LARGEST or side % GRID:
                raise EngineError(
                    f"{inputs.width} x {inputs.height} is not a size the starter model can draw.",
                    f"Each side must be {SMALLEST} to {LARGEST} pixels in steps of {GRID}; 256 x 256 is what it was "
                    "trained at. Use upscaling for larger pictures.",
                    "size",
                )
        if not 1 <= inputs.steps <= MOST_STEPS:
            raise EngineError(
                f"{inputs.steps} steps are out of range.", f"Choose 1 to {MOST_STEPS} steps; 20 are plenty.", "steps"
            )
        if not inputs.seeds:
            raise EngineError("No seed was given.", "Ask for at least one picture.", "seeds")


def _scheduler(config, name: str):
    import diffusers

    kind, extra = SAMPLERS[name]
    return getattr(diffusers, kind).from_config(config, **extra)


def _watch_clean_latents(scheduler) -> list:
    """A list whose only item is, after each step, the latents as the model believes they end up (float32)."""
    seen: list = []
    take = scheduler.step

    @functools.wraps(take)  # the pipeline reads the signature to know what the scheduler accepts
    def step(*args, **kwargs):
        result = take(*args, **kwargs)
        if isinstance(result, tuple) and len(result) > 1:
            seen[:] = [result[1]]
        else:  # multistep solvers return the next sample only and keep what the model predicted
            seen[:] = [scheduler.model_outputs[-1]]
        return result

    scheduler.step = step
    return seen


def _previews(clean, matrix: Path):
    from pipelines.preview import pictures

    return pictures(clean, matrix)


def _inputs_as(dtype):
    import torch

    def cast(module, args, kwargs):
        convert = lambda v: v.to(dtype) if isinstance(v, torch.Tensor) and v.is_floating_point() else v
        return tuple(map(convert, args)), {name: convert(value) for name, value in kwargs.items()}

    return cast


def _output_as_float(module, args, output):
    return tuple(each.float() for each in output) if isinstance(output, tuple) else output


def _hush() -> None:
    """The libraries' progress bars and remarks about optional parts are no one's business in the log."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    from diffusers.utils import logging as diffusers_logging

    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()


@contextmanager
def _memory(hint: str):
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        raise EngineError("There is not enough memory for this.", hint, "out_of_memory") from error


def _is_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text
