"""A Matrix homeserver with one room, written from the client-server API: transactions, relations, redactions."""

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

import httpx


class MatrixNetwork:
    """One user in one room. A transaction id gives one event per device."""

    values = {
        "server": "https://hs.invalid", "user": "@mira:hs.invalid", "password": "planted-secret-password",
        "room": "#mira:hs.invalid",
    }  # fmt: skip
    room = "!r1:hs.invalid"

    def __init__(self):
        self.events, self.transactions, self.media, self.count = [], {}, {}, 0
        self.tokens, self.renewing, self.barred, self.encrypted = {}, {}, False, False

    def published(self) -> list[str]:
        return [
            one["content"]["body"] for one in self.events
            if one["content"].get("msgtype") == "m.text" and "m.relates_to" not in one["content"]
        ]  # fmt: skip

    def publishes(self, request: httpx.Request) -> bool:
        path = unquote(request.url.raw_path.decode())
        return request.method == "PUT" and bool(re.search(r"/send/m\.room\.message/[^/]*-0$", path))

    def expire(self) -> None:
        self.tokens.clear()

    def revoke(self) -> None:
        self.tokens.clear()
        self.renewing.clear()
        self.barred = True

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = unquote(request.url.raw_path.decode().partition("?")[0])
        body = json.loads(request.content) if request.content[:1] == b"{" else {}
        if path == "/_matrix/client/v3/login":
            if self.barred or body["password"] != self.values["password"]:
                return _error(403, "M_FORBIDDEN", "Invalid username or password")
            return self._session(body.get("device_id") or f"DEV{self.count}")
        if path == "/_matrix/client/v3/refresh":
            device = self.renewing.pop(body["refresh_token"], None)
            return self._session(device) if device else _error(401, "M_UNKNOWN_TOKEN", "Unknown token")
        device = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if not device:
            return _error(401, "M_UNKNOWN_TOKEN", "Token is not active")
        if path == "/_matrix/client/v3/account/whoami":
            return httpx.Response(200, json={"user_id": self.values["user"]})
        if path == "/_matrix/client/v3/directory/room/#mira:hs.invalid":
            return httpx.Response(200, json={"room_id": self.room})
        if path == f"/_matrix/client/v3/join/{self.room}":
            return httpx.Response(200, json={"room_id": self.room})
        if path == "/_matrix/client/v1/media/config":
            return httpx.Response(200, json={"m.upload.size": 50_000_000})
        if path == "/_matrix/media/v3/upload":
            uri = f"mxc://hs.invalid/m{len(self.media)}"
            self.media[uri] = request.content
            return httpx.Response(200, json={"content_uri": uri})
        if found := re.fullmatch(r"/_matrix/client/v\d/rooms/" + re.escape(self.room) + "/(.+)", path):
            return self._in_room(request, found[1], body, device)
        return _error(404, "M_UNRECOGNIZED", "Unrecognized request")

    def _session(self, device) -> httpx.Response:
        self.count += 1
        access, renewing = f"planted-secret-access-{self.count}", f"planted-secret-refresh-{self.count}"
        self.tokens[access], self.renewing[renewing] = device, device
        told = {"user_id": self.values["user"], "device_id": device, "access_token": access, "expires_in_ms": 300000}
        return httpx.Response(200, json={**told, "refresh_token": renewing})

    def _in_room(self, request, what, body, device) -> httpx.Response:
        asked = parse_qs(urlsplit(str(request.url)).query)
        if what == "state/m.room.encryption" and not self.encrypted:
            return _error(404, "M_NOT_FOUND", "Event not found")
        if what.startswith("state/"):
            return httpx.Response(200, json={"name": "Mira", "algorithm": "m.megolm.v1.aes-sha2"})
        if found := re.fullmatch(r"send/m\.room\.message/(.+)", what):
            return self._send(body, (device, found[1]))
        if found := re.fullmatch(r"redact/([^/]+)/.+", what):
            self.events = [one for one in self.events if one["event_id"] != found[1]]
            return httpx.Response(200, json={"event_id": f"$redaction-{found[1]}"})
        if what == "messages":
            start = int(asked.get("from", ["0"])[0])
            page = list(reversed(self.events))[start : start + int(asked["limit"][0])]
            more = {"end": str(start + len(page))} if start + len(page) < len(self.events) else {}
            return httpx.Response(200, json={"chunk": page, "start": str(start), **more})
        if found := re.fullmatch(r"relations/([^/]+)/(m\.\w+)", what):
            ann = {"event_id": "$ann", "sender": "@ann:hs.invalid", "origin_server_ts": 1795611600000,
                   "content": {"body": "Nice <b>coat</b>", "msgtype": "m.text"}}  # fmt: skip
            return httpx.Response(200, json={"chunk": [ann]})
        return _error(404, "M_UNRECOGNIZED", "Unrecognized request")

    def _send(self, content, transaction) -> httpx.Response:
        if len(json.dumps(content).encode()) > 65_536:
            return _error(413, "M_TOO_LARGE", "event too large")
        if content["msgtype"] == "m.image":
            assert content["url"] in self.media
        if transaction not in self.transactions:
            id = f"$e{len(self.transactions)}:{len(self.events)}"
            self.transactions[transaction] = id
            told = {"event_id": id, "type": "m.room.message", "sender": self.values["user"], "content": content}
            self.events.append({**told, "origin_server_ts": 1795608001000})
        return httpx.Response(200, json={"event_id": self.transactions[transaction]})


def _error(status: int, name: str, words: str) -> httpx.Response:
    return httpx.Response(status, json={"errcode": name, "error": words})
