"""Calls that time out or are cancelled leave an instance's connections usable: the next invocation has the same."""

import asyncio
import contextlib
import random

from lib.database import Connections, Database
from lib.errors import DatabaseError
from lib.model import Row


async def call_and_give_up(database: Database, chance: random.Random) -> None:
    """One call that has too little time, or whose task is cancelled at a random moment, twice at times."""

    async def call() -> None:
        with contextlib.suppress(DatabaseError):
            time_left_s = chance.uniform(0.001, 0.03)
            await database.within(lambda: time_left_s).rpc("due_schedules", list[Row])

    task = asyncio.ensure_future(call())
    if chance.random() < 0.5:
        # The randomised moment is what is tested, not a wait for something.
        await asyncio.sleep(chance.uniform(0, 0.03))
        task.cancel()
        if chance.random() < 0.5:
            await asyncio.sleep(0)
            task.cancel()
    await asyncio.wait({task})


async def test_calls_that_were_given_up_leave_no_connection_taken(project: dict[str, str]) -> None:
    """Otherwise one slow minute of Supabase would leave an instance that can never call it again."""
    chance = random.Random(20261124)
    connections = Connections()
    database = Database(project["SUPABASE_URL"], project["SUPABASE_SERVICE_ROLE_KEY"], connections)
    for _ in range(40):
        await asyncio.gather(*(call_and_give_up(database, chance) for _ in range(12)))
    for _ in range(15):
        assert await database.rpc("due_schedules", list[Row]) is not None
    await connections.aclose()
