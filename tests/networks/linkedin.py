"""LinkedIn's API for one member, written from its documents: versioned, in two steps, with words it escapes itself."""

import json
import re
from urllib.parse import unquote

import httpx

from tests.networks.x import Consents

_AUTHOR = "urn:li:person:p11"
_BODY = {
    "author", "commentary", "visibility", "distribution", "lifecycleState", "isReshareDisabledByAuthor", "content",
}  # fmt: skip


class LinkedInNetwork(Consents):
    """One member. The same words are refused while they are out; versions before 2026 are not spoken any more."""

    values = {"client_id": "client-1", "client_secret": "planted-secret-client", "page": "", "version": ""}
    pkce = False

    def __init__(self):
        super().__init__()
        self.posts, self.images, self.full, self.revoked = {}, {}, False, False

    def published(self) -> list[str]:
        return [_plain(one["commentary"]) for one in self.posts.values()]

    def publishes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path == "/rest/posts"

    def revoke(self) -> None:
        super().revoke()
        self.revoked = True

    def answer(self, request: httpx.Request) -> httpx.Response:
        host, path = request.url.host, unquote(request.url.raw_path.decode().partition("?")[0])
        if (host, path) == ("www.linkedin.com", "/oauth/v2/accessToken"):
            answer = self.grant(request)  # ordinary apps get no refresh token
            told = {name: value for name, value in answer.json().items() if name != "refresh_token"}
            return httpx.Response(
                answer.status_code, json={**told, "expires_in": 5184000} if "error" not in told else told
            )
        if not self.is_in(request):
            code = "REVOKED_ACCESS_TOKEN" if self.revoked else "EXPIRED_ACCESS_TOKEN"
            return _error(401, code, "The token used in the request is not valid")
        if host == "www.linkedin.com" and path.startswith("/dms-uploads/"):
            assert request.content.startswith(b"\xff\xd8")
            self.images[path.removeprefix("/dms-uploads/")] = True
            return httpx.Response(201)
        assert host == "api.linkedin.com"
        if path == "/v2/userinfo":
            return httpx.Response(200, json={"sub": "p11", "name": "Mira", "locale": "en-US"})
        if request.headers.get("linkedin-version", "0") < "202601":
            return _error(426, "NONEXISTENT_VERSION", "Requested version is not active")
        assert request.headers["x-restli-protocol-version"] == "2.0.0"
        if path == "/rest/images":
            assert json.loads(request.content)["initializeUploadRequest"]["owner"] == _AUTHOR
            urn = f"urn:li:image:C{len(self.images)}"
            self.images[urn] = False
            to = f"https://www.linkedin.com/dms-uploads/{urn}"
            return httpx.Response(200, json={"value": {"image": urn, "uploadUrl": to, "uploadUrlExpiresAt": 1}})
        if path == "/rest/posts" and request.method == "POST":
            return self._post(json.loads(request.content))
        if found := re.fullmatch(r"/rest/posts/(urn:li:share:\d+)", path):
            return self._about(request, found[1])
        return _error(404, "NOT_FOUND", "Not found")

    def _post(self, body) -> httpx.Response:
        assert set(body) <= _BODY
        assert body["author"] == _AUTHOR
        if self.full:
            return _error(429, "TOO_MANY_REQUESTS", "Resource level throttle MEMBER DAY limit for calls is reached")
        if not re.fullmatch(r"(?:\\.|\{hashtag\|\\#\|(?:\w|\\_)+\}|[^\\|{}@\[\]()<>#*_~])*", body["commentary"]):
            return _error(400, "INVALID_CONTENT", "commentary has unescaped reserved characters")
        if len(_plain(body["commentary"])) > 3000:
            return _error(422, "FIELD_LENGTH_TOO_LONG", "commentary is too long")
        content = body.get("content", {})
        images = content["multiImage"]["images"] if "multiImage" in content else [content["media"]] if content else []
        assert "multiImage" not in content or len(images) >= 2
        assert all(set(one) <= {"id", "altText"} for one in images)
        if not all(self.images.get(one["id"]) for one in images):
            return _error(400, "MEDIA_ASSET_WAITING_UPLOAD", "The image was not uploaded")
        if not images and any(one["commentary"] == body["commentary"] for one in self.posts.values()):
            return _error(422, "DUPLICATE_POST", "Content is a duplicate of urn:li:share:7000")
        urn = f"urn:li:share:{7000 + len(self.posts)}"
        self.posts[urn] = body
        return httpx.Response(201, headers={"x-restli-id": urn})

    def _about(self, request, urn) -> httpx.Response:
        if request.method == "DELETE":
            assert request.headers["x-restli-method"] == "DELETE"
            return httpx.Response(204) if self.posts.pop(urn, None) else _error(404, "NOT_FOUND", "Not found")
        if urn not in self.posts:
            return _error(404, "NOT_FOUND", "Not found")
        assert request.headers["x-restli-method"] == "PARTIAL_UPDATE"
        self.posts[urn].update(json.loads(request.content)["patch"]["$set"])
        return httpx.Response(204)


def _plain(commentary: str) -> str:
    return re.sub(r"\\(.)", r"\1", re.sub(r"\{hashtag\|\\#\|((?:\w|\\_)+)\}", r"#\1", commentary))


def _error(status: int, code: str, words: str) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "code": code, "message": words})
