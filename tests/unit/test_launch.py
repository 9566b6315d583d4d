"""The launchers: the right Python, a sound environment, an install only when something changed, one-line errors."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from studio import install

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(os.name == "nt", reason="launch.sh is for Linux and macOS")

# A Python of any version: it notes how it was called and makes environments out of itself.
FAKE = """#!/bin/sh
case "$*" in
    *version_info*) exit {fits} ;;
    *"import pip"*) exit {pip} ;;
    *"import ensurepip"*) exit {venv} ;;
esac
echo "$0 $*" >> "{calls}"
if [ "${{1:-}}" = -m ] && [ "${{2:-}}" = venv ]; then
    [ {room} = 1 ] || {{ echo "Error: [Errno 28] No space left on device" >&2; exit 1; }}
    mkdir -p "$4/bin" && cp "{good}" "$4/bin/python"
fi
case "$*" in
    *install.py*) exit "${{INSTALL_ENDS:-0}}" ;;
    *app.py*|*pytest*) exit "${{APP_ENDS:-0}}" ;;
esac
exit 0
"""


@pytest.fixture
def place(tmp_path):
    """A copy of the launcher in a folder with a space, and a PATH of fake Pythons that note their calls."""
    root, path = tmp_path / "my studio", tmp_path / "bin"
    (root / "studio").mkdir(parents=True)
    path.mkdir()
    shutil.copy(ROOT / "launch.sh", root)
    for tool in ("sh", "dirname", "rm", "mkdir", "cp", "tail"):
        (path / tool).symlink_to(shutil.which(tool))
    calls, good = tmp_path / "calls", tmp_path / "good"

    def fake(target: Path, *, fits=True, pip=True, venv=True, room=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        words = {"fits": int(not fits), "pip": int(not pip), "venv": int(not venv), "room": int(room)}
        target.write_text(FAKE.format(calls=calls, good=good, **words))
        target.chmod(target.stat().st_mode | stat.S_IXUSR)

    def launch(*words, **environment):
        run = subprocess.run(
            [str(root / "launch.sh"), *words],
            env={"PATH": str(path), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=20,
        )
        called = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return SimpleNamespace(code=run.returncode, err=run.stderr, out=run.stdout, calls=called)

    fake(good)
    return SimpleNamespace(root=root, path=path, fake=fake, launch=launch, python=root / ".venv" / "bin" / "python")


@posix
def test_the_first_start_makes_an_environment_installs_and_starts(place):
    """From nothing: venv, install, app.py with the arguments untouched, also in a folder with a space."""
    place.fake(place.path / "python3")
    run = place.launch("--port", "7999", "--user", "a b:c d")
    assert run.code == 0, run.err
    assert [line.split(" ", 1)[1] if line.startswith(str(place.path)) else line for line in run.calls] == [
        f"-m venv -- {place.root}/.venv",
        f"{place.python} {place.root}/studio/install.py",
        f"{place.python} {place.root}/app.py --port 7999 --user a b:c d",
    ]


@posix
def test_a_sound_environment_is_kept(place):
    """The second start makes no new environment."""
    place.fake(place.python)
    assert not any("venv --" in line for line in place.launch().calls)


@posix
@pytest.mark.parametrize("fault", [{"fits": False}, {"pip": False}])
def test_a_broken_or_outdated_environment_is_made_anew(place, fault):
    """An environment whose Python is gone, too old or too new, or that has no pip, is replaced."""
    place.fake(place.python, **fault)
    place.fake(place.path / "python3")
    assert any("-m venv" in line for line in place.launch().calls)


@posix
def test_a_python_that_does_not_fit_is_passed_over(place):
    """python3 is 3.9 or 3.14 here: the next that fits is taken."""
    place.fake(place.path / "python3", fits=False)
    place.fake(place.path / "python3.11")
    run = place.launch()
    assert run.code == 0
    assert run.calls[0].startswith(f"{place.path}/python3.11 -m venv")


@posix
def test_the_named_python_is_preferred(place, tmp_path):
    """STUDIO_PYTHON may be a path with a space."""
    mine = tmp_path / "my python" / "python"
    place.fake(mine)
    place.fake(place.path / "python3")
    assert place.launch(STUDIO_PYTHON=str(mine)).calls[0].startswith(f"{mine} -m venv")


@posix
@pytest.mark.parametrize(
    ("fake", "said"),
    [
        (None, "needs Python 3.10, 3.11, 3.12 or 3.13"),
        ({"fits": False}, "needs Python 3.10, 3.11, 3.12 or 3.13"),
        ({"venv": False}, "apt install python3-venv"),
        ({"room": False}, "No space left on device"),
    ],
)
def test_what_is_missing_is_said_in_one_line(place, fake, said):
    """No Python, no venv module, no disk: one line that says so, and a status that is not 0."""
    if fake is not None:
        place.fake(place.path / "python3", **fake)
    run = place.launch()
    assert run.code == 1
    assert said in run.err
    assert len(run.err.strip().splitlines()) == 1


@posix
def test_test_installs_the_tests_needs_and_passes_arguments_on(place):
    """`launch.sh test -k x` runs pytest -k x, not the app."""
    place.fake(place.python)
    run = place.launch("test", "-k", "two words")
    assert run.calls == [
        f"{place.python} {place.root}/studio/install.py dev",
        f"{place.python} -m pytest -k two words",
    ]


@posix
def test_nothing_starts_when_the_installation_failed(place):
    """Its one line is all there is to read; app.py and pytest are not begun."""
    place.fake(place.python)
    for words in ((), ("test",)):
        run = place.launch(*words, INSTALL_ENDS="1")
        assert run.code == 1
        assert len(run.calls) == 1


@posix
def test_the_end_of_the_program_is_the_end_of_the_launcher(place):
    """Whoever starts the studio, or runs the tests, from a script learns how it ended."""
    place.fake(place.python)
    assert place.launch(APP_ENDS="2").code == 2
    assert place.launch("test", APP_ENDS="5").code == 5


@posix
@pytest.mark.parametrize("name", ["Łąka & sons", "it's $HOME", "-n", "new\nline", "a*b [c]"], ids=repr)
def test_a_folder_may_have_any_name(place, name):
    """Spaces, quotes, signs of the shell and other scripts in the path change nothing, wherever it is called from."""
    root = place.root.rename(place.root.with_name(name))
    place.fake(root / ".venv" / "bin" / "python")
    for command, where in ((str(root / "launch.sh"), "/"), ("./launch.sh", root), ("studio/../launch.sh", root)):
        run = subprocess.run(
            ["sh", command, "a  b", "", "*"], env={"PATH": str(place.path)}, cwd=where, capture_output=True, text=True
        )
        assert (run.returncode, run.stderr) == (0, "")
    calls = (place.root.parent / "calls").read_text()
    assert calls.count(f"{root}/app.py a  b  *\n") == 3


def test_launch_bat_quotes_every_path_and_believes_no_sign_of_success_but_nought():
    """A folder may hold spaces, & and ( ); a crash, whose status is negative, is no success; what is left open after a
    double click is only a window in which something went wrong.
    """
    lines = [line.strip() for line in (ROOT / "launch.bat").read_text("ascii").splitlines()]
    code = [line for line in lines if line and not line.startswith(("rem ", "echo The studio", "@"))]
    for line in code:
        for name in ("ROOT", "VENV", "PYTHON"):
            for found in re.finditer(f"%{name}%", line):
                assert line[: found.start()].count('"') % 2 == 1, line
        assert "errorlevel 1" not in line
        assert "!" not in line or "!=" in line
        assert not re.search(r"(^|\s)\($|^\)", line), "a block would read a ) in a path as its end"
    assert "setlocal EnableExtensions DisableDelayedExpansion" in code
    order = re.findall(r"^call :try py -(3\.\d+)", "\n".join(lines), re.MULTILINE)
    assert order == ["3.12", "3.13", "3.11", "3.10"]
    assert [line for line in code if line.endswith("pause")] == ["if defined CLICKED pause"] * 2
    for at, line in enumerate(code):
        if line == "if defined CLICKED pause":
            assert code[at + 1] == "exit /b %CODE%"


def test_launch_bat_is_a_windows_file_whose_jumps_arrive():
    """CRLF, plain ASCII, and every goto and call names a label that exists."""
    raw = (ROOT / "launch.bat").read_bytes()
    text = raw.decode("ascii")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    labels = {label.lower() for label in re.findall(r"^:(\w+)", text, re.MULTILINE)}
    jumps = {label.lower() for label in re.findall(r"goto (\w+)|call :(\w+)", text) for label in label if label}
    assert jumps <= labels
    assert all(f"-3.{minor} " in text for minor in (10, 11, 12, 13))
    assert "pause" in text


# ---------------------------------------------------------------- studio/install.py


@pytest.fixture
def pips(tmp_path, monkeypatch):
    """Requirements of our own, a stamp of our own, and a pip that only notes its arguments."""
    (tmp_path / "requirements.txt").write_text("torch==2.13.0\nx==1\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\ny==1\n")
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(install, "cuda_of_driver", lambda: None)
    monkeypatch.setattr(install, "has_build", lambda pin, name: False)
    monkeypatch.delenv("STUDIO_TORCH_INDEX", raising=False)
    calls, faults = [], []
    monkeypatch.setattr(install, "pip", lambda words: calls.append(words) or (faults.pop() if faults else ""))
    return SimpleNamespace(calls=calls, faults=faults, folder=tmp_path)


def test_requirements_are_installed_once_torch_first(pips):
    """The first run installs torch alone, then the list; the second does nothing."""
    assert install.main([]) == 0
    assert pips.calls == [["torch==2.13.0"], ["-r", str(pips.folder / "requirements.txt")]]
    assert install.main([]) == 0
    assert len(pips.calls) == 2


def test_changed_requirements_are_installed_again(pips):
    """One changed byte is enough."""
    install.main([])
    (pips.folder / "requirements.txt").write_text("torch==2.13.0\nx==2\n")
    install.main([])
    assert len(pips.calls) == 4


def test_the_tests_needs_come_on_top(pips):
    """`dev` installs once more, and a normal start after it installs nothing."""
    install.main([])
    install.main(["dev"])
    assert pips.calls[-1] == ["-r", str(pips.folder / "requirements-dev.txt")]
    install.main([])
    assert len(pips.calls) == 4


def test_an_interrupted_install_is_not_taken_for_a_finished_one(pips, capsys):
    """When pip fails there is no stamp, one line, and the next start tries again."""
    pips.faults.append("The network cannot be reached.")
    assert install.main([]) == 1
    assert capsys.readouterr().err.strip().splitlines() == [
        "The studio cannot be installed: The network cannot be reached."
    ]
    assert install.main([]) == 0


@pytest.mark.parametrize("stamp", ['{"requi', "5", "[]", ""])
def test_a_damaged_stamp_means_install(pips, stamp):
    """Half a stamp is no stamp."""
    (pips.folder / "stamp.json").write_text(stamp)
    assert install.main([]) == 0
    assert json.loads((pips.folder / "stamp.json").read_text())


def test_a_stamp_that_cannot_be_written_is_said_in_one_line(pips, monkeypatch, capsys):
    """The disk got full with the last package."""
    monkeypatch.setattr(install, "STAMP", pips.folder / "gone" / "stamp.json")
    assert install.main([]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_full_disk_is_said_before_anything_is_downloaded(pips, monkeypatch, capsys):
    """Less than 4 GB free: one line, no pip."""
    monkeypatch.setattr(install.shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 30))
    assert install.main([]) == 1
    assert "less than 4 GB free" in capsys.readouterr().err
    assert pips.calls == []


@pytest.mark.parametrize(
    ("platform", "driver", "builds", "index", "wanted"),
    [
        ("win32", (12, 8), {"cu132", "cu128", "cu126"}, None, ["--index-url", f"{install.INDEXES}/cu128"]),
        ("win32", (11, 0), {"cu128"}, None, []),
        ("win32", None, {"cpu"}, None, []),
        ("linux", None, {"cpu"}, None, ["--extra-index-url", f"{install.INDEXES}/cpu"]),
        ("linux", None, set(), None, []),
        ("linux", (13, 0), {"cpu", "cu130"}, None, []),
        ("darwin", None, {"cpu"}, None, []),
        ("win32", (12, 8), {"cu128"}, "https://example.org/simple", ["--index-url", "https://example.org/simple"]),
    ],
)
def test_torch_comes_from_the_place_that_fits_the_machine(pips, monkeypatch, platform, driver, builds, index, wanted):
    """CUDA the driver can run on Windows with NVIDIA, CPU-only on Linux without, else the plain pin."""
    monkeypatch.setattr(install.sys, "platform", platform)
    monkeypatch.setattr(install.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(install, "cuda_of_driver", lambda: driver)
    monkeypatch.setattr(install, "has_build", lambda pin, name: name in builds)
    if index:
        monkeypatch.setenv("STUDIO_TORCH_INDEX", index)
    assert install.torch_arguments(pips.folder / "requirements.txt") == ["torch==2.13.0", *wanted]


def test_the_drivers_cuda_is_read_from_its_own_words():
    """nvidia-smi's table names it; a machine without the program has none."""
    told = SimpleNamespace(returncode=0, stdout="| NVIDIA-SMI 580.1  Driver Version: 580.1  CUDA Version: 13.0  |")
    assert install.cuda_of_driver(lambda *_, **__: told) == (13, 0)

    def missing(*_, **__):
        raise FileNotFoundError

    assert install.cuda_of_driver(missing) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("NewConnectionError: Failed to establish a new connection: [Errno -3]", "network cannot be reached"),
        ("ERROR: No matching distribution found for torch==2.13.0", "64-bit Python"),
        ("HINT: This error might have occurred since this system does not have Windows Long Path support", "too long"),
        ("ERROR: Cannot uninstall x", "pip failed"),
    ],
)
def test_pips_faults_become_one_sentence(monkeypatch, capsys, said, told):
    """pip's last words are shown, and their reason becomes a sentence."""
    monkeypatch.setattr(install.sys, "executable", sys.executable)
    real = subprocess.Popen
    script = f"import sys; print({said!r}); sys.exit(1)"
    monkeypatch.setattr(install.subprocess, "Popen", lambda _, **k: real([sys.executable, "-c", script], **k))
    assert told in install.pip(["x"])
    assert said in capsys.readouterr().out


def test_a_waiting_person_sees_what_is_fetched(monkeypatch, capsys):
    """Names and large files, not pip's hundred lines about each."""
    lines = [
        "Looking in indexes: x",
        "Collecting torch==2.13.0",
        "  Downloading torch-2.13.0.whl (526.6 MB)",
        "  Downloading tiny.whl (10 kB)",
        "Requirement already satisfied: y",
        "Installing collected packages: torch, y",
    ]
    real = subprocess.Popen
    script = f"print({chr(10).join(lines)!r})"
    monkeypatch.setattr(install.subprocess, "Popen", lambda _, **k: real([sys.executable, "-c", script], **k))
    assert install.pip(["x"]) == ""
    told = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert told == ["torch==2.13.0", "torch-2.13.0.whl (526.6 MB)", "Installing"]


def test_every_pin_is_exact_and_resolves_for_each_python():
    """Each package has one pin for 3.10 and one for 3.11 to 3.13, and nothing brings torchvision or opencv."""
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    pins = [re.fullmatch(r'([\w-]+)==[\w.]+(?:; python_version (<|>=) "3\.11")?', line) for line in lines]
    assert all(pins), [line for line, pin in zip(lines, pins, strict=True) if not pin]
    for name in {pin[1] for pin in pins}:
        assert sorted(pin[2] or "" for pin in pins if pin[1] == name) in ([""], ["<", ">="])
    assert not {pin[1] for pin in pins} & {"torchvision", "opencv-python"}
