"""One shelf: a bounded TinyDB table of documents of one kind. Knows ids and dictionaries; no models, no rules."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

from studio.store.storage import AtomicStorage


class DocumentTable(Table):
    """A TinyDB table whose keys are our own ids."""

    document_id_class = str

    def put(self, documents: Mapping[str, dict]) -> None:
        """Insert or replace whole documents in one write. Nothing in memory changes when the write fails."""
        self._update_table(lambda table: table.update(documents))


class Database(TinyDB):
    table_class = DocumentTable


class Shelf:
    """One file of documents. A change costs what its `most` documents cost, however many shelves there are."""

    storage_class: type[Storage] = AtomicStorage

    def __init__(self, path: Path, table: str, on_read: Callable[[dict], dict], notices: list[str]):
        self.path = path
        self._database = Database(path, table, on_read, notices, storage=self.storage_class)
        self.storage = self._database.storage
        self.table: DocumentTable = self._database.table(table)
        self.broken = False  # the file is there but cannot be read: never write into it

    @property
    def count(self) -> int:
        return self.storage.count

    @property
    def size(self) -> int:
        return self.storage.size

    def put(self, documents: Mapping[str, dict]) -> None:
        """Insert or replace documents, on the disk when this returns."""
        self.table.put({id: self.storage.held(document) for id, document in documents.items()})

    def remove(self, ids: Iterable[str]) -> None:
        self.table.remove(doc_ids=list(ids))

    def document(self, document_id: str) -> dict | None:
        """A copy of the document, or None."""
        return self.storage.document(document_id)

    def documents(self) -> dict[str, dict]:
        """All documents by id; shared, not to be changed."""
        return self.storage.documents()

    def cool(self) -> None:
        self.storage.cool()
