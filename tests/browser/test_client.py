"""The client's hooks in a real browser, against the functions: clicks, tabs, losses, reloads, live counts, new images.

The page is clients/typescript/tests/page.tsx, in React's strict mode.
"""

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from dev import typescript
from dev.vercel import Functions
from tests.access.world import sign_up
from tests.browser.conftest import Complaints
from tests.browser.realtime_server import Realtime, realtime

ROOT = Path(__file__).resolve().parents[2]
HTML = b"<!doctype html><title>Test</title><div id=root></div><script type=module src=/page.mjs></script>"

type Db = psycopg.Connection[dict[str, Any]]
type Serve = Callable[..., Functions]


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """The origin of the pages, which is not the functions': a server of two files."""
    with typescript.workspace() as folder:
        [script] = typescript.bundle(folder, "tests/page.tsx", platform="browser")
        files = {"/page.html": ("text/html", HTML), "/page.mjs": ("text/javascript", script.read_bytes())}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, content = files.get(self.path.partition("?")[0], ("text/plain", b""))
            self.send_response(200)
            self.send_header("content-type", f"{kind}; charset=utf-8")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class App:
    """The functions, a page that calls them, and what it asked them."""

    def __init__(self, functions: Functions, db: Db, pages: str) -> None:
        self.functions, self.db, self._pages = functions, db, pages
        self.changes: list[Any] = []
        self.reads: list[str] = []

    def add_post(self, others: int = 0) -> str:
        """Add a post that so many others like."""
        row = self.db.execute("insert into public.posts_new (likes) values (%s) returning id", (others,)).fetchone()
        assert row
        self.db.execute(
            "insert into public.post_ratings (post_id, session_id) "
            "select %s, 'somebody-else-' || n from generate_series(1, %s) as n",
            (row["id"], others),
        )
        self.count()
        return str(row["id"])

    def ratings(self, post_id: str) -> int:
        """Return how many like a post."""
        row = self.db.execute("select count(*) from public.post_ratings where post_id = %s", (post_id,)).fetchone()
        assert row
        return int(row["count"])

    def count(self) -> None:
        """Let the worker count what was rated."""
        self.db.execute("update public.background_jobs set scheduled_for = now() where job_type = 'sync_like_count'")
        [reply] = self.functions.cron_tick()
        assert reply.status == 200

    def open(self, page: Page, *posts: str, kind: str = "likes", **more: str) -> None:
        """Show these posts."""
        page.on("request", self._note)
        query = [("kind", kind), ("functions", self.functions.url), *(("post", post) for post in posts), *more.items()]
        page.goto(f"{self._pages}/page.html?{urlencode(query)}")

    def _note(self, request: Request) -> None:
        if "/api/ratings" in request.url:
            if request.method == "PUT":
                self.changes.append(json.loads(request.post_data or "null"))
            elif request.method == "GET":
                self.reads.append(request.url)


@pytest.fixture
def app(page: Page, functions: Serve, db: Db, pages: str) -> Iterator[App]:
    """The functions of the test's database, which let the pages in."""
    db.execute("update public.job_schedules set enabled = false")
    yield App(functions({"ALLOWED_ORIGINS": pages}), db, pages)
    page.goto("about:blank")  # or it would complain of servers that stop before it


def shows(page: Page, post: str, liked: bool, likes: int | str, *, pending: bool | None = False) -> None:
    """Wait until the button of a post is so; pending None: whether it is confirmed does not matter."""
    button = page.locator(f"#p{post}")
    expect(button).to_have_text(str(likes))
    expect(button).to_have_attribute("aria-pressed", str(liked).lower())
    if pending is not None:
        expect(button).to_have_attribute("data-pending", str(pending).lower())


class Held:
    """Requests that are kept back until they are let go; later ones then pass."""

    def __init__(self, page: Page, url: re.Pattern[str]) -> None:
        self.routes: list[Route] = []
        self._is_open = False
        page.context.route(url, self._keep)

    def _keep(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self.routes.append(route)

    def wait_for_one(self, page: Page) -> Route:
        """Return the first."""
        while not self.routes:
            page.wait_for_timeout(20)
        return self.routes[0]

    def let_go(self) -> None:
        """Send all on their way."""
        self._is_open = True
        for route in self.routes:
            route.continue_()


@contextmanager
def never_impossible(page: Page, post: str) -> Iterator[None]:
    """Watch each state that the button is drawn in: liked means at least one, and no number is negative."""
    watch = """
        const button = document.querySelector(`#p${POST}`);
        window.seen = [];
        const note = () => window.seen.push(`${button.ariaPressed} ${button.textContent}`);
        note();
        new MutationObserver(note).observe(button, { attributes: true, characterData: true, subtree: true });
    """.replace("${POST}", post)
    page.evaluate(watch)
    yield
    seen = page.evaluate("window.seen")
    assert seen
    assert [state for state in seen if state == "true 0" or "-" in state] == []


def test_rapid_clicks_end_as_the_last_one_wants(page: Page, app: App) -> None:
    """A button that is hammered sends a wish or two, and page, server and database agree."""
    post = app.add_post(others=3)
    app.open(page, post, kind="one")
    shows(page, post, False, 3)
    with never_impossible(page, post):
        for _ in range(15):
            page.click(f"#p{post}")
        shows(page, post, True, 4, pending=None)
        shows(page, post, True, 4)
    assert len(app.changes) <= 2
    assert app.changes[-1] == {"postId": post, "liked": True}
    assert app.ratings(post) == 4
    assert not any("session" in read.lower() for read in app.reads)


def test_a_click_while_another_one_is_under_way_is_sent_after_it(page: Page, app: App) -> None:
    """One request at a time, and the last wish wins, however slow the network is."""
    post = app.add_post()
    app.open(page, post)
    shows(page, post, False, 0)
    held = Held(page, re.compile("/api/ratings$"))
    page.click(f"#p{post}")
    held.wait_for_one(page)
    page.click(f"#p{post}")
    page.click(f"#p{post}")
    page.click(f"#p{post}")
    page.wait_for_timeout(400)
    assert len(held.routes) == 1
    held.let_go()
    shows(page, post, False, 0)
    assert [change["liked"] for change in app.changes] == [True, False]
    assert app.ratings(post) == 0


def test_two_tabs_show_the_same(page: Page, app: App) -> None:
    """They share a session, so a like in one is a like in the other."""
    post = app.add_post(others=1)
    other = page.context.new_page()
    for tab in (page, other):
        app.open(tab, post)
        shows(tab, post, False, 1)
    page.click(f"#p{post}")
    shows(other, post, True, 2)
    other.click(f"#p{post}")
    shows(page, post, False, 1)
    assert app.ratings(post) == 1


def test_a_like_without_a_network_is_sent_when_it_is_back(page: Page, app: App, complaints: Complaints) -> None:
    """Meanwhile it is shown, and nothing is tried; also when it went while a call was under way."""
    complaints.expected.append("ERR_INTERNET_DISCONNECTED")
    post = app.add_post()
    app.open(page, post)
    shows(page, post, False, 0)
    page.context.set_offline(True)
    page.click(f"#p{post}")
    page.wait_for_timeout(600)
    shows(page, post, True, 1, pending=True)
    assert (app.changes, app.ratings(post)) == ([], 0)
    page.context.set_offline(False)
    shows(page, post, True, 1)
    assert app.ratings(post) == 1


def test_a_like_survives_a_reload_without_a_network(page: Page, app: App, complaints: Complaints) -> None:
    """The next page sends what the last one could not."""
    complaints.expected.append("ERR_INTERNET_DISCONNECTED")
    post = app.add_post()
    app.open(page, post)
    shows(page, post, False, 0)
    page.context.set_offline(True)
    page.click(f"#p{post}")
    shows(page, post, True, 1, pending=True)
    page.context.route(re.compile("/api/ratings"), lambda route: route.abort("internetdisconnected"))
    page.context.set_offline(False)  # for the page, not for its likes
    page.reload()
    shows(page, post, True, "?", pending=True)
    page.context.unroute(re.compile("/api/ratings"))
    shows(page, post, True, 1)
    assert app.ratings(post) == 1


def test_like_reload_unlike_reload(page: Page, app: App) -> None:
    """A reload right after the click loses nothing, and at no moment is a number impossible."""
    post = app.add_post(others=0)
    app.open(page, post)
    shows(page, post, False, 0)
    for liked in (True, False, True):
        page.click(f"#p{post}")
        page.reload()
        page.wait_for_selector(f"#p{post}")
        with never_impossible(page, post):
            shows(page, post, liked, int(liked))
        assert app.ratings(post) == int(liked)
    app.count()
    page.reload()
    shows(page, post, True, 1)


def test_who_liked_in_the_old_app_still_likes(page: Page, app: App, project: dict[str, str]) -> None:
    """By the id that the old app keeps in the browser; being signed in, which a new post needs, changes nothing."""
    post, visitor = app.add_post(others=1), str(uuid.uuid4())
    app.db.execute("insert into public.post_ratings (post_id, session_id) values (%s, %s)", (post, visitor))
    page.add_init_script(f"if (location.host) localStorage.setItem('session_id', '{visitor}')")
    user_id, token = sign_up(project, "visitor")
    image = f"{project['SUPABASE_URL']}/storage/v1/object/public/posts/a.png"
    app.open(page, post, sessionKey="session_id", token=token, image=image)
    shows(page, post, True, 2)
    page.click(f"#p{post}")
    shows(page, post, False, 1)
    assert app.ratings(post) == 1
    page.click(f"#p{post}")
    shows(page, post, True, 2)
    sessions = app.db.execute("select session_id from public.post_ratings where post_id = %s", (post,)).fetchall()
    assert sorted(row["session_id"] for row in sessions) == sorted([visitor, "somebody-else-1"])

    page.click("#publish")
    expect(page.locator("figure")).to_have_attribute("data-status", "waiting")
    row = app.db.execute("select image_url from public.posts_new where user_id = %s", (user_id,)).fetchone()
    assert row == {"image_url": image}


@pytest.mark.parametrize("kind", ["likes", "one"])
def test_a_page_of_a_hundred_posts_is_one_call(page: Page, app: App, kind: str) -> None:
    """With useLikes, and with a hundred useLike."""
    posts = [app.add_post() for _ in range(2)]
    posts += [str(uuid.uuid4()) for _ in range(98)]  # gone meanwhile
    app.open(page, *posts, kind=kind)
    shows(page, posts[1], False, 0)
    shows(page, posts[99], False, "?")
    assert [read.count("postId=") for read in app.reads] == [100]


def test_the_image_of_a_new_post_is_waited_for(page: Page, app: App) -> None:
    """First nothing, then the blurhash while the browser fetches it, then the image."""
    post = app.add_post()
    held = Held(page, re.compile("^https://images.test/"))
    app.open(page, post, kind="image")
    figure = page.locator("figure")
    expect(figure).to_have_attribute("data-status", "waiting")
    app.db.execute(
        """insert into public.post_images (post_id, source_url, width, height, blurhash, webp_url, jpeg_url)
        values (%s, 'new', 3, 4, 'LEHV6nWB2yk8pyo0adR*.7kCMdnj', 'https://images.test/a.webp', 'https://images.test/a.jpg')""",
        (post,),
    )
    expect(figure).to_have_attribute("data-status", "loading")
    expect(figure).to_have_attribute("data-placeholder", "data:image/bmp;")
    held.wait_for_one(page).fulfill(
        body="<svg xmlns='http://www.w3.org/2000/svg' width='3' height='4'/>", content_type="image/svg+xml"
    )
    expect(figure).to_have_attribute("data-status", "ready")


# -- live counts


@pytest.fixture
def live(page: Page, app: App, connect: Any, project: dict[str, str]) -> Iterator[Realtime]:
    """The option, and a Realtime for it."""
    connect("admin").execute((ROOT / "tests/likes/realtime.sql").read_bytes())
    app.db.execute((ROOT / "supabase/optional/live_counts.sql").read_bytes())
    with realtime(project["DATABASE_ADMIN_URL"]) as service:
        yield service
        page.goto("about:blank")


def rate(app: App, post: str, sessions: int) -> None:
    """Others like a post, and it is counted."""
    app.db.execute(
        "insert into public.post_ratings (post_id, session_id) "
        "select %s, gen_random_uuid() from generate_series(1, %s)",
        (post, sessions),
    )
    app.count()


def test_others_likes_are_heard_as_they_are_counted(page: Page, app: App, live: Realtime) -> None:
    """By a page that is left alone: no call is made for them. One that goes leaves the channel."""
    post = app.add_post(others=1)
    app.open(page, post, kind="live", realtime=live.url)
    shows(page, post, False, 1)
    while not live.topics:
        page.wait_for_timeout(20)
    page.wait_for_timeout(200)
    reads = len(app.reads)
    rate(app, post, 3)
    shows(page, post, False, 4)
    assert (live.topics, len(app.reads)) == ([f"realtime:post:{post}:likes"], reads)
    page.click("#leave")
    while live.topics:
        page.wait_for_timeout(20)
    assert live.left == [f"realtime:post:{post}:likes"]


def test_what_a_lost_channel_missed_is_read(page: Page, app: App, live: Realtime, complaints: Complaints) -> None:
    """The socket is cut, likes go on: the page shows them all the same, and hears the next when it is back."""
    complaints.expected.append("WebSocket")
    post = app.add_post(others=1)
    app.open(page, post, kind="live", realtime=live.url)
    shows(page, post, False, 1)
    while not live.topics:
        page.wait_for_timeout(20)
    live.go_down()
    rate(app, post, 2)
    shows(page, post, False, 3)
    live.is_down = False
    while not live.topics:
        page.wait_for_timeout(20)
    app.db.execute("update queue_private.told_likes set told_at = told_at - interval '1 second'")
    rate(app, post, 1)
    shows(page, post, False, 4)


def test_own_clicks_and_others_do_not_disturb_each_other(page: Page, app: App, live: Realtime) -> None:
    """A count that was made before an own click is not believed after it."""
    post = app.add_post(others=2)
    context: BrowserContext = page.context
    app.open(page, post, kind="live", realtime=live.url)
    shows(page, post, False, 2)
    while not live.topics:
        page.wait_for_timeout(20)
    with never_impossible(page, post):
        rate(app, post, 1)
        page.click(f"#p{post}")
        shows(page, post, True, 4)
        app.db.execute("update queue_private.told_likes set told_at = told_at - interval '1 second'")
        app.count()
        shows(page, post, True, 4)
    assert len(context.pages) == 1
    assert app.ratings(post) == 4
