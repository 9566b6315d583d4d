"""Small pictures for lists. The caller says where one lives; it is made once and again when the source is newer."""

import io
from pathlib import Path

from PIL import Image

from studio.errors import StudioError
from studio.media.atomic import write_file
from studio.media.pictures import flattened, open_picture

_FORMATS = {".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG"}


def thumbnail(source: Path, target: Path, longest: int = 384) -> Path:
    """`target` (.webp or .jpg): `source` with its longer side at most `longest` pixels, never enlarged.

    Raises NotFound without a source and StudioError when it is no picture. Two callers at once are harmless.
    """
    source, target = Path(source), Path(target)
    kind = _FORMATS.get(target.suffix.lower())
    if not kind:
        raise ValueError(f"A thumbnail is .webp or .jpg, not {target.suffix!r}.")
    try:
        if target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            return target
    except FileNotFoundError:
        pass  # none yet, or no source: open_picture says so
    small = shrunk(open_picture(source), longest)
    try:
        write_file(target, encoded(small, kind))
    except PermissionError as error:
        if not target.exists():  # on Windows somebody may be reading the one another caller just made
            raise StudioError("The thumbnail cannot be written.", "Check the rights on the outputs folder.") from error
    return target


def shrunk(image: Image.Image, longest: int) -> Image.Image:
    """A copy with its longer side at most `longest` pixels."""
    small = image.copy()
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return small


def encoded(image: Image.Image, kind: str = "JPEG", quality: int = 82) -> bytes:
    """The picture's bytes as JPEG, WEBP or PNG, without metadata but for its colour profile."""
    buffer = io.BytesIO()
    profile = image.info.get("icc_profile")
    image = flattened(image.copy()) if kind == "JPEG" else image.copy()
    image.info = {}
    options = {"JPEG": {"quality": quality}, "WEBP": {"quality": quality, "method": 2}}.get(kind, {})
    image.save(buffer, kind, icc_profile=profile, **options)
    return buffer.getvalue()
