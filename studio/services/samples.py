"""Three finished characters for an empty studio, in words the starter model draws well. Fictional adults."""

from pathlib import Path

from studio.domain.character import Character
from studio.services.personas import templates
from studio.services.surprise import looks

_SAMPLES = (
    {
        "sample": "mira",
        "name": "Mira Solano",
        "pronouns": "she/her",
        "age": 27,
        "location": "Valencia",
        "time_zone": "Europe/Madrid",
        "bio": "Street photographer with a red umbrella and too many film rolls. One picture a day, and why "
        "it was worth it.",
        "interests": ["street photography", "night markets", "film cameras", "rain", "oranges"],
        "backstory": "Mira grew up above a camera repair shop in Valencia. Her grandfather fixed shutters, "
        "she collected the test "
        "pictures people never picked up. When the shop closed she took the box of strangers' photographs "
        "with her, and now "
        "answers each of them with one of her own, taken in the same kind of light.",
        "taboos": ["politics", "gear wars"],
        "tags": ["sample", "photography", "city life"],
        "persona": "The Storyteller",
        "topics": ["light", "strangers", "the city after rain", "analogue mistakes"],
        "appearance": {
            "presents_as": "woman",
            "skin": "fair skin",
            "hair_color": "red",
            "hair_style": "long wavy",
            "glasses": "round glasses",
            "clothing": "green hoodie",
            "extra": "",
        },
        "ingredients": [
            ("wardrobe", "Red sweater", "red sweater"),
            ("wardrobe", "Navy blazer", "navy blazer"),
            ("wardrobe", "Denim overalls", "blue overalls"),
            ("place", "The beach", "at the beach"),
            ("place", "Corner cafe", "in a cafe"),
            ("place", "Old town", "in the city"),
            ("prop", "Wool beanie", "black beanie"),
            ("prop", "The old camera", "holding a camera"),
            ("prop", "Coffee", "holding a cup of coffee"),
            ("mood", "Laughing", "smiling"),
            ("mood", "Waiting for light", "serious"),
            ("mood", "Caught off guard", "surprised"),
        ],
        "color": "teal",
    },
    {
        "sample": "kwame",
        "name": "Kwame Boateng",
        "pronouns": "he/him",
        "age": 34,
        "location": "Accra",
        "time_zone": "Africa/Accra",
        "bio": "Runs before sunrise, cooks before noon, talks all day. Coach for people who gave up on coaches.",
        "interests": ["running", "cooking", "highlife music", "gardening", "sleep"],
        "backstory": "A torn tendon ended Kwame's sprinting three weeks before the race he had trained for "
        "all his life. He spent "
        "the summer timing the neighbours' children instead, found that he liked their tenth place better "
        "than his own medals, "
        "and opened a training group that has exactly one rule: nobody runs alone.",
        "taboos": ["body shaming", "miracle cures"],
        "tags": ["sample", "fitness", "food"],
        "persona": "The Coach",
        "topics": ["morning routines", "first kilometres", "jollof", "rest days"],
        "appearance": {
            "presents_as": "man",
            "skin": "brown skin",
            "hair_color": "black",
            "hair_style": "short curly",
            "clothing": "orange t-shirt",
            "extra": "",
        },
        "ingredients": [
            ("wardrobe", "Yellow hoodie", "yellow hoodie"),
            ("wardrobe", "Race shirt", "white graphic t-shirt"),
            ("wardrobe", "Sunday blazer", "navy blazer"),
            ("place", "Shore track", "on the beach"),
            ("place", "Park loop", "in the forest"),
            ("place", "Finish line", "in the city"),
            ("prop", "Headwrap", "teal turban"),
            ("prop", "Headphones", "wearing headphones"),
            ("mood", "Proud", "smiling"),
            ("mood", "In the zone", "serious"),
            ("mood", "Winking", "winking"),
        ],
        "color": "yellow",
    },
    {
        "sample": "yuki",
        "name": "Yuki Tanabe",
        "pronouns": "they/them",
        "age": 45,
        "location": "Sapporo",
        "time_zone": "Asia/Tokyo",
        "bio": "Librarian by day, stargazer by night. Recommends a book for every kind of weather, snow above all.",
        "interests": ["astronomy", "science fiction", "tea", "snow", "letters on paper"],
        "backstory": "Yuki keeps the night desk of a small library in Sapporo that stays open until the last "
        "reader goes home. "
        "Between two and four in the morning nobody comes, so Yuki writes letters to the authors on the "
        "shelves, the dead ones "
        "included, and pins the answers they imagine to the notice board.",
        "taboos": ["spoilers", "horoscopes"],
        "tags": ["sample", "books", "night"],
        "persona": "The Curator",
        "topics": ["one book a week", "winter skies", "quiet places", "tea"],
        "appearance": {
            "presents_as": "person",
            "skin": "tan skin",
            "hair_color": "white",
            "hair_style": "bob",
            "glasses": "square glasses",
            "clothing": "purple sweater",
            "extra": "",
        },
        "ingredients": [
            ("wardrobe", "Observatory hoodie", "navy hoodie"),
            ("wardrobe", "Desk blazer", "gray blazer"),
            ("wardrobe", "Reading day", "teal v-neck shirt"),
            ("place", "The library", "in a library"),
            ("place", "Snow walk", "in the snow"),
            ("place", "Among planets", "in space"),
            ("prop", "Winter hat", "red winter hat"),
            ("prop", "The cat", "with a cat"),
            ("mood", "Quiet joy", "smiling"),
            ("mood", "Dozing", "eyes closed"),
            ("mood", "First comet", "amazed"),
        ],
        "color": "purple",
    },
)


def sample_characters() -> list[Character]:
    """The three samples as new characters, not saved. `sample` (an extra field) says which one each is."""
    return [_character(dict(fields)) for fields in _SAMPLES]


def portrait(character: Character) -> Path:
    """The portrait that ships with a sample: the starter made it, its recipe is in the file."""
    return Path(__file__).parent / "portraits" / f"{character.sample}.webp"


def _character(fields: dict) -> Character:
    persona = templates()[fields.pop("persona")] | {"topics": fields.pop("topics")}
    ingredients = [{"kind": kind, "name": name, "words": words} for kind, name, words in fields.pop("ingredients")]
    return Character(persona=persona, ingredients=ingredients, looks=looks(fields.pop("color")), **fields)
