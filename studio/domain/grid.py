"""Grids and prompt comparisons: one request, its settings varied along axes, every cell an ordinary picture."""

from typing import Literal

from pydantic import Field, field_validator

from studio.domain.document import Document, Part, Request
from studio.domain.requests import ImageRequest

MOST_CELLS, MOST_VALUES, MOST_AXES = 100, 20, 3
FEWEST_VARIANTS, MOST_VARIANTS, MOST_SEEDS = 2, 10, 20

Setting = Literal[
    "seed", "steps", "guidance", "sampler", "engine", "lora", "words", "look", "mood", "outfit", "place", "prop",
    "time_of_day", "weather", "framing", "negative", "strength", "size",
]  # fmt: skip
NAMES: dict[str, str] = {
    "seed": "Seed", "steps": "Steps", "guidance": "Guidance", "sampler": "Sampler", "engine": "Model",
    "lora": "LoRA strength", "words": "Prompt part", "look": "Look", "mood": "Mood", "outfit": "Outfit",
    "place": "Place", "prop": "Prop", "time_of_day": "Time of day", "weather": "Weather", "framing": "Framing",
    "negative": "Keep out", "strength": "How much changes", "size": "Size",
}  # fmt: skip
WHOLE, NUMBERS = frozenset({"seed", "steps"}), frozenset({"seed", "steps", "guidance", "lora", "strength"})


class AxisRequest(Request):
    """One setting to vary. `values` are plain values, or one text: numbers and ranges such as `1-4`, `10-30:10`, and
    for seeds `4 new`, with commas between; other values one on each line. `target` is the LoRA's id, or the part of the
    prompt that the values take the place of ("" adds them at the end).
    """

    setting: Setting
    values: str | list[str | int | float] = Field(max_length=4000)
    target: str = Field(default="", max_length=400)


class GridRequest(Request):
    """A grid over one to three settings of a request. The first axis goes across, the second down."""

    character_id: str | None = None
    request: ImageRequest
    axes: list[AxisRequest] = Field(min_length=1, max_length=MOST_AXES)
    title: str = Field(default="", max_length=120)


class ComparisonRequest(Request):
    """Two to ten prompts, each made with the same `seeds` seeds, from the request's seed on or a drawn one."""

    character_id: str | None = None
    request: ImageRequest
    prompts: list[str] = Field(min_length=FEWEST_VARIANTS, max_length=MOST_VARIANTS)
    seeds: int = Field(default=4, ge=1, le=MOST_SEEDS)
    title: str = Field(default="", max_length=120)

    @field_validator("prompts")
    @classmethod
    def _said(cls, prompts: list[str]) -> list[str]:
        prompts = [" ".join(one.split()) for one in prompts]
        if any(not one or len(one) > 2000 for one in prompts):
            raise ValueError("each prompt needs words, 2000 letters at most")
        if len(set(prompts)) < len(prompts):
            raise ValueError("two prompts are the same")
        return prompts


class Choice(Request):
    """The person's choice for one seed: which variant is best, counted from 0, -1 for no difference, None to take it
    back."""

    row: int = Field(ge=0, lt=MOST_SEEDS)
    variant: int | None = Field(ge=-1, lt=MOST_VARIANTS)


class Axis(Part):
    """A setting as it was varied. `labels` are the values in words."""

    setting: str
    name: str
    values: list = Field(default_factory=list)
    labels: list[str] = Field(default_factory=list)
    target: str = ""


class Grid(Document):
    """A grid, or a comparison of prompts (`kind` "ab": the first axis has the prompts, the second the seeds).

    `choices` maps a row of a comparison to the chosen variant, -1 for no difference. `sheet` is the labelled sheet's
    asset. The pictures are the assets of `job_id`; each knows its place (`recipe.cell`).
    """

    kind: Literal["grid", "ab"] = "grid"
    character_id: str | None = None
    character_name: str = ""
    title: str = ""
    axes: list[Axis] = Field(default_factory=list)
    request: dict = Field(default_factory=dict)
    cells: int = 0
    job_id: str | None = None
    sheet: str | None = None
    choices: dict[str, int] = Field(default_factory=dict)
    trashed_at: str | None = None
