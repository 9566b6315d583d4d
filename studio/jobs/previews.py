"""Preview pictures of a running job: made only when somebody looks, once per step, and kept until the next one.

It knows a callable that makes small pictures; never latents, models or who asks.
"""

import contextlib
import io
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

Frames = Callable[[], "list[Image]"]

LONGEST = 128  # frames are latents of 32 to 64 px: smooth at this size, and a quarter of the work of 256
MOST = 512  # a larger frame is made smaller: a preview travels many times a second
QUALITY = 82

log = logging.getLogger("studio.jobs")


class Previews:
    """The newest frames of one job, as JPEG when asked for. Safe to use from many threads."""

    def __init__(self):
        self._making = threading.Lock()  # a second viewer waits and shares the pictures
        self._offers: deque[tuple[int, Frames]] = deque(maxlen=1)  # taking and replacing are one step each
        self._made: tuple[int, list[bytes]] = (0, [])
        self.version = 0
        self.count: int | None = 0  # pictures of the newest frames; None while only making them would tell

    def offer(self, version: int, frames: Frames) -> None:
        """Newer frames exist. Costs nothing: `frames` is called when somebody pulls, or never."""
        if hasattr(frames, "__len__"):
            self.count = len(frames)
        elif not self.count:
            self.count = None
        self._offers.append((version, frames))
        self.version = version

    def pull(self) -> tuple[int, list[bytes]]:
        """The version and one JPEG per picture; (0, []) when there are none yet.

        When frames cannot be made the pictures before them are returned: a preview is never worth a failed job.
        """
        with self._making:
            with contextlib.suppress(IndexError):
                version, frames = self._offers.pop()
                try:
                    self._made = (version, [encode(frame) for frame in list(frames())])
                    self.count = len(self._made[1])
                except Exception as error:
                    log.warning("A preview could not be made: %s: %s", type(error).__name__, error)
            return self._made

    def close(self) -> None:
        """Let go of frames nobody looked at, and of the tensors behind them. What was made stays."""
        self._offers.clear()
        self.version, pictures = self._made
        self.count = len(pictures)


def encode(frame: "Image") -> bytes:
    """`frame` (any mode, any size) as JPEG with a longest edge of 256 to 512 px, enlarged with bicubic."""
    from PIL import Image

    frame = frame if frame.mode == "RGB" else frame.convert("RGB")
    longest = max(frame.size)
    wanted = min(max(longest, LONGEST), MOST)
    if wanted != longest:
        size = tuple(max(round(edge * wanted / longest), 1) for edge in frame.size)
        frame = frame.resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    frame.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
