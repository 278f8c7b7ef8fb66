"""What may grow with the queue: claims, health, statistics and listings, in a small queue and in a big one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from bench.fixture import COMMON, fill
from bench.lab import Lab
from bench.measuring import Connection, in_turn, milliseconds
from bench.results import Findings, Table
from bench.shapes import SHAPES, claim_ms

COLUMNS = ("", "small, ms", "big, ms", "ratio")
STATUSES = ("pending", "processing", "failed", "completed", "dead", "discarded", "cancelled")
LISTING = """select count(*) from public.list_jobs(
    wanted_status => %s::public.job_status, wanted_type => %s::public.job_type, page_size => 100, before_id => %s)"""
OLD_JOB = "select job_id from public.job_history order by job_id offset 20 limit 1"

type Measure = Callable[[Connection], Callable[[], float]]


def run(lab: Lab) -> Findings:
    """Time everything in both, in turn."""
    with _queue(lab, "bench_small", lab.scale.small) as small, _queue(lab, "bench_big", lab.scale.big) as big:
        claims = _table(lab, "Claims", small, big, _claims())
        aggregates = _table(lab, "Health and statistics", small, big, _aggregates())
        listings = _table(lab, "list_jobs, pages of 100", small, big, _listings())
    return Findings(tables=(claims, aggregates, listings))


@contextmanager
def _queue(lab: Lab, name: str, rows: int) -> Iterator[Connection]:
    with lab.migrated(name) as url, lab.connect(url) as db:
        took = milliseconds(lambda: fill(db, rows)) / 1000
        print(f"  {rows:,} pending and {rows:,} ended jobs made in {took:.0f} s", flush=True)
        lab.settle_down(url)
        db.execute("set role service_role")
        yield db


def _claims() -> Mapping[str, Measure]:
    return {name: partial(claim_ms, call=call) for name, call in SHAPES.items()}


def _aggregates() -> Mapping[str, Measure]:
    calls = ("queue_health", "queue_stats", "queue_diagnostics")
    return {name: _timed(f"select public.{name}()") for name in calls}


def _listings() -> Mapping[str, Measure]:
    filters: dict[str, tuple[str | None, str | None]] = {"everything": (None, None)}
    filters |= {status: (status, None) for status in STATUSES}
    filters |= {f"{status}, one type": (status, COMMON[1]) for status in ("pending", "completed", "dead")}
    filters |= {"one type": (None, COMMON[1])}
    listings = {name: _timed(LISTING, status, job_type, None) for name, (status, job_type) in filters.items()}
    return listings | {"everything, the last page": _last_page}


def _timed(statement: str, *arguments: object) -> Measure:
    def of(db: Connection) -> Callable[[], float]:
        return lambda: milliseconds(lambda: db.execute(statement, arguments).fetchall())

    return of


def _last_page(db: Connection) -> Callable[[], float]:
    row = db.execute(OLD_JOB).fetchone()
    assert row is not None
    return _timed(LISTING, None, None, row[0])(db)


def _table(lab: Lab, title: str, small: Connection, big: Connection, measures: Mapping[str, Measure]) -> Table:
    sizes = f"{lab.scale.small:,} and {lab.scale.big:,} rows in either table"
    rows = []
    for name, measure in measures.items():
        rivals = {"small": measure(small), "big": measure(big)}
        in_turn(rivals, 1)  # the first call of a session reads and plans more
        times = in_turn(rivals, lab.scale.claims)
        ratio = times["big"] / times["small"]
        rows.append((name, f"{times['small']:.2f}", f"{times['big']:.2f}", f"{ratio:.2f}"))
    return Table(title=f"{title} ({sizes}; medians)", columns=COLUMNS, rows=tuple(rows))
