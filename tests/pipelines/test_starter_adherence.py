"""The shipped starter model draws what its prompts promise: floors on fixed prompts, set below the measured values."""

import json
import os

import pytest
import torch

from pipelines import starter
from pipelines.starter import classifier
from pipelines.starter.training import evaluate

FOLDER = os.path.dirname(starter.__file__)
PROMPTS = 16
# measured on 100 prompts: 0.85, 0.87, 0.92, 0.86
FLOORS = {"mean": 0.75, "scene": 0.75, "prop": 0.8, "clothing_color": 0.75}
MEGABYTES = 55


@pytest.fixture(scope="module")
def table():
    """Adherence per attribute on the first fixed prompts, with the shipped settings."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two threads crawl on busy cores
    oracle = os.path.join(FOLDER, "attribute_classifier.safetensors")
    report, _ = evaluate.adherence(os.path.join(FOLDER, "model"), oracle, PROMPTS, batch=8)
    torch.set_num_threads(threads)
    return report["adherence"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOORS)
def test_generated_pictures_keep_what_the_prompt_promises(table, name):
    share = table[name] if name == "mean" else table[name][0]
    assert share >= FLOORS[name], table


def test_the_published_figures_are_above_the_floors():
    with open(os.path.join(FOLDER, "adherence.json")) as f:
        published = json.load(f)["adherence"]
    assert published["mean"] >= FLOORS["mean"]
    assert all(published[k][0] >= v for k, v in FLOORS.items() if k != "mean")


def test_the_model_folder_stays_small():
    sizes = [
        os.path.getsize(os.path.join(root, name))
        for root, _, names in os.walk(os.path.join(FOLDER, "model"))
        for name in names
    ]
    assert sum(sizes) < MEGABYTES * 2**20


def test_the_preview_matrix_belongs_to_the_shipped_autoencoder():
    """Latents of a flat colour come out as about that colour."""
    with open(os.path.join(FOLDER, "latent_rgb.json")) as f:
        fit = json.load(f)
    pipe = evaluate.load_pipeline(os.path.join(FOLDER, "model"), torch.float32)
    for color in ((0.8, -0.2, -0.4), (-0.6, 0.1, 0.7), (0.9, 0.9, 0.9)):
        x = torch.tensor(color).view(1, 3, 1, 1).expand(1, 3, 64, 64)
        with torch.no_grad():
            z = pipe.vae.encode(x).latents[0, :, 4, 4] * pipe.vae.config.scaling_factor
        seen = z @ torch.tensor(fit["matrix"]) + torch.tensor(fit["bias"])
        assert (seen - torch.tensor(color)).abs().mean() < 0.35


def test_the_classifier_reads_all_heads():
    model = classifier.load(os.path.join(FOLDER, "attribute_classifier.safetensors"))
    out = model(torch.zeros(1, 3, 256, 256))
    assert {k: v.shape[1] for k, v in out.items()} == {k: len(v) for k, v in classifier.HEADS.items()}
