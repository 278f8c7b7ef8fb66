"""Waking: pg_cron sees that a job is due and calls the worker, so that a like need not wait for the next minute."""

import time

import httpx

from dev import waking
from dev.demo.scene import Scene

PROMISED_S = 5.0
PATIENCE_S = 15.0


def show_waking(scene: Scene) -> None:
    """Like a post, and wait for its stored count, without a cron tick."""
    functions = scene.functions
    waking.start(scene.stack.env()["DATABASE_URL"], scene.stack.project, functions.url, functions.env["CRON_SECRET"])
    scene.say("pg_cron looks every 2 seconds whether a job is due; the cron ticks no more")
    post = scene.db.execute("insert into posts_new (caption) values ('Seen at once') returning id").fetchone()
    assert post is not None
    click = {"postId": str(post["id"]), "sessionId": "the-session-of-the-last-click"}
    httpx.post(f"{functions.url}/api/ratings", json=click, timeout=20).raise_for_status()
    clicked = time.monotonic()
    took = 0.0
    while not (counted := _likes(scene, post["id"])) and took < PATIENCE_S:
        time.sleep(0.02)
        took = time.monotonic() - clicked
    scene.check(
        "a like is counted within 5 s of the click", bool(counted) and took <= PROMISED_S, f"after {took:.1f} s"
    )


def _likes(scene: Scene, post_id: object) -> int:
    row = scene.db.execute("select likes from posts_new where id = %s", [post_id]).fetchone()
    return int(row["likes"]) if row else 0
