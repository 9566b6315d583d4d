"""TikTok: clips, and pictures out of the person's public folder.

A clip is named first (its publish id is kept) and then sent; pictures are fetched by TikTok after one request. Either
way TikTok works on it in its own time and is asked how far it is. Clips carry the network's own mark for AI; for
pictures it has none. Who may see the posts the person has chosen when connecting: TikTok wants no choice made for them.

TikTok keeps everything private that comes from an app it has not audited. Not here: drafts for its app, music, covers.
"""

from __future__ import annotations

import base64
import time
from urllib.parse import urlsplit

from studio.platforms import oauth
from studio.platforms.base import Connected, Later, Problem, Receipt, Verdict, kind_of, usual_problems
from studio.platforms.errors import AuthExpired, AuthRevoked, QuotaSpent, RateLimited, Rejected
from studio.platforms.meta import clip_problems
from studio.platforms.public_media import ADDRESS, FOLDER, PublicMedia, named
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule
from studio.platforms.wire import Wire

API = "https://open.tiktokapis.com/v2"
_SCOPES = ("user.info.basic", "video.publish")
_IMAGE = MediaRule(("image/jpeg", "image/webp"), most_bytes=20_000_000, most_side=1920, most_pixels=1920 * 1080)
_PART = 32 * 1024 * 1024  # bytes; TikTok takes parts of 5 to 64 MB, the last one up to 128
_WHOLE = 64 * 1024 * 1024  # up to here a clip is one part
_WORKING_S = 15.0
_WHO = {
    "everyone": "PUBLIC_TO_EVERYONE", "friends": "MUTUAL_FOLLOW_FRIENDS", "followers": "FOLLOWER_OF_CREATOR",
    "only me": "SELF_ONLY",
}  # fmt: skip
_FULL = frozenset({"spam_risk_too_many_posts", "spam_risk_too_many_pending_share", "reached_active_user_cap"})
_RIGHTS = frozenset({"scope_not_authorized", "scope_permission_missed", "spam_risk_user_banned_from_posting"})


class TikTok:
    """Posts of the account that gave its consent."""

    spec = PlatformSpec(
        "tiktok",
        "TikTok",
        "Clips and pictures on TikTok, through an app of your own.",
        kinds=(
            PostKind("images", "Pictures", (1, 35), text=TextRule(4000, "utf16"), image=_IMAGE),
            PostKind(
                "clip", "Clip", (1, 1), frozenset({"clip"}), TextRule(2200, "utf16"),
                video=MediaRule(("video/mp4",), most_bytes=4_000_000_000, seconds=(3, 600)),
            ),
        ),
        connect=Connect(
            way="oauth",
            steps=(
                "Open developers.tiktok.com, choose Manage apps, Connect an app, and add Login Kit and Content Posting"
                " API with Direct Post.",
                "Under Login Kit, Desktop, add as redirect URI this page's address up to the port, with"
                " /api/v1/accounts/returned behind it.",
                "For pictures verify the address of your public folder under URL properties.",
                "Copy Client key and Client secret. Until TikTok has audited the app, it keeps every post private.",
            ),
            fields=(
                Field("client_key", "Client key", secret=True),
                Field("client_secret", "Client secret", secret=True),
                Field("who", "Who may see it", placeholder=", ".join(_WHO), help="TikTok wants you to choose."),
                FOLDER,
                ADDRESS,
            ),
            scopes=_SCOPES,
            renews=True,
        ),
        idempotency="ask",
        cannot=(
            ("edit", "TikTok does not let apps edit."),
            ("delete", "TikTok does not let apps take posts down; do it in its app."),
            ("metrics", "The studio does not read TikTok's numbers."),
            ("comments", "TikTok does not show comments to apps."),
            ("reply", "Without reading comments there is nothing to answer."),
            ("schedule", "TikTok has no scheduler for apps; the studio sends at the time."),
        ),
        disclosure="flag",
        per_day=15,
        needs_url=True,
        sends="the post's words and clips to TikTok, its pictures to your public folder, where TikTok fetches them",
    )  # fmt: skip

    def __init__(self, client=None, clock=None):
        self._wire = Wire("TikTok", client, clock or time.time)

    def ready(self):
        return None

    def check(self, draft):
        problems = usual_problems(self.spec, draft) + clip_problems(self.spec, draft)
        pictures = any(piece.asset.kind == "image" for piece in draft.pieces)
        if pictures and draft.account and not draft.account.public.get("folder"):
            told = "TikTok fetches pictures itself, and this account has no public folder."
            problems.append(Problem(told, "Connect it again with one, or export the post.", "targets", "error"))
        longest = draft.account.limits.get("seconds") if draft.account else None
        for piece in draft.pieces:
            if longest and piece.asset.kind == "clip" and (piece.asset.seconds or 0) > longest:
                told = f"This account may post clips of up to {longest:g} seconds."
                problems.append(Problem(told, "Cut it anew.", "asset_ids", "error"))
        return problems

    def authorize(self, values, redirect, state, challenge):
        named(dict(values)), _who_may(values)
        digest = base64.urlsafe_b64decode(challenge + "=" * (-len(challenge) % 4)).hex()  # TikTok writes it in hex
        asked = {"client_key": values["client_key"].strip(), "response_type": "code", "scope": ",".join(_SCOPES)}
        safe = {"redirect_uri": redirect, "state": state, "code_challenge": digest, "code_challenge_method": "S256"}
        return oauth.page("https://www.tiktok.com/v2/auth/authorize/", **asked, **safe), {}

    def exchange(self, values, kept, code, redirect, verifier):
        public = {"who": _who_may(values), **named(dict(values))}
        client = {"client_key": values["client_key"].strip(), "client_secret": values["client_secret"].strip()}
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        found = self._tokens({**form, **client})
        PublicMedia(public, self._wire).check()
        secret = {"access": found["access"], "refresh": found["refresh"], **client}
        return self._who(public, secret["access"], secret, found)

    def verify(self, account, secret):
        PublicMedia(account.public, self._wire).check()
        return self._who(dict(account.public), secret["access"], {}, {})

    def refresh(self, account, secret):
        client = {"client_key": secret["client_key"], "client_secret": secret["client_secret"]}
        found = self._tokens({"grant_type": "refresh_token", "refresh_token": secret["refresh"], **client})
        secret.keep(access=found["access"], refresh=found["refresh"] or secret["refresh"])
        return Connected(account.handle, expires_at=found["expires_at"] or None)

    def submit(self, draft, account, secret, journal):
        creator = self._ask("post/publish/creator_info/query/", secret, {})
        if account.public["who"] not in (creator.get("privacy_level_options") or (account.public["who"],)):
            hint = "Connect it again with another choice; an app that is not audited may post for “only me”."
            raise Rejected("TikTok does not offer this account the audience that was chosen.", hint)
        if kind_of(self.spec, draft).id == "clip":
            return self._clip(draft, account, secret, journal, creator)
        return self._pictures(draft, account, secret, journal, creator)

    def poll(self, draft, account, secret, journal):
        found = self._ask("post/publish/status/fetch/", secret, {"publish_id": journal.remote_id})
        state = str(found.get("status", ""))
        if state not in ("PUBLISH_COMPLETE", "FAILED"):
            return Later(_WORKING_S, "TikTok is working on the post.")
        PublicMedia(account.public, self._wire).take(journal.handles.get("placed", ()))
        if state == "FAILED":
            why = str(found.get("fail_reason") or "it did not say why").replace("_", " ")
            raise Rejected(f"TikTok did not take the post: {why}.", "Change what it objects to, then approve it again.")
        posts = found.get("publicaly_available_post_id") or found.get("publicly_available_post_id") or ()
        url = f"https://www.tiktok.com/@{account.public.get('username', '')}/video/{posts[0]}" if posts else ""
        return _receipt(draft, journal.remote_id, url)

    def reconcile(self, draft, account, secret, journal, since):
        """A clip's publish id tells; that of pictures comes with the answer that was lost."""
        id = str(journal.handles.get("publish_id") or "")
        if not id:
            return Verdict("unsure", why="TikTok does not let programs read your posts: look whether it is there.")
        found = self._ask("post/publish/status/fetch/", secret, {"publish_id": id})
        if found.get("status") in ("PROCESSING_UPLOAD", "FAILED"):
            return Verdict("absent", why="TikTok has not got the whole clip.")
        return Verdict("posted", _receipt(draft, id, ""))

    def _pictures(self, draft, account, secret, journal, creator):
        shelf, placed = PublicMedia(account.public, self._wire), list(journal.handles.get("placed", ()))
        if not all(map(shelf.is_there, placed)):
            placed = []  # a folder that was emptied meanwhile
        for piece in draft.pieces[len(placed) :]:
            file = draft.fit(piece, _IMAGE)
            placed.append(shelf.place(file.path, file.path.suffix))
            journal.keep(placed=placed)
        title = next((line.strip() for line in draft.text.splitlines() if line.strip()), "")[:90]
        info = {"title": title, "description": draft.text, **_shown(account, creator), "auto_add_music": False}
        images = [shelf.url(name) for name in placed]
        source = {"source": "PULL_FROM_URL", "photo_images": images, "photo_cover_index": 0}
        body = {"media_type": "PHOTO", "post_mode": "DIRECT_POST", "post_info": info, "source_info": source}
        journal.begin()
        made = self._ask("post/publish/content/init/", secret, body, mutation=True)
        if not isinstance(made.get("publish_id"), str):
            raise self._wire.malformed(mutation=True)
        journal.remote(made["publish_id"])
        return Later(_WORKING_S, "TikTok is fetching the pictures.")

    def _clip(self, draft, account, secret, journal, creator):
        clip = draft.pieces[0]
        size = clip.source.stat().st_size
        part = size if size <= _WHOLE else _PART
        count = max(size // part, 1)
        info = {"title": draft.text, **_shown(account, creator), "is_aigc": clip.ai_made}
        off = {
            "disable_duet": bool(creator.get("duet_disabled")),
            "disable_stitch": bool(creator.get("stitch_disabled")),
        }
        source = {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": part, "total_chunk_count": count}
        # an upload that broke off is begun anew: what was named before expires without a word
        made = self._ask("post/publish/video/init/", secret, {"post_info": info | off, "source_info": source})
        id, to = made.get("publish_id"), str(made.get("upload_url") or "")
        if not isinstance(id, str) or urlsplit(to).scheme != "https" or not _is_tiktok(to):
            raise self._wire.malformed(mutation=False)
        journal.keep(publish_id=id)
        with clip.source.open("rb") as file:
            for number in range(count):
                last = number == count - 1
                content = file.read() if last else file.read(part)
                begin = number * part
                headers = {"Content-Type": "video/mp4",
                           "Content-Range": f"bytes {begin}-{begin + len(content) - 1}/{size}"}  # fmt: skip
                if last:
                    journal.begin()
                self._wire.send("PUT", to, headers=headers, content=content, mutation=last, explain=self._explain)
        journal.remote(id)
        return Later(_WORKING_S, "TikTok is working on the clip.")

    def _who(self, public, access, secret, found) -> Connected:
        creator = self._ask("post/publish/creator_info/query/", {"access": access}, {})
        name = str(creator.get("creator_username") or "")
        if not name:
            raise self._wire.malformed(mutation=False)
        options = [str(one) for one in creator.get("privacy_level_options") or ()]
        seconds = creator.get("max_video_post_duration_sec")
        offered = not options or public["who"] in options
        return Connected(
            f"@{name}",
            name=str(creator.get("creator_nickname") or ""),
            remote_id=str(found.get("who") or ""),
            url=f"https://www.tiktok.com/@{name}",
            public={**public, "username": name},
            secret=secret,
            limits={"seconds": seconds} if isinstance(seconds, int) else {},
            scopes=tuple(found.get("scopes", "").split()),
            expires_at=found.get("expires_at") or None,
            note="" if offered else "TikTok does not offer this account the audience that was chosen.",
        )

    def _tokens(self, form) -> dict[str, str]:
        return oauth.tokens(self._wire, f"{API}/oauth/token/", form)

    def _ask(self, path, secret, body, *, mutation=False) -> dict:
        headers = {"Authorization": f"Bearer {secret['access']}"}
        found = self._wire.json(
            "POST", f"{API}/{path}", headers=headers, json=body, mutation=mutation, explain=self._explain
        )
        data = found.get("data") if isinstance(found, dict) else None
        if not isinstance(data, dict):
            raise self._wire.malformed(mutation)
        return data

    def _explain(self, answer, mutation):
        code, words = _error(answer)
        if code == "access_token_invalid" or answer.status_code == 401:
            return AuthExpired("The log-in at TikTok has run out.", "Connect the account again.")
        if code in _FULL:
            return QuotaSpent("TikTok takes no more posts from this account today.", "It is tried again by itself.")
        if code == "rate_limit_exceeded" or answer.status_code == 429:
            wait = self._wire.asked_wait(answer)
            return RateLimited("TikTok wants a pause.", "It is tried again by itself.", wait=wait)
        if code in _RIGHTS:
            return AuthRevoked(f"TikTok does not allow that: {words or code}.", "Mend it there, then connect again.")
        if code == "unaudited_client_can_only_post_to_private_accounts":
            hint = "Make the account private, or have the app audited."
            return Rejected("TikTok has not audited this app: it posts to private accounts only.", hint)
        if code == "url_ownership_unverified":
            hint = "Verify the public folder's address under URL properties of the app."
            return Rejected("TikTok fetches pictures only from addresses that were verified.", hint)
        if 400 <= answer.status_code < 500 and code:
            told = words or code.replace("_", " ")
            return Rejected(f"TikTok refused it: {told}.", "Change what it objects to, then approve it again.")
        return None


def _shown(account, creator) -> dict:
    """Who sees it and may answer, and that nobody pays for it."""
    return {
        "privacy_level": account.public["who"], "disable_comment": bool(creator.get("comment_disabled")),
        "brand_content_toggle": False, "brand_organic_toggle": False,
    }  # fmt: skip


def _who_may(values) -> str:
    given = str(values.get("who") or "").strip()
    if given.upper() in _WHO.values():
        return given.upper()
    if given.casefold() not in _WHO:
        raise Rejected("TikTok has to know who may see the posts.", f"Write one of: {', '.join(_WHO)}.", field="who")
    return _WHO[given.casefold()]


def _is_tiktok(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host.endswith((".tiktokapis.com", ".tiktok.com"))


def _error(answer) -> tuple[str, str]:
    """The network's own name of an error, and its words, short."""
    try:
        error = answer.json()["error"]
        return str(error.get("code", "")), " ".join(str(error.get("message", "")).split())[:200].rstrip(".")
    except (ValueError, AttributeError, KeyError, TypeError):
        return "", ""


def _receipt(draft, id, url) -> Receipt:
    clip = any(piece.asset.kind == "clip" and piece.ai_made for piece in draft.pieces)
    return Receipt(str(id), url, disclosed=(*(("flag",) if clip else ()), "caption"))
