"""What tabs share without knowing each other: the chosen character, the open tab, and what one hands to another."""

from dataclasses import dataclass

import gradio as gr

from studio.services.studio import Studio


@dataclass
class Shared:
    """Components drawn by the shell before the tabs.

    `character` is the chosen character's id ("" or None: nobody); `loaded` is the last event that restores what a
    page had when it was left: who restores more sets it to its own `loaded.then`. Setting `changed` to any new value
    tells every tab that characters or assets changed. `to_create` takes a dict of Create form values, `to_review`,
    `to_publish` and `to_motion` take asset ids; setting one also opens that tab.
    """

    studio: Studio
    page: gr.Blocks
    loaded: gr.events.Dependency
    character: gr.Dropdown
    tabs: gr.Tabs
    changed: gr.State
    to_create: gr.State
    to_review: gr.State
    to_publish: gr.State
    to_motion: gr.State
