"""What every document on disk has in common: an id, a schema number, times, and fields we do not know yet."""

import secrets
import threading
import time
from datetime import datetime, timezone

from pydantic import BaseModel, ConfigDict, Field

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: sorts like the number, no i l o u
_last = 0
_lock = threading.Lock()


def new_id() -> str:
    """A 26-character opaque id that sorts by the time it was made, also within one millisecond of one process."""
    global _last
    with _lock:
        value = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
        _last = value = value if value > _last else _last + 1
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))


def now() -> str:
    """The present moment as documents keep it: ISO 8601, UTC, milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Part(BaseModel):
    """A piece of a document. Fields of a newer or foreign version survive a round trip."""

    model_config = ConfigDict(extra="allow", validate_assignment=True, populate_by_name=True)


class Document(Part):
    """One JSON document. `schema` counts the shape of its kind, `revision` its own changes."""

    id: str = Field(default_factory=new_id)
    schema_: int = Field(default=1, alias="schema")
    revision: int = 1
    created_at: str = Field(default_factory=now)
    updated_at: str = Field(default_factory=now)

    def as_json(self) -> dict:
        """The document as plain JSON values, under the names used on disk and in the API."""
        return self.model_dump(mode="json", by_alias=True)


class Request(BaseModel):
    """What somebody asks for. An unknown field is a mistake and is refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
