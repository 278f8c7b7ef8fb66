"""What Storage's answers mean: an outage costs no attempt, a file that it never takes does."""

import httpx
import pytest
import respx

from lib.database import StorageCalls
from lib.database.storage import Storage
from lib.errors import DatabaseError, DatabaseRejected, DatabaseTimeout, DatabaseUnavailable

URL = "https://project.supabase.test"


async def upload_to(_: respx.Route) -> None:
    """Upload a file to a Storage that answers so."""
    await Storage(URL, "key", lambda: 3.0).upload("bucket", "a/b.webp", b"x", "image/webp", "60")


@pytest.mark.parametrize("status", [400, 403, 404, 413, 500])
@pytest.mark.parametrize("page", [False, True])
@respx.mock
async def test_a_file_that_is_not_taken_counts(status: int, page: bool) -> None:
    """Else a file that Storage stumbles over each time would be tried for ever."""
    route = respx.post(url__startswith=URL)
    own = {"statusCode": str(status), "error": "Internal", "message": "no"}
    with pytest.raises(DatabaseRejected, match=f"storage.upload.*{status}"):
        await upload_to(route.respond(status, html="<p>no</p>") if page else route.respond(status, json=own))


@pytest.mark.parametrize("status", [429, 502, 503, 504, 520, 530, 544])
@pytest.mark.parametrize("page", [False, True])
@respx.mock
async def test_storage_that_is_busy_or_down_is_unavailable(status: int, page: bool) -> None:
    """By its own word, or by that of a gateway before it."""
    route = respx.post(url__startswith=URL)
    own = {"statusCode": str(status), "error": "SlowDown", "message": "no"}
    with pytest.raises(DatabaseUnavailable):
        await upload_to(route.respond(status, html="<p>no</p>") if page else route.respond(status, json=own))


@respx.mock
async def test_storage_that_does_not_answer_is_an_outage_or_a_timeout() -> None:
    """As for the database."""
    route = respx.post(url__startswith=URL)
    with pytest.raises(DatabaseUnavailable):
        await upload_to(route.mock(side_effect=httpx.ConnectError("refused")))
    with pytest.raises(DatabaseTimeout):
        await upload_to(route.mock(side_effect=httpx.ReadTimeout("silent")))


@pytest.mark.parametrize(
    ("answer", "time_left_s", "counted"),
    [
        (httpx.Response(200, json={"Key": "bucket/a/b.webp", "Id": "1"}), 1.0, {"storage_taken": 1}),
        (httpx.Response(503, html="<p>no</p>"), 1.0, {"storage_refused": 1}),
        (
            httpx.Response(400, json={"statusCode": "404", "error": "no", "message": "Bucket not found"}),
            3.0,
            {"storage_refused": 1},
        ),
        (httpx.Response(403, json={"statusCode": "403", "error": "no", "message": "no"}), 3.0, {"storage_refused": 1}),
        (httpx.Response(413, json={"statusCode": "413", "error": "no", "message": "too large"}), 3.0, {}),
        (httpx.Response(500, json={"statusCode": "500", "error": "no", "message": "oh"}), 3.0, {}),
        (httpx.ReadTimeout("silent"), 3.0, {"storage_refused": 1}),
        (httpx.ReadTimeout("silent"), 2.0, {}),
        (httpx.ConnectError("refused"), 1.0, {"storage_refused": 1}),
    ],
)
@respx.mock
async def test_only_what_refuses_any_file_counts_as_a_refusal(
    answer: httpx.Response | Exception, time_left_s: float, counted: dict[str, int]
) -> None:
    """Not a file that is too large, and not a call that had less time than it may take: whoever serves an image slowly
    takes that time, and must not make the queue unhealthy."""
    route = respx.post(url__startswith=URL)
    route.mock(side_effect=answer) if isinstance(answer, Exception) else route.mock(return_value=answer)
    calls = StorageCalls()
    storage = Storage(URL, "key", lambda: time_left_s, calls)
    try:
        await storage.upload("bucket", "a/b.webp", b"x", "image/webp", "60")
    except DatabaseError:
        assert calls.taken == 0
    assert calls.counts() == counted
