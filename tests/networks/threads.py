"""Threads' API for one profile, written from its documents."""

import httpx

from tests.networks.meta import ContainersNetwork, graph_error


class ThreadsNetwork(ContainersNetwork):
    """Text is counted in bytes; without media it is a container too."""

    host = "graph.threads.net"
    publish_path, media_path, quota_path = "threads_publish", "threads", "threads_publishing_limit"

    def _contain(self, form) -> httpx.Response:
        if len(form.get("text", "").encode("latin-1")) > 500:
            return graph_error(400, 100, "Param text must be at most 500 characters long.")
        known = {
            "media_type",
            "text",
            "image_url",
            "video_url",
            "alt_text",
            "is_carousel_item",
            "children",
            "reply_to_id",
        }
        assert set(form) <= known
        return super()._contain(form)

    def _about(self, request, form, id, what) -> httpx.Response:
        if id not in self.posts:
            return graph_error(400, 100, f"Object with ID '{id}' does not exist", 33)
        if request.method == "DELETE":
            del self.posts[id]
            return httpx.Response(200, json={"success": True, "deleted_id": id})
        if what == "insights":
            told = [{"name": "likes", "period": "lifetime", "values": [{"value": 3}], "title": "likes"}]
            return httpx.Response(200, json={"data": told})
        if what == "conversation":
            ann = {"id": "77", "text": "Nice <b>coat", "username": "ann", "timestamp": "2026-11-25T13:00:00+0000",
                   "replied_to": {"id": id}}  # fmt: skip
            return httpx.Response(200, json={"data": [ann], "paging": {"cursors": {"after": "x"}}})
        return httpx.Response(200, json=self._shown(self.posts[id]))
