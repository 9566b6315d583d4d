"""Brings the launchers' virtual environment up to date: installs the requirements when they changed, and only then.

Run by launch.sh and launch.bat with that environment's own Python. It imports nothing that has to be installed.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = Path(sys.prefix) / "studio-requirements.json"
INDEXES = "https://download.pytorch.org/whl"
CUDA = ("13.2", "13.0", "12.9", "12.8", "12.6")  # PyTorch's builds, newest first
ROOM_BYTES = 4 << 30  # torch and everything else, unpacked, without CUDA

# The few of pip's lines that tell a waiting person something: what is fetched, what is large, what comes last.
_NEWS = re.compile(r"Collecting (\S+)|\s+Downloading (\S+ \(\d{2,}[.\d]* MB\))|(Installing) collected packages")

# What pip says when the fault is not its own, and how to say it to a person.
FAULTS = (
    (r"No space left|not enough space|Errno 28|WinError 112", "The disk is full: make room and start again."),
    (
        r"NewConnectionError|ConnectTimeoutError|NameResolutionError|getaddrinfo|Temporary failure in name resolution"
        r"|Network is unreachable|ProxyError|Read timed out",
        "The network cannot be reached: the first start downloads what the studio needs. Connect and start again.",
    ),
    (r"Permission denied|Access is denied|WinError 5", "The folder .venv is not writable, or a studio is still open."),
    (r"Long Path support|WinError 206", "The folder's path is too long for Windows: move it nearer to the drive."),
    (
        r"No matching distribution found",
        "This Python or system has no ready-made packages: install the 64-bit Python 3.12 from https://www.python.org.",
    ),
)


def main(words: list[str]) -> int:
    """0 when everything is installed, else 1 after one line that says why not. `dev` adds what the tests need."""
    files = [ROOT / "requirements.txt"] + ([ROOT / "requirements-dev.txt"] if "dev" in words else [])
    wanted = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    done = read_stamp()
    if all(done.get(name) == digest for name, digest in wanted.items()):
        return 0
    if not done and shutil.disk_usage(sys.prefix).free < ROOM_BYTES:
        return refuse(f"The disk has less than {ROOM_BYTES >> 30} GB free: make room and start again.")
    print("Installing what the studio needs. The first time takes a few minutes.", flush=True)
    # torch alone and first: the rest of the list then accepts the build that fits this machine
    for arguments in (torch_arguments(files[0]), ["-r", str(files[-1])]):
        if fault := pip(arguments):
            return refuse(fault)
    try:
        STAMP.write_text(json.dumps(done | wanted), encoding="utf-8")
    except OSError as problem:
        return refuse(f"{STAMP} cannot be written ({problem.strerror}): make room and start again.")
    return 0


def read_stamp() -> dict[str, str]:
    """Digest by file name of what was installed last; empty when nothing was, or was not finished."""
    try:
        done = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return done if isinstance(done, dict) else {}


def refuse(reason: str) -> int:
    print(f"The studio cannot be installed: {reason}", file=sys.stderr)
    return 1


def pip(arguments: list[str]) -> str:
    """Run pip install, telling what it fetches. "" when it worked; else one sentence, after pip's own last lines."""
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    said = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    ) as run:
        for line in run.stdout:
            if found := _NEWS.match(line):
                print(f"  {next(filter(None, found.groups()))}", flush=True)
            said = [*said[-200:], line]
    if run.returncode == 0:
        return ""
    text = "".join(said)
    print("".join(said[-12:]), flush=True)
    return next((told for sign, told in FAULTS if re.search(sign, text)), "pip failed; its last lines above say why.")


def torch_arguments(requirements: Path) -> list[str]:
    """The pinned torch, from the place that has the right build: CUDA for NVIDIA on Windows, CPU-only for Linux without
    NVIDIA (the plain one brings gigabytes of CUDA), else the plain one. STUDIO_TORCH_INDEX overrides the choice.
    """
    pin = re.search(r"^torch==\S+", requirements.read_text(encoding="utf-8"), re.MULTILINE).group()
    if chosen := os.environ.get("STUDIO_TORCH_INDEX"):
        return [pin, "--index-url", chosen]
    driver = cuda_of_driver()
    if sys.platform == "win32" and driver:
        builds = [f"cu{one.replace('.', '')}" for one in CUDA if version(one) <= driver]
        name = next((one for one in builds if has_build(pin, one)), None)
        if name is None:
            print("PyTorch's CUDA build was not found for this driver; pictures will be made on the CPU.")
        return [pin, "--index-url", f"{INDEXES}/{name}"] if name else [pin]
    if sys.platform == "linux" and not driver and platform.machine() == "x86_64" and has_build(pin, "cpu"):
        return [pin, "--extra-index-url", f"{INDEXES}/cpu"]
    return [pin]


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def cuda_of_driver(run: Callable = subprocess.run) -> tuple[int, ...] | None:
    """The newest CUDA the NVIDIA driver can run, as (major, minor); None without a card or driver."""
    try:
        said = run(["nvidia-smi"], capture_output=True, text=True, timeout=20, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"CUDA Version:\s*(\d+\.\d+)", said.stdout or "")
    return version(found.group(1)) if said.returncode == 0 and found else None


def has_build(pin: str, name: str) -> bool:
    """Whether PyTorch's own index answers soon and has this pin for this Python and system."""
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    system = "win_amd64" if sys.platform == "win32" else "x86_64"
    number = re.escape(pin.partition("==")[2])
    try:
        with urllib.request.urlopen(f"{INDEXES}/{name}/torch/", timeout=5) as page:
            text = page.read().decode("utf-8", "replace")
    except (OSError, ValueError):
        return False
    return bool(re.search(rf"torch-{number}(%2B|\+){name}-{python}-{python}-\w*{system}\.whl", text))


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nStopped. The next start goes on with the installation.", file=sys.stderr)
        raise SystemExit(130) from None
