"""Qwen-Image, and Qwen-Image-Edit (one reference) and Edit-Plus (several): edits by instruction."""

from pathlib import Path

from pipelines.base import Family, Variant
from pipelines.engines.diffusion import DiffusersEngine
from pipelines.engines.sd15 import presets

FIELDS = frozenset(
    {"prompt", "negative", "width", "height", "steps", "guidance", "sampler", "seed", "batch", "upscale", "loras"}
)
SIZES = ((1328, 1328), (1104, 1472), (1472, 1104), (928, 1664), (1664, 928), (1056, 1584), (1584, 1056))
VARIANTS = (
    Variant(
        "standard", "Standard", {"steps": 40, "guidance": 4.0, "sampler": "Euler"}, presets(25, 40, 50, 4.0, "Euler")
    ),
    Variant(
        "lightning",
        "Lightning (4-8 steps)",
        {"steps": 8, "guidance": 1.0, "sampler": "Euler"},
        presets(4, 8, 12, 1.0, "Euler"),
    ),
)


def variant_of(path: Path) -> str:
    return "lightning" if "lightning" in path.name.lower() or "turbo" in path.name.lower() else "standard"


class QwenImage(DiffusersEngine):
    """One installed Qwen-Image model."""


class QwenImageEdit(DiffusersEngine):
    """One installed Qwen-Image-Edit or Edit-Plus model."""


FAMILY = Family(
    id="qwen-image",
    name="Qwen-Image",
    summary="Large and exact with long descriptions and text in pictures. Wants 24 GB and offloading.",
    licence="Apache-2.0",
    pipelines=("QwenImagePipeline", "QwenImageImg2ImgPipeline", "QwenImageInpaintPipeline"),
    tasks=frozenset({"text", "image", "inpaint"}),
    prompt_style="llm",
    native=(1328, 1328),
    sizes=SIZES,
    sides=(512, 2048, 16),
    samplers=("Euler",),
    variants=VARIANTS,
    uses=FIELDS | {"image", "strength", "mask"},
    vram_gb={"full": 59, "model": 43, "group": 8},
    make=lambda model: QwenImage(FAMILY, model),
    variant_of=variant_of,
    prompt_tokens=512,
    lora_marks=("qwen-image", "qwen_image", "qwenimage"),
)
EDIT_FAMILY = Family(
    id="qwen-image-edit",
    name="Qwen-Image-Edit",
    summary="Changes pictures by instruction and keeps the person in them. Wants 24 GB and offloading.",
    licence="Apache-2.0",
    pipelines=("QwenImageEditPipeline", "QwenImageEditPlusPipeline"),
    tasks=frozenset({"edit"}),
    prompt_style="llm",
    native=(1024, 1024),
    sizes=((1024, 1024), (880, 1184), (1184, 880), (768, 1360), (1360, 768)),
    sides=(512, 2048, 16),
    samplers=("Euler",),
    variants=VARIANTS,
    uses=FIELDS | {"references"},
    vram_gb={"full": 59, "model": 43, "group": 8},
    make=lambda model: QwenImageEdit(EDIT_FAMILY, model),
    variant_of=variant_of,
    prompt_tokens=512,
    most_references=3,
    lora_marks=("qwen-image-edit", "qwen_image_edit"),
)
