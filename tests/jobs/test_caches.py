"""Caches of like counts: told of new ones, never by an old one, and never in a job's way. On a real Redis."""

import random
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import respx

from lib.errors import CacheFailure, Misconfigured
from lib.outside.caches import Caches, CountedLikes
from lib.settings import Settings
from tests.jobs.asking import Db, add_post
from tests.jobs.conftest import Work
from tests.jobs.redis_server import TOKEN, Rest, redis, rest

POST = UUID("01970000-0000-7000-8000-000000000001")
PAGES = "https://app.example.com/api/revalidate"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Redis."""
    with redis(tmp_path_factory.mktemp("redis")) as client:
        yield client


@pytest.fixture
def upstash(server: Any) -> Iterator[Rest]:
    """Its REST API, and nothing in it."""
    server.flushall()
    with rest(server) as api:
        yield api


def environment(upstash: Rest, **more: str) -> dict[str, str]:
    """The variables that lead there."""
    return {"UPSTASH_REDIS_REST_URL": upstash.url, "UPSTASH_REDIS_REST_TOKEN": TOKEN, **more}


def caches(**variables: str) -> Caches:
    """The caches of an instance with these variables."""
    needed = {"SUPABASE_URL": "https://x.example.com", "SUPABASE_SERVICE_ROLE_KEY": "key"}
    return Caches.of(Settings.load(needed | variables))


async def tell(upstash: Rest, counts: Sequence[CountedLikes], **more: str) -> None:
    """Tell a Redis, once."""
    told = caches(**environment(upstash, **more))
    try:
        await told.tell(counts)
    finally:
        await told.aclose()


def copy(upstash: Rest, post_id: UUID = POST) -> tuple[Any, Any]:
    """Return what the copy of a post says: likes and version."""
    likes, version = upstash.client.hmget(f"post:{post_id}:likes", ["likes", "version"])
    return likes, version


def like(db: Db, post_ids: Sequence[UUID], session: str) -> None:
    """Like posts, and let their syncs be due."""
    db.execute(
        "insert into public.post_ratings (post_id, session_id) select unnest(%s::uuid[]), %s", (list(post_ids), session)
    )
    db.execute("update public.background_jobs set scheduled_for = now() where job_type = 'sync_like_count'")


# -- what is written


async def test_an_old_count_never_replaces_a_newer_one(upstash: Rest) -> None:
    """A call that was held up comes last, and changes nothing; the same one again changes nothing either."""
    await tell(upstash, [CountedLikes(POST, 7, 200)])
    await tell(upstash, [CountedLikes(POST, 6, 100)])
    await tell(upstash, [CountedLikes(POST, 9, 200)])
    assert copy(upstash) == ("7", "200")
    await tell(upstash, [CountedLikes(POST, 8, 201)])
    assert copy(upstash) == ("8", "201")


async def test_in_whatever_order_calls_come_the_newest_count_stays(upstash: Rest) -> None:
    """Of many posts at once, in the numbers that snapshots have: a double holds them exactly."""
    posts = [uuid4() for _ in range(250)]
    first = 2**40
    calls = [[CountedLikes(post, version % 97, first + version) for post in posts] for version in range(6)]
    for counts in random.Random(3).sample(calls, len(calls)):
        await tell(upstash, counts)
    assert {copy(upstash, post) for post in posts} == {("5", str(first + 5))}
    assert [len(request) for request in upstash.requests] == [3] * 6


async def test_a_copy_expires(upstash: Rest) -> None:
    """What nobody tells any more is not kept for ever; a copy that is not replaced gets no longer life."""
    await tell(upstash, [CountedLikes(POST, 1, 5)], CACHE_TTL_SECONDS="600")
    assert 590 < upstash.client.ttl(f"post:{POST}:likes") <= 600
    await tell(upstash, [CountedLikes(POST, 1, 4)], CACHE_TTL_SECONDS="9000")
    assert upstash.client.ttl(f"post:{POST}:likes") <= 600


async def test_the_app_s_own_keys_go_with_the_old_copy(upstash: Rest) -> None:
    """An app caches a post under names of its own."""
    upstash.client.mset({f"p/{POST}": "old", f"{POST}:page": "old", "p/other": "kept"})
    more = {"CACHE_KEY_OF_LIKES": "likes/{id}", "CACHE_KEYS_TO_DELETE": "p/{id}, {id}:page"}
    await tell(upstash, [CountedLikes(POST, 1, 5)], **more)
    assert sorted(upstash.client.keys()) == [f"likes/{POST}", "p/other"]
    upstash.client.set(f"p/{POST}", "made of the new count")
    await tell(upstash, [CountedLikes(POST, 0, 4)], **more)
    assert upstash.client.exists(f"p/{POST}")


@pytest.mark.parametrize("variable", ["CACHE_KEY_OF_LIKES", "CACHE_KEYS_TO_DELETE"])
def test_a_key_that_all_posts_would_share_is_refused(variable: str) -> None:
    """503, naming the variable, instead of one count for every post."""
    with pytest.raises(Misconfigured, match=rf"{variable}: .*must have \{{id\}}"):
        caches(**{variable: "likes"})


# -- what can go wrong


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (httpx.Response(401, json={"error": "WRONGPASS"}), "redis: it answered 401"),
        (httpx.Response(302, headers={"location": "https://elsewhere.example.com"}), "redis: it answered 302"),
        (httpx.Response(200, text="<html>"), "redis: its answer is no list of results"),
        (httpx.Response(200, json={"result": "OK"}), "redis: its answer is no list of results"),
        (httpx.Response(200, json=[{"error": "NOPERM"}]), "redis: it refused 1 of 1 commands"),
        (httpx.Response(200, json=[]), "redis: it refused 0 of 1 commands"),
        (httpx.ConnectTimeout("slow"), "redis: ConnectTimeout"),
    ],
)
@respx.mock
async def test_a_failure_says_what_it_was_and_the_pages_are_told_all_the_same(reply: Any, reason: str) -> None:
    """Without the cache's own words, which may hold anything."""
    answer = {"side_effect": reply} if isinstance(reply, Exception) else {"return_value": reply}
    respx.post("https://redis.example.com/pipeline").mock(**answer)
    pages = respx.post(PAGES).respond(200)
    told = caches(UPSTASH_REDIS_REST_URL="https://redis.example.com/", REVALIDATE_URL=PAGES)
    with pytest.raises(CacheFailure) as failure:
        await told.tell([CountedLikes(POST, 1, 5)])
    assert str(failure.value) == reason
    assert pages.call_count == 1
    await told.aclose()


async def test_a_key_of_another_kind_is_a_failure(upstash: Rest) -> None:
    """The app has something else under that name: it is not overwritten."""
    upstash.client.set(f"post:{POST}:likes", "not a hash")
    with pytest.raises(CacheFailure, match="it refused 1 of 1 commands"):
        await tell(upstash, [CountedLikes(POST, 1, 5)])
    assert upstash.client.get(f"post:{POST}:likes") == "not a hash"


@respx.mock
async def test_pages_are_told_which_posts_changed() -> None:
    """With the secret, in one call."""
    route = respx.post(PAGES).respond(204)
    told = caches(REVALIDATE_URL=PAGES, REVALIDATE_SECRET="s3cret")
    other = uuid4()
    await told.tell([CountedLikes(POST, 1, 5), CountedLikes(other, 0, 5)])
    [call] = route.calls
    assert call.request.headers["authorization"] == "Bearer s3cret"
    assert call.request.content.decode() == (
        f'{{"posts":[{{"postId":"{POST}","likes":1,"version":5}},{{"postId":"{other}","likes":0,"version":5}}]}}'
    )
    await told.aclose()


# -- the like sync


async def test_a_batch_of_syncs_is_told_in_one_call(upstash: Rest, work: Work, db: Db) -> None:
    """The count that was stored, with the version of its snapshot; a later sync's is newer."""
    posts = [add_post(db) for _ in range(30)]
    like(db, posts, "session-one-of-the-tests")
    [report] = await work(**environment(upstash))
    assert (report.endings["completed"], report.follow_ups_failed) == (30, 0)
    assert [len(commands) for commands in upstash.requests] == [1]
    first = {post: copy(upstash, post) for post in posts}
    assert {likes for likes, _ in first.values()} == {"1"}
    like(db, posts[:1], "session-two-of-the-tests")
    await work(**environment(upstash))
    assert copy(upstash, posts[0])[0] == "2"
    assert int(copy(upstash, posts[0])[1]) > int(first[posts[0]][1])
    assert [len(request[0]) for request in upstash.requests] == [3 + 30 + 2 + 60, 3 + 1 + 2 + 2]


async def test_a_slow_cache_delays_no_job_and_keeps_a_run_for_at_most_a_second(
    upstash: Rest, work: Work, db: Db
) -> None:
    """The jobs are settled while it hangs; the run counts what was not told, and ends."""
    upstash.hold.clear()
    posts = [add_post(db) for _ in range(3)]
    like(db, posts, "session-one-of-the-tests")
    [report] = await work(**environment(upstash))
    assert report.endings["completed"] == 3
    assert 1000 <= report.duration_ms < 2500
    assert report.follow_ups_failed == 3
    row = db.execute("select counts from public.worker_runs order by id desc limit 1").fetchone()
    assert row
    assert row["counts"]["follow_ups_failed"] == 3
    ended = db.execute(
        """select max(job.completed_at) < max(run.finished_at) - interval '0.9 seconds' as long_before
        from public.job_history as job, public.worker_runs as run"""
    ).fetchone()
    assert ended
    assert ended["long_before"]


async def test_a_cache_that_is_down_fails_no_job(work: Work, db: Db) -> None:
    """It is logged, with how many posts nobody was told of."""
    like(db, [add_post(db)], "session-one-of-the-tests")
    [report] = await work(UPSTASH_REDIS_REST_URL="http://127.0.0.1:1", UPSTASH_REDIS_REST_TOKEN="token")
    assert (report.endings["completed"], report.follow_ups_failed) == (1, 1)


async def test_without_a_cache_nothing_is_asked_and_nothing_imported(work: Work, db: Db) -> None:
    """Deployments without one pay nothing."""
    for name in [name for name in sys.modules if name.startswith("lib.outside.caches")]:
        del sys.modules[name]
    like(db, [add_post(db)], "session-one-of-the-tests")
    [report] = await work()
    assert (report.endings["completed"], report.follow_ups_failed) == (1, 0)
    assert not [name for name in sys.modules if name.startswith("lib.outside.caches")]
