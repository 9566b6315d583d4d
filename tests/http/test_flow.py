"""The whole loop through the API, on the real server with the starter model: from a character to a package on disk."""

import io
import json
import threading
import time
import zipfile
from pathlib import PurePosixPath

from PIL import Image


def test_from_a_character_to_a_published_package(api, studio):
    """Character, job with previews, asset, approval, captions, post, publishing; every file is where it says."""
    mira = api.post("/api/v1/characters", json={"name": "Nova", "appearance": {"hair_color": "pink"}}).json()
    wanted = {"prompt": "in the city, smiling", "steps": 12, "seed": 11, "batch": 1}
    answer = api.post("/api/v1/jobs", json={"kind": "image", "character_id": mira["id"], "request": wanted})
    assert answer.status_code == 202
    job = answer.json()
    assert job["state"] in ("waiting", "running")
    assert job["character_id"] == mira["id"]

    previews, end = 0, time.monotonic() + 90
    while job["state"] in ("waiting", "running") and time.monotonic() < end:
        job = api.get(f"/api/v1/jobs/{job['id']}").json()
        if job["preview_url"]:
            preview = api.get(job["preview_url"][0])
            if preview.status_code == 200:
                previews += 1
                assert preview.headers["content-type"] == "image/jpeg"
                assert preview.headers["cache-control"] == "no-store"
                assert Image.open(io.BytesIO(preview.content)).format == "JPEG"
    assert job["state"] == "succeeded", job["error"]
    assert previews
    assert job["error"] is None
    assert job["progress"]["done"] == job["progress"]["total"]

    asset = api.get(f"/api/v1/assets/{job['assets'][0]}").json()
    assert (asset["state"], asset["character_id"], asset["recipe"]["seed"]) == ("new", mira["id"], 11)
    assert (studio.data / asset["file"]).is_file()
    assert asset["width"] >= 512
    picture = Image.open(io.BytesIO(api.get(f"/api/v1/assets/{asset['id']}/file").content))
    assert picture.size == (asset["width"], asset["height"])
    assert "parameters" in picture.info
    assert max(Image.open(io.BytesIO(api.get(f"/api/v1/assets/{asset['id']}/thumbnail").content)).size) <= 512

    patch = {"state": "approved", "tags": ["city"], "description": "Nova in town", "starred": True}
    approved = api.patch(f"/api/v1/assets/{asset['id']}", json=patch).json()
    assert {name: approved[name] for name in patch} == patch

    words = {"character_id": mira["id"], "asset_ids": [asset["id"]], "kind": "caption", "count": 5}
    variants = api.post("/api/v1/captions", json=words).json()["variants"]
    assert len({one["text"] for one in variants}) == 5
    assert all(one["alt_text"][asset["id"]] for one in variants)
    assert api.post("/api/v1/captions", json=words).json()["variants"] == variants

    draft = {
        "character_id": mira["id"],
        "asset_ids": [asset["id"]],
        "caption": variants[0]["text"],
        "hashtags": variants[0]["hashtags"],
        "alt_text": variants[0]["alt_text"],
        "targets": ["export"],
    }
    answer = api.post("/api/v1/posts", json=draft)
    assert answer.status_code == 201, answer.text
    post = answer.json()
    assert post["state"] == "draft"
    early = api.post(f"/api/v1/posts/{post['id']}/publish")
    assert early.status_code == 409
    assert api.post(f"/api/v1/posts/{post['id']}/approve").json()["state"] == "approved"
    published = api.post(f"/api/v1/posts/{post['id']}/publish")
    assert published.status_code == 200, published.text
    assert published.json()["state"] == "published"

    files = api.get(f"/api/v1/posts/{post['id']}").json()["files"]
    names = {PurePosixPath(one).name for one in files}
    assert {"caption.txt", "alt.txt", "post.json"} <= names
    assert any(name.endswith(".zip") for name in names)
    for at, one in enumerate(files):
        assert (studio.data / one).is_file(), one
        assert api.get(f"/api/v1/posts/{post['id']}/files/{at}").status_code == 200
    caption = next(studio.data / one for one in files if one.endswith("caption.txt")).read_text(encoding="utf-8")
    assert variants[0]["text"] in caption


def test_a_character_travels_as_a_zip(api, mira):
    """Exported and imported, as the bare body and as a form: a second character with the same everything."""
    zipped = api.get(f"/api/v1/characters/{mira['id']}/export")
    assert zipped.headers["content-type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(zipped.content)).testzip() is None
    for sent in ({"content": zipped.content}, {"files": {"file": ("mira.zip", zipped.content)}}):
        answer = api.post("/api/v1/characters/import", **sent)
        assert answer.status_code == 201, answer.text
        again = answer.json()
        assert again["id"] != mira["id"]
        assert again["appearance"] == mira["appearance"]
        assert again["ingredients"][0]["words"] == "at night"
        api.delete(f"/api/v1/characters/{again['id']}")


def test_a_character_is_changed_trashed_and_brought_back(api):
    """Deep changes, a stale revision refused, the trash and the way back."""
    one = api.post("/api/v1/characters", json={"name": "Juno", "persona": {"humor": 0.9}}).json()
    url = f"/api/v1/characters/{one['id']}"
    changed = api.patch(url, json={"persona": {"creativity": 0.1}, "revision": one["revision"]}).json()
    assert (changed["persona"]["humor"], changed["persona"]["creativity"]) == (0.9, 0.1)
    stale = api.patch(url, json={"bio": "late", "revision": one["revision"]})
    assert stale.status_code == 409
    assert stale.json()["error"]["hint"]
    assert api.get(url).json()["bio"] == ""
    assert api.delete(url).status_code == 204
    assert one["id"] not in [each["id"] for each in api.get("/api/v1/characters?limit=200").json()["items"]]
    assert one["id"] in [each["id"] for each in api.get("/api/v1/characters?trashed=true").json()["items"]]
    assert api.post(f"{url}/restore").json()["trashed_at"] is None


def test_lists_are_paged_without_gaps_or_doubles(api, pictures):
    """Following next_cursor one by one visits every asset once, newest first."""
    whole = [one["id"] for one in api.get("/api/v1/assets?limit=200").json()["items"]]
    walked, cursor = [], None
    while True:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = api.get("/api/v1/assets", params=query).json()
        walked += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert walked == whole
    assert page["total"] == len(whole)


def test_assets_are_filtered_trashed_and_brought_back(api, mira, pictures):
    """By character and state; deleting moves to the trash, restoring returns to the state before."""
    one = pictures[0]
    url = f"/api/v1/assets/{one['id']}"
    api.patch(url, json={"state": "rejected", "rejection_reason": "Hands"})
    mine = {"character_id": mira["id"], "state": "rejected"}
    assert [each["id"] for each in api.get("/api/v1/assets", params=mine).json()["items"]] == [one["id"]]
    assert api.delete(url).status_code == 204
    assert api.get("/api/v1/assets", params=mine).json()["items"] == []
    assert api.get("/api/v1/assets", params={"state": "trashed"}).json()["total"] == 1
    assert api.post(f"{url}/restore").json()["state"] == "rejected"


def test_changes_are_numbered(api, mira, pictures):
    """A page learns from one number per kind whether its lists are still right."""
    before = api.get("/api/v1/system/changes").json()
    api.patch(f"/api/v1/assets/{pictures[0]['id']}", json={"starred": True}).raise_for_status()
    after = api.get("/api/v1/system/changes").json()
    assert after == before | {"assets": before["assets"] + 1}
    api.get("/api/v1/assets").raise_for_status()
    assert api.get("/api/v1/system/changes").json() == after


def test_pictures_may_be_kept_by_the_browser(api, pictures):
    """Files and thumbnails never change: immutable, with a tag that answers 304, private to the user."""
    for kind in ("file", "thumbnail"):
        url = f"/api/v1/assets/{pictures[0]['id']}/{kind}"
        first = api.get(url)
        assert "immutable" in first.headers["cache-control"]
        assert "private" in first.headers["cache-control"]
        again = api.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    part = api.get(f"/api/v1/assets/{pictures[0]['id']}/file", headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, b"\x89PNG\r\n\x1a\n")


def test_the_event_stream_shows_every_step_at_once(api, studio, mira):
    """The pages' stream has the job with growing progress; the job's own stream ends with its last state."""
    seen, ready = [], threading.Event()

    def listen():
        with studio.client() as own, own.stream("GET", "/api/v1/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert "content-encoding" not in stream.headers
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    seen.append(json.loads(line[6:]))
                    ready.set()
                    if len(seen) > 2 and not seen[-1]["jobs"] and any(one["jobs"] for one in seen):
                        return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert ready.wait(5)
    request = {"prompt": "in the forest", "steps": 20, "seed": 3, "batch": 2}
    job = api.post("/api/v1/jobs", json={"character_id": mira["id"], "request": request}).json()
    with api.stream("GET", f"/api/v1/jobs/{job['id']}/events") as stream:
        own = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert own[-1]["state"] == "succeeded"
    steps = [one["progress"]["done"] for one in own if one["state"] == "running"]
    assert steps == sorted(steps)
    assert len(set(steps)) >= 5
    listener.join(20)
    assert not listener.is_alive()
    running = [one["jobs"][0] for one in seen if one["jobs"] and one["jobs"][0]["id"] == job["id"]]
    assert len({one["progress"]["done"] for one in running}) >= 5
    assert any(one["preview_count"] == 2 for one in running)
    versions = [one["version"] for one in seen]
    assert versions == sorted(versions)


def test_a_job_is_cancelled_within_a_second_and_tried_again(api, mira, made):
    """A long job stops between two steps; retried, it waits again; removed, it is gone."""
    request = {"prompt": "at the beach", "steps": 50, "batch": 8, "seed": 1}
    job = api.post("/api/v1/jobs", json={"character_id": mira["id"], "request": request}).json()
    url = f"/api/v1/jobs/{job['id']}"
    end = time.monotonic() + 60
    while api.get(url).json()["progress"]["done"] < 1 and time.monotonic() < end:
        time.sleep(0.05)
    asked = time.monotonic()
    assert api.post(f"{url}/cancel").status_code == 200
    job = made(job)
    assert job["state"] == "cancelled"
    assert time.monotonic() - asked < 3  # a second on a quiet machine
    api.post("/api/v1/queue/pause")
    try:
        assert api.post(f"{url}/retry").json()["state"] == "waiting"
        assert api.delete(url).status_code == 204
        assert api.get(url).status_code == 404
    finally:
        assert api.post("/api/v1/queue/resume").json() == {"paused": False}


def test_the_queue_keeps_its_order(api, mira):
    """Waiting jobs are numbered, move, and are listed in their order."""
    api.post("/api/v1/queue/pause")
    try:
        request = {"prompt": "calm", "steps": 1, "seed": 5}
        ids = [api.post("/api/v1/jobs", json={"request": request}).json()["id"] for _ in range(3)]
        assert api.post(f"/api/v1/jobs/{ids[2]}/move", json={"position": 1}).json()["position"] == 1
        waiting = [one["id"] for one in api.get("/api/v1/jobs?active=true").json()["items"]]
        assert waiting == [ids[2], ids[0], ids[1]]
        for one in ids:
            assert api.post(f"/api/v1/jobs/{one}/cancel").json()["state"] == "cancelled"
    finally:
        api.post("/api/v1/queue/resume")


def test_ten_clients_at_once(studio, mira):
    """Ten scripts make, change and read at the same time: every answer is right, nothing is lost."""
    problems, names = [], []

    def script(number: int):
        try:
            with studio.client() as own:
                for turn in range(4):
                    name = f"Extra {number}-{turn}"
                    one = own.post("/api/v1/characters", json={"name": name}).raise_for_status().json()
                    url = f"/api/v1/characters/{one['id']}"
                    own.patch(url, json={"tags": ["crowd"]}).raise_for_status()
                    own.patch(f"/api/v1/characters/{mira['id']}", json={"bio": name}).raise_for_status()
                    assert own.get(url).json()["name"] == name
                    own.get("/api/v1/assets?limit=5").raise_for_status()
                    names.append(name)
        except Exception as problem:  # a thread's failure must reach the test
            problems.append(problem)

    scripts = [threading.Thread(target=script, args=(number,)) for number in range(10)]
    for one in scripts:
        one.start()
    for one in scripts:
        one.join(60)
    assert not problems
    with studio.client() as own:
        kept = {one["name"] for one in own.get("/api/v1/characters?text=crowd&limit=200").json()["items"]}
    assert kept >= set(names)
    assert len(names) == 40


def test_a_post_goes_out_in_another_format_and_can_be_deleted_for_good(api, mira, pictures):
    """JPEG when asked for; from the trash it is gone for good, its published files stay."""
    asset = pictures[0]["id"]
    api.patch(f"/api/v1/assets/{asset}", json={"state": "approved"}).raise_for_status()
    draft = {"character_id": mira["id"], "asset_ids": [asset], "caption": "Rain."}
    post = f"/api/v1/posts/{api.post('/api/v1/posts', json=draft).json()['id']}"
    api.post(f"{post}/approve").raise_for_status()
    assert api.post(f"{post}/publish", json={"format": "gif"}).status_code == 422
    published = api.post(f"{post}/publish", json={"format": "jpeg"}).raise_for_status().json()
    assert [name for name in published["files"] if name.endswith(".jpg")]
    assert not [name for name in published["files"] if name.endswith(".png")]
    assert api.delete(post, params={"forever": True}).status_code == 409
    assert api.delete(post).status_code == 204
    assert api.delete(post, params={"forever": True}).status_code == 204
    assert api.get(post).status_code == 404
