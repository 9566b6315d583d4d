"""Models: what is installed, what could be, what is on its way, and the LoRAs. It shows the library's answers."""

from pathlib import Path

import gradio as gr

from studio.domain.model import DownloadRequest, ImportRequest, Lora, LoraPatch, Model, ModelPatch
from studio.errors import StudioError
from studio.services.model_places import said
from studio.ui.guard import shown, toast, told
from studio.ui.parts import models as parts
from studio.ui.parts.drawn import drawn_by
from studio.ui.shared import Shared

LEAD = "Sizes and licences here are leads. The model's own page is read at download, and its licence is kept beside it."
NO_LORAS = (
    "No LoRAs yet",
    "A LoRA is a small file that teaches a model a person, a style or a thing. Import one, or train one.",
)


class ModelsTab:
    id, title = "models", "Models"
    heeds = ("time",)

    def __init__(self, shared: Shared):
        self.shared, self.studio, self.models = shared, shared.studio, shared.studio.models

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        self.undo = drawn_by("undo", None, elem_id="models-undo")
        self.downloads = drawn_by("downloads", {"n": 0}, elem_id="models-downloads")
        with gr.Tabs(elem_id="models-sections"):
            with gr.Tab("Installed", id="installed"):
                self.cards = drawn_by("models", self._installed(), elem_id="models-installed")
            with gr.Tab("Catalogue", id="catalogue"):
                self.catalogue = drawn_by("models", self._catalogue(), elem_id="models-catalogue")
            with gr.Tab("LoRAs", id="loras"):
                self.import_lora = gr.UploadButton(
                    "Import LoRA", file_types=[".safetensors"], size="sm", elem_id="models-import-lora", min_width=120
                )
                self.loras = drawn_by("models", self._loras(), elem_id="models-loras")
            with gr.Tab("Add", id="add"):
                self.add = drawn_by("addModel", self._add(), elem_id="models-add")

    # ------------------------------------------------------------------ wiring
    def wire(self) -> None:
        quiet = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "multiple"}
        self.all = [self.cards, self.catalogue, self.loras, self.add]
        self.visit.select(shown(self.look), None, self.all, api_name="models_look", **quiet)
        self.downloads.select(shown(self.on_download), None, self.all, api_name="models_download_act", **quiet)
        self.cards.select(
            shown(self.on_model),
            self.shared.changed,
            [*self.all, self.undo, self.shared.changed],
            api_name="models_act",
            **quiet,
        )
        self.catalogue.select(shown(self.on_offer), None, self.all, api_name="models_offer", **quiet)
        self.loras.select(shown(self.on_lora), None, [*self.all, self.undo], api_name="models_lora", **quiet)
        self.import_lora.upload(
            shown(self.bring_in_lora), self.import_lora, self.all, api_name="models_lora_import", **quiet
        )
        self.add.select(shown(self.on_add), None, self.all, api_name="models_add", **quiet)
        self.undo.select(shown(self.bring_back), None, [*self.all, self.undo], api_name="models_undo", **quiet)

    # ------------------------------------------------------------------ handlers
    def look(self):
        """Everything as it is now."""
        return self._installed(), self._catalogue(), self._loras(), self._add()

    def on_download(self, event: gr.EventData):
        """Pause, resume or cancel; or one has just ended."""
        action, job_id = event._data["action"], event._data.get("id")
        if action == "pause":
            self.models.downloads.pause(job_id)
        elif action == "resume":
            self.models.downloads.resume(job_id)
        elif action == "cancel":
            self.models.downloads.cancel(job_id)
        return self.look()

    def on_model(self, changed, event: gr.EventData):
        """What was pressed on an installed model's card."""
        action, model_id = event._data["action"], event._data.get("id")
        undo, news = gr.skip(), changed + 1
        if action == "load":
            self.models.load(model_id)
        elif action == "unload":
            self.models.unload()
        elif action == "default":
            self.models.set_default(model_id)
            told("The Create tab begins with this model from now on.")
        elif action == "save":
            self._save(model_id, event._data["values"])
        elif action == "remove":
            model = self.models.trash(model_id)
            undo = {"text": f"{model.name} is removed.", "id": f"model:{model_id}", "undo": "Put it back"}
        elif action == "restore":
            self.models.restore(model_id)
        elif action == "forever":
            self.models.delete_forever(model_id)
        elif action == "look":
            news = gr.skip()
            if problem := self.models.load_problem:
                self.models.load_problem = None
                toast(StudioError(problem["message"], problem.get("hint", "")))
        return *self.look(), undo, news

    def _save(self, model_id: str, values: dict) -> None:
        numbers = {name: values.get(name) for name in ("steps", "guidance", "width", "height")}
        kept = self.models.get(model_id).defaults
        defaults = {**kept, **numbers}
        patch = ModelPatch(
            name=values["name"],
            notes=values["notes"],
            variant=values.get("variant") or None,
            defaults={name: value for name, value in defaults.items() if value is not None},
        )
        self.models.patch(model_id, patch)
        told("Saved.")

    def on_offer(self, event: gr.EventData):
        """Download a catalogue entry."""
        self.models.download(DownloadRequest(id=event._data["id"]))
        return self.look()

    def on_lora(self, event: gr.EventData):
        """What was pressed on a LoRA's card."""
        action, lora_id = event._data["action"], event._data.get("id")
        loras, undo = self.studio.loras, gr.skip()
        if action == "save":
            values = dict(event._data["values"])
            values["triggers"] = [word for word in str(values.get("triggers") or "").split(",") if word.strip()]
            if values.get("licence") == loras.get(lora_id).licence.name:
                values.pop("licence")
            values["base"] = values.get("base") or None
            loras.patch(lora_id, LoraPatch(**values))
            told("Saved.")
        elif action == "remove":
            lora = loras.trash(lora_id)
            undo = {"text": f"{lora.name} is removed.", "id": f"lora:{lora_id}", "undo": "Put it back"}
        elif action == "picture":
            loras.show_newest(lora_id)
        elif action == "restore":
            loras.restore(lora_id)
        elif action == "forever":
            loras.delete_forever(lora_id)
        return *self.look(), undo

    def bring_in_lora(self, path):
        lora = self.studio.loras.import_path(Path(path), "copy")
        told(f"{lora.name} is in the library.")
        return self.look()

    def bring_back(self, event: gr.EventData):
        """Undo a removal."""
        kind, _, its_id = str(event._data["id"]).partition(":")
        (self.models if kind == "model" else self.studio.loras).restore(its_id)
        return *self.look(), None

    def on_add(self, event: gr.EventData):
        """The page for adding: look up, download, import, adopt, token, look around."""
        asked, models = event._data, self.models
        action = asked["action"]
        answer: dict = {}
        if action in ("lookup", "download"):
            wanted = DownloadRequest(repo=asked.get("repo") or None, file=asked.get("file") or None)
            try:
                if action == "lookup":
                    seen = models.look_up(wanted) | {"file": wanted.file}
                    answer["seen"] = parts.looked_up(seen)
                else:
                    models.download(wanted)
                    answer["done"] = "download"
            except StudioError as error:
                answer["problem"] = {"where": "repo", "message": error.message, "hint": error.hint}
        elif action == "import":
            wanted = ImportRequest(path=asked.get("place") or ".", mode=asked.get("mode") or "reference")
            try:
                answer["done"] = self._told_of(models.import_path(wanted))
            except StudioError as error:
                answer["problem"] = {"where": "path", "message": error.message, "hint": error.hint}
        elif action == "adopt":
            self._told_of(models.adopt(asked["key"], asked.get("mode") or "reference"))
        elif action == "search":
            models.search.begin()
            models.search.wait(20)
        elif action == "token":
            models.set_token(asked.get("token") or "")
            told(f"The token is kept in {models.hub.keychain.place}.")
        elif action == "forget":
            models.remove_token()
        return *self.look()[:3], self._add() | answer

    @staticmethod
    def _told_of(made) -> str:
        if isinstance(made, Model | Lora):
            told(f"{made.name} is in the library.")
            return "import"
        return "download"

    # ------------------------------------------------------------------ values
    def _installed(self) -> dict:
        cards = [card for card in self.models.cards() if card["state"] != "available"]
        trashed = self.models.installed(trashed=True)
        name, memory = self.models.machine.card()
        has = f"{name}, {said(memory)}" if memory else "No graphics card: models run on the processor"
        return {
            "list": "installed",
            "machine": f"{has} · {said(self.models.places.free())} free for models",
            "groups": [{"title": "", "cards": [parts.installed(card) for card in cards]}],
            "trash": [{"id": one.id, "name": one.name, "size": said(one.bytes)} for one in trashed],
            "loading": self.models.loading is not None,
            "noun": "model",
        }

    def _catalogue(self) -> dict:
        downloads = self.models.downloads.list()
        offered = [card for card in self.models.cards() if card["state"] == "available"]
        first = [parts.offered(card, downloads) for card in offered if card["recommended"]]
        more = [
            parts.offered(card, downloads) for card in offered if not card["recommended"] and card["kind"] == "model"
        ]
        loras = [parts.offered(card, downloads) for card in offered if card["kind"] == "lora"]
        groups = (("To begin with", first), ("More models", more), ("LoRAs for fewer steps", loras))
        offline = (
            "The studio is offline (System, Settings): nothing can be downloaded." if self.models.hub.offline else ""
        )
        return {
            "list": "catalogue",
            "lead": LEAD,
            "notice": offline,
            "groups": [{"title": title, "cards": cards} for title, cards in groups if cards],
            "empty": {"title": "Everything here is installed", "next": "Add other models under Add."},
        }

    def _loras(self) -> dict:
        loras = self.studio.loras
        return {
            "list": "loras",
            "groups": [{"title": "", "cards": [parts.lora(one, loras.missing(one)) for one in loras.list()]}],
            "trash": [{"id": one.id, "name": one.name, "size": said(one.bytes)} for one in loras.list(trashed=True)],
            "empty": {"title": NO_LORAS[0], "next": NO_LORAS[1]},
            "noun": "LoRA",
        }

    def _add(self) -> dict:
        models = self.models
        return {
            "found": [parts.found(one) for one in models.found()],
            "looking": models.search.looking,
            "token": models.token_set(),
            "place": models.hub.keychain.place,
            "offline": models.hub.offline,
            "folders": list(self.studio.settings.get("model_folders") or ()),
            "folder": str(models.places.root),
        }
