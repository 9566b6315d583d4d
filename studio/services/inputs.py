"""Pictures that a picture starts from: assets of the library, or files handed in for one job, such as a mask.

What is handed in is kept by its content under the house folder and swept away a month after its last use; the library
keeps what was made from it.
"""

import hashlib
import io
import logging
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from studio.durable import write_whole
from studio.errors import NotFound, StudioError
from studio.paths import Paths
from studio.services.consent import HINT, stated

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.domain.character import Character
    from studio.domain.origin import Origin
    from studio.store import Store

log = logging.getLogger("studio.images")

_ID = re.compile(r"in-[0-9a-f]{32}")
_KEPT_DAYS = 30
_MOST_SIDE = 4096


class Inputs:
    """One per studio. An id is an asset's, or `in-` and 32 hexadecimal digits for what was handed in."""

    def __init__(self, store: "Store", paths: Paths):
        self.store, self.folder, self.paths = store, paths.house / "inputs", paths

    def keep(self, picture: "Path | Image", origin: "dict | Origin | None" = None) -> str:
        """The id under which this picture can be used, the same for the same picture. StudioError when it is none.

        With what it shows (`origin`) it can be a reference; without, only what a picture starts from.
        """
        from studio.media.pictures import open_picture

        image = open_picture(picture) if isinstance(picture, Path) else picture
        if max(image.size) > _MOST_SIDE:
            image = image.copy()
            image.thumbnail((_MOST_SIDE, _MOST_SIDE))
        image = image.convert("L" if image.mode in ("1", "L", "I;16") else "RGB")
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=1)
        content = buffer.getvalue()
        name = f"in-{hashlib.sha256(content).hexdigest()[:32]}"
        path = self.folder / f"{name}.png"
        if path.exists():
            os.utime(path)
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        if origin:
            write_whole(path.with_suffix(".json"), stated(origin).model_dump_json().encode())
        return name

    def check_reference(self, id: str, character: "Character | None") -> None:
        """Raises StudioError unless this picture was made by a model, or it is said what it shows."""
        if not self.is_asset(id):
            if not (self.folder / f"{id}.json").is_file():
                raise StudioError("It is not said what the uploaded reference shows.", HINT, field="references")
            return
        spoken_for = any(one.asset_id == id and one.origin for one in (character.references if character else ()))
        if self.store.assets.get(id).from_outside and not spoken_for:
            raise StudioError(
                "It is not said what this imported picture shows.",
                "Make it a reference in Characters > References, which asks, or use it as the start picture.",
                field="references",
            )

    def path(self, id: str, field: str = "image") -> Path:
        """The file of this id. NotFound, with the field that asked, when it is gone or never was."""
        if _ID.fullmatch(str(id)):
            path = self.folder / f"{id}.png"
            if not path.is_file():
                raise NotFound("This picture was only kept for a while.", "Choose it again.", field=field)
            os.utime(path)
            return path
        try:
            asset = self.store.assets.get(str(id))
        except NotFound:
            raise NotFound("There is no such picture in the library.", "Choose another picture.", field=field) from None
        path = self.paths.inside(asset.file)
        if not path.is_file():
            raise NotFound("The file of this picture is gone.", "Choose another picture.", field=field)
        return path

    def image(self, id: str, field: str = "image") -> "Image":
        """The picture of this id, RGB; a mask (`field` mask) as shades of grey. StudioError when it cannot be read."""
        from studio.media.pictures import open_picture

        try:
            found = open_picture(self.path(id, field))
        except StudioError as error:
            error.field = error.field or field
            raise
        return found.convert("L" if field == "mask" else "RGB")

    def is_asset(self, id: str) -> bool:
        return not _ID.fullmatch(str(id))

    def sweep(self) -> int:
        """Remove what was handed in and not used for a month; how many there were."""
        gone, limit = 0, time.time() - _KEPT_DAYS * 86400
        for path in self.folder.glob("in-*.png") if self.folder.is_dir() else ():
            try:
                if path.stat().st_mtime < limit:
                    path.unlink()
                    path.with_suffix(".json").unlink(missing_ok=True)
                    gone += 1
            except OSError as error:
                log.info("%s could not be swept away: %s", path.name, error)
        return gone
