"""The picture grid: thumbnails by address, selection, keyboard. No file passes through Gradio's cache."""

import gradio as gr

from studio.domain.asset import Asset, Identity, Quality, Rating
from studio.ui.parts.drawn import drawn_by


def identity_badge(part: Identity) -> list[dict]:
    """The identity score as a badge, none when it was not measured. Below the character's threshold it is marked."""
    if part.score is None:
        return [{"text": "nobody found", "kind": "identity below", "title": part.note}] if part.passed is False else []
    hundredths, kind = round(part.score * 100), "below" if part.passed is False else "passed"
    said = f"Identity {hundredths} of 100, {'below' if kind == 'below' else 'at or above'} the threshold"
    return [{"text": f"identity {hundredths}", "kind": f"identity {kind}", "title": said}]


def rating_badge(part: Rating | None) -> list[dict]:
    """How mature a picture is, as a badge; none for what anybody may see."""
    if part is None or part.level == "general":
        return []
    return [{"text": part.level, "kind": f"rating {part.level}", "title": rating_words(part)}]


def rating_words(part: Rating) -> str:
    """A rating in one sentence: "Suggestive, by its words: bikini"."""
    by = {"rules": "by its words", "classifier": "by a classifier that saw the picture", "person": "set by a person"}
    because = f": {', '.join(part.words[:6])}" if part.words and part.by != "person" else ""
    return f"{part.level.capitalize()}, {by[part.by]}{because}"


def length(seconds: float | None) -> str:
    """How long a clip is, as players write it: 0:08."""
    whole = round(seconds or 0)
    return f"{whole // 60}:{whole % 60:02}"


def quality_badge(part: Quality | None) -> list[dict]:
    """The quality score of a picture under its character's threshold; none for the others."""
    if part is None or part.passed is not False:
        return []
    return [{"text": f"quality {round(part.score * 100)}", "kind": "below", "title": " ".join(part.notes)}]


def picture(asset: Asset, *, missing: bool = False, usual: str = "new") -> dict:
    """One asset as the grid shows it."""
    badges = []
    if missing:
        badges.append({"text": "file missing", "kind": "rejected"})
    elif asset.state != usual:
        badges.append({"text": asset.state, "kind": asset.state})
    if asset.kind == "clip":
        badges.append({"text": f"▶ {length(asset.seconds)}", "kind": "clip", "title": "A clip: Enter opens it"})
    badges += rating_badge(asset.rating) + quality_badge(asset.quality)
    if asset.identity:
        badges += identity_badge(asset.identity)
    return {
        "id": asset.id,
        "thumb": f"/api/v1/assets/{asset.id}/thumbnail",
        "full": f"/api/v1/assets/{asset.id}/file",
        "alt": asset.description or asset.recipe.prompt or asset.recipe.words or "Picture",
        "clip": asset.kind == "clip",
        "state": asset.state,
        "starred": asset.starred,
        "badges": badges,
    }


def grid_value(
    assets: list[Asset],
    *,
    select: str = "many",
    selected: list[str] | None = None,
    keep: bool = False,
    usual: str = "new",
    more: int = 0,
    empty: tuple[str, str] = ("Nothing here yet", ""),
    label: str = "Pictures",
    zoom: bool = False,
    missing: set[str] = frozenset(),
) -> dict:
    """What a grid shows. `select` is many, one or none; `zoom` opens a picture large on Enter or double click.

    `missing` are the ids whose file is gone. `keep` leaves the page's own selection as it is. `more` pictures exist
    beyond these; asking for them emits `expand`. Pictures in the `usual` state carry no badge.
    """
    return {
        "pictures": [picture(asset, missing=asset.id in missing, usual=usual) for asset in assets],
        "select": select,
        "selected": None if keep else selected or [],
        "more": more,
        "empty": {"title": empty[0], "next": empty[1]},
        "label": label,
        "zoom": zoom,
    }


def grid(value: dict | None = None, **options) -> gr.HTML:
    """Draw a grid. Its `select` event carries `ids` (list), its `click` event `id`; see static/studio.js."""
    return drawn_by("grid", value or grid_value([]), template='<div class="grid-root"></div>', **options)
