"""Tracing that is on. The names are those of OpenTelemetry's semantic conventions for messaging, HTTP and FaaS."""

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from lib.tracing.outbox import Outbox
from lib.tracing.spans import Message

SYSTEM = "suplatzigram_queue"
# A connection and a request that take longer hold up the end of an invocation for nothing.
SEND_S = 1.0
# Producers that one span is linked to, of a batch of up to 1,000 jobs.
MAX_LINKS = 128

_W3C = TraceContextTextMapPropagator()


def start() -> "Telemetry":
    """Read OpenTelemetry's own environment (endpoint, headers, sampler, service name) and begin."""
    # It writes prose to the log; what matters is said in an event.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    outbox = Outbox(OTLPSpanExporter(timeout=SEND_S))
    provider = TracerProvider(resource=_resource(), span_limits=SpanLimits(max_links=MAX_LINKS), shutdown_on_exit=False)
    provider.add_span_processor(outbox)
    return Telemetry(provider.get_tracer("suplatzigram.queue"), outbox)


class Telemetry:
    """See Tracing."""

    def __init__(self, tracer: Tracer, outbox: Outbox) -> None:
        self._tracer = tracer
        self._outbox = outbox

    @contextmanager
    def serving(self, method: str, path: str, headers: Mapping[str, str]) -> Iterator["ServerSpan"]:
        """A span of kind server: a child of the caller's when headers say so."""
        is_cron = headers.get("user-agent", "").startswith("vercel-cron/")
        attributes = {
            "http.request.method": method,
            "url.path": path,
            "faas.trigger": "timer" if is_cron else "http",
        }
        # Only the trace context is taken: baggage is not ours to pass on.
        parent = _W3C.extract({name: headers[name] for name in ("traceparent", "tracestate") if name in headers})
        with self._span(f"{method} {path}", SpanKind.SERVER, attributes, context=parent) as span:
            yield ServerSpan(span)

    @contextmanager
    def sending(self, job_types: Sequence[str]) -> Iterator["ProducerSpan"]:
        """A span of kind producer, whose context is stored with the jobs."""
        with self._span(*_operation("send", job_types, SpanKind.PRODUCER)) as span:
            yield ProducerSpan(span)

    @contextmanager
    def exchanging(self, worker_id: str, settled: Sequence[Message] = ()) -> Iterator["ExchangeSpans"]:
        """A span for what is settled, and one for what is received, over the same time: it is one call."""
        exchange = ExchangeSpans(self._tracer, worker_id)
        try:
            yield exchange
        except Exception as error:
            exchange.record("settle" if settled else "receive", settled, error)
            raise
        if settled:
            exchange.record("settle", settled)

    @contextmanager
    def processing(self, jobs: Sequence[Message]) -> Iterator["ConsumerSpan"]:
        """A span of kind consumer: the root of a trace of its own, linked to the jobs' producers and to the run."""
        name, kind, attributes = _operation("process", [job.job_type for job in jobs], SpanKind.CONSUMER)
        if len(jobs) == 1:
            attributes |= {"messaging.message.id": str(jobs[0].id), "suplatzigram.job.attempt": jobs[0].attempts}
        run = get_current_span().get_span_context()
        links = [Link(run, {"suplatzigram.link": "run"})] if run.is_valid else []
        with self._span(name, kind, attributes, context=Context(), links=links + _producers(jobs)) as span:
            yield ConsumerSpan(span)

    def headers(self) -> dict[str, str]:
        """The traceparent of the present span."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier

    async def flush(self, seconds: float) -> None:
        """See Outbox."""
        await self._outbox.flush(min(seconds, SEND_S))

    @contextmanager
    def _span(
        self,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, str | int],
        *,
        context: Context | None = None,
        links: Sequence[Link] = (),
    ) -> Iterator[Span]:
        """The span that is current meanwhile."""
        with self._tracer.start_as_current_span(
            name,
            context,
            kind,
            attributes,
            links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                _note(span, error)
                raise


class ServerSpan:
    """See Serving."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def answered(self, status: int | None) -> None:
        """An error of the server is an error of its span; an error of the client is not."""
        if status is not None:
            self._span.set_attribute("http.response.status_code", status)
        if status is None or status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))
            self._span.set_attribute("error.type", str(status or "no reply"))


class ProducerSpan:
    """See Sending."""

    def __init__(self, span: Span) -> None:
        self._span = span
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        self.traceparent = carrier.get("traceparent")

    def sent(self, job_ids: Sequence[UUID]) -> None:
        """The id of a single job is part of the conventions."""
        if len(job_ids) == 1:
            self._span.set_attribute("messaging.message.id", str(job_ids[0]))


class ExchangeSpans:
    """See Exchange. What it did is known at its end, so its spans are made then, with the time of its beginning."""

    def __init__(self, tracer: Tracer, worker_id: str) -> None:
        self._tracer = tracer
        self._worker_id = worker_id
        self._started_ns = time.time_ns()

    def received(self, jobs: Sequence[Message]) -> None:
        """A worker that waits asks twice a second: only what it received is worth a span."""
        if jobs:
            self.record("receive", jobs)

    def record(self, operation: str, jobs: Sequence[Message], error: Exception | None = None) -> None:
        """Make a span from the beginning until now."""
        name, kind, attributes = _operation(operation, [job.job_type for job in jobs], SpanKind.CLIENT)
        attributes["messaging.client.id"] = self._worker_id
        if len(jobs) == 1:
            attributes["messaging.message.id"] = str(jobs[0].id)
        links = _producers(jobs)
        span = self._tracer.start_span(name, kind=kind, attributes=attributes, links=links, start_time=self._started_ns)
        if error is not None:
            _note(span, error)
        span.end()


class ConsumerSpan:
    """See Processing."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def ended(self, outcome: str) -> None:
        """A snoozed or discarded job is no error."""
        self._span.set_attribute("suplatzigram.job.outcome", outcome)


def _operation(name: str, job_types: Sequence[str], kind: SpanKind) -> tuple[str, SpanKind, dict[str, str | int]]:
    """The name, kind and attributes of a messaging span. A destination is named when all jobs have it."""
    attributes: dict[str, str | int] = {
        "messaging.system": SYSTEM,
        "messaging.operation.name": name,
        "messaging.operation.type": name,
    }
    destinations = set(job_types)
    if len(job_types) != 1:
        attributes["messaging.batch.message_count"] = len(job_types)
    if len(destinations) != 1:
        return name, kind, attributes
    (destination,) = destinations
    return f"{name} {destination}", kind, attributes | {"messaging.destination.name": destination}


def _producers(jobs: Sequence[Message]) -> list[Link]:
    """Links to those who sent the jobs, each once."""
    carriers = dict.fromkeys(job.traceparent for job in jobs if job.traceparent)
    spans = (get_current_span(_W3C.extract({"traceparent": each})).get_span_context() for each in carriers)
    return [Link(span) for span in spans if span.is_valid][:MAX_LINKS]


def _note(span: Span, error: Exception) -> None:
    """Note an error by its class only: messages may show what users sent."""
    span.set_status(Status(StatusCode.ERROR))
    span.set_attribute("error.type", type(error).__name__)


def _resource() -> Resource:
    """Whose spans these are; what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say comes first."""
    own = {"service.name": "suplatzigram-queue"}
    if environment := os.environ.get("VERCEL_ENV"):
        own["deployment.environment.name"] = environment
    given = OTELResourceDetector().detect().attributes
    return Resource.create({name: value for name, value in own.items() if name not in given})
