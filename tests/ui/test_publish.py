"""Publish: the form is the post, captions are offered and kept, and the way from draft to published."""

import gradio as gr
import pytest

from studio.domain.requests import AssetPatch, PostRequest
from studio.errors import StudioError
from studio.ui.tabs.publish import MOST_PICTURES, published, tagged, untagged


@pytest.fixture
def tab(tabs):
    return tabs["publish"]


@pytest.fixture
def approved(studio, made):
    ids = made(2)
    studio.review.patch_many(ids, AssetPatch(state="approved"))
    return ids


@pytest.fixture
def form():
    """The publish form's values for these pictures."""

    def form(ids, **changed):
        alt = {f"alt_{n}": "" for n in range(MOST_PICTURES)}
        return {"post_id": None, "asset_ids": ids, "caption": "Hi", "hashtags": "#rain", "name": "", "disclosure": "",
                "targets": ["export"], "export_format": "png", **alt, **changed}  # fmt: skip

    return form


@pytest.fixture
def saved(tab):
    """The post id among the editor's values."""
    return lambda editor: editor[1]


def test_the_form_is_the_post(form):
    """Every field of a post can be set in the form."""
    named = {"name": "title"}
    fields = {named.get(name, name) for name in form([]) if not name.startswith("alt_")}
    wanted = set(PostRequest.model_fields) - {"character_id", "alt_text", "words"}
    assert wanted == fields - {"post_id", "export_format"}


def test_from_draft_to_package(tab, studio, mira, approved, form, saved, person, toasts):
    """Save, approve, publish: the package is on the disk and the post cannot be changed any more."""
    post_id = saved(tab.keep(mira.id, "", **form(approved)))
    tab.accept(mira.id, "", person, **form(approved, post_id=post_id, alt_0="A woman waving"))
    tab.send(mira.id, "", person, **form(approved, post_id=post_id))
    post = studio.publishing.get(post_id)
    assert post.state == "published"
    assert post.caption.alt_text[approved[0]] == "A woman waving"
    assert all(studio.paths.inside(one).is_file() for one in post.files)
    assert "Published on" in published(post)
    with pytest.raises(StudioError, match="cannot be changed"):
        tab.keep(mira.id, "", **form(approved, post_id=post_id, caption="Other"))


def test_what_is_not_approved_does_not_go_out(tab, mira, made, form, saved, person, toasts):
    """A post with a new picture can be drafted, and says why it cannot be approved."""
    ids = made(1)
    editor = tab.keep(mira.id, "", **form(ids))
    assert any("not approved" in str(one) for one in editor if isinstance(one, str))
    with pytest.raises(StudioError, match="not approved"):
        tab.accept(mira.id, "", person, **form(ids, post_id=saved(editor)))


def test_captions_are_five_and_repeatable(tab, mira, approved):
    """The same seed writes the same five; pressing again writes others."""
    first, _, seed = tab.write_captions(mira.id, approved, "", 0)
    again, *_ = tab.write_captions(mira.id, approved, "", 0)
    other, *_ = tab.write_captions(mira.id, approved, "", seed)
    assert len({one["text"] for one in first}) == 5
    assert first == again
    assert first != other


def test_choosing_a_caption_keeps_alt_text_that_was_typed(tab, mira, approved, event, form, given):
    """The writer's alt text fills only boxes that are empty."""
    variants, *_ = tab.write_captions(mira.id, approved, "", 0)
    alt = {name: value for name, value in form(approved, alt_0="My own").items() if name.startswith("alt_")}
    caption, hashtags, _, *boxes = tab.use_variant(event(index=1), variants, approved, **alt)
    assert caption == variants[1]["text"]
    assert hashtags.startswith("#")
    assert given(boxes[0])["value"] == "My own"
    assert given(boxes[1])["value"] == variants[1]["alt_text"][approved[1]]
    assert not given(boxes[2])["visible"]


def test_words_from_the_desk_go_where_they_belong(tab, approved, event, form, given):
    """A caption with its tags, a title, hashtags, an alt text: each into its field, the others stay."""
    typed = {name: value for name, value in form(approved).items() if name.startswith("alt_")}
    typed |= {"asset_ids": approved, "caption": "Old", "hashtags": "#old", "name": "Mine"}
    take = lambda **words: tab.take_words(event(**words), **typed)
    caption, tags, name, first, *_ = take(into="caption", text="New", hashtags=["#a"], alt={approved[0]: "A pier"})
    assert (caption, tags, name, given(first)["value"]) == ("New", "#a", "Mine", "A pier")
    assert take(into="title", text="T")[:3] == ["Old", "#old", "T"]
    assert take(into="hashtags", text="#b", hashtags=["#b"])[:3] == ["Old", "#b", "Mine"]
    answer = take(into="alt", text="x", alt={approved[1]: "Two", "somebody-elses": "no"})
    assert (answer[:3], given(answer[4])["value"]) == (["Old", "#old", "Mine"], "Two")


def test_pictures_keep_the_order_they_were_chosen_in(tab, approved, event, form):
    """The second picture that is clicked is the second of the post."""
    alt = {name: "" for name in form([]) if name.startswith("alt_")}
    one, two = approved
    ids, *_ = tab.choose(event(ids=[two]), [], **alt)
    ids, *_ = tab.choose(event(ids=[one, two]), ids, **alt)
    assert ids == [two, one]


def test_more_pictures_are_offered_and_no_chosen_one_is_lost(tab, mira, approved, form, monkeypatch):
    """What is chosen but older than what is offered stands first, so that it can be taken out again."""
    monkeypatch.setattr("studio.ui.tabs.publish.OFFERED", 1)
    newest, older = [one["id"] for one in tab._approved(mira.id, [], 2)["pictures"]]
    offer = tab._approved(mira.id, [older], 1)
    assert ([one["id"] for one in offer["pictures"]], offer["selected"], offer["more"]) == ([older, newest], [older], 1)
    offered, offer = tab.offer_more(mira.id, [], 1)
    assert (offered, [one["id"] for one in offer["pictures"]], offer["more"]) == (2, [newest, older], 0)
    assert offer["selected"] is None


def test_a_post_needs_pictures_and_a_character(tab, mira, form):
    """What is missing is named."""
    with pytest.raises(StudioError, match="No pictures"):
        tab.keep(mira.id, "", **form([]))
    with pytest.raises(StudioError, match="No character"):
        tab.keep("", "", **form(["x"]))


def test_trash_and_restore(tab, studio, mira, approved, form, saved, toasts):
    """A post goes to the trash and comes back as it was."""
    post_id = saved(tab.keep(mira.id, "", **form(approved)))
    tab.discard(mira.id, "", **form(approved, post_id=post_id))
    assert [one["state"] for one in tab._posts(mira.id, "trashed", None)["posts"]] == ["trashed"]
    tab.bring_back(mira.id, "", **form(approved, post_id=post_id))
    assert studio.publishing.get(post_id).trashed_at is None


def test_pictures_of_two_characters_are_no_post(tab, studio, mira, made):
    """A post belongs to one character."""
    from studio.domain.requests import ImageRequest

    view = studio.images.start(None, ImageRequest(prompt="a fox"))
    ids = [*made(1), *studio.queue.finished(view.id, 30).assets]
    with pytest.raises(StudioError, match="different characters"):
        tab.arrive(ids, mira.id, "")


def test_hashtags_have_one_sign():
    """However they are typed, each has one # and none is repeated."""
    assert tagged(untagged("##a, b #a  #")) == ["#a", "#b"]


def test_what_is_published_offers_no_writing(tab, mira, approved, form, saved, person, toasts, given):
    """The row that writes captions is there for drafts, and gone for what went out."""
    editor = tab.keep(mira.id, "", **form(approved))
    writing = lambda editor: given(next(one for one in editor if isinstance(one, gr.Row)))["visible"]
    assert writing(editor)
    tab.accept(mira.id, "", person, **form(approved, post_id=saved(editor)))
    editor = tab.send(mira.id, "", person, **form(approved, post_id=saved(editor)))
    assert not writing(editor)


@pytest.fixture
def networked(paths, engine, monkeypatch, tmp_path):
    """The page over a studio with one pretended network, its tabs, and the network."""
    import httpx

    from studio.platforms.export import Export
    from studio.services.engine_use import EngineUse
    from studio.services.studio import build
    from studio.settings import Settings
    from studio.ui import shell
    from tests.fakes import FakeDevice
    from tests.networks.base import Clock, Faulty
    from tests.networks.example import Example, ExampleNetwork

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    network, settings = ExampleNetwork("ask"), Settings(paths, {})
    line = Faulty(network)
    platforms = (Export(), Example("ask", client=httpx.Client(transport=line), clock=Clock()))
    with build(paths, settings, use=EngineUse(settings, (engine,), FakeDevice()), platforms=platforms) as studio:
        studio.queue.start()
        yield studio, shell.draw(studio)[1]["publish"], network, line


def test_an_account_is_connected_planned_for_and_asked_about(networked, form, person, toasts, given):
    """Steps and fields of the network; its own words; a time; and the two answers when only a person can tell."""
    from studio.domain.requests import ImageRequest

    studio, tab, network, line = networked
    mira = studio.characters.create({"name": "Mira"})
    job = studio.images.start(mira.id, ImageRequest(prompt="waving"))
    ids = list(studio.queue.finished(job.id, 30).assets)
    studio.review.patch_many(ids, AssetPatch(state="approved"))
    section = tab.accounts
    asked = section.how("example-ask")
    assert "App passwords, at Example" in asked[0]
    assert [given(one)["visible"] for one in asked[1:7]] == [True, False, False, True, False, False]
    typed = {f"open_{n}": "" for n in range(3)} | {f"hidden_{n}": "" for n in range(3)}
    typed |= {"open_0": network.values["server"], "hidden_0": network.values["password"]}
    answer = section.log_in(person, mira.id, "example-ask", True, **typed)
    assert "planted-secret" not in str([given(one) for one in answer])
    (account,) = [one for one in studio.accounts.list(mira.id) if one.id != "export"]
    section.save(mira.id, account.id, "Mon 18:30, wed 9:00 21:15", "Europe/Berlin", 3, 30)
    assert studio.accounts.get(account.id).slots == {"0": ["18:30"], "2": ["09:00", "21:15"]}
    with pytest.raises(StudioError, match="no weekday"):
        section.save(mira.id, account.id, "Someday 18:30", "UTC", 0, 0)

    values = form(ids, targets=[account.id])
    post_id = tab.keep(mira.id, "", **values)[1]
    values |= {"post_id": post_id}
    tab.keep_own(mira.id, "", account.id, "Only here", **values)
    tab.accept(mira.id, "", person, **values)
    tab.next_slot(mira.id, "", person, **values)
    assert studio.publishing.get(post_id).state == "scheduled"
    _, days = tab.look(mira.id, "UTC", 14, "")
    assert [one["id"] for one in days["posts"]] == [post_id]
    line.break_with("timeout after")
    tab.send(mira.id, "", person, **values)
    studio.publishing.sender.run_due()
    studio.store.posts.update(post_id, lambda post: setattr(post.targets[0], "next_at", None))
    editor = tab._editor(studio.publishing.get(post_id), mira.id, "failed")
    assert [one["id"] for one in editor[0]["posts"]] == [post_id]
    assert "unknown" in editor[-3]
    tab.is_there(mira.id, "", account.id, person, **values)
    assert studio.publishing.get(post_id).state == "published"
    assert network.published()[0].startswith("Only here")


def test_what_was_typed_is_kept_when_another_post_is_shown(tab, studio, mira, approved, form, saved, event, toasts):
    """A new post, another one, another character: the words are a draft, of the one they were written for."""
    tab.blank("", "", owner=mira.id, **form(approved, caption="Half a thought"))
    (kept,) = studio.publishing.list()
    assert (kept.caption.text, kept.character_id) == ("Half a thought", mira.id)
    changed = form(approved, post_id=kept.id, caption="A whole thought", hashtags="")
    tab.open(mira.id, "", event(id=kept.id), owner=mira.id, **changed)
    assert studio.publishing.get(kept.id).caption.text == "A whole thought"
    revision = studio.publishing.get(kept.id).revision
    tab.blank(mira.id, "", owner=mira.id, **changed)
    assert studio.publishing.get(kept.id).revision == revision
    tab.blank(mira.id, "", owner=mira.id, **form(approved, caption=" ", hashtags=""))
    assert len(studio.publishing.list()) == 1


def test_the_connect_form_has_a_box_for_every_field():
    """No network asks for more than the form shows: what it has no box for could not be given."""
    from studio.platforms import PLATFORMS
    from studio.ui.tabs.publish_accounts import BOXES

    assert len(PLATFORMS) > 10
    for platform in PLATFORMS:
        fields = platform.spec.connect.fields
        assert sum(one.secret for one in fields) <= BOXES, platform.spec.id
        assert sum(not one.secret for one in fields) <= BOXES, platform.spec.id
