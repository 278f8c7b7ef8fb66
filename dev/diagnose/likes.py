"""Likes that are counted wrong: double clicks, lost and stale updates, rows that their post leaves behind."""

from typing import Any
from uuid import UUID

import httpx

from dev.diagnose.fault import Evidence
from dev.diagnose.scene import Scene
from lib.cli.words import plural

SESSIONS = 20
# Two clicks at once do not always meet. So often they are tried.
ROUNDS = 10


async def like(browser: httpx.AsyncClient, post_id: UUID, session_id: str) -> None:
    """What the old front end does at a click: look, rate, read the count, write it plus one."""
    mine = {"post_id": f"eq.{post_id}", "session_id": f"eq.{session_id}", "select": "id"}
    if (await browser.get("/post_ratings", params=mine)).json():
        return
    await browser.post("/post_ratings", json={"post_id": str(post_id), "session_id": session_id})
    await write_likes(browser, post_id, await read_likes(browser, post_id) + 1)


async def read_likes(browser: httpx.AsyncClient, post_id: UUID) -> int:
    """Read the stored count."""
    reply = await browser.get("/posts_new", params={"id": f"eq.{post_id}", "select": "likes"})
    return int(reply.json()[0]["likes"])


async def write_likes(browser: httpx.AsyncClient, post_id: UUID, likes: int) -> Any:
    """Write the count that the browser believes in."""
    return await browser.patch("/posts_new", params={"id": f"eq.{post_id}"}, json={"likes": likes})


def double_clicks(scene: Scene) -> Evidence:
    """Each session clicks twice at once: both requests see no rating, and both insert one."""
    query = "select count(*) - count(distinct (post_id, session_id)) from post_ratings"
    doubles = clicks = 0
    for place in range(ROUNDS):
        post_id = scene.post()
        sessions = [f"session-{place}-{number}" for number in range(SESSIONS)]
        scene.at_once([lambda b, s=s, p=post_id: like(b, p, s) for s in sessions for _ in range(2)])  # type: ignore[misc]
        clicks += SESSIONS
        if doubles := scene.value(query):
            break
    return Evidence(
        query + ";", f"{plural(doubles, 'duplicate')} after {clicks} double clicks over the API", doubles > 0
    )


def lost_updates(scene: Scene) -> Evidence:
    """Sessions like one post at once: each reads the same count, and writes it plus one."""
    query = "select likes, (select count(*) from post_ratings where post_id = posts_new.id) as ratings from posts_new"
    row = {"likes": 0, "ratings": 0}
    for place in range(ROUNDS):
        scene.empty()
        post_id = scene.post()
        sessions = [f"session-{place}-{number}" for number in range(SESSIONS)]
        scene.at_once([lambda b, s=s, p=post_id: like(b, p, s) for s in sessions])  # type: ignore[misc]
        row = scene.db.execute(query).fetchone() or row
        if row["likes"] < row["ratings"]:
            break
    return Evidence(query + ";", f"likes {row['likes']}, ratings {row['ratings']}", row["likes"] < row["ratings"])


def stale_writes(scene: Scene) -> Evidence:
    """A page that was opened before 50 others liked the post writes the count that it shows, plus one."""
    post_id = scene.post(likes=50)
    seen_before = 0
    scene.as_browser(lambda browser: write_likes(browser, post_id, seen_before + 1))
    likes = scene.value("select likes from posts_new")
    return Evidence(
        f'PATCH /rest/v1/posts_new?id=eq.{{id}}  {{"likes": {seen_before + 1}}}',
        f"likes was 50 and is {likes}: 49 likes are gone",
        likes == 1,
        "http",
    )


def orphans(scene: Scene) -> Evidence:
    """A post is deleted; what belongs to it stays."""
    post_id = scene.post()
    scene.db.execute("insert into post_ratings (post_id, session_id) values (%s, 'a'), (%s, 'b')", [post_id, post_id])
    scene.db.execute("insert into comments (post_id, body) values (%s, 'nice')", [post_id])
    scene.as_browser(lambda browser: browser.delete("/posts_new", params={"id": f"eq.{post_id}"}))
    ratings = scene.value("select count(*) from post_ratings where post_id not in (select id from posts_new)")
    comments = scene.value("select count(*) from comments where post_id not in (select id from posts_new)")
    return Evidence(
        "select count(*) from post_ratings where post_id not in (select id from posts_new); -- and of comments",
        f"{ratings} ratings and {comments} comment of a post that is gone",
        (ratings, comments) == (2, 1),
    )
