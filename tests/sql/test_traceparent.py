"""The trace context of whoever enqueues a job travels with it, and costs nothing when there is none."""

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.calls import Db

CONTEXT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-11111111111111111111111111111111-2222222222222222-00"


def test_a_claimed_job_has_the_context_of_its_producer(service: Db) -> None:
    """Enqueued alone or with others, claimed for a batch or to run alone."""
    service.execute("select enqueue_job('process_image', traceparent => %s)", [CONTEXT])
    jobs = [{"job_type": "process_image", "traceparent": OTHER}, {"job_type": "process_image"}]
    service.execute("select enqueue_jobs(%s)", [Jsonb(jobs)])
    (reply,) = service.execute("select settle_and_claim('w', '[]', 2) as reply").fetchall()
    assert [job["traceparent"] for job in reply["reply"]["claimed"]] == [CONTEXT, OTHER]
    service.execute("update background_jobs set isolated = true where status = 'pending'")
    (alone,) = service.execute("select * from claim_isolated_job('w')").fetchall()
    assert alone["traceparent"] is None


def test_a_job_that_is_found_keeps_its_context(service: Db) -> None:
    """The second request for the same work has not made it."""
    for context in (CONTEXT, OTHER):
        service.execute("select enqueue_job('process_image', idempotency_key => 'once', traceparent => %s)", [context])
    rows = service.execute("select traceparent from background_jobs").fetchall()
    assert rows == [{"traceparent": CONTEXT}]


@pytest.mark.parametrize("bad", ["", CONTEXT.upper(), CONTEXT + "-00", "00" + CONTEXT, CONTEXT[:-1]])
def test_what_is_no_trace_context_is_refused(service: Db, bad: str) -> None:
    """Whoever reads it later can rely on its form."""
    with pytest.raises(psycopg.errors.CheckViolation, match="background_jobs_traceparent_is_w3c"):
        service.execute("select enqueue_job('process_image', traceparent => %s)", [bad])
