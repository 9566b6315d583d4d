"""Qwen-Image, and Qwen-Image-Edit (one reference) and Edit-Plus (several): edits by instruction."""

import json
from dataclasses import replace
from pathlib import Path

from pipelines.base import EngineSpec, Family, ImageInputs, LocalModel, Variant
from pipelines.engines.diffusion import DiffusersEngine, spec_of
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

    classes = {"text": "QwenImagePipeline", "image": "QwenImageImg2ImgPipeline", "inpaint": "QwenImageInpaintPipeline"}
    guidance = "true_cfg_scale"

    def prompt(self, pipe, inputs: ImageInputs) -> dict:
        given = super().prompt(pipe, inputs)
        # guidance works against a negative prompt that is there; a space is an empty one
        return given | {"negative_prompt": given["negative_prompt"] or " " if inputs.guidance > 1 else None}


class QwenImageEdit(QwenImage):
    """One installed Qwen-Image-Edit or Edit-Plus model, told apart by the class in its model_index.json."""

    classes = {"edit": "QwenImageEditPlusPipeline"}

    def __init__(self, spec: EngineSpec, model: LocalModel):
        super().__init__(spec, model)
        if pipeline_class(model.path) == "QwenImageEditPipeline":
            self.classes = {"edit": "QwenImageEditPipeline"}
            self.spec = replace(self.spec, most_references=1)

    def parts(self) -> dict:
        """The processor without its part for videos, which would need torchvision."""
        from transformers import AutoTokenizer, Qwen2VLImageProcessor

        images = Qwen2VLImageProcessor.from_pretrained(self.model.path / "processor", local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(self.model.path / "tokenizer", local_files_only=True)
        return {"processor": picture_processor(images, tokenizer), "tokenizer": tokenizer}

    def pictures(self, pipe, inputs: ImageInputs) -> dict:
        given = super().pictures(pipe, inputs)
        return {"image": given["image"][0]} if self.spec.most_references == 1 else given


def picture_processor(image_processor, tokenizer):
    """Qwen-VL's processor for text with pictures only: each picture's mark becomes as many as it has patches."""
    from transformers import BatchFeature, Qwen2VLProcessor

    class PictureProcessor(Qwen2VLProcessor):
        def __init__(self, image_processor, tokenizer):
            self.image_processor, self.tokenizer, self.chat_template = image_processor, tokenizer, None

        @classmethod
        def get_attributes(cls):
            return ["image_processor", "tokenizer"]

        def __call__(self, text, images=None, padding=True, return_tensors="pt", **_):
            texts, seen = list(text), {}
            if images:
                seen = self.image_processor(images=images, return_tensors=return_tensors)
                counts = iter((seen["image_grid_thw"].prod(-1) // self.image_processor.merge_size**2).tolist())
                mark = "<|image_pad|>"
                for at, one in enumerate(texts):
                    first, *others = one.split(mark)
                    texts[at] = first + "".join(mark * int(next(counts)) + other for other in others)
            return BatchFeature({**self.tokenizer(texts, padding=padding, return_tensors=return_tensors), **seen})

    return PictureProcessor(image_processor, tokenizer)


def pipeline_class(path: Path) -> str:
    """`_class_name` of a folder's model_index.json, "" when it cannot be read."""
    try:
        return str(json.loads((path / "model_index.json").read_text("utf-8")).get("_class_name", ""))
    except (OSError, ValueError, AttributeError):
        return ""


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
    make=lambda model: QwenImage(spec_of(FAMILY, model), model),
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
    make=lambda model: QwenImageEdit(spec_of(EDIT_FAMILY, model), model),
    variant_of=variant_of,
    prompt_tokens=512,
    most_references=3,
    lora_marks=("qwen-image-edit", "qwen_image_edit"),
)
