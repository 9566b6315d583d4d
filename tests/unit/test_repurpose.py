"""One picture for every network: each by its rules, with a sheet, and what cannot be made keeps no other back."""

import io
import os
import zipfile

import pytest
from PIL import Image

from studio.domain.asset import Asset, Rating, Recipe
from studio.domain.requests import PostRequest
from studio.errors import BadRequest, NotFound, StudioError
from studio.media import embed, xmp
from studio.platforms import PLATFORMS
from studio.services.repurpose import SHAPES, Repurpose
from tests.networks import CASES
from tests.networks.house import opened


@pytest.fixture
def asset(store, paths):
    path = paths.outputs / "mira" / "2026-11" / "mira.png"
    recipe = Recipe(engine="starter", prompt="secret words", character_name="Mira")
    embed.save_png(Image.effect_noise((900, 400), 60).convert("RGB"), path, recipe)
    return store.assets.add(Asset(file=paths.relative(path), width=900, height=400, recipe=recipe))


def test_every_network_and_shape_gets_what_it_takes(store, paths, asset):
    """Formats, sides, bytes and sizes as the specs say; the origin inside, the prompt not."""
    found = {one.id: one for one in Repurpose(store, paths).versions(asset.id)}
    takes = lambda spec: any("image" in kind.takes for kind in spec.kinds)
    networks = [one.spec for one in PLATFORMS if not one.spec.files and takes(one.spec)]
    assert len(networks) > 10
    assert list(found) == [*(one.id for one in networks), *(id for id, _, _ in SHAPES)]
    for spec in networks:
        rule = next(kind.image for kind in spec.kinds if "image" in kind.takes)
        one = found[spec.id]
        assert one.media_type in rule.formats
        assert one.bytes <= (rule.most_bytes or one.bytes)
        assert max(one.width, one.height) <= (rule.most_side or 10**6)
    for id, _, size in SHAPES:
        assert (found[id].width, found[id].height) == size
    for one in found.values():
        raw = one.path.read_bytes()
        assert xmp.TRAINED.encode() in raw
        assert b"secret words" not in raw


def test_the_zip_has_a_folder_and_a_sheet_per_picture(store, paths, asset):
    """Two of the same name lie apart; the sheet is a picture."""
    twin = store.assets.add(asset.model_copy(update={"id": "twin"}))
    with zipfile.ZipFile(Repurpose(store, paths).zip([asset.id, twin.id, asset.id], "blur")) as archive:
        names = archive.namelist()
        sheet = archive.read("mira/contact-sheet.jpg")
    assert {name.partition("/")[0] for name in names} == {"mira", "mira-2"}
    assert "mira-2/story.jpg" in names
    assert Image.open(io.BytesIO(sheet)).width > 800


def test_what_cannot_be_made_says_why_and_the_rest_is_made(store, paths, asset):
    """A mature picture goes to no network that forbids it; a missing one is named; a clip is no picture."""
    store.assets.update(asset.id, lambda one: setattr(one, "rating", Rating(level="mature")))
    repurpose = Repurpose(store, paths)
    found = {one.id: one for one in repurpose.versions(asset.id)}
    assert found["bluesky"].problem == "Bluesky does not take mature pictures."
    assert found["square"].path
    assert "path" not in found["square"].as_json()
    with pytest.raises(StudioError, match="mature"):
        repurpose.version(asset.id, "bluesky")
    with pytest.raises(NotFound, match="no version"):
        repurpose.version(asset.id, "../../etc")
    clip = store.assets.add(asset.model_copy(update={"id": "clip", "kind": "clip"}))
    with pytest.raises(StudioError, match="not a picture"):
        repurpose.versions(clip.id)
    with pytest.raises(BadRequest):
        repurpose.zip([])
    with pytest.raises(StudioError, match="At most"):
        repurpose.zip(str(number) for number in range(60))
    paths.inside(asset.file).unlink()
    with pytest.raises(NotFound):
        repurpose.versions(asset.id)


def test_old_renditions_are_swept(store, paths, asset):
    """What nobody asked for in a month goes; it is made again when somebody does."""
    repurpose = Repurpose(store, paths)
    one, other = repurpose.version(asset.id, "square"), repurpose.version(asset.id, "wide")
    os.utime(one.path, (1, 1))
    repurpose.sweep()
    assert not one.path.exists()
    assert other.path.exists()
    assert repurpose.version(asset.id, "square") == one
    assert one.path.exists()


def test_a_target_chooses_how_its_pictures_are_framed(store, paths, monkeypatch):
    """What a network does not take in its shape is said before, and cropped, or kept whole where its words say so."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(paths.data / "config"))
    case = next(one for one in CASES if one.id == "pixelfed")
    house = opened(store, paths, case)
    account = house.accounts[case.id].id
    asset = house.picture()
    Image.new("RGB", (1200, 100), "red").save(paths.inside(asset.file))
    store.assets.update(asset.id, lambda one: (setattr(one, "width", 1200), setattr(one, "height", 100)))
    sizes = {}
    for frame in ("crop", "blur"):
        post = house.publishing.draft(
            PostRequest(character_id=house.mira.id, asset_ids=[asset.id], targets=[account], caption="Rain",
                        alt_text={asset.id: "Red."}, words={account: {"frame": frame}})
        )  # fmt: skip
        problems = house.publishing.problems(post.id)
        assert ["too wide" in one.message and one.level for one in problems] == ["warning"]
        post = house.publishing.approve(post.id, "Ann")
        house.publishing.publish(post.id)
        house.run(minutes=5)
        media = list(house.networks[case.id].media.values())[-1]
        with Image.open(io.BytesIO(media["bytes"])) as picture:
            sizes[frame] = picture.size
    assert sizes == {"crop": (500, 100), "blur": (1200, 240)}
