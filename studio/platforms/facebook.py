"""A Facebook Page: text, pictures, a clip.

Pictures are uploaded unpublished, then one post attaches them; Facebook needs no public address for that. It has no key
against repeats: whether a post is out is read from the Page's own posts, by its pictures, or by its words. Clips carry
the network's own mark for AI, pictures have none.

Not here: reels and stories of a Page, Facebook's own scheduler.
"""

from __future__ import annotations

from studio.platforms import oauth
from studio.platforms.base import Connected, Receipt, Verdict, usual_problems
from studio.platforms.errors import PlatformError, Rejected
from studio.platforms.meta import Gone, Graph, clip_problems, comments_of, insights, number
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule

HOME = "https://graph.facebook.com/v26.0"
_TEXT = TextRule(63_206)
_IMAGE = MediaRule(("image/jpeg", "image/png"), most_bytes=4_000_000, most_side=2048)
_VIDEO = MediaRule(("video/mp4",), most_bytes=1_000_000_000, seconds=(1, 1200))
_SCOPES = (
    "pages_show_list", "pages_read_engagement", "pages_read_user_content", "pages_manage_posts",
    "pages_manage_engagement", "read_insights",
)  # fmt: skip
_SHOWN = 100
_SUMS = {"reactions": "reactions", "comments": "comments"}
_INSIGHTS = {"views": "post_media_view", "clicks": "post_clicks"}


class Facebook:
    """Posts of the Page that was named."""

    spec = PlatformSpec(
        "facebook",
        "Facebook Page",
        "Text, pictures and clips on a Facebook Page you manage.",
        kinds=(
            PostKind("images", "Pictures", (1, 10), text=_TEXT, image=_IMAGE, alt_longest=1000),
            PostKind("clip", "Clip", (1, 1), frozenset({"clip"}), _TEXT, video=_VIDEO),
            PostKind("text", "Text", (0, 0), takes=frozenset(), text=_TEXT),
        ),
        connect=Connect(
            steps=(
                "Open developers.facebook.com/apps, choose Create app and the use case Manage everything on your Page.",
                f"Add the permissions {', '.join(_SCOPES)}.",
                "Under App settings, Basic, copy the App ID and the App secret.",
                "Open developers.facebook.com/tools/explorer, choose the app, add the same permissions, press Generate"
                " Access Token, choose the Page, and copy the token.",
            ),
            fields=(
                Field("app", "App ID"),
                Field("app_secret", "App secret", secret=True, help="Used once, to make the token last; not kept."),
                Field("token", "User access token", secret=True),
                Field("page", "Page", required=False, help="Its name or number, when you manage several."),
            ),
            scopes=_SCOPES,
        ),
        idempotency="read_back",
        can=frozenset({"edit", "delete", "metrics", "comments", "reply"}),
        cannot=(("schedule", "Facebook's own scheduler is not used; the studio sends at the time."),),
        metrics=("reactions", "comments", "shares", "views", "clicks"),
        sends="the post's words, pictures or clip, to Facebook; they are public there",
    )

    def __init__(self, client=None, clock=None):
        self._graph = Graph("Facebook", HOME, client, clock)
        self._wire = self._graph.wire

    def ready(self):
        return None

    def check(self, draft):
        return usual_problems(self.spec, draft) + clip_problems(self.spec, draft)

    def connect(self, values):
        """The person's token becomes a lasting one, and that one gives the Page's, which does not run out."""
        form = {
            "grant_type": "fb_exchange_token", "client_id": values["app"].strip(),
            "client_secret": values["app_secret"].strip(), "fb_exchange_token": values["token"].strip(),
        }  # fmt: skip
        lasting = self._graph.ask("POST", "oauth/access_token", "", data=form).get("access_token")
        if not isinstance(lasting, str):
            raise self._wire.malformed(mutation=False)
        asked = {"fields": "id,name,access_token", "limit": _SHOWN}
        pages = self._graph.ask("GET", "me/accounts", lasting, params=asked).get("data") or ()
        page = _chosen([one for one in pages if isinstance(one, dict)], str(values.get("page") or "").strip())
        return self._who(str(page["access_token"]), {"token": str(page["access_token"])})

    def verify(self, account, secret):
        return self._who(secret["token"], {})

    def submit(self, draft, account, secret, journal):
        page, token, photos = account.public["id"], secret["token"], list(journal.handles.get("photos", ()))
        clip = next((piece for piece in draft.pieces if piece.asset.kind == "clip"), None)
        if clip:
            return self._clip(draft, clip, page, token, journal)
        for piece in draft.pieces[len(photos) :]:
            file = draft.fit(piece, _IMAGE)
            form = {"published": "false", **({"alt_text_custom": piece.alt_text} if piece.alt_text else {})}
            files = {"source": (f"{piece.name}{file.path.suffix}", file.path.read_bytes(), file.media_type)}
            photos.append(self._graph.made(f"{page}/photos", token, data=form, files=files))
            journal.keep(photos=photos)
        attached = {f"attached_media[{number}]": f'{{"media_fbid":"{one}"}}' for number, one in enumerate(photos)}
        journal.begin()
        form = {"message": draft.text, **attached}
        made = self._graph.made(f"{page}/feed", token, mutation=True, data=form)
        journal.remote(made, _page(made))
        return _receipt(draft, made, _page(made))

    def poll(self, draft, account, secret, journal):
        """A post is whole when the network has named it."""
        return _receipt(draft, journal.remote_id, journal.url or _page(journal.remote_id))

    def reconcile(self, draft, account, secret, journal, since):
        photos = set(journal.handles.get("photos", ()))
        clip = any(piece.asset.kind == "clip" for piece in draft.pieces)
        fields = "id,message,created_time,attachments{target,subattachments.limit(40){target}}"
        asked = {"fields": "id,description,created_time" if clip else fields, "limit": _SHOWN}
        edge = f"{account.public['id']}/{'videos' if clip else 'published_posts'}"
        found = self._graph.ask("GET", edge, secret["token"], params=asked).get("data") or ()
        for one in found:
            words = " ".join(str(one.get("description" if clip else "message", "")).split())
            held = _targets(one)
            same = bool(photos & held) if photos else words == " ".join(draft.text.split())
            if same and (photos or oauth.moment(one.get("created_time")) >= oauth.moment(since) - 60):
                return Verdict("posted", _receipt(draft, str(one["id"]), _page(one["id"])))
        oldest = min((oauth.moment(one.get("created_time")) for one in found), default=0.0)
        if len(found) >= _SHOWN and oldest > oauth.moment(since):
            return Verdict("unsure", why="There are more posts since then than Facebook shows at once.")
        return Verdict("absent", why=f"None of the Page's latest {len(found)} posts is this one.")

    def delete(self, receipt, account, secret):
        try:
            self._graph.ask("DELETE", receipt.remote_id, secret["token"], mutation=True)
        except Gone:
            pass

    def edit(self, draft, receipt, account, secret):
        field = "description" if receipt.facts.get("clip") else "message"
        self._graph.ask("POST", receipt.remote_id, secret["token"], mutation=True, data={field: draft.text})
        return receipt

    def metrics(self, receipt, account, secret):
        sums = ",".join(f"{name}.limit(0).summary(total_count)" for name in _SUMS)
        shares = "" if receipt.facts.get("clip") else ",shares"
        asked = {"fields": f"{sums}{shares}"}
        found = self._graph.ask("GET", receipt.remote_id, secret["token"], params=asked)
        numbers = {name: number(((found.get(key) or {}).get("summary") or {}).get("total_count"))
                   for name, key in _SUMS.items()}  # fmt: skip
        try:
            asked = {"metric": ",".join(_INSIGHTS.values())}
            seen = insights(self._graph.ask("GET", f"{receipt.remote_id}/insights", secret["token"], params=asked))
        except PlatformError:
            seen = {}  # a small Page has none
        told = {name: seen.get(key) for name, key in _INSIGHTS.items()}
        return {**numbers, "shares": number((found.get("shares") or {}).get("count")), **told}

    def comments(self, receipt, account, secret, after=""):
        fields = "id,from,message,created_time,permalink_url,parent{id}"
        asked = {"fields": fields, "filter": "stream", "order": "chronological", **({"after": after} if after else {})}
        found = self._graph.ask("GET", f"{receipt.remote_id}/comments", secret["token"], params=asked)
        return comments_of(found, "message", "name")

    def reply(self, comment_id, text, receipt, account, secret, journal):
        journal.begin("reply")
        path = f"{comment_id}/comments"
        made = self._graph.made(path, secret["token"], mutation=True, data={"message": text})
        journal.remote(made)
        return Receipt(made, receipt.url)

    def _clip(self, draft, clip, page, token, journal) -> Receipt:
        form = {"description": draft.text, **({"is_ai_generated": "true"} if clip.ai_made else {})}
        files = {"source": (f"{clip.name}.mp4", clip.source.read_bytes(), "video/mp4")}
        journal.begin()
        made = self._graph.made(f"{page}/videos", token, mutation=True, data=form, files=files)
        journal.remote(made, _page(made))
        return _receipt(draft, made, _page(made))

    def _who(self, token, secret) -> Connected:
        me = self._graph.ask("GET", "me", token, params={"fields": "id,name,link"})
        if not me.get("id"):
            raise self._wire.malformed(mutation=False)
        return Connected(
            str(me.get("name") or me["id"]),
            name=str(me.get("name") or ""),
            remote_id=str(me["id"]),
            url=str(me.get("link") or f"https://www.facebook.com/{me['id']}"),
            public={"id": str(me["id"])},
            secret=secret,
            scopes=self.spec.connect.scopes,
        )


def _chosen(pages: list[dict], wanted: str) -> dict:
    """The Page that is meant. Rejected, with the names, when that is not clear."""
    pages = [one for one in pages if one.get("access_token")]
    found = [one for one in pages if wanted.casefold() in (str(one.get("id")), str(one.get("name")).casefold())]
    if len(found) == 1 or (not wanted and len(pages) == 1):
        return (found or pages)[0]
    names = ", ".join(str(one.get("name"))[:60] for one in pages[:10])
    if not pages:
        raise Rejected("This token manages no Page.", "Choose the Page when you make the token.", field="token")
    raise Rejected(f"Several Pages could be meant: {names}.", "Name one of them, or its number.", field="page")


def _targets(one: dict) -> set[str]:
    """The ids of everything that is attached to a post."""
    found: set[str] = set()
    for part in (one.get("attachments") or {}).get("data") or ():
        below = (part.get("subattachments") or {}).get("data") or ()
        found |= {str((each.get("target") or {}).get("id")) for each in (part, *below)}
    return found - {"None"}


def _page(id) -> str:
    return f"https://www.facebook.com/{id}"


def _receipt(draft, id, url) -> Receipt:
    clip = any(piece.asset.kind == "clip" for piece in draft.pieces)
    flag = ("flag",) if clip and any(piece.ai_made for piece in draft.pieces) else ()
    return Receipt(str(id), url, disclosed=(*flag, "caption"), facts={"clip": clip})
