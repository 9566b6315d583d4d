"""What a character holds or wears beside the clothes: one fixed drawing per word, on the 256 x 256 canvas.

`prop_svg` draws over the figure; headphones belong to the head and are drawn in the figure's own frame by `headphones`.
"""

from .vocabulary import CLOTH


def _rect(x, y, w, h, fill, rx=0):
    return f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{rx}" fill="{fill}"/>'


def _circle(x, y, radius, fill):
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"/>'


def _ellipse(x, y, rx, ry, fill, turn=0):
    return f'<ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}" fill="{fill}" transform="rotate({turn} {x} {y})"/>'


def _path(d, fill):
    return f'<path d="{d}" fill="{fill}"/>'


def _arm(x, y, skin, cloth):
    """A hand at (x, y) whose sleeve comes from below."""
    return _path(f"M{x - 15} 262L{x - 10} {y + 12}h22L{x + 20} 262z", cloth) + _ellipse(x, y + 6, 14, 13, skin)


def _coffee(skin, cloth):
    cup = _path("M168 178h38l-5 48h-28z", "#fbf7ef") + _rect(165, 172, 44, 8, "#7a4a2b", 3)
    return cup + _rect(171, 192, 32, 17, "#b5713f") + _arm(187, 220, skin, cloth)


def _phone(skin, cloth):
    body = _rect(182, 158, 38, 66, "#1d2027", 7) + _rect(186, 164, 30, 52, "#59b7f2", 3)
    return body + _circle(201, 180, 8, "#ffffff") + _arm(201, 220, skin, cloth)


def _book(skin, cloth):
    s = _path("M62 200q32-14 66 2q34-16 66-2v46q-32-12-66 4q-34-16-66-4z", "#a5352d")
    s += _path("M68 202q30-12 58 3v38q-28-13-58-3z", "#fdf8ea") + _path(
        "M188 202q-30-12-58 3v38q28-13 58-3z", "#fdf8ea"
    )
    lines = "".join(_rect(78, y, 38, 3, "#b9b3a2") + _rect(140, y, 38, 3, "#b9b3a2") for y in (210, 219, 228))
    return s + lines + _ellipse(62, 232, 12, 14, skin) + _ellipse(194, 232, 12, 14, skin)


def _camera(skin, cloth):
    s = (
        _rect(88, 196, 80, 52, "#2b2e35", 7)
        + _rect(112, 186, 32, 14, "#2b2e35", 4)
        + _rect(94, 202, 16, 8, "#e8554a", 2)
    )
    s += _circle(128, 222, 21, "#8d949e") + _circle(128, 222, 15, "#16202c") + _circle(123, 217, 5, "#7fd1f2")
    return s + _ellipse(84, 226, 13, 15, skin) + _ellipse(172, 226, 13, 15, skin)


def _flowers(skin, cloth):
    s = _path("M38 214h48l-14 46h-20z", "#e9d8b4")
    for x, y, color in ((42, 196, "#f0527f"), (62, 182, "#ffcf3f"), (82, 196, "#a65fd6"), (54, 206, "#ff8a3d")):
        s += _ellipse(x + 8, y + 12, 4, 9, "#3f9a4b", 30)
        s += "".join(_circle(x + dx, y + dy, 7, color) for dx, dy in ((-7, 0), (7, 0), (0, -7), (0, 7)))
        s += _circle(x, y, 5, "#fff2b8" if color != "#ffcf3f" else "#c9701f")
    return s + _arm(62, 226, skin, cloth)


def _laptop(skin, cloth):
    s = _path("M62 184q0-6 6-6h120q6 0 6 6v62H62z", "#c3c9d1") + _rect(50, 244, 156, 14, "#8f97a3", 4)
    return s + _circle(128, 212, 10, "#ffffff") + _ellipse(60, 240, 12, 10, skin) + _ellipse(196, 240, 12, 10, skin)


def _cat(skin, cloth):
    fur, dark = "#e99a45", "#b86a1f"
    s = _path("M164 262q-4-40 30-42q36 2 32 42z", fur) + _path("M168 186l2-26l20 14z", fur)
    s += _path("M222 186l-2-26l-20 14z", fur) + _ellipse(195, 196, 29, 25, fur)
    s += "".join(_path(f"M{x} 172l3 12l3-12z", dark) for x in (186, 192, 198))
    s += "".join(_ellipse(x, 194, 5, 6, "#2d8a4e") + _ellipse(x, 194, 2, 5, "#111111") for x in (184, 206))
    s += _ellipse(195, 208, 10, 7, "#fff4e3") + _path("M191 203h8l-4 5z", "#d9557c")
    return s + _ellipse(184, 248, 9, 8, "#fff4e3") + _ellipse(206, 248, 9, 8, "#fff4e3")


def _dog(skin, cloth):
    fur, dark = "#f1e3cc", "#7b4d2b"
    s = _path("M162 262q-4-40 33-42q38 2 34 42z", fur) + _ellipse(195, 194, 28, 27, fur)
    s += _ellipse(168, 196, 10, 23, dark, 14) + _ellipse(222, 196, 10, 23, dark, -14) + _ellipse(206, 188, 11, 12, dark)
    s += _circle(184, 190, 5, "#1b1b1b") + _circle(206, 190, 5, "#1b1b1b") + _ellipse(195, 206, 15, 11, "#ffffff")
    s += _ellipse(195, 200, 7, 5, "#1b1b1b") + _path("M190 212h10v8q-5 6-10 0z", "#e8708a")
    return s + _ellipse(182, 250, 10, 8, "#ffffff") + _ellipse(208, 250, 10, 8, "#ffffff")


DRAW = {
    "coffee": _coffee, "phone": _phone, "book": _book, "camera": _camera, "flowers": _flowers, "laptop": _laptop,
    "cat": _cat, "dog": _dog,
}  # fmt: skip
OUTLINES = {
    "flat": "", "pixel": "", "toon": 'stroke="#3a2b2b" stroke-width="1.6" stroke-linejoin="round"',
    "ink": 'stroke="#101010" stroke-width="3.6" stroke-linejoin="round"',
}  # fmt: skip


def prop_svg(a, skin):
    """The SVG elements of what the attribute dict `a` holds; `skin` is the colour of the hands. Empty for none."""
    prop = a.get("prop", "none")
    if prop not in DRAW:
        return ""
    return f"<g {OUTLINES[a['style']]}>{DRAW[prop](skin, CLOTH[a['clothing_color']])}</g>"


HEADS = {"flat": (128, 108, 40, 50), "toon": (128, 116, 45, 52), "ink": (118, 108, 48, 56), "pixel": (128, 112, 74, 68)}


def headphones(a):
    """Headphones for the figure as it stands in a portrait, on the 256 x 256 canvas. Empty for any other prop."""
    if a.get("prop") != "headphones":
        return ""
    x, y, half, rise = HEADS[a["style"]]
    wide = 12 if a["style"] == "pixel" else 7
    arch = f"M{x - half} {y}C{x - half} {y - rise * 1.35:.0f} {x + half} {y - rise * 1.35:.0f} {x + half} {y}"
    s = f'<path d="{arch}" fill="none" stroke="#101010" stroke-width="{wide + 3}"/>'
    s += f'<path d="{arch}" fill="none" stroke="#e5484d" stroke-width="{wide - 1}"/>'
    for side in (-1, 1):
        s += _rect(x + side * half - 9, y - 12, 18, 34, "#101010", 8) + _rect(
            x + side * half - 6, y - 9, 12, 28, "#e5484d", 6
        )
    return s
