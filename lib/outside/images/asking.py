"""One question to the picture process, and its answer, which is checked like any stranger's."""

from asyncio.subprocess import Process
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from lib.pictures.messages import MAX_SIDE, length_of_head, to_message

MAX_HEAD_BYTES = 65_536
# Ten copies of the largest size that do not compress.
MAX_ANSWER_BYTES = 40_000_000
# Written at a time: what a pipe does not take waits in this process.
WRITE_BYTES = 262_144

type Pixels = Annotated[int, Field(ge=1, le=MAX_SIDE)]
type FileLength = Annotated[int, Field(ge=0, le=MAX_ANSWER_BYTES)]


class Made(BaseModel):
    """The facts of one picture that was made."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    width: Pixels
    height: Pixels
    blurhash: str = Field("", max_length=200)


class Answer(BaseModel):
    """The head of an answer: what was made, or why nothing was. retires: the process ends itself now."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    made: tuple[Made, ...] = ()
    refused: str | None = Field(None, max_length=2000)
    warnings: int
    retires: bool
    files: tuple[FileLength, ...] = Field(max_length=20)


async def ask(process: Process, request: Mapping[str, Any], data: bytes | bytearray) -> tuple[Answer, list[bytes]]:
    """Have the process work on a picture.

    Raises:
        EOFError, OSError: it ended before it answered.
        ValueError: it answered nonsense.
    """
    requests, answers = process.stdin, process.stdout
    assert requests is not None  # noqa: S101 - it was started with pipes
    assert answers is not None  # noqa: S101
    for part in to_message(request, [data]):
        for at in range(0, len(part), WRITE_BYTES):
            requests.write(memoryview(part)[at : at + WRITE_BYTES])
            await requests.drain()
    length = length_of_head(await answers.readexactly(4))
    if length > MAX_HEAD_BYTES:
        raise ValueError("the head is too long")
    answer = Answer.model_validate_json(await answers.readexactly(length))
    if sum(answer.files) > MAX_ANSWER_BYTES:
        raise ValueError("the files are too long")
    return answer, [await answers.readexactly(size) for size in answer.files]
