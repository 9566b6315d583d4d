"""Alt text: what is to be seen, plainly, for people who cannot see it."""

import re

from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.writers.scene import Scene, adjective, scene_of, with_article
from studio.writers.taboos import Taboos

MOST_CHARACTERS = 249
_FACES = {"eyes closed": "closed eyes", "heart eyes": "heart-shaped eyes", "tongue out": "the tongue out"}
_WORN = re.compile(
    r"\b(?:hat|cap|beanie|glasses|sunglasses|eyepatch|crown|headband|hijab|turban|scarf|headwrap|hood)\b"
)
_MEDIA = (
    ("Pixel art", r"pixel art|8-bit|16-bit"),
    ("Ink drawing", r"\bink\b|line art|doodle|hand[- ]drawn|sketch"),
    (
        "Illustration",
        r"illustration|vector|cartoon|anime|comic|drawing|flat (?:design|style|avatar)|toon|painting|watercolou?r",
    ),
    ("AI-made photographic picture", r"photo|photograph|photorealistic|35mm|dslr|realistic"),
)
_HAIR_NOUNS = (
    r"\b(?:afro|buns?|mohawk|ponytail|pigtails|mullet|quiff|bob|cut|braids?|dreadlocks|dreads|updo|undercut|flat top|"
    r"top knot)(?: hair)?$"
)
_LOOKS_LIKE = re.compile(r"^(?:with|wearing|in|at)\s", re.IGNORECASE)


def alt_text(asset: Asset, character: Character, taboos: Taboos | None = None) -> str:
    """One or two plain sentences under 250 characters, from recipe and appearance; for a picture brought in without
    a recipe, from its description or tags. What the engine has not learned to draw is left out: it is not to be seen.
    """
    taboos = taboos or Taboos(())
    if asset.imported and not asset.recipe.engine:
        return _clipped(_of_import(asset, character))
    scene = scene_of(asset, character)
    strange = set(asset.recipe.unlearned)

    def allowed(phrase: str) -> str:
        unseen = strange and strange.intersection(re.findall(r"[^\W\d_]+", phrase.casefold()))
        return "" if unseen or taboos.touched_by(phrase) else phrase

    who = f"{character.name}, {_person(character, allowed)}"
    outfit = scene.seen_outfit or character.appearance.clothing.split(",")[0].strip()
    parts = [f"{medium(asset)} of {who}"]
    if allowed(outfit):
        worn = with_article(scene.seen_prop) if _WORN.search(scene.seen_prop) and allowed(scene.seen_prop) else ""
        parts.append(f"in {with_article(outfit)}{f' and {worn}' if worn else ''}")
    if allowed(scene.seen_place):
        parts.append(f"{_somewhere(scene)}{_when(scene)}")
    elif allowed(scene.backdrop):
        parts.append(f"against {with_article(scene.backdrop)}")
    elif scene.time:
        parts.append(_when(scene).strip())
    first = ", ".join(part for part in parts if part) + "."
    second = _second(scene, character, allowed)
    whole = f"{first} {second}".strip()
    return _clipped(whole if len(whole) <= MOST_CHARACTERS else first)


def medium(asset: Asset) -> str:
    """ "Illustration", "Pixel art", …: by the words of the recipe; the starter engine draws illustrations."""
    recipe = asset.recipe
    text = f"{recipe.look_name}, {recipe.words}, {recipe.prompt}".lower()
    found = next((name for name, pattern in _MEDIA if re.search(pattern, text)), "")
    if recipe.engine == "starter":
        return found if found and not found.startswith("AI-made") else "Illustration"
    return found or "AI-made picture"


def _person(character: Character, allowed) -> str:
    """ "a woman with long red hair, green eyes and round glasses"."""
    look = character.appearance
    kind = {"woman": "woman", "man": "man"}.get(look.presents_as, "person")
    if character.age < 18:
        kind = {"woman": "girl", "man": "boy"}.get(look.presents_as, "young person")
    features = [hair] if (hair := _hair(look.hair_style, look.hair_color, allowed)) else []
    for part in (look.glasses, look.facial_hair, look.headwear):
        part = _LOOKS_LIKE.sub("", part.split(",")[0]).strip()
        if allowed(part) and part.lower() not in ("none", "no", "no glasses", "clean-shaven", "clean shaven"):
            features.append(with_article(part))
    if not features:
        return f"{with_article(kind)}"
    listed = features[0] if len(features) == 1 else f"{', '.join(features[:-1])} and {features[-1]}"
    return f"{with_article(kind)} with {listed}"


def _hair(style: str, colour: str, allowed) -> str:
    """ "long wavy red hair", "a black bob", "blonde pigtails", "red hair in a bun"."""
    style, colour = (
        _LOOKS_LIKE.sub("", part.split(",")[0]).strip() if allowed(part) else "" for part in (style, colour)
    )
    colour = re.sub(r"\s*hair(?:ed)?$", "", colour)
    if re.search(r"\b(?:bald|balding|shaved head)\b", style):
        return "a bald head"
    if style.startswith("hair "):
        return f"{colour} {style}".strip()
    if re.search(_HAIR_NOUNS, style):
        return with_article(f"{colour} {re.sub(r' hair$', '', style)}".strip())
    return re.sub(r"(?: hair)*$", " hair", f"{style} {colour}".strip()) if style or colour else ""


def _somewhere(scene: Scene) -> str:
    """ "at a night market" for a first mention; names and places that take "the" keep it."""
    preposition, _, rest = scene.seen_where.partition(" ")
    fixed = {"beach", "city", "mountains", "forest", "woods", "snow", "sea", "stars", "rain", "park", "rooftop"}
    if rest == f"the {scene.seen_place}" and scene.seen_place.lower() not in fixed:
        return f"{preposition} {with_article(scene.seen_place)}"
    return scene.seen_where


def _second(scene: Scene, character: Character, allowed) -> str:
    """Expression, what is done and what is held."""
    subject, is_, has = _pronoun(character)
    doing = []
    looks = ""
    mood = scene.seen_mood.split(",")[0].strip().lower()
    if mood and allowed(mood):
        said = adjective(mood)
        if mood in _FACES:
            looks = f"{has} {_FACES[mood]}"
        elif said.split(" ")[0].endswith("ing"):
            doing.append(said)
        elif said:
            looks = f"{'looks' if is_ == 'is' else 'look'} {said}"
    if allowed(scene.doing):
        doing.append(scene.doing)
    said = " and ".join(part for part in (looks, f"{is_} {' and '.join(doing)}" if doing else "") if part)
    prop = with_article(scene.seen_prop) if allowed(scene.seen_prop) and not _WORN.search(scene.seen_prop) else ""
    if said:
        return f"{subject} {said}{f', with {prop}' if prop else ''}."
    return f"{subject} {has} {prop}." if prop else ""


def _when(scene: Scene) -> str:
    """The time of day, unless the place's name says it already."""
    if not scene.time or scene.time in scene.seen_place.lower() or scene.seen_place == "night":
        return ""
    usual = {"night": " at night", "golden hour": " in golden light", "midday": " at midday"}
    return usual.get(scene.time, f" in the {scene.time}")


def _pronoun(character: Character) -> tuple[str, str, str]:
    stated = character.pronouns.lower()
    kind = character.appearance.presents_as
    if stated.startswith("she") or (not stated and kind == "woman"):
        return "She", "is", "has"
    if stated.startswith("he") or (not stated and kind == "man"):
        return "He", "is", "has"
    return "They", "are", "have"


def _of_import(asset: Asset, character: Character) -> str:
    if text := " ".join(asset.description.split()):
        return text if text[-1] in ".!?…" else f"{text}."
    if asset.tags:
        return f"Picture of {character.name}: {', '.join(asset.tags[:8])}."
    return f"Picture of {character.name}."


def _clipped(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[: MOST_CHARACTERS - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"
