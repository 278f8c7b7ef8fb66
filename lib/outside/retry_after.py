"""What a server says about when to come back (RFC 9110, section 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MIN_S = 1.0
MAX_S = 86_400.0


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header, between one and a day; None when there is none or it is not understood."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(max(float(text[:9]), MIN_S), MAX_S)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), MIN_S), MAX_S)
