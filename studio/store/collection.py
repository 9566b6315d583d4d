"""A collection: all documents of one kind, on as many bounded shelves as they need.

It hands out copies checked against the kind's model, takes changes as functions, and has them on the disk before it
returns. It knows ids, revisions and times; what the fields mean is the services' business.
"""

import base64
import bisect
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import orjson
from pydantic import ValidationError

from studio.domain.document import Document, now
from studio.errors import BadRequest, Conflict, NotFound, StudioError
from studio.paths import is_identifier
from studio.store.migrations import migrate, newest
from studio.store.shelf import Shelf
from studio.store.storage import BACKUP, encode, is_leftover

D = TypeVar("D", bound=Document)
MOST_DOCUMENTS = 100  # on one shelf: measured, see benchmarks/store.py
MOST_BYTES = 1_000_000  # of one shelf's file, after which the next document starts another
WARM_SHELVES = 16  # kept in memory, as lines of JSON
MOST_ON_A_PAGE = 500
_SHELF_NAME = re.compile(r"(assets|\d{4}-\d{2})(?:-([1-9]\d{0,5}))?\.json")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page(Generic[D]):
    """Some documents of a list. `next_cursor` fetches the ones after them, None at the end; `total` counts all."""

    items: list[D]
    next_cursor: str | None
    total: int


class Collection(Generic[D]):
    """Documents of one kind. Safe to use from several threads; readers do not wait for the disk of a writer."""

    def __init__(self, kind: str, model: type[D], notices: list[str], *, warm: int = WARM_SHELVES):
        self.kind, self.model, self.notices = kind, model, notices
        self.table = f"{kind}s"
        self._writing = threading.RLock()
        self._state = threading.Lock()
        self._ids: list[str] = []
        self._home: dict[str, Shelf] = {}
        self._shelves: dict[Path, Shelf] = {}
        self._warm: OrderedDict[Path, Shelf] = OrderedDict()
        self._most_warm = warm
        self._told: set[str] = set()
        self.changes = 0  # grows with every document that came, changed or went since the start

    # reading

    def get(self, id: str) -> D:
        """A copy of the document. NotFound when there is none."""
        return self._checked(self._read(id))

    def all(self) -> list[D]:
        """Every document, oldest first. For kinds of which there are few."""
        return self._documents(self._known_ids())

    def find(
        self,
        where: Callable[[dict], bool] | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
        newest_first: bool = True,
    ) -> Page[D]:
        """The documents whose plain JSON form `where` accepts, by age, `limit` at a time.

        The dictionaries given to `where` are shared: it must not change them. Without `where` only the page is read.
        """
        ids = self._known_ids() if where is None else self._accepted(where)
        limit = page_size(limit)
        if newest_first:
            end = bisect.bisect_left(ids, read_cursor(cursor)) if cursor else len(ids)
            wanted, more = ids[max(end - limit, 0) : end][::-1], end > limit
        else:
            start = bisect.bisect_right(ids, read_cursor(cursor)) if cursor else 0
            wanted, more = ids[start : start + limit], start + limit < len(ids)
        return Page(self._documents(wanted), make_cursor(wanted[-1]) if more else None, len(ids))

    def count(self, where: Callable[[dict], bool] | None = None) -> int:
        return len(self._ids) if where is None else len(self._accepted(where))

    def __contains__(self, id: object) -> bool:
        return id in self._home

    # changing

    def add(self, doc: D) -> D:
        """Keep a new document; on the disk when this returns. Conflict when the id is taken."""
        data = self._plain(doc) | {"schema": newest(self.kind)}
        if not is_identifier(data["id"]):
            raise BadRequest("This document's id is not valid.", "Ids are letters, digits, - and _.")
        checked = self._checked(data)
        with self._writing:
            if data["id"] in self._home:
                raise Conflict(f"There is already {a(self.kind)} with this id.", "Give it another id.")
            shelf = self._shelf_for(data)
            self._put(shelf, {data["id"]: data})
            with self._state:
                self._home[data["id"]] = shelf
                if self._ids and data["id"] < self._ids[-1]:
                    bisect.insort(self._ids, data["id"])
                else:
                    self._ids.append(data["id"])
                self._indexed(None, data)
                self.changes += 1
        return checked

    def update(self, id: str, change: Callable[[D], None]) -> D:
        """Read, let `change` edit the copy, write. The revision grows by one, unless nothing was changed at all.

        What `change` raises goes through and nothing is written. NotFound when there is no such document.
        """
        return self.update_many([id], change)[0]

    def update_many(self, ids: Iterable[str], change: Callable[[D], None], *, counted: bool = True) -> list[D]:
        """`update` for several documents with one write per shelf. Nothing is written when `change` raises for one.

        What is not `counted` leaves revision and time as they are: for what no person changed.
        """
        with self._writing:
            edited: dict[str, tuple[dict, dict]] = {}
            results: dict[str, D] = {}
            ids = list(ids)
            for id in dict.fromkeys(ids):
                before = self._read(id)
                doc = self._checked(before)
                change(doc)
                after = self._stamped(before, self._plain(doc), counted)
                results[id] = self._checked(after)
                if after is not before:
                    edited[id] = (before, after)
            for shelf, members in self._by_shelf(edited).items():
                self._put(shelf, {id: edited[id][1] for id in members})
                with self._state:
                    for id in members:
                        self._indexed(*edited[id])
                    self.changes += 1
            return [results[id] for id in ids]

    def remove(self, id: str) -> None:
        """Delete the document for good. NotFound when there is none."""
        self.remove_many([id])

    def remove_many(self, ids: Iterable[str]) -> None:
        """Delete documents for good with one write per shelf. NotFound, and nothing removed, when one is not there."""
        with self._writing:
            before = {id: self._read(id) for id in ids}
            for shelf, members in self._by_shelf(before).items():
                shelf.remove(members)
                self._keep_warm(shelf)
                with self._state:
                    for id in members:
                        del self._home[id]
                        del self._ids[bisect.bisect_left(self._ids, id)]
                        self._indexed(before[id], None)
                    self.changes += 1

    # what kinds of collections differ in

    def _shelf_for(self, data: dict) -> Shelf:
        """The shelf a new document goes to."""
        raise NotImplementedError

    def _indexed(self, before: dict | None, after: dict | None) -> None:
        """A document came, changed or went; called with the state lock held, after it is on the disk."""

    # inside

    def _open_shelf(self, path: Path, shelf: Shelf) -> None:
        """Read one shelf's documents into the index; a shelf that cannot be read is told about and left alone."""
        self._shelves[path] = shelf
        try:
            documents = shelf.documents()
        except (OSError, StudioError) as problem:
            shelf.broken = True
            self._tell(str(path), f"{short(path)} could not be read ({problem}); its {self.table} do not show.")
            return
        for key, data in documents.items():
            if data.get("id") != key or not is_identifier(key):
                self._tell(key, f"{short(path)} holds {a(self.kind)} without a proper id; it is left out.")
            elif key in self._home:
                self._tell(key, f"{a(self.kind).capitalize()} is in two files; the one in {short(path)} is left out.")
            else:
                self._home[key] = shelf
                self._ids.append(key)
                self._indexed(None, data)

    def _opened(self) -> None:
        self._ids.sort()

    def _make_shelf(self, path: Path) -> Shelf:
        return Shelf(path, self.table, self._today, self.notices)

    def _today(self, data: dict) -> dict:
        data = migrate(self.kind, data)
        if data["schema"] > newest(self.kind):
            self._tell(
                f"schema {data['schema']}",
                f"Some {self.table} were written by a newer studio (schema {data['schema']}); some of it may not show.",
            )
        return data

    def _tell(self, about: str, sentence: str) -> None:
        if about not in self._told:
            self._told.add(about)
            self.notices.append(sentence)
            log.warning("%s", sentence)

    def _known_ids(self) -> list[str]:
        with self._state:
            return list(self._ids)

    def _accepted(self, where: Callable[[dict], bool]) -> list[str]:
        ids = []
        for shelf in list(self._shelves.values()):
            ids += [id for id, data in shelf.documents().items() if self._home.get(id) is shelf and where(data)]
        ids.sort()
        return ids

    def _read(self, id: str) -> dict:
        shelf = self._home.get(id)
        data = shelf.document(id) if shelf else None
        if data is None:
            raise NotFound(f"There is no {self.kind} with the id {str(id)[:60]}.", "It may have been deleted.")
        return data

    def _documents(self, ids: Iterable[str]) -> list[D]:
        found = []
        for id in ids:
            try:
                found.append(self.get(id))
            except NotFound:
                continue  # removed by another thread since the ids were listed
            except StudioError as problem:
                self._tell(id, f"{problem.message} It is left out of the lists.")
        return found

    def _checked(self, data: dict) -> D:
        try:
            return self.model.model_validate(data)
        except ValidationError as problem:
            first = problem.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise StudioError(
                f"The {self.kind} {str(data.get('id'))[:60]} does not hold together: {place}: {first['msg']}.",
                f"Correct “{place}”.",
                field=place,
            ) from problem

    def _plain(self, doc: D) -> dict:
        """The document as its file will hold it: exactly what a later start reads."""
        try:
            return orjson.loads(encode(doc.as_json()))
        except ValueError as problem:
            raise StudioError("This text holds something that cannot be saved.", f"Remove it: {problem}.") from problem

    def _stamped(self, before: dict, after: dict, counted: bool) -> dict:
        after |= {key: before[key] for key in ("id", "revision", "created_at", "updated_at", "schema") if key in before}
        if after == before:
            return before
        if not counted:
            return after
        return after | {"revision": before.get("revision", 1) + 1, "updated_at": now()}

    def _put(self, shelf: Shelf, documents: dict[str, dict]) -> None:
        shelf.put(documents)
        self._keep_warm(shelf)

    def _keep_warm(self, shelf: Shelf) -> None:
        self._warm[shelf.path] = shelf
        self._warm.move_to_end(shelf.path)
        while len(self._warm) > self._most_warm:
            self._warm.popitem(last=False)[1].cool()

    def _by_shelf(self, ids: Iterable[str]) -> dict[Shelf, list[str]]:
        shelves: dict[Shelf, list[str]] = {}
        for id in ids:
            shelves.setdefault(self._home[id], []).append(id)
        return shelves


class RollingCollection(Collection[D]):
    """A collection that starts a new file when one is full: `assets.json`, `assets-2.json`, `assets-3.json`, …

    `place` maps a document to the first of its files. The present ones are found `depth` folders below `root`.
    """

    def __init__(
        self,
        kind: str,
        model: type[D],
        root: Path,
        depth: int,
        place: Callable[[dict], Path],
        notices: list[str],
        *,
        most: int = MOST_DOCUMENTS,
        warm: int = WARM_SHELVES,
    ):
        super().__init__(kind, model, notices, warm=warm)
        self._place, self._most = place, most
        self._newest: dict[Path, tuple[int, Shelf]] = {}
        for first, number, path in sorted(find_files(root, depth)):
            self._open_shelf(path, self._make_shelf(path))
            self._newest[first] = (number, self._shelves[path])
        self._opened()

    def _shelf_for(self, data: dict) -> Shelf:
        first = self._place(data)
        number, shelf = self._newest.get(first, (0, None))
        if shelf is None or shelf.broken or shelf.count >= self._most or shelf.size >= MOST_BYTES:
            number += 1
            path = first if number == 1 else first.with_name(f"{first.stem}-{number}.json")
            shelf = self._shelves[path] = self._make_shelf(path)
            self._newest[first] = (number, shelf)
        return shelf


def find_files(root: Path, depth: int) -> list[tuple[Path, int, Path]]:
    """(first file of its row, number in the row, path) of every shelf `depth` folders below `root`, also lone `.bak`s.

    Temporary files that a crash left behind are removed on the way.
    """
    found = set()
    for path in root.glob("/".join(["*"] * (depth + 1))):
        name = path.name.removesuffix(BACKUP)
        if match := _SHELF_NAME.fullmatch(name):
            found.add((path.with_name(f"{match[1]}.json"), int(match[2] or 1), path.with_name(name)))
        elif is_leftover(path):
            path.unlink(missing_ok=True)
    return list(found)


def page_size(limit: int) -> int:
    return max(1, min(int(limit), MOST_ON_A_PAGE))


def make_cursor(last_id: str) -> str:
    """An opaque mark after this id. It stays good when documents come and go."""
    return base64.urlsafe_b64encode(b"1:" + last_id.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """The id a cursor was made from. BadRequest for anything that is not one."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        text = ""
    if not text.startswith("1:") or not is_identifier(text[2:]):
        raise BadRequest("This cursor is not valid.", "Start again without a cursor.")
    return text[2:]


def short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
