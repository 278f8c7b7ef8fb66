"""Let time pass for rows, by setting their times into the past: tests never sleep."""

from tests.sql.calls import Db


def expire_leases(db: Db) -> None:
    """Let the leases of all jobs in progress run out."""
    db.execute("""
        update public.background_jobs
        set lease_expires_at = clock_timestamp() - interval '1 second' where status = 'processing'
    """)


def make_due(db: Db) -> None:
    """Let the waits of all pending jobs pass."""
    db.execute("""
        update public.background_jobs set scheduled_for = clock_timestamp() - interval '1 second'
        where status = 'pending' and scheduled_for > clock_timestamp() - interval '1 second'
    """)


def age_job(db: Db, job_id: object, seconds: float) -> None:
    """Make a pending job due for this many seconds."""
    db.execute(
        """
        update public.background_jobs set scheduled_for = clock_timestamp() - make_interval(secs => %s) where id = %s
        """,
        [seconds, job_id],
    )


def age_end(db: Db, job_id: object, seconds: float) -> None:
    """Let a job have ended this many seconds ago."""
    db.execute(
        "update public.job_history set completed_at = clock_timestamp() - make_interval(secs => %s) where job_id = %s",
        [seconds, job_id],
    )
