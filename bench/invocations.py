"""What one invocation of /api/queue/process does: like syncs a second, and the calls that Supabase sees."""

from collections import Counter
from collections.abc import Mapping

from bench.functions import functions_env
from bench.lab import Lab
from bench.measuring import Connection
from bench.results import Findings, Table
from bench.runs import EMPTY, refill, tick
from bench.wire import Wire
from dev.paths import PROJECT

DATABASE = "test_bench_runs"
# The raters' own triggers ask for the syncs, one for each post.
RATED = """
with posts as (
  insert into public.posts_new (caption) select 'bench' from generate_series(1, %s) returning id
)
insert into public.post_ratings (post_id, session_id)
select id, 'a session of the benchmark ' || n from posts cross join generate_series(1, 3) as n
"""


def run(lab: Lab) -> Findings:
    """Like syncs within one budget and within that of two invocations at once, then the calls of smaller runs."""
    with lab.migrated(DATABASE) as url, lab.connect(url) as db:
        db.execute("update public.job_schedules set enabled = false")
        env = functions_env(lab, DATABASE)
        rows, rates = [], []
        for at_once in (1, 2):
            rate, row = _syncs(db, env, lab.scale.syncs * at_once, at_once)
            rates.append(rate)
            rows.append(row)
        calls, facts = _calls(db, env, lab.scale.syncs // 10)
    columns = ("like syncs", "done", "seconds", "a second of the budget")
    table = Table(title="Like syncs in one invocation, and in two at once", columns=columns, rows=tuple(rows))
    facts |= {"syncs_per_second": rates[0], "syncs_per_second_of_two_runs": rates[1]}
    return Findings(tables=(table, calls), facts=facts)


def _syncs(db: Connection, env: Mapping[str, str], jobs: int, at_once: int) -> tuple[float, tuple[str, ...]]:
    refill(db, RATED, [jobs])
    reports = tick(PROJECT, env, at_once=at_once)
    done = sum(report["completed"] for report in reports)
    seconds = max(report["durationMs"] for report in reports) / 1000
    name = f"{at_once} invocation{'s' * (at_once > 1)}, {jobs:,} due"
    return done / seconds, (name, f"{done:,}", f"{seconds:.1f}", f"{done / seconds:,.0f}")


def _calls(db: Connection, env: Mapping[str, str], jobs: int) -> tuple[Table, dict[str, float]]:
    """Count what a run asks Supabase for: one that finds nothing, and one that finds so many jobs."""
    db.execute(EMPTY)
    idle = _counted(env, 0)
    refill(db, RATED, [jobs])
    busy = _counted(env, jobs)
    rows = [
        (name.rpartition("/")[2], f"{idle[name]:,}", f"{count:,}", f"{(count - idle[name]) / jobs:.4f}")
        for name, count in busy.most_common()
    ]
    per_job = (busy.total() - idle.total()) / jobs
    rows.append(("all", f"{idle.total():,}", f"{busy.total():,}", f"{per_job:.4f}"))
    columns = ("call", "an empty run", f"a run of {jobs:,} syncs", "more for each job")
    facts = {"calls_per_run": float(idle.total()), "calls_per_sync": per_job}
    return Table(title="Calls to Supabase", columns=columns, rows=tuple(rows)), facts


def _counted(env: Mapping[str, str], jobs: int) -> Counter[str]:
    with Wire(env["SUPABASE_URL"]) as wire:
        tick(PROJECT, {**env, "SUPABASE_URL": wire.url}, jobs=jobs)
        return wire.counts
