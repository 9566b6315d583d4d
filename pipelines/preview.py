"""Small pictures from latents, so cheap that every step can have one. One matrix per latent space; no autoencoder.

The starter's matrix is a file beside its weights; for any other model `fit` measures one on its own autoencoder.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    import torch
    from PIL.Image import Image

LONGEST = 160  # pixels of a preview's longer side; the page enlarges it


@lru_cache(maxsize=16)
def matrix(file: Path) -> "tuple[numpy.ndarray, numpy.ndarray]":
    """(channels x 3 matrix, 3 biases) from a JSON file with `matrix` and `bias`: latents to RGB in -1 to 1."""
    import numpy

    stored = json.loads(Path(file).read_text(encoding="utf-8"))
    return numpy.asarray(stored["matrix"], numpy.float32), numpy.asarray(stored["bias"], numpy.float32)


def pictures(clean: "torch.Tensor", file: Path) -> "list[Image]":
    """One RGB picture per item of `clean` (batch x channels x h x w latents, any device or dtype), each w x h pixels.

    `clean` must be the predicted clean latents; noisy ones give noisy pictures. Safe from any thread: the only torch
    work is the copy to memory, so it never waits for the threads of a running step.
    """
    return projected(clean, *matrix(file))


def projected(clean: "torch.Tensor", weights: "numpy.ndarray", bias: "numpy.ndarray") -> "list[Image]":
    """As `pictures`, by a channels x (3 s s) matrix: each latent pixel becomes s x s pixels of RGB in -1 to 1."""
    import numpy
    from PIL import Image

    latents = clean.detach().float().cpu().numpy()
    flat = numpy.einsum("bchw,cr->bhwr", latents, weights) + bias
    batch, height, width, outputs = flat.shape
    side = round((outputs // 3) ** 0.5)
    rgb = flat.reshape(batch, height, width, side, side, 3).transpose(0, 1, 3, 2, 4, 5)
    rgb = rgb.reshape(batch, height * side, width * side, 3)
    rgb = numpy.nan_to_num((rgb + 1) * 127.5).clip(0, 255).astype(numpy.uint8)
    found = [Image.fromarray(each) for each in rgb]
    for each in found:
        each.thumbnail((LONGEST, LONGEST), Image.Resampling.BILINEAR)
    return found


def fit(pixels: "torch.Tensor", latents: "torch.Tensor") -> "tuple[numpy.ndarray, numpy.ndarray]":
    """The matrix and bias for `projected` that best turn these latents into these pictures (ridge least squares).

    `pixels` are n x 3 x H x W in -1 to 1, `latents` n x channels x h x w as the sampler sees them, also packed ones.
    A latent pixel of 16 or more pixels becomes 2 x 2.
    """
    import numpy
    import torch

    height, width = latents.shape[-2:]
    side = 2 if pixels.shape[-2] // height >= 16 else 1
    target = torch.nn.functional.interpolate(pixels.float().cpu(), (height * side, width * side), mode="area")
    wanted = target.numpy().reshape(len(target), 3, height, side, width, side).transpose(0, 2, 4, 3, 5, 1)
    wanted = wanted.reshape(-1, 3 * side * side).astype(numpy.float64)
    known = latents.detach().float().cpu().numpy().transpose(0, 2, 3, 1).reshape(len(wanted), -1).astype(numpy.float64)
    known = numpy.nan_to_num(known)
    middle, level = known.mean(0), wanted.mean(0)
    known = known - middle
    square = known.T @ known
    ridge = 1e-3 * max(float(numpy.trace(square)) / len(square), 1e-12) * numpy.eye(len(square))
    weights = numpy.linalg.solve(square + ridge, known.T @ (wanted - level))
    bias = level - middle @ weights
    return weights.astype(numpy.float32), bias.astype(numpy.float32)


def samples(size: int, count: int = 4) -> "torch.Tensor":
    """`count` pictures (count x 3 x size x size, -1 to 1) of soft and hard shapes at every scale to `fit` on."""
    import torch

    generator = torch.Generator().manual_seed(20)
    total = torch.zeros(count, 3, size, size)
    scales = {2: "bicubic", 3: "nearest", 5: "bicubic", 9: "nearest", 17: "bicubic", 33: "bilinear"}
    for cells, mode in scales.items():
        noise = torch.randn(count, 3, cells, cells, generator=generator)
        grey = torch.randn(count, 1, cells, cells, generator=generator)
        field = 0.45 * noise + 0.55 * grey
        total += torch.nn.functional.interpolate(field, (size, size), mode=mode) / cells**0.35
    return torch.tanh(0.8 * total)
