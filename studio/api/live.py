"""Server-sent events: what changed in the queue, to every page that listens.

One thread waits for changes and wakes the streams; a slow reader gets the newest state, never a backlog.
It sends words and numbers; pictures are fetched by their address.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable

import orjson
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from studio.api.shapes import job_json

log = logging.getLogger("studio.api")

PACE_SECONDS = 0.06  # at most one message in this time
HEARTBEAT_SECONDS = 15  # keeps tunnels and proxies from closing a quiet stream
HEARTBEAT = b": still here\n\n"
FINISHED = ("succeeded", "failed", "cancelled")


def stream(messages: AsyncIterator[bytes]) -> StreamingResponse:
    """An answer that no proxy may hold back, change or keep."""
    headers = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages, media_type="text/event-stream", headers=headers)


def message(data: dict, version: int) -> bytes:
    """One event as bytes; `version` is its id."""
    return b"id: %d\ndata: %s\n\n" % (version, orjson.dumps(data))


class Live:
    """The streams of one queue. The watching thread runs only while somebody listens."""

    def __init__(self, queue):
        self.queue = queue
        self._wakers: set[Callable[[], None]] = set()
        self._lock = threading.Lock()
        self._watching = False
        self._closed = False

    def page(self) -> AsyncIterator[bytes]:
        """All active jobs, now and after every change: `{"version", "paused", "jobs"}`."""
        return self._follow(self._page_now)

    def job(self, job_id: str) -> AsyncIterator[bytes]:
        """One job, now and after every change of it; ends after its last state."""
        sent = -1

        def now() -> tuple[bytes | None, bool]:
            nonlocal sent
            view = self.queue.view(job_id)
            if view.version == sent:
                return None, False
            sent = view.version
            return message(job_json(view), view.version), view.state in FINISHED

        return self._follow(now)

    def close(self) -> None:
        """End every stream, so that the server can stop at once."""
        with self._lock:
            self._closed = True
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    @property
    def listeners(self) -> int:
        return len(self._wakers)

    def _page_now(self) -> tuple[bytes, bool]:
        version = self.queue.wait(-1, 0)
        jobs = [job_json(view) for view in self.queue.active()]
        return message({"version": version, "paused": self.queue.paused, "jobs": jobs}, version), False

    async def _follow(self, now: Callable[[], tuple[bytes | None, bool]]) -> AsyncIterator[bytes]:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(changed.set)
            except RuntimeError:  # the server's loop has ended
                self._wakers.discard(wake)

        self._listen(wake)
        try:
            while not self._closed:
                changed.clear()
                data, last = await run_in_threadpool(now)
                if data:
                    yield data
                if last:
                    return
                try:
                    await asyncio.wait_for(changed.wait(), HEARTBEAT_SECONDS)
                except asyncio.TimeoutError:
                    yield HEARTBEAT
        finally:
            with self._lock:
                self._wakers.discard(wake)

    def _listen(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._wakers.add(wake)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="studio-live", daemon=True).start()

    def _watch(self) -> None:
        version = self.queue.wait(-1, 0)
        while True:
            with self._lock:
                if not self._wakers or self._closed:
                    self._watching = False
                    return
            newest = self.queue.wait(version, 1.0)
            if newest == version:
                continue
            version = newest
            with self._lock:
                wakers = list(self._wakers)
            for wake in wakers:
                wake()
            time.sleep(PACE_SECONDS)
