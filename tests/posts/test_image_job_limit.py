"""Nobody fills the queue: a user's unfinished image jobs are bounded, whoever adds the posts for them."""

import threading
from typing import Any

import psycopg
import pytest

from tests.jobs.asking import Connect, Db, as_user

ANNE, BERT = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def add(db: psycopg.Connection[Any], user: str | None, count: int) -> None:
    """Add posts in one statement."""
    db.execute(
        "insert into public.posts_new (user_id, image_url)"
        " select %s, 'https://images.example.com/' || n from generate_series(1, %s) as n",
        (user, count),
    )


def refused(db: psycopg.Connection[Any], user: str, count: int) -> bool:
    """Whether so many posts are too many; not one is added then."""
    try:
        with db.transaction():
            add(db, user, count)
    except psycopg.Error as error:
        if error.sqlstate == "PT429" and error.diag.message_primary == "a user has at most 200 unfinished image jobs":
            return True
        raise
    return False


def test_a_user_has_at_most_two_hundred_unfinished_image_jobs(connect: Connect, db: Db) -> None:
    """In one statement or in many. What is made makes room; others are not concerned."""
    anne = as_user(connect, ANNE)
    assert refused(anne, ANNE, 201)
    assert not refused(anne, ANNE, 199)
    assert refused(anne, ANNE, 2)
    assert not refused(anne, ANNE, 1)
    anne.commit()
    assert not refused(as_user(connect, BERT), BERT, 1)
    db.execute(
        "delete from public.background_jobs where idempotency_key = (select min(idempotency_key)"
        " from public.background_jobs where owner = %s)",
        (ANNE,),
    )
    assert not refused(anne, ANNE, 1)


def test_removing_a_post_makes_no_room(connect: Connect) -> None:
    """Its job is still in the queue."""
    anne = as_user(connect, ANNE)
    add(anne, ANNE, 200)
    anne.execute("delete from public.posts_new")
    assert refused(anne, ANNE, 1)


def test_another_image_counts_too(connect: Connect) -> None:
    """An update asks for a job as well."""
    anne = as_user(connect, ANNE)
    add(anne, ANNE, 200)
    with pytest.raises(psycopg.Error, match="at most 200 unfinished"):
        anne.execute("update public.posts_new set image_url = image_url || '?2'")


def test_the_api_is_limited_and_an_import_is_not(connect: Connect, db: Db) -> None:
    """The API adds posts as service_role. An operator's own connection has taken no role."""
    assert refused(connect("service_role"), ANNE, 201)
    add(db, ANNE, 1000)
    add(connect("service_role"), None, 201)


def test_two_statements_at_once_do_not_pass_the_limit(connect: Connect, db: Db) -> None:
    """The second one waits for the first, and counts its jobs."""
    first, second = as_user(connect, ANNE), as_user(connect, ANNE)
    add(first, ANNE, 150)
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(refused(second, ANNE, 150)))
    thread.start()
    waiting = "select from pg_locks where locktype = 'advisory' and not granted"
    while thread.is_alive() and not db.execute(waiting).fetchall():
        pass
    first.commit()
    thread.join()
    assert answers == [True]
    assert db.execute("select count(*) from public.background_jobs").fetchall() == [{"count": 150}]
