"""What enqueueing costs: one job and a thousand a call, with keys and without, beside plain inserts."""

import itertools
import json
from collections.abc import Callable

from bench import adapter, by_hand
from bench.lab import Lab
from bench.measuring import Connection, in_turn
from bench.results import Findings, Table

COLUMNS = ("", "jobs/s", "ratio")
PLAIN = "insert into public.background_jobs (job_type, payload) values ('recompute_rankings', %s) returning id"
PLAIN_MANY = """insert into public.background_jobs (job_type, payload)
    select 'recompute_rankings', unnest(%s::jsonb[]) returning id"""
ONE = "select * from public.enqueue_job(job_type => 'recompute_rankings', payload => %s)"
ONE_KEYED = """select * from public.enqueue_job(
    job_type => 'recompute_rankings', payload => %s, idempotency_key => %s)"""
MANY = "select * from public.enqueue_jobs(%s)"


def run(lab: Lab) -> Findings:
    """Print both ways' rates against inserts into the hand-written queue's table."""
    with (
        lab.migrated("bench_ours") as url,
        lab.empty("bench_by_hand") as reference_url,
        lab.connect(url) as db,
        lab.connect(reference_url) as reference,
    ):
        db.execute("set role service_role")
        by_hand.set_up(reference)
        singles, bulk = _singles(lab, db, reference), _bulk(lab, db, reference)
    return Findings(
        tables=(
            Table(title="One job a call", columns=COLUMNS, rows=_rows(singles)),
            Table(title=f"{adapter.BULK:,} jobs a call", columns=COLUMNS, rows=_rows(bulk)),
        ),
        facts={"bulk_jobs_per_second": bulk["enqueue_jobs"], "single_jobs_per_second": singles["enqueue_job"]},
    )


def _singles(lab: Lab, db: Connection, reference: Connection) -> dict[str, float]:
    keys = (f"one-{number}" for number in itertools.count())
    jobs = lab.scale.singles

    def each(connection: Connection, statement: str, *, keyed: bool = False) -> Callable[[], float]:
        def enqueue() -> None:
            for number in range(jobs):
                payload = json.dumps({"limit": number})
                connection.execute(statement, [payload, next(keys)] if keyed else [payload]).fetchone()

        return lambda: jobs / adapter.seconds(enqueue)

    return in_turn(
        {
            "insert into the hand-written queue's table": each(
                reference, "insert into jobs (job_type, payload) values ('noop', %s) returning id"
            ),
            "insert into background_jobs": each(db, PLAIN),
            "enqueue_job": each(db, ONE),
            "enqueue_job, each with a key": each(db, ONE_KEYED, keyed=True),
        },
        lab.scale.rounds,
    )


def _bulk(lab: Lab, db: Connection, reference: Connection) -> dict[str, float]:
    keys = (f"many-{number}" for number in itertools.count())
    jobs = lab.scale.bulk

    def plain() -> None:
        for numbers in adapter.calls(jobs):
            db.execute(PLAIN_MANY, [[json.dumps({"limit": number}) for number in numbers]]).fetchall()

    def many(*, keyed: bool) -> None:
        for numbers in adapter.calls(jobs):
            new = [_job(number, next(keys) if keyed else None) for number in numbers]
            db.execute(MANY, [json.dumps(new)]).fetchall()

    actions: dict[str, Callable[[], object]] = {
        "insert into the hand-written queue's table": lambda: by_hand.insert_many(reference, jobs),
        "insert into background_jobs": plain,
        "enqueue_jobs": lambda: many(keyed=False),
        "enqueue_jobs, each with a key": lambda: many(keyed=True),
    }
    return in_turn({name: _rate(jobs, action) for name, action in actions.items()}, lab.scale.rounds)


def _rate(jobs: int, action: Callable[[], object]) -> Callable[[], float]:
    return lambda: jobs / adapter.seconds(action)


def _job(number: int, key: str | None) -> dict[str, object]:
    job: dict[str, object] = {"job_type": "recompute_rankings", "payload": {"limit": number}}
    return job if key is None else job | {"idempotency_key": key}


def _rows(rates: dict[str, float]) -> tuple[tuple[str, ...], ...]:
    against = next(iter(rates.values()))
    return tuple((name, f"{value:,.0f}", f"{value / against:.2f}") for name, value in rates.items())
