"""The LoRAs of a picture as chips: what is chosen, what could be, and the form's text that carries the choice.

The text is JSON, a list of {id, weight}; "" means the LoRAs of the look, if it has any.
"""

import json
from collections.abc import Iterable

from studio.domain.model import Lora
from studio.services.models import BASES


def text(loras: Iterable[dict] | None) -> str:
    """The form's text for a choice; None and nothing chosen are "" alike."""
    chosen = [{"id": str(one["id"]), "weight": one.get("weight")} for one in loras or () if one.get("id")]
    return json.dumps(chosen) if chosen else ""


def chosen(words: str | None) -> list[dict] | None:
    """The request's list from the form's text; None for no choice, and for what cannot be read any more."""
    try:
        found = json.loads(words or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list):
        return None
    kept = [one for one in found[:8] if isinstance(one, dict) and isinstance(one.get("id"), str)]
    return [{"id": one["id"], "weight": weight(one.get("weight"))} for one in kept] or None


def weight(value: object) -> float | None:
    """A strength as the request takes it, None for the LoRA's own."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and -4 <= value <= 4
    return float(value) if fits else None


def chips_value(words: str | None, library: list[Lora], base: str, model: str, look: str = "") -> dict:
    """What static/models.js draws. `base` is what the model's LoRAs have to be made for, "" when it takes none."""
    known = {one.id: one for one in library}
    wanted = chosen(words) or []
    return {
        "chosen": [_chip(known.get(one["id"]), one, base) for one in wanted],
        "offered": [
            _chip(one, {"id": one.id, "weight": None}, base)
            for one in sorted(library, key=lambda one: (one.base != base, one.name.casefold()))
            if one.id not in {mine["id"] for mine in wanted}
        ],
        "takes": f"{model} takes LoRAs for {BASES[base]}." if base in BASES else f"{model} takes no LoRAs.",
        "look": look,
        "any": bool(library),
    }


def _chip(lora: Lora | None, one: dict, base: str) -> dict:
    if lora is None:
        return {
            "id": one["id"],
            "name": "A LoRA that is gone",
            "weight": 1,
            "note": "not in the library",
            "fits": False,
        }
    fits = lora.base == base
    return {
        "id": lora.id,
        "name": lora.name,
        "weight": lora.strength if one["weight"] is None else one["weight"],
        "own": lora.strength,
        "fits": fits,
        "note": "" if fits else f"for {BASES.get(lora.base, 'another kind of model')}",
        "words": list(lora.triggers[:6]),
        "preview": f"/api/v1/loras/{lora.id}/preview?v={lora.preview}" if lora.preview else "",
    }
