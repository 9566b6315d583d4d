"""When a reel shows what, in whole frames. It knows numbers only: no files, no ffmpeg.

A shot lasts from the middle of the cut before it to the middle of the cut after it, so a reel is as long as its shots'
seconds together, whatever the transitions are. A transition of T frames is shown by both its shots: T is even, and each
of them has T / 2 frames more.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from studio.domain.motion import SHORTEST, Shot


@dataclass(frozen=True)
class Span:
    """One shot on the timeline, in frames. `first` and `last` (not included) are the middles of its cuts; it is seen
    from `first - before` to `last + after`, which are the halves of its transitions.
    """

    first: int
    last: int
    before: int = 0
    after: int = 0

    @property
    def frames(self) -> int:
        """How many frames of it are rendered."""
        return self.before + self.last - self.first + self.after


@dataclass(frozen=True)
class Timeline:
    """The spans of the shots, and how many frames there are in all."""

    spans: tuple[Span, ...]
    fps: int

    @property
    def frames(self) -> int:
        return self.spans[-1].last if self.spans else 0

    @property
    def seconds(self) -> float:
        return self.frames / self.fps

    def cuts(self) -> list[float]:
        """The middles of the cuts in seconds."""
        return [span.first / self.fps for span in self.spans[1:]]


def laid_out(shots: Sequence[Shot], fps: int, beats: Sequence[float] = ()) -> Timeline:
    """The shots one after the other at `fps`; each cut moves to the beat (seconds into the reel) nearest to where it
    would be, when there is one that leaves both its shots long enough.
    """
    marks, wanted = [0.0], 0.0
    for number, shot in enumerate(shots):
        wanted = marks[-1] + shot.seconds
        last = number == len(shots) - 1
        marks.append(wanted if last else _on_beat(wanted, marks[-1] + SHORTEST, shot.seconds, beats))
    frames = [round(mark * fps) for mark in marks]
    for at in range(1, len(frames)):  # every shot has a frame of its own
        frames[at] = max(frames[at], frames[at - 1] + 1)
    lengths = [last - first for first, last in zip(frames, frames[1:], strict=False)]
    halves = [0]
    for number, shot in enumerate(shots[:-1]):
        room = min(lengths[number] - 1 - halves[-1], (lengths[number + 1] - 1) // 2)
        half = 0 if shot.transition == "cut" else round(shot.transition_seconds * fps / 2)
        halves.append(max(0, min(half, room)))
    halves.append(0)
    spans = [
        Span(first, last, halves[number], halves[number + 1])
        for number, (first, last) in enumerate(zip(frames, frames[1:], strict=False))
    ]
    return Timeline(tuple(spans), fps)


def _on_beat(wanted: float, earliest: float, seconds: float, beats: Sequence[float]) -> float:
    """The beat nearest to `wanted`, at most 60 % of the shot's length away from it, else `wanted`."""
    at = bisect.bisect_left(beats, wanted)
    near = [beat for beat in beats[max(0, at - 1) : at + 1] if beat >= earliest]
    best = min(near, key=lambda beat: abs(beat - wanted), default=None)
    return best if best is not None and abs(best - wanted) <= 0.6 * seconds else wanted


@dataclass(frozen=True)
class Cue:
    """A subtitle: what is shown from `begin` to `end`, in seconds."""

    begin: float
    end: float
    text: str


def cues(shots: Sequence[Shot], timeline: Timeline) -> list[Cue]:
    """The captions of the shots with their times; the same words over several shots are one subtitle."""
    found: list[Cue] = []
    for shot, span in zip(shots, timeline.spans, strict=True):
        text = " ".join(shot.caption.split())
        if not text:
            continue
        begin, end = span.first / timeline.fps, span.last / timeline.fps
        if found and found[-1].text == text and abs(found[-1].end - begin) < 1e-6:
            found[-1] = Cue(found[-1].begin, end, text)
        else:
            found.append(Cue(begin, end, text))
    return found
