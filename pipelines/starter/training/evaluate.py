"""Measure a pipeline folder: prompt adherence by the classifier, reconstruction, speed, and pictures to look at."""

import json
import os
import random
import textwrap
import time

import numpy as np
import torch
from PIL import Image, ImageDraw

from .. import classifier
from . import autoencoder
from .captions import caption
from .render import sample
from .vocabulary import HEADS

STEPS, GUIDANCE = 20, 2.0
SAMPLES = [
    "portrait of a woman with long red hair, round glasses, green hoodie, smiling, at the beach, flat illustration",
    "portrait of a man with a beard and short black hair, blue blazer, serious, in the city, flat illustration",
    "flat illustration of a woman with dark skin and a brown afro, yellow t-shirt, happy, in a garden",
    "a man with a red beanie, fair skin, gray sweater, smiling, in the snow, flat illustration",
    "portrait of a woman with a purple bob, sunglasses, black hoodie, in space",
    "a woman with brown skin wearing a teal hijab, white t-shirt, smiling, in a library",
    "portrait of a man with spiky blonde hair, fair skin, angry, orange t-shirt, mountain background",
    "a woman with long wavy brown hair, tan skin, pink sweater, smiling, at sunset",
    "a woman with blue hair in a bun, round glasses, red v-neck, in a cafe",
    "a man with a long beard, white hair, square glasses, navy blazer, night sky",
    "man with a moustache and short orange hair, green t-shirt, plain yellow background",
    "sad woman with a black bob, purple overalls, plain white background",
    "bald man with dark skin, purple hoodie, smiling, plain orange background",
    "woman with dark skin, long curly black hair, green overalls, winking, in the forest",
    "surprised man, pink mullet, white graphic t-shirt, blue studio backdrop",
    "woman with green curly hair, heart eyes, red hoodie, night sky",
    "an elderly woman with a gray bun, round glasses, teal turtleneck, with a cat, in the kitchen, cartoon style",
    "ink drawing of a man with a beard, black beanie, holding a camera, in the city in the rain",
    "pixel art of a woman with pink hair, wearing headphones, purple t-shirt, on stage",
    "close-up of a woman with freckled fair skin, long black hair, winking, in a garden at golden hour, cartoon style",
    "half figure of a man with dark skin, short black hair, blue blazer, with a laptop, in the office",
    "woman with tan skin, long brown hair, holding flowers, at the beach in the evening, half figure",
    "ink drawing of a woman with an afro, yellow t-shirt, holding a cup of coffee, in the street at night",
    "old man with white hair, a long beard, gray sweater, reading a book, in the library, flat illustration",
]


def load_pipeline(folder, dtype=torch.bfloat16):
    """The StableDiffusionPipeline of a folder, quiet and channels last."""
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=dtype)
    pipe.set_progress_bar_config(disable=True)
    pipe.unet.to(memory_format=torch.channels_last)
    pipe.vae.to(memory_format=torch.channels_last)
    return pipe


def prompts(count, seed=777):
    """Held-out fully specified prompts: a list of (prompt, attribute dict)."""
    r = random.Random(seed)
    people = [sample(r) for _ in range(count)]
    return [(caption(a, r, full=True), a) for a in people]


def generate(pipe, texts, steps=STEPS, guidance=GUIDANCE, seed=0, batch=10):
    """One 256 x 256 PIL picture per prompt; picture i uses seed + i."""
    pictures = []
    for i in range(0, len(texts), batch):
        part = texts[i : i + batch]
        seeds = [torch.Generator().manual_seed(seed + i + k) for k in range(len(part))]
        size = {"height": 256, "width": 256}
        pictures += pipe(part, num_inference_steps=steps, guidance_scale=guidance, generator=seeds, **size).images
    return pictures


def promised(a, text):
    """The attributes that a full prompt names, {head: label}; the others are not scored."""
    wanted = {k: a[k] for k in HEADS if k not in ("skin", "bg_color")}
    if " skin" in text:
        wanted["skin"] = a["skin"]
    if a["bg_color"]:
        wanted["bg_color"] = a["bg_color"]
    for head in ("hair_color", "time"):  # nothing was asked for
        if a[head] == "none":
            del wanted[head]
    return wanted


def score(guesses, wanted):
    """{head: [share of right answers, number of prompts]} and the mean over heads."""
    hits = {}
    for i, attributes in enumerate(wanted):
        for k, label in attributes.items():
            hits.setdefault(k, []).append(guesses[k][i] == label)
    table = {k: [round(float(np.mean(v)), 4), len(v)] for k, v in sorted(hits.items())}
    return {**table, "mean": round(float(np.mean([v[0] for v in table.values()])), 4)}


def groups(guesses, wanted, people, key):
    """Mean adherence per value of the attribute `key`, over the promised attributes: {value: [share, prompts]}."""
    table = {}
    for value in sorted({a[key] for a in people}):
        rows = [i for i, a in enumerate(people) if a[key] == value]
        right = [guesses[k][i] == label for i in rows for k, label in wanted[i].items()]
        table[value] = [round(float(np.mean(right)), 4), len(rows)]
    return table


def adherence(folder, oracle, count=300, dtype=torch.bfloat16, batch=10):
    """(report, [(prompt, picture)]): how many promised attributes the classifier finds in generated pictures."""
    pairs, pipe = prompts(count), load_pipeline(folder, dtype)
    wall, cpu = time.time(), time.process_time()
    pictures = generate(pipe, [text for text, _ in pairs], batch=batch)
    wall, cpu = time.time() - wall, time.process_time() - cpu
    report = grade(pairs, pictures, oracle)
    report["seconds_per_picture"], report["core_seconds_per_picture"] = round(wall / count, 3), round(cpu / count, 3)
    return report, [(text, picture) for (text, _), picture in zip(pairs, pictures, strict=True)]


def grade(pairs, pictures, oracle):
    """The adherence report of pictures drawn with the default settings for (prompt, attributes) pairs."""
    people, model = [a for _, a in pairs], classifier.load(oracle)
    guesses, wanted = model.predict(pictures), [promised(a, text) for text, a in pairs]
    return {
        "prompts": len(pairs),
        "steps": STEPS,
        "guidance": GUIDANCE,
        "scheduler": "DDIMScheduler",
        "adherence": score(guesses, wanted),
        "by_person": groups(guesses, wanted, people, "person"),
        "by_skin": groups(guesses, wanted, people, "skin"),
        "by_style": groups(guesses, wanted, people, "style"),
        "by_framing": groups(guesses, wanted, people, "framing"),
        "by_age": groups(guesses, wanted, people, "age"),
    }


def reconstruction(folder, pictures, count=128):
    """PSNR of the folder's autoencoder on held-out renders: {"mean": dB, "worst": dB, "pictures": n}."""
    values = autoencoder.psnr(autoencoder.load(os.path.join(folder, "vae")).eval(), pictures, count)
    mean, worst = values.mean().item(), values.min().item()
    return {"mean": round(mean, 2), "worst": round(worst, 2), "pictures": len(values)}


def sheet(items, path, columns, size=256, lines=3, **save):
    """Write (caption, picture) pairs as a labelled grid; `lines` 0 leaves the captions out."""
    row = size + (12 * lines + 6 if lines else 0)
    canvas = Image.new("RGB", (columns * size, -(-len(items) // columns) * row), "white")
    draw = ImageDraw.Draw(canvas)
    for i, (text, picture) in enumerate(items):
        x, y = i % columns * size, i // columns * row
        canvas.paste(picture.resize((size, size), Image.Resampling.LANCZOS), (x, y))
        for k, line in enumerate(textwrap.wrap(text, size // 6)[:lines]):
            draw.text((x + 3, y + size + 3 + 12 * k), line, fill="black")
    canvas.save(path, **save)


def write(report, path):
    """Merge `report` into the JSON file `path`."""
    known = {}
    if os.path.exists(path):
        with open(path) as f:
            known = json.load(f)
    with open(path, "w") as f:
        json.dump({**known, **report}, f, indent=1)
        f.write("\n")
