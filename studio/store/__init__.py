"""The only place that touches TinyDB and JSON documents on disk. Knows the domain's models; no services, no media."""

from studio.store.assets import AssetCollection
from studio.store.characters import CharacterCollection, Version
from studio.store.collection import Collection, Page
from studio.store.orphans import find_orphans, is_orphan
from studio.store.store import Store

__all__ = [
    "AssetCollection",
    "CharacterCollection",
    "Collection",
    "Page",
    "Store",
    "Version",
    "find_orphans",
    "is_orphan",
]
