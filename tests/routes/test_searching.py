"""GET and POST /api/admin/queue/jobs: find jobs by what is known of them, and put dead ones away."""

import json
from datetime import datetime
from typing import Any

import httpx
import psycopg
import pytest

URL = "/api/admin/queue/jobs"
type Db = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def operator(site: httpx.AsyncClient, env: dict[str, str]) -> httpx.AsyncClient:
    """A client with the admin token."""
    site.headers["authorization"] = f"Bearer {env['ADMIN_API_TOKEN']}"
    return site


def add(db: Db, number: int, **columns: object) -> str:
    """Add a pending job that differs from others by its payload and key; returns its id."""
    given = {
        "payload": json.dumps({"n": number, "in": {"list": [number]}}),
        "idempotency_key": f"key-{number}",
    } | columns
    names = ", ".join(given)
    places = ", ".join(["%s"] * len(given))
    row = db.execute(
        f"insert into background_jobs (job_type, {names}) values ('process_image', {places}) returning id",  # noqa: S608
        list(given.values()),
    ).fetchone()
    assert row is not None
    return str(row["id"])


def die(db: Db, error: str) -> str:
    """Let a notification job die of this; returns its id."""
    db.execute("insert into background_jobs (job_type) values ('send_notification')")
    (job,) = db.execute("select id, claim_token from claim_jobs('w', 1, '{send_notification}')").fetchall()
    db.execute("select fail_job(%s, %s, %s, false)", [job["id"], job["claim_token"], error])
    return str(job["id"])


async def found(operator: httpx.AsyncClient, **query: str) -> list[str]:
    """Return the ids of the jobs that a query finds, through all pages."""
    ids: list[str] = []
    cursor: str | None = None
    while True:
        reply = await operator.get(URL, params=query | ({"cursor": cursor} if cursor else {}))
        assert reply.status_code == 200, reply.text
        ids += [job["id"] for job in reply.json()["jobs"]]
        cursor = reply.json()["nextCursor"]
        if cursor is None:
            return ids


async def test_each_filter_finds_its_jobs_and_no_other(operator: httpx.AsyncClient, db: Db) -> None:
    """One filter a query."""
    first, second = add(db, 1), add(db, 2, attempts=1)
    dead = die(db, "HTTP 503 of the Push Service")
    assert await found(operator) == sorted([first, second, dead], reverse=True)
    assert await found(operator, key="key-1") == [first]
    assert await found(operator, text="push SERVICE") == [dead]
    assert await found(operator, payload='{"in": {"list": [2]}}') == [second]
    assert await found(operator, payload='{"n": 3}') == []
    assert await found(operator, status="failed") == [second]
    assert await found(operator, jobType="send_notification") == [dead]


async def test_filters_are_taken_together(operator: httpx.AsyncClient, db: Db) -> None:
    """Each narrows what the others find; pages keep the filters."""
    ids = [add(db, 0), *(add(db, 7, idempotency_key=f"seven-{n}") for n in range(5))]
    seven = '{"n": 7}'
    assert await found(operator, payload=seven, limit="2") == sorted(ids[1:], reverse=True)
    assert await found(operator, payload=seven, key="seven-3") == [ids[4]]
    assert await found(operator, payload=seven, key="seven-3", status="dead") == []


async def test_a_time_range_is_of_the_making(operator: httpx.AsyncClient, db: Db) -> None:
    """From the first moment on, and before the second."""
    jobs = [add(db, n) for n in range(3)]
    rows = db.execute("select id, created_at from background_jobs order by id").fetchall()
    made = {str(row["id"]): row["created_at"] for row in rows}
    start: datetime = made[jobs[1]].replace(microsecond=made[jobs[1]].microsecond // 1000 * 1000)
    assert set(await found(operator, createdFrom=start.isoformat())) >= {jobs[1], jobs[2]}
    assert set(await found(operator, createdTo=start.isoformat())) <= {jobs[0]}
    assert await found(operator, createdFrom="2099-01-01T00:00:00Z") == []
    assert await found(operator, createdFrom="2020-01-01T00:00:00Z", createdTo="2021-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"jobType": "nope"}, "jobType"),
        ({"key": ""}, "key"),
        ({"text": "x" * 201}, "text"),
        ({"payload": "{"}, "payload"),
        ({"payload": "[1]"}, "payload"),
        ({"payload": '{"n": NaN}'}, "payload"),
        ({"payload": '{"n": 1e400}'}, "payload"),
        ({"payload": '{"n": "\\ud800"}'}, "payload"),
        ({"payload": '{"a":' * 300 + "1" + "}" * 300}, "payload"),
        ({"createdFrom": "yesterday"}, "createdFrom"),
        ({"createdFrom": "1795000000"}, "createdFrom"),
        ({"createdTo": "2026-11-24"}, "createdTo"),
        ({"createdTo": "2026-11-24T10:00:00"}, "createdTo"),
        ({"limit": "201"}, "limit"),
        ({"cursor": "next"}, "cursor"),
        ({"color": "red"}, "color"),
    ],
)
async def test_a_filter_that_is_none_is_named(operator: httpx.AsyncClient, query: dict[str, str], field: str) -> None:
    """A filter that were ignored would show jobs that nobody asked for."""
    reply = await operator.get(URL, params=query)
    assert (reply.status_code, [each["field"] for each in reply.json()["error"]["details"]]) == (422, [field])


async def test_a_dead_job_is_discarded_once(operator: httpx.AsyncClient, db: Db) -> None:
    """Seen, and left: with its error, and no longer a reason to be unhealthy. Others are not touched."""
    dead, other = die(db, "no such user"), die(db, "no such user")
    request = {"action": "discard", "ids": [dead, add(db, 1)]}
    replies = [(await operator.post(URL, json=request)).json() for _ in range(2)]
    assert (replies[0]["changed"], replies[0]["ids"]) == (1, [dead])
    assert replies[1]["changed"] == 0
    (job,) = (await operator.get(URL, params={"status": "discarded"})).json()["jobs"]
    assert (job["id"], job["errorMessage"]) == (dead, "no such user")
    assert await found(operator, status="dead") == [other]
    assert (await operator.post(URL, json={"action": "redrive", "ids": [dead]})).json()["changed"] == 0


async def test_the_dead_jobs_of_a_type_are_discarded(operator: httpx.AsyncClient, db: Db) -> None:
    """Twelve dead ones make the queue unhealthy, and health says what to do about it."""
    for _ in range(12):
        die(db, "no such user")
    assert "too_many_dead" in (await operator.get("/api/health/queue")).json()["reasonCodes"]
    request = {"action": "discard", "jobType": "process_image"}
    assert (await operator.post(URL, json=request)).json()["changed"] == 0
    request["jobType"] = "send_notification"
    assert (await operator.post(URL, json=request)).json()["changed"] == 12
    assert (await operator.get("/api/health/queue")).json()["reasonCodes"] == []
