"""What every platform promises; the same over a written fake of one that has a network."""

import re
from pathlib import Path

import pytest
from PIL import Image

from studio.domain.asset import Asset, Recipe
from studio.domain.character import Character
from studio.domain.post import Caption, Post
from studio.platforms import PLATFORMS, Draft, Piece, Problem
from tests.fakes import Wire

each = pytest.mark.parametrize("platform", [*PLATFORMS, Wire()], ids=lambda one: one.spec.id)


def a_draft(folder: Path, pictures: int = 1, **fields) -> Draft:
    pieces = []
    for number in range(pictures):
        source = folder / f"source-{number}.png"
        Image.new("RGB", (8, 8), "red").save(source)
        asset = Asset(id=f"a{number}", file=source.name, width=8, height=8, recipe=Recipe(engine="starter"))
        pieces.append(Piece(asset, source, f"mira-{number}", alt_text="A red square."))
    caption = fields.pop("caption", "Hello")
    post = Post(
        character_id="c1",
        asset_ids=[f"a{number}" for number in range(max(pictures, 1))],
        caption=Caption(text=caption),
        disclosure=fields.pop("disclosure", "Made with AI."),
    )
    place = folder / "exports" / "2026-11-23_mira"
    return Draft(post, Character(id="c1", name="Mira"), tuple(pieces), ("#A", "#B"), place, **fields)


def copy(piece: Piece, path: Path) -> None:
    path.write_bytes(piece.source.read_bytes())


def levels(problems: list[Problem]) -> set[str]:
    return {one.level for one in problems}


@each
def test_it_describes_itself(platform):
    """Plain id, name, a sentence, and what leaves the machine."""
    assert re.fullmatch(r"[a-z][a-z0-9-]*", platform.spec.id)
    assert platform.spec.name
    assert platform.spec.summary.endswith(".")
    assert platform.spec.sends
    assert platform.ready() is None or platform.ready().endswith(".")


@each
def test_a_good_draft_has_no_problems(platform, tmp_path):
    """Pictures, words, alt text and disclosure are enough."""
    assert platform.check(a_draft(tmp_path)) == []


@each
def test_missing_words_are_warnings(platform, tmp_path):
    """An empty caption and a picture without alt text are said, not forbidden."""
    draft = a_draft(tmp_path, caption="  ")
    silent = Piece(draft.pieces[0].asset, draft.pieces[0].source, "x")
    found = platform.check(Draft(draft.post, draft.character, (silent,), (), draft.place))
    assert levels(found) == {"warning"}
    assert {one.field for one in found} == {"caption", "alt_text"}
    assert all(str(one).startswith(one.message) for one in found)


@each
def test_missing_pictures_and_missing_honesty_are_errors(platform, tmp_path):
    """No picture, a lost file, or no disclosure: nothing goes out."""
    assert "error" in levels(platform.check(a_draft(tmp_path, 0)))
    draft = a_draft(tmp_path)
    draft.pieces[0].source.unlink()
    assert [one.field for one in platform.check(draft)] == ["asset_ids"]
    assert "disclosure" in {one.field for one in platform.check(a_draft(tmp_path, disclosure=" "))}


@each
def test_over_its_limits_is_refused_with_a_reason(platform, tmp_path):
    """Too many pictures or too long a caption are errors that name the platform."""
    spec = platform.spec
    if spec.most_assets < 20:  # a post itself holds no more
        found = platform.check(a_draft(tmp_path, spec.most_assets + 1))
        assert any(one.level == "error" and spec.name in one.message for one in found)
    if spec.longest_caption:
        found = platform.check(a_draft(tmp_path, caption="x" * (spec.longest_caption + 1)))
        assert any(one.level == "error" and "too long" in one.message for one in found)


@each
def test_what_was_published_is_found_again_and_nothing_else_is(platform, tmp_path):
    """After a crash the platform knows whether the draft got out: that is what keeps posts from going out twice."""
    draft = a_draft(tmp_path)
    assert platform.found(draft) is None
    receipt = platform.publish(draft, copy)
    assert receipt.files or receipt.url
    assert platform.found(draft) == receipt
    assert all(path.is_file() for path in receipt.files)
    assert bool(receipt.files) == platform.spec.files


@each
def test_the_text_that_goes_out_ends_with_the_disclosure(platform, tmp_path):
    """Caption, hashtags, disclosure."""
    assert a_draft(tmp_path).text == "Hello\n\n#A #B\n\nMade with AI."
