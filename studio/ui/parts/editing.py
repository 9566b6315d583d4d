"""Editing a picture inside Create: the row of modes, the editor, and what both mean for the request."""

import json

import gradio as gr
from pydantic import ValidationError

from studio.domain.requests import Edit
from studio.services.studio import Studio
from studio.ui.guard import shown
from studio.ui.parts.drawn import drawn_by

CHANGE = "change"  # the whole picture: an image and a strength, no edit
PARTS = ("repaint", "extend", "background", "detail")


class Editing:
    """Drawn by CreateTab where each part belongs, wired once the form is there."""

    def __init__(self, tab):
        self.tab = tab

    def modes(self, spec) -> None:
        """The row of modes, and how much changes while there is a picture."""
        self.row = drawn_by("editModes", modes_value(spec), elem_id="create-modes")
        with gr.Column(visible=False) as self.amount:
            self.strength = gr.Slider(
                0.05, 1, value=0.6, step=0.05, label="How much changes", info="Low keeps the picture, 1 replaces it."
            )

    def editor(self) -> None:
        """The picture with what will be repainted."""
        self.part = drawn_by("pictureEditor", editor_value("", "", ""), elem_id="create-editor")

    def wire(self, quiet: dict) -> None:
        tab = self.tab
        fields = [tab.image, tab.mask, tab.edit]
        gr.on(
            [one.change for one in fields] + [tab.engine.change],
            shown(self.drawn),
            [*fields, tab.engine],
            [self.part, self.row, self.amount],
            queue=False,
            trigger_mode="always_last",
            api_name="create_edit_shown",
            **quiet,
        )
        self.part.select(
            shown(self.take),
            None,
            [*fields, self.strength],
            trigger_mode="multiple",
            api_name="create_edit",
            **quiet,
        )

    def drawn(self, image, mask, edit, engine):
        spec = self.tab.specs.get(engine) or next(iter(self.tab.specs.values()))
        return editor_value(image, mask, edit), modes_value(spec), gr.Column(visible=bool(image or edit))

    @staticmethod
    def take(event: gr.EventData):
        """What the editor shows goes into the form; a mode that was just chosen brings its usual strength."""
        given = event._data
        strength = given.get("strength")
        return given["image"], given["mask"], given["edit"], gr.skip() if strength is None else strength


def modes_value(spec) -> dict:
    """Why this model cannot do a mode, by mode; empty where it can."""
    whole = "" if "image" in spec.tasks else f"{spec.name} cannot start from a picture. Choose another model."
    part = "" if "inpaint" in spec.tasks else f"{spec.name} cannot repaint a part of a picture. Choose another model."
    new = "" if "text" in spec.tasks or "edit" in spec.tasks else f"{spec.name} works on pictures only."
    return {"reasons": {"": new, CHANGE: whole, **dict.fromkeys(PARTS, part)}}


def editor_value(image, mask, edit) -> dict:
    return {"image": image or "", "mask": mask or "", "edit": _known(edit)}


def chosen(edit: str | None) -> dict | None:
    """The form's text of an edit as the request's field; None for a whole picture, or what cannot be read."""
    known = _known(edit)
    return known if known and known["mode"] in PARTS else None


def only_whole(edit: str | None) -> bool:
    """Whether the form is to change a whole picture."""
    return (_known(edit) or {}).get("mode") == CHANGE


def text(edit) -> str:
    """A request's edit as the form's text."""
    return edit if isinstance(edit, str) else json.dumps(edit) if edit else ""


def to_edit(studio: Studio, asset_id: str) -> dict:
    """Create's form for editing a finished picture: its words and settings, a new seed, the picture itself."""
    values = studio.images.recipe_to_request(asset_id)
    repaints = "inpaint" in studio.images.use.engine(values["engine"]).spec.tasks
    start = {"mode": "repaint", "feather": 12} if repaints else {"mode": CHANGE}
    notes = [note for note in values["notes"] if "made from" not in note]
    fresh = {"seed": None, "mask": None, "references": [], "strength": 0.9 if repaints else 0.6}
    return values | fresh | {"image": asset_id, "edit": json.dumps(start), "notes": notes}


def _known(edit) -> dict | None:
    """An edit, or the mode for whole pictures, from text that a browser may have kept for months."""
    try:
        values = json.loads(edit or "null")
        if not isinstance(values, dict) or values.get("mode") == CHANGE:
            return {"mode": CHANGE} if isinstance(values, dict) else None
        fields = {name: value for name, value in values.items() if name in Edit.model_fields and value is not None}
        return Edit(**fields).model_dump(mode="json")
    except (ValueError, TypeError, ValidationError):
        return None
