"""The old app, running: its database as the owner sees it, and its API as browsers and servers do."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import httpx
import psycopg
from psycopg.rows import dict_row

from dev.supabase.address import DATABASE, Address

OLD_APP = Path(__file__).with_name("old_app")

type Row = dict[str, Any]
type Db = psycopg.Connection[Row]


class Scene:
    """One old app. Each fault starts with empty tables."""

    def __init__(self, address: Address, database: str = DATABASE) -> None:
        self.api_url = f"{address.api_url(database)}/rest/v1"
        self.database_url = address.postgres_url(database=database)
        self.keys = address
        self.db: Db = self.connect()

    def connect(self) -> Db:
        """One more connection, as the owner."""
        return psycopg.connect(self.database_url, autocommit=True, row_factory=dict_row)

    def empty(self) -> None:
        """Forget what the last fault left."""
        self.db.execute("truncate posts_new, post_ratings, comments, background_jobs")

    def value(self, query: LiteralString, *parameters: object) -> Any:
        """Return the one value that a query answers."""
        row = self.db.execute(query, parameters).fetchone()
        if row is None:
            raise LookupError(query)
        return next(iter(row.values()))

    def post(self, likes: int = 0) -> UUID:
        """Add a post."""
        post_id: UUID = self.value("insert into posts_new (likes) values (%s) returning id", likes)
        return post_id

    def job(self, job_type: str, **columns: int) -> UUID:
        """Add a job that is due."""
        job_id: UUID = self.value(
            "insert into background_jobs (job_type, attempts, max_attempts) values (%s, %s, %s) returning id",
            job_type,
            columns.get("attempts", 0),
            columns.get("max_attempts", 3),
        )
        return job_id

    def browser(self) -> httpx.AsyncClient:
        """A client with the key that every visitor has."""
        return self._client(self.keys.publishable_key)

    def server(self) -> httpx.AsyncClient:
        """A client with the service's key."""
        return self._client(self.keys.secret_key)

    def _client(self, key: str) -> httpx.AsyncClient:
        headers = {"apikey": key, "Authorization": f"Bearer {key}", "Prefer": "return=representation"}
        return httpx.AsyncClient(base_url=self.api_url, headers=headers, timeout=30)

    def as_browser[T](self, act: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
        """Let a visitor do something."""

        async def play() -> T:
            async with self.browser() as client:
                return await act(client)

        return asyncio.run(play())

    def at_once[T](self, acts: Iterable[Callable[[httpx.AsyncClient], Awaitable[T]]]) -> list[T]:
        """Let visitors do things at the same time."""

        async def play() -> list[T]:
            async with self.browser() as client:
                return await asyncio.gather(*(act(client) for act in acts))

        return asyncio.run(play())

    @contextmanager
    def the_trigger(self) -> Iterator[None]:
        """Have the trigger that enqueues a sync at each rating."""
        self.db.execute((OLD_APP / "trigger.sql").read_bytes())
        try:
            yield
        finally:
            self.db.execute("drop trigger on_rating on post_ratings; drop function enqueue_like_sync")
