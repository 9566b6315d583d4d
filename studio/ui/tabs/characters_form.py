"""The character editor's form: which fields it has, how a character fills it, and how it becomes fields again.

Knows the document's names and the words an engine knows. Its keys are the names of the fields of Character, Persona
and Appearance, which share none.
"""

import zoneinfo

import gradio as gr

from studio.domain.character import Appearance, Character, Persona

LISTS = {"interests", "taboos", "tags", "topics", "signature_items"}
PROFILE = (
    "name", "pronouns", "age", "adult", "location", "time_zone", "bio", "interests", "backstory", "taboos", "tags"
)  # fmt: skip
PERSONA = tuple(Persona.model_fields)
APPEARANCE = tuple(Appearance.model_fields)
TRAITS = {
    "extroversion": "0 keeps to themselves, 1 talks to everyone",
    "creativity": "0 plain, 1 full of images",
    "humor": "0 serious, 1 always joking",
    "professionalism": "0 casual, 1 businesslike",
    "authenticity": "0 polished, 1 raw and honest",
}
STYLES = ["friendly", "warm", "witty", "direct", "poetic", "calm", "playful", "expert", "storytelling"]
TONES = ["upbeat", "thoughtful", "cosy", "bold", "dreamy", "informative", "ironic", "inspiring"]
SHOWN = {
    "skin": "Skin",
    "hair_color": "Hair colour",
    "hair_style": "Hair style",
    "eyes": "Eyes",
    "build": "Build",
    "glasses": "Glasses",
    "facial_hair": "Facial hair",
    "headwear": "Headwear",
    "clothing": "Clothing",
}
OTHER_WORDS = {
    "eyes": ("brown eyes", "blue eyes", "green eyes", "grey eyes", "hazel eyes"),
    "build": ("slim", "athletic", "average build", "curvy", "broad-shouldered", "tall", "petite"),
}
UNSAID = ("Not mentioned", "")


def listed(text: str | None) -> list[str]:
    """ "tea,  night trains, Tea" -> ["tea", "night trains"]: split at commas and line ends, without repeats."""
    parts = [" ".join(part.split()) for part in (text or "").replace("\n", ",").replace(";", ",").split(",")]
    first: dict[str, str] = {}
    for part in parts:
        first.setdefault(part.casefold(), part)
    return [part for key, part in first.items() if key]


def fields_of(values: dict) -> dict:
    """The form's values as a character's fields. An emptied box is an empty field, an emptied number its default."""
    flat = {}
    for name, value in values.items():
        if name in LISTS:
            flat[name] = listed(value)
        elif value is None:
            flat[name] = default_of(name)
        else:
            flat[name] = value.strip() if isinstance(value, str) else value
    if "age" in flat:
        flat["age"] = int(flat["age"])
    profile = {name: flat[name] for name in PROFILE if name in flat}
    return profile | {
        "persona": {name: flat[name] for name in PERSONA if name in flat},
        "appearance": {name: flat[name] for name in APPEARANCE if name in flat},
    }


def default_of(name: str):
    """What an untouched field of the form holds."""
    for model in (Persona, Appearance, Character):
        if name in model.model_fields:
            field = model.model_fields[name]
            return "" if field.is_required() or name in LISTS else field.get_default(call_default_factory=True)
    raise KeyError(name)


def values_of(fields: dict | Character | None) -> dict:
    """The form's values for a character, for fields that are not saved yet, or for an empty form."""
    if isinstance(fields, Character):
        fields = fields.model_dump()
    fields = fields or {}
    flat = {**fields, **fields.get("persona", {}), **fields.get("appearance", {})}
    values = {name: flat.get(name, default_of(name)) for name in (*PROFILE, *PERSONA, *APPEARANCE)}
    return {
        name: ", ".join(value) if name in LISTS and not isinstance(value, str) else value
        for name, value in values.items()
    }


def time_zones() -> list[str]:
    """The time zones this machine knows, by name; just UTC where it has no list."""
    names = (
        name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))
    )
    return ["UTC", *sorted(names)]


def profile() -> dict:
    """Draw the profile and hand back its boxes by field name."""
    boxes = {}
    with gr.Row():
        boxes["name"] = gr.Textbox(
            label="Name", placeholder="Mira Lindqvist", max_length=80, elem_id="character-name", scale=2, min_width=200
        )
        boxes["pronouns"] = gr.Dropdown(
            [("Not said", ""), "she/her", "he/him", "they/them"],
            value="",
            label="Pronouns",
            allow_custom_value=True,
            min_width=120,
        )
        boxes["age"] = gr.Number(
            value=default_of("age"), label="Age", precision=0, minimum=0, maximum=130, min_width=90
        )
        boxes["adult"] = gr.Checkbox(
            label="Adult", value=False, info="A fictional person of 18 or more. Mature pictures need it.", min_width=170
        )
    boxes["bio"] = gr.Textbox(
        label="Bio",
        lines=2,
        max_lines=6,
        max_length=2000,
        placeholder="Repairs old synthesizers and photographs the sea in winter.",
        info="One or two sentences, as under a profile picture.",
    )
    with gr.Row():
        boxes["location"] = gr.Textbox(label="Location", placeholder="Gothenburg", max_length=120, min_width=180)
        boxes["time_zone"] = gr.Dropdown(
            [("Not said", ""), *time_zones()], value="", label="Time zone", allow_custom_value=True, min_width=180
        )
    boxes["interests"] = gr.Textbox(
        label="Interests", placeholder="synthesizers, winter swimming, night trains", info="Separate with commas."
    )
    with gr.Accordion("Backstory, limits and tags", open=False):
        boxes["backstory"] = gr.Textbox(label="Backstory", lines=4, max_lines=14, max_length=8000)
        boxes["taboos"] = gr.Textbox(
            label="Never talks about",
            placeholder="politics, diets",
            info="Separate with commas. Captions keep clear of these.",
        )
        boxes["tags"] = gr.Textbox(label="Tags", placeholder="music, client A", info="For your own sorting.")
    return boxes


def persona(templates: list[str]) -> tuple[gr.Radio, gr.HTML, dict]:
    """Draw the persona; hand back the template picker, where its sample sentences go, and the boxes by field name."""
    boxes = {}
    template = gr.Radio(
        templates,
        label="Start from a template",
        info="Fills the fields below; change what you like.",
        elem_id="character-template",
    )
    voice = gr.HTML("", apply_default_css=False, elem_id="character-voice")
    with gr.Row():
        with gr.Column(min_width=280):
            for name in ("extroversion", "creativity", "humor", "professionalism", "authenticity"):
                boxes[name] = gr.Slider(0, 1, value=0.5, step=0.05, label=name.capitalize(), info=TRAITS[name])
        with gr.Column(min_width=280):
            boxes["communication_style"] = gr.Dropdown(
                STYLES, value=default_of("communication_style"), label="Communication style", allow_custom_value=True
            )
            boxes["content_tone"] = gr.Dropdown(
                TONES, value=default_of("content_tone"), label="Content tone", allow_custom_value=True
            )
            boxes["topics"] = gr.Textbox(
                label="Topics", placeholder="analog sound, the sea", info="Separate with commas."
            )
            boxes["custom_instruction"] = gr.Textbox(
                label="Custom instruction",
                lines=3,
                max_lines=8,
                max_length=2000,
                placeholder="Ends posts with a question. Never uses exclamation marks.",
            )
            boxes["temperature"] = gr.Slider(
                0,
                1.5,
                value=default_of("temperature"),
                step=0.05,
                label="Temperature",
                info="How freely captions vary.",
            )
    return template, voice, boxes


def appearance(words: dict[str, tuple[str, ...]]) -> dict:
    """Draw the appearance with the words an engine knows (`EngineSpec.words`); hand back the boxes by field name."""
    gr.HTML('<p class="hint">Pick a word, or type your own, such as “green hoodie”.</p>', apply_default_css=False)
    boxes = {
        "presents_as": gr.Radio(
            [("Woman", "woman"), ("Man", "man"), ("Person", "person")],
            value="person",
            label="Shown as",
            elem_classes="segments",
        )
    }
    pairs = (("hair_color", "hair_style"), ("skin", "eyes"), ("glasses", "facial_hair"), ("clothing", "headwear"))
    for pair in pairs:
        with gr.Row():
            for name in pair:
                boxes[name] = _picker(name, words)
    with gr.Row():
        boxes["build"] = _picker("build", words)
        boxes["signature_items"] = gr.Textbox(
            label="Signature items", placeholder="gold earring, star pin", min_width=160
        )
    boxes["extra"] = gr.Textbox(label="Anything else", placeholder="freckles, looking at viewer", max_length=400)
    return boxes


def _picker(name: str, words: dict) -> gr.Dropdown:
    label = SHOWN[name]
    known = [word for word in words.get(name, OTHER_WORDS.get(name, ())) if word]
    return gr.Dropdown(
        [UNSAID, *known],
        value="",
        label=label,
        allow_custom_value=True,
        min_width=160,
    )
