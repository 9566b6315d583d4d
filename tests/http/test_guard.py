"""The guard before every address: log-in on and off, other sites' pages, foreign host names, guessing."""

import base64

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.middleware import Middleware

from studio.api.address import is_loopback
from studio.api.guard import FAILURES_A_MINUTE, Guard, GuardMiddleware

PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def server(guard: Guard, base_url="http://127.0.0.1:7860", **more) -> TestClient:
    """A server with one of each: a page, a read, a write, and gradio's closed addresses."""
    inner = FastAPI(middleware=[Middleware(GuardMiddleware, guard=guard)])

    @inner.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
    def anything(path: str):
        return {"path": path}

    return TestClient(inner, base_url=base_url, follow_redirects=False, **more)


@pytest.fixture
def closed():
    """A server that demands anna's password."""
    return server(Guard("anna", "kätzchen:1"), "http://studio.lan:7860")


@pytest.fixture
def open_one():
    """A server on loopback that demands nothing."""
    return server(Guard())


def basic(user: str, password: str) -> dict:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


# ---------------------------------------------------------------- log-in


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/assets", "/api/v1/events", "/gradio_api/queue/join", "/config", "/x.png"]
)
def test_nothing_is_served_without_a_log_in(closed, path):
    """Pages, API, streams, pictures and gradio's own routes all answer 401 in the API's shape."""
    for method in ("GET", "POST"):
        answer = closed.request(method, path)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "not_signed_in"


def test_a_browser_is_led_to_the_log_in_page_and_back(closed):
    """A page redirects to the form, the form to the page; the cookie is for this site only and not for scripts."""
    away = closed.get("/api/docs?x=1", headers=PAGE)
    assert away.status_code == 303
    form = closed.get(away.headers["location"], headers=PAGE)
    assert form.status_code == 200
    assert 'value="/api/docs?x=1"' in form.text
    fields = {"username": "anna", "password": "kätzchen:1", "next": "/api/docs?x=1"}
    back = closed.post("/login", data=fields, headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"})
    assert (back.status_code, back.headers["location"]) == (303, "/api/docs?x=1")
    cookie = back.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert closed.get("/api/v1/assets").status_code == 200


def test_logging_out_ends_the_session(closed):
    """After /logout the same cookie opens nothing."""
    closed.post("/login", data={"username": "anna", "password": "kätzchen:1"})
    kept = dict(closed.cookies)
    assert closed.get("/x").status_code == 200
    assert closed.get("/logout").status_code == 303
    assert closed.get("/x", cookies=kept).status_code == 401


def test_scripts_use_http_basic(closed):
    """Right name and password, colons and letters beyond ASCII included; nearly right is refused."""
    assert closed.get("/x", headers=basic("anna", "kätzchen:1")).status_code == 200
    for user, password in (("anna", "kätzchen"), ("Anna", "kätzchen:1"), ("", ""), ("anna", "")):
        assert closed.get("/x", headers=basic(user, password)).status_code == 401


@pytest.mark.parametrize("value", ["Basic", "Basic ???", "Basic /w==", "Bearer abc", "basic YW5uYQ=="])
def test_a_broken_authorization_header_is_a_401(closed, value):
    """Never a 500."""
    assert closed.get("/x", headers={"Authorization": value}).status_code == 401


@pytest.mark.parametrize("cookie", ["x", "=", "studio-x=1; \x7f", "a=" + "b" * 4000])
def test_a_broken_cookie_is_a_401(closed, cookie):
    """Never a 500."""
    assert closed.get("/x", headers={"Cookie": cookie}).status_code == 401


def test_guessing_is_slowed_down(closed):
    """After ten wrong log-ins in a minute even the right one waits; who is logged in already goes on."""
    closed.post("/login", data={"username": "anna", "password": "kätzchen:1"})
    stranger = server(closed.app.user_middleware[0].kwargs["guard"], "http://studio.lan:7860")
    for _ in range(FAILURES_A_MINUTE):
        assert stranger.get("/x", headers=basic("anna", "guess")).status_code == 401
    late = stranger.get("/x", headers=basic("anna", "kätzchen:1"))
    assert late.status_code == 429
    assert "Wait" in late.json()["error"]["hint"]
    assert stranger.post("/login", data={"username": "anna", "password": "x"}).status_code == 429
    assert closed.get("/x").status_code == 200


def test_a_script_is_challenged_and_a_page_is_not(closed):
    """WWW-Authenticate would make a browser cover the page with its own box."""
    assert "www-authenticate" in closed.get("/x").headers
    assert "www-authenticate" not in closed.get("/x", headers={"Sec-Fetch-Site": "same-origin"}).headers


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "x", "/\nx", "/a\\b"])
def test_after_the_log_in_nobody_is_sent_elsewhere(closed, wanted):
    """`next` may only be a path on this server."""
    fields = {"username": "anna", "password": "kätzchen:1", "next": wanted}
    assert closed.post("/login", data=fields, headers={"Accept": "text/html"}).headers["location"] == "/"


def test_what_was_typed_is_shown_escaped(closed):
    """The address to return to and nothing else is repeated, as text."""
    form = closed.get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert "<script" not in form.text


def test_two_studios_on_one_machine_do_not_share_a_cookie():
    """Cookies ignore ports, so each process has a name of its own."""
    assert Guard("a", "b").cookie != Guard("a", "b").cookie


def test_health_needs_no_log_in(closed):
    """It tells nothing but that somebody is there."""
    assert closed.get("/healthz").status_code == 200


# ---------------------------------------------------------------- other sites


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:7861"},
        {"Origin": "http://127.0.0.1:7860.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:7860"},
        {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    ],
    ids=str,
)
def test_another_sites_page_changes_nothing(open_one, method, headers):
    """Whatever way a browser tells that the request came from elsewhere."""
    answer = open_one.request(method, "/api/v1/characters", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "refused"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://127.0.0.1:7860"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
    ids=str,
)
def test_the_own_page_and_scripts_may(open_one, headers):
    """Same origin, and no origin at all."""
    assert open_one.post("/api/v1/characters", headers=headers).status_code == 200


def test_another_site_reads_nothing_but_may_link(open_one):
    """A link opens the page; a picture tag, a frame, a script and a fetch get nothing."""
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert open_one.get("/", headers=link).status_code == 200
    for mode, destination in (("no-cors", "image"), ("navigate", "iframe"), ("no-cors", "script"), ("cors", "empty")):
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
        assert open_one.get("/api/v1/assets", headers=headers).status_code == 403
    assert open_one.post("/", headers=link).status_code == 403
    assert open_one.get("/api/v1/assets", headers={"Origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "192.168.1.5:7860", "", "127.0.0.1.evil.example"]
)
def test_a_foreign_name_that_points_here_is_refused(open_one, host):
    """DNS rebinding: a loopback studio without a password answers to loopback names only."""
    assert open_one.get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "[::1]:7860", "studio.localhost", "LOCALHOST"])
def test_loopback_names_are_answered(open_one, host):
    """Every name that can only mean the own machine."""
    assert open_one.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.256", "1270.0.0.1", "localhost.evil", "127.0.0.1.", ""])
def test_only_real_loopback_names_count(host):
    """Look-alikes do not; one closing dot is the same name."""
    assert is_loopback(host) == (host == "127.0.0.1.")


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=https://x.hf.space/",
        "/gradio_api/file=http://169.254.169.254/",
        "/gradio_api/file=HTTPS://x/",
    ],
)
def test_the_server_fetches_nothing_for_others(open_one, path):
    """Gradio's addresses that fetch from elsewhere are closed."""
    assert open_one.get(path).status_code == 403


def test_every_answer_carries_the_safe_headers(open_one):
    """No sniffing, no framing by others, no address leaked to other sites; also on refusals."""
    for answer in (open_one.get("/"), open_one.get("/", headers={"Host": "evil.example"})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["referrer-policy"] == "same-origin"
