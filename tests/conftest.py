"""One stack for the whole run, shared by xdist's workers; for each test that asks, a clone of the
migrated database that nobody else uses."""

import itertools
import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from dev.errors import StackError
from dev.supabase import Address, Databases, Stack, temporary
from dev.supabase.background import Background
from dev.vercel import Functions

PROJECT = Path(__file__).resolve().parents[1]
ADDRESS = pytest.StashKey[Address]()

Connect = Callable[..., psycopg.Connection[Any]]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio only, as the functions do."""
    return "asyncio"


def start_stack(config: pytest.Config) -> Address:
    """Start the run's stack with its template, to be stopped when pytest ends."""
    stack: Stack = temporary(PROJECT)
    config.add_cleanup(stack.stop)
    try:
        stack.start()
        stack.databases.make_template()
    except StackError as error:
        pytest.exit(f"the local stack does not start: {error}", returncode=3)
    return stack.address


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """In xdist's controller, before it has workers: start the stack that they will share."""
    config.stash[ADDRESS] = start_stack(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In xdist's controller, for each worker: tell it where the stack is."""
    node.workerinput["stack"] = node.config.stash[ADDRESS].dumps()


class Clones:
    """Makes the next clone and drops the last one while a test runs."""

    def __init__(self, databases: Databases, worker: str) -> None:
        self.databases = databases
        self._names = (f"test_{worker}_{number}" for number in itertools.count())
        self._thread = ThreadPoolExecutor(1)
        self._next = self._thread.submit(self._make)

    def _make(self) -> str:
        name = next(self._names)
        self.databases.clone(name)
        return name

    def take(self) -> str:
        """Return the name of a fresh clone."""
        ready: Future[str] = self._next
        self._next = self._thread.submit(self._make)
        return ready.result()

    def give_back(self, name: str) -> None:
        """Drop a clone, later."""
        self._thread.submit(self.databases.drop, name)

    def close(self) -> None:
        """Forget what was not begun: the databases go with the stack."""
        self._thread.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def address(request: pytest.FixtureRequest) -> Address:
    """Where the run's stack listens."""
    worker = getattr(request.config, "workerinput", None)
    return Address.loads(worker["stack"]) if worker else start_stack(request.config)


@pytest.fixture(scope="session")
def clones(address: Address, request: pytest.FixtureRequest) -> Iterator[Clones]:
    """This worker's supply of databases."""
    worker = getattr(request.config, "workerinput", {"workerid": "main"})
    clones = Clones(Databases(address, PROJECT), worker["workerid"])
    yield clones
    clones.close()


@pytest.fixture
def project(clones: Clones) -> Iterator[dict[str, str]]:
    """The environment of a fresh, migrated database: SUPABASE_URL, SUPABASE_ANON_KEY,
    SUPABASE_SERVICE_ROLE_KEY, DATABASE_URL (role postgres), DATABASE_ADMIN_URL (superuser)."""
    name = clones.take()
    yield clones.databases.address.env(name)
    clones.give_back(name)


@pytest.fixture
def connect(project: dict[str, str]) -> Iterator[Connect]:
    """A factory of connections to the test's database, closed at its end.

    connect(role="postgres", autocommit=True, **psycopg's own): role "admin" is the superuser; any
    other than "postgres" is taken on by `set role`.
    """
    with ExitStack() as connections:

        def open_connection(role: str = "postgres", autocommit: bool = True, **options: Any) -> psycopg.Connection[Any]:
            url = project["DATABASE_ADMIN_URL" if role == "admin" else "DATABASE_URL"]
            connection = psycopg.connect(url, autocommit=True, **options)
            connections.callback(connection.close)
            if role not in ("admin", "postgres"):
                connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            connection.autocommit = autocommit
            return connection

        yield open_connection


@pytest.fixture
def db(connect: Connect) -> psycopg.Connection[dict[str, Any]]:
    """One connection to the test's database, role postgres, in autocommit, rows as dicts."""
    return connect(row_factory=dict_row)


@pytest.fixture
def background(address: Address, project: dict[str, str], connect: Connect) -> Iterator[Background]:
    """pg_cron and pg_net, installed in the test's database and running."""
    db = connect()
    db.execute("create extension pg_cron with schema pg_catalog")
    db.execute("create extension pg_net with schema extensions")
    with Background(address, project["DATABASE_URL"].rpartition("/")[2]) as running:
        yield running


@pytest.fixture
def functions(project: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Functions]]:
    """A factory of servers of this repository's api/, stopped at the test's end.

    functions(env_overrides={...}) serves the test's database with test secrets; an override of ""
    stays an empty variable. Each route's process starts at its first request.
    """
    numbers = itertools.count()
    tokens = {
        name: f"test-{name.lower().replace('_', '-')}-{secrets.token_hex(8)}"
        for name in ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN")
    }
    direct = ("DATABASE_URL", "DATABASE_ADMIN_URL")  # functions have no direct connection
    hosted = {name: value for name, value in project.items() if name not in direct}
    with ExitStack() as running:

        def serve(env_overrides: dict[str, str] | None = None) -> Functions:
            env = hosted | tokens | (env_overrides or {})
            log = tmp_path / f"functions-{next(numbers)}.log"
            return running.enter_context(Functions(PROJECT, env, log=log))

        yield serve


@pytest.fixture(scope="session")
def released_types() -> set[str]:
    """The job types that this product brings: those that the enum begins with."""
    text = (PROJECT / "supabase/migrations/20261124060100_jobs.sql").read_text()
    names = text.partition("create type public.job_type as enum (")[2].partition(")")[0]
    return set(re.findall(r"'(\w+)'", names))
