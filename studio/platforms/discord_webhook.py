"""Discord without a bot: a channel's webhook, which posts under the character's name.

A webhook can post and change its own messages, and look at one whose id it knows, but not look for one. A post that may
be out stays unknown until a person has looked.
"""

from __future__ import annotations

import re
import time

from studio.platforms.base import Connected, Verdict, usual_problems
from studio.platforms.discord import API, HOME, KINDS, Gone, explained, message, quiet, reactions, receipt
from studio.platforms.errors import AuthRevoked
from studio.platforms.spec import Connect, Field, PlatformSpec
from studio.platforms.wire import Wire

_ADDRESS = re.compile(r"https://(?:\w+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/(\d+)/([\w-]+)/?")
_NOT_A_NAME = re.compile(r"discord|clyde|everyone|here|```", re.IGNORECASE)  # names the network refuses


class DiscordWebhook:
    """Messages with up to ten pictures, as the character."""

    spec = PlatformSpec(
        "discord-webhook",
        "Discord (webhook)",
        "Messages with up to ten pictures in a Discord channel, under the character's name, without a bot.",
        kinds=KINDS,
        connect=Connect(
            steps=(
                "In Discord open the channel's settings, Integrations, Webhooks, New Webhook.",
                "Choose Copy Webhook URL and paste it here; whoever has it can post there, so keep it to yourself.",
            ),
            fields=(Field("webhook", "Webhook URL", secret=True, placeholder=f"{HOME}/api/webhooks/…"),),
            scopes=("post",),
        ),
        idempotency="ask",
        can=frozenset({"edit", "delete", "metrics"}),
        cannot=(
            ("comments", "A webhook cannot read the channel; a bot can."),
            ("reply", "A webhook cannot answer messages; a bot can."),
            ("schedule", "Discord has no scheduler for messages; the studio sends at the time."),
        ),
        metrics=("reactions",),
        min_gap_s=2,
        sends="the post's words and pictures, to Discord; everybody in the channel sees them",
    )

    def __init__(self, client=None, clock=None):
        self._wire = Wire("Discord", client, clock or time.time)

    def ready(self):
        return None

    def check(self, draft):
        return usual_problems(self.spec, draft)

    def connect(self, values):
        found = _ADDRESS.fullmatch(values["webhook"].strip())
        if not found:
            raise AuthRevoked("This is not a webhook of Discord.", "Copy it with Copy Webhook URL.")
        return self._who({"id": found[1], "token": found[2]}, {"id": found[1], "token": found[2]})

    def verify(self, account, secret):
        return self._who(secret, {})

    def submit(self, draft, account, secret, journal):
        body = {"content": draft.text, **quiet()}
        name = " ".join(draft.character.name.split())[:80]
        if name and not _NOT_A_NAME.search(name):
            body["username"] = name
        content = message(body, draft, journal.key)
        journal.begin()
        made = self._object("POST", _url(secret), params={"wait": "true"}, mutation=True, **content)
        if not isinstance(made.get("id"), str):
            raise self._wire.malformed(mutation=True)
        url = _page(account, made["id"])
        journal.remote(made["id"], url)
        return receipt(made["id"], url, bool(draft.pieces))

    def poll(self, draft, account, secret, journal):
        """A message is whole when the network has named it."""
        return receipt(journal.remote_id, journal.url, bool(draft.pieces))

    def reconcile(self, draft, account, secret, journal, since):
        return Verdict("unsure", why="A webhook cannot read its channel: look whether the post is there.")

    def delete(self, receipt, account, secret):
        url = f"{_url(secret)}/messages/{receipt.remote_id}"
        try:
            self._wire.send("DELETE", url, mutation=True, explain=self._explain)
        except Gone:
            pass

    def edit(self, draft, receipt, account, secret):
        url, body = f"{_url(secret)}/messages/{receipt.remote_id}", {"content": draft.text, **quiet()}
        self._wire.send("PATCH", url, json=body, mutation=True, explain=self._explain)
        return receipt

    def metrics(self, receipt, account, secret):
        return {"reactions": reactions(self._object("GET", f"{_url(secret)}/messages/{receipt.remote_id}"))}

    def _who(self, opens, secret) -> Connected:
        found = self._object("GET", _url(opens))
        guild, channel = str(found.get("guild_id") or ""), str(found.get("channel_id") or "")
        if not channel:
            raise self._wire.malformed(mutation=False)
        name = str(found.get("name") or "Webhook")
        return Connected(
            name,
            name=name,
            remote_id=channel,
            url=f"{HOME}/channels/{guild or '@me'}/{channel}",
            public={"channel": channel, "guild": guild},
            secret=secret,
            scopes=self.spec.connect.scopes,
        )

    def _object(self, method, url, **options) -> dict:
        found = self._wire.json(method, url, explain=self._explain, **options)
        if not isinstance(found, dict):
            raise self._wire.malformed(bool(options.get("mutation")))
        return found

    def _explain(self, answer, mutation):
        return explained(self._wire, answer)


def _url(secret) -> str:
    return f"{API}/webhooks/{secret['id']}/{secret['token']}"


def _page(account, id: str) -> str:
    return f"{HOME}/channels/{account.public.get('guild') or '@me'}/{account.public['channel']}/{id}"
