"""Posts and jobs for tests, and what became of them."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

type Db = psycopg.Connection[dict[str, Any]]
type Connect = Callable[..., psycopg.Connection[Any]]


def as_user(connect: Connect, user_id: uuid.UUID | str) -> psycopg.Connection[Any]:
    """A connection, in a transaction, that has the rights of a signed-in user, as PostgREST gives them."""
    connection = connect("authenticated", autocommit=False)
    claims = {"request.jwt.claim.sub": str(user_id), "request.jwt.claims": json.dumps({"sub": str(user_id)})}
    for name, value in claims.items():
        connection.execute("select set_config(%s, %s, false)", (name, value))
    connection.commit()
    return connection


def add_post(db: Db, image_url: str | None = None, **columns: Any) -> uuid.UUID:
    """Add a post; with an image its process_image job comes along."""
    row = db.execute(
        """
        insert into public.posts_new (user_id, caption, image_url, likes, created_at)
        values (%(user_id)s, %(caption)s, %(image_url)s, %(likes)s, coalesce(%(created_at)s::timestamptz, now()))
        returning id
        """,
        {"user_id": None, "caption": "a post", "likes": 0, "created_at": None, **columns, "image_url": image_url},
    ).fetchone()
    assert row
    post_id: uuid.UUID = row["id"]
    return post_id


def enqueue(db: Db, job_type: str, payload: dict[str, Any], **columns: Any) -> uuid.UUID:
    """Add a job."""
    row = db.execute(
        """
        select id from public.enqueue_job(job_type => %(job_type)s::public.job_type, payload => %(payload)s,
          max_attempts => %(max_attempts)s)
        """,
        {
            "max_attempts": 4,
            **columns,
            "job_type": job_type,
            "payload": Jsonb(json.loads(json.dumps(payload, default=str))),
        },
    ).fetchone()
    assert row
    job_id: uuid.UUID = row["id"]
    return job_id


def ended(db: Db, job_type: str) -> list[dict[str, Any]]:
    """The history of a type."""
    return db.execute(
        "select * from public.job_history where job_type = %s::public.job_type order by id", (job_type,)
    ).fetchall()


def active(db: Db, job_type: str) -> list[dict[str, Any]]:
    """The active jobs of a type."""
    return db.execute(
        "select * from public.background_jobs where job_type = %s::public.job_type order by id", (job_type,)
    ).fetchall()


def make_due(db: Db) -> None:
    """Put all waiting jobs' times in the past."""
    db.execute("update public.background_jobs set scheduled_for = now() - interval '1 second'")


def image_of(db: Db, post_id: uuid.UUID) -> dict[str, Any] | None:
    """The post's row in post_images."""
    return db.execute("select * from public.post_images where post_id = %s", (post_id,)).fetchone()


def thumbnails_of(db: Db, post_id: uuid.UUID) -> dict[str, dict[str, Any]]:
    """The post's thumbnails, by what was asked for."""
    rows = db.execute("select * from public.post_thumbnails where post_id = %s", (post_id,)).fetchall()
    return {row["size"]: row for row in rows}
