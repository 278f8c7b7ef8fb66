"""schedule/schedule: overlapping runs see the same due slot, and one of them fires it."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.sql.calls import Db, count, value
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once, meanwhile, wait_until_blocked

SLOT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _due(service: Db) -> None:
    """Make one of the default schedules due."""
    service.execute("update public.job_schedules set next_run_at = %s where name = 'cleanup-expired'", [SLOT])


def fire(db: Db) -> object:
    """Fire the slot that every run saw."""
    return value(db, "fire_schedule", name="cleanup-expired", slot=SLOT, next_run=SLOT + timedelta(days=1))


def test_the_second_run_waits_and_fires_nothing(service: Db, open_service: OpenService) -> None:
    """It learns that the slot was taken."""
    first, second = open_service(autocommit=False), open_service()
    assert fire(first) is not None
    with meanwhile(fire, second) as fired:
        wait_until_blocked(service, second)
        first.commit()
    assert fired.result() is None
    assert count(service) == 1


def test_the_second_run_fires_when_the_first_is_rolled_back(service: Db, open_service: OpenService) -> None:
    """A killed run takes no slot along."""
    first, second = open_service(autocommit=False), open_service()
    fire(first)
    with meanwhile(fire, second) as fired:
        wait_until_blocked(service, second)
        first.rollback()
    assert fired.result() is not None
    assert count(service) == 1


def test_eight_runs_at_once_fire_once(service: Db, open_service: OpenService) -> None:
    """However many overlap."""
    fired = all_at_once(fire, [open_service() for _ in range(8)])
    assert len([job_id for job_id in fired if job_id is not None]) == 1
    assert count(service) == 1
