"""What Create has around its form beyond the form itself. The tab hands itself over and stays short."""

import html

import gradio as gr
from pydantic import ValidationError

from studio.errors import StudioError
from studio.ui.guard import readable, shown, told
from studio.ui.parts import grids
from studio.ui.parts.drawn import drawn_by


class Craft:
    """Drawn by CreateTab where each part belongs, wired once the form is there."""

    def __init__(self, tab):
        self.tab, self.studio = tab, tab.studio

    def words(self) -> None:
        """The wildcard lists, under the words that use them. The script talks to the API by itself."""
        with gr.Accordion("Wildcards", open=False, elem_id="create-wildcards"):
            drawn_by("wildcards", {}, template='<div class="drawn wildcards-root"></div>')

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
