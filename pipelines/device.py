"""Where engines run: the device, the dtype that is fastest on it, the one engine that is resident, those that wait.

It knows torch's devices and how to time them; it knows no engine by name and keeps nothing on disk.
"""

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pipelines import memory
from pipelines.base import AS_USUAL, Engine, EngineError, LoadOptions

log = logging.getLogger("studio.device")

MEASURE_SECONDS = 1.5


@dataclass
class Slot:
    """A loaded engine: what was asked for, the plan it was laid out by and why, its weights in bytes."""

    engine: Engine
    device: str
    dtype: str
    asked: LoadOptions
    plan: str = "full"
    why: str = ""
    bytes: int = 0

    @property
    def key(self) -> tuple:
        return self.engine, self.device, self.dtype, self.asked


class Device:
    """The slot for one resident engine, and the shelf of those that wait in RAM; make one per process. Every method may
    be called from any thread.

    Loading, running and unloading hold one lock, so weights never move under a run. `status` never waits for it.
    """

    def __init__(self, keep_alive_minutes: float = 10, ram_share: float = 0.4):
        """An engine idle for `keep_alive_minutes` is unloaded; 0 keeps it. Engines that another one took the place of
        wait in RAM while together they fill at most `ram_share` of it. Both attributes may be changed at any time.

        `learned` holds by engine id what runs have taught: `reserve` (bytes beside the weights at the peak of a run)
        and `ceiling` (the fastest plan that did not run out of memory). It may be filled from an earlier process.
        """
        self.keep_alive_minutes, self.ram_share = keep_alive_minutes, ram_share
        self.learned: dict[str, dict] = {}
        self._lock = threading.RLock()
        self._now: Slot | None = None
        self._parked: OrderedDict[Engine, Slot] = OrderedDict()
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
    def resident(self, engine: Engine, device: str, dtype: str, options: LoadOptions = AS_USUAL) -> Iterator[Engine]:
        """The engine, loaded on `device` as `dtype`, and kept from unloading until the block ends. Raises EngineError.

        Another engine waits in RAM when it can and there is room, so that coming back to it reads nothing from disk.
        Other options, device or dtype load it anew. Waits while another thread is in such a block.
        """
        with self._lock:
            self._cancel_timer()
            self._busy += 1
            try:
                if self._now is None or self._now.key != (engine, device, dtype, options):
                    self._bring(engine, device, dtype, options)
                _forget_peak(device)
                yield engine
            except EngineError as error:
                if error.code == "out_of_memory":
                    memory.give_back()
                raise
            finally:
                self._learn()
                self._busy -= 1
                self._used = time.monotonic()
                self._start_timer()

    def lighten(self) -> Slot | None:
        """After the resident engine ran out of memory: load it by the next plan that needs less, and remember that.
        None when there is no such plan; then nothing has changed. Call it inside `resident`. Raises EngineError."""
        with self._lock:
            slot = self._now
            if slot is None or not _sizable(slot.engine) or not slot.device.startswith("cuda"):
                return None
            while self._parked:  # the RAM that waiting engines fill may be what was missing
                self._drop_parked(next(iter(self._parked)))
            plan = memory.lighter(slot.plan)
            if plan is None:
                return None
            self._now = None
            slot.engine.unload()
            memory.give_back()
            self._note(slot.engine, ceiling=plan)
            self._load(slot.engine, slot.device, slot.dtype, slot.asked, plan, "the faster plan ran out of memory")
            return self._now

    def unload(self) -> bool:
        """Give all memory back now, after the run in progress if there is one. True when something was loaded."""
        with self._lock:
            if self._busy:  # the same thread, inside `resident`
                raise EngineError("The model is in use.", "Wait for the picture, or cancel it.", "busy")
            self._cancel_timer()
            return self._drop()

    def forget(self, engines: Iterable[Engine]) -> None:
        """Unload these, after the run in progress if there is one: their models are no longer there."""
        with self._lock:
            gone = list(engines)
            for engine in [engine for engine in self._parked if engine in gone]:
                self._drop_parked(engine)
            if self._now is not None and self._now.engine in gone:
                self._cancel_timer()
                slot, self._now = self._now, None
                self._unload(slot)

    def resident_id(self) -> str | None:
        """The id of the engine that is loaded; waits for nothing."""
        slot = self._now
        return slot.engine.spec.id if slot else None

    def status(self) -> dict:
        """`engine`, `device`, `dtype`, `plan` and `why` (None when nothing is loaded), `weights` of it in bytes,
        `parked` (id and bytes of each engine that waits in RAM), `busy`, `idle_seconds`, and memory in bytes: `memory`
        of this process, `gpu_memory` this process holds, `gpu_total`. Loads nothing, waits for nothing."""
        import psutil

        slot, busy, used = self._now, bool(self._busy), self._used
        told = {
            "engine": slot.engine.spec.id if slot else None,
            "device": slot.device if slot else None,
            "dtype": slot.dtype if slot else None,
            "plan": slot.plan if slot else None,
            "why": slot.why if slot else None,
            "weights": slot.bytes if slot else 0,
            "parked": [{"id": each.engine.spec.id, "bytes": each.bytes} for each in list(self._parked.values())],
            "busy": busy,
            "idle_seconds": round(time.monotonic() - used, 1) if slot and not busy and used else 0.0,
            "memory": psutil.Process().memory_info().rss,
            "gpu_memory": 0,
            "gpu_total": 0,
        }
        if slot and slot.device == "cuda":
            import torch

            if torch.cuda.is_available():
                free, total = torch.cuda.mem_get_info()
                told |= {"gpu_memory": torch.cuda.memory_reserved(), "gpu_total": total}
        elif slot and slot.device == "mps":
            import torch

            told |= {
                "gpu_memory": torch.mps.driver_allocated_memory(),
                "gpu_total": torch.mps.recommended_max_memory(),
            }
        return told

    def free_memory(self, device: str) -> int:
        """Bytes that can still be allocated on this device: of the graphics card, else of RAM."""
        if device.startswith("cuda"):
            import torch

            return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else 0
        import psutil

        return psutil.virtual_memory().available

    def forecast(self, engine: Engine, device: str, dtype: str, options: LoadOptions = AS_USUAL) -> dict:
        """`plan`, `why`, `needed` and `free` bytes for loading this engine now, without loading it."""
        parts, free = _parts(engine, dtype), self.free_memory(device)
        plan, why = self._plan(engine, device, dtype, options)
        reserve = self._reserve(engine) if device.startswith("cuda") else memory.GIGABYTE // 2
        return {"plan": plan, "why": why, "needed": memory.needed(plan, parts, reserve), "free": free}

    # ------------------------------------------------------------------ in and out
    def _bring(self, engine: Engine, device: str, dtype: str, options: LoadOptions) -> None:
        if device == "cpu" and dtype == "float16":
            raise EngineError(
                "float16 is not usable on a CPU.", "Choose auto, bfloat16 or float32 in Settings.", "no_dtype"
            )
        self._step_aside(engine)
        waiting = self._parked.pop(engine, None)
        if waiting is not None and waiting.key == (engine, device, dtype, options):
            began = time.monotonic()
            try:
                engine.wake()
                self._now = waiting
                log.info("Brought %s back from RAM in %.1f s", engine.spec.id, time.monotonic() - began)
                return
            except EngineError as error:
                if error.code != "out_of_memory":
                    self._unload(waiting)
                    raise
        if waiting is not None:
            self._unload(waiting)
        self._make_room(sum(_parts(engine, dtype).values()))
        plan, why = self._plan(engine, device, dtype, options)
        self._load(engine, device, dtype, options, plan, why)

    def _load(self, engine: Engine, device: str, dtype: str, asked: LoadOptions, plan: str, why: str) -> None:
        """Load by this plan, or by the next lighter ones when there is not enough memory for it."""
        _set_threads()
        began = time.monotonic()
        while True:
            try:
                if _sizable(engine):
                    engine.load(device, dtype, replace(asked, plan=plan))
                else:
                    engine.load(device, dtype)
                break
            except BaseException as error:
                engine.unload()
                memory.give_back()
                lighter = memory.lighter(plan) if _sizable(engine) and device.startswith("cuda") else None
                if getattr(error, "code", "") != "out_of_memory" or lighter is None:
                    raise
                log.warning("%s does not fit by the plan %s, trying %s", engine.spec.id, plan, lighter)
                plan, why = lighter, "the faster plan did not fit"
        size = engine.weight() if _sizable(engine) else 0
        self._now = Slot(engine, device, dtype, asked, plan, why, size)
        seconds = time.monotonic() - began
        log.info("Loaded %s on %s as %s (%s) in %.1f s", engine.spec.id, device, dtype, plan, seconds)

    def _plan(self, engine: Engine, device: str, dtype: str, options: LoadOptions) -> tuple[str, str]:
        if not _sizable(engine) or not device.startswith("cuda"):
            return "full", f"the {device} uses this machine's memory" if device != "cuda" else "it is small"
        if options.plan in memory.IDS:
            return options.plan, "chosen by you"
        told = self.learned.get(engine.spec.id, {})
        ceiling = told.get("ceiling") if told.get("ceiling") in memory.IDS else "full"
        return memory.choose(_parts(engine, dtype), self.free_memory(device), ceiling, self._reserve(engine))

    def _reserve(self, engine: Engine) -> int:
        return int(self.learned.get(engine.spec.id, {}).get("reserve") or memory.RESERVE)

    def _note(self, engine: Engine, **told) -> None:
        self.learned[engine.spec.id] = {**self.learned.get(engine.spec.id, {}), **told}

    def _learn(self) -> None:
        """How much a run needed beside the weights that were on the card; the next choice of a plan counts on that."""
        slot = self._now
        if slot is None or slot.plan != "full" or not slot.device.startswith("cuda") or not slot.bytes:
            return
        import torch

        if torch.cuda.is_available() and (beside := torch.cuda.max_memory_allocated() - slot.bytes) > 0:
            known = self.learned.get(slot.engine.spec.id, {}).get("reserve", 0)
            self._note(slot.engine, reserve=max(known, int(beside * 1.15) + memory.GIGABYTE // 2))

    def _step_aside(self, newcomer: Engine) -> None:
        """The resident engine waits in RAM, or is unloaded when it cannot or there is no room."""
        if self._now is None:
            return
        slot, self._now = self._now, None
        if slot.engine is newcomer or not _sizable(slot.engine) or not self._has_room(slot.bytes):
            self._unload(slot)
            return
        slot.engine.park()
        self._parked[slot.engine] = slot
        memory.give_back()
        log.info("%s waits in RAM", slot.engine.spec.id)

    def _has_room(self, wanted: int) -> bool:
        """Room for `wanted` more bytes among the waiting engines, after the longest waiting have left for it."""
        import psutil

        budget = psutil.virtual_memory().total * self.ram_share
        if wanted > budget:
            return False
        while self._parked and sum(each.bytes for each in self._parked.values()) + wanted > budget:
            self._drop_parked(next(iter(self._parked)))
        return True

    def _make_room(self, wanted: int) -> None:
        """Waiting engines leave, the longest waiting first, until `wanted` bytes and some to breathe are free."""
        while self._parked and self.free_memory("cpu") < wanted * 1.1 + memory.GIGABYTE // 2:
            self._drop_parked(next(iter(self._parked)))

    def _drop_parked(self, engine: Engine) -> None:
        self._unload(self._parked.pop(engine))

    def _unload(self, slot: Slot) -> None:
        slot.engine.unload()
        memory.give_back()
        log.info("Unloaded %s", slot.engine.spec.id)

    def _drop(self) -> bool:
        """Everything that is loaded leaves. True when there was something."""
        there = bool(self._now or self._parked)
        while self._parked:
            self._drop_parked(next(iter(self._parked)))
        if self._now is not None:
            slot, self._now = self._now, None
            self._unload(slot)
        return there

    def _start_timer(self) -> None:
        if self.keep_alive_minutes > 0 and (self._now or self._parked) and not self._busy:
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


def _sizable(engine: Engine) -> bool:
    """Whether the engine can be laid out in several ways and moved aside (see Sizable)."""
    return hasattr(engine, "park")


def _parts(engine: Engine, dtype: str) -> dict[str, int]:
    return engine.footprint(4 if dtype == "float32" else 2) if _sizable(engine) else {}


def _forget_peak(device: str) -> None:
    if device.startswith("cuda"):
        import torch

        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()


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
