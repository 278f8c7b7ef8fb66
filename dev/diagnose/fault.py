"""A fault of the old app: what it is, how it was shown, and what ends it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dev.diagnose.scene import Scene

Severity = Literal["critical", "high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """done: the query, request or code, as it was run. seen: what came of it. shown: whether that is the fault."""

    done: str
    seen: str
    shown: bool = True
    language: Literal["sql", "http", "python", "tsx"] = "sql"


@dataclass(frozen=True, slots=True)
class Fault:
    """code: stable. why: what it does to users or operators. fix: what this project does instead.

    show: runs it; None where this machine cannot, and `evidence` says how to look.
    """

    code: str
    severity: Severity
    title: str
    why: str
    fix: str
    show: Callable[[Scene], Evidence] | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault with its evidence. ran: whether it was run here."""

    fault: Fault
    evidence: Evidence
    ran: bool

    @classmethod
    def of(cls, fault: Fault, scene: Scene) -> "Finding":
        """Run it, where it can be run."""
        if fault.show is not None:
            return cls(fault, fault.show(scene), ran=True)
        if fault.evidence is None:
            raise ValueError(f"{fault.code} is neither run nor described")
        return cls(fault, fault.evidence, ran=False)
