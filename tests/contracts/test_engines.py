"""What every engine promises: one suite over the catalogue, with few steps, since promises do not need beauty."""

import gc
import shutil
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.base import EngineError, EngineSpec, ImageInputs
from pipelines.catalog import ENGINES, engine, specs

ROOT = Path(__file__).resolve().parents[2]
PROMPT = "portrait of a woman with long red hair, round glasses, green hoodie, at the beach, flat illustration"
every_engine = pytest.mark.parametrize("each", ENGINES, ids=lambda e: e.spec.id)


class Stop(Exception):
    pass


def inputs(each, **changes) -> ImageInputs:
    width, height = each.spec.native
    settings = each.spec.defaults
    plain = ImageInputs(PROMPT, "", width, height, 3, settings["guidance"], settings["sampler"], (7,))
    return replace(plain, **changes)


def numbers(image):
    import numpy

    return numpy.asarray(image).astype(int)


def apart(one, other) -> float:
    """Mean difference of two pictures in grey levels."""
    return float(abs(numbers(one) - numbers(other)).mean())


@pytest.fixture(scope="module")
def loaded():
    """Engines on the CPU in float32, each loaded once and unloaded at the end."""
    done = set()

    def load(each):
        if each not in done:
            each.load("cpu", "float32")
            done.add(each)
        return each

    yield load
    for each in done:
        each.unload()


@pytest.fixture(scope="module")
def first(loaded):
    """The picture of each engine's plain inputs, made once."""
    made = {}

    def picture(each):
        if each not in made:
            made[each] = loaded(each).run(inputs(each), lambda *_: None)[0]
        return made[each]

    return picture


@every_engine
def test_the_spec_tells_all_a_form_needs(each):
    """Names, sizes, samplers, presets and defaults are there and agree with each other."""
    spec = each.spec
    assert isinstance(spec, EngineSpec)
    assert spec.id
    assert spec.name
    assert spec.licence
    assert len(spec.summary) > 20
    assert spec.native in spec.sizes
    assert spec.defaults["sampler"] in spec.samplers
    assert set(spec.presets) == {"Fast", "Balanced", "Fine"}
    smallest, largest, grid = spec.sides
    assert all(smallest <= side <= largest and side % grid == 0 for size in spec.sizes for side in size)
    for settings in (spec.defaults, *spec.presets.values()):
        assert set(settings) == {"steps", "guidance", "sampler"}
        assert settings["sampler"] in spec.samplers
        assert 1 <= settings["steps"] <= spec.most_steps
    assert spec.presets["Fast"]["steps"] < spec.presets["Balanced"]["steps"] < spec.presets["Fine"]["steps"]
    assert {"prompt", "seed", "steps"} <= spec.uses
    assert spec.default_upscale in (1, 2, 4)


@every_engine
def test_word_lists_are_clean_and_grown_up(each):
    """Offered words are unique within their kind and none of them speaks of a child."""
    for kind, words in each.spec.words.items():
        assert len(set(words)) == len(words), kind
        assert not set(" ".join(words).split()) & {"boy", "girl", "child", "kid", "teen", "young", "baby"}, kind


def test_ids_are_unique_and_found():
    """An engine is found by its id; an unknown id names those there are."""
    assert len({spec.id for spec in specs()}) == len(ENGINES)
    assert all(engine(spec.id).spec is spec for spec in specs())
    with pytest.raises(EngineError, match="nothing-like-it") as refused:
        engine("nothing-like-it")
    assert ENGINES[0].spec.id in refused.value.hint


def test_knowing_the_engines_loads_no_heavy_library():
    """Importing the catalogue and asking every engine whether it is ready costs no torch, diffusers or numpy."""
    code = (
        "import sys, pipelines.catalog as c, pipelines.device\n"
        "[e.ready() for e in c.ENGINES]\n"
        "print([m for m in ('torch', 'diffusers', 'transformers', 'numpy', 'PIL', 'studio') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@every_engine
def test_every_step_has_a_preview(each, loaded):
    """`steps` reports, counting up, each able to make one small RGB picture per seed."""
    seen = []

    def report(done, total, frames):
        seen.append((done, total, frames()))

    pictures = loaded(each).run(inputs(each, seeds=(7, 8)), report)
    assert [(done, total) for done, total, _ in seen] == [(1, 3), (2, 3), (3, 3)]
    assert all(len(frames) == 2 and {f.mode for f in frames} == {"RGB"} for _, _, frames in seen)
    assert len({f.size for _, _, frames in seen for f in frames}) == 1
    for preview, picture in zip(seen[-1][2], pictures, strict=True):
        assert apart(preview, picture.resize(preview.size)) < 30  # the last one shows what comes


@every_engine
def test_previews_are_of_the_picture_not_of_the_noise(each, loaded):
    """Already the first preview is nearer to the finished picture than to grey, and each later one nearer still."""
    seen = []
    picture = loaded(each).run(inputs(each, steps=6), lambda d, t, frames: seen.append(frames()[0]))[0]
    distances = [apart(frame, picture.resize(frame.size)) for frame in seen]
    assert distances[0] < 60
    assert distances[-1] < distances[0]


@every_engine
def test_a_seed_repeats(each, loaded, first):
    """The same inputs give the very same picture again."""
    assert apart(loaded(each).run(inputs(each), lambda *_: None)[0], first(each)) == 0


@every_engine
def test_a_seed_is_the_same_picture_alone_and_in_a_batch(each, loaded, first):
    """But for rounding: matrix products of other sizes add up in another order."""
    batch = loaded(each).run(inputs(each, seeds=(3, 7)), lambda *_: None)
    assert apart(batch[1], first(each)) < 0.5
    assert apart(batch[0], batch[1]) > 2  # other seed, other picture


@every_engine
@pytest.mark.parametrize(
    "change",
    [{"guidance": 7.5}, {"negative": "green hoodie, at the beach"}, {"prompt": PROMPT.replace("red", "black")}],
)
def test_what_is_asked_changes_the_picture(each, change, loaded, first):
    """Guidance, negative and prompt all have a say."""
    if not set(change) <= each.spec.uses:
        pytest.skip("not used by this engine")
    assert apart(loaded(each).run(inputs(each, **change), lambda *_: None)[0], first(each)) > 0.5


@every_engine
def test_the_size_is_honoured(each, loaded):
    """Width and height come out as asked, width first."""
    smallest, _, grid = each.spec.sides
    size = (smallest + grid, smallest)
    picture = loaded(each).run(inputs(each, width=size[0], height=size[1], steps=1), lambda *_: None)[0]
    assert (picture.size, picture.mode) == (size, "RGB")


@every_engine
def test_every_sampler_draws(each, loaded, first):
    """Each sampler offered ends near the default's picture: none returns noise."""
    for sampler in each.spec.samplers:
        picture = loaded(each).run(inputs(each, sampler=sampler, steps=4), lambda *_: None)[0]
        assert apart(picture, first(each)) < 45, sampler


@every_engine
def test_cancelling_stops_at_once_and_keeps_nothing(each, loaded):
    """An exception out of `report` ends the run within that step; no tensor of it stays; the next run is well."""
    import torch

    calls, living = [], lambda: sum(isinstance(thing, torch.Tensor) for thing in gc.get_objects())

    def report(done, total, frames):
        calls.append(done)
        raise Stop

    def cancelled():
        with pytest.raises(Stop):
            loaded(each).run(inputs(each, steps=20), report)

    cancelled()
    gc.collect()
    before = living()
    cancelled()
    gc.collect()
    assert calls == [1, 1]
    assert living() <= before
    assert len(each.run(inputs(each, steps=1), lambda *_: None)) == 1


@every_engine
@pytest.mark.parametrize(
    ("change", "code"),
    [({"width": 4096}, "size"), ({"height": 250}, "size"), ({"sampler": "Magic"}, "unknown_sampler"),
     ({"steps": 0}, "steps"), ({"steps": 10_000}, "steps"), ({"seeds": ()}, "seeds")],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(each, change, code, loaded):
    """Absurd inputs raise EngineError with its kind and a hint, before anything is computed."""
    with pytest.raises(EngineError) as refused:
        loaded(each).run(inputs(each, **change), lambda *_: None)
    assert refused.value.code == code
    assert refused.value.hint


@every_engine
def test_the_hash_names_the_weights(each):
    """Ten hex digits, the same every time."""
    assert each.model_hash() == each.model_hash()
    assert len(each.model_hash()) == 10
    int(each.model_hash(), 16)


@every_engine
def test_a_damaged_folder_is_named(each, tmp_path):
    """A weight file cut short, emptied or gone is named by `ready` and by `load`, with what to do."""
    if not hasattr(each, "home"):
        pytest.skip("this engine's files are not in the repository")
    home = tmp_path / "model folder é"
    shutil.copytree(each.home, home, ignore=shutil.ignore_patterns("training", "__pycache__"))
    copy = type(each)(home)
    assert copy.ready() is None
    victim = max(home.rglob("*.safetensors"), key=lambda path: path.stat().st_size)
    whole = victim.read_bytes()
    for left in (whole[: len(whole) // 2], b"version https://git-lfs.github.com/spec/v1\n", b"", None):
        victim.unlink() if left is None else victim.write_bytes(left)
        assert victim.name in copy.ready()
        for attempt in (lambda: copy.load("cpu", "float32"), copy.model_hash):
            with pytest.raises(EngineError, match=victim.name) as refused:
                attempt()
            assert refused.value.code == "model_damaged"
            assert refused.value.hint


@every_engine
def test_unloading_gives_the_weights_back(each, tmp_path):
    """After `unload` nothing holds the network; unloading twice is harmless; a run then says it is not loaded."""
    other = type(each)(each.home) if hasattr(each, "home") else each
    other.load("cpu", "float32")
    network = weakref.ref(other._pipe.unet)
    other.unload()
    other.unload()
    gc.collect()
    assert network() is None
    with pytest.raises(EngineError) as refused:
        other.run(inputs(each), lambda *_: None)
    assert refused.value.code == "not_loaded"
