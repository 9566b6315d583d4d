"""Characters: one hand-editable `character.json` each, and the last twenty revisions of it in `history/`."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from tinydb.storages import Storage

from studio.domain.character import Character
from studio.domain.document import now
from studio.errors import NotFound, StudioError
from studio.paths import Paths, is_identifier
from studio.store.collection import Collection
from studio.store.shelf import Shelf
from studio.store.storage import BACKUP, encode, is_leftover, read_or_backup, remove_file, write_atomically

MOST_VERSIONS = 20
_STAMPS = ("revision", "updated_at", "schema")


@dataclass(frozen=True)
class Version:
    """One kept revision of a character and when it was saved (ISO 8601, UTC)."""

    revision: int
    saved_at: str


class FolderStorage(Storage):
    """TinyDB over a folder of folders: every document of the table is a file of its own, `<id>/character.json`.

    `check` is given each document as it is read, returns it in today's shape, and raises ValueError for a damaged one.
    """

    def __init__(self, root: Path, table: str, check: Callable[[dict], dict], notices: list[str]):
        self.root, self.table = root, table
        self._check, self._notices = check, notices
        self._content: dict[str, dict] | None = None
        self._written: dict[str, bytes] = {}

    def read(self) -> dict:
        return {self.table: dict(self.documents())}

    def write(self, data: dict) -> None:
        documents = data[self.table]
        try:
            for id, document in documents.items():
                raw = encode(document, indent=True)
                if self._written.get(id) != raw:
                    self._keep_version(id, document["revision"], raw)
                    write_atomically(self._file(id), raw)
                    self._written[id] = raw
            for id in self._written.keys() - documents.keys():
                self._remove(id)
                del self._written[id]
        except BaseException:
            self._content = None
            raise
        self._content = dict(documents)

    def held(self, document: dict) -> dict:
        return document

    def cool(self) -> None:
        """Characters are few and always wanted: they stay in memory."""

    def documents(self) -> dict[str, dict]:
        """All documents by id; shared, not to be changed."""
        if self._content is None:
            self._content = self._load()
        return self._content

    def document(self, document_id: str) -> dict | None:
        found = self.documents().get(document_id)
        return None if found is None else orjson.loads(orjson.dumps(found))

    def history(self, character_id: str) -> dict[int, Path]:
        """The kept revisions, oldest first."""
        files = (self.root / character_id / "history").glob("*.json")
        return dict(sorted((int(file.stem), file) for file in files if file.stem.isdecimal()))

    def _file(self, character_id: str) -> Path:
        return self.root / character_id / "character.json"

    def _load(self) -> dict[str, dict]:
        found = {}
        for folder in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            if not folder.is_dir() or folder.name.startswith("."):
                continue
            for path in (one for inner in ("", "history", "references") for one in (folder / inner).glob(".*")):
                if is_leftover(path):
                    path.unlink(missing_ok=True)
            try:
                document = self._load_one(folder)
            except (OSError, StudioError) as problem:
                self._notices.append(f"characters/{folder.name} could not be read ({problem}); it is left out.")
                continue
            if document:
                found[folder.name] = document
        return found

    def _load_one(self, folder: Path) -> dict | None:
        path = folder / "character.json"
        if not path.exists() and not path.with_name(path.name + BACKUP).exists():
            return None
        if not is_identifier(folder.name):
            self._notices.append(
                f"characters/{folder.name} is left out: rename the folder to letters, digits, - and _, then restart."
            )
            return None
        raw = b""

        def parse(data: bytes) -> dict:
            nonlocal raw
            raw = data
            document = orjson.loads(data)
            if not isinstance(document, dict):
                raise ValueError("not a character")
            return self._check(document | {"id": folder.name})

        document = read_or_backup(path, parse, self._notices)
        if document:
            self._written[folder.name] = raw
        return document

    def _keep_version(self, character_id: str, revision: int, raw: bytes) -> None:
        folder = self.root / character_id / "history"
        write_atomically(folder / f"{revision}.json", raw, backup=False)
        kept = self.history(character_id)
        for number in [number for number in kept if number > revision] + list(kept)[:-MOST_VERSIONS]:
            kept[number].unlink(missing_ok=True)

    def _remove(self, character_id: str) -> None:
        for file in self.history(character_id).values():
            file.unlink(missing_ok=True)
        remove_file(self._file(character_id))
        for folder in (self.root / character_id / "history", self.root / character_id):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


class CharacterShelf(Shelf):
    storage_class = FolderStorage


class CharacterCollection(Collection[Character]):
    """All characters. What somebody wrote into a `character.json` while the studio was closed counts as a change."""

    def __init__(self, paths: Paths, notices: list[str]):
        super().__init__("character", Character, notices)
        self._shelf = CharacterShelf(paths.characters, self.table, self._proper, notices)
        self._open_shelf(paths.characters, self._shelf)
        self._opened()
        self._take_in_hand_edits()

    def versions(self, id: str) -> list[Version]:
        """The kept revisions, newest first; the first one is the present."""
        present = self.get(id).revision
        found = []
        for revision, path in reversed(self._shelf.storage.history(id).items()):
            data = self._read_version(path) if revision <= present else None  # a later one was never acknowledged
            if data:
                found.append(Version(revision, str(data.get("updated_at", ""))))
        return found

    def version(self, id: str, revision: int) -> Character:
        """The character as it was at that revision. NotFound when it is no longer kept."""
        present = self.get(id)
        if revision == present.revision:
            return present
        path = self._shelf.storage.history(id).get(revision) if revision < present.revision else None
        data = self._read_version(path) if path else None
        if data is None:
            raise NotFound(
                f"Revision {revision} of {present.name} is not kept.", f"The last {MOST_VERSIONS} revisions are."
            )
        return self._checked(self._today(data | {"id": id}))

    def adorn(self, id: str, change: Callable[[Character], None]) -> Character:
        """`update` for what the studio adds by itself: it makes no version, and an open form stays current."""
        return self.update_many([id], change, counted=False)[0]

    def compare(self, id: str, older: int, newer: int) -> list[tuple[str, object, object]]:
        """What differs between two revisions: (dotted path, value before, value after), None for nothing."""
        return differences(self.version(id, older).as_json(), self.version(id, newer).as_json())

    def _shelf_for(self, data: dict) -> Shelf:
        return self._shelf

    def _proper(self, data: dict) -> dict:
        data = self._today(data)
        try:
            checked = self._checked(data)
        except StudioError as problem:
            raise ValueError(problem.message) from problem
        return self._plain(checked)

    def _take_in_hand_edits(self) -> None:
        for id in self._known_ids():
            data = self._read(id)
            path = self._shelf.storage.history(id).get(data["revision"])
            kept = self._read_version(path) if path else None
            if kept is None or not _differs(self._proper(kept | {"id": id}), data):
                continue
            after = data | {"revision": data["revision"] + 1, "updated_at": now()}
            self._put(self._shelf, {id: after})

    def _read_version(self, path: Path) -> dict | None:
        try:
            data = orjson.loads(path.read_bytes())
        except (OSError, ValueError):
            return None  # a version that cannot be read is one that is not kept; the present is what matters
        return data if isinstance(data, dict) else None


def differences(before: Mapping, after: Mapping) -> list[tuple[str, object, object]]:
    """(dotted path, before, after) for every differing value of two documents, times and revision apart.

    Lists of parts with an id are compared part by part, other lists as a whole.
    """
    return list(_walk("", _keyed(before), _keyed(after), skip=_STAMPS))


def _walk(place: str, before: object, after: object, skip: Iterable[str] = ()):
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            if key not in skip:
                yield from _walk(f"{place}.{key}".lstrip("."), _keyed(before.get(key)), _keyed(after.get(key)))
    elif before != after:
        yield place, before, after


def _keyed(value: object) -> object:
    if isinstance(value, list) and value and all(isinstance(one, dict) and "id" in one for one in value):
        names = Counter(str(one.get("name")) for one in value if one.get("name"))
        return {_called(one, names): one for one in value}
    return value


def _called(part: dict, names: Mapping[str, int]) -> str:
    """The part's name where that is enough to know it by, else with its id."""
    name = str(part.get("name") or "")
    return name if names.get(name) == 1 else f"{name} {part['id']}".strip()


def _differs(one: dict, other: dict) -> bool:
    return any(one.get(key) != other.get(key) for key in one.keys() | other.keys() if key not in _STAMPS)
