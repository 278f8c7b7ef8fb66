"""What wears a queue out: many jobs that went through, and a snapshot held open somewhere."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from bench.lab import Lab
from bench.measuring import in_turn
from bench.queue import BATCH, Queue, both_queues, our_queue
from bench.results import Findings, Table
from bench.shapes import SHAPES_OF_ONE_TYPE, claim_ms

ROUND = 1_000
PASSING = 10_000  # jobs of one round while many pass through
OURS, BY_HAND, FRESH = "bench_ours", "bench_by_hand", "bench_fresh"
CLAIMS = ("1 of all types", "100 of all types", "500 of all types", "100 of one type", "100 of an absent type")

type Row = tuple[str, ...]


def run(lab: Lab) -> Findings:
    """Rates over the rounds and claims: while and after many jobs go through, then under a held snapshot."""
    rounds, total = lab.scale.snapshot_rounds, lab.scale.passed_through
    rows: list[Row] = []
    with both_queues(lab, OURS, BY_HAND) as queues, our_queue(lab, FRESH) as fresh:
        ours, _ = queues
        jobs = min(PASSING, total // 2)
        rows.append(_worn(f"ours, while {total:,} jobs go through", ours.rates(total // jobs, jobs)))
        rows += [_worn(f"{queue.name}, then", queue.rates(rounds, ROUND)) for queue in queues]
        used = _claims(lab, fresh, ours)
        with _snapshots_held(lab, (OURS, BY_HAND)):
            rows += [_worn(f"{queue.name}, a snapshot held open", queue.rates(rounds, ROUND)) for queue in queues]
            held = _claims(lab, fresh, ours)
    title = (
        f"Jobs a second, medians of the first and the last 3 of {rounds} rounds of {ROUND:,} jobs, batches of {BATCH}"
    )
    return Findings(
        tables=(
            Table(title=title, columns=("", "first rounds", "last rounds", "ratio"), rows=tuple(rows)),
            _claims_table(f"Claims of {ROUND:,} due jobs, after {total:,} went through", used),
            _claims_table(f"Claims of {ROUND:,} due jobs, with the snapshot still held open", held),
        )
    )


@contextmanager
def _snapshots_held(lab: Lab, databases: Sequence[str]) -> Iterator[None]:
    """A transaction left open in each: no row that is deleted from now on can be vacuumed."""
    with ExitStack() as exits:
        for name in databases:
            db = exits.enter_context(lab.connect(lab.url(name)))
            exits.callback(db.execute, "rollback")
            db.execute("begin isolation level repeatable read")
            db.execute("select count(*) from pg_catalog.pg_class")
        yield


def _worn(name: str, rates: Sequence[float]) -> Row:
    few = max(1, min(3, len(rates) // 2))
    first, last = statistics.median(rates[:few]), statistics.median(rates[-few:])
    return name, f"{first:,.0f}", f"{last:,.0f}", f"{last / first:.2f}"


def _claims(lab: Lab, fresh: Queue, used: Queue) -> list[Row]:
    """Claim from both with as many due jobs, and leave them empty."""
    fresh.fill(ROUND)
    used.fill(ROUND)
    rows: list[Row] = []
    for name in CLAIMS:
        call = SHAPES_OF_ONE_TYPE[name]
        rivals = {"fresh": claim_ms(fresh.db, call), "used": claim_ms(used.db, call)}
        in_turn(rivals, 1)  # the first call of a session reads and plans more
        times = in_turn(rivals, lab.scale.claims)
        ratio = times["used"] / times["fresh"]
        rows.append((name, f"{times['fresh']:.2f}", f"{times['used']:.2f}", f"{ratio:.2f}"))
    fresh.drain_rate()
    used.drain_rate()
    return rows


def _claims_table(title: str, rows: list[Row]) -> Table:
    return Table(title=title, columns=("", "a fresh table, ms", "the used one, ms", "ratio"), rows=tuple(rows))
