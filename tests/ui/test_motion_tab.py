"""The Motion tab: its first look, a reel put together on its board, rendered, and opened again from its clip."""

import pytest
from PIL import Image

from studio.domain import motion_presets
from studio.domain.requests import AssetPatch
from studio.errors import StudioError
from tests import sounds


@pytest.fixture
def tab(tabs, monkeypatch):
    monkeypatch.setattr(motion_presets, "SIZES", dict.fromkeys(motion_presets.SIZES, (72, 128)))
    return tabs["motion"]


@pytest.fixture
def approved(studio, made):
    ids = made(3)
    studio.review.patch_many(ids, AssetPatch(state="approved"))
    return ids


def test_at_first_it_says_what_a_reel_needs(tab, mira, made):
    """No approved picture; then some, to be chosen; looking writes nothing."""
    assert "approve them in Review" in tab.look(mira.id, None)[0]["empty"]["next"]
    ids = made(2)
    tab.studio.review.patch_many(ids, AssetPatch(state="approved"))
    board = tab.look(mira.id, None)[0]
    assert {one["id"] for one in board["candidates"]} == set(ids)
    assert board["project"] is None
    assert tab.motion.list() == []


def test_a_reel_from_first_press_to_clip(tab, studio, mira, approved, event, person, toasts, given, tmp_path):
    """Begun, changed on the board and beside it, undone, with music and logo, rendered, reviewed, opened again."""
    answer = tab.act(mira.id, None, event(action="begin", ids=approved))
    board, seen = answer[0], answer[2]
    assert [one["start"] for one in board["shots"]] == [0, 3, 6]
    first = board["shots"][0]["id"]
    tab.act(mira.id, seen, event(action="every", patch={"seconds": 0.5}))
    tab.act(mira.id, seen, event(action="shot", shot=first, patch={"caption": "<b>Hi", "focus": [0.1, 0.9]}))
    board = tab.act(mira.id, seen, event(action="card", end=True))[0]
    assert board["shots"][-1]["text"] == "The end"
    board = tab.act(mira.id, seen, event(action="undo"))[0]
    assert (len(board["shots"]), board["redo"], board["seconds"]) == (3, True, 1.5)
    tab.act(mira.id, seen, event(action="move", shot=first, position=2))
    for field, value in (("aspect", "1:1"), ("captions", "both"), ("fit", "whole"), ("name", "A & <b>")):
        tab.set(field, mira.id, seen, value)
    file = sounds.write(tmp_path / "it's.wav", sounds.tone(2))
    with pytest.raises(StudioError, match="may be used"):
        tab.bring("music", mira.id, seen, str(file), "")
    tab.set("on_beat", mira.id, seen, False)  # without music there is nothing to set
    Image.new("RGBA", (40, 20), (255, 0, 0, 128)).save(tmp_path / "logo.png")
    tab.logo(mira.id, seen, str(tmp_path / "logo.png"), "bottom left")
    reel = studio.motion.get(seen).reel
    assert (reel.aspect, reel.captions, reel.fit, reel.logo.corner) == ("1:1", "both", "whole", "bottom left")
    assert reel.shots[2].focus == (0.1, 0.9)
    assert reel.music is None  # nobody said that it may be used
    tab.bring("music", mira.id, seen, str(file), "My own work")
    assert studio.motion.get(seen).reel.music.volume == 0.8
    made = given(tab.make(mira.id, seen, person)[-1])
    assert made["interactive"] is False
    view = studio.queue.finished(studio.motion.get(seen).job_id, 60)
    assert view.state == "succeeded", view.error
    run = tab.run_act(mira.id, seen, event(action="ended"))[1]
    assert (run["state"], [one["id"] for one in run["clips"]]) == ("succeeded", view.assets)
    assert tab.run_act(mira.id, seen, event(action="review", id=view.assets[0]))[-1] == view.assets
    again = tab.arrive(mira.id, view.assets)[2]
    assert again != seen
    assert studio.motion.get(again).reel == studio.motion.get(seen).reel
    assert tab.manage("trash", mira.id, again)[2] == seen


def test_what_is_wrong_is_said_and_cannot_be_rendered(tab, mira, approved, event, person, given, toasts):
    """Too short for the network, a picture that was rejected: a sentence, and a button that is off."""
    answer = tab.act(mira.id, None, event(action="begin", ids=approved[:2]))
    seen = answer[2]
    tab.act(mira.id, seen, event(action="every", patch={"seconds": 0.5}))
    answer = tab.set("preset", mira.id, seen, "tiktok")
    assert "3 s and more" in answer[0]["problems"][0]["message"]
    assert given(answer[-1])["interactive"] is False
    tab.studio.review.patch(approved[0], AssetPatch(state="rejected"))
    board = tab.look(mira.id, seen)[0]
    assert "was rejected" in board["shots"][0]["problem"]
