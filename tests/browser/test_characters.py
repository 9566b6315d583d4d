"""Characters and System in a real browser: an empty studio, samples, a newcomer's character, nothing lost, settings."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import open_tab, wait_until_open

HOSTILE = '<img src=x onerror=alert(1)> Åsa "O\'Neil"'


def tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def opened(page, name):
    """The editor with this character."""
    page.locator(".character-open, .table-name", has_text=name).first.click()
    expect(page.locator(".head-words h2")).to_contain_text(name)


def gallery(page):
    page.get_by_role("button", name="‹ All characters").click()
    expect(page.locator("#characters-gallery")).to_be_visible()


def made(page, name):
    """A new character with just a name, saved."""
    page.get_by_role("button", name="New character").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.locator("#character-save").click()
    expect(page.locator(".head-words h2")).to_contain_text(name)
    expect(page.locator(".head-words h2 .badge")).to_have_text("active")


def fits(page):
    """Whether nothing sticks out to the right of a phone's page."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1")


def test_an_empty_studio_invites(page, shots):
    """The first page says what to do: three finished samples, a surprise, or one's own; one click adds the samples."""
    expect(page.locator(".welcome-samples li")).to_have_count(3)
    shots("characters-empty")
    page.get_by_role("button", name="Add these three characters").click()
    expect(page.locator(".character-card")).to_have_count(3)
    page.wait_for_timeout(4500)
    shots("characters-full")
    page.get_by_role("button", name="Table").click()
    expect(page.locator(".character-table tbody tr")).to_have_count(3)
    shots("characters-table")
    page.get_by_role("button", name="Cards").click()


def test_a_newcomer_makes_a_character(page, shots):
    """Name, a few words, a preview, an ingredient and a look; all of it is there after a reload."""
    page.get_by_role("button", name="New character").click()
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    name.fill("Noor Haddad")
    shots("character-new")
    tab(page, "Persona")
    page.locator("#character-template label").first.click()
    tab(page, "Appearance")
    page.get_by_label("Hair colour").click()
    page.get_by_role("option", name="pink", exact=True).click()
    expect(page.locator("#appearance-words")).to_contain_text("pink hair")
    expect(page.locator(".preview-frame img")).to_be_visible(timeout=90_000)
    expect(page.locator(".unsaved")).to_have_text("Unsaved changes")
    shots("character-appearance")
    tab(page, "Ingredients")
    page.get_by_label("Add to Wardrobe").click()
    page.get_by_label("Name", exact=True).last.fill("Red raincoat")
    page.keyboard.press("Enter")
    expect(page.locator("#character-ingredients .item")).to_contain_text("red raincoat")
    tab(page, "Looks")
    page.get_by_label("Add look").click()
    page.locator("#character-looks [name=name]").fill("Everyday")
    page.locator("#character-looks [name=steps]").fill("500")
    page.locator("#character-looks [type=submit]").click()
    expect(page.get_by_text("Steps", exact=False).first).to_be_visible()
    expect(page.locator("#character-looks [name=steps]")).to_have_value("500")
    page.locator("#character-looks [name=steps]").fill("20")
    page.locator("#character-looks [type=submit]").click()
    expect(page.locator("#character-looks .item")).to_contain_text("20 steps")
    shots("character-looks")
    page.locator("#character-save").click()  # what was added to a new character waits for it
    expect(page.locator(".unsaved")).to_have_text("")
    page.reload()
    wait_until_open(page)
    opened(page, "Noor Haddad")
    tab(page, "Appearance")
    expect(page.get_by_label("Hair colour")).to_have_value("pink")
    tab(page, "Ingredients")
    expect(page.locator("#character-ingredients .item")).to_contain_text("red raincoat")
    for section in ("Profile", "Persona", "Ingredients", "References"):
        tab(page, section)
        shots(f"character-{section.lower()}")


def test_unsaved_changes_are_never_lost_silently(page):
    """Sections keep what was typed, leaving asks first, Ctrl+S saves, and the header's picker asks too."""
    made(page, "Ida Berg")
    page.get_by_label("Bio").fill("Paints lighthouses.")
    expect(page.locator(".unsaved")).to_have_text("Unsaved changes")
    tab(page, "Persona")
    tab(page, "Profile")
    expect(page.get_by_label("Bio")).to_have_value("Paints lighthouses.")
    page.get_by_role("button", name="‹ All characters").click()
    page.get_by_role("button", name="Stay").click()
    expect(page.get_by_label("Bio")).to_have_value("Paints lighthouses.")
    page.locator("#studio-character input").click()
    page.get_by_role("option", name="Mira Solano").click()
    page.get_by_role("button", name="Stay").click()
    expect(page.locator("#studio-character input")).to_have_value("Ida Berg")
    page.keyboard.press("Control+s")
    expect(page.locator(".unsaved")).to_have_text("")
    page.locator("#studio-character input").click()
    page.get_by_role("option", name="Mira Solano").click()
    expect(page.locator(".head-words h2")).to_contain_text("Mira Solano")
    gallery(page)
    opened(page, "Ida Berg")
    expect(page.get_by_label("Bio")).to_have_value("Paints lighthouses.")


def test_history_compares_and_restores(page, shots):
    """What changed between a version and now reads as before and after; restoring brings it back."""
    made(page, "Tomas Vik")
    page.get_by_label("Location").fill("Bergen")
    page.locator("#character-save").click()
    expect(page.locator(".head-words p")).to_contain_text("Bergen")
    tab(page, "History")
    page.get_by_role("button", name="Version 1").click()
    expect(page.locator(".compare-table")).to_contain_text("Bergen")
    shots("character-history")
    page.get_by_role("button", name="Restore this version").click()
    expect(page.locator(".head-words p")).not_to_contain_text("Bergen")


def test_trash_has_an_undo(page):
    """Moved to the trash and back with one click; delete forever asks first."""
    made(page, "Short Visit")
    page.get_by_role("button", name="Move to trash").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".character-card", has_text="Short Visit")).to_be_visible()
    opened(page, "Short Visit")
    page.get_by_role("button", name="Move to trash").click()
    expect(page.locator(".character-card", has_text="Short Visit")).to_have_count(0)
    page.get_by_role("radio", name="Trash").check()
    page.get_by_label("Delete Short Visit forever").click()
    page.get_by_role("button", name="Keep in the trash").click()
    page.get_by_label("Delete Short Visit forever").click()
    page.get_by_role("button", name="Delete forever").last.click()
    expect(page.get_by_text("The trash is empty")).to_be_visible()


def test_a_zip_carries_a_character(page, tmp_path):
    """Exported and imported again it is a second one; a file that is no such zip is refused in words."""
    made(page, "Voyager")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export zip").click()
    archive = tmp_path / download.value.suggested_filename
    download.value.save_as(archive)
    gallery(page)
    page.locator("#characters-gallery input[type=file]").set_input_files(archive)
    expect(page.locator(".head-words h2")).to_contain_text("Voyager")
    gallery(page)
    expect(page.locator(".character-card", has_text="Voyager")).to_have_count(2)
    wrong = tmp_path / "letter.zip"
    wrong.write_text("this is no zip", encoding="utf-8")
    page.locator("#characters-gallery input[type=file]").set_input_files(wrong)
    expect(page.locator(".toast-body", has_text="zip").first).to_be_visible()


def test_references_come_from_uploads(page, tmp_path):
    """An uploaded picture becomes a reference and the portrait; a renamed text file is refused by name."""
    from PIL import Image

    Image.new("RGB", (300, 300), (120, 90, 200)).save(tmp_path / "face.png")
    (tmp_path / "notes.png").write_text("not a picture", encoding="utf-8")
    made(page, "Pia Lund")
    tab(page, "References")
    chooser = page.locator("#tab-characters input[type=file][multiple]")
    page.locator("#references-origin").get_by_label("A fictional person").check()
    chooser.set_input_files([tmp_path / "face.png", tmp_path / "notes.png"])
    expect(page.locator("#character-references .grid-card")).to_have_count(1)
    expect(page.locator(".toast-body", has_text="notes.png").first).to_be_visible()
    expect(page.locator(".head-main .portrait img")).to_be_visible()
    page.locator("#character-references .grid-card").click()
    page.get_by_role("button", name="Remove selected").click()
    expect(page.locator("#character-references .grid-card")).to_have_count(0)


def test_text_is_never_markup(page):
    """A hostile name is shown as it was typed, everywhere."""
    made(page, HOSTILE)
    expect(page.locator(".head-words h2")).to_contain_text(HOSTILE)
    gallery(page)
    expect(page.locator(".character-name", has_text="Åsa")).to_have_text(HOSTILE)
    page.get_by_role("button", name="Table").click()
    expect(page.locator(".table-name", has_text="Åsa")).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Cards").click()


def test_the_page_never_moves_the_editor(page):
    """A new character survives what the page sets by itself while it is still loading."""
    page.get_by_role("button", name="New character").click()
    page.get_by_label("Name", exact=True).fill("Early Bird")
    page.wait_for_timeout(3000)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Early Bird")
    expect(page.locator(".head-words h2")).to_contain_text("New character")


def test_search_and_keyboard(page):
    """Search narrows the cards; a card opens with Enter; an empty answer says what was searched."""
    page.get_by_label("Search").fill("Kwame")
    expect(page.locator(".character-card")).to_have_count(1)
    page.locator(".character-open").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".head-words h2")).to_contain_text("Kwame")
    gallery(page)
    page.get_by_label("Search").fill("nobody of this name")
    expect(page.get_by_text("Nobody fits")).to_be_visible()


@pytest.mark.parametrize("where", ["gallery", "editor", "system"])
def test_a_phone_shows_everything(page, where):
    """At 390 pixels nothing sticks out sideways."""
    page.set_viewport_size({"width": 390, "height": 844})
    if where == "editor":
        opened(page, "Mira Solano")
        for section in ("Profile", "Persona"):
            tab(page, section)
            assert fits(page), section
    elif where == "system":
        page.wait_for_timeout(1000)  # the tabs that do not fit are folded away first
        open_tab(page, "System")
        expect(page.locator("#storage li").first).to_be_visible()
    assert fits(page)


def test_system_tells_and_takes(page, shots):
    """Health in words, a report to download, settings that refuse nonsense, keep what is right, and go back."""
    tab(page, "System")
    expect(page.locator("#storage li").first).to_be_visible()
    expect(page.locator("#tab-system .facts").first).to_contain_text("Number format")
    shots("system-health")
    page.get_by_role("button", name="Collect a problem report").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the report").or_(
            page.get_by_role("link", name="Download the report")
        ).first.click()
    assert download.value.suggested_filename.endswith(".zip")
    tab(page, "Settings")
    quality = page.get_by_role("spinbutton", name="JPEG and WebP quality")
    save = page.get_by_role("button", name="Save settings")
    expect(save).to_be_disabled()
    quality.fill("7")
    save.click()
    expect(page.locator(".toast-body", has_text="between 40 and 100").first).to_be_visible()
    expect(quality).to_have_value("7")
    quality.fill("80")
    save.click()
    expect(page.get_by_role("button", name="Reset JPEG and WebP quality")).to_be_visible()
    shots("system-settings")
    page.get_by_role("button", name="Reset JPEG and WebP quality").click()
    expect(quality).to_have_value("92")
    tab(page, "Log")
    expect(page.locator(".log-line").first).to_be_visible()
    page.get_by_role("switch", name="Live").click()
    expect(page.get_by_role("switch", name="Live")).to_have_attribute("aria-checked", "true")
    page.get_by_label("Level", exact=True).select_option("ERROR")
    expect(page.locator(".log-line.info")).to_have_count(0)
    page.get_by_label("Level", exact=True).select_option("DEBUG")
    expect(page.locator(".log-line").first).to_be_visible()
    shots("system-log")


def test_the_theme_setting_counts(page):
    """Dark in Settings turns the page dark at once and after a reload."""
    tab(page, "System")
    tab(page, "Settings")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator("body.dark")).to_have_count(1)
    page.reload()
    wait_until_open(page)
    expect(page.locator("body.dark")).to_have_count(1)
    tab(page, "System")
    tab(page, "Settings")
    page.get_by_role("button", name="Reset Theme").click()
    expect(page.locator("body.dark")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_section_is_named_and_readable(page, dark):
    """Every control has a name and every text enough contrast, in all sections of both tabs, light and dark."""
    checks = (Path(__file__).parent / "checks.js").read_text("utf-8").rstrip()
    page.evaluate("theme => localStorage.setItem('studio-theme', theme)", "dark" if dark else "light")
    page.reload()
    wait_until_open(page)
    page.wait_for_selector(".character-card")
    page.wait_for_timeout(1000)
    found = {}

    def look(where):
        page.wait_for_timeout(400)
        found[where] = page.evaluate(f"{checks}.nameless()") + page.evaluate(f"{checks}.pale()")

    look("gallery")
    opened(page, "Kwame")
    for section in ("Profile", "Persona", "Appearance", "Ingredients", "Looks", "References", "History"):
        tab(page, section)
        look(section)
    tab(page, "Looks")
    page.get_by_label("Edit Everyday").click()
    look("a form")
    tab(page, "System")
    for section in ("Health", "Settings", "Log"):
        tab(page, section)
        look(section)
    assert {where: what for where, what in found.items() if what} == {}
