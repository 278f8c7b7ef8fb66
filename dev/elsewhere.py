"""`make dev ARGS=--supabase`: the functions and the cron tick of `make dev`, over a Supabase that runs already.

Which one, SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY say; without them `supabase status` is asked, so after
`supabase start` nothing needs to be set. Its database is not touched: apply the migrations yourself.
"""

import io
import os
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import dotenv
import httpx

from dev import env_file, up
from dev.errors import StackError
from dev.process import signals
from dev.vercel import Functions

# What `supabase status -o env` calls them.
STATUS_NAMES = {
    "API_URL": "SUPABASE_URL",
    "SERVICE_ROLE_KEY": "SUPABASE_SERVICE_ROLE_KEY",
    "ANON_KEY": "SUPABASE_ANON_KEY",
    "DB_URL": "DATABASE_URL",
}
NEEDED = ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY")
HELP = "set SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY, or run `supabase start` first"


def run(project: Path) -> None:
    """Serve until a signal ends it. Raises StackError when there is no such Supabase, or it lacks the migrations."""
    environ = dict(os.environ)
    addresses = found(environ, project)
    ask(addresses)
    tokens = {name: environ.get(name) or secrets.token_urlsafe(24) for name in up.SECRETS}
    hosted = {name: value for name, value in addresses.items() if name != "DATABASE_URL"}
    functions = Functions(
        project,
        hosted | up.passed_on(environ, project) | tokens,
        port=up.port_of(environ, "DEV_FUNCTIONS_PORT"),
        reload=True,
    )
    with signals.ending_in_order(), functions:
        functions.warm()
        env_file.write(project / ".env.local", addresses | {"FUNCTIONS_URL": functions.url} | tokens)
        print(f"functions  {functions.url}")
        print(f"supabase   {addresses['SUPABASE_URL']}, which keeps its data and runs without us")
        print("ready", flush=True)
        keep_ticking(functions, ticking=environ.get("DEV_CRON") != "0")


def found(environ: Mapping[str, str], project: Path) -> dict[str, str]:
    """Return where Supabase is and its keys, by the names that the functions know. Raises StackError if nobody says."""
    given = {name: environ[name] for name in STATUS_NAMES.values() if environ.get(name)}
    if not given.keys() & set(NEEDED):
        given = of_status(project)
    if missing := [name for name in NEEDED if name not in given]:
        raise StackError(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing: {HELP}")
    return given


def of_status(project: Path) -> dict[str, str]:
    """Return what the command line of Supabase says of the stack that `supabase start` runs; nothing if it does not."""
    program = shutil.which("supabase")
    if program is None:
        return {}
    command = [program, "status", "--output", "env", "--workdir", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = dotenv.dotenv_values(stream=io.StringIO(done.stdout)) if done.returncode == 0 else {}
    return {ours: said[theirs] or "" for theirs, ours in STATUS_NAMES.items() if said.get(theirs)}


def ask(addresses: Mapping[str, str]) -> None:
    """Make sure that it answers and has our migrations."""
    url, key = (addresses[name] for name in NEEDED)
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    try:
        reply = httpx.post(f"{url.rstrip('/')}/rest/v1/rpc/queue_health", headers=headers, json={}, timeout=10)
    except httpx.HTTPError as error:
        raise StackError(f"{url} does not answer: {error}") from error
    if reply.status_code == 404:
        raise StackError(f"{url} lacks the queue's migrations: supabase db push, or supabase migration up --local")
    if reply.is_error:
        raise StackError(f"{url} refuses the key or the call: {reply.status_code} {reply.text[:200]}")


def keep_ticking(functions: Functions, *, ticking: bool) -> None:
    """Tick at each full minute, until a signal comes."""
    next_tick = up.next_minute(time.time())
    while True:
        if ticking and time.time() >= next_tick:
            next_tick = up.next_minute(time.time())
            threading.Thread(target=up.tick, args=[functions], daemon=True).start()
        time.sleep(0.25)
