"""The model that ships with the repository: drawn characters, 256 px, on any machine without a download.

It knows its own folder and words and nothing of jobs, files or documents. The weights may be replaced by better ones
under the same contract (see pipelines/starter/MODEL_CARD.md): a StableDiffusionPipeline folder, v-prediction with zero
terminal SNR and trailing timesteps, and `latent_rgb.json` beside it with one row per latent channel; how many there are
is read from the denoiser's config.
"""

import json
from pathlib import Path

from pipelines import weights
from pipelines.base import AS_USUAL, EngineSpec, ImageInputs, LoadOptions, LocalModel
from pipelines.engines.sd15 import Sd15

HOME = Path(__file__).resolve().parents[1] / "starter"
WEIGHTS = (
    "text_encoder/model.safetensors",
    "unet/diffusion_pytorch_model.safetensors",
    "vae/diffusion_pytorch_model.safetensors",
)
FILES = (
    "model_index.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "tokenizer/tokenizer_config.json",
    "unet/config.json",
    "vae/config.json",
    *WEIGHTS,
)
REMEDY = "Restore the folder pipelines/starter from the repository (git checkout -- pipelines/starter), then try again."
SMALLEST, LARGEST, GRID = 128, 512, 32  # pixels a side; the two halvings of the UNet on latents of an eighth need 32
MOST_STEPS = 100

# Name people know -> the scheduler's class in diffusers and what it needs beside the model's own settings.
SAMPLERS: dict[str, tuple[str, dict]] = {
    "DDIM": ("DDIMScheduler", {}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "UniPC": ("UniPCMultistepScheduler", {}),
}


def learned_words(home: Path) -> frozenset[str]:
    """The whole words in the tokenizer's vocabulary: those its captions used. Empty when the file cannot be read."""
    try:
        vocabulary = json.loads((home / "model" / "tokenizer" / "vocab.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()  # `ready` says what is damaged
    return frozenset(token.removesuffix("</w>") for token in vocabulary if token.endswith("</w>"))


WORDS: dict[str, tuple[str, ...]] = {
    "person": ("woman", "man", "person", "character"),
    "hair_color": (
        "black", "brown", "blonde", "red", "orange", "gray", "white", "pink", "blue", "purple", "green",
    ),
    "hair_style": (
        "long straight", "long wavy", "long curly", "dreadlocks", "side-shaved long", "bob cut", "shoulder-length",
        "curly", "afro", "bun", "mullet", "shaggy", "short", "short curly", "quiff", "buzz cut",
    ),
    "skin": ("fair skin", "tan skin", "brown skin", "dark skin"),
    "glasses": ("round glasses", "square glasses", "sunglasses", "an eyepatch"),
    "facial_hair": ("a beard", "a long beard", "a moustache"),
    "expression": (
        "smiling", "serious", "sad", "angry", "surprised", "winking", "in love", "eyes closed", "tongue out", "crying",
    ),
    "clothing": (
        "blazer", "sweater", "graphic t-shirt", "hoodie", "overalls", "t-shirt", "scoop neck top", "v-neck shirt",
        "dress", "jacket", "collared shirt", "turtleneck",
    ),
    "color": (
        "black", "white", "gray", "red", "orange", "yellow", "green", "teal", "blue", "navy", "purple", "pink", "brown",
        "gold",
    ),
    "headwear": ("hat", "hijab", "turban", "winter hat", "beanie", "cat ear beanie", "headband", "flower crown", "cap"),
    "scene": (
        "at the beach", "in the city", "in the mountains", "in the forest", "at night", "in a cafe", "in a library",
        "in a garden", "in the snow", "at sunset", "in space", "in the street", "in the kitchen", "in the office",
        "in the bedroom", "on stage", "in the desert", "at the gym",
    ),
    "time": ("by day", "in the evening", "at golden hour", "at night"),
    "weather": ("in the rain", "in the fog", "in falling snow"),
    "prop": (
        "holding a cup of coffee", "holding a phone", "reading a book", "holding a camera", "wearing headphones",
        "holding flowers", "with a laptop", "with a cat", "with a dog",
    ),
    "framing": ("portrait", "close-up", "half figure"),
    "age": ("elderly",),
    "background": tuple(
        f"plain {color} background"
        for color in ("white", "gray", "black", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")
    ),
    "style": ("flat illustration", "cartoon style", "ink drawing", "pixel art"),
}  # fmt: skip


class Starter(Sd15):
    """The starter model as an engine: a small Stable Diffusion with a vocabulary of its own."""

    spec = EngineSpec(
        id="starter",
        name="Starter",
        summary="Drawn characters in four styles. Ships with the studio, needs no download and no graphics card.",
        licence="Own weights; trained on drawings under CC0, CC BY 4.0 and free-use terms, see its card",
        native=(256, 256),
        sizes=((256, 256),),  # looked at from 192 to 320 a side: faces stretch or double at every other size
        uses=frozenset(
            {
                "prompt",
                "negative",
                "width",
                "height",
                "steps",
                "guidance",
                "sampler",
                "seed",
                "batch",
                "upscale",
                "image",
                "strength",
                "mask",
                "loras",
            }
        ),
        samplers=tuple(SAMPLERS),
        defaults={
            "steps": 20,
            "guidance": 2.0,
            "sampler": "DDIM",
        },  # above 3, dark skin turns too dark and colours glare
        presets={
            "Fast": {"steps": 10, "guidance": 2.0, "sampler": "DDIM"},
            "Balanced": {"steps": 20, "guidance": 2.0, "sampler": "DDIM"},
            "Fine": {"steps": 30, "guidance": 2.0, "sampler": "DDIM"},
        },
        default_upscale=2,
        vram_gb=0.5,
        words=WORDS,
        sides=(SMALLEST, LARGEST, GRID),
        most_steps=MOST_STEPS,
        prompt_tokens=64,
        remedy=REMEDY,
        learned=learned_words(HOME),
        tasks=frozenset({"text", "image", "inpaint"}),
        trains=True,
    )
    remedy = REMEDY
    # diffusers' own inpainting takes four latent channels only, so that a part is changed by changing the whole and
    # putting the rest back after every step
    classes = Sd15.classes | {"inpaint": Sd15.classes["image"]}

    def __init__(self, home: Path = HOME):
        """`home` holds `model/` (the diffusers folder) and `latent_rgb.json` (the preview matrix)."""
        self.home = Path(home)
        super().__init__(self.spec, LocalModel("starter", "Starter", "", self.home / "model", "folder"))

    @property
    def folder(self) -> Path:
        return self.model.path

    def ready(self) -> str | None:
        return weights.damage(self.home, self._files())

    def model_hash(self) -> str:
        """See Engine. Read again only when a weight file changed; 45 MB take about 50 ms."""
        weights.check(self.home, self._files(), REMEDY)
        state = tuple((s.st_size, s.st_mtime_ns) for s in ((self.folder / name).stat() for name in WEIGHTS))
        if self._hash is None or self._hash[0] != state:
            self._hash = (state, weights.fingerprint(self.folder, WEIGHTS))
        return self._hash[1]

    def switches(self) -> frozenset[str]:
        return frozenset()  # measured once for everybody: see `load`

    def load(self, device: str, dtype: str, options: LoadOptions = AS_USUAL) -> None:
        # measured on CPUs: channels-last makes the denoiser 5-15 % faster and decoding 10-30 %
        super().load(device, dtype, LoadOptions(channels_last=device == "cpu"))

    def scheduler(self, inputs: ImageInputs):
        import diffusers

        kind, extra = SAMPLERS[inputs.sampler]
        return getattr(diffusers, kind).from_config(self._scheduler.config, **extra)

    def encode(self, pipe, prompt: str, negative: str) -> dict:
        import torch

        with torch.no_grad():
            words, without = pipe.encode_prompt(prompt, self._device, 1, True, negative)
        return {"prompt_embeds": words.float(), "negative_prompt_embeds": without.float()}

    def pictures(self, pipe, inputs: ImageInputs) -> dict:
        return {"image": inputs.image, "strength": inputs.strength} if inputs.image is not None else {}

    def keeper(self, pipe, inputs: ImageInputs):
        if inputs.task != "inpaint":
            return None
        import numpy
        import torch

        pixels = pipe.image_processor.preprocess(inputs.image).to(self._device)
        with torch.no_grad():
            latents = pipe.vae.encode(pixels).latents.float() * pipe.vae.config.scaling_factor
        mask = torch.from_numpy(numpy.array(inputs.mask, dtype=numpy.float32) / 255)
        changed = torch.nn.functional.adaptive_max_pool2d(mask[None, None], latents.shape[-2:]).to(latents)
        draw = lambda seed: torch.randn(latents.shape, generator=torch.Generator().manual_seed(seed))
        noise = torch.cat([draw(seed) for seed in inputs.seeds]).to(latents)

        def keep(index: int, found):
            left = pipe.scheduler.timesteps[-pipe._num_timesteps :][index + 1 :]
            rest = latents.expand_as(noise)
            if len(left):
                rest = pipe.scheduler.add_noise(rest, noise, left[:1].repeat(len(noise)))
            return changed * found + (1 - changed) * rest

        return keep

    def _fitted(self, pipe, device: str):
        from pipelines import preview

        return preview.matrix(self.home / "latent_rgb.json")

    def _check(self) -> None:
        weights.check(self.home, self._files(), REMEDY)

    def _files(self) -> tuple[str, ...]:
        tokenizer = "tokenizer/tokenizer.json"
        if not (self.folder / tokenizer).exists():  # the older pair of files does as well
            return (
                "latent_rgb.json",
                *(f"model/{name}" for name in (*FILES, "tokenizer/vocab.json", "tokenizer/merges.txt")),
            )
        return ("latent_rgb.json", *(f"model/{name}" for name in (*FILES, tokenizer)))
