"""Axes of a grid: what people write as values, in numbers and words, and a request with one value of each.

It knows requests and the names of things; never pictures, jobs or files.
"""

import re
import secrets
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import get_args

from pydantic import ValidationError

from studio.domain.character import Character
from studio.domain.grid import MOST_VALUES, NAMES, NUMBERS, WHOLE, Axis, AxisRequest
from studio.domain.requests import Framing, ImageRequest, TimeOfDay, Weather
from studio.errors import StudioError

_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\s*(?:-|–|\.\.)\s*(-?\d+(?:\.\d+)?)(?:\s*:\s*(\d+(?:\.\d+)?))?")
_NEW = re.compile(r"(\d{1,3})\s+new")
_SIZE = re.compile(r"(\d{2,5})\s*[x×*]\s*(\d{2,5})")
_CHOICES = {"time_of_day": get_args(TimeOfDay), "weather": get_args(Weather), "framing": get_args(Framing)}


def axis(asked: AxisRequest, request: ImageRequest, character: Character | None, models: dict, loras: dict) -> Axis:
    """The axis with its values and labels. `models` and `loras` map ids to names.

    Raises StudioError, field `axes`, for what is no value of this setting.
    """
    setting, name = asked.setting, NAMES[asked.setting]
    values = _numbers(asked) if setting in NUMBERS else _words(asked)
    values = list(dict.fromkeys(values))
    if not values:
        raise _wrong(f"{name} has no values.", "Write some, such as 1-4 or one on each line.")
    if len(values) > MOST_VALUES:
        raise _wrong(f"{name} has {len(values)} values; {MOST_VALUES} are the most.", "Leave some out.")
    target = asked.target.strip()
    if setting == "lora":
        target = _named(target, loras, "LoRA") if target else _only_lora(request)
        name = f"{loras.get(target, 'LoRA')} strength"
    elif setting == "words" and target and target not in request.prompt:
        raise _wrong(f"“{target[:60]}” is not in the prompt.", "Write the part as it stands in What happens.")
    elif setting != "words":
        target = ""
    labels = [_plain(value) for value in values]
    if setting == "engine":
        values = [_named(str(value), models, "model") for value in values]
        labels = [models[value] for value in values]
    if setting == "look":
        values, labels = _looks(values, character)
    if setting in _CHOICES:
        values = [_choice(str(value), setting) for value in values]
        labels = [value or "any" for value in values]
    if setting == "size":
        labels = [f"{_size(value)[0]} × {_size(value)[1]}" for value in values]
    made = Axis(setting=setting, name=name, values=values, labels=[one or "nothing" for one in labels], target=target)
    for value in values:
        varied(request, made, value)
    return made


def varied(request: ImageRequest, axis: Axis, value) -> ImageRequest:
    """The request with this value. Raises StudioError when the setting does not take it."""
    setting = axis.setting
    if setting == "size":
        change = dict(zip(("width", "height"), _size(value), strict=True))
    elif setting == "words":
        prompt = request.prompt
        change = {"prompt": prompt.replace(axis.target, value) if axis.target else _joined(prompt, value)}
    elif setting == "prompt":
        change = {"prompt": value}
    elif setting == "lora":
        others = [one for one in request.loras or [] if one.id != axis.target]
        change = {"loras": [*(one.model_dump() for one in others), {"id": axis.target, "weight": value}]}
    else:
        change = {setting: value}
    try:
        return ImageRequest.model_validate(request.model_dump() | change)
    except ValidationError as error:
        said = str(error.errors()[0]["msg"]).lower()
        raise _wrong(f"{axis.name} cannot be {_plain(value)[:60]}: {said}.", "Take this value out.") from error


def _numbers(asked: AxisRequest) -> list:
    name, whole = NAMES[asked.setting], asked.setting in WHOLE
    written = asked.values if isinstance(asked.values, str) else ",".join(str(one) for one in asked.values)
    found: list = []
    for part in (one.strip() for one in re.split(r"[,;\n]", written)):
        if not part:
            continue
        if asked.setting == "seed" and (new := _NEW.fullmatch(part)):
            found += [secrets.randbelow(2**32) for _ in range(min(int(new[1]), MOST_VALUES + 1))]
        elif ranged := _RANGE.fullmatch(part):
            found += _range(Decimal(ranged[1]), Decimal(ranged[2]), Decimal(ranged[3] or 1), part)
        else:
            try:
                found.append(Decimal(part))
            except InvalidOperation:
                hint = "Write numbers such as 1, 2, 3, or a range such as 10-30:10."
                raise _wrong(f"“{part[:40]}” is no value for {name}.", hint) from None
    numbers = []
    for one in found:
        if isinstance(one, Decimal) and (not one.is_finite() or abs(one) >= 2**33):
            raise _wrong(f"“{str(one)[:40]}” is no value for {name}.", "Write plain numbers.")
        if whole and one != int(one):
            raise _wrong(f"{name} takes whole numbers, not {one}.", "Change the values.")
        numbers.append(int(one) if whole else float(one))
    return numbers


def _range(first: Decimal, last: Decimal, step: Decimal, part: str) -> list[Decimal]:
    if step <= 0 or (last - first) / step > MOST_VALUES * 5 or last < first:
        raise _wrong(f"The range {part} cannot be counted.", "Write from-to:step, such as 10-30:10.")
    return [first + step * at for at in range(int((last - first) / step) + 1)]


def _words(asked: AxisRequest) -> list[str]:
    if isinstance(asked.values, list):
        return [" ".join(str(one).split()) for one in asked.values]
    parts = asked.values.split("\n") if "\n" in asked.values.strip() else asked.values.split(",")
    kept = [" ".join(one.split()) for one in parts]
    # an empty line in the middle means "without": a part of the prompt that is left out
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _only_lora(request: ImageRequest) -> str:
    chosen = request.loras or []
    if len(chosen) != 1:
        raise _wrong("It is not said which LoRA is varied.", "Choose one LoRA in the form, or name it.")
    return chosen[0].id


def _named(wanted: str, there: dict, what: str) -> str:
    """The id of what is called so, by id or name."""
    for id, name in there.items():
        if wanted == id or wanted.casefold() == name.casefold():
            return id
    names = ", ".join(list(there.values())[:8]) or "none"
    raise _wrong(f"There is no {what} called “{wanted[:60]}”.", f"There are: {names}.")


def _looks(values: Sequence, character: Character | None) -> tuple[list, list[str]]:
    found, labels = [], []
    for value in values:
        look = character.look(str(value)) if character and value else None
        mine = character.looks if character else []
        look = next((one for one in mine if one.name.casefold() == str(value).casefold()), look)
        if value and look is None:
            whose = f"{character.name} has" if character else "Without a character there is"
            raise _wrong(f"{whose} no look called “{str(value)[:60]}”.", "Choose looks of the character.")
        found.append(look.id if look else None)
        labels.append(look.name if look else "Default look")
    return found, labels


def _choice(value: str, setting: str) -> str:
    value = "" if value.casefold() in ("any", "as it comes", "nothing") else value
    for one in _CHOICES[setting]:
        if one.casefold() == value.casefold():
            return one
    known = ", ".join(one or "any" for one in _CHOICES[setting])
    raise _wrong(f"“{value[:40]}” is no {NAMES[setting].lower()}.", f"There are: {known}.")


def _size(value) -> tuple[int, int]:
    found = _SIZE.fullmatch(str(value).strip())
    if not found:
        raise _wrong(f"“{str(value)[:40]}” is not a size.", "Write it as 512x768.")
    return int(found[1]), int(found[2])


def _joined(prompt: str, more: str) -> str:
    return ", ".join(one for one in (prompt.strip().rstrip(","), more) if one)


def _plain(value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _wrong(message: str, hint: str) -> StudioError:
    return StudioError(message, hint, field="axes")
