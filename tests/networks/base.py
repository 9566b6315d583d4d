"""What a pretended network is, the faults its line can have, a clock that goes when told, and a journal in memory."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Protocol

import httpx

FAULTS = (
    "refused", "timeout before", "timeout after", "dropped after", "429", "429 for a while", "500 before", "500 after",
    "503 before", "unreadable after", "forbidden", "expired", "revoked",
)  # fmt: skip


class Network(Protocol):
    """A network written from its documents: stateful, in memory."""

    values: dict[str, str]
    """What a person fills into the connect form."""

    def answer(self, request: httpx.Request) -> httpx.Response: ...

    def published(self) -> list[str]:
        """The text of every post that is public now."""

    def publishes(self, request: httpx.Request) -> bool:
        """Whether this request is the one that makes a post public."""

    def expire(self) -> None:
        """Access tokens given so far are not valid any more; renewing still works, where there is such a thing."""

    def revoke(self) -> None:
        """The account is not let in any more, whatever it shows."""


class Faulty(httpx.BaseTransport):
    """The line to a network. `fault` happens to the next `times` requests that `hits` accepts (publishing ones first
    of all), then the line is whole again. `seen` has every request; `before` is called with each."""

    def __init__(self, network: Network):
        self.network, self.seen = network, []
        self.fault, self.times, self.hits = "", 0, network.publishes
        self.before: Callable[[httpx.Request], object] = lambda request: None

    def break_with(self, fault: str, times: int = 1, hits: Callable[[httpx.Request], bool] | None = None) -> None:
        self.fault, self.times, self.hits = fault, times, hits or self.network.publishes

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.seen.append(request)
        self.before(request)
        if not (self.times and self.hits(request)):
            return self._whole(request)
        self.times -= 1
        fault = self.fault
        if fault == "refused":
            raise httpx.ConnectError("Connection refused", request=request)
        if fault == "timeout before":
            raise httpx.ReadTimeout("timed out", request=request)
        if fault == "429":
            return httpx.Response(429, request=request)
        if fault == "429 for a while":
            return httpx.Response(429, headers={"retry-after": "90"}, request=request)
        if fault in ("500 before", "503 before"):
            return httpx.Response(int(fault[:3]), text="trouble", request=request)
        if fault == "forbidden":
            return httpx.Response(422, json={"error": "not like this"}, request=request)
        if fault in ("expired", "revoked"):
            self.network.expire() if fault == "expired" else self.network.revoke()
            return self._whole(request)
        self._whole(request)
        if fault == "timeout after":
            raise httpx.ReadTimeout("timed out", request=request)
        if fault == "dropped after":
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        if fault == "500 after":
            return httpx.Response(500, text="trouble", request=request)
        assert fault == "unreadable after", fault
        return httpx.Response(200, text="<html>{", request=request)

    def _whole(self, request: httpx.Request) -> httpx.Response:
        answer = self.network.answer(request)
        answer.request = request
        return answer


class Clock:
    """Stands still until it is told to go on. Calling it gives seconds since 1970."""

    def __init__(self, at: str = "2026-11-25T12:00:00+00:00"):
        self.at = datetime.fromisoformat(at).timestamp()

    def __call__(self) -> float:
        return self.at

    def go(self, seconds: float) -> None:
        self.at += seconds

    @property
    def iso(self) -> str:
        return datetime.fromtimestamp(self.at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Memory:
    """A journal that keeps in memory what the studio's keeps on the disk."""

    def __init__(self, key: str = "01kb0example0000000000000k"):
        self.key, self.handles, self.begun, self.remote_id, self.url = key, {}, [], "", ""

    def keep(self, **handles) -> None:
        self.handles.update(handles)

    def begin(self, what: str = "post") -> None:
        self.begun.append(what)

    def remote(self, remote_id: str, url: str = "") -> None:
        self.remote_id, self.url = remote_id, url


def log_in(platform, network: Network):
    """What connecting learns: by the form's values, or by the network's own page, where `network.consent` says yes."""
    if platform.spec.connect.way != "oauth":
        return platform.connect(network.values)
    redirect, verifier = (
        "http://127.0.0.1:7860/api/v1/accounts/returned",
        "a-verifier-of-more-than-forty-three-letters-1",
    )
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    url, kept = platform.authorize(network.values, redirect, "state-1", challenge)
    return platform.exchange(network.values, kept, network.consent(url), redirect, verifier)


@dataclass(frozen=True)
class Case:
    """One adapter and its pretended network. `platform(client=..., clock=...)` makes the adapter."""

    id: str
    network: Callable[[], Network]
    platform: Callable

    def start(self, clock: Clock | None = None):
        """(platform, network, line, clock), all new."""
        clock, network = clock or Clock(), self.network()
        line = Faulty(network)
        return self.platform(client=httpx.Client(transport=line), clock=clock), network, line, clock
