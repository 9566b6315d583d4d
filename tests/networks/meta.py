"""Meta's API as Threads, Instagram and Facebook speak it, written from its documents: errors, containers that are read
in their own time, quotas, insights; and the person's public folder, out of which it fetches media."""

import re
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import httpx


class GraphNetwork:
    """Tokens and errors. An expired token is refused for everything, renewing too."""

    host = ""
    renews_late = False  # a token that has run out cannot be renewed

    def __init__(self):
        self.token, self.state, self.barred, self.count = "planted-secret-token-0", "open", False, 0

    def expire(self) -> None:
        self.state = "expired"

    def revoke(self) -> None:
        self.state = "revoked"

    def refused(self, request: httpx.Request) -> httpx.Response | None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        asked = parse_qs(urlsplit(str(request.url)).query)
        given = given or asked.get("access_token", [""])[0]
        if self.state != "open" or given != self.token:
            sub = {"expired": 463, "revoked": 460}.get(self.state, 0)
            return graph_error(400 if sub else 401, 190, "Error validating access token", sub)
        return None

    def renew(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        self.token = f"planted-secret-token-{self.count}"
        told = {"access_token": self.token, "token_type": "bearer", "expires_in": 5184000}
        return httpx.Response(200, json=told)


class ContainersNetwork(GraphNetwork):
    """One account. A container is IN_PROGRESS at the first look, FINISHED afterwards; its media are fetched then, and
    missing ones make it ERROR. One that is PUBLISHED is not published again."""

    text_field, status_field, publish_path, media_path, quota_path = "text", "status", "", "", ""
    most = 20

    def __init__(self):
        super().__init__()
        self.web = tempfile.TemporaryDirectory()
        self.values = {"token": self.token, "folder": self.web.name, "address": "https://media.invalid/mira"}
        self.containers, self.posts, self.used, self.fetched = {}, {}, 0, []

    def published(self) -> list[str]:
        return [one[self.text_field] for one in self.posts.values() if not one.get("reply_to_id")]

    def publishes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path.endswith(f"/{self.publish_path}")

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "media.invalid":
            file = Path(self.web.name) / Path(unquote(request.url.path)).name
            return httpx.Response(200, content=file.read_bytes()) if file.is_file() else httpx.Response(404)
        assert request.url.host == self.host
        path = re.sub(r"^/v[\d.]+", "", request.url.path)
        if refused := self.refused(request):
            return refused
        if path == "/refresh_access_token":
            return self.renew(request)
        assert "access_token" not in str(request.url), "a token in an address gets into logs"
        form = {name: values[0] for name, values in parse_qs(request.content.decode("latin-1")).items()}
        if path == "/me":
            return httpx.Response(200, json={"id": "17", "user_id": "17", "username": "mira", "name": "Mira"})
        if path == f"/17/{self.quota_path}":
            told = {"quota_usage": self.used, "config": {"quota_total": 250, "quota_duration": 86400}}
            return httpx.Response(200, json={"data": [told]})
        if path == f"/17/{self.media_path}" and request.method == "POST":
            return self._contain(form)
        if path == f"/17/{self.publish_path}":
            return self._publish(form["creation_id"])
        if path == f"/17/{self.media_path}":
            return httpx.Response(200, json={"data": [self._shown(one) for one in reversed(self.posts.values())]})
        found = re.fullmatch(r"/(\w+)(?:/(\w+))?", path)
        if found and found[1] in self.containers and not found[2]:
            return self._look(found[1])
        return self._about(request, form, found[1], found[2] or "") if found else graph_error(404, 803, "Unknown path")

    def _contain(self, form) -> httpx.Response:
        if "children" in form:
            children = form["children"].split(",")
            assert 2 <= len(children) <= self.most
            if any(self.containers[one]["state"] != "FINISHED" for one in children):
                return graph_error(400, 9007, "The media is not ready", 2207027)
        id = f"c{len(self.containers)}"
        self.containers[id] = {**form, "state": "FINISHED" if form.get("media_type") == "TEXT" else "NEW", "id": id}
        return httpx.Response(200, json={"id": id})

    def _look(self, id) -> httpx.Response:
        one = self.containers[id]
        if one["state"] == "NEW":
            one["state"] = "IN_PROGRESS" if "children" not in one else "FINISHED"
        elif one["state"] == "IN_PROGRESS":
            one["state"] = "FINISHED"
            if url := one.get("image_url") or one.get("video_url"):
                file = Path(self.web.name) / url.rpartition("/")[2]
                if not url.startswith("https://media.invalid/mira/") or not file.is_file():
                    one["state"] = "ERROR"
                    return httpx.Response(200, json={"id": id, **self._failure()})
                self.fetched.append(file.read_bytes())
        elif one["state"] == "ERROR":
            return httpx.Response(200, json={"id": id, **self._failure()})
        return httpx.Response(200, json={"id": id, self.status_field: one["state"]})

    def _failure(self) -> dict:
        return {"status": "ERROR", "error_message": "FAILED_DOWNLOADING_IMAGE"}

    def _publish(self, container) -> httpx.Response:
        one = self.containers.get(container)
        if not one or one["state"] != "FINISHED":
            return graph_error(400, 100, "The requested resource does not exist", 2207006)
        one["state"] = "PUBLISHED"
        self.used += 1
        id = f"p{100 + len(self.posts)}"
        text = one.get("text", one.get("caption", ""))
        self.posts[id] = {**one, "id": id, self.text_field: text}
        return httpx.Response(200, json={"id": id})

    def _shown(self, one) -> dict:
        link = f"https://{self.host}/@mira/{one['id']}"
        return {"id": one["id"], self.text_field: one[self.text_field], "timestamp": "2999-01-01T00:00:00+0000",
                "permalink": link}  # fmt: skip


def graph_error(
    status: int, code: int, words: str, sub: int = 0, headers: dict | None = None, **more
) -> httpx.Response:
    """An error as Meta words it."""
    told = {"message": words, "type": "OAuthException", "code": code, "fbtrace_id": "A1", **more}
    return httpx.Response(status, json={"error": told | ({"error_subcode": sub} if sub else {})}, headers=headers)
