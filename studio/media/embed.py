"""Pictures that carry how they were made, in PNG, JPEG and WebP; and reading that back, ours and other studios'."""

import io
import json
from pathlib import Path

from PIL import ExifTags, Image, PngImagePlugin
from pydantic import ValidationError

from studio import __version__
from studio.domain.asset import Recipe
from studio.domain.requests import MOST_PIXELS
from studio.media import foreign, infotext, xmp
from studio.media.atomic import write_file
from studio.media.pictures import _opened, flattened, open_picture

__all__ = ["encoded", "open_picture", "read_recipe", "save_jpeg", "save_png", "save_webp"]

CHUNK_VERSION = 1
_UNICODE = b"UNICODE\x00"
_JPEG_SEGMENT = 65_000  # a JPEG segment holds 65,533 bytes, headers included


def save_png(
    image: Image.Image,
    path: Path,
    recipe: Recipe,
    *,
    extra: dict | None = None,
    source_type: str | None = xmp.TRAINED,
) -> None:
    """Write a PNG with the chunks `parameters` (infotext), `studio` (JSON) and XMP. Same input, same bytes.

    `extra` joins the JSON; its `description` and `alt_text` also go into the XMP. `source_type` is the IPTC digital
    source type, None when the origin is unknown. Raises NoSpace and OSError.
    """
    write_file(path, encoded(image, "image/png", 100, recipe, extra, source_type))


def save_jpeg(
    image: Image.Image,
    path: Path,
    recipe: Recipe,
    quality: int = 92,
    *,
    extra: dict | None = None,
    source_type: str | None = xmp.TRAINED,
) -> None:
    """Write a JPEG (quality 1-95) with the infotext as EXIF UserComment, and XMP that also holds our JSON.

    A recipe too long for a JPEG's 64 KB segments loses its JSON first, then the end of its prompt.
    """
    write_file(path, encoded(image, "image/jpeg", quality, recipe, extra, source_type))


def save_webp(
    image: Image.Image,
    path: Path,
    recipe: Recipe,
    quality: int = 90,
    *,
    extra: dict | None = None,
    source_type: str | None = xmp.TRAINED,
) -> None:
    """Write a WebP (quality 1-100, 100 is lossless) with the infotext as EXIF UserComment and XMP with our JSON."""
    write_file(path, encoded(image, "image/webp", quality, recipe, extra, source_type))


def encoded(
    image: Image.Image,
    media_type: str,
    quality: int,
    recipe: Recipe | None,
    extra: dict | None = None,
    source_type: str | None = xmp.TRAINED,
) -> bytes:
    """The bytes of a PNG, JPEG or WebP as the savers write it; without a recipe it says its origin and nothing else."""
    write = {"image/png": _png, "image/jpeg": _jpeg, "image/webp": _webp}[media_type]
    buffer = io.BytesIO()
    write(image, buffer, quality, recipe, extra, source_type)
    return buffer.getvalue()


def _png(image, buffer, quality, recipe, extra, source_type):
    chunks = PngImagePlugin.PngInfo()
    if recipe:
        text = infotext.write(recipe, image.size)
        if text.isascii() or _is_latin(text):
            chunks.add_text("parameters", text)
        else:
            chunks.add_itxt("parameters", text)
        chunks.add_itxt("studio", recipe_text(recipe, extra))
    chunks.add_itxt("XML:com.adobe.xmp", _packet(extra, source_type))
    image = image if image.mode in ("RGB", "RGBA", "L", "P") else image.convert("RGB")
    image.save(buffer, "PNG", pnginfo=chunks, compress_level=4, icc_profile=image.info.get("icc_profile"), exif=b"")


def _jpeg(image, buffer, quality, recipe, extra, source_type):
    packet = _packet(extra, source_type, recipe)
    if len(packet.encode()) > _JPEG_SEGMENT:
        packet = _packet(extra, source_type)
    told = {}
    if recipe:
        text = infotext.write(recipe, image.size)
        if len(text) * 2 > _JPEG_SEGMENT:
            text = infotext.write(_shortened(recipe), image.size)
        told["exif"] = _exif(text)
    flattened(image).save(
        buffer,
        "JPEG",
        quality=min(max(quality, 1), 95),
        subsampling=0 if quality >= 90 else 2,
        xmp=packet.encode(),
        icc_profile=image.info.get("icc_profile"),
        **told,
    )


def _webp(image, buffer, quality, recipe, extra, source_type):
    image = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
    image.save(
        buffer,
        "WEBP",
        quality=min(max(quality, 1), 100),
        lossless=quality >= 100,
        method=4,
        exif=_exif(infotext.write(recipe, image.size)) if recipe else b"",
        xmp=_packet(extra, source_type, recipe).encode(),
        icc_profile=image.info.get("icc_profile"),
    )


def recipe_text(recipe: Recipe, extra: dict | None = None) -> str:
    """Our own JSON: `studio` is its version, `recipe` the recipe, and the values of `extra` beside them."""
    body = {"studio": CHUNK_VERSION, "version": __version__, "recipe": recipe.model_dump(mode="json")}
    return json.dumps({**(extra or {}), **body}, ensure_ascii=False, separators=(",", ":"))


def read_recipe(source: Path | str | bytes) -> Recipe | None:
    """The recipe a picture carries: our own JSON, else infotext, else another studio's graph or metadata, else None.

    Recipes of others are filled as far as they go; a damaged one counts as none. Raises as open_picture does when
    `source` is no picture.
    """
    image, _ = _opened(source, None)
    with image:
        for texts in _texts(image):
            for read in (_ours, _infotext, foreign.read):
                if recipe := _recipe(read(texts)):
                    return recipe
    return None


def _texts(image: Image.Image):
    """The picture's texts by name: those before the pixels, and only when asked for more, those after them."""
    first = _named(image)
    yield first
    if image.format != "PNG" or image.width * image.height > MOST_PIXELS:
        return  # so large a picture is not unpacked for a text that may not be there
    try:
        image.load()
    except Exception:  # a damaged picture may still have given its texts; nothing more can be read from it
        return
    later = _named(image)
    if later.keys() != first.keys():
        yield later


def _named(image: Image.Image) -> dict[str, str]:
    texts = {key: value for key, value in image.info.items() if isinstance(key, str) and isinstance(value, str)}
    packet = image.info.get("xmp", texts.get("XML:com.adobe.xmp", ""))
    texts["xmp"] = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else str(packet)
    try:
        exif = image.getexif()
        comment = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment, b"")
        named = [exif.get(tag) for tag in (ExifTags.Base.Model, ExifTags.Base.Make)]
    except Exception:  # strangers' EXIF can be broken in any way; then it says nothing
        return texts
    if isinstance(comment, bytes):
        comment = _comment(comment)
    if comment and "parameters" not in texts:
        texts["parameters"] = str(comment)
    for value in named:  # ComfyUI's WebP files keep their graphs in unrelated EXIF fields, as `prompt:{…}`
        name, _, graph = str(value or "").partition(":")
        if name in ("prompt", "workflow"):
            texts.setdefault(name, graph)
    return texts


def _comment(content: bytes) -> str:
    """An EXIF UserComment as text. Programs disagree on the byte order of UNICODE: the likelier reading wins."""
    prefix, content = content[:8], content[8:]
    if prefix != _UNICODE:
        return (content if prefix in (b"ASCII\x00\x00\x00", bytes(8)) else prefix + content).decode("utf-8", "replace")
    if content[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return content.decode("utf-16", "replace")
    high = content[0::2].count(0)
    return content.decode("utf-16-be" if high >= content[1::2].count(0) else "utf-16-le", "replace")


def _ours(texts: dict[str, str]) -> dict | None:
    for text in (texts.get("studio", ""), xmp.recipe_json(texts.get("xmp", ""))):
        body = foreign.json_object(text)
        if isinstance(body.get("recipe"), dict) and "studio" in body:
            return body["recipe"]
    return None


def _infotext(texts: dict[str, str]) -> dict | None:
    text = texts.get("parameters", "")
    if not text.strip() or text.lstrip().startswith("{"):
        return None  # nothing, or another studio's JSON under the same name
    found = infotext.parse(text)
    found.pop("fields", None)
    return found


def _recipe(found: dict | None) -> Recipe | None:
    """A valid recipe from what was found; a value that cannot be is left out."""
    found = {key: value for key, value in (found or {}).items() if isinstance(key, str)}
    while found:
        try:
            recipe = Recipe.model_validate(found)
            recipe.model_dump_json()
            return recipe
        except ValidationError as error:
            bad = {one["loc"][0] for one in error.errors() if one["loc"]}
            if not bad & found.keys():
                return None
            found = {key: value for key, value in found.items() if key not in bad}
        except ValueError:  # a value JSON cannot hold, in a field we do not know
            found = {key: value for key, value in found.items() if key in Recipe.model_fields}
            if not isinstance(found.get("versions", {}), dict):
                return None
    return None


def _packet(extra: dict | None, source_type: str | None, recipe: Recipe | None = None) -> str:
    extra = extra or {}
    return xmp.packet(
        source_type=source_type,
        description=str(extra.get("description", "")),
        alt_text=str(extra.get("alt_text", "")),
        recipe_json=recipe_text(recipe, extra) if recipe else "",
    )


def _exif(text: str) -> bytes:
    """EXIF with the infotext. Big-endian throughout: the one order that all readers of UNICODE comments agree on."""
    exif = Image.Exif()
    exif.endian = ">"
    exif[ExifTags.Base.Software] = f"studio {__version__}"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = _UNICODE + text.encode("utf-16-be", "replace")
    return exif.tobytes()


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _shortened(recipe: Recipe) -> Recipe:
    cut = lambda text: text if len(text) <= 8000 else f"{text[:8000]}…"
    return recipe.model_copy(update={"prompt": cut(recipe.prompt), "negative": cut(recipe.negative), "loras": []})
