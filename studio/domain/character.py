"""The character: a fictional person with a persona, an appearance, ingredients, looks and references."""

import re
from typing import Literal

from pydantic import Field, field_validator

from studio.domain.document import Document, Part, new_id, now
from studio.domain.model import LoraChoice
from studio.domain.origin import Origin

ADULT_AGE = 18
# Control characters and those that turn the direction of text: nobody types them, and a name must read as it is.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
IngredientKind = Literal["wardrobe", "place", "prop", "mood"]
Trait = Field(default=0.5, ge=0, le=1)


class Persona(Part):
    """How the character speaks. Traits run from 0 to 1; `temperature` is how freely captions vary, 0 to 1.5."""

    extroversion: float = Trait
    creativity: float = Trait
    humor: float = Trait
    professionalism: float = Trait
    authenticity: float = Trait
    communication_style: str = Field(default="friendly", max_length=60)
    content_tone: str = Field(default="upbeat", max_length=60)
    topics: list[str] = Field(default_factory=list, max_length=40)
    custom_instruction: str = Field(default="", max_length=2000)
    temperature: float = Field(default=0.7, ge=0, le=1.5)


class Appearance(Part):
    """What the character looks like. Each field holds a few prompt words; an empty one says nothing."""

    presents_as: Literal["woman", "man", "person"] = "person"
    skin: str = Field(default="", max_length=80)
    hair_color: str = Field(default="", max_length=80)
    hair_style: str = Field(default="", max_length=80)
    eyes: str = Field(default="", max_length=80)
    build: str = Field(default="", max_length=80)
    glasses: str = Field(default="", max_length=80)
    facial_hair: str = Field(default="", max_length=80)
    headwear: str = Field(default="", max_length=80)
    clothing: str = Field(default="", max_length=120)
    signature_items: list[str] = Field(default_factory=list, max_length=20)
    extra: str = Field(default="", max_length=400)


class Ingredient(Part):
    """A named wardrobe item, place, prop or mood: `words` go into the prompt."""

    id: str = Field(default_factory=new_id)
    kind: IngredientKind
    name: str = Field(min_length=1, max_length=80)
    words: str = Field(min_length=1, max_length=400)
    thumbnail_asset_id: str | None = None


class Look(Part):
    """A named image style: prompt words and settings. None is the engine's default; `seed` is for the fixed policy."""

    id: str = Field(default_factory=new_id)
    name: str = Field(min_length=1, max_length=80)
    words: str = Field(default="", max_length=600)
    negative: str = Field(default="", max_length=600)
    engine: str = "starter"
    width: int | None = Field(default=None, ge=64, le=4096)
    height: int | None = Field(default=None, ge=64, le=4096)
    steps: int | None = Field(default=None, ge=1, le=150)
    guidance: float | None = Field(default=None, ge=0, le=30)
    sampler: str | None = None
    seed_policy: Literal["random", "fixed"] = "random"
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    loras: list[LoraChoice] = Field(default_factory=list, max_length=8)
    default: bool = False


class Reference(Part):
    """An approved picture of the character. `file` is a name inside the character's `references/` folder.

    `origin` is what was said about an upload. One that was neither made here nor spoken for is not used.
    """

    id: str = Field(default_factory=new_id)
    file: str
    asset_id: str | None = None
    note: str = Field(default="", max_length=400)
    origin: Origin | None = None
    added_at: str = Field(default_factory=now)

    @property
    def usable(self) -> bool:
        return self.origin is not None or self.asset_id is not None


class IdentityRule(Part):
    """When a picture counts as the character, and what happens otherwise.

    Below `threshold` (a score, 0 to 1) a picture is marked, and tried again with another seed up to `retries` times
    unless the seed was asked for. With `set_aside` the pictures that were tried again are rejected with a reason.
    """

    threshold: float = Field(default=0.5, ge=0, le=1)
    retries: int = Field(default=0, ge=0, le=5)
    set_aside: bool = True


class HashtagPlan(Part):
    """A character's hashtags: `brand` on every post, `niche` for those who care, `broad` for reach, in named sets.

    `banned` never go out. `sets` are lists by name; a set that is asked for takes the niche's place. `counts` is how
    many a network gets, by its id; what is not named gets that network's usual.
    """

    brand: list[str] = Field(default_factory=list, max_length=20)
    niche: list[str] = Field(default_factory=list, max_length=100)
    broad: list[str] = Field(default_factory=list, max_length=100)
    banned: list[str] = Field(default_factory=list, max_length=200)
    sets: dict[str, list[str]] = Field(default_factory=dict)
    counts: dict[str, int] = Field(default_factory=dict)


QualityPart = Literal[
    "sharpness", "exposure", "contrast", "noise", "clipping", "banding", "content", "composition"
]  # fmt: skip


class QualityRule(Part):
    """When a picture counts as technically good: a score of `threshold` (0 to 1) or more. Parts in `ignore` do not
    count, for styles that want them: soft light, grain, deep shadows."""

    threshold: float = Field(default=0.4, ge=0, le=1)
    ignore: list[QualityPart] = Field(default_factory=list, max_length=8)


class Pronunciation(Part):
    """A word, and how it is written for the voice to say it right."""

    word: str = Field(min_length=1, max_length=60)
    say: str = Field(min_length=1, max_length=120)


class VoiceRule(Part):
    """How a character sounds: a speech engine, one of its voices ("" its first), the speed, and words it says its own
    way."""

    engine: str = Field(default="hibari", max_length=40)
    voice: str = Field(default="", max_length=80)
    speed: float = Field(default=1.0, ge=0.5, le=2)
    words: list[Pronunciation] = Field(default_factory=list, max_length=200)


class Character(Document):
    """The root object. Only the name is required; an empty field simply says nothing.

    `adult` is a person's word that this is a fictional adult, which mature pictures need; it counts from 18 years on.
    """

    name: str = Field(min_length=1, max_length=80)
    pronouns: str = Field(default="", max_length=40)
    age: int = Field(default=25, ge=0, le=130)
    adult: bool = False
    bio: str = Field(default="", max_length=2000)
    location: str = Field(default="", max_length=120)
    time_zone: str = Field(default="", max_length=60)
    interests: list[str] = Field(default_factory=list, max_length=60)
    backstory: str = Field(default="", max_length=8000)
    taboos: list[str] = Field(default_factory=list, max_length=60)
    tags: list[str] = Field(default_factory=list, max_length=60)
    status: Literal["active", "paused"] = "active"
    persona: Persona = Field(default_factory=Persona)
    appearance: Appearance = Field(default_factory=Appearance)
    ingredients: list[Ingredient] = Field(default_factory=list, max_length=400)
    looks: list[Look] = Field(default_factory=list, max_length=100)
    references: list[Reference] = Field(default_factory=list, max_length=200)
    identity: IdentityRule = Field(default_factory=IdentityRule)
    hashtags: HashtagPlan = Field(default_factory=HashtagPlan)
    quality: QualityRule = Field(default_factory=QualityRule)
    voice: VoiceRule = Field(default_factory=VoiceRule)
    trashed_at: str | None = None

    @field_validator("name")
    @classmethod
    def _a_name_is_more_than_spaces(cls, name: str) -> str:
        name = " ".join(_UNSEEN.sub("", name).split())
        if not name:
            raise ValueError("A character needs a name.")
        return name

    @property
    def is_adult(self) -> bool:
        return self.adult and self.age >= ADULT_AGE

    def look(self, look_id: str | None = None) -> Look | None:
        """The look with this id or name; without one the default look, else the first, else None."""
        if look_id:
            return next((look for look in self.looks if look_id in (look.id, look.name)), None)
        return next((look for look in self.looks if look.default), self.looks[0] if self.looks else None)

    def ingredient(self, ingredient_id: str) -> Ingredient | None:
        """The ingredient with this id or name."""
        return next((one for one in self.ingredients if ingredient_id in (one.id, one.name)), None)
