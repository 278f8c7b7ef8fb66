"""The picture process: started when the first picture comes, kept for the next ones, ended when one takes too long.

What a stranger's picture does to a decoder happens there: it has no secrets, little memory, two seconds of CPU time for
each picture (lib.pictures.limits), and what it answers is checked like any stranger's answer.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from lib.outside.verdicts import Never, NotYet
from lib.pictures.messages import MAX_SIDE, length_of_head, to_message

MAX_HEAD_BYTES = 65_536
# Ten copies of the largest size that do not compress.
MAX_ANSWER_BYTES = 40_000_000
# Written at a time: what a pipe does not take waits in this process.
WRITE_BYTES = 262_144
# What Python needs to start. Everything else, secrets above all, stays here.
_ENVIRONMENT = ("LD_LIBRARY_PATH", "PYTHONHOME")
# So that memory is given back after each picture, and the limit of the address space is not used up by threads.
_MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}

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


class PictureProcess:
    """Works on one picture at a time: whoever calls waits for those before. One for an instance."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._ending: set[asyncio.Task[int]] = set()

    @property
    def turn(self) -> asyncio.Lock:
        """To be held around `make`."""
        return self._turn

    @property
    def process_id(self) -> int | None:
        """Of the process that runs now, if one does."""
        return self._process.pid if self._process is not None else None

    async def make(
        self, request: Mapping[str, Any], data: bytes, within_s: float
    ) -> tuple[Answer, list[bytes]] | Never | NotYet:
        """Have something made of a picture. The process ends when it takes longer, or when the caller gives up."""
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await _start()
        try:
            async with asyncio.timeout(within_s):
                answer, files = await _ask(process, request, data)
        except TimeoutError:
            self._end()
            return NotYet("the image took too long to decode")
        except (EOFError, OSError):
            return _post_mortem(await self._ended(process))
        except ValueError:  # pydantic's errors are ValueErrors
            self._end()
            return Never("the image made its decoder answer nonsense")
        except BaseException:
            self._end()
            raise
        if answer.retires:
            self._end()
        return answer, files

    def _end(self) -> None:
        """End the process. It is waited for elsewhere: whoever calls may be cancelled."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            ending = asyncio.ensure_future(process.wait())
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def _ended(self, process: Process) -> int:
        """The status of a process that stopped answering."""
        try:
            async with asyncio.timeout(1):
                return await process.wait()
        except TimeoutError:
            return 0
        finally:
            self._end()

    async def aclose(self) -> None:
        """End the process and wait for that."""
        self._end()
        await asyncio.gather(*self._ending)


async def _start() -> Process:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # All that Python finds here it finds there: the platform keeps packages in a folder of its own.
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "lib.pictures"),
        env={**environment, **_MALLOC, "PYTHONPATH": path},
        stdin=PIPE,
        stdout=PIPE,
    )


async def _ask(process: Process, request: Mapping[str, Any], data: bytes) -> tuple[Answer, list[bytes]]:
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


def _post_mortem(status: int) -> Never | NotYet:
    """What it means that the process ended before it answered."""
    if status == -signal.SIGPROF:
        return Never("the image takes more than 2 s of CPU time to decode")
    if status in (-signal.SIGKILL, -signal.SIGTERM) or status >= 0:
        # Ended by the system, or not able to start: the next picture would have met the same.
        return NotYet(f"the picture process ended with status {status}")
    return Never(f"the image made its decoder crash: {signal.Signals(-status).name}")
