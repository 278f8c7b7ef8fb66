"""The databases inside a running stack: made, migrated, cloned and dropped.

Works on an `Address`, so that any process can do it: each of pytest's workers makes its own clones
of one template.
"""

import shutil
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from dev.supabase import migrations
from dev.supabase.address import DATABASE, TEMPLATE, Address
from dev.supabase.postgres import ADMIN, SQL_FOLDER


class Databases:
    """The databases of the stack at `address`, with the migrations of `project`."""

    def __init__(self, address: Address, project: Path) -> None:
        self.address, self.project = address, project

    def exists(self, name: str) -> bool:
        """Tell whether the cluster has a database of this name."""
        with self._admin() as admin:
            found = admin.execute("select from pg_database where datname = %s", (name,))
            return found.fetchone() is not None

    def create(self, name: str) -> None:
        """Make a database as a new hosted project has it: roles, schemas, no migrations."""
        # A half-made one, from a start that was cut short, would look finished next time.
        making = f"{name}_making"
        self.drop(making)
        self._run("create database {}", making)
        with self._admin(making) as admin:
            admin.execute((SQL_FOLDER / "database.sql").read_bytes())
            self.address.control("system", making)
            admin.execute((SQL_FOLDER / "system_tables.sql").read_bytes())
        self.address.control("close", making)
        self._run("alter database {} rename to {}", making, name)

    def migrate(self, name: str = DATABASE) -> list[str]:
        """Apply pending migrations, tell the API, and return the names of the files applied."""
        applied = migrations.apply_pending(self.address.postgres_url(database=name), self.project)
        self.address.control("reload", name)
        return applied

    def make_template(self) -> None:
        """Freeze the project's database, as it is now, as what `clone` copies. Cuts its clients."""
        self.address.control("close", DATABASE)
        self._run("create database {} template {} is_template true", TEMPLATE, DATABASE)
        self._run("alter database {} allow_connections false", TEMPLATE)

    def clone(self, name: str) -> dict[str, str]:
        """Copy the template, connect the API to it, and return its environment: some 50 ms.

        A name that starts with `test_` lets the API reuse what it knows of the template's schema.
        """
        copy = "create database {} template {} owner postgres strategy file_copy"
        self._run(copy, name, TEMPLATE)
        self.address.control("warm", name)
        return self.address.env(name)

    def drop(self, name: str) -> None:
        """Drop a database and its stored objects, whoever is connected. A missing one is no error."""
        self.address.control("close", name)
        self._run("drop database if exists {} with (force)", name)
        shutil.rmtree(self.address.folder / "storage" / name, ignore_errors=True)

    def _run(self, statement: LiteralString, *names: str) -> None:
        with self._admin() as admin:
            admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _admin(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.address.postgres_url(ADMIN, database), autocommit=True)
