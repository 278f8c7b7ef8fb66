"""How a job type is treated: priority, attempts, timeout, lease, backoff. Pure values and arithmetic."""

from dataclasses import dataclass

MAX_ATTEMPTS = 25
MAX_BACKOFF_EXPONENT = 20
DEFAULT_LEASE_S = 30
MAX_LEASE_S = 3600
# By how much a lease must be longer than the timeout: the outcome has to be settled as well.
LEAST_LEASE_AFTER_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of a job type.

    timeout_s: seconds one attempt (or one batch) may take; it starts only if that much budget is left.
    lease_s: seconds for which a claimed job is its worker's, at least: jobs claimed in one call get the longest of
        theirs. After a kill nobody takes the job back sooner.
    backoff_base_s, backoff_cap_s: None leaves the wait to the database (10 and 3600).
    """

    timeout_s: float
    priority: int = 0
    max_attempts: int = 3
    lease_s: int = DEFAULT_LEASE_S
    backoff_base_s: float | None = None
    backoff_cap_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse what the database would refuse, at import rather than at the first enqueue."""
        if self.timeout_s <= 0:
            raise ValueError("timeout_s must be positive")
        if not 0 <= self.priority <= 10:
            raise ValueError("priority must be from 0 to 10")
        if not 1 <= self.max_attempts <= MAX_ATTEMPTS:
            raise ValueError(f"max_attempts must be from 1 to {MAX_ATTEMPTS}")
        if not self.timeout_s + LEAST_LEASE_AFTER_TIMEOUT_S <= self.lease_s <= MAX_LEASE_S:
            least = f"timeout_s + {LEAST_LEASE_AFTER_TIMEOUT_S:g}"
            raise ValueError(f"lease_s must be from {least} to {MAX_LEASE_S}")
        if any(wait is not None and wait <= 0 for wait in (self.backoff_base_s, self.backoff_cap_s)):
            raise ValueError("backoff_base_s and backoff_cap_s must be positive")

    def backoff_s(self, attempts: int, chance: float) -> float | None:
        """Seconds until the next attempt; None when the database decides, with its defaults.

        min(cap, base * 2^(attempts - 1)) times a factor in [0.5, 1), `chance` being in [0, 1): the rule of
        job_backoff in SQL, with this type's own base and cap.
        """
        if self.backoff_base_s is None and self.backoff_cap_s is None:
            return None
        base = 10.0 if self.backoff_base_s is None else self.backoff_base_s
        cap = 3600.0 if self.backoff_cap_s is None else self.backoff_cap_s
        exponent = min(max(attempts, 1) - 1, MAX_BACKOFF_EXPONENT)
        return min(cap, base * 2.0**exponent) * (0.5 + chance / 2)
