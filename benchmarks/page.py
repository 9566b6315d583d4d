"""How fast the page is with a full library: load and tab switches in headless Chromium with 1,000 assets.

    python benchmarks/page.py [--assets 1000] [--cold] [--chromium /usr/bin/chromium]
    python benchmarks/page.py --against ../before [--pages 4]

The thumbnails of the newest 300 are made before, as in a library that somebody looked at; `--cold` leaves them to
the first visit. Prints milliseconds until content is visible: first load, and each tab, the first time and again
(median of five).
Goal: a tab switch shows content in under 300 ms. Needs playwright and a Chromium; starts its own studio and ends it.

`--against` takes another checkout, such as `git worktree add ../before COMMIT`: both studios run side by side on
libraries of the same contents, and fresh pages of one and the other take turns, so that other work on the machine
meets both. It measures inside the page, from the click to the frame with the content, and the processor time that the
page's main thread then takes until it has been quiet, which other work does not stretch.
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
# Until the frame after the click that has the tab's content, in milliseconds; -1 after ten seconds.
SWITCH = """([title, content]) => new Promise((tell) => {
  const began = performance.now();
  const look = () => {
    const seen = [...document.querySelectorAll(content)].some((one) => one.offsetParent);
    if (seen) tell(performance.now() - began);
    else if (performance.now() - began > 10000) tell(-1);
    else requestAnimationFrame(look);
  };
  const tabs = [...document.querySelectorAll("[role=tab]")].filter((one) => one.offsetParent);
  tabs.find((one) => one.textContent.trim() === title).click();
  requestAnimationFrame(look);
})"""
QUIET_MS = 800  # after a switch, until what it set off in the page is over


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


def serve(data: Path, port: int, root: Path = ROOT) -> subprocess.Popen:
    command = [sys.executable, str(root / "app.py"), "--no-browser", "--port", str(port), "--data", str(data)]
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


class Side:
    """One of two studios that take turns: what its pages took, by tab. Times in milliseconds."""

    def __init__(self, root: Path, folder: Path, assets: int):
        self.folder, self.port = folder, free_port()
        # filled by the checkout's own code, as its documents may differ
        own = root / "benchmarks" / "page.py"
        filling = "import runpy, sys; from pathlib import Path; _, own, folder, count = sys.argv; "
        filling += "runpy.run_path(own)['fill'](Path(folder), int(count))"
        subprocess.run([sys.executable, "-c", filling, str(own), str(folder), str(assets)], check=True, cwd=root)
        self.process = serve(folder, self.port, root)
        self.loads: list[float] = []
        self.first, self.again, self.thread = ({title: [] for title in CONTENT} for _ in range(3))

    def page(self, browser) -> None:
        """A fresh page: its load, each tab for the first time, then twice again."""
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        meter = context.new_cdp_session(page)
        meter.send("Performance.enable", {"timeDomain": "threadTicks"})

        def busy() -> float:
            metrics = meter.send("Performance.getMetrics")["metrics"]
            return 1000 * next(one["value"] for one in metrics if one["name"] == "TaskDuration")

        page.goto(f"http://127.0.0.1:{self.port}/")
        page.wait_for_selector("html:not([inert]) #studio-tabs")
        page.wait_for_timeout(3 * QUIET_MS)
        self.loads.append(busy())
        for taken in (self.first, self.again, self.again):
            for title in [*list(CONTENT)[1:], "Characters"]:
                before = busy()
                took = page.evaluate(SWITCH, [title, CONTENT[title].replace(":visible", "")])
                page.wait_for_timeout(QUIET_MS)
                taken[title].append(took if took >= 0 else float("nan"))
                if taken is self.again:
                    self.thread[title].append(busy() - before)
        context.close()


def against(other: Path, assets: int, pages: int, chromium: str, cold: bool) -> None:
    """Print tab switches of another checkout beside those of this one, fresh pages of both taking turns."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        sides: dict[str, Side] = {}
        try:
            for name, root in (("before", other.resolve()), ("after", ROOT)):
                sides[name] = Side(root, Path(folder) / name, assets)
                if not cold:
                    look_at(sides[name].port)
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
                for turn in range(pages):
                    for side in list(sides.values())[:: 1 if turn % 2 == 0 else -1]:
                        side.page(browser)
                browser.close()
        finally:
            for side in sides.values():
                side.process.terminate()
            for side in sides.values():
                side.process.wait(20)
    before, after = sides["before"], sides["after"]
    print(f"{assets} assets, {pages} pages each; milliseconds, median (slowest); main thread: median of its work")
    heads = ("first, before", "first, after", "again, before", "again, after", "thread, before", "after")
    print(f"{'tab':<12}" + "".join(f"{head:>18}" for head in heads))
    for title in CONTENT:
        cells = [
            f"{statistics.median(times):.0f} ({max(times):.0f})"
            for times in (before.first[title], after.first[title], before.again[title], after.again[title])
        ]
        cells += [f"{statistics.median(side.thread[title]):.0f}" for side in (before, after)]
        print(f"{title:<12}" + "".join(f"{cell:>18}" for cell in cells))
    loads = [statistics.median(side.loads) for side in (before, after)]
    print(f"page load, main thread: {loads[0]:.0f} before, {loads[1]:.0f} after, ratio {loads[1] / loads[0]:.2f}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--assets", type=int, default=1000)
    options.add_argument("--cold", action="store_true")
    options.add_argument("--chromium", default="/usr/bin/chromium")
    options.add_argument("--against", type=Path, metavar="CHECKOUT", help="another checkout to compare with")
    options.add_argument("--pages", type=int, default=4, help="fresh pages of each when comparing")
    chosen = options.parse_args()
    if chosen.against:
        return against(chosen.against, chosen.assets, chosen.pages, chosen.chromium, chosen.cold)
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
                page.wait_for_selector("html:not([inert]) #studio-tabs")
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
