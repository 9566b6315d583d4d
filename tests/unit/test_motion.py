"""Motion: reels of approved pictures as documents, previews, jobs that file clips with their lineage, sounds."""

import threading
import time
import zipfile

import pytest
from PIL import Image, ImageDraw

from studio.domain import motion_presets
from studio.domain.motion import NewProject, ProjectPatch, Shot, ShotPatch, SoundPatch
from studio.domain.requests import AssetFilter, AssetPatch, PostRequest
from studio.errors import Conflict, NoSpace, NotFound, Refused, StudioError
from studio.media import clips, ffmpeg, mp4, xmp
from studio.paths import Paths
from studio.services import motion_job
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests import sounds
from tests.fakes import FakeDevice, FakeEngine


@pytest.fixture(autouse=True)
def _small_reels(monkeypatch):
    """Everything a reel does at a size that takes no time."""
    small = {"9:16": (72, 128), "4:5": (80, 100), "1:1": (96, 96), "16:9": (128, 72)}
    monkeypatch.setattr(motion_presets, "SIZES", small)


def opened(paths: Paths):
    settings = Settings(paths, {})
    return build(paths, settings, use=EngineUse(settings, (FakeEngine(),), FakeDevice()))


@pytest.fixture
def studio(paths):
    with opened(paths) as made:
        made.queue.start()
        yield made


@pytest.fixture
def mira(studio):
    return studio.characters.create({"name": "Mira"})


def picture(studio, folder, number: int, owner=None, *, approved=True, size=(90, 120)):
    """An approved picture of the library."""
    image = Image.new("RGB", size, [(220, 90, 80), (80, 200, 90), (90, 90, 220), (210, 200, 80)][number % 4])
    ImageDraw.Draw(image).ellipse((20, 10 + number, 60, 50 + number), fill=(250, 230, 210), outline=(10, 10, 10))
    path = folder / f"it's {number} é.png"
    image.save(path)
    asset = studio.review.import_picture(path, owner)
    return studio.review.patch(asset.id, AssetPatch(state="approved")) if approved else asset


@pytest.fixture
def reel(studio, mira, tmp_path):
    """A reel of three pictures, half a second each."""
    ids = [picture(studio, tmp_path, number, mira.id).id for number in range(3)]
    project = studio.motion.create(NewProject(character_id=mira.id, asset_ids=ids))
    return studio.motion.patch_every(project.id, ShotPatch(seconds=0.5, transition_seconds=0.2))


def ended(studio, job_id: str, seconds: float = 60):
    """The job once it has ended."""
    end = time.monotonic() + seconds
    while (view := studio.queue.view(job_id)).state in ("waiting", "running") and time.monotonic() < end:
        time.sleep(0.02)
    return view


# ---------------------------------------------------------------------- projects
def test_only_approved_pictures_join_a_reel(studio, mira, tmp_path, reel):
    """New ones, trashed ones and clips are refused, and one that is rejected later keeps the reel from rendering."""
    raw = picture(studio, tmp_path, 7, mira.id, approved=False)
    with pytest.raises(StudioError, match="not approved yet"):
        studio.motion.add(reel.id, [raw.id])
    with pytest.raises(NotFound):
        studio.motion.create(NewProject(asset_ids=["no-such-picture"]))
    assert raw.id not in [one.id for one in studio.motion.candidates(mira.id)]
    first = reel.reel.shots[0]
    studio.review.patch(first.asset_id, AssetPatch(state="rejected"))
    found = studio.motion.objections(studio.motion.get(reel.id))
    assert [(one.level, one.shot) for one in found] == [("error", first.id)]
    with pytest.raises(StudioError, match="was rejected"):
        studio.motion.render(reel.id)
    assert len(studio.motion.get(reel.id).reel.shots) == 3


def test_every_change_can_be_taken_back_and_made_again(studio, reel):
    """Order, copies, words, cards: undone one by one, and a new change forgets what could be made again."""
    motion = studio.motion
    ids = [one.id for one in reel.reel.shots]
    motion.move(reel.id, ids[2], 0)
    motion.duplicate_shot(reel.id, ids[2])
    motion.patch_shot(reel.id, ids[0], ShotPatch(text='It\'s "new"', focus=[0.2, 0.3]))
    after = motion.add_card(reel.id, "The end", at_end=True)
    assert [one.kind for one in after.reel.shots] == ["picture"] * 4 + ["card"]
    assert after.reel.shot(ids[0]).focus == (0.2, 0.3)
    for _ in range(4):
        back = motion.undo(reel.id)
    assert [one.id for one in back.reel.shots] == ids
    assert motion.can(reel.id) == {"undo": True, "redo": True}
    assert [one.id for one in motion.redo(reel.id).reel.shots] == [ids[2], ids[0], ids[1]]
    motion.remove_shots(reel.id, [ids[1]])
    with pytest.raises(Conflict, match="redo"):
        motion.redo(reel.id)
    with pytest.raises(NotFound):
        motion.patch_shot(reel.id, ids[1], ShotPatch(seconds=2))
    with pytest.raises(StudioError, match="two shares"):
        motion.patch_shot(reel.id, ids[0], ShotPatch(focus=[2, 0.1]))
    motion.patch_shot(reel.id, ids[0], ShotPatch(focus=[]))
    assert motion.get(reel.id).reel.shot(ids[0]).focus is None


def test_reels_survive_a_restart_and_the_trash(studio, paths, reel, mira):
    """What is kept is what was made; copies are their own."""
    twin = studio.motion.duplicate(reel.id)
    studio.motion.trash(reel.id)
    with pytest.raises(Conflict):
        studio.motion.patch(reel.id, ProjectPatch(name="x"))
    studio.close()
    with opened(paths) as again:
        assert [one.id for one in again.motion.list(mira.id)] == [twin.id]
        assert again.motion.restore(reel.id).reel == reel.reel
        with pytest.raises(Conflict):
            again.motion.delete_forever(reel.id)
        again.motion.trash(reel.id)
        again.motion.delete_forever(reel.id)
        with pytest.raises(NotFound):
            again.motion.get(reel.id)


def test_a_network_says_what_it_takes_before_anything_is_rendered(studio, reel):
    """Length, proportions and number of pictures, each with a sentence."""
    motion = studio.motion
    told = lambda project: [one.message for one in motion.objections(project) if one.level == "error"]
    assert told(reel) == []
    short = motion.patch(reel.id, ProjectPatch(preset="instagram"))
    assert "Instagram Reels takes 3 s and more; this is 1.5 s." in told(short)
    wide = motion.patch(reel.id, ProjectPatch(preset="generic", aspect="16:9"))
    assert told(wide) == []
    assert motion.patch(reel.id, ProjectPatch(preset="facebook")).reel.aspect == "9:16"
    long = motion.patch_every(reel.id, ShotPatch(seconds=30))
    long = motion.patch(reel.id, ProjectPatch(shots=[*long.reel.shots, Shot(kind="card", text="x", seconds=10)]))
    assert "Facebook Reels takes at most 90 s; this is 100.0 s." in told(long)
    assert any("2 to 30" in one for one in told(motion.create(NewProject())))
    with pytest.raises(StudioError):
        motion.patch(reel.id, ProjectPatch(preset="myspace"))


# ---------------------------------------------------------------------- previews and clips
def test_a_preview_shows_the_reel_as_it_is_now(studio, reel):
    """Another reel, another file; the same again is not made twice."""
    first = studio.motion.preview(reel.id)
    assert clips.counted(first) == round(1.5 * 15)
    stamp = first.stat().st_mtime_ns
    assert studio.motion.preview(reel.id) == first
    assert first.stat().st_mtime_ns == stamp
    second = studio.motion.patch_shot(reel.id, reel.reel.shots[0].id, ShotPatch(seconds=1.5))
    assert studio.motion.stamp(second) != studio.motion.stamp(reel)
    assert clips.counted(studio.motion.preview(reel.id)) == round(2.5 * 15)
    with pytest.raises(StudioError, match="nothing to see"):
        studio.motion.preview(studio.motion.create(NewProject()).id)


def test_a_clip_is_an_asset_with_its_lineage(studio, mira, reel, tmp_path):
    """Words, card, captions beside, music, voice and logo; found, shown, zipped, opened again, and gone for good."""
    motion, review = studio.motion, studio.review
    music = motion.sounds.bring_in(
        sounds.write(tmp_path / "it's music.wav", sounds.clicks(5, [0.2 + n * 0.5 for n in range(9)])),
        licence="My own work", credit="Mira",
    )  # fmt: skip
    voice = motion.sounds.bring_in(sounds.write(tmp_path / "v.wav", sounds.tone(1.0)), "voice")
    motion.add_card(reel.id, "Title: 'x'")
    parts = {
        "music": {"sound_id": music.id},
        "voice": {"sound_id": voice.id},
        "logo": {"image": reel.reel.shots[0].asset_id},
    }
    motion.patch(reel.id, ProjectPatch(name='A/b: "c" é', captions="both", **parts))
    for shot in reel.reel.shots:
        motion.patch_shot(reel.id, shot.id, ShotPatch(caption="Hello: [it's] 100%", text="%{pts}", style="large"))
    project = motion.get(reel.id)
    view = ended(studio, motion.render(reel.id, owner="ana").id)
    assert view.state == "succeeded", view.error
    asset = review.get(view.assets[0])
    path = review.file(asset.id)
    frames = motion.timeline(project).frames
    assert clips.counted(path) == frames == round(asset.seconds * asset.fps)
    assert (asset.kind, asset.state, asset.sound, asset.width, asset.height) == ("clip", "new", True, 72, 128)
    assert asset.recipe.parents == [one.asset_id for one in reel.reel.shots]
    assert asset.recipe.inputs["sounds"][0]["licence"] == "My own work"
    assert motion.get(reel.id).clips == [asset.id]
    assert motion.state(motion.get(reel.id))["state"] == "succeeded"
    # imported pictures of unknown origin: nothing is claimed of them
    assert "digitalsourcetype" not in mp4.xmp(path)
    assert clips.read_recipe(path).parents == asset.recipe.parents
    # the library
    assert [one.id for one in review.search(AssetFilter(kind="clip")).items] == [asset.id]
    assert review.facets()["kinds"] == {"image": 3, "clip": 1}
    assert Image.open(review.thumbnail(asset.id)).size == (72, 128)
    assert "Hello: [it's] 100%" in review.subtitles(asset.id).read_text(encoding="utf-8")
    with zipfile.ZipFile(review.zip([asset.id, asset.recipe.parents[0]], "jpeg")) as archive:
        assert sorted(name[-4:] for name in archive.namelist()) == [".jpg", ".mp4"]
    # opened again as a project of its own
    again = motion.from_clip(asset.id)
    assert again.reel == project.reel
    with pytest.raises(StudioError, match="not made in Motion"):
        motion.from_clip(asset.recipe.parents[0])
    # trash and away
    beside = review.subtitles(asset.id)
    review.trash([asset.id])
    review.delete_forever([asset.id])
    assert not path.exists()
    assert not beside.exists()
    assert not [*(studio.paths.house / "tmp").glob("reel-*")]


def test_what_ai_made_is_said_in_the_file(studio, mira, reel):
    """All, or some, of the pictures: the standard's words for each."""
    motion = studio.motion
    ids = [one.asset_id for one in reel.reel.shots]
    for count, wanted in ((1, clips.COMPOSITE), (3, xmp.TRAINED)):
        studio.store.assets.update_many(ids[:count], lambda one: setattr(one, "imported", False))
        asset = studio.review.get(ended(studio, motion.render(reel.id).id).assets[0])
        assert wanted in mp4.xmp(studio.review.file(asset.id))
        assert not asset.imported


def test_a_clip_is_as_mature_as_its_pictures(studio, reel):
    """The highest rating of its parents; words about minors that must not be are refused before a job is made."""
    motion = studio.motion
    studio.review.patch(reel.reel.shots[1].asset_id, AssetPatch(rating="suggestive"))
    asset = studio.review.get(ended(studio, motion.render(reel.id).id).assets[0])
    assert asset.rating.level == "suggestive"
    motion.patch_shot(reel.id, reel.reel.shots[0].id, ShotPatch(caption="A nude child"))
    with pytest.raises(Refused):
        motion.render(reel.id)


def test_a_clip_goes_out_in_an_export_package_as_it_is(studio, mira, reel):
    """The same bytes, with its captions beside it and its alt text in the record."""
    motion = studio.motion
    motion.patch(reel.id, ProjectPatch(captions="beside"))
    motion.patch_shot(reel.id, reel.reel.shots[0].id, ShotPatch(caption="Hello"))
    asset = studio.review.get(ended(studio, motion.render(reel.id).id).assets[0])
    studio.review.patch(asset.id, AssetPatch(state="approved"))
    wanted = PostRequest(character_id=mira.id, asset_ids=[asset.id], caption="Look", alt_text={asset.id: "A reel"})
    post = studio.publishing.publish(studio.publishing.approve(studio.publishing.draft(wanted).id).id)
    files = {path.name: path for path in map(studio.paths.inside, post.files)}
    clip = next(path for name, path in files.items() if name.endswith(".mp4"))
    assert clip.read_bytes() == studio.review.file(asset.id).read_bytes()
    assert "Hello" in clip.with_suffix(".srt").read_text(encoding="utf-8")


def test_a_job_that_came_back_files_its_clip_once(studio, paths, reel):
    """Killed between filing the clip and naming it on the job; a clip without an entry is offered."""
    job = studio.store.jobs.get(ended(studio, studio.motion.render(reel.id).id).id)
    asset_id = job.assets[0]
    job.assets, job.attempt = [], 2

    class Report:
        named = []

        def __call__(self, *words):
            raise AssertionError("nothing is rendered again")

        def asset(self, id):
            self.named.append(id)

    studio.motion.executor.run(job, Report())
    assert Report.named == [asset_id]
    file, recipe = studio.review.file(asset_id), studio.review.get(asset_id).recipe
    studio.store.assets.remove(asset_id)
    assert studio.review.orphans() == [file]
    adopted = studio.review.adopt(file)
    assert (adopted.kind, adopted.recipe.parents, adopted.seconds) == ("clip", recipe.parents, 1.5)


def test_a_stopped_or_failed_rendering_leaves_nothing(studio, reel, monkeypatch):
    """Stopping takes a moment; a broken ffmpeg and a full disk are said in words."""
    begun, real = threading.Event(), ffmpeg.run

    def slow(words, folder, report=lambda frame: None, **more):
        begun.set()
        while True:
            report(1)
            time.sleep(0.01)

    monkeypatch.setattr(ffmpeg, "run", slow)
    job = studio.motion.render(reel.id)
    assert begun.wait(20)
    with pytest.raises(Conflict, match="being rendered"):
        studio.motion.render(reel.id)
    asked = time.monotonic()
    studio.queue.cancel(job.id)
    assert ended(studio, job.id).state == "cancelled"
    assert time.monotonic() - asked < 5

    def breaks(words, folder, report=lambda frame: None, **more):
        return real(["-i", "missing.bmp", "out.mp4"], folder, report)

    monkeypatch.setattr(ffmpeg, "run", breaks)
    view = ended(studio, studio.motion.render(reel.id).id)
    assert view.state == "failed"
    assert "could not be made" in view.error["message"]
    monkeypatch.setattr(ffmpeg, "run", real)

    class Usage:
        free = 1000

    monkeypatch.setattr(motion_job.shutil, "disk_usage", lambda path: Usage)
    view = ended(studio, studio.motion.render(reel.id).id)
    assert view.error["code"] == NoSpace.code
    monkeypatch.undo()
    assert studio.review.search(AssetFilter(kind="clip")).total == 0
    assert studio.review.orphans() == []
    assert not [*(studio.paths.house / "tmp").glob("reel-*")]


# ---------------------------------------------------------------------- sounds
def test_music_needs_a_licence_and_is_kept_once(studio, tmp_path):
    """The statement is kept and can be changed, not taken away; a voice needs none."""
    kept = studio.motion.sounds
    file = sounds.write(tmp_path / "a 'b' é.wav", sounds.clicks(6, [0.25 + 0.5 * n for n in range(11)]))
    with pytest.raises(StudioError, match="may be used"):
        kept.bring_in(file)
    one = kept.bring_in(file, licence="Bought a licence")
    assert one.tempo == pytest.approx(120, rel=0.03)
    assert kept.bring_in(file, licence="My own work").id == one.id
    assert kept.get(one.id).licence == "My own work"
    with pytest.raises(StudioError):
        kept.patch(one.id, SoundPatch(licence=""))
    with pytest.raises(Conflict):
        kept.delete_forever(one.id)
    kept.trash(one.id)
    assert kept.list() == []
    path = kept.file(one.id)
    kept.delete_forever(one.id)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVEfmt ", b"\x00" * 5000, b"<html>"])
def test_what_is_no_sound_is_refused_and_leaves_nothing(studio, tmp_path, content):
    """Empty, cut off, or something else."""
    (tmp_path / "x.mp3").write_bytes(content)
    with pytest.raises(StudioError):
        studio.motion.sounds.bring_in(tmp_path / "x.mp3", licence="My own work")
    assert studio.motion.sounds.list() == []
    assert not [path for path in studio.motion.sounds.folder.glob("*") if path.suffix != ".json"]
