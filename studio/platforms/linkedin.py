"""LinkedIn: posts of a member, or of a page the member manages, with up to twenty pictures.

Pictures are uploaded first, then the post names them with their alt texts. LinkedIn has no key against repeats and does
not let programs read a member's posts: whether one got out after a broken line only the person can see. It refuses the
same words soon after, which is a second guard.

Not here: clips, documents, polls, articles.
"""

from __future__ import annotations

import re
import time
from urllib.parse import quote, urlsplit

from studio.platforms import oauth
from studio.platforms.base import Connected, Receipt, Verdict, usual_problems
from studio.platforms.errors import AuthExpired, AuthRevoked, QuotaSpent, RateLimited, Rejected, Transient
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule
from studio.platforms.wire import Wire

API = "https://api.linkedin.com"
VERSION = "202606"  # each lives about a year; a newer one may be named when connecting
_TEXT = TextRule(3000)
_IMAGE = MediaRule(("image/jpeg", "image/png"), most_bytes=8_000_000, most_side=6000, most_pixels=36_000_000)
_RESERVED = re.compile(r"([\\|{}@\[\]()<>#*_~])")
_HASHTAG = re.compile(r"(?<!\w)#(\w+)")


class LinkedIn:
    """Posts on behalf of who gave consent, or of the page that was named."""

    spec = PlatformSpec(
        "linkedin",
        "LinkedIn",
        "Posts with up to twenty pictures on LinkedIn, as yourself or as a page you manage.",
        kinds=(
            PostKind("images", "Pictures", (1, 20), text=_TEXT, image=_IMAGE, alt_longest=4086),
            PostKind("text", "Text", (0, 0), takes=frozenset(), text=_TEXT),
        ),
        connect=Connect(
            way="oauth",
            steps=(
                "Open linkedin.com/developers/apps, choose Create app, and link it to a page of yours.",
                "Under Products request Share on LinkedIn and Sign In with LinkedIn using OpenID Connect; to post as a"
                " page also Community Management API.",
                "Under Auth add as redirect URL this page's address up to the port, with"
                " /api/v1/accounts/returned behind it.",
                "Copy Client ID and Primary Client Secret from the same page.",
            ),
            fields=(
                Field("client_id", "Client ID"),
                Field("client_secret", "Client secret", secret=True),
                Field(
                    "page", "Page number", required=False, placeholder="12345678",
                    help="To post as a page: the number in the address of its admin view. Empty posts as yourself.",
                ),
                Field(
                    "version", "API version", required=False, placeholder=VERSION,
                    help="Only when LinkedIn says that its version has ended: year and month.",
                ),
            ),
            scopes=("openid", "profile", "w_member_social"),
            remind_days=10,
        ),
        idempotency="ask",
        can=frozenset({"edit", "delete"}),
        cannot=(
            ("metrics", "LinkedIn shows a member's numbers to approved partners' apps only."),
            ("comments", "LinkedIn shows comments to approved partners' apps only."),
            ("reply", "Without reading comments there is nothing to answer."),
            ("schedule", "LinkedIn's API has no scheduler; the studio sends at the time."),
        ),
        per_day=100,
        sends="the post's words and pictures, to LinkedIn; they are public there",
    )  # fmt: skip

    def __init__(self, client=None, clock=None):
        self._wire = Wire("LinkedIn", client, clock or time.time)

    def ready(self):
        return None

    def check(self, draft):
        return usual_problems(self.spec, draft)

    def authorize(self, values, redirect, state, challenge):
        page = _page_number(values)
        scopes = (*self.spec.connect.scopes, *(("w_organization_social",) if page else ()))
        asked = {"response_type": "code", "client_id": values["client_id"].strip(), "redirect_uri": redirect}
        url = "https://www.linkedin.com/oauth/v2/authorization"
        return oauth.page(url, **asked, state=state, scope=" ".join(scopes)), {}

    def exchange(self, values, kept, code, redirect, verifier):
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect,
            "client_id": values["client_id"].strip(), "client_secret": values["client_secret"].strip(),
        }  # fmt: skip
        found = oauth.tokens(self._wire, "https://www.linkedin.com/oauth/v2/accessToken", form)
        public = {"client_id": form["client_id"], "page": _page_number(values), "version": _version(values)}
        return self._who(public, found["access"], {"access": found["access"]}, found)

    def verify(self, account, secret):
        return self._who(account.public, secret["access"], {}, {})

    def submit(self, draft, account, secret, journal):
        owner, images = account.public["author"], list(journal.handles.get("images", ()))
        for piece in draft.pieces[len(images) :]:
            images.append(self._upload(draft, piece, owner, account, secret))
            journal.keep(images=images)
        body = {
            "author": owner,
            "commentary": little(draft.text),
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }  # fmt: skip
        told = [{"id": one, "altText": piece.alt_text} for one, piece in zip(images, draft.pieces, strict=True)]
        if len(told) == 1:
            body["content"] = {"media": told[0]}
        elif told:
            body["content"] = {"multiImage": {"images": told}}
        journal.begin()
        answer = self._send("POST", f"{API}/rest/posts", account, secret, json=body, mutation=True)
        made = answer.headers.get("x-restli-id", "")
        if not made.startswith("urn:li:"):
            raise self._wire.malformed(mutation=True)
        journal.remote(made, _address(made))
        return _receipt(made, bool(images))

    def poll(self, draft, account, secret, journal):
        """A post is whole when the network has named it."""
        return _receipt(journal.remote_id, bool(draft.pieces))

    def reconcile(self, draft, account, secret, journal, since):
        return Verdict("unsure", why="LinkedIn does not let programs read your posts: look whether it is there.")

    def delete(self, receipt, account, secret):
        try:
            url = f"{API}/rest/posts/{quote(receipt.remote_id, safe='')}"
            self._send("DELETE", url, account, secret, mutation=True, what="DELETE")
        except Gone:
            pass

    def edit(self, draft, receipt, account, secret):
        url, body = f"{API}/rest/posts/{quote(receipt.remote_id, safe='')}", {"commentary": little(draft.text)}
        change = {"patch": {"$set": body}}
        self._send("POST", url, account, secret, json=change, mutation=True, what="PARTIAL_UPDATE")
        return receipt

    def _upload(self, draft, piece, owner, account, secret) -> str:
        file = draft.fit(piece, _IMAGE)
        url = f"{API}/rest/images?action=initializeUpload"
        answer = self._send("POST", url, account, secret, json={"initializeUploadRequest": {"owner": owner}})
        try:
            given = answer.json()["value"]
            image, to = str(given["image"]), str(given["uploadUrl"])
        except (ValueError, KeyError, TypeError):
            raise self._wire.malformed(mutation=False) from None
        host = urlsplit(to).hostname or ""
        if urlsplit(to).scheme != "https" or not (host == "linkedin.com" or host.endswith(".linkedin.com")):
            raise Transient("LinkedIn named a strange address for the upload.", "It is tried again by itself.")
        headers = {"Authorization": f"Bearer {secret['access']}", "Content-Type": file.media_type}
        self._wire.send("PUT", to, headers=headers, content=file.path.read_bytes(), explain=self._explain)
        return image

    def _send(self, method, url, account, secret, *, what="", **options):
        headers = {
            "Authorization": f"Bearer {secret['access']}",
            "LinkedIn-Version": account.public.get("version") or VERSION,
            "X-Restli-Protocol-Version": "2.0.0",
            **({"X-RestLi-Method": what} if what else {}),
        }
        return self._wire.send(method, url, headers=headers, explain=self._explain, **options)

    def _who(self, public, access, secret, found) -> Connected:
        headers = {"Authorization": f"Bearer {access}"}
        me = self._wire.json("GET", f"{API}/v2/userinfo", headers=headers, explain=self._explain)
        if not isinstance(me, dict) or not me.get("sub"):
            raise self._wire.malformed(mutation=False)
        name, page = str(me.get("name") or "LinkedIn member"), public.get("page", "")
        author = f"urn:li:organization:{page}" if page else f"urn:li:person:{me['sub']}"
        return Connected(
            f"Page {page}, as {name}" if page else name,
            name=name,
            remote_id=author,
            url=f"https://www.linkedin.com/company/{page}/" if page else "https://www.linkedin.com/in/me/",
            public={**public, "author": author},
            secret=secret,
            scopes=tuple(found.get("scopes", "").split()),
            expires_at=found.get("expires_at") or None,
        )

    def _explain(self, answer, mutation):
        kind, words = _error(answer)
        if answer.status_code == 401:
            if kind == "REVOKED_ACCESS_TOKEN":
                return AuthRevoked("LinkedIn does not accept this log-in any more.", "Connect the account again.")
            return AuthExpired("The log-in at LinkedIn has run out.", "Connect the account again.")
        if answer.status_code == 403:
            hint = "Look whether the app still has its products, then connect again."
            return AuthRevoked("LinkedIn does not allow this app to do that.", hint)
        if answer.status_code == 426 or kind == "NONEXISTENT_VERSION":
            hint = "Connect again and name a newer version: year and month."
            return Rejected("LinkedIn does not speak this version of its API any more.", hint)
        if answer.status_code == 429:
            if "DAY" in words.upper():
                wait = 86400.0 - self._wire.clock() % 86400.0  # its days begin at midnight UTC
                return QuotaSpent("LinkedIn takes no more today.", "It is tried again by itself.", wait=wait)
            wait = self._wire.asked_wait(answer)
            return RateLimited("LinkedIn wants a pause.", "It is tried again by itself.", wait=wait)
        if answer.status_code in (404, 410):
            return Gone("It is not there any more.", "")
        if answer.status_code == 422 and "duplicate" in words.lower():
            hint = "Look whether it is out already; else change the words."
            return Rejected("LinkedIn says that the same words were just posted.", hint)
        if answer.status_code in (400, 409, 413, 422) and words:
            return Rejected(f"LinkedIn refused it: {words}.", "Change what it objects to, then approve it again.")
        return None


class Gone(Rejected):
    """There is no such post."""


def little(text: str) -> str:
    """The words as LinkedIn's "little text": its signs escaped, hashtags as hashtags."""
    parts, end = [], 0
    for found in _HASHTAG.finditer(text):
        parts += [_RESERVED.sub(r"\\\1", text[end : found.start()]), f"{{hashtag|\\#|{_escaped_tag(found[1])}}}"]
        end = found.end()
    return "".join([*parts, _RESERVED.sub(r"\\\1", text[end:])])


def _escaped_tag(word: str) -> str:
    return word.replace("_", "\\_")


def _error(answer) -> tuple[str, str]:
    """The network's own name of an error, and its words, short."""
    try:
        body = answer.json()
        return str(body.get("code", "")), " ".join(str(body.get("message", "")).split())[:200].rstrip(".")
    except (ValueError, AttributeError):
        return "", ""


def _page_number(values) -> str:
    given = str(values.get("page") or "").strip().strip("/").rpartition("/")[2].rpartition(":")[2]
    if given and not given.isdigit():
        raise Rejected("This is not a page's number.", "Take the digits from the address of its admin view.")
    return given


def _version(values) -> str:
    given = str(values.get("version") or "").strip()
    if given and not re.fullmatch(r"20\d{4}", given):
        raise Rejected("This is not a version of LinkedIn's API.", "Write year and month, like 202606, or leave it.")
    return given


def _address(urn: str) -> str:
    return f"https://www.linkedin.com/feed/update/{urn}/"


def _receipt(urn: str, pictures: bool) -> Receipt:
    return Receipt(str(urn), _address(urn), disclosed=(*(("metadata",) if pictures else ()), "caption"))
