"""Opening pictures that came from anywhere. What comes out is complete, upright and of a bearable size."""

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from studio.domain.requests import MOST_PIXELS
from studio.errors import NotFound, StudioError, TooLarge

MOST_BYTES = 256 * 1024 * 1024
_TRUSTED = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # no EPS or PDF: those start other programs
_CHOOSE = "Choose a PNG, JPEG or WebP picture."


def open_picture(source: Path | str | bytes, *, most_pixels: int = MOST_PIXELS) -> Image.Image:
    """The picture, fully decoded and turned upright, as RGB, or RGBA when parts are see-through.

    The first frame of an animation. Text chunks, EXIF and the colour profile stay in `.info`; no file stays open.
    Raises NotFound, TooLarge (over `most_pixels`), or StudioError for what is not, or not all of, a picture.
    """
    image, name = _opened(source, most_pixels)
    format_name = image.format
    with image, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image.seek(0)
            image.load()
            upright = ImageOps.exif_transpose(image)
            plain = _plain(upright)
        except MemoryError as error:
            raise TooLarge(f"{name} does not fit into memory.", "Choose a smaller picture.") from error
        except Exception as error:  # Pillow's decoders raise a dozen kinds on damaged files
            raise StudioError(
                f"{name} is damaged or incomplete.", "Open it elsewhere, save it again, retry."
            ) from error
    plain.info = {**image.info, **upright.info}
    plain.format = format_name
    return plain


def _opened(source: Path | str | bytes, most_pixels: int | None) -> tuple[Image.Image, str]:
    """The picture before decoding, and what to call it in a sentence."""
    content, name = _content(source)
    Image.init()
    formats = [one for one in _TRUSTED if one in Image.OPEN]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(content), formats=formats)
        except Image.DecompressionBombError as error:
            raise TooLarge(f"{name} has far too many pixels.", "Choose a smaller picture.") from error
        except Image.UnidentifiedImageError as error:
            raise StudioError(f"{name} is not a picture.", _CHOOSE) from error
        except Exception as error:  # as above
            raise StudioError(f"{name} is damaged or incomplete.", _CHOOSE) from error
    width, height = image.size
    if most_pixels and width * height > most_pixels:
        image.close()
        limit = f"{most_pixels / 1e6:.0f}" if most_pixels >= 1e6 else f"{most_pixels / 1e6:g}"
        raise TooLarge(f"{name} has {width} × {height} pixels; the most is {limit} million.", "Make it smaller first.")
    return image, name


def _content(source: Path | str | bytes) -> tuple[bytes, str]:
    if isinstance(source, bytes | bytearray | memoryview):
        content, name = bytes(source), "This file"
    else:
        path = Path(source)
        name = path.name if len(path.name) <= 80 else f"{path.name[:79]}…"
        try:
            if path.stat().st_size > MOST_BYTES:
                raise TooLarge(f"{name} is over {MOST_BYTES // 2**20} MB.", "Choose a smaller picture.")
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"{name} is not there any more.", "It may have been moved or deleted.") from error
        except OSError as error:
            raise StudioError(
                f"{name} cannot be read.", "Look whether it is a file and whether you may read it."
            ) from error
    if len(content) > MOST_BYTES:
        raise TooLarge(f"{name} is over {MOST_BYTES // 2**20} MB.", "Choose a smaller picture.")
    if not content:
        raise StudioError(f"{name} is empty.", _CHOOSE)
    return content, name


def _plain(image: Image.Image) -> Image.Image:
    """RGB or RGBA, eight bits a channel; a new picture that holds nothing of the file."""
    if image.mode.startswith("I") or image.mode == "F":
        low, high = image.getextrema()
        scale = 255 / (65535 if high > 255 else 255)
        image = image.point(lambda value: value * scale).convert("L") if low >= 0 else image.convert("L")
    see_through = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    mode = "RGBA" if see_through else "RGB"
    return image.convert(mode) if image.mode != mode else image.copy()


def flattened(image: Image.Image, behind: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The picture as RGB, see-through parts over `behind`: for formats without transparency."""
    if image.mode == "RGB":
        return image
    if image.mode not in ("RGBA", "LA", "PA"):
        return image.convert("RGB")
    image = image.convert("RGBA")
    ground = Image.new("RGB", image.size, behind)
    ground.paste(image, mask=image.getchannel("A"))
    return ground
