"""HTTP to a network, with every failure put into its class. Each adapter speaks through one of these.

It decides what a broken connection means from two things only: whether the request may have reached the server, and
whether it was a `mutation`, one that can make a post public (or delete one). It never repeats anything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from studio import __version__
from studio.platforms.errors import AuthExpired, PlatformError, RateLimited, Rejected, Transient, Unknown

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS, READ_SECONDS = 15, 60
_BEFORE = ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError", "InvalidURL")


class Wire:
    """A client of one network called `name`. `client` and `clock` (seconds since 1970) are a test's own, if given."""

    def __init__(self, name: str, client: httpx.Client | None = None, clock: Callable[[], float] = time.time):
        self.name, self._client, self.clock, self._lock = name, client, clock, threading.Lock()

    def send(
        self,
        method: str,
        url: str,
        *,
        mutation: bool = False,
        explain: Callable[[httpx.Response, bool], PlatformError | None] | None = None,
        **options: Any,
    ) -> httpx.Response:
        """The answer, when it is a success. `options` are httpx's: headers, json, data, files, params, content.

        `explain(answer, mutation)` may give the error for an answer that is none, and has the first word; None leaves
        it to the usual classes: 401 AuthExpired, 429 RateLimited, other 4xx Rejected, 5xx Transient or, for a mutation,
        Unknown.
        """
        import httpx

        try:
            answer = self._http().request(method, url, **options)
        except httpx.HTTPError as error:
            raise self._broken(error, mutation) from None  # its text may hold the address, and the address a token
        except (httpx.InvalidURL, ValueError):
            raise Rejected(f"This is not an address of {self.name}.", "Check the account's address.") from None
        if answer.is_success:
            return answer
        raise (explain and explain(answer, mutation)) or self.usual(answer, mutation)

    def json(self, method: str, url: str, **options: Any) -> Any:
        """The answer's JSON. What is none is Unknown after a mutation, Transient after anything else."""
        answer = self.send(method, url, **options)
        try:
            return answer.json()
        except ValueError:
            raise self.malformed(bool(options.get("mutation"))) from None

    def malformed(self, mutation: bool) -> PlatformError:
        """The error for a success whose content makes no sense; also for adapters that miss a field."""
        kind = Unknown if mutation else Transient
        return kind(f"{self.name} answered with something unreadable.", _hint(mutation))

    def usual(self, answer: httpx.Response, mutation: bool) -> PlatformError:
        """The class of an answer that is no success, by its status."""
        status, wait = answer.status_code, self.asked_wait(answer)
        if status == 429:
            return RateLimited(f"{self.name} wants a pause.", "It is tried again by itself.", wait=wait)
        if status == 401:
            return AuthExpired(f"{self.name} does not accept the log-in.", "Connect the account again.")
        if status == 408 or status >= 500:
            kind = Unknown if mutation else Transient
            return kind(f"{self.name} has trouble ({status}).", _hint(mutation), wait=wait)
        if 300 <= status < 400:
            return Rejected(f"{self.name} answered from another address ({status}).", "Check the account's address.")
        return Rejected(f"{self.name} refused it ({status}).", "Change what it objects to, then approve it again.")

    def asked_wait(self, answer: httpx.Response) -> float | None:
        """Seconds that `Retry-After` asks for (a number or a date), None without one."""
        said = answer.headers.get("retry-after", "").strip()
        if said.replace(".", "", 1).isdigit():
            return min(float(said), 86400.0 * 2)
        try:
            moment = parsedate_to_datetime(said)
        except (TypeError, ValueError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        return min(max((moment - datetime.fromtimestamp(self.clock(), timezone.utc)).total_seconds(), 0.0), 86400.0 * 2)

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _broken(self, error: httpx.HTTPError, mutation: bool) -> PlatformError:
        if type(error).__name__ in _BEFORE:
            return Transient(f"{self.name} could not be reached.", "It is tried again by itself.")
        kind = Unknown if mutation else Transient
        slow = "did not answer in time" if "Timeout" in type(error).__name__ else "broke the connection"
        return kind(f"{self.name} {slow}.", _hint(mutation))

    def _http(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._client is None:
                timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
                agent = {"User-Agent": f"character-studio/{__version__}"}
                self._client = httpx.Client(timeout=timeout, headers=agent, follow_redirects=False)
            return self._client


def _hint(mutation: bool) -> str:
    if mutation:
        return "The post may be there. The studio looks before anything is sent again."
    return "It is tried again by itself."
