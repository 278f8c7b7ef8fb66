"""Doors that stand open, and one that is shut to everybody."""

import os
from unittest.mock import patch

import httpx

from dev.diagnose.fault import Evidence
from dev.diagnose.old_app.route import checked_when_set, compared_with_whatever_is_there, served
from dev.diagnose.scene import Scene


def tutorial_policies(scene: Scene) -> Evidence:
    """A visitor who is not signed in sets a count, and deletes another's post."""
    first, second = scene.post(), scene.post()
    scene.as_browser(lambda b: b.patch("/posts_new", params={"id": f"eq.{first}"}, json={"likes": 1_000_000}))
    scene.as_browser(lambda b: b.delete("/posts_new", params={"id": f"eq.{second}"}))
    likes, posts = scene.value("select max(likes) from posts_new"), scene.value("select count(*) from posts_new")
    return Evidence(
        'PATCH  /rest/v1/posts_new?id=eq.{a}  {"likes": 1000000}   (anon key)\n'
        "DELETE /rest/v1/posts_new?id=eq.{b}                       (anon key)",
        f"the first post has {likes:,} likes; {posts} of 2 posts is left",
        (likes, posts) == (1_000_000, 1),
        "http",
    )


def public_session_ids(scene: Scene) -> Evidence:
    """A visitor reads another's session id, and takes that one's like back with it."""
    post_id = scene.post()
    scene.db.execute("insert into post_ratings (post_id, session_id) values (%s, 'the-session-of-ann')", [post_id])
    (row,) = scene.as_browser(lambda b: b.get("/post_ratings", params={"select": "session_id"})).json()
    scene.as_browser(lambda b: b.delete("/post_ratings", params={"session_id": f"eq.{row['session_id']}"}))
    left = scene.value("select count(*) from post_ratings")
    return Evidence(
        "GET    /rest/v1/post_ratings?select=session_id       (anon key)\n"
        "DELETE /rest/v1/post_ratings?session_id=eq.{what was read}   (anon key)",
        f"read {row['session_id']!r}; {left} of 1 rating is left",
        left == 0,
        "http",
    )


def trigger_without_rights(scene: Scene) -> Evidence:
    """With the trigger on, a visitor likes a post."""
    post_id = scene.post()
    with scene.the_trigger():
        rating = {"post_id": str(post_id), "session_id": "a"}
        reply = scene.as_browser(lambda browser: browser.post("/post_ratings", json=rating))
    ratings = scene.value("select count(*) from post_ratings")
    return Evidence(
        'POST /rest/v1/post_ratings  {"post_id": "{id}", "session_id": "a"}   (anon key)',
        f"{reply.status_code} {reply.json()['code']} {reply.json()['message']}; {ratings} ratings are stored",
        (reply.json()["code"], ratings) == ("42501", 0),
        "http",
    )


def open_functions(scene: Scene) -> Evidence:
    """A visitor takes the next job and says that it is done."""
    job_id = scene.job("process_image")
    claimed = scene.as_browser(lambda browser: browser.post("/rpc/claim_jobs", json={"max_jobs": 1}))
    scene.as_browser(lambda browser: browser.post("/rpc/complete_job", json={"job_id": str(job_id)}))
    status = scene.value("select status from background_jobs")
    return Evidence(
        'POST /rest/v1/rpc/claim_jobs    {"max_jobs": 1}       (anon key)\n'
        'POST /rest/v1/rpc/complete_job  {"job_id": "{id}"}    (anon key)',
        f"claim_jobs answers {claimed.status_code} with the job and its payload; the job is now {status!r}",
        status == "completed",
        "http",
    )


def missing_secret(_: Scene) -> Evidence:
    """The worker's route is deployed without CRON_SECRET."""
    without = {name: value for name, value in os.environ.items() if name != "CRON_SECRET"}
    with patch.dict(os.environ, without, clear=True):
        with served(checked_when_set) as url:
            bare = httpx.get(url).status_code
        with served(compared_with_whatever_is_there) as url:
            guessed = httpx.get(url, headers={"Authorization": "Bearer None"}).status_code
    return Evidence(
        'return not secret or authorization == f"Bearer {secret}"         # one author\n'
        "return authorization == f\"Bearer {os.environ.get('CRON_SECRET')}\"  # another",
        f"without the variable: {bare} for a request without a header; {guessed} for 'Bearer None'",
        (bare, guessed) == (200, 200),
        "python",
    )
