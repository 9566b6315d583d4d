"""What the System tab shows of health, storage, settings and log, without a browser."""

import logging
from pathlib import Path

import gradio as gr
import pytest

from studio.errors import Conflict
from studio.paths import Paths
from studio.settings import SETTINGS, Settings
from studio.ui.parts import house

HEALTH = {
    "version": "0.1.0",
    "uptime_s": 4000,
    "device": {
        "wanted": "auto",
        "device": "cpu",
        "name": "A processor",
        "dtype": "bfloat16",
        "why": "bfloat16 is 2 times faster than float32 on this cpu.",
        "measured": {"bfloat16": 0.007, "float32": 0.014, "chosen": "bfloat16", "why": ""},
        "engine": "starter",
        "engine_memory": 46_000_000,
        "busy": False,
    },
    "memory": {"studio": 612_000_000, "available": 17_000_000_000, "total": 25_000_000_000, "cpu_cores": 2},
    "disk": {"folder": "/data", "free": 76_000_000_000, "total": 271_000_000_000},
    "models": [{"id": "starter", "name": "Starter", "summary": "", "licence": "", "ready": None}],
    "queue": {"running": 0, "waiting": 2, "paused": True},
    "versions": {"studio": "0.1.0", "torch": "2.13.0"},
}


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1200, "1.2 kB"), (49_800_000, "49.8 MB"), (None, "")]
)
def test_sizes_are_said_in_people_s_units(count, words):
    """Bytes become the largest unit that keeps the number readable."""
    assert house.size(count) == words


def test_health_reads_as_facts():
    """Device, number format and why, memory, queue and versions are words, never raw values."""
    machine, work = dict(house.machine_facts(HEALTH)), dict(house.work_facts(HEALTH))
    assert machine["Number format"] == "bfloat16"
    assert machine["Measured"] == "bfloat16 7.0 ms, float32 14.0 ms"
    assert machine["Memory free"] == "17.0 GB of 25.0 GB"
    assert (work["In memory now"], work["Waiting"], work["Queue"]) == ("Starter, 46.0 MB", "2 jobs", "paused")
    assert dict(house.version_facts(HEALTH)) == {"Character Studio": "0.1.0", "PyTorch": "2.13.0"}


def test_health_before_anything_was_made():
    """What is not known yet is said so."""
    early = {**HEALTH, "device": {**HEALTH["device"], "device": None, "dtype": None, "measured": None, "engine": None}}
    machine, work = dict(house.machine_facts(early)), dict(house.work_facts(early))
    assert machine["Pictures are made on"] == "known after the first picture"
    assert machine["Number format"] == "not measured yet"
    assert work["In memory now"] == "no model"


def test_every_setting_has_a_control(tmp_path):
    """Each setting that is not the studio's own appears once, with its explanation and the control of its kind."""
    settings = Settings(Paths(tmp_path), {})
    fields = [field for group in house.settings_value(settings)["groups"] for field in group["settings"]]
    shown = {setting.name: setting for setting in SETTINGS if not setting.hidden}
    assert sorted(field["name"] for field in fields) == sorted(shown)
    for field in fields:
        setting = shown[field["name"]]
        assert field["help"].startswith(setting.help)
        assert not setting.choices or field["kind"] == "select"
        assert (field.get("kind") == "check") == (setting.kind == "switch")
        assert (field.get("kind") == "number") == (setting.kind == "whole")


def test_a_setting_of_the_environment_is_greyed(tmp_path):
    """What the environment decides cannot be changed here, and the form says why."""
    settings = Settings(Paths(tmp_path), {"STUDIO_LOG_LEVEL": "DEBUG"})
    fields = [field for group in house.settings_value(settings)["groups"] for field in group["settings"]]
    field = next(one for one in fields if one["name"] == "log_level")
    assert field["off"]
    assert "STUDIO_LOG_LEVEL" in field["note"]


def test_what_the_form_sends_is_what_settings_keep(tmp_path):
    """Every default survives the way through the form."""
    settings = Settings(Paths(tmp_path), {})
    for group in house.settings_value(settings)["groups"]:
        for field in group["settings"]:
            settings.set(field["name"], house.setting_from(field["name"], field["value"]))
            default = next(one.default for one in SETTINGS if one.name == field["name"])
            assert settings.get(field["name"]) == default


def test_storage_shares_add_up():
    """Bars show shares of what the studio uses; an unfinished count says it is a lower bound."""
    storage = {"parts": [{"name": "A", "bytes": 75, "files": 1}, {"name": "B", "bytes": 25, "files": 1200}]}
    value = house.storage_value({**storage, "total": 100, "free": 10**9, "complete": False}, 3, 30)
    assert [row["share"] for row in value["rows"]] == [0.75, 0.25]
    assert [row["note"] for row in value["rows"]] == ["1 file", "1 200 files"]
    assert "at least" in value["total"]
    assert value["trash"] == {"count": 3, "days": 30}


def test_the_log_knows_when_nothing_is_new():
    """Equal events give the same mark, one more event another."""
    event = {"time": "2026-11-23T14:02:11.123Z", "level": "INFO", "source": "studio", "text": "opens"}
    first, again = house.log_value([event], "INFO"), house.log_value([event], "INFO")
    assert first["newest"] == again["newest"]
    assert first["newest"] != house.log_value([event, event], "INFO")["newest"]
    assert first["lines"][0]["time"] == "2026-11-23 14:02:11"


# ---------------------------------------------------------------------- the tab over real services


@pytest.fixture
def tab(tabs):
    return tabs["system"]


def test_looking_shows_everything(tab, mira):
    """Facts, versions and storage as HTML and bars, notices only when there are some."""
    notices, machine, work, versions, storage = tab.look()
    assert "Number format" in machine
    assert "Queue" in work
    assert "Gradio" in versions
    assert {row["name"] for row in storage["rows"]} >= {"Characters", "Pictures", "Models and LoRAs"}
    assert notices == "" or "notice" in notices


def test_settings_are_kept_or_refused(tab, studio, event, toasts):
    """A right value is kept, a wrong one is refused by its label and changes nothing, reset goes back."""
    tab.change(event(action="save", values={"jpeg_quality": 80, "rejection_reasons": "Hands\n\nFace"}))
    assert studio.settings.get("jpeg_quality") == 80
    assert studio.settings.get("rejection_reasons") == ["Hands", "Face"]
    tab.change(event(action="save", values={"jpeg_quality": 7}))
    assert studio.settings.get("jpeg_quality") == 80
    assert "JPEG and WebP quality is between 40 and 100" in toasts[-1][1]
    tab.change(event(action="reset", name="jpeg_quality"))
    assert studio.settings.get("jpeg_quality") == 92


def test_the_report_lies_where_the_page_may_fetch_it(tab, tmp_path, monkeypatch):
    """The zip is copied to the one folder files are served from."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))
    path = Path(tab.make_report().constructor_args["value"])
    assert (tmp_path / "served") in path.parents
    assert path.suffix == ".zip"
    assert path.is_file()


def test_the_model_is_not_taken_away_at_work(tab, studio, monkeypatch):
    """Freeing memory while a picture is made is refused with what to do."""
    health = studio.system.health()
    monkeypatch.setattr(studio.system, "health", lambda: {**health, "device": {**health["device"], "busy": True}})
    with pytest.raises(Conflict, match="making a picture"):
        tab.free()


def test_the_log_is_sent_only_when_it_grew(tab, event):
    """The same newest line again is answered with nothing."""
    logging.getLogger("studio.test").warning("one line")
    first = tab.follow_log(event(level="INFO", newest=""))
    assert first["lines"]
    assert tab.follow_log(event(level="INFO", newest=first["newest"])) == gr.skip()


def test_emptying_the_trash_says_how_many(tab, studio, made, event, toasts):
    """Trashed pictures are deleted for good and the bars follow."""
    studio.review.trash(made(2))
    assert tab.look()[-1]["trash"]["count"] == 2
    assert tab.empty_trash(event(days=None))["trash"]["count"] == 0
    assert "2 pictures are deleted" in toasts[-1][1]
