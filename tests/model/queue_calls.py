"""The real queue, as the model test drives it: calls as service_role, and a look at every row after each call."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, LiteralString, Self
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.model.reference import Ask, NewJob

type Row = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """Every row, and the database's time after they were read."""

    active: dict[UUID, Row]
    ended: dict[UUID, Row]
    paused: set[str]
    now: datetime


class QueueCalls:
    """Two connections to one database: `calls` is what a service has, `eyes` sees and ages rows."""

    def __init__(self, database_url: str) -> None:
        self._open = ExitStack()
        self.calls = self._connect(database_url)
        self.calls.execute("set role service_role")
        self.eyes = self._connect(database_url)

    def _connect(self, url: str) -> psycopg.Connection[Row]:
        connection: psycopg.Connection[Row] = psycopg.connect(url, autocommit=True, row_factory=dict_row)
        self._open.callback(connection.close)
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _rows(self, query: LiteralString, *arguments: object) -> list[Row]:
        return self.calls.execute(query, arguments).fetchall()

    def _answer(self, query: LiteralString, *arguments: object) -> Any:
        return self._rows(query, *arguments)[0]["answer"]

    # -- the house

    def empty(self) -> None:
        """Forget all jobs, count single claims from the start, and let the jitter of all waits be the same again, so
        that the same steps do the same."""
        self.eyes.execute("truncate public.background_jobs, public.job_history, queue_private.paused_job_types")
        self.eyes.execute("select setval('queue_private.single_claims', 1, false)")
        self.calls.execute("select setseed(0.5)")

    def look(self) -> Snapshot:
        """Read everything."""
        active = self.eyes.execute("select * from public.background_jobs").fetchall()
        ended = self.eyes.execute("select * from public.job_history").fetchall()
        row = self.eyes.execute(
            "select clock_timestamp() as now,"
            " array(select job_type::text from queue_private.paused_job_types) as paused"
        ).fetchone()
        assert row is not None
        return Snapshot(
            {each["id"]: each for each in active},
            {each["job_id"]: each for each in ended},
            set(row["paused"]),
            row["now"],
        )

    def shift(self, seconds: int) -> None:
        """Make everything that much older, as if time had passed."""
        by = timedelta(seconds=seconds)
        self.eyes.execute(
            "update public.background_jobs set scheduled_for = scheduled_for - %s, started_at = started_at - %s,"
            " lease_expires_at = lease_expires_at - %s",
            (by, by, by),
        )
        self.eyes.execute("update public.job_history set completed_at = completed_at - %s", (by,))

    def expire(self, job_id: UUID) -> datetime:
        """Let one lease run out; returns when."""
        row = self.eyes.execute(
            "update public.background_jobs set lease_expires_at = clock_timestamp() - interval '1 second'"
            " where id = %s returning lease_expires_at",
            (job_id,),
        ).fetchone()
        assert row is not None
        moment: datetime = row["lease_expires_at"]
        return moment

    # -- the contract's calls

    def enqueue_job(self, new: NewJob, now: datetime) -> Row:
        """One row {id, created, status}."""
        (row,) = self._rows(
            "select * from public.enqueue_job(job_type => %s::public.job_type, payload => %s, priority => %s,"
            " scheduled_for => %s, idempotency_key => %s, max_attempts => %s, dedupe_seconds => %s)",
            new.job_type,
            Jsonb(new.payload),
            new.priority,
            None if new.delay_s is None else now + timedelta(seconds=new.delay_s),
            new.idempotency_key,
            new.max_attempts,
            new.dedupe_seconds,
        )
        return row

    def enqueue_jobs(self, wanted: Sequence[NewJob], now: datetime) -> list[Row]:
        """Rows {position, id, created, status}."""
        return self._rows("select * from public.enqueue_jobs(%s)", Jsonb([enqueue_element(new, now) for new in wanted]))

    def claim_jobs(self, worker_id: str, max_jobs: int, types: Sequence[str] | None, lease_seconds: int) -> list[Row]:
        """Leased rows."""
        return self._rows(
            "select * from public.claim_jobs(%s, %s, %s::public.job_type[], %s)",
            worker_id,
            max_jobs,
            None if types is None else list(types),
            lease_seconds,
        )

    def claim_next_job(self, worker_id: str, types: Sequence[str] | None) -> list[Row]:
        """No row, or one."""
        return self._rows(
            "select * from public.claim_next_job(%s, %s::public.job_type[])",
            worker_id,
            None if types is None else list(types),
        )

    def claim_isolated_job(self, worker_id: str, types: Sequence[str] | None, lease_seconds: int) -> list[Row]:
        """No row, or one."""
        return self._rows(
            "select * from public.claim_isolated_job(%s, %s::public.job_type[], %s)",
            worker_id,
            None if types is None else list(types),
            lease_seconds,
        )

    def settle_jobs(self, worker_id: str, asks: Sequence[Ask]) -> list[Row]:
        """Rows {id, answer}."""
        return self._rows("select * from public.settle_jobs(%s, %s)", worker_id, Jsonb([element(ask) for ask in asks]))

    def settle_and_claim(self, worker_id: str, asks: Sequence[Ask], max_jobs: int, types: Sequence[str] | None) -> Row:
        """{settled, claimed}."""
        row: Row = self._answer(
            "select public.settle_and_claim(%s, %s, %s, %s::public.job_type[]) as answer",
            worker_id,
            Jsonb([element(ask) for ask in asks]),
            max_jobs,
            None if types is None else list(types),
        )
        return row

    def complete_job(self, ask: Ask) -> str:
        """The answer."""
        return str(
            self._answer("select public.complete_job(%s, %s, %s) as answer", ask.id, ask.claim_token, Jsonb(ask.result))
        )

    def fail_job(self, ask: Ask) -> str:
        """The answer."""
        return str(
            self._answer(
                "select public.fail_job(%s, %s, %s, %s) as answer", ask.id, ask.claim_token, ask.error, ask.retryable
            )
        )

    def rescue_expired_jobs(self, max_jobs: int) -> Row:
        """{requeued, dead}."""
        (row,) = self._rows("select * from public.rescue_expired_jobs(%s)", max_jobs)
        return row

    def redrive_jobs(self, ids: Sequence[UUID] | None, job_type: str | None, max_jobs: int) -> list[UUID]:
        """The new jobs' ids."""
        rows = self._rows(
            "select public.redrive_jobs(%s::uuid[], %s::public.job_type, %s) as id",
            None if ids is None else list(ids),
            job_type,
            max_jobs,
        )
        return [row["id"] for row in rows]

    def cancel_job(self, job_id: UUID) -> bool:
        """The answer."""
        return bool(self._answer("select public.cancel_job(%s) as answer", job_id))

    def pause_job_type(self, job_type: str) -> bool:
        """The answer."""
        return bool(self._answer("select public.pause_job_type(%s::public.job_type) as answer", job_type))

    def resume_job_type(self, job_type: str) -> bool:
        """The answer."""
        return bool(self._answer("select public.resume_job_type(%s::public.job_type) as answer", job_type))


def element(ask: Ask) -> Row:
    """An element of settle_jobs' outcomes; what is unset is left out."""
    row = {**asdict(ask), "id": str(ask.id), "claim_token": str(ask.claim_token)}
    return {name: value for name, value in row.items() if value is not None}


def enqueue_element(new: NewJob, now: datetime) -> Row:
    """An element of enqueue_jobs' array."""
    row = asdict(new)
    row.pop("broken")
    delay_s = row.pop("delay_s")
    row["scheduled_for"] = None if delay_s is None else (now + timedelta(seconds=delay_s)).isoformat()
    return row
