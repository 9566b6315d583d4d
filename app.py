"""Starts the studio: arguments, data folder, services, pages and API in one server. `--help` lists the arguments.

Everything heavy is imported inside functions, so that a wrong argument is answered at once and the page is up before
torch is loaded.
"""

import argparse
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

from studio.errors import Conflict, StudioError

CODE = Path(__file__).resolve().parent
PORTS_TRIED = 100


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line as values. Wrong ones end the program with one line and status 2."""
    parser = _OneLine(prog="app.py", description="Character Studio", allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: only this machine)")
    parser.add_argument("--port", type=_port, default=7860, help="first port to try (default: 7860, 0: any)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of characters/ and outputs/ (default: here)")
    parser.add_argument("--share", action="store_true", help="also make a public Gradio link; demands a log-in")
    parser.add_argument("--listen", action="store_true", help="be reachable from the network; demands a log-in")
    parser.add_argument("--user", type=_account, metavar="NAME:PASSWORD", help="demand this log-in")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), help="where pictures are made")
    parser.add_argument("--demo", action="store_true", help="sample characters in a throw-away data folder")
    given = parser.parse_args(words)
    if given.demo and given.data:
        parser.error("--demo brings its own data folder: leave --data out")
    if given.listen:
        given.host = "0.0.0.0"
    return given


class _OneLine(argparse.ArgumentParser):
    def error(self, message: str):
        self.exit(2, f"The studio cannot start: {message}. --help lists the arguments.\n")


def _port(word: str) -> int:
    if not word.isdigit() or int(word) > 65535:
        raise argparse.ArgumentTypeError(f"{word!r} is not a port (0 to 65535)")
    return int(word)


def _account(words: str) -> tuple[str, str]:
    name, colon, password = words.partition(":")
    if not (name.strip() and colon and password):
        raise argparse.ArgumentTypeError("give a name and a password with a colon between them, as NAME:PASSWORD")
    return name.strip(), password


def free_port(host: str, wanted: int) -> int:
    """The first free port of the host from `wanted` on; Conflict after a hundred taken ones."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name == "posix":  # elsewhere this option would let two programs share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host.strip("[]"), port))
                return probe.getsockname()[1]
            except socket.gaierror:
                raise StudioError(f"This machine has no address {host}.", "Leave --host out.") from None
            except OSError as error:
                problem = error
    raise Conflict(f"No port from {wanted} on can be used: {problem.strerror}.", "Choose another with --port.")


def open_account(given: argparse.Namespace) -> tuple[str, str, bool]:
    """Name, password and whether they were made up now; ("", "", False) when nobody has to log in."""
    from studio.api.guard import is_loopback

    if given.user:
        return *given.user, False
    if given.share or not is_loopback(given.host):
        return "studio", secrets.token_urlsafe(12), True
    return "", "", False


def serve(given: argparse.Namespace, data: Path) -> None:
    """Run the studio on this data folder until it is told to stop. Raises StudioError when it cannot start."""
    # Nothing is reported to anyone, and gradio keeps what is uploaded inside the data folder.
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

    from studio.paths import Paths
    from studio.services import studio as services
    from studio.settings import Settings

    paths = Paths(data, CODE)
    if given.device:
        os.environ["STUDIO_DEVICE"] = given.device
    port = free_port(given.host, given.port)
    studio = services.build(paths, Settings(paths))
    try:
        if given.demo:
            studio.characters.add_samples()
        uploads = paths.house / "uploads"
        shutil.rmtree(uploads, ignore_errors=True)
        os.environ["GRADIO_TEMP_DIR"] = str(uploads)
        _serve(given, studio, port)
    finally:
        studio.close()


def _serve(given: argparse.Namespace, studio, port: int) -> None:
    from studio.api.app import beside_the_pages
    from studio.api.guard import Guard
    from studio.api.live import Live
    from studio.ui import shell

    user, password, made_up = open_account(given)
    guard, live = Guard(user, password), Live(studio.queue)
    page = shell.build(studio)
    stopped = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stopped.set())
    page.launch(
        **shell.launch_options(),
        server_name=given.host,
        server_port=port,
        share=given.share,
        inbrowser=not given.no_browser,
        app_kwargs=beside_the_pages(studio, guard, live),
        auth_dependency=(lambda request: request.scope.get("studio.user") or None) if guard.demanded else None,
        max_file_size="1gb",
        quiet=True,
        ssr_mode=False,
        enable_monitoring=False,
        prevent_thread_lock=True,
    )
    _greet(given, studio, page, port, (user, password) if made_up else None)
    studio.queue.start()
    threading.Thread(target=_warm_up, args=(guard, stopped), name="studio-warm-up", daemon=True).start()
    while not stopped.wait(0.5):  # a wait without end cannot be interrupted on Windows
        pass
    print("Stopping …", flush=True)
    live.close()
    page.close(verbose=False)


def _greet(given: argparse.Namespace, studio, page, port: int, made_up: tuple[str, str] | None) -> None:
    """Say where the studio is. A made-up password is only ever printed here, never logged."""
    lines = ["", "  Character Studio", f"  open      {page.local_url}"]
    if page.share_url:
        lines.append(f"  link      {page.share_url}  (public, for a week at most)")
    elif given.share:
        lines.append("  link      could not be made: check the network, then start again with --share")
    if given.port and port != given.port:
        lines.append(f"  port      {given.port} is taken, so this is {port}")
    if made_up:
        lines += [f"  log in    {made_up[0]}", f"  password  {made_up[1]}   (made up for this start, shown only here)"]
    lines += [f"  data      {studio.paths.data}", f"  device    {studio.settings.get('device')}"]
    print("\n".join([*lines, "  stop      Ctrl+C", ""]), flush=True)


def _warm_up(guard, stopped: threading.Event) -> None:
    """Import what pictures need once somebody has opened a page and the server has had a quiet second."""
    import time

    while not stopped.wait(0.25):
        if guard.last_page and time.monotonic() - guard.last_page > 1:
            from pipelines import device

            return device.warm_up()


def main(words: list[str]) -> int:
    """Run the studio; the exit status. What a person can mend is said in one line."""
    given = arguments(words)
    try:
        if given.demo:
            with tempfile.TemporaryDirectory(prefix="studio-demo-", ignore_cleanup_errors=True) as folder:
                serve(given, Path(folder))
        else:
            serve(given, (given.data or CODE).expanduser().resolve())
    except StudioError as error:
        print(f"The studio cannot start: {error.message} {error.hint}".rstrip(), file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"The studio cannot start: {error.filename} is not writable. Choose another --data.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
