"""Teach a model one character: a LoRA on the denoiser of a loaded diffusers pipeline, by peft.

It knows tensors, pictures and captions; nothing of characters, jobs or documents. Pictures and captions are encoded
once, before the first step, and the encoders are not touched again. Pipelines with a UNet and noise or velocity
prediction (Stable Diffusion's family, the starter among them) are understood.
"""

import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pipelines.base import EngineError

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

TARGETS = (
    "to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out", "conv1", "conv2",
)  # fmt: skip
EMPTY_SHARE = 0.1  # steps that learn the empty caption, so that guidance goes on working


@dataclass(frozen=True)
class TrainingPlan:
    """How one LoRA is trained. `steps` of `batch` pictures; `learning_rate` falls to zero along a half cosine."""

    rank: int = 8
    steps: int = 320
    batch: int = 8
    learning_rate: float = 1.5e-3
    seed: int = 0
    checkpoint_every: int = 80


# report(done, total, loss, pipe): after every step. Raising out of it stops the training; what was saved stays.
Report = Callable[[int, int, float, object], None]


def train(
    pipe,
    pictures: "Sequence[Image]",
    captions: Sequence[str],
    plan: TrainingPlan,
    report: Report,
    state: "Path | None" = None,
    checkpoint: Callable[[int], None] = lambda step: None,
) -> dict:
    """Train on RGB pictures of one size with one caption each; returns the weights by their kohya names (fp16).

    `pipe` is a StableDiffusionPipeline in float32 and afterwards is as it was, without the LoRA. `state` is a file: it
    is written every `plan.checkpoint_every` steps, and a later call with the same plan goes on from it;
    `checkpoint(step)` is called then, while the LoRA is active on `pipe`. Raises EngineError for no or uneven pictures
    and for a pipeline without a UNet.
    """
    import torch
    from peft import LoraConfig

    _refuse_unfit(pipe, pictures, captions)
    unet, generator = pipe.unet, torch.Generator().manual_seed(plan.seed)
    latents, hidden, empty = _encoded(pipe, pictures, captions)
    cumulative = pipe.scheduler.alphas_cumprod.float()
    velocity = pipe.scheduler.config.prediction_type == "v_prediction"
    device, training = latents.device, unet.training
    unet.requires_grad_(False)
    torch.manual_seed(plan.seed)
    config = LoraConfig(r=plan.rank, lora_alpha=plan.rank, target_modules=list(TARGETS), init_lora_weights="gaussian")
    unet.add_adapter(config, adapter_name="character")
    try:
        parameters = [p for p in unet.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4)
        first = _resume(state, plan, parameters, optimizer, generator)
        unet.train()
        for step in range(first, plan.steps):
            for group in optimizer.param_groups:
                warm = min(1, (step + 1) / 20)
                group["lr"] = plan.learning_rate * warm * (0.5 + 0.5 * math.cos(math.pi * step / plan.steps)) + 1e-6
            rows = torch.randint(len(latents), (plan.batch,), generator=generator)
            words = hidden[rows].clone()
            words[torch.rand(plan.batch, generator=generator) < EMPTY_SHARE] = empty
            loss = _loss(unet, latents[rows], words, cumulative.to(device), velocity, generator)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            report(step + 1, plan.steps, loss.item(), pipe)
            if state and (step + 1) % plan.checkpoint_every == 0:
                _save_state(state, plan, step + 1, parameters, optimizer, generator)
                unet.eval()
                checkpoint(step + 1)
                unet.train()
        return _kohya(unet)
    finally:
        unet.delete_adapters("character")
        unet.train(training)


def save(weights: dict, path: "Path", trigger: str, plan: TrainingPlan, facts: dict | None = None) -> None:
    """Write a LoRA as safetensors that diffusers, ComfyUI and A1111 load, with what it is in its metadata.

    `facts` are further metadata, text to text (base model, licence, hash of the training pictures).
    """
    from safetensors.torch import save_file

    metadata = {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.trigger_phrase": trigger,
        "ss_network_dim": str(plan.rank),
        "ss_network_alpha": str(plan.rank),
        "ss_network_module": "networks.lora",
        "ss_steps": str(plan.steps),
        "ss_learning_rate": str(plan.learning_rate),
        "ss_seed": str(plan.seed),
        **(facts or {}),
    }
    fresh = f"{path}.new"
    save_file({k: v.contiguous() for k, v in weights.items()}, fresh, metadata=metadata)
    os.replace(fresh, path)


def _refuse_unfit(pipe, pictures, captions) -> None:
    if not hasattr(pipe, "unet"):
        raise EngineError("This kind of model cannot be trained here.", "Train on the starter or SD 1.5.", "train")
    if not pictures or len(pictures) != len(captions):
        raise EngineError("Every training picture needs one caption.", "Add pictures, or mend the captions.", "train")
    if len({picture.size for picture in pictures}) > 1:
        raise EngineError("The training pictures have different sizes.", "Crop them to one size first.", "train")


def _encoded(pipe, pictures, captions):
    """(latents (N,C,h,w) in the denoiser's units, text (N,L,D), empty text (L,D)), float32 on the pipeline's device."""
    import numpy as np
    import torch

    device, vae = pipe.unet.device, pipe.vae
    latents = []
    with torch.no_grad():
        for picture in pictures:
            x = torch.from_numpy(np.asarray(picture.convert("RGB"), np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
            code = vae.encode(x.to(device, vae.dtype))
            code = code.latents if hasattr(code, "latents") else code.latent_dist.mean
            latents.append(code.float() * vae.config.scaling_factor)
        texts = [*captions, ""]
        hidden = pipe.encode_prompt(texts, device, 1, do_classifier_free_guidance=False)[0].float()
    return torch.cat(latents), hidden[:-1], hidden[-1]


def _loss(unet, x, hidden, cumulative, velocity, generator):
    """Min-SNR (gamma 5) weighted error of the prediction for a batch, at stratified time steps."""
    import torch

    n, total = len(x), len(cumulative)
    noise = torch.randn(x.shape, generator=generator).to(x.device)
    t = ((torch.arange(n) + torch.rand(n, generator=generator)) / n * total).long().clamp(0, total - 1).to(x.device)
    a = cumulative[t].view(-1, 1, 1, 1)
    with torch.autocast(x.device.type, torch.bfloat16):
        guess = unet(a.sqrt() * x + (1 - a).sqrt() * noise, t, hidden).sample
    wanted = a.sqrt() * noise - (1 - a).sqrt() * x if velocity else noise
    error = (guess.float() - wanted).pow(2).mean((1, 2, 3))
    snr = (a / (1 - a).clamp(min=1e-8)).flatten()
    weight = (snr + 1).clamp(max=5) / (snr + 1) if velocity else snr.clamp(max=5) / snr.clamp(min=1e-8)
    return (weight * error).mean()


def _resume(state, plan, parameters, optimizer, generator) -> int:
    """The step to begin at: 0, or where a state file of the same plan stopped."""
    import torch

    if not state or not os.path.exists(state):
        return 0
    saved = torch.load(state, weights_only=True)
    if saved["plan"] != json.dumps(asdict(plan), sort_keys=True):
        return 0
    for parameter, value in zip(parameters, saved["parameters"], strict=True):
        parameter.data.copy_(value)
    optimizer.load_state_dict(saved["optimizer"])
    generator.set_state(saved["generator"])
    return saved["step"]


def _save_state(state, plan, step, parameters, optimizer, generator) -> None:
    import torch

    content = {
        "plan": json.dumps(asdict(plan), sort_keys=True),
        "step": step,
        "parameters": [p.detach().cpu() for p in parameters],
        "optimizer": optimizer.state_dict(),
        "generator": generator.get_state(),
    }
    torch.save(content, f"{state}.new")
    os.replace(f"{state}.new", state)


def _kohya(unet) -> dict:
    """The adapter's weights by the names A1111 made common, with an alpha each."""
    import torch
    from diffusers.utils import convert_state_dict_to_kohya
    from peft.utils import get_peft_model_state_dict

    weights = get_peft_model_state_dict(unet, adapter_name="character")
    named = convert_state_dict_to_kohya({f"unet.{k}": v for k, v in weights.items()})
    return {k: v.detach().cpu().to(torch.float16) for k, v in named.items()}
