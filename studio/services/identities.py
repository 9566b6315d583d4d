"""Identity, measured: does a picture show its character? Scores at birth and again, rules, drift, the report.

The encoders are in `pipelines.identity`; this file knows references, assets and what a character's rule says. A score
is an opinion: a picture is never lost for one.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.asset import Asset, Identity
from studio.domain.character import Character, IdentityRule, Reference
from studio.domain.job import Job
from studio.domain.requests import AssetFilter
from studio.errors import NotFound, StudioError
from studio.paths import Paths

if TYPE_CHECKING:
    import numpy
    from PIL.Image import Image

    from studio.jobs import JobView, Queue, Report
    from studio.store import Store

log = logging.getLogger("studio.identity")

KIND = "identity"  # the kind of job that measures a character's pictures again
NO_REFERENCE = "Add a reference to measure identity."
ONLY_REFERENCE = "This picture is the only reference."
UNSAID = "It is not said what the uploaded references show: Characters > References asks."
MOST_REPORTED = 5000  # newest measured pictures a report reads
MOST_POINTS = 400  # single pictures in a drift chart
_MOST_KEPT = 2000  # vectors of reference pictures in memory, half a kilobyte each
_AT_ONCE = 100  # assets measured between two writes
_OTHER = {"drawn": "photo", "photo": "drawn"}
_CALLED = {"drawn": "drawn pictures", "photo": "photos"}


class Identities:
    """Measures pictures of characters. `queue` is handed over once it exists: it needs this executor first."""

    queue: Queue | None = None

    def __init__(self, store: Store, paths: Paths):
        self.store, self.paths = store, paths
        self._vectors: OrderedDict[tuple, tuple[str, numpy.ndarray | None]] = OrderedDict()
        self._lock = threading.Lock()

    # ------------------------------------------------------------------ measuring
    def measured(
        self, image: Image, character_id: str | None, *, engine: str = "", asset_id: str = "", attempt: int = 1
    ) -> Identity | None:
        """The picture's identity part, None when it belongs to nobody. What goes wrong is said in its note.

        `engine` made the picture; without one its look decides which encoder is asked. A reference that was made from
        `asset_id` does not count: a picture is not its own proof.
        """
        character = self._known(character_id)
        if character is None:
            return None
        try:
            return self._measure(image, character, engine, asset_id, attempt)
        except Exception:  # whatever is wrong with an opinion, the picture must not be lost for it
            log.exception("The identity of a picture could not be measured; it is kept without a score.")
            return Identity(note="It could not be measured. The log says why.", attempt=attempt)

    def _measure(self, image: Image, character: Character, engine: str, asset_id: str, attempt: int) -> Identity:
        from pipelines import identity
        from pipelines.base import EngineError

        part = Identity(threshold=character.identity.threshold, attempt=attempt)
        usable = [one for one in character.references if one.usable]
        references = [one for one in usable if not asset_id or one.asset_id != asset_id]
        if not references:
            part.note = NO_REFERENCE if not character.references else UNSAID if not usable else ONLY_REFERENCE
            return part
        part.encoder = kind = identity.kind_of(image, engine)
        if missing := identity.ready(kind):
            part.note = missing
            return part
        mine = [vector for found, vector in self._references(character, references) if found == kind]
        known = [vector for vector in mine if vector is not None]
        part.references = len(known)
        if not known:
            part.note = (
                "No face was found in the references."
                if mine
                else f"The references are {_CALLED[_OTHER[kind]]}. Add one that is like this picture."
            )
            return part
        try:
            vector = identity.embed(image, kind)
        except identity.NoFace as error:
            part.note = error.message
            part.passed = False
            return part
        except EngineError as error:
            part.note = error.message
            return part
        part.score = round(identity.score(vector, known, kind), 4)
        part.passed = part.score >= part.threshold
        return part

    def _references(self, character: Character, references: list[Reference]) -> list[tuple[str, object]]:
        """(kind, vector or None without a face) of every reference that can be read."""
        found = []
        for one in references:
            path = self.paths.references(character.id) / one.file
            try:
                stat = path.stat()
                key = (str(path), stat.st_mtime_ns, stat.st_size)
                with self._lock:
                    known = self._vectors.get(key)
                if known is None:
                    known = self._looked_at(path, one)
                    with self._lock:
                        self._vectors[key] = known
                        while len(self._vectors) > _MOST_KEPT:
                            self._vectors.popitem(last=False)
                found.append(known)
            except (OSError, StudioError) as error:
                log.warning("Reference %s of %s cannot be read: %s", one.file, character.name, error)
        return found

    def _looked_at(self, path: Path, reference: Reference) -> tuple[str, numpy.ndarray | None]:
        from pipelines import identity
        from studio.media.pictures import open_picture

        image = open_picture(path)
        try:
            engine = self.store.assets.get(reference.asset_id).recipe.engine if reference.asset_id else ""
        except NotFound:
            engine = ""
        kind = identity.kind_of(image, engine)
        if identity.ready(kind):
            return kind, None
        try:
            return kind, identity.embed(image, kind)
        except identity.NoFace:
            return kind, None

    # ------------------------------------------------------------------ measuring again
    def start(self, character_id: str, owner: str = "") -> JobView:
        """A job that measures all pictures of a character again; the one that already waits, when there is one.

        Raises NotFound, StudioError when there is no reference to compare with.
        """
        character = self.store.characters.get(character_id)
        if not character.references:
            raise StudioError(f"{character.name} has no reference.", "Add one in Characters > References first.")
        return self._waiting(character_id) or self.queue.submit(
            KIND, {"prompt": f"Measure {character.name} again"}, character_id=character_id, owner=owner
        )

    def refresh(self, character_id: str) -> None:
        """Call it when references changed: pictures that exist are measured again in the background."""
        pictures = self.store.assets.search(AssetFilter(character_id=character_id, kind="image"), limit=1).total
        if self.queue is None or not pictures or self._waiting(character_id):
            return
        character = self.store.characters.get(character_id)
        self.queue.submit(KIND, {"prompt": f"Measure {character.name} again"}, character_id=character_id)

    def _waiting(self, character_id: str) -> JobView | None:
        views = self.queue.views(active_only=True, limit=200).items
        same = (one for one in views if one.kind == KIND and one.character_id == character_id)
        return next((one for one in same if one.state == "waiting"), None)

    def run(self, job: Job, report: Report) -> None:
        """The executor of measuring again. Begun anew after an interruption: it is quick and changes nothing else."""
        from studio.media.pictures import open_picture

        character = self._known(job.character_id)
        if character is None:
            raise StudioError("The character is gone.", "Remove this job.")
        assets = list(self._assets(AssetFilter(character_id=character.id, kind="image")))
        report(0, max(1, len(assets)), None, "Looking at the pictures")
        parts: dict[str, Identity] = {}
        for number, asset in enumerate(assets, 1):
            before = asset.identity
            try:
                image = open_picture(self.paths.inside(asset.original_file or asset.file))
                part = self.measured(
                    image, character.id, engine=asset.recipe.engine, asset_id=asset.id,
                    attempt=before.attempt if before else 1,
                )  # fmt: skip
            except (OSError, StudioError) as error:
                part = Identity(note=f"It could not be opened: {error}", threshold=character.identity.threshold)
            if part is not None:
                part.scene = before.scene if before else ""
                parts[asset.id] = part
            report(number, len(assets), None, f"{number} of {len(assets)} measured")
            if len(parts) >= _AT_ONCE or number == len(assets):
                self._write(parts)
                parts = {}

    def _write(self, parts: dict[str, Identity]) -> None:
        there = [id for id in parts if id in self.store.assets]
        self.store.assets.update_many(there, lambda one: setattr(one, "identity", parts[one.id]), counted=False)

    # ------------------------------------------------------------------ the rule
    def judge(self, character: Character) -> int:
        """Hold the measured pictures against the character's threshold of today; how many changed sides."""
        threshold, changed = character.identity.threshold, []
        for asset in self._assets(AssetFilter(character_id=character.id, kind="image")):
            part = asset.identity
            if part and part.score is not None and (part.score >= threshold) != part.passed:
                changed.append(asset.id)

        def change(asset: Asset) -> None:
            passed = asset.identity.score >= threshold
            asset.identity = asset.identity.model_copy(update={"threshold": threshold, "passed": passed})

        for start in range(0, len(changed), _AT_ONCE):
            self.store.assets.update_many(changed[start : start + _AT_ONCE], change, counted=False)
        return len(changed)

    def rule(self, character_id: str | None) -> IdentityRule | None:
        """The character's rule, None without a character."""
        character = self._known(character_id)
        return character.identity if character else None

    def set_aside(self, assets: list[Asset]) -> None:
        """Of several tries for one picture the best stays; the others that nobody judged yet are rejected, with the
        reason."""
        best = max(assets, key=lambda one: (one.identity.score if one.identity and one.identity.score else 0, one.id))
        others = [one for one in assets if one.id != best.id and one.state == "new" and one.identity]
        for one in others:
            score = round((one.identity.score or 0) * 100)
            reason = f"Identity {score} of 100. It was tried again with another seed."

            def change(asset: Asset, reason: str = reason) -> None:
                if asset.state == "new":
                    asset.state, asset.rejection_reason = "rejected", reason

            self.store.assets.update(one.id, change)

    # ------------------------------------------------------------------ the report
    def report(self, character_id: str) -> dict:
        """Consistency in numbers: {"character_id", "name", "references", "threshold", "retries", "set_aside", "note",
        "measured", "unmeasured", "without_face", "passed", "mean", "looks", "models", "loras", "days", "points"}.

        `looks`, `models`, `loras` are lists of {"name", "pictures", "mean", "lowest", "passed"}, most pictures first;
        `days` of {"day", "pictures", "mean", "lowest", "highest"}, oldest first; `points` the newest 400 pictures as
        {"id", "at", "score", "passed"}, oldest first. Scores are 0 to 1; `passed` is a count. It reads the newest 5,000
        pictures, the trash left out.
        """
        character = self.store.characters.get(character_id)
        rows, unmeasured, faceless, notes = [], 0, 0, {}
        for number, asset in enumerate(self._assets(AssetFilter(character_id=character.id, kind="image"))):
            if number >= MOST_REPORTED:
                break
            part = asset.identity
            if part is None or part.score is None:
                unmeasured += 1
                faceless += bool(part and part.passed is False)
                if part and part.note:
                    notes[part.note] = notes.get(part.note, 0) + 1
                continue
            rows.append(asset)
        rows.reverse()
        scores = [asset.identity.score for asset in rows]
        note = "" if character.references else NO_REFERENCE
        if not note and not rows and notes:
            note = max(notes, key=notes.get)
        elif not note and not rows:
            note = "No picture is measured yet." if not unmeasured else "The pictures were not measured yet."
        return {
            "character_id": character.id,
            "name": character.name,
            "references": len(character.references),
            **character.identity.model_dump(include={"threshold", "retries", "set_aside"}),
            "note": note,
            "measured": len(rows),
            "unmeasured": unmeasured,
            "without_face": faceless,
            "passed": sum(1 for asset in rows if asset.identity.passed),
            "mean": _mean(scores),
            "looks": _grouped(rows, lambda one: one.recipe.look_name or "No look"),
            "models": _grouped(rows, lambda one: one.recipe.model or one.recipe.engine or "Imported"),
            "loras": _grouped([one for one in rows if one.recipe.loras], _lora),
            "days": _days(rows),
            "points": [
                {"id": one.id, "at": one.created_at, "score": one.identity.score, "passed": one.identity.passed}
                for one in rows[-MOST_POINTS:]
            ],
        }

    def _assets(self, wanted: AssetFilter) -> Iterator[Asset]:
        cursor = None
        while True:
            page = self.store.assets.search(wanted, limit=200, cursor=cursor)
            yield from (one for one in page.items if one.recipe.pipeline != "grid")  # a sheet shows nobody alone
            cursor = page.next_cursor
            if cursor is None:
                return

    def _known(self, character_id: str | None) -> Character | None:
        try:
            return self.store.characters.get(character_id) if character_id else None
        except StudioError:
            return None


def _mean(scores: list[float]) -> float | None:
    return round(sum(scores) / len(scores), 4) if scores else None


def _lora(asset: Asset) -> str:
    return ", ".join(str(one.get("name") or one.get("id") or "LoRA") for one in asset.recipe.loras)


def _grouped(assets: list[Asset], name: Callable[[Asset], str]) -> list[dict]:
    groups: dict[str, list[Asset]] = {}
    for asset in assets:
        groups.setdefault(name(asset), []).append(asset)
    found = []
    for called, members in groups.items():
        scores = [one.identity.score for one in members]
        passed = sum(1 for one in members if one.identity.passed)
        found.append(
            {"name": called, "pictures": len(members), "mean": _mean(scores), "lowest": min(scores), "passed": passed}
        )
    return sorted(found, key=lambda one: (-one["pictures"], one["name"]))


def _days(assets: list[Asset]) -> list[dict]:
    days: dict[str, list[float]] = {}
    for asset in assets:
        days.setdefault(asset.created_at[:10], []).append(asset.identity.score)
    return [
        {"day": day, "pictures": len(scores), "mean": _mean(scores), "lowest": min(scores), "highest": max(scores)}
        for day, scores in sorted(days.items())
    ]
