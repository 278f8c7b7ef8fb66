"""What the database is told of an attempt that ended. Pure decisions: chance is an argument."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, assert_never

from lib.errors import (
    DatabaseTimeout,
    DatabaseUnavailable,
    NotReady,
    PermanentFailure,
    RetryLater,
    SchemaDiffers,
    UnreadableAnswer,
)
from lib.queue.job import Job
from lib.queue.jsonable import storable_result, storable_text
from lib.queue.outcome import Completed, Discard, Outcome, Snooze
from lib.queue.policy import Policy

# The longest wait that settle_jobs takes: a year.
MAX_WAIT_S = 31_536_000.0
# For how long after a job was made a timeout of the database, or one that is not what the code expects, is nobody's
# attempt: about eight tries.
TROUBLE_PASSES = timedelta(hours=1)

# What becomes of a job when its attempt has ended.
type Ending = Literal["completed", "retried", "dead", "snoozed", "discarded", "released"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """One job's element of settle_jobs' `outcomes`, and the ending that the database makes of it."""

    job: Job
    ending: Ending
    error: str | None = None
    result: Mapping[str, Any] | None = None
    retryable: bool = True
    not_counted: bool = False
    retry_in_seconds: float | None = None

    def to_outcome(self) -> dict[str, Any]:
        """Return the element. What has its default is left out."""
        element: dict[str, Any] = {"id": self.job.id, "claim_token": self.job.claim_token}
        match self.ending:
            case "completed" | "snoozed" | "discarded" | "released":
                element["outcome"] = self.ending
            case "retried" | "dead":
                element |= {"outcome": "failed", "retryable": self.retryable, "not_counted": self.not_counted}
            case _:
                assert_never(self.ending)
        optional = {"error": self.error, "result": self.result, "retry_in_seconds": self.retry_in_seconds}
        return element | {name: value for name, value in optional.items() if value is not None}


def settle_outcome(job: Job, outcome: Outcome) -> Settlement:
    """Decide what a handler's normal end makes of the job. A result that is not JSON is the handler's failure."""
    match outcome:
        case Completed(result):
            try:
                return Settlement(job, "completed", result=storable_result(result))
            except (TypeError, ValueError, RecursionError) as error:
                problem = storable_text(f"the handler's result is not JSON: {error}")
                return Settlement(job, "dead", error=problem, retryable=False)
        case Snooze(seconds, reason):
            return Settlement(job, "snoozed", error=storable_text(reason), retry_in_seconds=_wait_s(seconds))
        case Discard(reason):
            return Settlement(job, "discarded", error=storable_text(reason))
        case _:
            assert_never(outcome)


def settle_failure(job: Job, policy: Policy, error: BaseException, chance: float, now: datetime) -> Settlement:
    """Decide what an exception makes of the job: dead when it is permanent or the attempts are used up.

    chance: a random number in [0, 1), for the jitter. now: aware.
    """
    message = _describe(error)
    match error:
        case PermanentFailure():
            return Settlement(job, "dead", error=message, retryable=False)
        case NotReady():
            return Settlement(job, "retried", error=message, not_counted=True, retry_in_seconds=_wait_s(error.seconds))
        case DatabaseUnavailable():
            # Supabase is down: no attempt of this job could have succeeded.
            return Settlement(job, "retried", error=message, not_counted=True)
        case DatabaseTimeout() | UnreadableAnswer() | SchemaDiffers() if now - job.created_at < TROUBLE_PASSES:
            # Most likely the database is busy, or the code was deployed before its migration. A job whose own query
            # takes too long, or whose function is missing for good, ends all the same, a little later.
            return Settlement(job, "retried", error=message, not_counted=True)
        case RetryLater():
            wait = _wait_s(error.seconds)
        case _:
            wait = policy.backoff_s(job.attempts, chance)
    return Settlement(job, "dead" if job.is_last_attempt else "retried", error=message, retry_in_seconds=wait)


def release(job: Job) -> Settlement:
    """It was claimed and never started: due again at once, the attempt given back."""
    return Settlement(job, "released")


def _describe(error: BaseException) -> str:
    """Return the class of an exception and its text, if it has one: some raise while they make it."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - reporting a failure must not fail
        text = ""
    return storable_text(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _wait_s(seconds: float) -> float | None:
    """Return a wait that the database takes; None for what is not a number, whatever a handler's types promised.

    The database would refuse to settle a job with any other wait.
    """
    try:
        wait = float(seconds)
    except OverflowError:
        return MAX_WAIT_S if seconds > 0 else 0.0
    except (TypeError, ValueError):
        return None
    return None if math.isnan(wait) else min(max(0.0, wait), MAX_WAIT_S)
