"""due_schedules and fire_schedule enqueue recurring jobs, once for each slot."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.sql.calls import Db, Row, active, claim_one, count, enqueue, outcome, rpc, settle, value

SLOT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
NEXT = SLOT + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _one_schedule(service: Db) -> None:
    """Replace the default schedules by one that is due."""
    service.execute("delete from public.job_schedules")
    service.execute(
        """
        insert into public.job_schedules (name, job_type, payload, cron_expression, priority, max_attempts, next_run_at)
        values ('tidy', 'cleanup_expired', '{"older_than_days": 7}', '*/10 * * * *', 2, 5, %s)
        """,
        [SLOT],
    )


def fire(db: Db, slot: datetime | None = SLOT, next_run: datetime = NEXT) -> UUID | None:
    """Call fire_schedule."""
    job_id: UUID | None = value(db, "fire_schedule", name="tidy", slot=slot, next_run=next_run)
    return job_id


def change(db: Db, **columns: Any) -> None:
    """Set columns of the schedule."""
    for name, new in columns.items():
        db.execute(sql.SQL("update public.job_schedules set {} = %s").format(sql.Identifier(name)), [new])


def schedule(db: Db) -> Row:
    """Return the schedule's row."""
    (row,) = db.execute("select * from public.job_schedules").fetchall()
    return row


def test_a_schedule_that_is_due_is_listed(service: Db) -> None:
    """With the database's time, from which the next slot is counted."""
    (row,) = rpc(service, "due_schedules")
    assert (row["name"], row["cron_expression"], row["timezone"]) == ("tidy", "*/10 * * * *", "UTC")
    assert row["next_run_at"] == SLOT
    assert row["now"].tzinfo is not None


def test_a_new_schedule_is_listed_to_be_planned(service: Db) -> None:
    """next_run_at is null until a run has parsed its expression."""
    change(service, next_run_at=None)
    (row,) = rpc(service, "due_schedules")
    assert row["next_run_at"] is None


@pytest.mark.parametrize("columns", [{"enabled": False}, {"next_run_at": datetime(2100, 1, 1, tzinfo=UTC)}])
def test_disabled_and_future_schedules_are_not_listed(service: Db, columns: Row) -> None:
    """Nothing to do for them."""
    change(service, **columns)
    assert rpc(service, "due_schedules") == []


def test_firing_enqueues_the_slot_and_moves_on(service: Db) -> None:
    """With the schedule's own priority, attempts and payload, under the slot's key."""
    job = active(service, fire(service))
    assert job is not None
    assert (job["job_type"], job["payload"], job["priority"]) == ("cleanup_expired", {"older_than_days": 7}, 2)
    assert (job["max_attempts"], job["idempotency_key"]) == (5, "schedule:tidy:2026-01-02T03:04:00Z")
    row = schedule(service)
    assert (row["next_run_at"], row["last_slot"]) == (NEXT, SLOT)


def test_a_slot_is_fired_once(service: Db) -> None:
    """Another run saw the same slot, and is told that it came second."""
    assert fire(service) is not None
    assert fire(service) is None
    assert count(service) == 1
    assert schedule(service)["next_run_at"] == NEXT


def test_the_next_slot_is_another_job(service: Db) -> None:
    """While the first one still runs."""
    fire(service)
    claim_one(service)
    assert fire(service, NEXT, NEXT + timedelta(minutes=10)) is not None
    assert count(service) == 2


def test_one_waiting_job_serves_all_slots_that_pass(service: Db) -> None:
    """A type that is paused for three days would otherwise run 72 hourly jobs at its end."""
    value(service, "pause_job_type", job_type="cleanup_expired")
    slots = [SLOT + timedelta(hours=number) for number in range(73)]
    fired = [fire(service, slot, following) for slot, following in itertools.pairwise(slots)]
    assert fired[0] is not None
    assert fired[1:] == [None] * 71
    assert (count(service), schedule(service)["next_run_at"]) == (1, slots[-1])
    value(service, "resume_job_type", job_type="cleanup_expired")
    settle(service, outcome(claim_one(service)))
    assert fire(service, slots[-1], slots[-1] + timedelta(hours=1)) is not None


def test_a_job_of_a_schedule_that_somebody_else_made_does_not_hold_it_up(service: Db) -> None:
    """Only the schedule's own last job counts as waiting."""
    enqueue(service, "cleanup_expired", idempotency_key="schedule:tidy:by-hand")
    assert fire(service) is not None


@pytest.mark.parametrize("columns", [{"cron_expression": "5 * * * *"}, {"timezone": "Asia/Kathmandu"}])
def test_a_changed_schedule_is_planned_anew(service: Db, columns: Row) -> None:
    """It does not wait for the slot of the old expression, and its old error is no longer true."""
    rpc(service, "fail_schedule", name="tidy", error="nonsense")
    change(service, next_run_at=datetime(2100, 1, 1, tzinfo=UTC))
    change(service, **columns)
    row = schedule(service)
    assert (row["next_run_at"], row["last_error"]) == (None, None)
    assert [row["name"] for row in rpc(service, "due_schedules")] == ["tidy"]


def test_enabling_a_schedule_does_not_fire_its_old_slot(service: Db) -> None:
    """It was off for weeks: the slot of then is not due now."""
    change(service, enabled=False)
    change(service, next_run_at=SLOT)
    change(service, enabled=True)
    assert schedule(service)["next_run_at"] is None
    assert fire(service) is None
    assert count(service) == 0


@pytest.mark.parametrize("columns", [{"priority": 4}, {"payload": Jsonb({})}, {"cron_expression": "*/10 * * * *"}])
def test_other_changes_keep_the_plan(service: Db, columns: Row) -> None:
    """Also one that sets the same expression again."""
    change(service, **columns)
    assert schedule(service)["next_run_at"] == SLOT


def test_a_slot_that_is_set_with_the_change_is_meant(service: Db) -> None:
    """An operator who says when is not overruled."""
    service.execute("update public.job_schedules set cron_expression = '5 * * * *', next_run_at = %s", [NEXT])
    assert schedule(service)["next_run_at"] == NEXT


def test_missed_slots_are_fired_as_one(service: Db) -> None:
    """The caller moves on to the first slot after now: what lies between is not made up for."""
    later = SLOT + timedelta(days=3)
    assert fire(service, SLOT, later) is not None
    assert rpc(service, "due_schedules")[0]["next_run_at"] == later
    assert count(service) == 1


def test_planning_a_new_schedule_enqueues_nothing(service: Db) -> None:
    """It only says when it is first due."""
    change(service, next_run_at=None)
    assert fire(service, None, NEXT) is None
    assert (count(service), schedule(service)["next_run_at"]) == (0, NEXT)


def test_planning_does_not_undo_another_run_s_plan(service: Db) -> None:
    """Null is a slot that was seen, like any other."""
    assert fire(service, None, NEXT + timedelta(days=1)) is None
    assert schedule(service)["next_run_at"] == SLOT


def test_a_schedule_that_was_disabled_meanwhile_is_not_fired(service: Db) -> None:
    """Between the listing and the firing."""
    change(service, enabled=False)
    assert fire(service) is None
    assert count(service) == 0


def test_a_slot_whose_job_already_completed_is_not_run_again(service: Db) -> None:
    """Its key is held: an operator who sets next_run_at back does not repeat a slot."""
    first = fire(service)
    settle(service, outcome(claim_one(service)))
    change(service, next_run_at=SLOT)
    assert fire(service) == first
    assert count(service) == 0


def test_a_slot_is_named_in_utc(service: Db) -> None:
    """Whatever the session's time zone: two runs must name it alike."""
    service.execute("set timezone = 'Asia/Kathmandu'")
    job = active(service, fire(service))
    assert job is not None
    assert job["idempotency_key"] == "schedule:tidy:2026-01-02T03:04:00Z"


def test_an_error_is_kept_until_the_schedule_works(service: Db) -> None:
    """Cut to 2,000 characters."""
    rpc(service, "fail_schedule", name="tidy", error="x" * 3000)
    assert schedule(service)["last_error"] == "x" * 2000
    fire(service)
    assert schedule(service)["last_error"] is None


def test_jobs_of_others_do_not_matter(service: Db) -> None:
    """Another cleanup, without a key, is another job."""
    enqueue(service, "cleanup_expired", payload={"older_than_days": 7})
    assert fire(service) is not None
    assert count(service) == 2
