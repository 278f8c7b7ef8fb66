"""queue_health says that push services or Storage refuse us, and no stranger can make it say so, or keep it from it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from tests.sql.calls import Db, rpc, value

TAKEN, REFUSED, TOO_LARGE = 201, 403, 413


def subscribe(db: Db, user: UUID) -> tuple[UUID, str]:
    """A browser of a user: the subscription and its endpoint."""
    endpoint = f"https://fcm.googleapis.com/fcm/send/{uuid4()}"
    (row,) = db.execute(
        "insert into push_subscriptions (user_id, endpoint, p256dh, auth) values (%s, %s, 'x', 'x') returning id",
        [user, endpoint],
    ).fetchall()
    return row["id"], endpoint


def push(db: Db, user: UUID, browser: tuple[UUID, str], status: int, *, known: bool = True) -> None:
    """Push a notification of its own to a browser; known: to a service that browsers are made for."""
    notification = value(
        db, "add_notification", job_id=uuid4(), redrive_of=None, user_id=user, title="x", body="x", url=None
    )
    subscription, endpoint = browser
    rpc(
        db,
        "record_push",
        notification_id=notification,
        subscription_id=subscription,
        status=status,
        known_endpoint=endpoint if known else None,
    )


def users(db: Db, number: int) -> list[tuple[UUID, tuple[UUID, str]]]:
    """Users with a browser each."""
    return [(user, subscribe(db, user)) for user in (uuid4() for _ in range(number))]


def push_all(db: Db, to: Sequence[tuple[UUID, tuple[UUID, str]]], status: int, *, known: bool = True) -> None:
    """One push each."""
    for user, browser in to:
        push(db, user, browser, status, known=known)


def codes(db: Db) -> list[str]:
    """Why the queue is unhealthy."""
    return list(value(db, "queue_health")["reason_codes"])


def test_a_key_that_was_changed_is_seen_and_so_is_its_return(service: Db) -> None:
    """Browsers that took pushes refuse them. The reason says what to do, and goes when most users are reached again."""
    subscribed = users(service, 6)
    push_all(service, subscribed, TAKEN)
    push_all(service, subscribed[:2], REFUSED)
    assert codes(service) == []
    push_all(service, subscribed[2:4], REFUSED)
    reply = value(service, "queue_health")
    assert (reply["healthy"], reply["reason_codes"]) == (False, ["push_key_refused"])
    assert "4 of the last 6 users" in reply["reasons"][0]
    assert "VAPID_PRIVATE_KEY" in reply["reasons"][0]
    push_all(service, subscribed[:1], TAKEN)
    assert codes(service) == []


def test_a_key_that_never_fitted_is_seen(service: Db) -> None:
    """All subscribers, if there are fewer than three: an operator who tries it out finds out at once."""
    subscribed = users(service, 3)
    push_all(service, subscribed[:2], REFUSED)
    assert codes(service) == []
    push_all(service, subscribed[2:], REFUSED)
    assert codes(service) == ["push_key_refused"]
    service.execute("delete from push_subscriptions where id <> %s", [subscribed[0][1][0]])
    assert codes(service) == ["push_key_refused"]


def test_a_stranger_cannot_raise_it(service: Db) -> None:
    """Neither by a server that answers what it likes, nor by browsers that subscribed with another key, nor by swapping
    the endpoint under a subscription that was reached, however many pushes and browsers there are."""
    honest = users(service, 3)
    push_all(service, honest[:1], TAKEN)
    strangers = users(service, 5)
    push_all(service, strangers * 3, REFUSED, known=False)
    push_all(service, strangers * 3, REFUSED)
    push_all(service, strangers, TAKEN, known=False)
    push_all(service, strangers, TOO_LARGE)
    push_all(service, strangers, 0)
    for user, browser in strangers:
        push(service, user, browser, TAKEN)
        swapped = f"https://fcm.googleapis.com/fcm/send/{uuid4()}"
        service.execute("update push_subscriptions set endpoint = %s where id = %s", [swapped, browser[0]])
        # Its worker had the old endpoint still.
        push(service, user, browser, REFUSED)
        push(service, user, (browser[0], swapped), REFUSED)
    others = users(service, 5)
    push_all(service, others, TAKEN, known=False)
    push_all(service, others, REFUSED, known=False)
    assert codes(service) == []


def test_a_stranger_cannot_hide_it(service: Db) -> None:
    """One account is one user, with however many browsers that are reached, and pushes."""
    subscribed = users(service, 4)
    push_all(service, subscribed, TAKEN)
    push_all(service, subscribed, REFUSED)
    stranger = uuid4()
    for browser in [subscribe(service, stranger) for _ in range(20)]:
        push(service, stranger, browser, TAKEN)
        push(service, stranger, browser, TAKEN, known=False)
    assert codes(service) == ["push_key_refused"]


def test_what_was_a_day_ago_does_not_count(service: Db) -> None:
    """Nor do users who are gone."""
    subscribed = users(service, 3)
    push_all(service, subscribed, REFUSED)
    service.execute("update queue_private.push_reach set pushed_at = pushed_at - interval '25 hours'")
    assert codes(service) == []
    push_all(service, subscribed, REFUSED)
    service.execute("delete from push_subscriptions")
    assert codes(service) == []


def run(db: Db, ago_minutes: float = 1, **counts: int) -> None:
    """A run of the worker that ended."""
    started: dict[str, Any] = value(db, "start_worker_run", worker_id="w", trigger="cron", budget_ms=8000)
    value(db, "finish_worker_run", run_id=started["run_id"], stop_reason="empty", counts=Jsonb(counts))
    db.execute(
        "update worker_runs set started_at = now() - make_interval(secs => %s) where id = %s",
        [ago_minutes * 60, started["run_id"]],
    )


def test_a_storage_that_refuses_is_seen_and_so_is_its_return(service: Db) -> None:
    """Five uploads since it took one last; one that it takes ends it."""
    run(service, 70, storage_taken=2)
    run(service, 60, storage_refused=4)
    run(service, 50)
    assert codes(service) == []
    run(service, 40, storage_refused=1)
    reply = value(service, "queue_health")
    assert reply["reason_codes"] == ["storage_refuses"]
    assert "refused 5 uploads since" in reply["reasons"][0]
    run(service, 1, storage_taken=1)
    assert codes(service) == []


def test_refusals_among_files_that_are_taken_do_not_count(service: Db) -> None:
    """It is some file's fault then."""
    for minutes in (3, 2, 1):
        run(service, minutes, storage_taken=1, storage_refused=50)
    assert codes(service) == []


def test_refusals_of_long_ago_do_not_count(service: Db) -> None:
    """A job that is given back is tried again within an hour."""
    run(service, 76, storage_refused=50)
    assert codes(service) == []
