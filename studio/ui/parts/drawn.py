"""Parts of the page that a function in static/*.js draws."""

import gradio as gr
import orjson


def drawn_by(script: str, value=None, *, template: str = '<div class="drawn"></div>', **options) -> gr.HTML:
    """A part that `window.studio.<script>` draws from `value`. Its `select` event carries a dict as `event._data`.

    The value travels as one JSON text: Gradio 6.31 walks and copies a structured value for every change of a loading
    state, which took most of a tab switch with sixty pictures on the page.
    """
    part = gr.HTML(
        as_text(value),
        html_template=template,
        js_on_load=f"window.studio.draw({script!r}, element, props, trigger, watch)",
        apply_default_css=False,
        **options,
    )
    part.postprocess = as_text
    return part


def as_text(value) -> str | None:
    """What goes to the browser: plain values as JSON, nothing as nothing."""
    return None if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()
