"""Accounts: connecting, testing, renewing, pausing. The one place that puts a secret into the keychain or takes it out.

A document says who; the keychain opens. What a network refuses for good asks for a person; what merely did not work
just now never disconnects anybody.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from studio.domain.account import Account, AccountPatch, ConnectRequest
from studio.domain.document import new_id
from studio.errors import Conflict, NotFound, StudioError
from studio.keychain import Keychain
from studio.platforms import PLATFORMS, Connected, Platform, Secret
from studio.platforms.errors import AuthExpired, AuthRevoked, PlatformError
from studio.services.zones import iso, later, seconds, zone
from studio.settings import Settings
from studio.store import Store

log = logging.getLogger("studio.posting")
PACKAGE = "export"
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_WAIT_FOR_CONSENT = 15 * 60  # seconds that an OAuth log-in may take
RENEW_AHEAD = 10 * 60  # seconds before its end that a token is renewed


class Offline(StudioError):
    code, status = "offline", 409


class Accounts:
    """The accounts of one data folder. `clock` gives seconds since 1970."""

    def __init__(
        self,
        store: Store,
        keychain: Keychain,
        settings: Settings | None = None,
        platforms: Sequence[Platform] = PLATFORMS,
        clock: Callable[[], float] = time.time,
    ):
        self._store, self._keychain, self._settings, self._clock = store, keychain, settings, clock
        self._platforms = {one.spec.id: one for one in platforms}
        self._consents: dict[str, dict] = {}
        self._guard, self._renewing = threading.Lock(), {}
        self.on_return: Callable[[str], object] = lambda account_id: None  # an account can be used again

    # ------------------------------------------------------------------ reading
    def platforms(self) -> tuple[Platform, ...]:
        """All platforms; `spec` describes each, `ready()` says what one lacks."""
        return tuple(self._platforms.values())

    def platform(self, id: str) -> Platform:
        """The adapter of this id. NotFound."""
        if id not in self._platforms:
            raise NotFound(f"There is no platform “{str(id)[:40]}”.", f"There are: {', '.join(self._platforms)}.")
        return self._platforms[id]

    def get(self, id: str) -> Account:
        """The account; the export package has one that is always there. NotFound."""
        if id in self._platforms and self._platforms[id].spec.connect.way == "none":
            spec = self._platforms[id].spec
            return Account(id=id, platform=id, name=spec.name, handle="on this machine")
        return self._store.accounts.get(id)

    def list(self, character_id: str | None = None) -> list[Account]:
        """The accounts a character can use, all without one; those that need none come first."""
        none = [self.get(id) for id, one in self._platforms.items() if one.spec.connect.way == "none"]
        kept = self._store.accounts.all()
        return none + [one for one in kept if character_id in (None, one.character_id) or one.character_id is None]

    def of(self, account: Account) -> Platform:
        """The account's adapter. Conflict when this studio does not have it."""
        if account.platform not in self._platforms:
            raise Conflict(
                f"This studio does not know {account.platform[:40]}.", "Use a newer one, or remove the account."
            )
        return self._platforms[account.platform]

    def has(self, id: str) -> bool:
        return id in self._store.accounts or (id in self._platforms and self._platforms[id].spec.connect.way == "none")

    def secret(self, account: Account) -> Secret:
        """What opens the account. Rotated tokens go straight back into the keychain. AuthRevoked when there is none."""
        if self.of(account).spec.connect.way == "none":
            return Secret({})
        try:
            kept = json.loads(self._keychain.get(_name(account.id)) or "null")
        except ValueError:
            kept = None
        if not isinstance(kept, dict):
            raise AuthRevoked(f"The log-in of {title(account)} is not on this machine.", "Connect the account again.")
        return Secret(kept, lambda values: self._keychain.set(_name(account.id), json.dumps(values)))

    def why_not(self, account: Account) -> str:
        """One sentence when nothing can go to this account just now, else ""."""
        if self._settings and self._settings.get("pause_posting"):
            return "All posting is paused."
        if account.platform not in self._platforms:
            return f"This studio does not know {account.platform[:40]}."
        if missing := self._platforms[account.platform].ready():
            return missing
        if account.paused:
            return f"{title(account)} is paused."
        if account.state != "connected":
            return account.problem or f"{title(account)} has to be connected again."
        if self.offline(account):
            return "The studio is offline."
        return ""

    def offline(self, account: Account) -> bool:
        spec = self.of(account).spec
        return bool(spec.connect.way != "none" and self._settings and self._settings.get("offline"))

    # ------------------------------------------------------------------ connecting
    def connect(self, wanted: ConnectRequest) -> Account:
        """Log in at the network and keep the account. Raises what the network says; then nothing is kept."""
        platform, values = self._ready_for(wanted)
        if platform.spec.connect.way == "oauth":
            raise Conflict(f"{platform.spec.name} asks on its own page.", "Begin with the connect button.")
        return self._add(platform, platform.connect(values), wanted)

    def reconnect(self, id: str, values: Mapping[str, str]) -> Account:
        """Log in again with new values; another account's log-in is refused."""
        account = self._store.accounts.get(id)
        wanted = ConnectRequest(platform=account.platform, values={**account.public, **values})
        platform, values = self._ready_for(wanted)
        return self._again(account, platform.connect(values))

    def begin(self, wanted: ConnectRequest, redirect: str, account_id: str | None = None) -> str:
        """OAuth: the network's page to open. `redirect` is this studio's own address for the way back."""
        platform, values = self._ready_for(wanted)
        if platform.spec.connect.way != "oauth":
            raise Conflict(f"{platform.spec.name} has no page to ask on.", "Fill in the form.")
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        url, kept = platform.authorize(values, redirect, state, challenge)
        with self._guard:
            now = self._clock()
            self._consents = {key: one for key, one in self._consents.items() if one["until"] > now}
            self._consents[state] = {
                "wanted": wanted, "values": values, "kept": kept, "verifier": verifier, "redirect": redirect,
                "account": account_id, "until": now + _WAIT_FOR_CONSENT,
            }  # fmt: skip
        return url

    def finish(self, state: str, code: str) -> Account:
        """OAuth: the way back. A `state` counts once; Conflict for one this studio did not send out."""
        with self._guard:
            asked = self._consents.pop(state, None)
        if asked is None or asked["until"] < self._clock():
            raise Conflict("This log-in was not begun here, or took too long.", "Press Connect again.")
        platform = self.platform(asked["wanted"].platform)
        found = platform.exchange(asked["values"], asked["kept"], code, asked["redirect"], asked["verifier"])
        if asked["account"]:
            return self._again(self._store.accounts.get(asked["account"]), found)
        return self._add(platform, found, asked["wanted"])

    def disconnect(self, id: str) -> None:
        """Forget the account and its secrets. Conflict while a post may be on its way there."""
        account = self._store.accounts.get(id)
        open_ = self._store.posts.waiting(id)
        if open_:
            count = f"{len(open_)} post{'s' if len(open_) != 1 else ''}"
            raise Conflict(f"{count} wait for {title(account)}.", "Take it out of them first, or let them finish.")
        self._keychain.remove(_name(id))
        self._store.accounts.remove(id)
        log.info("The account %s is disconnected.", id)

    def update(self, id: str, patch: AccountPatch) -> Account:
        """Change what a person chooses: name, character, pause, zone, slots, caps."""
        wanted = patch.model_dump(exclude_none=True)
        if "zone" in wanted:
            zone(wanted["zone"])
        if "slots" in wanted:
            wanted["slots"] = slots_of(wanted["slots"])
        if "character_id" in wanted:
            wanted["character_id"] = wanted["character_id"] or None
            if wanted["character_id"]:
                self._store.characters.get(wanted["character_id"])

        def change(account: Account) -> None:
            for name, value in wanted.items():
                setattr(account, name, value)

        account = self._store.accounts.update(id, change)
        if wanted.get("paused") is False:
            self.on_return(id)
        return account

    # ------------------------------------------------------------------ asking the network
    def verify(self, id: str) -> tuple[Account, str]:
        """The test button: who the network says this is, renewed first where that is due; a sentence with it."""
        account = self.get(id)
        platform = self.of(account)
        if platform.spec.connect.way == "none":
            return account, platform.ready() or "Ready."
        if self.offline(account):
            raise Offline("The studio is offline: it makes no request.", "Switch it off in System, Settings.")
        found = self.called(account, lambda secret: platform.verify(account, secret))
        account = self._store.accounts.update(id, lambda one: self._learn(one, found))
        return account, found.note or f"{platform.spec.name} knows you as {found.handle}."

    def called(self, account: Account, call: Callable):
        """`call(secret)`, with tokens renewed before when they are about to run out, and once more when the network
        says that they have. Only a plain refusal makes the account ask for a person."""
        try:
            platform, secret = self.of(account), self.secret(account)
            if platform.spec.connect.renews and self._runs_out(account):
                secret = self._renewed(account)
            try:
                return call(secret)
            except AuthExpired:
                if not platform.spec.connect.renews:
                    raise
                return call(self._renewed(account))
        except (AuthExpired, AuthRevoked) as error:
            self._ask_for_person(account, error)
            raise

    def remind(self) -> list[str]:
        """Sentences about accounts that need a person: to be connected again, or soon."""
        found = []
        for account in self._store.accounts.all():
            platform = self._platforms.get(account.platform)
            if account.state != "connected":
                found.append(f"{title(account)}: {account.problem or 'connect it again.'}")
            elif platform and account.expires_at and not platform.spec.connect.renews:
                ahead = platform.spec.connect.remind_days * 86400
                if later(account.expires_at, -ahead) <= iso(self._clock()):
                    found.append(f"{title(account)}: the log-in ends on {account.expires_at[:10]}. Connect it again.")
        return found

    def renew_due(self) -> None:
        """Renew tokens that end within the hour. What does not work is tried again at the next use."""
        for account in self._store.accounts.all():
            platform = self._platforms.get(account.platform)
            if (
                not platform
                or not platform.spec.connect.renews
                or account.state != "connected"
                or not account.expires_at
            ):
                continue
            if later(account.expires_at, -3600) <= iso(self._clock()) and not self.offline(account):
                try:
                    self._renewed(account)
                except PlatformError as error:
                    if isinstance(error, AuthRevoked):
                        self._ask_for_person(account, error)
                    log.info("The log-in of %s could not be renewed: %s", account.id, error.message)

    def hold(self, id: str, span: float, why: str) -> None:
        """The network wants nothing from this account for a while."""
        if id not in self._store.accounts:
            return
        until = iso(self._clock() + span)

        def change(account: Account) -> None:
            account.hold_until, account.hold_why = max(until, account.hold_until or ""), why[:400]

        self._store.accounts.update_many([id], change, counted=False)

    def count(self, id: str) -> None:
        """Something is about to go out here: it counts against the day, whatever becomes of it."""
        if id not in self._store.accounts:
            return
        now = self._clock()

        def change(account: Account) -> None:
            account.sent = [*[one for one in account.sent if one > iso(now - 86400)], iso(now)][-1000:]

        self._store.accounts.update_many([id], change, counted=False)

    def free_at(self, account: Account) -> tuple[float, str]:
        """From when on (seconds since 1970) something may go to this account, by caps, gaps and what the network asked
        for; and why not before. (0, "") for at once."""
        now, spec = self._clock(), self.of(account).spec
        found = (0.0, "")
        if account.hold_until and account.hold_until > iso(now):
            found = (seconds(account.hold_until), account.hold_why or "The network asked for a pause.")
        sent = sorted(seconds(one) for one in account.sent)
        gap = max(account.min_gap_minutes * 60, spec.min_gap_s)
        if gap and sent and sent[-1] + gap > now:
            found = max(found, (sent[-1] + gap, f"There are at least {_span(gap)} between two posts."))
        caps = [cap for cap in (account.daily_cap, spec.per_day) if cap]
        today = [one for one in sent if one > now - 86400]
        if caps and len(today) >= min(caps):
            found = max(found, (today[-min(caps)] + 86400, f"{min(caps)} posts in 24 hours have gone out."))
        return found

    # ------------------------------------------------------------------ inside
    def _ready_for(self, wanted: ConnectRequest) -> tuple[Platform, dict[str, str]]:
        platform = self.platform(wanted.platform)
        spec = platform.spec
        if spec.connect.way == "none":
            raise Conflict(f"{spec.name} needs no account.", "Choose it as a target.")
        if missing := platform.ready():
            raise Conflict(f"{spec.name} is not ready.", missing)
        if self._settings and self._settings.get("offline"):
            raise Offline("The studio is offline: it makes no request.", "Switch it off in System, Settings.")
        zone(wanted.zone)
        if wanted.character_id:
            self._store.characters.get(wanted.character_id)
        known = {one.id for one in spec.connect.fields}
        values = {name: value.strip() for name, value in wanted.values.items() if name in known}
        for one in spec.connect.fields:
            if one.required and not values.get(one.id):
                raise StudioError(f"{one.label} is missing.", "Fill it in.", field=one.id)
        return platform, values

    def _add(self, platform: Platform, found: Connected, wanted: ConnectRequest) -> Account:
        same = [one for one in self._store.accounts.all() if one.platform == platform.spec.id and _same(one, found)]
        if same:
            return self._again(same[0], found)
        account = Account(
            id=new_id(), platform=platform.spec.id, name=wanted.name or found.name or found.handle,
            character_id=wanted.character_id or None, zone=wanted.zone,
        )  # fmt: skip
        self._learn(account, found)
        self._keychain.set(_name(account.id), json.dumps(dict(found.secret)))  # first: a document without it is useless
        try:
            account = self._store.accounts.add(account)
        except BaseException:
            self._keychain.remove(_name(account.id))
            raise
        log.info("Connected to %s (%s).", platform.spec.name, account.id)
        return account

    def _again(self, account: Account, found: Connected) -> Account:
        if account.remote_id and found.remote_id and account.remote_id != found.remote_id:
            raise Conflict(
                f"This is the log-in of {found.handle}, not of {account.handle}.", "Connect it as another account."
            )
        self._keychain.set(_name(account.id), json.dumps(dict(found.secret)))
        account = self._store.accounts.update(account.id, lambda one: self._learn(one, found))
        self.on_return(account.id)
        return account

    def _learn(self, account: Account, found: Connected) -> None:
        account.handle, account.url = found.handle or account.handle, found.url or account.url
        account.remote_id = found.remote_id or account.remote_id
        account.public = {**account.public, **found.public}
        account.limits = dict(found.limits) or account.limits
        account.scopes = list(found.scopes) or account.scopes
        account.expires_at = found.expires_at or account.expires_at
        account.state, account.problem, account.asked_at = "connected", "", iso(self._clock())

    def _runs_out(self, account: Account) -> bool:
        return bool(account.expires_at) and later(account.expires_at, -RENEW_AHEAD) <= iso(self._clock())

    def _renewed(self, account: Account) -> Secret:
        """New tokens, kept. One at a time per account: a token that rotates must not be spent twice."""
        with self._guard:
            lock = self._renewing.setdefault(account.id, threading.Lock())
        before = dict(self.secret(account))
        with lock:
            secret = self.secret(account)
            if dict(secret) != before:
                return secret  # somebody else was quicker
            found = self.of(account).refresh(account, secret)
            if found.secret:
                secret.keep(**found.secret)

            def change(one: Account) -> None:
                one.expires_at = found.expires_at or one.expires_at

            if account.id in self._store.accounts:
                self._store.accounts.update_many([account.id], change, counted=False)
            return secret

    def _ask_for_person(self, account: Account, error: PlatformError) -> None:
        if account.id not in self._store.accounts:
            return
        words = f"{error.message} {error.hint}".strip()[:1000]

        def change(one: Account) -> None:
            one.state, one.problem = "reconnect", words

        self._store.accounts.update(account.id, change)
        log.warning("The account %s has to be connected again: %s", account.id, error.message)


def slots_of(wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Slots checked and in order: weekdays "0" (Monday) to "6", wall times as 18:30. StudioError for others."""
    found: dict[str, list[str]] = {}
    for day, times in wanted.items():
        if day not in tuple("0123456"):
            raise StudioError("Weekdays are 0 (Monday) to 6.", "Use these as keys.", field="slots")
        kept = set()
        for time_ in times:
            match = _TIME.fullmatch(str(time_).strip())
            if not match:
                raise StudioError(f"“{str(time_)[:20]}” is no time of day.", "Write it like 18:30.", field="slots")
            kept.add(f"{int(match[1]):02d}:{match[2]}")
        if len(kept) > 24:
            raise StudioError("A day has at most 24 slots.", "Leave some out.", field="slots")
        if kept:
            found[day] = sorted(kept)
    return found


def title(account: Account) -> str:
    """What people call it."""
    return account.name or account.handle or account.platform


def _same(account: Account, found: Connected) -> bool:
    if account.remote_id and found.remote_id:
        return account.remote_id == found.remote_id
    return account.handle == found.handle and account.public == dict(found.public)


def _name(account_id: str) -> str:
    return f"account/{account_id}"


def _span(seconds: float) -> str:
    return f"{round(seconds / 60)} minutes" if seconds >= 120 else f"{round(seconds)} seconds"
