"""System: how the house is, what it wrote down, what can be set. It asks the system service and shows its answers."""

import html

import gradio as gr

from studio.errors import Conflict, StudioError
from studio.ui.guard import shown, toast, told
from studio.ui.parts import house
from studio.ui.parts.downloads import handed_out
from studio.ui.parts.drawn import drawn_by
from studio.ui.parts.empty import facts, notice
from studio.ui.parts.writing import writers_page
from studio.ui.shared import Shared

LINES = 300


class SystemTab:
    id, title = "system", "System"
    heeds = ("time",)

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        self.theme = gr.Textbox(visible=False)
        with gr.Tabs(elem_id="system-sections"):
            with gr.Tab("Health", id="health"):
                self._health()
            with gr.Tab("Settings", id="settings") as self.settings_page:
                self.settings = drawn_by("settings", house.settings_value(self.studio.settings), elem_id="settings")
            with gr.Tab("Writers", id="writers"):
                writers_page()
            with gr.Tab("Log", id="log") as self.log_page:
                self.log = drawn_by("log", house.log_value([], "INFO"), elem_id="log")

    def _health(self) -> None:
        self.notices = gr.HTML("", apply_default_css=False, elem_id="system-notices")
        with gr.Row(equal_height=True, elem_classes="cards"):
            with gr.Column(min_width=300):
                self.machine = gr.HTML(card("This machine", []), apply_default_css=False)
            with gr.Column(min_width=300):
                self.work = gr.HTML(card("Models and queue", []), apply_default_css=False)
                self.versions = gr.HTML(card("Versions", []), apply_default_css=False)
            with gr.Column(min_width=300, elem_classes="card"):
                gr.HTML('<h3 class="panel-title">Storage</h3>', apply_default_css=False)
                self.storage = drawn_by("storage", {"rows": []}, elem_id="storage")
        with gr.Row(elem_classes="system-buttons"):
            self.refresh = gr.Button("Refresh", min_width=110)
            self.unload = gr.Button("Free the model's memory", min_width=190)
            self.collect = gr.Button("Collect a problem report", min_width=200)
            self.report = gr.DownloadButton("Download the report", variant="primary", visible=False, min_width=180)
        gr.HTML(
            '<p class="hint">A problem report holds health, settings and log. Passwords, names and what you wrote '
            "stay out.</p>",
            apply_default_css=False,
        )

    # ------------------------------------------------------------------ wiring
    def wire(self) -> None:
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        health = [self.notices, self.machine, self.work, self.versions, self.storage]
        self.visit.select(shown(self.look), None, health, api_name="system_look", **quiet)
        self.shared.page.load(
            lambda: self.studio.settings.get("theme"), None, self.theme, api_name="theme", **quiet
        ).then(None, self.theme, None, js="(theme) => { window.studio.theme(theme); }", api_name="theme_shown", **quiet)
        self.refresh.click(shown(self.look_again), None, health, api_name="system_refresh", **quiet)
        self.unload.click(shown(self.free), None, health, api_name="system_unload", **quiet)
        self.collect.click(
            shown(self.make_report),
            None,
            self.report,
            show_progress="minimal",
            show_progress_on=self.collect,
            api_name="system_report",
            api_visibility="private",
        )
        self.storage.select(shown(self.empty_trash), None, self.storage, api_name="system_empty_trash", **quiet)
        self.settings.select(shown(self.change), None, self.settings, api_name="system_change", **quiet)
        self.settings_page.select(shown(self.read_settings), None, self.settings, api_name="system_settings", **quiet)
        self.log_page.select(shown(self.read_log), None, self.log, api_name="system_log", **quiet)
        self.log.tick(shown(self.follow_log), None, self.log, api_name="system_log_tick", **quiet)

    # ------------------------------------------------------------------ handlers
    def look(self):
        return self._seen(self.studio.system.storage())

    def look_again(self):
        return self._seen(self.studio.system.storage(fresh=True))

    def free(self):
        """Give the model's memory back, unless it is at work."""
        if self.studio.system.health()["device"]["busy"]:
            raise Conflict("The model is making a picture.", "Wait until it is done, or cancel the job in Create.")
        self.studio.images.use.unload()
        told("The model's memory is free. The next picture loads it again.")
        return self.look()

    def make_report(self):
        path = self.studio.system.problem_report()
        return gr.DownloadButton(value=handed_out(path), visible=True)

    def empty_trash(self, event: gr.EventData):
        """Delete forever what has been in the trash for long enough, or all of it."""
        gone = self.studio.review.empty_trash(event._data["days"])
        told(f"{gone} {'picture is' if gone == 1 else 'pictures are'} deleted forever.")
        return self._storage(self.studio.system.storage(fresh=True))

    def read_settings(self):
        return house.settings_value(self.studio.settings)

    def change(self, event: gr.EventData):
        """Keep what was changed in the form, or go back to a default."""
        asked, settings = event._data, self.studio.settings
        if asked["action"] == "reset":
            settings.reset(asked["name"])
            told(f"{house.LABELS.get(asked['name'], asked['name'])} is back to its default.")
        else:
            for name, value in asked["values"].items():
                try:
                    settings.set(name, house.setting_from(name, value))
                except StudioError as error:
                    toast(StudioError(error.message.replace(name, house.LABELS.get(name, name), 1), error.hint))
                    return gr.skip()
            told("Settings are saved.")
        themed = asked.get("name") == "theme" or "theme" in asked.get("values", {})
        return house.settings_value(settings) | ({"theme": settings.get("theme")} if themed else {})

    def read_log(self):
        return house.log_value(self.studio.system.log("INFO", LINES), "INFO")

    def follow_log(self, event: gr.EventData):
        """The log at the asked level; nothing when the page already has its newest line."""
        level = event._data["level"]
        value = house.log_value(self.studio.system.log(level, LINES), level)
        return gr.skip() if value["newest"] and value["newest"] == event._data["newest"] else value

    # ------------------------------------------------------------------ in between
    def _seen(self, storage: dict):
        health = self.studio.system.health()
        lines = [notice(text, "warn") for text in health["problems"]] + [notice(text) for text in health["notices"]]
        return (
            f'<div class="notices">{"".join(lines)}</div>' if lines else "",
            card("This machine", house.machine_facts(health)),
            card("Models and queue", house.work_facts(health)),
            card("Versions", house.version_facts(health)),
            self._storage(storage),
        )

    def _storage(self, storage: dict) -> dict:
        trashed = self.studio.review.facets().get("states", {}).get("trashed", 0)
        return house.storage_value(storage, trashed, self.studio.settings.get("trash_days"))


def card(title: str, pairs: list[tuple[str, str]]) -> str:
    """Facts under a title."""
    return f'<section class="card"><h3 class="panel-title">{html.escape(title)}</h3>{facts(pairs)}</section>'
