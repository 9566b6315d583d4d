"""The engines and model families the studio knows. Importing this loads no torch: an engine fetches its libraries when
it loads."""

import threading
from collections.abc import Iterable, Sequence

from pipelines.base import Engine, EngineError, EngineSpec, Family, LocalModel
from pipelines.engines import flux1, flux2_klein, krea2, qwen_image, sd15, sdxl, z_image
from pipelines.engines.starter import Starter

# The engines that are always there, the default one first.
ENGINES: tuple[Engine, ...] = (Starter(),)
# What installed models can be. Where two families accept the same folder, the first counts.
FAMILIES: tuple[Family, ...] = (
    sd15.FAMILY,
    sdxl.FAMILY,
    flux2_klein.FAMILY,
    z_image.FAMILY,
    flux1.FAMILY,
    qwen_image.FAMILY,
    qwen_image.EDIT_FAMILY,
    krea2.FAMILY,
)


def engine(id: str) -> Engine:
    """The engine with this id. Raises EngineError (code `unknown_engine`) that names those there are."""
    for each in ENGINES:
        if each.spec.id == id:
            return each
    known = ", ".join(each.spec.id for each in ENGINES)
    raise EngineError(f"There is no engine called “{id}”.", f"Choose one of: {known}.", "unknown_engine")


def specs() -> list[EngineSpec]:
    """What every engine says about itself, in the order they are offered."""
    return [each.spec for each in ENGINES]


def family(id: str) -> Family:
    """The family with this id. Raises EngineError (code `unknown_family`) that names those there are."""
    for each in FAMILIES:
        if each.id == id:
            return each
    known = ", ".join(each.id for each in FAMILIES)
    raise EngineError(f"There is no model family called “{id[:40]}”.", f"There are: {known}.", "unknown_family")


def family_of_pipeline(class_name: str) -> Family | None:
    """The family that runs folders whose model_index.json names this pipeline class; None when there is none."""
    return next((each for each in FAMILIES if class_name in each.pipelines), None)


class Shelf:
    """The engines there are right now: those that are always there, then one per installed model.

    A model that did not change keeps its engine, loaded or not. Every method may be called from any thread.
    """

    def __init__(self, always: Sequence[Engine] = ENGINES):
        self._always = tuple(always)
        self._made: dict[LocalModel, Engine] = {}
        self._lock = threading.Lock()

    def engines(self) -> tuple[Engine, ...]:
        """In the order they are offered, the default one first."""
        return (*self._always, *self._made.values())

    def put(self, models: Iterable[LocalModel]) -> list[Engine]:
        """These are the installed models from now on. The engines that left come back, to be unloaded.

        Raises EngineError (code `unknown_family`) for a family that is not there; ValueError for an id that is taken.
        """
        with self._lock:
            made: dict[LocalModel, Engine] = {}
            taken = {each.spec.id for each in self._always}
            for model in models:
                if model.id in taken:
                    raise ValueError(f"two models are called {model.id}")
                taken.add(model.id)
                made[model] = self._same(model) or family(model.family).make(model)
            gone = [engine for engine in self._made.values() if engine not in made.values()]
            self._made = made
            return gone

    def _same(self, model: LocalModel) -> Engine | None:
        return next((engine for known, engine in self._made.items() if known == model), None)
