"""The worker is woken from the database: a like is counted at once, and docs/deploy.md works as printed."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest

from dev import waking
from dev.paths import PROJECT
from dev.supabase.background import Background
from dev.vercel import Functions
from tests.stack.rows import Db, count, value
from tests.stack.watching import wait_until

Serve = Callable[..., Functions]
PAGE = (PROJECT / "docs/deploy.md").read_text()
OURS = "cron.job where jobname like 'suplatzigram-%%'"
WAKES = "public.worker_runs"


def recipe() -> dict[str, str]:
    """The section's blocks of SQL, by the first words of what stands before each."""
    (section,) = re.findall(r"^## No waiting for the minute\n(.*)", PAGE, re.DOTALL | re.MULTILINE)
    return dict(re.findall(r"^\d\. \*\*(\w+)\.\*\*(?:(?!^\d\.).)*?```sql\n(.*?)```", section, re.DOTALL | re.MULTILINE))


@pytest.fixture
def served(functions: Serve, db: Db) -> Functions:
    """The functions; schedules are off, for their slots would be work now and then."""
    db.execute("update public.job_schedules set enabled = false")
    served = functions()
    served.warm()
    return served


def wake(project: dict[str, str], served: Functions) -> None:
    """Apply the option as `make dev` does."""
    assert waking.start(project["DATABASE_URL"], PROJECT, served.url, served.env["CRON_SECRET"])


def like(served: Functions, post_id: object, session: str = "the-session-of-the-test") -> None:
    """Click."""
    body = {"postId": str(post_id), "sessionId": session}
    httpx.post(f"{served.url}/api/ratings", json=body, timeout=20).raise_for_status()


def test_a_like_is_counted_within_five_seconds_of_the_click(
    background: Background, db: Db, project: dict[str, str], served: Functions
) -> None:
    """Without any tick of Vercel's: three clicks, at different moments between two checks."""
    wake(project, served)
    post = value(db, "insert into public.posts_new (caption) values ('new') returning id")
    took = []
    for number in range(1, 4):
        like(served, post, f"the-session-of-the-test-{number}")
        took.append(wait_until(partial(count, db, f"public.posts_new where likes = {number}")))
    assert max(took) < 5, took
    assert {row["trigger"] for row in db.execute("select trigger from public.worker_runs")} == {"cron"}


def test_an_empty_queue_causes_no_call(
    background: Background, db: Db, project: dict[str, str], served: Functions
) -> None:
    """Check after check: three of them find nothing, and nobody was called."""
    wake(project, served)
    db.execute("select cron.unschedule('suplatzigram-minute')")
    checks = "cron.job_run_details where status = 'succeeded' and command = 'select queue_private.wake_worker()'"
    wait_until(lambda: count(db, checks) >= 3)
    assert count(db, WAKES) == count(db, "net._http_response") == count(db, "net.http_request_queue") == 0


def test_no_second_run_starts_while_one_is_under_way(
    background: Background, db: Db, project: dict[str, str], served: Functions
) -> None:
    """Jobs are due all the time, and the checks go on."""
    db.execute("insert into public.worker_runs (worker_id, trigger, budget_ms) values ('w', 'cron', 600000)")
    db.execute("insert into public.background_jobs (job_type) values ('recompute_rankings')")
    wake(project, served)
    checks = "cron.job_run_details where status = 'succeeded'"
    wait_until(lambda: count(db, checks) >= 3)
    assert (count(db, WAKES), count(db, "public.background_jobs")) == (1, 1)
    db.execute("update public.worker_runs set finished_at = now(), stop_reason = 'empty'")
    wait_until(lambda: count(db, "public.job_history where status = 'completed'") == 1)
    assert count(db, WAKES) == 2


def test_the_documented_recipe_works_as_printed(background: Background, db: Db, served: Functions) -> None:
    """Stored, applied, seen, sped down, changed and removed; nothing of it is left then."""
    steps = recipe()
    assert set(steps) == {"Store", "Look", "Change", "Remove"}

    def run(step: str) -> list[dict[str, Any]]:
        text = steps[step].replace("https://<your app>", served.url)
        text = text.replace("<CRON_SECRET>", served.env["CRON_SECRET"]).replace("<the new one>", "changed-secret")
        cursor: psycopg.Cursor[dict[str, Any]] = db.execute(text.encode())
        rows = []
        while True:
            rows += cursor.fetchall() if cursor.description else []
            if not cursor.nextset():
                return rows

    run("Store")
    db.execute((PROJECT / waking.OPTION).read_bytes())
    assert "`supabase/optional/wake_worker.sql`" in PAGE
    db.execute("insert into public.background_jobs (job_type) values ('recompute_rankings')")
    wait_until(lambda: count(db, "net._http_response where status_code = 200") >= 1)
    seen = run("Look")
    assert {"wake_worker": "nothing is due"} in seen
    assert 200 in [row.get("status_code") for row in seen]
    run("Change")
    assert value(db, "select schedule from cron.job where jobname = 'suplatzigram-wake'") == "10 seconds"
    secrets = db.execute("select decrypted_secret from vault.decrypted_secrets where name = 'cron_secret'").fetchall()
    assert secrets == [{"decrypted_secret": "changed-secret"}]
    run("Remove")
    assert count(db, OURS.replace("%%", "%")) == count(db, "vault.secrets") == 0
    left = "pg_proc where proname in ('wake_worker', 'call_worker', 'work_came')"
    assert count(db, left) == count(db, "pg_class where relname = 'worker_wakes'") == 0
