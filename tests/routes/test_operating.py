"""/api/admin/queue/jobs and /metrics under the real runtime: what operators see and do."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from dev.vercel import Functions

type Rows = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def operator(functions: Callable[..., Functions]) -> Iterator[httpx.Client]:
    """A client with the admin token."""
    served = functions()
    headers = {"authorization": f"Bearer {served.env['ADMIN_API_TOKEN']}"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=30) as client:
        yield client


def die(db: Rows, number: int) -> list[str]:
    """Let so many notification jobs die; returns their ids."""
    db.execute(
        "insert into background_jobs (job_type) select 'send_notification' from generate_series(1, %s)", [number]
    )
    claimed = db.execute("select id, claim_token from claim_jobs('w', 100)").fetchall()
    for job in claimed:
        db.execute("select fail_job(%s, %s, 'no such user', false)", [job["id"], job["claim_token"]])
    return [str(job["id"]) for job in claimed]


def test_pages_follow_one_another_without_gap_or_repeat(operator: httpx.Client, db: Rows) -> None:
    """Ended and active jobs are in two tables: the pages must go through both in one order."""
    dead = die(db, 5)
    db.execute("insert into background_jobs (job_type) select 'process_image' from generate_series(1, 4)")
    seen: list[str] = []
    cursor = None
    while True:
        page = operator.get(
            "/api/admin/queue/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        ).json()
        seen += [job["id"] for job in page["jobs"]]
        assert all("claimToken" not in job for job in page["jobs"])
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 9
    assert seen == sorted(seen, reverse=True)
    assert set(dead) < set(seen)


def test_the_listing_filters_by_status_and_type(operator: httpx.Client, db: Rows) -> None:
    """failed means what old dashboards mean by it: waiting for a retry."""
    dead = die(db, 2)
    db.execute("insert into background_jobs (job_type, attempts) values ('process_image', 1), ('process_image', 0)")
    listed = operator.get("/api/admin/queue/jobs", params={"status": "dead", "jobType": "send_notification"}).json()
    assert {job["id"] for job in listed["jobs"]} == set(dead)
    assert listed["jobs"][0]["errorMessage"] == "no such user"
    failed = operator.get("/api/admin/queue/jobs", params={"status": "failed"}).json()["jobs"]
    assert [job["attempts"] for job in failed] == [1]


def test_a_dead_job_is_redriven_once(operator: httpx.Client, db: Rows) -> None:
    """Two clicks of an impatient operator are one redrive."""
    (dead,) = die(db, 1)
    request = {"action": "redrive", "ids": [dead]}
    first = operator.post("/api/admin/queue/jobs", json=request).json()
    second = operator.post("/api/admin/queue/jobs", json=request).json()
    assert (first["changed"], second["changed"]) == (1, 0)
    row = db.execute("select id, redrive_of from background_jobs").fetchone()
    assert row is not None
    assert (str(row["id"]), str(row["redrive_of"])) == (first["ids"][0], dead)


def test_cancel_answers_with_what_it_cancelled(operator: httpx.Client, db: Rows) -> None:
    """An id that is not pending is no error: it is not among the cancelled."""
    row = db.execute("insert into background_jobs (job_type) values ('process_image') returning id").fetchone()
    assert row is not None
    reply = operator.post("/api/admin/queue/jobs", json={"action": "cancel", "ids": [str(row["id"]), str(uuid4())]})
    assert (reply.json()["changed"], reply.json()["ids"]) == (1, [str(row["id"])])


def test_a_type_is_paused_and_resumed(operator: httpx.Client, db: Rows) -> None:
    """Pausing again changes nothing, and says so."""
    changed = [
        operator.post("/api/admin/queue/jobs", json={"action": action, "jobType": "process_image"}).json()["changed"]
        for action in ("pause", "pause", "resume", "resume")
    ]
    assert changed == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"action": "redrive"}, "ids: redrive needs ids, a filter or a jobType"),
        ({"action": "discard"}, "ids: discard needs ids, a filter or a jobType"),
        ({"action": "cancel"}, "ids: cancel needs ids or a filter"),
        ({"action": "cancel", "jobType": "process_image"}, "jobType: cancel does not take it"),
        ({"action": "pause"}, "jobType: pause needs it"),
        ({"action": "pause", "jobType": "process_image", "ids": [str(uuid4())]}, "ids: pause does not take it"),
        ({"action": "pause", "jobType": "nope"}, "must be one of"),
        ({"action": "explode"}, "action"),
    ],
)
def test_an_action_without_what_it_needs_names_the_rule(
    operator: httpx.Client, body: dict[str, Any], rule: str
) -> None:
    """Nothing is changed by a request that cannot be meant."""
    reply = operator.post("/api/admin/queue/jobs", json=body)
    assert reply.status_code == 422
    assert rule in reply.json()["error"]["message"]


def test_metrics_are_prometheus_text(operator: httpx.Client, db: Rows) -> None:
    """The numbers are the database's, exact, one sample for each type."""
    die(db, 3)
    reply = operator.get("/api/admin/queue/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    line = 'suplatzigram_queue_jobs_ended_total{job_type="send_notification",outcome="dead"} 3.0'
    assert line in reply.text.splitlines()


def test_a_stranger_sees_nothing(operator: httpx.Client) -> None:
    """Both routes ask for the admin token."""
    for path in ("/api/admin/queue/jobs", "/api/admin/queue/metrics"):
        assert httpx.get(f"{operator.base_url}{path}").status_code == 401
