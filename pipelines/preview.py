"""Small pictures from latents, so cheap that every step can have one. One matrix per model family; no autoencoder."""

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    import torch
    from PIL.Image import Image


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
    import numpy
    from PIL import Image

    weights, bias = matrix(file)
    latents = clean.detach().float().cpu().numpy()
    rgb = numpy.einsum("bchw,cr->bhwr", latents, weights) + bias
    rgb = numpy.nan_to_num((rgb + 1) * 127.5).clip(0, 255).astype(numpy.uint8)
    return [Image.fromarray(each) for each in rgb]
