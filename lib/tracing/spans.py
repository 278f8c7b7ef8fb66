"""What code that is traced sees: spans to be noted in, by the names that OpenTelemetry's conventions give them.

It must not know OpenTelemetry, nor what a job is beyond a message.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID


class Message(Protocol):
    """A job, as far as a span speaks of it."""

    @property
    def id(self) -> UUID:
        """The job's id."""

    @property
    def job_type(self) -> str:
        """Where it was sent to."""

    @property
    def attempts(self) -> int:
        """Which attempt it is, counted from 1."""

    @property
    def traceparent(self) -> str | None:
        """The trace context of its producer, None without one."""


class Sending(Protocol):
    """Jobs are being enqueued."""

    @property
    def traceparent(self) -> str | None:
        """The context to store with the jobs; None when nobody traces them."""

    def sent(self, job_ids: Sequence[UUID]) -> None:
        """Note the jobs that are in the queue now."""


class Exchange(Protocol):
    """One call that may settle jobs, receive jobs, or both."""

    def received(self, jobs: Sequence[Message]) -> None:
        """Note the jobs that were leased; not one is not worth a span."""


class Processing(Protocol):
    """A handler is at work."""

    def ended(self, outcome: str) -> None:
        """Note what it returned."""


class Serving(Protocol):
    """A request is being answered."""

    def answered(self, status: int | None) -> None:
        """Note the reply's status; None when there was no reply."""


class Tracing(Protocol):
    """Spans are context managers: what raises inside is noted as an error, by its class only, and raised on."""

    def serving(self, method: str, path: str, headers: Mapping[str, str]) -> AbstractContextManager[Serving]:
        """A request; headers may say whose trace it belongs to (traceparent)."""

    def sending(self, job_types: Sequence[str]) -> AbstractContextManager[Sending]:
        """Jobs of these types, one for each."""

    def exchanging(self, worker_id: str, settled: Sequence[Message] = ()) -> AbstractContextManager[Exchange]:
        """A worker's call that settles these jobs, and may receive others."""

    def processing(self, jobs: Sequence[Message]) -> AbstractContextManager[Processing]:
        """One call of a handler: for one job, or for a batch of one type."""

    def headers(self) -> dict[str, str]:
        """The headers that make what another server does part of the present trace."""

    async def flush(self, seconds: float) -> None:
        """Send the spans that have ended, and wait so long at most. Never raises."""
