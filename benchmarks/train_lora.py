"""Pictures per second of the studio's LoRA trainer against a plain peft loop that caches nothing, in one run.

    python benchmarks/train_lora.py [--steps 12] [--pictures 12] [--batch 4] [--model FOLDER]

The plain loop does what a first script does: every step opens its pictures, encodes them and their captions, and
teaches the same LoRA with the same optimizer, under bfloat16 autocast over float32 weights. The studio's trainer runs
as in the studio: on the loaded model, whose weights are bfloat16. Rounds alternate: a busy machine slows both alike.
"""

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--steps", type=int, default=12)
    asked.add_argument("--pictures", type=int, default=12)
    asked.add_argument("--batch", type=int, default=4)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--model", type=Path, default=Path(__file__).resolve().parents[1] / "pipelines/starter/model")
    given = asked.parse_args()
    import torch
    from diffusers import StableDiffusionPipeline

    from pipelines.train_lora import TrainingPlan, train

    device = "cuda" if torch.cuda.is_available() else "cpu"
    load = lambda dtype: StableDiffusionPipeline.from_pretrained(given.model, dtype=dtype, local_files_only=True)
    loaded, pipe = load(torch.bfloat16).to(device), load(torch.float32).to(device)
    if device == "cpu":  # as the engine lays it out
        loaded.unet.to(memory_format=torch.channels_last)
    plan = TrainingPlan(steps=given.steps, batch=given.batch, checkpoint_every=10**6, save_every=10**6)
    with tempfile.TemporaryDirectory() as folder:
        files = pictures(Path(folder), given.pictures)
        captions = [f"zorvi woman, picture {number}, at the beach" for number in range(given.pictures)]
        ours, plain = [], []
        once = replace(plan, steps=1)
        train(loaded, [opened(one) for one in files[:1]], captions[:1], once, lambda *_: None)  # imports and kernels
        plain_loop(pipe, files[:1], captions[:1], once)
        for _ in range(given.rounds):
            teach = lambda: train(loaded, [opened(one) for one in files], captions, plan, lambda *_: None)
            ours.append(timed(teach, given.steps * given.batch))
            plain.append(timed(lambda: plain_loop(pipe, files, captions, plan), given.steps * given.batch))
    threads = torch.get_num_threads()
    told = f"{given.pictures} pictures, {given.steps} steps of {given.batch}, rank {plan.rank}"
    print(f"{device}, {threads} threads, {told}")
    for at, measured in enumerate(("by the clock", "by processor time")):
        rates = [statistics.median(one[at] for one in runs) for runs in (ours, plain)]
        ratios = [one[at] / other[at] for one, other in zip(ours, plain, strict=True)]
        print(
            f"{measured:<18} studio {rates[0]:6.2f} pictures/s, plain loop {rates[1]:6.2f}, ratio "
            f"{statistics.median(ratios):.2f} (rounds {min(ratios):.2f} to {max(ratios):.2f})"
        )


def timed(work, pictures: int) -> tuple[float, float]:
    """Pictures per second by the clock and by processor time; what is encoded first counts."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return pictures / (time.perf_counter() - clock), pictures / (time.process_time() - processor)


def pictures(folder: Path, count: int) -> list[Path]:
    """`count` pictures of 256 x 256 noise as PNG files: what they show costs nothing."""
    import numpy
    from PIL import Image

    made = numpy.random.default_rng(0)
    files = []
    for number in range(count):
        files.append(folder / f"{number}.png")
        Image.fromarray(made.integers(0, 255, (256, 256, 3), numpy.uint8)).save(files[-1])
    return files


def opened(path: Path):
    from PIL import Image

    return Image.open(path).convert("RGB")


def plain_loop(pipe, files, captions, plan) -> None:
    """The loop of a first script: peft on the denoiser, everything encoded again at every step."""
    import numpy
    import torch
    from peft import LoraConfig

    from pipelines.train_lora import ATTENTION, CONVOLUTIONS

    unet, vae, device = pipe.unet, pipe.vae, pipe.unet.device
    for part in (unet, vae, pipe.text_encoder):
        part.requires_grad_(False)
    config = LoraConfig(r=plan.rank, lora_alpha=plan.rank, target_modules=[*ATTENTION, *CONVOLUTIONS])
    unet.add_adapter(config, adapter_name="plain")
    try:
        taught = [one for one in unet.parameters() if one.requires_grad]
        optimizer = torch.optim.AdamW(taught, lr=plan.learning_rate)
        alphas = pipe.scheduler.alphas_cumprod.to(device)
        unet.train()
        for _ in range(plan.steps):
            rows = torch.randint(len(files), (plan.batch,)).tolist()
            pixels = numpy.stack([numpy.asarray(opened(files[row]), numpy.float32) / 127.5 - 1 for row in rows])
            with torch.autocast(device.type, torch.bfloat16):
                code = vae.encode(torch.from_numpy(pixels).permute(0, 3, 1, 2).to(device))
                code = code.latents if hasattr(code, "latents") else code.latent_dist.sample()
                latents = code.float() * vae.config.scaling_factor
                hidden = pipe.encode_prompt([captions[row] for row in rows], device, 1, False)[0]
                noise = torch.randn_like(latents)
                t = torch.randint(len(alphas), (plan.batch,), device=device)
                a = alphas[t].view(-1, 1, 1, 1)
                guess = unet(a.sqrt() * latents + (1 - a).sqrt() * noise, t, hidden).sample
            wanted = a.sqrt() * noise - (1 - a).sqrt() * latents
            loss = torch.nn.functional.mse_loss(guess.float(), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    finally:
        unet.unload_lora()
        unet._hf_peft_config_loaded = False
        unet.eval()


if __name__ == "__main__":
    main()
