"""Discord: a bot that posts into a channel. For the simpler way without a bot see `discord_webhook.py`.

A message carries a nonce that the network enforces for some minutes; after that, the names of its files, which hold the
journal's key, and its words tell whether it is there. Mentions are switched off: no caption can call everybody.

Not here: clips, embeds, forums, buttons.
"""

from __future__ import annotations

import json
import time
from datetime import datetime

from studio.platforms.base import Comment, Connected, Receipt, Verdict, usual_problems
from studio.platforms.errors import AuthRevoked, RateLimited, Rejected
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule
from studio.platforms.wire import Wire

HOME = "https://discord.com"
API = f"{HOME}/api/v10"
TEXT = TextRule(2000)
IMAGE = MediaRule(("image/jpeg", "image/png", "image/webp"), most_bytes=8_000_000, most_side=4096)
KINDS = (
    PostKind("images", "Pictures", (1, 10), text=TEXT, image=IMAGE, alt_longest=1024),
    PostKind("text", "Text", (0, 0), takes=frozenset(), text=TEXT),
)
_EPOCH_MS = 1_420_070_400_000  # the network's ids count from 2015
_SHOWN = 100
_LOST = {  # the network's own numbers for what only a person can mend
    10003: "Discord does not find this channel.",
    10004: "Discord does not find this server.",
    10015: "This webhook was deleted.",
    50001: "The bot cannot see this channel.",
    50013: "The bot may not do that in this channel.",
    50027: "Discord does not accept this webhook any more.",
}


class Discord:
    """Messages with up to ten pictures, as a bot."""

    spec = PlatformSpec(
        "discord",
        "Discord (bot)",
        "Messages with up to ten pictures in a Discord channel, through your own bot.",
        kinds=KINDS,
        connect=Connect(
            steps=(
                "Open discord.com/developers/applications, choose New Application, then Bot, Reset Token, and copy it.",
                "Switch on Message Content Intent on the same page, so that answers can be read.",
                "Under OAuth2 choose the scope bot and the rights View Channels, Send Messages, Attach Files and Read"
                " Message History, then open the address it makes and add the bot to your server.",
                "In Discord switch on Settings, Advanced, Developer Mode, then right-click the channel, Copy Channel"
                " ID.",
            ),
            fields=(
                Field("token", "Bot token", secret=True),
                Field("channel", "Channel ID", placeholder="1234567890123456789"),
            ),
            scopes=("bot",),
        ),
        idempotency="key",
        key_lasts_s=120,
        can=frozenset({"edit", "delete", "metrics", "comments", "reply"}),
        cannot=(("schedule", "Discord has no scheduler for messages; the studio sends at the time."),),
        metrics=("reactions",),
        sends="the post's words and pictures, to Discord; everybody in the channel sees them",
    )

    def __init__(self, client=None, clock=None):
        self._wire = Wire("Discord", client, clock or time.time)

    def ready(self):
        return None

    def check(self, draft):
        return usual_problems(self.spec, draft)

    def connect(self, values):
        token = values["token"].strip().removeprefix("Bot ").strip()
        return self._who(values["channel"].strip(), token, {"token": token})

    def verify(self, account, secret):
        return self._who(account.public["channel"], secret["token"], {})

    def submit(self, draft, account, secret, journal):
        body = {"content": draft.text, "nonce": nonce(journal.key), "enforce_nonce": True, **quiet()}
        content = message(body, draft, journal.key)
        journal.begin()
        made = self._post(account, secret, content)
        url = page(account, made["id"])
        journal.remote(made["id"], url)
        return receipt(made["id"], url, bool(draft.pieces))

    def poll(self, draft, account, secret, journal):
        """A message is whole when the network has named it."""
        return receipt(journal.remote_id, journal.url, bool(draft.pieces))

    def reconcile(self, draft, account, secret, journal, since):
        found, complete = self._after(account, secret, _snowflake(_moment(since) - 120))
        for one in found:
            files = [str(part.get("filename", "")) for part in one.get("attachments") or ()]
            if draft.pieces:
                mine = any(name.startswith(mark(journal.key)) for name in files)
            else:
                mine = self._is_own(one, account) and one.get("content", "").strip() == draft.text.strip()
            if mine:
                return Verdict("posted", receipt(one["id"], page(account, one["id"]), bool(draft.pieces)))
        if complete:
            return Verdict("absent", why=f"None of the {len(found)} messages since then is this one.")
        return Verdict("unsure", why="There are more messages since then than were looked through.")

    def delete(self, receipt, account, secret):
        try:
            url = self._message(account, receipt.remote_id)
            self._wire.send("DELETE", url, headers=_bot(secret), mutation=True, explain=self._explain)
        except Gone:
            pass

    def edit(self, draft, receipt, account, secret):
        url, body = self._message(account, receipt.remote_id), {"content": draft.text, **quiet()}
        self._wire.send("PATCH", url, headers=_bot(secret), json=body, mutation=True, explain=self._explain)
        return receipt

    def metrics(self, receipt, account, secret):
        found = self._object("GET", self._message(account, receipt.remote_id), headers=_bot(secret))
        return {"reactions": reactions(found)}

    def comments(self, receipt, account, secret, after=""):
        found, complete = self._after(account, secret, int(after or receipt.remote_id))
        comments = [
            Comment(
                one["id"],
                str((one.get("author") or {}).get("username", "")),
                str(one.get("content", "")),
                str(one.get("timestamp", "")),
                page(account, one["id"]),
                str(one["message_reference"].get("message_id", "")),
            )
            for one in found
            if (one.get("message_reference") or {}).get("message_id") == receipt.remote_id
        ]
        last = max((int(one["id"]) for one in found), default=0)
        return sorted(comments, key=lambda one: int(one.id)), "" if complete else str(last)

    def reply(self, comment_id, text, receipt, account, secret, journal):
        to = {"message_id": comment_id, "fail_if_not_exists": True}
        body = {"content": text, "nonce": nonce(journal.key), "enforce_nonce": True, "message_reference": to, **quiet()}
        journal.begin("reply")
        made = self._post(account, secret, {"json": body})
        journal.remote(made["id"], page(account, made["id"]))
        return Receipt(made["id"], page(account, made["id"]))

    def _post(self, account, secret, content) -> dict:
        url = f"{API}/channels/{account.public['channel']}/messages"
        made = self._object("POST", url, headers=_bot(secret), mutation=True, **content)
        if not isinstance(made.get("id"), str):
            raise self._wire.malformed(mutation=True)
        return made

    def _after(self, account, secret, first: int) -> tuple[list[dict], bool]:
        """Messages after that id, and whether these are all; at most five pages are read."""
        found: list[dict] = []
        for _ in range(5):
            asked = {"after": str(first), "limit": _SHOWN}
            url = f"{API}/channels/{account.public['channel']}/messages"
            part = self._wire.json("GET", url, headers=_bot(secret), params=asked, explain=self._explain)
            if not isinstance(part, list):
                raise self._wire.malformed(mutation=False)
            found += [one for one in part if isinstance(one, dict) and str(one.get("id", "")).isdigit()]
            if len(part) < _SHOWN:
                return found, True
            first = max(int(one["id"]) for one in found)
        return found, False

    def _who(self, channel, token, secret) -> Connected:
        if not channel.isdigit():
            raise AuthRevoked("This is not a channel ID.", "Copy it with a right click on the channel: digits only.")
        headers = {"Authorization": f"Bot {token}"}
        me = self._object("GET", f"{API}/users/@me", headers=headers, explain=self._refused_log_in)
        place = self._object("GET", f"{API}/channels/{channel}", headers=headers)
        if not me.get("id"):
            raise self._wire.malformed(mutation=False)
        guild = str(place.get("guild_id") or "")
        public = {"channel": channel, "guild": guild, "bot": str(me["id"])}
        return Connected(
            f"#{place.get('name') or channel}",
            name=str(me.get("username", "")),
            remote_id=channel,
            url=f"{HOME}/channels/{guild or '@me'}/{channel}",
            public=public,
            secret=secret,
            scopes=self.spec.connect.scopes,
        )

    def _is_own(self, one: dict, account) -> bool:
        return str((one.get("author") or {}).get("id", "")) == account.public.get("bot")

    def _message(self, account, id) -> str:
        return f"{API}/channels/{account.public['channel']}/messages/{id}"

    def _object(self, method, url, *, explain=None, **options) -> dict:
        found = self._wire.json(method, url, explain=explain or self._explain, **options)
        if not isinstance(found, dict):
            raise self._wire.malformed(bool(options.get("mutation")))
        return found

    def _refused_log_in(self, answer, mutation):
        if answer.status_code == 401:
            return AuthRevoked("Discord does not accept this token.", "Reset the bot's token and connect again.")
        return self._explain(answer, mutation)

    def _explain(self, answer, mutation):
        return explained(self._wire, answer)


class Gone(Rejected):
    """There is no such message."""


def message(body: dict, draft, key: str) -> dict:
    """What a request carries (httpx options): JSON, or a form with the pictures and their alt texts."""
    if not draft.pieces:
        return {"json": body}
    files, told = {}, []
    for number, piece in enumerate(draft.pieces):
        file = draft.fit(piece, IMAGE)
        name = f"{mark(key)}-{number + 1}{file.path.suffix}"
        files[f"files[{number}]"] = (name, file.path.read_bytes(), file.media_type)
        told.append({"id": str(number), "filename": name, "description": piece.alt_text or None})
    return {"data": {"payload_json": json.dumps({**body, "attachments": told})}, "files": files}


def explained(wire: Wire, answer):
    """The error for an answer that is none, by the network's own numbers."""
    try:
        body = answer.json()
        number, words = body.get("code"), " ".join(str(body.get("message", "")).split())[:200].rstrip(".")
        wait = body.get("retry_after")
    except (ValueError, AttributeError):
        number, words, wait = None, "", None
    if answer.status_code == 429:
        asked = float(wait) if isinstance(wait, int | float) else wire.asked_wait(answer)
        return RateLimited("Discord wants a pause.", "It is tried again by itself.", wait=asked)
    if number in _LOST:
        return AuthRevoked(_LOST[number], "Mend it in Discord, or connect the channel again.")
    if number == 10008:
        return Gone("It is not there any more.", "")
    if number == 40005 or answer.status_code == 413:
        return Rejected("The pictures are too large for this Discord server.", "Use fewer, or smaller ones.")
    if answer.status_code == 403:
        return AuthRevoked("Discord does not allow that.", "Look at the rights in this channel, then test the account.")
    if answer.status_code == 400 and words:
        return Rejected(f"Discord refused it: {words}.", "Change what it objects to, then approve it again.")
    return None


def nonce(key: str) -> str:
    """The journal's key as a nonce, which holds 25 signs."""
    return key[-25:]


def mark(key: str) -> str:
    """What the names of a post's files begin with."""
    return f"picture-{key[-12:]}".lower()


def quiet() -> dict:
    """Nobody is called, whatever the words say."""
    return {"allowed_mentions": {"parse": []}}


def page(account, id: str) -> str:
    return f"{HOME}/channels/{account.public.get('guild') or '@me'}/{account.public['channel']}/{id}"


def receipt(id: str, url: str, pictures: bool) -> Receipt:
    return Receipt(str(id), url, disclosed=(*(("metadata",) if pictures else ()), "caption"))


def reactions(message: dict) -> int | None:
    """All reactions of a message together; a message without any has no list."""
    counts = [one.get("count") for one in message.get("reactions") or ()]
    return sum(counts) if all(isinstance(one, int) for one in counts) else None


def _bot(secret) -> dict[str, str]:
    return {"Authorization": f"Bot {secret['token']}"}


def _snowflake(seconds: float) -> int:
    """The first id the network gives at that time."""
    return max(0, int(seconds * 1000) - _EPOCH_MS) << 22


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
