"""The Characters tab: its form, its lists and its handlers, without a browser."""

from datetime import datetime, timezone

import gradio as gr
import pytest
from pydantic import ValidationError

from studio.domain.character import Appearance, Character, Ingredient, Look, Persona
from studio.errors import Conflict, NotFound, StudioError
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


# ---------------------------------------------------------------------- the tab over real services


@pytest.fixture
def editor(tabs):
    return tabs["characters"]


@pytest.fixture
def typed():
    """The form's values for a character or fields, with changes."""
    return lambda of=None, **changed: form.values_of(of) | changed


def test_the_form_is_the_editor_s(editor):
    """The boxes on the page are exactly the fields that are saved."""
    assert set(editor.form) == {*form.PROFILE, *form.PERSONA, *form.APPEARANCE}


def test_saving_needs_only_a_name(editor, studio, typed, toasts):
    """A new character with a name alone is saved, chosen in the header, and edited from then on."""
    answer = editor.keep("", None, None, **typed(name="Noor"))
    character = studio.characters.list()[0]
    assert (character.name, character.age) == ("Noor", 25)
    assert answer[editor.editing] == character.id
    assert answer[editor.head]["unsaved"] is False
    assert answer[editor.shared.character].constructor_args["value"] == character.id


def test_without_a_name_nothing_is_saved(editor, studio, typed):
    """The refusal says where the name goes."""
    with pytest.raises(StudioError, match="needs a name"):
        editor.keep("", None, None, **typed(bio="Nobody"))
    assert studio.characters.list() == []


def test_a_surprise_is_saved_whole(editor, studio):
    """Its looks and ingredients are shown at once, and come along when it is saved."""
    answer = editor.start_surprise()
    draft = answer[editor.draft]
    values = {name: answer[box] for name, box in editor.form.items()}
    assert answer[editor.head]["unsaved"] is True
    shown = answer[editor.ingredients]["items"]
    assert len(shown) > 4
    editor.keep("", None, draft, **values)
    saved = studio.characters.list()[0]
    assert saved.name == draft["name"]
    assert [(one.id, one.name) for one in saved.ingredients] == [(one["id"], one["title"]) for one in shown]
    assert len(saved.looks) == len(answer[editor.looks]["items"]) > 0


def test_parts_of_somebody_unsaved_wait_for_save(editor, studio, event, typed, toasts):
    """Ingredients and looks can be added, changed and removed before there is a name; nothing is saved but by Save."""
    answer = editor.start_surprise()
    first = answer[editor.ingredients]["items"][0]["id"]
    asked = event(action="save", id=None, values={"name": "Red raincoat", "kind": "wardrobe", "words": ""})
    added = editor.change_ingredients(asked, "", None, answer[editor.draft], **typed())
    assert added[editor.ingredients]["items"][-1]["text"] == "red raincoat"
    gone = event(action="remove", id=first, values={})
    answer = editor.change_ingredients(gone, "", None, added[editor.draft], **typed(name="Noor"))
    assert (answer[editor.head]["name"], answer[editor.head]["unsaved"]) == ("Noor", True)
    looks = editor.change_looks(event(action="save", id=None, values={"name": "Ink"}), "", None, {}, **typed())
    assert [one["title"] for one in looks[editor.looks]["items"]] == ["Ink"]
    assert studio.characters.list() == []
    editor.keep("", None, answer[editor.draft], **typed(name="Noor"))
    kept = studio.characters.list()[0].ingredients
    assert first not in [one.id for one in kept]
    assert kept[-1].name == "Red raincoat"


def test_the_samples_that_are_missing_are_offered(editor, studio, mira, event, toasts):
    """Also when there is somebody already, until all three are here; not while searching."""
    assert editor.listed("", "", 9)["samples"] == 3
    assert editor.listed("mi", "", 9)["samples"] == 0
    editor.choose(event(action="samples", id=""), "", "", 9, mira.id)
    assert editor.listed("", "", 9)["samples"] == 0
    assert len(studio.characters.list()) == 4


def test_what_jobs_change_is_no_conflict(editor, studio, mira, made, typed, toasts):
    """A thumbnail that an ingredient got meanwhile does not stop the form from being saved, nor get lost."""
    picture = made(1)[0]
    thumbnail = [{**mira.ingredients[0].model_dump(), "thumbnail_asset_id": picture}]
    studio.characters.update(mira.id, {"ingredients": thumbnail})
    editor.keep(mira.id, mira.revision, None, **typed(mira, bio="Sings."))
    saved = studio.characters.get(mira.id)
    assert (saved.bio, saved.ingredients[0].thumbnail_asset_id) == ("Sings.", picture)


def test_two_windows_do_not_overwrite_each_other(editor, studio, mira, typed):
    """The form was changed in another window: saving is refused, nothing is lost."""
    studio.characters.update(mira.id, {"bio": "Written elsewhere."})
    with pytest.raises(Conflict, match="another window"):
        editor.keep(mira.id, mira.revision, None, **typed(mira, bio="Written here."))
    assert studio.characters.get(mira.id).bio == "Written elsewhere."


def test_the_gallery_narrows(editor, studio, mira):
    """Search, status and trash show who fits; an empty studio gets its welcome instead."""
    studio.characters.create({"name": "Juno"})
    studio.characters.trash(mira.id)

    def names(text="", status=""):
        return [one["name"] for one in editor.listed(text, status, 9)["characters"]]

    assert names() == ["Juno"]
    assert names(status="trash") == ["Mira"]
    assert names(text="nobody") == []
    assert "welcome" not in editor.listed("nobody", "", 9)


def test_an_empty_studio_is_welcomed(editor, studio, event, toasts):
    """Nobody yet: three samples are offered, and one click adds them."""
    assert len(editor.listed("", "", 9)["welcome"]["samples"]) == 3
    answer = editor.choose(event(action="samples", id=""), "", "", 9, "")
    assert answer[editor.shared.character].constructor_args["value"] == studio.characters.list()[0].id
    assert len(editor.listed("", "", 9)["characters"]) == 3


def test_the_gallery_is_paged(editor, studio):
    """No more cards than asked for, and the page knows how many are left."""
    for number in range(5):
        studio.characters.create({"name": f"N{number}"})
    shown = editor.listed("", "", 3)
    assert (len(shown["characters"]), shown["more"], shown["total"]) == (3, 2, 5)


def test_the_editor_follows_the_header(editor, studio, mira):
    """Another choice opens that character; the same one does nothing; a person who stays gets the header back."""
    other = studio.characters.create({"name": "Juno"})
    opened = editor.follow(other.id, mira.id, other.id)
    assert opened[editor.head]["name"] == "Juno"
    assert editor.follow(mira.id, mira.id, other.id) == {editor.shared.character: mira.id}
    assert editor.follow(mira.id, mira.id, mira.id) == gr.skip()
    assert editor.follow(mira.id, None, mira.id) == gr.skip()


def test_a_busy_model_is_said_beside_the_preview(editor, monkeypatch):
    """While a job runs the preview says so and asks again later; the last picture stays."""

    def busy(*_, **__):
        raise Conflict("A picture is being made right now.", "The preview comes back when it is done.")

    monkeypatch.setattr(editor.studio.images, "preview_appearance", busy)
    answer = editor.preview(gr.Request(session_hash="s"), hair_color="red")
    assert answer["busy"]
    assert "being made" in answer["note"]
    assert "picture" not in answer


def test_a_preview_is_a_small_picture(editor):
    """The appearance in the form becomes a picture the page can show at once."""
    answer = editor.preview(gr.Request(session_hash="s"), hair_color="red")
    assert answer["picture"].startswith("data:image/jpeg;base64,")


def test_the_trash_offers_undo(editor, studio, mira, event, toasts):
    """Moving somebody to the trash closes the editor and leaves a line that brings them back."""
    answer = editor.act(event(action="trash", id=mira.id), mira.id)
    assert answer[editor.undo]["id"] == mira.id
    editor.take_back(event(id=mira.id))
    assert studio.characters.get(mira.id).trashed_at is None


def test_a_persona_speaks(editor, typed):
    """Two sample sentences, other ones for another persona, always as text."""
    calm = editor.speak(**typed(name="<b>Ida", humor=0.0))
    loud = editor.speak(**typed(name="<b>Ida", humor=1.0, extroversion=1.0, content_tone="bold"))
    assert calm.count("<blockquote>") == 2
    assert calm != loud
    assert "<b>" not in calm + loud


def test_history_reads_and_returns(editor, studio, mira, event, toasts):
    """The version before is listed, compared in words, and brought back into the form."""
    studio.characters.update(mira.id, {"bio": "Sings."})
    assert [one["revision"] for one in editor.show_versions(mira.id)["versions"]] == [2, 1]
    shown = editor.look_back(event(action="compare", revision=1), mira.id)[editor.versions]
    assert shown["lines"] == [{"field": "Bio", "before": "", "after": "Sings."}]
    answer = editor.look_back(event(action="restore", revision=1), mira.id)
    assert answer[editor.form["bio"]] == ""
