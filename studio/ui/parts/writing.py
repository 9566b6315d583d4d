"""Words of every kind as parts of the page: the desk in Publish, live lengths, the prompt helper, writers in System."""

import gradio as gr

from studio.ui.parts.drawn import drawn_by


def writing_desk() -> gr.HTML:
    """Titles, alt text, hashtags, replies and more; what is chosen comes as `select` with {into, text, hashtags,
    alt}. Its value is {character_id, asset_ids}."""
    with gr.Accordion("More words: titles, alt text, tones, translations", open=False, elem_id="writing"):
        return drawn_by("writing", desk_value(None, []), template='<div class="drawn writing-root"></div>')


def desk_value(character_id: str | None, asset_ids: list[str]) -> dict:
    """Who the words are for, and about which pictures."""
    return {"character_id": character_id or None, "asset_ids": list(asset_ids or [])}


def text_lengths() -> gr.HTML:
    """What caption, hashtags and disclosure count for every network, while they are typed."""
    return drawn_by("lengths", {}, template='<div class="drawn lengths-root"></div>', elem_id="publish-lengths")


def prompt_helper() -> gr.HTML:
    """An idea made fuller for the chosen engine: value {variants, note}; emits `select` with {kind, seed}."""
    return drawn_by("promptHelp", {}, template='<div class="drawn prompt-help-root"></div>', elem_id="prompt-help")


def writers_page() -> gr.HTML:
    """Who can write: servers of language models found, added, tried and chosen."""
    return drawn_by("writers", {}, template='<div class="drawn writers-root"></div>', elem_id="writers")
