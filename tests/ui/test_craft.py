"""Create beyond its form: wildcards in the final prompt, the cost beside Generate, grids and comparisons."""

import gradio as gr
import pytest

from studio.ui.guard import shown


@pytest.fixture
def tab(tabs):
    return tabs["create"]


@pytest.fixture
def values(tab):
    return lambda **changed: tab.defaults | changed


@pytest.fixture
def act(tab, event, values, mira):
    """What the grid form's script tells, as the page would call it."""

    def act(data, **changed):
        form = values(**{"prompt": "waving", **changed})
        return tab.craft.act(event(**data), mira.id, *[form[name] for name in tab.form])

    return act


def test_the_final_prompt_shows_one_drawing(tab, mira, values):
    """Choices are drawn in it and it says so; lists that are not there are said in its place."""
    final, cost = tab.foresee(mira.id, **values(prompt="{red} hat, __color__"))
    assert "as one picture may draw it" in final
    assert "red hat" in final
    assert "{" not in final
    assert "pictures" in cost
    final, cost = tab.foresee(mira.id, **values(prompt="__<img src=x>__"))
    assert "problem" in final
    assert "<img" not in final
    assert cost == ""


def test_a_grid_begins_from_the_form(act, studio, mira, toasts):
    """Its cost is told first; then its job is on the stage and its table opens."""
    axes = [{"setting": "steps", "values": "2,3", "target": ""}, {"setting": "look", "values": "Ink", "target": ""}]
    value, *rest = act({"action": "cost", "mode": "grid", "axes": axes})
    assert value["cost"].startswith("2 pictures")
    assert rest == [gr.skip()] * 3
    assert studio.grids.list() == []
    _, stage, made, part = act({"action": "start", "mode": "grid", "axes": axes})
    assert studio.queue.finished(stage["job"], 30).state == "succeeded"
    assert made == {"open": studio.grids.list(mira.id)[0].id}
    assert part.open is True
    hints = {one["id"]: one["hint"] for one in value["settings"]}
    assert (hints["look"], hints["outfit"], hints["sampler"]) == ("Ink", "Coat", "Plain, Other")


@pytest.mark.parametrize(
    "data",
    [
        {"action": "cost", "mode": "grid", "axes": [{"setting": "steps", "values": "<b>", "target": ""}]},
        {"action": "start", "mode": "grid", "axes": []},
        {"action": "start", "mode": "grid", "axes": [{"setting": "nope", "values": "1", "target": ""}]},
        {"action": "start", "mode": "ab", "prompts": ["one"], "seeds": 3},
        {"action": "start", "mode": "ab", "prompts": ["one", "two"], "seeds": 999},
    ],
)
def test_what_is_wrong_stands_under_the_grid(act, studio, data):
    """A sentence in place of the cost; nothing is started."""
    value, *rest = act(data)
    assert (value["fits"], rest) == ("no", [gr.skip()] * 3)
    assert len(value["cost"]) > 10
    assert studio.queue.views().total == 0


def test_a_comparison_takes_the_place_of_the_words(act, studio, engine, toasts):
    """Each prompt instead of What happens, with the same seeds."""
    _, stage, *_ = act({"action": "start", "mode": "ab", "prompts": ["sitting", "running", " "], "seeds": 2})
    studio.queue.finished(stage["job"], 30)
    assert ["sitting" in run.prompt for run in engine.ran] == [True, False]
    assert engine.ran[0].seeds == engine.ran[1].seeds


def test_the_handler_fits_the_page(tab, page):
    """The event comes first, then the form in its order: what Gradio hands over is what the handler takes."""
    found = [fn for fn in page[0].fns.values() if fn.api_name in ("create_grid", "create_grid_open")]
    assert len(found) == 2
    grid = next(fn for fn in found if fn.api_name == "create_grid")
    assert grid.inputs[1:] == list(tab.form.values())
    assert shown(tab.craft.act).__wrapped__ == tab.craft.act


def test_a_result_is_enlarged_from_the_stage(tab, studio, mira, made, event):
    """The button under a result begins the job that the stage then shows."""
    (asset,) = made(1, upscale=1)
    stage = tab.act(mira.id, 0, event(action="enlarge2", id=asset))[len(tab.form) + 1]
    job = studio.queue.finished(stage["job"], 60)
    assert studio.review.get(job.assets[0]).recipe.parents == [asset]
