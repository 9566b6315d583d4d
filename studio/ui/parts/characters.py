"""A character as cards, head, lists and comparison show it: plain values for static/characters.js and forms.js."""

import base64
import html
import re
from datetime import datetime, timezone

from studio.domain.character import Character, Ingredient, Look, Reference
from studio.domain.origin import in_words

KINDS = {
    "wardrobe": ("Wardrobe", "Clothes and accessories, such as a red raincoat."),
    "place": ("Places", "Where pictures happen, such as a night market."),
    "prop": ("Props", "Things to hold or stand beside."),
    "mood": ("Moods", "How the character feels, such as laughing."),
}
POLICIES = {"random": "New each time", "fixed": "Always the same"}


def choices(characters: list[Character]) -> list[tuple[str, str]]:
    """(name, id) for the header's picker, nobody last. Equal names are told apart by the last signs of their ids."""
    names = [one.name for one in characters]
    named = [(one.name if names.count(one.name) == 1 else f"{one.name} · {one.id[-4:]}", one.id) for one in characters]
    return [*named, ("No character", "")]


def when(moment: str, *, now: datetime | None = None) -> str:
    """A document's time as people say it: "just now", "12 minutes ago", "3 Nov 2026". Times in UTC."""
    now = now or datetime.now(timezone.utc)
    try:
        then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    except ValueError:
        return moment
    minutes = (now - then).total_seconds() / 60
    if minutes < 1.5:
        return "just now"
    if minutes < 90:
        return f"{minutes:.0f} minutes ago"
    if minutes < 60 * 36:
        return f"{minutes / 60:.0f} hours ago"
    if minutes < 60 * 24 * 14:
        return f"{minutes / 60 / 24:.0f} days ago"
    return f"{then.day} {then:%b %Y}"


def reference_address(character: Character, reference_id: str) -> str:
    return f"/api/v1/characters/{character.id}/references/{reference_id}"


def line(character: Character) -> str:
    """Pronouns, age and place in one line."""
    return " · ".join(str(part) for part in (character.pronouns, character.age, character.location) if part)


def inline(webp: bytes) -> str:
    """A small WebP picture as an address that holds it."""
    return "data:image/webp;base64," + base64.b64encode(webp).decode("ascii")


def card(character: Character, portrait: str | None) -> dict:
    """A character in the grid and the table. `portrait` is an address or None."""
    references, looks, ingredients = len(character.references), len(character.looks), len(character.ingredients)
    counts = ((references, "reference"), (looks, "look"), (ingredients, "ingredient"))
    return {
        "id": character.id,
        "name": character.name,
        "line": line(character),
        "bio": character.bio,
        "status": character.status,
        "trashed": character.trashed_at is not None,
        "portrait": portrait,
        "facts": ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count),
        "changed": f"deleted {when(character.trashed_at)}" if character.trashed_at else when(character.updated_at),
    }


def voice(sentences: list[str]) -> str:
    """What a persona would write, as quotes."""
    quotes = "".join(f"<blockquote>{html.escape(one)}</blockquote>" for one in sentences)
    return f'<div class="voice"><span class="label">Sounds like this</span>{quotes}</div>'


def _thumbnail(asset_id: str | None) -> str | None:
    return f"/api/v1/assets/{asset_id}/thumbnail" if asset_id else None


def ingredients_value(character: Character | None) -> dict:
    """The ingredients by kind, with the form that adds or edits one."""
    items = character.ingredients if character else []
    return {
        "noun": "ingredient",
        "stamp": stamp(character),
        "owner": character.id if character else "",
        "fields": [
            {"name": "name", "label": "Name", "placeholder": "Red raincoat", "longest": 80},
            {
                "name": "kind",
                "label": "Kind",
                "kind": "select",
                "choices": [{"value": kind, "label": title} for kind, (title, _) in KINDS.items()],
            },
            {
                "name": "words",
                "label": "Prompt words",
                "placeholder": "red raincoat",
                "longest": 400,
                "wide": True,
                "help": "A few words that go into the prompt whenever it is picked.",
            },
        ],
        "groups": [
            {"id": kind, "title": title, "empty": hint, "values": {"kind": kind}}
            for kind, (title, hint) in KINDS.items()
        ],
        "items": [
            {
                "id": one.id,
                "group": one.kind,
                "title": one.name,
                "text": one.words,
                "thumb": _thumbnail(one.thumbnail_asset_id),
                "values": {"name": one.name, "kind": one.kind, "words": one.words},
            }
            for one in items
        ],
    }


def looks_value(character: Character | None, specs: list) -> dict:
    """The looks with the form that adds or edits one; sizes and samplers are the engines' own."""
    sizes = list(dict.fromkeys(f"{width}x{height}" for spec in specs for width, height in spec.sizes))
    samplers = list(dict.fromkeys(name for spec in specs for name in spec.samplers))
    styles = [word for spec in specs for word in spec.words.get("style", ())]
    defaults = specs[0].defaults
    looks = character.looks if character else []
    return {
        "noun": "look",
        "title": "Looks",
        "stamp": stamp(character),
        "owner": character.id if character else "",
        "duplicate": True,
        "fresh": {"name": "", "engine": specs[0].id, "seed_policy": "random", "default": not looks},
        "empty": {
            "title": "No look yet",
            "next": "A look is a named picture style: extra prompt words and settings. "
            "Without one, pictures use the model's defaults.",
        },
        "fields": [
            {"name": "name", "label": "Name", "placeholder": "Everyday", "longest": 80},
            {
                "name": "engine",
                "label": "Model",
                "kind": "select",
                "choices": [{"value": spec.id, "label": spec.name} for spec in specs],
            },
            {
                "name": "words",
                "label": "Prompt additions",
                "placeholder": "flat illustration, soft light",
                "suggestions": styles,
                "wide": True,
                "longest": 600,
            },
            {"name": "negative", "label": "Keep out", "placeholder": "blurry, text", "wide": True, "longest": 600},
            {
                "name": "size",
                "label": "Size",
                "kind": "select",
                "choices": [{"value": "", "label": "The model's own"}]
                + [{"value": size, "label": size.replace("x", " × ")} for size in sizes],
            },
            {
                "name": "sampler",
                "label": "Sampler",
                "kind": "select",
                "choices": [{"value": "", "label": "The model's own"}]
                + [{"value": one, "label": one} for one in samplers],
            },
            {
                "name": "steps",
                "label": "Steps",
                "kind": "number",
                "min": 1,
                "max": 150,
                "step": 1,
                "placeholder": str(defaults.get("steps", "")),
            },
            {
                "name": "guidance",
                "label": "Guidance",
                "kind": "number",
                "min": 0,
                "max": 30,
                "placeholder": str(defaults.get("guidance", "")),
            },
            {
                "name": "seed_policy",
                "label": "Seed",
                "kind": "select",
                "choices": [{"value": key, "label": words} for key, words in POLICIES.items()],
            },
            {
                "name": "seed",
                "label": "Seed number",
                "kind": "number",
                "min": 0,
                "max": 2**32 - 1,
                "step": 1,
                "when": {"name": "seed_policy", "value": "fixed"},
            },
            {"name": "default", "label": "Use this look unless another is picked", "kind": "check", "wide": True},
        ],
        "items": [
            {
                "id": look.id,
                "title": look.name,
                "text": look_line(look),
                "badges": [{"text": "default", "kind": "active"}] if look.default else [],
                "values": look_values(look),
            }
            for look in looks
        ],
    }


def look_line(look: Look) -> str:
    """What a look changes, in one line."""
    size = f"{look.width} × {look.height}" if look.width and look.height else ""
    steps = f"{look.steps} steps" if look.steps else ""
    guidance = f"guidance {look.guidance:g}" if look.guidance is not None else ""
    seed = f"seed {look.seed}" if look.seed_policy == "fixed" and look.seed is not None else ""
    loras = f"{len(look.loras)} LoRA{'s' if len(look.loras) > 1 else ''}" if look.loras else ""
    return " · ".join(part for part in (look.words, loras, size, steps, guidance, look.sampler, seed) if part)


def look_values(look: Look) -> dict:
    """A look as its form shows it: one size instead of width and height."""
    names = ("name", "words", "negative", "engine", "steps", "guidance", "seed_policy", "seed", "default")
    size = f"{look.width}x{look.height}" if look.width and look.height else ""
    return {name: getattr(look, name) for name in names} | {"size": size, "sampler": look.sampler or ""}


def look_from(values: dict, before: Look | None) -> Look:
    """The form's values as a look. Raises ValidationError."""
    values = dict(values)
    width, _, height = (values.pop("size", "") or "").partition("x")
    known = before.model_dump() if before else {}
    known |= values | {
        "width": int(width) if width else None,
        "height": int(height) if height else None,
        "sampler": values.get("sampler") or None,
    }
    return Look(**known)


def ingredient_from(values: dict, before: Ingredient | None) -> Ingredient:
    """The form's values as an ingredient; without words its name goes into the prompt. Raises ValidationError."""
    known = (before.model_dump() if before else {}) | values
    known["name"] = (known.get("name") or "").strip()
    known["words"] = (known.get("words") or "").strip() or known["name"].lower()
    return Ingredient(**known)


def references_value(character: Character | None) -> dict:
    """The reference pictures as a grid."""
    references = character.references if character else []
    pictures = [
        {
            "id": one.id,
            "thumb": reference_address(character, one.id),
            "full": reference_address(character, one.id),
            "alt": one.note or f"Reference {number} of {character.name}",
            "caption": reference_caption(one),
            "badges": [] if one.usable else [{"text": "not used", "kind": "below", "title": "Say what it shows first"}],
        }
        for number, one in enumerate(references, 1)
    ]
    return {
        "pictures": pictures,
        "select": "many",
        "selected": [],
        "label": "References",
        "zoom": True,
        "stamp": stamp(character),
        "empty": {
            "title": "No reference yet",
            "next": "Pictures that show exactly who this is. Upload some, or pick approved pictures below.",
        },
    }


def reference_caption(one: Reference) -> str:
    """The note, and what was said about an upload."""
    said = in_words(one.origin) if one.origin or not one.asset_id else ""
    return " · ".join(part for part in (one.note, said) if part)


def stamp(character: Character | None) -> str:
    """Grows with every saved change, so that the page notices an answer even when nothing visible changed."""
    return f"{character.id}-{character.revision}" if character else ""


TITLES = {
    "pronouns": "Pronouns",
    "time_zone": "Time zone",
    "hair_color": "Hair colour",
    "presents_as": "Shown as",
    "words": "prompt words",
    "negative": "keep out",
    "trashed_at": "In the trash since",
}
PIECE = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")  # persona.humor, ingredients[Red raincoat].words
HIDDEN = {"id", "schema", "schema_", "revision", "created_at", "updated_at", "file", "asset_id", "added_at"}


def readable(value: object) -> str:
    """A document's value as a person reads it; nothing at all becomes an empty text."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(readable(one) for one in value)
    if isinstance(value, dict):
        if value and all(isinstance(one, dict) for one in value.values()):  # parts by their names
            return ", ".join(readable(one) for one in value.values())
        named = str(value.get("name") or value.get("file") or "")
        words = str(value.get("words") or value.get("note") or "")
        return f"{named} ({words})" if named and words else named or words
    return str(value)


def changes(lines: list[tuple[str, object, object]]) -> list[dict]:
    """`compare`'s (path, before, after) as readable lines; bookkeeping fields are left out."""
    shown = []
    for path, before, after in lines:
        parts = [named or plain for plain, named in PIECE.findall(str(path))]
        if not parts or parts[-1] in HIDDEN:
            continue
        title = " · ".join(TITLES.get(part, part.replace("_", " ")) for part in parts)
        shown.append({"field": title[:1].upper() + title[1:], "before": readable(before), "after": readable(after)})
    return [one for one in shown if one["before"] != one["after"]]
