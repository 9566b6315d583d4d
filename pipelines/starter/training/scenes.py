"""The backgrounds: layered SVG drawn by this file, one fixed layout per place, colours jittered per picture."""

import math
import random

from .vocabulary import BACKGROUND, SIZE


def jitter(color, r, amount=3):
    """`#rrggbb` with every channel moved by up to `amount` of 255."""
    channels = (int(color[i : i + 2], 16) + r.randint(-amount, amount) for i in (1, 3, 5))
    return "#" + "".join(f"{max(0, min(255, c)):02x}" for c in channels)


def _gradient(name, top, bottom, middle=None):
    stop = f'<stop offset=".55" stop-color="{middle}"/>' if middle else ""
    return (
        f'<defs><linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{top}"/>{stop}'
        f'<stop offset="1" stop-color="{bottom}"/></linearGradient></defs>'
    )


def _radial(inner, outer, cx=0.5, cy=0.42, radius=0.75):
    return (
        f'<defs><radialGradient id="radial" cx="{cx:.2f}" cy="{cy:.2f}" r="{radius}"><stop offset="0" '
        f'stop-color="{inner}"/><stop offset="1" stop-color="{outer}"/></radialGradient></defs>'
    ) + _rect(0, 0, 256, 256, "url(#radial)")


def _rect(x, y, w, h, fill, extra=""):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="{fill}" {extra}/>'


def _circle(x, y, radius, fill):
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}"/>'


def _path(d, fill):
    return f'<path d="{d}" fill="{fill}"/>'


def _cloud(x, y, k):
    puffs = ((0, 0, 26, 9), (-10, -7, 12, 9), (8, -9, 14, 11))
    ellipses = (
        f'<ellipse cx="{x + dx * k:.1f}" cy="{y + dy * k:.1f}" rx="{w * k:.1f}" ry="{h * k:.1f}"/>'
        for dx, dy, w, h in puffs
    )
    return f'<g fill="#ffffff" fill-opacity="0.9">{"".join(ellipses)}</g>'


def _sky(top, bottom, middle=None, height=256):
    return _gradient("sky", top, bottom, middle) + _rect(0, 0, 256, height, "url(#sky)")


def _plain(a, r):
    return _rect(0, 0, 256, 256, jitter(BACKGROUND[a["bg_color"]], r))


def _studio(a, r):
    color = jitter(BACKGROUND[a["bg_color"]], r)
    channels = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    light = "#" + "".join(f"{min(255, int(c * 0.45 + 255 * 0.55)):02x}" for c in channels)
    dark = "#" + "".join(f"{int(c * 0.72):02x}" for c in channels)
    return _radial(light, dark)


def _beach(a, r):
    u, j = r.uniform, lambda c: jitter(c, r)
    horizon, sun = u(120, 150), r.choice([u(25, 60), u(195, 232)])
    s = _sky(j("#6cc5f5"), j("#d5f1fb"), height=horizon) + _circle(sun, u(28, 50), u(16, 22), "#ffe27a")
    s += _cloud(256 - sun, u(35, 70), u(0.8, 1.2))
    s += _rect(0, horizon, 256, 45, j("#2a9fd0")) + _rect(0, horizon + 26, 256, 20, j("#57c3de"))
    s += _path(f"M0 {horizon + 42:.0f}q32-9 64 0t64 0t64 0t64 0V256H0z", j("#f5dfa6"))
    palm, top = min(max(256 - sun + u(-15, 15), 18), 238), horizon - u(30, 55)
    trunk = horizon + 60 - top
    s += _path(
        f"M{palm - 4:.0f} {horizon + 60:.0f}q6-50 2-{trunk:.0f}h7q6 50 3 {trunk:.0f}z",
        j("#8a5a33"),
    )
    for dx, dy in ((-40, 8), (-30, -14), (36, 10), (30, -14), (0, -24)):
        leaf = f"M{palm + 2:.0f} {top:.0f}q{dx * 0.6:.0f} {dy - 14:.0f} {dx} {dy + 8}"
        s += _path(leaf + f"q{-dx * 0.35:.0f} {-dy * 0.2 - 4:.0f} {-dx} {-dy - 8}z", j("#2f9e54"))
    return s


def _city(a, r):
    u = r.uniform
    s = _sky(jitter("#a9d3f2", r), jitter("#eef4f8", r)) + _cloud(u(30, 220), u(20, 45), u(0.7, 1))
    for base, color, narrow in ((u(70, 90), "#a9bacb", 22), (u(95, 115), "#6f87a2", 28)):
        x = -u(0, 15)
        while x < 256:
            w, top = u(narrow, narrow + 18), base + u(-32, 40)
            s += _rect(x, top, w, 256 - top, jitter(color, r))
            if narrow == 28 or r.random() < 0.5:
                for wy in range(int(top) + 8, 250, 15):
                    for wx in range(int(x) + 5, int(x + w) - 6, 10):
                        s += _rect(wx, wy, 5, 7, "#ffe9a3" if (wx * 7 + wy * 3) % 4 == 0 else "#d7e4ef")
            x += w + u(1, 5)
    return s


def _mountains(a, r):
    u = r.uniform
    s = _sky(jitter("#8fc7ee", r), jitter("#e9f4f8", r)) + _cloud(u(30, 220), u(20, 40), u(0.7, 1))
    for x, top, w in ((u(20, 60), u(50, 75), 95), (u(190, 235), u(40, 70), 105), (u(110, 145), u(75, 95), 90)):
        s += _path(f"M{x - w:.0f} 210L{x:.0f} {top:.0f}L{x + w:.0f} 210z", jitter("#7c8aa5", r))
        snow = top + (210 - top) * 0.27
        s += _path(
            f"M{x - w * 0.27:.0f} {snow:.0f}L{x:.0f} {top:.0f}L{x + w * 0.27:.0f} {snow:.0f}"
            f"l-{w * 0.1:.0f} -6l-{w * 0.1:.0f} 10l-{w * 0.12:.0f} -10z",
            "#fbfdff",
        )
    return s + _path(f"M0 {u(178, 195):.0f}q64-25 128 0t128-6V256H0z", jitter("#6da663", r))


def _fir(x, y, height, half, step, first, rise, tier):
    """Three stacked triangles; `half` is the width of the lowest, shrinking by `step`."""
    tiers = []
    for q in range(3):
        wide, low, top = half - q * step, y - q * height * first, y - height * 0.45 - q * height * rise
        tiers.append(_path(f"M{x - wide:.0f} {low:.0f}L{x:.0f} {top:.0f}L{x + wide:.0f} {low:.0f}z", tier))
    return "".join(tiers)


def _forest(a, r):
    u = r.uniform
    s = _sky(jitter("#cdeac9", r), jitter("#8cc48d", r))
    for n, color, base, tall in ((8, "#5ea56b", 190, 120), (6, "#2f7a48", 225, 150)):
        for i in range(n):
            x, y, height = (i + 0.5) * 256 / n + u(-9, 9), base + u(-8, 8), tall + u(-18, 18)
            tier = jitter(color, r)
            s += _rect(x - 4, y - 12, 8, 60, jitter("#6b4a2e", r)) + _fir(x, y, height, 30, 6, 0.26, 0.24, tier)
    return s + _rect(0, 232, 256, 24, jitter("#3f8a45", r))


def _night(a, r):
    u = r.uniform
    s = _sky(jitter("#0e1440", r), jitter("#34407e", r))
    s += "".join(_circle(u(0, 256), u(0, 200), u(0.7, 1.9), "#ffffff") for _ in range(45))
    x, y = r.choice([u(28, 55), u(200, 230)]), u(28, 50)
    s += _circle(x, y, 19, "#fdf3c4") + _circle(x + 9, y - 5, 16, "#182052")
    return s + _path(f"M0 {u(195, 210):.0f}q60-28 128-6t128-8V256H0z", jitter("#141a38", r))


def _cafe(a, r):
    j = lambda c: jitter(c, r)
    s = _rect(0, 0, 256, 256, j("#d9a877")) + _rect(0, 190, 256, 66, j("#8a5a3a")) + _rect(0, 186, 256, 6, "#6c442a")
    x = r.choice([10, 14, 150, 156])
    s += _rect(x, 34, 92, 108, "#5d3a24") + _rect(x + 6, 40, 80, 96, j("#a8dcf3")) + _cloud(x + 40, 75, 0.8)
    s += _rect(x + 43, 40, 5, 96, "#5d3a24") + _rect(x + 6, 86, 80, 5, "#5d3a24")
    lamp = (205 if x < 100 else 50) + r.uniform(-8, 8)
    shade = f"M{lamp - 20:.0f} 62L{lamp - 9:.0f} 36h18L{lamp + 20:.0f} 62z"
    s += _rect(lamp - 1, 0, 3, 38, "#3d2a20") + _path(shade, j("#e0533d")) + _circle(lamp, 64, 7, "#fff1b0")
    s += _rect(lamp - 26, 120, 52, 5, "#5d3a24") + _rect(lamp - 16, 104, 10, 16, "#f4f1ea")
    return s + _rect(lamp + 2, 106, 10, 14, j("#4d9a6a"))


def _library(a, r):
    u = r.uniform
    books = ["#b5473c", "#3f6f9e", "#d3a13f", "#4f8a5b", "#8a5a94", "#d9cdb4", "#c9703a"]
    s = _rect(0, 0, 256, 256, jitter("#6e4426", r))
    for row in range(5):
        y, x = 6 + row * 52, 2
        s += _rect(0, y, 256, 44, "#4b2d18")
        while x < 252:
            w, h = u(8, 15), u(30, 42)
            s += _rect(x, y + 44 - h, w, h, jitter(r.choice(books), r))
            x += w + u(0.5, 2)
    return s


def _garden(a, r):
    u = r.uniform
    s = _sky(jitter("#a5dcf5", r), jitter("#e8f7ee", r))
    for i in range(7):
        s += _circle(i * 43 + u(-8, 8), 150 + u(-12, 12), u(30, 40), jitter("#58a95a", r))
    s += _rect(0, 165, 256, 91, jitter("#79c267", r))
    for _ in range(34):
        x, y = u(0, 256), u(130, 250)
        color = r.choice(["#f0527f", "#ffcf3f", "#ffffff", "#a65fd6", "#ff8a3d"])
        petals = ((x + 4.2 * math.cos(t * 1.2566), y + 4.2 * math.sin(t * 1.2566)) for t in range(5))
        s += "".join(_circle(px, py, 3.3, color) for px, py in petals)
        s += _circle(x, y, 2.4, "#ffe9a0" if color != "#ffcf3f" else "#c9701f")
    return s


def _snow(a, r):
    u = r.uniform
    s = _sky(jitter("#b9cfe4", r), jitter("#e6eef6", r))
    for i in range(5):
        x, y, h = i * 58 + u(0, 25), 200 + u(-8, 8), u(85, 120)
        for q in range(3):
            tip = f"L{x:.0f} {y - h * 0.45 - q * h * 0.25:.0f}L"
            low, white = y - q * h * 0.28, y - h * 0.28 - q * h * 0.26
            wide = 26 - q * 5
            s += _path(f"M{x - wide:.0f} {low:.0f}{tip}{x + wide:.0f} {low:.0f}z", jitter("#5f8d86", r))
            s += _path(f"M{x - 9:.0f} {white:.0f}{tip}{x + 9:.0f} {white:.0f}z", "#ffffff")
    s += _path(f"M0 {u(188, 200):.0f}q64-18 128 0t128-4V256H0z", "#f8fbff")
    return s + "".join(_circle(u(0, 256), u(0, 256), u(1.3, 3), "#ffffff") for _ in range(55))


def _sunset(a, r):
    u = r.uniform
    horizon, x = u(165, 185), u(40, 216)
    s = _sky(jitter("#5b3a86", r), jitter("#ffc069", r), jitter("#f0706a", r), horizon)
    s += _circle(x, horizon - 8, u(28, 36), "#ffe9a1") + _rect(0, horizon, 256, 256 - horizon, jitter("#7a3f78", r))
    for i in range(6):
        s += _rect(x - 30 + u(-16, 6), horizon + 6 + i * 11, u(30, 62), 3, "#ffb877", 'fill-opacity=".75"')
    for _ in range(4):
        place = f'cx="{u(0, 256):.0f}" cy="{u(20, 90):.0f}" rx="{u(25, 45):.0f}"'
        s += f'<ellipse {place} ry="4" fill="#ffd2a8" fill-opacity=".6"/>'
    return s


def _space(a, r):
    u = r.uniform
    cx, cy = u(0.2, 0.8), u(0.2, 0.6)
    s = _radial(jitter("#5a2c86", r), jitter("#0c0a24", r), cx, cy, 0.8)
    s += "".join(_circle(u(0, 256), u(0, 256), u(0.7, 1.8), "#ffffff") for _ in range(40))
    x, y = r.choice([u(28, 52), u(204, 230)]), u(40, 75)
    s += _circle(x, y, 22, jitter(r.choice(["#e98b4a", "#53b7c9", "#d16ba5"]), r))
    ring = f'cx="{x:.0f}" cy="{y:.0f}" rx="36" ry="8" transform="rotate(-18 {x:.0f} {y:.0f})"'
    s += f'<ellipse {ring} fill="none" stroke="#f2ddb0" stroke-width="4"/>'
    return s + _circle(256 - x, u(30, 130), u(6, 11), jitter("#c9c4d8", r))


def _street(a, r):
    u = r.uniform
    s = _sky(jitter("#a8d8f0", r), jitter("#f3ead9", r), height=150)
    colors, x = ["#c8553d", "#e0a458", "#5b8e7d", "#8d6a9f", "#d98a6c"], -6
    for i in range(4):
        w, top = 66 + u(-4, 4), u(30, 62)
        s += _rect(x, top, w, 196 - top, jitter(colors[i % 5], r))
        for wx in (x + 10, x + 38):
            s += "".join(_rect(wx, top + 14 + 36 * k, 16, 22, "#fdf0cf") for k in range(2))
        stripes = (_rect(x + 2 + k * 12, 142, 6, 16, "#ffffff") for k in range(5))
        s += _rect(x, 142, w, 16, jitter("#d64545", r)) + "".join(stripes)
        s += _rect(x + 8, 162, w - 16, 34, "#3d4f60")
        x += w + 1
    return s + _rect(0, 196, 256, 60, jitter("#a7a39b", r)) + _rect(0, 196, 256, 7, "#cfcac0")


def _kitchen(a, r):
    j = lambda c: jitter(c, r)
    s = _rect(0, 0, 256, 256, j("#f3e8d3")) + _rect(0, 26, 256, 60, j("#6f9c97")) + _rect(0, 82, 256, 5, "#4f7672")
    s += "".join(_rect(x, 26, 3, 58, "#4f7672") for x in (62, 126, 190))
    s += "".join(_rect(x, 66, 8, 4, "#f1d9a0") for x in (48, 76, 176, 204))
    for row in range(4):
        s += "".join(_rect(x * 18 + 1, 92 + row * 18, 16, 16, j("#fffaf0")) for x in range(15))
    s += _rect(0, 164, 256, 12, j("#b98555")) + _rect(0, 176, 256, 80, j("#6f9c97"))
    s += _rect(18, 136, 34, 28, j("#c94f43")) + _rect(14, 140, 42, 5, "#8d2f27") + _rect(32, 130, 6, 7, "#30302f")
    return s + _rect(212, 128, 14, 36, j("#d9b44a")) + _rect(230, 140, 12, 24, j("#4c8c57"))


def _office(a, r):
    j = lambda c: jitter(c, r)
    s = _rect(0, 0, 256, 256, j("#dfe5ea")) + _rect(14, 22, 96, 120, "#7c8a97") + _rect(146, 22, 96, 120, "#7c8a97")
    for x in (18, 150):
        s += _rect(x, 26, 88, 112, j("#aee0f7")) + _rect(x + 42, 26, 4, 112, "#7c8a97")
        s += "".join(_rect(x + k * 16, 90 - 13 * (k % 3), 14, 48 + 13 * (k % 3), "#8fb2c9") for k in range(5))
    s += _rect(0, 186, 256, 70, j("#8a6b4e")) + _rect(0, 182, 256, 8, "#a98763")
    s += _rect(14, 138, 46, 34, "#2c323a") + _rect(17, 141, 40, 28, j("#4aa3df")) + _rect(34, 172, 6, 12, "#2c323a")
    s += _rect(222, 156, 16, 28, j("#d5734f"))
    return s + _path("M230 156q-16-20-18-34q14 8 18 24q4-22 18-28q0 18-14 38z", j("#3f9a5b"))


def _bedroom(a, r):
    j = lambda c: jitter(c, r)
    s = _rect(0, 0, 256, 256, j("#cdb9d9")) + _rect(24, 26, 84, 96, "#ffffff") + _rect(30, 32, 72, 84, j("#bfe3f5"))
    s += _rect(64, 32, 4, 84, "#ffffff") + _path("M16 22h24q4 60-18 108h-10z", j("#e7869f"))
    s += _path("M116 22h-24q-4 60 18 108h10z", j("#e7869f"))
    s += _rect(150, 40, 40, 50, "#7b5a44") + _rect(154, 44, 32, 42, j("#f0c96a")) + _circle(170, 62, 10, "#d9604f")
    s += _path("M0 160q0-18 18-18h220q18 0 18 18v96H0z", j("#8b6248")) + _rect(0, 190, 256, 66, j("#f5efe6"))
    s += _path("M14 190q0-26 26-26h44q26 0 26 26z", "#ffffff") + _path("M146 190q0-26 26-26h44q26 0 26 26z", "#ffffff")
    return s + _rect(0, 214, 256, 42, j("#7aa7c7"))


def _stage(a, r):
    s = _rect(0, 0, 256, 256, jitter("#1d1233", r))
    for x, tip, color in ((20, 92, "#ff4fa0"), (92, 128, "#47c7ff"), (164, 128, "#ffd24a"), (236, 164, "#8f6bff")):
        s += f'<path d="M{x - 6} 0h12L{tip + 44} 236h-88z" fill="{color}" fill-opacity=".38"/>'
        s += _rect(x - 11, 0, 22, 13, "#0b0816") + _circle(x, 14, 7, color)
    s += _rect(0, 222, 256, 34, jitter("#4b2f6b", r)) + _rect(0, 218, 256, 5, "#8d63b8")
    for x in (4, 214):
        s += (
            _rect(x, 146, 38, 72, "#0d0a18") + _circle(x + 19, 168, 11, "#3a3350") + _circle(x + 19, 198, 14, "#3a3350")
        )
    return s


def _desert(a, r):
    j = lambda c: jitter(c, r)
    s = _sky(j("#7fd0f2"), j("#fdeac0"), height=180) + _circle(206, 44, 20, "#fff0b8")
    s += _path("M0 160q50-40 110-18t146-14V256H0z", j("#e9b872")) + _path(
        "M0 196q80-34 150-8t106-6V256H0z", j("#d99c55")
    )
    for x, y, k in ((34, 208, 1.0), (226, 200, 0.8)):
        stem = f"M{x - 8 * k:.0f} {y}v-{78 * k:.0f}q{8 * k:.0f}-{12 * k:.0f} {16 * k:.0f} 0v{78 * k:.0f}z"
        left = f"M{x - 8 * k:.0f} {y - 28 * k:.0f}h-{18 * k:.0f}v-{30 * k:.0f}h{9 * k:.0f}v{20 * k:.0f}h{9 * k:.0f}z"
        right = f"M{x + 8 * k:.0f} {y - 40 * k:.0f}h{18 * k:.0f}v-{26 * k:.0f}h-{9 * k:.0f}v{16 * k:.0f}h-{9 * k:.0f}z"
        s += "".join(_path(d, j("#3f8f52")) for d in (stem, left, right))
    return s


def _gym(a, r):
    j = lambda c: jitter(c, r)
    s = _rect(0, 0, 256, 256, j("#c9ced4")) + _rect(0, 0, 256, 34, j("#2f3b4a")) + _rect(0, 196, 256, 60, j("#4a4f58"))
    s += "".join(_rect(x, 10, 44, 10, "#fff8d8") for x in (18, 106, 194)) + _rect(0, 60, 256, 8, j("#e4572e"))
    for x in (8, 196):
        s += _rect(x, 84, 6, 112, "#2a2e35") + _rect(x + 46, 84, 6, 112, "#2a2e35")
        for row in (100, 132, 164):
            s += _rect(x, row, 52, 5, "#2a2e35")
            for k in (9, 33):
                s += _rect(x + k - 6, row - 14, 7, 14, j("#d1362f")) + _rect(x + k + 5, row - 14, 7, 14, j("#d1362f"))
                s += _rect(x + k, row - 9, 6, 4, "#70757d")
    return s


def _time(a, r):
    """The light of the hour over an outdoor place."""
    time = a.get("time")
    if time == "evening":
        glow = '<defs><linearGradient id="glow" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#8e3f8f" '
        glow += 'stop-opacity=".62"/><stop offset=".6" stop-color="#ff8a3c" stop-opacity=".62"/><stop offset="1" '
        glow += 'stop-color="#7a2d4f" stop-opacity=".5"/></linearGradient></defs>'
        return glow + _rect(0, 0, 256, 256, "url(#glow)")
    if time == "night":
        s = _rect(0, 0, 256, 256, "#0a1038", 'fill-opacity=".74"')
        s += "".join(_circle(r.uniform(0, 256), r.uniform(0, 90), r.uniform(0.8, 1.7), "#ffffff") for _ in range(26))
        return s + _circle(40, 38, 15, "#fdf3c4")
    return ""


def _weather(a, r):
    kind = a.get("weather")
    if kind == "rain":
        s = _rect(0, 0, 256, 256, "#4a5b70", 'fill-opacity=".5"')
        lines = (f"M{r.uniform(0, 270):.0f} {r.uniform(-10, 240):.0f}l-7 22" for _ in range(64))
        return s + f'<path d="{"".join(lines)}" stroke="#d9ecff" stroke-width="2" stroke-opacity=".85" fill="none"/>'
    if kind == "fog":
        haze = '<defs><linearGradient id="haze" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#dfe6ea" '
        haze += 'stop-opacity=".5"/><stop offset="1" stop-color="#f2f5f7" stop-opacity=".92"/></linearGradient></defs>'
        return haze + _rect(0, 0, 256, 256, "url(#haze)")
    if kind == "snowfall":
        s = _rect(0, 0, 256, 256, "#b4c3d4", 'fill-opacity=".34"')
        return s + "".join(
            _circle(r.uniform(0, 256), r.uniform(0, 256), r.uniform(2.2, 3.8), "#fff") for _ in range(70)
        )
    return ""


DRAW = {
    "plain": _plain, "studio": _studio, "beach": _beach, "city": _city, "mountains": _mountains, "forest": _forest,
    "night": _night, "cafe": _cafe, "library": _library, "garden": _garden, "snow": _snow, "sunset": _sunset,
    "space": _space, "street": _street, "kitchen": _kitchen, "office": _office, "bedroom": _bedroom, "stage": _stage,
    "desert": _desert, "gym": _gym,
}  # fmt: skip


def scene_svg(a):
    """The SVG elements of the background of the attribute dict `a` on a 256 x 256 canvas.

    The layout depends on place, time and weather alone, so that the model can learn it quickly.
    """
    assert SIZE == 256
    s = DRAW[a["scene"]](a, random.Random("layout " + a["scene"]))
    return s + _time(a, random.Random("stars")) + _weather(a, random.Random("drops"))
