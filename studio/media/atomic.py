"""Writing a medium: whole or not at all, in a folder that is made when it is missing."""

from pathlib import Path

from studio.durable import is_full, write_whole
from studio.errors import NoSpace


def write_file(path: Path, content: bytes) -> None:
    """Put `content` at `path`, durably; afterwards the file is the old one or the new one, never a part.

    Missing folders are made. Raises NoSpace when the disk is full, OSError for anything else.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        if is_full(error):
            raise NoSpace(
                "The disk is full.", "Free some space, or empty the trash in Review, and try again."
            ) from error
        raise
