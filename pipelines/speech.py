"""Speech from words: engines behind one contract, listed in `ENGINES`. Knows texts and samples, no characters.

A text is said sentence by sentence: stopping takes a sentence, and long texts need no more memory than short ones.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from pipelines.base import EngineError

if TYPE_CHECKING:
    import numpy

PAUSE = 0.28  # seconds between two sentences
_ENDS = re.compile(r'(?<=[.!?…。！？])["”’)\]]*\s+(?=\S)|\n+')
_ABBREVIATED = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|vs|etc|e\.g|i\.e)|\b[A-Z])\.$")


@dataclass(frozen=True)
class SpeechSpec:
    """One engine as data. `voices` are (id, name); `uses` names what a form may set; `sends` what leaves here."""

    id: str
    name: str
    summary: str
    licence: str
    languages: tuple[str, ...]
    voices: tuple[tuple[str, str], ...]
    rate: int = 24_000
    speeds: tuple[float, float] = (0.5, 2.0)
    uses: frozenset[str] = frozenset({"speed"})
    sends: str = "nothing"


class SpeechEngine(Protocol):
    """Says sentences. `say` may be called from any thread; it is never called twice at once."""

    spec: SpeechSpec

    def ready(self) -> str | None:
        """None when it can speak, else one sentence that says what is missing."""

    def say(self, sentence: str, voice: str, speed: float) -> "numpy.ndarray":
        """(n,) float32, mono at `spec.rate`, -1 to 1. The same words give the same samples. Raises EngineError."""


class Hibari:
    """hibari-tts: one American voice, 14 MB, over a hundred times faster than speech on one core."""

    spec = SpeechSpec(
        "hibari", "Hibari", "One American English voice that ships with the studio.", "Apache-2.0", ("en",),
        (("heart", "Heart, American English"),),
    )  # fmt: skip

    def __init__(self):
        self._loaded = None

    def ready(self) -> str | None:
        if find_spec("hibari") is None:
            return "hibari-tts is not installed. Run “pip install hibari-tts” in the studio's environment."
        return None

    def say(self, sentence: str, voice: str, speed: float) -> "numpy.ndarray":
        import numpy

        if self._loaded is None:
            from hibari import Hibari as Voice

            self._loaded = Voice(voice="heart")  # the one that is in the package; others would be downloaded
        pieces = list(self._loaded.stream(sentence, speed=speed, seed=0))
        return numpy.concatenate(pieces) if pieces else numpy.zeros(0, numpy.float32)


ENGINES: tuple[SpeechEngine, ...] = (Hibari(),)
_one_at_a_time = threading.Lock()


def engine(id: str) -> SpeechEngine:
    """The engine with this id. EngineError when there is none, or it cannot speak."""
    found = next((one for one in ENGINES if one.spec.id == id), None)
    if found is None:
        raise EngineError(f"There is no speech engine “{id}”.", f"Use {', '.join(one.spec.id for one in ENGINES)}.")
    if missing := found.ready():
        raise EngineError(missing, "", "not_ready")
    return found


def sentences(text: str) -> Iterator[str]:
    """The text's sentences; abbreviations and initials end none."""
    held = ""
    for piece in _ENDS.split(text):
        piece = " ".join(piece.split())
        if not piece:
            continue
        held = f"{held} {piece}" if held else piece
        if not _ABBREVIATED.search(held):
            yield held
            held = ""
    if held:
        yield held


def pronounced(text: str, words: Mapping[str, str]) -> str:
    """The text with every whole word of the dictionary (whatever its capitals) written as it is said."""
    for word, said in sorted(words.items(), key=lambda pair: -len(pair[0])):
        if word.strip():
            text = re.sub(rf"(?<!\w){re.escape(word.strip())}(?!\w)", lambda _, said=said: said, text, flags=re.I)
    return text


def speak(
    text: str,
    id: str = "hibari",
    voice: str = "",
    speed: float = 1.0,
    words: Mapping[str, str] | None = None,
    check: Callable[[], None] = lambda: None,
) -> tuple["numpy.ndarray", int]:
    """The whole text as (n,) float32 samples and their rate. `check` is called between sentences and may raise.

    Raises EngineError when the engine cannot speak, or nothing in the text can be said.
    """
    import numpy

    speaker = engine(id)
    voice = voice or speaker.spec.voices[0][0]
    low, high = speaker.spec.speeds
    gap = numpy.zeros(round(PAUSE * speaker.spec.rate), numpy.float32)
    said: list[numpy.ndarray] = []
    for sentence in sentences(pronounced(text, words or {})):
        check()
        if not any(one.isalnum() for one in sentence):
            continue
        with _one_at_a_time:
            samples = speaker.say(sentence, voice, min(high, max(low, speed)))
        said += [gap, samples] if said else [samples]
    if not said or not any(len(one) for one in said):
        raise EngineError("There is nothing in this text that can be said.", "Write a sentence.", "no_words")
    return numpy.concatenate(said), speaker.spec.rate
