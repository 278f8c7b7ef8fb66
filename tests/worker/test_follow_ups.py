"""What is left to tell others: beside the jobs, bounded, and never in their way."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from lib.queue import follow_ups
from lib.queue.follow_ups import FollowUps
from lib.resources import Resources

RESOURCES = cast("Resources", object())


async def test_of_a_kind_one_call_is_under_way_and_the_next_takes_all_that_came() -> None:
    """A slow cache is not flooded; what came twice is told once."""
    calls: list[list[UUID]] = []
    go_on = asyncio.Event()

    async def tell(_: Resources, subjects: Sequence[UUID]) -> None:
        calls.append(list(subjects))
        await go_on.wait()

    first, second, third = uuid4(), uuid4(), uuid4()
    run = FollowUps(RESOURCES)
    run.add(tell, [first])
    await asyncio.sleep(0)
    run.add(tell, [second])
    run.add(tell, [third, second])
    await asyncio.sleep(0)
    assert calls == [[first]]
    go_on.set()
    await run.finish(1)
    assert (calls, run.failed) == ([[first], [second, third]], 0)


async def test_a_failure_is_counted_and_the_next_call_is_made() -> None:
    """Whatever it is: no job and no run fails by it."""

    async def tell(_: Resources, subjects: Sequence[UUID]) -> None:
        raise ZeroDivisionError

    run = FollowUps(RESOURCES)
    for count in (2, 3):
        run.add(tell, [uuid4() for _ in range(count)])
        await run.finish(1)
    assert run.failed == 5


async def test_a_call_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the first one would hold up all that come after it."""
    monkeypatch.setattr(follow_ups, "CALL_S", 0.01)
    calls: list[Any] = []

    async def tell(_: Resources, subjects: Sequence[UUID]) -> None:
        calls.append(subjects)
        await asyncio.sleep(60)

    run = FollowUps(RESOURCES)
    async with asyncio.timeout(2):
        for _ in range(2):
            run.add(tell, [uuid4()])
            await run.finish(60)
    assert (len(calls), run.failed) == (2, 2)


async def test_a_run_that_hands_over_waits_for_nothing() -> None:
    """What is under way is ended, and what waits is not begun: both are counted."""
    ended = asyncio.Event()

    async def tell(_: Resources, subjects: Sequence[UUID]) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    run = FollowUps(RESOURCES)
    run.add(tell, [uuid4()])
    await asyncio.sleep(0)
    run.add(tell, [uuid4(), uuid4()])
    async with asyncio.timeout(1):
        await run.finish(0)
    assert (ended.is_set(), run.failed) == (True, 3)
