"""POST /api/admin/queue/jobs: what operators do with jobs, by ids or by a filter, each written down."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from lib.web.lifespan import close_resources
from tests.routes.test_searching import URL, add, die

type Db = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def operator(site: httpx.AsyncClient, env: dict[str, str]) -> httpx.AsyncClient:
    """A client with the admin token."""
    site.headers["authorization"] = f"Bearer {env['ADMIN_API_TOKEN']}"
    return site


async def act(operator: httpx.AsyncClient, action: str, **body: Any) -> dict[str, Any]:
    """Do it; returns the reply."""
    reply = await operator.post(URL, json={"action": action, **body})
    assert reply.status_code == 200, reply.text
    done: dict[str, Any] = reply.json()
    return done


def noted(db: Db) -> list[tuple[str, str, int]]:
    """What was written down, in order."""
    rows = db.execute("select operator, action, changed from operator_actions order by id").fetchall()
    return [(row["operator"], row["action"], row["changed"]) for row in rows]


def row(db: Db, job_id: str) -> dict[str, Any]:
    """A pending job."""
    found = db.execute("select * from background_jobs where id = %s", [job_id]).fetchone()
    assert found is not None
    return found


async def test_each_action_by_a_filter_counts_first_and_acts_once(operator: httpx.AsyncClient, db: Db) -> None:
    """The dry run says how many, changes nothing and is not written down; a second click changes nothing."""
    for number in range(3):
        add(db, number)
    for _ in range(2):
        die(db, "no such user")
    later = "2031-01-01T00:00:00Z"
    edit = {"scheduledFor": later, "priority": 9}
    calls: list[tuple[str, dict[str, Any], int]] = [
        ("edit", {"filter": {"status": "pending", "jobType": "process_image"}, **edit}, 3),
        ("cancel", {"filter": {"payload": {"n": 1}}}, 1),
        ("redrive", {"filter": {"text": "SUCH user"}}, 2),
        ("discard", {"filter": {}}, 0),
        ("delete", {"filter": {"status": "cancelled", "key": "key-1"}}, 1),
        ("delete", {"filter": {"createdTo": "2099-01-01T00:00:00Z"}}, 2),
    ]
    for action, body, number in calls:
        counted = await act(operator, action, dryRun=True, **body)
        assert (counted["changed"], counted["matched"], counted["matchedIsMore"]) == (0, number, False), action
        before = len(noted(db))
        first, second = [await act(operator, action, **body) for _ in range(2)]
        assert (first["changed"], len(first["ids"]), first["more"], second["changed"]) == (number, number, False, 0)
        assert noted(db)[before:] == ([("admin token", action, number)] if number else [])


async def test_edit_sets_what_is_given(operator: httpx.AsyncClient, db: Db) -> None:
    """The time, the priority, or both; what is not given stays. A job that is being worked on is left."""
    job, other = add(db, 1), add(db, 2)
    db.execute("select claim_jobs('w', 1, '{process_image}')")
    moment = datetime.now(UTC) + timedelta(days=1)
    reply = await act(operator, "edit", ids=[job, other], scheduledFor=moment.isoformat())
    assert reply["ids"] == [other]
    assert (row(db, other)["scheduled_for"], row(db, other)["priority"]) == (moment, 0)
    assert (await act(operator, "edit", ids=[other], priority=7))["changed"] == 1
    assert (row(db, other)["scheduled_for"], row(db, other)["priority"]) == (moment, 7)


async def test_a_dry_run_of_ids_counts_those_that_can_be_changed(operator: httpx.AsyncClient, db: Db) -> None:
    """Of a selection some may have ended meanwhile."""
    pending, dead = add(db, 1), die(db, "x")
    for action, number in (("cancel", 1), ("redrive", 1), ("delete", 1)):
        counted = await act(operator, action, ids=[pending, dead, str(uuid4())], dryRun=True)
        assert (counted["matched"], counted["changed"]) == (number, 0)
    assert noted(db) == []


async def test_a_user_is_written_down_by_id(
    site: httpx.AsyncClient, env: dict[str, str], db: Db, admin_user: tuple[str, str]
) -> None:
    """Tokens are shared; a user is somebody."""
    user_id, token = admin_user
    site.headers["authorization"] = f"Bearer {token}"
    job = add(db, 1)
    await act(site, "cancel", ids=[job])
    await act(site, "pause", jobType="process_image")
    assert noted(db) == [(f"user {user_id}", "cancel", 1), (f"user {user_id}", "pause", 1)]


ID = str(uuid4())
DEEP = json.loads('{"a":' * 300 + "1" + "}" * 300)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "cancel", "filter": {"status": "dead"}}, "filter.status"),
        ({"action": "edit", "filter": {"status": "processing"}, "priority": 1}, "filter.status"),
        ({"action": "redrive", "filter": {"status": "discarded"}}, "filter.status"),
        ({"action": "delete", "filter": {"status": "pending"}}, "filter.status"),
        ({"action": "cancel", "filter": {"jobType": "sync_like_count"}}, "filter.jobType"),
        ({"action": "cancel", "filter": {"jobType": "nope"}}, "filter.jobType"),
        ({"action": "cancel", "filter": {"color": "red"}}, "filter.color"),
        ({"action": "cancel", "filter": {"payload": [1]}}, "filter.payload"),
        ({"action": "cancel", "filter": {"payload": {"a": "\ud800"}}}, "filter.payload"),
        ({"action": "cancel", "filter": {"payload": {"a": "\u0000"}}}, "filter.payload"),
        ({"action": "cancel", "filter": {"payload": DEEP}}, "filter.payload"),
        ({"action": "cancel", "filter": {"key": "\ud800"}}, "filter.key"),
        ({"action": "cancel", "ids": [ID], "dryRun": "no"}, "dryRun"),
        ({"action": "cancel", "filter": {}, "ids": [ID]}, "filter"),
        ({"action": "redrive", "filter": {}, "jobType": "process_image"}, "jobType"),
        ({"action": "delete", "jobType": "process_image"}, "jobType"),
        ({"action": "delete"}, "ids"),
        ({"action": "edit", "ids": [ID]}, "scheduledFor"),
        ({"action": "edit", "ids": [ID], "priority": 11}, "priority"),
        ({"action": "edit", "ids": [ID], "scheduledFor": "soon"}, "scheduledFor"),
        ({"action": "cancel", "ids": [ID], "priority": 1}, "priority"),
        ({"action": "redrive", "ids": [ID], "scheduledFor": "2031-01-01T00:00:00Z"}, "scheduledFor"),
        ({"action": "pause", "jobType": "process_image", "filter": {}}, "filter"),
        ({"action": "pause", "jobType": "process_image", "dryRun": True}, "dryRun"),
    ],
)
async def test_what_an_action_does_not_take_is_named(
    operator: httpx.AsyncClient, db: Db, body: dict[str, Any], field: str
) -> None:
    """A field that were ignored would change jobs that nobody meant."""
    add(db, 1)
    headers = {"content-type": "application/json"}
    reply = await operator.post(URL, content=json.dumps(body), headers=headers)
    assert (reply.status_code, [each["field"] for each in reply.json()["error"]["details"]]) == (422, [field])
    assert noted(db) == []


async def test_ids_find_jobs_with_what_they_came_from(operator: httpx.AsyncClient, db: Db) -> None:
    """A redriven job and its origin name one another."""
    dead = die(db, "x")
    (new,) = (await act(operator, "redrive", ids=[dead]))["ids"]
    add(db, 1)
    jobs = (await operator.get(URL, params={"id": [dead, new]})).json()["jobs"]
    assert [(job["id"], job["redriveOf"], job["redrivenAs"]) for job in jobs] == [(new, dead, None), (dead, None, new)]
    assert (await operator.get(URL, params={"id": [str(uuid4())] * 101})).status_code == 422


async def test_hidden_payloads_are_shown_and_asked_for_nowhere(
    operator: httpx.AsyncClient, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in a listing, nor by a filter that tells them piece by piece, nor in what was written down."""
    add(db, 1, payload='{"said": "hush"}')
    db.execute("insert into background_jobs (job_type, payload) values ('send_notification', '{\"said\": \"hush\"}')")
    (job,) = db.execute("select id, claim_token from claim_jobs('w', 1, '{send_notification}')").fetchall()
    db.execute('select complete_job(%s, %s, \'{"said": "hush"}\')', [job["id"], job["claim_token"]])
    hush = {"said": "hush"}
    await act(operator, "edit", filter={"payload": hush}, priority=1)
    monkeypatch.setenv("DASHBOARD_HIDE_PAYLOADS", "1")
    await close_resources()
    page = await operator.get(URL)
    assert [(job["payload"], job["result"], job["payloadHidden"]) for job in page.json()["jobs"]] == [
        (None, None, True)
    ] * 2
    refused = await operator.get(URL, params={"payload": json.dumps(hush)})
    assert refused.json()["error"]["details"][0]["field"] == "payload"
    body = {"action": "cancel", "filter": {"payload": hush}, "dryRun": True}
    assert (await operator.post(URL, json=body)).json()["error"]["details"][0]["field"] == "filter.payload"
    journal = await operator.get("/api/admin/queue/journal?of=actions")
    assert "hush" not in page.text
    assert journal.json()["actions"][0]["details"]["filter"] == {}
