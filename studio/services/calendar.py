"""The calendar: what goes out when, and the next free slot. Knows posts' times and accounts' slots; sends nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

from studio.domain.account import Account
from studio.domain.post import Post, Schedule
from studio.errors import StudioError
from studio.services import zones
from studio.services.accounts import Accounts, title
from studio.store import Store
from studio.store.posts import Entry

AHEAD_DAYS = 60
# Where an account has no slots: hours at which many people look, without a claim that its own audience does.
USUAL = {str(day): ["09:00", "12:30", "18:30"] if day < 5 else ["10:30", "19:00"] for day in range(7)}


class Calendar:
    """Views over the posts of a data folder. `clock` gives seconds since 1970."""

    def __init__(self, store: Store, accounts: Accounts, clock: Callable[[], float] = time.time):
        self._store, self._accounts, self._clock = store, accounts, clock

    def days(self, first: str, count: int, zone: str, character_id: str | None = None) -> list[dict]:
        """`count` days from the ISO day `first` on, as {day, posts}, by the wall clock of `zone`; what has no time is
        in none of them. A post is {id, character_id, title, asset_id, state, at, day, time, accounts}."""
        place, start = zones.zone(zone), day_of(first)
        count = max(1, min(int(count), 62))
        begin, end = (datetime.combine(start + timedelta(days=n), datetime.min.time(), place) for n in (0, count))
        days = {(start + timedelta(days=n)).isoformat(): [] for n in range(count)}
        for entry in self._store.posts.between(zones.iso(begin), zones.iso(end)):
            if character_id in (None, "", entry.character_id):
                shown = self.shown(entry, zone)
                days[shown["day"]].append(shown)
        return [{"day": day, "posts": posts} for day, posts in days.items()]

    def shown(self, entry: Entry, zone: str) -> dict:
        """An entry of the agenda as a view has it."""
        at = entry.due or entry.published_at
        wall = datetime.fromtimestamp(zones.seconds(at), zones.zone(zone))
        return {
            "id": entry.id, "character_id": entry.character_id, "title": entry.title, "asset_id": entry.asset_id,
            "state": entry.state, "at": at, "day": wall.date().isoformat(), "time": f"{wall:%H:%M}",
            "accounts": list(entry.accounts),
        }  # fmt: skip

    def next_free(self, account_id: str, after: str | None = None) -> Schedule:
        """The account's next slot that no post has, at least a few minutes ahead; `after` a moment, if given.

        StudioError when there is none within two months.
        """
        account = self._accounts.get(account_id)
        zone, slots = account.zone, account.slots or USUAL
        now = self._clock() + 300
        begin = max(now, zones.seconds(after)) if after else now
        taken = [zones.seconds(one.due) for one in self._store.posts.waiting(account_id) if one.due]
        gap = max(account.min_gap_minutes * 60, 60)
        today = datetime.fromtimestamp(begin, zones.zone(zone)).date()
        for ahead in range(AHEAD_DAYS):
            day = today + timedelta(days=ahead)
            for time_ in slots.get(str(day.weekday()), ()):
                slot = zones.schedule(f"{day.isoformat()}T{time_}", zone)
                moment = zones.seconds(slot.at)
                if moment > begin and all(abs(moment - one) >= gap for one in taken):
                    return slot
        raise StudioError(f"{title(account)} has no free slot in two months.", "Give it more slots.", field="slots")

    def warnings(self, post: Post) -> list[str]:
        """What is unwise about a post's time and words: too close to another of the same account, or said before."""
        found = []
        for target in post.targets:
            if not self._accounts.has(target.account_id) or not post.schedule:
                continue
            account = self._accounts.get(target.account_id)
            if self._accounts.of(account).spec.connect.way == "none":
                continue
            found += self._close(post, account)
        text = post.caption.text.strip()
        if text:
            same = self._store.posts.find(
                lambda one: (
                    one["id"] != post.id
                    and not one.get("trashed_at")
                    and one.get("character_id") == post.character_id
                    and (one.get("caption") or {}).get("text", "").strip() == text
                ),
                limit=1,
            )
            if same.items:
                found.append("Another post of this character has the same caption.")
        return found

    def _close(self, post: Post, account: Account) -> list[str]:
        due, gap = zones.seconds(post.schedule.at), max(account.min_gap_minutes * 60, 300)
        near = [
            one
            for one in self._store.posts.waiting(account.id)
            if one.id != post.id and one.due and abs(zones.seconds(one.due) - due) < gap
        ]
        return [f"{title(account)} has “{one.title[:40]}” within {round(gap / 60)} minutes of it." for one in near[:2]]


def day_of(text: str) -> date:
    """The date of an ISO day. StudioError for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise StudioError("This is no day.", "Write it like 2026-11-26.", field="first") from None


def today(zone: str, now: float) -> str:
    """The ISO day it is in a zone."""
    return datetime.fromtimestamp(now, timezone.utc).astimezone(zones.zone(zone)).date().isoformat()
