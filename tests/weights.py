"""Makes small safetensors files for tests: the right names and shapes, with no more bytes than their header says."""

import json
from pathlib import Path

BYTES = {"F32": 4, "F16": 2, "BF16": 2, "U8": 1, "I64": 8}


def safetensors(
    path: Path, shapes: dict, metadata: dict | None = None, dtype: str = "F16", fill: bytes = b"\0"
) -> Path:
    """A safetensors file with these tensors, as a sparse file where it is large."""
    header, at = ({"__metadata__": metadata} if metadata else {}), 0
    for name, shape in shapes.items():
        size = BYTES[dtype]
        for side in shape:
            size *= side
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        if fill != b"\0":
            file.write((fill * (at // len(fill) + 1))[:at])
        file.truncate(8 + len(text) + at)
    return path


UNET = "model.diffusion_model."


def checkpoint(path: Path, width: int = 768, channels: int = 4, more: dict | None = None, fill: bytes = b"\0") -> Path:
    """A single-file model as its header looks: SD 1.5 (768), SD 2 (1024), SDXL (2048)."""
    block = "input_blocks.4.1" if width in (2048, 1280) else "input_blocks.1.1"
    return safetensors(
        path,
        {
            f"{UNET}input_blocks.0.0.weight": (8, channels, 3, 3),
            f"{UNET}{block}.transformer_blocks.0.attn2.to_k.weight": (8, width),
            "first_stage_model.decoder.conv_in.weight": (8, 4, 3, 3),
            ("conditioner." if width == 2048 else "cond_stage_model.") + "transformer.weight": (8, 8),
            **(more or {}),
        },
        fill=fill,
    )


def kohya(path: Path, width: int = 768, rank: int = 4, metadata: dict | None = None, fill: bytes = b"\1") -> Path:
    """A LoRA with kohya's names on one cross-attention layer and one text encoder layer."""
    stem = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
    text = "lora_te1" if width == 2048 else "lora_te"
    return safetensors(
        path,
        {
            f"{stem}.lora_down.weight": (rank, width),
            f"{stem}.lora_up.weight": (320, rank),
            f"{stem}.alpha": (),
            f"{text}_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight": (rank, 768),
            f"{text}_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight": (768, rank),
        },
        metadata,
        fill=fill,
    )


def peft(path: Path, layers: dict[str, tuple[int, int]], rank: int = 4, metadata: dict | None = None) -> Path:
    """A LoRA with peft's names: `layers` maps a module to (width in, width out)."""
    shapes = {}
    for name, (wide, out) in layers.items():
        shapes |= {f"{name}.lora_A.weight": (rank, wide), f"{name}.lora_B.weight": (out, rank)}
    return safetensors(path, shapes, metadata, fill=b"\2")


def diffusers_folder(path: Path, pipeline: str = "StableDiffusionPipeline") -> Path:
    """A diffusers folder with one small file of weights per part."""
    parts = {
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "safety_checker": [None, None],
    }
    path.mkdir(parents=True)
    (path / "model_index.json").write_text(json.dumps({"_class_name": pipeline, **parts}), encoding="utf-8")
    for part, (_, kind) in parts.items():
        if kind:
            (path / part).mkdir()
            settings = {"scheduler": "scheduler_config.json", "tokenizer": "tokenizer_config.json"}
            (path / part / settings.get(part, "config.json")).write_text("{}", encoding="utf-8")
    safetensors(path / "text_encoder" / "model.safetensors", {"a": (4, 4)})
    safetensors(path / "unet" / "diffusion_pytorch_model.safetensors", {"a": (16, 16)})
    safetensors(path / "vae" / "diffusion_pytorch_model.safetensors", {"a": (8, 8)})
    return path
