"""XMP inside an MP4: the packet as a `uuid` box at the end of the file, as Adobe's specification has it.

Only the outermost boxes are read and written; what is in them stays as ffmpeg made it.
"""

import os
import uuid
from pathlib import Path

from studio.errors import StudioError

XMP = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
_MOST_PACKET = 8 * 1024 * 1024


def add_xmp(path: Path, packet: str) -> None:
    """Append the packet, and put the file on the disk. Nothing that was in it moves."""
    content = packet.encode()
    with open(path, "ab") as file:
        file.write((24 + len(content)).to_bytes(4, "big") + b"uuid" + XMP + content)
        file.flush()
        os.fsync(file.fileno())


def xmp(path: Path) -> str:
    """The packet of the file, "" when it has none. StudioError when it is no MP4."""
    found = ""
    for kind, at, size in boxes(path):
        if kind == b"uuid" and 16 < size < _MOST_PACKET:
            with open(path, "rb") as file:
                file.seek(at)
                if file.read(16) == XMP:
                    found = file.read(size - 16).decode("utf-8", "replace")
    return found


def boxes(path: Path) -> list[tuple[bytes, int, int]]:
    """(kind, where its content begins, bytes of content) of the outermost boxes."""
    found: list[tuple[bytes, int, int]] = []
    whole = path.stat().st_size
    with open(path, "rb") as file:
        at = 0
        while at + 8 <= whole and len(found) < 10_000:
            file.seek(at)
            head = file.read(16)
            size, kind, skip = int.from_bytes(head[:4], "big"), head[4:8], 8
            if size == 1:
                size, skip = int.from_bytes(head[8:16], "big"), 16
            elif size == 0:
                size = whole - at
            if size < skip or at + size > whole or (not found and kind != b"ftyp"):
                break
            found.append((kind, at + skip, size - skip))
            at += size
    if not found or found[0][0] != b"ftyp":
        raise StudioError(f"{path.name} is no MP4.", "Choose another file.")
    return found
