"""kill -9 in the middle of a training: the next studio goes on from the saved step and ends with a look."""

import json
import subprocess
import sys
from dataclasses import replace

from pipelines.train_lora import TrainingPlan
from studio.services import training_plans
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice, FakeEngine, FakeTrainer

CHILD = """
import sys, time
from pathlib import Path
from PIL import Image
from pytest import MonkeyPatch
from studio.domain.training import NewTraining
from studio.paths import Paths
from studio.services.engine_use import EngineUse
from studio.services.studio import build
from studio.settings import Settings
from tests.fakes import FakeDevice
from tests.unit import test_training_kill as shared

paths = Paths(Path(sys.argv[1]))
shared.trainer(MonkeyPatch(), step_s=0.05)
settings = Settings(paths, {})
studio = build(paths, settings, use=EngineUse(settings, (shared.engine(),), FakeDevice()))
mira = studio.characters.create({"name": "Mira"})
draft = studio.trainings.create(NewTraining(character_id=mira.id))
for number, colour in enumerate(("red", "green", "blue", "white")):
    path = paths.data / f"{number}.png"
    Image.new("RGB", (64, 64), colour).save(path)
    studio.trainings.upload(draft.id, path, origin={"kind": "fictional"})
studio.queue.start()
job = studio.trainings.start(draft.id)
print(draft.id, job.id, flush=True)
while studio.queue.active():
    print(len(studio.trainings.live(draft.id)["losses"]), flush=True)
    time.sleep(0.02)
"""


def engine():
    made = FakeEngine()
    made.spec = replace(made.spec, id="starter", name="Starter", trains=True)
    made.trainable = lambda: object()
    return made


def trainer(monkeypatch, step_s=0.0):
    made = FakeTrainer()
    made.step_s = step_s
    made.install(monkeypatch)
    plan = TrainingPlan(steps=40, batch=1, checkpoint_every=20)
    monkeypatch.setattr(training_plans, "_PLANS", {"": {"Balanced": plan}})
    return made


def test_a_killed_training_goes_on(paths, monkeypatch):
    """Killed after a checkpoint: no document is damaged, no step is learned twice, every version is judged."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(paths.data)],
        stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=__file__.rpartition("tests")[0],
    )  # fmt: skip
    training_id, job_id = child.stdout.readline().split()
    while int(child.stdout.readline()) < 25:
        pass
    child.kill()
    child.wait()
    for path in paths.data.rglob("*.json"):
        json.loads(path.read_bytes())
    settings = Settings(paths, {})
    made = trainer(monkeypatch)
    with build(paths, settings, use=EngineUse(settings, (engine(),), FakeDevice())) as studio:
        studio.queue.start()
        assert studio.queue.finished(job_id, 60).state == "succeeded"
        done = studio.trainings.get(training_id)
        assert 24 <= made.began[0] < 40
        assert [one.step for one in done.checkpoints] == [20, 40]
        steps = [step for step, _ in done.losses]
        assert steps == sorted(set(steps))
        assert studio.characters.get(done.character_id).look("Trained").loras
