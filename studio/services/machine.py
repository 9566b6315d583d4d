"""What this machine has for models: graphics memory and main memory, found without loading torch."""

import logging
import platform
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass

from studio.services.engine_use import EngineUse

GB = 1e9
_UNIFIED = 0.7  # of an Apple machine's memory its graphics may use
log = logging.getLogger("studio.models")


@dataclass(frozen=True)
class Fit:
    """Whether a model runs here. `verdict` is good, tight, slow, bad or unknown; `text` says it to people."""

    verdict: str
    text: str


class Machine:
    """Asked for often; the graphics card is looked for once."""

    def __init__(self, use: EngineUse):
        self.use, self._lock = use, threading.Lock()
        self._card: tuple[str, int] | None = None

    def card(self) -> tuple[str, int]:
        """(name, bytes) of the graphics memory, ("", 0) when there is none."""
        if total := self.use.status().get("gpu_total"):
            return "graphics card", int(total)
        with self._lock:
            if self._card is None:
                self._card = _nvidia() or _apple() or ("", 0)
            return self._card

    def memory(self) -> int:
        """Bytes of main memory."""
        import psutil

        return psutil.virtual_memory().total

    def fit(self, needs: dict[str, float]) -> Fit:
        """`needs` maps full, model and group to gigabytes; the figures are estimates until a run has measured them."""
        if not needs:
            return Fit("unknown", "Its needs are not known")
        wanted = str(self.use.settings.get("device"))
        name, card = self.card() if wanted != "cpu" else ("", 0)
        if card:
            if needs["full"] * GB <= card:
                return Fit("good", "Fits this graphics card whole")
            if needs["model"] * GB <= card:
                return Fit("good", "Fits this graphics card, its parts taking turns")
            if needs["group"] * GB <= card:
                return Fit("tight", f"Runs with offloading; {needs['model']:g} GB would be quicker")
            return Fit("bad", f"Needs {needs['group']:g} GB of graphics memory; there are {card / GB:.0f} GB")
        memory = self.memory()
        if needs["full"] * GB <= memory * 0.8:
            return Fit("slow", "Runs on the processor here, slowly")
        if needs["full"] * GB <= memory:
            return Fit("tight", "Barely fits this machine's memory, and is slow here")
        return Fit("bad", f"Needs {needs['full']:g} GB of memory; there are {memory / GB:.0f} GB here")


def _nvidia() -> tuple[str, int] | None:
    program = shutil.which("nvidia-smi")
    if not program:
        return None
    try:
        told = subprocess.run(
            [program, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, timeout=5, check=True,
        ).stdout  # fmt: skip
        cards = [line.rpartition(",") for line in told.strip().splitlines()]
        return max(((name.strip(), int(size) * 1024 * 1024) for name, _, size in cards), key=lambda card: card[1])
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        log.info("The graphics card could not be asked: %s", error)
        return None


def _apple() -> tuple[str, int] | None:
    if sys.platform != "darwin" or platform.machine() != "arm64":
        return None
    import psutil

    return "Apple graphics", int(psutil.virtual_memory().total * _UNIFIED)
