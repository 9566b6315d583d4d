"""The model library: what is installed, what could be, what is on its way; and the engines that come of it."""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import recognise
from pipelines.base import Engine, EngineError, Family, LocalModel
from pipelines.catalog import FAMILIES
from studio.domain.catalogue import CATALOGUE, Offer, offer
from studio.domain.document import now
from studio.domain.licences import known_licence
from studio.domain.model import (
    DownloadRequest,
    ImportRequest,
    Licence,
    Lora,
    Model,
    ModelPatch,
    Source,
    WeightFile,
    one_line,
)
from studio.errors import Conflict, NotFound, StudioError
from studio.services.downloads import COPY, DOWNLOAD, CopyExecutor, DownloadExecutor, Downloads, plan_for
from studio.services.engine_use import EngineUse
from studio.services.hub import TOKEN, Hub, repo_name
from studio.services.loras import Loras
from studio.services.machine import Machine
from studio.services.model_places import ModelPlaces, slug_of
from studio.services.model_plan import told
from studio.services.model_search import ModelSearch, Seen, snapshots

if TYPE_CHECKING:
    from studio.jobs import JobView, Queue
    from studio.store import Store

BASES = recognise.NAMES  # what LoRAs can be made for, by id
LONGEST_LICENCE = 400_000
NUMBERS = {"steps": (1, 150), "guidance": (0, 30), "width": (64, 4096), "height": (64, 4096)}
log = logging.getLogger("studio.models")


class Models:
    """One per process. `queue` (of downloads) is handed over once it exists: it needs `executors` first."""

    def __init__(self, store: "Store", places: ModelPlaces, hub: Hub, use: EngineUse, loras: Loras):
        self.store, self.places, self.hub, self.use, self.loras = store, places, hub, use, loras
        self.settings = use.settings
        self.machine = Machine(use)
        self.search = ModelSearch(self._places_to_look)
        self.executors = {
            DOWNLOAD: DownloadExecutor(hub, places, lambda: self),
            COPY: CopyExecutor(places, lambda: self),
        }
        self._changing = threading.RLock()
        self._listeners: list[Callable[[], None]] = []
        self.loading: str | None = None
        self.load_problem: dict | None = None

    def use_queue(self, queue: "Queue") -> None:
        """The queue of downloads exists now."""
        self.queue, self.downloads = queue, Downloads(queue, self.places)

    def start(self) -> None:
        """Make engines of the installed models, go on with downloads, look around in the background."""
        self.refresh()
        self.downloads.sweep()
        self.queue.start()
        self.search.begin()

    def stop(self, timeout: float = 5) -> bool:
        """Put the running download back and end its worker; False when it did not end in time."""
        ended: list[bool] = []
        ending = threading.Thread(target=lambda: ended.append(self.queue.stop(timeout)), name="studio-stop")
        ending.start()
        while not self.queue.stopping and ending.is_alive():
            ending.join(0.005)
        self.hub.stop()  # only now: a broken line must find a queue that is stopping, and not count as a pause
        ending.join()
        return bool(ended and ended[0])

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call this after the library changed, on the thread that changed it."""
        self._listeners.append(callback)

    # ------------------------------------------------------------------ installed
    def installed(self, *, trashed: bool = False) -> list[Model]:
        """The models of this studio, by name."""
        found = [one for one in self.store.models.all() if bool(one.trashed_at) == trashed]
        return sorted(found, key=lambda one: (one.name.casefold(), one.id))

    def get(self, model_id: str) -> Model:
        """NotFound when there is none."""
        return self.store.models.get(model_id)

    def refresh(self) -> None:
        """Tell the engines which models there are."""
        with self._changing:
            local = [made for one in self.installed() if (made := self._local(one)) is not None]
            self.use.install(local)
        for listener in self._listeners:
            listener()

    def _local(self, model: Model) -> LocalModel | None:
        """The model as an engine's family takes it; None for a family the studio does not know any more."""
        family = _family(model.family)
        if family is None or model.id in self._always():
            return None
        return LocalModel(
            id=model.id,
            name=model.name,
            family=model.family,
            path=self.places.of(model),
            layout=model.layout,
            variant=model.variant,
            licence=model.licence.name,
            defaults=dict(model.defaults),
        )

    def _always(self) -> set[str]:
        """Ids of the engines that need no installed model."""
        mine = {one.id for one in self.store.models.all()}
        return {engine.spec.id for engine in self.use.engines if engine.spec.id not in mine}

    def base_of(self, engine_id: str) -> str:
        """What LoRAs for this engine have to be made for; "" when it takes none."""
        try:
            return self.get(engine_id).base
        except NotFound:
            return engine_id if engine_id in recognise.NAMES else ""

    # ------------------------------------------------------------------ bringing in
    def look_up(self, wanted: DownloadRequest) -> dict:
        """What a repository would bring: `bytes`, `files`, `family`, `licence`, `fit`, or `choices` of single files.

        Raises StudioError with the reason when the studio could not use it.
        """
        entry, repo, file = self._wanted(wanted)
        page = self.hub.look(repo, wanted.revision)
        plan, found = plan_for(self.hub, page, file)
        family = plan.family or (found.family if found else "")
        return {
            "repo": page.repo,
            "revision": page.sha,
            "name": wanted.name or (entry.name if entry else page.repo.rpartition("/")[2]),
            "kind": found.kind if found else "model",
            "family": family,
            "family_name": self.family_name(found.base if found and found.kind == "lora" else family),
            "bytes": plan.bytes,
            "files": len(plan.files),
            "choices": [{"file": one, "bytes": page.file(one).bytes if page.file(one) else 0} for one in plan.choices],
            "licence": page.licence.model_dump(),
            "asks": page.asks,
            "fit": self._fit(family) if found is None or found.kind == "model" else None,
            "free": self.places.free(),
        }

    def download(self, wanted: DownloadRequest, owner: str = "") -> "JobView":
        """Ask for a download. It is on the disk when this returns; Conflict when it is here or on its way."""
        entry, repo, file = self._wanted(wanted)
        self.hub.check_online()
        same = lambda one: one.get("repo") == repo and (one.get("file") or "") == (file or "")
        if any(same(one) for one in self.downloads.list()):
            raise Conflict(f"{repo} is on its way already.", "Watch it under Downloads.", field="repo")
        for one in (*self.store.models.all(), *self.store.loras.all()):
            if one.source.kind == "hub" and one.source.repo == repo and file in (None, one.source.file):
                if not (wanted.revision and wanted.revision != one.source.revision):
                    where = "in the trash" if one.trashed_at else "installed"
                    raise Conflict(f"{one.name} is {where} already.", "Restore or remove it first.", field="repo")
        request = {
            "repo": repo,
            "revision": wanted.revision,
            "file": file,
            "name": one_line(wanted.name or (entry.name if entry else "")),
            "catalogue_id": entry.id if entry else "",
        }
        return self.queue.submit(DOWNLOAD, request, owner=owner)

    def import_path(self, wanted: ImportRequest, owner: str = "") -> "Model | Lora | JobView":
        """A model or LoRA of this machine: at once when it stays in place or is small, else a job that copies it."""
        path = Path(wanted.path.strip().strip('"')).expanduser()
        if not path.is_absolute():
            raise StudioError(
                "Write the whole path of the file or folder.", "It begins with / or a drive.", field="path"
            )
        return self._bring_in(path, wanted.mode, wanted.name, Source(kind="file", file=str(path)[:1000]), owner)

    def adopt(self, key: str, mode: str = "reference", owner: str = "") -> "Model | Lora | JobView":
        """Add something the search has seen."""
        seen = self.search.get(key)
        if seen is None:
            raise NotFound("This is not in the last look around.", "Look again.")
        return self._bring_in(seen.path, mode, seen.name, seen.source, owner)

    def _bring_in(self, path: Path, mode: str, name: str | None, source: Source, owner: str):
        found = self._recognised(path)
        if found.kind == "lora":
            lora = self.loras.import_path(path, mode, name if source.kind == "file" else None)
            self.refresh()
            return lora
        if found.kind != "model" or found.problem:
            raise StudioError(f"{path.name} cannot be used. {found.problem}", "Choose another.", field="path")
        real = Path(os.path.realpath(path))
        for one in self.store.models.all():
            if Path(os.path.realpath(self.places.of(one))) == real:
                where = "in the trash" if one.trashed_at else "in the library"
                raise Conflict(f"{one.name} is {where} already.", "There is nothing to import.", field="path")
        if mode == "copy" and not _inside(real, self.places.root):
            self.places.check_room(found.bytes)
            request = {"path": str(path), "name": one_line(name or ""), "source": source.model_dump()}
            return self.queue.submit(COPY, request, owner=owner)
        title = one_line(name or "") or (path.stem if path.is_file() else path.name)
        kept = _inside(real, self.places.shelf("model")) and len(real.relative_to(self.places.root).parts) <= 3
        place = real.relative_to(self.places.root).as_posix() if kept else str(path)
        return self._add(found, real if kept else path, title, place, kept, source, None, [])

    def take(self, folder: Path, *, name: str, source: Source, licence: Licence | None, files: list[WeightFile]) -> str:
        """See downloads.Library: a finished folder goes onto its shelf, then the document is written."""
        if (folder / recognise.INDEX).is_file():
            found, main = self._recognised(folder), None
        else:
            main = next(one for one in sorted(folder.iterdir()) if one.suffix.lower() == ".safetensors")
            found = self._recognised(main)
        licence = _with_text(licence or known_licence(""), folder)
        if found.kind == "lora":
            lora = self.loras.take(folder, main, name=name, source=source, licence=licence)
            self.refresh()
            return lora.id
        if found.kind != "model" or found.problem:
            raise StudioError(f"{name} cannot be used. {found.problem}", "Remove this download.", field="repo")
        with self._changing:
            loose = {one.name for one in self.places.loose("model", ())}
            slug = slug_of(source.catalogue_id or name, self._taken() | loose)
            place = self.places.take_in(folder, "model", slug)
            path = self.places.root / place
            if main is not None:
                place, path = f"{place}/{main.name}", path / main.name
            return self._add(found, path, name, place, True, source, licence, files, slug).id

    def _add(self, found, path: Path, name, place: str, kept, source, licence, files, slug=None) -> Model:
        family = _family(found.family)
        with self._changing:
            model = Model(
                id=slug or slug_of(name, self._taken()),
                name=name[:120],
                family=found.family,
                base=found.base or found.family,
                layout=found.layout,
                variant=found.variant or (family.variant_of(path) if family else ""),
                path=place,
                kept=kept,
                bytes=found.bytes,
                precision=found.precision,
                files=files or [WeightFile(path=one) for one in found.files],
                licence=licence or self._licence_beside(found, path),
                source=source,
                defaults=dict(entry.defaults) if (entry := offer(source.catalogue_id)) else {},
            )
            model = self.store.models.add(model)
        log.info("Model %s (%s, %s) is in the library.", model.id, model.family, model.layout)
        self.refresh()
        return model

    def _licence_beside(self, found: recognise.Found, path: Path) -> Licence:
        stated = known_licence(found.metadata.get("modelspec.license", ""))
        return _with_text(stated, path) if path.is_dir() else stated

    def _recognised(self, path: Path) -> recognise.Found:
        try:
            return recognise.recognise(path)
        except EngineError as error:
            refused = told(error)
            refused.field = "path"
            raise refused from error
        except OSError as error:
            raise NotFound(
                f"{path} cannot be read ({error.strerror or error}).", "Check the path and its rights.", field="path"
            ) from error

    def _taken(self) -> set[str]:
        return {one.id for one in self.store.models.all()} | {engine.spec.id for engine in self.use.engines}

    def _wanted(self, wanted: DownloadRequest) -> tuple[Offer | None, str, str | None]:
        entry = offer(wanted.id) if wanted.id else None
        if wanted.id and entry is None:
            raise NotFound(f"The catalogue has no {wanted.id[:40]}.", "GET /models lists it.", field="id")
        if entry is None and not wanted.repo:
            raise StudioError("Say which model.", "An id of the catalogue, or a repository.", field="repo")
        repo = entry.repo if entry else repo_name(wanted.repo)
        return entry, repo, wanted.file or (entry.file if entry else None) or None

    # ------------------------------------------------------------------ changing
    def patch(self, model_id: str, patch: ModelPatch) -> Model:
        """Change name, notes, variant or defaults. StudioError with a field."""
        values = {name: value for name, value in patch.model_dump().items() if value is not None}
        model = self.get(model_id)
        family = _family(model.family)
        if "defaults" in values:
            values["defaults"] = _numbers(values["defaults"], family)
        if "variant" in values and family and values["variant"] not in [one.id for one in family.variants]:
            known = ", ".join(one.id for one in family.variants)
            raise StudioError(f"{family.name} has no such variant.", f"There are: {known}.", field="variant")
        model = self.store.models.update(model_id, lambda one: [setattr(one, *item) for item in values.items()])
        self.refresh()
        return model

    def trash(self, model_id: str) -> Model:
        """Out of the library: kept files to the trash, others' files stay. Conflict while it is at work."""
        model = self.get(model_id)
        if model.trashed_at:
            return model
        status = self.use.status()
        if status.get("engine") == model_id and status.get("busy"):
            raise Conflict(f"{model.name} is making a picture.", "Wait until it is done, or cancel its job.")
        with self._changing:
            self.store.models.update(model_id, lambda one: setattr(one, "trashed_at", now()))
            self.refresh()
            if status.get("engine") == model_id:
                self.use.unload()
            try:
                self.places.to_trash(model)
            except (OSError, StudioError) as error:
                self.store.models.update(model_id, lambda one: setattr(one, "trashed_at", None))
                self.refresh()
                if isinstance(error, StudioError):
                    raise
                raise StudioError(
                    f"{model.name} could not be moved ({error.strerror or error}).", "Close what uses its files."
                ) from error
        if self.settings.get("default_model") == model_id:
            self.settings.reset("default_model")
        return self.get(model_id)

    def restore(self, model_id: str) -> Model:
        """Back from the trash."""
        model = self.get(model_id)
        if not model.trashed_at:
            return model
        with self._changing:
            self.places.from_trash(model)
            model = self.store.models.update(model_id, lambda one: setattr(one, "trashed_at", None))
        self.refresh()
        return model

    def delete_forever(self, model_id: str) -> None:
        """Gone for good, with the files the studio keeps. Others' files stay."""
        model = self.get(model_id)
        if not model.trashed_at:
            model = self.trash(model_id)
        self.places.delete(model)
        self.store.models.remove(model_id)
        self.refresh()

    # ------------------------------------------------------------------ at work
    def set_default(self, engine_id: str) -> None:
        """The Create tab begins with this model from now on."""
        self.settings.set("default_model", self.use.engine(engine_id).spec.id)
        for listener in self._listeners:
            listener()

    def load(self, engine_id: str) -> None:
        """Bring a model into memory now, in the background. Conflict while another is being loaded."""
        engine = self.use.ready(engine_id)
        with self._changing:
            if self.loading:
                raise Conflict("A model is being loaded already.", "Wait until it is there.")
            self.loading = engine_id
        threading.Thread(target=self._load, args=(engine,), name="studio-load", daemon=True).start()

    def _load(self, engine: Engine) -> None:
        try:
            with self.use.for_job(engine.spec.id):
                pass
            self.load_problem = None
        except StudioError as error:
            self.load_problem = {"id": engine.spec.id, **error.as_dict()}
        except Exception:
            log.exception("%s could not be loaded.", engine.spec.id)
            self.load_problem = {"id": engine.spec.id, "message": "It could not be loaded.", "hint": "See the log."}
        finally:
            self.loading = None
            for listener in self._listeners:
                listener()

    def unload(self) -> None:
        """Give the memory of the loaded model back. Conflict while it is at work."""
        if self.use.status().get("busy"):
            raise Conflict("The model is making a picture.", "Wait until it is done, or cancel the job in Create.")
        self.use.unload()
        for listener in self._listeners:
            listener()

    # ------------------------------------------------------------------ the token
    def token_set(self) -> bool:
        """Whether there is a token for gated models."""
        return bool(self.hub.keychain.get(TOKEN))

    def set_token(self, token: str) -> None:
        self.hub.keychain.set(TOKEN, token)

    def remove_token(self) -> None:
        self.hub.keychain.remove(TOKEN)

    # ------------------------------------------------------------------ views
    def cards(self) -> list[dict]:
        """Every model people can see: installed ones first, then what the catalogue offers."""
        status, default = self.use.status(), self.default()
        mine = {one.id: one for one in self.store.models.all()}
        cards = [self._card(engine, mine.get(engine.spec.id), status, default) for engine in self.use.engines]
        known = {card["id"] for card in cards}
        cards += [self._lost(one) for one in mine.values() if not one.trashed_at and one.id not in known]
        return cards + [self._offer(one) for one in CATALOGUE if not self._has(one)]

    def card(self, model_id: str) -> dict:
        """One card by its id. NotFound when there is none."""
        found = next((one for one in self.cards() if one["id"] == model_id), None)
        if found is None:
            trashed = self.get(model_id)
            return self._lost(trashed) | {"state": "trashed"}
        return found

    def default(self) -> str:
        """The model the Create tab begins with: the chosen one while it is there, else the first."""
        chosen = str(self.settings.get("default_model"))
        ids = [engine.spec.id for engine in self.use.engines]
        return chosen if chosen in ids else ids[0]

    def family_name(self, family: str) -> str:
        known = _family(family)
        return known.name if known else recognise.NAMES.get(family, family)

    def licence_text(self, model_id: str) -> str:
        """The licence's own words as they lie beside the model, "" when there are none."""
        try:
            document: Model | Lora = self.get(model_id)
        except NotFound:
            document = self.loras.get(model_id)
        folder = self.places.of(document)
        folder = folder if folder.is_dir() else folder.parent
        name = document.licence.text_file
        if not name or "/" in name or "\\" in name:
            return ""
        try:
            return (folder / name).read_bytes()[:LONGEST_LICENCE].decode("utf-8", "replace")
        except OSError:
            return ""

    def _card(self, engine: Engine, model: Model | None, status: dict, default: str) -> dict:
        spec = engine.spec
        loaded = status.get("engine") == spec.id
        state = "loading" if self.loading == spec.id else "loaded" if loaded else "installed"
        problem = engine.ready() or ""
        card = {
            "id": spec.id,
            "kind": "model",
            "state": "missing" if problem else state,
            "problem": problem,
            "name": spec.name,
            "summary": spec.summary,
            "family": spec.family or spec.id,
            "family_name": self.family_name(spec.family or spec.id),
            "default": spec.id == default,
            "built_in": model is None,
            "busy": loaded and bool(status.get("busy")),
            "licence": Licence(
                name=spec.licence, light="green", terms="It comes with the studio.", read_at="with the studio"
            ).model_dump(),
            "bytes": 0,
            "fit": None if model is None else self._fit(model.family),
        }
        if model is not None:
            numbers = {name: spec.defaults[name] for name in ("steps", "guidance") if name in spec.defaults}
            card |= self._facts(model) | {"usual": numbers | {"width": spec.native[0], "height": spec.native[1]}}
        return card

    def _lost(self, model: Model) -> dict:
        """A model whose family the studio no longer knows."""
        return {
            "id": model.id,
            "kind": "model",
            "state": "missing",
            "problem": f"The studio has no engine for {model.family or 'this family'}.",
            "name": model.name,
            "summary": "",
            "family": model.family,
            "family_name": self.family_name(model.family),
            "default": False,
            "built_in": False,
            "busy": False,
            "fit": None,
            "usual": {},
            **self._facts(model),
        }

    def _facts(self, model: Model) -> dict:
        family = _family(model.family)
        return {
            "base": model.base,
            "bytes": model.bytes,
            "precision": model.precision,
            "layout": model.layout,
            "kept": model.kept,
            "path": str(self.places.of(model)),
            "variant": model.variant,
            "variants": [{"id": one.id, "name": one.name} for one in family.variants] if family else [],
            "licence": model.licence.model_dump(),
            "source": model.source.model_dump(),
            "defaults": dict(model.defaults),
            "notes": model.notes,
            "added_at": model.created_at,
            "revision": model.revision,
        }

    def _offer(self, entry: Offer) -> dict:
        licence = known_licence(entry.licence, url=f"{self.hub.endpoint}/{entry.repo}")
        return {
            "id": f"catalogue-{entry.id}",
            "catalogue_id": entry.id,
            "kind": entry.kind,
            "state": "available",
            "problem": "",
            "name": entry.name,
            "summary": entry.summary,
            "family": entry.family,
            "family_name": self.family_name(entry.family),
            "repo": entry.repo,
            "file": entry.file,
            "asks": entry.asks,
            "recommended": entry.recommended,
            "needs": [one.name for id in entry.needs if (one := offer(id))],
            "vram_gb": entry.vram_gb,
            "bytes": int(entry.gb * 1e9),
            "licence": licence.model_dump(),
            "fit": self._fit(entry.family) if entry.kind == "model" else None,
            "default": False,
            "built_in": False,
            "busy": False,
        }

    def _has(self, entry: Offer) -> bool:
        documents = self.store.loras.all() if entry.kind == "lora" else self.store.models.all()
        return any(
            not one.trashed_at
            and (
                one.source.catalogue_id == entry.id
                or (one.source.repo == entry.repo and one.source.file in ("", entry.file))
            )
            for one in documents
        )

    def _fit(self, family: str) -> dict | None:
        known = _family(family)
        if known is None:
            return None
        fit = self.machine.fit(known.vram_gb)
        return {"verdict": fit.verdict, "text": fit.text}

    # ------------------------------------------------------------------ already on this machine
    def found(self) -> list[Seen]:
        """What the last look around saw that is not in the library."""
        taken = {os.path.realpath(self.places.of(one)) for one in (*self.store.models.all(), *self.store.loras.all())}
        return [one for one in self.search.seen() if os.path.realpath(one.path) not in taken]

    def _places_to_look(self) -> list[tuple[Path, Source]]:
        where: list[tuple[Path, Source]] = []
        for kind, known in (("model", self.store.models.all()), ("lora", self.store.loras.all())):
            where += [(path, Source(kind="file", file=str(path)[:1000])) for path in self.places.loose(kind, known)]
        for folder in self.settings.get("model_folders") or ():
            path = Path(folder).expanduser()
            where.append((path, Source(kind="program", file=str(path)[:1000])))
        if self.settings.get("hub_cache"):
            from huggingface_hub.constants import HF_HUB_CACHE

            where += list(snapshots(Path(HF_HUB_CACHE)))
        return where


def _family(id: str) -> Family | None:
    return next((one for one in FAMILIES if one.id == id), None)


def _inside(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(folder)) in path.parents


def _with_text(licence: Licence, folder: Path) -> Licence:
    """The licence with the name of the file that holds its words, when one lies beside the model."""
    try:
        names = sorted(one.name for one in folder.iterdir() if one.is_file())
    except OSError:
        return licence
    for start in ("licen", "readme"):
        if found := next((name for name in names if name.lower().startswith(start)), None):
            return licence.model_copy(update={"text_file": found})
    return licence


def _numbers(values: dict, family: Family | None) -> dict:
    """A model's own defaults, checked. StudioError with the field."""
    checked: dict = {}
    for name, value in values.items():
        if value in (None, ""):
            continue
        if name == "sampler":
            if family and value not in family.samplers:
                raise StudioError(f"{family.name} has no such sampler.", ", ".join(family.samplers), field="sampler")
            checked[name] = value
        elif name in NUMBERS:
            least, most = NUMBERS[name]
            fits = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
            if not fits or (name != "guidance" and value != int(value)):
                raise StudioError(f"{name.capitalize()} is a number from {least} to {most}.", field=name)
            checked[name] = float(value) if name == "guidance" else int(value)
        else:
            raise StudioError(f"A model has no default called {name[:40]}.", ", ".join(NUMBERS), field=name)
    return checked
