"""Discord's API for one channel, written from its documents; every body is held to the network's own schema.

`discord_bodies.json` has the schemas of the message bodies as the network publishes them; what the studio never sends
(embeds, components, polls) is forbidden there.
"""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jsonschema

from tests.networks.mastodon import form_of

BODIES = json.loads(Path(__file__).with_name("discord_bodies.json").read_text("utf-8"))["schemas"]
_START = 2_000_000_000_000_000_000  # later than any clock of a test


def must_be(name: str, body: dict) -> None:
    """AssertionError unless the body is as the network's schema says."""
    wrong = [f"{'/'.join(map(str, one.path))}: {one.message}" for one in
             jsonschema.Draft202012Validator(BODIES[name]).iter_errors(body)]  # fmt: skip
    assert not wrong, wrong


class DiscordNetwork:
    """A channel, and the bot in it. A nonce is enforced."""

    values = {"token": "planted-secret-token", "channel": "222"}
    post_body, edit_body, base = "MessageCreateRequest", "MessageEditRequestPartial", "/api/v10/channels/222/messages"

    def __init__(self):
        self.messages, self.nonces, self.open = {}, {}, True

    def published(self) -> list[str]:
        return [one["content"] for one in self.messages.values() if "message_reference" not in one]

    def publishes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path == self.base

    def expire(self) -> None:
        self.open = False

    def revoke(self) -> None:
        self.open = False

    def lets_in(self, request) -> bool:
        return self.open and request.headers.get("authorization") == f"Bot {self.values['token']}"

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if not self.lets_in(request):
            return _error(401, 0, "401: Unauthorized")
        if path == "/api/v10/users/@me":
            return httpx.Response(200, json={"id": "111", "username": "mira-bot"})
        if path == "/api/v10/channels/222":
            return httpx.Response(200, json={"id": "222", "name": "mira", "guild_id": "333"})
        if self.publishes(request):
            return self._post(request)
        if path == self.base:
            return self._list(request)
        if found := re.fullmatch(r".*/messages/(\d+)", path):
            return self._about(request, found[1])
        return _error(404, 10003, "Unknown Channel")

    def _post(self, request) -> httpx.Response:
        names = []
        if request.headers["content-type"].startswith("multipart/"):
            form = form_of(request)
            body = json.loads(form.pop("payload_json")[1])
            names = [form[f"files[{one['id']}]"][0] for one in body["attachments"]]
            assert names == [one["filename"] for one in body["attachments"]]
        else:
            body = json.loads(request.content)
        must_be(self.post_body, body)
        assert body["allowed_mentions"] == {"parse": []}
        if len(body["content"]) > 2000:
            return _error(400, 50035, "Invalid Form Body")
        if body.get("enforce_nonce") and body["nonce"] in self.nonces:
            return httpx.Response(200, json=self.messages[self.nonces[body["nonce"]]])
        id = str(_START + len(self.messages) + 1)
        files = [{"filename": name, "description": one.get("description")} for name, one in
                 zip(names, body.get("attachments", []), strict=True)]  # fmt: skip
        self.messages[id] = {
            "id": id, "content": body["content"], "author": {"id": "111", "username": body.get("username", "mira-bot")},
            "attachments": files, "timestamp": "2026-11-25T12:00:00+00:00", "reactions": [{"count": 2}, {"count": 1}],
        }  # fmt: skip
        if "message_reference" in body:
            self.messages[id]["message_reference"] = body["message_reference"]
        if "nonce" in body:
            self.nonces[body["nonce"]] = id
        return httpx.Response(200, json=self.messages[id])

    def _list(self, request) -> httpx.Response:
        after = int(parse_qs(urlsplit(str(request.url)).query)["after"][0])
        found = [one for one in self.messages.values() if int(one["id"]) > after]
        mine = next((one["id"] for one in self.messages.values() if "message_reference" not in one), "")
        if mine and int(mine) >= after:
            ann = {"id": str(_START + 900), "content": "Nice <b>coat</b>", "author": {"id": "5", "username": "ann"}}
            found.append({**ann, "message_reference": {"message_id": mine}})
        return httpx.Response(200, json=list(reversed(found))[:100])

    def _about(self, request, id) -> httpx.Response:
        if id not in self.messages:
            return _error(404, 10008, "Unknown Message")
        if request.method == "DELETE":
            del self.messages[id]
            return httpx.Response(204)
        if request.method == "PATCH":
            body = json.loads(request.content)
            must_be(self.edit_body, body)
            self.messages[id]["content"] = body["content"]
        return httpx.Response(200, json=self.messages[id])


class WebhookNetwork(DiscordNetwork):
    """The same channel behind a webhook, which is its own key."""

    values = {"webhook": "https://discord.com/api/webhooks/444/planted-secret-hook"}
    post_body, edit_body = "IncomingWebhookRequestPartial", "IncomingWebhookUpdateRequestPartial"
    base = "/api/v10/webhooks/444/planted-secret-hook"

    def __init__(self):
        super().__init__()
        self.gone = False

    def revoke(self) -> None:
        self.gone = True

    def lets_in(self, request) -> bool:
        return self.open

    def answer(self, request):
        if self.gone or not request.url.path.startswith(self.base):
            return _error(404, 10015, "Unknown Webhook")
        if request.method == "GET" and request.url.path == self.base:
            told = {"id": "444", "name": "Mira's hook", "channel_id": "222", "guild_id": "333"}
            return httpx.Response(200 if self.open else 401, json=told if self.open else {"code": 0, "message": "401"})
        return super().answer(request)


def _error(status: int, code: int, words: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": words})
