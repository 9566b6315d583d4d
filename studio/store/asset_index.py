"""What search needs to know of every asset, in little memory. Knows slots and words; no files, no models.

Each asset has a slot number, older assets the smaller ones. For every value that can be filtered by, and every word of
the searchable texts, the index keeps which slots have it: a number for one slot, a sorted array for few, a bit mask
(a Python integer with bit n for slot n) for many. A filter is an AND of masks, counting is `bit_count`, a page is the
topmost bits: microseconds at 100,000 assets, where looking at each of them would take a tenth of a second.
"""

import bisect
import unicodedata
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import get_args

from studio.domain.asset import AssetState
from studio.domain.requests import AssetFilter
from studio.errors import StudioError
from studio.paths import NO_CHARACTER

# A mask of n bits is smaller than an array of 4-byte slots when more than n / 32 slots have the value, and joins others
# fifty times faster; up to n / 128 the speed is worth the memory.
_DENSE = 128
UNMEASURED = -1  # the identity score of pictures that have none
_MOST_PARTS = 64  # text searches whose outcome is kept
_BITS, _BYTES = bytes.maketrans(b"\0\1", b"01"), bytes.maketrans(b"01", b"\0\1")
FACTS = ("state", "kind", "character", "look", "look name", "tag", "job", "day", "starred", "word", "identity",
         "passed", "rating", "quality")  # fmt: skip


class Slots:
    """Value -> which slots have it."""

    def __init__(self):
        self._one: dict[object, int] = {}
        self._few: dict[object, array] = {}
        self._many: dict[object, int] = {}

    def add(self, value: object, slot: int) -> None:
        if value in self._many:
            self._many[value] |= 1 << slot
        elif (few := self._few.get(value)) is not None:
            if slot > few[-1]:
                few.append(slot)
            else:
                bisect.insort(few, slot)
            if len(few) > 64 and len(few) * _DENSE > slot:
                self._many[value] = mask_of(self._few.pop(value))
        elif (one := self._one.get(value)) is not None:
            del self._one[value]
            self._few[value] = array("I", sorted((one, slot)))
        else:
            self._one[value] = slot

    def drop(self, value: object, slot: int) -> None:
        if value in self._many:
            self._many[value] &= ~(1 << slot)
            if not self._many[value]:
                del self._many[value]
        elif (few := self._few.get(value)) is not None:
            place = bisect.bisect_left(few, slot)
            if place < len(few) and few[place] == slot:
                few.pop(place)
            if not few:
                del self._few[value]
        elif self._one.get(value) == slot:
            del self._one[value]

    def mask(self, value: object) -> int:
        """The slots that have this value, as bits."""
        if value in self._many:
            return self._many[value]
        if value in self._few:
            return mask_of(self._few[value])
        return 1 << self._one[value] if value in self._one else 0

    def any_of(self, accept: Callable[[object], bool]) -> int:
        """The slots that have at least one of the values that `accept` accepts."""
        mask, flags = 0, bytearray()
        for value, many in self._many.items():
            if accept(value):
                mask |= many
        for value, few in self._few.items():
            if accept(value):
                if few[-1] >= len(flags):
                    flags.extend(bytes(few[-1] + 1024 - len(flags)))
                for slot in few:
                    flags[slot] = 1
        for value, slot in self._one.items():
            if accept(value):
                if slot >= len(flags):
                    flags.extend(bytes(slot + 1024 - len(flags)))
                flags[slot] = 1
        return mask | mask_of_flags(flags)

    def counts(self, shown: int, of: int) -> dict:
        """Value -> how many of its slots are in the mask `shown`; `of` is the number of slots there are."""
        flags = flags_of(shown, of)
        found = {value: (many & shown).bit_count() for value, many in self._many.items()}
        found.update((value, sum(map(flags.__getitem__, few))) for value, few in self._few.items())
        found.update((value, flags[slot]) for value, slot in self._one.items())
        return {value: count for value, count in found.items() if count}

    def take(self, gathered: dict[object, array], new: array | None, of: int) -> None:
        """Start with what was gathered: value -> slots, ascending. `new` gives each slot another number."""
        for value, slots in gathered.items():
            if new is not None:
                slots = array("I", sorted([new[slot] for slot in slots]))
            if len(slots) == 1:
                self._one[value] = slots[0]
            elif len(slots) > 64 and len(slots) * _DENSE > of:
                self._many[value] = mask_of(slots)
            else:
                self._few[value] = slots


class AssetIndex:
    """The working set of the library. Not thread-safe: its collection locks around it."""

    def __init__(self):
        self.ids: list[str] = []  # by slot
        self._slot: dict[str, int] = {}
        self._alive = 0
        self._in_order = True
        self._slots = {name: Slots() for name in FACTS}
        self._spelling: dict[str, str] = {}
        self._parts: OrderedDict[str, int] = OrderedDict()
        self._gathered: dict[str, dict[object, array]] | None = {name: {} for name in FACTS}

    def __len__(self) -> int:
        return len(self._slot)

    def gather(self, data: dict) -> None:
        """Take in an asset while the studio starts; `settle` ends that. Order does not matter."""
        slot = len(self.ids)
        self.ids.append(data["id"])
        for name, values in facts(data).items():
            gathered = self._gathered[name]
            for value in values:
                slots = gathered.get(value)
                if slots is None:
                    gathered[value] = array("I", (slot,))
                else:
                    slots.append(slot)
        self._spell(data)

    def settle(self) -> None:
        """Number the gathered assets by age and be ready."""
        order = sorted(range(len(self.ids)), key=self.ids.__getitem__)
        new = None
        if order != list(range(len(order))):
            new = array("I", bytes(4 * len(order)))
            for number, slot in enumerate(order):
                new[slot] = number
            self.ids = [self.ids[slot] for slot in order]
        self._slot = {id: slot for slot, id in enumerate(self.ids)}
        self._alive = (1 << len(self.ids)) - 1
        for name, slots in self._slots.items():
            slots.take(self._gathered.pop(name), new, len(self.ids))
        self._gathered = None

    def changed(self, before: dict | None, after: dict | None) -> None:
        """An asset came (`before` is None), changed, or went (`after` is None)."""
        slot = self._new_slot(after["id"]) if before is None else self._slot[before["id"]]
        old, new = facts(before), facts(after)
        for name, slots in self._slots.items():
            for value in old[name] - new[name]:
                slots.drop(value, slot)
            for value in new[name] - old[name]:
                slots.add(value, slot)
        if old["word"] != new["word"]:
            for part, mask in self._parts.items():
                if after and (part == after["id"] or any(part in word for word in new["word"])):
                    self._parts[part] = mask | 1 << slot
                elif before:
                    self._parts[part] = mask & ~(1 << slot)
        if after is None:
            self._alive &= ~(1 << slot)
            del self._slot[before["id"]]
        else:
            self._spell(after)

    def matching(self, wanted: AssetFilter) -> int:
        """The slots of the assets the filter asks for, as bits."""
        has = self._slots
        trashed = has["state"].mask("trashed")
        mask = self._alive & ~trashed if wanted.state is None else has["state"].mask(wanted.state)
        if wanted.character_id is not None:
            mask &= has["character"].mask(wanted.character_id)
        if wanted.kind is not None:
            mask &= has["kind"].mask(wanted.kind)
        if wanted.look is not None:
            mask &= has["look"].mask(wanted.look)
        if wanted.tag is not None:
            mask &= has["tag"].mask(folded(wanted.tag))
        if wanted.job_id is not None:
            mask &= has["job"].mask(wanted.job_id)
        if wanted.identity == "unmeasured":
            mask &= has["identity"].mask(UNMEASURED)
        elif wanted.identity:
            mask &= has["passed"].mask(wanted.identity == "passed")
        if wanted.rating is not None:
            mask &= has["rating"].mask(wanted.rating)
        if wanted.starred is not None:
            starred = has["starred"].mask(True)
            mask &= starred if wanted.starred else ~starred
        if wanted.since or wanted.until:
            first, last = day(wanted.since, "since", "0000-00-00"), day(wanted.until, "until", "9999-99-99")
            mask &= has["day"].any_of(between(first, last))
        for part in sorted(set(folded(wanted.text or "").split()), key=len, reverse=True):
            if not mask:
                break
            mask &= self._with_text(part)
        return mask

    def page(self, mask: int, limit: int, before: str | None) -> tuple[list[str], bool]:
        """The newest `limit` ids of a mask, older than the id `before`, newest first, and whether more follow."""
        if not self._in_order:
            return self._page_out_of_order(mask, limit, before)
        if before is not None:
            mask &= (1 << bisect.bisect_left(self.ids, before)) - 1
        found = []
        while mask and len(found) < limit:
            top = mask.bit_length() - 1
            found.append(self.ids[top])
            mask ^= 1 << top
        return found, bool(mask)

    def page_by_score(
        self, name: str, mask: int, limit: int, before: str | None, best_first: bool
    ) -> tuple[list[str], bool]:
        """As `page`, by a score (identity, quality) in hundredths, newest first among equals; the unmeasured last."""
        scores = [*range(100, -1, -1)] if best_first else [*range(101)]
        found: list[str] = []
        started = before is None
        for score in (*scores, UNMEASURED):
            part = self._slots[name].mask(score) & mask
            if not started:
                slot = self._slot.get(before)
                if slot is None:
                    return [], False  # the picture this page was to come after is gone
                if not self._slots[name].mask(score) >> slot & 1:
                    continue
                started = True
                ids, more = self.page(part, limit, before)
            else:
                ids, more = self.page(part, limit - len(found), None)
            found += ids
            if more:
                return found, True
            if len(found) == limit:
                rest = scores[scores.index(score) + 1 :] if score != UNMEASURED else []
                marks = (*rest, UNMEASURED) if score != UNMEASURED else ()
                return found, any(self._slots[name].mask(one) & mask for one in marks)
        return found, False

    def facets(self) -> dict:
        """Counts for pickers, see AssetCollection.facets."""
        has = self._slots
        shown = self._alive & ~has["state"].mask("trashed")

        def counted(name: str) -> dict:
            counts = has[name].counts(shown, len(self.ids))
            return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

        return {
            "total": shown.bit_count(),
            "starred": (shown & has["starred"].mask(True)).bit_count(),
            "identity": {
                "passed": (shown & has["passed"].mask(True)).bit_count(),
                "below": (shown & has["passed"].mask(False)).bit_count(),
                "unmeasured": (shown & has["identity"].mask(UNMEASURED)).bit_count(),
            },
            "ratings": counted("rating"),
            "kinds": counted("kind"),
            "states": {state: has["state"].mask(state).bit_count() for state in get_args(AssetState)},
            "tags": {self._spelling.get(tag, tag): count for tag, count in counted("tag").items()},
            "characters": counted("character"),
            "looks": counted("look name"),
        }

    def _with_text(self, part: str) -> int:
        mask = self._parts.get(part)
        if mask is None:
            mask = self._slots["word"].any_of(lambda word: part in word)
            if part in self._slot:
                mask |= 1 << self._slot[part]
            self._parts[part] = mask
            if len(self._parts) > _MOST_PARTS:
                self._parts.popitem(last=False)
        self._parts.move_to_end(part)
        return mask

    def _page_out_of_order(self, mask: int, limit: int, before: str | None) -> tuple[list[str], bool]:
        found = sorted((self.ids[slot] for slot in bits(mask)), reverse=True)
        start = 0
        if before is not None:
            start = len(found) - bisect.bisect_left(found[::-1], before)
        return found[start : start + limit], start + limit < len(found)

    def _new_slot(self, id: str) -> int:
        if self.ids and id < self.ids[-1]:
            self._in_order = False  # the clock was set back, or an asset came from elsewhere; the next start sorts them
        slot = self._slot[id] = len(self.ids)
        self.ids.append(id)
        self._alive |= 1 << slot
        return slot

    def _spell(self, data: dict) -> None:
        for tag in data.get("tags") or ():
            self._spelling.setdefault(folded(tag), tag)


def facts(data: dict | None) -> dict[str, set]:
    """What an asset can be found by."""
    if data is None:
        return {name: set() for name in FACTS}
    recipe, identity = data.get("recipe") or {}, data.get("identity") or {}
    score, passed = identity.get("score"), identity.get("passed")
    tags, look_id, look_name = data.get("tags") or (), recipe.get("look_id"), recipe.get("look_name")
    names = (recipe.get("words"), recipe.get("prompt"), recipe.get("character_name"), look_name)
    at = str(data.get("created_at", ""))
    text = " ".join([one for one in (*names, data.get("description"), *tags) if one])
    return {
        "state": {data.get("state", "new")},
        "kind": {data.get("kind", "image")},
        "character": {data.get("character_id") or NO_CHARACTER},
        "look": {look for look in (look_id, look_name) if look},
        "look name": {look_name} if look_name else set(),
        "tag": {folded(tag) for tag in tags},
        "job": {data["job_id"]} if data.get("job_id") else set(),
        "day": {at[:10], at[:7]},
        "starred": {True} if data.get("starred") else set(),
        "word": set(folded(text).split()),
        "identity": {_hundredths(score)},
        "quality": {_hundredths((data.get("quality") or {}).get("score"))},
        "passed": set() if passed is None else {bool(passed)},
        "rating": {(data.get("rating") or {}).get("level") or "unrated"},
    }


def _hundredths(score: object) -> int:
    return max(0, min(100, round(score * 100))) if isinstance(score, int | float) else UNMEASURED


def folded(text: str) -> str:
    """Text as search compares it: no capitals, no accents."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text)
    return "".join(one for one in text if not unicodedata.combining(one)).casefold()


def day(text: str | None, field: str, otherwise: str) -> str:
    if not text:
        return otherwise
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError as problem:
        raise StudioError(f"“{text}” is not a day.", "Days are written like 2026-11-23.", field=field) from problem


def mask_of(slots: Sequence[int]) -> int:
    """Bits for a sorted sequence of slots."""
    row = bytearray(slots[-1] // 8 + 1) if slots else bytearray()
    for slot in slots:
        row[slot >> 3] |= 1 << (slot & 7)
    return int.from_bytes(row, "little")


def mask_of_flags(flags: bytearray) -> int:
    """Bits for a row of 0 and 1 bytes, slot 0 first."""
    return int(bytes(reversed(flags)).translate(_BITS), 2) if flags else 0


def between(first: str, last: str) -> Callable[[str], bool]:
    """Accepts the months that lie within two days, both inclusive, and the days of the months that do not."""

    def whole(month: str) -> bool:
        return first <= f"{month}-01" and f"{month}-31" <= last

    return lambda one: whole(one) if len(one) == 7 else first <= one <= last and not whole(one[:7])


def flags_of(mask: int, of: int) -> bytes:
    """A row of `of` 0 and 1 bytes for a mask, slot 0 first."""
    return format(mask, f"0{of}b").encode().translate(_BYTES)[::-1] if of else b""


def bits(mask: int) -> Iterator[int]:
    """The slots of a mask, newest first."""
    text = bin(mask)[2:]
    top, at = len(text) - 1, text.find("1")
    while at >= 0:
        yield top - at
        at = text.find("1", at + 1)
