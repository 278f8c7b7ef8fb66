"""The essential things once more under Vercel's own runtime: processes, headers, deadlines and logs as deployed."""

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import psycopg
import pytest

from dev.vercel import Functions
from tests.jobs import hostile_pictures as hostile
from tests.stack.watching import wait_until

type Db = psycopg.Connection[dict[str, Any]]
type Serve = Callable[..., Functions]
ORIGIN = "https://app.example.com"


def test_likes_become_exact_by_the_cron(functions: Serve, db: Db) -> None:
    """Many sessions at once, double clicks and unlikes among them; then the tick, and every count is right."""
    served = functions()
    posts = [
        str(row["id"])
        for row in db.execute("insert into public.posts_new select from generate_series(1, 3) returning id")
    ]
    clicks = [(post, f"session-of-the-test-{n}") for n in range(30) for post in posts]
    clicks += clicks[:20]  # a double click is a like and an unlike
    with httpx.Client(base_url=served.url, timeout=30) as client, ThreadPoolExecutor(16) as sessions:

        def click(rating: tuple[str, str]) -> int:
            return client.post("/api/ratings", json={"postId": rating[0], "sessionId": rating[1]}).status_code

        statuses = list(sessions.map(click, clicks))
    assert set(statuses) == {200}
    db.execute("update public.background_jobs set scheduled_for = now() where status = 'pending'")
    (tick,) = served.cron_tick()
    assert (tick.status, tick.json()["stopReason"]) == (200, "empty")
    counts = db.execute(
        "select likes, (select count(*) from public.post_ratings where post_id = posts_new.id) as actual"
        " from public.posts_new"
    ).fetchall()
    assert sum(row["actual"] for row in counts) == 90 - 20
    assert all(row["likes"] == row["actual"] for row in counts)
    assert db.execute("select * from public.background_jobs").fetchall() == []


def test_ticks_that_overlap_do_the_work_once(functions: Serve, db: Db) -> None:
    """In one process or two: Vercel may deliver a tick twice."""
    served = functions()
    db.execute(
        "insert into public.background_jobs (job_type, payload, scheduled_for)"
        " select 'sync_like_count', jsonb_build_object('post_id', gen_random_uuid()), now()"
        " from generate_series(1, 600)"
    )
    with ThreadPoolExecutor(3) as ticks:
        replies = [reply for (reply,) in ticks.map(lambda _: served.cron_tick(), range(3))]
    assert {reply.status for reply in replies} == {200}
    assert sum(reply.json()["completed"] for reply in replies) == 600
    ended = db.execute("select count(*), max(attempts) as attempts from public.job_history").fetchone()
    assert ended == {"count": 600, "attempts": 1}
    triggers = db.execute("select trigger, count(*) from public.worker_runs group by 1").fetchall()
    assert triggers == [{"trigger": "cron", "count": 3}]


class Pictures(BaseHTTPRequestHandler):
    """A host of images: a picture that would keep its decoder busy for minutes, and an ordinary one."""

    def do_GET(self) -> None:
        """Answer by name."""
        body = hostile.many_stages() if self.path == "/hostile.png" else hostile.ordinary()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def test_a_hostile_picture_ends_and_the_next_one_is_made(functions: Serve, db: Db) -> None:
    """Decoding happens in a process of its own, which the runtime's process starts: its packages are found there."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Pictures) as host:
        Thread(target=host.serve_forever, daemon=True).start()
        origin = f"127.0.0.1:{host.server_port}"
        served = functions(env_overrides={"IMAGE_HOSTS": origin})
        for path in ("hostile.png", "ordinary.jpg"):
            db.execute("insert into public.posts_new (image_url) values (%s)", (f"http://{origin}/{path}",))
        while db.execute("select id from public.background_jobs where job_type <> 'generate_thumbnail'").fetchone():
            db.execute("update public.background_jobs set scheduled_for = now()")
            assert served.cron_tick()[0].status == 200
        host.shutdown()
    rows = db.execute(
        "select payload ->> 'image_url' as url, status::text, attempts, error_message from public.job_history"
        " where job_type = 'process_image'"
    ).fetchall()
    ended = {row["url"].rpartition("/")[2]: (row["status"], row["attempts"], row["error_message"]) for row in rows}
    assert ended["ordinary.jpg"] == ("completed", 1, None)
    status, attempts, reason = ended["hostile.png"]
    assert (status, attempts) == ("discarded", 1)
    assert "of CPU time" in reason


def test_the_log_is_one_json_object_a_line(functions: Serve) -> None:
    """With the platform's request id, and without any secret."""
    served = functions()
    served.cron_tick()
    reply = httpx.get(f"{served.url}/api/health/queue")
    assert reply.headers["x-request-id"] == reply.headers["x-vercel-id"]
    # The log takes another way than the reply, and may be a moment behind it.
    wait_until(lambda: "run.finished" in served.log_text())
    lines = [json.loads(line) for line in served.log_text().splitlines() if line.startswith("{")]
    events = {line["event"]: line for line in lines}
    assert {"run.started", "run.finished"} <= events.keys()
    assert events["run.started"]["request_id"].startswith("dev1::")
    served.stop()
    for name in ("SUPABASE_SERVICE_ROLE_KEY", "CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN"):
        assert served.env[name] not in served.log_text()
    assert "/rest/v1/rpc" not in served.log_text()


@pytest.mark.parametrize("name", ["SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "CRON_SECRET"])
def test_a_missing_variable_is_no_crash(functions: Serve, name: str) -> None:
    """The function starts, answers 503, and its log names the variable."""
    served = functions(env_overrides={name: ""})
    (tick,) = served.cron_tick()
    assert tick.status == 503
    assert tick.json()["error"]["details"] == {"variables": [name]}
    wait_until(lambda: name in served.log_text())


def test_an_unknown_setting_does_not_stop_the_preflight(functions: Serve) -> None:
    """Browsers of allowed origins are answered whatever else is wrong, so that pages can show the real error."""
    served = functions(env_overrides={"SUPABASE_URL": "", "ALLOWED_ORIGINS": ORIGIN})
    headers = {"origin": ORIGIN, "access-control-request-method": "PUT"}
    preflight = httpx.options(f"{served.url}/api/ratings", headers=headers)
    reply = httpx.get(f"{served.url}/api/ratings", headers={"origin": ORIGIN})
    assert (preflight.status_code, reply.status_code) == (200, 503)
    for each in (preflight, reply):
        assert each.headers["access-control-allow-origin"] == ORIGIN
        assert each.headers["cache-control"] == "no-store"


def test_other_origins_and_methods(functions: Serve) -> None:
    """As in this process."""
    served = functions()
    reply = httpx.delete(f"{served.url}/api/ratings", headers={"origin": ORIGIN})
    assert reply.status_code == 405
    assert {name.strip() for name in reply.headers["allow"].split(",")} == {"GET", "HEAD", "POST", "PUT"}
    assert "access-control-allow-origin" not in reply.headers
    assert reply.headers["cache-control"] == "no-store"


def test_a_silent_supabase_is_503_within_five_seconds(functions: Serve) -> None:
    """Worker, health and ratings. A cold start comes on top, which takes long on a machine that is busy testing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        served = functions(env_overrides={"SUPABASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"})
        served.warm()
        paths = ("/api/health/queue", "/api/ratings?postId=01890000-0000-7000-8000-000000000001&sessionId=" + "x" * 16)

        def timed(path: str) -> tuple[int, float]:
            started = time.monotonic()
            if path == "cron":
                return served.cron_tick()[0].status, time.monotonic() - started
            return httpx.get(served.url + path, timeout=30).status_code, time.monotonic() - started

        for path in ("cron", *paths):
            status, seconds = timed(path)
            assert (path, status) == (path, 503)
            assert seconds < 5


def test_a_large_body_is_refused_by_us_or_by_the_platform(functions: Serve) -> None:
    """Ours below the platform's limit, so that clients get an error in our shape."""
    served = functions()
    url, headers = f"{served.url}/api/ratings", {"content-type": "application/json"}
    ours = httpx.post(url, content=b" " * 4_100_000, headers=headers, timeout=30)
    assert (ours.status_code, ours.json()["error"]["code"]) == (413, "too_large")
    assert httpx.post(url, content=b" " * 4_600_000, headers=headers, timeout=30).status_code == 413


def test_the_platforms_deadline_is_known_to_the_worker(functions: Serve, db: Db) -> None:
    """maxDuration is 10 s: a budget of 9 s is cut to what leaves time to settle."""
    served = functions(env_overrides={"WORKER_BUDGET_MS": "9000"})
    (tick,) = served.cron_tick()
    assert (tick.status, tick.json()["budgetMs"]) == (200, 9000)
    db.execute("insert into public.background_jobs (job_type, scheduled_for) values ('cleanup_expired', now())")
    assert served.cron_tick()[0].json()["claimed"] == 1
