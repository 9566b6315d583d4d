"""The encoder of drawn characters: its training stage for seconds, and its figures against their floors."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.starter import encoder

HOME = Path(__file__).resolve().parents[2] / "pipelines" / "starter"

pytest.importorskip("dicebear", reason="the renderer's packages are in requirements-dev.txt")
from pipelines.starter.training import identity  # noqa: E402


@pytest.fixture(scope="module")
def published():
    """What is published beside the weights."""
    return json.loads((HOME / "identity.json").read_text("utf-8"))


def test_a_view_keeps_the_character_and_changes_the_rest():
    """Everything that makes a character stays from view to view; places and clothes do not."""
    r = random.Random(4)
    person = identity.characters(2, 9)[0]
    views = [identity.view(person, r) for _ in range(12)]
    assert all(one.get(k) == person.get(k) for one in views for k in identity.KEPT)
    assert len({one["scene"] for one in views}) > 4
    assert len({one["rseed"] for one in views}) == 12


def test_siblings_differ_in_one_attribute():
    """The second of a pair is not the first, and most of what makes a character is the same."""
    people = identity.characters(80, 11)
    for one, other in zip(people[::2], people[1::2], strict=True):
        differing = [k for k in identity.KEPT if one.get(k) != other.get(k)]
        assert differing
        assert one["style"] == other["style"]


def test_another_style_draws_the_same_person():
    """What a style can draw of a character is kept; what it cannot makes it refuse."""
    r = random.Random(5)
    kept = ("person", "skin", "hair_color", "hair_length", "glasses", "facial_hair", "age", "headwear")
    found = [(one, identity.restyled(one, r)) for one in identity.characters(24, 13)]
    drawn = [(one, other) for one, other in found if other]
    assert len(drawn) >= 8
    for one, other in drawn:
        assert other["style"] != one["style"]
        assert all(one[k] == other[k] for k in kept)


def test_the_area_under_the_curve_by_hand():
    """AUC counts the pairs in the right order: 5 of 6 here."""
    assert identity.auc(np.array([0.9, 0.5]), np.array([0.1, 0.6, 0.2])) == pytest.approx(5 / 6)


def test_the_calibration_turns_overlapping_cosines_into_chances():
    """Where both kinds are equally dense the chance is one half; it rises with the cosine."""
    rng = np.random.default_rng(0)
    slope, offset = identity.calibration(rng.normal(0.7, 0.1, 4000), rng.normal(0.3, 0.1, 900))
    assert -offset / slope == pytest.approx(0.5, abs=0.02)
    assert slope > 10


def test_the_stage_runs_from_drawings_to_figures(tmp_path):
    """The whole stage at a hundredth of its size leaves weights that load and figures that can be read."""
    from diffusers import AutoencoderTiny

    small = {"encoder_block_out_channels": (8, 8, 8, 8), "decoder_block_out_channels": (8, 8, 8, 8)}
    blocks = {"num_encoder_blocks": (1, 1, 1, 1), "num_decoder_blocks": (1, 1, 1, 1)}
    AutoencoderTiny(**small, **blocks, latent_channels=4).save_pretrained(tmp_path / "vae")
    answer = identity.stage(str(tmp_path), str(tmp_path / "vae"), 0.01, 0.008, report=lambda *_, **__: None)
    assert answer["figures"]["steps"] >= 1
    assert json.loads((tmp_path / "identity.json").read_text())["threshold"] == 0.5
    model = encoder.load(tmp_path / "identity_encoder.safetensors")
    vectors, present = encoder.embed(model, np.zeros((2, 256, 256, 3), np.uint8))
    assert vectors.shape == (2, encoder.WIDTH)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert ((present >= 0) & (present <= 1)).all()


def test_published_figures_keep_their_floors(published):
    """Held-out characters are told apart in every style, also in reconstructions; weights stay small."""
    assert set(published["figures"]["auc"]) == {"flat", "toon", "ink", "pixel"}
    assert min(published["figures"]["auc"].values()) >= 0.95
    assert min(published["figures"]["auc_reconstructed"].values()) >= 0.95
    assert (HOME / "identity_encoder.safetensors").stat().st_size <= 2.5e6


def test_the_shipped_encoder_still_does_it(published):
    """A few fresh held-out characters, drawn now: one's own views are nearer than the others' in nearly all pairs."""
    torch.set_num_threads(1)
    r, people = random.Random(77), identity.characters(16, 5_000_011)[::2]
    views = [[identity.view(one, r) for _ in range(3)] for one in people]
    pictures = np.stack([np.asarray(identity.render(a)) for row in views for a in row])
    vectors, present = encoder.embed(encoder.load(HOME / "identity_encoder.safetensors"), pictures)
    found = identity.pairs(views, vectors.reshape(len(people), 3, -1))
    same = np.concatenate([v for (kind, _), v in found.items() if kind == "same"])
    other = np.concatenate([v for (kind, _), v in found.items() if kind in ("other", "sibling")])
    assert identity.auc(same, other) >= 0.95
    assert (present > 0.5).mean() > 0.9


def test_pictures_of_a_model_are_measured_by_their_characters(tmp_path, monkeypatch):
    """What a pipeline draws is told apart by who was asked for; here a pipeline that draws its orders exactly."""
    from pipelines.starter.training import evaluate

    drawn = []

    def obedient(pipe, texts, steps, seed, batch):
        r = random.Random(1)
        drawn.extend(texts)
        people = [identity.sample(r, "flat") for _ in range(2)]
        return [identity.render(identity.view(one, r)) for one in people for _ in range(2)]

    monkeypatch.setattr(evaluate, "load_pipeline", lambda folder: None)
    monkeypatch.setattr(evaluate, "generate", obedient)
    identity.save(encoder.Encoder(), tmp_path / "weights.safetensors")
    report = identity.generated("nowhere", tmp_path / "weights.safetensors", count=2, views=2)
    assert (report["characters"], report["views"], len(drawn)) == (2, 2, 4)
    assert 0 <= report["auc"]["flat"] <= 1
