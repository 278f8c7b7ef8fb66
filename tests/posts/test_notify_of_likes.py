"""The opt-in: the owner of a post hears of its likes, many at a time."""

import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.jobs.asking import Connect, Db, active, add_post

OPTION = Path(__file__).resolve().parents[2] / "supabase" / "optional" / "notify_of_likes.sql"
OWNER = uuid.UUID("11111111-1111-4111-8111-111111111111")


@pytest.fixture
def opted_in(db: Db) -> None:
    """The optional migration, applied; twice does no harm."""
    for _ in range(2):
        db.execute(OPTION.read_bytes())


def like(db: psycopg.Connection[Any], post_id: uuid.UUID, count: int) -> None:
    """So many sessions more like the post, and their likes are counted."""
    db.execute(
        """insert into public.post_ratings (post_id, session_id)
        select %s, gen_random_uuid() from generate_series(1, %s)""",
        (post_id, count),
    )
    db.execute("select public.sync_post_like_count(%s)", (post_id,))


def test_is_off_unless_asked_for(db: Db) -> None:
    """Nobody asked for more notifications."""
    like(db, add_post(db, user_id=OWNER), 3)
    assert active(db, "send_notification") == []


@pytest.mark.usefixtures("opted_in")
def test_many_likes_are_one_notification(db: Db) -> None:
    """Whose number is brought up to date until it is sent."""
    post_id = add_post(db, user_id=OWNER)
    for count, text in (
        (1, "1 person liked your post"),
        (4, "5 people liked your post"),
        (7, "12 people liked your post"),
    ):
        like(db, post_id, count)
        [job] = active(db, "send_notification")
        assert job["payload"] == {
            "user_id": str(OWNER),
            "title": "New likes",
            "body": text,
            "url": f"/posts/{post_id}",
        }


@pytest.mark.usefixtures("opted_in")
def test_the_next_one_waits_for_an_hour(db: Db) -> None:
    """A post that everybody likes must not be a telephone that never stops."""
    post_id = add_post(db, user_id=OWNER)
    like(db, post_id, 1)
    db.execute("update public.background_jobs set scheduled_for = now() where job_type = 'send_notification'")
    db.execute(
        """select public.complete_job(id, claim_token) from public.claim_jobs('w-1', 10, '{send_notification}')"""
    )
    like(db, post_id, 1)
    row = db.execute(
        "select extract(epoch from scheduled_for - now())::int as wait from public.background_jobs "
        "where job_type = 'send_notification'"
    ).fetchone()
    assert row
    assert 3590 <= row["wait"] <= 3600


@pytest.mark.usefixtures("opted_in")
@pytest.mark.parametrize("change", ["likes = likes - 1", "caption = 'x'", "likes = likes"])
def test_other_changes_tell_nobody(db: Db, change: str) -> None:
    """Being liked by fewer is no news."""
    add_post(db, user_id=OWNER, likes=5)
    db.execute(f"update public.posts_new set {change}".encode())  # noqa: S608 - of the list above
    assert active(db, "send_notification") == []


@pytest.mark.usefixtures("opted_in")
def test_a_post_of_nobody_tells_nobody(db: Db) -> None:
    """Old posts have no user."""
    like(db, add_post(db), 3)
    assert active(db, "send_notification") == []


@pytest.mark.usefixtures("opted_in")
def test_a_like_sync_does_not_wait_for_a_worker(connect: Connect, db: Db) -> None:
    """The job is being claimed: it goes out with the number that it has."""
    post_id = add_post(db, user_id=OWNER)
    like(db, post_id, 1)
    db.execute("update public.background_jobs set scheduled_for = now() where job_type = 'send_notification'")
    worker = connect(autocommit=False)
    worker.execute("select * from public.claim_jobs('w-1', 10, '{send_notification}')")
    db.execute("set lock_timeout = '1s'")
    like(db, post_id, 1)
    worker.commit()
    [job] = active(db, "send_notification")
    assert (job["status"], job["payload"]["body"]) == ("processing", "1 person liked your post")
