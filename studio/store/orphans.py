"""Media files that no document speaks of: left by a crash between the file and its document, or copied in by hand."""

from pathlib import Path

from studio.paths import Paths
from studio.store.assets import AssetCollection

MEDIA = frozenset({".png", ".jpg", ".jpeg", ".webp", ".mp4"})


def find_orphans(paths: Paths, assets: AssetCollection) -> list[Path]:
    """Media files below `outputs/<character>/<yyyy-mm>` that are neither an asset's file nor its original, by path."""
    known = assets.files()
    folders = [folder for folder in sorted(paths.outputs.glob("*/*")) if folder.is_dir()]
    return [path for folder in folders for path in sorted(folder.rglob("*")) if is_orphan(path, paths, known)]


def is_orphan(path: Path, paths: Paths, known: set[str]) -> bool:
    """Whether `path` is such a file; `known` is `AssetCollection.files()`."""
    inner = path.relative_to(paths.outputs).parts if path.is_relative_to(paths.outputs) else ()
    if len(inner) < 3 or inner[0] in (paths.house.name, paths.exports().name):
        return False
    if path.suffix.lower() not in MEDIA or any(part.startswith(".") for part in inner[2:]):
        return False
    return path.is_file() and paths.relative(path) not in known
