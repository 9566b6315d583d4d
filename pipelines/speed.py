"""What makes a loaded pipeline quicker: memory layout, attention backend, first-block cache, compiled blocks.

Each is a switch of LoadOptions. Nothing here downloads: backends that fetch kernels from a hub are never chosen.
"""

import importlib.util
import logging

from pipelines.base import LoadOptions

log = logging.getLogger("studio.engines")

# Name in diffusers -> the package it needs, None for torch's own. The exact ones first; "sage" rounds to eight bits.
ATTENTION: dict[str, str | None] = {
    "native": None,
    "flash": "flash_attn",
    "xformers": "xformers",
    "sage": "sageattention",
}
CACHE_THRESHOLD = 0.08


def attention_backends() -> list[str]:
    """The backends that can be chosen on this machine; the first is torch's own."""
    return [name for name, package in ATTENTION.items() if package is None or importlib.util.find_spec(package)]


def switches(family_id: str) -> frozenset[str]:
    """The options that mean something to a family's denoiser, known without loading it."""
    found = {"plan", "attention", "compile", "float8"}
    if family_id in ("sd15", "sdxl"):
        found.add("channels_last")
    if family_id in ("flux1", "flux2-klein", "qwen-image", "qwen-image-edit"):
        found.add("cache")
    return frozenset(found)


def prepare(pipe, denoiser, options: LoadOptions, device: str, dtype) -> None:
    """Apply the options to a pipeline that lies in RAM, before its parts are laid out."""
    import torch

    if options.channels_last and type(denoiser).__name__ == "UNet2DConditionModel":
        denoiser.to(memory_format=torch.channels_last)
        pipe.vae.to(memory_format=torch.channels_last)
    _set_attention(denoiser, options.attention, device)
    if options.float8 and device.startswith("cuda") and hasattr(denoiser, "enable_layerwise_casting"):
        denoiser.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
    if options.cache > 0 and hasattr(denoiser, "enable_cache"):
        from diffusers import FirstBlockCacheConfig

        denoiser.enable_cache(FirstBlockCacheConfig(threshold=options.cache))
    if options.compile and getattr(denoiser, "_repeated_blocks", None):
        denoiser.compile_repeated_blocks(dynamic=True)
    for name in ("enable_slicing",):  # a batch decoded one by one needs a part of the memory, and no longer
        if hasattr(pipe.vae, name):
            getattr(pipe.vae, name)()


def _set_attention(denoiser, wanted: str, device: str) -> None:
    if not hasattr(denoiser, "set_attention_backend"):
        return
    there = attention_backends()
    name = wanted if wanted in there else "native"
    if wanted == "auto" and device.startswith("cuda") and "flash" in there:
        name = "flash"
    if name == "native":
        return  # what diffusers starts with
    try:
        denoiser.set_attention_backend(name)
    except (RuntimeError, ValueError, ImportError, NotImplementedError) as error:
        log.warning("Attention backend %s cannot be used here (%s); torch's own is.", name, error)
