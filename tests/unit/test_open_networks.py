"""What is particular to Bluesky, Mastodon, Pixelfed, Telegram, Discord and Matrix: counting, errors, limits, rights."""

import json
from dataclasses import replace

import httpx
import jsonschema
import pytest

from studio.errors import StudioError
from studio.platforms import Later
from studio.platforms.bluesky import record_key
from studio.platforms.counting import counted, length, over
from studio.platforms.errors import AuthRevoked, QuotaSpent, RateLimited, Rejected
from studio.platforms.mastodon import plain
from studio.platforms.spec import TextRule
from tests.contracts.test_platforms import a_draft, connected, sent
from tests.networks import CASES, Memory
from tests.networks.discord import BODIES, must_be

CASE = {case.id: case for case in CASES}
FAMILY, KEYCAP, FLAG = "👩‍👩‍👧‍👦", "1️⃣", "🇫🇷"


def started(name):
    platform, network, line, clock = CASE[name].start()
    account, secret = connected(platform, network)
    return platform, network, line, clock, account, secret


def answers(line, status, body=None, headers=None, times=1):
    """The next publishing requests are answered so."""
    real, left = line.handle_request, [times]

    def handle(request):
        request.read()
        if left[0] and line.network.publishes(request):
            left[0] -= 1
            content = body if isinstance(body, str) else json.dumps(body or {})
            return httpx.Response(status, text=content, headers=headers, request=request)
        return real(request)

    line.handle_request = handle


@pytest.mark.parametrize(
    ("text", "unit", "long"),
    [
        (FAMILY, "graphemes", 1), (FAMILY, "utf16", 11), (FAMILY, "bytes", 25), (FAMILY, "weighted", 2),
        (KEYCAP, "graphemes", 1), (KEYCAP, "weighted", 2), (FLAG, "graphemes", 1), (FLAG, "utf16", 4),
        ("e\u0301", "graphemes", 1), ("e\u0301", "characters", 2), ("e\u0301", "weighted", 1), ("é", "bytes", 2),
        ("日本", "weighted", 4), ("日本", "graphemes", 2), ("a\r\nb", "graphemes", 3), ("नि", "graphemes", 1),
        ("👍🏽", "graphemes", 1), ("👍🏽", "utf16", 4), ("", "weighted", 0), ("—“”", "weighted", 3),
    ],
)  # fmt: skip
def test_texts_are_as_long_as_the_networks_say(text, unit, long):
    """Known cases: joined emoji, flags, combining marks, CJK, line ends, Devanagari."""
    assert length(text, unit) == long


def test_bluesky_limits_graphemes_and_bytes(tmp_path):
    """300 joined emoji are not too many signs but too many bytes; 300 letters fit, 301 do not."""
    platform = CASE["bluesky"].start()[0]
    alone = {"hashtags": (), "disclosure": "."}
    assert platform.check(a_draft(tmp_path, caption="é" * 297, **alone)) == []
    (found,) = platform.check(a_draft(tmp_path, caption="é" * 298, **alone))
    assert "1 " in found.message
    (found,) = platform.check(a_draft(tmp_path, caption=FAMILY * 200, **alone))
    assert found.level == "error"


def test_mastodon_counts_links_as_23_and_obeys_its_server(tmp_path):
    """A link of any length is 23; what the server says about itself overrides the table."""
    platform, _, _, _, account, _ = started("mastodon")
    assert counted("https://example.org/" + "x" * 200, platform.spec.kinds[0].text) == 23
    draft = a_draft(tmp_path, 3, caption="x" * 300, account=account)
    assert platform.check(draft) == []
    small = account.model_copy(update={"limits": {"longest": 200, "media": 2}})
    assert {one.field for one in platform.check(replace(draft, account=small))} == {"caption", "asset_ids"}


def test_telegram_counts_utf16(tmp_path):
    """512 emoji are a full caption; with one picture 1024, without one 4096."""
    platform = CASE["telegram"].start()[0]
    assert over("🦊" * 512, platform.spec.kind("images").text) == 0
    assert over("🦊" * 513, platform.spec.kind("images").text) == 2
    words = a_draft(tmp_path, 0, caption="x" * 4000, kind="text")
    assert platform.check(words) == []
    assert over("x", TextRule()) == 0


def test_bluesky_keys_are_by_time_and_always_the_same():
    """13 signs the network takes, sorted as the journal's keys are, also for keys that hold no time."""
    keys = ["01kb0aaaaaaaaaaaaaaaaaaaaa", "01kb0aaaabaaaaaaaaaaaaaaaa", "01kb0aaab0zzzzzzzzzzzzzzzz"]
    made = [record_key(key) for key in keys]
    assert made == sorted(made)
    assert made == [record_key(key) for key in keys]
    assert {len(one) for one in made} == {13}
    assert set("".join(made)) <= set("234567abcdefghijklmnopqrstuvwxyz")
    assert len({record_key(f"key {number}") for number in range(500)}) == 500


def test_bluesky_marks_links_tags_and_people_by_bytes(tmp_path):
    """Ranges count bytes, not signs; who is not known is no mention; a number is no hashtag."""
    platform, network, _, clock, account, secret = started("bluesky")
    words = "🦊 look: https://example.org/a?b=1. #Rain #1 (@ann.test) @nobody.test"
    sent(platform, a_draft(tmp_path, caption=words, hashtags=(), account=account), account, secret, Memory(), clock)
    (record,) = [one["value"] for one in network.records.values()]
    raw, ranges = record["text"].encode(), {}
    for one in record["facets"]:
        ranges[raw[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode()] = one["features"][0]
    assert set(ranges) == {"https://example.org/a?b=1", "#Rain", "@ann.test"}
    assert ranges["#Rain"]["tag"] == "Rain"
    assert ranges["@ann.test"]["did"] == "did:plc:ann"
    assert record["labels"]["values"] == [{"val": "ai-generated"}]
    assert [one["alt"] for one in record["embed"]["images"]] == ["A red square."]


def test_bluesky_renews_with_the_password_when_the_refresh_token_has_run_out():
    """Both are kept; only when the password is refused too does a person have to come."""
    platform, network, _, _, account, secret = started("bluesky")
    network.expire()
    network.renewing.clear()
    platform.refresh(account, secret)
    assert platform.verify(account, secret).handle == "mira.test"
    network.revoke()
    with pytest.raises(AuthRevoked, match="app password"):
        platform.refresh(account, secret)


@pytest.mark.parametrize(
    ("case", "headers", "body", "kind", "wait"),
    [
        ("bluesky", {"ratelimit-reset": "1795608090"}, {"error": "RateLimitExceeded"}, RateLimited, 90),
        ("mastodon", {"x-ratelimit-reset": "2026-11-25T12:05:00.000Z"}, {"error": "Too many"}, RateLimited, 300),
        ("mastodon", {"x-ratelimit-reset": "2026-11-25T15:00:00.000Z"}, {"error": "Too many"}, QuotaSpent, 10800),
        ("telegram", {}, {"ok": False, "parameters": {"retry_after": 17}}, RateLimited, 17),
        ("discord", {}, {"message": "rate limited", "retry_after": 1.5, "global": False}, RateLimited, 1.5),
        ("discord-webhook", {"retry-after": "3"}, {}, RateLimited, 3),
        ("matrix", {}, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2500}, RateLimited, 2.5),
        ("matrix", {}, "no JSON", RateLimited, None),
    ],
)  # fmt: skip
def test_each_network_says_its_own_way_how_long_to_wait(case, headers, body, kind, wait, tmp_path):
    """In headers, in bodies, in seconds, milliseconds, dates; without one nobody invents it."""
    platform, network, line, clock, account, secret = started(case)
    answers(line, 429, body, headers)
    with pytest.raises(kind) as caught:
        sent(platform, a_draft(tmp_path, account=account), account, secret, Memory(), clock)
    assert caught.value.wait == wait
    assert network.published() == []


@pytest.mark.parametrize(
    ("case", "status", "body", "words"),
    [
        ("bluesky", 400, {"error": "AccountTakedown", "message": "Account has been taken down"}, "let this account in"),
        ("mastodon", 403, {"error": "This action is outside the authorized scopes"}, "authorized scopes"),
        ("telegram", 403, {"ok": False, "description": "Forbidden: bot was kicked from the channel chat"}, "may not"),
        ("telegram", 400, {"ok": False, "description": "Bad Request: chat not found"}, "does not find"),
        ("telegram", 400, {"ok": False, "description": "Bad Request: group chat was upgraded to a supergroup chat",
                           "parameters": {"migrate_to_chat_id": -1009}}, "supergroup"),
        ("discord", 403, {"code": 50013, "message": "Missing Permissions"}, "may not"),
        ("discord", 404, {"code": 10003, "message": "Unknown Channel"}, "channel"),
        ("discord-webhook", 404, {"code": 10015, "message": "Unknown Webhook"}, "deleted"),
        ("matrix", 403, {"errcode": "M_FORBIDDEN", "error": "User not in room"}, "in this room"),
    ],
)  # fmt: skip
def test_what_only_a_person_can_mend_says_so(case, status, body, words, tmp_path):
    """Kicked, deleted, taken down, not allowed: the account has to be connected or let in again."""
    platform, _, line, clock, account, secret = started(case)
    answers(line, status, body)
    with pytest.raises(AuthRevoked) as caught:
        sent(platform, a_draft(tmp_path, account=account), account, secret, Memory(), clock)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("case", "body"),
    [
        ("bluesky", {"error": "InvalidRequest", "message": "no\n<b>such</b> " + "x" * 900}),
        ("mastodon", {"error": "no\n<b>such</b> " + "x" * 900}),
        ("telegram", {"description": "Bad Request: no\n<b>such</b> " + "x" * 900}),
        ("discord", {"code": 50035, "message": "no\n<b>such</b> " + "x" * 900}),
        ("matrix", {"errcode": "M_BAD_JSON", "error": "no\n<b>such</b> " + "x" * 900}),
    ],
)
def test_a_refusal_carries_the_networks_words_short(case, body, tmp_path):
    """One line, at most 200 signs of it; whoever shows it escapes it."""
    platform, _, line, clock, account, secret = started(case)
    answers(line, 400, body)
    with pytest.raises(Rejected) as caught:
        sent(platform, a_draft(tmp_path, account=account), account, secret, Memory(), clock)
    assert "no <b>such</b> xxx" in caught.value.message
    assert len(caught.value.message) < 260
    assert caught.value.hint


def test_mastodon_waits_for_uploads_and_sends_them_once(tmp_path):
    """A picture the server still reads is waited for; going on uploads nothing again."""
    platform, network, line, _, account, secret = started("mastodon")
    draft, journal = a_draft(tmp_path, 2, account=account), Memory()
    assert isinstance(platform.submit(draft, account, secret, journal), Later)
    assert not journal.begun
    receipt = platform.submit(draft, account, secret, journal)
    assert len(network.media) == 2
    assert receipt.disclosed == ("caption",)
    assert [one["description"] for one in network.posts[receipt.remote_id]["media_attachments"]] == [
        "A red square."
    ] * 2
    edited = a_draft(tmp_path, 2, caption="Other", account=account)
    platform.edit(edited, receipt, account, secret)
    assert network.published()[0].startswith("Other")
    assert len(network.posts[receipt.remote_id]["media_attachments"]) == 2


def test_mastodon_is_unsure_when_it_cannot_look_back_far_enough(tmp_path):
    """Forty newer posts hide the one that is looked for: that is not absence."""
    platform, network, _, clock, account, secret = started("mastodon")
    for number in range(40):
        network._post({"status": f"other {number}", "media_ids": [], "visibility": "public"}, f"k{number}")
    verdict = platform.reconcile(a_draft(tmp_path), account, secret, Memory(), clock.iso)
    assert verdict.outcome == "unsure"


def test_mastodon_finds_a_text_by_its_words():
    """HTML of the server and text of the draft are the same words."""
    assert plain("<p>A &amp; B<br />C</p><p>#<span>Tag</span></p>") == "A & B C #Tag"


def test_replies_name_whom_they_answer(tmp_path):
    """Mastodon tells only who is named; a first comment under the own post names nobody."""
    platform, network, _, clock, account, secret = started("mastodon")
    receipt = sent(platform, a_draft(tmp_path, account=account), account, secret, Memory(), clock)
    (comment,), _ = platform.comments(receipt, account, secret)
    assert comment.text == "Nice <b>coat"
    platform.reply(comment.id, "Thank you", receipt, account, secret, Memory("r1"))
    platform.reply(receipt.remote_id, "More of it", receipt, account, secret, Memory("r2"))
    answered = [one for one in network.posts.values() if one["in_reply_to_id"]]
    assert [one["text"] for one in answered] == ["@ann@other.invalid Thank you", "More of it"]
    assert answered[0]["visibility"] == "unlisted"


def test_pixelfed_needs_a_picture_and_may_not_repeat_one(tmp_path):
    """Without a picture nothing goes; after a lost answer the upload's id finds the post."""
    platform, network, line, clock, account, secret = started("pixelfed")
    assert any(one.level == "error" for one in platform.check(a_draft(tmp_path, 0)))
    journal, draft = Memory(), a_draft(tmp_path, 2, account=account)
    line.break_with("dropped after")
    with pytest.raises(StudioError):
        platform.submit(draft, account, secret, journal)
    assert platform.reconcile(draft, account, secret, journal, clock.iso).outcome == "posted"
    assert len(network.published()) == 1


def test_telegram_takes_down_a_whole_album(tmp_path):
    """Every message of it, also when one is gone; editing to the same words is no failure."""
    platform, network, _, clock, account, secret = started("telegram")
    draft = a_draft(tmp_path, 3, account=account)
    receipt = sent(platform, draft, account, secret, Memory(), clock)
    assert len(network.messages) == 3
    assert receipt.url == "https://t.me/mira_daily/41"
    platform.edit(draft, receipt, account, secret)
    del network.messages[42]
    platform.delete(receipt, account, secret)
    assert network.messages == {}


def test_telegram_tells_rights_and_subscribers_when_asked():
    """The test button knows the channel's size, and refuses a bot that may not post."""
    platform, network, _, _, account, secret = started("telegram")
    found = platform.verify(account, secret)
    assert found.limits == {"subscribers": 1234}
    assert found.note == "1,234 subscribers."
    network.may = False
    with pytest.raises(AuthRevoked, match="may not post"):
        platform.verify(account, secret)
    with pytest.raises(AuthRevoked, match="not a bot token"):
        platform.connect({"token": "hello", "chat": "@mira"})


def test_discord_bodies_are_held_to_the_networks_schema():
    """The schemas are really read: a wrong type, a long text and an unknown field are all refused."""
    good = {"content": "Hi", "nonce": "x" * 25, "enforce_nonce": True, "allowed_mentions": {"parse": []}}
    must_be("MessageCreateRequest", good)
    for wrong in ({"content": 5}, {"nonce": "x" * 26}, {"surprise": 1}, {"attachments": [{"filename": "no id"}]}):
        with pytest.raises(AssertionError):
            must_be("MessageCreateRequest", {**good, **wrong})
    with pytest.raises(AssertionError):
        must_be("IncomingWebhookRequestPartial", {"content": "x" * 2001})
    for schema in BODIES.values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("case", ["discord", "discord-webhook"])
def test_discord_calls_nobody_and_describes_every_picture(case, tmp_path):
    """@everyone in a caption stays a word; alt text is on each file; the webhook speaks as the character."""
    platform, network, _, clock, account, secret = started(case)
    draft = a_draft(tmp_path, 2, caption="@everyone look", account=account)
    receipt = sent(platform, draft, account, secret, Memory(), clock)  # the network asserts allowed_mentions
    found = network.messages[receipt.remote_id]
    assert [one["description"] for one in found["attachments"]] == ["A red square."] * 2
    assert found["author"]["username"] == ("Mira" if case == "discord-webhook" else "mira-bot")
    assert platform.metrics(receipt, account, secret) == {"reactions": 3}
    named = replace(draft, character=draft.character.model_copy(update={"name": "Discord helper"}))
    other = sent(platform, named, account, secret, Memory("01kb0other0000000000000k99"), clock)
    assert network.messages[other.remote_id]["author"]["username"] == "mira-bot"


@pytest.mark.parametrize(
    "address",
    ["https://discord.com.evil.example/api/webhooks/1/a", "http://discord.com/api/webhooks/1/a", "https://x.example/"],
)
def test_a_webhook_elsewhere_is_refused(address):
    """Only the network's own hosts, and only encrypted."""
    with pytest.raises(AuthRevoked, match="not a webhook"):
        CASE["discord-webhook"].start()[0].connect({"webhook": address})


def test_discord_finds_its_message_after_the_nonce_is_forgotten(tmp_path):
    """By the names of its files; a busy channel is unsure, not absent."""
    platform, network, _, clock, account, secret = started("discord")
    draft, journal = a_draft(tmp_path, account=account), Memory()
    receipt = sent(platform, draft, account, secret, journal, clock)
    assert platform.reconcile(draft, account, secret, journal, clock.iso).receipt.remote_id == receipt.remote_id
    assert (
        platform.reconcile(draft, account, secret, Memory("01kb0other000000000000000z"), clock.iso).outcome == "absent"
    )
    text = a_draft(tmp_path, 0, account=account, kind="text")
    said = sent(platform, text, account, secret, Memory("01kb0text00000000000000000"), clock)
    found = platform.reconcile(text, account, secret, Memory("01kb0text00000000000000000"), clock.iso)
    assert found.receipt.remote_id == said.remote_id
    many = [{"id": str(2 * 10**18 + number), "content": "", "author": {"id": "5"}} for number in range(100)]
    network._list = lambda request: httpx.Response(200, json=many)
    other = Memory("01kb0gone00000000000000000")
    assert platform.reconcile(draft, account, secret, other, clock.iso).outcome == "unsure"


def test_matrix_goes_on_where_it_stopped(tmp_path):
    """The words are out and a picture fails: it is waited, not said that nothing is out; then the rest follows once."""
    platform, network, line, _, account, secret = started("matrix")
    draft, journal = a_draft(tmp_path, 2, account=account), Memory()
    line.break_with("timeout before", hits=lambda request: request.url.path.endswith("-1"))
    assert isinstance(platform.submit(draft, account, secret, journal), Later)
    assert journal.remote_id
    receipt = platform.poll(draft, account, secret, journal)
    assert [one["content"]["msgtype"] for one in network.events] == ["m.text", "m.image", "m.image"]
    assert [one["content"]["body"] for one in network.events][1:] == ["A red square."] * 2
    assert len(network.media) == 2
    platform.delete(receipt, account, secret)
    assert network.events == []


def test_matrix_finds_half_a_post_and_sends_the_other_half(tmp_path):
    """After a crash between the words and the pictures, reading tells what is there."""
    platform, network, line, clock, account, secret = started("matrix")
    draft, journal = a_draft(tmp_path, 1, account=account), Memory()
    line.break_with("dropped after")
    with pytest.raises(StudioError):
        platform.submit(draft, account, secret, journal)
    later = Memory()
    later.keep(**{name: value for name, value in journal.handles.items() if name == "media"})
    assert platform.reconcile(draft, account, secret, later, clock.iso).outcome == "absent"
    assert later.handles["events"] == [network.events[0]["event_id"]]
    sent(platform, draft, account, secret, later, clock)
    assert [one["content"]["msgtype"] for one in network.events] == ["m.text", "m.image"]


def test_matrix_renews_and_stays_the_same_device():
    """Transaction ids are remembered by device: a new log-in must not be a new one."""
    platform, network, _, _, account, secret = started("matrix")
    device = account.public["device"]
    network.expire()
    network.renewing.clear()
    platform.refresh(account, secret)
    assert network.tokens[secret["access"]] == device


def test_matrix_refuses_an_encrypted_room():
    """There nothing could be read back."""
    platform, network, _, _ = CASE["matrix"].start()
    network.encrypted = True
    with pytest.raises(StudioError, match="encrypted"):
        platform.connect(network.values)
