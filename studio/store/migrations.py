"""Documents of older versions brought to today's shape: one small function per step, run when a document is read.

The step at place n of a kind turns its schema n + 1 into schema n + 2. To change a kind's shape: raise the default of
its `schema` in `studio/domain`, write the step here, append it to the kind's tuple, test it with an old document.
"""

from collections.abc import Callable, Mapping

Step = Callable[[dict], dict]


def _targets_with_a_way_of_their_own(post: dict) -> dict:
    """Post 1 to 2: a target was a platform's id; state, intent and receipts were the post's."""
    state, intent = post.get("state", "draft"), post.pop("intent", None) or {}
    receipts = {one.get("target"): one for one in post.pop("receipts", None) or ()}
    failed = state == "failed"
    targets = []
    for name in post.get("targets") or ["export"]:
        if isinstance(name, dict):  # somebody's hand, or a half-done copy
            targets.append(name)
            continue
        target = {"account_id": name, "state": {"failed": "failed_permanent"}.get(state, state)}
        if name in receipts:
            got = receipts[name]
            target |= {"state": "published", "url": got.get("url") or "", "receipt": {"at": got.get("at")}}
        elif intent.get("target") == name:
            at = intent.get("at") or None
            target |= {"state": "submitting", "begun_at": at, "first_at": at, "place": intent.get("place")}
            post["ending"] = intent.get("ending") or "png"
        elif failed:
            target["error"] = post.get("error")
        targets.append(target)
    return post | {"targets": targets}


STEPS: dict[str, tuple[Step, ...]] = {
    "character": (),
    "asset": (),
    "job": (),
    "post": (_targets_with_a_way_of_their_own,),
    "account": (),
    "model": (),
    "lora": (),
    "training": (),
    "project": (),
    "sound": (),
    "endpoint": (),
    "written": (),
    "grid": (),
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
