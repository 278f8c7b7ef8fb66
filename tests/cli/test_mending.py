"""Commands that change something: after a count and a question, written down, and safe to type twice."""

import getpass

from tests.cli.conftest import Db, Queue
from tests.cli.scene import complete, die, wait


def statuses(db: Db) -> dict[str, int]:
    """Count all jobs by their status."""
    rows = db.execute(
        "select status::text, count(*)::int from (select status from background_jobs union all"
        " select status from job_history) as job group by 1"
    ).fetchall()
    return {row["status"]: row["count"] for row in rows}


def test_a_bulk_action_counts_and_asks_first(queue: Queue, db: Db) -> None:
    """Without a terminal it refuses until --yes is said; then it says how many it changed."""
    for _ in range(3):
        die(db)
    count = queue.ok("redrive", "--type", "send_notification", "--dry-run")
    assert count.out == "would be redriven: 3 jobs\n"
    refused = queue("redrive", "--type", "send_notification")
    assert (refused.code, "Redrive 3 jobs?" in refused.err, "--yes" in refused.err) == (2, True, True)
    assert statuses(db) == {"dead": 3}
    assert queue.ok("redrive", "--type", "send_notification", "--yes").out == "✓ 3 jobs redriven\n"
    assert statuses(db) == {"dead": 3, "pending": 3}
    assert "nothing was changed" in queue.ok("redrive", "--type", "send_notification", "--yes").err
    assert statuses(db) == {"dead": 3, "pending": 3}


def test_who_did_it_is_written_down(over_http: Queue, directly: Queue, db: Db) -> None:
    """The token over HTTP; directly, whoever is logged in on the machine."""
    over_http.ok("pause", "send_notification")
    directly.ok("resume", "send_notification")
    actions = directly.ok("actions", "--json").json["actions"]
    told = [(each["operator"], each["action"]) for each in actions]
    assert told == [(f"command line ({getpass.getuser()})", "resume"), ("admin token", "pause")]
    assert "command line" in over_http.ok("actions").out


def test_more_jobs_than_one_call_takes_are_all_changed(directly: Queue, db: Db) -> None:
    """A call changes at most 1,000: it is repeated until not one is left."""
    wait(db, 2345)
    wait(db, 2, job_type="generate_thumbnail")
    reply = directly.ok("cancel", "--type", "process_image", "--yes", "--json").json
    assert (reply["changed"], len(set(reply["ids"]))) == (2345, 2345)
    assert statuses(db) == {"cancelled": 2345, "pending": 2}


def test_pending_jobs_are_edited(queue: Queue, db: Db) -> None:
    """When they are due, and their priority."""
    first, second = wait(db, 2)
    queue.ok("edit", first, "--at", "2h", "--priority", "9")
    rows = db.execute(
        "select priority, round(extract(epoch from scheduled_for - now()) / 3600)::int as hours from background_jobs"
        " order by id"
    ).fetchall()
    assert rows[0] == {"priority": 9, "hours": 2}
    assert rows[1]["hours"] == 0
    assert queue("edit", second).code == 2
    assert queue("edit", second, "--priority", "11").code == 2


def test_ended_jobs_are_discarded_and_deleted(directly: Queue, db: Db) -> None:
    """Deleting asks also for a single one: it cannot be undone."""
    dead, done = die(db), complete(db)
    directly.ok("discard", dead)
    assert statuses(db) == {"discarded": 1, "completed": 1}
    assert directly("delete", done).code == 2
    directly.ok("delete", done, "--yes")
    assert statuses(db) == {"discarded": 1}


def test_ids_that_the_action_cannot_act_on_change_nothing(directly: Queue, db: Db) -> None:
    """And it is said why."""
    done = complete(db)
    assert "no pending job among these" in directly.ok("cancel", done).err
    assert statuses(db) == {"completed": 1}


def test_schedules_are_run_changed_made_and_removed(queue: Queue, db: Db) -> None:
    """What is typed is checked; what was done is said."""
    name = "recompute-rankings"
    first = queue.ok("schedules", "run", name).out
    (job,) = db.execute("select id from background_jobs").fetchall()
    assert str(job["id"]) in first
    assert "still waits" in queue.ok("schedules", "run", name).out
    assert "is enabled" in queue.ok("schedules", "enable", name).out
    queue.ok("schedules", "change", name, "--cron", "*/5 * * * *", "--timezone", "Europe/Vienna")
    listed = queue.ok("schedules").out
    assert "*/5 * * * *" in listed
    assert "Europe/Vienna" in listed
    assert (queue("schedules", "change", name, "--cron", "daily").code, queue("schedules", "run", "none").code) == (
        2,
        5,
    )
    queue.ok("schedules", "create", "nightly", "cleanup_expired", "--cron", "0 3 * * *")
    assert queue("schedules", "create", "nightly", "cleanup_expired", "--cron", "0 3 * * *").code == 4
    queue.ok("schedules", "delete", "nightly", "--yes")
    assert db.execute("select count(*) from job_schedules where name = 'nightly'").fetchone() == {"count": 0}


def test_jobs_are_enqueued(queue: Queue, db: Db) -> None:
    """One by its options; a second one under the same key is the first."""
    made = queue.ok(
        "enqueue", "recompute_rankings", "-p", '{"limit": 7}', "--at", "1h", "--key", "k", "--priority", "4"
    )
    again = queue.ok("enqueue", "recompute_rankings", "-p", '{"limit": 7}', "--key", "k")
    (job,) = db.execute("select id, payload, priority, scheduled_for > now() as later from background_jobs").fetchall()
    assert (job["payload"], job["priority"], job["later"]) == ({"limit": 7}, 4, True)
    assert str(job["id"]) in made.out
    assert "holds this key already" in again.out
    assert queue("enqueue", "cleanup_expired", "--key", "k").code == 4


def test_a_file_of_jobs_is_enqueued_and_a_bad_line_is_named(directly: Queue, db: Db) -> None:
    """Before the first job is sent when it is not a job at all; by its line when its type refuses it."""
    good = '{"jobType": "recompute_rankings"}\n'
    assert directly.ok("enqueue", "recompute_rankings", "-f", "-", stdin=good * 600 + "{}\n").out == (
        "✓ 601 jobs enqueued\n"
    )
    broken = directly("enqueue", "-f", "-", stdin=good + "{oops\n")
    assert (broken.code, "line 2: is not JSON" in broken.err) == (2, True)
    refused = directly(
        "enqueue", "-f", "-", stdin=good * 600 + '{"jobType": "recompute_rankings", "payload": {"limit": 0}}'
    )
    assert refused.code == 2
    assert "line 601, payload.limit" in refused.err
    assert "500 jobs were enqueued" in refused.err
    assert statuses(db) == {"pending": 601 + 500}
