"""Posts: drafted, approved, published once, and whole; captions as a service."""

import hashlib
import json
import subprocess
import sys
import textwrap
import threading
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from studio.domain.asset import Asset, Recipe
from studio.domain.character import Character
from studio.domain.requests import CaptionRequest, PostPatch, PostRequest
from studio.errors import Conflict, NoSpace, NotFound, StudioError
from studio.media import embed, xmp
from studio.paths import Paths
from studio.platforms import Receipt
from studio.platforms.export import Export
from studio.services.captions import Captions
from studio.services.publishing import Publishing
from studio.settings import Settings
from studio.store import Store

HOSTILE = "../CON: <script>alert('x')</script> ‏שלום‏ 🦊 " + "ü" * 300


@pytest.fixture
def publishing(store, paths):
    return Publishing(store, paths, Settings(paths, {}))


def character(store, name="Mira Vale") -> Character:
    return store.characters.add(Character(name=name))


def picture(store, paths, owner: Character | None, state="approved", **fields) -> Asset:
    recipe = Recipe(
        engine="starter", prompt="red coat, 夜市", seed=7, outfit="red coat", place="night market", parents=["p"]
    )
    asset = Asset(file="x", width=32, height=24, character_id=owner.id if owner else None, recipe=recipe, state=state)
    path = paths.month(asset.character_id, "2026-11") / f"{asset.id}.png"
    embed.save_png(Image.linear_gradient("L").resize((32, 24)).convert("RGB"), path, recipe)
    asset.file, asset.sha256 = paths.relative(path), hashlib.sha256(path.read_bytes()).hexdigest()
    for name, value in fields.items():
        setattr(asset, name, value)
    return store.assets.add(asset)


def drafted(publishing, owner: Character, *assets: Asset, **fields):
    usual = {"caption": "Hello there", "hashtags": ["#Rain", "market"], "title": "Rainy night"}
    alt = {asset.id: f"Picture {number}." for number, asset in enumerate(assets)}
    ids = [asset.id for asset in assets]
    return publishing.draft(PostRequest(character_id=owner.id, asset_ids=ids, **{"alt_text": alt} | usual | fields))


@pytest.fixture
def ready(store, paths, publishing):
    """An approved post with two pictures."""
    mira = character(store)
    post = drafted(publishing, mira, picture(store, paths, mira), picture(store, paths, None))
    return publishing.approve(post.id, "Ann")


def packages(paths: Paths) -> list[str]:
    return sorted(path.name for path in paths.exports().iterdir()) if paths.exports().exists() else []


def test_the_package_has_all_one_needs_to_post_by_hand(publishing, paths, ready):
    """Pictures in order, caption with hashtags and disclosure, alt text, a record with lineage, and the zip."""
    post = publishing.publish(ready.id, "Ann")
    assert post.state == "published"
    folder = paths.inside(post.files[0]).parent
    assert folder.parent == paths.exports()
    assert folder.name.endswith("_Mira-Vale_Rainy-night")
    names = [Path(name).name for name in post.files]
    first, second = "01_Mira-Vale-red-coat-night-market.png", "02_Mira-Vale-red-coat-night-market.png"
    assert names == [first, second, "alt.txt", "caption.txt", "post.json", f"{folder.name}.zip"]
    disclosure = "Made with AI. Mira Vale is a fictional character."
    assert (folder / "caption.txt").read_text("utf-8") == f"Hello there\n\n#Rain #market\n\n{disclosure}\n"
    assert (folder / "alt.txt").read_text("utf-8") == f"{first}\nPicture 0.\n\n{second}\nPicture 1.\n"
    record = json.loads((folder / "post.json").read_text("utf-8"))
    assert record["schema"] == 1
    assert record["post"]["id"] == post.id
    assert record["disclosure"]["line"] == disclosure
    assert record["disclosure"]["in_metadata"] == [first, second]
    assert [one["id"] for one in record["assets"]] == post.asset_ids
    assert record["assets"][0]["recipe"]["seed"] == 7
    assert record["assets"][0]["parents"] == ["p"]
    assert [event["what"] for event in record["history"]][:2] == ["Drafted", "Approved"]
    for name, digest in record["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    with zipfile.ZipFile(paths.inside(post.files[-1])) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [f"{folder.name}/{name}" for name in names[:-1]]


@pytest.mark.parametrize(("form", "ending"), [("png", "png"), ("jpeg", "jpg"), ("webp", "webp")])
def test_exported_pictures_say_they_are_ai_made_and_keep_their_recipe(publishing, paths, ready, form, ending):
    """In every format a second reader finds the digital source type, and ours the recipe and the alt text."""
    post = publishing.publish(ready.id, export_format=form)
    path = paths.inside(post.files[0])
    assert path.suffix == f".{ending}"
    image = Image.open(path)
    packet = image.info["xmp"].decode() if form != "png" else image.text["XML:com.adobe.xmp"]
    about = ET.fromstring(packet).find(".//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    assert about.find("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType").text == xmp.TRAINED
    assert "Picture 0." in packet
    assert "Made with AI. Mira Vale is a fictional character." in packet
    assert embed.read_recipe(path).seed == 7


def test_history_says_what_when_and_by_whom(publishing, ready):
    """Every step of the way is a line."""
    post = publishing.publish(ready.id, "Bo")
    assert [(event.what, event.by) for event in post.history] == [
        ("Drafted", ""),
        ("Approved", "Ann"),
        ("Publishing to Export package", "Bo"),
        ("Published", "Bo"),
    ]
    assert [event.at for event in post.history] == sorted(event.at for event in post.history)


def test_publishing_twice_changes_nothing(publishing, paths, ready):
    """The second time the post comes back as it is, and there is one package."""
    first = publishing.publish(ready.id, "Ann")
    assert publishing.publish(ready.id, "Bo") == first
    assert len(packages(paths)) == 2


def test_ten_threads_publishing_at_once_make_one_package(publishing, paths, ready):
    """Whoever comes second waits, and gets the same post."""
    found = []
    threads = [threading.Thread(target=lambda: found.append(publishing.publish(ready.id))) for _ in range(10)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(found) == 10
    assert all(post == found[0] for post in found)
    assert len(packages(paths)) == 2


def test_posts_with_the_same_title_get_places_of_their_own(publishing, store, paths):
    """Even when they go out at the same moment."""
    mira = character(store)
    posts = [drafted(publishing, mira, picture(store, paths, mira)) for _ in range(4)]
    for post in posts:
        publishing.approve(post.id)
    threads = [threading.Thread(target=publishing.publish, args=(post.id,)) for post in posts]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    done = [publishing.get(post.id) for post in posts]
    assert {post.state for post in done} == {"published"}
    assert len({post.files[0] for post in done}) == 4
    assert len(packages(paths)) == 8


def test_a_draft_cannot_go_out(publishing, store, paths):
    """Approval comes first."""
    mira = character(store)
    post = drafted(publishing, mira, picture(store, paths, mira))
    with pytest.raises(Conflict, match="not approved"):
        publishing.publish(post.id)
    assert publishing.get(post.id).state == "draft"


def test_every_picture_must_be_approved(publishing, store, paths):
    """A draft may hold new pictures; approving it, and publishing it later, needs each to be approved."""
    mira = character(store)
    good, new = picture(store, paths, mira), picture(store, paths, mira, "new")
    post = drafted(publishing, mira, good, new)
    assert any(problem.level == "error" and "1 of the 2" in str(problem) for problem in publishing.problems(post.id))
    with pytest.raises(Conflict, match="1 of the 2 pictures is not approved") as caught:
        publishing.approve(post.id)
    assert "Review" in caught.value.hint
    store.assets.update(new.id, lambda asset: setattr(asset, "state", "approved"))
    publishing.approve(post.id)
    store.assets.update(good.id, lambda asset: setattr(asset, "state", "rejected"))
    with pytest.raises(Conflict):
        publishing.publish(post.id)
    assert publishing.get(post.id).state == "approved"


def test_rejected_trashed_and_foreign_pictures_do_not_get_into_a_draft(publishing, store, paths):
    """And unknown ones, unknown characters and unknown targets neither."""
    mira, other = character(store), character(store, "Other")
    for asset, kind in (
        (picture(store, paths, mira, "rejected"), Conflict),
        (picture(store, paths, mira, "trashed"), Conflict),
        (picture(store, paths, other), StudioError),
    ):
        with pytest.raises(kind):
            drafted(publishing, mira, asset)
    good = picture(store, paths, mira)
    with pytest.raises(NotFound):
        publishing.draft(PostRequest(character_id=mira.id, asset_ids=["nope"]))
    with pytest.raises(NotFound):
        publishing.draft(PostRequest(character_id="nope", asset_ids=[good.id]))
    with pytest.raises(StudioError, match="no target") as caught:
        drafted(publishing, mira, good, targets=["moon"])
    assert caught.value.field == "targets"


def test_a_lost_file_stops_approval_with_a_reason(publishing, store, paths):
    """What cannot go out cannot be approved."""
    mira = character(store)
    asset = picture(store, paths, mira)
    post = drafted(publishing, mira, asset)
    paths.inside(asset.file).unlink()
    with pytest.raises(StudioError, match="missing"):
        publishing.approve(post.id)


def test_a_post_of_a_deleted_character_can_be_read_and_put_away(publishing, store, ready):
    """It says what is wrong and goes nowhere; it is not a page that breaks."""
    store.characters.remove(ready.character_id)
    assert "was deleted" in str(publishing.problems(ready.id)[0])
    with pytest.raises(Conflict, match="was deleted"):
        publishing.publish(ready.id)
    assert publishing.update(ready.id, PostPatch(title="x")).title == "x"
    assert publishing.trash(ready.id).trashed_at


def test_a_post_that_cannot_be_reconciled_does_not_keep_the_studio_closed(publishing, store, paths, ready, monkeypatch):
    """The disk fails while looking for an interrupted package: the studio starts, the post stays as it was."""

    def caught(post):
        post.targets[0].state, post.targets[0].begun_at = "submitting", "2026-11-25T12:00:00.000Z"
        post.targets[0].place = "outputs/exports/x"

    store.posts.update(ready.id, caught)

    def failing(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Export, "reconcile", failing)
    assert Publishing(store, paths).get(ready.id).targets[0].state == "submitting"


def test_changing_an_approved_post_needs_approval_again(publishing, ready):
    """A change returns it to draft; saving it unchanged does not."""
    same = publishing.update(ready.id, PostPatch(caption=ready.caption.text, title=ready.title))
    assert (same.state, same.revision) == ("approved", ready.revision)
    post = publishing.update(ready.id, PostPatch(caption="Other words", hashtags=["a b", "#AB", "c"]), by="Ann")
    assert post.state == "draft"
    assert post.caption.hashtags == ["ab", "c"]
    assert post.history[-1].what == "Changed; back to draft"


def test_dropping_a_picture_drops_its_alt_text(publishing, ready):
    """Alt text belongs to the pictures of the post."""
    post = publishing.update(ready.id, PostPatch(asset_ids=ready.asset_ids[:1]))
    assert list(post.caption.alt_text) == ready.asset_ids[:1]


def test_a_published_post_is_finished(publishing, ready):
    """It cannot be changed, approved or taken back."""
    publishing.publish(ready.id)
    for change in (
        lambda: publishing.update(ready.id, PostPatch(caption="x")),
        lambda: publishing.approve(ready.id),
        lambda: publishing.unapprove(ready.id),
    ):
        with pytest.raises(Conflict, match="published"):
            change()


def test_unapprove_and_trash_are_undone(publishing, ready):
    """Back to draft and approved again; trashed and restored in the state it had."""
    assert publishing.unapprove(ready.id, "Ann").state == "draft"
    assert publishing.approve(ready.id).state == "approved"
    assert publishing.trash(ready.id).trashed_at
    with pytest.raises(Conflict, match="trash"):
        publishing.publish(ready.id)
    assert publishing.list() == []
    assert [post.id for post in publishing.list(trashed=True)] == [ready.id]
    assert publishing.restore(ready.id).state == "approved"
    publishing.trash(ready.id)
    publishing.delete_forever(ready.id)
    with pytest.raises(NotFound):
        publishing.get(ready.id)


def test_the_list_filters_and_is_newest_first(publishing, store, paths):
    """By character and state."""
    mira, other = character(store), character(store, "Other")
    posts = [drafted(publishing, who, picture(store, paths, who)) for who in (mira, other, mira)]
    publishing.approve(posts[0].id)
    assert [post.id for post in publishing.list()] == [post.id for post in reversed(posts)]
    assert [post.id for post in publishing.list(character_id=mira.id)] == [posts[2].id, posts[0].id]
    assert [post.id for post in publishing.list(state="approved")] == [posts[0].id]


def test_hostile_names_make_safe_files_and_whole_texts(publishing, store, paths):
    """Separators, device names, markup, direction marks and 300 letters stay out of file names and in the caption."""
    nasty = character(store, HOSTILE[:80])
    post = drafted(publishing, nasty, picture(store, paths, nasty), title=HOSTILE[:200], caption=HOSTILE)
    publishing.approve(post.id)
    post = publishing.publish(post.id)
    for name in post.files:
        path = paths.inside(name)
        assert path.is_file()
        assert path.parent in (paths.exports(), paths.inside(post.files[0]).parent)
        for part in Path(name).parts:
            assert len(part) <= 110
            assert not set(part) & set('<>:"|?*\\\u200f')
            assert part == part.strip(" .")
    text = (paths.inside(post.files[0]).parent / "caption.txt").read_text("utf-8")
    assert HOSTILE.strip() in text


def test_the_disclosure_is_never_empty(publishing, store, paths):
    """Cleared by hand, it is the usual line again; braces in a name are only letters."""
    braces = character(store, "{name} {0}")
    post = drafted(publishing, braces, picture(store, paths, braces), disclosure="")
    assert post.disclosure == "Made with AI. {name} {0} is a fictional character."
    assert publishing.update(post.id, PostPatch(disclosure="")).disclosure == post.disclosure
    assert publishing.disclosure(braces.id) == post.disclosure


def test_a_photograph_brought_in_is_not_called_ai_made(publishing, store, paths):
    """Honesty works both ways: a picture of unknown origin gets no AI source type."""
    mira = character(store)
    photo = picture(store, paths, mira, imported=True, recipe=Recipe())
    post = drafted(publishing, mira, photo)
    publishing.approve(post.id)
    post = publishing.publish(post.id)
    folder = paths.inside(post.files[0]).parent
    assert b"DigitalSourceType" not in paths.inside(post.files[0]).read_bytes()
    assert json.loads((folder / "post.json").read_text("utf-8"))["disclosure"]["in_metadata"] == []


def test_a_full_disk_leaves_no_half_package(publishing, paths, ready, monkeypatch):
    """The post is failed and says why; it can be published again when there is room."""

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("studio.platforms.export._zip", full)
        with pytest.raises(NoSpace):
            publishing.publish(ready.id)
    post = publishing.get(ready.id)
    assert (post.state, post.error["code"]) == ("failed", "no_space")
    assert packages(paths) == []
    assert publishing.publish(ready.id).state == "published"
    assert len(packages(paths)) == 2


def test_a_bug_while_publishing_is_not_swallowed(publishing, paths, ready, monkeypatch):
    """It goes through to the guard, and the post is failed instead of stuck."""
    monkeypatch.setattr(Export, "_fill", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publishing.publish(ready.id)
    assert publishing.get(ready.id).state == "failed"
    assert publishing.get(ready.id).targets[0].begun_at is None
    assert packages(paths) == []


CRASH = """
    import os, sys
    from pathlib import Path
    from studio.paths import Paths
    from studio.platforms import export
    from studio.services.publishing import Publishing
    from studio.services.sending import Sender
    from studio.store import Store

    paths = Paths(Path(sys.argv[1]))
    publishing = Publishing(Store.open(paths), paths)
    before, name = sys.argv[3].split()
    if name == "receipt":
        Sender._received = lambda *_: os._exit(9)
    else:
        usual = getattr(export, name)
        def crash(*values):
            if before == "before":
                os._exit(9)
            usual(*values)
            os._exit(9)
        setattr(export, name, crash)
    publishing.publish(sys.argv[2])
"""


@pytest.mark.parametrize("moment", ["after _write", "after _zip", "before receipt"])
def test_after_a_crash_the_post_is_out_or_approved_again_and_nothing_is_half(tmp_path, moment):
    """A process that dies at any step of exporting leaves a whole package or none, and never a second one."""
    paths = Paths(tmp_path)
    with Store.open(paths) as store:
        publishing = Publishing(store, paths)
        mira = character(store)
        post = drafted(publishing, mira, picture(store, paths, mira))
        publishing.approve(post.id)
    script = [sys.executable, "-c", textwrap.dedent(CRASH), str(tmp_path), post.id, moment]
    died = subprocess.run(script, cwd=Path(__file__).parents[2], capture_output=True, timeout=60)
    assert died.returncode == 9, died.stderr.decode()
    with Store.open(paths) as store:
        assert store.posts.get(post.id).targets[0].lease
        publishing = Publishing(store, paths)
        found = publishing.get(post.id)
        assert found.targets[0].lease is None
        if moment == "before receipt":
            assert found.state == "published"
            assert all(paths.inside(name).is_file() for name in found.files)
        else:
            assert found.state == "approved"
            assert "interrupted" in found.history[-1].what
            assert packages(paths) == []
        assert publishing.publish(post.id).state == "published"
        assert len(packages(paths)) == 2
        assert Publishing(store, paths).get(post.id).state == "published"


def test_while_it_is_going_out_nobody_can_change_it(store, paths):
    """A change, an approval or the trash has to wait."""
    held, go = threading.Event(), threading.Event()

    class Slow(Export):
        def submit(self, *given) -> Receipt:
            held.set()
            go.wait(10)
            return super().submit(*given)

    publishing = Publishing(store, paths, platforms=(Slow(),))
    mira = character(store)
    post = drafted(publishing, mira, picture(store, paths, mira))
    publishing.approve(post.id)
    thread = threading.Thread(target=publishing.publish, args=(post.id,))
    thread.start()
    assert held.wait(10)
    for change in (
        lambda: publishing.update(post.id, PostPatch(caption="x")),
        lambda: publishing.unapprove(post.id),
        lambda: publishing.trash(post.id),
    ):
        with pytest.raises(Conflict, match="right now"):
            change()
    go.set()
    thread.join()
    assert publishing.get(post.id).state == "published"


def test_an_unknown_format_is_refused(publishing, ready):
    """Pictures go out as png, jpeg or webp."""
    with pytest.raises(StudioError, match="png, jpeg or webp"):
        publishing.publish(ready.id, export_format="gif")


def test_captions_know_whose_pictures_they_are(store, paths):
    """Character and assets must exist and belong together; the trash is silent; the writer must be known."""
    mira, other = character(store), character(store, "Other")
    own, free, foreign = picture(store, paths, mira), picture(store, paths, None), picture(store, paths, other)
    captions = Captions(store)
    ask = lambda *ids, who=mira.id, **more: captions.write(CaptionRequest(character_id=who, asset_ids=ids), **more)
    assert len(ask(own.id, free.id)) == 5
    assert set(ask(own.id, own.id, free.id)[0].alt_text) == {own.id, free.id}
    with pytest.raises(StudioError, match="does not show Mira Vale"):
        ask(foreign.id)
    with pytest.raises(NotFound):
        ask("nope")
    with pytest.raises(NotFound):
        ask(own.id, who="nope")
    with pytest.raises(NotFound, match="no writer"):
        ask(own.id, writer="nope")
    store.assets.update(own.id, lambda asset: setattr(asset, "state", "trashed"))
    with pytest.raises(Conflict, match="trash"):
        ask(own.id)
