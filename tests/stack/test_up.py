"""`make dev` brings everything up, says where, ticks, and ends without a trace."""

import re
import signal
import stat
import subprocess
from pathlib import Path

import httpx
import psycopg
import pytest

from dev import env_file, paths, up
from dev.process import ports
from tests.stack.conftest import CONFIG, NOTES, StartPython, WriteProject
from tests.stack.watching import any_alive, descendants, wait_until

PROGRAM = """
import sys
from pathlib import Path
from dev import up

up.TICK_SECONDS = float(sys.argv[2])
up.run(Path(sys.argv[1]))
"""
# Answers with its environment, and logs who called.
FUNCTION = """
import json, os

async def app(scope, receive, send):
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    print("called by", headers.get("user-agent"), headers.get("authorization"))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(dict(os.environ)).encode()})
"""
SECRETS = {
    "CRON_SECRET": "given-cron-secret",
    "QUEUE_API_TOKEN": "given-queue-token",
    "ADMIN_API_TOKEN": "given-admin-token",
    "VIEWER_API_TOKEN": "given-viewer-token",
}


@pytest.fixture
def app_project(write_project: WriteProject) -> Path:
    """A project with a migration, a function and a cron."""
    return write_project(
        {
            "supabase/config.toml": CONFIG,
            "supabase/migrations/20260101000000_notes.sql": NOTES,
            "api/show.py": FUNCTION,
            "vercel.json": '{"crons": [{"path": "/api/show", "schedule": "* * * * *"}]}',
            ".env.example": "DOCUMENTED=\n# ALSO_DOCUMENTED=1\nSUPABASE_URL=\n",
            ".env.local": "MINE=1\nCRON_SECRET=old\n",
        }
    )


def read_until_ready(process: subprocess.Popen[str]) -> str:
    """Return what the program printed up to its line `ready`."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line == "ready\n":
            return "".join(lines)
    raise AssertionError("".join(lines))


def env_of(project: Path) -> dict[str, str]:
    """Return the variables that `.env.local` sets."""
    lines = (project / ".env.local").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_it_says_where_everything_is(app_project: Path, start_python: StartPython) -> None:
    """Once it prints `ready`, all that `.env.local` names answers; a signal ends all of it."""
    process = start_python(PROGRAM, app_project, 60, env={"DEV_CRON": "0"})
    printed = read_until_ready(process)
    pids = descendants(process.pid)
    env = env_of(app_project)
    assert "1 migration applied: 20260101000000_notes.sql" in printed
    assert re.search(rf"^functions  {env['FUNCTIONS_URL']}/api/\n +show\nsupabase ", printed, re.MULTILINE)
    assert printed.endswith("dashboard  there is no dashboard/ here\nready\n")
    assert stat.S_IMODE((app_project / ".env.local").stat().st_mode) == 0o600
    assert env["MINE"] == "1"
    assert httpx.get(f"{env['FUNCTIONS_URL']}/api/show").status_code == 200
    headers = {"apikey": env["SUPABASE_ANON_KEY"]}
    assert httpx.get(f"{env['SUPABASE_URL']}/rest/v1/notes", headers=headers).status_code == 200
    for name, role in (("DATABASE_URL", "postgres"), ("DATABASE_ADMIN_URL", "supabase_admin")):
        with psycopg.connect(env[name]) as connection:
            assert connection.execute("select current_user").fetchone() == (role,)
    for name in SECRETS:
        assert len(env[name]) >= 16
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert not any_alive(pids)


def test_settings_reach_the_functions(app_project: Path, start_python: StartPython) -> None:
    """Those that are documented or of the worker's, and the given secrets: nothing else of ours,
    and never another project's address."""
    given = {
        "DEV_CRON": "0",
        "IMAGE_HOSTS": "images.example",
        "WORKER_BUDGET_MS": "7000",
        "DOCUMENTED": "a",
        "ALSO_DOCUMENTED": "b",
        "UNRELATED": "c",
        "SUPABASE_URL": "https://production.example",
        **SECRETS,
    }
    read_until_ready(start_python(PROGRAM, app_project, 60, env=given))
    env = env_of(app_project)
    seen = httpx.get(f"{env['FUNCTIONS_URL']}/api/show").json()
    for name in ("IMAGE_HOSTS", "WORKER_BUDGET_MS", "DOCUMENTED", "ALSO_DOCUMENTED", *SECRETS):
        assert seen[name] == given[name]
    assert seen["SUPABASE_URL"] == env["SUPABASE_URL"]
    assert {"UNRELATED", "DATABASE_URL"}.isdisjoint(seen)
    assert {name: env[name] for name in SECRETS} == SECRETS


def test_it_ticks_like_vercel_cron(app_project: Path, start_python: StartPython) -> None:
    """Again and again, with the secret that it wrote down."""
    read_until_ready(start_python(PROGRAM, app_project, 0.5))
    log = paths.persistent_folder(app_project) / "functions.log"
    expected = f"called by vercel-cron/1.0 Bearer {env_of(app_project)['CRON_SECRET']}\n"
    wait_until(lambda: log.read_text().count(expected) >= 2)


WAKING = """
create extension if not exists pg_cron with schema pg_catalog;
select cron.schedule('suplatzigram-wake', '1 second', 'select 1');
insert into public.notes (body) select decrypted_secret from vault.decrypted_secrets order by name;
"""


def test_the_database_wakes_the_worker_unless_ticks_are_off(app_project: Path, start_python: StartPython) -> None:
    """The optional migration is applied, with the secrets of this start; DEV_CRON=0 ends what the last start began."""
    option = app_project / "supabase/optional/wake_worker.sql"
    option.parent.mkdir()
    option.write_text(WAKING)
    stored = []
    for ticks in ("1", "1", "0"):
        process = start_python(PROGRAM, app_project, 60, env={"DEV_CRON": ticks})
        read_until_ready(process)
        env = env_of(app_project)
        with psycopg.connect(env["DATABASE_URL"]) as connection:
            notes = connection.execute("delete from public.notes returning body").fetchall()
            scheduled = connection.execute("select count(*) from cron.job").fetchone()
        stored.append(([body for (body,) in notes] == [env["CRON_SECRET"], env["FUNCTIONS_URL"]], scheduled))
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert stored == [(True, (1,)), (True, (1,)), (False, (0,))]


def test_data_is_kept_unless_fresh(app_project: Path, start_python: StartPython) -> None:
    """DEV_FRESH=1 starts from an empty database; given ports are used."""
    port = str(ports.free())
    counts = []
    for fresh in ("", "", "1"):
        env = {"DEV_CRON": "0", "DEV_FRESH": fresh, "DEV_FUNCTIONS_PORT": port}
        process = start_python(PROGRAM, app_project, 60, env=env)
        read_until_ready(process)
        written = env_of(app_project)
        assert written["FUNCTIONS_URL"] == f"http://127.0.0.1:{port}"
        with psycopg.connect(written["DATABASE_URL"]) as connection:
            connection.execute("insert into public.notes (body) values ('x')")
            row = connection.execute("select count(*) from public.notes").fetchone()
            counts.append(row)
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert counts == [(1,), (2,), (1,)]


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"DEV_API_PORT": "high"}, r"DEV_API_PORT is not a port: high"),
        ({"DEV_BROKEN": "1"}, r"api/broken\.py could not be loaded"),
    ],
)
def test_what_cannot_start_is_named(
    app_project: Path, start_python: StartPython, env: dict[str, str], message: str
) -> None:
    """And it does not say `ready`, nor leave anything running."""
    if "DEV_BROKEN" in env:
        (app_project / "api/broken.py").write_text("import no_such\nasync def app(): ...\n")
    process = start_python(PROGRAM, app_project, 60, env=env)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert re.search(message, printed)
    assert "ready" not in printed.splitlines()


def test_the_next_tick_is_at_a_full_minute() -> None:
    """As Vercel's are."""
    assert up.next_minute(120.0) == 180.0
    assert up.next_minute(179.9) == 180.0


def test_an_env_file_keeps_what_is_not_ours(tmp_path: Path) -> None:
    """Comments, other variables and their order; ours are replaced, not repeated."""
    file = tmp_path / ".env.local"
    file.write_text("# note\nA=1\nexport B=old\nC=3\n")
    env_file.write(file, {"B": "new"})
    env_file.write(file, {"B": "newer"})
    env_file.write(file, {"D": "more"})
    assert file.read_text() == "# note\nA=1\nB=newer\nC=3\nD=more\n"
