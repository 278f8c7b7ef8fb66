"""/api/queue/jobs: trusted services enqueue jobs and look them up."""

from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

type Db = psycopg.Connection[dict[str, Any]]
URL = "/api/queue/jobs"
POST_ID = "01890000-0000-7000-8000-000000000001"
CLEANUP: dict[str, Any] = {"jobType": "cleanup_expired", "payload": {}}
SYNC: dict[str, Any] = {"jobType": "sync_like_count", "payload": {"postId": POST_ID}}


@pytest.fixture
def service(site: httpx.AsyncClient, env: dict[str, str]) -> httpx.AsyncClient:
    """A client with the token of trusted services."""
    site.headers["authorization"] = f"Bearer {env['QUEUE_API_TOKEN']}"
    return site


def stored(db: Db) -> list[dict[str, Any]]:
    """Return the active jobs in the order in which they came."""
    return db.execute("select * from public.background_jobs order by id").fetchall()


async def test_a_new_job_is_created(service: httpx.AsyncClient, db: Db) -> None:
    """With its type's priority and attempts."""
    reply = await service.post(URL, json=SYNC)
    assert reply.status_code == 201
    job = reply.json()["job"]
    (row,) = stored(db)
    assert job == {"id": str(row["id"]), "created": True, "status": "pending"}
    assert (row["job_type"], row["payload"]) == ("sync_like_count", {"post_id": POST_ID})
    assert (row["priority"], row["max_attempts"]) == (5, 10)


async def test_everything_may_be_said(service: httpx.AsyncClient, db: Db) -> None:
    """In either spelling."""
    said: dict[str, Any] = {
        "priority": 10,
        "scheduledFor": "2100-01-01T00:00:00+02:00",
        "idempotencyKey": "k" * 255,
        "maxAttempts": 25,
    }
    snake = {"job_type": "cleanup_expired", "payload": {"older_than_days": 9}, "max_attempts": 7, "priority": 0}
    assert (await service.post(URL, json=CLEANUP | said)).status_code == 201
    assert (await service.post(URL, json=snake)).status_code == 201
    first, second = stored(db)
    assert (first["priority"], first["max_attempts"], first["idempotency_key"]) == (10, 25, "k" * 255)
    assert first["scheduled_for"].isoformat() == "2099-12-31T22:00:00+00:00"
    assert (second["priority"], second["max_attempts"], second["payload"]) == (0, 7, {"older_than_days": 9})


async def test_a_key_names_one_job(service: httpx.AsyncClient, db: Db) -> None:
    """The second request finds the first one's job: 200, and created is false."""
    request = SYNC | {"idempotencyKey": "the-key"}
    first, second = [await service.post(URL, json=request) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["job"] == first.json()["job"] | {"created": False}
    assert len(stored(db)) == 1


async def test_a_key_of_another_job_is_a_conflict(service: httpx.AsyncClient, db: Db) -> None:
    """Another type or another payload under the same key is a mistake of the caller."""
    await service.post(URL, json=CLEANUP | {"idempotencyKey": "the-key"})
    for other in (SYNC, CLEANUP | {"payload": {"olderThanDays": 3}}):
        reply = await service.post(URL, json=other | {"idempotencyKey": "the-key"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (409, "conflict")
    many = {"jobs": [SYNC, SYNC | {"idempotencyKey": "the-key"}]}
    assert (await service.post(URL, json=many)).status_code == 409
    assert len(stored(db)) == 1


async def test_many_jobs_in_one_call(service: httpx.AsyncClient, db: Db) -> None:
    """In the order of the request; 201 when at least one is new."""
    await service.post(URL, json=CLEANUP | {"idempotencyKey": "b"})
    request = {"jobs": [SYNC | {"idempotencyKey": "c"}, CLEANUP | {"idempotencyKey": "b"}, SYNC]}
    reply = await service.post(URL, json=request)
    assert reply.status_code == 201
    assert [job["created"] for job in reply.json()["jobs"]] == [True, False, True]
    again = await service.post(URL, json={"jobs": request["jobs"][:2]})
    assert (again.status_code, [job["created"] for job in again.json()["jobs"]]) == (200, [False, False])
    assert len(stored(db)) == 3


async def test_up_to_500_jobs(service: httpx.AsyncClient, db: Db) -> None:
    """More is refused as a whole, and so is none."""
    assert (await service.post(URL, json={"jobs": [CLEANUP] * 500})).status_code == 201
    assert len(stored(db)) == 500
    for jobs in ([CLEANUP] * 501, []):
        reply = await service.post(URL, json={"jobs": jobs})
        assert reply.status_code == 422
        assert reply.json()["error"]["details"][0]["field"] == "jobs"
    assert len(stored(db)) == 500


async def test_one_bad_job_rejects_all(service: httpx.AsyncClient, db: Db) -> None:
    """And its place is named."""
    for bad, field in (
        ({"jobType": "sync_like_count", "payload": {"postId": "x"}}, "jobs.1.payload.postId"),
        ({"jobType": "nonsense"}, "jobs.1.jobType"),
        (CLEANUP | {"priority": 11}, "jobs.1.priority"),
    ):
        reply = await service.post(URL, json={"jobs": [SYNC, bad]})
        assert reply.status_code == 422
        assert reply.json()["error"]["details"][0]["field"] == field
    assert stored(db) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"jobType": "nonsense"}, "jobType"),
        ({"jobType": None}, "jobType"),
        ({"payload": {"postId": "x"}}, "payload.postId"),
        ({"payload": {}}, "payload.postId"),
        ({"payload": {"postId": POST_ID, "more": 1}}, "payload.more"),
        ({"payload": []}, "payload"),
        ({"payload": "text"}, "payload"),
        ({"payload": None}, "payload"),
        ({"priority": 11}, "priority"),
        ({"priority": -1}, "priority"),
        ({"priority": 1.5}, "priority"),
        ({"priority": True}, "priority"),
        ({"priority": "5"}, "priority"),
        ({"maxAttempts": 0}, "maxAttempts"),
        ({"maxAttempts": 26}, "maxAttempts"),
        ({"idempotencyKey": ""}, "idempotencyKey"),
        ({"idempotencyKey": "k" * 256}, "idempotencyKey"),
        ({"scheduledFor": "soon"}, "scheduledFor"),
        ({"scheduledFor": 1795000000}, "scheduledFor"),
        ({"scheduledFor": "1795000000"}, "scheduledFor"),
        ({"scheduledFor": "2026-11-24T10:00:00"}, "scheduledFor"),
        ({"scheduledFor": "9999-12-31T23:59:59-01:00"}, "scheduledFor"),
        ({"scheduledFor": "0001-01-01T00:00:00+14:00"}, "scheduledFor"),
        ({"idempotencyKey": "a\0b"}, "idempotencyKey"),
        ({"payload": {"postId": POST_ID, "not_camel": 1}}, "payload.not_camel"),
        ({"claimToken": POST_ID}, "claimToken"),
    ],
)
async def test_a_broken_rule_is_named(service: httpx.AsyncClient, db: Db, change: dict[str, Any], field: str) -> None:
    """Checked before anything is stored."""
    reply = await service.post(URL, json=SYNC | change)
    assert reply.status_code == 422
    error = reply.json()["error"]
    assert (error["code"], error["details"][0]["field"]) == ("invalid_input", field)
    assert stored(db) == []


async def test_an_unknown_type_is_told_the_known_ones(service: httpx.AsyncClient) -> None:
    """The reply is the documentation that is always right."""
    reply = await service.post(URL, json={"jobType": "nonsense"})
    rule = reply.json()["error"]["details"][0]["rule"]
    assert "sync_like_count" in rule
    assert "process_image" in rule


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2030-01-01T00:00:00-23:59", "2030-01-01T23:59:00Z"),
        ("0001-01-02T00:00:00Z", "0001-01-02T00:00:00Z"),
        ("9999-12-30T23:59:59Z", "9999-12-30T23:59:59Z"),
    ],
)
async def test_any_moment_that_was_accepted_can_be_read(service: httpx.AsyncClient, said: str, meant: str) -> None:
    """Also by Python, whose calendar ends with the year 9999, and from an offset that Postgres does not know."""
    job = (await service.post(URL, json=CLEANUP | {"scheduledFor": said})).json()["job"]
    found = (await service.get(URL, params={"id": job["id"]})).json()["job"]
    assert found["scheduledFor"] == meant


async def test_too_many_jobs_are_not_looked_at(service: httpx.AsyncClient) -> None:
    """One rule is told, not one for each of them."""
    reply = await service.post(URL, json={"jobs": [{}] * 501})
    assert reply.json()["error"]["details"] == [{"field": "jobs", "rule": "must have at most 500 items"}]


async def test_a_branch_of_a_union_is_no_field(service: httpx.AsyncClient) -> None:
    """What the caller wrote is named, not what the model is made of."""
    payload = {"imageUrl": "https://example.com/a.jpg", "sizes": [{"width": 0}]}
    reply = await service.post(URL, json={"jobType": "generate_thumbnail", "payload": payload})
    fields = {each["field"] for each in reply.json()["error"]["details"]}
    assert fields == {"payload.sizes.0", "payload.sizes.0.width", "payload.sizes"}


async def test_looking_up_an_active_job(service: httpx.AsyncClient, db: Db) -> None:
    """Everything but the token that settles it."""
    job_id = (await service.post(URL, json=SYNC)).json()["job"]["id"]
    db.execute("update public.background_jobs set scheduled_for = now()")
    db.execute("select public.claim_jobs('w', 1)")
    reply = await service.get(URL, params={"id": job_id})
    job = reply.json()["job"]
    assert reply.status_code == 200
    assert (job["id"], job["jobType"], job["status"], job["attempts"]) == (job_id, "sync_like_count", "processing", 1)
    assert job["payload"] == {"post_id": POST_ID}
    (row,) = stored(db)
    assert str(row["claim_token"]) not in reply.text
    assert "claimToken" not in job


async def test_looking_up_an_ended_job(service: httpx.AsyncClient, db: Db) -> None:
    """From the history, with how it ended."""
    job_id = (await service.post(URL, json=CLEANUP)).json()["job"]["id"]
    (claimed,) = db.execute("select id, claim_token from public.claim_jobs('w', 1)").fetchall()
    db.execute("""select public.complete_job(%s, %s, '{"deleted_rows": 3}')""", (claimed["id"], claimed["claim_token"]))
    reply = await service.get(URL, params={"id": job_id})
    job = reply.json()["job"]
    assert (job["status"], job["result"]) == ("completed", {"deleted_rows": 3})
    assert job["completedAt"] is not None
    assert str(claimed["claim_token"]) not in reply.text


async def test_a_job_that_is_not_there(service: httpx.AsyncClient) -> None:
    """404, and 422 for what is no id."""
    assert (await service.get(URL, params={"id": POST_ID})).status_code == 404
    for params in ({}, {"id": "x"}, {"id": POST_ID, "x": "1"}):
        assert (await service.get(URL, params=params)).status_code == 422


async def test_ids_are_in_the_order_of_creation(service: httpx.AsyncClient) -> None:
    """UUIDs of version 7."""
    jobs = (await service.post(URL, json={"jobs": [CLEANUP] * 20})).json()["jobs"]
    assert [job["id"] for job in jobs] == sorted(job["id"] for job in jobs)
    assert {UUID(job["id"]).version for job in jobs} == {7}
