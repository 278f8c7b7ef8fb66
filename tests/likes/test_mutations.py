"""The like tests see the drift that appears when a clause is left out: they are no decoration.

Each race is run twice: as it is, the count is right; with one clause removed, it is wrong, and no job is left
that would mend it.
"""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from tests.conftest import Connect
from tests.likes.posts import claim_syncs, drain, drift, let_windows_end, rate, sync, sync_jobs, wait_until_due
from tests.sql.calls import Db, settle
from tests.sql.conftest import OpenService
from tests.sql.mutations import mutate
from tests.sql.racing import meanwhile, wait_until_blocked

Mutate = Callable[[str, str, str], None]


@pytest.fixture
def mutated(connect: Connect) -> Mutate:
    """mutate, as the owner of the functions."""
    owner: psycopg.Connection[dict[str, object]] = connect(row_factory=dict_row)
    return lambda function, clause, replacement: mutate(owner, function, clause, replacement)


def rate_across_a_sync(service: Db, rater: Db, post: UUID) -> None:
    """A rater joins a job and commits only after the worker had its chance to run it."""
    rate(service, post, "committed")
    let_windows_end(service, 0.8)
    rate(rater, post, "held-open")
    (job,) = sync_jobs(service)
    wait_until_due(service, job["id"])
    settle(service, *sync(service, claim_syncs(service)))
    rater.commit()
    drain(service)


def test_with_the_share_lock_a_rating_across_a_sync_is_counted(
    service: Db, open_service: OpenService, post: UUID
) -> None:
    """The worker skips the job until the rater has ended."""
    rate_across_a_sync(service, open_service(autocommit=False), post)
    assert (drift(service), sync_jobs(service)) == ({}, [])


def test_without_the_share_lock_it_is_lost(service: Db, open_service: OpenService, mutated: Mutate, post: UUID) -> None:
    """The job that it joined ran without it."""
    mutated("ask_for_like_sync", r"for share skip locked", "")
    rate_across_a_sync(service, open_service(autocommit=False), post)
    assert (drift(service), sync_jobs(service)) == ({post: (1, 2)}, [])


def sync_across_another(service: Db, first: Db, second: Db, post: UUID, function: str) -> None:
    """A sync begins before a rating, and a second one, which has the post meanwhile, counts it and ends first."""
    call = sql.SQL("select public.{}({})").format(
        sql.Identifier(function),
        sql.SQL("%s::uuid[]") if function == "sync_post_like_counts" else sql.SQL("%s::uuid"),
    )
    target = [post] if function == "sync_post_like_counts" else post
    rate(service, post, "earlier")
    second.execute("select from public.posts_new where id = %s for no key update", [post])
    with meanwhile(first.execute, call, [target]) as ended:
        wait_until_blocked(service, first, unless=ended)
        rate(service, post, "later")
        second.execute(call, [target])
        second.commit()
    ended.result()


SYNCS = ["sync_post_like_count", "sync_post_like_counts"]


@pytest.mark.parametrize("function", SYNCS)
def test_with_the_lock_before_the_count_the_newer_count_stands(
    service: Db, open_service: OpenService, post: UUID, function: str
) -> None:
    """The first sync waits and counts afterwards, or leaves the post to the second."""
    sync_across_another(service, open_service(), open_service(autocommit=False), post, function)
    assert drift(service) == {}


ONE_STATEMENT = """
  update public.posts_new as post
  set likes = (select count(*) from public.post_ratings as rating where rating.post_id = target_post_id)
  where post.id = target_post_id;
  return null;
"""


@pytest.mark.parametrize(
    "mutation",
    [
        ("sync_post_like_count", r"for no key update", ""),
        ("sync_post_like_count", r"perform from public\.posts_new.*return counted;", ONE_STATEMENT),
        ("sync_post_like_counts", r"for no key update skip locked", ""),
    ],
)
def test_without_it_an_old_count_overwrites_it(
    service: Db, open_service: OpenService, mutated: Mutate, post: UUID, mutation: tuple[str, str, str]
) -> None:
    """Whether the lock is left out, or everything is one statement, which has one snapshot."""
    mutated(*mutation)
    sync_across_another(service, open_service(), open_service(autocommit=False), post, mutation[0])
    assert drift(service) == {post: (1, 2)}
