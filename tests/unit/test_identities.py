"""Identity: scores at birth and again, retries, sorting, the report, the 12-scene test. The encoder is written."""

import json

import numpy as np
import pytest
from PIL import Image

from pipelines import identity
from studio.domain.asset import Asset
from studio.domain.requests import AssetFilter, AssetPatch, ImageRequest
from studio.errors import NotFound, StudioError
from studio.services import scene_test
from studio.services.engine_use import EngineUse
from studio.services.identities import NO_REFERENCE
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine

RED = (200, 0, 90)  # what the fake engine draws for the seed 200

FICTIONAL = {"kind": "fictional"}


@pytest.fixture
def encoder(monkeypatch):
    """An encoder that sees the red of a picture's first pixel; black is nobody."""

    def embed(image, kind):
        red = image.convert("RGB").getpixel((0, 0))[0]
        if not red:
            raise identity.NoFace("No character was found in this picture.")
        return np.array([red / 255], np.float32)

    def score(vector, references, kind):
        return float(1 - min(abs(float(one[0] - vector[0])) for one in references))

    monkeypatch.setattr(identity, "ready", lambda kind: None if kind == "drawn" else "No encoder for photos.")
    monkeypatch.setattr(identity, "kind_of", lambda image, engine="": "photo" if image.size == (50, 50) else "drawn")
    monkeypatch.setattr(identity, "embed", embed)
    monkeypatch.setattr(identity, "score", score)


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def studio(paths, engine, encoder):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (engine,), FakeDevice())) as opened:
        opened.queue.start()
        yield opened


@pytest.fixture
def mira(studio, tmp_path):
    """A character with one red reference."""
    character = studio.characters.create({"name": "Mira", "appearance": {"presents_as": "woman"}})
    return studio.characters.add_reference(character.id, upload=picture(tmp_path / "red.png", RED), origin=FICTIONAL)


def picture(path, colour, size=(64, 64)):
    Image.new("RGB", size, colour).save(path)
    return path


def made(studio, character, **fields):
    view = studio.images.start(character.id, ImageRequest(**fields))
    return studio.queue.finished(view.id, 30)


def settle(studio):
    for view in studio.queue.views(active_only=True).items:
        studio.queue.finished(view.id, 30)


def test_a_picture_is_scored_at_birth(studio, mira):
    """A new picture carries its score, the encoder, the number of references, the threshold and the verdict."""
    job = made(studio, mira, prompt="waving", seed=150)
    part = studio.review.get(job.assets[0]).identity
    assert part.score == pytest.approx(1 - 50 / 255, abs=1e-3)
    assert (part.encoder, part.references, part.threshold, part.passed) == ("drawn", 1, 0.5, True)


def test_without_a_reference_it_says_so_and_gives_no_number(studio):
    """No reference means no score, no verdict, and a sentence that tells what to do; not a zero."""
    bare = studio.characters.create({"name": "Bare"})
    part = studio.review.get(made(studio, bare, prompt="waving", seed=3).assets[0]).identity
    assert (part.score, part.passed, part.note) == (None, None, NO_REFERENCE)
    report = studio.identities.report(bare.id)
    assert (report["measured"], report["mean"], report["note"]) == (0, None, NO_REFERENCE)


def test_a_picture_of_nobody_has_no_identity(studio):
    """Pictures without a character are not measured at all."""
    job = studio.images.start(None, ImageRequest(prompt="a tree"))
    studio.queue.finished(job.id, 30)
    assert studio.review.get(studio.queue.view(job.id).assets[0]).identity is None


def test_nobody_in_the_picture_is_said_plainly(studio, mira, tmp_path):
    """An imported picture in which the encoder finds nobody is off character, without a number."""
    asset = studio.review.import_picture(picture(tmp_path / "black.png", (0, 0, 0)), mira.id)
    assert (asset.identity.score, asset.identity.passed) == (None, False)
    assert asset.identity.note == "No character was found in this picture."


def test_a_photo_says_what_to_install(studio, mira, tmp_path):
    """A photo without an encoder for photos keeps the sentence that says what is missing."""
    asset = studio.review.import_picture(picture(tmp_path / "photo.png", RED, (50, 50)), mira.id)
    assert (asset.identity.score, asset.identity.passed) == (None, None)
    assert asset.identity.note == "No encoder for photos."


def test_a_broken_encoder_loses_no_picture(studio, mira, monkeypatch):
    """When measuring fails, the picture is kept and says that it could not be measured."""
    monkeypatch.setattr(identity, "embed", lambda image, kind: 1 / 0)
    job = made(studio, mira, prompt="waving", seed=1)
    assert job.state == "succeeded"
    assert "could not be measured" in studio.review.get(job.assets[0]).identity.note


def test_too_little_alike_is_tried_again_and_the_best_stays(studio, mira, engine):
    """With two retries a drawn seed that is off character gets two more; the weaker tries are rejected with a reason,
    and a seed that was asked for is never replaced."""
    studio.characters.update(mira.id, {"identity": {"threshold": 0.999, "retries": 2}})
    job = made(studio, mira, prompt="waving")
    assets = [studio.review.get(one) for one in job.assets]
    assert [one.identity.attempt for one in assets] == [1, 2, 3]
    assert len({one.recipe.seed for one in assets}) == 3
    best = max(assets, key=lambda one: one.identity.score)
    assert {one.id for one in assets if one.state == "new"} == {best.id}
    assert all("tried again" in one.rejection_reason for one in assets if one.id != best.id)
    assert len(made(studio, mira, prompt="waving", seed=1).assets) == 1


def test_retries_stop_when_it_is_alike(studio, mira):
    """A picture over the threshold is not made twice."""
    studio.characters.update(mira.id, {"identity": {"threshold": 0.0, "retries": 5}})
    assert len(made(studio, mira, prompt="waving", batch=2).assets) == 2


def test_a_resumed_job_goes_on_with_its_tries(studio, mira, engine):
    """A retried job that was stopped between two tries makes only what is missing of the chain."""
    studio.characters.update(mira.id, {"identity": {"threshold": 0.999, "retries": 1, "set_aside": False}})
    job = made(studio, mira, prompt="waving")
    gone = studio.review.get(job.assets[1])
    studio.review.trash([gone.id])
    studio.review.delete_forever([gone.id])
    ran = len(engine.ran)
    document = studio.store.jobs.get(job.id)
    document.attempt = 2
    studio.images.executor.run(document, Report())
    assert [one.seeds for one in engine.ran[ran:]] == [[gone.recipe.seed]]


class Report:
    def __call__(self, done, total, frames=None, note=""):
        pass

    def asset(self, asset_id):
        pass


def test_the_library_filters_and_sorts_by_identity(studio, mira):
    """Filters are against the threshold; both orders are by score, newest first among equals, unmeasured last, and
    pages join without gaps."""
    scores = {}
    for seed in (200, 20, 120, 200):
        scores[made(studio, mira, prompt="waving", seed=seed).assets[0]] = seed
    bare = studio.characters.create({"name": "Bare"})
    lone = made(studio, bare, prompt="waving", seed=3).assets[0]
    search = studio.review.search
    below = search(AssetFilter(identity="below")).items
    assert [scores[one.id] for one in below] == [20]
    assert [one.id for one in search(AssetFilter(identity="unmeasured")).items] == [lone]
    for order, wanted in (("identity", [200, 200, 120, 20, None]), ("identity_low", [20, 120, 200, 200, None])):
        found, cursor = [], None
        while True:
            page = search(AssetFilter(sort=order), limit=2, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert [scores.get(one.id) for one in found] == wanted
        assert len({one.id for one in found}) == 5
    twins = [one.id for one in search(AssetFilter(sort="identity")).items[:2]]
    assert twins == sorted(twins, reverse=True)
    assert studio.review.facets()["identity"] == {"passed": 3, "below": 1, "unmeasured": 1}


def test_a_new_threshold_judges_what_is_there(studio, mira):
    """Changing the threshold changes verdicts at once, without measuring and without a new revision of the pictures."""
    asset = studio.review.get(made(studio, mira, prompt="waving", seed=150).assets[0])
    studio.characters.update(mira.id, {"identity": {"threshold": 0.9}})
    after = studio.review.get(asset.id)
    assert (after.identity.passed, after.identity.threshold, after.revision) == (False, 0.9, asset.revision)
    with pytest.raises(StudioError):
        studio.characters.update(mira.id, {"identity": {"threshold": 1.5}})
    with pytest.raises(StudioError):
        studio.characters.update(mira.id, {"identity": {"treshold": 0.5}})


def test_new_references_measure_everything_again(studio, mira, tmp_path):
    """Adding or removing a reference starts one job that brings all scores up to date."""
    asset = made(studio, mira, prompt="waving", seed=20).assets[0]
    before = studio.review.get(asset).identity.score
    character = studio.characters.add_reference(
        mira.id, upload=picture(tmp_path / "dark.png", (20, 0, 90)), origin=FICTIONAL
    )
    settle(studio)
    after = studio.review.get(asset)
    assert before < 0.5 < after.identity.score == 1
    studio.characters.remove_reference(mira.id, character.references[-1].id)
    settle(studio)
    assert studio.review.get(asset).identity.score == before


def test_a_reference_does_not_prove_itself(studio, mira):
    """A picture that became the only reference is not compared with itself."""
    asset = made(studio, mira, prompt="waving", seed=90).assets[0]
    studio.characters.add_reference(mira.id, asset_id=asset)
    studio.characters.remove_reference(mira.id, mira.references[0].id)
    settle(studio)
    studio.identities.start(mira.id)
    settle(studio)
    assert studio.review.get(asset).identity.note == "This picture is the only reference."


def test_measuring_survives_missing_files_and_a_damaged_reference(studio, mira, paths):
    """A picture whose file is gone says so; a reference that is no picture any more is left out."""
    asset = made(studio, mira, prompt="waving", seed=90).assets[0]
    studio.review.file(asset).unlink()
    (paths.references(mira.id) / mira.references[0].file).write_bytes(b"not a picture")
    job = studio.queue.finished(studio.identities.start(mira.id).id, 30)
    assert job.state == "succeeded"
    assert "could not be opened" in studio.review.get(asset).identity.note


def test_the_report_counts_by_look_model_and_day(studio, mira):
    """The report groups measured pictures and lists points oldest first."""
    studio.characters.update(mira.id, {"looks": [{"name": "Ink", "words": "ink drawing", "engine": "fake"}]})
    made(studio, mira, prompt="one", seed=200)
    made(studio, mira, prompt="two", seed=20, look="Ink")
    report = studio.identities.report(mira.id)
    assert (report["measured"], report["passed"], report["references"]) == (2, 1, 1)
    assert [row["name"] for row in report["models"]] == ["Fake"]
    assert [one["passed"] for one in report["points"]] == [True, False]
    assert report["days"][0]["pictures"] == 2
    with pytest.raises(NotFound):
        studio.identities.report("nobody")


def test_an_old_asset_without_identity_reads_and_keeps_foreign_fields(studio, paths):
    """A document written before identity existed opens as not measured; unknown fields inside it survive a change."""
    old = {"id": "0" * 26, "schema": 1, "file": "outputs/x/2026-01/a.png", "width": 8, "height": 8}
    assert Asset.model_validate(old).identity is None
    kept = Asset.model_validate(old | {"identity": {"score": 0.7, "passed": True, "hologram": 3}})
    assert kept.as_json()["identity"]["hologram"] == 3
    studio.store.assets.add(Asset.model_validate(old | {"created_at": "2026-01-05T00:00:00.000Z"}))
    assert [one.id for one in studio.review.search(AssetFilter(identity="unmeasured")).items] == ["0" * 26]


def test_the_scene_test_draws_twelve_scenes_and_a_sheet(studio, mira):
    """A test makes a tagged picture per scene, can be read back from the library and drawn as one sheet; tests compare
    on one sheet."""
    job = studio.queue.finished(studio.scene_tests.start(mira.id, seed=100).id, 60)
    assert (job.state, len(job.assets), job.error) == ("succeeded", 12, None)
    test = studio.scene_tests.tests(mira.id)[0]
    assert (test["id"], test["finished"], test["attempts"]) == (job.id, True, 12)
    assert [one["scene"] for one in test["scenes"]] == [one.id for one in scene_test.SCENES]
    assert len({studio.review.get(one).recipe.prompt for one in job.assets}) == 12
    assert studio.review.get(job.assets[0]).tags == [scene_test.SCENE_TEST]
    again = studio.queue.finished(studio.scene_tests.start(mira.id, seed=100).id, 60)
    seeds = [[studio.review.get(one).recipe.seed for one in which.assets] for which in (job, again)]
    assert seeds[0] == seeds[1]
    for ids in ([job.id], [job.id, again.id]):
        assert studio.scene_tests.sheet(mira.id, ids)[:2] == b"\xff\xd8"
    with pytest.raises(NotFound):
        studio.scene_tests.sheet(mira.id, ["nothing"])
    with pytest.raises(StudioError):
        studio.scene_tests.sheet(mira.id, [])


def test_the_scene_test_tries_again_and_counts_attempts(studio, mira):
    """Scenes below the threshold are tried again; the sheet's best picture of a scene is the surest one."""
    studio.characters.update(mira.id, {"identity": {"threshold": 0.9999}})
    studio.queue.finished(studio.scene_tests.start(mira.id, seed=7, retries=1).id, 60)
    test = studio.scene_tests.tests(mira.id)[0]
    assert test["attempts"] == 24
    assert {one["attempts"] for one in test["scenes"]} == {2}
    states = [one.state for one in studio.review.search(AssetFilter(job_id=test["id"]), limit=50).items]
    assert states.count("rejected") == 12


def test_a_scene_test_needs_a_reference(studio):
    """Without a reference there is nothing to measure, so nothing is drawn."""
    bare = studio.characters.create({"name": "Bare"})
    with pytest.raises(StudioError, match="Add a reference"):
        studio.scene_tests.start(bare.id)


def test_a_stopped_scene_test_makes_only_the_rest(studio, mira, engine):
    """A test whose pictures are partly there makes the missing ones."""
    job = studio.queue.finished(studio.scene_tests.start(mira.id, seed=5).id, 60)
    gone = job.assets[4]
    studio.review.trash([gone])
    studio.review.delete_forever([gone])
    document, ran = studio.store.jobs.get(job.id), len(engine.ran)
    document.attempt = 2
    studio.scene_tests.run(document, Report())
    assert len(engine.ran) - ran == 1


def test_a_names_odd_signs_do_not_break_the_sheet(studio, mira):
    """A character's name with markup, emoji and line breaks is drawn as text."""
    studio.characters.update(mira.id, {"name": "<b>Zoë</b> 🦊"})
    job = studio.queue.finished(studio.scene_tests.start(mira.id, seed=1).id, 60)
    assert len(studio.scene_tests.sheet(mira.id, [job.id])) > 5000
    assert json.dumps(studio.scene_tests.test(mira.id, job.id))


def test_judging_a_try_by_hand_is_respected(studio, mira):
    """A picture that somebody approved is not set aside by a better try."""
    studio.characters.update(mira.id, {"identity": {"threshold": 0.999, "retries": 1, "set_aside": False}})
    job = made(studio, mira, prompt="waving")
    assets = [studio.review.get(one) for one in job.assets]
    for one in assets:
        studio.review.patch(one.id, AssetPatch(state="approved"))
    studio.identities.set_aside(assets)
    assert {studio.review.get(one.id).state for one in assets} == {"approved"}
