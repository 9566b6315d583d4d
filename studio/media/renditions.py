"""Pictures fitted to a network's rules: shape, size, format, bytes; what they say about themselves is written last.

One call is `rendition(source, folder, wish, recipe)`. The file's name is a hash of the source's content, the wish and
what is written inside, so the same call finds the file it made before, and nothing else does.

It knows no networks (a wish says what is wanted) and no people: where a face or the subject is comes from arithmetic
over the pixels (`subject.py`), or from the caller as `focus`. Clips are not its subject.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image, ImageCms, ImageFilter, ImageOps

from studio import __version__
from studio.domain.asset import Recipe
from studio.errors import NotFound, StudioError
from studio.media import embed, xmp
from studio.media.atomic import write_file
from studio.media.pictures import flattened, open_picture
from studio.media.subject import Box, subject

if TYPE_CHECKING:
    from collections.abc import Sequence

Frame = Literal["crop", "pad", "blur"]
ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
VERSION = 1  # counts up when the same wish gives other pixels
_QUALITIES = (92, 88, 84, 78, 72, 64, 55, 45)
_SHRINK = 0.85  # of each side, when no quality fits the bytes
_SMALLEST = 64


@dataclass(frozen=True)
class Wish:
    """What the picture is to be like; 0 or None has no limit. Sides and pixels after cropping.

    `formats` in order of preference: a lossless one is taken when it fits the bytes. `aspects` are width / height,
    narrowest and widest; a picture outside is brought to the nearer one by `frame`: "crop" around the subject, "pad"
    with the colour of its edge, "blur" over an enlarged, blurred copy. `size` (width, height) asks for exactly that.
    """

    formats: tuple[str, ...] = ("image/jpeg",)
    most_bytes: int = 0
    most_side: int = 0
    most_pixels: int = 0
    aspects: tuple[float, float] | None = None
    size: tuple[int, int] | None = None
    frame: Frame = "crop"
    carry_recipe: bool = False


@dataclass(frozen=True)
class Fitted:
    """A rendition on the disk. Sizes in pixels, `bytes` and `sha256` of the file; `box` is what of the upright source
    is in it (left, top, right, bottom)."""

    path: Path
    media_type: str
    width: int
    height: int
    bytes: int
    sha256: str
    box: Box


def rendition(
    source: Path,
    folder: Path,
    wish: Wish,
    recipe: Recipe | None = None,
    *,
    alt_text: str = "",
    description: str = "",
    source_type: str | None = xmp.TRAINED,
    focus: Sequence[Box] = (),
) -> Fitted:
    """The picture `source` as `wish` wants it, in `folder`; made once, then found by its name.

    `focus` are boxes of the upright source (pixels) that a crop must keep, faces first; without one the subject is
    looked for. The XMP always says where the picture comes from (`source_type`, None when unknown); `recipe` goes in
    when the wish carries it. Raises NotFound, TooLarge and StudioError for a source that is missing or no picture,
    StudioError when no size fits the bytes, NoSpace.
    """
    unknown = [one for one in wish.formats if one not in ENDINGS]
    if unknown or not wish.formats:
        raise ValueError(f"Renditions are {', '.join(ENDINGS)}, not {unknown or 'nothing'}.")
    written = {"alt_text": alt_text, "description": description, "source_type": source_type}
    key = _key(source, wish, recipe if wish.carry_recipe else None, written, focus)
    if found := _found(folder, key):
        return found
    picture = to_srgb(open_picture(source))
    framed, box = framed_picture(picture, wish, focus)
    framed = _bounded(framed, wish)
    writer = _Writer(recipe if wish.carry_recipe else None, written)
    content, form, size = _fitted(framed, wish, writer)
    facts = {"box": list(box), "media_type": form, "width": size[0], "height": size[1]}
    path = folder / f"{key}{ENDINGS[form]}"
    write_file(path, content)
    write_file(folder / f"{key}.json", json.dumps({**facts, "sha256": _sha256(content)}).encode())
    return Fitted(path, form, *size, len(content), _sha256(content), box)


def fitted(
    source: Path,
    folder: Path,
    *,
    formats: tuple[str, ...],
    most_bytes: int = 0,
    most_side: int = 0,
    most_pixels: int = 0,
    aspects: tuple[float, float] | None = None,
    frame: Frame = "crop",
    ai_made: bool = True,
    words: dict[str, str] | None = None,
) -> tuple[Path, str, int, int]:
    """A rendition in the first of `formats` that fits, without its recipe: the file, its media type, width and height
    in pixels. `words` go into it: {"alt_text", "description"}. Raises as `rendition` does."""
    usable = tuple(one for one in formats if one in ENDINGS)
    wish = Wish(usable, most_bytes, most_side, most_pixels, aspects, frame=frame)
    if not wish.formats:
        raise StudioError("There is no picture format this network takes.", "Leave the picture out.", field="asset_ids")
    words = words or {}
    made = rendition(
        source,
        folder,
        wish,
        alt_text=words.get("alt_text", ""),
        description=words.get("description", ""),
        source_type=xmp.TRAINED if ai_made else None,
    )
    return made.path, made.media_type, made.width, made.height


def to_srgb(image: Image.Image) -> Image.Image:
    """The picture in sRGB, RGB or RGBA, without a profile; one whose profile cannot be read counts as sRGB."""
    profile = image.info.get("icc_profile")
    image = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
    plain = image.copy()
    plain.info = {}
    if not profile:
        return plain
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if given.profile.xcolor_space.strip() != "RGB":
            return plain  # the profile of the CMYK or grey original: the pixels were converted when it was opened
        alpha = plain.getchannel("A") if plain.mode == "RGBA" else None
        turned = ImageCms.profileToProfile(plain.convert("RGB"), given, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return plain
    turned.info = {}
    if alpha is not None:
        turned.putalpha(alpha)
    return turned


def framed_picture(picture: Image.Image, wish: Wish, focus: Sequence[Box] = ()) -> tuple[Image.Image, Box]:
    """The picture in the shape the wish allows, and what of it is in there. Not resized, except for `wish.size`."""
    width, height = picture.size
    wanted = _aspect(width / height, wish)
    whole = (0, 0, width, height)
    if wanted is None:
        framed, box = picture, whole
    elif wish.frame == "crop":
        box = crop_box((width, height), wanted, focus or subject(picture))
        framed = picture.crop(box)
    else:
        framed, box = _on_ground(picture, wanted, wish.frame), whole
    if wish.size:
        framed = framed.resize(wish.size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return framed, box


def crop_box(size: tuple[int, int], aspect: float, keep: Sequence[Box]) -> Box:
    """The largest box of `aspect` (width / height) inside `size` that holds the first of `keep` and as much as it can
    of the others; what is to be kept sits a little above the middle. Always at least one pixel each way."""
    width, height = size
    if width / height > aspect:
        across, down = max(1, min(width, round(height * aspect))), height
    else:
        across, down = width, max(1, min(height, round(width / aspect)))
    boxes = [_inside(box, size) for box in keep] or [(0, 0, width, height)]
    left = _place(width, across, [(box[0], box[2]) for box in boxes], 0.5)
    top = _place(height, down, [(box[1], box[3]) for box in boxes], 0.42)
    return (left, top, left + across, top + down)


def _place(length: int, room: int, spans: list[tuple[int, int]], middle: float) -> int:
    """Where a window of `room` begins on `length` so that the first span is in it, then the hull of all if it fits."""
    first = spans[0]
    hull = (min(span[0] for span in spans), max(span[1] for span in spans))
    aim = hull if hull[1] - hull[0] <= room else first
    start = (aim[0] + aim[1]) / 2 - room * middle
    if first[1] - first[0] <= room:
        start = min(max(start, aim[1] - room), aim[0])
    else:
        start = first[0] + (first[1] - first[0] - room) * middle  # larger than the window: its upper middle
    return int(min(max(round(start), 0), length - room))


def _inside(box: Box, size: tuple[int, int]) -> Box:
    left, top = min(max(0, int(box[0])), size[0] - 1), min(max(0, int(box[1])), size[1] - 1)
    return (left, top, min(max(left + 1, int(box[2])), size[0]), min(max(top + 1, int(box[3])), size[1]))


def _aspect(own: float, wish: Wish) -> float | None:
    """The shape to bring the picture to, None when it may stay as it is."""
    if wish.size:
        wanted = wish.size[0] / wish.size[1]
        return None if math.isclose(own, wanted, rel_tol=1e-3) else wanted
    if not wish.aspects:
        return None
    narrow, wide = wish.aspects
    return narrow if own < narrow else wide if own > wide else None


def _on_ground(picture: Image.Image, aspect: float, frame: Frame) -> Image.Image:
    """The whole picture in the middle of a larger ground of `aspect`."""
    width, height = picture.size
    if width / height > aspect:
        size = (width, max(height, round(width / aspect)))
    else:
        size = (max(width, round(height * aspect)), height)
    if size[0] * size[1] > 40_000_000:  # a strip of one pixel would ask for a ground of billions
        scale = math.sqrt(40_000_000 / (size[0] * size[1]))
        size = (max(1, int(size[0] * scale)), max(1, int(size[1] * scale)))
        picture = ImageOps.contain(picture, size, Image.Resampling.LANCZOS)
        width, height = picture.size
    if frame == "blur":
        small = ImageOps.fit(flattened(picture), _within(size, 160), Image.Resampling.BILINEAR)
        ground = small.filter(ImageFilter.GaussianBlur(6)).resize(size, Image.Resampling.BICUBIC)
        ground = Image.blend(ground, Image.new("RGB", size, (40, 40, 40)), 0.15)
    else:
        ground = Image.new("RGB", size, _edge_colour(flattened(picture)))
    at = ((size[0] - width) // 2, (size[1] - height) // 2)
    ground.paste(picture, at, picture.getchannel("A") if picture.mode == "RGBA" else None)
    return ground


def _within(size: tuple[int, int], longest: int) -> tuple[int, int]:
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _edge_colour(picture: Image.Image) -> tuple[int, int, int]:
    """The median colour of the picture's border."""
    import numpy

    small = numpy.asarray(picture.resize(_within(picture.size, 64), Image.Resampling.BOX))
    border = numpy.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    return tuple(int(value) for value in numpy.median(border, axis=0))


def _bounded(picture: Image.Image, wish: Wish) -> Image.Image:
    """Never enlarged; within `most_side` and `most_pixels`."""
    width, height = picture.size
    scale = 1.0
    if wish.most_side:
        scale = min(scale, wish.most_side / max(width, height))
    if wish.most_pixels:
        scale = min(scale, math.sqrt(wish.most_pixels / (width * height)))
    return picture if scale >= 1 else _scaled(picture, scale)


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    size = max(1, int(picture.width * scale)), max(1, int(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _fitted(picture: Image.Image, wish: Wish, writer: _Writer) -> tuple[bytes, str, tuple[int, int]]:
    """(bytes, media type, size) within `most_bytes`: the first format that fits as it is, then lower quality, then a
    smaller picture. A picture that is see-through prefers a format that keeps that."""
    forms = list(wish.formats)
    if picture.mode == "RGBA" and picture.getextrema()[3][0] < 255:
        forms.sort(key=lambda form: form == "image/jpeg")
    most = wish.most_bytes or math.inf
    while True:
        for form in forms:
            if content := _squeezed(picture, form, most, writer):
                return content, form, picture.size
        if wish.size or min(picture.size) * _SHRINK < _SMALLEST:
            limit = f"{wish.most_bytes / 1000:,.0f} kB"
            raise StudioError(f"The picture does not fit into {limit}.", "Choose another picture, or crop it.")
        picture = _scaled(picture, _SHRINK)


def _squeezed(picture: Image.Image, form: str, most: float, writer: _Writer) -> bytes | None:
    """The picture in this format at the best quality that fits, None when none does."""
    qualities = (100,) if form == "image/png" else _QUALITIES
    content = writer(picture, form, qualities[0])
    if len(content) <= most or len(qualities) == 1:
        return content if len(content) <= most else None
    lowest = writer(picture, form, qualities[-1])
    if len(lowest) > most:
        return None
    good, bad, kept = len(qualities) - 1, 0, lowest
    while good - bad > 1:  # bytes fall with quality
        middle = (good + bad) // 2
        content = writer(picture, form, qualities[middle])
        good, bad, kept = (middle, bad, content) if len(content) <= most else (good, middle, kept)
    return kept


class _Writer:
    """Encodes a picture and puts in what it is to say about itself, last."""

    def __init__(self, recipe: Recipe | None, written: dict):
        self._recipe, self._written = recipe, written

    def __call__(self, picture: Image.Image, form: str, quality: int) -> bytes:
        """A file of media type `form`."""
        extra = {key: self._written[key] for key in ("alt_text", "description") if self._written[key]}
        return embed.encoded(picture, form, quality, self._recipe, extra, self._written["source_type"])


def _key(source: Path, wish: Wish, recipe: Recipe | None, written: dict, focus: Sequence[Box]) -> str:
    try:
        with open(source, "rb") as file:
            digest = hashlib.file_digest(file, "sha256") if hasattr(hashlib, "file_digest") else _digest(file)
    except FileNotFoundError as error:
        raise NotFound(f"{source.name} is not there any more.", "It may have been moved or deleted.") from error
    except OSError as error:
        raise StudioError(f"{source.name} cannot be read.", "Look whether it is a file and you may read it.") from error
    said = [VERSION, __version__, asdict(wish), written, [list(map(int, box)) for box in focus]]
    said.append(recipe.model_dump(mode="json") if recipe else None)
    digest.update(json.dumps(said, sort_keys=True, ensure_ascii=True).encode())
    return digest.hexdigest()[:40]


def _digest(file) -> hashlib._Hash:
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    return digest


def _found(folder: Path, key: str) -> Fitted | None:
    """What an earlier call made, when it is whole."""
    try:
        facts = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        path = folder / f"{key}{ENDINGS[facts['media_type']]}"
        content = path.read_bytes()
        if _sha256(content) != facts["sha256"]:
            return None
        os.utime(path)  # what is used stays, what is not may be swept
        size = (facts["width"], facts["height"])
        return Fitted(path, facts["media_type"], *size, len(content), facts["sha256"], tuple(facts["box"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
