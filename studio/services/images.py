"""Images: what a picture will say, asking for it, a quick look while editing, and recipes back into the form."""

import io
import logging
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.base import EngineSpec, ImageInputs
from studio.domain.asset import Asset, Recipe
from studio.domain.character import Character, Look
from studio.domain.job import Job
from studio.domain.requests import AssetFilter, ImageRequest
from studio.errors import Cancelled, Conflict, NoSpace, NotFound, StudioError
from studio.paths import Paths
from studio.services.appearance import appearance_words
from studio.services.compose import KINDS, Composed, compose
from studio.services.engine_use import EngineUse, translated
from studio.services.forecast import Forecast, Forecasts
from studio.services.identities import Identities
from studio.services.image_job import ImageExecutor
from studio.services.inputs import Inputs
from studio.services.ratings import refuse_preview
from studio.services.templates import drawn_request, templates_of
from studio.services.wildcards import Wildcards
from studio.settings import Settings

if TYPE_CHECKING:
    from studio.jobs import JobView, Queue
    from studio.services.loras import Loras, Use
    from studio.store import Store

__all__ = ["Composed", "Images"]

log = logging.getLogger("studio.images")

_SPACE_KEPT_FREE = 64 * 1024 * 1024
_PREVIEW_STEPS, _PREVIEW_SEED = 8, 11
_LOOKED_THROUGH = 400  # assets of each state, for another thumbnail


class Images:
    """Pictures of characters, or without one. `queue` is handed over once it exists: it needs `executor` first."""

    queue: "Queue"

    def __init__(
        self,
        store: "Store",
        paths: Paths,
        settings: Settings,
        use: EngineUse | None = None,
        identities: Identities | None = None,
    ):
        self.store, self.paths, self.settings = store, paths, settings
        self.use = use or EngineUse(settings)
        self.inputs = Inputs(store, paths)
        self.executor = ImageExecutor(store, paths, self.use, self._added, self.inputs, identities)
        self.ratings = self.executor.ratings
        self.lists = Wildcards(paths)
        self.forecasts = Forecasts(store, self.use, paths.outputs)
        self.edits = self.executor.edits
        self.loras: Loras | None = None
        self._base_of: Callable[[str], str] = lambda engine_id: ""

    def take_loras(self, loras: "Loras", base_of: Callable[[str], str]) -> None:
        """The LoRA library, and what LoRAs for an engine have to be made for ("" for none)."""
        self.loras = self.executor.loras = loras
        self._base_of = base_of

    # ------------------------------------------------------------------ asking
    def specs(self) -> list[EngineSpec]:
        """What every engine is, the person's default first, then as they are offered."""
        chosen = self.settings.get("default_model")
        return sorted((engine.spec for engine in self.use.engines), key=lambda spec: spec.id != chosen)

    def compose(self, character_id: str | None, request: ImageRequest) -> Composed:
        """What the engine would get. Quick enough for every keystroke. Raises StudioError with a field.

        Where words are drawn, it is what the first picture of the batch gets, or an example while no seed is chosen.
        """
        template = templates_of(request)
        if not template:
            return self._composed(character_id, request)
        seed = request.seed
        if seed is None:
            look = self._character(character_id).look(request.look) if character_id else None
            seed = look.seed if look and look.seed_policy == "fixed" and look.seed is not None else 0
        return replace(self._composed(character_id, drawn_request(request, seed, self.lists)), template=template)

    def _each(self, character_id: str | None, request: ImageRequest, composed: Composed, seed: int) -> Composed:
        """With what every picture of the batch draws for its own seed."""
        if not composed.template:
            return composed
        one = request.model_copy(update={"batch": 1})
        pictures = [
            self.compose(character_id, one.model_copy(update={"seed": (seed + number) % 2**32}))
            for number in range(composed.batch)
        ]
        if not all(picture.prompt for picture in pictures):
            raise StudioError("Some pictures would draw no words at all.", "Add words that stay.", field="prompt")
        own = ("prompt", "negative", "words", "ingredients", "rating", "rating_words")
        each = tuple({name: getattr(picture, name) for name in own} for picture in pictures)
        return replace(pictures[0], batch=composed.batch, each=each)

    def _composed(self, character_id: str | None, request: ImageRequest) -> Composed:
        character = self._character(character_id)
        look = character.look(request.look) if character else None
        if request.look and look is None:
            whose = f"{character.name} has no such look" if character else "A look belongs to a character"
            raise NotFound(f"{whose}.", "Choose another look.", field="look")
        if look and not request.engine and look.engine not in [spec.id for spec in self.specs()]:
            # the look came with a character from another studio: its words count, its numbers mean another model's
            warning = f"The look {look.name} was made for {look.engine}, which is not here: only its words are used."
            words = look.model_copy(update=dict.fromkeys(("width", "height", "steps", "guidance", "sampler")))
            composed = compose(character, request, self.specs()[0], words)
            return self._rated(replace(composed, warnings=(*composed.warnings, warning)), character)
        spec = self.use.engine(request.engine or (look.engine if look else "") or self.specs()[0].id).spec
        if request.edit and "inpaint" in spec.tasks:
            request = self.edits.fitted(request, spec)
        uses, warnings = self._uses(request, look, spec)
        composed = compose(character, request, spec, look, [one.as_json() for one in uses])
        return self._rated(replace(composed, warnings=(*composed.warnings, *warnings)), character)

    def _rated(self, composed: Composed, character: Character | None) -> Composed:
        """With its rating. Raises Refused and StudioError for what is not made."""
        rating = self.ratings.admit(composed, character)
        return replace(composed, rating=rating.level, rating_words=tuple(rating.words))

    def _uses(self, request: ImageRequest, look: Look | None, spec: EngineSpec) -> tuple[list["Use"], list[str]]:
        """The LoRAs of the picture, and why one of the look's is left out. One that was asked for is an error then."""
        if self.loras is None:
            return [], []
        base = self._base_of(spec.id)
        if request.loras is not None:
            return list(self.loras.uses([(one.id, one.weight) for one in request.loras], base, spec.name)), []
        uses, warnings = [], []
        for one in look.loras if look else ():
            try:
                uses += self.loras.uses([(one.id, one.weight)], base, spec.name)
            except StudioError as error:
                warnings.append(f"The look {look.name} goes without a LoRA: {error.message}")
        return uses, warnings

    def forecast(self, character_id: str | None, request: ImageRequest) -> Forecast:
        """What this request would cost: time, memory, disk, and whether it fits. Raises StudioError as `compose`."""
        return self.forecasts.of([self.compose(character_id, request)])

    def start(self, character_id: str | None, request: ImageRequest, owner: str = "") -> "JobView":
        """Ask for pictures. The job is on disk when this returns, with its seed drawn, so it can be made again.

        Raises StudioError with the field that is wrong, Conflict for a trashed or paused character, NoSpace.
        """
        self._check_character(character_id)
        request = self.edits.with_parts(request)
        composed = self.compose(character_id, request)
        if not composed.prompt:
            raise StudioError(
                "There is nothing to make yet.", "Write a few words or choose a character.", field="prompt"
            )
        drawn = composed.seed is None
        seed = secrets.randbelow(2**32) if drawn else composed.seed
        composed = self.with_lineage(self._each(character_id, request, composed, seed))
        self.ready_for(character_id, [composed])
        request = request.model_copy(update={"seed": seed})
        fixed = composed.as_json() | {"seed": seed, "seed_drawn": drawn}
        if request.edit:
            fixed["canvas"] = self.edits.size(request)  # of the finished picture, for who watches it grow
        return self.queue.submit(
            "image", request.model_dump() | {"composed": fixed}, character_id=character_id, owner=owner
        )

    def ready_for(self, character_id: str | None, pictures: Sequence[Composed]) -> None:
        """These pictures could be made now. Raises StudioError, Conflict for a trashed or paused character, NoSpace."""
        self._check_character(character_id)
        for engine in dict.fromkeys(one.engine for one in pictures):
            self.use.ready(engine)
        if any(one.upscale > 1 for one in pictures) and (missing := _upscaler_missing()):
            raise StudioError(f"Pictures cannot be enlarged: {missing}", "Choose “As made” for now.", field="upscale")
        self.check_space(pictures)

    def _check_character(self, character_id: str | None) -> None:
        character = self._character(character_id)
        if character and character.trashed_at:
            raise Conflict(f"{character.name} is in the trash.", "Restore the character first.", field="character_id")
        if character and character.status == "paused":
            raise Conflict(f"{character.name} is paused.", "Resume the character in Characters.", field="character_id")

    def with_lineage(self, composed: Composed) -> Composed:
        """Its pictures are there, and those of the library are its parents. Raises StudioError with the field."""
        given = [
            ("image", composed.image),
            ("mask", composed.mask),
            *(("references", one) for one in composed.references),
        ]
        parents = list(composed.parents)
        for field, id in given:
            if id:
                self.inputs.path(id, field)
                if field == "references":
                    self.inputs.check_reference(id, self._known_character(composed.character_id))
                if self.inputs.is_asset(id) and id not in parents:
                    parents.append(id)
        return replace(composed, parents=tuple(parents))

    def check_space(self, pictures: Sequence[Composed]) -> None:
        """Raises NoSpace with numbers when the pictures would not fit on the disk."""
        needed = 0
        for one in pictures:
            pixels = one.width * one.height * (1 + (one.upscale**2 if one.upscale > 1 else 0))
            needed += one.batch * pixels
        self.check_pixels(needed)

    def check_pixels(self, pixels: int) -> None:
        """Raises NoSpace with numbers when pictures of so many pixels would not fit on the disk."""
        needed = pixels * 3  # a PNG is at most about its raw bytes
        free = shutil.disk_usage(_existing(self.paths.outputs)).free
        if free < needed + _SPACE_KEPT_FREE:
            wanted = (needed + _SPACE_KEPT_FREE) / 1e6
            raise NoSpace(
                f"Only {free / 1e6:.0f} MB are free where pictures are kept; this needs {wanted:.0f} MB.",
                "Free some space, empty the trash in Review, or make fewer and smaller pictures.",
            )

    def for_loaded_model(self, job: Job) -> bool:
        """Whether this job's model is the one in memory, so that it would start without loading."""
        composed = job.request.get("composed") if job.kind == "image" else None
        engine = composed.get("engine") if isinstance(composed, dict) else None
        return bool(engine) and engine == self.use.resident_id()

    # ------------------------------------------------------------------ while editing
    def preview_appearance(self, fields: dict, *, key: str = "", size: int = 256, look_words: str = "") -> bytes | None:
        """A quick JPEG of an appearance (a character's fields). None when a newer call with the same `key` came in.

        `look_words` default to a smile and a plain background when the engine knows them, so that the person counts.

        Raises Conflict at once while a job is being made, StudioError for impossible fields.
        """
        spec = self.use.engines[0].spec  # the one that is always there and quick, whatever the person's default is
        if not look_words:
            offered = spec.words.get("background", ())
            friendly = [one for one in ("smiling",) if one in spec.words.get("expression", ())]
            plain = [next((one for one in offered if "blue" in one), next(iter(offered), ""))]
            look_words = ", ".join([*friendly, *plain])
        words = ", ".join(one for one in (appearance_words(fields), look_words) if one)
        refuse_preview(words, fields.get("age"))
        inputs = ImageInputs(
            prompt=words,
            negative="",
            width=max(64, size // 8 * 8),
            height=max(64, size // 8 * 8),
            steps=min(_PREVIEW_STEPS, spec.defaults["steps"]),
            guidance=spec.defaults["guidance"],
            sampler=spec.defaults.get("sampler") or spec.samplers[0],
            seeds=[_PREVIEW_SEED],
        )
        try:
            with self.use.for_preview(spec.id, key) as (engine, check), translated():
                inputs = replace(inputs, check=check)
                image = engine.run(inputs, lambda done, total, frames=None: check())[0]
        except Cancelled:
            return None
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=int(self.settings.get("jpeg_quality") or 88))
        return buffer.getvalue()

    # ------------------------------------------------------------------ recipes back into the form
    def recipe_to_request(self, recipe: Recipe | str) -> dict:
        """Form values that make the picture again, from its recipe or an asset's id. `notes` says what could not be.

        Ingredients come back as the character's own where they still exist, else as their words.
        """
        if isinstance(recipe, str):
            recipe = self.store.assets.get(recipe).recipe
        notes: list[str] = []
        if recipe.template:
            notes.append("Words of this picture were drawn from choices. The form has the drawn ones.")
        character = self._known_character(recipe.character_id)
        if recipe.character_id and character is None:
            notes.append(
                f"{recipe.character_name or 'Its character'} is not in this studio: the whole prompt is in the words."
            )
        ours = bool(character) or not recipe.character_id and bool(recipe.words)
        values = {
            "character_id": character.id if character else None,
            "prompt": recipe.words if ours else recipe.prompt,
            "negative": recipe.negative or None,
            "seed": recipe.seed,
            "batch": 1,
            "time_of_day": recipe.time_of_day if ours else "",
            "weather": recipe.weather if ours else "",
            "framing": recipe.framing if ours else "",
            **self._settings_of(recipe, notes),
            **self._inputs_of(recipe, notes),
        }
        values["look"] = self._look_of(recipe, character, notes)
        values["loras"] = self._loras_of(recipe, character, values["look"], notes)
        values |= self._ingredients_of(recipe, character) if ours else dict.fromkeys(KINDS)
        allowed = ImageRequest.model_fields
        checked = {name: value for name, value in values.items() if name in allowed and _fits(name, value)}
        return {**dict.fromkeys(KINDS), **checked, "character_id": values["character_id"], "notes": notes}

    def read_dropped(self, path: Path | str) -> dict:
        """Form values from a picture that carries a recipe, ours or another studio's.

        Raises StudioError when the file is no picture or says nothing about how it was made.
        """
        from studio.media.embed import read_recipe

        recipe = read_recipe(Path(path))
        if recipe is None:
            raise StudioError("This picture does not say how it was made.", "Only files that kept their metadata do.")
        return self.recipe_to_request(recipe)

    def _settings_of(self, recipe: Recipe, notes: list[str]) -> dict:
        specs = {spec.id: spec for spec in self.specs()}
        spec = specs.get(recipe.engine)
        if spec is None:
            spec = self.specs()[0]
            made = recipe.engine or recipe.model
            if made:
                notes.append(f"Made with {made}, which is not here: {spec.name} is chosen, so it will look different.")
            return {"engine": spec.id, "upscale": spec.default_upscale}
        upscale = (recipe.upscale or {}).get("factor", 1)
        return {
            "engine": spec.id,
            "width": recipe.width,
            "height": recipe.height,
            "steps": recipe.steps,
            "guidance": recipe.guidance,
            "sampler": recipe.sampler if recipe.sampler in spec.samplers else None,
            "upscale": upscale if upscale in (1, 2, 4) else 1,
        }

    def _inputs_of(self, recipe: Recipe, notes: list[str]) -> dict:
        """What it started from, as far as it is still there; the form is told what is not."""
        kept = recipe.inputs if isinstance(recipe.inputs, dict) else {}
        values: dict = {"image": None, "mask": None, "strength": kept.get("strength"), "references": []}
        values["edit"] = kept.get("edit") or None
        given = [("image", kept.get("image")), ("mask", kept.get("mask"))]
        given += [("references", one) for one in kept.get("references") or []]
        for field, id in given:
            if not id:
                continue
            try:
                self.inputs.path(str(id), field)
            except StudioError:
                notes.append("A picture that it was made from is not here any more.")
                continue
            if field == "references":
                values["references"].append(id)
            else:
                values[field] = id
        if not values["image"]:
            values["mask"] = values["edit"] = None
        return values

    @staticmethod
    def _look_of(recipe: Recipe, character: Character | None, notes: list[str]) -> str | None:
        look = character.look(recipe.look_id) if character and recipe.look_id else None
        if recipe.look_id and character and look is None:
            notes.append(f"The look {recipe.look_name or 'it was made with'} is gone.")
        return look.id if look else None

    def _loras_of(self, recipe: Recipe, character: Character | None, look_id: str | None, notes: list[str]):
        """The recipe's LoRAs as the library has them; None when they are those of its look."""
        if self.loras is None or not recipe.loras:
            return None
        known = {one.id: one for one in self.loras.list()}
        known |= {one.hash: one for one in known.values() if one.hash}
        chosen = []
        for one in recipe.loras:
            mine = known.get(str(one.get("id"))) or known.get(str(one.get("hash")))
            if mine is None:
                notes.append(f"The LoRA {one.get('name') or 'it was made with'} is not here.")
            else:
                chosen.append({"id": mine.id, "weight": one.get("weight")})
        look = character.look(look_id) if character and look_id else None
        return None if look and [one.id for one in look.loras] == [one["id"] for one in chosen] else chosen or None

    @staticmethod
    def _ingredients_of(recipe: Recipe, character: Character | None) -> dict:
        kept = {one.get("kind"): one for one in recipe.ingredients}
        values = {}
        for name, kind in KINDS.items():
            one = kept.get(kind, {})
            mine = character.ingredient(str(one.get("id") or getattr(recipe, name) or "")) if character else None
            values[name] = mine.id if mine else one.get("words") or getattr(recipe, name)
        return values

    # ------------------------------------------------------------------ in between
    def _added(self, asset: Asset) -> None:
        """A picture was made: forecasts learn from it, ingredients and LoRAs without a picture of their own show it."""
        self.forecasts.note(asset)
        self.give_thumbnails(asset)
        if self.loras is not None:
            self.loras.give_preview(asset)

    def give_thumbnails(self, asset: Asset) -> None:
        """The asset becomes the thumbnail of those of its ingredients that have none yet."""
        ids = _ingredient_ids(asset)
        character = self._known_character(asset.character_id) if ids else None
        lacking = [one.id for one in character.ingredients if not one.thumbnail_asset_id] if character else []
        if ids.intersection(lacking):
            self._set_thumbnails(character.id, dict.fromkeys(ids.intersection(lacking), (None, asset.id)))

    def mend_thumbnails(self, assets: Iterable[Asset]) -> None:
        """After assets went into the trash, came back or were deleted: no ingredient shows one that is not there."""
        gone: dict[str, set[str]] = {}
        for asset in assets:
            if asset.state == "trashed":
                gone.setdefault(asset.character_id or "", set()).add(asset.id)
            else:
                self.give_thumbnails(asset)
        for character_id, ids in gone.items():
            character = self._known_character(character_id)
            bare = {one.id: one for one in character.ingredients if one.thumbnail_asset_id in ids} if character else {}
            if bare:
                best = self._best_assets(character_id, set(bare))
                changes = {id: (one.thumbnail_asset_id, best.get(id)) for id, one in bare.items()}
                self._set_thumbnails(character_id, changes)

    def _best_assets(self, character_id: str, ingredient_ids: set[str]) -> dict[str, str]:
        """For each ingredient the newest approved asset it is in, else the newest new one, among the latest of each."""
        best: dict[str, str] = {}
        for state in ("approved", "new"):
            wanted = AssetFilter(character_id=character_id, state=state, kind="image")
            for asset in self.store.assets.search(wanted, limit=_LOOKED_THROUGH).items:
                for id in _ingredient_ids(asset) & ingredient_ids:
                    best.setdefault(id, asset.id)
        return best

    def _set_thumbnails(self, character_id: str, changes: dict[str, tuple[str | None, str | None]]) -> None:
        """Ingredient id -> (the thumbnail it must still have, the new one). No version of its own: nobody edited."""

        def change(character: Character) -> None:
            character.ingredients = [
                one.model_copy(update={"thumbnail_asset_id": changes[one.id][1]})
                if one.id in changes and one.thumbnail_asset_id == changes[one.id][0]
                else one
                for one in character.ingredients
            ]

        try:
            self.store.characters.adorn(character_id, change)
        except NotFound:
            log.info("Character %s was deleted before its ingredients got a thumbnail.", character_id)

    def _character(self, character_id: str | None) -> Character | None:
        return self.store.characters.get(character_id) if character_id else None

    def _known_character(self, character_id: str | None) -> Character | None:
        try:
            return self._character(character_id)
        except StudioError:
            return None


def _ingredient_ids(asset: Asset) -> set[str]:
    return {str(one["id"]) for one in asset.recipe.ingredients if one.get("id")}


def _fits(name: str, value) -> bool:
    """Whether a foreign recipe's value is one that the form takes."""
    if value is None:
        return True
    try:
        ImageRequest.model_validate({name: value})
    except ValueError:
        return False
    return True


def _upscaler_missing() -> str | None:
    from pipelines import upscale

    return upscale.ready()


def _existing(path: Path) -> Path:
    """The path, or its nearest parent that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
