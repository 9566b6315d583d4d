"""Measure whether a LoRA learns a character: twelve pictures in, fifty unseen scenes out."""

import random
import time

import numpy as np
import torch

from pipelines import train_lora

from .. import classifier
from . import evaluate
from .captions import background_phrase
from .render import render, sample
from .vocabulary import OUTDOORS, SCENES, SYNONYMS

TRIGGER = "zorvi"  # no word of the vocabulary
KEPT = ("style", "skin", "hair_color", "hair_length", "headwear", "glasses", "facial_hair", "age")
PICTURES, SCENES_ASKED = 12, 50


def scene(character, r, places):
    """The attribute dict of `character` somewhere else: other place, hour, weather, clothes, face, prop, framing."""
    other = sample(r, character["style"])
    varied = ("scene", "bg_color", "time", "weather", "expression", "clothing", "clothing_color", "prop", "framing")
    a = {**character, **{k: other[k] for k in varied}}
    a["scene"] = r.choice(places)
    a["bg_color"] = r.choice(["white", "blue", "orange"]) if a["scene"] in ("plain", "studio") else None
    if a["scene"] not in OUTDOORS:
        a["time"] = a["weather"] = "none"
    return a


def scene_prompt(a, trigger=TRIGGER):
    """A prompt that names everything but who is seen."""
    first = lambda key: SYNONYMS[key][a[key]][0]
    place = background_phrase(a, random.Random(0), full=True) if a["bg_color"] else first("scene")
    parts = [trigger, first("expression"), f"{SYNONYMS['color'][a['clothing_color']][0]} {first('clothing')}"]
    parts.append(f"{place} {first('time')}" if a["time"] not in ("none", "day") else place)
    parts += [first(key) for key in ("weather", "prop") if a[key] != "none"]
    return ", ".join([*parts, *([first("framing")] if a["framing"] != "portrait" else [])])


def who(a):
    """The words that describe the character itself, for the measurement without a LoRA."""
    first = lambda key: SYNONYMS[key][a[key]][0]
    hair = {"covered": None, "bald": "bald"}.get(a["hair_style"], "")
    if hair == "":
        word = first("hair_style").split("|")[0]
        color = first("hair_color")
        hair = f"{color} {word}" if "|" in first("hair_style") else f"{word} {color} hair"
    words = [first("person"), first("skin"), hair]
    words += [first(key) for key in ("glasses", "facial_hair", "headwear") if a[key] != "none"]
    if a["age"] == "old":
        words[0] = f"{first('age')} {words[0]}"
    return ", ".join([w for w in words if w] + [first("style")])


def kept(oracle, pictures, character):
    """{attribute: share of the pictures that show the character's own value}, and the mean over attributes."""
    guesses = oracle.predict(pictures)
    wanted = {k: character[k] for k in KEPT if not (k == "hair_color" and character[k] == "none")}
    table = {k: round(float(np.mean([g == v for g in guesses[k]])), 4) for k, v in wanted.items()}
    return {**table, "mean": round(float(np.mean(list(table.values()))), 4)}


def learn(folder, oracle, characters=4, seed=4242, plan=None, report=print):
    """Train one LoRA per character and measure; a dict of figures.

    Compared per character: `lora` (the prompt names the trigger and the scene only), `prompt` (no LoRA, the prompt
    describes the character in words) and `nothing` (no LoRA, trigger only).
    """
    plan, oracle, rows = plan or train_lora.TrainingPlan(), classifier.load(oracle), []
    styles = ["flat", "toon", "flat", "ink", "flat", "pixel"]
    for i in range(characters):
        r = random.Random(seed + i)
        character = sample(r, styles[i % len(styles)])
        seen, unseen = SCENES[::2], SCENES[1::2]
        shots = [scene(character, r, seen) for _ in range(PICTURES)]
        asked = [scene(character, r, unseen) for _ in range(SCENES_ASKED)]
        pipe = evaluate.load_pipeline(folder, torch.float32)
        began, cpu = time.time(), time.process_time()
        weights = train_lora.train(
            pipe, [render(a) for a in shots], [scene_prompt(a) for a in shots], plan, lambda *_: None
        )
        seconds, cpu = time.time() - began, time.process_time() - cpu
        prompts = [scene_prompt(a) for a in asked]
        described = [scene_prompt(a, who(character)) for a in asked]
        pipe = evaluate.load_pipeline(folder)
        row = {"character": who(character), "seconds": round(seconds, 1), "core_seconds": round(cpu, 1)}
        row["nothing"] = kept(oracle, evaluate.generate(pipe, prompts, seed=9), character)
        row["prompt"] = kept(oracle, evaluate.generate(pipe, described, seed=9), character)
        pipe.load_lora_weights(dict(weights), adapter_name="character")
        row["lora"] = kept(oracle, evaluate.generate(pipe, prompts, seed=9), character)
        report(row)
        rows.append(row)
    mean = {k: round(float(np.mean([row[k]["mean"] for row in rows])), 4) for k in ("nothing", "prompt", "lora")}
    return {"pictures": PICTURES, "scenes": SCENES_ASKED, "rank": plan.rank, "steps": plan.steps, **mean, "rows": rows}
