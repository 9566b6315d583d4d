"""A Mastodon server and a Pixelfed one, written from their documents: media, posts, keys, contexts."""

import json
import re
from email import message_from_bytes, policy
from urllib.parse import parse_qs, urlsplit

import httpx


class MastodonNetwork:
    """One account's posts. Uploads above the first are still being read at the first look; an upload fits one post."""

    values = {"server": "https://social.invalid", "token": "planted-secret-token"}
    heeds_keys, media_path, reading = True, "/api/v2/media", True

    def __init__(self):
        self.posts, self.media, self.keys, self.open, self.barred = {}, {}, {}, True, False
        self.own = {"id": "11", "username": "mira", "acct": "mira", "url": "https://social.invalid/@mira"}

    def published(self) -> list[str]:
        return [one["text"] for one in self.posts.values() if not one["in_reply_to_id"]]

    def publishes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path == "/api/v1/statuses"

    def expire(self) -> None:
        self.open = False

    def revoke(self) -> None:
        self.open = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if not self.open or request.headers.get("authorization") != f"Bearer {self.values['token']}":
            return httpx.Response(401, json={"error": "The access token is invalid"})
        if path == "/api/v1/accounts/verify_credentials":
            return httpx.Response(200, json=self.own)
        if path == "/api/v1/apps/verify_credentials":
            return httpx.Response(200, json={"name": "Studio", "scopes": ["read", "write"]})
        if path == "/api/v2/instance":
            posts = {"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23}
            media = {"image_size_limit": 16777216, "image_matrix_limit": 33177600}
            return httpx.Response(200, json={"configuration": {"statuses": posts, "media_attachments": media}})
        if path == self.media_path and request.method == "POST":
            return self._upload(request)
        if found := re.fullmatch(r"/api/v1/media/(\w+)", path):
            return self._look(found[1])
        if path == "/api/v1/statuses" and request.method == "POST":
            return self._post(json.loads(request.content), request.headers.get("idempotency-key", ""))
        if path == "/api/v1/accounts/11/statuses":
            most = int(parse_qs(urlsplit(str(request.url)).query)["limit"][0])
            return httpx.Response(200, json=[_shown(one) for one in reversed(self.posts.values())][:most])
        if found := re.fullmatch(r"/api/v1/statuses/(\w+)(/\w+)?", path):
            return self._about(request, found[1], found[2] or "")
        return httpx.Response(404, json={"error": "Record not found"})

    def _upload(self, request) -> httpx.Response:
        form = form_of(request)
        assert form["file"][1].startswith(b"\xff\xd8")
        id = f"9{len(self.media)}"
        self.media[id] = {"id": id, "type": "image", "description": (form.get("description") or ("", b""))[1].decode()}
        self.media[id]["bytes"] = form["file"][1]
        self.media[id]["looks"] = 1 if self.reading and len(self.media) > 1 else 0
        return httpx.Response(202 if self.media[id]["looks"] else 200, json={"id": id, "type": "image", "url": None})

    def _look(self, id) -> httpx.Response:
        if id not in self.media:
            return httpx.Response(404, json={"error": "Record not found"})
        ready = self.media[id]["looks"] <= 0
        self.media[id]["looks"] -= 1
        return httpx.Response(200 if ready else 206, json={"id": id})

    def _post(self, given: dict, key: str) -> httpx.Response:
        assert key
        if self.heeds_keys and key in self.keys:
            return httpx.Response(200, json=_shown(self.posts[self.keys[key]]))
        if len(given["status"]) > 500:
            return httpx.Response(422, json={"error": "Validation failed: Text character limit of 500 exceeded"})
        used = {part["id"] for one in self.posts.values() for part in one["media_attachments"]}
        media = given.get("media_ids", [])
        if any(one not in self.media or one in used for one in media):
            return httpx.Response(422, json={"error": "Validation failed: Media not found or already in use"})
        id = str(1000 + len(self.posts))
        self.posts[id] = {
            "id": id, "text": given["status"], "url": f"https://social.invalid/@mira/{id}", "account": self.own,
            "created_at": "2999-01-01T00:00:00.000Z", "in_reply_to_id": given.get("in_reply_to_id"),
            "visibility": given["visibility"], "media_attachments": [self.media[one] for one in media],
        }  # fmt: skip
        self.keys[key] = id
        return httpx.Response(200, json=_shown(self.posts[id]))

    def _about(self, request, id, what) -> httpx.Response:
        ann = {"id": "77", "account": {"acct": "ann@other.invalid"}, "content": "<p>Nice &lt;b&gt;coat</p>",
               "created_at": "2026-11-25T13:00:00.000Z", "visibility": "unlisted", "in_reply_to_id": id}  # fmt: skip
        if id == "77":
            return httpx.Response(200, json=ann)
        if id not in self.posts:
            return httpx.Response(404, json={"error": "Record not found"})
        if what == "/context":
            return httpx.Response(200, json={"ancestors": [], "descendants": [ann]})
        if request.method == "DELETE":
            return httpx.Response(200, json=_shown(self.posts.pop(id)))
        if request.method == "PUT":
            given = json.loads(request.content)
            self.posts[id]["text"] = given["status"]
            self.posts[id]["media_attachments"] = [self.media[one] for one in given["media_ids"]]
        return httpx.Response(200, json=_shown(self.posts[id]))


class PixelfedNetwork(MastodonNetwork):
    """It takes uploads at the older address, knows no keys, and does not answer about uploads."""

    heeds_keys, media_path, reading = False, "/api/v1/media", False

    def _look(self, id):
        return httpx.Response(404, json={"error": "Record not found"})


def form_of(request: httpx.Request) -> dict[str, tuple[str, bytes]]:
    """(file name, content) of every field of a form."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = message_from_bytes(head + request.content, policy=policy.HTTP).iter_parts()
    return {
        part.get_param("name", header="content-disposition"): (part.get_filename() or "", part.get_payload(decode=True))
        for part in parts
    }


def _shown(one: dict) -> dict:
    words = one["text"].replace("&", "&amp;").replace("<", "&lt;").replace("\n\n", "</p><p>").replace("\n", "<br />")
    counts = {"favourites_count": 3, "reblogs_count": 0, "replies_count": 1}
    media = [{"id": part["id"], "description": part["description"]} for part in one["media_attachments"]]
    return one | {"text": None, "content": f"<p>{words}</p>", "media_attachments": media} | counts
