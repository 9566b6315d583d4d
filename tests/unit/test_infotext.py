"""Infotext: what others read from our pictures, and what we read from theirs."""

import random
import re
import time

import pytest

from studio.domain.asset import Recipe
from studio.media import infotext

FULL = Recipe(
    prompt="portrait of a woman with red hair, red raincoat",
    negative="blurry, low quality",
    steps=20,
    sampler="DDIM",
    guidance=3.5,
    seed=11,
    width=256,
    height=256,
    model="starter",
    model_hash="abcdef0123",
    engine="starter",
    character_name="Mira",
    look_name="Flat",
)


def test_the_form_is_the_one_other_studios_read():
    """Prompt, negative prompt and a settings line, in the order and spelling of A1111."""
    lines = infotext.write(FULL, (256, 256)).split("\n")
    assert lines[0] == FULL.prompt
    assert lines[1] == "Negative prompt: blurry, low quality"
    assert lines[2].startswith(
        "Steps: 20, Sampler: DDIM, CFG scale: 3.5, Seed: 11, Size: 256x256, Model hash: abcdef0123"
    )
    assert "Character: Mira, Look: Flat" in lines[2]
    assert lines[2].rpartition(", ")[2].startswith("Version: studio ")


def test_an_independent_reader_of_the_form_gets_our_values():
    """A1111's own published expression reads our settings line, quoted values included."""
    recipe = FULL.model_copy(update={"character_name": 'Mira, "the fox": Vale'})
    line = infotext.write(recipe, (256, 256)).split("\n")[-1]
    theirs = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
    found = dict(theirs.findall(line))
    assert (found["Seed"], found["Size"], found["CFG scale"]) == ("11", "256x256", "3.5")
    assert found["Character"] == '"Mira, \\"the fox\\": Vale"'


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "one\ntwo, three: four\n\nfive"},
        {"prompt": "夜市, émigré 🦊, ‏שלום‏"},
        {"prompt": 'says "Steps: 20, Sampler: x, Seed: 1" aloud'},
        {"prompt": "first\nSteps: 4, Sampler: Euler, Seed: 5", "negative": "a\nb"},
        {"prompt": "", "negative": ""},
        {"character_name": 'a, b: "c" \\ d'},
        {"look_name": '"quoted"', "sampler": "DPM++ 2M: fast, odd"},
        {"outfit": "red raincoat, boots", "place": "night market", "mood": "laughing", "time_of_day": "golden hour"},
        {"loras": [{"name": "mira", "hash": "1234"}, {"name": "ink", "hash": "99"}]},
    ],
)
def test_what_is_written_is_read_back(change):
    """Line breaks, commas, colons, quotation marks and any script survive the round trip."""
    recipe = FULL.model_copy(update=change)
    found = infotext.parse(infotext.write(recipe, (256, 256)))
    for name, value in recipe.model_dump().items():
        if name in found:
            assert found[name] == value, name
    assert all(name in found for name, value in change.items() if value)


def test_a_prompt_cannot_pose_as_the_negative_prompt():
    """A line of the prompt that begins like the negative prompt stays in the prompt."""
    recipe = FULL.model_copy(update={"prompt": "Negative prompt: x\ncat\n Negative prompt: dog"})
    found = infotext.parse(infotext.write(recipe, (256, 256)))
    assert found["negative"] == FULL.negative
    assert "cat" in found["prompt"]
    assert "dog" in found["prompt"]


def test_an_enlarged_picture_says_by_how_much():
    """`Size` stays what the engine made; the factor and the enlarger are named beside it."""
    recipe = FULL.model_copy(update={"upscale": {"factor": 2, "model": "animevideov3-x2"}})
    found = infotext.parse(infotext.write(recipe, (512, 512)))
    assert (found["width"], found["height"]) == (256, 256)
    assert found["upscale"] == {"factor": 2, "model": "animevideov3-x2"}


def test_a_real_foreign_text_is_understood():
    """Hashes, schedule, LoRA tags and unknown keys of an A1111 picture are read."""
    text = (
        "masterpiece, <lora:mira_v2:0.8>, 1girl\nNegative prompt: bad hands,\nworst quality\n"
        "Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 5, Seed: 4294967295, Size: 832x1216, "
        'Model hash: 31e35c80fc, Model: sd_xl_base_1.0, Lora hashes: "mira_v2: 00aa, b: 11bb", Version: v1.10.1'
    )
    found = infotext.parse(text)
    assert found["prompt"] == "masterpiece, <lora:mira_v2:0.8>, 1girl"
    assert found["negative"] == "bad hands,\nworst quality"
    assert (found["steps"], found["seed"], found["guidance"], found["width"]) == (30, 4294967295, 5, 832)
    assert found["loras"][0] == {"name": "mira_v2", "weight": 0.8, "hash": "00aa"}
    assert found["fields"]["Schedule type"] == "Karras"


@pytest.mark.parametrize("text", ["", " \n ", "just a prompt", "a: b", "\x00", "Negative prompt:", None, 5, "Steps:"])
def test_anything_else_is_a_prompt_or_nothing(text):
    """Texts that are no infotext do not fail."""
    found = infotext.parse(text)
    assert "seed" not in found


def test_nonsense_values_are_left_out():
    """A seed of words, an endless number or NaN is not a seed."""
    found = infotext.parse(f"x\nSteps: many, Seed: {'9' * 5000}, CFG scale: nan, Size: big, Model: m")
    assert found["model"] == "m"
    assert not {"steps", "seed", "guidance", "width"} & found.keys()


def test_noise_never_raises():
    """Thousands of texts glued from the form's own pieces are read without an exception."""
    rng = random.Random(5)
    pieces = [
        "Steps: ",
        '"',
        "\\",
        ",",
        ":",
        "\n",
        "Negative prompt: ",
        "Size: 1x",
        "9",
        "é",
        "\x00",
        "<lora:",
        ">",
        "Seed: 1",
        " ",
    ]
    for _ in range(3000):
        infotext.parse("".join(rng.choices(pieces, k=rng.randint(0, 40))))


@pytest.mark.parametrize("piece", ["a", "a:", 'a:"', 'a:"" ', 'ab:"",', "<lora:", "\n", "a:b,"])
def test_a_huge_text_takes_linear_time(piece):
    """A megabyte made to slow readers down is read in under a second and a half."""
    text = piece * (1_000_000 // len(piece))
    started = time.perf_counter()
    infotext.parse(text)
    assert time.perf_counter() - started < 1.5
