"""Review: filters are the filter's fields, bulk actions, and a desk that never skips or repeats a picture."""

import gradio as gr
import pytest

from studio.domain.requests import AssetFilter
from studio.errors import StudioError
from studio.ui.tabs.review import day, recipe_facts, words_of

CURSORS = [None, None]


@pytest.fixture
def tab(tabs):
    return tabs["review"]


@pytest.fixture
def blank(tab):
    return dict.fromkeys(tab.filters, "")


def test_the_filter_bar_is_the_filter(tab):
    """Every field of an asset filter has its control, `whose` being the character's."""
    assert set(tab.filters) - {"whose"} | {"character_id"} == set(AssetFilter.model_fields) - {"job_id"}


@pytest.mark.parametrize("typed", ["", "2", "2026", "2026-", "2026-1", "2026-01-3"])
def test_a_day_that_is_being_typed_filters_nothing(typed):
    """No error before there is a whole date."""
    assert day(typed) is None


@pytest.mark.parametrize("typed", ["31.1.2026", "soon", "2026-13-01", "2026-02-30", "<b>"])
def test_what_is_no_day_is_said(typed):
    """Wrong dates are refused with an example."""
    with pytest.raises(StudioError, match="is not a day"):
        day(typed)


def test_the_library_is_paged(tab, made, blank, monkeypatch):
    """Older and Newer walk pages without losing or repeating a picture."""
    monkeypatch.setattr("studio.ui.tabs.review.PAGE", 2)
    ids = set(made(3)) | set(made(2))
    seen, answer = [], tab.listed("Library", None, [], [None], {"state": "new"}, **blank)
    seen += answer[1]
    for _ in range(2):
        answer = tab.step_page(answer[2], 1, **blank)
        seen += answer[1]
    assert (len(seen), set(seen)) == (5, ids)
    assert tab.step_page(answer[2], -1, **blank)[1] == seen[2:4]


def test_looking_again_keeps_what_was_selected(tab, made, blank):
    """The first listing and one with the filters of before leave selection and desk; other filters begin anew."""
    made(2)
    for filters in (blank, dict.fromkeys(blank)):
        answer = tab.listed("Library", None, [], [None], None if filters is blank else {}, **filters)
        assert answer[0]["selected"] is None
        assert all(part == gr.skip() for part in answer[6:17])
        assert answer[17] == {}
    answer = tab.listed("Library", None, [], [None], {}, **{**blank, "state": "new"})
    assert (answer[0]["selected"], answer[6], answer[14]) == ([], [], answer[1][0])


def test_a_listing_knows_its_filters(tab, made, blank, given):
    """Whatever lists pictures says for which filters; one that other filters have overtaken is asked for again."""
    made(2)
    old = {**blank, "state": "rejected"}
    for answer in (tab.step_page([None], 1, **old), tab.listed("Library", None, [], [None], {}, **old)):
        assert (answer[1], answer[17]) == ([], {"state": "rejected"})
    assert tab.overtaken({"state": "rejected"}, **old) == gr.skip()
    again = tab.overtaken({"state": "rejected"}, **blank)
    assert len(again[1]) == 2
    assert again[17]["filters"] == {}  # noted in a step of its own: no event calls itself


def test_pickers_are_sent_and_not_what_is_chosen(tab, made, mira, given):
    """A choice made while they were on their way stays; only one that is gone is taken back."""
    made(1)
    whose, look, tag = tab.pickers(mira.id, "", "a tag that is gone")
    assert "value" not in whose.constructor_args
    assert "value" not in look.constructor_args
    assert given(tag)["value"] == ""


def test_the_desk_that_is_looked_at_again_says_so(tab, studio, made, blank):
    """The page then knows not to put it over a picture that was opened meanwhile; a deleted one changes nothing."""
    ids = made(2)
    desk = tab.listed("Desk", ids[1], ids, [None], {}, **blank)[13]
    assert (desk["again"], desk["asset"]["id"], desk["position"]) == (True, ids[1], "2 of 2")
    studio.review.trash(ids)
    studio.review.delete_forever(ids)
    assert tab.listed("Desk", ids[1], ids, [None], {}, **blank)[13] == gr.skip()


def test_bulk_actions_and_undo(tab, studio, made, blank, toasts):
    """Approve, reject with a reason, tag and trash act on all that are selected; Undo takes back one action."""
    ids = made(2)
    tab.bulk_approve(ids, CURSORS, **blank)
    tab.bulk_reject(ids, CURSORS, "Blurry", **blank)
    tab.bulk_tag(ids, CURSORS, "sea, night, sea", **blank)
    tab.bulk_trash(ids, CURSORS, **blank)
    assert studio.review.search(AssetFilter(state="trashed")).total == 2
    tab.take_back(CURSORS, None, **blank)
    asset = studio.review.get(ids[0])
    assert (asset.state, asset.rejection_reason, asset.tags) == ("rejected", "Blurry", ["sea", "night"])
    with pytest.raises(StudioError, match="No picture is selected"):
        tab.bulk_approve([], CURSORS, **blank)


def test_deleting_for_good_needs_the_trash(tab, studio, made, blank, toasts):
    """What is not in the trash cannot be deleted for good."""
    ids = made(1)
    with pytest.raises(StudioError, match="not in the trash"):
        tab.bulk_forever(ids, CURSORS, **blank)
    tab.bulk_trash(ids, CURSORS, **blank)
    tab.bulk_forever(ids, CURSORS, **blank)
    assert studio.review.search(AssetFilter(state="trashed")).total == 0


def test_the_desk_walks_on_beyond_its_page(tab, studio, made, blank, event, person, monkeypatch):
    """After the page's last picture comes the library's next; at the end it stays."""
    made(4)
    order = [one.id for one in studio.review.search(AssetFilter()).items]
    queue, at = order[:2], order[0]
    for number in range(4):
        queue, desk, at, *_ = tab.judge(event(action="approve", id=at), queue, 0, person, **blank)
        assert at == order[min(number + 1, 3)]
    assert all(studio.review.get(one).state == "approved" for one in order)
    assert desk["position"] == "4 of 4"


def test_undo_on_the_desk_returns_to_the_picture(tab, studio, made, blank, event, person, toasts):
    """U shows again what it took back."""
    ids = made(2)
    tab.judge(event(action="reject", id=ids[0], reason="Hands"), ids, 0, person, **blank)
    _, desk, at, *_ = tab.judge(event(action="undo", id=ids[0]), ids, 0, person, **blank)
    assert (at, desk["asset"]["state"]) == (ids[0], "new")


def test_words_are_saved_and_shown_as_text(tab, studio, made, toasts):
    """Tags and a description that are HTML stay what they are."""
    (asset,) = made(1)
    bad = "<img src=x onerror=alert(1)>"
    tab.save_words(asset, f"{bad}, sea", bad, [asset])
    saved = studio.review.get(asset)
    assert (saved.tags, saved.description) == ([bad, "sea"], bad)
    assert not any("<img" in text for _, text in toasts)


@pytest.mark.parametrize("number", [1, 5])
def test_comparing_takes_two_to_four(tab, made, number):
    """One or five pictures are refused with the number."""
    with pytest.raises(StudioError, match="two to four"):
        tab.side_by_side(made(number))


def test_comparing_marks_what_differs(tab, made):
    """The seeds of two pictures of a batch differ, their steps do not."""
    facts = {name: differs for name, _, differs in tab.side_by_side(made(2, seed=1))["pictures"][0]["facts"]}
    assert (facts["Seed"], facts["Steps"]) == (True, False)


def test_a_zip_is_made_and_announced(tab, made):
    """Each zip has a new number, which is what makes the browser save it."""
    path, packed = tab.pack(made(2), "jpeg", 3)
    assert path.endswith(".zip")
    assert packed == 4
    path, packed = tab.pack(made(1), "networks", packed)
    assert "networks" in path
    assert packed == 5


def test_facts_leave_out_what_is_unknown(studio, made):
    """No row says None."""
    facts = recipe_facts(studio.review.get(made(1)[0]))
    assert all(value not in ("", "None") for _, value in facts)
    assert words_of(" a, b ,a,, ") == ["a", "b"]


def test_a_file_that_is_no_picture_keeps_no_other_out(tab, blank, toasts, tmp_path):
    """Of several files those that are pictures come in, and the others are named."""
    from PIL import Image

    wrong, right = tmp_path / "<b>.png", tmp_path / "right.png"
    wrong.write_text("words")
    Image.new("RGB", (64, 64), "red").save(right)
    tab.bring_in([str(wrong), str(right)], **blank)
    assert toasts[0] == ("Success", "1 imported.")
    assert "&lt;b&gt;.png" in toasts[1][1]


def test_what_a_listing_answers_to_is_noted(page):
    """The filters of what was listed again are noted as they were, not as they are by then."""
    blocks, _ = page
    note = next(one for one in blocks.fns.values() if one.api_name == "review_noted")
    assert note.fn({"filters": {"text": "sea"}, "at": 1.0}) == {"text": "sea"}
