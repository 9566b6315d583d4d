"""Written stand-ins for tests: short, honest, and with the promises of the real thing."""

import contextlib
import threading
import time
from types import SimpleNamespace

from studio.errors import NotFound
from studio.store.collection import Page


class FakeJobs:
    """A Collection of jobs in memory. `broken` is raised by every write while it is set; `writes` counts them."""

    def __init__(self):
        self.kept, self.writes, self.broken, self._lock = {}, 0, None, threading.Lock()

    def _write(self, doc):
        if self.broken:
            raise self.broken
        self.writes += 1
        self.kept[doc.id] = doc.model_copy(deep=True)
        return doc.model_copy(deep=True)

    def add(self, doc):
        with self._lock:
            return self._write(doc)

    def get(self, id):
        with self._lock:
            if id not in self.kept:
                raise NotFound("There is no such job.")
            return self.kept[id].model_copy(deep=True)

    def update(self, id, change):
        doc = self.get(id)
        change(doc)
        doc.revision += 1
        with self._lock:
            return self._write(doc)

    def update_many(self, ids, change):
        return [self.update(id, change) for id in ids]

    def remove(self, id):
        self.get(id)
        if self.broken:
            raise self.broken
        del self.kept[id]

    def remove_many(self, ids):
        for id in ids:
            self.remove(id)

    def count(self, where=None):
        return self.find(where).total

    def find(self, where=None, *, limit=50, cursor=None, newest_first=True):
        with self._lock:
            found = [doc for doc in self.kept.values() if where is None or where(doc.as_json())]
        found.sort(key=lambda doc: doc.id, reverse=newest_first)
        start = next((i + 1 for i, doc in enumerate(found) if doc.id == cursor), 0)
        more = found[start + limit - 1].id if len(found) > start + limit else None
        return Page([doc.model_copy(deep=True) for doc in found[start : start + limit]], more, len(found))


class StepExecutor:
    """Makes `request["batch"]` assets of `steps` steps each, `step_s` seconds a step; a resumed job makes the rest.

    `gate` (an Event in `hold`) keeps the job at its first step; `error` is raised after the first step; `made` lists
    what was made as "<job>-<n>", `frames_made` counts how often previews were asked of it.
    """

    def __init__(self, steps=3, step_s=0.0, error=None, gate=None):
        self.steps, self.step_s, self.error, self.gate = steps, step_s, error, gate
        self.started, self.made, self.ran, self.frames_made = threading.Event(), [], [], 0

    def frames(self):
        from PIL import Image

        self.frames_made += 1
        return [Image.new("RGB", (32, 48), (200, 40, 90))]

    def run(self, job, report):
        self.ran.append(job.id)
        batch, steps = job.request.get("batch", 1), job.request.get("steps", self.steps)
        report(0, batch * steps, note="Getting ready")
        self.started.set()
        for number in range(len(job.assets), batch):
            for step in range(steps):
                time.sleep(self.step_s)
                report(number * steps + step + 1, batch * steps, self.frames)
                while self.gate is not None and not self.gate.wait(0.005):
                    report(number * steps + step + 1, batch * steps, self.frames)
                if self.error is not None:
                    raise self.error
            self.made.append(f"{job.id}-{number}")
            report.asset(f"{job.id}-{number}")


class FakeEngine:
    """An engine without torch: a picture per seed, in a colour of its seed, at once or `step_s` seconds a step.

    `ran` lists the inputs of every run; `error` is raised after the first step; `hold` (an Event) keeps a run at its
    first step until it is set. Other fields of its spec may be given by name.
    """

    def __init__(self, step_s=0.0, error=None, hold=None, missing=None, id="fake", name="Fake", **spec):
        from dataclasses import replace

        from pipelines.base import EngineSpec

        plain = EngineSpec(
            id=id, name=name, summary="A test's own.", licence="none", native=(64, 64), sizes=((64, 64),),
            uses=frozenset({"prompt", "negative"}), samplers=("Plain", "Other"), presets={}, sides=(64, 512, 8),
            defaults={"steps": 4, "guidance": 3.0, "sampler": "Plain"}, most_steps=100, prompt_tokens=64,
        )  # fmt: skip
        self.spec = replace(plain, **spec)
        self.step_s, self.error, self.hold, self.missing = step_s, error, hold, missing
        self.ran, self.started = [], threading.Event()

    def ready(self):
        return self.missing

    def load(self, device, dtype):
        pass

    def unload(self):
        pass

    def model_hash(self):
        return "0123456789"

    def run(self, inputs, report):
        from PIL import Image

        self.ran.append(inputs)
        colours = [(seed % 256, seed // 256 % 256, 90) for seed in inputs.seeds]
        frames = lambda: [Image.new("RGB", (32, 32), colour) for colour in colours]
        for step in range(inputs.steps):
            report(step + 1, inputs.steps, frames)
            self.started.set()
            while self.hold is not None and not self.hold.wait(0.005):
                report(step + 1, inputs.steps, frames)
            if self.error is not None:
                raise self.error
            time.sleep(self.step_s)
        return [Image.new("RGB", (inputs.width, inputs.height), colour) for colour in colours]


class FakeDevice:
    """A device slot that loads nothing; `measured` counts the measurements."""

    keep_alive_minutes, ram_share, measured = 0, 0.4, 0

    def __init__(self):
        self.learned, self.lighter, self.there = {}, [], None

    def choose(self, wanted="auto"):
        return "cpu"

    def measure_dtype(self, device):
        self.measured += 1
        return {"bfloat16": 1.0, "float32": 2.0, "chosen": "bfloat16", "why": "bfloat16 is 2 times faster."}

    @contextlib.contextmanager
    def resident(self, engine, device, dtype, options=None):
        engine.load(device, dtype)
        self.there = engine.spec.id
        yield engine

    def unload(self):
        return False

    def resident_id(self):
        return self.there

    def lighten(self):
        """The next of `lighter`, as a slot would say it."""
        return SimpleNamespace(plan=self.lighter.pop(0)) if self.lighter else None

    def forget(self, engines):
        self.forgotten = list(engines)

    def status(self):
        return {
            "engine": None,
            "device": None,
            "dtype": None,
            "busy": False,
            "memory": 0,
            "gpu_memory": 0,
            "gpu_total": 0,
        }


class FakeTrainer:
    """Stands in for `pipelines.train_lora` without torch: the same calls, a loss that falls, a LoRA that is a file.

    `hold` (an Event) keeps it at its first step, `error` is raised after the third; `began` lists the steps it began
    at, `captions` what it was taught.
    """

    def __init__(self):
        self.hold, self.error, self.began, self.captions, self.step_s = None, None, [], [], 0.0

    def train(self, pipe, pictures, captions, plan, report, state=None, checkpoint=None, mark="", dtype=""):
        self.captions, first = list(captions), self.reached(state)
        self.began.append(first)
        for step in range(first, plan.steps):
            report(step + 1, plan.steps, 1 / (step + 1), pipe)
            while self.hold is not None and not self.hold.wait(0.005):
                report(step + 1, plan.steps, 1 / (step + 1), pipe)
            if self.error is not None and step == 2:
                raise self.error
            if step + 1 in plan.checkpoints():
                checkpoint(step + 1, lambda step=step: {"step": step + 1})
            state.write_text(str(step + 1), encoding="utf-8")
            time.sleep(self.step_s)

    def reached(self, state):
        return int(state.read_text(encoding="utf-8")) if state.exists() else 0

    def save(self, weights, path, trigger, plan, facts=None):
        from tests.weights import kohya

        told = {"modelspec.trigger_phrase": trigger, **(facts or {})}
        kohya(path, width=256, metadata=told, fill=bytes([weights["step"] % 251 + 1]))

    @contextlib.contextmanager
    def quick(self, device, dtype):
        yield

    def install(self, monkeypatch):
        """Also leaves likeness unmeasured: its encoders belong to the pipelines' own tests."""
        from pipelines import lora_scores, train_lora

        unmeasured = lambda *_: (None, "Likeness is not measured.")
        monkeypatch.setattr(lora_scores, "identity", unmeasured)
        monkeypatch.setattr(lora_scores, "attributes", lambda *_: None)
        for name in ("train", "reached", "save", "quick"):
            monkeypatch.setattr(train_lora, name, getattr(self, name))
