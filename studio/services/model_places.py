"""Where models lie: the models folder with its downloads and its trash, and models that stay where others keep them.

It knows folders and moves whole ones; not what a model is.
"""

import logging
import os
import re
import shutil
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from studio.domain.model import Lora, Model
from studio.durable import flush_folder, is_full
from studio.errors import Conflict, NoSpace, NotFound, StudioError
from studio.paths import Paths, is_identifier
from studio.settings import Settings

KEPT_FREE = 512 * 1024 * 1024
SHELVES = {"model": "image", "lora": "lora"}
log = logging.getLogger("studio.models")


class ModelPlaces:
    """The models folder of the settings. Every path of a model is made here."""

    def __init__(self, paths: Paths, settings: Settings):
        self.paths, self.settings = paths, settings

    @property
    def root(self) -> Path:
        return self.paths.models(str(self.settings.get("models_folder") or ""))

    def shelf(self, kind: str) -> Path:
        """Where models (`model`) or LoRAs (`lora`) are kept, one folder each."""
        return self.root / SHELVES[kind]

    def work(self, job_id: str) -> Path:
        """Where the parts of an unfinished download or copy are."""
        if not is_identifier(job_id):
            raise NotFound("There is no such download.")
        return self.root / ".downloads" / job_id

    def works(self) -> list[Path]:
        try:
            return [one for one in (self.root / ".downloads").iterdir() if one.is_dir()]
        except OSError:
            return []

    def of(self, document: Model | Lora) -> Path:
        """The model's file or folder, wherever it is."""
        if document.source.kind == "trained":  # it lies with its character, wherever the data folder is
            return self.paths.inside(document.path)
        path = Path(document.path)
        if not document.kept:
            return path
        if document.trashed_at:
            return self._trash(document) / path.relative_to(path.parts[0] + "/" + path.parts[1])
        return self.root / path

    def free(self) -> int:
        """Bytes free where models are kept."""
        folder = self.root
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def check_room(self, needed: int) -> None:
        """Raises NoSpace, with numbers, when so many bytes more would fill the disk."""
        free = self.free()
        if free < needed + KEPT_FREE:
            raise NoSpace(
                f"This needs {said(needed)} and {said(free)} are free where models are kept.",
                "Free some space or choose another models folder in System, Settings; then resume.",
            )

    def make(self, folder: Path) -> Path:
        """A folder of ours that may have to be made. StudioError when it cannot be used."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if is_full(error):
                raise NoSpace("The disk is full.", "Free some space, then try again.") from error
            raise StudioError(
                f"The models folder {self.root} cannot be used ({error.strerror or error}).",
                "Choose another one in System, Settings.",
            ) from error
        return folder

    def take_in(self, files: Path, kind: str, slug: str) -> str:
        """Move a finished folder onto its shelf in one step; its path relative to the models folder."""
        target = self.make(self.shelf(kind)) / slug
        if target.exists():
            raise Conflict(f"The folder {target} is there already.", "Rename or remove it, then try again.")
        os.replace(files, target)
        flush_folder(target.parent)
        return target.relative_to(self.root).as_posix()

    def to_trash(self, document: Model | Lora) -> None:
        """Move what the studio keeps of this model out of the way. Others' files stay where they are."""
        if document.kept and (folder := self._own(document)).exists():
            target = self._trash(document)
            self.make(target.parent)
            shutil.rmtree(target, ignore_errors=True)
            os.replace(folder, target)

    def from_trash(self, document: Model | Lora) -> None:
        """Move it back. NotFound when its files are gone, Conflict when something else has its place."""
        if not document.kept:
            return
        source, target = self._trash(document), self._own(document)
        if target.exists():
            raise Conflict(f"Something else lies at {target}.", "Move it away, then restore the model.")
        if not source.exists():
            raise NotFound("The files of this model are gone from the trash.", "Download or import it again.")
        self.make(target.parent)
        os.replace(source, target)

    def delete(self, document: Model | Lora) -> None:
        """Delete what the studio keeps of this model for good."""
        if document.kept:
            shutil.rmtree(self._trash(document) if document.trashed_at else self._own(document), ignore_errors=True)

    def loose(self, kind: str, known: Iterable[Model | Lora]) -> list[Path]:
        """Folders on a shelf that belong to no document: a crash or a copied models folder left them."""
        taken = {self._own(one).name for one in known if one.kept}
        try:
            return sorted(one for one in self.shelf(kind).iterdir() if one.is_dir() and one.name not in taken)
        except OSError:
            return []

    def _own(self, document: Model | Lora) -> Path:
        """The folder of its own that a kept model has on its shelf."""
        parts = Path(document.path).parts
        if len(parts) < 2 or ".." in parts or Path(document.path).is_absolute() or parts[0] not in SHELVES.values():
            raise StudioError(f"The entry of {document.name} names a strange place.", "Remove it and import it again.")
        return self.root / parts[0] / parts[1]

    def _trash(self, document: Model | Lora) -> Path:
        return self.root / ".trash" / f"{Path(document.path).parts[0]}-{document.id}"


def slug_of(name: str, taken: Iterable[str]) -> str:
    """A model's id from its name: lower-case letters, digits and dashes, unlike those taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "model"
    taken = set(taken)
    if slug not in taken and is_identifier(slug):
        return slug
    return next(one for number in range(2, 10**6) if (one := f"{slug}-{number}") not in taken and is_identifier(one))


def said(count: float) -> str:
    """Bytes as people say them, decimal as disks are sold."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return ""
