"""Media files that no document speaks of: left by a crash between the file and its document, or copied in by hand."""

from pathlib import Path

from studio.paths import Paths
from studio.store.assets import AssetCollection

MEDIA = frozenset({".png", ".jpg", ".jpeg", ".webp"})


def find_orphans(paths: Paths, assets: AssetCollection) -> list[Path]:
    """Media files below `outputs/<character>/<yyyy-mm>` that are neither an asset's file nor its original, by path."""
    known = assets.files()
    found = []
    for folder in sorted(paths.outputs.glob("*/*")):
        if folder.parent.name in (paths.house.name, paths.exports().name) or not folder.is_dir():
            continue
        for path in sorted(folder.rglob("*")):
            inner = path.relative_to(folder).parts
            if path.suffix.lower() not in MEDIA or any(part.startswith(".") for part in inner):
                continue
            if path.is_file() and paths.relative(path) not in known:
                found.append(path)
    return found
