"""Where the benchmarks run: one durable stack, and in it a database for each of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg import sql

from bench.measuring import Connection
from bench.scale import Scale
from dev.supabase.postgres import ADMIN
from dev.supabase.stack import Stack


class Lab:
    """A running stack with its template made, and the scale of this run."""

    def __init__(self, stack: Stack, scale: Scale) -> None:
        self.stack, self.scale = stack, scale

    @contextmanager
    def migrated(self, name: str) -> Iterator[str]:
        """A database with our migrations, by its URL (role postgres), and gone afterwards."""
        self.stack.databases.clone(name)
        try:
            yield self.url(name)
        finally:
            self.stack.databases.drop(name)

    @contextmanager
    def empty(self, name: str) -> Iterator[str]:
        """A database without anything, by its superuser's URL, and gone afterwards."""
        self._run("drop database if exists {} with (force)", name)
        self._run("create database {}", name)
        try:
            yield self.stack.postgres.url(ADMIN, name)
        finally:
            self._run("drop database if exists {} with (force)", name)

    def url(self, name: str) -> str:
        """The URL of a database that is there."""
        return self.stack.address.postgres_url(database=name)

    def connect(self, url: str) -> Connection:
        """A connection in autocommit."""
        return psycopg.connect(url, autocommit=True)

    def settle_down(self, url: str) -> None:
        """Let what is measured next find statistics, and no checkpoint to pay for."""
        with self.connect(url) as db:
            db.execute("analyze")
        with self.connect(self.stack.postgres.url(ADMIN, "postgres")) as admin:
            admin.execute("checkpoint")

    def _run(self, statement: LiteralString, name: str) -> None:
        with self.connect(self.stack.postgres.url(ADMIN, "postgres")) as admin:
            admin.execute(sql.SQL(statement).format(sql.Identifier(name)))
