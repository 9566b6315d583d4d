"""The path that keeps a face: every step is read back from what is there, and only ways that can run are named."""

import pytest
from PIL import Image

from studio.domain.asset import Asset, Identity, Recipe
from studio.domain.training import Training
from studio.errors import NotFound
from studio.services.engine_use import EngineUse
from studio.services.image_job import SCENE_TEST
from studio.services.keeping import ways_of
from studio.services.scene_test import SCENES
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine


@pytest.fixture
def studio(paths):
    settings = Settings(paths, {})
    engines = (FakeEngine(trains=True), FakeEngine(id="away", name="Away", missing="Its files are gone."))
    with build(paths, settings, use=EngineUse(settings, engines, FakeDevice())) as opened:
        yield opened


def drawn_scenes(studio, character, job_id, at, score, look=""):
    for scene in SCENES:
        asset = Asset(
            character_id=character.id, job_id=job_id, file=f"outputs/{job_id}-{scene.id}.png", width=1, height=1,
            created_at=at, tags=[SCENE_TEST], recipe=Recipe(engine="fake", look_name=look),
            identity=Identity(score=score, passed=True, scene=scene.id),
        )  # fmt: skip
        studio.store.assets.add(asset)


def states(studio, character):
    return {one["id"]: one["state"] for one in studio.keeping.path(character.id)["steps"]}


def test_every_step_is_read_back_from_what_is_there(studio, tmp_path):
    """References, a test, a training with its look, a test with that look, the sheet of both: one after the other."""
    mira = studio.characters.create({"name": "Mira", "looks": [{"name": "Mira v1", "engine": "fake"}]})
    assert list(states(studio, mira).values()) == ["next", "later", "later", "later", "later"]
    for colour in ("teal", "olive"):
        path = tmp_path / f"{colour}.png"
        Image.new("RGB", (64, 64), colour).save(path)
        mira = studio.characters.add_reference(mira.id, upload=path, origin={"kind": "fictional"})
    assert states(studio, mira)["test"] == "next"
    drawn_scenes(studio, mira, "a-first", "2026-01-01T00:00:00.000Z", 0.6)
    assert states(studio, mira)["train"] == "next"
    look = mira.looks[0]
    done = Training(character_id=mira.id, engine="fake", engine_name="Fake", size=(64, 64), trigger="mirazu")
    done = done.model_copy(update={"finished_at": "2026-01-02T00:00:00.000Z", "chosen": 80, "look_id": look.id})
    done.job_id = "job"
    studio.store.trainings.add(done)
    path = studio.keeping.path(mira.id)
    again = path["steps"][3]
    assert (again["state"], again["look"], again["ids"]) == ("next", look.id, [])
    drawn_scenes(studio, mira, "b-other", "2026-01-03T00:00:00.000Z", 0.7, "Another look")
    assert states(studio, mira)["again"] == "next"
    drawn_scenes(studio, mira, "c-again", "2026-01-04T00:00:00.000Z", 0.9, "Mira v1")
    compare = studio.keeping.path(mira.id)["steps"][4]
    assert (compare["state"], compare["ids"], compare["text"]) == (
        "done", ["b-other", "c-again"], "Identity +20 of 100 since it was taught.",
    )  # fmt: skip
    studio.characters.update(mira.id, {"looks": []})
    assert states(studio, mira)["train"] == "next"
    with pytest.raises(NotFound):
        studio.keeping.path("gone")


def test_only_ways_that_can_run_are_named(studio):
    """A model that is not ready is left out; each names what its spec can do, and words when there is nothing."""
    assert [one["engine"] for one in studio.keeping.ways()] == ["fake"]
    ids = lambda **spec: [one["id"] for one in ways_of(FakeEngine(**spec).spec)]
    assert ids(uses=frozenset({"prompt"}), tasks=frozenset({"text"})) == ["words"]
    uses, tasks = frozenset({"loras", "references"}), frozenset({"text", "edit", "image"})
    assert ids(uses=uses, tasks=tasks, most_references=4) == ["lora", "references", "image"]
