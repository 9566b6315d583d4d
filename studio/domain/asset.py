"""The asset: one produced or imported picture with the recipe it was made by and its review state."""

from typing import Literal

from pydantic import Field

from studio.domain.document import Document, Part, now
from studio.domain.rating import Level

AssetState = Literal["new", "approved", "rejected", "trashed"]
AssetKind = Literal["image", "clip"]


class Recipe(Part):
    """Everything needed to make a picture again. `words` is what the person typed, `prompt` what the engine got.

    `width` and `height` are the engine's own output in pixels; `upscale` says by what it was then enlarged.
    `pipeline` is text-to-image, image-to-image, inpaint, outpaint, background, detail or edit; `inputs` holds what it
    started from, as the request names it: image, strength, mask, edit, references.
    `outfit`, `place`, `prop` and `mood` are names for people; `ingredients` holds {id, kind, name, words} of each.
    `unlearned` are the prompt's words that the engine never saw, so that the picture may not show them.
    `template` holds, by field, what was typed where words were drawn from it (see services/templates.py).
    `cell` is the picture's place in a grid: {"grid": its id, "at": [column, row, block]}; a sheet's pipeline is grid.
    """

    pipeline: str = "text-to-image"
    engine: str = ""
    model: str = ""
    model_hash: str = ""
    words: str = ""
    prompt: str = ""
    negative: str = ""
    unlearned: list[str] = Field(default_factory=list)
    template: dict[str, str] = Field(default_factory=dict)
    cell: dict = Field(default_factory=dict)
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: str = ""
    width: int | None = None
    height: int | None = None
    upscale: dict | None = None
    loras: list[dict] = Field(default_factory=list)
    character_id: str | None = None
    character_name: str = ""
    character_revision: int | None = None
    look_id: str | None = None
    look_name: str = ""
    outfit: str | None = None
    place: str | None = None
    prop: str | None = None
    mood: str | None = None
    ingredients: list[dict] = Field(default_factory=list)
    time_of_day: str = ""
    weather: str = ""
    framing: str = ""
    parents: list[str] = Field(default_factory=list)
    inputs: dict = Field(default_factory=dict)
    device: str = ""
    dtype: str = ""
    seconds: float | None = None
    versions: dict[str, str] = Field(default_factory=dict)


class Quality(Part):
    """First quality score, each part and the whole from 0 to 1, higher is better; `notes` says what pulled it down.

    `kind` is the calibration, drawn or photo; `why` has the sentence of each weak part. `passed` is the score against
    `threshold`, the character's. Parts that are None were not measured when the picture was made, or cannot be told.
    """

    score: float = 0
    sharpness: float = 0
    exposure: float = 0
    contrast: float = 0
    banding: float = 0
    noise: float | None = None
    clipping: float | None = None
    content: float | None = None
    composition: float | None = None
    kind: str = ""
    why: dict[str, str] = Field(default_factory=dict)
    threshold: float | None = None
    passed: bool | None = None
    notes: list[str] = Field(default_factory=list)


class Identity(Part):
    """How surely the picture shows its character, against the references there were when it was measured.

    `score` is 0 to 1 as its `encoder` ("drawn" or "photo") is calibrated, None when it could not be measured; `note`
    then says why. `passed` is the score against `threshold`, the character's at that moment; also False when nobody was
    found in the picture. `attempt` counts the
    tries for one picture, 1 being the first; `scene` names the scene of a scene test it was made for.
    """

    score: float | None = None
    encoder: str = ""
    references: int = 0
    threshold: float | None = None
    passed: bool | None = None
    attempt: int = 1
    scene: str = ""
    note: str = ""
    measured_at: str = Field(default_factory=now)


class Rating(Part):
    """How mature a picture is: general, suggestive or mature; `words` of the rules say why.

    `by` is who said so: the rules, a classifier that looked at the picture (with its `score`, 0 to 1), or a person.
    """

    level: Level = "general"
    words: list[str] = Field(default_factory=list)
    by: Literal["rules", "classifier", "person"] = "rules"
    score: float | None = None


class Asset(Document):
    """One medium in the library. `file` and `original_file` are relative to the data folder, with forward slashes.

    `original_file` is the engine's own picture when `file` was enlarged from it. `previous_state` is what
    restoring from the trash returns to. `imported` is true for pictures that were brought in, not made here.

    A clip has `seconds`, `fps`, whether there is `sound` in it, `poster_at` (the second its small picture shows), and
    `subtitles_file` when its captions lie beside it.
    """

    kind: AssetKind = "image"
    character_id: str | None = None
    job_id: str | None = None
    file: str
    original_file: str | None = None
    width: int
    height: int
    seconds: float | None = None
    fps: float | None = None
    sound: bool = False
    poster_at: float = 0
    subtitles_file: str | None = None
    bytes: int = 0
    sha256: str = ""
    recipe: Recipe = Field(default_factory=Recipe)
    state: AssetState = "new"
    previous_state: AssetState | None = None
    rejection_reason: str = Field(default="", max_length=400)
    starred: bool = False
    tags: list[str] = Field(default_factory=list, max_length=60)
    description: str = Field(default="", max_length=4000)
    quality: Quality | None = None
    identity: Identity | None = None
    rating: Rating | None = None
    imported: bool = False

    @property
    def from_outside(self) -> bool:
        """Brought in, and nothing says that a model made it: it may show a real person."""
        recipe = self.recipe
        return self.imported and not (recipe.engine or recipe.model or recipe.seed is not None)
