"""LoRAs on their way into a picture: by request or by look, into prompt, run and recipe, and back into the form."""

from dataclasses import replace

import pytest

from studio.domain.model import Lora, Source
from studio.domain.requests import ImageRequest
from studio.errors import NotFound, StudioError
from studio.media.embed import read_recipe
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine


@pytest.fixture
def engine():
    made = FakeEngine()
    made.spec = replace(made.spec, id="starter", learned=frozenset({"portrait", "of", "a", "woman", "waving", "hat"}))
    return made


@pytest.fixture
def studio(paths, engine):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (engine,), FakeDevice())) as opened:
        opened.queue.start()
        yield opened


@pytest.fixture
def mira(studio):
    return studio.characters.create({
        "name": "Mira",
        "appearance": {
            "presents_as": "woman", "hair_color": "red", "hair_style": "long", "clothing": "green hoodie",
            "headwear": "hat", "signature_items": ["silver ring"],
        },
    })  # fmt: skip


@pytest.fixture
def lora(studio, mira, paths):
    """Adds a LoRA that was trained here for Mira."""

    def lora(id="mira-v1", trigger="mirazu", character_id=mira.id, base="starter"):
        path = paths.character(mira.id) / "looks" / f"{id}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"weights")
        return studio.store.loras.add(
            Lora(
                id=id, name=f"Mira, first: {id}", base=base, path=paths.relative(path), hash="0123456789ab",
                strength=0.9, triggers=[trigger], source=Source(kind="trained"), character_id=character_id,
            )
        )  # fmt: skip

    return lora


def made(studio, mira, **fields):
    view = studio.images.start(mira.id, ImageRequest(**fields))
    job = studio.queue.finished(view.id, 30)
    assert job.state == "succeeded", job.error
    return studio.review.get(job.assets[0])


def test_a_look_carries_its_lora_into_the_picture(studio, mira, lora, engine, paths):
    """The run gets file and weight, the prompt the trigger word instead of the appearance, the recipe name and hash."""
    one = lora()
    studio.characters.update(mira.id, {"looks": [{"name": "Trained", "loras": [{"id": one.id}]}]})
    asset = made(studio, mira, prompt="waving", look="Trained")
    assert engine.ran[0].loras == [(paths.inside(one.path), 0.9)]
    assert asset.recipe.prompt == "mirazu woman, green hoodie, waving"
    assert asset.recipe.loras == [
        {"id": one.id, "name": one.name, "hash": one.hash, "weight": 0.9, "base": "starter"}
    ]  # fmt: skip
    file = studio.review.file(asset.id)
    assert read_recipe(file).loras == asset.recipe.loras
    assert one.hash in file.read_bytes().decode("latin-1").partition("Lora hashes")[2][:80]


def test_a_taught_word_is_not_called_unknown(studio, mira, lora):
    """The warning about words that a small model never learned leaves the trigger out."""
    lora()
    studio.characters.update(mira.id, {"looks": [{"name": "Trained", "loras": [{"id": "mira-v1"}]}]})
    composed = studio.images.compose(mira.id, ImageRequest(prompt="waving zebra", look="Trained"))
    assert "zebra" in composed.warnings[0]
    assert "mirazu" not in composed.warnings[0]


def test_without_the_look_nothing_changes(studio, mira, lora, engine):
    """A LoRA in the library touches no picture that does not ask for it."""
    lora()
    asset = made(studio, mira, prompt="waving")
    assert list(engine.ran[0].loras) == asset.recipe.loras == []
    assert asset.recipe.prompt.startswith("portrait of a woman with long red hair, green hoodie, hat, silver ring")


def test_somebody_elses_lora_adds_its_word(studio, mira, lora, engine):
    """The character is still described; the trigger word of a style comes with it, and an outfit still dresses."""
    lora("ink", "inkwash", None)
    asset = made(studio, mira, prompt="waving", outfit="red coat", loras=[{"id": "ink", "weight": 0.5}])
    assert asset.recipe.prompt.startswith("portrait of a woman with long red hair, red coat, hat")
    assert "inkwash" in asset.recipe.prompt
    assert engine.ran[0].loras[0][1] == 0.5


def test_a_lora_that_left_is_said(studio, mira, lora):
    """A look goes on without it and says so; a request that names it is refused; so is another family's."""
    studio.characters.update(mira.id, {"looks": [{"name": "Trained", "loras": [{"id": "gone"}]}]})
    composed = studio.images.compose(mira.id, ImageRequest(prompt="waving", look="Trained"))
    assert composed.loras == ()
    assert "goes without a LoRA" in composed.warnings[-1]
    with pytest.raises(NotFound):
        studio.images.compose(mira.id, ImageRequest(prompt="waving", loras=[{"id": "gone"}]))
    lora("xl", base="sdxl")
    with pytest.raises(StudioError, match="SDXL") as refused:
        studio.images.compose(mira.id, ImageRequest(prompt="waving", loras=[{"id": "xl"}]))
    assert refused.value.field == "loras"


def test_a_recipe_brings_its_loras_back(studio, mira, lora):
    """By id or hash; those that the look brings anyway are not named twice; missing ones become a note."""
    one = lora()
    asset = made(studio, mira, prompt="waving", loras=[{"id": one.id, "weight": 0.7}])
    values = studio.images.recipe_to_request(asset.id)
    assert values["loras"] == [{"id": one.id, "weight": 0.7}]
    recipe = asset.recipe.model_copy(update={"loras": [{"name": "x", "hash": one.hash}, {"name": "y", "hash": "ff"}]})
    values = studio.images.recipe_to_request(recipe)
    assert values["loras"] == [{"id": one.id, "weight": None}]
    assert "LoRA y" in values["notes"][-1]
    studio.characters.update(mira.id, {"looks": [{"name": "Trained", "loras": [{"id": one.id}]}]})
    assert studio.images.recipe_to_request(made(studio, mira, look="Trained").id)["loras"] is None
