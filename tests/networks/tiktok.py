"""TikTok's API for one account, written from its documents: named, sent or fetched, then worked on for a while."""

import base64
import hashlib
import json
import re
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, unquote

import httpx

from tests.networks.x import Consents

_INFO = {"title", "privacy_level", "disable_comment", "brand_content_toggle", "brand_organic_toggle"}


class TikTokNetwork(Consents):
    """Every post is worked on at the first look and finished at the second. It writes PKCE's challenge in hex."""

    def __init__(self):
        super().__init__()
        self.web = tempfile.TemporaryDirectory()
        self.values = {
            "client_key": "client-1", "client_secret": "planted-secret-client", "who": "only me",
            "folder": self.web.name, "address": "https://media.invalid/mira",
        }  # fmt: skip
        self.posts, self.code, self.fails, self.options = {}, "", "", ["PUBLIC_TO_EVERYONE", "SELF_ONLY"]

    def published(self) -> list[str]:
        return [one["text"] for one in self.posts.values() if one["state"] not in ("PROCESSING_UPLOAD", "FAILED")]

    def publishes(self, request: httpx.Request) -> bool:
        if request.method == "PUT":
            last, size = re.fullmatch(r"bytes \d+-(\d+)/(\d+)", request.headers["content-range"]).groups()
            return int(last) + 1 == int(size)
        return request.url.path.endswith("/content/init/")

    def consent(self, url: str) -> str:
        self.codes[f"code-{len(self.codes)}"] = {
            name: values[0] for name, values in parse_qs(url.partition("?")[2]).items()
        }
        return f"code-{len(self.codes) - 1}"

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.url.host == "media.invalid":
            file = Path(self.web.name) / Path(unquote(path)).name
            return httpx.Response(200, content=file.read_bytes()) if file.is_file() else httpx.Response(404)
        if request.url.host == "upload.tiktokapis.com":
            return self._put(request, path.rpartition("/")[2])
        assert request.url.host == "open.tiktokapis.com"
        if path == "/v2/oauth/token/":
            return self._token(request)
        if not self.is_in(request):
            return _answer(401, "access_token_invalid")
        body = json.loads(request.content)
        if path == "/v2/post/publish/creator_info/query/":
            return _answer(200, "ok", {
                "creator_username": "mira", "creator_nickname": "Mira", "privacy_level_options": self.options,
                "comment_disabled": False, "duet_disabled": True, "stitch_disabled": False,
                "max_video_post_duration_sec": 300,
            })  # fmt: skip
        if self.code and "init" in path:
            return _answer(429 if "rate" in self.code else 403, self.code)
        if path == "/v2/post/publish/video/init/":
            return self._video(body["post_info"], body["source_info"])
        if path == "/v2/post/publish/content/init/":
            return self._photos(body)
        assert path == "/v2/post/publish/status/fetch/"
        return self._status(body["publish_id"])

    def _token(self, request) -> httpx.Response:
        form = parse_qs(request.content.decode())
        assert form["client_secret"] == ["planted-secret-client"]
        asked = self.codes.get(form.get("code", [""])[0])
        if asked:
            digest = hashlib.sha256(form["code_verifier"][0].encode())
            assert asked["code_challenge"] == digest.hexdigest()
            asked["code_challenge"] = base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")
        answer = self.grant(request)
        if answer.status_code != 200:  # it says so with a success
            return httpx.Response(200, json={"error": "invalid_grant", "error_description": "expired", "log_id": "1"})
        return httpx.Response(200, json={**answer.json(), "open_id": "o1", "refresh_expires_in": 15552000})

    def _video(self, info, source) -> httpx.Response:
        assert set(info) == {*_INFO, "is_aigc", "disable_duet", "disable_stitch"}
        assert info["privacy_level"] in self.options
        size, part, count = source["video_size"], source["chunk_size"], source["total_chunk_count"]
        assert count == max(size // part, 1)
        assert part <= 64 * 1024 * 1024
        id = f"v_pub_file~{len(self.posts)}"
        self.posts[id] = {"text": info["title"], "state": "PROCESSING_UPLOAD", "size": size, "got": b"", "info": info}
        return _answer(200, "ok", {"publish_id": id, "upload_url": f"https://upload.tiktokapis.com/video/{id}"})

    def _put(self, request, id) -> httpx.Response:
        one = self.posts[id]
        begin = int(re.match(r"bytes (\d+)", request.headers["content-range"])[1])
        assert begin == len(one["got"])
        assert "authorization" not in request.headers
        one["got"] += request.content
        if len(one["got"]) < one["size"]:
            return httpx.Response(206)
        one["state"] = "PROCESSING"
        return httpx.Response(201)

    def _photos(self, body) -> httpx.Response:
        info, source = body["post_info"], body["source_info"]
        assert set(info) == {*_INFO, "description", "auto_add_music"}
        assert (body["media_type"], body["post_mode"], source["source"]) == ("PHOTO", "DIRECT_POST", "PULL_FROM_URL")
        assert len(info["title"]) <= 90
        files = [Path(self.web.name) / url.rpartition("/")[2] for url in source["photo_images"]]
        if not all(file.is_file() and file.read_bytes().startswith(b"\xff\xd8") for file in files):
            return _answer(400, "invalid_params")
        id = f"p_pub_url~{len(self.posts)}"
        self.posts[id] = {"text": info["description"], "state": "PROCESSING", "info": info}
        return _answer(200, "ok", {"publish_id": id})

    def _status(self, id) -> httpx.Response:
        one = self.posts[id]
        state = one["state"]
        if state == "PROCESSING":
            one["state"] = "FAILED" if self.fails else "PUBLISH_COMPLETE"
            return _answer(200, "ok", {"status": "PROCESSING_DOWNLOAD"})
        told = {"status": state, **({"fail_reason": self.fails} if state == "FAILED" else {})}
        return _answer(
            200, "ok", {**told, "publicaly_available_post_id": [7300]} if state == "PUBLISH_COMPLETE" else told
        )


def _answer(status: int, code: str, data: dict | None = None) -> httpx.Response:
    return httpx.Response(status, json={"data": data or {}, "error": {"code": code, "message": "", "log_id": "1"}})
