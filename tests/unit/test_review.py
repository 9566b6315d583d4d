"""Review: judging, taking back, the trash, files, zips and imports."""

import zipfile

import pytest
from PIL import Image

from studio.domain.asset import Asset, Recipe
from studio.domain.requests import AssetFilter, AssetPatch
from studio.errors import BadRequest, Conflict, NotFound, StudioError
from studio.media.embed import read_recipe, save_png
from studio.services.review import Review
from studio.settings import Settings


@pytest.fixture
def judged():
    return []


@pytest.fixture
def review(store, paths, judged):
    return Review(store, paths, Settings(paths, {}), judged.append)


@pytest.fixture
def add(store, paths):
    """Adds an asset with a real file, and an original when asked."""

    def add(prompt="a fox", *, original=False, name="fox", **fields):
        folder = paths.month(None, "2026-11")
        folder.mkdir(parents=True, exist_ok=True)
        recipe = Recipe(engine="starter", prompt=prompt, seed=1)
        path = folder / f"{name}-{len(list(folder.iterdir()))}.png"
        save_png(Image.new("RGB", (40, 30), (90, 120, 60)), path, recipe)
        values = {"file": paths.relative(path), "width": 40, "height": 30, "recipe": recipe, **fields}
        if original:
            source = path.with_name(f"{path.stem}-original.png")
            source.write_bytes(path.read_bytes())
            values["original_file"] = paths.relative(source)
        return store.assets.add(Asset(**values))

    return add


def test_judging_can_be_taken_back_one_action_at_a_time(review, add):
    """Undo names what it took back; many assets in one action come back together."""
    one, two = add(), add()
    review.patch(one.id, AssetPatch(state="rejected", rejection_reason="Blurry"))
    review.patch_many([one.id, two.id, two.id], AssetPatch(state="approved"))
    assert [review.get(a.id).state for a in (one, two)] == ["approved", "approved"]
    assert review.get(one.id).rejection_reason == ""
    assert review.undo() == "approving 2 pictures"
    assert (review.get(one.id).state, review.get(one.id).rejection_reason) == ("rejected", "Blurry")
    assert review.get(two.id).state == "new"
    assert review.undo() == "rejecting 1 picture"
    assert review.get(one.id).state == "new"
    assert review.undo() is None


def test_undo_skips_what_was_deleted_and_keeps_fifty(review, add):
    """An action on assets that are gone is passed over; the oldest of more than fifty are forgotten."""
    one, two = add(), add()
    review.patch(two.id, AssetPatch(starred=True))
    review.trash([one.id])
    review.delete_forever([one.id])
    assert review.undo() == "starring 1 picture"
    for number in range(60):
        review.patch(two.id, AssetPatch(description=str(number)))
    undone = 0
    while review.undo():
        undone += 1
    assert (undone, review.get(two.id).description) == (50, "9")


def test_trash_and_restore_remember_the_state(review, add):
    """What was approved comes back approved; the trash is not in the library."""
    asset = add()
    review.patch(asset.id, AssetPatch(state="approved"))
    review.trash([asset.id])
    assert review.search().total == 0
    assert review.search(AssetFilter(state="trashed")).total == 1
    review.restore([asset.id])
    assert (review.get(asset.id).state, review.get(asset.id).previous_state) == ("approved", None)
    assert review.undo() == "restoring 1 picture"
    assert review.get(asset.id).state == "trashed"
    review.patch(asset.id, AssetPatch(state="new"))
    assert review.get(asset.id).previous_state is None


def test_approving_tells_whoever_wants_to_know(review, add, judged):
    """Once per approval, not for other changes."""
    asset = add()
    review.patch(asset.id, AssetPatch(starred=True))
    review.patch(asset.id, AssetPatch(state="approved"))
    review.patch(asset.id, AssetPatch(state="approved"))
    assert [one.id for one in judged] == [asset.id]


def test_tags_are_tidied_and_added(review, add):
    """Spaces, repeats and other capitals do not make new tags."""
    asset = add()
    review.patch(asset.id, AssetPatch(tags=["  Beach ", "beach", "", "sea  side"]))
    assert review.get(asset.id).tags == ["Beach", "sea side"]
    review.add_tags([asset.id], ["BEACH", "sun"])
    assert review.get(asset.id).tags == ["Beach", "sea side", "sun"]
    with pytest.raises(StudioError):
        review.add_tags([asset.id], [str(number) for number in range(80)])


def test_nothing_chosen_and_unknown_ids_are_said(review, add):
    """An unknown id changes none of the others."""
    asset = add()
    with pytest.raises(BadRequest):
        review.patch_many([], AssetPatch(starred=True))
    with pytest.raises(NotFound):
        review.patch_many([asset.id, "nobody"], AssetPatch(starred=True))
    assert review.get(asset.id).starred is False
    assert review.undo() is None


def test_deleting_for_good_takes_files_and_thumbnail_along(review, add, paths):
    """Only from the trash; then file, original and thumbnail are gone."""
    asset = add(original=True)
    files = [review.file(asset.id), review.original(asset.id), review.thumbnail(asset.id)]
    assert all(path.is_file() for path in files)
    with pytest.raises(Conflict):
        review.delete_forever([asset.id])
    assert files[0].is_file()
    review.trash([asset.id])
    assert review.delete_forever([asset.id]) == 1
    assert not any(path.exists() for path in files)


def test_emptying_the_trash_can_spare_the_recent(review, add):
    """Only what has been there for long enough goes."""
    review.trash([add().id, add().id])
    assert review.empty_trash(older_than_days=1) == 0
    assert review.empty_trash() == 2
    assert review.search(AssetFilter(state="trashed")).total == 0


def test_emptying_the_trash_does_not_stop_at_a_page(review, add, store, paths):
    """What has been there for long goes, also behind hundreds that were thrown away today."""
    old = add(state="trashed")
    for number in range(205):
        fields = {"state": "trashed", "recipe": Recipe()}
        store.assets.add(Asset(file=f"{old.file}-{number}", width=4, height=3, **fields))
    store.assets._stamped = lambda before, after, counted: after | {"updated_at": "2020-01-01T00:00:00Z"}
    store.assets.update(old.id, lambda one: setattr(one, "description", "thrown away long ago"))
    assert review.empty_trash(older_than_days=30) == 1
    assert review.search(AssetFilter(state="trashed")).total == 205
    assert not paths.inside(old.file).exists()


def test_a_document_never_leads_out_of_the_data_folder(review, add, store, tmp_path):
    """A hand-edited path cannot be read or deleted through the library."""
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    asset = add(file="../secret.png", state="trashed")
    for look in (review.file, review.thumbnail):
        with pytest.raises(StudioError):
            look(asset.id)
    assert review.delete_forever([asset.id]) == 1
    assert secret.is_file()


def test_a_missing_file_is_said(review, add):
    """The document stays; the thumbnail says what happened."""
    asset = add()
    review.file(asset.id).unlink()
    assert review.missing(review.get(asset.id))
    with pytest.raises(NotFound):
        review.thumbnail(asset.id)


@pytest.mark.parametrize(("kind", "suffix"), [("png", ".png"), ("jpeg", ".jpg"), ("webp", ".webp")])
def test_a_zip_holds_every_picture_with_its_recipe(review, add, kind, suffix, tmp_path):
    """In the chosen format, under different names, each still carrying its recipe; nothing temporary stays."""
    assets = [add(prompt=f"fox {number}") for number in range(2)]
    path = review.zip([one.id for one in assets], format=kind)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert len(set(names)) == 2
        assert all(name.endswith(suffix) for name in names)
        assert {read_recipe(archive.read(name)).prompt for name in names} == {"fox 0", "fox 1"}
    assert [one for one in path.parent.iterdir() if one != path] == []


def test_zips_are_swept_and_refused_in_words(review, add):
    """Yesterday's zip goes when a new one is made; unknown formats and missing files are said."""
    import os

    asset = add()
    old = review.zip([asset.id])
    os.utime(old, (1, 1))
    new = review.zip([asset.id])
    assert not old.exists()
    assert new.exists()
    with pytest.raises(StudioError):
        review.zip([asset.id], format="gif")
    review.file(asset.id).unlink()
    with pytest.raises(NotFound):
        review.zip([asset.id])
    assert not list(new.parent.glob("*.part"))


def test_an_imported_picture_keeps_its_recipe(review, tmp_path, paths):
    """A PNG from another studio joins with what it says about itself, and an unchanged file."""
    path = tmp_path / "<Ünïcode> CON.png" if __import__("os").name != "nt" else tmp_path / "Ünïcode.png"
    save_png(Image.new("RGB", (50, 40)), path, Recipe(engine="sdxl", prompt="a castle", seed=4))
    asset = review.import_picture(path)
    assert (asset.imported, asset.recipe.prompt, asset.width, asset.state) == (True, "a castle", 50, "new")
    assert review.file(asset.id).read_bytes() == path.read_bytes()
    assert asset.quality is not None
    assert review.search(AssetFilter(text="castle")).total == 1


def test_a_file_without_an_entry_can_be_adopted(review, add, store):
    """What a crash left is found, gets its entry where it lies, and is then no orphan any more."""
    asset = add(prompt="a lost fox")
    store.assets.remove(asset.id)
    (found,) = review.orphans()
    adopted = review.adopt(found)
    assert (adopted.file, adopted.recipe.prompt, adopted.imported) == (asset.file, "a lost fox", False)
    assert review.orphans() == []
    with pytest.raises(Conflict):
        review.adopt(found)


def test_an_orphan_is_adopted_with_its_original_where_it_lies(review, add, store, paths):
    """No file is copied or moved; a name relative to the data folder does as well; unknown ones are said."""
    asset = add(original=True)
    store.assets.remove(asset.id)
    before = sorted(paths.outputs.rglob("*.png"))
    assert [paths.relative(path) for path in review.orphans()] == [asset.file], "the original comes with its picture"
    adopted = review.adopt(asset.file)
    assert (adopted.file, adopted.original_file) == (asset.file, asset.original_file)
    assert sorted(paths.outputs.rglob("*.png")) == before
    assert review.orphans() == []
    with pytest.raises(NotFound):
        review.adopt("outputs/_no-character/2026-11/nobody.png")


def test_a_picture_that_cannot_be_scored_is_kept(review, tmp_path, monkeypatch):
    """A failing opinion leaves no file without an entry."""
    from pipelines import quality

    monkeypatch.setattr(quality, "score", lambda image: 1 / 0)
    path = tmp_path / "a.png"
    save_png(Image.new("RGB", (50, 40)), path, Recipe())
    assert review.import_picture(path).quality is None
    assert review.orphans() == []


def test_what_is_no_picture_is_not_imported(review, tmp_path, paths):
    """A renamed text file, an unknown character: refused, and nothing is left in outputs."""
    text, picture = tmp_path / "a.png", tmp_path / "b.gif"
    text.write_text("hello")
    Image.new("P", (9, 9)).save(picture)
    with pytest.raises(StudioError):
        review.import_picture(text)
    with pytest.raises(NotFound):
        review.import_picture(picture, "nobody")
    assert not list(paths.outputs.rglob("*.png"))
    assert review.file(review.import_picture(picture).id).suffix == ".png"


def test_reasons_are_a_short_tidy_list(review):
    """Empty and repeated ones go; a long list is refused."""
    assert review.reasons()
    assert review.set_reasons([" Hands ", "", "Hands", "Eyes"]) == ["Hands", "Eyes"]
    assert review.reasons() == ["Hands", "Eyes"]
    with pytest.raises(StudioError):
        review.set_reasons([str(number) for number in range(50)])
