"""Review: the library of all assets, the desk that judges them one by one, and side-by-side comparison."""

import html
import re
import time
from datetime import date

import gradio as gr

from studio.domain.asset import Asset, Quality
from studio.domain.requests import AssetFilter, AssetPatch
from studio.errors import NotFound, StudioError
from studio.ui.guard import shown, told
from studio.ui.parts.downloads import handed_out
from studio.ui.parts.drawn import drawn_by
from studio.ui.parts.editing import to_edit
from studio.ui.parts.pictures import grid, grid_value, rating_words
from studio.ui.shared import Shared

PAGE = 60
STATES = [("All", ""), ("New", "new"), ("Approved", "approved"), ("Rejected", "rejected"), ("Trash", "trashed")]
IDENTITY = [
    ("Any identity", ""), ("In character", "passed"), ("Off character", "below"), ("Not measured", "unmeasured"),
]  # fmt: skip
RATINGS = [("General", "general"), ("Suggestive", "suggestive"), ("Mature", "mature")]
KINDS = [("Pictures and clips", ""), ("Pictures", "image"), ("Clips", "clip")]
SORTS = [
    ("Newest first", "newest"), ("Surest first", "identity"), ("Least sure first", "identity_low"),
    ("Best quality first", "quality"), ("Weakest quality first", "quality_low"),
]  # fmt: skip
QUALITY = {
    "sharpness": "Sharpness", "exposure": "Exposure", "contrast": "Contrast", "noise": "No grain",
    "clipping": "Light not clipped", "banding": "No banding", "content": "Content", "composition": "Composition",
}  # fmt: skip
EVERYONE = ""
NETWORKS = "networks"  # of a download: not a format but every rendition
VIEWS = ("Library", "Desk")
BULK = ["bulk", "card"]
BULK_AWAY = [*BULK, "away"]  # Gradio 6.31 shows a column whose `visible` is "hidden"
EMPTY_LIBRARY = (
    "No pictures yet",
    "Make some in Create, or import one here. Everything you make lands in this library.",
)
NO_MATCH = ("No picture matches", "Widen the filters or clear them.")


class ReviewTab:
    id, title = "review", "Review"
    heeds = ("assets", "characters")

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        with gr.Row(elem_classes="review-bar"):
            self.view = gr.Radio(
                VIEWS, value=VIEWS[0], label="View", show_label=False, elem_classes="segments", scale=0, min_width=190
            )
            self.count = gr.HTML("", elem_classes="review-count", apply_default_css=False)
            self.undo = gr.Button("Undo", size="sm", scale=0, min_width=80)
            self.imported = gr.UploadButton(
                "Import pictures", size="sm", scale=0, min_width=140, file_count="multiple", file_types=["image"]
            )
        self.lost = drawn_by("lost", {}, elem_id="review-lost")
        with gr.Column(elem_classes="card review-filters") as self.filter_card:
            self._filters()
        self.ids, self.cursors, self.selected = gr.State([]), gr.State([None]), gr.State([])
        self.current, self.queue, self.seen = gr.State(None), gr.State([]), gr.State(None)
        self.relisted = gr.State(None)
        with gr.Column(visible=True) as self.library:
            self.grid = grid(grid_value([], empty=EMPTY_LIBRARY), elem_id="review-grid")
            with gr.Row(elem_classes="pager"):
                self.newer = gr.Button("Newer", size="sm", scale=0, min_width=100, interactive=False)
                self.older = gr.Button("Older", size="sm", scale=0, min_width=100, interactive=False)
            self._bulk()
            self.comparison = drawn_by("compare", {"pictures": []}, elem_id="review-compare")
        with gr.Column(visible=False) as self.desk_page:
            self.desk = drawn_by("desk", {}, elem_id="review-desk")
            with gr.Column(elem_classes="card"):
                with gr.Row():
                    self.tags = gr.Textbox(label="Tags", placeholder="beach, portrait", max_lines=1)
                    self.description = gr.Textbox(
                        label="Description", placeholder="What the picture shows", max_lines=3
                    )
                    self.save = gr.Button("Save", size="sm", scale=0, min_width=90, elem_classes="beside-field")
                with gr.Accordion("Reasons for rejecting", open=False), gr.Row():
                    self.reasons = gr.Textbox(
                        label="One reason per line",
                        value="\n".join(self.studio.review.reasons()),
                        lines=5,
                        info="The desk offers these after R; keys 1 to 9 choose one.",
                    )
                    self.save_reasons = gr.Button("Save reasons", size="sm", scale=0, min_width=120)
        self.filters = {
            "whose": self.whose,
            "state": self.state,
            "text": self.text,
            "look": self.look,
            "tag": self.tag,
            "since": self.since,
            "until": self.until,
            "starred": self.starred,
            "identity": self.identity,
            "sort": self.sort,
            "rating": self.rating,
            "kind": self.kind,
        }

    def _filters(self) -> None:
        with gr.Row(elem_classes="filters"):
            self.whose = gr.Dropdown([("Everyone", EVERYONE)], value=EVERYONE, label="Character", min_width=140)
            self.state = gr.Radio(STATES, value="", label="State", elem_classes="segments", min_width=360, scale=2)
            self.text = gr.Textbox(label="Search", placeholder="words in prompt, tags, description", min_width=180)
        with gr.Accordion("More filters", open=False), gr.Row(elem_classes="filters"):
            self.look = gr.Dropdown([("Any look", "")], value="", label="Look", min_width=120)
            self.tag = gr.Dropdown([("Any tag", "")], value="", label="Tag", min_width=120)
            self.identity = gr.Dropdown(IDENTITY, value="", label="Identity", min_width=150)
            self.rating = gr.Dropdown(
                [("Any rating", ""), *RATINGS, ("Not rated", "unrated")], value="", label="Rating", min_width=120
            )
            self.sort = gr.Dropdown(SORTS, value="newest", label="Order", min_width=150)
            self.kind = gr.Dropdown(KINDS, value="", label="Kind", min_width=150)
            self.since = gr.Textbox(label="From", placeholder="2026-01-31", max_lines=1, min_width=120)
            self.until = gr.Textbox(label="To", placeholder="2026-12-31", max_lines=1, min_width=120)
            self.starred = gr.Checkbox(label="Starred only", min_width=120)
            self.clear = gr.Button("Clear filters", size="sm", scale=0, min_width=120, elem_classes="beside-field")

    def _bulk(self) -> None:
        # out of sight, not absent: what is written into an absent part while it appears can be lost
        with gr.Column(elem_classes=BULK_AWAY, elem_id="review-bulk") as self.bulk:
            with gr.Row(elem_classes="bulk-row"):
                self.chosen = gr.HTML("", elem_classes="review-count", apply_default_css=False)
                self.open_desk = gr.Button("Open", size="sm", min_width=70)
                self.approve = gr.Button("Approve", size="sm", min_width=80)
                self.trash = gr.Button("Trash", size="sm", min_width=70)
                self.restore = gr.Button("Restore", size="sm", min_width=80, visible=False)
                self.forever = gr.Button("Delete forever", size="sm", variant="stop", min_width=120, visible=False)
                self.sure = gr.Button("Yes, delete for good", size="sm", variant="stop", min_width=150, visible=False)
                self.spare = gr.Button("Keep", size="sm", min_width=70, visible=False)
                self.compare = gr.Button("Compare", size="sm", min_width=80)
                self.rank = gr.Button("Best first", size="sm", min_width=90)
                self.post = gr.Button("Make a post", size="sm", min_width=100)
                self.reel = gr.Button("Make a reel", size="sm", min_width=100)
            with gr.Row(elem_classes="bulk-row"):
                self.reason = gr.Dropdown(
                    self.studio.review.reasons(), value=None, label="Reason", allow_custom_value=True, min_width=150
                )
                self.reject = gr.Button("Reject", size="sm", scale=0, min_width=80)
                self.new_tag = gr.Textbox(label="Tags", placeholder="beach, portrait", max_lines=1, min_width=130)
                self.add_tag = gr.Button("Add tags", size="sm", scale=0, min_width=90)
                self.new_rating = gr.Dropdown(RATINGS, value="general", label="Rating", min_width=120)
                self.rate = gr.Button("Set rating", size="sm", scale=0, min_width=100)
                self.format = gr.Dropdown(
                    [("PNG", "png"), ("JPEG", "jpeg"), ("WebP", "webp"), ("For every network", NETWORKS)],
                    value="png",
                    label="Download as",
                    min_width=110,
                )
                self.download = gr.Button("Download zip", size="sm", scale=0, min_width=120)
                self.zip = gr.DownloadButton("Zip", elem_id="review-zip", elem_classes="offscreen")
                self.packed = gr.State(0)

    # ------------------------------------------------------------------ wiring
    def wire(self) -> None:
        shared = self.shared
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        page = [self.grid, self.ids, self.cursors, self.count, self.newer, self.older, self.selected, self.bulk,
                self.restore, self.forever, self.sure, self.spare, self.queue, self.desk, self.current, self.tags,
                self.description, self.seen]  # fmt: skip
        named = dict(self.filters)

        def on(triggers, handler, extra=None, outputs=page, name="", **more):
            return gr.on(
                triggers,
                shown(handler),
                inputs_kwargs={**(extra or {}), **named},
                outputs=outputs,
                api_name=f"review_{name}",
                **{**quiet, **more},
            )

        gr.on(
            [self.visit.select],
            shown(self.pickers),
            [self.whose, self.look, self.tag],
            [self.whose, self.look, self.tag],
            api_name="review_pickers",
            **quiet,
        )
        # one listener for all of them: an answer to the filters of a moment ago must not come after that to the newest
        changes = [self.visit.select, self.whose.input, self.state.input, self.look.input, self.tag.input,
                   self.identity.input, self.sort.input, self.rating.input, self.kind.input,
                   self.starred.input, self.text.input, self.text.submit, self.since.input, self.since.submit,
                   self.until.input, self.until.submit]  # fmt: skip
        now = {"view": self.view, "current": self.current, "queue": self.queue, "cursors": self.cursors,
               "seen": self.seen}  # fmt: skip
        on(changes, self.listed, now, name="filter", trigger_mode="always_last")
        # what was listed again is noted in a step of its own: no listener's answer may wake that listener
        on([self.seen.change], self.overtaken, {"seen": self.seen}, [*page[:-1], self.relisted], name="overtaken")
        self.relisted.change(
            lambda relisted: relisted["filters"] if relisted else gr.skip(),
            self.relisted,
            self.seen,
            api_name="review_noted",
            **quiet,
        )
        on([self.older.click], self.step_page, {"cursors": self.cursors, "by": gr.State(1)}, name="older")
        on([self.newer.click], self.step_page, {"cursors": self.cursors, "by": gr.State(-1)}, name="newer")
        self.clear.click(
            lambda: ["", "", "", "", "", "", "", False, "", "newest", "", ""],
            None,
            list(self.filters.values()),
            api_name="review_clear",
            **quiet,
        ).then(
            shown(self.listed),
            inputs_kwargs={**now, **named},
            outputs=page,
            api_name="review_cleared",
            **quiet,
        )
        self.view.change(
            shown(self.switch),
            [self.view, self.ids, self.current, self.selected, self.queue],
            [self.filter_card, self.library, self.desk_page, self.queue, self.desk, self.current, self.tags,
             self.description],
            api_name="review_view",
            queue=False,
            **quiet,
        )  # fmt: skip
        self.grid.select(
            shown(self.select),
            self.state,
            [self.selected, self.bulk, self.chosen, self.restore, self.forever, self.sure, self.spare],
            api_name="review_select",
            trigger_mode="multiple",
            **quiet,
        )
        self.open_desk.click(
            lambda ids: (VIEWS[1], ids[0] if ids else None, ids),
            self.selected,
            [self.view, self.current, self.queue],
            api_name="review_open_chosen",
            queue=False,
            **quiet,
        )
        self.grid.click(
            shown(self.open), self.ids, [self.view, self.current, self.queue], api_name="review_open_one", **quiet
        )
        desk = [self.queue, self.desk, self.current, self.tags, self.description, shared.to_create, shared.changed,
                shared.to_motion]  # fmt: skip
        self.desk.select(
            shown(self.judge),
            inputs_kwargs={"queue": self.queue, "changed": shared.changed, **named},
            outputs=desk,
            api_name="review_judge",
            trigger_mode="multiple",
            **quiet,
        )
        gr.on(
            [self.save.click, self.tags.submit],
            shown(self.save_words),
            [self.current, self.tags, self.description, self.queue],
            [self.desk],
            api_name="review_words",
            **quiet,
        )
        self.save_reasons.click(
            shown(self.keep_reasons), self.reasons, [self.reason, self.reasons], api_name="review_reasons", **quiet
        )
        for button, handler, extra, name in (
            (self.approve, self.bulk_approve, {}, "approve"),
            (self.reject, self.bulk_reject, {"reason": self.reason}, "reject"),
            (self.add_tag, self.bulk_tag, {"new_tag": self.new_tag}, "tag"),
            (self.rate, self.bulk_rate, {"new_rating": self.new_rating}, "rate"),
            (self.trash, self.bulk_trash, {}, "trash"),
            (self.restore, self.bulk_restore, {}, "restore"),
        ):
            on([button.click], handler, {"ids": self.selected, "cursors": self.cursors, **extra}, name=f"bulk_{name}")
        questions = [self.forever, self.sure, self.spare]
        for button, now in ((self.forever, True), (self.spare, False)):
            button.click(
                lambda now=now: [gr.Button(visible=not now), gr.Button(visible=now), gr.Button(visible=now)],
                None,
                questions,
                api_name=f"review_{'ask' if now else 'spare'}",
                **quiet,
            )
        on([self.sure.click], self.bulk_forever, {"ids": self.selected, "cursors": self.cursors}, name="forever")
        on([self.undo.click], self.take_back, {"cursors": self.cursors, "current": self.current}, name="undo")
        on([self.imported.upload], self.bring_in, {"files": self.imported}, name="import")
        self.lost.select(
            shown(self.found_again), shared.changed, shared.changed, api_name="review_found_again", **quiet
        )
        self.compare.click(
            shown(self.side_by_side), self.selected, self.comparison, api_name="review_compare", **quiet
        )  # fmt: skip
        self.rank.click(shown(self.best_first), self.selected, self.comparison, api_name="review_rank", **quiet)
        self.post.click(shown(self.make_post), self.selected, shared.to_publish, api_name="review_post", **quiet)
        self.reel.click(shown(self.make_reel), self.selected, shared.to_motion, api_name="review_reel", **quiet)
        self.download.click(
            shown(self.pack),
            [self.selected, self.format, self.packed],
            [self.zip, self.packed],
            api_name="review_download",
            api_visibility="private",
        )
        # a download button saves what it holds when it is pressed, so it is pressed once the zip is made
        self.packed.change(
            None, None, None, js="() => window.studio.press('#review-zip')", api_name="review_save_zip", **quiet
        )
        shared.to_review.change(
            shown(self.arrive),
            shared.to_review,
            [self.view, self.current, self.queue, self.filter_card, self.library, self.desk_page, self.desk, self.tags,
             self.description],
            api_name="review_arrive",
            **quiet,
        )  # fmt: skip

    # ------------------------------------------------------------------ library
    def pickers(self, whose, look, tag):
        facets = self.studio.review.facets()
        characters = [("Everyone", EVERYONE), *[(one.name, one.id) for one in self.studio.characters.list()]]
        looks = [("Any look", ""), *[(name, name) for name in facets.get("looks", {})]]
        tags = [("Any tag", ""), *[(f"{name} ({number})", name) for name, number in facets.get("tags", {}).items()]]
        # a choice made in this moment is not undone: a value is sent only when the old one is gone
        return [
            gr.Dropdown(choices=choices, **({} if value in [one for _, one in choices] else {"value": ""}))
            for choices, value in ((characters, whose), (looks, look), (tags, tag))
        ]

    def listed(self, view, current, queue, cursors, seen, **filters):
        """The library after a filter changed: its first page, nothing selected. With the filters of before it is only
        looked at again: page, selection and the place on the desk stay, whatever was done while this was under way.
        """
        if seen is not None and asked(filters) != seen:
            return self._page([None], filters)
        library = self._library(cursors[:-1] or [None], filters, keep=True)
        desk = gr.skip()
        if view == VIEWS[1] and current:
            try:
                desk = {**self._desk(current, queue)[0], "again": True}
            except NotFound:  # deleted for good meanwhile; the next key tells
                desk = gr.skip()
        return [*library, *[gr.skip()] * 7, desk, *[gr.skip()] * 3, asked(filters)]

    def overtaken(self, seen, **filters):
        """A listing knows the filters it answers to: one that came after others were set is asked for again."""
        if asked(filters) == seen:
            return gr.skip()
        *page, now = self._page([None], filters)
        return [*page, {"filters": now, "at": time.monotonic()}]  # each time another value, so that it is noted

    def step_page(self, cursors, by, **filters):
        return self._page(cursors if by > 0 else (cursors[:-2] or [None]), filters)

    def _page(self, begins: list, filters: dict, current=None):
        """A page of the library, nothing selected, the desk on `current` or the page's first picture, the filters."""
        library = self._library(begins, filters)
        ids = library[1]
        desk = self._desk(current if current in ids else (ids[0] if ids else None), ids)
        return [*library, *self._none_selected(), ids, *desk, asked(filters)]

    def _library(self, begins: list, filters: dict, *, keep: bool = False) -> list:
        """Draw a page. `begins` are the cursors of the pages up to it; the next page's cursor is kept behind them.
        `keep` leaves what is selected on the page as it is.
        """
        wanted = asset_filter(filters)
        found = self.studio.review.search(wanted, limit=PAGE, cursor=begins[-1])
        if not found.items and len(begins) > 1:  # the last page was emptied
            return self._library(begins[:-1], filters, keep=keep)
        ids = [asset.id for asset in found.items]
        any_filter = any(value for name, value in filters.items() if name != "sort")
        number = len(begins)
        first = (number - 1) * PAGE + 1
        text = "No pictures" if not found.total else f"{first} to {first + len(ids) - 1} of {found.total:,}"
        missing = {asset.id for asset in found.items if self.studio.review.missing(asset)}
        empty = NO_MATCH if any_filter else EMPTY_LIBRARY
        value = grid_value(found.items, empty=empty, label="Library", missing=missing, keep=keep)
        return [
            value,
            ids,
            [*begins, found.next_cursor],
            html.escape(text),
            gr.Button(interactive=number > 1),
            gr.Button(interactive=found.next_cursor is not None),
        ]

    @staticmethod
    def _none_selected() -> list:
        return [[], gr.Column(elem_classes=BULK_AWAY), *[gr.Button(visible=False)] * 4]

    def select(self, state, event: gr.EventData):
        ids = list(event._data["ids"])
        words = f"<strong>{len(ids)}</strong> selected"
        trash = gr.Button(visible=state == "trashed")
        bar = gr.Column(elem_classes=BULK if ids else BULK_AWAY)
        return ids, bar, words, trash, trash, *[gr.Button(visible=False)] * 2

    def open(self, ids, event: gr.EventData):
        return VIEWS[1], event._data["id"], ids

    def arrive(self, ids):
        if not ids:
            return (gr.skip(),) * 9
        desk, current, tags, description = self._desk(ids[0], ids)
        return VIEWS[1], current, ids, *self._views(desk=True), desk, tags, description

    def bring_in(self, files, whose="", **filters):
        """One file that is no picture does not keep the others out."""
        brought, problems = 0, []
        for path in files or []:
            try:
                self.studio.review.import_picture(path, whose or None)
                brought += 1
            except StudioError as error:
                problems.append(error)
        if problems and not brought and len(problems) == 1:
            raise problems[0]
        if brought:
            told(f"{brought} imported.")
        if problems:
            gr.Warning("<br>".join(html.escape(error.message) for error in problems[:10]), title="Not imported")
        return self._page([None], {"whose": whose, **filters})

    # ------------------------------------------------------------------ bulk
    def _bulk_done(self, count: int, verb: str, cursors, filters):
        told(f"{count} {verb}.")
        return self._page(list(cursors[:-1]) or [None], filters)

    def bulk_approve(self, ids, cursors, **filters):
        self.studio.review.patch_many(some(ids), AssetPatch(state="approved"))
        return self._bulk_done(len(ids), "approved", cursors, filters)

    def bulk_reject(self, ids, cursors, reason, **filters):
        self.studio.review.patch_many(some(ids), AssetPatch(state="rejected", rejection_reason=reason or ""))
        return self._bulk_done(len(ids), "rejected", cursors, filters)

    def bulk_tag(self, ids, cursors, new_tag, **filters):
        new = words_of(new_tag)
        if not new:
            raise StudioError("There is no tag to add.", "Write one, then press Add tag.")
        self.studio.review.add_tags(some(ids), new)
        return self._bulk_done(len(ids), "tagged", cursors, filters)

    def bulk_rate(self, ids, cursors, new_rating, **filters):
        self.studio.review.patch_many(some(ids), AssetPatch(rating=new_rating))
        return self._bulk_done(len(ids), f"rated {new_rating}", cursors, filters)

    def bulk_trash(self, ids, cursors, **filters):
        self.studio.review.trash(some(ids))
        return self._bulk_done(len(ids), "moved to the trash. Undo brings them back", cursors, filters)

    def bulk_restore(self, ids, cursors, **filters):
        self.studio.review.restore(some(ids))
        return self._bulk_done(len(ids), "restored", cursors, filters)

    def bulk_forever(self, ids, cursors, **filters):
        self.studio.review.delete_forever(some(ids))
        return self._bulk_done(len(ids), "deleted for good", cursors, filters)

    def take_back(self, cursors, current, **filters):
        what = self.studio.review.undo()
        told(f"Undone: {what}." if what else "There is nothing to undo.")
        return self._page(list(cursors[:-1]) or [None], filters, current)

    def found_again(self, changed, event: gr.EventData):
        """Pictures that had no entry were added; the page hears of it."""
        number = int(event._data["added"])
        told(f"{number} picture{'' if number == 1 else 's'} added to the library.")
        return changed + 1

    def side_by_side(self, ids):
        if not 2 <= len(ids) <= 4:
            raise StudioError("Comparing takes two to four pictures.", f"{len(ids)} are selected.")
        assets = [self.studio.review.get(one) for one in ids]
        return {"pictures": compared(assets)}

    def best_first(self, ids):
        """The best four of what is selected side by side, each with its place and the reason."""
        order = self.studio.review.rank(ids)
        best = order["items"][:4]
        told(f"Ranked by {order['by']}: the best {len(best)} of {len(ids)}.")
        pictures = compared([self.studio.review.get(one["id"]) for one in best])
        for shown_picture, one in zip(pictures, best, strict=True):
            place = [("Place", f"{one['rank']} of {len(ids)}", True), ("Because", one["why"], True)]
            shown_picture["facts"] = [*place, *shown_picture["facts"]]
        return {"pictures": pictures}

    def make_post(self, ids):
        return some(ids)

    def make_reel(self, ids):
        """In the order they were made: the library shows the newest first."""
        return sorted(some(ids))

    def pack(self, ids, kind, packed):
        if kind == NETWORKS:
            return handed_out(self.studio.repurpose.zip(some(ids))), packed + 1
        return handed_out(self.studio.review.zip(some(ids), format=kind)), packed + 1

    # ------------------------------------------------------------------ desk
    @staticmethod
    def _views(desk: bool) -> tuple:
        """The filter card, the library and the desk."""
        return gr.Column(visible=not desk), gr.Column(visible=not desk), gr.Column(visible=desk)

    def switch(self, view, ids, current, selected, queue):
        if view != VIEWS[1]:
            return *self._views(desk=False), *[gr.skip()] * 5
        if selected and current not in selected:
            queue = selected if len(selected) > 1 else ids
            current = selected[0]
        queue = queue if current in queue else ids
        current = current if current in queue else (queue[0] if queue else None)
        return *self._views(desk=True), queue, *self._desk(current, queue)

    def judge(self, event: gr.EventData, queue, changed, request: gr.Request, **filters):
        action, asset_id, by = event._data["action"], event._data["id"], request.username or ""
        review, to_create = self.studio.review, gr.skip()
        at = queue.index(asset_id) if asset_id in queue else 0
        if action in ("approve", "reject", "trash", "next") and at == len(queue) - 1:
            queue = [*queue, *self._following(queue, filters)]
        after = queue[min(at + 1, len(queue) - 1)] if queue else None
        target = asset_id
        if action == "approve":
            review.patch(asset_id, AssetPatch(state="approved"), by)
            target = after
        elif action == "reject":
            reason = event._data.get("reason") or ""
            review.patch(asset_id, AssetPatch(state="rejected", rejection_reason=reason), by)
            target = after
        elif action == "star":
            review.patch(asset_id, AssetPatch(starred=not review.get(asset_id).starred), by)
        elif action == "trash":
            review.trash([asset_id])
            target = after
        elif action == "restore":
            review.restore([asset_id])
        elif action == "undo":
            what = review.undo()
            told(f"Undone: {what}." if what else "There is nothing to undo.")
        elif action in ("next", "back"):
            target = after if action == "next" else queue[max(at - 1, 0)] if queue else None
        elif action == "reuse":
            to_create = self.studio.images.recipe_to_request(asset_id)
        elif action == "edit":
            to_create = to_edit(self.studio, asset_id)
        elif action == "reference":
            owner = review.get(asset_id).character_id
            if not owner:
                raise StudioError("This picture belongs to no character.", "Only a character has references.")
            told(f"{self.studio.characters.add_reference(owner, asset_id=asset_id).name} has a new reference.")
        news = changed + 1 if action == "reference" else gr.skip()
        to_motion = [asset_id] if action == "motion" else gr.skip()
        return [queue, *self._desk(target or asset_id, queue), to_create, news, to_motion]

    def _following(self, queue: list, filters: dict) -> list:
        """The ids that come after the desk's last picture in the library; none when the desk shows a choice."""
        wanted, cursor = asset_filter(filters), None
        while queue:
            page = self.studio.review.search(wanted, limit=200, cursor=cursor)
            ids = [asset.id for asset in page.items]
            if queue[-1] in ids and ids[ids.index(queue[-1]) + 1 :]:
                return [one for one in ids[ids.index(queue[-1]) + 1 :] if one not in queue]
            if page.next_cursor is None or (wanted.sort == "newest" and ids and ids[-1] < queue[-1]):
                return []
            cursor = page.next_cursor
        return []

    def save_words(self, current, tags, description, queue):
        if not current:
            raise StudioError("No picture is open on the desk.")
        self.studio.review.patch(current, AssetPatch(tags=words_of(tags), description=description))
        told("Tags and description are saved.")
        return self._desk(current, queue)[0]

    def keep_reasons(self, text):
        reasons = self.studio.review.set_reasons([line.strip() for line in text.splitlines() if line.strip()])
        told("The reasons are saved.")
        return gr.Dropdown(choices=reasons), "\n".join(reasons)

    def _desk(self, current, ids) -> list:
        """Values of the desk, the current id, its tags and its description."""
        if not current:
            return [{"empty": {"title": EMPTY_LIBRARY[0], "next": EMPTY_LIBRARY[1]}}, None, "", ""]
        asset = self.studio.review.get(current)
        at = f"{ids.index(current) + 1} of {len(ids)}" if current in ids else ""
        value = desk_value(asset, at, self.studio.review.reasons())
        beside = ids[ids.index(current) + 1 :][:1] if current in ids else []
        value["soon"] = [f"/api/v1/assets/{one}/file" for one in beside if self.studio.review.get(one).kind == "image"]
        return [value, current, ", ".join(asset.tags), asset.description]


def asked(filters: dict) -> dict:
    """The filters that filter something; a field nobody has seen yet holds None."""
    return {name: value for name, value in filters.items() if value}


def asset_filter(values: dict) -> AssetFilter:
    """The filter bar's values as a filter; empty fields filter nothing."""
    return AssetFilter(
        character_id=values.get("whose") or None,
        state=values.get("state") or None,
        text=values.get("text") or None,
        look=values.get("look") or None,
        tag=values.get("tag") or None,
        since=day(values.get("since")),
        until=day(values.get("until")),
        starred=True if values.get("starred") else None,
        identity=values.get("identity") or None,
        rating=values.get("rating") or None,
        kind=values.get("kind") or None,
        sort=values.get("sort") or "newest",
    )


def day(text: str | None) -> str | None:
    """An ISO day, or None while one is still being typed. Raises StudioError for anything else."""
    text = (text or "").strip()
    if re.fullmatch(r"\d{0,4}(-\d{0,2}){0,2}", text) and len(text) < 10:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise StudioError(f"“{text[:40]}” is not a day.", "Write it as 2026-01-31.") from None


def some(ids: list) -> list:
    if not ids:
        raise StudioError("No picture is selected.", "Click pictures, or press Space on one.")
    return ids


def words_of(text: str) -> list[str]:
    """Comma-separated words, trimmed, each once."""
    return list(dict.fromkeys(one.strip() for one in (text or "").split(",") if one.strip()))


def recipe_facts(asset: Asset) -> list[tuple[str, str]]:
    """A recipe in the order people ask about it."""
    recipe = asset.recipe
    upscale = f"{recipe.upscale.get('factor')} × by {recipe.upscale.get('by')}" if recipe.upscale else ""
    facts = [
        ("Character", recipe.character_name),
        ("Prompt", recipe.prompt),
        ("Drawn from", "; ".join(recipe.template.values())),
        ("Keep out", recipe.negative),
        ("Look", recipe.look_name),
        ("Seed", recipe.seed),
        ("Steps", recipe.steps),
        ("Guidance", recipe.guidance),
        ("Sampler", recipe.sampler),
        ("Model", recipe.model or recipe.engine),
        ("Size", f"{asset.width} × {asset.height}"),
        ("Length", f"{asset.seconds:g} s at {asset.fps:g} frames a second" if asset.seconds and asset.fps else ""),
        ("Made of", f"{len(recipe.parents)} pictures" if asset.kind == "clip" and recipe.parents else ""),
        (
            "Sounds",
            ", ".join(
                f"{one.get('name')} ({one.get('licence')})" if one.get("licence") else str(one.get("name"))
                for one in recipe.inputs.get("sounds") or []
            ),
        ),
        ("Enlarged", upscale),
        ("Made in", f"{recipe.seconds:.1f} s" if recipe.seconds else ""),
        ("Made on", asset.created_at[:16].replace("T", " ") + " UTC"),
        ("Rating", rating_words(asset.rating) if asset.rating else ""),
        ("Origin", ("imported pictures" if asset.kind == "clip" else "imported") if asset.imported else ""),
    ]
    return [(name, str(value)) for name, value in facts if value not in (None, "")]


def desk_value(asset: Asset, position: str, reasons: list[str]) -> dict:
    """What the desk shows of one asset."""
    quality = asset.quality
    return {
        "asset": {
            "id": asset.id,
            "full": f"/api/v1/assets/{asset.id}/file",
            "alt": asset.description or asset.recipe.prompt or asset.recipe.words,
            "clip": asset.kind == "clip",
            "reel": "reel" in asset.recipe.inputs,
            "poster": f"/api/v1/assets/{asset.id}/thumbnail",
            "state": asset.state,
            "starred": asset.starred,
        },
        "facts": recipe_facts(asset),
        "quality": quality_parts(quality),
        "judged": {"drawn": " as a drawing", "photo": " as a photo"}.get(quality.kind, "") if quality else "",
        "good": quality.passed if quality else None,
        "score": quality.score if quality else 0,
        "notes": quality.notes if quality else [],
        "identity": identity_value(asset),
        "position": position,
        "reasons": reasons,
        "reason": asset.rejection_reason if asset.state == "rejected" else "",
    }


def quality_parts(part: Quality | None) -> list[tuple[str, float]]:
    """The parts that were measured, by the names people read; 1 is good for every one of them."""
    found = [(title, getattr(part, name)) for name, title in QUALITY.items()] if part else []
    return [(title, value) for title, value in found if value is not None]


def identity_value(asset: Asset) -> dict | None:
    """What the desk says about likeness; None for a picture that belongs to nobody."""
    part = asset.identity
    if part is None:
        return None
    plural = "" if part.references == 1 else "s"
    encoder = {"drawn": "the encoder for drawn characters", "photo": "the encoder for faces in photos"}
    against = f"Against {part.references} reference{plural} by {encoder.get(part.encoder, 'an encoder')}"
    against += f"; the character's threshold is {round(part.threshold * 100)}." if part.threshold is not None else "."
    if part.attempt > 1:
        against += f" Try {part.attempt}."
    return {"score": part.score, "passed": part.passed, "note": part.note, "against": against}


def compared(assets: list[Asset]) -> list[dict]:
    """Pictures side by side; facts that differ between them are marked."""
    tables = [dict(recipe_facts(asset)) for asset in assets]
    names = list(dict.fromkeys(name for table in tables for name in table))
    return [
        {
            "id": asset.id,
            "full": f"/api/v1/assets/{asset.id}/file",
            "alt": asset.recipe.prompt or asset.recipe.words,
            "clip": asset.kind == "clip",
            "facts": [
                (name, table.get(name, "none"), len({other.get(name) for other in tables}) > 1) for name in names
            ],
        }
        for asset, table in zip(assets, tables, strict=True)
    ]
