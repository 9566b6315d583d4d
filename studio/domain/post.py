"""The draft and the post: a caption, assets and targets, before and after approval."""

from typing import Literal

from pydantic import Field

from studio.domain.document import Document, Part, now

PostState = Literal["draft", "approved", "published", "failed"]
DISCLOSURE = "Made with AI. {name} is a fictional character."


class Caption(Part):
    """One caption. `alt_text` maps an asset id to its description for people who cannot see it."""

    text: str = Field(default="", max_length=10000)
    hashtags: list[str] = Field(default_factory=list, max_length=60)
    alt_text: dict[str, str] = Field(default_factory=dict)


class PostEvent(Part):
    """One thing that happened to a post: what, when, and by whom."""

    at: str = Field(default_factory=now)
    what: str
    by: str = ""


class Post(Document):
    """`files` are the published files, relative to the data folder. `title` is for the person's own list.

    `intent` is what is being published right now ({target, place, at, by}), on the disk before it begins, else None.
    `receipts` has one entry per target the post has reached ({target, at, files, url}).
    """

    character_id: str
    asset_ids: list[str] = Field(min_length=1, max_length=20)
    title: str = Field(default="", max_length=200)
    caption: Caption = Field(default_factory=Caption)
    disclosure: str = Field(default="", max_length=400)
    targets: list[str] = Field(default_factory=lambda: ["export"], min_length=1)
    state: PostState = "draft"
    files: list[str] = Field(default_factory=list)
    error: dict | None = None
    intent: dict | None = None
    receipts: list[dict] = Field(default_factory=list)
    history: list[PostEvent] = Field(default_factory=list)
    published_at: str | None = None
    trashed_at: str | None = None
