"""Sounds for tests, written as WAV files: clicks at known moments, tones, silence."""

import wave
from pathlib import Path

import numpy

RATE = 22050


def write(path: Path, samples: "numpy.ndarray", rate: int = RATE) -> Path:
    """Mono, 16 bit."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((numpy.clip(samples, -1, 1) * 32000).astype("<i2").tobytes())
    return path


def tone(seconds: float, pitch: float = 330, loud: float = 0.3, rate: int = RATE) -> "numpy.ndarray":
    return loud * numpy.sin(2 * numpy.pi * pitch * numpy.arange(int(seconds * rate)) / rate)


def clicks(seconds: float, moments, rate: int = RATE) -> "numpy.ndarray":
    """A short knock at each moment, over next to nothing."""
    samples = numpy.random.default_rng(1).normal(0, 0.002, int(seconds * rate))
    knock = 0.8 * numpy.exp(-numpy.arange(2000) / 300) * numpy.sin(numpy.arange(2000) * 0.05)
    for moment in moments:
        at = int(moment * rate)
        samples[at : at + len(knock)] += knock[: max(0, len(samples) - at)]
    return samples
