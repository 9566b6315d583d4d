"""Editing a picture in a real browser: paint, undo, soften, generate; what was not painted is the same to the pixel."""

import io
import json

import numpy
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import open_tab

EDITOR = "#create-editor .editor-root"
LINE = "#create-stage .stage-line"


def drag(page, *places):
    """A stroke over the shown picture through places given as shares of the canvas."""
    box = page.locator(f"{EDITOR} canvas").bounding_box()
    for number, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def form(page):
    return page.evaluate("() => JSON.parse(window.studio.recall('form') || '{}')")


def wait_for_form(page, what):
    page.wait_for_function(
        f"() => {{ const form = JSON.parse(window.studio.recall('form') || '{{}}'); return {what}; }}", timeout=60_000
    )


def test_a_part_is_repainted_and_the_rest_is_the_same(page, server, shots):
    """A picture is brought, a mask painted, undone, softened; the starter repaints it; a reload keeps it all."""
    r = numpy.random.default_rng(5)
    rough = Image.fromarray(r.integers(0, 256, (40, 32, 3), dtype=numpy.uint8)).resize((320, 400), Image.BICUBIC)
    stored = io.BytesIO()
    rough.save(stored, "PNG")

    open_tab(page, "Create")
    expect(page.locator(EDITOR)).to_be_hidden()
    page.get_by_role("radio", name="Repaint").click()
    expect(page.locator(".editor-blank")).to_be_visible()
    with page.expect_file_chooser() as asked:
        page.locator(".editor-blank").get_by_role("button", name="Choose a picture").click()
    asked.value.set_files({"name": "start é.png", "mimeType": "image/png", "buffer": stored.getvalue()})
    note = page.locator(".editor-note")
    expect(note).to_contain_text("Paint over what should change")
    expect(page.locator("#create-final")).to_contain_text("Nothing is marked yet")

    drag(page, (0.3, 0.4), (0.7, 0.4))
    expect(note).to_contain_text("% of the picture is made again")
    page.keyboard.press("z")
    expect(note).to_contain_text("Paint over what should change")
    page.keyboard.press("]")
    drag(page, (0.4, 0.6), (0.6, 0.6), (0.6, 0.7))
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Eraser (E)")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Soft edge in pixels").fill("20")
    page.fill("#create-prompt textarea", "red hair")
    shots("create-editing")
    page.get_by_label("number input for Pictures").fill("1")
    page.get_by_role("radio", name="Fast").check()
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(LINE)).to_have_text("Done", timeout=120_000)

    asset = page.evaluate("() => fetch('/api/v1/assets').then((answer) => answer.json())")["items"][0]
    inputs = asset["recipe"]["inputs"]
    assert (asset["width"], asset["height"], inputs["edit"]["feather"]) == (320, 400, 20)
    picture = lambda path: Image.open(io.BytesIO(page.request.get(f"{server.url}/api/v1/{path}").body()))
    after = numpy.asarray(picture(f"assets/{asset['id']}/file").convert("RGB"))
    mask = numpy.asarray(picture(f"inputs/{inputs['mask']}").convert("L"))
    before = numpy.asarray(rough)
    assert 0.005 < (mask > 0).mean() < 0.5
    assert (after[mask == 0] == before[mask == 0]).all()
    assert (after[mask == 255] != before[mask == 255]).any()

    wait_for_form(page, f"form.mask === {json.dumps(inputs['mask'])}")
    page.reload()
    open_tab(page, "Create")
    expect(note).to_contain_text("% of the picture is made again")
    page.get_by_role("button", name="Clear form").click()
    expect(page.locator(EDITOR)).to_be_hidden()

    page.get_by_role("button", name="Edit: Repaint a part").click()
    expect(page.locator(f"{EDITOR} canvas")).to_be_visible()
    expect(note).to_contain_text("Paint over what should change")
    page.get_by_role("radio", name="Extend").click()
    page.get_by_role("button", name="Extend to 9:16").click()
    expect(note).to_contain_text("The picture becomes 320 × 569")
    wait_for_form(page, "JSON.parse(form.edit || '{}').bottom > 0")
    shots("create-extending")
    assert form(page)["image"] == asset["id"]
