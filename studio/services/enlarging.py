"""Finished pictures made two or four times larger: one job, a new picture of each, the smaller one stays its parent."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.domain.asset import Asset, Rating
from studio.domain.job import Job
from studio.domain.requests import MOST_PIXELS, AssetFilter
from studio.errors import StudioError
from studio.services.engine_use import translated
from studio.services.ratings import level_of

if TYPE_CHECKING:
    from studio.jobs import JobView, Queue, Report
    from studio.services.images import Images
    from studio.store import Store

log = logging.getLogger("studio.images")

KIND = "enlarge"
MOST = 20  # pictures of one job


class Enlarging:
    """One per studio. `queue` is handed over once it exists."""

    queue: Queue

    def __init__(self, store: Store, images: Images):
        self.store, self.images = store, images

    def start(self, asset_ids: Sequence[str], factor: int, owner: str = "") -> JobView:
        """Ask for these pictures, each `factor` (2 or 4) times as wide and high. The job is on disk when this returns.

        Raises StudioError for what is no picture, is gone, would be too large, or has no room on the disk.
        """
        from pipelines import upscale

        if factor not in (2, 4):
            raise StudioError("A picture is enlarged 2 or 4 times.", "Choose 2 or 4.", field="factor")
        ids = list(dict.fromkeys(asset_ids))
        if not 1 <= len(ids) <= MOST:
            raise StudioError(f"One to {MOST} pictures are enlarged at a time.", "Choose some of them.", field="ids")
        if missing := upscale.ready():
            raise StudioError(f"Pictures cannot be enlarged: {missing}", "See System > Health.")
        assets = [self.store.assets.get(one) for one in ids]
        pixels = 0
        for asset in assets:
            if asset.kind != "image":
                raise StudioError("A clip cannot be enlarged.", "Choose pictures.", field="ids")
            self.images.inputs.path(asset.id, "ids")
            size = asset.width * factor, asset.height * factor
            if size[0] * size[1] > MOST_PIXELS:
                raise StudioError(
                    f"Enlarged {factor} times this would have {size[0]} × {size[1]} pixels.",
                    "Enlarge less, or choose a smaller picture.", field="factor",
                )  # fmt: skip
            pixels += size[0] * size[1]
        self.images.check_pixels(pixels)
        first = assets[0]
        request = {
            "prompt": f"{factor} × {first.recipe.words or first.recipe.prompt or 'picture'}"[:200], "factor": factor,
            "ids": ids, "batch": len(ids), "width": first.width, "height": first.height,
        }  # fmt: skip
        return self.queue.submit(KIND, request, character_id=first.character_id, owner=owner)

    def run(self, job: Job, report: Report) -> None:
        """The executor: what is in the library already is not made again."""
        try:
            ids, factor = [str(one) for one in job.request["ids"]], int(job.request["factor"])
        except (KeyError, TypeError, ValueError) as error:
            raise StudioError("This job was kept by another version of the studio.", "Ask for it again.") from error
        done = self._done(job, report)
        for number, id in enumerate(ids):
            if id not in done:
                report(number, len(ids), None, f"Enlarging {number + 1} of {len(ids)}")
                check = lambda at=number: report(at, len(ids))
                asset = self._enlarged(job, self.store.assets.get(id), factor, check)
                report.asset(asset.id)
            report(number + 1, len(ids))

    def _enlarged(self, job: Job, source: Asset, factor: int, check) -> Asset:
        from pipelines import upscale

        image = self.images.inputs.image(source.id)
        begun = time.perf_counter()
        with translated():
            larger = upscale.upscale(image, factor, step=lambda *_: check())
        before = (source.recipe.upscale or {}).get("factor")
        told = {
            "factor": factor * before if isinstance(before, int) else factor, "by": upscale.NAME,
            "seconds": round(time.perf_counter() - begun, 3), "of": source.id,
        }  # fmt: skip
        recipe = source.recipe.model_copy(update={"parents": [source.id], "upscale": told, "cell": {}})
        rating = source.rating or Rating(level=level_of(source))
        owned = job.model_copy(update={"character_id": source.character_id})
        return self.images.executor.filed(owned, recipe, larger, None, source.identity, rating)

    def _done(self, job: Job, report: Report) -> set[str]:
        """The pictures whose larger ones earlier attempts have finished."""
        found = [one for one in job.assets if one in self.store.assets]
        assets = [self.store.assets.get(one) for one in found]
        if job.attempt > 1:  # killed between filing a picture and naming it on the job
            for asset in self.store.assets.search(AssetFilter(job_id=job.id), limit=200).items:
                if asset.id not in found:
                    report.asset(asset.id)
                    assets.append(asset)
        return {parent for one in assets for parent in one.recipe.parents}
