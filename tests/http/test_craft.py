"""Image craft over the API: wildcard lists, forecasts, grids and comparisons."""


def test_wildcard_lists_over_the_api(api):
    """Listed, written, read, drawn from, taken away and brought back; hostile names and texts are refused."""
    names = [one["name"] for one in api.get("/api/v1/wildcards").json()["items"]]
    assert {"place", "outfit", "color"} <= set(names)
    kept = api.put("/api/v1/wildcards/hüte", json={"text": "top hat\n<script>alert(1)</script>"})
    assert (kept.status_code, kept.json()["values"]) == (200, 2)
    assert api.put("/api/v1/wildcards/hüte", json={"text": "x", "mark": "old"}).status_code == 409
    wanted = {"text": "__hüte__, {a|b}", "seed": 3, "count": 4}
    drawn = api.post("/api/v1/wildcards/draw", json=wanted).json()["items"]
    assert len(drawn) == 4
    assert drawn == api.post("/api/v1/wildcards/draw", json=wanted).json()["items"]
    refused = api.post("/api/v1/wildcards/draw", json={"text": "__nowhere__"})
    assert refused.status_code == 404
    assert "nowhere" in refused.json()["error"]["message"]
    for name in ("..%2Fx", "con", "a%20b", "x" * 61):
        assert api.put(f"/api/v1/wildcards/{name}", json={"text": "x"}).status_code in (404, 405, 422)
    assert api.delete("/api/v1/wildcards/hüte").status_code == 204
    assert api.get("/api/v1/wildcards/hüte").status_code == 404
    assert api.post("/api/v1/wildcards/hüte/restore").json()["text"].startswith("top hat")
    assert api.delete("/api/v1/wildcards/place").status_code == 409


def test_a_forecast_starts_nothing(api):
    """Time with its basis, memory and disk of a job that is not asked for; wrong requests are refused as elsewhere."""
    before = api.get("/api/v1/jobs").json()["total"]
    answer = api.post("/api/v1/jobs/forecast", json={"request": {"prompt": "smiling", "batch": 3}})
    assert answer.status_code == 200
    made = answer.json()
    assert made["pictures"] == 3
    assert made["basis"] in ("measured", "scaled", "benchmark", "unknown")
    assert made["memory"] > 0
    assert made["fits"] in ("yes", "tight", "no")
    assert api.post("/api/v1/jobs/forecast", json={"request": {"prompt": "x", "steps": 9999}}).status_code == 422
    assert api.get("/api/v1/jobs").json()["total"] == before


def test_grids_and_comparisons_over_the_api(api, made):
    """A grid is made, read cell by cell and thrown away; a comparison takes choices; nonsense is refused."""
    base = {"prompt": "smiling", "steps": 2, "upscale": 1, "seed": 3}
    body = {"request": base, "axes": [{"setting": "words", "values": "red hat\nblue hat"}]}
    assert api.post("/api/v1/grids/forecast", json=body).json()["pictures"] == 2
    begun = api.post("/api/v1/grids", json=body)
    assert begun.status_code == 202
    grid = begun.json()
    assert made({"id": grid["job_id"]})["state"] == "succeeded"
    grid = api.get(f"/api/v1/grids/{grid['id']}").json()
    assert [one["at"] for one in grid["pictures"]] == [[0], [1]]
    assert api.get(f"/api/v1/assets/{grid['sheet']}").json()["recipe"]["pipeline"] == "grid"
    compared = api.post("/api/v1/grids/compare", json={"request": base, "prompts": ["sad", "happy"], "seeds": 1}).json()
    chosen = api.post(f"/api/v1/grids/{compared['id']}/choose", json={"row": 0, "variant": 1}).json()
    assert chosen["choices"] == {"0": 1}
    assert [one["by"] for one in chosen["verdicts"]] == ["quality", "identity", "choice"]
    assert api.post(f"/api/v1/grids/{compared['id']}/choose", json={"row": 7, "variant": 0}).status_code == 422
    assert api.post("/api/v1/grids/compare/forecast", json={"request": base, "prompts": ["x"]}).status_code == 422
    assert made({"id": compared["job_id"]})["state"] == "succeeded"
    assert api.post(f"/api/v1/grids/{compared['id']}/sheet").json()["sheet"]
    for axes in ([], [{"setting": "nope", "values": "1"}], [{"setting": "steps", "values": "9999"}]):
        assert api.post("/api/v1/grids", json={"request": base, "axes": axes}).status_code == 422
    assert api.delete(f"/api/v1/grids/{grid['id']}").status_code == 200
    assert grid["id"] not in [one["id"] for one in api.get("/api/v1/grids").json()["items"]]
    assert api.post(f"/api/v1/grids/{grid['id']}/restore").json()["trashed_at"] is None
