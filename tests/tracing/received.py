"""A span as a collector has received it."""

from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair) for pair in pairs}


def context_of(traceparent: str) -> str:
    """Return the trace's and the span's id of a stored traceparent. Exporters leave out the flags that it also has."""
    return traceparent[3:52]


def _value(pair: KeyValue) -> Any:
    return getattr(pair.value, pair.value.WhichOneof("value") or "string_value")


@dataclass(frozen=True)
class Received:
    """Reads the protobuf message."""

    span: Span
    sender: Resource

    @property
    def name(self) -> str:
        """Such as `send process_image`."""
        return self.span.name

    @property
    def kind(self) -> str:
        """Such as PRODUCER."""
        return str(Span.SpanKind.Name(self.span.kind)).removeprefix("SPAN_KIND_")

    @property
    def attributes(self) -> dict[str, Any]:
        """Names and values."""
        return _attributes(self.span.attributes)

    @property
    def resource(self) -> dict[str, Any]:
        """Of whoever sent it."""
        return _attributes(self.sender.attributes)

    @property
    def trace(self) -> str:
        """The trace's id in hexadecimal."""
        return self.span.trace_id.hex()

    @property
    def id(self) -> str:
        """Its own id."""
        return self.span.span_id.hex()

    @property
    def parent(self) -> str:
        """Its parent's id, empty for a root."""
        return self.span.parent_span_id.hex()

    @property
    def context(self) -> str:
        """What others refer to it by."""
        return f"{self.trace}-{self.id}"

    @property
    def is_error(self) -> bool:
        """Whether it ended with an error."""
        return self.span.status.code == Status.STATUS_CODE_ERROR

    @property
    def producers(self) -> set[str]:
        """The spans that it is linked to, without the run's."""
        return {f"{link.trace_id.hex()}-{link.span_id.hex()}" for link in self.span.links if not link.attributes}

    @property
    def run(self) -> set[str]:
        """The run's span that it is linked to."""
        return {link.span_id.hex() for link in self.span.links if link.attributes}
