"""Every model family for real, on complete pipelines with random weights: load, run, preview, cancel, LoRA, tasks."""

import gc
import json
import weakref
from dataclasses import replace

import pytest

from pipelines.base import EngineError, ImageInputs, LoadOptions, LocalModel
from pipelines.catalog import family_of_pipeline
from tests import tiny_models

SIDE = 64
every_model = pytest.mark.parametrize("name", tiny_models.FOLDERS)
with_lora = pytest.mark.parametrize("name", ["sd15", "sdxl", "flux1", "flux2-klein", "z-image", "qwen-image", "krea2"])


class Stop(Exception):
    pass


@pytest.fixture(scope="module", autouse=True)
def small_references():
    """Editing models bring every reference to a million pixels: minutes on a CPU, and nothing that is tested."""
    import diffusers.pipelines.flux.pipeline_flux_kontext as kontext
    import diffusers.pipelines.qwenimage.pipeline_qwenimage_edit_plus as edit_plus

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edit_plus, "VAE_IMAGE_SIZE", SIDE * SIDE)
        patch.setattr(edit_plus, "CONDITION_IMAGE_SIZE", 56 * 56)
        patch.setattr(kontext, "PREFERRED_KONTEXT_RESOLUTIONS", [(SIDE, SIDE)])
        yield


@pytest.fixture(scope="session")
def engine_of(tiny_home):
    """A new engine of this tiny model, allowed to draw 64 px."""

    def make(name):
        folder = tiny_models.save(name, tiny_home)
        kind = family_of_pipeline(json.loads((folder / "model_index.json").read_text())["_class_name"])
        model = LocalModel(f"tiny-{name}", f"Tiny {name}", kind.id, folder, "folder", kind.variant_of(folder))
        engine = kind.make(model)
        engine.spec = replace(engine.spec, sides=(SIDE, *engine.spec.sides[1:]))
        return engine

    return make


@pytest.fixture(scope="module")
def loaded(engine_of):
    """The engine on the CPU in float32, loaded once for the whole file."""
    there = {}

    def load(name):
        if name not in there:
            there[name] = engine_of(name)
            there[name].load("cpu", "float32")
        return there[name]

    yield load
    for engine in there.values():
        engine.unload()


def picture(shade=(200, 60, 40)):
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (SIDE, SIDE), shade)
    ImageDraw.Draw(image).ellipse((10, 10, 50, 50), fill=(20, 90, 200))
    return image


def half_mask():
    from PIL import Image

    mask = Image.new("L", (SIDE, SIDE), 0)
    mask.paste(255, (0, 0, SIDE // 2, SIDE))
    return mask


def inputs(engine, task=None, **changes) -> ImageInputs:
    """A run of two steps from the first thing this model can start from, or from `task`."""
    task = task or ("text" if "text" in engine.spec.tasks else sorted(engine.spec.tasks)[0])
    settings = engine.spec.defaults
    plain = ImageInputs("a fox in the snow", "", SIDE, SIDE, 2, settings["guidance"], settings["sampler"], (7,))
    if task in ("image", "inpaint"):
        plain = replace(plain, image=picture(), steps=4)
    if task == "inpaint":
        plain = replace(plain, mask=half_mask(), strength=1.0)
    if task == "edit":
        plain = replace(plain, references=[picture()])
    return replace(plain, **changes)


def run(engine, **changes):
    task = changes.pop("task", None)
    return engine.run(inputs(engine, task, **changes), lambda *_: None)


def apart(one, other) -> float:
    import numpy

    return float(abs(numpy.asarray(one).astype(int) - numpy.asarray(other).astype(int)).mean())


@every_model
def test_every_task_draws_with_a_preview_at_every_step(name, loaded):
    """Each task the model names gives RGB pictures of the size asked for; every step counts up and can be looked at."""
    engine = loaded(name)
    assert engine.ready() is None
    for task in sorted(engine.spec.tasks):
        seen = []
        wanted = inputs(engine, task, seeds=(7, 8), width=SIDE + 32)
        made = engine.run(wanted, lambda done, total, frames, seen=seen: seen.append((done, total, frames())))
        assert [(one.size, one.mode) for one in made] == [((SIDE + 32, SIDE), "RGB")] * 2
        done, total = [one[0] for one in seen], {one[1] for one in seen}
        assert done == list(range(1, len(done) + 1))
        assert total == {len(done)}
        if task in ("text", "edit"):
            assert len(done) == wanted.steps
        for _, _, frames in seen:
            assert [(one.size, one.mode) for one in frames] == [((12, 8), "RGB")] * 2


@every_model
def test_a_seed_repeats_alone_and_in_a_batch(name, loaded):
    """The same inputs give the same picture; in a batch too, but for rounding; another seed gives another picture."""
    engine = loaded(name)
    first = run(engine)[0]
    assert apart(first, run(engine)[0]) == 0
    batch = run(engine, seeds=(3, 7))
    assert apart(batch[1], first) < 0.6
    assert apart(batch[0], batch[1]) > 0.5


@every_model
def test_a_mask_keeps_what_is_black_exactly(name, loaded):
    """Inpainting changes the white part and not one pixel of the rest."""
    engine = loaded(name)
    if "inpaint" not in engine.spec.tasks:
        pytest.skip("this model does not inpaint")
    made = run(engine, task="inpaint")[0]
    right = (SIDE // 2, 0, SIDE, SIDE)
    assert apart(made.crop(right), picture().crop(right)) == 0
    assert apart(made.crop((0, 0, SIDE // 2, SIDE)), picture().crop((0, 0, SIDE // 2, SIDE))) > 1


@every_model
def test_strength_decides_how_much_of_a_picture_changes(name, loaded):
    """More strength goes more steps; the least still goes one."""
    engine = loaded(name)
    if "image" not in engine.spec.tasks:
        pytest.skip("this model does not start from a picture")
    counts = []
    for strength in (0.05, 0.5, 1.0):
        seen = []
        engine.run(inputs(engine, "image", strength=strength), lambda d, t, f, seen=seen: seen.append(d))
        counts.append(len(seen))
    assert counts[0] >= 1
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


@every_model
def test_references_have_a_say(name, loaded):
    """Another reference gives another picture."""
    engine = loaded(name)
    if "edit" not in engine.spec.tasks:
        pytest.skip("this model takes no references")
    one, other = run(engine, task="edit")[0], run(engine, task="edit", references=[picture((10, 220, 30))])[0]
    assert apart(one, other) > 0
    if engine.spec.most_references > 1:
        assert apart(run(engine, task="edit", references=[picture(), picture((9, 200, 9))])[0], one) > 0


@every_model
def test_cancelling_stops_at_once_and_keeps_nothing(name, loaded):
    """An exception out of `report` ends the run within that step; no tensor of it stays; the next run is well."""
    import torch

    engine, calls = loaded(name), []
    living = lambda: sum(isinstance(thing, torch.Tensor) for thing in gc.get_objects())

    def report(done, total, frames):
        calls.append(done)
        raise Stop

    def cancelled():
        with pytest.raises(Stop):
            engine.run(inputs(engine, steps=8), report)
        gc.collect()

    before = run(engine)[0]
    cancelled()
    kept = living()
    cancelled()
    assert calls == [1, 1]
    assert living() <= kept
    assert apart(run(engine)[0], before) == 0


@every_model
def test_tasks_share_their_weights(name, loaded, monkeypatch):
    """Switching the task reads nothing from disk and copies nothing: every view holds the very same parts."""
    from diffusers import DiffusionPipeline

    engine = loaded(name)
    monkeypatch.setattr(DiffusionPipeline, "from_pretrained", lambda *_, **__: pytest.fail("a model was read again"))
    for task in sorted(engine.spec.tasks):
        run(engine, task=task)
    views = {id(view): view for view in map(engine._view, engine.spec.tasks)}
    for part in (engine.denoiser, "vae", "text_encoder"):
        assert {id(getattr(view, part)) for view in views.values()} == {id(getattr(engine._pipe, part))}


@every_model
def test_the_same_words_are_read_once(name, loaded):
    """A prompt that was encoded before does not run the text encoder again; another one does."""
    engine, calls = loaded(name), []
    hook = engine._pipe.text_encoder.register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        run(engine, prompt="never said before")
        first = len(calls)
        run(engine, prompt="never said before", seeds=(9,))
        assert first > 0
        assert len(calls) == first
        run(engine, prompt="something else")
        assert len(calls) > first
    finally:
        hook.remove()


@every_model
def test_the_prompt_has_a_say(name, loaded):
    """Other words, another picture."""
    engine = loaded(name)
    assert apart(run(engine, prompt="a fox")[0], run(engine, prompt="zzzz 1234 %% boats")[0]) > 0


@every_model
def test_weights_count_for_clip_and_are_taken_out_for_language_models(name, loaded):
    """`(fox:1.5)` changes a CLIP picture; a language model gets the words as if the brackets were not there."""
    engine = loaded(name)
    plain, weighted = run(engine, prompt="a red fox")[0], run(engine, prompt="a red (fox:1.9)")[0]
    if engine.spec.prompt_style == "clip":
        assert apart(plain, weighted) > 0
        long = "a fox, " * 40
        assert apart(run(engine, prompt=long)[0], run(engine, prompt=long + "in the snow at night")[0]) > 0
    else:
        assert apart(plain, weighted) == 0


@every_model
def test_unloading_gives_the_weights_back(name, engine_of):
    """After `unload` nothing holds the denoiser; unloading twice is harmless; a run then says it is not loaded."""
    engine = engine_of(name)
    engine.load("cpu", "float32")
    run(engine)
    network = weakref.ref(getattr(engine._pipe, engine.denoiser))
    engine.unload()
    engine.unload()
    gc.collect()
    assert network() is None
    with pytest.raises(EngineError) as refused:
        run(engine)
    assert refused.value.code == "not_loaded"


@every_model
def test_layer_by_layer_in_bfloat16_draws_too(name, engine_of):
    """The plan that needs least memory, and the other dtype, give a picture; parking and waking change nothing."""
    engine = engine_of(name)
    engine.load("cpu", "bfloat16", LoadOptions(plan="group"))
    made = run(engine)[0]
    engine.park()
    engine.wake()
    assert apart(run(engine)[0], made) == 0
    assert engine.weight() > 100_000
    engine.unload()


@every_model
@pytest.mark.parametrize(
    ("change", "code"),
    [({"width": 8192}, "size"), ({"height": 70}, "size"), ({"sampler": "Magic"}, "unknown_sampler"),
     ({"steps": 0}, "steps"), ({"seeds": ()}, "seeds"), ({"strength": 0.0}, "strength")],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(name, change, code, loaded):
    """Absurd inputs raise EngineError with its kind and a hint, before anything is computed."""
    with pytest.raises(EngineError) as refused:
        run(loaded(name), **change)
    assert refused.value.code == code
    assert refused.value.hint


@every_model
def test_a_task_it_has_not_is_refused(name, loaded):
    """Instead of ignoring a mask or a reference, the engine says that it takes none."""
    engine = loaded(name)
    for task in {"text", "image", "inpaint", "edit"} - engine.spec.tasks:
        with pytest.raises(EngineError) as refused:
            run(engine, task=task)
        assert refused.value.code == "task"
    many = [picture()] * 9
    if "edit" in engine.spec.tasks:
        with pytest.raises(EngineError, match="takes"):
            run(engine, task="edit", references=many)


# ---------------------------------------------------------------------- LoRA
def lora_file(engine, folder, seed=1, grow=1.0):
    """A LoRA of rank 2 on every query projection of the denoiser, as diffusers writes them."""
    import torch
    from safetensors.torch import save_file

    generator, tensors = torch.Generator().manual_seed(seed), {}
    prefix = "unet" if engine.denoiser == "unet" else "transformer"
    for name, module in getattr(engine._pipe, engine.denoiser).named_modules():
        if isinstance(module, torch.nn.Linear) and name.rsplit(".", 1)[-1] in ("to_q", "to_v"):
            rows, columns = module.weight.shape
            tensors[f"{prefix}.{name}.lora_A.weight"] = torch.randn(2, columns, generator=generator)
            tensors[f"{prefix}.{name}.lora_B.weight"] = torch.randn(rows, 2, generator=generator) * grow
    assert tensors
    path = folder / f"lora é {seed}.safetensors"
    save_file(tensors, path)
    return path


@with_lora
def test_a_lora_counts_and_leaves_no_trace(name, engine_of, tmp_path):
    """On differs from off, more weight differs more, two are not one, and off again is the picture from before."""
    engine = engine_of(name)
    engine.load("cpu", "float32")
    one, two = lora_file(engine, tmp_path), lora_file(engine, tmp_path, seed=2)
    off = run(engine)[0]
    weak, strong = run(engine, loras=[(one, 0.3)])[0], run(engine, loras=[(one, 1.0)])[0]
    both = run(engine, loras=[(one, 1.0), (two, 1.0)])[0]
    assert apart(off, strong) > 0
    assert apart(weak, strong) > 0
    assert apart(both, strong) > 0
    assert apart(run(engine, loras=[(one, 1.0)])[0], strong) == 0
    assert apart(run(engine)[0], off) == 0
    engine.unload()


@with_lora
def test_a_lora_that_does_not_fit_is_refused_and_the_model_stays_well(name, engine_of, tmp_path):
    """A LoRA of another shape, a damaged and a missing file are named; the next run is as if nothing was."""
    import torch
    from safetensors.torch import load_file, save_file

    engine = engine_of(name)
    engine.load("cpu", "float32")
    good, off = lora_file(engine, tmp_path), run(engine)[0]
    wrong, broken = tmp_path / "wrong.safetensors", tmp_path / "broken.safetensors"
    foreign = {"something.else.lora_A.weight": torch.ones(2, 7), "something.else.lora_B.weight": torch.ones(7, 2)}
    save_file(foreign, wrong)
    broken.write_bytes(b"not a model")
    misshapen = tmp_path / "misshapen.safetensors"
    shapes = {key: value.shape for key, value in load_file(good).items()}
    save_file({key: torch.ones(rows + 1, columns + 3) for key, (rows, columns) in shapes.items()}, misshapen)
    pickled = tmp_path / "old.pt"
    pickled.write_bytes(b"x")
    for bad in (wrong, broken, misshapen, pickled, tmp_path / "gone.safetensors"):
        with pytest.raises(EngineError, match=bad.name) as refused:
            run(engine, loras=[(good, 1.0), (bad, 1.0)])
        assert refused.value.code == "lora"
        assert apart(run(engine)[0], off) == 0
    engine.unload()
