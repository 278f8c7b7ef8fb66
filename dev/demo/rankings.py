"""Rankings: likes make a post rise, with the next recompute."""

import time
from dataclasses import dataclass

from dev.demo.draining import LONGEST_S, active
from dev.demo.scene import Scene
from dev.demo.user import call, enqueue

LIKES = 500


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A post that nobody knows yet, and its place in the ranking at first."""

    post_id: str
    place: int


def show_rankings(scene: Scene) -> Sleeper:
    """Rank the posts while one of them has no likes, and then let it have many."""
    row = scene.db.execute("insert into posts_new (caption) values ('A sleeper') returning id").fetchone()
    assert row is not None
    post_id = str(row["id"])
    scene.db.execute("select * from recompute_rankings()")
    sleeper = Sleeper(post_id, place(scene, post_id))
    scene.db.execute(
        "insert into post_ratings (post_id, session_id) select %s, gen_random_uuid() from generate_series(1, %s)",
        [post_id, LIKES],
    )
    scene.say(f"a post at place {sleeper.place} of the hot ranking gets {LIKES} likes in one statement")
    return sleeper


def report_rankings(scene: Scene, sleeper: Sleeper) -> None:
    """Recompute, now that the likes are counted, and see where the post is."""
    enqueue(scene, "recompute_rankings", {})
    started = time.monotonic()
    while active(scene) and time.monotonic() - started < LONGEST_S:
        scene.functions.cron_tick()
    after = place(scene, sleeper.post_id)
    seen = f"from place {sleeper.place} to {after} with the recompute"
    scene.check("likes make a post rise", after == 1 < sleeper.place, seen)


def place(scene: Scene, post_id: str) -> int:
    """The post's place in the ranking that /api/posts serves; 0 when it is not there."""
    hottest = [post["id"] for post in call(scene, "GET", "/api/posts?sort=hot&limit=100")["posts"]]
    return hottest.index(post_id) + 1 if post_id in hottest else 0
