"""The starter as an engine, with its real weights: dtypes agree, memory runs out in words, its words and length fit."""

import json
import re
import threading

import numpy
import pytest
from PIL import Image

from pipelines import preview
from pipelines.base import EngineError, ImageInputs
from pipelines.device import Device
from pipelines.engines import starter as module
from pipelines.engines.starter import HOME, SAMPLERS, Starter

PROMPT = "portrait of a man with short black hair, a beard, blue blazer, in the city, flat illustration"


def asked(**changes) -> ImageInputs:
    plain = {"prompt": PROMPT, "negative": "", "width": 256, "height": 256, "steps": 4, "guidance": 3.5}
    return ImageInputs(**{**plain, "sampler": "DDIM", "seeds": (11,), **changes})


def numbers(image):
    return numpy.asarray(image).astype(int)


def quiet(*_):
    pass


@pytest.fixture(scope="module")
def engine():
    made = Starter()
    made.load("cpu", "float32")
    yield made
    made.unload()


def test_half_the_bits_draw_the_same_picture(engine):
    """bfloat16 differs from float32 by less than the eye sees: under 1.5 of 255 on average."""
    exact = numbers(engine.run(asked(steps=8), quiet)[0])
    half = Starter()
    half.load("cpu", "bfloat16")
    assert abs(numbers(half.run(asked(steps=8), quiet)[0]) - exact).mean() < 1.5
    half.unload()


def test_progress_can_be_ignored_and_previews_made_later(engine):
    """`frames` costs nothing until called, and still works from another thread once the run is over."""
    kept, made = [], []
    engine.run(asked(steps=2, seeds=(1, 2)), lambda done, total, frames: kept.append(frames))
    late = threading.Thread(target=lambda: made.extend(kept[0]()))
    late.start()
    late.join(10)
    assert [picture.size for picture in made] == [(32, 32), (32, 32)]


def test_it_can_be_stopped_between_decoded_pictures(engine):
    """`check` is asked before each picture of the batch is decoded; raising ends the run, and the next one is well."""
    asks = []

    def check():
        asks.append(1)
        if len(asks) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.run(asked(steps=1, seeds=(1, 2, 3), check=check), quiet)
    assert len(asks) == 2
    assert len(engine.run(asked(steps=1), quiet)) == 1
    assert len(asks) == 2


def test_the_preview_matrix_keeps_colours(engine):
    """A preview made of the finished latents has the finished picture's colours, region by region."""
    frames = []
    picture = engine.run(asked(steps=8), lambda d, t, f: frames.append(f()[0]))[0]
    coarse = lambda image: numbers(image.resize((4, 4), resample=4))
    assert abs(coarse(frames[-1]) - coarse(picture)).mean() < 20


def test_previews_of_broken_numbers_are_pictures_all_the_same(tmp_path):
    """NaN and infinity come out as colours, not as a crash of the page's stream."""
    import torch

    latents = torch.zeros(1, 8, 8, 8)
    latents[0, 0, 0, 0], latents[0, 1, 1, 1] = float("nan"), float("inf")
    assert preview.pictures(latents, HOME / "latent_rgb.json")[0].size == (8, 8)


def test_numbers_that_overflow_are_an_error_not_a_black_picture(engine):
    """A run that ends in NaN says so and what to change."""
    with pytest.raises(EngineError) as refused:
        engine.run(asked(guidance=float("inf"), steps=2), quiet)
    assert refused.value.code == "not_finite"
    assert refused.value.hint


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …")]
)
def test_memory_running_out_says_what_to_change(engine, monkeypatch, error):
    """Out of memory in a run is an EngineError with advice; any other error stays what it is; the engine lives on."""

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(engine._pipe.unet, "forward", fail)
    with pytest.raises(EngineError) as refused:
        engine.run(asked(), quiet)
    assert (refused.value.code, bool(refused.value.hint)) == ("out_of_memory", True)
    error = RuntimeError("shapes do not fit")
    with pytest.raises(RuntimeError, match="shapes"):
        engine.run(asked(), quiet)
    monkeypatch.undo()
    assert len(engine.run(asked(steps=1), quiet)) == 1


def test_samplers_do_not_leak_into_each_other(engine):
    """Running another sampler between leaves no trace: the first one gives its picture again."""
    first = numbers(engine.run(asked(steps=3), quiet)[0])
    for name in SAMPLERS:
        engine.run(asked(steps=2, sampler=name), quiet)
    assert (numbers(engine.run(asked(steps=3), quiet)[0]) == first).all()


def test_no_guidance_takes_one_pass(engine):
    """Guidance 1 and below runs without the negative prompt, as other studios do, and still draws."""
    assert engine.run(asked(guidance=1, steps=2), quiet)[0].size == (256, 256)


def test_hostile_words_are_only_words(engine):
    """Empty, endless, foreign and odd prompts make a picture."""
    for prompt in ("", "red " * 500, "שלום 你好 🦊 \x00 ﷽", "((woman:1.4)) <lora:x:1> {a|b}"):
        assert engine.run(asked(prompt=prompt, negative=prompt, steps=1), quiet)[0].size == (256, 256)


def test_the_offered_words_are_on_the_card():
    """Every word a form offers is one the model was trained with."""
    card = (HOME / "MODEL_CARD.md").read_text(encoding="utf-8").casefold()
    known = set(re.findall(r"[a-z][a-z\- ]*[a-z]", card.split("## words the model knows")[1]))
    told = " ".join(known)
    for kind, words in Starter.spec.words.items():
        for word in words:
            if kind != "background":
                assert word in told, (kind, word)


def test_the_prompt_length_is_the_tokenizers():
    """What the spec tells about the longest prompt is what the shipped tokenizer reads."""
    stored = json.loads((HOME / "model" / "tokenizer" / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert Starter.spec.prompt_tokens == stored["model_max_length"]


def test_a_folder_that_is_no_model_is_refused_by_name(tmp_path):
    """A config that lost its sense, though its JSON parses, is `model_damaged` with what to do."""
    import shutil

    home = tmp_path / "starter"
    shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("training", "__pycache__", "*.png"))
    (home / "model" / "unet" / "config.json").write_text('{"in_channels": 4}', encoding="utf-8")
    with pytest.raises(EngineError) as refused:
        Starter(home).load("cpu", "float32")
    assert refused.value.code == "model_damaged"
    assert refused.value.hint == module.REMEDY
    (home / "model" / "unet" / "config.json").write_text("{oops", encoding="utf-8")
    assert "config.json" in Starter(home).ready()


def test_the_slot_runs_it(engine):
    """Through the device slot: loaded, run, unloaded; a run after that loads it again."""
    slot, other = Device(), Starter()
    for _ in range(2):
        with slot.resident(other, "cpu", "float32") as ready:
            assert len(ready.run(asked(steps=1), quiet)) == 1
        assert slot.unload()
    assert other._pipe is None


def test_a_picture_is_changed_by_its_strength(engine):
    """Little strength keeps the picture, much strength leaves it; the steps told are those that are taken."""
    start, told = engine.run(asked(steps=8), quiet)[0], []
    changes = {"prompt": PROMPT.replace("city", "garden"), "steps": 8, "image": start}
    little = engine.run(asked(**changes, strength=0.25), lambda done, total, frames: told.append((done, total)))[0]
    much = engine.run(asked(**changes, strength=1.0), quiet)[0]
    distance = lambda picture: abs(numbers(picture) - numbers(start)).mean()
    assert told == [(1, 2), (2, 2)]
    assert distance(little) < distance(much)
    again = engine.run(asked(**changes, strength=0.25), quiet)[0]
    assert (numbers(little) == numbers(again)).all()


def test_a_mask_keeps_its_black_part_to_the_pixel(engine):
    start = engine.run(asked(steps=4), quiet)[0]
    mask = Image.new("L", start.size, 0)
    mask.paste(255, (0, 0, 256, 96))
    changed = engine.run(asked(steps=4, prompt="outer space", image=start, mask=mask, strength=1.0), quiet)[0]
    kept = numpy.asarray(mask) == 0
    assert (numbers(changed)[kept] == numbers(start)[kept]).all()
    assert abs(numbers(changed)[~kept] - numbers(start)[~kept]).mean() > 5
    for left in range(0, 256, 64):  # all of what is white, wherever it lies
        part = slice(0, 96), slice(left, left + 64)
        assert abs(numbers(changed)[part] - numbers(start)[part]).mean() > 15
