"""What every platform promises: those that are listed, and every adapter over its pretended network."""

import hashlib
import re
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from studio.domain.account import Account
from studio.domain.asset import Asset, Recipe
from studio.domain.character import Character
from studio.domain.post import Caption, Post
from studio.platforms import PLATFORMS, Draft, Later, Piece, Problem, Receipt, Rendition, Secret
from studio.platforms.errors import AuthExpired, AuthRevoked, PlatformError, RateLimited, Rejected, Transient, Unknown
from studio.platforms.spec import CAN
from tests.networks import CASES, Memory, log_in

each = pytest.mark.parametrize("platform", [*PLATFORMS, *(case.start()[0] for case in CASES)], ids=lambda p: p.spec.id)
each_network = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def copy(piece: Piece, path: Path) -> None:
    path.write_bytes(piece.source.read_bytes())


def fit(piece: Piece, rule) -> Rendition:
    """As the studio's: in the first format the rule takes."""
    path = piece.source.with_suffix(".fit")
    form = rule.formats[0]
    with Image.open(piece.source) as image:
        image.convert("RGB").save(path, form.removeprefix("image/").upper())
        size = image.size
    raw = path.read_bytes()
    return Rendition(path, form, *size, len(raw), hashlib.sha256(raw).hexdigest())


def a_draft(folder: Path, pictures: int = 1, **fields) -> Draft:
    pieces = []
    for number in range(pictures):
        source = folder / f"source-{number}.png"
        Image.new("RGB", (640, 640), "red").save(source)
        asset = Asset(id=f"a{number}", file=source.name, width=640, height=640, recipe=Recipe(engine="starter"))
        pieces.append(Piece(asset, source, f"mira-{number}", alt_text="A red square."))
    post = Post(
        character_id="c1",
        asset_ids=[f"a{number}" for number in range(max(pictures, 1))],
        caption=Caption(text=fields.pop("caption", "Hello")),
        disclosure=fields.pop("disclosure", "Made with AI."),
    )
    usual = {"hashtags": ("#A", "#B"), "place": folder / "exports" / "2026-11-23_mira", "render": copy, "fit": fit}
    return Draft(post, Character(id="c1", name="Mira"), tuple(pieces), **usual | fields)


def a_clip(folder: Path, clips: int = 1, seconds: float = 12, **fields) -> Draft:
    """A draft with clips in place of pictures; their content is none."""
    pieces = []
    for number in range(clips):
        source = folder / f"source-{number}.mp4"
        source.write_bytes(b"mp4" + b"\0" * 64)
        size = {"width": 1080, "height": 1920, "seconds": seconds}
        asset = Asset(id=f"a{number}", kind="clip", file=source.name, recipe=Recipe(engine="reel"), **size)
        pieces.append(Piece(asset, source, f"mira-{number}", alt_text="A walk."))
    return replace(a_draft(folder, 0, **fields), pieces=tuple(pieces))


def what_it_takes(platform, folder: Path, count: int = 1, **fields) -> Draft:
    """Pictures, or clips where the platform takes nothing else."""
    takes = frozenset().union(*(kind.takes for kind in platform.spec.kinds))
    return a_draft(folder, count, **fields) if "image" in takes or not count else a_clip(folder, count, **fields)


def connected(platform, network) -> tuple[Account, Secret]:
    found = log_in(platform, network)
    account = Account(
        platform=platform.spec.id, handle=found.handle, public=dict(found.public), limits=dict(found.limits)
    )
    return account, Secret(found.secret)


def sent(platform, draft, account, secret, journal, clock) -> Receipt:
    """Submit and poll until it is out."""
    found = platform.submit(draft, account, secret, journal)
    for _ in range(20):
        if isinstance(found, Receipt):
            return found
        clock.go(found.seconds)
        step = platform.poll if journal.remote_id else platform.submit
        found = step(draft, account, secret, journal)
    raise AssertionError(f"never finished: {found}")


def levels(problems: list[Problem]) -> set[str]:
    return {one.level for one in problems}


@each
def test_it_describes_itself(platform):
    """Plain id, name, a sentence, what leaves the machine, how one connects, and reasons for what it cannot."""
    spec = platform.spec
    assert re.fullmatch(r"[a-z][a-z0-9-]*", spec.id)
    assert spec.name
    assert spec.summary.endswith(".")
    assert spec.sends
    assert platform.ready() is None or platform.ready().endswith(".")
    assert spec.kinds
    assert len({kind.id for kind in spec.kinds}) == len(spec.kinds)
    assert spec.can <= set(CAN)
    assert not spec.can & {name for name, _ in spec.cannot}
    assert all(reason.endswith(".") for _, reason in spec.cannot)
    assert bool(spec.metrics) == ("metrics" in spec.can)
    assert ("schedule" in spec.can) == bool(spec.schedule_s)
    assert bool(spec.key_lasts_s) <= (spec.idempotency == "key")
    for name in spec.can & {"edit", "delete", "metrics", "comments", "reply"}:
        assert callable(getattr(platform, name))
    if spec.connect.way != "none":
        assert spec.connect.steps
        assert all(step.endswith((".", ":")) for step in spec.connect.steps)
    if spec.connect.way == "fields":
        assert any(field.secret for field in spec.connect.fields)


@each
def test_a_good_draft_has_no_problems(platform, tmp_path):
    """Pictures, words, alt text and disclosure are enough."""
    assert platform.check(what_it_takes(platform, tmp_path)) == []


@each
def test_missing_words_are_warnings(platform, tmp_path):
    """An empty caption and a picture without alt text are said, not forbidden."""
    draft = what_it_takes(platform, tmp_path, caption="  ")
    silent = replace(draft, pieces=(replace(draft.pieces[0], alt_text=""),), hashtags=())
    found = platform.check(silent)
    assert levels(found) == {"warning"}
    described = any(kind.alt_longest for kind in platform.spec.kinds)
    assert {one.field for one in found} == {"caption", *(["alt_text"] if described else ())}
    assert all(str(one).startswith(one.message) for one in found)


@each
def test_missing_files_and_missing_honesty_are_errors(platform, tmp_path):
    """A lost file, no picture where one is needed, or no disclosure: nothing goes out."""
    if min(kind.media[0] for kind in platform.spec.kinds):
        assert "error" in levels(platform.check(what_it_takes(platform, tmp_path, 0)))
    draft = what_it_takes(platform, tmp_path)
    draft.pieces[0].source.unlink()
    assert [one.field for one in platform.check(draft)] == ["asset_ids"]
    assert "disclosure" in {one.field for one in platform.check(what_it_takes(platform, tmp_path, disclosure=" "))}


@each
def test_over_its_limits_is_refused_with_a_reason(platform, tmp_path):
    """Too many pictures, or a text one too long in the network's own counting, are errors that name the platform."""
    spec = platform.spec
    if spec.most_assets < 20:  # a post itself holds no more
        found = platform.check(what_it_takes(platform, tmp_path, spec.most_assets + 1))
        assert any(one.level == "error" and spec.name in one.message for one in found)
    rule = next(kind for kind in spec.kinds if kind.media[0] <= 1 <= kind.media[1]).text
    if 0 < rule.longest <= 10_000:  # a caption itself holds no more
        tail = len("\n\n#A #B\n\nMade with AI.")
        assert platform.check(what_it_takes(platform, tmp_path, caption="x" * (rule.longest - tail))) == []
        found = platform.check(what_it_takes(platform, tmp_path, caption="x" * (rule.longest - tail + 1)))
        assert any(one.level == "error" and "1 " in one.message and "too long" in one.message for one in found)


@each
def test_the_text_that_goes_out_ends_with_the_disclosure(platform, tmp_path):
    """Caption, hashtags, disclosure."""
    assert what_it_takes(platform, tmp_path).text == "Hello\n\n#A #B\n\nMade with AI."


def test_the_package_is_found_again_and_nothing_else_is(tmp_path):
    """After a crash the export package knows whether the draft got out."""
    platform, draft, journal = PLATFORMS[0], a_draft(tmp_path), Memory()
    anyone = Account(platform="export"), Secret({})
    assert platform.reconcile(draft, *anyone, journal, "").outcome == "absent"
    receipt = platform.submit(draft, *anyone, journal)
    assert journal.begun
    assert receipt.files
    assert all(path.is_file() for path in receipt.files)
    assert platform.reconcile(draft, *anyone, journal, "").receipt == receipt


# ---------------------------------------------------------------------- over a pretended network


@each_network
def test_connecting_tells_who_it_is_and_keeps_secrets_apart(case):
    """Nothing of a secret field is in what the document will hold; the test button answers with the same name."""
    platform, network, line, _ = case.start()
    found = log_in(platform, network)
    assert found.handle
    assert found.secret
    fields = [one.id for one in platform.spec.connect.fields if one.secret]
    for word in {network.values[one] for one in fields if network.values.get(one)} | set(found.secret.values()):
        assert word not in str(found)
    account, secret = connected(platform, network)
    assert platform.verify(account, secret).handle == found.handle
    assert not [one for one in line.seen if network.publishes(one)]


@each_network
def test_it_goes_out_once_with_everything(case, tmp_path):
    """Two pictures with alt text: begun before the request, the id kept after it, disclosed, and read back."""
    platform, network, line, clock = case.start()
    account, secret = connected(platform, network)
    draft, journal = what_it_takes(platform, tmp_path, min(2, platform.spec.most_assets), account=account), Memory()
    begun = []
    line.before = lambda request: network.publishes(request) and begun.append(bool(journal.begun))
    receipt = sent(platform, draft, account, secret, journal, clock)
    assert begun == [True]
    assert receipt.remote_id
    assert journal.remote_id == receipt.remote_id
    assert receipt.disclosed
    assert len(network.published()) == 1
    assert "Made with AI." in network.published()[0]
    line.seen.clear()
    again = platform.poll(draft, account, secret, journal)  # as after a crash before the receipt was kept
    assert isinstance(again, Later) or again.remote_id == receipt.remote_id
    assert not [one for one in line.seen if network.publishes(one)]


@each_network
def test_reconcile_never_posts_and_never_guesses(case, tmp_path):
    """Before: absent, or honestly unsure. After: posted with the same id, or honestly unsure."""
    platform, network, line, clock = case.start()
    account, secret = connected(platform, network)
    draft, journal = what_it_takes(platform, tmp_path, account=account), Memory()
    before = platform.reconcile(draft, account, secret, journal, clock.iso)
    assert before.outcome in ("absent", "unsure")
    receipt = sent(platform, draft, account, secret, journal, clock)
    line.seen.clear()
    after = platform.reconcile(draft, account, secret, journal, clock.iso)
    assert not [one for one in line.seen if network.publishes(one)]
    assert after.outcome != "absent"
    if after.outcome == "posted":
        assert after.receipt.remote_id == receipt.remote_id
    assert (after.outcome == "unsure") == (platform.spec.idempotency == "ask")
    assert len(network.published()) == 1


@each_network
def test_a_repeat_of_a_key_is_harmless(case, tmp_path):
    """Where the network drops repeats of a key, submitting again with the same journal gives the same post."""
    platform, network, line, clock = case.start()
    if platform.spec.idempotency != "key":
        pytest.skip("has no key")
    account, secret = connected(platform, network)
    draft, journal = what_it_takes(platform, tmp_path, account=account), Memory()
    first = sent(platform, draft, account, secret, journal, clock)
    assert sent(platform, draft, account, secret, Memory(journal.key), clock).remote_id == first.remote_id
    assert len(network.published()) == 1


@each_network
@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("refused", (Transient,)), ("timeout before", (Unknown,)), ("timeout after", (Unknown,)),
        ("dropped after", (Unknown,)), ("429", (RateLimited,)), ("500 after", (Unknown,)),
        ("unreadable after", (Unknown,)), ("forbidden", (Rejected,)), ("expired", (AuthExpired,)),
        ("revoked", (AuthExpired, AuthRevoked)),
    ],
)  # fmt: skip
def test_a_broken_line_is_named_for_what_may_be_done(case, fault, kinds, tmp_path):
    """Only when the post can be out is it Unknown, and then always; no text or traceback holds a secret."""
    platform, network, line, clock = case.start()
    account, secret = connected(platform, network)
    line.break_with(fault)
    with pytest.raises(PlatformError) as caught:
        sent(platform, what_it_takes(platform, tmp_path, account=account), account, secret, Memory(), clock)
    if not (isinstance(caught.value, AuthExpired) and AuthRevoked in kinds):
        assert isinstance(caught.value, kinds), caught.value
    if network.published():
        assert isinstance(caught.value, Unknown)
    assert caught.value.message.endswith(".")
    words = "".join(traceback.format_exception(caught.value)) + repr(secret) + str(caught.value.as_dict())
    for value in secret.values():
        assert value not in words


@each_network
def test_a_pause_that_is_asked_for_is_kept(case, tmp_path):
    """Retry-After comes through in seconds."""
    platform, network, line, clock = case.start()
    account, secret = connected(platform, network)
    line.break_with("429 for a while")
    with pytest.raises(RateLimited) as caught:
        sent(platform, what_it_takes(platform, tmp_path, account=account), account, secret, Memory(), clock)
    assert caught.value.wait == 90


@each_network
def test_new_tokens_are_kept_before_they_are_used(case):
    """A refresh hands every new value to the keychain; a broken line is no reason to disconnect."""
    platform, network, line, _ = case.start()
    if not platform.spec.connect.renews:
        pytest.skip("cannot renew")
    account, _ = connected(platform, network)
    kept = []
    secret = Secret(log_in(platform, network).secret, kept.append)
    if getattr(network, "renews_late", True):  # some renew only what still lives
        network.expire()
    line.break_with("refused", hits=lambda request: True)
    with pytest.raises(Transient):
        platform.refresh(account, secret)
    assert not kept
    platform.refresh(account, secret)
    assert kept[-1] == dict(secret)
    assert platform.verify(account, secret).handle


@each_network
def test_afterwards_it_does_what_it_says_it_can(case, tmp_path):
    """Numbers by the spec's names, where missing is None; comments; a reply; taken down, twice."""
    platform, network, _, clock = case.start()
    account, secret = connected(platform, network)
    receipt = sent(platform, what_it_takes(platform, tmp_path, account=account), account, secret, Memory(), clock)
    can = platform.spec.can
    if "metrics" in can:
        found = platform.metrics(receipt, account, secret)
        assert set(found) == set(platform.spec.metrics)
        assert all(value is None or isinstance(value, int | float) for value in found.values())
    if "comments" in can:
        comments, after = platform.comments(receipt, account, secret)
        assert isinstance(after, str)
        if "reply" in can and comments:
            assert platform.reply(comments[0].id, "Thank you", receipt, account, secret, Memory("k2")).remote_id
    if "delete" in can:
        platform.delete(receipt, account, secret)
        assert network.published() == []
        platform.delete(receipt, account, secret)
    assert Later(1).seconds == 1
