"""The weight files of a model on disk: which there are, whether they are whole, how many bytes each part will take.

It reads names and headers, never tensors, and knows diffusers' folder layout but no family.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pipelines import weights
from pipelines.base import LocalModel

_HASHED = 1 << 20  # bytes of the head and of the tail of each weight file that go into the hash
_NAMES = ("diffusion_pytorch_model", "model")


@dataclass(frozen=True)
class Contents:
    """`parts` maps a component of model_index.json to its weight files; a checkpoint has one part, "checkpoint".

    `variant` is the name of a precision in file names (`….fp16.safetensors`), "" for none. `missing` is a sentence.
    """

    parts: dict[str, tuple[Path, ...]]
    variant: str = ""
    missing: str | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(file for part in self.parts.values() for file in part)


def contents(model: LocalModel) -> Contents:
    """What lies at the model's path. Never raises: `missing` says what is not there."""
    path = model.path
    if model.layout == "checkpoint":
        return Contents({"checkpoint": (path,)}, missing=None if path.is_file() else f"{path} is missing.")
    try:
        index = json.loads((path / "model_index.json").read_text("utf-8"))
        # other lists in it are settings; a part is (library, class), (null, null) when it is left out on purpose
        named = [name for name, part in index.items() if isinstance(part, list) and _is_part(part)]
    except (OSError, ValueError, AttributeError) as error:
        return Contents({}, missing=f"{path / 'model_index.json'} cannot be read ({error}).")
    parts, variants = {}, set()
    for name in named:
        folder = path / name
        if not folder.is_dir():
            if name in ("safety_checker", "feature_extractor", "image_encoder"):
                continue
            return Contents(parts, missing=f"{folder} is missing.")
        found, variant = _weights_in(folder)
        if not found and (folder / "config.json").exists():
            other = [one.name for pattern in ("*.bin", "*.pt", "*.ckpt", "*.pth") for one in folder.glob(pattern)]
            if other:
                told = f"{folder} holds {other[0]}, a pickle that could run code; only .safetensors is loaded."
                return Contents(parts, missing=told)
            if name not in ("safety_checker", "feature_extractor", "image_encoder", "tokenizer"):
                return Contents(parts, missing=f"{folder} holds no .safetensors file.")
        if found:
            parts[name] = found
            variants.add(variant)
    return Contents(parts, variant=max(variants, default=""))


def _is_part(entry: list) -> bool:
    return len(entry) == 2 and all(isinstance(one, str) for one in entry)


def _weights_in(folder: Path) -> tuple[tuple[Path, ...], str]:
    """(files, variant) of one component: whole, sharded, plain or named by precision; the plain one is preferred."""
    for stem in _NAMES:
        for index in sorted(folder.glob(f"{stem}.safetensors.index*.json"), key=lambda one: len(one.name)):
            try:
                shards = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
            except (OSError, ValueError, KeyError, AttributeError):
                continue
            variant = index.name.removeprefix(f"{stem}.safetensors.index").removesuffix(".json").strip(".")
            return tuple(folder / Path(shard).name for shard in shards), variant
        for file in sorted(folder.glob(f"{stem}*.safetensors"), key=lambda one: len(one.name)):
            return (file,), file.name.removeprefix(stem).removesuffix(".safetensors").strip(".")
    return (), ""


def damage(model: LocalModel) -> str | None:
    """None when every weight file is there and as long as its header says, else a sentence."""
    found = contents(model)
    if found.missing:
        return found.missing
    root = model.path if model.layout == "folder" else model.path.parent
    return weights.damage(root, [file.relative_to(root).as_posix() for file in found.files])


def state(model: LocalModel) -> tuple:
    """Changes when a weight file does; cheap enough to ask at every look."""
    marks = []
    for file in contents(model).files:
        try:
            told = file.stat()
            marks.append((file.name, told.st_size, told.st_mtime_ns))
        except OSError:
            marks.append((file.name, -1, 0))
    return tuple(marks)


def footprint(model: LocalModel, bytes_per_number: int = 2) -> dict[str, int]:
    """Bytes of each component's weights in memory when loaded with so many bytes per number; from the headers.

    A component that is kept in fewer bytes (float8, quantised) counts as it is stored. {} when nothing can be read.
    """
    sizes: dict[str, int] = {}
    for name, files in contents(model).parts.items():
        for file in files:
            for key, entry in header(file).items():
                part = name if name != "checkpoint" else _part_of(key)
                sizes[part] = sizes.get(part, 0) + _bytes(entry, bytes_per_number)
    return sizes


def header(file: Path) -> dict[str, dict]:
    """The tensors of a safetensors file as {name: {dtype, shape, data_offsets}}; {} when it cannot be read."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            if length > 100_000_000:
                return {}
            told = json.loads(opened.read(length))
    except (OSError, ValueError):
        return {}
    return {name: entry for name, entry in told.items() if name != "__metadata__" and isinstance(entry, dict)}


def fingerprint(model: LocalModel) -> str:
    """10 hex digits over the head and tail of every weight file and its size. A whole hash of 20 GB would take minutes;
    the header alone names every tensor, and training changes the tensors at both ends."""
    digest = hashlib.sha256()
    for file in contents(model).files:
        size = file.stat().st_size
        digest.update(f"{file.name} {size}".encode())
        with file.open("rb") as opened:
            digest.update(opened.read(_HASHED))
            opened.seek(max(0, size - _HASHED))
            digest.update(opened.read(_HASHED))
    return digest.hexdigest()[:10]


def _bytes(entry: dict, bytes_per_number: int) -> int:
    try:
        start, end = entry["data_offsets"]
        numbers = 1
        for side in entry["shape"]:
            numbers *= int(side)
        return numbers * bytes_per_number if entry["dtype"] in ("F64", "F32", "F16", "BF16") else end - start
    except (KeyError, TypeError, ValueError):
        return 0


def _part_of(key: str) -> str:
    """The diffusers component that a tensor of a Stable Diffusion checkpoint becomes part of."""
    if key.startswith("model.diffusion_model."):
        return "unet"
    if key.startswith("first_stage_model."):
        return "vae"
    return "text_encoder_2" if key.startswith("conditioner.embedders.1.") else "text_encoder"
