"""From a reel as people think of it to what is rendered: timeline, plates, words as pictures, the mix, and objections.

The small preview and the finished clip take the same way, at two sizes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.asset import Asset
from studio.domain.motion import FEWEST, MOST, Reel, Shot, Sound
from studio.domain.motion_presets import BY_ID, Preset, size_of
from studio.domain.timeline import Timeline, cues, laid_out
from studio.errors import NotFound, StudioError
from studio.paths import Paths
from studio.services.inputs import Inputs
from studio.services.ratings import refuse_words
from studio.services.sounds import Sounds

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.media.reel import Layer, Scene
    from studio.media.reel import Sounds as Mix
    from studio.store import Store

PREVIEW_SIDE = 432  # pixels of the preview's longer side
PREVIEW_FPS = (15, 10)  # of short reels, of those over a minute
_KEPT = 48  # small copies of pictures kept in memory for previews
_SMALL = 640


@dataclass(frozen=True)
class Objection:
    """Something about a reel. An error keeps it from being rendered; `shot` is the id of the shot it is about."""

    message: str
    hint: str = ""
    level: str = "error"
    shot: str = ""

    def as_json(self) -> dict:
        return {"message": self.message, "hint": self.hint, "level": self.level, "shot": self.shot}


@dataclass
class Small:
    """A picture as previews use it, and where it is looked at."""

    image: Image
    focus: tuple[float, float]


@dataclass
class ReelPlan:
    """How reels of this studio are prepared. One per studio; safe from several threads."""

    store: Store
    paths: Paths
    inputs: Inputs
    sounds: Sounds
    _small: OrderedDict[tuple, Small] = field(default_factory=OrderedDict)
    _focus: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # ------------------------------------------------------------------ time
    def beats(self, reel: Reel) -> list[float]:
        """The beats that cuts move to, in seconds of the reel; none without music or when nobody wants it."""
        if not reel.music or not reel.music.on_beat:
            return []
        try:
            sound = self.sounds.get(reel.music.sound_id)
        except NotFound:
            return []
        return repeated(sound, reel.music.begin, sum(shot.seconds for shot in reel.shots) + 2)

    def timeline(self, reel: Reel, fps: int | None = None) -> Timeline:
        """When what is seen, at the preset's pace or another one."""
        return laid_out(reel.shots, fps or preset_of(reel).fps, self.beats(reel))

    # ------------------------------------------------------------------ objections
    def objections(self, reel: Reel) -> list[Objection]:
        """All that is to be said before it is rendered. No picture is opened for it."""
        from studio.media.lettering import undrawable

        found: list[Objection] = []
        error = lambda *words, shot="": found.append(Objection(*words, shot=shot))
        warn = lambda message, hint="", shot="": found.append(Objection(message, hint, "warning", shot))
        preset = BY_ID.get(reel.preset)
        if preset is None:
            error(f"“{reel.preset}” is not a preset.", "Choose one of the list.")
            preset = BY_ID["generic"]
        elif reel.aspect not in preset.aspects:
            error(f"{preset.name} does not take {reel.aspect}.", f"Choose {' or '.join(preset.aspects)}.")
        pictures = reel.pictures()
        if len(pictures) < FEWEST:
            count = "One picture" if len(pictures) == 1 else "No picture"
            error(f"{count} so far: a reel takes {FEWEST} to {MOST}.", "Add approved pictures.")
        if len(pictures) > MOST:
            error(f"A reel takes at most {MOST} pictures.", "Take some out.")
        seen = set()
        for number, shot in enumerate(reel.shots, 1):
            if shot.kind == "picture":
                try:
                    self.asset(shot)
                except StudioError as problem:
                    error(f"Picture {number}: {problem.message}", problem.hint, shot=shot.id)
            words = " ".join((shot.text, shot.caption if reel.captions in ("burned", "both") else ""))
            if (missing := undrawable(words)) and missing not in seen:
                seen.add(missing)
                warn(f"No font on this machine has {missing[:20]}", "Install one, or write it otherwise.", shot.id)
            if shot.kind == "card" and not shot.text.strip():
                warn(f"Card {number} has no words.", "Write some, or remove it.", shot.id)
            if len(shot.caption) > 15 * shot.seconds + 15:
                warn(
                    f"The caption of {number} is long for {shot.seconds:g} s.",
                    "Show it longer, or shorten it.",
                    shot.id,
                )
        length = self.timeline(reel, preset.fps).seconds if reel.shots else 0.0
        if pictures and length < preset.shortest:
            error(
                f"{preset.name} takes {preset.shortest:g} s and more; this is {length:.1f} s.", "Show pictures longer."
            )
        if length > preset.longest:
            error(f"{preset.name} takes at most {preset.longest:g} s; this is {length:.1f} s.", "Shorten it.")
        if weight(length, preset) > preset.most_bytes:
            error(f"The file could exceed the {preset.most_bytes // 1_000_000} MB of {preset.name}.", "Shorten it.")
        for part, kind in ((reel.music, "music"), (reel.voice, "voice")):
            if part is None:
                continue
            try:
                sound = self.sounds.usable(part.sound_id, kind)
                if kind == "music" and not sound.licence:
                    error(f"“{sound.name}” has no licence stated.", "State it beside the music.")
                if kind == "music" and part.begin >= sound.seconds:
                    error(f"“{sound.name}” ends before it begins here.", "Let it begin earlier.")
                if kind == "voice" and part.begin + sound.seconds > length + 0.05:
                    over = part.begin + sound.seconds - length
                    warn(f"The voice is {over:.1f} s longer than the reel and is cut.", "Show pictures longer.")
            except StudioError as problem:
                error(problem.message, problem.hint)
        if reel.logo:
            try:
                self.inputs.path(reel.logo.image, "logo")
            except StudioError as problem:
                error(f"Logo: {problem.message}", problem.hint)
        return found

    def refuse(self, reel: Reel, character_id: str | None) -> None:
        """Raises Refused when the words of a reel describe a minor in a suggestive way."""
        character = self.store.characters.get(character_id) if character_id in self.store.characters else None
        refuse_words(spoken(reel), character.age if character else None, "shots")

    def asset(self, shot: Shot) -> Asset:
        """The picture of a shot when it may be used. Raises StudioError."""
        try:
            asset = self.store.assets.get(shot.asset_id)
        except NotFound:
            raise NotFound("this picture is gone.", "Take it out of the reel.") from None
        if asset.kind != "image":
            raise StudioError("this is no picture.", "Take it out of the reel.")
        if asset.state != "approved":
            state = {"new": "is not approved yet", "rejected": "was rejected", "trashed": "is in the trash"}[
                asset.state
            ]
            raise StudioError(f"this picture {state}.", "Approve it in Review, or take it out of the reel.")
        if self.store.assets.missing(asset):
            raise NotFound("the file of this picture is missing.", "Put it back, or take it out of the reel.")
        return asset

    # ------------------------------------------------------------------ pictures
    def focus(self, asset: Asset, image: Image) -> tuple[float, float]:
        """Where the camera stays in this picture; found once per picture."""
        key = asset.sha256 or asset.id
        with self._lock:
            if key in self._focus:
                self._focus.move_to_end(key)
                return self._focus[key]
        found = face_of(image, asset.recipe.engine)
        with self._lock:
            self._focus[key] = found
            while len(self._focus) > 2000:
                self._focus.popitem(last=False)
        return found

    def picture(self, shot: Shot, *, small: bool) -> tuple[Image, tuple[float, float]]:
        """The shot's picture, RGB, and the point it stays on. StudioError for a picture that cannot be opened."""
        from studio.media.pictures import flattened, open_picture
        from studio.media.thumbnails import shrunk

        asset = self.asset(shot)
        key = (asset.id, asset.sha256)
        if small:
            with self._lock:
                if key in self._small:
                    self._small.move_to_end(key)
                    known = self._small[key]
                    return known.image, shot.focus or known.focus
        image = flattened(open_picture(self.paths.inside(asset.file)))
        focus = self.focus(asset, image)
        if small:
            image = shrunk(image, _SMALL)
            with self._lock:
                self._small[key] = Small(image, focus)
                while len(self._small) > _KEPT:
                    self._small.popitem(last=False)
        return image, shot.focus or focus

    def scenes(
        self, reel: Reel, timeline: Timeline, size: tuple[int, int], *, small: bool, report: Callable[[int], None]
    ) -> list[Scene]:
        """Every shot as its plate and the words over it. `report(number)` is called before each."""
        from studio.media import lettering, plates
        from studio.media.reel import Layer, Scene

        preset = preset_of(reel)
        smooth = plates.smoothness([size] * len(reel.shots)) if not small else 1.5
        made = []
        for number, (shot, span) in enumerate(zip(reel.shots, timeline.spans, strict=True)):
            report(number)
            layers: list[Layer] = []
            if shot.kind == "card":
                image = lettering.card(size, shot.text, shot.colour)
                plate = plates.filmed(image, size, "still", (0.5, 0.5), shot.seconds)
            else:
                image, focus = self.picture(shot, small=small)
                movement = plates.movement_of(shot.movement, number, image.size, size[0] / size[1])
                seconds = span.frames / timeline.fps
                plate = plates.filmed(image, size, movement, focus, seconds, fit=reel.fit, smooth=smooth)
                if shot.text.strip():
                    layers.append(Layer(*lettering.overlay(size, shot.text, shot.style, shot.place, preset.safe)))
            made.append(Scene(plate, shot.transition, tuple(layers)))
        return made

    def layers(self, reel: Reel, timeline: Timeline, size: tuple[int, int]) -> list[Layer]:
        """What lies over the whole reel: burned captions and the logo."""
        from studio.media import lettering
        from studio.media.reel import Layer

        safe, found = preset_of(reel).safe, []
        if reel.captions in ("burned", "both"):
            for cue in cues(reel.shots, timeline):
                image, at = lettering.overlay(size, cue.text, "caption", "bottom", safe)
                begin, end = round(cue.begin * timeline.fps), round(cue.end * timeline.fps)
                found.append(Layer(image, at, begin, end))
        if reel.logo:
            found.append(self._logo(reel, size, safe))
        return found

    def _logo(self, reel: Reel, size: tuple[int, int], safe: tuple[float, float]) -> Layer:
        from studio.media.pictures import open_picture
        from studio.media.reel import Layer

        logo = reel.logo
        image = open_picture(self.inputs.path(logo.image, "logo")).convert("RGBA")
        wide = max(8, round(size[0] * logo.size))
        high = max(8, round(wide * image.height / image.width))
        if high > size[1] * 0.4:
            wide, high = max(8, round(size[1] * 0.4 * image.width / image.height)), round(size[1] * 0.4)
        image = image.resize((wide, high))
        image.putalpha(image.getchannel("A").point(lambda value: round(value * logo.opacity)))
        margin = size[0] * 0.04
        x = margin if "left" in logo.corner else size[0] - wide - margin
        y = size[1] * safe[0] * 0.6 + margin if "top" in logo.corner else size[1] * (1 - safe[1]) - high
        even = lambda number: max(0, round(number / 2) * 2)
        return Layer(image, (even(x), even(min(max(0, y), size[1] - high))))

    # ------------------------------------------------------------------ sound
    def mix(self, reel: Reel, seconds: float, folder: Path, report: Callable[[int], None]) -> Mix | None:
        """The finished mix in `folder`; None for a silent reel."""
        from studio.media import sound_mix
        from studio.media.reel import Sounds as Mix

        tracks = []
        for part, kind in ((reel.music, "music"), (reel.voice, "voice")):
            if part is None:
                tracks.append(None)
                continue
            sound = self.sounds.usable(part.sound_id, kind)
            tracks.append(sound_mix.Track(self.paths.inside(sound.file), part.volume, part.begin))
        if not any(tracks):
            return None
        duck = reel.voice.duck if reel.voice else True
        gain = sound_mix.mixed(folder / "mix.wav", seconds, *tracks, duck=duck, report=report)
        return None if gain is None else Mix("mix.wav", gain)


def face_of(image: Image, engine: str = "") -> tuple[float, float]:
    """The middle of the face, as shares of the sides: by dlib in photographs when it is installed, else by colours."""
    from pipelines import identity
    from studio.media.subject import subject

    boxes = []
    if identity.ready("photo") is None and identity.kind_of(image, engine) == "photo":
        boxes = identity.faces(image)
    if boxes:
        left, top, right, bottom = max(boxes, key=lambda one: (one[2] - one[0]) * (one[3] - one[1]))
    else:
        head, _ = subject(image)
        left, top, right, bottom = (one / image.size[at % 2] for at, one in enumerate(head))
    inside = lambda share: round(min(0.95, max(0.05, share)), 4)
    return inside((left + right) / 2), inside((top + bottom) / 2)


def spoken(reel: Reel) -> list[str]:
    """Every word that is written over a reel."""
    return [text for shot in reel.shots for text in (shot.text, shot.caption) if text.strip()]


def preset_of(reel: Reel) -> Preset:
    return BY_ID.get(reel.preset, BY_ID["generic"])


def weight(seconds: float, preset: Preset) -> int:
    """The most bytes such a file can have."""
    return round(seconds * (preset.video_rate + preset.audio_rate) * 125 * 1.05)


def repeated(sound: Sound, begin: float, seconds: float) -> list[float]:
    """The beats of a sound that starts `begin` seconds into itself and goes on from its start when it ends."""
    found: list[float] = []
    offset = -begin
    while sound.beats and sound.seconds > 0.5 and offset < seconds:
        found += [round(offset + beat, 3) for beat in sound.beats if 0 <= offset + beat < seconds]
        offset += sound.seconds
    return found


def preview_look(reel: Reel, seconds: float) -> tuple[tuple[int, int], int]:
    """Size and pace of the preview."""
    return size_of(reel.aspect, PREVIEW_SIDE), PREVIEW_FPS[seconds > 60]
