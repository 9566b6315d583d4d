"""Forecasts: what pictures will cost, where the figure comes from, and what is said when nothing is known."""

import pytest

from studio.domain.asset import Asset, Recipe
from studio.domain.requests import ImageRequest
from studio.services import forecast
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine


@pytest.fixture
def studio(paths):
    settings = Settings(paths, {"STUDIO_DEVICE": "cpu"})
    with build(
        paths, settings, use=EngineUse(settings, (FakeEngine(), FakeEngine(id="b", name="B")), FakeDevice())
    ) as one:
        yield one


def history(studio, seconds, steps=4, side=64, count=5, **recipe):
    """Pictures as if they had been made."""
    for number in range(count):
        made = Recipe(engine="fake", seconds=seconds, steps=steps, width=side, height=side, device="cpu", **recipe)
        asset = Asset(file=f"outputs/x{number}.png", width=side, height=side, bytes=side * side, recipe=made)
        studio.images._added(studio.store.assets.add(asset))


def ask(studio, **fields):
    return studio.images.forecast(None, ImageRequest(prompt="x", upscale=1, **fields))


def test_nothing_is_known_before_the_first_picture(studio):
    """Without history and benchmark there is no figure, and the line says so."""
    made = ask(studio)
    assert (made.seconds, made.basis, made.runs) == (None, "unknown", 0)
    assert "known after the first" in made.text
    assert made.fits == "yes"


def test_time_is_measured_from_pictures_like_these(studio):
    """The median of the same model and size, times steps and pictures; one slow outlier changes little."""
    history(studio, 2.0, steps=4)
    history(studio, 90.0, steps=4, count=1)
    made = ask(studio, steps=8, batch=2)
    assert (made.basis, made.runs, made.pictures) == ("measured", 6, 2)
    assert made.seconds == pytest.approx(8.0)
    assert made.low <= made.seconds <= made.high
    assert made.text.startswith("2 pictures: about 8 s")


def test_history_survives_a_restart_and_other_sizes_are_said(studio, paths):
    """The library itself is the history; another size is scaled by its pixels and named an estimate."""
    history(studio, 2.0, steps=4)
    again = forecast.Forecasts(studio.store, studio.images.use, paths.outputs)
    made = again.of([studio.images.compose(None, ImageRequest(prompt="x", width=128, height=64, upscale=1))])
    assert made.basis == "scaled"
    assert made.seconds == pytest.approx(4.0)
    assert "estimated from other sizes" in made.text


def test_another_model_or_imported_pictures_count_for_nothing(studio):
    """A model without pictures of its own has no measured time."""
    history(studio, 2.0)
    assert ask(studio, engine="b").basis == "unknown"


def test_a_processor_gives_a_rough_guess(studio):
    """The dtype benchmark of this machine stands in until there is a picture, with that word."""
    studio.settings.set("measured_dtype", {"cpu": {"bfloat16": 0.01, "chosen": "bfloat16"}})
    made = ask(studio)
    assert made.basis == "benchmark"
    assert made.seconds > 0
    assert "rough guess" in made.text


def test_what_does_not_fit_is_said_with_numbers(studio, monkeypatch):
    """Memory and disk that are not there turn the verdict; nearly there is tight."""
    usage = type("usage", (), {"free": 1000})
    monkeypatch.setattr(forecast.shutil, "disk_usage", lambda path: usage)
    made = ask(studio)
    assert made.fits == "no"
    assert "on the disk" in made.text
    usage.free = int(made.disk * 1.05)
    assert ask(studio).fits == "tight"
    usage.free = 10**12
    studio.images.forecasts._weights["fake"] = {"unet": 10**15}
    made = ask(studio)
    assert made.fits == "no"
    assert "of memory" in made.text


def test_enlarging_takes_its_own_time(studio):
    """Seconds of enlarging are in the recipe and in the next forecast."""
    history(studio, 2.0, upscale={"factor": 2, "by": "x", "seconds": 1.0})
    with_it = studio.images.forecast(None, ImageRequest(prompt="x", upscale=2, steps=4))
    assert with_it.seconds == pytest.approx(3.0)
    assert ask(studio, steps=4).seconds == pytest.approx(2.0)


def test_words_for_sizes_and_times():
    """Short, and never zero."""
    assert [forecast.duration(one) for one in (0.2, 8, 200, 9000)] == ["1 s", "8 s", "3 min", "2.5 h"]
    assert [forecast.size(one) for one in (1000, 3e6, 4.25e9)] == ["0.1 MB", "3 MB", "4.2 GB"]
