"""The 12-scene test: one character, twelve contrasting scenes; is it still the same person in each?

Any engine and look can be run through it. A test is a job; its pictures are ordinary assets with a tag, so a test is
read back from the library and needs no document of its own.
"""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.domain.asset import Asset
from studio.domain.job import Job
from studio.domain.requests import AssetFilter, ImageRequest
from studio.errors import NotFound, StudioError
from studio.paths import Paths
from studio.services.compose import Composed
from studio.services.identities import NO_REFERENCE
from studio.services.image_job import SCENE_TEST, ImageExecutor, Share

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.jobs import JobView, Queue, Report
    from studio.services.images import Images
    from studio.store import Store

KIND = "identity-test"
MOST_COMPARED = 6  # tests on one sheet
_SEEDS = 2**32
_ANOTHER = 1_000_003
_SIDE, _LINE, _PAD = 256, 19, 12  # of the sheet, pixels


@dataclass(frozen=True)
class Scene:
    """One of the twelve. Everything is free words, so that no ingredient of a character is needed."""

    id: str
    title: str
    outfit: str
    place: str
    mood: str
    time_of_day: str = ""
    words: str = ""


SCENES = (
    Scene("cafe", "Morning coffee", "white t-shirt", "in a cafe", "smiling", words="holding a cup of coffee"),
    Scene("city", "City by night", "black blazer", "in the city", "serious", "night"),
    Scene("beach", "Beach at noon", "red t-shirt", "at the beach", "happy", "midday"),
    Scene("snow", "Falling snow", "navy sweater", "in the snow", "surprised", words="snowing"),
    Scene("library", "Library", "brown sweater", "in a library", "serious", words="reading a book"),
    Scene("stage", "On stage", "purple hoodie", "on stage", "happy"),
    Scene("garden", "Garden", "yellow t-shirt", "in a garden", "smiling", "golden hour", "holding flowers"),
    Scene("mountains", "Mountains in fog", "orange hoodie", "in the mountains", "calm", words="fog"),
    Scene("office", "Office", "gray blazer", "in the office", "angry", words="with a laptop"),
    Scene("space", "Space", "teal hoodie", "in space", "surprised"),
    Scene("studio", "Close-up", "black t-shirt", "plain white background", "sad", words="close-up"),
    Scene("forest", "Forest, half figure", "green sweater", "in the forest", "sleepy", words="half figure"),
)


class SceneTests:
    """Starts tests, makes them, and reads them back. `queue` is handed over once it exists."""

    queue: Queue | None = None

    def __init__(self, store: Store, paths: Paths, images: Images):
        self.store, self.paths, self.images = store, paths, images

    @property
    def maker(self) -> ImageExecutor:
        return self.images.executor

    # ------------------------------------------------------------------ asking
    def start(
        self,
        character_id: str,
        *,
        look: str | None = None,
        engine: str | None = None,
        seed: int | None = None,
        retries: int = 0,
        owner: str = "",
    ) -> JobView:
        """A job that draws the twelve scenes and scores them. The same seed gives the same test.

        `retries` is how often a scene below the character's threshold is tried again. Raises StudioError with the
        field that is wrong, or when there is no reference to measure against.
        """
        character = self.store.characters.get(character_id)
        if not character.references:
            raise StudioError(NO_REFERENCE, "Characters > References takes pictures of the library and uploads.")
        if not 0 <= retries <= 5:
            raise StudioError("A scene is tried again at most 5 times.", "Choose 0 to 5.", field="retries")
        seed = seed if seed is not None else secrets.randbelow(_SEEDS)
        scenes = []
        for number, scene in enumerate(SCENES):
            request = ImageRequest(
                prompt=scene.words, outfit=scene.outfit, place=scene.place, mood=scene.mood,
                time_of_day=scene.time_of_day, look=look, engine=engine, seed=(seed + number) % _SEEDS, batch=1,
                upscale=1,
            )  # fmt: skip
            scenes.append({"id": scene.id, "composed": self.images.compose(character_id, request).as_json()})
        first = Composed.from_json(scenes[0]["composed"])
        self.images.use.ready(first.engine)
        self.images.check_space([Composed.from_json(scenes[0]["composed"] | {"batch": 8})])
        request = {
            "prompt": f"12-scene test of {character.name}", "engine": first.engine, "look": first.look_id,
            "seed": seed, "retries": retries, "scenes": scenes,
        }  # fmt: skip
        return self.queue.submit(KIND, request, character_id=character_id, owner=owner)

    # ------------------------------------------------------------------ making
    def run(self, job: Job, report: Report) -> None:
        """The executor. A resumed test makes what is missing."""
        try:
            retries = int(job.request.get("retries") or 0)
            scenes = [(str(one["id"]), Composed.from_json(one["composed"])) for one in job.request["scenes"]]
        except (KeyError, TypeError, ValueError) as error:
            raise StudioError("This test was kept by another version of the studio.", "Start a new one.") from error
        done = self.maker.done(job, report)
        titles = {scene.id: scene.title for scene in SCENES}
        for number, (scene, composed) in enumerate(scenes):
            tried: list[Asset] = []
            for attempt in range(1, retries + 2):
                seed = (composed.seed + (attempt - 1) * _ANOTHER) % _SEEDS
                if seed not in done:
                    note = f"Scene {number + 1} of {len(scenes)}: {titles.get(scene, scene)}"
                    note += f", try {attempt}" if attempt > 1 else ""
                    share = Share(report, len(scenes), number).next()
                    made, _ = self.maker.make(job, composed, [seed], share, note, attempt, scene)
                    done |= {asset.recipe.seed: asset for asset in made}
                tried.append(done[seed])
                part = done[seed].identity
                if part is None or part.passed is not False:
                    break
            if len(tried) > 1:
                self.maker.identities.set_aside(tried)

    # ------------------------------------------------------------------ reading
    def tests(self, character_id: str) -> list[dict]:
        """The character's tests, newest first: {"id", "at", "engine", "model", "look", "scenes", "mean", "lowest",
        "passed", "attempts", "seconds", "finished"}; `scenes` as in `test`."""
        self.store.characters.get(character_id)
        jobs: dict[str, list[Asset]] = {}
        cursor = None
        while True:
            wanted = AssetFilter(character_id=character_id, tag=SCENE_TEST)
            page = self.store.assets.search(wanted, limit=200, cursor=cursor)
            for asset in page.items:
                if asset.job_id and asset.identity and asset.identity.scene:
                    jobs.setdefault(asset.job_id, []).append(asset)
            cursor = page.next_cursor
            if cursor is None:
                break
        found = [_summed(job_id, assets) for job_id, assets in jobs.items()]
        return sorted(found, key=lambda one: one["id"], reverse=True)

    def test(self, character_id: str, test_id: str) -> dict:
        """One test; `scenes` is a list of {"scene", "title", "asset_id", "score", "passed", "note", "attempts",
        "seconds"} in the order of SCENES, the best picture of each. Raises NotFound."""
        for one in self.tests(character_id):
            if one["id"] == test_id:
                return one
        raise NotFound("There is no such test.", "Its pictures may be in the trash.")

    def sheet(self, character_id: str, test_ids: list[str]) -> bytes:
        """One labelled sheet as JPEG: twelve scenes of one test, or up to six tests below each other, scene by scene.

        Raises NotFound for an unknown test, StudioError for none or too many.
        """
        test_ids = list(dict.fromkeys(test_ids))
        if not 1 <= len(test_ids) <= MOST_COMPARED:
            raise StudioError(f"A sheet takes one to {MOST_COMPARED} tests.", "Choose some of them.")
        character = self.store.characters.get(character_id)
        tests = [self.test(character_id, one) for one in test_ids]
        picture = self._drawn(character.name, tests)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=88)
        return buffer.getvalue()

    def _drawn(self, name: str, tests: list[dict]) -> Image:
        from PIL import Image, ImageDraw, ImageFont

        columns = 4 if len(tests) == 1 else len(SCENES)
        side = _SIDE if len(tests) == 1 else 160
        cell_w, cell_h = side + _PAD, side + 2 * _LINE + _PAD
        rows = -(-len(SCENES) // columns)
        block = 2 * _LINE + 6 + rows * cell_h
        canvas = Image.new("RGB", (columns * cell_w + _PAD, len(tests) * block + _LINE + 3 * _PAD), "#ffffff")
        draw = ImageDraw.Draw(canvas)
        big, small = ImageFont.load_default(size=17), ImageFont.load_default(size=13)
        draw.text((_PAD, _PAD), f"{_plain(name)}: 12-scene test", fill="#1c1a18", font=big)
        top = _LINE + 2 * _PAD
        for test in tests:
            draw.text((_PAD, top), _plain(line(test)), fill="#4a4642", font=small)
            by_scene = {one["scene"]: one for one in test["scenes"]}
            for at, scene in enumerate(SCENES):
                x, y = _PAD + at % columns * cell_w, top + 2 * _LINE + 6 + at // columns * cell_h - _LINE
                one = by_scene.get(scene.id)
                picture = self._picture(one["asset_id"], side) if one else None
                if picture is not None:
                    canvas.paste(picture, (x, y))
                else:
                    draw.rectangle((x, y, x + side, y + side), fill="#efedea")
                    draw.text((x + 10, y + side // 2 - 8), "No picture", fill="#6b6661", font=small)
                colour = "#1c1a18" if not one or one["passed"] is not False else "#b3261e"
                if one and one["passed"] is False:
                    draw.rectangle((x, y, x + side - 1, y + side - 1), outline=colour, width=3)
                draw.text((x, y + side + 3), scene.title[: side // 7], fill="#1c1a18", font=small)
                draw.text((x, y + side + 3 + _LINE - 3), _verdict(one), fill=colour, font=small)
            top += block
        return canvas

    def _picture(self, asset_id: str, side: int) -> Image | None:
        from PIL import ImageOps

        from studio.media.pictures import open_picture

        try:
            path = self.paths.inside(self.store.assets.get(asset_id).file)
            return ImageOps.fit(open_picture(path).convert("RGB"), (side, side))
        except (OSError, StudioError):
            return None


def line(test: dict) -> str:
    """A test in one line: when, with what, how well, how long."""
    mean = "not measured" if test["mean"] is None else f"identity {round(test['mean'] * 100)} of 100"
    parts = [
        test["at"][:16].replace("T", " ") + " UTC", test["model"], test["look"], mean,
        f"{test['passed']} of {len(test['scenes'])} passed", f"{test['attempts']} attempts", f"{test['seconds']:.0f} s",
    ]  # fmt: skip
    return " · ".join(part for part in parts if part)


def _plain(text: str) -> str:
    """What the sheet's font can draw of a text."""
    return "".join(one if one.isprintable() else " " for one in text)[:150]


def _verdict(one: dict | None) -> str:
    if one is None:
        return ""
    if one["score"] is None:
        return (one["note"] or "not measured")[:34]
    tries = f" · {one['attempts']} tries" if one["attempts"] > 1 else ""
    return f"identity {round(one['score'] * 100)}{tries}"


def _summed(job_id: str, assets: list[Asset]) -> dict:
    by_scene: dict[str, list[Asset]] = {}
    for asset in assets:
        by_scene.setdefault(asset.identity.scene, []).append(asset)
    scenes = []
    for scene in SCENES:
        members = by_scene.get(scene.id)
        if not members:
            continue
        best = max(members, key=lambda one: (one.identity.score if one.identity.score is not None else -1, one.id))
        scenes.append(
            {
                "scene": scene.id, "title": scene.title, "asset_id": best.id, "score": best.identity.score,
                "passed": best.identity.passed, "note": best.identity.note, "attempts": len(members),
                "seconds": round(sum(one.recipe.seconds or 0 for one in members), 2),
            }
        )  # fmt: skip
    scores = [one["score"] for one in scenes if one["score"] is not None]
    newest = max(assets, key=lambda one: one.id)
    return {
        "id": job_id,
        "at": min(one.created_at for one in assets),
        "engine": newest.recipe.engine,
        "model": newest.recipe.model or newest.recipe.engine,
        "look": newest.recipe.look_name,
        "scenes": scenes,
        "mean": round(sum(scores) / len(scores), 4) if scores else None,
        "lowest": min(scores) if scores else None,
        "passed": sum(1 for one in scenes if one["passed"]),
        "attempts": len(assets),
        "seconds": round(sum(one["seconds"] for one in scenes), 2),
        "finished": len(scenes) == len(SCENES),
    }
