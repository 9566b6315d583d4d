"""Counting a text the way a network does."""

import re
import unicodedata

from studio.platforms.spec import TextRule, Unit

LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
# ranges of code points that X's twitter-text v3 configuration counts as one; everything else counts as two
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))


def length(text: str, unit: Unit = "characters") -> int:
    """How long the text is in this unit. "weighted" is X's: composed, CJK and emoji count two."""
    if unit == "characters":
        return len(text)
    if unit == "bytes":
        return len(text.encode("utf-8", "replace"))
    if unit == "utf16":
        return len(text.encode("utf-16-le", "replace")) // 2
    import regex

    clusters = regex.findall(r"\X", unicodedata.normalize("NFC", text) if unit == "weighted" else text)
    if unit == "graphemes":
        return len(clusters)
    emoji = regex.compile(r"\p{Emoji_Presentation}|\p{RI}|\N{VARIATION SELECTOR-16}")
    return sum(2 if emoji.search(one) else sum(map(_weight, one)) for one in clusters)


def counted(text: str, rule: TextRule) -> int:
    """The length that `rule.longest` limits, links counted as the rule says."""
    if not rule.url_length:
        return length(text, rule.unit)
    return length(LINK.sub("", text), rule.unit) + rule.url_length * len(LINK.findall(text))


def over(text: str, rule: TextRule) -> int:
    """By how much the text is too long, in the rule's unit, or in bytes when only these are too many; 0: it fits."""
    if rule.longest and (more := counted(text, rule) - rule.longest) > 0:
        return more
    if rule.longest_bytes:
        return max(length(text, "bytes") - rule.longest_bytes, 0)
    return 0


def _weight(sign: str) -> int:
    return 1 if any(first <= ord(sign) <= last for first, last in _LIGHT) else 2
