"""What the store costs at 1,000, 10,000 and 100,000 assets: `python benchmarks/store.py [--counts 1000 100000]`.

Each size is a data folder of its own, filled with documents like the studio's (full recipes, 30-word prompts of a
Zipf-like vocabulary, four characters, 24 months, half with tags), and opened by a process of its own. The sizes take
turns, round by round, so that a busy disk hits all of them alike. Times are medians in milliseconds; `cpu` is the
processor's part, the rest is the disk confirming, or another program's turn. Pages are 50 documents; `most cpu` is the
costliest of all calls, which for texts is the first one, whose outcome is then kept.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from studio.domain.asset import Asset, Quality, Recipe
from studio.domain.document import new_id
from studio.domain.requests import AssetFilter
from studio.paths import Paths
from studio.store import Store
from studio.store.collection import MOST_DOCUMENTS
from studio.store.storage import lay_out

ROUNDS, CALLS = 5, 40
MONTHS = [f"{year}-{month:02}" for year in (2025, 2026) for month in range(1, 13)]
CHARACTERS = ["mira", "jonas", "ayumi", "zoe"]
LOOKS = ["soft", "film", "comic"]
TAGS = [f"tag{number}" for number in range(200)]
_random = random.Random(7)
VOCABULARY = ["".join(_random.choices("etaoinshrdlucmfwypvbgk", k=_random.randint(3, 9))) for _ in range(8000)]
WEIGHTS = [1 / (rank + 3) for rank in range(8000)]
FILTERS = {
    "all": AssetFilter(),
    "character": AssetFilter(character_id="zoe"),
    "look": AssetFilter(look="film"),
    "state": AssetFilter(state="approved"),
    "trash": AssetFilter(state="trashed"),
    "tag": AssetFilter(tag="tag17"),
    "starred": AssetFilter(starred=True),
    "one month": AssetFilter(since="2025-06-01", until="2025-06-30"),
    "job": None,
    "text, common word": AssetFilter(text=VOCABULARY[2]),
    "text, rare word": AssetFilter(text=VOCABULARY[7000]),
    "text, one letter": AssetFilter(text="e"),
    "text, three letters": AssetFilter(text="ato"),
    "text, nothing found": AssetFilter(text="zzzzqq"),
    "everything at once": AssetFilter(
        character_id="mira", look="soft", state="new", starred=False, since="2025-02-01", text=f"{VOCABULARY[1]} t"
    ),
}


def document(number: int, count: int, chance: random.Random) -> Asset:
    """Asset `number` of `count`, spread over the months."""
    month = MONTHS[number * len(MONTHS) // count]
    words = " ".join(chance.choices(VOCABULARY, WEIGHTS, k=30))
    character = CHARACTERS[number % 4]
    at = f"{month}-{chance.randint(1, 28):02}T12:00:00.000Z"
    return Asset(
        id=new_id(),
        created_at=at,
        updated_at=at,
        character_id=character,
        job_id=f"job-{number // 4}",
        file=f"outputs/{character}/{month}/{number}.png",
        original_file=f"outputs/{character}/{month}/originals/{number}.png",
        width=512,
        height=512,
        bytes=400_000,
        sha256=f"{chance.getrandbits(256):064x}",
        state=chance.choice(["new", "new", "approved", "approved", "rejected", "trashed"]),
        starred=chance.random() < 0.1,
        tags=chance.sample(TAGS, 3) if number % 2 else [],
        recipe=Recipe(
            engine="starter", model="starter", model_hash="a1b2c3d4e5f6", words=words[:80], prompt=words,
            negative="blurry, low quality", seed=number, steps=20, guidance=5.0, sampler="dpm++ 2m", width=256,
            height=256, character_id=character, character_name=character.title(), look_id=f"id-{number % 3}",
            look_name=LOOKS[number % 3], device="cpu", dtype="bfloat16", seconds=3.2,
            versions={"torch": "2.13.0", "diffusers": "0.42.0"},
        ),
        quality=Quality(score=0.8, sharpness=0.7, exposure=0.9, contrast=0.8, banding=0.9),
    )  # fmt: skip


def fill(data: Path, count: int) -> None:
    """Write `count` assets in the store's own layout, without waiting for the disk each time."""
    chance, rows = random.Random(count), {}
    for number in range(count):
        asset = document(number, count, chance)
        rows.setdefault((asset.character_id, asset.created_at[:7]), []).append(asset.as_json())
    for (character, month), documents in rows.items():
        folder = data / "outputs" / character / month
        folder.mkdir(parents=True)
        for start in range(0, len(documents), MOST_DOCUMENTS):
            number = start // MOST_DOCUMENTS + 1
            table = {one["id"]: one for one in documents[start : start + MOST_DOCUMENTS]}
            name = "assets.json" if number == 1 else f"assets-{number}.json"
            (folder / name).write_bytes(lay_out({"assets": table}, "assets")[0])


def resident() -> float:
    """Resident memory of this process in MB."""
    import psutil

    return psutil.Process().memory_info().rss / 1e6


def measure(data: Path, count: int) -> None:
    """One process, one size: answers each line on stdin with one round of measurements as JSON."""
    before, start = resident(), time.perf_counter()
    store = Store.open(Paths(data))
    assets = store.assets
    opened = time.perf_counter() - start
    print(json.dumps({"open_s": opened, "rss_empty": before, "rss_open": resident()}), flush=True)
    ids = assets._known_ids()
    chance = random.Random(1)
    for _ in sys.stdin:
        result = {}
        for name, call in {
            "add": lambda: assets.add(document(count - 1, count, chance)),
            "update": lambda: assets.update(chance.choice(ids), lambda one: setattr(one, "starred", not one.starred)),
        }.items():
            result[name] = timed(call, CALLS)
        for name, wanted in FILTERS.items():
            wanted = wanted or AssetFilter(job_id=f"job-{chance.randrange(count // 4)}")
            result[f"page: {name}"] = timed(lambda wanted=wanted: assets.search(wanted), 6)
        cursor = assets.search(AssetFilter()).next_cursor
        for _ in range(5):
            cursor = assets.search(AssetFilter(), cursor=cursor).next_cursor
        result["page: the seventh"] = timed(lambda: assets.search(AssetFilter(), cursor=cursor), 6)  # noqa: B023
        result["facets"] = timed(assets.facets, 3)
        print(json.dumps({"times": result, "rss": resident()}), flush=True)
    store.close()


def timed(call, times: int) -> list[list[float]]:
    """[wall, cpu] seconds of each call."""
    found = []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        found.append([time.perf_counter() - wall, time.process_time() - cpu])
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--counts", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    options.add_argument("--data", type=Path, help="where the data folders are made (default: a temporary folder)")
    options.add_argument("--child", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        measure(chosen.data, chosen.child)
        return
    with tempfile.TemporaryDirectory(dir=chosen.data) as root:
        children = {}
        for count in chosen.counts:
            fill(Path(root, str(count)), count)
        os.sync() if hasattr(os, "sync") else None
        for count in chosen.counts:
            command = [sys.executable, __file__, "--child", str(count), "--data", str(Path(root, str(count)))]
            children[count] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        opened = {count: json.loads(child.stdout.readline()) for count, child in children.items()}
        rounds: dict[int, list[dict]] = {count: [] for count in children}
        for _ in range(ROUNDS):
            for count, child in children.items():
                child.stdin.write("\n")
                child.stdin.flush()
                rounds[count].append(json.loads(child.stdout.readline()))
        for child in children.values():
            child.stdin.close()
            child.wait()
    show(chosen.counts, opened, rounds)


def show(counts: list[int], opened: dict, rounds: dict) -> None:
    small, big = counts[0], counts[-1]
    print(f"{MOST_DOCUMENTS} documents a file, {ROUNDS} rounds; milliseconds\n")
    print(f"| {'':24} |" + "".join(f" {count:>10,} |" for count in counts) + f" {big:,} / {small:,} |")
    print("|" + "---|" * (len(counts) + 2))

    def row(name: str, values: list[float], form: str = "10.2f") -> None:
        ratio = f"{values[-1] / values[0]:.2f}" if values[0] else ""
        print(f"| {name:24} |" + "".join(f" {value:{form}} |" for value in values) + f" {ratio} |")

    for name in rounds[small][0]["times"]:
        calls = {count: [call for one in rounds[count] for call in one["times"][name]] for count in counts}
        row(name, [statistics.median(wall for wall, _ in calls[count]) * 1e3 for count in counts])
        if name in ("add", "update"):
            row(f"{name}, cpu", [statistics.median(cpu for _, cpu in calls[count]) * 1e3 for count in counts])
        else:
            row(f"{name}, most cpu", [max(cpu for _, cpu in calls[count]) * 1e3 for count in counts])
    row("open, seconds", [opened[count]["open_s"] for count in counts])
    row("memory before, MB", [opened[count]["rss_empty"] for count in counts], "10.0f")
    row("memory open, MB", [opened[count]["rss_open"] for count in counts], "10.0f")
    row("memory at the end, MB", [rounds[count][-1]["rss"] for count in counts], "10.0f")


if __name__ == "__main__":
    main()
