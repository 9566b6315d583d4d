"""The studio in a real headless Chromium: a server on a fresh data folder, a page that fails on errors, screenshots."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUM = next(
    (
        one
        for one in (os.environ.get("CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser")
        if one and Path(one).exists()
    ),
    None,
)
# The browser says these itself when a page is left while something loads; nothing of ours is wrong.
HARMLESS = re.compile(r"net::ERR_ABORTED|favicon|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_NETWORK_IO_SUSPENDED")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """A running studio: `url` without a closing slash, `data` its data folder."""

    url: str
    data: Path
    process: subprocess.Popen
    log: Path

    def stop(self) -> None:
        """End the server, first politely."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def start_server(data: Path, *more: str, port: int | None = None, timeout: float = 90) -> Server:
    """Start `app.py` on `data` and wait until it answers. Raises RuntimeError with the server's last words."""
    port = port or free_port()
    data.mkdir(parents=True, exist_ok=True)
    log = data.parent / f"{data.name}-server-{port}.log"
    command = [sys.executable, "app.py", "--no-browser", "--port", str(port), "--data", str(data), *more]
    environment = {**os.environ, "PYTHONUTF8": "1", "GRADIO_ANALYTICS_ENABLED": "False"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env=environment)
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + timeout
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2):
                return Server(url, data, process, log)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    process.kill()
    process.wait(10)
    raise RuntimeError(f"The studio did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """A studio on an empty data folder, one per test file."""
    running = start_server(tmp_path_factory.mktemp("studio") / "data")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser():
    """One Chromium for the whole run."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # machines of two cores render and diffuse at the same time
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(browser, server):
    """A fresh page on the studio, 1440 x 900. Any error in the console or the page fails the test at its end."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(20_000)
    sheet = context.new_page()
    errors: list[str] = []
    sheet.on("pageerror", lambda error: errors.append(f"page: {error}"))
    sheet.on("console", lambda message: errors.append(f"console: {message.text}") if message.type == "error" else None)
    sheet.errors = errors
    sheet.goto(server.url)
    wait_until_open(sheet)
    yield sheet
    context.close()
    # leaving a page ends its requests: Gradio's client then complains of every one that was under way
    aborted = ("signal is aborted", "BodyStreamBuffer was aborted")
    left = any(words in error for error in errors for words in aborted)
    ended = (*aborted, "Connection errored out")
    serious = [
        one for one in errors if not HARMLESS.search(one) and not (left and any(words in one for words in ended))
    ]
    assert not serious, "The page reported errors:\n" + "\n".join(serious)


def wait_until_open(sheet) -> None:
    """Wait until a page that was just opened or reloaded has what it had before, and takes input."""
    sheet.wait_for_selector("html:not([inert]) #studio-tabs")


def open_tab(sheet, title: str) -> None:
    """Open one of the studio's tabs by its title, also when it is folded away on a narrow page.

    A bar that was just made wider or narrower folds and unfolds a moment later: whichever shows up is taken.
    """
    from playwright.sync_api import TimeoutError

    tab = sheet.get_by_role("tab", name=title, exact=True)
    more = sheet.locator("#studio-tabs > .tab-wrapper .overflow-menu > button").first
    folded = sheet.locator("#studio-tabs > .tab-wrapper .overflow-dropdown button", has_text=title)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if tab.is_visible():
            tab.click()
            return
        if folded.is_visible():
            folded.click()
            return
        if more.is_visible():
            with contextlib.suppress(TimeoutError):  # the bar may unfold under the pointer
                more.click(timeout=2000)
        sheet.wait_for_timeout(100)
    raise AssertionError(f"There is no tab {title} on the page")


@pytest.fixture
def shots(page) -> Callable[[str], list[Path]]:
    """`shots("review-empty")` keeps three PNGs of the page as it is: light, dark, and 390 pixels wide."""

    def dark(on: bool) -> None:
        page.evaluate("on => document.body.classList.toggle('dark', on)", on)

    def keep(name: str, full_page: bool = True) -> list[Path]:
        SCREENSHOTS.mkdir(exist_ok=True)
        was_dark = page.evaluate("document.body.classList.contains('dark')")
        size, made = page.viewport_size, []
        for kind, is_dark, width in (
            ("light", False, size["width"]),
            ("dark", True, size["width"]),
            ("phone", False, 390),
        ):
            dark(is_dark)
            if width != size["width"]:
                page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_timeout(250)
            made.append(SCREENSHOTS / f"{name}-{kind}.png")
            page.screenshot(path=made[-1], full_page=full_page)
        page.set_viewport_size(size)
        dark(was_dark)
        return made

    return keep
