"""One file from a misbehaving server: resumed, counted, whole or refused. The server is real and local."""

import errno
import hashlib
import os

import pytest

from studio.errors import Cancelled, NoSpace, NotFound, StudioError
from studio.keychain import Keychain
from studio.services.fetching import Fetcher, Meter, WrongSum
from studio.services.hub import Hub, NeedsToken, NetworkTrouble, Offline, repo_name, safe_path
from studio.settings import Settings
from tests.hub import SHA, HubServer

REPO = "someone/model"
BIG = os.urandom(400_000)


@pytest.fixture
def server():
    with_files = HubServer()
    with_files.add(REPO, {"big.safetensors": BIG, "small.json": b"{}", "empty.txt": b""})
    yield with_files
    with_files.close()


@pytest.fixture
def hub(paths, server, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    settings = Settings(paths, {})
    made = Hub(settings, Keychain(type(paths)(paths.data)), {"HF_ENDPOINT": server.url})
    yield made
    made.close()


@pytest.fixture
def fetch(hub, tmp_path):
    """Fetches one file of the repository; `told` collects (done, total, note)."""
    told = []

    def fetch(path="big.safetensors", report=None, **more):
        repo = hub.look(REPO)
        file = repo.file(path)
        meter = Meter(report or (lambda done, total, note="": told.append((done, total, note))), file.bytes)
        waits = []
        fetcher = Fetcher(hub, waits.append)
        fetcher._wait = lambda seconds, meter: (waits.append(seconds), meter.tell("Trying again"))
        fetch.waits = waits
        return fetcher.fetch(REPO, repo.sha, file, tmp_path / "got" / path, meter)

    fetch.told = told
    fetch.target = tmp_path / "got" / "big.safetensors"
    fetch.part = tmp_path / "got" / "big.safetensors.part"
    return fetch


def test_a_repository_tells_its_files_and_licence(hub, server):
    """Names, sizes, sums, the commit and the licence come in one request."""
    repo = hub.look(f"https://huggingface.co/{REPO}/tree/main")
    assert (repo.repo, repo.sha, repo.asks) == (REPO, SHA, False)
    assert repo.file("big.safetensors").sha256 == hashlib.sha256(BIG).hexdigest()
    assert repo.file("small.json").blob
    assert (repo.licence.name, repo.licence.light) == ("Apache-2.0", "green")
    assert repo.licence.read_at
    assert len(server.requests) == 1


@pytest.mark.parametrize("path", ["big.safetensors", "small.json", "empty.txt"])
def test_a_file_arrives_whole(fetch, path, tmp_path, server):
    """Large, small and empty files are the server's, and no part is left."""
    fetch(path)
    got = tmp_path / "got" / path
    assert got.read_bytes() == server.repos[REPO]["files"][path]
    assert os.listdir(got.parent) == [path]


def test_a_broken_line_is_taken_up_where_it_broke(fetch, server):
    """Every try asks only for what is missing, and the sum is right."""
    server.drop_after, server.drops = 100_000, 3
    assert fetch() == hashlib.sha256(BIG).hexdigest()
    ranges = [asked for _, path, asked in server.requests if path.endswith("big.safetensors")]
    assert ranges == ["", "bytes=100000-", "bytes=200000-", "bytes=300000-"]
    assert fetch.target.read_bytes() == BIG


def test_what_an_earlier_process_left_counts(fetch, server):
    """After a restart only the rest is asked for; progress begins where it was."""
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(BIG[:250_000])
    fetch()
    assert [asked for _, path, asked in server.requests if path.endswith("big.safetensors")] == ["bytes=250000-"]
    assert fetch.target.read_bytes() == BIG


def test_a_finished_part_is_only_counted(fetch, server):
    """Killed between the last byte and the new name: nothing is asked for again."""
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(BIG)
    fetch()
    assert not [path for _, path, _ in server.requests if path.endswith("big.safetensors")]
    assert fetch.target.read_bytes() == BIG


def test_a_part_that_is_too_long_begins_again(fetch):
    """A part larger than its file is not trusted."""
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(BIG + b"more")
    fetch()
    assert fetch.target.read_bytes() == BIG


def test_a_server_without_ranges_sends_all_of_it_again(fetch, server):
    """An answer from the beginning replaces the part."""
    server.ranges = False
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(b"x" * 250_000)
    fetch()
    assert fetch.target.read_bytes() == BIG


def test_a_wrong_sum_is_fetched_once_more_and_then_refused(fetch, server):
    """Damage on the way is mended by a second try; twice is refused, and nothing is left to trust."""
    server.damage = {"big.safetensors": 1}
    fetch()
    assert fetch.target.read_bytes() == BIG
    fetch.target.unlink()
    server.damage = {"big.safetensors": 5}
    with pytest.raises(WrongSum, match="checksum") as refused:
        fetch()
    assert refused.value.code == "wrong_hash"
    assert not fetch.target.exists()
    assert not fetch.part.exists()


def test_a_damaged_part_is_found_by_its_sum(fetch):
    """Bytes that changed on the disk are not installed."""
    fetch.part.parent.mkdir()
    fetch.part.write_bytes(b"x" * 250_000)
    fetch()
    assert fetch.target.read_bytes() == BIG


def test_small_files_are_checked_by_git_s_sum(fetch, server, tmp_path):
    """Files outside of large-file storage have a sum too."""
    server.damage = {"small.json": 2}
    with pytest.raises(WrongSum):
        fetch("small.json")


def test_a_server_that_hangs_up_at_once_is_given_up_on(fetch, server):
    """Six tries without a byte end in a sentence; the waits grow."""
    server.drop_after, server.drops = 0, 100
    with pytest.raises(NetworkTrouble, match="connection was lost"):
        fetch()
    assert fetch.waits == [2, 4, 8, 16, 30]


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_waited_for(fetch, server, status):
    """Too many requests and overload are tried again, as late as the server asks."""
    server.fail = [status, status]
    fetch()
    assert fetch.target.read_bytes() == BIG
    assert len(fetch.waits) == 2


def test_more_than_promised_is_refused(fetch, server):
    """A server that sends another file is not written to the disk for ever."""
    server.longer = b"x" * 1000
    with pytest.raises(NetworkTrouble, match="something else"):
        fetch()
    assert not fetch.target.exists()


def test_gated_models_ask_for_a_token(hub, server, fetch):
    """401 and 403 say what to do; the right token opens the door and is sent to the endpoint only."""
    server.repos[REPO]["gated"] = "auto"
    assert hub.look(REPO).asks
    with pytest.raises(NeedsToken, match="asks who is downloading") as refused:
        fetch()
    assert "Accept its terms" in refused.value.hint
    hub.keychain.set("huggingface", "hf_wrong")
    with pytest.raises(NeedsToken, match="does not let this account in"):
        fetch()
    hub.keychain.set("huggingface", "hf_right")
    fetch()
    assert server.tokens[-1] == "Bearer hf_right"


def test_a_token_never_travels_in_the_open(hub, server):
    """An endpoint without https on another machine gets no token."""
    hub.keychain.set("huggingface", "hf_right")
    hub._environment = {"HF_ENDPOINT": "http://hub.example"}
    assert hub._token_to_send() == ""


def test_what_is_not_there_is_told(hub, server, fetch):
    """Unknown repositories, revisions and files end in a sentence."""
    with pytest.raises(NotFound, match="no model nobody/nothing"):
        hub.look("nobody/nothing")
    with pytest.raises(NotFound, match="no revision"):
        hub.look(REPO, "v9")
    repo = hub.look(REPO)
    del server.repos[REPO]["files"]["big.safetensors"]
    with pytest.raises(NotFound, match="any more"):
        hub.read(repo, "big.safetensors", 10)


def test_offline_makes_no_request_at_all(hub, server, fetch):
    """Neither the setting nor the Hub's own variable lets anything out."""
    hub.settings.set("offline", True)
    with pytest.raises(Offline, match="makes no request") as refused:
        hub.look(REPO)
    assert "Settings" in refused.value.hint
    hub.settings.set("offline", False)
    hub._environment = {"HF_ENDPOINT": server.url, "HF_HUB_OFFLINE": "1"}
    with pytest.raises(Offline), hub.open(REPO, SHA, "big.safetensors"):
        pass
    assert server.requests == []
    assert hub.requests == 0


def test_no_network_is_told(hub, paths):
    """A server nobody listens at is a sentence, not a stack of library errors."""
    hub._environment = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    with pytest.raises(NetworkTrouble, match="could not be reached"):
        hub.look(REPO)
    with pytest.raises(NetworkTrouble, match="could not be reached"), hub.open(REPO, SHA, "x"):
        pass


def test_a_full_disk_keeps_the_part(fetch, monkeypatch):
    """Running out of space is told with what to do, and what came stays."""

    def full(self, count):
        if count:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Meter, "add", full)
        with pytest.raises(NoSpace, match="disk is full"):
            fetch()
    assert fetch.part.stat().st_size > 0
    fetch()
    assert fetch.target.read_bytes() == BIG


def test_stopping_keeps_the_part(fetch, server):
    """Cancelling goes through at once and loses nothing."""

    def stop(done, total, note=""):
        if done > 100_000:
            raise Cancelled

    server.block_s = 0.15
    with pytest.raises(Cancelled):
        fetch(report=stop)
    kept = fetch.part.stat().st_size
    assert 100_000 < kept < len(BIG)
    server.block_s = 0
    fetch()
    assert fetch.target.read_bytes() == BIG


@pytest.mark.parametrize(
    "text", ["owner/name", "https://huggingface.co/owner/name", "huggingface.co/owner/name/tree/main?x=1"]
)
def test_names_and_addresses_are_read(text):
    """What people copy from a page works."""
    assert repo_name(text) == "owner/name"


@pytest.mark.parametrize("text", ["", "name", "../../etc", "a/../b", "a/b/c d", "owner/", "/", "a b/c", "owner/na--me"])
def test_other_names_are_refused(text):
    """Nothing that could leave its address is sent."""
    with pytest.raises(StudioError):
        repo_name(text)


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../b", "con.txt", "a\\b", "a//b", "", "a/b/c/d/e/f/g", "x:y"]
)
def test_strangers_paths_are_refused(path):
    """A file's name becomes a path on this disk only when it stays inside on every system."""
    assert not safe_path(path)
    assert safe_path("unet/diffusion_pytorch_model-00001-of-00002.safetensors")
