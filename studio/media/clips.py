"""Clips on disk: single frames, counted frames, and what they say of their making."""

import io
import json
import re
from pathlib import Path

from PIL import Image

from studio.domain.asset import Recipe
from studio.errors import StudioError
from studio.media import embed, ffmpeg, mp4, xmp
from studio.media.atomic import write_file
from studio.media.thumbnails import encoded, shrunk

COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_MOST_FRAME_BYTES = 80_000_000


def frame_at(path: Path, seconds: float = 0.0) -> Image.Image:
    """The frame shown at this second, RGB; the last one beyond the end. StudioError when there is none."""
    words = lambda at: ["-ss", f"{at:.3f}", "-map", "0:v:0", "-frames:v", "1", "-c:v", "bmp", "-f", "image2pipe"]
    content = ffmpeg.decoded(words(max(0.0, seconds)), path, _MOST_FRAME_BYTES)
    if not content and seconds > 0:
        content = ffmpeg.decoded(words(0.0), path, _MOST_FRAME_BYTES)
    try:
        image = Image.open(io.BytesIO(content), formats=["BMP"])
        return image.convert("RGB")
    except Exception as error:  # Pillow raises a dozen kinds on what is no picture
        raise StudioError(f"{path.name} shows no picture.", "The file may be damaged.") from error


def thumbnail(source: Path, target: Path, seconds: float = 0.0, longest: int = 384) -> Path:
    """`target` (.webp): the clip's frame at this second, made once and again when the clip is newer."""
    try:
        if target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            return target
    except FileNotFoundError:
        pass
    write_file(target, encoded(shrunk(frame_at(source, seconds), longest), "WEBP"))
    return target


def counted(path: Path) -> int:
    """How many frames of picture the file really holds: it is decoded from end to end."""
    said = ffmpeg.run(
        [*ffmpeg.before(path), "-map", "0:v:0", "-c:v", "copy", "-f", "null", "-"],
        path.parent,
        what=path.name,
        quietly=False,
    )
    found = re.findall(r"frame=\s*(\d+)", said) or re.findall(r"(\d+) packets muxed", said)
    return int(found[-1]) if found else 0


def say(path: Path, recipe: Recipe, *, source_type: str | None, extra: dict | None = None) -> None:
    """Put origin, credit and the whole recipe into the finished file."""
    packet = xmp.packet(
        source_type=source_type,
        description=str((extra or {}).get("description", "")),
        alt_text=str((extra or {}).get("alt_text", "")),
        recipe_json=embed.recipe_text(recipe, extra),
    )
    mp4.add_xmp(path, packet)


def read_recipe(path: Path) -> Recipe | None:
    """The recipe of a clip made here, None for others'. StudioError when it is no MP4."""
    text = xmp.recipe_json(mp4.xmp(path))
    try:
        return Recipe.model_validate(json.loads(text)["recipe"]) if text else None
    except (ValueError, KeyError, TypeError):
        return None
