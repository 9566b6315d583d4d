"""Who may import whom, as docs and architecture say; and that knowing the studio is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "store", "jobs", "writers", "platforms", "media", "services", "api", "ui")
INSIDE = {
    "studio.domain": {"studio.domain"},
    "studio.errors": set(),
    "studio.durable": set(),
    "studio.paths": {"studio.errors"},
    "studio.keychain": {"studio.errors", "studio.paths", "studio.durable"},
    "studio.settings": {"studio.errors", "studio.paths", "studio.domain", "studio.store"},
    "studio.store": {"studio.store", "studio.domain", "studio.paths", "studio.errors", "studio.durable"},
    "studio.jobs": {"studio.jobs", "studio.store", "studio.domain", "studio.errors", "studio.paths", "studio.durable"},
    "studio.writers": {"studio.writers", "studio.domain", "studio.errors"},
    "studio.platforms": {"studio.platforms", "studio.domain", "studio.errors", "studio.durable"},
    "studio.media": {"studio.media", "studio.domain", "studio.errors", "studio.durable"},
    "studio.services": {
        "studio.services", "studio.domain", "studio.store", "studio.jobs", "studio.writers", "studio.platforms",
        "studio.media", "studio.paths", "studio.settings", "studio.keychain", "studio.errors", "studio.durable",
        "pipelines",
    },
    "studio.api": {"studio.api", "studio.services", "studio.domain", "studio.errors", "studio.durable"},
    "studio.ui": {"studio.ui", "studio.services", "studio.domain", "studio.jobs", "studio.errors", "studio.settings"},
    "pipelines": {"pipelines"},
}  # fmt: skip
OUTSIDE = {  # heavy libraries and the only rooms that may name them
    "gradio": {"studio.ui"},
    "fastapi": {"studio.api", "studio.ui"},
    "tinydb": {"studio.store"},
    "torch": {"pipelines"},
    "diffusers": {"pipelines"},
    "transformers": {"pipelines"},
    "peft": {"pipelines"},
    "ncnn": {"pipelines"},
    "moviepy": {"studio.media", "pipelines"},
    "openai": {"studio.writers"},
}
LIGHT = ("studio.services", "studio.services.studio", "studio.store", "studio.jobs", "studio.writers",
         "studio.platforms", "studio.media", "studio.settings", "pipelines.catalog", "pipelines.base")  # fmt: skip
HEAVY = ("torch", "diffusers", "transformers", "gradio", "moviepy", "peft", "ncnn", "accelerate")


def files():
    found = [*(ROOT / "studio").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py")]
    # what came with the model (its training recipe and its test oracle) is kept as it was, and no part of the program
    model = ROOT / "pipelines" / "starter"
    return sorted(path for path in found if model not in path.parents)


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    if module.split(".")[0] != "studio":
        return module.split(".")[0]
    return ".".join(module.split(".")[:2])


def imports(path: Path):
    """(module, line, at module level) for everything a file imports; TYPE_CHECKING blocks count as not loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set()
    for node in tree.body:
        top |= {id(one) for one in ast.walk(node)} if isinstance(node, ast.Import | ast.ImportFrom) else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            submodules = [one for one in names if (ROOT / Path(*one.split("."))).with_suffix(".py").exists()
                          or (ROOT / Path(*one.split("."))).is_dir()]  # fmt: skip
            yield from ((one, node.lineno, id(node) in top) for one in submodules or [node.module])


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_what_it_may(path):
    """The table of the architecture, edge by edge."""
    room = room_of(name_of(path))
    for module, line, _ in imports(path):
        top = module.split(".")[0]
        if top in ("studio", "pipelines") and module != "studio":
            allowed = INSIDE.get(room, set())
            assert room_of(module) in allowed, f"{path.name}:{line}: {room} must not import {module}"
        if top in OUTSIDE:
            assert room in OUTSIDE[top], f"{path.name}:{line}: {room} must not import {module}"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_are_imported_inside_functions(path):
    """Only the page may import gradio at the top; torch and its friends nobody may."""
    room = room_of(name_of(path))
    for module, line, at_top in imports(path):
        if at_top and module.split(".")[0] in HEAVY:
            allowed = module.split(".")[0] == "gradio" and room == "studio.ui"
            assert allowed, f"{path.name}:{line} imports {module} when it is loaded"


def test_tabs_do_not_know_each_other():
    """What tabs share goes through the shell."""
    for path in (ROOT / "studio" / "ui" / "tabs").glob("*.py"):
        own = path.stem.partition("_")[0]
        for module, line, _ in imports(path):
            if module.startswith("studio.ui.tabs."):
                assert module.split(".")[3].partition("_")[0] == own, f"{path.name}:{line} imports {module}"


def test_services_and_media_know_pillow_and_numpy_only_when_they_need_them():
    """The services load neither at import; media may."""
    for path in (ROOT / "studio" / "services").glob("*.py"):
        for module, line, at_top in imports(path):
            assert not (at_top and module.split(".")[0] in ("PIL", "numpy")), f"{path.name}:{line} imports {module}"


def test_knowing_the_studio_loads_nothing_heavy():
    """In a fresh process: every room but pages and API, and none of torch, diffusers, gradio and the like."""
    loaded = f"[name for name in {HEAVY!r} if name in sys.modules]"
    code = f"import sys\nfor name in {LIGHT!r}: __import__(name)\nprint({loaded})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
