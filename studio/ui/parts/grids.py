"""Grids and comparisons in the Create tab: what a form's values become, and what the scripts draw."""

from studio.domain.grid import NAMES, NUMBERS, AxisRequest, ComparisonRequest, GridRequest
from studio.domain.requests import ImageRequest
from studio.services.studio import Studio

_HINTS = {
    "seed": "1, 2, 3 or 4 new",
    "steps": "10, 20, 30 or 10-30:10",
    "guidance": "1-4:0.5",
    "lora": "0.4-1:0.2",
    "strength": "0.3-0.9:0.2",
    "words": "one on each line",
    "time_of_day": "any, morning, night",
    "weather": "any, rain, fog, snowfall",
    "framing": "close-up, portrait, half figure",
    "negative": "one on each line",
    "size": "512x512, 512x768",
}


def hints(studio: Studio, character_id: str | None, engine: str | None) -> list[dict]:
    """The settings that can be varied, each with an example of its values for this model and character."""
    specs = {spec.id: spec for spec in studio.images.specs()}
    spec = specs.get(engine or "") or next(iter(specs.values()))
    told = dict(_HINTS)
    told["sampler"] = ", ".join(spec.samplers[:6])
    told["engine"] = ", ".join(one.name for one in list(specs.values())[:4])
    told["size"] = ", ".join(f"{width}x{height}" for width, height in spec.sizes[:3])
    known = next((one for one in studio.characters.list() if one.id == character_id), None)
    told["look"] = ", ".join(one.name for one in known.looks[:4]) if known and known.looks else "looks of the character"
    for name, kind in {"mood": "mood", "outfit": "wardrobe", "place": "place", "prop": "prop"}.items():
        mine = [one.name for one in (known.ingredients if known else []) if one.kind == kind]
        told[name] = ", ".join(mine[:4]) or "one on each line"
    return [{"id": id, "name": name, "hint": told[id], "number": id in NUMBERS} for id, name in NAMES.items()]


def asked(data: dict, character_id: str | None, request: ImageRequest) -> GridRequest | ComparisonRequest:
    """The request of what a script tells. Raises ValidationError for values that cannot be."""
    if data.get("mode") == "ab":
        prompts = [str(one) for one in data.get("prompts") or () if str(one).strip()]
        return ComparisonRequest(
            character_id=character_id, request=request, prompts=prompts, seeds=data.get("seeds") or 4
        )
    axes = [AxisRequest.model_validate(one) for one in data.get("axes") or () if one.get("setting")]
    return GridRequest(character_id=character_id, request=request, axes=axes)
