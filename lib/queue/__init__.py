"""The queue: job types, their policies and outcomes, enqueueing, and the worker.

This package exports what a job page needs. It knows neither HTTP nor any particular job type.
"""

from lib.errors import JobFailure, NotReady, PermanentFailure, RetryLater
from lib.queue.context import JobContext
from lib.queue.enqueue import Enqueued, NewJob, enqueue, enqueue_many
from lib.queue.outcome import Completed, Discard, Outcome, Snooze
from lib.queue.policy import Policy
from lib.queue.registry import BatchOutcome, Payload, batch_job, job

__all__ = [
    "BatchOutcome",
    "Completed",
    "Discard",
    "Enqueued",
    "JobContext",
    "JobFailure",
    "NewJob",
    "NotReady",
    "Outcome",
    "Payload",
    "PermanentFailure",
    "Policy",
    "RetryLater",
    "Snooze",
    "batch_job",
    "enqueue",
    "enqueue_many",
    "job",
]
