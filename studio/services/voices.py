"""Voices: what a character says, as sounds of the house. What was said is kept with each."""

from __future__ import annotations

import logging
import shutil
import time
import wave
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.character import Character, VoiceRule
from studio.domain.motion import Project, ProjectPatch, Sound, SpeechRequest
from studio.domain.timeline import cues
from studio.errors import StudioError
from studio.services.engine_use import translated
from studio.services.ratings import refuse_words

if TYPE_CHECKING:
    import numpy

    from studio.services.motion import Motion

log = logging.getLogger("studio.motion")

LOUDNESS = -16.0  # LUFS of a voice by itself
FORMATS = {"wav": (".wav", ["-c:a", "pcm_s16le"]), "mp3": (".mp3", ["-c:a", "libmp3lame", "-q:a", "2"]),
           "ogg": (".ogg", ["-c:a", "libvorbis", "-q:a", "5"])}  # fmt: skip
_PEAK = 0.84
_BREATH = 0.15  # seconds between captions that follow each other


class Voices:
    """Over Motion's sounds: a voice is a sound of kind "voice" with its words."""

    def __init__(self, motion: Motion):
        self.motion, self.store, self.paths, self.sounds = motion, motion.store, motion.paths, motion.sounds

    def engines(self) -> list[dict]:
        """Engines as data, with what keeps one from speaking (`ready` None: nothing)."""
        from pipelines.speech import ENGINES

        return [
            {"id": one.spec.id, "name": one.spec.name, "summary": one.spec.summary, "licence": one.spec.licence,
             "languages": [*one.spec.languages], "voices": [{"id": id, "name": name} for id, name in one.spec.voices],
             "speeds": [*one.spec.speeds], "uses": sorted(one.spec.uses), "sends": one.spec.sends, "ready": one.ready()}
            for one in ENGINES
        ]  # fmt: skip

    def speak(self, wanted: SpeechRequest) -> Sound:
        """The text in the character's voice, at -16 LUFS, kept as a sound. Raises StudioError, NotFound, Refused."""
        character = self.store.characters.get(wanted.character_id) if wanted.character_id else None
        refuse_words([wanted.text], character.age if character else None, "text")
        samples, rate = self._said(wanted.text, self._rule(character, wanted.speed))
        return self._kept(samples, rate, wanted.text, wanted.name, character)

    def narrate(self, project_id: str) -> Project:
        """The captions of a reel, each said when it is shown, as the reel's voice. Raises StudioError without one."""
        import numpy

        project = self.motion.get(project_id)
        shots = project.reel.shots
        found = cues(shots, self.motion.timeline(project)) if shots else []
        if not found:
            raise StudioError("No shot of this reel has a caption.", "Write one first; it is said when it is shown.")
        known = project.character_id in self.store.characters
        character = self.store.characters.get(project.character_id) if known else None
        self.motion.plan.refuse(project.reel, project.character_id)
        rule, parts, reached, rate = self._rule(character), [], 0, 24_000
        for cue in found:
            samples, rate = self._said(cue.text, rule)
            begin = max(round((cue.begin + 0.1) * rate), reached + (round(_BREATH * rate) if parts else 0))
            parts += [numpy.zeros(begin - reached, numpy.float32), samples]
            reached = begin + len(samples)
        words = "\n".join(cue.text for cue in found)
        sound = self._kept(numpy.concatenate(parts), rate, words, f"{project.name}, spoken"[:120], character)
        voice = {"sound_id": sound.id, "begin": 0.0}
        return self.motion.patch(project_id, ProjectPatch(voice=voice))

    def converted(self, sound_id: str, format: str) -> Path:
        """The sound as WAV, MP3 or OGG; what the studio said itself says so in the file. Raises StudioError."""
        from studio.media import ffmpeg

        if format not in FORMATS:
            raise StudioError(f"“{format[:20]}” is not a format.", f"Choose {', '.join(FORMATS)}.", field="format")
        sound = self.sounds.get(sound_id)
        source, (ending, words) = self.paths.inside(sound.file), FORMATS[format]
        target = self.paths.house / "previews" / f"{sound.id}{ending}"
        if source.is_file() and target.is_file() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            return target
        work = self.paths.house / "tmp" / f"voice-{sound.id}-{time.time_ns() % 10**9}"
        work.mkdir(parents=True)
        try:
            said = ["-metadata", "comment=Made with AI: synthetic voice"] if sound.engine else []
            title = ["-metadata", f"title={sound.name}"]
            ffmpeg.run(
                [*ffmpeg.before(source), "-vn", "-map_metadata", "-1", *title, *said, *words, f"out{ending}"],
                work,
                what=sound.name,
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            (work / f"out{ending}").replace(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return target

    @staticmethod
    def _rule(character: Character | None, speed: float | None = None) -> VoiceRule:
        rule = character.voice if character else VoiceRule()
        return rule.model_copy(update={"speed": speed}) if speed else rule

    @staticmethod
    def _said(text: str, rule: VoiceRule) -> tuple[numpy.ndarray, int]:
        from pipelines import speech

        words = {one.word: one.say for one in rule.words}
        with translated():
            return speech.speak(text, rule.engine, rule.voice, rule.speed, words)

    def _kept(self, samples: numpy.ndarray, rate: int, text: str, name: str, character: Character | None) -> Sound:
        """The samples at the right loudness, as a sound with its words."""
        from studio.media import ffmpeg, sound_mix

        work = self.paths.house / "tmp" / f"speech-{time.time_ns()}"
        work.mkdir(parents=True)
        try:
            _write(work / "said.wav", samples, rate)
            loudness = sound_mix.loudness(work / "said.wav")
            gain = 0.0 if loudness is None else min(LOUDNESS - loudness, 24.0)
            ffmpeg.run(
                ["-i", "said.wav", "-af", f"volume={gain:.2f}dB,alimiter=limit={_PEAK}:level=0", "-ar", str(rate),
                 "-c:a", "pcm_s16le", "-metadata", "comment=Made with AI: synthetic voice", "voice.wav"],
                work,
                what="The voice",
            )  # fmt: skip
            named = " ".join((name or text).split())[:60] or "Voice"
            owner = character.id if character else None
            sound = self.sounds.bring_in(work / "voice.wav", "voice", name=named, character_id=owner, words=text)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        engine = (character.voice if character else VoiceRule()).engine
        return self.store.sounds.update(sound.id, lambda one: setattr(one, "engine", engine))


def _write(path: Path, samples: numpy.ndarray, rate: int) -> None:
    import numpy

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((numpy.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
