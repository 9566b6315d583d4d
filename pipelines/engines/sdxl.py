"""Stable Diffusion XL: folders and checkpoints, fine-tunes, and 4-8 step merges (Lightning, Hyper, Turbo)."""

from pathlib import Path

from pipelines import clip_prompts, samplers
from pipelines.base import Family, Variant
from pipelines.engines.diffusion import spec_of
from pipelines.engines.sd15 import FIELDS, Sd15, presets, unet_channels


def variant_of(path: Path) -> str:
    name = path.stem.lower() if path.suffix else path.name.lower()
    if (path.is_dir() and unet_channels(path) == 9) or "inpaint" in name:
        return "inpaint"
    return "few-step" if any(word in name for word in ("lcm", "turbo", "hyper", "lightning", "dmd")) else "standard"


class Sdxl(Sd15):
    """One installed Stable Diffusion XL model: two text encoders, otherwise as its elder."""

    classes = {
        "text": "StableDiffusionXLPipeline",
        "image": "StableDiffusionXLImg2ImgPipeline",
        "inpaint": "StableDiffusionXLInpaintPipeline",
    }

    def encode(self, pipe, prompt: str, negative: str) -> dict:
        import torch

        prompts, found, pooled = [prompt, negative], [], None
        pairs = ((pipe.tokenizer, pipe.text_encoder), (pipe.tokenizer_2, pipe.text_encoder_2))
        with torch.no_grad():
            for tokenizer, encoder in pairs:
                if encoder is not None:  # the refiner has the second only
                    hidden, pooled = clip_prompts.encoded(tokenizer, encoder, prompts, layer=-2)
                    found.append(hidden)
        both = torch.cat(found, dim=-1)
        if not negative and pipe.config.get("force_zeros_for_empty_prompt", True):
            both[1:], pooled[1:] = 0, 0
        return {
            "prompt_embeds": both[:1],
            "negative_prompt_embeds": both[1:],
            "pooled_prompt_embeds": pooled[:1],
            "negative_pooled_prompt_embeds": pooled[1:],
        }


FAMILY = Family(
    id="sdxl",
    name="Stable Diffusion XL",
    summary="1024 px, the widest choice of fine-tunes and LoRAs. Runs on 6 GB with offloading.",
    licence="CreativeML OpenRAIL++-M",
    pipelines=(
        "StableDiffusionXLPipeline",
        "StableDiffusionXLImg2ImgPipeline",
        "StableDiffusionXLInpaintPipeline",
    ),
    tasks=frozenset({"text", "image", "inpaint"}),
    prompt_style="clip",
    native=(1024, 1024),
    sizes=((1024, 1024), (832, 1216), (1216, 832), (896, 1152), (1152, 896), (768, 1344), (1344, 768)),
    sides=(512, 2048, 8),
    samplers=samplers.NAMES,
    variants=(
        Variant(
            "standard",
            "Standard",
            {"steps": 28, "guidance": 5.5, "sampler": "DPM++ 2M Karras"},
            presets(18, 28, 40, 5.5, "DPM++ 2M Karras"),
            trains=True,
        ),
        Variant(
            "few-step",
            "Few steps (Lightning, Hyper, Turbo)",
            {"steps": 6, "guidance": 1.0, "sampler": "Euler"},
            presets(4, 6, 8, 1.0, "Euler"),
        ),
        Variant(
            "inpaint",
            "Inpainting",
            {"steps": 28, "guidance": 6.0, "sampler": "DPM++ 2M Karras"},
            presets(18, 28, 40, 6.0, "DPM++ 2M Karras"),
            tasks=frozenset({"inpaint"}),
        ),
    ),
    uses=FIELDS,
    vram_gb={"full": 9, "model": 6.5, "group": 3},
    make=lambda model: Sdxl(spec_of(FAMILY, model), model),
    variant_of=variant_of,
    checkpoint_mark=("model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight", 2048),
    lora_marks=("sdxl", "stable-diffusion-xl"),
)
