"""Downloads and copies of models: jobs in a queue of their own, so that pictures go on being made meanwhile.

A download's parts lie in a folder of its own until all of it is there and checked; a pause, a failure, a closed
program or a power cut keeps them. Only a finished model leaves that folder, in one step.
"""

import hashlib
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from pipelines import recognise, weight_file
from pipelines.base import EngineError
from studio.domain.document import now
from studio.domain.job import FINISHED, Job
from studio.domain.model import Licence, Source, WeightFile
from studio.durable import is_full, write_whole
from studio.errors import NotFound, StudioError
from studio.services.fetching import PART, Fetcher, Meter, no_room
from studio.services.hub import Hub, RemoteFile, Repo
from studio.services.model_places import ModelPlaces
from studio.services.model_plan import Plan, file_plan, folder_plan, is_folder, told

if TYPE_CHECKING:
    from studio.jobs import JobView, Queue

DOWNLOAD, COPY = "download", "copy"
PLAN, FILES, DISCARDED = "plan.json", "files", "discarded"
LONGEST_INDEX = 1_000_000
LONGEST_HEADER = 16_000_000
STATES = {"waiting": "waiting", "running": "running", "cancelled": "paused", "failed": "failed", "succeeded": "done"}
log = logging.getLogger("studio.models")


class Library(Protocol):
    """Who takes what is finished."""

    def take(self, folder: Path, *, name: str, source: Source, licence: Licence | None, files: list[WeightFile]) -> str:
        """Make the finished folder a model or a LoRA of the library and return its id."""


# ---------------------------------------------------------------------- looking before fetching
def plan_for(hub: Hub, repo: Repo, file: str | None = None) -> tuple[Plan, recognise.Found | None]:
    """What would be downloaded, and what a single file is by its header, read from afar.

    StudioError when the studio could not use it. `choices` of the plan are filled when a file has to be chosen.
    """
    if is_folder(repo) and file is None:
        try:
            index = json.loads(hub.read(repo, recognise.INDEX, LONGEST_INDEX))
        except ValueError as error:
            raise StudioError(f"The {recognise.INDEX} of {repo.repo} cannot be read.", "Choose another.") from error
        if not isinstance(index, dict):
            raise StudioError(f"The {recognise.INDEX} of {repo.repo} cannot be read.", "Choose another.")
        return folder_plan(repo, index), None
    plan = file_plan(repo, file)
    if plan.choices:
        return plan, None
    found = peek(hub, repo, plan.main)
    if found.kind not in ("model", "lora") or (found.problem and found.kind == "model"):
        raise StudioError(
            f"{PurePosixPath(plan.main).name} cannot be used. {found.problem}", "Choose another.", field="repo"
        )
    return plan, found


def peek(hub: Hub, repo: Repo, path: str) -> recognise.Found:
    """What a safetensors file is, by its header alone: some kilobytes instead of gigabytes."""
    size = repo.file(path).bytes
    head = hub.read(repo, path, 8)
    length = int.from_bytes(head[:8], "little")
    name = Path(PurePosixPath(path).name)
    try:
        if len(head) < 8 or not 2 <= length <= min(LONGEST_HEADER, max(size - 8, 0)):
            raise weight_file.BadWeights(
                f"{name} is damaged or not a safetensors file.", "Choose another.", "damaged_file"
            )
        return recognise.file(weight_file.parse(hub.read(repo, path, length, start=8), size, name))
    except EngineError as error:
        raise told(error) from error


# ---------------------------------------------------------------------- the jobs
class DownloadExecutor:
    """Downloads one model. Its request has repo, revision, file, name and catalogue_id."""

    def __init__(self, hub: Hub, places: ModelPlaces, library: Callable[[], Library], fetcher: Fetcher | None = None):
        self.hub, self.places, self._library = hub, places, library
        self.fetcher = fetcher or Fetcher(hub)

    def run(self, job: Job, report) -> None:
        """See Executor."""
        self.hub.check_online()
        work = self.places.make(self.places.work(job.id))
        facts = _facts(work) or self._begin(job, work, report)
        plan, source = Plan.from_json(facts["plan"]), Source(**facts["source"])
        files = self.places.make(work / FILES)
        self.places.check_room(plan.bytes - sum(_arrived(files / _place(plan, one)) for one in plan.files))
        meter = Meter(report, plan.bytes)
        sums: dict[str, str] = {}
        for one in plan.files:
            target = files / _place(plan, one)
            if target.is_file():
                meter.add(one.bytes)
                sums[one.path] = one.sha256
            else:
                sums[one.path] = self.fetcher.fetch(source.repo, source.revision, one, target, meter)
        meter.done = plan.bytes
        meter.tell("Checking the files")
        kept = [WeightFile(path=_place(plan, one), bytes=one.bytes, sha256=sums[one.path]) for one in plan.files]
        write_facts(files, facts | {"files": [one.model_dump() for one in kept]})
        self._library().take(files, name=facts["name"], source=source, licence=Licence(**facts["licence"]), files=kept)
        shutil.rmtree(work, ignore_errors=True)

    def _begin(self, job: Job, work: Path, report) -> dict:
        """Ask the page once and keep the answer: what is resumed is the same commit, whatever happens there."""
        asked = job.request
        report(0, 0, note="Reading the page")
        repo = self.hub.look(asked["repo"], asked.get("revision"))
        plan, found = plan_for(self.hub, repo, asked.get("file"))
        if plan.choices:
            raise StudioError(
                f"{repo.repo} holds {len(plan.choices)} models.", "Choose one of its files.", field="file"
            )
        source = Source(
            kind="hub", repo=repo.repo, revision=repo.sha, file=plan.main, catalogue_id=asked.get("catalogue_id") or ""
        )
        title = found.lora.title if found is not None and found.lora is not None else ""
        stem = PurePosixPath(plan.main).stem if plan.main else repo.repo.rpartition("/")[2]
        facts = {
            "schema": 1,
            "name": asked.get("name") or title or stem,
            "source": source.model_dump(),
            "licence": repo.licence.model_dump(),
            "plan": plan.as_json(),
        }
        write_whole(work / PLAN, json.dumps(facts).encode())
        return facts


class CopyExecutor:
    """Copies a model of this machine into the models folder. Its request has path and name."""

    def __init__(self, places: ModelPlaces, library: Callable[[], Library]):
        self.places, self._library = places, library

    def run(self, job: Job, report) -> None:
        """See Executor. A copy that was interrupted begins its unfinished file again."""
        origin = Path(job.request["path"])
        try:
            found = recognise.recognise(origin)
        except EngineError as error:
            raise told(error) from error
        except OSError as error:
            raise NotFound(f"{origin} cannot be read any more.", "Check that its disk is connected.") from error
        wanted = _worth_copying(origin, found)
        work = self.places.make(self.places.work(job.id))
        files = self.places.make(work / FILES)
        total = sum(one.stat().st_size for one in wanted.values())
        self.places.check_room(total - sum(_arrived(files / name) for name in wanted))
        meter, sums = Meter(report, total), {}
        try:
            for name, path in wanted.items():
                meter.tell(PurePosixPath(name).name)
                sums[name] = _copied(path, files / name, meter)
        except OSError as error:
            if is_full(error):
                raise no_room() from error
            raise StudioError(f"{origin.name} could not be copied ({error.strerror}).", "Check its disk.") from error
        meter.tell("Checking the files")
        kept = [WeightFile(path=name, bytes=(files / name).stat().st_size, sha256=sums[name]) for name in wanted]
        source = Source(**job.request.get("source") or {"kind": "file", "file": str(origin)[:1000]})
        name = job.request.get("name") or origin.stem if origin.is_file() else job.request.get("name") or origin.name
        self._library().take(files, name=name, source=source, licence=None, files=kept)
        shutil.rmtree(work, ignore_errors=True)


# ---------------------------------------------------------------------- what people see and do
class Downloads:
    """The queue of downloads and copies as people know it: running, waiting, paused, failed."""

    def __init__(self, queue: "Queue", places: ModelPlaces):
        self.queue, self.places = queue, places
        self._ending: set[str] = set()
        self._listed: tuple[tuple, list[dict]] = ((), [])

    def list(self) -> list[dict]:
        """Every download that is not done, in the order they are worked on. Costs nothing while nothing changed: the
        pages' streams ask at every step of a picture.
        """
        now = (self.queue.version, frozenset(self._ending))
        if self._listed[0] != now:
            views = self.queue.views(limit=500).items
            lines = [self.line(view) for view in views if view.state != "succeeded" and view.id not in self._ending]
            self._listed = (now, lines)
        return [dict(line) for line in self._listed[1]]

    def line(self, view: "JobView") -> dict:
        """One download: `state`, `done` and `total` bytes, `rate` bytes a second, `eta_s`, `note`, `error`."""
        progress, facts = view.progress, _facts(self.places.work(view.id))
        done, total = progress.done, progress.total
        if view.state != "running" and facts:  # what lies on the disk is the truth
            plan = Plan.from_json(facts["plan"])
            files = self.places.work(view.id) / FILES
            done, total = sum(_arrived(files / _place(plan, one)) for one in plan.files), plan.bytes
        return {
            "id": view.id,
            "kind": view.kind,
            "state": "pausing" if view.cancelling else STATES[view.state],
            "position": view.position,
            "name": (facts or {}).get("name") or view.request.get("name") or view.request.get("repo", ""),
            "repo": view.request.get("repo", ""),
            "file": view.request.get("file") or "",
            "catalogue_id": view.request.get("catalogue_id") or "",
            "done": done,
            "total": total,
            "rate": progress.rate if view.state == "running" else None,
            "eta_s": progress.eta_s if view.state == "running" else None,
            "note": progress.note if view.state == "running" else "",
            "error": view.error,
            "licence": (facts or {}).get("licence"),
            "created_at": view.created_at,
        }

    def get(self, job_id: str) -> dict:
        """One download. NotFound when there is none."""
        return self.line(self._view(job_id))

    def pause(self, job_id: str) -> dict:
        """Stop for now; what has arrived stays, also over a restart."""
        view = self._view(job_id)
        return self.line(view if view.state in FINISHED else self.queue.cancel(job_id))

    def resume(self, job_id: str) -> dict:
        """Go on where it stopped, after a pause or a failure."""
        view = self._view(job_id)
        return self.line(self.queue.retry(job_id) if view.state in FINISHED else view)

    def cancel(self, job_id: str) -> None:
        """Stop for good and throw away what has arrived. It is gone from the list at once."""
        view = self._view(job_id)
        work = self.places.work(job_id)
        if work.exists():
            (work / DISCARDED).touch()  # a crash before the end of this must not bring it back
        self._ending.add(job_id)
        if view.state not in FINISHED:
            self.queue.cancel(job_id)
        threading.Thread(target=self._discard, args=(job_id,), name="studio-discard", daemon=True).start()

    def sweep(self) -> None:
        """Throw away what belongs to no download any more, and forget the finished ones. Called before the start."""
        kept = {view.id: view for view in self.queue.views(limit=500).items}
        for work in self.places.works():
            if work.name not in kept or (work / DISCARDED).exists() or kept[work.name].state == "succeeded":
                shutil.rmtree(work, ignore_errors=True)
                if work.name in kept and (work.name in self._ending or kept[work.name].state != "succeeded"):
                    self._forget(work.name)
        for view in kept.values():
            if view.state == "succeeded":
                self._forget(view.id)

    def _forget(self, job_id: str) -> None:
        try:
            if self.queue.view(job_id).state not in FINISHED:
                self.queue.cancel(job_id)
            self.queue.remove(job_id)
        except StudioError as error:
            log.info("Download %s stays on the list: %s", job_id, error.message)

    def _discard(self, job_id: str) -> None:
        try:
            self.queue.finished(job_id, 120)
            shutil.rmtree(self.places.work(job_id), ignore_errors=True)
            self.queue.remove(job_id)
        except (TimeoutError, StudioError) as error:
            log.warning("Download %s is thrown away at the next start: %s", job_id, error)
        finally:
            self._ending.discard(job_id)

    def _view(self, job_id: str) -> "JobView":
        if job_id in self._ending:
            raise NotFound("This download was cancelled.", "Start it again.")
        return self.queue.view(job_id)


# ---------------------------------------------------------------------- inside
def write_facts(folder: Path, facts: dict) -> None:
    """Keep beside the model where it came from and its sums, for whoever finds the folder without our documents."""
    kept = {name: facts[name] for name in ("schema", "name", "source", "licence", "files") if name in facts}
    write_whole(folder / "studio.json", json.dumps(kept | {"at": now()}, indent=1).encode())


def _facts(work: Path) -> dict | None:
    try:
        facts = json.loads((work / PLAN).read_text(encoding="utf-8"))
        Plan.from_json(facts["plan"]), Source(**facts["source"]), facts["name"], facts["licence"]
        return facts
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _place(plan: Plan, file: RemoteFile) -> str:
    """Where a file goes: as in the repository, but a single file has no folders around it."""
    return file.path if plan.layout == "folder" else PurePosixPath(file.path).name


def _arrived(target: Path) -> int:
    """Bytes there are of a file, finished or in part."""
    for path in (target, target.with_name(target.name + PART)):
        try:
            return path.stat().st_size
        except OSError:
            continue
    return 0


def _worth_copying(origin: Path, found: recognise.Found) -> dict[str, Path]:
    """The files of a model by their names in its new folder: weights, settings, words; no pickles, nothing hidden."""
    if origin.is_file():
        return {origin.name: origin}
    wanted = {name: origin / name for name in (recognise.INDEX, *found.files)}
    for folder in [origin, *(one for one in sorted(origin.iterdir()) if one.is_dir())]:
        for one in sorted(folder.iterdir()):
            text = one.suffix.lower() in (".json", ".txt", ".model", ".jinja", ".md") or one.name.startswith("LICEN")
            if one.is_file() and text and not one.name.startswith(".") and one.stat().st_size < 64 * 1024 * 1024:
                wanted[one.relative_to(origin).as_posix()] = one
    return wanted


def _copied(path: Path, target: Path, meter: Meter) -> str:
    """Copy one file; its SHA-256. A finished one is only counted."""
    total = hashlib.sha256()
    if target.is_file() and target.stat().st_size == path.stat().st_size:
        with target.open("rb") as kept:
            while piece := kept.read(1 << 20):
                total.update(piece)
                meter.add(len(piece))
        return total.hexdigest()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PART)
    with path.open("rb") as read, part.open("wb") as out:
        while piece := read.read(1 << 20):
            out.write(piece)
            total.update(piece)
            meter.add(len(piece))
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, target)
    return total.hexdigest()
