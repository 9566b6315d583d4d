"""Review: the library of all assets, the desk that judges them one by one, and side-by-side comparison."""

import html

import gradio as gr

from studio.domain.asset import Asset
from studio.domain.requests import AssetFilter, AssetPatch
from studio.errors import StudioError
from studio.ui.guard import shown, told
from studio.ui.parts.pictures import grid, grid_value
from studio.ui.shared import Shared

PAGE = 60
STATES = [("All", ""), ("New", "new"), ("Approved", "approved"), ("Rejected", "rejected"), ("Trash", "trashed")]
EVERYONE = ""
VIEWS = ("Library", "Desk")
EMPTY_LIBRARY = (
    "No pictures yet",
    "Make some in Create, or import one here. Everything you make lands in this library.",
)
NO_MATCH = ("No picture matches", "Widen the filters or clear them.")


class ReviewTab:
    id, title = "review", "Review"

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        self._filters()
        with gr.Row(elem_classes="review-bar"):
            self.view = gr.Radio(
                VIEWS, value=VIEWS[0], label="View", show_label=False, elem_classes="segments", scale=0
            )
            self.count = gr.HTML("", elem_classes="review-count", apply_default_css=False)
            self.undo = gr.Button("Undo", size="sm", scale=0, min_width=90)
            self.clear = gr.Button("Clear filters", size="sm", scale=0, min_width=120)
            self.imported = gr.UploadButton(
                "Import pictures", size="sm", scale=0, min_width=140, file_count="multiple", file_types=["image"]
            )
        self.ids, self.cursors, self.selected = gr.State([]), gr.State([None]), gr.State([])
        self.current = gr.State(None)
        with gr.Column(visible=True) as self.library:
            self.grid = grid(grid_value([], empty=EMPTY_LIBRARY), elem_id="review-grid")
            with gr.Row(elem_classes="pager"):
                self.newer = gr.Button("Newer", size="sm", scale=0, min_width=100, interactive=False)
                self.older = gr.Button("Older", size="sm", scale=0, min_width=100, interactive=False)
            self._bulk()
            self.comparison = gr.HTML(
                {"pictures": []},
                html_template='<div class="compare-root"></div>',
                js_on_load="window.studio.compare(element, props, trigger, watch)",
                apply_default_css=False,
                visible=False,
                elem_id="review-compare",
            )
        with gr.Column(visible=False) as self.desk_page:
            self.desk = gr.HTML(
                {},
                html_template='<div class="desk-root"></div>',
                js_on_load="window.studio.desk(element, props, trigger, watch)",
                apply_default_css=False,
                elem_id="review-desk",
            )
            with gr.Row():
                self.tags = gr.Textbox(label="Tags", placeholder="beach, portrait", info="Separated by commas.")
                self.description = gr.Textbox(label="Description", placeholder="What the picture shows", lines=2)
                self.save = gr.Button("Save tags and description", size="sm", scale=0, min_width=190)
            with gr.Accordion("Reasons for rejecting", open=False):
                with gr.Row():
                    self.reasons = gr.Textbox(
                        label="One reason per line",
                        value="\n".join(self.studio.review.reasons()),
                        lines=5,
                        info="The desk offers these, 1 to 9, after R.",
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
        }

    def _filters(self) -> None:
        with gr.Row(elem_classes="filters"):
            self.whose = gr.Dropdown([("Everyone", EVERYONE)], value=EVERYONE, label="Character", min_width=140)
            self.state = gr.Radio(STATES, value="", label="State", elem_classes="segments", min_width=360, scale=2)
            self.text = gr.Textbox(label="Search", placeholder="words in prompt, tags, description", min_width=180)
        with gr.Accordion("More filters", open=False), gr.Row():
            self.look = gr.Dropdown([("Any look", "")], value="", label="Look", min_width=120)
            self.tag = gr.Dropdown([("Any tag", "")], value="", label="Tag", min_width=120)
            self.since = gr.Textbox(label="From", placeholder="2026-01-31", max_lines=1, min_width=120)
            self.until = gr.Textbox(label="To", placeholder="2026-12-31", max_lines=1, min_width=120)
            self.starred = gr.Checkbox(label="Starred only", min_width=120)

    def _bulk(self) -> None:
        with gr.Row(visible=False, elem_classes="bulk", elem_id="review-bulk") as self.bulk:
            self.chosen = gr.HTML("", elem_classes="review-count", apply_default_css=False)
            self.approve = gr.Button("Approve", size="sm", min_width=90)
            self.reason = gr.Dropdown(
                self.studio.review.reasons(),
                value=None,
                label="Reason",
                allow_custom_value=True,
                min_width=140,
            )
            self.reject = gr.Button("Reject", size="sm", min_width=80)
            self.new_tag = gr.Textbox(label="Tag", placeholder="add a tag", max_lines=1, min_width=120)
            self.add_tag = gr.Button("Add tag", size="sm", min_width=80)
            self.trash = gr.Button("Trash", size="sm", min_width=80)
            self.restore = gr.Button("Restore", size="sm", min_width=80, visible=False)
            self.forever = gr.Button("Delete forever", size="sm", variant="stop", min_width=120, visible=False)
            self.compare = gr.Button("Compare", size="sm", min_width=90)
            self.post = gr.Button("Make a post", size="sm", min_width=110)
            self.format = gr.Dropdown(["png", "jpeg", "webp"], value="png", label="As", min_width=90)
            self.download = gr.DownloadButton("Download zip", size="sm", min_width=120)

    # ------------------------------------------------------------------ wiring
    def wire(self) -> None:
        shared = self.shared
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        page = [self.grid, self.ids, self.cursors, self.count, self.newer, self.older, self.selected, self.bulk,
                self.restore, self.forever, self.comparison, self.desk, self.current, self.tags,
                self.description]  # fmt: skip
        named = dict(self.filters)

        def on(triggers, handler, extra=None, outputs=page, name="", **more):
            gr.on(
                triggers,
                shown(handler),
                inputs_kwargs={**(extra or {}), **named},
                outputs=outputs,
                api_name=f"review_{name}",
                **{**quiet, **more},
            )

        opened = [self.page.select, shared.page.load, shared.changed.change]
        gr.on(
            opened,
            shown(self.pickers),
            [self.whose, self.look, self.tag],
            [self.whose, self.look, self.tag],
            api_name="review_pickers",
            **quiet,
        )
        on(opened, self.first_page, {"current": self.current}, name="open")
        changes = [self.whose.input, self.state.input, self.look.input, self.tag.input, self.starred.input,
                   self.since.submit, self.until.submit, self.since.blur, self.until.blur]  # fmt: skip
        on(changes, self.first_page, name="filter")
        on([self.text.input], self.first_page, name="search", trigger_mode="always_last")
        on([self.older.click], self.step_page, {"cursors": self.cursors, "by": gr.State(1)}, name="older")
        on([self.newer.click], self.step_page, {"cursors": self.cursors, "by": gr.State(-1)}, name="newer")
        self.clear.click(
            lambda: ["", "", "", "", "", "", "", False],
            None,
            list(self.filters.values()),
            api_name="review_clear",
            **quiet,
        ).then(
            shown(self.first_page),
            inputs_kwargs=named,
            outputs=page,
            api_name="review_cleared",
            **quiet,
        )
        self.view.change(
            shown(self.switch),
            [self.view, self.ids, self.current, self.selected],
            [self.library, self.desk_page, self.desk, self.current, self.tags, self.description],
            api_name="review_view",
            **quiet,
        )
        self.grid.select(
            shown(self.select),
            self.state,
            [self.selected, self.bulk, self.chosen, self.restore, self.forever],
            api_name="review_select",
            **quiet,
        )
        self.grid.click(shown(self.open), None, [self.view, self.current], api_name="review_open_one", **quiet)
        desk = [self.desk, self.current, self.tags, self.description, shared.to_create, shared.changed]
        self.desk.select(
            shown(self.judge), [self.ids, shared.changed], desk, api_name="review_judge", **quiet
        )  # fmt: skip
        self.save.click(
            shown(self.save_words),
            [self.current, self.tags, self.description, self.ids],
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
            (self.trash, self.bulk_trash, {}, "trash"),
            (self.restore, self.bulk_restore, {}, "restore"),
        ):
            on([button.click], handler, {"ids": self.selected, "cursors": self.cursors, **extra}, name=f"bulk_{name}")
        self.forever.click(
            shown(self.bulk_forever),
            inputs_kwargs={"ids": self.selected, "cursors": self.cursors, **named},
            outputs=page,
            api_name="review_forever",
            js="(ids, ...rest) => confirm(`Delete ${ids.length} pictures and their files for good?`)"
            " ? [ids, ...rest] : [[], ...rest]",
            **quiet,
        )
        on([self.undo.click], self.take_back, {"cursors": self.cursors}, name="undo")
        on([self.imported.upload], self.bring_in, {"files": self.imported}, name="import")
        self.compare.click(
            shown(self.side_by_side), self.selected, self.comparison, api_name="review_compare", **quiet
        )  # fmt: skip
        self.post.click(shown(self.make_post), self.selected, shared.to_publish, api_name="review_post", **quiet)
        self.download.click(
            shown(self.pack),
            [self.selected, self.format],
            self.download,
            api_name="review_download",
            api_visibility="private",
        )
        shared.to_review.change(
            shown(self.arrive), shared.to_review, [self.view, self.ids, self.current], api_name="review_arrive", **quiet
        )

    # ------------------------------------------------------------------ library
    def pickers(self, whose, look, tag):
        facets = self.studio.review.facets()
        characters = [("Everyone", EVERYONE), *[(one.name, one.id) for one in self.studio.characters.list()]]
        looks = [("Any look", ""), *[(name, name) for name in facets.get("looks", {})]]
        tags = [("Any tag", ""), *[(f"{name} ({number})", name) for name, number in facets.get("tags", {}).items()]]
        return [
            gr.Dropdown(choices=choices, value=value if value in [one for _, one in choices] else "")
            for choices, value in ((characters, whose), (looks, look), (tags, tag))
        ]

    def first_page(self, current=None, **filters):
        return self._page([None], filters, current)

    def step_page(self, cursors, by, **filters):
        return self._page(cursors if by > 0 else (cursors[:-2] or [None]), filters)

    def _page(self, begins: list, filters: dict, current=None):
        """Draw a page. `begins` are the cursors of the pages up to it; the next page's cursor is kept behind them."""
        wanted = asset_filter(filters)
        found = self.studio.review.search(wanted, limit=PAGE, cursor=begins[-1])
        pages = [*begins, found.next_cursor]
        ids = [asset.id for asset in found.items]
        trash = wanted.state == "trashed"
        any_filter = any(value for value in filters.values())
        number = len(begins)
        first = (number - 1) * PAGE + 1
        text = "No pictures" if not found.total else f"{first} to {first + len(ids) - 1} of {found.total:,}"
        current = current if current in ids else (ids[0] if ids else None)
        value = grid_value(found.items, empty=NO_MATCH if any_filter else EMPTY_LIBRARY, label="Library")
        return [
            value,
            ids,
            pages,
            html.escape(text),
            gr.Button(interactive=number > 1),
            gr.Button(interactive=found.next_cursor is not None),
            [],
            gr.Row(visible=False),
            gr.Button(visible=trash),
            gr.Button(visible=trash),
            gr.HTML(visible=False),
            *self._desk(current, ids),
        ]

    def select(self, state, event: gr.EventData):
        ids = list(event._data["ids"])
        words = f"<strong>{len(ids)}</strong> selected"
        trash = state == "trashed"
        return ids, gr.Row(visible=bool(ids)), words, gr.Button(visible=trash), gr.Button(visible=trash)

    def open(self, event: gr.EventData):
        return VIEWS[1], event._data["id"]

    def arrive(self, ids):
        return (VIEWS[1], ids, ids[0]) if ids else (gr.skip(),) * 3

    def bring_in(self, files, whose="", **filters):
        brought = [self.studio.review.import_picture(path, whose or None) for path in files or []]
        told(f"{len(brought)} imported.")
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

    def bulk_trash(self, ids, cursors, **filters):
        self.studio.review.trash(some(ids))
        return self._bulk_done(len(ids), "moved to the trash. Undo brings them back", cursors, filters)

    def bulk_restore(self, ids, cursors, **filters):
        self.studio.review.restore(some(ids))
        return self._bulk_done(len(ids), "restored", cursors, filters)

    def bulk_forever(self, ids, cursors, **filters):
        if not ids:
            return gr.skip()
        self.studio.review.delete_forever(ids)
        return self._bulk_done(len(ids), "deleted for good", cursors, filters)

    def take_back(self, cursors, **filters):
        what = self.studio.review.undo()
        told(f"Undone: {what}." if what else "There is nothing to undo.")
        return self._page(list(cursors[:-1]) or [None], filters)

    def side_by_side(self, ids):
        if not 2 <= len(ids) <= 4:
            raise StudioError("Comparing takes two to four pictures.", f"{len(ids)} are selected.")
        assets = [self.studio.review.get(one) for one in ids]
        return gr.HTML(value={"pictures": compared(assets)}, visible=True)

    def make_post(self, ids):
        return some(ids)

    def pack(self, ids, kind):
        return str(self.studio.review.zip(some(ids), format=kind))

    # ------------------------------------------------------------------ desk
    def switch(self, view, ids, current, selected):
        desk = view == VIEWS[1]
        ids = selected if len(selected) > 1 else ids
        current = current if current in ids else (ids[0] if ids else None)
        return gr.Column(visible=not desk), gr.Column(visible=desk), *self._desk(current, ids)

    def judge(self, ids, changed, event: gr.EventData):
        action, asset_id = event._data["action"], event._data["id"]
        review, to_create = self.studio.review, gr.skip()
        at = ids.index(asset_id) if asset_id in ids else 0
        after = ids[min(at + 1, len(ids) - 1)] if ids else None
        target = asset_id
        if action == "approve":
            review.patch(asset_id, AssetPatch(state="approved"))
            target = after
        elif action == "reject":
            review.patch(asset_id, AssetPatch(state="rejected", rejection_reason=event._data.get("reason") or ""))
            target = after
        elif action == "star":
            review.patch(asset_id, AssetPatch(starred=not review.get(asset_id).starred))
        elif action == "trash":
            review.trash([asset_id])
            target = after
        elif action == "restore":
            review.restore([asset_id])
        elif action == "undo":
            what = review.undo()
            told(f"Undone: {what}." if what else "There is nothing to undo.")
        elif action in ("next", "back"):
            target = after if action == "next" else ids[max(at - 1, 0)] if ids else None
        elif action == "reuse":
            to_create = self.studio.images.recipe_to_request(asset_id)
        elif action == "reference":
            owner = review.get(asset_id).character_id
            if not owner:
                raise StudioError("This picture belongs to no character.", "Only a character has references.")
            told(f"{self.studio.characters.add_reference(owner, asset_id=asset_id).name} has a new reference.")
        news = changed + 1 if action == "reference" else gr.skip()
        return [*self._desk(target or asset_id, ids), to_create, news]

    def save_words(self, current, tags, description, ids):
        if not current:
            raise StudioError("No picture is open on the desk.")
        self.studio.review.patch(current, AssetPatch(tags=words_of(tags), description=description))
        told("Tags and description are saved.")
        return self._desk(current, ids)[0]

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
        return [value, current, ", ".join(asset.tags), asset.description]


def asset_filter(values: dict) -> AssetFilter:
    """The filter bar's values as a filter; empty fields filter nothing."""
    return AssetFilter(
        character_id=values.get("whose") or None,
        state=values.get("state") or None,
        text=values.get("text") or None,
        look=values.get("look") or None,
        tag=values.get("tag") or None,
        since=values.get("since") or None,
        until=values.get("until") or None,
        starred=True if values.get("starred") else None,
    )


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
        ("Keep out", recipe.negative),
        ("Look", recipe.look_name),
        ("Seed", recipe.seed),
        ("Steps", recipe.steps),
        ("Guidance", recipe.guidance),
        ("Sampler", recipe.sampler),
        ("Model", recipe.model or recipe.engine),
        ("Size", f"{asset.width} × {asset.height}"),
        ("Enlarged", upscale),
        ("Made in", f"{recipe.seconds:.1f} s" if recipe.seconds else ""),
        ("Made on", asset.created_at[:16].replace("T", " ") + " UTC"),
        ("Origin", "imported" if asset.imported else ""),
    ]
    return [(name, str(value)) for name, value in facts if value not in (None, "")]


def desk_value(asset: Asset, position: str, reasons: list[str]) -> dict:
    """What the desk shows of one asset."""
    quality = asset.quality
    parts = ("sharpness", "exposure", "contrast", "banding")
    return {
        "asset": {
            "id": asset.id,
            "full": f"/api/v1/assets/{asset.id}/file",
            "alt": asset.description or asset.recipe.prompt,
            "state": asset.state,
            "starred": asset.starred,
        },
        "facts": recipe_facts(asset),
        "quality": [(name.capitalize(), getattr(quality, name)) for name in parts] if quality else [],
        "score": quality.score if quality else 0,
        "notes": quality.notes if quality else [],
        "position": position,
        "reasons": reasons,
        "reason": asset.rejection_reason if asset.state == "rejected" else "",
    }


def compared(assets: list[Asset]) -> list[dict]:
    """Pictures side by side; facts that differ between them are marked."""
    tables = [dict(recipe_facts(asset)) for asset in assets]
    names = list(dict.fromkeys(name for table in tables for name in table))
    return [
        {
            "id": asset.id,
            "full": f"/api/v1/assets/{asset.id}/file",
            "alt": asset.recipe.prompt,
            "facts": [
                (name, table.get(name, "none"), len({other.get(name) for other in tables}) > 1) for name in names
            ],
        }
        for asset, table in zip(assets, tables, strict=True)
    ]
