"""The final prompt: order, what replaces what, nothing twice, settings, limits."""

import re
import time

import pytest

from pipelines import catalog
from studio.domain.character import Appearance, Character, Look
from studio.domain.requests import ImageRequest
from studio.errors import StudioError
from studio.services.appearance import appearance_words
from studio.services.compose import compose
from studio.services.place_words import is_plain_background, names_a_place
from studio.services.samples import sample_characters
from studio.services.surprise import surprise

SPEC = catalog.engine("starter").spec


@pytest.fixture
def mira():
    return Character(
        name="Mira",
        appearance={
            "presents_as": "woman",
            "hair_color": "red",
            "hair_style": "long",
            "glasses": "round glasses",
            "clothing": "green hoodie",
            "headwear": "black beanie",
            "signature_items": ["silver ring"],
        },
        ingredients=[
            {"kind": "wardrobe", "name": "Coat", "words": "yellow jacket"},
            {"kind": "wardrobe", "name": "Sun hat", "words": "white dress, straw hat"},
            {"kind": "place", "name": "Beach", "words": "at the beach"},
            {"kind": "mood", "name": "Happy", "words": "smiling"},
            {"kind": "mood", "name": "Coat", "words": "sad"},
        ],
        looks=[
            {"name": "Plain", "words": "plain blue background, flat illustration", "negative": "blurry", "steps": 24}
        ],
    )


def prompt(character, look=None, **fields):
    return compose(character, ImageRequest(**fields), SPEC, look).prompt


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "portrait of a person"),
        (
            {
                "presents_as": "woman",
                "hair_color": "red",
                "hair_style": "long",
                "glasses": "round glasses",
                "clothing": "green hoodie",
            },
            "portrait of a woman with long red hair, round glasses, green hoodie",
        ),
        ({"hair_style": "bob", "hair_color": "pink"}, "portrait of a person with a pink bob"),
        ({"hair_style": "dreadlocks", "hair_color": "black"}, "portrait of a person with black dreadlocks"),
        ({"hair_style": "bald head", "hair_color": "red", "build": "tall"}, "portrait of a tall bald person"),
        ({"hair_color": "blue"}, "portrait of a person with blue hair"),
        ({"hair_style": "long hair", "hair_color": "red hair"}, "portrait of a person with long red hair"),
        ({"skin": "dark", "eyes": "green"}, "portrait of a person with dark skin, green eyes"),
        (
            {"skin": "dark skin", "build": "athletic", "presents_as": "man"},
            "portrait of an athletic man with dark skin",
        ),
    ],
)
def test_an_appearance_becomes_the_words_the_card_likes(fields, words):
    """Order and phrasing of the training captions; an empty field says nothing."""
    assert appearance_words({"appearance": fields}) == words
    assert appearance_words(Appearance(**fields)) == words


def test_character_outfit_mood_words_place_and_look_in_this_order(mira):
    """Character first, then clothes, mood, the person's words, place, time, style."""
    made = prompt(
        mira, mira.looks[0], prompt="holding a coffee", outfit="Coat", place="Beach", mood="Happy", time_of_day="night"
    )
    parts = [
        "portrait of a woman with long red hair",
        "round glasses",
        "yellow jacket",
        "black beanie",
        "silver ring",
        "smiling",
        "holding a coffee",
        "at the beach",
        "at night",
        "flat illustration",
    ]
    assert made == ", ".join(parts)


def test_an_outfit_replaces_the_clothes_and_what_it_brings_along(mira):
    """An outfit replaces the clothing; one with a hat also replaces the headwear; so does "wearing …"."""
    assert "hoodie" not in prompt(mira, outfit="Coat")
    assert "beanie" in prompt(mira, outfit="Coat")
    assert "beanie" not in prompt(mira, outfit="Sun hat")
    assert "hoodie" not in prompt(mira, prompt="wearing a kimono")
    assert "hoodie" in prompt(mira, prompt="reading")
    assert "round glasses" not in prompt(mira, prop="sunglasses") or "sunglasses" in prompt(mira, prop="sunglasses")


def test_a_place_replaces_a_plain_background(mira):
    """A picked place, or one in the person's words, leaves no plain background of the look."""
    assert "plain blue background" in prompt(mira, mira.looks[0])
    assert "plain blue background" not in prompt(mira, mira.looks[0], place="Beach")
    assert "plain blue background" not in prompt(mira, mira.looks[0], prompt="at the beach")
    assert "plain red background" in prompt(mira, mira.looks[0], place="plain red background")


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        ("plain blue background", True),
        ("white background", True),
        ("blue studio backdrop", True),
        ("on a red background", True),
        ("soft teal gradient background", True),
        ("beach background", False),
        ("in the city", False),
        ("", False),
    ],
)
def test_plain_backgrounds_are_told_from_places(words, plain):
    """Only a background that is nothing but colour gives way."""
    assert is_plain_background(words) is plain


@pytest.mark.parametrize(
    ("words", "somewhere"),
    [
        ("reading in a park", True),
        ("in the middle of a busy night market", True),
        ("smiling, on a beach", True),
        ("walking through the woods", True),
        ("outdoors, at sunset", True),
        ("in a red hoodie", False),
        ("on her phone, in love", False),
        ("a city girl", False),
        ("holding flowers", False),
        ("", False),
    ],
)
def test_typed_places_are_known(words, somewhere):
    """Where something happens is told from what is worn, held and felt."""
    assert names_a_place(words) is somewhere


def test_a_typed_place_takes_the_plain_background_s_place(mira):
    """The look's plain background goes when the words say where; it stays when they do not."""
    look = Look(name="Everyday", words="plain blue background, flat illustration")
    told = lambda words: compose(mira, ImageRequest(prompt=words), SPEC, look).prompt
    assert "background" not in told("smiling, in a park")
    assert "plain blue background" in told("smiling, in a red hoodie")


def test_names_ids_kinds_and_free_words(mira):
    """An ingredient is found by id or name within its own kind; anything else is words."""
    coat = mira.ingredients[0]
    assert "yellow jacket" in prompt(mira, outfit=coat.id)
    assert "yellow jacket" in prompt(mira, outfit="coat")
    assert "sad" in prompt(mira, mood="Coat")
    composed = compose(mira, ImageRequest(outfit="Coat", place="on the moon"), SPEC, None)
    assert [(one["id"], one["kind"], one["words"]) for one in composed.ingredients] == [
        (coat.id, "wardrobe", "yellow jacket"),
        (None, "place", "on the moon"),
    ]


def test_nothing_is_said_twice(mira):
    """Repeated phrases, whatever their case, appear once."""
    made = prompt(mira, mira.looks[0], prompt="Smiling, long red hair, smiling , flat illustration", mood="Happy")
    assert made.lower().count("smiling") == 1
    assert made.count("long red hair") == 1
    assert made.count("flat illustration") == 1


def test_without_a_character_the_words_stand_alone():
    """No character: the prompt is the person's, and an empty one is empty."""
    assert prompt(None, prompt="a red fox,  in snow") == "a red fox, in snow"
    assert prompt(None) == ""


def test_weights_in_brackets_stay_whole():
    """Commas inside brackets do not split a weighted phrase."""
    assert prompt(None, prompt="(red hair, blue eyes:1.2), smiling") == "(red hair, blue eyes:1.2), smiling"


def test_settings_come_from_request_then_look_then_engine(mira):
    """None means: what the look says, else the engine's default."""
    look = Look(name="L", steps=24, guidance=5, negative="blurry", seed_policy="fixed", seed=9, width=256, height=320)
    made = compose(mira, ImageRequest(), SPEC, look)
    assert (made.steps, made.guidance, made.negative, made.seed) == (24, 5, "blurry", 9)
    assert (made.width, made.height, made.upscale) == (256, 320, SPEC.default_upscale)
    made = compose(mira, ImageRequest(steps=9, negative="", seed=4, width=256, height=256, upscale=4), SPEC, look)
    assert (made.steps, made.negative, made.seed, made.width, made.height, made.upscale) == (9, "", 4, 256, 256, 4)
    made = compose(mira, ImageRequest(), SPEC, None)
    assert (made.steps, made.sampler, made.seed) == (SPEC.defaults["steps"], SPEC.defaults["sampler"], None)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"width": 4096, "height": 4096}, "width"),
        ({"width": 250, "height": 256}, "width"),
        ({"width": 256, "height": 72}, "height"),
        ({"sampler": "Magic"}, "sampler"),
        ({"steps": 150}, "steps"),
    ],
)
def test_impossible_settings_are_refused_at_their_field(fields, field):
    """Absurd sizes, samplers and steps are answered before a job exists, with what to choose."""
    with pytest.raises(StudioError) as refused:
        compose(None, ImageRequest(prompt="x", **fields), SPEC, None)
    assert refused.value.field == field
    assert refused.value.hint


def test_an_untrained_size_is_warned_of():
    """A size the model was not made for is allowed and said."""
    assert compose(None, ImageRequest(prompt="x", width=512, height=512), SPEC, None).warnings
    assert not compose(None, ImageRequest(prompt="x"), SPEC, None).warnings


def test_a_long_prompt_drops_the_least_important_and_says_so(mira):
    """The person's own words and the character stay; what had to go is named."""
    mira.appearance.extra = ", ".join(f"freckle number {number}" for number in range(20))
    made = compose(mira, ImageRequest(prompt="waving from a balcony", place="Beach"), SPEC, mira.looks[0])
    assert "freckle number 19" not in made.prompt
    assert "waving from a balcony" in made.prompt
    assert "at the beach" in made.prompt
    assert any("freckle number 19" in warning for warning in made.warnings)
    long = compose(mira, ImageRequest(prompt="word " * 300), SPEC, None)
    assert any("longer" in warning for warning in long.warnings)


def test_the_estimate_is_never_shorter_than_the_models_own_count():
    """Prompts the studio lets through fit into the 64 tokens that the starter reads."""
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained("pipelines/starter/model/tokenizer")
    for seed in range(60):
        character = Character(**surprise(seed))
        request = ImageRequest(
            prompt="waving to the crowd from a balcony",
            outfit=character.ingredients[0].id,
            place=next(one.id for one in character.ingredients if one.kind == "place"),
            mood="smiling",
            time_of_day="night",
        )
        assert len(tokenizer(compose(character, request, SPEC, character.looks[1]).prompt).input_ids) <= 64


def test_composing_is_quick_enough_for_every_keystroke(mira):
    """Under 5 ms, with room to spare on a slow machine."""
    request = ImageRequest(prompt="holding a coffee, at the window", outfit="Coat", place="Beach", mood="Happy")
    started = time.perf_counter()
    for _ in range(50):
        compose(mira, request, SPEC, mira.looks[0])
    assert (time.perf_counter() - started) / 50 < 0.005


def known_words() -> set[str]:
    card = open("pipelines/starter/MODEL_CARD.md", encoding="utf-8").read()
    card = card[card.index("## Words the model knows") :]
    return set(re.findall(r"[a-z]+(?:-[a-z]+)*", card.lower())) | {"portrait", "of", "with", "a", "an"}


def test_samples_and_surprises_speak_the_starters_language():
    """Every word of looks that is invented here is one the model was trained on."""
    known = known_words()
    for character in [*sample_characters(), *(Character(**surprise(seed)) for seed in range(200))]:
        words = [
            appearance_words(character),
            *(one.words for one in character.ingredients),
            *(look.words for look in character.looks),
        ]
        said = {word for text in words for word in re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower())}
        assert said <= known, (character.name, said - known)


def test_words_the_model_never_saw_are_named():
    """A raincoat the starter cannot draw is said before it is made; words it knows pass without a remark."""
    (starter,) = catalog.specs()
    unknown = compose(None, ImageRequest(prompt="woman in a red raincoat, at the beach"), starter, None).warnings
    known = compose(None, ImageRequest(prompt="portrait of a woman with red hair, smiling"), starter, None).warnings
    assert ["raincoat" in one and "beach" not in one for one in unknown] == [True]
    assert known == ()
