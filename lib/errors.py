"""The errors that services, handlers and the worker tell apart, as one tree.

QueueError
├── InvalidInput         a field breaks a rule                      the caller corrects it
├── Conflict             the idempotency key is another job's       the caller uses another key
├── NotFound             there is no such post or job
├── TooMany              more often than a limit allows             the caller waits
├── NotAuthenticated     no credential, or a wrong one
├── NotAllowed           the credential does not permit this
├── Misconfigured        an environment variable is missing         the operator sets it
├── CacheFailure         a cache did not take a new count           its copies are old until they expire
├── DatabaseError
│   ├── DatabaseUnavailable   no answer, "not now", or locked       try again later
│   ├── DatabaseTimeout       it took too long                      try again; the call may have had an effect
│   ├── DatabaseRejected      Postgres or PostgREST refused         a bug here, or a limit that was passed
│   │   └── SchemaDiffers         there is no such function        the code was deployed before its migration
│   └── UnreadableAnswer      it answered what nobody expects       code and migrations differ, or a proxy answered
└── JobFailure           raised by handlers: this attempt failed
    ├── PermanentFailure      no attempt can succeed                dead at once
    ├── TimedOut              longer than the type's timeout        counts, like any failure
    ├── RetryLater            try again in so many seconds
    └── NotReady              not the job's fault                   try again, without counting the attempt
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A field, as the sender wrote it, with dots, and the rule that its value breaks. The value is not kept."""

    field: str
    rule: str


class QueueError(Exception):
    """The root: catch it to catch every error below."""


class InvalidInput(QueueError):
    """A field breaks a rule. Nothing was changed. `others` are further fields and the rules they break."""

    def __init__(self, field: str, rule: str, others: tuple[BrokenRule, ...] = ()) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule
        self.others = others

    @classmethod
    def of(cls, broken: Sequence[BrokenRule]) -> "InvalidInput":
        """From one or more broken rules."""
        first, *others = broken
        return cls(first.field, first.rule, tuple(others))


class Conflict(QueueError):
    """The idempotency key is held by a job of another type or payload. Nothing was changed."""


class NotFound(QueueError):
    """There is no such thing."""


class TooMany(QueueError):
    """The caller did this more often than a limit allows. Nothing was changed; try again in `seconds`."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class NotAuthenticated(QueueError):
    """There is no credential, or a wrong one."""


class NotAllowed(QueueError):
    """The credential is good, but does not permit this."""


class Misconfigured(QueueError):
    """The environment lacks a variable, or holds a bad one. `variables` names them; no value is shown."""

    def __init__(self, variables: tuple[str, ...], rule: str) -> None:
        super().__init__(f"{', '.join(variables)}: {rule}")
        self.variables = variables
        self.rule = rule


class NotStarted(QueueError):
    """The worker could not be called. Nothing was started; the cron may do it."""


class CacheFailure(QueueError):
    """A cache did not take what it was told. The message holds neither secrets nor the cache's own words."""


class DatabaseError(QueueError):
    """A call of a database function did not succeed. `function` is its name."""

    def __init__(self, function: str, message: str) -> None:
        super().__init__(f"{function}: {message}")
        self.function = function


class DatabaseUnavailable(DatabaseError):
    """Supabase could not be reached, is down, busy, full or read-only, or refuses to hand out jobs at all. A call that
    met a lock or a deadlock is one of these: Postgres undid it."""


class DatabaseTimeout(DatabaseError):
    """No answer in time. Whether the call had an effect is unknown."""


class DatabaseRejected(DatabaseError):
    """Postgres or PostgREST refused the call. `sqlstate` is its code."""

    def __init__(self, function: str, message: str, sqlstate: str) -> None:
        super().__init__(function, f"{message} ({sqlstate})")
        self.sqlstate = sqlstate


class SchemaDiffers(DatabaseRejected):
    """What the code calls is not in the database, or what that reads: code and migrations differ for a while."""


class UnreadableAnswer(DatabaseError):
    """The call succeeded, and its answer is not what this code expects. The call may have had an effect."""


class JobFailure(QueueError):
    """This attempt failed, and the policy decides what follows: another one, or a dead job."""


class PermanentFailure(JobFailure):
    """No further attempt can succeed: the job is dead at once."""


class TimedOut(JobFailure):
    """The attempt took longer than its type's timeout. It had that time, so it counts."""


class RetryLater(JobFailure):
    """Try again in `seconds`, as a server asked for (RFC 9110, section 10.2.3: Retry-After)."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class NotReady(JobFailure):
    """Something else is in the way. The attempt is given back and the job tried again in `seconds`."""

    def __init__(self, message: str, seconds: float = 1.0) -> None:
        super().__init__(message)
        self.seconds = seconds
