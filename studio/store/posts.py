"""The posts, with what the sender and the calendar ask of all of them at once kept in memory."""

from dataclasses import dataclass
from pathlib import Path

from studio.domain.post import OPEN, Post
from studio.store.collection import RollingCollection


@dataclass(frozen=True, slots=True)
class Entry:
    """One post in the agenda. `due` is when it is to go out, "" without a schedule; `wake` when the sender has to look
    at it next, "" when it waits for a person or is done; `open` whether some target is neither out nor given up."""

    id: str
    character_id: str
    state: str
    title: str
    asset_id: str
    due: str
    wake: str
    open: bool
    accounts: tuple[str, ...]
    published_at: str


class PostCollection(RollingCollection[Post]):
    """Posts by the month they were made in. `due` and `between` cost the same however many are on the disk."""

    def __init__(self, folder: Path, place, notices: list[str]):
        self._agenda: dict[str, Entry] = {}
        self._open: dict[str, Entry] = {}
        super().__init__("post", Post, folder, 0, place, notices)

    def due(self, now: str) -> list[Entry]:
        """What the sender has to look at by `now` (ISO, UTC), the longest waiting first."""
        with self._state:
            found = [one for one in self._open.values() if one.wake and one.wake <= now]
        return sorted(found, key=lambda one: (one.wake, one.id))

    def next_wake(self) -> str:
        """When the sender has to look at something next, "" for never."""
        with self._state:
            return min((one.wake for one in self._open.values() if one.wake), default="")

    def between(self, first: str, last: str) -> list[Entry]:
        """What is or was to go out from `first` until before `last`, by time; what went out without a schedule too."""
        with self._state:
            entries = list(self._agenda.values())
        found = [one for one in entries if first <= (one.due or one.published_at) < last]
        return sorted(found, key=lambda one: (one.due or one.published_at, one.id))

    def waiting(self, account_id: str) -> list[Entry]:
        """What is on its way to this account or to come, in no order."""
        with self._state:
            return [one for one in self._open.values() if account_id in one.accounts]

    def counts(self) -> dict[str, int]:
        """How many posts are in which state."""
        with self._state:
            states = [one.state for one in self._agenda.values()]
        return {state: states.count(state) for state in set(states)}

    def _indexed(self, before: dict | None, after: dict | None) -> None:
        super()._indexed(before, after)
        if before is not None:
            self._agenda.pop(before["id"], None)
            self._open.pop(before["id"], None)
        if after is not None and not after.get("trashed_at"):
            entry = entry_of(after)
            self._agenda[entry.id] = entry
            if entry.open:
                self._open[entry.id] = entry


def entry_of(data: dict) -> Entry:
    """What the agenda keeps of a post's plain form."""
    targets = [one for one in data.get("targets") or () if isinstance(one, dict)]
    due = str((data.get("schedule") or {}).get("at") or "")
    wakes = [wake for one in targets if (wake := wake_of(one, due))]
    text = str((data.get("caption") or {}).get("text") or "").strip()
    return Entry(
        id=data["id"],
        character_id=str(data.get("character_id") or ""),
        state=str(data.get("state") or "draft"),
        title=str(data.get("title") or text.partition("\n")[0] or "Untitled")[:120],
        asset_id=str((data.get("asset_ids") or [""])[0]),
        due=due,
        wake=min(wakes, default=""),
        open=any(one.get("state") in OPEN for one in targets),
        accounts=tuple(str(one.get("account_id") or "") for one in targets),
        published_at=str(data.get("published_at") or ""),
    )


def wake_of(target: dict, due: str) -> str:
    """When there is something to do for a target: at the end of somebody's lease, when it said, or when it is due."""
    if target.get("state") not in OPEN:
        return ""
    if lease := target.get("lease"):
        return str(lease.get("until") or "")
    if target.get("next_at"):
        return str(target["next_at"])
    return due if target.get("state") == "scheduled" else ""
