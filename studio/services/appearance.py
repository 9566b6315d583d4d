"""An appearance as prompt words, in the order and phrasing that short captions use.

"woman with long red hair, fair skin, round glasses", then clothes, headwear and signature items. It knows words,
not engines: a word an engine does not know is the engine's loss, never dropped here.
"""

import re

from studio.domain.character import Appearance, Character
from studio.services.validation import validated

# Hair styles that are nouns of their own: "a red bob", not "bob red hair".
_HAIR_NOUNS = frozenset(
    "dreadlocks|dreads|bob|bob cut|short bob|afro|bun|top knot|mullet|shaggy mullet|quiff|buzz cut|undercut|space buns|"
    "buns|ponytail|flat top|mohawk|pigtails|updo|braided updo|braids|long dreadlocks|pixie cut".split("|")
)
# What a LoRA of the character stands for; clothes change, so they are still said.
LEARNED = frozenset({"headwear", "signature_items"})
_BALD = frozenset({"bald", "bald head", "no hair", "shaved head"})


def appearance_of(fields: "Character | Appearance | dict") -> Appearance:
    """The appearance in a character, an appearance, or the fields of either. Raises StudioError with a field."""
    if isinstance(fields, Character):
        return fields.appearance
    if isinstance(fields, Appearance):
        return fields
    inner = fields.get("appearance", fields)
    if isinstance(inner, Appearance):
        return inner
    return validated(Appearance, {name: inner[name] for name in Appearance.model_fields if name in inner})


def subject(look: Appearance, *, without: frozenset[str] = frozenset()) -> str:
    """Who is in the picture: "woman with long red hair, round glasses". `without` names fields to leave out."""
    features = [hair(look), _part(look.skin, "skin"), _part(look.eyes, "eyes"), look.glasses, look.facial_hair]
    names = ["hair", "skin", "eyes", "glasses", "facial_hair"]
    said = [_clean(text) for name, text in zip(names, features, strict=True) if name not in without]
    said = [text for text in said if text]
    before, noun = [], look.presents_as
    if said and said[0].lower() == "bald" and "hair" not in without:
        before.append(said.pop(0))
    build = _clean(look.build)
    if build and len(build.split()) <= 2 and "," not in build:
        before.insert(0, build)
    elif build:
        said.append(build)
    noun = " ".join([*before, noun])
    return f"{noun} with {', '.join(said)}" if said else noun


def hair(look: Appearance) -> str:
    """Style and colour as one phrase: "long wavy red hair", "a red bob", "bald"."""
    style, color = _clean(look.hair_style), _clean(look.hair_color)
    if style.lower() in _BALD:
        return "bald"
    bare = re.sub(r"\s*hair$", "", style, flags=re.IGNORECASE)
    color = re.sub(r"\s*hair$", "", color, flags=re.IGNORECASE)
    if bare.lower() in _HAIR_NOUNS:
        noun = f"{color} {bare}".strip()
        return noun if bare.endswith("s") else with_article(noun)
    if "hair" in bare.lower().split():
        return f"{bare}, {color} hair" if color else bare
    words = f"{bare} {color}".strip()
    return f"{words} hair" if words else ""


def wear(look: Appearance, *, without: frozenset[str] = frozenset()) -> list[str]:
    """Clothes, headwear and signature items, in that order. `without` names fields to leave out."""
    parts = [] if "clothing" in without else [look.clothing]
    parts += [] if "headwear" in without else [look.headwear]
    parts += [] if "signature_items" in without else look.signature_items
    return [text for text in map(_clean, parts) if text]


def appearance_words(fields: "Character | Appearance | dict") -> str:
    """The whole appearance as it starts a prompt: "portrait of a woman with long red hair, green hoodie"."""
    look = appearance_of(fields)
    parts = [f"portrait of {with_article(subject(look))}", *wear(look), _clean(look.extra)]
    return ", ".join(part for part in parts if part)


def known_as(trigger: str, look: Appearance) -> str:
    """Who is in the picture for a model that has learned them by this word: "mirazu woman"."""
    return f"{trigger} {look.presents_as}"


def with_article(noun: str) -> str:
    """ "woman" -> "a woman", "old man" -> "an old man"."""
    return ("an " if noun[:1].lower() in "aeiou" else "a ") + noun


def _part(text: str, noun: str) -> str:
    """ "fair" -> "fair skin", "fair skin" stays."""
    text = _clean(text)
    if not text or noun in text.lower().split() or noun.rstrip("s") in text.lower().split():
        return text
    return text if text.lower().endswith(("skin tone", "eyed")) else f"{text} {noun}"


def _clean(text: str) -> str:
    return re.sub(r"\s*,\s*", ", ", " ".join(text.split())).strip(" ,")
