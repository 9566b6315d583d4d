"""The accounts of Publish: who is connected, tests, pauses and slots; and connecting by a network's own steps."""

import html

import gradio as gr

from studio.domain.account import Account, AccountPatch, ConnectRequest
from studio.errors import StudioError
from studio.ui.guard import shown, told
from studio.ui.parts.empty import facts, notice
from studio.ui.shared import Shared

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BOXES = 3  # open fields, and as many hidden ones; no network asks for more
NONE = "No account is connected yet. Choose a network below; its steps say where to click."


class AccountsSection:
    """Drawn inside the Publish tab."""

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio
        self.accounts = shared.studio.accounts

    def layout(self) -> None:
        self.chosen = gr.Dropdown([], label="Account", elem_id="account-chosen", interactive=True)
        self.about = gr.HTML("", apply_default_css=False, elem_id="account-about")
        with gr.Row(elem_classes="publish-buttons", visible=False) as self.buttons:
            self.test = gr.Button("Test", min_width=90)
            self.pause = gr.Button("Pause", min_width=90)
            self.forget = gr.Button("Disconnect", min_width=110)
        with gr.Row(visible=False) as self.times:
            self.slots = gr.Textbox(
                label="Slots", placeholder="Mon 18:30, Wed 09:00 18:30", info="Weekdays and times.", max_lines=1
            )
            self.zone = gr.Textbox(label="Time zone", max_lines=1)
            self.cap = gr.Number(label="Posts a day", precision=0, minimum=0, maximum=1000, info="0: no cap.")
            self.gap = gr.Number(label="Minutes between", precision=0, minimum=0, maximum=10080)
            self.keep = gr.Button("Save", min_width=90, scale=0, elem_classes="beside-field")
        with gr.Accordion("Connect an account", open=False):
            networks = [one for one in self.accounts.platforms() if one.spec.connect.way != "none"]
            self.network = gr.Dropdown(
                [(one.spec.name, one.spec.id) for one in networks],
                value=None,
                label="Network",
                elem_id="account-network",
            )
            self.steps = gr.HTML("", apply_default_css=False, elem_id="account-steps")
            with gr.Row():
                self.open = [gr.Textbox(visible=False, max_lines=1) for _ in range(BOXES)]
            with gr.Row():
                self.hidden = [gr.Textbox(visible=False, type="password", max_lines=1) for _ in range(BOXES)]
            self.own = gr.Checkbox(True, label="Only for the chosen character", visible=False)
            self.connect = gr.Button("Connect", variant="primary", visible=False, scale=0, min_width=130)
            self.page = gr.HTML("", apply_default_css=False, elem_id="account-page")

    def wire(self, visit) -> None:
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        shown_of = [self.about, self.buttons, self.pause, self.times, self.slots, self.zone, self.cap, self.gap]
        whole = [self.chosen, *shown_of]
        boxes = {f"open_{n}": box for n, box in enumerate(self.open)}
        boxes |= {f"hidden_{n}": box for n, box in enumerate(self.hidden)}
        gr.on(
            [visit.select], shown(self.listed), [self.shared.character, self.chosen], whole,
            api_name="accounts_list", **quiet,
        )  # fmt: skip
        self.chosen.input(shown(self.about_one), self.chosen, shown_of, api_name="accounts_choose", **quiet)
        for button, handler, name in (
            (self.test, self.ask, "test"), (self.pause, self.hold, "pause"), (self.forget, self.drop, "forget")
        ):  # fmt: skip
            button.click(
                shown(handler), [self.shared.character, self.chosen], whole, api_name=f"accounts_{name}", **quiet
            )
        self.keep.click(
            shown(self.save), [self.shared.character, self.chosen, self.slots, self.zone, self.cap, self.gap], whole,
            api_name="accounts_save", **quiet,
        )  # fmt: skip
        asked = [self.steps, *self.open, *self.hidden, self.own, self.connect, self.page]
        self.network.input(shown(self.how), self.network, asked, api_name="accounts_how", **quiet)
        self.connect.click(
            shown(self.log_in),
            inputs_kwargs={"character_id": self.shared.character, "network": self.network, "own": self.own, **boxes},
            outputs=[*whole, *asked],
            api_name="accounts_connect",
            **quiet,
        )

    # ------------------------------------------------------------------ handlers
    def listed(self, character_id, chosen):
        kept = [one for one in self.accounts.list(character_id or None) if self._is_kept(one)]
        ids = [one.id for one in kept]
        current = chosen if chosen in ids else (ids[0] if ids else None)
        names = [(f"{one.name} · {self.accounts.of(one).spec.name}", one.id) for one in kept if self._known(one)]
        return [gr.Dropdown(choices=names, value=current, visible=bool(ids)), *self.about_one(current)]

    def about_one(self, chosen):
        if not chosen:
            return [notice(NONE), gr.Row(visible=False), gr.skip(), gr.Row(visible=False), *[gr.skip()] * 4]
        account = self.accounts.get(chosen)
        return [
            told_of(account, self.accounts.why_not(account)),
            gr.Row(visible=True),
            gr.Button("Go on" if account.paused else "Pause"),
            gr.Row(visible=True),
            slot_words(account.slots),
            account.zone,
            account.daily_cap,
            account.min_gap_minutes,
        ]

    def ask(self, character_id, chosen):
        _, note = self.accounts.verify(chosen)
        told(note)
        return self.listed(character_id, chosen)

    def hold(self, character_id, chosen):
        account = self.accounts.get(chosen)
        self.accounts.update(chosen, AccountPatch(paused=not account.paused))
        return self.listed(character_id, chosen)

    def drop(self, character_id, chosen):
        self.accounts.disconnect(chosen)
        told("Disconnected. Its log-in is gone from this machine.")
        return self.listed(character_id, None)

    def save(self, character_id, chosen, slots, zone, cap, gap):
        patch = AccountPatch(
            slots=slots_from(slots or ""), zone=zone or "UTC", daily_cap=int(cap or 0), min_gap_minutes=int(gap or 0)
        )
        self.accounts.update(chosen, patch)
        told("Saved.")
        return self.listed(character_id, chosen)

    def how(self, network):
        if not network:
            return [
                "",
                *[gr.Textbox(visible=False)] * (2 * BOXES),
                gr.Checkbox(visible=False),
                gr.Button(visible=False),
                "",
            ]
        spec = self.accounts.platform(network).spec
        open_ = [one for one in spec.connect.fields if not one.secret]
        hidden = [one for one in spec.connect.fields if one.secret]
        text = "Open its page" if spec.connect.way == "oauth" else "Connect"
        return [
            steps_of(self.accounts.platform(network)), *field_boxes(open_), *field_boxes(hidden),
            gr.Checkbox(visible=True), gr.Button(text, visible=True), "",
        ]  # fmt: skip

    def log_in(self, request: gr.Request, character_id, network, own, **boxes):
        spec = self.accounts.platform(network).spec
        open_ = [one for one in spec.connect.fields if not one.secret]
        hidden = [one for one in spec.connect.fields if one.secret]
        values = {one.id: boxes[f"open_{n}"] or "" for n, one in enumerate(open_[:BOXES])}
        values |= {one.id: boxes[f"hidden_{n}"] or "" for n, one in enumerate(hidden[:BOXES])}
        wanted = ConnectRequest(platform=network, values=values, character_id=(character_id or None) if own else None)
        if spec.connect.way == "oauth":
            host = request.headers.get("host", "127.0.0.1")
            secure = request.headers.get("x-forwarded-proto", "").startswith("https")
            scheme = "https" if secure else "http"  # behind a proxy, such as the share link's, the page's own
            url = self.accounts.begin(wanted, f"{scheme}://{host}/api/v1/accounts/returned")
            link = f'<a class="download" target="_blank" rel="noopener" href="{html.escape(url)}">'
            link += f"Open {html.escape(spec.name)}</a>"
            return [*[gr.skip()] * 9, *[gr.skip()] * (3 + 2 * BOXES), link]
        account = self.accounts.connect(wanted)
        told(f"Connected to {spec.name} as {account.handle}.")
        return [*self.listed(character_id, account.id), *self.how(None)]

    # ------------------------------------------------------------------ in between
    def _known(self, account: Account) -> bool:
        return account.platform in {one.spec.id for one in self.accounts.platforms()}

    def _is_kept(self, account: Account) -> bool:
        return self._known(account) and self.accounts.of(account).spec.connect.way != "none"


def field_boxes(fields) -> list:
    """The boxes of a network's fields; the last hidden values never come back to the page."""
    made = [
        gr.Textbox(
            value="",
            label=one.label + ("" if one.required else " (optional)"),
            info=one.help or None,
            placeholder=one.placeholder,
            visible=True,
        )  # fmt: skip
        for one in fields[:BOXES]
    ]
    return made + [gr.Textbox(value="", visible=False)] * (BOXES - len(made))


def steps_of(platform) -> str:
    """A network's steps, what leaves this machine, and what it cannot."""
    spec = platform.spec
    steps = "".join(f"<li>{html.escape(one)}</li>" for one in spec.connect.steps)
    rows = [("Sends", spec.sends), ("Rights", ", ".join(spec.connect.scopes))]
    rows += [(f"No {name}", why) for name, why in spec.cannot]
    missing = notice(platform.ready(), "warn") if platform.ready() else ""
    return f'{missing}<ol class="account-steps">{steps}</ol>{facts(rows)}'


def told_of(account: Account, why_not: str) -> str:
    """What may be seen of an account."""
    words = notice(why_not, "warn") if why_not else ""
    return words + facts(
        [
            ("Known as", account.handle),
            ("Address", account.url),
            ("Rights", ", ".join(account.scopes)),
            ("Log-in ends", (account.expires_at or "")[:16].replace("T", " ")),
            ("Asked last", (account.asked_at or "")[:16].replace("T", " ") + " UTC" if account.asked_at else ""),
            ("Sent in 24 hours", str(len(account.sent)) if account.sent else ""),
        ]
    )


def slot_words(slots: dict[str, list[str]]) -> str:
    """Slots as people write them."""
    return ", ".join(f"{DAYS[int(day)]} {' '.join(times)}" for day, times in sorted(slots.items()))


def slots_from(words: str) -> dict[str, list[str]]:
    """The other way round. StudioError for what is no weekday; times are checked by the service."""
    found: dict[str, list[str]] = {}
    for part in words.replace(";", ",").split(","):
        day, *times = part.split() or [""]
        if not day:
            continue
        number = next((n for n, name in enumerate(DAYS) if day.lower().startswith(name.lower())), None)
        if number is None:
            raise StudioError(f"“{day[:20]}” is no weekday.", "Write it like Mon 18:30, Wed 09:00.", field="slots")
        found[str(number)] = [*found.get(str(number), []), *times]
    return found
