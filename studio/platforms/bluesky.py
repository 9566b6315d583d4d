"""Bluesky, and any other server that speaks the AT protocol.

A post is a record in the account's own repository. Its key is minted from the journal's key, so that sending a post
twice writes the same record once, and whether it is there can be asked afterwards. Log-in is an app password; access
tokens last about two hours and are renewed with the refresh token, or with the password when that has run out as well.

Not here: clips (the network wants them through another host), OAuth, moderation lists.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timezone
from urllib.parse import urlsplit

from studio.platforms.base import Comment, Connected, Receipt, Verdict, usual_problems
from studio.platforms.counting import LINK
from studio.platforms.errors import AuthExpired, AuthRevoked, PlatformError, RateLimited, Rejected
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule
from studio.platforms.wire import Wire

HOME = "https://bsky.social"
_POST = "app.bsky.feed.post"
_LABELS = "com.atproto.label.defs#selfLabels"
_TEXT = TextRule(300, "graphemes", longest_bytes=3000)
_IMAGE = MediaRule(("image/jpeg", "image/png"), most_bytes=2_000_000, most_side=2000)
_SIGNS = "234567abcdefghijklmnopqrstuvwxyz"  # of a record key
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"  # of a journal key


class Bluesky:
    """Posts with up to four pictures, labelled as made with AI."""

    spec = PlatformSpec(
        "bluesky",
        "Bluesky",
        "Posts with up to four pictures on Bluesky or your own AT protocol server.",
        kinds=(
            PostKind("images", "Pictures", (1, 4), text=_TEXT, image=_IMAGE, alt_longest=2000),
            PostKind("text", "Text", (0, 0), takes=frozenset(), text=_TEXT),
        ),
        connect=Connect(
            steps=(
                "In Bluesky open Settings, Privacy and security, App passwords.",
                "Choose Add app password, name it after this studio, and copy what it shows.",
                "Enter your handle (like mira.bsky.social) and paste the app password here, never your own password.",
            ),
            fields=(
                Field("handle", "Handle", placeholder="mira.bsky.social"),
                Field("password", "App password", secret=True, placeholder="xxxx-xxxx-xxxx-xxxx"),
                Field("server", "Server", help="Only for your own server.", placeholder=HOME, required=False),
            ),
            scopes=("post", "delete"),
            renews=True,
        ),
        idempotency="key",
        can=frozenset({"delete", "metrics", "comments", "reply"}),
        cannot=(
            ("edit", "Bluesky shows the first words of a post for ever; delete it and post again."),
            ("schedule", "Bluesky has no scheduler of its own; the studio sends at the time."),
        ),
        disclosure="label",
        metrics=("likes", "reposts", "replies", "quotes"),
        hashtags=30,
        sends="the post's words and pictures, to Bluesky or the server you name; they are public there",
    )

    def __init__(self, client=None, clock=None):
        self._wire = Wire("Bluesky", client, clock or time.time)

    def ready(self):
        return None

    def check(self, draft):
        return usual_problems(self.spec, draft)

    def connect(self, values):
        server = _address(values.get("server", ""))
        found = self._log_in(server, values["handle"].strip().lstrip("@"), values["password"].strip())
        return Connected(
            found["handle"],
            remote_id=found["did"],
            url=f"https://bsky.app/profile/{found['did']}" if server == HOME else server,
            public={"server": _own_server(found, server), "handle": found["handle"], "did": found["did"]},
            secret={
                "password": values["password"].strip(),
                "access": found["accessJwt"],
                "refresh": found["refreshJwt"],
            },
            scopes=self.spec.connect.scopes,
        )

    def verify(self, account, secret):
        found = self._ask(account, secret, "com.atproto.server.getSession")
        return Connected(found["handle"], remote_id=found["did"], scopes=self.spec.connect.scopes)

    def refresh(self, account, secret):
        try:
            found = self._call(
                "POST",
                f"{account.public['server']}/xrpc/com.atproto.server.refreshSession",
                headers={"Authorization": f"Bearer {secret['refresh']}"},
            )
            access, renewed = found["accessJwt"], found["refreshJwt"]
        except (AuthExpired, AuthRevoked):
            found = self._log_in(account.public["server"], account.public["handle"], secret["password"])
            access, renewed = found["accessJwt"], found["refreshJwt"]
        except KeyError:
            raise self._wire.malformed(mutation=False) from None
        secret.keep(access=access, refresh=renewed)
        return Connected(str(found.get("handle") or account.handle))

    def submit(self, draft, account, secret, journal):
        handles = journal.handles
        images = [dict(one) for one in handles.get("images", ())]
        for piece in draft.pieces[len(images) :]:
            file = draft.fit(piece, _IMAGE)
            blob = self._ask(
                account,
                secret,
                "com.atproto.repo.uploadBlob",
                method="POST",
                content=file.path.read_bytes(),
                headers={"Content-Type": file.media_type},
            )
            if not isinstance(blob.get("blob"), dict):
                raise self._wire.malformed(mutation=False)
            ratio = {"width": file.width, "height": file.height}
            images.append({"alt": piece.alt_text, "image": blob["blob"], "aspectRatio": ratio})
            journal.keep(images=images)
        if "created" not in journal.handles:
            journal.keep(created=self._now())
        record = {
            "$type": _POST,
            "text": draft.text,
            "createdAt": journal.handles["created"],
            "facets": self._facets(draft.text, account, secret),
            "labels": {"$type": _LABELS, "values": [{"val": "ai-generated"}]},
        }
        if images:
            record["embed"] = {"$type": "app.bsky.embed.images", "images": images}
        journal.begin()
        made = self._put(account, secret, record_key(journal.key), record)
        journal.remote(made["uri"], _page(account, made["uri"]))
        return _receipt(account, made["uri"], made.get("cid", ""), bool(images))

    def poll(self, draft, account, secret, journal):
        """A post is whole when the server has named it."""
        return _receipt(account, journal.remote_id, "", bool(draft.pieces))

    def reconcile(self, draft, account, secret, journal, since):
        found = self._record(account, secret, record_key(journal.key))
        if found is None:
            return Verdict("absent", why="The account's repository has no such record.")
        return Verdict("posted", _receipt(account, found["uri"], found.get("cid", ""), bool(draft.pieces)))

    def delete(self, receipt, account, secret):
        body = {"repo": account.public["did"], "collection": _POST, "rkey": receipt.remote_id.rpartition("/")[2]}
        url = f"{account.public['server']}/xrpc/com.atproto.repo.deleteRecord"
        headers = {"Authorization": f"Bearer {secret['access']}"}
        self._wire.send("POST", url, json=body, headers=headers, mutation=True, explain=self._explain)

    def metrics(self, receipt, account, secret):
        found = self._ask(account, secret, "app.bsky.feed.getPosts", params={"uris": receipt.remote_id})
        post = next(iter(found.get("posts") or ()), {})
        names = {"likes": "likeCount", "reposts": "repostCount", "replies": "replyCount", "quotes": "quoteCount"}
        return {name: _number(post.get(key)) for name, key in names.items()}

    def comments(self, receipt, account, secret, after=""):
        asked = {"uri": receipt.remote_id, "depth": 6, "parentHeight": 0}
        found = self._ask(account, secret, "app.bsky.feed.getPostThread", params=asked)
        comments, waiting = [], list((found.get("thread") or {}).get("replies") or ())
        while waiting:
            one = waiting.pop()
            waiting += one.get("replies") or ()
            post = one.get("post") or {}
            record = post.get("record") or {}
            if post.get("uri") and record.get("createdAt", "") > after:
                parent = ((record.get("reply") or {}).get("parent") or {}).get("uri", "")
                author = (post.get("author") or {}).get("handle", "")
                comments.append(
                    Comment(
                        post["uri"],
                        author,
                        str(record.get("text", "")),
                        str(record.get("createdAt", "")),
                        _page(account, post["uri"]),
                        parent,
                    )
                )
        return sorted(comments, key=lambda one: one.at), ""

    def reply(self, comment_id, text, receipt, account, secret, journal):
        found = self._ask(
            account, secret, "app.bsky.feed.getPosts", params={"uris": [comment_id, receipt.remote_id]}
        ).get("posts")  # fmt: skip
        named = {post.get("uri"): {"uri": post.get("uri"), "cid": post.get("cid")} for post in found or ()}
        if comment_id not in named or receipt.remote_id not in named:
            raise Rejected("The comment or the post is not there any more.", "Nothing was sent.")
        if "created" not in journal.handles:
            journal.keep(created=self._now())
        record = {
            "$type": _POST,
            "text": text,
            "createdAt": journal.handles["created"],
            "facets": self._facets(text, account, secret),
            "reply": {"root": named[receipt.remote_id], "parent": named[comment_id]},
        }
        journal.begin("reply")
        made = self._put(account, secret, record_key(journal.key), record)
        journal.remote(made["uri"], _page(account, made["uri"]))
        return Receipt(made["uri"], _page(account, made["uri"]), facts={"cid": made.get("cid", "")})

    def _put(self, account, secret, key, record):
        body = {"repo": account.public["did"], "collection": _POST, "rkey": key, "record": record}
        made = self._ask(account, secret, "com.atproto.repo.putRecord", method="POST", json=body, mutation=True)
        if not isinstance(made.get("uri"), str):
            raise self._wire.malformed(mutation=True)
        return made

    def _record(self, account, secret, key):
        asked = {"repo": account.public["did"], "collection": _POST, "rkey": key}
        try:
            return self._ask(account, secret, "com.atproto.repo.getRecord", params=asked)
        except _Gone:
            return None

    def _facets(self, text, account, secret):
        """Links, hashtags and mentions as ranges of bytes: without them the network shows plain words."""
        import regex

        found = []
        place = lambda match, group=0: {
            "byteStart": len(text[: match.start(group)].encode()),
            "byteEnd": len(text[: match.end(group)].encode()),
        }
        for match in LINK.finditer(text):
            end = match.end() - len(match[0]) + len(match[0].rstrip(".,;:!?)\"'"))
            index = {"byteStart": len(text[: match.start()].encode()), "byteEnd": len(text[:end].encode())}
            feature = {"$type": "app.bsky.richtext.facet#link", "uri": text[match.start() : end]}
            found.append({"index": index, "features": [feature]})
        for match in regex.finditer(r"(?<![^\s(])#([^\s#.,;:!?()\"']*\p{L}[^\s#.,;:!?()\"']*)", text):
            if len(match[1]) <= 64:
                feature = {"$type": "app.bsky.richtext.facet#tag", "tag": match[1]}
                found.append({"index": place(match), "features": [feature]})
        for match in regex.finditer(r"(?<![^\s(])@((?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,})", text):
            if did := self._did(match[1], account, secret):
                feature = {"$type": "app.bsky.richtext.facet#mention", "did": did}
                found.append({"index": place(match), "features": [feature]})
        return found

    def _did(self, handle, account, secret):
        """Who that is; nobody when the network does not know, or cannot say just now."""
        try:
            found = self._ask(account, secret, "com.atproto.identity.resolveHandle", params={"handle": handle})
            return found.get("did")
        except AuthExpired:
            raise
        except PlatformError:
            return None

    def _log_in(self, server, handle, password):
        body = {"identifier": handle, "password": password}
        found = self._call("POST", f"{server}/xrpc/com.atproto.server.createSession", json=body, logging_in=True)
        if not all(isinstance(found.get(name), str) for name in ("did", "handle", "accessJwt", "refreshJwt")):
            raise self._wire.malformed(mutation=False)
        return found

    def _ask(self, account, secret, what, *, method="GET", headers=None, **options):
        headers = {"Authorization": f"Bearer {secret['access']}", **(headers or {})}
        return self._call(method, f"{account.public['server']}/xrpc/{what}", headers=headers, **options)

    def _call(self, method, url, *, logging_in=False, **options):
        explain = self._refused_log_in if logging_in else self._explain
        found = self._wire.json(method, url, explain=explain, **options)
        if not isinstance(found, dict):
            raise self._wire.malformed(bool(options.get("mutation")))
        return found

    def _refused_log_in(self, answer, mutation):
        name, _ = _error(answer)
        if name == "AuthFactorTokenRequired":
            return AuthRevoked("Bluesky asks for a code by mail.", "Use an app password: it needs no code.")
        if name in ("AccountTakedown", "AccountDeactivated") or answer.status_code in (400, 401, 403):
            hint = "Check the handle, make a new app password and connect again."
            return AuthRevoked("Bluesky does not accept this handle and app password.", hint)
        return self._explain(answer, mutation)

    def _explain(self, answer, mutation):
        name, words = _error(answer)
        if name == "ExpiredToken":
            return AuthExpired("The log-in at Bluesky has run out.", "It is renewed by itself.")
        if name in ("InvalidToken", "AuthMissing", "AccountTakedown", "AccountDeactivated", "AccountSuspended"):
            return AuthRevoked("Bluesky does not let this account in any more.", "Connect the account again.")
        if name == "RecordNotFound" or (answer.status_code == 400 and "Could not locate record" in words):
            return _Gone("It is not there any more.", "")
        if answer.status_code == 429:
            return RateLimited("Bluesky wants a pause.", "It is tried again by itself.", wait=self._wait(answer))
        if answer.status_code in (400, 413, 422) and words:
            return Rejected(f"Bluesky refused it: {words}.", "Change what it objects to, then approve it again.")
        return None

    def _wait(self, answer):
        if (asked := self._wire.asked_wait(answer)) is not None:
            return asked
        reset = answer.headers.get("ratelimit-reset", "")
        return min(max(float(reset) - self._wire.clock(), 1.0), 86400.0) if reset.isdigit() else None

    def _now(self):
        moment = datetime.fromtimestamp(self._wire.clock(), timezone.utc)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Gone(Rejected):
    """There is no such record."""


def record_key(key: str) -> str:
    """The record key (13 signs, by time) that a journal's key stands for; always the same one."""
    spread = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    head = key[:10].lower()
    if len(head) == 10 and all(sign in _CROCKFORD for sign in head):
        moment = 0
        for sign in head:
            moment = moment * 32 + _CROCKFORD.index(sign)  # milliseconds since 1970
    else:
        moment = 1_700_000_000_000 + spread % 10**11
    number = ((moment * 1000 + spread % 1000) % 2**53) << 10 | (spread >> 20) % 1024
    return "".join(_SIGNS[number >> shift & 31] for shift in range(60, -1, -5))


def _address(given: str) -> str:
    given = given.strip().rstrip("/") or HOME
    return given if "://" in given else f"https://{given}"


def _own_server(session: dict, asked: str) -> str:
    """Where the account's repository is: what its identity names, if that is safe to send a token to."""
    for service in (session.get("didDoc") or {}).get("service") or ():
        address = str(service.get("serviceEndpoint", "")).rstrip("/")
        if service.get("type") == "AtprotoPersonalDataServer" and urlsplit(address).scheme == "https" and asked == HOME:
            return address
    return asked


def _page(account, uri: str) -> str:
    """Where people see a record."""
    did, _, key = uri.removeprefix("at://").partition(f"/{_POST}/")
    return f"https://bsky.app/profile/{did}/post/{key}" if key else ""


def _receipt(account, uri: str, cid: str, pictures: bool) -> Receipt:
    said = ("label", *(("metadata",) if pictures else ()), "caption")
    return Receipt(uri, _page(account, uri), disclosed=said, facts={"cid": cid})


def _error(answer) -> tuple[str, str]:
    """The network's own name of an error, and its words, short."""
    try:
        body = answer.json()
        return str(body.get("error", "")), " ".join(str(body.get("message", "")).split())[:200].rstrip(".")
    except (ValueError, AttributeError):
        return "", ""


def _number(value) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
