"""Motion: reels put together from approved pictures, seen at once in small, rendered by a job, kept as documents."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.asset import Asset
from studio.domain.document import new_id, now
from studio.domain.motion import (
    FEWEST,
    MOST,
    Logo,
    Music,
    NewProject,
    Project,
    ProjectPatch,
    Reel,
    Shot,
    ShotPatch,
    Voice,
)
from studio.domain.motion_presets import BY_ID, PRESETS, SIZES
from studio.domain.requests import AssetFilter
from studio.domain.timeline import Timeline, cues
from studio.durable import replace
from studio.errors import BadRequest, Conflict, NotFound, StudioError
from studio.paths import Paths
from studio.services.inputs import Inputs
from studio.services.motion_job import MotionExecutor
from studio.services.reel_plan import Objection, ReelPlan, preset_of, preview_look
from studio.services.sounds import Sounds
from studio.services.voices import Voices

if TYPE_CHECKING:
    from studio.jobs import JobView, Queue
    from studio.store import Store

log = logging.getLogger("studio.motion")

KIND = "reel"
MOST_UNDONE = 60
OFFERED = 200  # approved pictures offered at once
_PREVIEWS_KEPT = 24
_PARTS = {"music": Music, "voice": Voice, "logo": Logo}


class Motion:
    """`queue` is handed over once it exists: it needs the executor first. Undo covers the last changes to each reel
    since the studio was started."""

    queue: Queue

    def __init__(self, store: Store, paths: Paths, inputs: Inputs, added: Callable[[Asset], None] = lambda asset: None):
        self.store, self.paths, self.inputs = store, paths, inputs
        self.sounds = Sounds(store, paths)
        self.plan = ReelPlan(store, paths, inputs, self.sounds)
        self.executor = MotionExecutor(store, paths, self.plan, added, self._rendered)
        self.voices = Voices(self)
        self._undo: dict[str, tuple[deque, deque]] = {}
        self._lock = threading.RLock()
        self._one_preview = threading.Lock()

    # ------------------------------------------------------------------ reading
    def list(self, character_id: str | None = None, *, trashed: bool = False) -> list[Project]:
        """Reels, newest first."""
        found = [
            one
            for one in self.store.projects.all()
            if bool(one.trashed_at) == trashed and character_id in (None, one.character_id)
        ]
        return sorted(found, key=lambda one: one.id, reverse=True)

    def get(self, project_id: str) -> Project:
        """Also from the trash. Raises NotFound."""
        return self.store.projects.get(project_id)

    def options(self) -> dict:
        """What a reel can be made with: presets, sizes, and the words of every choice."""
        from studio.domain import motion as words

        listed = lambda of: [*of.__args__]
        return {
            "presets": [
                {"id": one.id, "name": one.name, "aspects": [*one.aspects], "fps": one.fps, "codec": one.codec,
                 "video_rate": one.video_rate, "audio_rate": one.audio_rate, "shortest": one.shortest,
                 "longest": one.longest, "most_bytes": one.most_bytes, "safe": [*one.safe], "note": one.note}
                for one in PRESETS
            ],
            "sizes": {name: [*size] for name, size in SIZES.items()},
            "movements": listed(words.Movement),
            "transitions": listed(words.Transition),
            "places": listed(words.Place),
            "styles": listed(words.Style),
            "captions": listed(words.Captions),
            "fits": listed(words.Fit),
            "corners": listed(words.Corner),
            "fewest": FEWEST,
            "most": MOST,
        }  # fmt: skip

    def timeline(self, project: Project) -> Timeline:
        return self.plan.timeline(project.reel)

    def objections(self, project: Project) -> list[Objection]:
        """What is to be said of it; errors keep it from being rendered."""
        return self.plan.objections(project.reel)

    def state(self, project: Project) -> dict:
        """Its newest rendering: {"state", "job_id", "error"}; state is "" before the first."""
        if project.job_id is None:
            return {"state": "", "job_id": None, "error": None}
        try:
            view = self.queue.view(project.job_id)
            return {"state": view.state, "job_id": view.id, "error": view.error}
        except NotFound:
            return {"state": "", "job_id": None, "error": None}

    def candidates(self, character_id: str | None) -> list[Asset]:
        """Approved pictures of a character, or of everybody, newest first."""
        wanted = AssetFilter(character_id=character_id or None, state="approved", kind="image")
        return self.store.assets.search(wanted, limit=OFFERED).items

    def subtitles(self, project_id: str, format: str = "srt") -> str:
        """The captions with their times, as SRT or VTT. StudioError when there are none."""
        from studio.media import subtitles

        project = self.get(project_id)
        found = cues(project.reel.shots, self.timeline(project)) if project.reel.shots else []
        if not found:
            raise StudioError("No shot of this reel has a caption.", "Write one first.")
        return subtitles.vtt(found) if format == "vtt" else subtitles.srt(found)

    # ------------------------------------------------------------------ changing
    def create(self, wanted: NewProject) -> Project:
        """A reel of these pictures. Raises NotFound, StudioError for a picture that is not approved."""
        character = self.store.characters.get(wanted.character_id) if wanted.character_id else None
        preset = BY_ID.get(wanted.preset)
        if preset is None:
            raise StudioError(f"“{wanted.preset}” is not a preset.", "GET /motion/options lists them.", field="preset")
        with self._lock:
            number = 1 + len(self.list(wanted.character_id)) + len(self.list(wanted.character_id, trashed=True))
            name = wanted.name or f"{character.name if character else 'Reel'} {number}"
            reel = Reel(preset=preset.id, aspect=wanted.aspect or preset.aspects[0])
            reel.shots = self._shots(wanted.asset_ids)
            return self.store.projects.add(
                Project(character_id=wanted.character_id or None, name=name[:120], reel=reel)
            )

    def patch(self, project_id: str, patch: ProjectPatch) -> Project:
        """Change a reel. Raises StudioError for what does not fit."""
        values = patch.model_dump(exclude_none=True)
        values.pop("shots", None)
        if patch.preset is not None and patch.preset not in BY_ID:
            raise StudioError(f"“{patch.preset}” is not a preset.", "Choose one of the list.", field="preset")

        def change(project: Project) -> None:
            if patch.name is not None:
                project.name = " ".join(patch.name.split()) or project.name
            for name, value in values.items():
                if name in _PARTS:
                    setattr(project.reel, name, self._part(name, value, getattr(project.reel, name)))
                elif name != "name":
                    setattr(project.reel, name, value)
            if patch.shots is not None:
                known = {one.asset_id for one in project.reel.shots}
                for shot in patch.shots:
                    if shot.kind == "picture" and shot.asset_id not in known:
                        self.plan.asset(shot)
                project.reel.shots = [one.model_copy(deep=True) for one in patch.shots]
            preset = preset_of(project.reel)
            if patch.preset is not None and patch.aspect is None and project.reel.aspect not in preset.aspects:
                project.reel.aspect = preset.aspects[0]

        return self._change(project_id, change)

    def patch_shot(self, project_id: str, shot_id: str, patch: ShotPatch) -> Project:
        """Change one shot. Raises NotFound."""
        values = patch.model_dump(exclude_none=True)
        if "focus" in values:
            point = values["focus"]
            if len(point) not in (0, 2) or not all(0 <= one <= 1 for one in point):
                raise StudioError(
                    "A focus is two shares from 0 to 1.", "Send [0.5, 0.4], or [] to find it.", field="focus"
                )
            values["focus"] = tuple(point) or None

        def change(project: Project) -> None:
            shot = self._shot(project, shot_id)
            for name, value in values.items():
                setattr(shot, name, value)

        return self._change(project_id, change)

    def patch_every(self, project_id: str, patch: ShotPatch) -> Project:
        """The same change to every picture of a reel."""
        values = patch.model_dump(
            exclude_none=True, include={"seconds", "movement", "transition", "transition_seconds"}
        )

        def change(project: Project) -> None:
            for shot in project.reel.pictures():
                for name, value in values.items():
                    setattr(shot, name, value)

        return self._change(project_id, change)

    def add(self, project_id: str, asset_ids: Iterable[str]) -> Project:
        """Approved pictures at the end, before a card that closes the reel."""
        shots = self._shots(asset_ids)
        if not shots:
            raise BadRequest("No picture is chosen.", "Choose one or more first.")

        def change(project: Project) -> None:
            if len(project.reel.pictures()) + len(shots) > MOST:
                raise StudioError(f"A reel takes at most {MOST} pictures.", "Choose fewer.")
            kept = project.reel.shots
            closing = len(kept) > 1 and kept[-1].kind == "card"
            project.reel.shots = [*kept[:-1], *shots, kept[-1]] if closing else [*kept, *shots]

        return self._change(project_id, change)

    def add_card(self, project_id: str, text: str = "", *, at_end: bool = False) -> Project:
        """A card with words, before all or after all."""
        card = Shot(kind="card", text=text[:240], seconds=2.0, movement="still")

        def change(project: Project) -> None:
            cards = sum(one.kind == "card" for one in project.reel.shots)
            if cards >= 4:
                raise StudioError("A reel takes at most four cards.", "Remove one first.")
            project.reel.shots = [*project.reel.shots, card] if at_end else [card, *project.reel.shots]

        return self._change(project_id, change)

    def move(self, project_id: str, shot_id: str, position: int) -> Project:
        """Put a shot at another place, counted from 0."""

        def change(project: Project) -> None:
            shots = list(project.reel.shots)
            shot = self._shot(project, shot_id)
            shots.remove(shot)
            shots.insert(max(0, min(position, len(shots))), shot)
            project.reel.shots = shots

        return self._change(project_id, change)

    def duplicate_shot(self, project_id: str, shot_id: str) -> Project:
        """The same shot again, behind it."""

        def change(project: Project) -> None:
            shot = self._shot(project, shot_id)
            if shot.kind == "picture" and len(project.reel.pictures()) >= MOST:
                raise StudioError(f"A reel takes at most {MOST} pictures.", "Remove one first.")
            at = project.reel.shots.index(shot)
            copy = shot.model_copy(deep=True, update={"id": new_id()})
            project.reel.shots = [*project.reel.shots[: at + 1], copy, *project.reel.shots[at + 1 :]]

        return self._change(project_id, change)

    def remove_shots(self, project_id: str, shot_ids: Iterable[str]) -> Project:
        gone = set(shot_ids)

        def change(project: Project) -> None:
            for one in gone:
                self._shot(project, one)
            project.reel.shots = [one for one in project.reel.shots if one.id not in gone]

        return self._change(project_id, change)

    def undo(self, project_id: str) -> Project:
        """Take the last change back. Raises Conflict when there is none."""
        return self._step(project_id, 0, "There is nothing to undo.")

    def redo(self, project_id: str) -> Project:
        """Make the change that was taken back again. Raises Conflict when there is none."""
        return self._step(project_id, 1, "There is nothing to redo.")

    def can(self, project_id: str) -> dict[str, bool]:
        """Whether there is something to undo and to redo."""
        back, on = self._undo.get(project_id, ((), ()))
        return {"undo": bool(back), "redo": bool(on)}

    def duplicate(self, project_id: str) -> Project:
        """A new reel with the same contents, not rendered yet."""
        known = self.get(project_id)
        return self.store.projects.add(
            Project(
                character_id=known.character_id,
                name=f"{known.name[:112]} (copy)",
                reel=known.reel.model_copy(deep=True),
            )
        )

    def from_clip(self, asset_id: str) -> Project:
        """The reel a clip was made from, opened again as a new project. Raises NotFound, StudioError."""
        asset = self.store.assets.get(asset_id)
        kept = asset.recipe.inputs.get("reel")
        if asset.kind != "clip" or not isinstance(kept, dict):
            raise StudioError("This was not made in Motion.", "Choose a clip that was.")
        reel = Reel.model_validate(kept)
        for name in _PARTS:
            part = getattr(reel, name)
            try:
                if part is not None:
                    self._part(name, part.model_dump(), part)
            except StudioError:
                setattr(reel, name, None)  # the sound or logo is gone meanwhile
        owner = asset.character_id if asset.character_id in self.store.characters else None
        return self.store.projects.add(
            Project(character_id=owner, name=(asset.recipe.words or "Reel")[:120], reel=reel)
        )

    def trash(self, project_id: str) -> Project:
        """Off the list; its clips stay in the library."""
        return self.store.projects.update(project_id, lambda one: setattr(one, "trashed_at", one.trashed_at or now()))

    def restore(self, project_id: str) -> Project:
        return self.store.projects.update(project_id, lambda one: setattr(one, "trashed_at", None))

    def delete_forever(self, project_id: str) -> None:
        """Raises Conflict unless it is in the trash."""
        if not self.get(project_id).trashed_at:
            raise Conflict("This reel is not in the trash.", "Move it to the trash first.")
        self.store.projects.remove(project_id)
        self._undo.pop(project_id, None)

    # ------------------------------------------------------------------ making
    def preview(self, project_id: str) -> Path:
        """A small copy of the reel as it is now, with its sound, made unless it is there.

        Raises StudioError when there is nothing to see, or a picture cannot be used.
        """
        reel = self.get(project_id).reel
        if not reel.shots:
            raise StudioError("There is nothing to see yet.", "Add approved pictures.")
        folder = self.paths.house / "previews"
        target = folder / f"{self._print(reel)}.mp4"
        if target.is_file():
            return target
        with self._one_preview:
            if target.is_file():
                return target
            self._make_preview(reel, folder, target)
            self._sweep(folder, target)
        return target

    def _make_preview(self, reel: Reel, folder: Path, target: Path) -> None:
        from studio.media import reel as rendering

        begun = time.perf_counter()
        seconds = self.plan.timeline(reel).seconds
        size, fps = preview_look(reel, seconds)
        timeline = self.plan.timeline(reel, fps)
        work = self.paths.house / "tmp" / f"preview-{target.stem}-{time.time_ns() % 10**9}"
        work.mkdir(parents=True)
        try:
            scenes = self.plan.scenes(reel, timeline, size, small=True, report=lambda number: None)
            layers = self.plan.layers(reel, timeline, size)
            mix = self.plan.mix(reel, timeline.seconds, work, lambda frame: None)
            look = rendering.Look(size, (1500, 96), preset="ultrafast", quality=27)
            rendering.render(work, "preview.mp4", scenes, timeline, look, layers=layers, sounds=mix)
            folder.mkdir(parents=True, exist_ok=True)
            replace(work / "preview.mp4", target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        log.info("A preview of %d frames took %.2f s.", timeline.frames, time.perf_counter() - begun)

    def _print(self, reel: Reel) -> str:
        """What tells this reel's preview from that of another one: its contents and the pictures behind them."""
        facts = [reel.model_dump(mode="json")]
        for shot in reel.pictures():
            asset = self.store.assets.get(shot.asset_id) if shot.asset_id in self.store.assets else None
            facts.append([asset.sha256, asset.state] if asset else None)
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]

    @staticmethod
    def _sweep(folder: Path, kept: Path) -> None:
        found = sorted(folder.glob("*.mp4"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in found[_PREVIEWS_KEPT:]:
            if path != kept:
                try:
                    path.unlink()
                except OSError as error:  # on Windows somebody may be watching it
                    log.info("%s stays for now: %s", path.name, error)

    def stamp(self, project: Project) -> str:
        """What tells one preview of a project from the next; part of its address."""
        return self._print(project.reel)[:16]

    def render(self, project_id: str, owner: str = "") -> JobView:
        """Render it as it is now. Raises StudioError when something keeps it from that, Conflict while it renders."""
        with self._lock:
            project = self.get(project_id)
            if project.trashed_at:
                raise Conflict("This reel is in the trash.", "Restore it first.")
            if self.state(project)["state"] in ("waiting", "running"):
                raise Conflict("This reel is being rendered.", "Wait for it, or stop it.")
            if wrong := next((one for one in self.objections(project) if one.level == "error"), None):
                raise StudioError(wrong.message, wrong.hint)
            self.plan.refuse(project.reel, project.character_id)
            request = {
                "prompt": f"Reel “{project.name}”",
                "project_id": project.id,
                "name": project.name,
                "reel": project.reel.model_dump(mode="json"),
            }
            view = self.queue.submit(KIND, request, character_id=project.character_id, owner=owner)
            self.store.projects.update(project_id, lambda one: setattr(one, "job_id", view.id))
        return view

    def _rendered(self, project_id: str, asset_id: str) -> None:
        def change(project: Project) -> None:
            if asset_id not in project.clips:
                project.clips = [*project.clips, asset_id][-400:]

        if project_id in self.store.projects:
            self.store.projects.update(project_id, change)

    # ------------------------------------------------------------------ in between
    def _change(self, project_id: str, change: Callable[[Project], None]) -> Project:
        """Change a reel so that it can be undone; nothing is kept when nothing changed."""
        with self._lock:
            before = self.get(project_id)
            if before.trashed_at:
                raise Conflict("This reel is in the trash.", "Restore it first.")
            after = self.store.projects.update(project_id, change)
            if after.revision != before.revision:
                back, on = self._undo.setdefault(project_id, (deque(maxlen=MOST_UNDONE), deque(maxlen=MOST_UNDONE)))
                back.append((before.name, before.reel))
                on.clear()
            return after

    def _step(self, project_id: str, way: int, nothing: str) -> Project:
        with self._lock:
            stacks = self._undo.get(project_id)
            if not stacks or not stacks[way]:
                raise Conflict(nothing, "Changes from before the studio was started cannot be taken back.")
            name, reel = stacks[way].pop()
            before = self.get(project_id)

            def change(project: Project) -> None:
                project.name, project.reel = name, reel

            after = self.store.projects.update(project_id, change)
            stacks[1 - way].append((before.name, before.reel))
            return after

    def _part(self, name: str, value: dict, known: Music | Voice | Logo | None) -> Music | Voice | Logo | None:
        """Music, voice or logo from what was sent; what is left out stays as it was, `{}` takes it away."""
        if not value:
            return None
        kept = known.model_dump() if known is not None else {}
        unknown = set(value) - set(_PARTS[name].model_fields)
        if unknown:
            raise StudioError(f"{name} has no “{sorted(unknown)[0]}”.", "See /api/docs for its fields.", field=name)
        part = _PARTS[name].model_validate(kept | value)
        if name == "logo":
            self.inputs.path(part.image, "logo")
        else:
            self.sounds.usable(part.sound_id, name)
        return part

    def _shots(self, asset_ids: Iterable[str]) -> list[Shot]:
        shots = [Shot(asset_id=one) for one in asset_ids]
        for shot in shots:
            try:
                self.plan.asset(shot)
            except StudioError as problem:
                problem.message = problem.message[0].upper() + problem.message[1:]
                raise
        return shots

    @staticmethod
    def _shot(project: Project, shot_id: str) -> Shot:
        shot = project.reel.shot(shot_id)
        if shot is None:
            raise NotFound("This reel has no such shot.", "It may have been removed.")
        return shot
