"""The plain wishes of a custom instruction or a caption request, as far as they are understood."""

import re
from dataclasses import dataclass

_USE = r"(?: use| uses| add| write)?"
_NOT = rf"(?:no|without|never{_USE}|avoid(?: using)?|skip(?: the)?|(?:do not|don['’]t){_USE}(?: any)?)"
_SENTENCE_END = r"(?=[.;\n!]|$)"
_FLAGS = {
    "no_emoji": rf"\b{_NOT} emojis?\b",
    "emoji": r"\b(?:use|add|with|lots of|many|more) (?:\w+ )?emojis?\b",
    "no_hashtags": rf"\b{_NOT} hash ?tags?\b",
    "no_questions": rf"\b{_NOT} (?:ask )?(?:any )?questions?\b|\b(?:do not|don['’]t|never) ask\b",
    "question": r"\b(?:ask|end with|always ask|close with) (?:a|one) question\b|\balways ask\b",
    "no_exclamations": rf"\b{_NOT} exclamations?(?: marks?| points?)?\b",
    "no_jokes": rf"\b{_NOT} (?:jokes?|humou?r)\b|\b(?:do not|don['’]t|never) joke\b",
    "no_slang": rf"\b{_NOT} slang\b",
    "lowercase": r"\b(?:all |in |only )*lower ?-?case\b",
    "short": r"\b(?:short|brief|concise|one sentence|one[- ]liners?|keep it (?:short|brief|small))\b",
    "long": r"\b(?:long|longer|detailed|tell a story|at length)\b",
}
_FLAGS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _FLAGS.items()}
_SAY = re.compile(
    rf"\b(?:always )?(?:mention|include the words?|talk about|say)s?:? (?!nothing)(.{{2,160}}?){_SENTENCE_END}",
    re.IGNORECASE,
)
_LAST = re.compile(
    r"\b(?:always )?(?:sign off|sign|end|close|finish)(?: every \w+)? with:? (?!a question|one question)"
    rf"(.{{1,120}}?){_SENTENCE_END}",
    re.IGNORECASE,
)
_FIRST = re.compile(
    rf"\b(?:always )?(?:start|open|begin)(?: every \w+)? with:? (.{{1,120}}?){_SENTENCE_END}", re.IGNORECASE
)
_ORDER = re.compile(
    r"^(?:please |always |never |do not |don['’]t |use |write |keep |be |no |avoid |make |without |speak )",
    re.IGNORECASE,
)
_QUOTES = " \"'“”‘’«»`,:"


@dataclass(frozen=True)
class Directives:
    """`flags` are names of `_FLAGS`; `mentions` and whole `sentences` are said once, `first` and `last` frame it."""

    flags: frozenset[str] = frozenset()
    mentions: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    sentences: tuple[str, ...] = ()

    def __contains__(self, flag: str) -> bool:
        return flag in self.flags


def understood(instruction: str, words: str = "") -> Directives:
    """What `instruction` (always true for the character) and `words` (for this request) ask for.

    From the instruction only recognised wishes count; words that are no wish are something to say.
    """
    text = f"{' '.join(instruction.split(' '))}\n{words}"
    flags = {name for name, pattern in _FLAGS.items() if pattern.search(text)}
    for one, other in (("no_emoji", "emoji"), ("no_questions", "question"), ("short", "long")):
        if one in flags:
            flags.discard(other)
    if re.search(r"\bno(?:t)? (?:too )?short\b", text, re.IGNORECASE):
        flags.discard("short")
    mentions = [_clean(found) for found in _SAY.findall(text)]
    said, rest = [], _FIRST.sub("", _LAST.sub("", _SAY.sub("", words)))
    for pattern in _FLAGS.values():
        rest = pattern.sub("", rest)
    for part in re.split(r"(?<=[.!?])\s+|\n+|;", rest):
        part = part.strip(" ,;&")
        if len(part.strip(" .!?")) > 2 and not _ORDER.match(part) and part.lower() not in ("and", "please", "very"):
            said.append(part)
    first, last = _FIRST.search(text), _LAST.search(text)
    return Directives(
        frozenset(flags),
        tuple(dict.fromkeys(one for one in mentions if one)),
        _clean(first[1]) if first else "",
        _clean(last[1]) if last else "",
        tuple(said),
    )


def _clean(text: str) -> str:
    return " ".join(text.split()).strip(_QUOTES)
