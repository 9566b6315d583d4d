"""Characters on disk: hand-editable files, versions, damage."""

import json

import pytest

from studio.domain.character import Appearance, Character, Ingredient
from studio.errors import NoSpace, NotFound
from studio.store import Store, characters
from studio.store.characters import differences


def test_a_character_is_one_indented_file(paths, store):
    """Made for people to read: UTF-8 letters as they are, one field a line, the id as the folder's name."""
    mira = store.characters.add(Character(name="Mïra 花", bio="Ёлка"))
    text = (paths.character(mira.id) / "character.json").read_text(encoding="utf-8")
    assert '\n  "name": "Mïra 花",\n' in text
    assert "Ёлка" in text


def test_the_last_twenty_revisions_can_be_seen_and_compared(store):
    """Versions are newest first, and older ones than twenty go; unknown fields are kept in them."""
    one = store.characters.add(Character(name="Mira", bio="bio 1", aura=3))
    for number in range(2, 26):
        store.characters.update(one.id, lambda doc, number=number: setattr(doc, "bio", f"bio {number}"))
    versions = store.characters.versions(one.id)
    assert [version.revision for version in versions] == list(range(25, 5, -1))
    assert all(version.saved_at for version in versions)
    assert store.characters.version(one.id, 7).bio == "bio 7"
    assert store.characters.compare(one.id, 7, 25) == [("bio", "bio 7", "bio 25")]
    with pytest.raises(NotFound, match="not kept"):
        store.characters.version(one.id, 5)
    assert store.characters.version(one.id, 7).aura == 3


def test_differences_name_the_part_that_changed():
    """Ingredients are compared by name, nested fields by their path, times are no difference."""
    before = Character(name="Mira", ingredients=[Ingredient(kind="place", name="Pier", words="old pier")])
    after = before.model_copy(deep=True, update={"appearance": Appearance(hair_color="red"), "revision": 9})
    after.ingredients[0].words = "new pier"
    assert differences(before.as_json(), after.as_json()) == [
        ("appearance.hair_color", "", "red"),
        ("ingredients.Pier.words", "old pier", "new pier"),
    ]


def test_parts_of_the_same_name_are_all_compared():
    """Two ingredients called Red are two; a change to the first is not lost behind the second."""
    parts = [Ingredient(kind=kind, name="Red", words="red") for kind in ("wardrobe", "mood")]
    before = Character(name="Mira", ingredients=parts)
    after = before.model_copy(deep=True)
    after.ingredients[0].words = "crimson"
    assert [change[1:] for change in differences(before.as_json(), after.as_json())] == [("red", "crimson")]


def test_hand_edits_made_while_closed_become_a_version(paths):
    """Somebody edits character.json: the next start takes it in as a revision, the one before is kept."""
    with Store.open(paths) as store:
        mira = store.characters.add(Character(name="Mira", bio="before"))
    path = paths.character(mira.id) / "character.json"
    path.write_text("\ufeff" + path.read_text(encoding="utf-8").replace('"before"', '"von Hand"'), encoding="utf-8")
    with Store.open(paths) as store:
        found = store.characters.get(mira.id)
        assert (found.bio, found.revision) == ("von Hand", 2)
        assert store.characters.version(mira.id, 1).bio == "before"
    with Store.open(paths) as store:
        assert store.characters.get(mira.id).revision == 2
        assert store.notices == []


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"name": ""}', '{"name": "x", "age": "old"}'])
def test_a_damaged_character_gives_way_to_its_previous_copy(paths, damage):
    """Broken JSON or an impossible value: set aside, `.bak` used, said; the other characters are not touched."""
    with Store.open(paths) as store:
        mira, zoe = store.characters.add(Character(name="Mira")), store.characters.add(Character(name="Zoë"))
        store.characters.update(mira.id, lambda one: setattr(one, "bio", "newest"))
    path = paths.character(mira.id) / "character.json"
    path.write_text(damage, encoding="utf-8")
    with Store.open(paths) as store:
        assert [one.name for one in store.characters.all()] == ["Mira", "Zoë"]
        assert store.characters.get(mira.id).bio == ""
        assert store.characters.get(zoe.id) == zoe
        (notice,) = store.notices
        assert f"{mira.id}/character.json was damaged" in notice
        store.characters.update(mira.id, lambda one: setattr(one, "bio", "again"))
    assert next(path.parent.glob("character.json.damaged-*")).read_text(encoding="utf-8") == damage


def test_a_new_character_without_a_copy_that_is_damaged_is_left_out(paths):
    """Nothing to go back to: the character is away, the file is kept, the rest opens."""
    with Store.open(paths) as store:
        mira = store.characters.add(Character(name="Mira"))
        store.characters.add(Character(name="Zoë"))
    (paths.character(mira.id) / "character.json").write_bytes(b"\0\0\0")
    with Store.open(paths) as store:
        assert [one.name for one in store.characters.all()] == ["Zoë"]
        assert "no previous copy" in store.notices[0]


def test_folders_people_made_are_taken_in_or_told_about(paths):
    """A folder `anna` with a character.json is the character `anna`; a name that cannot be an id gets a notice."""
    for name in ("anna", "my character!", "empty"):
        (paths.characters / name).mkdir(parents=True)
    for name in ("anna", "my character!"):
        (paths.characters / name / "character.json").write_text(json.dumps({"name": "Anna"}), encoding="utf-8")
    with Store.open(paths) as store:
        assert [one.id for one in store.characters.all()] == ["anna"]
        assert "rename the folder" in store.notices[0]
        assert store.characters.update("anna", lambda one: setattr(one, "bio", "x")).revision == 2


def test_removing_leaves_what_is_not_the_documents(paths, store):
    """The document and its history go; files of the person stay; a start afterwards finds nothing to complain about."""
    one, two = store.characters.add(Character(name="A")), store.characters.add(Character(name="B"))
    paths.references(two.id).mkdir(parents=True)
    (paths.references(two.id) / "r.png").write_bytes(b"x")
    for character in (one, two):
        store.characters.update(character.id, lambda doc: setattr(doc, "bio", "x"))
        store.characters.remove(character.id)
    assert not paths.character(one.id).exists()
    assert [path.name for path in paths.character(two.id).iterdir()] == ["references"]
    store.close()
    with Store.open(paths) as again:
        assert again.characters.all() == []
        assert again.notices == []


def test_a_version_whose_write_failed_is_not_offered(paths, store, monkeypatch):
    """When the document cannot be written after its history was, the history names no version that never was."""
    mira = store.characters.add(Character(name="Mira"))
    write = characters.write_atomically

    def full(path, *rest, **named):
        if path.name == "character.json":
            raise NoSpace("full")
        write(path, *rest, **named)

    monkeypatch.setattr(characters, "write_atomically", full)
    with pytest.raises(NoSpace):
        store.characters.update(mira.id, lambda one: setattr(one, "bio", "never"))
    assert [one.revision for one in store.characters.versions(mira.id)] == [1]
    with pytest.raises(NotFound):
        store.characters.version(mira.id, 2)
