"""Characters: what a person can do to them, and what hostile input cannot."""

import io
import json
import zipfile

import pytest
from PIL import Image

from studio.domain.asset import Asset
from studio.errors import Conflict, NotFound, StudioError, TooLarge
from studio.media.embed import open_picture, read_recipe
from studio.services import character_zip, samples
from studio.services.characters import Characters

FICTIONAL = {"kind": "fictional"}


@pytest.fixture
def characters(store, paths):
    return Characters(store, paths)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "Porträt München.png"
    Image.new("RGB", (64, 48), (200, 60, 60)).save(path)
    return path


def test_a_name_is_enough(characters):
    """A character is made from its name alone, and is an adult."""
    made = characters.create({"name": "  Mira   Solano "})
    assert (made.name, made.age >= 18, made.revision) == ("Mira Solano", True, 1)
    assert characters.get(made.id) == made


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "Mira", "age": "old"}, "age"),
        ({"name": "Mira", "persona": {"humor": 2}}, "persona.humor"),
        ({"name": "Mira", "looks": [{"name": ""}]}, "looks.0.name"),
        ({"name": "Mira", "apearance": {}}, "apearance"),
        ({"name": "Mira", "appearance": {"hair": "red"}}, "appearance.hair"),
        ({"name": "x" * 300}, "name"),
    ],
)
def test_a_wrong_field_is_named_in_a_sentence(characters, fields, field):
    """What does not fit is said at its field, in words, without pydantic's."""
    with pytest.raises(StudioError) as refused:
        characters.create(fields)
    assert refused.value.field == field
    assert refused.value.message.endswith(".")
    assert "pydantic" not in refused.value.message
    assert characters.list() == []


def test_an_update_merges_groups_and_replaces_lists(characters):
    """A form sends only what it shows: groups merge, lists are the new ones."""
    made = characters.create({"name": "Mira", "interests": ["tea", "rain"], "persona": {"humor": 0.9, "topics": ["a"]}})
    changed = characters.update(made.id, {"interests": ["film"], "persona": {"creativity": 0.1}})
    assert changed.interests == ["film"]
    assert (changed.persona.humor, changed.persona.creativity, changed.persona.topics) == (0.9, 0.1, ["a"])


def test_an_update_from_an_old_form_is_refused(characters):
    """Two windows on one character: the second save does not silently undo the first."""
    made = characters.create({"name": "Mira"})
    characters.update(made.id, {"bio": "one"}, revision=made.revision)
    with pytest.raises(Conflict):
        characters.update(made.id, {"bio": "two"}, revision=made.revision)
    assert characters.get(made.id).bio == "one"


def test_a_refused_update_changes_nothing(characters):
    """A wrong value leaves the document and its revision alone."""
    made = characters.create({"name": "Mira", "bio": "before"})
    with pytest.raises(StudioError, match="Age"):
        characters.update(made.id, {"bio": "after", "age": -1})
    assert characters.get(made.id) == made


def test_what_the_house_keeps_cannot_be_set(characters):
    """Id, times and revision come from the store, whatever a request says."""
    made = characters.create({"name": "Mira", "id": "../../evil", "revision": 99, "trashed_at": "2020"})
    assert made.id != "../../evil"
    assert (made.revision, made.trashed_at) == (1, None)
    assert characters.update(made.id, {"id": "other", "name": "M"}).id == made.id


def test_one_look_is_the_default(characters):
    """Marking a second default unmarks the first."""
    made = characters.create({"name": "M", "looks": [{"name": "A", "default": True}, {"name": "B", "default": True}]})
    assert [look.default for look in made.looks] == [False, True]


def test_list_searches_and_filters(characters):
    """Search looks into names, tags, interests, places and ingredients; trash and status are apart."""
    mira = characters.create({"name": "Mira", "interests": ["Oranges"], "location": "Zürich"})
    kwame = characters.create({"name": "Kwame", "ingredients": [{"kind": "place", "name": "Shore", "words": "beach"}]})
    assert [one.name for one in characters.list()] == ["Kwame", "Mira"]
    assert characters.list(text="oranges zür") == [mira]
    assert characters.list(text="shore") == [kwame]
    characters.update(kwame.id, {"status": "paused"})
    assert [one.id for one in characters.list(status="paused")] == [kwame.id]
    characters.trash(mira.id)
    assert [one.id for one in characters.list(trashed=True)] == [mira.id]
    assert characters.restore(mira.id).trashed_at is None


def test_a_duplicate_has_its_own_files_and_ids(characters, picture):
    """Nothing of the copy depends on the original."""
    made = characters.create({"name": "Mira", "looks": [{"name": "A"}]})
    made = characters.add_reference(made.id, upload=picture, note="front", origin=FICTIONAL)
    copy = characters.duplicate(made.id)
    again = characters.duplicate(copy.id)
    assert (copy.name, again.name) == ("Mira (copy)", "Mira (copy 2)")
    assert copy.looks[0].id != made.looks[0].id
    characters.trash(made.id)
    characters.delete_forever(made.id)
    assert characters.reference_file(copy.id, copy.references[0].id).is_file()
    assert copy.references[0].note == "front"


def test_deleting_for_good_needs_the_trash_and_frees_the_folder(characters, paths, picture):
    """Nothing is deleted with one click, and nothing is left after two."""
    made = characters.create({"name": "Mira"})
    characters.add_reference(made.id, upload=picture, origin=FICTIONAL)
    with pytest.raises(Conflict):
        characters.delete_forever(made.id)
    characters.trash(made.id)
    characters.delete_forever(made.id)
    assert not paths.character(made.id).exists()
    with pytest.raises(NotFound):
        characters.get(made.id)


def test_versions_can_be_compared_and_restored(characters):
    """The history says what changed, and an old state can come back as a new one."""
    made = characters.create({"name": "Mira", "bio": "one"})
    characters.update(made.id, {"bio": "two", "persona": {"humor": 1}})
    assert ("bio", "one", "two") in characters.compare(made.id, 1, 2)
    back = characters.restore_version(made.id, 1)
    assert (back.bio, back.persona.humor, back.revision) == ("one", 0.5, 3)
    assert [one.revision for one in characters.versions(made.id)] == [3, 2, 1]


def test_a_restored_version_keeps_only_references_that_are_there(characters, picture):
    """A reference file stays while a version names it, and comes back with that version."""
    made = characters.add_reference(characters.create({"name": "Mira"}).id, upload=picture, origin=FICTIONAL)
    file = characters.reference_file(made.id, made.references[0].id)
    without = characters.remove_reference(made.id, made.references[0].id)
    assert without.references == []
    assert file.is_file()
    assert len(characters.restore_version(made.id, made.revision).references) == 1
    file.unlink()
    assert characters.restore_version(made.id, made.revision).references == []


def test_references_are_verified_and_cannot_be_smuggled_in(characters, tmp_path, store, paths):
    """A renamed text file is no reference, and an update cannot point one at another file."""
    made = characters.create({"name": "Mira", "references": [{"file": "../../secret.txt"}]})
    assert made.references == []
    fake = tmp_path / "fake.png"
    fake.write_text("not a picture")
    with pytest.raises(StudioError):
        characters.add_reference(made.id, upload=fake, origin=FICTIONAL)
    with pytest.raises(StudioError):
        characters.update(made.id, {"references": [{"file": "../../x"}]})
    assert characters.get(made.id).references == []
    assert not list(paths.references(made.id).glob("*")) if paths.references(made.id).exists() else True


def test_a_library_picture_is_a_reference_once(characters, store, paths):
    """A reference from the library is a copy in the character's folder."""
    made = characters.create({"name": "Mira"})
    file = paths.month(made.id, "2026-11") / "a.png"
    file.parent.mkdir(parents=True)
    Image.new("RGB", (32, 32)).save(file)
    asset = store.assets.add(Asset(character_id=made.id, file=paths.relative(file), width=32, height=32))
    made = characters.add_reference(made.id, asset_id=asset.id)
    file.unlink()
    assert characters.reference_file(made.id, made.references[0].id).is_file()
    with pytest.raises(Conflict):
        characters.add_reference(made.id, asset_id=asset.id)


def test_a_reference_forgets_where_it_was_taken(characters, tmp_path):
    """EXIF of an upload (place, camera, owner) does not enter the character's folder."""
    photo, exif = tmp_path / "p.jpg", Image.Exif()
    exif[0x013B] = "Secret Person"
    Image.new("RGB", (40, 40)).save(photo, exif=exif)
    made = characters.add_reference(characters.create({"name": "M"}).id, upload=photo, origin=FICTIONAL)
    assert b"Secret" not in characters.reference_file(made.id, made.references[0].id).read_bytes()


@pytest.mark.parametrize(
    "name", ["../../evil", "CON", "Ünïcødé 名前", "<script>alert(1)</script>", "a" * 80, ".", "aux.txt"]
)
def test_export_and_import_are_a_round_trip_for_any_name(characters, picture, name, paths):
    """Everything but ids and times comes back, and the zip lies in the exports folder whatever the name."""
    fields = characters.surprise(3) | {"name": name}
    made = characters.add_reference(characters.create(fields).id, upload=picture, note="n", origin=FICTIONAL)
    zipped = characters.export(made.id)
    assert zipped.parent == paths.exports()
    back = characters.import_zip(zipped)
    assert back.id != made.id
    assert (back.name, back.persona, back.appearance, back.bio) == (made.name, made.persona, made.appearance, made.bio)
    assert [one.words for one in back.ingredients] == [one.words for one in made.ingredients]
    assert characters.reference_file(back.id, back.references[0].id).read_bytes()
    characters.trash(made.id)
    characters.delete_forever(made.id)
    assert characters.import_zip(zipped.read_bytes()).id == made.id


def zip_of(**files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_hostile_zip_writes_nothing_outside(characters, paths, tmp_path):
    """Paths that climb, absolute names, foreign ids: only a picture with a safe name in the own folder comes out."""
    document = {
        "name": "Eve",
        "id": "../../../evil",
        "trashed_at": "x",
        "revision": 7,
        "references": [{"file": "../../up.png"}, {"file": "/abs.png"}, {"file": "CON.png"}, {"file": 5}, "no"],
    }
    with pytest.raises(StudioError):
        characters.import_zip(zip_of(**{"character.json": json.dumps(document)}))
    document["references"] = document["references"][:3]
    content = zip_of(
        **{
            "character.json": json.dumps(document),
            "references/../../up.png": png(),
            "references//abs.png": png(),
            "references/CON.png": png(),
            "../../outside.txt": "x",
        }
    )
    made = characters.import_zip(content)
    assert paths.character(made.id).parent == paths.characters
    assert (made.revision, made.trashed_at) == (1, None)
    files = set(tmp_path.rglob("*.png"))
    assert files == set(paths.references(made.id).iterdir())
    assert not [file for file in files if file.stem.upper() == "CON"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip",
        b"PK\x03\x04 broken",
        zip_of(**{"other.txt": "x"}),
        zip_of(**{"character.json": "{"}),
        zip_of(**{"character.json": "[]"}),
        zip_of(**{"character.json": '{"name": ""}'}),
        zip_of(**{"character.json": "[" * 100_000}),
        zip_of(**{"character.json": '{"name": "A", "references": [{"file": "a.png"}]}', "references/a.png": "text"}),
    ],
)
def test_what_is_no_character_zip_is_refused_in_words(characters, content):
    """Garbage is answered with a sentence and leaves nothing behind."""
    with pytest.raises(StudioError):
        characters.import_zip(content)
    assert characters.list() == []


def test_a_zip_bomb_is_refused(characters, monkeypatch):
    """What would unpack to too much is refused before it is unpacked."""
    monkeypatch.setattr(character_zip, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(TooLarge):
        characters.import_zip(zip_of(**{"character.json": '{"name": "A"}', "bomb": "0" * 2_000_000}))


def test_unknown_fields_survive_the_zip(characters):
    """A newer studio's fields come through, as documents promise."""
    made = characters.import_zip(zip_of(**{"Mira/character.json": '{"name": "A", "future": {"x": 1}}'}))
    assert json.loads(zipfile.ZipFile(characters.export(made.id)).read("character.json"))["future"] == {"x": 1}


def test_samples_are_offered_once(characters):
    """Three finished adults on an empty studio; those already there are not offered again."""
    offered = characters.samples()
    assert len(offered) == 3
    assert all(one.age >= 18 and one.bio and one.backstory and one.looks for one in offered)
    assert all({"wardrobe", "place", "prop", "mood"} == {part.kind for part in one.ingredients} for one in offered)
    added = characters.add_samples()
    assert characters.samples() == []
    characters.trash(added[0].id)
    assert characters.samples() == []
    characters.delete_forever(added[0].id)
    assert len(characters.samples()) == 1


def test_samples_bring_a_portrait_with_its_recipe(characters):
    """A sample shows a face at once: a reference that the starter made, whose file says how."""
    for one in characters.add_samples():
        portrait = characters.reference_file(one.id, one.references[0].id)
        assert read_recipe(samples.portrait(one)).engine == "starter"
        assert open_picture(portrait).size == (512, 512)


def test_surprises_are_whole_and_repeatable(characters):
    """The same seed gives the same character; different ones differ; all can be saved and are adults."""
    assert characters.surprise(7) == characters.surprise(7)
    names = set()
    for seed in range(40):
        made = characters.create(characters.surprise(seed))
        names.add(made.name)
        kinds = [one.kind for one in made.ingredients]
        assert made.age >= 18
        assert made.bio
        assert made.backstory
        assert (kinds.count("wardrobe") in (2, 3), kinds.count("place") in (2, 3)) == (True, True)
        assert (kinds.count("prop"), kinds.count("mood"), len(made.looks)) == (3, 3, 4)
    assert len(names) > 10


def test_persona_templates_differ(characters):
    """Six templates, each with its own traits, style and tone from the writer's vocabulary."""
    from studio.domain.persona_words import COMMUNICATION_STYLES, CONTENT_TONES

    templates = characters.persona_templates()
    assert len(templates) == 6
    assert len({(one["communication_style"], one["content_tone"]) for one in templates.values()}) == 6
    assert all(one["communication_style"] in COMMUNICATION_STYLES for one in templates.values())
    assert all(one["content_tone"] in CONTENT_TONES for one in templates.values())


def test_a_name_holds_nothing_unseen(characters):
    """NUL and marks that turn text around go; letters of every script and joined emoji stay."""
    assert characters.create({"name": "Mi\x00ra\u202e Öz 👩‍🎤"}).name == "Mira Öz 👩‍🎤"
