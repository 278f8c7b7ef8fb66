"""like/like: a rater waits neither for another rater nor for a worker, and never deadlocks with one."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.likes.posts import (
    claim_syncs,
    drain,
    drift,
    let_windows_end,
    likes,
    make_post,
    rate,
    set_like,
    sync_jobs,
    toggle_like,
    unrate,
)
from tests.sql.calls import Db, value
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once

RATINGS: list[Callable[[Db, UUID, str], object]] = [rate, set_like, toggle_like]


@pytest.fixture
def open_impatient(open_service: OpenService) -> OpenService:
    """A factory of connections that give up when they have to wait for a lock."""

    def open_with_timeout(*, autocommit: bool = True) -> Db:
        connection = open_service()
        connection.execute("set lock_timeout = '200ms'")
        connection.autocommit = autocommit
        return connection

    return open_with_timeout


@pytest.mark.parametrize("act", RATINGS)
def test_raters_of_one_post_do_not_wait_for_each_other(
    service: Db, open_impatient: OpenService, post: UUID, act: Callable[[Db, UUID, str], object]
) -> None:
    """Ten transactions held open at once, on a post that nobody has rated before."""
    raters = [open_impatient(autocommit=False) for _ in range(10)]
    for number, rater in enumerate(raters):
        act(rater, post, f"session-{number}")
    for rater in raters:
        rater.commit()
    drain(service)
    assert likes(service, post) == 10


def test_raters_that_join_one_job_do_not_wait_for_each_other(
    service: Db, open_impatient: OpenService, post: UUID
) -> None:
    """Share locks go together."""
    rate(service, post)
    raters = [open_impatient(autocommit=False) for _ in range(10)]
    for number, rater in enumerate(raters):
        rate(rater, post, f"other-{number}")
    assert len(sync_jobs(service)) == 1
    for rater in raters:
        rater.commit()
    drain(service)
    assert likes(service, post) == 11


@pytest.mark.parametrize("joined", [False, True])
def test_two_posts_in_opposite_order_do_not_deadlock(service: Db, open_impatient: OpenService, joined: bool) -> None:
    """Whether their sync jobs are joined or made."""
    first, second = make_post(service), make_post(service)
    if joined:
        rate(service, first, "earlier")
        rate(service, second, "earlier")
    there, back = open_impatient(autocommit=False), open_impatient(autocommit=False)
    rate(there, first, "there")
    rate(back, second, "back")
    rate(there, second, "there")
    rate(back, first, "back")
    there.commit()
    back.commit()
    drain(service)
    assert [likes(service, first), likes(service, second)] == [2 + joined] * 2


def test_many_raters_of_many_posts_in_all_orders_do_not_deadlock(service: Db, open_service: OpenService) -> None:
    """Eight transactions, each over the same posts, each from another one on."""
    posts = [make_post(service) for _ in range(8)]
    raters = [(number, open_service(autocommit=False)) for number in range(8)]

    def rate_all(numbered: tuple[int, Db]) -> None:
        number, rater = numbered
        for turn in range(5):
            for post in posts[number:] + posts[:number]:
                rate(rater, post, f"session-{number}-{turn}")
            rater.commit()

    all_at_once(rate_all, raters)
    drain(service)
    assert [likes(service, post) for post in posts] == [40] * 8


@pytest.mark.parametrize("act", [*RATINGS, unrate])
def test_a_rater_does_not_wait_for_a_sync(
    service: Db, open_service: OpenService, open_impatient: OpenService, post: UUID, act: Callable[..., object]
) -> None:
    """A slow sync holds the post; the foreign key's lock goes beside it."""
    rate(service, post, "session-1")
    rate(service, post, "session-2")
    worker = open_service(autocommit=False)
    assert value(worker, "sync_post_like_count", target_post_id=post) == 2
    act(open_impatient(), post, "session-1" if act is unrate else "session-3")
    worker.commit()
    drain(service)
    assert drift(service) == {}


def test_a_rater_does_not_wait_for_a_claim_or_a_settle(
    service: Db, open_service: OpenService, open_impatient: OpenService, post: UUID
) -> None:
    """The worker's transactions on the job itself."""
    rate(service, post, "session-1")
    let_windows_end(service)
    worker = open_service(autocommit=False)
    assert len(claim_syncs(worker)) == 1
    rate(open_impatient(), post, "session-2")
    worker.commit()
    let_windows_end(service)
    assert len(claim_syncs(worker)) == 1
    rate(open_impatient(), post, "session-3")
    worker.rollback()
    assert len(sync_jobs(service)) == 3


def test_a_rating_costs_no_more_jobs_than_open_transactions(service: Db, open_service: OpenService, post: UUID) -> None:
    """Raters that cannot see each other's jobs make one each: bounded by how many are open at once."""
    raters = [open_service(autocommit=False) for _ in range(5)]
    for _ in range(4):
        for number, rater in enumerate(raters):
            toggle_like(rater, post, f"session-{number}")
    for rater in raters:
        rater.commit()
    assert len(sync_jobs(service)) == 5
