"""Samplers by the names people know, made fresh for every run, and a look at what the model expects of the picture."""

import functools
from typing import TYPE_CHECKING

from pipelines.base import EngineError

if TYPE_CHECKING:
    import torch

_DPM = {"algorithm_type": "dpmsolver++", "solver_order": 2}
# Name -> the scheduler's class in diffusers and what it needs beside the model's own settings.
SAMPLERS: dict[str, tuple[str, dict]] = {
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", {**_DPM, "use_karras_sigmas": True}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", _DPM),
    "DPM++ 2M SDE Karras": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "sde-dpmsolver++", "solver_order": 2, "use_karras_sigmas": True},
    ),
    "Euler": ("EulerDiscreteScheduler", {}),
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "DDIM": ("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False}),
    "UniPC": ("UniPCMultistepScheduler", {}),
    "LCM": ("LCMScheduler", {}),
}
NAMES = tuple(SAMPLERS)


def named(config, name: str, **extra):
    """A new scheduler of this name with the model's own settings. Raises EngineError (code `unknown_sampler`)."""
    import diffusers

    if name not in SAMPLERS:
        raise EngineError(
            f"There is no sampler called “{name}”.", f"Choose one of: {', '.join(NAMES)}.", "unknown_sampler"
        )
    kind, own = SAMPLERS[name]
    return getattr(diffusers, kind).from_config(config, **{**own, **extra})


def again(scheduler):
    """A new scheduler of the same class and settings: a run leaves state behind in the one it used."""
    return type(scheduler).from_config(scheduler.config)


def watch(scheduler) -> list:
    """A list whose only item, after each step, is a function giving the latents as the model believes they end up.

    The function makes a float32 tensor when called and costs nothing when it is not.
    """
    seen: list = []
    take, flows = scheduler.step, "FlowMatch" in type(scheduler).__name__

    @functools.wraps(take)  # pipelines read the signature to know what the scheduler accepts
    def step(model_output: "torch.Tensor", timestep, sample: "torch.Tensor", *args, **kwargs):
        result = take(model_output, timestep, sample, *args, **kwargs)
        if flows:
            part = float(timestep) / scheduler.config.num_train_timesteps
            seen[:] = [lambda: sample.float() - part * model_output.float()]
        elif isinstance(result, tuple) and len(result) > 1:
            seen[:] = [lambda: result[1].float()]
        else:  # multistep solvers return the next sample only and keep what the model predicted
            clean = scheduler.model_outputs[-1]
            seen[:] = [lambda: clean.float()]
        return result

    scheduler.step = step
    return seen
