"""FLUX.2 klein: 4 steps when distilled; text, up to four reference pictures, editing and inpainting in one model."""

import json
from pathlib import Path

from pipelines import prompt_weights
from pipelines.base import Family, ImageInputs, Variant
from pipelines.engines.diffusion import DiffusersEngine, spec_of
from pipelines.engines.sd15 import presets


def variant_of(path: Path) -> str:
    try:
        index = json.loads((path / "model_index.json").read_text("utf-8"))
    except (OSError, ValueError):
        return "distilled"
    return "distilled" if index.get("is_distilled") else "base"


class Flux2Klein(DiffusersEngine):
    """One installed FLUX.2 klein model. It starts from a picture by repainting all of it, at the strength asked for."""

    classes = {
        "text": "Flux2KleinPipeline",
        "edit": "Flux2KleinPipeline",
        "image": "Flux2KleinInpaintPipeline",
        "inpaint": "Flux2KleinInpaintPipeline",
    }

    def prompt(self, pipe, inputs: ImageInputs) -> dict:
        given = {"prompt": prompt_weights.plain(inputs.prompt)}
        if "negative" in self.spec.uses and inputs.guidance > 1:
            given["negative_prompt_embeds"] = pipe.encode_prompt(prompt=prompt_weights.plain(inputs.negative))[0]
        return given

    def pictures(self, pipe, inputs: ImageInputs) -> dict:
        if inputs.task not in ("image", "inpaint"):
            return super().pictures(pipe, inputs)
        from PIL import Image

        mask = inputs.mask or Image.new("L", inputs.image.size, 255)
        given = {"image": inputs.image, "mask_image": mask, "strength": inputs.strength}
        return given | ({"image_reference": inputs.references[0]} if inputs.references else {})


FAMILY = Family(
    id="flux2-klein",
    name="FLUX.2 klein",
    summary="Text, edits and several reference pictures in one quick model. The usual choice to keep a face.",
    licence="Apache-2.0 (4B); the 9B is non-commercial",
    pipelines=("Flux2KleinPipeline", "Flux2KleinInpaintPipeline"),
    tasks=frozenset({"text", "image", "inpaint", "edit"}),
    prompt_style="llm",
    native=(1024, 1024),
    sizes=((1024, 1024), (832, 1216), (1216, 832), (896, 1152), (1152, 896), (768, 1344), (1344, 768)),
    sides=(256, 2048, 16),
    samplers=("Euler",),
    variants=(
        Variant(
            "distilled",
            "Distilled (4 steps)",
            {"steps": 4, "guidance": 1.0, "sampler": "Euler"},
            presets(3, 4, 8, 1.0, "Euler"),
            without=frozenset({"guidance"}),
        ),
        Variant(
            "base",
            "Base",
            {"steps": 40, "guidance": 4.0, "sampler": "Euler"},
            presets(25, 40, 50, 4.0, "Euler"),
            uses=frozenset({"negative"}),
        ),
    ),
    uses=frozenset(
        {
            "prompt",
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
            "references",
            "loras",
        }
    ),  # fmt: skip
    vram_gb={"full": 17.5, "model": 9.5, "group": 4},
    make=lambda model: Flux2Klein(spec_of(FAMILY, model), model),
    variant_of=variant_of,
    prompt_tokens=512,
    most_references=4,
    lora_marks=("flux2", "flux.2", "flux-2"),
)
