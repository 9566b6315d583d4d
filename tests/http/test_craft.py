"""Image craft over the API: wildcard lists and what they draw."""


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
