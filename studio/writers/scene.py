"""What is in the picture, as phrases that fit into sentences: read from a recipe and the character's ingredients."""

import re
from dataclasses import dataclass, field

from studio.domain.asset import Asset, Recipe
from studio.domain.character import Character

_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")
_DETERMINER = re.compile(r"(?:a|an|the|my|his|her|their|some|this|that|these|those|two|three)\s", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"(?:at|in|on|by|under|near|inside|outside|beside|beneath|between|among|behind|in front of|on top of|next to)\s",
    re.IGNORECASE,
)
_BACKDROP = re.compile(r"\b(?:background|backdrop|gradient)\b", re.IGNORECASE)
_PLAIN = re.compile(r"\b(?:plain|solid|simple|studio|gradient)\b|^(?:a )?\w+ (?:background|backdrop)$", re.IGNORECASE)
_WEARING = re.compile(r"(?:wearing|dressed in)\s+(.+)", re.IGNORECASE)
_HOLDING = re.compile(r"(?:holding|with)\s+((?:a|an|the|my|his|her)\s.+)", re.IGNORECASE)
_WEIGHT = re.compile(r":\s*[\d.]+\s*(?=[)\]])|<[^<>]*>|[()\[\]{}]")
COLOURS = frozenset(
    "black white gray grey red orange yellow green teal turquoise blue navy purple violet pink brown gold cream".split()
)
_CLOTHES = re.compile(
    r"\b(?:coat|raincoat|jacket|hoodie|sweater|jumper|dress|shirt|t-shirt|tee|blazer|suit|overalls|dungarees|turtleneck|"
    r"cardigan|jeans|skirt|boots|scarf|hat|cap|beanie|top|vest|uniform|kimono|robe|swimsuit|trousers|shorts|gloves)\b",
    re.IGNORECASE,
)

MOODS = {
    "joy": "smiling laughing happy cheerful joyful joy delighted grinning excited giggling smile laugh beaming".split(),
    "calm": "calm serious neutral relaxed serene peaceful confident focused thoughtful pensive content quiet".split(),
    "sad": "sad unhappy worried melancholy melancholic lonely wistful crying tearful tears blue".split(),
    "angry": "angry mad furious annoyed fierce determined".split(),
    "surprised": "surprised shocked amazed astonished curious".split(),
    "playful": "winking wink playful silly cheeky tongue mischievous teasing".split(),
    "love": "love loving romantic tender dreamy dreaming adoring".split(),
    "sleepy": "sleepy tired drowsy yawning asleep cosy cozy".split(),
}
PLACES = {
    "beach": "beach sea seaside ocean coast shore dunes pier harbour harbor island".split(),
    "city": "city street downtown skyline skyscrapers urban alley rooftop bridge town square avenue metro".split(),
    "mountains": "mountain mountains hill hills peak summit alps cliff valley".split(),
    "forest": "forest woods park trees woodland jungle".split(),
    "stars": "stars starry moon moonlit galaxy".split(),
    "cafe": "cafe café coffee bakery bistro diner restaurant teahouse".split(),
    "library": "library bookshelf bookshelves bookshop bookstore books".split(),
    "garden": "garden flowers greenhouse meadow orchard field".split(),
    "snow": "snow snowy winter ice ski".split(),
    "sunset": "sunset sundown dusk".split(),
    "space": "space planets galaxy orbit spaceship".split(),
    "market": "market bazaar fair stalls".split(),
    "home": "home kitchen bedroom sofa living flat apartment balcony".split(),
    "studio": "studio workshop atelier desk office".split(),
    "stage": "stage concert festival club theatre theater arena".split(),
    "gym": "gym track court pool pitch".split(),
    "rain": "rain rainy storm puddles drizzle".split(),
    "travel": "train station airport road harbour harbor car bus".split(),
}
_IN = set(
    "city street forest woods park mountains mountain library garden kitchen bedroom snow space studio alley valley "
    "town jungle desert greenhouse bookshop bookstore bakery workshop atelier office room rain meadow orchard".split()
)
_ON = set("rooftop balcony stage bridge pier street train terrace porch hill summit island sofa bus road cliff".split())


@dataclass(frozen=True)
class Scene:
    """Phrases about one picture; an empty one means the picture does not say.

    `where` is "at the night market", `place` "the night market", `outfit`, `prop` bare nouns ("red raincoat"),
    `mood` the word as given, `kinds` the families it belongs to ("market", "joy", "night"), `doing` "reading a book".
    """

    where: str = ""
    place: str = ""
    bare_place: str = ""
    outfit: str = ""
    prop: str = ""
    mood: str = ""
    doing: str = ""
    time: str = ""
    colour: str = ""
    backdrop: str = ""
    kinds: frozenset[str] = field(default_factory=frozenset)


def scene_of(asset: Asset, character: Character) -> Scene:
    """What the recipe says the picture shows; for a picture without one, what its description and tags say."""
    recipe = asset.recipe
    place = named(recipe.place, character)
    outfit, prop, mood = (named(value, character) for value in (recipe.outfit, recipe.prop, recipe.mood))
    doing = ""
    for part in _free_parts(recipe, asset):
        if worn := _WEARING.fullmatch(part):
            outfit = outfit or worn[1]
        elif held := _HOLDING.fullmatch(part):
            prop = prop or held[1]
        elif _PREPOSITION.match(part) or _place_kinds(part) & {
            "beach",
            "city",
            "mountains",
            "cafe",
            "library",
            "market",
        }:
            place = place or part
        elif not mood and len(part.split()) <= 3 and _mood_kinds(part):
            mood = part
        elif _CLOTHES.search(part) and len(part.split()) <= 5:
            outfit = outfit or re.sub(r"^in\s+", "", part)
        elif re.match(r"[a-z]{3,}ing\b", part) and 2 <= len(part.split()) <= 7:
            doing = doing or part
    backdrop = ""
    if place and (_BACKDROP.search(place) and _PLAIN.search(place)):
        place, backdrop = "", bare(place)
    place = re.sub(r"\s+background$", "", place, flags=re.IGNORECASE)
    where, the_place = _placed(place)
    time = recipe.time_of_day
    kinds = _place_kinds(place) | _mood_kinds(mood) | ({time.replace(" ", "_")} if time else set())
    words = outfit.lower().split()
    return Scene(
        where=where,
        place=the_place,
        bare_place=bare(place),
        outfit=bare(outfit),
        prop=bare(prop),
        mood=mood,
        doing=doing,
        time=time,
        colour=next((word for word in words if word in COLOURS), ""),
        backdrop=backdrop,
        kinds=frozenset(kinds),
    )


def named(value: str | None, character: Character) -> str:
    """An ingredient's id or name, or free words, as a short phrase. An id that leads nowhere any more says nothing."""
    value = " ".join((value or "").split())
    if not value:
        return ""
    if ingredient := character.ingredient(value):
        return spoken(ingredient.name, ingredient.words)
    if _ID.fullmatch(value):
        return ""
    return _first_part(value)


def spoken(name: str, words: str = "") -> str:
    """A name as it stands inside a sentence: "Night market" becomes "night market", "Lisbon" and "NASA" stay."""
    name = " ".join(name.split())[:60]
    lowered = name[:1].lower() + name[1:]
    if not name[1:] or name[1:] != name[1:].lower():
        return name.lower() if name.lower() in words.lower() else name
    if re.match(r"[A-Z]\w*(?:ese|ian|ish|ican)\b", name):
        return name
    return lowered if " " in name or lowered in words.lower() or not words else name


def bare(phrase: str) -> str:
    """The phrase without its preposition and article: "at the beach" becomes "beach"."""
    phrase = _PREPOSITION.sub("", phrase, count=1) if _PREPOSITION.match(phrase) else phrase
    return _DETERMINER.sub("", phrase, count=1) if _DETERMINER.match(phrase) else phrase


def with_article(noun: str) -> str:
    """ "red raincoat" -> "a red raincoat", "old map" -> "an old map"; plurals and names stay bare."""
    if not noun or _DETERMINER.match(noun) or is_plural(noun) or noun[0].isupper():
        return noun
    if noun.split()[-1].lower() in {
        "denim",
        "silk",
        "leather",
        "linen",
        "makeup",
        "jewellery",
        "jewelry",
        "coffee",
        "tea",
    }:
        return noun
    vowel = noun[0].lower() in "aeiou" and not re.match(r"(?:uni|use|one\b|eu)", noun, re.IGNORECASE)
    return f"{'an' if vowel or re.match(r'(?:hour|honest)', noun) else 'a'} {noun}"


def is_plural(noun: str) -> bool:
    """Whether the phrase's head noun looks plural: "black boots", "jeans and a shirt"; not "dress"."""
    head = re.split(r"\s(?:of|with|in|on|from)\s", noun)[0].split()[-1].lower()
    return " and " in noun or (head.endswith("s") and not head.endswith(("ss", "us", "is")))


def _free_parts(recipe: Recipe, asset: Asset) -> list[str]:
    """The person's own words, cut at commas; an imported picture's prompt and description serve as well."""
    text = recipe.words or (recipe.prompt if asset.imported else "") or (asset.description if asset.imported else "")
    parts = (" ".join(_WEIGHT.sub(" ", part).split()).strip(" .") for part in re.split(r"[,;\n.]", text[:2000]))
    return [part[:1].lower() + part[1:] if part[1:2].islower() else part for part in parts if 2 < len(part) <= 60]


def _first_part(value: str) -> str:
    part = _WEIGHT.sub(" ", value).split(",")[0].split(";")[0]
    return " ".join(part.split())[:60].strip()


def _placed(place: str) -> tuple[str, str]:
    """("at the night market", "the night market")."""
    if not place:
        return "", ""
    if match := _PREPOSITION.match(place):
        rest = place[match.end() :]
        if re.match(r"(?:a|an)\s", rest):
            rest = "the " + rest.split(" ", 1)[1]
            return match[0].lower() + rest, rest
        return place[:1].lower() + place[1:], rest
    words = place.lower().split()
    if place[0].isupper():
        return f"in {place}" if len(words) == 1 else f"at {place}", place
    if words[-1] in ("home", "night", "sunset", "sea", "dusk", "dawn") and len(words) == 1:
        return f"at {place}", "home" if place == "home" else f"the {place}"
    if words[-1] == "space":
        return f"in {place}", place
    preposition = "in" if words[-1] in _IN else "on" if words[-1] in _ON else "at"
    if _DETERMINER.match(place):
        place = re.sub(r"^(?:a|an)\s", "the ", place, flags=re.IGNORECASE)
        return f"{preposition} {place}", place
    return f"{preposition} the {place}", f"the {place}"


def _place_kinds(place: str) -> set[str]:
    words = set(re.findall(r"\w+", place.lower()))
    return {kind for kind, known in PLACES.items() if words & set(known)}


def _mood_kinds(mood: str) -> set[str]:
    words = set(re.findall(r"\w+", mood.lower()))
    return {kind for kind, known in MOODS.items() if words & set(known)}
