"""YouTube's API for one channel, written from its documents: upload sessions that can be asked what arrived.

Addresses, parameters and bodies are held to `youtube_bodies.json`, which has the methods and schemas that are used here
out of the network's own discovery document.
"""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.networks.x import Consents

SPEC = json.loads(Path(__file__).with_name("youtube_bodies.json").read_text("utf-8"))
_TYPES = {"string": str, "boolean": bool, "array": list, "object": dict, "integer": int}


def must_be(name: str, body, where: str = "") -> None:
    """AssertionError unless the body is as the network's discovery document says."""
    schema = SPEC["schemas"][name] if isinstance(name, str) else name
    if "$ref" in schema:
        schema = SPEC["schemas"].get(schema["$ref"], {"type": "object"})
    assert isinstance(body, _TYPES[schema["type"]]), f"{where} is no {schema['type']}"
    assert "enum" not in schema or body in schema["enum"], f"{where}: {body}"
    for key, value in body.items() if schema["type"] == "object" else ():
        assert key in schema.get("properties", {}), f"{where}.{key} is not in the discovery document"
        must_be(schema["properties"][key], value, f"{where}.{key}")


class YouTubeNetwork(Consents):
    """One channel. Google's refresh tokens do not rotate."""

    values = {"client_id": "client-1", "client_secret": "planted-secret-client"}

    def __init__(self):
        super().__init__()
        self.videos, self.sessions, self.reason, self.fate = {}, {}, "", "processed"

    def published(self) -> list[str]:
        return [one["snippet"]["description"] for one in self.videos.values()]

    def publishes(self, request: httpx.Request) -> bool:
        return (
            request.method == "PUT" and "upload_id" in str(request.url) and "*" not in request.headers["content-range"]
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if (request.url.host, path) == ("oauth2.googleapis.com", "/token"):
            form = parse_qs(request.content.decode())
            assert form["client_secret"] == ["planted-secret-client"]
            answer = self.grant(request)
            if "refresh_token" in form and answer.status_code == 200:
                told = answer.json()
                self.renewing = {form["refresh_token"][0]}
                return httpx.Response(200, json={name: told[name] for name in told if name != "refresh_token"})
            return answer
        assert request.url.host == "www.googleapis.com"
        if not self.is_in(request):
            return _error(401, "authError", "Invalid Credentials")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}
        if path.startswith("/upload/"):
            return self._put(request, asked) if request.method == "PUT" else self._session(request, asked)
        what, body = path.removeprefix("/youtube/v3/"), json.loads(request.content or b"null")
        verb = {"GET": "list", "POST": "insert", "PUT": "update", "DELETE": "delete"}[request.method]
        assert set(asked) <= set(SPEC["methods"][f"{what}.{verb}"]), asked
        if what == "channels":
            told = {"title": "Mira", "customUrl": "@mira"}
            return httpx.Response(200, json={"items": [{"id": "UC1", "snippet": told}]})
        return getattr(self, f"_{what}_{verb}")(asked, body)

    def _session(self, request, asked) -> httpx.Response:
        assert asked.pop("uploadType") == "resumable"
        assert set(asked) <= set(SPEC["methods"]["videos.insert"])
        body = json.loads(request.content)
        must_be("Video", body)
        assert body["status"]["privacyStatus"], "without it YouTube decides"
        if self.reason:
            return _error(403, self.reason, "The request cannot be completed")
        if len(body["snippet"]["title"]) > 100 or re.search("[<>]", body["snippet"]["description"]):
            return _error(400, "invalidTitle", "The video title is invalid")
        id = f"u{len(self.sessions)}"
        self.sessions[id] = {
            "body": body,
            "size": int(request.headers["x-upload-content-length"]),
            "got": b"",
            "id": "",
        }
        url = f"https://www.googleapis.com/upload/youtube/v3/videos?uploadType=resumable&upload_id={id}"
        return httpx.Response(200, headers={"location": url})

    def _put(self, request, asked) -> httpx.Response:
        one = self.sessions.get(asked["upload_id"])
        if not one:
            return _error(404, "notFound", "Session not found")
        span, size = request.headers["content-range"].removeprefix("bytes ").split("/")
        assert int(size) == one["size"]
        if span != "*" and not one["id"]:
            begin = int(span.partition("-")[0])
            assert begin <= len(one["got"])
            one["got"] = one["got"][:begin] + request.content
        if len(one["got"]) < one["size"]:
            return httpx.Response(308, headers={"range": f"bytes=0-{len(one['got']) - 1}"} if one["got"] else {})
        if not one["id"]:
            one["id"] = f"v{len(self.videos)}"
            self.videos[one["id"]] = {**one["body"], "id": one["id"]}
        return httpx.Response(200, json=self.videos.get(one["id"], {"id": one["id"]}))

    def _videos_list(self, asked, body) -> httpx.Response:
        found = self.videos.get(asked["id"])
        told = {"status": {**found["status"], "uploadStatus": self.fate, "rejectionReason": "duplicate"},
                "statistics": {"viewCount": "12", "likeCount": "3"}} if found else {}  # fmt: skip
        items = [{"id": asked["id"], asked["part"]: told[asked["part"]]}] if found else []
        return httpx.Response(200, json={"items": items})

    def _videos_update(self, asked, body) -> httpx.Response:
        must_be("Video", body)
        self.videos[body["id"]]["snippet"] = body["snippet"]
        return httpx.Response(200, json=self.videos[body["id"]])

    def _videos_delete(self, asked, body) -> httpx.Response:
        return httpx.Response(204) if self.videos.pop(asked["id"], None) else _error(404, "videoNotFound", "Not found")

    def _commentThreads_list(self, asked, body) -> httpx.Response:
        told = {"authorDisplayName": "@ann", "textDisplay": "Nice <b>coat", "publishedAt": "2026-11-25T13:00:00Z"}
        return httpx.Response(
            200, json={"items": [{"id": "77", "snippet": {"topLevelComment": {"id": "77", "snippet": told}}}]}
        )

    def _comments_insert(self, asked, body) -> httpx.Response:
        must_be("Comment", body)
        return httpx.Response(200, json={"id": f"{body['snippet']['parentId']}.1"})


def _error(status: int, reason: str, words: str) -> httpx.Response:
    told = {"code": status, "message": words, "errors": [{"reason": reason, "domain": "youtube", "message": words}]}
    return httpx.Response(status, json={"error": told})
