"""Train and measure the encoder that recognises a drawn character.

A character is what stays when all else changes: person, skin, hair (style, drawing, colour) or the headwear over it,
glasses, facial hair and age. Place, time, weather, clothing, expression, prop, framing and the small random shades of
a drawing change from view to view; one view in four is drawn in another style. Characters come in pairs of siblings
that differ in a single one of these attributes, so that the encoder must look at each of them.
"""

import json
import math
import os
import random
import time

import numpy as np
import torch
from torch.nn import functional as F

from .. import encoder
from . import vocabulary as V
from .render import _raster, _svg, render, sample
from .scenes import scene_svg

KEPT = (
    "person", "skin", "hair_style", "hair_length", "hair_color", "variant", "hat_variant", "headwear",
    "headwear_color", "glasses", "glasses_color", "facial_hair", "age",
)  # fmt: skip
VIEWS, OTHER = 6, 2  # views in the character's own style, and in another one
HEADS = ("skin", "hair_color", "hair_length", "glasses", "facial_hair", "headwear", "age")  # told beside, to help


# ---------------------------------------------------------------- who is drawn
def view(character, r):
    """The attribute dict of one more picture of `character`, drawn with the `random.Random` r."""
    a = sample(r, character["style"])
    a.pop("hat_variant", None)
    a.update({k: character[k] for k in KEPT if k in character})
    if a["style"] == "ink" and a["headwear"] in ("beanie", "turban"):
        a["clothing_color"] = a["headwear_color"]  # this style draws both in one colour
    return a


def sibling(character, r):
    """Another character of the same style that differs in one attribute only."""
    for _ in range(400):
        other, a = sample(r, character["style"]), dict(character)
        hair = ("hair_style", "hair_length", "variant", "hair_color", "headwear", "headwear_color", "hat_variant")
        what = r.choice(("skin", "hair", "hair_color", "glasses", "facial_hair", "age", "hat"))
        if what == "hair" and other["headwear"] == a["headwear"] == "none" and other["hair_color"] != "none":
            if a["hair_color"] == "none" or other["hair_style"] == a["hair_style"]:
                continue
            if a["style"] == "ink" and (other["hair_color"] == "black") != (a["hair_color"] == "black"):
                continue  # black hair has drawings of its own
            a.update({k: other[k] for k in ("hair_style", "hair_length", "variant")})
        elif what == "hat" and other["headwear"] != a["headwear"]:
            a.pop("hat_variant", None)
            a.update({k: other[k] for k in hair if k in other})
        elif what == "hair_color" and "none" not in (a["hair_color"], other["hair_color"]):
            if a["style"] == "ink" and "black" in (a["hair_color"], other["hair_color"]):
                continue
            a["hair_color"] = other["hair_color"]
        elif what == "glasses":
            a.update(glasses=other["glasses"], glasses_color=other["glasses_color"])
        elif what == "facial_hair" and a["headwear"] != "hijab":
            a["facial_hair"] = other["facial_hair"]
        elif what in ("skin", "age"):
            a[what] = other[what]
        if any(a.get(k) != character.get(k) for k in KEPT if k not in ("variant", "glasses_color")):
            return a
    return sample(r, character["style"])


def restyled(character, r, style=None):
    """The same character in another style as far as that style can draw it, or None when it cannot."""
    styles = [s for s in V.STYLES if s != character["style"]] if style is None else [style]
    r.shuffle(styles)
    for s in styles:
        if s == "pixel" and (character["facial_hair"] != "none" or character["age"] != "adult"):
            continue
        for _ in range(300):
            a = sample(r, s)
            same = all(a[k] == character[k] for k in ("hair_length", "headwear"))
            if not same or (a["hair_color"] == "none") != (character["hair_color"] == "none"):
                continue
            if s == "ink" and (a["hair_color"] == "black") != (character["hair_color"] == "black"):
                continue
            if s not in ("flat", "ink") and character["glasses"] == "eyepatch":
                continue
            a.update({k: character[k] for k in ("person", "skin", "hair_color", "glasses", "facial_hair", "age")})
            a["headwear_color"] = character["headwear_color"]
            a["glasses_color"] = None if s == "ink" else character["glasses_color"] or "black"
            if a["glasses"] == "none":
                a["glasses_color"] = None
            return a
    return None


def characters(count, seed):
    """`count` characters; every second one is the sibling of the one before it."""
    r, people = random.Random(seed), []
    while len(people) < count:
        people.append(sample(r))
        people.append(sibling(people[-1], r))
    return people[:count]


def dataset(out, count, seed, views=VIEWS, other=OTHER):
    """Draw `count` characters: OUT.npy (count, views + other, 256, 256, 3) uint8 and OUT.jsonl, a list of attribute
    dicts a line. Where a style cannot draw a character, one more view in its own style takes the place."""
    os.makedirs(os.path.dirname(out) or ".", exist_ok=True)
    shape = (count, views + other, V.SIZE, V.SIZE, 3)
    pictures, r = np.lib.format.open_memmap(out + ".npy", "w+", np.uint8, shape), random.Random(seed + 1)
    with open(out + ".jsonl", "w") as f:
        for i, person in enumerate(characters(count, seed)):
            elsewhere = [restyled(person, r) for _ in range(other)]
            row = [view(person, r) for _ in range(views)] + [view(one or person, r) for one in elsewhere]
            for k, a in enumerate(row):
                pictures[i, k] = np.asarray(render(a))
            f.write(json.dumps(row) + "\n")
    pictures.flush()


def rows(path):
    """The attribute dicts of a data set, a list per character."""
    with open(path) as f:
        return [json.loads(line) for line in f]


def empty(count, seed):
    """Pictures without anybody: places, and colour alone. uint8 (count,256,256,3)."""
    r, out = random.Random(seed), np.empty((count, V.SIZE, V.SIZE, 3), np.uint8)
    for i in range(count):
        a = sample(r)
        if i % 5 == 4:
            noise = np.random.default_rng(i).normal(0, r.random() * 60, (16, 16, 3)).repeat(16, 0).repeat(16, 1)
            out[i] = np.clip(noise + [r.randrange(256) for _ in range(3)], 0, 255)
        else:
            out[i] = np.asarray(_raster(_svg(scene_svg(a)), V.SIZE).convert("RGB"))
    return out


@torch.no_grad()
def reconstructions(vae, pictures, r, noise=0.25, batch=8):
    """uint8 pictures (N,256,256,3) through the autoencoder and back, with noise of up to `noise` standard deviations
    in the latents: about as soft and as wrong as what a denoiser draws."""
    out = np.empty_like(pictures)
    for i in range(0, len(pictures), batch):
        x = torch.from_numpy(np.ascontiguousarray(pictures[i : i + batch])).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.autocast("cpu", torch.bfloat16):
            z = vae.encode(x.contiguous(memory_format=torch.channels_last)).latents
            spread = torch.rand(len(z), 1, 1, 1) * noise * z.float().std()
            y = vae.decode((z + spread * torch.randn_like(z)).to(z.dtype)).sample
        y = y.float().clamp(-1, 1)
        out[i : i + batch] = ((y + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return out


# ---------------------------------------------------------------- training
def _augmented(pictures, rng):
    """uint8 (N,256,256,3) -> (N,3,200,200) in [-1,1]: moved, scaled, mirrored, tinted, softened, noisy."""
    n, (left, right, top, _) = len(pictures), encoder.CROP
    side = right - left
    taken = side if rng.random() < 0.5 else int(rng.integers(184, 220))
    crops = np.empty((n, taken, taken, 3), np.uint8)
    for i, picture in enumerate(pictures):
        x = int(np.clip(left + (side - taken) // 2 + rng.integers(-12, 13), 0, V.SIZE - taken))
        y = int(np.clip(top + (side - taken) // 2 + rng.integers(-8, 13), 0, V.SIZE - taken))
        crop = picture[y : y + taken, x : x + taken]
        crops[i] = crop[:, ::-1] if rng.random() < 0.5 else crop
    x = torch.from_numpy(crops).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    if taken != side:
        x = F.interpolate(x, size=(side, side), mode="bilinear")
    kind = rng.integers(0, 5)
    if kind == 1:
        x = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bilinear")
    elif kind == 2:
        x = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    x.mul_(1 + 0.1 * torch.randn(n, 1, 1, 1)).add_(0.04 * torch.randn(n, 3, 1, 1))
    if rng.random() < 0.5:
        x.addcmul_(torch.randn(1, 3, side, side), 0.12 * torch.rand(n, 1, 1, 1))
    return x.clamp_(-1, 1)


def contrastive(vectors, who, temperature=0.1):
    """Supervised contrastive loss (Khosla et al. 2020, sum outside) of unit vectors (N,D) of characters `who` (N,)."""
    n = len(vectors)
    logits = vectors @ vectors.T / temperature
    logits = logits.masked_fill(torch.eye(n, dtype=torch.bool), -1e4)
    same = (who[:, None] == who[None]) & ~torch.eye(n, dtype=torch.bool)
    log = logits - logits.logsumexp(1, keepdim=True)
    return -((log * same).sum(1) / same.sum(1).clamp(min=1)).mean()


def train(data, out, minutes, soft=None, bs=96, lr=2e-3, seed=0, report=print, clock=time.process_time):
    """Train on DATA.npy / DATA.jsonl for `minutes` of `clock` (its own time, not the wall's); fp16 weights go to `out`.

    soft: (index (N,2) of character and view, uint8 pictures (N,256,256,3)): reconstructions that replace their
    originals half the time. Returns (encoder, steps).
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    pictures, people = np.load(data + ".npy", mmap_mode="r"), rows(data + ".jsonl")
    views = pictures.shape[1]
    softened = {tuple(k): i for i, k in enumerate(soft[0].tolist())} if soft else {}
    nobody = empty(max(16, min(400, len(people))), seed + 5)
    truth = {k: torch.tensor([[V.HEADS[k].index(a[k] or "none") for a in row] for row in people]) for k in HEADS}
    model = encoder.Encoder().train()
    heads = torch.nn.ModuleDict({k: torch.nn.Linear(encoder.WIDTH, len(V.HEADS[k])) for k in HEADS})
    params = [*model.parameters(), *heads.parameters()]
    opt, each = torch.optim.AdamW(params, lr=lr, weight_decay=0.02), 4
    start, step, recent = clock(), 0, []
    pairs = max(1, min(bs // (2 * each), len(people) // 2))
    while (done := (clock() - start) / (minutes * 60)) < 1 or step == 0:
        for group in opt.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 60) * (0.5 + 0.5 * math.cos(math.pi * min(1, done))) + 2e-5
        first = 2 * rng.choice(len(people) // 2, pairs, replace=False)
        who = np.stack([first, first + 1], 1).reshape(-1).repeat(each)
        which = np.concatenate([rng.choice(views, each, replace=False) for _ in range(2 * pairs)])
        batch = np.empty((len(who) + 8, V.SIZE, V.SIZE, 3), np.uint8)
        for i, key in enumerate(zip(who.tolist(), which.tolist(), strict=True)):
            at = softened.get(key) if rng.random() < 0.5 else None
            batch[i] = pictures[key] if at is None else soft[1][at]
        batch[len(who) :] = nobody[rng.integers(0, len(nobody), 8)]
        x = _augmented(batch, rng)
        with torch.autocast("cpu", torch.bfloat16):
            vectors, present = model(x)
        vectors = vectors[: len(who)]
        there = torch.cat([torch.ones(len(who)), torch.zeros(8)])
        loss = contrastive(vectors, torch.from_numpy(who)) + 0.2 * F.binary_cross_entropy_with_logits(present, there)
        for k, head in heads.items():
            loss = loss + 0.15 * F.cross_entropy(head(vectors * 8), truth[k][who, which])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        step, recent = step + 1, [*recent[-49:], loss.item()]
        if step % 50 == 0:
            report(f"{clock() - start:5.0f} s  step {step}  loss {np.mean(recent):.3f}", flush=True)
        if step % 100 == 0:
            save(model, out)
    save(model.eval(), out)
    return model, step


def save(model, out):
    """Write the encoder's weights as fp16 safetensors."""
    from safetensors.torch import save_file

    state = {k: (v.half() if v.is_floating_point() else v).contiguous() for k, v in model.state_dict().items()}
    save_file(state, out)


# ---------------------------------------------------------------- measuring
def auc(same, different):
    """The chance that a pair of one character is nearer than a pair of two: the area under the ROC curve, 0-1."""
    values = np.concatenate([same, different])
    ranks = values.argsort().argsort().astype(np.float64)
    return float((ranks[: len(same)].sum() - len(same) * (len(same) - 1) / 2) / (len(same) * len(different)))


def pairs(people, vectors):
    """Cosines of pairs by kind, from the attribute dicts and the unit vectors (characters, views, 128).

    {("same" | "other" | "sibling", style): cosines within a style; ("same" | "other", "across"): between styles}.
    """
    styles = np.array([[a["style"] for a in row] for row in people])
    n, k = styles.shape
    flat, style, who = vectors.reshape(n * k, -1), styles.reshape(-1), np.arange(n).repeat(k)
    cosine = flat @ flat.T
    upper = np.triu(np.ones_like(cosine, bool), 1)
    one = who[:, None] == who[None]
    kin = (who[:, None] // 2 == who[None] // 2) & ~one
    alike = style[:, None] == style[None]
    found = {}
    for s in V.STYLES:
        here = upper & alike & (style[:, None] == s)
        found["same", s], found["other", s] = cosine[here & one], cosine[here & ~one & ~kin]
        found["sibling", s] = cosine[here & kin]
    found["same", "across"], found["other", "across"] = cosine[upper & ~alike & one], cosine[upper & ~alike & ~one]
    return found


def calibration(same, different, steps=60):
    """(slope, offset) of the logistic curve that turns a cosine into the chance, 0-1, that a pair is one character,
    when both kinds are equally likely (Newton's method on the mean log loss, slightly held back)."""
    x = np.concatenate([same, different]).astype(np.float64)
    y = np.concatenate([np.ones(len(same)), np.zeros(len(different))])
    w = np.concatenate([np.full(len(same), 0.5 / len(same)), np.full(len(different), 0.5 / len(different))])
    a = np.stack([x, np.ones_like(x)], 1)
    t = np.array([1.0, 0.0])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(a @ t, -30, 30)))
        hold = np.diag([1e-4, 0])
        gradient = a.T @ (w * (p - y)) + hold @ t
        t = t - np.linalg.solve((a * (w * p * (1 - p))[:, None]).T @ a + hold + 1e-9 * np.eye(2), gradient)
    return float(t[0]), float(t[1])


def evaluate(model, people, pictures, soft=None, places=100):
    """The calibration and the figures on held-out characters.

    pictures: uint8 (characters, views, 256, 256, 3), people: their attribute dicts. soft: (people, pictures) of
    reconstructions; they are measured on their own and count for the calibration as much as the sharp ones.
    """
    kinds = {"sharp": (people, pictures), **({"soft": soft} if soft else {})}
    found, present = {}, []
    for name, (who, many) in kinds.items():
        n, k = many.shape[:2]
        vectors, there = encoder.embed(model, many.reshape(n * k, *many.shape[2:]))
        found[name] = pairs(who, vectors.reshape(n, k, -1))
        present.append(there)
    r4 = lambda v: round(float(v), 4)
    sharp, n = found["sharp"], len(people)

    def table(name, kind):
        cosines = found[name]
        return {
            s: r4(auc(cosines["same", s], cosines[kind, s]))
            for s in V.STYLES
            if len(cosines["same", s]) and len(cosines[kind, s])
        }

    figures = {
        "characters": n,
        "views": pictures.shape[1],
        "pairs": {s: [len(sharp["same", s]), len(sharp["other", s])] for s in V.STYLES},
        "auc": table("sharp", "other"),
        "auc_one_attribute_apart": table("sharp", "sibling"),
        "auc_reconstructed": table("soft", "other") if soft else {},
    }
    if len(sharp["same", "across"]) and len(sharp["other", "across"]):
        figures["auc_across_styles"] = r4(auc(sharp["same", "across"], sharp["other", "across"]))
    gather = lambda kind: np.concatenate([one[kind, s] for one in found.values() for s in V.STYLES])
    same, near, far = gather("same"), gather("sibling"), gather("other")
    rng = np.random.default_rng(0)
    different = np.concatenate([near, rng.choice(far, min(len(far), max(1, len(near))), replace=False)])
    slope, offset = calibration(same, different)
    passes = lambda v: r4((slope * v + offset >= 0).mean()) if len(v) else None
    nobody = encoder.embed(model, empty(places, 990_001))[1]
    figures["share_over_threshold"] = {
        "same": passes(same),
        "one_attribute_apart": passes(near),
        "other": passes(far),
        "same_across_styles": passes(sharp["same", "across"]),
    }
    figures["somebody_found"] = {
        "characters": r4((np.concatenate(present) >= 0.5).mean()),
        "empty_places": r4((nobody >= 0.5).mean()),
    }
    return {"slope": round(slope, 3), "offset": round(offset, 3), "threshold": 0.5, "figures": figures}


def generated(folder, weights, styles=("flat",), count=12, views=4, seed=5_000_003, steps=20, batch=8):
    """The encoder on pictures that the pipeline in `folder` draws from full captions: the same character in other
    scenes against other characters. {"characters", "views", "auc": by style, "share_found"}; `weights` is the encoder's
    file. A pipeline that draws somebody else than it was told lowers these figures as much as a weak encoder."""
    from .captions import caption
    from .evaluate import generate, load_pipeline

    r, people = random.Random(seed), []
    for style in styles:
        people += [[view(sample(r, style), r)] for _ in range(count)]
    people = [[view(row[0], r) for _ in range(views)] for row in people]
    texts = [caption(a, r, full=True) for row in people for a in row]
    drawn = generate(load_pipeline(folder), texts, steps=steps, seed=seed % 1000, batch=batch)
    pictures = np.stack([np.asarray(one.convert("RGB").resize((V.SIZE, V.SIZE))) for one in drawn])
    vectors, present = encoder.embed(encoder.load(weights), pictures)
    found = pairs(people, vectors.reshape(len(people), views, -1))
    # neighbours in this list are no siblings: they count as others
    other = {s: np.concatenate([found["other", s], found["sibling", s]]) for s in styles}
    return {
        "characters": len(people),
        "views": views,
        "auc": {s: round(auc(found["same", s], other[s]), 4) for s in styles},
        "share_found": round(float((present >= 0.5).mean()), 4),
    }


def stage(work, vae, minutes, scale=1.0, report=print, pipeline=None):
    """The whole stage: draw characters into the folder `work`, train for `minutes`, measure on held-out characters.

    vae: folder of the autoencoder. pipeline: folder of the finished model, to measure on what it draws as well. Leaves
    identity_encoder.safetensors and identity.json in `work`, returns the latter.
    """
    from . import autoencoder

    count, held = max(4, int(560 * scale) // 2 * 2), max(8, int(160 * scale) // 2 * 2)
    data, test = os.path.join(work, "characters"), os.path.join(work, "characters_test")
    for path, number, seed in ((data, count, 31), (test, held, 7_000_003)):
        if not os.path.exists(path + ".jsonl") or len(rows(path + ".jsonl")) != number:
            dataset(path, number, seed)
    report(f"{count} characters are drawn", flush=True)
    rng, tiny = np.random.default_rng(3), autoencoder.load(vae).eval()
    torch.manual_seed(3)
    pictures, unseen, people = np.load(data + ".npy", mmap_mode="r"), np.load(test + ".npy"), rows(test + ".jsonl")
    total, views = count * (VIEWS + OTHER), VIEWS + OTHER
    chosen = np.sort(rng.choice(total, max(2, min(total // 5, int(320 * scale))), replace=False))
    index = np.stack([chosen // views, chosen % views], 1)
    soft = reconstructions(tiny, np.stack([pictures[i, k] for i, k in index]), rng)
    some, shown = max(8, held // 4), 4
    part = unseen[:some, :shown]
    softened = reconstructions(tiny, part.reshape(-1, *part.shape[2:]), rng).reshape(part.shape)
    report(f"{len(soft)} + {some * shown} reconstructions", flush=True)
    out = os.path.join(work, "identity_encoder.safetensors")
    _, steps = train(data, out, minutes, (index, soft), report=report)
    answer = evaluate(encoder.load(out), people, unseen, ([row[:shown] for row in people[:some]], softened))
    answer["figures"] |= {"trained_characters": count, "steps": steps, "core_minutes": round(minutes, 2)}
    if pipeline:
        styles = tuple(V.STYLES) if scale >= 1 else ("flat",)
        answer["figures"]["generated"] = generated(pipeline, out, styles, max(2, int(8 * scale)))
    with open(os.path.join(work, "identity.json"), "w") as f:
        json.dump(answer, f, indent=1)
        f.write("\n")
    return answer
