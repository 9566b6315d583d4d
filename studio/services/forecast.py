"""What pictures will cost before they are made: time, memory, disk, and whether they fit here.

Time comes from the newest pictures of the same model: measured at this size, or scaled from other sizes and said so.
Before there are any, a processor's own benchmark gives a rough figure; of a graphics card nothing is known then, and
that is what is said. Nothing is loaded for a forecast.
"""

import logging
import shutil
import statistics
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import memory
from studio.domain.asset import Asset, Recipe
from studio.domain.requests import AssetFilter
from studio.services.compose import Composed
from studio.services.engine_use import EngineUse
from studio.services.machine import Machine

if TYPE_CHECKING:
    from studio.store import Store

log = logging.getLogger("studio.images")

LOOKED_AT = 400  # newest pictures of the library
KEPT = 20  # per kind of run
_BLOCK = 1.3e9  # floating point operations of the dtype benchmark's block (pipelines/device.py)
# Operations of one step for one picture at a model's own size, guidance included; UNets have no simple rule.
_STEP = {"": 2.2e10, "sd15": 1.6e12, "sdxl": 1.2e13}
_BYTES_A_PIXEL = 3  # a PNG is at most about its raw bytes
_TIGHT = 0.85


@dataclass(frozen=True)
class Forecast:
    """Seconds and bytes. `basis`: measured (the same model and size), scaled (from other sizes), benchmark (rough) or
    unknown; `seconds` is None then. `runs` is how many pictures stand behind it, `low` and `high` the middle half of
    them. `loading`: the model has to be loaded first, which is not in the seconds. `fits`: yes, tight or no.
    """

    pictures: int
    seconds: float | None
    low: float | None
    high: float | None
    basis: str
    runs: int
    loading: bool
    memory: int
    memory_free: int
    disk: int
    disk_free: int
    fits: str
    text: str

    def as_json(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class _Run:
    """One finished picture: seconds per step, and per enlarged pixel when it was enlarged."""

    pixels: int
    task: str
    step: float
    enlarge: float | None


class Forecasts:
    """One per studio. `note` is told of every new picture; the library is looked through once, when first asked."""

    def __init__(self, store: "Store", use: EngineUse, outputs: Path):
        self.store, self.use, self.outputs = store, use, outputs
        self.machine = Machine(use)
        self._runs: dict[tuple[str, str], deque[_Run]] | None = None
        self._bytes: deque[float] = deque(maxlen=100)
        self._weights: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    # ------------------------------------------------------------------ asking
    def of(self, pictures: Iterable[Composed]) -> Forecast:
        """Of all these runs together; each counts its own batch. At least one."""
        runs = list(pictures)
        count = sum(one.batch for one in runs)
        times = [self._seconds(one) for one in runs]
        known = all(one[0] is not None for one in times)
        seconds, low, high = (sum(one[at] for one in times) if known else None for at in range(3))
        order = ("measured", "scaled", "benchmark", "unknown")
        basis = max((one[3] for one in times), key=order.index)
        behind = min((one[4] for one in times), default=0)
        engines = list(dict.fromkeys(one.engine for one in runs))
        loading = any(one != self.use.resident_id() for one in engines)
        needs = [self._memory(one) for one in runs]
        need, free = max(needs, key=lambda one: one[0] - one[1])
        disk = int(sum(self._disk(one) for one in runs))
        disk_free = shutil.disk_usage(_existing(self.outputs)).free
        fits = max((_verdict(need, free), _verdict(disk, disk_free)), key=("yes", "tight", "no").index)
        made = Forecast(
            pictures=count, seconds=_round(seconds), low=_round(low), high=_round(high), basis=basis, runs=behind,
            loading=loading, memory=need, memory_free=free, disk=disk, disk_free=disk_free, fits=fits, text="",
        )  # fmt: skip
        return Forecast(**asdict(made) | {"text": line(made)})

    def note(self, asset: Asset) -> None:
        """A picture was made."""
        with self._lock:
            if self._runs is not None:
                self._take(asset)

    # ------------------------------------------------------------------ time
    def _seconds(self, one: Composed) -> tuple[float | None, float | None, float | None, str, int]:
        """(seconds, low, high, basis, pictures behind it) of one run."""
        steps = one.steps * (one.strength if one.strength is not None and one.image else 1)
        pixels = one.width * one.height
        known = self._known(one.engine)
        same = [run for run in known if run.pixels == pixels and run.task == one.task]
        if same or known:
            basis = "measured" if same else "scaled"
            rates = sorted(run.step if same else run.step * pixels / run.pixels for run in (same or known))
            middle, low, high = statistics.median(rates), rates[len(rates) // 4], rates[(3 * len(rates)) // 4]
            factor = max(steps, 1) * one.batch
            more = self._enlarging(one, known) * one.batch
            return middle * factor + more, low * factor + more, high * factor + more, basis, len(rates)
        rough = self._rough(one, steps)
        return (rough, rough / 2, rough * 2, "benchmark", 0) if rough else (None, None, None, "unknown", 0)

    def _enlarging(self, one: Composed, known: list[_Run]) -> float:
        if one.upscale == 1:
            return 0.0
        rates = [run.enlarge for runs in (self._runs or {}).values() for run in runs if run.enlarge]
        if not rates:  # of pictures that were enlarged before there was a clock on it
            return 0.0
        return statistics.median(rates) * one.width * one.height * one.upscale**2

    def _rough(self, one: Composed, steps: float) -> float | None:
        """From the benchmark that chose the dtype; only for a processor, whose small blocks tell about large ones."""
        measured = (self.use.settings.get("measured_dtype") or {}).get("cpu")
        wanted = str(self.use.settings.get("device"))
        if not isinstance(measured, dict) or wanted not in ("auto", "cpu") or self.machine.card()[1]:
            return None
        block = measured.get(measured.get("chosen"))
        spec = self.use.engine(one.engine).spec
        work = _STEP.get(spec.family)
        if work is None:  # a transformer: each token passes every weight once, there and in guidance
            numbers = sum(size for name, size in self._parts(one.engine).items() if not memory.is_encoder(name)) / 2
            work = 2 * numbers * (spec.native[0] * spec.native[1] / 256 + 512) * (2 if one.guidance > 1 else 1)
        if not block or not work:
            return None
        share = one.width * one.height / (spec.native[0] * spec.native[1])
        return work * share * steps * one.batch / (_BLOCK / float(block))

    def _known(self, engine: str) -> list[_Run]:
        """The newest runs of this model on the device where its newest was made."""
        with self._lock:
            if self._runs is None:
                self._runs = {}
                newest = self.store.assets.search(AssetFilter(), limit=200)
                more = [newest]
                if newest.next_cursor and LOOKED_AT > 200:
                    more.append(self.store.assets.search(AssetFilter(), limit=200, cursor=newest.next_cursor))
                for asset in reversed([one for page in more for one in page.items]):
                    self._take(asset)
            lists = [runs for (id, _), runs in self._runs.items() if id == engine]
            return list(lists[-1]) if lists else []

    def _take(self, asset: Asset) -> None:
        recipe = asset.recipe
        if asset.imported or not asset.bytes or not recipe.width or not recipe.height:
            return
        self._bytes.append(asset.bytes / max(asset.width * asset.height, 1))
        if not recipe.seconds or not recipe.steps or recipe.pipeline not in _TASKS:
            return
        strength = (recipe.inputs or {}).get("strength") or 1
        key = (recipe.engine, recipe.device)
        runs = self._runs.pop(key, None) or deque(maxlen=KEPT * 4)
        self._runs[key] = runs  # the device of the newest picture comes last
        pixels = recipe.width * recipe.height
        task = _TASKS[recipe.pipeline]
        runs.append(_Run(pixels, task, recipe.seconds / max(recipe.steps * strength, 1), _enlarged(recipe, pixels)))

    # ------------------------------------------------------------------ memory and disk
    def _memory(self, one: Composed) -> tuple[int, int]:
        """(bytes needed, bytes there) in the memory that decides: a graphics card's, else the machine's."""
        import psutil

        parts = self._parts(one.engine)
        room = int(memory.RESERVE * max(one.width * one.height * one.batch**0.5 / 1024**2, 0.1))
        wanted = str(self.use.settings.get("device"))
        name, card = self.machine.card() if wanted != "cpu" else ("", 0)
        if card:
            plan, _ = memory.choose(parts, card, reserve=room)
            return memory.needed(plan, parts, room), card
        there = sum(parts.values()) if one.engine == self.use.resident_id() else 0
        return sum(parts.values()) + room, psutil.virtual_memory().available + there

    def _parts(self, engine_id: str) -> dict[str, int]:
        if engine_id not in self._weights:
            engine = self.use.engine(engine_id)
            try:
                parts = engine.footprint() if hasattr(engine, "footprint") else {}
            except Exception as error:  # a forecast must not stand in the way of a picture
                log.info("The size of %s could not be told: %s", engine_id, error)
                parts = {}
            self._weights[engine_id] = parts or {"model": int(engine.spec.vram_gb * 1e9)}
        return self._weights[engine_id]

    def _disk(self, one: Composed) -> float:
        rate = statistics.fmean(self._bytes) if len(self._bytes) >= 4 else _BYTES_A_PIXEL
        pixels = one.width * one.height * (1 + (one.upscale**2 if one.upscale > 1 else 0))
        return one.batch * pixels * rate


_TASKS = {"text-to-image": "text", "image-to-image": "image", "inpaint": "inpaint", "edit": "edit"}


def line(made: Forecast) -> str:
    """The forecast in one short line."""
    what = "1 picture" if made.pictures == 1 else f"{made.pictures} pictures"
    if made.fits == "no" and made.disk > made.disk_free:
        return f"{what}: needs about {size(made.disk)} on the disk, {size(made.disk_free)} are free."
    if made.fits == "no":
        return f"{what}: needs about {size(made.memory)} of memory, {size(made.memory_free)} are there."
    if made.seconds is None:
        time = "time is known after the first one"
    else:
        time = f"about {duration(made.seconds)}"
        time += {"scaled": ", estimated from other sizes", "benchmark": ", a rough guess"}.get(made.basis, "")
        time += " and loading the model" if made.loading else ""
    parts = [f"{what}: {time}", f"{size(made.memory)} memory", f"{size(made.disk)} disk"]
    return " · ".join(parts) + (". It is tight." if made.fits == "tight" else "")


def duration(seconds: float) -> str:
    """ "8 s", "3 min", "1.5 h"."""
    if seconds < 1:
        return "1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """Bytes as "12 MB" or "3.4 GB"."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count / 1e6, 0.1):.{0 if count >= 1e6 else 1}f} MB"


def _verdict(need: float, free: float) -> str:
    return "no" if need > free else "tight" if need > free * _TIGHT else "yes"


def _enlarged(recipe: Recipe, pixels: int) -> float | None:
    told = recipe.upscale or {}
    seconds, factor = told.get("seconds"), told.get("factor")
    usable = isinstance(seconds, int | float) and isinstance(factor, int) and seconds > 0 and factor > 1
    return seconds / (pixels * factor**2) if usable else None


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
