"""Writing: words asked of a writer, kept with what was chosen, and learned from. Nothing it returns is ever acted on.

It gathers what a writer needs (recent texts, chosen examples, the small picture) and writes down what came. It posts
nothing, and no text can make it: writers return data.
"""

import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.document import new_id, now
from studio.domain.writing import KINDS, NEEDS_PICTURE, NEEDS_TEXT, Choice, WriteRequest, Written
from studio.errors import Cancelled, Conflict, NotFound, StudioError
from studio.paths import Paths
from studio.services.ratings import refuse_words
from studio.services.text_limits import NETWORKS, lengths
from studio.services.writers import Writers
from studio.store import Store
from studio.writers import Desk, OpenAIWriter, Variant, Writer

RECENT = 50  # captions of a character whose openings are not used again
REMEMBERED = 400  # written texts of a character kept in memory
EXAMPLES = 5
MOST_PICTURES = 4  # that go along to a model
MOST_AT_ONCE = 4
_NO_CHARACTER = {"prompt", "picture_prompt", "translation", "rewrite", "versions", "alt_text"}
log = logging.getLogger("studio.writing")


class Writing:
    """What a character might say. `engines` tells what vocabulary an image model has, for prompts."""

    def __init__(
        self,
        store: Store,
        writers: Writers,
        paths: Paths | None = None,
        engine_spec: Callable[[str], object | None] = lambda id: None,
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ):
        self._store, self.writers, self._paths = store, writers, paths
        self._engine_spec, self._clock = engine_spec, clock
        self._lock = threading.Lock()
        self.streams: dict[str, threading.Event] = {}
        self._said: dict[str, list[tuple[str, str, str, list[str]]]] = {}
        self._running = threading.BoundedSemaphore(MOST_AT_ONCE)

    # ------------------------------------------------------------------ writing
    def write(self, request: WriteRequest, tell: Callable[[str], None] | None = None) -> Written:
        """The variants, kept in the history. `tell` hears a model's text as it grows; what it raises ends the writing.

        Raises NotFound for a character or asset that is not there, Conflict when the writer is not ready, the studio is
        offline or a picture is in the trash, WriterTrouble when a server fails, StudioError for what does not fit.
        """
        request = self._dated(request)
        writer = self.writers.get(request.writer, request.kind)
        character, assets = self._subject(request)
        with self._one_of_few():
            return self._written(request, character, assets, writer, tell)

    def follow(self, request: WriteRequest, stopped: threading.Event | None = None) -> Iterator[str | Written]:
        """The text as it grows, at last what was written. A page that goes away ends nothing: the history gets it.

        Setting `stopped` ends it at the next piece. Raises what `write` does.
        """
        news: queue.Queue = queue.Queue()
        stopped = stopped or threading.Event()

        def tell(text: str) -> None:
            if stopped.is_set():
                raise Cancelled
            news.put(text)

        def work() -> None:
            try:
                news.put(self.write(request, tell))
            except BaseException as problem:
                news.put(problem)

        threading.Thread(target=work, name="studio-writing", daemon=True).start()
        while True:
            try:
                found = news.get(timeout=0.1)
            except queue.Empty:
                if stopped.is_set():
                    return
                continue
            while isinstance(found, str) and not news.empty():  # a slow page gets the newest, never a backlog
                found = news.get()
            if isinstance(found, Cancelled):
                return
            if isinstance(found, BaseException):
                raise found
            yield found
            if isinstance(found, Written):
                return

    @contextmanager
    def stream(self) -> Iterator[tuple[str, threading.Event]]:
        """An id by which `stop` ends what `follow` writes, and the event it sets."""
        id, stopped = new_id(), threading.Event()
        self.streams[id] = stopped
        try:
            yield id, stopped
        finally:
            self.streams.pop(id, None)

    def stop(self, id: str) -> None:
        """End a stream at its next piece. NotFound when it has ended already."""
        if (stopped := self.streams.get(id)) is None:
            raise NotFound("Nothing is being written under this id.", "It has ended.")
        stopped.set()

    def choose(self, id: str, choice: Choice) -> Written:
        """Remember which variant was taken, and how the person left it: the character's next texts learn from it."""

        def change(written: Written) -> None:
            if choice.index >= len(written.variants):
                raise StudioError("There is no such variant.", f"There are {len(written.variants)}.", field="index")
            written.chosen, written.chosen_at = choice.index, now()
            text = choice.text.strip() or str(written.variants[choice.index].get("text") or "")
            written.chosen_text = text

        with self._lock:
            return self._store.written.update(id, change)

    def history(
        self, character_id: str | None = None, kind: str | None = None, limit: int = 50, cursor: str | None = None
    ):
        """A page of what was written, newest first."""

        def fits(one: dict) -> bool:
            return (not character_id or one.get("character_id") == character_id) and (
                not kind or one.get("kind") == kind
            )

        return self._store.written.find(fits if character_id or kind else None, limit=limit, cursor=cursor)

    def get(self, id: str) -> Written:
        return self._store.written.get(id)

    def forget(self, id: str) -> None:
        """Take one out of the history; nothing learns from it any more."""
        self._store.written.remove(id)
        with self._lock:
            self._said.clear()

    def lengths(self, text: str) -> list[dict]:
        """What a text counts for every network: {id, name, length, most, unit, fits}."""
        return lengths(text)

    def kinds(self, writer_id: str = "") -> list[dict]:
        """Every kind of text: {id, name, writes, why}; `why` is the sentence when this writer does not write it."""
        usual = writer_id or self.writers.usual
        chosen = next((one for one in self.writers.all() if one.spec.id == usual), None)
        if chosen is None:
            raise NotFound("There is no such writer.", "Look at the list in System, Writers.")
        writes = chosen.spec.kinds
        return [
            {"id": id, "name": name, "writes": id in writes, "why": "" if id in writes else chosen.spec.why_not}
            for id, name in KINDS.items()
        ]

    # ------------------------------------------------------------------ inside
    def _written(self, request, character, assets, writer: Writer, tell) -> Written:
        started = time.perf_counter()
        pictures = self._pictures(request, assets, writer)
        desk = self._desk(request, character, assets, pictures, tell)
        try:
            variants = writer.write(character, assets, request, desk)
        finally:
            answers = getattr(writer, "asked", [])
            cost = self.writers.count(writer.spec.id, answers)
        for one in variants:  # whatever a model wrote
            refuse_words((one.text,), character.age if character else None, "words")
        saw = "picture" if pictures else "recipe" if assets else ""
        endpoint = getattr(writer, "endpoint", None)
        written = Written(
            character_id=character.id if character else None,
            kind=request.kind,
            request=request.model_dump(mode="json"),
            writer=writer.spec.id,
            writer_name=writer.spec.name,
            model=endpoint.model if endpoint else "",
            variants=[self._plain(one, request, at) for at, one in enumerate(variants)],
            saw=saw,
            sent_to=endpoint.host if endpoint and endpoint.place != "machine" else "",
            tokens_in=sum(one.tokens_in for one in answers),
            tokens_out=sum(one.tokens_out for one in answers),
            cost=cost,
            seconds=round(time.perf_counter() - started, 3),
        )
        with self._lock:
            written = self._store.written.add(written)
            if character and character.id in self._said:
                self._said[character.id].insert(0, _light(written.as_json()))
                del self._said[character.id][REMEMBERED:]
        return written

    def _plain(self, variant: Variant, request: WriteRequest, at: int) -> dict:
        network = request.networks[at] if request.kind == "versions" else ""
        return variant.as_dict() | {"network": network}

    def _desk(self, request, character, assets, pictures, tell) -> Desk:
        spec = self._engine_spec(request.engine or "") if "prompt" in request.kind else None
        return Desk(
            recent=self._recent(request, character),
            examples=self._examples(request, character),
            pictures=pictures,
            at=_moment(request.at),
            networks=[NETWORKS[one] for one in request.networks] if request.kind == "versions" else (),
            words=dict(getattr(spec, "words", {}) or {}),
            prompt_style=getattr(spec, "prompt_style", "plain"),
            tell=tell,
        )

    def _subject(self, request: WriteRequest) -> tuple[Character | None, list[Asset]]:
        """The character and the pictures, when they belong together and are what this kind needs."""
        kind = request.kind
        character = self._store.characters.get(request.character_id) if request.character_id else None
        if character is None and kind not in _NO_CHARACTER:
            raise StudioError(
                "No character is chosen.", "Choose one: this is written in its voice.", field="character_id"
            )
        if character:
            own = (request.words, character.persona.custom_instruction)
            # what a stranger wrote may be answered; what a person has written anew may not be about a minor
            own += (request.text,) if kind not in ("reply", "comment", "translation") else ()
            refuse_words(own, character.age, "words")
        assets = []
        for asset_id in dict.fromkeys(request.asset_ids):
            asset = self._store.assets.get(asset_id)
            if character and asset.character_id not in (None, character.id):
                raise StudioError(
                    f"This picture does not show {character.name}.",
                    "Choose pictures of this character, or another character.",
                    field="asset_ids",
                )
            if asset.state == "trashed":
                raise Conflict("This picture is in the trash.", "Restore it in Review first.", field="asset_ids")
            assets.append(asset)
        if kind in NEEDS_PICTURE and len(assets) != 1:
            raise StudioError(f"{KINDS[kind]}: one picture at a time.", "Choose one picture.", field="asset_ids")
        if kind in NEEDS_TEXT and not request.text.strip():
            raise StudioError(f"{KINDS[kind]} need {NEEDS_TEXT[kind]}.", "Put it into the text field.", field="text")
        if kind == "translation" and not request.language.strip():
            raise StudioError("Into which language?", "Name one, such as Spanish.", field="language")
        if kind == "versions" and not request.networks:
            raise StudioError("For which networks?", "Choose at least one.", field="networks")
        for network in request.networks:
            if network not in NETWORKS and kind == "versions":
                hint = f"There are: {', '.join(NETWORKS)}."
                raise StudioError(f"There is no network called “{network[:40]}”.", hint, field="networks")
        return character, assets

    def _dated(self, request: WriteRequest) -> WriteRequest:
        """The request with the day it is for, in the character's own time zone, so that it can be asked again."""
        if request.at:
            if _moment(request.at) is None:
                raise StudioError(
                    "This is not a date.", "Dates are written like 2026-11-25 or 2026-11-25T18:30.", field="at"
                )
            return request
        zone = None
        if request.character_id and request.character_id in self._store.characters:
            zone = self._store.characters.get(request.character_id).time_zone
        try:
            local = self._clock().astimezone(ZoneInfo(zone)) if zone else self._clock().astimezone()
        except Exception:  # a zone typed by hand may be anything; tzdata raises several kinds
            local = self._clock().astimezone()
        return request.model_copy(update={"at": local.strftime("%Y-%m-%dT00:00")})

    def _pictures(self, request: WriteRequest, assets: list[Asset], writer: Writer) -> dict[str, bytes]:
        """Small pictures for a model that sees and a person who lets it; the model is tried once when nobody knows."""
        if not assets or not isinstance(writer, OpenAIWriter) or self._paths is None or request.with_picture is False:
            return {}
        sees = writer.endpoint.sees_pictures
        if sees is None:
            sees = self.writers.learn(writer.endpoint.id)
            writer.endpoint = self.writers.endpoint(writer.endpoint.id)
        if not sees:
            if request.with_picture or request.kind == "picture_prompt":
                raise Conflict(
                    f"{writer.spec.name} does not take pictures.",
                    "Choose a model that does in System, Writers, or write from the recipe.",
                    field="with_picture",
                )
            return {}
        from studio.media.letter import plain_jpeg

        return {one.id: plain_jpeg(self._paths.inside(one.file)) for one in assets[:MOST_PICTURES]}

    def _remembered(self, character_id: str) -> list[tuple[str, str, str, list[str]]]:
        with self._lock:
            if character_id not in self._said:
                found = self._store.written.find(
                    lambda one: one.get("character_id") == character_id, limit=REMEMBERED
                ).items
                self._said[character_id] = [_light(one.as_json()) for one in found]
            return list(self._said[character_id])

    def _recent(self, request: WriteRequest, character: Character | None) -> list[str]:
        """The character's last texts of this kind, newest first: written ones and those of its posts.

        The same request asked again sees what it saw the first time, so that the same seed writes the same words.
        """
        if character is None:
            return []
        key, before = _key(request.model_dump(mode="json")), "~"
        texts: list[tuple[str, str]] = []
        for at, kind, asked, said in self._remembered(character.id):
            if kind == request.kind:
                before = at if asked == key else before
                texts += [(at, one) for one in said]
        if request.kind == "caption":
            mine = lambda one: one.get("character_id") == character.id
            posts = self._store.posts.find(mine, limit=RECENT).items
            texts += [(one.created_at, one.caption.text) for one in posts if one.caption.text]
        texts.sort(key=lambda one: one[0], reverse=True)
        return [text for at, text in texts if at < before][: RECENT if request.kind != "caption" else REMEMBERED]

    def _examples(self, request: WriteRequest, character: Character | None) -> list[str]:
        """What a person chose of this kind for this character, as they left it, newest first."""
        if character is None or request.kind in ("translation", "versions", "hashtags", "tags"):
            return []

        def fits(one: dict) -> bool:
            mine = one.get("character_id") == character.id and one.get("kind") == request.kind
            return mine and one.get("chosen") is not None and bool(one.get("chosen_text"))

        return [one.chosen_text for one in self._store.written.find(fits, limit=EXAMPLES).items]

    @contextmanager
    def _one_of_few(self) -> Iterator[None]:
        if not self._running.acquire(blocking=False):
            raise Conflict("The writers are busy.", "Wait until one of them is done.")
        try:
            yield
        finally:
            self._running.release()


def _light(one: dict) -> tuple[str, str, str, list[str]]:
    """(when, kind, what was asked, texts) of something written."""
    texts = [str(variant.get("text") or "") for variant in one.get("variants") or ()]
    if one.get("chosen_text"):
        texts.append(one["chosen_text"])
    return one.get("created_at") or "", one.get("kind") or "", _key(one.get("request") or {}), texts


def _key(request: dict) -> str:
    return repr(sorted((name, value) for name, value in request.items() if value not in (None, "", [])))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(re.sub(r"Z$", "+00:00", text.strip()))
    except ValueError:
        return None
