"""Where the beats of a piece of music are. Own and small: numpy only.

Onset strength by spectral flux on a logarithmic scale, tempo by its autocorrelation, beats by dynamic programming that
weighs onset strength against an even pace (the method of Ellis, "Beat Tracking by Dynamic Programming", 2007).
"""

import numpy

RATE = 22050  # samples per second of what is listened to
_HOP, _WINDOW = 256, 1024  # 11.6 ms steps: half of that is the error of a beat's place
_SLOWEST, _FASTEST, _USUAL = 60, 190, 120  # beats a minute
_STEADY = 100.0  # how dearly an uneven pace is paid for
_LEAST_SECONDS = 4.0
_LEAD = _WINDOW // 2 + 200  # samples from a step's start to the onset that makes it strong, measured on clicks
_CLEAR = 0.12  # likeness to itself one beat later; noise has about 0.06, music with a pulse 0.3 and more


def beats(samples: "numpy.ndarray", rate: int = RATE) -> tuple[float | None, list[float]]:
    """Tempo in beats a minute and the beats in seconds; (None, []) when the sound is too short or has no pulse.

    `samples` is mono, any float scale.
    """
    samples = numpy.asarray(samples, numpy.float32)
    if len(samples) < _LEAST_SECONDS * rate:
        return None, []
    strength = onsets(samples)
    if strength.max(initial=0) <= 1e-6:
        return None, []
    pace = rate / _HOP  # steps a second
    lag, clearness = _period(strength, pace)
    if lag is None or clearness < _CLEAR:
        return None, []
    found = _tracked(strength, lag)
    if len(found) < 4:
        return None, []
    times = [round(float(one * _HOP + _LEAD) / rate, 3) for one in _sharpened(strength, found)]
    return round(60 / float(numpy.median(numpy.diff(times))), 1), times


def onsets(samples: "numpy.ndarray") -> "numpy.ndarray":
    """How much comes in new at each step: (steps,) float32, 0 or more, with the slow changes of loudness taken out."""
    count = 1 + max(0, len(samples) - _WINDOW) // _HOP
    window = numpy.hanning(_WINDOW).astype(numpy.float32)
    edges = numpy.unique(numpy.geomspace(2, _WINDOW // 2, 41).astype(int))  # bands that widen with the pitch
    bands = numpy.empty((count, len(edges) - 1), numpy.float32)
    for start in range(0, count, 2048):
        at = numpy.arange(start, min(start + 2048, count))
        frames = samples[at[:, None] * _HOP + numpy.arange(_WINDOW)[None]] * window
        power = numpy.abs(numpy.fft.rfft(frames, axis=1)) ** 2
        bands[at] = numpy.add.reduceat(power, edges[:-1], axis=1)[:, : len(edges) - 1]
    level = numpy.log10(bands + 1e-4 * max(float(bands.max(initial=0)), 1e-9))
    flux = numpy.maximum(level[1:] - level[:-1], 0).mean(1)
    flux = numpy.concatenate([[0.0], flux]).astype(numpy.float32)
    width = 87  # about a second
    slow = numpy.convolve(flux, numpy.ones(width, numpy.float32) / width, "same")
    strength = numpy.maximum(flux - slow, 0)
    spread = float(strength.std())
    return strength / spread if spread > 1e-6 else strength * 0


def _period(strength: "numpy.ndarray", pace: float) -> tuple[float | None, float]:
    """Steps from beat to beat, and how clear that is (0-1)."""
    size = 1 << int(numpy.ceil(numpy.log2(2 * len(strength))))
    spectrum = numpy.fft.rfft(strength - strength.mean(), size)
    likeness = numpy.fft.irfft(spectrum * spectrum.conj(), size)[: len(strength)]
    if likeness[0] <= 0:
        return None, 0.0
    likeness = likeness / likeness[0]
    first, last = int(pace * 60 / _FASTEST), min(int(pace * 60 / _SLOWEST) + 1, len(likeness) - 2)
    if last - first < 2:
        return None, 0.0
    lags = numpy.arange(first, last)
    octaves = numpy.log2(lags * _USUAL / (60 * pace))
    weighed = likeness[lags] * numpy.exp(-0.5 * (octaves / 0.9) ** 2)
    best = int(numpy.argmax(weighed))
    lag = float(lags[best])
    if 0 < best < len(lags) - 1:  # between two steps, by the parabola through three
        left, middle, right = likeness[lags[best] - 1 : lags[best] + 2]
        bend = left - 2 * middle + right
        lag += float(0.5 * (left - right) / bend) if bend < 0 else 0.0
    return lag, float(likeness[int(round(lag))])


def _tracked(strength: "numpy.ndarray", lag: float) -> list[int]:
    """The steps of the best chain of beats about `lag` apart."""
    count = len(strength)
    reach = numpy.arange(-int(round(2 * lag)), -int(round(lag / 2)) + 1)
    dear = -_STEADY * numpy.log(-reach / lag) ** 2
    smooth = numpy.convolve(strength, numpy.exp(-0.5 * (numpy.arange(-8, 9) / 2.0) ** 2), "same")
    total, back = smooth.astype(numpy.float64).copy(), numpy.full(count, -1)
    for at in range(count):
        from_ = at + reach
        if from_[-1] < 0:
            continue
        usable = from_ >= 0
        scores = total[from_[usable]] + dear[usable]
        best = int(numpy.argmax(scores))
        if scores[best] > 0:
            total[at] += scores[best]
            back[at] = from_[usable][best]
    at = int(numpy.argmax(total[-max(1, int(lag)) :])) + count - max(1, int(lag))
    found = []
    while at >= 0:
        found.append(at)
        at = int(back[at])
    return found[::-1]


def _sharpened(strength: "numpy.ndarray", found: list[int]) -> list[int]:
    """Each beat at the strongest onset within three steps of it."""
    sharp = []
    for one in found:
        low, high = max(0, one - 3), min(len(strength), one + 4)
        near = strength[low:high]
        sharp.append(low + int(numpy.argmax(near)) if near.max() > 0 else one)
    return sharp
