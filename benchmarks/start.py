"""From the start of the process to the first page, against an empty gradio app; and to the first finished picture.

    python benchmarks/start.py [--pairs 7]

Pairs run one after the other in changing order, so other work on the machine falls on both. Wall time and the
process's own CPU time until the page has been answered whole; the median of the pairs' ratios counts.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from studio.api.address import free_port  # noqa: E402

EMPTY = """
import sys, gradio
with gradio.Blocks() as page:
    gradio.Markdown("Empty")
page.launch(server_port=int(sys.argv[1]), ssr_mode=False, quiet=True)
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--pairs", type=int, default=7)
    pairs = asked.parse_args().pairs
    studio(picture=False), empty()  # the first start compiles and fills the disk's cache
    times: list[tuple[tuple, tuple]] = []
    for number in range(pairs):
        first, second = (studio, empty) if number % 2 else (empty, studio)
        one, other = first(), second()
        times.append((one, other) if first is studio else (other, one))
    print("| until | studio s | empty gradio s | median ratio | quartiles |\n|---|---|---|---|---|")
    for name, at in (("first page, wall", 0), ("first page, CPU", 1)):
        ours, theirs = ([pair[side][at] for pair in times] for side in (0, 1))
        ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
        quartiles = f"{ratios[len(ratios) // 4]:.2f}-{ratios[-1 - len(ratios) // 4]:.2f}"
        print(
            f"| {name} | {statistics.median(ours):.2f} | {statistics.median(theirs):.2f} "
            f"| {statistics.median(ratios):.2f} | {quartiles} |"
        )
    made = sorted(pair[0][2] for pair in times)
    print(f"| first picture through the API, wall | {statistics.median(made):.2f} | | | {made[0]:.2f}-{made[-1]:.2f} |")


def studio(picture: bool = True) -> tuple[float, float, float]:
    """(seconds to the page, CPU seconds to the page, seconds to the first picture) of a studio on an empty folder."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        port = free_port("127.0.0.1", 0)
        words = [str(ROOT / "app.py"), "--no-browser", "--port", str(port), "--data", folder]
        started, process = start(words)
        try:
            page = first_page(process, port, started)
            if any("torch" in Path(one.path).parts for one in psutil.Process(process.pid).memory_maps()):
                raise SystemExit("torch was loaded before the page was up")
            return *page, first_picture(port, started) if picture else 0.0
        finally:
            stop(process)


def empty() -> tuple[float, float]:
    """(seconds, CPU seconds) to the page of a gradio app with one line of text."""
    port = free_port("127.0.0.1", 0)
    started, process = start(["-c", EMPTY, str(port)])
    try:
        return first_page(process, port, started)
    finally:
        stop(process)


def start(words: list[str]) -> tuple[float, subprocess.Popen]:
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}
    started = time.perf_counter()
    return started, subprocess.Popen([sys.executable, *words], env=environment, stdout=subprocess.DEVNULL)


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def first_page(process: subprocess.Popen, port: int, started: float) -> tuple[float, float]:
    """Ask until the page comes."""
    while process.poll() is None:
        try:
            status, body = ask(port, "GET", "/")
        except OSError:
            time.sleep(0.02)
            continue
        if status == 200 and b"gradio" in body:
            used = psutil.Process(process.pid).cpu_times()
            return time.perf_counter() - started, used.user + used.system
    raise SystemExit("The process ended before it served a page.")


def first_picture(port: int, started: float) -> float:
    """Ask for one picture with the usual settings and wait for it."""
    _, body = ask(port, "POST", "/api/v1/jobs", {"request": {"prompt": "smiling", "seed": 1}})
    job = json.loads(body)
    while job["state"] in ("waiting", "running"):
        time.sleep(0.05)
        job = json.loads(ask(port, "GET", f"/api/v1/jobs/{job['id']}")[1])
    if job["state"] != "succeeded":
        raise SystemExit(f"The picture failed: {job['error']}")
    return time.perf_counter() - started


def ask(port: int, method: str, path: str, body: dict | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


if __name__ == "__main__":
    main()
