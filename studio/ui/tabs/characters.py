"""Characters: a gallery of everybody, and an editor for one of them.

Knows the character services and what the page shows of them. Ingredients, looks and references are saved as they are
added; the form is saved by Save. What a preview or a prompt is made of is the image service's business.
"""

import base64
import time
from pathlib import Path

import gradio as gr

from studio.domain.character import Character
from studio.domain.document import new_id
from studio.domain.requests import AssetFilter
from studio.errors import Conflict, NotFound, StudioError
from studio.ui.guard import shown, toast, told
from studio.ui.parts import characters as parts
from studio.ui.parts.pictures import grid, grid_value
from studio.ui.shared import Shared
from studio.ui.tabs import characters_form as form

PAGE, LIBRARY = 48, 24
STATUSES = [("All", ""), ("Active", "active"), ("Paused", "paused"), ("Trash", "trash")]


def drawn_by(script: str, value=None, **options) -> gr.HTML:
    """A part of the page that `window.studio.<script>` draws and that emits its `select` event."""
    return gr.HTML(
        value,
        html_template='<div class="drawn"></div>',
        js_on_load=f"window.studio.{script}(element, props, trigger, watch)",
        apply_default_css=False,
        **options,
    )


class CharactersTab:
    id, title = "characters", "Characters"

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio
        self.characters = shared.studio.characters
        self.specs = list(self.studio.images.specs())
        self.templates = self.characters.persona_templates()

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        self.editing, self.revision, self.surprise_seed = gr.State(None), gr.State(None), gr.State(None)
        self.limit, self.chosen, self.offered = gr.State(PAGE), gr.State([]), gr.State([])
        self.undo = drawn_by("undo", elem_id="characters-undo")
        with gr.Column(visible=True, elem_id="characters-gallery") as self.gallery:
            self._gallery()
        with gr.Column(visible=False, elem_id="characters-editor") as self.editor:
            self._editor()
        self.form = {**self.profile, **self.persona, **self.appearance}

    def _gallery(self) -> None:
        with gr.Row(elem_classes="gallery-tools"):
            self.search = gr.Textbox(
                label="Search", placeholder="Name, bio, tag", type="text", scale=2, min_width=180, max_length=200
            )
            self.status = gr.Radio(STATUSES, value="", label="Show", elem_classes="segments", min_width=260, scale=2)
            with gr.Row(elem_classes="gallery-buttons", scale=3):
                self.new = gr.Button("New character", variant="primary", min_width=130)
                self.surprise = gr.Button("Surprise me", min_width=110)
                self.upload = gr.UploadButton("Import zip", file_types=[".zip"], min_width=110)
        self.list = drawn_by("characterList", self.listed("", "", PAGE), elem_id="characters-list")

    def _editor(self) -> None:
        with gr.Row(elem_id="character-head"):
            self.head = drawn_by("characterHead", elem_id="character-head-words")
            self.save = gr.Button("Save", variant="primary", elem_id="character-save", scale=0, min_width=110)
        with gr.Tabs(elem_id="character-sections"):
            with gr.Tab("Profile", id="profile"):
                self.profile = form.profile()
            with gr.Tab("Persona", id="persona"):
                self.template, self.persona = form.persona(list(self.templates))
            with gr.Tab("Appearance", id="appearance"), gr.Row():
                with gr.Column(scale=3, min_width=300):
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
            with gr.Tab("History", id="history") as self.history_page:
                self.versions = drawn_by("versions", elem_id="character-versions")

    def _references(self) -> None:
        with gr.Row(elem_classes="reference-tools"):
            self.add_files = gr.UploadButton(
                "Upload pictures", file_types=["image"], file_count="multiple", scale=0, min_width=150
            )
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
        saved = {"editing": self.editing, "revision": self.revision, "seed": self.surprise_seed, **self.form}
        state = [self.editing, self.revision, self.surprise_seed, self.head, shared.character, shared.changed]
        lists = [self.ingredients, self.looks, self.references, self.library, self.versions, self.chosen, self.offered]
        whole = [*state, *lists, *self.form.values(), self.template, self.words, self.picture]
        whole += [self.gallery, self.editor, self.undo, self.list, self.limit]

        gr.on(
            [shared.page.load, shared.changed.change, self.search.input, self.status.input],
            shown(self.listed),
            inputs_kwargs=listing,
            outputs=self.list,
            trigger_mode="always_last",
            api_name="characters_list",
            **quiet,
        )
        self.list.select(
            shown(self.choose), inputs_kwargs=listing, outputs=whole, api_name="characters_choose", **quiet
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
        shared.character.change(
            shown(self.follow),
            inputs_kwargs={"wanted": shared.character, "editing": self.editing},
            outputs=whole,
            js="(wanted, editing) => window.studio.editor.follow(wanted).then((id) => [id, editing])",
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
            inputs_kwargs={"editing": self.editing, **self.appearance},
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
        gr.on(
            [self.history_page.select],
            shown(self.show_versions),
            self.editing,
            self.versions,
            api_name="characters_versions",
            **quiet,
        )
        self.versions.select(
            shown(self.look_back), inputs_kwargs={"editing": self.editing}, outputs=whole, api_name="characters_look_back", **quiet
        )  # fmt: skip

    def _wire_references(self, saved: dict, outputs: list, quiet: dict) -> None:
        self.references.select(
            lambda event: (event, gr.Button(interactive=bool(event))),
            None,
            [self.chosen, self.remove],
            api_name="characters_choose_references",
            **quiet,
        ) if False else self.references.select(
            self.pick, None, [self.chosen, self.remove], api_name="characters_pick_references", **quiet
        )
        self.library.select(
            self.pick, None, [self.offered, self.add_chosen], api_name="characters_pick_pictures", **quiet
        )
        self.add_files.upload(
            shown(self.add_uploads),
            inputs_kwargs={"files": self.add_files, **saved},
            outputs=outputs,
            api_name="characters_upload_references",
            **quiet,
        )
        self.add_chosen.click(
            shown(self.add_pictures),
            inputs_kwargs={"offered": self.offered, **saved},
            outputs=[*outputs, self.add_chosen],
            api_name="characters_add_references",
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
