"""Writers and writing over HTTP: servers added and tried, words streamed, stopped, chosen, counted; keys never told."""

import json
import threading
import time

import pytest
from fastapi.testclient import TestClient

from studio.api.app import create
from studio.api.live import Live
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine
from tests.llm import server, variants


@pytest.fixture
def client(paths, tmp_path, monkeypatch):
    """The API over services with an engine that needs no model."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (FakeEngine(),), FakeDevice())) as house:
        house.queue.start()
        client = TestClient(create(house, Live(house.queue)), base_url="http://127.0.0.1:7860")
        client.house = house
        yield client


@pytest.fixture
def mira(client):
    return client.post("/v1/characters", json={"name": "Mira", "persona": {"topics": ["rain"]}}).json()["id"]


def events(answer) -> list[tuple[str, dict]]:
    """(event, data) of a stream that has ended."""
    parts = [part.split("\n") for part in answer.text.split("\n\n") if part.startswith("event")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in parts]


def test_a_server_is_added_tried_used_and_forgotten(client, mira):
    """Its key is kept and never told; it writes by default; what it used is counted; a wrong address is refused."""
    with server(answer=variants("Rain for me.", hashtags=()), sees=False) as one:
        added = client.post("/v1/writers/endpoints", json={"address": one.address, "key": "sk-secret-123456"})
        assert added.status_code == 201
        assert "sk-secret" not in added.text
        id = added.json()["id"]
        assert client.post(f"/v1/writers/endpoints/{id}/test").json()["model"] == "tiny"
        assert client.get(f"/v1/writers/endpoints/{id}/models").json() == {"items": ["tiny"]}
        listed = {w["id"]: w for w in client.get("/v1/writers").json()["items"]}
        assert (listed[id]["usual"], listed[id]["sees"], listed["builtin"]["ready"]) == (True, False, None)
        written = client.post("/v1/writing", json={"character_id": mira, "kind": "title", "count": 1}).json()
        assert (written["variants"][0]["text"], written["writer"]) == ("Rain for me.", id)
        assert sum(month["calls"] for month in client.get(f"/v1/writers/endpoints/{id}").json()["usage"].values()) == 2
        assert "sk-secret" not in client.get(f"/v1/writers/endpoints/{id}").text
    assert client.post("/v1/writers/builtin/use").status_code == 204
    assert client.delete(f"/v1/writers/endpoints/{id}").status_code == 204
    assert client.get(f"/v1/writers/endpoints/{id}").status_code == 404
    wrong = client.post("/v1/writers/endpoints", json={"address": "ftp://x"})
    assert wrong.status_code == 422
    assert "address" in wrong.json()["error"]["message"]


def test_words_are_streamed_chosen_and_kept(client, mira):
    """begun, text, written; then a choice, the history by kind, and out of it again."""
    with server(answer=variants("Rain for me, and a long sentence after it.", hashtags=()), sees=False) as one:
        client.post("/v1/writers/endpoints", json={"address": one.address, "model": "tiny"})
        body = {"character_id": mira, "kind": "reply", "text": "Nice!", "count": 1}
        heard = events(client.post("/v1/writing/stream", json=body))
    assert [name for name, _ in heard][:1] + [heard[-1][0]] == ["begun", "written"]
    written = heard[-1][1]
    chosen = client.post(f"/v1/writing/{written['id']}/choose", json={"index": 0, "text": "Rain, yes."}).json()
    assert (chosen["chosen"], chosen["chosen_text"]) == (0, "Rain, yes.")
    assert client.get("/v1/writing", params={"character_id": mira, "kind": "reply"}).json()["total"] == 1
    assert client.get(f"/v1/writing/{written['id']}").json()["kind"] == "reply"
    assert client.delete(f"/v1/writing/{written['id']}").status_code == 204
    assert client.get("/v1/writing", params={"kind": "caption"}).json()["total"] == 0


def test_a_stream_says_what_went_wrong_and_can_be_stopped(client, mira):
    """A server that is gone is an `error` event; one that goes on for ever is ended by its stream's id."""
    with server() as one:
        gone = client.post("/v1/writers/endpoints", json={"address": one.address, "model": "tiny"}).json()["id"]
    body = {"character_id": mira, "kind": "title", "writer": gone}
    heard = events(client.post("/v1/writing/stream", json=body))
    assert heard[-1][0] == "error"
    assert heard[-1][1]["code"] == "writer"
    assert client.post("/v1/writing", json=body).status_code == 502
    assert client.post("/v1/writing/stream/none/stop").status_code == 404
    with server(way="trickles") as one:
        on = client.post("/v1/writers/endpoints", json={"address": one.address, "model": "tiny"}).json()["id"]
        done = []
        ask = lambda: done.append(events(client.post("/v1/writing/stream", json=body | {"writer": on})))
        thread = threading.Thread(target=ask)
        thread.start()
        end = time.monotonic() + 20
        while not (running := list(client.house.writing.streams)) and time.monotonic() < end:
            time.sleep(0.02)
        assert client.post(f"/v1/writing/stream/{running[0]}/stop").status_code == 204
        thread.join(20)
    assert done[0][0][0] == "begun"
    assert "written" not in [name for name, _ in done[0]]


def test_what_a_writer_cannot_and_lengths(client):
    """Kinds with reasons; counts per network; looking for servers answers with a list."""
    kinds = {one["id"]: one for one in client.get("/v1/writing/kinds", params={"writer": "builtin"}).json()["items"]}
    assert kinds["reply"]["why"]
    lengths = client.post("/v1/writing/lengths", json={"text": "é" * 300}).json()["items"]
    assert {one["id"]: one["fits"] for one in lengths}["x"] is False
    assert isinstance(client.post("/v1/writers/find").json()["items"], list)
