"""Whether words say where something happens: then a plain background that a look brings makes way for it."""

import re

# Nouns that are a place after a preposition; plurals by rule. Things one wears, holds or feels are left out on purpose:
# "in a hood", "on the phone", "in love" say nothing about a place.
PLACES = frozenset(
    """
    airport alley apartment aquarium arcade arena attic balcony bakery bar barn basement bathroom bay beach bedroom
    boat bookshop bookstore boulevard bridge bus cafe café canyon car castle cathedral cave church cinema city
    classroom cliff club coast concert corridor country courtyard creek desert diner dock dunes elevator factory
    farm farmhouse fair festival field forest fountain funfair gallery garage garden greenhouse gym hall hallway
    harbor harbour highway hill home hospital hotel house island jungle kitchen laboratory lab lake lawn library
    lighthouse lobby loft mall market meadow monastery mountain museum night nightclub ocean office orchard palace
    park path patio peak pier plane plaza pool porch port pub quay railway rainforest restaurant river road room
    roof rooftop ruins school sea seaside shop shore shrine sidewalk skatepark snow space spaceship square stadium
    stage stairs staircase station store stream street studio subway sunset sunrise supermarket swamp temple tent
    terrace theater theatre tower town train trail tunnel university valley vehicle veranda village vineyard volcano
    warehouse water waterfall window woodland woods workshop yacht yard zoo
    """.split()
)
# Plain colours only: "beach background" is a place of its own.
_PLAIN = frozenset(
    "white gray grey black red orange yellow green teal turquoise blue navy purple pink brown gold beige cream "
    "pastel light dark gradient studio plain solid simple soft blank neutral on a an".split()
)
_ALONE = frozenset("outdoors outside underwater backstage downtown".split())
_BEFORE = frozenset(
    "in at on by near inside under along through across beside above over into onto behind amid among".split()
)
_BETWEEN = 6  # "in the middle of a busy night market": words that may stand between the two


def names_a_place(text: str) -> bool:
    """True for "reading in a park", "on the night market", "outdoors"; not for "in a red hoodie" or "a city girl"."""
    for part in re.split(r"[,;.\n]", text.casefold()):
        words = re.findall(r"[^\W\d_]+", part)
        since = None  # words since the last preposition
        for word in words:
            if word in _ALONE:
                return True
            if word in _BEFORE:
                since = 0
            elif since is not None:
                since += 1
                if since <= _BETWEEN and (word in PLACES or (word.endswith("s") and word[:-1] in PLACES)):
                    return True
    return False


def is_plain_background(words: str) -> bool:
    """True for "plain blue background", "on a white background", "studio backdrop"; not for "beach background"."""
    *before, last = words.lower().split() or [""]
    return last in ("background", "backdrop") and all(word in _PLAIN for word in before)
