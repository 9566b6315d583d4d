"""Files that are whole or not there: written beside their place, flushed, renamed. Knows bytes and disks only."""

import errno
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

UNFINISHED = ".part"
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FULL_WINDOWS = (39, 112)  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
_TRIES = 12  # Windows: a virus scanner or a reader holds the file for a moment; about a second in all


def write_whole(
    path: Path, content: bytes, *, ending: str = UNFINISHED, before: Callable[[Path], None] | None = None
) -> None:
    """Put `content` at `path`, on the disk when this returns; the file is the old one or the new one, never a part.

    The folder must be there. Until the end it is called `.<name>.<random><ending>`; what a crash leaves has that name.
    `before(path)` is called once the new content is safe and the old one still in its place. Raises OSError.
    """
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(4)}{ending}")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if before:
            before(path)
        replace(temporary, path)
        flush_folder(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def replace(source: Path, target: Path) -> None:
    """Rename over `target`. Windows refuses while somebody has it open: it is tried again for a second.

    The new name survives a power cut once the folder is flushed.
    """
    for attempt in range(_TRIES):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if attempt == _TRIES - 1:
                raise
            time.sleep(min(0.01 * 2**attempt, 0.15))


def flush_folder(folder: Path) -> None:
    """Make a folder's list of names survive a power cut. Windows has no way, and needs none, to do this from here."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems do not know how to flush a folder
            raise
    finally:
        os.close(handle)


def is_full(error: OSError) -> bool:
    """Whether the disk, or what one may use of it, is full."""
    return error.errno in _FULL or getattr(error, "winerror", None) in _FULL_WINDOWS
