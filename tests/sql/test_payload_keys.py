"""A payload from SQL has the keys that its type's model has, as over HTTP: camelCase is refused, not dead later."""

from typing import Any

import psycopg
import pytest

import lib.jobs  # noqa: F401 - registers the types
from dev.paths import PROJECT
from lib.queue.registry import registered
from tests.sql.calls import Db, count, enqueue_many, rpc

POST = "11111111-1111-4111-8111-111111111111"
IMAGE = {"post_id": POST, "image_url": "https://example.com/a.png"}


@pytest.fixture
def any_payload() -> bool:
    """Here the app's own payloads count."""
    return False


def test_the_database_and_the_models_have_the_same_keys(db: Db) -> None:
    """They stand in lib/jobs and in job_type_policies.sql. A type without a row there is not checked."""
    rows = db.execute("select job_type, payload_keys, required_keys from queue_private.job_type_policies").fetchall()
    found = {row["job_type"]: (set(row["payload_keys"]), set(row["required_keys"])) for row in rows}
    assert found == {
        name: (
            set(job_type.payload.model_fields),
            {key for key, field in job_type.payload.model_fields.items() if field.is_required()},
        )
        for name, job_type in registered.items()
        if name in found
    }
    assert len(found) >= 7


@pytest.mark.parametrize(
    ("job_type", "payload", "message"),
    [
        ("process_image", {"postId": POST, "imageUrl": "a.png"}, 'process_image has no key "imageUrl"'),
        ("process_image", IMAGE | {"colour": 1}, 'process_image has no key "colour"; its keys are post_id, image_url'),
        ("process_image", {"post_id": POST}, 'process_image needs the key "image_url"'),
        ("process_image", {}, 'process_image needs the key "image_url"'),
        ("recompute_rankings", {"Limit": 5}, 'recompute_rankings has no key "Limit"'),
    ],
)
def test_a_key_that_no_model_has_is_refused(service: Db, job_type: str, payload: dict[str, Any], message: str) -> None:
    """By both functions, at any position, also under a held key. The message says which key of which type."""
    good = {"job_type": "process_image", "payload": IMAGE, "idempotency_key": "k"}
    enqueue_many(service, [good])
    for key in (None, "k", "new"):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=message):
            rpc(service, "enqueue_job", job_type=job_type, payload=payload, idempotency_key=key)
        bad = {"job_type": job_type, "payload": payload, "idempotency_key": key}
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=rf"jobs\[2\]: payload: {message}"):
            enqueue_many(service, [good, good, bad])
    assert count(service) == 1


def test_optional_keys_may_be_there_or_not(service: Db) -> None:
    """A null counts as there: what a value may be is the model's."""
    told: dict[str, Any] = {"user_id": POST, "title": "t", "body": "b"}
    jobs = [("send_notification", told), ("send_notification", told | {"url": None}), ("cleanup_expired", {})]
    for job_type, payload in jobs:
        rpc(service, "enqueue_job", job_type=job_type, payload=payload)
    enqueue_many(service, [{"job_type": job_type, "payload": payload} for job_type, payload in jobs])
    enqueue_many(service, [{"job_type": "cleanup_expired", "payload": None}, {"job_type": "cleanup_expired"}])
    assert count(service) == 8


@pytest.mark.parametrize("change", ["delete from {}", "update {} set payload_keys = null, required_keys = null"])
def test_a_type_without_rules_takes_any_payload(service: Db, db: Db, change: str) -> None:
    """A new type is a page and a value of the enum; that its migration names the keys is a choice."""
    db.execute(change.format("queue_private.job_type_policies").encode())
    rpc(service, "enqueue_job", job_type="process_image", payload={"whatEver": 1})
    enqueue_many(service, [{"job_type": "process_image", "payload": {"whatEver": 1}}, {"job_type": "process_image"}])
    assert count(service) == 3


def test_what_triggers_and_schedules_ask_for_has_the_keys(service: Db, db: Db) -> None:
    """The app's own triggers add their jobs by themselves: what they add, a caller may add."""
    db.execute((PROJECT / "supabase/optional/notify_of_likes.sql").read_bytes())
    row = db.execute(
        "insert into public.posts_new (user_id, image_url) values (gen_random_uuid(), 'https://images.example.com/a.jpg')"
        " returning id"
    ).fetchone()
    assert row
    db.execute("insert into public.post_ratings (post_id, session_id) values (%s, 'a-session-of-a-rater')", [row["id"]])
    db.execute("update public.posts_new set likes = 1")
    asked = db.execute("select job_type::text, payload from public.background_jobs").fetchall()
    asked += db.execute("select job_type::text, payload from public.job_schedules").fetchall()
    assert {job["job_type"] for job in asked} == set(registered) - {"generate_thumbnail"}
    enqueue_many(service, asked)
    for job in asked:
        rpc(service, "enqueue_job", **job)


def test_a_schedule_with_a_wrong_key_says_so(service: Db, db: Db) -> None:
    """Its slots go through enqueue_job: the error is on the schedule, where the operator looks."""
    db.execute("update public.job_schedules set payload = '{\"olderThanDays\": 3}' where name = 'cleanup-expired'")
    rpc(service, "fire_schedule", name="cleanup-expired", slot=None, next_run="2026-01-01T00:00:00Z")
    with pytest.raises(psycopg.errors.InvalidParameterValue, match='cleanup_expired has no key "olderThanDays"'):
        rpc(
            service,
            "fire_schedule",
            name="cleanup-expired",
            slot="2026-01-01T00:00:00Z",
            next_run="2050-01-01T00:00:00Z",
        )
