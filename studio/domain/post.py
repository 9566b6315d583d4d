"""The draft and the post: a caption, assets and targets, before and after approval; and the state of each target."""

from typing import Literal

from pydantic import Field

from studio.domain.document import Document, Part, new_id, now

PostState = Literal[
    "draft", "in_review", "approved", "scheduled", "publishing", "published", "failed", "unknown", "missed"
]
TargetState = Literal[
    "draft", "in_review", "approved", "scheduled", "leased", "submitting", "remote_pending", "published",
    "failed_retryable", "failed_permanent", "unknown", "missed", "cancelled",
]  # fmt: skip
UNDER_WAY = ("leased", "submitting", "remote_pending")
OPEN = ("scheduled", *UNDER_WAY, "failed_retryable", "unknown")  # the sender has something to do, or waits for somebody
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


Frame = Literal["crop", "pad", "blur"]


class Words(Part):
    """What one target says otherwise; None is what the post says. `kind` is one of the platform's, "" the first fit.

    `frame` is what happens to a picture whose shape the network does not take: "crop" around the face, "pad" with the
    colour of its edge, "blur" over a blurred copy.
    """

    text: str | None = Field(default=None, max_length=10000)
    hashtags: list[str] | None = Field(default=None, max_length=60)
    alt_text: dict[str, str] = Field(default_factory=dict)
    kind: str = Field(default="", max_length=40)
    frame: Frame = "crop"


class Schedule(Part):
    """When a post is to go out: the wall time somebody meant, in which zone, and the moment that is.

    `local` is 2026-11-26T18:30, `zone` an IANA name, `at` UTC. `note` says what summer time did to it, if anything.
    """

    local: str
    zone: str
    at: str
    note: str = ""


class Lease(Part):
    """Who is sending a target just now, and until when nobody else may."""

    owner: str
    until: str


class Target(Part):
    """One account a post goes to, with its own words and its own way.

    `key` is minted once and goes with every attempt. `handles` are what the network gave on the way (media,
    containers). `begun_at` is the moment right before the request that can make it public, until its outcome is
    known; `first_at` the first of them. `remote_id` and `url` are the post at the network, `receipt` what is known of
    it when it is published. `next_at` is when there is something to do again, None when it waits for a person;
    `planned` the moment it is meant for, from which missing it is counted. `note` says in words why it is where it
    is; `error` is what stopped it. `absent` counts how often the network was sure that it is not there. `checked_at`
    is when it was last looked over before it goes out.
    """

    account_id: str
    words: Words = Field(default_factory=Words)
    state: TargetState = "draft"
    note: str = ""
    error: dict | None = None
    key: str = Field(default_factory=new_id)
    handles: dict = Field(default_factory=dict)
    place: str | None = None
    begun_at: str | None = None
    first_at: str | None = None
    remote_id: str = ""
    url: str = ""
    receipt: dict | None = None
    attempts: int = 0
    absent: int = 0
    next_at: str | None = None
    planned: str | None = None
    checked_at: str | None = None
    lease: Lease | None = None


class Post(Document):
    """`files` are the published files, relative to the data folder. `title` is for the person's own list.

    `state` is the sum of its targets' (`summed`). `ending` is the picture format of packages, `by` who let it go out.
    """

    schema_: int = Field(default=2, alias="schema")
    character_id: str
    asset_ids: list[str] = Field(min_length=1, max_length=20)
    title: str = Field(default="", max_length=200)
    caption: Caption = Field(default_factory=Caption)
    disclosure: str = Field(default="", max_length=400)
    targets: list[Target] = Field(default_factory=lambda: [Target(account_id="export")], min_length=1)
    state: PostState = "draft"
    schedule: Schedule | None = None
    ending: str = "png"
    by: str = ""
    files: list[str] = Field(default_factory=list)
    error: dict | None = None
    history: list[PostEvent] = Field(default_factory=list)
    published_at: str | None = None
    trashed_at: str | None = None

    def target(self, account_id: str) -> Target | None:
        return next((one for one in self.targets if one.account_id == account_id), None)

    @property
    def resting(self) -> bool:
        """Whether nothing of it can be out or on its way just now, so that it may be changed."""
        return not any(one.state in (*UNDER_WAY, "unknown") or one.lease for one in self.targets)


def summed(targets: list[Target]) -> PostState:
    """The state of a post from those of its targets: what needs a person first, then what is still to come."""
    states = {one.state for one in targets if one.state != "cancelled"} or {"draft"}
    if "unknown" in states:
        return "unknown"
    if "failed_permanent" in states:
        return "failed"
    if states & {*UNDER_WAY, "failed_retryable"}:
        return "publishing"
    if "missed" in states:
        return "missed"
    for state in ("scheduled", "draft", "in_review", "approved"):
        if state in states:
            return state
    return "published"
