"""Adding a post stays cheap however long the queue is, though the planner believes that it is empty.

Counted in pages, as in tests/sql/test_plans.py, again and again in one session: after the fifth time Postgres may
settle on a generic plan.
"""

from typing import Any

import psycopg

from tests.jobs.asking import Connect, Db

# A walk over the 20,000 jobs below looks at some 4,000.
LIMIT = 200


def test_a_post_is_added_without_a_walk_over_the_queue(connect: Connect, db: Db) -> None:
    """It looks its keys up, also with a plan that was made when the queue was empty."""
    db.execute("alter table public.background_jobs set (autovacuum_enabled = false)")
    db.execute("analyze public.background_jobs")
    with connect() as writer:
        early = [pages_of_adding(writer) for _ in range(9)]
        db.execute(
            """
            insert into public.background_jobs (job_type, payload, idempotency_key)
            select 'process_image', jsonb_build_object('post_id', gen_random_uuid()), 'process_image_' || n
            from generate_series(1, 20000) as n
            """
        )
        late = [pages_of_adding(writer) for _ in range(9)]
    assert max(early[1:] + late) < LIMIT


def pages_of_adding(db: psycopg.Connection[Any]) -> int:
    """Return how many pages the insert of a post looks at, its triggers included; then undo it."""
    with db.transaction(force_rollback=True):
        before = pages(db)
        db.execute("insert into public.posts_new (image_url) values ('https://images.example.com/a.jpg')")
        return pages(db) - before


def pages(db: psycopg.Connection[Any]) -> int:
    """Return how many pages of the queue and its indexes this transaction has looked at."""
    row = db.execute(
        """
        select pg_stat_get_xact_blocks_fetched('public.background_jobs'::regclass)
          + sum(pg_stat_get_xact_blocks_fetched(indexrelid))
        from pg_index where indrelid = 'public.background_jobs'::regclass
        """
    ).fetchone()
    assert row
    return int(row[0])
