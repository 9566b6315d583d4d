"""Ratings over the API: told before anything is made, refused without a job, and found again."""


def test_words_are_rated_and_refused_over_the_api(api):
    """The route tells, a job is not taken, and a character's age counts."""
    assert api.post("/api/v1/rating", json={"text": "a red bikini"}).json()["level"] == "suggestive"
    child = api.post("/api/v1/characters", json={"name": "Tim", "age": 9}).json()
    told = api.post("/api/v1/rating", json={"text": "a red bikini", "character_id": child["id"]}).json()
    assert told["refused"] is True
    mature = api.post("/api/v1/rating", json={"text": "nude", "character_id": None}).json()
    assert "marked as an adult" in mature["missing"]
    before = api.get("/api/v1/jobs").json()["total"]
    for body in (
        {"character_id": child["id"], "request": {"prompt": "a red bikini"}},
        {"request": {"prompt": "n4ked ch1ld"}},
    ):
        answer = api.post("/api/v1/jobs", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "refused")
        assert answer.json()["error"]["field"] == "prompt"
    assert api.post("/api/v1/jobs", json={"request": {"prompt": "nude"}}).json()["error"]["field"] == "prompt"
    assert api.get("/api/v1/jobs").json()["total"] == before
    assert api.get("/api/v1/assets", params={"rating": "mature"}).json()["total"] == 0
    assert api.get("/api/v1/assets", params={"rating": "explicit"}).status_code == 422
    api.delete(f"/api/v1/characters/{child['id']}")
