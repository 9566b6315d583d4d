"""A picture as it may leave the machine: small, flat, and with nothing in the file but what is to be seen."""

import io
from pathlib import Path

from PIL import Image

from studio.media.pictures import flattened, open_picture

LONGEST_SIDE = 768


def plain_jpeg(source: Path | str | bytes, longest: int = LONGEST_SIDE) -> bytes:
    """The picture as JPEG, at most `longest` pixels a side, without recipe, EXIF, XMP, comment or colour profile."""
    picture = flattened(open_picture(source)).convert("RGB")
    picture.thumbnail((longest, longest))
    bare = Image.frombytes("RGB", picture.size, picture.tobytes())  # pixels only: `.info` is left behind
    held = io.BytesIO()
    bare.save(held, "JPEG", quality=85)
    return held.getvalue()
