"""Prompt weights as people write them."""

import pytest

from pipelines.prompt_weights import has_weights, parsed, plain


def rounded(prompt):
    return [(text, round(weight, 3)) for text, weight in parsed(prompt)]


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("a red fox", [("a red fox", 1.0)]),
        ("a (red:1.3) fox", [("a ", 1.0), ("red", 1.3), (" fox", 1.0)]),
        ("a (red) fox", [("a ", 1.0), ("red", 1.1), (" fox", 1.0)]),
        ("a ((red)) [fox]", [("a ", 1.0), ("red", 1.21), (" ", 1.0), ("fox", 0.909)]),
        ("((red:1.5) fox:2)", [("red", 3.0), (" fox", 2.0)]),
        (r"a \(red\) fox", [("a (red) fox", 1.0)]),
        ("a (red fox", [("a (red fox", 1.0)]),
        ("a red) fox", [("a red) fox", 1.0)]),
        ("(mixed] brackets", [("(mixed] brackets", 1.0)]),
        ("sunset BREAK sea", [("sunset ", 1.0), ("BREAK", 1.0), (" sea", 1.0)]),
        ("(huge:999) (tiny:-999)", [("huge", 4.0), (" ", 1.0), ("tiny", -2.0)]),
        ("(time: noon)", [("time: noon", 1.1)]),
        ("", []),
        ("\\", [("\\", 1.0)]),
        ("((((", [("((((", 1.0)]),
    ],
)
def test_brackets_become_weights(prompt, pieces):
    """Weights multiply, stay in bounds, and what is not balanced is plain text."""
    assert rounded(prompt) == pieces


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a (red:1.3) fox", "a red fox"),
        ("a fox (like this one)", "a fox (like this one)"),
        ("((red)) fox", "red fox"),
        ("sunset BREAK sea", "sunset, sea"),
        ("emoji :) and 4:3", "emoji :) and 4:3"),
        ("red, BREAK , sea", "red, sea"),
    ],
)
def test_language_models_get_words_only(prompt, words):
    """A remark in brackets stays; weights, doubled brackets and BREAK go."""
    assert plain(prompt) == words
    assert has_weights(prompt) == (words != prompt)


def test_an_absurd_prompt_takes_no_time():
    """Ten thousand brackets neither recurse nor hang."""
    assert parsed("(" * 10_000 + "x" + ")" * 10_000)[0][0] == "x"
