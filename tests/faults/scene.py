"""A scene of a fault test: one database with the witness, jobs and likes in it, and what must hold afterwards."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.faults.handlers import ENDS, TASK_TYPES, Deed

HERE = Path(__file__).resolve().parent
CHECKS = (HERE / "checks.sql").read_bytes()
WITNESS = (HERE / "witness.sql").read_bytes()
# Far above what any scene needs: then something is stuck.
MOST_TICKS = 40

type Row = dict[str, Any]


@dataclass
class Scene:
    """`planted` are the jobs that were acknowledged, with how each should end."""

    env: dict[str, str]
    folder: Path
    planted: dict[UUID, str] = field(default_factory=dict)
    ticks: int = 0
    last_tick: object = None
    slots: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Connect as the owner of the tables."""
        self._types = itertools.cycle(TASK_TYPES)
        self.db = self._connect()

    def _connect(self) -> psycopg.Connection[Row]:
        connection: psycopg.Connection[Row] = psycopg.connect(
            self.env["DATABASE_URL"], autocommit=True, row_factory=dict_row
        )
        return connection

    def set_up(self) -> Self:
        """Add the witness to a fresh database, whose job types take the tasks of these tests."""
        self.db.execute(WITNESS)
        return self

    def reconnect(self) -> None:
        """After Postgres was restarted."""
        self.db.close()
        self.db = self._connect()

    def __enter__(self) -> Self:
        return self.set_up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.db.close()

    # -- arranging

    def plant(self, deeds: Iterable[Deed], *, ms: int = 0, isolated: bool = False, max_attempts: int = 3) -> list[UUID]:
        """Enqueue a task for each deed, on one single type after another."""
        deeds = list(deeds)
        jobs = [
            {
                "job_type": job_type,
                "payload": {"do": deed, "ms": ms},
                "max_attempts": max_attempts,
                "priority": at % 4,
            }
            for at, (deed, job_type) in enumerate(zip(deeds, self._types, strict=False))
        ]
        rows = self.db.execute("select * from public.enqueue_jobs(%s)", (Jsonb(jobs),)).fetchall()
        ids: list[UUID] = [row["id"] for row in rows]
        self.planted.update({job_id: ENDS[deed] for job_id, deed in zip(ids, deeds, strict=True)})
        if isolated:
            self.db.execute("update public.background_jobs set isolated = true where id = any (%s)", (ids,))
        return ids

    def plant_likes(self, posts: int, sessions: int) -> list[UUID]:
        """Make posts and like each; their syncs are due."""
        rows = self.db.execute(
            "insert into public.posts_new (caption) select 'liked' from generate_series(1, %s) returning id", (posts,)
        ).fetchall()
        ids: list[UUID] = [row["id"] for row in rows]
        self.db.execute(
            "select public.set_like(post, format('session-%%s-of-a-liker', n), true)"
            " from unnest(%s::uuid[]) as post, generate_series(1, %s) as n",
            (ids, sessions),
        )
        self.make_due()
        return ids

    def plant_slot(self) -> None:
        """Let one slot of a schedule be due, unless the last one still is, or its job is still active.

        While a job of a schedule waits, its next slots are not enqueued: one waiting job is enough.
        """
        row = self.db.execute(
            """
            insert into public.job_schedules (name, job_type, payload, cron_expression, next_run_at)
            values ('of-the-scene', 'recompute_rankings', '{"do": "complete"}', '* * * * *', %(slot)s)
            on conflict (name) do update set next_run_at = excluded.next_run_at
            where job_schedules.next_run_at > now() - interval '1 hour'
              and not exists (select from public.background_jobs as job where job.id = job_schedules.last_job_id)
            returning to_char(next_run_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as slot
            """,
            {"slot": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=len(self.slots))},
        ).fetchone()
        if row is not None:
            self.slots.append(f"schedule:of-the-scene:{row['slot']}")

    # -- time

    def make_due(self) -> None:
        """Every wait is over, but for the jobs that a rater holds."""
        self.db.execute(
            "update public.background_jobs set scheduled_for = clock_timestamp() - interval '1 ms'"
            " where id in (select id from public.background_jobs where status = 'pending'"
            " and scheduled_for > clock_timestamp() for update skip locked)"
        )

    def expire_leases(self) -> None:
        """Every lease has run out."""
        self.db.execute(
            "update public.background_jobs set lease_expires_at = clock_timestamp() - interval '1 ms'"
            " where status = 'processing' and lease_expires_at > clock_timestamp()"
        )

    def minutes_pass(self, minutes: int = 1) -> None:
        """Leases and waits alike are that much closer to their end."""
        self.db.execute(
            "update public.background_jobs set scheduled_for = scheduled_for - %s * interval '1 min',"
            " lease_expires_at = lease_expires_at - %s * interval '1 min'",
            (minutes, minutes),
        )

    def heal(self, tick: Callable[[], object], *, most: int = MOST_TICKS) -> int:
        """Have ordinary ticks, with time in between for what waits, until no job is active; return how many it took."""
        for number in range(most):
            if not self.active():
                return number
            self.make_due()
            self.expire_leases()
            self.last_tick = tick()
            self.ticks += 1
        return most

    # -- looking

    def active(self) -> int:
        """How many jobs have not ended."""
        row = self.db.execute("select count(*) as n from public.background_jobs").fetchone()
        assert row is not None
        return int(row["n"])

    def ends(self, ids: Iterable[UUID] | None = None) -> Counter[str]:
        """How many jobs ended how."""
        wanted = list(self.planted if ids is None else ids)
        rows = self.db.execute(
            "select status::text, count(*) as n from public.job_history where job_id = any (%s) group by 1", (wanted,)
        )
        return Counter({row["status"]: row["n"] for row in rows})

    def message_of(self, job_id: UUID) -> str | None:
        """Why a job ended."""
        row = self.db.execute("select error_message from public.job_history where job_id = %s", (job_id,)).fetchone()
        return None if row is None else row["error_message"]

    def effects(self, stage: str = "begun") -> Counter[UUID]:
        """How often each job's handler left an effect."""
        rows = self.db.execute("select job_id, count(*) as n from public.effects where stage = %s group by 1", (stage,))
        return Counter({row["job_id"]: row["n"] for row in rows})

    def violations(self, *, confused: bool = False) -> list[str]:
        """What the guarantees forbid and the database shows, once the queue is drained.

        confused: workers took one call's reply for another's, so that what they believe, and what handlers did upon
        it, is no evidence: only what the database did is.
        """
        rows = self.db.execute(CHECKS).fetchall()
        believed = ("completed before its effect", "completed without its effect") if confused else ()
        found = [f"{row['violation']}: {row['subject']}" for row in rows if row["violation"] not in believed]
        found += self._lost()
        found += [] if confused else self._wrong_answers()
        found += self._wrong_slots()
        found += self._wrong_ends()
        if self.active():
            found.append(f"still active: {self.active()} jobs; the last of {self.ticks} ticks: {self.last_tick}")
        return found + self._drift()

    def _lost(self) -> list[str]:
        rows = self.db.execute(
            "select id from public.background_jobs union all select job_id from public.job_history"
        ).fetchall()
        return [f"lost: {job_id}" for job_id in self.planted.keys() - {row["id"] for row in rows}]

    def _wrong_ends(self) -> list[str]:
        rows = self.db.execute(
            "select job_id, status::text, error_message from public.job_history where job_id = any (%s)",
            (list(self.planted),),
        )
        return [
            f"ended as {row['status']}, not {self.planted[row['job_id']]}: {row['job_id']} ({row['error_message']})"
            for row in rows
            if row["status"] != self.planted[row["job_id"]]
        ]

    def _wrong_answers(self) -> list[str]:
        """What workers were told, against what the database did: a token settles once, and only its own lease."""
        told = [answer for answer in self.answers() if answer["answer"] == "settled"]
        times = Counter((answer["id"], answer["token"]) for answer in told)
        found = [f"settled {n} times under one token: {job_id}" for (job_id, _), n in times.items() if n > 1]
        rows = self.db.execute(
            "select job_id::text, was ->> 'token' as token from public.transitions"
            " where was ->> 'status' = 'processing' and became ->> 'status' is distinct from 'processing'"
        )
        done = {(row["job_id"], row["token"]) for row in rows}
        return found + [f"settled under a token that had no lease: {job_id}" for job_id, token in times.keys() - done]

    def _wrong_slots(self) -> list[str]:
        rows = self.db.execute(
            "select key from (select idempotency_key as key from public.background_jobs union all"
            " select idempotency_key from public.job_history) as keys where key = any (%s)",
            (self.slots,),
        )
        times = Counter(row["key"] for row in rows)
        return [f"slot enqueued {times[slot]} times: {slot}" for slot in self.slots if times[slot] != 1]

    def _drift(self) -> list[str]:
        rows = self.db.execute(
            "select post.id, post.likes, count(rating.post_id) as counted from public.posts_new as post"
            " left join public.post_ratings as rating on rating.post_id = post.id group by post.id"
            " having post.likes <> count(rating.post_id)"
        )
        return [f"likes {row['likes']}, counted {row['counted']}: post {row['id']}" for row in rows]

    def answers(self) -> Sequence[Row]:
        """Every answer to a settle that a worker got."""
        log = self.folder / "answers.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
