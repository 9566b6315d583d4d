"""What a model sent, as texts that can be shown: parsed with patience, cut to length, cleaned of what does not belong.

An answer is data. Nothing in it is run, followed or looked up.
"""

import json
import re

SCHEMA = {
    "type": "object",
    "properties": {
        "variants": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "hashtags": {"type": "array", "items": {"type": "string"}}},
                "required": ["text", "hashtags"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["variants"],
    "additionalProperties": False,
}
MOST_VARIANTS = 20
_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[a-z]*\n?|```", re.IGNORECASE)
_TEXT = re.compile(r'"text"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
_TAGS = re.compile(r'\s*"?\s*,?\s*"hashtags"\s*:\s*\[([^\]]*)', re.DOTALL)
_NUMBERED = re.compile(r"^\s*(?:\*\*)?(?:(?:caption|option|variant|title|reply|version)\s*)?\d{1,2}\s*[.):]\s*", re.I)
_BULLET = re.compile(r"^\s*[-*•]\s+")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_LINK = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.)[^\s<>\"')\]]+|\b(?:javascript|data|vbscript):\S+", re.I)
_MARKDOWN_LINK = re.compile(r"!?\[([^\]\n]{0,200})\]\(([^)\s]{1,2000})[^)\n]{0,200}\)")
_TAG = re.compile(r"<\s*/?\s*[a-zA-Z][^<>]{0,2000}>")
_HANDLE = re.compile(r"(?<![\w@])@[\w.]{2,40}(?:@[\w.-]+)?")
_HASHTAG = re.compile(r"(?<!\w)#[^\W_]\w*")


def texts_of(answer: str) -> list[tuple[str, list[str]]]:
    """(text, hashtags) of every variant in a model's answer: JSON as asked, broken JSON, a list, or plain text."""
    answer = _THOUGHTS.sub("", answer).strip()
    plain = _FENCE.sub("", answer).strip()
    found = _from_json(plain)
    if not found and '"text"' in plain:
        found = [(_unescaped(match[1]), _loose_tags(plain[match.end() :])) for match in _TEXT.finditer(plain)]
    if not found and not plain.startswith(("{", "[")):
        found = [(text, []) for text in _listed(plain)]
    return [(text, tags) for text, tags in found if text.strip()][:MOST_VARIANTS]


def text_so_far(answer: str) -> str:
    """The variant that a model is writing now, while its answer is still coming; "" when none has begun."""
    answer = _THOUGHTS.sub("", answer)
    if pieces := _TEXT.findall(answer):
        return clean(_unescaped(pieces[-1]))
    plain = _FENCE.sub("", answer).strip()
    return "" if plain.startswith(("{", "[", "<")) else clean(plain)


def clean(text: str, longest: int = 10_000) -> str:
    """Plain text: no tags, no unseen signs, no more than one empty line, no quotes around it, cut at a word."""
    text = _TAG.sub("", _UNSEEN.sub("", str(text).replace("\r\n", "\n").replace("\r", "\n")))
    text = re.sub(r"[ \t\u00a0]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", re.sub(r"\n{3,}", "\n\n", text)).strip()
    text = re.sub(r"^(?:caption|text|reply|title)\s*:\s*", "", text, flags=re.I)
    for opening, closing in (('"', '"'), ("“", "”"), ("**", "**")):
        inner = text[len(opening) : -len(closing)]
        if len(text) > 2 and text.startswith(opening) and text.endswith(closing) and opening not in inner:
            text = inner.strip()
    return cut(text, longest)


def cut(text: str, longest: int, count=len) -> str:
    """`text` within `longest` as `count` measures it: whole sentences when they hold half of it, else whole words."""
    if count(text) <= longest:
        return text
    low, high = 0, len(text)
    while low < high:  # the longest beginning that fits, with the sign that says it was cut
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(text[:middle] + "…") <= longest else (low, middle - 1)
    fitting = text[:low]
    ends = [match.end() for match in re.finditer(r"[.!?…](?=\s)", fitting)]
    if ends and ends[-1] * 2 >= low:
        return fitting[: ends[-1]].rstrip()
    words = re.sub(r"\s+\S*$", "", fitting) if re.search(r"\s", fitting) else fitting
    return words.rstrip(" ,;:-–—\n") + "…"


def without_links(text: str, allowed: str = "") -> str:
    """The text without addresses that the person's own words (`allowed`) do not have."""
    known = set(_LINK.findall(allowed))
    text = _MARKDOWN_LINK.sub(lambda match: match[0] if match[2] in known else match[1], text)
    text = _LINK.sub(lambda match: match[0] if match[0].rstrip(".,!?") in known or match[0] in known else "", text)
    return re.sub(r"[ \t]{2,}", " ", text).strip()


def kept(text: str, source: str) -> str:
    """`text` with every link, hashtag and handle of `source`: what a model lost is put at the end."""
    wanted = [*_LINK.findall(source), *_HANDLE.findall(source), *_HASHTAG.findall(source)]
    lost = [one for one in dict.fromkeys(one.rstrip(".,!?") for one in wanted) if one not in text]
    return f"{text}\n{' '.join(lost)}" if lost else text


def _from_json(text: str) -> list[tuple[str, list[str]]]:
    for opening, closing in (("{", "}"), ("[", "]")):
        start, end = text.find(opening), text.rfind(closing)
        if start < 0 or end <= start:
            continue
        try:
            found = json.loads(text[start : end + 1], strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            lists = [one for one in found.values() if isinstance(one, list) and one]
            usual = found.get("variants")
            found = usual if isinstance(usual, list) else [found] if "text" in found else lists[0] if lists else []
        return [one for one in map(_one, found) if one] if isinstance(found, list) else []
    return []


def _one(value) -> tuple[str, list[str]] | None:
    if isinstance(value, str):
        return value, []
    if not isinstance(value, dict):
        return None
    text = next((value[key] for key in ("text", "caption", "content", "title") if isinstance(value.get(key), str)), "")
    tags = value.get("hashtags")
    tags = tags.split() if isinstance(tags, str) else tags if isinstance(tags, list) else []
    tags = [tag for tag in tags if isinstance(tag, str)]
    return (text or " ".join(tags), tags) if text or tags else None


def _loose_tags(rest: str) -> list[str]:
    match = _TAGS.match(rest)
    return re.findall(r'"((?:[^"\\]|\\.)*)"', match[1]) if match else []


def _unescaped(piece: str) -> str:
    piece = re.sub(r"\\(?:u[0-9a-fA-F]{0,3})?$", "", piece)
    try:
        return json.loads(f'"{piece}"', strict=False)
    except ValueError:
        return piece


def _listed(text: str) -> list[str]:
    lines = text.split("\n")
    for mark in (_NUMBERED, _BULLET):
        if sum(bool(mark.match(line)) for line in lines) >= 2:
            found: list[str] = []
            for line in lines:
                if mark.match(line):
                    found.append(mark.sub("", line))
                elif found and line.strip():
                    found[-1] += f"\n{line}"
            return found
    return [text]
