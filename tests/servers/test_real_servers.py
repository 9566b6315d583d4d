"""The adapters against real servers on loopback: connect, two pictures with alt text, read back, once, edit, delete."""

import re

import httpx
import pytest

from studio.domain.account import Account
from studio.platforms import Secret
from studio.platforms.bluesky import Bluesky
from studio.platforms.errors import AuthExpired, AuthRevoked, Rejected
from studio.platforms.mastodon import Mastodon
from studio.platforms.matrix import Matrix
from tests.contracts.test_platforms import a_draft, sent
from tests.networks import Clock, Memory
from tests.servers import running


def connected(platform, values) -> tuple[Account, Secret]:
    found = platform.connect(values)
    known = {"handle": found.handle, "remote_id": found.remote_id}
    account = Account(platform=platform.spec.id, public=dict(found.public), limits=dict(found.limits), **known)
    assert platform.verify(account, Secret(found.secret)).handle == found.handle
    return account, Secret(found.secret, lambda values: None)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "server").mkdir()
    return tmp_path / "server"


def test_bluesky(place, tmp_path):
    """A PDS: two pictures with alt text, blobs byte for byte, a repeat is the same record, renewed tokens, gone."""
    with running.bluesky(place) as home:
        platform, key = Bluesky(), "01kb1real00000000000000000"
        with pytest.raises(AuthRevoked):
            platform.connect({"handle": "mira.test", "password": "wrong", "server": home})
        account, secret = connected(platform, {"handle": "mira.test", "password": "correct", "server": home})
        words = "Hello #rain https://example.org/a?b=c, 🦊 and @mira.test"
        draft, journal = a_draft(tmp_path, 2, caption=words, account=account), Memory(key)
        assert platform.reconcile(draft, account, secret, journal, "").outcome == "absent"
        receipt = sent(platform, draft, account, secret, journal, Clock())
        again = Memory(key)
        again.handles.update(journal.handles)
        assert sent(platform, draft, account, secret, again, Clock()).facts["cid"] == receipt.facts["cid"]
        assert platform.reconcile(draft, account, secret, journal, "").receipt.remote_id == receipt.remote_id

        asked = {"repo": account.public["did"], "collection": "app.bsky.feed.post"}
        records = httpx.get(f"{home}/xrpc/com.atproto.repo.listRecords", params=asked).json()["records"]
        assert len(records) == 1
        record = records[0]["value"]
        assert record["text"] == draft.text
        assert record["labels"]["values"] == [{"val": "ai-generated"}]
        kinds = [facet["features"][0]["$type"].rpartition("#")[2] for facet in record["facets"]]
        assert sorted(kinds) == ["link", "mention", "tag", "tag", "tag"]
        images = record["embed"]["images"]
        assert [one["alt"] for one in images] == ["A red square."] * 2
        where = {"did": account.public["did"], "cid": images[0]["image"]["ref"]["$link"]}
        blob = httpx.get(f"{home}/xrpc/com.atproto.sync.getBlob", params=where)
        assert blob.content == draft.fit(draft.pieces[0], platform.spec.kinds[0].image).path.read_bytes()

        before = dict(secret)
        platform.refresh(account, secret)
        assert secret["refresh"] != before["refresh"]
        assert platform.verify(account, secret).handle == "mira.test"
        with pytest.raises(Rejected, match="refused it"):
            sent(
                platform,
                a_draft(tmp_path, caption="x" * 400),
                account,
                secret,
                Memory("01kb1long00000000000000000"),
                Clock(),
            )
        platform.delete(receipt, account, secret)
        platform.delete(receipt, account, secret)
        assert platform.reconcile(draft, account, secret, journal, "").outcome == "absent"
        with pytest.raises((AuthExpired, AuthRevoked)):
            platform.verify(account, Secret({**secret, "access": "nonsense"}))


def test_mastodon(place, tmp_path):
    """The stateful mock: limits read, two pictures with alt text, a repeat is the same post, edited, numbers, gone."""
    with running.mastodon(place) as home:
        platform, key = Mastodon(), "01kb1real00000000000000000"
        with pytest.raises(AuthRevoked):
            platform.connect({"server": home, "token": "wrong"})
        account, secret = connected(platform, {"server": home, "token": "mock_token"})
        assert account.limits["longest"] == 500
        draft, journal = a_draft(tmp_path, 2, account=account), Memory(key)
        receipt = sent(platform, draft, account, secret, journal, Clock())
        again = Memory(key)
        again.handles.update(journal.handles)
        assert sent(platform, draft, account, secret, again, Clock()).remote_id == receipt.remote_id
        headers = {"Authorization": "Bearer mock_token"}
        found = httpx.get(f"{home}/api/v1/statuses/{receipt.remote_id}", headers=headers).json()
        assert "Made with AI." in found["content"]
        assert [one["description"] for one in found["media_attachments"]] == ["A red square."] * 2
        assert platform.reconcile(draft, account, secret, journal, "").receipt.remote_id == receipt.remote_id
        assert platform.metrics(receipt, account, secret) == {"likes": 0, "reposts": 0, "replies": 0}
        platform.edit(a_draft(tmp_path, 2, caption="Changed", account=account), receipt, account, secret)
        assert "Changed" in httpx.get(f"{home}/api/v1/statuses/{receipt.remote_id}", headers=headers).json()["content"]
        answer = platform.reply(receipt.remote_id, "A first comment", receipt, account, secret, Memory("r1"))
        comments, _ = platform.comments(receipt, account, secret)
        assert [(one.id, one.text) for one in comments] == [(answer.remote_id, "A first comment")]
        platform.delete(receipt, account, secret)
        platform.delete(receipt, account, secret)
        with pytest.raises(Rejected):
            platform.metrics(receipt, account, secret)


def test_matrix(place, tmp_path):
    """Synapse: two pictures with alt text, a repeat is the same events, a half sent post goes on, edited, redacted."""
    with running.matrix(place) as home:
        platform, key = Matrix(), "01kb1real00000000000000000"
        values = {"server": home, "user": "@mira:localhost", "password": "correct horse"}
        login = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "mira"}}
        token = httpx.post(
            f"{home}/_matrix/client/v3/login", json={**login, "password": values["password"]}
        ).json()["access_token"]  # fmt: skip
        owner = {"Authorization": f"Bearer {token}"}
        wish = {"name": "Mira daily", "room_alias_name": "mira", "preset": "public_chat"}
        httpx.post(f"{home}/_matrix/client/v3/createRoom", json=wish, headers=owner).raise_for_status()
        with pytest.raises(AuthRevoked):
            platform.connect({**values, "password": "wrong", "room": "#mira:localhost"})
        account, secret = connected(platform, {**values, "room": "#mira:localhost"})
        draft, journal = a_draft(tmp_path, 2, account=account), Memory(key)
        assert platform.reconcile(draft, account, secret, journal, "2026-11-25T00:00:00Z").outcome == "absent"
        receipt = sent(platform, draft, account, secret, journal, Clock())
        again = Memory(key)
        again.handles["media"] = journal.handles["media"]
        assert sent(platform, draft, account, secret, again, Clock()).facts == receipt.facts
        room = account.public["room"]
        asked = {"dir": "b", "limit": 50, "filter": '{"types": ["m.room.message"]}'}
        url = f"{home}/_matrix/client/v3/rooms/{room}/messages"
        events = httpx.get(url, headers=owner, params=asked).json()["chunk"]
        assert [one["content"]["msgtype"] for one in reversed(events)] == ["m.text", "m.image", "m.image"]
        assert events[0]["content"]["body"] == "A red square."
        where = events[0]["content"]["url"].removeprefix("mxc://")
        got = httpx.get(f"{home}/_matrix/client/v1/media/download/{where}", headers=owner)
        assert got.content == draft.fit(draft.pieces[1], platform.spec.kinds[0].image).path.read_bytes()
        assert platform.reconcile(draft, account, secret, Memory(key), "2026-11-25T00:00:00Z").receipt == receipt

        more, half = a_draft(tmp_path, 2, caption="Half", account=account), Memory("01kb1half00000000000000000")
        half.keep(media=journal.handles["media"])
        platform._send(account, secret, f"{half.key}-0", {
            "msgtype": "m.text", "body": more.text, "studio.post": {"key": half.key, "part": 0},
        })  # fmt: skip
        assert platform.reconcile(more, account, secret, half, "2026-11-25T00:00:00Z").outcome == "absent"
        assert len(sent(platform, more, account, secret, half, Clock()).facts["events"]) == 3
        assert platform.reconcile(more, account, secret, half, "2026-11-25T00:00:00Z").outcome == "posted"

        before = dict(secret)
        platform.refresh(account, secret)
        assert secret["access"] != before["access"]
        assert platform.metrics(receipt, account, secret) == {"reactions": 0}
        platform.edit(a_draft(tmp_path, 2, caption="Changed", account=account), receipt, account, secret)
        platform.reply(receipt.remote_id, "A first comment", receipt, account, secret, Memory("01kb1reply"))
        assert [one.text for one in platform.comments(receipt, account, secret)[0]] == ["A first comment"]
        platform.delete(receipt, account, secret)
        platform.delete(receipt, account, secret)
        event = httpx.get(f"{home}/_matrix/client/v3/rooms/{room}/event/{receipt.remote_id}", headers=owner).json()
        assert not re.search("Hello", str(event["content"]))
