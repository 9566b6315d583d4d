"""The labelled sheet of a grid: pictures in rows and columns with their values beside them, any text, any length.

It knows pictures and words; never documents, jobs or where things are kept.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_SIDE = 8000  # pixels of the sheet
MOST_LETTERS = 400  # of one label
_CELL, _SMALLEST, _PAD, _LINE = 256, 96, 10, 18
_PAPER, _INK, _FAINT, _BLANK = "#ffffff", "#1c1a18", "#6b6661", "#efedea"
# Fonts of the system that have more letters than Pillow's own; the first that has all letters of a text is taken.
_FONTS = (
    "DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc",
    "arial.ttf", "Arial.ttf", "segoeui.ttf", "msyh.ttc", "meiryo.ttc", "malgun.ttf", "Arial Unicode.ttf",
    "Hiragino Sans GB.ttc", "PingFang.ttc", "NotoSansArabic-Regular.ttf", "NotoSansDevanagari-Regular.ttf",
)  # fmt: skip


def sheet(
    title: str,
    axes: Sequence[tuple[str, Sequence[str]]],
    picture: Callable[[tuple[int, ...]], Image | None],
    shape: float = 1.0,
) -> Image:
    """`axes` are (name, labels): across, down, and one block below the other. `picture(at)` is one cell, None where
    there is none. `shape` is a picture's width by its height."""
    from PIL import Image, ImageDraw, ImageOps

    (across, columns), (down, rows), (beyond, blocks) = [*axes, *[("", ("",))] * (3 - len(axes))]
    left = 150 if down else _PAD
    width = max(_SMALLEST, min(_CELL, (MOST_SIDE - left) // len(columns) - _PAD))
    height = max(1, round(width / shape))
    tallest = max(1, MOST_SIDE // (len(rows) * len(blocks)) - _PAD)
    if height > tallest:
        height, width = tallest, max(1, round(tallest * shape))
    heads = [_wrapped(one, width, 3) for one in columns]
    head = max(len(lines) for lines in heads) * _LINE + 6 if across else 0
    block = (_LINE + 8 if beyond else 0) + head + len(rows) * (height + _PAD)
    told = _wrapped(title, max(len(columns) * (width + _PAD) + left - _PAD, 300), 2)
    names = " · ".join(f"{arrow} {name}" for arrow, name in (("→", across), ("↓", down), ("", beyond)) if name)
    top = _PAD + len(told) * _LINE + _LINE + 8
    size = (max(left + len(columns) * (width + _PAD), 320), top + len(blocks) * (block + _PAD))
    canvas = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(canvas)
    for at, line in enumerate(told):
        _write(draw, (_PAD, _PAD + at * _LINE), line, _INK)
    _write(draw, (_PAD, _PAD + len(told) * _LINE), _cut(names, size[0] - 2 * _PAD), _FAINT)
    for number, label in enumerate(blocks):
        y = top + number * (block + _PAD)
        if beyond:
            _write(draw, (_PAD, y), _cut(f"{beyond}: {label}", size[0] - 2 * _PAD), _INK)
            y += _LINE + 8
        if across:
            for column, lines in enumerate(heads):
                for at, line in enumerate(lines):
                    _write(draw, (left + column * (width + _PAD), y + at * _LINE), line, _INK)
        y += head
        for row, name in enumerate(rows):
            if down:
                for at, line in enumerate(_wrapped(name, left - 2 * _PAD, max(1, height // _LINE))):
                    _write(draw, (_PAD, y + at * _LINE), line, _INK)
            for column in range(len(columns)):
                where = (left + column * (width + _PAD), y)
                found = picture((column, row, number)[: len(axes)])
                if found is None:
                    draw.rectangle((*where, where[0] + width - 1, y + height - 1), fill=_BLANK)
                    _write(draw, (where[0] + 8, y + 6), _cut("No picture", width - 16), _FAINT)
                else:
                    canvas.paste(ImageOps.pad(found.convert("RGB"), (width, height), color=_BLANK), where)
            y += height + _PAD
    return canvas


def _write(draw, where: tuple[int, int], text: str, colour: str) -> None:
    if text:
        draw.text(where, text, fill=colour, font=_font(text))


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """The text in at most `most` lines of `width` pixels, the rest as an ellipsis. Words that are too long break."""
    text = _plain(text)
    font, lines = _font(text), []
    while text and len(lines) < most:
        fits = _fitting(text, width, font)
        broken = fits < len(text) and text[fits] != " "
        if broken and (space := text.rfind(" ", 0, fits)) > 0:
            fits = space
        lines.append(text[:fits].strip())
        text = text[fits:].strip()
    if text:
        lines[-1] = _cut(f"{lines[-1]} {text}", width, font)
    return lines or [""]


def _cut(text: str, width: int, font=None) -> str:
    text = _plain(text)
    font = font or _font(text)
    if font.getlength(text) <= width:
        return text
    return f"{text[: max(0, _fitting(text, width - font.getlength('…'), font, least=0))]}…"


def _fitting(text: str, width: float, font, least: int = 1) -> int:
    """How many letters of the text, at least `least`, are no wider than `width`."""
    low, high = least, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if font.getlength(text[:middle]) <= width else (low, middle - 1)
    return low


def _plain(text: str) -> str:
    """One line without what cannot be drawn: control and direction signs."""
    text = unicodedata.normalize("NFC", " ".join(str(text)[:MOST_LETTERS].split()))
    return "".join(one for one in text if unicodedata.category(one)[0] != "C")


def _font(text: str):
    """The first font that has every letter of the text, else the one with most of them."""
    return _font_of(frozenset(text))


@functools.lru_cache(maxsize=512)
def _font_of(letters: frozenset[str]):
    return max(_fonts(), key=lambda font: sum(_has(font, one) for one in letters))


@functools.cache
def _fonts() -> tuple:
    from PIL import ImageFont

    found = [ImageFont.load_default(size=13)]
    for name in _FONTS:
        try:
            found.append(ImageFont.truetype(name, 13))
        except OSError:
            continue
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _has(font, letter: str) -> bool:
    """Whether the font draws this letter otherwise than a sign that no font has."""
    if letter.isspace():
        return True
    drawn = font.getmask(letter)
    missing = font.getmask("\U0010fffe")
    return (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


def font_names() -> list[str]:
    """The fonts there are, for the curious and for tests."""
    return [Path(str(getattr(font, "path", "") or "own")).name for font in _fonts()]
