"""A dataset and a training as plain values for static/train.js."""

import html

from studio.domain.character import Character
from studio.domain.training import MOST, RECOMMENDED, Training
from studio.ui.parts.characters import when
from studio.ui.parts.empty import notice
from studio.ui.parts.house import span

NOBODY = ("No character is chosen", "Choose one at the top of the page. A training teaches a model one character.")
NO_PICTURES = (
    "No pictures to learn from yet",
    "Approve some pictures of {name} in Review, add references in Characters, or upload pictures here. "
    "Four are enough to begin, twelve work well.",
)
STATES = {
    "draft": "Draft",
    "waiting": "Waiting",
    "running": "Training",
    "succeeded": "Finished",
    "failed": "Failed",
    "cancelled": "Stopped",
    "stopped": "Stopped",
}
PRESET_WORDS = {
    "Quick": "A first impression",
    "Balanced": "Right for most",
    "Thorough": "Twice the time, for faces that resist",
}


def desk_value(character: Character | None, draft: Training | None, remarks: dict, candidates: list[dict]) -> dict:
    """The desk: chosen pictures with captions and warnings, and what could join them."""
    if character is None:
        return {"empty": {"title": NOBODY[0], "next": NOBODY[1]}}
    if draft is None and not candidates:
        return {"empty": {"title": NO_PICTURES[0], "next": NO_PICTURES[1].format(name=character.name)}}
    offered = [
        one | {"src": f"/api/v1/assets/{one['id']}/thumbnail" if one["kind"] == "asset"
               else f"/api/v1/characters/{character.id}/references/{one['id']}"}
        for one in candidates
    ]  # fmt: skip
    return {
        "draft": draft.id if draft else None,
        "name": character.name,
        "pictures": [_picture(draft, one, remarks["pictures"].get(one.id, [])) for one in draft.pictures]
        if draft
        else [],
        "candidates": offered,
        "recommended": RECOMMENDED,
        "most": MOST,
    }


def _picture(draft: Training, one, warnings: list[str]) -> dict:
    wide, high = draft.size
    exact = not one.width or abs(one.width / one.height - wide / high) < 0.02
    return {
        "id": one.id,
        "src": f"/api/v1/training/{draft.id}/pictures/{one.id}?v={wide}-{one.crop:.3f}",
        "caption": one.caption,
        "warnings": warnings,
        "crop": None if exact else one.crop,
        "tall": one.height * wide > one.width * high,
        "name": one.name,
    }


def remarks_html(remarks: dict, seconds: float | None) -> str:
    """Problems, advice and the time it may take, above the button."""
    lines = [notice(text, "warn") for text in remarks["problems"]] + [notice(text) for text in remarks["notes"]]
    about = (
        f"About {span(seconds)} on this machine." if seconds else "How long it takes is known after the first steps."
    )
    return f'<div class="train-remarks">{"".join(lines)}<p class="hint">{html.escape(about)}</p></div>'


def run_value(training: Training | None, state: str, others: list[tuple[Training, str]], character: Character | None):
    """One training with curve and versions, and the others by name."""
    shown = None
    if training is not None:
        shown = {
            "id": training.id,
            "job": training.job_id,
            "title": f"Version {training.version}",
            "state": state,
            "state_name": STATES.get(state, state),
            "facts": _facts(training),
            "prompts": training.prompts,
            "steps": training.plan.get("steps", 0),
            "trigger": training.trigger,
            "looks": [{"id": one.id, "name": one.name} for one in character.looks] if character else [],
            "look": next((one.name for one in character.looks if one.id == training.look_id), "") if character else "",
        }
    listed = [
        {"id": one.id, "title": f"Version {one.version}", "state": STATES.get(known, known),
         "note": " · ".join((one.engine_name, one.preset, f"{len(one.pictures)} pictures", when(one.updated_at)))}
        for one, known in others
    ]  # fmt: skip
    return {"training": shown, "list": listed}


def _facts(training: Training) -> list[list[str]]:
    plan = training.plan
    pace = f"{training.seconds_per_step:.2f} s a step" if training.seconds_per_step else ""
    return [
        ["Model", training.engine_name or training.engine],
        ["Trigger word", training.trigger],
        ["Pictures", str(len(training.pictures))],
        ["Preset", f"{training.preset}, {plan.get('steps', 0)} steps, rank {plan.get('rank', 0)}"],
        ["Pace", " · ".join(part for part in (pace, training.device, training.dtype) if part)],
    ]
