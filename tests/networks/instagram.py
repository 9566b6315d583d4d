"""Instagram's API for one professional account, written from its documents."""

import httpx

from tests.networks.meta import ContainersNetwork, graph_error


class InstagramNetwork(ContainersNetwork):
    """JPEG only; the mark for AI is the parent's; posts cannot be deleted."""

    host = "graph.instagram.com"
    publish_path, media_path, quota_path = "media_publish", "media", "content_publishing_limit"
    text_field, status_field, most = "caption", "status_code", 10
    known = frozenset({"media_type", "caption", "image_url", "video_url", "alt_text", "is_carousel_item", "children",
                       "is_ai_generated"})  # fmt: skip

    def _contain(self, form) -> httpx.Response:
        assert set(form) <= self.known
        if form.get("is_carousel_item") and "is_ai_generated" in form:
            return graph_error(400, 100, "is_ai_generated is not supported for carousel items")
        if "alt_text" in form and form.get("media_type") in ("REELS", "STORIES"):
            return graph_error(400, 100, "alt_text is not supported for this media type")
        if len(form.get("caption", "")) > 2200:
            return graph_error(400, 36004, "The caption was too long", 2207010)
        if not any(name in form for name in ("image_url", "video_url", "children")):
            return graph_error(400, 100, "The parameter image_url is required")
        return super()._contain(form)

    def _look(self, id) -> httpx.Response:
        before = len(self.fetched)
        answer = super()._look(id)
        assert all(one.startswith((b"\xff\xd8", b"mp4")) for one in self.fetched[before:])
        return answer

    def _failure(self) -> dict:
        return {"status_code": "ERROR", "status": "Error: Media upload has failed with error code 2207003"}

    def _about(self, request, form, id, what) -> httpx.Response:
        if what == "replies" and request.method == "POST":
            return httpx.Response(200, json={"id": f"r{form['message'][:3]}"})
        if id not in self.posts:
            return graph_error(400, 100, f"Object with ID '{id}' does not exist", 33)
        if request.method == "DELETE":
            return graph_error(400, 100, "Unsupported delete request")
        if what == "insights":
            told = [{"name": "likes", "period": "lifetime", "values": [{"value": 3}]}, {"name": "reach", "values": []}]
            return httpx.Response(200, json={"data": told})
        if what == "comments":
            ann = {"id": "77", "text": "Nice <b>coat", "username": "ann", "timestamp": "2026-11-25T13:00:00+0000"}
            return httpx.Response(200, json={"data": [ann]})
        return httpx.Response(200, json=self._shown(self.posts[id]))
