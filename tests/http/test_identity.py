"""Identity over the API: the report, the rule, measuring again, the 12-scene test and what is refused."""

import pytest


@pytest.fixture
def bare(api):
    """A character without a reference."""
    return api.post("/api/v1/characters", json={"name": "Bare"}).json()


def test_the_report_and_the_rule(api, bare):
    """The report of a new character says what is missing; its rule is a field of the character, checked and merged."""
    address = f"/api/v1/characters/{bare['id']}"
    report = api.get(f"{address}/identity").json()
    assert (report["measured"], report["mean"], report["threshold"]) == (0, None, 0.5)
    assert report["note"] == "Add a reference to measure identity."
    assert api.patch(address, json={"identity": {"threshold": 0.7}}).json()["identity"]["threshold"] == 0.7
    assert api.get(f"{address}/identity").json()["threshold"] == 0.7
    refused = api.patch(address, json={"identity": {"threshold": 7}})
    assert refused.status_code == 422
    assert "error" in refused.json()


def test_what_cannot_be_measured_is_refused_with_a_hint(api, bare):
    """Without a reference, for an unknown character or an unknown test there is an error that says what to do."""
    address = f"/api/v1/characters/{bare['id']}/identity"
    for path in ("measure", "tests"):
        answer = api.post(f"{address}/{path}", json={})
        assert answer.status_code in (400, 422)
        assert answer.json()["error"]["hint"]
    assert api.get("/api/v1/characters/nobody-here/identity").status_code == 404
    assert api.get(f"{address}/tests/none").status_code == 404
    assert api.get(f"{address}/sheet", params={"test": "none"}).status_code == 404
    assert api.get(f"{address}/tests").json() == {"items": [], "next_cursor": None, "total": 0}
    assert api.post(f"{address}/tests", json={"retries": 99}).status_code == 422
    assert api.post(f"{address}/tests", json={"wrong": 1}).status_code == 422


def test_the_library_takes_the_filter_and_the_order(api):
    """`identity` and `sort` are parameters of the library; other words are refused."""
    assert api.get("/api/v1/assets", params={"identity": "unmeasured", "sort": "identity"}).status_code == 200
    assert api.get("/api/v1/assets", params={"identity": "wrong"}).status_code == 422
    assert api.get("/api/v1/assets", params={"sort": "wrong"}).status_code == 422


def test_a_picture_that_is_brought_in_has_an_identity_part(api, bare):
    """An imported picture of a character says at once why it has no score yet."""
    from studio.services import samples

    content = samples.portrait(samples.sample_characters()[0]).read_bytes()
    asset = api.post(f"/api/v1/assets/import?character_id={bare['id']}", content=content).json()
    assert asset["identity"]["note"] == "Add a reference to measure identity."
    assert asset["identity"]["score"] is None
