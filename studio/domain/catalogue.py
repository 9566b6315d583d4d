"""The catalogue: models worth having, as data. Its sizes and licences are leads until the page is read.

`gb` is about what is downloaded. `vram_gb` is the smallest class of graphics card that runs it with offloading; the
studio tells the fit for this machine from its engine's own figures.
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Offer:
    """One entry. `licence` is the name its page gives; `asks` is true when the page wants a log-in first.

    `needs` are ids of entries it is used with; `defaults` replace the family's.
    """

    id: str
    name: str
    family: str
    repo: str
    gb: float
    vram_gb: int
    licence: str
    summary: str
    kind: Literal["model", "lora"] = "model"
    file: str = ""
    asks: bool = False
    recommended: bool = False
    needs: tuple[str, ...] = ()
    defaults: dict = field(default_factory=dict, hash=False)


CATALOGUE: tuple[Offer, ...] = (
    Offer(
        "flux2-klein-4b", "FLUX.2 klein 4B", "flux2-klein", "black-forest-labs/FLUX.2-klein-4B", 16, 6, "apache-2.0",
        "Text, edits and several reference pictures in four steps. The first choice for keeping a face.",
        recommended=True,
    ),
    Offer(
        "z-image-turbo", "Z-Image Turbo", "z-image", "Tongyi-MAI/Z-Image-Turbo", 20.5, 6, "apache-2.0",
        "Photographs in eight steps, good with people and with text in pictures.", recommended=True,
    ),
    Offer(
        "sdxl", "Stable Diffusion XL 1.0", "sdxl", "stabilityai/stable-diffusion-xl-base-1.0", 7, 6, "openrail++",
        "1024 px, and the widest choice of fine-tunes and LoRAs.", recommended=True,
    ),
    Offer(
        "sd15", "Stable Diffusion 1.5", "sd15", "stable-diffusion-v1-5/stable-diffusion-v1-5", 2.1, 4,
        "creativeml-openrail-m", "Small and quick; runs on old cards and, with patience, on a processor.",
    ),
    Offer(
        "flux2-klein-base-4b", "FLUX.2 klein 4B base", "flux2-klein", "black-forest-labs/FLUX.2-klein-base-4B", 16, 6,
        "apache-2.0", "The undistilled one: train LoRAs on it, run them on klein 4B.", needs=("flux2-klein-4b",),
    ),
    Offer(
        "flux1-schnell", "FLUX.1 schnell", "flux1", "black-forest-labs/FLUX.1-schnell", 33.7, 12, "apache-2.0",
        "Photographic, four steps, legible text.", asks=True,
    ),
    Offer(
        "krea-2-turbo", "Krea 2 Turbo", "krea2", "krea/Krea-2-Turbo", 35, 12, "krea-2-community-license",
        "A look of its own, photographs and design, in eight steps.",
    ),
    Offer(
        "qwen-image-2512", "Qwen-Image 2512", "qwen-image", "Qwen/Qwen-Image-2512", 57.7, 16, "apache-2.0",
        "Large and exact with long descriptions and text in pictures.",
    ),
    Offer(
        "qwen-image-edit-2511", "Qwen-Image-Edit 2511", "qwen-image-edit", "Qwen/Qwen-Image-Edit-2511", 57.7, 16,
        "apache-2.0", "Changes pictures by instruction and keeps the person in them.",
    ),
    Offer(
        "flux1-dev", "FLUX.1 dev", "flux1", "black-forest-labs/FLUX.1-dev", 33.7, 12,
        "flux-1-dev-non-commercial-license", "Finer than schnell, with many LoRAs; not for commercial use.", asks=True,
    ),
    Offer(
        "flux1-kontext-dev", "FLUX.1 Kontext dev", "flux1", "black-forest-labs/FLUX.1-Kontext-dev", 33.7, 12,
        "flux-1-dev-non-commercial-license", "Edits pictures by instruction; not for commercial use.", asks=True,
    ),
    Offer(
        "flux2-klein-9b", "FLUX.2 klein 9B", "flux2-klein", "black-forest-labs/FLUX.2-klein-9B", 35, 12,
        "flux-non-commercial-license", "The larger klein; not for commercial use.", asks=True,
    ),
    Offer(
        "sdxl-lightning-4step", "SDXL Lightning, 4 steps", "sdxl", "ByteDance/SDXL-Lightning", 0.39, 6, "openrail++",
        "A LoRA that makes SDXL models finish in four steps without guidance.", kind="lora",
        file="sdxl_lightning_4step_lora.safetensors", needs=("sdxl",),
    ),
    Offer(
        "lcm-lora-sdv1-5", "LCM for SD 1.5", "sd15", "latent-consistency/lcm-lora-sdv1-5", 0.13, 4, "openrail++",
        "A LoRA that makes SD 1.5 models finish in four to eight steps.", kind="lora",
        file="pytorch_lora_weights.safetensors", needs=("sd15",),
    ),
)  # fmt: skip


def offer(id: str) -> Offer | None:
    """The entry with this id."""
    return next((one for one in CATALOGUE if one.id == id), None)
