"""Bare diffusers against the studio's engines on a graphics card: images a minute, peak memory, ten swaps.

    python benchmarks/gpu.py [--models sdxl,flux2-klein] [--pictures 5] [--steps N] [--size 1024]

The models have the shapes of SDXL and FLUX.2 klein 4B and random weights: speed and memory do not depend on what they
learned. They are made in a temporary folder (about 7 and 16 GB) and removed. Each side makes as many pictures at
equal steps, size, dtype and guidance, after one that is not counted; the median counts. The studio makes its
previews too, as for a page that looks at every step. Without a graphics card it says so and measures nothing.
"""

import argparse
import functools
import gc
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines.base import AS_USUAL, ImageInputs, LoadOptions, LocalModel
from pipelines.catalog import family

GB = 1024**3
PROMPT = "portrait of a woman with long red hair, green eyes, smiling, in a garden at sunset, film photograph"


def sdxl(torch):
    """A pipeline with SDXL's shapes and random weights, from the configs that single files are read with."""
    import diffusers
    import transformers

    from pipelines import clip_prompts
    from pipelines.checkpoints import CONFIGS

    folder, parts = CONFIGS / "sdxl", {}
    index = json.loads((folder / "model_index.json").read_text())
    for name in ("unet", "vae", "text_encoder", "text_encoder_2"):
        library, kind = index[name]
        cls = getattr(diffusers if library == "diffusers" else transformers, kind)
        if library == "diffusers":
            make = functools.partial(cls.from_config, cls.load_config(folder / name))
        else:
            make = functools.partial(cls, cls.config_class.from_pretrained(folder / name))
        parts[name] = _made(torch, make)
    scheduler = diffusers.EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    return diffusers.StableDiffusionXLPipeline(
        **parts, tokenizer=clip_prompts.tokenizer(), tokenizer_2=clip_prompts.tokenizer(pad="!"), scheduler=scheduler
    )


def flux2_klein(torch):
    """A pipeline with the shapes of FLUX.2 klein 4B and random weights. The tokenizer knows single bytes only."""
    import diffusers
    import transformers

    from tests.tiny_models import _qwen_tokenizer

    text = transformers.Qwen3Config(
        hidden_size=2560, intermediate_size=9728, num_hidden_layers=36, num_attention_heads=32, num_key_value_heads=8,
        head_dim=128, vocab_size=151936, max_position_embeddings=40960, tie_word_embeddings=True,
    )  # fmt: skip
    transformer = _made(
        torch,
        lambda: diffusers.Flux2Transformer2DModel(
            patch_size=1, in_channels=128, num_layers=5, num_single_layers=20, attention_head_dim=128,
            num_attention_heads=24, joint_attention_dim=7680, timestep_guidance_channels=256, mlp_ratio=3.0,
            axes_dims_rope=[32, 32, 32, 32], guidance_embeds=False,
        ),
    )  # fmt: skip
    return diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_made(torch, diffusers.AutoencoderKLFlux2),
        text_encoder=_made(torch, lambda: transformers.Qwen3ForCausalLM(text)),
        tokenizer=_qwen_tokenizer(),
        transformer=transformer,
        is_distilled=True,
    )


MODELS = {"sdxl": sdxl, "flux2-klein": flux2_klein}


def _made(torch, make):
    """A module in bfloat16 with small random weights, made on the card: filling gigabytes on a CPU takes minutes."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda"):
            return make().eval()
    finally:
        torch.set_default_dtype(before)


class Bare:
    """What most scripts do: load, `to("cuda")`, call."""

    def __init__(self, folder: Path, model: LocalModel):
        import torch
        from diffusers import DiffusionPipeline

        self.torch = torch
        self.pipe = DiffusionPipeline.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True).to("cuda")
        self.pipe.set_progress_bar_config(disable=True)

    def make(self, inputs: ImageInputs) -> None:
        extra = {"negative_prompt": inputs.negative} if "negative_prompt" in _accepted(self.pipe) else {}
        generator = self.torch.Generator("cuda").manual_seed(inputs.seeds[0])
        self.pipe(
            prompt=inputs.prompt, width=inputs.width, height=inputs.height, num_inference_steps=inputs.steps,
            guidance_scale=inputs.guidance, generator=generator, **extra,
        )  # fmt: skip

    def close(self) -> None:
        del self.pipe


class Studio:
    """The engine as a job runs it, with a preview looked at after every step."""

    def __init__(self, folder: Path, model: LocalModel, options: LoadOptions = AS_USUAL):
        from pipelines.device import Device

        self.engine, self.device, self.options = family(model.family).make(model), Device(0), options
        self.make_resident()

    def make_resident(self):
        with self.device.resident(self.engine, "cuda", "bfloat16", self.options):
            pass

    def make(self, inputs: ImageInputs) -> None:
        with self.device.resident(self.engine, "cuda", "bfloat16", self.options) as engine:
            engine.run(inputs, lambda done, total, frames: frames())

    def close(self) -> None:
        self.device.unload()


def _accepted(pipe) -> set[str]:
    import inspect

    return set(inspect.signature(pipe.__call__).parameters)


def measure(torch, name: str, home: Path, given) -> list[dict]:
    """Rows of the table for one model: each side's images a minute and peak gigabytes."""
    kind = family(name)
    folder = home / name
    MODELS[name](torch).save_pretrained(folder)
    _clear(torch)
    model = LocalModel(name, kind.name, name, folder, "folder", kind.variant_of(folder))
    variant = kind.variant(model.variant)
    steps, guidance = given.steps or variant.defaults["steps"], variant.defaults["guidance"]
    inputs = lambda seed: ImageInputs(
        PROMPT, "", given.size, given.size, steps, guidance, kind.samplers[0] if name != "sdxl" else "Euler", (seed,)
    )
    sides = {
        "bare diffusers": Bare,
        "studio": Studio,
        "studio, compiled": lambda folder, model: Studio(folder, model, LoadOptions(compile=True)),
    }
    rows = []
    for side, build in sides.items():
        torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        one = build(folder, model)
        loaded = time.perf_counter() - began
        one.make(inputs(0))  # kernels are chosen, blocks compiled
        times = []
        for seed in range(1, given.pictures + 1):
            torch.cuda.synchronize()
            began = time.perf_counter()
            one.make(inputs(seed))
            torch.cuda.synchronize()
            times.append(time.perf_counter() - began)
        seconds = statistics.median(times)
        row = {"model": name, "side": side, "steps": steps, "load_s": round(loaded, 1)}
        row |= {
            "images_per_minute": round(60 / seconds, 2),
            "peak_gb": round(torch.cuda.max_memory_allocated() / GB, 2),
        }
        rows.append(row)
        one.close()
        del one
        _clear(torch)
    for row in rows:
        row["times_bare"] = round(row["images_per_minute"] / rows[0]["images_per_minute"], 2)
    return rows


def swaps(torch, home: Path, names: list[str], size: int) -> dict:
    """Ten changes of model through one device slot; memory after each pair must not grow."""
    from pipelines.device import Device

    device, held, took = Device(0), [], []
    engines = []
    for name in names:
        kind = family(name)
        engines.append(
            kind.make(LocalModel(name, kind.name, name, home / name, "folder", kind.variant_of(home / name)))
        )
    for number in range(10):
        engine = engines[number % len(engines)]
        began = time.perf_counter()
        with device.resident(engine, "cuda", "bfloat16") as there:
            took.append(time.perf_counter() - began)
            sampler = engine.spec.defaults["sampler"]
            there.run(ImageInputs(PROMPT, "", size, size, 2, 1.0, sampler, (number,)), lambda *_: None)
        held.append(torch.cuda.memory_allocated() / GB)
    device.unload()
    _clear(torch)
    left = torch.cuda.memory_allocated() / GB
    return {
        "first_loads_s": [round(one, 1) for one in took[: len(names)]],
        "later_swaps_s": round(statistics.median(took[2:]), 2),
        "grown_gb": round(held[-1] - held[len(names) - 1], 3),
        "left_gb": round(left, 3),
    }


def _clear(torch) -> None:
    gc.collect()
    torch.cuda.empty_cache()


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--pictures", type=int, default=5)
    parser.add_argument("--steps", type=int, default=0, help="0: the model's own default")
    parser.add_argument("--size", type=int, default=1024)
    given = parser.parse_args(words)
    names = given.models.split(",")
    if unknown := [name for name in names if name not in MODELS]:
        parser.error(f"no such model: {', '.join(unknown)}; there are {', '.join(MODELS)}")
    import torch

    if not torch.cuda.is_available():
        print("There is no graphics card that PyTorch can use here: nothing was measured.")
        return 0
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {given.size} px, bfloat16, previews on")
    home = Path(tempfile.mkdtemp(prefix="studio-gpu-"))
    try:
        rows = [row for name in names for row in measure(torch, name, home, given)]
        columns = ("model", "side", "steps", "images_per_minute", "times_bare", "peak_gb", "load_s")
        print("\n|" + "|".join(f" {one} " for one in columns) + "|\n|" + "---|" * len(columns))
        for row in rows:
            print("|" + "|".join(f" {row[one]} " for one in columns) + "|")
        if len(names) > 1:
            print("\nTen swaps:", json.dumps(swaps(torch, home, names, given.size)))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
