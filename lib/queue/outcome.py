"""How an attempt ended, and what the database is told of it. Pure decisions: the clock and chance are arguments."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from lib.errors import DatabaseUnavailable, NotReady, PermanentFailure, RetryLater
from lib.queue.job import Job
from lib.queue.policy import Policy

MAX_ERROR_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Completed:
    """Done. `result` is a JSON object of at most 64 KiB, kept in the history."""

    result: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Snooze:
    """Not yet: run it again in `seconds`, without counting this attempt."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Not worth doing any more, and no failure: the post is gone, say."""

    reason: str


type Outcome = Completed | Snooze | Discard

# The fates of an attempt, as the worker reports them.
type Fate = Literal["completed", "retried", "dead", "snoozed", "discarded", "released"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What to tell settle_jobs of one job, and what that makes of it."""

    job: Job
    fate: Fate
    error: str | None = None
    result: Mapping[str, Any] | None = None
    retryable: bool = True
    not_counted: bool = False
    retry_in_seconds: float | None = None

    def to_row(self) -> dict[str, Any]:
        """The element of settle_jobs' `outcomes`."""
        row: dict[str, Any] = {"id": str(self.job.id), "claim_token": str(self.job.claim_token)}
        match self.fate:
            case "completed" | "snoozed" | "discarded" | "released":
                row["outcome"] = self.fate
            case "retried" | "dead":
                row |= {"outcome": "failed", "retryable": self.retryable, "not_counted": self.not_counted}
            case _:
                assert_never(self.fate)
        optional = {"error": self.error, "result": self.result, "retry_in_seconds": self.retry_in_seconds}
        return row | {name: value for name, value in optional.items() if value is not None}


def settle_outcome(job: Job, outcome: Outcome) -> Settlement:
    """What a handler's normal end makes of the job. A result that is no JSON is the handler's failure."""
    match outcome:
        case Completed(result):
            if problem := _json_problem(result):
                return Settlement(job, "dead", error=f"the handler's result is not JSON: {problem}", retryable=False)
            return Settlement(job, "completed", result=_clean_json(result))
        case Snooze(seconds, reason):
            return Settlement(job, "snoozed", error=clean_text(reason), retry_in_seconds=max(0.0, seconds))
        case Discard(reason):
            return Settlement(job, "discarded", error=clean_text(reason))
        case _:
            assert_never(outcome)


def settle_failure(job: Job, policy: Policy, error: BaseException, chance: float) -> Settlement:
    """What an exception makes of the job: dead when it is permanent or the attempts are used up."""
    message = clean_text(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    match error:
        case PermanentFailure():
            return Settlement(job, "dead", error=message, retryable=False)
        case NotReady():
            return Settlement(job, "retried", error=message, not_counted=True, retry_in_seconds=error.seconds)
        case DatabaseUnavailable():
            # Supabase is down: no attempt of this job could have succeeded.
            return Settlement(job, "retried", error=message, not_counted=True)
        case RetryLater():
            wait: float | None = error.seconds
        case _:
            wait = policy.backoff_s(job.attempts, chance)
    return Settlement(job, "dead" if job.is_last_attempt else "retried", error=message, retry_in_seconds=wait)


def release(job: Job) -> Settlement:
    """It was claimed and never started: due again at once, the attempt given back."""
    return Settlement(job, "released")


def clean_text(text: str) -> str:
    """Make text that Postgres can store: no NUL, no lone surrogates, at most 2,000 characters."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()[:MAX_ERROR_CHARACTERS]


def _json_problem(result: object) -> str | None:
    try:
        json.dumps(result, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        return clean_text(str(error))
    return None


def _clean_json(value: Any) -> Any:
    """The same JSON without what jsonb refuses (NUL and lone surrogates in strings)."""
    match value:
        case str():
            return value.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()
        case Mapping():
            return {_clean_json(str(key)): _clean_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean_json(item) for item in value]
        case _:
            return value
