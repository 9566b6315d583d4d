"""Settings: default, file, environment."""

import json

import pytest

from studio.errors import NotFound, StudioError
from studio.settings import SETTINGS, Settings


def test_environment_wins_over_file_and_file_over_default(paths):
    """The order is default, settings.json, environment, and `source` tells which one it was."""
    settings = Settings(paths, {"STUDIO_JPEG_QUALITY": "70"})
    settings.set("device", "cpu")
    settings.set("jpeg_quality", 80)
    assert [(settings.get(name), settings.source(name)) for name in ("device", "jpeg_quality", "dtype")] == [
        ("cpu", "file"),
        (70, "environment"),
        ("auto", "default"),
    ]
    assert Settings(paths, {}).get("jpeg_quality") == 80


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("device", "toaster"),
        ("jpeg_quality", 101),
        ("jpeg_quality", "high"),
        ("jpeg_quality", True),
        ("preview", "yes"),
        ("rejection_reasons", "Hands"),
        ("disclosure_line", "x" * 401),
        ("last_choices", []),
        ("last_choices", {"a": "\ud800"}),
    ],
)
def test_a_value_that_does_not_fit_is_refused_at_its_field(paths, name, value):
    """The error names the field, says what would fit, and nothing is written."""
    settings = Settings(paths, {})
    with pytest.raises(StudioError):
        settings.set(name, value)
    assert settings.source(name) == "default"
    assert not paths.settings_file.exists()


def test_reset_goes_back_to_the_default(paths):
    """Reset forgets what the file says, also for the next start."""
    settings = Settings(paths, {})
    settings.set("theme", "dark")
    settings.reset("theme")
    assert (settings.get("theme"), Settings(paths, {}).source("theme")) == ("system", "default")


def test_damaged_settings_fall_back_to_their_previous_copy(paths):
    """settings.json cut in half: the copy before is used and the person is told."""
    settings = Settings(paths, {})
    settings.set("theme", "dark")
    settings.set("preview", False)
    paths.settings_file.write_bytes(paths.settings_file.read_bytes()[:9])
    again = Settings(paths, {})
    assert again.get("theme") == "dark"
    assert "set aside" in again.notices[0]


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff\xfe", b"", b"[]", b'{"theme": NaN}'])
def test_whatever_lies_in_settings_json_the_studio_starts(paths, content):
    """Bottomless nesting, another encoding, nothing or a list: set aside with a notice, the defaults are used."""
    paths.house.mkdir(parents=True)
    paths.settings_file.write_bytes(content)
    settings = Settings(paths, {})
    assert settings.get("theme") == "system"
    assert "set aside" in settings.notices[0]


def test_wrong_values_from_outside_are_told_and_ignored(paths):
    """A hand-edited file or an environment variable with nonsense never stops the studio."""
    paths.house.mkdir(parents=True)
    paths.settings_file.write_text(json.dumps({"theme": "pink", "from_the_future": 1}))
    settings = Settings(paths, {"STUDIO_PREVIEW": "perhaps"})
    assert (settings.get("theme"), settings.get("preview"), len(settings.notices)) == ("system", True, 2)
    settings.set("theme", "light")
    assert json.loads(paths.settings_file.read_text())["from_the_future"] == 1


def test_values_are_copies(paths):
    """Changing what `get` gave changes nothing in the settings."""
    settings = Settings(paths, {})
    settings.get("rejection_reasons").append("Boring")
    assert "Boring" not in settings.get("rejection_reasons")
    with pytest.raises(NotFound):
        settings.get("no_such_thing")


def test_every_setting_explains_itself_and_accepts_its_default():
    """Each has a sentence for people and a default that passes its own check."""
    from studio.settings import checked

    for setting in SETTINGS:
        assert setting.help.endswith(".")
        assert checked(setting, setting.default) == setting.default
