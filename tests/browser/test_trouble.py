"""What the dashboard shows when the API does not answer as it should."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from dev.vercel import Functions
from tests.browser.conftest import Complaints
from tests.browser.site import Site, refresh

OUTAGE = json.dumps({"error": {"code": "unavailable", "message": "Supabase does not answer"}})


def answer_503(route: Route) -> None:
    """Answer as the functions do when Supabase is down."""
    route.fulfill(status=503, content_type="application/json", headers={"retry-after": "5"}, body=OUTAGE)


def after(seconds: float) -> Callable[[Route], None]:
    """Let a request through, late."""

    def late(route: Route) -> None:
        time.sleep(seconds)
        route.continue_()

    return late


def test_an_outage_is_named_and_the_last_numbers_stay(site: Site, page: Page, complaints: Complaints) -> None:
    """With their age. A screen that never loaded offers to try again. All is well again by itself."""
    complaints.expected += ["status of 503"]
    site.pending(4)
    site.sign_in(page)
    scheduled = page.get_by_role("list", name="Jobs by state").get_by_role("link", name="Scheduled")
    expect(scheduled.locator(".figure")).to_have_text("4")
    page.route("**/api/admin/**", answer_503)
    refresh(page)
    banner = page.get_by_role("alert").filter(has_text="Supabase does not answer. (503)")
    expect(banner).to_contain_text("The numbers are from")
    expect(scheduled.locator(".figure")).to_have_text("4")
    page.get_by_role("link", name="Schedules").click()
    expect(page.get_by_text("The schedules could not be loaded.")).to_be_visible()
    page.unroute("**/api/admin/**")
    page.get_by_role("main").get_by_role("button", name="Try again").click()
    expect(page.get_by_text("recompute-rankings")).to_be_visible()
    refresh(page)
    expect(banner).to_have_count(0)


def test_an_action_that_fails_says_so_and_can_be_repeated(site: Site, page: Page, complaints: Complaints) -> None:
    """The dialog stays open with what was wrong."""
    complaints.expected += ["status of 503"]
    _, job_id = site.dead_sync()
    site.sign_in(page, f"jobs/{job_id}")
    page.get_by_role("button", name="Redrive…").click()
    expect(page.get_by_role("button", name="Redrive 1 job")).to_be_enabled()
    page.route("**/api/admin/queue/jobs", answer_503)
    page.get_by_role("button", name="Redrive 1 job").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Supabase does not answer")
    page.unroute("**/api/admin/queue/jobs")
    page.get_by_role("button", name="Redrive 1 job").click()
    expect(page.get_by_text("1 job redriven.")).to_be_visible()


def test_a_slow_api_leaves_the_page_usable(site: Site, page: Page) -> None:
    """Bars where the numbers will be, and the menu works meanwhile."""
    site.sign_in(page, "schedules")
    page.route("**/api/admin/queue/jobs?**", after(1.5))
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_text("Loading the jobs…")).to_be_attached()
    page.get_by_role("link", name="Job types").click()
    expect(page.get_by_role("link", name="Process image")).to_be_visible()
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_text("There are no jobs yet.")).to_be_visible()


def test_being_offline_is_said(site: Site, page: Page, complaints: Complaints) -> None:
    """The device's own connection, which no server can mend."""
    complaints.expected += ["ERR_INTERNET_DISCONNECTED"]
    site.sign_in(page)
    page.context.set_offline(True)
    expect(page.get_by_text("This device is offline.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("This device is offline.")).to_have_count(0)


def test_the_chart_is_drawn_where_the_system_names_no_language(site: Site, chromium: Browser) -> None:
    """Chromium's language is "en-US@posix" there, which Intl refuses. The overview has two charts."""
    with chromium.new_context() as context:
        page = context.new_page()
        site.sign_in(page)
        expect(page.locator(".plot canvas")).to_have_count(2)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((404, ""), "A newer version may have been deployed meanwhile: reload the page."),
        (
            (200, "throw new RangeError('no such luck')"),
            "The page is at fault, not the queue: RangeError: no such luck",
        ),
    ],
)
def test_why_the_chart_is_not_shown_is_said(
    site: Site, page: Page, complaints: Complaints, answer: tuple[int, str], says: str
) -> None:
    """A script that is gone, since a page was open during a deployment, is not a script that fails."""
    complaints.expected += ["status of 404", "RangeError: no such luck", "dynamically imported module"]
    status, script = answer
    page.route(
        "**/assets/chart-*.js",
        lambda route: route.fulfill(status=status, content_type="text/javascript", body=script),
    )
    site.sign_in(page)
    failure = page.get_by_role("alert").filter(has_text="The chart could not be shown.")
    expect(failure.locator("p").last).to_have_text(says)


def test_a_job_that_is_gone_is_said_to_be_gone(site: Site, page: Page) -> None:
    """A link from a chat outlives the history."""
    site.sign_in(page, "jobs/01970000-0000-7000-8000-000000000000")
    expect(page.get_by_text("There is no such job.")).to_be_visible()


def test_the_live_refresh_rests_when_it_is_paused(site: Site, page: Page) -> None:
    """Nothing is asked for then. Resuming shows what happened meanwhile."""
    page.clock.install()  # before the page sets its timers
    site.sign_in(page)
    expect(page.get_by_role("list", name="Jobs by state")).to_be_visible()
    with page.expect_request("**/stats"):
        page.clock.run_for(6_000)
    page.get_by_role("button", name="Pause live refresh").click()
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(60_000)
    assert asked == []
    site.pending(3)
    page.get_by_role("button", name="Pause live refresh").click()
    scheduled = page.get_by_role("list", name="Jobs by state").get_by_role("link", name="Scheduled")
    expect(scheduled.locator(".figure")).to_have_text("3")


def test_hidden_payloads_are_said_to_be_hidden(site: Site, page: Page) -> None:
    """By DASHBOARD_HIDE_PAYLOADS: the page offers no filter by what it may not show."""
    _, job_id = site.dead_sync()
    hiding = site.functions.env | {"DASHBOARD_HIDE_PAYLOADS": "1"}
    with Functions(site.functions.project, hiding) as functions:
        replace(site, functions=functions).sign_in(page, f"jobs/{job_id}")
        expect(page.get_by_text("Payloads are hidden here (DASHBOARD_HIDE_PAYLOADS).")).to_be_visible()
        expect(page.get_by_text("no such luck").first).to_be_visible()
        page.get_by_role("link", name=re.compile("^Jobs")).click()
        expect(page.get_by_label("Error contains")).to_be_visible()
        expect(page.get_by_label("Payload contains")).to_have_count(0)
        page.close()
