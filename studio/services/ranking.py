"""Which of several pictures is the best: technical quality, and likeness where all of them have it. Knows documents."""

from studio.domain.asset import Asset


def ranked(assets: list[Asset]) -> dict:
    """{"by", "items": [{"id", "rank", "points", "why"}]}, best first; points are 0 to 1.

    Half quality, half identity, when every picture has an identity score; else quality alone, which `by` says. What is
    off character, or under its quality threshold, comes after all that is not. Equals: the older one first.
    """
    with_identity = all(one.identity and one.identity.score is not None for one in assets)
    rows = []
    for asset in assets:
        quality = asset.quality.score if asset.quality else 0.0
        likeness = asset.identity.score if with_identity else None
        points = (quality + likeness) / 2 if likeness is not None else quality
        off = bool(asset.identity and asset.identity.passed is False)
        poor = bool(asset.quality and asset.quality.passed is False)
        rows.append(((off, poor, -round(points, 4), asset.id), asset, round(points, 3)))
    rows.sort(key=lambda row: row[0])
    items = [
        {"id": asset.id, "rank": rank, "points": points, "why": _why(asset, with_identity)}
        for rank, (_, asset, points) in enumerate(rows, 1)
    ]
    return {"by": "quality and identity" if with_identity else "quality", "items": items}


def _why(asset: Asset, with_identity: bool) -> str:
    said = []
    if with_identity:
        off = ", off character" if asset.identity.passed is False else ""
        said.append(f"Identity {round(asset.identity.score * 100)} of 100{off}.")
    elif asset.identity and asset.identity.passed is False:
        said.append(asset.identity.note or "Off character.")
    if asset.quality is None:
        said.append("It has no quality score.")
    else:
        below = ", below the threshold" if asset.quality.passed is False else ""
        said.append(f"Quality {round(asset.quality.score * 100)} of 100{below}.")
        said += asset.quality.notes
    return " ".join(said)
