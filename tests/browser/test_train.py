"""Train in a real browser: the desk from approved pictures, a caption kept, a curve that grows, Stop, Go on."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import open_tab, start_server, wait_until_open
from tests.browser.library import fill

LONG = 240_000  # the first step comes after the model is read and has drawn what it can without learning


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A studio whose characters have approved pictures."""
    data = tmp_path_factory.mktemp("taught") / "data"
    fill(data, 99)
    running = start_server(data)
    yield running
    running.stop()


def test_a_training_is_put_together_watched_stopped_and_taken_up_again(page, server, shots):
    """Approved pictures lie on the desk; Train shows a curve; a stopped training says so and goes on from its steps."""
    open_tab(page, "Train")
    cards = page.locator("#train-desk .train-card")
    expect(cards.first).to_be_visible()
    number = cards.count()
    assert number >= 4
    caption = cards.first.locator("textarea")
    caption.fill(f"{page.get_by_label('Trigger word').input_value()}, on a quiet beach")
    caption.press("Tab")
    cards.last.get_by_role("button", name="Take picture").click()
    expect(cards).to_have_count(number - 1)
    shots("train-desk")
    page.locator("#tab-train label", has_text="Quick").click()
    expect(page.locator("#train-start")).to_be_enabled()
    page.locator("#train-start").click()
    panel = page.locator("#train-run .train-panel")
    expect(panel.locator(".train-curve svg")).to_be_visible(timeout=LONG)
    shots("train-running")

    panel.get_by_role("button", name="Stop").click()
    expect(panel.locator(".stage-line")).to_contain_text("goes on from its last saved step", timeout=LONG)
    (training,) = page.request.get(f"{server.url}/api/v1/training").json()["items"]
    assert training["pictures"][0]["caption"].endswith("on a quiet beach")
    page.reload()
    wait_until_open(page)
    open_tab(page, "Train")
    expect(panel.locator(".train-curve svg")).to_be_visible()
    panel.get_by_role("button", name="Go on").click()
    expect(panel.locator(".stage-line")).to_contain_text("Step", timeout=LONG)
    panel.get_by_role("button", name="Stop").click()
    expect(panel.locator(".stage-line")).to_contain_text("goes on from its last saved step", timeout=LONG)
