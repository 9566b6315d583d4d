"""A reel from plates: one ffmpeg run over a filter graph. It knows files, frames and filters; no projects, no library.

Everything in the working folder has a name of the studio's own, and words are pictures by the time they come here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from studio.domain.timeline import Timeline
from studio.media import ffmpeg
from studio.media.plates import Plate
from studio.media.sound_mix import levelled

_TRANSITIONS = {
    "fade": "fade", "dissolve": "dissolve", "slide": "slideleft", "push up": "slideup", "wipe": "wipeleft",
    "circle": "circleopen", "zoom": "zoomin", "through black": "fadeblack",
}  # fmt: skip
_BT709 = "out_color_matrix=bt709:out_range=tv"


@dataclass(frozen=True)
class Layer:
    """A picture with transparency over the reel, from `begin` to `end` (frames, not included; None: always)."""

    image: Image.Image
    at: tuple[int, int]
    begin: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Scene:
    """One shot, ready to be rendered: its plate, what lies over it, and how the next one comes."""

    plate: Plate
    transition: str = "fade"
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Look:
    """How a file is written. `rates` are thousand bits a second of picture and sound; `preset` and `quality` x264's."""

    size: tuple[int, int]
    rates: tuple[int, int] = (8000, 192)
    preset: str = "veryfast"
    quality: int = 19
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sounds:
    """The finished mix in the working folder, and the gain that brings it to the right loudness."""

    file: str
    gain: float


@dataclass
class Made:
    """The files of a run, by the order of ffmpeg's inputs."""

    inputs: list[str] = field(default_factory=list)

    def add(self, folder: Path, image: Image.Image) -> int:
        """Write a picture and give it its input number. BMP: no time goes into packing what lives for seconds."""
        number = len(self.inputs)
        ending = "png" if image.mode == "RGBA" else "bmp"
        name = f"in-{number:03}.{ending}"
        image.save(folder / name, **({"compress_level": 1} if ending == "png" else {}))
        self.inputs.append(name)
        return number


def render(
    folder: Path,
    target: str,
    scenes: Sequence[Scene],
    timeline: Timeline,
    look: Look,
    *,
    layers: Sequence[Layer] = (),
    sounds: Sounds | None = None,
    report: Callable[[int], None] = lambda frame: None,
) -> list[str]:
    """Write `target` in `folder`: exactly `timeline.frames` frames. Returns ffmpeg's words, for benchmarks.

    Raises StudioError, NoSpace, and what `report` raises; a file that was begun is the caller's to remove.
    """
    made = Made()
    chains, streams = [], []
    for number, (scene, span) in enumerate(zip(scenes, timeline.spans, strict=True)):
        stream, chain = _scene(made, folder, number, scene, span.frames, timeline.fps, look.size)
        streams.append(stream)
        chains += chain
    stream, chain = _joined(streams, scenes, timeline)
    chains += chain
    for number, layer in enumerate(layers):
        at = made.add(folder, layer.image)
        when = "" if layer.begin is None else f":enable='between(n,{layer.begin},{layer.end - 1})'"
        chains.append(f"[{at}:v]scale={_BT709},format=yuva420p[l{number}]")
        chains.append(f"{stream}[l{number}]overlay={layer.at[0]}:{layer.at[1]}:format=yuv420{when}[o{number}]")
        stream = f"[o{number}]"
    chains.append(f"{stream}format=yuv420p[video]")
    words = [part for name in made.inputs for part in ("-i", name)]
    if sounds:
        words += ["-i", sounds.file]
        chains.append(f"[{len(made.inputs)}:a]{levelled(sounds.gain)}[audio]")
    rate, audio_rate = look.rates
    words += ["-filter_complex", ";".join(chains), "-map", "[video]"]
    words += ["-map", "[audio]", "-c:a", "aac", "-b:a", f"{audio_rate}k", "-ar", "48000"] if sounds else []
    words += [
        "-frames:v", str(timeline.frames), "-r", str(timeline.fps), "-c:v", "libx264", "-preset", look.preset,
        "-crf", str(look.quality), "-maxrate", f"{rate}k", "-bufsize", f"{2 * rate}k", "-profile:v", "high",
        "-pix_fmt", "yuv420p", "-g", str(2 * timeline.fps), "-colorspace", "bt709", "-color_primaries", "bt709",
        "-color_trc", "bt709", "-color_range", "tv", *look.words, "-movflags", "+faststart", "-f", "mp4", target,
    ]  # fmt: skip
    ffmpeg.run(words, folder, report, what="The clip")
    return words


def _scene(made: Made, folder: Path, number: int, scene: Scene, frames: int, fps: int, size: tuple[int, int]):
    """The stream of one shot and the filters that make it: camera first, then what lies still over it."""
    plate = scene.plate
    at = made.add(folder, plate.image)
    camera = _camera(plate, frames)
    chain = [
        # colours in full while the camera moves: with halved colour planes it would step two pixels at a time
        f"[{at}:v]scale={_BT709},format={'yuv444p' if plate.moves else 'yuv420p'},"
        f"zoompan={camera}:d={frames}:s={size[0]}x{size[1]}:fps={fps},format=yuv420p,setsar=1[v{number}]"
    ]
    stream = f"[v{number}]"
    for which, layer in enumerate(scene.layers):
        over = made.add(folder, layer.image)
        name = f"{number}_{which}"
        chain.append(f"[{over}:v]scale={_BT709},format=yuva420p[t{name}]")
        chain.append(f"{stream}[t{name}]overlay={layer.at[0]}:{layer.at[1]}:format=yuv420[w{name}]")
        stream = f"[w{name}]"
    chain.append(f"{stream}settb=1/{fps},setpts=N,fps={fps}[s{number}]")
    return f"[s{number}]", chain


def _camera(plate: Plate, frames: int) -> str:
    """zoompan's expressions for the way from the first box to the last."""
    wide = plate.image.width
    if not plate.moves or frames < 2:
        box = plate.begin
        return f"z={max(1.0, wide / box.width):.6f}:x={box.x:.3f}:y={box.y:.3f}"
    along = lambda first, last: f"({first:.4f}+({last - first:.4f})*on/{frames - 1})"
    begin, end = plate.begin, plate.end
    return f"z='{wide}/{along(begin.width, end.width)}':x='{along(begin.x, end.x)}':y='{along(begin.y, end.y)}'"


def _joined(streams: Sequence[str], scenes: Sequence[Scene], timeline: Timeline) -> tuple[str, list[str]]:
    """One stream of all shots. Cuts in a row are joined at once, transitions one after the other."""
    chains: list[str] = []
    fps, spans = timeline.fps, timeline.spans
    stream, shown = streams[0], spans[0].frames
    row = [stream]  # streams that follow each other by plain cuts

    def close(number: int) -> str:
        if len(row) == 1:
            return row[0]
        chains.append(f"{''.join(row)}concat=n={len(row)}:v=1:a=0,settb=1/{fps},setpts=N,fps={fps}[c{number}]")
        return f"[c{number}]"

    for number in range(1, len(streams)):
        both = spans[number - 1].after + spans[number].before
        if not both:
            row.append(streams[number])
            shown += spans[number].frames
            continue
        stream = close(number)
        kind = _TRANSITIONS.get(scenes[number - 1].transition, "fade")
        chains.append(
            f"{stream}{streams[number]}xfade=transition={kind}:duration={both / fps:.6f}:"
            f"offset={(shown - both) / fps:.6f},settb=1/{fps},setpts=N,fps={fps}[x{number}]"
        )
        shown += spans[number].frames - both
        row = [f"[x{number}]"]
    return close(len(streams)), chains
