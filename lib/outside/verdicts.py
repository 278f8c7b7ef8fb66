"""What came of asking a stranger for something. Values, never exceptions: a job page decides what follows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Never:
    """No later attempt can succeed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The host says that there is no such thing. It may still be on its way there. status: what the host answered."""

    reason: str
    status: int


@dataclass(frozen=True, slots=True)
class NotYet:
    """A later attempt may succeed. retry_after_s: when, if the host said so (RFC 9110, section 10.2.3). ours: the
    trouble is in what the operator runs, the project's Storage or the picture process, and not at a stranger's host."""

    reason: str
    retry_after_s: float | None = None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class NoTurn:
    """Others were in the way, and nothing was tried: this is nobody's attempt."""

    reason: str


type Verdict = Never | Absent | NotYet | NoTurn
