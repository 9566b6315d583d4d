"""Publish: pictures, a caption in the character's voice, approval, and the export package. Posts go out once."""

import html
import time

import gradio as gr

from studio.domain.post import Post, Words
from studio.domain.requests import AssetFilter, CaptionRequest, PostPatch, PostRequest
from studio.errors import StudioError
from studio.services import zones
from studio.ui.guard import shown, told
from studio.ui.parts.drawn import drawn_by
from studio.ui.parts.empty import facts, notice
from studio.ui.parts.pictures import grid, grid_value
from studio.ui.parts.writing import desk_value, text_lengths, writing_desk
from studio.ui.shared import Shared
from studio.ui.tabs.publish_accounts import AccountsSection
from studio.ui.tabs.publish_way import BAD, in_question, planned, way_of

MOST_PICTURES = 10
CHANGEABLE = ("draft", "in_review", "failed")
OFFERED = 36  # approved pictures at a time
STATES = [
    ("All", ""), ("Drafts", "draft"), ("Approved", "approved"), ("Scheduled", "scheduled"), ("Published", "published"),
    ("Failed", "failed"), ("Trash", "trashed"),
]  # fmt: skip
SPANS = [("Week", 7), ("Two weeks", 14), ("Month", 31)]
NO_POSTS = ("No posts yet", "Press New post, choose approved pictures, let the character write a caption, and export.")
NO_APPROVED = ("No approved pictures", "Approve some in Review (A on the desk). Only approved pictures are published.")


class PublishTab:
    id, title = "publish", "Publish"
    heeds = ("assets", "posts", "characters", "accounts")

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio
        self.accounts = AccountsSection(shared)

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        self.post_id, self.asset_ids = gr.State(None), gr.State([])
        self.variants, self.caption_seed, self.offered = gr.State([]), gr.State(0), gr.State(OFFERED)
        self.owner, self.first = gr.State(""), gr.State("")  # whose draft is in the editor; the calendar's first day
        with gr.Row():
            with gr.Column(elem_classes="side publish-list"):
                self.new = gr.Button("New post", min_width=120)
                self.state = gr.Radio(STATES, value="", label="Show", show_label=False, elem_classes="segments")
                self.posts = drawn_by(
                    "posts", {"posts": []}, template='<div class="posts-root"></div>', elem_id="publish-posts"
                )
            with gr.Column(scale=1, min_width=320, elem_id="publish-form"):
                with gr.Column(elem_classes="card"):
                    self._pictures()
                with gr.Column(elem_classes="card"):
                    self._caption()
                with gr.Column(elem_classes="card"):
                    self._finish()
                with gr.Column(elem_classes="card publish-fold"):
                    with gr.Accordion("Calendar", open=False, elem_id="publish-calendar"):
                        with gr.Row():
                            self.span = gr.Radio(
                                SPANS, value=7, label="Show", show_label=False, elem_classes="segments"
                            )
                            self.before = gr.Button("‹ Earlier", scale=0, min_width=100)
                            self.today = gr.Button("Today", scale=0, min_width=80)
                            self.after = gr.Button("Later ›", scale=0, min_width=100)
                        self.days = drawn_by("posts", {"posts": []}, template='<div class="posts-root"></div>')
                with gr.Column(elem_classes="card publish-fold"):
                    with gr.Accordion("Accounts", open=False, elem_id="publish-accounts"):
                        self.accounts.layout()

    def _pictures(self) -> None:
        gr.HTML(step("1 Pictures", "in the order they are shown"), apply_default_css=False)
        self.pictures = grid(grid_value([], select="none", empty=("No pictures chosen", "Choose some below.")))
        with gr.Accordion("Choose from approved pictures", open=True) as self.picker:
            self.approved = grid(
                grid_value([], empty=NO_APPROVED, label="Approved pictures"), elem_id="publish-approved"
            )

    def _caption(self) -> None:
        gr.HTML(step("2 Caption", "in the character's voice; yours to change"), apply_default_css=False)
        with gr.Row() as self.writing:
            self.words = gr.Textbox(
                label="What it should mention", placeholder="optional: the new raincoat, a question", max_lines=1
            )
            self.write = gr.Button("Write five captions", scale=0, min_width=180, elem_classes="beside-field")
        self.choices = drawn_by(
            "variants", {"variants": []}, template='<div class="variants-root"></div>', elem_id="publish-variants"
        )
        self.caption = gr.Textbox(
            label="Caption", lines=5, max_lines=14, elem_id="publish-caption", elem_classes="lines-5"
        )
        self.hashtags = gr.Textbox(
            label="Hashtags", placeholder="#NightMarket #Rain", max_lines=3, elem_id="publish-hashtags"
        )
        text_lengths()
        self.alt = [
            gr.Textbox(
                label=f"Alt text, picture {n}",
                lines=2,
                visible=False,
                info="For people who cannot see it.",
                elem_classes="lines-2",
            )
            for n in range(1, MOST_PICTURES + 1)
        ]
        self.desk = writing_desk()

    def _finish(self) -> None:
        gr.HTML(step("3 Approve and publish", "nothing goes out before it is approved"), apply_default_css=False)
        with gr.Row():
            self.name = gr.Textbox(label="Title", placeholder="for your own list", max_lines=1)
            self.disclosure = gr.Textbox(
                label="Disclosure", info="Goes out with the caption.", max_lines=2, elem_id="publish-disclosure"
            )
        with gr.Row():
            self.targets = gr.CheckboxGroup(
                [(one.name or one.handle, one.id) for one in self.studio.accounts.list()],
                value=["export"],
                label="Targets",
            )
            self.format = gr.Dropdown(
                [("PNG", "png"), ("JPEG", "jpeg"), ("WebP", "webp")], value="png", label="Pictures as", min_width=120
            )
        with gr.Accordion("Words for one target", open=False) as self.own:
            with gr.Row():
                self.own_target = gr.Dropdown([], label="Target", min_width=160)
                self.own_text = gr.Textbox(label="Its text", info="Empty: the caption above.", lines=3, scale=3)
                self.own_keep = gr.Button("Keep", scale=0, min_width=90, elem_classes="beside-field")
        with gr.Row() as self.time_row:
            self.when = gr.Textbox(
                label="When", placeholder="2026-11-26 18:30", max_lines=1, min_width=180, elem_id="publish-when"
            )
            self.zone = gr.Dropdown(
                zones.common(), value="UTC", label="Time zone", allow_custom_value=True, min_width=160
            )
            self.plan = gr.Button("Schedule", scale=0, min_width=110, elem_classes="beside-field")
            self.slot = gr.Button("Next free slot", scale=0, min_width=130, elem_classes="beside-field")
            self.unplan = gr.Button("No time", scale=0, min_width=90, elem_classes="beside-field", visible=False)
        self.way = gr.HTML("", apply_default_css=False, elem_id="publish-way")
        with gr.Row(visible=False, elem_classes="publish-buttons") as self.asking:
            self.asked = gr.Dropdown([], label="Is it there?", scale=1, min_width=200)
            self.there = gr.Button("It is there", min_width=110, elem_classes="beside-field")
            self.not_there = gr.Button("It is not there: send again", min_width=200, elem_classes="beside-field")
        self.problems = gr.HTML("", apply_default_css=False, elem_id="publish-problems")
        self.result = gr.HTML("", apply_default_css=False, elem_id="publish-result")
        with gr.Row(elem_classes="publish-buttons"):
            self.save = gr.Button("Save draft", min_width=110)
            self.approve = gr.Button("Approve", min_width=110)
            self.unapprove = gr.Button("Back to draft", min_width=120, visible=False)
            self.publish = gr.Button("Publish", variant="primary", min_width=120, interactive=False)
            self.trash = gr.Button("Trash", min_width=90, visible=False)
            self.restore = gr.Button("Restore", min_width=90, visible=False)
        with gr.Accordion("History", open=False):
            self.history = gr.HTML("", apply_default_css=False)

    # ------------------------------------------------------------------ wiring
    def wire(self) -> None:
        shared = self.shared
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        alt = {f"alt_{n}": box for n, box in enumerate(self.alt)}
        form = {
            "post_id": self.post_id,
            "asset_ids": self.asset_ids,
            "caption": self.caption,
            "hashtags": self.hashtags,
            "name": self.name,
            "disclosure": self.disclosure,
            "targets": self.targets,
            "export_format": self.format,
            **alt,
        }
        editor = [
            self.posts, self.post_id, self.asset_ids, self.pictures, self.approved, self.caption, self.hashtags,
            self.name, self.disclosure, self.targets, self.variants, self.choices, self.problems, self.save,
            self.approve, self.unapprove, self.publish, self.trash, self.restore, self.result,
            self.history, self.picker, self.writing, self.format, *self.alt, self.owner, self.own, self.own_target,
            self.own_text, self.time_row, self.when, self.zone, self.unplan, self.way, self.asking, self.asked,
        ]  # fmt: skip
        kept = {**form, "owner": self.owner}
        who = {"character_id": shared.character, "state": self.state}
        listing = [self.posts, self.approved]
        gr.on(
            [self.visit.select, self.state.input],
            shown(self.refresh),
            [shared.character, self.state, self.post_id, self.asset_ids, self.offered],
            listing,
            api_name="publish_refresh",
            **quiet,
        )
        for event, name in ((shared.character.change, "publish_character"), (self.new.click, "publish_new")):
            event(shown(self.blank), inputs_kwargs={**who, **kept}, outputs=editor, api_name=name, **quiet)
        for one, name in ((self.posts, "publish_open"), (self.days, "publish_open_day")):
            one.select(
                shown(self.open),
                inputs_kwargs={**who, **kept},
                outputs=editor,
                api_name=name,
                trigger_mode="multiple",
                **quiet,
            )
        calendar = [shared.character, self.zone, self.span, self.first]
        gr.on(
            [self.visit.select, self.span.input, self.zone.change, shared.character.change], shown(self.look), calendar,
            [self.first, self.days], api_name="publish_days", **quiet,
        )  # fmt: skip
        for button, days, name in ((self.before, -1, "before"), (self.today, 0, "today"), (self.after, 1, "after")):
            button.click(
                shown(lambda who, zone, span, first, days=days: self.look(who, zone, span, first, days)),
                calendar, [self.first, self.days], api_name=f"publish_days_{name}", **quiet,
            )  # fmt: skip
        self.own_target.input(
            shown(self.own_words), [self.post_id, self.own_target], self.own_text, api_name="publish_own", **quiet
        )
        planning = {"when": self.when, "zone": self.zone, "asked": self.asked}
        planning |= {"own_target": self.own_target, "own_text": self.own_text}
        for button, handler, name in (
            (self.plan, self.schedule, "schedule"), (self.slot, self.next_slot, "slot"),
            (self.unplan, self.unschedule, "unschedule"), (self.own_keep, self.keep_own, "keep_own"),
            (self.there, self.is_there, "there"), (self.not_there, self.is_not_there, "not_there"),
        ):  # fmt: skip
            button.click(
                shown(handler), inputs_kwargs={**who, **form, **planning}, outputs=editor,
                api_name=f"publish_{name}", **quiet,
            )  # fmt: skip
        self.accounts.wire(self.visit)
        self.approved.select(
            shown(self.choose),
            inputs_kwargs={"current": self.asset_ids, **alt},
            outputs=[self.asset_ids, self.pictures, *self.alt],
            api_name="publish_choose",
            trigger_mode="multiple",
            **quiet,
        )
        self.approved.expand(
            shown(self.offer_more),
            [shared.character, self.asset_ids, self.offered],
            [self.offered, self.approved],
            api_name="publish_offer_more",
            **quiet,
        )
        shared.to_publish.change(
            shown(self.arrive), inputs_kwargs={"arriving": shared.to_publish, **who, **kept}, outputs=editor,
            api_name="publish_arrive", **quiet,
        )  # fmt: skip
        self.write.click(
            shown(self.write_captions),
            [shared.character, self.asset_ids, self.words, self.caption_seed],
            [self.variants, self.choices, self.caption_seed],
            api_name="publish_write",
            **quiet,
        )
        gr.on(
            [self.asset_ids.change, shared.character.change],
            shown(desk_value),
            [shared.character, self.asset_ids],
            self.desk,
            api_name="publish_desk",
            **quiet,
        )
        self.desk.select(
            shown(self.take_words),
            inputs_kwargs={
                "asset_ids": self.asset_ids,
                "caption": self.caption,
                "hashtags": self.hashtags,
                "name": self.name,
                **alt,
            },
            outputs=[self.caption, self.hashtags, self.name, *self.alt],
            api_name="publish_words",
            trigger_mode="multiple",
            **quiet,
        )
        self.choices.select(
            shown(self.use_variant),
            inputs_kwargs={"variants": self.variants, "asset_ids": self.asset_ids, **alt},
            outputs=[self.caption, self.hashtags, self.choices, *self.alt],
            api_name="publish_variant",
            trigger_mode="multiple",
            **quiet,
        )
        for button, handler, name in (
            (self.save, self.keep, "save"),
            (self.approve, self.accept, "approve"),
            (self.unapprove, self.back, "unapprove"),
            (self.publish, self.send, "publish"),
            (self.trash, self.discard, "trash"),
            (self.restore, self.bring_back, "restore"),
        ):
            button.click(
                shown(handler), inputs_kwargs={**who, **form}, outputs=editor, api_name=f"publish_{name}", **quiet
            )

    # ------------------------------------------------------------------ handlers
    def refresh(self, character_id, state, post_id, asset_ids, offered):
        return self._posts(character_id, state, post_id), self._approved(character_id, asset_ids, offered, keep=True)

    def offer_more(self, character_id, asset_ids, offered):
        offered += OFFERED
        return offered, self._approved(character_id, asset_ids, offered, keep=True)

    def blank(self, character_id, state, owner="", **form):
        self._keep_unsaved(owner, form)
        return self._editor(None, character_id, state, [])

    def open(self, character_id, state, event: gr.EventData, owner="", **form):
        self._keep_unsaved(owner, form)
        return self._editor(self.studio.publishing.get(event._data["id"]), character_id, state)

    def arrive(self, arriving, character_id, state, owner="", **form):
        if not arriving:
            return gr.skip()
        owners = {self.studio.review.get(one).character_id for one in arriving}
        if len(owners) > 1:
            raise StudioError("These pictures show different characters.", "A post belongs to one character.")
        self._keep_unsaved(owner, form)
        return self._editor(None, owners.pop() or character_id, state, list(arriving)[:MOST_PICTURES])

    def choose(self, event: gr.EventData, current, **alt):
        wanted = list(event._data["ids"])
        typed = {one: alt[f"alt_{n}"] for n, one in enumerate(current)}
        kept = [one for one in current if one in wanted]
        ids = (kept + [one for one in wanted if one not in kept])[:MOST_PICTURES]
        return [ids, self._chosen(ids), *self._alt_boxes(ids, typed)]

    def write_captions(self, character_id, asset_ids, words, seed):
        self._needs(character_id, asset_ids)
        request = CaptionRequest(character_id=character_id, asset_ids=asset_ids, words=words or "", seed=seed)
        variants = [
            {"text": one.text, "hashtags": list(one.hashtags), "alt_text": dict(one.alt_text)}
            for one in self.studio.captions.write(request, writer="")
        ]
        return variants, {"variants": variants, "chosen": None}, seed + 1

    def use_variant(self, event: gr.EventData, variants, asset_ids, **alt):
        index = int(event._data["index"])
        variant = variants[index]
        typed = {one: alt[f"alt_{n}"] for n, one in enumerate(asset_ids) if alt[f"alt_{n}"]}
        tags = " ".join(tagged(variant["hashtags"]))
        boxes = self._alt_boxes(asset_ids, {**variant["alt_text"], **typed})
        return [variant["text"], tags, {"variants": variants, "chosen": index}, *boxes]

    def take_words(self, event: gr.EventData, asset_ids, caption, hashtags, name, **alt):
        """What was chosen on the writing desk goes where it belongs; alt text that was typed stays."""
        words, typed = event._data, {one: alt[f"alt_{n}"] for n, one in enumerate(asset_ids) if alt[f"alt_{n}"]}
        into, tags = words["into"], " ".join(tagged(words.get("hashtags") or []))
        if into == "caption":
            caption, hashtags, typed = words["text"], tags or hashtags, {**(words.get("alt") or {}), **typed}
        elif into == "hashtags":
            hashtags = tags
        elif into == "title":
            name = words["text"]
        else:
            typed |= {one: text for one, text in (words.get("alt") or {}).items() if one in asset_ids}
        return [caption, hashtags, name, *self._alt_boxes(asset_ids, typed)]

    def keep(self, character_id, state, **form):
        post = self._saved(character_id, form)
        told("The draft is saved.")
        return self._editor(post, character_id, state)

    def accept(self, character_id, state, request: gr.Request, **form):
        post = self.studio.publishing.approve(self._saved(character_id, form).id, by=request.username or "")
        told("Approved. It goes out at its time." if post.state == "scheduled" else "Approved. Publish sends it.")
        return self._editor(post, character_id, state)

    def back(self, character_id, state, request: gr.Request, **form):
        return self._editor(
            self.studio.publishing.unapprove(form["post_id"], by=request.username or ""), character_id, state
        )

    def send(self, character_id, state, request: gr.Request, **form):
        by = request.username or ""
        post = self.studio.publishing.publish(form["post_id"], by=by, export_format=form["export_format"])
        told("The package is ready." if post.state == "published" else "On its way. This page shows how it is doing.")
        return self._editor(post, character_id, state)

    def schedule(self, character_id, state, when, zone, request: gr.Request, **form):
        chosen = zones.schedule(str(when or ""), zone or "UTC")
        post = self._present(character_id, form)
        post = self.studio.publishing.schedule(post.id, chosen, request.username or "")
        told(chosen.note or ("Scheduled." if post.state == "scheduled" else "Kept. Approved, it goes out then."))
        return self._editor(post, character_id, state)

    def next_slot(self, character_id, state, request: gr.Request, **form):
        post = self._present(character_id, form)
        over = [one.account_id for one in post.targets if one.account_id != "export"] or [post.targets[0].account_id]
        chosen = self.studio.calendar.next_free(over[0])
        post = self.studio.publishing.schedule(post.id, chosen, request.username or "")
        told(f"{chosen.local.replace('T', ' ')} ({chosen.zone}).")
        return self._editor(post, character_id, state)

    def unschedule(self, character_id, state, request: gr.Request, **form):
        post = self.studio.publishing.unschedule(form["post_id"], request.username or "")
        return self._editor(post, character_id, state)

    def own_words(self, post_id, own_target):
        target = self.studio.publishing.get(post_id).target(own_target) if post_id and own_target else None
        return (target.words.text or "") if target else ""

    def keep_own(self, character_id, state, own_target, own_text, **form):
        if not own_target:
            raise StudioError("No target is chosen.", "Choose whose words these are.")
        post = self._saved(character_id, form)
        if not (target := post.target(own_target)):
            raise StudioError("The post does not go there.", "Choose it under Targets first.")
        words = target.words.model_dump() | {"text": own_text.strip() or None}
        post = self.studio.publishing.update(post.id, PostPatch(words={own_target: Words(**words)}))
        told("Kept for this target.")
        return self._editor(post, character_id, state)

    def is_there(self, character_id, state, asked, request: gr.Request, **form):
        post = self.studio.publishing.resolve(form["post_id"], asked, True, by=request.username or "")
        return self._editor(post, character_id, state)

    def is_not_there(self, character_id, state, asked, request: gr.Request, **form):
        post = self.studio.publishing.resolve(form["post_id"], asked, False, by=request.username or "")
        told("It is sent again.")
        return self._editor(post, character_id, state)

    def look(self, character_id, zone, span, first, days=None):
        zone = zone or "UTC"
        if days == 0 or not first:
            first = zones.moment(time.time()).astimezone(zones.zone(zone)).date().isoformat()
        elif days:
            first = zones.days_on(first, days * int(span))
        return first, planned(self.studio, first, int(span), zone, character_id)

    def discard(self, character_id, state, **form):
        if form["post_id"]:
            self.studio.publishing.trash(form["post_id"])
            told("Moved to the trash. Show Trash to restore it.")
        return self._editor(None, character_id, state, [])

    def bring_back(self, character_id, state, **form):
        return self._editor(self.studio.publishing.restore(form["post_id"]), character_id, state)

    # ------------------------------------------------------------------ in between
    def _needs(self, character_id, asset_ids) -> None:
        if not character_id:
            raise StudioError("No character is chosen.", "Choose one at the top of the page.")
        if not asset_ids:
            raise StudioError("No pictures are chosen.", "Choose at least one approved picture.")

    def _present(self, character_id, form: dict) -> Post:
        """The post of the form: as it is when it cannot be edited just now, else saved."""
        if form["post_id"]:
            post = self.studio.publishing.get(form["post_id"])
            if post.state not in CHANGEABLE:
                return post
        return self._saved(character_id, form)

    def _keep_unsaved(self, owner, form: dict) -> None:
        """Before another post is shown, what was typed in this one is kept as its draft."""
        if not form.get("asset_ids") or not owner:
            return
        if form["post_id"]:
            post = self.studio.publishing.get(form["post_id"])
            if post.trashed_at or post.state not in CHANGEABLE or not self._differs(post, form):
                return
        elif not ((form["caption"] or "").strip() or (form["hashtags"] or "").strip()):
            return
        self._saved(owner, form)
        told("What you had typed is kept as a draft.")

    def _differs(self, post: Post, form: dict) -> bool:
        alt = {one: text for n, one in enumerate(form["asset_ids"]) if (text := (form.get(f"alt_{n}") or "").strip())}
        return (
            (form["caption"] or "").strip() != post.caption.text.strip()
            or untagged(form["hashtags"]) != untagged(" ".join(post.caption.hashtags))
            or (form["name"] or "").strip() != post.title.strip()
            or list(form["asset_ids"]) != post.asset_ids
            or alt != post.caption.alt_text
        )

    def _saved(self, character_id, form: dict) -> Post:
        ids = form["asset_ids"]
        self._needs(character_id, ids)
        fields = {
            "asset_ids": ids,
            "title": form["name"] or "",
            "caption": form["caption"] or "",
            "hashtags": untagged(form["hashtags"]),
            "alt_text": {one: form[f"alt_{n}"] for n, one in enumerate(ids) if form.get(f"alt_{n}")},
            "targets": form["targets"] or ["export"],
        }
        if form["disclosure"]:
            fields["disclosure"] = form["disclosure"]
        if form["post_id"]:
            return self.studio.publishing.update(form["post_id"], PostPatch(**fields))
        return self.studio.publishing.draft(PostRequest(character_id=character_id, **fields))

    def _posts(self, character_id, state, current) -> dict:
        wanted = {"trashed": True} if state == "trashed" else {"state": None if state == "failed" else state or None}
        posts = self.studio.publishing.list(character_id=character_id or None, **wanted)
        if state == "failed":  # whatever waits for a person after it was to go out
            posts = [one for one in posts if one.state in BAD]
        return {"posts": [post_card(post) for post in posts], "current": current,
                "empty": {"title": NO_POSTS[0], "next": NO_POSTS[1]}}  # fmt: skip

    def _approved(self, character_id, chosen, offered: int = OFFERED, *, keep: bool = False) -> dict:
        """The newest approved pictures, before them what else is chosen; `keep` leaves the selection to the page."""
        wanted = AssetFilter(character_id=character_id or None, state="approved")
        found = self.studio.review.search(wanted, limit=offered)
        listed = {one.id for one in found.items}
        return grid_value(
            [*[self.studio.review.get(one) for one in chosen if one not in listed], *found.items],
            selected=chosen,
            keep=keep,
            usual="approved",
            more=found.total - len(found.items),
            empty=NO_APPROVED,
            label="Approved pictures",
        )

    def _chosen(self, ids) -> dict:
        empty = ("No pictures chosen", "Choose one or more below.")
        return grid_value(
            [self.studio.review.get(one) for one in ids], select="none", zoom=True, empty=empty, usual="approved"
        )

    def _alt_boxes(self, ids, alt: dict, *, interactive: bool = True) -> list:
        boxes = [
            gr.Textbox(value=alt.get(one, ""), visible=True, interactive=interactive) for one in ids[:MOST_PICTURES]
        ]
        return boxes + [gr.Textbox(value="", visible=False)] * (MOST_PICTURES - len(boxes))

    def _editor(self, post: Post | None, character_id, state, asset_ids=None) -> list:
        ids = list(post.asset_ids if post else asset_ids or [])
        caption = post.caption if post else None
        status = ("trashed" if post.trashed_at else post.state) if post else "draft"
        open_, changeable = status in (*CHANGEABLE, "approved", "scheduled", "missed"), status in CHANGEABLE
        asked, planning = in_question(self.studio, post), status in (*CHANGEABLE, "approved", "scheduled", "missed")
        chosen = [one.account_id for one in post.targets] if post else ["export"]
        names = self._target_names(character_id, chosen)
        problems = self.studio.publishing.problems(post.id) if post and open_ else []
        return [
            self._posts(character_id, state, post.id if post else None),
            post.id if post else None,
            ids,
            self._chosen(ids),
            self._approved(character_id, ids),
            gr.Textbox(value=caption.text if caption else "", interactive=changeable),
            gr.Textbox(value=" ".join(tagged(caption.hashtags)) if caption else "", interactive=changeable),
            gr.Textbox(value=post.title if post else "", interactive=changeable),
            gr.Textbox(value=post.disclosure if post else self._disclosure(character_id), interactive=changeable),
            gr.CheckboxGroup(choices=names, value=chosen, interactive=changeable),
            [],
            {"variants": []},
            problem_list(post, problems),
            gr.Button(visible=changeable),
            gr.Button(visible=changeable),
            gr.Button(visible=status in ("approved", "scheduled", "missed")),
            gr.Button(visible=planning, interactive=status in ("approved", "scheduled", "missed")),
            gr.Button(visible=post is not None and status != "trashed"),
            gr.Button(visible=status == "trashed"),
            published(post),
            history(post),
            gr.Accordion(visible=changeable, open=not ids),
            gr.Row(visible=changeable),
            gr.Dropdown(interactive=open_),
            *self._alt_boxes(ids, caption.alt_text if caption else {}, interactive=changeable),
            post.character_id if post else character_id or "",
            gr.Accordion(visible=changeable and post is not None and len(names) > 1),
            gr.Dropdown(choices=names, value=None),
            "",
            gr.Row(visible=planning),
            post.schedule.local.replace("T", " ") if post and post.schedule else "",
            post.schedule.zone if post and post.schedule else gr.skip(),
            gr.Button(visible=bool(post and post.schedule) and planning),
            way_of(self.studio, post),
            gr.Row(visible=bool(asked)),
            gr.Dropdown(choices=asked, value=asked[0][1] if asked else None),
        ]

    def _target_names(self, character_id, chosen) -> list[tuple[str, str]]:
        """(name, account id) of what the character can post to, and of what the post goes to already."""
        accounts = self.studio.accounts
        kept = accounts.list(character_id or None)
        kept += [accounts.get(one) for one in chosen if accounts.has(one) and one not in {a.id for a in kept}]
        names = {one.spec.id: one.spec.name for one in accounts.platforms()}
        return [
            (one.name if one.id == one.platform else f"{names.get(one.platform, one.platform)} · {one.name}", one.id)
            for one in kept
        ]

    def _disclosure(self, character_id) -> str:
        return self.studio.publishing.disclosure(character_id) if character_id else ""


def step(title: str, note: str) -> str:
    return f'<h3 class="step-title">{html.escape(title)}<small>{html.escape(note)}</small></h3>'


def tagged(hashtags: list[str]) -> list[str]:
    """Hashtags with exactly one leading #."""
    return ["#" + tag.lstrip("#") for tag in hashtags if tag.strip("# ")]


def untagged(text: str) -> list[str]:
    """The words of a hashtag field without #, each once."""
    words = (text or "").replace(",", " ").split()
    return list(dict.fromkeys(word.lstrip("#") for word in words if word.strip("#")))


def post_card(post: Post) -> dict:
    """A post as the list shows it."""
    first_line = (post.caption.text.strip().splitlines() or [""])[0]
    when = (post.published_at or post.updated_at)[:16].replace("T", " ")
    return {
        "id": post.id,
        "title": post.title or first_line or "Untitled",
        "state": "trashed" if post.trashed_at else post.state,
        "thumb": f"/api/v1/assets/{post.asset_ids[0]}/thumbnail" if post.asset_ids else None,
        "note": f"{len(post.asset_ids)} picture{'s' if len(post.asset_ids) != 1 else ''} · {when}",
    }


def problem_list(post: Post | None, problems: list) -> str:
    """What stands in the way of publishing, and why a failed post failed."""
    lines = []
    if post and post.error:
        lines.append(notice(f"{post.error.get('message', '')} {post.error.get('hint', '')}".strip(), "bad"))
    lines += [notice(str(one), "bad" if one.level == "error" else "warn") for one in problems]
    return "".join(lines)


def published(post: Post | None) -> str:
    if not post or post.state != "published":
        return ""
    when = (post.published_at or "")[:16].replace("T", " ")
    shown_files = [one for one in post.files if not one.endswith(".zip")]
    folder = shown_files[0].rsplit("/", 1)[0] if shown_files else ""
    names = ", ".join(one.rsplit("/", 1)[-1] for one in shown_files)
    links = [
        f'<a class="download" href="/api/v1/posts/{html.escape(post.id)}/files/{n}" download>Download package</a>'
        for n, one in enumerate(post.files)
        if one.endswith(".zip")
    ]
    done = notice(f"Published on {when} UTC.", "good") + facts([("Folder", folder), ("Files", names)])
    return done + "".join(links)


def history(post: Post | None) -> str:
    if not post:
        return '<p class="review-count">Nothing has happened yet.</p>'
    return facts(
        [(one.at[:16].replace("T", " "), f"{one.what}{' by ' + one.by if one.by else ''}") for one in post.history]
    )
