"""What pydantic found wrong, as one sentence for the person at the field it belongs to."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from studio.errors import StudioError

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], values: dict) -> M:
    """`values` as a `model`. Raises StudioError with the field's dotted path and a sentence."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise refusal(error) from error


def refusal(error: ValidationError) -> StudioError:
    """The first thing that is wrong; the hint counts the others."""
    found = error.errors()
    first, others = found[0], len(found) - 1
    path = [str(part) for part in first["loc"]]
    hint = (
        "Change it and try again."
        if not others
        else f"{others} more field{'s' * (others > 1)} need{'s' * (others == 1)} a change too."
    )
    return StudioError(sentence(first, path), hint, field=".".join(path) or None)


def sentence(found: dict, path: Sequence[str]) -> str:
    """One finding of pydantic in the person's words."""
    name, limits = _named(path), found.get("ctx") or {}
    match found["type"]:
        case "missing":
            return f"{name} is needed."
        case "extra_forbidden":
            return f"There is no field called “{path[-1][:60]}”."
        case "string_too_long":
            return f"{name} is too long: at most {limits['max_length']} characters."
        case "string_too_short":
            return f"{name} is needed."
        case "too_long":
            return f"{name} has too many entries: at most {limits['max_length']}."
        case "too_short":
            return f"{name} needs at least {limits['min_length']}."
        case "greater_than_equal":
            return f"{name} must be {limits['ge']:g} or more."
        case "less_than_equal":
            return f"{name} must be {limits['le']:g} or less."
        case "less_than":
            return f"{name} must be less than {limits['lt']:g}."
        case "literal_error":
            return f"{name} must be {limits['expected']}."
        case "int_parsing" | "int_type" | "int_from_float":
            return f"{name} must be a whole number."
        case "float_parsing" | "float_type":
            return f"{name} must be a number."
        case "string_type":
            return f"{name} must be text."
        case "list_type":
            return f"{name} must be a list."
        case "value_error":
            return str(limits.get("error") or found["msg"])
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{name} must be a group of named values."
        case _:
            return f"{name}: {found['msg']}."


def _named(path: Sequence[str]) -> str:
    """`persona.extroversion` -> "Extroversion"; `looks.2.name` -> "Name of looks entry 3"."""
    names = [part for part in path if not part.isdigit()]
    if not names:
        return "This"
    last = names[-1].replace("_", " ")
    number = next((int(part) + 1 for part in path if part.isdigit()), None)
    if number is None:
        return last[:1].upper() + last[1:]
    group = names[0].replace("_", " ")
    return (
        f"Entry {number} of {group}" if len(names) == 1 else f"{last[:1].upper()}{last[1:]} of {group} entry {number}"
    )
