"""JSON files that survive a power cut. Knows bytes, files and TinyDB's storage contract; not what documents mean.

A change is written to a temporary file in the same folder, flushed to the disk and renamed over the old file, which
stays as `.bak`. Whoever reads sees the old file or the new one, never a half. No handle stays open.
"""

import errno
import os
import secrets
import time
from array import array
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import orjson
from tinydb.storages import Storage

from studio.errors import NoSpace, StudioError

BACKUP = ".bak"
TEMPORARY = ".tmp"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REPLACE_TRIES = 12  # Windows: a virus scanner or a reader holds the file for a moment; about a second in all
T = TypeVar("T")


def write_atomically(path: Path, data: bytes, *, backup: bool = True) -> None:
    """Put `data` at `path`, all of it or nothing; the file before stays as `<name>.bak`. On return it is on the disk.

    Raises NoSpace when the disk is full and StudioError when the folder cannot be written to; then the old file stands.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        make_folder(path.parent)
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if backup:
            _keep_previous(path)
        _replace(temporary, path)
        _flush_folder(path.parent)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        raise _as_studio_error(problem, path) from problem


def make_folder(folder: Path) -> None:
    """Make the folder and the ones above it, on the disk when this returns."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        _flush_folder(one.parent)


def remove_file(path: Path) -> None:
    """Delete the file and its previous generation, on the disk when this returns. A missing file is fine."""
    try:
        for one in (path.with_name(path.name + BACKUP), path):
            one.unlink(missing_ok=True)
        if path.parent.is_dir():
            _flush_folder(path.parent)
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
    """Whether this is a temporary file of a write that never finished."""
    return path.name.startswith(".") and path.name.endswith(TEMPORARY) and ".json" in path.name and path.is_file()


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that nothing overwrites it; gives its new path."""
    stem = f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S}"
    aside, number = path.with_name(stem), 2
    while aside.exists():
        aside, number = path.with_name(f"{stem}-{number}"), number + 1
    _replace(path, aside)
    return aside


def encode(value: object, *, indent: bool = False) -> bytes:
    """`value` as UTF-8 JSON. StudioError when it cannot be (half of a surrogate pair, an integer over 64 bits)."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if indent else None)
    except TypeError as problem:
        raise StudioError(
            "This text holds something that cannot be saved.", f"Remove unusual characters or numbers: {problem}."
        ) from problem


class AtomicStorage(Storage):
    """One TinyDB file. Its content stays parsed between changes until `cool()`, so a change does not read the file.

    Documents stand one to a line, which lets `document()` read a single one from a file that is not held in memory.
    `on_read` is given every document as it comes from the disk and returns it in today's shape. `size` (bytes) and
    `count` (documents) are those of the last read or write.
    """

    def __init__(self, path: Path, table: str, on_read: Callable[[dict], dict], notices: list[str]):
        self.path, self.table, self.size, self.count = path, table, 0, 0
        self._on_read, self._notices = on_read, notices
        self._content: dict | None = None
        self._lines: tuple[list[str], array] | None = None

    def read(self) -> dict:
        """The tables by name. The outer dictionary is the caller's own; documents are shared: do not change them."""
        if self._content is None:
            self._content = self._load()
        return dict(self._content)

    def write(self, data: dict) -> None:
        raw, lines = lay_out(data, self.table)
        try:
            write_atomically(self.path, raw)
        except BaseException:
            self.cool()
            self._lines = None
            raise
        self._content, self._lines, self.size, self.count = dict(data), lines, len(raw), len(lines[0])

    def cool(self) -> None:
        """Forget the parsed content; the file is the truth and is read again when needed."""
        self._content = None

    def documents(self) -> dict[str, dict]:
        """All documents by id, parsed now unless they are in memory; not kept. Shared: must not be changed."""
        content = self._content
        return (self._load() if content is None else content).get(self.table, {})

    def document(self, document_id: str) -> dict | None:
        """A copy of one document, reading only its line when the file is not in memory."""
        content, lines = self._content, self._lines
        if content is not None:
            found = content.get(self.table, {}).get(document_id)
            return None if found is None else orjson.loads(orjson.dumps(found))
        found = self._document_of_line(document_id, lines) if lines else None
        return found if found is not None else self.documents().get(document_id)

    def _document_of_line(self, document_id: str, lines: tuple[list[str], array]) -> dict | None:
        ids, starts = lines
        try:
            position = ids.index(document_id)
            with open(self.path, "rb") as file:
                file.seek(starts[position])
                line = file.read(starts[position + 1] - starts[position])
            key, value = orjson.loads(b"{" + line.rstrip(b",\n") + b"}").popitem()
        except (ValueError, KeyError, OSError):
            return None  # the file was replaced between the look-up and the read: the caller reads it whole
        return self._on_read(value) if key == document_id and isinstance(value, dict) else None

    def _load(self) -> dict:
        content = read_or_backup(self.path, self._parse, self._notices)
        return {} if content is None else content

    def _parse(self, raw: bytes) -> dict:
        content = orjson.loads(raw)
        table = content.get(self.table, {}) if isinstance(content, dict) else None
        if not isinstance(table, dict) or not all(isinstance(one, dict) for one in table.values()):
            raise ValueError("not a table of documents")
        self.size, self.count, self._lines = len(raw), len(table), find_lines(raw, table)
        for key, document in table.items():
            table[key] = self._on_read(document)
        return content


def lay_out(tables: dict, table: str) -> tuple[bytes, tuple[list[str], array]]:
    """The file's bytes, one document of `table` to a line, and (ids, where each line starts plus the end)."""
    rest = b"".join(encode(name) + b": " + encode(value) + b",\n" for name, value in tables.items() if name != table)
    head = b"{" + rest + encode(table) + b": {\n"
    ids, starts, parts, at = [], array("Q"), [head], len(head)
    documents = tables.get(table, {})
    last = len(documents) - 1
    for number, (key, document) in enumerate(documents.items()):
        line = encode(key) + b": " + encode(document) + (b",\n" if number < last else b"\n")
        ids.append(key)
        starts.append(at)
        parts.append(line)
        at += len(line)
    starts.append(at)
    parts.append(b"}}\n")
    return b"".join(parts), (ids, starts)


def find_lines(raw: bytes, table: dict) -> tuple[list[str], array] | None:
    """Where each document's line starts in a file written by `lay_out`; None for a file somebody laid out otherwise."""
    lines = raw.split(b"\n")
    first = len(lines) - len(table) - 2
    if first < 1 or lines[-2:] != [b"}}", b""]:
        return None
    at = sum(len(line) + 1 for line in lines[:first])
    starts = array("Q")
    for key, line in zip(table, lines[first:], strict=False):
        if not line.startswith(b'"' + key.encode() + b'": '):
            return None
        starts.append(at)
        at += len(line) + 1
    starts.append(at)
    return list(table), starts


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
    except OSError:
        _replace(path, backup)  # FAT has no links; a crash just here leaves only `.bak`, which the next start uses
        return
    try:
        _replace(link, backup)
    except OSError:
        link.unlink(missing_ok=True)
        raise


def _replace(source: Path, target: Path) -> None:
    for attempt in range(_REPLACE_TRIES):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if attempt == _REPLACE_TRIES - 1:
                raise
            time.sleep(min(0.01 * 2**attempt, 0.15))


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut. Windows has no way, and needs none, to do this from here."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as problem:
        if problem.errno != errno.EINVAL:  # some network file systems do not know how to flush a folder
            raise
    finally:
        os.close(handle)


def _as_studio_error(problem: OSError, path: Path) -> StudioError:
    if problem.errno in _FULL:
        return NoSpace(
            "There is no space left on the disk; the change was not saved.",
            f"Make room on the disk that holds {path.parent}, then try again.",
        )
    return StudioError(
        f"The change could not be saved in {path.name} ({problem.strerror or problem}).",
        f"Check that the folder {path.parent} may be written to.",
    )
