"""operator_actions: what operators changed is written down, and nobody can change that."""

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.bulk import ended_jobs, pending_jobs
from tests.sql.calls import Db, count, enqueue, rpc, value
from tests.sql.conftest import OpenService


def noted(db: Db) -> list[tuple[str, str, int]]:
    """Who, what and how many, in order."""
    rows = db.execute("select operator, action, changed from operator_actions order by id").fetchall()
    return [(row["operator"], row["action"], row["changed"]) for row in rows]


def test_functions_called_directly_are_written_down_too(service: Db) -> None:
    """With the database role: SQL is no way around the record. A call that changes nothing leaves no row."""
    ended_jobs(service, 3, "dead")
    ids = [enqueue(service), enqueue(service, "sync_like_count", payload={"post_id": str(enqueue(service))})]
    for _ in range(2):
        rpc(service, "redrive_jobs", max_jobs=1)
        rpc(service, "cancel_jobs", job_ids=ids)
        value(service, "pause_job_type", job_type="process_image")
    rpc(service, "discard_jobs", job_type="send_notification")
    value(service, "resume_job_type", job_type="process_image")
    role = "database role service_role"
    assert noted(service) == [
        *((role, "redrive", 1), (role, "cancel", 1), (role, "pause", 1), (role, "redrive", 1)),
        *((role, "discard", 1), (role, "resume", 1)),
    ]


def test_a_change_that_is_undone_leaves_no_row(service: Db, open_service: OpenService) -> None:
    """Both are in one transaction."""
    job_id = enqueue(service)
    operator = open_service(autocommit=False)
    assert value(operator, "change_jobs", operator="admin token", action="cancel", job_ids=[job_id])["changed"] == 1
    assert len(noted(operator)) == 1
    operator.rollback()
    assert noted(service) == []
    assert count(service) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "update operator_actions set operator = 'nobody'",
        "delete from operator_actions",
        "truncate operator_actions",
        "insert into operator_actions (at, operator, action, changed) values (now(), 'x', 'x', 1)",
        "alter table operator_actions disable trigger all",
        "drop table operator_actions",
    ],
)
def test_the_service_may_not_change_it(service: Db, statement: str) -> None:
    """It may add, at the database's time, and read."""
    value(service, "pause_job_type", job_type="process_image")
    before = service.execute("select * from operator_actions").fetchall()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        service.execute(statement.encode())
    assert service.execute("select * from operator_actions").fetchall() == before


@pytest.mark.parametrize(
    "statement",
    [
        "update operator_actions set operator = 'nobody'",
        "delete from operator_actions",
        "truncate operator_actions",
    ],
)
def test_a_trigger_refuses_it_to_the_owner(service: Db, db: Db, statement: str) -> None:
    """Whoever runs a statement by mistake, as postgres in the SQL editor, is stopped."""
    value(service, "pause_job_type", job_type="process_image")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append only"):
        db.execute(statement.encode())
    assert len(noted(db)) == 1


def test_the_clean_up_removes_nothing_young(service: Db, db: Db) -> None:
    """Whatever age is asked for: the function and the trigger both look at it."""
    db.execute("""
        insert into operator_actions (at, operator, action, changed)
        select now() - make_interval(days => days), 'x', 'x', 1 from unnest(array[0, 399, 401, 402]) as each (days)
    """)
    assert value(service, "delete_expired", kind="operator_actions", older_than_days=0, max_rows=1) == 1
    assert value(service, "delete_expired", kind="operator_actions", older_than_days=0, max_rows=100) == 1
    assert value(service, "delete_expired", kind="operator_actions", older_than_days=0, max_rows=100) == 0
    assert len(noted(service)) == 2


def test_what_is_written_down_is_bounded(service: Db) -> None:
    """The first hundred ids; a filter that is too long is left out, and the action goes on."""
    pending_jobs(service, 150)
    value(service, "change_jobs", operator="admin token", action="cancel", filter={})
    pending_jobs(service, 1)
    long = {"payload": {}, "text": "x" * 70_000}
    service.execute("update background_jobs set error_message = repeat('x', 10)")
    assert value(service, "change_jobs", operator="a", action="cancel", filter=long)["changed"] == 0
    filled = Jsonb({"job_type": "send_notification", "note": "x" * 70_000})
    assert value(service, "change_jobs", operator="a", action="cancel", filter=filled)["changed"] == 1
    first, second = service.execute("select details, changed from operator_actions order by id").fetchall()
    assert (len(first["details"]["ids"]), first["changed"]) == (100, 150)
    assert "left out" in second["details"]["note"]
