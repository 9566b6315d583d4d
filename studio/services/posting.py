"""The loop that sends what is due, in the studio's process: a few threads, one post at a time per account.

It holds no state: what there is to do is in the documents, so that a crash, a sleep or a second loop change nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from studio.services.accounts import Accounts
from studio.services.sending import Sender
from studio.services.zones import iso, seconds
from studio.store import Store

log = logging.getLogger("studio.posting")
LONGEST_WAIT_S = 15.0  # a laptop that wakes up is noticed within it
RENEW_S = 600.0
THREADS = 4


class Posting:
    """Started once the studio is up; `stop` waits for requests that are under way, as long as it is told."""

    def __init__(self, store: Store, sender: Sender, accounts: Accounts, clock: Callable[[], float] = time.time):
        self._store, self._sender, self._accounts, self._clock = store, sender, accounts, clock
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._pool: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Begin to send. Harmless when it runs."""
        if self._thread is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="studio-posting")
            self._thread = threading.Thread(target=self._run, name="studio-posting", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """There may be something to send now."""
        self._woken.set()

    def stop(self, timeout: float = 2.0) -> bool:
        """Begin nothing new; whether all that was under way has ended in time. What has not is unknown after the next
        start, and looked for."""
        self._stopped.set()
        self._woken.set()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        done = not self._thread.is_alive()
        self._pool.shutdown(wait=False, cancel_futures=True)
        return done

    def _run(self) -> None:
        renewed = time.monotonic()
        while not self._stopped.is_set():
            self._woken.clear()
            try:
                busy = self._round()
                if time.monotonic() - renewed > RENEW_S:
                    renewed = time.monotonic()
                    self._accounts.renew_due()
            except Exception:
                log.exception("A round of sending broke; the next one comes.")
                busy = False
            if not busy:
                self._woken.wait(self._until_next())

    def _round(self) -> bool:
        """Send what is due now, one per account; whether there was anything."""
        steps = self._sender.due()
        running = [self._pool.submit(self._step, *one) for one in steps if not self._stopped.is_set()]
        for one in running:
            one.result()
        return bool(steps)

    def _step(self, post_id: str, account_id: str) -> None:
        if self._stopped.is_set():
            return
        try:
            self._sender.advance(post_id, account_id)
        except Exception:
            log.exception("Post %s could not be taken on.", post_id)
            self._stopped.wait(1.0)  # a disk that is full stays so for a while

    def _until_next(self) -> float:
        wake = self._store.posts.next_wake()
        if not wake or wake <= iso(self._clock()):
            return LONGEST_WAIT_S if not wake else 1.0
        return min(max(seconds(wake) - self._clock(), 0.05), LONGEST_WAIT_S)
