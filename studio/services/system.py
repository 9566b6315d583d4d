"""The house itself: health, log, storage, and a report about a problem that tells nothing private."""

import json
import logging
import os
import shutil
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import memory, speed
from studio import __version__
from studio.domain.document import now
from studio.paths import Paths
from studio.services import log as log_file
from studio.services.engine_use import EngineUse
from studio.services.scrub import Scrubber
from studio.services.versions import versions
from studio.settings import Settings
from studio.store import find_orphans

if TYPE_CHECKING:
    from studio.jobs import Queue
    from studio.store import Store

log = logging.getLogger("studio.system")

_STORAGE_AGE, _MOST_FILES, _MOST_SECONDS = 60.0, 300_000, 5.0
_REPORT_LINES = 3000
_LITTLE_DISK = 500 * 1024 * 1024
_NUMBERS_ONLY = (bool, int, float)


class System:
    """Reads everybody, changes nobody. `queue` and `use` say what runs; nothing here imports torch to find out."""

    def __init__(self, paths: Paths, settings: Settings, store: "Store", queue: "Queue", use: EngineUse):
        self.paths, self.settings, self.store, self.queue, self.use = paths, settings, store, queue, use
        self.started = time.time()
        self._measured: tuple[float, dict] | None = None
        self._measuring = threading.Lock()
        self._looking: threading.Thread | None = None
        self._found: list[str] = []

    def changes(self) -> dict[str, int]:
        """A number per kind of document that grows with every change: the same number, nothing new."""
        kinds = {
            "characters": (self.store.characters,),
            "assets": (self.store.assets,),
            "posts": (self.store.posts,),
            "accounts": (self.store.accounts,),
            "models": (self.store.models, self.store.loras),
            "trainings": (self.store.trainings,),
            "motion": (self.store.projects, self.store.sounds),
            "writers": (self.store.endpoints,),
        }
        return {name: sum(one.changes for one in parts) for name, parts in kinds.items()}

    # ------------------------------------------------------------------ health
    def health(self) -> dict:
        """Groups `device`, `memory`, `disk`, `models`, `queue`, `versions`; `problems` is a list of sentences.

        Bytes are whole numbers, times seconds. Values that are not known yet are None.
        """
        health = {
            "version": __version__,
            "uptime_s": round(time.time() - self.started),
            "device": self._device(),
            "memory": self._memory(),
            "disk": self._disk(),
            "models": [self._model(engine) for engine in self.use.engines],
            "queue": self._queue(),
            "versions": versions(),
            "notices": self.notices(),
        }
        health["problems"] = self._problems(health)
        return health

    def _device(self) -> dict:
        """What is used and why. `device` is None until the first picture: finding out loads torch."""
        status = self.use.status()
        measured = self.settings.get("measured_dtype") or {}
        device = status["device"] or (self.use.chosen or [None])[0]
        known = measured.get(device) if device else next(iter(measured.values()), None)
        wanted = self.settings.get("dtype")
        if wanted != "auto":
            why = f"{wanted} is chosen in Settings."
        else:
            why = (known or {}).get("why") or "It is measured when the first picture is made."
        dtype = status.get("dtype") or (wanted if wanted != "auto" else (known or {}).get("chosen"))
        return {
            "wanted": self.settings.get("device"),
            "device": device,
            "name": _device_name(device),
            "dtype": dtype,
            "why": why,
            "measured": known,
            "engine": status.get("engine"),
            "engine_memory": status["gpu_memory"] or status["weights"] or None,
            "plan": _plan_name(status["plan"]),
            "plan_why": status["why"],
            "waiting_models": status["parked"],
            "busy": bool(status.get("busy")),
        }

    # ------------------------------------------------------------------ how models are loaded
    def model_options(self, engine_id: str) -> dict:
        """How a model is loaded: `options` in force, `switches` it has, the `plans` and `attention` there are.

        Raises NotFound for a model that is not there.
        """
        engine = self.use.engine(engine_id)
        return {
            "id": engine_id,
            "options": asdict(self.use.options(engine_id)),
            "switches": sorted(self.use.switches(engine)),
            "plans": [{"id": "auto", "name": "Automatic", "words": "The fastest that fits."}]
            + [asdict(plan) for plan in memory.PLANS],
            "attention": ["auto", *speed.attention_backends()],
        }

    def set_model_options(self, engine_id: str, changes: dict) -> dict:
        """Choose how a model is loaded from its next picture on; None goes back to the usual. Raises StudioError."""
        self.use.set_options(engine_id, changes)
        return self.model_options(engine_id)

    @staticmethod
    def _memory() -> dict:
        import psutil

        whole = psutil.virtual_memory()
        return {
            "studio": psutil.Process().memory_info().rss,
            "available": whole.available,
            "total": whole.total,
            "cpu_cores": os.cpu_count(),
        }

    def _disk(self) -> dict:
        usage = shutil.disk_usage(self.paths.data)
        return {"folder": str(self.paths.data), "free": usage.free, "total": usage.total}

    @staticmethod
    def _model(engine) -> dict:
        spec = engine.spec
        return {
            "id": spec.id,
            "name": spec.name,
            "summary": spec.summary,
            "licence": spec.licence,
            "ready": engine.ready(),
        }

    def _queue(self) -> dict:
        active = self.queue.active()
        running = sum(view.state == "running" for view in active)
        return {"running": running, "waiting": len(active) - running, "paused": bool(self.queue.paused)}

    @staticmethod
    def _problems(health: dict) -> list[str]:
        problems = [f"{model['name']} cannot run: {model['ready']}" for model in health["models"] if model["ready"]]
        if health["disk"]["free"] < _LITTLE_DISK:
            problems.append(f"Only {health['disk']['free'] / 1e6:.0f} MB are free on the disk.")
        if health["memory"]["available"] < _LITTLE_DISK:
            problems.append(f"Only {health['memory']['available'] / 1e6:.0f} MB of memory are free.")
        return problems

    def notices(self) -> list[str]:
        """Sentences about what was found: damaged files set aside, settings not understood, pictures without an entry.

        The pictures are looked for in the background, once, when somebody asks first.
        """
        if self._looking is None:
            self._looking = threading.Thread(target=self._look_for_orphans, name="studio-orphans", daemon=True)
            self._looking.start()
        return [*self.store.notices, *self.settings.notices, *self._found]

    def _look_for_orphans(self) -> None:
        try:
            number = len(find_orphans(self.paths, self.store.assets))
        except Exception:  # a background look must not end in silence, nor matter to anybody else
            log.exception("Pictures without an entry could not be looked for.")
            return
        if number:
            which = "1 picture has" if number == 1 else f"{number} pictures have"
            self._found = [
                f"{which} a file in the outputs folder but no entry in the library. Review offers to add them."
            ]

    # ------------------------------------------------------------------ log
    def log(self, level: str = "INFO", limit: int = 200) -> list[dict]:
        """The newest events of at least this level, newest last: {time, level, source, text}."""
        return log_file.read(self.paths.log_file, level, limit)

    # ------------------------------------------------------------------ storage
    def storage(self, *, fresh: bool = False) -> dict:
        """What uses the disk: `parts` ({name, bytes, files}), `total` and `free` bytes. Counted at most once a minute.

        `complete` is False when there was too much to count in a few seconds; then the numbers are lower bounds.
        """
        with self._measuring:
            if fresh or self._measured is None or time.monotonic() - self._measured[0] > _STORAGE_AGE:
                self._measured = (time.monotonic(), self._count())
            return dict(self._measured[1])

    def _count(self) -> dict:
        budget = _Budget(_MOST_FILES, _MOST_SECONDS)
        house, exports = self.paths.house, self.paths.exports()
        parts = {
            "Characters": _size(self.paths.characters, budget),
            "Pictures": _size(self.paths.outputs, budget, skip={house.name, exports.name}),
            "Exports": _size(exports, budget),
            "Thumbnails": _size(house / "thumbnails", budget),
            "Jobs, posts, settings and log": _size(house, budget, skip={"thumbnails"}),
            "The starter model": _size(self.paths.code / "pipelines", budget),
            "Models and LoRAs": _size(self.paths.models(str(self.settings.get("models_folder"))), budget),
        }
        return {
            "parts": [{"name": name, "bytes": size, "files": files} for name, (size, files) in parts.items()],
            "total": sum(size for size, _ in parts.values()),
            "free": shutil.disk_usage(self.paths.data).free,
            "complete": not budget.spent,
            "measured_at": now(),
        }

    # ------------------------------------------------------------------ problem report
    def problem_report(self, *, with_texts: bool = False) -> Path:
        """A zip to send along with a question: health, settings, log. No secrets, no folder names of this machine.

        Prompts, names and other words of the person's stay out unless `with_texts`.
        """
        names = [] if with_texts else [one.name for one in self.store.characters.all()]
        names += [part for name in names for part in name.split() if len(part) > 2]
        clean = Scrubber(self.paths.data, names)
        events = log_file.read(self.paths.log_file, "DEBUG", _REPORT_LINES)
        lines = "\n".join(f"{one['time']} {one['level']:<8}{one['source']} | {one['text']}" for one in events)
        parts = {
            "health.json": _json(self._guarded(self.health)),
            "settings.json": _json(self._settings(with_texts)),
            "storage.json": _json(self._guarded(self.storage)),
            "counts.json": _json(self._guarded(self._counts)),
            "log.txt": lines,
            "README.txt": _REPORT_WORDS,
        }
        folder = self.paths.house / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"problem-report-{now()[:19].replace(':', '').replace('T', '-')}.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in parts.items():
                archive.writestr(name, clean(text))
        return target

    @staticmethod
    def _guarded(part: Callable[[], dict]) -> dict:
        """A report is made when something is broken: one broken part must not keep the others out."""
        try:
            return part()
        except Exception as error:
            log.exception("A part of the problem report could not be made.")
            return {"failed": f"{type(error).__name__}: {error}"}

    def _settings(self, with_texts: bool) -> dict:
        values = {}
        for name, value in self.settings.as_dict().items():
            choice = isinstance(value, str) and len(value) <= 20 and " " not in value
            plain = value is None or isinstance(value, _NUMBERS_ONLY) or choice or name == "measured_dtype"
            values[name] = value if plain or with_texts else "(left out)"
        return values

    def _counts(self) -> dict:
        facets = self.store.assets.facets()
        return {
            "characters": len(self.store.characters.all()),
            "assets": facets.get("states", {}),
            "jobs": self.store.jobs.count(),
            "posts": self.store.posts.count(),
        }


_REPORT_WORDS = """A report about a problem with Character Studio.
health.json    device, memory, disk, models, queue, versions
settings.json  settings; words you typed are left out
storage.json   what uses the disk
counts.json    how many characters, pictures, jobs and posts there are
log.txt        the newest events
Look through it before you send it: passwords, tokens, names and folders of this machine were removed as far as they
could be recognised.
"""


class _Budget:
    """How much may still be counted."""

    def __init__(self, files: int, seconds: float):
        self.files, self.until, self.spent = files, time.monotonic() + seconds, False

    def take(self) -> bool:
        self.files -= 1
        if self.files < 0 or time.monotonic() > self.until:
            self.spent = True
        return not self.spent


def _size(folder: Path, budget: _Budget, skip: frozenset[str] | set[str] = frozenset()) -> tuple[int, int]:
    """(bytes, files) below a folder; links are not followed."""
    size = files = 0
    folders = [folder]
    while folders and not budget.spent:
        try:
            entries = list(os.scandir(folders.pop()))
        except OSError:
            continue  # gone, or not ours to look into
        for entry in entries:
            if entry.name in skip and Path(entry.path).parent == folder:
                continue
            if not budget.take():
                break
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    size, files = size + entry.stat(follow_symlinks=False).st_size, files + 1
            except OSError:
                continue
    return size, files


def _plan_name(plan: str | None) -> str | None:
    return next((one.name for one in memory.PLANS if one.id == plan), None)


def _device_name(device: str | None) -> str:
    """What the device is called: the graphics card, or the processor."""
    if device == "cuda" and "torch" in sys.modules:
        return sys.modules["torch"].cuda.get_device_name(0)
    if device in ("cpu", None):
        return _processor()
    return {"mps": "Apple graphics"}.get(device, device)


def _processor() -> str:
    import platform

    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _json(value) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
