"""How listeners of one event get on with each other in the browser."""

from collections import defaultdict

import gradio as gr

WAITS = "always_last"


def waiting(page: gr.Blocks) -> dict[tuple, list]:
    """The listeners that, when busy, keep the newest trigger for later, by the event they listen to."""
    by_event = defaultdict(list)
    for function in page.fns.values():
        if function.fn is not None and function.trigger_mode == WAITS:
            for event in function.targets:
                by_event[tuple(event)].append(function)
    return by_event


def calm(page: gr.Blocks) -> None:
    """Leave each event one listener that waits; the others run at every trigger. Listeners that show no progress
    have nothing to show it on.

    A listener that kept a trigger, once it is done, has Gradio 6.31 tell the event to all its listeners again. Two of
    that kind then wake each other for ever (seen with the header's picker while a page was loading).

    For every step of any listener Gradio also looks up, by walking the whole page, each part that was ever an output of
    one, to tell it about progress that is hidden anyway: half of what opening a page took of the browser's time.
    """
    for function in page.fns.values():
        if function.show_progress == "hidden" or function.fn is None:
            function.show_progress_on = []
    for functions in waiting(page).values():
        for function in [one for one in functions if one.trigger_mode == WAITS][1:]:
            function.trigger_mode = "multiple"
