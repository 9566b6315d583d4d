"""Presets: how long and how strongly a LoRA is trained, per model family, and what a machine's memory allows."""

from dataclasses import replace

from pipelines.base import EngineSpec
from pipelines.train_lora import TrainingPlan
from studio.domain.training import Preset

SAMPLES = {"Quick": 4, "Balanced": 6, "Thorough": 6}  # prompts tried at every version
_GIGABYTE = 1e9

# The starter is small enough to learn fast and to be taught its convolutions; the larger ones overfit sooner.
_PLANS: dict[str, dict[Preset, TrainingPlan]] = {
    "": {
        "Quick": TrainingPlan(steps=120, checkpoint_every=60),
        "Balanced": TrainingPlan(steps=320, checkpoint_every=80),
        "Thorough": TrainingPlan(rank=16, steps=640, checkpoint_every=160, learning_rate=1e-3),
    },
    "sd15": {
        "Quick": TrainingPlan(16, 400, 4, 3e-4, checkpoint_every=200, convolutions=False),
        "Balanced": TrainingPlan(16, 1000, 4, 2e-4, checkpoint_every=250, convolutions=False),
        "Thorough": TrainingPlan(32, 2000, 4, 1e-4, checkpoint_every=400, convolutions=False),
    },
    "sdxl": {
        "Quick": TrainingPlan(16, 400, 2, 3e-4, checkpoint_every=200, convolutions=False),
        "Balanced": TrainingPlan(16, 1000, 2, 2e-4, checkpoint_every=250, convolutions=False),
        "Thorough": TrainingPlan(32, 2000, 2, 1e-4, checkpoint_every=400, convolutions=False),
    },
}
# Graphics memory in GB below which pictures per step and kept activations are cut down: (batch of 1, saving).
_NEEDS = {"sd15": (8, 12), "sdxl": (16, 24)}


def plan_for(preset: Preset, spec: EngineSpec) -> TrainingPlan:
    """The plan of a preset for this model, before anything is known of the memory."""
    plans = _PLANS.get(spec.family) or _PLANS["sdxl" if spec.native[0] >= 768 else "sd15"]
    return plans[preset]


def within(plan: TrainingPlan, spec: EngineSpec, graphics_bytes: int) -> TrainingPlan:
    """The plan as it fits: fewer pictures a step and activations computed twice on a small card. `graphics_bytes` is
    the card's memory, 0 on a processor, where time and not memory is short."""
    if spec.family not in _NEEDS:
        return plan
    single, saving = _NEEDS[spec.family]
    gigabytes = graphics_bytes / _GIGABYTE
    if not graphics_bytes:
        return replace(plan, batch=1, save_memory=True)
    return replace(plan, batch=1 if gigabytes < single else plan.batch, save_memory=gigabytes < saving)
