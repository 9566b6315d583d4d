"""Server-sent events: what changed in the queue, to every page that listens.

A slow reader gets the newest state, never a backlog. Words and numbers only; pictures are fetched by their address.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable

import orjson
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from studio.api.shapes import job_json, job_line
from studio.domain.job import FINISHED

PACE_SECONDS = 0.06  # at most one message in this time
HEARTBEAT_SECONDS = 15  # keeps tunnels and proxies from closing a quiet stream
MOST_WAITING = 50  # of the waiting jobs are named to a page; the rest is a number
HEARTBEAT = b": still here\n\n"


def stream(messages: AsyncIterator[bytes]) -> StreamingResponse:
    """An answer that no proxy may hold back, change or keep."""
    headers = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages, media_type="text/event-stream", headers=headers)


def message(data: dict, version: int) -> bytes:
    """One event as bytes; `version` is its id."""
    return b"id: %d\ndata: %s\n\n" % (version, orjson.dumps(data))


class Live:
    """The streams of one queue: `page` for all active jobs, `job` for one. A page hears of `downloads` as well."""

    def __init__(self, queue, downloads=None):
        self.queue, self.downloads = queue, downloads
        self._wakers: set[Callable[[], None]] = set()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._wakers)

    def page(self) -> AsyncIterator[bytes]:
        """The active jobs in short, now and after every change:
        `{"version", "paused", "jobs", "waiting_total", "downloads"}`."""
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

    def _page_now(self) -> tuple[bytes, bool]:
        version = self.queue.version
        views, waiting = self.queue.active(MOST_WAITING), self.queue.waiting
        now = {"version": version, "paused": self.queue.paused, "jobs": [job_line(view) for view in views]}
        more = {"waiting_total": waiting, "downloads": self.downloads.list() if self.downloads else []}
        return message(now | more, version), False

    async def _follow(self, now: Callable[[], tuple[bytes | None, bool]]) -> AsyncIterator[bytes]:
        loop, changed, told = asyncio.get_running_loop(), asyncio.Event(), False

        def wake(version: int = 0) -> None:
            nonlocal told
            if not told:  # a step must not pay for a page that is already awake
                told = True
                loop.call_soon_threadsafe(changed.set)

        with self._lock:
            self._wakers.add(wake)
        heard = [self.queue.subscribe(wake)]
        if self.downloads is not None:
            heard.append(self.downloads.queue.subscribe(wake))
        try:
            while not self._closed:
                changed.clear()
                told = False
                data, last = await run_in_threadpool(now)
                if data:
                    yield data
                if last:
                    return
                sent = time.monotonic()
                try:
                    await asyncio.wait_for(changed.wait(), HEARTBEAT_SECONDS)
                except asyncio.TimeoutError:
                    yield HEARTBEAT
                else:
                    await asyncio.sleep(max(0.0, sent + PACE_SECONDS - time.monotonic()))
        finally:
            for unsubscribe in heard:
                unsubscribe()
            with self._lock:
                self._wakers.discard(wake)
