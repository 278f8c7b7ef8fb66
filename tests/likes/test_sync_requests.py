"""The triggers on post_ratings ask for a sync of each touched post, in the rater's own transaction."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.likes.posts import (
    drain,
    drift,
    let_windows_end,
    likes,
    make_post,
    move_rating,
    rate,
    ratings,
    sync_jobs,
    unrate,
)
from tests.sql.calls import Db, claim, outcome, settle
from tests.sql.conftest import OpenService


def test_a_rating_asks_for_one_sync(service: Db, post: UUID) -> None:
    """Due in two seconds, with the priority that a like has."""
    rate(service, post)
    (job,) = sync_jobs(service)
    assert (job["payload"], job["priority"], job["status"]) == ({"post_id": str(post)}, 5, "pending")
    assert 2 <= (job["scheduled_for"] - job["created_at"]).total_seconds() < 4


def test_further_ratings_join_it(service: Db, post: UUID) -> None:
    """All likes within the window are one count."""
    for number in range(20):
        rate(service, post, f"session-{number}")
    assert len(sync_jobs(service)) == 1
    drain(service)
    assert likes(service, post) == 20


def test_a_bulk_insert_makes_one_job_per_post(service: Db) -> None:
    """A thousand ratings in one statement."""
    posts = [make_post(service) for _ in range(10)]
    service.execute(
        """
        insert into public.post_ratings (post_id, session_id)
        select post, 'session-' || number from unnest(%s::uuid[]) as post, generate_series(1, 100) as number
        """,
        [posts],
    )
    assert sorted(UUID(job["payload"]["post_id"]) for job in sync_jobs(service)) == sorted(posts)
    drain(service)
    assert [likes(service, post) for post in posts] == [100] * 10


def test_a_bulk_delete_makes_one_job_per_post(service: Db) -> None:
    """As the insert."""
    posts = [make_post(service) for _ in range(3)]
    for post in posts:
        for number in range(5):
            rate(service, post, f"session-{number}")
    drain(service)
    service.execute("delete from public.post_ratings where session_id <> 'session-1'")
    assert len(sync_jobs(service)) == 3
    drain(service)
    assert [likes(service, post) for post in posts] == [1, 1, 1]


def test_a_moved_rating_syncs_both_posts(service: Db, post: UUID) -> None:
    """UPDATE of post_id."""
    other = make_post(service)
    rate(service, post)
    drain(service)
    service.execute("update public.post_ratings set post_id = %s", [other])
    assert {job["payload"]["post_id"] for job in sync_jobs(service)} == {str(post), str(other)}
    drain(service)
    assert (likes(service, post), likes(service, other)) == (0, 1)


def test_an_update_that_moves_no_rating_asks_for_nothing(service: Db, post: UUID) -> None:
    """A session renamed, or two ratings that change places: the counts stay."""
    other = make_post(service)
    rate(service, post, "session-1")
    rate(service, other, "session-2")
    drain(service)
    service.execute("update public.post_ratings set session_id = session_id || '-renamed'")
    service.execute(
        "update public.post_ratings set post_id = case post_id when %s then %s else %s end", [post, other, post]
    )
    assert sync_jobs(service) == []
    assert drift(service) == {}


def test_a_statement_that_touches_no_rating_asks_for_nothing(service: Db, post: UUID) -> None:
    """Statement triggers fire for it all the same."""
    rate(service, post)
    drain(service)
    service.execute(
        "insert into public.post_ratings (post_id, session_id) select id, 'x' from public.posts_new limit 0"
    )
    service.execute("delete from public.post_ratings where session_id = 'nobody'")
    service.execute(
        "insert into public.post_ratings (post_id, session_id) values (%s, 'session-1') on conflict do nothing", [post]
    )
    assert sync_jobs(service) == []


def test_a_truncate_syncs_every_post_that_had_likes(service: Db, db: Db) -> None:
    """And no other."""
    liked, plain = make_post(service), make_post(service)
    rate(service, liked)
    drain(service)
    db.execute("truncate public.post_ratings")
    assert len(sync_jobs(service, liked)) == 1
    assert sync_jobs(service, plain) == []
    drain(service)
    assert drift(service) == {}


def test_a_truncate_with_a_sync_still_to_come(service: Db, db: Db, post: UUID) -> None:
    """The stored count is still 0: its own job counts nothing, which is right."""
    rate(service, post)
    db.execute("truncate public.post_ratings")
    drain(service)
    assert drift(service) == {}


def test_a_deleted_post_takes_its_ratings_along_and_asks_for_nothing(service: Db, post: UUID) -> None:
    """There is nothing left to count."""
    rate(service, post)
    drain(service)
    service.execute("delete from public.posts_new where id = %s", [post])
    assert (ratings(service, post), sync_jobs(service)) == (0, [])


def test_a_post_deleted_before_its_sync_is_no_error(service: Db, post: UUID) -> None:
    """The job completes."""
    rate(service, post)
    service.execute("delete from public.posts_new where id = %s", [post])
    drain(service)
    assert sync_jobs(service) == []
    ended = service.execute("select status from public.job_history").fetchall()
    assert ended == [{"status": "completed"}]


def test_a_rolled_back_rating_asks_for_nothing(service: Db, open_service: OpenService, post: UUID) -> None:
    """The job goes with the rating."""
    rater = open_service(autocommit=False)
    rate(rater, post)
    rater.rollback()
    assert sync_jobs(service) == []


def test_a_savepoint_s_rollback_takes_its_job_along(service: Db, open_service: OpenService) -> None:
    """And leaves the one of the rest of the transaction."""
    first, second = make_post(service), make_post(service)
    rater = open_service(autocommit=False)
    rate(rater, first)
    rater.execute("savepoint s")
    rate(rater, second)
    rater.execute("rollback to s")
    rater.commit()
    assert (len(sync_jobs(service, first)), len(sync_jobs(service, second))) == (1, 0)
    drain(service)
    assert (likes(service, first), likes(service, second)) == (1, 0)


def test_a_rating_after_the_rollback_of_the_one_that_asked_asks_again(
    service: Db, open_service: OpenService, post: UUID
) -> None:
    """The first one's job is gone: it must not be joined."""
    rater = open_service(autocommit=False)
    rater.execute("savepoint s")
    rate(rater, post, "session-1")
    rater.execute("rollback to s")
    rate(rater, post, "session-2")
    rater.commit()
    drain(service)
    assert likes(service, post) == 1


@pytest.mark.parametrize(
    "closed",
    [
        "scheduled_for = clock_timestamp() - interval '1 second'",
        "scheduled_for = clock_timestamp() + interval '1 hour'",
        "attempts = 1",
        "isolated = true",
    ],
)
@pytest.mark.parametrize("act", [rate, move_rating])
def test_a_job_that_cannot_be_relied_on_is_not_joined(
    service: Db, post: UUID, closed: str, act: Callable[[Db, UUID, str], None]
) -> None:
    """Its window is over, or far away; it waits for a retry; it runs alone, last in an invocation."""
    if act is move_rating:
        rate(service, make_post(service), "session-2")
    drain(service)
    rate(service, post, "session-1")
    service.execute(f"update public.background_jobs set {closed}".encode())  # noqa: S608 - from this file
    act(service, post, "session-2")
    assert len(sync_jobs(service, post)) == 2


def test_a_job_in_progress_is_not_joined(service: Db, post: UUID) -> None:
    """It may have counted already."""
    rate(service, post, "session-1")
    let_windows_end(service)
    (job,) = claim(service)
    rate(service, post, "session-2")
    assert len(sync_jobs(service)) == 2
    settle(service, outcome(job))
    drain(service)
    assert likes(service, post) == 2


def test_a_rating_of_another_session_does_not_postpone_the_sync(service: Db, post: UUID) -> None:
    """Constant likes would starve it: a joined job stays due when it was."""
    rate(service, post, "session-1")
    (before,) = sync_jobs(service)
    for number in range(20):
        rate(service, post, f"other-{number}")
    (after,) = sync_jobs(service)
    assert after["scheduled_for"] == before["scheduled_for"]


def test_a_sync_enqueued_by_hand_is_joined_too(service: Db, post: UUID) -> None:
    """Whoever made it, it counts this post."""
    service.execute(
        """
        insert into public.background_jobs (job_type, payload, scheduled_for)
        values ('sync_like_count', jsonb_build_object('post_id', %s::text), clock_timestamp() + interval '1 second')
        """,
        [post],
    )
    rate(service, post)
    assert len(sync_jobs(service)) == 1


def test_an_unrate_asks_as_well(service: Db, post: UUID) -> None:
    """Directly, as the existing app does it."""
    rate(service, post)
    drain(service)
    unrate(service, post)
    drain(service)
    assert likes(service, post) == 0
