"""Identity of one character: how alike its pictures are, the rule for those that are not, and the 12-scene test."""

import time

import gradio as gr

from studio.errors import NotFound, StudioError
from studio.ui.guard import shown, told
from studio.ui.parts.characters import when
from studio.ui.parts.drawn import drawn_by
from studio.ui.shared import Shared

MOST_TESTS = 12  # in the list; the newest


class IdentitySection:
    """A section of the Characters tab. `editing` holds the id of the character in the editor, "" or None for nobody."""

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio

    def layout(self) -> None:
        with gr.Tab("Identity", id="identity") as self.page:
            self.body = drawn_by("identity", elem_id="character-identity")

    def wire(self, editing: gr.State) -> None:
        shared, quiet = self.shared, {"show_progress": "hidden", "api_visibility": "private"}
        self.page.select(shown(self.value), editing, self.body, api_name="characters_identity", **quiet)
        # a report reads thousands of documents: what changed is only told, and asked for where somebody looks
        gr.on(
            [editing.change, shared.changed.change],
            lambda character_id: {"stale": character_id or "", "stamp": time.monotonic_ns()},
            editing,
            self.body,
            api_name="characters_identity_stale",
            **quiet,
        )
        self.body.select(
            shown(self.act),
            editing,
            [self.body, shared.to_review],
            api_name="characters_identity_act",
            trigger_mode="multiple",
            **quiet,
        )

    # ------------------------------------------------------------------ what it shows
    def value(self, editing) -> dict:
        """The section's value, see static/identity.js."""
        if not editing:
            return {"empty": {"title": "Nobody to measure yet", "next": "Save the character first."}}
        try:
            report = self.studio.identities.report(editing)
        except NotFound:
            return {"empty": {"title": "This character is gone", "next": "Open another one."}}
        character = self.studio.characters.get(editing)
        tests = self.studio.scene_tests.tests(editing)[:MOST_TESTS]
        # the character may have more looks and models than one studio: only what can run is offered
        engines = [{"value": one.id, "label": one.name} for one in self.studio.images.specs()]
        looks = [{"value": one.id, "label": one.name} for one in character.looks]
        return {
            "report": report,
            "tests": [test | {"when": when(test["at"]), "scenes": len(test["scenes"])} for test in tests],
            "engines": [{"value": "", "label": "As the look says"}, *engines],
            "looks": [{"value": "", "label": "Default look"}, *looks],
            "busy": self._busy(editing),
            "quality": character.quality.model_dump(),
            "lock": self.studio.keeping.path(editing),
        }

    def _busy(self, editing: str) -> str:
        kinds = {"identity": "Pictures are being measured.", "identity-test": "A 12-scene test is running."}
        for view in self.studio.queue.views(active_only=True, limit=200).items:
            if view.character_id == editing and view.kind in kinds:
                return kinds[view.kind] if view.state == "running" else "A measurement waits in the queue."
        return ""

    # ------------------------------------------------------------------ what a person does
    def act(self, editing, event: gr.EventData, request: gr.Request):
        """A button or a form of the section."""
        data, action, owner = event._data, event._data["action"], request.username or ""
        if action == "open":
            return gr.skip(), list(data["ids"])
        if action != "refresh" and not editing:
            raise StudioError("Save the character first.")
        if action == "rule":
            values = data["values"]
            rule = {
                "threshold": float(values["threshold"]) / 100,
                "retries": int(values["retries"]),
                "set_aside": bool(values["set_aside"]),
            }
            self.studio.characters.update(editing, {"identity": rule})
            told("The rule is saved. Pictures are held against it from now on.")
        elif action == "quality":
            values = data["values"]
            rule = {"threshold": float(values["threshold"]) / 100, "ignore": list(values["ignore"])}
            self.studio.characters.update(editing, {"quality": rule})
            told("Saved. Pictures are held against it from now on, those that are there too.")
        elif action == "measure":
            self.studio.identities.start(editing, owner)
            told("The pictures are measured again in the background.")
        elif action == "test":
            values = data["values"]
            self.studio.scene_tests.start(
                editing,
                look=values.get("look") or None,
                engine=values.get("engine") or None,
                seed=None if values.get("seed") is None else int(values["seed"]),
                retries=int(values.get("retries") or 0),
                owner=owner,
            )
            told("The 12-scene test is in the queue.")
        return self.value(editing), gr.skip()
