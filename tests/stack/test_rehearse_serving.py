"""`make rehearse ARGS=--serve`: an app is tried on its database as it will be, by the old way and by the new one."""

import re
import signal
import subprocess
from pathlib import Path

import httpx
import psycopg

from dev.paths import PROJECT
from tests.stack.conftest import StartPython
from tests.stack.test_up import read_until_ready
from tests.stack.watching import any_alive, descendants, wait_until

PROGRAM = """
import sys
from dev import dashboard
from dev.errors import StackError
from dev.rehearse import serving
from dev.rehearse.__main__ import main

def build(project):
    raise StackError("not in this test")

dashboard.build = build
serving.TICK_SECONDS = 0.5
sys.exit(main(["--app", sys.argv[1], "--serve"]))
"""
POST = "00000000-0000-0000-0000-000000000001"
# As `supabase init` writes it.
CONFIG = '[api]\nschemas = ["public", "graphql_public"]\nextra_search_path = ["public", "extensions"]\n'


def test_both_ways_of_liking_work_until_it_is_ended(tmp_path: Path, start_python: StartPython) -> None:
    """The post has two likes already. Nothing is written into the app, and no process stays."""
    app = tmp_path / "app"
    (app / "supabase/migrations").mkdir(parents=True)
    (app / "package.json").write_text("{}")
    (app / "supabase/config.toml").write_text(CONFIG)
    schema = (PROJECT / "tests/sql/existing_app.sql").read_bytes()
    (app / "supabase/migrations/20240101000000_app.sql").write_bytes(schema)
    files = sorted(app.rglob("*"))

    process = start_python(PROGRAM, app)
    printed = read_until_ready(process)
    pids = descendants(process.pid)
    (loading,) = re.findall(r"^    \(set -a; (\. \S+); npm run dev\)$", printed, re.MULTILINE)
    told = subprocess.run(["sh", "-c", f"set -a; {loading}; env"], capture_output=True, text=True, check=True).stdout
    env = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    key = env["NEXT_PUBLIC_SUPABASE_ANON_KEY"]
    assert env["NEXT_PUBLIC_SUPABASE_PUBLISHABLE_KEY"] == key

    with httpx.Client(base_url=f"{env['NEXT_PUBLIC_SUPABASE_URL']}/rest/v1", headers={"apikey": key}) as old:
        rating = old.post("/post_ratings", json={"post_id": POST, "session_id": "an-old-browser-s-session"})
        assert rating.status_code == 201, rating.text
        assert old.patch(f"/posts_new?id=eq.{POST}", json={"likes": 99}).is_success
    like = {"postId": POST, "sessionId": "a-new-browser-s-session"}
    reply = httpx.post(f"{env['QUEUE_URL']}/api/ratings", json=like, timeout=30)
    assert reply.json() == {"postId": POST, "liked": True, "likes": 4}
    with psycopg.connect(env["DATABASE_URL"], autocommit=True) as database:
        query = "select likes from posts_new where id = %s"
        wait_until(lambda: database.execute(query, [POST]).fetchone() == (4,))

    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert not any_alive(pids)
    assert sorted(app.rglob("*")) == files
    assert not Path(loading.removeprefix(". ")).exists()
