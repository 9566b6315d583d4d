"""Joint training of the text encoder and the denoiser on the autoencoder's latents.

v-prediction with zero terminal SNR, min-SNR weights, stratified time steps, weight averaging, eager bf16 autocast.
Never compiled: torch.compile under bf16 autocast gave zero gradients to most inner blocks on CPU (torch 2.13); the
smoke test compares the gradients used here with fp32.
"""

import copy
import math
import os
import random
import shutil
import time

import numpy as np
import torch

from . import autoencoder
from .captions import caption
from .render import attributes
from .text import TextHeads, new_encoder, targets, tokenize, with_vocabulary

LATENT = 32  # latent width and height
UNET = {
    "sample_size": LATENT, "in_channels": 8, "out_channels": 8, "block_out_channels": (64, 128, 256),
    "layers_per_block": (2, 2, 1), "cross_attention_dim": 256, "attention_head_dim": (2, 4, 8), "norm_num_groups": 32,
    "addition_embed_type": "text", "addition_embed_type_num_heads": 4,  # pooled text also modulates every resnet
    "resnet_time_scale_shift": "scale_shift",
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
}  # fmt: skip
SCHEDULE = {
    "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
    "clip_sample": False, "set_alpha_to_one": True, "steps_offset": 1,
}  # fmt: skip
PARAMETERS = 28_000_000  # upper bound of what is averaged between workers


def scheduler():
    """The DDIM scheduler the model is trained for and shipped with."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(**SCHEDULE)


def new_unet():
    """An untrained denoiser."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(**UNET)


def grown(old):
    """The `UNET` shaped denoiser that begins by doing what the smaller one `old` does.

    New latent channels are predicted as zero, new layers pass on what they get.
    """
    unet = new_unet()
    state, known, fresh = unet.state_dict(), old.state_dict(), set(unet.state_dict())
    up = {i: len(block.resnets) - 1 for i, block in enumerate(unet.up_blocks)}  # the last layer meets the oldest skip
    for name, value in known.items():
        parts = name.split(".")
        if parts[0] == "up_blocks" and parts[2] in ("resnets", "attentions"):
            last = len(old.up_blocks[int(parts[1])].resnets) - 1
            if int(parts[3]) == last:
                parts[3] = str(up[int(parts[1])])
        target = ".".join(parts)
        fresh.discard(target)
        if state[target].shape == value.shape:
            state[target].copy_(value)
        elif target == "conv_in.weight":
            state[target].mul_(0.3)
            state[target][:, : value.shape[1]] = value
        else:
            assert target.startswith("conv_out"), target
            state[target].zero_()
            state[target][: len(value)] = value
    for name in fresh:
        if ".conv2." in name or ".proj_out." in name:
            state[name].zero_()
        elif "conv_shortcut" in name:
            state[name].zero_()
            if name.endswith("weight"):
                n = len(state[name])
                state[name][:, :n, 0, 0] = torch.eye(n)
    unet.load_state_dict(state)
    return unet


def region_weights():
    """{framing: (1,32,32) loss weights of mean 1}: face most, then bust and hands, then surroundings."""
    y, x = torch.meshgrid(torch.arange(LATENT) + 0.5, torch.arange(LATENT) + 0.5, indexing="ij")
    ramp = lambda v, low, high: torch.sigmoid((v - low) * 2) * torch.sigmoid((high - v) * 2)
    faces = {  # left, right, top, bottom of the face in latent cells, extra weight
        "portrait": (10, 22, 10, 21, 1.5), "close-up": (7.5, 24.5, 7, 23.5, 0.9), "half figure": (11, 21, 6.5, 16, 2.6),
    }  # fmt: skip
    out = {}
    for framing, (left, right, top, bottom, extra) in faces.items():
        w = 1 + extra * ramp(x, left, right) * ramp(y, top, bottom) + 0.4 * ramp(x, 5, 27) * ramp(y, bottom, 33)
        out[framing] = (w / w.mean()).view(1, LATENT, LATENT)
    return out


def rate(done, step, hold=0.5, warm=100):
    """Learning rate relative to its peak at the share `done` of the run: warm-up, hold, then a cosine to zero."""
    if done < hold:
        return min(1, (step + 1) / warm)
    return max(0.001, 0.5 + 0.5 * math.cos(math.pi * min(1, (done - hold) / (1 - hold))))


def timesteps(n):
    """(n,) stratified time steps 0..999, a little denser at the noisy end, where structure is decided."""
    t = ((torch.arange(n) + torch.rand(n)) / n) ** 0.75 * 1000
    return t.long().clamp(0, 999)[torch.randperm(n)]


def velocity_loss(unet, x, hidden, cumulative, weights):
    """Weighted v-prediction error of a batch.

    x: (B,8,32,32) scaled latents. hidden: (B,L,256) text. cumulative: (1000,) alphas_cumprod. weights: (B,1,32,32).
    Returns (loss to minimise, the same without region weights, for the log).
    """
    noise, t = torch.randn_like(x), timesteps(len(x))
    a = cumulative[t].view(-1, 1, 1, 1)
    with torch.autocast("cpu", torch.bfloat16):
        v = unet(a.sqrt() * x + (1 - a).sqrt() * noise, t, hidden).sample
    error = (v.float() - (a.sqrt() * noise - (1 - a).sqrt() * x)).pow(2)
    snr = a / (1 - a).clamp(min=1e-8)
    w = ((snr + 1).clamp(max=5) / (snr + 1)).flatten()  # min-SNR, gamma 5, for v-prediction
    return (w * (error * weights).mean((1, 2, 3))).mean(), (w * error.detach().mean((1, 2, 3))).mean()


def save_pipeline(out, vae, text, tokenizer_folder, unet):
    """Write a complete fp16 StableDiffusionPipeline folder beside `out`, then swap it in."""
    from diffusers import StableDiffusionPipeline
    from transformers import CLIPTokenizer

    half = lambda m: copy.deepcopy(m).to(torch.float16)
    fresh, old = out + ".new", out + ".old"
    shutil.rmtree(fresh, ignore_errors=True)
    StableDiffusionPipeline(
        vae=half(vae),
        text_encoder=half(text),
        tokenizer=CLIPTokenizer.from_pretrained(tokenizer_folder),
        unet=half(unet),
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(fresh, safe_serialization=True)
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(os.path.join(tokenizer_folder, name), os.path.join(fresh, "tokenizer", name))
    shutil.rmtree(old, ignore_errors=True)
    if os.path.exists(out):
        os.rename(out, old)
    os.rename(fresh, out)
    shutil.rmtree(old, ignore_errors=True)


def _load(init, tokenizer, text_folder):
    """(text encoder, denoiser, heads) from a pipeline folder, or new ones with the text encoder of `text_folder`."""
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    heads = TextHeads()
    if init:
        text = CLIPTextModel.from_pretrained(os.path.join(init, "text_encoder"), dtype=torch.float32)
        known = CLIPTokenizer.from_pretrained(os.path.join(init, "tokenizer"))
        if known.get_vocab() != tokenizer.get_vocab():
            text = with_vocabulary(text, known, tokenizer)
        unet = UNet2DConditionModel.from_pretrained(os.path.join(init, "unet"), torch_dtype=torch.float32)
        shapes = lambda model: {name: value.shape for name, value in model.state_dict().items()}
        if shapes(unet) != shapes(new_unet()):
            unet = grown(unet)
    else:
        text, unet = new_encoder(tokenizer), new_unet()
        if text_folder:
            text = CLIPTextModel.from_pretrained(text_folder, dtype=torch.float32)
            heads.load_state_dict(torch.load(os.path.join(text_folder, "heads.pt"), weights_only=True))
    return text.train(), unet.train(), heads  # the usual memory layout: 7 % faster here than channels last


def train(
    ranks, data, latents, vae, tokenizer_folder, out, state, end, total, init=None, text_folder=None, bs=20, lr=5e-4,
    ema=0.99, warm_heads=150, save_minutes=5, max_steps=0,
):  # fmt: skip
    """Train until the clock reads `end`, writing a pipeline folder `out` and a resumable file `state` on the way.

    data: DATA.jsonl holds the attributes, LATENTS (.npy) the unscaled latents of the same pictures; zero rows are
    skipped. vae: folder. end: seconds since the epoch. total: seconds the whole run is planned for, earlier parts
    included; the learning rate depends on the share gone by. init: pipeline folder to start from. text_folder: text
    encoder to start from where `init` is None. bs: pictures per step and worker. ema: kept share of the averaged
    weights every four steps. warm_heads: steps in which the text heads learn alone.
    """
    from diffusers.models.attention_processor import AttnProcessor
    from transformers import CLIPTokenizer

    torch.manual_seed(0)
    tokenizer, coder = CLIPTokenizer.from_pretrained(tokenizer_folder), autoencoder.load(vae)
    text, unet, heads = _load(init, tokenizer, text_folder)
    latents, people, scale = np.load(latents, mmap_mode="r"), attributes(data + ".jsonl"), coder.config.scaling_factor
    slow_text, slow_unet = (copy.deepcopy(text).eval(), copy.deepcopy(unet).eval()) if ranks.first else (None, None)
    unet.set_attn_processor(AttnProcessor())  # plain matrix products: the fused CPU kernel has a slow bf16 backward
    model = [*text.parameters(), *unet.parameters()]
    params = [*model, *heads.parameters()]
    groups = [{"params": [p for p in params if p.ndim > 1], "weight_decay": 0.01}]
    groups += [{"params": [p for p in params if p.ndim <= 1], "weight_decay": 0}]
    opt = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.99), fused=True)
    parts = {"text": text, "unet": unet, "heads": heads, "opt": opt, "ema_text": slow_text, "ema_unet": slow_unet}
    step = seen = 0
    if os.path.exists(state):
        saved = torch.load(state, mmap=True, weights_only=True)
        step, seen = saved["step"], saved["seen"]
        for name, part in parts.items():
            if part is not None:
                part.load_state_dict(saved[name])
    seed = 1000 * step + ranks.rank
    rng, r = np.random.default_rng(seed), random.Random(seed)
    torch.manual_seed(seed)
    averaged = [*slow_text.parameters(), *slow_unet.parameters()] if ranks.first else None
    cumulative, weights = scheduler().alphas_cumprod.float(), region_weights()
    began = saved_at = time.time()
    order, losses, first_step, done = np.array([], int), [], step, 0.0

    def save():
        save_pipeline(out, coder, slow_text, tokenizer_folder, slow_unet)
        content = {k: v.state_dict() for k, v in parts.items()}
        torch.save({**content, "step": step, "seen": seen}, state + ".new")
        os.replace(state + ".new", state)

    while not (max_steps and step - first_step >= max_steps):
        if step % 5 == 0 or step == first_step:
            done = 1 - ranks.share(end - time.time()) / total
        if done >= 1:
            break
        for group in opt.param_groups:
            group["lr"] = lr * rate(done, step)
        if len(order) < bs:
            order = rng.permutation([i for i in np.flatnonzero(latents[:, 0, 0, 0]) if i % ranks.world == ranks.rank])
        index, order = np.sort(order[:bs]), order[bs:]
        batch = [people[i] for i in index]
        words = [caption(a, r, keep=1.0 if r.random() < 0.35 else r.uniform(0.5, 1)) for a in batch]
        ids = tokenize(tokenizer, words)
        x = torch.from_numpy(latents[index].astype(np.float32)) * scale
        with torch.autocast("cpu", torch.bfloat16):
            hidden = text(ids)[0]
        regions = torch.stack([weights[a["framing"]] for a in batch])
        loss, plain = velocity_loss(unet, x, hidden, cumulative, regions)
        named = heads(hidden.detach() if step < warm_heads else hidden, ids, targets(batch), tokenizer.eos_token_id)
        opt.zero_grad(set_to_none=True)
        (loss + 0.1 * named).backward()
        ranks.average(params)
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        step, seen = step + 1, seen + len(index) * ranks.world
        losses.append(plain.item())
        if not ranks.first:
            continue
        if step % 4 == 0:
            with torch.no_grad():
                torch._foreach_lerp_(averaged, model, 1 - min(ema, step / (step + 40)))
        if step % 50 == 0:
            speed = (step - first_step) * len(index) * ranks.world / (time.time() - began)
            recent = f"loss {np.mean(losses[-50:]):.4f} (400 steps {np.mean(losses[-400:]):.4f})"
            print(f"{100 * done:5.1f} %  seen {seen}  {recent}  text {named.item():.3f}  {speed:.1f}/s", flush=True)
        if time.time() - saved_at > 60 * save_minutes:
            saved_at = time.time()
            save()
    if ranks.first:
        save()
        print(f"done: {step} steps, {seen} samples, loss {np.mean(losses[-400:]):.4f}", flush=True)


def estimator(pipeline_folder, data, guidance=2.5, low=150, high=650):
    """A function (z, indices, rng) -> the latents this model would draw, for `autoencoder.refine`.

    Unscaled latents z (B,8,32,32) of pictures `indices` are noised to a time step between `low` and `high`; what the
    denoiser makes of them in one step, guided for every other batch, is returned in the same units.
    """
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(pipeline_folder, torch_dtype=torch.float32)
    pipe.unet.to(memory_format=torch.channels_last)
    people, cumulative, r = attributes(data + ".jsonl"), scheduler().alphas_cumprod.float(), random.Random(0)
    scale = pipe.vae.config.scaling_factor

    @torch.no_grad()
    def estimate(z, indices, rng):
        x = z * scale
        t = torch.from_numpy(rng.integers(low, high, len(x)))
        a = cumulative[t].view(-1, 1, 1, 1)
        noisy = a.sqrt() * x + (1 - a).sqrt() * torch.randn_like(x)
        words = [caption(people[i], r, full=True) for i in indices]
        guided = rng.random() < 0.5
        ids = tokenize(pipe.tokenizer, words + [""] * len(words) if guided else words)
        repeat = 2 if guided else 1
        with torch.autocast("cpu", torch.bfloat16):
            v = pipe.unet(noisy.repeat(repeat, 1, 1, 1), t.repeat(repeat), pipe.text_encoder(ids)[0]).sample.float()
        if guided:
            v, free = v.chunk(2)
            v = free + guidance * (v - free)
        return (a.sqrt() * noisy - (1 - a).sqrt() * v) / scale

    return estimate
