"""The account: one place a character posts to. Only what may be seen; what opens it lies in the keychain."""

from typing import Literal

from pydantic import Field

from studio.domain.document import Document

AccountState = Literal["connected", "reconnect", "disconnected"]


class Account(Document):
    """One account of one network, used by one character or, with `character_id` None, by all.

    `public` is what its adapter needs and anyone may see (a server, a room, a channel), under the names of the spec's
    fields. `limits` is what the server said about itself when it was last asked. `state` is "reconnect" when the
    network refused what the keychain holds: a person has to connect it again. `expires_at` is when that will be so,
    None when unknown or never; `scopes` are the rights it was given.

    `paused` holds everything back that goes here. `slots` are wall times by weekday, 0 is Monday: {"0": ["18:30"]}, in
    `zone` (an IANA name). `daily_cap` (posts in 24 hours, 0 for the platform's own) and `min_gap_minutes` count what
    this studio sent.
    """

    platform: str
    name: str = Field(default="", max_length=200)
    handle: str = Field(default="", max_length=400)
    remote_id: str = Field(default="", max_length=400)
    url: str = Field(default="", max_length=1000)
    character_id: str | None = None
    public: dict[str, str] = Field(default_factory=dict)
    limits: dict = Field(default_factory=dict)
    scopes: list[str] = Field(default_factory=list)
    state: AccountState = "connected"
    problem: str = Field(default="", max_length=1000)
    expires_at: str | None = None
    verified_at: str | None = None
    paused: bool = False
    zone: str = Field(default="UTC", max_length=60)
    slots: dict[str, list[str]] = Field(default_factory=dict)
    daily_cap: int = Field(default=0, ge=0, le=1000)
    min_gap_minutes: int = Field(default=0, ge=0, le=10080)
    trashed_at: str | None = None
