"""Accounts: connected, told apart, renewed; and no secret anywhere but in the keychain."""

import json
import logging
import traceback

import httpx
import pytest
from fastapi.testclient import TestClient

from studio.domain.account import AccountPatch, ConnectRequest
from studio.errors import Conflict, NotFound, StudioError
from studio.platforms.errors import AuthRevoked
from studio.platforms.export import Export
from studio.services import zones
from studio.services.accounts import Accounts
from studio.services.calendar import Calendar
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine
from tests.networks import CASES, Clock, Faulty
from tests.networks.example import Example, ExampleNetwork
from tests.networks.house import opened

KEY = CASES[0]
PLANTED = "planted-secret"


@pytest.fixture(autouse=True)
def own_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))


def test_planted_secrets_are_nowhere_but_in_the_keychain(paths, caplog):
    """Documents, log, exports, API answers, errors and tracebacks of a whole life of an account are searched for it."""
    caplog.set_level(logging.DEBUG)
    from studio.api.app import create
    from studio.api.live import Live
    from studio.services.engine_use import EngineUse

    clock, network = Clock(), ExampleNetwork("ask")
    line = Faulty(network)
    platforms = (Export(), Example("ask", client=httpx.Client(transport=line), clock=clock))
    settings = Settings(paths, {"STUDIO_LOG_LEVEL": "DEBUG"})
    said = []
    with build(paths, settings, use=EngineUse(settings, (FakeEngine(),), FakeDevice()), platforms=platforms) as studio:
        studio.queue.start()
        api = TestClient(create(studio, Live(studio.queue)), base_url="http://127.0.0.1", raise_server_exceptions=False)

        def ask(method: str, path: str, **more):
            found = api.request(method, f"/v1{path}", **more)
            said.append(found.text)
            return found

        wrong = {"platform": "example-ask", "values": {**network.values, "password": f"{PLANTED}-wrong"}}
        assert ask("POST", "/accounts", json=wrong).status_code == 409
        assert ask("POST", "/accounts", json={**wrong, "oops": PLANTED}).status_code == 422
        account = ask("POST", "/accounts", json={"platform": "example-ask", "values": network.values}).json()
        mira = ask("POST", "/characters", json={"name": "Mira"}).json()["id"]
        job = ask("POST", "/jobs", json={"character_id": mira, "request": {"prompt": "waving"}}).json()["id"]
        asset = studio.queue.finished(job, 30).assets[0]
        ask("PATCH", f"/assets/{asset}", json={"state": "approved"})
        draft = {"character_id": mira, "asset_ids": [asset], "caption": "Hi", "targets": ["export", account["id"]]}
        post = ask("POST", "/posts", json=draft).json()["id"]
        ask("POST", f"/posts/{post}/approve")
        line.break_with("timeout after")
        ask("POST", f"/posts/{post}/publish")
        studio.publishing.sender.run_due()
        assert studio.publishing.get(post).state == "unknown"
        network.revoke()
        assert ask("POST", f"/accounts/{account['id']}/verify").status_code == 409
        for path in ("/accounts", "/platforms", f"/posts/{post}", "/posts", f"/posts/{post}/why", "/system/log",
                     f"/accounts/{account['id']}", "/openapi.json"):  # fmt: skip
            assert ask("GET", path).status_code == 200, path
        try:
            studio.accounts.verify(account["id"])
        except StudioError as error:
            said.append("".join(traceback.format_exception(error)) + repr(error.as_dict()))
        secret = studio.accounts.secret(studio.accounts.get(account["id"]))
        assert PLANTED in secret["password"]
        said.append(repr(secret) + str(secret))
    for text in (*said, caplog.text):
        assert PLANTED not in text
    searched = [path for path in paths.data.rglob("*") if path.is_file()]
    assert any(path.name == "studio.log" for path in searched)
    for path in searched:
        assert PLANTED.encode() not in path.read_bytes(), path


def test_several_accounts_and_the_same_one_twice(store, paths):
    """Connected again it is the same account with new tokens; of another character it is not offered."""
    house = opened(store, paths, KEY)
    accounts, first = house.publishing.accounts, house.accounts["example-key"]
    again = accounts.connect(ConnectRequest(platform="example-key", values=house.networks["example-key"].values))
    assert again.id == first.id
    accounts.update(first.id, AccountPatch(character_id=house.mira.id, name="Mira's"))
    assert [one.id for one in accounts.list("somebody")] == ["export"]
    assert [one.name for one in accounts.list(house.mira.id)] == ["Export package", "Mira's"]
    other = store.characters.add(house.mira.model_copy(update={"id": "other", "name": "Other"}))
    asset = house.picture()
    store.assets.update(asset.id, lambda one: setattr(one, "character_id", None))
    from studio.domain.requests import PostRequest

    with pytest.raises(StudioError, match="not Other's"):
        house.publishing.draft(PostRequest(character_id=other.id, asset_ids=[asset.id], targets=[first.id]))


def test_what_does_not_fit_is_refused_before_anybody_is_asked(store, paths):
    """A missing field, an unknown network, a slot that is no time, a zone that is none."""
    house = opened(store, paths, KEY)
    accounts, line, id = house.publishing.accounts, house.lines["example-key"], house.accounts["example-key"].id
    asked = len(line.seen)
    with pytest.raises(StudioError, match="App password is missing"):
        accounts.connect(ConnectRequest(platform="example-key", values={"server": "https://example.invalid"}))
    with pytest.raises(NotFound):
        accounts.connect(ConnectRequest(platform="myspace"))
    with pytest.raises(Conflict, match="needs no account"):
        accounts.connect(ConnectRequest(platform="export"))
    for patch in ({"slots": {"7": ["18:30"]}}, {"slots": {"0": ["25:00"]}}, {"zone": "Mars/Base"}):
        with pytest.raises(StudioError):
            accounts.update(id, AccountPatch(**patch))
    house.settings.set("offline", True)
    with pytest.raises(StudioError, match="offline"):
        accounts.verify(id)
    assert len(line.seen) == asked


def test_an_account_that_is_waited_for_stays_and_a_forgotten_one_leaves_nothing(store, paths):
    """Disconnecting is refused while posts go there; afterwards its secrets are gone from the keychain."""
    house = opened(store, paths, KEY)
    account, accounts = house.accounts["example-key"], house.publishing.accounts
    post = house.post("example-key")
    house.publishing.schedule(post.id, zones.at(zones.moment(house.clock() + 7200), "UTC"))
    with pytest.raises(Conflict, match="1 post wait"):
        accounts.disconnect(account.id)
    house.publishing.unschedule(post.id)
    accounts.disconnect(account.id)
    assert house.keychain.get(f"account/{account.id}") == ""
    assert "removed" in house.publishing.name(house.publishing.get(post.id).targets[0])
    assert any("removed" in str(one) or "no account" in str(one) for one in house.publishing.problems(post.id))


def test_a_secret_of_another_machine_asks_for_a_person(store, paths):
    """The data folder was copied: the account says so instead of breaking."""
    house = opened(store, paths, KEY)
    id = house.accounts["example-key"].id
    house.keychain.remove(f"account/{id}")
    with pytest.raises(AuthRevoked, match="not on this machine"):
        house.publishing.accounts.verify(id)
    assert house.publishing.accounts.get(id).state == "reconnect"


class Asking(Example):
    """The example with a page of its own to log in on."""

    def __init__(self, **on):
        super().__init__("key", **on)
        from dataclasses import replace

        connect = replace(self.spec.connect, way="oauth", fields=self.spec.connect.fields[:1])
        self.spec = replace(self.spec, connect=connect)

    def authorize(self, values, redirect, state, challenge):
        return f"{values['server']}/ask?state={state}&challenge={challenge}&redirect={redirect}", {"client": "c1"}

    def exchange(self, values, kept, code, redirect, verifier):
        assert kept == {"client": "c1"}
        assert len(verifier) > 42
        return self.connect({**values, "password": code})


def test_a_log_in_on_the_networks_own_page_counts_once_and_only_when_begun_here(store, paths):
    """State and verifier belong together; a foreign, a used and a late one are refused."""
    clock, network = Clock(), ExampleNetwork("key")
    from studio.keychain import Keychain

    asking = Asking(client=httpx.Client(transport=Faulty(network)), clock=clock)
    accounts = Accounts(store, Keychain(paths), Settings(paths, {}), (asking,), clock)
    wanted = ConnectRequest(platform="example-key", values={"server": network.values["server"]})
    state = lambda url: url.split("state=")[1].split("&")[0]
    first = state(accounts.begin(wanted, "http://127.0.0.1:7860/back"))
    with pytest.raises(Conflict):
        accounts.finish("made-up", "x")
    assert accounts.finish(first, network.values["password"]).handle == "mira"
    with pytest.raises(Conflict):
        accounts.finish(first, network.values["password"])
    late = state(accounts.begin(wanted, "http://127.0.0.1:7860/back"))
    clock.go(3600)
    with pytest.raises(Conflict, match="too long"):
        accounts.finish(late, network.values["password"])


@pytest.mark.parametrize(
    ("local", "zone", "at", "note"),
    [
        ("2026-11-26T18:30", "Europe/Berlin", "2026-11-26T17:30:00.000Z", ""),
        ("2026-07-01 08:00", "America/New_York", "2026-07-01T12:00:00.000Z", ""),
        ("2027-03-28T02:30", "Europe/Berlin", "2027-03-28T01:30:00.000Z", "03:30"),
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z", "twice"),
        ("2026-11-26T18:30", "Asia/Kathmandu", "2026-11-26T12:45:00.000Z", ""),
    ],
)
def test_a_wall_time_is_one_moment_also_when_clocks_change(local, zone, at, note):
    """Skipped ones move on, doubled ones are the first; both say so."""
    found = zones.schedule(local, zone)
    assert found.at == at
    assert note in found.note
    assert bool(note) == bool(found.note)
    for wrong, place in (("tomorrow", "UTC"), ("2026-11-26T18:30", "Nowhere"), ("9999-12-31T23:59", "Etc/GMT+12")):
        with pytest.raises(StudioError):
            zones.schedule(wrong, place)


def test_the_next_free_slot_is_by_the_accounts_own_clock(store, paths):
    """Weekday slots in its zone, those that are taken left out."""
    house = opened(store, paths, KEY)
    account, calendar = house.accounts["example-key"], Calendar(store, house.publishing.accounts, house.clock)
    slots = {"2": ["18:30"], "3": ["09:00", "18:30"]}  # it is Wednesday noon
    house.publishing.accounts.update(account.id, AccountPatch(zone="Europe/Berlin", slots=slots))
    found = []
    for _ in range(4):
        slot = calendar.next_free(account.id)
        found.append(slot.local)
        house.publishing.schedule(house.post("example-key", caption=slot.local).id, slot)
    assert found == ["2026-11-25T18:30", "2026-11-26T09:00", "2026-11-26T18:30", "2026-12-02T18:30"]
    days = calendar.days("2026-11-25", 2, "Europe/Berlin")
    assert [[one["time"] for one in day["posts"]] for day in days] == [["18:30"], ["09:00", "18:30"]]
    assert calendar.days("2026-11-25", 1, "Pacific/Auckland")[0]["posts"] == []
    copy = house.post("example-key", caption=found[0])
    house.publishing.schedule(copy.id, zones.schedule("2026-11-25T18:32", "Europe/Berlin"))
    warned = calendar.warnings(house.publishing.get(copy.id))
    assert len(warned) == 2
    assert json.dumps(warned)
