"""Krea 2: the base model and Turbo (8 steps without guidance). Its class came with diffusers 0.42."""

import json
from pathlib import Path

from pipelines.base import Family, Variant
from pipelines.engines.diffusion import DiffusersEngine, spec_of
from pipelines.engines.sd15 import presets


def variant_of(path: Path) -> str:
    try:
        index = json.loads((path / "model_index.json").read_text("utf-8"))
    except (OSError, ValueError):
        return "turbo"
    return "turbo" if index.get("is_distilled") else "base"


class Krea2(DiffusersEngine):
    """One installed Krea 2 model."""

    classes = {"text": "Krea2Pipeline"}


FAMILY = Family(
    id="krea2",
    name="Krea 2",
    summary="A look of its own, photographs and design. Wants 12 GB or more.",
    licence="Krea 2 licence: free below a revenue of one million dollars",
    pipelines=("Krea2Pipeline",),
    tasks=frozenset({"text"}),
    prompt_style="llm",
    native=(1024, 1024),
    sizes=((1024, 1024), (832, 1216), (1216, 832), (896, 1152), (1152, 896), (768, 1344), (1344, 768)),
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
        Variant("base", "Base", {"steps": 28, "guidance": 4.5, "sampler": "Euler"}, presets(20, 28, 40, 4.5, "Euler")),
    ),
    uses=frozenset(
        {"prompt", "negative", "width", "height", "steps", "guidance", "sampler", "seed", "batch", "upscale", "loras"}
    ),
    vram_gb={"full": 36, "model": 27, "group": 7},
    make=lambda model: Krea2(spec_of(FAMILY, model), model),
    variant_of=variant_of,
    prompt_tokens=512,
    lora_marks=("krea2", "krea-2", "krea 2"),
)
