"""The question every uploaded picture of a person is asked: what does it show? Boxes by name, and their values."""

import gradio as gr

KINDS = [("A fictional person", "fictional"), ("Me", "myself"), ("Somebody who agreed", "consented")]
NAMES = ("origin_kind", "origin_person", "origin_day", "origin_proof")


def question(label: str, name: str) -> dict:
    """Draw it; the boxes by the names of `NAMES`. Nothing is chosen until a person does. `name` begins the api name."""
    kind = gr.Radio(
        KINDS, value=None, label=label, elem_classes=["segments", "no-form"], elem_id=f"{name}-origin", min_width=320
    )
    with gr.Row(visible=False, elem_classes="no-form") as consent:
        person = gr.Textbox(label="Who agreed", max_length=120, max_lines=1, min_width=140)
        day = gr.Textbox(label="On which day", placeholder="2026-01-31", max_length=10, max_lines=1, min_width=120)
        proof = gr.Textbox(
            label="Where the proof is kept", placeholder="signed form, folder Consents", max_length=400, max_lines=1,
            min_width=200, scale=2,
        )  # fmt: skip
    kind.change(
        lambda chosen: gr.Row(visible=chosen == "consented"), kind, consent, queue=False, show_progress="hidden",
        api_name=f"{name}_origin", api_visibility="private",
    )  # fmt: skip
    return dict(zip(NAMES, (kind, person, day, proof), strict=True))


def said(values: dict) -> dict | None:
    """The boxes' values, taken out of `values`, as an origin's; None while nothing is chosen."""
    kind, person, day, proof = (values.pop(name, None) or "" for name in NAMES)
    return {"kind": kind, "person": person, "day": day, "proof": proof} if kind else None
