"""The stand-in for pg_net sends what is committed, and records what is answered."""

import json
import threading
from collections.abc import Iterator

import psycopg
import pytest

from dev.supabase.background import Background
from tests.conftest import Connect
from tests.stack.listener import Listener
from tests.stack.rows import Db, count, value
from tests.stack.watching import wait_until


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server for pg_net to call."""
    with Listener() as server:
        serving = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        serving.start()
        yield server
        server.let_go.set()
        server.shutdown()


def test_a_request_is_sent_after_commit(background: Background, db: Db, connect: Connect, listener: Listener) -> None:
    """Not before, and never if the transaction is rolled back."""
    first, second = connect(autocommit=False), connect(autocommit=False)
    first.execute("select net.http_get(%s)", [f"{listener.url}/rolled-back"])
    second.execute("select net.http_get(%s)", [f"{listener.url}/committed"])
    db.execute("select net.http_get(%s)", [f"{listener.url}/at-once"])
    wait_until(lambda: paths(listener) == ["/at-once"])
    first.rollback()
    second.commit()
    wait_until(lambda: len(listener.asked) == 2)
    wait_until(lambda: count(db, "net._http_response") == 2)
    assert paths(listener) == ["/at-once", "/committed"]
    assert count(db, "net.http_request_queue") == 0


def test_a_response_is_recorded(background: Background, db: Db, listener: Listener) -> None:
    """By the request's id, whatever its status; with what was sent as pg_net sends it."""
    post = """net.http_post(%s, body => '{"a": 1}', params => '{"q": "a b&c"}', headers => '{"X-Own": "1"}')"""
    request = value(db, f"select {post}", f"{listener.url}/missing")
    wait_until(lambda: count(db, "net._http_response") == 1)
    ((method, path, headers, body),) = listener.asked
    assert (method, path, json.loads(body)) == ("POST", "/missing?q=a%20b%26c", {"a": 1})
    assert (headers["content-type"], headers["x-own"]) == ("application/json", "1")
    response = db.execute("select id, status_code, content, content_type, timed_out, error_msg from net._http_response")
    assert response.fetchone() == {
        "id": request,
        "status_code": 404,
        "content": "answer",
        "content_type": "text/plain",
        "timed_out": False,
        "error_msg": None,
    }


def test_a_request_that_fails_is_recorded(background: Background, db: Db, listener: Listener) -> None:
    """A timeout says so; a refused connection and an address that makes no sense have a message."""
    slow, refused, bad = (
        value(db, "select net.http_get(%s, timeout_milliseconds => 300)", url)
        for url in (f"{listener.url}/slow", "http://127.0.0.1:1/", "no address")
    )
    wait_until(lambda: count(db, "net._http_response") == 3)
    rows = db.execute("select id, status_code, timed_out, error_msg from net._http_response").fetchall()
    seen = {row["id"]: row for row in rows}
    assert (seen[slow]["timed_out"], seen[slow]["error_msg"]) == (True, "Timeout of 300 ms reached")
    for request in (refused, bad):
        assert (seen[request]["timed_out"], seen[request]["status_code"]) == (False, None)
        assert seen[request]["error_msg"]


def test_a_body_that_is_not_json_is_refused(db: Db) -> None:
    """pg_net's http_post sends JSON only."""
    db.execute("create extension pg_net")
    with pytest.raises(psycopg.errors.RaiseException, match="application/json"):
        db.execute("select net.http_post('http://x/', headers => '{\"content-type\": \"text/plain\"}')")


def paths(listener: Listener) -> list[str]:
    """Return the paths that were asked for, in order."""
    return [path for _, path, _, _ in listener.asked]
