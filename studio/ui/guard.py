"""The one place where an error of a handler becomes words on the page. Everything shown is escaped."""

import functools
import html
import logging
import secrets
from collections.abc import Callable

import gradio as gr
from pydantic import ValidationError

from studio.errors import StudioError

log = logging.getLogger("studio.ui")


def toast(error: StudioError) -> None:
    """Show a StudioError as a warning that stays until read: the message, then what to do."""
    text = html.escape(error.message) + (f"<br><small>{html.escape(error.hint)}</small>" if error.hint else "")
    gr.Warning(text, duration=10, title="Not done")


def told(text: str) -> None:
    """Show a short confirmation."""
    gr.Success(html.escape(text), duration=4, title="Done")


PLAIN = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "string_too_long": "takes at most {max_length} characters",
    "too_long": "takes at most {max_length}",
    "too_short": "needs at least {min_length}",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "missing": "is missing",
}


def readable(error: ValidationError) -> StudioError:
    """The first thing wrong with a form's values, in words."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "the form"
    said = PLAIN.get(first["type"], "").format(**first.get("ctx", {}))
    said = f" {said}" if said else ": " + str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    return StudioError(f"{field.replace('_', ' ').capitalize()}{said}.", "Change it and try again.", field=field)


def shown(handler: Callable) -> Callable:
    """Wrap a handler: what a person can mend becomes a toast, a bug a short id whose details are in the log.

    On an error no output changes, so nothing that was typed is lost.
    """

    @functools.wraps(handler)
    def guarded(*args, **kwargs):
        try:
            return handler(*args, **kwargs)
        except StudioError as error:
            toast(error)
        except ValidationError as error:
            toast(readable(error))
        except Exception:
            short = secrets.token_hex(2)
            log.exception("handler %s broke (%s)", getattr(handler, "__qualname__", handler), short)
            gr.Warning(f"Something broke ({short}). Details are in the log.", duration=10, title="Not done")
        return gr.skip()

    return guarded
