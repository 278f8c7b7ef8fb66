"""A rate counts only if the work was done: the harness counts the jobs, and tells which queue failed."""

import sys
from dataclasses import replace

import psycopg
import pytest

from bench.contestant import BY_HAND, OURS, Contestant
from bench.fixture import fill
from bench.shapes import SHAPES, claim_ms
from bench.worker import ContestantError
from tests.conftest import Connect


@pytest.mark.parametrize("connections", [1, 2])
def test_ours_drains_what_was_enqueued(project: dict[str, str], connections: int) -> None:
    """By the same functions that the worker calls."""
    url = project["DATABASE_URL"]
    assert float(OURS.call(url, "enqueue-one", 5)) > 0
    assert float(OURS.call(url, "enqueue-many", 45)) > 0
    assert OURS.drain(url, 50, connections, 7) > 0


def test_the_reference_drains_what_was_enqueued(project: dict[str, str]) -> None:
    """In any database: it has tables of its own."""
    url = project["DATABASE_URL"]
    BY_HAND.call(url, "set-up")
    BY_HAND.call(url, "enqueue-one", 5)
    BY_HAND.call(url, "enqueue-many", 45)
    assert BY_HAND.drain(url, 50, 2, 7) > 0


def test_a_queue_that_loses_jobs_has_no_rate(project: dict[str, str]) -> None:
    """Dropping them would be the fastest of all."""
    url = project["DATABASE_URL"]
    OURS.call(url, "enqueue-many", 10)
    with pytest.raises(ContestantError, match="ours: 10 of 11 jobs completed"):
        OURS.drain(url, 11, 1, 500)


def test_a_worker_that_dies_is_told_with_what_it_said(project: dict[str, str]) -> None:
    """And not waited for until the clock ends."""
    dying = "import sys; print('ready', flush=True); sys.stdin.readline(); sys.exit('out of coffee')"
    url = project["DATABASE_URL"]
    OURS.call(url, "enqueue-many", 10)
    broken: Contestant = replace(OURS, name="broken", command=(sys.executable, "-c", dying))
    with pytest.raises(ContestantError, match="broken: a worker ended with 1: out of coffee"):
        broken.drain(url, 10, 1, 500)


def test_a_verb_that_fails_is_told(project: dict[str, str]) -> None:
    """With the queue's name and the reason."""
    with pytest.raises(ContestantError, match="ours, dance: there is no verb dance"):
        OURS.call(project["DATABASE_URL"], "dance")


def test_the_fixture_has_jobs_for_every_claim(connect: Connect) -> None:
    """A claim that finds nothing by mistake would look fast."""
    db = connect()
    fill(db, 1_000)
    found = {name: _claimed(db, name) for name in SHAPES}
    assert found == {
        "1 of all types": 1,
        "10 of all types": 10,
        "100 of all types": 100,
        "500 of all types": 500,
        "100 of one type": 100,
        "100 of three types": 100,
        "100 of a rare type": 10,
        "100 of an absent type": 0,
        "1 isolated": 1,
    }
    assert claim_ms(db, SHAPES["500 of all types"])() > 0
    assert _claimed(db, "500 of all types") == 500, "the timed claim was rolled back"


def _claimed(db: psycopg.Connection[tuple[int]], name: str) -> int:
    statement, arguments = SHAPES[name]
    with db.transaction(force_rollback=True):
        row = db.execute(statement, arguments).fetchone()
    assert row is not None
    return row[0]
