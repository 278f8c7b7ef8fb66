"""edit/claim, delete/redrive, run/run: operators act while workers and other operators do."""

from uuid import UUID

from tests.sql.bulk import ended_jobs, pending_jobs
from tests.sql.calls import Db, claim, count, enqueue, outcome, pending, rpc, settle, value
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once, meanwhile, wait_until_blocked


def change(db: Db, action: str, **arguments: object) -> list[str]:
    """Call change_jobs; returns the ids."""
    ids: list[str] = value(db, "change_jobs", operator="admin token", action=action, **arguments)["ids"]
    return ids


def test_an_edit_leaves_a_job_that_is_claimed_at_this_moment(service: Db, open_service: OpenService) -> None:
    """It does not wait, and the job that the worker holds runs as it was."""
    job_id = enqueue(service)
    worker = open_service(autocommit=False)
    (job,) = claim(worker)
    assert change(service, "edit", job_ids=[job_id], priority=9) == []
    assert change(service, "edit", filter={}, priority=9) == []
    assert change(service, "cancel", filter={}) == []
    worker.commit()
    assert settle(service, outcome(job)) == ["settled"]


def test_a_claim_does_not_wait_for_an_edit(service: Db, open_service: OpenService) -> None:
    """The job is skipped until the edit is there, and then it has its new priority."""
    job_id = enqueue(service)
    operator = open_service(autocommit=False)
    assert change(operator, "edit", job_ids=[job_id], priority=9) == [str(job_id)]
    assert claim(service) == []
    operator.commit()
    assert [(job["id"], job["priority"]) for job in claim(service)] == [(job_id, 9)]


def test_edits_cancels_and_claims_at_once_give_each_job_one_fate(service: Db, open_service: OpenService) -> None:
    """Claimed or cancelled, never both, never neither; an edit loses no job."""
    pending_jobs(service, 60)
    ids = [row["id"] for row in service.execute("select id from public.background_jobs").fetchall()]
    worker, canceller, editor = open_service(), open_service(), open_service()

    def act(role: str) -> int:
        if role == "worker":
            return sum(len(claim(worker, 5)) for _ in range(12))
        if role == "editor":
            return sum(len(change(editor, "edit", filter={}, priority=n % 10 + 1, max_jobs=20)) for n in range(12))
        return sum(len(change(canceller, "cancel", job_ids=ids[n::12])) for n in range(12))

    claimed, cancelled, edited = all_at_once(act, ["worker", "canceller", "editor"])
    (row,) = service.execute("select count(*) from public.background_jobs where status = 'processing'").fetchall()
    assert (row["count"], count(service, "job_history")) == (claimed, cancelled)
    assert count(service) + cancelled == 60
    assert edited > 0


def test_a_delete_leaves_a_dead_job_that_is_redriven_at_this_moment(service: Db, open_service: OpenService) -> None:
    """And a redrive one that is deleted: neither waits for the other."""
    ended_jobs(service, 4, "dead")
    ids: list[UUID] = [row["job_id"] for row in service.execute("select job_id from public.job_history").fetchall()]
    first = open_service(autocommit=False)
    rpc(first, "redrive_jobs", job_ids=ids[:2])
    assert sorted(change(service, "delete", filter={})) == sorted(map(str, ids[2:]))
    first.commit()
    first.rollback()
    assert change(first, "delete", filter={}) != []
    assert rpc(service, "redrive_jobs") == []
    first.rollback()
    assert count(service) == 2


def test_eight_deletes_at_once_delete_each_job_once(service: Db, open_service: OpenService) -> None:
    """In threads, with no order between them."""
    ended_jobs(service, 200)
    shares = all_at_once(lambda each: change(each, "delete", filter={}), [open_service() for _ in range(8)])
    assert len({job_id for share in shares for job_id in share}) == sum(map(len, shares))
    change(service, "delete", filter={})
    assert count(service, "job_history") == 0
    (row,) = service.execute("select sum(changed) as changed from operator_actions").fetchall()
    assert row["changed"] == 200


def test_two_clicks_at_once_run_a_schedule_once(service: Db, open_service: OpenService) -> None:
    """The second waits for the first, and answers with its job."""
    first, second = open_service(autocommit=False), open_service()
    arguments = {"operator": "admin token", "name": "recompute-rankings"}
    ran = value(first, "run_schedule", **arguments)
    with meanwhile(lambda: value(second, "run_schedule", **arguments)) as click:
        wait_until_blocked(service, second, click)
        first.commit()
    assert (ran["changed"], click.result()["changed"]) == (1, 0)
    assert click.result()["job_id"] == ran["job_id"]
    assert count(service) == 1


def test_a_run_of_the_worker_does_not_wait_for_an_operator(service: Db, open_service: OpenService) -> None:
    """A slot is due while somebody changes the schedule: the next run fires it, or plans it anew."""
    service.execute("update job_schedules set next_run_at = now() - interval '1 minute'")
    operator = open_service(autocommit=False)
    value(operator, "run_schedule", operator="admin token", name="recompute-rankings")
    (row,) = service.execute("select next_run_at from job_schedules where name = 'recompute-rankings'").fetchall()
    arguments = {"name": "recompute-rankings", "slot": row["next_run_at"], "next_run": row["next_run_at"]}
    assert value(service, "fire_schedule", **arguments) is None
    operator.commit()
    (job,) = service.execute("select id from background_jobs").fetchall()
    assert value(service, "fire_schedule", **arguments) is None
    assert pending(service, job["id"])["job_type"] == "recompute_rankings"


def test_two_operators_change_a_schedule_and_neither_plans_for_the_other(service: Db) -> None:
    """One who planned for an expression that is not there any more leaves it to the next run."""
    common = {"operator": "admin token", "action": "change", "name": "recompute-rankings"}
    moment = "2031-01-01T00:00:00Z"
    # The one planned for another expression, the other for another time zone.
    for changes, planned in (
        ({"cron_expression": "5 * * * *"}, ("*/10 * * * *", "UTC")),
        ({"timezone": "Asia/Tokyo"}, ("5 * * * *", "UTC")),
    ):
        expression, timezone = planned
        changed = value(
            service,
            "change_schedule",
            changes=changes,
            next_run=moment,
            planned_expression=expression,
            planned_timezone=timezone,
            **common,
        )
        assert (changed["changed"], changed["schedule"]["next_run_at"]) == (1, None)
