"""Who watches, and how they hear of a change: one version number for everything. It knows no jobs."""

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger("studio.jobs")


class News:
    """A version that grows with every change, and those who wait for it.

    Used as `with news:` it is the lock over what the version stands for; `turn` is called inside, `tell` outside.
    """

    def __init__(self):
        self._changed = threading.Condition(threading.Lock())
        self._listeners: tuple[Callable[[int], None], ...] = ()
        # starts at the clock: a page that watched the process before must never take an old version for the newest
        self.version = time.time_ns() // 1_000_000

    def __enter__(self):
        return self._changed.__enter__()

    def __exit__(self, *raised):
        return self._changed.__exit__(*raised)

    def turn(self) -> int:
        """The next version; whoever blocks in `wait` wakes up. The lock is held."""
        self.version += 1
        self._changed.notify_all()
        return self.version

    def tell(self, version: int) -> None:
        """Call the listeners. The lock is not held: they may look at what changed."""
        for listener in self._listeners:
            try:
                listener(version)
            except Exception as error:
                log.warning("A listener of the queue is dropped: %s: %s", type(error).__name__, error)
                self._drop(listener)

    def block_until(self, true: Callable[[], bool]) -> None:
        """Blocks until `true()`, which is asked again after every change. The lock is held when this returns."""
        self._changed.wait_for(true)

    def wait(self, since: int, timeout: float) -> int:
        """Blocks until the version is not `since`, or `timeout` seconds; returns it."""
        with self._changed:
            self._changed.wait_for(lambda: self.version != since, timeout)
            return self.version

    def subscribe(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """`callback(version)` after every change, on the thread that made it: it must return at once. One that raises
        is not called again. Returns the function that ends it.
        """
        listener = lambda version: callback(version)  # the same callback may be subscribed twice
        with self._changed:
            self._listeners += (listener,)
        return lambda: self._drop(listener)

    def _drop(self, listener: Callable[[int], None]) -> None:
        with self._changed:
            self._listeners = tuple(other for other in self._listeners if other is not listener)
