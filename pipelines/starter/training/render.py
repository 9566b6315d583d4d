"""Characters as attribute dicts, and the pictures drawn from them.

Every picture is an openly licensed DiceBear avatar, chosen option by option so that every attribute is known, over a
background of `scenes.py`, rasterised by resvg. No photograph and no real person is involved.

An attribute dict holds one word per key: style, person, skin, hair_style, hair_length, hair_color, headwear,
headwear_color, glasses, glasses_color, facial_hair, expression, clothing, clothing_color, scene, bg_color, time,
weather, prop, framing, age, and the
private keys variant, hat_variant and rseed that make the drawing repeatable.
"""

import io
import json
import multiprocessing
import os
import random
import re
from functools import lru_cache
from importlib.resources import files

import numpy as np

from . import vocabulary as V
from .props import headphones, prop_svg
from .scenes import jitter, scene_svg

COVERED = "#4a312c"  # hair colour where none is seen


def weighted(r, weights):
    """One key of the dict `weights` (word -> weight >= 0)."""
    words = list(weights)
    return r.choices(words, [max(weights[w], 0) for w in words])[0]


def sample(r, style=None):
    """Draw one adult character with the `random.Random` r: a dict of attributes."""
    s = style or weighted(r, V.STYLE_WEIGHTS)
    a = {"style": s, "person": weighted(r, {"woman": 0.42, "man": 0.42, "person": 0.16})}
    a["skin"], a["hair_color"] = weighted(r, V.SKIN_WEIGHTS), weighted(r, V.HAIR_WEIGHTS)
    a["age"] = "adult" if s == "pixel" else weighted(r, V.AGE_WEIGHTS)
    if a["age"] == "old" and r.random() < 0.9:
        a["hair_color"] = r.choice(["gray", "white"])
    a["headwear"], a["headwear_color"] = "none", None
    if V.HATS[s] and r.random() < 0.20:
        hats = {k: w for k, w in V.HAT_WEIGHTS[s].items() if k != "hijab" or a["person"] != "man"}
        a["headwear"], a["headwear_color"] = weighted(r, hats), r.choice(list(V.CLOTH))
    _sample_hair(a, r)
    glasses = {"none": 0.56, "round": 0.16, "square": 0.14, "sunglasses": 0.12}
    a["glasses"] = weighted(r, {**glasses, "eyepatch": 0.03 if s in ("flat", "ink") else 0})
    a["glasses_color"] = None
    if a["glasses"] != "none" and s != "ink":
        a["glasses_color"] = weighted(r, {"black": 0.7, "red": 0.1, "blue": 0.1, "gold": 0.1})
    a["facial_hair"] = "none"
    bearded = {"woman": 0, "man": 0.42, "person": 0.12}[a["person"]]
    if s != "pixel" and a["headwear"] != "hijab" and r.random() < bearded:
        a["facial_hair"] = weighted(r, {"beard": 0.5, "long beard": 0.2, "moustache": 0.3})
    a["expression"] = weighted(r, V.EXPRESSION_WEIGHTS[s])
    toon = {"dress": 1.5 if a["person"] == "woman" else 0.15, "jacket": 1, "collared shirt": 1, "t-shirt": 1}
    clothes = {"flat": V.FLAT_CLOTHES_WEIGHTS, "toon": {**toon, "turtleneck": 1}}.get(s, {"t-shirt": 1})
    a["clothing"] = weighted(r, clothes)
    a["clothing_color"] = weighted(r, {k: (0.6 if k == "brown" else 1) for k in V.CLOTH})
    if s == "ink" and a["headwear"] in ("beanie", "turban"):
        a["headwear_color"] = a["clothing_color"]  # this style draws both in one colour
    a["scene"] = r.choices(V.SCENES, V.SCENE_WEIGHTS)[0]
    a["bg_color"] = r.choice(list(V.BACKGROUND)) if a["scene"] in ("plain", "studio") else None
    outdoors = a["scene"] in V.OUTDOORS
    a["time"] = weighted(r, V.TIME_WEIGHTS) if outdoors else "none"
    weather = {k: w for k, w in V.WEATHER_WEIGHTS.items() if k != "snowfall" or a["scene"] not in ("snow", "desert")}
    a["weather"] = weighted(r, weather) if outdoors else "none"
    a["prop"] = weighted(r, V.PROP_WEIGHTS)
    a["framing"] = r.choices(V.FRAMINGS, V.FRAMING_WEIGHTS)[0]
    a["rseed"] = r.randrange(1 << 30)
    return a


def _sample_hair(a, r):
    s = a["style"]
    table = {"flat": V.FLAT_HAIR, "toon": V.TOON_HAIR, "ink": V.INK_HAIR_COLOURED, "pixel": V.PIXEL_HAIR}[s]
    if s == "ink" and r.random() < 0.4:
        table, a["hair_color"] = V.INK_HAIR_BLACK, "black"
    if s == "ink" and a["headwear"] in ("hat", "hijab"):
        a["headwear_color"] = "black"
    if a["headwear"] != "none" and s != "pixel":
        a.update(hair_style="covered", hair_length="covered", hair_color="none")
        a["variant"] = r.choice(V.HATS[s][a["headwear"]])
        return
    taste = {"woman": V.FEMININE, "man": V.MASCULINE}.get(a["person"])
    taste = taste or {k: (V.FEMININE[k] + V.MASCULINE[k]) / 2 for k in V.FEMININE}
    a["hair_style"] = weighted(r, {k: taste[k] for k in table})
    a["hair_length"], drawings = table[a["hair_style"]]
    a["variant"] = r.choice(drawings)
    if s == "pixel" and a["headwear"] != "none":
        a["hat_variant"] = r.choice(V.PIXEL_HATS[a["headwear"]])
    if a["hair_style"] == "bald":
        a["hair_color"] = "none"
    if a["variant"] == "froBand":
        a["headwear"], a["headwear_color"] = "headband", r.choice(list(V.CLOTH))
    if a["variant"] == "frida":
        a["headwear"] = "flower crown"


# ---------------------------------------------------------------- drawing options of every style
def _option(name, variant):
    """DiceBear's pair of options for a part that may be absent (`variant` None)."""
    if variant is None:
        return {f"{name}Probability": 0}
    return {f"{name}Variant": [variant], f"{name}Probability": 100}


FLAT_FACES = {  # eyes, eyebrows, mouth
    "smiling": ("default", "default", "smile"), "serious": ("default", "default", "serious"),
    "sad": ("default", "sadConcerned", "sad"), "angry": ("default", "angry", "serious"),
    "surprised": ("surprised", "raisedExcited", "disbelief"), "winking": ("wink", "default", "smile"),
    "love": ("hearts", "raisedExcited", "smile"), "sleepy": ("closed", "default", "twinkle"),
    "tongue": ("default", "default", "tongue"), "crying": ("cry", "sadConcerned", "sad"),
}  # fmt: skip
TOON_FACES = {
    "smiling": (["happy", "wide"], ["happy", "neutral"], ["smile", "laugh"]),
    "serious": (["wide"], ["neutral"], ["sad"]), "sad": (["wide"], ["sad"], ["sad"]),
    "angry": (["happy", "wide"], ["angry"], ["angry"]), "surprised": (["wide"], ["raised"], ["agape"]),
    "winking": (["wink"], ["happy", "raised"], ["smile", "laugh"]),
    "sleepy": (["humble", "bow"], ["neutral"], ["smile"]),
}  # fmt: skip
INK_FACES = {
    "smiling": ["smile", "smileBig", "cheeky", "smileTeethGap", "cute"], "serious": ["blank", "suspicious"],
    "sad": ["solemn", "concerned"], "angry": ["veryAngry", "rage", "angryWithFang"], "surprised": ["awe", "fear"],
    "love": ["lovingGrin1", "lovingGrin2"], "sleepy": ["calm", "eyesClosed"],
}  # fmt: skip
PIXEL_MOUTHS = {
    "smiling": ["happy07", "happy08", "happy09", "happy10", "happy12"], "serious": ["sad04", "sad05", "sad07"],
    "surprised": ["happy01", "happy13"],
}  # fmt: skip


def _flat_options(a, o, colors):
    beard = colors["hair"] if a["hair_color"] != "none" else "#3a2a25"
    glasses = {"none": None, "round": "round", "square": "prescription02", "sunglasses": "sunglasses"}
    facial = {"none": None, "beard": "beardMedium", "long beard": "beardMajestic", "moustache": "moustacheMagnum"}
    eyes, brows, mouth = FLAT_FACES[a["expression"]]
    o.update(
        clothesColor=[colors["cloth"]], hatColor=[colors["hat"]], hairColor=[colors["hair"]],
        facialHairColor=[beard], accessoriesColor=[colors["glasses"]], clothesVariant=[V.FLAT_CLOTHES[a["clothing"]]],
        clothesGraphicVariant=["bear"], eyesVariant=[eyes], eyebrowsVariant=[brows], mouthVariant=[mouth],
        **_option("top", a["variant"]), **_option("facialHair", facial[a["facial_hair"]]),
        **_option("accessories", glasses.get(a["glasses"], "eyepatch")),
    )  # fmt: skip


def _toon_options(a, r, o, colors):
    facial = {"none": None, "beard": "fullBeard", "long beard": "longBeard", "moustache": "moustacheTwirl"}
    eyes, brows, mouth = TOON_FACES[a["expression"]]
    front, rear = a["variant"]
    o.update(
        clothesColor=[colors["cloth"]], hairColor=[colors["hair"]], hairVariant=[front],
        clothesVariant=[V.TOON_CLOTHES[a["clothing"]]], eyesVariant=[r.choice(eyes)],
        eyebrowsVariant=[r.choice(brows)], mouthVariant=[r.choice(mouth)], **_option("rearHair", rear),
        **_option("beard", facial[a["facial_hair"]]),
    )  # fmt: skip


def _ink_options(a, r, o, colors):
    glasses = {
        "none": [None], "round": ["glasses2", "glasses5"], "square": ["glasses", "glasses3"],
        "sunglasses": ["sunglasses", "sunglasses2"], "eyepatch": ["eyepatch"],
    }[a["glasses"]]  # fmt: skip
    facial = {
        "none": [None], "beard": ["full", "full2"], "long beard": ["full3"],
        "moustache": ["moustache5", "moustache3", "moustache6"],
    }[a["facial_hair"]]  # fmt: skip
    o.update(
        clothingColor=[colors["cloth"]], headContrastColor=[colors["hair"]], headVariant=[a["variant"]],
        maskProbability=0, expressionVariant=[r.choice(INK_FACES[a["expression"]])],
        **_option("accessories", r.choice(glasses)), **_option("facialHair", r.choice(facial)),
    )  # fmt: skip


def _pixel_options(a, r, o, colors):
    glasses = {
        "none": [None], "round": ["light05", "light06"], "square": ["light02", "light07"],
        "sunglasses": ["dark05", "dark06", "dark02"],
    }[a["glasses"]]  # fmt: skip
    clothes = ["variant01", "variant03", "variant04", "variant23", "variant11", "variant12"]
    o.update(
        clothingColor=[colors["cloth"]], hairColor=[colors["hair"]], hairVariant=[a["variant"]],
        accessoriesProbability=0, beardProbability=0, hatColor=[colors["hat"]], glassesColor=[colors["glasses"]],
        mouthColor=[r.choice(["#d29985", "#c98276", "#b5544f"])], clothesVariant=[r.choice(clothes)],
        eyesVariant=[r.choice(["variant01", "variant06", "variant09", "variant04"])], eyesColor=["#4a5a6a"],
        mouthVariant=[r.choice(PIXEL_MOUTHS[a["expression"]])], **_option("glasses", r.choice(glasses)),
        **_option("hat", a.get("hat_variant")),
    )  # fmt: skip


def avatar_options(a, r):
    """The DiceBear options that draw the attribute dict `a`."""
    colors = {
        "hair": jitter(V.HAIR[a["hair_color"]], r) if a["hair_color"] != "none" else COVERED,
        "skin": jitter(V.SKIN[a["skin"]], r),
        "cloth": jitter(V.CLOTH[a["clothing_color"]], r),
        "hat": jitter(V.CLOTH[a["headwear_color"]], r) if a["headwear_color"] else "#444444",
        "glasses": V.GLASSES_COLOR.get(a["glasses_color"], V.GLASSES_COLOR["black"]),
    }
    o = {"seed": str(a["rseed"]), "skinColor": [colors["skin"]]}
    if a["style"] == "flat":
        _flat_options(a, o, colors)
    else:
        {"toon": _toon_options, "ink": _ink_options, "pixel": _pixel_options}[a["style"]](a, r, o, colors)
    return o


# ---------------------------------------------------------------- pictures
@lru_cache(None)
def _style(name):
    from dicebear import Style

    return Style(json.loads(files("dicebear_styles").joinpath(name + ".json").read_text("utf-8")))


def _toon_glasses(a):
    """This style has no glasses of its own; drawn in its 768 x 768 canvas."""
    kind = a["glasses"]
    if kind == "none":
        return ""
    fill = 'fill="#2a2d36" fill-opacity=".88"' if kind == "sunglasses" else 'fill="#ffffff" fill-opacity=".18"'
    left, right, y = 314, 454, 412
    shape = {
        "square": lambda x: f'<rect x="{x - 58}" y="{y - 44}" width="116" height="88" rx="16" {fill}/>',
        "round": lambda x: f'<circle cx="{x}" cy="{y}" r="55" {fill}/>',
        "sunglasses": lambda x: f'<path d="M{x - 60} {y - 38}h120q4 66-36 80h-44q-42-12-40-80z" {fill}/>',
    }[kind]
    bridge = f"M{left + 56} {y - 6}q14-16 28 0"
    arms = f"M{left - 58} {y - 8}L{left - 112} {y - 22}M{right + 58} {y - 8}L{right + 112} {y - 22}"
    color = V.GLASSES_COLOR.get(a["glasses_color"], V.GLASSES_COLOR["black"])
    frame = f'<path d="{bridge}{arms}" fill="none"/>'
    return f'<g stroke="{color}" stroke-width="13">{shape(left)}{shape(right)}{frame}</g>'


def _raster(svg, size):
    import resvg_py
    from PIL import Image

    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size))
    return Image.open(io.BytesIO(png)).convert("RGBA")


def _svg(inner, view="0 0 256 256"):
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {names} viewBox="{view}">{inner}</svg>'


# framing -> the figure's left edge, top edge and side, pixels; its face stays near the middle
FRAMES = {"portrait": (8, 16, 240), "close-up": (-42, -18, 340), "half figure": (39, 14, 178)}
PIXEL_FRAMES = {"portrait": (8, 16, 240), "close-up": (-40, -22, 336), "half figure": (40, 16, 176)}


def _figure(a, r):
    """(view box, SVG elements) of the avatar."""
    from dicebear import Avatar

    head, body = Avatar(_style(V.STYLES[a["style"]]), avatar_options(a, r)).to_string().split(">", 1)
    body = body.removesuffix("</svg>")
    return re.search(r'viewBox="([^"]+)"', head).group(1), body + (_toon_glasses(a) if a["style"] == "toon" else "")


def _wrinkles(a):
    """Lines of age beside eyes and mouth, in the frame of a portrait."""
    if a.get("age") != "old" or a["style"] == "pixel":
        return ""
    x, eyes, mouth, half = {"flat": (128, 110, 134, 19), "toon": (134, 128, 158, 24), "ink": (136, 112, 140, 18)}[
        a["style"]
    ]
    d = "".join(
        f"M{x + side * (half - 6)} {eyes + 9}q{side * 5} 4 {side * 11} 1"
        + ("" if a["facial_hair"] != "none" else f"M{x + side * (half - 5)} {mouth - 12}q{side * 6} 5 {side * 5} 13")
        for side in (-1, 1)
    )
    return f'<path d="{d}" fill="none" stroke="#1a0c06" stroke-opacity=".5" stroke-width="1.8" stroke-linecap="round"/>'


def _lengthened(figure, bottom):
    """The RGBA figure with its lowest row drawn on to the edge of the canvas, narrowing: a torso for any drawing."""
    pixels = np.asarray(figure).copy()
    row, height = pixels[bottom - 1], len(pixels) - bottom
    inside = np.flatnonzero(row[:, 3] > 128)
    if not len(inside):
        return figure
    left, right, columns = inside[0], inside[-1], np.arange(len(row))
    middle, half = (left + right) / 2, (right - left) / 2
    for i in range(height):
        narrow = 1 - 0.16 * np.sin(min(1, i / 44) * np.pi / 2)
        source = np.clip(np.rint(middle + (columns - middle) / narrow), 0, len(row) - 1).astype(int)
        pixels[bottom + i] = np.where(np.abs(columns - middle)[:, None] <= half * narrow, row[source], 0)
        for arm in (middle - 0.62 * half * narrow, middle + 0.62 * half * narrow):
            x = int(arm)
            pixels[bottom + i, x : x + 2, :3] = pixels[bottom + i, x : x + 2, :3] * 0.62
    from PIL import Image

    return Image.fromarray(pixels)


def render(a):
    """The 256 x 256 RGB PIL picture of the attribute dict `a`: the same dict gives the same picture."""
    from PIL import Image

    view, body = _figure(a, random.Random(a["rseed"]))
    pixel, framing = a["style"] == "pixel", a.get("framing", "portrait")
    x, y, side = (PIXEL_FRAMES if pixel else FRAMES)[framing]
    k = side / 240
    worn = f'<g transform="translate({x} {y}) scale({k:.4f}) translate(-8 -16)">{_wrinkles(a)}{headphones(a)}</g>'
    background, held = scene_svg(a), prop_svg(a, V.SKIN[a["skin"]])
    if not pixel and framing != "half figure":
        figure = f'<svg x="{x}" y="{y}" width="{side}" height="{side}" viewBox="{view}">{body}</svg>'
        return _raster(_svg(background + figure + worn + held), V.SIZE).convert("RGB")
    if pixel:
        crisp = lambda inner: _raster(_svg(f'<g shape-rendering="crispEdges">{inner}</g>'), 64).resize((256, 256), 0)
        drawn = _raster(_svg(f'<g shape-rendering="crispEdges">{body}</g>', view), 256)
        figure = Image.new("RGBA", (256, 256))
        figure.paste(drawn.resize((16, 16), Image.NEAREST).resize((side, side), Image.NEAREST), (x, y))
    else:
        crisp = lambda inner: _raster(_svg(inner), V.SIZE)
        figure = crisp(f'<svg x="{x}" y="{y}" width="{side}" height="{side}" viewBox="{view}">{body}</svg>')
    picture = crisp(background)
    if y + side < V.SIZE:
        figure = _lengthened(figure, y + side)
    for layer in (figure, crisp(worn + held)):
        picture.alpha_composite(layer)
    return picture.convert("RGB")


def _one(job):
    index, seed = job
    a = sample(random.Random(seed * 1_000_003 + index))
    return index, np.asarray(render(a)), a


def dataset(out, n, seed, workers=2):
    """Render n characters into OUT.npy (n,256,256,3 uint8, memory-mapped) and OUT.jsonl (their attributes)."""
    os.makedirs(os.path.dirname(out) or ".", exist_ok=True)
    pictures = np.lib.format.open_memmap(out + ".npy", "w+", np.uint8, (n, V.SIZE, V.SIZE, 3))
    attributes = [None] * n
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        jobs = ((i, seed) for i in range(n))
        for done, (i, picture, a) in enumerate(pool.imap_unordered(_one, jobs, chunksize=16), 1):
            pictures[i], attributes[i] = picture, a
            if done % 2000 == 0:
                print(f"rendered {done} of {n}", flush=True)
    pictures.flush()
    with open(out + ".jsonl", "w") as f:
        f.writelines(json.dumps(a) + "\n" for a in attributes)


def attributes(path):
    """The attribute dicts of a `.jsonl` written by `dataset`."""
    with open(path) as f:
        return [json.loads(line) for line in f]
