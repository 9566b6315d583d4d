"""X: posts with up to four pictures, through version 2 of its API.

Pictures are uploaded first, their alt texts said, and the post names them, with the network's own mark "made with AI".
X has no key against repeats. Whether a post is out is read from the account's own posts: by its pictures' keys, or,
without pictures, by its words.

X charges the app's owner for each request; a link in the text makes a post about thirteen times as dear.

Not here: clips, threads, polls.
"""

from __future__ import annotations

import html
import time

from studio.platforms import oauth
from studio.platforms.base import Comment, Connected, Problem, Receipt, Verdict, usual_problems
from studio.platforms.counting import LINK
from studio.platforms.errors import AuthRevoked, QuotaSpent, RateLimited, Rejected
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule
from studio.platforms.wire import Wire

API = "https://api.x.com/2"
_TOKENS = f"{API}/oauth2/token"
_SCOPES = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")
_TEXT = TextRule(280, "weighted", url_length=23)
_IMAGE = MediaRule(("image/jpeg", "image/png"), most_bytes=5_000_000, most_side=4096)
_SHOWN = 100
_MEDIA_LASTS_S = 20 * 3600  # the network keeps an unused upload for a day
_METRICS = {
    "impressions": "impression_count", "likes": "like_count", "reposts": "retweet_count", "replies": "reply_count",
    "quotes": "quote_count", "bookmarks": "bookmark_count",
}  # fmt: skip


class X:
    """Posts of the account that gave its consent."""

    spec = PlatformSpec(
        "x",
        "X",
        "Posts with up to four pictures on X, through an app of your own.",
        kinds=(
            PostKind("images", "Pictures", (1, 4), text=_TEXT, image=_IMAGE, alt_longest=1000),
            PostKind("text", "Text", (0, 0), takes=frozenset(), text=_TEXT),
        ),
        connect=Connect(
            way="oauth",
            steps=(
                "Open console.x.com, make a project with an app, and add credits: X charges for each post and read.",
                "In the app open User authentication settings: Read and write, Native App or Web App.",
                "Enter as Callback URI this page's address up to the port, with /api/v1/accounts/returned behind it.",
                "Copy the OAuth 2.0 Client ID, for a Web App also the Client Secret.",
            ),
            fields=(
                Field("client_id", "Client ID"),
                Field("client_secret", "Client secret", secret=True, required=False, help="Only for a Web App."),
            ),
            scopes=_SCOPES,
            renews=True,
        ),
        idempotency="read_back",
        can=frozenset({"delete", "metrics", "comments", "reply"}),
        cannot=(
            ("edit", "X lets only paying people edit, on its own page."),
            ("schedule", "X's API has no scheduler; the studio sends at the time."),
            ("thread", "The studio sends one post at a time to X."),
        ),
        disclosure="flag",
        metrics=tuple(_METRICS),
        per_day=100,
        sends="the post's words and pictures, to X; they are public there, and X charges your app for them",
    )

    def __init__(self, client=None, clock=None):
        self._wire = Wire("X", client, clock or time.time)

    def ready(self):
        return None

    def check(self, draft):
        problems = usual_problems(self.spec, draft)
        if LINK.search(draft.text):
            told = "X charges about 0.20 US dollars for a post with a link, and 0.015 for one without."
            problems.append(Problem(told, "Leave the link out, or put it into your profile.", "caption"))
        return problems

    def authorize(self, values, redirect, state, challenge):
        asked = {"response_type": "code", "client_id": values["client_id"].strip(), "redirect_uri": redirect}
        safe = {"state": state, "code_challenge": challenge, "code_challenge_method": "S256"}
        return oauth.page("https://x.com/i/oauth2/authorize", **asked, scope=" ".join(_SCOPES), **safe), {}

    def exchange(self, values, kept, code, redirect, verifier):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        client = {"client": values["client_id"].strip(), "client_secret": values.get("client_secret", "").strip()}
        found = self._tokens(client["client"], client["client_secret"], form)
        secret = {"access": found["access"], "refresh": found["refresh"]}
        if client["client_secret"]:
            secret["client_secret"] = client["client_secret"]
        return self._who(client["client"], secret["access"], secret, found)

    def verify(self, account, secret):
        return self._who(account.public["client_id"], secret["access"], {}, {})

    def refresh(self, account, secret):
        form = {"grant_type": "refresh_token", "refresh_token": secret["refresh"]}
        found = self._tokens(account.public["client_id"], secret.get("client_secret", ""), form)
        secret.keep(access=found["access"], refresh=found["refresh"] or secret["refresh"])
        return Connected(account.handle, expires_at=found["expires_at"] or None)

    def submit(self, draft, account, secret, journal):
        media = self._uploaded(draft, secret, journal)
        body = {"text": draft.text}
        if media:
            body["media"] = {"media_ids": [one["id"] for one in media]}
        if any(piece.ai_made for piece in draft.pieces):
            body["made_with_ai"] = True
        journal.begin()
        made = self._post(secret, body)
        url = _page(account, made)
        journal.remote(made, url)
        return _receipt(draft, made, url)

    def poll(self, draft, account, secret, journal):
        """A post is whole when the network has named it."""
        return _receipt(draft, journal.remote_id, journal.url)

    def reconcile(self, draft, account, secret, journal, since):
        keys = {one["key"] for one in journal.handles.get("media", ())}
        asked = {"max_results": _SHOWN, "exclude": "retweets", "tweet.fields": "attachments,created_at,entities"}
        url = f"{API}/users/{account.public['id']}/tweets"
        found = self._object("GET", url, headers=_bearer(secret), params=asked)
        posts = [one for one in found.get("data") or () if isinstance(one, dict)]
        for one in posts:
            held = set((one.get("attachments") or {}).get("media_keys") or ())
            same = bool(keys & held) if keys else not held and _plain(one) == _squeezed(draft.text)
            if same and (keys or oauth.moment(one.get("created_at")) >= oauth.moment(since) - 60):
                return Verdict("posted", _receipt(draft, str(one["id"]), _page(account, one["id"])))
        oldest = min((oauth.moment(one.get("created_at")) for one in posts), default=0.0)
        if len(posts) >= _SHOWN and oldest > oauth.moment(since):
            return Verdict("unsure", why="There are more posts since then than X shows at once.")
        return Verdict("absent", why=f"None of the account's latest {len(posts)} posts is this one.")

    def delete(self, receipt, account, secret):
        url = f"{API}/tweets/{receipt.remote_id}"
        try:
            self._wire.send("DELETE", url, headers=_bearer(secret), mutation=True, explain=self._explain)
        except Gone:
            pass

    def metrics(self, receipt, account, secret):
        asked = {"tweet.fields": "public_metrics"}
        found = self._object("GET", f"{API}/tweets/{receipt.remote_id}", headers=_bearer(secret), params=asked)
        counts = (found.get("data") or {}).get("public_metrics") or {}
        return {name: _number(counts.get(key)) for name, key in _METRICS.items()}

    def comments(self, receipt, account, secret, after=""):
        """Of the last seven days: X's search goes no further back."""
        asked = {
            "query": f"conversation_id:{receipt.remote_id}", "max_results": _SHOWN, "expansions": "author_id",
            "tweet.fields": "created_at,in_reply_to_user_id,referenced_tweets", "user.fields": "username",
            **({"next_token": after} if after else {}),
        }  # fmt: skip
        found = self._object("GET", f"{API}/tweets/search/recent", headers=_bearer(secret), params=asked)
        people = {one.get("id"): one for one in (found.get("includes") or {}).get("users") or ()}
        comments = []
        for one in found.get("data") or ():
            who = str((people.get(one.get("author_id")) or {}).get("username", ""))
            answered = [to.get("id") for to in one.get("referenced_tweets") or () if to.get("type") == "replied_to"]
            comments.append(
                Comment(
                    str(one["id"]),
                    who,
                    html.unescape(str(one.get("text", ""))),
                    str(one.get("created_at", "")),
                    f"https://x.com/{who or 'i'}/status/{one['id']}",
                    str(answered[0]) if answered else "",
                )
            )
        more = str((found.get("meta") or {}).get("next_token") or "")
        return sorted(comments, key=lambda one: one.at), more

    def reply(self, comment_id, text, receipt, account, secret, journal):
        journal.begin("reply")
        made = self._post(secret, {"text": text, "reply": {"in_reply_to_tweet_id": comment_id}})
        journal.remote(made, _page(account, made))
        return Receipt(made, _page(account, made))

    def _uploaded(self, draft, secret, journal) -> list[dict]:
        """Every picture at the network, with its alt text; uploads that are too old to be used are made again."""
        now = self._wire.clock()
        media = list(journal.handles.get("media", ()))
        if any(one["at"] + _MEDIA_LASTS_S < now or one["at"] > now + 3600 for one in media):
            media = []
        for piece in draft.pieces[len(media) :]:
            file = draft.fit(piece, _IMAGE)
            found = self._object(
                "POST",
                f"{API}/media/upload",
                headers=_bearer(secret),
                files={"media": (f"{piece.name}{file.path.suffix}", file.path.read_bytes(), file.media_type)},
                data={"media_category": "tweet_image"},
            )
            made = found.get("data") or {}
            if not isinstance(made.get("id"), str):
                raise self._wire.malformed(mutation=False)
            if piece.alt_text:
                told = {"id": made["id"], "metadata": {"alt_text": {"text": piece.alt_text}}}
                self._object("POST", f"{API}/media/metadata", headers=_bearer(secret), json=told)
            media.append({"id": made["id"], "key": str(made.get("media_key") or f"3_{made['id']}"), "at": now})
            journal.keep(media=media)
        return media

    def _post(self, secret, body) -> str:
        found = self._object("POST", f"{API}/tweets", headers=_bearer(secret), json=body, mutation=True)
        made = (found.get("data") or {}).get("id")
        if not isinstance(made, str):
            raise self._wire.malformed(mutation=True)
        return made

    def _who(self, client, access, secret, found) -> Connected:
        headers = {"Authorization": f"Bearer {access}"}
        me = self._object("GET", f"{API}/users/me", headers=headers).get("data") or {}
        if not me.get("id") or not me.get("username"):
            raise self._wire.malformed(mutation=False)
        return Connected(
            f"@{me['username']}",
            name=str(me.get("name") or ""),
            remote_id=str(me["id"]),
            url=f"https://x.com/{me['username']}",
            public={"client_id": client, "id": str(me["id"]), "username": str(me["username"])},
            secret=secret,
            scopes=tuple(found.get("scopes", "").split()),
            expires_at=found.get("expires_at") or None,
        )

    def _tokens(self, client, client_secret, form) -> dict[str, str]:
        auth = (client, client_secret) if client_secret else None
        return oauth.tokens(self._wire, _TOKENS, {**form, "client_id": client}, auth)

    def _object(self, method, url, **options) -> dict:
        found = self._wire.json(method, url, explain=self._explain, **options)
        if not isinstance(found, dict):
            raise self._wire.malformed(bool(options.get("mutation")))
        return found

    def _explain(self, answer, mutation):
        kind, words = _error(answer)
        if answer.status_code == 402 or "credits" in kind:
            return QuotaSpent("X has no credits left for this app.", "Add credits at console.x.com.", wait=6 * 3600.0)
        if answer.status_code == 429:
            return self._too_many(answer, kind)
        if answer.status_code == 404:
            return Gone("It is not there any more.", "")
        if answer.status_code == 403 and "duplicate" in words.lower():
            hint = "Look whether it is out already; else change the words."
            return Rejected("X says that this account has just posted the same words.", hint)
        if answer.status_code == 403 and ("client-forbidden" in kind or "unsupported-authentication" in kind):
            hint = "Give the app the rights to read and write, then connect again."
            return AuthRevoked("X does not allow this app to do that.", hint)
        if answer.status_code == 403 and ("suspended" in words.lower() or "locked" in words.lower()):
            return AuthRevoked("X has locked this account.", "Open X and mend it there, then test the account.")
        if answer.status_code in (400, 403, 413) and words:
            return Rejected(f"X refused it: {words}.", "Change what it objects to, then approve it again.")
        return None

    def _too_many(self, answer, kind):
        """The day's limit or a quarter of an hour's; X says when each ends."""
        for whose in ("user", "app"):
            if answer.headers.get(f"x-{whose}-limit-24hour-remaining") == "0":
                wait = self._until(answer.headers.get(f"x-{whose}-limit-24hour-reset"))
                return QuotaSpent("X takes no more posts today.", "It is tried again by itself.", wait=wait)
        if "usage-capped" in kind:
            return QuotaSpent("The app's share at X is used up.", "It is tried again by itself.")
        asked = self._wire.asked_wait(answer)
        wait = asked if asked is not None else self._until(answer.headers.get("x-rate-limit-reset"))
        return RateLimited("X wants a pause.", "It is tried again by itself.", wait=wait)

    def _until(self, reset) -> float | None:
        if not str(reset or "").isdigit():
            return None
        return min(max(float(reset) - self._wire.clock(), 1.0), 2 * 86400.0)


class Gone(Rejected):
    """There is no such post."""


def _error(answer) -> tuple[str, str]:
    """The problem's type, and the network's words, short."""
    try:
        body = answer.json()
        words = body.get("detail") or body.get("title") or ""
        first = next(iter(body.get("errors") or ()), {})
        words = words or (first.get("message") if isinstance(first, dict) else "") or ""
        return str(body.get("type", "")).lower(), " ".join(str(words).split())[:200].rstrip(".")
    except (ValueError, AttributeError):
        return "", ""


def _plain(one: dict) -> str:
    """A post's words as they were written: links whole again, entities read, white space single."""
    text = str(one.get("text", ""))
    for link in (one.get("entities") or {}).get("urls") or ():
        text = text.replace(str(link.get("url")), str(link.get("expanded_url")))
    return _squeezed(html.unescape(text))


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _page(account, id) -> str:
    return f"https://x.com/{account.public.get('username') or 'i'}/status/{id}"


def _receipt(draft, id, url) -> Receipt:
    flag = ("flag",) if any(piece.ai_made for piece in draft.pieces) else ()
    return Receipt(str(id), url, disclosed=(*flag, "caption"))  # X takes out what is written inside pictures


def _bearer(secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret['access']}"}


def _number(value) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
