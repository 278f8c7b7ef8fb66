"""What a stranger's picture does to a decoder happens in a process of its own, and ends there."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from lib.outside import Never, NoTurn, NotYet
from lib.outside.images import PictureProcess, asking
from lib.outside.images.asking import Answer
from lib.pictures import limits
from lib.pictures.__main__ import serve
from lib.pictures.messages import to_message
from tests.jobs import hostile_pictures as hostile
from tests.jobs import pictures

ROOT = Path(__file__).resolve().parents[2]
SMALL = pictures.encoded(pictures.quarters(60, 40))
TOO_LONG = Never("the image takes more than 0.5 s of CPU time to decode")

type Outcome = tuple[Answer, list[bytes]] | Never | NotYet | NoTurn
type Make = Callable[..., Awaitable[Outcome]]


@pytest.fixture
async def process() -> AsyncIterator[PictureProcess]:
    """A picture process; half a second of CPU time shows the same as two."""
    process = PictureProcess(cpu_s=0.5)
    yield process
    await process.aclose()


@pytest.fixture
def make(process: PictureProcess) -> Make:
    """Have a picture's stored form made."""

    async def make(data: bytes, within_s: float = 60) -> Outcome:
        return await process.make({"make": "rendition"}, data, within_s)

    return make


def made(outcome: Outcome) -> bool:
    """Whether something was made of the picture."""
    return isinstance(outcome, tuple) and outcome[0].refused is None


def alive(process_id: int | None) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process_id or 0, 0)
    except ProcessLookupError:
        return False
    return True


async def test_starts_with_the_first_picture_and_stays_for_the_next(process: PictureProcess, make: Make) -> None:
    """A function that sees no picture pays nothing for it."""
    at_first = process.process_id
    assert at_first is None
    assert made(await make(SMALL))
    first = process.process_id
    assert made(await make(SMALL))
    assert alive(first)
    assert process.process_id == first
    await process.aclose()
    assert not alive(first)


@pytest.mark.parametrize("shape", [hostile.many_stages, hostile.many_scans])
async def test_a_picture_that_takes_too_much_cpu_time_ends_with_its_process(
    process: PictureProcess, make: Make, shape: Callable[[], bytes]
) -> None:
    """No attempt could succeed. Nothing of it goes on: a thread would, for minutes. The next picture is made."""
    assert made(await make(SMALL))
    before = process.process_id
    assert await make(shape()) == TOO_LONG
    assert not alive(before)
    assert made(await make(SMALL))


@pytest.mark.parametrize(
    "shape", [hostile.many_markers, hostile.many_chunks, hostile.long_text, hostile.broken_directory]
)
async def test_odd_metadata_is_skipped_in_time_or_ends_with_its_process(
    process: PictureProcess, make: Make, shape: Callable[[], bytes]
) -> None:
    """Millions of empty notes: whatever becomes of the picture, it is decided, and the next one is made."""
    outcome = await make(shape())
    assert made(outcome) or outcome == TOO_LONG
    assert made(await make(SMALL))


@pytest.mark.parametrize("shape", [hostile.many_frames, hostile.many_restarts])
async def test_a_shape_that_looks_dear_is_cheap(process: PictureProcess, shape: Callable[[], bytes]) -> None:
    """Within the CPU time that any picture has: one frame is decoded, and a restart costs next to nothing."""
    outcome = await process.make({"make": "rendition"}, shape(), 60)
    assert isinstance(outcome, tuple), outcome
    assert outcome[0].refused is None
    assert len(outcome[0].made) >= 1


async def test_warnings_are_counted_and_not_printed(make: Make, capfd: pytest.CaptureFixture[str]) -> None:
    """A broken directory of EXIF would put megabytes into the log."""
    outcome = await make(hostile.broken_directory())
    assert isinstance(outcome, tuple)
    assert outcome[0].refused is None
    assert outcome[0].warnings > 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits it")
async def test_a_picture_that_needs_too_much_memory_is_refused() -> None:
    """The limit is the kernel's, and holds whatever a decoder asks for. The next picture has all of it again."""
    process = PictureProcess(memory_bytes=60_000_000)
    large = pictures.png(5000, 5000, 8, 2, bytes(15_001 * 5000))
    try:
        for _ in range(3):
            outcome = await process.make({"make": "rendition"}, large, 60)
            assert isinstance(outcome, tuple)
            assert outcome[0].refused == "the image needs more memory than it may have"
            assert made(await process.make({"make": "rendition"}, SMALL, 60))
    finally:
        await process.aclose()


async def test_one_that_keeps_memory_makes_way_for_a_fresh_one(
    process: PictureProcess, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next picture would have less than its share, and be refused for what others left behind."""
    used = iter([100, 100 + limits.KEPT_BYTES + 1])
    monkeypatch.setattr(limits, "address_space", lambda: next(used))
    monkeypatch.setattr(limits, "start_cpu_limit", lambda _: None)
    request = {"make": "rendition", "cpu_s": 1}
    requests, answers = BytesIO(b"".join(to_message(request, [SMALL]) * 2)), BytesIO()
    serve(requests, answers)  # ends, although there is another request
    assert b'"retires": true' in answers.getvalue()

    start = asyncio.create_subprocess_exec
    program = (
        f"import sys; sys.stdout.buffer.write({answers.getvalue()!r}); sys.stdout.flush(); sys.stdin.buffer.read()"
    )
    with monkeypatch.context() as patched:
        patched.setattr(
            asyncio, "create_subprocess_exec", lambda *_, **options: start(sys.executable, "-c", program, **options)
        )
        assert made(await make(SMALL))
    assert process.process_id is None
    assert made(await make(SMALL))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_knows_no_secret(process: PictureProcess, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that is taken over finds nothing in its environment, and no open file of its parent's."""
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "very-secret")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.set_inheritable(True)
        assert made(await make(SMALL))
        environment, opened = seen_by(process.process_id)
    assert b"very-secret" not in environment
    names = {entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry}
    assert names <= {b"PYTHONPATH", b"PYTHONHOME", b"LD_LIBRARY_PATH", b"LC_CTYPE", *MALLOC}
    assert {kind.partition(":")[0] for kind in opened} == {"pipe", "/dev/null"}


MALLOC = {b"MALLOC_ARENA_MAX", b"MALLOC_MMAP_THRESHOLD_", b"MALLOC_TRIM_THRESHOLD_"}


def seen_by(process_id: int | None) -> tuple[bytes, set[str]]:
    """A process's environment, and what it has open."""
    folder = Path(f"/proc/{process_id}")
    return (folder / "environ").read_bytes(), {str(each.readlink()) for each in (folder / "fd").iterdir()}


async def test_ends_when_its_caller_gives_up(process: PictureProcess, make: Make) -> None:
    """A job that timed out leaves nothing behind that the next one would wait for."""
    assert made(await make(SMALL))
    first = process.process_id
    call = asyncio.ensure_future(make(hostile.many_stages()))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait({call})
    with pytest.raises(asyncio.CancelledError):
        call.result()
    assert made(await make(SMALL))
    assert process.process_id != first
    await process.aclose()
    assert not alive(first)


async def test_a_machine_that_is_too_busy_is_not_the_pictures_fault(process: PictureProcess, make: Make) -> None:
    """The time of its caller ends before the picture has used its own."""
    assert made(await make(SMALL))
    assert await make(hostile.many_stages(), 0.05) == NoTurn("the machine was too busy to decode the image")
    assert made(await make(SMALL))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much another process has worked")
async def test_a_picture_that_worked_long_enough_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the limit of CPU time is reached after the time of the caller: each time, perhaps."""
    process = PictureProcess(cpu_s=0.5)
    real = asking.ask

    async def unlimited(child: Any, request: Any, data: bytes | bytearray) -> Any:
        return await real(child, {**request, "cpu_s": 60}, data)

    monkeypatch.setattr("lib.outside.images.process.ask", unlimited)
    try:
        outcome = await process.make({"make": "rendition"}, hostile.many_stages(), 5)
        assert isinstance(outcome, Never)
        assert outcome.reason.startswith("the image is not decoded after")
    finally:
        await process.aclose()


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (signal.SIGSEGV, Never("the image made its decoder crash: SIGSEGV")),
        (signal.SIGABRT, Never("the image made its decoder crash: SIGABRT")),
        (signal.SIGKILL, NotYet("the picture process ended with status -9", ours=True)),
    ],
)
async def test_a_crash_is_the_pictures_fault_and_a_kill_is_not(
    process: PictureProcess, make: Make, number: signal.Signals, outcome: Outcome
) -> None:
    """The system kills when memory is short, whoever took it."""
    call = asyncio.ensure_future(make(hostile.many_stages()))
    while process.process_id is None:  # noqa: ASYNC110 - until it is started
        await asyncio.sleep(0)
    os.kill(process.process_id or 0, number)
    assert await call == outcome
    assert made(await make(SMALL))


async def test_one_that_was_killed_between_two_pictures_is_replaced(process: PictureProcess, make: Make) -> None:
    """The platform may do that to an instance that sleeps."""
    assert made(await make(SMALL))
    os.kill(process.process_id or 0, signal.SIGKILL)
    assert made(await make(SMALL))


def test_does_not_outlive_its_parent() -> None:
    """A killed instance leaves no process behind."""
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    ends = time.monotonic() + 10
    while alive(child):
        assert time.monotonic() < ends
        time.sleep(0.01)


PARENT = """
import asyncio
from lib.outside.images import PictureProcess, asking
from tests.jobs import pictures

async def main():
    process = PictureProcess()
    await process.make({"make": "rendition"}, pictures.encoded(pictures.quarters(60, 40)), 60)
    print(process.process_id, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\2{}",
        b"\0\0\0\4null",
        b"\0\0\0\5\x80\x04N.x",
    ],
)
async def test_what_it_answers_is_not_believed(make: Make, monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    """It may have been taken over by the picture: no pickles, no endless lengths."""
    start = asyncio.create_subprocess_exec

    async def lying(*_: str, **options: Any) -> Any:
        program = (
            f"import sys; sys.stdin.buffer.read(4); sys.stdout.buffer.write({answer!r}); sys.stdout.flush(); input()"
        )
        return await start(sys.executable, "-c", program, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", lying)
    assert await make(SMALL) == Never("the image made its decoder answer nonsense")
