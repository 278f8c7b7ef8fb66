"""A local Supabase: Postgres and the API over one folder, with the project's migrations applied.

    with temporary() as stack:                     # gone afterwards
        supabase.create_client(stack.env()["SUPABASE_URL"], ...)

    with persistent(project) as stack:             # data kept, one per checkout

Vercel's side is `dev.vercel.Functions(stack.project, stack.functions_env() | secrets)`.
"""

import contextlib
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from dev import paths
from dev.errors import StackError
from dev.process.guardian import guardian
from dev.process.locks import locked
from dev.supabase import seed
from dev.supabase.address import DATABASE, Address
from dev.supabase.api import Api
from dev.supabase.databases import Databases
from dev.supabase.postgres import Postgres, recover


class Stack:
    """A context manager; `start` and `stop` do the same by hand.

    `postgres` and `api` can each be stopped, killed and started again, on the same ports.
    `durable` makes commits survive a crash of the machine, as on the hosted service; `settings`
    override Postgres's; `keep` false removes the folder at the end; `fresh` empties it first.
    """

    def __init__(
        self,
        folder: Path,
        project: Path,
        *,
        api_port: int | None = None,
        postgres_port: int | None = None,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
        keep: bool = True,
        fresh: bool = False,
    ) -> None:
        self.folder, self.project = folder, project.resolve()
        self.keep, self.fresh = keep, fresh
        self.postgres = Postgres(folder, port=postgres_port, durable=durable, settings=settings)
        self.api = Api(folder, self.project, self.postgres, port=api_port)
        self.applied: list[str] = []
        self._exit = contextlib.ExitStack()

    @property
    def address(self) -> Address:
        """Where it listens, for other processes. Raises StackError before the start."""
        return self.api.address

    @property
    def databases(self) -> Databases:
        """Its databases, to make templates and clones."""
        return Databases(self.address, self.project)

    def env(self, database: str = DATABASE) -> dict[str, str]:
        """Return SUPABASE_URL, SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY, DATABASE_URL (role
        postgres) and DATABASE_ADMIN_URL (superuser)."""
        return self.address.env(database)

    def functions_env(self, database: str = DATABASE) -> dict[str, str]:
        """Return those of `env` that functions are given."""
        return self.address.functions_env(database)

    def start(self) -> Self:
        """Start all parts; apply pending migrations, whose names are then in `applied`.

        Raises StackError if another process runs a stack in this folder, or a part cannot start;
        nothing is left running then.
        """
        sweep()
        paths.make_stack_folder(self.folder)
        self._exit.enter_context(locked(self.folder / "lock", f"a stack already runs in {self.folder}"))
        try:
            self._start_parts()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop all parts and release the folder. Safe to repeat."""
        with self._exit:
            self.api.stop()
            self.postgres.stop()
            if not self.keep:
                shutil.rmtree(self.folder, ignore_errors=True)
                guardian.keep(self.folder)

    def _start_parts(self) -> None:
        if not self.keep:
            guardian.remove(self.folder)
        if self.fresh:
            empty(self.folder)
        if not self.postgres.initialized:
            empty(self.folder)
            seed.plant(self.folder)
        self.postgres.start()
        self.api.start()
        self.applied = self.databases.migrate()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def persistent(
    project: Path = paths.PROJECT,
    *,
    fresh: bool = False,
    api_port: int | None = None,
    postgres_port: int | None = None,
) -> Stack:
    """Return the checkout's own stack: durable, its data outliving the process."""
    return Stack(
        paths.persistent_folder(project),
        project,
        fresh=fresh,
        api_port=api_port,
        postgres_port=postgres_port,
        durable=True,
    )


def temporary(
    project: Path = paths.PROJECT,
    *,
    durable: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Stack:
    """Return a stack of its own folder, which goes when it stops. Starts in about a second."""
    folder = paths.new_temporary_folder(durable=durable)
    return Stack(folder, project, durable=durable, settings=settings, keep=False)


def reset(project: Path = paths.PROJECT) -> None:
    """Remove the checkout's data. Raises StackError while its stack runs."""
    folder = paths.persistent_folder(project)
    if folder.exists():
        with locked(folder / "lock", f"stop it first: a stack runs in {folder}"):
            empty(folder)


def empty(folder: Path) -> None:
    """Remove all but the lock, which the caller holds, ending a server that runs there."""
    recover(folder / "pg")
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()


def sweep() -> None:
    """Remove the temporary stacks that a killed machine or guardian left."""
    for folder in [entry for root in paths.temporary_roots() for entry in root.iterdir()]:
        with contextlib.suppress(StackError, FileNotFoundError):
            # One that is just being made has no lock yet.
            young = time.time() - folder.stat().st_mtime < 60
            if young and not (folder / "lock").exists():
                continue
            with locked(folder / "lock", "in use"):
                recover(folder / "pg")
                shutil.rmtree(folder, ignore_errors=True)
