"""The sender: once, whatever happens; and never in a burst. Kills are real: `python test_sending.py DATA MOMENT`."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from studio.domain.account import AccountPatch
from studio.domain.post import Post, Target, Words, summed
from studio.domain.requests import PostPatch
from studio.errors import Conflict, StudioError
from studio.keychain import Keychain
from studio.paths import Paths
from studio.platforms.errors import Transient
from studio.platforms.export import Export
from studio.services import zones
from studio.services.sending import BACKOFF_S, Sender
from studio.settings import Settings
from studio.store import Store, migrations
from tests.networks import CASES, Clock
from tests.networks.example import Example, ExampleNetwork
from tests.networks.house import make, opened

ROOT = Path(__file__).resolve().parents[2]
KEY, HANDLE, READ, ASK = (next(one for one in CASES if one.id == f"example-{how}") for how in
                          ("key", "handle", "read_back", "ask"))  # fmt: skip


@pytest.fixture(autouse=True)
def own_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))


def in_(house, **span) -> object:
    seconds = span.get("hours", 0) * 3600 + span.get("minutes", 0) * 60
    return zones.at(zones.moment(house.clock() + seconds), "UTC")


def test_a_scheduled_post_goes_out_at_its_time_and_says_so(store, paths):
    """Not before; with alt text, disclosure and its address; nothing of the prompt leaves; its files are gone."""
    house = opened(store, paths, READ)
    post = house.post("example-read_back")
    house.publishing.schedule(post.id, in_(house, hours=2), "Ann")
    assert house.publishing.get(post.id).state == "scheduled"
    house.run(hours=1.9, step_s=300)
    assert house.networks["example-read_back"].published() == []
    assert house.target(post, "example-read_back").checked_at
    house.run(hours=0.2)
    done = house.publishing.get(post.id)
    assert done.state == "published"
    assert done.targets[0].url == "https://example.invalid/@mira/p1"
    assert done.targets[0].receipt["disclosed"] == ["metadata", "caption"]
    network = house.networks["example-read_back"]
    assert network.posts["p1"]["alt"] == ["A grey square."]
    assert network.published() == ["Rain\n\nMade with AI. Mira is a fictional character."]
    (picture,) = network.media.values()
    assert b"trainedAlgorithmicMedia" in picture
    assert b"planted private prompt" not in picture
    assert not list((paths.house / "renditions").glob("*"))
    assert [one.what for one in done.history][-2:] == ["Published to Example (mira)", "Published"]


def test_each_target_has_its_own_words_and_its_own_way(store, paths):
    """One says something else; one fails, the others go out; only the one that failed is sent again."""
    house = opened(store, paths, KEY, READ)
    post = house.post("example-key", "example-read_back", "export", approve=False)
    own = {house.accounts["example-key"].id: Words(text="For key only", hashtags=["#One"])}
    house.publishing.update(post.id, PostPatch(words=own))
    house.publishing.approve(post.id)
    house.lines["example-read_back"].break_with("forbidden")
    house.publishing.publish(post.id)
    house.run(minutes=1)
    mixed = house.publishing.get(post.id)
    assert [one.state for one in mixed.targets] == ["published", "failed_permanent", "published"]
    assert mixed.state == "failed"
    assert house.networks["example-key"].published()[0].startswith("For key only\n\n#One")
    with pytest.raises(Conflict, match="out on"):
        house.publishing.update(post.id, PostPatch(caption="Other"))
    house.publishing.update(post.id, PostPatch(words={house.accounts["example-read_back"].id: Words(text="Mended")}))
    house.publishing.approve(post.id)
    house.publishing.publish(post.id)
    house.run(minutes=1)
    assert house.publishing.get(post.id).state == "published"
    assert len(house.networks["example-key"].published()) == 1
    assert house.networks["example-read_back"].published()[0].startswith("Mended")


def test_a_machine_that_slept_asks_and_never_bursts(store, paths):
    """Twenty posts came due in one night: none goes out by itself, each says why, one goes when somebody says so."""
    house = opened(store, paths, KEY)
    posts = [house.post("example-key", caption=f"Post {n}") for n in range(20)]
    for number, post in enumerate(posts):
        house.publishing.schedule(post.id, in_(house, minutes=30 + number))
    house.clock.go(86400)
    house.run(minutes=5)
    assert house.networks["example-key"].published() == []
    assert {house.publishing.get(post.id).state for post in posts} == {"missed"}
    assert "did not run" in house.publishing.why(house.publishing.get(posts[0].id))[0][1]
    house.publishing.publish(posts[3].id)
    house.run(minutes=1)
    assert len(house.networks["example-key"].published()) == 1


def test_two_senders_on_one_store_send_everything_once(store, paths):
    """Four threads of two senders race for forty posts; each is there once."""
    house = opened(store, paths, ASK)
    posts = [house.post("example-ask", caption=f"Post {n}") for n in range(12)]
    for post in posts:
        house.publishing.publish(post.id)
    other = make(store, paths, house.settings, house.keychain, house.platforms, house.clock)
    senders = (house.publishing.sender, other.sender)
    threads = [threading.Thread(target=one.run_due) for one in (*senders, *senders)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    house.run(minutes=1)
    assert sorted(house.networks["example-ask"].published()) == sorted(
        f"Post {n}\n\nMade with AI. Mira is a fictional character." for n in range(12)
    )
    assert {house.publishing.get(post.id).state for post in posts} == {"published"}


def test_a_lease_that_was_lost_sends_nothing(store, paths):
    """The upload took so long that somebody else took over: the first one stops before it publishes."""
    house = opened(store, paths, READ)
    post = house.post("example-read_back")
    house.publishing.publish(post.id)
    line, network = house.lines["example-read_back"], house.networks["example-read_back"]
    other = make(store, paths, house.settings, house.keychain, house.platforms, house.clock)

    def late(request):
        if request.url.path == "/media":
            line.before = lambda request: None
            house.clock.go(16 * 60)
            other.sender.run_due()

    line.before = late
    house.run(minutes=5)
    assert len(network.published()) == 1
    assert house.publishing.get(post.id).state == "published"


def test_gaps_and_caps_are_kept_and_said(store, paths):
    """Two a day, an hour apart: the third waits for the next day, and says so."""
    house = opened(store, paths, KEY)
    account = house.accounts["example-key"]
    house.publishing.accounts.update(account.id, AccountPatch(min_gap_minutes=60, daily_cap=2))
    posts = [house.post("example-key", caption=f"Post {n}") for n in range(3)]
    for post in posts:
        house.publishing.publish(post.id)
    sent = house.networks["example-key"].published
    house.run(minutes=50, step_s=60)
    assert len(sent()) == 1
    waiting = [one for one in (house.publishing.get(post.id) for post in posts) if one.state != "published"]
    assert "60 minutes" in house.publishing.why(waiting[0])[0][1]
    house.run(minutes=15, step_s=60)
    assert len(sent()) == 2
    house.run(hours=22, step_s=600)
    assert len(sent()) == 2
    house.run(hours=2, step_s=600)
    assert len(sent()) == 3


@pytest.mark.parametrize("who", ["account", "character", "everything"])
def test_what_is_paused_stays_here(who, store, paths):
    """One account, one character, or all: held back with the reason, on its way within minutes of going on."""
    house = opened(store, paths, KEY)
    account, accounts = house.accounts["example-key"], house.publishing.accounts

    def pause(on: bool) -> None:
        if who == "account":
            accounts.update(account.id, AccountPatch(paused=on))
        elif who == "character":
            store.characters.update(house.mira.id, lambda one: setattr(one, "status", "paused" if on else "active"))
        else:
            house.settings.set("pause_posting", on)

    pause(True)
    post = house.post("example-key")
    house.publishing.publish(post.id)
    house.run(minutes=20)
    assert house.networks["example-key"].published() == []
    assert "paused" in house.publishing.why(house.publishing.get(post.id))[0][1]
    pause(False)
    house.run(minutes=2)
    assert house.publishing.get(post.id).state == "published"


def test_it_is_given_up_after_a_day_of_trying_with_the_cause(store, paths):
    """Backing off, then a dead letter that says why; somebody can send it again."""
    house = opened(store, paths, KEY)
    post = house.post("example-key")
    house.lines["example-key"].break_with("refused", 1000, hits=lambda request: True)
    house.publishing.publish(post.id)
    house.run(hours=24, step_s=60)
    found = house.target(post, "example-key")
    assert found.state == "failed_permanent"
    assert found.attempts == len(BACKOFF_S) + 1
    assert "could not be reached" in found.note
    house.lines["example-key"].times = 0
    house.publishing.publish(post.id)
    house.run(minutes=1)
    assert house.publishing.get(post.id).state == "published"


def test_a_locked_out_account_waits_for_a_person_and_then_goes_on(store, paths):
    """Nothing fails for good; connected again within the hour it goes out by itself, once."""
    house = opened(store, paths, READ)
    network, account = house.networks["example-read_back"], house.accounts["example-read_back"]
    network.revoke()
    post = house.post("example-read_back")
    house.publishing.publish(post.id)
    house.run(minutes=10)
    assert house.publishing.accounts.get(account.id).state == "reconnect"
    assert house.publishing.accounts.remind()
    assert "let this account in" in house.publishing.why(house.publishing.get(post.id))[0][1]
    network.barred = False
    house.publishing.accounts.reconnect(account.id, network.values)
    house.run(minutes=2)
    assert len(network.published()) == 1


def test_an_unknown_leaves_that_state_by_a_person(store, paths):
    """Nobody can change, approve or send it; there: published with its address; not there: out again."""
    house = opened(store, paths, ASK)
    account = house.accounts["example-ask"].id
    for there in (True, False):
        network = house.networks["example-ask"]
        before = len(network.published())
        post = house.post("example-ask", caption=f"There: {there}")
        house.lines["example-ask"].break_with("timeout after" if there else "timeout before")
        house.publishing.publish(post.id)
        house.run(hours=3, step_s=300)
        assert house.publishing.get(post.id).state == "unknown"
        for change in (
            lambda post=post: house.publishing.update(post.id, PostPatch(caption="x")),
            lambda post=post: house.publishing.trash(post.id),
            lambda post=post: house.publishing.cancel(post.id, account),
            lambda post=post: house.publishing.unapprove(post.id),
        ):
            with pytest.raises(Conflict):
                change()
        house.publishing.publish(post.id)
        house.run(minutes=5)
        assert house.publishing.get(post.id).state == "unknown"
        house.publishing.resolve(post.id, account, there, "https://example.invalid/p" if there else "", "Ann")
        house.run(minutes=2)
        assert house.publishing.get(post.id).state == "published"
        assert len(network.published()) == before + 1
    with pytest.raises(StudioError, match="no address"):
        house.publishing.resolve(post.id, account, True, "javascript:alert(1)")


def test_a_picture_that_was_rejected_since_stops_the_post(store, paths):
    """Asked again right before it goes out, and an hour before."""
    house = opened(store, paths, KEY)
    post = house.post("example-key")
    house.publishing.schedule(post.id, in_(house, hours=2))
    store.assets.update(post.asset_ids[0], lambda asset: setattr(asset, "state", "rejected"))
    house.run(hours=1.2, step_s=120)
    assert "not approved" in house.target(post, "example-key").note
    house.run(hours=1, step_s=120)
    assert house.publishing.get(post.id).state == "failed"
    assert house.networks["example-key"].published() == []


def test_a_changed_post_needs_approval_again_and_keeps_its_time(store, paths):
    """Changed after approval it does not go out; approved again, it does at the same time."""
    house = opened(store, paths, KEY)
    post = house.post("example-key")
    house.publishing.schedule(post.id, in_(house, hours=2))
    house.publishing.update(post.id, PostPatch(caption="Sun"))
    assert "approval" in house.publishing.why(house.publishing.get(post.id))[0][1]
    house.publishing.approve(post.id)
    house.run(hours=2.1, step_s=120)
    assert house.networks["example-key"].published()[0].startswith("Sun")


def test_a_bug_in_an_adapter_is_unknown_once_begun_and_a_failure_before(store, paths, monkeypatch):
    """Nothing is guessed; the loop goes on; the words have the short id."""
    house = opened(store, paths, ASK)
    post = house.post("example-ask")
    monkeypatch.setattr(Example, "_receipt", lambda *_: 1 / 0)
    house.publishing.publish(post.id)
    house.run(minutes=1)
    assert house.target(post, "example-ask").state == "remote_pending"  # the network named it: it is there
    other = house.post("example-ask", caption="Two")
    monkeypatch.setattr(Example, "submit", lambda *_: 1 / 0)
    house.publishing.publish(other.id)
    house.run(minutes=1)
    found = house.target(other, "example-ask")
    assert (found.state, found.error["code"]) == ("failed_permanent", "internal")
    assert "Something broke" in found.note


def test_post_states_add_up():
    """What needs a person comes first, then what is still to come."""
    target = lambda state: Target(account_id=state, state=state)
    for states, whole in (
        ((), "draft"), (("published", "unknown", "failed_permanent"), "unknown"), (("published",), "published"),
        (("failed_permanent", "scheduled"), "failed"), (("published", "failed_retryable"), "publishing"),
        (("published", "scheduled"), "scheduled"), (("cancelled", "published"), "published"),
        (("missed", "published"), "missed"), (("in_review",), "in_review"), (("approved", "draft"), "draft"),
    ):  # fmt: skip
        assert summed([target(state) for state in states]) == whole, states


def test_posts_of_before_targets_had_a_way_come_along(paths):
    """Schema 1: a target was a name; what was published, failed or caught half way is so still."""
    receipt = {"target": "export", "at": "2026-11-01T10:00:00.000Z", "files": ["a"], "url": ""}
    old = lambda **fields: migrations.migrate("post", {"id": "p", "targets": ["export"], "schema": 1, **fields})
    assert old(state="draft")["targets"] == [{"account_id": "export", "state": "draft"}]
    assert old(state="published", receipts=[receipt])["targets"][0]["state"] == "published"
    failed = old(state="failed", error={"code": "x", "message": "No."})["targets"][0]
    assert (failed["state"], failed["error"]["message"]) == ("failed_permanent", "No.")
    caught = old(state="approved", intent={"target": "export", "place": "outputs/exports/x", "at": "t", "by": ""})
    assert (caught["targets"][0]["state"], caught["targets"][0]["place"]) == ("submitting", "outputs/exports/x")
    assert "intent" not in caught
    assert "receipts" not in caught
    assert Post.model_validate(caught | {"character_id": "c", "asset_ids": ["a"]}).schema_ == 2


class ServedNetwork(ExampleNetwork):
    """The pretended network with its posts in a file: what it took outlives the process that sent it."""

    def __init__(self, how: str, file: Path):
        super().__init__(how)
        self.file = file
        if file.exists():
            kept = json.loads(file.read_text())
            self.posts, self.keys, self.containers = kept["posts"], kept["keys"], kept["containers"]
            self.media = dict.fromkeys(kept["media"], b"")
        self.tokens = {"planted-secret-access-1", "planted-secret-access-2"}

    def answer(self, request):
        found = super().answer(request)
        kept = {"posts": self.posts, "keys": self.keys, "containers": self.containers, "media": list(self.media)}
        self.file.write_text(json.dumps(kept))
        return found


def served(paths: Paths, how: str, clock: Clock):
    network = ServedNetwork(how, paths.data / "network.json")
    line = httpx.MockTransport(lambda request: network.answer(request))
    return network, (Export(), Example(how, client=httpx.Client(transport=line), clock=clock))


def dies(data: str, how: str, moment: str, post_id: str) -> None:
    """Send the post; the process is killed at the moment."""
    paths, clock = Paths(Path(data)), Clock()
    store = Store.open(paths)
    network, platforms = served(paths, how, clock)
    publishing = make(store, paths, Settings(paths, {}), Keychain(paths), platforms, clock)
    kill = lambda: os.kill(os.getpid(), signal.SIGKILL) if hasattr(signal, "SIGKILL") else os._exit(9)
    real = network.answer

    def answer(request):
        if moment == "uploading" and request.url.path == "/media":
            kill()
        if moment == "before the request" and network.publishes(request):
            kill()
        found = real(request)
        if moment == "after the request" and network.publishes(request):
            kill()
        return found

    network.answer = answer
    if moment == "after the id":
        Sender._received = lambda *_: kill()
    if moment == "leased":
        publishing.accounts.free_at = lambda account: kill()
    publishing.publish(post_id)
    publishing.sender.run_due()


MOMENTS = ("leased", "uploading", "before the request", "after the request", "after the id")


@pytest.mark.parametrize("how", ["read_back", "ask"])
def test_a_killed_process_never_leads_to_two_posts_or_none(how, tmp_path):
    """Killed for good at each state; the next start finishes it, or asks, and there is one post in the end."""
    folder = tmp_path / "data"
    for moment in MOMENTS:
        paths, clock = Paths(folder / moment.replace(" ", "-")), Clock()
        with Store.open(paths) as store:
            network, platforms = served(paths, how, clock)
            case = type("Case", (), {"id": how, "start": lambda *_, p=platforms, n=network: (p[1], n, None, None)})()
            house = opened(store, paths, case, clock=clock)
            post = house.post(how)
        script = [sys.executable, __file__, str(paths.data), how, moment, post.id]
        there = {**os.environ, "PYTHONPATH": str(ROOT)}
        died = subprocess.run(script, cwd=ROOT, capture_output=True, timeout=60, env=there)
        assert died.returncode in (-9, 9), died.stderr.decode()
        clock = Clock()
        with Store.open(paths) as store:
            network, platforms = served(paths, how, clock)
            house.store, house.clock, house.platforms = store, clock, platforms
            house.again()
            house.run(hours=1, step_s=120)
            found = house.publishing.get(post.id)
            if found.state == "unknown":
                assert how == "ask", moment
                account = found.targets[0].account_id
                house.publishing.resolve(post.id, account, there=bool(network.published()))
                house.run(minutes=10)
            assert house.publishing.get(post.id).state == "published", (moment, found.targets[0])
            assert len(network.published()) == 1, moment


def test_a_refresh_that_fails_for_now_disconnects_nobody(store, paths):
    """The token ran out while the network was away: the post waits, then goes out by itself."""
    house = opened(store, paths, KEY)
    network, line = house.networks["example-key"], house.lines["example-key"]
    network.expire()
    line.break_with("500 before", 2, hits=lambda request: request.url.path == "/session")
    post = house.post("example-key")
    house.publishing.publish(post.id)
    house.run()
    assert house.publishing.accounts.get(house.accounts["example-key"].id).state == "connected"
    assert house.target(post, "example-key").error["code"] == Transient.code
    house.run(minutes=10)
    assert house.publishing.get(post.id).state == "published"


if __name__ == "__main__":
    dies(*sys.argv[1:])
