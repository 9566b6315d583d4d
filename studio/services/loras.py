"""The LoRA library: brought in from files other programs made, described, handed to models of the right kind."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import recognise
from pipelines.base import EngineError
from studio.domain.asset import Asset
from studio.domain.document import now
from studio.domain.licences import known_licence
from studio.domain.model import Licence, Lora, LoraPatch, Source, Tag, one_line
from studio.domain.requests import AssetFilter
from studio.durable import write_whole
from studio.errors import Conflict, NotFound, StudioError
from studio.paths import safe_name
from studio.services.model_places import ModelPlaces, said, slug_of
from studio.services.model_plan import told

if TYPE_CHECKING:
    from studio.store import Store

PREVIEW_PIXELS = 512
MOST_LOOKED_THROUGH = 1000
LONGEST_SIDECAR = 2_000_000
_PICTURES = (".preview.png", ".png", ".preview.jpg", ".jpg", ".jpeg", ".preview.jpeg", ".webp", ".preview.webp")
log = logging.getLogger("studio.models")


@dataclass(frozen=True)
class Use:
    """A LoRA in a picture: its document, the file, and how strongly."""

    lora: Lora
    path: Path
    weight: float

    def as_json(self) -> dict:
        """What a recipe keeps of it."""
        return {
            "id": self.lora.id,
            "name": self.lora.name,
            "hash": self.lora.hash,
            "weight": self.weight,
            "base": self.lora.base,
            "trigger": self.lora.triggers[0] if self.lora.triggers else "",
            "character_id": self.lora.character_id,
        }


class Loras:
    """The documents and files of every LoRA. Whoever changes one tells `changed`, set by the library's owner."""

    def __init__(self, store: "Store", places: ModelPlaces):
        self.store, self.places = store, places

    # ------------------------------------------------------------------ reading
    def list(self, *, text: str = "", base: str | None = None, trashed: bool = False) -> list[Lora]:
        """By name. `base` keeps those made for it; `text` looks at names, words and notes."""
        wanted = text.casefold().split()
        found = [
            one
            for one in self.store.loras.all()
            if bool(one.trashed_at) == trashed
            and (base is None or one.base == base)
            and all(word in _searched(one) for word in wanted)
        ]
        return sorted(found, key=lambda one: (one.name.casefold(), one.id))

    def get(self, lora_id: str) -> Lora:
        """NotFound when there is none."""
        return self.store.loras.get(lora_id)

    def path(self, lora: Lora) -> Path:
        """The file, wherever it is."""
        return self.places.of(lora)

    def missing(self, lora: Lora) -> bool:
        """Whether the file is gone from where it was."""
        return not self.path(lora).is_file()

    # ------------------------------------------------------------------ bringing in
    def import_path(self, path: Path | str, mode: str = "copy", name: str | None = None) -> Lora:
        """A LoRA file of this machine, copied to the models folder or used where it lies (`reference`).

        Raises StudioError for what is no LoRA, or one the studio cannot use; Conflict for one that is there already.
        """
        path = Path(path).expanduser()
        found = self.look(path)
        if mode == "reference":
            return self._add(path, found, name, kept=False, path=str(path.resolve()))
        self.places.check_room(found.bytes)
        sums = _sums(path)
        self._check_new(sums[0])
        work = self.places.make(self.places.work(f"lora-{sums[0][:24]}"))
        try:
            copied = work / _file_name(path.name)
            _copy(path, copied)
            return self._keep(work, copied, found, name, beside=path, sums=sums)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def take(self, folder: Path, file: Path, *, name: str, source: Source, licence: Licence | None) -> Lora:
        """A finished download: `file` in a `folder` of its own becomes a LoRA of the library."""
        return self._keep(folder, file, self.look(file), name, beside=file, source=source, licence=licence)

    def register(self, path: Path, *, name: str, character_id: str, licence: Licence, notes: str = "") -> Lora:
        """A LoRA that was trained here, where it lies in the data folder. The one that is known when it is the same."""
        sums = _sums(path)
        same = next((one for one in self.store.loras.all() if one.sha256 == sums[0]), None)
        if same is not None:
            return self.restore(same.id) if same.trashed_at else same
        place = self.places.paths.relative(path)
        found = self.look(path)
        source = Source(kind="trained", file=place)
        lora = self._add(path, found, name, kept=False, path=place, sums=sums, source=source, licence=licence)
        told = {"character_id": character_id, "strength": 1.0, "notes": notes, "description": ""}
        return self.store.loras.update(lora.id, lambda one: [setattr(one, *item) for item in told.items()])

    def look(self, path: Path) -> recognise.Found:
        """What this LoRA file is. StudioError for anything else, with the reason."""
        try:
            found = recognise.recognise(path)
        except EngineError as error:
            raise told(error) from error
        except OSError as error:
            raise NotFound(
                f"{path.name or path} cannot be read.", "Check the path and whether you may read it.", field="path"
            ) from error
        if found.kind != "lora":
            what = "a whole model" if found.kind == "model" else "no LoRA"
            raise StudioError(f"{path.name} is {what}.", found.problem or "Import it as a model.", field="path")
        if found.problem and found.lora is None:
            raise StudioError(f"{path.name} cannot be used. {found.problem}", "Choose another file.", field="path")
        return found

    def _keep(
        self, folder: Path, file: Path, found, name, *, beside: Path, sums=None, source=None, licence=None
    ) -> Lora:
        """Move a folder with the file in it onto the shelf, then write the document."""
        sums = sums or _sums(file)
        self._check_new(sums[0])
        title = one_line(name or "") or (found.lora.title if found.lora else "") or file.stem
        taken = {one.id for one in self.store.loras.all()}
        slug = slug_of(title, taken | {one.name for one in self.places.loose("lora", ())})
        place = self.places.take_in(folder, "lora", slug)
        return self._add(
            beside, found, title, kept=True, path=f"{place}/{file.name}", sums=sums, source=source, licence=licence,
            id=slug,
        )  # fmt: skip

    def _add(self, beside: Path, found, name, *, kept, path, sums=None, source=None, licence=None, id=None) -> Lora:
        facts = found.lora
        sums = sums or _sums(Path(path))
        self._check_new(sums[0])
        notes = _sidecars(beside)
        title = one_line(name or "") or facts.title or notes.get("name") or beside.stem
        stated = facts.licence or notes.get("licence", "")
        lora = Lora(
            id=id or slug_of(title, {one.id for one in self.store.loras.all()}),
            name=title[:120],
            base=found.base,
            path=path,
            kept=kept,
            bytes=found.bytes,
            sha256=sums[0],
            hash=sums[1],
            format=facts.format,
            rank=facts.rank,
            alpha=facts.alpha,
            triggers=list(notes.get("triggers") or facts.triggers),
            tags=[Tag(word=word, pictures=count) for word, count in facts.tags],
            strength=notes.get("strength", 0.8),
            author=facts.author,
            description=facts.description or notes.get("description", ""),
            licence=licence or known_licence(stated),
            source=source or Source(kind="file", file=str(beside)),
            notes=notes.get("notes", ""),
        )
        lora = self.store.loras.add(lora)
        if picture := next((one for one in _beside(beside) if one.is_file()), None):
            try:
                lora = self.set_preview(lora.id, picture)
            except StudioError as error:
                log.info("The picture beside %s is not used: %s", lora.name, error.message)
        log.info("LoRA %s (%s, %s) is in the library.", lora.id, lora.base or "unknown base", said(lora.bytes))
        return lora

    def _check_new(self, sha256: str) -> None:
        same = next((one for one in self.store.loras.all() if one.sha256 == sha256), None)
        if same is not None:
            where = "in the trash; restore it there" if same.trashed_at else "in the library"
            raise Conflict(f"This LoRA is {where} as {same.name}.", "There is nothing to import.", field="path")

    # ------------------------------------------------------------------ changing
    def patch(self, lora_id: str, patch: LoraPatch) -> Lora:
        """Change what people may change. StudioError with a field."""
        values = {name: value for name, value in patch.model_dump().items() if value is not None}
        if "licence" in values:
            values["licence"] = known_licence(values["licence"])
        if "triggers" in values:
            values["triggers"] = [word for one in values["triggers"] if (word := one_line(one)[:80])]
        if "base" in values and values["base"] not in recognise.NAMES:
            known = ", ".join(recognise.NAMES)
            raise StudioError("There is no such kind of model.", f"There are: {known}.", field="base")
        return self.store.loras.update(lora_id, lambda lora: [setattr(lora, *item) for item in values.items()])

    def set_preview(self, lora_id: str, picture: Path) -> Lora:
        """Show this picture for the LoRA, made small. StudioError when it is none."""
        from studio.media.pictures import open_picture
        from studio.media.thumbnails import encoded, shrunk

        self.get(lora_id)
        content = encoded(shrunk(open_picture(picture), PREVIEW_PIXELS), "WEBP")
        target = self._preview_file(lora_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, content)
        return self.store.loras.update(lora_id, lambda lora: setattr(lora, "preview", f"{target.name}?{now()}"))

    def show_newest(self, lora_id: str) -> Lora:
        """Show the newest picture made with it. NotFound when there is none among the library's newest."""
        cursor, left = None, MOST_LOOKED_THROUGH
        while left > 0:
            page = self.store.assets.search(AssetFilter(kind="image"), limit=100, cursor=cursor)
            for asset in page.items:
                if any(one.get("id") == lora_id for one in asset.recipe.loras):
                    return self.set_preview(lora_id, self.places.paths.inside(asset.file))
            cursor, left = page.next_cursor, left - len(page.items)
            if cursor is None:
                break
        raise NotFound("No picture was made with this LoRA lately.", "Add it to a picture in Create first.")

    def give_preview(self, asset: Asset) -> None:
        """A picture that was just made becomes the preview of its LoRAs that have none."""
        for one in asset.recipe.loras:
            try:
                lora = self.get(str(one.get("id")))
                if not lora.preview:
                    self.set_preview(lora.id, self.places.paths.inside(asset.file))
            except (StudioError, OSError) as error:
                log.info("A LoRA got no preview: %s", error)

    def preview(self, lora_id: str) -> Path | None:
        """The small picture of a LoRA, None when it has none."""
        target = self._preview_file(self.get(lora_id).id)
        return target if target.is_file() else None

    def _preview_file(self, lora_id: str) -> Path:
        return self.places.paths.house / "lora-previews" / f"{lora_id}.webp"

    # ------------------------------------------------------------------ going and coming back
    def trash(self, lora_id: str) -> Lora:
        """Out of the library; what the studio keeps of it goes to the trash."""
        lora = self.get(lora_id)
        if lora.trashed_at:
            return lora
        self.places.to_trash(lora)
        return self.store.loras.update(lora_id, lambda one: setattr(one, "trashed_at", now()))

    def restore(self, lora_id: str) -> Lora:
        """Back from the trash."""
        lora = self.get(lora_id)
        if not lora.trashed_at:
            return lora
        self.places.from_trash(lora)
        return self.store.loras.update(lora_id, lambda one: setattr(one, "trashed_at", None))

    def delete_forever(self, lora_id: str) -> None:
        """Gone for good, with the files the studio keeps. Others' files stay."""
        lora = self.get(lora_id)
        self.places.delete(lora)
        self._preview_file(lora_id).unlink(missing_ok=True)
        self.store.loras.remove(lora_id)

    # ------------------------------------------------------------------ in pictures
    def uses(self, wanted: Sequence[tuple[str, float | None]], base: str, model: str) -> tuple[Use, ...]:
        """These LoRAs, by (id, strength or None for its own), for a model called `model` that takes LoRAs of `base`.

        StudioError with the field `loras` for one that is not there, or was made for another kind of model.
        """
        found = []
        for lora_id, weight in wanted:
            try:
                lora = self.get(lora_id)
            except NotFound:
                lora = None
            if lora is None or lora.trashed_at:
                raise NotFound(
                    "A LoRA of this picture is not in the library.", "Take it out, or restore it.", field="loras"
                )
            if lora.base != base:
                made_for = recognise.NAMES.get(lora.base, "another kind of model")
                takes = f"takes LoRAs for {recognise.NAMES[base]}" if base in recognise.NAMES else "takes none"
                raise StudioError(
                    f"{lora.name} was made for {made_for}; {model} {takes}.",
                    "Choose a model of its family, or take the LoRA out.",
                    field="loras",
                )
            path = self.path(lora)
            if not path.is_file():
                raise NotFound(f"The file of {lora.name} is gone: {path}.", "Import it again.", field="loras")
            found.append(Use(lora, path, lora.strength if weight is None else weight))
        return tuple(found)


def _searched(lora: Lora) -> str:
    words = (lora.name, lora.author, lora.notes, *lora.triggers, *(tag.word for tag in lora.tags), lora.base)
    return " ".join(words).casefold()


def _sums(path: Path) -> tuple[str, str]:
    """(SHA-256 of the file, first 12 digits of that of its tensors: the name other studios know a LoRA by)."""
    whole, tensors = hashlib.sha256(), hashlib.sha256()
    with path.open("rb") as file:
        head = file.read(8)
        head += file.read(int.from_bytes(head, "little"))
        whole.update(head)
        while piece := file.read(1 << 20):
            whole.update(piece)
            tensors.update(piece)
    return whole.hexdigest(), tensors.hexdigest()[:12]


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as out:
        shutil.copyfileobj(read, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())


def _file_name(name: str) -> str:
    return safe_name(name, fallback="lora.safetensors", longest=120)


def _beside(file: Path) -> list[Path]:
    return [file.with_name(file.stem + ending) for ending in _PICTURES]


def _sidecars(file: Path) -> dict:
    """What other programs keep beside a LoRA: A1111's `<name>.json` and Civitai's `<name>.civitai.info`."""
    found: dict = {}
    civitai, a1111 = _json(file.with_name(file.stem + ".civitai.info")), _json(file.with_suffix(".json"))
    words = civitai.get("trainedWords")
    if isinstance(words, list):
        found["triggers"] = [one for word in words[:60] if (one := one_line(str(word))[:80].strip(" ,"))]
    model = civitai.get("model")
    if isinstance(model, dict) and isinstance(model.get("name"), str):
        found["name"] = one_line(model["name"])[:120]
    if isinstance(civitai.get("description"), str):
        found["description"] = one_line(civitai["description"])[:2000]
    activation = a1111.get("activation text")
    if isinstance(activation, str) and activation.strip():
        found["triggers"] = [one for part in activation.split(",")[:60] if (one := one_line(part)[:80])]
    weight = a1111.get("preferred weight")
    if isinstance(weight, int | float) and not isinstance(weight, bool) and 0 < abs(weight) <= 4:
        found["strength"] = float(weight)
    if isinstance(a1111.get("notes"), str):
        found["notes"] = a1111["notes"][:4000]
    return found


def _json(path: Path) -> dict:
    try:
        if path.stat().st_size > LONGEST_SIDECAR:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
