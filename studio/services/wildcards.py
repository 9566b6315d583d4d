"""Wildcard lists on disk: those shipped with the studio, and the person's own: text files they may edit anywhere.

A person's file replaces the shipped list of its name. Nothing is thrown away: what is deleted or overwritten can come
back once. It knows files and words; drawing from them is `templates`.
"""

import hashlib
import logging
import os
import threading
from fnmatch import fnmatchcase
from pathlib import Path

from studio.domain.wildcard import MOST_BYTES, MOST_LISTS, MOST_VALUE, MOST_VALUES, WordList, is_name, values_of
from studio.durable import replace, write_whole
from studio.errors import Conflict, NotFound, StudioError
from studio.paths import Paths, safe_name

log = logging.getLogger("studio.images")

SHIPPED = Path(__file__).with_name("wordlists")
_ENDING = ".txt"
_NAMES = "Names are letters and digits, with single - and _ between them, 60 at most."


class Wildcards:
    """One per studio. Files are read again when they changed on disk, so that any editor will do."""

    def __init__(self, paths: Paths, shipped: Path = SHIPPED):
        self.folder, self.shipped = paths.wildcards, shipped
        self._gone = paths.wildcards / ".before"
        self._read: dict[Path, tuple[tuple, WordList, list[tuple[str, float]]]] = {}
        self._lock = threading.RLock()

    # ------------------------------------------------------------------ reading
    def every(self) -> list[WordList]:
        """Every list by name, without texts. One that cannot be used says why in `problem`."""
        return [found.model_copy(update={"text": None}) for found, _ in (self._of(name) for name in self.names())]

    def names(self) -> list[str]:
        """The names there are, sorted. Of the person's own the first few hundred."""
        mine = sorted(path.stem for path in self._files(self.folder))[:MOST_LISTS]
        return sorted({*mine, *(path.stem for path in self._files(self.shipped))}, key=str.casefold)

    def get(self, name: str) -> WordList:
        """One list with its text. Raises NotFound."""
        return self._of(self._known(name))[0]

    def values(self, name: str) -> list[tuple[str, float]]:
        """(words, weight) of a list, or of all whose names match a pattern with `*`. Raises StudioError, field prompt,
        for an unknown name, an empty list and one that cannot be read."""
        names = self.names()
        if "*" in name:
            matching = [one for one in names if fnmatchcase(one.casefold(), name.casefold())]
        else:
            matching = [one for one in names if one.casefold() == name.casefold()]
        if not matching:
            raise NotFound(
                f"There is no wildcard list called “{name[:60]}”.",
                f"There are: {', '.join(names[:20])}. Wildcards > New list makes one.",
                field="prompt",
            )
        found = []
        for one in matching:
            said, values = self._of(one)
            if said.problem and "*" not in name:
                raise StudioError(f"The wildcard list {one} cannot be used: {said.problem}", "Mend it.", field="prompt")
            found += values
        if not found:
            raise StudioError(
                f"The wildcard list {matching[0]} is empty.", "Write a line for each choice into it.", field="prompt"
            )
        return found

    def _files(self, folder: Path) -> list[Path]:
        try:
            return [one for one in folder.iterdir() if one.suffix == _ENDING and is_name(one.stem)]
        except OSError:
            return []

    def _known(self, name: str) -> str:
        found = next((one for one in self.names() if one.casefold() == str(name).casefold()), None)
        if found is None:
            raise NotFound("There is no such wildcard list.", "It may have been deleted in the meantime.")
        return found

    def _of(self, name: str) -> tuple[WordList, list[tuple[str, float]]]:
        mine, theirs = self.folder / f"{name}{_ENDING}", self.shipped / f"{name}{_ENDING}"
        own, shipped = _there(mine), _there(theirs)
        path = mine if own else theirs
        with self._lock:
            try:
                facts = path.stat()
                stamp = (facts.st_mtime_ns, facts.st_size, own, shipped)
                known = self._read.get(path)
                if known and known[0] == stamp:
                    return known[1], known[2]
                said, values = _parsed(name, path, facts.st_size)
            except OSError as error:
                log.info("The wildcard list %s cannot be read: %s", path.name, error)
                return WordList(name=name, own=own, shipped=shipped, problem="it cannot be read."), []
            said = said.model_copy(update={"own": own, "shipped": shipped})
            self._read[path] = (stamp, said, values)
            return said, values

    # ------------------------------------------------------------------ writing
    def put(self, name: str, text: str, mark: str | None = None) -> WordList:
        """Write a list of the person's own, on the disk when this returns.

        Raises StudioError for a name or a text that cannot be one, Conflict when `mark` is of an older text.
        """
        name = str(name).strip()
        if not is_name(name) or safe_name(name) != name:
            raise StudioError(f"“{name[:60]}” cannot be the name of a list.", _NAMES, field="name")
        text = str(text).replace("\r\n", "\n").replace("\r", "\n")
        if problem := _problem(text):
            raise StudioError(f"This list cannot be kept: {problem}", "Change it and save again.", field="text")
        with self._lock:
            before = next((one for one in self.names() if one.casefold() == name.casefold()), None)
            if before and mark is not None and self._of(before)[0].mark != mark:
                raise Conflict("This list was changed in the meantime.", "Open it again, then make your change.")
            if not before and len(self._files(self.folder)) >= MOST_LISTS:
                raise StudioError(f"There are {MOST_LISTS} lists already.", "Delete one first.")
            path = self.folder / f"{before or name}{_ENDING}"
            self.folder.mkdir(parents=True, exist_ok=True)
            if _there(path):
                self._keep_before(path)
            write_whole(path, text.encode("utf-8"))
            return self._of(before or name)[0]

    def delete(self, name: str) -> None:
        """Take a list of the person's own away; `restore` brings it back. Raises Conflict for a shipped one."""
        with self._lock:
            name = self._known(name)
            path = self.folder / f"{name}{_ENDING}"
            if not _there(path):
                raise Conflict(f"{name} comes with the studio.", "Save your own under its name to replace it.")
            self._keep_before(path)
            path.unlink(missing_ok=True)

    def restore(self, name: str) -> WordList:
        """The text before the last change or deletion comes back; the one of now can be brought back the same way."""
        with self._lock:
            names = [one.stem for one in self._files(self._gone)]
            found = next((one for one in names if one.casefold() == str(name).casefold()), None)
            if found is None:
                raise NotFound("There is no earlier text of this list.", "Only the last change can be undone.")
            path, before = self.folder / f"{found}{_ENDING}", self._gone / f"{found}{_ENDING}"
            content = before.read_bytes()
            if _there(path):
                self._keep_before(path)
            else:
                before.unlink(missing_ok=True)
            write_whole(path, content)
            return self._of(found)[0]

    def _keep_before(self, path: Path) -> None:
        self._gone.mkdir(parents=True, exist_ok=True)
        aside = self._gone / f".{path.name}.part"
        aside.write_bytes(path.read_bytes()[:MOST_BYTES])
        replace(aside, self._gone / path.name)


def _there(path: Path) -> bool:
    """A plain file; a link could lead anywhere."""
    return path.is_file() and not os.path.islink(path)


def _parsed(name: str, path: Path, size: int) -> tuple[WordList, list[tuple[str, float]]]:
    if size > MOST_BYTES:
        return WordList(name=name, problem=f"it is larger than {MOST_BYTES // 1024} KB."), []
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return WordList(name=name, problem="it is not text in UTF-8."), []
    problem = _problem(text)
    values = [] if problem else values_of(text)
    mark = hashlib.sha256(content).hexdigest()[:12]
    return WordList(name=name, values=len(values), problem=problem, mark=mark, text=text), values


def _problem(text: str) -> str:
    """Why this text cannot be a list, "" when it can."""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        return f"it is larger than {MOST_BYTES // 1024} KB."
    if any(ord(one) < 32 and one not in "\n\t\r" or 0xD800 <= ord(one) <= 0xDFFF for one in text):
        return "it holds signs that are no text."
    lines = values_of(text)
    if len(lines) > MOST_VALUES:
        return f"it has {len(lines)} lines; {MOST_VALUES} are the most."
    longest = max((len(words) for words, _ in lines), default=0)
    if longest > MOST_VALUE:
        return f"one of its lines has {longest} letters; {MOST_VALUE} are the most."
    return ""
