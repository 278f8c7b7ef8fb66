"""/api/ratings: how often a session, and a client address, may like."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from dev.vercel import Functions
from lib.services.sessions import address_hash
from lib.web.lifespan import close_resources
from tests.routes.test_ratings import URL, new_posts, ratings_of

type Db = psycopg.Connection[dict[str, Any]]
type Serve = Callable[..., Functions]
KEY = "a-service-key"


@pytest.fixture
def post(db: Db) -> str:
    """A post that nobody likes yet."""
    return new_posts(db, 1)[0]


@pytest.fixture
def limits(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Set the limits of a session and of an address."""

    def set_limits(session: int, address: int) -> None:
        monkeypatch.setenv("LIKES_PER_MINUTE_PER_SESSION", str(session))
        monkeypatch.setenv("LIKES_PER_MINUTE_PER_ADDRESS", str(address))

    return set_limits


async def click(site: httpx.AsyncClient, post: str, session: int, address: str | None = None) -> httpx.Response:
    """Like a post as the session with this number, from this address."""
    headers = {} if address is None else {"x-vercel-forwarded-for": address}
    body = {"postId": post, "sessionId": f"session-number-{session:08}", "liked": True}
    return await site.put(URL, json=body, headers=headers)


async def test_a_session_beyond_its_limit_is_told_when_to_come_back(
    site: httpx.AsyncClient, db: Db, post: str, limits: Callable[[int, int], None]
) -> None:
    """429 with Retry-After within the minute, and nothing is changed; reading goes on, and so does everybody else."""
    limits(3, 0)
    body = {"postId": post, "sessionId": "session-number-1"}
    replies = [await site.post(URL, json=body) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    error = replies[3].json()["error"]
    assert error == {"code": "too_many_requests", "message": "too many likes within a minute"}
    assert 50 <= int(replies[3].headers["retry-after"]) <= 60
    assert ratings_of(db, post) == ["session-number-1"]
    assert (await site.put(URL, json=body | {"liked": False})).status_code == 429
    assert (await site.get(URL, params=body)).status_code == 200
    assert (await click(site, post, 2)).status_code == 200


async def test_the_limit_counts_a_minute_of_the_past(
    site: httpx.AsyncClient, db: Db, post: str, limits: Callable[[int, int], None]
) -> None:
    """A window that is a minute old is forgotten; the wait is what is left of it."""
    limits(1, 0)
    assert (await click(site, post, 1)).status_code == 200
    db.execute("update queue_private.like_calls set window_began_at = window_began_at - interval '50 seconds'")
    refused = await click(site, post, 1)
    assert (refused.status_code, 5 <= int(refused.headers["retry-after"]) <= 10) == (429, True)
    db.execute("update queue_private.like_calls set window_began_at = window_began_at - interval '11 seconds'")
    assert (await click(site, post, 1)).status_code == 200


async def test_an_address_has_a_limit_over_all_its_sessions(
    site: httpx.AsyncClient, post: str, limits: Callable[[int, int], None]
) -> None:
    """A new session for each like is no way around it; other addresses do not feel it."""
    limits(0, 3)
    statuses = [(await click(site, post, number, "203.0.113.7")).status_code for number in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert (await click(site, post, 9, "203.0.113.8")).status_code == 200
    assert (await click(site, post, 10)).status_code == 200


async def test_zero_is_no_limit(site: httpx.AsyncClient, db: Db, post: str, limits: Callable[[int, int], None]) -> None:
    """And nothing is kept of anybody then."""
    limits(0, 0)
    assert {(await click(site, post, 1, "203.0.113.7")).status_code for _ in range(5)} == {200}
    assert db.execute("select * from queue_private.like_calls").fetchall() == []


async def test_the_defaults_are_those_of_the_contract(site: httpx.AsyncClient, post: str) -> None:
    """60 a session."""
    statuses = [(await click(site, post, 1)).status_code for _ in range(61)]
    assert statuses == [200] * 60 + [429]


@pytest.mark.parametrize("value", ["-1", "many", "9999999999"])
async def test_a_limit_that_is_none_is_named(
    site: httpx.AsyncClient, post: str, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """A typing error must not switch the limit off."""
    monkeypatch.setenv("LIKES_PER_MINUTE_PER_ADDRESS", value)
    await close_resources()
    reply = await click(site, post, 1)
    assert reply.json()["error"]["details"] == {"variables": ["LIKES_PER_MINUTE_PER_ADDRESS"]}


@pytest.mark.parametrize(
    ("both", "same"),
    [
        (({"x-vercel-forwarded-for": "203.0.113.7"}, {"x-real-ip": "203.0.113.7"}), True),
        (({"x-vercel-forwarded-for": "203.0.113.7", "x-real-ip": "203.0.113.1"}, {"x-real-ip": "203.0.113.7"}), True),
        (({"x-vercel-forwarded-for": "203.0.113.9, 203.0.113.7"}, {"x-vercel-forwarded-for": "203.0.113.7"}), True),
        (({"x-real-ip": "203.0.113.7", "x-forwarded-for": "1.1.1.1"}, {"x-real-ip": "203.0.113.7"}), True),
        (({"x-forwarded-for": "203.0.113.7"}, {"x-forwarded-for": "203.0.113.7"}), False),
        (({"x-real-ip": "203.0.113.7"}, {"x-real-ip": "203.0.113.8"}), False),
    ],
)
async def test_only_the_platforms_headers_say_the_address(
    site: httpx.AsyncClient,
    post: str,
    limits: Callable[[int, int], None],
    both: tuple[dict[str, str], dict[str, str]],
    same: bool,
) -> None:
    """x-forwarded-for is not one of them: whoever sends it chooses what it says."""
    limits(0, 1)
    statuses = []
    for number, headers in enumerate(both):
        body = {"postId": post, "sessionId": f"session-number-{number}", "liked": True}
        statuses.append((await site.put(URL, json=body, headers=headers)).status_code)
    assert statuses == [200, 429 if same else 200]


def test_under_the_platform_a_client_cannot_choose_its_address(functions: Serve, db: Db, post: str) -> None:
    """The gateway drops what the client says of itself, and sets its own."""
    served = functions(env_overrides={"LIKES_PER_MINUTE_PER_ADDRESS": "2"})
    statuses = []
    for number in range(3):
        headers = dict.fromkeys(("x-vercel-forwarded-for", "x-real-ip", "x-forwarded-for"), f"198.51.100.{number}")
        body = {"postId": post, "sessionId": f"session-number-{number}"}
        statuses.append(httpx.post(f"{served.url}{URL}", json=body, headers=headers, timeout=30).status_code)
    assert statuses == [200, 200, 429]


def test_an_address_is_kept_by_a_name_that_does_not_tell_it() -> None:
    """All IPv4 addresses are hashed within a minute: without the key that tells nothing."""
    name = address_hash("203.0.113.7", KEY)
    assert "203" not in name
    assert name != address_hash("203.0.113.7", "another-service-key")
    assert name == address_hash("::ffff:203.0.113.7", KEY)


def test_an_ipv6_customer_has_one_name() -> None:
    """Who has a /64 has 2^64 addresses: each would begin at zero."""
    assert address_hash("2001:db8:1:2::1", KEY) == address_hash("2001:DB8:1:2:ffff:0:0:9", KEY)
    assert address_hash("2001:db8:1:2::1", KEY) != address_hash("2001:db8:1:3::1", KEY)
