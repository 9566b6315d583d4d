"""Motion over HTTP: a reel from approved pictures, its preview in ranges, its clip in the library."""

import io
import time

import pytest
from PIL import Image, ImageDraw

from tests import sounds


@pytest.fixture(scope="module")
def client(studio):
    with studio.client() as made:
        yield made


def approved(client, number: int) -> str:
    image = Image.new("RGB", (96, 96), (60 * number + 40, 120, 200))
    ImageDraw.Draw(image).ellipse((20 + number, 20, 60, 60), fill=(240, 220, 200))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    made = client.post("/api/v1/assets/import", files={"file": ("a.png", buffer.getvalue(), "image/png")}).json()
    client.patch(f"/api/v1/assets/{made['id']}", json={"state": "approved"}).raise_for_status()
    return made["id"]


def test_a_reel_is_made_watched_and_rendered(client, tmp_path):
    """Begin, change, undo, look at it in ranges, render, watch the clip in ranges, find it."""
    ids = [approved(client, number) for number in range(2)]
    project = client.post("/api/v1/motion/projects", json={"asset_ids": ids, "aspect": "1:1"}).json()
    address = f"/api/v1/motion/projects/{project['id']}"
    assert client.patch(f"{address}/shots", json={"seconds": 0.5}).json()["seconds"] == 1.0
    shot = project["shots"] if "shots" in project else project["reel"]["shots"]
    assert client.patch(f"{address}/shots/{shot[0]['id']}", json={"caption": "Hi <b>"}).json()["can_undo"]
    assert "Hi" in client.get(f"{address}/subtitles", params={"format": "vtt"}).text
    assert client.post(f"{address}/undo").json()["reel"]["shots"][0]["caption"] == ""
    sound = sounds.write(tmp_path / "m.wav", sounds.tone(1.5)).read_bytes()
    refused = client.post("/api/v1/motion/sounds", files={"file": ("m.wav", sound, "audio/wav")})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "licence")
    said = {"licence": "My own work", "name": "Hum"}
    music = client.post("/api/v1/motion/sounds", files={"file": ("m.wav", sound, "audio/wav")}, data=said).json()
    now = client.patch(address, json={"music": {"sound_id": music["id"], "on_beat": False}}).json()
    part = client.get(now["preview_url"], headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content), part.headers["content-type"]) == (206, 100, "video/mp4")
    job = client.post(f"{address}/render").json()
    end = time.monotonic() + 120
    while (view := client.get(f"/api/v1/jobs/{job['id']}").json())["state"] in ("waiting", "running"):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert view["state"] == "succeeded", view["error"]
    clip = client.get(f"/api/v1/assets/{view['assets'][0]}").json()
    assert (clip["kind"], clip["seconds"], clip["recipe"]["parents"]) == ("clip", 1.0, ids)
    file = f"/api/v1/assets/{clip['id']}/file"
    whole = client.get(file)
    middle = client.get(file, headers={"Range": "bytes=100-199"})
    assert (middle.status_code, middle.content) == (206, whole.content[100:200])
    assert middle.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert client.get(file, headers={"Range": "bytes=999999999-"}).status_code == 416
    assert client.get(f"/api/v1/assets/{clip['id']}/thumbnail").headers["content-type"] == "image/webp"
    found = client.get("/api/v1/assets", params={"kind": "clip"}).json()
    assert clip["id"] in [one["id"] for one in found["items"]]
    assert client.delete(f"/api/v1/assets/{clip['id']}").status_code == 204


def test_what_does_not_fit_is_refused_in_words(client):
    """Unknown fields, unknown pictures, an empty reel."""
    assert client.post("/api/v1/motion/projects", json={"asset_ids": ["nobody"]}).status_code == 404
    project = client.post("/api/v1/motion/projects", json={}).json()
    address = f"/api/v1/motion/projects/{project['id']}"
    for body in ({"aspect": "2:1"}, {"colour": 1}, {"preset": "none"}):
        assert client.patch(address, json=body).status_code == 422
    assert client.patch(address, json={"logo": {"image": "in-" + "0" * 32}}).status_code == 404
    refused = client.post(f"{address}/render")
    assert refused.status_code == 422
    assert "2 to 30" in refused.json()["error"]["message"]
    assert client.get(f"{address}/preview").status_code == 422
