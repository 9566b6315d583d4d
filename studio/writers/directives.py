"""The plain wishes of a custom instruction or a caption request, as far as they are understood."""

import re
from dataclasses import dataclass

_USE = r"(?: use| uses| add| write)?"
_NOT = rf"(?:no|without|never{_USE}|avoid(?: using)?|skip(?: the)?|(?:do not|don['’]t){_USE}(?: any)?)"
_SENTENCE_END = r"(?=[.;\n!]|$)"
_END = r"(?=\s*(?:[.,;!\n]|and\b|$|captions?\b|texts?\b|sentences?\b|please\b))"
_START = r"(?:^|[.,;\n]\s*|\b(?:very|keep (?:it|them|this)|be|make (?:it|them)|write|use) )"
_FLAGS = {
    "no_emoji": rf"\b{_NOT} emojis?\b",
    "emoji": r"\b(?:use|add|with|lots of|many|more) (?:\w+ )?emojis?\b",
    "no_hashtags": rf"\b{_NOT} hash ?tags?\b",
    "no_questions": rf"\b{_NOT} (?:ask )?(?:any )?questions?\b|\b(?:do not|don['’]t|never) ask\b",
    "question": rf"\b(?:always )?(?:ask|end with|close with) (?:a|one) question\b|\balways ask\b"
    rf"|{_START}a question{_END}",
    "no_exclamations": rf"\b{_NOT} exclamations?(?: marks?| points?)?\b",
    "no_jokes": rf"\b{_NOT} (?:jokes?|humou?r)\b|\b(?:do not|don['’]t|never) joke\b",
    "no_slang": rf"\b{_NOT} slang\b",
    "lowercase": rf"{_START}(?:all )?(?:in )?(?:only )?lower ?-?case(?: only)?{_END}",
    "short": rf"{_START}(?:short(?:er)?|brief|concise){_END}|\b(?:few words|one sentence|one[- ]liners?){_END}",
    "long": rf"{_START}(?:long(?:er)?|detailed|at length){_END}|\btell a story\b",
}
_FLAGS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _FLAGS.items()}
_QUOTED = r"[\"'“‘«]([^\"”’»\n]{1,160})[\"'”’»]"
_UNDENIED = r"(?<!never )(?<!not )(?<!n't )(?<!n’t )\b(?:always )?"
_MENTION = re.compile(
    rf"{_UNDENIED}(?:mention|include)s?:? (?:{_QUOTED}|(.{{2,120}}?){_SENTENCE_END})",
    re.IGNORECASE,
)
_SAY = re.compile(rf"{_UNDENIED}say:? {_QUOTED}", re.IGNORECASE)
_EACH = r"(?: (?:it|every \w+|each \w+|captions?|posts?))?"
_LAST = re.compile(rf"\b(?:sign off|sign|end|close|finish){_EACH} with:? {_QUOTED}", re.IGNORECASE)
_FIRST = re.compile(rf"\b(?:start|open|begin){_EACH} with:? {_QUOTED}", re.IGNORECASE)
_AVOID = re.compile(
    r"\b(?:never|do not|don['’]t|avoid) (?:ever )?(?:mention|talk about|write about|say|mentioning|talking about) "
    rf"(.{{2,80}}?){_SENTENCE_END}",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"\b(?:I|I['’]m|we|you|it|is|are|was|will|has|have|can|opens?|starts?|comes?|goes)\b", re.IGNORECASE
)
_ORDER = re.compile(
    r"^(?:please |always |never |do not |don['’]t |use |write |keep |be |no |avoid |make |without |speak )",
    re.IGNORECASE,
)
_QUOTES = " \"'“”‘’«»`,:"


@dataclass(frozen=True)
class Directives:
    """`flags` are names of `_FLAGS`; `mentions` and whole `sentences` are said once, `first` and `last` frame it,
    `avoid` is what must not come up."""

    flags: frozenset[str] = frozenset()
    mentions: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    sentences: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()

    def __contains__(self, flag: str) -> bool:
        return flag in self.flags


def understood(instruction: str, words: str = "") -> Directives:
    """What `instruction` (always true for the character) and `words` (for this request) ask for.

    From the instruction only recognised wishes count; words that are no wish are something to say.
    """
    text = f"{instruction}\n{words}"
    flags = {name for name, pattern in _FLAGS.items() if pattern.search(text)}
    for one, other in (("no_emoji", "emoji"), ("no_questions", "question"), ("short", "long")):
        if one in flags:
            flags.discard(other)
    if re.search(r"\bnot (?:too )?short\b", text, re.IGNORECASE):
        flags.discard("short")
    last, first = _LAST.search(text), _FIRST.search(text)
    avoid = [_clean(found) for found in _AVOID.findall(text)]
    said, rest = [_without(instruction, _AVOID, _LAST, _FIRST), _without(words, _AVOID, _LAST, _FIRST)], ""
    mentions = [_clean(quoted or plain) for part in said for quoted, plain in _MENTION.findall(_plain(part))]
    mentions += [_clean(quoted) for part in said for quoted in _SAY.findall(part)]
    rest = _plain(_without(said[1], _MENTION, _SAY))
    sentences = []
    for part in re.split(r"(?<=[.!?])\s+|\n+|;", rest):
        part = part.strip(" ,;&")
        if len(part.strip(" .!?")) < 3 or _ORDER.match(part):
            continue
        if part[-1] in ".!?" or _CLAUSE.search(part):
            sentences.append(part)
        else:
            mentions += [_clean(one) for one in part.split(",") if len(_clean(one)) > 1]
    return Directives(
        frozenset(flags),
        tuple(dict.fromkeys(one for one in mentions if one)),
        _clean(first[1]) if first else "",
        _clean(last[1]) if last else "",
        tuple(sentences),
        tuple(avoid),
    )


def _plain(text: str) -> str:
    """The text without the wishes that are flags."""
    for pattern in _FLAGS.values():
        text = pattern.sub(" ", text)
    return re.sub(r"\s+([.,;!])", r"\1", re.sub(r"[ \t]+", " ", text))


def _without(text: str, *patterns: re.Pattern) -> str:
    for pattern in patterns:
        text = pattern.sub("", text)
    return text


def _clean(text: str) -> str:
    text = re.sub(r"^(?:and|please|also)\s+|\s+(?:and|please)$", "", " ".join(text.split()).strip(_QUOTES), flags=re.I)
    return text.strip(_QUOTES)
