"""How long one call to Supabase may take."""

from collections.abc import Callable

MAX_CALL_S = 3.0

# How many seconds the caller has left; asked at each call.
type TimeLeft = Callable[[], float]


def as_long_as_a_call_may_take() -> float:
    """For callers without a deadline of their own."""
    return MAX_CALL_S


def call_timeout_s(time_left_s: TimeLeft) -> float:
    """Return at most MAX_CALL_S, and never more than the caller has left."""
    return max(0.0, min(MAX_CALL_S, time_left_s()))
