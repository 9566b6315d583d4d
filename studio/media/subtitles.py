"""Subtitles as files: SRT and VTT, written and read. Knows times and words only."""

import re
from collections.abc import Sequence

from studio.domain.timeline import Cue
from studio.errors import StudioError

_TIMES = re.compile(
    r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})\s*-->\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})"
)
_TAGS = re.compile(r"<[^>\n]{0,200}>")
MOST = 2000


def srt(cues: Sequence[Cue]) -> str:
    """SubRip: numbered, comma before the milliseconds, CR LF as players of old expect."""
    blocks = [f"{number}\n{_time(cue.begin, ',')} --> {_time(cue.end, ',')}\n{_plain(cue.text)}\n"
              for number, cue in enumerate(cues, 1)]  # fmt: skip
    return "\n".join(blocks).replace("\n", "\r\n")


def vtt(cues: Sequence[Cue]) -> str:
    """WebVTT, as browsers show it."""
    escaped = lambda text: _plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    blocks = [f"{_time(cue.begin, '.')} --> {_time(cue.end, '.')}\n{escaped(cue.text)}\n" for cue in cues]
    return "\n".join(["WEBVTT\n", *blocks])


def read(text: str) -> list[Cue]:
    """The cues of an SRT or VTT text, in order of time. StudioError when there is none in it."""
    found = []
    lines = text.replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    at = 0
    while at < len(lines) and len(found) < MOST:
        times = _TIMES.search(lines[at])
        at += 1
        if not times:
            continue
        words = []
        while at < len(lines) and lines[at].strip():
            words.append(lines[at].strip())
            at += 1
        begin, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
        said = _TAGS.sub("", " ".join(words)).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
        if said and end > begin:
            found.append(Cue(begin, end, said[:300]))
    if not found:
        raise StudioError("There are no subtitles in this file.", "Choose an .srt or .vtt file.")
    return sorted(found, key=lambda cue: cue.begin)


def _time(seconds: float, mark: str) -> str:
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _seconds(parts) -> float:
    hours, minutes, seconds, thousandths = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(thousandths.ljust(3, "0")) / 1000


def _plain(text: str) -> str:
    return " ".join(text.replace("-->", "→").split())
