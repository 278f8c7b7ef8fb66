"""A queue with something wrong in it: dead jobs, a job that waits for a retry, a paused type, images that are late."""

from typing import Any

import psycopg

type Db = psycopg.Connection[dict[str, Any]]

REFUSED = "PermanentFailure: the push service answered 401"


def die(db: Db, error: str = REFUSED, payload: str = '{"kind": "like"}', job_id: str | None = None) -> str:
    """Let a notification die at its first attempt, and return its id."""
    db.execute(
        "insert into background_jobs (id, job_type, payload)"
        " values (coalesce(%s::uuid, queue_private.new_job_id()), 'send_notification', %s)",
        [job_id, payload],
    )
    (job,) = db.execute("select id, claim_token from claim_jobs('w-scene', 1, '{send_notification}')").fetchall()
    db.execute("select fail_job(%s, %s, %s, false)", [job["id"], job["claim_token"], error])
    return str(job["id"])


def complete(db: Db, milliseconds: int = 40) -> str:
    """Let a ranking complete after so long, and return its id."""
    db.execute("insert into background_jobs (job_type) values ('recompute_rankings')")
    (job,) = db.execute("select id, claim_token from claim_jobs('w-scene', 1, '{recompute_rankings}')").fetchall()
    db.execute(
        "update background_jobs set started_at = clock_timestamp() - make_interval(secs => %s)", [milliseconds / 1000]
    )
    db.execute("""select complete_job(%s, %s, '{"ranked": 12}')""", [job["id"], job["claim_token"]])
    return str(job["id"])


def wait(db: Db, count: int, minutes_late: float = 0, job_type: str = "process_image") -> list[str]:
    """Add pending jobs, due so many minutes ago, and return their ids."""
    rows = db.execute(
        "insert into background_jobs (job_type, payload, scheduled_for)"
        " select %s::job_type, jsonb_build_object('post_id', gen_random_uuid(), 'image_url', 'https://a.example/b.jpg'),"
        " now() - make_interval(secs => %s) from generate_series(1, %s) returning id",
        [job_type, minutes_late * 60, count],
    ).fetchall()
    return [str(row["id"]) for row in rows]


def trouble(db: Db) -> None:
    """All of it at once."""
    for _ in range(14):
        die(db)
    for number in range(10):
        complete(db, 20 * (number + 1))
    wait(db, 20, minutes_late=7)
    db.execute(
        "insert into background_jobs (job_type, payload, attempts, error_message, scheduled_for) values"
        " ('generate_thumbnail', '{\"image_url\": \"https://images.example.com/a.jpg\"}', 1,"
        " 'NotReady: images.example.com answered 503', now() + interval '40 seconds')"
    )
    db.execute("select pause_job_type('generate_thumbnail')")


def documented(db: Db) -> None:
    """The same, with two dead jobs whose ids the document names."""
    for number in (1, 2):
        die(db, job_id=f"01a21824-0000-7000-8000-{number:012}")
    trouble(db)
