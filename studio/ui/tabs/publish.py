"""Publish: pictures, a caption in the character's voice, approval, and the export package. Posts go out once."""

import html

import gradio as gr

from studio.domain.post import Post
from studio.domain.requests import AssetFilter, CaptionRequest, PostPatch, PostRequest
from studio.errors import StudioError
from studio.ui.guard import shown, told
from studio.ui.parts.drawn import drawn_by
from studio.ui.parts.empty import facts, notice
from studio.ui.parts.pictures import grid, grid_value
from studio.ui.shared import Shared

MOST_PICTURES = 10
OFFERED = 36  # approved pictures at a time
STATES = [("All", ""), ("Drafts", "draft"), ("Approved", "approved"), ("Published", "published"), ("Trash", "trashed")]
NO_POSTS = ("No posts yet", "Press New post, choose approved pictures, let the character write a caption, and export.")
NO_APPROVED = ("No approved pictures", "Approve some in Review (A on the desk). Only approved pictures are published.")


class PublishTab:
    id, title = "publish", "Publish"
    heeds = ("assets", "posts", "characters")

    def __init__(self, shared: Shared):
        self.shared, self.studio = shared, shared.studio

    # ------------------------------------------------------------------ layout
    def layout(self) -> None:
        self.post_id, self.asset_ids = gr.State(None), gr.State([])
        self.variants, self.caption_seed, self.offered = gr.State([]), gr.State(0), gr.State(OFFERED)
        with gr.Row():
            with gr.Column(elem_classes="side publish-list"):
                self.new = gr.Button("New post", min_width=120)
                self.state = gr.Radio(STATES, value="", label="Show", show_label=False, elem_classes="segments")
                self.posts = drawn_by(
                    "posts", {"posts": []}, template='<div class="posts-root"></div>', elem_id="publish-posts"
                )
            with gr.Column(scale=1, min_width=320):
                with gr.Column(elem_classes="card"):
                    self._pictures()
                with gr.Column(elem_classes="card"):
                    self._caption()
                with gr.Column(elem_classes="card"):
                    self._finish()

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
        self.hashtags = gr.Textbox(label="Hashtags", placeholder="#NightMarket #Rain", max_lines=3)
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

    def _finish(self) -> None:
        gr.HTML(step("3 Approve and publish", "nothing goes out before it is approved"), apply_default_css=False)
        with gr.Row():
            self.name = gr.Textbox(label="Title", placeholder="for your own list", max_lines=1)
            self.disclosure = gr.Textbox(label="Disclosure", info="Goes out with the caption.", max_lines=2)
        with gr.Row():
            self.targets = gr.CheckboxGroup(
                [(one.name or one.handle, one.id) for one in self.studio.accounts.list()],
                value=["export"],
                label="Targets",
            )
            self.format = gr.Dropdown(
                [("PNG", "png"), ("JPEG", "jpeg"), ("WebP", "webp")], value="png", label="Pictures as", min_width=120
            )
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
            self.history, self.picker, self.writing, self.format, *self.alt,
        ]  # fmt: skip
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
        shared.character.change(
            shown(self.blank), [shared.character, self.state], editor, api_name="publish_character", **quiet
        )
        self.new.click(shown(self.blank), [shared.character, self.state], editor, api_name="publish_new", **quiet)
        self.posts.select(
            shown(self.open),
            [shared.character, self.state],
            editor,
            api_name="publish_open",
            trigger_mode="multiple",
            **quiet,
        )
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
            shown(self.arrive), [shared.to_publish, shared.character, self.state], editor,
            api_name="publish_arrive", **quiet,
        )  # fmt: skip
        self.write.click(
            shown(self.write_captions),
            [shared.character, self.asset_ids, self.words, self.caption_seed],
            [self.variants, self.choices, self.caption_seed],
            api_name="publish_write",
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

    def blank(self, character_id, state):
        return self._editor(None, character_id, state, [])

    def open(self, character_id, state, event: gr.EventData):
        return self._editor(self.studio.publishing.get(event._data["id"]), character_id, state)

    def arrive(self, asset_ids, character_id, state):
        if not asset_ids:
            return gr.skip()
        owners = {self.studio.review.get(one).character_id for one in asset_ids}
        if len(owners) > 1:
            raise StudioError("These pictures show different characters.", "A post belongs to one character.")
        return self._editor(None, owners.pop() or character_id, state, list(asset_ids)[:MOST_PICTURES])

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
            for one in self.studio.captions.write(request)
        ]
        return variants, {"variants": variants, "chosen": None}, seed + 1

    def use_variant(self, event: gr.EventData, variants, asset_ids, **alt):
        index = int(event._data["index"])
        variant = variants[index]
        typed = {one: alt[f"alt_{n}"] for n, one in enumerate(asset_ids) if alt[f"alt_{n}"]}
        tags = " ".join(tagged(variant["hashtags"]))
        boxes = self._alt_boxes(asset_ids, {**variant["alt_text"], **typed})
        return [variant["text"], tags, {"variants": variants, "chosen": index}, *boxes]

    def keep(self, character_id, state, **form):
        post = self._saved(character_id, form)
        told("The draft is saved.")
        return self._editor(post, character_id, state)

    def accept(self, character_id, state, request: gr.Request, **form):
        post = self.studio.publishing.approve(self._saved(character_id, form).id, by=request.username or "")
        told("Approved. Publish makes the package.")
        return self._editor(post, character_id, state)

    def back(self, character_id, state, request: gr.Request, **form):
        return self._editor(
            self.studio.publishing.unapprove(form["post_id"], by=request.username or ""), character_id, state
        )

    def send(self, character_id, state, request: gr.Request, **form):
        by = request.username or ""
        post = self.studio.publishing.publish(form["post_id"], by=by, export_format=form["export_format"])
        told("The package is ready.")
        return self._editor(post, character_id, state)

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
        wanted = {"trashed": True} if state == "trashed" else {"state": state or None}
        posts = self.studio.publishing.list(character_id=character_id or None, **wanted)
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
        open_, changeable = status in ("draft", "approved", "failed"), status in ("draft", "failed")
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
            gr.CheckboxGroup(
                value=[one.account_id for one in post.targets] if post else ["export"], interactive=changeable
            ),
            [],
            {"variants": []},
            problem_list(post, problems),
            gr.Button(visible=changeable),
            gr.Button(visible=status in ("draft", "failed")),
            gr.Button(visible=status == "approved"),
            gr.Button(visible=status in ("draft", "approved", "failed"), interactive=status == "approved"),
            gr.Button(visible=post is not None and status != "trashed"),
            gr.Button(visible=status == "trashed"),
            published(post),
            history(post),
            gr.Accordion(visible=changeable, open=not ids),
            gr.Row(visible=changeable),
            gr.Dropdown(interactive=open_),
            *self._alt_boxes(ids, caption.alt_text if caption else {}, interactive=changeable),
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
