"""Threads: text, pictures, a clip, or several of these as a carousel.

Threads fetches media from a public address, so that an account needs a public folder for anything but text. It counts
five hundred in bytes of UTF-8. It has no mark for AI: the caption and the file say it.
"""

from __future__ import annotations

from studio.platforms.base import Receipt
from studio.platforms.meta import Containers, Gone, comments_of, insights
from studio.platforms.public_media import ADDRESS, FOLDER
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule

_TEXT = TextRule(500, "bytes")
_IMAGE = MediaRule(("image/jpeg", "image/png"), most_bytes=8_000_000, most_side=1440, aspects=(0.1, 10.0))
_VIDEO = MediaRule(("video/mp4",), most_bytes=1_000_000_000, seconds=(0, 300))
_SCOPES = (
    "threads_basic", "threads_content_publish", "threads_manage_insights", "threads_manage_replies",
    "threads_read_replies", "threads_delete",
)  # fmt: skip
_METRICS = ("views", "likes", "replies", "reposts", "quotes", "shares")


class Threads(Containers):
    """Posts of the profile whose token it is."""

    spec = PlatformSpec(
        "threads",
        "Threads",
        "Posts with up to twenty pictures on Threads, through an app of your own.",
        kinds=(
            PostKind("images", "Pictures", (1, 20), text=_TEXT, image=_IMAGE, alt_longest=1000),
            PostKind("clip", "Clip", (1, 1), frozenset({"clip"}), _TEXT, video=_VIDEO, alt_longest=1000),
            PostKind("text", "Text", (0, 0), takes=frozenset(), text=_TEXT),
        ),
        connect=Connect(
            steps=(
                "Open developers.facebook.com/apps, choose Create app and the use case Access the Threads API.",
                f"Under Permissions add {', '.join(_SCOPES)}.",
                "Under Settings add your profile as Threads tester, and accept it in Threads under Settings, Website"
                " permissions, Invites.",
                "Under Settings, User Token Generator, press Generate access token beside your profile and copy it.",
                "For pictures name a folder that the world can see, and its address: Threads fetches them itself.",
            ),
            fields=(Field("token", "Access token", secret=True), FOLDER, ADDRESS),
            scopes=_SCOPES,
            renews=True,
        ),
        idempotency="handle",
        can=frozenset({"delete", "metrics", "comments", "reply"}),
        cannot=(
            ("edit", "Threads lets only people edit, on its own page."),
            ("schedule", "Threads has no scheduler for apps; the studio sends at the time."),
        ),
        metrics=_METRICS,
        per_day=250,
        needs_url=True,
        sends="the post's words to Threads, and its pictures to your public folder, from where Threads fetches them",
    )
    home = "https://graph.threads.net"
    publish_path, quota_path, media_path = "threads_publish", "threads_publishing_limit", "threads"
    renew_path, grant = "refresh_access_token", "th_refresh_token"

    def _make(self, draft, account, token, journal):
        if draft.pieces:
            return super()._make(draft, account, token, journal)
        body = {"media_type": "TEXT", "text": draft.text}
        return self._kept(self._graph.made(f"{account.public['id']}/threads", token, data=body), journal)

    def _part(self, draft, piece, kind, url, several) -> dict:
        clip = piece.asset.kind == "clip"
        body = {"media_type": "VIDEO" if clip else "IMAGE", "video_url" if clip else "image_url": url}
        if piece.alt_text:
            body["alt_text"] = piece.alt_text
        return body | ({"is_carousel_item": "true"} if several else {"text": draft.text})

    def _whole(self, draft, parts) -> dict:
        return {"media_type": "CAROUSEL", "children": ",".join(parts), "text": draft.text}

    def delete(self, receipt, account, secret):
        try:
            self._graph.ask("DELETE", receipt.remote_id, secret["token"], mutation=True)
        except Gone:
            pass

    def metrics(self, receipt, account, secret):
        asked = {"metric": ",".join(_METRICS)}
        found = insights(self._graph.ask("GET", f"{receipt.remote_id}/insights", secret["token"], params=asked))
        return {name: found.get(name) for name in _METRICS}

    def comments(self, receipt, account, secret, after=""):
        asked = {"fields": "id,text,username,timestamp,permalink,replied_to", "reverse": "false"}
        asked |= {"after": after} if after else {}
        found = self._graph.ask("GET", f"{receipt.remote_id}/conversation", secret["token"], params=asked)
        return comments_of(found, "text", "username")

    def reply(self, comment_id, text, receipt, account, secret, journal):
        container = str(journal.handles.get("container") or "")
        if not container:
            body = {"media_type": "TEXT", "text": text, "reply_to_id": comment_id}
            container = self._graph.made(f"{account.public['id']}/threads", secret["token"], data=body)
            journal.keep(container=container)
        journal.begin("reply")
        path = f"{account.public['id']}/{self.publish_path}"
        made = self._graph.made(path, secret["token"], mutation=True, data={"creation_id": container})
        journal.remote(made)
        return Receipt(made, self._address(made, secret["token"]))

    def _receipt(self, draft, id, url) -> Receipt:
        return Receipt(str(id), url, disclosed=("caption",))

    def _profile(self, username) -> str:
        return f"https://www.threads.net/@{username}"
