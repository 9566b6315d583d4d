"""The executor of trainings: pictures in, steps, a judged version at every checkpoint, the best one into use.

After a crash or a cancellation the job goes on from its last saved state; what a version left on the disk is written
over by the same version again.
"""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.base import EngineSpec, ImageInputs
from studio.domain.document import now
from studio.domain.job import Job
from studio.domain.training import Checkpoint, Training
from studio.durable import write_whole
from studio.errors import NotFound, StudioError
from studio.paths import Paths
from studio.services.engine_use import EngineUse, translated
from studio.services.training_plans import within

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.jobs import Report
    from studio.store import Store

log = logging.getLogger("studio.training")

STATE = "state.safetensors"
MOST_POINTS = 240  # of a loss curve in the document
_BARE = "bare"
_SAVED_EVERY = 20  # steps between two writes of the curve
_ARCHITECTURE = {"sd15": "stable-diffusion-v1/lora", "sdxl": "stable-diffusion-xl-v1-base/lora"}
_BASE_VERSION = {"sd15": "sd_v1-5", "sdxl": "sdxl_base_v1-0"}


class Curve:
    """Losses of a running training by step, for pages that watch. Any thread may read."""

    def __init__(self, known: Sequence[Sequence[float]] = ()):
        self._points, self._lock = [(int(step), float(loss)) for step, loss in known], threading.Lock()

    def add(self, step: int, loss: float) -> None:
        with self._lock:
            self._points.append((step, loss))

    def points(self, since: int = 0) -> list[list[float]]:
        with self._lock:
            return [[step, round(loss, 5)] for step, loss in self._points if step > since]

    def mean(self, last: int) -> float | None:
        with self._lock:
            found = [loss for _, loss in self._points[-last:]]
        return round(sum(found) / len(found), 5) if found else None


class TrainingExecutor:
    """Makes one training job. `finished(training)` is told when all versions are judged."""

    def __init__(self, store: "Store", paths: Paths, use: EngineUse, finished: Callable[[Training], None]):
        self.store, self.paths, self.use, self._finished = store, paths, use, finished
        self.curves: dict[str, Curve] = {}

    def folder(self, training: Training) -> Path:
        """Where its squares, samples and versions lie."""
        return self.paths.looks(training.character_id) / training.id

    def run(self, job: Job, report: "Report") -> None:
        """The whole training, or what is left of it. Raises StudioError and Cancelled as an executor may."""
        training = self._training(job)
        folder = self.folder(training)
        pictures = self._pictures(training, folder)
        report(0, 1, None, "Getting the model ready")
        try:
            with self.use.for_job(training.engine) as (engine, device, dtype), translated():
                if not engine.spec.trains:
                    raise StudioError(f"{engine.spec.name} cannot be trained.", "Choose another model.", field="engine")
                _Run(self, training, engine, device, dtype, pictures, report).go()
        finally:
            self.curves.pop(training.id, None)
            from pipelines import lora_scores

            lora_scores.forget()
        (folder / STATE).unlink(missing_ok=True)
        training = self.store.trainings.update(training.id, lambda one: setattr(one, "finished_at", now()))
        self._finished(training)

    def _training(self, job: Job) -> Training:
        try:
            training = self.store.trainings.get(str(job.request.get("training_id")))
        except NotFound as error:
            raise StudioError("This training is gone.", "Remove this job.") from error
        if training.trashed_at:
            raise StudioError("This training is in the trash.", "Restore it in Train, then retry.")
        if training.job_id != job.id:  # killed between asking for the job and noting it
            training = self.store.trainings.update(training.id, lambda one: setattr(one, "job_id", job.id))
        return training

    @staticmethod
    def _pictures(training: Training, folder: Path) -> "list[Image]":
        from studio.media.pictures import open_picture

        found = []
        for one in training.pictures:
            path = folder / f"{one.id}.png"
            if not path.is_file():
                raise StudioError(
                    f"The training picture {one.name or one.id} is missing.", f"It was at {path}. Begin a new training."
                )
            found.append(open_picture(path).convert("RGB"))
        return found


class _Run:
    """One run of one training on a loaded engine."""

    def __init__(self, executor: TrainingExecutor, training, engine, device: str, dtype: str, pictures, report):
        from pipelines import train_lora

        self.executor, self.training, self.engine = executor, training, engine
        self.device, self.dtype, self.pictures, self._report = device, dtype, pictures, report
        self.folder, self.spec = executor.folder(training), engine.spec
        total = executor.use.status().get("gpu_total") or 0
        self.plan = within(train_lora.TrainingPlan(**training.plan), self.spec, total if device == "cuda" else 0)
        chosen = self.spec.presets.get("Fast") or self.spec.defaults
        self.settings = {**self.spec.defaults, **chosen}
        # progress counts in passes of one picture through the denoiser, so that the time left is near the truth
        self.step_cost = 3 * self.plan.batch
        self.look_cost = (2 if self.settings["guidance"] > 1 else 1) * self.settings["steps"]
        self.looked, self.step = 0, 0
        looks = (1 + len(self.plan.checkpoints())) * len(training.prompts)
        self.total = self.plan.steps * self.step_cost + looks * self.look_cost

    def go(self) -> None:
        """Train, judge, keep. Raises out of the report."""
        from dataclasses import asdict

        from pipelines import train_lora

        state = self.folder / STATE
        reached = train_lora.reached(state)
        (self.folder / "samples").mkdir(parents=True, exist_ok=True)

        def begins(one: Training) -> None:
            one.losses = [pair for pair in one.losses if pair[0] <= reached]
            one.plan, one.device, one.dtype, one.finished_at = asdict(self.plan), self.device, self.dtype, None
            one.model_hash = self.engine.model_hash()

        self.training = self.executor.store.trainings.update(self.training.id, begins)
        self.curve = self.executor.curves[self.training.id] = Curve(self.training.losses)
        self.began, self.first, self.looking = time.perf_counter(), reached, 0.0
        self.step = reached
        pipe = self.engine.trainable()
        self.bare = self._samples(_BARE, "What the model makes before it learns")
        self.looked = len(self.training.prompts) * (1 + sum(one <= reached for one in self.plan.checkpoints()))
        self._say("Reading the pictures")
        pipe = self.engine.trainable()
        train_lora.train(
            pipe,
            self.pictures,
            [one.caption for one in self.training.pictures],
            self.plan,
            self._after_step,
            state,
            self._checkpoint,
            mark=f"{self.training.dataset_hash} {self.training.model_hash}",
            dtype=self.dtype if self.dtype in ("bfloat16", "float16") else "float32",
        )
        self._keep_curve()

    # ------------------------------------------------------------------ while it runs
    def _say(self, note: str, frames=None, more: float = 0) -> None:
        done = int(self.step * self.step_cost + self.looked * self.look_cost + more)
        self._report(min(done, self.total), self.total, frames, note)

    def _after_step(self, done: int, total: int, loss: float, pipe) -> None:
        self.step = done
        self.curve.add(done, loss)
        if done % _SAVED_EVERY == 0:
            self._keep_curve()
        try:
            self._say(f"Step {done} of {total}")
        except BaseException:  # stopped: the page goes on showing how far it came
            self._keep_curve()
            raise

    def _keep_curve(self) -> None:
        taken = self.step - self.first
        pace = (time.perf_counter() - self.began - self.looking) / taken if taken else None

        def change(one: Training) -> None:
            one.losses = thinned(self.curve.points(), MOST_POINTS)
            one.seconds_per_step = round(pace, 4) if pace else one.seconds_per_step

        self.training = self.executor.store.trainings.update(self.training.id, change)

    def _samples(self, name: str | int, note: str) -> "list[Image]":
        """The sample pictures of a version, made unless they are on the disk."""
        from pipelines import train_lora
        from studio.media.pictures import open_picture

        began, made = time.perf_counter(), []
        for number, prompt in enumerate(self.training.prompts):
            path = self.folder / "samples" / f"{name}-{number}.png"
            if name == _BARE and path.is_file():
                made.append(open_picture(path).convert("RGB"))
                continue
            told = f"{note}: {number + 1} of {len(self.training.prompts)}"
            width, height = self.training.size
            inputs = ImageInputs(
                prompt=prompt,
                negative="",
                width=width,
                height=height,
                steps=self.settings["steps"],
                guidance=self.settings["guidance"],
                sampler=self.settings.get("sampler") or self.spec.samplers[0],
                seeds=[self.training.sample_seed],
                check=lambda told=told: self._say(told),
            )

            def step(done, total, frames=None, told=told):
                self._say(told, frames, more=self.look_cost * done / total)

            with train_lora.quick(self.device, self.dtype):
                image = self.engine.run(inputs, step)[0]
            self.looked += 1
            write_whole(path, _png(image))
            made.append(image)
        self.looking += time.perf_counter() - began
        return made

    def _checkpoint(self, step: int, weights: Callable[[], dict]) -> None:
        from pipelines import lora_scores, train_lora

        file = self.folder / f"step-{step:05d}.safetensors"
        train_lora.save(weights(), file, self.training.trigger, self.plan, facts(self.training, self.spec, step))
        samples = self._samples(step, f"Trying out step {step}")
        self._say(f"Judging step {step}")
        scores = lora_scores.judge(samples, self.bare, self.pictures, self.spec.id)
        content = file.read_bytes()
        made = Checkpoint(
            step=step,
            file=self.executor.paths.relative(file),
            sha256=hashlib.sha256(content).hexdigest(),
            hash=tensor_hash(content),
            bytes=len(content),
            loss=self.curve.mean(40),
            scores=scores.as_json(),
        )

        def change(one: Training) -> None:
            others = [known for known in one.checkpoints if known.step != step]
            one.checkpoints = sorted([*others, made], key=lambda known: known.step)
            one.losses = thinned(self.curve.points(), MOST_POINTS)
            judged = [(known.step, lora_scores.Scores(**known.scores)) for known in one.checkpoints]
            one.best, one.why = lora_scores.best(judged)

        self.training = self.executor.store.trainings.update(self.training.id, change)
        log.info("Training %s, step %d: %s", self.training.id, step, scores)


def facts(training: Training, spec: EngineSpec, step: int) -> dict[str, str]:
    """What a version's file says of itself, for other programs and for a library it is imported into."""
    tags: dict[str, int] = {}
    for one in training.pictures:
        for tag in dict.fromkeys(part.strip() for part in one.caption.split(",") if part.strip()):
            tags[tag] = tags.get(tag, 0) + 1
    family = spec.family or spec.id
    return {
        "modelspec.title": f"{training.trigger} v{training.version}, step {step}",
        "modelspec.architecture": _ARCHITECTURE.get(family, f"{family}/lora"),
        "modelspec.date": now()[:10],
        "modelspec.license": spec.licence,
        "modelspec.resolution": "x".join(map(str, training.size)),
        "ss_base_model_version": _BASE_VERSION.get(family, family),
        "ss_sd_model_name": spec.name,
        "ss_tag_frequency": json.dumps({"pictures": tags}, ensure_ascii=False),
        "ss_num_train_images": str(len(training.pictures)),
        "studio.base_hash": training.model_hash,
        "studio.dataset_hash": training.dataset_hash,
        "studio.step": str(step),
    }


def tensor_hash(content: bytes) -> str:
    """The first 12 hex digits of the SHA-256 of a safetensors file's tensors: how other studios name a LoRA."""
    start = 8 + int.from_bytes(content[:8], "little")
    return hashlib.sha256(content[start:]).hexdigest()[:12]


def thinned(points: list[list[float]], most: int) -> list[list[float]]:
    """At most about `most` points, each the mean of its neighbours; the last one stays last."""
    if len(points) <= most:
        return points
    width = -(-len(points) // most)
    groups = [points[start : start + width] for start in range(0, len(points), width)]
    return [[group[-1][0], round(sum(loss for _, loss in group) / len(group), 5)] for group in groups]


def _png(image: "Image") -> bytes:
    import io

    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()
