"""A reel as plain values for static/motion.js."""

from studio.domain.asset import Asset
from studio.domain.motion import FEWEST, MOST, Project
from studio.domain.motion_presets import BY_ID, size_of
from studio.services.motion import Motion
from studio.ui.parts.pictures import length

NO_PICTURES = (
    "No approved pictures yet",
    "A reel is made of 2 to 30 approved pictures. Make some in Create and approve them in Review; then begin here.",
)
WORDS = {
    "auto": "Automatic", "in": "Nearer", "out": "Away", "left": "To the left", "right": "To the right", "up": "Upwards",
    "down": "Downwards", "still": "Still", "push up": "Push up", "through black": "Through black",
}  # fmt: skip


def worded(names) -> list[dict]:
    """Choices with the words people read."""
    return [{"value": one, "label": WORDS.get(one, one.capitalize())} for one in names]


def board_value(motion: Motion, project: Project | None, candidates: list[Asset]) -> dict:
    """What the tab draws: the reel with its preview, and the pictures that could join."""
    offered = [{"id": one.id, "thumb": _thumb(one.id), "alt": _alt(one)} for one in candidates]
    if project is None:
        empty = None if offered else {"title": NO_PICTURES[0], "next": NO_PICTURES[1]}
        return {"project": None, "candidates": offered, "empty": empty, "fewest": FEWEST, "most": MOST}
    reel, timeline = project.reel, motion.timeline(project)
    preset, options = BY_ID.get(reel.preset, BY_ID["generic"]), motion.options()
    problems = [one.as_json() for one in motion.objections(project)]
    shots = []
    for shot, span in zip(reel.shots, timeline.spans, strict=True):
        shots.append(
            shot.model_dump(mode="json", exclude={"asset_id"})
            | {
                "thumb": _thumb(shot.asset_id) if shot.kind == "picture" else "",
                "full": f"/api/v1/assets/{shot.asset_id}/file" if shot.kind == "picture" else "",
                "start": round(span.first / timeline.fps, 3),
                "shown": round((span.last - span.first) / timeline.fps, 3),
                "problem": next((one["message"] for one in problems if one["shot"] == shot.id), ""),
            }
        )
    can = motion.can(project.id)
    wide, high = size_of(reel.aspect)
    return {
        "project": project.id,
        "revision": project.revision,
        "name": project.name,
        "shots": shots,
        "seconds": round(timeline.seconds, 3),
        "length": length(timeline.seconds),
        "limits": [preset.shortest, preset.longest],
        "size": [wide, high],
        "safe": [*preset.safe],
        "preview": f"/api/v1/motion/projects/{project.id}/preview?v={motion.stamp(project)}" if shots else "",
        "problems": problems,
        "undo": can["undo"],
        "redo": can["redo"],
        "candidates": offered,
        "used": [one.asset_id for one in reel.pictures()],
        "fewest": FEWEST,
        "most": MOST,
        "movements": worded(options["movements"]),
        "transitions": worded(options["transitions"]),
        "places": worded(options["places"]),
        "styles": worded(options["styles"]),
    }


def run_value(motion: Motion, project: Project | None) -> dict:
    """The newest rendering of a reel, and the clips that came of it, newest first."""
    if project is None:
        return {"project": None}
    state = motion.state(project)
    clips = []
    for id in reversed(project.clips):
        asset = motion.store.assets.get(id) if id in motion.store.assets else None
        if asset and asset.state != "trashed":
            clips.append({
                "id": id, "thumb": _thumb(id), "full": f"/api/v1/assets/{id}/file", "state": asset.state, "clip": True,
                "length": length(asset.seconds), "wide": asset.width, "high": asset.height,
            })  # fmt: skip
    return {"project": project.id, "job": state["job_id"], "state": state["state"], "error": state["error"],
            "clips": clips[:12]}  # fmt: skip


def _thumb(asset_id: str) -> str:
    return f"/api/v1/assets/{asset_id}/thumbnail"


def _alt(asset: Asset) -> str:
    return asset.description or asset.recipe.words or asset.recipe.prompt or "Picture"
