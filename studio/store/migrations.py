"""Documents of older versions brought to today's shape: one small function per step, run when a document is read.

The step at place n of a kind turns its schema n + 1 into schema n + 2. To change a kind's shape: raise the default of
its `schema` in `studio/domain`, write the step here, append it to the kind's tuple, test it with an old document.
"""

from collections.abc import Callable, Mapping

Step = Callable[[dict], dict]

STEPS: dict[str, tuple[Step, ...]] = {
    "character": (),
    "asset": (),
    "job": (),
    "post": (),
    "model": (),
    "lora": (),
    "training": (),
    "project": (),
    "sound": (),
    "endpoint": (),
    "written": (),
}


def newest(kind: str, steps: Mapping[str, tuple[Step, ...]] = STEPS) -> int:
    """The schema number documents of this kind are written with today."""
    return len(steps.get(kind, ())) + 1


def migrate(kind: str, document: dict, steps: Mapping[str, tuple[Step, ...]] = STEPS) -> dict:
    """The document in today's shape; one without a number counts as schema 1, one of a newer studio stays as it is."""
    schema = document.get("schema")
    if not isinstance(schema, int) or schema < 1:
        schema = 1
    for step in steps.get(kind, ())[schema - 1 :]:
        document = step(document)
        schema += 1
    document["schema"] = schema
    return document
