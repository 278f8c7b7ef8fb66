"""/api/queue/process: one invocation of the worker."""

from typing import Any

import httpx
import psycopg
import pytest

type Db = psycopg.Connection[dict[str, Any]]
URL = "/api/queue/process"
KEYS = {
    *("workerId", "processed", "claimed", "completed", "retried", "dead", "snoozed", "discarded", "released"),
    *("stale", "rescued", "scheduled", "stopReason", "durationMs", "budgetMs", "results"),
}


@pytest.fixture
def cron(site: httpx.AsyncClient, env: dict[str, str], db: Db) -> httpx.AsyncClient:
    """A client that sends what Vercel Cron sends; schedules are off."""
    db.execute("update public.job_schedules set enabled = false")
    site.headers["authorization"] = f"Bearer {env['CRON_SECRET']}"
    return site


def add_syncs(db: Db, count: int) -> None:
    """Add due syncs of posts that are gone, which complete at once."""
    db.execute(
        "insert into public.background_jobs (job_type, payload, scheduled_for)"
        " select 'sync_like_count', jsonb_build_object('post_id', gen_random_uuid()), now()"
        " from generate_series(1, %s)",
        (count,),
    )


async def test_the_reply_says_what_was_done(cron: httpx.AsyncClient, db: Db) -> None:
    """With exactly the keys of the contract, and the first hundred jobs."""
    add_syncs(db, 150)
    db.execute("""insert into public.background_jobs (job_type, payload) values ('sync_like_count',
        '{"post_id": "01890000-0000-7000-8000-000000000001", "unknown": 1}')""")
    reply = await cron.get(URL)
    body = reply.json()
    assert reply.status_code == 200
    assert body.keys() == KEYS
    assert (body["processed"], body["claimed"], body["completed"], body["dead"]) == (151, 151, 150, 1)
    assert (body["stopReason"], body["budgetMs"]) == ("empty", 8000)
    assert 0 < body["durationMs"] < 8000
    assert len(body["results"]) == 100
    for result in body["results"]:
        assert {"id", "jobType", "outcome"} <= result.keys() <= {"id", "jobType", "outcome", "error"}
        assert result["jobType"] == "sync_like_count"
    assert {each["outcome"] for each in body["results"]} <= {"completed", "dead"}


async def test_an_empty_queue(cron: httpx.AsyncClient) -> None:
    """Is a success too."""
    body = (await cron.get(URL)).json()
    assert (body["processed"], body["results"], body["stopReason"]) == (0, [], "empty")


@pytest.mark.parametrize(("method", "trigger"), [("GET", "cron"), ("POST", "manual")])
async def test_who_asked_is_in_the_ledger(cron: httpx.AsyncClient, db: Db, method: str, trigger: str) -> None:
    """Vercel Cron sends GET; people and scripts POST, with or without a body."""
    body = (await cron.request(method, URL)).json()
    (run,) = db.execute("select worker_id, trigger, stop_reason, counts from public.worker_runs").fetchall()
    assert (run["worker_id"], run["trigger"], run["stop_reason"]) == (body["workerId"], trigger, "empty")


async def test_failures_are_in_the_results(cron: httpx.AsyncClient, db: Db) -> None:
    """With the reason, so that a manual run shows it."""
    db.execute("""insert into public.background_jobs (job_type, payload) values ('send_notification', '{"x": 1}')""")
    (result,) = (await cron.get(URL)).json()["results"]
    assert (result["jobType"], result["outcome"]) == ("send_notification", "dead")
    assert "the payload is not valid" in result["error"]


async def test_the_budget_is_a_setting(
    site: httpx.AsyncClient, env: dict[str, str], db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operators shorten it when the plan's limit is lower."""
    monkeypatch.setenv("WORKER_BUDGET_MS", "1500")
    add_syncs(db, 3)
    body = (await site.get(URL, headers={"authorization": f"Bearer {env['CRON_SECRET']}"})).json()
    assert (body["budgetMs"], body["stopReason"], body["claimed"]) == (1500, "budget", 0)


async def test_a_claim_that_fails_is_unavailable(cron: httpx.AsyncClient, db: Db) -> None:
    """And no empty success."""
    add_syncs(db, 3)
    db.execute("revoke execute on function public.settle_and_claim from service_role")
    reply = await cron.get(URL)
    assert reply.status_code == 503
    assert reply.json()["error"]["code"] == "unavailable"


async def test_what_a_platform_appends_to_the_url_does_not_matter(cron: httpx.AsyncClient) -> None:
    """Vercel's protection bypass is a query parameter."""
    assert (await cron.get(URL, params={"x-vercel-protection-bypass": "secret"})).status_code == 200
