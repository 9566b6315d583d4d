"""Quality at work: scores by the character's own rule, judged again without measuring, ranked, sorted, in the page."""

import pytest
from PIL import Image, ImageFilter

from studio.domain.asset import Asset, Identity, Quality
from studio.domain.requests import AssetFilter, ImageRequest
from studio.errors import BadRequest, NotFound, StudioError
from studio.services.engine_use import EngineUse
from studio.services.ranking import ranked
from studio.services.scoring import ruled, scored
from studio.services.studio import build
from studio.settings import Settings
from studio.ui.parts.pictures import picture as card
from studio.ui.tabs.review import desk_value
from tests.fakes import FakeDevice, FakeEngine
from tests.pipelines.test_quality import drawn, grainy


@pytest.fixture
def studio(paths):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (FakeEngine(),), FakeDevice())) as opened:
        opened.queue.start()
        yield opened


@pytest.fixture
def mira(studio):
    return studio.characters.create({"name": "Mira", "quality": {"threshold": 0.6}})


@pytest.fixture
def brought(studio, mira, tmp_path):
    """Brings a picture in as one of Mira's."""

    def bring(image, name="picture"):
        path = tmp_path / f"{name}.png"
        image.save(path)
        return studio.review.import_picture(path, mira.id)

    return bring


def test_a_picture_is_held_against_its_characters_rule_and_judged_again_when_that_changes(studio, mira, brought):
    """Soft edges are under the threshold; a rule that ignores them lets the picture pass, nothing is measured anew."""
    sharp = brought(drawn(0), "sharp")
    soft = brought(drawn(0).filter(ImageFilter.GaussianBlur(5)), "soft")
    assert (sharp.quality.passed, soft.quality.passed, soft.quality.threshold) == (True, False, 0.6)
    assert soft.quality.notes == [soft.quality.why["sharpness"]]
    assert [one["text"] for one in card(soft)["badges"] if one["kind"] == "below"]
    studio.review.file(soft.id).unlink()
    studio.characters.update(mira.id, {"quality": {"ignore": ["sharpness"]}})
    soft = studio.review.get(soft.id)
    assert (soft.quality.passed, soft.quality.notes) == (True, [])
    assert soft.quality.score > 0.8
    studio.characters.update(mira.id, {"quality": {"ignore": [], "threshold": 1}})
    assert studio.review.get(soft.id).quality.passed is False
    for wrong in ({"threshold": 2}, {"ignore": ["beauty"]}, {"thresold": 0.5}):
        with pytest.raises(StudioError):
            studio.characters.update(mira.id, {"quality": wrong})


def test_a_score_of_an_older_studio_keeps_its_notes_and_its_parts(studio):
    """Parts that were not measured then do not count; nothing is invented."""
    old = Quality(score=0.5, sharpness=0.4, exposure=1, contrast=1, banding=1, notes=["Edges are soft."])
    now = ruled(old, studio.characters.create({"name": "Mira"}).quality)
    assert (now.notes, now.noise, now.passed) == (["Edges are soft."], None, True)
    value = desk_value(Asset(file="x", width=1, height=1, quality=now), "", [])
    assert [name for name, _ in value["quality"]] == ["Sharpness", "Exposure", "Contrast", "No banding"]


def test_a_drawing_and_a_photograph_are_judged_as_such():
    assert scored(drawn(1), "starter").kind == "drawn"
    assert scored(grainy(drawn(1), 12)).kind == "photo"
    assert scored(drawn(1)).kind == "drawn"


def test_the_library_sorts_by_quality_over_its_pages(studio, mira, brought):
    pictures = [brought(drawn(0).filter(ImageFilter.GaussianBlur(radius)), f"blur{radius}") for radius in (0, 1, 2, 4)]
    first = studio.review.search(AssetFilter(sort="quality"), limit=3)
    rest = studio.review.search(AssetFilter(sort="quality"), limit=3, cursor=first.next_cursor)
    assert [one.id for one in [*first.items, *rest.items]] == [one.id for one in pictures]
    weakest = studio.review.search(AssetFilter(sort="quality_low"), limit=1).items
    assert weakest[0].id == pictures[-1].id


def asset(number, quality, identity=None, passed=None, good=True):
    part = Identity(score=identity, passed=passed) if identity is not None or passed is not None else None
    return Asset(
        id=f"a{number}", file="x", width=1, height=1, identity=part, quality=Quality(score=quality, passed=good)
    )


def order(*assets):
    return [one["id"] for one in ranked(list(assets))["items"]]


def test_the_best_is_sharp_and_in_character():
    """Half and half where all are measured, quality alone otherwise; off character and poor ones last; older first."""
    assert order(asset(1, 0.9, 0.6, True), asset(2, 0.7, 0.95, True)) == ["a2", "a1"]
    assert order(asset(1, 0.9, 0.4, False), asset(2, 0.3, 0.6, True)) == ["a2", "a1"]
    assert order(asset(1, 0.9, good=False), asset(2, 0.5)) == ["a2", "a1"]
    assert order(asset(2, 0.5), asset(1, 0.5)) == ["a1", "a2"]
    mixed = ranked([asset(1, 0.9), asset(2, 0.7, 0.95, True)])
    assert (mixed["by"], mixed["items"][0]["id"]) == ("quality", "a1")
    told = ranked([asset(1, 0.9, 0.4, False), asset(2, 0.8, 0.6, True)])
    assert told["items"][1]["why"] == "Identity 40 of 100, off character. Quality 90 of 100."


def test_ranking_wants_two_pictures_that_are_there(studio, mira, brought):
    one, other = brought(drawn(0), "one"), brought(Image.new("RGB", (64, 64), "teal"), "other")
    found = studio.review.rank([other.id, one.id])
    assert [each["id"] for each in found["items"]] == [one.id, other.id]
    assert "almost nothing" in found["items"][1]["why"]
    with pytest.raises(BadRequest):
        studio.review.rank([one.id, one.id])
    with pytest.raises(NotFound):
        studio.review.rank([one.id, "gone"])


def test_a_made_picture_is_scored_by_the_rule(studio, mira):
    view = studio.images.start(mira.id, ImageRequest(prompt="smiling"))
    made = studio.review.get(studio.queue.finished(view.id, 30).assets[0])
    assert (made.quality.threshold, made.quality.passed) == (0.6, False)
