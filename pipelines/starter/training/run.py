"""`python -m pipelines.starter.training all --work WORK` repeats everything, stage by stage, into the folder WORK.

Every stage can be run alone and picks up what the earlier ones left in WORK. `--scale 0.01` shortens every stage.
"""

import argparse
import json
import os
import time

import numpy as np
import torch

from . import autoencoder, classify, denoiser, evaluate, identity, learn, parallel, render, text

STAGES = [
    "render", "vae", "encode", "tokenizer", "text", "denoiser", "refine", "assemble", "classifier", "identity",
    "evaluate", "learn",
]  # fmt: skip
PICTURES, HELD_OUT = 32000, 1024
MINUTES = {"vae": 17, "text": 6, "denoiser": 120, "refine": 20, "classifier": 15}


def _vae(ranks, o):
    old = o.inherited("vae")
    autoencoder.train(ranks, o.path("train"), o.path("vae"), o.minutes("vae"), init=old, keep=old)


def _text(ranks, o):
    text.pretrain(ranks, o.path("tokenizer"), o.path("text"), o.minutes("text"))


def _denoiser(ranks, o):
    init = o.init or None
    total = 60 * o.minutes("denoiser")
    denoiser.train(
        ranks,
        o.path("train"),
        o.path("latents.npy"),
        o.vae(),
        o.path("tokenizer"),
        o.path("model"),
        o.path("state.pt"),
        o.started + total,
        total,
        init=init,
        text_folder=None if init else o.path("text"),
    )


def _refine(ranks, o):
    model = o.path("model")
    estimate = denoiser.estimator(model, o.path("train"))
    vae = os.path.join(model, "vae")
    minutes = o.minutes("refine")
    autoencoder.refine(ranks, o.path("train"), o.path("latents.npy"), vae, o.path("vae_refined"), minutes, estimate)


class Options(argparse.Namespace):
    """The command line, with the paths and minutes it implies."""

    def path(self, name):
        """A file or folder inside the work folder."""
        return os.path.join(self.work, name)

    def inherited(self, part):
        """The folder of a part of the pipeline given by `--init`, or None."""
        return os.path.join(self.init, part) if self.init else None

    def vae(self):
        """The autoencoder of this run: its own where it trained one, else the inherited one."""
        return self.path("vae") if os.path.exists(self.path("vae")) else self.inherited("vae")

    def minutes(self, stage):
        """Length of a stage, minutes."""
        return MINUTES[stage] * self.scale


def run(stage, o):
    """Run one stage; see STAGES."""
    if stage == "render":
        for name, count, seed in (("train", PICTURES, 12), ("test", HELD_OUT, 900001)):
            render.dataset(o.path(name), max(8, int(count * o.scale)), seed, o.workers)
    elif stage == "vae":
        old = o.inherited("vae")
        if old and autoencoder.load(old).config.latent_channels == autoencoder.CONFIG["latent_channels"]:
            return  # the denoiser knows these latents: they stay
        parallel.launch(_vae, (o,), o.workers, 8_000_000)
    elif stage == "encode":
        folder = o.vae()
        vae = autoencoder.load(folder)
        deviation = autoencoder.encode(vae, o.path("train"), o.path("latents.npy"))
        if folder == o.path("vae"):  # trained in this run: the denoiser wants unit variance
            vae.register_to_config(scaling_factor=1 / deviation)
            vae.save_pretrained(folder)
    elif stage == "tokenizer":
        text.make_tokenizer(o.path("tokenizer"), max(2000, int(60000 * o.scale)))
    elif stage == "text":
        parallel.launch(_text, (o,), o.workers, 5_000_000)
    elif stage == "denoiser":
        parallel.launch(_denoiser, (o,), o.workers, denoiser.PARAMETERS)
    elif stage == "refine":
        parallel.launch(_refine, (o,), o.workers, 6_000_000)
    elif stage == "assemble":
        pipe = evaluate.load_pipeline(o.path("model"), torch.float32)
        vae = autoencoder.load(o.path("vae_refined"))
        tokenizer = os.path.join(o.path("model"), "tokenizer")
        denoiser.save_pipeline(o.path("final"), vae, pipe.text_encoder, tokenizer, pipe.unet)
        fit = autoencoder.latent_rgb(vae, np.load(o.path("test.npy"), mmap_mode="r"))
        with open(o.path("latent_rgb.json"), "w") as f:
            json.dump(fit, f)
    elif stage == "classifier":
        count = max(8, int(1200 * o.scale))
        pictures, people = np.load(o.path("train.npy"), mmap_mode="r"), render.attributes(o.path("train.jsonl"))
        vae = autoencoder.load(o.path("vae_refined"))
        extra = classify.reconstructions(vae, pictures[:count]), people[:count]
        classify.train(o.path("train"), o.path("attribute_classifier.safetensors"), o.minutes("classifier"), extra)
    elif stage == "identity":
        identity.stage(o.path(""), o.path("vae_refined"), 8 * o.scale, o.scale, pipeline=o.path("final"))
    elif stage == "learn":
        figures = learn.learn(o.path("final"), o.path("attribute_classifier.safetensors"), max(1, int(4 * o.scale)))
        evaluate.write({"lora": figures}, o.path("adherence.json"))
    elif stage == "evaluate":
        final, held_out = o.path("final"), np.load(o.path("test.npy"), mmap_mode="r")
        count = max(4, int(300 * o.scale))
        report, pairs = evaluate.adherence(final, o.path("attribute_classifier.safetensors"), count)
        report["psnr"] = evaluate.reconstruction(final, held_out)
        evaluate.write(report, o.path("adherence.json"))
        evaluate.sheet(pairs[:100], o.path("contact_sheet.jpg"), 10, 160, 0, quality=82)
        pictures = evaluate.generate(evaluate.load_pipeline(final), evaluate.SAMPLES, seed=1)
        evaluate.sheet(list(zip(evaluate.SAMPLES, pictures, strict=True)), o.path("samples.png"), 4)


def main(arguments=None):
    """Parse the command line and run the stages it names."""
    parser = argparse.ArgumentParser(prog="pipelines.starter.training", description=__doc__)
    parser.add_argument("stages", nargs="+", choices=["all", *STAGES])
    parser.add_argument("--work", required=True, help="folder for data, checkpoints and results")
    parser.add_argument("--init", default="", help="pipeline folder to go on from; what it lacks is added")
    parser.add_argument("--workers", type=int, default=2, help="single-threaded processes, one per core")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full pictures and minutes")
    o = parser.parse_args(arguments, Options())
    os.makedirs(o.work, exist_ok=True)
    for stage in STAGES if "all" in o.stages else o.stages:
        if o.init and stage == "text":
            continue
        o.started = time.time()
        print(f"== {stage}", flush=True)
        run(stage, o)
