"""Models and LoRAs over the API of a real studio, against a local server that speaks the Hub's addresses."""

import os
import time

import pytest

from tests.hub import HubServer
from tests.weights import checkpoint, diffusers_folder, kohya, safetensors

REPO = "someone/dream"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = HubServer()
    folder = diffusers_folder(tmp_path_factory.mktemp("origin") / "m")
    safetensors(folder / "unet" / "diffusion_pytorch_model.safetensors", {"a": (500, 500)}, fill=os.urandom(999))
    (folder / "LICENSE").write_text("Be kind.")
    running.add_folder(REPO, folder)
    yield running
    running.close()


@pytest.fixture(scope="module")
def api(server, start_studio, tmp_path_factory):
    """A client of a studio whose Hub is the local server and whose caches are empty."""
    folder = tmp_path_factory.mktemp("models-studio")
    mine = {"HF_ENDPOINT": server.url, "HF_HUB_CACHE": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "config"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}  # fmt: skip
    before = dict(os.environ)
    os.environ.update(mine)
    try:
        running = start_studio(folder)
    finally:
        os.environ.clear()
        os.environ.update(before)
    with running.client() as client:
        yield client
    assert running.stop() == 0


def done(api, job: dict, timeout=60) -> None:
    """Waits until a download has left the list; fails when it failed."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        mine = [one for one in api.get("/api/v1/models/downloads").json()["items"] if one["id"] == job["id"]]
        if not mine:
            return
        assert mine[0]["state"] not in ("failed", "paused"), mine
        time.sleep(0.05)
    raise AssertionError("the download did not end")


def test_a_model_from_look_up_to_trash(api):
    """Looked up, downloaded, read, patched, made the default, removed, restored, deleted."""
    told = api.get("/api/v1/models/lookup", params={"repo": REPO}).json()
    assert (told["family"], told["licence"]["light"]) == ("sd15", "green")
    asked = api.post("/api/v1/models/download", json={"repo": REPO, "name": "Dream"})
    assert asked.status_code == 202, asked.text
    done(api, asked.json())
    card = api.get("/api/v1/models/dream").json()
    assert (card["state"], card["family"], card["kept"]) == ("installed", "sd15", True)
    assert api.get("/api/v1/models/dream/licence").text == "Be kind."
    assert "dream" in [one["id"] for one in api.get("/api/v1/models", params={"state": "installed"}).json()["items"]]
    changed = api.patch("/api/v1/models/dream", json={"notes": "Fine", "defaults": {"steps": 9}})
    assert changed.json()["defaults"] == {"steps": 9}
    assert api.post("/api/v1/models/dream/default").json()["default"]
    assert api.delete("/api/v1/models/dream").status_code == 204
    assert [one["id"] for one in api.get("/api/v1/models", params={"state": "trashed"}).json()["items"]] == ["dream"]
    assert api.post("/api/v1/models/dream/restore").json()["state"] == "installed"
    assert api.delete("/api/v1/models/dream", params={"forever": True}).status_code == 204
    assert api.get("/api/v1/models/dream").status_code == 404


def test_pausing_over_the_api(api, server):
    """Pause, resume, cancel; the events carry downloads."""
    server.held = "diffusion"
    server.gate.clear()
    job = api.post("/api/v1/models/download", json={"repo": REPO}).json()
    twice = api.post("/api/v1/models/download", json={"repo": REPO})
    assert (twice.status_code, twice.json()["error"]["code"]) == (409, "conflict")
    paused = api.post(f"/api/v1/models/downloads/{job['id']}/pause").json()
    assert paused["state"] in ("pausing", "paused")
    with api.stream("GET", "/api/v1/events") as stream:
        first = next(line for line in stream.iter_lines() if line.startswith("data:"))
    assert '"downloads":[{' in first
    server.gate.set()
    assert api.post(f"/api/v1/models/downloads/{job['id']}/nonsense").status_code == 422
    assert api.delete(f"/api/v1/models/downloads/{job['id']}").status_code == 204
    assert api.get(f"/api/v1/models/downloads/{job['id']}").status_code == 404
    assert api.get("/api/v1/models/downloads").json()["total"] == 0


def test_imports_over_the_api(api, tmp_path):
    """A file used where it lies, a copy as a job, a LoRA, and what is refused."""
    path = checkpoint(tmp_path / "anime.safetensors", 2048)
    made = api.post("/api/v1/models/import", json={"path": str(path)})
    assert (made.status_code, made.json()["model"]["id"]) == (201, "anime")
    copied = api.post("/api/v1/models/import", json={"path": str(diffusers_folder(tmp_path / "m")), "mode": "copy"})
    assert copied.status_code == 202
    done(api, copied.json()["download"])
    lora = api.post("/api/v1/models/import", json={"path": str(kohya(tmp_path / "l.safetensors", 2048))})
    assert lora.json()["lora"]["base"] == "sdxl"
    (tmp_path / "x.ckpt").write_bytes(b"PK\x03\x04")
    refused = api.post("/api/v1/models/import", json={"path": str(tmp_path / "x.ckpt")})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "path")
    assert "pickle" in refused.json()["error"]["message"]
    assert api.post("/api/v1/models/import", json={"path": "/", "mode": "move"}).status_code == 422
    assert api.post("/api/v1/models/import", json={"paht": "/"}).status_code == 422


def test_loras_over_the_api(
    api,
    tmp_path,
):
    """Uploaded with its words, listed, changed, removed and brought back."""
    path = kohya(tmp_path / "mira.safetensors", 768, metadata={"modelspec.trigger_phrase": "mira"}, fill=b"\7")
    with path.open("rb") as file:
        made = api.post("/api/v1/loras/import", files={"file": ("Mira v2.safetensors", file)})
    assert made.status_code == 201, made.text
    lora = made.json()
    assert (lora["base"], lora["triggers"], lora["format"]) == ("sd15", ["mira"], "kohya")
    assert len(lora["hash"]) == 12
    listed = api.get("/api/v1/loras", params={"text": "mira", "base": "sd15"}).json()
    assert [one["id"] for one in listed["items"]] == [lora["id"]]
    address = f"/api/v1/loras/{lora['id']}"
    assert api.patch(address, json={"strength": 1.2, "triggers": ["a", " b "]}).json()["triggers"] == ["a", "b"]
    assert api.patch(address, json={"strength": 99}).json()["error"]["field"] == "strength"
    assert api.patch(address, json={"base": "magic"}).json()["error"]["field"] == "base"
    assert api.get(f"{address}/preview").status_code == 404
    assert api.put(f"{address}/preview", json={"asset_id": "none"}).status_code == 404
    assert api.delete(address).status_code == 204
    assert api.get("/api/v1/loras", params={"trashed": True}).json()["total"] == 1
    assert api.post(f"{address}/restore").json()["trashed_at"] is None
    assert api.delete(address, params={"forever": True}).status_code == 204
    assert api.get(address).status_code == 404
    for content in (b"PK\x03\x04junk" * 9, b"x" * 40):
        bad = api.post("/api/v1/loras/import", files={"file": ("a.safetensors", content)})
        assert bad.status_code == 422, bad.text


def test_the_token_is_never_told(api):
    """Kept, known to be there, forgotten; nothing answers with it."""
    assert api.get("/api/v1/models/token").json()["set"] is False
    assert api.put("/api/v1/models/token", json={"token": "hf_secret"}).status_code == 204
    told = api.get("/api/v1/models/token")
    assert told.json()["set"] is True
    assert "hf_secret" not in told.text
    assert "hf_secret" not in api.get("/api/v1/system/log", params={"level": "DEBUG", "limit": 1000}).text
    assert api.delete("/api/v1/models/token").status_code == 204
    assert api.get("/api/v1/models/token").json()["set"] is False


def test_refusals_have_their_status(api):
    """What is not there, what makes no sense, what cannot be reached."""
    assert api.get("/api/v1/models/lookup", params={"repo": "nobody/nothing"}).status_code == 404
    assert api.get("/api/v1/models/lookup", params={"repo": "nonsense"}).status_code == 422
    assert api.post("/api/v1/models/download", json={}).status_code == 422
    assert api.get("/api/v1/models/nonsense").status_code == 404
    assert api.delete("/api/v1/models/starter").status_code == 404
    assert api.post("/api/v1/models/nonsense/load").status_code == 404
    assert api.post("/api/v1/models/adopt", json={"key": "nonsense"}).status_code == 404
    assert api.get("/api/v1/models/found").json()["total"] == 0
    assert api.get("/api/v1/models/starter").json()["built_in"]
