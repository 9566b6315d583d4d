"""Sounds people bring in: music and voices, with the right to use them as they stated it. Files of the house."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.document import new_id, now
from studio.domain.motion import Sound, SoundKind, SoundPatch
from studio.errors import Conflict, NotFound, StudioError, TooLarge
from studio.paths import Paths, safe_name

if TYPE_CHECKING:
    from studio.store import Store

log = logging.getLogger("studio.motion")

MOST_BYTES = 200 * 1024 * 1024
MOST_SECONDS = 1800
SHORTEST = 0.2
ENDINGS = {
    "mp3": ".mp3",
    "wav": ".wav",
    "flac": ".flac",
    "vorbis": ".ogg",
    "opus": ".ogg",
    "aac": ".m4a",
    "alac": ".m4a",
}
LICENCES = (
    "My own work",
    "Bought a licence",
    "CC0 or public domain",
    "CC BY (author is named)",
    "Cleared by the rights holder",
)


class Sounds:
    """Files lie under the house folder, named by their ids. Nothing is uploaded anywhere."""

    def __init__(self, store: Store, paths: Paths):
        self.store, self.paths, self.folder = store, paths, paths.house / "sounds"
        self._lock = threading.RLock()

    def list(self, kind: SoundKind | None = None, *, trashed: bool = False) -> list[Sound]:
        """Sounds, newest first."""
        found = [one for one in self.store.sounds.all() if bool(one.trashed_at) == trashed and kind in (None, one.kind)]
        return sorted(found, key=lambda one: one.id, reverse=True)

    def get(self, sound_id: str) -> Sound:
        """Also from the trash. Raises NotFound."""
        return self.store.sounds.get(sound_id)

    def file(self, sound_id: str) -> Path:
        """Its file, which may be missing: whoever opens it says so."""
        return self.paths.inside(self.get(sound_id).file)

    def bring_in(
        self,
        path: Path | str,
        kind: SoundKind = "music",
        *,
        name: str = "",
        licence: str = "",
        credit: str = "",
        character_id: str | None = None,
        words: str = "",
    ) -> Sound:
        """Keep a copy of this file and listen for its beats. The same file is kept once.

        Raises StudioError for what is no sound, is too short or too long, or is music whose licence nobody states.
        """
        from studio.media import ffmpeg, sound_mix
        from studio.media.beats import RATE, beats

        path, licence = Path(path), " ".join(licence.split())
        if kind not in ("music", "voice"):
            raise StudioError("A sound is music or a voice.", "Send kind as music or voice.", field="kind")
        if kind == "music" and not licence:
            raise StudioError(
                "Nobody has said that this music may be used.",
                f"State it, for instance “{LICENCES[0]}”.",
                field="licence",
            )
        if path.stat().st_size > MOST_BYTES:
            raise TooLarge(f"{path.name} is over {MOST_BYTES // 2**20} MB.", "Choose a shorter sound.")
        found = ffmpeg.facts(path)
        if not found.audio:
            raise StudioError(f"There is no sound in {path.name}.", "Choose an MP3, WAV, FLAC, OGG or M4A file.")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with self._lock:
            for known in self.list(kind):
                if known.sha256 == digest:
                    return self.patch(known.id, SoundPatch(licence=licence)) if licence else known
        heard = sound_mix.samples(path, RATE, MOST_SECONDS + 1)  # listening to all of it tells damaged files
        seconds = len(heard) / RATE
        if seconds > MOST_SECONDS:
            raise TooLarge(f"{path.name} is over {MOST_SECONDS // 60} minutes long.", "Cut it first.")
        if seconds < SHORTEST:
            raise StudioError(f"{path.name} holds no sound that could be played.", "Choose another file.")
        tempo, times = beats(heard, RATE) if kind == "music" else (None, [])
        if character_id:
            self.store.characters.get(character_id)
        self.folder.mkdir(parents=True, exist_ok=True)
        id = new_id()
        ending = (
            ".m4a" if found.video else ENDINGS.get(found.audio, ".wav" if found.audio.startswith("pcm") else ".mka")
        )
        target = self.folder / f"{id}{ending}"
        try:
            temporary = target.with_suffix(".part")
            if found.video:  # the sound of a clip, without its pictures
                ffmpeg.run([*ffmpeg.before(path), "-vn", "-c:a", "aac", "-b:a", "192k", "-f", "mp4", temporary.name],
                           self.folder, what=path.name)  # fmt: skip
            else:
                shutil.copyfile(path, temporary)
            temporary.replace(target)
            return self.store.sounds.add(
                Sound(
                    id=id,
                    kind=kind,
                    name=" ".join((name or safe_name(path.stem, "Sound")).split())[:120] or "Sound",
                    file=self.paths.relative(target),
                    seconds=round(seconds, 3),
                    bytes=target.stat().st_size,
                    sha256=digest,
                    licence=licence[:300],
                    credit=" ".join(credit.split())[:300],
                    character_id=character_id,
                    words=words[:4000],
                    tempo=tempo,
                    beats=times,
                )
            )
        except BaseException:
            for left in (target, target.with_suffix(".part")):
                left.unlink(missing_ok=True)
            raise

    def patch(self, sound_id: str, patch: SoundPatch) -> Sound:
        """Change name, licence or credit. Music keeps a licence."""
        if patch.licence is not None and not patch.licence and self.get(sound_id).kind == "music":
            raise StudioError(
                "Music needs a statement of its licence.", "Say what allows you to use it.", field="licence"
            )

        def change(one: Sound) -> None:
            for name, value in patch.model_dump(exclude_none=True).items():
                setattr(one, name, value)

        return self.store.sounds.update(sound_id, change)

    def trash(self, sound_id: str) -> Sound:
        """Off the lists. Reels that use it keep it until it is deleted for good."""
        return self.store.sounds.update(sound_id, lambda one: setattr(one, "trashed_at", one.trashed_at or now()))

    def restore(self, sound_id: str) -> Sound:
        return self.store.sounds.update(sound_id, lambda one: setattr(one, "trashed_at", None))

    def delete_forever(self, sound_id: str) -> None:
        """Document and file. Raises Conflict unless it is in the trash."""
        sound = self.get(sound_id)
        if not sound.trashed_at:
            raise Conflict("This sound is not in the trash.", "Move it to the trash first.")
        self.store.sounds.remove(sound_id)
        with contextlib.suppress(OSError, StudioError):
            self.paths.inside(sound.file).unlink(missing_ok=True)

    def usable(self, sound_id: str, kind: SoundKind) -> Sound:
        """The sound when a reel may use it. Raises NotFound, StudioError."""
        sound = self.get(sound_id)
        if not self.paths.inside(sound.file).is_file():
            raise NotFound(f"The file of “{sound.name}” is missing.", "Bring it in again.", field=kind)
        if sound.kind != kind:
            raise StudioError(f"“{sound.name}” is no {kind}.", "Choose another sound.", field=kind)
        return sound
