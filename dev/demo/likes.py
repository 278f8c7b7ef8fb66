"""Likes: many sessions click at once, twice, and change their minds; the stored counts must end up exact."""

import asyncio
import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import httpx

from dev.demo.scene import Scene, table

type Wish = Literal["click", "double click", "like, twice", "change of mind"]

POSTS = 20
SESSIONS = 200
POSTS_PER_SESSION = 6
CONCURRENCY = 32
SEED = 20


@dataclass(slots=True)
class Clicks:
    """What was sent, and how long each answer took in milliseconds."""

    milliseconds: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0


def show_likes(scene: Scene) -> None:
    """Let the sessions loose on the posts."""
    scene.db.execute("insert into posts_new (caption) select 'Post ' || n from generate_series(1, %s) as n", [POSTS])
    posts = [row["id"] for row in scene.db.execute("select id from posts_new order by created_at, id").fetchall()]
    scene.say(f"{SESSIONS} sessions like {POSTS} posts through /api/ratings, {CONCURRENCY} requests at a time")
    clicks = asyncio.run(_click(scene.functions.url, posts))
    requests = len(clicks.milliseconds)
    scene.say(f"{requests} requests in {clicks.seconds:.1f} s, {requests / clicks.seconds:.0f} a second")
    p50, p95 = _percentiles(clicks.milliseconds)
    scene.say(f"each answered in {p50:.0f} ms (median), {p95:.0f} ms (95 of 100)")
    scene.check("every request is answered", set(clicks.answers) == {200}, str(dict(clicks.answers)))
    ratings = _rate_directly(scene, posts)
    scene.say(f"an old client writes {ratings} ratings through PostgREST, and removes one")


def report_likes(scene: Scene) -> None:
    """Compare the stored counts with the ratings."""
    rows = scene.db.execute(
        """select post.caption as post, post.likes as stored,
             (select count(*) from post_ratings as rating where rating.post_id = post.id) as actual
           from posts_new as post where post.caption like 'Post %' order by length(post.caption), post.caption"""
    ).fetchall()
    print(table([{**row, "": "ok" if row["stored"] == row["actual"] else "WRONG"} for row in rows]), flush=True)
    wrong = sum(row["stored"] != row["actual"] for row in rows)
    total = sum(row["actual"] for row in rows)
    scene.check(
        "every stored count equals the ratings", wrong == 0, f"{len(rows) - wrong} of {len(rows)}, {total} likes"
    )


async def _click(url: str, posts: list[UUID]) -> Clicks:
    clicks, room = Clicks(), asyncio.Semaphore(CONCURRENCY)
    chance = random.Random(SEED)
    async with httpx.AsyncClient(base_url=url, timeout=20) as http:

        async def send(method: str, post: UUID, session: str, liked: bool | None = None) -> None:
            body = {"postId": str(post), "sessionId": session} | ({} if liked is None else {"liked": liked})
            async with room:
                started = time.perf_counter()
                reply = await http.request(method, "/api/ratings", json=body)
            clicks.milliseconds.append((time.perf_counter() - started) * 1000)
            clicks.answers[reply.status_code] += 1

        async def use(session: str, wishes: list[tuple[UUID, Wish]]) -> None:
            for post, wish in wishes:
                match wish:
                    case "click":
                        await send("POST", post, session)
                    case "double click":
                        await asyncio.gather(send("POST", post, session), send("POST", post, session))
                    case "like, twice":
                        await asyncio.gather(send("PUT", post, session, True), send("PUT", post, session, True))
                    case "change of mind":
                        await send("PUT", post, session, True)
                        await send("PUT", post, session, False)

        kinds: list[Wish] = ["click", "click", "double click", "like, twice", "change of mind"]
        plans = [
            [(post, chance.choice(kinds)) for post in chance.sample(posts, POSTS_PER_SESSION)] for _ in range(SESSIONS)
        ]
        started = time.perf_counter()
        await asyncio.gather(*(use(f"demo-session-{n:08d}", plan) for n, plan in enumerate(plans)))
        clicks.seconds = time.perf_counter() - started
    return clicks


def _rate_directly(scene: Scene, posts: list[UUID]) -> int:
    """Compatibility mode: the existing app's clients write post_ratings themselves, as anon."""
    env = scene.stack.env()
    key = env["SUPABASE_ANON_KEY"]
    headers = {"apikey": key, "authorization": f"Bearer {key}"}
    with httpx.Client(base_url=env["SUPABASE_URL"], headers=headers, timeout=20) as http:
        rows = [{"post_id": str(post), "session_id": "an-old-client-000001"} for post in posts[:5]]
        http.post("/rest/v1/post_ratings", json=rows).raise_for_status()
        where = {"post_id": f"eq.{posts[0]}", "session_id": "eq.an-old-client-000001"}
        http.delete("/rest/v1/post_ratings", params=where).raise_for_status()
    return len(rows)


def _percentiles(values: list[float]) -> tuple[float, float]:
    hundredths = statistics.quantiles(values, n=100)
    return hundredths[49], hundredths[94]
