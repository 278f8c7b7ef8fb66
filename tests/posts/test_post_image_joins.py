"""Whatever becomes of the jobs that are there already, the post ends up showing the image that it wants.

The trigger relies on a job only when that one is for this image and cannot have run before the transaction ends.
"""

import uuid
from typing import Any

import psycopg
import pytest

from tests.jobs.asking import Connect, Db, active, image_of
from tests.sql.calls import Row, claim, outcome, settle, value
from tests.sql.conftest import OpenService, open_service
from tests.sql.racing import meanwhile, wait_until_blocked

__all__ = ["open_service"]

A, B = "https://images.example.com/a.jpg", "https://images.example.com/b.jpg"


@pytest.fixture
def post(db: Db) -> uuid.UUID:
    """A post that wants A and shows it."""
    post_id = uuid.uuid4()
    add(db, post_id, A)
    work(db)
    assert shown(db, post_id) == A
    return post_id


def add(db: psycopg.Connection[Any], post_id: uuid.UUID, image_url: str) -> None:
    """Add a post."""
    db.execute("insert into public.posts_new (id, image_url) values (%s, %s)", (post_id, image_url))


def want(db: psycopg.Connection[Any], post_id: uuid.UUID, image_url: str) -> None:
    """Give a post another image."""
    db.execute("update public.posts_new set image_url = %s where id = %s", (image_url, post_id))


def shown(db: Db, post_id: uuid.UUID) -> str | None:
    """Return the image_url of which the post shows the image."""
    row = image_of(db, post_id)
    return row["source_url"] if row else None


def store(db: Db, job: Row) -> str:
    """Store as process_image does, and return the answer."""
    answer: str = value(
        db,
        "store_post_image",
        post_id=job["payload"]["post_id"],
        source_url=job["payload"]["image_url"],
        width=1,
        height=1,
        blurhash="x",
        webp_url=job["payload"]["image_url"] + "/webp",
        jpeg_url=job["payload"]["image_url"] + "/jpeg",
    )
    return answer


def end(db: Db, job: Row, answer: str) -> None:
    """Settle as process_image does."""
    assert settle(db, outcome(job, "completed" if answer == "stored" else "discarded")) == ["settled"]


def work(db: Db) -> None:
    """Do the process_image jobs that are due, one after another."""
    for job in claim(db, job_types=["process_image"]):
        end(db, job, store(db, job))


def test_an_image_that_is_wanted_again_is_not_left_to_a_job_that_found_it_outdated(db: Db, post: uuid.UUID) -> None:
    """B's job looked while A was wanted, and still holds the key when B is wanted again."""
    want(db, post, B)
    (late,) = claim(db)
    want(db, post, A)
    work(db)
    answer = store(db, late)
    assert answer == "outdated"
    want(db, post, B)
    end(db, late, answer)
    work(db)
    assert shown(db, post) == B


def test_a_post_that_comes_back_is_not_left_to_a_job_that_found_it_gone(db: Db, post: uuid.UUID) -> None:
    """The same with a new post's key."""
    db.execute("delete from public.posts_new")
    add(db, post, B)
    (late,) = claim(db)
    db.execute("delete from public.posts_new")
    answer = store(db, late)
    assert answer == "gone"
    add(db, post, B)
    end(db, late, answer)
    work(db)
    assert shown(db, post) == B


def test_a_post_that_comes_back_with_another_image_gets_that_image(db: Db) -> None:
    """Its key is held by a pending job for the old one."""
    post = uuid.uuid4()
    add(db, post, A)
    db.execute("delete from public.posts_new")
    add(db, post, B)
    work(db)
    assert shown(db, post) == B


def test_a_job_that_is_relied_on_does_not_run_before_the_post_is_there(connect: Connect, db: Db) -> None:
    """It would find no post and be discarded: it is held until the transaction ends."""
    post = uuid.uuid4()
    add(db, post, A)
    db.execute("delete from public.posts_new")
    writer = connect(autocommit=False)
    add(writer, post, A)
    assert claim(db) == []
    writer.commit()
    assert len(active(db, "process_image")) == 1
    work(db)
    assert shown(db, post) == A


def test_a_job_that_is_just_being_claimed_is_not_relied_on(connect: Connect, db: Db, open_service: OpenService) -> None:
    """It may look for the post before the transaction that adds it has ended."""
    post = uuid.uuid4()
    add(db, post, A)
    db.execute("delete from public.posts_new")
    worker, writer = open_service(autocommit=False), connect(autocommit=False)
    (late,) = claim(worker)
    with meanwhile(add, writer, post, A) as added:
        wait_until_blocked(db, writer)
        worker.commit()
    added.result()
    end(db, late, store(db, late))
    writer.commit()
    work(db)
    assert shown(db, post) == A


def test_an_image_that_is_wanted_back_and_forth_while_its_jobs_wait_is_asked_for_once(db: Db, post: uuid.UUID) -> None:
    """A pending job will look at the post as it is then."""
    for image_url in (B, A, B, A, B):
        want(db, post, image_url)
    assert len(active(db, "process_image")) == 2
    work(db)
    assert shown(db, post) == B


def test_many_posts_come_back_in_one_statement(db: Db) -> None:
    """Each is looked at by itself: its job waits, is for another image, is being run, or has ended."""
    posts = [uuid.uuid4() for _ in range(400)]
    again = "insert into public.posts_new (id, image_url) select post, %s from unnest(%s::uuid[]) as post"
    db.execute(again, (A, posts[:300]))
    db.execute(
        "update public.background_jobs set priority = 9 where payload ->> 'post_id' = any (%s::text[])",
        ([*map(str, posts[:100])],),
    )
    claimed = {uuid.UUID(job["payload"]["post_id"]) for job in claim(db, 100)}
    assert len(claimed) == 100
    db.execute("delete from public.posts_new")
    db.execute(again, (B, posts[:200]))
    db.execute(again, (A, posts[200:]))
    waiting = {
        (uuid.UUID(job["payload"]["post_id"]), job["payload"]["image_url"])
        for job in active(db, "process_image")
        if job["status"] == "pending"
    }
    assert {(post, B) for post in posts[:200]} | {(post, A) for post in posts[200:]} <= waiting
    # The hundred that never were there, and the first job of each of the others, have the key.
    keys = [job["idempotency_key"] for job in active(db, "process_image") if job["idempotency_key"]]
    assert sorted(keys) == sorted(f"process_image_{post}" for post in posts)
