"""The way of spans to the collector: kept until an invocation flushes them, then sent in a thread.

OpenTelemetry's own batch processor sends from a thread in the background, which the platform freezes after the reply.
And its flush ignores its time limit. A collector that does not answer costs one flush, and then has some rest.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import override

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from lib.logs import log_event

# What is kept between two flushes; of more, the oldest are dropped, and the log says how many.
MAX_SPANS = 2048
# How long a collector that failed is left alone.
REST_S = 30.0


class Outbox(SpanProcessor):
    """Holds ended spans. Tasks and threads of one process may share it."""

    def __init__(self, exporter: SpanExporter, clock: Callable[[], float] = time.monotonic) -> None:
        self._exporter = exporter
        self._clock = clock
        self._spans: deque[ReadableSpan] = deque(maxlen=MAX_SPANS)
        self._dropped = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="traces")
        self._sending: Future[SpanExportResult] | None = None
        self._rests_until = 0.0

    @override
    def on_end(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        if context is None or not context.trace_flags.sampled:
            return
        if len(self._spans) == MAX_SPANS:
            self._dropped += 1
        self._spans.append(span)

    async def flush(self, seconds: float) -> None:
        """See Tracing. What is being sent by another request is not waited for."""
        if not self._spans or self._clock() < self._rests_until:
            return
        if self._sending is not None and not self._sending.done():
            return
        spans = [self._spans.popleft() for _ in range(len(self._spans))]
        self._say_what_was_dropped()
        self._sending = self._thread.submit(self._exporter.export, spans)
        done, _ = await asyncio.wait({asyncio.wrap_future(self._sending)}, timeout=seconds)
        if not done:
            self._rest(len(spans), "no answer in time")
        elif self._sending.exception() or self._sending.result() is not SpanExportResult.SUCCESS:
            self._rest(len(spans), "the collector cannot be reached, or refused")

    def _rest(self, spans: int, reason: str) -> None:
        self._rests_until = self._clock() + REST_S
        log_event("traces.not_sent", level=logging.WARNING, spans=spans, reason=reason)

    def _say_what_was_dropped(self) -> None:
        if self._dropped:
            log_event("traces.dropped", level=logging.WARNING, spans=self._dropped)
            self._dropped = 0
