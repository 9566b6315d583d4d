"""Trainings with a written trainer: the desk, one durable job, judged versions, a look that carries the best."""

import threading
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from pipelines.train_lora import TrainingPlan
from studio.domain.asset import Recipe
from studio.domain.requests import AssetPatch, ImageRequest
from studio.domain.training import AddPictures, Choose, NewTraining, PictureChange, TrainingPatch
from studio.errors import Conflict, NotFound, StudioError
from studio.media.embed import save_png
from studio.paths import Paths
from studio.services import training_plans
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine, FakeTrainer

FICTIONAL = {"kind": "fictional"}


@pytest.fixture
def engine():
    made = FakeEngine()
    made.spec = replace(made.spec, id="starter", name="Starter", trains=True)
    made.trainable = lambda: object()
    return made


@pytest.fixture
def trainer(monkeypatch):
    made = FakeTrainer()
    made.install(monkeypatch)
    short = TrainingPlan(steps=6, batch=1, checkpoint_every=3)
    monkeypatch.setattr(training_plans, "_PLANS", {"": dict.fromkeys(("Quick", "Balanced", "Thorough"), short)})
    return made


@pytest.fixture
def studio(paths, engine, trainer):
    settings = Settings(paths, {})
    with build(paths, settings, use=EngineUse(settings, (engine,), FakeDevice())) as opened:
        opened.queue.start()
        yield opened


@pytest.fixture
def mira(studio):
    appearance = {"presents_as": "woman", "hair_color": "red", "hair_style": "long", "clothing": "green hoodie"}
    return studio.characters.create({"name": "Mira", "appearance": appearance})


def drawing(number: int, size=(64, 64)) -> Image.Image:
    """A sharp picture unlike those of other numbers."""
    image = Image.new(
        "RGB", size, [(250, 40, 40), (40, 250, 40), (40, 40, 250), (250, 250, 40), (40, 250, 250)][number % 5]
    )
    draw = ImageDraw.Draw(image)
    draw.rectangle((4 + number * 5, 6, 24 + number * 5, size[1] - 8), fill=(10, 10, 10), outline=(255, 255, 255))
    return image


@pytest.fixture
def pictures(studio, mira, tmp_path):
    """Brings in pictures of Mira and approves them; their ids."""

    def pictures(count, size=(64, 64)):
        ids = []
        for number in range(count):
            path = tmp_path / f"in-{number}.png"
            save_png(drawing(number, size), path, Recipe(engine="fake", seed=number))
            ids.append(studio.review.import_picture(path, mira.id).id)
        studio.review.patch_many(ids, AssetPatch(state="approved"))
        return ids

    return pictures


@pytest.fixture
def draft(studio, mira, pictures):
    """A draft with five pictures."""
    pictures(5)
    return studio.trainings.create(NewTraining(character_id=mira.id))


def trained(studio, draft):
    job = studio.queue.finished(studio.trainings.start(draft.id).id, 30)
    assert job.state == "succeeded", job.error
    return studio.trainings.get(draft.id)


def test_a_draft_begins_with_the_approved_pictures(studio, mira, draft, pictures):
    """Each has a square of the engine's size, a caption with the trigger word; there is one draft per character."""
    assert (draft.trigger, len(draft.pictures), studio.trainings.state(draft)) == ("mirazu", 5, "draft")
    for one in draft.pictures:
        assert Image.open(studio.trainings.picture_file(draft.id, one.id)).size == (64, 64)
        assert one.caption == "mirazu woman"
    assert studio.trainings.create(NewTraining(character_id=mira.id)).id == draft.id
    assert studio.trainings.candidates(draft, mira.id) == []


def test_pictures_come_and_go(studio, mira, draft, pictures, tmp_path):
    """From the library, from references, from a file; what is chosen already stays once, no original is touched."""
    first = draft.pictures[0]
    smaller = studio.trainings.remove(draft.id, [first.id])
    assert len(smaller.pictures) == 4
    assert [one["id"] for one in studio.trainings.candidates(smaller, mira.id)] == [first.source_id]
    assert studio.review.file(first.source_id).is_file()
    back = studio.trainings.add(draft.id, AddPictures(asset_ids=[first.source_id, first.source_id]))
    assert (
        len(back.pictures)
        == len(studio.trainings.add(draft.id, AddPictures(asset_ids=[first.source_id])).pictures)
        == 5
    )
    path = tmp_path / "photo.png"
    drawing(1, (90, 200)).save(path)
    character = studio.characters.add_reference(mira.id, upload=path, note="in the rain at night", origin=FICTIONAL)
    known = studio.trainings.add(draft.id, AddPictures(reference_ids=[character.references[0].id])).pictures[-1]
    assert (known.source, known.caption, known.crop) == ("reference", "mirazu woman", 0.15)
    mine = studio.trainings.upload(draft.id, path, "photo.png", FICTIONAL).pictures[-1]
    assert (mine.source, mine.name, mine.width, mine.height) == ("upload", "photo.png", 90, 200)
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"<script>")
    with pytest.raises(StudioError):
        studio.trainings.upload(draft.id, bad, origin=FICTIONAL)
    with pytest.raises(NotFound):
        studio.trainings.add(draft.id, AddPictures(asset_ids=["nobody"]))


def test_a_square_is_cut_where_it_is_asked_for(studio, draft, tmp_path):
    """The square moves along the longer side and is cut again from the untouched original."""
    tall = Image.new("RGB", (100, 300), "red")
    tall.paste("blue", (0, 150, 100, 300))
    path = tmp_path / "tall.png"
    tall.save(path)
    one = studio.trainings.upload(draft.id, path, origin=FICTIONAL).pictures[-1]
    at = lambda: Image.open(studio.trainings.picture_file(draft.id, one.id)).convert("RGB").getpixel((32, 60))
    assert at() == (255, 0, 0)
    studio.trainings.patch(draft.id, TrainingPatch(pictures=[PictureChange(id=one.id, crop=1)]))
    assert at() == (0, 0, 255)


def test_what_is_wrong_is_said_before_training(studio, mira, draft, pictures, tmp_path):
    """Twins, blur, small pictures, captions without the word; too few pictures keep it from starting."""
    again = tmp_path / "twin.png"
    drawing(draft.pictures and 0).save(again)
    twin = studio.trainings.upload(draft.id, again, origin=FICTIONAL).pictures[-1]
    soft = tmp_path / "soft.png"
    drawing(3).resize((9, 9)).resize((40, 40), Image.Resampling.BICUBIC).save(soft)
    blurred = studio.trainings.upload(draft.id, soft, origin=FICTIONAL).pictures[-1]
    first = draft.pictures[0].id
    studio.trainings.patch(draft.id, TrainingPatch(pictures=[PictureChange(id=first, caption="a woman")]))
    said = studio.trainings.remarks(studio.trainings.get(draft.id))
    assert any("Nearly the same" in text for text in said["pictures"][twin.id])
    assert {"Blurred", "Small: 40 × 40"} <= set(said["pictures"][blurred.id])
    assert said["pictures"][first] == ["Caption without the trigger word"]
    assert said["problems"] == []
    few = studio.trainings.remove(draft.id, [one.id for one in draft.pictures[1:]] + [twin.id])
    assert "at least 4" in studio.trainings.remarks(few)["problems"][0]
    with pytest.raises(StudioError, match="at least 4"):
        studio.trainings.start(draft.id)
    assert studio.queue.active() == []


def test_another_trigger_goes_into_every_caption(studio, draft):
    """One that is no word is refused at its field and nothing changes."""
    changed = studio.trainings.patch(draft.id, TrainingPatch(trigger="Zorvi"))
    assert {one.caption for one in changed.pictures} == {"zorvi woman"}
    with pytest.raises(StudioError) as refused:
        studio.trainings.patch(draft.id, TrainingPatch(trigger="no, word"))
    assert refused.value.field == "trigger"
    assert studio.trainings.get(draft.id).trigger == "zorvi"


def test_a_training_becomes_a_look(studio, mira, draft, engine, trainer, paths):
    """Every version is judged and kept; the best joins the library, and a look carries it into pictures."""
    done = trained(studio, draft)
    assert [one.step for one in done.checkpoints] == [3, 6]
    assert done.chosen == done.best
    assert done.why
    assert trainer.captions == ["mirazu woman"] * 5
    assert [step for step, _ in done.losses] == [1, 2, 3, 4, 5, 6]
    for step in ("bare", "3", "6"):
        assert studio.trainings.sample_file(done.id, step, len(done.prompts) - 1).is_file()
    assert all(one.scores["flexibility"] is not None and one.scores["note"] for one in done.checkpoints)
    assert not (studio.trainings.executor.folder(done) / "state.safetensors").exists()
    [lora] = studio.loras.list()
    assert (lora.source.kind, lora.character_id, lora.triggers) == ("trained", mira.id, ["mirazu"])
    assert studio.loras.preview(lora.id)
    look = studio.characters.get(mira.id).look("Trained")
    assert [one.id for one in look.loras] == [lora.id]
    job = studio.queue.finished(studio.images.start(mira.id, ImageRequest(prompt="waving", look="Trained")).id, 30)
    recipe = studio.review.get(job.assets[0]).recipe
    assert (recipe.prompt, recipe.loras[0]["hash"]) == ("mirazu woman, green hoodie, waving", lora.hash)
    assert engine.ran[-1].loras == [(paths.inside(done.checkpoint(done.chosen).file), 1.0)]


def test_a_person_overrules_the_numbers(studio, mira, draft):
    """Another version takes the place in the look; the first stays in the library; a look of choice carries it too."""
    done = trained(studio, draft)
    other = next(one.step for one in done.checkpoints if one.step != done.best)
    chosen = studio.trainings.choose(done.id, Choose(step=other))
    assert (chosen.chosen, chosen.by_person, len(studio.loras.list())) == (other, True, 2)
    looks = studio.characters.get(mira.id).looks
    assert [len(one.loras) for one in looks] == [1]
    assert looks[0].loras[0].id == chosen.checkpoint(other).lora_id
    studio.characters.update(
        mira.id, {"looks": [*[one.model_dump() for one in looks], {"name": "Ink", "words": "ink"}]}
    )
    ink = studio.characters.get(mira.id).look("Ink")
    studio.trainings.choose(done.id, Choose(step=done.best, look_id=ink.id))
    ink = studio.characters.get(mira.id).look("Ink")
    assert (ink.words, ink.loras[0].id) == ("ink", studio.trainings.get(done.id).checkpoint(done.best).lora_id)
    with pytest.raises(NotFound):
        studio.trainings.choose(done.id, Choose(step=5))


def test_a_second_training_renews_the_look(studio, mira, draft):
    """It counts one version up, begins with the same pictures, and the earlier version stays."""
    first = trained(studio, draft)
    again = studio.trainings.again(first.id)
    assert [one.caption for one in again.pictures] == [one.caption for one in first.pictures]
    with pytest.raises(Conflict):
        studio.trainings.again(first.id)
    studio.trainings.patch(
        again.id, TrainingPatch(pictures=[PictureChange(id=again.pictures[0].id, caption="mirazu woman, hat")])
    )
    second = trained(studio, again)
    assert (second.version, len(studio.characters.get(mira.id).looks)) == (2, 1)
    assert first.dataset_hash != second.dataset_hash
    assert studio.trainings.seconds(second) is not None


def test_cancelled_within_a_step_and_gone_on_with(studio, draft, trainer):
    """What was learned stays; the job goes on from its saved step. Meanwhile nothing of it can be edited or trashed."""
    trainer.hold = threading.Event()
    job = studio.trainings.start(draft.id)
    wait_for(lambda: trainer.began)
    assert studio.trainings.state(studio.trainings.get(draft.id)) == "running"
    for attempt in (
        lambda: studio.trainings.patch(draft.id, TrainingPatch(trigger="zorvi")),
        lambda: studio.trainings.trash(draft.id),
    ):
        with pytest.raises(Conflict):
            attempt()
    studio.queue.cancel(job.id)
    assert studio.queue.finished(job.id, 5).state == "cancelled"
    (studio.trainings.executor.folder(draft) / "state.safetensors").write_text("2", encoding="utf-8")
    trainer.hold = None
    studio.queue.retry(job.id)
    assert studio.queue.finished(job.id, 30).state == "succeeded"
    assert trainer.began == [0, 2]
    learned = sorted({step for step, _ in studio.trainings.get(draft.id).losses})
    assert learned == [1, 3, 4, 5, 6], "the curve of before is kept up to the saved step"


def test_a_restart_goes_on_from_the_saved_step(studio, draft, trainer, paths, engine):
    """The studio closes in the middle; the next one finishes the training, versions and all."""
    trainer.hold = threading.Event()
    job = studio.trainings.start(draft.id)
    wait_for(lambda: trainer.began)
    studio.close()
    (studio.trainings.executor.folder(draft) / "state.safetensors").write_text("3", encoding="utf-8")
    trainer.hold = None
    settings = Settings(Paths(paths.data), {})
    with build(Paths(paths.data), settings, use=EngineUse(settings, (engine,), FakeDevice())) as again:
        again.queue.start()
        assert again.queue.finished(job.id, 30).state == "succeeded"
        assert trainer.began == [0, 3]
        assert again.trainings.get(draft.id).chosen == 6


def test_a_failure_keeps_the_draft_and_says_why(studio, draft, trainer, mira):
    """The job fails with words; the training is there, can be retried, trashed, brought back and deleted for good."""
    trainer.error = StudioError("The training went astray.", "Choose Quick.")
    job = studio.queue.finished(studio.trainings.start(draft.id).id, 30)
    assert (job.state, job.error["message"]) == ("failed", "The training went astray.")
    assert studio.trainings.state(studio.trainings.get(draft.id)) == "failed"
    studio.trainings.trash(draft.id)
    assert studio.trainings.list(mira.id) == []
    assert [one.id for one in studio.trainings.list(mira.id, trashed=True)] == [draft.id]
    studio.trainings.restore(draft.id)
    with pytest.raises(Conflict):
        studio.trainings.delete_forever(draft.id)
    studio.trainings.trash(draft.id)
    studio.trainings.delete_forever(draft.id)
    assert not studio.trainings.executor.folder(draft).exists()


def test_live_tells_what_is_new(studio, draft):
    """Losses after the step that is known, and the versions."""
    done = trained(studio, draft)
    live = studio.trainings.live(done.id, since=4)
    assert [step for step, _ in live["losses"]] == [5, 6]
    assert (live["state"], live["steps"], live["bare"], len(live["checkpoints"])) == ("succeeded", 6, True, 2)


def test_no_path_leads_out(studio, draft):
    """Ids and steps that name no picture, sample or version are refused."""
    for attempt in (
        lambda: studio.trainings.picture_file(draft.id, "../../../settings"),
        lambda: studio.trainings.sample_file(draft.id, "../bare", 0),
        lambda: studio.trainings.version_file(draft.id, 3),
    ):
        with pytest.raises(NotFound):
            attempt()


def wait_for(true, seconds=10):
    import time

    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
