"""The match: every queue does the same work on the same server, one after another, in several rounds."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.adapter import BATCH
from bench.contestant import Contestant
from bench.cpu import server_seconds
from bench.lab import Lab
from bench.peers.peers import label
from bench.results import Findings, Table

COLUMNS = (
    "jobs/s",
    "enqueue one",
    "enqueue bulk (1,000 a call)",
    "drain, 1 connection",
    "drain, 2 connections",
    "server CPU a job",
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each queue is given to do in a round."""

    jobs: int
    singles: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Round:
    """What one queue reached in one round: jobs a second, and microseconds of the server's CPU for each job."""

    enqueue_one: float
    enqueue_many: float
    drain_1: float
    drain_2: float
    server_us: float | None


def play(lab: Lab, contestants: Sequence[Contestant], sizes: Sizes) -> Findings:
    """Let all play all rounds, and return the medians."""
    rounds: dict[str, list[Round]] = defaultdict(list)
    for number in range(1, sizes.rounds + 1):
        for contestant in contestants:
            with _fresh_database(lab, contestant) as url:
                rounds[contestant.name].append(_round(lab, contestant, url, sizes))
            print(f"  round {number}, {contestant.name}: {rounds[contestant.name][-1]}", flush=True)
    rows = tuple((label(name), *_cells(played)) for name, played in rounds.items())
    return Findings(tables=(Table(title=_title(sizes), columns=COLUMNS, rows=rows),))


@contextmanager
def _fresh_database(lab: Lab, contestant: Contestant) -> Iterator[str]:
    with lab.migrated("bench_match") if contestant.migrated else lab.empty("bench_match") as url:
        contestant.call(url, "set-up")
        yield url


def _round(lab: Lab, contestant: Contestant, url: str, sizes: Sizes) -> Round:
    """Fill and drain the queue twice; the server's CPU is that of the first draining, by one connection."""
    jobs = max(100, round(sizes.jobs * contestant.share))
    singles = min(sizes.singles, jobs)
    lab.settle_down(url)
    one = float(contestant.call(url, "enqueue-one", singles))
    contestant.call(url, "enqueue-many", jobs - singles)
    lab.settle_down(url)
    before = server_seconds(lab.stack)
    drain_1 = contestant.drain(url, jobs, 1, BATCH)
    after = server_seconds(lab.stack)
    lab.settle_down(url)
    many = float(contestant.call(url, "enqueue-many", jobs))
    lab.settle_down(url)
    drain_2 = contestant.drain(url, jobs, 2, BATCH)
    server_us = None if before is None or after is None else (after - before) / jobs * 1e6
    return Round(singles / one, jobs / many, jobs / drain_1, jobs / drain_2, server_us)


def _cells(rounds: Sequence[Round]) -> tuple[str, ...]:
    rates = (
        statistics.median(each.enqueue_one for each in rounds),
        statistics.median(each.enqueue_many for each in rounds),
        statistics.median(each.drain_1 for each in rounds),
        statistics.median(each.drain_2 for each in rounds),
    )
    known = [each.server_us for each in rounds if each.server_us is not None]
    return (*(f"{rate:,.0f}" for rate in rates), f"{statistics.median(known):.0f} us" if known else "not known")


def _title(sizes: Sizes) -> str:
    times = f"medians of {sizes.rounds} rounds" if sizes.rounds > 1 else "one round"
    return f"{sizes.jobs:,} no-op jobs (a twentieth for Procrastinate), batches of {BATCH}, {times}"
