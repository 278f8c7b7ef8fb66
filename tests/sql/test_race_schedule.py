"""schedule/schedule: overlapping runs see the same due slot, and one of them fires it."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.sql.calls import Db, count, value
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once

SLOT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _due(service: Db) -> None:
    """Make one of the default schedules due."""
    service.execute("update public.job_schedules set next_run_at = %s where name = 'cleanup-expired'", [SLOT])


def fire(db: Db) -> object:
    """Fire the slot that every run saw."""
    return value(db, "fire_schedule", name="cleanup-expired", slot=SLOT, next_run=SLOT + timedelta(days=1))


def test_the_second_run_waits_for_nobody_and_fires_nothing(service: Db, open_service: OpenService) -> None:
    """The slot is being taken. An operator's open transaction over the row looks the same."""
    first, second = open_service(autocommit=False), open_service()
    assert fire(first) is not None
    assert fire(second) is None
    first.commit()
    assert fire(second) is None
    assert count(service) == 1


def test_a_later_run_fires_what_was_rolled_back(service: Db, open_service: OpenService) -> None:
    """A killed run takes no slot along."""
    first, second = open_service(autocommit=False), open_service()
    fire(first)
    first.rollback()
    assert fire(second) is not None
    assert count(service) == 1


def test_noting_an_error_waits_for_nobody(service: Db, open_service: OpenService) -> None:
    """The next run notes it."""
    operator, worker = open_service(autocommit=False), open_service()
    operator.execute("update public.job_schedules set priority = 1")
    worker.execute("set lock_timeout = '1s'")
    worker.execute("select public.fail_schedule('cleanup-expired', 'nonsense')")
    operator.commit()
    worker.execute("select public.fail_schedule('cleanup-expired', 'nonsense')")
    (row,) = service.execute("select last_error from public.job_schedules where name = 'cleanup-expired'").fetchall()
    assert row["last_error"] == "nonsense"


def test_eight_runs_at_once_fire_once(service: Db, open_service: OpenService) -> None:
    """However many overlap."""
    fired = all_at_once(fire, [open_service() for _ in range(8)])
    assert len([job_id for job_id in fired if job_id is not None]) == 1
    assert count(service) == 1
