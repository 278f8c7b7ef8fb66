"""Run schemathesis against served functions, with every token that a route may ask for."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import psycopg

from dev.paths import PROJECT
from dev.vercel import Functions

HERE = Path(__file__).resolve().parent


# As schemathesis.toml has it.
POST_ID = "0197a000-0000-7000-8000-000000000000"
# A run likes more than a person does.
OVERRIDES = {
    "LIKES_PER_MINUTE_PER_SESSION": "0",
    "LIKES_PER_MINUTE_PER_ADDRESS": "0",
    "VIEWER_API_TOKEN": "the-token-of-a-viewer-0123456789",
}


def fuzz(served: Functions, env: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """Send requests to all operations and return how it ended; 0 when no reply broke a promise.

    env: of the stack behind the functions: DATABASE_URL, SUPABASE_URL, SUPABASE_ANON_KEY.
    """
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as db:
        db.execute("insert into public.posts_new (id) values (%s) on conflict do nothing", [POST_ID])
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")]
    command += ["run", str(PROJECT / "public" / "openapi.json"), "--url", served.url, "--no-color", *options]
    tokens = {name: value for name, value in served.env.items() if name.endswith(("_SECRET", "_TOKEN"))}
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            command,
            cwd=folder,  # it leaves folders where it runs
            env=os.environ | tokens | {"USER_TOKEN": _sign_up(env)},
            capture_output=True,
            text=True,
            check=False,
        )


def _sign_up(env: dict[str, str]) -> str:
    """Return the access token of a new user."""
    reply = httpx.post(
        f"{env['SUPABASE_URL']}/auth/v1/signup",
        headers={"apikey": env["SUPABASE_ANON_KEY"]},
        json={"email": "fuzz@example.com", "password": "a-long-password"},
    )
    return str(reply.raise_for_status().json()["access_token"])
