"""Enlarging finished pictures: a new picture with its lineage, and what is refused before a job is made."""

import pytest
from PIL import Image

from studio.domain.requests import ImageRequest
from studio.errors import NotFound, StudioError
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine


@pytest.fixture
def studio(paths):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (FakeEngine(),), FakeDevice())) as opened:
        opened.queue.start()
        yield opened


@pytest.fixture
def made(studio):
    """Two finished pictures, as the engine made them."""
    view = studio.images.start(None, ImageRequest(prompt="a fox", batch=2, seed=3, upscale=1))
    return studio.queue.finished(view.id, 30).assets


def test_an_enlarged_picture_knows_what_it_was_made_from(studio, made):
    """A new asset of twice the sides; its parent stays as it was, and so do seed, words and rating."""
    job = studio.queue.finished(studio.enlarging.start(made, 2).id, 60)
    assert (job.state, len(job.assets)) == ("succeeded", 2)
    for new, old in zip(map(studio.review.get, job.assets), map(studio.review.get, made), strict=True):
        assert (new.width, new.height, new.recipe.seed) == (128, 128, old.recipe.seed)
        assert Image.open(studio.review.file(new.id)).size == (128, 128)
        assert new.recipe.parents == [old.id]
        assert (new.recipe.upscale["factor"], new.recipe.upscale["of"]) == (2, old.id)
        assert new.rating.level == old.rating.level
        assert (old.width, old.recipe.upscale) == (64, None)
    again = studio.queue.finished(studio.enlarging.start(job.assets[:1], 2).id, 60)
    larger = studio.review.get(again.assets[0])
    assert (larger.width, larger.recipe.upscale["factor"]) == (256, 4)


def test_what_was_finished_is_not_made_again(studio, made):
    """A second attempt after an interruption makes only what is missing."""
    job = studio.queue.finished(studio.enlarging.start(made, 2).id, 60)
    kept = studio.store.jobs.get(job.id)
    kept.attempt, kept.assets = 2, []
    named = []

    class Report:
        def __call__(self, *_):
            pass

        def asset(self, asset_id):
            named.append(asset_id)

    studio.enlarging.run(kept, Report())
    assert set(named) == set(job.assets)


def test_what_cannot_be_enlarged_is_refused(studio, made, monkeypatch):
    """Wrong factors, no pictures, unknown ones, too many pixels."""
    for ids, factor, said in ((made, 3, "2 or 4"), ([], 2, "One to 20"), (["nope"], 2, "There is no")):
        with pytest.raises((StudioError, NotFound), match=said):
            studio.enlarging.start(ids, factor)
    monkeypatch.setattr("studio.services.enlarging.MOST_PIXELS", 1000)
    with pytest.raises(StudioError, match="would have 128 × 128"):
        studio.enlarging.start(made, 2)
    assert studio.queue.views().total == 1
