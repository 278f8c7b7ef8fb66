"""pg_cron: runs the commands of `cron.job` when they are due, and records it in `cron.job_run_details`."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from cronsim import CronSim, CronSimError
from psycopg import sql

from dev.supabase.address import Address
from dev.supabase.postgres import ADMIN

JOBS = "select jobid, schedule, command, username from cron.job where active order by jobid"
ABANDONED = """
update cron.job_run_details set status = 'failed', return_message = 'server restarted', end_time = clock_timestamp()
where status = 'running'
"""
BEGIN = """
insert into cron.job_run_details (jobid, job_pid, database, username, command, status, start_time)
values (%s, %s, %s, %s, %s, 'running', clock_timestamp()) returning runid
"""
END = """
update cron.job_run_details set status = %s, return_message = %s, end_time = clock_timestamp() where runid = %s
"""
WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
NEVER = datetime.max.replace(tzinfo=UTC)

Connection = psycopg.AsyncConnection[dict[str, Any]]


@dataclass(frozen=True)
class Job:
    """A row of cron.job. A changed one is another job, whose time begins anew."""

    jobid: int
    schedule: str
    command: str
    username: str


def next_run(schedule: str, after: datetime) -> datetime:
    """Return when a job is due next, in UTC as pg_cron counts. `schedule` is one that cron.schedule accepts."""
    if schedule.endswith(("second", "seconds")):
        return after + timedelta(seconds=int(schedule.partition(" ")[0]))
    if schedule == "@reboot":
        return NEVER
    try:
        return next(CronSim(WORDS.get(schedule, schedule).replace("$", "L"), after))
    except (CronSimError, StopIteration):  # February 30th, or 5-1: it never comes
        return NEVER


class Cron:
    """The jobs of one database, from the start of the server on. A job never overlaps itself.

    What came due while its last run went on runs once, when that has ended. What came due while
    nothing ran here is not made up for. Both are pg_cron's own rules.
    """

    def __init__(self, address: Address, database: str, tasks: asyncio.TaskGroup) -> None:
        self._address, self._database, self._tasks = address, database, tasks
        self._due: dict[Job, datetime] = {}
        self._running: set[int] = set()
        self._started = False

    async def turn(self, database: Connection, now: datetime) -> None:
        """Read the jobs, and begin those that are due."""
        if not self._started:
            await database.execute(ABANDONED)
        jobs = [Job(**row) for row in await (await database.execute(JOBS)).fetchall()]
        self._due = {job: self._due.get(job) or self._first_run(job, now) for job in jobs}
        self._started = True
        for job, due in self._due.items():
            if due <= now and job.jobid not in self._running:
                self._due[job] = next_run(job.schedule, now)
                self._running.add(job.jobid)
                self._tasks.create_task(self._run(job, database))

    def _first_run(self, job: Job, now: datetime) -> datetime:
        return now if job.schedule == "@reboot" and not self._started else next_run(job.schedule, now)

    async def _run(self, job: Job, database: Connection) -> None:
        """Run a job in a session of its own, as the user who scheduled it."""
        try:
            url = self._address.postgres_url("postgres" if job.username == "postgres" else ADMIN, self._database)
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as session:
                values = [job.jobid, session.info.backend_pid, self._database, job.username, job.command]
                begun = await (await database.execute(BEGIN, values)).fetchone()
                status, message = await outcome(session, job)
                await database.execute(END, [status, message, begun["runid"] if begun else None])
        finally:
            self._running.discard(job.jobid)


async def outcome(session: psycopg.AsyncConnection[Any], job: Job) -> tuple[str, str]:
    """Run a job's command as its user, and return the status and the message that pg_cron records."""
    try:
        if session.info.user != job.username:  # a role that cannot log in
            await session.execute(sql.SQL("set session authorization {}").format(sql.Identifier(job.username)))
        # Without parameters psycopg sends the whole script in one message, as pg_cron does.
        cursor = await session.execute(job.command.encode())
        while cursor.nextset():
            pass
    except psycopg.Error as error:
        return "failed", f"ERROR:  {error}"
    if cursor.description is None:
        return "succeeded", cursor.statusmessage or ""
    return "succeeded", f"{cursor.rowcount} row{'' if cursor.rowcount == 1 else 's'}"
