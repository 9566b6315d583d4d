"""The library: assets beside their media, one row of bounded files per character and month, searched from memory."""

import re
from pathlib import Path

from studio.domain.asset import Asset
from studio.domain.document import now
from studio.domain.requests import AssetFilter
from studio.errors import StudioError
from studio.paths import Paths
from studio.store.asset_index import AssetIndex
from studio.store.collection import MOST_DOCUMENTS, Page, RollingCollection, make_cursor, page_size, read_cursor

_FILES = ("file", "original_file", "subtitles_file")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class AssetCollection(RollingCollection[Asset]):
    """All assets. `search` and `facets` look at an index in memory; only the documents of the page are read."""

    def __init__(self, paths: Paths, notices: list[str], *, most: int = MOST_DOCUMENTS):
        self._paths = paths
        self._index = AssetIndex()
        self._loading = True
        super().__init__("asset", Asset, paths.outputs, 2, self._folder_file, notices, most=most)

    def search(self, wanted: AssetFilter, *, limit: int = 50, cursor: str | None = None) -> Page[Asset]:
        """The assets that fit, newest first or by `sort`. `look` is a look's id or name.

        Every word of `text` must occur within a word of the prompt, description, tags, character's or look's name;
        capitals and accents do not matter.
        """
        limit, before = page_size(limit), read_cursor(cursor) if cursor else None
        with self._state:
            mask = self._index.matching(wanted)
            if wanted.sort == "newest":
                ids, more = self._index.page(mask, limit, before)
            else:
                name, best_first = wanted.sort.removesuffix("_low"), not wanted.sort.endswith("_low")
                ids, more = self._index.page_by_score(name, mask, limit, before, best_first)
        return Page(self._documents(ids), make_cursor(ids[-1]) if more else None, mask.bit_count())

    def facets(self) -> dict:
        """Counts for filter pickers, biggest first; all but `states` without the trash.

        {"total": 9, "starred": 2, "identity": {"passed": 6, "below": 1, "unmeasured": 2}, "states": {"new": 5, …},
        "tags": {tag: 3, …}, "characters": {id: 9, …}, "looks": {name: 4, …}}. Assets without a character count under
        "_no-character".
        """
        with self._state:
            return self._index.facets()

    def missing(self, asset: Asset) -> bool:
        """Whether the asset's own file is gone from the disk."""
        try:
            return not self._paths.inside(asset.file).is_file()
        except (StudioError, OSError):
            return True

    def files(self) -> set[str]:
        """Every file a document speaks of, relative to the data folder. Reads all documents: a second per 100,000."""
        found = set()
        for shelf in list(self._shelves.values()):
            for data in shelf.documents().values():
                found.update(name for name in map(data.get, _FILES) if name)
        return found

    def _folder_file(self, data: dict) -> Path:
        month = str(data.get("created_at", ""))[:7]
        month = month if _MONTH.fullmatch(month) else now()[:7]
        return self._paths.month(data.get("character_id"), month) / "assets.json"

    def _indexed(self, before: dict | None, after: dict | None) -> None:
        if self._loading:
            self._index.gather(after)
        else:
            self._index.changed(before, after)

    def _opened(self) -> None:
        super()._opened()
        self._index.settle()
        self._loading = False
