"""How mature words are, and whether they describe a minor in a suggestive way. By rules, see `rating_rules.py`.

It sees texts only: not pictures, documents or settings. A text is read in several ways, so that a disguise does not
help: without accents, with digits as the letters they resemble, with spaced-out and broken words put together.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from studio.domain import rating_rules as rules

Level = Literal["general", "suggestive", "mature"]
LEVELS: tuple[Level, ...] = ("general", "suggestive", "mature")

# Letters of other alphabets and signs that look like a plain one.
_TWINS = str.maketrans("аеіјорсухѕвнкмтгԁӏοαενικρτυχγ", "aeijopcyxsbhkmtrdloaevikptuxy")
_LEET = str.maketrans("0345@$7+€", "oeasastte")
_LEET_I, _LEET_L = str.maketrans("1!|", "iii"), str.maketrans("1!|", "lll")
_TOKEN = re.compile(r"[^\W_]+")
_ACCENTED = re.compile(r"[^\x00-\x7f]")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_BROKEN = 14  # letters of the longest word that is looked for in pieces
_UNJOINED = frozenset({"anal", "butt", "tits", "asses", "xxx", "seethrough"})  # "an al fresco"


@dataclass(frozen=True)
class Verdict:
    """What a text is: its `level`, the rules' `words` that say so, and those that speak of a minor.

    `refused` is true when it describes a minor in a suggestive way, which is never made.
    """

    level: Level = "general"
    words: tuple[str, ...] = ()
    minors: tuple[str, ...] = ()
    refused: bool = False


def rate(text: str, negative: str = "", *, age: int | None = None) -> Verdict:
    """The verdict on a prompt. `negative` is what is kept out of the picture, which counts the other way round; `age`
    is that of the person it is about, None when unknown."""
    found = _found(text)
    kept_out = {_plain(phrase) for phrase in re.split(r"[,;\n]", _without_weights(negative))}
    mature = [*found["mature"], *(f"without {one}" for one in rules.NEGATIVE_MATURE if one in kept_out)]
    minors = [*found["minor"], *(f"not {one}" for one in rules.NEGATIVE_MINOR if one in kept_out)]
    if age is not None and age < rules.ADULT:
        minors.append(f"{age} years old")
    sexual = [*mature, *found["suggestive"]]
    level: Level = "mature" if mature or found["violent"] else "suggestive" if sexual else "general"
    words = dict.fromkeys([*found["never"], *sexual, *found["violent"]])
    return Verdict(
        level="mature" if found["never"] else level,
        words=tuple(words),
        minors=tuple(dict.fromkeys(minors)),
        refused=bool(found["never"] or (sexual and minors)),
    )


def rate_prose(text: str, *, age: int | None = None) -> Verdict:
    """The verdict on running text, such as a biography or a caption: sentence by sentence, since "when she was twelve"
    in one says nothing about the next."""
    verdicts = [rate(one, age=age) for one in re.split(r"(?<=[.!?…。！？])\s+|\n+", text or "")]
    worst = max(verdicts, key=lambda one: LEVELS.index(one.level))
    return Verdict(
        worst.level,
        tuple(dict.fromkeys(word for one in verdicts for word in one.words)),
        tuple(dict.fromkeys(word for one in verdicts for word in one.minors)),
        any(one.refused for one in verdicts),
    )


def highest(levels: Iterable[str]) -> Level:
    """The most mature of these levels; an unknown one counts as mature."""
    return LEVELS[max((LEVELS.index(one) if one in LEVELS else 2 for one in levels), default=0)]


# ---------------------------------------------------------------- finding
def _found(text: str) -> dict[str, list[str]]:
    """The words of each list that stand in the text."""
    found: dict[str, dict[str, None]] = {name: {} for name in _lists()}
    for accented, reading in _readings(text):
        for name, pattern in (_accented_patterns() if accented else _patterns()).items():
            for hit in pattern.finditer(reading):
                found[name][" ".join(hit.group(0).split())] = None
        for hit in _AGE.finditer(reading):
            if not _THING.match(reading, hit.end()):
                found["minor"][hit.group(0).strip()] = None
    squeezed = unicodedata.normalize("NFKC", text or "")
    for name, phrases in rules.UNSPACED.items():
        found[name].update((phrase, None) for phrase in phrases if phrase in squeezed)
    return {name: list(words) for name, words in found.items()}


def _readings(text: str) -> list[tuple[bool, str]]:
    """(with accents, the text) in the ways it may be meant, words between single spaces, a space at both ends."""
    text = unicodedata.normalize("NFKC", _without_weights(text or "")).casefold()
    text = "".join(one for one in text if unicodedata.category(one) not in ("Cf", "Cc") or one.isspace())
    text = text.replace("'", "").replace("’", "")
    bare = _bare(text)
    disguised = " ".join(
        part.translate(_LEET) if any("a" <= one <= "z" for one in part) else part for part in bare.split()
    )
    ways = dict.fromkeys([bare, disguised.translate(_LEET_I), disguised.translate(_LEET_L)])
    readings: dict[tuple[bool, str], None] = {}
    if _ACCENTED.search(text):
        readings[True, _spaced(_TOKEN.findall(text))] = None
    for way in ways:
        for form in (way, _STRETCHED.sub(r"\1", way), _STRETCHED.sub(r"\1\1", way)):
            tokens = _TOKEN.findall(form)
            readings[False, _innocent().sub(" ", _spaced([*tokens, "", *_put_together(tokens)]))] = None
    return list(readings)


def _bare(text: str) -> str:
    """Without accents, look-alikes of other alphabets as the plain letters they pose as."""
    text = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return text.translate(_TWINS)


def _plain(text: str) -> str:
    return " ".join(_TOKEN.findall(_bare(unicodedata.normalize("NFKC", text).casefold())))


def _without_weights(text: str) -> str:
    """`(word:1.2)` as `word`: the number says nothing about age."""
    return re.sub(r":\s*-?\d*\.?\d+\s*(?=[)\]>])", " ", text)


def _spaced(tokens: Iterable[str]) -> str:
    """Words with spaces between and around; an empty one becomes a border that no phrase reaches across."""
    return f" {' '.join(one or '/' for one in tokens)} "


def _put_together(tokens: list[str]) -> list[str]:
    """Words of the lists that stand there letter by letter, or in two or three pieces."""
    known, found = _single_words(), []
    run: list[str] = []
    for token in [*tokens, ""]:
        if len(token) == 1:
            run.append(token)
            continue
        if len(run) > 2:
            letters = "".join(run)
            found += [word for word in known if word in letters]
            found += [word for word in _short_words() if letters.startswith(word) or letters.endswith(word)]
        run = []
    for size in (2, 3):
        for at in range(len(tokens) - size + 1):
            pieces = tokens[at : at + size]
            whole = "".join(pieces)
            short = len(whole) < 6 and any(len(one) > 3 for one in pieces)
            alone = [one for one in pieces if len(one) < 2]
            if len(whole) > _BROKEN or short and (size > 2 or not alone) or alone and (len(whole) < 5 or "a" in alone):
                continue
            if whole in known or whole.removesuffix("s") in known:
                found.append(whole)
    return [one for found_one in found for one in (found_one, "")]


# ---------------------------------------------------------------- rules, made ready once
@lru_cache(1)
def _lists() -> dict[str, tuple[str, ...]]:
    lists = {
        "never": rules.NEVER,
        "minor": rules.MINOR + tuple(f"{young} {person}" for young in rules.YOUNG for person in rules.PERSON),
        "suggestive": rules.SUGGESTIVE,
        "mature": rules.MATURE,
        "violent": rules.VIOLENT,
    }
    for words in rules.OTHERS.values():
        for name, phrases in words.items():
            lists[name] += phrases
    return lists


def _pattern(phrases: Iterable[str]) -> re.Pattern:
    """Finds the phrases as whole words, a plain plural too. Words may stand between spaces only."""
    parts = []
    for phrase in sorted(phrases, key=len, reverse=True):
        ending = r"\w*" if phrase.endswith("*") else "(?:e?s)?" if phrase[-1] != "s" else ""
        parts.append(re.escape(phrase.casefold().rstrip("*")) + ending)
    return re.compile(rf"(?<= )(?:{'|'.join(parts)})(?= )")


@lru_cache(1)
def _patterns() -> dict[str, re.Pattern]:
    plain = {name: [one for one in words if not _ACCENTED.search(one)] for name, words in _lists().items()}
    return {name: _pattern(words) for name, words in plain.items()}


@lru_cache(1)
def _accented_patterns() -> dict[str, re.Pattern]:
    accented = {name: [one for one in words if _ACCENTED.search(one)] for name, words in _lists().items()}
    return {name: _pattern(words) for name, words in accented.items() if words}


@lru_cache(1)
def _innocent() -> re.Pattern:
    return _pattern(rules.INNOCENT)


@lru_cache(1)
def _single_words() -> frozenset[str]:
    return frozenset(
        word
        for words in _lists().values()
        for word in words
        if len(word) > 3 and word.isascii() and word.isalpha() and word not in _UNJOINED
    )


@lru_cache(1)
def _short_words() -> frozenset[str]:
    return frozenset(word for words in _lists().values() for word in words if len(word) == 3)


_YEARS = rf"(?:{'|'.join(rules.NUMBERS)}|0?\d|1[0-7]|1 [0-7])"
_OTHER_YEARS = r"anos|ans|jahre?|anni|лет|года|yas|yasinda|lat|ar"
_AGE = re.compile(
    rf"(?<= ){_YEARS} (?:(?:years?|yrs?|yr) (?:old|young|of age)|y ?o|yo|yearold|yrold|y old)(?= )"
    rf"|(?<= )(?:0?\d|1[0-7])(?:yo|yrs?|y o|yr old|years old|yearold|jahrig\w*)(?= )"
    rf"|(?<= )(?:aged?|turned|turning|is only|only) {_YEARS}(?= )(?! (?:years of|photo|picture|image|people|one))"
    rf"|(?<= )(?:0?\d|1[0-7]) (?:{_OTHER_YEARS})(?= )"
    r"|(?<= )\d+ months? old(?= )"
    r"|(?<= )(?:thirteen|fourteen|fifteen|sixteen|seventeen|13|14|15|16|17)th birthday(?= )"
    r"|(?<= )(?:tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth) birthday(?= )"
    r"|(?<= )(?:0?\d|1[0-7])(?:歳|才|岁|歲|살|세)"
)
_THING = re.compile(
    rf" (?:(?:single|malt|oak|stone|scottish|irish|red|white) ){{0,2}}(?:{'|'.join(rules.THINGS)})s?(?= )"
)
