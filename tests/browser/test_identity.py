"""Identity in a real browser: the drift chart, the rule, the filter and order in Review, the desk."""

import re

import pytest
from playwright.sync_api import expect

from studio.domain.asset import Identity
from studio.paths import Paths
from studio.services.studio import build
from studio.settings import Settings
from tests.browser.conftest import open_tab, start_server, wait_until_open
from tests.browser.library import fill


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A studio in which some pictures are measured, one shows nobody, and the rest were made before."""
    data = tmp_path_factory.mktemp("identity") / "data"
    ids = fill(data, 24)
    paths = Paths(data)
    with build(paths, Settings(paths, {})) as studio:
        for number, id in enumerate(ids[:18]):
            score = (number * 29 % 100) / 100

            def measured(asset, score=score, number=number):
                part = Identity(score=score, passed=score >= 0.5, threshold=0.5, encoder="drawn", references=1)
                nobody = {"score": None, "passed": False, "note": "No character was found in this picture."}
                asset.identity = part.model_copy(update=nobody) if number == 3 else part

            studio.store.assets.update(id, measured)
        character = studio.characters.create({"name": "Bare"})
        assert not character.references
    running = start_server(data)
    yield running
    running.stop()


def section(page, name):
    """The Identity section of this character."""
    open_tab(page, "Characters")
    page.locator(".character-open, .table-name", has_text=name).first.click()
    expect(page.locator(".head-words h2")).to_contain_text(name)
    page.get_by_role("tab", name="Identity", exact=True).click()
    expect(page.locator(".identity-root")).to_be_visible()


def test_the_drift_chart_and_the_rule(page, shots):
    """A dot per measured picture, in the character or not; a new threshold judges them at once and is kept."""
    section(page, "Mira")
    dots = page.locator(".drift-dot")
    expect(dots.first).to_be_visible()
    before, below = dots.count(), page.locator(".drift-dot.below").count()
    assert before >= 4
    assert "null" not in page.locator(".identity-root").inner_text()
    shots("identity")
    field = page.locator(".identity-rule [name=threshold]")
    field.fill("90")
    page.get_by_label("Try again").select_option("2")
    page.get_by_role("button", name="Save rule").click()
    expect(page.locator(".drift-dot.below")).not_to_have_count(below)
    assert page.locator(".drift-dot.below").count() > below
    page.reload()
    wait_until_open(page)
    section(page, "Mira")
    expect(page.locator(".identity-rule [name=threshold]")).to_have_value("90")
    dots.last.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".desk-identity")).to_contain_text("Identity")


def test_a_character_without_references_says_what_to_do(page):
    """No number and no test without a reference, but the sentence that tells how to get them."""
    section(page, "Bare")
    expect(page.locator(".identity-root .empty")).to_contain_text("Add a reference to measure identity.")
    expect(page.get_by_role("button", name="Run the 12-scene test")).to_have_count(0)
    expect(page.get_by_role("button", name="Measure all again")).to_be_disabled()


def test_review_filters_and_sorts_by_identity(page, shots):
    """Badges tell the score; the filter keeps what is off character; the order begins with the surest."""
    open_tab(page, "Review")
    expect(page.locator("#review-grid .badge.identity").first).to_be_visible()
    page.get_by_text("More filters").click()
    page.get_by_label("Order", exact=True).click()
    page.get_by_role("option", name="Surest first").click()
    first = page.locator("#review-grid .grid-card").first.locator(".badge.identity")
    expect(first).to_have_text(re.compile("identity 9[0-9]", re.I))
    shots("review-identity")
    page.get_by_label("Identity", exact=True).click()
    page.get_by_role("option", name="Off character").click()
    expect(page.locator("#review-grid .badge.identity.passed")).to_have_count(0)
    expect(page.locator("#review-grid .badge.identity.below").first).to_be_visible()
    expect(page.locator("#review-grid .badge.identity", has_text="nobody found")).to_have_count(1)
