"""FLUX.1: schnell (4 steps, Apache-2.0), dev (28 steps, non-commercial) and Kontext (edits by instruction)."""

import json
from pathlib import Path

from pipelines.base import EngineSpec, Family, ImageInputs, LocalModel, Variant
from pipelines.engines.diffusion import DiffusersEngine, spec_of
from pipelines.engines.sd15 import presets

FIELDS = frozenset(
    {"prompt", "width", "height", "steps", "guidance", "sampler", "seed", "batch", "upscale",
     "image", "strength", "mask", "loras"}
)  # fmt: skip
NON_COMMERCIAL = "FLUX.1 [dev] Non-Commercial License"


def variant_of(path: Path) -> str:
    try:
        index = json.loads((path / "model_index.json").read_text("utf-8"))
        denoiser = json.loads((path / "transformer" / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return "dev"
    if "Kontext" in str(index.get("_class_name")):
        return "kontext"
    return "dev" if denoiser.get("guidance_embeds") else "schnell"


class Flux1(DiffusersEngine):
    """One installed FLUX.1 model."""

    classes = {"text": "FluxPipeline", "image": "FluxImg2ImgPipeline", "inpaint": "FluxInpaintPipeline"}

    def __init__(self, spec: EngineSpec, model: LocalModel):
        super().__init__(spec, model)
        if model.variant == "kontext":
            self.classes = {"text": "FluxKontextPipeline", "edit": "FluxKontextPipeline"}

    def pictures(self, pipe, inputs: ImageInputs) -> dict:
        # Kontext would bend the size to the reference's shape; the person chose a size
        kept = {"max_area": inputs.width * inputs.height} if self.model.variant == "kontext" else {}
        return super().pictures(pipe, inputs) | kept


FAMILY = Family(
    id="flux1",
    name="FLUX.1",
    summary="Photographic, follows long descriptions, writes legible text. Wants 24 GB, or less with offloading.",
    licence="Apache-2.0 (schnell); the others are non-commercial",
    pipelines=("FluxPipeline", "FluxImg2ImgPipeline", "FluxInpaintPipeline", "FluxKontextPipeline"),
    tasks=frozenset({"text", "image", "inpaint"}),
    prompt_style="llm",
    native=(1024, 1024),
    sizes=((1024, 1024), (832, 1216), (1216, 832), (896, 1152), (1152, 896), (768, 1344), (1344, 768)),
    sides=(256, 2048, 16),
    samplers=("Euler",),
    variants=(
        Variant(
            "schnell",
            "schnell",
            {"steps": 4, "guidance": 0.0, "sampler": "Euler"},
            presets(2, 4, 8, 0.0, "Euler"),
            licence="Apache-2.0",
            without=frozenset({"guidance"}),
        ),
        Variant(
            "dev",
            "dev",
            {"steps": 28, "guidance": 3.5, "sampler": "Euler"},
            presets(18, 28, 40, 3.5, "Euler"),
            licence=NON_COMMERCIAL,
        ),
        Variant(
            "kontext",
            "Kontext",
            {"steps": 28, "guidance": 2.5, "sampler": "Euler"},
            presets(18, 28, 40, 2.5, "Euler"),
            licence=NON_COMMERCIAL,
            uses=frozenset({"references"}),
            without=frozenset({"image", "strength", "mask"}),
            tasks=frozenset({"text", "edit"}),
        ),
    ),
    uses=FIELDS,
    vram_gb={"full": 34, "model": 24.5, "group": 6},
    make=lambda model: Flux1(spec_of(FAMILY, model), model),
    variant_of=variant_of,
    prompt_tokens=512,
    most_references=1,
    lora_marks=("flux1", "flux.1", "flux-1"),
)
