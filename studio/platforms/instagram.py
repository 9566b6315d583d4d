"""Instagram, for professional accounts: a picture, a carousel, a reel, a story.

Instagram fetches media from a public address, so that an account needs a public folder for everything. Posts carry the
network's own mark for AI; pictures are JPEG, between 4:5 and 1.91:1.

Not here: collaborators, places, product tags, paid partnerships.
"""

from __future__ import annotations

from studio.platforms.base import Problem, Receipt, kind_of
from studio.platforms.meta import Containers, comments_of, insights
from studio.platforms.public_media import ADDRESS, FOLDER
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule

_TEXT = TextRule(2200)
_IMAGE = MediaRule(("image/jpeg",), most_bytes=8_000_000, most_side=1440, least_side=320, aspects=(0.8, 1.91))
_STORY = MediaRule(("image/jpeg",), most_bytes=8_000_000, most_side=1920, least_side=320)
_REEL = MediaRule(("video/mp4",), most_bytes=300_000_000, seconds=(3, 900))
_SCOPES = (
    "instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_comments",
    "instagram_business_manage_insights",
)  # fmt: skip
_METRICS = ("views", "reach", "likes", "comments", "shares", "saved")


class Instagram(Containers):
    """Posts of the professional account whose token it is."""

    spec = PlatformSpec(
        "instagram",
        "Instagram",
        "Pictures, carousels, reels and stories on a professional Instagram account.",
        kinds=(
            PostKind("images", "Pictures", (1, 10), text=_TEXT, image=_IMAGE, alt_longest=1000),
            PostKind("reel", "Reel", (1, 1), frozenset({"clip"}), _TEXT, video=_REEL),
            PostKind("story", "Story", (1, 1), text=_TEXT, image=_STORY),
        ),
        connect=Connect(
            steps=(
                "In the Instagram app switch the account to professional: Settings, Account type and tools.",
                "Open developers.facebook.com/apps, choose Create app and the use case Manage messaging & content on"
                " Instagram, then API setup with Instagram login.",
                f"Add the permissions {', '.join(_SCOPES)}.",
                "Under Roles add the account as Instagram tester, and accept it in Instagram under Settings, Website"
                " permissions, Apps and websites.",
                "Back at API setup press Generate token beside the account and copy it.",
                "Name a folder that the world can see, and its address: Instagram fetches pictures itself.",
            ),
            fields=(Field("token", "Access token", secret=True), FOLDER, ADDRESS),
            scopes=_SCOPES,
            renews=True,
        ),
        idempotency="handle",
        can=frozenset({"metrics", "comments", "reply"}),
        cannot=(
            ("edit", "Instagram lets only people edit, in its app."),
            ("delete", "Instagram does not let apps take posts down; do it in its app."),
            ("schedule", "Instagram has no scheduler for apps; the studio sends at the time."),
        ),
        disclosure="flag",
        metrics=_METRICS,
        hashtags=30,
        per_day=100,
        needs_url=True,
        sends="the post's words to Instagram, its pictures to your public folder, from where Instagram fetches them",
    )
    home = "https://graph.instagram.com/v26.0"
    publish_path, quota_path, media_path = "media_publish", "content_publishing_limit", "media"
    renew_path, grant = "https://graph.instagram.com/refresh_access_token", "ig_refresh_token"
    status_field, text_field = "status_code", "caption"
    me_fields = "user_id,username,name"

    def check(self, draft):
        problems = super().check(draft)
        if (kind := kind_of(self.spec, draft)) and kind.id == "story" and draft.post.caption.text.strip():
            hint = "Write into the picture what has to be read; the mark for AI is shown."
            problems.append(Problem("A story shows no words beside its picture.", hint, "caption"))
        return problems

    def _part(self, draft, piece, kind, url, several) -> dict:
        clip = piece.asset.kind == "clip"
        body = {"video_url" if clip else "image_url": url}
        if kind.alt_longest and piece.alt_text:
            body["alt_text"] = piece.alt_text
        if several:
            return body | {"is_carousel_item": "true"}  # the mark for AI is the whole carousel's
        if kind.id == "story":
            return body | {"media_type": "STORIES"} | _mark(draft)
        return body | ({"media_type": "REELS"} if clip else {}) | {"caption": draft.text} | _mark(draft)

    def _whole(self, draft, parts) -> dict:
        return {"media_type": "CAROUSEL", "children": ",".join(parts), "caption": draft.text} | _mark(draft)

    def metrics(self, receipt, account, secret):
        asked = {"metric": ",".join(_METRICS)}
        found = insights(self._graph.ask("GET", f"{receipt.remote_id}/insights", secret["token"], params=asked))
        return {name: found.get(name) for name in _METRICS}

    def comments(self, receipt, account, secret, after=""):
        asked = {"fields": "id,text,username,timestamp,parent_id", **({"after": after} if after else {})}
        found = self._graph.ask("GET", f"{receipt.remote_id}/comments", secret["token"], params=asked)
        return comments_of(found, "text", "username")

    def reply(self, comment_id, text, receipt, account, secret, journal):
        journal.begin("reply")
        path = f"{comment_id}/replies"
        made = self._graph.made(path, secret["token"], mutation=True, data={"message": text})
        journal.remote(made)
        return Receipt(made, receipt.url)

    def _receipt(self, draft, id, url) -> Receipt:
        kind = kind_of(self.spec, draft)
        words = ("caption",) if kind and kind.id != "story" else ()
        return Receipt(str(id), url, disclosed=(*(("flag",) if _mark(draft) else ()), *words))

    def _profile(self, username) -> str:
        return f"https://www.instagram.com/{username}/"


def _mark(draft) -> dict[str, str]:
    return {"is_ai_generated": "true"} if any(piece.ai_made for piece in draft.pieces) else {}
