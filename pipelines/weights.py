"""Checks a model folder on disk in milliseconds, before anything is loaded. It reads headers, never whole weights."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from pipelines.base import EngineError


def damage(folder: Path, files: Sequence[str]) -> str | None:
    """None when every file is there and whole as far as its header tells, else a sentence naming the first that is not.

    A safetensors file says in its header how long it must be, so a download or copy that stopped early is found.
    Changed bytes inside the tensors are not.
    """
    for name in files:
        path = folder / name
        try:
            size = path.stat().st_size
        except OSError:
            return f"{path} is missing."
        try:
            wrong = _wrong_tensors(path, size) if path.suffix == ".safetensors" else _wrong_text(path, size)
        except OSError as error:
            return f"{path} cannot be read ({error.strerror or error})."
        if wrong:
            return f"{path} is damaged: {wrong}."
    return None


def check(folder: Path, files: Sequence[str], remedy: str) -> None:
    """Raises EngineError (code `model_damaged`) with `remedy` as its hint when `damage` finds something."""
    found = damage(folder, files)
    if found:
        raise EngineError(f"The model folder is damaged. {found}", remedy, "model_damaged")


def fingerprint(folder: Path, files: Sequence[str]) -> str:
    """The first 10 hex digits of the SHA-256 over these files, in this order."""
    digest = hashlib.sha256()
    for name in files:
        with (folder / name).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:10]


def _wrong_tensors(path: Path, size: int) -> str | None:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, 100_000_000):
            return f"it is too short ({size:,} bytes) or not a safetensors file"
        try:
            header = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return "its header cannot be read"
    wanted = 8 + length + max(ends, default=0)
    return None if size == wanted else f"it has {size:,} bytes where its header promises {wanted:,}"


def _wrong_text(path: Path, size: int) -> str | None:
    if not size:
        return "it is empty"
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            json.loads(text)
    except ValueError as error:
        return f"it cannot be read ({error})"
    return None
