"""Grids and prompt comparisons: asked for as one job, made cell by cell, read back, judged.

A cell is an ordinary picture whose recipe knows its place. The job may be stopped, killed and begun again: what is in
the library is not made twice.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from studio.domain.asset import Asset, Rating, Recipe
from studio.domain.document import now
from studio.domain.grid import (
    MOST_CELLS,
    Axis,
    AxisRequest,
    Choice,
    ComparisonRequest,
    Grid,
    GridRequest,
)
from studio.domain.job import Job
from studio.domain.rating import highest
from studio.domain.requests import AssetFilter, ImageRequest
from studio.errors import Conflict, NotFound, StudioError
from studio.paths import Paths, safe_name
from studio.services.axes import axis, varied
from studio.services.comparing import by_choice, by_score
from studio.services.compose import Composed
from studio.services.forecast import Forecast
from studio.services.image_job import Share
from studio.services.ratings import level_of

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.jobs import JobView, Queue, Report
    from studio.services.images import Images
    from studio.store import Store

KIND = "grid"
SHEET = "grid sheet"  # the tag of sheets
_TOGETHER = 4  # cells of one run, where only the seed differs


class Grids:
    """One per studio. `queue` is handed over once it exists."""

    queue: Queue

    def __init__(self, store: Store, paths: Paths, images: Images):
        self.store, self.paths, self.images = store, paths, images
        self._lock = threading.RLock()

    # ------------------------------------------------------------------ asking
    def forecast(self, asked: GridRequest | ComparisonRequest) -> Forecast:
        """What all cells will cost. Raises StudioError for what could not be started."""
        return self.images.forecasts.of([composed for _, composed in self._planned(asked)[1]])

    def start(self, asked: GridRequest | ComparisonRequest, owner: str = "") -> Grid:
        """Ask for the grid; it and its job are on disk when this returns. Raises StudioError with the field."""
        axes, cells = self._planned(asked)
        composed = [one for _, one in cells]
        self.images.ready_for(asked.character_id, composed)
        compared = isinstance(asked, ComparisonRequest)
        first = composed[0]
        made = Grid(
            kind="ab" if compared else "grid",
            character_id=asked.character_id,
            character_name=first.character_name,
            title=asked.title.strip() or _title(axes, compared),
            axes=axes,
            request=asked.request.model_dump(),
            cells=len(cells),
        )
        # what cells share is kept once: a request has to stay small
        base = first.as_json()
        changes = [
            {"at": list(at), "changed": {name: value for name, value in one.as_json().items() if value != base[name]}}
            for at, one in cells
        ]
        request = {
            "prompt": made.title, "width": first.width, "height": first.height, "batch": 1, "grid": made.id,
            "composed": base, "cells": changes,
        }  # fmt: skip
        with self._lock:
            self.store.grids.add(made)
            try:
                job = self.queue.submit(KIND, request, character_id=asked.character_id, owner=owner)
            except BaseException:
                self.store.grids.remove(made.id)
                raise
            return self.store.grids.update(made.id, lambda one: setattr(one, "job_id", job.id))

    def _planned(self, asked: GridRequest | ComparisonRequest) -> tuple[list[Axis], list[tuple[tuple, Composed]]]:
        """The axes, and what every cell gets, in the order of places."""
        request = self.images.edits.with_parts(asked.request.model_copy(update={"batch": 1}))
        seed = request.seed if request.seed is not None else secrets.randbelow(2**32)
        if isinstance(asked, ComparisonRequest):
            names = [_letter(at) for at in range(len(asked.prompts))]
            seeds = [(seed + at) % 2**32 for at in range(asked.seeds)]
            axes = [
                Axis(setting="prompt", name="Prompt", values=list(asked.prompts), labels=names),
                Axis(setting="seed", name="Seed", values=seeds, labels=[str(one) for one in seeds]),
            ]
        else:
            axes = self._axes(asked, request)
        count = 1
        for one in axes:
            count *= len(one.values)
        if count > MOST_CELLS:
            raise StudioError(
                f"This grid has {count} pictures; {MOST_CELLS} are the most.", "Leave some values out.", field="axes"
            )
        request = request.model_copy(update={"seed": seed})
        cells = []
        for at in itertools.product(*(range(len(one.values)) for one in axes)):
            cell = request
            for one, number in zip(axes, at, strict=True):
                cell = varied(cell, one, one.values[number])
            composed = self.images.compose(asked.character_id, cell)
            if not composed.prompt:
                raise StudioError("Some cells would have no words at all.", "Write a prompt.", field="prompt")
            seed_of = composed.seed if composed.seed is not None else seed
            cells.append((at, replace(self.images.with_lineage(composed), seed=seed_of, warnings=())))
        return axes, cells

    def _axes(self, asked: GridRequest, request: ImageRequest) -> list[Axis]:
        character = self.store.characters.get(asked.character_id) if asked.character_id else None
        models = {spec.id: spec.name for spec in self.images.specs()}
        loras = {one.id: one.name for one in self.images.loras.list()} if self.images.loras else {}
        return [axis(AxisRequest.model_validate(one), request, character, models, loras) for one in _apart(asked.axes)]

    # ------------------------------------------------------------------ making
    def run(self, job: Job, report: Report) -> None:
        """The executor: cells that are not there yet, those of one model after the other, then the sheet."""
        try:
            grid_id, base = str(job.request["grid"]), job.request["composed"]
            cells = {tuple(one["at"]): Composed.from_json(base | one["changed"]) for one in job.request["cells"]}
        except (KeyError, TypeError, ValueError) as error:
            raise StudioError("This grid was kept by another version of the studio.", "Start a new one.") from error
        done = self._done(job, report)
        missing = [at for at in cells if at not in done]
        missing.sort(key=lambda at: (cells[at].engine, str(cells[at].loras)))
        problem = None
        runs = _runs(missing, cells)
        share = Share(report, len(runs), before=False)
        for places in runs:
            named = {cells[at].seed: {"grid": grid_id, "at": list(at)} for at in places}
            note = f"Cell {len(done) + 1} of {len(cells)}"
            part, seeds = cells[places[0]], [cells[at].seed for at in places]
            made, failure = self.images.executor.make(job, part, seeds, share.next(), note, cells=named)
            done |= {tuple(asset.recipe.cell["at"]): asset.id for asset in made}
            problem = problem or failure
        if (kept := self._keep_sheet(grid_id, job)) is not None:
            report.asset(kept)
        if problem:
            raise problem

    def _done(self, job: Job, report: Report) -> dict[tuple, str]:
        """The cells that earlier attempts at the job have finished."""
        found: dict[tuple, str] = {}
        assets = [one for one in map(self._asset, job.assets) if one]
        if job.attempt > 1:  # killed between filing a picture and naming it on the job
            known = {one.id for one in assets}
            for asset in self._of_job(job.id):
                if asset.id not in known and asset.recipe.cell:
                    report.asset(asset.id)
                    assets.append(asset)
        for asset in assets:
            if asset.recipe.cell:
                found[tuple(asset.recipe.cell["at"])] = asset.id
        return found

    def _asset(self, asset_id: str) -> Asset | None:
        try:
            return self.store.assets.get(asset_id)
        except StudioError:
            return None

    def _of_job(self, job_id: str | None) -> list[Asset]:
        """All pictures of a job, oldest first, without the trash."""
        found, cursor = [], None
        while job_id:
            page = self.store.assets.search(AssetFilter(job_id=job_id), limit=200, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return sorted(found, key=lambda one: one.id)

    # ------------------------------------------------------------------ the sheet
    def make_sheet(self, grid_id: str) -> Grid:
        """The labelled sheet of the pictures there are, as an asset of the library. Raises NotFound, StudioError."""
        grid = self.get(grid_id)
        if not any(one.recipe.cell for one in self._of_job(grid.job_id)):
            raise StudioError("There is no picture yet.", "Wait for the first one.")
        self._keep_sheet(grid_id, None)
        return self.get(grid_id)

    def _keep_sheet(self, grid_id: str, job: Job | None) -> str | None:
        try:
            grid = self.store.grids.get(grid_id)
        except NotFound:
            return None  # thrown away meanwhile: its pictures stay
        job_id = job.id if job else grid.job_id
        cells = _placed(self._of_job(job_id))
        if not cells:
            return None
        first = next(iter(cells.values()))
        image = self._drawn(grid, cells)
        recipe = Recipe(
            pipeline="grid", engine=first.recipe.engine, model=first.recipe.model, words=first.recipe.words,
            prompt=grid.title, character_id=grid.character_id, character_name=grid.character_name,
            parents=[one.id for one in cells.values()],
        )  # fmt: skip
        ripest = highest(level_of(one) for one in cells.values())
        rating = next((one.rating for one in cells.values() if one.rating and one.rating.level == ripest), None)
        asset = self._filed(grid, recipe, image, job_id, rating)
        self.store.grids.update(grid_id, lambda one: setattr(one, "sheet", asset.id))
        return asset.id

    def _filed(self, grid: Grid, recipe: Recipe, image: Image, job_id: str | None, rating: Rating | None) -> Asset:
        """Media first, document second. A sheet is as mature as its ripest picture."""
        from studio.media.embed import save_png

        asset = Asset(
            character_id=grid.character_id, job_id=job_id, file="-", width=image.width, height=image.height,
            recipe=recipe, tags=[SHEET], description=_described(grid), rating=rating,
        )  # fmt: skip
        folder = self.paths.month(grid.character_id, asset.created_at[:7])
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{safe_name(f'sheet {grid.title}', longest=60).replace(' ', '-')}-{asset.id[-6:]}.png"
        save_png(image, path, recipe)
        content = path.read_bytes()
        asset.file = self.paths.relative(path)
        asset.bytes, asset.sha256 = len(content), hashlib.sha256(content).hexdigest()
        return self.store.assets.add(asset)

    def _drawn(self, grid: Grid, cells: dict[tuple, Asset]) -> Image:
        from studio.media.pictures import open_picture
        from studio.services.grid_sheet import sheet

        def picture(at: tuple[int, ...]) -> Image | None:
            try:
                return open_picture(self.paths.inside(cells[at].file)) if at in cells else None
            except (OSError, StudioError):
                return None

        labels = [_sheet_labels(one) for one in grid.axes]
        first = next(iter(cells.values()))
        names = [one.name for one in grid.axes]
        return sheet(grid.title, list(zip(names, labels, strict=True)), picture, first.width / max(first.height, 1))

    # ------------------------------------------------------------------ reading
    def list(self, character_id: str | None = None, *, kind: str | None = None, trashed: bool = False) -> list[Grid]:
        """Grids and comparisons, newest first."""
        found = [
            one
            for one in self.store.grids.all()
            if bool(one.trashed_at) == trashed and character_id in (None, one.character_id) and kind in (None, one.kind)
        ]
        return sorted(found, key=lambda one: one.id, reverse=True)

    def get(self, grid_id: str) -> Grid:
        """Also from the trash. Raises NotFound."""
        return self.store.grids.get(grid_id)

    def state(self, grid: Grid) -> str:
        """waiting, running, succeeded, failed or cancelled; stopped when its job is off the list, unfinished."""
        try:
            return self.queue.view(grid.job_id or "-").state
        except StudioError:
            return "succeeded" if grid.sheet else "stopped"

    def result(self, grid_id: str) -> dict:
        """The grid with its `state`, `pictures` [{"at", "asset_id", "quality", "identity", "passed", "seed"}], the
        `error` of its job, and for a comparison its `verdicts`."""
        grid = self.get(grid_id)
        cells = _placed(self._of_job(grid.job_id))
        pictures = [
            {
                "at": list(at), "asset_id": one.id, "seed": one.recipe.seed, "prompt": one.recipe.prompt,
                "quality": one.quality.score if one.quality else None,
                "identity": one.identity.score if one.identity else None,
                "passed": one.identity.passed if one.identity else None,
            }
            for at, one in sorted(cells.items())
        ]  # fmt: skip
        error = None
        try:
            error = self.queue.view(grid.job_id or "-").error
        except StudioError:
            pass
        sheet = grid.sheet if grid.sheet and self._asset(grid.sheet) else None
        told = grid.as_json() | {"state": self.state(grid), "pictures": pictures, "error": error, "sheet": sheet}
        return told | {"verdicts": self.verdicts(grid, cells) if grid.kind == "ab" else []}

    def verdicts(self, grid: Grid, cells: dict[tuple, Asset] | None = None) -> list[dict]:
        """By quality, by identity and by the person's choice, each with counts and intervals."""
        cells = _placed(self._of_job(grid.job_id)) if cells is None else cells
        names, rows = grid.axes[0].labels, range(len(grid.axes[1].values))
        scores = {"quality": [], "identity": []}
        for variant in range(len(names)):
            mine = [cells.get((variant, row)) for row in rows]
            scores["quality"].append([one.quality.score if one and one.quality else None for one in mine])
            scores["identity"].append([one.identity.score if one and one.identity else None for one in mine])
        told = [by_score(by, scores[by], names) for by in scores]
        told.append(by_choice(list(grid.choices.values()), len(names), names))
        return [one.as_json() for one in told]

    # ------------------------------------------------------------------ changing
    def choose(self, grid_id: str, choice: Choice) -> Grid:
        """The person's choice for one seed of a comparison."""
        grid = self.get(grid_id)
        if grid.kind != "ab":
            raise Conflict("Only a comparison has choices.", "Compare prompts to choose between them.")
        variants, rows = len(grid.axes[0].values), len(grid.axes[1].values)
        if choice.row >= rows or (choice.variant or 0) >= variants:
            raise StudioError(f"There are {rows} seeds and {variants} prompts.", "Choose among them.", field="row")

        def change(one: Grid) -> None:
            kept = {row: variant for row, variant in one.choices.items() if row != str(choice.row)}
            one.choices = kept if choice.variant is None else kept | {str(choice.row): choice.variant}

        return self.store.grids.update(grid_id, change)

    def trash(self, grid_id: str) -> Grid:
        """Out of the list; its pictures stay in the library. A grid that is being made is cancelled first."""
        grid = self.get(grid_id)
        if self.state(grid) in ("waiting", "running"):
            self.queue.cancel(grid.job_id)
        return self.store.grids.update(grid_id, lambda one: setattr(one, "trashed_at", one.trashed_at or now()))

    def restore(self, grid_id: str) -> Grid:
        """Back from the trash."""
        self.get(grid_id)
        return self.store.grids.update(grid_id, lambda one: setattr(one, "trashed_at", None))

    def job(self, grid_id: str) -> JobView:
        """Its job. Raises NotFound when it is off the list."""
        return self.queue.view(self.get(grid_id).job_id or "-")


def _runs(missing: Sequence[tuple], cells: dict[tuple, Composed]) -> list[list[tuple]]:
    """Places that one run can make: the same but for the seed, each seed once."""
    runs: list[list[tuple]] = []
    for at in missing:
        alike = replace(cells[at], seed=0)
        for run in runs:
            seeds = [cells[other].seed for other in run]
            if len(run) < _TOGETHER and cells[at].seed not in seeds and replace(cells[run[0]], seed=0) == alike:
                run.append(at)
                break
        else:
            runs.append([at])
    return runs


def _placed(assets: Sequence[Asset]) -> dict[tuple, Asset]:
    """The newest picture of every place."""
    return {tuple(one.recipe.cell["at"]): one for one in assets if one.recipe.cell.get("at") is not None}


def _apart(axes: Sequence[AxisRequest]) -> list[AxisRequest]:
    """Raises StudioError when one setting is varied twice."""
    seen = set()
    for one in axes:
        key = (one.setting, one.target if one.setting in ("words", "lora") else "")
        if key in seen:
            raise StudioError("Two axes vary the same setting.", "Choose another one.", field="axes")
        seen.add(key)
    return list(axes)


def _title(axes: Sequence[Axis], compared: bool) -> str:
    if compared:
        return f"{len(axes[0].values)} prompts, {len(axes[1].values)} seeds"
    return " × ".join(one.name for one in axes)


def _letter(at: int) -> str:
    return "ABCDEFGHIJ"[at]


def _sheet_labels(one: Axis) -> list[str]:
    """A prompt is written out behind its letter."""
    if one.setting != "prompt":
        return one.labels
    return [f"{label}: {value}" for label, value in zip(one.labels, one.values, strict=True)]


def _described(grid: Grid) -> str:
    """The whole labels, also what had no room on the sheet."""
    lines = [grid.title, *(f"{one.name}: {'; '.join(_sheet_labels(one))}" for one in grid.axes)]
    return "\n".join(lines)[:4000]
