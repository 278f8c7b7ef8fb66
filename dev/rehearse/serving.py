"""`--serve`: the app's database as it will be, with the API and the functions before it, until Ctrl-C.

Nothing runs what the app's own pg_cron jobs and pg_net calls ask for: those lead to real addresses.
"""

import hashlib
import os
import secrets
import shlex
import threading
import time
import tomllib
from pathlib import Path
from textwrap import indent

from rich.console import Console
from rich.text import Text

from dev import dashboard, env_file, paths, up
from dev.errors import StackError
from dev.supabase import Stack
from dev.vercel import Functions

# Vercel's cron comes once a minute; who tries an app does not wait so long.
TICK_SECONDS = 5.0


def serve(console: Console, stack: Stack, app: Path) -> None:
    """Serve, tell where, print `ready` alone on a line, and stay until a signal. Raises StackError if a part dies."""
    environ = dict(os.environ)
    tokens = {name: environ.get(name) or secrets.token_urlsafe(24) for name in up.SECRETS}
    # For a front end that calls the functions itself, from where `next dev` serves it.
    origins = {"ALLOWED_ORIGINS": "http://localhost:3000,http://127.0.0.1:3000"}
    env = stack.functions_env() | origins | up.passed_on(environ, paths.PROJECT) | tokens
    with Functions(paths.PROJECT, env, port=up.port_of(environ, "DEV_FUNCTIONS_PORT")) as functions:
        file = env_file_of(app)
        try:
            env_file.write(file, variables(stack, functions))
            _announce(console, file, functions)
            _tick(stack, functions)
        finally:
            file.unlink(missing_ok=True)


def env_file_of(app: Path) -> Path:
    """Return the file for this app's environment, which Next.js prefers to what .env.local says. It is not in the app.

    Two apps may have folders of one name.
    """
    folder = app.resolve()
    digest = hashlib.sha256(bytes(folder)).hexdigest()[:8]
    return paths.cache_home() / f"rehearsed-{folder.name}-{digest}.env"


def variables(stack: Stack, functions: Functions) -> dict[str, str]:
    """Return what the app needs in its environment, under the names of Next.js templates, old and new."""
    env = stack.env()
    return {
        "NEXT_PUBLIC_SUPABASE_URL": env["SUPABASE_URL"],
        "NEXT_PUBLIC_SUPABASE_ANON_KEY": env["SUPABASE_ANON_KEY"],
        "NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY": env["SUPABASE_ANON_KEY"],
        "SUPABASE_SERVICE_ROLE_KEY": env["SUPABASE_SERVICE_ROLE_KEY"],
        "DATABASE_URL": env["DATABASE_URL"],
        "QUEUE_URL": functions.url,
    }


def _announce(console: Console, file: Path, functions: Functions) -> None:
    console.print("\nIn a second terminal, in the app; its .env.local stays as it is and gives way to this:\n")
    console.print(Text(f"    (set -a; . {shlex.quote(str(file))}; npm run dev)", "green"), soft_wrap=True)
    console.print(
        "\nFirst with the old front end, which goes on working, then with the new one. What is in that file:\n"
    )
    console.print(Text(indent(file.read_text().strip(), "    "), "green"), soft_wrap=True)
    console.print(f"\nThe worker runs every {TICK_SECONDS:g} seconds. The app's own pg_cron jobs do not run here.\n")
    console.print(f"operators' page  {_page(functions)}", soft_wrap=True)
    for name in up.SECRETS:
        console.print(Text(f"{name:17}{functions.env[name]}"), soft_wrap=True)
    console.print("\nCtrl-C ends it, and throws the database away.")
    print("ready", flush=True)


def _page(functions: Functions) -> str:
    """Build the operators' page; without npm the rest works all the same."""
    try:
        dashboard.build(paths.PROJECT)
    except StackError as error:
        return f"not built: {error}"
    return f"{functions.url}{dashboard.PATH}  (sign in with ADMIN_API_TOKEN)"


def _tick(stack: Stack, functions: Functions) -> None:
    """Call the worker now and then, as Vercel Cron does, one run after the other."""
    due, tick = 0.0, threading.Thread()
    while True:
        for part, server in (("Postgres", stack.postgres), ("the API", stack.api)):
            if not server.running:
                raise StackError(f"{part} ended by itself; see {server.log}")
        if time.monotonic() >= due and not tick.is_alive():
            due = time.monotonic() + TICK_SECONDS
            tick = threading.Thread(target=up.tick, args=[functions], daemon=True)
            tick.start()
        time.sleep(0.25)


def bare_project(folder: Path, app: Path) -> Path:
    """Make a project with the app's API settings only: a stack applies its project's migrations itself.

    Raises StackError when they cannot be read.
    """
    (folder / "supabase").mkdir(parents=True)
    config = app / "supabase/config.toml"
    if config.is_file():
        content = config.read_text(errors="replace")
        try:
            tomllib.loads(content)
        except tomllib.TOMLDecodeError as error:
            raise StackError(f"{config}: {error}") from error
        (folder / "supabase/config.toml").write_text(content)
    return folder
