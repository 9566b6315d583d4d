"""How far a job is and how long it still takes. In memory only: a step costs no write. It knows numbers and clocks."""

from collections import deque

from studio.domain.job import Progress

WINDOW = 12  # steps the mean runs over: long enough to be calm, short enough to follow a machine that slows down


class Pace:
    """Steps done of a total, and their mean time.

    A new total, or counting that starts over, is a new stretch of work with a pace of its own. The time before the
    first report is not a step: it is the model loading. Times are seconds of a monotonic clock, given by the caller.
    """

    def __init__(self):
        self.done = self.total = 0
        self.note = ""
        self._marks: deque[tuple[int, float]] = deque(maxlen=WINDOW + 1)

    def step(self, done: int, total: int, note: str, at: float) -> None:
        """`done` of `total` steps were finished at the time `at`."""
        if total != self.total or done < self.done:
            self._marks.clear()
        if not self._marks or done > self._marks[-1][0]:
            self._marks.append((done, at))
        self.done, self.total, self.note = done, total, note

    def progress(self, at: float) -> Progress:
        """Progress as seen at the time `at`: the seconds left count down between two steps."""
        seen = Progress(done=self.done, total=self.total, note=self.note)
        left, seconds = max(self.total - self.done, 0), self._seconds_per_step()
        if self.total and not left:
            seen.eta_s = 0.0
        elif self.total and seconds is not None:
            seen.eta_s = round(max(left * seconds - max(at - self._marks[-1][1], 0.0), 0.0), 2)
        seen.rate = round(1 / seconds, 3) if seconds else None
        return seen

    def _seconds_per_step(self) -> float | None:
        if len(self._marks) < 2:
            return None
        (first, began), (last, ended) = self._marks[0], self._marks[-1]
        return max(ended - began, 0.0) / (last - first)
