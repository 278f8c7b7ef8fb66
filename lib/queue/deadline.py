"""The time budget of one invocation, bound to the clock that measures it.

Two ends: until `work_ends_at` jobs may run; until `calls_end_at` their outcomes may still be settled.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

# Kept back from Vercel's deadline: for settling what ran, and then for sending the reply.
SETTLE_RESERVE_S = 1.5
REPLY_RESERVE_S = 0.4
# The platform's limit when it does not tell its deadline: maxDuration in vercel.json (a test ties them).
MAX_DURATION_S = 10.0


def never() -> bool:
    """For workers that nothing but the time ends."""
    return False


@dataclass(frozen=True, slots=True)
class Deadline:
    """`clock` gives seconds of a monotonic clock; both ends are moments of it.

    `should_stop`: whether whoever runs the worker wants it to end. Then nothing starts any more; what runs goes on.
    """

    work_ends_at: float
    calls_end_at: float
    clock: Callable[[], float]
    should_stop: Callable[[], bool] = never

    @classmethod
    def start(
        cls,
        clock: Callable[[], float],
        budget_ms: int,
        deadline_in_s: float | None,
        should_stop: Callable[[], bool] = never,
    ) -> "Deadline":
        """The budget that starts now. `deadline_in_s`: seconds until the platform's kill, None if unknown."""
        now = clock()
        killed_at = now + (MAX_DURATION_S if deadline_in_s is None else deadline_in_s)
        return cls(
            work_ends_at=min(now + budget_ms / 1000, killed_at - SETTLE_RESERVE_S),
            calls_end_at=killed_at - REPLY_RESERVE_S,
            clock=clock,
            should_stop=should_stop,
        )

    def remaining_s(self) -> float:
        """Seconds left for work; never negative."""
        return max(0.0, self.work_ends_at - self.clock())

    def fits(self, timeout_s: float) -> bool:
        """Whether a job with this timeout may start: it would end in time, and nobody wants the worker to end."""
        return not self.should_stop() and self.clock() + timeout_s <= self.work_ends_at

    def call_time_left_s(self) -> float:
        """Seconds left for calls to the database; never negative."""
        return max(0.0, self.calls_end_at - self.clock())

    def keeping_back(self, seconds: float) -> "Deadline":
        """The same deadline with less time for work."""
        return replace(self, work_ends_at=self.work_ends_at - seconds)
