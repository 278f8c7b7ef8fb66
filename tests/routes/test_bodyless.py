"""Something under Supabase's name answers 200 with nothing, as a parking page or a broken proxy may."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.routes.conftest import Logged, routes
from tests.routes.test_auth import DOORS
from tests.routes.test_ratings import GOOD

type Call = tuple[str, str, dict[str, object] | None]
type Signed = Callable[[Call, str], Awaitable[httpx.Response]]

TOKENS = {(door.method, door.path): door.variable for door in DOORS}
# What a call of each method needs to get as far as the database.
CALLS: list[Call] = [
    ("GET", f"/api/ratings?postId={GOOD['postId']}&sessionId={GOOD['sessionId']}", None),
    ("POST", "/api/ratings", GOOD),
    ("PUT", "/api/ratings", GOOD | {"liked": True}),
    ("GET", "/api/posts", None),
    ("POST", "/api/posts", {"imageUrl": "https://example.com/a.png"}),
    ("GET", "/api/queue/process", None),
    ("POST", "/api/queue/process", None),
    ("GET", f"/api/queue/jobs?id={GOOD['postId']}", None),
    ("POST", "/api/queue/jobs", {"jobType": "cleanup_expired"}),
    ("GET", "/api/admin/queue/stats", None),
    ("GET", "/api/admin/queue/diagnostics", None),
    ("GET", "/api/admin/queue/jobs", None),
    ("POST", "/api/admin/queue/jobs", {"action": "pause", "jobType": "process_image"}),
    ("POST", "/api/admin/queue/jobs", {"action": "redrive", "jobType": "process_image"}),
    ("POST", "/api/admin/queue/jobs", {"action": "cancel", "ids": [GOOD["postId"]]}),
    ("POST", "/api/admin/queue/jobs", {"action": "delete", "filter": {}}),
    ("GET", "/api/admin/queue/schedules", None),
    ("POST", "/api/admin/queue/schedules", {"action": "run", "name": "x"}),
    ("POST", "/api/admin/queue/schedules", {"action": "enable", "name": "x"}),
    ("POST", "/api/admin/queue/schedules", {"action": "delete", "name": "x"}),
    ("GET", "/api/admin/queue/journal?of=runs", None),
    ("POST", "/api/admin/queue/journal", {"action": "run"}),
    ("POST", "/api/admin/queue/session", {"refreshToken": "x"}),
    ("GET", "/api/admin/queue/metrics", None),
    ("GET", "/api/health/queue", None),
]


@pytest.fixture
def signed(site: httpx.AsyncClient, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Signed:
    """Make a call with the credential that it needs, while Supabase is at this address."""

    async def call_it(call: Call, url: str) -> httpx.Response:
        monkeypatch.setenv("SUPABASE_URL", url)
        method, path, given = call
        variable = TOKENS.get((method, path.partition("?")[0]))
        token = env[variable] if variable else "aaaa.bbbb.cccc"
        return await site.request(method, path, json=given, headers={"authorization": f"Bearer {token}"})

    return call_it


def test_no_route_is_left_out() -> None:
    """A new one is called too."""
    called = {(method, url.partition("?")[0]) for method, url, _ in CALLS}
    served = {
        (method, path)
        for path, module in routes().items()
        for method in module.app.routes[0].methods
        if method != "HEAD"
    }
    # Of a token it says who that is, and asks nobody.
    assert called == served - {("GET", "/api/admin/queue/session")}


@pytest.mark.parametrize("body", [b"", b" ", b"<html>welcome</html>", b"null", b'"ok"'], ids=repr)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[1][:24]} {str(call[2])[12:22]}")
async def test_an_answer_that_says_nothing_is_503(
    signed: Signed, logged: Logged, answering: Callable[[int, bytes], str], call: Call, body: bytes
) -> None:
    """It is no bug of ours, and no empty success either; the client may try again."""
    reply = await signed(call, answering(200, body))
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "unavailable")
    assert int(reply.headers["retry-after"]) > 0
    assert logged.events("request.failed") == []
    assert logged.events("request.unavailable")
