"""The Train tab: what it shows without pictures, a dataset put together, a training begun and its version chosen."""

from dataclasses import replace

import pytest
from PIL import Image

from pipelines.train_lora import TrainingPlan
from studio.domain.requests import AssetPatch
from studio.services import training_plans
from tests.fakes import FakeEngine, FakeTrainer


@pytest.fixture
def engine():
    made = FakeEngine()
    made.spec = replace(made.spec, id="starter", name="Starter", trains=True)
    made.trainable = lambda: object()
    return made


@pytest.fixture
def tab(tabs, monkeypatch):
    FakeTrainer().install(monkeypatch)
    plan = TrainingPlan(steps=4, batch=1, checkpoint_every=2)
    monkeypatch.setattr(training_plans, "_PLANS", {"": dict.fromkeys(("Quick", "Balanced", "Thorough"), plan)})
    return tabs["train"]


@pytest.fixture
def approved(studio, made):
    ids = made(4)
    studio.review.patch_many(ids, AssetPatch(state="approved"))
    return ids


def test_without_anybody_or_pictures_it_says_what_to_do(tab, mira):
    """Nobody chosen, then a character without pictures; nothing is written to the disk by looking."""
    assert "Choose one at the top" in tab.look("", None)[0]["empty"]["next"]
    empty = tab.look(mira.id, None)[0]["empty"]
    assert "Approve some pictures of Mira" in empty["next"]
    assert tab.trainings.list(mira.id) == []


def test_from_desk_to_version(tab, studio, mira, approved, event, person, toasts, given, tmp_path):
    """Approved pictures lie on the desk; captions, crops and uploads change it; one button trains; one is used."""
    desk = tab.look(mira.id, None)[0]
    assert desk["pictures"]
    first = desk["pictures"][0]
    tab.desk_act(mira.id, None, event(action="caption", id=first["id"], text="mirazu woman, waving"))
    files = []
    for number, colour in enumerate(("navy", "teal", "olive", "maroon")):
        files.append(tmp_path / f"{number}.png")
        Image.new("RGB", (64, 96), colour).save(files[-1])
    desk = tab.bring(mira.id, None, [*map(str, files), str(tmp_path / "missing.png")], "fictional", "", "", "")[0]
    assert desk["pictures"][0]["caption"] == "mirazu woman, waving"
    assert desk["pictures"][-1]["tall"]
    assert "missing.png" in toasts[-1][1] or len(desk["pictures"]) >= 5
    tab.desk_act(mira.id, None, event(action="crop", id=desk["pictures"][-1]["id"], crop=1))
    tab.set_trigger(mira.id, None, "zorvi")
    tab.set_preset(mira.id, None, "Quick")
    whole = tab.look(mira.id, None)
    assert given(whole[4])["value"] == "zorvi"
    assert given(whole[7])["interactive"]
    begun = tab.train(mira.id, None, person)
    job = begun[1]["training"]["job"]
    assert studio.queue.finished(job, 30).state == "succeeded"
    whole = tab.run_act(mira.id, begun[2], 0, event(action="ended", id=begun[2]))
    assert (whole[0], whole[-1]) == ({"begun": True, "name": "Mira"}, 1)
    shown = whole[1]["training"]
    assert (shown["state"], shown["look"], shown["title"]) == ("succeeded", "Trained", "Version 1")
    tab.run_act(mira.id, shown["id"], 0, event(action="choose", id=shown["id"], step=2, look=""))
    assert studio.trainings.get(shown["id"]).chosen == 2
    assert "Trained" in toasts[-1][1]
    again = tab.run_act(mira.id, shown["id"], 0, event(action="again", id=shown["id"]))
    assert len(again[0]["pictures"]) == len(desk["pictures"])
    tab.desk_act(mira.id, None, event(action="remove", ids=[again[0]["pictures"][0]["id"]]))
    tab.run_act(mira.id, shown["id"], 0, event(action="trash", id=shown["id"]))
    assert tab.look(mira.id, None)[1]["training"] is None


def test_too_few_pictures_keep_the_button_off(tab, studio, mira, made, given):
    """The sentence above it says how many are missing."""
    studio.review.patch_many(made(2), AssetPatch(state="approved"))
    whole = tab.look(mira.id, None)
    assert not given(whole[7])["interactive"]
    assert "at least 4" in whole[6]
