"""A studio that others can reach: the real server demands a log-in everywhere, and holds its data folder alone."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def lan(studio, start_studio, tmp_path_factory):
    """A studio on every address, on a port that is taken, with a password it made up."""
    port = studio.url.rpartition(":")[2]
    running = start_studio(tmp_path_factory.mktemp("lan"), "--listen", "--port", port)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def account(lan):
    """Name and password as printed."""
    told = lan.printed()
    return re.search(r"log in +(\S+)", told)[1], re.search(r"password +(\S+)", told)[1]


def test_the_taken_port_is_said(lan, studio):
    """The next free one is used and both are named."""
    port = studio.url.rpartition(":")[2]
    assert f"{port} is taken" in lan.printed()
    assert not lan.url.endswith(f":{port}")


@pytest.mark.parametrize(
    "path",
    [
        "/config",
        "/api/v1/characters",
        "/api/v1/events",
        "/api/v1/openapi.json",
        "/api/docs",
        "/api/v1/assets/x/file",
        "/gradio_api/info",
        "/gradio_api/file=x",
        "/gradio_api/queue/data?session_hash=x",
        "/theme.css",
    ],
)
def test_nothing_answers_without_a_log_in(lan, path):
    """Pages, API, streams, pictures and gradio's own addresses."""
    with lan.client() as stranger:
        assert stranger.get(path).status_code == 401


def test_a_browser_logs_in_and_sees_the_page(lan, account):
    """From the address to the form, back to the page with a cookie that also opens the API and the streams."""
    html = {"Accept": "text/html,*/*"}
    with lan.client(follow_redirects=True) as browser:
        form = browser.get("/", headers=html)
        assert form.url.path == "/login"
        fields = {"username": account[0], "password": account[1], "next": "/"}
        assert browser.post("/login", data=fields | {"password": "wrong"}, headers=html).status_code == 401
        page = browser.post("/login", data=fields, headers=html)
        assert page.url.path == "/"
        assert "gradio" in page.text
        assert browser.get("/config").status_code == 200
        assert browser.get("/api/v1/characters").status_code == 200
        with browser.stream("GET", "/api/v1/events") as stream:
            assert next(line for line in stream.iter_lines() if line).startswith("id: ")


def test_a_script_uses_http_basic_and_is_the_owner(lan, account):
    """What a script asks for carries its name."""
    with lan.client(auth=account) as script:
        script.post("/api/v1/queue/pause").raise_for_status()
        job = script.post("/api/v1/jobs", json={"request": {"prompt": "x", "steps": 1}})
        assert job.json()["owner"] == account[0]
        script.post(f"/api/v1/jobs/{job.json()['id']}/cancel").raise_for_status()


def test_gradios_own_client_can_log_in(lan, account):
    """The form's answer to a script is the one gradio's client expects."""
    with lan.client() as script:
        answer = script.post("/login", data={"username": account[0], "password": account[1]})
        assert answer.json() == {"success": True}
        assert script.get("/config").status_code == 200


def test_gradios_client_talks_to_the_pages(lan, account):
    """gradio_client with name and password reads the page's description; without them it is turned away."""
    from gradio_client import Client
    from gradio_client.exceptions import AuthenticationError

    assert Client(lan.url, auth=account, verbose=False, analytics_enabled=False).config["components"]
    with pytest.raises((AuthenticationError, ValueError)):
        Client(lan.url, auth=("studio", "wrong"), verbose=False, analytics_enabled=False)


def test_the_password_is_printed_once_and_kept_nowhere(lan, account):
    """Not in the log, not in any document."""
    assert lan.printed().count(account[1]) == 1
    for file in lan.data.rglob("*"):
        if file.is_file():
            assert account[1].encode() not in file.read_bytes(), file


def test_a_second_studio_refuses_the_same_data_folder(lan):
    """One line that says so, status 1, and the first goes on."""
    second = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--no-browser", "--port", "0", "--data", str(lan.data)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 1
    assert "already open" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1
    assert httpx.get(f"{lan.url}/healthz").json()["status"] == "ok"


def test_it_stops_when_told_and_lets_go_of_the_folder(lan):
    """The last test of this server: SIGTERM ends it with status 0, and the folder can be opened again."""
    from studio.paths import Paths
    from studio.store import Store

    if sys.platform == "win32":
        pytest.skip("Windows ends programs without asking")
    assert lan.stop() == 0
    Store.open(Paths(lan.data)).close()
