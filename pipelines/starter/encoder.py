"""The network that recognises a drawn character: picture in, a direction out; near directions are the same character.

It looks at the head and shoulders at full size and is trained to ignore place, weather, clothing, expression, prop,
framing and, as far as it can, style (`training/identity.py`).
"""

import numpy as np
import torch
from torch import nn

SIZE = 256  # pictures are scaled to this width, pixels
CROP = (28, 228, 4, 204)  # left, right, top, bottom of what is looked at, pixels of 256
WIDTH = 128  # numbers in an embedding


class Encoder(nn.Module):
    """A plain convolutional tower; `forward` gives the embedding and whether there is a character at all."""

    def __init__(self):
        super().__init__()

        def block(i, o, stride):
            return [nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)]

        # Squares of 4 x 4 pixels become channels first: a wide convolution of three channels is slow on a CPU.
        self.tower = nn.Sequential(
            nn.PixelUnshuffle(4), *block(48, 64, 1), *block(64, 96, 2), *block(96, 128, 2), *block(128, 128, 1),
            *block(128, 192, 2), *block(192, 192, 1), nn.AdaptiveAvgPool2d(3), nn.Flatten(),
        )  # fmt: skip
        self.embedding, self.present = nn.Linear(9 * 192, WIDTH), nn.Linear(9 * 192, 1)

    def forward(self, x):
        """(B,3,200,200) crops in [-1,1] -> ((B,128) vectors of length 1, (B,) logits of "a character is there")."""
        h = self.tower(x)
        return nn.functional.normalize(self.embedding(h).float(), dim=1), self.present(h).float()[:, 0]


def to_tensor(pictures):
    """uint8 (N,256,256,3) -> (N,3,200,200) float in [-1,1], what the encoder looks at."""
    left, right, top, bottom = CROP
    x = torch.from_numpy(np.ascontiguousarray(pictures[:, top:bottom, left:right])).permute(0, 3, 1, 2)
    return x.float().div_(127.5).sub_(1)


def load(path):
    """The encoder with the weights of a safetensors file, fp32, ready to be asked."""
    from safetensors.torch import load_file

    model = Encoder()
    model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()})
    return model.eval()


@torch.no_grad()
def embed(model, pictures, batch=32):
    """uint8 (N,256,256,3) -> ((N,128) float32 unit vectors, (N,) probability 0-1 that a character is there)."""
    vectors, present = [], []
    for i in range(0, len(pictures), batch):
        v, p = model(to_tensor(pictures[i : i + batch]))
        vectors.append(v.numpy())
        present.append(p.sigmoid().numpy())
    return np.concatenate(vectors), np.concatenate(present)
