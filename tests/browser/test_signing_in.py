"""Who gets into the dashboard, what they may do there, and how long."""

import re

from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import Complaints
from tests.browser.site import Site, refresh

SCREENS = ("", "jobs", "types", "schedules", "runs", "likes", "doctor", "journal")
CHANGING = re.compile(
    "^(redrive|discard|cancel|edit|delete|pause (?!live)|resume|run|enable|disable|change|new|audit)", re.IGNORECASE
)


def test_a_token_opens_the_page_and_is_kept_nowhere(site: Site, page: Page, complaints: Complaints) -> None:
    """A wrong one is refused in words. A reload forgets the right one."""
    complaints.expected += ["status of 401"]
    page.goto(site.url())
    page.locator("input[name=token]").fill("a-wrong-token-0123456789")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This token is not accepted.")).to_be_visible()
    site.sign_in(page)
    expect(page.get_by_text("admin token")).to_be_visible()
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert site.tokens["ADMIN_API_TOKEN"] not in kept
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_an_account_opens_the_page(site: Site, page: Page, complaints: Complaints) -> None:
    """A Supabase user whose role is admin. The server signs in, so the page asks no other origin."""
    complaints.expected += ["status of 401"]
    user = site.sign_up("admin")
    page.goto(site.url())
    page.get_by_text("Account").click()
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The email or the password is wrong.")).to_be_visible()
    page.get_by_label("Password").fill(user.password)
    page.keyboard.press("Enter")
    expect(page.get_by_text(user.email)).to_be_visible()
    page.get_by_role("link", name="Schedules").click()
    expect(page.get_by_role("button", name="New schedule")).to_be_visible()


def test_a_user_without_a_role_stays_outside(site: Site, page: Page, complaints: Complaints) -> None:
    """And learns why."""
    complaints.expected += ["status of 403"]
    user = site.sign_up(None)
    page.goto(site.url())
    page.get_by_text("Account").click()
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(user.password)
    page.keyboard.press("Enter")
    expect(page.get_by_text("neither admin nor viewer")).to_be_visible()


def test_a_viewer_sees_every_screen_and_no_button_that_changes(site: Site, page: Page) -> None:
    """The API refuses a viewer too; see tests/routes/test_viewers.py."""
    _, job_id = site.dead_sync()
    site.sign_in(page, variable="VIEWER_API_TOKEN")
    for screen in (*SCREENS, f"jobs/{job_id}"):
        page.evaluate("to => history.pushState(null, '', to)", f"/admin/queue/{screen}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text("Loading")).to_have_count(0)
        assert page.get_by_role("button", name=CHANGING).all_inner_texts() == []
        assert page.get_by_role("checkbox").count() == 0


def test_an_ended_session_says_so_and_goes_on_where_it_was(site: Site, page: Page, complaints: Complaints) -> None:
    """A token that was rotated: the API refuses it from one call to the next."""
    complaints.expected += ["status of 401"]
    site.sign_in(page, "jobs?status=dead")
    page.route("**/api/admin/**", lambda route, request: route.continue_(headers=_with_token(request, "Bearer gone")))
    refresh(page)
    expect(page.get_by_text("The token is no longer accepted.")).to_be_visible()
    page.unroute("**/api/admin/**")
    page.locator("input[name=token]").fill(site.tokens["ADMIN_API_TOKEN"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Dead")).to_be_checked()
    assert page.url.endswith("/jobs?status=dead")


def test_an_expired_access_token_is_renewed_unseen(site: Site, page: Page, complaints: Complaints) -> None:
    """A user's token lives for an hour; whoever works longer notices nothing."""
    complaints.expected += ["status of 401"]
    user = site.sign_up("admin")
    asked: list[Request] = []

    def expire(request: Request) -> dict[str, str]:
        """The first one only: a token that is renewed within the second in which it was made is the same."""
        asked.append(request)
        return _with_token(request, "Bearer expired") if len(asked) == 1 else request.headers

    page.goto(site.url("types"))
    page.get_by_text("Account").click()
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(user.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Process image")).to_be_visible()
    page.route("**/api/admin/queue/stats", lambda route, request: route.continue_(headers=expire(request)))
    with (
        page.expect_response(lambda reply: reply.url.endswith("/stats") and reply.status == 401),
        page.expect_response(lambda reply: reply.url.endswith("/stats") and reply.status == 200),
    ):
        refresh(page)
    expect(page.get_by_text(user.email)).to_be_visible()


def _with_token(request: Request, authorization: str) -> dict[str, str]:
    return {**request.headers, "authorization": authorization}
