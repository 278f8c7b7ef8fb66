"""Tracing that is off: nothing is noted, nothing is sent, and nothing of OpenTelemetry is imported."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from uuid import UUID

from lib.tracing.spans import Message


class NoSpan:
    """Every span at once."""

    traceparent = None

    def sent(self, _job_ids: Sequence[UUID]) -> None:
        """Note nothing."""

    def received(self, _jobs: Sequence[Message]) -> None:
        """Note nothing."""

    def ended(self, _outcome: str) -> None:
        """Note nothing."""

    def answered(self, _status: int | None) -> None:
        """Note nothing."""


# Stateless, so one is enough for all, also at the same time.
_NOTHING = nullcontext(NoSpan())


class Off:
    """See Tracing."""

    def serving(self, _method: str, _path: str, _headers: Mapping[str, str]) -> nullcontext[NoSpan]:
        """No span."""
        return _NOTHING

    def sending(self, _job_types: Sequence[str]) -> nullcontext[NoSpan]:
        """No span."""
        return _NOTHING

    def exchanging(self, _worker_id: str, _settled: Sequence[Message] = ()) -> nullcontext[NoSpan]:
        """No span."""
        return _NOTHING

    def processing(self, _jobs: Sequence[Message]) -> nullcontext[NoSpan]:
        """No span."""
        return _NOTHING

    def headers(self) -> dict[str, str]:
        """No trace."""
        return {}

    async def flush(self, _seconds: float) -> None:
        """Nothing to send."""
