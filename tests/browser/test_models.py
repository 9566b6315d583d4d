"""Models in the browser: a download that is watched, paused and resumed; an import; a LoRA into a picture."""

import os
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import open_tab, start_server, wait_until_open
from tests.hub import HubServer
from tests.weights import checkpoint, diffusers_folder, kohya, safetensors

REPO = "black-forest-labs/FLUX.2-klein-4B"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    running = HubServer()
    folder = diffusers_folder(tmp_path_factory.mktemp("origin") / "m")
    safetensors(folder / "unet" / "diffusion_pytorch_model.safetensors", {"a": (2000, 2000)}, fill=os.urandom(999))
    (folder / "LICENSE").write_text("Be kind. <script>alert(1)</script>")
    running.add_folder(REPO, folder)
    yield running
    running.close()


@pytest.fixture(scope="module")
def server(hub, tmp_path_factory):
    """A studio whose Hub is the local server."""
    folder = tmp_path_factory.mktemp("models")
    mine = {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "config"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}  # fmt: skip
    before = dict(os.environ)
    os.environ.update(mine)
    try:
        running = start_server(folder / "data")
    finally:
        os.environ.clear()
        os.environ.update(before)
    yield running
    running.stop()


@pytest.fixture
def models(page):
    """The page with the Models tab open."""
    open_tab(page, "Models")
    return page


def part(page, name):
    page.locator("#models-sections").get_by_role("tab", name=name, exact=True).click()


def test_a_download_is_watched_paused_and_resumed(models, hub, shots):
    """Bytes and speed while it comes, a pause that a reload keeps, and a card when it is there."""
    page = models
    hub.held, hub.block_s = "diffusion", 0.05
    part(page, "Catalogue")
    page.get_by_role("button", name="Download: FLUX.2 klein 4B", exact=True).click()
    row = page.locator(".download", has_text="FLUX.2 klein 4B")
    expect(row.locator(".download-line")).to_contain_text("/s", timeout=90_000)
    hub.gate.clear()  # the rest waits, however long the pictures take
    shots("models-catalogue")
    row.get_by_role("button", name="Pause").click()
    hub.gate.set()
    expect(row.locator(".download-line")).to_contain_text("Paused at")
    page.reload()
    wait_until_open(page)
    row = page.locator(".download", has_text="FLUX.2 klein 4B")
    expect(row.locator(".download-line")).to_contain_text("Paused at")
    hub.block_s = 0
    row.get_by_role("button", name="Resume").click()
    expect(page.locator(".download")).to_have_count(0)
    card = page.locator("#models-installed .model-card", has_text="FLUX.2 klein 4B")
    expect(card).to_be_visible()
    card.get_by_role("button", name="Details").click()
    page.get_by_role("button", name="Read its words").click()
    expect(page.locator(".licence-words")).to_contain_text("<script>")
    shots("models-details", full_page=False)
    page.keyboard.press("Escape")
    expect(page.locator("dialog.model-details")).to_have_count(0)


def test_an_import_and_its_refusal(models, tmp_path, shots):
    """A pickle is refused beside the field; a checkpoint shows up; removing it can be undone."""
    page = models
    part(page, "Add")
    (tmp_path / "old.ckpt").write_bytes(b"PK\x03\x04")
    path = page.get_by_label("Path", exact=True)
    path.fill(str(tmp_path / "old.ckpt"))
    page.locator("#models-add").get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#models-add .model-problem")).to_contain_text("pickle")
    shots("models-add")
    path.fill(str(checkpoint(tmp_path / "Dream Shaper.safetensors")))
    page.locator("#models-add").get_by_role("button", name="Import", exact=True).click()
    part(page, "Installed")
    card = page.locator("#models-installed .model-card", has_text="Dream Shaper")
    expect(card).to_be_visible()
    card.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(card).to_have_count(0)
    page.get_by_role("button", name="Put it back").click()
    expect(card).to_be_visible()


def test_a_lora_goes_into_a_picture(models, tmp_path, shots):
    """Imported in Models, added in Create, its trigger word in the final prompt; taken out again it is gone."""
    page = models
    part(page, "LoRAs")
    lora = kohya(tmp_path / "Ink lines.safetensors", 256, metadata={"modelspec.trigger_phrase": "inkzu"})
    page.locator("#models-sections input[type=file]").set_input_files(lora)
    expect(page.locator("#models-loras .model-card", has_text=re.compile("Ink lines"))).to_be_visible()
    shots("models-loras")
    open_tab(page, "Create")
    page.get_by_role("button", name="Add LoRA").click()
    page.locator(".lora-offer", has_text="Ink lines").click()
    expect(page.locator("#create-final")).to_contain_text("inkzu")
    shots("create-loras")
    page.get_by_role("button", name=re.compile("^Take .* out$")).click()
    expect(page.locator("#create-final")).not_to_contain_text("inkzu")
