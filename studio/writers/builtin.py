"""The built-in writer: captions in a persona's voice from a grammar, without any model. Seeded, so repeatable.

It picks a form (opening, body, joke, question, …) and fills it with lines whose conditions fit persona and picture. It
knows what the recipe and the profile say and claims nothing beyond. It writes English only.
"""

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from studio.domain.asset import Asset
from studio.domain.character import Character, Persona
from studio.domain.persona_words import COMMUNICATION_STYLES, CONTENT_TONES
from studio.domain.writing import WriteRequest
from studio.errors import StudioError
from studio.writers import lines
from studio.writers.alt_text import alt_text, medium
from studio.writers.base import Desk, Variant, WriterSpec
from studio.writers.builtin_kinds import KINDS, WHY_NOT, Words
from studio.writers.calendar import season_of, weekday_of
from studio.writers.colour import Colour, Coloured, commons
from studio.writers.directives import Directives, understood
from studio.writers.hashtags import hashtags
from studio.writers.scene import Scene, is_plural, may_be_plural, scene_of, spoken, with_article
from studio.writers.taboos import Taboos

_SHAPES = {"short": "short", "story": "long", "question": "question", "list": "list"}
OPENINGS_KEPT = 50  # captions back that no caption begins like
SENTENCES_KEPT = 400  # captions back that share no sentence

_ROLES = {
    "open": lines.OPENINGS,
    "body": lines.BODIES,
    "image": lines.IMAGES,
    "joke": lines.JOKES,
    "admit": lines.ADMISSIONS,
    "ask": lines.QUESTIONS,
    "close": lines.CLOSINGS,
    "card": lines.CARDS,
    "many": lines.MANY,
    "lead": lines.LEADS,
    "item": lines.ITEMS,
}
_TRAITS = {"E": "extroversion", "C": "creativity", "H": "humor", "P": "professionalism", "A": "authenticity"}
_SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\[([^\[\]|]+(?:\|[^\[\]|]+)+)\]")
_SINGULAR_VERB = re.compile(r"\{(\w+)\} (?:still |always )?(?:\w+(?<!s)s|is|has|was|does)\b(?! of)|\bdoes \{(\w+)\}")
_PRONOUN = re.compile(r"\b(?:it|its|itself|he|she)\b", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\b(?:I|me|my|mine|myself)\b|\bI['’]", re.IGNORECASE)

# Every form a caption may take, and the traits that make it likelier.
_FORMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("open",), "brief"),
    (("open", "ask"), "E"),
    (("open", "body"), ""),
    (("open", "body", "ask"), "E"),
    (("open", "body", "close"), ""),
    (("open", "close"), "brief"),
    (("body", "ask"), "E"),
    (("body", "close"), ""),
    (("ask", "body"), "E"),
    (("open", "joke"), "H"),
    (("open", "joke", "ask"), "HE"),
    (("open", "body", "joke"), "H"),
    (("body", "joke", "close"), "H"),
    (("joke", "ask"), "H"),
    (("open", "image"), "C"),
    (("image", "body"), "C"),
    (("image", "close"), "C"),
    (("open", "image", "ask"), "CE"),
    (("open", "image", "body", "close"), "C long"),
    (("open", "admit"), "A"),
    (("admit", "body"), "A"),
    (("open", "admit", "ask"), "AE"),
    (("open", "body", "admit", "close"), "A long"),
    (("open", "image", "joke"), "CH"),
    (("open", "body", "body", "close"), "long"),
    (("open", "body", "image", "body", "ask"), "long C"),
    (("body",), "short"),
    (("image",), "short C"),
    (("admit",), "short A"),
    (("card",), "brief"),
    (("card", "ask"), "E"),
    (("card", "close"), ""),
    (("many", "body"), "many"),
    (("many", "ask"), "many E"),
    (("many", "body", "close"), "many"),
)
_BRIEF_STYLES = {"direct", "mysterious", "laid-back"}
_LONG_STYLES = {"storytelling", "teaching"}
_LIVELY = {"enthusiastic": 0.4, "playful": 0.15, "friendly": 0.08}
_STILL = {"formal", "mysterious", "poetic", "laid-back"}
_QUIET_TONES = {"calm", "thoughtful", "nostalgic", "dreamy"}
_EMOJI = {
    "beach": "🌊", "city": "🌆", "mountains": "⛰️", "forest": "🌲", "stars": "✨", "cafe": "☕", "library": "📚",
    "garden": "🌷", "snow": "❄️", "sunset": "🌅", "space": "🪐", "market": "🏮", "home": "🏡", "studio": "🎨",
    "stage": "🎤", "gym": "💪", "rain": "🌧️", "travel": "🚆", "joy": "😄", "calm": "🌿", "sad": "💙", "angry": "😤",
    "surprised": "😮", "playful": "😜", "love": "💛", "sleepy": "😴", "morning": "☀️", "midday": "☀️",
    "golden_hour": "🌇", "evening": "🌙", "night": "🌙",
}  # fmt: skip
_HEARTS = {
    "red": "❤️", "orange": "🧡", "yellow": "💛", "green": "💚", "teal": "💚", "blue": "💙", "navy": "💙",
    "purple": "💜", "pink": "💗", "black": "🖤", "white": "🤍", "brown": "🤎",
}  # fmt: skip
_STYLE_EMOJI = {
    "friendly": "😊 🙌 👋", "playful": "😜 🎈 🤸", "witty": "🙃 🤓 🫠", "warm": "🤗 🫶 💛", "poetic": "🍃 🕊️ 🌙",
    "storytelling": "📖 🎬 🕯️", "teaching": "💡 📝 ✅", "mysterious": "🗝️ 🌒 🤫", "enthusiastic": "🔥 🎉 🤩",
    "laid-back": "✌️ 🌴 😎", "direct": "👉 ☑️",
}  # fmt: skip
_PLAIN_EMOJI = ("✨", "💫", "🙌", "👋")
_SYNONYMS = {
    "casual": "laid-back", "relaxed": "laid-back", "chill": "laid-back", "sarcastic": "witty", "dry": "witty",
    "humorous": "witty", "funny": "playful", "cheeky": "playful", "professional": "formal", "polished": "formal",
    "educational": "teaching", "explaining": "teaching", "lyrical": "poetic", "narrative": "storytelling",
    "caring": "warm", "empathetic": "warm", "supportive": "warm", "blunt": "direct", "concise": "direct",
    "calm": "laid-back", "expert": "teaching",
    "energetic": "enthusiastic", "excited": "enthusiastic", "enigmatic": "mysterious", "cozy": "cosy",
    "motivational": "inspiring", "inspirational": "inspiring", "reflective": "thoughtful", "positive": "upbeat",
    "cheerful": "upbeat", "happy": "upbeat", "relaxing": "calm", "serene": "calm", "romantic": "dreamy",
    "sardonic": "ironic", "edgy": "bold", "confident": "bold", "vintage": "nostalgic", "factual": "informative",
}  # fmt: skip
_CONTRACTIONS = tuple(
    (re.compile(rf"(?<![\w’'])(?<!Here )(?<!here )(?<!where )(?<!than )(?<!as )(?<!what ){long}(?= [a-z])"), short)
    for long, short in (
        ("I am", "I'm"), ("I will", "I'll"), ("I would", "I'd"), ("It is", "It's"), ("it is", "it's"),
        ("That is", "That's"), ("that is", "that's"), ("There is", "There's"), ("there is", "there's"),
        ("There are", "There are"), ("You are", "You're"), ("you are", "you're"), ("What is", "What's"),
        ("We are", "We're"), ("You will", "You'll"), ("I have been", "I've been"),
    )
) + tuple(
    (re.compile(rf"\b{long}\b(?! not)"), short)
    for long, short in (
        ("do not", "don't"), ("Do not", "Don't"), ("does not", "doesn't"), ("did not", "didn't"), ("cannot", "can't"),
        ("is not", "isn't"), ("are not", "aren't"), ("will not", "won't"), ("would not", "wouldn't"),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One thing that can be said, and when."""

    role: str
    text: str
    traits: tuple[str, ...]
    styles: frozenset[str]
    tones: frozenset[str]
    kinds: frozenset[str]
    slots: frozenset[str]
    singular: frozenset[str]
    about: frozenset[str]


class BuiltIn:
    """Writes without a model, a network or a download."""

    spec = WriterSpec(
        "builtin",
        "Built-in writer",
        "Captions, titles, hashtags, alt text and other tones, from persona and recipe. Needs nothing, writes English.",
        uses=frozenset(
            {"count", "seed", "words", "shape", "tone", "detail", "text", "networks", "hashtag_set", "limit", "at"}
        ),
        kinds=frozenset({"caption", *KINDS}),
        why_not=WHY_NOT,
    )

    def ready(self) -> str | None:
        return None

    def write(
        self, character: Character | None, assets: Sequence[Asset], request: WriteRequest, desk: Desk | None = None
    ) -> list[Variant]:
        """`request.count` variants, no two alike; the same character, assets, request and desk give the same ones.

        Raises StudioError when the wished words touch one of the character's taboos, or it cannot write that kind.
        """
        desk = desk or Desk()
        if request.kind != "caption":
            return Words(character, assets, request, desk).variants()
        wishes = _shaped_by(request.shape, understood(character.persona.custom_instruction, request.words))
        taboos = Taboos([*character.taboos, *wishes.avoid])
        if Taboos(character.taboos).touched_by(request.words):
            raise StudioError(
                f"{character.name} does not talk about that.",
                "The words touch one of the character's taboos. Change them, or the taboos in Characters.",
                field="words",
            )
        scenes = [scene_of(asset, character) for asset in assets]
        drawn = bool(assets) and all(medium(asset) in ("Illustration", "Pixel art", "Ink drawing") for asset in assets)
        texts = {asset.id: alt_text(asset, character, taboos) for asset in assets}
        voice = _Voice(character.persona, wishes)
        about = (request.seed, character.id, [asset.id for asset in assets], request.words, voice.style, voice.tone)
        rng = random.Random(hashlib.sha256(repr(about).encode("utf-8", "replace")).digest())
        scenes = [_dated(scene, desk, character) for scene in scenes or [Scene()]]
        pen = _Pen(character, scenes, voice, taboos, drawn, rng, desk.recent)
        variants = []
        for number in range(request.count):
            text = pen.caption(number)
            tags = []
            if "no_hashtags" not in wishes:
                tags = hashtags(character, scenes, taboos, rng, request.networks, request.hashtag_set)
            variants.append(Variant(text, tags, dict(texts)))
        return variants


class _Voice:
    """A persona as the numbers and words that choose lines and shape sentences."""

    def __init__(self, persona: Persona, wishes: Directives):
        self.persona, self.wishes = persona, wishes
        self.style = _known(persona.communication_style, COMMUNICATION_STYLES, "friendly")
        self.tone = _known(persona.content_tone, CONTENT_TONES, "")
        self.traits = {letter: getattr(persona, name) for letter, name in _TRAITS.items()}
        outgoing, proper = self.traits["E"], self.traits["P"]
        self.exclaims = max(0.0, (outgoing - 0.42) * 1.3) * (1 - 0.7 * proper) + _LIVELY.get(self.style, 0)
        if self.style in _STILL or self.tone in _QUIET_TONES:
            self.exclaims *= 0.35
        if outgoing < 0.4 or "no_exclamations" in wishes:
            self.exclaims = 0
        self.emoji = max(0.0, 0.25 + 0.9 * outgoing - 1.1 * proper + _LIVELY.get(self.style, 0))
        if proper >= 0.65 or self.style == "formal" or "no_emoji" in wishes:
            self.emoji = 0
        elif "emoji" in wishes:
            self.emoji = 1
        self.contracts = 0 if self.style == "formal" or proper >= 0.8 else 0.5 if proper > 0.65 else 1
        self.lowers = 0.4 if self.style == "laid-back" and proper < 0.4 else 0
        self.spread = 1 / (0.45 + persona.temperature)

    def weight(self, line: Line) -> float:
        """How likely this voice says that line; 0 is never."""
        weight = 1.0
        for trait in line.traits:
            value = self.traits[trait[0]]
            fit = (value - 0.5) / 0.4 if trait[1] == "+" else (0.5 - value) / 0.4
            if fit <= 0:
                return 0
            weight *= 0.6 + 2.4 * min(fit, 1)
        if line.styles:
            if self.style not in line.styles:
                return 0
            weight *= 6
        if line.tones:
            if self.tone not in line.tones:
                return 0
            weight *= 5
        asks = "?" in line.text
        if "P-" in line.traits and "no_slang" in self.wishes or asks and "no_questions" in self.wishes:
            return 0
        if line.role == "ask" and not asks and "question" in self.wishes:
            return 0
        return weight * (1.5 if line.kinds else 1) * (1 + 0.5 * min(len(line.slots), 2))

    def form_weight(self, roles: tuple[str, ...], about: str, several: bool) -> float:
        """How likely this voice chooses that form."""
        marks = set(about.split())
        letters = {letter for mark in marks if mark.isupper() for letter in mark}
        weight = 1.0
        for letter in letters:
            value = self.traits[letter]
            if letter != "E" and value <= 0.3 and not (letter == "H" and self.style in ("witty", "playful")):
                return 0
            weight *= 0.35 + 1.3 * value if letter == "E" else (2 * value) ** 2
        if "admit" in roles and (self.style == "formal" or self.traits["P"] > 0.85):
            weight *= 0.25
        if "joke" in roles:
            weight *= 0.5 + 8 * max(self.traits["H"] - 0.35, 0)
            if "no_jokes" in self.wishes or self.traits["H"] <= 0.3:
                return 0
        elif self.traits["H"] > 0.7:
            weight *= 0.45
        brief, long = len(roles) == 1 or "brief" in marks, "long" in marks
        taste = (self.style in _LONG_STYLES) - (self.style in _BRIEF_STYLES) + (0.4 - self.traits["E"]) * -1
        if "short" in self.wishes:
            return weight if len(roles) == 1 else 0.05 if roles == ("open", "close") else 0
        if "long" in self.wishes:
            return weight * (3 if long else 1 if len(roles) > 2 else 0)
        weight *= (1 - 0.6 * taste if taste < 0 else 1 - 0.5 * min(taste, 1)) if brief else 1
        weight *= max(0.15, 0.5 + 0.9 * taste) if long else 1
        if "short" in marks:
            return 0
        if "ask" in roles and "no_questions" in self.wishes:
            return 0
        if roles[-1] != "ask" and "question" in self.wishes:
            return 0
        if "many" in marks:
            return weight * 2.5 if several else 0
        return weight


class _Pen:
    """Writes one caption after another and remembers what it has said."""

    def __init__(
        self,
        character: Character,
        scenes: list[Scene],
        voice: _Voice,
        taboos: Taboos,
        drawn: bool,
        rng: random.Random,
        recent: Sequence[str] = (),
    ):
        self.character, self.voice, self.taboos, self.rng = character, voice, taboos, rng
        self.scenes = scenes
        self.drawn = drawn
        self.used: set[str] = set()
        self.forms: dict[tuple[str, ...], int] = {}
        self.said: list[set[str]] = []
        self.openings = {opening(text) for text in recent[:OPENINGS_KEPT]}
        self.colour = Colour(voice.style, voice.tone, voice.traits, rng)
        self.heard = {one for text in recent[:SENTENCES_KEPT] for one in sentences(text)}
        self.weights = {line.text: voice.weight(line) ** voice.spread for role in _lines().values() for line in role}
        self.topics = self._subjects(character.persona.topics)
        self.interests = self._subjects(character.interests)

    def caption(self, number: int) -> str:
        """The next caption, unlike the earlier ones of this pen."""
        scene = self.scenes[number % len(self.scenes)]
        best, best_overlap = None, 9.0
        for attempt in range(60):
            draft = self._draft(scene, whole=attempt < 50)
            if not draft:
                continue
            text, lines_used, slots, form, common = draft
            if attempt < 40 and common > attempt // 25:
                continue
            heard = self.heard if form[0] != "lead" else set()
            if attempt < 50 and (opening(text) in self.openings or sentences(text) & heard):
                continue
            words = _content_words(text)
            overlap = max((len(words & other) / max(len(words | other), 1) for other in self.said), default=0)
            overlap += 2.0 * (opening(text) in self.openings) + 0.5 * bool(sentences(text) & self.heard)
            overlap += 0.5 * (not slots) + 0.4 * (not _FIRST_PERSON.search(text))
            if overlap < best_overlap:
                best, best_overlap = (text, lines_used, form, words), overlap
            if overlap < 0.25:
                break
        if best is None:
            return self._framed(self._last_resort(scene))
        text, lines_used, form, words = best
        self.used |= lines_used
        self.forms[form] = self.forms.get(form, 0) + 1
        self.said.append(words)
        self.openings.add(opening(text))
        self.heard |= sentences(text)
        return self._framed(text)

    def _draft(self, scene: Scene, whole: bool) -> tuple | None:
        form = self._form()
        if "list" in self.voice.wishes:
            form = ("lead", *["item"] * self.rng.choice((3, 3, 4)))
        values = self._values(scene)
        parts, used, slots, common = [], set(), set(), 0
        for role in form:
            line = self._line(role, scene, values, used, slots)
            coloured = self._coloured(line, values, slots) if line else None
            text = self._filled(coloured.text, values) if coloured else ""
            if not text or self.taboos.touched_by(text):
                if whole:
                    return None
                continue
            parts.append((role, self._shaped(text, line)))
            used.add(line.text)
            common += coloured.common
            slots |= line.about | _groups(coloured.slots)
        if not parts or form[0] == "lead" and len(parts) < 4:
            return None
        return self._laid_out(parts, scene), used, slots, form, common

    def _form(self) -> tuple[str, ...]:
        several = len(self.scenes) > 1
        weights = [
            self.voice.form_weight(roles, about, several) * 0.3 ** self.forms.get(roles, 0) for roles, about in _FORMS
        ]
        if not any(weights):
            return ("open", "ask") if "question" in self.voice.wishes else ("open",)
        return self.rng.choices([roles for roles, _ in _FORMS], [w**self.voice.spread for w in weights])[0]

    def _line(self, role: str, scene: Scene, values: dict, used: set[str], slots: set[str]) -> Line | None:
        kinds = scene.kinds | ({"drawn"} if self.drawn else set())
        pool, weights = [], []
        for line in _lines()[role]:
            if line.text in self.used or line.text in used or not line.kinds <= kinds:
                continue
            if not line.slots <= values.keys() or line.about & slots:
                continue
            if any(may_be_plural(values[slot]) for slot in line.singular):
                continue
            if weight := self.weights[line.text]:
                pool.append(line)
                weights.append(weight)
        return self.rng.choices(pool, weights)[0] if pool else None

    def _values(self, scene: Scene) -> dict[str, str]:
        """The slots that can be filled for this caption; topics and interests are drawn anew each time."""
        topics, interests = list(self.topics), list(self.interests)
        self.rng.shuffle(topics)
        self.rng.shuffle(interests)
        topic = topics[0] if topics else (interests.pop() if len(interests) > 1 else "")
        interest = next((one for one in interests if one.casefold() != topic.casefold()), "")
        if not interest and len(topics) > 1:
            interest = topics[1]
        outfit = scene.outfit or self.character.appearance.clothing.split(",")[0].strip()
        outfit = re.sub(r"^(?:a|an|the|my|wearing|in)\s+", "", outfit)
        head = re.split(r"\s(?:of|with|in|on|from)\s", outfit)[0].split()
        mood = scene.mood
        several = len(self.scenes)
        values = {
            "where": scene.where,
            "place": scene.place,
            "bare_place": scene.bare_place,
            "place_one": "" if is_plural(scene.bare_place or "s") else scene.bare_place,
            "outfit": outfit,
            "my_outfit": f"my {outfit}" if outfit else "",
            "a_outfit": with_article(outfit),
            "my_outfit_is": f"my {outfit} {'are' if is_plural(outfit) else 'is'}" if outfit else "",
            "outfit_one": head[-1] if head and not is_plural(outfit) else "",
            "outfit_many": "" if not head else head[-1] if is_plural(outfit) else _plural(head[-1]),
            "my_prop": re.sub(r"^(?:a|an|the|my|his|her)\s+|^", "my ", scene.prop, count=1) if scene.prop else "",
            "mood": mood,
            "mood_adjective": "" if mood.endswith("ing") or " " in mood else mood,
            "doing": scene.doing,
            "topic": topic,
            "interest": interest,
            "weekday": scene.weekday,
            "season": scene.season,
            "city": self.character.location.split(",")[0].strip(),
            "name": self.character.name,
            "colour": scene.colour or next((w for w in outfit.lower().split() if w in _HEARTS), ""),
            "time": "" if scene.time in scene.bare_place.lower() else scene.time,
            "daypart": scene.time or "day",
            "this_time": {"": "right now", "night": "tonight", "midday": "right now"}.get(
                scene.time, f"this {scene.time}"
            ),
            "light": "" if scene.time in ("", "night") else f"{scene.time} light",
            "greeting": {"morning": "good morning", "evening": "good evening", "night": "good evening"}.get(
                scene.time, ""
            ),
            "many": {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}.get(several, str(several))
            if several > 1
            else "",
        }
        filled = {name: value for name, value in values.items() if value and not self.taboos.touched_by(value)}
        return filled

    def _coloured(self, line: Line, values: dict[str, str], slots: set[str]) -> Coloured:
        """The line as this voice says it. Cards and last lines of a word or two stay as they are."""
        if line.role in ("card", "lead", "item") or "name" in line.slots or "short" in self.voice.wishes:
            listed = line.role in ("lead", "item")  # short entries may come again, each list as a whole may not
            return Coloured(line.text, line.slots, 0 if listed else commons(line.text))
        said = slots | line.about
        known = {name for name in values if not _groups(frozenset({name})) & said and "\n" not in line.text}
        return self.colour.of(line.text, known, said)

    def _filled(self, text: str, values: dict[str, str]) -> str:
        while choice := _CHOICE.search(text):
            text = text[: choice.start()] + self.rng.choice(choice[1].split("|")) + text[choice.end() :]

        def value(match: re.Match) -> str:
            found = values[match[1].lower()]
            return found[:1].upper() + found[1:] if match[1][0].isupper() else found

        return _SLOT.sub(value, text)

    def _shaped(self, text: str, line: Line) -> str:
        """Contractions and exclamation marks as this voice uses them."""
        voice = self.voice
        if self.rng.random() < voice.contracts:
            for pattern, short in _CONTRACTIONS:
                text = pattern.sub(short, text)
        loud = line.role in ("open", "body", "close", "joke", "many") and text.endswith(".") and len(text) < 90
        if loud and not {"A+", "E-"} & set(line.traits) and not line.tones & _QUIET_TONES:
            if self.rng.random() < voice.exclaims:
                text = f"{text[:-1]}!"
        return text.replace("!", ".") if "no_exclamations" in voice.wishes else text

    def _laid_out(self, parts: list[tuple[str, str]], scene: Scene) -> str:
        """Parts as one paragraph or several, with emoji where this voice has them."""
        voice, rng = self.voice, self.rng
        if parts[0][0] == "lead":
            mark = {"teaching": "→ ", "playful": "• ", "enthusiastic": "✨ ", "formal": "– "}.get(voice.style, "– ")
            text = "\n".join([parts[0][1], *(f"{mark}{part.rstrip('.')}" for _, part in parts[1:])])
            return text.lower() if "lowercase" in voice.wishes else text
        airy = rng.random() < (0.75 if len(parts) > 3 or parts[0][0] == "card" else 0.4)
        text = ""
        for index, (role, part) in enumerate(parts):
            if index:
                text += "\n\n" if parts[index - 1][0] == "card" or (airy and role in ("ask", "close", "joke")) else " "
            text += part
        if rng.random() < voice.emoji:
            found = [_EMOJI[kind] for kind in sorted(scene.kinds) if kind in _EMOJI]
            found += [_HEARTS[scene.colour]] if scene.colour in _HEARTS else []
            own = _STYLE_EMOJI.get(voice.style, "").split()
            found = own if own and rng.random() < 0.55 else found or own or list(_PLAIN_EMOJI)
            count = 1 + (rng.random() < voice.emoji - 0.4) + (rng.random() < voice.emoji - 0.9)
            emoji = rng.sample(found, min(count, len(found)))
            if len(emoji) > 1 and "\n\n" in text and rng.random() < 0.5:
                text = text.replace("\n\n", f" {emoji.pop()}\n\n", 1)
            text = f"{text} {''.join(emoji)}"
        lower = "lowercase" in voice.wishes or rng.random() < voice.lowers
        return text.lower() if lower else text

    def _last_resort(self, scene: Scene) -> str:
        """When taboos leave nothing of the material: the picture's own words, or only sparkles; each once."""
        where = f"{scene.where[:1].upper()}{scene.where[1:]}." if scene.where else ""
        words = (where, f"My {scene.outfit}." if scene.outfit else "", "Me.", "Here.")
        sparkles = ("✨" * (1 + n) for n in range(len(self.used) + 1))
        free = (one for one in (*words, *sparkles) if one and one not in self.used)
        text = next(one for one in free if not self.taboos.touched_by(one))
        self.used.add(text)
        return text

    def _framed(self, text: str) -> str:
        """The caption with what the person asked to be said."""
        wishes = self.voice.wishes
        said = [_sentence(one) for one in wishes.sentences]
        for mention in wishes.mentions:
            if mention.casefold() not in text.casefold():
                form = self.rng.choice(("Also: {}.", "Special mention: {}.", "P.S. {}.", "And one more thing: {}."))
                said.append(form.format(mention.rstrip(".")))
        said = [one for one in said if not self.taboos.touched_by(one)]
        if said:
            text = (
                f"{' '.join(said)} {text}"
                if wishes.sentences and self.rng.random() < 0.5
                else f"{text}\n\n{' '.join(said)}"
            )
        if wishes.first and not self.taboos.touched_by(wishes.first):
            text = f"{wishes.first} {text}"
        if wishes.last and not self.taboos.touched_by(wishes.last):
            text = f"{text}\n\n{wishes.last}"
        return text.lower() if "lowercase" in wishes else text

    def _subjects(self, subjects: list[str]) -> list[str]:
        """Topics or interests short enough to stand in a sentence, as they stand there."""
        tidy = (" ".join(one.split()).strip(" .,;:!?") for one in subjects)
        return [
            spoken(one, one.lower()) if one[1:].islower() or " " in one else one for one in tidy if 1 < len(one) <= 40
        ]


@cache
def _lines() -> dict[str, tuple[Line, ...]]:
    """The material of lines.py, parsed once."""
    return {role: tuple(_parsed(role, raw) for raw in text.strip().split("\n")) for role, text in _ROLES.items()}


def _parsed(role: str, raw: str) -> Line:
    conditions, _, text = raw.partition("::")
    marks = conditions.split()
    text = text.strip().replace("\\n", "\n")
    slots = frozenset(name.lower() for name in _SLOT.findall(text))
    singular = {(first or second).lower() for first, second in _SINGULAR_VERB.findall(text)}
    if _PRONOUN.search(_SLOT.sub("", text)):
        singular |= {slot for slot in slots if slot in ("place", "my_outfit", "outfit", "my_prop", "topic", "interest")}
    known = {
        "traits": tuple(mark for mark in marks if mark[0] in _TRAITS and mark[1:] in ("+", "-")),
        "styles": frozenset(marks) & frozenset(COMMUNICATION_STYLES),
        "tones": frozenset(marks) & frozenset(CONTENT_TONES),
        "kinds": frozenset(mark[1:] for mark in marks if mark.startswith("@")),
    }
    if sum(map(len, known.values())) != len(marks):
        raise ValueError(f"A line of the writer has a condition nobody knows: {raw!r}")
    return Line(role, text, slots=slots, singular=frozenset(singular & slots), about=_groups(slots), **known)


def _groups(slots: frozenset[str]) -> frozenset[str]:
    """Slots that say the same thing: a caption says each once."""
    same = {"where": "place", "bare_place": "place", "place_one": "place", "light": "time", "this_time": "time"}
    same |= dict.fromkeys(("my_outfit", "a_outfit", "my_outfit_is", "outfit_one", "outfit_many"), "outfit")
    same |= {"daypart": "time", "greeting": "time", "mood_adjective": "mood"}
    return frozenset(same.get(slot, slot) for slot in slots)


def _shaped_by(shape: str, wishes: Directives) -> Directives:
    """The wishes with the shape that was asked for: it counts before what the persona usually does."""
    if not shape:
        return wishes
    flags = wishes.flags - {"short", "long", "question", "no_questions"} | {_SHAPES[shape]}
    return replace(wishes, flags=flags)


def opening(text: str) -> str:
    """How a caption begins: its first four words."""
    return " ".join(re.findall(r"[^\W_]+(?:['’][^\W_]+)?", text.casefold())[:4])


def sentences(text: str) -> set[str]:
    """The sentences of at least four words, without signs and emoji."""
    parts = (re.findall(r"[^\W_]+", one.casefold()) for one in re.split(r"(?<=[.!?…])\s+|\n", text))
    return {" ".join(words) for words in parts if len(words) >= 4}


def _dated(scene: Scene, desk: Desk, character: Character) -> Scene:
    """The scene with the day the words are for: weekday, weekend and a season the picture does not deny."""
    if desk.at is None:
        return scene
    weekday, season = weekday_of(desk.at), season_of(desk.at, character.time_zone)
    kinds = {weekday.lower(), "weekend" if desk.at.weekday() >= 5 else "workday"}
    denied = {"snow": "summer", "beach": "winter"}
    if season not in [denied[kind] for kind in scene.kinds if kind in denied]:
        kinds.add(season)
    return replace(scene, kinds=scene.kinds | kinds, weekday=weekday, season=season if season in kinds else "")


def _content_words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{4,}", text.lower()))


def _known(word: str, vocabulary: tuple[str, ...], fallback: str) -> str:
    """The word of the vocabulary that a person's own description comes down to."""
    text = word.strip().lower()
    if text in vocabulary:
        return text
    parts = re.findall(r"[\w-]+", text)
    for part in (text, *parts):
        if part in vocabulary:
            return part
        if part in _SYNONYMS and _SYNONYMS[part] in vocabulary:
            return _SYNONYMS[part]
    return next((one for one in vocabulary for part in parts if len(part) > 3 and one.startswith(part[:5])), fallback)


def _plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def _sentence(text: str) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in ".!?…" or not text[-1:].isalnum() else f"{text}."
