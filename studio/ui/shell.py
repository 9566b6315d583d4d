"""The page: header, chosen character, tabs. Draws all tabs, then wires all; knows every tab, no tab knows another."""

from pathlib import Path

import gradio as gr

import studio as package
from studio.services.studio import Studio
from studio.ui.guard import shown
from studio.ui.parts.drawn import drawn_by
from studio.ui.parts.empty import header
from studio.ui.parts.listeners import calm
from studio.ui.shared import Shared
from studio.ui.tabs.characters import CharactersTab
from studio.ui.tabs.create import CreateTab
from studio.ui.tabs.models import ModelsTab
from studio.ui.tabs.motion import MotionTab
from studio.ui.tabs.publish import PublishTab
from studio.ui.tabs.review import ReviewTab
from studio.ui.tabs.system import SystemTab
from studio.ui.tabs.train import TrainTab
from studio.ui.theme import theme

STATIC = Path(__file__).parent / "static"
NOBODY = ("No character", "")
TABS = (CharactersTab, CreateTab, ReviewTab, MotionTab, TrainTab, PublishTab, ModelsTab, SystemTab)


def character_choices(studio: Studio) -> list[tuple[str, str]]:
    """(name, id) of every character that is not in the trash; equal names are told apart by their last four signs."""
    characters = studio.characters.list()
    names = [one.name for one in characters]
    named = [(one.name if names.count(one.name) == 1 else f"{one.name} · {one.id[-4:]}", one.id) for one in characters]
    return [*named, NOBODY]


def build(studio: Studio) -> gr.Blocks:
    """The whole page over these services. Nothing heavy is loaded and nothing is started."""
    return draw(studio)[0]


def draw(studio: Studio) -> tuple[gr.Blocks, dict[str, object]]:
    """The page, and its tabs by their ids."""
    with gr.Blocks(title="Character Studio", analytics_enabled=False, fill_width=True) as page:
        with gr.Row(elem_id="studio-header", equal_height=True):
            gr.HTML(header(package.__version__), elem_id="studio-brand", js_on_load="window.studio.header(element)")
            character = gr.Dropdown(
                character_choices(studio),
                value="",
                label="Character",
                elem_id="studio-character",
                interactive=True,
                filterable=True,
                scale=0,
                min_width=220,
            )
        known = gr.Textbox(visible=False)  # carries what the browser remembers to the server
        changed, to_create, to_review, to_publish = gr.State(0), gr.State(None), gr.State(None), gr.State(None)
        to_motion = gr.State(None)

        def greet(known):
            ids = [value for _, value in character_choices(studio)]
            known = "" if known == "nobody" else known or None
            last = (studio.settings.get("last_choices") or {}).get("character")
            return gr.Dropdown(
                choices=character_choices(studio), value=next(one for one in (known, last, *ids) if one in ids)
            )

        loaded = page.load(
            shown(greet),
            known,
            character,
            js="() => [window.studio.recall('character')]",
            show_progress="hidden",
            api_name="greet",
            api_visibility="private",
        )
        # outside the tabs, as a tab that was not opened yet is not on the page
        visits = {
            kind.id: drawn_by("visit", {"tab": kind.id, "heeds": list(kind.heeds)}, elem_classes="offscreen")
            for kind in TABS
            if kind.heeds
        }
        with gr.Tabs(elem_id="studio-tabs", selected=TABS[0].id) as tabs:
            shared = Shared(studio, page, loaded, character, tabs, changed, to_create, to_review, to_publish, to_motion)
            drawn = []
            for kind in TABS:
                tab = kind(shared)
                tab.visit = visits.get(kind.id)
                with gr.Tab(tab.title, id=tab.id, elem_id=f"tab-{tab.id}") as tab.page:
                    tab.layout()
                drawn.append(tab)
        for tab in drawn:
            tab.wire()

        def refresh_choices(current):
            options = character_choices(studio)
            ids = [value for _, value in options]
            # a choice made in this moment is not undone: the value is sent only when the old one is gone
            return gr.Dropdown(choices=options) if current in ids else gr.Dropdown(choices=options, value=ids[0])

        def remember(current):
            studio.settings.set("last_choices", {**(studio.settings.get("last_choices") or {}), "character": current})

        changed.change(
            shown(refresh_choices),
            character,
            character,
            show_progress="hidden",
            api_name="refresh_characters",
            api_visibility="private",
        )
        # the browser's own memory waits for no answer: a reload right after the choice keeps it
        character.change(
            None,
            character,
            None,
            js="(chosen) => (window.studio.remember('character', chosen || 'nobody'), [])",
            trigger_mode="multiple",
            api_name="remember_here",
            api_visibility="private",
        )
        character.change(
            shown(remember),
            character,
            None,
            show_progress="hidden",
            api_name="remember",
            api_visibility="private",
        )
        opened = {"create": to_create, "review": to_review, "publish": to_publish, "motion": to_motion}
        for tab_id, state in opened.items():
            state.change(
                lambda value, tab_id=tab_id: gr.Tabs(selected=tab_id) if value else gr.skip(),
                state,
                tabs,
                show_progress="hidden",
                api_name=f"open_{tab_id}",
                api_visibility="private",
            )
        # a reload comes back to the tab it left
        changed.change(
            None,
            None,
            None,
            js="() => window.studio.emit('changed')",
            api_name="tell_changed",
            api_visibility="private",
        )
        returned = page.load(
            lambda tab: gr.Tabs(selected=tab) if tab in {kind.id for kind in TABS} else gr.skip(),
            known,
            tabs,
            js="() => [sessionStorage.getItem('studio-tab') || '']",
            show_progress="hidden",
            api_name="return_tab",
            api_visibility="private",
        )
        # an answer that restores a choice must not come after one the person makes meanwhile
        for restored, part in ((shared.loaded, "form"), (returned, "tab")):
            restored.then(
                None,
                None,
                None,
                js=f"() => window.studio.restored('{part}')",
                api_name=f"restored_{part}",
                api_visibility="private",
            )
    calm(page)
    return page, {tab.id: tab for tab in drawn}


def rest(kind: str) -> list[Path]:
    """The static files of single tabs, which come after the studio's own. `page.css` is not for what is in a tab."""
    return sorted(one for one in STATIC.glob(f"*.{kind}") if one.stem not in ("studio", "page"))


def launch_options() -> dict:
    """What `Blocks.launch` needs to look and behave like the studio."""
    return {
        "theme": theme(),
        "css": "\n".join(one.read_text(encoding="utf-8") for one in [STATIC / "studio.css", *rest("css")]),
        # Gradio puts its own container's name before every rule of `css`; what lies around and above that goes here.
        "head": f"<style>{(STATIC / 'page.css').read_text(encoding='utf-8')}</style>"
        + "".join(f"<script>{one.read_text(encoding='utf-8')}</script>" for one in [STATIC / "studio.js", *rest("js")]),
        "favicon_path": str(STATIC / "favicon.svg"),
        "footer_links": [],
        "run_history": False,
    }
