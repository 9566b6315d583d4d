"""One rotating log file for the whole house, one line per event, and reading it back with a level filter."""

import logging
import re
import time
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

from studio.errors import StudioError

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
MOST_BYTES, FILES = 2 * 1024 * 1024, 5
_OURS = ("studio", "pipelines")
_LINE = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\w+) +(\S+) \| (.*)$")


class _Lines(logging.Formatter):
    """`2026-11-23T14:02:11.123Z INFO    studio.jobs | message`; what a message has after its first line is indented."""

    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        moment = f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z"
        text = super().format(record).replace("\r", "").rstrip()
        return f"{moment} {record.levelname:<8}{record.name} | {text}".replace("\n", "\n    ")


def start(file: Path, level: Callable[[], str] = lambda: "INFO") -> logging.Handler:
    """Write the studio's log, and what libraries warn of, to `file` (five of 2 MB). Returns the handler for `stop`.

    `level` is asked at every event, so that a change in the settings counts at once.
    """

    def wanted(record: logging.LogRecord) -> bool:
        ours = record.name.partition(".")[0] in _OURS
        return record.levelno >= (_number(level()) if ours else logging.WARNING)

    file.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(file, maxBytes=MOST_BYTES, backupCount=FILES - 1, encoding="utf-8", delay=True)
    handler.setFormatter(_Lines("%(message)s"))
    handler.addFilter(wanted)
    logging.getLogger().addHandler(handler)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    return handler


def stop(handler: logging.Handler) -> None:
    """Close the file, so that it can be moved or deleted."""
    logging.getLogger().removeHandler(handler)
    handler.close()


def read(file: Path, level: str = "INFO", limit: int = 200) -> list[dict]:
    """The newest `limit` events of at least `level` as {time, level, source, text}, newest last; older files too."""
    if level not in LEVELS:
        raise StudioError(f"“{str(level)[:20]}” is not a log level.", f"Choose {', '.join(LEVELS)}.", field="level")
    least, limit = logging.getLevelName(level), max(1, min(int(limit), 5000))
    found: list[dict] = []
    for path in [file, *(file.with_name(f"{file.name}.{number}") for number in range(1, FILES))]:
        events = [one for one in _events(path) if _number(one["level"]) >= least]
        found = events[-(limit - len(found)) :] + found
        if len(found) >= limit:
            break
    return found


def _events(path: Path) -> list[dict]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []  # not written yet, or rotated away while it was looked for
    events: list[dict] = []
    for line in lines:
        if found := _LINE.match(line):
            events.append(dict(zip(("time", "level", "source", "text"), found.groups(), strict=True)))
        elif events:
            events[-1]["text"] += "\n" + line.removeprefix("    ")
    return events


def _number(level: str) -> int:
    number = logging.getLevelName(level)
    return number if isinstance(number, int) else logging.INFO
