"""Speech: sentences, pronunciations, and the engine that ships, heard by a recogniser."""

import numpy
import pytest

from pipelines import speech
from pipelines.base import EngineError


def test_sentences_end_where_people_end_them():
    """Abbreviations and initials end none; lines do; nothing gives nothing."""
    text = 'Dr. Reed met J. Smith. "Really?" she said!\n\nYes…  It is 3.5 metres'
    assert [*speech.sentences(text)] == [
        "Dr. Reed met J. Smith.", '"Really?', "she said!", "Yes…", "It is 3.5 metres",
    ]  # fmt: skip
    assert [*speech.sentences(" \n ")] == []


def test_words_are_said_the_characters_own_way():
    """Whole words, whatever their capitals, the longest first; signs of patterns are only signs."""
    words = {"Mirazu": "mee rah zoo", "Mirazu Bay": "the bay", "C++": "see plus plus", " ": "x"}
    text = speech.pronounced("mirazu and Mirazu Bay, Mirazus, C++", words)
    assert text == "mee rah zoo and the bay, Mirazus, see plus plus"


@pytest.mark.parametrize("one", speech.ENGINES, ids=lambda one: one.spec.id)
def test_every_engine_keeps_the_contract(one):
    """Data, a reason when it cannot speak, the same samples for the same words, a slower pace that is longer."""
    assert one.spec.voices
    assert one.spec.licence
    if one.ready():
        pytest.skip(one.ready())
    said, rate = speech.speak("Good morning. How are you?", one.spec.id)
    assert said.dtype == numpy.float32
    assert 0.05 < numpy.abs(said).max() <= 1
    assert 1 < len(said) / rate < 6
    assert numpy.array_equal(said, speech.speak("Good morning. How are you?", one.spec.id)[0])
    assert len(speech.speak("Good morning. How are you?", one.spec.id, speed=0.7)[0]) > 1.2 * len(said)
    for text in ("?!", "", "🙂"):
        with pytest.raises(EngineError, match="can be said"):
            speech.speak(text, one.spec.id)
    with pytest.raises(EngineError, match="no speech engine"):
        speech.speak("Hello", "nobody")


def test_what_is_said_is_understood():
    """A recogniser writes down most of the words."""
    pocketsphinx = pytest.importorskip("pocketsphinx")
    if speech.ENGINES[0].ready():
        pytest.skip(speech.ENGINES[0].ready())
    text = "good morning the weather is good and we are going to the beach today"
    said, rate = speech.speak(text)
    there = numpy.arange(0, len(said), rate / 16_000)
    heard = numpy.interp(there, numpy.arange(len(said)), said)
    decoder = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw((heard * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    words = set((decoder.hyp().hypstr if decoder.hyp() else "").split())
    assert len(words & set(text.split())) >= 0.6 * len(set(text.split()))
