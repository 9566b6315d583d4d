"""Keeping a face: which ways each model here has, and the path that strings them together for one character.

The path has no document: every step is read back from what is there (references, tests, trainings), so that it goes on
where it was, on any page and after a restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.base import EngineSpec
from studio.domain.character import Character
from studio.domain.training import Training

if TYPE_CHECKING:
    from studio.services.images import Images
    from studio.services.scene_test import SceneTests
    from studio.services.trainings import Trainings
    from studio.store import Store

ENOUGH = 2  # references that show exactly who this is


class Keeping:
    """Reads what is there; changes nothing."""

    def __init__(self, store: Store, images: Images, tests: SceneTests, trainings: Trainings):
        self.store, self.images, self.tests, self.trainings = store, images, tests, trainings

    def ways(self) -> list[dict]:
        """{"engine", "name", "ways"} of every model here, each way {"id", "text"}; only what can run is named."""
        return [
            {"engine": engine.spec.id, "name": engine.spec.name, "ways": ways_of(engine.spec)}
            for engine in self.images.use.engines
            if not engine.ready()
        ]

    def path(self, character_id: str) -> dict:
        """{"steps": [{"id", "title", "state", "text", "ids", "look"}], "ways": as `ways`}; a state is done, next or
        later. `ids` are the tests a step is about, `look` the look its test is to run with. Raises NotFound."""
        character = self.store.characters.get(character_id)
        usable = sum(1 for one in character.references if one.usable)
        tests = [one for one in self.tests.tests(character_id) if one["finished"]]
        training = self._learned(character)
        look = character.look(training.look_id) if training else None
        after = [one for one in tests if look and one["at"] > training.finished_at and one["look"] == look.name]
        before = [one for one in tests if one not in after]
        trains = any(engine.spec.trains for engine in self.images.use.engines if not engine.ready())
        look_id = look.id if look else ""
        learned = f"“{look.name}” carries what was learned from {len(training.pictures)} pictures." if look else ""
        steps = [
            ("references", "Choose references", usable >= ENOUGH, _references(character, usable), [], ""),
            ("test", "Test twelve scenes as it is", bool(before), _scored(before), _ids(before), ""),
            ("train", "Teach a model the face", bool(look), learned or _teach(trains), [], ""),
            ("again", "Test again with what it learned", bool(after), _scored(after), _ids(after), look_id),
            ("compare", "Compare on one sheet", bool(before and after), _compared(before, after),
             [*_ids(before), *_ids(after)], ""),
        ]  # fmt: skip
        states = ["done" if done else "later" for _, _, done, *_ in steps]
        if "later" in states:
            states[states.index("later")] = "next"
        rows = [
            {"id": id, "title": title, "state": state, "text": text, "ids": ids, "look": of}
            for (id, title, _, text, ids, of), state in zip(steps, states, strict=True)
        ]
        return {"steps": rows, "ways": self.ways()}

    def _learned(self, character: Character) -> Training | None:
        """The newest training whose version a look of the character still carries."""
        found = [one for one in self.trainings.list(character.id) if one.finished_at and one.chosen is not None]
        return next((one for one in found if one.look_id and character.look(one.look_id)), None)


def ways_of(spec: EngineSpec) -> list[dict]:
    """How a model keeps a face, the surest first."""
    ways = []
    if spec.trains:
        ways.append({"id": "lora", "text": "A LoRA of the character, trained here"})
    elif "loras" in spec.uses:
        ways.append({"id": "lora", "text": "A LoRA of the character, trained elsewhere"})
    if "references" in spec.uses:
        most = spec.most_references
        many = f"up to {most} reference pictures" if most > 1 else "a reference picture"
        ways.append({"id": "references", "text": f"Edits and new scenes from {many}"})
    if "image" in spec.tasks:
        ways.append({"id": "image", "text": "A start picture that is changed a little"})
    return ways or [{"id": "words", "text": "Words only: the appearance in the prompt"}]


def _references(character: Character, usable: int) -> str:
    unsaid = len(character.references) - usable
    said = f"{usable} of {ENOUGH} or more that show exactly who this is."
    return said + (f" {unsaid} more wait for a word on what they show." if unsaid else "")


def _teach(trains: bool) -> str:
    if trains:
        return "A LoRA from twelve approved pictures keeps a face most surely."
    return "No model here can be trained. Use another way from the list below, in Create."


def _ids(tests: list[dict]) -> list[str]:
    return [tests[0]["id"]] if tests else []


def _scored(tests: list[dict]) -> str:
    if not tests:
        return "Identity, attempts and seconds for each scene, on one sheet."
    test = tests[0]
    mean = "not measured" if test["mean"] is None else f"identity {round(test['mean'] * 100)} of 100"
    return f"{mean}, {test['passed']} of {len(test['scenes'])} in character, {test['attempts']} attempts."


def _compared(before: list[dict], after: list[dict]) -> str:
    if not before or not after or before[0]["mean"] is None or after[0]["mean"] is None:
        return "Before and after, scene by scene."
    change = round(after[0]["mean"] * 100) - round(before[0]["mean"] * 100)
    return f"Identity {'+' if change > 0 else ''}{change} of 100 since it was taught."
