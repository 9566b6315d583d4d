"""The encoders for real: which one is asked, what they say of the samples, of places without people, of photos."""

import contextlib
import random
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from pipelines import identity
from pipelines.base import EngineError
from studio.services import samples


@pytest.fixture(scope="module")
def portraits():
    """The three sample portraits, pictures of the starter model."""
    found = []
    for one in samples.sample_characters():
        with Image.open(samples.portrait(one)) as picture:
            found.append(picture.convert("RGB"))
    return found


def photo(size=(400, 300)):
    """Something with the grain of a photograph."""
    rng = np.random.default_rng(1)
    ramp = np.linspace(40, 200, size[0])[None, :, None] + np.zeros((size[1], 1, 3))
    return Image.fromarray(np.clip(ramp + rng.normal(0, 14, ramp.shape), 0, 255).astype(np.uint8))


def test_drawn_pictures_and_photos_are_told_apart(portraits):
    """The starter's pictures are drawn by their look, and by their engine whatever they look like."""
    assert {identity.kind_of(one) for one in portraits} == {"drawn"}
    assert identity.kind_of(photo()) == "photo"
    assert identity.kind_of(photo(), "starter") == "drawn"
    assert identity.kind_of(Image.new("RGB", (1, 1))) == "drawn"


def test_a_sample_is_itself_and_nobody_else(portraits):
    """Each sample, moved, softened, lightened or enlarged, scores over the threshold against itself and lower against
    the others."""
    known = [identity.embed(one, "drawn") for one in portraits]
    for number, picture in enumerate(portraits):
        side = picture.width
        altered = (
            picture.filter(ImageFilter.GaussianBlur(side / 256)),
            picture.resize((side * 2, side * 2)),
            picture.point(lambda v: min(255, round(v * 1.08))),
            picture.crop((side // 40, 0, side, side - side // 40)),
        )
        for one in altered:
            scores = [identity.score(identity.embed(one, "drawn"), [other], "drawn") for other in known]
            assert scores[number] >= identity.default_threshold()
            assert scores[number] == max(scores)


def test_the_nearest_references_count(portraits):
    """A reference of somebody else among three good ones changes nothing; without any there is an error."""
    mine, other = (identity.embed(one, "drawn") for one in portraits[:2])
    alone = identity.score(mine, [mine], "drawn")
    assert identity.score(mine, [mine, mine, mine, other], "drawn") == pytest.approx(alone)
    with pytest.raises(ValueError, match="no reference"):
        identity.score(mine, [], "drawn")


def test_nobody_is_said_plainly():
    """A plain colour, and shapes without anybody, have no character."""
    shapes = Image.new("RGB", (256, 256), "#7ac5ea")
    draw = ImageDraw.Draw(shapes)
    draw.rectangle((0, 180, 256, 256), fill="#5aa35c")
    for picture in (Image.new("RGB", (300, 200), "#808080"), shapes):
        with pytest.raises(identity.NoFace):
            identity.embed(picture, "drawn")


def test_any_size_and_mode_is_taken(portraits):
    """Wide, tall, tiny, grey, transparent and palette pictures give an answer or say that nobody is there."""
    r = random.Random(2)
    for mode in ("L", "RGBA", "P", "RGB", "CMYK"):
        for size in ((640, 200), (120, 500), (3, 2), (257, 256)):
            picture = r.choice(portraits).resize(size).convert(mode)
            with contextlib.suppress(identity.NoFace):
                assert identity.embed(picture, "drawn").shape == (128,)


def test_an_unknown_kind_and_a_missing_encoder_are_errors(monkeypatch, tmp_path):
    """An unknown kind is refused; without the weights the sentence names the file; without the packages, what to do."""
    with pytest.raises(EngineError, match="no encoder for"):
        identity.embed(photo(), "oil")
    monkeypatch.setattr(identity, "WEIGHTS", tmp_path / "gone.safetensors")
    assert "gone.safetensors" in identity.ready("drawn")
    monkeypatch.setattr(identity, "find_spec", lambda name: None)
    assert identity.PHOTO_PACKAGES in identity.ready("photo")
    with pytest.raises(EngineError, match="No encoder for photos"):
        identity.embed(photo(), "photo")


@pytest.mark.skipif(find_spec("dlib") is None, reason="requirements-photos.txt is not installed")
def test_a_photo_without_a_face_says_so():
    """dlib finds nobody in a ramp with grain."""
    with pytest.raises(identity.NoFace, match="No face"):
        identity.embed(photo(), "photo")
