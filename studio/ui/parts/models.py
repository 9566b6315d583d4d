"""Models as the page shows them: cards, lights, fits and forms as plain values for static/models.js."""

from studio.domain.model import Lora
from studio.services.model_places import said
from studio.services.model_search import Seen
from studio.services.models import BASES as NAMES

LIGHTS = {
    "green": "Free to use",
    "amber": "Free with conditions",
    "red": "Not for every use",
    "unknown": "Licence unread",
}
STATES = {
    "loaded": ("In memory", "approved"),
    "loading": ("Loading", "paused"),
    "missing": ("Not usable", "rejected"),
    "trashed": ("In the trash", "trashed"),
}
SOURCES = {
    "hub": "Hugging Face",
    "file": "This machine",
    "cache": "Hugging Face cache",
    "program": "Another program's folder",
    "trained": "Trained here",
}
FIELDS = [
    {"name": "name", "label": "Name", "wide": True, "longest": 120},
    {"name": "steps", "label": "Steps", "kind": "number", "min": 1, "max": 150, "step": 1},
    {"name": "guidance", "label": "Guidance", "kind": "number", "min": 0, "max": 30},
    {"name": "width", "label": "Width", "kind": "number", "min": 64, "max": 4096, "step": 8},
    {"name": "height", "label": "Height", "kind": "number", "min": 64, "max": 4096, "step": 8},
    {"name": "notes", "label": "Notes", "kind": "area", "wide": True, "longest": 4000},
]
LORA_FIELDS = [
    {"name": "name", "label": "Name", "wide": True, "longest": 120},
    {
        "name": "triggers",
        "label": "Trigger words",
        "wide": True,
        "help": "Separated by commas. The first goes into the prompt when none of them is in it.",
    },
    {"name": "strength", "label": "Strength", "kind": "number", "min": -4, "max": 4, "step": 0.05},
    {
        "name": "base",
        "label": "Made for",
        "kind": "select",
        "choices": [{"value": id, "label": name[0].upper() + name[1:]} for id, name in NAMES.items()],
    },
    {"name": "licence", "label": "Licence", "longest": 200},
    {"name": "notes", "label": "Notes", "kind": "area", "wide": True, "longest": 4000},
]


def light(licence: dict, *, lead: str = "") -> dict:
    """A licence as a dot, a word and what stands behind them."""
    kind = licence.get("light") or "unknown"
    return {
        "kind": kind,
        "text": licence.get("name") or "Licence not stated",
        "said": LIGHTS[kind],
        "terms": (licence.get("terms") or "") + lead,
        "forbids": list(licence.get("forbids") or ()),
        "url": licence["url"] if str(licence.get("url", "")).startswith(("https://", "http://")) else "",
        "read": bool(licence.get("read_at")),
    }


def installed(card: dict) -> dict:
    """An installed model's card with what may be done with it."""
    state, badges = card["state"], []
    if card["default"]:
        badges.append({"text": "Default", "kind": "active"})
    if state in STATES:
        text, kind = STATES[state]
        badges.append({"text": text, "kind": kind})
    usable = state in ("installed", "loaded")
    actions = []
    if state == "installed":
        actions.append({"key": "load", "label": "Load now"})
    if state == "loaded":
        actions.append({"key": "unload", "label": "Unload"})
    if usable and not card["default"]:
        actions.append({"key": "default", "label": "Make default"})
    removal = ""
    if not card["built_in"]:
        removal = (
            "Its files go to the trash of the models folder." if card["kept"] else "Its files stay where they are; the "
            "studio only forgets it."
        )  # fmt: skip
    return {
        "id": card["id"],
        "kind": card["kind"],
        "name": card["name"],
        "summary": card["summary"],
        "facts": ["Comes with the studio"]
        if card["built_in"]
        else [card["family_name"], card["precision"], said(card["bytes"])],
        "state": state,
        "problem": card["problem"],
        "badges": badges,
        "light": light(card["licence"]),
        "fit": card["fit"],
        "actions": actions,
        "details": None if card["built_in"] else _details(card),
        "removal": removal,
    }


def _details(card: dict) -> dict:
    source = card["source"]
    origin = SOURCES.get(source["kind"], source["kind"])
    if source["repo"]:
        origin = f"{origin}: {source['repo']} at {source['revision'][:10]}"
    usual = card["usual"]
    fields = [one | {"placeholder": f"{usual[one['name']]:g}"} if one["name"] in usual else one for one in FIELDS]
    if len(card["variants"]) > 1:
        choices = [{"value": one["id"], "label": one["name"]} for one in card["variants"]]
        fields.insert(1, {"name": "variant", "label": "Kind", "kind": "select", "choices": choices})
    defaults = card["defaults"]
    return {
        "facts": [
            ("Family", card["family_name"]),
            ("Takes LoRAs for", NAMES.get(card["base"], card["base"])),
            ("Size", said(card["bytes"])),
            ("Number format", card["precision"]),
            ("Origin", origin),
            ("Place", card["path"]),
            ("Added", card["added_at"][:10]),
        ],
        "fields": fields,
        "values": {
            "name": card["name"],
            "variant": card["variant"],
            "notes": card["notes"],
            **{name: defaults.get(name) for name in ("steps", "guidance", "width", "height")},
        },
        "text": f"/api/v1/models/{card['id']}/licence" if card["licence"].get("text_file") else "",
    }


def offered(card: dict, downloads: list[dict]) -> dict:
    """A catalogue entry's card."""
    on_its_way = any(one["catalogue_id"] == card["catalogue_id"] for one in downloads)
    badges = [{"text": "LoRA", "kind": ""}] if card["kind"] == "lora" else []
    facts = [card["family_name"], f"about {said(card['bytes'])}"]
    if card["needs"]:
        facts.append(f"for {', '.join(card['needs'])}")
    return {
        "id": card["catalogue_id"],
        "kind": card["kind"],
        "name": card["name"],
        "summary": card["summary"],
        "facts": facts,
        "state": "available",
        "problem": "Its page asks for a log-in: enter a token under Add." if card["asks"] else "",
        "quiet_problem": True,
        "badges": badges,
        "light": light(card["licence"], lead=" A lead: it is read at download."),
        "fit": card["fit"],
        "actions": [{"key": "download", "label": "On its way" if on_its_way else "Download", "off": on_its_way,
                     "main": not on_its_way}],
        "details": None,
        "removal": "",
    }  # fmt: skip


def lora(one: Lora, missing: bool) -> dict:
    """A LoRA's card."""
    badges = [{"text": "File missing", "kind": "rejected"}] if missing else []
    return {
        "id": one.id,
        "kind": "lora",
        "name": one.name,
        "summary": one.description or one.notes,
        "facts": [
            f"for {NAMES.get(one.base, one.base or 'an unknown kind of model')}",
            f"rank {one.rank}" if one.rank else "",
            said(one.bytes),
        ],
        "words": list(one.triggers),
        "state": "missing" if missing else "installed",
        "problem": "Its file is gone from where it was." if missing else "",
        "badges": badges,
        "light": light(one.licence.model_dump()),
        "fit": None,
        "preview": f"/api/v1/loras/{one.id}/preview?v={one.preview}" if one.preview else "",
        "actions": [{"key": "picture", "label": "Use newest picture"}],
        "details": {
            "facts": [
                ("Made for", NAMES.get(one.base, one.base)),
                ("Format", one.format),
                ("Rank", one.rank or ""),
                ("Author", one.author),
                ("Hash", one.hash),
                ("Origin", SOURCES.get(one.source.kind, "")),
                ("Frequent words", ", ".join(f"{tag.word} ({tag.pictures})" for tag in one.tags[:16])),
                ("Added", one.created_at[:10]),
            ],
            "fields": LORA_FIELDS,
            "values": {
                "name": one.name,
                "triggers": ", ".join(one.triggers),
                "strength": one.strength,
                "base": one.base,
                "licence": one.licence.name,
                "notes": one.notes,
            },
            "text": f"/api/v1/models/{one.id}/licence" if one.licence.text_file else "",
        },
        "removal": "Pictures that were made with it stay. Its file goes to the trash of the models folder."
        if one.kept
        else "Pictures that were made with it stay, and so does its file.",
    }


def found(seen: Seen) -> dict:
    """Something on this machine that could be added."""
    return {
        "key": seen.key,
        "name": seen.name,
        "kind": {"model": "Model", "lora": "LoRA"}.get(seen.kind, ""),
        "facts": [
            NAMES.get(seen.found.base, seen.found.base or seen.found.family),
            said(seen.found.bytes) if seen.found.bytes else "",
            SOURCES.get(seen.source.kind, ""),
        ],
        "path": str(seen.path),
        "problem": seen.problem,
    }


def looked_up(told: dict) -> dict:
    """What a repository would bring, for the card under the field."""
    bytes_said = said(told["bytes"]) if told["bytes"] else ""
    short = told["bytes"] > told["free"]
    return {
        "repo": told["repo"],
        "file": told.get("file") or "",
        "name": told["name"],
        "kind": "LoRA" if told["kind"] == "lora" else "Model",
        "facts": [told["family_name"], bytes_said, f"{told['files']} files" if told["files"] > 1 else ""],
        "choices": [{"file": one["file"], "size": said(one["bytes"])} for one in told["choices"]],
        "light": light(told["licence"]),
        "fit": told["fit"],
        "problem": f"Only {said(told['free'])} are free where models are kept." if short else "",
        "asks": told["asks"],
    }
