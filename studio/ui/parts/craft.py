"""What Create has around its form beyond the form itself. The tab hands itself over and stays short."""

import gradio as gr

from studio.ui.parts.drawn import drawn_by


class Craft:
    """Drawn by CreateTab where each part belongs, wired once the form is there."""

    def __init__(self, tab):
        self.tab, self.studio = tab, tab.studio

    def words(self) -> None:
        """The wildcard lists, under the words that use them. The script talks to the API by itself."""
        with gr.Accordion("Wildcards", open=False, elem_id="create-wildcards"):
            drawn_by("wildcards", {}, template='<div class="drawn wildcards-root"></div>')
