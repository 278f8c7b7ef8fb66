"""Functions are served as Vercel serves them: limits, errors, deadlines, one process a route."""

import json
import os
import socket
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from dev.errors import StackError
from dev.vercel import Functions
from tests.stack.watching import alive, any_alive, wait_until

# A function without a framework, so that it starts fast: it does what its query string says.
ECHO = """
import asyncio, json, os, subprocess, time
from urllib.parse import parse_qsl
from vercel_runtime import get_deadline

print("loaded", flush=True)

async def app(scope, receive, send):
    query = dict(parse_qsl(scope["query_string"].decode()))
    if "crash" in query:
        os._exit(3)
    if "child" in query:
        child = subprocess.Popen(["sleep", "600"]).pid
    body, more = b"", True
    while more:
        event = await receive()
        body, more = body + event["body"], event.get("more_body", False)
    await asyncio.sleep(float(query.get("sleep", 0)))
    reply = {
        "method": scope["method"],
        "path": scope["path"],
        "length": len(body),
        "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
        "deadline": get_deadline().timestamp(),
        "now": time.time(),
        "env": dict(os.environ),
        "cwd": os.getcwd(),
        "pid": os.getpid(),
        "child": child if "child" in query else None,
    }
    print("answered", query.get("mark"))
    headers = [(b"content-type", b"application/json"), (b"x-own", b"1"), (b"x-both", b"function")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(reply).encode()})
    await asyncio.sleep(float(query.get("afterwards", 0)))
"""
CONFIG = {
    "functions": {
        "api/echo.py": {},
        "api/short/*.py": {"maxDuration": 1},
        "api/**/*.py": {"maxDuration": 10},
    },
    "crons": [{"path": "/api/short/echo", "schedule": "* * * * *"}],
    "headers": [
        {
            "source": "/(.*)",
            "headers": [
                {"key": "X-Content-Type-Options", "value": "nosniff"},
                {"key": "X-Both", "value": "config"},
            ],
        },
        {"source": "/api/:path*", "headers": [{"key": "X-Api", "value": "1"}]},
    ],
}
FILES = {
    "vercel.json": json.dumps(CONFIG),
    "api/echo.py": ECHO,
    "api/short/echo.py": ECHO,
    "api/broken.py": "import no_such_module\n\nasync def app(scope, receive, send): ...\n",
    "api/_private.py": ECHO,
    "public/index.html": "<h1>hello</h1>\n",
    "public/robots.txt": "User-agent: *\n",
    "secret.txt": "not public",
}
SECRET = "cron-secret-of-the-test"

Serve = Callable[..., Functions]


@pytest.fixture
def serve(write_project: Callable[[Mapping[str, str]], Path]) -> Iterator[Serve]:
    """A factory of servers: serve(files=FILES, env=None, reload=False)."""
    with ExitStack() as running:

        def start(
            files: Mapping[str, str] = FILES,
            env: Mapping[str, str] | None = None,
            reload: bool = False,
        ) -> Functions:
            project = write_project(files)
            return running.enter_context(Functions(project, env, reload=reload))

        yield start


def error_of(reply: httpx.Response) -> tuple[int, str | None]:
    """Return the status and the platform's own error code."""
    return reply.status_code, reply.headers.get("x-vercel-error")


def test_a_request_reaches_its_function(serve: Serve) -> None:
    """With method, path, query, headers and body, in the project's folder."""
    functions = serve()
    reply = httpx.post(f"{functions.url}/api/echo?mark=x1", content=b"abc", headers={"X-Given": "1"})
    seen = reply.json()
    assert reply.status_code == 200
    assert (seen["method"], seen["path"], seen["length"]) == ("POST", "/api/echo", 3)
    assert (seen["headers"]["x-given"], seen["cwd"]) == ("1", str(functions.project))
    wait_until(lambda: "answered x1\n" in functions.log_text())


def test_a_path_without_function_is_not_found(serve: Serve) -> None:
    """Nor are files whose name begins with an underscore, as on Vercel."""
    url = serve().url
    for path in ("/api/none", "/none", "/api/_private", "/api", "/vercel.json", "/../secret.txt"):
        assert error_of(httpx.get(url + path)) == (404, "NOT_FOUND")


def test_a_body_above_the_limit_is_refused(serve: Serve) -> None:
    """4.5 MB are passed on, one byte more is not."""
    url = f"{serve().url}/api/echo"
    most = httpx.post(url, content=bytes(4_500_000))
    more = httpx.post(url, content=bytes(4_500_001))
    assert (most.status_code, most.json()["length"]) == (200, 4_500_000)
    assert error_of(more) == (413, "FUNCTION_PAYLOAD_TOO_LARGE")


def test_a_chunked_body_is_passed_on_whole(serve: Serve) -> None:
    """Clients that stream send no length."""
    reply = httpx.post(f"{serve().url}/api/echo", content=(b"x" * 1000 for _ in range(5)))
    assert reply.json()["length"] == 5000


def test_a_function_sees_its_deadline(serve: Serve) -> None:
    """The first matching pattern decides, also when it says nothing: then it is Vercel's 300 s."""
    url = serve().url
    short = httpx.get(f"{url}/api/short/echo").json()
    unset = httpx.get(f"{url}/api/echo").json()
    assert 0 < short["deadline"] - short["now"] <= 1
    assert 290 < unset["deadline"] - unset["now"] <= 300


def test_a_function_is_killed_at_its_deadline(serve: Serve) -> None:
    """The client gets 504; the next request a new process."""
    functions = serve()
    url = f"{functions.url}/api/short/echo"
    first = httpx.get(url).json()["pid"]
    begun = time.monotonic()
    reply = httpx.get(f"{url}?sleep=30", timeout=20)
    lasted = time.monotonic() - begun
    assert (reply.status_code, reply.headers["x-vercel-error"]) == (
        504,
        "FUNCTION_INVOCATION_TIMEOUT",
    )
    assert 1 <= lasted < 5
    assert httpx.get(url).json()["pid"] != first


def test_background_work_counts_until_the_deadline(serve: Serve) -> None:
    """The reply is out, but the invocation goes on and is killed all the same."""
    url = f"{serve().url}/api/short/echo"
    answered = httpx.get(f"{url}?afterwards=30")
    assert answered.status_code == 200
    pid = answered.json()["pid"]
    wait_until(lambda: not alive(pid))
    assert httpx.get(url).json()["pid"] != pid


def test_a_crash_is_a_500_and_the_next_request_works(serve: Serve) -> None:
    """One request's crash costs what was in flight, nothing after it."""
    functions = serve()
    crashed = httpx.get(f"{functions.url}/api/echo?crash=1")
    assert (crashed.status_code, crashed.headers["x-vercel-error"]) == (
        500,
        "FUNCTION_INVOCATION_FAILED",
    )
    assert httpx.get(f"{functions.url}/api/echo").status_code == 200


def test_a_function_that_cannot_be_loaded_is_a_500(serve: Serve) -> None:
    """The log says why, and the other routes work."""
    functions = serve()
    broken = httpx.get(f"{functions.url}/api/broken")
    assert (broken.status_code, broken.headers["x-vercel-error"]) == (
        500,
        "FUNCTION_INVOCATION_FAILED",
    )
    wait_until(lambda: "no_such_module" in functions.log_text())
    assert httpx.get(f"{functions.url}/api/echo").status_code == 200
    with pytest.raises(StackError, match=r"api/broken\.py"):
        functions.warm()


def test_one_process_serves_many_requests_at_once(serve: Serve) -> None:
    """As the platform's instances do: the requests wait together, not one after the other."""
    url = f"{serve().url}/api/echo"
    httpx.get(url)
    begun = time.monotonic()
    with ThreadPoolExecutor(10) as callers:
        pids = set(callers.map(lambda _: httpx.get(f"{url}?sleep=0.5").json()["pid"], range(10)))
    assert len(pids) == 1
    assert time.monotonic() - begun < 2.5


def test_routes_do_not_share_processes(serve: Serve) -> None:
    """One function's globals and crashes are its own."""
    url = serve().url
    pids = {httpx.get(f"{url}{path}").json()["pid"] for path in ("/api/echo", "/api/short/echo")}
    assert len(pids) == 2


def test_a_slow_start_holds_up_only_its_own_route(serve: Serve) -> None:
    """Cold starts of different functions happen side by side."""
    slow = f"import time\n\ntime.sleep(4)\n{ECHO}"
    url = serve({**FILES, "api/slow.py": slow}).url
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(httpx.get, f"{url}/api/slow", timeout=30)
        assert httpx.get(f"{url}/api/echo").status_code == 200
        assert not waiting.done()
        assert waiting.result().status_code == 200


def test_the_environment_is_clean(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function has what it was given and what the platform sets, and nothing of ours."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://ours")
    monkeypatch.setenv("SOME_TOKEN", "ours")
    env = httpx.get(f"{serve(env={'GIVEN': 'yes'}).url}/api/echo").json()["env"]
    technical = {"PYTHONPATH", "PYTHONUNBUFFERED", "LC_CTYPE", "VERCEL_IPC_PATH"}
    platform = {"PATH", "HOME", "TZ", "VERCEL", "VERCEL_ENV", "VERCEL_REGION", "VERCEL_URL", "WORKER_URL"}
    names = {name for name in env if not name.startswith("__VC_HANDLER_")}
    assert names - technical == {"GIVEN", *platform}


def test_a_client_cannot_claim_the_platforms_headers(serve: Serve) -> None:
    """Neither its address nor its deadline."""
    claimed = {
        "X-Forwarded-For": "203.0.113.9",
        "Forwarded": "for=203.0.113.9",
        "X-Vercel-Internal-Deadline": "2000-01-01T00:00:00Z",
    }
    seen = httpx.get(f"{serve().url}/api/echo", headers=claimed).json()
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert "forwarded" not in seen["headers"]
    assert seen["deadline"] > seen["now"]


def test_static_files_are_served(serve: Serve) -> None:
    """From public/ only, for GET and HEAD only."""
    url = serve().url
    page, head = httpx.get(f"{url}/"), httpx.head(f"{url}/robots.txt")
    posted = httpx.post(f"{url}/robots.txt")
    assert (page.status_code, page.text) == (200, "<h1>hello</h1>\n")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "14", b"")
    assert error_of(posted) == (405, "INVALID_REQUEST_METHOD")


def test_a_rewrite_leads_to_a_file_where_nothing_else_is(serve: Serve) -> None:
    """As on Vercel: files and functions come first, and what matches no rule is missing."""
    rewrites = '[{"source": "/pages/((?!assets/).*)", "destination": "/index.html"}]'
    headers = '[{"source": "/robots.txt", "headers": [{"key": "cache-control", "value": "immutable"}]}]'
    config = f'{{"rewrites": {rewrites}, "headers": {headers}}}'
    url = serve({**FILES, "vercel.json": config, "public/pages/own.txt": "mine", "public/index.html": "page"}).url
    answers = {path: httpx.get(f"{url}/pages/{path}").text for path in ("", "a/b", "own.txt")}
    assert answers == {"": "page", "a/b": "page", "own.txt": "mine"}
    assert error_of(httpx.get(f"{url}/pages/assets/gone.js")) == (404, "NOT_FOUND")
    assert httpx.get(f"{url}/robots.txt").headers["cache-control"] == "immutable"


def test_the_headers_of_vercel_json_are_added(serve: Serve) -> None:
    """To every reply on a matching path; a header that the function sets itself wins."""
    url = serve().url
    page, function, missing = (httpx.get(url + path) for path in ("/", "/api/echo", "/api/none"))
    for reply in (page, function, missing):
        assert reply.headers["x-content-type-options"] == "nosniff"
    assert (page.headers["x-both"], function.headers.get_list("x-both")) == ("config", ["function"])
    assert ("x-api" in page.headers, "x-api" in function.headers) == (False, True)


def test_head_has_the_headers_of_get(serve: Serve) -> None:
    """And no body."""
    url = f"{serve().url}/api/echo"
    head = httpx.head(url)
    assert (head.status_code, head.headers["x-own"], head.content) == (200, "1", b"")


def test_a_cron_tick_is_what_vercel_sends(serve: Serve) -> None:
    """GET, the secret as bearer token, and a user agent that proves nothing."""
    (reply,) = serve(env={"CRON_SECRET": SECRET}).cron_tick()
    seen = reply.json()
    assert (reply.path, reply.status, seen["method"]) == ("/api/short/echo", 200, "GET")
    assert seen["headers"]["authorization"] == f"Bearer {SECRET}"
    assert seen["headers"]["user-agent"] == "vercel-cron/1.0"


def test_cron_ticks_may_overlap(serve: Serve) -> None:
    """Vercel delivers twice and concurrently at times; so can tests."""
    functions = serve(env={"CRON_SECRET": SECRET})
    with ThreadPoolExecutor(4) as ticks:
        replies = list(ticks.map(lambda _: functions.cron_tick()[0].status, range(4)))
    assert replies == [200] * 4


def test_without_a_secret_cron_sends_none(serve: Serve) -> None:
    """As Vercel does while CRON_SECRET is not set."""
    (reply,) = serve().cron_tick()
    assert "authorization" not in reply.json()["headers"]


def test_an_edit_means_a_cold_start(serve: Serve) -> None:
    """With reload, as `make dev` has it: the next request runs the new code."""
    files = {
        "lib/__init__.py": "",
        "lib/text.py": "TEXT = b'old'\n",
        "api/text.py": textwrap.dedent("""
            from lib.text import TEXT

            async def app(scope, receive, send):
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": TEXT})
        """),
    }
    functions = serve(files, reload=True)
    before = httpx.get(f"{functions.url}/api/text").text
    edited = functions.project / "lib/text.py"
    edited.write_text("TEXT = b'brand new'\n")
    os.utime(edited, ns=(1, 1))  # also when the clock of the file system is coarse
    (functions.project / "api/added.py").write_text(files["api/text.py"])
    assert (before, httpx.get(f"{functions.url}/api/text").text) == ("old", "brand new")
    assert httpx.get(f"{functions.url}/api/added").text == "brand new"


def test_nothing_is_left_when_it_stops(serve: Serve) -> None:
    """Neither the functions, nor what they started, nor the connections that clients keep open;
    what was logged can still be read."""
    functions = serve()
    with httpx.Client(base_url=functions.url) as client:
        seen = client.get("/api/echo?child=1&mark=last").json()
        functions.stop()
        wait_until(lambda: not any_alive([seen["pid"], seen["child"]]))
        with pytest.raises(httpx.TransportError):
            client.get("/api/echo")
    assert "answered last" in functions.log_text()
    with pytest.raises(StackError):
        functions.cron_tick()


def test_a_request_that_makes_no_sense_is_refused(serve: Serve) -> None:
    """And the next one is served."""
    functions = serve()
    host, port = functions.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    for path in ("/%00", f"/{'x' * 5000}"):
        assert error_of(httpx.get(functions.url + path)) == (404, "NOT_FOUND")


def test_what_it_cannot_serve_is_refused(serve: Serve) -> None:
    """Rather than served otherwise than in production."""
    with pytest.raises(StackError, match="redirects"):
        serve({"vercel.json": '{"redirects": []}'})
    with pytest.raises(StackError, match="rewrites to one file"):
        serve({"vercel.json": '{"rewrites": [{"source": "/(.*)", "destination": "https://example.com/$1"}]}'})
    with pytest.raises(StackError, match=r"vercel\.json"):
        serve({"vercel.json": "{"})
