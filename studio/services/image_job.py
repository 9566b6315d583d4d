"""The executor of image jobs: engine, enlargement, score, file, then document. One picture after the other is safe."""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.asset import Asset, Identity, Rating, Recipe
from studio.domain.character import Character
from studio.domain.document import now
from studio.domain.job import Job
from studio.domain.requests import AssetFilter
from studio.errors import StudioError
from studio.paths import Paths, safe_name
from studio.services.compose import Composed, unlearned
from studio.services.edits import Edits
from studio.services.engine_use import EngineUse, translated
from studio.services.identities import Identities
from studio.services.inputs import Inputs
from studio.services.ratings import Ratings
from studio.services.scoring import scored
from studio.services.versions import versions

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.jobs import Report
    from studio.services.loras import Loras
    from studio.store import Store

log = logging.getLogger("studio.images")

SCENE_TEST = "12-scene test"  # the tag of its pictures
_SEEDS = 2**32
_ANOTHER = 1_000_003  # from a seed to the one it is tried again with; far from the other seeds of a batch


class Frames:
    """The engine's preview maker, which also tells how many pictures it makes without making them."""

    __slots__ = ("_count", "_made", "_make")

    def __init__(self, make: "Callable[[], list[Image]]", count: int):
        self._make, self._count, self._made = make, count, None

    def __call__(self) -> "list[Image]":
        if self._made is None:
            self._made, self._make = self._make(), None  # what it made them from is let go
        return self._made

    def __len__(self) -> int:
        return self._count


class Share:
    """Several runs as one job: the steps of each are its share of the whole, and pictures that are finished stay in
    front of those that grow, unless `before` is False. `next` begins the next run and is its report."""

    __slots__ = ("_before", "_keeps", "_last", "_number", "_of", "_report")

    def __init__(self, report: "Report", of: int, number: int = 0, *, before: bool = True):
        self._report, self._of, self._number, self._last, self._keeps = report, of, number - 1, None, before
        self._before: list[Frames] = []

    def next(self) -> "Share":
        self._number += 1
        if self._last is not None and self._keeps:
            self._before.append(self._last)
        self._last = None
        return self

    def __call__(self, done: int, total: int, frames: "Frames | None" = None, note: str = "") -> None:
        if frames is not None:
            self._last = frames
            if self._before:
                frames = _Row([*self._before, frames])
        self._report(self._number * total + done, self._of * total, frames, note)

    def asset(self, asset_id: str) -> None:
        self._report.asset(asset_id)


class _Row:
    """Frames of several runs, one after the other."""

    __slots__ = ("_parts",)

    def __init__(self, parts: "Sequence[Frames]"):
        self._parts = parts

    def __call__(self) -> "list[Image]":
        return [picture for part in self._parts for picture in part()]

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)


class ImageExecutor:
    """Makes one image job. `added` is told of every new asset, after it is on disk and on the job."""

    def __init__(
        self,
        store: "Store",
        paths: Paths,
        use: EngineUse,
        added: Callable[[Asset], None],
        inputs: Inputs,
        identities: Identities | None = None,
    ):
        self.store, self.paths, self.use, self.added, self.inputs = store, paths, use, added, inputs
        self.edits = Edits(inputs)
        self.identities = identities or Identities(store, paths)
        self.ratings = Ratings(use.settings)
        self.loras: Loras | None = None  # the library, handed over once it is there

    def run(self, job: Job, report: "Report") -> None:
        """All pictures of the job that are not there yet. Raises StudioError and Cancelled as an executor may.

        Pictures that do not show their character are tried again with other seeds, as the character's rule says.
        """
        composed = _composed(job)
        parts = [composed.picture(number) for number in range(composed.batch)]
        chains = [[(composed.seed + number) % _SEEDS] for number in range(composed.batch)]
        rule = self.identities.rule(job.character_id) if job.request["composed"].get("seed_drawn") else None
        done, problem = self.done(job, report), None
        for attempt in range(1, 2 + (rule.retries if rule else 0)):
            wanted = [number for number, chain in enumerate(chains) if len(chain) == attempt and chain[-1] not in done]
            note = "Getting the model ready" if attempt == 1 else _again(len(wanted), composed)
            # what says the same words is made in one run
            runs = [[other for other in wanted if parts[other] == parts[number]] for number in wanted]
            runs = [run for at, run in enumerate(runs) if run[0] == wanted[at]]
            share = Share(report, len(runs))
            for run in runs:
                seeds = [chains[number][-1] for number in run]
                made, failure = self.make(job, parts[run[0]], seeds, share.next(), note, attempt)
                done |= {asset.recipe.seed: asset for asset in made}
                problem = problem or failure
            tried = [[done[seed] for seed in chain if seed in done] for chain in chains if len(chain) > 1]
            for assets in tried if rule and rule.set_aside else ():
                self.identities.set_aside(assets)
            for chain in chains:
                last = done.get(chain[-1])
                if len(chain) == attempt and last and last.identity and last.identity.passed is False:
                    chain.append((chain[-1] + _ANOTHER) % _SEEDS)
        if problem:
            raise problem

    def make(
        self,
        job: Job,
        composed: Composed,
        missing: Sequence[int],
        report,
        note: str,
        attempt: int = 1,
        scene: str = "",
        cells: dict[int, dict] | None = None,
    ) -> tuple[list[Asset], StudioError | None]:
        """Pictures of these seeds, in the library and on the job; and what went wrong with enlarging, if anything.

        `attempt` and `scene` go into the identity part, what `cells` has for a seed into its recipe.
        """
        report(0, composed.steps, None, note)
        # asked again: the switch, the character or the job's file may have changed while it waited
        rating = self.ratings.admit(composed, self._whose(job))
        started = time.perf_counter()
        with self.use.for_job(composed.engine) as (engine, device, dtype):
            begun = time.perf_counter()
            images = self._run_within_memory(engine, composed, missing, report)
            seconds = (time.perf_counter() - begun) / len(images)
            model_hash = engine.model_hash()
        log.info(
            "Job %s: %d pictures, %d steps in %.2f s (%.2f s with getting ready) on %s %s.",
            job.id, len(images), composed.steps, seconds * len(images), time.perf_counter() - started, device, dtype,
        )  # fmt: skip
        facts = {
            "device": device,
            "dtype": dtype,
            "seconds": round(seconds, 3),
            "model_hash": model_hash,
            "model": engine.spec.name,
        }
        made: list[Asset] = []
        problem: StudioError | None = None
        for number, (seed, image) in enumerate(zip(missing, images, strict=True), 1):
            recipe = recipe_of(composed, seed, facts, unlearned(composed.prompt, engine.spec, composed.loras))
            recipe.cell = (cells or {}).get(seed, {})
            try:
                upscaled = self._enlarged(image, composed, recipe, report, f"{number} of {len(images)}")
            except StudioError as error:
                upscaled, problem = None, problem or error  # the picture itself is not lost for it
            identity = self.identities.measured(image, job.character_id, engine=composed.engine, attempt=attempt)
            if identity is not None:
                identity.scene = scene
            asset = self.filed(job, recipe, image, upscaled, identity, rating)
            report.asset(asset.id)
            self.added(asset)
            made.append(asset)
        return made, problem

    def _run_within_memory(self, engine, composed: Composed, seeds: Sequence[int], report) -> "list[Image]":
        """One run; out of memory steps the memory plan down once and tries again before it fails with advice."""
        from pipelines.base import EngineError

        try:
            return self._run(engine, composed, seeds, report)
        except EngineError as error:
            if error.code != "out_of_memory":
                raise
            report(0, composed.steps, None, "Not enough memory: loading the model in a lighter way")
            plan = self.use.lighten()
            if plan is None:
                raise
            log.warning("Out of memory; trying again with the plan “%s”.", plan)
        return self._run(engine, composed, seeds, report)

    def _run(self, engine, composed: Composed, seeds: Sequence[int], report) -> "list[Image]":
        from pipelines.base import ImageInputs

        inputs = ImageInputs(
            prompt=composed.prompt,
            negative=composed.negative,
            width=composed.width,
            height=composed.height,
            steps=composed.steps,
            guidance=composed.guidance,
            sampler=composed.sampler,
            seeds=seeds,
            loras=self._loras(composed),
            check=lambda: report(composed.steps, composed.steps, None, "Finishing"),
            **self._pictures(composed),
        )
        with_previews = bool(self.use.settings.get("preview"))

        def step(done: int, total: int, frames: "Callable[[], list[Image]] | None" = None) -> None:
            report(done, total, Frames(frames, len(seeds)) if frames and with_previews else None)

        if composed.edit:
            return self.edits.made(engine, inputs, composed, step)
        return engine.run(inputs, step)

    def _pictures(self, composed: Composed) -> dict:
        """What the run starts from, opened. StudioError when one of them is gone meanwhile."""
        if composed.edit:
            return {"strength": composed.strength}  # its pictures are cut out window by window
        found = {"references": [self.inputs.image(one, "references") for one in composed.references]}
        if composed.image:
            found |= {"image": self.inputs.image(composed.image), "strength": composed.strength}
        if composed.mask:
            found["mask"] = self.inputs.image(composed.mask, "mask")
        return found

    def _loras(self, composed: Composed) -> list[tuple[Path, float]]:
        """(file, weight) of the job's LoRAs. Raises NotFound for one that has left the library since."""
        if not composed.loras:
            return []
        uses = [(one["id"], one["weight"]) for one in composed.loras]
        return [(use.path, use.weight) for use in self.loras.uses(uses, composed.loras[0]["base"], composed.engine)]

    def done(self, job: Job, report) -> dict[int, Asset]:
        """The pictures by seed that are finished, also by an earlier attempt at the job."""
        assets = [asset for asset in map(self._asset, job.assets) if asset]
        if job.attempt > 1:  # killed between filing a picture and naming it on the job
            found = self.store.assets.search(AssetFilter(job_id=job.id), limit=64).items
            for asset in found:
                if asset.id not in job.assets and asset.recipe.seed not in [one.recipe.seed for one in assets]:
                    report.asset(asset.id)
                    assets.append(asset)
        return {asset.recipe.seed: asset for asset in assets}

    def _asset(self, asset_id: str) -> Asset | None:
        try:
            return self.store.assets.get(asset_id)
        except StudioError:
            return None  # deleted for good meanwhile: it is made again

    def _enlarged(self, image, composed: Composed, recipe: Recipe, report, which: str):
        """The enlarged picture, or None when none was asked for."""
        if composed.upscale == 1:
            return None
        from pipelines import upscale

        step = lambda *_: report(composed.steps, composed.steps, None, f"Enlarging {which}")
        step()
        begun = time.perf_counter()
        with translated():
            larger = upscale.upscale(image, composed.upscale, step=step)
        seconds = round(time.perf_counter() - begun, 3)
        recipe.upscale = {"factor": composed.upscale, "by": upscale.NAME, "seconds": seconds}
        return larger

    def _whose(self, job: Job) -> Character | None:
        known = job.character_id and job.character_id in self.store.characters
        return self.store.characters.get(job.character_id) if known else None

    def filed(self, job: Job, recipe: Recipe, image, upscaled, identity: Identity | None, rating: Rating) -> Asset:
        """Media first, document second: what is in the library can be opened."""
        from studio.media.embed import save_png

        final = upscaled or image
        asset = Asset(
            character_id=job.character_id,
            job_id=job.id,
            file="-",
            width=final.width,
            height=final.height,
            recipe=recipe,
        )
        folder = self.paths.month(job.character_id, asset.created_at[:7])
        folder.mkdir(parents=True, exist_ok=True)
        path = self._free_path(folder, f"{_stem(job, recipe)}.png", job)
        if upscaled is not None:
            original = path.with_name(f"{path.stem}-original.png")
            save_png(image, original, recipe.model_copy(update={"upscale": None}))
            asset.original_file = self.paths.relative(original)
        save_png(final, path, recipe)
        content = path.read_bytes()
        asset.file, asset.bytes, asset.sha256 = (
            self.paths.relative(path),
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
        asset.quality = scored(final, recipe.engine, self._whose(job))
        asset.identity, asset.rating = identity, rating.model_copy()
        if identity and identity.scene:
            asset.tags = [SCENE_TEST]
        return self.store.assets.add(asset)

    def _free_path(self, folder, name: str, job: Job):
        """The same job and seed give the same name, so what a crash left without a document is written over; what
        belongs to an asset never is.
        """
        path = folder / name
        if not path.exists():
            return path
        search = self.store.assets.search
        files = {asset.file for asset in search(AssetFilter(job_id=job.id), limit=200).items}
        files |= {asset.file for asset in search(AssetFilter(job_id=job.id, state="trashed"), limit=200).items}
        number = 2
        while self.paths.relative(path) in files:
            path, number = folder / f"{name[:-4]}-{number}.png", number + 1
        return path


def _again(number: int, composed: Composed) -> str:
    which = "1 picture is" if number == 1 else f"{number} pictures are"
    return f"{which} not enough like {composed.character_name}: trying again"


def recipe_of(composed: Composed, seed: int, facts: dict, strange: Sequence[str] = ()) -> Recipe:
    """The recipe of one picture of the batch. `facts` is what only the run knows: device, dtype, seconds, model;
    `strange` are the words its engine has not learned.
    """
    named = {kind: (composed.ingredient(of) or {}).get("name") for kind, of in _KINDS.items()}
    return Recipe(
        engine=composed.engine,
        words=composed.words,
        prompt=composed.prompt,
        negative=composed.negative,
        unlearned=list(strange),
        template=dict(composed.template),
        seed=seed,
        steps=composed.steps,
        guidance=composed.guidance,
        sampler=composed.sampler,
        width=composed.width,
        height=composed.height,
        character_id=composed.character_id,
        character_name=composed.character_name,
        character_revision=composed.character_revision,
        look_id=composed.look_id,
        look_name=composed.look_name,
        time_of_day=composed.time_of_day,
        weather=composed.weather,
        framing=composed.framing,
        ingredients=[dict(one) for one in composed.ingredients],
        parents=list(composed.parents),
        pipeline=_PIPELINES[(composed.edit or {}).get("mode") or composed.task],
        inputs=_inputs_of(composed),
        loras=[{name: one[name] for name in ("id", "name", "hash", "weight", "base")} for one in composed.loras],
        versions=versions(),
        **named,
        **facts,
    )


_PIPELINES = {
    "text": "text-to-image", "image": "image-to-image", "inpaint": "inpaint", "edit": "edit",
    "repaint": "inpaint", "extend": "outpaint", "background": "background", "detail": "detail",
}  # fmt: skip


def _inputs_of(composed: Composed) -> dict:
    found = {name: getattr(composed, name) for name in ("image", "strength", "mask", "edit")}
    found["references"] = list(composed.references)
    return {name: value for name, value in found.items() if value}


_KINDS = {"outfit": "wardrobe", "place": "place", "prop": "prop", "mood": "mood"}


def _composed(job: Job) -> Composed:
    try:
        composed = Composed.from_json(job.request["composed"])
        if not isinstance(composed.seed, int):
            raise ValueError("no seed")
        return composed
    except (KeyError, TypeError, ValueError) as error:
        raise StudioError(
            "This job was kept by another version of the studio.", "Ask for the picture again."
        ) from error


def _stem(job: Job, recipe: Recipe) -> str:
    """A file name for people: who, when asked for, which seed."""
    name = safe_name(recipe.character_name or "picture", fallback="picture", longest=40).replace(" ", "-")
    moment = (job.created_at or now())[:16].replace("-", "").replace(":", "").replace("T", "-")
    return f"{name}-{moment}-{job.id[-6:]}-{recipe.seed}"
