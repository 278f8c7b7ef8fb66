"""Whoever has only the address and the token finds and mends what goes wrong, in as many clicks as the guide says."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Complaints
from tests.browser.site import Site
from tests.stack.watching import wait_until

GUIDE = (Path(__file__).resolve().parents[2] / "docs/dashboard.md").read_text()


class Hand:
    """Clicks, and counts them. What is typed does not count."""

    def __init__(self, site: Site, page: Page) -> None:
        self.site, self.page, self.clicks = site, page, 0

    def click(self, what: Locator) -> None:
        """Click once."""
        what.click()
        self.clicks += 1

    def button(self, name: str) -> None:
        """Click a button."""
        self.click(self.page.get_by_role("button", name=name))

    def link(self, name: str) -> None:
        """Click a link."""
        self.click(self.page.get_by_role("link", name=name, exact=True))


def the_cron_stopped(site: Site) -> Callable[[Hand], None]:
    """Jobs are due and nobody comes."""
    site.pending(2, due_in_s=-400)
    site.db.execute(
        """insert into public.worker_runs (worker_id, trigger, budget_ms, started_at, finished_at, stop_reason)
        values ('w', 'cron', 8000, now() - interval '20 min', now() - interval '20 min', 'empty')"""
    )

    def mend(hand: Hand) -> None:
        hand.link("Runs, and how to start the cron again")
        expect(hand.page.get_by_text("Vercel, Settings, Cron Jobs: enabled")).to_be_visible()
        hand.button("Start a run now")
        expect(hand.page.get_by_text("A run was started.")).to_be_visible()
        wait_until(lambda: site.one("select count(*) from public.background_jobs") == 0)

    return mend


def a_job_kills_its_worker(site: Site) -> Callable[[Hand], None]:
    """It died after it took its workers down."""
    site.dead_sync("the lease expired: the worker was lost, at the last attempt")

    def mend(hand: Hand) -> None:
        hand.click(hand.page.get_by_role("list", name="Jobs by state").get_by_role("link", name="Dead"))
        hand.link("Sync like count")
        expect(hand.page.get_by_text("the worker was lost").first).to_be_visible()
        hand.button("Discard…")
        hand.button("Discard 1 job")
        expect(hand.page.get_by_text("1 job discarded.")).to_be_visible()
        assert site.one("select status::text from public.job_history") == "discarded"

    return mend


def a_type_always_fails(site: Site) -> Callable[[Hand], None]:
    """Its cause is mended; what died is to run again."""
    for _ in range(12):
        site.dead_sync("Storage answered 503")

    def mend(hand: Hand) -> None:
        hand.button("Redrive all dead jobs")
        hand.button("Redrive 12 jobs")
        expect(hand.page.get_by_text("12 jobs redriven.")).to_be_visible()
        site.functions.cron_tick()
        assert site.one("select count(*) from public.job_history where status = 'completed'") == 12

    return mend


def a_type_is_paused_and_forgotten(site: Site) -> Callable[[Hand], None]:
    """For an hour, with jobs that are due for an hour."""
    site.pending(3, "generate_thumbnail", due_in_s=-3_700)
    site.db.execute(
        "insert into queue_private.paused_job_types values ('generate_thumbnail', now() - interval '2 hours')"
    )

    def mend(hand: Hand) -> None:
        hand.button("Resume generate thumbnail")
        expect(hand.page.get_by_text("Generate thumbnail runs again.")).to_be_visible()
        assert site.one("select count(*) from queue_private.paused_job_types") == 0

    return mend


def a_schedule_is_wrong(site: Site) -> Callable[[Hand], None]:
    """The worker could not plan it."""
    site.db.execute("update public.job_schedules set cron_expression = '17 3 * * 8' where name = 'cleanup-expired'")
    site.functions.cron_tick()

    def mend(hand: Hand) -> None:
        hand.link("Mend the schedule")
        hand.button("Change cleanup-expired")
        hand.page.get_by_label("Cron expression").fill("17 3 * * *")
        hand.button("Save")
        expect(hand.page.get_by_text("cleanup-expired is changed.")).to_be_visible()
        expect(hand.page.get_by_text("It cannot be planned")).to_have_count(0)

    return mend


def likes_drift(site: Site) -> Callable[[Hand], None]:
    """A dead sync left a wrong count."""
    site.db.execute("insert into public.posts_new (caption, likes) values ('x', 41)")

    def mend(hand: Hand) -> None:
        hand.link("Likes")
        hand.button("Audit now")
        expect(hand.page.get_by_text("wait for", exact=False).or_(hand.page.get_by_text("Pending"))).to_be_visible()
        for _ in range(2):
            site.functions.cron_tick()
            site.db.execute("update public.background_jobs set scheduled_for = now()")
        assert site.one("select likes from public.posts_new") == 0

    return mend


@pytest.mark.parametrize(
    ("trouble", "row"),
    [
        (the_cron_stopped, "the cron stopped"),
        (a_job_kills_its_worker, "a job kills its worker"),
        (a_type_always_fails, "a type always fails"),
        (a_type_is_paused_and_forgotten, "a type is paused and forgotten"),
        (a_schedule_is_wrong, "a schedule is wrong"),
        (likes_drift, "likes drift"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_is_found_and_mended(
    site: Site, page: Page, complaints: Complaints, trouble: Callable[[Site], Callable[[Hand], None]], row: str
) -> None:
    """docs/dashboard.md has the table. The sign-in is not counted."""
    complaints.expected += ["status of 503"]  # what health says of an unhealthy queue
    mend = trouble(site)
    site.sign_in(page)
    hand, started = Hand(site, page), time.monotonic()
    mend(hand)
    print(f"{row}: {hand.clicks} clicks, {time.monotonic() - started:.1f} s")
    said = re.search(rf"^\| {row} \|.*\| (\d+) \|$", GUIDE, re.MULTILINE)
    assert said
    assert hand.clicks == int(said[1])
