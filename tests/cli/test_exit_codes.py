"""What is wrong with the command, the way or the permission: a sentence on standard error, and a code for scripts."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dev.vercel import Functions
from tests.cli.conftest import ROOT, Db, Done, Queue

JOB = "01890000-0000-7000-8000-000000000001"
TOKEN = "test-token-0123456789"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("jobs", "--status", "bad"), 2, "'bad' is not one of"),
        (("jobs", "--type", "bad"), 2, "job type: must be one of"),
        (("jobs", "--payload", "[1]"), 2, "--payload must be a JSON object"),
        (("jobs", "--since", "soon"), 2, "--since: 'soon' is neither a date"),
        (("job", "nonsense"), 2, "valid UUID"),
        (("job", JOB), 5, f"there is no job {JOB}"),
        (("redrive",), 2, "say which jobs"),
        (("redrive", JOB, "--type", "process_image"), 2, "not both"),
        (("cancel", "--type", "sync_like_count", "--yes"), 2, "cannot be cancelled"),
        (("cancel", "--status", "dead", "--yes"), 2, "filter.status: cancel acts on pending"),
        (("pause", "bad"), 2, "must be one of"),
        (("schedules", "create", "x", "cleanup_expired"), 2, "--cron: create needs it"),
        (("enqueue",), 2, "say which type"),
        (("enqueue", "process_image", "-p", "{}"), 2, "payload.postId: Field required"),
        (("enqueue", "process_image", "-p", "@no-such-file"), 2, "no-such-file cannot be read"),
        (("--http", "--direct", "status"), 2, "exclude each other"),
        (("status", "--watch"), 2, "needs a terminal"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_what_was_typed_is_explained(directly: Queue, arguments: tuple[str, ...], code: int, words: str) -> None:
    """The field and the rule, and nothing on standard output."""
    done = directly(*arguments)
    assert (done.code, done.out) == (code, ""), done.err
    assert words in " ".join(done.err.replace("│", " ").split())


def test_over_http_the_same_things_are_refused(over_http: Queue) -> None:
    """By the route, in the same words."""
    for arguments, code, words in (
        (("cancel", "--type", "sync_like_count", "--yes"), 2, "cannot be cancelled"),
        (("job", JOB), 5, "there is no job"),
        (("schedules", "run", "none"), 5, 'there is no schedule "none"'),
    ):
        done = over_http(*arguments)
        assert (done.code, words in done.err) == (code, True), done.err


def told(done: Done, *secrets: str) -> str:
    """Return what was said, which never has a secret in it."""
    assert not [secret for secret in secrets if secret in done.out + done.err]
    return done.err


def test_a_wrong_token_and_a_viewer_are_refused(over_http: Queue, served: Functions, db: Db) -> None:
    """Code 4. A viewer sees everything and changes nothing."""
    wrong = over_http("stats", env={"ADMIN_API_TOKEN": TOKEN})
    assert (wrong.code, "is the token right" in told(wrong, TOKEN)) == (4, True)
    viewer = {"ADMIN_API_TOKEN": served.env["VIEWER_API_TOKEN"]}
    assert over_http("jobs", env=viewer).code == 0
    refused = over_http("pause", "process_image", env=viewer)
    assert (refused.code, "role admin" in told(refused, *viewer.values())) == (4, True)
    assert db.execute("select count(*) from queue_private.paused_job_types").fetchone() == {"count": 0}


@pytest.fixture
def answering() -> Iterator[Callable[[int, bytes], str]]:
    """A factory of servers that are no queue: they answer everything alike."""
    servers: list[ThreadingHTTPServer] = []

    def serve(status: int, body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_queue_that_cannot_be_reached_is_code_3(directly: Queue, answering: Callable[[int, bytes], str]) -> None:
    """Nobody listens, something else answers, or Supabase is down."""
    nobody = {"QUEUE_URL": "http://127.0.0.1:9", "ADMIN_API_TOKEN": TOKEN}
    page = nobody | {"QUEUE_URL": answering(200, b"<html>not a queue</html>")}
    broken = nobody | {"QUEUE_URL": answering(502, b"bad gateway")}
    error = {"code": "unavailable", "message": "not configured", "details": {"variables": ["X"]}}
    unset = nobody | {"QUEUE_URL": answering(503, json.dumps({"error": error}).encode())}
    for env, words in ((nobody, "does not answer"), (page, "not understood"), (broken, "502"), (unset, "(X)")):
        done = directly("--http", "stats", env=env)
        assert (done.code, words in told(done, TOKEN)) == (3, True), done.err
        assert f"→ {env['QUEUE_URL']} comes from the environment; is `make dev` running?" in done.err
    down = directly("stats", env={"SUPABASE_URL": "http://127.0.0.1:9"})
    assert (down.code, "→ http://127.0.0.1:9 comes from the environment; is `make dev`" in down.err) == (3, True)
    elsewhere = directly("--url", "https://queue.invalid", "stats", env={"ADMIN_API_TOKEN": TOKEN})
    assert elsewhere.err.endswith("→ https://queue.invalid comes from --url\n")


def test_a_token_is_not_sent_in_the_clear(directly: Queue) -> None:
    """Over http to another machine anybody on the way could read it."""
    env = {"QUEUE_URL": "http://app.example.com", "ADMIN_API_TOKEN": TOKEN}
    done = directly("stats", env=env)
    assert (done.code, "must be https" in told(done, TOKEN)) == (2, True)


def test_which_queue_is_decided_in_a_documented_order(directly: Queue) -> None:
    """The option, the file that was asked for, the environment, and .env.local when nothing else says it."""
    nothing = dict.fromkeys(directly.env, "")
    done = directly("status", env=nothing)
    assert (done.code, "nothing says which queue" in done.err) == (2, True)
    content = "".join(f"{name}={value}\n" for name, value in directly.env.items())
    (directly.folder / ".env.local").write_text(content)
    found = directly("status", env=nothing)
    assert (found.code, found.err) == (0, "reading .env.local\n")
    (directly.folder / "other.env").write_text(content + "FUNCTIONS_URL=http://127.0.0.1:9\nADMIN_API_TOKEN=x\n")
    assert directly("--env-file", "other.env", "status", env=nothing).code == 3
    assert directly("--env-file", "other.env", "--direct", "status", env=nothing).code == 0
    assert directly("--env-file", "missing.env", "status").code == 2
    assert directly("--url", "http://127.0.0.1:9", "status", env={"ADMIN_API_TOKEN": TOKEN}).code == 3
    without_token = directly("--url", "http://127.0.0.1:9", "status")
    assert (without_token.code, "ADMIN_API_TOKEN is not set" in without_token.err) == (2, True)


def test_the_checkouts_file_is_read_where_the_current_folder_has_none(directly: Queue) -> None:
    """`make dev` writes it there, and an alias is typed anywhere. One here comes first, if it says which queue."""
    checkout = directly.folder / "checkout"
    checkout.mkdir()
    env = dict.fromkeys(directly.env, "") | {"QUEUE_CHECKOUT": str(checkout)}
    looked_for = f"Looked for it in .env.local and {checkout}/.env.local."
    assert looked_for in directly("status", env=env).err
    (checkout / ".env.local").write_text("QUEUE_URL=http://127.0.0.1:9\nADMIN_API_TOKEN=x\n")
    (directly.folder / ".env.local").write_text("NEXT_PUBLIC_SUPABASE_URL=http://127.0.0.1:8\n")
    done = directly("status", env=env)
    assert (done.code, done.err.splitlines()[0]) == (3, f"reading {checkout}/.env.local")
    assert f"→ http://127.0.0.1:9 comes from {checkout}/.env.local; is `make dev` running?" in done.err
    (directly.folder / ".env.local").write_text("FUNCTIONS_URL=http://127.0.0.1:8\nADMIN_API_TOKEN=x\n")
    assert "http://127.0.0.1:8 comes from .env.local;" in directly("status", env=env).err


def test_the_script_says_where_its_checkout_is(tmp_path: Path) -> None:
    """Also when it is called through a link. The interpreter is a stand-in that tells what it was given."""
    checkout, elsewhere = tmp_path / "checkout", tmp_path / "elsewhere"
    (checkout / ".venv/bin").mkdir(parents=True)
    elsewhere.mkdir()
    shutil.copy(ROOT / "queue", checkout)
    python = checkout / ".venv/bin/python"
    python.write_text('#!/bin/sh\necho "$QUEUE_CHECKOUT" "$PYTHONPATH" "$@"\n')
    python.chmod(0o700)
    (elsewhere / "queue").symlink_to(checkout / "queue")
    said = subprocess.run(
        ["./queue", "status"], cwd=elsewhere, env={"PATH": os.environ["PATH"]}, capture_output=True, check=True
    )
    assert said.stdout.decode() == f"{checkout} {checkout} -m lib.cli status\n"


def test_enqueueing_over_http_needs_its_own_token(over_http: Queue) -> None:
    """The route of trusted services has one."""
    done = over_http("enqueue", "recompute_rankings", env={"QUEUE_API_TOKEN": ""})
    assert (done.code, "QUEUE_API_TOKEN" in done.err) == (2, True)
