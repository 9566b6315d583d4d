"""What the API promises word for word: addresses, statuses, the fields of a job, a caption and a post, and that a
document somebody edited by hand opens no door. Pages stay good while a script deletes what it reads.
"""

import json
import os
from pathlib import PurePosixPath

import pytest
from fastapi.testclient import TestClient

from studio.api.app import create
from studio.api.live import Live
from studio.domain.asset import Asset
from studio.domain.character import Reference
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine

ADDRESSES = {
    "/healthz": {"get": 200},
    "/characters": {"post": 201, "get": 200},
    "/characters/{character_id}": {"get": 200, "patch": 200, "delete": 204},
    "/characters/{character_id}/restore": {"post": 200},
    "/characters/{character_id}/export": {"get": 200},
    "/characters/import": {"post": 201},
    "/jobs": {"post": 202, "get": 200},
    "/jobs/{job_id}": {"get": 200},
    "/jobs/{job_id}/preview": {"get": 200},
    "/jobs/{job_id}/events": {"get": 200},
    "/jobs/{job_id}/cancel": {"post": 200},
    "/jobs/{job_id}/retry": {"post": 200},
    "/assets": {"get": 200},
    "/assets/{asset_id}": {"get": 200, "patch": 200, "delete": 204},
    "/assets/{asset_id}/file": {"get": 200},
    "/assets/{asset_id}/thumbnail": {"get": 200},
    "/captions": {"post": 200},
    "/posts": {"post": 201, "get": 200},
    "/posts/{post_id}": {"get": 200},
    "/posts/{post_id}/approve": {"post": 200},
    "/posts/{post_id}/publish": {"post": 200},
}


@pytest.fixture
def house(paths):
    """Services with an engine that needs no model; the queue runs."""
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (FakeEngine(),), FakeDevice())) as opened:
        opened.queue.start()
        yield opened


@pytest.fixture
def client(house):
    """The API over them, without a server."""
    return TestClient(create(house, Live(house.queue)), base_url="http://127.0.0.1:7860", raise_server_exceptions=False)


def code(answer, status: int) -> str:
    """The code of an error answer with this status."""
    assert answer.status_code == status, answer.text
    return answer.json()["error"]["code"]


def finished(client, house, **request) -> dict:
    job = client.post("/v1/jobs", json={"kind": "image", "request": {"prompt": "waving", **request}})
    assert job.status_code == 202, job.text
    house.queue.finished(job.json()["id"], 30)
    return client.get(f"/v1/jobs/{job.json()['id']}").json()


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_promised_address_is_there(client, path):
    """With its methods, the status of success, and the refusals a caller has to expect."""
    described = client.get("/v1/openapi.json").json()["paths"][f"/v1{path}"]
    for method, status in ADDRESSES[path].items():
        assert [one for one in described[method]["responses"] if one.startswith("2")] == [str(status)]
        if path != "/healthz":
            assert {"400", "401", "404", "409", "413", "422"} <= set(described[method]["responses"])


def test_a_job_has_the_promised_fields(client, house):
    """Waiting and finished: state, progress, the ids of its assets, and no error."""
    house.queue.pause()
    job = client.post("/v1/jobs", json={"request": {"prompt": "waving", "steps": 3, "seed": 5, "batch": 2}}).json()
    assert (job["state"], job["assets"], job["error"]) == ("waiting", [], None)
    assert set(job["progress"]) >= {"done", "total", "note", "eta_s"}
    house.queue.resume()
    house.queue.finished(job["id"], 30)
    done = client.get(f"/v1/jobs/{job['id']}").json()
    assert (done["state"], len(done["assets"]), done["error"]) == ("succeeded", 2, None)
    assert done["progress"]["done"] == done["progress"]["total"] > 0
    assert done["progress"]["eta_s"] is None
    assert all(client.get(f"/v1/assets/{one}").json()["job_id"] == job["id"] for one in done["assets"])
    assert job["id"] in [one["id"] for one in client.get("/v1/jobs").json()["items"]]


def test_the_list_of_jobs_has_a_part_for_each(client, house):
    """All, those that are not finished, and those that are, also when many wait; pages of each have an end."""
    done = [finished(client, house)["id"] for _ in range(3)]
    house.queue.pause()
    waits = [client.post("/v1/jobs", json={"request": {"prompt": "waving"}}).json()["id"] for _ in range(3)]
    for query, ids in ({}, waits + done[::-1]), ({"active": True}, waits), ({"active": False}, done[::-1]):
        walked, cursor = [], None
        while True:
            page = client.get("/v1/jobs", params={"limit": 2, **query} | ({"cursor": cursor} if cursor else {})).json()
            walked += [one["id"] for one in page["items"]]
            assert page["total"] == len(ids)
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert walked == ids, query


def test_events_are_server_sent_events(client, house):
    """The media type, and messages of `id:` and `data:` lines with an empty line after each."""
    job = finished(client, house)
    answer = client.get(f"/v1/jobs/{job['id']}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    messages = [one for one in answer.text.split("\n\n") if one and not one.startswith(":")]
    for message in messages:
        number, data = message.split("\n")
        assert number.removeprefix("id: ").isdigit()
        assert json.loads(data.removeprefix("data: "))["state"] == "succeeded"
    assert messages


def test_captions_and_posts_have_the_promised_fields(client, house):
    """Variants of text, hashtags and alt text; a post's files are relative to the data folder."""
    mira = client.post("/v1/characters", json={"name": "Mira"}).json()["id"]
    job = client.post("/v1/jobs", json={"character_id": mira, "request": {"prompt": "waving"}}).json()["id"]
    asset = house.queue.finished(job, 30).assets[0]
    wanted = {"character_id": mira, "asset_ids": [asset], "kind": "caption", "count": 5}
    answer = client.post("/v1/captions", json=wanted).json()
    assert (list(answer), len(answer["variants"])) == (["variants"], 5)
    for one in answer["variants"]:
        assert set(one) == {"text", "hashtags", "alt_text"}
        assert list(one["alt_text"]) == [asset]
    draft = {"character_id": mira, "asset_ids": [asset], "caption": "Rain.", "targets": ["export"]}
    post = client.post("/v1/posts", json=draft).json()
    assert (post["state"], post["files"]) == ("draft", [])
    assert code(client.post(f"/v1/posts/{post['id']}/approve"), 409) == "conflict"  # the picture is not approved
    client.patch(f"/v1/assets/{asset}", json={"state": "approved"})
    client.post(f"/v1/posts/{post['id']}/approve")
    client.post(f"/v1/posts/{post['id']}/publish")
    told = client.get(f"/v1/posts/{post['id']}").json()
    assert told["state"] == "published"
    for one in told["files"]:
        assert not PurePosixPath(one).is_absolute()
        assert ".." not in PurePosixPath(one).parts
        assert "\\" not in one
        assert (house.paths.data / one).is_file()


def test_what_a_state_does_not_allow_is_409(client, house):
    """Cancelling what is finished, trying again what waits, deleting what is not in the trash, drawing the trashed."""
    done = finished(client, house)
    assert code(client.post(f"/v1/jobs/{done['id']}/cancel"), 409) == "conflict"
    assert code(client.post(f"/v1/jobs/{done['id']}/move", json={"position": 1}), 409) == "conflict"
    house.queue.pause()
    waits = client.post("/v1/jobs", json={"request": {"prompt": "waving"}}).json()
    assert code(client.post(f"/v1/jobs/{waits['id']}/retry"), 409) == "conflict"
    assert code(client.delete(f"/v1/assets/{done['assets'][0]}", params={"forever": True}), 409) == "conflict"
    mira = client.post("/v1/characters", json={"name": "Mira"}).json()["id"]
    assert code(client.delete(f"/v1/characters/{mira}", params={"forever": True}), 409) == "conflict"
    client.delete(f"/v1/characters/{mira}")
    wanted = {"character_id": mira, "request": {"prompt": "waving"}}
    assert code(client.post("/v1/jobs", json=wanted), 409) == "conflict"


@pytest.mark.parametrize("kind", ["characters", "posts", "assets", "jobs"])
def test_a_script_that_deletes_what_it_reads_sees_everything(client, house, kind):
    """Page by page, each item moved to the trash before the next page is asked for: none is left out."""
    owner = client.post("/v1/characters", json={"name": "Owner"}).json()["id"]
    for number in range(5):
        if kind == "characters":
            client.post("/v1/characters", json={"name": f"Extra {number}"})
            continue
        job = client.post("/v1/jobs", json={"character_id": owner, "request": {"prompt": "waving"}}).json()["id"]
        asset = house.queue.finished(job, 30).assets[0]
        if kind == "posts":
            client.post("/v1/posts", json={"character_id": owner, "asset_ids": [asset]})
    total = client.get(f"/v1/{kind}").json()["total"]
    gone, cursor = 0, None
    while True:
        page = client.get(f"/v1/{kind}", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        for one in page["items"]:
            assert client.delete(f"/v1/{kind}/{one['id']}").status_code == 204
            gone += 1
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert gone == total >= 5
    assert client.get(f"/v1/{kind}").json()["items"] == []


def test_a_document_edited_by_hand_opens_no_door(client, house, paths):
    """An entry whose file leads out of the data folder, by dots, an absolute path or a link, gives nothing away."""
    secret = paths.data.parent / "secret.png"
    secret.write_bytes(b"secret")
    names = ["../secret.png", "outputs/../../secret.png", str(secret), "..\\secret.png"]
    if hasattr(os, "symlink") and os.name != "nt":
        paths.outputs.mkdir(parents=True, exist_ok=True)
        (paths.outputs / "link.png").symlink_to(secret)
        (paths.outputs / "folder").symlink_to(paths.data.parent)
        names += ["outputs/link.png", "outputs/folder/secret.png"]
    for name in names:
        asset = house.store.assets.add(Asset(file=name, original_file=name, width=1, height=1)).id
        for part in ("file", "original", "thumbnail"):
            answer = client.get(f"/v1/assets/{asset}/{part}")
            assert answer.status_code in (400, 404), (name, part)
            assert b"secret" not in answer.content.replace(b"secret.png", b"")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_among_references_opens_no_door(client, house, paths):
    """A character's folder is the person's own; what a link in it points to is not served, packed or copied."""
    secret = paths.data.parent / "secret.png"
    secret.write_bytes(b"secret")
    mira = client.post("/v1/characters", json={"name": "Mira"}).json()["id"]
    paths.references(mira).mkdir(parents=True)
    (paths.references(mira) / "link.png").symlink_to(secret)
    linked = Reference(file="link.png")
    house.store.characters.update(mira, lambda one: setattr(one, "references", [linked]))
    code(client.get(f"/v1/characters/{mira}/references/{linked.id}"), 404)
    assert b"secret" not in client.get(f"/v1/characters/{mira}/export").content.replace(b"secret.png", b"")
    assert client.post(f"/v1/characters/{mira}/duplicate").json()["references"] == []
