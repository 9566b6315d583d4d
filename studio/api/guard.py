"""Who may come in, for every address of the server: pages, API, pictures and event streams.

A studio on loopback asks nobody for a password, but only answers to loopback names (so that a foreign page cannot reach
it by re-pointing its own name). A studio that others can reach demands a log-in: a browser gets a page and a session
cookie, a script sends HTTP Basic. Requests that another site's page makes are refused in both cases.
It knows nothing of roles: there is one account.
"""

import hashlib
import hmac
import logging
import math
import secrets
import threading
import time
from base64 import b64decode
from collections import deque
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.api import login
from studio.api.address import is_loopback
from studio.api.answers import answer
from studio.errors import NotSignedIn, StudioError, TooLarge

log = logging.getLogger("studio.guard")

FAILURES_A_MINUTE = 10  # per client
FAILURES_A_MINUTE_ALL = 60  # behind a tunnel clients are told apart by a header that a client could invent
SESSION_SECONDS = 14 * 24 * 3600
MOST_SESSIONS = 1000
OPEN = ("/healthz", "/api/v1/healthz", "/login", "/favicon.ico", "/robots.txt", "/gradio_api/startup-events")
SAFE = ("GET", "HEAD", "OPTIONS")
# Gradio addresses that fetch from elsewhere, or serve its own developers; the studio uses none of them.
CLOSED = (
    "/gradio_api/proxy=",
    "/gradio_api/file=http:",
    "/gradio_api/file=https:",
    "/gradio_api/vibe-",
    "/gradio_api/process_recording",
    "/monitoring",
)


class Refused(StudioError):
    code, status = "refused", 403


class TooManyTries(StudioError):
    code, status = "too_many_tries", 429


class Guard:
    """The one account, its sessions, and how often somebody guessed wrong. Safe to use from any thread."""

    def __init__(self, user: str = "", password: str = ""):
        self.user = user
        self.demanded = bool(password)
        self.cookie = f"studio-{secrets.token_hex(4)}"  # cookies ignore ports: two studios must not share a name
        self.page_opened = False  # whether somebody has asked for the page, and time.monotonic() of the last request
        self.last_request = 0.0
        self._name, self._secret = _digest(user), _digest(password)
        self._sessions: dict[str, float] = {}
        self._failures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def sign_in(self, user: str, password: str, client: str) -> str:
        """A new session's token. NotSignedIn when name or password is wrong, TooManyTries after too many wrong ones."""
        self.check(user, password, client)
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[token] = time.monotonic() + SESSION_SECONDS
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
        return token

    def sign_out(self, token: str) -> None:
        with self._lock:
            self._sessions.pop(token, None)

    def check(self, user: str, password: str, client: str) -> None:
        """Nothing when name and password are right; raises as `sign_in` does. Takes the same time either way."""
        now = time.monotonic()
        with self._lock:
            wait = max(
                self._wait(client, FAILURES_A_MINUTE, now),
                self._wait("", FAILURES_A_MINUTE_ALL, now),
            )
        if wait > 0:
            raise TooManyTries("Too many wrong log-ins.", f"Wait {math.ceil(wait)} seconds and try again.")
        right = hmac.compare_digest(_digest(user), self._name) & hmac.compare_digest(_digest(password), self._secret)
        if not right:
            log.warning("wrong log-in from %s", client.split(" ")[0])
            with self._lock:
                for key in (client, ""):
                    self._failures.setdefault(key, deque()).append(now)
                for key in [key for key, times in self._failures.items() if not times or now - times[-1] > 60]:
                    del self._failures[key]
            raise NotSignedIn("Name or password is wrong.", "Ask whoever started the studio.")

    def known(self, token: str) -> bool:
        """Whether this is the token of a session that has not ended."""
        with self._lock:
            ends = self._sessions.get(token, 0)
            if ends and ends < time.monotonic():
                del self._sessions[token]
                return False
            return bool(ends)

    def _wait(self, key: str, most: int, now: float) -> float:
        times = self._failures.get(key, ())
        while times and now - times[0] > 60:
            times.popleft()
        return 60 - (now - times[0]) if len(times) >= most else 0


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class GuardMiddleware:
    """Stands before every route. Who came in is at `scope["studio.user"]` ("" when nobody has to say)."""

    def __init__(self, app: ASGIApp, guard: Guard):
        self.app, self.guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        send = _with_headers(send)
        headers = Headers(scope=scope)
        guard, path, method = self.guard, scope["path"], scope["method"]
        guard.last_request = time.monotonic()
        guard.page_opened = guard.page_opened or (path == "/" and method == "GET")
        scope["studio.user"] = ""
        try:
            self._refuse_strangers(headers, method, path)
            if guard.demanded:
                if path.rstrip("/") == "/login":
                    return await (await self._login(scope, receive, headers))(scope, receive, send)
                token = _cookie(headers, guard.cookie)
                if path.rstrip("/") == "/logout":
                    guard.sign_out(token)
                    leave = RedirectResponse("/login", 303)
                    leave.delete_cookie(guard.cookie)
                    return await leave(scope, receive, send)
                if path not in OPEN:
                    self._who(scope, headers, token)
        except NotSignedIn as error:
            await self._sign_in_first(scope, headers, error)(scope, receive, send)
        except StudioError as error:
            await answer(error)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _refuse_strangers(self, headers: Headers, method: str, path: str) -> None:
        host = headers.get("host", "")
        if not self.guard.demanded and not is_loopback(_host_name(host)):
            raise Refused(
                "This studio answers only on its own machine.",
                "Open it as http://127.0.0.1, or start it with --listen or --user NAME:PASSWORD.",
            )
        if path.lower().startswith(CLOSED):
            raise Refused("This address is closed.", "Open the studio's own pages instead.")
        if _is_foreign(headers, method, path, host):
            raise Refused(
                "Another site's page asked for this.", "Use the studio's own page, or send no Origin from a script."
            )

    def _who(self, scope: Scope, headers: Headers, token: str) -> None:
        if self.guard.known(token):
            scope["studio.user"] = self.guard.user
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            raise NotSignedIn("This studio needs a log-in.", "Open /login, or send name and password as HTTP Basic.")
        try:
            user, _, password = b64decode(given, validate=True).decode("utf-8").partition(":")
        except ValueError:  # also covers binascii.Error and UnicodeDecodeError
            raise NotSignedIn("The Authorization header cannot be read.", "Send HTTP Basic in UTF-8.") from None
        self.guard.check(user, password, _client(scope, headers))
        scope["studio.user"] = user

    async def _login(self, scope: Scope, receive: Receive, headers: Headers) -> Response:
        if scope["method"] in SAFE:
            wanted = parse_qs(scope["query_string"].decode("latin-1")).get("next", ["/"])[0]
            return HTMLResponse(login.page(_own_path(wanted)), headers={"Cache-Control": "no-store"})
        form = parse_qs((await _body(receive)).decode("utf-8", "replace"), keep_blank_values=True)
        user, password, wanted = (form.get(name, [""])[0] for name in ("username", "password", "next"))
        by_browser = "text/html" in headers.get("accept", "")
        try:
            token = self.guard.sign_in(user, password, _client(scope, headers))
        except StudioError as error:
            if not by_browser:
                raise
            return HTMLResponse(login.page(_own_path(wanted), f"{error.message} {error.hint}"), error.status)
        done = RedirectResponse(_own_path(wanted), 303) if by_browser else JSONResponse({"success": True})
        secure = scope.get("scheme") == "https" or headers.get("x-forwarded-proto", "").startswith("https")
        done.set_cookie(self.guard.cookie, token, max_age=SESSION_SECONDS, httponly=True, samesite="lax", secure=secure)
        return done

    def _sign_in_first(self, scope: Scope, headers: Headers, error: NotSignedIn) -> Response:
        if scope["method"] in SAFE and "text/html" in headers.get("accept", "") and scope["path"] != "/login":
            wanted = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
            return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)
        # A browser would cover the page with its own password box if a script's request were challenged.
        challenge = {} if "sec-fetch-site" in headers else {"WWW-Authenticate": 'Basic realm="Character Studio"'}
        return answer(error, challenge)


def _is_foreign(headers: Headers, method: str, path: str, host: str) -> bool:
    """Whether a page of another site caused this request. Scripts, which send neither header, are not pages.

    Browsers send Sec-Fetch-Site to https and loopback addresses, and no page can forge it; elsewhere Origin must name
    this host. Following a link from another site is allowed for pages, not for the API's data.
    """
    site = headers.get("sec-fetch-site", "")
    if site in ("cross-site", "same-site"):
        link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        return not (link and method in ("GET", "HEAD") and path != "/logout")
    if site in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host.lower()


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _client(scope: Scope, headers: Headers) -> str:
    """Who is knocking: the peer's address, and behind a tunnel the last address the tunnel noted."""
    peer = (scope.get("client") or ("unknown",))[0]
    forwarded = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()[:60]
    return f"{peer} {forwarded}".strip()


def _cookie(headers: Headers, name: str) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _own_path(wanted: str) -> str:
    """A path on this server to return to after the log-in; "/" for anything a browser could take elsewhere."""
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\", "/login", "/logout"))
    return wanted if local and wanted.isprintable() and "\\" not in wanted else "/"


async def _body(receive: Receive, most: int = 16_384) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            raise TooLarge("The log-in form is too large.")
        if not message.get("more_body"):
            return body


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("X-Frame-Options", "SAMEORIGIN")
            headers.setdefault("Referrer-Policy", "same-origin")
        await send(message)

    return sending
