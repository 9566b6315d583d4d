"""Pictures from pictures over the API, with the starter model: handed in, changed, repainted only where asked."""

import io
import time

from PIL import Image, ImageChops


def png(image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def finished(api, job):
    end = time.monotonic() + 120
    while job["state"] in ("waiting", "running") and time.monotonic() < end:
        time.sleep(0.1)
        job = api.get(f"/api/v1/jobs/{job['id']}").json()
    assert job["state"] == "succeeded", job["error"]
    return api.get(f"/api/v1/assets/{job['assets'][0]}").json()


def hand_in(api, image) -> str:
    answer = api.post("/api/v1/inputs", files={"file": ("picture é.png", png(image), "image/png")})
    assert answer.status_code == 201
    assert (answer.json()["width"], answer.json()["height"]) == image.size
    return answer.json()["id"]


def test_a_picture_is_changed_and_a_part_of_it_repainted(api):
    """Image to image keeps the composition; a mask keeps every pixel of what is black."""
    settings = {"prompt": "woman with red hair, smiling, plain blue background", "steps": 8, "seed": 3, "upscale": 1}
    first = finished(api, api.post("/api/v1/jobs", json={"request": settings}).json())
    changed = {**settings, "prompt": "woman with black hair, plain green background", "image": first["id"]}
    second = finished(api, api.post("/api/v1/jobs", json={"request": {**changed, "strength": 0.5}}).json())
    assert second["recipe"]["pipeline"] == "image-to-image"
    assert second["recipe"]["parents"] == [first["id"]]

    mask = Image.new("L", (256, 256), 0)
    mask.paste(255, (0, 128, 256, 256))
    repainted = {**changed, "mask": hand_in(api, mask), "strength": 0.9}
    third = finished(api, api.post("/api/v1/jobs", json={"request": repainted}).json())
    open_picture = lambda asset: Image.open(io.BytesIO(api.get(f"/api/v1/assets/{asset['id']}/file").content))
    before, after = open_picture(first).convert("RGB"), open_picture(third).convert("RGB")
    kept, made = (0, 0, 256, 128), (0, 128, 256, 256)
    assert ImageChops.difference(before.crop(kept), after.crop(kept)).getbbox() is None
    assert ImageChops.difference(before.crop(made), after.crop(made)).getbbox() is not None


def test_what_is_no_picture_is_refused(api):
    """Text, nothing, and an id that is none."""
    assert api.post("/api/v1/inputs", content=b"hello").status_code == 422
    assert api.post("/api/v1/inputs", content=b"").status_code == 400
    assert api.get("/api/v1/inputs/in-" + "0" * 32).status_code == 404
    assert api.get("/api/v1/inputs/..%2F..%2Fsettings.json").status_code == 404
    answer = api.post("/api/v1/jobs", json={"request": {"prompt": "a", "image": "nothing"}})
    assert answer.status_code == 404
    assert answer.json()["error"]["field"] == "image"


def test_an_edit_keeps_what_is_outside_the_part(api):
    """The figure's mask and the head's box are answered; an extended picture holds the old one to the pixel."""
    r = Image.effect_noise((120, 150), 60).convert("RGB")
    id = hand_in(api, r)
    behind = api.post(f"/api/v1/inputs/{id}/background")
    assert behind.status_code == 201
    assert (behind.json()["width"], behind.json()["height"]) == r.size
    box = api.get(f"/api/v1/inputs/{id}/head").json()["box"]
    assert box is None or len(box) == 4
    edit = {"mode": "extend", "top": 20, "bottom": 60}
    request = {"prompt": "in the forest", "image": id, "edit": edit, "steps": 2, "seed": 3}
    asset = finished(api, api.post("/api/v1/jobs", json={"request": request}).json())
    after = Image.open(io.BytesIO(api.get(f"/api/v1/assets/{asset['id']}/file").content)).convert("RGB")
    assert (after.size, asset["recipe"]["pipeline"]) == ((120, 230), "outpaint")
    assert ImageChops.difference(after.crop((0, 20, 120, 170)), r).getbbox() is None
    refused = api.post("/api/v1/jobs", json={"request": {**request, "edit": {"mode": "fly"}}})
    assert (refused.status_code, api.post("/api/v1/inputs/in-0/background").status_code) == (422, 404)
