"""Collections: copies, revisions, pages, files that roll over, migrations, threads."""

import json
import threading

import pytest

from studio.domain.asset import Asset
from studio.domain.job import Job
from studio.domain.post import Post
from studio.errors import BadRequest, Conflict, NotFound, StudioError
from studio.store import Store, find_orphans, migrations


def asset(**fields):
    return Asset(**{"file": "outputs/x.png", "width": 8, "height": 8} | fields)


def test_what_is_handed_out_is_a_copy(store):
    """Changing a returned document changes nothing in the store, nor does changing what was added."""
    given = Job(kind="image", request={"steps": [1, 2]})
    added = store.jobs.add(given)
    for one in (given, added, store.jobs.get(given.id), store.jobs.all()[0], store.jobs.find().items[0]):
        one.request["steps"].append(3)
        one.kind = "other"
    assert store.jobs.get(given.id).request == {"steps": [1, 2]}
    assert store.jobs.get(given.id).kind == "image"


def test_update_counts_revisions_and_keeps_what_identifies(store):
    """Revision and time grow; id, creation and schema stay; a change of nothing is no revision."""
    job = store.jobs.add(Job(kind="image", updated_at="2020-01-01T00:00:00.000Z"))

    def change(one):
        one.id, one.created_at, one.revision, one.schema_, one.state = "other", "1999", 99, 7, "running"

    changed = store.jobs.update(job.id, change)
    assert (changed.id, changed.created_at, changed.revision, changed.schema_) == (job.id, job.created_at, 2, 1)
    assert changed.updated_at > job.updated_at
    assert store.jobs.update(job.id, lambda one: None).revision == 2


def test_every_change_is_counted_and_nothing_else(store):
    """The number grows when a document comes, changes or goes; reading and changes of nothing leave it."""
    seen = [store.jobs.changes]
    job = store.jobs.add(Job(kind="image"))
    seen.append(store.jobs.changes)
    store.jobs.update(job.id, lambda one: setattr(one, "state", "running"))
    seen.append(store.jobs.changes)
    store.jobs.remove(job.id)
    seen.append(store.jobs.changes)
    assert seen == [0, 1, 2, 3]
    other = store.jobs.add(Job(kind="image"))
    store.jobs.update(other.id, lambda one: None)
    store.jobs.find()
    assert store.jobs.changes == 4


def test_a_change_that_raises_or_breaks_the_document_writes_nothing(store):
    """What `change` raises goes through; what would not read back is refused."""
    first, second = store.posts.add(post()), store.posts.add(post())

    def fail_on_second(one):
        one.title = "changed"
        if one.id == second.id:
            raise Conflict("Not now.")

    with pytest.raises(Conflict):
        store.posts.update_many([first.id, second.id], fail_on_second)
    assert store.posts.get(first.id).title == ""
    with pytest.raises(StudioError) as caught:
        store.posts.update(first.id, lambda one: one.asset_ids.clear())
    assert caught.value.field == "asset_ids"
    assert store.posts.get(first.id).asset_ids == ["a"]


def post():
    return Post(character_id="mira", asset_ids=["a"])


def test_what_is_not_there_is_not_found_and_ids_are_taken_once(store):
    """Sentences name the kind; a second document with an id is a conflict."""
    with pytest.raises(NotFound, match="no job with the id"):
        store.jobs.get("nope")
    with pytest.raises(NotFound):
        store.posts.update("nope", lambda one: None)
    with pytest.raises(NotFound):
        store.assets.remove("nope")
    with pytest.raises(NotFound):
        store.characters.versions("nope")
    job = store.jobs.add(Job(kind="image"))
    with pytest.raises(Conflict):
        store.jobs.add(Job(id=job.id, kind="image"))
    store.jobs.remove(job.id)
    with pytest.raises(NotFound):
        store.jobs.get(job.id)
    assert store.jobs.count() == 0


@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_hold_together_while_documents_come_and_go(store, newest_first):
    """Walking by cursor shows every document that stayed exactly once, whatever is added or removed meanwhile."""
    ids = [store.jobs.add(Job(kind="image", order=n)).id for n in range(25)]
    seen, cursor = [], None
    while True:
        page = store.jobs.find(lambda one: one["order"] >= 0, limit=7, cursor=cursor, newest_first=newest_first)
        seen += [one.id for one in page.items]
        store.jobs.add(Job(kind="image", order=-1))
        if len(seen) == 7:
            store.jobs.remove(seen[-1])
            store.jobs.remove(seen[0])
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == (ids[::-1] if newest_first else ids)
    assert page.total == 23
    assert store.jobs.count(lambda one: one["order"] >= 0) == 23
    assert [one.id for one in store.jobs.find(limit=3).items] == [one.id for one in store.jobs.all()[:-4:-1]]


@pytest.mark.parametrize("cursor", ["x", "💥", "MTouLi8uLg", "MjphYmM", "=" * 400])
def test_a_made_up_cursor_is_refused(store, cursor):
    """A cursor from elsewhere is a mistake of the caller, not a crash."""
    with pytest.raises(BadRequest):
        store.jobs.find(cursor=cursor)


def test_files_roll_over_and_are_found_again(paths, monkeypatch):
    """No file holds more than its bound; a restart finds every document, on one write per file for bulk changes."""
    monkeypatch.setattr("studio.store.collection.RollingCollection.__init__.__kwdefaults__", {"most": 4, "warm": 2})
    with Store.open(paths) as store:
        store.assets._most = 4
        ids = [
            store.assets.add(asset(character_id="mira", created_at="2026-11-23T00:00:00.000Z")).id for _ in range(18)
        ]
        jobs = [store.jobs.add(Job(kind="image", created_at="2026-10-01T00:00:00.000Z")).id for _ in range(9)]
        store.assets.update_many(ids, lambda one: setattr(one, "starred", True))
        store.assets.remove(ids[0])
    folder = paths.month("mira", "2026-11")
    names = {path.name for path in folder.glob("*.json")}
    assert names == {"assets.json", "assets-2.json", "assets-3.json", "assets-4.json", "assets-5.json"}
    assert len(json.loads((folder / "assets.json").read_bytes())["assets"]) == 3
    assert len(list((paths.house / "jobs").glob("2026-10*.json"))) == 3
    with Store.open(paths) as store:
        assert [one.id for one in store.assets.all()] == ids[1:]
        assert all(one.starred and one.revision == 2 for one in store.assets.all())
        assert [one.id for one in store.jobs.all()] == jobs
        store.assets._most = 4
        store.assets.add(asset(character_id="mira", created_at="2026-11-23T00:00:00.000Z"))
        assert json.loads((folder / "assets-5.json").read_bytes())["assets"].keys() >= {ids[-1]}


def test_unknown_fields_survive(paths):
    """A field of a newer version or another tool is kept through reading, changing and writing."""
    with Store.open(paths) as store:
        one = store.assets.add(asset(aura={"hue": [1, 2]}, recipe={"prompt": "x", "spell": "ü"}))
    with Store.open(paths) as store:
        store.assets.update(one.id, lambda doc: setattr(doc, "starred", True))
    with Store.open(paths) as store:
        found = store.assets.get(one.id).as_json()
    assert (found["aura"], found["recipe"]["spell"]) == ({"hue": [1, 2]}, "ü")


def test_old_documents_are_brought_to_todays_shape_step_by_step(paths, monkeypatch):
    """With a registered step, an old document reads in the new shape, is written so at its next change, others wait."""
    with Store.open(paths) as store:
        old = [store.jobs.add(Job(kind="image", request={"n": n})).id for n in range(2)]

    def name_the_count(job):
        job["request"]["count"] = job["request"].pop("n")
        return job

    def double_the_count(job):
        job["request"]["count"] *= 2
        return job

    monkeypatch.setitem(migrations.STEPS, "job", (name_the_count, double_the_count))
    for _ in range(2):
        with Store.open(paths) as store:
            assert [one.request for one in store.jobs.all()] == [{"count": 0}, {"count": 2}]
            assert store.jobs.find(lambda one: one["request"]["count"] == 2).total == 1
            store.jobs.update(old[1], lambda one: setattr(one, "owner", one.owner + "me"))
            assert store.jobs.get(old[1]).request == {"count": 2}
            assert store.jobs.find(lambda one: one["request"]["count"] == 2).total == 1
    with Store.open(paths) as store:
        assert store.jobs.add(Job(kind="image")).schema_ == 3
    (file,) = (paths.house / "jobs").glob("*.json")
    on_disk = json.loads(file.read_bytes())["jobs"]
    assert [on_disk[id]["schema"] for id in old] == [1, 3]
    assert on_disk[old[1]]["request"] == {"count": 2}


def test_documents_of_a_newer_studio_are_kept_and_told_about(paths):
    """A higher schema number is neither lowered nor lost; a notice says that a newer studio wrote it."""
    with Store.open(paths) as store:
        one = store.jobs.add(Job(kind="image"))
    (file,) = (paths.house / "jobs").glob("*.json")
    file.write_bytes(file.read_bytes().replace(b'"schema":1', b'"schema":9'))
    with Store.open(paths) as store:
        assert "newer studio" in store.notices[0]
        assert store.jobs.update(one.id, lambda job: setattr(job, "owner", "me")).schema_ == 9


def test_every_kind_has_its_current_schema():
    """The number new documents get is the number their migrations lead to."""
    from studio.domain.character import Character

    for kind, one in {"asset": asset(), "job": Job(kind="x"), "post": post(), "character": Character(name="x")}.items():
        assert one.schema_ == migrations.newest(kind)


def test_a_document_that_does_not_hold_together_is_left_out_and_told(paths):
    """One broken document in a good file costs that document only, and stays in the file."""
    with Store.open(paths) as store:
        good, bad = store.posts.add(post()), store.posts.add(post())
    (file,) = (paths.house / "posts").glob("*.json")
    content = json.loads(file.read_bytes())
    content["posts"][bad.id]["state"] = "lost"
    file.write_text(json.dumps(content), encoding="utf-8")
    with Store.open(paths) as store:
        assert [one.id for one in store.posts.find().items] == [good.id]
        assert any(bad.id in notice for notice in store.notices)
        with pytest.raises(StudioError, match="does not hold together"):
            store.posts.get(bad.id)
        store.posts.update(good.id, lambda one: setattr(one, "title", "x"))
    assert bad.id in json.loads(file.read_bytes())["posts"]


def test_many_threads_lose_nothing(store):
    """Eight threads add, count up one document and list at the same time: every change arrives, nothing breaks."""
    counter = store.jobs.add(Job(kind="count", order=0))
    wrong = []

    def work(number):
        try:
            for _ in range(6):
                store.jobs.update(counter.id, lambda one: setattr(one, "order", one.order + 1))
                one = store.assets.add(asset(tags=[f"t{number}"]))
                store.assets.update(one.id, lambda doc: setattr(doc, "starred", True))
                assert store.assets.get(one.id).starred
                page = store.assets.find(limit=5)
                assert all(doc.id for doc in page.items)
        except Exception as problem:
            wrong.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.jobs.get(counter.id).order == 48
    assert store.assets.count() == 48
    assert store.assets.facets()["tags"] == {f"t{number}": 6 for number in range(8)}


def test_readers_see_whole_documents_while_cold_files_are_rewritten(paths, monkeypatch):
    """Reading a line of a file that another thread replaces gives the old document or the new one, never a piece."""
    monkeypatch.setattr("studio.store.collection.WARM_SHELVES", 1)
    with Store.open(paths) as store:
        for month in ("2026-01", "2026-02"):
            for _ in range(20):
                store.assets.add(asset(created_at=f"{month}-01T00:00:00.000Z", description="x"))
        store.assets._most_warm = 0
        ids = [one.id for one in store.assets.all()]
        stop, wrong = threading.Event(), []

        def read():
            while not stop.is_set():
                for id in ids:
                    text = store.assets.get(id).description
                    if set(text) != {"x"}:
                        wrong.append(text)

        reader = threading.Thread(target=read)
        reader.start()
        for n in range(40):
            store.assets.update(ids[n % 3], lambda one, n=n: setattr(one, "description", "x" * (1 + n * 37 % 90)))
        stop.set()
        reader.join()
        assert wrong == []


def test_orphans_and_missing_files(paths, store):
    """A picture without a document is offered; a document without its picture says so."""
    folder = paths.month("mira", "2026-11")
    (folder / "originals").mkdir(parents=True)
    for name in ("kept.png", "originals/kept.png", "Fremd ü.PNG", ".thumb.png", "notes.txt"):
        (folder / name).write_bytes(b"x")
    paths.exports().joinpath("2026").mkdir(parents=True)
    (paths.exports() / "2026" / "post.png").write_bytes(b"x")
    file = paths.relative(folder / "kept.png")
    kept = store.assets.add(asset(file=file, original_file=paths.relative(folder / "originals/kept.png")))
    gone = store.assets.add(asset(file="outputs/mira/2026-11/gone.png"))
    outside = store.assets.add(asset(file="../../etc/hostname"))
    assert find_orphans(paths, store.assets) == [folder / "Fremd ü.PNG"]
    assert [store.assets.missing(one) for one in (kept, gone, outside)] == [False, True, True]


def test_the_bound_of_a_file_also_counts_bytes(paths, monkeypatch):
    """A few huge documents start a new file too, so that no change becomes slow."""
    monkeypatch.setattr("studio.store.collection.MOST_BYTES", 3000)
    with Store.open(paths) as store:
        for _ in range(3):
            store.assets.add(asset(description="x" * 2500))
    assert len(list(paths.outputs.glob("*/*/assets*.json"))) == 3
