"""Training: one LoRA of one character, from the first chosen picture to its versions and their scores."""

from typing import Literal

from pydantic import Field

from studio.domain.document import Document, Part, Request, new_id, now
from studio.domain.origin import Origin

FEWEST, RECOMMENDED, MOST = 4, 12, 60  # pictures
Preset = Literal["Quick", "Balanced", "Thorough"]
PRESETS: tuple[Preset, ...] = ("Quick", "Balanced", "Thorough")


class TrainingPicture(Part):
    """One picture of the dataset. `source_id` is an asset's or reference's id, "" for an upload.

    `crop` is where the square lies along the longer side, 0 left or top to 1 right or bottom. `sharpness` (0-1) and the
    sides in pixels are the original's. The square at the engine's size is `<id>.png` in the training's own folder.
    `origin` is what was said about an upload.
    """

    id: str = Field(default_factory=new_id)
    source: Literal["asset", "reference", "upload"]
    source_id: str = ""
    name: str = Field(default="", max_length=200)
    caption: str = Field(default="", max_length=600)
    crop: float = Field(default=0.5, ge=0, le=1)
    width: int = 0
    height: int = 0
    sharpness: float | None = None
    origin: Origin | None = None


class Checkpoint(Part):
    """A version: the LoRA after `step` steps. `hash` is how other studios name it; `loss` the mean of its last steps.

    `scores` has score, identity, attributes, flexibility, overfit (0-1, None where not measured) and a note.
    """

    step: int
    file: str
    sha256: str = ""
    hash: str = ""
    bytes: int = 0
    loss: float | None = None
    scores: dict = Field(default_factory=dict)
    lora_id: str | None = None
    at: str = Field(default_factory=now)


class Training(Document):
    """A draft until `job_id` is set, then a record of what was done. `version` counts a character's trainings from 1.

    `losses` are [step, loss] pairs, thinned out; `prompts` and `sample_seed` make the samples of every version;
    `best` is the step the numbers chose and `why`, `chosen` the one in use, `by_person` whether a person chose it.
    """

    character_id: str
    version: int = 1
    engine: str = "starter"
    engine_name: str = ""
    model_hash: str = ""
    size: tuple[int, int] = (256, 256)
    trigger: str = Field(default="", max_length=24)
    preset: Preset = "Balanced"
    pictures: list[TrainingPicture] = Field(default_factory=list, max_length=MOST)
    plan: dict = Field(default_factory=dict)
    prompts: list[str] = Field(default_factory=list, max_length=12)
    sample_seed: int = 11
    dataset_hash: str = ""
    job_id: str | None = None
    losses: list[list[float]] = Field(default_factory=list)
    seconds_per_step: float | None = None
    checkpoints: list[Checkpoint] = Field(default_factory=list)
    best: int | None = None
    why: str = ""
    chosen: int | None = None
    by_person: bool = False
    look_id: str | None = None
    device: str = ""
    dtype: str = ""
    finished_at: str | None = None
    trashed_at: str | None = None

    def picture(self, picture_id: str) -> TrainingPicture | None:
        return next((one for one in self.pictures if one.id == picture_id), None)

    def checkpoint(self, step: int | None) -> Checkpoint | None:
        return next((one for one in self.checkpoints if one.step == step), None)


# ---------------------------------------------------------------------- requests
class NewTraining(Request):
    """A draft for this character; without an engine the first that can be trained."""

    character_id: str
    engine: str | None = Field(default=None, max_length=80)


class PictureChange(Request):
    """A change to one picture of a draft. None leaves a field as it is."""

    id: str
    caption: str | None = Field(default=None, max_length=600)
    crop: float | None = Field(default=None, ge=0, le=1)


class TrainingPatch(Request):
    """A change to a draft. None leaves a field as it is; another trigger word is put into every caption."""

    engine: str | None = Field(default=None, max_length=80)
    trigger: str | None = Field(default=None, max_length=24)
    preset: Preset | None = None
    pictures: list[PictureChange] | None = Field(default=None, max_length=MOST)


class AddPictures(Request):
    """Pictures of the library and references of the character, by their ids."""

    asset_ids: list[str] = Field(default_factory=list, max_length=MOST)
    reference_ids: list[str] = Field(default_factory=list, max_length=MOST)


class Choose(Request):
    """The version to use, and the look to put it into; None keeps the look that has it."""

    step: int = Field(ge=1)
    look_id: str | None = Field(default=None, max_length=80)
