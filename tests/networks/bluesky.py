"""A server of the AT protocol, written from its documents: sessions, blobs, records by key, the numbers of posts."""

import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import httpx
import regex


class BlueskyNetwork:
    """One account's repository. `limit_text` as the network's own: 300 graphemes, 3000 bytes."""

    values = {"handle": "@mira.test", "password": "planted-secret-app-password", "server": "https://pds.invalid"}
    did = "did:plc:mira"

    def __init__(self):
        self.records, self.blobs, self.count, self.barred = {}, {}, 0, False
        self.access, self.renewing, self.replies, self.labels = set(), set(), [], set()

    def published(self) -> list[str]:
        return [one["value"]["text"] for one in self.records.values() if "reply" not in one["value"]]

    def publishes(self, request: httpx.Request) -> bool:
        return request.url.path == "/xrpc/com.atproto.repo.putRecord"

    def expire(self) -> None:
        self.access.clear()

    def revoke(self) -> None:
        self.access.clear()
        self.renewing.clear()
        self.barred = True

    def answer(self, request: httpx.Request) -> httpx.Response:
        what = request.url.path.removeprefix("/xrpc/")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if what == "com.atproto.server.createSession":
            given = json.loads(request.content)
            if self.barred or given != {"identifier": "mira.test", "password": self.values["password"]}:
                return _error(401, "AuthenticationRequired", "Invalid identifier or password")
            return self._session()
        if what == "com.atproto.server.refreshSession":
            if token not in self.renewing:
                return _error(400, "ExpiredToken", "Token has expired")
            self.renewing.discard(token)
            return self._session()
        if token not in self.access:
            return _error(400, "ExpiredToken", "Token has expired")
        asked = parse_qs(urlsplit(str(request.url)).query)
        handler = getattr(self, "_" + what.rpartition(".")[2], None)
        return handler(request, asked) if handler else _error(501, "MethodNotImplemented", "Method Not Implemented")

    def _session(self) -> httpx.Response:
        self.count += 1
        access, renewing = f"planted-secret-access-{self.count}", f"planted-secret-refresh-{self.count}"
        self.access.add(access)
        self.renewing.add(renewing)
        told = {"did": self.did, "handle": "mira.test", "accessJwt": access, "refreshJwt": renewing}
        return httpx.Response(200, json=told)

    def _getSession(self, request, asked):
        return httpx.Response(200, json={"did": self.did, "handle": "mira.test"})

    def _uploadBlob(self, request, asked):
        mark = hashlib.sha256(request.content).hexdigest()[:24]
        self.blobs[mark] = request.content
        blob = {"$type": "blob", "ref": {"$link": mark}, "mimeType": request.headers["content-type"]}
        return httpx.Response(200, json={"blob": {**blob, "size": len(request.content)}})

    def _putRecord(self, request, asked):
        given = json.loads(request.content)
        record, key = given["record"], given["rkey"]
        assert given["repo"] == self.did
        assert regex.fullmatch(r"[234567abcdefghij][234567a-z]{12}", key)
        if len(regex.findall(r"\X", record["text"])) > 300 or len(record["text"].encode()) > 3000:
            return _error(400, "InvalidRequest", "Invalid app.bsky.feed.post record: text must not be longer than that")
        images = (record.get("embed") or {}).get("images", [])
        if len(images) > 4 or any(one["image"]["ref"]["$link"] not in self.blobs for one in images):
            return _error(400, "InvalidRequest", "Could not find blob")
        for facet in record["facets"]:
            assert record["text"].encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        uri = f"at://{self.did}/app.bsky.feed.post/{key}"
        cid = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:20]
        self.records[uri] = {"uri": uri, "cid": cid, "value": record}
        return httpx.Response(200, json={"uri": uri, "cid": cid})

    def _getRecord(self, request, asked):
        uri = f"at://{asked['repo'][0]}/{asked['collection'][0]}/{asked['rkey'][0]}"
        found = self.records.get(uri)
        return httpx.Response(200, json=found) if found else _error(400, "RecordNotFound", "Could not locate record")

    def _deleteRecord(self, request, asked):
        given = json.loads(request.content)
        self.records.pop(f"at://{given['repo']}/{given['collection']}/{given['rkey']}", None)
        return httpx.Response(200, json={})

    def _resolveHandle(self, request, asked):
        if asked["handle"] == ["ann.test"]:
            return httpx.Response(200, json={"did": "did:plc:ann"})
        return _error(400, "InvalidRequest", "Unable to resolve handle")

    def _getPosts(self, request, asked):
        posts = [{**self.records[uri], "likeCount": 3, "repostCount": 0, "replyCount": 1} for uri in asked["uris"]
                 if uri in self.records]  # fmt: skip
        posts += [{"uri": uri, "cid": "c-ann"} for uri in asked["uris"] if uri.startswith("at://did:plc:ann/")]
        return httpx.Response(200, json={"posts": posts})

    def _getPostThread(self, request, asked):
        record = {"text": "Nice <b>coat</b>", "createdAt": "2026-11-25T13:00:00Z"}
        record["reply"] = {"parent": {"uri": asked["uri"][0]}}
        post = {"uri": "at://did:plc:ann/app.bsky.feed.post/3abc", "author": {"handle": "ann.test"}, "record": record}
        return httpx.Response(200, json={"thread": {"replies": [{"post": post, "replies": []}]}})


def _error(status: int, name: str, message: str) -> httpx.Response:
    return httpx.Response(status, json={"error": name, "message": message})
