"""A short idea made into a fuller prompt, without a model: from the engine's own vocabulary, or plain craft words."""

import random
import re
from collections.abc import Mapping, Sequence

# What a prompt may say besides the subject, in the order in which it reads well.
_GROUPS = ("expression", "clothing", "prop", "scene", "time", "weather", "framing")
_NOT_TOGETHER = (
    ("at night", "by day", "at sunset", "at golden hour", "in the evening"),
    ("in the snow", "in falling snow", "at the beach", "in the rain"),
    ("in space", "in the rain", "in the fog", "in falling snow", "at golden hour", "by day", "in the evening"),
    ("close-up", "holding", "reading", "with a laptop", "with a cat", "with a dog"),
)
_INDOORS = ("cafe", "library", "kitchen", "bedroom", "office", "gym", "studio", "museum", "indoors")
# For engines that know any word. Light follows the time, framing the subject.
_CRAFT: dict[str, tuple[str, ...]] = {
    "light": (
        "soft window light", "warm golden hour light", "overcast daylight", "gentle rim light", "lamplight at dusk",
        "clear morning light", "dappled shade",
    ),
    "framing": (
        "half figure, eye level", "three-quarter view, eye level", "close portrait", "full figure with room around",
        "seen slightly from below",
    ),
    "depth": ("shallow depth of field", "crisp background", "softly blurred background"),
    "mood": ("calm mood", "cheerful mood", "quiet, thoughtful mood", "playful mood", "dreamy mood"),
    "colour": ("muted colours", "warm palette", "cool palette with one warm accent", "rich, natural colours"),
}  # fmt: skip
_SAYS = {
    "light": r"\b(?:light|lit|sun|sunset|sunrise|dusk|dawn|night|golden hour|shade|neon|lamp|candle)\w*",
    "framing": r"\b(?:portrait|close-?up|full (?:figure|body)|half figure|wide|shot|view|angle)\b",
    "depth": r"\b(?:depth of field|bokeh|blur\w*|sharp background|crisp background)\b",
    "mood": r"\b(?:mood|smil\w+|laugh\w+|calm|happy|sad|angry|playful|dreamy|serious|thoughtful|cheerful)\b",
    "colour": r"\b(?:colou?rs?|palette|muted|vivid|pastel|monochrome|black and white)\b",
}


def fuller(
    idea: str, words: Mapping[str, Sequence[str]], style: str, mentioned: Sequence[str], rng: random.Random
) -> str:
    """`idea` with what it does not say yet. `words` is the engine's vocabulary by group, empty when it knows any word;
    `mentioned` are phrases of the form (outfit, place, …) that must not be contradicted.
    """
    idea = " ".join(idea.split()).strip(" ,.")
    said = f"{idea}, {', '.join(mentioned)}".lower()
    added = _from_vocabulary(said, words, rng) if words else _from_craft(said, rng)
    if style == "llm":
        sentence = idea[:1].upper() + idea[1:]
        return f"{sentence}. {_sentence(added)}" if added else f"{sentence}."
    return ", ".join([idea, *added])


def _from_vocabulary(said: str, words: Mapping[str, Sequence[str]], rng: random.Random) -> list[str]:
    added: list[str] = []
    for group in _GROUPS:
        phrases = list(words.get(group, ()))
        if not phrases or any(_in(phrase, said) for phrase in phrases):
            continue
        if group in ("weather", "prop") and rng.random() < 0.6:  # not every picture needs rain or a cup
            continue
        if group == "clothing" and re.search(r"\b(?:wearing|dressed|in an? \w+ (?:coat|dress|suit|shirt))\b", said):
            continue
        if group == "weather" and any(one in f"{said}, {', '.join(added)}" for one in _INDOORS):
            continue
        whole = f"{said}, {', '.join(added)}"
        fitting = [one for one in phrases if not _clashes(one, whole)]
        if fitting:
            added.append(_dressed(rng.choice(fitting), words, rng) if group == "clothing" else rng.choice(fitting))
    return added


def _dressed(garment: str, words: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    colours = list(words.get("color", ()))
    return f"{rng.choice(colours)} {garment}" if colours and rng.random() < 0.8 else garment


def _from_craft(said: str, rng: random.Random) -> list[str]:
    open_groups = [group for group in _CRAFT if not re.search(_SAYS[group], said, re.I)]
    return [rng.choice(_CRAFT[group]) for group in open_groups[:4]]


def _sentence(parts: list[str]) -> str:
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{listed[:1].upper()}{listed[1:]}."


def _in(phrase: str, said: str) -> bool:
    return re.search(rf"\b{re.escape(re.sub(r'^(?:an?|the|at|in|by|with) ', '', phrase.lower()))}\b", said) is not None


def _clashes(phrase: str, said: str) -> bool:
    return any(
        any(one in phrase for one in group) and any(one in said and one not in phrase for one in group)
        for group in _NOT_TOGETHER
    )
