"""System: health without torch, a log that reads back, storage, a report that tells nothing private."""

import json
import logging
import zipfile

import pytest

from studio.errors import Conflict, StudioError
from studio.services import log as log_file
from studio.services.engine_use import EngineUse
from studio.services.scrub import Scrubber
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine


@pytest.fixture
def studio(paths):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (FakeEngine(),), FakeDevice())) as opened:
        yield opened


def test_health_has_what_the_page_shows(studio):
    """Device and why, memory, disk, models, queue, versions; plain values that JSON can hold."""
    health = json.loads(json.dumps(studio.system.health()))
    assert health["device"]["wanted"] == "auto"
    assert health["device"]["why"]
    assert health["memory"]["studio"] > 0
    assert health["disk"]["free"] > 0
    assert health["models"][0]["ready"] is None
    assert health["queue"] == {"running": 0, "waiting": 0, "paused": False}
    assert health["versions"]["gradio"]
    assert health["problems"] == []


def test_health_names_problems(studio):
    """A model that cannot run is a sentence on the page."""
    studio.images.use.engines[0].missing = "a file is missing."
    assert studio.system.health()["problems"] == ["Fake cannot run: a file is missing."]


def test_pictures_without_an_entry_are_noticed(studio, paths):
    """They are looked for in the background and said on the page; damaged settings are said too."""
    folder = paths.month(None, "2026-11")
    folder.mkdir(parents=True)
    (folder / "lost.png").write_bytes(b"x")
    studio.settings.notices.append("settings.json: something.")
    studio.system.notices()
    studio.system._looking.join(10)
    assert any("1 picture has a file" in one for one in studio.system.notices())
    assert "settings.json: something." in studio.system.notices()


def test_the_log_reads_back_by_level(studio):
    """Newest last, filtered, with what libraries warn of and the whole traceback; the level follows the setting."""
    ours = logging.getLogger("studio.test")
    ours.debug("quiet")
    ours.info("Größe | 名前\nsecond line")
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("warned")
    try:
        raise ValueError("inner")
    except ValueError:
        ours.exception("broke")
    events = studio.system.log("INFO", 3)
    assert [one["text"].split("\n")[0] for one in events] == ["Größe | 名前", "warned", "broke"]
    assert (events[0]["source"], events[0]["level"]) == ("studio.test", "INFO")
    assert events[0]["text"].endswith("\nsecond line")
    assert "ValueError: inner" in events[2]["text"]
    assert [one["level"] for one in studio.system.log("ERROR")] == ["ERROR"]
    assert all(one["text"] != "quiet" for one in studio.system.log("DEBUG"))
    studio.settings.set("log_level", "DEBUG")
    ours.debug("loud")
    assert studio.system.log("DEBUG", 1)[0]["text"] == "loud"
    with pytest.raises(StudioError):
        studio.system.log("LOUD")


def test_the_log_is_bounded_and_read_across_files(tmp_path, monkeypatch):
    """Five files at most; reading goes on in the older ones."""
    monkeypatch.setattr(log_file, "MOST_BYTES", 2000)
    file = tmp_path / "studio.log"
    handler = log_file.start(file)
    for number in range(400):
        logging.getLogger("studio.test").info("event %d", number)
    log_file.stop(handler)
    assert len(list(tmp_path.iterdir())) == log_file.FILES
    texts = [one["text"] for one in log_file.read(file, "INFO", 60)]
    assert texts == [f"event {number}" for number in range(340, 400)]
    assert log_file.read(tmp_path / "none.log") == []


def test_storage_counts_by_part_and_is_kept_for_a_minute(studio, paths):
    """Bytes and files by part; a second look is free unless it is asked to be fresh."""
    (paths.outputs / "abc").mkdir()
    (paths.outputs / "abc" / "a.png").write_bytes(b"x" * 1000)
    counted = studio.system.storage()
    parts = {one["name"]: one for one in counted["parts"]}
    assert (parts["Pictures"]["bytes"], parts["Pictures"]["files"]) == (1000, 1)
    assert counted["total"] == sum(one["bytes"] for one in counted["parts"])
    assert counted["complete"] is True
    (paths.outputs / "abc" / "b.png").write_bytes(b"x" * 500)
    assert studio.system.storage() == counted
    assert studio.system.storage(fresh=True)["total"] >= counted["total"] + 500


SECRETS = (
    "password=hunter2", "Authorization: Bearer abcdef123456", "https://anna:pa55word@host/x", "--user anna:s3cret99",
    '"api_key": "zzz-9999"', "token sk-abcdefgh12345678", "mail anna@example.org", "hf_ABCDEFGHIJKLMN",
)  # fmt: skip
HIDDEN = (
    "hunter2",
    "abcdef123456",
    "pa55word",
    "s3cret99",
    "zzz-9999",
    "sk-abcdefgh12345678",
    "anna@example",
    "hf_ABC",
)


def test_a_problem_report_tells_nothing_private(studio, paths, monkeypatch):
    """No secret, name, folder of this machine or own words in any file of the zip; the rest is useful."""
    studio.characters.create({"name": "Mira Solano", "bio": "a private bio"})
    studio.settings.set("disclosure_line", "my very own line")
    studio.settings.set("last_choices", {"prompt": "a secret garden"})
    log = logging.getLogger("studio.test")
    for secret in SECRETS:
        log.warning("seen %s here", secret)
    log.warning("Mira Solano at %s", paths.data / "outputs")
    path = studio.system.problem_report()
    with zipfile.ZipFile(path) as archive:
        text = "\n".join(archive.read(name).decode() for name in archive.namelist())
        health = json.loads(archive.read("health.json"))
    for hidden in (*HIDDEN, "Mira", "Solano", "private bio", "very own line", "secret garden", str(paths.data)):
        assert hidden not in text, hidden
    assert health["versions"]["python"]
    assert "seen" in text
    assert (
        "my very own line"
        in zipfile.ZipFile(studio.system.problem_report(with_texts=True)).read("settings.json").decode()
    )


def test_a_report_is_made_when_something_is_broken(studio, monkeypatch):
    """The part that cannot be made says so; the others are there."""
    monkeypatch.setattr(studio.system, "storage", lambda: 1 / 0)
    with zipfile.ZipFile(studio.system.problem_report()) as archive:
        assert "ZeroDivisionError" in archive.read("storage.json").decode()
        assert json.loads(archive.read("health.json"))["version"]


def test_scrubbing_leaves_ordinary_words_alone(tmp_path):
    """A log without secrets reads as before."""
    text = "Job 01abc: 2 pictures, 20 steps in 3.37 s on cpu bfloat16. 3.7 times faster at 14:02:11."
    assert Scrubber(tmp_path)(text) == text


def test_a_data_folder_is_opened_once(paths, studio):
    """The second studio is told so, and the first goes on; after closing it opens again."""
    with pytest.raises(Conflict, match="already open"):
        build(paths, Settings(paths, {}))
    studio.characters.create({"name": "Mira"})
    studio.close()
    studio.close()
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (FakeEngine(),), FakeDevice())) as again:
        assert [one.name for one in again.characters.list()] == ["Mira"]
