"""drain: the worker as a process that stays."""

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.cli.conftest import Db, Queue
from tests.jobs import hostile_pictures as hostile
from tests.stack.watching import wait_until


class Pictures(BaseHTTPRequestHandler):
    """Answers when the test says so."""

    asked = threading.Event()
    may_answer = threading.Event()

    def do_GET(self) -> None:
        """Send a picture."""
        self.asked.set()
        self.may_answer.wait(30)
        body = hostile.ordinary()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


type Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(directly: Queue) -> Iterator[Start]:
    """A factory of programs that go on."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                directly.command(*arguments),
                env=directly.whole_env() | (env or {}),
                cwd=directly.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def history(db: Db) -> list[dict[str, Any]]:
    """Return how jobs ended."""
    return db.execute("select job_type::text, status::text, attempts from job_history order by job_type").fetchall()


def test_it_works_until_it_is_told_to_stop(start: Start, db: Db) -> None:
    """Also on what comes later; an idle process makes no runs."""
    process = start("drain", "--poll", "0.2")
    for _ in range(2):
        db.execute("insert into background_jobs (job_type) values ('recompute_rankings')")
        wait_until(lambda: db.execute("select from background_jobs").fetchone() is None)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, "2 jobs" in err) == (0, True), err
    events = [json.loads(line)["event"] for line in out.splitlines() if line.startswith("{")]
    assert {"drain.started", "job.settled", "drain.stopped"} <= set(events)
    assert events.count("run.finished") <= 4


def test_a_job_that_runs_when_it_stops_is_ended_and_settled(start: Start, db: Db) -> None:
    """SIGTERM claims nothing more; what runs goes on. So no attempt is lost."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Pictures) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        origin = f"127.0.0.1:{host.server_port}"
        process = start("drain", env={"IMAGE_HOSTS": origin})
        db.execute("insert into posts_new (image_url) values (%s)", (f"http://{origin}/a.jpg",))
        assert Pictures.asked.wait(30)
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        while "drain.stopping" not in process.stdout.readline():
            pass
        db.execute("insert into background_jobs (job_type) values ('recompute_rankings')")
        Pictures.may_answer.set()
        process.communicate(timeout=20)
        host.shutdown()
    assert process.returncode == 0
    assert [row for row in history(db) if row["job_type"] == "process_image"] == [
        {"job_type": "process_image", "status": "completed", "attempts": 1}
    ]
    assert db.execute("select count(*) from background_jobs where status = 'processing'").fetchone() == {"count": 0}
    left = db.execute("select count(*) from background_jobs where job_type = 'recompute_rankings'").fetchone()
    assert left == {"count": 1}


def test_until_empty_ends_when_nothing_is_due(directly: Queue, db: Db) -> None:
    """What is for later stays."""
    db.execute(
        "insert into background_jobs (job_type, scheduled_for) select 'recompute_rankings',"
        " now() + case when n > 50 then interval '1 hour' else interval '0' end from generate_series(1, 51) as n"
    )
    done = directly.ok("drain", "--until-empty")
    assert "50 jobs" in done.err
    assert len(history(db)) == 50
    assert db.execute("select count(*) from background_jobs").fetchone() == {"count": 1}


def test_over_http_it_is_refused(directly: Queue) -> None:
    """A function would be killed after ten seconds."""
    done = directly("--http", "drain")
    assert (done.code, "SUPABASE_URL" in done.err) == (2, True)


def test_a_tick_is_one_run_and_more_while_jobs_are_due(queue: Queue, db: Db) -> None:
    """Over HTTP by the function, with the cron's secret; directly in the process."""
    assert "nothing was due" in queue.ok("tick").out
    db.execute("insert into background_jobs (job_type) select 'recompute_rankings' from generate_series(1, 30)")
    assert "30 completed" in queue.ok("tick", "--until-empty").out
    db.execute("insert into background_jobs (job_type) values ('recompute_rankings')")
    assert queue.ok("tick", "--json").json["completed"] == 1


def test_a_tick_over_http_tells_its_result_with_the_crons_secret(over_http: Queue) -> None:
    """It is another than the operators'."""
    done = over_http("tick", "--json", env={"CRON_SECRET": ""})
    assert (done.code, "CRON_SECRET" in done.err) == (2, True)


def test_with_the_admin_token_alone_a_run_is_started(over_http: Queue, db: Db) -> None:
    """It works by itself, and who had it started is written down."""
    db.execute("insert into background_jobs (job_type) values ('recompute_rankings')")
    assert "a run was started" in over_http.ok("tick", env={"CRON_SECRET": ""}).out
    wait_until(lambda: db.execute("select from job_history where status = 'completed'").fetchone() is not None)
    row = db.execute("select action, operator from operator_actions").fetchone()
    assert row == {"action": "run", "operator": "admin token"}
