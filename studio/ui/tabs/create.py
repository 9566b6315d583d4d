"""Create: words and ingredients in, pictures out. The page only watches; jobs do the work and outlive it."""

import html
import json
import re
from pathlib import Path

import gradio as gr
from pydantic import ValidationError

from studio.domain.requests import AssetPatch, ImageRequest
from studio.errors import StudioError
from studio.services.consent import stated
from studio.services.images import Composed
from studio.ui.guard import readable, shown, told
from studio.ui.parts import consent, editing
from studio.ui.parts import lora_chips as chips
from studio.ui.parts.craft import Craft
from studio.ui.parts.drawn import drawn_by
from studio.ui.parts.editing import Editing
from studio.ui.shared import Shared

TIMES = [("Any time", ""), "morning", "midday", "golden hour", "evening", "night"]
WEATHERS = [("Any weather", ""), "rain", "fog", "snowfall"]
FRAMINGS = [("As it comes", ""), "close-up", "portrait", "half figure"]
KINDS = {"outfit": "wardrobe", "place": "place", "prop": "prop", "mood": "mood"}
NEW_SEED, FIXED_SEED = "New each time", "Fixed"
CUSTOM = "Custom"


class CreateTab:
    id, title = "create", "Create"
    heeds = ("models",)

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio
        self.craft, self.editing = Craft(self), Editing(self)

    @property
    def specs(self) -> dict:
        """What every model there is right now says of itself, by id, the default one first."""
        return {spec.id: spec for spec in self.studio.images.specs()}

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        spec = next(iter(self.specs.values()))
        balanced = spec.presets.get("Balanced", spec.defaults)
        with gr.Row():
            with gr.Column(elem_classes="side card"):
                self.editing.modes(spec)
                self._words()
                self.craft.words()
                self._pictures(spec)
                self._loras(spec)
                self._settings(spec, balanced)
                self.craft.grid()
                with gr.Row(elem_classes="create-go"):
                    self.generate = gr.Button("Generate", variant="primary", size="lg", elem_classes="on-ctrl-enter")
                    self.craft.cost()
                gr.HTML(
                    '<p class="create-hint">Ctrl + Enter generates. A picture dropped anywhere here brings back'
                    " its settings.</p>",
                    apply_default_css=False,
                )
                with gr.Row():
                    self.dropped = gr.UploadButton(
                        "Settings from a picture",
                        size="sm",
                        file_types=[".png", ".jpg", ".jpeg", ".webp"],
                        elem_id="create-dropped",
                    )
                    self.reset = gr.Button("Clear form", size="sm")
            with gr.Column(scale=1, min_width=320):
                self.editing.editor()
                self.final = gr.HTML("", elem_id="create-final", apply_default_css=False)
                self.stage = drawn_by(
                    "stage", {"job": None}, template='<div class="stage-root idle"></div>', elem_id="create-stage"
                )
                self.craft.results()
                with gr.Accordion("Queue", open=True, elem_id="create-queue"):
                    self.queue = drawn_by("queue", {"n": 0}, template='<div class="queue-root"></div>')
        self.form = {
            "prompt": self.prompt,
            "outfit": self.outfit,
            "place": self.place,
            "mood": self.mood,
            "prop": self.prop,
            "time_of_day": self.time_of_day,
            "weather": self.weather,
            "framing": self.framing,
            "look": self.look,
            "size": self.size,
            "batch": self.batch,
            "preset": self.preset,
            "seed_policy": self.seed_policy,
            "seed": self.seed,
            "negative": self.negative,
            "steps": self.steps,
            "guidance": self.guidance,
            "sampler": self.sampler,
            "upscale": self.upscale,
            "engine": self.engine,
            "image": self.image,
            "strength": self.editing.strength,
            "mask": self.mask,
            "edit": self.edit,
            "references": self.references,
            "loras": self.loras,
        }
        self.defaults = {name: component.value for name, component in self.form.items()}
        self.remembered = gr.Textbox(visible=False)  # carries what the browser remembers to the server

    def _words(self) -> None:
        self.prompt = gr.Textbox(
            label="What happens",
            placeholder="smiling, with round glasses, at sunset",
            lines=3,
            max_lines=8,
            elem_id="create-prompt",
        )
        with gr.Row():
            self.outfit = self._ingredient("Outfit")
            self.place = self._ingredient("Place")
        with gr.Row():
            self.mood = self._ingredient("Mood")
            self.prop = self._ingredient("Prop")
        with gr.Row():
            self.time_of_day = gr.Dropdown(TIMES, value="", label="Time of day", min_width=120)
            self.weather = gr.Dropdown(WEATHERS, value="", label="Weather", min_width=120)
        with gr.Row():
            self.framing = gr.Dropdown(FRAMINGS, value="", label="Framing", min_width=120)
            # Free, as a look of the character before may still be sent while the choices change.
            self.look = gr.Dropdown(
                [("No look", "")], value="", label="Look", allow_custom_value=True, filterable=True, min_width=120
            )

    def _loras(self, spec) -> None:
        """The form's text of the chosen LoRAs, and the chips that show and change it."""
        self.loras = gr.Textbox("", label="LoRAs", visible=False)
        self.chips = drawn_by("loraChips", self.chips_value("", spec.id), elem_id="create-loras")

    @staticmethod
    def _ingredient(label: str) -> gr.Dropdown:
        return gr.Dropdown(
            [("None", "")], value="", label=label, allow_custom_value=True, filterable=True, min_width=120
        )

    def _pictures(self, spec) -> None:
        """What the picture starts from. The ids are the form's; the editor and the gallery show what they mean."""
        named = ("Start picture", "Mask", "Edit", "References")
        self.image, self.mask, self.edit, self.references = (gr.Textbox("", label=one, visible=False) for one in named)
        with gr.Accordion("References", open=False, visible="edit" in spec.tasks, elem_id="create-from") as part:
            self.from_part = part
            self.origin = consent.question("Uploaded references show", "create")
            self.shown_references = gr.Gallery(
                label="References", type="filepath", columns=4, height=150, interactive=True,
                object_fit="cover", elem_id="create-references", file_types=["image"], buttons=[],
            )  # fmt: skip

    def _settings(self, spec, balanced: dict) -> None:
        self.engine = gr.Dropdown(
            self._models(), value=spec.id, label="Model", interactive=True, elem_id="create-model"
        )
        start = "Balanced" if "Balanced" in spec.presets else CUSTOM
        self.preset = gr.Radio([*spec.presets, CUSTOM], value=start, label="Quality", elem_classes="segments")
        with gr.Row():
            self.size = gr.Dropdown(
                size_choices(spec, spec.default_upscale),
                value=size_choices(spec, 1)[0][1],
                label="Shape",
                allow_custom_value=True,
                min_width=160,
                elem_classes="whole-only",
            )
            self.batch = gr.Slider(1, 8, value=4, step=1, label="Pictures", min_width=140)
        with gr.Row():
            self.seed_policy = gr.Radio([NEW_SEED, FIXED_SEED], value=NEW_SEED, label="Seed", elem_classes="segments")
            self.seed = gr.Number(value=None, label="Seed number", precision=0, visible=False, min_width=110)
        with gr.Accordion("More settings", open=False):
            self.negative = gr.Textbox(
                label="Keep out", placeholder="blurry, text, watermark", lines=2, info="Empty: what the look says."
            )
            with gr.Row():
                self.steps = gr.Slider(1, 60, value=balanced["steps"], step=1, label="Steps")
                self.guidance = gr.Slider(0, 15, value=balanced["guidance"], step=0.1, label="Guidance")
            with gr.Row():
                self.sampler = gr.Dropdown(list(spec.samplers), value=balanced["sampler"], label="Sampler")
                self.upscale = gr.Dropdown(
                    [("As made", 1), ("2 ×", 2), ("4 ×", 4)], value=spec.default_upscale, label="Enlarge",
                    elem_classes="whole-only",
                )  # fmt: skip

    def _models(self) -> list[tuple[str, str]]:
        """Every model, also those that cannot run right now: what is missing is said when one is chosen."""
        return [
            (engine.spec.name if not engine.ready() else f"{engine.spec.name} (not ready)", engine.spec.id)
            for engine in self.studio.images.use.engines
        ]

    # ------------------------------------------------------------------ wiring
    def wire(self) -> None:
        shared, form = self.shared, self.form
        named = {"character_id": shared.character, **form}
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        outputs = list(form.values())
        filled = [shared.character, *outputs]

        gr.on(
            [self.generate.click],
            shown(self.make),
            inputs_kwargs=named,
            outputs=[self.stage, self.seed],
            js=f"async (...values) => window.studio.editNow(values, {json.dumps(list(named))})",  # with the last stroke
            trigger_mode="multiple",  # a press while the one before is under way counts too
            api_name="create_make",
            **quiet,
        )
        gr.on(
            [component.change for component in form.values()] + [shared.character.change, shared.changed.change],
            shown(self.foresee),
            inputs_kwargs=named,
            outputs=[self.final, self.craft.costs],
            trigger_mode="always_last",
            concurrency_limit=1,  # one after the other: an answer to older values must not come last
            api_name="create_compose",
            **quiet,
        )
        names = json.dumps(list(form))
        gr.on(
            [component.change for component in form.values()],
            None,
            inputs=outputs,
            outputs=None,
            js="(...values) => { window.studio.remember('form', JSON.stringify(Object.fromEntries("
            f"{names}.map((name, i) => [name, values[i]])))); return []; }}",
            api_name="create_remember",
            **quiet,
        )
        shared.loaded = shared.loaded.then(
            shown(self.remember),
            [self.remembered, shared.character],
            outputs,
            js="(_, character) => [window.studio.recall('form'), character]",
            api_name="create_restore",
            **quiet,
        )
        by_model = [self.size, self.preset, self.steps, self.guidance, self.sampler, self.negative, self.upscale]
        self.editing.wire(quiet)
        self.engine.input(
            shown(self.use_engine),
            [self.engine, self.size],
            [*by_model, self.from_part],
            api_name="create_engine",
            **quiet,
        )
        self.engine.change(
            shown(self.parts_of), self.engine, self.from_part, queue=False, api_name="create_parts", **quiet
        )
        gr.on(
            [self.engine.focus, shared.changed.change],
            shown(self.models),
            self.engine,
            self.engine,
            queue=False,
            api_name="create_models",
            **quiet,
        )
        gr.on(
            [self.shown_references.upload, self.shown_references.delete, *[one.change for one in self.origin.values()]],
            shown(self.take_references),
            [self.shown_references, *self.origin.values()],
            self.references,
            trigger_mode="always_last",
            api_name="create_references",
            **quiet,
        )
        self.references.change(
            shown(self.show_references),
            [self.references, self.shown_references],
            [self.shown_references, self.from_part],
            trigger_mode="always_last",
            api_name="create_show_references",
            **quiet,
        )
        self.upscale.change(
            lambda upscale, engine: gr.Dropdown(choices=size_choices(self.specs[engine], upscale)),
            [self.upscale, self.engine],
            self.size,
            queue=False,
            api_name="create_sizes",
            **quiet,
        )
        gr.on(
            [shared.character.change, shared.changed.change],
            shown(self.choices),
            [shared.character, *[form[name] for name in (*KINDS, "look")]],
            [form[name] for name in (*KINDS, "look")],
            api_name="create_choices",
            **quiet,
        )
        self.preset.input(
            shown(self.use_preset),
            [self.preset, self.engine],
            [self.steps, self.guidance, self.sampler],
            api_name="create_preset",
            **quiet,
        )
        gr.on(
            [self.steps.input, self.guidance.input, self.sampler.input],
            lambda: CUSTOM,
            None,
            self.preset,
            api_name="create_custom",
            **quiet,
        )
        gr.on(
            [self.look.input, shared.character.input],
            shown(self.use_look),
            [shared.character, self.look, self.engine, self.upscale],
            [self.size, self.steps, self.guidance, self.sampler, self.seed_policy, self.seed],
            api_name="create_look",
            **quiet,
        )
        gr.on(
            [self.loras.change, self.engine.change, self.look.change, self.visit.select],
            shown(self.chips_value),
            [self.loras, self.engine, self.look],
            self.chips,
            queue=False,
            trigger_mode="always_last",
            api_name="create_loras",
            **quiet,
        )
        self.chips.select(
            shown(self.choose_loras),
            [shared.character, self.look, shared.changed],
            [self.loras, shared.changed],
            api_name="create_choose_loras",
            trigger_mode="multiple",
            **quiet,
        )
        self.seed_policy.change(
            lambda policy: gr.Number(visible=policy == FIXED_SEED),
            self.seed_policy,
            self.seed,
            queue=False,
            api_name="create_seed",
            **quiet,
        )
        self.craft.wire()
        self.reset.click(shown(self.cleared), None, outputs, api_name="create_reset", **quiet)
        self.dropped.upload(shown(self.read), self.dropped, filled, api_name="create_read", **quiet)
        shared.to_create.change(shown(self.fill), shared.to_create, filled, api_name="create_fill", **quiet)
        self.stage.select(
            shown(self.act),
            [shared.character, shared.changed],
            [*filled, self.stage, shared.to_review, shared.changed],
            api_name="create_act",
            trigger_mode="multiple",
            **quiet,
        )
        self.stage.change(lambda n: n + 1, shared.changed, shared.changed, api_name="create_finished", **quiet)
        self.queue.select(
            shown(self.queue_act),
            None,
            [self.queue, self.stage],
            api_name="create_queue",
            trigger_mode="multiple",
            **quiet,
        )

    # ------------------------------------------------------------------ handlers
    def make(self, character_id, request: gr.Request, **values):
        job = self.studio.images.start(character_id or None, self.request_of(values), owner=request.username or "")
        ahead = (job.position or 1) - 1 + any(one.state == "running" for one in self.studio.queue.active())
        if ahead:
            told(f"In the queue, behind {ahead} other{'s' if ahead > 1 else ''}.")
        return {"job": job.id}, gr.skip()

    def compose(self, character_id, **values):
        try:
            return final_prompt(self.studio.images.compose(character_id or None, self.request_of(values)))
        except StudioError as error:
            return final_problem(error)
        except ValidationError as error:
            return final_problem(readable(error))

    def foresee(self, character_id, **values):
        """The final prompt, and what the pictures will cost."""
        return self.compose(character_id, **values), self.craft.costs_of(character_id, values)

    def remember(self, remembered, character_id):
        """The form as this browser last had it; what cannot be read any more is left out."""
        try:
            known = json.loads(remembered or "{}")
        except ValueError:
            known = {}
        known = {name: value for name, value in known.items() if name in self.form} if isinstance(known, dict) else {}
        return self._filled({**self.defaults, **known}, character_id)

    def choices(self, character_id, *current):
        """The character's own ingredients and looks; a choice that is still offered is not touched."""
        updates = []
        for (name, options), value in zip(self._choices(character_id).items(), current, strict=True):
            now = kept(value, options, free=name != "look")
            updates.append(gr.Dropdown(choices=options, **({} if now == value else {"value": now})))
        return updates

    def chips_value(self, words, engine, look=""):
        """The chosen LoRAs and those that could be added, for the model that is chosen."""
        models = self.studio.models
        spec = next((one for one in self.studio.images.specs() if one.id == engine), self.studio.images.specs()[0])
        base = models.base_of(spec.id) if "loras" in spec.uses else ""
        return chips.chips_value(words, self.studio.loras.list(), base, spec.name, look or "")

    def choose_loras(self, character_id, look_id, changed, event: gr.EventData):
        """What is chosen on the chips goes into the form, or into the look of the character."""
        loras = event._data["loras"]
        if event._data["action"] != "keep":
            return chips.text(loras), gr.skip()
        look = self.studio.characters.get(character_id).look(look_id or None) if character_id else None
        if look is None:
            raise StudioError("There is no look to keep them in.", "Choose a character and a look first.")
        looks = [one.model_dump(mode="json") for one in self.studio.characters.get(character_id).looks]
        for one in looks:
            if one["id"] == look.id:
                one["loras"] = chips.chosen(chips.text(loras)) or []
        self.studio.characters.update(character_id, {"looks": looks})
        told(f"The look {look.name} brings these LoRAs from now on.")
        return "", changed + 1

    def use_preset(self, preset, engine):
        settings = self.specs[engine].presets.get(preset)
        return (settings["steps"], settings["guidance"], settings["sampler"]) if settings else (gr.skip(),) * 3

    def use_engine(self, engine, size):
        """The fields of the form as this model has them: its sizes, quality, samplers, and only what it uses."""
        spec = self.specs.get(engine)
        if spec is None:
            raise StudioError("This model is not here any more.", "Choose another one.", field="engine")
        if missing := self.studio.images.use.engine(engine).ready():
            gr.Warning(html.escape(f"{spec.name} cannot run yet. {missing} {spec.remedy}".strip()), title="Not done")
        start = "Balanced" if "Balanced" in spec.presets else CUSTOM
        values = spec.presets.get(start, spec.defaults)
        sizes = size_choices(spec, spec.default_upscale)
        kept_size = size if size in [value for _, value in sizes] else sizes[0][1]
        return [
            gr.Dropdown(choices=sizes, value=kept_size, allow_custom_value=True),
            gr.Radio(choices=[*spec.presets, CUSTOM], value=start),
            gr.Slider(value=values["steps"], maximum=max(60, spec.defaults["steps"])),
            gr.Slider(value=values["guidance"], visible="guidance" in spec.uses),
            gr.Dropdown(choices=list(spec.samplers), value=values["sampler"], visible=len(spec.samplers) > 1),
            gr.Textbox(visible="negative" in spec.uses),
            spec.default_upscale,
            self.parts_of(engine),
        ]

    def parts_of(self, engine):
        """References, where this model takes them."""
        return gr.Accordion(visible=engine in self.specs and "edit" in self.specs[engine].tasks)

    def models(self, engine):
        """The models there are now; a chosen one that left gives way to the default one."""
        choices = self._models()
        there = [id for _, id in choices]
        return gr.Dropdown(choices=choices, **({} if engine in there else {"value": there[0]}))

    def take_references(self, pictures, *said):
        """Uploads become inputs; as references they count once it is said what they show, which Generate asks."""
        inputs = self.studio.images.inputs
        try:
            origin = stated(consent.said(dict(zip(consent.NAMES, said, strict=True))))
        except StudioError:  # still being filled in
            origin = None
        ids = [inputs.keep(Path(one[0] if isinstance(one, list | tuple) else one), origin) for one in pictures or []]
        return " ".join(dict.fromkeys(ids))

    def show_references(self, references, shown_now):
        ids = (references or "").split()
        if len(shown_now or []) == len(ids):
            return gr.skip(), gr.skip()
        paths = [str(self.studio.images.inputs.path(one, "references")) for one in ids]
        return paths, gr.Accordion(open=True) if paths else gr.skip()

    def use_look(self, character_id, look_id, engine, upscale):
        look = self.studio.characters.get(character_id).look(look_id or None) if character_id else None
        if look is None:
            return (gr.skip(),) * 6
        size = self._shape(look.width, look.height, engine, upscale) if look.width and look.height else None
        fixed = look.seed_policy == "fixed" and look.seed is not None
        return (
            size or gr.skip(),
            look.steps or gr.skip(),
            gr.skip() if look.guidance is None else look.guidance,
            look.sampler or gr.skip(),
            FIXED_SEED if fixed else NEW_SEED,
            look.seed if fixed else gr.skip(),
        )

    def cleared(self):
        return [self.defaults[name] for name in self.form]

    def read(self, path):
        values = self.studio.images.read_dropped(path)
        told("The settings of this picture are in the form.")
        return self.fill(values)

    def fill(self, values):
        """The chosen character and the form from values of another tab or a file; `notes` become a toast."""
        if not values:
            return gr.skip()
        values = dict(values)
        if values.get("notes"):
            gr.Info(html.escape(" ".join(values["notes"])), duration=8, title="Note")
        if values.get("width") and values.get("height"):
            engine, upscale = self._known("engine", self.defaults | values), values.get("upscale") or 1
            values["size"] = self._shape(values["width"], values["height"], engine, upscale)
        if values.get("seed") is not None:
            values["seed_policy"] = FIXED_SEED
        values["loras"], values["edit"] = chips.text(values.get("loras")), editing.text(values.get("edit"))
        values["preset"] = self._preset(values)
        known = {name: value for name, value in values.items() if name in self.form and value is not None}
        character_id = values.get("character_id") or ""
        return [character_id, *self._filled({**self.defaults, **known}, character_id)]

    def act(self, character_id, changed, event: gr.EventData):
        action, asset_or_job = event._data["action"], event._data["id"]
        form, stage, review, news = [gr.skip()] * (len(self.form) + 1), gr.skip(), gr.skip(), gr.skip()
        if action == "cancel":
            self.studio.queue.cancel(asset_or_job)
        elif action == "retry":
            stage = {"job": self.studio.queue.retry(asset_or_job).id}
        elif action == "reuse":
            form = self.fill(self.studio.images.recipe_to_request(asset_or_job))
            told("Settings and seed are in the form.")
        elif action == "edit":
            form = self.fill(editing.to_edit(self.studio, asset_or_job))
        elif action == "vary":
            stage = {"job": self._variations(asset_or_job).id}
        elif action in ("enlarge2", "enlarge4"):
            stage = {"job": self.studio.enlarging.start([asset_or_job], int(action[-1])).id}
        elif action == "reference":
            owner = self.studio.review.get(asset_or_job).character_id or character_id
            if not owner:
                raise StudioError("This picture belongs to no character.", "Choose a character first.")
            character = self.studio.characters.add_reference(owner, asset_id=asset_or_job)
            told(f"{character.name} has a new reference.")
            news = changed + 1
        elif action == "review":
            review = [asset_or_job]
        elif action in ("trash", "restore"):
            if action == "trash":
                self.studio.review.patch(asset_or_job, AssetPatch(state="trashed"))
            else:
                self.studio.review.restore([asset_or_job])
            stage, news = {"job": None, "refresh": action + asset_or_job}, changed + 1
        return [*form, stage, review, news]

    def queue_act(self, event: gr.EventData):
        action, job_id, queue = event._data["action"], event._data["id"], self.studio.queue
        if action == "move":
            queue.move(job_id, int(event._data["to"]))
        elif action == "clear":
            queue.remove_finished()
        elif action in ("pause", "resume"):
            getattr(queue, action)()
        elif action in ("cancel", "retry", "remove"):
            getattr(queue, action)(job_id)
        stage = {"job": job_id, "stay": action == "show"} if action in ("show", "retry") else gr.skip()
        return {"n": f"{action} {job_id} {queue.version}"}, stage

    # ------------------------------------------------------------------ in between
    def request_of(self, values: dict) -> ImageRequest:
        """The form's values as a request: shape to width and height, empty to None."""
        values = dict(values)
        values.pop("preset")
        width, height = self._size_of(values.pop("size"), values)
        fixed = values.pop("seed_policy") == FIXED_SEED
        seed = values.pop("seed")
        values["references"] = (values["references"] or "").split()
        uses = self.specs[values["engine"]].uses if values["engine"] in self.specs else frozenset()
        if editing.only_whole(values["edit"]) and not values["image"]:
            raise StudioError("There is no picture to change.", "Choose one above, or choose New.", field="image")
        values["edit"] = editing.chosen(values["edit"])
        if values["edit"]:
            width = height = values["upscale"] = None  # those of the picture
        # what this model has no field for
        hidden = {"image": "", "mask": "", "strength": None, "references": [], "edit": None}
        uses |= {"edit"} if "mask" in uses else set()
        values |= {name: empty for name, empty in hidden.items() if name not in uses}
        names = ("look", "outfit", "place", "prop", "mood", "negative", "sampler", "engine", "image", "mask")
        values |= {name: values[name] or None for name in names}
        values["loras"] = chips.chosen(values["loras"])
        values |= {name: values[name] or "" for name in ("prompt", "time_of_day", "weather", "framing")}
        return ImageRequest(
            **values,
            width=width,
            height=height,
            seed=int(seed) if fixed and seed is not None else None,
        )

    def _shape(self, width: int, height: int, engine: str, upscale: int) -> str:
        """The Shape value for an engine's size: one of the list, else the finished size as somebody would type it."""
        listed = f"{width}x{height}"
        known = [value for _, value in size_choices(self.specs[engine], 1)]
        return listed if listed in known else f"{width * upscale}x{height * upscale}"

    def _size_of(self, size: str | None, values: dict) -> tuple[int | None, int | None]:
        """Width and height for the engine. A size somebody typed is that of the finished picture."""
        spec, upscale = self.specs[values["engine"]], values["upscale"]
        found = re.fullmatch(r"\s*(\d{1,9})\s*[x×*]\s*(\d{1,9})\s*", size or "")
        if not (size or "").strip():
            return None, None
        if not found:
            raise StudioError(f"“{size[:40]}” is not a size.", "Choose a shape, or type one as 512x768.", field="size")
        width, height = int(found[1]), int(found[2])
        if f"{width}x{height}" in [value for _, value in size_choices(spec, 1)]:
            return width, height
        least, most, unit = (side * upscale for side in spec.sides)
        if not all(least <= side <= most and side % unit == 0 for side in (width, height)):
            raise StudioError(
                f"{width}×{height} is not a size this model makes.",
                f"With these settings each side is {least} to {most} pixels, in steps of {unit}.",
                field="size",
            )
        return width // upscale, height // upscale

    def _variations(self, asset_id: str):
        values = self.studio.images.recipe_to_request(asset_id) | {"seed": None, "batch": 4, "parents": [asset_id]}
        asset = self.studio.review.get(asset_id)
        known = {name: value for name, value in values.items() if name in ImageRequest.model_fields}
        return self.studio.images.start(asset.character_id, ImageRequest(**known))

    def _choices(self, character_id) -> dict:
        character = None
        if character_id:
            character = next((one for one in self.studio.characters.list() if one.id == character_id), None)
        options = {}
        for name, kind in KINDS.items():
            mine = [one for one in (character.ingredients if character else []) if one.kind == kind]
            options[name] = [("None", ""), *[(one.name, one.id) for one in mine]]
        looks = character.looks if character else []
        options["look"] = [("Default look" if looks else "No look", ""), *[(one.name, one.id) for one in looks]]
        return options

    def _preset(self, values: dict) -> str:
        """The quality whose steps, guidance and sampler these are."""
        own = {name: values[name] for name in ("steps", "guidance", "sampler") if values.get(name) is not None}
        if not own:
            return self.defaults["preset"]
        presets = self.specs[self._known("engine", self.defaults | values)].presets
        return next((name for name, settings in presets.items() if settings == own), CUSTOM)

    def _as_the_model_has(self, name: str, values: dict):
        """A field whose choices or presence the chosen model decides."""
        spec, value = self.specs[self._known("engine", values)], values[name]
        if name == "preset":
            return gr.Radio(choices=[*spec.presets, CUSTOM], value=value if value in spec.presets else CUSTOM)
        if name == "sampler":
            usual = value if value in spec.samplers else spec.defaults["sampler"]
            return gr.Dropdown(choices=list(spec.samplers), value=usual, visible=len(spec.samplers) > 1)
        if name == "negative":
            return gr.Textbox(value=value, visible="negative" in spec.uses)
        if name == "guidance":
            return gr.Slider(value=value, visible="guidance" in spec.uses)
        return gr.Slider(value=value, maximum=max(60, spec.defaults["steps"]))

    def _known(self, name: str, values: dict):
        """A dropdown's value when it is still offered, else its default."""
        if name == "engine":
            return values[name] if values[name] in self.specs else next(iter(self.specs))
        return values[name] if values[name] in [pair[1] for pair in self.form[name].choices] else self.defaults[name]

    def _filled(self, values: dict, character_id) -> list:
        options = self._choices(character_id)
        filled = []
        for name, component in self.form.items():
            value = values[name]
            if name in options:
                value = kept(value, options[name], free=name != "look")
                filled.append(gr.Dropdown(choices=options[name], value=value, allow_custom_value=True))
            elif name == "seed":
                filled.append(gr.Number(value=value, visible=values["seed_policy"] == FIXED_SEED))
            elif name == "engine":
                filled.append(gr.Dropdown(choices=self._models(), value=self._known("engine", values)))
            elif name in ("preset", "sampler", "negative", "guidance", "steps"):
                filled.append(self._as_the_model_has(name, values))
            elif name == "references":
                filled.append(" ".join(value) if isinstance(value, list) else value)
            elif name == "size":
                sizes = size_choices(self.specs[self._known("engine", values)], self._known("upscale", values))
                filled.append(gr.Dropdown(choices=sizes, value=value or sizes[0][1], allow_custom_value=True))
            elif isinstance(component, gr.Dropdown | gr.Radio) and value not in [pair[1] for pair in component.choices]:
                filled.append(self.defaults[name])
            else:
                filled.append(value)
        return filled


def final_problem(error: StudioError) -> str:
    """Why there is no final prompt, in its place."""
    words = html.escape(f"{error.message} {error.hint}".strip())
    return f'<div class="final-prompt problem"><span class="label">Final prompt</span>{words}</div>'


def kept(value, options: list[tuple[str, str]], *, free: bool) -> str:
    """`value` when it is still offered, or words of the person's own; else nothing. Ids of other characters go."""
    if value in [one for _, one in options]:
        return value
    looks_like_an_id = isinstance(value, str) and len(value) == 26 and value.isalnum() and value.islower()
    return value if free and value and not looks_like_an_id else ""


def size_choices(spec, upscale: int) -> list[tuple[str, str]]:
    """("Square 512×512", "256x256") for every size of an engine, the finished size in the words."""
    choices = []
    for width, height in spec.sizes:
        shape = "Square" if width == height else "Portrait" if height > width else "Landscape"
        choices.append((f"{shape} {width * upscale}×{height * upscale}", f"{width}x{height}"))
    return choices


def final_prompt(composed: Composed) -> str:
    """The prompt as the engine will get it."""
    label = "Final prompt, as one picture may draw it" if composed.template else "Final prompt"
    parts = [f'<span class="label">{label}</span>{html.escape(composed.prompt) or "Nothing yet"}']
    if composed.negative:
        parts.append(f'<span class="negative">Keep out: {html.escape(composed.negative)}</span>')
    if composed.rating != "general":
        words = html.escape(", ".join(composed.rating_words[:6]))
        parts.append(f'<span class="negative">Rated {composed.rating}: {words}</span>')
    for warning in getattr(composed, "warnings", ()) or ():
        parts.append(f'<span class="negative">{html.escape(warning)}</span>')
    return f'<div class="final-prompt">{"".join(parts)}</div>'
