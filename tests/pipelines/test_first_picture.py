"""The main promise, for real: a sample character, the starter model, previews, a finished picture that repeats."""

import threading

import pytest
from PIL import Image

from studio.domain.requests import ImageRequest
from studio.media.embed import read_recipe
from studio.paths import Paths
from studio.services.studio import build
from studio.settings import Settings


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    paths = Paths(tmp_path_factory.mktemp("first") / "Ünïcode data")
    with build(paths, Settings(paths, {})) as opened:
        opened.queue.start()
        yield opened


def test_a_newcomers_first_picture(studio):
    """Empty studio to finished, enlarged, scored picture with previews of it growing on the way."""
    mira = studio.characters.add_samples()[0]
    view = studio.images.start(mira.id, ImageRequest(outfit="Red sweater", place="The beach", mood="Laughing", batch=2))
    seen, since = [], 0
    while studio.queue.view(view.id).state in ("waiting", "running"):
        since = studio.queue.wait(since, 1)
        version, pictures = studio.queue.previews(view.id)
        if pictures and (not seen or seen[-1][0] != version):
            seen.append((version, pictures))
    job = studio.queue.finished(view.id, 120)
    assert (job.state, job.error, len(job.assets)) == ("succeeded", None, 2)
    assert len(seen) >= 5
    assert all(len(pictures) == 2 for _, pictures in seen)
    asset = studio.review.get(job.assets[0])
    assert (asset.width, asset.height) == (512, 512)
    assert Image.open(studio.review.original(asset.id)).size == (256, 256)
    assert asset.quality.score > 0.5
    assert read_recipe(studio.review.file(asset.id)).prompt.startswith("portrait of a woman with long wavy red hair")
    assert studio.system.health()["device"]["engine"] == "starter"


def test_a_reused_recipe_gives_the_same_picture(studio):
    """Seed and settings of a dropped file make the same pixels again, alone or in a batch."""
    first = studio.review.search().items[-1]
    values = studio.images.read_dropped(studio.review.file(first.id))
    fields = {name: value for name, value in values.items() if name in ImageRequest.model_fields}
    job = studio.queue.finished(studio.images.start(values["character_id"], ImageRequest(**fields)).id, 120)
    again = studio.review.get(job.assets[0])
    one, two = (Image.open(studio.review.original(asset.id)).convert("RGB") for asset in (first, again))
    assert again.recipe.seed == first.recipe.seed
    differences = [abs(a - b) for a, b in zip(one.tobytes(), two.tobytes(), strict=True)]
    assert sum(differences) / len(differences) < 1  # a batch rounds a little differently in bfloat16


def test_a_quick_look_while_editing(studio):
    """The appearance preview is a small JPEG, and it does not wait when a job runs."""
    assert studio.images.preview_appearance({"appearance": {"presents_as": "man"}})[:2] == b"\xff\xd8"
    results = []
    looks = [
        threading.Thread(target=lambda: results.append(studio.images.preview_appearance({}, key="a"))) for _ in "12"
    ]
    for look in looks:
        look.start()
    for look in looks:
        look.join(60)
    assert sum(one is not None for one in results) >= 1
