"""How fast settle_and_claim drains, by batch size and connections, beside the hand-written statement."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from bench.contestant import BY_HAND, OURS, Contestant
from bench.lab import Lab
from bench.measuring import in_turn
from bench.queue import FILL_BY_HAND, FILL_OURS
from bench.results import Findings, Table

CONNECTIONS = (1, 2)
FILL = {OURS.name: FILL_OURS, BY_HAND.name: FILL_BY_HAND}
COLUMNS = ("batch, connections", "ours, jobs/s", "by hand, jobs/s", "ratio")
type Case = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Load:
    """What one draining is given."""

    jobs: int
    connections: int
    batch: int


def run(lab: Lab) -> Findings:
    """Drain a full queue with each batch size, 1 and 2 connections, both queues in turn."""
    with ExitStack() as exits:
        urls = {
            OURS.name: exits.enter_context(lab.migrated("bench_ours")),
            BY_HAND.name: exits.enter_context(lab.empty("bench_by_hand")),
        }
        BY_HAND.call(urls[BY_HAND.name], "set-up")
        cases = {
            (batch, connections, contestant.name): _drainer(
                lab, contestant, urls[contestant.name], Load(jobs, connections, batch)
            )
            for batch, jobs in lab.scale.drained.items()
            for connections in CONNECTIONS
            for contestant in (OURS, BY_HAND)
        }
        rates = in_turn(cases, lab.scale.rounds)
    return Findings(tables=(_table(lab, rates),), facts=_facts(rates))


def _drainer(lab: Lab, contestant: Contestant, url: str, load: Load) -> Callable[[], float]:
    def measure() -> float:
        with lab.connect(url) as db:
            db.execute(FILL[contestant.name], [load.jobs])
        lab.settle_down(url)
        return load.jobs / contestant.drain(url, load.jobs, load.connections, load.batch)

    return measure


def _table(lab: Lab, rates: dict[Case, float]) -> Table:
    rows = []
    for batch in lab.scale.drained:
        for connections in CONNECTIONS:
            ours, reference = rates[batch, connections, OURS.name], rates[batch, connections, BY_HAND.name]
            rows.append((f"{batch}, {connections}", f"{ours:,.0f}", f"{reference:,.0f}", f"{ours / reference:.2f}"))
    return Table(title="Draining", columns=COLUMNS, rows=tuple(rows))


def _facts(rates: dict[Case, float]) -> dict[str, float]:
    return {
        f"jobs_per_second_batch_{batch}_connections_{connections}": value
        for (batch, connections, name), value in rates.items()
        if name == OURS.name
    }
