"""Review in a real browser with a full library, hostile names among it: grid, desk by keyboard, bulk actions, phone."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import open_tab, start_server
from tests.browser.library import HOSTILE, fill

NUMBER = 130
CHECKS = (Path(__file__).parent / "checks.js").read_text("utf-8").rstrip()
COUNT = ".review-count"


TABS = ("Characters", "Create", "Review", "Publish", "System")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A studio whose library has more than two pages."""
    data = tmp_path_factory.mktemp("full") / "data"
    fill(data, NUMBER, hostile=True)
    running = start_server(data)
    yield running
    running.stop()


@pytest.fixture
def library(page):
    """The page with the library open; any dialog of the browser fails the test: it would come from a hostile name."""
    said = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    open_tab(page, "Review")
    expect(page.locator("#review-grid .grid-card")).to_have_count(60)
    yield page
    assert said == []


def test_the_library_is_paged_and_filtered(library, shots):
    """Pages of sixty, newest first; state, date and words narrow them; Clear brings all back."""
    total = NUMBER - NUMBER // 7
    expect(library.locator(COUNT).first).to_contain_text(f"1 to 60 of {total}")
    shots("review-full")
    library.get_by_role("button", name="Older").click()
    expect(library.locator(COUNT).first).to_contain_text(f"61 to {total}")
    library.get_by_role("button", name="Newer").click()
    library.locator(".review-filters label", has_text="Rejected").click()
    expect(library.locator(COUNT).first).to_contain_text("of 19")
    library.get_by_label("Search").locator("visible=true").press_sequentially("nothing like this")
    expect(library.locator("#review-grid .empty-title")).to_have_text("No picture matches")
    shots("review-no-match")
    library.get_by_text("More filters").click()
    library.get_by_label("From", exact=True).press_sequentially("31.1.2026")
    expect(library.locator(".toast-body").first).to_contain_text("is not a day")
    library.get_by_role("button", name="Clear filters").click()
    expect(library.locator(COUNT).first).to_contain_text(f"1 to 60 of {total}")


def test_the_grid_by_keyboard_and_in_bulk(library, shots):
    """Arrows move, Space selects, the bar acts on what is selected: compare, zip, tag, undo."""
    cards = library.locator("#review-grid .grid-card")
    expect(cards.first).to_be_visible()
    expect(library.locator("#review-bulk")).to_be_hidden()
    cards.first.focus()
    for key in (" ", "ArrowRight", " ", "ArrowDown", " "):
        library.keyboard.press(key)
    expect(library.locator("#review-bulk")).to_contain_text("3 selected")
    expect(library.locator("#review-bulk")).to_be_visible()
    shots("review-selected", full_page=False)
    library.get_by_role("button", name="Compare").click()
    expect(library.locator("dialog.compare figure")).to_have_count(3)
    shots("review-compare", full_page=False)
    library.keyboard.press("Escape")
    expect(library.locator("dialog.compare")).to_have_count(0)
    with library.expect_download() as saved:
        library.get_by_role("button", name="Download zip").click()
    assert saved.value.suggested_filename.endswith(".zip")
    library.locator("#review-bulk").get_by_label("Tags", exact=True).fill("sea")
    library.get_by_role("button", name="Add tags").click()
    expect(library.locator(".toast-body").last).to_contain_text("3 tagged")
    expect(library.locator("#review-bulk")).to_be_hidden()
    library.locator(".review-bar").get_by_role("button", name="Undo").click()
    expect(library.locator(".toast-body").last).to_contain_text("Undone: tagging 3 pictures")


def test_what_is_selected_survives_a_look_elsewhere(library, server):
    """Coming back to the tab brings the library up to date and keeps the selection."""
    cards = library.locator("#review-grid .grid-card")
    cards.nth(2).click()
    expect(library.locator("#review-bulk")).to_contain_text("1 selected")
    starred = cards.nth(4).get_attribute("data-id")
    change = {"data": {"starred": True}, "headers": {"Origin": server.url}}
    assert library.request.patch(f"{server.url}/api/v1/assets/{starred}", **change).ok
    open_tab(library, "Create")
    open_tab(library, "Review")
    expect(cards.nth(4).locator(".star")).to_be_visible()
    expect(library.locator("#review-grid .grid-card.selected")).to_have_count(1)
    expect(cards.nth(2)).to_have_attribute("aria-selected", "true")
    expect(library.locator("#review-bulk")).to_contain_text("1 selected")


def test_a_late_listing_does_not_bring_old_filters_back(library, server):
    """A visit's listing that answers after the filters were changed: the page ends with what the filters say."""
    held = []
    slow = library.evaluate(
        "window.gradio_config.dependencies.filter((one) => one.api_name === 'review_filter').map((one) => one.id)"
    )
    library.locator(".review-filters label", has_text="Rejected").click()
    expect(library.locator(COUNT).first).to_contain_text("of 19")
    expect(library.locator("#review-grid .grid-card.rejected")).to_have_count(19)

    def hold(route):
        held.append(route) if route.request.post_data_json["fn_index"] in slow else route.continue_()

    library.route("**/gradio_api/queue/join*", hold)
    open_tab(library, "Create")
    some = library.request.get(f"{server.url}/api/v1/assets?limit=1").json()["items"][0]["id"]
    change = {"data": {"description": "changed elsewhere"}, "headers": {"Origin": server.url}}
    assert library.request.patch(f"{server.url}/api/v1/assets/{some}", **change).ok
    open_tab(library, "Review")
    for _ in range(100):
        if held:
            break
        library.wait_for_timeout(100)
    assert held
    library.get_by_text("More filters").click()
    library.get_by_role("button", name="Clear filters").click()
    expect(library.locator("#review-grid .grid-card")).to_have_count(60)
    for route in held:
        route.continue_()
    library.wait_for_timeout(2000)
    expect(library.locator("#review-grid .grid-card")).to_have_count(60)
    expect(library.locator("#review-grid .grid-card.rejected")).not_to_have_count(19)


def test_the_desk_by_keyboard_alone(library, shots):
    """From the grid: Enter opens, A approves and goes on, R and a number reject, S stars, arrows walk, U takes back."""
    library.locator(".review-filters label", has_text="New").click()
    expect(library.locator("#review-grid .badge.approved")).to_have_count(0)
    library.locator("#review-grid .grid-card").first.focus()
    library.keyboard.press("Enter")
    position, badge = library.locator(".desk-position"), library.locator(".desk-head .badge")
    expect(position).to_have_text("1 of 60")
    shots("review-desk-full")
    library.keyboard.press("a")
    expect(position).to_have_text("2 of 60")
    library.keyboard.press("r")
    library.keyboard.press("2")
    expect(position).to_have_text("3 of 60")
    library.keyboard.press("s")
    expect(library.locator(".desk-star")).to_be_visible()
    library.keyboard.press("ArrowLeft")
    expect(library.locator(".desk-reason")).to_contain_text("Rejected:")
    library.keyboard.press("ArrowLeft")
    expect(badge).to_have_text("approved")
    for expected in ("3 of 60", "2 of 60", "1 of 60"):  # star, reject, approve are taken back in turn
        library.keyboard.press("u")
        expect(position).to_have_text(expected)
    expect(badge).to_have_text("new")
    library.keyboard.type("aaa")  # quick presses judge three pictures, not one three times
    expect(position).to_have_text("4 of 60")


def test_hostile_names_stay_text(library):
    """Names, tags, prompts and captions that are HTML are shown as they were typed, on every tab."""
    library.get_by_label("Character", exact=True).locator("visible=true").first.click()
    library.locator("ul.option-list li").filter(has_text=HOSTILE).first.click()
    for name in TABS:
        open_tab(library, name)
        library.wait_for_timeout(500)
        assert library.locator('img[src="x"]').count() == 0, name
    open_tab(library, "Publish")
    library.locator("#publish-approved .grid-card").first.click()
    expect(library.get_by_label("Alt text, picture 1")).to_be_visible()
    library.locator("#publish-caption textarea").fill(HOSTILE)
    library.get_by_label("Title", exact=True).fill(HOSTILE)
    library.get_by_role("button", name="Save draft").click()
    expect(library.locator(".post-title").first).to_have_text(HOSTILE)
    assert library.locator('img[src="x"]').count() == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_is_named_and_every_text_readable(library, dark):
    """Each field and button has an accessible name, and text stands out by WCAG AA, in light and dark."""
    library.evaluate("on => document.body.classList.toggle('dark', on)", dark)
    for name in TABS:
        open_tab(library, name)
        library.wait_for_timeout(500)
        assert library.evaluate(f"{CHECKS}.nameless()") == [], name
        assert library.evaluate(f"{CHECKS}.pale()") == [], name


def test_a_phone_never_scrolls_sideways(library):
    """At 390 pixels every tab fits; those that find no room in the row are in the menu behind it."""
    library.set_viewport_size({"width": 390, "height": 844})
    library.wait_for_timeout(400)
    for name in TABS:
        open_tab(library, name)
        library.wait_for_timeout(400)
        assert library.evaluate("document.documentElement.scrollWidth") <= 390, name
        wide = library.evaluate(
            """() => [...document.querySelectorAll(".tabitem *")].filter((one) => one.offsetParent
            && one.getBoundingClientRect().right > 392 && !one.closest(".log, .character-table, .offscreen, table"))
            .map((one) => one.className || one.tagName).slice(0, 5)"""
        )
        assert wide == [], name


def test_pictures_without_an_entry_are_added_on_a_press(page, server, shots):
    """Files copied into outputs are offered; what is a picture gets an entry, what is none is named and stays."""
    folder = sorted(server.data.glob("outputs/*/*/assets.json"))[0].parent
    Image.new("RGB", (64, 48), "teal").save(folder / "copied in.png")
    (folder / "broken <b>.png").write_bytes(b"no picture at all")
    open_tab(page, "Review")
    strip = page.locator("#review-lost .notice")
    expect(strip).to_contain_text("2 pictures lie in the outputs folder")
    shots("review-lost")
    strip.get_by_role("button", name="Add them").click()
    expect(strip).to_contain_text("1 picture could not be added")
    expect(strip).to_contain_text("broken <b>.png")
    shots("review-lost-failed")
    page.errors[:] = [one for one in page.errors if "422" not in one]  # the browser's own word for that refusal
    assert (folder / "broken <b>.png").exists()
    (folder / "broken <b>.png").unlink()
    assert page.request.get(f"{server.url}/api/v1/assets/orphans").json()["total"] == 0
