"""Ratings at work: what is refused before a job starts on every way in, the two yeses, and what reaches publishing."""

import pytest

from studio.domain.asset import Recipe
from studio.domain.job import Job
from studio.domain.requests import AssetFilter, AssetPatch, CaptionRequest, ImageRequest, PostPatch, PostRequest
from studio.errors import Refused, StudioError
from studio.media.embed import save_png
from studio.platforms import PLATFORMS
from studio.platforms.base import Problem
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine

BAD = "a sch00lgirl in l1ngerie"


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def studio(paths, engine):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (engine,), FakeDevice())) as opened:
        opened.queue.start()
        yield opened


@pytest.fixture
def mira(studio):
    return studio.characters.create({"name": "Mira", "age": 30})


def made(studio, character=None, **fields):
    view = studio.images.start(character and character.id, ImageRequest(**fields))
    done = studio.queue.finished(view.id, 30)
    return studio.review.get(done.assets[0]) if done.assets else done


def picture(tmp_path, recipe=None):
    from PIL import Image

    path = tmp_path / "picture.png"
    save_png(Image.new("RGB", (64, 64), "teal"), path, recipe or Recipe())
    return path


def test_a_refused_prompt_starts_no_job_on_any_way_in(studio, mira, engine, tmp_path):
    """Form, outfit, kept-out words, wildcards, dropped recipes, imports, previews: refused, and nothing was drawn."""
    for fields in (
        {"prompt": BAD},
        {"prompt": "school uniform", "outfit": "panties"},
        {"prompt": "sensual pose", "negative": "adult"},
        {"prompt": "{schoolgirl|woman} in lingerie", "batch": 8, "seed": 1},
    ):
        with pytest.raises(Refused) as refused:
            studio.images.start(mira.id, ImageRequest(**fields))
        assert BAD not in refused.value.message
    path = picture(tmp_path, Recipe(prompt=BAD, engine="fake"))
    values = studio.images.read_dropped(path)
    known = {name: value for name, value in values.items() if name in ImageRequest.model_fields}
    with pytest.raises(Refused):
        studio.images.start(None, ImageRequest(**known))
    with pytest.raises(Refused):
        studio.review.import_picture(path)
    with pytest.raises(Refused):
        studio.images.preview_appearance({"appearance": {"clothing": "lingerie"}, "age": 15})
    with pytest.raises(Refused):
        studio.images.preview_appearance({"appearance": {"clothing": "lingerie", "extra": "toddler"}})
    assert not engine.ran
    assert studio.queue.views(limit=10).total == 0
    assert studio.review.search().total == 0


def test_a_job_whose_file_was_changed_by_hand_is_refused_too(studio, mira, engine):
    """What waits in the queue is asked again when it begins."""
    composed = studio.images.compose(mira.id, ImageRequest(prompt="smiling", seed=1)).as_json() | {"prompt": BAD}
    job = Job(kind="image", character_id=mira.id, request={"composed": composed})
    with pytest.raises(Refused):
        studio.images.executor.run(job, lambda *args, **more: None)
    assert not engine.ran


def test_a_character_cannot_be_described_that_way(studio, mira):
    """Appearance, ingredients, looks, biography, instruction: at creation, at a change, and with an age under 18."""
    child = studio.characters.create({"name": "Tim", "age": 9, "appearance": {"clothing": "red raincoat"}})
    for fields in (
        {"appearance": {"extra": "schoolgirl, cleavage"}},
        {"ingredients": [{"kind": "wardrobe", "name": "Night", "words": "childish lingerie"}]},
        {"looks": [{"name": "Look", "words": "loli, ink drawing"}]},
        {"bio": "A fifteen year old in lingerie."},
        {"persona": {"custom_instruction": "Writes like a naughty schoolgirl in panties."}},
    ):
        with pytest.raises(Refused):
            studio.characters.create({"name": "Somebody", **fields})
        with pytest.raises(Refused):
            studio.characters.update(mira.id, fields)
    for fields in ({"appearance": {"clothing": "bikini"}}, {"looks": [{"name": "Pin", "words": "sensual light"}]}):
        with pytest.raises(Refused):
            studio.characters.update(child.id, fields)
    mira = studio.characters.update(mira.id, {"bio": "When she was twelve she left. Now she designs lingerie."})
    bikini = studio.characters.update(mira.id, {"appearance": {"clothing": "bikini"}})
    with pytest.raises(Refused):
        studio.characters.update(bikini.id, {"age": 16})
    with pytest.raises(Refused):
        studio.images.start(child.id, ImageRequest(prompt="in a bikini"))


def test_captions_are_not_asked_for_it_nor_do_they_go_out(studio, mira):
    asset = made(studio, mira, prompt="smiling")
    with pytest.raises(Refused):
        studio.captions.write(CaptionRequest(character_id=mira.id, asset_ids=[asset.id], words=BAD))
    with pytest.raises(Refused):
        studio.publishing.draft(PostRequest(character_id=mira.id, asset_ids=[asset.id], caption=BAD))
    post = studio.publishing.draft(PostRequest(character_id=mira.id, asset_ids=[asset.id]))
    with pytest.raises(Refused):
        studio.publishing.update(post.id, PostPatch(caption=BAD))


def test_mature_needs_the_mark_and_the_switch(studio, mira, engine):
    """Without either the sentence says which; the final prompt says it too, since both ask `compose`."""
    wanted = ImageRequest(prompt="nude on a sofa")
    with pytest.raises(StudioError, match="marked as an adult"):
        studio.images.compose(None, wanted)
    with pytest.raises(StudioError, match="Mira is not marked") as error:
        studio.images.start(mira.id, wanted)
    assert "“nude”" in error.value.hint
    mira = studio.characters.update(mira.id, {"adult": True})
    with pytest.raises(StudioError, match="switched off"):
        studio.images.start(mira.id, wanted)
    assert not engine.ran
    studio.settings.set("mature", True)
    assert made(studio, mira, prompt="nude on a sofa").rating.level == "mature"
    with pytest.raises(StudioError, match="marked as an adult"):
        studio.characters.update(mira.id, {"age": 17})
    with pytest.raises(StudioError, match="under 18"):
        studio.characters.create({"name": "Tim", "age": 12, "adult": True})


def test_a_mature_job_that_waited_while_the_switch_was_turned_off_is_not_made(studio, mira, engine):
    studio.settings.set("mature", True)
    studio.characters.update(mira.id, {"adult": True})
    studio.queue.pause()
    job = studio.images.start(mira.id, ImageRequest(prompt="nude"))
    studio.settings.set("mature", False)
    studio.queue.resume()
    done = studio.queue.finished(job.id, 30)
    assert (done.state, "switched off" in done.error["message"]) == ("failed", True)
    assert not engine.ran


def test_every_picture_carries_its_rating_and_can_be_found_by_it(studio, mira, tmp_path):
    plain = made(studio, mira, prompt="smiling")
    bikini = made(studio, mira, prompt="in a red bikini")
    brought = studio.review.import_picture(picture(tmp_path, Recipe(prompt="lingerie", engine="other")), mira.id)
    assert (plain.rating.level, bikini.rating.level, brought.rating.level) == ("general", "suggestive", "suggestive")
    assert (bikini.rating.words, bikini.rating.by) == (["bikini"], "rules")
    found = lambda level: {one.id for one in studio.review.search(AssetFilter(rating=level)).items}
    assert found("suggestive") == {bikini.id, brought.id}
    assert found("general") == {plain.id}
    assert studio.review.facets()["ratings"] == {"suggestive": 2, "general": 1}


def test_words_about_a_picture_raise_its_rating_and_a_person_has_the_last_word(studio, mira):
    asset = made(studio, mira, prompt="smiling")
    assert studio.review.patch(asset.id, AssetPatch(tags=["lingerie"])).rating.level == "suggestive"
    assert studio.review.patch(asset.id, AssetPatch(tags=[])).rating.level == "suggestive"
    mine = studio.review.patch(asset.id, AssetPatch(rating="general"))
    assert (mine.rating.level, mine.rating.by) == ("general", "person")
    assert studio.review.add_tags([asset.id], ["bikini"])[0].rating.level == "general"
    other = made(studio, mira, prompt="laughing")
    assert studio.review.add_tags([other.id], ["bikini"])[0].rating.level == "suggestive"
    with pytest.raises(Refused):
        studio.review.patch(asset.id, AssetPatch(description=BAD))
    for _ in range(3):
        studio.review.undo()
    assert studio.review.get(asset.id).rating.level == "suggestive"


def test_a_mature_post_is_stopped_where_it_is_forbidden(studio, mira):
    """By the picture or by the caption; the export package takes it with both yeses."""
    asset = made(studio, mira, prompt="smiling")
    studio.review.patch(asset.id, AssetPatch(state="approved", rating="mature"))
    post = studio.publishing.draft(PostRequest(character_id=mira.id, asset_ids=[asset.id], caption="Hello."))
    assert any(
        "not marked as an adult" in str(one) and one.level == "error" for one in studio.publishing.problems(post.id)
    )
    with pytest.raises(StudioError, match="mature"):
        studio.publishing.approve(post.id)
    studio.characters.update(mira.id, {"adult": True})
    studio.settings.set("mature", True)
    assert studio.publishing.approve(post.id).state == "approved"
    studio.settings.set("mature", False)
    with pytest.raises(StudioError, match="switched off"):
        studio.publishing.publish(post.id)
    studio.review.patch(asset.id, AssetPatch(rating="general"))
    worded = studio.publishing.draft(PostRequest(character_id=mira.id, asset_ids=[asset.id], caption="Me, naked."))
    with pytest.raises(StudioError, match="mature"):
        studio.publishing.approve(worded.id)


def test_a_platform_forbids_mature_posts_unless_its_spec_says_otherwise(studio, mira):
    from dataclasses import replace

    from studio.platforms.base import Draft, usual_problems

    draft = Draft(studio.publishing.draft(PostRequest(character_id=mira.id, asset_ids=[made(studio, mira).id])), mira,
                  (), rating="mature")  # fmt: skip
    network = replace(PLATFORMS[0].spec, id="network", name="Network", forbids=frozenset({"mature"}))
    said = [str(one) for one in usual_problems(network, draft) if isinstance(one, Problem) and one.level == "error"]
    assert any("Network does not take mature posts" in one for one in said)
    assert not any("mature" in str(one) for one in usual_problems(PLATFORMS[0].spec, draft))


def test_a_training_is_not_started_with_such_captions(studio, mira, paths):
    from studio.services.ratings import Ratings

    ratings = Ratings(studio.settings)
    with pytest.raises(Refused):
        ratings.admit_words(["mirazu woman, smiling", BAD], mira, "pictures")
    with pytest.raises(StudioError, match="not marked as an adult"):
        ratings.admit_words(["mirazu woman, nude"], mira, "pictures")
