"""Training over the API: a dataset, a job that can be watched and stopped, refusals. With the starter model."""

import io

import pytest
from PIL import Image, ImageDraw


def png(colour: str) -> bytes:
    image = Image.new("RGB", (256, 256), colour)
    ImageDraw.Draw(image).ellipse((60, 40, 190, 200), fill="wheat")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def draft(api):
    """A character with four uploaded pictures in a draft."""
    who = api.post("/api/v1/characters", json={"name": "Trained Tess", "appearance": {"presents_as": "woman"}}).json()
    answer = api.post("/api/v1/training", json={"character_id": who["id"]})
    assert answer.status_code == 201, answer.text
    id = answer.json()["id"]
    for colour in ("navy", "teal", "olive", "maroon"):
        files = {"file": (f"{colour}.png", png(colour), "image/png")}
        said = {"origin": "fictional"}
        assert api.post(f"/api/v1/training/{id}/uploads", files=files, data=said).status_code == 200
    return api.get(f"/api/v1/training/{id}").json()


def test_a_dataset_is_put_together(api, draft):
    """Captions, trigger and crops by PATCH; squares by address; problems and notes come with it."""
    assert (draft["state"], len(draft["pictures"]), draft["problems"]) == ("draft", 4, [])
    assert "4 pictures work" in draft["notes"][0]
    first = draft["pictures"][0]
    square = api.get(f"/api/v1/training/{draft['id']}/pictures/{first['id']}")
    assert Image.open(io.BytesIO(square.content)).size == (256, 256)
    change = {"trigger": "tessvi", "preset": "Quick", "pictures": [{"id": first["id"], "caption": "tessvi, waving"}]}
    changed = api.patch(f"/api/v1/training/{draft['id']}", json=change).json()
    assert [one["caption"] for one in changed["pictures"]] == ["tessvi, waving", *["tessvi woman"] * 3]
    assert api.get("/api/v1/training/candidates", params={"character_id": draft["character_id"]}).json()["items"] == []
    listed = api.get("/api/v1/training", params={"character_id": draft["character_id"]}).json()
    assert [one["id"] for one in listed["items"]] == [draft["id"]]


def test_what_is_wrong_is_refused(api, draft):
    """Unknown things are 404, words that do not fit 422 with the field, hostile files 422."""
    at = f"/api/v1/training/{draft['id']}"
    assert api.get("/api/v1/training/nobody").status_code == 404
    assert api.patch(at, json={"trigger": "<script>"}).json()["error"]["field"] == "trigger"
    assert api.patch(at, json={"speed": 9}).status_code == 422
    assert api.post(f"{at}/uploads", content=b"MZ no picture").status_code == 422
    assert api.get(f"{at}/samples/bare/0").status_code == 404
    assert api.get(f"{at}/samples/..%2Fbare/0").status_code == 404
    assert api.post(f"{at}/choose", json={"step": 80}).status_code == 404
    assert api.delete(at, params={"forever": True}).status_code == 409


def test_a_training_is_a_job_that_can_be_stopped(api, draft, made):
    """202 once it is safe, progress while it runs, cancelled at the next step; then it may go to the trash and back."""
    at = f"/api/v1/training/{draft['id']}"
    job = api.post(f"{at}/start")
    assert job.status_code == 202, job.text
    assert api.post(f"{at}/start").status_code == 409
    assert api.patch(at, json={"trigger": "other"}).status_code == 409
    assert api.get(f"{at}/live").json()["steps"] > 0
    api.post(f"/api/v1/jobs/{job.json()['id']}/cancel")
    assert made(job.json())["state"] == "cancelled"
    assert api.get(at).json()["state"] == "cancelled"
    assert api.delete(at).status_code == 204
    assert api.post(f"{at}/restore").json()["state"] == "cancelled"
    assert api.post(f"{at}/again").status_code == 201
