"""Posts, ratings, and the worker that syncs the counts, at the level of SQL."""

import time
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from tests.sql.calls import Db, Row, outcome, rpc, value
from tests.sql.racing import PATIENCE_S


def make_post(db: Db, likes: int = 0) -> UUID:
    """Add a post; likes is what is stored, whatever the ratings."""
    row = db.execute("insert into public.posts_new (likes) values (%s) returning id", [likes]).fetchone()
    assert row is not None
    return UUID(str(row["id"]))


def rate(db: Db, post_id: UUID, session: str = "session-1") -> None:
    """Insert a rating directly, as the existing app does."""
    db.execute("insert into public.post_ratings (post_id, session_id) values (%s, %s)", [post_id, session])


def rate_many(db: Db, post_id: UUID, number: int, first: int = 1) -> None:
    """Insert ratings of session-<first> and so on, in one statement."""
    db.execute(
        """
        insert into public.post_ratings (post_id, session_id)
        select %s, 'session-' || number from generate_series(%s::integer, %s::integer) as number
        """,
        [post_id, first, first + number - 1],
    )


def unrate(db: Db, post_id: UUID, session: str = "session-1") -> None:
    """Delete a rating directly."""
    db.execute("delete from public.post_ratings where post_id = %s and session_id = %s", [post_id, session])


def move_rating(db: Db, post_id: UUID, session: str) -> None:
    """Move the ratings of a session to this post."""
    db.execute("update public.post_ratings set post_id = %s where session_id = %s", [post_id, session])


def allow_direct_ratings(owner: Db) -> None:
    """Give clients what an adopted post_ratings allows them (app_access.sql); one that we create allows nothing."""
    owner.execute("""
        grant select, insert (post_id, session_id), delete on public.post_ratings to anon, authenticated;
        create policy "sessions read ratings" on public.post_ratings for select to anon, authenticated using (true);
        create policy "sessions add ratings" on public.post_ratings for insert to anon, authenticated
          with check (char_length(session_id) between 1 and 128);
        create policy "sessions remove ratings" on public.post_ratings for delete to anon, authenticated using (true);
    """)


def set_like(db: Db, post_id: UUID, session: str = "session-1", *, liked: bool = True) -> tuple[bool, int] | None:
    """Call set_like and return (liked, likes), or None when there is no such post."""
    return _like_state(rpc(db, "set_like", post_id=post_id, session_id=session, liked=liked))


def toggle_like(db: Db, post_id: UUID, session: str = "session-1") -> tuple[bool, int] | None:
    """Call toggle_like and return (liked, likes), or None when there is no such post."""
    return _like_state(rpc(db, "toggle_like", post_id=post_id, session_id=session))


def _like_state(rows: list[Row]) -> tuple[bool, int] | None:
    if not rows:
        return None
    (row,) = rows
    return row["liked"], row["likes"]


def likes(db: Db, post_id: UUID) -> int:
    """Return the stored count."""
    row = db.execute("select likes from public.posts_new where id = %s", [post_id]).fetchone()
    assert row is not None
    return int(row["likes"])


def ratings(db: Db, post_id: UUID) -> int:
    """Return how many ratings a post has."""
    row = db.execute("select count(*) from public.post_ratings where post_id = %s", [post_id]).fetchone()
    assert row is not None
    return int(row["count"])


def drift(db: Db) -> dict[UUID, tuple[int, int]]:
    """Return, for each post whose count is wrong, (stored likes, ratings)."""
    query = """
        select post.id, post.likes, count(rating.post_id) as ratings
        from public.posts_new as post left join public.post_ratings as rating on rating.post_id = post.id
        group by post.id having post.likes <> count(rating.post_id)
    """
    return {row["id"]: (row["likes"], row["ratings"]) for row in db.execute(query).fetchall()}


def lasting_drift(db: Db) -> dict[UUID, tuple[int, int]]:
    """Return the drift that no job will mend. There is none at any moment: a rating and its job commit together, and
    a job ends after its count."""
    query = """
        select post.id, post.likes, count(rating.post_id) as ratings
        from public.posts_new as post left join public.post_ratings as rating on rating.post_id = post.id
        where not exists (
          select from public.background_jobs as job
          where job.job_type = 'sync_like_count' and job.payload ->> 'post_id' = post.id::text
        )
        group by post.id having post.likes <> count(rating.post_id)
    """
    return {row["id"]: (row["likes"], row["ratings"]) for row in db.execute(query).fetchall()}


def sync_jobs(db: Db, post_id: UUID | None = None) -> list[Row]:
    """Return the active sync jobs, of one post or all, oldest first."""
    query = """
        select * from public.background_jobs
        where job_type = 'sync_like_count' and (%(post)s::uuid is null or payload ->> 'post_id' = %(post)s::text)
        order by id
    """
    return db.execute(query, {"post": post_id}).fetchall()


def let_windows_end(db: Db, seconds_from_now: float = 0) -> None:
    """Let the debounce windows of pending jobs end soon, but for those that a rater holds."""
    db.execute(
        """
        update public.background_jobs as job
        set scheduled_for = clock_timestamp() + make_interval(secs => %(left)s)
        where job.id in (
          select waiting.id from public.background_jobs as waiting
          where waiting.status = 'pending'
            and waiting.scheduled_for > clock_timestamp() + make_interval(secs => %(left)s)
          for update skip locked
        )
        """,
        {"left": seconds_from_now},
    )


def wait_until_due(db: Db, job_id: UUID) -> None:
    """Return once a job is due: for a job that a rater holds, whose times nobody can set."""
    begun = time.monotonic()
    query = """
        select scheduled_for <= clock_timestamp() as due
        from public.background_jobs, pg_sleep(0.01) where id = %s and status = 'pending'
    """
    row: Any = None
    while row is None or not row["due"]:
        row = db.execute(query, [job_id]).fetchone()
        assert time.monotonic() - begun < PATIENCE_S, "it never became due"


def claim_syncs(
    db: Db, outcomes: list[Row] | None = None, *, lease_seconds: int = 30, max_jobs: int = 100
) -> list[Row]:
    """Settle and claim as the worker does."""
    reply = value(
        db,
        "settle_and_claim",
        worker_id="w",
        outcomes=Jsonb(outcomes or []),
        max_jobs=max_jobs,
        job_types=["sync_like_count"],
        lease_seconds=lease_seconds,
    )
    jobs: list[Row] = reply["claimed"]
    return jobs


def sync(db: Db, jobs: list[Row]) -> list[Row]:
    """Sync the posts of claimed jobs and return the outcomes: a busy post is tried again, without counting."""
    posts = sorted({job["payload"]["post_id"] for job in jobs})
    rows = rpc(db, "sync_post_like_counts", target_post_ids=posts)
    synced = {str(row["post_id"]) for row in rows}
    return [
        outcome(job)
        if job["payload"]["post_id"] in synced
        else outcome(job, "failed", not_counted=True, retry_in_seconds=0, error="locked")
        for job in jobs
    ]


def drain(db: Db) -> None:
    """Sync until no job is left that is not held."""
    outcomes: list[Row] = []
    while True:
        let_windows_end(db)
        jobs = claim_syncs(db, outcomes)
        if not jobs:
            return
        outcomes = sync(db, jobs)
