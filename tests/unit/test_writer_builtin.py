"""The built-in writer: voices that differ, captions that repeat only when asked to, and nothing invented."""

import itertools
import re

import pytest

from benchmarks import writers as benchmark
from studio.domain.asset import Asset, Recipe
from studio.domain.character import Appearance, Character, Ingredient, Persona
from studio.domain.persona_words import COMMUNICATION_STYLES, CONTENT_TONES
from studio.domain.requests import CaptionRequest
from studio.errors import StudioError
from studio.writers.builtin import _ROLES, BuiltIn, _lines
from studio.writers.scene import scene_of, with_article

WRITER = BuiltIn()
EMOJI = re.compile("[\U0001f300-\U0001faff☀-➿❤]")
WHO = "Illustration of Mira Vale, a woman with long red hair and round glasses"
SLANG = re.compile(r"\b(?:lowkey|kinda|gonna|fit|vibes|yay|okay)\b", re.IGNORECASE)


def mira(**persona) -> Character:
    return Character(
        id="c1",
        name="Mira Vale",
        location="Lisbon, Portugal",
        interests=["vinyl records", "photography", "swimming"],
        persona=Persona(**{"topics": ["street food", "night trains", "old maps"]} | persona),
        appearance=Appearance(presents_as="woman", hair_style="long", hair_color="red", glasses="round glasses"),
        ingredients=[
            Ingredient(id="i1", kind="wardrobe", name="Red raincoat", words="red raincoat, hood"),
            Ingredient(id="i2", kind="place", name="Night market", words="night market, lanterns"),
            Ingredient(id="i3", kind="place", name="Corner cafe", words="in a cafe"),
        ],
    )


def asset(**recipe) -> Asset:
    usual = {"engine": "starter", "outfit": "i1", "place": "i2", "mood": "laughing", "time_of_day": "night"}
    return Asset(id="a1", file="a.png", width=1, height=1, recipe=Recipe(**usual | recipe))


def captions(character=None, assets=None, **request):
    request = {"count": 5, "seed": 0} | request
    wanted = CaptionRequest(character_id="c1", asset_ids=["a1"], **request)
    return WRITER.write(character or mira(), assets or [asset()], wanted)


def texts(seeds=10, character=None, assets=None, **request) -> list[str]:
    return [one.text for seed in range(seeds) for one in captions(character, assets, seed=seed, **request)]


def share(pattern, found: list[str]) -> float:
    return sum(bool(re.search(pattern, text)) for text in found) / len(found)


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{4,}", text.lower()))


def sentences(text: str) -> set[str]:
    return {one.strip() for one in re.split(r"(?<=[.!?])\s+|\n", text) if len(one.split()) > 3}


@pytest.mark.parametrize("style", ["friendly", "poetic", "direct"])
@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.5])
def test_no_two_variants_are_alike(style, temperature):
    """Ten variants share no sentence, and no pair shares half of its words: not the same lines reordered."""
    for seed in range(4):
        found = [
            one.text for one in captions(mira(communication_style=style, temperature=temperature), count=10, seed=seed)
        ]
        for a, b in itertools.combinations(found, 2):
            assert not sentences(a) & sentences(b)
            assert len(words(a) & words(b)) <= 0.5 * len(words(a) | words(b)), (a, b)


def test_the_same_request_gives_the_same_captions_and_another_seed_others():
    """Seeded: repeatable to the letter, hashtags included; a new seed gives new texts."""
    assert captions(seed=3) == captions(seed=3)
    first, second = ({one.text for one in captions(seed=seed)} for seed in (3, 4))
    assert not first & second
    assert [one.text for one in captions(count=3)] == [one.text for one in captions(count=5)][:3]


def test_fifty_captions_do_not_feel_canned():
    """Fifty captions are fifty texts with at least thirty openings and lengths from a line to a paragraph."""
    found = texts(10)
    assert len(set(found)) == 50
    assert len({" ".join(text.split()[:4]) for text in found}) >= 30
    assert min(map(len, found)) < 80
    assert max(map(len, found)) > 160
    assert 0.15 < share(r"\?", found) < 0.85


def test_the_picture_decides_the_words():
    """Outfit or place of the recipe appear in most captions, by their names and not by their ids."""
    found = texts(8)
    assert share(r"(?i)night market|raincoat|red\b|street food|vinyl|photo|night", found) > 0.9
    assert share(r"(?i)night market|raincoat", found) > 0.6
    assert not share(r"\bi1\b|\bi2\b|lanterns", found)
    cafe = texts(4, assets=[asset(place="i3", outfit="green hoodie", time_of_day="")])
    assert share(r"(?i)corner cafe|hoodie|green", cafe) > 0.5
    assert not share(r"(?i)raincoat|market", cafe)


def test_every_variant_speaks_in_the_first_person():
    """Never about the character from outside."""
    found = texts(8)
    assert share(r"(?i)\b(?:i|me|my)\b", found) > 0.9
    assert not share(r"Mira (?:is|has|loves)", found)


def test_outgoing_characters_exclaim_and_address_the_audience_and_quiet_ones_do_not():
    """Extroversion is heard in exclamation marks and in "you"."""
    loud, quiet = (texts(8, mira(extroversion=value, professionalism=0.3)) for value in (1.0, 0.0))
    assert share("!", loud) > 0.5
    assert share("!", quiet) == 0
    assert share(r"(?i)\byou", loud) > 1.3 * share(r"(?i)\byou", quiet)
    assert share(EMOJI, loud) > share(EMOJI, quiet)


def test_humor_brings_jokes():
    """With humor at its height most captions hold a line of the joke book, without it none does."""
    jokes = [re.split(r"[{\[]", line.text)[0][:18] for line in _lines()["joke"]]
    jokes = "(?i)" + "|".join(re.escape(start.replace("I am", "I'm")) for start in jokes if len(start) > 7)
    funny, earnest = (texts(8, mira(humor=value, communication_style="friendly")) for value in (1.0, 0.0))
    assert share(jokes, funny) > 0.4
    assert share(jokes, earnest) < 0.05


def test_professional_characters_use_neither_slang_nor_emoji_nor_contractions():
    """Professionalism is heard in whole words; its absence in slang."""
    proper, loose = (texts(8, mira(professionalism=value, communication_style="friendly")) for value in (1.0, 0.0))
    assert share(SLANG, proper) == 0
    assert share(EMOJI, proper) == 0
    assert share(r"\b(?:I'm|don't|it's|can't)\b", proper) == 0
    assert share(SLANG, loose) > 0
    assert share(EMOJI, loose) > 0.3


def test_authenticity_brings_admissions_and_creativity_imagery():
    """Both traits change how often their kinds of lines are used."""
    admissions = (
        "Truth is|honest|Confession|admit|Between us|still learning|overthink|figured out|perfect|not sure|braver"
    )
    assert share(admissions, texts(10, mira(authenticity=1.0))) > 2 * share(
        admissions, texts(10, mira(authenticity=0.0))
    )
    imagery = (
        "like a|like the|lies there|were a sound|comma|needle|brushstroke|holds its breath|punctuation|kites|practised"
    )
    assert share(imagery, texts(10, mira(creativity=1.0))) > 2 * share(imagery, texts(10, mira(creativity=0.0)))


@pytest.mark.parametrize("style", COMMUNICATION_STYLES)
def test_every_style_has_lines_of_its_own(style):
    """A style changes what is said: most sets of five hold a line that only this style has."""
    own = [line for role in _lines().values() for line in role if line.styles == {style}]
    assert len(own) >= 8
    found = texts(6, mira(communication_style=style))
    usual = texts(6, mira(communication_style="friendly" if style != "friendly" else "direct"))
    assert len(set(found) & set(usual)) <= 2


@pytest.mark.parametrize("tone", CONTENT_TONES)
def test_every_tone_has_lines_of_its_own(tone):
    """A tone is heard too."""
    own = [line for role in _lines().values() for line in role if line.tones == {tone}]
    assert len(own) >= 4


def test_a_higher_temperature_spreads_the_words_wider():
    """More different sentences in a hundred captions."""
    cold, hot = (set().union(*map(sentences, texts(20, mira(temperature=value)))) for value in (0.0, 1.5))
    assert len(hot) > len(cold)


def test_a_style_in_a_persons_own_words_is_understood():
    """ "Sarcastic and dry" is witty, an unknown style is friendly, and neither fails."""
    assert texts(1, mira(communication_style="sarcastic and dry")) == texts(1, mira(communication_style="witty"))
    assert texts(1, mira(communication_style="zxcv")) == texts(1, mira(communication_style="friendly"))
    for said, meant in (("calm", "laid-back"), ("expert", "teaching")):
        assert texts(1, mira(communication_style=said)) == texts(1, mira(communication_style=meant))


def test_taboos_are_never_touched():
    """No form of a taboo word in text, hashtags or alt text, also when it is a topic or the outfit."""
    character = mira(topics=["red wine", "night trains"])
    character.taboos = ["wine", "never talk about raincoats", "vinyl records", "politics"]
    for seed in range(8):
        for one in captions(character, seed=seed):
            whole = f"{one.text} {' '.join(one.hashtags)} {' '.join(one.alt_text.values())}".lower()
            assert not re.search(r"wine|raincoat|vinyl", whole), whole


def test_taboos_that_leave_nothing_still_give_a_caption():
    """Even when every common word is forbidden something short comes back, and never the same twice."""
    character = mira()
    character.taboos = ["the", "a", "I", "my", "and", "is", "to", "of", "in", "it", "me", "you", "this"]
    found = captions(character, count=10)
    assert all(one.text.strip() for one in found)
    assert len({one.text for one in found}) == 10
    assert not share(r"(?i)\b(?:the|my|me|you)\b", [one.text for one in found])


def test_wished_words_that_touch_a_taboo_are_refused():
    """The person is told instead of being overruled silently."""
    character = mira()
    character.taboos = ["politics"]
    with pytest.raises(StudioError, match="does not talk about that"):
        captions(character, words="something about politics")


@pytest.mark.parametrize(
    ("instruction", "absent", "present"),
    [
        ("No emoji, please.", EMOJI, None),
        ("Never ask questions. No exclamation marks!", r"[?!]", None),
        ("Always mention the newsletter.", None, r"(?i)newsletter"),
        ("Sign off with “Yours, M.”", None, r"Yours, M\.$"),
        ("lowercase only", r"[A-Z]", None),
        ("End with a question.", None, r"\?"),
        ("Begin in the middle of a scene and end with a thought that stays.", r"a thought that stays", None),
        ("Say where the path starts.", r"where the path", None),
        ("Never mention photography.", r"(?i)photograph", None),
    ],
)
def test_simple_wishes_are_followed(instruction, absent, present):
    """Recognised directives of the custom instruction hold for every caption; other prose is not parroted."""
    found = texts(4, mira(extroversion=0.9, professionalism=0.2, custom_instruction=instruction))
    assert not absent or not share(absent, found), found
    assert not present or share(present, found) == 1, found


def test_short_is_short_and_no_hashtags_means_none():
    """Wishes beside the request count as well."""
    usual, short = texts(5), texts(5, words="short")
    assert sum(map(len, short)) < 0.65 * sum(map(len, usual))
    assert all(one.hashtags == [] for one in captions(words="no hashtags"))


def test_words_of_the_request_are_said():
    """Fragments are mentioned, sentences given whole, wishes obeyed and not repeated."""
    for text in texts(3, words="the new raincoat, a question"):
        assert "the new raincoat" in text.lower()
        assert "a question" not in text
        assert "?" in text
    assert not any("a question" in text for text in texts(3, words="the new raincoat, always ask a question"))
    for text in texts(3, words="The book fair opens on Friday. No emoji."):
        assert "The book fair opens on Friday." in text
        assert "emoji" not in text.lower()


def test_hashtags_are_tags():
    """CamelCase without spaces, each once, at most twelve, from picture and profile, and openly a virtual creator."""
    for seed in range(10):
        for one in captions(seed=seed):
            assert 4 <= len(one.hashtags) <= 12
            assert len({tag.lower() for tag in one.hashtags}) == len(one.hashtags)
            assert all(re.fullmatch(r"#[^\W_]+", tag) and tag[1] == tag[1].upper() for tag in one.hashtags)
            assert {"#NightMarket", "#RedRaincoat", "#VirtualCreator", "#MadeWithAI"} <= set(one.hashtags)


def test_hostile_profiles_are_written_about_all_the_same():
    """Braces, markup, right-to-left text, emoji and 300 characters neither break the grammar nor leak it."""
    character = mira(topics=["{where}", "<script>alert(1)</script>", "x" * 300, "‏שלום‏", "🦊🦊", "[a|b]", "%s {0}"])
    character.name = "../../CON <b>{name}</b> " + "ü" * 40
    character.interests = ["\\1", "new\nline", ""]
    character.ingredients[0].name = "Ré{d} “coat” <i>"
    for one in captions(character, count=10):
        assert one.text.strip()
        assert len(one.text) < 1500
        assert all(re.fullmatch(r"#[^\W_]+", tag) for tag in one.hashtags)
    bare = Character(id="c1", name="X", persona=Persona(topics=[], communication_style="", content_tone=""))
    assert len({one.text for one in captions(bare, [asset(outfit=None, place=None, mood=None, time_of_day="")])}) == 5


def test_several_pictures_are_spoken_of_as_several():
    """A set of three may be called three; every picture has its alt text."""
    assets = [asset(), asset(place="i3"), asset(mood="calm")]
    for number, one in enumerate(assets):
        one.id = f"a{number}"
    found = captions(assets=assets, count=10)
    assert any("three" in one.text.lower() for one in found)
    assert set(found[0].alt_text) == {"a0", "a1", "a2"}


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        (
            {},
            f"{WHO}, in a red raincoat, at a night market. She is laughing.",
        ),
        (
            {
                "place": "i3",
                "outfit": "black boots",
                "mood": "calm",
                "prop": "an old map",
                "time_of_day": "golden hour",
            },
            f"{WHO}, in black boots, in a cafe in golden light. She looks calm, with an old map.",
        ),
        (
            {"place": "plain teal background", "mood": "eyes closed", "time_of_day": "", "prop": "black beanie"},
            f"{WHO}, in a red raincoat and a black beanie, against a plain teal background. She has closed eyes.",
        ),
        (
            {"outfit": None, "place": None, "mood": None, "time_of_day": "", "words": "reading a book, at the beach"},
            f"{WHO}, at the beach. She is reading a book.",
        ),
    ],
)
def test_alt_text_says_what_is_to_be_seen(recipe, text):
    """One or two plain sentences: who, how she looks, what she wears, where, what she does."""
    assert captions(assets=[asset(**recipe)])[0].alt_text["a1"] == text


def test_alt_text_leaves_out_what_the_engine_cannot_draw():
    """Words it never learned are not to be seen, wherever they come from; the rest is told as ever."""
    told = captions(assets=[asset(unlearned=["market", "laughing", "round"])])[0].alt_text["a1"]
    assert told.startswith("Illustration of Mira Vale, a woman with long red hair, in a red raincoat")
    assert not re.search("market|laughing|glasses", told)


def test_alt_text_is_short_and_never_claims_a_drawing_is_a_photograph():
    """Under 250 characters whatever the profile says; the medium follows recipe and engine."""
    character = mira()
    character.name = "N" * 80
    character.appearance.hair_style = "very " * 15 + "long"
    assert len(captions(character)[0].alt_text["a1"]) < 250
    assert (
        captions(assets=[asset(engine="sdxl", words="photo of a street")])[0].alt_text["a1"].startswith("AI-made photo")
    )
    assert captions(assets=[asset(words="a photograph")])[0].alt_text["a1"].startswith("Illustration of")
    assert captions(assets=[asset(words="pixel art")])[0].alt_text["a1"].startswith("Pixel art of")


def test_a_picture_brought_in_is_described_by_its_description_or_tags():
    """Without a recipe nothing is made up."""
    one = asset()
    one.recipe, one.imported = Recipe(), True
    assert captions(assets=[one])[0].alt_text["a1"] == "Picture of Mira Vale."
    one.tags = ["rooftop", "blue hour"]
    assert captions(assets=[one])[0].alt_text["a1"] == "Picture of Mira Vale: rooftop, blue hour."
    one.description = "Mira waves from a roof"
    assert captions(assets=[one])[0].alt_text["a1"] == "Mira waves from a roof."


@pytest.mark.parametrize(
    ("name", "drawn_from", "where"),
    [
        ("The beach", "at the beach", "at the beach"),
        ("Corner cafe", "in a cafe", "in the corner cafe"),
        ("Old town", "in the city", "in the old town"),
        ("Finish line", "in the city", "at the finish line"),
        ("Among planets", "in space", "among planets"),
        ("Sunset", "at sunset", "at sunset"),
        ("Downtown", "in the city", "downtown"),
        ("The high trail", "in the mountains", "on the high trail"),
        ("Lisbon", "city skyline", "in Lisbon"),
        ("Café Luna", "in a cafe", "at Café Luna"),
    ],
)
def test_places_are_spoken_of_as_people_do(name, drawn_from, where):
    """The person's own name of a place gets its preposition and article."""
    character = mira()
    character.ingredients.append(Ingredient(id="i9", kind="place", name=name, words=drawn_from))
    assert scene_of(asset(place="i9"), character).where == where


@pytest.mark.parametrize(
    ("noun", "text"),
    [
        ("red raincoat", "a red raincoat"),
        ("old map", "an old map"),
        ("black boots", "black boots"),
        ("dress", "a dress"),
        ("unicorn hat", "a unicorn hat"),
        ("a scarf", "a scarf"),
        ("jeans and a shirt", "jeans and a shirt"),
        ("", ""),
    ],
)
def test_articles_fit(noun, text):
    """A, an, or none."""
    assert with_article(noun) == text


def test_no_caption_shows_the_grammar():
    """In five hundred captions no slot, bracket, double space or stray mark is left."""
    for style, tone in zip(COMMUNICATION_STYLES, itertools.cycle(CONTENT_TONES), strict=False):
        for text in texts(8, mira(communication_style=style, content_tone=tone, extroversion=0.8)):
            assert not re.search(r"[{}\[\]|]|  |\.\.|\s[.,!?]|::|\ba a\b|\bthe the\b|\bmy my\b|!\.", text), text


def test_the_material_is_large_and_each_line_is_there_once():
    """Hundreds of lines, none doubled."""
    found = [line.text for role in _ROLES for line in _lines()[role]]
    assert len(found) > 400
    assert len(found) == len(set(found))


def test_six_voices_share_no_sentences_and_are_told_apart():
    """The benchmark in small: of 180 captions fewer than 2 % share a sentence, none begins like one of fifty before,
    and a classifier trained on one half tells voices apart on the other far above chance."""
    found = benchmark.written(180, 5)
    assert benchmark.shared(found)[0] / len(found) < 0.02
    assert benchmark.repeated_openings(found) == 0
    assert benchmark.told_apart(found) > 0.45
