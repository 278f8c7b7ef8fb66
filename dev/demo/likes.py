"""Likes: many sessions click at once, twice, and change their minds; the stored counts must end up exact."""

import asyncio
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx

from dev.demo.clicking import Browsers, Clicks, Crowd, plan
from dev.demo.scene import Scene, table
from lib.cli.words import plural

POSTS = 20
SESSIONS = 200
CONCURRENCY = 32
EARLY_TICK_S = 4.0
IMPORTED = [f"an-imported-session-{number:06d}" for number in range(5)]


def show_likes(scene: Scene) -> Counter[UUID]:
    """Let the sessions loose on the posts, the cron ticking once meanwhile. Returns the likes that were asked for."""
    scene.db.execute("insert into posts_new (caption) select 'Post ' || n from generate_series(1, %s) as n", [POSTS])
    posts = [row["id"] for row in scene.db.execute("select id from posts_new order by created_at, id").fetchall()]
    scene.say(f"{SESSIONS} sessions like {POSTS} posts through /api/ratings, {CONCURRENCY} requests at a time")
    with ThreadPoolExecutor(1) as cron:
        tick = cron.submit(_tick_meanwhile, scene)
        clicks = _click(scene, posts)
        early = tick.result()
    _report_clicks(scene, clicks)
    scene.say(f"a cron tick in the middle of it ran {plural(early, 'job')}")
    clicks.wanted.update(_rate_directly(scene, posts))
    return clicks.wanted


def report_likes(scene: Scene, wanted: Counter[UUID]) -> None:
    """Compare what was clicked, the ratings that are there, and the stored counts."""
    rows = scene.db.execute(
        """select post.id, post.caption as post, post.likes as stored,
             (select count(*) from post_ratings as rating where rating.post_id = post.id) as actual
           from posts_new as post where post.caption like 'Post %' order by length(post.caption), post.caption"""
    ).fetchall()
    shown = [
        {
            "post": row["post"],
            "clicked": wanted[row["id"]],
            "actual": row["actual"],
            "stored": row["stored"],
            "": "ok" if row["stored"] == row["actual"] == wanted[row["id"]] else "WRONG",
        }
        for row in rows
    ]
    print(table(shown), flush=True)
    exact = sum(row["stored"] == row["actual"] for row in rows)
    total = sum(row["actual"] for row in rows)
    scene.check("every stored count equals the ratings", exact == POSTS, f"{exact} of {POSTS}, {total:,} likes")
    kept = sum(row["actual"] == wanted[row["id"]] for row in rows)
    scene.check("the ratings are what was clicked", kept == POSTS, f"{kept} of {POSTS}")


def _click(scene: Scene, posts: list[UUID]) -> Clicks:
    browsers = Browsers(scene.functions.url, CONCURRENCY)
    try:
        return asyncio.run(Crowd(browsers).click(plan(posts, SESSIONS), scene.say))
    finally:
        browsers.close()


def _report_clicks(scene: Scene, clicks: Clicks) -> None:
    requests = len(clicks.milliseconds)
    hundredths = statistics.quantiles(clicks.milliseconds, n=100)
    scene.say(f"{requests:,} requests in {clicks.seconds:.1f} s, {requests / clicks.seconds:.0f} a second")
    scene.say(f"each answered in {hundredths[49]:.0f} ms (median), {hundredths[94]:.0f} ms (95 of 100)")
    # 503 is an answer too, on a machine so busy that a call takes over 3 s: the session asks again.
    if clicks.asked_again:
        scene.say(f"{plural(clicks.asked_again, 'call')} had to be made again, the machine being busy")
    scene.check("every request is answered", set(clicks.answers) <= {200, 503}, _told(clicks.answers))


def _told(answers: Counter[int]) -> str:
    """Say which statuses came, and how often."""
    return ", ".join(f"{plural(count, 'time')} {status or 'no answer'}" for status, count in sorted(answers.items()))


def _tick_meanwhile(scene: Scene) -> int:
    """Tick once, when the first syncs are due and clicks are still to come. Returns how many jobs ran."""
    time.sleep(EARLY_TICK_S)
    return sum(int(reply.json().get("processed", 0)) for reply in scene.functions.cron_tick())


def _rate_directly(scene: Scene, posts: list[UUID]) -> list[UUID]:
    """Write post_ratings through PostgREST: a stranger may not, a trusted service may, and it is counted too.

    Returns the posts that got a like in the end, each as often as it got one.
    """
    env = scene.stack.env()
    with httpx.Client(base_url=env["SUPABASE_URL"], timeout=20) as http:

        def rate(key: str, session: str) -> httpx.Response:
            rows = [{"post_id": str(post), "session_id": session} for post in posts[:5]]
            return http.post("/rest/v1/post_ratings", json=rows, headers={"apikey": env[key]})

        refused = rate("SUPABASE_ANON_KEY", "a-session-of-a-stranger")
        scene.check("a stranger cannot write ratings directly", refused.status_code == 401, str(refused.status_code))
        for session in IMPORTED:
            rate("SUPABASE_SERVICE_ROLE_KEY", session).raise_for_status()
            where = {"post_id": f"eq.{posts[0]}", "session_id": f"eq.{session}"}
            key = {"apikey": env["SUPABASE_SERVICE_ROLE_KEY"]}
            http.delete("/rest/v1/post_ratings", params=where, headers=key).raise_for_status()
    scene.say(f"a trusted service imports {len(IMPORTED)} sessions' ratings of 5 posts, and removes one of each")
    return posts[1:5] * len(IMPORTED)
