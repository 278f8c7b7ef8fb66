"""The hammer's workers, at the level of SQL: they sync as the real one does, but crash and oversleep."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.likes.posts import claim_syncs, let_windows_end, sync, sync_jobs
from tests.sql.ageing import expire_leases
from tests.sql.calls import Db, Row, claim_isolated, rescue, settle


@dataclass
class Worker:
    """One connection that drains sync jobs, with leases of one second."""

    db: Db
    chance: random.Random
    crashes: float
    oversleeps: float
    outcomes: list[Row] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def act(self) -> None:
        """Settle the last batch, claim the next and sync it; now and then something goes wrong."""
        rescue(self.db)
        alone = self.chance.random() < 0.5
        batch = 0 if alone else self.chance.randint(1, 30)
        jobs = claim_syncs(self.db, self.outcomes, lease_seconds=1, max_jobs=batch)
        self.outcomes = []
        if alone:
            jobs = claim_isolated(self.db, job_types=["sync_like_count"], lease_seconds=1)
        self.done["claimed"] += len(jobs)
        if self.happens("crashed before the sync", self.crashes / 2):
            return
        if self.happens("overslept", self.oversleeps):
            self.oversleep(jobs)
        self.outcomes = self.slow_sync(jobs)
        if self.happens("crashed after the sync", self.crashes / 2):
            self.outcomes = []

    def happens(self, trouble: str, probability: float) -> bool:
        """Draw whether something goes wrong now."""
        drawn = self.chance.random() < probability
        self.done[trouble] += drawn
        return drawn

    def oversleep(self, jobs: list[Row]) -> None:
        """Let the leases run out before the sync: another worker may take the jobs meanwhile."""
        tokens = [job["claim_token"] for job in jobs]
        self.db.execute(
            """
            update public.background_jobs set lease_expires_at = clock_timestamp() - interval '1 second'
            where claim_token = any (%s::uuid[])
            """,
            [[str(token) for token in tokens]],
        )
        time.sleep(self.chance.uniform(0, 0.1))

    def slow_sync(self, jobs: list[Row]) -> list[Row]:
        """Sync as the worker does, and now and then take long to commit."""
        posts = [job | {"payload": {"post_id": str(job["payload"]["post_id"])}} for job in jobs]
        with self.db.transaction():
            outcomes = sync(self.db, posts)
            if self.chance.random() < 0.2:
                time.sleep(self.chance.uniform(0, 0.1))
        return outcomes


def make_syncs_slow(owner: Db) -> None:
    """Let some updates of likes take their time between the beginning of the statement, which is what they see of the
    ratings, and the first row: that is when another sync could come between."""
    owner.execute("""
        create or replace function public.be_slow() returns trigger language plpgsql as $$
        begin
          if random() < 0.5 then perform pg_sleep(0.2 * random()); end if;
          return null;
        end $$;
        grant execute on function public.be_slow to service_role;
        create or replace trigger be_slow before update on public.posts_new
        for each statement execute function public.be_slow();
    """)


def make_syncs_quick(owner: Db) -> None:
    """Undo make_syncs_slow."""
    owner.execute("drop trigger be_slow on public.posts_new; drop function public.be_slow")


def hurry(db: Db, chance: random.Random) -> None:
    """Shorten the waits of two seconds, and the backoffs, to fractions: more races in less time."""
    let_windows_end(db, chance.uniform(0.01, 0.25))
    time.sleep(0.02)


def heal(db: Db) -> None:
    """Do what later runs of the worker would do, until no sync job is left."""
    worker = Worker(db, random.Random(0), crashes=0, oversleeps=0)
    # Half of its acts are for isolated jobs, which end one by one.
    for _ in range(10 * len(sync_jobs(db)) + 100):
        expire_leases(db)
        let_windows_end(db)
        worker.act()
        settle(db, *worker.outcomes)
        worker.outcomes = []
        if not sync_jobs(db):
            return
    raise AssertionError(f"these sync jobs do not end: {sync_jobs(db)[:3]}")
