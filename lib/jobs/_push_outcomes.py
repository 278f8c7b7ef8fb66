"""What the pushes of one notification make of its job."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lib.logs import log_event
from lib.outside import NoTurn, NotYet
from lib.outside.push import Gone, PushVerdict, Refused, Taken
from lib.queue import Completed, Discard, JobFailure, Outcome, RetryLater, Snooze


@dataclass(frozen=True, slots=True)
class GivenUp:
    """No attempt got an answer. The reason is that of the last one."""

    reason: str


def conclude(notification_id: UUID, verdicts: Sequence[PushVerdict | GivenUp]) -> Outcome:
    """Done, unless a push is to be tried again: then at the latest moment that a push service asked for."""
    later = [verdict for verdict in verdicts if isinstance(verdict, NotYet)]
    if later:
        message = f"{_which(len(later), len(verdicts), 'failed', 'failed')} for now: {later[0].reason}"
        waits = [verdict.retry_after_s for verdict in later if verdict.retry_after_s is not None]
        raise RetryLater(message, max(waits)) if waits else JobFailure(message)
    for verdict in verdicts:
        if isinstance(verdict, NoTurn):
            return Snooze(5, verdict.reason)
    refused = [verdict for verdict in verdicts if isinstance(verdict, Refused)]
    if verdicts and all(isinstance(verdict, Refused) and verdict.for_the_sender for verdict in verdicts):
        return _refused_for_the_sender(refused)
    given_up = [verdict for verdict in verdicts if isinstance(verdict, GivenUp)]
    if verdicts and len(given_up) == len(verdicts):
        return _unanswered(given_up)
    counts = {
        "delivered": sum(isinstance(verdict, Taken) for verdict in verdicts),
        "refused": len(refused),
        "removed": sum(isinstance(verdict, Gone) for verdict in verdicts),
    }
    if given_up:
        counts["given_up"] = len(given_up)
    return Completed({"notification_id": str(notification_id), "push": counts})


def _unanswered(given_up: Sequence[GivenUp]) -> Outcome:
    """Not one push service answered. No failed job, as below: a user's endpoint may be such that it never does."""
    log_event("push.unanswered", level=logging.WARNING, pushes=len(given_up), reason=given_up[0].reason)
    return Discard(
        f"{_which(len(given_up), len(given_up), 'was', 'were')} not answered: {given_up[0].reason}."
        " The notification is in the app"
    )


def _refused_for_the_sender(refused: Sequence[Refused]) -> Outcome:
    """Not one browser was reached, and the push services blame the sender. No failed job: whoever owns a push endpoint
    chooses what it answers, and must not make the queue unhealthy."""
    statuses = sorted({verdict.status for verdict in refused})
    log_event("push.sender_refused", level=logging.ERROR, pushes=len(refused), statuses=statuses)
    said = ", ".join(map(str, statuses))
    return Discard(
        f"{_which(len(refused), len(refused), 'was', 'were')} refused ({said}): VAPID_PRIVATE_KEY is probably not"
        " the key that these browsers subscribed with. Restore it, or let the app subscribe again. The notification is"
        " in the app"
    )


def _which(some: int, of_all: int, verb: str, verb_of_many: str) -> str:
    """The push was, 1 of 2 pushes was, 2 of 2 pushes were."""
    if of_all == 1:
        return f"the push {verb}"
    return f"{some} of {of_all} pushes {verb if some == 1 else verb_of_many}"
