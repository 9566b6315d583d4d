"""Train the attribute classifier, the oracle of the adherence tests, on renders and on their reconstructions."""

import time

import numpy as np
import torch
from torch.nn import functional as F

from ..classifier import Classifier, labels, load
from .render import attributes
from .vocabulary import HEADS

WEIGHTS = {"expression": 3.0, "clothing": 2.0}  # the heads that learn slowest count for more


def _blur(x, kind):
    """Softened pictures, since a generated one is never as sharp as a render; kinds over 2 leave x as it is."""
    if kind == 1:
        small = F.avg_pool2d(x, 2)
        return F.interpolate(small, scale_factor=2, mode="bilinear")
    if kind == 2:
        return F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x


def accuracy(model, pictures, truth, batch=64):
    """{head: share of right answers} on a uint8 array (N,256,256,3) with the class numbers `truth`."""
    guesses = model.predict(pictures, batch)
    return {
        k: round(float(np.mean([HEADS[k][t] == g for t, g in zip(truth[k].tolist(), guesses[k], strict=True)])), 4)
        for k in HEADS
    }


@torch.no_grad()
def reconstructions(vae, pictures, batch=8):
    """uint8 pictures (N,256,256,3) through the autoencoder and back, same shape and type."""
    out = np.empty_like(pictures)
    for i in range(0, len(pictures), batch):
        x = torch.from_numpy(pictures[i : i + batch]).permute(0, 3, 1, 2).float() / 127.5 - 1
        y = vae.decode(vae.encode(x.to(memory_format=torch.channels_last)).latents).sample
        out[i : i + batch] = ((y.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return out


def train(data, out, minutes, extra=None, init=None, bs=64, lr=2e-3, seed=0):
    """Train on DATA.npy / DATA.jsonl for some minutes and write fp16 weights to `out` (safetensors).

    extra: (pictures, attributes) of reconstructions, mixed in one batch of four. init: weights to start from.
    Returns (model, steps).
    """
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    pictures, truth = np.load(data + ".npy", mmap_mode="r"), labels(attributes(data + ".jsonl"))
    extra_truth = labels(extra[1]) if extra else None
    model = (load(init) if init else Classifier()).to(memory_format=torch.channels_last).train()
    opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
    start, step = time.time(), 0
    while (done := (time.time() - start) / (minutes * 60)) < 1:
        for group in opt.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 100) * (1 - done) + 1e-5
        source, y = (extra[0], extra_truth) if extra and step % 4 == 3 else (pictures, truth)
        index = np.sort(rng.integers(0, len(source), bs))
        x = torch.from_numpy(source[index]).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        x = _blur(x.float() / 127.5 - 1, int(rng.integers(1, 5)))
        x = x + torch.randn(bs, 1, 128, 128).repeat_interleave(2, 2).repeat_interleave(2, 3) * 0.08 * torch.rand(1)
        x = torch.roll(x, (int(rng.integers(-4, 5)), int(rng.integers(-4, 5))), (2, 3))
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x)
        loss = sum(WEIGHTS.get(k, 1.0) * F.cross_entropy(p.float(), y[k][index]) for k, p in logits.items())
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        step += 1
        if step % 50 == 0:
            print(f"{time.time() - start:5.0f} s  step {step}  loss {loss.item():.3f}", flush=True)
    state = {k: (v.half() if v.is_floating_point() else v).contiguous() for k, v in model.eval().state_dict().items()}
    save_file(state, out)
    return model, step
