"""GET /api/admin/queue/metrics: what Prometheus reads."""

import re
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.routes.conftest import ROOT
from tests.routes.test_searching import die

type Db = psycopg.Connection[dict[str, Any]]
type Samples = dict[tuple[str, str, str], float]
PREFIX = "suplatzigram_queue_"


@pytest.fixture
def scraper(site: httpx.AsyncClient, env: dict[str, str]) -> httpx.AsyncClient:
    """A client with the admin token."""
    site.headers["authorization"] = f"Bearer {env['ADMIN_API_TOKEN']}"
    return site


async def scrape(scraper: httpx.AsyncClient) -> Samples:
    """Return the samples by name without prefix, job type, and outcome or bound."""
    reply = await scraper.get("/api/admin/queue/metrics")
    assert reply.status_code == 200, reply.text
    return {
        (sample.name.removeprefix(PREFIX), sample.labels.get("job_type", ""), other): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
        for other in [sample.labels.get("outcome", sample.labels.get("le", ""))]
    }


def complete(db: Db, milliseconds: int) -> None:
    """Let an image job complete after so long, due a second before it started."""
    db.execute("insert into background_jobs (job_type) values ('process_image')")
    (job,) = db.execute("select id, claim_token from claim_jobs('w', 1, '{process_image}')").fetchall()
    db.execute(
        "update background_jobs set started_at = clock_timestamp() - make_interval(secs => %s),"
        " scheduled_for = clock_timestamp() - make_interval(secs => %s + 1)",
        [milliseconds / 1000, milliseconds / 1000],
    )
    db.execute("select complete_job(%s, %s)", [job["id"], job["claim_token"]])


async def test_counters_count_from_the_beginning_and_never_fall(scraper: httpx.AsyncClient, db: Db) -> None:
    """Every type and outcome is there from the first scrape on, as rate() needs; pruning takes nothing back."""
    before = await scrape(scraper)
    assert before["jobs_ended_total", "process_image", "completed"] == 0
    assert before["jobs_ended_total", "send_notification", "dead"] == 0
    complete(db, 40)
    dead = [die(db, "no such user") for _ in range(2)]
    db.execute("select discard_jobs(%s::uuid[])", [dead[:1]])
    db.execute("delete from job_history")
    after = await scrape(scraper)
    assert after["jobs_ended_total", "process_image", "completed"] == 1
    assert after["jobs_ended_total", "send_notification", "dead"] == 2
    assert after["attempts_total", "send_notification", "dead"] == 2
    assert all(after[key] >= value for key, value in before.items() if key[0].endswith(("_total", "_bucket", "_count")))


async def test_durations_and_waits_are_histograms_in_seconds(scraper: httpx.AsyncClient, db: Db) -> None:
    """Cumulative, with the sum; of completed jobs, and of all that a worker ended."""
    for milliseconds in (40, 40, 3000):
        complete(db, milliseconds)
    samples = await scrape(scraper)
    kind = "process_image"
    assert samples["job_duration_seconds_bucket", kind, "0.025"] == 0
    assert samples["job_duration_seconds_bucket", kind, "0.25"] == 2
    assert samples["job_duration_seconds_bucket", kind, "5.0"] == 3
    assert samples["job_duration_seconds_bucket", kind, "+Inf"] == samples["job_duration_seconds_count", kind, ""] == 3
    assert 3.08 <= samples["job_duration_seconds_sum", kind, ""] < 4
    assert samples["job_waiting_seconds_bucket", kind, "0.5"] == 0
    assert samples["job_waiting_seconds_bucket", kind, "2.5"] == 3


async def test_gauges_are_the_present_state(scraper: httpx.AsyncClient, db: Db) -> None:
    """What is not known is left out; never is infinite."""
    first = await scrape(scraper)
    assert ("last_run_timestamp_seconds", "", "") not in first
    assert (first["healthy", "", ""], first["forecast_seconds", "", ""]) == (1, 0)
    db.execute("insert into background_jobs (job_type, attempts) values ('process_image', 1), ('process_image', 0)")
    db.execute("select pause_job_type('send_notification')")
    second = await scrape(scraper)
    assert (second["jobs_pending", "process_image", ""], second["jobs_retrying", "process_image", ""]) == (2, 1)
    assert second["type_paused", "send_notification", ""] == 1
    assert second["forecast_seconds", "", ""] == float("inf")


async def test_names_are_as_prometheus_recommends(scraper: httpx.AsyncClient) -> None:
    """One prefix, base units, a help for each; and the document names them all."""
    text = (await scraper.get("/api/admin/queue/metrics")).text
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert names
    assert all(name.startswith(PREFIX) for name in names)
    assert not [name for name in names if re.search(r"_(ms|minutes|hours)$", name)]
    assert re.findall(r"^# HELP \S+ $", text, re.MULTILINE) == []
    documented = re.findall(r"^\| `(suplatzigram_queue_\w+)`", (ROOT / "docs" / "http.md").read_text(), re.MULTILINE)
    given = {name for name in names if not name.endswith("_created")}
    optional = {PREFIX + "last_run_timestamp_seconds", PREFIX + "run_budget_used_ratio", PREFIX + "drifting_posts"}
    assert given | optional == set(documented)
