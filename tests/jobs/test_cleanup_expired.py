"""What has been kept long enough goes, in bounded batches; what is still needed stays."""

import uuid
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from lib.database.storage import Storage
from lib.jobs import cleanup_expired
from lib.jobs._post_files import BUCKET
from tests.jobs import pictures
from tests.jobs.asking import Connect, Db, active, add_post, ended, enqueue, image_of, thumbnails_of
from tests.jobs.conftest import Work
from tests.jobs.image_host import ImageHost
from tests.jobs.pictures import encoded

HISTORY = """
    insert into public.job_history
      (job_id, job_type, payload, status, priority, attempts, max_attempts, created_at, completed_at)
    select gen_random_uuid(), 'audit_like_counts', '{}', 'completed', 0, 1, 3, at, at
    from (select now() - make_interval(days => %(days)s) as at from generate_series(1, %(count)s)) as ended
"""


def old_history(db: Db, days: int, count: int = 1) -> None:
    """Jobs that ended so many days ago."""
    db.execute(HISTORY, {"days": days, "count": count})


def old_notification(db: Db, days: int, *, read: bool) -> uuid.UUID:
    """A notification of so many days ago."""
    row = db.execute(
        """insert into public.notifications (user_id, title, body, created_at, read_at)
        select gen_random_uuid(), 'x', 'x', at, case when %s then at end
        from (select now() - make_interval(days => %s) as at) as written returning id""",
        (read, days),
    ).fetchone()
    assert row
    found: uuid.UUID = row["id"]
    return found


def old_run(db: Db, days: int) -> None:
    """A run of the worker, so many days ago."""
    db.execute(
        "insert into public.worker_runs (worker_id, trigger, budget_ms, started_at)"
        " values ('w-old', 'cron', 8000, now() - make_interval(days => %s))",
        (days,),
    )


def old_action(db: Db, days: int) -> None:
    """What an operator did so many days ago."""
    db.execute(
        "insert into public.operator_actions (at, operator, action, changed)"
        " values (now() - make_interval(days => %s), 'admin token', 'cancel', 1)",
        (days,),
    )


def count(db: Db, table: str) -> int:
    """The rows of a table."""
    row = db.execute(f"select count(*) as rows from {table}".encode()).fetchone()  # noqa: S608 - a name from here
    assert row
    found: int = row["rows"]
    return found


async def clean(work: Work, db: Db, days: int = 30) -> dict[str, Any]:
    """Run one job, and return its result."""
    enqueue(db, "cleanup_expired", {"older_than_days": days})
    await work()
    result: dict[str, Any] = ended(db, "cleanup_expired")[-1]["result"]
    return result


async def test_deletes_what_is_old_enough_and_counts_it(work: Work, db: Db) -> None:
    """Each kind by its own clock."""
    for days in (29, 31, 400):
        old_history(db, days)
        old_run(db, days)
        old_notification(db, days, read=True)
        old_notification(db, days, read=False)
    assert await clean(work, db) == {
        "job_history": 2,
        "worker_runs": 2,
        "push_deliveries": 0,
        "operator_actions": 0,
        "notifications": 2,
        "removed_users": 0,
        "like_calls": 0,
        "orphaned_images": 0,
        "continued_by": None,
    }
    assert count(db, "public.notifications") == 4


async def test_a_notification_that_nobody_read_stays(work: Work, db: Db) -> None:
    """However old."""
    kept = old_notification(db, 3000, read=False)
    await clean(work, db, days=1)
    assert db.execute("select id from public.notifications").fetchall() == [{"id": kept}]


async def test_two_days_of_history_stay_whatever_is_asked(work: Work, db: Db) -> None:
    """A completed job's key is held for a day, and a settle whose reply was lost is answered from its row."""
    old_history(db, 1)
    old_run(db, 1)
    old_history(db, 3)
    old_run(db, 3)
    result = await clean(work, db, days=1)
    assert (result["job_history"], result["worker_runs"]) == (1, 1)


async def test_what_operators_did_stays_for_400_days(work: Work, db: Db) -> None:
    """Whatever is asked, and nobody but this job can remove it."""
    for days in (1, 399, 401, 500):
        old_action(db, days)
    assert (await clean(work, db, days=1))["operator_actions"] == 2
    assert count(db, "public.operator_actions") == 2


async def test_finished_pushes_go_and_cannot_be_repeated(work: Work, db: Db) -> None:
    """They matter while their job is alive."""
    notification_id = old_notification(db, 40, read=False)
    row = db.execute(
        "insert into public.push_subscriptions (user_id, endpoint, p256dh, auth)"
        " values (gen_random_uuid(), 'https://push.example.com/1', 'x', 'x') returning id"
    ).fetchone()
    assert row
    db.execute(
        "insert into queue_private.push_deliveries values (%s, %s, 201, now() - interval '40 days')",
        (notification_id, row["id"]),
    )
    assert (await clean(work, db))["push_deliveries"] == 1


async def test_who_was_removed_is_forgotten_after_thirty_days(work: Work, db: Db) -> None:
    """Whatever is asked: a job of theirs may wait that long."""
    db.execute(
        "insert into queue_private.removed_users (user_id, removed_at)"
        " select gen_random_uuid(), now() - make_interval(days => days) from unnest(array[3, 29, 31, 400]) as days"
    )
    assert (await clean(work, db, days=40))["removed_users"] == 1
    assert (await clean(work, db, days=1))["removed_users"] == 1


async def test_what_counts_like_calls_goes_on_a_quiet_site(work: Work, db: Db) -> None:
    """Hashes of sessions and addresses: nobody else comes to take them away. A window under way stays."""
    db.execute(
        "insert into queue_private.like_calls (caller, window_began_at, calls)"
        " select minutes, now() - make_interval(mins => minutes), 1 from unnest(array[0, 50, 61, 90000]) as minutes"
    )
    assert (await clean(work, db))["like_calls"] == 2


async def test_stops_in_time_and_goes_on_in_another_job(work: Work, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """A year of history must not take the worker's whole budget; every kind gets its turn in each run."""
    monkeypatch.setattr(cleanup_expired, "ROWS_PER_CALL", 10)
    monkeypatch.setattr(cleanup_expired, "LEAST_REMAINING_S", 4.95)
    old_history(db, 40, 5000)
    for _ in range(15):
        old_notification(db, 40, read=True)
    enqueue(db, "cleanup_expired", {})
    await work(runs=1)
    first = ended(db, "cleanup_expired")[0]["result"]
    assert 0 < first["job_history"] < 5000
    assert first["job_history"] % 10 == 0
    waiting = active(db, "cleanup_expired") + ended(db, "cleanup_expired")[1:]
    assert first["continued_by"] in {str(row.get("job_id", row["id"])) for row in waiting}

    monkeypatch.setattr(cleanup_expired, "ROWS_PER_CALL", 2000)
    monkeypatch.setattr(cleanup_expired, "LEAST_REMAINING_S", 2.0)
    await work()
    results = [row["result"] for row in ended(db, "cleanup_expired")]
    assert sum(result["job_history"] for result in results) == 5000
    assert sum(result["notifications"] for result in results) == 15
    assert results[-1]["continued_by"] is None


def test_one_call_deletes_no_more_than_it_may(db: Db) -> None:
    """In no order: sorting a large history would take longer than deleting the batch."""
    for days in (50, 40, 60):
        old_history(db, days)
    row = db.execute("select public.delete_expired('job_history', 30, 2) as deleted").fetchone()
    assert row == {"deleted": 2}
    assert db.execute("select count(*) from public.job_history").fetchall() == [{"count": 1}]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("'job_history', null, 1", "older_than_days"),
        ("'job_history', -1, 1", "older_than_days"),
        ("'job_history', 2147483647, 1", "older_than_days"),
        ("'job_history', 30, null", "max_rows"),
        ("'job_history', 30, -1", "max_rows"),
        ("'job_history', 30, 0", "max_rows"),
        ("'comments', 30, 1", "comments"),
        ("null, 30, 1", "kind"),
    ],
)
def test_what_it_cannot_mean_is_refused(db: Db, arguments: str, named: str) -> None:
    """By name; a null limit would be none."""
    old_history(db, 40)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=named):
        db.execute(f"select public.delete_expired({arguments})".encode())
    assert count(db, "public.job_history") == 1


def test_two_clean_ups_share_the_work(connect: Connect, db: Db) -> None:
    """Neither waits for the other's rows."""
    old_history(db, 40, 10)
    one, other = connect(autocommit=False), connect(autocommit=False)
    other.execute("set lock_timeout = '1s'")
    statement = "select public.delete_expired('job_history', 30, 6)"
    assert [each.execute(statement).fetchone() for each in (one, other)] == [(6,), (4,)]
    one.commit()
    other.commit()
    assert count(db, "public.job_history") == 0


# -- orphaned images


def age_objects(db: Db) -> None:
    """Let all files be two days old, like the jobs that stored them."""
    db.execute("update public.job_history set completed_at = completed_at - interval '2 days'")
    db.execute("update storage.objects set created_at = now() - interval '2 days', updated_at = created_at")
    db.execute("update storage.objects set updated_at = created_at")


def objects(db: Db) -> set[str]:
    """The names of all files."""
    rows = db.execute("select name from storage.objects where bucket_id = %s", (BUCKET,)).fetchall()
    return {row["name"] for row in rows}


async def test_files_go_with_their_post(work: Work, db: Db, host: ImageHost) -> None:
    """From Storage itself, not only from its table."""
    kept = add_post(db, host.serves("/a.jpg", encoded(pictures.quarters(400, 300))))
    gone = add_post(db, host.serves("/b.jpg", encoded(pictures.quarters(300, 400))))
    await work()
    before = objects(db)
    assert len(before) == 8
    db.execute("delete from public.posts_new where id = %s", (gone,))
    age_objects(db)
    result = await clean(work, db)
    assert result["orphaned_images"] == 4
    assert objects(db) == {name for name in before if name.startswith(str(kept))}
    row = image_of(db, kept)
    assert row


async def test_files_of_an_image_that_was_replaced_go_too(work: Work, db: Db, host: ImageHost, http: Any) -> None:
    """The post stays, and shows its new files."""
    post_id = add_post(db, host.serves("/a.jpg", encoded(pictures.quarters(400, 300))))
    await work()
    old = image_of(db, post_id)
    assert old
    new = host.serves("/b.jpg", encoded(pictures.quarters(300, 400)))
    db.execute("update public.posts_new set image_url = %s", (new,))
    await work()
    age_objects(db)
    assert (await clean(work, db))["orphaned_images"] > 0
    row = image_of(db, post_id)
    assert row
    for url in (row["webp_url"], row["jpeg_url"]):
        assert (await http.get(url)).status_code == 200
    assert (await http.get(old["webp_url"])).status_code >= 400


async def test_files_that_a_post_shows_again_are_stored_again(
    work: Work, db: Db, host: ImageHost, http: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The post goes back to its first image when its files were found to be nobody's, and are about to be removed."""
    first = host.serves("/a.jpg", encoded(pictures.quarters(400, 300)))
    post_id = add_post(db, first)
    await work()
    change = "update public.posts_new set image_url = %s where id = %s"
    db.execute(change, (host.serves("/b.jpg", encoded(pictures.quarters(300, 400))), post_id))
    await work()
    age_objects(db)
    remove = Storage.remove

    async def remove_late(storage: Storage, bucket: str, names: Sequence[str]) -> int:
        db.execute(change, (first, post_id))
        await work()
        return await remove(storage, bucket, names)

    monkeypatch.setattr(Storage, "remove", remove_late)
    assert (await clean(work, db))["orphaned_images"] == 4
    row = image_of(db, post_id)
    assert row
    assert row["source_url"] == first
    thumbnails = thumbnails_of(db, post_id).values()
    for url in (row["webp_url"], row["jpeg_url"], *(each["url"] for each in thumbnails)):
        assert (await http.get(url)).status_code == 200


async def test_young_files_and_files_of_no_post_stay(work: Work, db: Db, host: ImageHost) -> None:
    """A job may be between its upload and its row; and whoever asked for a thumbnail without a post has its URL."""
    post_id = add_post(db, host.serves("/a.jpg", encoded(pictures.quarters(40, 30))))
    enqueue(db, "generate_thumbnail", {"image_url": host.url("/a.jpg"), "sizes": [20]})
    await work()
    db.execute("delete from public.posts_new where id = %s", (post_id,))
    before = objects(db)
    assert (await clean(work, db))["orphaned_images"] == 0
    assert objects(db) == before
    age_objects(db)
    await clean(work, db)
    assert {name.split("/")[0] for name in objects(db)} == {"shared"}


def test_the_search_goes_on_where_it_stopped(db: Db) -> None:
    """Page after page through a bucket of any size, and from the start again at its end."""
    db.execute(
        "insert into storage.objects (bucket_id, name, created_at, updated_at) "
        "select %s, gen_random_uuid() || '/' || n, now() - interval '2 days', now() - interval '2 days' "
        "from generate_series(1, 25) as n",
        (BUCKET,),
    )
    calls = [db.execute("select * from public.find_orphaned_images(10)").fetchone() for _ in range(4)]
    assert [call["examined"] for call in calls if call] == [10, 10, 5, 10]
    found = [name for call in calls[:3] if call for name in call["orphans"]]
    assert len(found) == len(set(found)) == 25


@pytest.mark.parametrize("max_objects", [None, -1, 0])
def test_a_search_through_no_files_is_refused(db: Db, max_objects: int | None) -> None:
    """It would stand still, or look at the whole bucket at once."""
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="max_objects"):
        db.execute("select * from public.find_orphaned_images(%s::integer)", (max_objects,))
