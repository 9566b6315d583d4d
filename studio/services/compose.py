"""The final prompt: character + look + ingredients + the person's words. Quick, so that a form can show it live.

It knows documents and what an engine's spec says; never files, jobs or torch.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from pipelines import prompt_weights
from pipelines.base import EngineSpec
from studio.domain.character import Character, Ingredient, Look
from studio.domain.requests import MOST_PIXELS, ImageRequest
from studio.errors import StudioError
from studio.services.appearance import LEARNED, appearance_of, known_as, subject, wear, with_article
from studio.services.place_words import is_plain_background, names_a_place

KINDS = {"outfit": "wardrobe", "prop": "prop", "mood": "mood", "place": "place"}
TIME_WORDS = {
    "": "",
    "morning": "in the morning, in daylight",
    "midday": "in daylight",
    "golden hour": "at golden hour",
    "evening": "in the evening",
    "night": "at night",
}
WEATHER_WORDS = {"": "", "rain": "in the rain", "fog": "in the fog", "snowfall": "in falling snow"}
# What an outfit may bring that the appearance also has: the outfit's then counts.
_WORN = {
    "headwear": re.compile(
        r"\b(hat|cap|beanie|hijab|headscarf|turban|headband|crown|hood up|helmet|bonnet|beret)\b", re.I
    ),
    "glasses": re.compile(r"\b(glasses|sunglasses|shades|spectacles|eyepatch|eye patch|goggles)\b", re.I),
}
_DRESSED = re.compile(r"\b(wearing|dressed in|wears)\b", re.I)
_JOINING = frozenset("a an and as at by for from her his in into is its of on or the their to with".split())
_TOKENS_KEPT_FREE = 2  # the start and the end mark


@dataclass(frozen=True)
class Composed:
    """What the engine will get. Sizes in pixels; `upscale` is the enlargement afterwards (1, 2 or 4).

    `words` is what the person typed; `ingredients` are the picked ones as {id, kind, name, words} (id None for free
    words). `seed` is None when one is to be drawn. `loras` are {id, name, hash, weight, base, trigger, character_id}.
    `template` holds the fields that were drawn, as typed; `each` then has, per picture, what its own drawing changed.
    `rating` is how mature the words are, `rating_words` why. `warnings` are sentences for the person.
    """

    prompt: str
    negative: str
    engine: str
    width: int
    height: int
    steps: int
    guidance: float
    sampler: str
    upscale: int
    seed: int | None
    batch: int
    words: str = ""
    time_of_day: str = ""
    weather: str = ""
    framing: str = ""
    character_id: str | None = None
    character_name: str = ""
    character_revision: int | None = None
    look_id: str | None = None
    look_name: str = ""
    ingredients: tuple[dict, ...] = ()
    parents: tuple[str, ...] = ()
    image: str | None = None
    strength: float | None = None
    mask: str | None = None
    edit: dict | None = None
    references: tuple[str, ...] = ()
    loras: tuple[dict, ...] = ()
    template: dict = field(default_factory=dict)
    each: tuple[dict, ...] = ()
    rating: str = "general"
    rating_words: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def as_json(self) -> dict:
        """Plain values, as a job's request keeps them."""
        lists = {"parents": list(self.parents), "references": list(self.references)}
        parts = {name: [dict(one) for one in getattr(self, name)] for name in ("ingredients", "loras", "each")}
        return asdict(self) | parts | lists

    @property
    def task(self) -> str:
        """What it starts from, as engines name it: text, image, inpaint or edit."""
        if self.image:
            return "inpaint" if self.mask or self.edit else "image"
        return "edit" if self.references else "text"

    def picture(self, number: int) -> "Composed":
        """What picture `number` of the batch gets: its own words where they were drawn."""
        own = self.each[number] if number < len(self.each) else {}
        return replace(
            self, each=(), **{name: tuple(one) if isinstance(one, list) else one for name, one in own.items()}
        )

    @classmethod
    def from_json(cls, values: dict) -> "Composed":
        """Back from `as_json`; fields of a newer version are ignored."""
        known = {name: value for name, value in values.items() if name in cls.__dataclass_fields__}
        for name in ("ingredients", "parents", "references", "loras", "each", "rating_words", "warnings"):
            known[name] = tuple(known.get(name) or ())
        return cls(**known)

    def ingredient(self, kind: str) -> dict | None:
        """The picked ingredient of this kind (wardrobe, place, prop, mood), or None."""
        return next((one for one in self.ingredients if one["kind"] == kind), None)


def compose(
    character: Character | None,
    request: ImageRequest,
    spec: EngineSpec,
    look: Look | None,
    loras: Sequence[dict] = (),
) -> Composed:
    """Everything about the picture but the seed that is drawn later. Raises StudioError with a field.

    None in the request means what the look says, then the engine's default. `loras` are those of the picture: one that
    learned this character stands for its appearance, the trigger words of others are added.
    """
    picked = _picked(character, request)
    fragments = _fragments(character, request, look, picked, spec, loras)
    prompt, warnings = _fitted(fragments, spec)
    prompt = _without_weights(prompt, spec, warnings)
    pictures = _pictures(request, spec)
    settings = _settings(request, spec, look)
    warnings += _size_warnings(settings["width"], settings["height"], spec)
    warnings += _unlearned(unlearned(prompt, spec, loras), spec)
    negative = request.negative if request.negative is not None else look.negative if look else ""
    if negative and "negative" not in spec.uses:
        warnings.append(f"{spec.name} does not use a negative prompt.")
    return Composed(
        prompt=prompt,
        negative=_joined(negative.split(",")),
        engine=spec.id,
        **settings,
        words=request.prompt,
        time_of_day=request.time_of_day,
        weather=request.weather,
        framing=request.framing,
        character_id=character.id if character else None,
        character_name=character.name if character else "",
        character_revision=character.revision if character else None,
        look_id=look.id if look else None,
        look_name=look.name if look else "",
        ingredients=tuple(picked.values()),
        parents=tuple(request.parents),
        **pictures,
        loras=tuple(loras),
        warnings=tuple(warnings),
    )


def _without_weights(prompt: str, spec: EngineSpec, warnings: list[str]) -> str:
    """The prompt as a language model should read it: weights such as `(word:1.2)` would be read as text."""
    if spec.prompt_style != "llm" or not prompt_weights.has_weights(prompt):
        return prompt
    warnings.append(f"{spec.name} reads plain sentences: the weights were taken out of the prompt.")
    return prompt_weights.plain(prompt)


_USUAL_STRENGTH = {"image": 0.6, "inpaint": 0.9, "repaint": 0.9, "extend": 1.0, "background": 1.0, "detail": 0.25}


def _pictures(request: ImageRequest, spec: EngineSpec) -> dict:
    """What the picture starts from. Raises StudioError with the field when this model cannot start from it."""

    def refuse(field: str, what: str) -> None:
        raise StudioError(f"{spec.name} {what}.", "Choose another model, or remove it.", field=field)

    if request.mask and not request.image:
        raise StudioError("A mask needs the picture that it covers.", "Choose a picture too.", field="mask")
    part = bool(request.mask or request.edit)
    if request.edit and not request.image:
        raise StudioError("There is no picture to edit.", "Choose a picture first.", field="image")
    if request.image and "image" not in spec.tasks and not (part and "inpaint" in spec.tasks):
        refuse("image", "cannot start from a picture")
    if part and "inpaint" not in spec.tasks:
        refuse("mask", "cannot repaint a part of a picture")
    if request.references and "references" not in spec.uses:
        refuse("references", "takes no reference pictures")
    if len(request.references) > spec.most_references:
        most = f"takes {spec.most_references} reference picture{'s' if spec.most_references > 1 else ''} at most"
        raise StudioError(f"{spec.name} {most}.", "Remove some of them.", field="references")
    if not request.image and not request.references and "text" not in spec.tasks:
        field = "references" if "edit" in spec.tasks else "image"
        needs = "a reference picture" if field == "references" else "a picture and a mask of what to repaint"
        raise StudioError(f"{spec.name} works on pictures: it needs {needs}.", "Choose one.", field=field)
    strength = request.strength
    if request.image and strength is None:
        task = request.edit.mode if request.edit else "inpaint" if request.mask else "image"
        strength = _USUAL_STRENGTH[task]
    return {
        "image": request.image or None,
        "strength": strength if request.image else None,
        "mask": request.mask or None,
        "edit": request.edit.model_dump(mode="json") if request.edit else None,
        "references": tuple(request.references),
    }


def _picked(character: Character | None, request: ImageRequest) -> dict[str, dict]:
    """The request's ingredients by field; words that name none of the character's are free words."""
    picked = {}
    for name, kind in KINDS.items():
        asked = (getattr(request, name) or "").strip()
        if not asked:
            continue
        mine = [one for one in (character.ingredients if character else []) if one.kind == kind]
        found = next((one for one in mine if one.id == asked), None)
        found = found or next((one for one in mine if one.name.casefold() == asked.casefold()), None)
        picked[name] = _plain_ingredient(found) if found else {"id": None, "kind": kind, "name": asked, "words": asked}
    return picked


def _plain_ingredient(one: Ingredient) -> dict:
    return {"id": one.id, "kind": one.kind, "name": one.name, "words": one.words}


def _fragments(character, request, look, picked, spec, loras) -> list[tuple[int, str]]:
    """(priority, words) in the order of the prompt. The higher number is the first to go when there is no room."""
    triggers = [one for one in loras if one["trigger"]]
    learned = next((one for one in triggers if character and one["character_id"] == character.id), None)
    words = {name: one["words"] for name, one in picked.items()}
    fragments: list[tuple[int, str]] = []
    if character:
        appearance = appearance_of(character)
        worn = f"{words.get('outfit', '')}, {request.prompt}"
        replaced = {name for name, pattern in _WORN.items() if pattern.search(worn)}
        if "outfit" in words or _DRESSED.search(request.prompt):
            replaced.add("clothing")
        replaced = frozenset(replaced)
        if learned:
            replaced |= LEARNED
            fragments.append((0, known_as(learned["trigger"], appearance)))
        else:
            fragments.append((0, f"portrait of {with_article(subject(appearance, without=replaced))}"))
        dressed = wear(appearance, without=replaced | {"signature_items"})
        fragments += [(2, words["outfit"])] if "outfit" in words else []
        fragments += [(2, one) for one in dressed]
        if not learned:
            fragments += [(5, one) for one in appearance.signature_items]
            fragments += [(6, appearance.extra)]
    elif "outfit" in words:
        fragments.append((2, words["outfit"]))
    fragments += [(1, one["trigger"]) for one in triggers if one is not learned]
    fragments.append((1, words.get("mood", "")))
    fragments.append((0, request.prompt))
    fragments.append((3, words.get("prop", "")))
    fragments.append((1, words.get("place", "")))
    fragments.append((3, TIME_WORDS[request.time_of_day]))
    fragments.append((3, WEATHER_WORDS[request.weather]))
    fragments.append((1, request.framing if request.framing != "portrait" or not character else ""))
    fragments.append((2, look.words if look else ""))
    fragments = [(rank, part) for rank, text in fragments for part in _parts(text)]
    place = [_key(part) for part in _parts(words.get("place", ""))]
    if place or _names_a_scene(request.prompt, spec):
        fragments = [one for one in fragments if _key(one[1]) in place or not is_plain_background(one[1])]
    return _without_repeats(fragments)


def _names_a_scene(prompt: str, spec: EngineSpec) -> bool:
    said = f" {_key(prompt)} "
    return names_a_place(prompt) or any(f" {_key(scene)} " in said for scene in spec.words.get("scene", ()))


def _without_repeats(fragments: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Each phrase once: the first place wins, and a phrase inside an earlier longer one is not said again."""
    kept: list[tuple[int, str]] = []
    said: set[str] = set()
    for rank, words in fragments:
        key = _key(words)
        if key and key not in said:
            said.add(key)
            kept.append((rank, words))
    subject_words = f" {_key(kept[0][1])} " if kept else ""
    return kept[:1] + [
        one for one in kept[1:] if len(_key(one[1]).split()) < 2 or f" {_key(one[1])} " not in subject_words
    ]


def _fitted(fragments: list[tuple[int, str]], spec: EngineSpec) -> tuple[str, list[str]]:
    """The prompt within the engine's length; what had to go is named in a warning."""
    room = longest_prompt(spec)
    if room is None:
        return ", ".join(words for _, words in fragments), []
    known = _vocabulary(spec) if spec.prompt_style == "plain" else None
    sizes = [_tokens(words, known) + 1 for _, words in fragments]
    total, dropped = sum(sizes), set()
    for index in sorted(range(len(fragments)), key=lambda i: (-fragments[i][0], -i)):
        if total <= room or fragments[index][0] == 0:
            break
        total -= sizes[index]
        dropped.add(index)
    left_out = [fragments[index][1] for index in sorted(dropped)]
    warnings = []
    if left_out:
        warnings.append(f"Left out, because {spec.name} reads about {room} words: {', '.join(left_out)}.")
    if total > room:
        warnings.append(f"This prompt is longer than {spec.name} reads; its end may be ignored.")
    return ", ".join(words for index, (_, words) in enumerate(fragments) if index not in dropped), warnings


def longest_prompt(spec: EngineSpec) -> int | None:
    """How many tokens of the person's the engine reads, None when it does not say."""
    return spec.prompt_tokens - _TOKENS_KEPT_FREE if spec.prompt_tokens else None


_KNOWN: dict[str, frozenset[str]] = {}


def _vocabulary(spec: EngineSpec) -> frozenset[str]:
    if spec.id not in _KNOWN:
        words = (
            word for phrases in spec.words.values() for phrase in phrases for word in re.findall(r"\w+", phrase.lower())
        )
        _KNOWN[spec.id] = frozenset(words) | {"portrait", "of", "a", "an", "with", "in", "at", "the", "and", "wearing"}
    return _KNOWN[spec.id]


def _tokens(words: str, known: frozenset[str] | None) -> int:
    """About how many tokens: one for a known word, one per three letters of another; of a large vocabulary (None),
    four for three words."""
    found = re.findall(r"\w+|[^\w\s]", words.lower())
    if known is None:
        return -(-len(found) * 4 // 3)
    return sum(1 if word in known or not known else -(-len(word) // 3) for word in found)


def _settings(request: ImageRequest, spec: EngineSpec, look: Look | None) -> dict:
    """Numbers by name: the request's, else the look's, else the engine's. Raises StudioError with a field."""
    look_value = lambda name: getattr(look, name) if look else None
    first = lambda *values: next((value for value in values if value is not None), None)
    width, height = request.width, request.height
    if width is None and height is None:
        width, height = look_value("width"), look_value("height")
    width, height = first(width, height, spec.native[0]), first(height, width, spec.native[1])
    sampler = first(
        request.sampler or None, look_value("sampler") or None, spec.defaults.get("sampler"), spec.samplers[0]
    )
    if sampler not in spec.samplers:
        raise StudioError(
            f"{spec.name} has no sampler called “{sampler[:40]}”.",
            f"Choose {', '.join(spec.samplers)}.",
            field="sampler",
        )
    upscale = first(request.upscale, spec.default_upscale)
    _check_size(width, height, upscale, spec)
    steps = first(request.steps, look_value("steps"), spec.defaults["steps"])
    if steps > spec.most_steps:
        raise StudioError(
            f"{spec.name} takes at most {spec.most_steps} steps.", f"{spec.defaults['steps']} are usual.", field="steps"
        )
    seed = request.seed
    if seed is None and look and look.seed_policy == "fixed":
        seed = look.seed
    return {
        "width": width,
        "height": height,
        "steps": steps,
        "guidance": first(request.guidance, look_value("guidance"), spec.defaults["guidance"]),
        "sampler": sampler,
        "upscale": upscale,
        "seed": seed,
        "batch": request.batch,
    }


def _check_size(width: int, height: int, upscale: int, spec: EngineSpec) -> None:
    smallest, largest, grid = spec.sides
    sizes = ", ".join(f"{w} × {h}" for w, h in spec.sizes[:4])
    for name, side in (("width", width), ("height", height)):
        if not smallest <= side <= largest:
            raise StudioError(
                f"{spec.name} cannot draw {width} × {height}: a side has {smallest} to {largest} pixels.",
                f"Choose {sizes}, and enlarge the picture.",
                field=name,
            )
        if side % grid:
            near = min(largest, max(smallest, round(side / grid) * grid))
            raise StudioError(
                f"{name.capitalize()} must be a multiple of {grid} for {spec.name}.", f"{near} is near.", field=name
            )
    if width * height * upscale * upscale > MOST_PIXELS:
        raise StudioError(
            f"Enlarged {upscale} times this would have {width * upscale} × {height * upscale} pixels.",
            "Enlarge less, or choose a smaller size.",
            field="upscale",
        )


def unlearned(prompt: str, spec: EngineSpec, loras: Sequence[dict] = ()) -> list[str]:
    """The prompt's words that an engine with its own vocabulary never saw, in small letters, each once; but for the
    triggers that its LoRAs have learned.
    """
    if not spec.learned:
        return []
    taught = {one["trigger"].casefold() for one in loras}
    said = dict.fromkeys(re.findall(r"[^\W\d_]+", prompt.casefold()))
    known = spec.learned | _JOINING | taught
    return [word for word in said if word not in known and word.rstrip("s") not in spec.learned]


def _unlearned(strange: Sequence[str], spec: EngineSpec) -> list[str]:
    """One sentence about words the engine has not learned."""
    if not strange:
        return []
    named = ", ".join(f"“{word}”" for word in strange[:6]) + (" and more" if len(strange) > 6 else "")
    return [f"{spec.name} has not learned {named}: the picture may not show it."]


def _size_warnings(width: int, height: int, spec: EngineSpec) -> list[str]:
    if (width, height) in spec.sizes:
        return []
    sizes = " or ".join(f"{w} × {h}" for w, h in spec.sizes[:3])
    return [f"{spec.name} was made for {sizes}; {width} × {height} may repeat or stretch things."]


def _parts(text: str) -> list[str]:
    """The phrases between commas; commas inside brackets (prompt weights) do not split."""
    parts = re.split(r",(?![^()\[\]]*[)\]])", " ".join((text or "").split()))
    return [part.strip() for part in parts if part.strip(" ,")]


def _joined(parts: list[str]) -> str:
    """Phrases with commas between, each once."""
    return ", ".join(
        words for _, words in _without_repeats([(0, " ".join(part.split())) for part in parts if part.strip()])
    )


def _key(words: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", words.casefold()))
