"""Starting the servers that are installed, on free ports of loopback, with nothing kept afterwards."""

import contextlib
import os
import secrets
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("STUDIO_TEST_SERVERS", HERE / ".installed"))
NODE = HOME / "node22"
_STARTS_S = 60


def must_have(name: str) -> Path:
    """The folder of an installed server; skips the test, and says why, when it is not there."""
    folder = HOME / name
    inside = {"bluesky": "node_modules/@atproto/pds/package.json", "mastodon": "bin/mastodon_mock"}
    if not (folder / inside.get(name, "bin/synapse_homeserver")).exists():
        pytest.skip(f"The {name} server is not installed: run “python -m tests.servers {name}”.")
    return folder


@contextlib.contextmanager
def mastodon(place: Path):
    """A stateful mock of Mastodon's API: its address; the access token is `mock_token`."""
    folder, port = must_have("mastodon"), free_port()
    command = [folder / "bin" / "mastodon_mock", "serve", "--host", "127.0.0.1", "--port", str(port), "--in-memory"]
    with _running(command, place, f"http://127.0.0.1:{port}/api/v2/instance"):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def matrix(place: Path):
    """Synapse on SQLite: its address; the user mira (password `correct horse`) is registered."""
    folder, port = must_have("matrix"), free_port()
    shared = secrets.token_hex(16)
    config = place / "homeserver.yaml"
    config.write_text(
        f"""server_name: localhost
pid_file: {place}/pid
listeners: [{{port: {port}, bind_addresses: ['127.0.0.1'], type: http, tls: false, resources: [{{names: [client]}}]}}]
database: {{name: sqlite3, args: {{database: {place}/homeserver.db}}}}
media_store_path: {place}/media
signing_key_path: {place}/signing.key
registration_shared_secret: {shared}
refreshable_access_token_lifetime: 5m
rc_message: {{per_second: 1000, burst_count: 1000}}
rc_login: {{address: {{per_second: 1000, burst_count: 1000}}, account: {{per_second: 1000, burst_count: 1000}}}}
report_stats: false
suppress_key_server_warning: true
trusted_key_servers: []
""",
        encoding="utf-8",
    )
    binaries, home = folder / "bin", f"http://127.0.0.1:{port}"
    keys = [binaries / "generate_signing_key", "-o", place / "signing.key"]
    subprocess.run(keys, check=True, capture_output=True)
    command = [binaries / "python", "-m", "synapse.app.homeserver", "-c", config]
    with _running(command, place, f"{home}/_matrix/client/versions"):
        user = ["-u", "mira", "-p", "correct horse", "--no-admin", "-k", shared, home]
        subprocess.run([binaries / "register_new_matrix_user", *user], check=True, capture_output=True)
        yield home


@contextlib.contextmanager
def bluesky(place: Path):
    """A PDS with its own directory of identities: its address; the account mira.test has the password `correct`."""
    folder, port, directory = must_have("bluesky"), free_port(), free_port()
    script = folder / "serve.cjs"
    script.write_text((HERE / "pds.cjs").read_text("utf-8"), encoding="utf-8")
    environment = {
        "PDS_HOSTNAME": "localhost", "PDS_PORT": str(port), "PDS_DEV_MODE": "1", "PDS_DATA_DIRECTORY": str(place),
        "PDS_BLOBSTORE_DISK_LOCATION": str(place / "blobs"), "PDS_BLOBSTORE_DISK_TMP_LOCATION": str(place / "tmp"),
        "PDS_REPO_SIGNING_KEY_K256_PRIVATE_KEY_HEX": secrets.token_hex(32), "PDS_DPOP_SECRET": secrets.token_hex(32),
        "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": secrets.token_hex(32), "PDS_JWT_SECRET": secrets.token_hex(16),
        "PDS_ADMIN_PASSWORD": secrets.token_hex(16), "PDS_DID_PLC_URL": f"http://localhost:{directory}",
        "PDS_INVITE_REQUIRED": "0", "PDS_DISABLE_SSRF_PROTECTION": "1", "PDS_SERVICE_HANDLE_DOMAINS": ".test",
        "PDS_RATE_LIMITS_ENABLED": "0", "LOG_ENABLED": "0", "DIRECTORY_PORT": str(directory),
    }  # fmt: skip
    home, command = f"http://localhost:{port}", [NODE / "bin" / "node", script]
    with _running(command, place, f"{home}/xrpc/_health", environment):
        made = {"handle": "mira.test", "email": "mira@example.invalid", "password": "correct"}
        httpx.post(f"{home}/xrpc/com.atproto.server.createAccount", json=made, timeout=30).raise_for_status()
        yield home


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def _running(command, place: Path, health: str, environment: dict | None = None):
    """The process, from the first good answer of `health` until it is ended."""
    log = place / "server.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(
            list(map(str, command)), cwd=place, stdout=out, stderr=out, env={**os.environ, **(environment or {})}
        )
    try:
        until = time.monotonic() + _STARTS_S
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(health, timeout=2).status_code < 500:
                    break
            assert process.poll() is None, f"The server ended: {log.read_text('utf-8', 'replace')[-3000:]}"
            assert time.monotonic() < until, f"The server did not come up: {log.read_text('utf-8', 'replace')[-3000:]}"
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
