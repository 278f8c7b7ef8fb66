"""Every screen: for everybody, on every screen size, and under the page's own security policy."""

import pytest
from playwright.sync_api import Browser, Page, expect

from dev.browser import axe_script
from tests.browser.conftest import Complaints
from tests.browser.site import Site
from tests.browser.test_signing_in import SCREENS

SERIOUS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => html + failureSummary).join("; ")}`);
}"""


@pytest.fixture
def busy(site: Site) -> Site:
    """A queue with something on each screen: it is unhealthy, too."""
    for number in range(12):
        site.dead_sync(f"the image host did not answer within {number} s")
    site.pending(30)
    site.pending(20, "generate_thumbnail", due_in_s=-400)
    site.db.execute("insert into queue_private.paused_job_types (job_type) values ('send_notification')")
    site.db.execute("update public.job_schedules set enabled = false, last_error = 'no' where name = 'cleanup-expired'")
    site.db.execute(
        """insert into public.worker_runs (worker_id, trigger, budget_ms, started_at, finished_at, stop_reason, counts)
        select 'w-1', 'cron', 8000, began, began + interval '2 s', 'budget', '{"completed": 4}'
        from (select now() - make_interval(mins => n) as began from generate_series(10, 50) as n) as run"""
    )
    site.db.execute("select public.pause_job_type('process_image')")
    return site


def go(page: Page, screen: str) -> None:
    """Show a screen without signing in anew, and wait until it is there."""
    page.evaluate("to => history.pushState(null, '', to)", f"/admin/queue/{screen}")
    expect(page.locator("nav a[aria-current]")).to_have_count(1)
    expect(page.get_by_text("Loading")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_shuts_anybody_out(busy: Site, page: Page, complaints: Complaints, scheme: str) -> None:
    """axe-core finds no serious violation: contrast, names, roles, the order of headings and more."""
    complaints.expected += ["status of 503"]  # what health says of this queue
    axe = axe_script().read_text()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.goto(busy.url())
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.evaluate(axe)
    found = {"sign-in": page.evaluate(SERIOUS)}
    busy.sign_in(page)
    page.evaluate(axe)
    job_id = busy.one("select job_id::text from public.job_history limit 1")
    for screen in (*SCREENS, f"jobs/{job_id}"):
        go(page, screen)
        found[screen] = page.evaluate(SERIOUS)
    page.get_by_role("button", name="Redrive…").click()
    expect(page.get_by_role("heading", name="Redrive 1 job?")).to_be_visible()
    found["dialog"] = page.evaluate(SERIOUS)
    problems = [f"{screen}: {problem}" for screen, of_screen in found.items() for problem in of_screen]
    assert problems == [], "\n".join(problems)


def test_nothing_comes_from_elsewhere_and_the_policy_holds(busy: Site, page: Page, complaints: Complaints) -> None:
    """The page fixture fails this test for what the policy refuses. Charts set styles by script, which it allows."""
    complaints.expected += ["status of 503"]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    reply = page.goto(busy.url())
    assert reply is not None
    assert "default-src 'self'" in reply.headers["content-security-policy"]
    assert "unsafe" not in reply.headers["content-security-policy"]
    busy.sign_in(page)
    for screen in SCREENS:
        go(page, screen)
    expect(page.get_by_role("heading", name="Journal")).to_be_visible()
    assert [url for url in asked if not url.startswith(busy.functions.url)] == []
    scripts = [url for url in asked if url.endswith(".js")]
    assert scripts
    assert page.request.get(scripts[0]).headers["cache-control"].endswith("immutable")


def test_an_injected_script_does_not_run(site: Site, page: Page, complaints: Complaints) -> None:
    """This is what the policy is for; it also shows that the tests see a refusal."""
    complaints.expected += ["Content Security Policy", "violates the following"]
    page.goto(site.url())
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = true'}))")
    assert page.evaluate("window.ran") is None
    assert complaints.seen != []


def test_a_phone_shows_every_screen_without_moving_sideways(busy: Site, page: Page, complaints: Complaints) -> None:
    """390 pixels wide. What is wider scrolls by itself."""
    complaints.expected += ["status of 503"]
    page.set_viewport_size({"width": 390, "height": 844})
    busy.sign_in(page)
    for screen in SCREENS:
        go(page, screen)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, screen


def test_the_keyboard_is_enough(busy: Site, page: Page, complaints: Complaints) -> None:
    """From the sign-in past the menu to a job, and the screen's heading takes the focus when the screen changes."""
    complaints.expected += ["status of 503"]
    page.goto(busy.url())
    expect(page.locator("input[name=token]")).to_be_focused()
    page.keyboard.type(busy.tokens["ADMIN_API_TOKEN"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.get_by_role("navigation", name="Screens").get_by_role("link", name="Jobs").press("Enter")
    expect(page.get_by_role("heading", name="Jobs")).to_be_focused()


def test_colours_are_the_systems_until_one_chooses(site: Site, chromium: Browser) -> None:
    """And the choice outlives a reload."""
    with chromium.new_context(color_scheme="dark", locale="en-GB") as context:
        page = context.new_page()
        page.goto(site.url())
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(ground)
        page.get_by_role("button", name="Light colours").click()
        assert page.evaluate(ground) != dark
        page.reload()
        expect(page.get_by_role("button", name="Dark colours")).to_be_visible()
        assert page.evaluate(ground) != dark
