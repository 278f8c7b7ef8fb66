"""The kit for tests of job pages, used as docs/extend.md shows it."""

import uuid
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from lib.jobs.audit_like_counts import AuditLikeCounts
from lib.jobs.generate_thumbnail import GenerateThumbnail
from lib.jobs.process_image import ProcessImage
from lib.jobs.recompute_rankings import RecomputeRankings
from lib.jobs.send_notification import SendNotification
from lib.jobs.sync_like_count import SyncLikeCount
from lib.outside import Outside
from lib.queue import Completed, Discard, JobFailure, NewJob, enqueue
from lib.queue.testing import drain, run_batch_handler, run_handler, waiting
from lib.resources import Resources

type Db = psycopg.Connection[dict[str, Any]]


@pytest.fixture(autouse=True)
def without_schedules(db: Db) -> None:
    """Their slots would add jobs now and then."""
    db.execute("update public.job_schedules set enabled = false")


def add_post(db: Db, likes: int = 0) -> uuid.UUID:
    """Add a post whose stored likes are wrong unless 0."""
    (row,) = db.execute("insert into public.posts_new (likes) values (%s) returning id", [likes]).fetchall()
    post_id: uuid.UUID = row["id"]
    return post_id


async def test_a_handler_is_run_with_a_payload(db: Db, resources: Resources) -> None:
    """A payload in, an outcome out."""
    add_post(db)
    assert await run_handler(resources, RecomputeRankings()) == Completed({"ranked": 1, "changed": 1, "removed": 0})
    gone = ProcessImage(post_id=uuid.uuid4(), image_url="https://example.com/a.png")
    assert await run_handler(resources, gone) == Discard("the post is gone")


async def test_a_batch_handler_answers_for_each(db: Db, resources: Resources) -> None:
    """The post that is there, and the one that is not."""
    requests = [SyncLikeCount(post_id=add_post(db, likes=7)), SyncLikeCount(post_id=uuid.uuid4())]
    assert await run_batch_handler(resources, requests) == [Completed({"likes": 0}), Completed({"likes": None})]


async def test_what_was_enqueued_is_seen(db: Db, resources: Resources) -> None:
    """The payloads of the jobs that wait, and of no other type."""
    adrift = add_post(db, likes=7)
    await run_handler(resources, AuditLikeCounts())
    assert await waiting(resources, SyncLikeCount) == [SyncLikeCount(post_id=adrift)]
    assert await waiting(resources, GenerateThumbnail) == []


async def test_the_queue_is_drained(db: Db, resources: Resources) -> None:
    """By the real worker: jobs, and the jobs that they enqueue."""
    adrift = add_post(db, likes=7)
    await enqueue(resources.database, NewJob(AuditLikeCounts()))
    reports = await drain(resources)
    assert sum(report.endings["completed"] for report in reports) == 2
    assert db.execute("select likes from public.posts_new where id = %s", [adrift]).fetchall() == [{"likes": 0}]
    assert await drain(resources) == []


async def test_a_failure_is_raised(resources: Resources) -> None:
    """As the worker would see it: here, a VAPID key that cannot sign."""
    broken = {"vapid_private_key": SecretStr("nonsense"), "vapid_subject": "mailto:ops@example.com"}
    settings = resources.settings.model_copy(update=broken)
    request = SendNotification(user_id=uuid.uuid4(), title="Hello", body="")
    with pytest.raises(JobFailure, match="VAPID_PRIVATE_KEY"):
        await run_handler(replace(resources, settings=settings, outside=Outside.of(settings)), request)
