"""The model library: downloads that survive everything, imports, trash, and engines that come and go."""

import json
import os
import time

import pytest

from studio.domain.catalogue import CATALOGUE
from studio.domain.licences import known_licence
from studio.domain.model import DownloadRequest, ImportRequest, ModelPatch
from studio.errors import Conflict, NoSpace, NotFound, StudioError
from studio.paths import Paths
from studio.services import fetching
from studio.services.engine_use import EngineUse
from studio.services.hub import NeedsToken, Offline
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine
from tests.hub import SHA, HubServer
from tests.weights import checkpoint, diffusers_folder, kohya, safetensors

REPO = "someone/dream-model"


@pytest.fixture
def server():
    running = HubServer()
    yield running
    running.close()


@pytest.fixture
def opened(paths, server, monkeypatch, tmp_path):
    """Opens the studio on the data folder; every one is closed at the end."""
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetching.Fetcher, "_wait", lambda self, seconds, meter: meter.tell("Trying again"))
    every = []

    def opened(start=True):
        settings = Settings(Paths(paths.data), {})
        made = build(Paths(paths.data), settings, use=EngineUse(settings, (FakeEngine(),), FakeDevice()))
        every.append(made)
        if start:
            made.models.start()
        return made

    yield opened
    for one in every:
        one.close()


@pytest.fixture
def studio(opened):
    return opened()


@pytest.fixture
def models(studio):
    return studio.models


@pytest.fixture
def folder(tmp_path):
    """A diffusers folder of some hundred kilobytes, with a licence."""
    made = diffusers_folder(tmp_path / "origin")
    safetensors(made / "unet" / "diffusion_pytorch_model.safetensors", {"a": (400, 400)}, fill=os.urandom(1000))
    (made / "LICENSE.md").write_text("Be kind. ÄÖ", encoding="utf-8")
    (made / "README.md").write_text("A model.", encoding="utf-8")
    return made


@pytest.fixture
def repo(server, folder):
    server.add_folder(REPO, folder)
    return REPO


def ended(models, view, timeout=30):
    return models.queue.finished(view.id, timeout)


def until(true, timeout=20):
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


# ---------------------------------------------------------------------- downloads
def test_a_folder_is_downloaded_and_becomes_an_engine(studio, models, repo, server):
    """Parts the model needs and no others, checked; licence and origin beside it; ready to be chosen at once."""
    server.repos[repo]["files"] |= {"unet/model.bin": b"\x80\x04", "big.ckpt": b"PK\x03\x04", "picture.png": b"png"}
    view = models.download(DownloadRequest(repo=repo, name="Dream"))
    assert ended(models, view).state == "succeeded"
    (model,) = models.installed()
    path = models.places.of(model)
    assert (model.id, model.name, model.family, model.layout, model.kept) == ("dream", "Dream", "sd15", "folder", True)
    assert model.source.revision == SHA
    assert all(one.sha256 for one in model.files if one.path.endswith(".safetensors"))
    assert not list(path.rglob("*.bin")) + list(path.rglob("*.ckpt")) + list(path.rglob("*.png"))
    assert json.loads((path / "studio.json").read_text())["source"]["repo"] == repo
    assert (model.licence.light, model.licence.name) == ("green", "Apache-2.0")
    assert models.licence_text("dream") == "Be kind. ÄÖ"
    assert [engine.spec.id for engine in studio.images.use.engines] == ["fake", "dream"]
    assert models.downloads.list() == []
    assert not list((models.places.root / ".downloads").iterdir())


def test_halves_are_taken_where_every_part_has_them(models, server, folder):
    """Half precision is half the download; nothing is fetched twice."""
    server.add_folder(REPO, folder)
    files = server.repos[REPO]["files"]
    for name in [one for one in files if one.endswith(".safetensors")]:
        files[name.replace(".safetensors", ".fp16.safetensors")] = files[name]
    ended(models, models.download(DownloadRequest(repo=REPO)))
    (model,) = models.installed()
    kept = [one.path for one in model.files if one.path.endswith(".safetensors")]
    assert len(kept) == 3
    assert all(".fp16." in one for one in kept)


def test_progress_counts_bytes(models, repo, server):
    """Bytes done of all, a rate and the time left, while it runs."""
    server.block_s = 0.4
    view = models.download(DownloadRequest(repo=repo))
    until(lambda: (models.downloads.list() or [{"rate": None}])[0]["rate"])
    line = models.downloads.list()[0]
    assert line["state"] == "running"
    assert 0 < line["done"] <= line["total"]
    assert line["eta_s"] is not None
    assert "/" not in line["note"]
    server.block_s = 0
    ended(models, view)


def test_pausing_and_resuming_loses_nothing(models, repo, server):
    """A pause keeps the parts and says how far it is; going on asks for the rest only."""
    server.held = "diffusion"
    server.gate.clear()
    view = models.download(DownloadRequest(repo=repo))
    until(lambda: any("diffusion" in path for _, path, _ in server.requests))
    models.downloads.pause(view.id)
    server.gate.set()
    ended(models, view)
    line = models.downloads.list()[0]
    assert line["state"] == "paused"
    before = line["done"]
    assert before > 0
    models.downloads.resume(view.id)
    assert ended(models, view).state == "succeeded"
    assert len(models.installed()) == 1


def test_closing_the_studio_goes_on_at_the_next_start(opened, repo, server):
    """What was running is running again after a restart, by itself, from where it was."""
    first = opened()
    server.drop_after, server.drops, server.block_s = 65536, 0, 0.5
    view = first.models.download(DownloadRequest(repo=repo))
    until(lambda: any(one["done"] > 100_000 for one in first.models.downloads.list()))
    first.close()
    part = next((first.models.places.work(view.id)).rglob("diffusion_pytorch_model.safetensors.part"))
    kept = part.stat().st_size
    assert kept > 0
    server.requests.clear()
    server.block_s = 0
    second = opened()
    assert ended(second.models, view).state == "succeeded"
    assert f"bytes={kept}-" in [asked for _, _, asked in server.requests]
    assert not [path for _, path, _ in server.requests if path.startswith("/api/models/")], "the page was read before"


def test_closing_does_not_wait_for_a_silent_server(opened, repo, server):
    """A server that says nothing more is hung up on, and the download is taken up again at the next start."""
    first = opened()
    server.held = "diffusion"
    server.gate.clear()
    view = first.models.download(DownloadRequest(repo=repo))
    until(lambda: any("diffusion" in path for _, path, _ in server.requests))
    began = time.monotonic()
    assert first.models.stop(15)
    assert time.monotonic() - began < 10
    first.close()
    server.gate.set()
    assert ended(opened().models, view).state == "succeeded"


def test_a_pause_survives_a_restart(opened, repo, server):
    """Paused stays paused until somebody resumes it."""
    first = opened()
    server.gate.clear()
    view = first.models.download(DownloadRequest(repo=repo))
    until(lambda: server.requests)
    first.models.downloads.pause(view.id)
    server.gate.set()
    ended(first.models, view)
    first.close()
    second = opened()
    assert [one["state"] for one in second.models.downloads.list()] == ["paused"]
    second.models.downloads.resume(view.id)
    assert ended(second.models, view).state == "succeeded"


def test_cancelling_throws_the_parts_away(models, repo, server):
    """Nothing is left of a cancelled download, and it can be started anew."""
    server.block_s = 0.3
    view = models.download(DownloadRequest(repo=repo))
    until(lambda: any(one["done"] for one in models.downloads.list()))
    models.downloads.cancel(view.id)
    assert models.downloads.list() == []
    until(lambda: not models.places.work(view.id).exists())
    until(lambda: not models.queue.views().items)
    with pytest.raises(NotFound):
        models.downloads.get(view.id)
    server.block_s = 0
    assert ended(models, models.download(DownloadRequest(repo=repo))).state == "succeeded"


def test_a_crash_while_cancelling_does_not_bring_it_back(opened, repo, server):
    """What was thrown away is swept at the next start; so are parts without a job."""
    first = opened()
    server.gate.clear()
    view = first.models.download(DownloadRequest(repo=repo))
    until(lambda: server.requests)
    work = first.models.places.work(view.id)
    (work / "discarded").touch()
    stray = first.models.places.make(first.models.places.work("nobody"))
    server.gate.set()
    first.close()
    second = opened(start=False)
    second.models.downloads.sweep()
    assert second.models.downloads.list() == []
    assert not work.exists()
    assert not stray.exists()


def test_a_failed_download_keeps_its_parts_and_says_why(models, repo, server):
    """A server that breaks every line fails with words; trying again goes on from there."""
    server.drop_after, server.drops = 0, 1000
    view = models.download(DownloadRequest(repo=repo))
    done = ended(models, view)
    assert (done.state, done.error["code"]) == ("failed", "network")
    assert models.downloads.list()[0]["state"] == "failed"
    server.drops = 0
    models.downloads.resume(view.id)
    assert ended(models, view).state == "succeeded"


def test_wrong_sums_install_nothing(models, repo, server):
    """A file that arrives damaged twice fails the download; no model appears."""
    server.damage = {"unet/diffusion_pytorch_model.safetensors": 10}
    done = ended(models, models.download(DownloadRequest(repo=repo)))
    assert done.error["code"] == "wrong_hash"
    assert models.installed() == []


def test_a_full_disk_is_told_before_anything_is_fetched(models, repo, server, monkeypatch):
    """The numbers come with it, no byte of weights is asked for, and room made later lets it go on."""
    free = [10_000_000]
    monkeypatch.setattr(type(models.places), "free", lambda self: free[0])
    view = models.download(DownloadRequest(repo=repo))
    done = ended(models, view)
    assert done.error["code"] == "no_space"
    assert "free where models are kept" in done.error["message"]
    assert not [path for _, path, _ in server.requests if "diffusion_pytorch_model" in path]
    free[0] = 10**12
    models.downloads.resume(view.id)
    assert ended(models, view).state == "succeeded"


def test_gated_models_wait_for_a_token(models, repo, server):
    """The failure says what to do; with the token the same download goes through."""
    server.repos[repo]["gated"] = "manual"
    view = models.download(DownloadRequest(repo=repo))
    assert ended(models, view).error["code"] == "needs_token"
    models.set_token("hf_right")
    assert models.token_set()
    models.downloads.resume(view.id)
    assert ended(models, view).state == "succeeded"
    models.remove_token()
    assert not models.token_set()


def test_offline_asks_nobody(studio, models, repo, server):
    """Neither looking up nor downloading makes a request, and what was queued fails with the reason."""
    studio.settings.set("offline", True)
    for ask in (models.download, models.look_up):
        with pytest.raises(Offline):
            ask(DownloadRequest(repo=repo))
    models.cards()
    assert server.requests == []


def test_two_downloads_of_one_thing_are_one(models, repo, server):
    """On its way and installed are both said, with where to look."""
    server.gate.clear()
    view = models.download(DownloadRequest(repo=repo))
    with pytest.raises(Conflict, match="on its way"):
        models.download(DownloadRequest(repo=f"https://huggingface.co/{repo}"))
    server.gate.set()
    ended(models, view)
    with pytest.raises(Conflict, match="installed already"):
        models.download(DownloadRequest(repo=repo))
    models.trash(models.installed()[0].id)
    with pytest.raises(Conflict, match="in the trash"):
        models.download(DownloadRequest(repo=repo))


def test_pictures_go_on_while_a_download_runs(studio, models, repo, server):
    """A download in the middle of a slow file does not hold the picture queue up."""
    from studio.domain.requests import ImageRequest

    server.gate.clear()
    view = models.download(DownloadRequest(repo=repo))
    until(lambda: server.requests)
    studio.queue.start()
    made = studio.images.start(None, ImageRequest(prompt="a"))
    assert studio.queue.finished(made.id, 20).state == "succeeded"
    assert models.queue.view(view.id).state == "running"
    server.gate.set()
    ended(models, view)


# ---------------------------------------------------------------------- what is refused before it is fetched
def test_looking_up_tells_what_would_come(models, repo):
    """Size, family, licence and fit, before a byte of weights."""
    told = models.look_up(DownloadRequest(repo=repo))
    assert (told["kind"], told["family"], told["revision"]) == ("model", "sd15", SHA)
    assert told["bytes"] > 300_000
    assert told["licence"]["light"] == "green"
    assert told["fit"]["text"]


def test_single_files_are_recognised_from_afar(models, server, tmp_path):
    """A checkpoint and a LoRA are told by their headers; several files have to be chosen from."""
    one = checkpoint(tmp_path / "dream.safetensors", more={"model.diffusion_model.x": (500, 500)}).read_bytes()
    two = kohya(tmp_path / "mira.safetensors", 768).read_bytes()
    server.add(REPO, {"dream.safetensors": one, "loras/mira.safetensors": two, "README.md": b"Hi", "old.ckpt": b"PK"})
    told = models.look_up(DownloadRequest(repo=REPO))
    assert [choice["file"] for choice in told["choices"]] == ["dream.safetensors", "loras/mira.safetensors"]
    told = models.look_up(DownloadRequest(repo=REPO, file="dream.safetensors"))
    assert (told["kind"], told["family"]) == ("model", "sd15")
    asked = [path for _, path, _ in server.requests if path.endswith("dream.safetensors")]
    assert len(asked) == 2, "its length, its header"
    view = models.download(DownloadRequest(repo=REPO, file="loras/mira.safetensors"))
    assert ended(models, view).state == "succeeded"
    (lora,) = models.loras.list()
    assert (lora.base, lora.kept, lora.source.repo) == ("sd15", True, REPO)
    ended(models, models.download(DownloadRequest(repo=REPO, file="dream.safetensors")))
    (model,) = models.installed()
    assert (model.layout, models.places.of(model).name) == ("checkpoint", "dream.safetensors")
    with pytest.raises(StudioError, match="pickle"):
        models.look_up(DownloadRequest(repo=REPO, file="old.ckpt"))


BAD = {
    "only pickles": ({"model.ckpt": b"PK\x03\x04" * 900}, "pickle"),
    "nothing": ({"README.md": b"hello"}, "holds no model"),
    "a header that lies": ({"a.safetensors": (10**6).to_bytes(8, "little") + b"{}"}, "damaged"),
    "an unknown pipeline": ({"model_index.json": b'{"_class_name": "MagicPipeline"}'}, "no engine"),
    "an index that is none": ({"model_index.json": b"[]"}, "cannot be read"),
    "a part alone": ("vae", "picture decoder"),
    "pickled parts": ("bin", "pickle"),
    "paths that lead out": ("evil", "cannot be kept"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_used_is_refused_before_it_is_fetched(models, server, tmp_path, what):
    """Pickles, unknown kinds, parts and lies cost a few kilobytes and end in the reason."""
    files, words = BAD[what]
    if files == "vae":
        files = {"v.safetensors": safetensors(tmp_path / "v", {"decoder.up.0.weight": (4,)}).read_bytes()}
    elif files in ("bin", "evil"):
        origin = diffusers_folder(tmp_path / "m")
        files = {str(one.relative_to(origin)): one.read_bytes() for one in origin.rglob("*") if one.is_file()}
        weights = "unet/diffusion_pytorch_model.safetensors"
        if what == "pickled parts":
            files["unet/diffusion_pytorch_model.bin"] = files.pop(weights)
        else:
            files["unet/con.json"] = b"{}"
    server.add(REPO, files)
    with pytest.raises(StudioError, match=words):
        models.look_up(DownloadRequest(repo=REPO))
    done = ended(models, models.download(DownloadRequest(repo=REPO)))
    assert done.state == "failed"
    assert models.installed() == []


def test_a_download_needs_a_name_it_can_ask_for(models):
    """Nothing, an unknown entry, a wrong name."""
    with pytest.raises(StudioError, match="Say which"):
        models.download(DownloadRequest())
    with pytest.raises(NotFound):
        models.download(DownloadRequest(id="no-such-model"))
    with pytest.raises(StudioError, match="no model's name"):
        models.download(DownloadRequest(repo="../../etc/passwd"))


# ---------------------------------------------------------------------- imports
def test_a_checkpoint_is_used_where_it_lies(studio, models, tmp_path):
    """A reference copies nothing; removing it leaves the file alone."""
    path = checkpoint(tmp_path / "Dream Shaper 8.safetensors")
    model = models.import_path(ImportRequest(path=f'"{path}"'))
    assert (model.id, model.kept, model.family) == ("dream-shaper-8", False, "sd15")
    assert studio.images.use.engine("dream-shaper-8").ready() is None
    with pytest.raises(Conflict, match="in the library"):
        models.import_path(ImportRequest(path=str(path)))
    models.trash(model.id)
    assert path.exists()
    models.delete_forever(model.id)
    assert path.exists()
    with pytest.raises(NotFound):
        models.get(model.id)


def test_a_folder_is_copied_with_what_it_needs(models, folder):
    """The copy is whole without the original; pickles beside the weights stay behind."""
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04")
    (folder / ".cache").mkdir()
    view = models.import_path(ImportRequest(path=str(folder), mode="copy", name="Mine"))
    assert ended(models, view).state == "succeeded"
    (model,) = models.installed()
    path = models.places.of(model)
    assert model.kept
    assert (path / "unet" / "config.json").exists()
    assert not (path / "unet" / "diffusion_pytorch_model.bin").exists()
    assert folder.exists()


def test_imports_are_refused_with_the_reason(models, tmp_path):
    """Pickles, damaged files, parts, kinds without an engine, nothing at all, and half a path."""
    (tmp_path / "old.ckpt").write_bytes(b"PK\x03\x04")
    cut = checkpoint(tmp_path / "cut.safetensors")
    cut.write_bytes(cut.read_bytes()[:-3])
    safetensors(tmp_path / "vae.safetensors", {"decoder.up.0.weight": (4,)})
    checkpoint(tmp_path / "two.safetensors", 1024)
    cases = {
        "old.ckpt": "pickle",
        "cut.safetensors": "damaged",
        "vae.safetensors": "decoder",
        "two.safetensors": "SD 2",
        "nothing.safetensors": "cannot be read",
    }
    for name, words in cases.items():
        with pytest.raises(StudioError, match=words) as refused:
            models.import_path(ImportRequest(path=str(tmp_path / name)))
        assert refused.value.field == "path"
        assert refused.value.hint
    with pytest.raises(StudioError, match="whole path"):
        models.import_path(ImportRequest(path="models/x.safetensors"))


def test_other_programs_folders_are_looked_through(studio, models, tmp_path):
    """Checkpoints, folders and LoRAs of A1111 and ComfyUI are offered; parts are not; damaged ones with the reason."""
    comfy = tmp_path / "ComfyUI" / "models"
    checkpoint(comfy / "checkpoints" / "sub" / "anime.safetensors", 2048)
    diffusers_folder(comfy / "diffusers" / "photo")
    kohya(comfy / "loras" / "mira.safetensors", 2048)
    safetensors(comfy / "vae" / "vae.safetensors", {"decoder.up.0.weight": (4,)})
    (comfy / "checkpoints" / "broken.safetensors").write_bytes(b"nonsense" * 9)
    checkpoint(tmp_path / "ComfyUI" / "venv" / "not-this.safetensors")
    studio.settings.set("model_folders", [str(tmp_path / "ComfyUI"), str(tmp_path / "gone")])
    seen = {one.name: one for one in models.search.look()}
    assert set(seen) == {"anime", "photo", "mira", "broken"}
    assert (seen["anime"].found.family, seen["photo"].found.layout, seen["mira"].kind) == ("sdxl", "folder", "lora")
    assert "damaged" in seen["broken"].problem
    models.adopt(seen["anime"].key)
    models.adopt(seen["mira"].key)
    assert {one.name for one in models.found()} == {"photo", "broken"}
    assert models.installed()[0].source.kind == "program"
    with pytest.raises(NotFound):
        models.adopt("nonsense")


def test_the_hub_s_cache_is_offered(studio, models, tmp_path):
    """What diffusers has downloaded before is used where it lies, links and all."""
    snapshot = tmp_path / "cache" / "models--someone--photo" / "snapshots" / SHA
    origin = diffusers_folder(tmp_path / "blobs")
    snapshot.parent.mkdir(parents=True)
    for one in origin.rglob("*"):
        target = snapshot / one.relative_to(origin)
        target.mkdir(parents=True) if one.is_dir() else None
        if one.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(one)
    (one,) = models.search.look()
    assert (one.name, one.source.repo, one.source.revision) == ("photo", "someone/photo", SHA)
    model = models.adopt(one.key)
    assert (model.kept, model.source.kind) == (False, "cache")
    studio.settings.set("hub_cache", False)
    assert models.search.look() == []


def test_a_folder_left_on_the_shelf_is_offered_again(models, folder):
    """A models folder copied from elsewhere, or left by a crash, is found; taking it moves nothing."""
    ended(models, models.import_path(ImportRequest(path=str(folder), mode="copy", name="Mine")))
    (model,) = models.installed()
    path = models.places.of(model)
    models.store.models.remove(model.id)
    models.refresh()
    (one,) = models.search.look()
    again = models.adopt(one.key)
    assert again.kept
    assert models.places.of(again) == path


# ---------------------------------------------------------------------- life of a model
@pytest.fixture
def model(models, folder):
    ended(models, models.import_path(ImportRequest(path=str(folder), mode="copy", name="Mine")))
    return models.installed()[0]


def test_the_trash_gives_back(studio, models, model):
    """Removed, it is no engine and its files are out of the way; restored, it is as before; deleted, it is gone."""
    path = models.places.of(model)
    models.trash(model.id)
    assert not path.exists()
    assert [engine.spec.id for engine in studio.images.use.engines] == ["fake"]
    assert [one.id for one in models.installed(trashed=True)] == [model.id]
    models.trash(model.id)
    models.restore(model.id)
    models.restore(model.id)
    assert path.exists()
    assert studio.images.use.engine(model.id).ready() is None
    models.delete_forever(model.id)
    assert not any(one.is_file() for one in models.places.root.rglob("*"))


def test_a_model_that_went_missing_is_said_so(models, tmp_path):
    """A disk that was unplugged leaves a card with the reason; plugged in again it works."""
    path = checkpoint(tmp_path / "far" / "away.safetensors")
    models.import_path(ImportRequest(path=str(path)))
    path.rename(path.with_name("x"))
    card = models.card("away")
    assert card["state"] == "missing"
    assert "missing" in card["problem"]
    path.with_name("x").rename(path)
    assert models.card("away")["state"] == "installed"


def test_patching_changes_what_a_model_starts_with(studio, models, model):
    """Defaults become the engine's; nonsense is refused with its field."""
    models.patch(
        model.id, ModelPatch(name="  New\n name ", defaults={"steps": 12, "guidance": 3, "sampler": "Euler a"})
    )
    spec = studio.images.use.engine(model.id).spec
    assert (spec.name, spec.defaults["steps"], spec.defaults["sampler"]) == ("New name", 12, "Euler a")
    for bad, field in (({"steps": 0}, "steps"), ({"steps": 2.5}, "steps"), ({"sampler": "Magic"}, "sampler"),
                       ({"width": True}, "width"), ({"evil": 1}, "evil")):  # fmt: skip
        with pytest.raises(StudioError) as refused:
            models.patch(model.id, ModelPatch(defaults=bad))
        assert refused.value.field == field
    with pytest.raises(StudioError, match="variant"):
        models.patch(model.id, ModelPatch(variant="nonsense"))


def test_the_default_is_where_creating_begins(studio, models, model):
    """A chosen default comes first in the form; without its model the first engine is it again."""
    models.set_default(model.id)
    assert studio.images.specs()[0].id == model.id
    assert models.card(model.id)["default"]
    models.trash(model.id)
    assert models.default() == "fake"
    assert studio.images.specs()[0].id == "fake"
    with pytest.raises(NotFound):
        models.set_default("nonsense")


def test_loading_and_unloading(studio, models, monkeypatch):
    """Loading happens in the background and says when it is there or why not."""
    told = []
    models.on_change(lambda: told.append(models.loading))
    models.load("fake")
    until(lambda: models.loading is None)
    assert told[-1] is None
    models.unload()
    broken = FakeEngine(missing="Its files are gone.")
    monkeypatch.setattr(studio.images.use.shelf, "_always", (broken,))
    with pytest.raises(StudioError, match="files are gone"):
        models.load("fake")


def test_two_models_of_one_name_have_two_ids(models, tmp_path):
    """Names may be equal, ids never are; nor may an id be an engine's that is always there."""
    ids = [
        models.import_path(ImportRequest(path=str(checkpoint(tmp_path / sub / "fake.safetensors")))).id
        for sub in ("a", "b")
    ]
    assert ids == ["fake-2", "fake-3"]


def test_documents_that_point_elsewhere_are_not_followed(models, tmp_path):
    """An entry edited by hand cannot make the studio delete what is not its own."""
    from studio.domain.model import Model

    precious = tmp_path / "precious"
    precious.mkdir()
    for place in ("../../precious", str(precious), "image/../../precious", "."):
        bad = Model(id="bad", name="Bad", family="sd15", layout="folder", path=place, kept=True)
        with pytest.raises(StudioError):
            models.places.to_trash(bad)
        with pytest.raises(StudioError):
            models.places.delete(bad)
    assert precious.exists()


def test_cards_show_everything(models, model):
    """Installed models first, then what the catalogue offers with its lights."""
    cards = models.cards()
    assert [card["id"] for card in cards[:2]] == ["fake", model.id]
    offered = [card for card in cards if card["state"] == "available"]
    assert len(offered) == len(CATALOGUE)
    lights = {card["catalogue_id"]: card["licence"]["light"] for card in offered}
    assert (lights["flux2-klein-4b"], lights["krea-2-turbo"], lights["flux1-dev"]) == ("green", "amber", "red")
    assert all(card["licence"]["read_at"] is None for card in offered), "leads until the page is read"
    assert models.card(model.id)["fit"]["text"]
    with pytest.raises(NotFound):
        models.card("nonsense")


def test_the_catalogue_holds_together():
    """Every entry names a family there is, entries there are, and a licence the studio knows."""
    from pipelines.catalog import FAMILIES

    ids = [one.id for one in CATALOGUE]
    assert len(ids) == len(set(ids))
    for one in CATALOGUE:
        assert one.family in {family.id for family in FAMILIES}, one.id
        assert set(one.needs) <= set(ids)
        assert known_licence(one.licence).light != "unknown", one.id


LIGHTS = {
    "apache-2.0": "green",
    "openrail++": "green",
    "cc-by-nc-4.0": "red",
    "flux-1-dev-non-commercial-license": "red",
    "stabilityai-ai-community": "amber",
    "krea-2-community-license": "amber",
    "my-own": "unknown",
    "": "unknown",
}


@pytest.mark.parametrize(("name", "light"), LIGHTS.items())
def test_licences_have_a_light(name, light):
    """Known names are translated, unknown ones are never called free."""
    assert known_licence(name).light == light


def test_the_models_folder_can_be_elsewhere(studio, models, folder, tmp_path):
    """The setting decides where copies go; a folder that cannot be used is told."""
    studio.settings.set("models_folder", str(tmp_path / "other disk"))
    ended(models, models.import_path(ImportRequest(path=str(folder), mode="copy", name="Mine")))
    assert (tmp_path / "other disk" / "image" / "mine").is_dir()
    (tmp_path / "a file").write_text("x")
    studio.settings.set("models_folder", str(tmp_path / "a file"))
    with pytest.raises(StudioError, match="cannot be used"):
        models.places.make(models.places.shelf("model"))


def test_room_is_told_in_numbers(models, monkeypatch):
    """What is needed and what is free."""
    monkeypatch.setattr(type(models.places), "free", lambda self: 1_500_000_000)
    with pytest.raises(NoSpace, match=r"needs 7\.0 GB and 1\.5 GB are free"):
        models.places.check_room(7_000_000_000)


def test_a_wrong_token_is_told(models, repo, server):
    """A token the page does not accept says so, and is never in an error."""
    server.repos[repo]["gated"] = "auto"
    models.set_token("hf_wrong_token")
    with pytest.raises(NeedsToken) as refused:
        models.look_up(DownloadRequest(repo=repo))
    assert "hf_wrong_token" not in str(refused.value.as_dict())
