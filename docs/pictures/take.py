"""Take the README's pictures again: `python docs/pictures/take.py`. Needs requirements-dev.txt and Chromium.

Starts a studio with the samples on a folder of its own, makes pictures with the starter, and keeps four views as
JPEG, 1360 pixels wide.
"""

import io
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

SCENES = (("Yuki", 1), ("Kwame", 2), ("Mira", 2), ("Mira", 1))  # who, and which of their places


def keep(page, name: str) -> None:
    """Save the view as JPEG."""
    from PIL import Image

    path = HERE / f"{name}.jpg"
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(path, quality=88, optimize=True)
    print(f"{path.name}  {path.stat().st_size / 1000:.0f} kB", flush=True)


def choose(page, label: str, option: str | int) -> None:
    """Pick from a list, by words or by place."""
    page.get_by_label(label, exact=True).locator("visible=true").first.click()
    offered = page.locator("ul.option-list li")
    (offered.nth(option) if isinstance(option, int) else offered.filter(has_text=option)).first.click()
    page.wait_for_timeout(600)


def main() -> None:
    from playwright.sync_api import expect, sync_playwright

    from studio.paths import Paths
    from studio.services.studio import build
    from studio.settings import Settings
    from tests.browser.conftest import ARGUMENTS, CHROMIUM, open_tab, start_server

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        paths = Paths(data)
        with build(paths, Settings(paths, {})) as studio:
            studio.characters.add_samples()
        server = start_server(data)
        try:
            with sync_playwright() as playwright:
                expect.set_options(timeout=240_000)
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                page = browser.new_page(viewport={"width": 1360, "height": 1240})
                page.set_default_timeout(240_000)
                page.goto(server.url)
                page.wait_for_selector("#studio-tabs")
                page.wait_for_timeout(2000)
                open_tab(page, "Create")
                page.get_by_role("button", name="Clear form").click()
                page.fill("#create-prompt textarea", "smiling")
                for who, place in SCENES:
                    choose(page, "Character", who)
                    page.wait_for_timeout(800)
                    choose(page, "Place", place)
                    page.get_by_role("button", name="Generate", exact=True).click()
                    page.wait_for_timeout(1500)
                    expect(page.locator("#create-stage .stage-line")).to_have_text("Done")
                    expect(page.locator("#create-stage .stage-buttons")).to_have_count(4)
                page.wait_for_timeout(5000)  # confirmations have gone
                keep(page, "create")
                page.locator("#create-stage").get_by_role("button", name="Edit: Repaint a part").first.click()
                expect(page.locator("#create-editor canvas")).to_be_visible()
                page.get_by_role("radio", name="Background").click()
                expect(page.locator(".editor-note")).to_contain_text("% of the picture")
                page.wait_for_timeout(2000)
                page.set_viewport_size({"width": 1360, "height": 900})
                keep(page, "editing")

                page.set_viewport_size({"width": 1360, "height": 900})
                open_tab(page, "Review")
                cards = page.locator("#review-grid .grid-card")
                expect(cards).to_have_count(4 * len(SCENES))
                cards.nth(1).dblclick()
                expect(page.locator(".desk-position")).to_be_visible()
                for key in ("a", "a", "s", "ArrowRight", "a", "ArrowLeft"):
                    page.keyboard.press(key)
                    page.wait_for_timeout(900)
                page.wait_for_timeout(1500)
                keep(page, "review")

                open_tab(page, "Characters")
                page.wait_for_timeout(1500)
                page.locator(".character-open", has_text="Mira").first.click()
                page.wait_for_timeout(1500)
                page.get_by_role("tab", name="Appearance", exact=True).click()
                page.wait_for_timeout(12000)  # the preview is made
                keep(page, "characters")
                browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
