"""Scenes and workers for the fault tests."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.paths import PROJECT
from dev.supabase.stack import Stack, temporary
from tests.faults.scene import Scene
from tests.faults.workers import WorkerHost


@pytest.fixture(scope="session")
def host() -> Iterator[WorkerHost]:
    """A process that forks workers."""
    with WorkerHost() as host:
        yield host


@pytest.fixture(scope="session")
def second_host() -> Iterator[WorkerHost]:
    """Another one, for workers that overlap."""
    with WorkerHost() as host:
        yield host


@pytest.fixture
def scene(project: dict[str, str], tmp_path: Path) -> Iterator[Scene]:
    """A fresh database with the witness in it."""
    with Scene(project, tmp_path) as scene:
        yield scene


@pytest.fixture(scope="session")
def own_stack() -> Iterator[Stack]:
    """A stack that nobody else uses, to be killed and restarted."""
    with temporary(PROJECT) as stack:
        stack.databases.make_template()
        yield stack


@pytest.fixture
def own_scene(own_stack: Stack, tmp_path: Path) -> Iterator[Scene]:
    """A fresh database of that stack."""
    own_stack.postgres.start()
    own_stack.api.start()
    with Scene(own_stack.databases.clone(f"test_{secrets.token_hex(8)}"), tmp_path) as scene:
        yield scene
