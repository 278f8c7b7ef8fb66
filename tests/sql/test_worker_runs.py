"""start_worker_run and finish_worker_run keep the ledger of invocations."""

from typing import Any

import psycopg
import pytest

from tests.sql.ageing import expire_leases, make_due
from tests.sql.calls import Db, Row, claim, enqueue, rescue, rpc, value


def start(db: Db, **arguments: Any) -> Row:
    """Call start_worker_run."""
    defaults = {"worker_id": "w-1", "trigger": "cron", "budget_ms": 8000}
    reply: Row = value(db, "start_worker_run", **(defaults | arguments))
    return reply


def finish(db: Db, run_id: int, stop_reason: str = "empty", counts: Row | None = None) -> object:
    """Call finish_worker_run."""
    return value(db, "finish_worker_run", run_id=run_id, stop_reason=stop_reason, counts=counts)


def test_a_start_is_recorded_at_once(service: Db) -> None:
    """A run that is killed leaves a row without an end."""
    run_id = start(service)["run_id"]
    (row,) = service.execute("select * from public.worker_runs").fetchall()
    assert (row["id"], row["worker_id"], row["trigger"], row["budget_ms"]) == (run_id, "w-1", "cron", 8000)
    assert (row["finished_at"], row["stop_reason"]) == (None, None)


def test_an_end_is_recorded_with_its_counts(service: Db) -> None:
    """And why it stopped."""
    run_id = start(service)["run_id"]
    assert finish(service, run_id, "budget", {"claimed": 3}) is True
    (row,) = service.execute("select * from public.worker_runs").fetchall()
    assert (row["stop_reason"], row["counts"]) == ("budget", {"claimed": 3})
    assert row["finished_at"] >= row["started_at"]


def test_a_run_ends_once(service: Db) -> None:
    """The first report stands."""
    run_id = start(service)["run_id"]
    assert [finish(service, run_id, "empty"), finish(service, run_id, "error")] == [True, False]
    (row,) = service.execute("select stop_reason from public.worker_runs").fetchall()
    assert row["stop_reason"] == "empty"


def test_an_unknown_run_does_not_end(service: Db) -> None:
    """Retention may have removed it."""
    assert finish(service, 7) is False


@pytest.mark.parametrize("reason", ["empty", "budget", "limit", "error"])
def test_every_stop_reason_of_the_worker_is_known(service: Db, reason: str) -> None:
    """The three of the API, and a run that failed."""
    assert finish(service, start(service)["run_id"], reason) is True


def test_other_triggers_and_reasons_are_refused(service: Db) -> None:
    """The table defends itself."""
    with pytest.raises(psycopg.errors.CheckViolation):
        start(service, trigger="moon")
    run_id = start(service, trigger="manual")["run_id"]
    with pytest.raises(psycopg.errors.CheckViolation):
        finish(service, run_id, "bored")


def test_the_start_tells_which_isolated_types_wait(service: Db) -> None:
    """The worker keeps time back for them: due ones, and none that is paused."""
    assert start(service)["isolated_types"] == []
    for job_type in ("process_image", "process_image", "send_notification", "generate_thumbnail"):
        enqueue(service, job_type)
    claim(service)
    expire_leases(service)
    rescue(service)
    assert start(service)["isolated_types"] == []
    make_due(service)
    value(service, "pause_job_type", job_type="generate_thumbnail")
    assert start(service)["isolated_types"] == ["process_image", "send_notification"]


def test_the_answer_of_the_database_is_one_value(service: Db) -> None:
    """One round trip at the start of a run."""
    assert len(rpc(service, "start_worker_run", worker_id="w", trigger="cron", budget_ms=1)) == 1


def test_the_types_that_the_code_knows_are_kept(service: Db) -> None:
    """Also such as the database lacks; code that does not tell leaves null."""
    start(service, known_types=["send_notification", "not_there_yet"])
    start(service)
    rows = service.execute("select known_types from public.worker_runs order by id").fetchall()
    assert [row["known_types"] for row in rows] == [["send_notification", "not_there_yet"], None]
