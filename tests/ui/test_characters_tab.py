"""The Characters tab's form and its lists, without a browser."""

from datetime import datetime, timezone

import pytest
from pydantic import ValidationError

from studio.domain.character import Appearance, Character, Ingredient, Look, Persona
from studio.errors import NotFound
from studio.ui.parts import characters as parts
from studio.ui.tabs import characters as tab
from studio.ui.tabs import characters_form as form

MIRA = Character(
    name="Mira <b>",
    interests=["tea", "night trains"],
    persona=Persona(humor=0.9, topics=["analog sound"]),
    appearance=Appearance(hair_color="red", signature_items=["star pin"]),
    ingredients=[Ingredient(kind="wardrobe", name="Raincoat", words="red raincoat")],
    looks=[Look(name="Everyday", default=True), Look(name="Film", width=256, height=320, steps=12)],
)


def test_form_keys_are_the_documents_fields():
    """Every box of the editor is a field of the character, and no two groups share a name."""
    names = [*form.PROFILE, *form.PERSONA, *form.APPEARANCE]
    assert len(names) == len(set(names))
    assert set(form.PROFILE) <= set(Character.model_fields)


def test_a_character_survives_the_form():
    """Filling the form and reading it back changes nothing."""
    again = form.fields_of(form.values_of(MIRA))
    assert again["interests"] == MIRA.interests
    assert again["persona"] == MIRA.persona.model_dump()
    assert again["appearance"] == MIRA.appearance.model_dump()


def test_emptied_boxes_are_no_obstacle():
    """A box that somebody emptied becomes an empty field or the default, never an error."""
    emptied = dict.fromkeys((*form.PROFILE, *form.PERSONA, *form.APPEARANCE)) | {"name": "Mira"}
    character = Character(**form.fields_of(emptied))
    assert (character.age, character.persona.humor, character.appearance.presents_as) == (25, 0.5, "person")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("tea,  night trains,Tea,", ["tea", "night trains"]), (None, []), (" , ;", []), ("a\nb", ["a", "b"])],
)
def test_lists_are_written_with_commas(text, expected):
    """Commas, line ends and repeats are taken as people mean them."""
    assert form.listed(text) == expected


def test_only_one_look_is_the_default():
    """Marking a look as the default unmarks the one before, whichever comes first in the list."""
    asked = {"action": "save", "id": MIRA.looks[0].id, "values": parts.look_values(MIRA.looks[0]) | {"default": True}}
    looks = tab.one_default(tab.changed(MIRA.looks, asked, parts.look_from), asked)
    assert [look["default"] for look in looks] == [True, False]
    asked = {"action": "save", "id": None, "values": {"name": "New", "default": True}}
    looks = tab.one_default(tab.changed(MIRA.looks, asked, parts.look_from), asked)
    assert [look["default"] for look in looks] == [False, False, True]


def test_looks_keep_what_the_form_does_not_show():
    """Size goes through the form as one value; a field of a newer version stays."""
    look = Look(name="Film", width=256, height=320, steps=12, sampler="ddim", grain="heavy")
    again = parts.look_from(parts.look_values(look), look)
    assert again == look


def test_a_duplicate_has_its_own_id_and_is_not_the_default():
    """A copy stands beside the original and does not take its place."""
    copies = tab.changed(MIRA.looks, {"action": "duplicate", "id": MIRA.looks[0].id}, parts.look_from)
    assert [one["name"] for one in copies] == ["Everyday", "Everyday (copy)", "Film"]
    assert copies[1]["id"] != copies[0]["id"]
    assert not copies[1]["default"]


def test_an_entry_that_is_gone_says_so():
    """Saving an ingredient that somebody removed meanwhile is refused in words."""
    with pytest.raises(NotFound):
        tab.changed(MIRA.ingredients, {"action": "save", "id": "gone", "values": {}}, parts.ingredient_from)


def test_an_ingredient_needs_only_a_name():
    """Without prompt words its name is said; without a name it is refused."""
    assert parts.ingredient_from({"kind": "place", "name": " Night Market ", "words": ""}, None).words == "night market"
    with pytest.raises(ValidationError):
        parts.ingredient_from({"kind": "place", "name": " ", "words": ""}, None)


def test_changes_read_like_sentences():
    """A comparison names fields as people do and leaves bookkeeping out."""
    lines = [
        ("persona.humor", 0.5, 0.9),
        ("appearance.hair_color", "", "red"),
        ("ingredients[Red. raincoat].words", "coat", "red raincoat"),
        ("looks[Film]", None, {"id": "x", "name": "Film", "words": "grain"}),
        ("interests", ["tea"], ["tea", "trains"]),
        ("references", [], {"a.png": {"id": "x", "file": "a.png", "note": "left side"}}),
        ("revision", 1, 2),
        ("looks[Film].id", "a", "b"),
    ]
    read = [(one["field"], one["before"], one["after"]) for one in parts.changes(lines)]
    assert read == [
        ("Persona · humor", "0.5", "0.9"),
        ("Appearance · Hair colour", "", "red"),
        ("Ingredients · Red. raincoat · prompt words", "coat", "red raincoat"),
        ("Looks · Film", "", "Film (grain)"),
        ("Interests", "tea", "tea, trains"),
        ("References", "", "a.png (left side)"),
    ]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T11:59:30.000Z", "just now"),
        ("2026-11-23T11:20:00.000Z", "40 minutes ago"),
        ("2026-11-23T03:00:00.000Z", "9 hours ago"),
        ("2026-11-20T12:00:00.000Z", "3 days ago"),
        ("2026-01-02T12:00:00.000Z", "2 Jan 2026"),
        ("not a time", "not a time"),
    ],
)
def test_times_are_said_as_people_say_them(moment, expected):
    """Recent times are relative, old ones a date, damaged ones stay as they are."""
    assert parts.when(moment, now=datetime(2026, 11, 23, 12, tzinfo=timezone.utc)) == expected


def test_equal_names_are_told_apart():
    """Two characters of one name show the end of their ids."""
    twins = [Character(name="Mira"), Character(name="Mira"), Character(name="Juno")]
    labels = [label for label, _ in parts.choices(twins)]
    assert len(set(labels)) == 4
    assert labels[2:] == ["Juno", "No character"]
