"""Where engines run: the device, the dtype that is fastest on it, and the one engine that stays in memory.

It knows torch's devices and how to time them; it knows no engine by name and keeps nothing on disk.
"""

import gc
import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pipelines.base import Engine, EngineError

log = logging.getLogger("studio.device")

MEASURE_SECONDS = 1.5


class Device:
    """The slot for one resident engine; make one per process. Every method may be called from any thread.

    Loading, running and unloading hold one lock, so weights never move under a run. `status` never waits for it.
    """

    def __init__(self, keep_alive_minutes: float = 10):
        """An engine idle for `keep_alive_minutes` is unloaded; 0 keeps it. The attribute may be changed at any time."""
        self.keep_alive_minutes = keep_alive_minutes
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._device, self._dtype = "", ""
        self._busy = 0
        self._used = 0.0
        self._timer: threading.Timer | None = None

    # ------------------------------------------------------------------ what to run on
    def choose(self, wanted: str = "auto") -> str:
        """`cuda`, `mps` or `cpu`: the wanted one, or the best there is. Raises EngineError (code `no_device`)."""
        if wanted == "cpu":
            return "cpu"
        import torch

        there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
        if wanted == "auto":
            return next(name for name, usable in there.items() if usable)
        if wanted not in there:
            raise EngineError(
                f"“{wanted[:40]}” is not a device.", "Choose auto, cpu, cuda or mps in Settings.", "no_device"
            )
        if not there[wanted]:
            raise EngineError(
                f"This machine offers no {wanted} device to PyTorch.",
                "Choose auto or cpu in Settings, or install the graphics driver and PyTorch's build for it.",
                "no_device",
            )
        return wanted

    def measure_dtype(self, device: str) -> dict:
        """Seconds for one diffusion-shaped block per dtype, `chosen` and a sentence `why`. Takes under two seconds.

        float16 is tried on graphics cards without bfloat16 only: on a CPU it is emulated, and it overflows sooner.
        """
        import torch

        with self._lock:
            rivals = ["float32", "bfloat16"]
            if device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
                rivals = ["float32", "float16"]
            seconds, refused = _race(torch, device, rivals)
        chosen = min(seconds, key=seconds.get)
        if chosen != "float32" and seconds["float32"] < 1.1 * seconds[chosen]:
            chosen = "float32"  # a tenth is not worth the lost digits
        other = next(name for name in rivals if name != chosen)
        if other in refused:
            why = f"{chosen}: {other} does not work on this {device} ({refused[other]})."
        elif chosen == "float32":
            ratio = seconds[other] / seconds["float32"]
            told = f"{ratio:.1f} times slower" if ratio > 1.05 else "no more than a tenth faster"
            why = f"float32: {other} is {told} on this {device}, and float32 is the more exact."
        else:
            why = f"{chosen} is {seconds['float32'] / seconds[chosen]:.1f} times faster than float32 on this {device}."
        return {**{name: round(value, 5) for name, value in seconds.items()}, "chosen": chosen, "why": why}

    # ------------------------------------------------------------------ the resident engine
    @contextmanager
    def resident(self, engine: Engine, device: str, dtype: str) -> Iterator[Engine]:
        """The engine, loaded on `device` as `dtype`, and kept from unloading until the block ends. Raises EngineError.

        Another engine, device or dtype replaces what is there. Waits while another thread is in such a block.
        """
        with self._lock:
            self._cancel_timer()
            self._busy += 1
            try:
                if (self._engine, self._device, self._dtype) != (engine, device, dtype):
                    self._load(engine, device, dtype)
                yield engine
            except EngineError as error:
                if error.code == "out_of_memory":
                    _give_back()
                raise
            finally:
                self._busy -= 1
                self._used = time.monotonic()
                self._start_timer()

    def unload(self) -> bool:
        """Give the memory back now, after the run in progress if there is one. True when something was loaded."""
        with self._lock:
            if self._busy:  # the same thread, inside `resident`
                raise EngineError("The model is in use.", "Wait for the picture, or cancel it.", "busy")
            self._cancel_timer()
            return self._drop()

    def forget(self, engines: Iterable[Engine]) -> None:
        """Unload these, after the run in progress if there is one: their models are no longer there."""
        with self._lock:
            if self._engine in list(engines):
                self._cancel_timer()
                self._drop()

    def status(self) -> dict:
        """`engine`, `device`, `dtype` (None when nothing is loaded), `busy`, `idle_seconds`, and memory in bytes:
        `memory` of this process, `gpu_memory` this process holds, `gpu_total`. Loads nothing, waits for nothing."""
        import psutil

        engine, busy, used = self._engine, bool(self._busy), self._used
        told = {
            "engine": engine.spec.id if engine else None,
            "device": self._device if engine else None,
            "dtype": self._dtype if engine else None,
            "busy": busy,
            "idle_seconds": round(time.monotonic() - used, 1) if engine and not busy and used else 0.0,
            "memory": psutil.Process().memory_info().rss,
            "gpu_memory": 0,
            "gpu_total": 0,
        }
        if engine and told["device"] == "cuda":
            import torch

            free, total = torch.cuda.mem_get_info()
            told |= {"gpu_memory": torch.cuda.memory_reserved(), "gpu_total": total}
        elif engine and told["device"] == "mps":
            import torch

            told |= {
                "gpu_memory": torch.mps.driver_allocated_memory(),
                "gpu_total": torch.mps.recommended_max_memory(),
            }
        return told

    def _load(self, engine: Engine, device: str, dtype: str) -> None:
        if device == "cpu" and dtype == "float16":
            raise EngineError(
                "float16 is not usable on a CPU.", "Choose auto, bfloat16 or float32 in Settings.", "no_dtype"
            )
        self._drop()
        _set_threads()
        began = time.monotonic()
        try:
            engine.load(device, dtype)
        except BaseException:
            engine.unload()
            _give_back()
            raise
        self._engine, self._device, self._dtype = engine, device, dtype
        log.info("Loaded %s on %s as %s in %.1f s", engine.spec.id, device, dtype, time.monotonic() - began)

    def _drop(self) -> bool:
        if self._engine is None:
            return False
        engine, self._engine = self._engine, None
        self._device, self._dtype = "", ""
        engine.unload()
        _give_back()
        log.info("Unloaded %s", engine.spec.id)
        return True

    def _start_timer(self) -> None:
        if self.keep_alive_minutes > 0 and self._engine is not None and not self._busy:
            self._timer = threading.Timer(self.keep_alive_minutes * 60, self._idle)
            self._timer.daemon = True
            self._timer.start()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _idle(self) -> None:
        """The timer's end. A run may have come between; then that run's own timer is the one that counts."""
        with self._lock:
            if self._timer is threading.current_thread() and not self._busy:
                self._timer = None
                self._drop()


def _set_threads() -> None:
    """One thread per physical core this process may use, unless OMP_NUM_THREADS says otherwise."""
    if os.environ.get("OMP_NUM_THREADS"):
        return
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))
    import torch

    if torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)


def _give_back() -> None:
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


def _race(torch, device: str, dtypes: list[str]) -> tuple[dict[str, float], dict[str, str]]:
    """(best seconds per dtype, what each refused dtype said). Rounds alternate, so a busy machine slows all alike."""
    _set_threads()
    blocks, refused, best = {}, {}, {}
    with torch.inference_mode():
        for name in dtypes:
            try:
                blocks[name] = _block(torch, device, getattr(torch, name))
                blocks[name]()  # kernels are chosen and memory is found on the first call
            except (RuntimeError, TypeError) as error:
                if name == "float32":
                    raise EngineError(
                        f"PyTorch cannot compute on this {device}: {error}", "Choose cpu in Settings.", "no_device"
                    ) from error
                blocks.pop(name, None)
                refused[name] = str(error).splitlines()[0][:120]
        stop = time.perf_counter() + MEASURE_SECONDS
        while len(best) < len(blocks) or time.perf_counter() < stop:
            for name, block in blocks.items():
                began = time.perf_counter()
                block()
                best[name] = min(best.get(name, 1e9), time.perf_counter() - began)
    return best, refused


def _block(torch, device: str, dtype):
    """A function doing what a small UNet does on two 32 x 32 latents: convolutions, norms, attention, dense layers."""
    from torch.nn import functional as F

    generator = torch.Generator().manual_seed(0)
    make = lambda *shape: (torch.randn(shape, generator=generator) * 0.05).to(device, dtype)
    picture, small = make(2, 64, 32, 32), make(2, 128, 16, 16)
    wide, deep = make(64, 64, 3, 3), make(128, 128, 3, 3)
    if device == "cpu":
        picture, small, wide, deep = (
            each.to(memory_format=torch.channels_last) for each in (picture, small, wide, deep)
        )
    tokens, query, up, down = make(2, 256, 128), make(384, 128), make(1024, 128), make(128, 1024)

    def run() -> None:
        x, y, z = picture, small, tokens
        for _ in range(2):
            x = F.conv2d(F.silu(F.group_norm(x, 32)), wide, padding=1)
            y = F.conv2d(F.silu(F.group_norm(y, 32)), deep, padding=1)
            q, k, v = F.linear(z, query).view(2, 256, 3, 4, 32).permute(2, 0, 3, 1, 4)
            z = z + F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(2, 256, 128)
            z = z + F.linear(F.gelu(F.linear(z, up)), down)
        if device == "cuda":
            torch.cuda.synchronize()
        elif device == "mps":
            torch.mps.synchronize()

    return run
