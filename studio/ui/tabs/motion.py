"""Motion: approved pictures become a reel. Preview, order, words and cuts in the middle, what is for all beside it."""

from functools import partial
from pathlib import Path

import gradio as gr

from studio.domain.motion import NewProject, ProjectPatch, ShotPatch
from studio.domain.motion_presets import BY_ID, PRESETS
from studio.errors import StudioError
from studio.services.sounds import LICENCES
from studio.ui.guard import shown, told
from studio.ui.parts import motion as parts
from studio.ui.parts.drawn import drawn_by
from studio.ui.parts.pictures import length
from studio.ui.shared import Shared

NONE = ""
FITS = [("Fill the frame", "fill"), ("Whole picture", "whole")]
CAPTIONS = [("Off", "none"), ("Burned in", "burned"), ("Beside", "beside"), ("Both", "both")]
CORNERS = ["top left", "top right", "bottom left", "bottom right"]
AUDIO = [".mp3", ".wav", ".flac", ".ogg", ".m4a", ".opus", ".aac"]


class MotionTab:
    id, title = "motion", "Motion"
    heeds = ("motion", "assets", "characters")

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio
        self.motion = shared.studio.motion

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        self.seen = gr.State(None)  # the reel that is open
        with gr.Row():
            with gr.Column(elem_classes="side card"):
                gr.HTML(
                    '<h3 class="panel-title">A reel from pictures</h3><p class="hint">Approved pictures, a camera that '
                    "stays on the face, words and music. Rendered here, on the processor.</p>",
                    apply_default_css=False,
                )
                self.project = gr.Dropdown([], label="Reel", visible=False, elem_id="motion-project")
                with gr.Row(visible=False, elem_classes="motion-three") as self.three:
                    self.fresh = gr.Button("New", size="sm", min_width=70)
                    self.copy = gr.Button("Duplicate", size="sm", min_width=80)
                    self.away = gr.Button("Trash", size="sm", min_width=70)
                with gr.Column(visible=False, elem_classes="motion-side") as self.settings:
                    self.name = gr.Textbox(label="Name", max_lines=1, max_length=120)
                    self.preset = gr.Dropdown([(one.name, one.id) for one in PRESETS], label="Made for")
                    self.note = gr.HTML("", apply_default_css=False)
                    self.aspect = gr.Radio([], label="Proportions", elem_classes="segments")
                    self.fit = gr.Radio(FITS, label="Pictures", elem_classes="segments")
                    self.captions = gr.Radio(CAPTIONS, label="Captions", elem_classes="segments")
                    with gr.Accordion("Music", open=False):
                        self.music = gr.Dropdown([("None", NONE)], value=NONE, label="Music", elem_id="motion-music")
                        self.on_beat = gr.Checkbox(label="Cut on the beat")
                        self.loud = gr.Slider(0, 150, value=80, step=5, label="Volume, %")
                        self.licence = gr.Dropdown(
                            list(LICENCES), value=None, allow_custom_value=True, label="What allows you to use it",
                            info="Kept with the sound and with every clip that uses it.",
                        )  # fmt: skip
                        self.bring_music = gr.UploadButton("Bring music in", size="sm", file_types=AUDIO)
                    with gr.Accordion("Voice and logo", open=False):
                        self.voice = gr.Dropdown([("None", NONE)], value=NONE, label="Voice")
                        with gr.Row():
                            self.narrate = gr.Button("Speak the captions", size="sm", min_width=140)
                            self.bring_voice = gr.UploadButton(
                                "Bring a voice in", size="sm", file_types=AUDIO, min_width=120
                            )
                        self.pace = gr.Slider(0.5, 2, value=1, step=0.05, label="Pace of the character's voice")
                        self.said = gr.Textbox(
                            label="Words it says its own way", lines=2, placeholder="Mirazu = mee rah zoo",
                            info="One a line: the word, =, how it is said. Kept with the character.",
                        )  # fmt: skip
                        self.corner = gr.Dropdown(
                            [("No logo", NONE), *[(one.capitalize(), one) for one in CORNERS]], value=NONE, label="Logo"
                        )
                        self.bring_logo = gr.UploadButton("Choose a logo", size="sm", file_types=["image"])
                    self.render = gr.Button("Render", variant="primary", size="lg", elem_id="motion-render")
            with gr.Column(scale=1, min_width=320):
                self.run = drawn_by("motionRun", {"project": None}, elem_id="motion-run")
                self.board = drawn_by("motionBoard", {"project": None, "candidates": []}, elem_id="motion-board")

    # ------------------------------------------------------------------ wiring
    def wire(self) -> None:
        shared = self.shared
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        who = [shared.character, self.seen]
        whole = [self.board, self.run, self.seen, self.project, self.three, self.settings, self.name, self.preset,
                 self.note, self.aspect, self.fit, self.captions, self.music, self.on_beat, self.loud, self.voice,
                 self.pace, self.said, self.corner, self.render]  # fmt: skip
        gr.on(
            [self.visit.select, shared.character.change],
            shown(self.look),
            who,
            whole,
            trigger_mode="always_last",
            api_name="motion_look",
            **quiet,
        )
        self.project.input(shown(self.open), [shared.character, self.project], whole, api_name="motion_open", **quiet)
        for component, field in (
            (self.preset, "preset"), (self.aspect, "aspect"), (self.fit, "fit"), (self.captions, "captions"),
            (self.music, "music"), (self.on_beat, "on_beat"), (self.voice, "voice"), (self.corner, "corner"),
        ):  # fmt: skip
            component.input(
                shown(partial(self.set, field)), [*who, component], whole, api_name=f"motion_set_{field}", **quiet
            )
        self.loud.release(shown(partial(self.set, "loud")), [*who, self.loud], whole, api_name="motion_loud", **quiet)
        gr.on(
            [self.name.blur, self.name.submit],
            shown(partial(self.set, "name")),
            [*who, self.name],
            whole,
            api_name="motion_name",
            **quiet,
        )
        for button, action in ((self.fresh, "new"), (self.copy, "copy"), (self.away, "trash")):
            button.click(shown(partial(self.manage, action)), who, whole, api_name=f"motion_{action}", **quiet)
        busy = {"show_progress": "minimal", "api_visibility": "private"}
        for button, kind in ((self.bring_music, "music"), (self.bring_voice, "voice")):
            button.upload(
                shown(partial(self.bring, kind)),
                [*who, button, self.licence],
                whole,
                show_progress_on=button,
                api_name=f"motion_bring_{kind}",
                **busy,
            )
        self.narrate.click(
            shown(self.speak),
            [*who, self.pace, self.said],
            whole,
            show_progress="minimal",
            show_progress_on=self.narrate,
            api_name="motion_speak",
            api_visibility="private",
        )
        self.bring_logo.upload(
            shown(self.logo), [*who, self.bring_logo, self.corner], whole, api_name="motion_logo", **quiet
        )
        self.board.select(shown(self.act), who, whole, trigger_mode="multiple", api_name="motion_board", **quiet)
        self.run.select(
            shown(self.run_act),
            who,
            [*whole, shared.to_review],
            trigger_mode="multiple",
            api_name="motion_run",
            **quiet,
        )
        self.render.click(shown(self.make), who, whole, api_name="motion_render", **quiet)
        shared.to_motion.change(
            shown(self.arrive), [shared.character, shared.to_motion], whole, api_name="motion_arrive", **quiet
        )

    # ------------------------------------------------------------------ handlers
    def look(self, character_id, seen):
        return self._whole(character_id, seen)

    def open(self, character_id, project_id):
        return self._whole(character_id, project_id)

    def arrive(self, character_id, asset_ids):
        """Clips are opened as the reels they were made from, pictures begin a new one."""
        if not asset_ids:
            return gr.skip()
        first = self.studio.review.get(asset_ids[0])
        if first.kind == "clip":
            project = self.motion.from_clip(first.id)
        else:
            project = self.motion.create(NewProject(character_id=first.character_id, asset_ids=asset_ids))
        return self._whole(character_id, project.id)

    def set(self, field, character_id, seen, value):
        """One field of the side."""
        project = self._open(seen)
        reel = project.reel
        match field:
            case "music" | "voice":
                part = getattr(reel, field)
                known = part.model_dump(exclude={"begin"}) if part else {}
                patch = ProjectPatch(**{field: known | {"sound_id": value} if value else {}})
            case "on_beat" | "loud":
                if reel.music is None:
                    return self._whole(character_id, seen)
                more = {"on_beat": bool(value)} if field == "on_beat" else {"volume": value / 100}
                patch = ProjectPatch(music=more)
            case "corner":
                if value and reel.logo is None:
                    raise StudioError("No logo is chosen yet.", "Press “Choose a logo”.")
                patch = ProjectPatch(logo={"corner": value} if value else {})
            case "name":
                if not (value or "").strip() or value.strip() == project.name:
                    return gr.skip()
                patch = ProjectPatch(name=value.strip())
            case _:
                if not value:
                    return gr.skip()
                patch = ProjectPatch(**{field: value})
        self.motion.patch(project.id, patch)
        return self._whole(character_id, seen)

    def manage(self, action, character_id, seen):
        if action == "new":
            return self._whole(character_id, None, fresh=True)
        project = self._open(seen)
        if action == "copy":
            return self._whole(character_id, self.motion.duplicate(project.id).id)
        self.motion.trash(project.id)
        told("The reel is in the trash. Its clips stay in Review.")
        return self._whole(character_id, None)

    def bring(self, kind, character_id, seen, path, licence):
        project = self._open(seen)
        sound = self.motion.sounds.bring_in(path, kind, name=Path(path).stem, licence=licence or "")
        self.motion.patch(project.id, ProjectPatch(**{kind: {"sound_id": sound.id}}))
        beats = f" It has {sound.tempo:.0f} beats a minute." if sound.tempo else ""
        told(f"“{sound.name}” is in the reel.{beats}")
        return self._whole(character_id, seen)

    def speak(self, character_id, seen, pace, said):
        """The captions as a voice. Pace and pronunciations are kept with the character first."""
        project = self._open(seen)
        if project.character_id:
            words = [dict(zip(("word", "say"), (part.strip() for part in line.split("=", 1)), strict=True))
                     for line in (said or "").splitlines() if line.count("=")]  # fmt: skip
            words = [one for one in words if one["word"] and one["say"]]
            character = self.studio.characters.get(project.character_id)
            voice = character.voice.model_copy(update={"speed": pace}).model_dump() | {"words": words}
            if voice != character.voice.model_dump():
                self.studio.characters.update(project.character_id, {"voice": voice})
        self.motion.voices.narrate(project.id)
        told("The captions are spoken. Listen in the preview.")
        return self._whole(character_id, seen)

    def logo(self, character_id, seen, path, corner):
        project = self._open(seen)
        image = self.studio.images.inputs.keep(Path(path))
        more = {"corner": corner} if corner else {}
        self.motion.patch(project.id, ProjectPatch(logo={"image": image, **more}))
        return self._whole(character_id, seen)

    def act(self, character_id, seen, event: gr.EventData):
        """What was pressed on the board."""
        asked = event._data
        motion, id = self.motion, seen
        match asked["action"]:
            case "begin":
                wanted = NewProject(character_id=character_id or None, asset_ids=asked["ids"])
                seen = motion.create(wanted).id
            case "add":
                motion.add(id, asked["ids"])
            case "card":
                motion.add_card(id, "The end" if asked["end"] else self._open(seen).name, at_end=asked["end"])
            case "shot":
                motion.patch_shot(id, asked["shot"], ShotPatch(**asked["patch"]))
            case "every":
                motion.patch_every(id, ShotPatch(**asked["patch"]))
            case "move":
                motion.move(id, asked["shot"], asked["position"])
            case "duplicate":
                motion.duplicate_shot(id, asked["shot"])
            case "remove":
                motion.remove_shots(id, [asked["shot"]])
            case "undo":
                motion.undo(id)
            case "redo":
                motion.redo(id)
        return self._whole(character_id, seen)

    def run_act(self, character_id, seen, event: gr.EventData):
        asked, to_review = event._data, gr.skip()
        if asked["action"] == "review":
            to_review = [asked["id"]]
        elif asked["action"] == "retry":
            self.studio.queue.retry(self._open(seen).job_id)
        return [*self._whole(character_id, seen), to_review]

    def make(self, character_id, seen, request: gr.Request):
        self.motion.render(self._open(seen).id, owner=request.username or "")
        told("The reel is in the queue. You can leave this page; it goes on.")
        return self._whole(character_id, seen)

    # ------------------------------------------------------------------ in between
    def _open(self, seen):
        if not seen:
            raise StudioError("No reel is open.", "Choose pictures and begin one.")
        return self.motion.get(seen)

    def _sounds(self, kind) -> list[tuple[str, str]]:
        listed = self.motion.sounds.list(kind)
        return [("None", NONE), *[(f"{one.name} · {length(one.seconds)}", one.id) for one in listed]]

    def _whole(self, character_id, seen, *, fresh=False):
        """Every part of the tab. Without a chosen reel the newest of this character is opened."""
        motion = self.motion
        projects = motion.list(character_id or None)
        project = next((one for one in projects if one.id == seen), None)
        if project is None and seen and not fresh:  # opened from elsewhere, whoever is chosen at the top
            project = next((one for one in motion.list() if one.id == seen), None)
            projects = [project, *projects] if project else projects
        if project is None and projects and not fresh:
            project = projects[0]
        owner = project.character_id if project else character_id or None
        board = parts.board_value(motion, project, motion.candidates(owner))
        names = [(one.name, one.id) for one in projects]
        there = project is not None
        shape = gr.Column(visible=there)
        head = [board, parts.run_value(motion, project), project.id if there else None,
                gr.Dropdown(names, value=project.id if there else None, visible=bool(projects)),
                gr.Row(visible=there), shape]  # fmt: skip
        if not there:
            return [*head, *[gr.skip()] * 14]
        reel, preset = project.reel, BY_ID.get(project.reel.preset, BY_ID["generic"])
        music, voices = self._sounds("music"), self._sounds("voice")
        known = project.character_id in self.studio.store.characters
        voice = self.studio.characters.get(project.character_id).voice if known else None
        wrong = any(one["level"] == "error" for one in board["problems"])
        busy = motion.state(project)["state"] in ("waiting", "running")
        return [
            *head,
            project.name,
            preset.id,
            f'<p class="hint">{preset.note}</p>',
            gr.Radio([*preset.aspects], value=reel.aspect),
            reel.fit,
            reel.captions,
            gr.Dropdown(music, value=reel.music.sound_id if reel.music else NONE),
            gr.Checkbox(value=bool(reel.music and reel.music.on_beat), visible=reel.music is not None),
            gr.Slider(value=round((reel.music.volume if reel.music else 0.8) * 100), visible=reel.music is not None),
            gr.Dropdown(voices, value=reel.voice.sound_id if reel.voice else NONE),
            gr.Slider(value=voice.speed if voice else 1, visible=voice is not None),
            gr.Textbox(
                value="\n".join(f"{one.word} = {one.say}" for one in voice.words) if voice else "",
                visible=voice is not None,
            ),
            reel.logo.corner if reel.logo else NONE,
            gr.Button("Rendering" if busy else "Render", interactive=not wrong and not busy),
        ]
