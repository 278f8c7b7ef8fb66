"""What operators do with the dashboard, each compared with the rows of the database."""

import re
import time

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import Complaints
from tests.browser.site import Site, refresh


def test_the_numbers_are_those_of_the_database(site: Site, page: Page) -> None:
    """On the overview, by type, and of one job."""
    site.pending(4)
    site.pending(3, "generate_thumbnail", due_in_s=-30)
    for _ in range(2):
        site.dead_sync()
    site.db.execute("update public.background_jobs set attempts = 1 where job_type = 'process_image'")
    site.db.execute("select public.pause_job_type('generate_thumbnail')")
    site.sign_in(page)
    wanted = {
        "Due now": "select count(*) from public.background_jobs where status = 'pending' and scheduled_for <= now()",
        "Retrying": "select count(*) from public.background_jobs where status = 'pending' and attempts > 0",
        "Scheduled": "select count(*) from public.background_jobs where status = 'pending' and scheduled_for > now()",
        "Dead": "select count(*) from public.job_history where status = 'dead'",
    }
    for name, query in wanted.items():
        figure = page.get_by_role("list", name="Jobs by state").get_by_role("link", name=name)
        expect(figure.locator(".figure")).to_have_text(str(site.one(query)))
    expect(page.get_by_text("Paused types hold back 3 due jobs.")).to_be_visible()
    page.get_by_role("link", name="Job types").click()
    row = page.get_by_role("row", name=re.compile("^Process image"))
    assert row.get_by_role("cell").all_inner_texts()[:4] == ["0", "4", "4", "0"]


def test_times_are_in_the_viewers_zone_and_in_utc(site: Site, page: Page) -> None:
    """Berlin is an hour or two ahead."""
    _, job_id = site.dead_sync()
    site.sign_in(page, f"jobs/{job_id}")
    made = page.locator("dl time").first
    utc = site.one("select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from public.job_history")
    local = site.one("select to_char(created_at at time zone 'Europe/Berlin', 'HH24:MI:SS') from public.job_history")
    expect(made).to_have_attribute("title", re.compile(f"^{utc} UTC"))
    expect(made).to_contain_text(local)


def test_a_dead_job_is_redriven_and_completes(site: Site, page: Page) -> None:
    """From its list to its page, from there to the new job, which the next run completes before one's eyes."""
    _, dead_id = site.dead_sync("Storage answered 503")
    site.sign_in(page, "jobs?status=dead")
    page.get_by_role("link", name="Sync like count").click()
    expect(page.get_by_text("Storage answered 503").first).to_be_visible()
    page.get_by_role("button", name="Redrive…").click()
    page.get_by_role("button", name="Redrive 1 job").click()
    expect(page.get_by_text("1 job redriven.")).to_be_visible()
    new_id = site.one("select redriven_as::text from public.job_history where job_id = %s", dead_id)
    expect(page).to_have_url(site.url(f"jobs/{new_id}"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Pending")
    assert [reply.status for reply in site.functions.cron_tick()] == [200]
    expect(page.get_by_role("heading", level=1)).to_contain_text("Completed")
    page.get_by_role("definition").get_by_role("link", name=f"…{dead_id[-8:]}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dead")
    expect(page.get_by_role("definition").get_by_role("link", name=f"…{new_id[-8:]}")).to_be_visible()


def test_ten_thousand_jobs_are_cancelled_with_their_count(site: Site, page: Page) -> None:
    """The count comes first, nothing is changed until it is confirmed, other jobs stay, and it is written down."""
    site.pending(10_000)
    site.pending(7, "generate_thumbnail")
    site.sign_in(page, "jobs?status=pending&jobType=process_image")
    expect(page.get_by_text("100 jobs shown")).to_be_visible()
    page.get_by_label("Choose all shown").check()
    page.get_by_role("button", name="Choose all that match").click()
    page.get_by_role("button", name="Cancel…").click()
    expect(page.get_by_role("heading", name="Cancel 10,000 jobs?")).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("status pending, type process image")
    assert site.one("select count(*) from public.background_jobs") == 10_007
    page.get_by_role("button", name="Cancel 10,000 jobs").click()
    expect(page.get_by_text("10,000 jobs cancelled.")).to_be_visible(timeout=30_000)
    assert site.one("select count(*) from public.job_history where status = 'cancelled'") == 10_000
    assert site.one("select count(*) from public.background_jobs") == 7
    expect(page.get_by_text("No job matches.")).to_be_visible()
    page.get_by_role("link", name="Journal").click()
    expect(page.get_by_role("row", name=re.compile("admin token Cancel 1,000"))).to_have_count(10)


def test_only_the_chosen_jobs_are_changed(site: Site, page: Page, complaints: Complaints) -> None:
    """By the keyboard: the space bar chooses, Escape leaves, and an edit says what it did."""
    complaints.expected += ["status of 422"]
    site.pending(3)
    site.sign_in(page, "jobs")
    boxes = page.get_by_role("checkbox", name=re.compile("^Choose process image"))
    boxes.nth(1).press("Space")
    expect(page.get_by_text("1 job chosen")).to_be_visible()
    edit = page.get_by_role("button", name="Edit…")
    edit.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(edit).to_be_focused()
    edit.press("Enter")
    page.get_by_label("Priority").fill("11")
    expect(page.get_by_role("button", name="Edit 1 job")).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("10")
    page.get_by_label("Priority").fill("9")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 job changed.")).to_be_visible()
    assert site.one("select array_agg(priority order by priority) from public.background_jobs")[-1] == 9
    assert site.one("select count(*) from public.background_jobs where priority = 9") == 1


def test_a_double_click_acts_once(site: Site, page: Page) -> None:
    """Over a slow API, which is when people click again."""
    _, job_id = site.dead_sync()
    site.sign_in(page, f"jobs/{job_id}")
    sent: list[str] = []

    def slowly(route: Route, request: Request) -> None:
        sent.append(request.post_data or "")
        time.sleep(0.3)
        route.continue_()

    page.route("**/api/admin/queue/jobs", slowly)
    page.get_by_role("button", name="Redrive…").click()
    redrive = page.get_by_role("button", name="Redrive 1 job")
    expect(redrive).to_be_enabled()
    redrive.evaluate("button => { button.click(); button.click(); }")
    expect(page.get_by_text("1 job redriven.")).to_be_visible()
    assert len([body for body in sent if '"dryRun"' not in body]) == 1
    assert site.one("select count(*) from public.background_jobs") == 1


def test_a_type_is_paused_and_the_pause_is_undone(site: Site, page: Page) -> None:
    """The toast offers the undo."""
    site.sign_in(page, "types")
    page.get_by_role("button", name="Pause process image").click()
    expect(page.get_by_text("Process image is paused.")).to_be_visible()
    expect(page.get_by_role("button", name="Resume process image")).to_be_visible()
    assert site.one("select array_agg(job_type::text) from queue_private.paused_job_types") == ["process_image"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Pause process image")).to_be_visible()
    assert site.one("select count(*) from queue_private.paused_job_types") == 0


def test_a_schedule_is_mended(site: Site, page: Page, complaints: Complaints) -> None:
    """What the API refuses is said at its field; what it takes shows its next run."""
    complaints.expected += ["status of 422"]
    site.sign_in(page, "schedules")
    page.get_by_role("button", name="Change cleanup-expired").click()
    page.get_by_label("Cron expression").fill("61 3 * * *")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Cron expression")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Cron expression").fill("30 4 * * 1")
    expect(page.get_by_text("At 04:30, only on Monday")).to_be_visible()
    page.get_by_label("Time zone").fill("Europe/Madrid")
    page.get_by_label("Payload").fill('{"older_than_days": "many"}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Payload")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Payload").fill('{"older_than_days": 30}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("cleanup-expired is changed.")).to_be_visible()
    row = site.db.execute("select * from public.job_schedules where name = 'cleanup-expired'").fetchone()
    assert row
    assert (row["cron_expression"], row["timezone"]) == ("30 4 * * 1", "Europe/Madrid")
    assert (row["next_run_at"].astimezone().weekday(), row["next_run_at"].minute) == (0, 30)
    page.get_by_role("button", name="Disable cleanup-expired").click()
    expect(page.get_by_text("cleanup-expired is disabled.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Disable cleanup-expired")).to_be_visible()


def test_the_likes_are_audited_now(site: Site, page: Page) -> None:
    """A count that was set by hand is found, and its sync asked for."""
    site.db.execute("insert into public.posts_new (caption, likes) values ('x', 41)")
    site.sign_in(page, "likes")
    page.get_by_role("button", name="Audit now").click()
    expect(page.get_by_text("The next run of the worker takes it, within a minute.")).to_be_visible()
    site.functions.cron_tick()
    refresh(page)
    expect(page.get_by_text("1 post has a wrong count")).to_be_visible()


def test_a_filter_is_in_the_address(site: Site, page: Page) -> None:
    """So a link shows somebody else the same jobs, after they signed in."""
    _, found = site.dead_sync("a timeout of the image host")
    site.dead_sync("something else")
    site.sign_in(page, "jobs")
    expect(page.get_by_text("2 jobs shown")).to_be_visible()
    page.get_by_label("Error contains").fill("TIMEOUT")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 job shown")).to_be_visible()
    page.get_by_text("Dead", exact=True).first.click()
    address = page.url
    assert address.endswith("jobs?text=TIMEOUT&status=dead")
    site.sign_in(page, address.removeprefix(site.url()))
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("row").last).to_contain_text(found[-8:])


@pytest.mark.parametrize("filter_", ["status=ded", "payload=%7Bnonsense"])
def test_a_filter_that_is_not_understood_shows_no_jobs(site: Site, page: Page, filter_: str) -> None:
    """Without it all jobs would match, and somebody would act on all of them."""
    site.pending(1)
    site.sign_in(page, f"jobs?{filter_}")
    expect(page.get_by_text("This filter is not understood.")).to_be_visible()
    expect(page.get_by_role("table")).to_have_count(0)
