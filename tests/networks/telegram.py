"""Telegram's Bot API, written from its documents: photos, albums, messages, rights."""

import json
import re

import httpx

from tests.networks.mastodon import form_of


class TelegramNetwork:
    """One channel and the bot that may post there."""

    values = {"token": "123456:planted-secret-token", "chat": "https://t.me/mira_daily", "server": ""}

    def __init__(self):
        self.messages, self.next, self.open, self.may = {}, 40, True, True

    def published(self) -> list[str]:
        return [one["text"] for one in self.messages.values() if one["text"]]

    def publishes(self, request: httpx.Request) -> bool:
        return request.url.path.rpartition("/")[2] in ("sendPhoto", "sendMediaGroup", "sendMessage")

    def expire(self) -> None:
        self.open = False

    def revoke(self) -> None:
        self.open = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.url.host == "api.telegram.org"
        found = re.fullmatch(r"/bot([^/]+)/(\w+)", request.url.path)
        if not found or not self.open or found[1] != self.values["token"]:
            return _error(401, "Unauthorized")
        files = {}
        if request.headers["content-type"].startswith("multipart/"):
            form = form_of(request)
            given = {name: value.decode() for name, (file, value) in form.items() if not file}
            files = {name: value for name, (file, value) in form.items() if file}
        else:
            given = json.loads(request.content)
        if "chat_id" in given and str(given["chat_id"]) not in ("@mira_daily", "-1001234"):
            return _error(400, "Bad Request: chat not found")
        handler = getattr(self, f"_{found[2]}", None)
        return handler(given, files) if handler else _error(404, "Not Found")

    def _getMe(self, given, files):
        return _ok({"id": 123456, "is_bot": True, "username": "mira_bot"})

    def _getChat(self, given, files):
        return _ok({"id": -1001234, "type": "channel", "title": "Mira daily", "username": "mira_daily"})

    def _getChatMember(self, given, files):
        rights = ("can_post_messages", "can_edit_messages", "can_delete_messages")
        return _ok({"status": "administrator", **dict.fromkeys(rights, self.may)})

    def _getChatMemberCount(self, given, files):
        return _ok(1234)

    def _sendMessage(self, given, files):
        if len(given["text"].encode("utf-16-le")) // 2 > 4096:
            return _error(400, "Bad Request: message is too long")
        return _ok(self._kept(given["text"]))

    def _sendPhoto(self, given, files):
        assert given["photo"].removeprefix("attach://") in files
        return self._caption(given.get("caption", "")) or _ok(self._kept(given.get("caption", ""), photo=True))

    def _sendMediaGroup(self, given, files):
        media = json.loads(given["media"])
        assert 2 <= len(media) <= 10
        assert all(one["type"] == "photo" and one["media"].removeprefix("attach://") in files for one in media)
        if wrong := self._caption(media[0].get("caption", "")):
            return wrong
        return _ok([self._kept(one.get("caption", ""), photo=True) for one in media])

    def _caption(self, text):
        long = len(text.encode("utf-16-le")) // 2 > 1024
        return _error(400, "Bad Request: message caption is too long") if long else None

    def _kept(self, text, photo=False):
        self.next += 1
        self.messages[self.next] = {"text": text, "photo": photo}
        return {"message_id": self.next, "chat": {"id": -1001234, "username": "mira_daily", "type": "channel"}}

    def _deleteMessage(self, given, files):
        if self.messages.pop(given["message_id"], None) is None:
            return _error(400, "Bad Request: message to delete not found")
        return _ok(True)

    def _editMessageCaption(self, given, files):
        one = self.messages[given["message_id"]]
        assert one["photo"]
        if one["text"] == given["caption"]:
            return _error(400, "Bad Request: message is not modified: specified new content is the same")
        one["text"] = given["caption"]
        return _ok({"message_id": given["message_id"]})


def _ok(result) -> httpx.Response:
    return httpx.Response(200, json={"ok": True, "result": result})


def _error(status: int, words: str, **parameters) -> httpx.Response:
    told = {"ok": False, "error_code": status, "description": words}
    return httpx.Response(status, json={**told, **({"parameters": parameters} if parameters else {})})
