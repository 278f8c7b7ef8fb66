"""A browser's endpoint belongs to its newest sign-in; a user's rows are bounded, and go with the user."""

import threading
import uuid
from typing import Any

import psycopg
import pytest

from tests.jobs.asking import Connect, Db, as_user

ANNE, BERT = uuid.UUID(int=1, version=4), uuid.UUID(int=2, version=4)
BROWSER = "https://push.example.com/browser"


def subscribe(user: psycopg.Connection[Any], *endpoints: str) -> None:
    """What the browser's page sends: one statement, as PostgREST makes it of an array."""
    user.execute(
        "insert into public.push_subscriptions (endpoint, p256dh, auth)"
        " select e, 'x', 'x' from unnest(%s::text[]) as e",
        (list(endpoints),),
    )


def owners(db: Db, endpoint: str = BROWSER) -> list[uuid.UUID]:
    """Whose the endpoint is."""
    rows = db.execute("select user_id from public.push_subscriptions where endpoint = %s", (endpoint,)).fetchall()
    return [row["user_id"] for row in rows]


def test_the_newest_sign_in_owns_the_endpoint(connect: Connect, db: Db) -> None:
    """Anne's messages must not be shown to Bert. Her other browser stays hers."""
    anne, bert = as_user(connect, ANNE), as_user(connect, BERT)
    subscribe(anne, BROWSER, BROWSER + "-2")
    anne.commit()
    subscribe(bert, BROWSER)
    bert.commit()
    assert owners(db) == [BERT]
    assert owners(db, BROWSER + "-2") == [ANNE]


def test_changing_to_an_endpoint_owns_it_too(connect: Connect, db: Db) -> None:
    """A browser may renew its subscription by an update."""
    anne, bert = as_user(connect, ANNE), as_user(connect, BERT)
    subscribe(anne, BROWSER)
    anne.commit()
    subscribe(bert, BROWSER + "-2")
    bert.execute("update public.push_subscriptions set endpoint = %s", (BROWSER,))
    bert.commit()
    assert owners(db) == [BERT]


def test_of_two_sign_ins_at_once_one_owns_the_endpoint(connect: Connect, db: Db) -> None:
    """The second one waits for the first, and then finds its row."""
    anne, bert = as_user(connect, ANNE), as_user(connect, BERT)
    subscribe(anne, BROWSER)
    second = threading.Thread(target=subscribe, args=(bert, BROWSER))
    second.start()
    waiting = "select from pg_locks where locktype = 'advisory' and not granted"
    while second.is_alive() and not db.execute(waiting).fetchall():
        pass
    assert second.is_alive()
    anne.commit()
    second.join()
    bert.commit()
    assert owners(db) == [BERT]


def test_a_user_has_at_most_fifty_subscriptions(connect: Connect, db: Db) -> None:
    """One statement or many."""
    anne = as_user(connect, ANNE)
    subscribe(anne, *(f"{BROWSER}{n}" for n in range(50)))
    anne.commit()
    with pytest.raises(psycopg.Error, match="at most 50 push subscriptions") as refused:
        subscribe(anne, BROWSER)
    assert refused.value.sqlstate == "PT429"
    anne.rollback()
    subscribe(as_user(connect, BERT), BROWSER)
    db.execute("update queue_private.limits set value = 51 where name = 'push_subscriptions_per_user'")
    subscribe(anne, BROWSER + "51")


def test_a_users_rows_go_with_the_user(connect: Connect, db: Db) -> None:
    """And nobody else's."""
    admin = connect("admin")
    for user in (ANNE, BERT):
        admin.execute("insert into auth.users (id, email) values (%s, %s || '@example.com')", (user, user))
        db.execute("insert into public.notifications (user_id, title, body) values (%s, 'Hello', 'x')", (user,))
        browser = as_user(connect, user)
        subscribe(browser, f"{BROWSER}-{user}")
        browser.commit()
    admin.execute("delete from auth.users where id = %s", (ANNE,))
    for table in ("notifications", "push_subscriptions"):
        rows = db.execute(f"select user_id from public.{table}".encode()).fetchall()  # noqa: S608 - of the list above
        assert [row["user_id"] for row in rows] == [BERT]


def test_a_removed_user_adds_no_subscription(connect: Connect) -> None:
    """Their access token is valid for up to an hour."""
    admin, anne = connect("admin"), as_user(connect, ANNE)
    admin.execute("insert into auth.users (id, email) values (%s, 'a@example.com')", (ANNE,))
    admin.execute("delete from auth.users")
    with pytest.raises(psycopg.Error, match="the user was removed") as refused:
        subscribe(anne, BROWSER)
    assert refused.value.sqlstate == "PT403"


def test_thousands_of_subscriptions_are_refused_as_too_many(connect: Connect) -> None:
    """A lock for each endpoint would be more than the server has, and nobody else would get one meanwhile."""
    with pytest.raises(psycopg.Error, match="at most 50 push subscriptions"):
        subscribe(as_user(connect, ANNE), *(f"{BROWSER}{n}" for n in range(30_000)))


def test_thousands_of_users_are_removed_at_once(connect: Connect) -> None:
    """A lock for each of them would be more than the server has."""
    admin = connect("admin")
    admin.execute("insert into auth.users (id) select gen_random_uuid() from generate_series(1, 30000)")
    admin.execute("delete from auth.users")
