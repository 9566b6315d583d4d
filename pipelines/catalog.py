"""The engines the studio knows. Importing this loads no torch: an engine fetches its libraries when it loads."""

from pipelines.base import Engine, EngineError, EngineSpec
from pipelines.engines.starter import Starter

ENGINES: tuple[Engine, ...] = (Starter(),)


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
