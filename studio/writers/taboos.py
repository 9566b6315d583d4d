"""What a character does not talk about."""

import re
from collections.abc import Iterable

_INTRO = re.compile(
    r"^(?:no|never|not|avoid|avoids|nothing about|anything about|does not|doesn['’]t|do not|don['’]t)\s+"
    r"(?:(?:talk|talks|talking|speak|speaks|post|posts|joke|jokes|mention|mentions|say|says|write|writes|use|uses)(?:ing)?\s+)?(?:about\s+|on\s+)?",
    re.IGNORECASE,
)
_ENDINGS = ("ings", "ing", "ies", "ied", "ers", "ed", "es", "er", "y", "s", "e")


class Taboos:
    """Knows whether a text touches one. Whole words with any usual ending: "drink" finds "drinking" too."""

    def __init__(self, taboos: Iterable[str]):
        self._phrases = [
            stems
            for one in taboos
            for part in re.split(r"[,;\n]", one)
            if (stems := _stems(_INTRO.sub("", part.strip())))
        ]
        self._solid = ["".join(phrase) for phrase in self._phrases if len("".join(phrase)) >= 4]

    def __bool__(self) -> bool:
        return bool(self._phrases)

    def touched_by(self, text: str) -> bool:
        """Whether `text` has a taboo word or phrase in it."""
        if not self._phrases:
            return False
        stems = _stems(text)
        return any(
            stems[at : at + len(phrase)] == phrase
            for phrase in self._phrases
            for at in range(len(stems) - len(phrase) + 1)
        )

    def touched_by_tag(self, tag: str) -> bool:
        """The same for a hashtag, whose words stand together: CamelCase parts and the run of letters as a whole."""
        parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", tag.lstrip("#"))
        run = tag.lstrip("#").lower()
        return self.touched_by(parts) or any(solid in run for solid in self._solid)


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in re.findall(r"[^\W_]+", text.lower().replace("’", "'").replace("'", ""))]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2:-1] else word
