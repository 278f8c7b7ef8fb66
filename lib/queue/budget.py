"""The time budget of one invocation: pure arithmetic on seconds of a monotonic clock.

Two ends: until `work_ends_at` jobs may run; until `calls_end_at` their outcomes may still be settled.
"""

from dataclasses import dataclass, replace

# Kept back from Vercel's deadline: for settling what ran, and then for sending the reply.
SETTLE_RESERVE_S = 1.5
REPLY_RESERVE_S = 0.4
# The platform's limit when it does not tell its deadline: maxDuration in vercel.json (a test ties them).
MAX_DURATION_S = 10.0
MAX_CALL_S = 3.0


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """Seconds of a monotonic clock; see the module."""

    work_ends_at: float
    calls_end_at: float

    @classmethod
    def start(cls, now: float, budget_ms: int, deadline_in_s: float | None) -> "TimeBudget":
        """The budget that starts now. `deadline_in_s`: seconds until the platform's kill, None if unknown."""
        deadline = now + (MAX_DURATION_S if deadline_in_s is None else deadline_in_s)
        return cls(
            work_ends_at=min(now + budget_ms / 1000, deadline - SETTLE_RESERVE_S),
            calls_end_at=deadline - REPLY_RESERVE_S,
        )

    def remaining_s(self, now: float) -> float:
        """Seconds left for work; never negative."""
        return max(0.0, self.work_ends_at - now)

    def fits(self, timeout_s: float, now: float) -> bool:
        """Whether a job with this timeout would end in time."""
        return now + timeout_s <= self.work_ends_at

    def call_timeout_s(self, now: float) -> float:
        """How long one Supabase call may take: at most 3 s, never longer than what is left."""
        return max(0.0, min(MAX_CALL_S, self.calls_end_at - now))

    def keeping_back(self, seconds: float) -> "TimeBudget":
        """The same budget with less time for work."""
        return replace(self, work_ends_at=self.work_ends_at - seconds)
