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
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "the form"
            toast(StudioError(f"{field.replace('_', ' ').capitalize()}: {first['msg']}.", "Change it and try again."))
        except Exception:
            short = secrets.token_hex(2)
            log.exception("handler %s broke (%s)", getattr(handler, "__qualname__", handler), short)
            gr.Warning(f"Something broke ({short}). Details are in the log.", duration=10, title="Not done")
        return gr.skip()

    return guarded
