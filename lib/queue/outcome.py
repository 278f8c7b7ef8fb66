"""How an attempt ended, and what the database is told of it. Pure decisions: the clock and chance are arguments."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from lib.errors import DatabaseUnavailable, NotReady, PermanentFailure, RetryLater
from lib.queue.job import Job
from lib.queue.policy import Policy

MAX_ERROR_CHARACTERS = 2000
MAX_RESULT_BYTES = 65_536
# The longest wait that settle_jobs takes: a year.
MAX_WAIT_S = 31_536_000.0


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
            try:
                return Settlement(job, "completed", result=_as_json(result))
            except (TypeError, ValueError, RecursionError) as error:
                problem = clean_text(f"the handler's result is not JSON: {error}")
                return Settlement(job, "dead", error=problem, retryable=False)
        case Snooze(seconds, reason):
            return Settlement(job, "snoozed", error=clean_text(reason), retry_in_seconds=_wait_s(seconds))
        case Discard(reason):
            return Settlement(job, "discarded", error=clean_text(reason))
        case _:
            assert_never(outcome)


def settle_failure(job: Job, policy: Policy, error: BaseException, chance: float) -> Settlement:
    """What an exception makes of the job: dead when it is permanent or the attempts are used up."""
    message = _describe(error)
    match error:
        case PermanentFailure():
            return Settlement(job, "dead", error=message, retryable=False)
        case NotReady():
            return Settlement(job, "retried", error=message, not_counted=True, retry_in_seconds=_wait_s(error.seconds))
        case DatabaseUnavailable():
            # Supabase is down: no attempt of this job could have succeeded.
            return Settlement(job, "retried", error=message, not_counted=True)
        case RetryLater():
            wait = _wait_s(error.seconds)
        case _:
            wait = policy.backoff_s(job.attempts, chance)
    return Settlement(job, "dead" if job.is_last_attempt else "retried", error=message, retry_in_seconds=wait)


def refuse(job: Job) -> Settlement:
    """Nobody can run it: there is no handler for its type."""
    return Settlement(job, "dead", error=f"no handler is registered for {job.job_type}", retryable=False)


def release(job: Job) -> Settlement:
    """It was claimed and never started: due again at once, the attempt given back."""
    return Settlement(job, "released")


def clean_text(text: str) -> str:
    """Make text that Postgres can store: no NUL, no lone surrogates, at most 2,000 characters."""
    return _clean_string(text)[:MAX_ERROR_CHARACTERS]


def _describe(error: BaseException) -> str:
    """The class of an exception and its text, if it has one: some raise while they make it."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - reporting a failure must not fail
        text = ""
    return clean_text(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _wait_s(seconds: float) -> float | None:
    """A wait that the database takes: it would refuse to settle a job with any other. None for what is no number,
    whatever a handler's types promised."""
    try:
        wait = float(seconds)
    except OverflowError:
        return MAX_WAIT_S if seconds > 0 else 0.0
    except (TypeError, ValueError):
        return None
    return None if math.isnan(wait) else min(max(0.0, wait), MAX_WAIT_S)


def _as_json(result: Mapping[str, Any] | None) -> Any:
    """The same JSON without what jsonb refuses (NUL and lone surrogates in strings). One over the limit is the note
    that settle_jobs would make of it: megabytes would hold up the settling of the others.

    Raises:
        TypeError, ValueError, RecursionError: it is no JSON.
    """
    clean = _clean_json(json.loads(json.dumps(result, allow_nan=False, default=_plain)))
    size = len(json.dumps(clean, ensure_ascii=False).encode())
    if size > MAX_RESULT_BYTES:
        return {"note": f"a result of {size} bytes was left out: at most {MAX_RESULT_BYTES} are kept"}
    return clean


def _plain(value: object) -> object:
    """What json does not know by itself: mappings that are no dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _clean_json(value: Any) -> Any:
    match value:
        case str():
            return _clean_string(value)
        case dict():
            return {_clean_string(key): _clean_json(item) for key, item in value.items()}
        case list():
            return [_clean_json(item) for item in value]
        case _:
            return value


def _clean_string(text: str) -> str:
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()
