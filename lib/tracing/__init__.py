"""Traces of jobs, as OpenTelemetry has them: who sent a job, which run received it, how its work went, how it ended.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set: then nothing of OpenTelemetry is imported. See docs/tracing.md.
"""

import logging
import os
from functools import cache

from lib.logs import log_event
from lib.tracing.off import Off
from lib.tracing.spans import Message, Sending, Tracing


@cache
def tracing() -> Tracing:
    """Return this process's tracing. Like the log, it is one for all that a process does."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip() or _is_disabled():
        return Off()
    try:
        from lib.tracing.telemetry import start  # noqa: PLC0415 - takes 200 ms, and most installations do without

        return start()
    except Exception as error:  # noqa: BLE001 - a variable that OpenTelemetry does not take must not stop the queue
        log_event("traces.off", level=logging.ERROR, reason=f"{type(error).__name__}: {error}")
        return Off()


def _is_disabled() -> bool:
    """Whether OpenTelemetry's own switch is off."""
    return os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


__all__ = ["Message", "Sending", "Tracing", "tracing"]
