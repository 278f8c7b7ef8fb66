"""like/sync: whatever interleaves, the count is right once the queue is drained."""

from uuid import UUID

from tests.likes.posts import (
    claim_syncs,
    drain,
    drift,
    let_windows_end,
    likes,
    make_post,
    move_rating,
    rate,
    sync,
    sync_jobs,
    unrate,
    wait_until_due,
)
from tests.sql.calls import Db, claim, rpc, settle, value
from tests.sql.conftest import OpenService
from tests.sql.racing import meanwhile, wait_until_blocked


def join_held_open(service: Db, rater: Db, post: UUID) -> UUID:
    """Let a rater join a sync job and keep its transaction open; return the job's id once it is due."""
    rate(service, post, "committed")
    let_windows_end(service, 0.8)
    rate(rater, post, "held-open")
    (job,) = sync_jobs(service)
    wait_until_due(service, job["id"])
    return UUID(str(job["id"]))


def test_a_joined_job_waits_for_the_rater_s_transaction(service: Db, open_service: OpenService, post: UUID) -> None:
    """Claims skip it meanwhile; after the commit it counts what nobody could see before."""
    rater = open_service(autocommit=False)
    job_id = join_held_open(service, rater, post)
    assert claim(service) == []
    assert claim(service, 1) == []
    rater.commit()
    (job,) = claim_syncs(service)
    assert job["id"] == str(job_id)
    settle(service, *sync(service, [job]))
    assert (likes(service, post), sync_jobs(service)) == (2, [])


def test_a_moved_rating_holds_the_job_that_it_joined(service: Db, open_service: OpenService, post: UUID) -> None:
    """An update joins by another statement than an insert."""
    rate(service, make_post(service), "moved")
    drain(service)
    rate(service, post, "committed")
    let_windows_end(service, 0.8)
    rater = open_service(autocommit=False)
    move_rating(rater, post, "moved")
    (job,) = sync_jobs(service)
    wait_until_due(service, job["id"])
    assert claim(service) == []
    rater.commit()
    drain(service)
    assert drift(service) == {}


def test_a_statement_of_many_posts_holds_each_job_that_it_joined(
    service: Db, open_service: OpenService, post: UUID
) -> None:
    """Whichever of its posts have a window to join: the first, or the last."""
    posts = sorted([post, make_post(service), make_post(service)])
    rate(service, posts[0], "committed")
    rate(service, posts[2], "committed")
    let_windows_end(service, 0.8)
    rater = open_service(autocommit=False)
    rater.execute(
        "insert into public.post_ratings (post_id, session_id) select id, 'all' from unnest(%s) as id", [posts]
    )
    for job in sync_jobs(service):
        wait_until_due(service, job["id"])
    assert claim(service) == []
    rater.commit()
    assert [len(sync_jobs(service, each)) for each in posts] == [1, 1, 1]
    drain(service)
    assert drift(service) == {}


def test_a_joined_job_is_free_after_the_rater_s_rollback(service: Db, open_service: OpenService, post: UUID) -> None:
    """It counts what is there."""
    rater = open_service(autocommit=False)
    join_held_open(service, rater, post)
    rater.rollback()
    settle(service, *sync(service, claim_syncs(service)))
    assert (likes(service, post), sync_jobs(service)) == (1, [])


def test_a_savepoint_s_rollback_frees_the_job_that_it_joined(
    service: Db, open_service: OpenService, post: UUID
) -> None:
    """While the rater's transaction goes on with something else."""
    rater = open_service(autocommit=False)
    rater.execute("savepoint s")
    join_held_open(service, rater, post)
    rater.execute("rollback to s")
    settle(service, *sync(service, claim_syncs(service)))
    rater.commit()
    assert drift(service) == {}


def test_a_rollback_to_a_later_savepoint_keeps_the_job(service: Db, open_service: OpenService, post: UUID) -> None:
    """The rating before the savepoint still needs it."""
    rater = open_service(autocommit=False)
    rate(service, post, "committed")
    let_windows_end(service, 0.8)
    rate(rater, post, "before")
    rater.execute("savepoint s")
    rate(rater, post, "after")
    rater.execute("rollback to s")
    (job,) = sync_jobs(service)
    wait_until_due(service, job["id"])
    assert claim(service) == []
    rater.commit()
    drain(service)
    assert likes(service, post) == 2


def test_a_lost_worker_s_job_cannot_be_taken_from_a_rater(service: Db, open_service: OpenService, post: UUID) -> None:
    """Isolated claims skip locked rows too, and an isolated job is not joined."""
    rate(service, post, "session-1")
    let_windows_end(service)
    (job,) = claim(service)
    service.execute("update public.background_jobs set lease_expires_at = now() - interval '1 second'")
    rpc(service, "rescue_expired_jobs")
    rater = open_service(autocommit=False)
    rate(rater, post, "session-2")
    let_windows_end(service)
    (isolated,) = rpc(service, "claim_isolated_job", worker_id="w")
    assert isolated["id"] == job["id"]
    rater.commit()
    assert len(sync_jobs(service)) == 2


def test_a_rater_during_the_claim_asks_for_a_sync_of_its_own(
    service: Db, open_service: OpenService, post: UUID
) -> None:
    """The claim that is being made may count before the rater commits."""
    rate(service, post, "session-1")
    let_windows_end(service, 0)
    worker = open_service(autocommit=False)
    assert len(claim_syncs(worker)) == 1
    service.execute("set lock_timeout = '100ms'")
    rate(service, post, "session-2")
    worker.commit()
    assert [job["status"] for job in sync_jobs(service)] == ["processing", "pending"]


def test_the_second_of_two_syncs_counts_after_the_first(service: Db, open_service: OpenService, post: UUID) -> None:
    """A sync that is slow, once, does not overwrite a newer count."""
    rate(service, post, "session-1")
    slow, quick = open_service(autocommit=False), open_service()
    assert value(slow, "sync_post_like_count", target_post_id=post) == 1
    rate(service, post, "session-2")
    with meanwhile(lambda: value(quick, "sync_post_like_count", target_post_id=post)) as counted:
        wait_until_blocked(service, quick)
        slow.commit()
    assert counted.result() == 2
    assert likes(service, post) == 2


def test_a_batch_leaves_a_post_to_the_sync_that_has_it(service: Db, open_service: OpenService, post: UUID) -> None:
    """Its job is tried again, so the later rating is counted."""
    other = make_post(service)
    rate(service, post, "session-1")
    rate(service, other)
    slow = open_service(autocommit=False)
    assert value(slow, "sync_post_like_count", target_post_id=post) == 1
    rate(service, post, "session-2")
    rows = rpc(service, "sync_post_like_counts", target_post_ids=[post, other])
    assert [row["post_id"] for row in rows] == [other]
    slow.commit()
    drain(service)
    assert drift(service) == {}


def test_an_app_that_holds_the_post_delays_the_count_only(service: Db, open_service: OpenService, post: UUID) -> None:
    """The count is taken after the lock, so it is as new as the update."""
    rate(service, post, "session-1")
    app, worker = open_service(autocommit=False), open_service()
    app.execute("update public.posts_new set caption = 'new' where id = %s", [post])
    with meanwhile(lambda: value(worker, "sync_post_like_count", target_post_id=post)) as counted:
        wait_until_blocked(service, worker)
        rate(service, post, "session-2")
        app.commit()
    assert counted.result() == 2


def test_a_sync_waits_for_no_open_rating(service: Db, open_service: OpenService, post: UUID) -> None:
    """For update would wait for the foreign keys' locks; for no key update does not."""
    rater = open_service(autocommit=False)
    rate(rater, post, "held-open")
    service.execute("set lock_timeout = '100ms'")
    assert value(service, "sync_post_like_count", target_post_id=post) == 0
    rows = rpc(service, "sync_post_like_counts", target_post_ids=[post])
    assert [(row["post_id"], row["likes"]) for row in rows] == [(post, 0)]
    rater.commit()
    drain(service)
    assert likes(service, post) == 1


def test_a_rating_taken_back_in_an_open_transaction_is_counted_until_it_commits(
    service: Db, open_service: OpenService, post: UUID
) -> None:
    """A delete asks as an insert does."""
    rate(service, post)
    drain(service)
    rater = open_service(autocommit=False)
    unrate(rater, post)
    drain(service)
    assert likes(service, post) == 1
    rater.commit()
    drain(service)
    assert likes(service, post) == 0
