"""The header of a safetensors file, read with distrust. It knows names, shapes and places; never tensors or pickles.

The format: eight bytes little-endian length, that many bytes of JSON, then the tensors without a gap. A file that
says anything else about itself than what it is gets refused before a library touches it.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.base import EngineError

LONGEST_HEADER = 100_000_000  # bytes, as the safetensors library has it
MOST_TENSORS = 200_000
PICKLES = frozenset({".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle"})
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
    "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip


class BadWeights(EngineError):
    """A file that is not what it should be. `code` is `unsafe_file` or `damaged_file`."""


@dataclass(frozen=True)
class Tensor:
    """One tensor as the header tells it; `start` and `end` are bytes after the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """What a safetensors file holds. `size` is the whole file in bytes."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)
    size: int = 0

    def shape(self, name: str) -> tuple[int, ...]:
        """The tensor's shape, empty when there is no such tensor."""
        found = self.tensors.get(name)
        return found.shape if found else ()

    @property
    def parameters(self) -> int:
        """How many numbers all tensors have together."""
        total = 0
        for tensor in self.tensors.values():
            count = 1
            for side in tensor.shape:
                count *= side
            total += count
        return total


def read_header(path: Path) -> Header:
    """The header of this safetensors file, checked against the file's real size.

    Raises BadWeights: `unsafe_file` for pickles under any name, `damaged_file` for a header that is cut short,
    overlaps, leaves gaps, or promises more or less than the file has. Raises OSError when it cannot be read.
    """
    path = Path(path)
    if path.suffix.lower() in PICKLES:
        raise pickled(path.name)
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(8)
        if _is_pickle(first):
            raise pickled(path.name)
        length = int.from_bytes(first, "little")
        if size < 10 or length < 2:
            raise _damaged(path, f"it has only {size:,} bytes" if size < 10 else "it has no header")
        if length > min(size - 8, LONGEST_HEADER):
            raise _damaged(path, f"its header would have {length:,} bytes and the file has {size:,}")
        text = file.read(length)
    return parse(text, size, path)


def parse(text: bytes, size: int, path: Path) -> Header:
    """The header from its JSON; `size` is the whole file's. Raises BadWeights as `read_header` does."""
    try:
        raw = json.loads(text, object_pairs_hook=_once)
    except _Twice as error:
        raise _damaged(path, f"its header names {str(error)[:80]} twice") from None
    except (ValueError, RecursionError):
        raise _damaged(path, "its header cannot be read") from None
    if not isinstance(raw, dict):
        raise _damaged(path, "its header is no list of tensors")
    metadata = raw.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _damaged(path, "its metadata is not text")
    if not raw or len(raw) > MOST_TENSORS:
        raise _damaged(path, "it holds no tensors" if not raw else f"it names {len(raw):,} tensors")
    tensors = {name: _tensor(path, name, entry) for name, entry in raw.items()}
    at = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if tensor.start != at:
            what = "overlaps the one before it" if tensor.start < at else "leaves a gap before it"
            raise _damaged(path, f"the tensor {name[:80]} {what}")
        at = tensor.end
    wanted = 8 + len(text) + at
    if size != wanted:
        kind = "it was cut short" if size < wanted else "something was added to it"
        raise _damaged(path, f"{kind}: {size:,} bytes where its header promises {wanted:,}")
    return Header(tensors, metadata, size)


def pickled(name: str) -> BadWeights:
    """The refusal of a file that could run code when it is opened."""
    return BadWeights(
        f"{name[:120]} is a pickle: opening it could run a program of whoever made it.",
        "Use the .safetensors version of this model, or convert it on a machine you can do without.",
        "unsafe_file",
    )


def _tensor(path: Path, name: str, entry: object) -> Tensor:
    try:
        dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        whole = [start, end, *shape]
        if not all(type(one) is int and 0 <= one < 2**62 for one in whole) or len(shape) > 32:
            raise ValueError
        bits = _BITS[dtype]
    except (KeyError, TypeError, ValueError):
        raise _damaged(path, f"what it says of the tensor {name[:80]} makes no sense") from None
    for side in shape:
        bits *= side
    if end < start or bits % 8 or bits // 8 != end - start:
        raise _damaged(path, f"the tensor {name[:80]} has {end - start:,} bytes where its shape needs {bits // 8:,}")
    return Tensor(dtype, tuple(shape), start, end)


class _Twice(Exception):
    pass


def _once(pairs: list[tuple[str, object]]) -> dict:
    found = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name)
        found[name] = value
    return found


def _is_pickle(first: bytes) -> bool:
    """Whether a file begins like a pickle, or like the zip that torch.save writes."""
    return first[:1] == b"\x80" and first[1:2] in b"\x01\x02\x03\x04\x05" or first[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def _damaged(path: Path, what: str) -> BadWeights:
    return BadWeights(
        f"{path.name[:120]} is damaged or not a safetensors file: {what}.",
        "Download or copy it again, and compare its size with the original.",
        "damaged_file",
    )
