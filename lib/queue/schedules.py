"""Recurring jobs: when a cron expression fires next, and firing the slots that are due.

The database decides what is due and fires each slot once. The expressions are read here, by cronsim, whose rules for
daylight-saving changes are Debian cron's (crontab(5), "Daylight Saving Time").
"""

import logging
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from lib.errors import Conflict, DatabaseRejected, InvalidInput
from lib.logs import log_event
from lib.queue.deadline import Deadline
from lib.queue.store import DueSchedule, Store

FIELDS = 5
# Names in the time zone data whose meaning is that of the machine which reads them.
OF_THE_MACHINE = {"localtime", "posixrules"}


def next_run(cron_expression: str, timezone: str, after: datetime) -> datetime:
    """Return the first moment after `after` (aware) that the expression means in that time zone.

    Raises:
        InvalidInput: the expression or the time zone is not understood, or never comes.
    """
    zone = _zone(timezone)
    if len(cron_expression.split()) != FIELDS:  # cronsim takes a sixth, for seconds, which no minute's tick can keep
        raise InvalidInput(
            "cron_expression",
            f"{cron_expression!r} must have five fields: minute, hour, day of month, month, day of week",
        )
    try:
        return next(CronSim(cron_expression, after.astimezone(zone)))
    except (CronSimError, StopIteration, ValueError, OverflowError) as error:
        raise InvalidInput("cron_expression", f"{cron_expression!r} is not a schedule") from error


def _zone(timezone: str) -> tzinfo:
    if timezone == "UTC":
        # Needs no time zone data, which an image may lack.
        return UTC
    if timezone in OF_THE_MACHINE:
        raise InvalidInput("timezone", f"{timezone!r} is another one on each machine: name the zone")
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput("timezone", f"{timezone!r} is not a time zone") from error


async def fire_due_schedules(store: Store, deadline: Deadline) -> int:
    """Enqueue the slots that are due, each once, slots that were missed as one. Return how many.

    A schedule that cannot be planned is noted on its row and holds back no other. When the time for work is over, the
    rest is left to the next run.
    """
    fired = 0
    for schedule in await store.due_schedules():
        if not deadline.remaining_s():
            log_event("schedules.left", level=logging.WARNING, from_schedule=schedule.name)
            break
        fired += await _fire(store, schedule)
    return fired


async def _fire(store: Store, schedule: DueSchedule) -> bool:
    """Return whether this run enqueued the slot."""
    try:
        upcoming = next_run(schedule.cron_expression, schedule.timezone, schedule.now)
        job_id = await store.fire_schedule(schedule.name, schedule.next_run_at, upcoming)
    except (InvalidInput, Conflict, DatabaseRejected) as error:
        log_event("schedule.failed", level=logging.ERROR, schedule=schedule.name, reason=str(error))
        await store.fail_schedule(schedule.name, str(error))
        return False
    if job_id is None:
        return False
    log_event("schedule.fired", schedule=schedule.name, job_id=str(job_id))
    return True
