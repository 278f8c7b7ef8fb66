"""When the platform ends an invocation."""

from datetime import UTC, datetime

from vercel_runtime import get_deadline


def deadline_in_s() -> float | None:
    """Seconds until Vercel's kill; None where the platform does not say."""
    deadline = get_deadline()
    return None if deadline is None else (deadline - datetime.now(UTC)).total_seconds()
