"""Captions: words for pictures, by the writer that is asked. Knows characters and assets; writes nothing down."""

from collections.abc import Sequence

from studio.domain.requests import CaptionRequest
from studio.errors import Conflict, NotFound, StudioError
from studio.services.ratings import refuse_words
from studio.store import Store
from studio.writers import WRITERS, Variant, Writer


class Captions:
    """What a character might say under its pictures."""

    def __init__(self, store: Store, writers: Sequence[Writer] = WRITERS):
        self._store, self._writers = store, tuple(writers)

    def write(self, request: CaptionRequest, writer: str = "builtin") -> list[Variant]:
        """`request.count` variants, no two alike; the same request gives the same ones.

        Raises NotFound for a character or asset that is not there, StudioError for somebody else's picture or words
        that touch a taboo, Conflict when the writer is not ready or a picture is in the trash.
        """
        character = self._store.characters.get(request.character_id)
        refuse_words((request.words, character.persona.custom_instruction), character.age, "words")
        assets = []
        for asset_id in dict.fromkeys(request.asset_ids):
            asset = self._store.assets.get(asset_id)
            if asset.character_id not in (None, character.id):
                raise StudioError(
                    f"This picture does not show {character.name}.",
                    "Choose pictures of this character, or another character.",
                    field="asset_ids",
                )
            if asset.state == "trashed":
                raise Conflict("This picture is in the trash.", "Restore it in Review first.", field="asset_ids")
            assets.append(asset)
        chosen = next((one for one in self._writers if one.spec.id == writer), None)
        if chosen is None:
            known = ", ".join(one.spec.id for one in self._writers)
            raise NotFound(f"There is no writer called “{writer[:40]}”.", f"There are: {known}.")
        if missing := chosen.ready():
            raise Conflict(f"{chosen.spec.name} is not ready.", missing)
        return chosen.write(character, assets, request)

    def writers(self) -> tuple[Writer, ...]:
        """All writers; `spec` describes each, `ready()` says what one lacks."""
        return self._writers
