"""Image jobs with a written fake engine: what is checked before, what is kept, what a crash or a failure leaves."""

import shutil
import threading
import time
from collections import namedtuple

import pytest
from PIL import Image

from pipelines.base import EngineError
from studio.domain.asset import Recipe
from studio.domain.requests import AssetFilter, AssetPatch, ImageRequest
from studio.errors import Conflict, NoSpace, NotFound, OutOfMemory, StudioError
from studio.media.embed import read_recipe, save_png
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
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
def mira(studio):
    return studio.characters.create({
        "name": "Mira", "appearance": {"presents_as": "woman"},
        "ingredients": [{"kind": "wardrobe", "name": "Coat", "words": "red coat"}],
        "looks": [{"name": "Ink", "words": "ink drawing", "steps": 3, "engine": "fake"}],
    })  # fmt: skip


def made(studio, character=None, **fields):
    view = studio.images.start(character and character.id, ImageRequest(**fields))
    return studio.queue.finished(view.id, 30)


def test_a_job_becomes_assets_with_file_recipe_and_score(studio, mira, engine):
    """Every picture of the batch has a file that carries its recipe, a document, and a quality score."""
    job = made(studio, mira, prompt="waving", outfit="Coat", batch=3, seed=7, steps=5)
    assert (job.state, len(job.assets), job.error) == ("succeeded", 3, None)
    assets = [studio.review.get(one) for one in job.assets]
    assert [one.recipe.seed for one in assets] == [7, 8, 9]
    for asset in assets:
        path = studio.review.file(asset.id)
        assert Image.open(path).size == (asset.width, asset.height) == (64, 64)
        assert read_recipe(path) == asset.recipe
        assert (asset.character_id, asset.job_id, asset.bytes) == (mira.id, job.id, path.stat().st_size)
        assert asset.quality is not None
    recipe = assets[0].recipe
    assert (recipe.words, recipe.outfit, recipe.look_name, recipe.device) == ("waving", "Coat", "Ink", "cpu")
    assert recipe.prompt == "portrait of a woman, red coat, waving, ink drawing" == engine.ran[0].prompt
    assert (recipe.model_hash, recipe.dtype, recipe.versions["studio"]) == ("0123456789", "bfloat16", "0.1.0")


def test_an_enlarged_picture_keeps_its_original(studio):
    """The engine's own picture stays beside the enlarged one."""
    asset = studio.review.get(made(studio, prompt="a fox", upscale=2).assets[0])
    assert (asset.width, asset.height, asset.recipe.width) == (128, 128, 64)
    assert Image.open(studio.review.original(asset.id)).size == (64, 64)
    assert asset.recipe.upscale["factor"] == 2


def test_a_drawn_seed_is_kept_so_the_job_repeats(studio, engine):
    """Without a seed one is drawn at submission; the job, and a retry, use that one. Seeds wrap around."""
    job = made(studio, prompt="x", batch=2)
    assert list(engine.ran[0].seeds) == [job.request["seed"], (job.request["seed"] + 1) % 2**32]
    again = studio.queue.finished(studio.queue.retry(job.id).id, 30)
    assert engine.ran[1].seeds == engine.ran[0].seeds
    files = {studio.review.get(one).file for one in (*job.assets, *again.assets)}
    assert len(files) == 4
    made(studio, prompt="x", batch=2, seed=2**32 - 1)
    assert list(engine.ran[2].seeds) == [2**32 - 1, 0]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "prompt"), ({"prompt": "  , "}, "prompt"), ({"prompt": "x", "width": 4096, "height": 4096}, "width"),
        ({"prompt": "x", "look": "Ink"}, "look"), ({"prompt": "x", "engine": "dall-e"}, "engine"),
        ({"prompt": "x", "sampler": "Magic"}, "sampler"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_refused_at_its_field(studio, fields, field):
    """Nothing is queued for what cannot be made; the field and what to do are named."""
    with pytest.raises(StudioError) as refused:
        studio.images.start(None, ImageRequest(**fields))
    assert refused.value.field == field
    assert refused.value.hint
    assert studio.queue.active() == []


def test_a_look_for_a_model_that_is_not_here_gives_its_words(studio, mira):
    """A character from another studio works: its look's words count, its numbers do not, and that is said."""
    looks = [{"name": "Far", "words": "oil painting", "engine": "sdxl", "steps": 50, "width": 1024, "height": 1024}]
    studio.characters.update(mira.id, {"looks": looks})
    composed = studio.images.compose(mira.id, ImageRequest())
    assert (composed.engine, composed.steps, composed.width) == ("fake", 4, 64)
    assert "oil painting" in composed.prompt
    assert "sdxl" in composed.warnings[-1]


def test_trashed_and_paused_characters_make_nothing(studio, mira):
    """A hint says how to get them back to work."""
    studio.characters.update(mira.id, {"status": "paused"})
    with pytest.raises(Conflict, match="paused"):
        studio.images.start(mira.id, ImageRequest())
    studio.characters.trash(mira.id)
    with pytest.raises(Conflict, match="trash"):
        studio.images.start(mira.id, ImageRequest())
    with pytest.raises(NotFound):
        studio.images.start("nobody", ImageRequest())


def test_no_space_is_said_with_numbers(studio, monkeypatch):
    """Before anything is made."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, 5_000_000))
    with pytest.raises(NoSpace, match="Only 5 MB"):
        studio.images.start(None, ImageRequest(prompt="x"))


def test_a_model_that_is_not_ready_says_why(studio, engine):
    """The engine's own sentence reaches the person."""
    engine.missing = "a file is missing."
    with pytest.raises(StudioError, match="a file is missing"):
        studio.images.start(None, ImageRequest(prompt="x"))


@pytest.mark.parametrize(
    ("error", "code", "hint"),
    [
        (EngineError("Too big.", "Smaller.", "out_of_memory"), "out_of_memory", "Smaller."),
        (EngineError("Too big.", "", "out_of_memory"), "out_of_memory", "fewer pictures"),
        (EngineError("Damaged.", "Restore it.", "model_damaged"), "model_damaged", "Restore it."),
        (MemoryError(), "out_of_memory", "fewer pictures"),
        (ValueError("bug"), "bug", ""),
    ],
)
def test_engine_errors_become_words_on_the_job(studio, engine, error, code, hint):
    """What the person can mend keeps its words; a bug gets an id; the queue goes on."""
    engine.error = error
    job = made(studio, prompt="x")
    assert (job.state, job.error["code"]) == ("failed", code)
    assert hint in job.error["hint"]
    engine.error = None
    assert made(studio, prompt="x").state == "succeeded"


def test_a_picture_that_cannot_be_enlarged_is_kept(studio, monkeypatch):
    """The job says what failed, the engine's pictures are in the library all the same."""
    from pipelines import upscale

    def broken(*args, **kwargs):
        raise EngineError("No memory to enlarge.", "", "out_of_memory")

    monkeypatch.setattr(upscale, "upscale", broken)
    job = made(studio, prompt="x", batch=2, upscale=2)
    assert (job.state, len(job.assets)) == ("failed", 2)
    assert studio.review.get(job.assets[0]).recipe.upscale is None


def test_a_resumed_job_makes_only_what_is_missing(studio, engine, monkeypatch):
    """Pictures that were filed before an interruption are not made again, even unnamed ones."""
    filed = studio.images.executor.filed
    calls = []

    def twice_then_killed(*args):
        if len(calls) == 2:
            raise SystemExit  # stands for a kill: the job fails here, and is started anew below
        calls.append(1)
        return filed(*args)

    monkeypatch.setattr(studio.images.executor, "filed", twice_then_killed)
    job = made(studio, prompt="x", batch=4, seed=100)
    assert (job.state, len(job.assets)) == ("failed", 2)
    monkeypatch.setattr(studio.images.executor, "filed", filed)

    def lose_the_second_name(job):
        job.assets, job.attempt = job.assets[:1], 2

    kept = studio.store.jobs.update(job.id, lose_the_second_name)
    named = []

    def report(*args):
        pass

    report.asset = named.append
    studio.images.executor.run(kept.model_copy(update={"attempt": 2}), report)
    assert list(engine.ran[-1].seeds) == [102, 103]
    assert len(named) == 3
    assert job.assets[1] in named
    found = studio.review.search(AssetFilter(job_id=job.id), 20).items
    assert sorted(one.recipe.seed for one in found) == [100, 101, 102, 103]


def test_a_file_without_a_document_is_written_over(studio, paths):
    """A crash between file and document leaves no second copy; a file that belongs to an asset is never touched."""
    job = made(studio, prompt="x", seed=5)
    path = studio.review.file(job.assets[0])
    studio.store.assets.remove(job.assets[0])
    again = studio.queue.finished(studio.queue.retry(job.id).id, 30)
    assert studio.review.file(again.assets[0]) == path
    assert len(list(path.parent.glob("*.png"))) == 1


def test_what_was_queued_is_made_as_it_was_asked_for(studio, mira, engine):
    """Changing or deleting the character afterwards does not change a waiting job."""
    studio.queue.pause()
    view = studio.images.start(mira.id, ImageRequest(outfit="Coat"))
    studio.characters.update(mira.id, {"appearance": {"presents_as": "man"}})
    studio.queue.resume()
    assert studio.queue.finished(view.id, 30).state == "succeeded"
    assert "woman, red coat" in engine.ran[0].prompt


def test_a_first_picture_gives_its_ingredients_a_thumbnail(studio, mira):
    """Ingredients show the first picture made with them; later ones do not replace it."""
    first, second = made(studio, mira, outfit="Coat"), made(studio, mira, outfit="Coat")
    coat = studio.characters.get(mira.id).ingredients[0]
    assert coat.thumbnail_asset_id == first.assets[0] != second.assets[0]


def test_a_thumbnail_makes_no_version_and_no_form_stale(studio, mira):
    """Nobody edited the character: a form opened before the first picture still saves, and keeps the thumbnail."""
    first = made(studio, mira, outfit="Coat")
    assert [one.revision for one in studio.characters.versions(mira.id)] == [mira.revision]
    sent = {"bio": "Paints.", "ingredients": mira.as_json()["ingredients"]}
    saved = studio.characters.update(mira.id, sent, revision=mira.revision)
    assert saved.ingredient("Coat").thumbnail_asset_id == first.assets[0]


def test_a_thumbnail_in_the_trash_makes_way_for_the_next_best(studio, mira):
    """An approved picture before a newer one; without any there is none; one that comes back is shown again."""
    shown = lambda: studio.characters.get(mira.id).ingredient("Coat").thumbnail_asset_id
    first, approved, newest = (made(studio, mira, outfit="Coat").assets[0] for _ in range(3))
    made(studio, mira)
    studio.review.patch(approved, AssetPatch(state="approved"))
    studio.review.trash([first])
    assert shown() == approved
    studio.review.trash([approved])
    studio.review.delete_forever([approved])
    assert shown() == newest
    studio.review.trash([newest])
    assert shown() is None
    studio.review.undo()
    assert shown() == newest


def test_cancelling_stops_at_the_next_step(studio, engine):
    """Under a second, and nothing is filed."""
    engine.hold = threading.Event()
    view = studio.images.start(None, ImageRequest(prompt="x", batch=2))
    assert engine.started.wait(5)
    started = time.monotonic()
    studio.queue.cancel(view.id)
    assert studio.queue.finished(view.id, 5).state == "cancelled"
    assert time.monotonic() - started < 1
    assert studio.review.search().total == 0


def test_previews_can_be_switched_off(studio, engine):
    """The setting keeps frames from being offered at all."""
    engine.hold = threading.Event()
    view = studio.images.start(None, ImageRequest(prompt="x", batch=2))
    engine.started.wait(5)
    assert len(studio.queue.previews(view.id)[1]) == 2
    studio.queue.cancel(view.id)
    studio.queue.finished(view.id, 5)
    studio.settings.set("preview", False)
    engine.started.clear()
    view = studio.images.start(None, ImageRequest(prompt="x"))
    engine.started.wait(5)
    assert studio.queue.previews(view.id)[1] == []
    engine.hold.set()


def test_the_dtype_is_measured_once_and_remembered(studio, paths):
    """The measurement outlives the process; a dtype that was chosen by hand needs none."""
    made(studio, prompt="x")
    made(studio, prompt="x")
    assert studio.images.use.device.measured == 1
    device = FakeDevice()
    use = EngineUse(Settings(paths, {}), (), device)
    assert (use.plan(), device.measured) == (("cpu", "bfloat16"), 0)
    chosen = EngineUse(Settings(paths, {"STUDIO_DTYPE": "float32"}), (), device)
    assert chosen.plan() == ("cpu", "float32")


def test_a_preview_is_a_small_jpeg_and_gives_way(studio, engine):
    """A newer preview with the same key ends the older; a job ends both, and is told of by a Conflict."""
    assert studio.images.preview_appearance({"appearance": {"presents_as": "man"}})[:2] == b"\xff\xd8"
    engine.hold, results = threading.Event(), []
    older = threading.Thread(target=lambda: results.append(studio.images.preview_appearance({}, key="a")))
    engine.started.clear()
    older.start()
    engine.started.wait(5)
    newer = threading.Thread(target=lambda: results.append(studio.images.preview_appearance({}, key="a")))
    newer.start()
    older.join(5)
    assert results == [None]
    engine.hold.set()
    newer.join(5)
    assert results[1][:2] == b"\xff\xd8"

    engine.hold = threading.Event()
    engine.started.clear()
    view = studio.images.start(None, ImageRequest(prompt="x"))
    engine.started.wait(5)
    started = time.monotonic()
    with pytest.raises(Conflict, match="being made"):
        studio.images.preview_appearance({})
    assert time.monotonic() - started < 1
    engine.hold.set()
    assert studio.queue.finished(view.id, 5).state == "succeeded"


def test_a_job_does_not_wait_for_a_preview(studio, engine):
    """The preview steps aside at its next step."""
    engine.hold = threading.Event()
    results = []
    preview = threading.Thread(target=lambda: results.append(studio.images.preview_appearance({})))
    preview.start()
    engine.started.wait(5)
    view = studio.images.start(None, ImageRequest(prompt="x"))
    preview.join(5)
    assert results == [None]
    engine.hold.set()
    assert studio.queue.finished(view.id, 5).state == "succeeded"


def test_a_recipe_fills_the_form_again(studio, mira):
    """Reuse gives the same request: same words, ingredients, look, settings and seed, so the same picture."""
    job = made(studio, mira, prompt="waving", outfit="Coat", place="on the moon", time_of_day="night", steps=6, seed=3)
    values = studio.images.recipe_to_request(job.assets[0])
    assert values.pop("notes") == []
    assert values.pop("character_id") == mira.id
    again = studio.images.compose(mira.id, ImageRequest(**values))
    assert again == studio.images.compose(mira.id, ImageRequest(**{
        "prompt": "waving", "outfit": "Coat", "place": "on the moon", "time_of_day": "night", "steps": 6, "seed": 3,
    }))  # fmt: skip
    assert studio.images.read_dropped(studio.review.file(job.assets[0]))["seed"] == 3


def test_strangers_recipes_are_read_as_far_as_they_go(studio, tmp_path):
    """An unknown engine is noted, its settings stay out; the prompt, negative and seed come in."""
    path = tmp_path / "foreign.png"
    recipe = Recipe(engine="sdxl", prompt="a castle", negative="fog", seed=2**31, steps=900, width=1024, height=1024)
    save_png(Image.new("RGB", (64, 64)), path, recipe)
    values = studio.images.read_dropped(path)
    assert (values["prompt"], values["negative"], values["seed"], values["engine"]) == (
        "a castle",
        "fog",
        2**31,
        "fake",
    )
    assert values.get("steps") is None
    assert "sdxl" in values["notes"][0]
    ImageRequest(**{name: value for name, value in values.items() if name in ImageRequest.model_fields})


def test_a_picture_without_a_recipe_is_said_so(studio, tmp_path):
    """So is a file that is no picture at all."""
    plain, text = tmp_path / "plain.png", tmp_path / "text.png"
    Image.new("RGB", (8, 8)).save(plain)
    text.write_text("hello")
    for path in (plain, text):
        with pytest.raises(StudioError):
            studio.images.read_dropped(path)


def test_out_of_memory_is_its_own_error():
    """The class the API turns into a status of its own."""
    from studio.services.engine_use import translated

    with pytest.raises(OutOfMemory), translated():
        raise EngineError("x", "", "out_of_memory")


def test_a_damaged_model_file_is_named_with_what_to_do(paths, tmp_path):
    """A job whose model was damaged while it waited fails with the file's name and the engine's own remedy."""
    from pipelines.engines.starter import FILES, Starter

    for name in ("latent_rgb.json", "model/tokenizer/tokenizer.json", *(f"model/{one}" for one in FILES)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"{}" if name.endswith(".json") else b"\2" + bytes(7) + b"{}")
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (Starter(tmp_path),), FakeDevice())) as studio:
        view = studio.images.start(None, ImageRequest(prompt="a fox"))
        (tmp_path / "model/unet/diffusion_pytorch_model.safetensors").write_bytes(b"cut")
        studio.queue.start()
        job = studio.queue.finished(view.id, 30)
        assert job.state == "failed"
        assert str(tmp_path / "model" / "unet" / "diffusion_pytorch_model.safetensors") in job.error["message"]
        assert "git checkout -- pipelines/starter" in job.error["hint"]
        with pytest.raises(StudioError, match="diffusion_pytorch_model"):
            studio.images.start(None, ImageRequest(prompt="a fox"))
