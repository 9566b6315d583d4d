"""The test oracle: reads the attributes of a character back from its picture.

`load(path).predict(images)` gives `{head: [label, ...]}` for the heads of `HEADS`. One small network looks at the whole
picture at half size, another at the face at full size (the framing of the starter model is fixed).
"""

import numpy as np
import torch
from torch import nn

from .training.vocabulary import HEADS

FACE = (56, 200, 48, 208)  # left, right, top, bottom of the face crop, pixels of 256
WIDTH = 160


def _tower():
    def block(i, o, stride):
        conv = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        return [conv, nn.BatchNorm2d(o), nn.ReLU(inplace=True)]

    layers = [*block(3, 24, 2), *block(24, 48, 2), *block(48, 96, 2), *block(96, 128, 2), *block(128, 128, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(2048, WIDTH), nn.ReLU(inplace=True))


class Classifier(nn.Module):
    """Two convolutional towers and one linear head per attribute."""

    def __init__(self):
        super().__init__()
        self.whole, self.face, self.drop = _tower(), _tower(), nn.Dropout(0.2)
        self.heads = nn.ModuleDict({k: nn.Linear(2 * WIDTH, len(v)) for k, v in HEADS.items()})

    def forward(self, x):
        """(B,3,256,256) pictures in [-1,1] -> {head: (B,classes) logits}."""
        left, right, top, bottom = FACE
        small = nn.functional.avg_pool2d(x, 2)
        h = self.drop(torch.cat([self.whole(small), self.face(x[..., top:bottom, left:right])], 1))
        return {k: m(h) for k, m in self.heads.items()}

    @torch.no_grad()
    def predict(self, images, batch=32):
        """PIL pictures, or a uint8 array (N,256,256,3) -> {head: [label, ...]}."""
        out = {k: [] for k in HEADS}
        self.eval()
        for i in range(0, len(images), batch):
            for k, logits in self(to_tensor(images[i : i + batch])).items():
                out[k] += [HEADS[k][j] for j in logits.argmax(1).tolist()]
        return out


def to_tensor(images):
    """PIL pictures (any size) or a uint8 array (N,256,256,3) -> (N,3,256,256) float in [-1,1]."""
    if not isinstance(images, np.ndarray):
        images = np.stack([np.asarray(i.convert("RGB").resize((256, 256))) for i in images])
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def load(path):
    """The classifier with the weights of a safetensors file, ready to predict in fp32."""
    from safetensors.torch import load_file

    model = Classifier()
    model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()})
    return model.eval()


def labels(attributes):
    """Attribute dicts -> {head: (N,) class numbers}; an absent attribute is "none"."""
    return {k: torch.tensor([v.index(a.get(k) or "none") for a in attributes]) for k, v in HEADS.items()}
