"""Background work: a durable queue, one worker, live progress and previews."""

from studio.jobs.previews import Frames
from studio.jobs.queue import Queue
from studio.jobs.view import JobView
from studio.jobs.worker import Executor, Report

__all__ = ["Executor", "Frames", "JobView", "Queue", "Report"]
