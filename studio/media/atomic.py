"""Whole files or none: bytes go to a temporary neighbour, are flushed to the disk, then take the final name."""

import errno
import os
import secrets
import time
from pathlib import Path

from studio.errors import NoSpace

_OUT_OF_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def write_file(path: Path, content: bytes) -> None:
    """Put `content` at `path`, durably; afterwards the file is the old one or the new one, never a part.

    Missing folders are made. Raises NoSpace when the disk is full, OSError for anything else.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno in _OUT_OF_SPACE:
            raise NoSpace(
                "The disk is full.", "Free some space, or empty the trash in Review, and try again."
            ) from error
        raise


def replace(source: Path, target: Path) -> None:
    """Rename over `target`, and make the rename itself durable.

    Windows refuses while a reader holds the target open; readers are brief, so it is tried for a second.
    """
    for pause in (0.01, 0.05, 0.15, 0.3, 0.5, None):
        try:
            os.replace(source, target)
            break
        except PermissionError:
            if pause is None or os.name != "nt":
                raise
            time.sleep(pause)
    settle(target.parent)


def settle(folder: Path) -> None:
    """Flush a folder's list of names to the disk. Windows does that by itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
