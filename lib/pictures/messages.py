"""What the picture process is asked for, what it answers, and how both travel through a pipe.

A message is the length of its head in four bytes, the head in JSON, then one file or more whose lengths are in the
head. Nothing that is read is ever run: a broken decoder may have written it.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Le

# The longest side of what is stored.
MAX_SIDE = 1440

type Side = Annotated[int, Ge(1), Le(4096)]


@dataclass(frozen=True, slots=True)
class Box:
    """A box that the whole picture fits into. A side that is None does not limit; one of them does."""

    # Payload models have this as a field: pydantic checks it like one of their own, and refuses unknown keys.
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}

    width: Side | None = None
    height: Side | None = None

    def __post_init__(self) -> None:
        """Refuse a box without sides."""
        if self.width is None and self.height is None:
            raise ValueError("a size needs a width or a height")


@dataclass(frozen=True, slots=True)
class Rendition:
    """The stored form of a picture: its pixels, a placeholder, and its two files."""

    width: int
    height: int
    blurhash: str
    webp: bytes
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Copy:
    """A smaller copy: a WebP file, and its pixels, fewer than asked for when the picture has fewer."""

    width: int
    height: int
    webp: bytes


def to_message(head: Mapping[str, Any], files: Sequence[bytes | bytearray]) -> list[bytes | bytearray]:
    """The parts of a message, to be written one after another."""
    text = json.dumps({**head, "files": [len(file) for file in files]}).encode()
    return [struct.pack(">I", len(text)), text, *files]


def length_of_head(prefix: bytes) -> int:
    """What the first four bytes say."""
    length: int = struct.unpack(">I", prefix)[0]
    return length


def sizes_to_json(sizes: Sequence[int | Box]) -> list[Any]:
    """Sizes as they stand in a request: numbers, and boxes as objects."""
    return [size if isinstance(size, int) else asdict(size) for size in sizes]


def sizes_from_json(sizes: Sequence[Any]) -> list[int | Box]:
    """The reverse."""
    return [size if isinstance(size, int) else Box(**size) for size in sizes]
