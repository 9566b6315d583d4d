"""Another tone for a text, as far as words and signs carry one. Links, handles, hashtags and names stay as they are."""

import random
import re

_KEPT = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)[@#][^\W_][\w.]*")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\ufe0f\u200d\U0001f1e6-\U0001f1ff]+")
_PLAIN_WORDS = (  # professional, casual
    ("I would like to", "I want to"), ("in order to", "to"), ("therefore", "so"), ("however", "but"),
    ("purchase", "get"), ("assist", "help"), ("approximately", "about"), ("regarding", "about"),
    ("currently", "right now"), ("children", "kids"), ("thank you", "thanks"), ("hello", "hey"), ("very", "really"),
    ("additionally", "also"), ("begin", "start"), ("photograph", "photo"), ("would love to", "would love to"),
)  # fmt: skip
_SLANG = (  # said, professional
    ("gonna", "going to"), ("wanna", "want to"), ("gotta", "have to"), ("kinda", "rather"), ("lowkey", "quietly"),
    ("yeah", "yes"), ("yep", "yes"), ("nope", "no"), ("hey", "hello"), ("thanks", "thank you"),
    ("awesome", "excellent"), ("super", "very"), ("guys", "everyone"), ("kids", "children"), ("stuff",
    "things"), ("okay", "all right"),
    ("vibes", "atmosphere"), ("fit", "outfit"), ("lol", ""), ("omg", ""), ("btw", "by the way"),
)  # fmt: skip
_LONG = (
    ("I'm", "I am"), ("I'll", "I will"), ("I'd", "I would"), ("I've", "I have"), ("it's", "it is"),
    ("that's", "that is"), ("there's", "there is"), ("you're", "you are"), ("you'll", "you will"), ("we're", "we are"),
    ("they're", "they are"), ("what's", "what is"), ("don't", "do not"), ("doesn't", "does not"), ("didn't",
    "did not"), ("can't", "cannot"),
    ("won't", "will not"), ("isn't", "is not"), ("aren't", "are not"), ("wasn't", "was not"),
    ("couldn't", "could not"), ("wouldn't", "would not"), ("haven't", "have not"),
)  # fmt: skip
_CASUAL_STARTS = ("Okay, ", "So, ", "Right, ", "Hey, ")
_JOKES = (
    "No notes. Well, one note, but it is in crayon.", "I rehearsed this in front of a plant. It was moved.",
    "Please hold your applause until I find my other sock.", "My lawyer is a cat and even she approves.",
    "I would say more, but my snack is calling.", "Results may vary. Mine usually do.",
    "Ten out of ten, would overthink again.", "This took me four minutes and a small existential crisis.",
    "I am told this counts as a hobby.", "Somewhere, a more sensible person is asleep.",
)  # fmt: skip
_LIFTS = (
    "Start where you are; that is far enough for today.", "Small steps still leave footprints.",
    "You are allowed to begin before you are ready.", "Keep one hand free for what comes next.",
    "What you practise quietly will speak for you later.", "If it matters to you, it is worth doing slowly.",
    "There is room for you in this, too.", "One honest try beats ten perfect plans.",
    "Let today be the day you do the small brave thing.", "Nobody sees the work, and it still counts.",
)  # fmt: skip


def rewritten(text: str, tone: str, number: int, rng: random.Random) -> str:
    """The text in this tone; `number` tells the variants apart. "" when this tone changes nothing more."""
    held: list[str] = []

    def hold(match: re.Match) -> str:
        held.append(match[0])
        return f"\ue000{len(held) - 1}\ue001"

    body = _KEPT.sub(hold, text.strip())
    if tone == "professional":
        body = _professional(body, number)
    elif tone == "casual":
        body = _casual(body, number, rng)
    else:
        body = _casual(body, 0, rng) if number % 2 else body
        lines = list(_JOKES if tone == "humorous" else _LIFTS)
        rng.shuffle(lines)
        body = _before_tags(body, lines[number % len(lines)])
    return re.sub("\ue000(\\d+)\ue001", lambda match: held[int(match[1])], body).strip()


def _professional(body: str, number: int) -> str:
    body = _EMOJI.sub("", body)
    body = _swapped(body, _SLANG)
    body = _swapped(body, _LONG)
    body = re.sub(r"!+", ".", body)
    body = re.sub(r"([.?])\1+", r"\1", re.sub(r"[ \t]+([.,?;:])", r"\1", re.sub(r"[ \t]{2,}", " ", body)))
    body = re.sub(r"(^|[.?]\s+|\n)([a-z])", lambda match: match[1] + match[2].upper(), body)
    body = re.sub(r"\bi\b", "I", body)
    if number % 2 and "\n" not in body:  # the second variant gives each thought a line of its own
        body = re.sub(r"(?<=[.?]) (?=[A-Z])", "\n", body)
    return body if number < 2 else ""


def _casual(body: str, number: int, rng: random.Random) -> str:
    body = _swapped(body, _PLAIN_WORDS)
    body = _swapped(body, tuple((long, short) for short, long in _LONG))
    if number == 1:
        body = re.sub(r"(?<!\.)\.(?=\s*$)", "!", body)
    if number >= 2:
        starts = [one for one in _CASUAL_STARTS if not body.lower().startswith(one.strip(" ,").lower())]
        start = starts[(number - 2) % len(starts)]
        keeps = re.match(r"(?:I\b|\ue000|[A-Z]{2})", body)
        body = start + (body if keeps else body[:1].lower() + body[1:])
    return body if number < 6 else ""


def _before_tags(body: str, line: str) -> str:
    """`line` after the words and before the hashtags that close a text."""
    match = re.search("(?:\\s*\ue000\\d+\ue001)+\\s*$", body)
    at = match.start() if match else len(body)
    words = body[:at].rstrip()
    words = words if not words or words[-1] in ".!?…" or not words[-1].isalnum() else f"{words}."
    return f"{words} {line}{body[at:]}"


def _swapped(body: str, pairs) -> str:
    for one, other in pairs:
        pattern = re.compile(rf"(?<![\w'’]){re.escape(one).replace(chr(39), '[’' + chr(39) + ']')}(?![\w'’])", re.I)
        body = pattern.sub(lambda match, other=other: _as_case(match[0], other), body)
    return body


def _as_case(found: str, other: str) -> str:
    return other[:1].upper() + other[1:] if found[:1].isupper() and other else other
