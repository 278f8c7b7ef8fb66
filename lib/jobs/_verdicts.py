"""What a verdict of the outside world makes of a job."""

from datetime import UTC, datetime, timedelta
from typing import assert_never

from lib.outside import Absent, Never, NoTurn, NotYet, Verdict
from lib.queue import Discard, JobContext, JobFailure, Outcome, RetryLater, Snooze

# For how long an image that is not there may still be on its way: its upload may end after its post is added.
YOUNG = timedelta(minutes=10)
FIRST_WAIT_S = 5.0


def conclude(verdict: Verdict, context: JobContext) -> Outcome:
    """The outcome of a job that did not get its image.

    Raises:
        JobFailure, RetryLater: a later attempt may succeed.
    """
    match verdict:
        case Never(reason):
            return Discard(reason)
        case Absent(reason):
            wait_s = wait_for_absent_s(datetime.now(UTC) - context.job.created_at)
            return Discard(reason) if wait_s is None else Snooze(wait_s, f"{reason}; it may be on its way")
        case NoTurn(reason):
            return Snooze(1, reason)
        case NotYet(reason, ours=False) if context.job.is_last_attempt:
            # Whoever names a host chooses what it answers, and must not fill the list of dead jobs.
            return Discard(f"{reason}, at the last of {context.job.max_attempts} attempts")
        case NotYet(reason, retry_after_s):
            raise JobFailure(reason) if retry_after_s is None else RetryLater(reason, retry_after_s)
        case _:
            assert_never(verdict)


def wait_for_absent_s(age: timedelta) -> float | None:
    """How long to wait for an image that is not there: as long as the job has existed. None when it has
    existed long enough. age: of the job, which is as old as the post, or as its change of image."""
    return None if age >= YOUNG else max(FIRST_WAIT_S, age.total_seconds())
