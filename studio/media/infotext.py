"""Infotext: the plain text other studios write into their pictures, and read from ours.

The prompt, then `Negative prompt: …`, then one line of `Key: value` pairs; a value with a comma, colon or line break
is JSON-quoted. It is read from strangers' files, so reading never raises and costs time linear in the text.
"""

import json
import math
import re
from json import JSONDecodeError

from studio import __version__
from studio.domain.asset import Recipe

MOST_CHARACTERS = 1_000_000
NEGATIVE = "Negative prompt:"
_KEY = re.compile(r"\w[\w \-/+.()]{0,59}")
_LORA_TAG = re.compile(r"<(?:lora|lyco):([^:<>\n]{1,200})(?::([-+]?[\d.]{1,8}))?[^<>\n]{0,80}>")
_SIZE = re.compile(r"(\d{1,6}) ?[xX×] ?(\d{1,6})")
_DECODER = json.JSONDecoder()

# Our own extra keys. Other readers keep keys they do not know.
_OURS = {
    "Character": "character_name",
    "Look": "look_name",
    "Outfit": "outfit",
    "Place": "place",
    "Prop": "prop",
    "Mood": "mood",
    "Time of day": "time_of_day",
    "Weather": "weather",
    "Framing": "framing",
    "Engine": "engine",
    "Pipeline": "pipeline",
}


def write(recipe: Recipe, size: tuple[int, int]) -> str:
    """The infotext of a picture that is `size` (width, height) pixels now.

    `Size` is what the engine made; when the picture was enlarged since, the factor is written as post-processing.
    """
    made = (recipe.width or size[0], recipe.height or size[1])
    fields: dict[str, object] = {
        "Steps": recipe.steps,
        "Sampler": recipe.sampler,
        "CFG scale": recipe.guidance,
        "Seed": recipe.seed,
        "Size": f"{made[0]}x{made[1]}",
        "Model hash": recipe.model_hash,
        "Model": recipe.model or recipe.engine,
    }
    if size[0] > made[0]:
        fields["Postprocess upscale by"] = size[0] / made[0]
        upscale = recipe.upscale or {}
        fields["Postprocess upscaler"] = next((upscale[key] for key in ("model", "name", "by") if upscale.get(key)), "")
    hashes = [f"{lora['name']}: {lora['hash']}" for lora in recipe.loras if lora.get("name") and lora.get("hash")]
    fields["Lora hashes"] = ", ".join(hashes)
    fields |= {key: getattr(recipe, name) for key, name in _OURS.items()}
    fields["Version"] = f"studio {__version__}"

    lines = [_prompt_lines(recipe.prompt)]
    if recipe.negative.strip():
        lines.append(f"{NEGATIVE} {_prompt_lines(recipe.negative)}")
    lines.append(", ".join(f"{key}: {_quoted(value)}" for key, value in fields.items() if value not in (None, "")))
    return "\n".join(line for line in lines if line)


def parse(text: str) -> dict:
    """What an infotext says, under the names of Recipe's fields; only what was found and makes sense.

    `fields` holds every pair of the last line as text, ours and foreign. Anything without such a line is a prompt.
    """
    if not isinstance(text, str):
        return {}
    lines = text[:MOST_CHARACTERS].replace("\r\n", "\n").replace("\x00", "").strip().split("\n")
    fields = _pairs(lines[-1])
    if len(fields) >= 3 or "Steps" in fields:
        lines.pop()
    else:
        fields = {}
    start = next((at for at, line in enumerate(lines) if line.strip().startswith(NEGATIVE)), len(lines))
    negative = "\n".join(lines[start:]).strip()[len(NEGATIVE) :].strip()
    found: dict = {"prompt": "\n".join(lines[:start]).strip(), "negative": negative, "fields": fields}

    found["steps"] = whole_number(fields.get("Steps"))
    found["seed"] = whole_number(fields.get("Seed"))
    found["guidance"] = number(fields.get("CFG scale"))
    found["sampler"] = fields.get("Sampler", "")
    found["model"] = fields.get("Model", "")
    found["model_hash"] = fields.get("Model hash", "")
    if size := _SIZE.fullmatch(fields.get("Size", "").strip()):
        found["width"], found["height"] = int(size[1]), int(size[2])
    found |= {name: fields[key] for key, name in _OURS.items() if fields.get(key)}
    found["loras"] = _loras(found["prompt"], fields.get("Lora hashes", ""))
    if factor := number(fields.get("Postprocess upscale by")):
        found["upscale"] = {"factor": factor, "model": fields.get("Postprocess upscaler", "")}
    return {key: value for key, value in found.items() if value not in (None, "", [], {})}


def whole_number(value: object) -> int | None:
    """`value` as an integer of at most 64 bits, or None. Accepts the text forms strangers write."""
    value = number(value)
    return int(value) if value is not None and value == int(value) and abs(value) < 2**64 else None


def number(value: object) -> int | float | None:
    """`value` as a finite number, or None. True and False are not numbers."""
    if isinstance(value, str) and len(value) < 40:
        try:
            value = int(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return value if abs(value) < 2**64 else None
    return value if math.isfinite(value) else None


def _prompt_lines(text: str) -> str:
    """The prompt as it may stand in an infotext: no line of it can be mistaken for the negative prompt."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip()
    lines: list[str] = []
    for line in text.split("\n"):
        if not line.strip().startswith(NEGATIVE):
            lines.append(line)
        elif lines:
            lines[-1] = f"{lines[-1]} {line.strip()}"
        else:
            lines.append(f", {line.strip()}")
    return "\n".join(lines)


def _quoted(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    plain = text == text.strip() and not text.startswith('"') and not any(char in text for char in ",:\n\r\x00")
    return text if plain else json.dumps(text, ensure_ascii=False)


def _pairs(line: str) -> dict[str, str]:
    """`Key: value, Key: "quoted, value"` as a dict. A scanner, not a regex: hostile lines cost linear time."""
    found: dict[str, str] = {}
    at = 0
    while (colon := line.find(":", at)) >= 0:
        key = line[max(at, colon - 80) : colon].rpartition(",")[2].strip()
        start = colon + 1
        while start < len(line) and line[start] == " ":
            start += 1
        value, end = _value(line, start)
        if _KEY.fullmatch(key):
            found.setdefault(key, value)
        at = end + 1
    return found


def _value(line: str, start: int) -> tuple[str, int]:
    """The value at `start` and where it ends."""
    if line[start : start + 1] == '"':
        try:
            value, end = _DECODER.raw_decode(line, start)
            while line[end : end + 1] == " ":
                end += 1
            if line[end : end + 1] in ("", ","):
                return value, end
        except (JSONDecodeError, RecursionError):
            pass  # not quoted after all: somebody's text that begins with a quotation mark
    end = line.find(",", start)
    end = len(line) if end < 0 else end
    return line[start:end].strip(), end


def _loras(prompt: str, hashes: str) -> list[dict]:
    """LoRAs named in the prompt (`<lora:name:0.8>`) and in `Lora hashes`, one entry per name."""
    loras: dict[str, dict] = {}
    for name, weight in _LORA_TAG.findall(prompt):
        loras[name] = {"name": name, "weight": number(weight) if weight else 1.0}
    for pair in hashes.split(",") if hashes else ():
        name, _, digest = (part.strip() for part in pair.rpartition(":"))
        if name:
            loras.setdefault(name, {"name": name})["hash"] = digest
    return list(loras.values())
