"""Train: a character's pictures on a desk, one button, then curve, samples and versions while a LoRA learns."""

from pathlib import Path

import gradio as gr

from studio.domain.training import PRESETS, AddPictures, Choose, NewTraining, PictureChange, TrainingPatch
from studio.errors import StudioError
from studio.services.consent import stated
from studio.ui.guard import shown, told
from studio.ui.parts import consent
from studio.ui.parts import training as parts
from studio.ui.parts.drawn import drawn_by
from studio.ui.shared import Shared

SILENT = {"pictures": {}, "problems": [], "notes": []}


class TrainTab:
    id, title = "train", "Train"
    heeds = ("trainings", "assets", "characters", "models")

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio
        self.trainings = shared.studio.trainings

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        engines = self._engines()
        self.seen = gr.State(None)  # the training that is looked at
        with gr.Row():
            with gr.Column(elem_classes="side card") as self.side:
                gr.HTML(
                    '<h3 class="panel-title">Teach a model this character</h3><p class="hint">From a few approved '
                    "pictures it learns a face and a word for it. Pictures made with the new look then keep the face."
                    "</p>",
                    apply_default_css=False,
                )
                self.engine = gr.Dropdown(engines, value=engines[0][1] if engines else None, label="Model")
                self.trigger = gr.Textbox(
                    label="Trigger word", max_lines=1, max_length=24, info="Stands for the character in prompts."
                )
                self.preset = gr.Radio(PRESETS, value="Balanced", label="Preset", elem_classes="segments")
                self.about = gr.HTML("", apply_default_css=False, elem_id="train-about")
                self.start = gr.Button("Train", variant="primary", size="lg", interactive=False, elem_id="train-start")
                self.fresh = gr.Button("New dataset", visible=False, elem_id="train-new")
                self.origin = consent.question("Uploaded pictures show", "train")
                self.uploads = gr.UploadButton(
                    "Upload pictures", size="sm", file_count="multiple", file_types=["image"], elem_id="train-uploads"
                )
            with gr.Column(scale=1, min_width=320):
                self.run = drawn_by("trainRun", {"training": None, "list": []}, elem_id="train-run")
                self.desk = drawn_by("trainDesk", {}, elem_id="train-desk")

    # ------------------------------------------------------------------ wiring
    def wire(self) -> None:
        shared = self.shared
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        whole = [self.desk, self.run, self.seen, self.engine, self.trigger, self.preset, self.about, self.start,
                 self.fresh]  # fmt: skip
        who = [shared.character, self.seen]
        gr.on(
            [self.visit.select, shared.character.change],
            shown(self.look),
            who,
            whole,
            trigger_mode="always_last",
            api_name="train_look",
            **quiet,
        )
        for component, handler, name in (
            (self.engine, self.set_engine, "engine"),
            (self.preset, self.set_preset, "preset"),
        ):
            component.input(shown(handler), [*who, component], whole, api_name=f"train_{name}", **quiet)
        gr.on(
            [self.trigger.blur, self.trigger.submit],
            shown(self.set_trigger),
            [*who, self.trigger],
            whole,
            api_name="train_trigger",
            **quiet,
        )
        self.desk.select(shown(self.desk_act), who, whole, trigger_mode="multiple", api_name="train_desk", **quiet)
        self.run.select(
            shown(self.run_act),
            [*who, shared.changed],
            [*whole, shared.changed],
            trigger_mode="multiple",
            api_name="train_run",
            **quiet,
        )
        self.fresh.click(shown(self.begin), who, whole, api_name="train_new", **quiet)
        bring = [*who, self.uploads, *self.origin.values()]
        self.uploads.upload(shown(self.bring), bring, whole, api_name="train_upload", **quiet)
        self.start.click(
            shown(self.train),
            who,
            whole,
            show_progress="minimal",
            show_progress_on=self.start,
            api_name="train_start",
            api_visibility="private",
        )

    # ------------------------------------------------------------------ handlers
    def look(self, character_id, seen):
        return self._whole(character_id, seen)

    def set_engine(self, character_id, seen, engine):
        return self._changed(character_id, seen, TrainingPatch(engine=engine))

    def set_preset(self, character_id, seen, preset):
        return self._changed(character_id, seen, TrainingPatch(preset=preset))

    def set_trigger(self, character_id, seen, trigger):
        draft = self._draft(character_id)
        if draft is None or draft.trigger == trigger.strip().lower():
            return gr.skip()
        return self._changed(character_id, seen, TrainingPatch(trigger=trigger))

    def desk_act(self, character_id, seen, event: gr.EventData):
        """What was pressed on the desk. A caption is kept without drawing the desk anew: somebody is typing."""
        asked = event._data
        draft = self._needed(character_id)
        match asked["action"]:
            case "add":
                ids = {"asset": [], "reference": []}
                for one in asked["items"]:
                    ids[one["kind"]].append(one["id"])
                self.trainings.add(draft.id, AddPictures(asset_ids=ids["asset"], reference_ids=ids["reference"]))
            case "remove":
                self.trainings.remove(draft.id, asked["ids"])
            case "caption":
                change = PictureChange(id=asked["id"], caption=asked["text"])
                self.trainings.patch(draft.id, TrainingPatch(pictures=[change]))
                return [gr.skip(), *self._whole(character_id, seen)[1:]]
            case "crop":
                change = PictureChange(id=asked["id"], crop=asked["crop"])
                self.trainings.patch(draft.id, TrainingPatch(pictures=[change]))
        return self._whole(character_id, seen)

    def run_act(self, character_id, seen, changed, event: gr.EventData):
        """What was pressed beside a training."""
        asked = event._data
        id = asked.get("id")
        match asked["action"]:
            case "open":
                seen = id
            case "ended":
                changed += 1
            case "choose":
                training = self.trainings.choose(id, Choose(step=asked["step"], look_id=asked.get("look") or None))
                character = self.studio.characters.get(training.character_id)
                look = next((one.name for one in character.looks if one.id == training.look_id), "")
                told(f"Step {asked['step']} is in use: choose the look “{look}” in Create.")
                changed += 1
            case "again":
                self.trainings.again(id)
                told("A draft of the same pictures is on the desk.")
            case "resume":
                self.studio.queue.retry(self.trainings.get(id).job_id)
            case "trash":
                self.trainings.trash(id)
                told("Moved to the trash. Its LoRAs stay in the library.")
                seen = None
        return [*self._whole(character_id, seen), changed]

    def begin(self, character_id, seen):
        self._needed(character_id)
        return self._whole(character_id, seen)

    def bring(self, character_id, seen, files, *said):
        origin = stated(consent.said(dict(zip(consent.NAMES, said, strict=True))))
        draft = self._needed(character_id, suggest=False)
        refused = []
        for path in files or ():
            try:
                self.trainings.upload(draft.id, path, Path(path).name, origin)
            except StudioError as error:
                refused.append(f"{Path(path).name}: {error.message}")
        if refused:
            gr.Warning(" ".join(refused)[:600].replace("<", "‹"), duration=10, title="Not added")
        return self._whole(character_id, seen)

    def train(self, character_id, seen, request: gr.Request):
        draft = self._draft(character_id)
        if draft is None:
            raise StudioError("There is nothing to train yet.", "Choose at least four pictures.")
        self.trainings.start(draft.id, owner=request.username or "")
        told("The training is in the queue. You can leave this page; it goes on.")
        return self._whole(character_id, draft.id)

    # ------------------------------------------------------------------ in between
    def _engines(self) -> list[tuple[str, str]]:
        return [(one.name, one.id) for one in self.trainings.engines()]

    def _draft(self, character_id):
        return self.trainings.draft(character_id) if character_id else None

    def _needed(self, character_id, *, suggest: bool = True):
        if not character_id:
            raise StudioError("No character is chosen.", "Choose one at the top of the page.")
        return self.trainings.create(NewTraining(character_id=character_id), suggest=suggest)

    def _changed(self, character_id, seen, patch: TrainingPatch):
        return self._whole(character_id, seen) if self._patched(character_id, patch) else gr.skip()

    def _patched(self, character_id, patch: TrainingPatch) -> bool:
        draft = self._draft(character_id)
        if draft is not None:
            self.trainings.patch(draft.id, patch)
        return draft is not None

    def _whole(self, character_id, seen):
        """Every part of the tab for this character. A first visit puts the approved pictures on the desk."""
        if not character_id:
            off = [gr.Dropdown(visible=False), gr.Textbox(visible=False), gr.Radio(visible=False)]
            gone = [gr.Button(visible=False), gr.Button(visible=False)]
            empty = parts.desk_value(None, None, SILENT, []), parts.run_value(None, "", [], None)
            return [*empty, None, *off, "", *gone]
        character = self.studio.characters.get(character_id)
        every = self.trainings.list(character_id)
        begun = [(one, self.trainings.state(one)) for one in every if one.job_id]
        draft = next((one for one in every if one.job_id is None), None)
        candidates = self.trainings.candidates(draft, character_id)
        if draft is None and candidates and not begun:
            draft = self.trainings.create(NewTraining(character_id=character_id))
            candidates = self.trainings.candidates(draft, character_id)
        working = next((one.id for one, state in begun if state in ("running", "waiting")), None)
        ids = [one.id for one, _ in begun]
        seen = seen if seen in ids else working or (ids[0] if ids else None)
        training, state = next(((one, state) for one, state in begun if one.id == seen), (None, ""))
        remarks = self.trainings.remarks(draft) if draft else SILENT
        about = parts.remarks_html(remarks, self.trainings.seconds(draft)) if draft else ""
        desk = parts.desk_value(character, draft, remarks, candidates)
        if draft is None and begun:
            desk = {"begun": True, "name": character.name}
        there = draft is not None
        choices = self._engines()
        return [
            desk,
            parts.run_value(training, state, begun, character),
            seen,
            gr.Dropdown(choices=choices, visible=there, **({"value": draft.engine} if there else {})),
            gr.Textbox(visible=there, **({"value": draft.trigger} if there else {})),
            gr.Radio(visible=there, **({"value": draft.preset} if there else {})),
            about,
            gr.Button(visible=there, interactive=there and not remarks["problems"]),
            gr.Button(visible=not there and bool(begun)),
        ]
