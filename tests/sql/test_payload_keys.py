"""A payload from SQL has the keys that its type's model has, as over HTTP: camelCase is refused, not dead later."""

from typing import Any

import psycopg
import pytest

import lib.jobs  # noqa: F401 - registers the types
from dev.paths import PROJECT
from lib.model import camel_case
from lib.queue.registry import registered
from tests.sql.calls import Db, count, enqueue_many, rpc

POST = "11111111-1111-4111-8111-111111111111"
IMAGE = {"post_id": POST, "image_url": "https://example.com/a.png"}


def test_the_database_and_the_models_have_the_same_keys(db: Db) -> None:
    """They stand in lib/jobs and in job_type_policies.sql. A type without a row there is not checked."""
    rows = db.execute("select job_type, payload_keys, camel_case_keys from queue_private.job_type_policies").fetchall()
    found = {row["job_type"]: (set(row["payload_keys"]), set(row["camel_case_keys"])) for row in rows}
    models = {name: registered[name].payload.model_fields for name in found}
    assert found == {
        name: (set(fields), {camel_case(key) for key in fields} - set(fields)) for name, fields in models.items()
    }
    assert len(found) >= 7


def refused(service: Db, job_type: str, payload: dict[str, Any], message: str) -> None:
    """Both functions refuse it, at any position, also under a held key, and say which key of which type."""
    good = {"job_type": "process_image", "payload": IMAGE, "idempotency_key": "k"}
    enqueue_many(service, [good])
    for key in (None, "k", "new"):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=message):
            rpc(service, "enqueue_job", job_type=job_type, payload=payload, idempotency_key=key)
        bad = {"job_type": job_type, "payload": payload, "idempotency_key": key}
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=rf"jobs\[2\]: payload: {message}"):
            enqueue_many(service, [good, good, bad])
    assert count(service) == 1


@pytest.mark.parametrize(
    ("job_type", "payload", "message"),
    [
        ("process_image", {"postId": POST, "imageUrl": "a.png"}, 'process_image has no key "imageUrl"'),
        (
            "process_image",
            IMAGE | {"postId": POST},
            'process_image has no key "postId"; its keys are post_id, image_url',
        ),
        ("cleanup_expired", {"olderThanDays": 5}, 'cleanup_expired has no key "olderThanDays"'),
    ],
)
def test_a_known_key_in_camel_case_is_refused(
    service: Db, job_type: str, payload: dict[str, Any], message: str
) -> None:
    """HTTP writes it so; in the database no handler would find it, and the job would be dead."""
    refused(service, job_type, payload, message)


def test_where_a_type_is_strict_any_unknown_key_is_refused(service: Db, db: Db) -> None:
    """An operator's choice, which applying the migrations again keeps."""
    db.execute("update queue_private.job_type_policies set is_strict = true where job_type = 'process_image'")
    [policies] = (PROJECT / "supabase/migrations").glob("*_job_type_policies.sql")
    db.execute(policies.read_bytes())
    refused(service, "process_image", IMAGE | {"colour": 1}, 'process_image has no key "colour"')
    enqueue_many(service, [{"job_type": "cleanup_expired", "payload": {"colour": 1}}, {"job_type": "process_image"}])
    assert count(service) == 3


def test_else_a_payload_is_the_workers_to_judge(service: Db) -> None:
    """Unknown keys, missing ones, not one: a job may be enqueued with its type alone."""
    payloads: list[dict[str, Any]] = [{"colour": 1}, {"post_id": POST}, {}, IMAGE | {"image_url": None}]
    for payload in payloads:
        rpc(service, "enqueue_job", job_type="process_image", payload=payload)
    enqueue_many(service, [{"job_type": "process_image", "payload": payload} for payload in [*payloads, None]])
    rpc(service, "enqueue_job", job_type="process_image")
    assert count(service) == 10


@pytest.mark.parametrize("change", ["delete from {}", "update {} set payload_keys = null, camel_case_keys = null"])
def test_a_type_without_rules_takes_any_payload(service: Db, db: Db, change: str) -> None:
    """A new type is a page and a value of the enum; that its migration names the keys is a choice."""
    db.execute(change.format("queue_private.job_type_policies").encode())
    rpc(service, "enqueue_job", job_type="process_image", payload={"imageUrl": 1})
    enqueue_many(service, [{"job_type": "process_image", "payload": {"imageUrl": 1}}, {"job_type": "process_image"}])
    assert count(service) == 3


def test_what_triggers_and_schedules_ask_for_has_the_keys(service: Db, db: Db, released_types: set[str]) -> None:
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
    own = registered.keys() - released_types
    assert {job["job_type"] for job in asked} - own == released_types - {"generate_thumbnail"}
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
