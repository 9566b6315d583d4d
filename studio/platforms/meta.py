"""What Instagram, Threads and Facebook have in common: one API, its errors, tokens, and posts made in two steps.

`Containers` is the base of the two that publish containers. A container is made out of media at a public address, read
by the network in its own time, and then published; it tells afterwards whether it was, so that nothing is repeated.
"""

from __future__ import annotations

import json
import time
from datetime import datetime

from studio.platforms import oauth
from studio.platforms.base import Comment, Connected, Later, Problem, Receipt, Verdict, kind_of, usual_problems
from studio.platforms.errors import (
    AuthExpired,
    AuthRevoked,
    PlatformError,
    QuotaSpent,
    RateLimited,
    Rejected,
    Transient,
    Unknown,
)
from studio.platforms.public_media import PublicMedia, named
from studio.platforms.wire import Wire

_RATE = frozenset({4, 17, 32, 341, 613, 80001, 80002, 80006})
_RIGHTS = frozenset({3, 10, *range(200, 300)})
_DAY_FULL = frozenset({2207042})
_UNSURE = frozenset({2207051})  # "action blocked": the post has been seen live after it
_AGAIN = frozenset({2207001, 2207003, 2207008, 2207020, 2207032, 2207052, 2207053})
_NOT_READY = 2207027
_READING_S = 10.0
_RENEW_EARLY_S = 10 * 86400  # a token that has run out cannot be renewed, and machines are away for a week
_LISTED = 50


class Graph:
    """Requests to one of Meta's hosts, and what their errors mean."""

    def __init__(self, name: str, home: str, client=None, clock=None):
        self.name, self.home = name, home
        self.wire = Wire(name, client, clock or time.time)

    def ask(self, method: str, path: str, token: str, *, mutation: bool = False, **options) -> dict:
        """The answer's object. `path` is below the host; the token goes into a header, never into an address."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = path if path.startswith("https://") else f"{self.home}/{path}"
        found = self.wire.json(method, url, headers=headers, mutation=mutation, explain=self.explain, **options)
        if not isinstance(found, dict):
            raise self.wire.malformed(mutation)
        return found

    def made(self, path: str, token: str, *, mutation: bool = False, **options) -> str:
        """The id of what a POST made."""
        id = self.ask("POST", path, token, mutation=mutation, **options).get("id")
        if not isinstance(id, str) or not id:
            raise self.wire.malformed(mutation)
        return id

    def explain(self, answer, mutation):
        error = _error(answer)
        if error is None:
            return None
        code, sub = error.get("code"), error.get("error_subcode")
        words = " ".join(str(error.get("error_user_msg") or error.get("message") or "").split())[:200].rstrip(".")
        if code == 190 or code == 102:
            return self._log_in(sub)
        if sub in _DAY_FULL:
            hint = "It is tried again by itself."
            return QuotaSpent(f"{self.name} takes no more posts today.", hint, wait=self._regained(answer))
        if code in _RATE or answer.status_code == 429:
            wait = self._regained(answer)
            return RateLimited(f"{self.name} wants a pause.", "It is tried again by itself.", wait=wait)
        if code in _RIGHTS:
            hint = "Give the app its permissions and connect again."
            return AuthRevoked(f"{self.name} does not allow that: {words}.", hint)
        if sub == _NOT_READY:
            return Transient(f"{self.name} is still reading the post.", "It is tried again by itself.", wait=30.0)
        if sub in _UNSURE:
            return Unknown(f"{self.name} blocked the request, which does not say whether the post is out.", _LOOKS)
        if sub in _AGAIN or code in (1, 2) or error.get("is_transient"):
            kind = Unknown if mutation else Transient
            return kind(f"{self.name} has trouble: {words}.", _LOOKS if mutation else "It is tried again by itself.")
        if code == 100 and sub == 33 or answer.status_code == 404:
            return Gone("It is not there any more.", "")
        if answer.status_code < 500 and words:
            return Rejected(f"{self.name} refused it: {words}.", "Change what it objects to, then approve it again.")
        return None

    def _log_in(self, sub):
        hint = "Make a new token and connect the account again."
        if sub in (458, 459, 460, 464):
            return AuthRevoked(f"{self.name} has ended this log-in.", hint)
        return AuthExpired(f"The log-in at {self.name} has run out.", hint)

    def _regained(self, answer) -> float | None:
        """Seconds until Meta lets the account in again: by its own header, or Retry-After."""
        if (asked := self.wire.asked_wait(answer)) is not None:
            return asked
        try:
            usage = json.loads(answer.headers.get("x-business-use-case-usage", ""))
            minutes = [one.get("estimated_time_to_regain_access", 0) for part in usage.values() for one in part]
            return min(max(minutes) * 60.0, 86400.0) or None
        except (ValueError, AttributeError, TypeError):
            return None


class Containers:
    """The base of Instagram and Threads. Subclasses have `spec`, `home`, and say how their containers are made."""

    home = ""
    publish_path, quota_path, media_path, renew_path, grant = "", "", "", "", ""
    status_field, text_field = "status", "text"
    me_fields = "id,username,name"

    def __init__(self, client=None, clock=None):
        self._graph = Graph(self.spec.name, self.home, client, clock)
        self._wire = self._graph.wire

    def ready(self):
        return None

    def check(self, draft):
        problems = usual_problems(self.spec, draft) + clip_problems(self.spec, draft)
        if draft.pieces and draft.account and not draft.account.public.get("folder"):
            told = f"{self.spec.name} fetches pictures itself, and this account has no public folder."
            problems.append(Problem(told, "Connect it again with one, or export the post.", "targets", "error"))
        return problems

    def connect(self, values):
        token, public = values["token"].strip(), named(dict(values))
        PublicMedia(public, self._wire).check()
        return self._who(public, token, {"token": token})

    def verify(self, account, secret):
        PublicMedia(account.public, self._wire).check()
        return self._who(dict(account.public), secret["token"], {})

    def refresh(self, account, secret):
        """A token lives sixty days and can be renewed from its second day to its end, not afterwards."""
        asked = {"grant_type": self.grant, "access_token": secret["token"]}
        try:
            found = self._graph.ask("GET", self.renew_path, "", params=asked)
        except AuthExpired as error:
            raise AuthRevoked(error.message, error.hint) from None
        if not isinstance(found.get("access_token"), str):
            raise self._wire.malformed(mutation=False)
        secret.keep(token=found["access_token"])
        return Connected(account.handle, expires_at=self._ends(found.get("expires_in")))

    def submit(self, draft, account, secret, journal):
        token, container = secret["token"], str(journal.handles.get("container") or "")
        state, why = self._state(container, token) if container else ("", "")
        if state == "PUBLISHED":
            return self._found(draft, account, secret, journal, journal.handles.get("made_at", ""))
        if state in ("ERROR", "EXPIRED"):
            self._forget(account, journal)
            if state == "ERROR":
                raise self._failed(why)
            container = ""
        if not container:
            container = self._make(draft, account, token, journal)
            if isinstance(container, Later):
                return container
            state, why = self._state(container, token)
        if state != "FINISHED":
            return Later(_READING_S, f"{self.spec.name} is still reading the post.")
        PublicMedia(account.public, self._wire).take(journal.handles.get("placed", ()))
        self._room(account, token)
        journal.begin()
        path = f"{account.public['id']}/{self.publish_path}"
        made = self._graph.made(path, token, mutation=True, data={"creation_id": container})
        journal.remote(made)
        return self._receipt(draft, made, self._address(made, token))

    def poll(self, draft, account, secret, journal):
        """A post is whole when the network has named it."""
        return self._receipt(draft, journal.remote_id, journal.url or self._address(journal.remote_id, secret["token"]))

    def reconcile(self, draft, account, secret, journal, since):
        container = str(journal.handles.get("container") or "")
        if not container:
            return Verdict("absent", why="Nothing was prepared for publishing yet.")
        state, _ = self._state(container, secret["token"])
        if state == "PUBLISHED":
            return Verdict("posted", self._found(draft, account, secret, journal, since))
        if state in ("FINISHED", "ERROR", "EXPIRED", "IN_PROGRESS"):
            return Verdict("absent", why=f"{self.spec.name} says of the post: {state.lower().replace('_', ' ')}.")
        return Verdict("unsure", why=f"{self.spec.name} does not say what became of it.")

    def _who(self, public, token, secret) -> Connected:
        me = self._graph.ask("GET", "me", token, params={"fields": self.me_fields})
        id = str(me.get("user_id") or me.get("id") or "")
        if not id or not me.get("username"):
            raise self._wire.malformed(mutation=False)
        note = ""
        if not public.get("folder"):
            only = "text only" if self._takes_text else "nothing"
            note = f"Without a public folder it can post {only}: connect it again with one for pictures."
        return Connected(
            f"@{me['username']}",
            name=str(me.get("name") or ""),
            remote_id=id,
            url=self._profile(str(me["username"])),
            public={**public, "id": id, "username": str(me["username"])},
            secret=secret,
            scopes=self.spec.connect.scopes,
            expires_at=self._ends(60 * 86400) if secret else None,
            note=note,
        )

    @property
    def _takes_text(self) -> bool:
        return any(not kind.media[1] for kind in self.spec.kinds)

    def _ends(self, seconds) -> str:
        lasts = float(seconds) if isinstance(seconds, int | float) else 60 * 86400.0
        return oauth.after(self._wire, max(lasts - _RENEW_EARLY_S, 3600.0))

    def _make(self, draft, account, token, journal):
        """The post's container, its parts first; Later while these are read."""
        kind, shelf = kind_of(self.spec, draft), PublicMedia(account.public, self._wire)
        place = f"{account.public['id']}/{self.media_path}"
        several = len(draft.pieces) > 1
        parts = list(journal.handles.get("parts", ()))
        for piece in draft.pieces[len(parts) :]:
            name = self._placed(draft, piece, kind, shelf)
            journal.keep(placed=[*journal.handles.get("placed", ()), name])
            body = self._part(draft, piece, kind, shelf.url(name), several)
            if not several:
                return self._kept(self._graph.made(place, token, data=body), journal)
            parts.append(self._graph.made(place, token, data=body))
            journal.keep(parts=parts)
        for one in parts:
            state, why = self._state(one, token)
            if state in ("ERROR", "EXPIRED"):
                self._forget(account, journal)
                raise self._failed(why)
            if state != "FINISHED":
                return Later(_READING_S, f"{self.spec.name} is still reading the pictures.")
        return self._kept(self._graph.made(place, token, data=self._whole(draft, parts)), journal)

    def _kept(self, container: str, journal) -> str:
        made_at = datetime.fromtimestamp(self._wire.clock()).astimezone().isoformat(timespec="seconds")
        journal.keep(container=container, made_at=made_at)
        return container

    def _placed(self, draft, piece, kind, shelf) -> str:
        if piece.asset.kind == "clip":
            return shelf.place(piece.source, ".mp4")
        file = draft.fit(piece, kind.image)
        return shelf.place(file.path, file.path.suffix)

    def _forget(self, account, journal) -> None:
        PublicMedia(account.public, self._wire).take(journal.handles.get("placed", ()))
        journal.keep(container="", parts=[], placed=[])

    def _state(self, container, token) -> tuple[str, str]:
        fields = f"id,{self.status_field},{'status' if self.status_field != 'status' else 'error_message'}"
        try:
            found = self._graph.ask("GET", container, token, params={"fields": fields})
        except Gone:
            return "EXPIRED", ""
        return str(found.get(self.status_field, "")), str(found.get(fields.rpartition(",")[2]) or "")

    def _room(self, account, token) -> None:
        """QuotaSpent when the network says that the day's posts are used up. What it does not say is no reason."""
        fields = {"fields": "quota_usage,config"}
        found = self._graph.ask("GET", f"{account.public['id']}/{self.quota_path}", token, params=fields)
        try:
            one = found["data"][0]
            full = one["quota_usage"] >= one["config"]["quota_total"]
        except (KeyError, IndexError, TypeError):
            return
        if full:
            hint = "It is tried again by itself."
            raise QuotaSpent(f"{self.spec.name} takes no more posts from this account today.", hint, wait=3600.0)

    def _failed(self, why: str) -> PlatformError:
        if any(str(one) in why for one in _AGAIN) or "DOWNLOAD" in why.upper() or "UNKNOWN" in why.upper():
            hint = "It is tried again by itself."
            return Transient(f"{self.spec.name} could not read the media.", hint)
        words = why.removeprefix("Error: ").rstrip(".")[:200].replace("_", " ") or "it did not say why"
        return Rejected(f"{self.spec.name} could not use the media: {words}.", "Change them, then approve it again.")

    def _found(self, draft, account, secret, journal, since) -> Receipt:
        """The receipt of a container that is published: by its kept id, or as the one own post with these words."""
        if journal.remote_id:
            return self._receipt(draft, journal.remote_id, journal.url)
        try:
            mine = [one for one in self._own(account, secret["token"], since) if self._is_it(draft, one)]
        except PlatformError:
            mine = []  # that it is out is certain; which one it is can be looked up by the person
        if len(mine) == 1:
            return self._receipt(draft, str(mine[0]["id"]), str(mine[0].get("permalink") or ""))
        return self._receipt(draft, "", "")

    def _own(self, account, token, since) -> list[dict]:
        asked = {"fields": f"id,{self.text_field},timestamp,permalink", "limit": _LISTED}
        found = self._graph.ask("GET", f"{account.public['id']}/{self.media_path}", token, params=asked)
        after = oauth.moment(since) - 120
        return [one for one in found.get("data") or () if oauth.moment(one.get("timestamp")) >= after]

    def _is_it(self, draft, one) -> bool:
        return " ".join(str(one.get(self.text_field, "")).split()) == " ".join(draft.text.split())

    def _address(self, id, token) -> str:
        """Where people see it; that this cannot be read is no failure."""
        try:
            return str(self._graph.ask("GET", id, token, params={"fields": "permalink"}).get("permalink") or "")
        except PlatformError:
            return ""


class Gone(Rejected):
    """There is no such thing."""


def clip_problems(spec, draft) -> list[Problem]:
    """What a clip has that the network does not take: another format, too many bytes, too short or too long."""
    problems = []
    kind = kind_of(spec, draft)
    for piece in draft.pieces:
        rule = kind.video if kind else None
        if piece.asset.kind != "clip" or not rule or not piece.source.is_file():
            continue
        seconds, (least, most) = piece.asset.seconds, rule.seconds or (0, 0)
        if piece.source.suffix.lower() != ".mp4":
            problems.append(Problem(f"{spec.name} takes clips as MP4.", "Render it anew.", "asset_ids", "error"))
        elif rule.most_bytes and piece.source.stat().st_size > rule.most_bytes:
            told = f"The clip is over the {rule.most_bytes // 1_000_000} MB that {spec.name} takes."
            problems.append(Problem(told, "Render it smaller or shorter.", "asset_ids", "error"))
        elif seconds and most and not least <= seconds <= most:
            told = f"{spec.name} takes clips of {least:g} to {most:g} seconds; this one has {seconds:g}."
            problems.append(Problem(told, "Cut it anew.", "asset_ids", "error"))
    return problems


def comments_of(found: dict, text: str, who: str) -> tuple[list[Comment], str]:
    """A page of an edge as comments, oldest first, and its cursor."""
    comments = [
        Comment(
            str(one.get("id")),
            str(one.get(who) or (one.get("from") or {}).get("name") or (one.get("from") or {}).get("username") or ""),
            str(one.get(text) or ""),
            str(one.get("timestamp") or one.get("created_time") or ""),
            str(one.get("permalink") or one.get("permalink_url") or ""),
            str((one.get("replied_to") or one.get("parent") or {}).get("id") or one.get("parent_id") or ""),
        )
        for one in found.get("data") or ()
        if isinstance(one, dict)
    ]
    paging = found.get("paging") or {}
    after = str((paging.get("cursors") or {}).get("after") or "") if paging.get("next") else ""
    return sorted(comments, key=lambda one: one.at), after


def insights(found: dict) -> dict[str, int | float | None]:
    """Numbers of an insights edge by their names."""
    numbers: dict[str, int | float | None] = {}
    for one in found.get("data") or ():
        value = (one.get("total_value") or {}).get("value")
        if value is None:
            value = next((part.get("value") for part in one.get("values") or ()), None)
        numbers[str(one.get("name"))] = number(value)
    return numbers


def number(value) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _error(answer) -> dict | None:
    try:
        error = answer.json().get("error")
    except (ValueError, AttributeError):
        return None
    return error if isinstance(error, dict) else None


_LOOKS = "The post may be there. The studio looks before anything is sent again."
