"""X's API for one account, written from its documents; every body is held to the network's own schema.

`x_bodies.json` has the request schemas as the network's OpenAPI document describes them, taken from the models its own
kit for Python (xdk) generates out of it; fields the document does not name are forbidden.
"""

import base64
import hashlib
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jsonschema

from tests.networks.mastodon import form_of

BODIES = json.loads(Path(__file__).with_name("x_bodies.json").read_text("utf-8"))["schemas"]


def must_be(name: str, body: dict) -> None:
    """AssertionError unless the body is as the network's schema says."""
    wrong = [f"{'/'.join(map(str, one.path))}: {one.message}" for one in
             jsonschema.Draft202012Validator(BODIES[name]).iter_errors(body)]  # fmt: skip
    assert not wrong, wrong


class Consents:
    """The part of OAuth that a network plays: a page that asks, codes that count once, tokens that rotate. Only the
    newest refresh token of a log-in is good."""

    secret, pkce = "planted-secret-client", True

    def __init__(self):
        self.codes, self.tokens, self.renewing, self.count, self.barred = {}, set(), set(), 0, False

    def consent(self, url: str) -> str:
        """The person says yes; the code of the way back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["state"]
        assert asked["redirect_uri"].startswith("http://127.0.0.1")
        assert not self.pkce or asked["code_challenge_method"] == "S256"
        self.codes[f"code-{len(self.codes)}"] = asked
        return f"code-{len(self.codes) - 1}"

    def expire(self) -> None:
        self.tokens.clear()

    def revoke(self) -> None:
        self.tokens.clear()
        self.renewing.clear()
        self.barred = True

    def is_in(self, request: httpx.Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens

    def grant(self, request: httpx.Request) -> httpx.Response:
        """Tokens for a code or a refresh token."""
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(form["code"], None)
            if not asked or asked["redirect_uri"] != form["redirect_uri"] or self.barred:
                return httpx.Response(400, json={"error": "invalid_grant"})
            if self.pkce:
                digest = hashlib.sha256(form["code_verifier"].encode()).digest()
                assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
        elif form.get("refresh_token") not in self.renewing:
            return httpx.Response(400, json={"error": "invalid_request", "error_description": "token was invalid"})
        self.renewing.discard(form.get("refresh_token"))
        self.count += 1
        access, renewing = f"planted-secret-access-{self.count}", f"planted-secret-refresh-{self.count}"
        self.tokens.add(access)
        self.renewing.add(renewing)
        told = {"token_type": "bearer", "expires_in": 7200, "access_token": access, "refresh_token": renewing}
        return httpx.Response(200, json={**told, "scope": "tweet.read tweet.write users.read"})


class XNetwork(Consents):
    """One account's posts. Words that were just posted are refused; so is a media id without an upload."""

    values = {"client_id": "client-1", "client_secret": "planted-secret-client"}

    def __init__(self):
        super().__init__()
        self.posts, self.media, self.full = {}, {}, False

    def published(self) -> list[str]:
        return [one["text"] for one in self.posts.values() if "reply" not in one]

    def publishes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path == "/2/tweets"

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.url.host == "api.x.com"
        path = request.url.path
        if path == "/2/oauth2/token":
            given = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
            assert given == "client-1:planted-secret-client"
            return self.grant(request)
        if not self.is_in(request):
            return httpx.Response(401, json={"title": "Unauthorized", "type": "about:blank", "status": 401})
        if path == "/2/users/me":
            return httpx.Response(200, json={"data": {"id": "11", "name": "Mira", "username": "mira"}})
        if path == "/2/media/upload":
            return self._upload(form_of(request))
        if path == "/2/media/metadata":
            return self._describe(json.loads(request.content))
        if path == "/2/tweets" and request.method == "POST":
            return self._post(json.loads(request.content))
        if path == "/2/users/11/tweets":
            shown = [self._shown(one) for one in reversed(self.posts.values())]
            return httpx.Response(200, json={"data": shown, "meta": {"result_count": len(shown)}} if shown else
                                  {"meta": {"result_count": 0}})  # fmt: skip
        if path == "/2/tweets/search/recent":
            assert parse_qs(urlsplit(str(request.url)).query)["query"][0].startswith("conversation_id:")
            ann = {"id": "77", "author_id": "5", "text": "Nice &lt;b&gt;coat", "created_at": "2026-11-25T13:00:00.000Z"}
            people = {"users": [{"id": "5", "username": "ann", "name": "Ann"}]}
            return httpx.Response(200, json={"data": [ann], "includes": people, "meta": {"result_count": 1}})
        if found := re.fullmatch(r"/2/tweets/(\d+)", path):
            return self._about(request, found[1])
        return problem(404, "resource-not-found", "Not found")

    def _upload(self, form) -> httpx.Response:
        fields = {name: value.decode() for name, (file, value) in form.items() if not file}
        must_be("MediaUploadRequest", {**fields, "media": "binary"})
        assert form["media"][1].startswith(b"\xff\xd8")
        id = f"18{len(self.media):04}"
        self.media[id] = {"key": f"3_{id}", "alt": ""}
        return httpx.Response(200, json={"data": {"id": id, "media_key": f"3_{id}", "expires_after_secs": 86400}})

    def _describe(self, body) -> httpx.Response:
        must_be("CreateMediaMetadataRequest", body)
        self.media[body["id"]]["alt"] = body["metadata"]["alt_text"]["text"]
        return httpx.Response(200, json={"data": {"id": body["id"]}})

    def _post(self, body) -> httpx.Response:
        must_be("CreatePostsRequest", body)
        if self.full:
            reset = {"x-user-limit-24hour-remaining": "0", "x-user-limit-24hour-reset": "1795614400"}
            return problem(429, "about:blank", "Too Many Requests", reset)
        media = (body.get("media") or {}).get("media_ids", [])
        if any(one not in self.media for one in media) or len(media) > 4:
            return problem(400, "invalid-request", "Your media IDs are invalid.")
        if not media and body["text"] in self.published():
            told = "You are not allowed to create a Tweet with duplicate content."
            return problem(403, "about:blank", told)
        id = str(1000 + len(self.posts))
        self.posts[id] = {**body, "id": id, "keys": [self.media[one]["key"] for one in media]}
        return httpx.Response(201, json={"data": {"id": id, "text": body["text"]}})

    def _shown(self, one) -> dict:
        text = one["text"].replace("&", "&amp;").replace("<", "&lt;")
        urls = []
        for number, link in enumerate(re.findall(r"https?://\S+", text)):
            text = text.replace(link, f"https://t.co/l{number}")
            urls.append({"url": f"https://t.co/l{number}", "expanded_url": link})
        told = {"id": one["id"], "created_at": "2999-01-01T00:00:00.000Z", "entities": {"urls": urls}}
        if one["keys"]:
            told["attachments"] = {"media_keys": one["keys"]}
            text += " https://t.co/picture"
        return {**told, "text": text}

    def _about(self, request, id) -> httpx.Response:
        if request.method == "DELETE":  # the network says the same for what was never there
            self.posts.pop(id, None)
            return httpx.Response(200, json={"data": {"deleted": True}})
        if id not in self.posts:
            return problem(404, "resource-not-found", "Not found")
        counts = {"like_count": 3, "retweet_count": 0, "reply_count": 1, "quote_count": 0, "bookmark_count": 0}
        return httpx.Response(200, json={"data": {**self._shown(self.posts[id]), "public_metrics": counts}})


def problem(status: int, kind: str, words: str, headers: dict | None = None) -> httpx.Response:
    """An error as the network words it."""
    kind = kind if ":" in kind else f"https://api.twitter.com/2/problems/{kind}"
    told = {"title": words.partition(".")[0], "detail": words, "type": kind, "status": status}
    return httpx.Response(status, json=told, headers=headers)
