"""How a model's weights are laid out over graphics memory and RAM: the plans, which one fits, and running out of it.

It knows bytes and diffusers pipelines; no family, no device slot.
"""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pipelines.base import EngineError

GIGABYTE = 1024**3
# Beside the weights: the CUDA context, the allocator's rounding, and activations of one picture of 1024 x 1024.
RESERVE = 2 * GIGABYTE
_GROUP_SHARE = 0.12  # of a component that group offloading keeps on the device: the running block and the next one


@dataclass(frozen=True)
class Plan:
    """`words` says what it does, for people. Plans are ordered from the fastest to the one that needs least memory."""

    id: str
    name: str
    words: str


PLANS: tuple[Plan, ...] = (
    Plan("full", "All on the card", "Everything stays on the graphics card. Fastest."),
    Plan("lean", "Text encoders aside", "Text encoders visit the card to read the prompt, the rest stays there."),
    Plan("model", "One part at a time", "Only the part that works is on the card; the others wait in RAM."),
    Plan("group", "Layer by layer", "Layers stream from RAM while the card works. Needs least memory, slowest."),
)
IDS = tuple(plan.id for plan in PLANS)


def is_encoder(part: str) -> bool:
    return part.startswith(("text_encoder", "image_encoder"))


def needed(plan: str, parts: Mapping[str, int], reserve: int = RESERVE) -> int:
    """Bytes of graphics memory that a plan needs at its peak. `parts` are the components' bytes."""
    sizes = dict(parts) or {"model": 0}
    encoders = [size for name, size in sizes.items() if is_encoder(name)]
    rest = sum(size for name, size in sizes.items() if not is_encoder(name))
    if plan == "full":
        return sum(sizes.values()) + reserve
    if plan == "lean":  # while the largest encoder reads the prompt no activations of the denoiser exist
        return max(rest + reserve, rest + max(encoders, default=0) + reserve // 4)
    if plan == "model":
        return max(sizes.values()) + reserve
    return int(max(sizes.values()) * _GROUP_SHARE) + reserve


def choose(parts: Mapping[str, int], free: int, ceiling: str = "full", reserve: int = RESERVE) -> tuple[str, str]:
    """(plan, why): the fastest plan whose need fits into `free` bytes, none faster than `ceiling`."""
    allowed = IDS[IDS.index(ceiling) :]
    for plan in allowed:
        if needed(plan, parts, reserve) <= free:
            break
    else:
        plan = allowed[-1]
    told = f"{needed(plan, parts, reserve) / GIGABYTE:.1f} GB wanted, {free / GIGABYTE:.1f} GB free"
    if plan != ceiling and ceiling == "full":
        told += f"; all at once would need {needed('full', parts, reserve) / GIGABYTE:.1f} GB"
    elif ceiling != "full":
        told += "; a faster plan ran out of memory before"
    return plan, told


def lighter(plan: str) -> str | None:
    """The next plan that needs less memory, None after the last."""
    at = IDS.index(plan)
    return IDS[at + 1] if at + 1 < len(IDS) else None


# ---------------------------------------------------------------------- on a pipeline
def lay_out(pipe, plan: str, device: str) -> None:
    """Place a pipeline's parts as the plan says; call once after loading, or again after `gather`."""
    import torch

    if plan == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif plan == "group":
        stream = device.startswith("cuda")
        pipe.enable_group_offload(
            onload_device=torch.device(device),
            offload_device=torch.device("cpu"),
            offload_type="leaf_level",
            use_stream=stream,
            record_stream=stream,
            non_blocking=stream,
            low_cpu_mem_usage=stream,  # without it all weights are pinned at once: the model's size in RAM again
        )
    else:
        for name, part in modules(pipe).items():
            part.to("cpu" if plan == "lean" and is_encoder(name) else device)


def gather(pipe) -> None:
    """All parts into RAM, without hooks."""
    for part in modules(pipe).values():
        disable_group_offload(part)
    pipe.remove_all_hooks()
    pipe._all_hooks = []
    for part in modules(pipe).values():
        part.to("cpu")


def disable_group_offload(part) -> None:
    from diffusers.hooks import HookRegistry

    for module in part.modules():
        registry: HookRegistry | None = getattr(module, "_diffusers_hook", None)
        if registry is not None:
            for name in ("group_offloading", "lazy_prefetch_group_offloading", "layer_execution_tracker"):
                registry.remove_hook(name, recurse=False)


def modules(pipe) -> dict:
    """The parts of a pipeline that hold weights, by name."""
    import torch

    return {name: part for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)}


def weight_of(pipe) -> dict[str, int]:
    """Bytes of each part's parameters and buffers, measured on the loaded tensors; shared ones count once."""
    seen, sizes = set(), {}
    for name, part in modules(pipe).items():
        size = 0
        for tensor in (*part.parameters(), *part.buffers()):
            if id(tensor) not in seen:
                seen.add(id(tensor))
                size += tensor.numel() * tensor.element_size()
        sizes[name] = size
    return sizes


@contextmanager
def visiting(parts: list, device: str, plan: str) -> Iterator[None]:
    """The text encoders on the device for as long as the block runs, when the plan keeps them aside."""
    if plan != "lean":
        yield
        return
    try:
        for part in parts:
            part.to(device)
        yield
    finally:
        for part in parts:
            part.to("cpu")


# ---------------------------------------------------------------------- running out of it
@contextmanager
def told(hint: str) -> Iterator[None]:
    """Running out of memory inside becomes EngineError (code `out_of_memory`) with this hint."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise EngineError("There is not enough memory for this.", hint, "out_of_memory") from error


def is_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def give_back() -> None:
    """Unreferenced tensors to the allocator, and the allocator's free memory to the system."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
    _trim_heap()


def _trim_heap() -> None:
    import ctypes
    import sys

    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; musl has none
        if trim:
            trim(0)
