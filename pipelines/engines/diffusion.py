"""What the engines of installed models share: one model folder or file as an engine, from loading to pictures.

A family's file says which classes it uses, how its prompt becomes arguments, and what its latents look like; this file
knows the rest of a diffusers pipeline's life and no family by name.
"""

import functools
import hashlib
import importlib.util
import inspect
import logging
import math
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import loras, memory, model_folder, preview, prompt_weights, samplers, speed
from pipelines.base import AS_USUAL, EngineError, EngineSpec, Family, ImageInputs, LoadOptions, LocalModel, Report

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

log = logging.getLogger("studio.engines")

REMEDY = "Import or download the model again in Models."
_KEPT_PROMPTS = 12
_FIT_PIXELS = 256  # a side of the pictures that the preview matrix is measured on
_SPARE_PARTS = ("safety_checker", "feature_extractor", "image_encoder")


def spec_of(family: Family, model: LocalModel) -> EngineSpec:
    """What an installed model says about itself: its family's, its variant's, then its own defaults."""
    variant = family.variant(model.variant)
    native = (model.defaults.get("width", family.native[0]), model.defaults.get("height", family.native[1]))
    own = {name: model.defaults[name] for name in ("steps", "guidance", "sampler") if name in model.defaults}
    uses = (family.uses | variant.uses) - variant.without
    return EngineSpec(
        id=model.id,
        name=model.name,
        summary=model.summary or family.summary,
        licence=model.licence or variant.licence or family.licence,
        native=native,
        sizes=family.sizes if native in family.sizes else (native, *family.sizes),
        uses=uses,
        samplers=family.samplers,
        defaults=variant.defaults | own,
        presets=variant.presets,
        vram_gb=family.vram_gb["model"],
        sides=family.sides,
        prompt_tokens=family.prompt_tokens,
        remedy=REMEDY,
        family=family.id,
        tasks=variant.tasks or family.tasks,
        prompt_style=family.prompt_style,
        most_references=family.most_references if "references" in uses else 0,
        trains=variant.trains,
    )


class DiffusersEngine:
    """One installed model. One run at a time: `pipelines.device.Device` sees to that.

    `classes` maps each task to the diffusers class that does it; `denoiser` names the component that is run at every
    step; `packed` says that the sampler sees latents in patches of 2 x 2; `guidance` is the argument for guidance.
    """

    classes: dict[str, str] = {}
    denoiser = "transformer"
    packed = True
    guidance = "guidance_scale"

    remedy = REMEDY

    def __init__(self, spec: EngineSpec, model: LocalModel):
        self.spec, self.model = spec, model
        self._pipe = None
        self._views: dict[str, object] = {}
        self._prompts: OrderedDict = OrderedDict()
        self._device, self._options = "", AS_USUAL
        self._scheduler = self._matrix = None
        self._lora_mark: tuple = ()
        self._looked: tuple[tuple, str | None] | None = None
        self._hash: tuple[tuple, str] | None = None

    # ------------------------------------------------------------------ what a family may replace
    def read(self, dtype: "torch.dtype"):
        """The pipeline from disk, in RAM."""
        cls = _class(self.classes.get("text") or next(iter(self.classes.values())))
        found = model_folder.contents(self.model)
        wanted = set(inspect.signature(cls.__init__).parameters)
        return cls.from_pretrained(
            self.model.path,
            dtype=dtype,
            local_files_only=True,
            use_safetensors=True,
            **({"variant": found.variant} if found.variant else {}),
            **{part: None for part in _SPARE_PARTS if part in wanted},
            **self.parts(),
            **({"requires_safety_checker": False} if "requires_safety_checker" in wanted else {}),
        )

    def parts(self) -> dict:
        """Components that are made here instead of being read by diffusers."""
        return {}

    def prepare(self, pipe, dtype: "torch.dtype") -> None:
        """A last touch on the pipeline after it was read."""

    def scheduler(self, inputs: ImageInputs):
        """A scheduler for one run, with nothing left over from another."""
        return samplers.again(self._scheduler)

    def prompt(self, pipe, inputs: ImageInputs) -> dict:
        """The arguments that carry the prompt."""
        given = {"prompt": prompt_weights.plain(inputs.prompt)}
        if "negative" in self.spec.uses:
            given["negative_prompt"] = prompt_weights.plain(inputs.negative)
        return given

    def pictures(self, pipe, inputs: ImageInputs) -> dict:
        """The arguments that carry pictures: what to change, its mask, references."""
        if inputs.task == "image":
            return {"image": inputs.image, "strength": inputs.strength}
        if inputs.task == "inpaint":
            return {"image": inputs.image, "mask_image": inputs.mask, "strength": inputs.strength}
        return {"image": list(inputs.references)} if inputs.task == "edit" else {}

    def keeper(self, pipe, inputs: ImageInputs):
        """None, or a function (step index, latents) -> latents that is called after every step."""
        return None

    # ------------------------------------------------------------------ the life of a model
    def ready(self) -> str | None:
        """See Engine. Headers are read again only when a file changed."""
        state = model_folder.state(self.model)
        if self._looked is None or self._looked[0] != state or not state:
            self._looked = (state, self._missing_class() or model_folder.damage(self.model))
        return self._looked[1]

    def model_hash(self) -> str:
        """See Engine; over heads, tails and sizes of the weight files."""
        self._check()
        state = model_folder.state(self.model)
        if self._hash is None or self._hash[0] != state:
            self._hash = (state, model_folder.fingerprint(self.model))
        return self._hash[1]

    def footprint(self, bytes_per_number: int = 2) -> dict[str, int]:
        """See Sizable; from the file headers."""
        return model_folder.footprint(self.model, bytes_per_number)

    def weight(self) -> int:
        """See Sizable."""
        return sum(memory.weight_of(self._pipe).values()) if self._pipe is not None else 0

    def switches(self) -> frozenset[str]:
        """See Sizable."""
        return speed.switches(self.spec.family)

    def load(self, device: str, dtype: str, options: LoadOptions = AS_USUAL) -> None:
        self._check()
        import torch

        hush()
        plan = "full" if options.plan == "auto" else options.plan
        with memory.told("Close other programs, or choose a plan that needs less memory in System, then try again."):
            try:
                pipe = self.read(getattr(torch, dtype))
            except (OSError, ValueError, KeyError, RuntimeError, TypeError, ImportError, AttributeError) as error:
                if memory.is_out_of_memory(error):
                    raise
                raise EngineError(
                    f"{self.model.name} cannot be loaded: {error}", self.remedy, "model_damaged"
                ) from error
            pipe.set_progress_bar_config(disable=True)
            _make_exact(pipe.vae)
            self.prepare(pipe, getattr(torch, dtype))
            speed.prepare(pipe, getattr(pipe, self.denoiser), options, device, getattr(torch, dtype))
            self._scheduler = pipe.scheduler
            self._matrix = self._fitted(pipe, device)
            memory.lay_out(pipe, plan, device)
        self._device, self._options = device, replace(options, plan=plan)
        self._pipe, self._views = pipe, {}
        self._prompts.clear()

    def park(self) -> None:
        """See Sizable. Plans that keep the weights in RAM anyway have nothing to move."""
        if self._pipe is not None and self._options.plan in ("full", "lean") and self._device != "cpu":
            self._prompts.clear()
            for part in memory.modules(self._pipe).values():
                part.to("cpu")

    def wake(self) -> None:
        """See Sizable."""
        if self._pipe is not None and self._options.plan in ("full", "lean") and self._device != "cpu":
            with memory.told("Choose a plan that needs less memory in System, then try again."):
                memory.lay_out(self._pipe, self._options.plan, self._device)

    def unload(self) -> None:
        self._pipe = self._scheduler = self._matrix = None
        self._views.clear()
        self._prompts.clear()
        self._lora_mark = ()

    # ------------------------------------------------------------------ one run
    def run(self, inputs: ImageInputs, report: Report) -> "list[Image]":
        """See Engine. Noise is drawn on the CPU, one generator per seed: a seed is the same picture alone, in a batch,
        and (but for rounding) on another device or dtype."""
        self._refuse_unfit(inputs)
        if self._pipe is None:
            raise EngineError(f"{self.model.name} is not loaded.", "Load it first.", "not_loaded")
        import torch

        inputs = _fitted_pictures(inputs)
        clean: list = []
        between = None
        with memory.told("Make fewer pictures at once, a smaller size, or choose another memory plan in System."):
            try:
                self._use_loras(inputs.loras)
                pipe = self._view(inputs.task)
                pipe.scheduler = self.scheduler(inputs)
                clean = samplers.watch(pipe.scheduler)
                keep = self.keeper(pipe, inputs)

                def step(pipe, index, timestep, tensors):
                    seen, total = clean[-1], getattr(pipe, "_num_timesteps", None) or inputs.steps
                    report(index + 1, total, lambda: self._frames(seen, inputs))
                    return tensors if keep is None else {"latents": keep(index, tensors["latents"])}

                # pictures are decoded one by one, seconds each on a busy CPU: too long in a row to be told to stop
                if decoder := getattr(pipe.vae, "decoder", None):
                    between = decoder.register_forward_pre_hook(lambda *_: inputs.check())
                with torch.no_grad():
                    result = pipe(**self._arguments(pipe, inputs), callback_on_step_end=step)
                    if not torch.isfinite(clean[-1]()).all():
                        raise EngineError(
                            "The picture came out empty: the numbers overflowed.",
                            "Choose bfloat16 or float32 in Settings, or a lower guidance.",
                            "not_finite",
                        )
                return [_finished(image, inputs) for image in result.images]
            finally:
                if between is not None:
                    between.remove()
                clean.clear()
                self._pipe.maybe_free_model_hooks()

    def _arguments(self, pipe, inputs: ImageInputs) -> dict:
        """What the pipeline is called with: the prompt, the pictures, and the settings its signature takes."""
        import torch

        accepted = inspect.signature(pipe.__call__).parameters
        settings = {
            "height": inputs.height,
            "width": inputs.width,
            "num_inference_steps": self._steps(inputs),
            "num_images_per_prompt": len(inputs.seeds),
            "generator": [torch.Generator().manual_seed(seed) for seed in inputs.seeds],
            self.guidance: inputs.guidance,
            "output_type": "pil",
        }
        given = {name: value for name, value in settings.items() if name in accepted}
        return given | self.prompt(pipe, inputs) | self.pictures(pipe, inputs)

    @staticmethod
    def _steps(inputs: ImageInputs) -> int:
        """Steps of the whole way from noise; changing a picture goes a part of it, and at least one step."""
        if inputs.task in ("image", "inpaint"):
            return max(inputs.steps, math.ceil(1 / max(inputs.strength, 0.01)))
        return inputs.steps

    def _use_loras(self, wanted) -> None:
        mark = loras.mark(wanted)
        if mark != self._lora_mark:
            self._lora_mark = ()
            loras.use(self._pipe, wanted)
            self._lora_mark = mark

    def trainable(self):
        """See Trainable. Weights that come and go from RAM cannot be taught."""
        if self._pipe is None:
            raise EngineError(f"{self.model.name} is not loaded.", "Load it first.", "not_loaded")
        if self._options.plan != "full" and self._device != "cpu":
            raise EngineError(
                f"{self.model.name} does not fit this graphics card whole, which training needs.",
                "Close other programs, choose the plan “full” for it in System, or train on a smaller model.",
                "out_of_memory",
            )
        self._use_loras(())
        self._pipe.scheduler = self._scheduler  # a run leaves its own sampler behind
        return self._pipe

    def _view(self, task: str):
        """The pipeline class of this task over the same components: nothing is loaded, nothing is copied."""
        cls = _class(self.classes[task])
        if cls.__name__ not in self._views:
            parts, optional = cls._get_signature_keys(cls)
            given = {name: self._pipe.components.get(name) for name in parts}
            given |= {name: self._pipe.config[name] for name in optional if name in self._pipe.config}
            view = self._pipe if type(self._pipe) is cls else cls(**given)
            view.set_progress_bar_config(disable=True)
            view.encode_prompt = self._remembering(view.encode_prompt)
            self._views[cls.__name__] = view
        return self._views[cls.__name__]

    def _remembering(self, encode):
        """`encode_prompt` that reads the same words once, and brings the text encoders along when they are aside."""
        names = inspect.signature(encode)

        @functools.wraps(encode)
        def remembered(*args, **kwargs):
            given = {name: value for name, value in names.bind(*args, **kwargs).arguments.items() if value is not None}
            given.pop("device", None)
            make = lambda: encode(*args, **kwargs)
            if any(name.endswith(("_embeds", "_mask")) for name in given):
                return make()
            return self.remember((tuple((name, _key(value)) for name, value in given.items()),), make)

        return remembered

    def remember(self, key: tuple, make):
        """What `make` gives, kept under this key and the LoRAs that are on."""
        key = (*key, self._lora_mark)
        if key not in self._prompts:
            encoders = [part for name, part in memory.modules(self._pipe).items() if memory.is_encoder(name)]
            with memory.visiting(encoders, self._device, self._options.plan):
                self._prompts[key] = make()
            while len(self._prompts) > _KEPT_PROMPTS:
                self._prompts.popitem(last=False)
        self._prompts.move_to_end(key)
        return self._prompts[key]

    # ------------------------------------------------------------------ previews
    def _frames(self, clean, inputs: ImageInputs) -> "list[Image]":
        return preview.projected(self._map(clean(), inputs), *self._matrix)

    def _map(self, latents: "torch.Tensor", inputs: ImageInputs) -> "torch.Tensor":
        """batch x channels x h x w of what the sampler sees: packed tokens go row by row, each a patch of latents."""
        if latents.ndim == 3:
            columns = round(math.sqrt(latents.shape[1] * inputs.width / inputs.height))
            return latents.transpose(1, 2).unflatten(2, (-1, columns))
        return latents.squeeze(2) if latents.ndim == 5 else latents

    def _fitted(self, pipe, device: str):
        """The preview matrix of this model's latents, measured on its own autoencoder: tenths of a second on a card."""
        import torch

        vae = pipe.vae
        kept = next(vae.parameters()).dtype
        if kept == torch.float16:  # half precision overflows in some encoders
            vae.to(torch.float32)
        vae.to(device)
        try:
            with torch.no_grad():
                pixels = preview.samples(_FIT_PIXELS)
                latents = [self._encoded(vae, one[None].to(device, next(vae.parameters()).dtype)) for one in pixels]
            return preview.fit(pixels, torch.cat(latents).float().cpu())
        finally:
            vae.to("cpu", kept)

    def _encoded(self, vae, pixels: "torch.Tensor") -> "torch.Tensor":
        """Pictures as the sampler's latents: normalised as the family does, in patches when it packs them."""
        import torch

        config = vae.config
        if getattr(config, "latents_mean", None) and getattr(config, "z_dim", None):  # autoencoders of video models
            latents = vae.encode(pixels.unsqueeze(2)).latent_dist.mode()
            shape = (1, config.z_dim, 1, 1, 1)
            mean = torch.tensor(config.latents_mean).view(shape).to(latents)
            latents = ((latents - mean) / torch.tensor(config.latents_std).view(shape).to(latents)).squeeze(2)
        else:
            latents = vae.encode(pixels).latent_dist.mode()
            if not hasattr(vae, "bn"):
                latents = (latents - (getattr(config, "shift_factor", None) or 0)) * config.scaling_factor
        if self.packed:
            latents = torch.nn.functional.pixel_unshuffle(latents, 2)
        if hasattr(vae, "bn"):  # FLUX.2 normalises the patches
            mean, spread = vae.bn.running_mean, (vae.bn.running_var + config.batch_norm_eps).sqrt()
            latents = (latents - mean.view(1, -1, 1, 1).to(latents)) / spread.view(1, -1, 1, 1).to(latents)
        return latents

    # ------------------------------------------------------------------ refusals
    def _check(self) -> None:
        if problem := self.ready():
            raise EngineError(f"{self.model.name} cannot be loaded. {problem}", self.remedy, "model_damaged")

    def _missing_class(self) -> str | None:
        """A sentence when this version of diffusers lacks a class; found without importing it."""
        lacking = [name for name in dict.fromkeys(self.classes.values()) if name not in _offered()]
        if not lacking:
            return None
        return f"diffusers here has no {lacking[0]}: update diffusers, which may need a newer Python."

    def _refuse_unfit(self, inputs: ImageInputs) -> None:
        spec, name = self.spec, self.spec.name
        if inputs.task not in spec.tasks:
            told = {
                "text": ("needs a picture to work on", "Add a picture or a reference."),
                "image": ("cannot start from a picture", "Remove the picture, or choose another model."),
                "inpaint": ("cannot change a part of a picture", "Remove the mask, or choose another model."),
                "edit": ("takes no reference pictures", "Remove the references, or choose another model."),
            }[inputs.task]
            raise EngineError(f"{name} {told[0]}.", told[1], "task")
        if len(inputs.references) > spec.most_references:
            raise EngineError(
                f"{name} takes {spec.most_references or 'no'} reference pictures.", "Remove some of them.", "references"
            )
        if inputs.loras and "loras" not in spec.uses:
            raise EngineError(f"{name} takes no LoRA.", "Remove the LoRA.", "lora")
        if inputs.sampler not in spec.samplers:
            raise EngineError(
                f"{name} has no sampler called “{inputs.sampler}”.",
                f"Choose one of: {', '.join(spec.samplers)}.",
                "unknown_sampler",
            )
        smallest, largest, grid = spec.sides
        for side in (inputs.width, inputs.height):
            if not smallest <= side <= largest or side % grid:
                raise EngineError(
                    f"{inputs.width} x {inputs.height} is not a size {name} can draw.",
                    f"Each side must be {smallest} to {largest} pixels in steps of {grid}.",
                    "size",
                )
        if not 1 <= inputs.steps <= spec.most_steps:
            raise EngineError(
                f"{inputs.steps} steps are out of range.",
                f"Choose 1 to {spec.most_steps} steps; {spec.defaults['steps']} are usual.",
                "steps",
            )
        if not inputs.seeds:
            raise EngineError("No seed was given.", "Ask for at least one picture.", "seeds")
        if not 0 < inputs.strength <= 1:
            raise EngineError(f"A strength of {inputs.strength} is out of range.", "Choose 0.05 to 1.", "strength")


def _class(name: str):
    import diffusers

    found = getattr(diffusers, name, None)
    if found is None:
        raise EngineError(f"diffusers here has no {name}.", "Update diffusers; it may need a newer Python.", "no_class")
    return found


@functools.lru_cache(maxsize=1)
def _offered() -> str:
    """The text in which diffusers lists its classes; reading it costs a millisecond, importing it seconds."""
    found = importlib.util.find_spec("diffusers")
    try:
        return Path(found.origin).read_text(encoding="utf-8")
    except (AttributeError, OSError, TypeError):
        return ""


def _make_exact(vae) -> None:
    """A picture is encoded to its most likely latents instead of a sample: that would draw from the first generator
    only, and a seed would be another picture in a batch."""
    encode = vae.encode

    @functools.wraps(encode)
    def exact(*args, **kwargs):
        found = encode(*args, **kwargs)
        spread = getattr(found, "latent_dist", None) or found[0]
        spread.sample = lambda generator=None: spread.mode()
        return found

    vae.encode = exact


def hush() -> None:
    """The libraries' progress bars and remarks about optional parts are no one's business in the log."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    from diffusers.utils import logging as diffusers_logging

    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()


def _key(value):
    """A prompt argument as part of a key; pictures by their content."""
    if isinstance(value, list | tuple):
        return tuple(_key(one) for one in value)
    if hasattr(value, "tobytes") and hasattr(value, "size"):
        return (value.size, hashlib.sha256(value.tobytes()).hexdigest())
    return value if isinstance(value, str | int | float | bool) else repr(value)


def _fitted_pictures(inputs: ImageInputs) -> ImageInputs:
    """The picture to change and its mask, cut to the shape asked for and brought to its size."""
    from PIL import Image, ImageOps

    if inputs.image is None:
        return inputs
    size = (inputs.width, inputs.height)
    image = ImageOps.fit(inputs.image.convert("RGB"), size, Image.Resampling.LANCZOS)
    if inputs.mask is None:
        return replace(inputs, image=image)
    mask = inputs.mask.convert("L")
    if mask.size != inputs.image.size:
        mask = mask.resize(inputs.image.size, Image.Resampling.BILINEAR)
    return replace(inputs, image=image, mask=ImageOps.fit(mask, size, Image.Resampling.BILINEAR))


def _finished(image: "Image", inputs: ImageInputs) -> "Image":
    """RGB of the size asked for; where a mask is black, exactly the picture that was given."""
    from PIL import Image

    image = image.convert("RGB")
    if image.size != (inputs.width, inputs.height):
        image = image.resize((inputs.width, inputs.height), Image.Resampling.LANCZOS)
    return Image.composite(image, inputs.image, inputs.mask) if inputs.mask is not None else image
