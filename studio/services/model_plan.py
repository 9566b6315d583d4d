"""Which files of a repository make a model, and whether it is one the studio runs. It makes no requests of its own."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath

from pipelines import recognise
from pipelines.base import EngineError
from pipelines.weight_file import PICKLES
from studio.errors import StudioError
from studio.services.hub import RemoteFile, Repo, safe_path

MOST_FILES = 400
LONGEST_TEXT = 64 * 1024 * 1024  # tokenizers are the largest files that are no weights
LEFT_OUT = frozenset({"safety_checker"})  # engines do without; the studio rates pictures itself
_TEXTS = (".json", ".txt", ".model", ".jinja", ".tiktoken")
_WORDS = re.compile(r"(?i)(licen[sc]e|notice|use_policy|readme)[\w.-]*\.?(md|txt|rst)?")
_SHARD = re.compile(r"(?P<stem>\w+?)(?:\.(?P<variant>\w+))?-\d{5}-of-\d{5}\.safetensors")
_WHOLE = re.compile(r"(?P<stem>\w+?)(?:\.(?P<variant>\w+))?\.safetensors")
_INDEX = re.compile(r"(?P<stem>\w+?)\.(?:(?P<first>\w+)\.)?safetensors\.index(?:\.(?P<variant>\w+))?\.json")
_STEMS = ("diffusion_pytorch_model", "model", "pytorch_model")


@dataclass(frozen=True)
class Plan:
    """What will be on the disk. `files` with paths as in the repository; `pipeline` is a folder's class name."""

    layout: str
    files: tuple[RemoteFile, ...]
    family: str = ""
    pipeline: str = ""
    main: str = ""
    choices: tuple[str, ...] = field(default=(), compare=False)

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.files)

    def as_json(self) -> dict:
        return asdict(self) | {"files": [asdict(one) for one in self.files]}

    @classmethod
    def from_json(cls, values: Mapping) -> "Plan":
        files = tuple(RemoteFile(**one) for one in values["files"])
        known = {name: values[name] for name in ("layout", "family", "pipeline", "main")}
        return cls(files=files, **known)


def is_folder(repo: Repo) -> bool:
    """Whether the repository is a diffusers folder."""
    return repo.file(recognise.INDEX) is not None


def folder_plan(repo: Repo, index: Mapping) -> Plan:
    """The files of a diffusers repository. StudioError when no engine takes it, or weights are pickles or missing."""
    pipeline = str(index.get("_class_name") or "")[:80]
    family = recognise.families_by_pipeline().get(pipeline, "")
    if not family:
        raise StudioError(
            f"{repo.repo} is a {pipeline or 'model'}, which the studio has no engine for.",
            "Choose a model of another family; Models lists those the studio runs.",
            field="repo",
        )
    chosen = [one for one in repo.files if "/" not in one.path and _at_the_top(one)]
    offered: dict[str, dict[str, list[RemoteFile]]] = {}
    for part, kind in recognise.components(index).items():
        if part in LEFT_OUT:
            continue
        inside = [one for one in repo.files if one.path.startswith(f"{part}/") and one.path.count("/") == 1]
        chosen += [one for one in inside if _is_text(one)]
        if recognise.has_weights(kind):
            offered[part] = _by_variant(inside)
            if not offered[part]:
                _refuse_missing(repo, part, inside)
    for part in offered:
        chosen += offered[part][_best(offered, part)]
    return _checked(Plan("folder", tuple(dict.fromkeys(chosen)), family, pipeline))


def file_plan(repo: Repo, file: str | None) -> Plan:
    """The one weight file of a repository and the words beside it.

    Without `file` it is the only one there is; when there are several, `choices` names them and `files` is empty.
    """
    weights = [one for one in repo.files if one.path.endswith(".safetensors") and one.bytes]
    if file is not None:
        found = repo.file(file)
        if found is None or not found.path.endswith(".safetensors"):
            if found is not None and PurePosixPath(file).suffix.lower() in PICKLES:
                _pickled(repo, file)
            raise StudioError(f"{repo.repo} has no safetensors file “{file[:120]}”.", "Choose another.", field="file")
        weights = [found]
    if not weights:
        pickles = [one.path for one in repo.files if PurePosixPath(one.path).suffix.lower() in PICKLES]
        if pickles:
            _pickled(repo, pickles[0])
        raise StudioError(
            f"{repo.repo} holds no model the studio could use.",
            "It has neither model_index.json nor a .safetensors file.",
            field="repo",
        )
    if len(weights) > 1:
        return Plan("checkpoint", (), choices=tuple(one.path for one in weights[:60]))
    words = [one for one in repo.files if "/" not in one.path and _WORDS.fullmatch(one.path) and one.bytes < 1_000_000]
    return _checked(Plan("checkpoint", (weights[0], *words), main=weights[0].path))


def _at_the_top(one: RemoteFile) -> bool:
    return one.path == recognise.INDEX or (bool(_WORDS.fullmatch(one.path)) and one.bytes < 1_000_000)


def _is_text(one: RemoteFile) -> bool:
    name = one.path.rsplit("/", 1)[-1]
    return name.endswith(_TEXTS) and not _INDEX.fullmatch(name) and one.bytes <= LONGEST_TEXT and "index" not in name


def _by_variant(inside: list[RemoteFile]) -> dict[str, list[RemoteFile]]:
    """The weight files of one part by the precision in their names ("" for none), shards with their index."""
    found: dict[str, list[RemoteFile]] = {}
    for stem in _STEMS:
        for one in inside:
            name = one.path.rsplit("/", 1)[-1]
            index = _INDEX.fullmatch(name)
            match = _SHARD.fullmatch(name) or _WHOLE.fullmatch(name) or index
            if not match or match["stem"] != stem:
                continue
            variant = (match["variant"] or (match["first"] if index else None)) or ""
            found.setdefault(variant, []).append(one)
        if found:
            break
    return {
        variant: _whole_or_shards(files)
        for variant, files in found.items()
        if any(one.path.endswith(".safetensors") for one in files)
    }


def _whole_or_shards(files: list[RemoteFile]) -> list[RemoteFile]:
    """One file where the repository has both, else the shards and their index."""
    whole = [one for one in files if _WHOLE.fullmatch(one.path.rsplit("/", 1)[-1])]
    return whole[:1] or files


def _best(offered: dict[str, dict[str, list[RemoteFile]]], part: str) -> str:
    """Which precision to take: half where every part has it, else the plain files."""
    for variant in ("fp16", "bf16", ""):
        if all(variant in variants for variants in offered.values()):
            return variant
    return "" if "" in offered[part] else min(offered[part], key=len)


def _refuse_missing(repo: Repo, part: str, inside: list[RemoteFile]) -> None:
    pickles = [one.path for one in inside if PurePosixPath(one.path).suffix.lower() in PICKLES]
    if pickles:
        _pickled(repo, pickles[0])
    raise StudioError(f"{repo.repo} has no weights for its part {part}.", "Choose another model.", field="repo")


def _pickled(repo: Repo, path: str) -> None:
    raise StudioError(
        f"{repo.repo} only has {path}, a pickle: opening it could run a program of whoever made it.",
        "Choose a repository with .safetensors files.",
        field="repo",
    )


def _checked(plan: Plan) -> Plan:
    strange = next((one.path for one in plan.files if not safe_path(one.path)), None)
    if strange or len(plan.files) > MOST_FILES:
        raise StudioError(
            "This repository names files in a way that cannot be kept." if strange else "This has too many files.",
            f"The name is “{strange[:80]}”." if strange else "Choose another model.",
            field="repo",
        )
    return plan


def told(error: EngineError) -> StudioError:
    """A refusal of the file readers as the studio's own error."""
    refused = StudioError(error.message, error.hint)
    refused.code = error.code
    return refused
