"""Matrix: messages and pictures in a room of any homeserver.

A post is one event with the words, then one per picture with its alt text as words. Each carries a transaction id made
from the journal's key (the server answers a repeat with the same event) and the key itself in a field of its own, by
which its events are found again. A post that stopped half way goes on where it stopped.

Not here: encrypted rooms (a server cannot be read back there), clips, single sign-on.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

from studio.errors import StudioError
from studio.platforms.base import Comment, Connected, Later, Receipt, Verdict, usual_problems
from studio.platforms.errors import AuthExpired, AuthRevoked, RateLimited, Rejected, Transient, Unknown
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule
from studio.platforms.wire import Wire

FIELD = "studio.post"  # our own field in an event's content
_TEXT = TextRule(0, longest_bytes=40_000)  # an event may have 65,536 bytes with everything around it
_IMAGE = MediaRule(("image/jpeg", "image/png", "image/webp"), most_bytes=10_000_000, most_side=4096)
_PAGE, _PAGES = 100, 5
_AGAIN_S = 10.0  # before a picture is sent again whose answer did not come; the server knows its transaction


class Matrix:
    """Words and up to ten pictures in one room."""

    spec = PlatformSpec(
        "matrix",
        "Matrix",
        "Messages and pictures in a Matrix room, on any homeserver.",
        kinds=(
            PostKind("images", "Pictures", (1, 10), text=_TEXT, image=_IMAGE, alt_longest=2000),
            PostKind("text", "Text", (0, 0), takes=frozenset(), text=_TEXT),
        ),
        connect=Connect(
            steps=(
                "Make an account for the character on your homeserver, with a password.",
                "In your Matrix app make a room without encryption, or choose one, and invite that account.",
                "Copy the room's address from its settings: #name:server, or !id:server.",
            ),
            fields=(
                Field("server", "Homeserver", placeholder="https://matrix.org"),
                Field("user", "User", placeholder="@mira:matrix.org"),
                Field("password", "Password", secret=True),
                Field("room", "Room", placeholder="#mira:matrix.org"),
            ),
            renews=True,
        ),
        idempotency="key",
        key_lasts_s=1800,
        can=frozenset({"edit", "delete", "metrics", "comments", "reply"}),
        cannot=(("schedule", "Matrix has no scheduler of its own; the studio sends at the time."),),
        metrics=("reactions",),
        sends="the post's words and pictures, to the homeserver you name and those of the room's members",
    )

    def __init__(self, client=None, clock=None):
        self._wire = Wire("Matrix", client, clock or time.time)

    def ready(self):
        return None

    def check(self, draft):
        return usual_problems(self.spec, draft)

    def connect(self, values):
        server = _address(values["server"])
        found = self._log_in(server, values["user"].strip(), values["password"])
        access, room = found["access_token"], values["room"].strip()
        headers = _bearer(access)
        if room.startswith("#"):
            room = str(self._object("GET", f"{server}{_V3}/directory/room/{_q(room)}", headers=headers).get("room_id"))
        if not room.startswith("!"):
            raise AuthRevoked("This is not a room.", "Copy its address: #name:server or !id:server.")
        self._object("POST", f"{server}{_V3}/join/{_q(room)}", headers=headers, json={})
        public = {"server": server, "user": str(found.get("user_id", "")), "room": room}
        public["device"] = str(found.get("device_id") or "")  # transaction ids are remembered by device
        kept = {"password": values["password"], "access": access, "refresh": str(found.get("refresh_token") or "")}
        about = self._room(public, headers)
        return Connected(
            public["user"],
            name=about["name"],
            remote_id=room,
            url=f"https://matrix.to/#/{_q(room)}",
            public=public,
            secret=kept,
            limits=about["limits"],
        )

    def verify(self, account, secret):
        headers = _bearer(secret["access"])
        me = self._object("GET", f"{account.public['server']}{_V3}/account/whoami", headers=headers)
        about = self._room(account.public, headers)
        return Connected(
            str(me.get("user_id", "")), name=about["name"], remote_id=account.public["room"], limits=about["limits"]
        )

    def refresh(self, account, secret):
        server, found = account.public["server"], None
        if secret.get("refresh"):
            try:
                found = self._object("POST", f"{server}{_V3}/refresh", json={"refresh_token": secret["refresh"]})
            except (AuthExpired, AuthRevoked):
                found = None
        found = found or self._log_in(
            server, account.public["user"], secret["password"], account.public.get("device", "")
        )
        if not isinstance(found.get("access_token"), str):
            raise self._wire.malformed(mutation=False)
        secret.keep(access=found["access_token"], refresh=str(found.get("refresh_token") or secret.get("refresh", "")))
        return Connected(account.public["user"])

    def submit(self, draft, account, secret, journal):
        media = [dict(one) for one in journal.handles.get("media", ())]
        for piece in draft.pieces[len(media) :]:
            media.append(self._upload(draft, piece, account, secret))
            journal.keep(media=media)
        parts = [{"msgtype": "m.text", "body": draft.text}]
        for piece, one in zip(draft.pieces, media, strict=True):
            name = one["info"].get("name") or "picture"
            info = {key: value for key, value in one["info"].items() if key != "name"}
            parts.append({"msgtype": "m.image", "body": piece.alt_text or name, "filename": name, **one, "info": info})
        events = list(journal.handles.get("events", ()))
        for number, content in enumerate(parts[len(events) :], len(events)):
            content[FIELD] = {"key": journal.key, "part": number}
            if not events:
                journal.begin()
            try:
                events.append(self._send(account, secret, f"{journal.key}-{number}", content))
            except (Transient, Unknown) as error:
                if not events:
                    raise
                return Later(error.wait or _AGAIN_S, "The words are out; the pictures follow.")
            journal.keep(events=events)
            if number == 0:
                journal.remote(events[0], _page(account, events[0]))
        return _receipt(account, events)

    def poll(self, draft, account, secret, journal):
        """The words are out; the pictures that are missing follow."""
        if not journal.handles.get("events"):
            journal.keep(events=[journal.remote_id])
        return self.submit(draft, account, secret, journal)

    def reconcile(self, draft, account, secret, journal, since):
        found, complete = self._mine(account, secret, journal.key, _moment(since) - 120)
        events = []
        while len(events) in found:
            events.append(found[len(events)])
        if len(events) == len(draft.pieces) + 1:
            return Verdict("posted", _receipt(account, events))
        if events:
            journal.keep(events=events)
            return Verdict("absent", why=f"{len(events)} of {len(draft.pieces) + 1} parts are there; the rest follows.")
        if complete:
            return Verdict("absent", why="The room has no part of it.")
        return Verdict("unsure", why="There is more in the room since then than was looked through.")

    def delete(self, receipt, account, secret):
        base = f"{account.public['server']}{_V3}/rooms/{_q(account.public['room'])}/redact"
        for event in receipt.facts.get("events") or [receipt.remote_id]:
            try:
                url = f"{base}/{_q(event)}/{_q('delete-' + event)}"
                self._object("PUT", url, headers=_bearer(secret["access"]), json={}, mutation=True)
            except Gone:
                continue

    def edit(self, draft, receipt, account, secret):
        words = {"msgtype": "m.text", "body": draft.text}
        change = {"rel_type": "m.replace", "event_id": receipt.remote_id}
        content = {"msgtype": "m.text", "body": f"* {draft.text}", "m.new_content": words, "m.relates_to": change}
        self._send(account, secret, f"edit-{receipt.remote_id}-{draft.post.revision}", content)
        return receipt

    def metrics(self, receipt, account, secret):
        counted, after = 0, ""
        for _ in range(_PAGES):
            found, after = self._related(receipt, account, secret, "m.annotation", after)
            counted += len(found)
            if not after:
                return {"reactions": counted}
        return {"reactions": None}

    def comments(self, receipt, account, secret, after=""):
        found, later = self._related(receipt, account, secret, "m.thread", after)
        return [
            Comment(
                one["event_id"],
                str(one.get("sender", "")),
                str((one.get("content") or {}).get("body", "")),
                _iso(one.get("origin_server_ts")),
                _page(account, one["event_id"]),
                receipt.remote_id,
            )
            for one in found
        ], later

    def reply(self, comment_id, text, receipt, account, secret, journal):
        relation = {"rel_type": "m.thread", "event_id": receipt.remote_id, "m.in_reply_to": {"event_id": comment_id}}
        content = {"msgtype": "m.text", "body": text, "m.relates_to": relation, FIELD: {"key": journal.key, "part": 0}}
        journal.begin("reply")
        event = self._send(account, secret, f"{journal.key}-0", content)
        journal.remote(event, _page(account, event))
        return Receipt(event, _page(account, event))

    def _upload(self, draft, piece, account, secret) -> dict:
        most = min(_IMAGE.most_bytes, int(account.limits.get("image_bytes") or _IMAGE.most_bytes))
        file = draft.fit(piece, MediaRule(_IMAGE.formats, most, _IMAGE.most_side))
        name = f"{piece.name}{file.path.suffix}"
        made = self._object(
            "POST",
            f"{account.public['server']}/_matrix/media/v3/upload",
            headers={**_bearer(secret["access"]), "Content-Type": file.media_type},
            params={"filename": name},
            content=file.path.read_bytes(),
        )
        if not str(made.get("content_uri", "")).startswith("mxc://"):
            raise self._wire.malformed(mutation=False)
        info = {"mimetype": file.media_type, "w": file.width, "h": file.height, "size": file.bytes, "name": name}
        return {"url": made["content_uri"], "info": info}

    def _send(self, account, secret, transaction, content) -> str:
        room = _q(account.public["room"])
        url = f"{account.public['server']}{_V3}/rooms/{room}/send/m.room.message/{_q(transaction)}"
        made = self._object("PUT", url, headers=_bearer(secret["access"]), json=content, mutation=True)
        if not isinstance(made.get("event_id"), str):
            raise self._wire.malformed(mutation=True)
        return made["event_id"]

    def _mine(self, account, secret, key, first: float) -> tuple[dict[int, str], bool]:
        """The events of that key by part, and whether everything since `first` (seconds since 1970) was read."""
        url = f"{account.public['server']}{_V3}/rooms/{_q(account.public['room'])}/messages"
        asked, found = {"dir": "b", "limit": str(_PAGE)}, {}
        for _ in range(_PAGES):
            part = self._object("GET", url, headers=_bearer(secret["access"]), params=asked)
            events = [one for one in part.get("chunk") or () if isinstance(one, dict)]
            for one in events:
                own = (one.get("content") or {}).get(FIELD) or {}
                if isinstance(own, dict) and own.get("key") == key and one.get("sender") == account.public["user"]:
                    found[own.get("part")] = str(one.get("event_id"))
            oldest = min((one.get("origin_server_ts") or 0 for one in events), default=0)
            if not part.get("end") or oldest / 1000 < first:
                return found, True
            asked["from"] = part["end"]
        return found, False

    def _related(self, receipt, account, secret, kind, after) -> tuple[list[dict], str]:
        server, room = account.public["server"], _q(account.public["room"])
        url = f"{server}/_matrix/client/v1/rooms/{room}/relations/{_q(receipt.remote_id)}/{kind}"
        asked = {"limit": str(_PAGE), "dir": "f", **({"from": after} if after else {})}
        found = self._object("GET", url, headers=_bearer(secret["access"]), params=asked)
        events = [one for one in found.get("chunk") or () if isinstance(one, dict) and one.get("event_id")]
        return events, str(found.get("next_batch") or "")

    def _room(self, public, headers) -> dict:
        """The room's name and what the server takes. StudioError for a room that is encrypted."""
        base = f"{public['server']}{_V3}/rooms/{_q(public['room'])}/state"
        try:
            self._object("GET", f"{base}/m.room.encryption", headers=headers)
            raise StudioError("This room is encrypted.", "Choose a room without encryption: it cannot be switched off.")
        except Gone:
            pass
        try:
            name = str(self._object("GET", f"{base}/m.room.name", headers=headers).get("name") or "")
        except Gone:
            name = ""
        try:
            found = self._object("GET", f"{public['server']}/_matrix/client/v1/media/config", headers=headers)
            most = found.get("m.upload.size")
        except Rejected:
            most = None
        return {"name": name, "limits": {"image_bytes": most} if isinstance(most, int) and most > 0 else {}}

    def _log_in(self, server, user, password, device="") -> dict:
        body = {
            **({"device_id": device} if device else {}),
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": user},
            "password": password,
            "initial_device_display_name": "Character Studio",
            "refresh_token": True,
        }
        found = self._object("POST", f"{server}{_V3}/login", json=body, explain=self._refused_log_in)
        if not isinstance(found.get("access_token"), str):
            raise self._wire.malformed(mutation=False)
        return found

    def _object(self, method, url, *, explain=None, **options) -> dict:
        found = self._wire.json(method, url, explain=explain or self._explain, **options)
        if not isinstance(found, dict):
            raise self._wire.malformed(bool(options.get("mutation")))
        return found

    def _refused_log_in(self, answer, mutation):
        if answer.status_code in (400, 401, 403):
            hint = "Check server, user and password; servers that only know single sign-on cannot be used."
            return AuthRevoked("The homeserver does not accept this log-in.", hint)
        return self._explain(answer, mutation)

    def _explain(self, answer, mutation):
        try:
            body = answer.json()
            name, words = str(body.get("errcode", "")), " ".join(str(body.get("error", "")).split())[:200].rstrip(".")
            wait = body.get("retry_after_ms")
        except (ValueError, AttributeError):
            name, words, wait = "", "", None
        if answer.status_code == 429 or name == "M_LIMIT_EXCEEDED":
            asked = self._wire.asked_wait(answer)
            if asked is None and isinstance(wait, int | float):
                asked = wait / 1000
            return RateLimited("The homeserver wants a pause.", "It is tried again by itself.", wait=asked)
        if name in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"):
            return AuthExpired("The log-in at the homeserver has run out.", "It is renewed by itself.")
        if name in ("M_USER_DEACTIVATED", "M_USER_LOCKED", "M_USER_SUSPENDED"):
            return AuthRevoked("The homeserver does not let this account in any more.", "Connect another account.")
        if name == "M_FORBIDDEN":
            hint = "Invite it to the room and let it send messages, then test the account."
            return AuthRevoked("The account may not do that in this room.", hint)
        if answer.status_code == 404 or name in ("M_NOT_FOUND", "M_UNRECOGNIZED"):
            return Gone("It is not there.", "Check the address.")
        if answer.status_code in (400, 413) and words:
            return Rejected(f"The homeserver refused it: {words}.", "Change what it objects to, then approve it again.")
        return None


class Gone(Rejected):
    """The server knows no such thing."""


_V3 = "/_matrix/client/v3"


def _q(part: str) -> str:
    return quote(part, safe="")


def _address(given: str) -> str:
    given = given.strip().rstrip("/")
    return given if "://" in given else f"https://{given}"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _page(account, event: str) -> str:
    return f"https://matrix.to/#/{_q(account.public['room'])}/{_q(event)}"


def _receipt(account, events: list[str]) -> Receipt:
    said = (*(("metadata",) if len(events) > 1 else ()), "caption")
    return Receipt(events[0], _page(account, events[0]), disclosed=said, facts={"events": list(events)})


def _iso(milliseconds) -> str:
    if not isinstance(milliseconds, int):
        return ""
    moment = datetime.fromtimestamp(0, timezone.utc) + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
