"""/api/admin/queue/schedules: what operators do with recurring jobs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

URL = "/api/admin/queue/schedules"
NAME = "recompute-rankings"
type Db = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def operator(site: httpx.AsyncClient, env: dict[str, str]) -> httpx.AsyncClient:
    """A client with the admin token."""
    site.headers["authorization"] = f"Bearer {env['ADMIN_API_TOKEN']}"
    return site


async def act(operator: httpx.AsyncClient, action: str, name: str = NAME, **body: Any) -> dict[str, Any]:
    """Do it; returns the reply."""
    reply = await operator.post(URL, json={"action": action, "name": name, **body})
    assert reply.status_code == 200, reply.text
    done: dict[str, Any] = reply.json()
    return done


async def shown(operator: httpx.AsyncClient, name: str = NAME) -> dict[str, Any]:
    """The schedule as the listing has it."""
    schedules = (await operator.get(URL)).json()["schedules"]
    (found,) = [each for each in schedules if each["name"] == name]
    return dict(found)


def noted(db: Db) -> list[tuple[str, dict[str, Any]]]:
    """What was written down, in order."""
    rows = db.execute("select action, details from operator_actions order by id").fetchall()
    return [(row["action"], row["details"]) for row in rows]


async def test_run_makes_one_job_however_often_it_is_clicked(operator: httpx.AsyncClient, db: Db) -> None:
    """While its job waits or runs, that one is the answer. The slots stay as they are."""
    before = await shown(operator)
    first, second = await act(operator, "run"), await act(operator, "run")
    assert (first["changed"], second["changed"]) == (1, 0)
    assert first["jobId"] == second["jobId"] == (await shown(operator))["lastJobId"]
    (job,) = db.execute("select id, claim_token from claim_jobs('w', 10)").fetchall()
    assert (await act(operator, "run"))["jobId"] == str(job["id"])
    db.execute("select complete_job(%s, %s)", [job["id"], job["claim_token"]])
    assert (await act(operator, "run"))["changed"] == 1
    after = await shown(operator)
    assert (after["nextRunAt"], after["lastSlot"]) == (before["nextRunAt"], before["lastSlot"])
    assert [action for action, _ in noted(db)] == ["schedule.run"] * 2


async def test_a_changed_schedule_is_planned_at_once(operator: httpx.AsyncClient, db: Db) -> None:
    """From the database's time on, in its zone; a second click changes nothing."""
    reply = await act(operator, "change", cronExpression="0 12 * * *", timezone="Asia/Tokyo", priority=4)
    planned = datetime.fromisoformat(reply["schedule"]["nextRunAt"])
    assert (planned.astimezone(UTC).hour, planned.minute) == (3, 0)
    assert timedelta(0) < planned - datetime.now(UTC) <= timedelta(days=1)
    assert (reply["schedule"]["priority"], reply["schedule"]["timezone"]) == (4, "Asia/Tokyo")
    again = await act(operator, "change", cronExpression="0 12 * * *", timezone="Asia/Tokyo", priority=4)
    assert (again["changed"], again["schedule"]["nextRunAt"]) == (0, reply["schedule"]["nextRunAt"])
    (action, details) = noted(db)[0]
    assert (action, len(noted(db))) == ("schedule.change", 1)
    assert (details["before"]["timezone"], details["after"]["timezone"]) == ("UTC", "Asia/Tokyo")


async def test_a_change_of_other_things_keeps_the_slot(operator: httpx.AsyncClient, db: Db) -> None:
    """A slot that is due meanwhile is not lost."""
    db.execute("update job_schedules set next_run_at = '2026-01-01' where name = %s", [NAME])
    reply = await act(operator, "change", maxAttempts=5)
    assert reply["schedule"]["nextRunAt"] == "2026-01-01T00:00:00Z"


async def test_disabling_and_enabling_plans_anew(operator: httpx.AsyncClient, db: Db) -> None:
    """What was due while it was off is not fired; each click counts once."""
    db.execute("update job_schedules set next_run_at = '2026-01-01' where name = %s", [NAME])
    off = [await act(operator, "disable") for _ in range(2)]
    assert [each["changed"] for each in off] == [1, 0]
    assert (off[0]["schedule"]["enabled"], off[0]["schedule"]["nextRunAt"]) == (False, None)
    on = [await act(operator, "enable") for _ in range(2)]
    assert [each["changed"] for each in on] == [1, 0]
    assert datetime.fromisoformat(on[0]["schedule"]["nextRunAt"]) > datetime.now(UTC)
    assert on[1]["schedule"]["nextRunAt"] == on[0]["schedule"]["nextRunAt"]


async def test_a_wrong_schedule_is_mended(operator: httpx.AsyncClient, db: Db) -> None:
    """Its error goes with the change, and health has no reason any more."""
    db.execute("update job_schedules set last_error = 'no', cron_expression = '61 * * * *' where name = %s", [NAME])
    db.execute("update job_schedules set last_error = 'no' where name = %s", [NAME])
    assert (await operator.get("/api/health/queue")).json()["reasonCodes"] == ["schedule_cannot_be_planned"]
    reply = await operator.post(URL, json={"action": "change", "name": NAME, "priority": 1})
    assert reply.status_code == 200
    assert (await act(operator, "change", cronExpression="*/10 * * * *"))["schedule"]["lastError"] is None
    assert (await operator.get("/api/health/queue")).json()["healthy"]


async def test_a_schedule_is_created_once_and_deleted(operator: httpx.AsyncClient, db: Db) -> None:
    """What is left out is the type's policy; a second creation says that it is there."""
    body = {"action": "create", "name": "tidy", "jobType": "cleanup_expired", "cronExpression": "5 4 * * *"}
    reply = await operator.post(URL, json={**body, "payload": {"olderThanDays": 7}})
    schedule = reply.json()["schedule"]
    assert (schedule["payload"], schedule["timezone"], schedule["maxAttempts"]) == ({"older_than_days": 7}, "UTC", 3)
    assert schedule["nextRunAt"] is not None
    again = await operator.post(URL, json=body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
    assert await act(operator, "delete", "tidy") == {
        "action": "delete",
        "changed": 1,
        "schedule": None,
        "jobId": None,
    }
    assert (await operator.post(URL, json={"action": "delete", "name": "tidy"})).status_code == 404
    assert [action for action, _ in noted(db)] == ["schedule.create", "schedule.delete"]


@pytest.mark.parametrize("action", ["run", "enable", "disable", "change", "delete"])
async def test_an_unknown_name_is_not_found(operator: httpx.AsyncClient, action: str) -> None:
    """404, naming it."""
    body = {"action": action, "name": "nope"} | ({"priority": 1} if action == "change" else {})
    reply = await operator.post(URL, json=body)
    assert reply.status_code == 404
    assert "nope" in reply.json()["error"]["message"]


CREATE = {"action": "create", "name": "new", "jobType": "cleanup_expired", "cronExpression": "* * * * *"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "change", "name": NAME}, "cronExpression"),
        ({"action": "change", "name": NAME, "cronExpression": "61 * * * *"}, "cronExpression"),
        ({"action": "change", "name": NAME, "cronExpression": "0 0 30 2 *"}, "cronExpression"),
        ({"action": "change", "name": NAME, "timezone": "Mars/Olympus"}, "timezone"),
        ({"action": "change", "name": NAME, "timezone": "../../etc/passwd"}, "timezone"),
        ({"action": "change", "name": NAME, "jobType": "nope"}, "jobType"),
        ({"action": "change", "name": NAME, "jobType": "process_image"}, "payload.postId"),
        ({"action": "change", "name": NAME, "payload": {"color": 1}}, "payload.color"),
        ({"action": "change", "name": NAME, "priority": 11}, "priority"),
        ({"action": "change", "name": NAME, "maxAttempts": 0}, "maxAttempts"),
        ({"action": "run", "name": NAME, "priority": 1}, "priority"),
        ({"action": "enable", "name": NAME, "cronExpression": "* * * * *"}, "cronExpression"),
        ({"action": "run", "name": ""}, "name"),
        ({"action": "run"}, "name"),
        ({"action": "stop", "name": NAME}, "action"),
        (CREATE | {"jobType": None}, "jobType"),
        (CREATE | {"cronExpression": None}, "cronExpression"),
        (CREATE | {"cronExpression": "every day"}, "cronExpression"),
        (CREATE | {"payload": {"older_than_days": 0}}, "payload.older_than_days"),
        (CREATE | {"name": "x" * 101}, "name"),
    ],
)
async def test_what_is_no_schedule_is_named(
    operator: httpx.AsyncClient, db: Db, body: dict[str, Any], field: str
) -> None:
    """The field and the rule; nothing is changed."""
    reply = await operator.post(URL, json=body)
    assert reply.status_code == 422, reply.text
    assert reply.json()["error"]["details"][0]["field"] == field
    assert noted(db) == []
