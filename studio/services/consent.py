"""Uploads that may show real people: until it is said what they show they are a pose, never a reference or a lesson."""

from __future__ import annotations

from studio.domain.asset import Asset
from studio.domain.origin import Origin
from studio.errors import StudioError
from studio.services.validation import validated

HINT = (
    "Say it beside the upload or in Characters > References: fictional, you, or somebody who agreed. "
    "Until then it can only be a start picture."
)


def stated(values: dict | Origin | None, field: str = "origin") -> Origin:
    """What was said, checked. Raises StudioError, with the field, when nothing was, or when consent lacks a part."""
    if isinstance(values, Origin):
        return values
    if not values or not values.get("kind"):
        raise StudioError("It is not said what the uploaded picture shows.", HINT, field=field)
    return validated(Origin, {name: value for name, value in values.items() if name != "said_at"})


def needed(asset: Asset, origin: dict | Origin | None) -> Origin | None:
    """The origin a picture of the library needs before it can be a reference: none when it was made by a model."""
    return stated(origin) if origin or asset.from_outside else None


def from_fields(fields: dict[str, str]) -> dict | None:
    """The form fields `origin`, `person`, `day` and `proof` of an upload as an origin's values; None without them."""
    kind = (fields.get("origin") or "").strip()
    if not kind:
        return None
    return {"kind": kind, **{name: (fields.get(name) or "").strip() for name in ("person", "day", "proof")}}
