"""Telegram: a bot that posts into a channel or group, through the Bot API.

The network has no keys against repeats and does not let bots read what they sent. A post that may be out stays unknown
until a person has looked. Tokens are part of the address, so that no address is ever put into words.

Not here: clips, stories (business accounts only), reactions and views (bots do not get them for posts in channels).
"""

from __future__ import annotations

import json
import re
import time

from studio.platforms.base import Connected, Receipt, Verdict, usual_problems
from studio.platforms.errors import AuthRevoked, RateLimited, Rejected
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule
from studio.platforms.wire import Wire

HOME = "https://api.telegram.org"
# the network itself shows photos at 2560 pixels at most; sides may add up to 10,000
_IMAGE = MediaRule(("image/jpeg", "image/png"), most_bytes=10_000_000, most_side=2560, aspects=(0.05, 20.0))


class Telegram:
    """Photos and albums with a caption, or a message."""

    spec = PlatformSpec(
        "telegram",
        "Telegram",
        "Photos, albums and messages in a Telegram channel or group, through your own bot.",
        kinds=(
            PostKind("images", "Photos", (1, 10), text=TextRule(1024, "utf16"), image=_IMAGE),
            PostKind("text", "Message", (0, 0), takes=frozenset(), text=TextRule(4096, "utf16")),
        ),
        connect=Connect(
            steps=(
                "In Telegram open @BotFather, send /newbot, answer its questions, and copy the token it gives.",
                "Open your channel, Administrators, Add Administrator, choose the bot, and let it post, edit and delete"
                " messages.",
                "Paste the token here, and the channel as @name, or its number for a private one.",
            ),
            fields=(
                Field("token", "Bot token", secret=True, placeholder="123456:ABC…"),
                Field("chat", "Channel or group", placeholder="@mira_daily"),
                Field("server", "Server", help="Only for your own Bot API server.", placeholder=HOME, required=False),
            ),
            scopes=("post", "edit", "delete"),
        ),
        idempotency="ask",
        can=frozenset({"edit", "delete"}),
        cannot=(
            ("metrics", "Telegram gives bots no views or reactions of posts in channels."),
            ("comments", "Telegram does not let bots read comments that were written earlier."),
            ("reply", "Without comments there is nothing to answer."),
            ("schedule", "Telegram's scheduler is closed to bots; the studio sends at the time."),
        ),
        min_gap_s=3,
        sends="the post's words and pictures, to Telegram; everybody in the channel sees them",
    )

    def __init__(self, client=None, clock=None):
        self._wire = Wire("Telegram", client, clock or time.time)

    def ready(self):
        return None

    def check(self, draft):
        return usual_problems(self.spec, draft)

    def connect(self, values):
        token, chat = values["token"].strip(), values["chat"].strip()
        if not re.fullmatch(r"\d+:[\w-]+", token):
            raise AuthRevoked("This is not a bot token.", "Copy the whole token from @BotFather: digits, colon, signs.")
        if found := re.fullmatch(r"(?:https?://)?t\.me/(\w+)/?", chat):
            chat = f"@{found[1]}"
        return self._who(_address(values.get("server", "")), chat, token, {"token": token})

    def verify(self, account, secret):
        return self._who(account.public["server"], account.public["chat"], secret["token"], {})

    def submit(self, draft, account, secret, journal):
        chat, files = account.public["chat"], {}
        for number, piece in enumerate(draft.pieces):
            file = draft.fit(piece, _IMAGE)
            files[f"photo{number}"] = (f"{piece.name}{file.path.suffix}", file.path.read_bytes(), file.media_type)
        if not files:
            what, body = "sendMessage", {"text": draft.text}
        elif len(files) == 1:
            what, body = "sendPhoto", {"photo": "attach://photo0", "caption": draft.text}
        else:
            media = [{"type": "photo", "media": f"attach://{name}"} for name in files]
            media[0]["caption"] = draft.text
            what, body = "sendMediaGroup", {"media": json.dumps(media)}
        journal.begin()
        made = self._call(
            account.public["server"], secret["token"], what, {"chat_id": chat, **body}, files or None, mutation=True
        )
        sent = [one for one in (made if isinstance(made, list) else [made]) if isinstance(one, dict)]
        if not sent or not all(isinstance(one.get("message_id"), int) for one in sent):
            raise self._wire.malformed(mutation=True)
        url = _page(sent[0], account)
        ids = [one["message_id"] for one in sent]
        journal.keep(messages=ids)
        journal.remote(str(ids[0]), url)
        return _receipt(ids, url, bool(files))

    def poll(self, draft, account, secret, journal):
        """A post is whole when the network has named it."""
        ids = list(journal.handles.get("messages", ())) or [int(journal.remote_id)]
        return _receipt(ids, journal.url, bool(draft.pieces))

    def reconcile(self, draft, account, secret, journal, since):
        return Verdict("unsure", why="Telegram does not let bots read a channel: look whether the post is there.")

    def delete(self, receipt, account, secret):
        for one in receipt.facts.get("messages") or [int(receipt.remote_id)]:
            try:
                body = {"chat_id": account.public["chat"], "message_id": one}
                self._call(account.public["server"], secret["token"], "deleteMessage", body, mutation=True)
            except Gone:
                continue

    def edit(self, draft, receipt, account, secret):
        body = {"chat_id": account.public["chat"], "message_id": int(receipt.remote_id)}
        if receipt.facts.get("photo"):
            what, words = "editMessageCaption", {"caption": draft.text}
        else:
            what, words = "editMessageText", {"text": draft.text}
        try:
            self._call(account.public["server"], secret["token"], what, {**body, **words}, mutation=True)
        except _Same:
            pass
        return receipt

    def _who(self, server, chat, token, secret) -> Connected:
        me = self._call(server, token, "getMe", {})
        place = self._call(server, token, "getChat", {"chat_id": chat})
        if not isinstance(me, dict) or not isinstance(place, dict):
            raise self._wire.malformed(mutation=False)
        member = self._call(server, token, "getChatMember", {"chat_id": chat, "user_id": me.get("id")})
        may = member.get("can_post_messages", place.get("type") != "channel") if isinstance(member, dict) else False
        if not (may or (isinstance(member, dict) and member.get("status") == "creator")):
            raise AuthRevoked(
                f"The bot @{me.get('username')} may not post there.",
                "Make it an administrator of the channel who may post messages, then try again.",
            )
        counted = self._call(server, token, "getChatMemberCount", {"chat_id": chat})
        people = counted if isinstance(counted, int) else None
        name = str(place.get("title") or place.get("username") or chat)
        return Connected(
            f"@{place['username']}" if place.get("username") else name,
            name=name,
            remote_id=str(place.get("id", "")),
            url=f"https://t.me/{place['username']}" if place.get("username") else "",
            public={"server": server, "chat": str(place.get("id") or chat)},
            secret=secret,
            limits={} if people is None else {"subscribers": people},
            scopes=tuple(one for one in ("post", "edit", "delete") if member.get(f"can_{one}_messages", may)),
            note="" if people is None else f"{people:,} subscribers.",
        )

    def _call(self, server, token, what, body, files=None, *, mutation=False):
        url = f"{server}/bot{token}/{what}"
        content = {"data": body, "files": files} if files else {"json": body}
        found = self._wire.json("POST", url, mutation=mutation, explain=self._explain, **content)
        if not isinstance(found, dict) or found.get("ok") is not True or "result" not in found:
            raise self._wire.malformed(mutation)
        return found["result"]

    def _explain(self, answer, mutation):
        words, wait, moved = "", None, None
        try:
            body = answer.json()
            words = " ".join(str(body.get("description", "")).removeprefix("Bad Request: ").split())[:200].rstrip(".")
            told = body.get("parameters") or {}
            wait, moved = told.get("retry_after"), told.get("migrate_to_chat_id")
        except (ValueError, AttributeError):
            pass
        low = words.lower()
        if answer.status_code == 429:
            asked = float(wait) if isinstance(wait, int | float) else self._wire.asked_wait(answer)
            return RateLimited("Telegram wants a pause.", "It is tried again by itself.", wait=asked)
        if answer.status_code == 404 and "not found" == low:
            return AuthRevoked(
                "Telegram does not know this bot.", "Make a new token with @BotFather and connect again."
            )
        if answer.status_code == 403 or "not enough rights" in low or "need administrator rights" in low:
            return AuthRevoked(
                "The bot may not post there any more.", "Make it an administrator of the channel again, then test it."
            )
        if moved:
            return AuthRevoked("The group has become a supergroup.", f"Connect it again as {moved}.")
        if "chat not found" in low:
            return AuthRevoked("Telegram does not find this channel.", "Check its name, and that the bot is in it.")
        if "message to delete not found" in low or "message to edit not found" in low:
            return Gone("It is not there any more.", "")
        if "message is not modified" in low:
            return _Same("It says that already.", "")
        if answer.status_code in (400, 413) and words:
            return Rejected(f"Telegram refused it: {words}.", "Change what it objects to, then approve it again.")
        return None


class Gone(Rejected):
    """There is no such message."""


class _Same(Rejected):
    """The message has these words already."""


def _address(given: str) -> str:
    given = given.strip().rstrip("/") or HOME
    return given if "://" in given else f"https://{given}"


def _page(message: dict, account) -> str:
    """Where people see a message: by the channel's name, or by its number for its members."""
    place = message.get("chat") or {}
    if place.get("username"):
        return f"https://t.me/{place['username']}/{message['message_id']}"
    number = str(place.get("id", ""))
    return f"https://t.me/c/{number[4:]}/{message['message_id']}" if number.startswith("-100") else ""


def _receipt(ids: list[int], url: str, photo: bool) -> Receipt:
    # the network writes photos anew, and what was inside them is gone
    return Receipt(str(ids[0]), url, disclosed=("caption",), facts={"messages": ids, "photo": photo})
