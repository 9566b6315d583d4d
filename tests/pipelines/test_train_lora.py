"""Training for real: a few steps on the starter and on tiny SD 1.5 and SDXL pipelines with random weights."""

import math

import pytest
from PIL import Image, ImageDraw

from pipelines import lora_scores, train_lora
from pipelines.base import EngineError, ImageInputs
from pipelines.engines.starter import Starter
from pipelines.train_lora import TrainingPlan
from tests import tiny_models

PLAN = TrainingPlan(rank=4, steps=4, batch=2, checkpoint_every=2, save_every=1)
CAPTIONS = ["zorvi woman, smiling", "zorvi woman, at the beach", "zorvi woman", "zorvi woman, red hoodie"]


class Stop(Exception):
    pass


def quiet(*_):
    pass


def drawings(side: int, count: int = 4) -> list[Image.Image]:
    made = []
    for number in range(count):
        image = Image.new("RGB", (side, side), ["navy", "teal", "maroon", "olive"][number % 4])
        ImageDraw.Draw(image).ellipse((side // 4, side // 5 + number, 3 * side // 4, 4 * side // 5), fill="wheat")
        made.append(image)
    return made


def same(one: dict, other: dict) -> bool:
    import torch

    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def engine():
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    made = Starter()
    made.load("cpu", "bfloat16")
    yield made
    made.unload()
    torch.set_num_threads(threads)


def picture(engine, *loras):
    inputs = ImageInputs("zorvi woman, smiling", "", 256, 256, 3, 2.0, "DDIM", (7,), loras=loras)
    return engine.run(inputs, quiet)[0]


@pytest.fixture(scope="module")
def trained(engine, tmp_path_factory):
    """One whole short training: (weights, state file, what was seen)."""
    state, seen = tmp_path_factory.mktemp("training") / "state.safetensors", {"losses": [], "steps": [], "samples": []}

    def checkpoint(step, weights):
        seen["steps"].append((step, len(weights())))
        seen["samples"].append(picture(engine).tobytes())

    seen["before"] = picture(engine).tobytes()
    weights = train_lora.train(
        engine.trainable(), drawings(256), CAPTIONS, PLAN, lambda done, total, loss, pipe: seen["losses"].append(loss),
        state, checkpoint,
    )  # fmt: skip
    seen["after"] = picture(engine).tobytes()
    return weights, state, seen


def test_training_leaves_the_model_as_it_was(engine, trained):
    """Samples during training show the LoRA; afterwards the same seed is exactly the same picture as before."""
    _, state, seen = trained
    assert [step for step, _ in seen["steps"]] == [2, 4]
    assert all(math.isfinite(loss) for loss in seen["losses"])
    assert seen["samples"][0] != seen["before"] == seen["after"]
    assert train_lora.reached(state) == 4


def test_a_lora_loads_by_its_kohya_names_and_changes_pictures(engine, trained, tmp_path):
    """diffusers reads the file; on differs from off; off again is exactly what it was, nothing loaded anew."""
    weights, _, seen = trained
    path = tmp_path / "zorvi.safetensors"
    train_lora.save(weights, path, "zorvi", PLAN, {"ss_base_model_version": "starter"})
    assert all(name.startswith("lora_unet_") for name in weights)
    pipe = engine.trainable()
    assert picture(engine, (path, 1.0)).tobytes() != seen["before"]
    assert picture(engine, (path, 0.5)).tobytes() != picture(engine, (path, 1.0)).tobytes()
    assert picture(engine).tobytes() == seen["before"]
    assert engine.trainable() is pipe
    from pipelines.recognise import recognise

    found = recognise(path)
    assert (found.kind, found.base, found.lora.triggers, found.lora.rank) == ("lora", "starter", ("zorvi",), 4)


def test_stopping_leaves_nothing_and_going_on_equals_never_stopping(engine, trained, tmp_path):
    """Stopped after any step the pipeline is clean; the rest gives bit for bit the LoRA of the whole."""
    weights, _, seen = trained
    state = tmp_path / "state.safetensors"

    def stop(done, *_):
        if done == 3:
            raise Stop

    with pytest.raises(Stop):
        train_lora.train(engine.trainable(), drawings(256), CAPTIONS, PLAN, stop, state)
    assert picture(engine).tobytes() == seen["before"]
    assert train_lora.reached(state) == 3
    done = []
    report = lambda step, *_: done.append(step)
    again = train_lora.train(engine.trainable(), drawings(256), CAPTIONS, PLAN, report, state)
    assert done == [4]
    assert same(again, weights)


@pytest.mark.parametrize("harm", ["other pictures", "cut short", "no file of ours"])
def test_a_state_that_does_not_belong_is_not_used(tmp_path, harm):
    """Another dataset or a damaged file begins anew instead of failing or mixing."""
    pipe, state, done = tiny_models.sd15(), tmp_path / "state.safetensors", []
    train_lora.train(pipe, drawings(64), CAPTIONS, PLAN, quiet, state, mark="these", dtype="float32")
    if harm == "cut short":
        state.write_bytes(state.read_bytes()[:900])
    elif harm == "no file of ours":
        state.write_bytes(b"\x80\x04pickle")
    mark = "others" if harm == "other pictures" else "these"
    report = lambda step, *_: done.append(step)
    train_lora.train(pipe, drawings(64), CAPTIONS, PLAN, report, state, mark=mark, dtype="float32")
    assert done == [1, 2, 3, 4]


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_other_families_train_too(family, tmp_path):
    """The loss falls on a picture seen over and over; the LoRA loads into a fresh one; saving memory is as good."""
    from dataclasses import replace

    from safetensors.torch import load_file

    make = getattr(tiny_models, family)
    plan = replace(PLAN, steps=30, learning_rate=2e-2, convolutions=False)
    losses = []
    report = lambda done, total, loss, pipe: losses.append(loss)
    pipe = make()
    weights = train_lora.train(pipe, drawings(64, 1), CAPTIONS[:1], plan, report, dtype="float32")
    assert sum(losses[-8:]) < sum(losses[:8])
    assert not getattr(pipe.unet, "peft_config", None)
    train_lora.save(weights, tmp_path / "x.safetensors", "zorvi", plan)
    fresh = make()
    fresh.load_lora_weights(load_file(tmp_path / "x.safetensors"), adapter_name="x")
    assert "x" in fresh.get_active_adapters()
    short = replace(plan, steps=2)
    plain = train_lora.train(make(), drawings(64), CAPTIONS, short, quiet, dtype="float32")
    saving = train_lora.train(make(), drawings(64), CAPTIONS, replace(short, save_memory=True), quiet, dtype="float32")
    assert max((plain[name] - saving[name]).abs().max().item() for name in plain) < 1e-2


def test_what_cannot_be_trained_says_so(engine):
    """No pictures, uneven pictures, a caption too few, a pipeline without a UNet."""
    pipe = engine.trainable()
    for pictures, captions in (
        ([], []),
        (drawings(256), CAPTIONS[:3]),
        ([*drawings(256, 1), *drawings(128, 1)], ["a", "b"]),
    ):
        with pytest.raises(EngineError):
            train_lora.train(pipe, pictures, captions, PLAN, quiet)
    with pytest.raises(EngineError, match="cannot be trained"):
        train_lora.train(object(), drawings(64), CAPTIONS, PLAN, quiet)
    with pytest.raises(EngineError, match="not loaded"):
        Starter().trainable()


def test_scores_tell_copies_from_likeness_and_stubborn_from_flexible():
    """Samples that are the training pictures count as copied, samples that all look alike as inflexible."""
    taught = drawings(64)
    bare = [Image.new("RGB", (64, 64), colour) for colour in ("white", "black", "red", "blue")]
    assert lora_scores.overfit(taught, bare, taught) == 1.0
    assert lora_scores.overfit(bare, bare, taught) == 0.0
    assert lora_scores.flexibility([taught[0]] * 4, bare) == 0.0
    assert lora_scores.flexibility(bare, bare) == pytest.approx(1.0)
    score = lambda flexible, near, who=None: lora_scores.Scores(0.5, who, None, flexible, near)
    assert lora_scores.best([(80, score(0.9, 0.1)), (160, score(0.8, 0.2)), (240, score(0.3, 0.9))])[0] == 160
    chosen = [(80, lora_scores.Scores(0.7, 0.6, None, 1, 0)), (160, lora_scores.Scores(0.9, 0.9, None, 0.8, 0.1))]
    assert lora_scores.best(chosen)[0] == 160
