"""Voices with a written speaker: said in the character's way, kept with their words, in a reel where captions are."""

import numpy
import pytest

from pipelines import speech
from studio.domain.motion import NewProject, ShotPatch, SpeechRequest
from studio.errors import Refused, StudioError
from studio.media import ffmpeg, sound_mix
from tests import sounds
from tests.unit.test_motion import mira, opened, picture, reel, studio  # noqa: F401  fixtures


class Speaker:
    """Says a tone as long as the sentence, and remembers what it said."""

    spec = speech.SpeechSpec("hibari", "Test", "A tone.", "MIT", ("en",), (("tone", "Tone"),))

    def __init__(self):
        self.said = []

    def ready(self):
        return None

    def say(self, sentence, voice, speed):
        self.said.append((sentence, voice, speed))
        return sounds.tone(0.03 * len(sentence) / speed, 300, 0.2, self.spec.rate).astype("f4")


@pytest.fixture
def speaker(monkeypatch):
    made = Speaker()
    monkeypatch.setattr(speech, "ENGINES", (made,))
    return made


def test_a_text_is_said_the_characters_way_and_kept(studio, mira, speaker):  # noqa: F811
    """Pace and pronunciations are the character's; the sound has its words, its engine and one loudness."""
    rule = {"speed": 0.8, "words": [{"word": "Mirazu", "say": "mee rah zoo"}]}
    studio.characters.update(mira.id, {"voice": rule})
    wanted = SpeechRequest(text="Mirazu waits. She is here.", character_id=mira.id)
    sound = studio.motion.voices.speak(wanted)
    assert speaker.said == [("mee rah zoo waits.", "tone", 0.8), ("She is here.", "tone", 0.8)]
    assert (sound.kind, sound.words, sound.engine, sound.character_id) == ("voice", wanted.text, "hibari", mira.id)
    assert sound_mix.loudness(studio.motion.sounds.file(sound.id)) == pytest.approx(-16, abs=1)
    for format, codec in (("mp3", "mp3"), ("ogg", "vorbis"), ("wav", "pcm_s16le")):
        path = studio.motion.voices.converted(sound.id, format)
        assert ffmpeg.facts(path).audio == codec
        assert b"synthetic voice" in path.read_bytes()
    with pytest.raises(StudioError, match="not a format"):
        studio.motion.voices.converted(sound.id, "exe")
    with pytest.raises(StudioError, match="can be said"):
        studio.motion.voices.speak(SpeechRequest(text="?!"))
    with pytest.raises(Refused):
        studio.motion.voices.speak(SpeechRequest(text="A nude child."))


def test_captions_are_said_when_they_are_shown(studio, reel, speaker):  # noqa: F811
    """Each begins with its shot; a long one moves the next on; without captions there is nothing to say."""
    motion = studio.motion
    with pytest.raises(StudioError, match="has a caption"):
        motion.voices.narrate(reel.id)
    motion.patch_every(reel.id, ShotPatch(seconds=1.0))
    for shot, words in zip(reel.reel.shots[1:], ("A first one that is far too long for it", "Two"), strict=True):
        motion.patch_shot(reel.id, shot.id, ShotPatch(caption=words))
    project = motion.voices.narrate(reel.id)
    sound = motion.sounds.get(project.reel.voice.sound_id)
    assert sound.words.splitlines() == ["A first one that is far too long for it", "Two"]
    heard = numpy.abs(sound_mix.samples(motion.sounds.file(sound.id), 8000))
    loud = numpy.flatnonzero(heard > 0.02) / 8000
    assert loud[0] == pytest.approx(1.1, abs=0.03)
    pause = numpy.flatnonzero(numpy.diff(loud) > 0.1)
    assert len(pause) == 1
    assert motion.undo(reel.id).reel.voice is None
    assert motion.voices.engines()[0]["ready"] is None
    assert motion.create(NewProject()).reel.voice is None
