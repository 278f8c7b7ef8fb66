"""Of the runs that other runs start, at most max_runs are under way, and chains are counted."""

from typing import Any

import pytest

from tests.sql.calls import Db, Row, value
from tests.sql.conftest import OpenService
from tests.sql.racing import meanwhile, wait_until_blocked


def start(db: Db, trigger: str = "cron", **arguments: Any) -> Row:
    """Call start_worker_run."""
    reply: Row = value(db, "start_worker_run", worker_id="w", trigger=trigger, budget_ms=8000, **arguments)
    return reply


def finish(db: Db, run: Row, stop_reason: str = "budget") -> None:
    """Let a run end."""
    value(db, "finish_worker_run", run_id=run["run_id"], stop_reason=stop_reason, counts={})


def grow_old(db: Db, run: Row, seconds: float) -> None:
    """Let a run have started so many seconds ago."""
    db.execute(
        "update public.worker_runs set started_at = now() - make_interval(secs => %s) where id = %s",
        [seconds, run["run_id"]],
    )


def test_a_run_over_the_limit_may_not_work(service: Db) -> None:
    """It is recorded as ended on the limit, so that operators see that the limit held something back."""
    first = start(service)
    refused = start(service, "fanout", started_by=first["run_id"], max_runs=1)
    assert (first["may_run"], refused["may_run"], refused["runs_under_way"]) == (True, False, 1)
    row = service.execute("select * from public.worker_runs where id = %s", [refused["run_id"]]).fetchone()
    assert row is not None
    assert (row["trigger"], row["stop_reason"], row["started_by"]) == ("fanout", "limit", first["run_id"])
    assert row["finished_at"] == row["started_at"]


def test_what_the_cron_or_a_person_starts_always_works(service: Db) -> None:
    """Ten runs that were killed a second ago must not lock the queue up."""
    for _ in range(10):
        start(service)
    assert start(service, "cron")["may_run"]
    assert start(service, "manual")["may_run"]


def test_a_successor_takes_the_place_of_the_run_that_calls_it(service: Db) -> None:
    """Whether that one has written down its end or not; but a run that is neither counts."""
    calling = start(service)
    successor = start(service, "handover", started_by=calling["run_id"], max_runs=1)
    assert (successor["may_run"], successor["runs_under_way"]) == (True, 0)
    assert not start(service, "handover", started_by=0, max_runs=1)["may_run"]


def test_a_run_has_one_successor(service: Db) -> None:
    """A call that is delivered twice starts one run; a refused one may be called again."""
    calling = start(service)
    finish(service, calling)
    other = start(service)
    assert not start(service, "handover", started_by=calling["run_id"], max_runs=1)["may_run"]
    finish(service, other)
    successor = start(service, "handover", started_by=calling["run_id"], max_runs=4)
    assert successor["may_run"]
    finish(service, successor)
    assert not start(service, "handover", started_by=calling["run_id"], max_runs=4)["may_run"]


def test_hops_are_counted_along_the_chain(service: Db) -> None:
    """What ends it. A tick begins anew, and so does who names a run that is not there."""
    run = start(service)
    hops = [run["hops"]]
    for _ in range(3):
        finish(service, run)
        run = start(service, "handover", started_by=run["run_id"], max_runs=4)
        hops.append(run["hops"])
    assert hops == [0, 1, 2, 3]
    assert start(service, "fanout", started_by=run["run_id"], max_runs=4)["hops"] == 4
    assert start(service)["hops"] == 0
    assert start(service, "handover", started_by=10**12, max_runs=9)["hops"] == 0


@pytest.mark.parametrize(("age_s", "under_way"), [(9.5, 1), (10.5, 0)])
def test_a_killed_run_is_under_way_for_its_budget_and_two_seconds(service: Db, age_s: float, under_way: int) -> None:
    """The platform has ended it by then, and it will never say so."""
    grow_old(service, start(service), age_s)
    assert start(service)["runs_under_way"] == under_way


def test_two_that_start_at_once_see_one_another(open_service: OpenService) -> None:
    """The second waits for the first one's commit, and is refused."""
    first, second, observer = open_service(autocommit=False), open_service(), open_service()
    assert start(first, "handover", max_runs=1)["may_run"]
    with meanwhile(lambda: start(second, "handover", max_runs=1)) as refused:
        wait_until_blocked(observer, second, unless=refused)
        first.commit()
        assert refused.result()["may_run"] is False


def test_the_cron_waits_for_nobody(open_service: OpenService) -> None:
    """While another start is under way."""
    first, second = open_service(autocommit=False), open_service()
    start(first, "handover", max_runs=1)
    second.execute("set statement_timeout = '5s'")
    assert start(second)["may_run"]
