"""The picture process: started when the first picture comes, kept for the next ones, ended when one takes too long.

What a stranger's picture does to a decoder happens there. That process has no secrets, a limited address space, and two
seconds of CPU time for each picture; the kernel enforces both limits (lib.pictures.limits).
"""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.outside.images.asking import Answer, ask
from lib.outside.verdicts import Never, NoTurn, NotYet

# CPU time for one picture. The largest pictures that are accepted take 1.4 s, ordinary ones a quarter of a second.
CPU_S = 2.0
# Address space beyond what the process has at its start. The largest pictures need 350 MB, and up to 20 MB for a file
# of 10 MB (tests/jobs/test_image_memory.py); together with this process that stays below 512 MB.
MEMORY_BYTES = 375_000_000
# What Python needs to start. Everything else, secrets above all, stays here.
_ENVIRONMENT = ("LD_LIBRARY_PATH", "PYTHONHOME")
# So that memory is given back after each picture, and the address space is not used up by what threads reserve.
_MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}


class PictureProcess:
    """Works on one picture at a time: hold its `turn` around `make`. One for an instance.

    cpu_s, memory_bytes: what one picture may use.
    """

    def __init__(self, cpu_s: float = CPU_S, memory_bytes: int = MEMORY_BYTES) -> None:
        self.turn = asyncio.Lock()
        self._cpu_s = cpu_s
        self._memory_bytes = memory_bytes
        self._process: Process | None = None
        self._worked_s = 0.0
        self._ending: set[asyncio.Task[int]] = set()

    @property
    def process_id(self) -> int | None:
        """Of the process that runs now, if one does."""
        return self._process.pid if self._process is not None else None

    async def make(
        self, request: Mapping[str, Any], data: bytes | bytearray, within_s: float
    ) -> tuple[Answer, list[bytes]] | Never | NotYet | NoTurn:
        """Have something made of a picture. It is killed when that takes longer, or when the caller gives up."""
        warm = self._process is not None
        self._worked_s = 0.0
        try:
            async with asyncio.timeout(within_s):
                answer = await self._attempt(request, data)
                if warm and answer == -signal.SIGKILL:
                    # The system may have ended it while it waited, with nothing to do.
                    answer = await self._attempt(request, data)
        except TimeoutError:
            # A picture is judged by the work that it makes, not by what else the machine had to do.
            if self._worked_s >= self._cpu_s / 2 and within_s >= 2 * self._cpu_s:
                return Never(f"the image is not decoded after {self._worked_s:.1f} s of CPU time")
            return NoTurn("the machine was too busy to decode the image")
        except ValueError:
            return Never("the image made its decoder answer nonsense")
        return answer if isinstance(answer, tuple) else self._post_mortem(answer)

    async def _attempt(self, request: Mapping[str, Any], data: bytes | bytearray) -> tuple[Answer, list[bytes]] | int:
        """The answer, or the status with which the process ended before it answered."""
        process = self._process = self._process or await self._start()
        before_s = _cpu_time_s(process)
        try:
            answer = await ask(process, {**request, "cpu_s": self._cpu_s}, data)
        except (EOFError, ConnectionError):
            self._process = None
            return await process.wait()
        except BaseException:
            self._worked_s = _cpu_time_s(process) - before_s
            self._end()
            raise
        if answer[0].retires:
            self._end()
        return answer

    async def _start(self) -> Process:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # The process finds the same packages as this one: the platform keeps them in a folder of its own.
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "lib.pictures", str(self._memory_bytes)),
            env={**environment, **_MALLOC, "PYTHONPATH": path},
            stdin=PIPE,
            stdout=PIPE,
        )

    def _end(self) -> None:
        """End the process. A task of its own waits for the end, because the caller may be cancelled."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            ending = asyncio.ensure_future(process.wait())
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    def _post_mortem(self, status: int) -> Never | NotYet:
        """What it means that the process ended before it answered."""
        if status == -signal.SIGPROF:
            return Never(f"the image takes more than {self._cpu_s:g} s of CPU time to decode")
        if status in (-signal.SIGKILL, -signal.SIGTERM) or status >= 0:
            # Ended by the system, or not able to start: another picture would have met the same.
            return NotYet(f"the picture process ended with status {status}", ours=True)
        return Never(f"the image made its decoder crash: {signal.Signals(-status).name}")

    async def aclose(self) -> None:
        """End the process and wait for that."""
        self._end()
        await asyncio.gather(*self._ending)


def _cpu_time_s(process: Process) -> float:
    """The CPU time of the process so far. 0 when it has ended, and on systems other than Linux."""
    try:
        # The clock of another process's CPU time, as clock_getcpuclockid(3) makes it.
        return time.clock_gettime((~process.pid << 3) | 2)
    except OSError:
        return 0.0
