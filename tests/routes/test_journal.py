"""/api/admin/queue/journal: the worker's runs, and what operators did."""

from collections.abc import Callable
from typing import Any, LiteralString

import httpx
import psycopg
import pytest

from tests.sql.bulk import worker_run

URL = "/api/admin/queue/journal"
type Db = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def operator(site: httpx.AsyncClient, env: dict[str, str]) -> httpx.AsyncClient:
    """A client with the admin token."""
    site.headers["authorization"] = f"Bearer {env['ADMIN_API_TOKEN']}"
    return site


async def pages(operator: httpx.AsyncClient, of: str) -> list[dict[str, Any]]:
    """Everything, two at a time."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query = {"of": of, "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await operator.get(URL, params=query)).json()
        assert len(page[of]) <= 2
        found += page[of]
        cursor = page["nextCursor"]
        if cursor is None:
            return found


async def test_runs_come_newest_first_without_gap_or_repeat(operator: httpx.AsyncClient, db: Db) -> None:
    """Four of them are two full pages, and the second one is the last."""
    assert await pages(operator, "runs") == []
    for minutes in (4, 3, 2, 1):
        worker_run(db, ago_s=60 * minutes)
    runs = await pages(operator, "runs")
    assert [run["id"] for run in runs] == sorted((run["id"] for run in runs), reverse=True)
    assert len(runs) == 4
    assert runs[0].keys() == {
        *("id", "workerId", "trigger", "startedAt", "finishedAt", "budgetMs", "stopReason", "counts", "knownTypes"),
    }


async def test_actions_say_who_did_what(operator: httpx.AsyncClient, db: Db) -> None:
    """Keys are as HTTP has them; those inside a payload are as they were."""
    for action in ("pause", "resume", "pause"):
        body = {"action": action, "jobType": "process_image"}
        assert (await operator.post("/api/admin/queue/jobs", json=body)).status_code == 200
    db.execute("insert into background_jobs (job_type, payload) values ('process_image', '{\"post_id\": \"x\"}')")
    wanted = {"jobType": "process_image", "payload": {"post_id": "x"}}
    await operator.post("/api/admin/queue/jobs", json={"action": "cancel", "filter": wanted})
    actions = await pages(operator, "actions")
    assert [each["action"] for each in actions] == ["cancel", "pause", "resume", "pause"]
    assert {each["operator"] for each in actions} == {"admin token"}
    assert actions[0]["details"]["filter"] == wanted
    assert (actions[1]["details"], actions[1]["changed"]) == ({"jobType": "process_image"}, 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "of"),
        ({"of": "jobs"}, "of"),
        ({"of": "runs", "limit": "0"}, "limit"),
        ({"of": "runs", "limit": "201"}, "limit"),
        ({"of": "runs", "cursor": "-1"}, "cursor"),
        ({"of": "actions", "cursor": "9" * 19}, "cursor"),
    ],
)
async def test_a_query_that_is_none_is_named(operator: httpx.AsyncClient, query: dict[str, str], field: str) -> None:
    """The field and the rule."""
    reply = await operator.get(URL, params=query)
    assert (reply.status_code, [each["field"] for each in reply.json()["error"]["details"]]) == (422, [field])


async def test_an_operator_starts_a_run(
    operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, answering: Callable[[int, bytes], str]
) -> None:
    """By a call of the worker, which is written down."""
    monkeypatch.setenv("WORKER_URL", answering(200, b"{}"))
    assert (await operator.post(URL, json={"action": "run"})).json() == {"action": "run", "changed": 1}
    [noted] = (await operator.get(URL, params={"of": "actions"})).json()["actions"]
    assert (noted["action"], noted["operator"], noted["changed"]) == ("run", "admin token", 1)
    wrong = await operator.post(URL, json={"action": "walk"})
    assert (wrong.status_code, wrong.json()["error"]["details"][0]["field"]) == (422, "action")


@pytest.mark.parametrize(("status", "reason"), [(None, "WORKER_URL"), (401, "it answered 401")])
async def test_a_run_that_cannot_be_started_says_why(  # noqa: PLR0917 - fixtures
    operator: httpx.AsyncClient,
    db: Db,
    monkeypatch: pytest.MonkeyPatch,
    answering: Callable[[int, bytes], str],
    status: int | None,
    reason: str,
) -> None:
    """And nothing is written down: nothing was done."""
    if status is not None:
        monkeypatch.setenv("WORKER_URL", answering(status, b"{}"))
    reply = await operator.post(URL, json={"action": "run"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "unavailable")
    assert reason in reply.json()["error"]["message"]
    assert db.execute("select from public.operator_actions").fetchall() == []


@pytest.mark.parametrize(
    ("query", "rows", "insert"),
    [
        (
            "/api/admin/queue/jobs?limit=200",
            "jobs",
            """insert into public.background_jobs (job_type, payload)
            select 'recompute_rankings', %s from generate_series(1, 100)""",
        ),
        (
            URL + "?of=actions&limit=200",
            "actions",
            """insert into public.operator_actions (operator, action, details, changed)
            select 'x', 'edit', %s, 1 from generate_series(1, 100)""",
        ),
    ],
    ids=["jobs", "actions"],
)
async def test_a_page_is_bounded_in_bytes(
    operator: httpx.AsyncClient, db: Db, query: str, rows: str, insert: LiteralString
) -> None:
    """Vercel sends no more than 4.5 MB; what does not fit is on the next page."""
    db.execute(insert, ['{"text": "' + "x" * 60_000 + '"}'])
    found: list[object] = []
    cursor = None
    while True:
        reply = await operator.get(query + (f"&cursor={cursor}" if cursor else ""))
        assert len(reply.content) < 3_500_000
        found += [row["id"] for row in reply.json()[rows]]
        cursor = reply.json()["nextCursor"]
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 100
