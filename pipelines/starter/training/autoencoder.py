"""The autoencoder: 256 x 256 pictures to 8 x 32 x 32 latents and back (diffusers' AutoencoderTiny).

`train` learns both halves. `refine` sharpens the decoder alone, so that the latents, and the denoiser trained on them,
stay valid; it may first add decoder blocks at the coarse levels that begin as the identity.
"""

import copy
import math
import time

import numpy as np
import torch
from torch.nn import functional as F

CONFIG = {
    "encoder_block_out_channels": (64, 64, 64, 64),
    "decoder_block_out_channels": (64, 64, 64, 64),
    "num_encoder_blocks": (0, 2, 2, 3),
    "num_decoder_blocks": (10, 5, 2, 1),  # at 32, 64, 128 and 256 pixels
    "latent_channels": 8,
    "scaling_factor": 1.0,
}
KEEP = 0.1  # weight of staying at the latents of an earlier autoencoder
REFINED_BLOCKS = CONFIG["num_decoder_blocks"]


def to_tensor(pictures):
    """uint8 (N,H,W,3) -> float (N,3,H,W) in [-1,1], channels last in memory."""
    x = torch.from_numpy(np.array(pictures, order="C", copy=True)).permute(0, 3, 1, 2)
    return x.float().div_(127.5).sub_(1)


def load(path):
    """The fp32 AutoencoderTiny of a folder, channels last in memory."""
    from diffusers import AutoencoderTiny

    return AutoencoderTiny.from_pretrained(path, torch_dtype=torch.float32).to(memory_format=torch.channels_last)


def edges(a, b):
    """Mean absolute difference of the horizontal and vertical gradients of two pictures (N,3,H,W)."""
    dx = F.l1_loss(a[..., 1:] - a[..., :-1], b[..., 1:] - b[..., :-1])
    return dx + F.l1_loss(a[..., 1:, :] - a[..., :-1, :], b[..., 1:, :] - b[..., :-1, :])


def picture_loss(y, x):
    """L1 + squared error + edges at full and half size of (N,3,H,W) pictures in [-1,1]."""
    half = edges(F.avg_pool2d(y, 2), F.avg_pool2d(x, 2))
    return F.l1_loss(y, x) + 5 * F.mse_loss(y, x) + 0.5 * edges(y, x) + 0.5 * half


@torch.no_grad()
def psnr(vae, pictures, count=128):
    """Peak signal to noise of `count` reconstructions of uint8 pictures (N,256,256,3), dB per picture, fp32."""
    values = []
    for i in range(0, min(count, len(pictures)), 8):
        x = to_tensor(pictures[i : i + 8]).contiguous(memory_format=torch.channels_last)
        y = vae.decode(vae.encode(x).latents).sample.clamp(-1, 1)
        values.append(-10 * torch.log10(((y - x) / 2).pow(2).mean((1, 2, 3))))
    return torch.cat(values)


def _crop_origin(rng, limit, low, high):
    """Two in five crops anywhere in 0..limit, the others (face and bust) from low on to high."""
    return rng.integers(0, limit + 1) if rng.random() < 0.4 else rng.integers(low, high + 1)


def _picture_crops(pictures, n, crop, rng):
    out = np.empty((n, crop, crop, 3), np.uint8)
    for k in range(n):
        i, limit = rng.integers(0, len(pictures)), 256 - crop
        y, x = _crop_origin(rng, limit, min(60, limit), limit), _crop_origin(rng, limit, min(40, limit), limit)
        c = pictures[i, y : y + crop, x : x + crop]
        if rng.random() < 0.5:
            c = c[:, ::-1]
        out[k] = c[..., rng.permutation(3)] if rng.random() < 0.2 else c  # wider gamut than the renders
    return to_tensor(out).contiguous(memory_format=torch.channels_last)


def with_channels(vae, channels):
    """A copy of `vae` with more latent channels; the decoder ignores the new ones at first."""
    from diffusers import AutoencoderTiny

    more = AutoencoderTiny(**{**{k: vae.config[k] for k in CONFIG}, "latent_channels": channels})
    state, old = more.state_dict(), vae.state_dict()
    last, first = f"encoder.layers.{len(vae.encoder.layers) - 1}", "decoder.layers.0"
    known = vae.config.latent_channels
    for name, value in old.items():
        if state[name].shape == value.shape:
            state[name].copy_(value)
        elif name.startswith(last):
            state[name][:known] = value
        else:
            assert name.startswith(first), name
            state[name].zero_()
            state[name][:, :known] = value
    more.load_state_dict(state)
    return more.to(memory_format=torch.channels_last)


def train(ranks, data, out, minutes, init=None, keep=None, bs=8, crop=96, lr=1e-3):
    """Train encoder and decoder on crops of DATA.npy for some minutes; write the averaged weights to the folder `out`.

    bs: crops per step and worker. crop: pixels. Latents are held at zero mean and unit variance per channel, and noise
    is added to them so that the decoder forgives the denoiser's errors. keep: folder of an autoencoder with no more
    latent channels, whose latents the first channels are held to, so that a denoiser trained on them need not begin
    anew.
    """
    from diffusers import AutoencoderTiny

    torch.manual_seed(ranks.rank)
    rng, pictures = np.random.default_rng(ranks.rank), np.load(data + ".npy", mmap_mode="r")
    torch.manual_seed(0)  # the same initial weights in every worker
    vae = load(init) if init else AutoencoderTiny(**CONFIG).to(memory_format=torch.channels_last)
    if vae.config.latent_channels < CONFIG["latent_channels"]:
        vae = with_channels(vae, CONFIG["latent_channels"])
    old = load(keep).encoder.eval().requires_grad_(False) if keep else None
    torch.manual_seed(ranks.rank)

    def step():
        x = _picture_crops(pictures, bs, crop, rng)
        with torch.autocast("cpu", torch.bfloat16):
            z = vae.encode(x).latents
            y = vae.decode(z + torch.randn_like(z) * 0.06).sample
        y, z = y.float(), z.float()
        mean, var = z.mean((0, 2, 3)), z.var((0, 2, 3)) + 1e-5
        loss = picture_loss(y, x) + 0.02 * (mean.pow(2).mean() + var.log().pow(2).mean())
        if old:
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                wanted = old(x)
            loss = loss + KEEP * F.mse_loss(z[:, : wanted.shape[1]], wanted.float())
        return loss

    ema = _fit(ranks, vae, vae, step, minutes, lr, lambda v: v.save_pretrained(out))
    if ranks.first:
        ema.save_pretrained(out)


def widen(vae, blocks=REFINED_BLOCKS):
    """A copy of `vae` with more decoder blocks per level; the new ones begin as the identity."""
    from diffusers import AutoencoderTiny
    from diffusers.models.autoencoders.vae import AutoencoderTinyBlock

    config = {k: vae.config[k] for k in CONFIG}
    wide = AutoencoderTiny(**{**config, "num_decoder_blocks": blocks})
    wide.encoder.load_state_dict(vae.encoder.state_dict())
    old = list(vae.decoder.layers)
    for layer in wide.decoder.layers:
        if isinstance(layer, AutoencoderTinyBlock) and not isinstance(old[0], AutoencoderTinyBlock):
            torch.nn.init.zeros_(layer.conv[-1].weight)
            torch.nn.init.zeros_(layer.conv[-1].bias)
            continue
        layer.load_state_dict(old.pop(0).state_dict())
    assert not old, "fewer blocks than before"
    return wide.to(memory_format=torch.channels_last)


def decode_crops(decoder, z, rows, cols, cells):
    """Decode crops of latents with the whole picture as context.

    z: (B,8,32,32) unscaled latents. rows, cols: the crops' origins in latent cells. The coarse level runs on all
    of z, the finer levels on the crops only. Returns (B,3,8*cells,8*cells) pictures in [-1,1].
    """
    cut = next(i for i, layer in enumerate(decoder.layers) if isinstance(layer, torch.nn.Upsample))
    h = decoder.layers[:cut](torch.tanh(z / 3) * 3)
    crops = [h[i : i + 1, :, r : r + cells, c : c + cells] for i, (r, c) in enumerate(zip(rows, cols, strict=True))]
    h = torch.cat(crops).contiguous(memory_format=torch.channels_last)
    return decoder.layers[cut:](h) * 2 - 1


def refine(ranks, data, latents, init, out, minutes, estimate=None, bs=4, cells=14, lr=4e-4, blocks=REFINED_BLOCKS):
    """Sharpen the decoder on DATA.npy and its LATENTS (N,8,32,32 .npy); the latents stay as they are.

    estimate: None, or a function (z, indices, rng) -> latents as the denoiser draws them, for pictures `indices` of the
        data set; half of every batch goes through it, so that the decoder learns to clean up after the denoiser.
    bs: crops per step and worker. cells: crop size in latent cells of 8 pixels; a cell at every border only gives
    context and is left out of the loss.
    """
    torch.manual_seed(1 + ranks.rank)
    rng = np.random.default_rng(1 + ranks.rank)
    latents, pictures = np.load(latents, mmap_mode="r"), np.load(data + ".npy", mmap_mode="r")
    filled = np.flatnonzero(latents[:, 0, 0, 0])
    vae = load(init)
    if tuple(vae.config.num_decoder_blocks) != tuple(blocks):
        vae = widen(vae, blocks)
    limit, size = 32 - cells, cells * 8

    def step():
        index = rng.choice(filled, bs)
        z = torch.from_numpy(latents[index].astype(np.float32))
        half = bs // 2 if estimate else 0
        soft = z[half:] + torch.randn_like(z[half:]) * 0.06
        z = torch.cat([estimate(z[:half], index[:half], rng), soft]) if half else soft
        rows = [_crop_origin(rng, limit, 6, limit) for _ in range(bs)]
        cols = [_crop_origin(rng, limit, 5, limit - 5) for _ in range(bs)]
        x = [pictures[i, 8 * r : 8 * r + size, 8 * c : 8 * c + size] for i, r, c in zip(index, rows, cols, strict=True)]
        with torch.autocast("cpu", torch.bfloat16):
            y = decode_crops(vae.decoder, z.contiguous(memory_format=torch.channels_last), rows, cols, cells)
        return picture_loss(y.float()[..., 8:-8, 8:-8], to_tensor(x)[..., 8:-8, 8:-8])

    ema = _fit(ranks, vae, vae.decoder, step, minutes, lr, lambda v: v.save_pretrained(out))
    if ranks.first:
        ema.save_pretrained(out)


def _fit(ranks, vae, part, loss_of_step, minutes, lr, save=None, save_minutes=5):
    """Optimise `part` of `vae` for some minutes, learning rate annealed to zero; returns the averaged autoencoder.

    save: called with the averaged autoencoder every `save_minutes`.
    """
    params, ema = list(part.parameters()), copy.deepcopy(vae).eval()
    averaged = list((ema if part is vae else ema.decoder).parameters())
    opt = torch.optim.AdamW(params, lr=lr, betas=(0.9, 0.99), weight_decay=1e-4, fused=True)
    start, steps, losses, saved = time.time(), 0, [], 0
    while (done := ranks.share((time.time() - start) / (minutes * 60))) < 1:
        for group in opt.param_groups:
            group["lr"] = lr * min(1, (steps + 1) / 60) * (0.5 + 0.5 * math.cos(math.pi * done)) + 1e-6
        loss = loss_of_step()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        ranks.average(params)
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        steps += 1
        with torch.no_grad():
            torch._foreach_lerp_(averaged, params, 1 - min(0.995, steps / (steps + 10)))
        losses.append(loss.item())
        if ranks.first and steps % 50 == 0:
            print(f"{time.time() - start:5.0f} s  step {steps}  loss {np.mean(losses[-50:]):.4f}", flush=True)
        if ranks.first and save and time.time() - start > 60 * save_minutes * (saved + 1):
            saved += 1
            save(ema)
    return ema


@torch.no_grad()
def encode(vae, data, out, batch=16):
    """Write the latents (N,8,32,32 fp16, unscaled) of DATA.npy to `out` (.npy); returns their standard deviation."""
    pictures = np.load(data + ".npy", mmap_mode="r")
    latents = np.lib.format.open_memmap(out, "w+", np.float16, (len(pictures), vae.config.latent_channels, 32, 32))
    for i in range(0, len(pictures), batch):
        x = to_tensor(pictures[i : i + batch]).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            latents[i : i + batch] = vae.encode(x).latents.float().numpy()
    latents.flush()
    return float(latents[:4000].astype(np.float32).std())


@torch.no_grad()
def latent_rgb(vae, pictures, count=300):
    """Least squares from latents (denoiser units) to colours: a preview at 1/8 size costs one small product.

    Returns {"matrix": channels x 3, "bias": 3, "r2": share of variance explained}; colours in [-1,1].
    """
    rows, targets = [], []
    for i in range(0, min(count, len(pictures)), 8):
        x = to_tensor(pictures[i : i + 8])
        z = vae.encode(x.contiguous(memory_format=torch.channels_last)).latents * vae.config.scaling_factor
        rows.append(z.permute(0, 2, 3, 1).reshape(-1, z.shape[1]))
        targets.append(F.avg_pool2d(x, 8).permute(0, 2, 3, 1).reshape(-1, 3))
    z, rgb = torch.cat(rows), torch.cat(targets)
    ones = torch.cat([z, torch.ones(len(z), 1)], 1)
    weights = torch.linalg.lstsq(ones, rgb).solution
    r2 = 1 - (ones @ weights - rgb).pow(2).sum() / (rgb - rgb.mean(0)).pow(2).sum()
    rounded = [[round(v, 4) for v in row] for row in weights.tolist()]
    return {"matrix": rounded[:-1], "bias": rounded[-1], "r2": round(r2.item(), 3)}
