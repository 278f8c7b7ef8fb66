"""A randomised hammer for the like counts: raters, workers that crash, and at the end every count must be right.

Each rater and worker draws from a generator of its own, seeded with the run's seed and its name, so a run can be
repeated with the same actions; which of them meet depends on the machine. By hand, against any database:

    python -m tests.likes.hammer postgresql://... --seed 7 --seconds 600
"""

import argparse
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, asdict, dataclass, fields
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from tests.likes.hammer_raters import Rater, Wall, truncate
from tests.likes.hammer_workers import Worker, heal, hurry, make_syncs_quick, make_syncs_slow
from tests.likes.posts import allow_direct_ratings, drift, lasting_drift, make_post
from tests.sql.calls import Db

Open = Callable[[], Db]


@dataclass(frozen=True)
class Settings:
    """A run. Probabilities are per batch of a worker."""

    seed: int
    seconds: float
    posts: int = 40
    raters: int = 8
    workers: int = 3
    longest_hold_s: float = 0.6
    crashes: float = 0.15
    oversleeps: float = 0.1
    deletes_posts: bool = True


@dataclass(frozen=True)
class Report:
    """What a run did, the drift that it left, and that which at some moment no job would have mended: (stored likes,
    ratings) by post. The latter shows a lost sync even if a later rating of the same post makes up for it."""

    settings: Settings
    done: Counter[str]
    drift: dict[UUID, tuple[int, int]]
    lasting: dict[UUID, tuple[int, int]]
    dead_jobs: int

    def check(self) -> None:
        """Fail, naming the seed, if a count is wrong."""
        replay = " ".join(f"{name}={value}" for name, value in asdict(self.settings).items())
        found = self.lasting | self.drift
        assert not found, f"drift {found}; replay with {replay}; done: {dict(self.done)}"
        assert self.dead_jobs == 0, f"{self.dead_jobs} jobs died; replay with {replay}"


def hammer(open_connection: Open, settings: Settings, owner: Db | None = None) -> Report:
    """Run it, on connections of role service_role that are not used by anyone else. An owner of the tables also lets
    clients rate directly, truncates the ratings now and then, and makes some syncs slow: for scratch databases."""
    observer = open_connection()
    if owner is not None:
        allow_direct_ratings(owner)
    wall = Wall([make_post(observer) for _ in range(settings.posts)])
    raters = [
        Rater(
            name,
            open_connection(),
            random.Random(f"{settings.seed}-{name}"),
            wall,
            settings.longest_hold_s,
            settings.deletes_posts,
            rates_as_anon=owner is not None,
        )
        for name in (f"rater-{number}" for number in range(settings.raters))
    ]
    workers = [
        Worker(open_connection(), random.Random(f"{settings.seed}-worker-{n}"), settings.crashes, settings.oversleeps)
        for n in range(settings.workers)
    ]
    pace = random.Random(f"{settings.seed}-pace")
    hurrying, renewing = open_connection(), open_connection()
    acts = [*(each.act for each in raters), *(each.act for each in workers)]
    lasting: dict[UUID, tuple[int, int]] = {}
    acts += [
        lambda: hurry(hurrying, pace),
        lambda: wall.renew(renewing),
        lambda: lasting.update(lasting_drift(observer)),
    ]
    if owner is not None:
        make_syncs_slow(owner)
        acts.append(lambda: truncate(owner))
    _repeat(settings, acts)
    if owner is not None:
        make_syncs_quick(owner)
    heal(observer)
    done = Counter[str]()
    for counts in [*(each.done for each in raters), *(each.done for each in workers)]:
        done += counts
    return Report(settings, done, drift(observer), lasting, _dead_jobs(observer))


def _repeat(settings: Settings, acts: list[Callable[[], None]]) -> None:
    """Repeat each in a thread of its own, for as long as the run lasts or until one raises."""
    ends = time.monotonic() + settings.seconds
    failed = threading.Event()

    def repeat(act: Callable[[], None]) -> None:
        try:
            while time.monotonic() < ends and not failed.is_set():
                act()
        except BaseException as error:
            failed.set()
            error.add_note(f"in a run with {settings}")
            raise

    with ThreadPoolExecutor(len(acts)) as threads:
        running = [threads.submit(repeat, act) for act in acts]
    for each in running:
        each.result()


def _dead_jobs(db: Db) -> int:
    (row,) = db.execute("select count(*) from public.job_history where status = 'dead'").fetchall()
    return int(row["count"])


def main() -> None:
    """Run it from the command line; the settings are options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("database_url")
    for field in fields(Settings):
        if field.name != "deletes_posts":
            kind = int if field.type is int else float
            required = field.default is MISSING
            option = f"--{field.name.replace('_', '-')}"
            parser.add_argument(option, type=kind, required=required, default=None if required else field.default)
    arguments = vars(parser.parse_args())
    url = arguments.pop("database_url")

    def open_connection() -> Db:
        connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)
        connection.execute("set role service_role")
        return connection

    report = hammer(open_connection, Settings(**arguments))
    print(report)
    report.check()


if __name__ == "__main__":
    main()
