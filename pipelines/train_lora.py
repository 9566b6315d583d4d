"""Teach a model one character: a LoRA on the denoiser of a loaded diffusers pipeline, by peft.

It knows tensors, pictures and captions; nothing of characters, jobs or documents. Pictures and captions are encoded
once, before the first step, and the encoders are not touched again. Pipelines with a UNet and noise or velocity
prediction (Stable Diffusion's family: the starter, SD 1.5, SDXL) are understood; their text encoders are not trained.
"""

import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pipelines.base import EngineError

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out")
CONVOLUTIONS = ("conv1", "conv2")
EMPTY_SHARE = 0.1  # steps that learn the empty caption, so that guidance goes on working
NAME = "character"  # the adapter's name while it is trained
_HALF_SCALE = 1024.0  # float16 gradients are multiplied by this on their way, so that small ones are not lost


@dataclass(frozen=True)
class TrainingPlan:
    """How one LoRA is trained. `steps` of `batch` pictures; `learning_rate` falls to zero along a half cosine.

    `convolutions` teaches the convolutions too: worth it for small models. `save_memory` computes activations a second
    time instead of keeping them. The state is saved every `save_every` steps and at every checkpoint.
    """

    rank: int = 8
    steps: int = 320
    batch: int = 8
    learning_rate: float = 1.5e-3
    seed: int = 0
    checkpoint_every: int = 80
    save_every: int = 10
    convolutions: bool = True
    save_memory: bool = False

    def checkpoints(self) -> list[int]:
        """The steps after which a version is kept, the last step among them."""
        return [*range(self.checkpoint_every, self.steps, self.checkpoint_every), self.steps]


# report(done, total, loss, pipe): after every step. Raising out of it stops the training; its state is then saved.
Report = Callable[[int, int, float, object], None]
# checkpoint(step, weights): the LoRA is active on the pipeline, `weights()` gives it by its kohya names.
Checkpoint = Callable[[int, "Callable[[], dict]"], None]


def train(
    pipe,
    pictures: "Sequence[Image]",
    captions: Sequence[str],
    plan: TrainingPlan,
    report: Report,
    state: "Path | None" = None,
    checkpoint: Checkpoint = lambda step, weights: None,
    mark: str = "",
    dtype: str = "bfloat16",
) -> dict:
    """Train on RGB pictures of one size with one caption each; returns the weights by their kohya names (fp16).

    `pipe` is a Stable Diffusion or SDXL pipeline, its weights in any dtype; the LoRA itself is float32. Afterwards,
    also after an error, the pipeline is as it was, without the LoRA. Steps compute in `dtype`. `state` is a file: a
    later call with the same plan and `mark` (what identifies model and pictures) goes on from it, and gives the same
    LoRA as if it had never stopped. `checkpoint` is called after the steps of `plan.checkpoints()`, before the state
    is saved. Raises EngineError for no or uneven pictures and for a pipeline without a UNet.
    """
    import torch

    _refuse_unfit(pipe, pictures, captions)
    unet, generator = pipe.unet, torch.Generator().manual_seed(plan.seed)
    taught = encoded(pipe, pictures, captions)
    mark = json.dumps({"mark": mark, "dtype": dtype} | asdict(plan), sort_keys=True)
    keeps = set(plan.checkpoints())
    with _adapter(unet, plan) as parameters:
        optimizer = torch.optim.AdamW(parameters, lr=plan.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4)
        first = _resume(state, mark, parameters, optimizer, generator)
        scale = _HALF_SCALE if dtype == "float16" else 1.0
        for step in range(first, plan.steps):
            for group in optimizer.param_groups:
                warm = min(1, (step + 1) / 20)
                group["lr"] = plan.learning_rate * warm * (0.5 + 0.5 * math.cos(math.pi * step / plan.steps)) + 1e-6
            loss = _loss(unet, taught.batch(plan.batch, generator), taught.alphas, taught.velocity, generator, dtype)
            optimizer.zero_grad(set_to_none=True)
            (loss * scale).backward()
            if scale != 1:
                for parameter in parameters:
                    parameter.grad.div_(scale)
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            done, told = step + 1, loss.item()
            if not math.isfinite(told):
                raise EngineError(
                    "The training went astray: its numbers overflowed.",
                    "Choose float32 in Settings, or the preset Quick.",
                    "not_finite",
                )
            try:
                report(done, plan.steps, told, pipe)
            except BaseException:
                # stopped between two steps: nothing is lost, but a version that was not judged yet is reached again
                if state and done not in keeps:
                    _save_state(state, mark, done, parameters, optimizer, generator)
                raise
            if done in keeps:
                unet.eval()
                checkpoint(done, lambda: _kohya(unet))
                unet.train()
            if state and (done in keeps or done % plan.save_every == 0):
                _save_state(state, mark, done, parameters, optimizer, generator)
        return _kohya(unet)


def save(weights: dict, path: "Path", trigger: str, plan: TrainingPlan, facts: dict | None = None) -> None:
    """Write a LoRA as safetensors that diffusers, ComfyUI and A1111 load, with what it is in its metadata.

    `facts` are further metadata, text to text (base model, licence, hash of the training pictures).
    """
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
    _write({k: v.contiguous() for k, v in weights.items()}, path, metadata)


def reached(state: "Path") -> int:
    """The step a state file stopped at, 0 without one. Reads the file's head only."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(state, "pt") as file:
            return int((file.metadata() or {}).get("step", 0))
    except (OSError, SafetensorError, ValueError):
        return 0


@contextmanager
def quick(device: str, dtype: str) -> Iterator[None]:
    """Pictures made inside compute in `dtype` although the LoRA under training is float32."""
    import torch

    kind = device.split(":")[0]
    half = dtype in ("bfloat16", "float16")
    with torch.autocast(kind, getattr(torch, dtype)) if half and kind != "mps" else nullcontext():
        yield


# ---------------------------------------------------------------------- what is taught
@dataclass
class Taught:
    """Everything a step needs, encoded once: latents (N,C,h,w), text (N+1,L,D) whose last row is the empty caption,
    and for SDXL the pooled text (N+1,P) and the sizes (N,6). All on the pipeline's device."""

    latents: object
    text: object
    alphas: object
    velocity: bool
    pooled: object = None
    sizes: object = None

    def batch(self, count: int, generator) -> tuple:
        """(latents, text, further conditions by name) of `count` pictures drawn by `generator`."""
        import torch

        n = len(self.latents)
        rows = torch.randint(n, (count,), generator=generator)
        words = rows.clone()
        words[torch.rand(count, generator=generator) < EMPTY_SHARE] = n
        more = {}
        if self.pooled is not None:
            more["added_cond_kwargs"] = {"text_embeds": self.pooled[words], "time_ids": self.sizes[rows]}
        return self.latents[rows], self.text[words], more


def encoded(pipe, pictures, captions) -> Taught:
    """Pictures and captions in the denoiser's units, float32, with the empty caption after the last."""
    import numpy as np
    import torch

    device, vae = pipe.unet.device, pipe.vae
    kept = vae.dtype
    if kept == torch.float16:  # half precision overflows in some encoders
        vae.to(torch.float32)
    latents = []
    try:
        with torch.no_grad():
            for picture in pictures:
                x = torch.from_numpy(np.asarray(picture.convert("RGB"), np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
                code = vae.encode(x.to(device, vae.dtype))
                code = code.latents if hasattr(code, "latents") else code.latent_dist.mode()
                shift = getattr(vae.config, "shift_factor", None) or 0
                latents.append((code.float() - shift) * vae.config.scaling_factor)
            found = pipe.encode_prompt([*captions, ""], device=device, num_images_per_prompt=1,
                                       do_classifier_free_guidance=False)  # fmt: skip
    finally:
        vae.to(kept)
    latents = torch.cat(latents).clone()
    taught = Taught(
        latents,
        found[0].float().clone(),
        pipe.scheduler.alphas_cumprod.float().to(device),
        pipe.scheduler.config.prediction_type == "v_prediction",
    )
    if len(found) == 4:  # SDXL: (text, _, pooled text, _)
        taught.pooled = found[2].float().clone()
        width, height = pictures[0].size
        taught.sizes = torch.tensor([[height, width, 0, 0, height, width]] * len(pictures), device=device).float()
    return taught


def _refuse_unfit(pipe, pictures, captions) -> None:
    if not hasattr(pipe, "unet"):
        raise EngineError(
            "This kind of model cannot be trained here.", "Train on the starter, SD 1.5 or SDXL.", "train"
        )
    if not pictures or len(pictures) != len(captions):
        raise EngineError("Every training picture needs one caption.", "Add pictures, or mend the captions.", "train")
    if len({picture.size for picture in pictures}) > 1:
        raise EngineError("The training pictures have different sizes.", "Crop them to one size first.", "train")


@contextmanager
def _adapter(unet, plan: TrainingPlan) -> Iterator[list]:
    """The parameters of a fresh LoRA on the denoiser, which is in training mode; gone afterwards."""
    import torch
    from peft import LoraConfig

    training = unet.training
    frozen = [(one, one.requires_grad) for one in unet.parameters()]
    names = ATTENTION + (CONVOLUTIONS if plan.convolutions else ())
    config = LoraConfig(r=plan.rank, lora_alpha=plan.rank, target_modules=list(names), init_lora_weights="gaussian")
    unet.requires_grad_(False)
    checkpointing = plan.save_memory and not unet.is_gradient_checkpointing
    try:
        with torch.random.fork_rng(devices=[unet.device] if unet.device.type == "cuda" else []):
            torch.manual_seed(plan.seed)
            unet.add_adapter(config, adapter_name=NAME)
        if checkpointing:
            unet.enable_gradient_checkpointing()
        parameters = [one for one in unet.parameters() if one.requires_grad]
        for one in parameters:
            one.data = one.data.float()
        unet.train()
        yield parameters
    finally:
        if checkpointing:
            unet.disable_gradient_checkpointing()
        if getattr(unet, "peft_config", None):
            unet.unload_lora()
            unet._hf_peft_config_loaded = False
        for one, wanted in frozen:
            one.requires_grad_(wanted)
        unet.train(training)


def _loss(unet, batch, alphas, velocity: bool, generator, dtype: str):
    """Min-SNR (gamma 5) weighted error of the prediction for a batch, at stratified time steps."""
    import torch

    x, hidden, more = batch
    n, total = len(x), len(alphas)
    noise = torch.randn(x.shape, generator=generator).to(x.device)
    t = ((torch.arange(n) + torch.rand(n, generator=generator)) / n * total).long().clamp(0, total - 1).to(x.device)
    a = alphas[t].view(-1, 1, 1, 1)
    kept = unet.conv_in.weight.dtype
    more = {name: {key: value.to(kept) for key, value in parts.items()} for name, parts in more.items()}
    with quick(x.device.type, dtype):
        guess = unet((a.sqrt() * x + (1 - a).sqrt() * noise).to(kept), t, hidden.to(kept), **more).sample
    wanted = a.sqrt() * noise - (1 - a).sqrt() * x if velocity else noise
    error = (guess.float() - wanted).pow(2).mean((1, 2, 3))
    snr = (a / (1 - a).clamp(min=1e-8)).flatten()
    weight = (snr + 1).clamp(max=5) / (snr + 1) if velocity else snr.clamp(max=5) / snr.clamp(min=1e-8)
    return (weight * error).mean()


# ---------------------------------------------------------------------- files
def _resume(state, mark: str, parameters, optimizer, generator) -> int:
    """The step to begin at: 0, or where a state file with the same mark stopped."""
    import torch
    from safetensors import SafetensorError, safe_open

    if not state or not os.path.exists(state):
        return 0
    try:
        with safe_open(state, "pt") as file:
            told = file.metadata() or {}
            if told.get("mark") != mark:
                return 0
            step = int(told["step"])
            held = {name: file.get_tensor(name) for name in file.keys()}
        if any(held[f"weight.{i}"].shape != one.shape for i, one in enumerate(parameters)):
            return 0
        for i, one in enumerate(parameters):
            one.data.copy_(held[f"weight.{i}"])
            mean, square = held[f"mean.{i}"].to(one.device), held[f"square.{i}"].to(one.device)
            optimizer.state[one] = {"step": torch.tensor(float(step)), "exp_avg": mean, "exp_avg_sq": square}
        generator.set_state(held["generator"])
    except (OSError, SafetensorError, KeyError, ValueError):
        return 0  # the disk lost it: begin anew rather than not at all
    return step


def _save_state(state, mark: str, step: int, parameters, optimizer, generator) -> None:
    tensors = {"generator": generator.get_state()}
    for i, one in enumerate(parameters):
        known = optimizer.state[one]
        tensors |= {f"weight.{i}": one.detach(), f"mean.{i}": known["exp_avg"], f"square.{i}": known["exp_avg_sq"]}
    tensors = {name: value.cpu().contiguous() for name, value in tensors.items()}
    _write(tensors, state, {"mark": mark, "step": str(step)})


def _write(tensors: dict, path, metadata: dict[str, str]) -> None:
    """A safetensors file that is whole or not there."""
    from safetensors.torch import save_file

    fresh = f"{path}.new"
    save_file(tensors, fresh, metadata=metadata)
    handle = os.open(fresh, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(fresh, path)


def _kohya(unet) -> dict:
    """The adapter's weights by the names A1111 made common, with an alpha each."""
    import torch
    from diffusers.utils import convert_state_dict_to_kohya
    from peft.utils import get_peft_model_state_dict

    weights = get_peft_model_state_dict(unet, adapter_name=NAME)
    named = convert_state_dict_to_kohya({f"unet.{k}": v for k, v in weights.items()})
    return {k: v.detach().cpu().to(torch.float16) for k, v in named.items()}
