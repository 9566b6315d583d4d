"""What a model file or folder on disk is, told from names, shapes and JSON. It imports no torch and loads no weights.

Families are named by the ids of `pipelines.catalog`; "" means the file says nothing about it. Shapes count before what
a file's metadata claims, because shapes decide whether it can be used.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipelines.weight_file import PICKLES, BadWeights, Header, pickled, read_header

Kind = Literal["model", "lora", "part", "unknown"]
LONGEST_JSON = 20_000_000
MOST_WORDS = 60
INDEX = "model_index.json"
OPTIONAL = (
    "safety_checker",
    "feature_extractor",
    "image_encoder",
)  # a folder may lack them though its index names them
_UNET = "model.diffusion_model."
_TEXT_WIDTH = {768: "sd15", 1024: "sd2", 2048: "sdxl", 1280: "sdxl-refiner", 256: "starter"}
_FLUX2_WIDTH = {3072: "flux2-klein", 4096: "flux2-klein-9b", 6144: "flux2-dev"}
# Words of `ss_base_model_version` and `modelspec.architecture`; the first that occurs counts.
_SAID = (
    ("flux-2-klein", "flux2-klein"), ("flux2_klein", "flux2-klein"), ("flux.2-klein", "flux2-klein"),
    ("flux-2", "flux2-dev"), ("flux2", "flux2-dev"), ("flux", "flux1"), ("qwen", "qwen-image"),
    ("z-image", "z-image"), ("zimage", "z-image"), ("z_image", "z-image"), ("krea", "krea2"),
    ("sdxl", "sdxl"), ("stable-diffusion-xl", "sdxl"), ("sd_v1", "sd15"), ("stable-diffusion-v1", "sd15"),
    ("sd1", "sd15"), ("sd_v2", "sd2"), ("stable-diffusion-v2", "sd2"), ("starter", "starter"),
)  # fmt: skip
NAMES = {
    "sd15": "SD 1.5", "sd2": "SD 2", "sdxl": "SDXL", "sdxl-refiner": "the SDXL refiner", "flux1": "FLUX.1",
    "flux2-klein": "FLUX.2 klein", "flux2-klein-9b": "FLUX.2 klein 9B", "flux2-dev": "FLUX.2 dev",
    "z-image": "Z-Image", "qwen-image": "Qwen-Image", "krea2": "Krea 2", "starter": "the starter",
}  # fmt: skip


@dataclass(frozen=True)
class LoraFacts:
    """What a LoRA file says of itself. `tags` are (word, pictures) of its training captions, most frequent first.

    `format` is kohya, peft or diffusers; `rank` and `alpha` of most of its layers, None when unknown.
    """

    format: str
    rank: int | None = None
    alpha: float | None = None
    triggers: tuple[str, ...] = ()
    tags: tuple[tuple[str, int], ...] = ()
    title: str = ""
    author: str = ""
    licence: str = ""
    description: str = ""
    base: str = ""


@dataclass(frozen=True)
class Found:
    """What was recognised. `layout` is checkpoint or folder; `pipeline` the class name of a folder's model_index.json.

    `family` is the engine's family; `base` what LoRAs have to be made for, which is narrower (SD 2, FLUX.2 klein 9B).
    `problem` is one sentence why it cannot be used as it is, "" when it can. `bytes` counts the weights.
    """

    kind: Kind
    family: str = ""
    base: str = ""
    layout: Literal["checkpoint", "folder"] = "checkpoint"
    variant: str = ""
    pipeline: str = ""
    problem: str = ""
    bytes: int = 0
    files: tuple[str, ...] = ()
    lora: LoraFacts | None = None
    precision: str = ""
    parameters: int = 0
    metadata: dict = field(default_factory=dict, compare=False)


def recognise(path: Path) -> Found:
    """What this file or diffusers folder is. Raises BadWeights for pickles and damaged files; OSError."""
    path = Path(path)
    if path.is_dir():
        return folder(path)
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        raise pickled(path.name)
    if suffix != ".safetensors":
        raise BadWeights(
            f"{path.name[:120]} is not a safetensors file.",
            "Models come as one .safetensors file or as a diffusers folder with model_index.json.",
            "unsafe_file",
        )
    return file(read_header(path))


def file(header: Header) -> Found:
    """What a single safetensors file is."""
    base = {"bytes": header.size, "precision": _precision(header), "metadata": header.metadata}
    lora_format = _lora_format(header.tensors)
    if lora_format:
        return _lora(header, lora_format, base)
    for mark, what in _OTHER:
        if any(mark in name for name in header.tensors):
            return Found("part", problem=f"This is {what}, not a whole model.", **base)
    base["parameters"] = header.parameters
    for block in ("input_blocks.4.1", "input_blocks.1.1"):
        width = header.shape(f"{_UNET}{block}.transformer_blocks.0.attn2.to_k.weight")
        if len(width) == 2 and (block == "input_blocks.1.1" or width[1] in (2048, 1280)):
            return _unet(header, _TEXT_WIDTH.get(width[1], ""), base)
    return _transformer(header, base)


_OTHER = (
    ("control_model.", "a ControlNet"),
    ("controlnet_cond_embedding.", "a ControlNet"),
    ("ip_adapter.", "an IP-Adapter"),
    ("image_proj.", "an IP-Adapter"),
    ("motion_modules.", "a motion module"),
    ("emb_params", "a textual inversion"),
    ("string_to_param", "a textual inversion"),
)


def _unet(header: Header, family: str, base: dict) -> Found:
    channels = header.shape(f"{_UNET}input_blocks.0.0.weight")
    variant = {9: "inpaint", 8: "edit"}.get(channels[1] if len(channels) > 1 else 4, "")
    missing = []
    if not any(name.startswith("first_stage_model.") for name in header.tensors):
        missing.append("the picture decoder")
    if not any(name.startswith(("cond_stage_model.", "conditioner.")) for name in header.tensors):
        missing.append("the text encoder")
    problem = f"It holds only a part of a model: {' and '.join(missing)} is missing." if missing else ""
    if not problem and family not in ("sd15", "sdxl"):
        problem = f"The studio runs no {NAMES.get(family, 'model of this kind')} from a single file."
    return Found("part" if missing else "model", family, family, variant=variant, problem=problem, **base)


def _transformer(header: Header, base: dict) -> Found:
    names = {name.removeprefix(_UNET): name for name in header.tensors}
    family = ""
    if "double_stream_modulation_img.lin.weight" in names:
        width = header.shape(names.get("img_in.weight", ""))
        family = _FLUX2_WIDTH.get(width[0] if width else 0, "flux2-dev")
    elif "double_blocks.0.img_attn.norm.key_norm.scale" in names:
        family = "flux1"
    elif "layers.0.adaLN_modulation.0.weight" in names:
        family = "z-image"
    elif "transformer_blocks.0.img_mlp.net.0.proj.weight" in names:
        family = "qwen-image"
    elif any(re.fullmatch(r"(blocks|transformer_blocks)\.0\.attn\.(to_)?gate\.weight", name) for name in names):
        family = "krea2"
    if family:
        said = f"It holds only the denoiser of {NAMES.get(family, family)}."
        return Found("part", family, family, problem=f"{said} Take the whole diffusers folder instead.", **base)
    if any(name.startswith(("decoder.up", "first_stage_model.decoder")) for name in names):
        return Found("part", problem="This is a picture decoder (VAE), not a whole model.", **base)
    if any("text_model.encoder" in name or name.startswith("model.embed_tokens") for name in names):
        return Found("part", problem="This is a text encoder, not a whole model.", **base)
    return Found("unknown", problem="The studio does not recognise this model.", **base)


# ---------------------------------------------------------------------- LoRA
_LORA = re.compile(r"(\.lora_down\.weight|\.lora_A(?:\.default)?\.weight|[._]lora\.down\.weight|\.lora_A)$")
_ENDINGS = {
    ".lora_down.weight": ".lora_up.weight", ".lora_A.weight": ".lora_B.weight", ".lora_A": ".lora_B",
    ".lora_A.default.weight": ".lora_B.default.weight", ".lora.down.weight": ".lora.up.weight",
    "_lora.down.weight": "_lora.up.weight",
}  # fmt: skip
_LYCORIS = re.compile(r"\.(hada_w[12](_[ab])?|lokr_w[12](_[ab])?|oft_blocks|oft_diag|boft_|ia3)")


def _lora_format(names: Iterable[str]) -> str:
    """kohya, peft, diffusers, or lycoris for its relatives that are not LoRAs; "" when it is something else."""
    seen = set()
    for name in names:
        if _LYCORIS.search(name):
            return "lycoris"
        if name.endswith((".lora_down.weight", ".lora_up.weight")):
            seen.add("kohya")
        elif ".lora_A" in name or ".lora_B" in name:
            seen.add("peft")
        elif name.endswith(("lora.down.weight", "lora.up.weight")):
            seen.add("diffusers")
    return next((one for one in ("kohya", "peft", "diffusers") if one in seen), "")


def _lora(header: Header, lora_format: str, base: dict) -> Found:
    if lora_format == "lycoris":
        return Found("lora", problem="This is a LoHa, LoKr or OFT file; the studio runs plain LoRAs.", **base)
    layers = _layers(header)
    problem = "" if layers else "No layer of this LoRA has both of its halves."
    said = _said_family(header.metadata)
    family = _lora_family(layers) or said
    ranks = [rank for _, _, rank in layers.values()]
    alphas = [name for name in header.tensors if name.endswith(".alpha")]
    metadata = header.metadata
    facts = LoraFacts(
        format=lora_format,
        rank=max(set(ranks), key=ranks.count) if ranks else None,
        alpha=_number(metadata.get("ss_network_alpha")) if alphas or "ss_network_alpha" in metadata else None,
        triggers=_triggers(metadata),
        tags=_tags(metadata),
        title=_text(metadata.get("modelspec.title") or metadata.get("ss_output_name"), 120),
        author=_text(metadata.get("modelspec.author"), 120),
        licence=_text(metadata.get("modelspec.license"), 400),
        description=_text(metadata.get("modelspec.description"), 2000),
        base=_text(metadata.get("ss_base_model_version") or metadata.get("modelspec.architecture"), 80),
    )
    if not problem and not family:
        problem = "The studio cannot tell which models this LoRA was made for."
    return Found("lora", family, family, problem=problem, lora=facts, **base)


def _layers(header: Header) -> dict[str, tuple[int, int, int]]:
    """(width in, width out, rank) of every layer that has both halves, by its name with dots and without endings."""
    layers = {}
    for name, tensor in header.tensors.items():
        match = _LORA.search(name)
        if not match or len(tensor.shape) < 2:
            continue
        stem = name[: match.start()]
        up = header.shape(stem + _ENDINGS[match[1]])
        if len(up) >= 2 and up[1] == tensor.shape[0]:
            layers[stem.replace("_", ".")] = (tensor.shape[1], up[0], tensor.shape[0])
    return layers


def _lora_family(layers: Mapping[str, tuple[int, int, int]]) -> str:
    """The family by the widths of what the layers are added to."""
    for name, (width, _, _) in layers.items():
        if "attn2.to.k" in name or "attn2.to.v" in name:
            return _TEXT_WIDTH.get(width, "")
    joined = "\n".join(layers)
    if "noise.refiner" in joined or re.search(r"(^|\.)layers\.\d+\.(attention|feed.forward|adaLN)", joined, re.M):
        return "z-image" if any(wide == 3840 for wide, _, _ in layers.values()) else ""
    if re.search(r"img\.(mlp\.net|mod\.1)|txt\.mlp\.net", joined) and "transformer.blocks" in joined:
        return "qwen-image"
    if "to.gate" in joined:
        return "krea2"
    if re.search(r"double\.blocks|single\.blocks|single\.transformer\.blocks", joined):
        return _flux(layers)
    if re.search(r"(^|\.)transformer\.blocks\.(2\d|[345]\d)\.attn\.(add\.[qkv]|to\.[qkv])", joined, re.M):
        return "qwen-image"
    if "text.encoder.2" in joined or re.search(r"^lora\.te[12]\.", joined, re.M):
        return "sdxl"
    if re.search(r"^lora\.te\.|^text\.encoder\.", joined, re.M):
        return "sd15"
    return ""


def _flux(layers: Mapping[str, tuple[int, int, int]]) -> str:
    """FLUX.1 or one of FLUX.2: the same names, other widths."""
    for name, (width, out, _) in layers.items():
        if "to.qkv.mlp.proj" in name:
            return _FLUX2_WIDTH.get(width, "flux2-dev")
        if name.endswith(".linear1"):
            return _FLUX2_WIDTH.get(width, "flux2-dev") if out == 9 * width else "flux1"
        if name.endswith(("img.mlp.0", "ff.linear.in")):
            return _FLUX2_WIDTH.get(width, "flux2-dev") if out == 6 * width else "flux1"
        if ".proj.mlp" in name or ".norm.linear" in name or "ff.net" in name:
            return "flux1"
    joined = "\n".join(layers)
    deep = max((int(number) for number in re.findall(r"single\.(?:transformer\.)?blocks\.(\d+)", joined)), default=0)
    double = max((int(number) for number in re.findall(r"double\.blocks\.(\d+)", joined)), default=0)
    if deep >= 24 or double >= 8:
        return "flux1" if not any(width == 6144 for width, _, _ in layers.values()) else "flux2-dev"
    return ""


def _said_family(metadata: Mapping[str, str]) -> str:
    said = f"{metadata.get('ss_base_model_version', '')} {metadata.get('modelspec.architecture', '')}".lower()
    return next((family for word, family in _SAID if word in said), "")


def _triggers(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """The words that call the LoRA: what it states, else the names of its training folders such as `10_ohwx woman`."""
    stated = metadata.get("modelspec.trigger_phrase") or ""
    if stated.strip():
        return tuple(dict.fromkeys(_text(part, 80) for part in stated[:4000].split(",") if part.strip()))[:MOST_WORDS]
    found = [re.fullmatch(r"\d{1,4}_(.{1,60})", str(name)) for name in _json(metadata.get("ss_dataset_dirs"))]
    return tuple(dict.fromkeys(_text(match[1], 80) for match in found if match))[:MOST_WORDS]


def _tags(metadata: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """The words of the training captions and how many pictures had them, summed over its folders."""
    counts: dict[str, int] = {}
    for words in _json(metadata.get("ss_tag_frequency")).values():
        if isinstance(words, dict):
            for word, count in words.items():
                if isinstance(count, int) and not isinstance(count, bool) and 0 < count < 10**9:
                    word = _text(word, 80)
                    counts[word] = counts.get(word, 0) + count
    best = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple((word, count) for word, count in best if word)[:MOST_WORDS]


def _json(text: str | None) -> dict:
    if not text or len(text) > LONGEST_JSON:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object, longest: int) -> str:
    """A stranger's text as one line of printable characters."""
    printable = "".join(one if one.isprintable() else " " for one in str(value or ""))
    return " ".join(printable.split())[:longest]


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if abs(number) < 1e6 else None


def _precision(header: Header) -> str:
    """The number format most of the file's bytes are in."""
    sizes: dict[str, int] = {}
    for tensor in header.tensors.values():
        sizes[tensor.dtype] = sizes.get(tensor.dtype, 0) + tensor.end - tensor.start
    return max(sizes, key=sizes.get) if sizes else ""


# ---------------------------------------------------------------------- diffusers folders
def read_json(path: Path) -> dict:
    """A JSON object from a stranger's folder. Raises BadWeights."""
    try:
        if path.stat().st_size > LONGEST_JSON:
            raise ValueError
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError
    except (ValueError, RecursionError):
        raise BadWeights(f"{path.name} cannot be read.", "Copy or download the model again.", "damaged_file") from None
    return found


def components(index: Mapping) -> dict[str, tuple[str, str]]:
    """(library, class) of every part that model_index.json names and does not leave out."""
    found = {}
    for name, entry in index.items():
        if not name.startswith("_") and isinstance(entry, list) and len(entry) >= 2 and all(entry[:2]):
            found[name] = (str(entry[0]), str(entry[1]))
    return found


def has_weights(kind: tuple[str, str]) -> bool:
    """Whether a part of this class consists of weights; tokenizers, schedulers and processors do not."""
    return not re.search(r"Scheduler|Tokenizer|Processor|Extractor", kind[1])


def families_by_pipeline() -> dict[str, str]:
    """Family ids by the class names of pipelines, as the catalogue of engines tells them."""
    from pipelines.catalog import FAMILIES

    return {name: family.id for family in reversed(FAMILIES) for name in family.pipelines}


def folder(path: Path) -> Found:
    """What a diffusers folder is, with every part's weights checked by their headers."""
    path = Path(path)
    if not (path / INDEX).is_file():
        raise BadWeights(
            f"{path.name[:120]} is no diffusers folder: it has no {INDEX}.",
            "Choose the folder that holds model_index.json, or a single .safetensors file.",
            "damaged_file",
        )
    index = read_json(path / INDEX)
    name = _text(index.get("_class_name"), 80)
    size, files, formats = 0, [], {}
    for part, kind in components(index).items():
        if not re.fullmatch(r"\w{1,60}", part):
            raise BadWeights(f"{INDEX} names a strange part.", "Copy or download the model again.", "damaged_file")
        if not has_weights(kind) or (part in OPTIONAL and not (path / part).is_dir()):
            continue
        for one in weights_of(path / part, part):
            header = read_header(one)
            size += header.size
            files.append(one.relative_to(path).as_posix())
            formats[_precision(header)] = formats.get(_precision(header), 0) + header.size
    family = families_by_pipeline().get(name, "")
    problem = "" if family else f"The studio has no engine for {name or 'this kind of model'} yet."
    return Found(
        "model", family, base_of(path, family), "folder", pipeline=name, problem=problem, bytes=size,
        files=tuple(files), precision=max(formats, key=formats.get) if formats else "",
    )  # fmt: skip


def base_of(path: Path, family: str) -> str:
    """What LoRAs for this folder have to be made for, by the width of its denoiser."""
    try:
        if family in ("sd15", "sdxl"):
            width = read_json(path / "unet" / "config.json").get("cross_attention_dim")
            return _TEXT_WIDTH.get(width, family) if isinstance(width, int) else family
        if family == "flux2-klein":
            config = read_json(path / "transformer" / "config.json")
            return _FLUX2_WIDTH.get(config["num_attention_heads"] * config["attention_head_dim"], family)
    except (BadWeights, OSError, KeyError, TypeError):
        pass  # the engine says what is wrong with it
    return {"qwen-image-edit": "qwen-image"}.get(family, family)


def weights_of(folder: Path, part: str) -> list[Path]:
    """The safetensors files a part is loaded from. Raises BadWeights when there are none, or only pickles."""
    if not folder.is_dir():
        raise BadWeights(f"The part {part} is missing.", "Copy or download the model again.", "damaged_file")
    whole = [one for one in sorted(folder.glob("*.safetensors")) if not re.search(r"-\d{5}-of-\d{5}", one.name)]
    plain = [one for one in whole if one.name.count(".") == 1]
    indexes = sorted(folder.glob("*.safetensors.index*.json"), key=lambda one: len(one.name))
    if plain or (whole and not indexes):
        return (plain or whole)[:1]
    if indexes:
        listed = read_json(indexes[0]).get("weight_map")
        names = sorted({str(name) for name in listed.values()}) if isinstance(listed, dict) else []
        if not names or any("/" in name or "\\" in name or ".." in name for name in names):
            raise BadWeights(f"{indexes[0].name} cannot be read.", "Download the model again.", "damaged_file")
        missing = next((name for name in names if not (folder / name).is_file()), None)
        if missing:
            raise BadWeights(f"{part}/{missing} is missing.", "Copy or download the model again.", "damaged_file")
        return [folder / name for name in names]
    pickles = [one for one in sorted(folder.iterdir()) if one.suffix.lower() in PICKLES]
    if pickles:
        raise pickled(f"{part}/{pickles[0].name}")
    raise BadWeights(f"The part {part} has no weights.", "Copy or download the model again.", "damaged_file")
