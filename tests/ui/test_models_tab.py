"""What the Models tab shows and does, without a browser: the library's answers as cards, errors as words."""

import pytest

from studio.domain.model import ImportRequest
from studio.ui.parts import models as parts
from tests.hub import HubServer
from tests.weights import checkpoint, diffusers_folder, kohya


@pytest.fixture
def server(monkeypatch, tmp_path):
    running = HubServer()
    monkeypatch.setenv("HF_ENDPOINT", running.url)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    yield running
    running.close()


@pytest.fixture
def tab(server, studio, tabs):
    studio.settings.set("hub_cache", False)
    return tabs["models"]


def cards(value):
    return [card for group in value["groups"] for card in group["cards"]]


def card(value, id):
    return next(one for one in cards(value) if one["id"] == id)


def test_a_fresh_studio_shows_what_ships_and_what_could_be(tab):
    """One model is there, the catalogue offers others with lights, fits and sizes, and there are no LoRAs yet."""
    installed, catalogue, loras, add = tab.look()
    assert [one["id"] for one in cards(installed)] == ["fake"]
    assert cards(installed)[0]["removal"] == ""
    assert "lead" in catalogue["lead"]
    first = card(catalogue, "flux2-klein-4b")
    assert (first["light"]["kind"], first["actions"][0]["label"]) == ("green", "Download")
    assert first["facts"][1].startswith("about ")
    assert "read at download" in first["light"]["terms"]
    assert card(catalogue, "flux1-dev")["light"]["kind"] == "red"
    assert (cards(loras), loras["empty"]["title"]) == ([], "No LoRAs yet")
    assert add["token"] is False


def test_downloading_from_the_catalogue(tab, server, studio, event, tmp_path):
    """The button becomes “On its way”; when it has come, the model is installed and offered no more."""
    server.add_folder("stabilityai/stable-diffusion-xl-base-1.0", diffusers_folder(tmp_path / "m"))
    _, catalogue, _, _ = tab.on_offer(event(id="sdxl"))
    assert card(catalogue, "sdxl")["actions"][0] == {
        "key": "download",
        "label": "On its way",
        "off": True,
        "main": False,
    }
    studio.models.queue.start()
    studio.models.queue.finished(studio.models.queue.views().items[0].id, 30)
    installed, catalogue, _, _ = tab.on_download(event(action="ended", id="x"))
    assert card(installed, "sdxl")["facts"][0]
    assert "sdxl" not in [one["id"] for one in cards(catalogue)]


def test_pausing_from_the_page(tab, studio, event, tmp_path, server):
    """Pause, resume and cancel reach the download."""
    server.add_folder("someone/dream", diffusers_folder(tmp_path / "m"))
    tab.on_add(event(action="download", repo="someone/dream"))
    job = studio.models.downloads.list()[0]
    tab.on_download(event(action="pause", id=job["id"]))
    assert studio.models.downloads.get(job["id"])["state"] == "paused"
    tab.on_download(event(action="resume", id=job["id"]))
    assert studio.models.downloads.get(job["id"])["state"] == "waiting"
    tab.on_download(event(action="cancel", id=job["id"]))
    assert studio.models.downloads.list() == []


def test_looking_a_repository_up(tab, server, event, tmp_path):
    """A card before anything is downloaded; a wrong name, a missing page and a pickle end beside the field."""
    server.add_folder("someone/dream", diffusers_folder(tmp_path / "m"))
    server.add(
        "someone/many", {name: checkpoint(tmp_path / name).read_bytes() for name in ("a.safetensors", "b.safetensors")}
    )
    server.add("someone/old", {"model.ckpt": b"PK\x03\x04" * 500})
    seen = tab.on_add(event(action="lookup", repo="https://huggingface.co/someone/dream"))[3]["seen"]
    assert (seen["name"], seen["kind"], seen["light"]["kind"]) == ("dream", "Model", "green")
    assert [one["file"] for one in tab.on_add(event(action="lookup", repo="someone/many"))[3]["seen"]["choices"]] == [
        "a.safetensors", "b.safetensors"]  # fmt: skip
    for repo, words in (("nonsense", "no model's name"), ("no/thing", "There is no model"), ("someone/old", "pickle")):
        problem = tab.on_add(event(action="lookup", repo=repo))[3]["problem"]
        assert words in problem["message"]
        assert problem["hint"]


def test_importing_by_path(tab, studio, event, tmp_path, toasts):
    """A file used where it lies shows up at once; what is refused is said beside the field."""
    path = checkpoint(tmp_path / "Dream.safetensors")
    installed, _, _, add = tab.on_add(event(action="import", place=str(path), mode="reference"))
    assert add["done"] == "import"
    assert card(installed, "dream")["details"]["facts"][0] == ("Family", "Stable Diffusion 1.5")
    assert "stay where they are" in card(installed, "dream")["removal"]
    (tmp_path / "x.ckpt").write_bytes(b"PK")
    problem = tab.on_add(event(action="import", place=str(tmp_path / "x.ckpt"), mode="copy"))[3]["problem"]
    assert (problem["where"], "pickle" in problem["message"]) == ("path", True)
    assert "whole path" in tab.on_add(event(action="import", place="", mode="copy"))[3]["problem"]["message"]


def test_models_of_other_programs(tab, studio, event, tmp_path):
    """What is found is listed with its place, and added with one press."""
    checkpoint(tmp_path / "comfy" / "anime.safetensors", 2048)
    studio.settings.set("model_folders", [str(tmp_path / "comfy")])
    found = tab.on_add(event(action="search"))[3]["found"]
    assert [(one["name"], one["facts"][0]) for one in found] == [("anime", "SDXL")]
    installed, _, _, add = tab.on_add(event(action="adopt", key=found[0]["key"]))
    assert card(installed, "anime")
    assert add["found"] == []


def test_settings_of_a_model_are_kept(tab, studio, event, tmp_path, toasts):
    """Name, steps and notes are saved; the engine starts with them; nonsense is told and changes nothing."""
    studio.models.import_path(ImportRequest(path=str(checkpoint(tmp_path / "dream.safetensors"))))
    values = {
        "name": "Dream",
        "notes": "x",
        "variant": "standard",
        "steps": 11,
        "guidance": None,
        "width": None,
        "height": None,
    }
    installed = tab.on_model(0, event(action="save", id="dream", values=values))[0]
    assert card(installed, "dream")["details"]["values"]["steps"] == 11
    assert studio.images.use.engine("dream").spec.defaults["steps"] == 11
    from studio.ui.guard import shown

    shown(tab.on_model)(0, event(action="save", id="dream", values=values | {"steps": 999}))
    assert "Steps is a number" in toasts[-1][1]
    assert studio.models.get("dream").defaults["steps"] == 11
    cleared = tab.on_model(0, event(action="save", id="dream", values=values | {"steps": None}))[0]
    assert card(cleared, "dream")["details"]["values"]["steps"] is None


def test_removing_can_be_undone(tab, studio, event, tmp_path):
    """The line offers to put it back; the trash lists it; deleting for good empties that."""
    studio.models.import_path(ImportRequest(path=str(checkpoint(tmp_path / "dream.safetensors"))))
    *_, undo, news = tab.on_model(3, event(action="remove", id="dream"))
    assert (undo["id"], news) == ("model:dream", 4)
    installed = tab.look()[0]
    assert [one["id"] for one in installed["trash"]] == ["dream"]
    installed = tab.bring_back(event(id=undo["id"]))[0]
    assert card(installed, "dream")
    tab.on_model(0, event(action="remove", id="dream"))
    assert tab.on_model(0, event(action="forever", id="dream"))[0]["trash"] == []


def test_loading_from_the_page(tab, studio, event, toasts):
    """Load now, unload and default reach the library; a load that failed is told at the next look."""
    tab.on_model(0, event(action="load", id="fake"))
    while studio.models.loading:
        pass
    tab.on_model(0, event(action="unload", id="fake"))
    tab.on_model(0, event(action="default", id="fake"))
    assert studio.settings.get("default_model") == "fake"
    studio.models.load_problem = {"message": "It is <b>broken</b>.", "hint": ""}
    tab.on_model(0, event(action="look", id=None))
    assert "&lt;b&gt;" in toasts[-1][1]


def test_the_lora_library(tab, studio, event, tmp_path, toasts):
    """Imported with its words, changed, removed and put back."""
    path = kohya(tmp_path / "mira.safetensors", 2048, metadata={"modelspec.trigger_phrase": "mira, red coat"})
    loras = tab.bring_in_lora(str(path))[2]
    one = cards(loras)[0]
    assert (one["words"], one["facts"][0]) == (["mira", "red coat"], "for SDXL")
    values = {**one["details"]["values"], "triggers": " a ,, b", "strength": 1.1, "notes": "n"}
    loras = tab.on_lora(event(action="save", id=one["id"], values=values))[2]
    assert cards(loras)[0]["words"] == ["a", "b"]
    *_, undo = tab.on_lora(event(action="remove", id=one["id"]))
    assert tab.look()[2]["trash"][0]["id"] == one["id"]
    assert cards(tab.bring_back(event(id=undo["id"]))[2])


def test_the_token_is_kept_and_never_shown(tab, event, toasts):
    """The page learns that there is one, and where; not what it is."""
    add = tab.on_add(event(action="token", token="hf_secret"))[3]
    assert add["token"] is True
    assert "hf_secret" not in str(add)
    assert tab.on_add(event(action="forget"))[3]["token"] is False


def test_offline_is_said(tab, studio):
    """A studio that makes no request says so where people would press."""
    studio.settings.set("offline", True)
    assert "offline" in tab.look()[1]["notice"]
    assert tab.look()[3]["offline"]


def test_addresses_of_strangers_are_links_only_when_they_are_addresses():
    """A licence link comes from a model's page: only http and https become links."""
    assert parts.light({"url": "javascript:alert(1)"})["url"] == ""
    assert parts.light({"url": "https://example.org/x"})["url"] == "https://example.org/x"
