"""Templates: texts that draw their words, such as `{red|blue} hat, __place__`. The same seed draws the same.

The grammar is that of the dynamicprompts library: choices `{a|b}`, weights `{3::a|b}`, several `{2$$a|b|c}`, variables
`${hat=!{red|blue}} … ${hat}`, lists `__place__`, and all of it inside each other. What differs here: a picture draws by
chance alone, so `!`, `@` and `~` before a choice mean nothing; `#` and `//` are no remarks; and there are limits, with
words for each.
"""

import random
import re
from collections.abc import Iterator

from studio.domain.requests import ImageRequest
from studio.errors import StudioError
from studio.services.wildcards import Wildcards

FIELDS = ("prompt", "negative", "outfit", "place", "prop", "mood")  # what a request may draw; each for itself
MOST_DEPTH = 8  # choices inside choices
MOST_DRAWN = 200  # lists asked for one text
MOST_LETTERS = 2000  # of what comes out
_LIST = re.compile(r"__(?=\S)((?:(?!__).)+?)__", re.DOTALL)
_PLAIN_LIST = re.compile(r"__\s*[!~@]?([\w*-]+?)\s*(?:\([^)]*\))?__")
_MARKS = re.compile(r"\{|\$\{|__(?=\S)(?:(?!__).)+?__", re.DOTALL)
_SAMPLER = re.compile(r"(\{\s*|__)[!~@](?=[^}])")
# Signs that the grammar reads as something else (remarks, wraps) travel through it as letters nobody uses.
_HIDDEN = {"#": "\ue000", "//": "\ue001", "/*": "\ue002"}
_LONE = re.compile(r"%|\$(?![${])(?<!\$\$)")
_LONE_AS = {"%": "\ue003", "$": "\ue004"}


def is_template(text: str | None) -> bool:
    """Whether this text draws anything."""
    return bool(text) and bool(_MARKS.search(text))


def templates_of(request: ImageRequest) -> dict[str, str]:
    """The fields of a request that draw, as they were typed."""
    return {name: getattr(request, name) for name in FIELDS if is_template(getattr(request, name))}


def drawn_request(request: ImageRequest, seed: int, lists: Wildcards) -> ImageRequest:
    """The request with every template drawn for this seed. Raises StudioError with the field."""
    texts = templates_of(request)
    return request.model_copy(update={name: drawn(text, seed, lists, name) for name, text in texts.items()})


def drawn(text: str, seed: int, lists: Wildcards, field: str = "prompt") -> str:
    """One text out of a template. Each field draws for itself, so that a change in one leaves the others alone.

    Raises StudioError with the field for what cannot be read, unknown lists, lists that lead to themselves.
    """
    if not is_template(text):
        return text
    try:
        _check(text, field)
        _check_circles(text, lists)
        found = _sampled(_hidden(_SAMPLER.sub(r"\1", text)), random.Random(f"{seed}:{field}"), lists)
    except StudioError as error:
        error.field = field
        raise
    found = " ".join(_shown(found).split())
    found = re.sub(r"\s+,", ",", re.sub(r"(,\s*)+,", ",", found)).strip(" ,")
    if len(found) > MOST_LETTERS:
        raise StudioError(
            f"What this draws is longer than {MOST_LETTERS} letters.", "Draw from fewer lists at once.", field=field
        )
    return found


def _check(text: str, field: str) -> None:
    """What is wrong with the braces, in words."""
    depth = deepest = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        deepest = max(deepest, depth)
        if depth < 0:
            raise StudioError("A } closes nothing.", "Every choice is written {one|another}.", field=field)
    if depth:
        raise StudioError("A { is not closed.", "Every choice is written {one|another}.", field=field)
    if deepest > MOST_DEPTH:
        raise StudioError(
            f"Choices lie more than {MOST_DEPTH} deep in each other.", "Put some into a wildcard list.", field=field
        )
    if len(_LIST.findall(text)) > MOST_DRAWN:
        raise StudioError(f"More than {MOST_DRAWN} lists are named.", "Name fewer.", field=field)


def _check_circles(text: str, lists: Wildcards) -> None:
    """Every list that could be asked is there, and none leads back to itself."""
    clear: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        key = name.casefold()
        if key in way:
            circle = " → ".join([*way[way.index(key) :], key])
            raise StudioError(
                f"The wildcard list {name} leads back to itself: {circle}.", "Take one of the names out of its list."
            )
        if key in clear:
            return
        if len(way) >= 20:
            raise StudioError("Wildcard lists lead more than 20 deep into each other.", "Flatten some of them.")
        for words, _ in lists.values(name):
            for inner in _named(words):
                visit(inner, (*way, key))
        clear.add(key)

    for name in _named(text):
        visit(name, ())


def _named(text: str) -> Iterator[str]:
    """The lists a text names plainly; names that are drawn themselves are found when they are drawn."""
    return (found[1] for found in _PLAIN_LIST.finditer(text)) if "__" in text else iter(())


def _sampled(text: str, rand: random.Random, lists: Wildcards) -> str:
    from dynamicprompts.enums import SamplingMethod
    from dynamicprompts.sampling_context import SamplingContext
    from pyparsing import ParseBaseException

    context = SamplingContext(SamplingMethod.RANDOM, _Lists(lists), rand=rand)
    try:
        return next(iter(context.sample_prompts(text, 1))).text
    except StudioError:
        raise
    except ParseBaseException as error:
        near = _shown(text[error.loc : error.loc + 24]).strip() or "its end"
        raise StudioError(f"The choices cannot be read near “{near}”.", "Write {one|another} and __list__.") from error
    except KeyError as error:
        name = str(error).partition("Variable ")[2].partition(" ")[0] or "?"
        raise StudioError(
            f"The variable ${{{name}}} has no value.", f"Give it one before: ${{{name}=red|blue}}."
        ) from error
    except RecursionError as error:
        raise StudioError("These choices lead back to themselves.", "Take one of the names out.") from error
    except (ValueError, OverflowError, StopIteration) as error:
        raise StudioError("Nothing can be drawn from these choices.", "Weights have to be above zero.") from error


class _Lists:
    """The lists as dynamicprompts asks for them, counted, so that lists of lists come to an end."""

    def __init__(self, lists: Wildcards):
        self._lists, self._asked = lists, 0

    def get_values(self, name: str):
        from dynamicprompts.wildcards.item import WildcardItem
        from dynamicprompts.wildcards.values import WildcardValues

        self._asked += 1
        if self._asked > MOST_DRAWN:
            raise StudioError(
                f"More than {MOST_DRAWN} lists are drawn from for one picture.", "Lists lead into lists: use fewer."
            )
        values = self._lists.values(_shown(name).strip().strip("_"))
        for words, _ in values[:MOST_DRAWN]:
            _check(words, "prompt")
        return WildcardValues.from_items(
            [WildcardItem(_hidden(_SAMPLER.sub(r"\1", words)), weight) for words, weight in values]
        )


def _hidden(text: str) -> str:
    for sign, letter in _HIDDEN.items():
        text = text.replace(sign, letter)
    return _LONE.sub(lambda found: _LONE_AS[found[0]], text)


def _shown(text: str) -> str:
    for sign, letter in (*_HIDDEN.items(), *_LONE_AS.items()):
        text = text.replace(letter, sign)
    return text
