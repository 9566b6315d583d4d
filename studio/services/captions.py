"""Captions: words for pictures, by the writer that is asked. What it writes is kept in the history of writing."""

from studio.domain.requests import CaptionRequest
from studio.domain.writing import WriteRequest
from studio.services.writers import Writers
from studio.services.writing import Writing
from studio.store import Store
from studio.writers import Variant, Writer


class Captions:
    """What a character might say under its pictures."""

    def __init__(self, store: Store, writing: Writing | None = None):
        self._writing = writing or Writing(store, Writers(store, None, None))

    def write(self, request: CaptionRequest, writer: str = "builtin") -> list[Variant]:
        """`request.count` variants, no two alike; the same request gives the same ones.

        Raises NotFound for a character or asset that is not there, StudioError for somebody else's picture or words
        that touch a taboo, Conflict when the writer is not ready or a picture is in the trash.
        """
        fields = request.model_dump()
        written = self._writing.write(WriteRequest(**{**fields, "writer": request.writer or writer}))
        return [Variant(one["text"], one["hashtags"], one["alt_text"]) for one in written.variants]

    def writers(self) -> tuple[Writer, ...]:
        """All writers; `spec` describes each, `ready()` says what one lacks."""
        return tuple(self._writing.writers.all())
