"""Parts of the page that a function in static/*.js draws."""

import gradio as gr


def drawn_by(script: str, value=None, **options) -> gr.HTML:
    """A part that `window.studio.<script>` draws from `value`. Its `select` event carries a dict as `event._data`."""
    return gr.HTML(
        value,
        html_template='<div class="drawn"></div>',
        js_on_load=f"window.studio.{script}(element, props, trigger, watch)",
        apply_default_css=False,
        **options,
    )
