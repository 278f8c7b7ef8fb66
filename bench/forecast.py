"""A million jobs: what the simulation makes of the last measured rates, on several limits."""

from bench import results
from bench.lab import Lab
from bench.results import Findings, Table
from bench.simulation import Limits, Outcome, Rates, simulate
from bench.worker import ContestantError

JOBS = 1_000_000
# maxDuration and what of it is a budget: two seconds are kept back for the last settle and the reply.
DURATIONS_S = (10, 300)
KEPT_BACK_S = 2
RUNS = (1, 2, 4, 8)
NEEDED = {
    "invocation": ("syncs_per_second", "syncs_per_second_of_two_runs", "calls_per_run", "calls_per_sync"),
    "cold": ("slowest_cold_start_ms",),
}


def run(_lab: Lab) -> Findings:
    """Simulate with the facts of the last results; nothing is measured here."""
    return findings(measured_rates())


def findings(rates: Rates) -> Findings:
    """The table for these rates."""
    rows = []
    for duration in DURATIONS_S:
        budget = duration - KEPT_BACK_S
        rows.append(_row(f"{duration} s, the cron alone", Limits(budget, 1, hands_over=False), rates))
        rows += [_row(f"{duration} s, WORKER_MAX_RUNS={runs}", Limits(budget, runs), rates) for runs in RUNS]
    columns = ("maxDuration", "invocations", "until done", "calls to Supabase", "calls a second", "function time")
    title = (
        f"{JOBS:,} like syncs at {rates.jobs_per_second:,.0f} a second of one run and "
        f"{rates.jobs_per_second_of_two:,.0f} of two, a start every time in {rates.start_s:.1f} s, "
        f"{rates.calls_per_run:g} calls a run and {rates.calls_per_job:.4f} a job"
    )
    return Findings(tables=(Table(title=title, columns=columns, rows=tuple(rows)),))


def measured_rates() -> Rates:
    """What the sections `invocation` and `cold` found last.

    Raises:
        ContestantError: they were not run yet.
    """
    facts: dict[str, float] = {}
    for section in NEEDED:
        result = results.load(section)
        facts |= result.findings.facts if result else {}
    if missing := [fact for names in NEEDED.values() for fact in names if fact not in facts]:
        raise ContestantError(f"run {' and '.join(NEEDED)} first: {', '.join(missing)} is not known")
    return Rates(
        jobs_per_second=facts["syncs_per_second"],
        jobs_per_second_of_two=facts["syncs_per_second_of_two_runs"],
        start_s=facts["slowest_cold_start_ms"] / 1000,
        calls_per_run=facts["calls_per_run"],
        calls_per_job=facts["calls_per_sync"],
    )


def _row(name: str, limits: Limits, rates: Rates) -> tuple[str, ...]:
    outcome = simulate(JOBS, rates, limits)
    return (
        name,
        f"{outcome.invocations:,}",
        _minutes(outcome),
        f"{outcome.calls:,.0f}",
        f"{outcome.most_calls_per_second:,.0f}",
        f"{outcome.busy_s:,.0f} s",
    )


def _minutes(outcome: Outcome) -> str:
    minutes, seconds = divmod(round(outcome.seconds), 60)
    return f"{minutes} min {seconds:02} s"
