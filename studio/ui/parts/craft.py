"""What Create has around its form beyond the form itself. The tab hands itself over and stays short."""

import html

import gradio as gr
from pydantic import ValidationError

from studio.errors import StudioError
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
