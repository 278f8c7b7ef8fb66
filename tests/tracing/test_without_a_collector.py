"""Tracing that is off, or has nowhere to send to, costs nothing and breaks nothing."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, override

import psycopg
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from starlette.types import Message, Receive, Scope, Send

from dev.vercel import Functions
from lib.tracing.off import Off
from lib.tracing.outbox import MAX_SPANS, REST_S, Outbox
from lib.web.traces import Traces
from tests.conftest import PROJECT
from tests.stack.watching import wait_until

type Db = psycopg.Connection[dict[str, Any]]

# Serve a request of each function and say what was loaded.
LOADED = """
import asyncio, importlib, sys
from pathlib import Path
import httpx

async def main():
    for file in sorted(Path("api").rglob("*.py")):
        app = importlib.import_module(".".join(file.with_suffix("").parts)).app
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.get("/", headers={"authorization": "Bearer " + "x" * 16})
            await client.post("/", headers={"authorization": "Bearer " + "x" * 16}, json={"jobType": "cleanup_expired"})
    print(*sorted({name.partition(".")[0] for name in sys.modules}))

asyncio.run(main())
"""


@pytest.mark.parametrize("endpoint", [None, "", "http://127.0.0.1:9"])
def test_nothing_is_imported_unless_it_is_asked_for(project: dict[str, str], endpoint: str | None) -> None:
    """The last case shows that this would be seen."""
    names = ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN")
    env = project | dict.fromkeys(names, "x" * 16) | {"PATH": os.environ["PATH"]}
    if endpoint is not None:
        env["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {"starlette", "aiohttp"} <= loaded
    assert (("opentelemetry" in loaded), ("requests" in loaded)) == (bool(endpoint), bool(endpoint))


def test_a_silent_collector_fails_no_job(functions: Callable[..., Functions], db: Db) -> None:
    """It takes connections and never answers. The log says that spans were lost."""
    db.execute("update public.job_schedules set enabled = false")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        collector = f"http://127.0.0.1:{silent.getsockname()[1]}"
        served = functions(env_overrides={"OTEL_EXPORTER_OTLP_ENDPOINT": collector})
        db.execute("insert into background_jobs (job_type) values ('recompute_rankings')")
        (tick,) = served.cron_tick()
        assert (tick.status, tick.json()["completed"]) == (200, 1)
        wait_until(lambda: "traces.not_sent" in served.log_text())
        (tick,) = served.cron_tick()
        assert tick.status == 200


async def test_spans_are_sent_when_the_reply_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """So no client waits for the collector; and before the invocation ends, which freezes the process."""
    steps: list[str] = []

    class Slow(Off):
        async def flush(self, seconds: float) -> None:
            steps.append(f"flush within {seconds:g} s")

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Message) -> None:
        steps.append(message["type"])

    async def receive() -> Message:
        return {"type": "http.request"}

    monkeypatch.setattr("lib.web.traces.tracing", Slow)
    monkeypatch.setattr("lib.web.traces.deadline_in_s", lambda: 0.5)
    await Traces(app)({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)
    assert steps == ["http.response.start", "http.response.body", "flush within 0.4 s"]


def test_a_variable_that_opentelemetry_refuses_stops_nothing(functions: Callable[..., Functions]) -> None:
    """The queue works without traces, and the log says why there are none."""
    bad = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}
    served = functions(env_overrides=bad | {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many"})
    (tick,) = served.cron_tick()
    assert tick.status == 200
    wait_until(lambda: "traces.off" in served.log_text())


class Exporter(SpanExporter):
    """Says what it was given, after so long."""

    def __init__(self, seconds: float, answer: SpanExportResult) -> None:
        self.seconds, self.answer = seconds, answer
        self.batches: list[int] = []

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.batches.append(len(spans))
        time.sleep(self.seconds)
        return self.answer


def outbox_of(exporter: Exporter, clock: Callable[[], float]) -> tuple[Outbox, Callable[[int], None]]:
    """Return an outbox, and what makes spans end in it."""
    outbox = Outbox(exporter, clock)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(outbox)
    tracer = provider.get_tracer("test")

    def end_spans(count: int) -> None:
        for _ in range(count):
            tracer.start_span("one").end()

    return outbox, end_spans


async def test_a_flush_ends_in_time_whatever_the_exporter_does() -> None:
    """It hangs for longer than the flush may take."""
    exporter = Exporter(0.5, SpanExportResult.SUCCESS)
    outbox, end_spans = outbox_of(exporter, lambda: 0.0)
    end_spans(1)
    async with asyncio.timeout(0.4):
        await outbox.flush(0.05)


async def test_a_collector_that_refused_has_some_rest() -> None:
    """And spans that nobody takes do not fill the memory."""
    now = 0.0
    exporter = Exporter(0, SpanExportResult.FAILURE)
    outbox, end_spans = outbox_of(exporter, lambda: now)
    end_spans(3)
    await outbox.flush(1)
    end_spans(MAX_SPANS + 5)
    await outbox.flush(1)
    assert exporter.batches == [3]
    now = REST_S
    await outbox.flush(1)
    assert exporter.batches == [3, MAX_SPANS]
