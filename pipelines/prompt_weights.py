"""Prompt weights as people write them: `(word:1.2)`, `(word)`, `[word]`, `\\(`, and BREAK. Pure text."""

import re

_TOKENS = re.compile(r"\\[()\[\]\\]|[()\[\]]|[^()\[\]\\]+|\\")
_WEIGHT = re.compile(r"^(.*?)\s*:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*$", re.S)
_UP, _DOWN = 1.1, 1 / 1.1
LEAST, MOST = -2.0, 4.0  # beyond these every encoder's output falls apart
BREAK = "BREAK"


def parsed(prompt: str) -> list[tuple[str, float]]:
    """The prompt as (text, weight) pieces in order; BREAK is a piece of its own. Unbalanced brackets are plain text.

    `(a)` counts 1.1 times, `[a]` 1/1.1 times, `(a:1.3)` 1.3 times; nested ones multiply.
    """
    root: list = []
    stack: list[tuple[str, list]] = [("", root)]
    for token in _TOKENS.findall(prompt):
        if token in "([" and len(token) == 1:
            stack.append((token, []))
        elif token in (")", "]") and stack[-1][0] == {")": "(", "]": "["}[token]:
            kind, inner = stack.pop()
            stack[-1][1].extend(_weighted(kind, inner))
        else:
            plain = token[1:] if token[0] == "\\" and len(token) == 2 else token
            stack[-1][1].append((plain, 1.0, token[0] == "\\"))
    while len(stack) > 1:  # never closed: the bracket is a character like any other
        kind, inner = stack.pop()
        stack[-1][1].extend([(kind, 1.0, True), *inner])
    return _merged([(text, weight) for text, weight, _ in root])


def _weighted(kind: str, inner: list) -> list:
    factor = _UP if kind == "(" else _DOWN
    if kind == "(" and inner and not inner[-1][2]:
        text, weight, _ = inner[-1]
        if found := _WEIGHT.match(text):
            inner = [*inner[:-1], (found[1], weight, False)]
            factor = float(found[2])
    # text inside brackets is done: a colon in it is no weight of an outer bracket
    return [(text, min(max(weight * factor, LEAST), MOST), True) for text, weight, _ in inner]


def _merged(pieces: list[tuple[str, float]]) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for text, weight in pieces:
        for at, part in enumerate(re.split(rf"\b{BREAK}\b", text)):
            if at:
                found.append((BREAK, 1.0))
            if not part:
                continue
            if found and found[-1][0] != BREAK and abs(found[-1][1] - weight) < 1e-9:
                found[-1] = (found[-1][0] + part, weight)
            else:
                found.append((part, weight))
    return found


def plain(prompt: str) -> str:
    """The prompt without weights, for encoders that would read the brackets as text. BREAK becomes a comma.

    Brackets that carry no weight, such as a remark (like this one), stay.
    """
    if not has_weights(prompt):
        return prompt
    text = "".join(", " if piece == BREAK else piece for piece, _ in parsed(prompt))
    return re.sub(r"\s+,", ",", re.sub(r"\s{2,}", " ", re.sub(r"(,\s*){2,}", ", ", text))).strip(" ,")


def has_weights(prompt: str) -> bool:
    """Whether somebody wrote a number as a weight, doubled brackets, or BREAK."""
    return bool(re.search(r"\([^()]*:\s*[+-]?[\d.]+\s*\)|\(\(|\[\[|\bBREAK\b", prompt))
