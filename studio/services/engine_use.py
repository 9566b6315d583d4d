"""Who may use the resident engine when. Jobs come first; a quick preview steps aside at its next step.

Loading, devices and memory belong to `pipelines.device`; this file only decides turns and remembers the measured dtype.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines import memory, speed
from pipelines.base import AS_USUAL, Engine, EngineError, LoadOptions, LocalModel
from pipelines.catalog import ENGINES, Shelf
from studio.errors import Cancelled, Conflict, NotFound, OutOfMemory, StudioError
from studio.settings import Settings

if TYPE_CHECKING:
    from pipelines.device import Device

log = logging.getLogger("studio.images")

_PREVIEW_WAITS = 0.4  # seconds a preview waits for another one to step aside


class EngineUse:
    """One per process. `engines` are those that are always there, the default one first; a test hands in its own.

    Installed models come and go with `install`, while the studio runs.
    """

    def __init__(self, settings: Settings, engines: Sequence[Engine] = ENGINES, device: "Device | None" = None):
        self.settings, self.shelf, self._device = settings, Shelf(engines), device
        self.chosen: tuple[str, str] | None = None  # the last plan, for those who only want to tell
        self._making, self._measuring = threading.Lock(), threading.Lock()
        self._job_waits = threading.Event()
        self._job_runs = False
        self._newest: dict[str, int] = {}
        self._counting = threading.Lock()

    @property
    def device(self) -> "Device":
        """The process's device slot; made on first use, since its module may bring heavy ones along."""
        with self._counting:
            if self._device is None:
                from pipelines.device import Device

                self._device = Device(self.settings.get("keep_alive_minutes"))
                self._device.learned = dict(self.settings.get("learned_memory") or {})
            return self._device

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Those there are right now, the default one first."""
        return self.shelf.engines()

    def install(self, models: Iterable[LocalModel]) -> None:
        """These are the installed models from now on; one that stays keeps its engine. What left is unloaded, after the
        picture that is being made with it. Raises StudioError for a family the studio does not know."""
        with translated():
            gone = self.shelf.put(models)
        if gone and self._device is not None:
            threading.Thread(target=self._forget, args=(gone,), name="studio-forget", daemon=True).start()

    def _forget(self, gone: Sequence[Engine]) -> None:
        with self._making:
            self._device.forget(gone)

    def engine(self, engine_id: str) -> Engine:
        """The engine, ready or not. Raises NotFound with the field for an unknown id."""
        found = next((one for one in self.engines if one.spec.id == engine_id), None)
        if found is None:
            known = ", ".join(one.spec.id for one in self.engines)
            raise NotFound(f"There is no model called “{str(engine_id)[:40]}”.", f"There are: {known}.", field="engine")
        return found

    def ready(self, engine_id: str) -> Engine:
        """The engine when it can run. Raises StudioError with the sentence that says what is missing."""
        engine = self.engine(engine_id)
        if problem := engine.ready():
            raise StudioError(
                f"{engine.spec.name} cannot run: {problem}",
                engine.spec.remedy or "Choose another model, or mend this.",
                field="engine",
            )
        return engine

    def plan(self) -> tuple[str, str]:
        """(device, dtype) by the settings. `auto` measures the dtypes once per device and remembers the faster."""
        with translated(), self._measuring:
            device = self.device.choose(self.settings.get("device"))
            wanted = self.settings.get("dtype")
            self.chosen = device, wanted if wanted != "auto" else self.measured(device)["chosen"]
            return self.chosen

    def measured(self, device: str) -> dict:
        """The dtype measurement of this device: seconds per dtype, `chosen` and `why`; from the settings when known."""
        known = dict(self.settings.get("measured_dtype") or {})
        mark = self._machine_mark(device)
        if not (
            isinstance(known.get(device), dict) and known[device].get("chosen") and known[device].get("machine") == mark
        ):
            known[device] = {**self.device.measure_dtype(device), "machine": mark}
            self.settings.set("measured_dtype", known)
            log.info("Measured dtypes on %s: %s", device, known[device])
        return known[device]

    @staticmethod
    def _machine_mark(device: str) -> str:
        """What a measurement belongs to: a data folder may move to another machine, and torch is updated."""
        import platform

        from studio.services.versions import installed

        return f"{platform.node()} {platform.machine()} torch {installed('torch')}"

    # ------------------------------------------------------------------ how a model is loaded
    def options(self, engine_id: str) -> LoadOptions:
        """How this model is loaded: as usual, but for what a person chose for it."""
        chosen = (self.settings.get("model_options") or {}).get(engine_id) or {}
        known = {name: value for name, value in chosen.items() if name in LoadOptions.__dataclass_fields__}
        try:
            return _checked_options(known)
        except StudioError:
            log.warning("The kept options of %s are not understood; the usual ones count.", engine_id)
            return AS_USUAL

    def set_options(self, engine_id: str, changes: dict) -> LoadOptions:
        """Choose how a model is loaded from its next picture on; None goes back to the usual. What was learned about
        its memory is forgotten, so that a plan which once failed is tried again. Raises StudioError with the field."""
        engine = self.engine(engine_id)
        unknown = [name for name in changes if name not in self.switches(engine)]
        if unknown:
            there = ", ".join(sorted(self.switches(engine))) or "nothing"
            raise StudioError(
                f"{engine.spec.name} has no option called {str(unknown[0])[:40]}.", f"It has: {there}.", field="options"
            )
        kept = dict(self.settings.get("model_options") or {})
        own = {name: value for name, value in {**(kept.get(engine_id) or {}), **changes}.items() if value is not None}
        options = _checked_options(own)
        kept[engine_id] = {name: value for name, value in own.items() if value != getattr(AS_USUAL, name)}
        self.settings.set("model_options", {name: value for name, value in kept.items() if value})
        if self._device is not None:
            self._device.learned.pop(engine_id, None)
            self.settings.set("learned_memory", self._device.learned)
        return options

    @staticmethod
    def switches(engine: Engine) -> frozenset[str]:
        """Names of the options that mean something to this model."""
        return engine.switches() if hasattr(engine, "switches") else frozenset()

    def lighten(self) -> str | None:
        """After a run out of memory, inside `for_job`: the model is loaded by a plan that needs less, whose name comes
        back; None when there is none. Raises StudioError when that fails too."""
        with translated():
            slot = self.device.lighten()
        if slot is None:
            return None
        self._keep_learned()
        return next(plan.name for plan in memory.PLANS if plan.id == slot.plan)

    def _keep_learned(self) -> None:
        if self._device is not None and self._device.learned != (self.settings.get("learned_memory") or {}):
            self.settings.set("learned_memory", self._device.learned)

    def resident_id(self) -> str | None:
        """The id of the model that the next picture finds loaded; None when nothing is. Costs nothing."""
        return self._device.resident_id() if self._device is not None else None

    # ------------------------------------------------------------------ turns
    @contextmanager
    def for_job(self, engine_id: str) -> Iterator[tuple[Engine, str, str]]:
        """(loaded engine, device, dtype) for one job. A running preview makes way within a step."""
        self._job_waits.set()
        with self._making:
            self._job_runs = True
            self._job_waits.clear()
            try:
                with self._loaded(engine_id) as loaded:
                    yield loaded
            finally:
                self._job_runs = False

    @contextmanager
    def for_preview(self, engine_id: str, key: str) -> Iterator[tuple[Engine, Callable[[], None]]]:
        """(loaded engine, check) for a quick preview. `check` raises Cancelled once a newer preview with this key was
        asked for, or a job wants its turn; call it at every step. Raises Conflict when a job is being made.
        """
        with self._counting:
            mine = self._newest[key] = self._newest.get(key, 0) + 1

        def check() -> None:
            if self._newest[key] != mine or self._job_waits.is_set():
                raise Cancelled

        if self._job_runs or not self._making.acquire(timeout=_PREVIEW_WAITS):
            if self._newest[key] != mine:
                raise Cancelled
            raise Conflict("A picture is being made right now.", "The preview comes back when it is done.")
        try:
            check()
            with self._loaded(engine_id) as (engine, _, _):
                check()
                yield engine, check
        finally:
            self._making.release()

    @contextmanager
    def _loaded(self, engine_id: str) -> Iterator[tuple[Engine, str, str]]:
        with translated():
            engine = self.ready(engine_id)
            device, dtype = self.plan()
            self.device.keep_alive_minutes = self.settings.get("keep_alive_minutes")
            self.device.ram_share = self.settings.get("ram_share") / 100
            with self.device.resident(engine, device, dtype, self.options(engine_id)) as loaded:
                yield loaded, device, dtype
            self._keep_learned()

    def unload(self) -> None:
        """Give the engine's memory back, when nothing is being made."""
        with self._making:
            if self._device is not None:
                self._device.unload()

    def status(self) -> dict:
        """What is loaded where, in the device's own words. Loads nothing, waits for nothing."""
        status = self._device.status() if self._device is not None else {}
        nothing = dict.fromkeys(("engine", "device", "dtype", "plan", "why"))
        return {**nothing, "weights": 0, "parked": [], "gpu_memory": 0, "gpu_total": 0, **status}


def _checked_options(values: dict) -> LoadOptions:
    """Raises StudioError, with the option as its field, for a value that is none."""

    def wrong(name: str, what: str) -> StudioError:
        return StudioError(f"{name} is {what}.", "Choose one of those that are offered.", field=name)

    for name, value in values.items():
        usual = getattr(AS_USUAL, name)
        if name == "plan" and value not in ("auto", *memory.IDS):
            raise wrong(name, f"auto or one of {', '.join(memory.IDS)}")
        if name == "attention" and value not in ("auto", *speed.ATTENTION):
            raise wrong(name, f"auto or one of {', '.join(speed.ATTENTION)}")
        if name == "cache" and not (isinstance(value, int | float) and 0 <= value <= 1):
            raise wrong(name, "a threshold between 0 and 1")
        if isinstance(usual, bool) and not isinstance(value, bool):
            raise wrong(name, "on or off")
    return LoadOptions(**values)


@contextmanager
def translated() -> Iterator[None]:
    """An engine's errors as the studio's: out of memory says what to change, everything else keeps its words."""
    try:
        yield
    except EngineError as error:
        if error.code == "out_of_memory":
            hint = error.hint or "Make fewer pictures at once, choose a smaller size, or enlarge less; then retry."
            raise OutOfMemory(error.message, hint) from error
        refused = StudioError(error.message, error.hint)
        refused.code = error.code if error.code != "engine" else refused.code
        raise refused from error
    except MemoryError as error:
        raise OutOfMemory(
            "There was not enough memory to make this.",
            "Make fewer pictures at once, choose a smaller size, or enlarge less; then retry.",
        ) from error
