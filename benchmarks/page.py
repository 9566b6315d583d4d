"""How fast the page is with a full library: load and tab switches in headless Chromium with 1,000 assets.

    python benchmarks/page.py [--assets 1000] [--cold] [--chromium /usr/bin/chromium]

The thumbnails of the newest 300 are made before, as in a library that somebody looked at; `--cold` leaves them to
the first visit. Prints milliseconds until content is visible: first load, and each tab, the first time and again
(median of five).
Goal: a tab switch shows content in under 300 ms. Needs playwright and a Chromium; starts its own studio and ends it.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
CONTENT = {
    "Characters": "#tab-characters button:visible",
    "Create": "#create-prompt textarea:visible",
    "Review": "#review-grid .grid-card:visible",
    "Publish": "#publish-caption textarea:visible",
    "System": "#tab-system .facts dd:visible",
}


def fill(data: Path, count: int) -> None:
    """A library of `count` pictures of one character; 40 different files, every document its own."""
    from PIL import Image

    from studio.domain.asset import Asset, Recipe
    from studio.domain.character import Character
    from studio.paths import Paths
    from studio.store import Store

    paths = Paths(data)
    store = Store.open(paths)
    character = store.characters.add(Character(name="Mira"))
    folder = paths.month(character.id, "2026-11")
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(40):
        Image.effect_mandelbrot((512, 512), (-2 + n / 40, -1, 0.5 + n / 40, 1), 60).convert("RGB").save(
            folder / f"{n}.png"
        )
    for n in range(count):
        file = folder / f"{n % 40}.png"
        recipe = Recipe(prompt=f"portrait number {n}", engine="starter", seed=n, character_id=character.id)
        state = "approved" if n % 3 == 0 else "new"
        store.assets.add(
            Asset(
                character_id=character.id, file=paths.relative(file), width=512, height=512, recipe=recipe, state=state
            )
        )
    store.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(data: Path, port: int) -> subprocess.Popen:
    command = [sys.executable, str(ROOT / "app.py"), "--no-browser", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).read()
            return process
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    process.terminate()
    raise SystemExit("The studio did not start within a minute.")


def look_at(port: int) -> None:
    """Have the thumbnails of the newest 300 and of the newest 100 approved pictures made."""
    root = f"http://127.0.0.1:{port}/api/v1/assets"
    for wanted, pages in (("limit=100", 3), ("limit=100&state=approved", 1)):
        cursor = ""
        for _ in range(pages):
            found = json.load(urllib.request.urlopen(f"{root}?{wanted}{cursor}"))
            for asset in found["items"]:
                urllib.request.urlopen(f"{root}/{asset['id']}/thumbnail").read()
            cursor = f"&cursor={found['next_cursor']}"
            if not found["next_cursor"]:
                break


def visit(page, title: str) -> float:
    """Milliseconds from the click on a tab until its content is visible."""
    began = time.perf_counter()
    page.get_by_role("tab", name=title, exact=True).click()
    page.locator(CONTENT[title]).first.wait_for(state="visible", timeout=10_000)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--assets", type=int, default=1000)
    options.add_argument("--cold", action="store_true")
    options.add_argument("--chromium", default="/usr/bin/chromium")
    chosen = options.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        fill(data, chosen.assets)
        port = free_port()
        process = serve(data, port)
        try:
            if not chosen.cold:
                look_at(port)
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=chosen.chromium, args=FLAGS)
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                began = time.perf_counter()
                page.goto(f"http://127.0.0.1:{port}/")
                page.locator("#studio-tabs").wait_for(state="visible")
                loaded = (time.perf_counter() - began) * 1000
                page.wait_for_timeout(1500)
                first, again = {}, {title: [] for title in CONTENT}
                for title in [*list(CONTENT)[1:], "Characters"]:
                    first[title] = visit(page, title)
                    page.wait_for_timeout(500)
                for _ in range(5):
                    for title in [*list(CONTENT)[1:], "Characters"]:
                        again[title].append(visit(page, title))
                        page.wait_for_timeout(200)
                browser.close()
        finally:
            process.terminate()
            process.wait(20)
    print(f"{chosen.assets} assets; page load {loaded:.0f} ms")
    print(f"{'tab':<12}{'first ms':>10}{'again ms':>10}{'worst ms':>10}")
    for title in CONTENT:
        print(f"{title:<12}{first[title]:>10.0f}{statistics.median(again[title]):>10.0f}{max(again[title]):>10.0f}")
    worst = max(max(first.values()), *(max(values) for values in again.values()))
    print(f"slowest switch {worst:.0f} ms, goal 300 ms, ratio {worst / 300:.2f}")


if __name__ == "__main__":
    main()
