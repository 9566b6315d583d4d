"""Publishing: the way of a post from draft to published, once. Knows posts, their pictures, accounts and the sender.

A person approves; the sender sends; what happened is in the post. A post is never sent twice and never left half way.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager

from studio.domain.character import Character
from studio.domain.document import now
from studio.domain.post import (
    DISCLOSURE,
    OPEN,
    UNDER_WAY,
    Caption,
    Post,
    PostEvent,
    Schedule,
    Target,
    Words,
    summed,
)  # fmt: skip
from studio.domain.requests import PostPatch, PostRequest
from studio.errors import Conflict, NotFound, StudioError
from studio.keychain import Keychain
from studio.paths import Paths
from studio.platforms import PLATFORMS, Platform, Problem
from studio.services.accounts import Accounts
from studio.services.drafting import DELETED, Drafting
from studio.services.ratings import refuse_words
from studio.services.sending import PREFLIGHT_S, Sender, gave_back
from studio.services.zones import iso, later
from studio.settings import Settings
from studio.store import Store

log = logging.getLogger(__name__)
ENDINGS = {"png": "png", "jpeg": "jpg", "jpg": "jpg", "webp": "webp"}
_GO = ("approved", "failed_permanent", "failed_retryable", "missed", "scheduled")  # what Publish sends now


class Publishing:
    """Posts: drafted, approved by a person, published once, remembered. `clock` gives seconds since 1970."""

    def __init__(
        self,
        store: Store,
        paths: Paths,
        settings: Settings | None = None,
        platforms: Sequence[Platform] = PLATFORMS,
        *,
        accounts: Accounts | None = None,
        clock: Callable[[], float] = time.time,
    ):
        self._store, self._paths, self._settings, self._clock = store, paths, settings, clock
        self.accounts = accounts or Accounts(store, Keychain(paths), settings, platforms, clock)
        self._drafting = Drafting(store, paths, self.accounts, settings)
        self.sender = Sender(store, paths, self.accounts, self._drafting, settings, clock)
        self.accounts.on_return = self.returned
        self.on_due: Callable[[], object] = lambda: None  # there is something to send now
        self._guard = threading.Lock()
        self._busy: dict[str, list] = {}
        self.reconcile()

    # ------------------------------------------------------------------ drafts
    def draft(self, request: PostRequest, by: str = "") -> Post:
        """A new draft. Raises NotFound for an unknown character or asset, StudioError for an unknown target or
        somebody else's picture, Conflict for a picture that was rejected or is in the trash."""
        character = self._store.characters.get(request.character_id)
        if character.trashed_at:
            raise Conflict(f"{character.name} is in the trash.", "Restore the character first.")
        asset_ids = self._usable(request.asset_ids, character)
        refuse_words((request.title, request.caption, *request.alt_text.values()), character.age, "caption")
        self._refuse_own(request.words, character)
        post = Post(
            character_id=character.id,
            asset_ids=asset_ids,
            title=request.title,
            caption=Caption(
                text=request.caption,
                hashtags=_tidy_hashtags(request.hashtags),
                alt_text=_alt_for(asset_ids, request.alt_text),
            ),
            disclosure=request.disclosure or self._line(character),
            targets=self._targets(request.targets, character, []),
            history=[PostEvent(what="Drafted", by=by)],
        )
        self._put_words(post, request.words)
        return self._store.posts.add(post)

    def update(self, id: str, patch: PostPatch, by: str = "") -> Post:
        """Change a draft. A changed approved or failed post is a draft again; a published one raises Conflict. What is
        out somewhere stays as it went out: then only the words of the other targets can change."""
        wanted = patch.model_dump(exclude_none=True)
        character = self._whose(self.get(id))
        words = {key: Words(**value) for key, value in wanted.pop("words", {}).items()}
        said = [wanted.get(name) or "" for name in ("title", "caption")]
        refuse_words((*said, *(wanted.get("alt_text") or {}).values()), character.age, "caption")
        self._refuse_own(words, character)
        if "asset_ids" in wanted:
            wanted["asset_ids"] = self._usable(wanted["asset_ids"], character)
        if "hashtags" in wanted:
            wanted["hashtags"] = _tidy_hashtags(wanted["hashtags"])
        if "disclosure" in wanted:
            wanted["disclosure"] = wanted["disclosure"] or self._line(character)

        def change(post: Post) -> None:
            self._must_rest(post)
            if post.state == "published":
                raise Conflict("A published post cannot be changed.", "Make a new draft from its pictures.")
            before = post.model_dump(exclude={"history"})
            for name, value in wanted.items():
                if name == "caption":
                    post.caption.text = value
                elif name in ("hashtags", "alt_text"):
                    setattr(post.caption, name, value)
                elif name == "targets":
                    post.targets = self._targets(value, character, post.targets)
                else:
                    setattr(post, name, value)
            post.caption.alt_text = _alt_for(post.asset_ids, post.caption.alt_text)
            self._put_words(post, words)
            after = post.model_dump(exclude={"history"})
            if after == before:
                return
            out = [one for one in post.targets if one.state == "published"]
            parts = ("asset_ids", "caption", "disclosure")
            if out and any(before[part] != after[part] for part in parts):
                raise Conflict(
                    f"This post is out on {self._drafting.name(out[0])} already.",
                    "Only the words of its other targets can change now.",
                )
            if post.state not in ("draft", "in_review"):
                post.history.append(PostEvent(what="Changed; back to draft", by=by))
            _back_to_draft(post)

        return self._store.posts.update(id, change)

    def get(self, id: str) -> Post:
        """The post. Raises NotFound."""
        return self._store.posts.get(id)

    def list(self, character_id: str | None = None, state: str | None = None, trashed: bool = False) -> list[Post]:
        """All posts, newest first; of one character, in one state, or those in the trash."""

        def fits(post: dict) -> bool:
            return (
                bool(post.get("trashed_at")) == trashed
                and character_id in (None, post.get("character_id"))
                and state in (None, post.get("state"))
            )

        found, cursor = [], None
        while True:
            page = self._store.posts.find(fits, limit=500, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    def trash(self, id: str, by: str = "") -> Post:
        """Put the post aside. Published files stay where they are; what was to go out does not."""

        def change(post: Post) -> None:
            self._must_rest(post)
            if not post.trashed_at:
                post.trashed_at = now()
                post.history.append(PostEvent(what="Moved to the trash", by=by))

        return self._store.posts.update(id, change)

    def restore(self, id: str, by: str = "") -> Post:
        """Take the post out of the trash, in the state it had; what was scheduled waits for a person."""

        def change(post: Post) -> None:
            if post.trashed_at:
                post.trashed_at = None
                for target in post.targets:
                    if target.state in ("scheduled", "failed_retryable"):
                        gave_back(target, None)
                post.state = summed(post.targets)
                post.history.append(PostEvent(what="Restored", by=by))

        return self._store.posts.update(id, change)

    def delete_forever(self, id: str) -> None:
        """Forget a post that is in the trash. Published files stay where they are."""
        post = self.get(id)
        if not post.trashed_at:
            raise Conflict("Only a post in the trash can be deleted.", "Move it to the trash first.")
        self._store.posts.remove(id)
        self._drafting.forget(post)

    # ------------------------------------------------------------------ approval
    def ask_review(self, id: str, by: str = "") -> Post:
        """Lay a draft before whoever approves."""

        def change(post: Post) -> None:
            self._must_be_here(post)
            if post.state == "in_review":
                return
            if post.state != "draft":
                raise Conflict("This post is no draft.", "There is nothing to ask for.")
            for target in post.targets:
                if target.state == "draft":
                    target.state = "in_review"
            post.state = summed(post.targets)
            post.history.append(PostEvent(what="Laid out for review", by=by))

        return self._store.posts.update(id, change)

    def approve(self, id: str, by: str = "") -> Post:
        """A person's yes. Every picture must be approved and no target may object. What has a time goes out by itself.

        Raises Conflict for pictures that are not approved, StudioError for what a target refuses.
        """
        post = self.get(id)
        self._must_be_here(post)
        if post.state in ("draft", "in_review", "failed"):
            self._must_be_approved(post)
            self._must_pass(post)
        revision = post.revision

        def change(post: Post) -> None:
            self._must_rest(post)
            self._must_be_here(post)
            if post.state in ("approved", "scheduled", "missed"):
                return
            if post.state == "published":
                raise Conflict("This post is published already.", "There is nothing left to approve.")
            if post.revision != revision:
                raise Conflict("This post was just changed.", "Look at it again, then approve it.")
            for target in post.targets:
                if target.state in ("draft", "in_review", "failed_permanent"):
                    target.state, target.error, target.note, target.attempts = "approved", None, "", 0
            post.error, post.by = None, by or post.by
            post.history.append(PostEvent(what="Approved", by=by))
            self._plan(post)

        post = self._store.posts.update(id, change)
        log.info("Post %s is approved%s.", id, f" by {by}" if by else "")
        self.on_due()
        return post

    def unapprove(self, id: str, by: str = "") -> Post:
        """Back to draft, as long as nothing of it is out."""

        def change(post: Post) -> None:
            self._must_rest(post)
            if any(one.state == "published" for one in post.targets):
                raise Conflict("This post is published already.", "It cannot become a draft again.")
            if post.state != "draft":
                _back_to_draft(post)
                post.history.append(PostEvent(what="Back to draft", by=by))

        return self._store.posts.update(id, change)

    def problems(self, id: str) -> list[Problem]:
        """What stops or weakens the post at its targets; each prints as a sentence, `level` is error or warning."""
        post = self.get(id)
        found = [problem for _, problem in self._drafting.problems(post)]
        waiting = self._drafting.unapproved(post)
        if waiting:
            found.insert(0, Problem(*_not_approved(waiting, len(post.asset_ids)), "asset_ids", "error"))
        if post.character_id not in self._store.characters:
            found.insert(0, Problem(*DELETED, level="error"))
        return list(dict.fromkeys(found))

    def disclosure(self, character_id: str) -> str:
        """The line a new post of this character says about AI."""
        return self._line(self._store.characters.get(character_id))

    def platforms(self) -> tuple[Platform, ...]:
        """All platforms; `spec` describes each, `ready()` says what one lacks."""
        return self.accounts.platforms()

    def name(self, target: Target) -> str:
        """What people call a target."""
        return self._drafting.name(target)

    # ------------------------------------------------------------------ publishing
    def publish(self, id: str, by: str = "", *, export_format: str = "png") -> Post:
        """Let an approved post go out now: packages before this returns, what goes over a network by the sender. One
        that is published is returned as it is; so publishing again, or at the same moment from two pages, is harmless.

        `export_format` is png, jpeg or webp. Raises Conflict when the post, or a picture of it, is not approved, and
        StudioError when a target refuses; the post is then failed, says why, and may be published again.
        """
        ending = ENDINGS.get(export_format.lower())
        if not ending:
            raise StudioError(
                "Pictures are exported as png, jpeg or webp.", "Choose one of these.", field="export_format"
            )
        with self._one_at_a_time(id):
            post = self.get(id)
            if post.state == "published":
                return post
            self._must_be_here(post)
            if post.state in ("draft", "in_review"):
                raise Conflict("This post is not approved.", "Approve it first; then it can go out.")
            self._must_be_approved(post)
            self._must_pass(post)
            local = [one.account_id for one in post.targets if self._is_local(one) and one.state in _GO]
            at = iso(self._clock())

            def queue(post: Post) -> None:
                self._must_be_here(post)
                post.ending, post.by = ending, by or post.by
                for target in post.targets:
                    if target.state in _GO:
                        target.state, target.error, target.note, target.attempts = "scheduled", None, "", 0
                        target.planned, target.next_at = at, None if target.account_id in local else at
                if local and not post.resting:
                    return  # a network has it just now; packages can still be made
                post.state = summed(post.targets)

            self._store.posts.update(id, queue)
            for account_id in local:
                self.sender.advance(id, account_id, strict=True)
            self.on_due()
            return self.get(id)

    def reconcile(self) -> None:
        """After a start: what a crash caught half way is finished when it got out; what is not known is looked for."""
        self.sender.recover()
        exports = self._paths.exports()
        for half in [*exports.glob(".*.part"), *exports.glob(".*.hold")]:
            shutil.rmtree(half, ignore_errors=True) if half.is_dir() else half.unlink(missing_ok=True)

    def schedule(self, id: str, when: Schedule, by: str = "") -> Post:
        """Choose when it goes out; approved, it does so by itself. Conflict for the past."""
        if when.at <= iso(self._clock()):
            raise Conflict("This time has passed.", "Choose a later one, or publish now.", field="local")

        def change(post: Post) -> None:
            self._must_rest(post)
            self._must_be_here(post)
            if post.state == "published":
                raise Conflict("This post is published already.", "Make a new draft from its pictures.")
            if post.schedule == when:
                return
            post.schedule = when
            for target in post.targets:
                if target.state in ("scheduled", "failed_retryable", "missed"):
                    gave_back(target, None)
            post.history.append(PostEvent(what=f"Scheduled for {when.local.replace('T', ' ')} {when.zone}", by=by))
            self._plan(post)

        return self._store.posts.update(id, change)

    def unschedule(self, id: str, by: str = "") -> Post:
        """Take the time away; approved, it waits for somebody to publish it."""

        def change(post: Post) -> None:
            self._must_rest(post)
            if post.schedule is None and not any(
                one.state in ("scheduled", "failed_retryable") for one in post.targets
            ):
                return
            post.schedule = None
            for target in post.targets:
                if target.state in ("scheduled", "failed_retryable", "missed"):
                    gave_back(target, None)
            post.state = summed(post.targets)
            post.history.append(PostEvent(what="Not scheduled any more", by=by))

        return self._store.posts.update(id, change)

    def cancel(self, id: str, account_id: str, by: str = "") -> Post:
        """Give up one target. Conflict when it is out, or may be."""

        def change(post: Post) -> None:
            target = self._target(post, account_id)
            if target.state in ("published", "unknown", *UNDER_WAY) or target.lease:
                raise Conflict("It is out there, or may be.", "It cannot be taken back from here.")
            target.state, target.next_at, target.error = "cancelled", None, None
            post.state = summed(post.targets)
            post.history.append(PostEvent(what=f"Not to {self._drafting.name(target)} any more", by=by))

        return self._store.posts.update(id, change)

    def resolve(self, id: str, account_id: str, there: bool, url: str = "", by: str = "") -> Post:
        """A person looked at the network: the post is there, or it is not and goes out again."""
        if url and not url.startswith(("https://", "http://")):
            raise StudioError("This is no address.", "Paste the post's own, beginning with https://.", field="url")
        at = iso(self._clock())

        def change(post: Post) -> None:
            target = self._target(post, account_id)
            if target.state != "unknown" or target.lease:
                raise Conflict("This is not in question.", "Look at the post again.")
            name = self._drafting.name(target)
            if there:
                target.state, target.next_at, target.begun_at, target.error = "published", None, None, None
                target.note, target.url = "A person saw it there.", url[:1000] or target.url
                target.receipt = {"at": at, "files": [], "disclosed": ["caption"], "facts": {}}
                post.history.append(PostEvent(what=f"Seen on {name}", by=by))
            else:
                gave_back(target, at)
                target.state, target.planned = "failed_retryable", at
                post.history.append(PostEvent(what=f"Not on {name}; it is sent again", by=by))
            self.sender.settle(post)

        post = self._store.posts.update(id, change)
        self.on_due()
        return post

    def returned(self, account_id: str) -> None:
        """An account can be used again: what waited for it goes on."""
        at = iso(self._clock())

        def wake(post: Post) -> None:
            target = post.target(account_id)
            if target and not target.lease and target.state in OPEN and target.next_at is None and target.planned:
                target.next_at = at

        for entry in self._store.posts.waiting(account_id):
            self._store.posts.update(entry.id, wake)
        self.on_due()

    def why(self, post: Post) -> list[tuple[str, str]]:
        """(target's account id, sentence) for every target that is not out: why it is not going out now."""
        found, at = [], iso(self._clock())
        for target in post.targets:
            if target.state not in ("published", "cancelled"):
                found.append((target.account_id, self._why(post, target, at)))
        return found

    # ------------------------------------------------------------------ inside
    def _why(self, post: Post, target: Target, at: str) -> str:
        if post.trashed_at:
            return "The post is in the trash."
        if target.state in ("draft", "in_review"):
            when = " It has a time and goes out by itself once approved." if post.schedule else ""
            return "It waits for approval." + when
        if target.state == "approved":
            return "It has no time. Publish it now, or schedule it."
        if target.state in ("leased", "submitting"):
            return "It is being sent right now."
        if target.state in ("remote_pending", "unknown", "missed", "failed_retryable", "failed_permanent"):
            return target.note or (target.error or {}).get("message", "") or "It waits."
        held = ""
        if self.accounts.has(target.account_id):
            held = self.accounts.why_not(self.accounts.get(target.account_id))
        character = self._whose(post)
        if character.status == "paused":
            held = f"{character.name} is paused."
        if held or target.note:
            return held or target.note
        if post.schedule and post.schedule.at > at:
            return f"It is scheduled for {post.schedule.local.replace('T', ' ')} ({post.schedule.zone})."
        return "It is next."

    def _plan(self, post: Post) -> None:
        """Approved targets of a post with a time wait for that time; one that has passed asks for another."""
        at = iso(self._clock())
        if post.schedule:
            for target in post.targets:
                if target.state != "approved":
                    continue
                due = post.schedule.at
                if due <= at:
                    target.note = "Its time has passed. Publish it now, or choose another time."
                    continue
                target.state, target.planned, target.checked_at, target.note = "scheduled", due, None, ""
                look = later(due, -PREFLIGHT_S)
                target.next_at = look if look > at and not self._is_local(target) else due
        post.state = summed(post.targets)

    def _targets(self, wanted: Sequence[str], character: Character, present: Sequence[Target]) -> list[Target]:
        """These accounts as targets; those that are there keep their way, those that are out stay."""
        kept = {one.account_id: one for one in present}
        for account_id in (known := list(dict.fromkeys(wanted))):
            if account_id in kept:
                continue
            if not self.accounts.has(account_id):
                names = [one.id for one in self.accounts.list(character.id)]
                hint = f"There are: {', '.join(names[:12])}."
                raise StudioError(f"There is no target called “{account_id[:40]}”.", hint, field="targets")
            if self.accounts.get(account_id).character_id not in (None, character.id):
                raise StudioError(f"This account is not {character.name}'s.", "Choose another.", field="targets")
        known += [one.account_id for one in present if one.state == "published" and one.account_id not in known]
        return [kept.get(one) or Target(account_id=one) for one in known]

    def _refuse_own(self, words: dict[str, Words], character: Character) -> None:
        for one in words.values():
            refuse_words((one.text or "", *one.alt_text.values()), character.age, "words")

    def _put_words(self, post: Post, words: dict[str, Words]) -> None:
        for account_id, own in words.items():
            target = post.target(account_id)
            if target is None or target.state == "published":
                continue
            alt = _alt_for(post.asset_ids, own.alt_text)
            tags = None if own.hashtags is None else _tidy_hashtags(own.hashtags)
            target.words = own.model_copy(update={"alt_text": alt, "hashtags": tags})

    def _target(self, post: Post, account_id: str) -> Target:
        if (target := post.target(account_id)) is None:
            raise NotFound("This post does not go there.", "Choose one of its targets.")
        return target

    def _is_local(self, target: Target) -> bool:
        return self.accounts.has(target.account_id) and (
            self.accounts.of(self.accounts.get(target.account_id)).spec.connect.way == "none"
        )

    @contextmanager
    def _one_at_a_time(self, id: str):
        """One thread publishes a post; others wait for it, and then see what it did."""
        with self._guard:
            entry = self._busy.setdefault(id, [threading.Lock(), 0])
            entry[1] += 1
        try:
            with entry[0]:
                yield
        finally:
            with self._guard:
                entry[1] -= 1
                if not entry[1]:
                    self._busy.pop(id, None)

    def _whose(self, post: Post) -> Character:
        return self._drafting.whose(post)

    def _must_pass(self, post: Post) -> None:
        if post.character_id not in self._store.characters:
            raise Conflict(*DELETED)
        for target in post.targets:
            if target.state in ("published", "cancelled"):
                continue
            if not self.accounts.has(target.account_id):
                raise StudioError("One of its accounts was removed.", "Choose another target.", field="targets")
            platform = self._drafting.platform(target)
            if missing := platform.ready():
                raise Conflict(f"{platform.spec.name} is not ready.", missing, field="targets")
        for _, problem in self._drafting.problems(post):
            if problem.level == "error":
                raise StudioError(problem.message, problem.hint, field=problem.field or None)

    def _must_be_approved(self, post: Post) -> None:
        if waiting := self._drafting.unapproved(post):
            raise Conflict(*_not_approved(waiting, len(post.asset_ids)), field="asset_ids")

    def _must_rest(self, post: Post) -> None:
        if not post.resting:
            if any(one.state == "unknown" for one in post.targets):
                raise Conflict("It is not known yet whether this post got out.", "Say first whether it is there.")
            raise Conflict("This post is being published right now.", "Wait until it is done.")

    def _must_be_here(self, post: Post) -> None:
        if post.trashed_at:
            raise Conflict("This post is in the trash.", "Restore it first.")

    def _usable(self, asset_ids: list[str], character: Character) -> list[str]:
        for asset_id in (ids := list(dict.fromkeys(asset_ids))):
            asset = self._store.assets.get(asset_id)
            if asset.character_id not in (None, character.id):
                raise StudioError(f"This picture does not show {character.name}.", "Choose another.", field="asset_ids")
            if asset.state in ("rejected", "trashed"):
                state = "was rejected" if asset.state == "rejected" else "is in the trash"
                raise Conflict(f"This picture {state}.", "Choose another, or restore it in Review.", field="asset_ids")
        return ids

    def _line(self, character: Character) -> str:
        line = str(self._settings.get("disclosure_line") if self._settings else "") or DISCLOSURE
        return line.replace("{name}", character.name)[:400]


def _back_to_draft(post: Post) -> None:
    for target in post.targets:
        if target.state not in ("published", "cancelled"):
            target.state, target.next_at, target.planned, target.error, target.note = "draft", None, None, None, ""
            target.attempts = 0
    post.state, post.error = summed(post.targets), None


def _not_approved(waiting: int, of: int) -> tuple[str, str]:
    what = "The picture is" if of == 1 else f"{waiting} of the {of} pictures {'is' if waiting == 1 else 'are'}"
    return f"{what} not approved.", "Approve in Review (A on the desk), or take out what should not go out."


def _tidy_hashtags(tags: list[str]) -> list[str]:
    """Each once, without spaces inside, in the order given."""
    found: dict[str, str] = {}
    for tag in ("".join(tag.split()) for tag in tags):
        if tag.strip("#"):
            found.setdefault(tag.lstrip("#").casefold(), tag)
    return list(found.values())


def _alt_for(asset_ids: list[str], alt_text: dict[str, str]) -> dict[str, str]:
    return {one: alt_text[one].strip() for one in asset_ids if alt_text.get(one, "").strip()}
