"""YouTube: clips; upright ones of up to three minutes are Shorts there.

A clip goes up in parts through an upload session. The session is kept before the first byte: after any doubt it is
asked what arrived, and answers with the missing part or with the video, so that nothing is sent twice. Each upload says
whether AI made it.

Not here: thumbnails, playlists, subtitles, YouTube's own scheduler.
"""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from studio.platforms import oauth
from studio.platforms.base import Comment, Connected, Later, Receipt, Verdict, usual_problems
from studio.platforms.errors import AuthExpired, AuthRevoked, PlatformError, QuotaSpent, RateLimited, Rejected
from studio.platforms.meta import clip_problems
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule
from studio.platforms.wire import Wire

API = "https://www.googleapis.com/youtube/v3"
_UPLOAD = "https://www.googleapis.com/upload/youtube/v3/videos"
_TOKENS = "https://oauth2.googleapis.com/token"
_SCOPES = (
    "https://www.googleapis.com/auth/youtube.upload", "https://www.googleapis.com/auth/youtube.force-ssl",
)  # fmt: skip
_PART = 32 * 1024 * 1024  # bytes; a multiple of the 256 KiB that sessions want
_PROCESSING_S = 60.0
_CATEGORY = "22"  # People & Blogs
_METRICS = {"views": "viewCount", "likes": "likeCount", "comments": "commentCount"}
_DAY = frozenset({"quotaExceeded", "dailyLimitExceeded", "uploadLimitExceeded"})
_PAUSE = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})


class YouTube:
    """Clips on the channel that gave its consent."""

    spec = PlatformSpec(
        "youtube",
        "YouTube",
        "Clips on a YouTube channel; upright ones of up to three minutes are Shorts.",
        kinds=(
            PostKind(
                "clip", "Clip", (1, 1), frozenset({"clip"}), TextRule(5000, "bytes"),
                video=MediaRule(("video/mp4",), most_bytes=4_000_000_000, seconds=(1, 900)),
            ),
        ),
        connect=Connect(
            way="oauth",
            steps=(
                "Open console.cloud.google.com, make a project, and under APIs & Services, Library switch on YouTube"
                " Data API v3.",
                "Under Google Auth Platform fill in Branding and Audience, and press Publish app: while it is in"
                " testing, every log-in ends after seven days.",
                "Under Clients choose Create client, Desktop app, and copy Client ID and Client secret.",
                "When Google asks, choose the channel, and let the app that is yours go on past the warning.",
            ),
            fields=(Field("client_id", "Client ID"), Field("client_secret", "Client secret", secret=True)),
            scopes=_SCOPES,
            renews=True,
        ),
        idempotency="handle",
        can=frozenset({"edit", "delete", "metrics", "comments", "reply"}),
        cannot=(("schedule", "YouTube's own scheduler is not used; the studio sends at the time."),),
        disclosure="flag",
        metrics=tuple(_METRICS),
        per_day=100,
        sends="the clip and the post's words, to YouTube; they are public there",
    )  # fmt: skip

    def __init__(self, client=None, clock=None):
        self._wire = Wire("YouTube", client, clock or time.time)

    def ready(self):
        return None

    def check(self, draft):
        return usual_problems(self.spec, draft) + clip_problems(self.spec, draft)

    def authorize(self, values, redirect, state, challenge):
        asked = {
            "response_type": "code", "client_id": values["client_id"].strip(), "redirect_uri": redirect,
            "scope": " ".join(_SCOPES), "state": state, "code_challenge": challenge, "code_challenge_method": "S256",
            "access_type": "offline", "prompt": "consent",
        }  # fmt: skip
        return oauth.page("https://accounts.google.com/o/oauth2/v2/auth", **asked), {}

    def exchange(self, values, kept, code, redirect, verifier):
        client, client_secret = values["client_id"].strip(), values["client_secret"].strip()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        found = oauth.tokens(self._wire, _TOKENS, {**form, "client_id": client, "client_secret": client_secret})
        secret = {"access": found["access"], "refresh": found["refresh"], "client_secret": client_secret}
        if not secret["refresh"]:
            raise AuthRevoked(
                "Google gave no lasting log-in.", "Take the app's access away at Google and connect anew."
            )
        return self._who(client, secret["access"], secret, found)

    def verify(self, account, secret):
        return self._who(account.public["client_id"], secret["access"], {}, {})

    def refresh(self, account, secret):
        form = {
            "grant_type": "refresh_token", "refresh_token": secret["refresh"],
            "client_id": account.public["client_id"], "client_secret": secret["client_secret"],
        }  # fmt: skip
        found = oauth.tokens(self._wire, _TOKENS, form)
        secret.keep(access=found["access"], refresh=found["refresh"] or secret["refresh"])
        return Connected(account.handle, expires_at=found["expires_at"] or None)

    def submit(self, draft, account, secret, journal):
        clip = draft.pieces[0]
        size, session = clip.source.stat().st_size, str(journal.handles.get("session") or "")
        begin, made = self._arrived(session, size, secret) if session else (0, None)
        if begin is None:
            session, begin = "", 0  # it has ended; what it was for was looked after before this call
        if made is None:
            if not session:
                session = self._session(draft, clip, size, secret)
                journal.keep(session=session)
            made = self._send(clip.source, session, begin, size, secret, journal)
        id = self._id(made)
        journal.remote(id, _page(id))
        return Later(_PROCESSING_S, "YouTube is reading the clip.")

    def poll(self, draft, account, secret, journal):
        """Rejected when YouTube threw the clip out after it had taken it."""
        found = self._items("videos", secret, part="status", id=journal.remote_id)
        if not found:
            raise Rejected("YouTube does not have the clip any more.", "Look into YouTube Studio for the reason.")
        status = found[0].get("status") or {}
        if status.get("uploadStatus") in ("failed", "rejected", "deleted"):
            why = str(status.get("rejectionReason") or status.get("failureReason") or status["uploadStatus"])
            raise Rejected(f"YouTube did not take the clip: {why}.", "Render it anew, or look into YouTube Studio.")
        return _receipt(draft, journal.remote_id)

    def reconcile(self, draft, account, secret, journal, since):
        session = str(journal.handles.get("session") or "")
        if not session:
            return Verdict("absent", why="No upload was begun.")
        begin, made = self._arrived(session, draft.pieces[0].source.stat().st_size, secret)
        if made is not None:
            return Verdict("posted", _receipt(draft, self._id(made)))
        if begin is None:
            return Verdict("unsure", why="YouTube has forgotten the upload: look whether the clip is on the channel.")
        return Verdict("absent", why="YouTube has not got the whole clip.")

    def delete(self, receipt, account, secret):
        try:
            asked = {"id": receipt.remote_id}
            self._wire.send("DELETE", f"{API}/videos", headers=_bearer(secret), params=asked, mutation=True,
                            explain=self._explain)  # fmt: skip
        except Gone:
            pass

    def edit(self, draft, receipt, account, secret):
        body = {"id": receipt.remote_id, "snippet": _snippet(draft)}
        self._object("PUT", f"{API}/videos", secret, params={"part": "snippet"}, json=body, mutation=True)
        return receipt

    def metrics(self, receipt, account, secret):
        found = self._items("videos", secret, part="statistics", id=receipt.remote_id)
        counts = (found[0].get("statistics") or {}) if found else {}
        return {name: _number(counts.get(key)) for name, key in _METRICS.items()}

    def comments(self, receipt, account, secret, after=""):
        asked = {"part": "snippet", "videoId": receipt.remote_id, "order": "time", "textFormat": "plainText"}
        asked |= {"maxResults": "100", **({"pageToken": after} if after else {})}
        found = self._object("GET", f"{API}/commentThreads", secret, params=asked)
        comments = []
        for one in found.get("items") or ():
            top = (one.get("snippet") or {}).get("topLevelComment") or {}
            told, id = top.get("snippet") or {}, str(top.get("id") or one.get("id"))
            who, text = str(told.get("authorDisplayName", "")), str(told.get("textDisplay", ""))
            url = f"{_page(receipt.remote_id)}&lc={id}"
            comments.append(Comment(id, who, text, str(told.get("publishedAt", "")), url))
        return sorted(comments, key=lambda one: one.at), str(found.get("nextPageToken") or "")

    def reply(self, comment_id, text, receipt, account, secret, journal):
        body = {"snippet": {"parentId": comment_id, "textOriginal": text}}
        journal.begin("reply")
        made = self._object("POST", f"{API}/comments", secret, params={"part": "snippet"}, json=body, mutation=True)
        if not isinstance(made.get("id"), str):
            raise self._wire.malformed(mutation=True)
        journal.remote(made["id"])
        return Receipt(made["id"], f"{_page(receipt.remote_id)}&lc={made['id']}")

    def _session(self, draft, clip, size, secret) -> str:
        """A new upload session's address."""
        body = {
            "snippet": _snippet(draft),
            "status": {
                "privacyStatus": "public", "selfDeclaredMadeForKids": False, "containsSyntheticMedia": clip.ai_made,
            },
        }  # fmt: skip
        answer = self._wire.send(
            "POST",
            _UPLOAD,
            headers={**_bearer(secret), "X-Upload-Content-Type": "video/mp4", "X-Upload-Content-Length": str(size)},
            params={"uploadType": "resumable", "part": "snippet,status"},
            json=body,
            explain=self._explain,
        )
        session = answer.headers.get("location", "")
        host = urlsplit(session).hostname or ""
        if urlsplit(session).scheme != "https" or not host.endswith(".googleapis.com"):
            raise self._wire.malformed(mutation=False)
        return session

    def _send(self, source, session, begin, size, secret, journal) -> dict:
        """The rest of the clip from byte `begin` on; what YouTube made of it."""
        with source.open("rb") as file:
            while True:
                file.seek(begin)
                part = file.read(_PART)
                last = begin + len(part) >= size
                headers = {**_bearer(secret), "Content-Range": f"bytes {begin}-{begin + len(part) - 1}/{size}"}
                if last:
                    journal.begin()
                try:
                    answer = self._wire.send(
                        "PUT", session, headers=headers, content=part, mutation=last, explain=self._explain
                    )
                except _More as more:
                    begin = more.begin
                    continue
                return self._read(answer, mutation=True)

    def _arrived(self, session, size, secret) -> tuple[int | None, dict | None]:
        """(first byte that is missing, None), (0, the video) when it is whole, (None, None) when the session ended."""
        headers = {**_bearer(secret), "Content-Range": f"bytes */{size}"}
        try:
            answer = self._wire.send("PUT", session, headers=headers, explain=self._explain)
        except _More as more:
            return more.begin, None
        except Gone:
            return None, None
        return 0, self._read(answer, mutation=False)

    def _read(self, answer, mutation) -> dict:
        try:
            found = answer.json()
        except ValueError:
            raise self._wire.malformed(mutation) from None
        if not isinstance(found, dict) or not isinstance(found.get("id"), str):
            raise self._wire.malformed(mutation)
        return found

    def _id(self, made: dict) -> str:
        return str(made["id"])

    def _items(self, what, secret, **asked) -> list[dict]:
        found = self._object("GET", f"{API}/{what}", secret, params=asked).get("items") or ()
        return [one for one in found if isinstance(one, dict)]

    def _who(self, client, access, secret, found) -> Connected:
        channels = self._items("channels", {"access": access}, part="snippet", mine="true")
        if not channels:
            raise AuthRevoked("This Google account has no YouTube channel.", "Make one, then connect again.")
        id, told = str(channels[0].get("id")), channels[0].get("snippet") or {}
        return Connected(
            str(told.get("customUrl") or told.get("title") or id),
            name=str(told.get("title") or ""),
            remote_id=id,
            url=f"https://www.youtube.com/channel/{id}",
            public={"client_id": client, "id": id},
            secret=secret,
            scopes=tuple(found.get("scopes", "").split()),
            expires_at=found.get("expires_at") or None,
        )

    def _object(self, method, url, secret, **options) -> dict:
        found = self._wire.json(method, url, headers=_bearer(secret), explain=self._explain, **options)
        if not isinstance(found, dict):
            raise self._wire.malformed(bool(options.get("mutation")))
        return found

    def _explain(self, answer, mutation):
        if answer.status_code == 308:
            held = answer.headers.get("range", "").rpartition("-")[2]
            return _More(int(held) + 1 if held.isdigit() else 0)
        reason, words = _error(answer)
        if answer.status_code == 401:
            return AuthExpired("The log-in at YouTube has run out.", "Connect the account again.")
        if reason in _DAY:
            wait = 86400.0 if reason == "uploadLimitExceeded" else self._midnight()
            return QuotaSpent("YouTube takes no more uploads today.", "It is tried again by itself.", wait=wait)
        if reason in _PAUSE or answer.status_code == 429:
            wait = self._wire.asked_wait(answer)
            return RateLimited("YouTube wants a pause.", "It is tried again by itself.", wait=wait)
        if answer.status_code in (404, 410):
            return Gone("It is not there any more.", "")
        if answer.status_code == 403:
            hint = "Look into YouTube Studio and the Google project, then connect again."
            return AuthRevoked(f"YouTube does not allow that{': ' + words if words else ''}.", hint)
        if 400 <= answer.status_code < 500 and words:
            return Rejected(f"YouTube refused it: {words}.", "Change what it objects to, then approve it again.")
        return None

    def _midnight(self) -> float:
        """Seconds until the day's quota is given anew: midnight in California, in winter's time."""
        return 86400.0 - (self._wire.clock() - 8 * 3600) % 86400.0


class Gone(Rejected):
    """There is no such video, comment or session."""


class _More(PlatformError):
    """The session wants the bytes from `begin` on."""

    def __init__(self, begin: int):
        super().__init__("YouTube waits for the rest of the clip.", "It is tried again by itself.")
        self.begin = begin


def _snippet(draft) -> dict:
    """Title and description. The title is the first line; pointed brackets are not taken by YouTube."""
    text = draft.text.replace("<", "‹").replace(">", "›")
    first = next((line.strip() for line in text.splitlines() if line.strip()), "Clip")
    title = first if len(first) <= 100 else f"{first[:99].rstrip()}…"
    return {"title": title, "description": text, "categoryId": _CATEGORY}


def _error(answer) -> tuple[str, str]:
    """The network's own reason of an error, and its words, short."""
    try:
        error = answer.json()["error"]
        first = next(iter(error.get("errors") or ()), {})
        return str(first.get("reason", "")), " ".join(str(error.get("message", "")).split())[:200].rstrip(".")
    except (ValueError, AttributeError, KeyError, TypeError):
        return "", ""


def _page(id) -> str:
    return f"https://www.youtube.com/watch?v={id}"


def _receipt(draft, id) -> Receipt:
    flag = ("flag",) if any(piece.ai_made for piece in draft.pieces) else ()
    return Receipt(str(id), _page(id), disclosed=(*flag, "caption"))


def _bearer(secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret['access']}"}


def _number(value) -> int | None:
    return int(value) if isinstance(value, str) and value.isdigit() else None
