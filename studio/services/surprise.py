"""Invents a whole character from a seed: who it is, how it speaks, what it looks like, wears, and where it goes.

Every word about looks is one the starter model was trained on, so the first picture shows what was invented.
"""

import random
import secrets

from studio.services.personas import templates

# (name, presents_as, pronouns, home, time zone); complexions are drawn freely, as people are.
_PEOPLE = (
    ("Mira Solano", "woman", "she/her", "Valencia", "Europe/Madrid"),
    ("Amara Okafor", "woman", "she/her", "Lagos", "Africa/Lagos"),
    ("Yuki Tanabe", "woman", "she/her", "Sapporo", "Asia/Tokyo"),
    ("Leila Haddad", "woman", "she/her", "Beirut", "Asia/Beirut"),
    ("Freya Lindqvist", "woman", "she/her", "Gothenburg", "Europe/Stockholm"),
    ("Priya Raman", "woman", "she/her", "Chennai", "Asia/Kolkata"),
    ("Inés Quispe", "woman", "she/her", "Cusco", "America/Lima"),
    ("Zofia Wrona", "woman", "she/her", "Gdańsk", "Europe/Warsaw"),
    ("Malia Kahale", "woman", "she/her", "Hilo", "Pacific/Honolulu"),
    ("Thandi Mokoena", "woman", "she/her", "Durban", "Africa/Johannesburg"),
    ("Mateo Ríos", "man", "he/him", "Bogotá", "America/Bogota"),
    ("Kwame Boateng", "man", "he/him", "Accra", "Africa/Accra"),
    ("Haruto Mori", "man", "he/him", "Kyoto", "Asia/Tokyo"),
    ("Elias Brandt", "man", "he/him", "Hamburg", "Europe/Berlin"),
    ("Tariq Aziz Rahman", "man", "he/him", "Lahore", "Asia/Karachi"),
    ("Søren Dahl", "man", "he/him", "Aarhus", "Europe/Copenhagen"),
    ("Nikau Parata", "man", "he/him", "Wellington", "Pacific/Auckland"),
    ("Luca Ferrante", "man", "he/him", "Naples", "Europe/Rome"),
    ("Joon Baek", "man", "he/him", "Busan", "Asia/Seoul"),
    ("Dmitri Volkov", "man", "he/him", "Tbilisi", "Asia/Tbilisi"),
    ("Ari Moreau", "person", "they/them", "Montréal", "America/Toronto"),
    ("Sasha Lem", "person", "they/them", "Ljubljana", "Europe/Ljubljana"),
    ("Kai Nakoa", "person", "they/them", "Vancouver", "America/Vancouver"),
    ("Noor Castellan", "person", "they/them", "Marseille", "Europe/Paris"),
)
# "dark skin" is left to people who ask for it: the first starter weights lose the eyes in it, and brown comes out deep.
_SKIN = ("fair skin", "tan skin", "brown skin", "brown skin")
_HAIR_COLORS = ("black", "brown", "blonde", "red", "orange", "gray", "white", "pink", "blue", "purple", "green")
_HAIR = {
    "woman": (
        "long straight",
        "long wavy",
        "long curly",
        "bob",
        "shoulder-length",
        "curly",
        "afro",
        "bun",
        "updo",
        "dreadlocks",
    ),
    "man": ("short", "short curly", "quiff", "buzz cut", "spiky", "shaggy", "afro", "shoulder-length", "dreadlocks"),
    "person": ("bob", "curly", "shaggy", "side-shaved long", "short", "afro", "bun", "mullet", "long wavy"),
}
_GLASSES = ("", "", "", "round glasses", "square glasses", "sunglasses")
_FACIAL_HAIR = ("", "", "a beard", "a moustache", "a long beard")
_COLORS = (
    "black",
    "white",
    "gray",
    "red",
    "orange",
    "yellow",
    "green",
    "teal",
    "blue",
    "navy",
    "purple",
    "pink",
    "brown",
)
_CLOTHES = ("hoodie", "sweater", "blazer", "overalls", "graphic t-shirt", "t-shirt", "v-neck shirt", "scoop neck top")
_LIVES = (
    {
        "interests": ("street photography", "coffee", "second-hand cameras", "rain"),
        "bio": "Takes one photograph a day and writes down why.",
        "story": "{name} inherited a camera with a roll still in it. The pictures on it were of {home}, "
        "thirty years ago, "
        "and {name} has been looking for the same corners ever since.",
        "places": ("street", "cafe", "city"),
        "things": ("camera", "coffee"),
        "taboos": ("politics",),
        "template": "The Curator",
        "tags": ("photography", "city life"),
    },
    {
        "interests": ("hiking", "maps", "wild swimming", "sourdough"),
        "bio": "Walks first, plans later. Usually has sand in at least one shoe.",
        "story": "After two years behind a desk {name} walked out of {home} with a map drawn by a neighbour. "
        "The map was wrong, "
        "the walk was not, and the notes from it became a small following.",
        "places": ("mountains", "forest", "beach"),
        "things": ("dog", "book"),
        "taboos": ("diet advice",),
        "template": "The Explorer",
        "tags": ("travel", "outdoors"),
    },
    {
        "interests": ("ceramics", "gardening", "radio plays", "tea"),
        "bio": "Makes bowls that are almost round. Grows things that are almost edible.",
        "story": "{name} shares a greenhouse studio in {home} with a tortoise and a kiln that only works on Sundays. "
        "Every bowl gets a name, and the ones that crack get two.",
        "places": ("garden", "kitchen", "sunset"),
        "things": ("flowers", "cat"),
        "taboos": ("religion",),
        "template": "The Storyteller",
        "tags": ("craft", "slow living"),
    },
    {
        "interests": ("running", "mobility training", "cooking", "podcasts"),
        "bio": "Trains people who think they cannot be trained. Rest days are sacred.",
        "story": "An injury ended the racing and began the teaching. {name} now meets a dozen beginners at "
        "dawn in {home}, "
        "and counts it a good week when somebody forgets to be nervous.",
        "places": ("gym", "beach", "kitchen"),
        "things": ("headphones", "phone"),
        "taboos": ("body shaming", "miracle cures"),
        "template": "The Coach",
        "tags": ("fitness", "wellbeing"),
    },
    {
        "interests": ("improv theatre", "thrift shops", "karaoke", "house plants"),
        "bio": "Professionally unserious. Owns eleven plants and has apologised to nine.",
        "story": "{name} moved to {home} for a job that turned out not to exist, told the story on an open stage, "
        "and has not had to look for another job since.",
        "places": ("stage", "home", "street"),
        "things": ("phone", "coffee"),
        "taboos": ("mean jokes",),
        "template": "The Comedian",
        "tags": ("comedy", "everyday"),
    },
    {
        "interests": ("architecture", "typography", "chess", "long trains"),
        "bio": "Builds small houses and short sentences.",
        "story": "{name} runs a two-person studio in {home} that repairs old buildings instead of replacing them, "
        "and explains each decision in public, the mistakes included.",
        "places": ("office", "library", "city"),
        "things": ("laptop", "coffee"),
        "taboos": ("client names",),
        "template": "The Professional",
        "tags": ("design", "work"),
    },
    {
        "interests": ("astronomy", "science fiction", "synthesizers", "night walks"),
        "bio": "Looks up a lot. Bumps into things a lot.",
        "story": "{name} spent a winter as the night guide of a small observatory near {home}. The telescope "
        "is closed now, "
        "the stories about what one sees from it are not.",
        "places": ("space", "night", "mountains"),
        "things": ("headphones", "book"),
        "taboos": ("horoscopes",),
        "template": "The Storyteller",
        "tags": ("science", "night"),
    },
    {
        "interests": ("bookshops", "baking", "letters on paper", "cats"),
        "bio": "Reads the last page last, on principle.",
        "story": "{name} keeps a lending shelf in a bakery in {home}: take a book, leave a note for whoever "
        "comes next. "
        "The notes turned out better than the books.",
        "places": ("library", "kitchen", "garden"),
        "things": ("book", "cat"),
        "taboos": ("spoilers",),
        "template": "The Curator",
        "tags": ("books", "cosy"),
    },
)
_PLACES = {
    "beach": ("The beach", "at the beach"),
    "city": ("Downtown", "in the city"),
    "mountains": ("The high trail", "in the mountains"),
    "forest": ("The woods", "in the forest"),
    "night": ("Under the stars", "at night, starry night background"),
    "cafe": ("The corner cafe", "in a cafe"),
    "library": ("The library", "in a library"),
    "garden": ("The garden", "in a garden"),
    "snow": ("First snow", "in the snow"),
    "sunset": ("Sunset", "at sunset"),
    "space": ("Among planets", "in space"),
    "street": ("The old street", "in the street"),
    "kitchen": ("The kitchen", "in the kitchen"),
    "office": ("The studio desk", "in the office"),
    "stage": ("The small stage", "on stage"),
    "gym": ("The gym", "at the gym"),
    "home": ("At home", "in the bedroom"),
}
_MOODS = (
    ("Happy", "smiling"),
    ("Focused", "serious"),
    ("Amazed", "surprised"),
    ("Cheeky", "winking"),
    ("In love", "heart eyes"),
    ("Sleepy", "eyes closed"),
    ("Silly", "tongue out"),
)
_HATS = ("beanie", "hat", "winter hat", "cat ear beanie", "flower crown", "turban")
_THINGS = {
    "coffee": ("Coffee", "holding a cup of coffee"),
    "phone": ("Phone", "holding a phone"),
    "book": ("A good book", "reading a book"),
    "camera": ("The camera", "holding a camera"),
    "headphones": ("Headphones", "wearing headphones"),
    "flowers": ("Flowers", "holding flowers"),
    "laptop": ("The laptop", "with a laptop"),
    "cat": ("The cat", "with a cat"),
    "dog": ("The dog", "with a dog"),
}


def surprise(seed: int | None = None) -> dict:
    """The fields of a character, ready for `create`. The same seed gives the same fields; None draws one."""
    draw = random.Random(seed if seed is not None else secrets.randbits(32))
    name, presents_as, pronouns, home, time_zone = draw.choice(_PEOPLE)
    life = draw.choice(_LIVES)
    first = name.split()[0]
    color = draw.choice(_COLORS)
    garments = draw.sample(_CLOTHES, 4)
    colors = [one for one in draw.sample(_COLORS, len(_COLORS)) if one != color]
    persona = templates()[life["template"]]
    for trait in ("extroversion", "creativity", "humor", "professionalism", "authenticity"):
        persona[trait] = round(min(1.0, max(0.0, persona[trait] + draw.uniform(-0.1, 0.1))), 2)
    glasses, skin = draw.choice(_GLASSES), draw.choice(_SKIN)
    facial_hair = draw.choice([one for one in _FACIAL_HAIR if skin != "brown skin" or "beard" not in one])
    wardrobe = [f"{tint} {garment}" for tint, garment in zip(colors, garments[1:], strict=False)][: draw.choice((2, 3))]
    places = list(life["places"])[: draw.choice((2, 3))]
    hat = draw.choice(_HATS)
    props = [(hat.capitalize(), hat), *(_THINGS[one] for one in life["things"])]
    moods = [_MOODS[0], *draw.sample(_MOODS[1:], 2)]
    return {
        "name": name,
        "pronouns": pronouns,
        "age": draw.randint(21, 58),
        "bio": life["bio"],
        "location": home,
        "time_zone": time_zone,
        "interests": list(life["interests"]),
        "backstory": life["story"].format(name=first, home=home),
        "taboos": list(life["taboos"]),
        "tags": list(life["tags"]),
        "persona": persona | {"topics": list(dict.fromkeys([*life["interests"][:2], *persona["topics"][:3]]))},
        "appearance": {
            "presents_as": presents_as,
            "skin": skin,
            "hair_color": draw.choice(_HAIR_COLORS),
            "hair_style": draw.choice(_HAIR[presents_as]),
            "glasses": glasses,
            "facial_hair": facial_hair if presents_as == "man" else "",
            "clothing": f"{color} {garments[0]}",
        },
        "ingredients": [
            *[{"kind": "wardrobe", "name": words.capitalize(), "words": words} for words in wardrobe],
            *[{"kind": "place", "name": _PLACES[one][0], "words": _PLACES[one][1]} for one in places],
            *[{"kind": "prop", "name": called, "words": words} for called, words in props],
            *[{"kind": "mood", "name": called, "words": words} for called, words in moods],
        ],
        "looks": looks(draw.choice(("gray", "teal", "pink", "yellow", "purple", "orange", "green"))),
    }


def looks(color: str) -> list[dict]:
    """Looks in words the starter knows: an everyday one (default), a studio one in `color`, and other styles.

    Both name a background, which a place replaces: without any the starter paints clouds of colour.
    """
    negative = "blurry, low quality, deformed, watermark, text"
    return [
        {
            "name": "Everyday",
            "words": "plain blue background, flat illustration",
            "negative": negative,
            "default": True,
        },
        {
            "name": f"{color.capitalize()} studio",
            "words": f"plain {color} background, flat illustration, clean lines",
            "negative": negative,
        },
        {"name": "Storybook", "words": "plain blue background, cartoon style", "negative": negative},
        {"name": "Ink", "words": f"plain {color} background, ink drawing", "negative": negative},
    ]
