"""Which HTTP statuses say "not now", and for how long. The one place that knows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lib.outside.verdicts import NotYet

# Statuses that say "not now" (RFC 9110, RFC 8470, RFC 6585), beside those of the server's own trouble (5xx).
TEMPORARY = {408, 425, 429}
MIN_WAIT_S = 1.0
MAX_WAIT_S = 86_400.0


def temporary(who: str, status: int, headers: Mapping[str, str], now: datetime) -> NotYet | None:
    """The verdict on an answer that says "not now"; None for any other answer. who: the server, for the reason."""
    if status in TEMPORARY or status >= 500:
        return NotYet(f"{who} answered {status}", retry_after_s(headers.get("retry-after"), now))
    return None


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header (RFC 9110, section 10.2.3), between one second and one day; None when there is
    no such header or it makes no sense."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(max(float(text[:9]), MIN_WAIT_S), MAX_WAIT_S)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), MIN_WAIT_S), MAX_WAIT_S)
