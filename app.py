"""Starts the studio: arguments, data folder, services, pages and API in one server. `--help` lists the arguments.

What takes long to import is imported inside functions: a wrong argument is answered at once, and the page is up before
torch is loaded.
"""

import argparse
import gc
import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from studio.api.address import free_port, is_loopback, network_address
from studio.errors import Cancelled, StudioError

CODE = Path(__file__).resolve().parent
QUIET_SECONDS = 1.5  # without a request, before the engine is loaded ahead
STOP_SECONDS = 2  # for the running step to end
log = logging.getLogger("studio")


class OneLine(argparse.ArgumentParser):
    def error(self, message: str):
        self.exit(2, f"The studio cannot start: {message}. --help lists the arguments.\n")


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line as values. Wrong ones end the program with one line and status 2."""
    parser = OneLine(prog="app.py", description="Character Studio", allow_abbrev=False)
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


def _port(word: str) -> int:
    if not word.isdecimal() or int(word) > 65535:
        raise argparse.ArgumentTypeError(f"{word!r} is not a port (0 to 65535)")
    return int(word)


def _account(words: str) -> tuple[str, str]:
    name, colon, password = words.partition(":")
    if not (name.strip() and colon and password):
        raise argparse.ArgumentTypeError("give a name and a password with a colon between them, as NAME:PASSWORD")
    return name.strip(), password


def account(given: argparse.Namespace) -> tuple[str, str, bool]:
    """Name, password and whether they were made up now; ("", "", False) when nobody has to log in."""
    if given.user:
        return *given.user, False
    if given.share or not is_loopback(given.host):
        return "studio", secrets.token_urlsafe(12), True
    return "", "", False


def serve(given: argparse.Namespace, data: Path) -> None:
    """Run the studio on this data folder until it is told to stop. Raises StudioError when it cannot start."""
    from studio.paths import Paths
    from studio.services import studio as services
    from studio.settings import Settings

    paths = Paths(data, CODE)
    uploads, temporary = paths.house / "uploads", paths.house / "tmp"
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)  # what is dropped on a page stays inside the data folder
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # nothing is reported to anyone
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if given.device:
        os.environ["STUDIO_DEVICE"] = given.device
    port = free_port(given.host, given.port)
    studio = services.build(paths, Settings(paths))
    try:
        for left in (uploads, temporary):
            shutil.rmtree(left, ignore_errors=True)
        temporary.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = str(temporary)  # also where a form's file lies while it comes in
        if given.demo:
            studio.characters.add_samples()
        launch(given, studio, port)
    finally:
        tempfile.tempdir = None
        studio.posting.stop(STOP_SECONDS)
        studio.models.stop(STOP_SECONDS)
        studio.queue.stop(STOP_SECONDS)  # a job that does not end in time is back in the queue
        studio.store.close()  # the model's memory goes with the process
        log.info("The studio is closed.")


def launch(given: argparse.Namespace, studio, port: int) -> None:
    """Pages, API and guard in one server; returns when the program is told to stop."""
    from studio.api.app import beside_the_pages
    from studio.api.guard import Guard
    from studio.api.live import Live
    from studio.ui import shell

    stopped = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stopped.set())
    user, password, made_up = account(given)
    guard, live = Guard(user, password), Live(studio.queue, studio.models.downloads)
    page = shell.build(studio)
    page.launch(
        **shell.launch_options(),
        server_name=f"[{given.host}]" if ":" in given.host.strip("[]") else given.host,
        server_port=port,
        share=given.share,
        inbrowser=not given.no_browser and has_screen(),
        app_kwargs=beside_the_pages(studio, guard, live),
        auth_dependency=(lambda request: request.scope.get("studio.user") or None) if guard.demanded else None,
        max_file_size="1gb",
        quiet=True,
        ssr_mode=False,
        enable_monitoring=False,
        prevent_thread_lock=True,
    )
    # documents and libraries stay for good: the collector need not walk them again, 100 ms at 100,000 pictures
    gc.collect()
    gc.freeze()
    greet(given, studio, page, port, (user, password) if made_up else None)
    studio.queue.start()
    studio.models.start()
    studio.posting.start()
    threading.Thread(target=warm_up, args=(studio, guard, stopped), name="studio-warm-up", daemon=True).start()
    while not stopped.wait(0.5):  # a wait without end cannot be interrupted on Windows
        pass
    print("Stopping …", flush=True)
    live.close()
    page.close(verbose=False)


def has_screen() -> bool:
    """Whether a browser can be shown; without a desktop a text browser would take over the terminal."""
    return sys.platform in ("win32", "darwin") or any(os.environ.get(one) for one in ("DISPLAY", "WAYLAND_DISPLAY"))


def greet(given: argparse.Namespace, studio, page, port: int, made_up: tuple[str, str] | None) -> None:
    """Say where the studio is. A made-up password is only ever printed here, never logged."""
    lines = [("open", page.local_url)]
    if given.host == "0.0.0.0" and (address := network_address()):
        lines.append(("network", f"http://{address}:{port}/"))
    if given.share:
        link = page.share_url and f"{page.share_url}  (public, for a week at most)"
        lines.append(("link", link or "could not be made: check the network, then start again with --share"))
    if given.port and port != given.port:
        lines.append(("port", f"{given.port} is taken, so this is {port}"))
    if made_up:
        lines += [("log in", made_up[0]), ("password", f"{made_up[1]}  (made up for this start, shown only here)")]
    elif given.user:
        lines.append(("log in", f"{given.user[0]}, with the password given"))
    lines += [("data", studio.paths.data), ("device", studio.settings.get("device")), ("stop", "Ctrl+C")]
    told = "\n".join(f"  {name:<9} {value}" for name, value in lines)
    print(f"\n  Character Studio\n{told}\n", flush=True)


def warm_up(studio, guard, stopped: threading.Event) -> None:
    """Load the default engine once somebody has opened the page and the server was quiet for a moment."""
    from pipelines.catalog import ENGINES

    while not stopped.wait(0.25):
        if guard.page_opened and time.monotonic() - guard.last_request > QUIET_SECONDS:
            try:
                # a preview's turn: a job that comes meanwhile waits for the loaded engine instead of loading its own
                with studio.images.use.for_preview(ENGINES[0].spec.id, "warm-up"):
                    return
            except (StudioError, Cancelled) as error:
                log.info("The engine was not loaded ahead: %s", error)
                return


def leave(status: int) -> None:
    """End the process at once. Everything is saved and closed by now.

    What Python would still do, taking torch apart piece by piece, took six of the nine seconds of a stop on a busy
    machine, and it crashes in the middle of a step.
    """
    for tunnel in getattr(sys.modules.get("gradio.tunneling"), "CURRENT_TUNNELS", ()):
        tunnel.kill()  # the public link is a process of its own
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


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
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    leave(status)
