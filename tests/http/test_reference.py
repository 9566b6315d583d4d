"""The API's descriptions: the OpenAPI document, the page made from it, and docs/api.md all name every address."""

import re
from html import unescape
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def test_every_address_is_in_the_docs(api):
    """docs/api.md names each path with each of its methods."""
    text = DOCS.read_text(encoding="utf-8")
    named = set()
    for row in re.findall(r"^\| (.*?) \|", text, re.MULTILINE):
        for words in re.findall(r"((?:`?[A-Z]{3,6}`?,? )+)?`?(?:([A-Z]{3,6}) )?(/[\w/{}]+)`", row):
            methods = re.findall(r"[A-Z]{3,6}", " ".join(words[:2]))
            named |= {(method, words[2]) for method in methods}
    document = api.get("/api/v1/openapi.json").json()
    served = {
        (method.upper(), path.removeprefix("/v1")) for path, methods in document["paths"].items() for method in methods
    }
    assert served <= named, served - named
    assert named <= served, named - served


def test_the_reference_shows_every_address_and_needs_no_network(api):
    """One page, no script, nothing from elsewhere."""
    answer = api.get("/api/docs")
    assert answer.status_code == 200
    for path in api.get("/api/v1/openapi.json").json()["paths"]:
        assert f"/api{path}" in unescape(answer.text)
    assert "<script" not in answer.text
    assert not re.search(r'(src|href)="https?:', answer.text)


def test_both_health_addresses_answer(api):
    """Beside the pages and under the API."""
    for path in ("/healthz", "/api/v1/healthz"):
        assert api.get(path).json()["status"] == "ok"


def test_the_house_tells_how_it_is(api):
    """Health, storage and log, as System shows them."""
    assert api.get("/api/v1/system/health").json()["version"]
    assert api.get("/api/v1/system/storage").status_code == 200
    assert isinstance(api.get("/api/v1/system/log", params={"level": "INFO", "limit": 5}).json()["items"], list)
