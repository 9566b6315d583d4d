"""Running ffmpeg: no shell, files named by the studio, progress from its own report, stopped at once. Knows no reels.

The program comes with imageio-ffmpeg. It is started in a folder of its own, so that no path of a person ever becomes
part of a command or a filter.
"""

import contextlib
import logging
import os
import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue

from studio.errors import NoSpace, NotFound, StudioError

log = logging.getLogger("studio.media")

_EVERY = 0.2  # seconds between two looks at the progress, and so between cancelling and stopping
_LINES = 60  # of what ffmpeg says, kept for an error
_HIDDEN = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # on Windows no console window flashes up
_FULL = ("no space left on device", "disk quota exceeded", "there is not enough space")


@lru_cache(1)
def program() -> str:
    """Where ffmpeg is. StudioError when there is none."""
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError, OSError) as error:
        raise StudioError(
            "ffmpeg is not there, so no clip can be made.", "Install imageio-ffmpeg into the studio's environment."
        ) from error


@lru_cache(1)
def version() -> str:
    """ffmpeg's own version, "" when it does not say."""
    done = subprocess.run(
        [program(), "-version"], capture_output=True, text=True, errors="replace", timeout=30, creationflags=_HIDDEN
    )
    return done.stdout.split("version ", 1)[-1].split(" ", 1)[0][:40]


def run(
    words: Sequence[str],
    folder: Path,
    report: Callable[[int], None] = lambda frame: None,
    *,
    what: str = "The clip",
    quietly: bool = True,
) -> str:
    """Run ffmpeg with these words in `folder`; what it said. `report(frame)` is called several times a second, from
    this thread: raising out of it kills the program.

    `quietly` keeps its information to warnings. Raises NoSpace and StudioError.
    """
    said: list[str] = []
    frames: SimpleQueue[int] = SimpleQueue()
    level = ["-v", "warning"] if quietly else ["-v", "info"]
    command = [program(), "-hide_banner", "-nostdin", "-y", *level, "-nostats", "-stats_period", "0.2", "-progress",
               "pipe:1", *words]  # fmt: skip
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=_HIDDEN,
            start_new_session=os.name != "nt",  # Ctrl+C stops the studio, which then stops this
        )
    except OSError as error:
        raise StudioError(f"ffmpeg does not start ({error.strerror or error}).", "Reinstall imageio-ffmpeg.") from error
    readers = [
        threading.Thread(target=_progress, args=(process.stdout, frames), daemon=True),
        threading.Thread(target=_words, args=(process.stderr, said), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        frame = 0
        while process.poll() is None:
            with contextlib.suppress(Empty):
                frame = frames.get(timeout=_EVERY)
            while not frames.empty():
                frame = frames.get()
            report(frame)
    finally:
        stop(process)
        for reader in readers:
            reader.join(2)
        process.stdout.close()
        process.stderr.close()
    if process.returncode:
        raise _problem(process.returncode, said, what)
    return "\n".join(said)


def stop(process: subprocess.Popen) -> None:
    """Kill it and wait until it is gone; nothing of a half-made file is wanted."""
    if process.poll() is None:
        process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)


def decoded(words: Sequence[str], source: Path, most_bytes: int) -> bytes:
    """What ffmpeg writes to its output for the file `source`, at most `most_bytes`. StudioError when it cannot."""
    if not source.is_file():
        raise NotFound(f"{source.name} is not there any more.", "It may have been moved or deleted.")
    command = [program(), "-hide_banner", "-nostdin", "-v", "error", *before(source), *words, "pipe:1"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, creationflags=_HIDDEN
    )
    said: list[str] = []
    reader = threading.Thread(target=_words, args=(process.stderr, said), daemon=True)
    reader.start()
    try:
        content = process.stdout.read(most_bytes)
        more = process.stdout.read(1)
    finally:
        process.stdout.close()
        if process.poll() is None and len(content) >= most_bytes:
            process.kill()
        process.wait(30)
        reader.join(2)
        process.stderr.close()
    if process.returncode and not (more and len(content) >= most_bytes) and not content:
        raise _problem(process.returncode, said, source.name)
    return content


def before(source: Path) -> list[str]:
    """The words that name a person's file: only the local file, whatever it is called."""
    return ["-protocol_whitelist", "file,pipe", "-i", f"file:{source}"]


def _progress(stream, frames: "SimpleQueue[int]") -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in stream:
            name, _, value = line.decode("ascii", "replace").partition("=")
            if name == "frame" and value.strip().isdigit():
                frames.put(int(value))


def _words(stream, said: list[str]) -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in stream:
            said.append(line.decode("utf-8", "replace").rstrip()[:400])
            if len(said) > 4 * _LINES:
                del said[: 2 * _LINES]


def _problem(status: int, said: list[str], what: str) -> StudioError:
    """What went wrong, in words; ffmpeg's own go to the log."""
    text = "\n".join(said[-_LINES:])
    log.warning("ffmpeg ended with %s:\n%s", status, text)
    low = text.lower()
    if any(one in low for one in _FULL) or status == 228:  # 228: ENOSPC as ffmpeg exits with it
        return NoSpace("The disk is full.", "Free some space, or empty the trash in Review, then retry.")
    if status < 0 or status in (137, 143):
        return StudioError(
            f"{what} was not finished: ffmpeg was stopped from outside.",
            "The machine may be short of memory. Retry; if it happens again, use fewer or smaller pictures.",
        )
    last = next((line for line in reversed(said) if line.strip()), "no reason given")
    last = re.sub(r"^\[[^\]]*\]\s*", "", last)[:160]
    return StudioError(f"{what} could not be made: {last}.".replace("..", "."), "Details are in the log.")


@dataclass(frozen=True)
class Facts:
    """What a media file is, as ffmpeg reads it. `seconds` None: not known. Sizes as shown, after any rotation."""

    seconds: float | None = None
    width: int = 0
    height: int = 0
    fps: float | None = None
    video: str = ""
    audio: str = ""
    rate: int = 0


_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_VIDEO = re.compile(r"Stream #[^\n]*Video: (\w+)[^\n]*?, (\d{1,5})x(\d{1,5})(?=[ ,\[\r\n])")
_FPS = re.compile(r"(\d+(?:\.\d+)?) fps")
_AUDIO = re.compile(r"Stream #[^\n]*Audio: (\w+)[^\n]*?(\d+) Hz")


def facts(source: Path) -> Facts:
    """Read a media file's header. StudioError when ffmpeg knows nothing of it, NotFound when it is not there."""
    if not source.is_file():
        raise NotFound(f"{source.name} is not there any more.", "It may have been moved or deleted.")
    if not source.stat().st_size:
        raise StudioError(f"{source.name} is empty.", "Choose another file.")
    try:
        done = subprocess.run(
            [program(), "-hide_banner", "-nostdin", *before(source)],
            capture_output=True,
            timeout=30,
            creationflags=_HIDDEN,
        )
    except subprocess.TimeoutExpired as error:
        raise StudioError(f"{source.name} cannot be read: it takes too long.", "Choose another file.") from error
    text = done.stderr.decode("utf-8", "replace")
    video, audio, length = _VIDEO.search(text), _AUDIO.search(text), _DURATION.search(text)
    if not video and not audio:
        raise StudioError(
            f"{source.name} is damaged, or no kind of sound or video that the studio knows.", "Save it again elsewhere."
        )
    seconds = int(length[1]) * 3600 + int(length[2]) * 60 + float(length[3]) if length else None
    pace = _FPS.search(text) if video else None
    width, height = (int(video[2]), int(video[3])) if video else (0, 0)
    if re.search(r"rotation of -?(90|270)", text):
        width, height = height, width
    return Facts(
        seconds, width, height, float(pace[1]) if pace else None,
        video[1] if video else "", audio[1] if audio else "", int(audio[2]) if audio else 0,
    )  # fmt: skip
