"""Models that are on this machine already: the Hugging Face cache, other programs' folders, the studio's own shelf.

It only looks, in the background, and remembers what it saw; nothing is changed.
"""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines import recognise
from pipelines.base import EngineError
from studio.domain.model import Source

MOST_FILES, MOST_SECONDS, DEEPEST = 20_000, 60.0, 7
SKIPPED = frozenset(
    "venv .venv env node_modules __pycache__ site-packages python_embeded python .git outputs output temp tmp".split()
)
log = logging.getLogger("studio.models")


@dataclass(frozen=True)
class Seen:
    """Something that could be added. `problem` says why it cannot; `key` names it until the next look."""

    key: str
    path: Path
    name: str
    found: recognise.Found
    source: Source
    problem: str = ""

    @property
    def kind(self) -> str:
        return self.found.kind


class ModelSearch:
    """`where` says what to look through, as (folder, source); asked at every look."""

    def __init__(self, where: Callable[[], list[tuple[Path, Source]]]):
        self._where, self._lock = where, threading.Lock()
        self._seen: dict[str, Seen] = {}
        self._looking: threading.Thread | None = None
        self.complete = True
        self.looked = 0

    @property
    def looking(self) -> bool:
        return self._looking is not None and self._looking.is_alive()

    def seen(self) -> list[Seen]:
        """What the last look found, by name."""
        with self._lock:
            return sorted(self._seen.values(), key=lambda one: (one.name.casefold(), str(one.path)))

    def get(self, key: str) -> Seen | None:
        with self._lock:
            return self._seen.get(key)

    def begin(self) -> None:
        """Look again in the background; harmless while a look is under way."""
        with self._lock:
            if self.looking:
                return
            self._looking = threading.Thread(target=self._look, name="studio-model-search", daemon=True)
            self._looking.start()

    def wait(self, timeout: float) -> bool:
        """Until the look under way is over; False when it is not in `timeout` seconds."""
        looking = self._looking
        if looking is not None:
            looking.join(timeout)
        return not self.looking

    def look(self) -> list[Seen]:
        """Look now and wait for it."""
        self._look()
        return self.seen()

    def _look(self) -> None:
        found: dict[str, Seen] = {}
        until, budget = time.monotonic() + MOST_SECONDS, [MOST_FILES]
        try:
            for folder, source in self._where():
                for path in candidates(folder, budget, until):
                    one = _recognised(path, source)
                    if one is not None:
                        found.setdefault(one.key, one)
        except Exception:  # a background look must not end in silence, nor matter to anybody else
            log.exception("Models on this machine could not be looked for.")
        with self._lock:
            self._seen = found
            self.looked += 1
            self.complete = budget[0] > 0 and time.monotonic() < until


def candidates(root: Path, budget: list[int], until: float) -> Iterator[Path]:
    """Diffusers folders and .safetensors files below `root`; parts of a folder are not named again. Links to folders
    are not followed, but a snapshot's links to files are.
    """
    waiting = [(root, 0)]
    while waiting and budget[0] > 0 and time.monotonic() < until:
        folder, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda one: one.name)
        except OSError:
            continue
        budget[0] -= len(entries)
        if any(one.name == recognise.INDEX for one in entries):
            yield Path(folder)
            continue
        for one in entries:
            try:
                if one.is_dir(follow_symlinks=False):
                    if depth < DEEPEST and one.name.lower() not in SKIPPED and not one.name.startswith("."):
                        waiting.append((Path(one.path), depth + 1))
                elif one.name.lower().endswith(".safetensors") and one.is_file():
                    yield Path(one.path)
            except OSError:
                continue


def snapshots(cache: Path) -> Iterator[tuple[Path, Source]]:
    """(snapshot, source) of each repository in a Hugging Face cache: the one `main` points to, else the newest."""
    try:
        repos = sorted(one for one in cache.iterdir() if one.name.startswith("models--") and one.is_dir())
    except OSError:
        return
    for repo in repos:
        name = "/".join(repo.name.removeprefix("models--").split("--"))
        try:
            kept = sorted((repo / "snapshots").iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
            main = (repo / "refs" / "main").read_text(encoding="utf-8").strip() if (repo / "refs/main").exists() else ""
        except (OSError, ValueError):
            continue
        chosen = next((one for one in kept if one.name == main), next(iter(kept), None))
        if chosen is not None:
            yield chosen, Source(kind="cache", repo=name[:200], revision=chosen.name[:100])


def _recognised(path: Path, source: Source) -> Seen | None:
    try:
        found = recognise.recognise(path)
        if found.kind in ("part", "unknown"):
            return None  # decoders, encoders and the like: nobody would add them
        problem = found.problem
    except EngineError as error:
        found, problem = recognise.Found("unknown"), f"{error.message} {error.hint}"
    except OSError as error:
        log.debug("%s was not looked at: %s", path, error)
        return None
    name = path.stem if path.is_file() else path.name
    if source.kind == "cache" and path.is_dir():
        name = source.repo.rpartition("/")[2]
    key = hashlib.sha256(str(path).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return Seen(key, path, name[:120], found, source, problem)
