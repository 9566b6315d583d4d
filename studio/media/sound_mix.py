"""The sound of a reel: music under a voice, lowered while it speaks, brought to one loudness. Files in, a file out."""

import re
from dataclasses import dataclass
from pathlib import Path

from studio.errors import StudioError
from studio.media import ffmpeg

RATE = 48_000
LOUDNESS = -14.0  # LUFS, EBU R128; what the networks play at
_PEAK = 0.84  # -1.5 dB: what is left for the codec's own overshoot
_MOST_GAIN, _LEAST_GAIN = 24.0, -40.0  # a whisper of noise is not made loud
_FADE = 1.2  # seconds in which music ends
_MEASURED = re.compile(r"I:\s+(-?\d+(?:\.\d+)?) LUFS")
MOST_SECONDS = 1800


@dataclass(frozen=True)
class Track:
    """One sound file in a mix. `begin` is seconds into the file for music, into the reel for a voice."""

    file: Path
    volume: float = 1.0
    begin: float = 0.0


def mixed(
    target: Path,
    seconds: float,
    music: Track | None,
    voice: Track | None,
    *,
    duck: bool = True,
    report=lambda frame: None,
) -> float | None:
    """Write `target` (WAV, stereo, 48 kHz) exactly `seconds` long; the gain in dB that brings it to LOUDNESS.

    None when there is nothing to hear in it. Raises StudioError and NoSpace.
    """
    samples = round(seconds * RATE)
    words: list[str] = []
    chains, names = [], []
    shape = f"aresample={RATE},aformat=sample_fmts=fltp:channel_layouts=stereo"
    if music:
        words += ["-stream_loop", "-1", *ffmpeg.before(music.file)]
        fade = min(_FADE, seconds / 4)
        chains.append(
            f"[0:a:0]{shape},atrim=start={music.begin:.4f},asetpts=N/SR/TB,atrim=end_sample={samples},"
            f"volume={music.volume:.3f},afade=t=in:d={min(0.15, seconds / 8):.3f},"
            f"afade=t=out:st={seconds - fade:.4f}:d={fade:.4f}[music]"
        )
        names.append("[music]")
    if voice:
        words += ffmpeg.before(voice.file)
        at = 1 if music else 0
        chains.append(
            f"[{at}:a:0]{shape},volume={voice.volume:.3f},adelay=delays={round(voice.begin * 1000)}:all=1,"
            f"apad=whole_len={samples},atrim=end_sample={samples},asetpts=N/SR/TB[voice]"
        )
        names.append("[voice]")
    if music and voice and duck:
        chains.append("[voice]asplit[said][key]")
        chains.append("[music][key]sidechaincompress=threshold=0.02:ratio=9:attack=30:release=450:makeup=1[under]")
        names = ["[under]", "[said]"]
    if not names:
        raise ValueError("There is nothing to mix.")
    both = f"{''.join(names)}amix=inputs={len(names)}:normalize=0:duration=longest," if len(names) > 1 else names[0]
    chains.append(f"{both}apad=whole_len={samples},atrim=end_sample={samples},ebur128=framelog=quiet[out]")
    said = ffmpeg.run(
        [
            *words,
            "-filter_complex",
            ";".join(chains),
            "-map",
            "[out]",
            "-c:a",
            "pcm_f32le",
            "-ar",
            str(RATE),
            target.name,
        ],
        target.parent,
        report,
        what="The sound",
        quietly=False,
    )
    found = _MEASURED.findall(said)
    loudness = float(found[-1]) if found else -70.0
    if loudness <= -69:
        return None
    return min(max(LOUDNESS - loudness, _LEAST_GAIN), _MOST_GAIN)


def levelled(gain: float) -> str:
    """The filter that applies this gain and keeps every peak below the ceiling."""
    return f"volume={gain:.2f}dB,alimiter=limit={_PEAK}:attack=4:release=60:level=0,aresample={RATE}"


def loudness(source: Path) -> float | None:
    """Integrated loudness of a sound or clip in LUFS, None when it is silent."""
    said = ffmpeg.run(
        [*ffmpeg.before(source), "-map", "0:a:0", "-af", "ebur128=framelog=quiet", "-f", "null", "-"],
        source.parent,
        what=source.name,
        quietly=False,
    )
    found = _MEASURED.findall(said)
    return float(found[-1]) if found and float(found[-1]) > -69 else None


def samples(source: Path, rate: int, most_seconds: float = MOST_SECONDS):
    """The sound as (n,) float32, mono, -1 to 1. StudioError when there is none in it."""
    import numpy

    words = ["-map", "0:a:0", "-ac", "1", "-ar", str(rate), "-f", "f32le"]
    content = ffmpeg.decoded(words, source, int(most_seconds * rate) * 4)
    if not content:
        raise StudioError(f"There is no sound in {source.name}.", "Choose another file.")
    return numpy.frombuffer(content[: len(content) // 4 * 4], numpy.float32)
