"""Recurring jobs: when a cron expression fires next, and firing the slots that are due.

The database decides what is due and fires each slot once; the expressions are read here, by cronsim, whose
rules for daylight-saving changes are Debian cron's (crontab(5), "Daylight Saving Time").
"""

import logging
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from lib.database import Database
from lib.errors import Conflict, DatabaseRejected, InvalidInput
from lib.logs import log_event
from lib.queue.budget import TimeBudget


def next_run(cron_expression: str, timezone: str, after: datetime) -> datetime:
    """The first moment after `after` (aware) that the expression means in that time zone.

    Raises:
        InvalidInput: the expression or the time zone is not understood, or never comes.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput("timezone", f"{timezone!r} is not a time zone") from error
    try:
        return next(CronSim(cron_expression, after.astimezone(zone)))
    except (CronSimError, StopIteration, ValueError, OverflowError) as error:
        raise InvalidInput("cron_expression", f"{cron_expression!r} is not a schedule") from error


async def fire_due_schedules(database: Database, budget: TimeBudget, clock: Callable[[], float]) -> int:
    """Enqueue the slots that are due, each once, slots that were missed as one; returns how many.

    A schedule that cannot be planned is noted on its row and holds back no other. When the time for work is over the
    rest is left to the next run.
    """

    def timeout_s() -> float:
        return budget.call_timeout_s(clock())

    fired = 0
    for schedule in await database.due_schedules(timeout_s()):
        name, now = schedule["name"], datetime.fromisoformat(schedule["now"])
        if not budget.remaining_s(clock()):
            log_event("schedules.left", level=logging.WARNING, from_schedule=name)
            break
        try:
            upcoming = next_run(schedule["cron_expression"], schedule["timezone"], now)
            job_id = await database.fire_schedule(name, schedule["next_run_at"], upcoming.isoformat(), timeout_s())
        except (InvalidInput, Conflict, DatabaseRejected) as error:
            log_event("schedule.failed", level=logging.ERROR, schedule=name, reason=str(error))
            await database.fail_schedule(name, str(error), timeout_s())
            continue
        if job_id is not None:
            fired += 1
            log_event("schedule.fired", schedule=name, job_id=job_id)
    return fired
