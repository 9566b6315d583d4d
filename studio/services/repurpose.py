"""One picture for every network: fitted to each one's rules, and to the shapes people post in, with a contact sheet."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from studio.domain.asset import Asset
from studio.durable import replace
from studio.errors import BadRequest, NotFound, StudioError
from studio.paths import Paths, safe_name
from studio.platforms import PLATFORMS, Platform
from studio.services.ratings import level_of
from studio.store import Store

if TYPE_CHECKING:
    from studio.media.renditions import Wish

Frame = Literal["crop", "pad", "blur"]
SHAPES = (  # id, name, pixels
    ("square", "Square 1:1", (1080, 1080)),
    ("portrait", "Portrait 4:5", (1080, 1350)),
    ("story", "Story 9:16", (1080, 1920)),
    ("wide", "Wide 1.91:1", (1200, 628)),
)
MOST = 50
_KEPT_S = 30 * 86400  # a rendition nobody asked for in a month is made again when somebody does


@dataclass(frozen=True)
class Version:
    """One rendition: for which network or shape (`id`, `name`), its file, media type, size in pixels and bytes; or
    `problem`, a sentence, when it cannot be made."""

    id: str
    name: str
    path: Path | None = None
    media_type: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    problem: str = ""

    def as_json(self) -> dict:
        """As the API gives it: without the path."""
        return {key: value for key, value in self.__dict__.items() if key != "path"}


class Repurpose:
    """Renditions of assets, made when asked for and kept for a while."""

    def __init__(self, store: Store, paths: Paths, platforms: Sequence[Platform] = PLATFORMS):
        self._store, self._paths, self._platforms = store, paths, platforms

    def versions(self, asset_id: str, frame: Frame = "crop") -> list[Version]:
        """The picture for every network and shape. What cannot be made says why, and keeps no other from being made.

        `frame` is what happens where the shape has to change: crop around the face, pad with the edge's colour, or
        blur (over a blurred copy). Raises NotFound, and StudioError for what is no picture.
        """
        asset, source = self._picture(asset_id)
        return [self._made(asset, source, *one) for one in self._wishes(frame)]

    def version(self, asset_id: str, id: str, frame: Frame = "crop") -> Version:
        """One of them. Raises NotFound for an id that is none, StudioError when it cannot be made."""
        asset, source = self._picture(asset_id)
        wanted = next((one for one in self._wishes(frame) if one[0] == id), None)
        if wanted is None:
            names = ", ".join(one[0] for one in self._wishes(frame))
            raise NotFound(f"There is no version “{str(id)[:40]}”.", f"There are: {names}.")
        made = self._made(asset, source, *wanted)
        if made.path is None:
            raise StudioError(made.problem, "Choose another picture, or crop it.")
        return made

    def contact_sheet(self, asset_id: str, frame: Frame = "crop") -> bytes:
        """All versions on one labelled JPEG."""
        from studio.media.contact_sheet import contact_sheet

        asset, _ = self._picture(asset_id)
        return contact_sheet(self._title(asset), [_cell(one) for one in self.versions(asset_id, frame)])

    def zip(self, ids: Iterable[str], frame: Frame = "crop") -> Path:
        """A zip with a folder per picture: its versions and the contact sheet. Kept for an hour.

        Raises StudioError for too many, NotFound when one is not there.
        """
        ids = list(dict.fromkeys(ids))
        if not ids:
            raise BadRequest("No picture is chosen.", "Choose one or more first.")
        if len(ids) > MOST:
            raise StudioError(f"At most {MOST} pictures at once are made for all networks.", "Choose fewer.")
        folder = self._paths.house / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"networks-{ids[0][-6:]}-{len(ids)}-{time.time_ns() % 10**9}.zip"
        half, used = target.with_suffix(".part"), set()
        try:
            with zipfile.ZipFile(half, "w", zipfile.ZIP_STORED) as archive:
                for id in ids:
                    self._pack(archive, id, frame, used)
            replace(half, target)
        finally:
            half.unlink(missing_ok=True)
        return target

    def sweep(self) -> None:
        """Remove what was not asked for in a month."""
        folder, oldest = self._folder(), time.time() - _KEPT_S
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _pack(self, archive: zipfile.ZipFile, id: str, frame: Frame, used: set[str]) -> None:
        from studio.media.contact_sheet import contact_sheet

        asset, source = self._picture(id)
        stem, number = safe_name(source.stem, fallback="picture"), 2
        name = stem
        while name.casefold() in used:
            name, number = f"{stem}-{number}", number + 1
        used.add(name.casefold())
        found = self.versions(id, frame)
        for one in found:
            if one.path is not None:
                archive.write(one.path, f"{name}/{one.id}{one.path.suffix}")
        archive.writestr(f"{name}/contact-sheet.jpg", contact_sheet(self._title(asset), [_cell(one) for one in found]))

    def _wishes(self, frame: Frame) -> list[tuple[str, str, Wish, frozenset[str]]]:
        """(id, name, wish, ratings it does not take) of every network and shape."""
        from studio.media.renditions import Wish

        found = []
        for platform in self._platforms:
            kind = next((one for one in platform.spec.kinds if "image" in one.takes), None)
            if kind is None or platform.spec.files:
                continue
            rule = kind.image
            limits = (rule.most_bytes, rule.most_side, rule.most_pixels, rule.aspects)
            wish = Wish(rule.formats, *limits, frame=frame)
            found.append((platform.spec.id, platform.spec.name, wish, platform.spec.forbids))
        shape = lambda size: Wish(("image/jpeg",), size=size, frame=frame)
        return [*found, *((id, name, shape(size), frozenset()) for id, name, size in SHAPES)]

    def _made(self, asset: Asset, source: Path, id: str, name: str, wish: Wish, forbids: frozenset[str]) -> Version:
        from studio.media import xmp
        from studio.media.renditions import rendition

        if (level := level_of(asset)) in forbids:
            return Version(id, name, problem=f"{name} does not take {level} pictures.")
        unknown = asset.imported and not (asset.recipe.engine or asset.recipe.model or asset.recipe.seed is not None)
        try:
            made = rendition(
                source,
                self._folder(),
                wish,
                description=asset.description,
                source_type=None if unknown else xmp.TRAINED,
            )
        except NotFound:
            raise
        except StudioError as error:
            return Version(id, name, problem=error.message)
        return Version(id, name, made.path, made.media_type, made.width, made.height, made.bytes)

    def _picture(self, asset_id: str) -> tuple[Asset, Path]:
        asset = self._store.assets.get(asset_id)
        if asset.kind != "image":
            raise StudioError("This is not a picture.", "Clips are cut for networks in Motion.")
        source = self._paths.inside(asset.file)
        if not source.is_file():
            raise NotFound("The file is missing from the data folder.", "Put it back, or delete the entry in Review.")
        return asset, source

    def _title(self, asset: Asset) -> str:
        return f"{asset.recipe.character_name or 'Picture'}: {Path(asset.file).name}"

    def _folder(self) -> Path:
        return self._paths.house / "renditions" / "all"


def _cell(one: Version) -> tuple[Path | None, list[str]]:
    if one.path is None:
        return None, [one.name, one.problem]
    kind = one.media_type.removeprefix("image/").upper()
    return one.path, [one.name, f"{one.width} × {one.height}", f"{kind}, {one.bytes / 1000:,.0f} kB"]
