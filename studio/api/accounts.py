"""`/platforms`, `/accounts` and `/calendar`: where posts go, and when. A secret comes in and never goes out."""

import html
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, Response

from studio.api.shapes import REFUSALS
from studio.domain.account import Account, AccountPatch, ConnectRequest
from studio.domain.document import Request as Body
from studio.errors import StudioError


class FieldAnswer(BaseModel):
    id: str
    label: str
    secret: bool
    help: str
    placeholder: str
    required: bool


class KindAnswer(BaseModel):
    """One kind of post. `longest` counts in `unit`, 0 has no limit; `media` is how many, least and most."""

    id: str
    name: str
    media: list[int]
    takes: list[str]
    longest: int
    unit: str
    alt_longest: int


class PlatformAnswer(BaseModel):
    """A platform. `missing` says what it lacks on this machine, "" when it works; `cannot` has the reasons."""

    id: str
    name: str
    summary: str
    missing: str
    way: str
    steps: list[str]
    fields: list[FieldAnswer]
    scopes: list[str]
    kinds: list[KindAnswer]
    idempotency: str
    can: list[str]
    cannot: dict[str, str]
    disclosure: str
    metrics: list[str]
    sends: str


class PlatformList(BaseModel):
    items: list[PlatformAnswer]
    next_cursor: str | None
    total: int


class AccountList(BaseModel):
    items: list[Account]
    next_cursor: str | None
    total: int


class Verified(BaseModel):
    account: Account
    note: str


class Values(Body):
    values: dict[str, str] = Field(default_factory=dict, description="The platform's connect fields by their ids")


class Opens(BaseModel):
    """The network's own page to open in a browser."""

    url: str


class SlotAnswer(BaseModel):
    local: str
    zone: str
    at: str
    note: str


class PlannedPost(BaseModel):
    id: str
    character_id: str
    title: str
    asset_id: str
    state: str
    at: str
    day: str
    time: str
    accounts: list[str]


class DayAnswer(BaseModel):
    day: str
    posts: list[PlannedPost]


class DayList(BaseModel):
    items: list[DayAnswer]
    next_cursor: str | None
    total: int


def router(studio) -> APIRouter:
    """The routes over `studio.accounts` and `studio.calendar`."""
    routes = APIRouter(tags=["Accounts and calendar"], responses=REFUSALS)
    accounts = studio.accounts
    one_account = {"response_model": None, "responses": {200: {"model": Account}}}

    @routes.get("/platforms", response_model=PlatformList, summary="Where posts can go")
    def platforms():
        return listed([platform_json(one) for one in accounts.platforms()])

    @routes.get("/accounts", response_model=None, responses={200: {"model": AccountList}}, summary="List them")
    def all_accounts(character_id: str | None = None):
        """The export package is one that needs no log-in. No answer holds a secret."""
        return listed([one.as_json() for one in accounts.list(character_id)])

    @routes.post(
        "/accounts", status_code=201, response_model=None, responses={201: {"model": Account}}, summary="Connect"
    )
    def connect(wanted: ConnectRequest):
        """Logs in with the platform's fields. The secret ones go to the keychain of this machine."""
        return accounts.connect(wanted).as_json()

    @routes.post("/accounts/consent", response_model=Opens, summary="Begin to connect on the network's own page")
    def consent(wanted: ConnectRequest, request: Request):
        return {"url": accounts.begin(wanted, str(request.url_for("returned")))}

    @routes.get("/accounts/returned", response_class=HTMLResponse, summary="The way back from the network's page")
    def returned(state: str = "", code: str = "", error: str = ""):
        try:
            if error or not code:
                raise StudioError("The network did not give its consent.", "Press Connect again.")
            said = f"{accounts.finish(state, code).name} is connected. You can close this page."
        except StudioError as problem:
            said = f"{problem.message} {problem.hint}"
        return HTMLResponse(f"<!doctype html><title>Character Studio</title><p>{html.escape(said)}</p>")

    @routes.get("/accounts/{account_id}", **one_account, summary="Read one")
    def read(account_id: str):
        return accounts.get(account_id).as_json()

    @routes.patch("/accounts/{account_id}", **one_account, summary="Name, character, pause, zone, slots, caps")
    def change(account_id: str, patch: AccountPatch):
        return accounts.update(account_id, patch).as_json()

    @routes.post("/accounts/{account_id}/verify", response_model=None, responses={200: {"model": Verified}},
                 summary="Ask the network who this is")  # fmt: skip
    def verify(account_id: str):
        account, note = accounts.verify(account_id)
        return {"account": account.as_json(), "note": note}

    @routes.post("/accounts/{account_id}/connect", **one_account, summary="Log in again")
    def reconnect(account_id: str, wanted: Values):
        return accounts.reconnect(account_id, wanted.values).as_json()

    @routes.delete("/accounts/{account_id}", status_code=204, summary="Forget it and its secrets")
    def disconnect(account_id: str):
        accounts.disconnect(account_id)
        return Response(status_code=204)

    @routes.get("/accounts/{account_id}/slot", response_model=SlotAnswer, summary="Its next free slot")
    def slot(account_id: str, after: str | None = None):
        return studio.calendar.next_free(account_id, after).model_dump()

    @routes.get("/calendar", response_model=DayList, summary="What goes out, and went out, day by day")
    def calendar(
        first: Annotated[str, Query(description="ISO day")],
        days: Annotated[int, Query(ge=1, le=62)] = 7,
        zone: str = "UTC",
        character_id: str | None = None,
    ):
        return listed(studio.calendar.days(first, days, zone, character_id))

    return routes


def listed(items: list) -> dict:
    return {"items": items, "next_cursor": None, "total": len(items)}


def platform_json(platform) -> dict:
    """A platform's spec as plain values."""
    spec = platform.spec
    return {
        "id": spec.id,
        "name": spec.name,
        "summary": spec.summary,
        "missing": platform.ready() or "",
        "way": spec.connect.way,
        "steps": list(spec.connect.steps),
        "fields": [vars(one) for one in spec.connect.fields],
        "scopes": list(spec.connect.scopes),
        "kinds": [
            {
                "id": kind.id,
                "name": kind.name,
                "media": list(kind.media),
                "takes": sorted(kind.takes),
                "longest": kind.text.longest,
                "unit": kind.text.unit,
                "alt_longest": kind.alt_longest,
            }
            for kind in spec.kinds
        ],
        "idempotency": spec.idempotency,
        "can": sorted(spec.can),
        "cannot": dict(spec.cannot),
        "disclosure": spec.disclosure,
        "metrics": list(spec.metrics),
        "sends": spec.sends,
    }
