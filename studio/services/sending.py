"""The sender: one step of one target at a time, written down before it is taken. It never posts twice.

What it relies on: a lease in the document says who is sending; `begun_at` is on the disk before any request that can
make a post public, and stays until its outcome is known; what is begun and not known is `unknown`, and leaves that
state only by `reconcile`, by a repeat of a key that the network drops, or by a person.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

from studio.domain.document import new_id
from studio.domain.post import OPEN, UNDER_WAY, Lease, Post, PostEvent, Target, summed
from studio.errors import Conflict, NotFound, StudioError
from studio.paths import Paths
from studio.platforms import Later, Receipt, Verdict
from studio.platforms.errors import (
    AuthExpired,
    AuthRevoked,
    PlatformError,
    QuotaSpent,
    RateLimited,
    Transient,
    Unknown,
)  # fmt: skip
from studio.services.accounts import Accounts
from studio.services.drafting import DELETED, Drafting, slug
from studio.services.zones import iso, seconds
from studio.settings import Settings
from studio.store import Store
from studio.store.posts import wake_of

log = logging.getLogger("studio.posting")
PROCESS = new_id()  # leases of other processes are void once this one holds the data folder
LEASE_S = 15 * 60
HOLD_S = 60  # between two looks at something that is held back
LOOK_AFTER_S = 30  # before the network is first asked about an unknown: the request may still be on its way
SURE_AFTER_S = 90  # between two answers "it is not there"; both are needed
PREFLIGHT_S = 3600
DAY_S = 86400
BACKOFF_S = (30, 120, 600, 1800, 3600, 7200, 14400)  # then it is given up
_KEY_MARGIN_S = 120
_STATES_TO_SEND = ("scheduled", "leased", "failed_retryable")


class LeaseLost(Exception):
    """Somebody else took over: stop, nothing more is to be sent or written."""


class Skip(Exception):
    """There is nothing to do for this target now."""


class Sender:
    """Brings targets on their way. Safe from several threads; `clock` gives seconds since 1970."""

    def __init__(
        self,
        store: Store,
        paths: Paths,
        accounts: Accounts,
        drafting: Drafting,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
    ):
        self._store, self._paths, self._accounts, self._drafting = store, paths, accounts, drafting
        self._settings, self._clock = settings, clock
        self.owner = f"{PROCESS}/{new_id()}"
        self._guard = threading.Lock()
        self._busy: set[str] = set()  # accounts, so that two posts do not go to one at once

    # ------------------------------------------------------------------ what is due
    def run_due(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Take every step that is due now, one after the other; how many."""
        taken: dict[tuple[str, str], int] = {}
        while not stopped():
            steps = [one for one in self.due() if taken.get(one, 0) < 4]
            if not steps:
                break
            for step in steps:
                if stopped():
                    break
                taken[step] = taken.get(step, 0) + 1
                self.advance(*step)
        return sum(taken.values())

    def due(self) -> list[tuple[str, str]]:
        """(post, account) of what can be done now, at most one per account, the longest waiting first."""
        now, found = iso(self._clock()), []
        with self._guard:
            taken = set(self._busy)
        for entry in self._store.posts.due(now):
            if taken.issuperset(entry.accounts):
                continue
            try:
                post = self._store.posts.get(entry.id)
            except StudioError:
                continue
            due = post.schedule.at if post.schedule else ""
            for target in post.targets:
                wake = wake_of(target.model_dump(), due)
                if wake and wake <= now and target.account_id not in taken:
                    taken.add(target.account_id)
                    found.append((post.id, target.account_id))
        return found

    def advance(self, post_id: str, account_id: str, *, strict: bool = False) -> None:
        """One step of one target; nothing when somebody else has it. Whatever a platform raises ends here.

        `strict` is for somebody who waits for it: also what is not due, and errors go through after they are written
        down."""
        with self._guard:
            if account_id in self._busy and not strict:
                return
            self._busy.add(account_id)
        try:
            work = self._take(post_id, account_id, strict)
            try:
                work.go()
            except LeaseLost:
                log.info("Somebody else goes on with post %s.", post_id)
            except Exception as error:
                work.broke(error)
                if strict:
                    raise
        except (Skip, NotFound):
            pass
        finally:
            with self._guard:
                self._busy.discard(account_id)

    def _take(self, post_id: str, account_id: str, strict: bool) -> Step:
        now, owner, before = self._clock(), f"{self.owner}/{secrets.token_hex(4)}", {}

        def lease(post: Post) -> None:
            target = post.target(account_id)
            if target is None or post.trashed_at or target.state not in OPEN:
                raise Skip
            wake = wake_of(target.model_dump(), post.schedule.at if post.schedule else "")
            if target.lease and target.lease.until > iso(now) or not strict and (not wake or wake > iso(now)):
                raise Skip
            if target.state == "submitting" or (target.state == "leased" and target.begun_at):
                became_unknown(target, "The studio stopped while it was being sent.")
            before["state"] = target.state
            target.lease = Lease(owner=owner, until=iso(now + LEASE_S))
            if target.state in _STATES_TO_SEND and not self._early(target, now):
                target.state = "leased"
            post.state = summed(post.targets)

        post = self._store.posts.update_many([post_id], lease, counted=False)[0]
        return Step(self, post, account_id, owner, before["state"])

    def _early(self, target: Target, now: float) -> bool:
        """Whether this is the look an hour before."""
        return target.state == "scheduled" and bool(target.planned) and target.planned > iso(now)

    # ------------------------------------------------------------------ after a start
    def recover(self) -> None:
        """What another process left: its leases are void, what it had begun is unknown, and packages are looked for."""
        cursor, caught = None, []
        while True:
            page = self._store.posts.find(_left_behind, limit=500, cursor=cursor)
            caught, cursor = caught + page.items, page.next_cursor
            if cursor is None:
                break
        for post in caught:
            try:
                self._recover(post)
            except (StudioError, OSError) as problem:  # one post must not keep the studio from starting
                log.warning("The post %s could not be looked into: %s", post.id, problem)

    def _recover(self, post: Post) -> None:
        found: dict[str, Verdict] = {}
        for target in post.targets:
            if self._is_local(target) and target.state in (*UNDER_WAY, "unknown"):
                platform, account = self._drafting.platform(target), self._accounts.get(target.account_id)
                since = target.first_at or post.created_at
                found[target.account_id] = platform.reconcile(
                    self._drafting.draft(post, target), account, self._accounts.secret(account), Still(target), since
                )
        now = iso(self._clock())

        def change(post: Post) -> None:
            for target in post.targets:
                theirs = target.lease and not target.lease.owner.startswith(PROCESS)
                if target.account_id in found:
                    verdict, target.lease = found[target.account_id], None
                    if verdict.outcome == "posted":
                        self._received(post, target, verdict.receipt)
                    else:
                        gave_back(target, now if post.schedule else None)
                        words = "Publishing was interrupted; nothing went out."
                        post.history.append(PostEvent(what=words + ("" if post.schedule else " Approved again")))
                elif target.state == "scheduled" and not target.next_at and not post.schedule:
                    gave_back(target, None)  # somebody waited for it
                elif theirs or (target.lease is None and target.state in ("leased", "submitting")):
                    target.lease = None
                    if target.begun_at and target.state in ("leased", "submitting"):
                        became_unknown(target, "The studio stopped while it was being sent.")
                        target.next_at = iso(self._clock() + LOOK_AFTER_S)
                    elif target.state == "leased":
                        target.state, target.next_at = "scheduled", now
            self.settle(post)

        self._store.posts.update(post.id, change)

    # ------------------------------------------------------------------ shared with steps
    def _is_local(self, target: Target) -> bool:
        try:
            return self._drafting.platform(target).spec.connect.way == "none"
        except StudioError:
            return False

    def _received(self, post: Post, target: Target, receipt: Receipt, by: str = "") -> None:
        files = [self._paths.relative(path) for path in receipt.files]
        at = iso(self._clock())
        target.state, target.note, target.error, target.next_at, target.begun_at = "published", "", None, None, None
        target.remote_id, target.url = receipt.remote_id or target.remote_id, receipt.url or target.url
        target.receipt = {
            "at": at, "files": files, "disclosed": list(receipt.disclosed), "facts": dict(receipt.facts),
        }  # fmt: skip
        post.files = [*post.files, *(name for name in files if name not in post.files)]
        if not self._is_local(target):
            post.history.append(PostEvent(at=at, what=f"Published to {self._drafting.name(target)}", by=by))

    def settle(self, post: Post) -> None:
        """The post's own state and error, after a target's changed."""
        before, post.state = post.state, summed(post.targets)
        post.error = next((one.error for one in post.targets if one.error and one.state != "published"), None)
        if post.state == "published" and before != "published":
            post.published_at = iso(self._clock())
            post.history.append(PostEvent(at=post.published_at, what="Published", by=post.by))
            log.info("Post %s is published.", post.id)

    def grace_s(self) -> float:
        return 60.0 * int(self._settings.get("grace_minutes") if self._settings else 60)


class Step:
    """One step of one target under one lease."""

    def __init__(self, sender: Sender, post: Post, account_id: str, owner: str, before: str):
        self.sender, self.post, self.account_id, self.owner, self.before = sender, post, account_id, owner, before
        self.target = post.target(account_id)
        self.now, self._posts = sender._clock, sender._store.posts
        self.key = self.target.key
        self._begun = False

    # ------------------------------------------------------------------ the step
    def go(self) -> None:
        """Do what the target's state asks for. Raises what platforms raise."""
        if not self.sender._accounts.has(self.account_id):
            return self.fail("The account was removed.", "Choose another target.")
        self.account = self.sender._accounts.get(self.account_id)
        self.platform = self.sender._accounts.of(self.account)
        if self.before == "remote_pending" or (self.before == "unknown" and self.target.remote_id):
            return self._finish(self._call(self.platform.poll))
        if self.before == "unknown":
            return self._resolve()
        if self.sender._early(self.target, self.now()):
            return self._looked_over()
        if why := self._held():
            return self._wait(HOLD_S, why, moved=False)
        free, why = self.sender._accounts.free_at(self.account)
        if free > self.now():
            return self._wait(free - self.now(), why)
        if self._missed():
            return None
        if problem := self._problem():
            return self.fail(*problem)
        return self._send()

    def _send(self) -> None:
        at = iso(self.now())
        with self._place(at) as place:

            def begin(post: Post, target: Target) -> None:
                if place:
                    target.place = place
                target.first_at = target.first_at or at
                target.attempts += 1
                target.error, target.note = None, ""
                if target.attempts == 1:
                    what = f"Publishing to {self.sender._drafting.name(target)}"
                    post.history.append(PostEvent(at=at, what=what, by=post.by))

            self.write(begin)
            self._finish(self._call(self.platform.submit))

    def _resolve(self) -> None:
        """What may be out: ask the network, or repeat a key that it drops."""
        since = self.target.first_at or self.target.begun_at or self.post.created_at
        age, spec = self.now() - seconds(since), self.platform.spec
        if why := self._held():
            return self._wait(HOLD_S, why, moved=False)
        fresh = not spec.key_lasts_s or 0 <= age < spec.key_lasts_s - _KEY_MARGIN_S
        if spec.idempotency == "key" and fresh and self.target.attempts < len(BACKOFF_S):
            self.write(lambda post, target: setattr(target, "attempts", target.attempts + 1))
            return self._finish(self._call(self.platform.submit))
        verdict = self._call(self.platform.reconcile, since)
        if verdict.outcome == "posted":
            return self._finish(verdict.receipt)
        if verdict.outcome == "unsure":
            return self.ask(verdict.why)

        def absent(post: Post, target: Target) -> None:
            target.absent += 1
            if target.absent < 2:
                target.note = "It is not there. The studio looks once more before it sends it again."
                target.next_at = iso(self.now() + SURE_AFTER_S)
                return
            gave_back(target, iso(self.now()))
            target.state, target.absent = "failed_retryable", 0
            target.planned = target.next_at
            post.history.append(PostEvent(what="It did not get there; it is sent again"))

        self.write(absent, last=True)

    def _looked_over(self) -> None:
        """An hour before: what would stop it is said while there is time to mend it."""
        try:
            note = self._look_over()
        except Exception as error:  # a look is no reason to stop what may well go out
            note = bug(error)["message"]

        def looked(post: Post, target: Target) -> None:
            target.state, target.note, target.checked_at = "scheduled", note, iso(self.now())
            target.next_at = target.planned

        self.write(looked, last=True)

    def _look_over(self) -> str:
        if problem := self._problem():
            return " ".join(problem)
        if why := self._held():
            return why
        try:
            self.sender._accounts.verify(self.account_id)
        except (AuthExpired, AuthRevoked) as error:
            return f"{error.message} {error.hint}"
        except StudioError as error:
            log.info("Looked over post %s without the network: %s", self.post.id, error.message)
        return ""

    # ------------------------------------------------------------------ what stands in the way
    def _held(self) -> str:
        character = self.sender._drafting.whose(self.post)
        if character.status == "paused":
            return f"{character.name} is paused."
        return self.sender._accounts.why_not(self.account)

    def _missed(self) -> bool:
        """Whether the studio was not there at the time it was meant for: then a person decides."""
        if not self.target.planned or self.now() <= seconds(self.target.planned) + self.sender.grace_s():
            return False

        def missed(post: Post, target: Target) -> None:
            target.state, target.next_at = "missed", None
            target.note = "The studio did not run, or was held back, when it was to go out."
            post.history.append(PostEvent(what=f"Missed: {self.sender._drafting.name(target)}"))

        self.write(missed, last=True)
        return True

    def _problem(self) -> tuple[str, str] | None:
        """(message, hint) of what a person has to change first."""
        drafting = self.sender._drafting
        if self.post.character_id not in self.sender._store.characters:
            return DELETED
        if waiting := drafting.unapproved(self.post):
            return (
                f"{waiting} of its pictures {'is' if waiting == 1 else 'are'} not approved.",
                "Approve in Review, or take out what should not go out.",
            )
        for target, one in drafting.problems(self.post):
            if one.level == "error" and target.account_id == self.account_id:
                return one.message, one.hint
        return None

    # ------------------------------------------------------------------ calling the platform
    def _call(self, what: Callable, *more: Any):
        draft = self.sender._drafting.draft(self.post, self.target, iso(self.now()))
        call = lambda secret: what(draft, self.account, secret, self, *more)
        return self.sender._accounts.called(self.account, call)

    def _finish(self, found: Receipt | Later) -> None:
        if isinstance(found, Later):

            def later(post: Post, target: Target) -> None:
                target.begun_at = None
                target.state = "remote_pending" if target.remote_id else "scheduled"
                target.note = found.why or "The network is still at it."
                target.planned = target.next_at = iso(self.now() + max(found.seconds, 1))
                target.attempts = max(target.attempts - 1, 0)

            return self.write(later, last=True)

        def received(post: Post, target: Target) -> None:
            self.sender._received(post, target, found, post.by)

        self.write(received, last=True)
        if all(one.state in ("published", "cancelled") for one in self.post.targets):
            self.sender._drafting.forget(self.post)
        return None

    def broke(self, error: Exception) -> None:
        """Write down what came of an error, by what may be done about it."""
        try:
            self._broke(error)
        except LeaseLost:
            log.info("Somebody else goes on with post %s.", self.post.id)

    def _broke(self, error: Exception) -> None:
        words = error.as_dict() if isinstance(error, StudioError) else bug(error)
        if self.sender._is_local(self.target):
            verdict = self._call(self.platform.reconcile, self.target.first_at or "")
            if verdict.outcome == "posted":
                return self._finish(verdict.receipt)
            return self.fail(words["message"], words["hint"], words["code"])
        asking = self.before == "unknown"  # whatever this call was refused for: the one before may have got there
        if self.target.remote_id and self._begun:
            return self._again(error, words, "remote_pending")
        if isinstance(error, Unknown) or (not isinstance(error, StudioError) and self._begun):
            return self._unsure(error, words)
        if isinstance(error, AuthExpired | AuthRevoked):
            return self._locked_out(words, asking)
        if isinstance(error, Transient):
            if isinstance(error, RateLimited | QuotaSpent):
                wait = error.wait if error.wait is not None else DAY_S if isinstance(error, QuotaSpent) else 0
                if wait:
                    self.sender._accounts.hold(self.account_id, wait, error.message)
            return self._again(error, words, self.before if asking or self.before == "remote_pending" else "")
        if asking or (self.before == "remote_pending" and not isinstance(error, PlatformError)):
            return self._again(error, words, self.before)
        return self.fail(words["message"], words["hint"], words["code"])

    def _unsure(self, error: Exception, words: dict) -> None:
        """The post can be out."""

        def unsure(post: Post, target: Target) -> None:
            first = target.state != "unknown"
            became_unknown(target, words["message"])
            target.error = words
            target.next_at = iso(self.now() + (LOOK_AFTER_S if first else backoff(target.attempts)))
            if first:
                post.history.append(PostEvent(what=f"Not known whether it got there: {words['message']}"))

        self.write(unsure, last=True)

    def _again(self, error: Exception, words: dict, stays: str) -> None:
        """Once more, later: nothing is out, or, when it `stays` in a state, nothing new is known."""
        if stays == "unknown" and self.target.attempts > 2 * len(BACKOFF_S):
            return self.ask(words["message"])

        def again(post: Post, target: Target) -> None:
            asked = getattr(error, "wait", None)
            if isinstance(error, QuotaSpent) and asked is None:
                asked = DAY_S
            wait = max(backoff(target.attempts), asked or 0)
            target.error, target.note = words, f"{words['message']} Tried again at {iso(self.now() + wait)[11:16]} UTC."
            target.next_at = iso(self.now() + wait)
            if stays:
                target.state = stays
                if stays == "unknown":
                    refused = not isinstance(error, Transient)  # then no repeat of the key any more: only looking
                    target.attempts = max(target.attempts + 1, len(BACKOFF_S) if refused else 0)
                return
            target.begun_at, target.planned = None, target.next_at
            if target.attempts > len(BACKOFF_S) and not isinstance(error, RateLimited | QuotaSpent):
                target.state, target.next_at = "failed_permanent", None
                target.note = f"Given up after {target.attempts} tries: {words['message']}"
                post.history.append(PostEvent(what=target.note))
            else:
                target.state = "failed_retryable"

        self.write(again, last=True)

    def _locked_out(self, words: dict, asking: bool) -> None:
        """Waits for a person to connect the account again; `Publishing.returned` wakes it."""

        def locked(post: Post, target: Target) -> None:
            target.error, target.note = words, f"{words['message']} {words['hint']}".strip()
            target.next_at = None
            target.state = self.before if self.before in ("unknown", "remote_pending") else "failed_retryable"
            if not asking:
                target.begun_at = None
            post.history.append(PostEvent(what=f"Waits for its account: {words['message']}"))

        self.write(locked, last=True)

    def ask(self, why: str = "") -> None:
        """Only a person can tell whether it is there."""

        def ask(post: Post, target: Target) -> None:
            target.state, target.next_at = "unknown", None
            target.note = f"{why} Look at the network, then say whether it is there.".strip()

        self.write(ask, last=True)

    def fail(self, message: str, hint: str = "", code: str = "rejected") -> None:
        """For good, until a person changes something."""

        def fail(post: Post, target: Target) -> None:
            target.state, target.next_at, target.begun_at = "failed_permanent", None, None
            target.error, target.note = {"code": code, "message": message, "hint": hint}, message
            post.history.append(PostEvent(what=f"Publishing failed: {message}", by=post.by))

        self.write(fail, last=True)

    def _wait(self, span: float, why: str, moved: bool = True) -> None:
        """Held back; `moved` when this is not the time it is meant for any more, but the new one is."""
        if not moved and self.before in _STATES_TO_SEND and self._missed():
            return

        def wait(post: Post, target: Target) -> None:
            target.state = self.before if self.before != "leased" else "scheduled"
            target.note, target.next_at = why, iso(self.now() + span)
            if moved:
                target.planned = target.next_at

        self.write(wait, last=True)

    @contextmanager
    def _place(self, at: str):
        """A place nobody else has, relative to the data folder; None for a platform that leaves no files."""
        if not self.platform.spec.files:
            yield None
            return
        with self.sender_place(at) as place:
            yield place

    def sender_place(self, at: str):
        paths, post = self.sender._paths, self.post
        words = post.title or " ".join(post.caption.text.split()[:5]) or "post"
        who = slug(self.sender._drafting.whose(post).name, "character", 32)
        return reserved(paths, f"{at[:10]}_{who}_{slug(words, 'post', 40)}")

    # ------------------------------------------------------------------ the journal of the platform
    @property
    def handles(self) -> Mapping[str, Any]:
        return self.target.handles

    @property
    def remote_id(self) -> str:
        return self.target.remote_id

    @property
    def url(self) -> str:
        return self.target.url

    def keep(self, **handles: Any) -> None:
        def keep(post: Post, target: Target) -> None:
            target.handles = {**target.handles, **handles}

        self.write(keep)

    def begin(self, what: str = "post") -> None:
        def begin(post: Post, target: Target) -> None:
            target.begun_at, target.first_at = iso(self.now()), target.first_at or iso(self.now())
            if target.state != "unknown":
                target.state = "submitting"

        if not self._begun:
            self.sender._accounts.count(self.account_id)
        self.write(begin)
        self._begun = True

    def remote(self, remote_id: str, url: str = "") -> None:
        def remote(post: Post, target: Target) -> None:
            target.remote_id, target.url, target.state = remote_id, url, "remote_pending"
            target.next_at = iso(self.now())

        try:
            self.write(remote)
        except LeaseLost:  # too late to send, never too late to know

            def known(post: Post) -> None:
                target = post.target(self.account_id)
                if target and target.key == self.key and not target.remote_id:
                    target.remote_id, target.url = remote_id, url

            self._posts.update(self.post.id, known)
            raise

    def write(self, change: Callable[[Post, Target], None], last: bool = False) -> None:
        """Change the target on the disk, as long as the lease is ours; `last` gives it back. Raises LeaseLost."""

        def changed(post: Post) -> None:
            target = post.target(self.account_id)
            if target is None or target.lease is None or target.lease.owner != self.owner:
                raise LeaseLost
            change(post, target)
            target.lease = None if last else Lease(owner=self.owner, until=iso(self.now() + LEASE_S))
            self.sender.settle(post)

        self.post = self._posts.update(self.post.id, changed)
        self.target = self.post.target(self.account_id)


class Still:
    """A target's journal for looking only."""

    def __init__(self, target: Target):
        self.key, self.handles = target.key, dict(target.handles)
        self.remote_id, self.url = target.remote_id, target.url

    def keep(self, **handles: Any) -> None:
        raise Conflict("This is only a look.", "")

    def begin(self, what: str = "post") -> None:
        raise Conflict("This is only a look.", "")

    def remote(self, remote_id: str, url: str = "") -> None:
        raise Conflict("This is only a look.", "")


@contextmanager
def reserved(paths: Paths, name: str):
    """A folder's place under exports that nobody else has, relative to the data folder."""
    import shutil

    exports, number = paths.exports(), 1
    exports.mkdir(parents=True, exist_ok=True)
    while True:
        place = exports / (name if number == 1 else f"{name}-{number}")
        number += 1
        if place.exists() or place.with_name(f"{place.name}.zip").exists():
            continue
        try:
            place.with_name(f".{place.name}.hold").mkdir()
            break
        except FileExistsError:
            continue
    try:
        yield paths.relative(place)
    finally:
        shutil.rmtree(place.with_name(f".{place.name}.hold"), ignore_errors=True)


def became_unknown(target: Target, why: str) -> None:
    """It may be out: nobody sends it again before somebody has looked."""
    target.state, target.absent = "unknown", 0
    target.note = f"{why} The studio looks whether it is there; it is not sent again before that."


def gave_back(target: Target, next_at: str | None) -> None:
    """Nothing of it is out: as before it was taken. Without a time it waits for a person to publish."""
    target.state, target.begun_at, target.next_at, target.error = "scheduled", None, next_at, None
    target.note = ""
    if next_at is None:
        target.state = "approved"


def backoff(attempts: int) -> float:
    return float(BACKOFF_S[min(max(attempts - 1, 0), len(BACKOFF_S) - 1)])


def bug(error: Exception) -> dict:
    """A bug as a target keeps it; its details go to the log under a short id, without the values of its frames."""
    mark = secrets.token_hex(2)
    log.error("%s: sending broke.", mark, exc_info=error)
    return {
        "code": "internal",
        "message": f"Something broke while publishing ({mark}).",
        "hint": "Details are in the log.",
    }


def _left_behind(post: dict) -> bool:
    for target in post.get("targets") or ():
        lease = target.get("lease")
        if lease and not str(lease.get("owner", "")).startswith(PROCESS):
            return True
        if not lease and target.get("state") in ("leased", "submitting"):
            return True
        if target.get("state") == "scheduled" and not target.get("next_at") and not post.get("schedule"):
            return True
    return False
