"""status, stats, jobs, job, runs, actions, schedules, doctor: what is wrong is seen, both ways alike."""

import json

import httpx
import pytest

from dev.vercel import Functions
from tests.cli.conftest import Db, Queue
from tests.cli.scene import complete, die, trouble, wait


def test_status_says_what_is_wrong_and_scripts_know_by_the_code(queue: Queue, db: Db) -> None:
    """0 while it is healthy, 1 while it is not, with the reasons in words."""
    healthy = queue("status")
    assert (healthy.code, healthy.out.startswith("● healthy")) == (0, True)
    trouble(db)
    status = queue("status")
    assert status.code == 1
    assert status.out.startswith("● unhealthy")
    assert "14 of 24 jobs died in the last 24 hours" in status.out
    assert "→ queue jobs --status dead" in status.out
    assert "generate_thumbnail paused" in status.out
    numbers = queue("status", "--json").json
    assert numbers["health"]["reasonCodes"] == ["job_due_too_long", "too_many_dead", "no_run"]
    assert (numbers["stats"]["due"], numbers["stats"]["deadLast24h"]) == (20, 14)


def test_json_is_what_the_route_answers(over_http: Queue, served: Functions, db: Db) -> None:
    """Scripts may use either."""
    trouble(db)
    token = {"authorization": f"Bearer {served.env['ADMIN_API_TOKEN']}"}
    for command, path in {
        ("jobs", "--status", "dead", "-n", "5"): "/api/admin/queue/jobs?status=dead&limit=5",
        ("schedules",): "/api/admin/queue/schedules",
        ("actions",): "/api/admin/queue/journal?of=actions",
    }.items():
        assert over_http.ok(*command, "--json").json == httpx.get(served.url + path, headers=token).json()


def test_both_ways_give_the_same_answers(over_http: Queue, directly: Queue, db: Db) -> None:
    """But for the moment at which they were asked."""
    trouble(db)
    for command in (("jobs", "-n", "100"), ("schedules",), ("actions",), ("runs",)):
        assert over_http.ok(*command, "--json").json == directly.ok(*command, "--json").json
    assert over_http.ok("stats").out == directly.ok("stats").out


def test_jobs_are_filtered_and_paged(directly: Queue, db: Db) -> None:
    """By everything that the route takes; more than a page of the route at once."""
    dead = die(db, "NotReady: the disk is full")
    done = complete(db)
    wait(db, 250)

    def ids(*arguments: object) -> list[str]:
        return [job["id"] for job in directly.ok("jobs", *arguments, "--json").json["jobs"]]

    assert ids("--status", "dead") == ids("--text", "DISK") == ids("--payload", '{"kind": "like"}') == [dead]
    assert ids("--type", "recompute_rankings") == [done]
    assert ids("--until", "1h") == []
    assert len(ids("--since", "1h", "-n", "1000")) == 252
    first = directly.ok("jobs", "-n", "3", "--json").json
    assert ids("-n", "2", "--cursor", first["nextCursor"]) == ids("-n", "5")[3:]


def test_a_jobs_whole_story_is_told(queue: Queue, db: Db) -> None:
    """What failed, where and when, and what it became."""
    job_id = die(db, "NotReady: the disk is full")
    told = queue.ok("job", job_id).out
    for part in (job_id, "dead", "w-scene", "NotReady: the disk is full", '"kind": "like"', f"queue redrive {job_id}"):
        assert part in told
    queue.ok("redrive", job_id)
    told = queue.ok("job", job_id).out
    (new,) = db.execute("select id from background_jobs").fetchall()
    assert f"queue job {new['id']}" in told
    assert job_id in queue.ok("job", new["id"]).out


def test_what_users_sent_is_shown_as_it_is(directly: Queue, db: Db) -> None:
    """Square brackets are no markup, and control characters do not reach the terminal."""
    job_id = die(db, "ValueError: [bold]no[/] \x1b[31mcolour\x07", '{"kind": "[red]x[/]"}')
    for command in (("job", job_id), ("jobs", "--status", "dead")):
        told = directly.ok(*command).out
        assert "ValueError: [bold]no[/]" in told
        assert "\x1b" not in told
        assert "\x07" not in told


def test_the_doctor_finds_what_is_wrong(queue: Queue, db: Db) -> None:
    """A database that differs from its migrations, with what mends it; the code depends on how bad it is."""
    well = queue("doctor", "--fail-on", "high")
    assert well.code == 0, well.out
    db.execute("alter table background_jobs disable row level security")
    ill = queue("doctor")
    assert ill.code == 1, ill.out
    findings = queue("doctor", "--json").json["findings"]
    assert [each for each in findings if each["severity"] in ("critical", "high")]
    assert all(json.dumps(each["subject"])[1:-1] in ill.out for each in findings)


@pytest.mark.parametrize("command", [("runs",), ("actions",), ("jobs",)])
def test_an_empty_queue_has_words_for_it(directly: Queue, command: tuple[str, ...]) -> None:
    """Not an empty table."""
    assert directly.ok(*command).out.strip() in (
        "the worker has not run yet",
        "nobody changed anything",
        "no job matches",
    )
