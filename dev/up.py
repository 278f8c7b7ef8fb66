"""`make dev`: the whole system in the foreground, over data that is kept, until Ctrl-C.

It writes `.env.local`, prints `ready` alone on a line when everything answers, and then ticks like
Vercel Cron; pg_cron wakes the worker in between. Settings are environment variables:

    DEV_FRESH=1         start from an empty database
    DEV_CRON=0          no ticks, and nothing that wakes the worker
    DEV_FUNCTIONS_PORT  DEV_API_PORT  DEV_POSTGRES_PORT   free ones unless given
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dev import api_docs, dashboard, env_file, waking
from dev.errors import StackError
from dev.process import signals
from dev.supabase import Stack, keys, persistent
from dev.supabase.background import Background
from dev.vercel import Functions
from lib.cli.words import plural

SECRETS = ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN", "VIEWER_API_TOKEN")
TICK_SECONDS = 60.0
# Passed on to the functions from our own environment, besides what .env.example documents.
PASSED = ("ALLOWED_ORIGINS", "IMAGE_HOSTS")
PASSED_PREFIXES = ("VAPID_", "WORKER_")
# So many new migrations are named.
FEW = 3


def run(project: Path) -> None:
    """Bring everything up and stay until a signal ends it. Raises StackError if a part fails."""
    environ = dict(os.environ)
    stack = persistent(
        project,
        fresh=environ.get("DEV_FRESH", "") not in ("", "0"),
        api_port=port_of(environ, "DEV_API_PORT"),
        postgres_port=port_of(environ, "DEV_POSTGRES_PORT"),
    )
    with signals.ending_in_order(), stack:
        print(_applied(stack.applied))
        tokens = {name: environ.get(name) or keys.read(stack.folder)[name] for name in SECRETS}
        functions = Functions(
            project,
            stack.functions_env() | passed_on(environ, project) | tokens,
            port=port_of(environ, "DEV_FUNCTIONS_PORT"),
            log=fresh_log(stack.folder / "functions.log"),
            reload=True,
        )
        ticking = environ.get("DEV_CRON") != "0"
        with functions:
            _wake(stack, functions, ticking=ticking)
            with Background(stack.address):
                functions.warm()
                page = _dashboard(project)
                addresses = stack.env() | {"FUNCTIONS_URL": functions.url} | tokens
                env_file.write(project / ".env.local", addresses)
                _announce(stack, functions, page)
                _serve(stack, functions, ticking=ticking)


def passed_on(environ: Mapping[str, str], project: Path) -> dict[str, str]:
    """Return the settings in our environment that are meant for the functions.

    Where Supabase is, the stack says, whatever a shell has exported for another project.
    """
    names = {*PASSED, *env_file.documented(project / ".env.example")}
    return {
        name: value
        for name, value in environ.items()
        if (name in names or name.startswith(PASSED_PREFIXES)) and "SUPABASE" not in name
    }


def _wake(stack: Stack, functions: Functions, *, ticking: bool) -> None:
    database_url = stack.env()["DATABASE_URL"]
    if ticking:
        waking.start(database_url, stack.project, functions.url, functions.env["CRON_SECRET"])
    else:
        waking.stop(database_url)


def _dashboard(project: Path) -> str:
    """Build the operators' page if the project has one. Without npm the rest works all the same."""
    if not (project / "dashboard").is_dir():
        return "there is no dashboard/ here"
    try:
        dashboard.build(project)
        api_docs.build(project)
    except StackError as error:
        return f"not built: {error}"
    return dashboard.PATH


def _applied(names: Sequence[str]) -> str:
    """Say which migrations are new: by name when somebody may be looking for their own."""
    if not names:
        return "the data of the last time is kept, and no migration is new"
    told = f": {', '.join(names)}" if len(names) <= FEW else ""
    return f"{plural(len(names), 'migration')} applied{told}"


def _announce(stack: Stack, functions: Functions, page: str) -> None:
    """Say where everything is, and last what somebody who is new here needs first."""
    print(f"functions  {functions.url}/api/")
    for folder, names in grouped(functions.routes).items():
        print(f"           {folder:<13} {', '.join(names)}".rstrip())
    print(f"supabase   {stack.env()['SUPABASE_URL']}")
    print(f"postgres   {stack.env()['DATABASE_URL']}")
    print(f"logs       {stack.folder}/*.log")
    print("Addresses and keys are in .env.local; Ctrl-C ends it.\n")
    if (stack.project / "public/docs/index.html").is_file():
        print(f"API        {functions.url}{api_docs.PATH}")
    if page == dashboard.PATH:
        print(f"dashboard  {functions.url}{page}")
        print("sign in    with ADMIN_API_TOKEN of .env.local; with VIEWER_API_TOKEN one looks and changes nothing")
    else:
        print(f"dashboard  {page}")
    print("ready", flush=True)


def grouped(routes: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of the routes below /api, by the folder that they lie in."""
    groups: dict[str, list[str]] = {}
    for route in sorted(routes):
        folder, _, name = route.removeprefix("/api/").rpartition("/")
        groups.setdefault(f"{folder}/" if folder else "", []).append(name)
    return groups


def _serve(stack: Stack, functions: Functions, *, ticking: bool) -> None:
    """Tick at each full minute; raise StackError when a part of the stack has died."""
    next_tick = next_minute(time.time())
    while True:
        for part, server in (("Postgres", stack.postgres), ("the API", stack.api)):
            if not server.running:
                raise StackError(f"{part} ended by itself; see {server.log}")
        if ticking and time.time() >= next_tick:
            next_tick = next_minute(time.time())
            # In a thread of its own, for a run that takes over a minute overlaps the next one.
            threading.Thread(target=tick, args=[functions], daemon=True).start()
        time.sleep(0.25)


def tick(functions: Functions) -> None:
    with contextlib.suppress(OSError, StackError):  # we are just ending
        for reply in functions.cron_tick():
            if reply.status != 200:
                text = reply.body.decode(errors="replace").strip()
                print(f"cron {reply.path}: {reply.status} {text}", file=sys.stderr, flush=True)


def next_minute(now: float) -> float:
    return (now // TICK_SECONDS + 1) * TICK_SECONDS


def port_of(environ: Mapping[str, str], name: str) -> int | None:
    """Return a port that the environment gives, or None. Raises StackError if it is not a port."""
    given = environ.get(name, "")
    if not given or given == "0":
        return None
    if not given.isdigit() or int(given) > 65_535:
        raise StackError(f"{name} is not a port: {given}")
    return int(given)


def fresh_log(file: Path) -> Path:
    file.unlink(missing_ok=True)
    return file
