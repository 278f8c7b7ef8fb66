"""A queue is mostly empty when it is analyzed, and full when it must be fast."""

from functools import partial

from bench.lab import Lab
from bench.measuring import in_turn
from bench.queue import Queue, our_queue
from bench.results import Findings, Table

BATCHES = (100, 500)
NO_VACUUM = "alter table public.background_jobs set (autovacuum_enabled = off)"
ANALYZE = "analyze public.background_jobs"


def run(lab: Lab) -> Findings:
    """Drain with the statistics of the full queue and with those of an empty one, in turn."""
    rows = []
    with our_queue(lab, "bench_ours") as queue:
        queue.db.execute(NO_VACUUM)
        for batch in BATCHES:
            rates = in_turn(
                {
                    "full": partial(_rate, lab, queue, batch, analyzed_full=True),
                    "empty": partial(_rate, lab, queue, batch, analyzed_full=False),
                },
                lab.scale.rounds,
            )
            ratio = rates["empty"] / rates["full"]
            rows.append((f"batches of {batch}", f"{rates['full']:,.0f}", f"{rates['empty']:,.0f}", f"{ratio:.2f}"))
    columns = ("", "analyzed while full, jobs/s", "analyzed while empty, jobs/s", "ratio")
    return Findings(tables=(Table(title="Draining with old statistics", columns=columns, rows=tuple(rows)),))


def _rate(lab: Lab, queue: Queue, batch: int, *, analyzed_full: bool) -> float:
    queue.db.execute("truncate public.background_jobs")
    if not analyzed_full:
        queue.db.execute(ANALYZE)
    queue.fill(lab.scale.drained[batch])
    if analyzed_full:
        queue.db.execute(ANALYZE)
    return queue.drain_rate(batch)
