"""Create: words and ingredients in, pictures out. The page only watches; jobs do the work and outlive it."""

import html
import json

import gradio as gr

from studio.domain.requests import AssetPatch, ImageRequest
from studio.errors import StudioError
from studio.services.images import Composed
from studio.ui.guard import shown, told
from studio.ui.shared import Shared

TIMES = [("Any time", ""), "morning", "midday", "golden hour", "evening", "night"]
KINDS = {"outfit": "wardrobe", "place": "place", "prop": "prop", "mood": "mood"}
NEW_SEED, FIXED_SEED = "New each time", "Fixed"
CUSTOM = "Custom"


class CreateTab:
    id, title = "create", "Create"

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio
        self.specs = {spec.id: spec for spec in self.studio.images.specs()}

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        spec = next(iter(self.specs.values()))
        balanced = spec.presets.get("Balanced", spec.defaults)
        with gr.Row():
            with gr.Column(elem_classes="side card"):
                self._words()
                self._settings(spec, balanced)
                with gr.Row(elem_classes="create-go"):
                    self.generate = gr.Button("Generate", variant="primary", size="lg", elem_classes="on-ctrl-enter")
                gr.HTML('<p class="create-hint">Ctrl + Enter generates from anywhere on this tab.</p>')
                with gr.Row():
                    self.dropped = gr.UploadButton(
                        "Settings from a picture", size="sm", file_types=[".png", ".jpg", ".jpeg", ".webp"]
                    )
                    self.reset = gr.Button("Clear form", size="sm")
            with gr.Column(scale=1, min_width=320):
                self.final = gr.HTML("", elem_id="create-final", apply_default_css=False)
                self.stage = gr.HTML(
                    {"job": None},
                    html_template='<div class="stage-root idle"></div>',
                    js_on_load="window.studio.stage(element, props, trigger, watch)",
                    apply_default_css=False,
                    elem_id="create-stage",
                )
                with gr.Accordion("Queue", open=False, elem_id="create-queue"):
                    self.queue = gr.HTML(
                        {"n": 0},
                        html_template='<div class="queue-root"></div>',
                        js_on_load="window.studio.queue(element, props, trigger, watch)",
                        apply_default_css=False,
                    )
        self.form = {
            "prompt": self.prompt,
            "outfit": self.outfit,
            "place": self.place,
            "mood": self.mood,
            "prop": self.prop,
            "time_of_day": self.time_of_day,
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
        }
        self.defaults = {name: component.value for name, component in self.form.items()}
        self.remembered = gr.BrowserState(
            {}, storage_key="studio-create-form", secret="the form is not a secret, only remembered"
        )

    def _words(self) -> None:
        self.prompt = gr.Textbox(
            label="What happens",
            placeholder="waving from a balcony, holding a coffee",
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
            self.look = gr.Dropdown([("No look", "")], value="", label="Look", min_width=120)

    @staticmethod
    def _ingredient(label: str) -> gr.Dropdown:
        return gr.Dropdown(
            [("None", "")], value="", label=label, allow_custom_value=True, filterable=True, min_width=120
        )

    def _settings(self, spec, balanced: dict) -> None:
        self.preset = gr.Radio([*spec.presets, CUSTOM], value="Balanced", label="Quality", elem_classes="segments")
        with gr.Row():
            self.size = gr.Dropdown(size_choices(spec), value=size_choices(spec)[0][1], label="Shape", min_width=160)
            self.batch = gr.Slider(1, 8, value=4, step=1, label="Pictures", min_width=140)
        with gr.Row():
            self.seed_policy = gr.Radio([NEW_SEED, FIXED_SEED], value=NEW_SEED, label="Seed", elem_classes="segments")
            self.seed = gr.Number(value=None, label="Seed number", precision=0, minimum=0, visible=False, min_width=110)
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
                    [("As made", 1), ("2 ×", 2), ("4 ×", 4)], value=spec.default_upscale, label="Enlarge"
                )
            self.engine = gr.Dropdown(
                [(one.name, one.id) for one in self.specs.values()], value=spec.id, label="Model", interactive=True
            )

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
            api_name="create_make",
            **quiet,
        )
        gr.on(
            [component.change for component in form.values()] + [shared.character.change],
            shown(self.compose),
            inputs_kwargs=named,
            outputs=self.final,
            trigger_mode="always_last",
            queue=False,
            api_name="create_compose",
            **quiet,
        )
        names = json.dumps(list(form))
        gr.on(
            [component.change for component in form.values()],
            None,
            inputs=outputs,
            outputs=self.remembered,
            js=f"(...values) => Object.fromEntries({names}.map((name, i) => [name, values[i]]))",
            api_name="create_remember",
            **quiet,
        )
        shared.page.load(
            shown(self.restore),
            [self.remembered, shared.character],
            outputs,
            api_name="create_restore",
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
            [shared.character, self.look],
            [self.size, self.steps, self.guidance, self.sampler, self.seed_policy, self.seed],
            api_name="create_look",
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
        self.reset.click(shown(self.cleared), None, outputs, api_name="create_reset", **quiet)
        self.dropped.upload(shown(self.read), self.dropped, filled, api_name="create_read", **quiet)
        shared.to_create.change(shown(self.fill), shared.to_create, filled, api_name="create_fill", **quiet)
        self.stage.select(
            shown(self.act),
            [shared.character, shared.changed],
            [*filled, self.stage, shared.to_review, shared.changed],
            api_name="create_act",
            **quiet,
        )
        self.stage.change(lambda n: n + 1, shared.changed, shared.changed, api_name="create_finished", **quiet)
        self.queue.select(shown(self.queue_act), None, [self.queue, self.stage], api_name="create_queue", **quiet)

    # ------------------------------------------------------------------ handlers
    def make(self, character_id, request: gr.Request, **values):
        job = self.studio.images.start(character_id, self.request_of(values), owner=request.username or "")
        return {"job": job.id}, gr.skip()

    def compose(self, character_id, **values):
        try:
            return final_prompt(self.studio.images.compose(character_id, self.request_of(values)))
        except StudioError as error:
            return (
                f'<div class="final-prompt"><span class="label">Final prompt</span>{html.escape(error.message)}</div>'
            )

    def restore(self, remembered, character_id):
        values = {**self.defaults, **{name: value for name, value in (remembered or {}).items() if name in self.form}}
        return self._filled(values, character_id)

    def choices(self, character_id, *current):
        options = self._choices(character_id)
        return [
            gr.Dropdown(choices=options[name], value=kept(value, options[name], free=name != "look"))
            for name, value in zip(options, current, strict=True)
        ]

    def use_preset(self, preset, engine):
        settings = self.specs[engine].presets.get(preset)
        return (settings["steps"], settings["guidance"], settings["sampler"]) if settings else (gr.skip(),) * 3

    def use_look(self, character_id, look_id):
        look = self.studio.characters.get(character_id).look(look_id or None) if character_id else None
        if look is None:
            return (gr.skip(),) * 6
        size = f"{look.width}x{look.height}" if look.width and look.height else None
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
            values["size"] = f"{values['width']}x{values['height']}"
        if values.get("seed") is not None:
            values["seed_policy"] = FIXED_SEED
        values["preset"] = CUSTOM if any(values.get(name) is not None for name in ("steps", "guidance")) else "Balanced"
        known = {name: value for name, value in values.items() if name in self.form and value is not None}
        character_id = values.get("character_id")
        return [character_id or gr.skip(), *self._filled({**self.defaults, **known}, character_id)]

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
        elif action == "vary":
            stage = {"job": self._variations(asset_or_job).id}
        elif action == "reference":
            owner = self.studio.review.get(asset_or_job).character_id or character_id
            if not owner:
                raise StudioError("This picture belongs to no character.", "Choose a character first.")
            character = self.studio.characters.add_reference(owner, asset_id=asset_or_job)
            told(f"{character.name} has a new reference.")
            news = changed + 1
        elif action == "review":
            review = [asset_or_job]
        elif action == "trash":
            self.studio.review.patch(asset_or_job, AssetPatch(state="trashed"))
            told("Moved to the trash. Undo it in Review.")
            stage, news = {"job": None, "refresh": asset_or_job}, changed + 1
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
        return {"n": job_id + action}, {"job": job_id} if action in ("show", "retry") else gr.skip()

    # ------------------------------------------------------------------ in between
    def request_of(self, values: dict) -> ImageRequest:
        """The form's values as a request: shape to width and height, empty to None."""
        values = dict(values)
        values.pop("preset")
        width, _, height = (values.pop("size") or "").partition("x")
        fixed = values.pop("seed_policy") == FIXED_SEED
        seed = values.pop("seed")
        names = ("look", "outfit", "place", "prop", "mood", "negative", "sampler", "engine")
        values |= {name: values[name] or None for name in names}
        values |= {name: values[name] or "" for name in ("prompt", "time_of_day")}
        return ImageRequest(
            **values,
            width=int(width) if width else None,
            height=int(height) if height else None,
            seed=int(seed) if fixed and seed is not None else None,
        )

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

    def _filled(self, values: dict, character_id) -> list:
        options = self._choices(character_id)
        filled = []
        for name, component in self.form.items():
            value = values[name]
            if name in options:
                value = kept(value, options[name], free=name != "look")
                filled.append(gr.Dropdown(choices=options[name], value=value))
            elif name == "seed":
                filled.append(gr.Number(value=value, visible=values["seed_policy"] == FIXED_SEED))
            elif isinstance(component, gr.Dropdown) and value not in [pair[1] for pair in component.choices]:
                filled.append(self.defaults[name])
            else:
                filled.append(value)
        return filled


def kept(value, options: list[tuple[str, str]], *, free: bool) -> str:
    """`value` when it is still offered, or words of the person's own; else nothing. Ids of other characters go."""
    if value in [one for _, one in options]:
        return value
    looks_like_an_id = isinstance(value, str) and len(value) == 26 and value.isalnum() and value.islower()
    return value if free and value and not looks_like_an_id else ""


def size_choices(spec) -> list[tuple[str, str]]:
    """("Square 512 × 512", "256x256") for every size of an engine, the finished size in the words."""
    choices = []
    for width, height in spec.sizes:
        shape = "Square" if width == height else "Portrait" if height > width else "Landscape"
        final = f"{width * spec.default_upscale}×{height * spec.default_upscale}"
        choices.append((f"{shape} {final}", f"{width}x{height}"))
    return choices


def final_prompt(composed: Composed) -> str:
    """The prompt as the engine will get it."""
    parts = [f'<span class="label">Final prompt</span>{html.escape(composed.prompt) or "Nothing yet"}']
    if composed.negative:
        parts.append(f'<span class="negative">Keep out: {html.escape(composed.negative)}</span>')
    for warning in getattr(composed, "warnings", ()) or ():
        parts.append(f'<span class="negative">{html.escape(warning)}</span>')
    return f'<div class="final-prompt">{"".join(parts)}</div>'
