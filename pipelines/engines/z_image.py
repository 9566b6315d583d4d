"""Z-Image: Turbo (8 steps without guidance) and the base model."""

import json
from pathlib import Path

from pipelines.base import Family, Variant
from pipelines.engines.diffusion import DiffusersEngine, spec_of
from pipelines.engines.sd15 import presets


def variant_of(path: Path) -> str:
    """By the scheduler's shift: 3 in Turbo, 6 in the base model; else by the folder's name."""
    try:
        shift = json.loads((path / "scheduler" / "scheduler_config.json").read_text("utf-8")).get("shift")
    except (OSError, ValueError):
        shift = None
    if "turbo" in path.name.lower():
        return "turbo"
    return "base" if shift == 6.0 else "turbo"


class ZImage(DiffusersEngine):
    """One installed Z-Image model."""

    classes = {"text": "ZImagePipeline", "image": "ZImageImg2ImgPipeline", "inpaint": "ZImageInpaintPipeline"}
    packed = False


FAMILY = Family(
    id="z-image",
    name="Z-Image",
    summary="Photographs in eight steps, good with people and with text in pictures.",
    licence="Apache-2.0",
    pipelines=("ZImagePipeline", "ZImageImg2ImgPipeline", "ZImageInpaintPipeline"),
    tasks=frozenset({"text", "image", "inpaint"}),
    prompt_style="llm",
    native=(1024, 1024),
    sizes=((1024, 1024), (832, 1216), (1216, 832), (896, 1152), (1152, 896), (720, 1280), (1280, 720)),
    sides=(256, 2048, 16),
    samplers=("Euler",),
    variants=(
        Variant(
            "turbo",
            "Turbo",
            {"steps": 8, "guidance": 0.0, "sampler": "Euler"},
            presets(6, 8, 12, 0.0, "Euler"),
            without=frozenset({"guidance", "negative"}),
        ),
        Variant("base", "Base", {"steps": 40, "guidance": 4.0, "sampler": "Euler"}, presets(28, 40, 50, 4.0, "Euler")),
    ),
    uses=frozenset(
        {
            "prompt",
            "negative",
            "width",
            "height",
            "steps",
            "guidance",
            "sampler",
            "seed",
            "batch",
            "upscale",
            "image",
            "strength",
            "mask",
            "loras",
        }
    ),  # fmt: skip
    vram_gb={"full": 22, "model": 13.5, "group": 5},
    make=lambda model: ZImage(spec_of(FAMILY, model), model),
    variant_of=variant_of,
    prompt_tokens=512,
    lora_marks=("z-image", "zimage", "z_image"),
)
