"""Mastodon, and servers that speak its API.

Media are uploaded first and named in the post. Every request to post carries the journal's key, and the server gives
the same post for the same key for an hour. After that, and on servers that ignore the key, an upload's id tells whether
it is in a post: an upload can be in one only.

Not here: clips, polls, content warnings, the server's own scheduler (what it published it does not say).
"""

from __future__ import annotations

import html
import re
import time
from dataclasses import replace
from datetime import datetime

from studio.platforms.base import Comment, Connected, Later, Receipt, Verdict, usual_problems
from studio.platforms.errors import AuthExpired, AuthRevoked, QuotaSpent, RateLimited, Rejected
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule
from studio.platforms.wire import Wire

_TEXT = TextRule(500, "graphemes", url_length=23)
_IMAGE = MediaRule(("image/jpeg", "image/png"), most_bytes=8_000_000, most_side=4096, most_pixels=8_000_000)
_READING_S = 2.0  # between looks at an upload the server is still working on
_LOOKED_THROUGH = 40


class Mastodon:
    """Posts with up to four pictures on the server of the account."""

    spec = PlatformSpec(
        "mastodon",
        "Mastodon",
        "Posts with up to four pictures on your Mastodon server.",
        kinds=(
            PostKind("images", "Pictures", (1, 4), text=_TEXT, image=_IMAGE, alt_longest=1500),
            PostKind("text", "Text", (0, 0), takes=frozenset(), text=_TEXT),
        ),
        connect=Connect(
            steps=(
                "On your server open Preferences, Development, New application.",
                "Name it after this studio and tick the scopes profile or read:accounts, read:statuses, write:media and"
                " write:statuses.",
                "Save, open the application again, and copy Your access token.",
            ),
            fields=(
                Field("server", "Server", placeholder="https://mastodon.social"),
                Field("token", "Access token", secret=True),
            ),
            scopes=("read:accounts", "read:statuses", "write:media", "write:statuses"),
        ),
        idempotency="key",
        key_lasts_s=3600,
        can=frozenset({"edit", "delete", "metrics", "comments", "reply"}),
        cannot=(("schedule", "The server's own scheduler does not say what its posts became; the studio sends."),),
        metrics=("likes", "reposts", "replies"),
        sends="the post's words and pictures, to the server you name; they are public there",
    )
    _media_path = "/api/v2/media"

    def __init__(self, client=None, clock=None):
        self._wire = Wire(self.spec.name, client, clock or time.time)

    def ready(self):
        return None

    def check(self, draft):
        return usual_problems(self.spec, draft, limits=draft.account.limits if draft.account else None)

    def connect(self, values):
        server = _address(values["server"])
        return self._who(server, values["token"].strip(), secret={"token": values["token"].strip()})

    def verify(self, account, secret):
        return self._who(account.public["server"], secret["token"], secret={})

    def submit(self, draft, account, secret, journal):
        server, headers = account.public["server"], _bearer(secret["token"])
        media = list(journal.handles.get("media", ()))
        for piece in draft.pieces[len(media) :]:
            media.append(self._upload(draft, piece, account, secret))
            journal.keep(media=media)
        for one in media:
            if not self._is_read(server, headers, one):
                return Later(_READING_S, f"{self.spec.name} is still reading the pictures.")
        body = {"status": draft.text, "media_ids": media, "visibility": "public"}
        journal.begin()
        made = self._post(server, headers, journal.key, body)
        journal.remote(made["id"], made.get("url") or "")
        return self._receipt(made["id"], made.get("url") or "", media)

    def poll(self, draft, account, secret, journal):
        """A post is whole when the server has named it."""
        return self._receipt(journal.remote_id, journal.url, list(journal.handles.get("media", ())))

    def reconcile(self, draft, account, secret, journal, since):
        server, headers = account.public["server"], _bearer(secret["token"])
        own = account.public.get("id") or account.remote_id
        media, asked = list(journal.handles.get("media", ())), {"limit": _LOOKED_THROUGH, "exclude_reblogs": "true"}
        found = self._list("GET", f"{server}/api/v1/accounts/{own}/statuses", headers=headers, params=asked)
        for one in found:
            held = {str(part.get("id")) for part in one.get("media_attachments") or ()}
            same = bool(held & set(media)) if media else plain(one.get("content", "")) == _squeezed(draft.text)
            if same and (media or _moment(one.get("created_at")) >= _moment(since) - 60):
                return Verdict("posted", self._receipt(one["id"], one.get("url") or "", media))
        oldest = min((_moment(one.get("created_at")) for one in found), default=0.0)
        if len(found) >= _LOOKED_THROUGH and oldest > _moment(since):
            return Verdict("unsure", why="There are more posts since then than the server shows at once.")
        return Verdict("absent", why=f"None of the account's latest {len(found)} posts is this one.")

    def delete(self, receipt, account, secret):
        url = f"{account.public['server']}/api/v1/statuses/{receipt.remote_id}"
        try:
            self._wire.send("DELETE", url, headers=_bearer(secret["token"]), mutation=True, explain=self._explain)
        except Gone:
            pass

    def edit(self, draft, receipt, account, secret):
        url = f"{account.public['server']}/api/v1/statuses/{receipt.remote_id}"
        media = list(receipt.facts.get("media", ()))
        told = [{"id": one, "description": piece.alt_text} for one, piece in zip(media, draft.pieces, strict=False)]
        body = {"status": draft.text, "media_ids": media, "media_attributes": told}
        made = self._object(
            "PUT", url, headers=_bearer(secret["token"]), json=body, mutation=True, explain=self._explain
        )
        return self._receipt(receipt.remote_id, made.get("url") or receipt.url, media)

    def metrics(self, receipt, account, secret):
        found = self._status(receipt.remote_id, account, secret)
        names = {"likes": "favourites_count", "reposts": "reblogs_count", "replies": "replies_count"}
        return {name: _number(found.get(key)) for name, key in names.items()}

    def comments(self, receipt, account, secret, after=""):
        url = f"{account.public['server']}/api/v1/statuses/{receipt.remote_id}/context"
        found = self._object("GET", url, headers=_bearer(secret["token"]), explain=self._explain)
        comments = [
            Comment(
                str(one.get("id")),
                str((one.get("account") or {}).get("acct", "")),
                plain(one.get("content", "")),
                str(one.get("created_at", "")),
                str(one.get("url") or ""),
                str(one.get("in_reply_to_id") or ""),
            )
            for one in found.get("descendants") or ()
        ]
        return sorted((one for one in comments if one.at > after), key=lambda one: one.at), ""

    def reply(self, comment_id, text, receipt, account, secret, journal):
        to = self._status(comment_id, account, secret)
        who = str((to.get("account") or {}).get("acct", ""))
        if who and comment_id != receipt.remote_id and f"@{who}" not in text:
            text = f"@{who} {text}"  # without it nobody is told
        body = {"status": text, "in_reply_to_id": comment_id, "visibility": to.get("visibility") or "public"}
        journal.begin("reply")
        made = self._post(account.public["server"], _bearer(secret["token"]), journal.key, body)
        journal.remote(made["id"], made.get("url") or "")
        return Receipt(made["id"], made.get("url") or "")

    def _upload(self, draft, piece, account, secret) -> str:
        rule, limits = self.spec.kinds[0].image, account.limits
        rule = replace(
            rule,
            most_bytes=_lower(rule.most_bytes, limits.get("image_bytes")),
            most_pixels=_lower(rule.most_pixels, limits.get("image_pixels")),
        )
        file = draft.fit(piece, rule)
        made = self._object(
            "POST",
            f"{account.public['server']}{self._media_path}",
            headers=_bearer(secret["token"]),
            files={"file": (f"{piece.name}{file.path.suffix}", file.path.read_bytes(), file.media_type)},
            data={"description": piece.alt_text} if piece.alt_text else {},
            explain=self._explain,
        )
        if not made.get("id"):
            raise self._wire.malformed(mutation=False)
        return str(made["id"])

    def _is_read(self, server, headers, media) -> bool:
        answer = self._wire.send("GET", f"{server}/api/v1/media/{media}", headers=headers, explain=self._explain)
        return answer.status_code != 206

    def _post(self, server, headers, key, body) -> dict:
        made = self._object(
            "POST",
            f"{server}/api/v1/statuses",
            headers={**headers, "Idempotency-Key": key},
            json=body,
            mutation=True,
            explain=self._explain,
        )
        if not isinstance(made.get("id"), str):
            raise self._wire.malformed(mutation=True)
        return made

    def _status(self, id, account, secret) -> dict:
        url = f"{account.public['server']}/api/v1/statuses/{id}"
        return self._object("GET", url, headers=_bearer(secret["token"]), explain=self._explain)

    def _who(self, server, token, secret) -> Connected:
        headers = _bearer(token)
        me = self._object(
            "GET", f"{server}/api/v1/accounts/verify_credentials", headers=headers, explain=self._refused_log_in
        )
        if not me.get("id"):
            raise self._wire.malformed(mutation=False)
        host = server.partition("://")[2]
        return Connected(
            f"@{me.get('acct') or me.get('username')}@{host}",
            name=str(me.get("display_name") or ""),
            remote_id=str(me["id"]),
            url=str(me.get("url") or ""),
            public={"server": server, "id": str(me["id"])},
            secret=secret,
            limits=self._limits(server, headers),
            scopes=self._scopes(server, headers),
        )

    def _limits(self, server, headers) -> dict:
        """What the server says it takes; what it does not say is left out."""
        try:
            found = self._object("GET", f"{server}/api/v2/instance", headers=headers, explain=self._explain)
        except Rejected:
            found = self._object("GET", f"{server}/api/v1/instance", headers=headers, explain=self._explain)
        said = found.get("configuration") or {}
        posts, media = said.get("statuses") or {}, said.get("media_attachments") or {}
        named = {
            "longest": posts.get("max_characters") or found.get("max_toot_chars"),
            "media": posts.get("max_media_attachments"),
            "url_length": posts.get("characters_reserved_per_url"),
            "image_bytes": media.get("image_size_limit"),
            "image_pixels": media.get("image_matrix_limit"),
        }
        return {name: value for name, value in named.items() if isinstance(value, int) and value > 0}

    def _scopes(self, server, headers) -> tuple[str, ...]:
        """The token's rights, on servers that tell."""
        url = f"{server}/api/v1/apps/verify_credentials"
        try:
            found = self._object("GET", url, headers=headers, explain=self._explain).get("scopes") or ()
        except (Rejected, AuthExpired, AuthRevoked):  # the log-in itself was accepted just before
            return ()
        return tuple(str(one) for one in found) if isinstance(found, list) else ()

    def _object(self, method, url, **options) -> dict:
        found = self._wire.json(method, url, **options)
        if not isinstance(found, dict):
            raise self._wire.malformed(bool(options.get("mutation")))
        return found

    def _list(self, method, url, **options) -> list[dict]:
        found = self._wire.json(method, url, explain=self._explain, **options)
        if not isinstance(found, list):
            raise self._wire.malformed(mutation=False)
        return [one for one in found if isinstance(one, dict)]

    def _refused_log_in(self, answer, mutation):
        if answer.status_code == 401:
            hint = "Copy the application's access token again and connect anew."
            return AuthRevoked(f"{self.spec.name} does not accept this access token.", hint)
        return self._explain(answer, mutation)

    def _explain(self, answer, mutation):
        name, words = self.spec.name, _words(answer)
        if answer.status_code == 429:
            wait = self._wait(answer)
            if wait is not None and wait > 3600:
                return QuotaSpent(f"{name} takes no more posts for now.", "It is tried again by itself.", wait=wait)
            return RateLimited(f"{name} wants a pause.", "It is tried again by itself.", wait=wait)
        if answer.status_code == 403:
            hint = "Give the application its scopes, make a new token and connect again."
            return AuthRevoked(f"{name} does not allow this account to do that{': ' + words if words else ''}.", hint)
        if answer.status_code in (404, 410):
            return Gone("It is not there any more.", "")
        if answer.status_code in (400, 413, 422) and words:
            return Rejected(f"{name} refused it: {words}.", "Change what it objects to, then approve it again.")
        return None

    def _wait(self, answer) -> float | None:
        if (asked := self._wire.asked_wait(answer)) is not None:
            return asked
        if reset := _moment(answer.headers.get("x-ratelimit-reset")):
            return min(max(reset - self._wire.clock(), 1.0), 86400.0)
        return None

    def _receipt(self, id, url, media) -> Receipt:
        # the server writes pictures anew, and what was inside them is gone
        return Receipt(str(id), url, disclosed=("caption",), facts={"media": list(media)})


class Gone(Rejected):
    """The server knows no such thing."""


def plain(content: object) -> str:
    """A post's HTML as words: tags gone, entities read, white space single."""
    text = re.sub(r"<(br|/p|p)\b[^>]*>", " ", str(content), flags=re.IGNORECASE)
    return _squeezed(html.unescape(re.sub(r"<[^>]*>", "", text)))


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _address(given: str) -> str:
    given = given.strip().rstrip("/")
    if given.startswith("@") and given.count("@") == 2:
        given = given.rpartition("@")[2]  # people paste their handle
    return given if "://" in given else f"https://{given}"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _moment(text: object) -> float:
    """Seconds since 1970 of an ISO date, 0 for none."""
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def _words(answer) -> str:
    try:
        return " ".join(str(answer.json().get("error", "")).split())[:200].rstrip(".")
    except (ValueError, AttributeError):
        return ""


def _lower(own: int, said: object) -> int:
    """The smaller of two limits, where 0 and what is no number are none."""
    found = [one for one in (own, said) if isinstance(one, int) and one > 0]
    return min(found, default=0)


def _number(value) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
