"""The atomic file storage under TinyDB: crashes, full disks, damage, a second process."""

import errno
import json
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tinydb import TinyDB, where

from studio.domain.asset import Asset, Recipe
from studio.domain.character import Character
from studio.domain.job import Job
from studio.errors import Conflict, NoSpace, StudioError
from studio.paths import Paths
from studio.store import Store, storage
from studio.store.shelf import Database
from studio.store.storage import AtomicStorage, write_atomically

ROOT = Path(__file__).resolve().parents[2]
KILLS = 30

WRITER = """
import sys, itertools
sys.path.insert(0, sys.argv[1])
from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.job import Job
from studio.paths import Paths
from studio.store import Store
from studio.store import collection
collection.WARM_SHELVES = 1
start = int(sys.argv[3])
store = Store.open(Paths(sys.argv[2]))
store.assets._most = 6
def say(*words):
    print(*words, flush=True)
if not store.characters.count():
    store.characters.add(Character(id="mira", name="Mïra"))
say("ready")
for n in itertools.count(start):
    asset = store.assets.add(Asset(file=f"{n}.png", width=1, height=1, description="ü" * 500))
    say("added", asset.id, n)
    store.assets.update(asset.id, lambda one: setattr(one, "description", f"changed {n}"))
    say("changed", asset.id, n)
    store.jobs.add(Job(id=f"job{n}", kind="image"))
    say("job", n)
    if n % 5 == 4:
        store.characters.update("mira", lambda one: setattr(one, "bio", f"bio {n}"))
        say("bio", n)
    if n % 3 == 2:
        store.assets.remove(asset.id)
        say("removed", asset.id, n)
"""


def test_every_acknowledged_change_survives_kill_9(tmp_path):
    """Killed at 30 random moments: what the writer acknowledged is there, every file parses, nothing is set aside."""
    chance, said, start = random.Random(), [], 0
    for _ in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(ROOT), str(tmp_path), str(start)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert writer.stdout.readline() == "ready\n", writer.stderr.read()
        timer = threading.Timer(chance.uniform(0.001, 0.12), writer.kill)
        timer.start()
        lines = [line.split() for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.wait()
        writer.stdout.close()
        writer.stderr.close()
        said += lines
        start = max([start, *(int(words[-1]) + 1 for words in lines)]) + 1
    assert len(said) > KILLS
    expect: dict[str, str | None] = {}
    for words in said:
        if words[0] in ("added", "changed", "removed"):
            expect[words[1]] = {"added": "", "changed": f"changed {words[2]}", "removed": None}[words[0]]
    with Store.open(Paths(tmp_path)) as store:
        assert store.notices == []
        last_said = {words[1] for words in said if words[0] in ("added", "changed")}
        for id, text in expect.items():
            if text is None:
                assert id not in store.assets
            elif id in last_said and id in store.assets:
                assert store.assets.get(id).description.startswith(text[:7])
            else:
                assert int(next(words[2] for words in said if words[1] == id)) % 3 == 2  # its removal was under way
        for words in said:
            if words[0] == "job":
                assert f"job{words[1]}" in store.jobs
        bios = [int(words[1]) for words in said if words[0] == "bio"]
        if bios:
            assert int(store.characters.get("mira").bio.split()[1]) >= bios[-1]
        assert len(store.assets.find(limit=500).items) == min(store.assets.count(), 500)
    for path in tmp_path.rglob("*.json*"):
        json.loads(path.read_bytes())
    assert not list(tmp_path.rglob("*.tmp"))
    assert not list(tmp_path.rglob("*.damaged*"))


def test_a_second_process_is_refused_with_a_clear_message(paths, store):
    """Two studios on one data folder: the second says which folder it is and what to do, and the first goes on."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from studio.paths import Paths\nfrom studio.store import Store\nfrom studio.errors import Conflict\n"
        "try: Store.open(Paths(sys.argv[2]))\nexcept Conflict as problem: print(problem.message, problem.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT), str(paths.data)], capture_output=True, encoding="utf-8", timeout=60
    )
    assert str(paths.data) in done.stdout, done.stderr
    assert "already open" in done.stdout
    assert "--data" in done.stdout
    store.jobs.add(Job(kind="image"))


def test_the_folder_is_free_again_after_close(paths):
    """Closing lets go of the lock; so does a failed start."""
    Store.open(paths).close()
    with Store.open(paths), pytest.raises(Conflict):
        Store.open(paths)
    Store.open(paths).close()


@pytest.mark.skipif(os.name == "nt", reason="file size limits are a POSIX thing")
def test_a_full_disk_loses_nothing(tmp_path):
    """The disk is full (a size limit of the process): NoSpace is raised, memory and disk agree, later writes work."""
    code = """
import sys; sys.path.insert(0, sys.argv[1])
import resource
from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.requests import AssetFilter
from studio.errors import NoSpace
from studio.paths import Paths
from studio.store import Store
store = Store.open(Paths(sys.argv[2]))
mira = store.characters.add(Character(name="Mira"))
first = store.assets.add(Asset(file="a.png", width=1, height=1))
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
big = "x" * 3900
for change in (
    lambda: store.assets.add(Asset(file="b.png", width=1, height=1, description=big)),
    lambda: store.assets.update(first.id, lambda one: setattr(one, "description", big)),
    lambda: store.characters.update(mira.id, lambda one: setattr(one, "backstory", big)),
):
    try:
        change()
    except NoSpace as problem:
        print(problem.message)
assert store.assets.get(first.id) == first and store.characters.get(mira.id) == mira
assert store.assets.search(AssetFilter()).total == store.assets.count() == 1
assert store.assets.search(AssetFilter(text="xxx")).total == 0
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.assets.update(first.id, lambda one: setattr(one, "description", big))
store.close()
store = Store.open(Paths(sys.argv[2]))
assert not store.notices and store.assets.get(first.id).description == big and store.characters.get(mira.id) == mira
"""
    done = subprocess.run([sys.executable, "-c", code, str(ROOT), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("no space left") == 3
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_write_that_fails_at_any_moment_leaves_the_old_state(store, monkeypatch, moment):
    """The disk fails while flushing or renaming: the change is refused, and memory says what the disk says."""
    asset = store.assets.add(Asset(file="a.png", width=1, height=1, tags=["old"]))

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(storage.os, moment, fail)
        with pytest.raises(NoSpace):
            store.assets.update(asset.id, lambda one: setattr(one, "tags", ["new"]))
        with pytest.raises(NoSpace):
            store.assets.add(Asset(file="b.png", width=1, height=1))
    assert store.assets.get(asset.id).tags == ["old"]
    assert store.assets.facets()["tags"] == {"old": 1}
    assert store.assets.count() == 1
    assert store.assets.update(asset.id, lambda one: setattr(one, "tags", ["new"])).revision == 2


def test_replacing_waits_for_a_reader_to_let_go(tmp_path, monkeypatch):
    """Windows refuses to rename over a file somebody has open; a moment later it works."""
    real, tries = os.replace, []

    def busy(source, target):
        tries.append(target)
        if len(tries) < 4:
            raise PermissionError(13, "in use")
        real(source, target)

    monkeypatch.setattr(storage.os, "replace", busy)
    write_atomically(tmp_path / "x.json", b"{}")
    assert (tmp_path / "x.json").read_bytes() == b"{}"


def test_without_links_the_previous_generation_is_kept_by_renaming(tmp_path, monkeypatch):
    """FAT drives have no links: `.bak` is still the state before."""

    def no_links(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(storage.os, "link", no_links)
    write_atomically(tmp_path / "x.json", b"1")
    write_atomically(tmp_path / "x.json", b"2")
    assert ((tmp_path / "x.json").read_bytes(), (tmp_path / "x.json.bak").read_bytes()) == (b"2", b"1")


def some_assets(paths, count=3):
    with Store.open(paths) as store:
        return [
            store.assets.add(Asset(file=f"{n}.png", width=1, height=1, description=f"nr {n}")) for n in range(count)
        ]


def file_of(paths):
    return next(paths.outputs.glob("*/*/assets.json"))


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"assets": []}', b'{"assets": {"a": 1}}', b"\xff\xfe\x00", None]
)
def test_a_damaged_file_gives_way_to_its_previous_copy(paths, damage):
    """Cut, emptied, overwritten: it is set aside, `.bak` is used, a sentence says so, and all else works."""
    assets = some_assets(paths)
    path = file_of(paths)
    damaged = path.read_bytes()[:-40] if damage is None else damage
    path.write_bytes(damaged)
    with Store.open(paths) as store:
        assert [one.id for one in store.assets.all()] == [one.id for one in assets[:2]]
        (notice,) = store.notices
        assert "assets.json" in notice
        assert "set aside" in notice
        store.assets.add(Asset(file="new.png", width=1, height=1))
    assert next(path.parent.glob("*.damaged-*")).read_bytes() == damaged
    with Store.open(paths) as store:
        assert store.notices == []
        assert store.assets.count() == 3


def test_a_damaged_file_without_a_good_copy_stops_nothing_else(paths):
    """Both generations broken: both are set aside, the rest of the studio opens."""
    some_assets(paths)
    path = file_of(paths)
    path.write_bytes(b"x")
    path.with_name("assets.json.bak").write_bytes(b"y")
    with Store.open(paths) as store:
        assert store.assets.count() == 0
        assert "previous copy was damaged too" in store.notices[0]
        store.assets.add(Asset(file="new.png", width=1, height=1))
        store.characters.add(Character(name="Mira"))
    assert len(list(path.parent.glob("*.damaged-*"))) == 2


def test_a_missing_file_comes_back_from_its_previous_copy(paths):
    """A crash between two renames on a drive without links leaves `.bak` alone: it is used."""
    some_assets(paths)
    file_of(paths).unlink()
    with Store.open(paths) as store:
        assert store.assets.count() == 2
        assert "missing" in store.notices[0]


def test_a_file_somebody_laid_out_by_hand_is_read_and_kept(paths):
    """Pretty-printed, with a byte order mark, another table and unknown fields: everything survives a change."""
    first, *_ = some_assets(paths)
    path = file_of(paths)
    content = json.loads(path.read_bytes())
    content["assets"][first.id]["mood_ring"] = {"colour": "grün"}
    content["notes"] = {"by": "hand"}
    path.write_text("\ufeff" + json.dumps(content, indent=3), encoding="utf-8")
    with Store.open(paths) as store:
        assert store.assets.get(first.id).mood_ring == {"colour": "grün"}
        store.assets.update(first.id, lambda one: setattr(one, "starred", True))
        assert store.assets.count() == 3
    with Store.open(paths) as store:
        assert store.assets.get(first.id).mood_ring == {"colour": "grün"}
    assert json.loads(path.read_bytes())["notes"] == {"by": "hand"}


def test_the_files_are_tinydb_databases(paths):
    """Whoever opens a file with TinyDB finds the documents under their ids, and can query and change them."""
    assets = some_assets(paths)
    with TinyDB(file_of(paths), encoding="utf-8", access_mode="r") as plain:
        assert len(plain.table("assets")) == 3
    table = Database(file_of(paths), "assets", lambda data: data, [], storage=AtomicStorage).table("assets")
    assert table.get(where("description") == "nr 1")["id"] == assets[1].id
    assert table.remove(where("description") == "nr 0") == [assets[0].id]
    with Store.open(paths) as store:
        assert [one.id for one in store.assets.all()] == [assets[1].id, assets[2].id]


def test_leftovers_of_a_crash_are_swept_up(paths):
    """Temporary files of writes that never finished are gone after the next start; other hidden files stay."""
    some_assets(paths)
    with Store.open(paths) as store:
        references = paths.references(store.characters.add(Character(name="Mira")).id)
    references.mkdir()
    left = [file_of(paths).with_name(".assets.json.abcd1234.tmp"), file_of(paths).with_name(".a.png.abcd1234.part")]
    left.append(references / ".r.png.abcd1234.part")
    kept = file_of(paths).with_name(".hidden.png")
    for path in (*left, kept):
        path.write_bytes(b"half")
    with Store.open(paths):
        assert [path.exists() for path in (*left, kept)] == [False, False, False, True]


def test_any_thread_may_let_go_of_the_folder(paths):
    """A store closed by another thread than the one that opened it is closed."""
    closing = threading.Thread(target=Store.open(paths).close)
    closing.start()
    closing.join()
    Store.open(paths).close()


def test_a_drive_that_is_not_there_is_said_and_not_waited_for(tmp_path, monkeypatch):
    """Where not even the topmost folder exists, as on a missing Windows drive, making folders ends in an error."""
    monkeypatch.setattr(Path, "exists", lambda path: False)
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(FileNotFoundError(2, "no such drive")))
    with pytest.raises(FileNotFoundError):
        storage.make_folder(tmp_path / "a" / "b")


def test_hostile_texts_and_ids(paths):
    """Markup, NUL, scripts of all kinds and 300 characters come back as they were; ids that are paths are refused."""
    texts = [
        "<script>alert(1)</script>",
        "a\0b",
        "‮rtl",
        "画像 Ёлка 😀",
        "x" * 300,
        "../../etc/passwd",
        "CON",
        '"}},\n{"',
    ]
    with Store.open(paths) as store:
        for text in texts:
            store.assets.add(Asset(file="a.png", width=1, height=1, description=text, recipe=Recipe(prompt=text)))
        for id in ("../x", "CON", "a/b", "", "x" * 300, "a\0", "é"):
            with pytest.raises(StudioError):
                store.assets.add(Asset(id=id, file="a.png", width=1, height=1))
            with pytest.raises(StudioError):
                store.characters.add(Character(id=id, name="x"))
        with pytest.raises(StudioError):
            store.assets.add(Asset(file="a.png", width=1, height=1, mystery="\ud800"))
        with pytest.raises(StudioError):
            store.assets.add(Asset(file="a.png", width=1, height=1, mystery=2**70))
        with pytest.raises(StudioError):
            store.assets.add(Asset(file="a.png", width=1, height=1, character_id="../../up"))
    with Store.open(paths) as store:
        assert [one.description for one in store.assets.all()] == texts
        assert store.notices == []
    outside = [path for path in paths.data.parent.iterdir() if path != paths.data]
    assert outside == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder one may not write to")
def test_a_folder_that_may_not_be_written_to_is_said_plainly(tmp_path):
    """No traceback for a read-only data folder."""
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    with pytest.raises(StudioError, match="cannot be used|could not be saved"):
        Store.open(Paths(folder))
