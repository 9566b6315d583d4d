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
_ON |= set("trail path walk loop deck roof".split())
_ALONE = frozenset("downtown outside outdoors upstairs backstage home alone".split()) - {"home"}
_PROPER = re.compile(
    r"(?:[A-Z][a-z]+(?:ese|ian|ican)|English|Spanish|Irish|Polish|Turkish|Danish|Swedish|Finnish|British|Scottish|Jewish|"
    r"French|Dutch|German|Greek|Korean|Moroccan|Thai|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|April|"
    r"June|July|August|September|October|November|December|Christmas|Easter|Halloween|Saint|Santa|New York|Los)\b"
)
_SURE_PLACES = frozenset({"beach", "city", "mountains", "cafe", "library", "market"})
_NOUN_MOODS = {
    "smile": "smiling", "laugh": "laughing", "wink": "winking", "joy": "joyful", "tears": "tearful",
    "tongue out": "silly", "heart eyes": "in love", "eyes closed": "half asleep", "happy smile": "happy",
}  # fmt: skip
_NOT_ADJECTIVES = frozenset("joy smile laugh love wink tongue tears blue dreaming".split())
_ADJECTIVES = frozenset("calm proud sad mad fierce tender asleep quiet brave free soft wild hungry lucky".split()) | {
    "at ease", "half asleep", "cheeky", "silly", "sleepy", "happy", "cosy", "cozy", "moody", "dreamy",
}  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """Phrases about one picture; an empty one means the picture does not say.

    `where` is "at the night market", `place` "the night market"; `bare_place`, `outfit`, `prop` are nouns without
    article, `mood` stands after "I am", `doing` is "reading a book", `kinds` are families ("market", "joy", "night").
    These are the person's own names for things; the `seen_…` phrases are the plain words the picture was made from.
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
    weekday: str = ""
    season: str = ""
    seen_where: str = ""
    seen_place: str = ""
    seen_outfit: str = ""
    seen_prop: str = ""
    seen_mood: str = ""
    kinds: frozenset[str] = field(default_factory=frozenset)


def scene_of(asset: Asset, character: Character) -> Scene:
    """What the recipe says the picture shows; for a picture without one, what its description and tags say."""
    recipe = asset.recipe
    chosen = (recipe.place, recipe.outfit, recipe.prop, recipe.mood)
    place, outfit, prop, mood = (named(value, character, recipe) for value in chosen)
    doing = ""
    for part in _free_parts(recipe, asset):
        if worn := _WEARING.fullmatch(part):
            outfit = outfit or Named(bare(worn[1]))
        elif held := _HOLDING.fullmatch(part):
            prop = prop or Named(bare(held[1]))
        elif _PREPOSITION.match(part) or _kinds(part, PLACES) & _SURE_PLACES:
            place = place or Named(part)
        elif not mood and len(part.split()) <= 3 and _kinds(part, MOODS):
            mood = Named(part)
        elif _CLOTHES.search(part) and len(part.split()) <= 5:
            outfit = outfit or Named(re.sub(r"^in\s+", "", part))
        elif re.match(r"[a-z]{3,}ing\b", part) and 2 <= len(part.split()) <= 7:
            doing = doing or part
    backdrop = ""
    if place and _BACKDROP.search(place.seen) and _PLAIN.search(place.seen):
        place, backdrop = Named(), bare(place.seen)
    where, the_place = _placed(place)
    seen_where, _ = _placed(Named(re.sub(r"\s+background$", "", place.seen, flags=re.IGNORECASE)))
    if outfit and not _CLOTHES.search(outfit.name) and _CLOTHES.search(outfit.seen):
        outfit = Named(outfit.seen)
    said_mood, doing = _moods(mood, doing)
    time = recipe.time_of_day
    kinds = _kinds(f"{place.name} {place.seen}", PLACES) | _kinds(f"{mood.name} {mood.seen}", MOODS)
    kinds |= {time.replace(" ", "_")} if time else set()
    kinds |= {"rain": {"rain"}, "fog": {"fog"}, "snowfall": {"snow", "snowfall"}}.get(recipe.weather, set())
    kinds |= {"close-up": {"closeup"}, "half figure": {"halffigure"}}.get(recipe.framing, set())
    colour = next((word for word in f"{outfit.name} {outfit.seen}".lower().split() if word in COLOURS), "")
    return Scene(
        where=where,
        place=the_place,
        bare_place=bare(the_place),
        outfit=bare(outfit.name),
        prop=bare(prop.name),
        mood=said_mood,
        doing=doing,
        time=time,
        colour=colour,
        backdrop=backdrop,
        seen_where=seen_where,
        seen_place=bare(place.seen),
        seen_outfit=bare(outfit.seen),
        seen_prop=bare(prop.seen),
        seen_mood=mood.seen,
        kinds=frozenset(kinds),
    )


@dataclass(frozen=True)
class Named:
    """A thing in the picture: what the person calls it, and the words it was drawn from."""

    name: str = ""
    words: str = ""

    @property
    def seen(self) -> str:
        return self.words or self.name

    def __bool__(self) -> bool:
        return bool(self.name)


def named(value: str | None, character: Character, recipe: Recipe) -> Named:
    """An ingredient by id or name, or free words. An id that leads nowhere any more says nothing."""
    value = " ".join((value or "").split())
    if not value:
        return Named()
    for one in recipe.ingredients:
        if value in (one.get("id"), one.get("name")) and one.get("name"):
            words = str(one.get("words") or "")
            return Named(spoken(str(one["name"]), words, str(one.get("kind") or "place")), _first_part(words))
    if ingredient := character.ingredient(value):
        return Named(spoken(ingredient.name, ingredient.words, ingredient.kind), _first_part(ingredient.words))
    return Named() if _ID.fullmatch(value) else Named(_first_part(value))


def spoken(name: str, words: str = "", kind: str = "place") -> str:
    """A name as it stands inside a sentence: "Night market" becomes "night market", "Lisbon" and "NASA" stay."""
    name = " ".join(name.split())[:60]
    lowered = name[:1].lower() + name[1:]
    if not name[1:] or name[1:] != name[1:].lower():
        return name.lower() if name.lower() in words.lower() else name
    if _PROPER.match(name):
        return name
    return lowered if kind != "place" or " " in name or lowered in words.lower() or not words else name


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


def may_be_plural(phrase: str) -> bool:
    """Whether a singular verb might be wrong after the phrase: "boots", "people met on the way", "lessons learned"."""
    words = re.split(r"\s(?:of|with|in|on|from|after)\s", phrase.lower())[0].split()
    plural = [
        word for word in words if word in ("people", "children", "men", "women") or re.search(r"[^su\Wi]s$", word)
    ]
    return " and " in phrase or bool([word for word in plural if not word.endswith("ics")])


def _free_parts(recipe: Recipe, asset: Asset) -> list[str]:
    """The person's own words, cut at commas; an imported picture's prompt and description serve as well."""
    text = recipe.words or (recipe.prompt if asset.imported else "") or (asset.description if asset.imported else "")
    parts = (" ".join(_WEIGHT.sub(" ", part).split()).strip(" .") for part in re.split(r"[,;\n.]", text[:2000]))
    return [part[:1].lower() + part[1:] if part[1:2].islower() else part for part in parts if 2 < len(part) <= 60]


def _first_part(value: str) -> str:
    part = _WEIGHT.sub(" ", value).split(",")[0].split(";")[0]
    return " ".join(part.split())[:60].strip()


def _placed(place: Named) -> tuple[str, str]:
    """("at the night market", "the night market"): where one is, and what that is called."""
    name, words = place.name, place.words
    if not name:
        return "", ""
    if words and bare(words).lower() == bare(name).lower():
        name = words
    if match := _PREPOSITION.match(name):
        rest = re.sub(r"^(?:a|an)\s", "the ", name[match.end() :])
        return match[0].lower() + rest, rest
    head = bare(name).lower().split()[-1]
    if bare(name).lower() in _ALONE:
        return bare(name).lower(), bare(name).lower()
    if name[0].isupper():
        return f"in {name}" if len(name.split()) == 1 else f"at {name}", name
    if name in ("home", "night", "sunset", "sea", "dusk", "dawn"):
        return f"at {name}", "home" if name == "home" else f"the {name}"
    if head == "space":
        return f"in {name}", name
    preposition = "in" if head in _IN else "on" if head in _ON else "at"
    if (match := _PREPOSITION.match(words)) and head in bare(words).lower().split():
        preposition = match[0].strip().lower()
    name = re.sub(r"^(?:a|an)\s", "the ", name, flags=re.IGNORECASE)
    name = name if _DETERMINER.match(name) else f"the {name}"
    return f"{preposition} {name}", name


def _moods(mood: Named, doing: str) -> tuple[str, str]:
    """The mood as it stands after "I am", and what the character does: "waiting for light" is rather that."""
    for phrase in (mood.name, mood.seen):
        phrase = phrase.lower()
        if re.match(r"\w{2,}ing\s", phrase):
            return (adjective(mood.seen) if phrase != mood.seen.lower() else ""), doing or phrase
        if said := adjective(phrase):
            return said, doing
    return "", doing


def adjective(mood: str) -> str:
    """A mood as it stands after "I am", or nothing when it cannot."""
    phrase = re.sub(r"^(?:with |a |very )+", "", mood.split(",")[0].strip().lower())
    phrase = _NOUN_MOODS.get(phrase, phrase)
    words = phrase.split()
    if not words or len(words) > 3:
        return ""
    if phrase in _ADJECTIVES or re.match(r"(?:in (?:the|love)|caught|lost|wide awake)\b", phrase):
        return phrase
    ending = len(words) == 1 and words[0].endswith(("ing", "ful", "ed", "ous", "ive", "less", "ant", "ent"))
    known = any(phrase in family for family in MOODS.values()) and phrase not in _NOT_ADJECTIVES
    return phrase if ending or known else ""


def _kinds(text: str, families: dict[str, list[str]]) -> set[str]:
    words = set(re.findall(r"\w+", text.lower()))
    return {kind for kind, known in families.items() if words & set(known)}
