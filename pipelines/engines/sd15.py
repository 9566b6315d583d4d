"""Stable Diffusion 1.x and 2.x: folders and single checkpoints, their fine-tunes and few-step merges."""

import json
from pathlib import Path

from pipelines import clip_prompts, samplers
from pipelines.base import Family, ImageInputs, Variant
from pipelines.engines.diffusion import DiffusersEngine, spec_of

FIELDS = frozenset(
    {"prompt", "negative", "width", "height", "steps", "guidance", "sampler", "seed", "batch", "upscale",
     "image", "strength", "mask", "loras"}
)  # fmt: skip


def presets(fast: int, balanced: int, fine: int, guidance: float, sampler: str) -> dict[str, dict]:
    """Fast, Balanced and Fine: the same settings with more or fewer steps."""
    steps = {"Fast": fast, "Balanced": balanced, "Fine": fine}
    return {name: {"steps": count, "guidance": guidance, "sampler": sampler} for name, count in steps.items()}


def unet_channels(path: Path) -> int:
    """Input channels of a folder's denoiser, 4 when it cannot be read; 9 means a model made for inpainting."""
    try:
        return int(json.loads((path / "unet" / "config.json").read_text("utf-8"))["in_channels"])
    except (OSError, ValueError, KeyError, TypeError):
        return 4


def variant_of(path: Path) -> str:
    name = path.stem.lower() if path.suffix else path.name.lower()
    if (path.is_dir() and unet_channels(path) == 9) or "inpaint" in name:
        return "inpaint"
    return "few-step" if any(word in name for word in ("lcm", "turbo", "hyper", "lightning")) else "standard"


class Sd15(DiffusersEngine):
    """One installed Stable Diffusion model. The sampler works in float32 around the denoiser, whatever its dtype."""

    classes = {
        "text": "StableDiffusionPipeline",
        "image": "StableDiffusionImg2ImgPipeline",
        "inpaint": "StableDiffusionInpaintPipeline",
    }
    denoiser = "unet"
    packed = False

    def read(self, dtype):
        if self.model.layout == "folder":
            return super().read(dtype)
        from pipelines import checkpoints

        return checkpoints.read(self.model.path, self.spec.family, self.classes["text"], dtype)

    def prepare(self, pipe, dtype):
        pipe.unet.register_forward_pre_hook(_inputs_as(lambda: dtype), with_kwargs=True)
        pipe.unet.register_forward_hook(_output_as_float)
        for name in ("encoder", "quant_conv", "post_quant_conv", "decoder"):
            if part := getattr(pipe.vae, name, None):
                # the autoencoder may be turned to float32 for a while, so its dtype is asked for each time
                part.register_forward_pre_hook(_inputs_as(_dtype_of(part)), with_kwargs=True)

    def scheduler(self, inputs: ImageInputs):
        few = {"timestep_spacing": "trailing"} if self.model.variant == "few-step" else {}
        return samplers.named(self._scheduler.config, inputs.sampler, **few)

    def prompt(self, pipe, inputs: ImageInputs) -> dict:
        negative = inputs.negative if inputs.guidance > 1 else ""
        make = lambda: self.encode(pipe, inputs.prompt, negative)
        embeddings = self.remember(("clip", inputs.prompt, negative), make)
        device = pipe._execution_device
        return {name: value.to(device) for name, value in embeddings.items()}

    def encode(self, pipe, prompt: str, negative: str) -> dict:
        """Embeddings of both prompts by the names the pipeline takes, in float32."""
        import torch

        with torch.no_grad():
            both, _ = clip_prompts.encoded(pipe.tokenizer, pipe.text_encoder, [prompt, negative], layer=None)
        return {"prompt_embeds": both[:1], "negative_prompt_embeds": both[1:]}


def _dtype_of(part):
    return lambda: next(part.parameters()).dtype


def _inputs_as(dtype):
    import torch

    def cast(module, args, kwargs):
        wanted = dtype()
        convert = lambda v: v.to(wanted) if isinstance(v, torch.Tensor) and v.is_floating_point() else v
        kwargs = {
            name: {key: convert(one) for key, one in value.items()} if isinstance(value, dict) else convert(value)
            for name, value in kwargs.items()
        }
        return tuple(map(convert, args)), kwargs

    return cast


def _output_as_float(module, args, output):
    return tuple(each.float() for each in output) if isinstance(output, tuple) else output


FAMILY = Family(
    id="sd15",
    name="Stable Diffusion 1.5",
    summary="Small and quick, with thousands of fine-tunes and LoRAs. Runs on 4 GB.",
    licence="CreativeML OpenRAIL-M",
    pipelines=("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline"),
    tasks=frozenset({"text", "image", "inpaint"}),
    prompt_style="clip",
    native=(512, 512),
    sizes=((512, 512), (512, 768), (768, 512), (512, 640), (640, 512), (512, 896), (896, 512)),
    sides=(256, 1536, 8),
    samplers=samplers.NAMES,
    variants=(
        Variant(
            "standard",
            "Standard",
            {"steps": 25, "guidance": 7.0, "sampler": "DPM++ 2M Karras"},
            presets(15, 25, 40, 7.0, "DPM++ 2M Karras"),
            trains=True,
        ),
        Variant(
            "few-step",
            "Few steps (LCM, Hyper, Turbo)",
            {"steps": 6, "guidance": 1.5, "sampler": "LCM"},
            presets(4, 6, 8, 1.5, "LCM"),
        ),
        Variant(
            "inpaint",
            "Inpainting",
            {"steps": 25, "guidance": 7.0, "sampler": "DPM++ 2M Karras"},
            presets(15, 25, 40, 7.0, "DPM++ 2M Karras"),
            tasks=frozenset({"inpaint"}),
        ),
    ),
    uses=FIELDS,
    vram_gb={"full": 3.5, "model": 2.5, "group": 1.5},
    make=lambda model: Sd15(spec_of(FAMILY, model), model),
    variant_of=variant_of,
    checkpoint_mark=("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", 768),
    lora_marks=("sd_v1", "sd_1.5", "stable-diffusion-v1", "sd_v2", "sd 1.5"),
)
