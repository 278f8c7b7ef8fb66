"""Spans from functions under Vercel's runtime, received by a real OTLP collector."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from dev.vercel import Functions
from tests.stack.watching import wait_until
from tests.tracing.conftest import Collector
from tests.tracing.received import Received, context_of

type Db = psycopg.Connection[dict[str, Any]]
CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def served(functions: Callable[..., Functions], collector: Collector, db: Db) -> Functions:
    """The functions, with a collector to send to, and without schedules that add jobs."""
    db.execute("update public.job_schedules set enabled = false")
    return functions(env_overrides={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})


def enqueue(served: Functions, body: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
    """Enqueue as a trusted service."""
    token = {"authorization": f"Bearer {served.env['QUEUE_API_TOKEN']}"}
    reply = httpx.post(f"{served.url}/api/queue/jobs", json=body, headers=token | (headers or {}), timeout=30)
    assert reply.status_code == 201, reply.text
    return reply


def run(served: Functions) -> None:
    """Have the cron tick."""
    (tick,) = served.cron_tick()
    assert tick.status == 200, tick


def spans_of_a_run(collector: Collector) -> dict[str, Received]:
    """Wait for the run's span, which ends last, and return all spans by their names."""
    wait_until(lambda: any(span.name == "GET /api/queue/process" for span in collector.spans))
    return {span.name: span for span in collector.spans}


def test_the_consumer_is_linked_to_the_producer(served: Functions, collector: Collector, db: Db) -> None:
    """From the caller's own trace, over the stored context, to the run that does the work."""
    job_id = enqueue(served, {"jobType": "recompute_rankings"}, {"traceparent": CALLER}).json()["job"]["id"]
    (stored,) = db.execute("select traceparent from background_jobs").fetchall()
    run(served)
    spans = spans_of_a_run(collector)
    request, send = spans["POST /api/queue/jobs"], spans["send recompute_rankings"]
    receive, process, settle = (spans[f"{name} recompute_rankings"] for name in ("receive", "process", "settle"))
    tick = spans["GET /api/queue/process"]

    assert f"{request.trace}-{request.parent}" == context_of(CALLER)
    assert (send.trace, send.parent) == (request.trace, request.id)
    assert context_of(stored["traceparent"]) == send.context
    assert process.producers == receive.producers == settle.producers == {send.context}
    assert (process.parent, process.run) == ("", {tick.id})
    assert {receive.parent, settle.parent} == {tick.id}
    assert [span.kind for span in (request, send, receive, process, settle)] == [
        *("SERVER", "PRODUCER", "CLIENT", "CONSUMER", "CLIENT")
    ]
    for name, span in {"send": send, "receive": receive, "process": process, "settle": settle}.items():
        assert (
            span.attributes.items()
            >= {
                "messaging.system": "suplatzigram_queue",
                "messaging.operation.name": name,
                "messaging.operation.type": name,
                "messaging.destination.name": "recompute_rankings",
                "messaging.message.id": job_id,
            }.items()
        )
    assert process.attributes["suplatzigram.job.outcome"] == "Completed"
    assert tick.attributes["faas.trigger"] == "timer"
    assert (tick.attributes["http.response.status_code"], tick.is_error) == (200, False)
    assert tick.resource["service.name"] == "suplatzigram-queue"


def test_a_job_that_a_trigger_made_has_no_producer(served: Functions, collector: Collector, db: Db) -> None:
    """Its work is the root of a trace of its own, and so is that of a batch."""
    posts = db.execute("insert into posts_new select from generate_series(1, 3) returning id").fetchall()
    for post in posts:
        db.execute("select set_like(%s, 'session-of-the-test', true)", [post["id"]])
    assert db.execute("select count(*) from background_jobs where traceparent is null").fetchone() == {"count": 3}
    db.execute("update background_jobs set scheduled_for = now()")
    run(served)
    process = spans_of_a_run(collector)["process sync_like_count"]
    assert (process.parent, process.producers) == ("", set())
    assert process.attributes["messaging.batch.message_count"] == 3
    assert "messaging.message.id" not in process.attributes


def test_jobs_of_one_call_share_its_context(served: Functions, collector: Collector, db: Db) -> None:
    """A batch of two types has no destination of its own; a batch of workers' jobs is linked to each producer once."""
    jobs = [{"jobType": name} for name in ("recompute_rankings", "audit_like_counts", "recompute_rankings")]
    enqueue(served, {"jobs": jobs})
    (stored,) = db.execute("select distinct traceparent from background_jobs").fetchall()
    run(served)
    spans = spans_of_a_run(collector)
    assert context_of(stored["traceparent"]) == spans["send"].context
    assert spans["send"].attributes["messaging.batch.message_count"] == 3
    assert "messaging.destination.name" not in spans["send"].attributes
    assert spans["receive"].producers == {spans["send"].context}


def test_a_failed_attempt_is_an_error_of_its_span_alone(served: Functions, collector: Collector, db: Db) -> None:
    """The class of the error is told, and not its text; the run went well."""
    db.execute("drop function recompute_rankings")
    enqueue(served, {"jobType": "recompute_rankings"})
    run(served)
    spans = spans_of_a_run(collector)
    process = spans["process recompute_rankings"]
    assert process.is_error
    assert process.attributes["error.type"] == "SchemaDiffers"
    assert (process.span.status.message, list(process.span.events)) == ("", [])
    assert not spans["GET /api/queue/process"].is_error


def test_a_caller_that_does_not_sample_is_obeyed(served: Functions, collector: Collector, db: Db) -> None:
    """The context is passed on all the same: the trace's other parts may be kept elsewhere."""
    enqueue(served, {"jobType": "recompute_rankings"}, {"traceparent": CALLER.removesuffix("1") + "0"})
    (stored,) = db.execute("select traceparent from background_jobs").fetchall()
    assert stored["traceparent"].startswith(CALLER[:36])
    assert stored["traceparent"].endswith("-00")
    run(served)
    assert "send recompute_rankings" not in spans_of_a_run(collector)
