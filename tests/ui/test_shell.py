"""The shell: every listener has a name of its own and is nobody's business, names are told apart, static files."""

import re

import gradio as gr

from studio.ui import shell
from studio.ui.parts.empty import badge, empty, facts, notice


def test_every_listener_is_private_and_has_a_name_of_its_own(page):
    """No handler of the page is offered as a public endpoint, and none shares its name with another."""
    functions = page[0].fns.values()
    assert all(one.api_visibility == "private" for one in functions), [
        one.api_name for one in functions if one.api_visibility != "private"
    ]
    names = [one.api_name for one in functions]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    # a name that Gradio made up itself is that of the Python function, or ends in a number
    assert not [name for name in names if not name or name.startswith("lambda") or re.search(r"_\d+$", name)]


def test_every_control_has_a_label(page):
    """Each field is named, also where the name is not shown."""
    fields = (gr.Textbox, gr.Dropdown, gr.Radio, gr.Slider, gr.Number, gr.Checkbox, gr.CheckboxGroup)
    nameless = [type(one).__name__ for one in page[0].blocks.values()
                if isinstance(one, fields) and one.visible and not one.label]  # fmt: skip
    assert nameless == []


def test_tabs_stay_small_enough(page):
    """No tab has so many components that opening it takes long."""
    for tab in page[1].values():
        assert count(tab.page) < 150, tab.title


def count(block) -> int:
    return 1 + sum(count(child) for child in getattr(block, "children", []))


def test_equal_names_are_told_apart(studio, mira):
    """Two characters of one name differ in the header's list, and nobody can be chosen too."""
    studio.characters.create({"name": "Mira"})
    names = [name for name, _ in shell.character_choices(studio)]
    assert len(set(names)) == 3
    assert shell.character_choices(studio)[-1] == shell.NOBODY


def test_parts_escape_what_people_wrote():
    """Names, hints and values never become HTML."""
    bad = "<img src=x onerror=alert(1)>"
    for made in (empty(bad, bad), notice(bad), badge(bad), facts([(bad, bad)])):
        assert "<img" not in made
        assert "&lt;img" in made


def test_scripts_set_text_only():
    """No script of the page writes HTML."""
    for script in shell.STATIC.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", script.read_text("utf-8")), (
            script
        )
