"""Trainings: a dataset put together, one job, versions judged and one of them in use. Drafts are kept as they are made.

Originals are never touched: every chosen picture has a square of its own in the training's folder, beside its versions.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.base import EngineSpec
from studio.domain.asset import Asset
from studio.domain.character import Appearance, Character, Look
from studio.domain.document import now
from studio.domain.licences import known_licence
from studio.domain.model import Licence, Lora, LoraChoice
from studio.domain.origin import Origin
from studio.domain.requests import AssetFilter
from studio.domain.training import (
    FEWEST,
    MOST,
    RECOMMENDED,
    AddPictures,
    Checkpoint,
    Choose,
    NewTraining,
    Training,
    TrainingPatch,
    TrainingPicture,
)
from studio.errors import Conflict, NoSpace, NotFound, StudioError
from studio.paths import Paths
from studio.services import training_words as words
from studio.services.consent import stated
from studio.services.engine_use import EngineUse
from studio.services.loras import Loras
from studio.services.ratings import Ratings
from studio.services.training_job import TrainingExecutor
from studio.services.training_plans import SAMPLES, plan_for

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.jobs import JobView, Queue
    from studio.store import Store

log = logging.getLogger("studio.training")

KIND = "train"
LOOK = "Trained"
SUGGESTED = 20  # pictures a new draft begins with, at most
OFFERED = 120
BLURRED = 0.3  # sharpness below which a picture is called blurred
ALIKE = 0.955  # likeness of two small pictures from which they are called nearly the same
UPPER = 0.15  # where a tall picture is cut: portraits have the head above the middle
_KEPT_FREE = 200 * 1024 * 1024


class Trainings:
    """`queue` is handed over once it exists: it needs the executor first."""

    queue: Queue

    def __init__(self, store: Store, paths: Paths, use: EngineUse, loras: Loras):
        self.store, self.paths, self.use, self.loras = store, paths, use, loras
        self.executor = TrainingExecutor(store, paths, use, self._finished)
        self._small: dict[tuple, object] = {}
        self._lock = threading.RLock()

    # ------------------------------------------------------------------ reading
    def engines(self) -> list[EngineSpec]:
        """Models that can be trained, the default one first."""
        return [engine.spec for engine in self.use.engines if engine.spec.trains]

    def list(self, character_id: str | None = None, *, trashed: bool = False) -> list[Training]:
        """Trainings, newest first."""
        found = [
            one
            for one in self.store.trainings.all()
            if bool(one.trashed_at) == trashed and character_id in (None, one.character_id)
        ]
        return sorted(found, key=lambda one: one.id, reverse=True)

    def get(self, training_id: str) -> Training:
        """Also from the trash. Raises NotFound."""
        return self.store.trainings.get(training_id)

    def state(self, training: Training) -> str:
        """draft, waiting, running, succeeded, failed, cancelled; stopped when its job is off the list, unfinished."""
        if training.job_id is None:
            return "draft"
        try:
            return self.queue.view(training.job_id).state
        except NotFound:
            return "succeeded" if training.finished_at else "stopped"

    def draft(self, character_id: str) -> Training | None:
        """The character's newest draft."""
        return next((one for one in self.list(character_id) if one.job_id is None), None)

    def picture_file(self, training_id: str, picture_id: str) -> Path:
        """The square of a chosen picture. Raises NotFound."""
        training = self.get(training_id)
        if training.picture(picture_id) is None:
            raise NotFound("This training has no such picture.")
        return self._square(training, picture_id)

    def sample_file(self, training_id: str, step: str, number: int) -> Path:
        """A sample of a version, or of `bare`: the model before it learned. The file may not be there yet."""
        training = self.get(training_id)
        if step != "bare" and not step.isdecimal() or not 0 <= number < 100:
            raise NotFound("There is no such sample.")
        return self.executor.folder(training) / "samples" / f"{step if step == 'bare' else int(step)}-{number}.png"

    def version_file(self, training_id: str, step: int) -> Path:
        """The LoRA of a version. Raises NotFound."""
        made = self.get(training_id).checkpoint(step)
        if made is None:
            raise NotFound("There is no such version.")
        return self.paths.inside(made.file)

    def live(self, training_id: str, since: int = 0) -> dict:
        """The loss curve after step `since` and the versions there are, while it runs and afterwards."""
        training = self.get(training_id)
        curve = self.executor.curves.get(training_id)
        losses = curve.points(since) if curve else [one for one in training.losses if one[0] > since]
        return {
            "state": self.state(training),
            "losses": losses,
            "steps": training.plan.get("steps", 0),
            "checkpoints": [one.model_dump() for one in training.checkpoints],
            "best": training.best,
            "why": training.why,
            "chosen": training.chosen,
            "bare": self.sample_file(training_id, "bare", max(0, len(training.prompts) - 1)).is_file(),
        }

    def remarks(self, training: Training) -> dict:
        """What is to be said of a draft: `pictures` maps an id to its warnings, `problems` keep it from starting,
        `notes` are advice."""
        told: dict[str, list[str]] = {}
        side = min(training.size)
        for one in training.pictures:
            mine = []
            if one.sharpness is not None and one.sharpness < BLURRED:
                mine.append("Blurred")
            if one.width and min(one.width, one.height) < side * 0.75:
                mine.append(f"Small: {one.width} × {one.height}")
            if not words.has_trigger(one.caption, training.trigger):
                mine.append("Caption without the trigger word")
            told[one.id] = mine
        for first, second in self._twins(training):
            told[second].append(f"Nearly the same as picture {first + 1}")
        count, problems, notes = len(training.pictures), [], []
        if count < FEWEST:
            problems.append(f"{count or 'No'} picture{'s' * (count != 1)} so far: at least {FEWEST} are needed.")
        elif count < RECOMMENDED:
            notes.append(f"{count} pictures work; {RECOMMENDED} different ones keep the face more surely.")
        twins = sum(any("same as" in one for one in mine) for mine in told.values())
        if twins:
            them = "picture is" if twins == 1 else "pictures are"
            notes.append(f"{twins} {them} nearly the same as another: different places and clothes teach more.")
        if sum("Blurred" in mine for mine in told.values()):
            notes.append("Blurred pictures teach blur: take sharper ones where there are any.")
        try:
            words.checked_trigger(training.trigger, self._spec(training.engine))
        except StudioError as error:
            problems.append(f"{error.message} {error.hint}")
        if any(not one.caption.strip() for one in training.pictures):
            problems.append("A picture has no caption.")
        return {"pictures": told, "problems": problems, "notes": notes}

    def seconds(self, training: Training) -> float | None:
        """About how long this training takes, by the last one on the same model; None before there was one."""
        with contextlib.suppress(StudioError):
            plan = plan_for(training.preset, self._spec(training.engine))
            for one in self.list():
                if one.engine == training.engine and one.seconds_per_step and one.plan.get("batch"):
                    return one.seconds_per_step / one.plan["batch"] * plan.batch * plan.steps * 1.15
        return None

    # ------------------------------------------------------------------ the dataset
    def create(self, wanted: NewTraining, *, suggest: bool = True) -> Training:
        """The draft of this character, begun with its approved pictures when there is none. Raises NotFound, Conflict.

        An engine in `wanted` is put into a draft that exists.
        """
        character = self._character(wanted.character_id)
        with self._lock:
            known = self.draft(character.id)
            if known:
                return self.patch(known.id, TrainingPatch(engine=wanted.engine)) if wanted.engine else known
            spec = self._spec(wanted.engine or self._first_engine(character))
            draft = Training(
                character_id=character.id,
                engine=spec.id,
                engine_name=spec.name,
                size=spec.native,
                trigger=self._free_trigger(character, spec),
            )
            draft = self.store.trainings.add(draft)
            return self._suggested(draft, character) if suggest else draft

    def candidates(self, training: Training | None, character_id: str) -> list[dict]:
        """Approved pictures and references that are not chosen yet: {"kind", "id", "name"}, newest first."""
        character = self._character(character_id)
        chosen = {(one.source, one.source_id) for one in training.pictures} if training else set()
        found = [
            {"kind": "asset", "id": one.id, "name": one.description or one.recipe.words or one.recipe.prompt}
            for one in self._approved(character_id, OFFERED)
        ]
        seen = {one["id"] for one in found}
        found += [
            {"kind": "reference", "id": one.id, "name": one.note or "Reference"}
            for one in character.references
            if one.asset_id not in seen
        ]
        return [one for one in found if (one["kind"], one["id"]) not in chosen]

    def add(self, training_id: str, wanted: AddPictures) -> Training:
        """Choose pictures of the library and references. One that is chosen already stays. Raises StudioError."""
        training = self._editable(training_id)
        character = self._character(training.character_id)
        known = {(one.source, one.source_id) for one in training.pictures}
        made = []
        for asset_id in dict.fromkeys(wanted.asset_ids):
            if ("asset", asset_id) not in known:
                made.append(self._of_asset(training, character, self.store.assets.get(asset_id)))
        for reference_id in dict.fromkeys(wanted.reference_ids):
            if ("reference", reference_id) not in known:
                made.append(self._of_reference(training, character, reference_id))
        return self._with(training_id, made)

    def upload(
        self, training_id: str, path: Path | str, name: str = "", origin: dict | Origin | None = None
    ) -> Training:
        """A picture from outside joins the dataset, once it is said what it shows. StudioError when it is none."""
        from studio.media.pictures import open_picture

        training = self._editable(training_id)
        character = self._character(training.character_id)
        said = stated(origin)
        image = open_picture(Path(path))
        one = TrainingPicture(source="upload", name=Path(name or path).name[:200], origin=said)
        one.caption = words.caption("", [character.appearance], training.trigger)
        self._cut(training, one, image, keep=True)
        return self._with(training_id, [one])

    def remove(self, training_id: str, picture_ids: list[str]) -> Training:
        """Take pictures out of the draft. The originals stay where they are."""
        self._editable(training_id)
        gone = set(picture_ids)
        training = self.store.trainings.update(
            training_id, lambda one: setattr(one, "pictures", [each for each in one.pictures if each.id not in gone])
        )
        for picture_id in gone:
            if picture_id.isalnum():
                for path in self.executor.folder(training).glob(f"{picture_id}*.*"):
                    path.unlink(missing_ok=True)
        return training

    def patch(self, training_id: str, patch: TrainingPatch) -> Training:
        """Change a draft: engine, trigger word, preset, captions, crops. StudioError with a field."""
        training = self._editable(training_id)
        spec = self._spec(patch.engine or training.engine)
        trigger = words.checked_trigger(patch.trigger, spec) if patch.trigger is not None else training.trigger
        changes = {one.id: one for one in patch.pictures or ()}
        if unknown := changes.keys() - {one.id for one in training.pictures}:
            raise NotFound(f"This training has no picture {min(unknown)[:40]}.", field="pictures")
        resized = tuple(spec.native) != tuple(training.size)

        def change(one: Training) -> None:
            before = one.trigger
            one.engine, one.engine_name, one.size, one.trigger = spec.id, spec.name, spec.native, trigger
            one.preset = patch.preset or one.preset
            pictures = []
            for each in one.pictures:
                wanted = changes.get(each.id)
                given = wanted.model_dump(exclude_none=True, exclude={"id"}) if wanted else {}
                if before != trigger and "caption" not in given:
                    given["caption"] = words.renamed(each.caption, before, trigger)
                pictures.append(each.model_copy(update=given))
            one.pictures = pictures

        before = {one.id: one.crop for one in training.pictures}
        training = self.store.trainings.update(training_id, change)
        for one in training.pictures:
            if resized or one.crop != before.get(one.id):
                self._cut(training, one, self._original(training, one))
        return training

    def again(self, training_id: str) -> Training:
        """A new draft with the pictures, captions and settings of a training. Conflict while there is another draft."""
        old = self.get(training_id)
        self._character(old.character_id)
        with self._lock:
            if self.draft(old.character_id):
                raise Conflict("There is a draft already.", "Train it, or move it to the trash first.")
            draft = Training(
                character_id=old.character_id, engine=old.engine, engine_name=old.engine_name, size=old.size,
                trigger=old.trigger, preset=old.preset,
            )  # fmt: skip
            folder, target = self.executor.folder(old), self.executor.folder(draft)
            target.mkdir(parents=True, exist_ok=True)
            for one in old.pictures:
                for path in folder.glob(f"{one.id}*.*"):
                    shutil.copy2(path, target / path.name)
            draft.pictures = [one for one in old.pictures if self._square(draft, one.id).is_file()]
            return self.store.trainings.add(draft)

    # ------------------------------------------------------------------ training
    def start(self, training_id: str, owner: str = "") -> JobView:
        """Ask for the training. The job is on disk when this returns. Raises StudioError with what is missing."""
        from dataclasses import asdict

        training = self._editable(training_id)
        character = self._character(training.character_id)
        if character.status == "paused":
            raise Conflict(f"{character.name} is paused.", "Resume the character in Characters.")
        if any(one.source == "upload" and one.origin is None for one in training.pictures):
            raise StudioError(
                "It is not said what an uploaded picture shows.", "Take it out and upload it again.", field="pictures"
            )
        if problems := self.remarks(training)["problems"]:
            raise StudioError(problems[0], "Mend it in Train, then press Train again.", field="pictures")
        engine = self.use.ready(training.engine)
        self._check_space(training)
        missing = [one for one in training.pictures if not self._square(training, one.id).is_file()]
        if missing:
            raise NotFound(f"The square of {missing[0].name or 'a picture'} is gone.", "Remove it and add it again.")
        plan = plan_for(training.preset, engine.spec)
        earlier = [one.version for one in self.store.trainings.all() if one.character_id == character.id and one.job_id]
        captions = [one.caption for one in training.pictures]
        styles = ", ".join(look.words for look in character.looks)
        prompts = words.sample_prompts(
            engine.spec, training.trigger, character.appearance, captions, styles, SAMPLES[training.preset]
        )

        Ratings(self.use.settings).admit_words((training.trigger, *captions, *prompts), character, "pictures")

        def ready(one: Training) -> None:
            one.plan, one.prompts, one.version = asdict(plan), prompts, max(earlier, default=0) + 1
            one.dataset_hash = self._dataset_hash(one)

        training = self.store.trainings.update(training_id, ready)
        title = f"Train {character.name} on {engine.spec.name} ({training.preset})"
        job = self.queue.submit(
            KIND, {"training_id": training.id, "prompt": title}, character_id=character.id, owner=owner
        )
        self.store.trainings.update(training_id, lambda one: setattr(one, "job_id", job.id))
        return job

    def choose(self, training_id: str, wanted: Choose) -> Training:
        """Use this version: it joins the LoRA library, and a look of the character carries it."""
        return self._use(training_id, wanted.step, wanted.look_id, by_person=True)

    def _finished(self, training: Training) -> None:
        if training.best is not None and not (training.by_person and training.checkpoint(training.chosen)):
            self._use(training.id, training.best, None, by_person=False)

    def _use(self, training_id: str, step: int, look_id: str | None, *, by_person: bool) -> Training:
        training = self.get(training_id)
        made = training.checkpoint(step)
        if made is None:
            raise NotFound("There is no such version.", "Choose one of the list.", field="step")
        if self.state(training) == "running" and by_person:
            raise Conflict("The training is running.", "Wait until it is done, or cancel it; then choose a version.")
        character = self._character(training.character_id)
        if look_id and character.look(look_id) is None:
            raise NotFound(f"{character.name} has no such look.", "Choose another look.", field="look_id")
        lora = self._lora(training, made, character)
        look = self._into_look(character, training, lora, look_id)

        def change(one: Training) -> None:
            one.chosen, one.by_person, one.look_id = step, by_person or one.by_person, look
            one.checkpoints = [
                each.model_copy(update={"lora_id": lora.id}) if each.step == step else each for each in one.checkpoints
            ]

        return self.store.trainings.update(training_id, change)

    def _lora(self, training: Training, made: Checkpoint, character: Character) -> Lora:
        """The version's entry in the LoRA library, made when it has none."""
        if made.lora_id:
            with contextlib.suppress(NotFound):
                lora = self.loras.get(made.lora_id)
                return self.loras.restore(lora.id) if lora.trashed_at else lora
        file = self.paths.inside(made.file)
        if not file.is_file():
            raise NotFound(f"The file of this version is gone: {made.file}.", "Choose another version.", field="step")
        spec = self._spec(training.engine)
        licence = (
            Licence(name=spec.licence[:200], light="green", terms="Made with the studio's own weights.")
            if not spec.family
            else known_licence(spec.licence)
        )
        lora = self.loras.register(
            file,
            name=f"{character.name} v{training.version}, step {made.step}",
            character_id=character.id,
            licence=licence,
            notes=f"Trained here with {len(training.pictures)} pictures on {spec.name}.",
        )
        with contextlib.suppress(StudioError):
            lora = self.loras.set_preview(lora.id, self.sample_file(training.id, str(made.step), 0))
        return lora

    def _into_look(self, character: Character, training: Training, lora: Lora, look_id: str | None) -> str:
        """Put the LoRA into a look: the named one, else the one that carries another version, else a new one."""
        mine = {one.id for one in self.loras.list(trashed=False) if one.character_id == character.id}
        found: list[str] = []

        def change(one: Character) -> None:
            same = [look for look in one.looks if look.engine == training.engine]
            carrying = next((look for look in same if mine & {each.id for each in look.loras}), None)
            target = one.look(look_id) if look_id else carrying
            if target is None:
                base = one.look()
                known = base.model_dump(include={"words", "negative"}) if base else {}
                target = Look(name=_free_name(one), engine=training.engine, default=not one.looks, **known)
                one.looks = [*one.looks, target]
            others = [each for each in target.loras if each.id not in mine]
            weight = next((each.weight for each in target.loras if each.id in mine), None)
            fresh = target.model_copy(
                update={"engine": training.engine, "loras": [*others, LoraChoice(id=lora.id, weight=weight)]}
            )
            if fresh.engine != target.engine:  # its numbers meant another model
                fresh = fresh.model_copy(update=dict.fromkeys(("width", "height", "steps", "guidance", "sampler")))
            one.looks = [fresh if each.id == target.id else each for each in one.looks]
            found[:] = [target.id]

        self.store.characters.update(character.id, change)
        return found[0]

    # ------------------------------------------------------------------ going and coming back
    def trash(self, training_id: str) -> Training:
        """Out of sight; nothing is lost, and what is in the LoRA library stays. Conflict while it is in the queue."""
        training = self.get(training_id)
        if self.state(training) in ("waiting", "running"):
            raise Conflict("This training is in the queue.", "Cancel it first.")
        return self.store.trainings.update(training_id, lambda one: setattr(one, "trashed_at", one.trashed_at or now()))

    def restore(self, training_id: str) -> Training:
        """Back from the trash. Conflict for a draft while there is another."""
        training = self.get(training_id)
        if training.job_id is None and self.draft(training.character_id):
            raise Conflict("There is a draft already.", "Train it, or move it to the trash first.")
        return self.store.trainings.update(training_id, lambda one: setattr(one, "trashed_at", None))

    def delete_forever(self, training_id: str) -> None:
        """Gone with squares, samples and versions; LoRAs that came from it leave the library. Only from the trash."""
        training = self.get(training_id)
        if not training.trashed_at:
            raise Conflict("This training is not in the trash.", "Move it to the trash first.")
        for made in training.checkpoints:
            if made.lora_id:
                with contextlib.suppress(NotFound):
                    self.loras.delete_forever(made.lora_id)
        self.store.trainings.remove(training_id)
        shutil.rmtree(self.executor.folder(training), ignore_errors=True)

    # ------------------------------------------------------------------ in between
    def _suggested(self, draft: Training, character: Character) -> Training:
        """A new draft with the character's approved pictures, sharp and unlike each other, starred ones first."""
        from pipelines import lora_scores

        assets = sorted(self._approved(character.id, OFFERED), key=lambda one: not one.starred)
        makers = [lambda one=one: self._of_asset(draft, character, one) for one in assets]
        makers += [
            lambda one=one: self._of_reference(draft, character, one.id)
            for one in character.references
            if not one.asset_id or one.asset_id not in {asset.id for asset in assets}
        ]
        made, seen = [], []
        for make in makers:
            if len(made) >= SUGGESTED:
                break
            try:
                one = make()
            except StudioError as error:
                log.info("A picture is not suggested for training: %s", error.message)
                continue
            mark = self._mark(draft, one.id)
            twin = any(lora_scores.alike(mark, other) >= ALIKE for other in seen)
            if twin or (one.sharpness or 1) < BLURRED:
                for path in self.executor.folder(draft).glob(f"{one.id}*.*"):
                    path.unlink(missing_ok=True)
                continue
            made.append(one)
            seen.append(mark)
        return self._with(draft.id, made) if made else draft

    def _approved(self, character_id: str, most: int) -> list[Asset]:
        wanted = AssetFilter(character_id=character_id, state="approved", kind="image")
        found = self.store.assets.search(wanted, limit=most).items
        return [one for one in found if not self.store.assets.missing(one)]

    def _of_asset(self, training: Training, character: Character, asset: Asset) -> TrainingPicture:
        if asset.state == "trashed":
            raise Conflict("A picture in the trash cannot be chosen.", "Restore it in Review first.")
        spoken_for = any(one.asset_id == asset.id and one.origin for one in character.references)
        if asset.from_outside and not spoken_for:
            raise StudioError(
                "It is not said what this imported picture shows.",
                "Make it a reference in Characters > References, which asks; then it can be taught.",
                field="asset_ids",
            )
        one = TrainingPicture(source="asset", source_id=asset.id, name=Path(asset.file).name)
        said = asset.recipe.prompt or asset.description
        one.caption = words.caption(said, self._appearances(character, asset), training.trigger, self._triggers(asset))
        self._cut(training, one, self._asset_picture(asset, training.size))
        return one

    def _of_reference(self, training: Training, character: Character, reference_id: str) -> TrainingPicture:
        known = next((one for one in character.references if one.id == reference_id), None)
        if known is None:
            raise NotFound(f"{character.name} has no such reference.", "It may have been removed.")
        if not known.usable:
            raise StudioError("It is not said what this reference shows.", "Say it in Characters > References.")
        one = TrainingPicture(source="reference", source_id=known.id, name=known.file)
        said, triggers, appearances = known.note if known.note.count(" ") < 3 else "", (), [character.appearance]
        with contextlib.suppress(NotFound):
            asset = self.store.assets.get(known.asset_id or "")
            said, triggers = asset.recipe.prompt, self._triggers(asset)
            appearances = self._appearances(character, asset)
        one.caption = words.caption(said, appearances, training.trigger, triggers)
        self._cut(training, one, self._original(training, one))
        return one

    def _appearances(self, character: Character, asset: Asset) -> list[Appearance]:
        """How the character is described now, and how it was when the picture was made."""
        found = [character.appearance]
        if asset.recipe.character_revision and asset.recipe.character_revision != character.revision:
            with contextlib.suppress(StudioError):
                found.append(self.store.characters.version(character.id, asset.recipe.character_revision).appearance)
        return found

    def _triggers(self, asset: Asset) -> list[str]:
        found: list[str] = []
        for one in asset.recipe.loras:
            with contextlib.suppress(NotFound):
                found += self.loras.get(str(one.get("id"))).triggers
        return found

    def _original(self, training: Training, one: TrainingPicture) -> Image:
        """The picture a square is cut from. Raises NotFound when it is gone."""
        from studio.media.pictures import open_picture

        if one.source == "asset":
            return self._asset_picture(self.store.assets.get(one.source_id), training.size)
        if one.source == "reference":
            character = self._character(training.character_id)
            known = next((each for each in character.references if each.id == one.source_id), None)
            if known is None:
                raise NotFound("The reference of this picture was removed.", "Remove the picture here too.")
            return open_picture(self.paths.references(character.id) / known.file)
        return open_picture(self.executor.folder(training) / f"{one.id}-whole.png")

    def _asset_picture(self, asset: Asset, size: tuple[int, int]) -> Image:
        """The engine's own picture where it is large enough, else the enlarged one."""
        from studio.media.pictures import open_picture

        for name in (asset.original_file, asset.file):
            path = self.paths.inside(name) if name else None
            if path and path.is_file():
                image = open_picture(path)
                if min(image.size) >= min(size) or name == asset.file:
                    return image
        raise NotFound("The file of this picture is missing.", "Choose another one.")

    def _cut(self, training: Training, one: TrainingPicture, image: Image, *, keep: bool = False) -> None:
        """Write the picture's square at the engine's size, and note its size and sharpness."""
        from pipelines import quality
        from studio.durable import write_whole
        from studio.media.pictures import flattened
        from studio.media.thumbnails import encoded

        fresh = not one.width
        if fresh and image.height > image.width:
            one.crop = UPPER
        one.width, one.height = image.size
        plain = flattened(image).convert("RGB")
        square = _square_of(plain, training.size, one.crop)
        if fresh or one.sharpness is None:
            one.sharpness = quality.score(square)["sharpness"]
        folder = self.executor.folder(training)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._square(training, one.id), encoded(square, "PNG"))
        if keep:
            plain.thumbnail((2048, 2048))
            write_whole(folder / f"{one.id}-whole.png", encoded(plain, "PNG"))

    def _square(self, training: Training, picture_id: str) -> Path:
        return self.executor.folder(training) / f"{picture_id}.png"

    def _with(self, training_id: str, made: list[TrainingPicture]) -> Training:
        def change(one: Training) -> None:
            if len(one.pictures) + len(made) > MOST:
                raise StudioError(f"A training takes at most {MOST} pictures.", "Choose the best.", field="pictures")
            one.pictures = [*one.pictures, *made]

        try:
            return self.store.trainings.update(training_id, change)
        except StudioError:
            training = self.get(training_id)
            for one in made:
                for path in self.executor.folder(training).glob(f"{one.id}*.*"):
                    path.unlink(missing_ok=True)
            raise

    def _mark(self, training: Training, picture_id: str):
        """The small picture by which a square is compared, kept while its file stays the same; None without a file."""
        from pipelines import lora_scores
        from studio.media.pictures import open_picture

        path = self._square(training, picture_id)
        try:
            key = (str(path), path.stat().st_mtime_ns)
            if key not in self._small:
                if len(self._small) > 2000:
                    self._small.clear()
                self._small[key] = lora_scores.small(open_picture(path))
            return self._small[key]
        except (OSError, StudioError):
            return None

    def _twins(self, training: Training) -> list[tuple[int, str]]:
        """(place of the first, id of the second) for pictures that are nearly the same; each second one once."""
        from pipelines import lora_scores

        marks = [(number, one.id, self._mark(training, one.id)) for number, one in enumerate(training.pictures)]
        found: list[tuple[int, str]] = []
        for place, id, mark in marks:
            before = (number for number, _, other in marks[:place] if mark is not None and other is not None
                      and lora_scores.alike(mark, other) >= ALIKE)  # fmt: skip
            if (first := next(before, None)) is not None:
                found.append((first, id))
        return found

    def _dataset_hash(self, training: Training) -> str:
        digest = hashlib.sha256()
        for one in training.pictures:
            digest.update(self._square(training, one.id).read_bytes())
            digest.update(one.caption.encode())
        return digest.hexdigest()[:16]

    def _check_space(self, training: Training) -> None:
        plan = plan_for(training.preset, self._spec(training.engine))
        width, height = training.size
        versions = plan.steps // plan.checkpoint_every + 2
        weight = 8e6 * plan.rank / 8 if not self._spec(training.engine).family else 12e6 * plan.rank
        needed = int(versions * (weight + 8 * width * height * 3) + 4 * weight)
        free = shutil.disk_usage(self.paths.characters).free
        if free < needed + _KEPT_FREE:
            raise NoSpace(
                f"A training needs about {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free.",
                "Free some space, or empty the trash in Review.",
            )

    def _editable(self, training_id: str) -> Training:
        training = self.get(training_id)
        if training.trashed_at:
            raise Conflict("This training is in the trash.", "Restore it first.")
        if training.job_id is not None:
            raise Conflict("This training has begun.", "“Train again” makes a draft of its pictures.")
        return training

    def _character(self, character_id: str) -> Character:
        character = self.store.characters.get(character_id)
        if character.trashed_at:
            raise Conflict(f"{character.name} is in the trash.", "Restore the character first.", field="character_id")
        return character

    def _spec(self, engine_id: str) -> EngineSpec:
        spec = self.use.engine(engine_id).spec
        if not spec.trains:
            names = ", ".join(one.name for one in self.engines()) or "none here"
            raise StudioError(f"{spec.name} cannot be trained.", f"These can: {names}.", field="engine")
        return spec

    def _first_engine(self, character: Character) -> str:
        """The model of the character's default look where it can be trained, else the first that can."""
        offered = [one.id for one in self.engines()]
        if not offered:
            raise StudioError("No model here can be trained.", "Add SD 1.5 or SDXL in Models.", field="engine")
        look = character.look()
        return look.engine if look and look.engine in offered else offered[0]

    def _free_trigger(self, character: Character, spec: EngineSpec) -> str:
        """The trigger of the character's last training, else a new word."""
        last = next((one.trigger for one in self.list(character.id) if one.job_id), None)
        return last if last and last not in spec.learned else words.trigger_for(character.name, spec.learned)


def _square_of(image: Image, size: tuple[int, int], crop: float) -> Image:
    """The part of the picture in the shape of `size`, at `crop` along the side that is too long, at that size."""
    from PIL import Image

    shape = size[0] / size[1]
    width, height = image.size
    wide = min(width, round(height * shape))
    high = min(height, round(width / shape))
    left, top = round((width - wide) * crop), round((height - high) * crop)
    filter = Image.Resampling.LANCZOS
    return image.resize(size, filter, (left, top, left + wide, top + high), reducing_gap=3.0)


def _free_name(character: Character) -> str:
    taken = {one.name.casefold() for one in character.looks}
    number = 2
    name = LOOK
    while name.casefold() in taken:
        name, number = f"{LOOK} {number}", number + 1
    return name
