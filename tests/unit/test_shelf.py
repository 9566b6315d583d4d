"""Installed models become engines and leave again, while the studio runs."""

import json
from dataclasses import replace

import pytest

from pipelines.base import EngineError, LocalModel
from pipelines.catalog import FAMILIES, Shelf, family, family_of_pipeline
from studio.errors import StudioError
from studio.paths import Paths
from studio.services.engine_use import EngineUse
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model é"
    folder.mkdir()
    return LocalModel("my-sdxl", "My SDXL", "sdxl", folder, "folder")


def test_a_model_becomes_an_engine_behind_those_always_there(model):
    """It carries the model's id and name and the family's abilities; the default engine stays first."""
    shelf = Shelf((FakeEngine(),))
    assert shelf.put([model]) == []
    assert [one.spec.id for one in shelf.engines()] == ["fake", "my-sdxl"]
    spec = shelf.engines()[1].spec
    assert (spec.name, spec.family, spec.native) == ("My SDXL", "sdxl", (1024, 1024))
    assert {"text", "image", "inpaint"} <= spec.tasks
    assert "loras" in spec.uses


def test_an_unchanged_model_keeps_its_engine_and_a_changed_one_gets_another(model):
    """What left or changed comes back from `put`, so that it can be unloaded."""
    shelf = Shelf(())
    shelf.put([model])
    (before,) = shelf.engines()
    assert shelf.put([replace(model)]) == []
    assert shelf.engines() == (before,)
    assert shelf.put([replace(model, name="Other name")]) == [before]
    (after,) = shelf.engines()
    assert after.spec.name == "Other name"
    assert shelf.put([]) == [after]
    assert shelf.engines() == ()


def test_defaults_of_a_model_win_over_its_variant_and_family(model):
    """Steps, guidance, sampler and size; a size of its own is offered first."""
    shelf = Shelf(())
    shelf.put([replace(model, variant="few-step", defaults={"steps": 5, "width": 768, "height": 1024})])
    spec = shelf.engines()[0].spec
    assert spec.defaults["steps"] == 5
    assert spec.defaults["guidance"] == family("sdxl").variant("few-step").defaults["guidance"]
    assert spec.native == spec.sizes[0] == (768, 1024)


def test_two_models_with_one_id_and_unknown_families_are_refused(model):
    """Nothing changes then."""
    shelf = Shelf((FakeEngine(),))
    with pytest.raises(ValueError, match="my-sdxl"):
        shelf.put([model, replace(model, name="Twin")])
    with pytest.raises(ValueError, match="fake"):
        shelf.put([replace(model, id="fake")])
    with pytest.raises(EngineError) as refused:
        shelf.put([replace(model, family="nothing-like-it")])
    assert refused.value.code == "unknown_family"
    assert len(shelf.engines()) == 1


@pytest.mark.parametrize("bad", ["", "../x", "Upper", "a b", "x" * 90])
def test_an_id_is_fit_for_addresses(model, bad):
    """Ids travel in URLs, settings and file names."""
    with pytest.raises(ValueError, match="id"):
        replace(model, id=bad)


def test_a_missing_folder_is_said(model):
    """The engine is offered with its sentence instead of vanishing."""
    shelf = Shelf(())
    shelf.put([model])
    assert "model_index.json" in shelf.engines()[0].ready()


def test_pickled_weights_are_named_and_refused(model):
    """A folder whose weights are pickles is not ready, and says why."""
    (model.path / "model_index.json").write_text(json.dumps({"_class_name": "X", "unet": ["diffusers", "UNet"]}))
    (model.path / "unet").mkdir()
    (model.path / "unet" / "config.json").write_text("{}")
    (model.path / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x")
    shelf = Shelf(())
    shelf.put([model])
    assert "pickle" in shelf.engines()[0].ready()


def test_families_are_sound():
    """Unique ids and pipeline classes, defaults inside their own limits, presets in order."""
    assert len({one.id for one in FAMILIES}) == len(FAMILIES)
    classes = [name for one in FAMILIES for name in one.pipelines]
    assert len(set(classes)) == len(classes)
    for one in FAMILIES:
        assert family_of_pipeline(one.pipelines[0]) is one
        assert one.native in one.sizes
        smallest, largest, grid = one.sides
        assert all(smallest <= side <= largest and side % grid == 0 for size in one.sizes for side in size)
        for variant in one.variants:
            assert variant.defaults["sampler"] in one.samplers
            steps = [variant.presets[name]["steps"] for name in ("Fast", "Balanced", "Fine")]
            assert steps == sorted(set(steps))
        assert {"full", "model", "group"} == set(one.vram_gb)


def test_the_studio_offers_what_is_installed_at_once(tmp_path, model):
    """`install` is seen by the next question; what left is unloaded from the device."""
    device = FakeDevice()
    use = EngineUse(Settings(Paths(tmp_path), {}), (FakeEngine(),), device)
    use.install([model])
    assert [one.spec.id for one in use.engines] == ["fake", "my-sdxl"]
    engine = use.engine("my-sdxl")
    use.install([])
    for _ in range(200):
        if getattr(device, "forgotten", None):
            break
        __import__("time").sleep(0.01)
    assert device.forgotten == [engine]
    with pytest.raises(StudioError, match="There is no model"):
        use.engine("my-sdxl")
    with pytest.raises(StudioError, match="family"):
        use.install([replace(model, family="none")])
