"""How long a text may be for each network, counted the network's way: characters, weighted, bytes or graphemes."""

import re
import unicodedata

from studio.writers import Network
from studio.writers.hashtags import COUNTS

_LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))  # X counts these as one, everything else as two


def graphemes(text: str) -> int:
    """What a reader sees as one sign counts one."""
    import regex

    return len(regex.findall(r"\X", text))


def weighted(text: str) -> int:
    """X's count: links 23, emoji two whatever they are made of, most of the world's scripts two a sign."""
    import regex

    links = len(_LINK.findall(text))
    clusters = regex.findall(r"\X", unicodedata.normalize("NFC", _LINK.sub("", text)))
    pictured = regex.compile(r"\p{Extended_Pictographic}|\p{RI}")
    return 23 * links + sum(2 if pictured.search(one) else sum(map(_weight, one)) for one in clusters)


def linked(text: str) -> int:
    """Mastodon's count: links 23, the rest as readers see it."""
    return graphemes(_LINK.sub("", text)) + 23 * len(_LINK.findall(text))


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def utf8(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _weight(sign: str) -> int:
    return 1 if any(first <= ord(sign) <= last for first, last in _LIGHT) else 2


# (id, name, longest, how it is counted, its unit in words)
_RULES = (
    ("instagram", "Instagram", 2200, len, "characters"),
    ("facebook", "Facebook", 63206, len, "characters"),
    ("threads", "Threads", 500, len, "characters"),
    ("x", "X", 280, weighted, "weighted characters"),
    ("tiktok", "TikTok", 2200, utf16, "UTF-16 units"),
    ("youtube", "YouTube", 5000, utf8, "bytes"),
    ("linkedin", "LinkedIn", 3000, len, "characters"),
    ("telegram", "Telegram", 1024, utf16, "UTF-16 units"),
    ("discord", "Discord", 2000, len, "characters"),
    ("bluesky", "Bluesky", 300, graphemes, "graphemes"),
    ("mastodon", "Mastodon", 500, linked, "characters"),
    ("pixelfed", "Pixelfed", 2000, len, "characters"),
)
UNITS = {id: unit for id, _, _, _, unit in _RULES}
NETWORKS: dict[str, Network] = {
    id: Network(id, name, most, count, COUNTS.get(id, 5)) for id, name, most, count, _ in _RULES
}


def lengths(text: str) -> list[dict]:
    """What `text` counts for every network: {id, name, length, most, unit, fits}."""
    found = []
    for one in NETWORKS.values():
        length = one.count(text)
        found.append({"id": one.id, "name": one.name, "length": length, "most": one.most, "unit": UNITS[one.id]})
        found[-1]["fits"] = length <= one.most
    return found
