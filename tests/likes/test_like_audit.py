"""audit_like_counts finds counts that are wrong and that no job will mend, and asks for their sync."""

from uuid import UUID

import psycopg
import pytest

from tests.likes.posts import claim_syncs, drain, drift, likes, make_post, rate, sync_jobs
from tests.sql.calls import Db, Row, outcome, rpc, settle
from tests.sql.conftest import OpenService


def audit(db: Db, **arguments: object) -> Row:
    """Call audit_like_counts."""
    (row,) = rpc(db, "audit_like_counts", **arguments)
    return row


def forget_jobs(db: Db) -> None:
    """Let all sync jobs be lost."""
    db.execute("delete from public.background_jobs")


def test_a_drifting_post_is_found_and_mended(service: Db) -> None:
    """Both directions: likes that were lost, and likes that nobody gave."""
    low, high = make_post(service), make_post(service, likes=7)
    rate(service, low)
    forget_jobs(service)
    assert audit(service) == {"checked": 2, "drifting": 2, "last_post_id": None}
    drain(service)
    assert (drift(service), likes(service, high)) == ({}, 0)


def test_a_dead_sync_leaves_a_drift_that_is_found(service: Db, post: UUID) -> None:
    """Nobody else would ask again."""
    rate(service, post)
    service.execute("update public.background_jobs set scheduled_for = now()")
    (job,) = claim_syncs(service)
    settle(service, outcome(job, "failed", retryable=False))
    assert audit(service)["drifting"] == 1
    drain(service)
    assert likes(service, post) == 1


def test_right_counts_are_left_alone(service: Db, post: UUID) -> None:
    """No jobs for nothing."""
    rate(service, post)
    drain(service)
    assert audit(service) == {"checked": 1, "drifting": 0, "last_post_id": None}
    assert sync_jobs(service) == []


def test_a_count_whose_sync_is_to_come_is_no_drift(service: Db, post: UUID) -> None:
    """Pending or in progress."""
    rate(service, post)
    assert audit(service)["drifting"] == 0
    service.execute("update public.background_jobs set scheduled_for = now()")
    claim_syncs(service)
    assert audit(service)["drifting"] == 0


def test_an_open_rating_is_no_drift(service: Db, open_service: OpenService, post: UUID) -> None:
    """Neither the rating nor its job can be seen yet: they come together."""
    rater = open_service(autocommit=False)
    rate(rater, post)
    assert audit(service)["drifting"] == 0
    rater.commit()
    assert audit(service)["drifting"] == 0


def test_it_goes_page_by_page(service: Db) -> None:
    """Each page says where the next begins; the last one says nothing."""
    posts = sorted(make_post(service, likes=1) for _ in range(5))
    pages = [audit(service, max_posts=2)]
    while pages[-1]["last_post_id"] is not None:
        pages.append(audit(service, max_posts=2, after_post_id=pages[-1]["last_post_id"]))
    assert [(page["checked"], page["drifting"]) for page in pages] == [(2, 2), (2, 2), (1, 1)]
    assert [page["last_post_id"] for page in pages] == [posts[1], posts[3], None]


def test_it_goes_on_where_the_last_run_stopped(service: Db) -> None:
    """A table that one run cannot finish began at the first post each time: the rest was never seen."""
    posts = sorted(make_post(service, likes=1) for _ in range(5))
    pages = [audit(service, max_posts=2) for _ in range(4)]
    assert [page["last_post_id"] for page in pages] == [posts[1], posts[3], None, posts[1]]
    assert len(sync_jobs(service)) == 5


def test_a_run_that_fails_does_not_move_it(service: Db, open_service: OpenService) -> None:
    """What was not committed was not looked at."""
    posts = sorted(make_post(service, likes=1) for _ in range(3))
    run = open_service(autocommit=False)
    assert audit(run, max_posts=2)["last_post_id"] == posts[1]
    run.rollback()
    assert audit(service, max_posts=2) == {"checked": 2, "drifting": 2, "last_post_id": posts[1]}


def test_a_run_that_says_where_to_start_starts_there(service: Db) -> None:
    """And the next one goes on behind it."""
    posts = sorted(make_post(service) for _ in range(5))
    assert audit(service, after_post_id=posts[1], max_posts=2)["last_post_id"] == posts[3]
    assert audit(service, max_posts=2) == {"checked": 1, "drifting": 0, "last_post_id": None}


def test_an_empty_page_ends_it(service: Db) -> None:
    """No posts at all, or none after the last."""
    assert audit(service) == {"checked": 0, "drifting": 0, "last_post_id": None}


def test_asking_twice_makes_one_job(service: Db) -> None:
    """The second audit sees the first one's job."""
    post = make_post(service, likes=3)
    audit(service)
    audit(service)
    assert len(sync_jobs(service, post)) == 1


@pytest.mark.parametrize("max_posts", [None, -1, 0])
def test_a_page_of_no_posts_is_refused(service: Db, max_posts: int | None) -> None:
    """It would look like the end, or look at everything at once."""
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="max_posts"):
        audit(service, max_posts=max_posts)
