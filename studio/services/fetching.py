"""One file from the Hub to the disk: resumed where it broke off, counted while it comes, whole or not there.

It knows bytes, sums and lost connections; not which files make a model. What has arrived stays as `<name>.part`.
"""

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from studio.durable import flush_folder, is_full, replace
from studio.errors import NoSpace, StudioError
from studio.services.hub import Hub, NetworkTrouble, RemoteFile

PART = ".part"
CHUNK = 1 << 20
MOST_TRIES = 6  # without a byte in between
REPORT_SECONDS = 0.2
log = logging.getLogger("studio.models")

Report = Callable[..., None]


class WrongSum(StudioError):
    code = "wrong_hash"


class Meter:
    """Bytes done of a total, told a few times a second. Telling raises Cancelled when the job should stop."""

    def __init__(self, report: Report, total: int, done: int = 0):
        self._report, self.total, self.done, self.note = report, total, done, ""
        self._told = 0.0

    def add(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if now - self._told >= REPORT_SECONDS:
            self._told = now
            self.tell()

    def tell(self, note: str | None = None) -> None:
        self.note = self.note if note is None else note
        self._report(min(max(self.done, 0), self.total), self.total, note=self.note)


class Sum:
    """The checksum the page states for a file: SHA-256 of its bytes, or git's SHA-1, or none."""

    def __init__(self, file: RemoteFile):
        self.file = file
        self.begin()

    def begin(self) -> None:
        """Forget what was counted."""
        file, self.stated, self.count = self.file, "", 0
        self.sha256 = hashlib.sha256()
        self._git = None
        if re.fullmatch(r"[0-9a-f]{64}", file.sha256):
            self.stated = file.sha256
        elif re.fullmatch(r"[0-9a-f]{40}", file.blob):
            self.stated = file.blob
            self._git = hashlib.sha1(b"blob %d\0" % file.bytes, usedforsecurity=False)

    def update(self, piece: bytes) -> None:
        self.count += len(piece)
        self.sha256.update(piece)
        if self._git is not None:
            self._git.update(piece)

    @property
    def right(self) -> bool:
        return not self.stated or self.stated == (self._git or self.sha256).hexdigest()


class Fetcher:
    """Fetches files of one repository. `pause` waits between tries, for tests."""

    def __init__(self, hub: Hub, pause: Callable[[float], None] = time.sleep):
        self.hub, self._pause = hub, pause

    def fetch(self, repo: str, sha: str, file: RemoteFile, target: Path, meter: Meter) -> str:
        """Bring the file to `target` and return its SHA-256; what was there of it counts.

        Raises WrongSum when it arrived damaged twice, NoSpace, NeedsToken, NotFound, or NetworkTrouble after six tries
        without a byte; the part stays for the next time, except after a wrong sum.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + PART)
        meter.tell(target.name)
        tries = wrong = 0
        total = Sum(file)  # kept from try to try: a part of many gigabytes is not read again at every broken line
        while True:
            before = _size(part)
            base = meter.done
            try:
                self._once(repo, sha, total, part, meter)
                replace(part, target)
                flush_folder(target.parent)
                return total.sha256.hexdigest()
            except WrongSum:
                meter.done, wrong = base, wrong + 1
                part.unlink(missing_ok=True)
                total.begin()
                if wrong == 2:
                    raise
                log.warning("%s of %s arrived damaged; it is fetched again.", file.path, repo)
            except NetworkTrouble as error:
                meter.done = base
                tries = 0 if _size(part) > before else tries + 1
                if tries >= MOST_TRIES or isinstance(error, _Other):
                    raise
                self._wait(error.wait if error.wait is not None else min(2**tries, 30), meter)
            except OSError as error:
                if is_full(error):
                    raise no_room() from error
                raise

    def _once(self, repo: str, sha: str, total: Sum, part: Path, meter: Meter) -> None:
        file, have = total.file, _size(part)
        if have > file.bytes:
            part.unlink()
            have = 0
        if total.count == have:
            meter.add(have)
        else:
            total.begin()
            if have:
                with part.open("rb") as kept:
                    while piece := kept.read(CHUNK):
                        total.update(piece)
                        meter.add(len(piece))
        if have < file.bytes or not part.exists():
            self._rest(repo, sha, total, part, have, meter)
        if not total.right:
            raise WrongSum(
                f"{file.path} arrived damaged: its checksum is not the one its page states.",
                "Try again later; nothing of it was installed.",
            )

    def _rest(self, repo: str, sha: str, total: Sum, part: Path, have: int, meter: Meter) -> None:
        """Append what is missing. Raises NetworkTrouble when the connection breaks; what came is on the disk."""
        import httpx

        file = total.file
        with self.hub.open(repo, sha, file.path, have) as answer:
            if answer.status_code == 416:
                part.unlink(missing_ok=True)
                raise NetworkTrouble("The server does not know this part of the file.", "Try again.", wait=0)
            start, whole = _range(answer)
            if start not in (0, have) or (whole is not None and whole != file.bytes):
                raise _Other(
                    f"The server sent something else than {file.path}.",
                    "A log-in page of the network, perhaps? Open any web page, then try again.",
                )
            if start != have:  # it does not know ranges: all of it comes again
                meter.done -= have
                have = 0
                total.begin()
            with part.open("r+b" if have else "wb") as out:
                out.seek(have)
                try:
                    for piece in answer.iter_bytes():  # as it comes: what waits in a buffer is lost with the line
                        have += len(piece)
                        if have > file.bytes:
                            raise _Other(f"The server sent more than {file.path} should have.", "Try again later.")
                        out.write(piece)
                        total.update(piece)
                        meter.add(len(piece))
                except (httpx.HTTPError, httpx.StreamError) as error:
                    raise NetworkTrouble("The connection was lost.", "Check the network, then resume.") from error
                finally:
                    out.flush()
                os.fsync(out.fileno())
        if have < file.bytes:
            raise NetworkTrouble("The connection was lost.", "Check the network, then resume.")

    def _wait(self, seconds: float, meter: Meter) -> None:
        """Wait before the next try, and stop at once when the job should."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            meter.tell(f"Connection lost, trying again in {left:.0f} s")
            self._pause(min(left, 0.3))
        meter.tell("Trying again")


class _Other(NetworkTrouble):
    """An answer that is not the file: trying again at once would not help."""


def no_room() -> NoSpace:
    return NoSpace(
        "The disk is full.",
        "Free some space, then resume: what was downloaded is kept. Models can be moved in Settings.",
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _range(answer) -> tuple[int, int | None]:
    """(first byte, size of the whole file or None) of an answer."""
    if answer.status_code == 206:
        match = re.fullmatch(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15}|\*)", answer.headers.get("content-range", ""))
        if match:
            return int(match[1]), None if match[2] == "*" else int(match[2])
        return -1, None
    length = answer.headers.get("content-length", "")
    return 0, int(length) if length.isdecimal() and "content-encoding" not in answer.headers else None
