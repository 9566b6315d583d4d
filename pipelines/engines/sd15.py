"""Stable Diffusion 1.x and 2.x: folders and single checkpoints, their fine-tunes and few-step merges."""

import json
from pathlib import Path

from pipelines.base import Family, Variant
from pipelines.engines.diffusion import DiffusersEngine

SAMPLERS = ("DPM++ 2M Karras", "DPM++ 2M", "DPM++ SDE Karras", "Euler", "Euler a", "DDIM", "UniPC", "LCM")
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
    """One installed Stable Diffusion model."""


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
    samplers=SAMPLERS,
    variants=(
        Variant(
            "standard",
            "Standard",
            {"steps": 25, "guidance": 7.0, "sampler": "DPM++ 2M Karras"},
            presets(15, 25, 40, 7.0, "DPM++ 2M Karras"),
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
    make=lambda model: Sd15(FAMILY, model),
    variant_of=variant_of,
    checkpoint_mark=("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", 768),
    lora_marks=("sd_v1", "sd_1.5", "stable-diffusion-v1", "sd_v2", "sd 1.5"),
)
