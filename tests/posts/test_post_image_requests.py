"""A post with an image comes with its process_image job, whoever adds it and however; both or none."""

import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

import lib.jobs  # noqa: F401 - registers the types
from lib.queue.registry import registered
from tests.jobs.asking import as_user

type Db = psycopg.Connection[dict[str, Any]]
type Connect = Callable[..., psycopg.Connection[Any]]

URL = "https://images.example.com/a.jpg"
USER = "11111111-1111-4111-8111-111111111111"


def jobs(db: Db) -> list[dict[str, Any]]:
    """The process_image jobs, in the order of their keys."""
    return db.execute(
        "select * from public.background_jobs where job_type = 'process_image' order by idempotency_key"
    ).fetchall()


def add(db: psycopg.Connection[Any], image_url: str | None = URL, post_id: uuid.UUID | None = None) -> uuid.UUID:
    """Add a post by plain SQL."""
    chosen = post_id or uuid.uuid4()
    db.execute("insert into public.posts_new (id, image_url) values (%s, %s)", (chosen, image_url))
    return chosen


def test_a_post_with_an_image_comes_with_its_job(db: Db) -> None:
    """Key, priority and payload are the contract's."""
    post_id = add(db)
    [job] = jobs(db)
    assert job["idempotency_key"] == f"process_image_{post_id}"
    assert job["payload"] == {"post_id": str(post_id), "image_url": URL}
    assert (job["priority"], job["status"], job["attempts"]) == (3, "pending", 0)
    registered["process_image"].payload.model_validate(job["payload"])


def test_the_trigger_and_the_policy_agree(db: Db) -> None:
    """Priority and attempts stand in SQL and in Python: one of them must not be forgotten."""
    add(db)
    policy = registered["process_image"].policy
    assert (jobs(db)[0]["priority"], jobs(db)[0]["max_attempts"]) == (policy.priority, policy.max_attempts)


@pytest.mark.parametrize("image_url", [None, ""])
def test_a_post_without_an_image_needs_no_job(db: Db, image_url: str | None) -> None:
    """Texts are posts too."""
    add(db, image_url)
    assert jobs(db) == []


def test_a_thousand_posts_in_one_statement_come_with_a_thousand_jobs(db: Db) -> None:
    """The trigger works on sets."""
    db.execute("insert into public.posts_new (image_url) select %s || n from generate_series(1, 1000) as n", (URL,))
    assert len(jobs(db)) == 1000


def test_a_rollback_leaves_neither_post_nor_job(connect: Connect, db: Db) -> None:
    """One transaction."""
    other = connect(autocommit=False)
    add(other)
    other.rollback()
    assert jobs(db) == []
    assert db.execute("select id from public.posts_new").fetchall() == []


def test_a_savepoint_takes_the_job_along(connect: Connect, db: Db) -> None:
    """Also part of a transaction."""
    other = connect(autocommit=False)
    kept = add(other)
    other.execute("savepoint before")
    add(other)
    other.execute("rollback to savepoint before")
    other.commit()
    assert [job["payload"]["post_id"] for job in jobs(db)] == [str(kept)]


def test_a_job_is_not_seen_before_its_post(connect: Connect, db: Db) -> None:
    """A worker that claims it finds the post."""
    other = connect(autocommit=False)
    add(other)
    assert db.execute("select * from public.claim_jobs('w-1', 10)").fetchall() == []
    other.commit()
    assert len(db.execute("select * from public.claim_jobs('w-1', 10)").fetchall()) == 1


def test_a_job_that_cannot_be_added_refuses_the_post(db: Db) -> None:
    """A post without its job cannot exist."""
    db.execute("alter table public.background_jobs add constraint none check (job_type <> 'process_image') not valid")
    with pytest.raises(psycopg.errors.CheckViolation):
        add(db)
    assert db.execute("select id from public.posts_new").fetchall() == []


def test_a_post_may_come_back_while_its_old_job_waits(db: Db) -> None:
    """A restored post must not be refused because the key is held."""
    post_id = add(db)
    db.execute("delete from public.posts_new")
    add(db, URL, post_id)
    assert len(jobs(db)) == 1


def test_another_image_asks_for_its_own_job(db: Db) -> None:
    """The old job may run already; both end well, in any order."""
    post_id = add(db)
    db.execute("update public.posts_new set image_url = %s where id = %s", (URL + "?2", post_id))
    assert [job["payload"]["image_url"] for job in jobs(db)] == [URL, URL + "?2"]
    assert all(job["idempotency_key"].startswith(f"process_image_{post_id}") for job in jobs(db))


@pytest.mark.parametrize(
    "change", ["likes = likes + 1", "caption = 'x'", "image_url = image_url", "image_url = null", "image_url = ''"]
)
def test_other_changes_ask_for_nothing(db: Db, change: str) -> None:
    """The like sync changes posts all the time."""
    add(db)
    db.execute("delete from public.background_jobs")
    db.execute(f"update public.posts_new set {change}".encode())  # noqa: S608 - of the list above
    assert jobs(db) == []


# -- the browser's own insert


def test_a_user_adds_a_post_and_gets_the_job_without_touching_the_queue(connect: Connect, db: Db) -> None:
    """supabase-js in the browser: the trigger may write the queue, the user may not."""
    browser = as_user(connect, USER)
    browser.execute("insert into public.posts_new (user_id, image_url) values (%s, %s)", (USER, URL))
    browser.commit()
    assert len(jobs(db)) == 1
    for statement in (
        b"select * from public.background_jobs",
        b"insert into public.background_jobs (job_type) values ('process_image')",
        b"select queue_private.ask_for_post_images()",
    ):
        browser = as_user(connect, USER)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            browser.execute(statement)


def test_a_user_cannot_ask_for_work_in_anothers_name(connect: Connect, db: Db) -> None:
    """Row level security comes before the trigger."""
    browser = as_user(connect, USER)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        browser.execute("insert into public.posts_new (user_id, image_url) values (gen_random_uuid(), %s)", (URL,))
    assert jobs(db) == []


@pytest.mark.parametrize("function", ["ask_for_post_images", "ask_for_changed_post_image"])
def test_the_triggers_functions_are_safe_as_definers(db: Db, function: str) -> None:
    """No search path that somebody could fill, and nobody calls them."""
    row = db.execute(
        "select prosecdef, proconfig, proacl::text as acl from pg_proc where proname = %s", (function,)
    ).fetchone()
    assert row
    assert row["prosecdef"]
    assert row["proconfig"] == ['search_path=""']
    assert "anon" not in row["acl"]
    assert "authenticated" not in row["acl"]
