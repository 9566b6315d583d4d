"""The first opinion on a picture. It is advice: a picture is kept without one when it cannot be had."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from studio.domain.asset import Asset, Quality
from studio.domain.character import Character, QualityRule
from studio.domain.requests import AssetFilter

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.store import Store

log = logging.getLogger("studio.images")

_AT_ONCE = 100  # assets written at a time


def scored(image: Image, engine: str = "", character: Character | None = None) -> Quality | None:
    """The picture's quality by its character's rule, None when scoring fails; the log then says why.

    `engine` made the picture; where it tells nothing the look decides whether it is judged as a drawing or a photo.
    """
    from pipelines import identity, quality

    rule = character.quality if character else QualityRule()
    try:
        picture = image.convert("RGB")
        told = quality.score(picture, identity.kind_of(picture, engine), rule.ignore)
        return Quality(**told, threshold=rule.threshold, passed=told["score"] >= rule.threshold)
    except Exception:  # whatever is wrong with an opinion, the picture must not be lost for it
        log.exception("A picture could not be scored; it is kept without a score.")
        return None


def judge(store: Store, character: Character) -> int:
    """Hold the character's pictures against its rule of today, by what was measured; how many changed."""
    changed: dict[str, Quality] = {}
    cursor = None
    while True:
        page = store.assets.search(AssetFilter(character_id=character.id), limit=200, cursor=cursor)
        for asset in page.items:
            if asset.quality and (now := ruled(asset.quality, character.quality)) != asset.quality:
                changed[asset.id] = now
        cursor = page.next_cursor
        if cursor is None:
            break

    def change(asset: Asset) -> None:
        asset.quality = changed[asset.id]

    ids = list(changed)
    for start in range(0, len(ids), _AT_ONCE):
        store.assets.update_many(ids[start : start + _AT_ONCE], change, counted=False)
    return len(ids)


def ruled(part: Quality, rule: QualityRule) -> Quality:
    """A quality part as this rule sees it. One from before there were reasons keeps its notes."""
    from pipelines import quality

    score = quality.whole({name: getattr(part, name) for name in quality.WEIGHTS}, rule.ignore)
    notes = [text for name, text in part.why.items() if name not in rule.ignore] if part.kind else part.notes
    return part.model_copy(
        update={"score": score, "notes": notes, "threshold": rule.threshold, "passed": score >= rule.threshold}
    )
