"""The picture process: reads requests from standard input, answers on standard output, until its input ends."""

import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from json import loads
from typing import Any, BinaryIO

from lib.pictures import limits
from lib.pictures.copies import make_copies
from lib.pictures.messages import length_of_head, sizes_from_json, to_message
from lib.pictures.opening import CannotRead
from lib.pictures.rendition import render

type Answer = tuple[dict[str, Any], Sequence[bytes]]


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Work on one picture after another."""
    at_start = limits.address_space() or 0
    while prefix := requests.read(4):
        request: dict[str, Any] = loads(requests.read(length_of_head(prefix)))
        (length,) = request["files"]
        limits.start_cpu_limit(request["cpu_s"])
        head, files = answer(request, requests.read(length))
        limits.stop_cpu_limit()
        retires = (limits.address_space() or 0) > at_start + limits.KEPT_BYTES
        answers.writelines(to_message({**head, "retires": retires}, files))
        answers.flush()
        if retires:
            return


def answer(request: Mapping[str, Any], data: bytes) -> Answer:
    """What is made of one picture, or why nothing can be. The decoders' warnings are counted."""
    with _counted_warnings() as count:
        try:
            made, files = _make(request, data)
        except CannotRead as error:
            return {"refused": str(error), "warnings": len(count)}, ()
        except MemoryError:
            return {"refused": "the image needs more memory than it may have", "warnings": len(count)}, ()
    return {"made": made, "warnings": len(count)}, files


def _make(request: Mapping[str, Any], data: bytes) -> tuple[Any, Sequence[bytes]]:
    if request["make"] == "rendition":
        made = render(data)
        return [{"width": made.width, "height": made.height, "blurhash": made.blurhash}], (made.webp, made.jpeg)
    copies = make_copies(data, sizes_from_json(request["sizes"]))
    return [{"width": copy.width, "height": copy.height} for copy in copies], [copy.webp for copy in copies]


@contextmanager
def _counted_warnings() -> Iterator[Sequence[None]]:
    """Count warnings instead of printing them: a broken directory of EXIF makes megabytes of text."""
    count: list[None] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda *_, **__: count.append(None)
        yield count


def main(memory_bytes: int) -> None:
    """Take standard input and output for messages, so that nothing else can be written there, and set the limits."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What goes wrong until here is in the function's log. From here on, only decoders speak.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    limits.limit_this_process(memory_bytes)
    serve(requests, answers)


if __name__ == "__main__":
    main(int(sys.argv[1]))
