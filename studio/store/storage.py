"""JSON files that survive a power cut. Knows bytes, files and TinyDB's storage contract; not what documents mean.

A change is written to a temporary file in the same folder, flushed to the disk and renamed over the old file, which
stays as `.bak`. Whoever reads sees the old file or the new one, never a half. No handle stays open.
"""

import os
import secrets
from array import array
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import orjson
from tinydb.storages import Storage

from studio.durable import UNFINISHED, flush_folder, is_full, replace, write_whole
from studio.errors import NoSpace, StudioError

BACKUP = ".bak"
TEMPORARY = ".tmp"
T = TypeVar("T")


def write_atomically(path: Path, data: bytes, *, backup: bool = True) -> None:
    """Put `data` at `path`, all of it or nothing; the file before stays as `<name>.bak`. On return it is on the disk.

    Raises NoSpace when the disk is full and StudioError when the folder cannot be written to; then the old file stands.
    """
    try:
        make_folder(path.parent)
        write_whole(path, data, ending=TEMPORARY, before=_keep_previous if backup else None)
    except OSError as problem:
        raise _as_studio_error(problem, path) from problem


def make_folder(folder: Path) -> None:
    """Make the folder and the ones above it, on the disk when this returns."""
    missing = []
    while not folder.exists() and folder != folder.parent:  # a drive that is not there is its own parent
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        flush_folder(one.parent)


def remove_file(path: Path) -> None:
    """Delete the file and its previous generation, on the disk when this returns. A missing file is fine."""
    try:
        for one in (path.with_name(path.name + BACKUP), path):
            one.unlink(missing_ok=True)
        if path.parent.is_dir():
            flush_folder(path.parent)
    except OSError as problem:
        raise _as_studio_error(problem, path) from problem


def read_or_backup(path: Path, parse: Callable[[bytes], T], notices: list[str]) -> T | None:
    """What `parse` makes of the file; when it raises ValueError, the file is set aside and its `.bak` used instead.

    None when neither is there or usable. Each time something is not as it should be, `notices` gains a sentence.
    Raises OSError when the file is there but cannot be read.
    """
    name = f"{path.parent.name}/{path.name}"
    what = ""
    try:
        return parse(_text(path.read_bytes()))
    except FileNotFoundError:
        what = f"{name} was missing."
    except ValueError as problem:
        aside = set_aside(path)
        reason = str(problem).splitlines()[0][:200] if str(problem) else "unreadable"
        what = f"{name} was damaged ({reason}) and set aside as {aside.name}."
    backup = path.with_name(path.name + BACKUP)
    try:
        data = backup.read_bytes()
        found = parse(_text(data))
    except FileNotFoundError:
        if "damaged" in what:
            notices.append(f"{what} There was no previous copy to go back to.")
        return None
    except ValueError:
        aside = set_aside(backup)
        notices.append(f"{what} Its previous copy was damaged too and set aside as {aside.name}.")
        return None
    write_atomically(path, data, backup=False)
    notices.append(f"{what} The previous copy is used; the very last change to it may be missing.")
    return found


def is_leftover(path: Path) -> bool:
    """Whether this is a temporary file of a write that never finished: a document's, or a picture's."""
    ours = path.name.endswith(UNFINISHED) or (path.name.endswith(TEMPORARY) and ".json" in path.name)
    return ours and path.name.startswith(".") and path.is_file()


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that nothing overwrites it; gives its new path."""
    stem = f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S}"
    aside, number = path.with_name(stem), 2
    while aside.exists():
        aside, number = path.with_name(f"{stem}-{number}"), number + 1
    replace(path, aside)
    return aside


def encode(value: object, *, indent: bool = False) -> bytes:
    """`value` as UTF-8 JSON. StudioError when it cannot be (half of a surrogate pair, an integer over 64 bits)."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if indent else None)
    except TypeError as problem:
        raise StudioError(
            "This text holds something that cannot be saved.", f"Remove unusual characters or numbers: {problem}."
        ) from problem


class Line(Mapping):
    """A document as its line in the file holds it: the JSON is taken apart only when somebody looks inside."""

    __slots__ = ("raw", "_value")

    def __init__(self, raw: bytes):
        self.raw, self._value = raw, None

    def copy(self) -> dict:
        """The document, the caller's own."""
        return orjson.loads(self.raw)

    def value(self) -> dict:
        """The document, shared: not to be changed."""
        if self._value is None:
            self._value = orjson.loads(self.raw)
        return self._value

    def __getitem__(self, key: str) -> object:
        return self.value()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.value())

    def __len__(self) -> int:
        return len(self.value())


class AtomicStorage(Storage):
    """One TinyDB file, one document of `table` to a line.

    A change puts lines together again and takes no other document apart; the lines stay in memory until `cool()`, so it
    does not read the file either. A single document of a file that is not in memory is read from its place in it.
    `on_read` is given every document as it comes from the disk and returns it in today's shape. `size` (bytes) and
    `count` (documents) are those of the last read or write.
    """

    def __init__(self, path: Path, table: str, on_read: Callable[[dict], dict], notices: list[str]):
        self.path, self.table, self.size, self.count = path, table, 0, 0
        self._on_read, self._notices = on_read, notices
        self._content: dict | None = None
        self._places: Places | None = None

    def read(self) -> dict:
        """The tables by name. The outer dictionary is the caller's own; documents are shared: do not change them."""
        if self._content is None:
            self._content = self._read_lines()
        return dict(self._content)

    def write(self, data: dict) -> None:
        raw, places = lay_out(data, self.table)
        try:
            write_atomically(self.path, raw)
        except BaseException:
            self.cool()
            self._places = None
            raise
        self._content, self._places, self.size, self.count = dict(data), places, len(raw), len(places.ids)

    def held(self, document: dict) -> Line:
        """The document in the form this storage keeps."""
        return Line(encode(document))

    def cool(self) -> None:
        """Forget the lines; the file is the truth and is read again when needed."""
        self._content = None

    def documents(self) -> dict[str, dict]:
        """All documents by id; shared, not to be changed. What is not in memory is read and not kept."""
        content = self._content
        if content is None:
            return self._read_whole().get(self.table, {})
        return {key: self._on_read(line.value()) for key, line in content.get(self.table, {}).items()}

    def document(self, document_id: str) -> dict | None:
        """A copy of one document, or None."""
        content, places = self._content, self._places
        if content is not None:
            line = content.get(self.table, {}).get(document_id)
            return None if line is None else self._on_read(line.copy())
        found = self._document_at(document_id, places) if places else None
        return found if found is not None else self.documents().get(document_id)

    def _document_at(self, document_id: str, places: "Places") -> dict | None:
        try:
            number = places.ids.index(document_id)
            with open(self.path, "rb") as file:
                file.seek(places.starts[number])
                line = file.read(places.starts[number + 1] - places.starts[number])
            key, value = orjson.loads(b"{" + line.rstrip(b",\n") + b"}").popitem()
        except (ValueError, KeyError, OSError):
            return None  # the file was replaced between the look-up and the read: the caller reads it whole
        return self._on_read(value) if key == document_id and isinstance(value, dict) else None

    def _read_whole(self) -> dict:
        """The file's tables, every document taken apart; a damaged file gives way to its `.bak`."""
        content = read_or_backup(self.path, self._parse, self._notices)
        return {} if content is None else content

    def _read_lines(self) -> dict:
        """The file's tables with the documents as lines; only a file that we did not lay out is taken apart."""
        if self._places:
            try:
                return cut(self.path.read_bytes(), self.table, self._places)
            except (ValueError, FileNotFoundError):
                self._places = None  # changed behind our back
        content = self._read_whole()
        return content | {self.table: {key: Line(encode(one)) for key, one in content.get(self.table, {}).items()}}

    def _parse(self, raw: bytes) -> dict:
        content = orjson.loads(raw)
        table = content.get(self.table, {}) if isinstance(content, dict) else None
        if not isinstance(table, dict) or not all(isinstance(one, dict) for one in table.values()):
            raise ValueError("not a table of documents")
        self.size, self.count, self._places = len(raw), len(table), find_places(raw, table)
        for key, document in table.items():
            table[key] = self._on_read(document)
        return content


class Places(NamedTuple):
    """Where in a file the line of each document starts; `starts` has the end of the last one too."""

    ids: list[str]
    starts: array


def lay_out(tables: Mapping, table: str) -> tuple[bytes, Places]:
    """The file's bytes, one document of `table` to a line, and where the lines are."""
    rest = b"".join(encode(name) + b": " + encode(value) + b",\n" for name, value in tables.items() if name != table)
    head = b"{" + rest + encode(table) + b": {\n"
    ids, starts, parts, at = [], array("Q"), [head], len(head)
    documents = tables.get(table, {})
    last = len(documents) - 1
    for number, (key, one) in enumerate(documents.items()):
        raw = one.raw if isinstance(one, Line) else encode(dict(one))
        line = b"%b: %b%b" % (encode(key), raw, b",\n" if number < last else b"\n")
        ids.append(key)
        starts.append(at)
        parts.append(line)
        at += len(line)
    starts.append(at)
    parts.append(b"}}\n")
    return b"".join(parts), Places(ids, starts)


def cut(raw: bytes, table: str, places: Places) -> dict:
    """The tables of a file whose places are known, documents as lines. ValueError when the file is another one."""
    starts = places.starts
    if raw[starts[-1] :] != b"}}\n":
        raise ValueError("laid out otherwise")
    content = orjson.loads(raw[: starts[0]] + b"}}")
    lines = content[table] = {}
    for number, key in enumerate(places.ids):
        head = encode(key) + b": {"
        line = raw[starts[number] : starts[number + 1]]
        if not line.startswith(head) or not line.endswith((b"},\n", b"}\n")):
            raise ValueError("laid out otherwise")
        lines[key] = Line(line[len(head) - 1 :].rstrip(b",\n"))
    return content


def find_places(raw: bytes, table: Mapping) -> Places | None:
    """Where each document's line starts in a file written by `lay_out`; None for a file somebody laid out otherwise."""
    lines = raw.split(b"\n")
    first = len(lines) - len(table) - 2
    if first < 1 or lines[-2:] != [b"}}", b""]:
        return None
    at = sum(len(line) + 1 for line in lines[:first])
    starts = array("Q")
    for key, line in zip(table, lines[first:], strict=False):
        if not line.startswith(b'"' + key.encode() + b'": {'):
            return None
        starts.append(at)
        at += len(line) + 1
    starts.append(at)
    return Places(list(table), starts)


def _text(data: bytes) -> bytes:
    return data.removeprefix(b"\xef\xbb\xbf")  # editors on Windows put a mark in front of UTF-8


def _keep_previous(path: Path) -> None:
    """Leave the present file as `.bak` without a moment in which there is none, where the file system can."""
    backup = path.with_name(path.name + BACKUP)
    link = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        os.link(path, link)
    except FileNotFoundError:
        return
    except OSError as problem:
        if is_full(problem):
            raise
        if path.exists():
            replace(path, backup)  # FAT has no links; a crash just here leaves only `.bak`, which the next start uses
        return
    try:
        replace(link, backup)
    except OSError:
        link.unlink(missing_ok=True)
        raise


def _as_studio_error(problem: OSError, path: Path) -> StudioError:
    if is_full(problem):
        return NoSpace(
            "There is no space left on the disk; the change was not saved.",
            f"Make room on the disk that holds {path.parent}, then try again.",
        )
    return StudioError(
        f"The change could not be saved in {path.name} ({problem.strerror or problem}).",
        f"Check that the folder {path.parent} may be written to.",
    )
