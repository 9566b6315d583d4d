"""What Create has around its form beyond the form itself. The tab hands itself over and stays short."""

import html

import gradio as gr
from pydantic import ValidationError

from studio.domain.requests import AssetFilter
from studio.domain.writing import WriteRequest
from studio.errors import StudioError
from studio.ui.guard import readable, shown, told
from studio.ui.parts import grids
from studio.ui.parts.drawn import drawn_by
from studio.ui.parts.writing import prompt_helper

SAID = ("outfit", "place", "mood", "prop", "time_of_day", "weather", "framing")  # what the form says besides the prompt


class Craft:
    """Drawn by CreateTab where each part belongs, wired once the form is there."""

    def __init__(self, tab):
        self.tab, self.studio = tab, tab.studio

    def words(self) -> None:
        """The wildcard lists, under the words that use them. The script talks to the API by itself."""
        with gr.Accordion("Wildcards", open=False, elem_id="create-wildcards"):
            drawn_by("wildcards", {}, template='<div class="drawn wildcards-root"></div>')
        with gr.Accordion("Prompt helper", open=False, elem_id="create-helper"):
            self.help = prompt_helper()

    def wire_help(self) -> None:
        """The helper asks the usual writer when it is pressed, with the form as it is then."""
        self.help.select(
            shown(self.helped),
            inputs_kwargs={"character_id": self.tab.shared.character, **self.tab.form},
            outputs=self.help,
            show_progress="hidden",
            api_name="create_helped",
            api_visibility="private",
        )

    def helped(self, event: gr.EventData, character_id, **values):
        """Fuller prompts, or a prompt from the character's newest picture; what went wrong stands in `note`."""
        described = event._data["kind"] == "picture_prompt"
        chosen = [str(values[name]) for name in SAID if values.get(name)]
        chosen = [one.name if character_id and (one := self._ingredient(character_id, value)) else value
                  for value in chosen]  # fmt: skip
        try:
            newest = self.studio.review.search(AssetFilter(character_id=character_id or None), limit=1).items
            if described and not newest:
                raise StudioError("There is no picture to describe.", "Generate one, or import it in Review.")
            if not described and not (values["prompt"] or "").strip():
                raise StudioError("The prompt is empty.", "Write a short idea into it first.")
            written = self.studio.writing.write(
                WriteRequest(
                    kind=event._data["kind"], count=3, seed=int(event._data.get("seed", 0)), engine=values["engine"],
                    text="" if described else values["prompt"], words=", ".join(chosen)[:400],
                    asset_ids=[newest[0].id] if described else [],
                )
            )  # fmt: skip
        except StudioError as error:
            return {"variants": [], "note": f"{error.message} {error.hint}".strip(), "stamp": event._data.get("seed")}
        variants = [one["text"] for one in written.variants]
        return {"variants": variants, "note": f"{written.writer_name}. Press one to put it into the prompt.",
                "stamp": event._data.get("seed")}  # fmt: skip

    def _ingredient(self, character_id: str, value: str):
        return self.studio.characters.get(character_id).ingredient(value)

    def cost(self) -> None:
        """One line beside Generate."""
        self.costs = gr.HTML("", elem_id="create-cost", apply_default_css=False)

    def costs_of(self, character_id, values: dict) -> str:
        """Time, memory and disk of the form's pictures; nothing while the form cannot be read."""
        try:
            made = self.studio.images.forecast(character_id or None, self.tab.request_of(values))
        except (StudioError, ValidationError):
            return ""
        return f'<p class="cost {made.fits}">{html.escape(made.text)}</p>'

    def grid(self) -> None:
        """Settings to vary, or prompts to compare; at the end of the form."""
        with gr.Accordion("Grid or comparison", open=False, elem_id="create-grid"):
            start = {"settings": grids.hints(self.studio, None, None), "cost": "", "fits": "yes"}
            self.grid_form = drawn_by("gridForm", start, template='<div class="drawn grid-form-root"></div>')

    def results(self) -> None:
        """Grids and comparisons that were made or are being made; the script reads them from the API."""
        with gr.Accordion("Grids and comparisons", open=False, elem_id="create-grids") as self.results_part:
            self.made = drawn_by("gridResults", {"open": None}, template='<div class="drawn grid-results-root"></div>')

    def wire(self) -> None:
        """After the form and the stage are drawn."""
        self.wire_help()
        shared, form = self.tab.shared, self.tab.form
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        self.grid_form.select(
            shown(self.act),
            [shared.character, *form.values()],
            [self.grid_form, self.tab.stage, self.made, self.results_part],
            api_name="create_grid",
            trigger_mode="multiple",
            **quiet,
        )
        self.made.select(
            shown(self.open),
            None,
            [shared.to_review],
            api_name="create_grid_open",
            **quiet,
        )

    def act(self, event: gr.EventData, character_id, *values):
        """What the grid form asks for: what it would cost, or to begin."""
        data, form = event._data, dict(zip(self.tab.form, values, strict=True))
        value = {"settings": grids.hints(self.studio, character_id, form["engine"]), "cost": "", "fits": "yes"}
        skip = gr.skip()
        try:
            asked = grids.asked(data, character_id or None, self.tab.request_of(form))
            if data["action"] == "cost":
                made = self.studio.grids.forecast(asked)
                return value | {"cost": made.text, "fits": made.fits}, skip, skip, skip
        except (StudioError, ValidationError) as error:
            problem = readable(error) if isinstance(error, ValidationError) else error
            return value | {"cost": f"{problem.message} {problem.hint}".strip(), "fits": "no"}, skip, skip, skip
        grid = self.studio.grids.start(asked)
        told(f"{grid.cells} pictures are in the queue.")
        return value, {"job": grid.job_id}, {"open": grid.id}, gr.Accordion(open=True)

    @staticmethod
    def open(event: gr.EventData):
        return event._data["ids"]
