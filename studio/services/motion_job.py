"""The executor of reel jobs: plates, sound, one ffmpeg run, a look at what came out, file, then document."""

import hashlib
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from studio.domain.asset import Asset, Rating, Recipe
from studio.domain.job import Job
from studio.domain.motion import Reel
from studio.domain.motion_presets import size_of
from studio.domain.rating import highest, rate_prose
from studio.domain.requests import AssetFilter
from studio.domain.timeline import cues
from studio.durable import flush_folder, replace, write_whole
from studio.errors import NoSpace, StudioError
from studio.paths import Paths, safe_name
from studio.services.ratings import level_of
from studio.services.reel_plan import ReelPlan, preset_of, spoken, weight
from studio.services.versions import versions

if TYPE_CHECKING:
    from studio.jobs import Report
    from studio.store import Store

log = logging.getLogger("studio.motion")

_PREPARING = 0.06  # of all steps, what getting ready counts
_KEPT_OF_SOUNDS = ("id", "kind", "name", "licence", "credit", "engine", "sha256")
_SPARE = 60 * 1024 * 1024


class MotionExecutor:
    """Makes one reel. `added` is told of the new asset, `done` of the project's id and the asset's."""

    def __init__(
        self,
        store: "Store",
        paths: Paths,
        plan: ReelPlan,
        added: Callable[[Asset], None],
        done: Callable[[str, str], None],
    ):
        self.store, self.paths, self.plan, self.added, self.done = store, paths, plan, added, done

    def run(self, job: Job, report: "Report") -> None:
        """The whole reel, unless an earlier attempt has filed it. Raises StudioError, Cancelled."""
        if known := self._filed_before(job, report):
            self.done(str(job.request.get("project_id")), known)
            return
        try:
            reel = Reel.model_validate(job.request["reel"])
        except (KeyError, ValidationError) as error:
            raise StudioError(
                "This job was kept by another version of the studio.", "Render the reel again from Motion."
            ) from error
        if wrong := next((one for one in self.plan.objections(reel) if one.level == "error"), None):
            raise StudioError(wrong.message, wrong.hint)
        self.plan.refuse(reel, job.character_id)
        work = self.paths.house / "tmp" / f"reel-{job.id}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        try:
            self._make(job, reel, work, report)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _filed_before(self, job: Job, report: "Report") -> str | None:
        if job.assets:
            return job.assets[0]
        if job.attempt > 1:  # killed between filing the clip and naming it on the job
            found = self.store.assets.search(AssetFilter(job_id=job.id), limit=1).items
            if found:
                report.asset(found[0].id)
                return found[0].id
        return None

    def _make(self, job: Job, reel: Reel, work: Path, report: "Report") -> None:
        from studio.media import clips
        from studio.media import reel as rendering

        preset, timeline = preset_of(reel), self.plan.timeline(reel)
        size, frames = size_of(reel.aspect), timeline.frames
        before = max(2, round(frames * _PREPARING))
        total = frames + before
        self._room(reel, timeline.seconds, size)
        report(0, total, None, "Cutting the pictures")
        shots = len(reel.shots)
        scenes = self.plan.scenes(
            reel, timeline, size, small=False,
            report=lambda number: report(round(before * 0.8 * number / shots), total, None, "Cutting the pictures"),
        )  # fmt: skip
        layers = self.plan.layers(reel, timeline, size)
        ready = round(before * 0.8)
        mix = self.plan.mix(reel, timeline.seconds, work, lambda _: report(ready, total, None, "Mixing the sound"))
        at_last = [-1]

        def step(frame: int) -> None:
            number = sum(1 for span in timeline.spans if span.first <= frame) - 1
            frames_of = None
            if number != at_last[0]:
                at_last[0] = number
                plate = scenes[number].plate.image
                frames_of = lambda plate=plate: [_small(plate)]
            report(before + min(frame, frames), total, frames_of, f"Shot {number + 1} of {shots}")

        look = rendering.Look(size, (preset.video_rate, preset.audio_rate), words=_tags(job))
        rendering.render(work, "reel.mp4", scenes, timeline, look, layers=layers, sounds=mix, report=step)
        made = work / "reel.mp4"
        if (counted := clips.counted(made)) != frames:
            log.error("Job %s: %d frames instead of %d.", job.id, counted, frames)
            raise StudioError(
                "The clip came out incomplete.", "Retry; if it happens again, look into the log in System."
            )
        report(total, total, None, "Finishing")
        asset = self._filed(job, reel, made, timeline, bool(mix))
        report.asset(asset.id)
        self.added(asset)
        self.done(str(job.request.get("project_id")), asset.id)

    def _room(self, reel: Reel, seconds: float, size: tuple[int, int]) -> None:
        """Raises NoSpace when the disk will not do, before minutes are spent."""
        plates = len(reel.shots) * size[0] * size[1] * 3 * 4
        needed = plates + weight(seconds, preset_of(reel)) * 2 + seconds * 48_000 * 8 + _SPARE
        free = shutil.disk_usage(self.paths.data).free
        if free < needed:
            raise NoSpace(
                f"Rendering needs about {needed / 1e6:.0f} MB of disk for a while; {free / 1e6:.0f} MB are free.",
                "Free some space, or empty the trash in Review, then retry.",
            )

    def _filed(self, job: Job, reel: Reel, made: Path, timeline, sound: bool) -> Asset:
        """Origin inside the file, media first, document second."""
        from studio.media import clips, subtitles, xmp

        recipe = self._recipe(job, reel)
        origin = self._origin(recipe)
        words = cues(reel.shots, timeline)
        size = size_of(reel.aspect)
        asset = Asset(
            kind="clip",
            character_id=job.character_id,
            job_id=job.id,
            file="-",
            width=size[0],
            height=size[1],
            seconds=round(timeline.seconds, 4),
            fps=timeline.fps,
            sound=sound,
            poster_at=_poster(reel, timeline),
            recipe=recipe,
            description=" ".join(dict.fromkeys(shot.caption.strip() for shot in reel.shots if shot.caption.strip()))[
                :4000
            ],
            rating=self._rating(recipe, reel),
            imported=origin is None,
        )
        clips.say(made, recipe, source_type={"trained": xmp.TRAINED, "composite": clips.COMPOSITE}.get(origin))
        with open(made, "rb") as file:
            asset.sha256 = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else (
                hashlib.sha256(file.read()).hexdigest()
            )  # fmt: skip
        asset.bytes = made.stat().st_size
        folder = self.paths.month(job.character_id, asset.created_at[:7])
        folder.mkdir(parents=True, exist_ok=True)
        name = safe_name(str(job.request.get("name") or "reel"), fallback="reel", longest=40).replace(" ", "-")
        target = folder / f"{name}-{reel.aspect.replace(':', 'x')}-{job.id[-8:]}.mp4"
        asset.file = self.paths.relative(target)
        if reel.captions in ("beside", "both") and words:
            beside = target.with_suffix(".srt")
            write_whole(beside, subtitles.srt(words).encode("utf-8"))
            asset.subtitles_file = self.paths.relative(beside)
        replace(made, target)
        flush_folder(folder)
        return self.store.assets.add(asset)

    def _recipe(self, job: Job, reel: Reel) -> Recipe:
        parents = list(dict.fromkeys(shot.asset_id for shot in reel.pictures()))
        sounds = []
        for part in (reel.music, reel.voice):
            if part:
                sound = self.plan.sounds.get(part.sound_id)
                sounds.append(
                    {
                        name: getattr(sound, name)
                        for name in ("id", "kind", "name", "licence", "credit", "engine", "sha256")
                    }
                )
        character = self.store.characters.get(job.character_id) if job.character_id else None
        return Recipe(
            pipeline="reel",
            words=str(job.request.get("name") or ""),
            prompt="",
            character_id=job.character_id,
            character_name=character.name if character else "",
            character_revision=character.revision if character else None,
            parents=parents,
            inputs={"reel": reel.model_dump(mode="json"), "sounds": sounds},
            versions=versions() | {"ffmpeg": _ffmpeg()},
        )

    def _rating(self, recipe: Recipe, reel: Reel) -> Rating:
        """As mature as the most mature of its pictures, or its words."""
        levels = [level_of(asset) for asset in map(self.store.assets.get, recipe.parents)]
        said = rate_prose("\n".join(spoken(reel)))
        return Rating(level=highest([*levels, said.level]), words=list(said.words[:12]))

    def _origin(self, recipe: Recipe) -> str | None:
        """trained: all its pictures were made by AI; composite: some; None: nobody knows of any."""
        made = [not asset.imported or bool(asset.recipe.engine or asset.recipe.model or asset.recipe.seed is not None)
                for asset in map(self.store.assets.get, recipe.parents)]  # fmt: skip
        return "trained" if all(made) else "composite" if any(made) else None


def _tags(job: Job) -> tuple[str, ...]:
    """What players show of the file. A single word of the command each: nothing in it is read as an option."""
    title = " ".join(str(job.request.get("name") or "Reel").split())[:120].replace("\0", "")
    return ("-map_metadata", "-1", "-metadata", f"title={title}", "-metadata", "comment=Made with AI")


def _poster(reel: Reel, timeline) -> float:
    """The middle of the first picture, so that the small picture is no title card."""
    first = next((at for at, shot in enumerate(reel.shots) if shot.kind == "picture"), 0)
    span = timeline.spans[first]
    return round((span.first + span.last) / 2 / timeline.fps, 3)


def _small(image):
    small = image.copy()
    small.thumbnail((128, 128))
    return small


def _ffmpeg() -> str:
    from studio.media import ffmpeg

    return ffmpeg.version()
