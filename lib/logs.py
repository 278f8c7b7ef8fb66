"""Structured logs: one JSON object a line on standard output, one line an event.

Events are named like `job.settled`. Never log payloads, secrets, tokens or session ids.
"""

import logging
import sys
from contextvars import ContextVar
from functools import cache

from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_logger = logging.getLogger("suplatzigram")


@cache
def configure_logs() -> None:
    """Send events to standard output as JSON. Vercel's runtime sets the root logger to INFO, which makes httpx log
    every URL: silence it."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        JsonFormatter(
            "%(levelname)s %(message)s", rename_fields={"levelname": "level", "message": "event"}, timestamp=True
        )
    )
    _logger.addHandler(handler)
    _logger.setLevel(logging.INFO)
    _logger.propagate = False
    for noisy in ("httpx", "httpcore", "hpack"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def log_event(event: str, *, level: int = logging.INFO, error: BaseException | None = None, **fields: object) -> None:
    """Log one event with its fields; `error` adds its traceback."""
    configure_logs()
    if current := request_id.get():
        fields["request_id"] = current
    _logger.log(level, event, extra=fields, exc_info=error)
