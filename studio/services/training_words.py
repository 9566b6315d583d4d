"""Words of a training: the trigger, captions out of recipes, and prompts that try a LoRA out. It knows only words."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from pipelines.base import EngineSpec
from studio.domain.character import Appearance
from studio.errors import StudioError
from studio.services.appearance import appearance_words, known_as
from studio.services.place_words import is_plain_background

_TRIGGER = re.compile(r"[a-z][a-z0-9]{2,23}")
# A whole studio of contrasts for models that read any words: clothes, mood, place and light.
_SCENES = (
    ("red knitted sweater", "smiling", "at the beach, bright daylight"),
    ("black leather jacket", "serious", "in a city street at night"),
    ("white summer dress", "laughing", "in a flower garden"),
    ("blue raincoat", "surprised", "in a rainy forest"),
    ("grey suit", "calm", "in a library, warm light"),
    ("yellow t-shirt", "thinking", "in snowy mountains"),
)


def trigger_for(name: str, learned: Iterable[str] = ()) -> str:
    """A word out of a name that no model knows yet: "Mira Łąka" -> "mirazu". It can be typed, and stays the same."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    letters = re.sub(r"[^a-z]", "", plain.split()[0] if plain.split() else "")[:6] or "char"
    known = set(learned)
    return next(word for ending in ("zu", "vex", "qua", "zuvex") if (word := letters + ending) not in known)


def checked_trigger(text: str, spec: EngineSpec) -> str:
    """The trigger word in small letters. StudioError, with the field, for what could not be one."""
    word = text.strip().lower()
    if not _TRIGGER.fullmatch(word):
        raise StudioError(
            "A trigger is one word of 3 to 24 letters and digits, a letter first.",
            "A word that means nothing else, such as mirazu.",
            field="trigger",
        )
    if word in spec.learned:
        raise StudioError(
            f"{spec.name} knows the word “{word}” already.", "Take one that means nothing yet.", field="trigger"
        )
    return word


def caption(prompt: str, appearances: Sequence[Appearance], trigger: str, former: Iterable[str] = ()) -> str:
    """What a picture shows beside the person, after the trigger: "mirazu woman, green hoodie, smiling, at the beach".

    The words of any of `appearances` leave the prompt (the newest is first), but for clothes; so do `former` triggers.
    """
    own = set()
    for look in appearances:
        described = look.model_copy(update={"clothing": ""})
        own |= {_key(part) for part in _parts(appearance_words(described))}
        own |= {_key(known_as(word, look)) for word in (*former, trigger)}
    kept, seen = [], set()
    for part in _parts(prompt):
        key = _key(part)
        # the person itself as another version of the character was described
        about = re.match(r"(portrait of )?an? (\w+ ){0,3}(woman|man|person|character)\b", part, re.IGNORECASE)
        if key and key not in own and key not in seen and not about:
            kept.append(part)
            seen.add(key)
    look = appearances[0] if appearances else Appearance()
    return ", ".join([known_as(trigger, look), *kept])[:600]


def renamed(text: str, before: str, after: str) -> str:
    """A caption with another trigger word."""
    return re.sub(rf"\b{re.escape(before)}\b", after, text) if before else text


def has_trigger(text: str, trigger: str) -> bool:
    return bool(trigger) and re.search(rf"\b{re.escape(trigger)}\b", text, re.IGNORECASE) is not None


def sample_prompts(
    spec: EngineSpec, trigger: str, look: Appearance, captions: Sequence[str], styles: str, count: int
) -> list[str]:
    """`count` prompts as unlike each other as the engine's words allow. A style that nearly all captions name is in
    them too: one of the engine's own, or one of `styles`, phrases with commas between."""
    if len(spec.words.get("scene", ())) >= count:
        pick = lambda kind, i, step: spec.words[kind][i * step % len(spec.words[kind])] if spec.words.get(kind) else ""
        across = max(1, len(spec.words["scene"]) // count)
        told = [
            (f"{pick('color', i, 3)} {pick('clothing', i, 5)}", pick("expression", i, 1), pick("scene", i, across))
            for i in range(count)
        ]
    else:
        told = [_SCENES[i % len(_SCENES)] for i in range(count)]
    known = {_key(part) for part in (*spec.words.get("style", ()), *_parts(styles))}
    # each prompt is somewhere: a plain background that the pictures have in common would contradict it
    shared = [part for part in _shared(captions) if _key(part) in known and not is_plain_background(part)]
    who = known_as(trigger, look)
    return [", ".join(part.strip() for part in (who, *one, *shared) if part.strip()) for one in told]


def _shared(captions: Sequence[str]) -> list[str]:
    counts = Counter(_key(part) for text in captions for part in dict.fromkeys(_parts(text)))
    first = _parts(captions[0]) if captions else []
    many = max(2, len(captions) * 4 // 5)
    return [part for part in first if counts[_key(part)] >= many]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in " ".join(text.split()).split(",") if part.strip()]


def _key(words: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", words.casefold()))
