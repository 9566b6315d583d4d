"""Characters: a gallery of everybody, and an editor for one of them.

Knows the character services and what the page shows of them. Ingredients, looks and references are saved as they are
added; the form is saved by Save. What a preview or a prompt is made of is the image service's business.
"""

import base64
import time
from collections.abc import Callable
from pathlib import Path

import gradio as gr

from studio.domain.character import Character
from studio.domain.document import new_id
from studio.domain.requests import AssetFilter, CaptionRequest
from studio.errors import Conflict, NotFound, StudioError
from studio.services.consent import stated
from studio.ui.guard import shown, toast, told
from studio.ui.parts import characters as parts
from studio.ui.parts import consent
from studio.ui.parts.drawn import drawn_by
from studio.ui.parts.pictures import grid, grid_value
from studio.ui.shared import Shared
from studio.ui.tabs import characters_form as form
from studio.ui.tabs.characters_identity import IdentitySection

PAGE, LIBRARY = 48, 24
STATUSES = [("All", ""), ("Active", "active"), ("Paused", "paused"), ("Trash", "trash")]


class CharactersTab:
    id, title = "characters", "Characters"
    heeds = ()

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio
        self.characters = shared.studio.characters
        self.specs = list(self.studio.images.specs())
        self.templates = self.characters.persona_templates()
        self.identity = IdentitySection(shared)

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        self.editing, self.revision, self.draft = gr.State(None), gr.State(None), gr.State(None)
        self.limit, self.chosen, self.offered = gr.State(PAGE), gr.State([]), gr.State([])
        self.asked = gr.Textbox(visible=False)  # what the header chose, beside what the person then agreed to
        self.undo = drawn_by("undo", elem_id="characters-undo")
        with gr.Column(visible=True, elem_id="characters-gallery") as self.gallery:
            self._gallery()
        with gr.Column(visible=False, elem_id="characters-editor") as self.editor:
            self._editor()
        self.form = {**self.profile, **self.persona, **self.appearance}

    def _gallery(self) -> None:
        with gr.Row(elem_classes="gallery-tools"):
            self.search = gr.Textbox(
                label="Search",
                placeholder="Name, bio, tag",
                scale=2,
                min_width=180,
                max_length=200,
                elem_id="characters-search",
            )
            self.status = gr.Radio(STATUSES, value="", label="Show", elem_classes="segments", min_width=260, scale=2)
            with gr.Row(elem_classes="gallery-buttons", scale=3):
                self.new = gr.Button("New character", variant="primary", min_width=130)
                self.surprise = gr.Button("Surprise me", min_width=110)
                self.upload = gr.UploadButton("Import zip", file_types=[".zip"], min_width=110)
        self.list = drawn_by("characterList", elem_id="characters-list")

    def _editor(self) -> None:
        with gr.Row(elem_id="character-head"):
            self.head = drawn_by("characterHead", elem_id="character-head-words")
            self.save = gr.Button("Save", variant="primary", elem_id="character-save", scale=0, min_width=110)
        with gr.Tabs(elem_id="character-sections"):
            with gr.Tab("Profile", id="profile"), gr.Column(elem_classes="sheet"):
                self.profile = form.profile()
            with gr.Tab("Persona", id="persona"), gr.Column(elem_classes="sheet"):
                self.template, self.voice, self.persona = form.persona(list(self.templates))
            with gr.Tab("Appearance", id="appearance"), gr.Row():
                with gr.Column(scale=3, min_width=300, elem_classes="sheet"):
                    self.appearance = form.appearance(self.specs[0].words)
                with gr.Column(scale=2, min_width=280, elem_classes="preview-side"):
                    self.picture = drawn_by("appearancePicture", elem_id="appearance-picture")
                    self.words = drawn_by("appearanceWords", elem_id="appearance-words")
            with gr.Tab("Ingredients", id="ingredients"):
                self.ingredients = drawn_by("items", parts.ingredients_value(None), elem_id="character-ingredients")
            with gr.Tab("Looks", id="looks"):
                self.looks = drawn_by("items", parts.looks_value(None, self.specs), elem_id="character-looks")
            with gr.Tab("References", id="references") as self.references_page:
                self._references()
            self.identity.layout()
            with gr.Tab("History", id="history") as self.history_page:
                self.versions = drawn_by("versions", elem_id="character-versions")

    def _references(self) -> None:
        self.origin = consent.question("Uploaded and imported pictures show", "references")
        with gr.Row(elem_classes="reference-tools"):
            self.add_files = gr.UploadButton(
                "Upload pictures", file_types=["image"], file_count="multiple", scale=0, min_width=150
            )
            self.say = gr.Button("Say it of selected", scale=0, min_width=180, interactive=False)
            self.remove = gr.Button("Remove selected", scale=0, min_width=150, interactive=False)
        self.references = grid(parts.references_value(None), elem_id="character-references")
        with gr.Row(elem_classes="reference-tools"):
            gr.HTML("<h3>Approved pictures</h3>", apply_default_css=False, elem_classes="section-title")
            self.add_chosen = gr.Button("Add selected", scale=0, min_width=150, interactive=False)
        self.library = grid(self.offered_pictures(None), elem_id="character-library")

    # ------------------------------------------------------------------ wiring
    def wire(self) -> None:
        shared = self.shared
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        listing = {"text": self.search, "status": self.status, "limit": self.limit}
        saved = {"editing": self.editing, "revision": self.revision, "draft": self.draft, **self.form}
        state = [self.editing, self.revision, self.draft, self.head, shared.character, shared.changed]
        lists = [self.ingredients, self.looks, self.references, self.library, self.versions, self.chosen, self.offered]
        whole = [*state, *lists, *self.form.values(), self.template, self.voice, self.words, self.picture]
        whole += [self.gallery, self.editor, self.undo, self.list, self.limit]

        gr.on(
            [shared.page.load, shared.changed.change, self.search.change, self.status.input],
            shown(self.listed),
            inputs_kwargs=listing,
            outputs=self.list,
            trigger_mode="always_last",
            api_name="characters_list",
            **quiet,
        )
        self.list.select(
            shown(self.choose),
            inputs_kwargs={**listing, "current": shared.character},
            outputs=whole,
            api_name="characters_choose",
            **quiet,
        )
        self.new.click(shown(self.start_new), None, whole, api_name="characters_new", **quiet)
        self.surprise.click(shown(self.start_surprise), None, whole, api_name="characters_surprise", **quiet)
        self.upload.upload(shown(self.take_zip), self.upload, whole, api_name="characters_import", **quiet)
        self.undo.select(shown(self.take_back), None, [self.undo, shared.changed], api_name="characters_undo", **quiet)
        self.head.select(
            shown(self.act),
            inputs_kwargs={"editing": self.editing},
            outputs=[*whole, shared.tabs],
            api_name="characters_act",
            **quiet,
        )
        self.save.click(
            shown(self.keep), inputs_kwargs=saved, outputs=[*state, *lists], api_name="characters_save", **quiet
        )
        # `input`, not `change`: only a person's own choice moves the editor, never what the page sets by itself.
        shared.character.input(
            shown(self.follow),
            inputs_kwargs={"wanted": shared.character, "editing": self.editing, "asked": self.asked},
            outputs=whole,
            js="(wanted, editing) => window.studio.editor.follow(wanted).then((id) => [id, editing, wanted])",
            api_name="characters_follow",
            **quiet,
        )
        gr.on(
            [box.input for box in [*self.form.values(), self.template]],
            None,
            js="() => { window.studio.editor.touch(); }",
            api_name="characters_touch",
            **quiet,
        )
        self.template.input(
            shown(self.use_template),
            self.template,
            list(self.persona.values()),
            api_name="characters_template",
            **quiet,
        )
        gr.on(
            [box.change for box in self.persona.values()],
            shown(self.speak),
            inputs_kwargs=self.form,
            outputs=self.voice,
            trigger_mode="always_last",
            queue=False,
            api_name="characters_speak",
            **quiet,
        )
        gr.on(
            [box.input for box in self.appearance.values()],
            shown(self.describe),
            inputs_kwargs=self.appearance,
            outputs=self.words,
            trigger_mode="always_last",
            queue=False,
            api_name="characters_words",
            **quiet,
        )
        self.words.apply(
            shown(self.preview),
            inputs_kwargs=self.appearance,
            outputs=self.picture,
            trigger_mode="multiple",
            concurrency_limit=4,
            api_name="characters_preview",
            **quiet,
        )
        for part, handler in ((self.ingredients, self.change_ingredients), (self.looks, self.change_looks)):
            part.select(
                shown(handler),
                inputs_kwargs=saved,
                outputs=[*state, *lists],
                api_name=f"characters_{handler.__name__}",
                **quiet,
            )
        self._wire_references(saved, [*state, *lists], quiet)
        self.identity.wire(self.editing)
        gr.on(
            [self.history_page.select],
            shown(self.show_versions),
            self.editing,
            self.versions,
            api_name="characters_versions",
            **quiet,
        )
        self.versions.select(
            shown(self.look_back),
            inputs_kwargs={"editing": self.editing},
            outputs=whole,
            api_name="characters_look_back",
            **quiet,
        )

    def _wire_references(self, saved: dict, outputs: list, quiet: dict) -> None:
        self.references.select(
            self.pick_references,
            None,
            [self.chosen, self.remove, self.say],
            api_name="characters_pick_references",
            **quiet,
        )
        self.library.select(
            self.pick, None, [self.offered, self.add_chosen], api_name="characters_pick_pictures", **quiet
        )
        self.add_files.upload(
            shown(self.add_uploads),
            inputs_kwargs={"files": self.add_files, **self.origin, **saved},
            outputs=outputs,
            api_name="characters_upload_references",
            **quiet,
        )
        self.add_chosen.click(
            shown(self.add_pictures),
            inputs_kwargs={"offered": self.offered, **self.origin, **saved},
            outputs=[*outputs, self.add_chosen],
            api_name="characters_add_references",
            **quiet,
        )
        self.say.click(
            shown(self.say_chosen),
            inputs_kwargs={"chosen": self.chosen, **self.origin, **saved},
            outputs=outputs,
            api_name="characters_say_origin",
            **quiet,
        )
        self.remove.click(
            shown(self.remove_chosen),
            inputs_kwargs={"chosen": self.chosen, **saved},
            outputs=[*outputs, self.remove],
            api_name="characters_remove_references",
            **quiet,
        )
        self.references_page.select(
            shown(self.offered_pictures), self.editing, self.library, api_name="characters_offer", **quiet
        )

    # ------------------------------------------------------------------ the gallery
    def listed(self, text: str, status: str, limit: int) -> dict:
        """What the gallery shows: the characters that fit, or the welcome of an empty studio."""
        trashed = status == "trash"
        found = self.characters.list(text=text or "", status=None if trashed else status or None, trashed=trashed)
        if not found and not text and not status and not self.characters.list(trashed=True):
            samples = [
                {"name": one.name, "bio": one.bio, "portrait": parts.inline(self.characters.sample_portrait(one))}
                for one in self.characters.samples()
            ]
            return {"characters": [], "welcome": {"samples": samples}}
        return {
            "characters": [parts.card(one, self._portrait(one)) for one in found[:limit]],
            "more": max(0, len(found) - limit),
            "total": len(found),
            "text": text or "",
            "empty": nothing_found(text, status),
            "samples": 0 if text or status else len(self.characters.samples()),
        }

    def choose(self, event: gr.EventData, text, status, limit, current):
        """A click in the gallery: open, restore, delete forever, or start somebody new."""
        action, character_id = event._data["action"], event._data["id"]
        if action == "open":
            return self._open(self.characters.get(character_id))
        if action == "new":
            return self.start_new()
        if action == "surprise":
            return self.start_surprise()
        if action == "more":
            return {self.limit: limit + PAGE, self.list: self.listed(text, status, limit + PAGE)}
        if action == "samples":
            told(f"{len(self.characters.add_samples())} characters added.")
        elif action == "restore":
            told(f"{self.characters.restore(character_id).name} is back.")
        elif action == "delete":
            self.characters.delete_forever(character_id)
            told("Deleted.")
        return self._news(current or None)

    def start_new(self):
        return self._open_fields({}, unsaved=False)

    def start_surprise(self):
        fields = self.characters.surprise()
        somebody = self._drafted(fields)  # gives every part its id
        whole = {name: [one.model_dump() for one in getattr(somebody, name)] for name in ("ingredients", "looks")}
        return self._open_fields(fields | whole, surprise=True)

    def take_zip(self, path):
        character = self.characters.import_zip(Path(path))
        told(f"{character.name} is imported.")
        return self._open(character) | self._news(character.id)

    def take_back(self, event: gr.EventData):
        character = self.characters.restore(event._data["id"])
        told(f"{character.name} is back.")
        return {self.undo: None, **self._heard()}

    # ------------------------------------------------------------------ the editor
    def follow(self, wanted, editing, asked):
        """The header chose somebody: the open editor follows, unless the person stayed (`wanted` is not `asked`)."""
        if editing is None or not wanted:
            return gr.skip()
        if wanted == editing:
            return {self.shared.character: wanted} if asked != wanted else gr.skip()
        return self._open(self.characters.get(wanted))

    def act(self, event: gr.EventData, editing):
        """A button of the editor's head."""
        action = event._data["action"]
        if action == "back":
            return self._closed()
        if action == "surprise":
            return self.start_surprise()
        if action == "create":
            return {self.shared.tabs: gr.Tabs(selected="create")}
        if action == "duplicate":
            copy = self.characters.duplicate(editing)
            told(f"You are now editing {copy.name}.")
            return self._open(copy) | self._news(copy.id)
        if action == "trash":
            gone = self.characters.trash(editing)
            line = {"text": f"{gone.name} is in the trash.", "id": gone.id}
            return self._closed() | {self.undo: line} | self._news(None)
        status = "paused" if action == "pause" else "active"
        character = self.characters.update(editing, {"status": status})
        told(f"{character.name} is {status}.")
        return {self.head: self._head(character, unsaved=None), self.revision: character.revision} | self._heard()

    def keep(self, editing, revision, draft, **values):
        """Save the form."""
        character = self._saved(editing, revision, draft, values)
        told(f"{character.name} is saved.")
        head = {self.head: self._head(character), self.revision: character.revision}
        return self._after(character, made=not editing) | head

    def use_template(self, name):
        template = self.templates[name]
        values = form.values_of({"persona": template})
        return [values[field] if field in template else gr.skip() for field in self.persona]

    def speak(self, **values):
        return self._voice(form.fields_of(values))

    def describe(self, **values):
        return self._words(form.fields_of(values))

    def preview(self, request: gr.Request, **values):
        """A quick picture of the appearance, or a sentence that says why there is none."""
        try:
            picture = self.studio.images.preview_appearance(form.fields_of(values), key=request.session_hash or "")
        except StudioError as error:
            busy = isinstance(error, Conflict)
            return {"note": f"{error.message} {error.hint}".strip(), "busy": busy, "stamp": time.monotonic_ns()}
        if picture is None:
            return gr.skip()
        return {"picture": "data:image/jpeg;base64," + base64.b64encode(picture).decode(), "note": "A quick preview."}

    # ------------------------------------------------------------------ ingredients, looks, references
    def change_ingredients(self, event: gr.EventData, editing, revision, draft, **values):
        if not editing:
            items = changed(self._drafted(draft).ingredients, event._data, parts.ingredient_from)
            return self._kept_for_later(draft, {"ingredients": items}, values)
        character = self.characters.get(editing)
        items = changed(character.ingredients, event._data, parts.ingredient_from)
        return self._put(character, revision, {"ingredients": items})

    def change_looks(self, event: gr.EventData, editing, revision, draft, **values):
        if not editing:
            looks = one_default(changed(self._drafted(draft).looks, event._data, parts.look_from), event._data)
            return self._kept_for_later(draft, {"looks": looks}, values)
        character = self.characters.get(editing)
        looks = changed(character.looks, event._data, parts.look_from)
        return self._put(character, revision, {"looks": one_default(looks, event._data)})

    @staticmethod
    def pick(event: gr.EventData):
        return event._data["ids"], gr.Button(interactive=bool(event._data["ids"]))

    def pick_references(self, event: gr.EventData):
        ids, button = self.pick(event)
        return ids, button, button

    def say_chosen(self, chosen, editing, revision, draft, **values):
        origin = consent.said(values)
        character = self._existing(editing, draft, values)
        before = character.revision
        character = self.characters.say_origin(character.id, chosen, origin)
        told("It stays with the pictures, also in an export.")
        return self._after(character) | self._base(before, revision, character)

    def add_uploads(self, files, editing, revision, draft, **values):
        origin = consent.said(values)
        if files:
            stated(origin)  # asked once, not once per file
        character = self._existing(editing, draft, values)
        before = character.revision
        for file in files or []:
            try:
                character = self.characters.add_reference(character.id, upload=Path(file), origin=origin)
            except StudioError as error:
                name = Path(file).name
                toast(error if name in error.message else StudioError(f"{name}: {error.message}", error.hint))
        return self._after(character, made=not editing) | self._base(before, revision, character)

    def add_pictures(self, offered, editing, revision, draft, **values):
        origin = consent.said(values)
        character = self._existing(editing, draft, values)
        before = character.revision
        for asset_id in offered:
            character = self.characters.add_reference(
                character.id, asset_id=asset_id, **self._origin_of(asset_id, origin)
            )
        told("Added to the references.")
        return (
            self._after(character)
            | self._base(before, revision, character)
            | {self.add_chosen: gr.Button(interactive=False)}
        )

    def _origin_of(self, asset_id: str, origin: dict | None) -> dict:
        """What was said counts for imported pictures; what a model made is what it is."""
        return {"origin": origin} if self.studio.review.get(asset_id).from_outside else {}

    def remove_chosen(self, chosen, editing, revision, draft, **values):
        character = self._existing(editing, draft, values)
        before = character.revision
        for reference_id in chosen:
            character = self.characters.remove_reference(character.id, reference_id)
        told("Removed. History has the version before.")
        return (
            self._after(character)
            | self._base(before, revision, character)
            | {self.remove: gr.Button(interactive=False)}
        )

    def offered_pictures(self, editing) -> dict:
        """Approved pictures of the character that are not references yet."""
        empty = ("No approved picture yet", "Approve pictures in Review; they can be picked here.")
        if not editing:
            return grid_value([], empty=empty)
        taken = {one.asset_id for one in self.characters.get(editing).references}
        wanted = AssetFilter(character_id=editing, state="approved", kind="image")
        found = [one for one in self.studio.review.search(wanted, limit=LIBRARY).items if one.id not in taken]
        return grid_value(found, empty=empty, label="Approved pictures")

    # ------------------------------------------------------------------ versions
    def show_versions(self, editing):
        return self._versions(self.characters.get(editing) if editing else None)

    def look_back(self, event: gr.EventData, editing):
        """Compare with a version, or bring it back."""
        revision = int(event._data["revision"])
        if event._data["action"] == "restore":
            character = self.characters.restore_version(editing, revision)
            told(f"Version {revision} is back, as a new version.")
            return self._open(character) | self._news(editing)
        character = self.characters.get(editing)
        lines = self.characters.compare(editing, revision, character.revision)
        return {self.versions: self._versions(character, revision, parts.changes(lines))}

    # ------------------------------------------------------------------ in between
    def _existing(self, editing, draft, values) -> Character:
        """The character in the editor. One that was never saved is saved first: parts need somebody to belong to."""
        if editing:
            return self.characters.get(editing)
        if not (values.get("name") or "").strip():
            raise StudioError("Give the character a name first.", "It is the first field of Profile.")
        return self._saved(editing, None, draft, values)

    def _saved(self, editing, revision, draft, values) -> Character:
        fields = form.fields_of(values)
        if not fields["name"]:
            raise StudioError("A character needs a name.", "It is the first field of Profile.", field="name")
        if editing:
            return self.characters.update(editing, fields, revision=self._agreed(editing, revision))
        return self.characters.create((draft or {}) | fields)

    def _agreed(self, character_id: str, revision: int) -> int:
        """The revision to save onto. What others added beside the form's own fields since then is no conflict."""
        present = self.characters.get(character_id)
        if present.revision == revision:
            return revision
        try:
            before = self.characters.version(character_id, revision)
        except NotFound:
            return revision
        if form.values_of(before) == form.values_of(present):
            return present.revision
        raise Conflict(
            f"{present.name} was changed in another window.",
            "Copy what you want to keep, then open the character again.",
        )

    def _put(self, character: Character, revision, fields: dict) -> dict:
        saved = self.characters.update(character.id, fields, revision=character.revision)
        return self._after(saved) | self._base(character.revision, revision, saved)

    def _base(self, before: int, revision, saved: Character) -> dict:
        """The form stays based on what it was filled from, and moves along with changes made right here."""
        return {self.revision: saved.revision} if before == revision or revision is None else {}

    def _after(self, character: Character, *, made: bool = False) -> dict:
        """What changes on the page when parts of a character were saved. The form itself stays as it is."""
        return {
            self.editing: character.id,
            self.draft: None,
            self.head: self._head(character, unsaved=False if made else None),
            **self._lists(character),
            **(self._news(character.id) if made else self._heard()),
        }

    def _open(self, character: Character) -> dict:
        """The editor, filled with a character."""
        return {
            self.editing: character.id,
            self.revision: character.revision,
            self.draft: None,
            self.head: self._head(character),
            self.shared.character: character.id,
            self.gallery: gr.Column(visible=False),
            self.editor: gr.Column(visible=True),
            **self._lists(character),
            **self._filled(character),
        }

    def _open_fields(self, fields: dict, *, surprise: bool = False, unsaved: bool = True) -> dict:
        """The editor, filled with somebody who is not saved yet."""
        return {
            self.editing: "",
            self.revision: None,
            self.draft: fields,
            self.head: self._new_head(fields.get("name", ""), surprise=surprise, unsaved=unsaved),
            self.gallery: gr.Column(visible=False),
            self.editor: gr.Column(visible=True),
            **self._lists(None),
            **self._draft_lists(fields),
            **self._filled(fields),
        }

    @staticmethod
    def _new_head(name: str, *, surprise: bool, unsaved: bool) -> dict:
        return {
            "id": "",
            "name": name,
            "line": "Only the name is needed. Everything else can wait.",
            "portrait": None,
            "surprise": surprise,
            "unsaved": unsaved,
            "stamp": time.monotonic_ns(),
        }

    @staticmethod
    def _drafted(draft: dict | None) -> Character:
        """Somebody who is not saved yet, with the parts that the form does not hold."""
        kept = {name: (draft or {}).get(name, []) for name in ("ingredients", "looks")}
        return Character(name="Somebody", id="draft", **kept)

    def _draft_lists(self, draft: dict) -> dict:
        somebody, stamp = self._drafted(draft), {"stamp": time.monotonic_ns()}
        return {
            self.ingredients: parts.ingredients_value(somebody) | stamp,
            self.looks: parts.looks_value(somebody, self.specs) | stamp,
        }

    def _kept_for_later(self, draft: dict | None, changed_parts: dict, values: dict) -> dict:
        """Parts of somebody who is not saved yet: they are saved with the form."""
        draft = (draft or {}) | changed_parts
        head = self._new_head((values.get("name") or "").strip(), surprise="persona" in draft, unsaved=True)
        return {self.draft: draft, self.head: head, **self._draft_lists(draft)}

    def _closed(self) -> dict:
        return {
            self.editing: None,
            self.head: None,
            self.gallery: gr.Column(visible=True),
            self.editor: gr.Column(visible=False),
        }

    def _heard(self) -> dict:
        """Everybody learns that characters changed; the header keeps its choice."""
        return {self.shared.changed: time.monotonic_ns()}

    def _news(self, character_id: str | None) -> dict:
        """Everybody learns that characters changed, and the header chooses this one."""
        options = parts.choices(self.characters.list())
        ids = [one for _, one in options]
        picker = gr.Dropdown(choices=options, value=character_id if character_id in ids else ids[0])
        return {self.shared.character: picker, **self._heard()}

    def _filled(self, of: Character | dict) -> dict:
        values = form.values_of(of)
        fields = of if isinstance(of, Character) else form.fields_of(values)
        return {
            **{box: values[name] for name, box in self.form.items()},
            self.template: None,
            self.voice: self._voice(fields),
            self.words: self._words(fields),
            self.picture: {"picture": None, "note": "", "stamp": time.monotonic_ns()},
        }

    def _voice(self, of: Character | dict) -> str:
        """Two captions as this persona would write them, from the writer that needs no model."""
        fields = of.model_dump() if isinstance(of, Character) else of
        wanted = {
            name: fields[name]
            for name in ("name", "interests", "taboos", "location", "persona", "appearance")
            if name in fields
        }
        character = Character(**{**wanted, "id": "sample", "name": wanted.get("name") or "Somebody"})
        writer = next((one for one in self.studio.captions.writers() if one.ready() is None), None)
        if writer is None:
            return ""
        request = CaptionRequest(character_id="sample", asset_ids=["sample"], count=2)
        return parts.voice([one.text for one in writer.write(character, [], request)])

    def _words(self, of: Character | dict) -> dict:
        return {"words": self.characters.appearance_words(of), "stamp": ""}

    def _head(self, character: Character, *, unsaved: bool | None = False) -> dict:
        """`unsaved` None leaves the mark as it is."""
        return {
            "id": character.id,
            "name": character.name,
            "line": parts.line(character),
            "status": character.status,
            "portrait": self._portrait(character),
            "unsaved": unsaved,
            "stamp": time.monotonic_ns(),
        }

    def _lists(self, character: Character | None) -> dict:
        return {
            self.ingredients: parts.ingredients_value(character),
            self.looks: parts.looks_value(character, self.specs),
            self.references: parts.references_value(character),
            self.library: self.offered_pictures(character.id if character else None),
            self.versions: self._versions(character),
            self.chosen: [],
            self.offered: [],
        }

    def _versions(
        self, character: Character | None, chosen: int | None = None, lines: list[dict] | None = None
    ) -> dict:
        kept = self.characters.versions(character.id) if character else []
        if not kept:
            return {"versions": []}
        rows = [{"revision": one.revision, "when": parts.when(one.saved_at), "current": False} for one in kept]
        rows = [row for row in rows if row["revision"] != character.revision]
        present = {"revision": character.revision, "when": parts.when(character.updated_at), "current": True}
        return {"versions": [present, *rows], "chosen": chosen, "lines": lines or []}

    def _portrait(self, character: Character) -> str | None:
        """The address of the first reference, else of the newest approved picture."""
        if character.references:
            return parts.reference_address(character, character.references[0].id)
        wanted = AssetFilter(character_id=character.id, state="approved", kind="image")
        found = self.studio.review.search(wanted, limit=1).items
        return f"/api/v1/assets/{found[0].id}/thumbnail" if found else None


def changed(items: list, asked: dict, made: Callable) -> list[dict]:
    """`items` after one was saved, duplicated or removed. NotFound when it is gone, ValidationError for bad values."""
    action, item_id = asked["action"], asked["id"]
    before = next((one for one in items if one.id == item_id), None)
    if item_id and before is None:
        raise NotFound("This entry was removed in the meantime.", "Open the character again.")
    if action == "save":
        after = made(asked["values"], before)
        items = [after if one.id == item_id else one for one in items] if before else [*items, after]
    elif action == "remove":
        items = [one for one in items if one.id != item_id]
    elif action == "duplicate":
        copy = before.model_copy(update={"id": new_id(), "name": f"{before.name[:72]} (copy)"})
        copy = copy.model_copy(update={"default": False}) if hasattr(copy, "default") else copy
        items = [two for one in items for two in ((one, copy) if one.id == item_id else (one,))]
    return [one.model_dump() for one in items]


def one_default(looks: list[dict], asked: dict) -> list[dict]:
    """Marking a look as the default unmarks the others."""
    if asked["action"] == "save" and asked["values"].get("default"):
        mine = asked["id"] or looks[-1]["id"]
        return [look | {"default": look["id"] == mine} for look in looks]
    return looks


def nothing_found(text: str, status: str) -> dict:
    """What an empty list says."""
    if text:
        return {"title": "Nobody fits", "next": "Search looks at names, bios, places, tags, interests and ingredients."}
    if status == "trash":
        return {
            "title": "The trash is empty",
            "next": "Characters you move to the trash wait here until you delete them.",
        }
    if status == "paused":
        return {"title": "Nobody is paused", "next": "A paused character keeps everything and makes no pictures."}
    return {"title": "No character here", "next": "Press New character, or look in the trash."}
