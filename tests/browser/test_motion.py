"""Motion in a real browser: the first look, a reel from pressed pictures, changes seen at once, a clip in Review."""

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from studio.domain.requests import AssetPatch
from studio.paths import Paths
from studio.services.studio import build
from studio.settings import Settings
from tests.browser.conftest import open_tab, start_server
from tests.browser.library import HOSTILE


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A studio with four approved pictures of one character, one of them told apart by hostile words."""
    folder = tmp_path_factory.mktemp("motion")
    paths = Paths(folder / "data")
    with build(paths, Settings(paths, {})) as studio:
        owner = studio.characters.create({"name": "Mira"})
        for number in range(4):
            image = Image.new("RGB", (300, 400), (90 + 40 * number, 130, 220 - 40 * number))
            ImageDraw.Draw(image).ellipse((90, 60, 210, 200), fill=(240, 205, 175))
            image.save(folder / f"{number}.png")
            asset = studio.review.import_picture(folder / f"{number}.png", owner.id)
            words = HOSTILE if number == 0 else f"Picture {number}"
            studio.review.patch(asset.id, AssetPatch(state="approved", description=words))
    running = start_server(folder / "data")
    yield running
    running.stop()


def test_a_reel_from_the_first_press_to_the_clip_in_review(page, shots):
    """Chosen in order, changed, undone, kept over a reload, refused where it does not fit, rendered, played."""
    open_tab(page, "Motion")
    offers = page.locator(".motion-offer")
    expect(offers).to_have_count(4)
    shots("motion-first")
    go = page.locator(".motion-go")
    expect(go).to_be_disabled()
    for number in (3, 1, 0):
        offers.nth(number).click()
    go.click()
    cards = page.locator(".motion-shot")
    expect(cards).to_have_count(3)
    # the preview is there and has the right length
    seconds = "(video) => video.readyState > 0 && Math.round(video.duration * 10) / 10"
    film = page.locator(".motion-frame video")
    page.wait_for_function(f"() => ({seconds})(document.querySelector('.motion-frame video')) === 9")
    page.get_by_label("All pictures:").or_(page.locator(".motion-every input")).first.fill("0.6")
    page.locator(".motion-every input").press("Tab")
    page.wait_for_function(f"() => ({seconds})(document.querySelector('.motion-frame video')) === 1.8")
    assert film.get_attribute("src")
    # words, hostile ones too, are words
    words = page.locator("[data-field=text]")
    words.fill(HOSTILE)
    words.press("Tab")
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_enabled()
    page.get_by_role("button", name="Title card").click()
    expect(cards).to_have_count(4)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(cards).to_have_count(3)
    page.locator(".motion-shot").nth(1).get_by_role("button", name="Duplicate Picture 2").click()
    expect(cards).to_have_count(4)
    shots("motion")
    # a network that wants more says so, and nothing can be rendered
    render = page.locator("#motion-render")
    page.locator(".motion-every input").fill("0.4")
    page.locator(".motion-every input").press("Tab")
    page.get_by_label("Made for").click()
    page.get_by_role("option", name="TikTok").click()
    expect(page.locator(".motion-problems")).to_contain_text("TikTok takes 3 s and more")
    expect(render).to_be_disabled()
    page.get_by_label("Made for").click()
    page.get_by_role("option", name="Any use").click()
    expect(render).to_be_enabled()
    # a reload opens the same reel
    page.reload()
    expect(cards).to_have_count(4, timeout=60_000)
    render.click()
    expect(page.locator(".motion-progress .stage-line")).to_be_visible()
    clip = page.locator(".motion-clips figure")
    expect(clip).to_have_count(1, timeout=120_000)
    page.locator(".motion-clip").click()
    expect(page.locator("dialog.zoom video")).to_be_visible()
    page.keyboard.press("Escape")
    clip.get_by_role("button", name="Review").click()
    desk = page.locator(".desk-picture video")
    expect(desk).to_be_visible()
    page.wait_for_function("() => document.querySelector('.desk-picture video').readyState > 0")
    assert page.evaluate("() => Math.round(document.querySelector('.desk-picture video').duration * 10)") == 16
    expect(page.get_by_role("button", name="Open in Motion")).to_be_visible()
