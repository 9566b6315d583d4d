"""How long a text may be for each network, as `studio/platforms` counts it.

An adapter's own rule counts; the table here is for networks that have none yet, so that a text can be written for them.
"""

from functools import partial

from studio.platforms import PLATFORMS, TextRule
from studio.platforms.counting import counted, over
from studio.writers import Network
from studio.writers.hashtags import COUNTS

_USUAL = (
    ("instagram", "Instagram", TextRule(2200)),
    ("facebook", "Facebook", TextRule(63206)),
    ("threads", "Threads", TextRule(500)),
    ("x", "X", TextRule(280, "weighted", url_length=23)),
    ("tiktok", "TikTok", TextRule(2200, "utf16")),
    ("youtube", "YouTube", TextRule(5000, "bytes")),
    ("linkedin", "LinkedIn", TextRule(3000)),
    ("telegram", "Telegram", TextRule(1024, "utf16")),
    ("discord", "Discord", TextRule(2000)),
    ("bluesky", "Bluesky", TextRule(300, "graphemes", 3000)),
    ("mastodon", "Mastodon", TextRule(500, "graphemes", url_length=23)),
    ("pixelfed", "Pixelfed", TextRule(2000)),
)
WORDS = {
    "characters": "characters",
    "utf16": "UTF-16 units",
    "graphemes": "graphemes",
    "bytes": "bytes",
    "weighted": "weighted characters",
}


def _rules() -> dict[str, tuple[str, TextRule]]:
    found = {id: (name, rule) for id, name, rule in _USUAL}
    for platform in PLATFORMS:
        rules = [kind.text for kind in platform.spec.kinds if kind.text.longest]
        if rules:
            found[platform.spec.id] = (platform.spec.name, min(rules, key=lambda one: one.longest))
    return found


RULES = _rules()
NETWORKS: dict[str, Network] = {
    id: Network(id, name, rule.longest, partial(counted, rule=rule), COUNTS.get(id, 5))
    for id, (name, rule) in RULES.items()
}


def lengths(text: str) -> list[dict]:
    """What `text` counts for every network: {id, name, length, most, unit, fits}; `unit` is a word for people."""
    found = []
    for id, (name, rule) in RULES.items():
        length = counted(text, rule)
        fits = not over(text, rule)
        found.append(
            {"id": id, "name": name, "length": length, "most": rule.longest, "unit": WORDS[rule.unit], "fits": fits}
        )
    return found
