"""The stack starts, restarts, recovers and ends cleanly, whatever happens to it."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import psycopg
import pytest

from dev import paths, toolchain
from dev.errors import StackError
from dev.process import ports
from dev.supabase import Stack, persistent, stack, temporary
from tests.stack.conftest import StartPython
from tests.stack.watching import any_alive, command_of, descendants, wait_until

# Prints where it is, then waits to be ended; with functions, so that all kinds of processes exist.
# SIGINT is set to what it does by default: a test run in the background has it ignored, and would hand that on.
PROGRAM = """
import json, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
from dev.vercel import Functions
from dev.supabase.stack import temporary

project = Path(sys.argv[1])
with temporary(project) as stack, Functions(project, stack.functions_env()) as functions:
    functions.warm()
    print(json.dumps({"folder": str(stack.folder), "functions": functions.url}), flush=True)
    time.sleep(600)
"""
KEEPER = """
import sys, time
from pathlib import Path
from dev.supabase.stack import persistent

with persistent(Path(sys.argv[1])):
    print("up", flush=True)
    time.sleep(600)
"""
FUNCTION = "async def app(scope, receive, send): ...\n"


def count_notes(url: str) -> int:
    """Return the number of rows that the notes project's table holds."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from public.notes").fetchone()
        return int(row[0]) if row else 0


def add_note(url: str) -> None:
    """Add a row to the notes project's table."""
    with psycopg.connect(url) as connection:
        connection.execute("insert into public.notes (body) values ('kept')")


def rest_status(running: Stack) -> int:
    """Return how the API answers a query of the notes."""
    env = running.env()
    headers = {"apikey": env["SUPABASE_SERVICE_ROLE_KEY"]}
    return httpx.get(f"{env['SUPABASE_URL']}/rest/v1/notes", headers=headers).status_code


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that tests may restart, and leave running."""
    project = tmp_path_factory.mktemp("shared")
    migrations = project / "supabase/migrations"
    migrations.mkdir(parents=True)
    (migrations / "20260101000000_notes.sql").write_text(
        "create table public.notes (id bigint generated always as identity, body text not null);"
    )
    with temporary(project) as running:
        yield running


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_postgres_restarts_on_its_port(shared: Stack, end: str) -> None:
    """Clients reconnect; committed data is there, also after a crash of the server."""
    url = shared.env()["DATABASE_URL"]
    add_note(url)
    before = count_notes(url)
    getattr(shared.postgres, end)()
    assert not shared.postgres.running
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    shared.postgres.start()
    assert count_notes(url) == before
    wait_until(lambda: rest_status(shared) == 200)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_api_restarts_on_its_port(shared: Stack, end: str) -> None:
    """It answers again at once, on the same address with the same keys."""
    getattr(shared.api, end)()
    with pytest.raises(httpx.ConnectError):
        rest_status(shared)
    shared.api.start()
    assert rest_status(shared) == 200


def test_the_api_answers_503_while_postgres_is_down(shared: Stack) -> None:
    """As the hosted API does; and by itself again once it is back."""
    shared.postgres.stop()
    env = shared.env()
    url = f"{env['SUPABASE_URL']}/rest/v1/rpc/anything"
    headers = {"apikey": env["SUPABASE_SERVICE_ROLE_KEY"]}
    down = httpx.post(url, json={}, headers=headers, timeout=30)
    shared.postgres.start()
    assert down.status_code == 503
    wait_until(lambda: rest_status(shared) == 200)


def test_keys_are_not_in_the_apis_environment(shared: Stack) -> None:
    """Where any process of the same user could read them."""
    secret = shared.env()["SUPABASE_SERVICE_ROLE_KEY"]
    for pid in descendants(os.getpid()):
        assert secret not in Path(f"/proc/{pid}/environ").read_text(errors="replace")


def test_durability_is_an_option(notes_project: Path) -> None:
    """Off for tests, on for soak tests and benchmarks that speak of it."""
    query = (
        "select name, setting from pg_settings where name in"
        " ('fsync', 'synchronous_commit', 'full_page_writes', 'work_mem')"
    )
    with (
        temporary(notes_project, durable=True, settings={"work_mem": "7MB"}) as running,
        psycopg.connect(running.env()["DATABASE_URL"]) as connection,
    ):
        settings = {str(name): str(value) for name, value in connection.execute(query)}
    on = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    assert settings == {**on, "work_mem": "7168"}


def test_kept_data_survives_and_can_be_emptied(notes_project: Path) -> None:
    """A start applies only what is pending; fresh and reset begin again."""
    with persistent(notes_project) as running:
        assert running.applied == ["20260101000000_notes.sql"]
        add_note(running.env()["DATABASE_URL"])
        keys = running.env()["SUPABASE_ANON_KEY"]
    (notes_project / "supabase/migrations/20260102000000_more.sql").write_text("select 1;")
    with persistent(notes_project) as running:
        assert running.applied == ["20260102000000_more.sql"]
        assert count_notes(running.env()["DATABASE_URL"]) == 1
        assert running.env()["SUPABASE_ANON_KEY"] == keys
    with persistent(notes_project, fresh=True) as running:
        assert count_notes(running.env()["DATABASE_URL"]) == 0
    stack.reset(notes_project)
    assert [file.name for file in paths.persistent_folder(notes_project).iterdir()] == ["lock"]


def test_a_second_start_in_a_folder_is_refused(notes_project: Path, start_python: StartPython) -> None:
    """With the number of the process that has it; so is a reset."""
    first = start_python(KEEPER, notes_project)
    assert first.stdout is not None
    assert first.stdout.readline() == "up\n"
    with pytest.raises(StackError, match=rf"already runs .*process {first.pid}"):
        persistent(notes_project).start()
    with pytest.raises(StackError, match="stop it first"):
        stack.reset(notes_project)


def test_a_killed_parent_leaves_nothing(notes_project: Path, start_python: StartPython) -> None:
    """Neither processes nor data nor sockets, within about a second of a SIGKILL."""
    api = notes_project / "api/nothing.py"
    api.parent.mkdir()
    api.write_text(FUNCTION)
    program = start_python(PROGRAM, notes_project)
    assert program.stdout is not None
    where = json.loads(program.stdout.readline())
    pids = descendants(program.pid)
    commands = "\n".join(map(command_of, pids))
    for part in ("postgres", "server.mjs", "vercel_runtime", "reaper.py"):
        assert part in commands
    program.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not any_alive(pids)) < 3
    wait_until(lambda: not Path(where["folder"]).exists())
    with pytest.raises(httpx.ConnectError):
        httpx.get(where["functions"])


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_ending_signal_leaves_nothing(
    notes_project: Path, start_python: StartPython, signum: signal.Signals
) -> None:
    """Also for a program that does not handle SIGTERM at all, as pytest does not."""
    program = start_python(PROGRAM, notes_project)
    assert program.stdout is not None
    where = json.loads(program.stdout.readline())
    pids = descendants(program.pid)
    program.send_signal(signum)
    program.wait(20)
    wait_until(lambda: not any_alive(pids))
    wait_until(lambda: not Path(where["folder"]).exists())


def test_an_orphan_is_taken_over(notes_project: Path, start_python: StartPython) -> None:
    """When even the guardian was killed, the next start ends the old server and goes on."""
    keeper = start_python(KEEPER, notes_project)
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == "up\n"
    pids = descendants(keeper.pid)
    guardians = [pid for pid in pids if "reaper.py" in command_of(pid)]
    for pid in [*guardians, keeper.pid]:
        os.kill(pid, signal.SIGKILL)
    keeper.wait()
    with persistent(notes_project) as running:
        add_note(running.env()["DATABASE_URL"])
    wait_until(lambda: not any_alive(pids))


@pytest.mark.parametrize("owner", ["another program", "nobody", "unreadable"])
def test_a_stale_pid_file_does_not_stop_a_start(notes_project: Path, owner: str) -> None:
    """Left by a crash: its number is another program's now, or nobody's, or it is half written."""
    pid = {"another program": os.getpid(), "nobody": 2**22 + 1}.get(owner)
    with persistent(notes_project) as running:
        data = running.postgres.data
        lines = (data / "postmaster.pid").read_text().splitlines()
    stale = "\n".join([str(pid), *lines[1:]]) if pid else ""
    (data / "postmaster.pid").write_text(stale)
    with persistent(notes_project) as running:
        add_note(running.env()["DATABASE_URL"])


def test_an_interrupted_first_start_is_done_again(notes_project: Path) -> None:
    """Half a cluster is not taken for a whole one."""
    with persistent(notes_project) as running:
        folder = running.folder
    (folder / "initialized").unlink()
    with persistent(notes_project) as running:
        assert running.applied == ["20260101000000_notes.sql"]


def test_a_broken_migration_is_named(
    write_project: Callable[[Mapping[str, str]], Path],
) -> None:
    """With its line; what came before it stays, and nothing is left running."""
    project = write_project(
        {
            "supabase/migrations/20260101000000_good.sql": "create table public.a (id int);",
            "supabase/migrations/20260102000000_bad.sql": "select 1;\nselect\n  no_such;\n",
        }
    )
    with pytest.raises(StackError, match=r"20260102000000_bad\.sql:3: .*no_such"):
        temporary(project).start()
    mine = "\n".join(map(command_of, descendants(os.getpid())))
    assert str(project) not in mine


def test_a_taken_port_is_named(notes_project: Path) -> None:
    """With the variable that chooses another."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.free()))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} .*DEV_API_PORT"):
            persistent(notes_project, api_port=port).start()
        with pytest.raises(StackError, match=rf"port {port} .*DEV_POSTGRES_PORT"):
            persistent(notes_project, postgres_port=port).start()


def test_given_ports_are_used(notes_project: Path) -> None:
    """So that other programs can be configured once."""
    api, postgres = ports.free(), ports.free()
    with persistent(notes_project, api_port=api, postgres_port=postgres) as running:
        assert (running.api.port, running.postgres.port) == (api, postgres)


def test_leftovers_are_swept(notes_project: Path) -> None:
    """A temporary folder whose owner is gone goes at the next start; one in use stays."""
    left = paths.new_temporary_folder(durable=False)
    left.mkdir(exist_ok=True)
    (left / "lock").touch()
    with temporary(notes_project) as running:
        assert not left.exists()
        stack.sweep()
        assert rest_status(running) == 200


def test_an_install_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm's own words, and no half-installed folder that a later run would trust."""
    monkeypatch.setenv("SUPLATZIGRAM_DEV_HOME", str(tmp_path / "cache"))
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "package.json").write_text('{"dependencies": {"no-such-thing": "1.0.0"}}')
    for _ in range(2):
        with pytest.raises(StackError, match="npm ci failed"):
            toolchain.install(tmp_path)


def test_a_closed_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root Postgres runs as nobody, which cannot enter just any folder."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    if paths.postgres_account():
        with pytest.raises(StackError, match=r"cannot enter .*SUPLATZIGRAM_DEV_HOME"):
            paths.check_reachable(closed)
    else:
        paths.check_reachable(closed)


@pytest.mark.parametrize("home", ["", "/nonexistent-but-set", "relative"])
def test_a_cache_is_found_without_a_home(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """As in containers whose user has none."""
    monkeypatch.delenv("SUPLATZIGRAM_DEV_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", home)
    folder = paths.cache_home()
    probe = folder / f"probe-{time.monotonic_ns()}"
    probe.touch()
    probe.unlink()
    assert folder.is_absolute()
