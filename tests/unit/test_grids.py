"""Grids and comparisons: values and ranges, cells that are made once, sheets, and verdicts that may say nothing."""

import pytest
from PIL import Image

from studio.domain.grid import AxisRequest, Choice, ComparisonRequest, GridRequest
from studio.domain.requests import AssetFilter, ImageRequest
from studio.errors import Conflict, StudioError
from studio.services.comparing import by_choice, by_score, mean_interval, t_quantile, wilson
from studio.services.engine_use import EngineUse
from studio.services.grid_sheet import sheet
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine


@pytest.fixture
def engines():
    return FakeEngine(), FakeEngine(id="other", name="Other")


@pytest.fixture
def studio(paths, engines):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, engines, FakeDevice())) as opened:
        opened.queue.start()
        yield opened


@pytest.fixture
def mira(studio):
    return studio.characters.create({"name": "Mira", "looks": [{"name": "Ink", "words": "ink drawing"}]})


def asked(*axes, character=None, **fields):
    fields = {"prompt": "a fox, smiling", "upscale": 1, "seed": 5} | fields
    given = [AxisRequest(setting=name, values=values, target="".join(target)) for name, values, *target in axes]
    return GridRequest(character_id=character, request=ImageRequest(**fields), axes=given)


def finished(studio, request):
    grid = studio.grids.start(request)
    studio.queue.finished(grid.job_id, 30)
    return studio.grids.result(grid.id)


def test_every_cell_is_a_picture_with_its_recipe(studio, engines):
    """Two axes: each cell has its own values, one run serves cells that differ by seed alone, a sheet ends it."""
    found = finished(studio, asked(("steps", "2-6:2"), ("seed", "5, 9")))
    assert (found["state"], found["cells"], len(found["pictures"])) == ("succeeded", 6, 6)
    assert [one["at"] for one in found["pictures"]] == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]]
    for one in found["pictures"]:
        recipe = studio.review.get(one["asset_id"]).recipe
        assert (recipe.steps, recipe.seed) == ((2, 4, 6)[one["at"][0]], (5, 9)[one["at"][1]])
        assert recipe.cell == {"grid": found["id"], "at": one["at"]}
    assert [(run.steps, list(run.seeds)) for run in engines[0].ran] == [(2, [5, 9]), (4, [5, 9]), (6, [5, 9])]
    made = studio.review.get(found["sheet"])
    assert made.recipe.pipeline == "grid"
    assert len(made.recipe.parents) == 6
    assert made.rating.level == "general"
    assert "Steps: 2; 4; 6" in made.description
    assert Image.open(studio.review.file(made.id)).size == (made.width, made.height)


def test_models_take_turns_only_once(studio, engines):
    """Cells of one model are made together, wherever they stand in the grid."""
    finished(studio, asked(("engine", ["Fake", "other"]), ("steps", "2,3")))
    assert [len(one.ran) for one in engines] == [2, 2]
    found = finished(studio, asked(("words", "smiling\nserious\n", "smiling"), ("sampler", "Plain, Other")))
    prompts = {studio.review.get(one["asset_id"]).recipe.prompt for one in found["pictures"]}
    assert prompts == {"a fox, smiling", "a fox, serious"}


def test_a_grid_that_was_stopped_makes_the_rest(studio, engines):
    """Cancelled in the middle, tried again: nothing is made twice, and the sheet comes at the end."""
    fake = engines[0]
    grid = studio.grids.start(asked(("steps", "2-5"), ("guidance", "1,2")))
    original, left = fake.run, [3]

    def run(inputs, report):
        if not left[0]:
            studio.queue.cancel(grid.job_id)
        left[0] -= 1
        return original(inputs, report)

    fake.run = run
    assert studio.queue.finished(grid.job_id, 30).state in ("cancelled", "succeeded")
    before = {one["asset_id"] for one in studio.grids.result(grid.id)["pictures"]}
    fake.run = original
    if studio.grids.state(grid) == "cancelled":
        assert studio.grids.get(grid.id).sheet is None
        assert studio.grids.make_sheet(grid.id).sheet
        studio.queue.finished(studio.queue.retry(grid.job_id).id, 30)
    found = studio.grids.result(grid.id)
    assert len(found["pictures"]) == 8
    assert before <= {one["asset_id"] for one in found["pictures"]}
    assert len(fake.ran) <= 9  # the one that was cancelled, begun again


def test_the_same_seed_in_many_cells_has_a_file_each(studio):
    """Cells of one seed do not write over each other, and the index finds all of them."""
    found = finished(studio, asked(("guidance", "1-8")))
    files = {studio.review.get(one["asset_id"]).file for one in found["pictures"]}
    assert len(files) == 8
    assert studio.review.search(AssetFilter(job_id=found["job_id"])).total == 9


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        (("steps", "x"), "no value for Steps"),
        (("steps", "1.5"), "whole numbers"),
        (("steps", "0-3"), "cannot be 0"),
        (("steps", "1-999"), "cannot be counted"),
        (("steps", "1-21"), "20 are the most"),
        (("steps", ""), "has no values"),
        (("guidance", "nan"), "no value"),
        (("guidance", "1e99"), "no value"),
        (("sampler", "Nope"), "no sampler called"),
        (("engine", "Nope"), "no model called"),
        (("look", "Nope"), "no look called"),
        (("weather", "hail"), "is no weather"),
        (("size", "big"), "not a size"),
        (("size", "70x70"), "multiple of"),
        (("words", "x", "nowhere"), "not in the prompt"),
        (("lora", "0.5"), "which LoRA"),
    ],
)
def test_values_that_are_none_are_said_in_words(studio, mira, axis, said):
    """Before anything starts, with a hint."""
    with pytest.raises(StudioError, match=said) as error:
        studio.grids.start(asked(axis, character=mira.id))
    assert error.value.hint
    assert studio.queue.views().total == 0
    assert studio.grids.list() == []


def test_limits_of_a_grid(studio):
    """Too many cells, and one setting twice, are refused; new seeds differ."""
    with pytest.raises(StudioError, match="100 are the most"):
        studio.grids.start(asked(("steps", "1-11"), ("guidance", "1-10")))
    with pytest.raises(StudioError, match="same setting"):
        studio.grids.start(asked(("steps", "1,2"), ("steps", "3")))
    axes, cells = studio.grids._planned(asked(("seed", "4 new")))
    assert len(set(axes[0].values)) == 4 == len(cells)
    assert studio.grids.forecast(asked(("steps", "1-5"), ("seed", "1-4"))).pictures == 20


def test_looks_and_words_of_a_character(studio, mira):
    """Looks go by name; moods, places and the rest are the form's own."""
    request = asked(("look", "Ink"), ("mood", "smiling\nsad"), ("time_of_day", "night, any"), character=mira.id)
    axes, cells = studio.grids._planned(request)
    assert [one.labels for one in axes] == [["Ink"], ["smiling", "sad"], ["night", "any"]]
    assert "ink drawing" in cells[0][1].prompt
    assert [("at night" in one.prompt) for _, one in cells] == [True, False, True, False]


def test_a_trashed_grid_leaves_its_pictures(studio):
    """Out of the list and back; the library keeps what was made."""
    found = finished(studio, asked(("steps", "2,3")))
    studio.grids.trash(found["id"])
    assert studio.grids.list() == []
    assert studio.review.search(AssetFilter()).total == 3
    studio.grids.restore(found["id"])
    assert [one.id for one in studio.grids.list()] == [found["id"]]


# ---------------------------------------------------------------------- comparisons
def test_prompts_are_compared_with_the_same_seeds(studio):
    """Each prompt is made with each seed; choices are kept, counted, taken back, and refused elsewhere."""
    request = ComparisonRequest(request=ImageRequest(upscale=1, seed=7), prompts=["a fox", "a cat"], seeds=3)
    assert studio.grids.forecast(request).pictures == 6
    found = finished(studio, request)
    assert [one["seed"] for one in found["pictures"]] == [7, 8, 9, 7, 8, 9]
    assert [one["prompt"] for one in found["pictures"]] == ["a fox"] * 3 + ["a cat"] * 3
    for row in range(3):
        studio.grids.choose(found["id"], Choice(row=row, variant=1))
    verdict = studio.grids.result(found["id"])["verdicts"][-1]
    assert (verdict["by"], verdict["counts"], verdict["winner"]) == ("choice", [0, 3], None)
    assert "not enough to say" in verdict["text"]
    assert studio.grids.choose(found["id"], Choice(row=0, variant=None)).choices == {"1": 1, "2": 1}
    with pytest.raises(StudioError, match="3 seeds and 2 prompts"):
        studio.grids.choose(found["id"], Choice(row=9, variant=0))
    grid = finished(studio, asked(("steps", "2,3")))
    with pytest.raises(Conflict):
        studio.grids.choose(grid["id"], Choice(row=0, variant=0))
    with pytest.raises(ValueError, match="same"):
        ComparisonRequest(request=ImageRequest(), prompts=["x", " x "])


def test_verdicts_need_enough():
    """A winner only where the interval leaves out chance; ties, gaps and few seeds say nothing."""
    names = ["A", "B", "C"]
    assert by_choice([1] * 8, 2, names).winner == 1
    assert by_choice([1, 0] * 5, 2, names).winner is None
    assert by_choice([1, 1, 1, 1], 2, names).winner is None
    assert by_choice([-1] * 9, 3, names).winner is None
    better = [[0.5, 0.52, 0.48, 0.5, 0.51], [0.6, 0.63, 0.6, 0.58, 0.61]]
    assert by_score("quality", better, names).winner == 1
    assert by_score("quality", [better[0], better[0]], names).winner is None
    noisy = [[0.2, 0.8, 0.3, 0.9, 0.5], [0.3, 0.7, 0.6, 0.8, 0.6]]
    assert by_score("quality", noisy, names).winner is None
    assert by_score("identity", [[None] * 5, [None] * 5], names).text.endswith("nothing can be said.")
    assert by_score("identity", [[0.5, None, 0.5, 0.5, 0.5], better[1]], names).winner is None


def test_the_intervals_are_the_ones_in_the_books():
    """Student's quantiles and Wilson's interval against published tables."""
    for freedom, wanted in {1: 12.706, 2: 4.303, 5: 2.571, 10: 2.228, 30: 2.042}.items():
        assert t_quantile(0.975, freedom) == pytest.approx(wanted, abs=5e-4)
    assert wilson(6, 8, 0.95) == pytest.approx((0.4093, 0.9285), abs=1e-4)
    assert mean_interval([1, 2, 3], 0.95) == pytest.approx((-0.4841, 4.4841), abs=1e-3)
    assert mean_interval([1], 0.95) is None


@pytest.mark.parametrize(
    "label", ["plain", "x" * 5000, "日本語のとても長いラベル" * 40, "عربى", "<b>\0\u202e</b>\n", "", "👩‍🚀🎨" * 9]
)
def test_labels_of_any_kind_fit_the_sheet(label):
    """Long, non-Latin, hostile and empty labels: the sheet is made, bounded, and stays as large as without them."""
    picture = lambda at: Image.new("RGB", (64, 96), (9, 99, 9)) if at != (1, 1) else None
    plain = sheet("T", [("Steps", ("1", "2")), ("Mood", ("a", "b"))], picture, 2 / 3)
    made = sheet(label, [("Steps", (label, "2")), ("Mood", ("a", label))], picture, 2 / 3)
    assert made.width == plain.width
    assert made.height - plain.height <= 4 * 18
    assert max(sheet("T", [("S", ["1"] * 20), ("B", ["1"] * 20), ("C", ["1", "2"])], picture).size) < 8200
