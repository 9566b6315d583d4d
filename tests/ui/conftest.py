"""The whole page over real services and a written engine, without a browser."""

import gradio as gr
import pytest

from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from studio.ui import guard, shell
from tests.fakes import FakeDevice, FakeEngine


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def studio(paths, engine):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (engine,), FakeDevice())) as opened:
        opened.queue.start()
        yield opened


@pytest.fixture
def page(studio):
    """The built page and its tabs by id."""
    return shell.draw(studio)


@pytest.fixture
def tabs(page):
    return page[1]


@pytest.fixture
def toasts(monkeypatch):
    """What handlers say to the person, as (kind, HTML)."""
    said = []
    for kind in ("Warning", "Success", "Info"):
        monkeypatch.setattr(guard.gr, kind, lambda text, *_, kind=kind, **__: said.append((kind, text)))
    return said


@pytest.fixture
def mira(studio):
    return studio.characters.create({
        "name": "Mira", "appearance": {"presents_as": "woman"},
        "ingredients": [{"kind": "wardrobe", "name": "Coat", "words": "red coat"}],
        "looks": [{"name": "Ink", "words": "ink drawing", "steps": 3, "engine": "fake"}],
    })  # fmt: skip


@pytest.fixture
def made(studio, mira):
    """Makes pictures of Mira and returns their ids."""
    from studio.domain.requests import ImageRequest

    def made(batch=2, **fields):
        view = studio.images.start(mira.id, ImageRequest(prompt="waving", batch=batch, **fields))
        return studio.queue.finished(view.id, 30).assets

    return made


@pytest.fixture
def person():
    """The request of a page that needs no log-in."""
    return gr.Request(username=None)


@pytest.fixture
def event():
    """Makes the event data a part of the page sends."""
    return lambda **data: type("Event", (), {"_data": data})()


@pytest.fixture
def given():
    """What a handler's answer sets of a component, by name; a plain value as `value`."""

    def given(answer):
        if isinstance(answer, gr.components.Component | gr.blocks.BlockContext):
            return answer.constructor_args
        return {"value": answer}

    return given
