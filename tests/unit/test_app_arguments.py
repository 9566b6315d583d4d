"""The command line: what is asked for, what is refused in one line, and when a log-in is demanded."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import app
from studio.api.address import free_port
from studio.errors import Conflict, StudioError

ROOT = Path(__file__).resolve().parents[2]


def test_the_defaults_are_private():
    """Nothing given: this machine only, port 7860, the repository's own data, no log-in."""
    given = app.arguments([])
    assert (given.host, given.port, given.data, given.share, given.device) == ("127.0.0.1", 7860, None, False, None)
    assert app.account(given) == ("", "", False)


@pytest.mark.parametrize(
    "words",
    [["--listen"], ["--share"], ["--host", "0.0.0.0"], ["--host", "192.168.1.5"], ["--host", "::"]],
    ids=" ".join,
)
def test_a_studio_others_can_reach_makes_a_password(words):
    """Open to others without --user: a name, and a new password each time that cannot be guessed."""
    first, second = (app.account(app.arguments(words)) for _ in range(2))
    assert first[0] == "studio"
    assert first[2]
    assert len(first[1]) >= 16
    assert first[1] != second[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.9"])
def test_loopback_needs_no_password(host):
    """Whatever loopback is called."""
    assert app.account(app.arguments(["--host", host])) == ("", "", False)


@pytest.mark.parametrize("host", ["127.0.0.1.example.org", "localhost.example.org", "10.0.0.1", "127.1.example"])
def test_names_that_only_look_like_loopback_are_not(host):
    """A name somebody else could own demands a log-in."""
    assert app.account(app.arguments(["--host", host]))[2]


def test_a_given_account_is_used_and_may_hold_colons():
    """The first colon ends the name; also on loopback the log-in is then demanded."""
    assert app.account(app.arguments(["--user", "anna:a:b c"])) == ("anna", "a:b c", False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--user", "anna"], "with a colon between them"),
        (["--user", ":secret"], "with a colon between them"),
        (["--user", "anna:"], "with a colon between them"),
        (["--port", "x"], "is not a port"),
        (["--port", "70000"], "is not a port"),
        (["--device", "tpu"], "invalid choice"),
        (["--demo", "--data", "x"], "--demo brings its own data folder"),
        (["--sharing"], "unrecognized arguments"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_wrong_argument_is_refused_in_one_line(capsys, words, said):
    """Status 2, one line that names the mistake, and no password repeated."""
    with pytest.raises(SystemExit) as ended:
        app.arguments(words)
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert len(told.splitlines()) == 1
    assert said in told
    assert "secret" not in told


def test_arguments_are_answered_before_anything_heavy_is_imported():
    """--help takes well under two seconds, because gradio and torch are not touched."""
    script = "import sys, app\ntry: app.arguments(['--help'])\nexcept SystemExit: pass\n"
    script += "print([name for name in ('gradio', 'torch', 'fastapi', 'pydantic') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_taken_port_leads_to_the_next():
    """Somebody listens on the wanted port: the next free one is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) > port


def test_port_nought_means_any():
    """0 lets the system choose."""
    assert free_port("127.0.0.1", 0) > 0


def test_an_address_of_another_machine_is_refused():
    """--host with an address or name this machine does not have."""
    with pytest.raises(Conflict, match="No port"):
        free_port("203.0.113.7", 7860)
    with pytest.raises(StudioError, match="no address"):
        free_port("no-such-host.invalid", 7860)


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_a_data_folder_that_cannot_be_used_is_said_in_one_line(tmp_path):
    """A file in the place of the folder: one line, status 1."""
    (tmp_path / "data").write_text("not a folder")
    done = subprocess.run(
        [sys.executable, "app.py", "--no-browser", "--port", "0", "--data", str(tmp_path / "data")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot" in done.stderr
