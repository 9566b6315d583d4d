"""The account: one place a character posts to. Only what may be seen; what opens it lies in the keychain."""

from typing import Literal

from pydantic import Field

from studio.domain.document import Document, Request

AccountState = Literal["connected", "reconnect", "disconnected"]


class Account(Document):
    """One account of one network, used by one character or, with `character_id` None, by all.

    `public` is what its adapter needs and anyone may see (a server, a room, a channel), under the names of the spec's
    fields. `limits` is what the server said about itself when it was last asked. `state` is "reconnect" when the
    network refused what the keychain holds: a person has to connect it again. `expires_at` is when that will be so,
    None when unknown or never; `scopes` are the rights it was given.

    `paused` holds everything back that goes here. `slots` are wall times by weekday, 0 is Monday: {"0": ["18:30"]}, in
    `zone` (an IANA name). `daily_cap` (posts in 24 hours, 0 for the platform's own) and `min_gap_minutes` count what
    this studio sent: `sent` are the moments of the last day. Until `hold_until` the network wants nothing, `hold_why`
    says why. `asked_at` is when the test button or the hour before a post last asked who this is.
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
    asked_at: str | None = None
    sent: list[str] = Field(default_factory=list)
    hold_until: str | None = None
    hold_why: str = Field(default="", max_length=400)
    paused: bool = False
    zone: str = Field(default="UTC", max_length=60)
    slots: dict[str, list[str]] = Field(default_factory=dict)
    daily_cap: int = Field(default=0, ge=0, le=1000)
    min_gap_minutes: int = Field(default=0, ge=0, le=10080)


class ConnectRequest(Request):
    """A new account. `values` are the platform's connect fields by their ids, secret ones among them."""

    platform: str = Field(max_length=60)
    values: dict[str, str] = Field(default_factory=dict)
    name: str = Field(default="", max_length=200)
    character_id: str | None = None
    zone: str = Field(default="UTC", max_length=60)


class AccountPatch(Request):
    """A change to an account. None leaves a field as it is; `character_id` "" means all characters."""

    name: str | None = Field(default=None, max_length=200)
    character_id: str | None = None
    paused: bool | None = None
    zone: str | None = Field(default=None, max_length=60)
    slots: dict[str, list[str]] | None = None
    daily_cap: int | None = Field(default=None, ge=0, le=1000)
    min_gap_minutes: int | None = Field(default=None, ge=0, le=10080)
