"""Many rows at once, in states that would take long to reach call by call."""

from tests.sql.calls import Db


def pending_jobs(
    db: Db,
    number: int,
    job_type: str = "send_notification",
    *,
    due_in_s: int = -10,
    priority: int = 0,
    attempts: int = 0,
) -> None:
    """Insert pending jobs, due in so many seconds."""
    db.execute(
        """
        insert into public.background_jobs (job_type, priority, attempts, max_attempts, scheduled_for)
        select %s::public.job_type, %s, %s, 25, now() + make_interval(secs => %s) from generate_series(1, %s)
        """,
        [job_type, priority, attempts, due_in_s, number],
    )


def processing_jobs(db: Db, number: int, job_type: str = "send_notification", *, lease_s: int = 30) -> None:
    """Insert jobs in progress whose lease ends in so many seconds."""
    db.execute(
        """
        insert into public.background_jobs
          (job_type, status, attempts, claim_token, worker_id, started_at, lease_expires_at)
        select %s::public.job_type, 'processing', 1, gen_random_uuid(), 'w', now(), now() + make_interval(secs => %s)
        from generate_series(1, %s)
        """,
        [job_type, lease_s, number],
    )


def ended_jobs(
    db: Db, number: int, status: str = "completed", job_type: str = "send_notification", *, ago_s: int = 60, ms: int = 5
) -> None:
    """Insert jobs that ended so many seconds ago."""
    db.execute(
        """
        insert into public.job_history (job_id, job_type, payload, status, priority, attempts, max_attempts,
          error_message, duration_ms, created_at, completed_at)
        select queue_private.new_job_id(), %s::public.job_type, '{}', %s::public.job_status, 0, 1, 3,
          'x', %s, now(), now() - make_interval(secs => %s)
        from generate_series(1, %s)
        """,
        [job_type, status, ms, ago_s, number],
    )


def worker_run(db: Db, *, ago_s: float, lasted_s: float | None = 1, budget_ms: int = 8000) -> None:
    """Insert a run; lasted_s None: it was killed, or still runs."""
    db.execute(
        """
        insert into public.worker_runs (worker_id, trigger, budget_ms, started_at, finished_at, stop_reason)
        select 'w', 'cron', %(budget)s, began, began + make_interval(secs => %(lasted)s::float),
          case when %(lasted)s::float is not null then 'empty' end
        from (select now() - make_interval(secs => %(ago)s) as began) as run
        """,
        {"ago": ago_s, "lasted": lasted_s, "budget": budget_ms},
    )
