"""Several pictures on one labelled sheet, to look over at once. Files in, a picture out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from studio.media.pictures import flattened

SIDE, PAD, LINE = 220, 14, 17  # pixels


def contact_sheet(title: str, cells: Sequence[tuple[Path | None, Sequence[str]]], columns: int = 4) -> bytes:
    """A JPEG: `title`, then each cell's picture (None: it could not be made) over up to three lines of words.

    Raises OSError when a file is no picture.
    """
    rows = -(-len(cells) // columns)
    width, height = columns * (SIDE + PAD) + PAD, PAD * 3 + LINE + rows * (SIDE + 3 * LINE + 2 * PAD)
    sheet = Image.new("RGB", (width, height), "#ffffff")
    draw = ImageDraw.Draw(sheet)
    big, small = ImageFont.load_default(size=17), ImageFont.load_default(size=13)
    draw.text((PAD, PAD), _drawable(title, 90), fill="#1c1a18", font=big)
    for number, (path, lines) in enumerate(cells):
        left = PAD + number % columns * (SIDE + PAD)
        top = PAD * 2 + LINE + number // columns * (SIDE + 3 * LINE + 2 * PAD)
        draw.rectangle((left, top, left + SIDE, top + SIDE), fill="#efedea")
        if path is not None:
            with Image.open(path) as picture:
                picture.thumbnail((SIDE, SIDE))
                picture = flattened(picture).copy()
            at = (left + (SIDE - picture.width) // 2, top + (SIDE - picture.height) // 2)
            sheet.paste(picture, at)
        for line, words in enumerate(lines[:3]):
            colour = "#1c1a18" if line == 0 else "#4a4642"
            draw.text((left, top + SIDE + 4 + line * LINE), _drawable(words, 32), fill=colour, font=small)
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _drawable(text: str, longest: int) -> str:
    """What the sheet's font can draw of a text, in one line."""
    text = " ".join(text.split()).replace("×", "x")
    text = "".join(sign if ord(sign) < 0x250 or sign in "–—…" else "?" for sign in text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
