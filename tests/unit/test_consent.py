"""Uploads of people: asked on every way in, refused as reference or lesson without a word, kept with the character."""

import json
import zipfile

import pytest
from PIL import Image

from studio.domain.asset import Recipe
from studio.domain.origin import Origin, in_words
from studio.domain.requests import ImageRequest
from studio.domain.training import AddPictures, NewTraining
from studio.errors import StudioError
from studio.media.embed import save_png
from studio.services.consent import from_fields, stated
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from studio.ui.parts.characters import references_value
from tests.fakes import FakeDevice, FakeEngine

AGREED = {"kind": "consented", "person": "Ana <b>B</b>", "day": "2026-01-31", "proof": "signed form"}


@pytest.fixture
def studio(paths):
    settings = Settings(paths, {})
    engine = FakeEngine(
        uses=frozenset({"prompt", "references", "image", "strength"}), tasks=frozenset({"text", "edit", "image"}),
        most_references=2, trains=True,
    )  # fmt: skip
    with build(paths, settings, use=EngineUse(settings, (engine,), FakeDevice())) as opened:
        yield opened


@pytest.fixture
def mira(studio):
    return studio.characters.create({"name": "Mira"})


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.effect_noise((96, 96), 60).convert("RGB").save(path)
    return path


@pytest.mark.parametrize(
    "values",
    [None, {}, {"kind": ""}, {"kind": "stolen"}, {"kind": "consented"}, AGREED | {"person": " "},
     AGREED | {"proof": ""}, AGREED | {"day": "yesterday"}, AGREED | {"day": "2999-01-01"}],
)  # fmt: skip
def test_half_a_word_is_none(values):
    """Nothing, a word that is none, and consent without who, when or proof are refused."""
    with pytest.raises(StudioError):
        stated(values)


def test_no_upload_becomes_a_reference_or_a_lesson_without_a_word(studio, mira, photo):
    """References, the library's imports, the Train desk and a job's references ask; nothing was kept meanwhile."""
    imported = studio.review.import_picture(photo, mira.id)
    draft = studio.trainings.create(NewTraining(character_id=mira.id))
    handed_in = studio.images.inputs.keep(photo)
    for ask in (
        lambda: studio.characters.add_reference(mira.id, upload=photo),
        lambda: studio.characters.add_reference(mira.id, asset_id=imported.id),
        lambda: studio.trainings.upload(draft.id, photo),
        lambda: studio.trainings.add(draft.id, AddPictures(asset_ids=[imported.id])),
        lambda: studio.images.start(mira.id, ImageRequest(references=[handed_in])),
        lambda: studio.images.start(mira.id, ImageRequest(references=[imported.id])),
    ):
        with pytest.raises(StudioError, match="not said what"):
            ask()
    assert studio.characters.get(mira.id).references == []
    assert studio.trainings.get(draft.id).pictures == []
    assert studio.queue.views(limit=10).total == 0
    # a pose or a composition needs no word
    assert studio.images.start(mira.id, ImageRequest(image=handed_in, strength=0.5)).id


def test_with_a_word_it_is_used_and_the_word_stays(studio, mira, photo):
    """With the reference, the training's picture, the page, an export and what is imported from it."""
    imported = studio.review.import_picture(photo, mira.id)
    mira = studio.characters.add_reference(mira.id, upload=photo, origin=AGREED)
    mira = studio.characters.add_reference(mira.id, asset_id=imported.id, origin={"kind": "myself"})
    assert [one.origin.kind for one in mira.references] == ["consented", "myself"]
    draft = studio.trainings.create(NewTraining(character_id=mira.id), suggest=False)
    draft = studio.trainings.upload(draft.id, photo, origin=AGREED)
    draft = studio.trainings.add(draft.id, AddPictures(asset_ids=[imported.id]))
    assert draft.pictures[0].origin.person == "Ana <b>B</b>"
    assert studio.images.start(mira.id, ImageRequest(references=[imported.id])).id
    handed_in = studio.images.inputs.keep(photo, {"kind": "myself"})
    assert studio.images.start(mira.id, ImageRequest(references=[handed_in])).id
    captions = [one["caption"] for one in references_value(mira)["pictures"]]
    assert captions == ["Ana <b>B</b>, agreed on 2026-01-31. Proof: signed form", "Shows the owner of this studio"]
    package = studio.characters.export(mira.id)
    with zipfile.ZipFile(package) as archive:
        kept = json.loads(archive.read("character.json"))["references"]
    assert kept[0]["origin"]["proof"] == "signed form"
    again = studio.characters.import_zip(package)
    assert [one.origin.kind for one in again.references] == ["consented", "myself"]


def test_what_a_model_made_is_not_asked_about(studio, mira, tmp_path):
    """Also when it was imported with the recipe of another studio."""
    path = tmp_path / "made.png"
    save_png(Image.new("RGB", (64, 64), "teal"), path, Recipe(prompt="smiling", engine="other", seed=3))
    asset = studio.review.import_picture(path, mira.id)
    assert studio.characters.add_reference(mira.id, asset_id=asset.id).references[0].usable


def test_references_of_an_older_studio_wait_for_a_word(studio, mira, photo, paths):
    """They are shown, not used, and used again once it is said what they show."""
    mira = studio.characters.add_reference(mira.id, upload=photo, origin={"kind": "fictional"})

    def forget(character):
        character.references = [one.model_copy(update={"origin": None}) for one in character.references]

    mira = studio.store.characters.update(mira.id, forget)
    shown = references_value(mira)["pictures"][0]
    assert (shown["caption"], shown["badges"][0]["text"]) == ("Not said what it shows", "not used")
    part = studio.identities.measured(Image.open(photo), mira.id)
    assert part.score is None
    assert "not said what" in part.note
    draft = studio.trainings.create(NewTraining(character_id=mira.id), suggest=False)
    with pytest.raises(StudioError, match="not said what"):
        studio.trainings.add(draft.id, AddPictures(reference_ids=[mira.references[0].id]))
    mira = studio.characters.say_origin(mira.id, [mira.references[0].id], AGREED)
    assert references_value(mira)["pictures"][0]["badges"] == []
    assert studio.trainings.add(draft.id, AddPictures(reference_ids=[mira.references[0].id])).pictures
    with pytest.raises(StudioError):
        studio.characters.say_origin(mira.id, ["gone"], AGREED)


def test_a_character_cannot_be_given_an_origin_by_the_back_door(studio, mira, photo):
    """An update of the character keeps what was said; it does not take the form's word for it."""
    mira = studio.characters.add_reference(mira.id, upload=photo, origin={"kind": "fictional"})
    sent = [mira.references[0].model_dump() | {"origin": AGREED, "note": "front"}]
    mira = studio.characters.update(mira.id, {"references": sent})
    assert (mira.references[0].note, mira.references[0].origin.kind) == ("front", "fictional")


def test_form_fields_and_words():
    assert from_fields({"file": "x"}) is None
    assert from_fields({"origin": " myself "}) == {"kind": "myself", "person": "", "day": "", "proof": ""}
    assert in_words(Origin(kind="fictional")) == "Fictional"
