"""Example: a small network with media, posts, numbers and comments, in four tempers of idempotency; and its adapter.

The adapter is what one looks like: copy it to begin another.
"""

import json
import re
from urllib.parse import parse_qs, urlsplit

import httpx

from studio.platforms import (
    Comment,
    Connect,
    Connected,
    Field,
    MediaRule,
    PlatformSpec,
    PostKind,
    Receipt,
    TextRule,
    Verdict,
)  # fmt: skip
from studio.platforms.base import usual_problems
from studio.platforms.errors import AuthRevoked, Rejected
from studio.platforms.wire import Wire

HOME = "https://example.invalid"


class ExampleNetwork:
    """Keeps posts in memory. `how` is "key" (repeats of a key are dropped), "handle" (a container is made, then
    published), "read_back" (own posts can be listed) or "ask" (nothing helps)."""

    values = {"server": HOME, "password": "planted-secret-password"}

    def __init__(self, how: str = "key"):
        self.how, self.posts, self.media, self.keys, self.comments = how, {}, {}, {}, {}
        self.tokens, self.barred, self.containers, self.slow = {"planted-secret-access-1"}, False, {}, 0

    def published(self) -> list[str]:
        return [one["text"] for one in self.posts.values()]

    def publishes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path in ("/posts", "/publish")

    def expire(self) -> None:
        self.tokens.clear()

    def revoke(self) -> None:
        self.tokens.clear()
        self.barred = True

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/session":
            given = json.loads(request.content)
            if self.barred or given.get("password") != self.values["password"]:
                return httpx.Response(403, json={"error": "wrong password"})
            self.tokens.add(f"planted-secret-access-{len(self.tokens) + 1}")
            return httpx.Response(200, json={"access": max(self.tokens), "handle": "mira"})
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return httpx.Response(401, json={"error": "expired"})
        if path == "/me":
            return httpx.Response(200, json={"handle": "mira", "id": "u1", "longest": 300})
        if path == "/media":
            self.media[f"m{len(self.media)}"] = request.content
            return httpx.Response(200, json={"id": f"m{len(self.media) - 1}"})
        if path == "/posts" and request.method == "POST":
            return self._post(json.loads(request.content), request.headers.get("idempotency-key", ""))
        if path == "/containers":
            self.containers[f"c{len(self.containers)}"] = {**json.loads(request.content), "state": "ready", "post": ""}
            return httpx.Response(200, json={"id": f"c{len(self.containers) - 1}"})
        if found := re.fullmatch(r"/containers/(\w+)", path):
            one = self.containers.get(found[1])
            return httpx.Response(200, json=one) if one else httpx.Response(404)
        if path == "/publish":
            one = self.containers[json.loads(request.content)["container"]]
            if one["state"] == "published":
                return httpx.Response(400, json={"error": "published already"})
            answer = self._post(one, "")
            one.update(state="published", post=answer.json()["id"])
            return answer
        if path == "/posts":
            since = parse_qs(urlsplit(str(request.url)).query).get("since", [""])[0]
            return httpx.Response(200, json=[one for one in self.posts.values() if one["at"] >= since])
        if found := re.fullmatch(r"/posts/(\w+)(/\w+)?", path):
            return self._about(request, found[1], found[2] or "")
        return httpx.Response(404)

    def _post(self, given: dict, key: str) -> httpx.Response:
        if self.how == "key" and key in self.keys:
            return httpx.Response(200, json=self.posts[self.keys[key]])
        id = f"p{len(self.posts) + 1}"
        alt = given.get("alt", [])
        self.posts[id] = {"id": id, "text": given["text"], "media": given["media"], "alt": alt, "at": "2999"}
        self.keys[key] = id
        return httpx.Response(200, json=self.posts[id])

    def _about(self, request: httpx.Request, id: str, what: str) -> httpx.Response:
        if id not in self.posts:
            return httpx.Response(404)
        if request.method == "DELETE":
            del self.posts[id]
            return httpx.Response(204)
        if what == "/numbers":
            return httpx.Response(200, json={"likes": 3})
        if what == "/comments":
            mine = self.comments.setdefault(id, [{"id": "k1", "author": "Ann", "text": "Nice <b>coat</b>"}])
            if request.method == "POST":
                mine.append({"id": f"k{len(mine) + 1}", "author": "mira", **json.loads(request.content)})
                return httpx.Response(200, json=mine[-1])
            return httpx.Response(200, json=mine)
        return httpx.Response(200, json=self.posts[id])


class Example:
    """The adapter of the pretended network."""

    def __init__(self, how: str = "key", client=None, clock=None):
        self.how, self._wire = how, Wire("Example", client, **({"clock": clock} if clock else {}))
        self.spec = PlatformSpec(
            id=f"example-{how.replace('_', '-')}",
            name="Example",
            summary="A pretended network.",
            kinds=(
                PostKind("images", "Pictures", (1, 4), text=TextRule(300), image=MediaRule(("image/jpeg",), 900_000),
                         alt_longest=1000),
            ),
            connect=Connect(
                steps=("Open Settings, App passwords, at Example.", "Make one and paste it here."),
                fields=(Field("server", "Server"), Field("password", "App password", secret=True)),
                renews=True,
            ),
            idempotency=how,
            key_lasts_s=3600 if how == "key" else 0,
            can=frozenset({"delete", "metrics", "comments", "reply"}),
            cannot=(("edit", "Example has no editing."),),
            metrics=("likes", "views"),
            sends="the post's words and pictures, to the server you name",
        )  # fmt: skip

    def ready(self):
        return None

    def check(self, draft):
        return usual_problems(self.spec, draft, limits=draft.account.limits if draft.account else None)

    def connect(self, values):
        found = self._session(values["server"], values["password"])
        return Connected(
            found["handle"], public={"server": values["server"]},
            secret={"password": values["password"], "access": found["access"]},
        )  # fmt: skip

    def verify(self, account, secret):
        me = self._wire.json("GET", f"{account.public['server']}/me", headers=bearer(secret))
        return Connected(me["handle"], remote_id=me["id"], limits={"longest": me["longest"]})

    def refresh(self, account, secret):
        found = self._session(account.public["server"], secret["password"])
        secret.keep(access=found["access"])
        return Connected(found["handle"])

    def submit(self, draft, account, secret, journal):
        home, headers = account.public["server"], bearer(secret)
        media = list(journal.handles.get("media", ()))
        for piece in draft.pieces[len(media) :]:
            file = draft.fit(piece, self.spec.kinds[0].image)
            body = file.path.read_bytes()
            media.append(self._wire.json("POST", f"{home}/media", headers=headers, content=body)["id"])
            journal.keep(media=media)
        body = {"text": draft.text, "media": media, "alt": [piece.alt_text for piece in draft.pieces]}
        url = f"{home}/posts"
        if self.how == "handle":
            if "container" not in journal.handles:
                journal.keep(container=self._wire.json("POST", f"{home}/containers", headers=headers, json=body)["id"])
            url, body = f"{home}/publish", {"container": journal.handles["container"]}
        journal.begin()
        key = {"Idempotency-Key": journal.key} if self.how == "key" else {}
        made = self._wire.json("POST", url, headers=headers | key, json=body, mutation=True)
        if not isinstance(made, dict) or "id" not in made:
            raise self._wire.malformed(mutation=True)
        journal.remote(made["id"], f"{home}/@mira/{made['id']}")
        return self._receipt(home, made["id"])

    def poll(self, draft, account, secret, journal):
        return self._receipt(account.public["server"], journal.remote_id)  # taken at once, or not at all

    def reconcile(self, draft, account, secret, journal, since):
        home, headers = account.public["server"], bearer(secret)
        if self.how == "handle" and "container" in journal.handles:
            one = self._wire.json("GET", f"{home}/containers/{journal.handles['container']}", headers=headers)
            posted = one["state"] == "published"
            return Verdict("posted", self._receipt(home, one["post"])) if posted else Verdict("absent")
        if self.how in ("key", "read_back"):
            for one in self._wire.json("GET", f"{home}/posts", headers=headers, params={"since": since}):
                if one["text"] == draft.text and one["media"] == journal.handles.get("media"):
                    return Verdict("posted", self._receipt(home, one["id"]))
            return Verdict("absent")
        return Verdict("unsure", why="Example does not let programs look.")

    def delete(self, receipt, account, secret):
        gone = lambda answer, mutation: Gone("It is gone.") if answer.status_code == 404 else None
        try:
            url = self._post_url(receipt, account)
            self._wire.send("DELETE", url, headers=bearer(secret), mutation=True, explain=gone)
        except Gone:
            pass

    def metrics(self, receipt, account, secret):
        found = self._wire.json("GET", f"{self._post_url(receipt, account)}/numbers", headers=bearer(secret))
        return {name: found.get(name) for name in self.spec.metrics}

    def comments(self, receipt, account, secret, after=""):
        found = self._wire.json("GET", f"{self._post_url(receipt, account)}/comments", headers=bearer(secret))
        return [Comment(one["id"], one["author"], one["text"]) for one in found], ""

    def reply(self, comment_id, text, receipt, account, secret, journal):
        journal.begin("reply")
        url = f"{self._post_url(receipt, account)}/comments"
        body = {"text": text, "to": comment_id}
        made = self._wire.json("POST", url, headers=bearer(secret), json=body, mutation=True)
        journal.remote(made["id"])
        return Receipt(made["id"])

    def _session(self, server, password):
        wrong = lambda answer, mutation: (
            AuthRevoked("Example does not let this account in.", "Connect it again.")
            if answer.status_code in (401, 403) else None
        )  # fmt: skip
        return self._wire.json("POST", f"{server}/session", json={"password": password}, explain=wrong)

    def _receipt(self, home, id):
        return Receipt(id, f"{home}/@mira/{id}", disclosed=("metadata", "caption"))

    def _post_url(self, receipt, account):
        return f"{account.public['server']}/posts/{receipt.remote_id}"


class Gone(Rejected):
    """The post is not there any more."""


def bearer(secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret['access']}"}
