"""Facebook's API for one Page, written from its documents: unpublished photos, posts that attach them, videos."""

import json
import re
from urllib.parse import parse_qs

import httpx

from tests.networks.mastodon import form_of
from tests.networks.meta import GraphNetwork, graph_error


class FacebookNetwork(GraphNetwork):
    """A person with one Page. A photo can be in one post only."""

    def __init__(self):
        super().__init__()
        self.user, self.photos, self.posts = "planted-secret-user", {}, {}
        self.values = {"app": "app-1", "app_secret": "planted-secret-app", "token": self.user, "page": ""}
        self.pages = [{"id": "55", "name": "Mira daily", "access_token": self.token}]

    def published(self) -> list[str]:
        return [one["message"] for one in self.posts.values()]

    def publishes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path.endswith(("/55/feed", "/55/videos"))

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.url.host == "graph.facebook.com"
        path, form, files = re.sub(r"^/v[\d.]+", "", request.url.path), {}, {}
        if request.headers.get("content-type", "").startswith("multipart/"):
            both = form_of(request)
            form = {name: value.decode() for name, (file, value) in both.items() if not file}
            files = {name: value for name, (file, value) in both.items() if file}
        elif request.content:
            form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if path == "/oauth/access_token":
            good = (form["client_secret"], form["fb_exchange_token"]) == ("planted-secret-app", self.user)
            if not good or self.state != "open":
                return graph_error(400, 190, "Error validating access token", 460)
            return httpx.Response(200, json={"access_token": "planted-secret-long", "token_type": "bearer"})
        if path == "/me/accounts":
            assert request.headers["authorization"] == "Bearer planted-secret-long"
            return httpx.Response(200, json={"data": self.pages})
        if refused := self.refused(request):
            return refused
        assert "planted" not in str(request.url), "a token in an address gets into logs"
        if path == "/me":
            return httpx.Response(200, json={"id": "55", "name": "Mira daily", "link": "https://www.facebook.com/mira"})
        if path == "/55/photos":
            assert form["published"] == "false"
            assert files["source"].startswith(b"\xff\xd8")
            self.photos[f"9{len(self.photos)}"] = form.get("alt_text_custom", "")
            return httpx.Response(200, json={"id": f"9{len(self.photos) - 1}"})
        if path == "/55/feed":
            attached = [json.loads(value)["media_fbid"] for name, value in form.items() if name != "message"]
            used = {photo for one in self.posts.values() for photo in one["photos"]}
            if any(one not in self.photos or one in used for one in attached):
                return graph_error(400, 100, "Invalid parameter")
            return self._keep(f"55_{700 + len(self.posts)}", form["message"], attached)
        if path == "/55/videos" and request.method == "POST":
            assert files["source"]
            return self._keep(str(800 + len(self.posts)), form["description"], [], clip=form)
        if path in ("/55/published_posts", "/55/videos"):
            clips = path.endswith("videos")
            found = [self._shown(one) for one in reversed(self.posts.values()) if bool(one.get("clip")) == clips]
            return httpx.Response(200, json={"data": found})
        if found := re.fullmatch(r"/(\w+)(?:/(\w+))?", path):
            return self._about(request, form, found[1], found[2] or "")
        return graph_error(404, 803, "Unknown path")

    def _keep(self, id, message, photos, **more) -> httpx.Response:
        self.posts[id] = {"id": id, "message": message, "photos": photos, **more}
        return httpx.Response(200, json={"id": id})

    def _shown(self, one) -> dict:
        parts = [{"target": {"id": photo}} for photo in one["photos"]]
        attached = [{"target": {}, "subattachments": {"data": parts}}] if len(parts) > 1 else parts
        words = {"description" if one.get("clip") else "message": one["message"]}
        return {"id": one["id"], **words, "created_time": "2999-01-01T00:00:00+0000", "attachments": {"data": attached}}

    def _about(self, request, form, id, what) -> httpx.Response:
        if id == "77" and what == "comments" and request.method == "POST":
            return httpx.Response(200, json={"id": "78"})
        if id not in self.posts:
            return graph_error(400, 100, f"Object with ID '{id}' does not exist", 33)
        if request.method == "DELETE":
            del self.posts[id]
            return httpx.Response(200, json={"success": True})
        if request.method == "POST":
            self.posts[id]["message"] = form.get("message", form.get("description"))
            return httpx.Response(200, json={"success": True})
        if what == "insights":
            return graph_error(400, 100, "The Page is too small for insights")
        if what == "comments":
            ann = {"id": "77", "message": "Nice <b>coat", "from": {"name": "Ann"},
                   "created_time": "2026-11-25T13:00:00+0000"}  # fmt: skip
            return httpx.Response(200, json={"data": [ann]})
        told = {name: {"data": [], "summary": {"total_count": 3}} for name in ("reactions", "comments")}
        return httpx.Response(200, json={"id": id, **told})
