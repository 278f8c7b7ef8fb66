"""The command line as operators have it: a program, run against a real stack, over HTTP or directly."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dev.vercel import Functions
from tests.cli.zygote import Zygote

ROOT = Path(__file__).resolve().parents[2]

type Db = psycopg.Connection[dict[str, Any]]


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Queue:
    """Runs commands in an environment of their own: nothing of the machine that tests reaches them."""

    env: dict[str, str]
    folder: Path
    zygote: Zygote

    def __call__(self, *arguments: object, stdin: str = "", env: dict[str, str] | None = None) -> Done:
        """Run one command and wait for its end."""
        whole = self.whole_env() | (env or {})
        return Done(*self.zygote.run([str(each) for each in arguments], whole, self.folder, stdin))

    def command(self, *arguments: object) -> list[str]:
        """The program and its arguments."""
        return [sys.executable, "-m", "lib.cli", *map(str, arguments)]

    def whole_env(self) -> dict[str, str]:
        """What a program needs, and what says which queue."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return kept | {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "TZ": "UTC"} | self.env

    def ok(self, *arguments: object, stdin: str = "", env: dict[str, str] | None = None) -> Done:
        """Run one that must succeed."""
        done = self(*arguments, stdin=stdin, env=env)
        assert done.code == 0, (done.code, done.out, done.err)
        return done


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """What commands are forked from."""
    started = Zygote(ROOT)
    yield started
    started.close()


@pytest.fixture
def db(db: Db) -> Db:
    """Without schedules, which would add jobs now and then."""
    db.execute("update job_schedules set enabled = false")
    return db


@pytest.fixture
def directly(project: dict[str, str], db: Db, tmp_path: Path, zygote: Zygote) -> Queue:
    """With the keys of the Supabase project."""
    keys = {name: project[name] for name in ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY")}
    return Queue(keys, tmp_path, zygote)


@pytest.fixture
def served(functions: Callable[..., Functions]) -> Functions:
    """The functions, with a viewer's token too."""
    return functions(env_overrides={"VIEWER_API_TOKEN": "test-viewer-0123456789"})


@pytest.fixture
def over_http(served: Functions, db: Db, tmp_path: Path, zygote: Zygote) -> Queue:
    """With the address of the functions and the operators' token."""
    tokens = {name: served.env[name] for name in ("ADMIN_API_TOKEN", "QUEUE_API_TOKEN", "CRON_SECRET")}
    return Queue({"QUEUE_URL": served.url} | tokens, tmp_path, zygote)


@pytest.fixture(params=["directly", "over_http"])
def queue(request: pytest.FixtureRequest) -> Queue:
    """Both ways, one after the other."""
    chosen: Queue = request.getfixturevalue(request.param)
    return chosen
