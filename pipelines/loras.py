"""LoRA files on a loaded pipeline: exactly those a run asks for, at their weights, and none otherwise."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from pipelines.base import EngineError

log = logging.getLogger("studio.engines")


def mark(loras: Sequence[tuple[Path, float]]) -> tuple:
    """What distinguishes these LoRAs from others, also after a file was replaced."""
    found = []
    for path, weight in loras:
        try:
            told = Path(path).stat()
        except OSError as error:
            raise EngineError(
                f"The LoRA {Path(path).name} cannot be read ({error.strerror or error}).",
                "Remove it from the prompt, or import it again in Models.",
                "lora",
            ) from error
        found.append((str(path), told.st_size, told.st_mtime_ns, float(weight)))
    return tuple(found)


def use(pipe, loras: Sequence[tuple[Path, float]]) -> None:
    """Put these LoRAs on the pipeline, nothing else. What is there already stays; what is not asked for leaves.

    Raises EngineError (code `lora`) that names a file which is damaged or made for another family; then none is on.
    """
    wanted = {_name(entry): (Path(path), weight) for entry, (path, weight) in zip(mark(loras), loras, strict=True)}
    if not wanted and not _there(pipe):
        return
    if not hasattr(pipe, "load_lora_weights"):
        raise EngineError("This model takes no LoRA.", "Remove the LoRA.", "lora")
    try:
        gone = [name for name in _there(pipe) if name not in wanted]
        if not wanted:
            pipe.unload_lora_weights()
            return
        if gone:
            pipe.delete_adapters(gone)
        for name in [name for name in wanted if name not in _there(pipe)]:
            _load(pipe, wanted[name][0], name)
        _activate(pipe, {name: weight for name, (_, weight) in wanted.items()})
    except BaseException:
        pipe.unload_lora_weights()
        raise


def _activate(pipe, weights: dict[str, float]) -> None:
    """Each part with its own adapters; the pipeline's own way fails on denoisers with layers counted per block."""
    from diffusers.utils import set_weights_and_activate_adapters

    for part in pipe.components.values():
        names = [name for name in weights if name in (getattr(part, "peft_config", None) or {})]
        if names:
            set_weights_and_activate_adapters(part, names, [weights[name] for name in names])


def _load(pipe, path: Path, name: str) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if path.suffix != ".safetensors":
        raise EngineError(
            f"{path.name} is not a .safetensors file.", "Other formats can hold code that runs; convert it.", "lora"
        )
    try:
        pipe.load_lora_weights(load_file(path), adapter_name=name)
    except (SafetensorError, OSError, LookupError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        from pipelines.memory import is_out_of_memory

        if is_out_of_memory(error):
            raise
        log.info("LoRA %s was refused: %s", path, error)
        raise EngineError(
            f"The LoRA {path.name} does not fit this model.",
            "It was made for another model family, or the file is damaged.",
            "lora",
        ) from error
    if name not in _there(pipe):
        raise EngineError(
            f"The LoRA {path.name} changes nothing in this model.", "It was made for another model family.", "lora"
        )


def _there(pipe) -> list[str]:
    """Names of the LoRAs on any part of the pipeline."""
    found: dict[str, None] = {}
    for name in getattr(pipe, "_lora_loadable_modules", ()):
        for adapter in getattr(getattr(pipe, name, None), "peft_config", None) or {}:
            found[adapter] = None
    return list(found)


def _name(entry: tuple) -> str:
    """A name peft accepts, the same for the same file whatever its weight."""
    return "lora_" + hashlib.sha256(repr(entry[:3]).encode()).hexdigest()[:12]
