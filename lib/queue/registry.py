"""The job types: payload model, policy and handler, registered by one decorator.

A handler gets one request and returns an Outcome. A handler that is registered with `batch_job` gets many requests and
returns one answer for each, in their order: an Outcome, or a JobFailure for the one that failed. Handlers expect to run
twice.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lib.errors import InvalidInput, JobFailure
from lib.model import Model
from lib.queue.context import JobContext
from lib.queue.outcome import Outcome
from lib.queue.policy import Policy


class Payload(Model):
    """The base of payload models. Keys are snake_case in the database; HTTP may send camelCase."""


# What a batch handler returns for each of its jobs.
type BatchOutcome = Outcome | JobFailure
type Handler[P: Payload] = Callable[[P, JobContext], Awaitable[Outcome]]
type BatchHandler[P: Payload] = Callable[[Sequence[P], JobContext], Awaitable[Sequence[BatchOutcome]]]


@dataclass(frozen=True, slots=True)
class JobType:
    """A registered job type. `batch` is how many jobs one call of its handler takes: 1 unless it is a batch handler."""

    name: str
    payload: type[Payload]
    policy: Policy
    handler: Callable[[Any, JobContext], Awaitable[Any]]
    batch: int = 1

    @property
    def is_batch(self) -> bool:
        """Whether the handler takes many requests."""
        return self.batch > 1


_types: dict[str, JobType] = {}
_by_payload: dict[type[Payload], JobType] = {}
registered: Mapping[str, JobType] = MappingProxyType(_types)


def job[P: Payload](name: str, *, payload: type[P], policy: Policy) -> Callable[[Handler[P]], Handler[P]]:
    """Register the decorated handler for single jobs of type `name`."""

    def register(handler: Handler[P]) -> Handler[P]:
        _add(JobType(name, payload, policy, handler))
        return handler

    return register


def batch_job[P: Payload](
    name: str, *, payload: type[P], policy: Policy, batch: int
) -> Callable[[BatchHandler[P]], BatchHandler[P]]:
    """Register the decorated handler for up to `batch` jobs of type `name` in one call.

    A call that takes too long spends an attempt of all its jobs. So each retry runs in batches a tenth as large, and
    the last attempt of a job runs alone.
    """

    def register(handler: BatchHandler[P]) -> BatchHandler[P]:
        _add(JobType(name, payload, policy, handler, batch))
        return handler

    return register


def _add(job_type: JobType) -> None:
    if job_type.name in _types or job_type.payload in _by_payload:
        raise ValueError(f"job type {job_type.name} or its payload model is registered twice")
    _types[job_type.name] = job_type
    _by_payload[job_type.payload] = job_type


def type_named(name: str, field: str = "jobType") -> JobType:
    """Return the registered type of this name.

    Raises:
        InvalidInput: there is no such type; `field` is where the name was given.
    """
    try:
        return _types[name]
    except KeyError:
        raise InvalidInput(field, f"must be one of {', '.join(sorted(_types))}") from None


def type_of(payload: Payload) -> JobType:
    """Return the type whose payload model this is.

    Raises:
        LookupError: the model belongs to no registered type: a bug in the caller.
    """
    try:
        return _by_payload[type(payload)]
    except KeyError:
        raise LookupError(f"{type(payload).__name__} is the payload of no registered job type") from None
