"""What the closed networks count, refuse and ask, beyond the promises every adapter keeps."""

import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from studio.errors import StudioError
from studio.platforms import Later, Secret, tiktok, youtube
from studio.platforms.errors import AuthExpired, AuthRevoked, QuotaSpent, RateLimited, Rejected, Transient, Unknown
from studio.platforms.facebook import Facebook
from studio.platforms.instagram import Instagram
from studio.platforms.linkedin import LinkedIn, little
from studio.platforms.meta import Graph
from studio.platforms.threads import Threads
from studio.platforms.tiktok import TikTok
from studio.platforms.x import X
from tests.contracts.test_platforms import a_clip, a_draft, connected, sent
from tests.networks import CASES, Memory
from tests.networks.meta import graph_error
from tests.networks.x import problem


def started(id):
    """(platform, network, line, clock, account, secret) of a case."""
    platform, network, line, clock = next(one for one in CASES if one.id == id).start()
    return platform, network, line, clock, *connected(platform, network)


def forms(line, ending: str) -> list[dict]:
    return [
        {name: values[0] for name, values in parse_qs(one.content.decode()).items()}
        for one in line.seen if one.method == "POST" and one.url.path.endswith(ending)
    ]  # fmt: skip


def bodies(line, path: str) -> list[dict]:
    return [json.loads(one.content) for one in line.seen if one.method == "POST" and one.url.path == path]


# ------------------------------------------------------------------------------------------------------------- X


def test_x_is_told_about_ai_by_its_own_mark_and_only_where_it_is_so(tmp_path):
    """made_with_ai goes with pictures that AI made; a photograph is not called that."""
    platform, network, line, clock, account, secret = started("x")
    receipt = sent(platform, a_draft(tmp_path, account=account), account, secret, Memory(), clock)
    assert bodies(line, "/2/tweets")[0]["made_with_ai"] is True
    assert receipt.disclosed == ("flag", "caption")
    photo = a_draft(tmp_path, account=account)
    photo = replace(photo, pieces=(replace(photo.pieces[0], ai_made=False),))
    assert sent(platform, photo, account, secret, Memory(), clock).disclosed == ("caption",)
    assert "made_with_ai" not in bodies(line, "/2/tweets")[1]
    assert {one["alt"] for one in network.media.values()} == {"A red square."}


def test_x_finds_a_post_without_pictures_by_its_words(tmp_path):
    """Links come back shortened and signs as entities; the words are still the same. Other words are not."""
    platform, network, line, clock, account, secret = started("x")
    draft, journal = a_draft(tmp_path, 0, caption="Tea & rain < sun https://a.example/b", account=account), Memory()
    line.break_with("dropped after")
    with pytest.raises(Unknown):
        platform.submit(draft, account, secret, journal)
    assert platform.reconcile(draft, account, secret, journal, clock.iso).outcome == "posted"
    other = a_draft(tmp_path, 0, caption="Tea & rain", account=account)
    assert platform.reconcile(other, account, secret, Memory(), clock.iso).outcome == "absent"


def test_x_says_what_its_refusals_mean(tmp_path):
    """The day's share with its end, no credits, the same words again, rights that are missing, an account locked."""
    platform, network, line, clock, account, secret = started("x")
    draft = a_draft(tmp_path, 0, account=account)
    network.full = True
    with pytest.raises(QuotaSpent) as caught:
        platform.submit(draft, account, secret, Memory())
    assert caught.value.wait == 1795614400 - clock()
    network.full = False
    platform.submit(draft, account, secret, Memory())
    with pytest.raises(Rejected, match="same words"):
        platform.submit(draft, account, secret, Memory())
    told = lambda *given: X()._explain(problem(*given), True)
    assert isinstance(told(402, "credits-depleted", "No credits"), QuotaSpent)
    assert isinstance(told(403, "client-forbidden", "Forbidden"), AuthRevoked)
    assert isinstance(told(403, "about:blank", "Your account is suspended."), AuthRevoked)
    assert isinstance(told(400, "invalid-request", "One or more parameters are wrong"), Rejected)
    assert told(503, "about:blank", "Service Unavailable") is None
    clock.go(-clock())
    reset = problem(429, "about:blank", "Too Many Requests", {"x-rate-limit-reset": "120"})
    wait = platform._explain(reset, True)
    assert isinstance(wait, RateLimited)
    assert wait.wait == 120


def test_x_uploads_again_what_it_has_forgotten(tmp_path):
    """An upload lives a day: what was uploaded yesterday is uploaded anew, what is fresh is not."""
    platform, network, line, clock, account, secret = started("x")
    draft, journal = a_draft(tmp_path, 2, account=account), Memory()
    line.break_with("429")
    with pytest.raises(RateLimited):
        platform.submit(draft, account, secret, journal)
    line.break_with("429")
    with pytest.raises(RateLimited):
        platform.submit(draft, account, secret, journal)
    assert len(network.media) == 2
    clock.go(86400)
    platform.submit(draft, account, secret, journal)
    assert len(network.media) == 4
    assert len(network.published()) == 1


def test_x_warns_that_links_are_dear_and_counts_its_way(tmp_path):
    """A link is 23 signs and a warning; an emoji is two."""
    dear = X().check(a_draft(tmp_path, caption="https://a.example/" + "b" * 300))
    assert [(one.level, one.field) for one in dear] == [("warning", "caption")]
    tail = len("\n\n#A #B\n\nMade with AI.")
    assert X().check(a_draft(tmp_path, caption="🙂" * ((280 - tail) // 2))) == []
    assert X().check(a_draft(tmp_path, caption="🙂" * ((280 - tail) // 2 + 1))) != []


def test_x_rotates_its_refresh_token_and_an_old_one_is_no_log_in(tmp_path):
    """Each refresh token counts once; the new one is kept, and a spent one asks for a person."""
    platform, network, line, clock, account, secret = started("x")
    old = dict(secret)
    kept = []
    secret = Secret(old, kept.append)
    found = platform.refresh(account, secret)
    assert kept[0]["refresh"] != old["refresh"]
    assert kept[0]["client_secret"] == old["client_secret"]
    assert found.expires_at == datetime.fromtimestamp(clock() + 7200, timezone.utc).isoformat(timespec="seconds")
    with pytest.raises(AuthRevoked):
        platform.refresh(account, Secret(old))


# ------------------------------------------------------------------------------------------------------- LinkedIn


def test_linkedin_gets_little_text():
    """Its signs are escaped, hashtags are hashtags, nothing else is lost."""
    assert little("a (b) [c] {d} <e> 1*2 _f_ ~g @h | \\") == (
        "a \\(b\\) \\[c\\] \\{d\\} \\<e\\> 1\\*2 \\_f\\_ \\~g \\@h \\| \\\\"
    )
    assert little("#Tea_time and C# x#y") == "{hashtag|\\#|Tea\\_time} and C\\# x\\#y"


def test_linkedin_says_what_its_refusals_mean(tmp_path):
    """The day's share until midnight UTC, a version that has ended, the same words, a log-in that was ended."""
    platform, network, line, clock, account, secret = started("linkedin")
    draft = a_draft(tmp_path, 0, account=account)
    network.full = True
    with pytest.raises(QuotaSpent) as caught:
        platform.submit(draft, account, secret, Memory())
    assert caught.value.wait == 12 * 3600
    network.full = False
    platform.submit(draft, account, secret, Memory())
    with pytest.raises(Rejected, match="same words"):
        platform.submit(draft, account, secret, Memory())
    old = account.model_copy(update={"public": {**account.public, "version": "202507"}})
    with pytest.raises(Rejected, match="version"):
        platform.submit(draft, old, secret, Memory())
    network.expire()
    with pytest.raises(AuthExpired):
        platform.verify(account, secret)
    network.revoke()
    with pytest.raises(AuthRevoked):
        platform.verify(account, secret)


def test_linkedin_sends_pictures_to_linkedin_only(tmp_path):
    """An upload address elsewhere gets neither the picture nor the token."""
    platform, network, line, clock, account, secret = started("linkedin")
    real = network.answer

    def lies(request):
        if request.url.path == "/rest/images":
            value = {"image": "urn:li:image:1", "uploadUrl": "https://linkedin.com.evil.invalid/x"}
            return httpx.Response(200, json={"value": value})
        return real(request)

    network.answer = lies
    with pytest.raises(Transient):
        platform.submit(a_draft(tmp_path, account=account), account, secret, Memory())
    assert not [one for one in line.seen if "evil" in one.url.host]


def test_linkedin_posts_as_a_page_when_one_is_named():
    """The page's number in any of its shapes; what is none is refused before anything is asked."""
    values = {"client_id": "c", "client_secret": "s", "page": "https://www.linkedin.com/company/1234/"}
    url, _ = LinkedIn().authorize(values, "http://127.0.0.1/x", "s", "c")
    assert "w_organization_social" in url
    with pytest.raises(Rejected):
        LinkedIn().authorize({**values, "page": "mira"}, "http://127.0.0.1/x", "s", "c")


def test_linkedin_posts_are_changed_in_place(tmp_path):
    platform, network, line, clock, account, secret = started("linkedin")
    receipt = sent(platform, a_draft(tmp_path, 2, account=account), account, secret, Memory(), clock)
    platform.edit(a_draft(tmp_path, 2, caption="Other (words)", account=account), receipt, account, secret)
    assert network.published()[0].startswith("Other (words)")


# -------------------------------------------------------------------------------- Threads, and what Meta's share


def test_pictures_lie_in_the_public_folder_only_while_they_are_fetched(tmp_path):
    """Under a name nobody guesses; gone before the post is out."""
    platform, network, line, clock, account, secret = started("threads")
    draft, journal = a_draft(tmp_path, 2, account=account), Memory()
    assert isinstance(platform.submit(draft, account, secret, journal), Later)
    lying = [path.name for path in Path(network.web.name).iterdir()]
    assert len(lying) == 2
    assert all(len(name) > 35 for name in lying)
    sent(platform, draft, account, secret, journal, clock)
    assert list(Path(network.web.name).iterdir()) == []
    assert len(network.fetched) == 2


def test_a_public_folder_that_does_not_answer_stops_before_anything_is_asked(tmp_path):
    """Not reachable, or showing something else: nothing is submitted, nothing is left lying."""
    platform, network, line, clock, account, secret = started("threads")
    draft = a_draft(tmp_path, account=account)
    line.seen.clear()
    line.break_with("refused", hits=lambda request: request.url.host == "media.invalid")
    with pytest.raises(Transient, match="public folder"):
        platform.submit(draft, account, secret, Memory())
    line.break_with("unreadable after", hits=lambda request: request.url.host == "media.invalid")
    with pytest.raises(Transient, match="something else"):
        platform.submit(draft, account, secret, Memory())
    assert {one.url.host for one in line.seen} == {"media.invalid"}
    assert list(Path(network.web.name).iterdir()) == []
    bare = account.model_copy(update={"public": {"id": "17", "username": "mira"}})
    with pytest.raises(StudioError, match="no public folder"):
        platform.submit(draft, bare, secret, Memory())


@pytest.mark.parametrize(
    ("folder", "address"),
    [("", "https://a.example"), ("here", ""), ("nowhere", "https://a.example"), ("here", "http://a.example"),
     ("here", "https://a.example/?x=1"), ("here", "file:///etc")],
)  # fmt: skip
def test_a_public_folder_is_refused_when_it_cannot_work(tmp_path, folder, address):
    (tmp_path / "here").mkdir()
    values = {"token": "t", "folder": str(tmp_path / folder) if folder else "", "address": address}
    with pytest.raises(StudioError):
        Threads().connect(values)


def test_media_that_could_not_be_read_are_made_anew_and_bad_ones_are_refused(tmp_path):
    """A failed download is tried again with a new container; a wrong shape is the person's to mend."""
    platform, network, line, clock, account, secret = started("threads")
    draft, journal = a_draft(tmp_path, account=account), Memory()
    platform.submit(draft, account, secret, journal)
    for path in Path(network.web.name).iterdir():
        path.unlink()  # the tunnel broke
    with pytest.raises(Transient):
        platform.submit(draft, account, secret, journal)
    sent(platform, draft, account, secret, journal, clock)
    assert len(network.containers) == 2
    assert len(network.published()) == 1
    assert isinstance(platform._failed("INVALID_ASPEC_RATIO"), Rejected)
    assert isinstance(platform._failed("Error: 2207003"), Transient)


def test_a_published_container_is_never_published_again(tmp_path):
    """Also when submit is called after a crash; the post is found by its words, and two alike are not guessed at."""
    platform, network, line, clock, account, secret = started("threads")
    draft, journal = a_draft(tmp_path, account=account), Memory()
    line.break_with("dropped after")
    with pytest.raises(Unknown):
        sent(platform, draft, account, secret, journal, clock)
    line.seen.clear()
    assert platform.reconcile(draft, account, secret, journal, clock.iso).receipt.remote_id == "p100"
    assert platform.submit(draft, account, secret, journal).remote_id == "p100"
    assert not [one for one in line.seen if network.publishes(one)]
    network.posts["p101"] = {**network.posts["p100"], "id": "p101"}
    verdict = platform.reconcile(draft, account, secret, journal, clock.iso)
    assert (verdict.outcome, verdict.receipt.remote_id) == ("posted", "")


def test_a_full_day_is_seen_before_publishing(tmp_path):
    platform, network, line, clock, account, secret = started("threads")
    network.used = 250
    with pytest.raises(QuotaSpent) as caught:
        sent(platform, a_draft(tmp_path, account=account), account, secret, Memory(), clock)
    assert caught.value.wait == 3600
    assert not [one for one in line.seen if network.publishes(one)]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (graph_error(400, 190, "expired", 463), AuthExpired),
        (graph_error(400, 190, "checkpoint", 459), AuthRevoked),
        (graph_error(403, 10, "no permission"), AuthRevoked),
        (graph_error(400, 4, "too many calls"), RateLimited),
        (graph_error(400, 9, "full", 2207042), QuotaSpent),
        (graph_error(400, 1, "blocked", 2207051), Unknown),
        (graph_error(400, -1, "server error", 2207001), Unknown),
        (graph_error(500, 2, "down", is_transient=True), Unknown),
        (graph_error(400, 9007, "not ready", 2207027), Transient),
        (graph_error(400, 36003, "aspect ratio", 2207009), Rejected),
        (graph_error(400, 100, "caption too long", 2207010), Rejected),
    ],
)
def test_metas_numbers_mean_what_may_be_done(answer, kind):
    """As the answer to the request that publishes."""
    assert type(Graph("Threads", "https://graph.threads.net").explain(answer, True)) is kind


def test_metas_own_word_for_how_long_is_kept():
    usage = {"17": [{"type": "threads", "call_count": 100, "estimated_time_to_regain_access": 12}]}
    answer = graph_error(400, 80002, "too many", headers={"x-business-use-case-usage": json.dumps(usage)})
    assert Graph("Threads", "https://graph.threads.net").explain(answer, True).wait == 720


# ------------------------------------------------------------------------------------------- Instagram and Facebook


def test_instagram_is_told_about_ai_once_per_post(tmp_path):
    """On the picture, on a carousel's parent only, on a reel, on a story; a photograph is not called that."""
    platform, network, line, clock, account, secret = started("instagram")
    receipt = sent(platform, a_draft(tmp_path, 3, account=account), account, secret, Memory(), clock)
    assert [one.get("is_ai_generated") for one in forms(line, "/17/media")] == [None, None, None, "true"]
    assert receipt.disclosed == ("flag", "caption")
    line.seen.clear()
    story = a_draft(tmp_path, account=account, kind="story")
    assert sent(platform, story, account, secret, Memory(), clock).disclosed == ("flag",)
    assert forms(line, "/17/media")[0].keys() == {"image_url", "media_type", "is_ai_generated"}
    line.seen.clear()
    sent(platform, a_clip(tmp_path, account=account), account, secret, Memory(), clock)
    reel = forms(line, "/17/media")[0]
    assert (reel["media_type"], reel["is_ai_generated"]) == ("REELS", "true")
    assert "alt_text" not in reel
    line.seen.clear()
    photo = a_draft(tmp_path, account=account)
    photo = replace(photo, pieces=(replace(photo.pieces[0], ai_made=False),))
    sent(platform, photo, account, secret, Memory(), clock)
    assert "is_ai_generated" not in forms(line, "/17/media")[0]


def test_instagram_says_at_the_draft_what_will_not_work(tmp_path):
    """No public folder, a shape it does not take, a clip too short, words on a story."""
    bare = connected(*next(one for one in CASES if one.id == "instagram").start()[:2])[0]
    bare = bare.model_copy(update={"public": {"id": "17"}})
    assert "targets" in {one.field for one in Instagram().check(a_draft(tmp_path, account=bare))}
    tall = a_draft(tmp_path)
    tall.pieces[0].asset.height = 1300
    assert any("too narrow" in one.message for one in Instagram().check(tall))
    assert any("3 to 900 seconds" in one.message for one in Instagram().check(a_clip(tmp_path, seconds=1)))
    assert Instagram().check(a_clip(tmp_path)) == []
    assert [one.level for one in Instagram().check(a_draft(tmp_path, kind="story"))] == ["warning"]


def test_threads_takes_a_clip_from_the_public_folder(tmp_path):
    platform, network, line, clock, account, secret = started("threads")
    sent(platform, a_clip(tmp_path, account=account), account, secret, Memory(), clock)
    assert forms(line, "/17/threads")[0]["media_type"] == "VIDEO"
    assert network.fetched[0].startswith(b"mp4")


def test_facebook_takes_a_clip_with_its_own_mark_and_finds_it_again(tmp_path):
    platform, network, line, clock, account, secret = started("facebook")
    draft, journal = a_clip(tmp_path, account=account), Memory()
    line.break_with("timeout after")
    with pytest.raises(Unknown):
        platform.submit(draft, account, secret, journal)
    verdict = platform.reconcile(draft, account, secret, journal, clock.iso)
    assert verdict.receipt.disclosed == ("flag", "caption")
    assert network.posts[verdict.receipt.remote_id]["clip"]["is_ai_generated"] == "true"
    platform.edit(a_clip(tmp_path, caption="Other", account=account), verdict.receipt, account, secret)
    assert network.published()[0].startswith("Other")
    assert Facebook().check(a_clip(tmp_path, seconds=4000))[0].field == "asset_ids"


def test_facebook_asks_which_page_is_meant_and_keeps_the_pages_token_only():
    platform, network, line, clock = next(one for one in CASES if one.id == "facebook").start()
    network.pages.append({"id": "56", "name": "Other", "access_token": "planted-secret-other"})
    with pytest.raises(Rejected, match="Mira daily, Other"):
        platform.connect(network.values)
    found = platform.connect({**network.values, "page": "mira DAILY"})
    assert found.secret == {"token": "planted-secret-token-0"}
    assert found.public == {"id": "55"}
    network.pages.clear()
    with pytest.raises(Rejected, match="no Page"):
        platform.connect(network.values)


def test_facebook_finds_words_without_pictures_only_when_they_are_the_same(tmp_path):
    platform, network, line, clock, account, secret = started("facebook")
    draft, journal = a_draft(tmp_path, 0, account=account), Memory()
    line.break_with("dropped after")
    with pytest.raises(Unknown):
        platform.submit(draft, account, secret, journal)
    assert platform.reconcile(draft, account, secret, journal, clock.iso).outcome == "posted"
    other = a_draft(tmp_path, 0, caption="Other", account=account)
    assert platform.reconcile(other, account, secret, journal, clock.iso).outcome == "absent"


# -------------------------------------------------------------------------------------------------------- YouTube


def test_youtube_sends_only_the_parts_that_are_missing(tmp_path, monkeypatch):
    """A line that breaks between parts: the session is asked what arrived, and goes on there."""
    monkeypatch.setattr(youtube, "_PART", 16)
    platform, network, line, clock, account, secret = started("youtube")
    draft, journal = a_clip(tmp_path, account=account), Memory()
    ends = lambda request: request.headers.get("content-range", "").startswith("bytes 32-47/")
    line.break_with("dropped after", hits=ends)
    with pytest.raises(Transient):
        platform.submit(draft, account, secret, journal)
    assert not journal.begun  # nothing can be out: the last part was not sent
    line.seen.clear()
    sent(platform, draft, account, secret, journal, clock)
    spans = [one.headers["content-range"] for one in line.seen if one.method == "PUT"]
    assert spans == ["bytes */67", "bytes 48-63/67", "bytes 64-66/67"]
    assert network.sessions["u0"]["got"] == draft.pieces[0].source.read_bytes()
    assert len(network.videos) == 1


def test_youtube_is_told_about_ai_and_who_may_see_it(tmp_path):
    platform, network, line, clock, account, secret = started("youtube")
    draft = a_clip(tmp_path, caption="A <walk>\nin the rain " + "x" * 200, account=account)
    assert sent(platform, draft, account, secret, Memory(), clock).disclosed == ("flag", "caption")
    status, snippet = network.videos["v0"]["status"], network.videos["v0"]["snippet"]
    assert status == {"privacyStatus": "public", "selfDeclaredMadeForKids": False, "containsSyntheticMedia": True}
    assert snippet["title"] == "A ‹walk›"
    platform.edit(a_clip(tmp_path, caption="y" * 120, account=account), platform.poll(
        draft, account, secret, remembered("v0")), account, secret)  # fmt: skip
    assert network.videos["v0"]["snippet"]["title"] == "y" * 99 + "…"


def remembered(id: str) -> Memory:
    journal = Memory()
    journal.remote(id)
    return journal


def test_youtube_says_what_its_refusals_mean(tmp_path):
    """The day's quota until midnight in California, the channel's own limit for a day, a clip thrown out afterwards."""
    platform, network, line, clock, account, secret = started("youtube")
    draft = a_clip(tmp_path, account=account)
    for reason, wait in (("quotaExceeded", 20 * 3600), ("uploadLimitExceeded", 86400)):
        network.reason = reason
        with pytest.raises(QuotaSpent) as caught:
            platform.submit(draft, account, secret, Memory())
        assert caught.value.wait == wait
    network.reason = "rateLimitExceeded"
    with pytest.raises(RateLimited):
        platform.submit(draft, account, secret, Memory())
    network.reason = "youtubeSignupRequired"
    with pytest.raises(AuthRevoked):
        platform.submit(draft, account, secret, Memory())
    network.reason, network.fate = "", "rejected"
    with pytest.raises(Rejected, match="duplicate"):
        sent(platform, draft, account, secret, Memory(), clock)


def test_youtube_that_has_forgotten_the_upload_leaves_it_to_the_person(tmp_path):
    platform, network, line, clock, account, secret = started("youtube")
    draft, journal = a_clip(tmp_path, account=account), Memory()
    line.break_with("dropped after")
    with pytest.raises(Unknown):
        platform.submit(draft, account, secret, journal)
    network.sessions.clear()
    assert platform.reconcile(draft, account, secret, journal, clock.iso).outcome == "unsure"


def test_youtubes_log_in_outlives_its_tokens():
    """Google keeps its refresh token: it is kept too."""
    platform, network, line, clock, account, secret = started("youtube")
    before = secret["refresh"]
    platform.refresh(account, secret)
    platform.refresh(account, secret)
    assert secret["refresh"] == before
    assert platform.verify(account, secret).handle == "@mira"


# --------------------------------------------------------------------------------------------------------- TikTok


def test_tiktok_gets_a_clip_in_parts_with_its_mark(tmp_path, monkeypatch):
    """Parts in order, the last one longer; the mark for AI; what the creator has switched off stays off."""
    monkeypatch.setattr(tiktok, "_PART", 20)
    monkeypatch.setattr(tiktok, "_WHOLE", 20)
    platform, network, line, clock, account, secret = started("tiktok")
    receipt = sent(platform, a_clip(tmp_path, account=account), account, secret, Memory(), clock)
    spans = [one.headers["content-range"] for one in line.seen if one.method == "PUT"]
    assert spans == ["bytes 0-19/67", "bytes 20-39/67", "bytes 40-66/67"]
    info = network.posts["v_pub_file~0"]["info"]
    assert (info["is_aigc"], info["privacy_level"], info["disable_duet"]) == (True, "SELF_ONLY", True)
    assert receipt.disclosed == ("flag", "caption")
    assert receipt.url == "https://www.tiktok.com/@mira/video/7300"


def test_tiktok_tells_of_a_clip_by_its_publish_id_and_of_pictures_nothing(tmp_path):
    platform, network, line, clock, account, secret = started("tiktok")
    draft, journal = a_clip(tmp_path, account=account), Memory()
    line.break_with("timeout before")
    with pytest.raises(Unknown):
        platform.submit(draft, account, secret, journal)
    assert platform.reconcile(draft, account, secret, journal, clock.iso).outcome == "absent"
    line.break_with("timeout after")
    with pytest.raises(Unknown):
        platform.submit(draft, account, secret, journal)
    assert platform.reconcile(draft, account, secret, journal, clock.iso).outcome == "posted"
    pictures = a_draft(tmp_path, account=account)
    assert platform.reconcile(pictures, account, secret, Memory(), clock.iso).outcome == "unsure"


def test_tiktoks_pictures_lie_in_the_public_folder_until_it_has_them(tmp_path):
    """Also when TikTok throws the post out, which is said with its reason."""
    platform, network, line, clock, account, secret = started("tiktok")
    sent(platform, a_draft(tmp_path, 3, account=account), account, secret, Memory(), clock)
    assert list(Path(network.web.name).iterdir()) == []
    network.fails = "picture_size_check_failed"
    with pytest.raises(Rejected, match="picture size check failed"):
        sent(platform, a_draft(tmp_path, 1, account=account), account, secret, Memory(), clock)
    assert list(Path(network.web.name).iterdir()) == []


def test_tiktok_wants_to_be_told_who_may_see_it(tmp_path):
    """Nothing is chosen for the person; an audience the account has not got is refused before anything is sent."""
    values = {"client_key": "c", "client_secret": "s", "who": ""}
    with pytest.raises(Rejected, match="who may see"):
        TikTok().authorize(values, "http://127.0.0.1/x", "s", "YWJj")
    platform, network, line, clock, account, secret = started("tiktok")
    network.options = ["PUBLIC_TO_EVERYONE"]
    assert "does not offer" in platform.verify(account, secret).note
    with pytest.raises(Rejected, match="audience"):
        platform.submit(a_clip(tmp_path, account=account), account, secret, Memory())
    assert not network.posts
    assert any("300 seconds" in one.message for one in platform.check(a_clip(tmp_path, seconds=400, account=account)))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("spam_risk_too_many_posts", QuotaSpent), ("rate_limit_exceeded", RateLimited),
        ("scope_not_authorized", AuthRevoked), ("unaudited_client_can_only_post_to_private_accounts", Rejected),
        ("url_ownership_unverified", Rejected), ("privacy_level_option_mismatch", Rejected),
    ],
)  # fmt: skip
def test_tiktoks_words_mean_what_may_be_done(code, kind, tmp_path):
    platform, network, line, clock, account, secret = started("tiktok")
    network.code = code
    with pytest.raises(kind):
        platform.submit(a_draft(tmp_path, account=account), account, secret, Memory())
