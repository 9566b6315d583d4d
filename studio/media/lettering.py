"""Words as pictures: overlays, subtitles and cards. Drawn by Pillow, so that no filter ever reads a person's text.

The font is Pillow's own; signs that it does not have are looked for in the fonts of the machine.
"""

import os
import sys
import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

MOST_LINES = 6
_MARGIN = 0.06  # of the width, left and right
_SIZES = {"plain": 0.058, "boxed": 0.052, "large": 0.1, "caption": 0.05, "title": 0.105, "under": 0.05}  # of the width
_SMALLEST = 0.45  # of its size, to which a text shrinks before its end is left out
_OTHERS = (
    "NotoSans-Regular.ttf", "DejaVuSans.ttf", "segoeui.ttf", "Arial Unicode.ttf", "arial.ttf", "msyh.ttc",
    "YuGothR.ttc", "meiryo.ttc", "malgun.ttf", "Nirmala.ttf", "NotoSansCJK-Regular.ttc", "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "NotoSansThai-Regular.ttf", "PingFang.ttc",
    "AppleSDGothicNeo.ttc", "Hiragino Sans GB.ttc", "wqy-microhei.ttc", "FreeSans.ttf", "LiberationSans-Regular.ttf",
)  # fmt: skip
_NOTHING = "\U0010ffff"  # a sign no font has: what is drawn instead of it is the font's box


def overlay(
    size: tuple[int, int], text: str, style: str, place: str, safe: tuple[float, float]
) -> tuple[Image.Image, tuple[int, int]]:
    """The words as an RGBA picture and where it goes on a canvas of `size`; inside the safe areas (shares of the
    height kept free at top and bottom). Sides and places are even numbers.
    """
    wide, high = size
    room = (wide * (1 - 2 * _MARGIN), high * (1 - safe[0] - safe[1]) * 0.6)
    block = _block(text, wide, room, _SIZES[style], boxed=style in ("boxed", "caption"))
    free = high * (1 - safe[0] - safe[1]) - block.height
    share = {"top": 0.0, "middle": 0.5, "bottom": 1.0}[place]
    y = high * safe[0] + free * share
    return block, (_even((wide - block.width) / 2), _even(max(0, min(y, high - block.height))))


def card(size: tuple[int, int], text: str, colour: str) -> Image.Image:
    """A card, RGB: the first line as its title, the rest smaller below it."""
    wide, high = size
    ground = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
    image = Image.new("RGB", size, ground)
    ink = (24, 26, 32) if (ground[0] * 299 + ground[1] * 587 + ground[2] * 114) / 1000 > 150 else (255, 255, 255)
    title, _, under = text.strip().partition("\n")
    room = (wide * (1 - 3 * _MARGIN), high * 0.4)
    scale = min(wide, high)  # a card lying on its side keeps its words in proportion
    blocks = [
        _block(words, scale, room, _SIZES[kind], ink=ink, shadow=False)
        for words, kind in ((title, "title"), (under, "under"))
        if words.strip()
    ]
    gap = round(scale * 0.03)
    y = (high - sum(one.height for one in blocks) - gap * max(0, len(blocks) - 1)) / 2
    for one in blocks:
        image.paste(one, (round((wide - one.width) / 2), round(y)), one)
        y += one.height + gap
    return image


def undrawable(text: str) -> str:
    """The signs of a text that no font on this machine has, each once."""
    signs = dict.fromkeys(one for one in text if not one.isspace() and unicodedata.category(one)[0] not in "CM")
    return "".join(sign for sign in signs if _font_with(sign) is None)


def _block(
    text: str,
    wide: int,
    room: tuple[float, float],
    share: float,
    *,
    boxed: bool = False,
    ink: tuple[int, int, int] = (255, 255, 255),
    shadow: bool = True,
) -> Image.Image:
    """The words, wrapped, as large as the room allows up to their size."""
    text = clean(text)
    full = max(8.0, wide * share)
    size, lines = full, [""]
    while True:
        lines = wrapped(text, size, room[0])
        if (len(lines) <= MOST_LINES and len(lines) * size * 1.25 <= room[1]) or size <= full * _SMALLEST:
            break
        size *= 0.93
    most = max(1, min(MOST_LINES, int(room[1] / (size * 1.25))))
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1].rstrip()[:-1]}…"]
    pad = round(size * (0.42 if boxed else 0.2))
    edge = 0 if boxed or not shadow else max(1, round(size * 0.07))
    height, lengths = round(size * 1.25), [_length(line, size) for line in lines]
    width = _even(max(lengths) + 2 * pad + 2 * edge + 1)
    image = Image.new("RGBA", (width, _even(height * len(lines) + 2 * pad)), (*ink, 0))
    draw = ImageDraw.Draw(image)
    if boxed:
        draw.rounded_rectangle((0, 0, image.width - 1, image.height - 1), round(size * 0.35), fill=(12, 14, 18, 178))
    for number, (line, length) in enumerate(zip(lines, lengths, strict=True)):
        x, y = (width - length) / 2, pad + number * height + size * 1.0
        for words, font in _pieces(line, size):
            draw.text((x, y), words, font=font, fill=(*ink, 255), anchor="ls", stroke_width=edge,
                      stroke_fill=(12, 14, 18, 225))  # fmt: skip
            x += font.getlength(words)
    return image


def clean(text: str) -> str:
    """Text without control signs; lines stay lines."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
    return "".join(one for one in text if one == "\n" or unicodedata.category(one) not in ("Cc", "Cs", "Co", "Cn"))


def wrapped(text: str, size: float, width: float) -> list[str]:
    """The text in lines no wider than `width` pixels; a word that is too long is broken."""
    lines: list[str] = []
    for paragraph in text.strip().split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if _about(longer, size) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            while len(word) > 1 and _about(word, size) > width:
                fits, wide = 0, 0.0
                while fits < len(word) and (wide := wide + _advance(word[fits]) * size) <= width:
                    fits += 1
                fits = max(1, fits)
                lines.append(word[:fits])
                word = word[fits:]
            line = word
        lines.append(line)
    return lines or [""]


def _about(line: str, size: float) -> float:
    """The line's width without kerning: enough to wrap by, and quick."""
    return sum(map(_advance, line)) * size


@lru_cache(8192)
def _advance(sign: str) -> float:
    """The width of a sign at a size of one pixel, rounded up a little."""
    return _font(_font_with(sign) or "", 64).getlength(sign) / 64 * 1.01


def _length(line: str, size: float) -> float:
    return sum(font.getlength(words) for words, font in _pieces(line, size))


def _pieces(line: str, size: float) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """The line cut into runs of one font."""
    runs: list[list] = []
    for sign in line:
        name = "" if sign.isspace() and not runs else runs[-1][1] if sign.isspace() else _font_with(sign) or ""
        if runs and runs[-1][1] == name:
            runs[-1][0] += sign
        else:
            runs.append([sign, name])
    return [(words, _font(name, round(size))) for words, name in runs]


@lru_cache(64)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(name, size) if name else ImageFont.load_default(size=size)


@lru_cache(4096)
def _font_with(sign: str) -> str | None:
    """The first font that has this sign: "" for Pillow's own, a path, or None."""
    if unicodedata.category(sign)[0] == "M":  # an accent goes with the sign before it
        return ""
    return next((name for name in ("", *_machine_fonts()) if _has(name, sign)), None)


def _has(name: str, sign: str) -> bool:
    font = _font(name, 24)
    drawn, missing = font.getmask(sign), font.getmask(_NOTHING)
    return bytes(drawn) != bytes(missing) or drawn.size != missing.size


@lru_cache(1)
def _machine_fonts() -> tuple[str, ...]:
    """Fonts of the system with many signs, the likeliest first."""
    if sys.platform == "win32":
        roots = [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"]
    elif sys.platform == "darwin":
        roots = [Path("/System/Library/Fonts"), Path("/Library/Fonts")]
    else:
        roots = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts"]
    found: dict[str, str] = {}
    for root in roots:
        for folder, _, names in os.walk(root):
            for name in names:
                if name in _OTHERS:
                    found.setdefault(name, os.path.join(folder, name))
    usable = []
    for name in _OTHERS:
        if name in found:
            try:
                ImageFont.truetype(found[name], 24)
                usable.append(found[name])
            except OSError:
                continue
    return tuple(usable)


def _even(number: float) -> int:
    return max(0, round(number / 2) * 2)
