"""What search needs to know of every asset, in little memory. Knows slots and words; no files, no models.

Each asset has a slot number, older assets the smaller ones. For every value that can be filtered by, and every word of
the searchable texts, the index keeps which slots have it: a number for one slot, a sorted array for few, a bit mask
(a Python integer with bit n for slot n) for many. A filter is an AND of masks, counting is `bit_count`, a page is the
topmost bits: microseconds at 100,000 assets, where looking at each of them would take a tenth of a second.
"""

import bisect
import sys
import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from datetime import date
from typing import get_args

from studio.domain.asset import AssetState
from studio.domain.requests import AssetFilter
from studio.errors import StudioError
from studio.paths import NO_CHARACTER

_DENSE = 32  # a mask of n bits is smaller than an array of 4-byte slots when more than n / 32 slots have the value
_BITS = bytes.maketrans(b"\0\1", b"01")


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

    def any_of(self, values: Iterable[object]) -> int:
        """The slots that have at least one of the values."""
        mask, flags = 0, bytearray()
        one, few, many = self._one, self._few, self._many
        for value in values:
            if (dense := many.get(value)) is not None:
                mask |= dense
                continue
            slots = few.get(value) or (one[value],)
            if slots[-1] >= len(flags):
                flags.extend(bytes(slots[-1] + 1024 - len(flags)))
            for slot in slots:
                flags[slot] = 1
        return mask | mask_of_flags(flags)

    def renumber(self, new: array) -> None:
        """Give every slot its number in `new`."""
        self._one = {value: new[slot] for value, slot in self._one.items()}
        self._few = {value: array("I", sorted([new[slot] for slot in few])) for value, few in self._few.items()}
        self._many = {value: mask_of(sorted([new[slot] for slot in bits(many)])) for value, many in self._many.items()}

    def __iter__(self) -> Iterator[object]:
        yield from self._many
        yield from self._few
        yield from self._one


class AssetIndex:
    """The working set of the library. Not thread-safe: its collection locks around it."""

    def __init__(self):
        self.ids: list[str] = []  # by slot
        self._slot: dict[str, int] = {}
        self._alive = 0
        self._in_order = True
        self._values = {name: Slots() for name in ("state", "character", "look", "tag", "job", "day")}
        self._starred = 0
        self._words = Slots()
        self._spelling: dict[str, str] = {}
        self._looks: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._slot)

    def settle(self) -> None:
        """Number the slots anew by age, after assets came in another order."""
        if self._in_order:
            return
        old = sorted(self._slot.values(), key=self.ids.__getitem__)
        new = array("I", bytes(4 * len(self.ids)))
        for number, slot in enumerate(old):
            new[slot] = number
        self.ids = [self.ids[slot] for slot in old]
        self._slot = {id: slot for slot, id in enumerate(self.ids)}
        self._alive = (1 << len(old)) - 1
        self._starred = mask_of(sorted(new[slot] for slot in bits(self._starred)))
        for slots in (*self._values.values(), self._words):
            slots.renumber(new)
        self._in_order = True

    def changed(self, before: dict | None, after: dict | None) -> None:
        """An asset came (`before` is None), changed, or went (`after` is None)."""
        if before is None:
            slot = self._new_slot(after["id"])
        else:
            slot = self._slot[before["id"]]
        old, new = facts(before), facts(after)
        for name, slots in self._values.items():
            for value in old[name] - new[name]:
                slots.drop(value, slot)
            for value in new[name] - old[name]:
                slots.add(value, slot)
        text_before, text_after = words_of(before), words_of(after)
        for word in text_before - text_after:
            self._words.drop(word, slot)
        for word in text_after - text_before:
            self._words.add(sys.intern(word), slot)
        bit = 1 << slot
        if after is None:
            self._alive &= ~bit
            self._starred &= ~bit
            del self._slot[before["id"]]
            return
        self._starred = self._starred | bit if after.get("starred") else self._starred & ~bit
        for tag in after.get("tags") or ():
            self._spelling.setdefault(folded(tag), tag)

    def matching(self, wanted: AssetFilter) -> int:
        """The slots of the assets the filter asks for, as bits."""
        values = self._values
        trashed = values["state"].mask("trashed")
        mask = self._alive & ~trashed if wanted.state is None else values["state"].mask(wanted.state)
        if wanted.character_id is not None:
            mask &= values["character"].mask(wanted.character_id)
        if wanted.look is not None:
            mask &= values["look"].mask(wanted.look)
        if wanted.tag is not None:
            mask &= values["tag"].mask(folded(wanted.tag))
        if wanted.job_id is not None:
            mask &= values["job"].mask(wanted.job_id)
        if wanted.starred is not None:
            mask &= self._starred if wanted.starred else ~self._starred
        if wanted.since or wanted.until:
            first, last = day(wanted.since, "since", "0000-00-00"), day(wanted.until, "until", "9999-99-99")
            mask &= values["day"].any_of([one for one in values["day"] if first <= one <= last])
        for part in sorted(folded(wanted.text or "").split(), key=len, reverse=True):
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

    def facets(self) -> dict:
        """Counts for pickers, see AssetCollection.facets."""
        shown = self._alive & ~self._values["state"].mask("trashed")

        def counted(name: str) -> dict:
            slots = self._values[name]
            counts = {value: (slots.mask(value) & shown).bit_count() for value in slots}
            return dict(sorted(((v, n) for v, n in counts.items() if n), key=lambda pair: (-pair[1], pair[0])))

        return {
            "total": shown.bit_count(),
            "starred": (shown & self._starred).bit_count(),
            "states": {state: self._values["state"].mask(state).bit_count() for state in get_args(AssetState)},
            "tags": {self._spelling.get(tag, tag): count for tag, count in counted("tag").items()},
            "characters": counted("character"),
            "looks": counted("look"),
        }

    def _with_text(self, part: str) -> int:
        mask = self._words.any_of([word for word in self._words if part in word])
        if part in self._slot:
            mask |= 1 << self._slot[part]
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


def facts(data: dict | None) -> dict[str, set]:
    """What an asset can be filtered by."""
    if data is None:
        return {name: set() for name in ("state", "character", "look", "tag", "job", "day")}
    recipe = data.get("recipe") or {}
    return {
        "state": {data.get("state", "new")},
        "character": {data.get("character_id") or NO_CHARACTER},
        "look": {look for look in (recipe.get("look_id"), recipe.get("look_name")) if look},
        "tag": {folded(tag) for tag in data.get("tags") or ()},
        "job": {data["job_id"]} if data.get("job_id") else set(),
        "day": {str(data.get("created_at", ""))[:10]},
    }


def words_of(data: dict | None) -> set[str]:
    """The words of an asset's prompt, description, tags and names, as `folded` leaves them."""
    if data is None:
        return set()
    recipe = data.get("recipe") or {}
    texts = [
        recipe.get("words"),
        recipe.get("prompt"),
        recipe.get("character_name"),
        recipe.get("look_name"),
        data.get("description"),
        *(data.get("tags") or ()),
    ]
    return set(folded(" ".join(text for text in texts if text)).split())


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


def mask_of(slots: Iterable[int]) -> int:
    """Bits for a sorted sequence of slots."""
    flags = bytearray(slots[-1] + 1) if slots else bytearray()
    for slot in slots:
        flags[slot] = 1
    return mask_of_flags(flags)


def mask_of_flags(flags: bytearray) -> int:
    """Bits for a row of 0 and 1 bytes, slot 0 first."""
    return int(bytes(reversed(flags)).translate(_BITS), 2) if flags else 0


def bits(mask: int) -> Iterator[int]:
    """The slots of a mask, newest first."""
    text = bin(mask)[2:]
    top, at = len(text) - 1, text.find("1")
    while at >= 0:
        yield top - at
        at = text.find("1", at + 1)
